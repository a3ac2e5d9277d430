#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What `make BOARD=...` makes: every board with every layout, releases that repeat
# byte for byte, frozen modules, and the mistakes it refuses.

load ../support/common

setup() {
    tree
    why=$(lacks compiler micropython)
    [ -z "$why" ] || skip "$why"
    cd "$root" || return 1
    tmp=$BATS_TEST_TMPDIR
}

quiet_make() {
    make --no-print-directory "$@" >"$tmp/log" 2>&1 ||
        { tail -n 20 "$tmp/log" >&2; return 1; }
}

# The application differs from board to board in two strings: one is compiled,
# the others are checked as far as their tables, bootloaders and slots go.
@test "every board has a bootloader for every layout, and slots that fit" {
    quiet_make BOARD=GPY
    bytes=$(wc -c <build/GPY/release/gpy.bin)
    [ "$bytes" -gt 200000 ]
    n=0
    for board in WIPY LOPY LOPY4 SIPY GPY FIPY; do
        for layout in classic_4MB 4MB 8MB; do
            quiet_make BOARD=$board BTYPE=debug LAYOUT=$layout TARGET=boot
            out=build/$board/debug
            [ "$(wc -c <$out/bootloader/bootloader.bin)" -le 24576 ]
            mk/check_size.sh build/bin/gen_esp32part $out/lib/partitions.bin \
                build/GPY/release/gpy.bin
            case $layout in
            classic_4MB) second=0x1A0000 size=2f ;;
            4MB) second=0x1C0000 size=2f ;;
            8MB) second=0x210000 size=3f ;;
            esac
            mk/slots.sh build/bin/gen_esp32part $out/lib/partitions.bin |
                grep -q "^ota_0 $second "
            # Flash size and frequency in the header.
            [ "$(od -An -tx1 -j 3 -N 1 $out/bootloader/bootloader.bin)" = " $size" ]
            n=$((n + 1))
        done
    done
    [ $n -eq 18 ]
}

