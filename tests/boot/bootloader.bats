#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What the build promises of the bootloader: its size, what a boot costs, and
# the same bytes from the same sources and keys, wherever and whenever.

bats_require_minimum_version 1.5.0

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    command -v xtensa-lx106-elf-gcc >/dev/null || skip 'no gcc-xtensa-lx106'
    [ -x "$root/build/bin/esptool" ] || skip 'no build/bin/esptool: make'
}

@test "make size: within 24 KiB and 60 million instructions" {
    cd "$root"
    run make --no-print-directory size
    [ "$status" -eq 0 ]
    sizes=$(sed -n 's/^bootloader: \([0-9]*\) of 24576 bytes.*/\1/p' <<<"$output")
    [ "$(wc -w <<<"$sizes")" -ge 2 ]
    for bytes in $sizes; do
        [ "$bytes" -gt 8192 ] && [ "$bytes" -le 24576 ]
    done
    count=$(sed -n 's/^ *\([0-9]*\)  both verifications.*/\1/p' <<<"$output")
    [ "$count" -gt 1000000 ] && [ "$count" -le 60000000 ]
}

# build DIR: bootloader, table and, where its sources are, the application,
# from a copy of the tree at DIR.
build() {
    local top=$1 target=boot
    mkdir -p "$top"
    cp -r "$root/Makefile" "$root/mk" "$root/lib" "$root/firmware" "$top"
    micropython=${MICROPY_TOP:-$root/third_party/micropython}
    bearssl=${BEARSSL_TOP:-$root/third_party/bearssl}
    if [ -f "$micropython/py/py.mk" ] && [ -f "$bearssl/inc/bearssl.h" ]; then
        target=boot_app
    fi
    env -u MAKEFLAGS -u MAKELEVEL make -j2 -C "$top" BOARD=GPY SECURE=on \
        TARGET=$target FW_TOOLS= ESPTOOL="$root/build/bin/esptool" \
        ESPSECURE="$root/build/bin/espsecure" \
        GEN_PART="$root/build/bin/gen_esp32part" \
        MICROPY_TOP="$micropython" BEARSSL_TOP="$bearssl" \
        SECURE_KEY="$BATS_TEST_TMPDIR/sign.pem" \
        ENCRYPT_KEY="$BATS_TEST_TMPDIR/flash.bin" >"$top.log" 2>&1 ||
        { tail -n 20 "$top.log" >&2; return 1; }
}

@test "the same sources and keys give the same bytes in two folders" {
    cd "$BATS_TEST_TMPDIR"
    "$root/build/bin/espsecure" generate_signing_key sign.pem
    "$root/build/bin/espsecure" generate_flash_encryption_key flash.bin
    build "$PWD/one"
    sleep 1.1 # another second, if somebody looks at the clock
    TZ=Asia/Tokyo LC_ALL=C build "$PWD/another/place/for/it"
    (cd one/build/GPY/release && find . -name '*.bin*' ! -name '*-key.bin' |
        sort | xargs sha256sum) >want
    (cd another/place/for/it/build/GPY/release &&
        find . -name '*.bin*' ! -name '*-key.bin' | sort |
        xargs sha256sum) >got
    cat want
    [ "$(wc -l <want)" -ge 5 ]
    diff want got
}

# bootloader DIR [VARIABLE=VALUE ...]: DIR/bootloader.elf and its image.
bootloader() {
    local dir=$BATS_TEST_TMPDIR/$1
    mkdir -p "$dir"
    env -u MAKEFLAGS -u MAKELEVEL make -s -j2 -C "$root/firmware/boot" BOARD=GPY \
        SIGN_PUB= BUILD="$dir" "${@:2}" >&2
    "$root/build/bin/esptool" --chip esp32 elf2image -o "$dir.bin" "$dir/bootloader.elf"
}

@test "coverage names the bootloader's lines; debug information changes no byte" {
    cd "$BATS_TEST_TMPDIR"
    bootloader lines
    bootloader bare DEBUG_INFO=
    cmp lines.bin bare.bin
    run ! grep -qF -e "$root" -e "$PWD" lines.bin
    "$root/build/bin/fusebox" board start b
    "$root/build/bin/fusebox" board stop b
    dd if=lines.bin of=b/flash.bin bs=4096 seek=1 conv=notrunc status=none
    "$root/build/bin/fusebox" board run b --elf lines/bootloader.elf \
        --coverage cov --until 'no partition table'
    run ! grep -qF -e "$root" cov
    # boot.c: that a blank table is told has run, a table's rows have not.
    told=$(grep -n 'There is no partition table' "$root/firmware/boot/boot.c" | cut -d: -f1)
    rows=$(grep -n 'End of partition table' "$root/firmware/boot/boot.c" | cut -d: -f1)
    sed -n '/^SF:.*firmware\/boot\/boot.c$/,/^end_of_record/p' cov >boot.cov
    grep -q "^DA:$told,1$" boot.cov
    grep -q "^DA:$rows,0$" boot.cov
    grep -q '^SF:.*firmware/boot/start.S$' cov
}