@test "a release names slots and addresses, and repeats byte for byte" {
    command -v jq >/dev/null || skip 'no jq'
    quiet_make BOARD=GPY release
    file=build/GPY/release/GPY-0.1.tar.gz
    cp $file "$tmp/first"
    tar -C "$tmp" -xzf $file
    (cd "$tmp/GPY-0.1" && sha256sum -c --quiet SHA256SUMS)
    [ "$(jq -r '.slots[] | .slot + " " + .address + " " + .image' "$tmp/GPY-0.1/manifest.json")" = 'factory 0x10000 gpy.bin
ota_0 0x1A0000 gpy.bin' ]
    [ "$(jq -r '.files[] | .address + " " + .file' "$tmp/GPY-0.1/manifest.json")" = '0x1000 bootloader.bin
0x8000 partitions.bin
0x10000 gpy.bin' ]
    rm -f build/GPY/release/*.bin build/GPY/release/*/*.bin $file
    touch firmware/app/main.c firmware/boot/main.c
    quiet_make BOARD=GPY release
    cmp $file "$tmp/first"
}

@test "a secure release has an image for each slot and no key" {
    build/bin/espsecure generate_signing_key "$tmp/sign.pem"
    build/bin/espsecure generate_flash_encryption_key "$tmp/flash.bin"
    keys="SECURE=on SECURE_KEY=$tmp/sign.pem ENCRYPT_KEY=$tmp/flash.bin"
    # shellcheck disable=SC2086
    quiet_make BOARD=GPY $keys release
    tar -C "$tmp" -xzf build/GPY/release/GPY-0.1-secure.tar.gz
    cd "$tmp/GPY-0.1-secure"
    [ "$(echo *)" = 'SHA256SUMS bootloader-reflash-digest.bin_enc gpy.bin_enc_0x10000 gpy.bin_enc_0x1A0000 manifest.json partitions.bin_enc' ]
    cd "$root"
    build/bin/espsecure decrypt_flash_data --keyfile "$tmp/flash.bin" \
        --address 0x1A0000 -o "$tmp/plain" "$tmp/GPY-0.1-secure/gpy.bin_enc_0x1A0000"
    head -c "$(wc -c <build/GPY/release/gpy.bin)" "$tmp/plain" |
        cmp - build/GPY/release/gpy.bin
}

# copy_build DIR VARIABLE=VALUE...: the same from a copy of the tree at DIR, as
# somebody else would, another day.
copy_build() {
    mkdir -p "$1"
    cp -r Makefile mk lib firmware "$1"
    TZ=Asia/Tokyo LC_ALL=C env -u MAKEFLAGS -u MAKELEVEL make -j2 -C "$1" \
        FW_TOOLS= ESPTOOL="$bin/esptool" ESPSECURE="$bin/espsecure" \
        GEN_PART="$bin/gen_esp32part" MICROPY_TOP="$micropython" \
        BEARSSL_TOP="$bearssl" MICROPY_MPYCROSS="$root/build/mpy-cross/mpy-cross" \
        "${@:2}" >"$tmp/log" 2>&1 || { tail -n 20 "$tmp/log" >&2; return 1; }
}

@test "the same sources and keys give the same bytes in another folder" {
    build/bin/espsecure generate_signing_key "$tmp/sign.pem"
    build/bin/espsecure generate_flash_encryption_key "$tmp/flash.bin"
    set -- BOARD=GPY SECURE=on SECURE_KEY="$tmp/sign.pem" ENCRYPT_KEY="$tmp/flash.bin"
    quiet_make "$@"
    copy_build "$tmp/another/place/for/it" "$@"
    for top in . "$tmp/another/place/for/it"; do
        (cd "$top/build/GPY/release" && find . -path './obj-*' -prune -o \
            -name '*.bin*' ! -name '*-key.bin' -print | sort | xargs sha256sum) >"$tmp/sums"
        cat "$tmp/sums"
        [ "$(wc -l <"$tmp/sums")" -ge 5 ]
        [ ! -e "$tmp/want" ] || diff "$tmp/want" "$tmp/sums"
        cp "$tmp/sums" "$tmp/want"
    done
}

@test "another key is a change, an older one too" {
    build/bin/espsecure generate_flash_encryption_key "$tmp/flash.bin"
    for key in old new; do
        build/bin/espsecure generate_signing_key "$tmp/$key.pem"
        build/bin/espsecure extract_public_key --keyfile "$tmp/$key.pem" "$tmp/$key.pub"
    done
    for key in new old; do
        quiet_make BOARD=GPY SECURE=on TARGET=boot SECURE_KEY="$tmp/$key.pem" \
            ENCRYPT_KEY="$tmp/flash.bin"
        cmp build/GPY/release/signature_verification_key.bin "$tmp/$key.pub"
        build/bin/espsecure verify_signature --version 1 --keyfile "$tmp/$key.pub" \
            build/GPY/release/lib/partitions.bin
        hex=$(od -An -v -tx1 "$tmp/$key.pub" | tr -d ' \n')
        od -An -v -tx1 build/GPY/release/bootloader/bootloader.bin | tr -d ' \n' |
            grep -q "$hex"
    done
    # A key that is not there costs nothing that is.
    run make --no-print-directory BOARD=GPY SECURE=on TARGET=boot \
        SECURE_KEY="$tmp/none.pem" ENCRYPT_KEY="$tmp/flash.bin"
    [ "$status" -eq 2 ]
    [ -s build/GPY/release/bootloader/bootloader.bin ]
}

@test "FROZEN puts a folder of modules into the image" {
    mkdir "$tmp/modules"
    echo 'WORD = "from the image"' >"$tmp/modules/mine.py"
    quiet_make BOARD=GPY FROZEN="$tmp/modules"
    grep -q 'from the image' build/GPY/release/gpy.bin
    quiet_make BOARD=GPY
    run grep -q 'from the image' build/GPY/release/gpy.bin
    [ "$status" -eq 1 ]
}

@test "what does not exist or fit is refused with one clear line" {
    for bad in BOARD=XPY 'BOARD=GPY LAYOUT=5MB' 'BOARD=GPY TARGET=all' \
        'BOARD=GPY SECURE=maybe' 'BOARD=GPY OTA_CONFIRM=never' 'BOARD=GPY BTYPE=fast'; do
        # shellcheck disable=SC2086
        run make --no-print-directory $bad
        [ "$status" -eq 2 ]
        [[ $output == *'not one of'* ]]
    done
    head -c $((0x180001)) /dev/zero >"$tmp/large"
    run mk/check_size.sh build/bin/gen_esp32part \
        tests/vectors/partition/classic.bin "$tmp/large"
    [ "$status" -eq 1 ]
    [[ $output == *'1572865 bytes, the slot factory at 0x10000 holds 1572864' ]]
}
