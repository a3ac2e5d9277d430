#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# From a blank chip to a locked, updated board, on the virtual ESP32: keys,
# images, eFuses, flash, boot, update, and four attempts that must fail. Every
# step checks what it did; the exit status is 0 only if all did.
#
# Called by `./run demo` (packages and tools are there then). Leaves keys,
# boards and logs in build/demo.
set -eu
cd "$(dirname "$0")/../.."

demo=build/demo
board=$demo/gpy
release=build/GPY/release
flash_key=$demo/flash_encryption_key.bin
sign_key=$demo/secure_boot_signing_key.pem
IDF_PATH=$PWD/idf
PATH=$PWD/build/bin:$PATH
export IDF_PATH PATH

steps='' started=$(date +%s%N) step_start=0 step=0 title=''

milliseconds() {
    echo $((($(date +%s%N) - $1) / 1000000))
}

# begin TITLE: a new step of the summary.
begin() {
    step=$((step + 1)) title=$1 step_start=$(date +%s%N)
    printf '\n== %d. %s\n' "$step" "$title"
}

done_step() {
    ms=$(milliseconds "$step_start")
    steps="$steps$(printf 'ok %2d  %6d ms  %s' "$step" "$ms" "$title")
"
}

fail() {
    printf '\ndemo: step %d, %s: %s\n' "$step" "$title" "$1" >&2
    exit 1
}

# run COMMAND...: show it, run it, show what it says.
run() {
    printf '$ %s\n' "$*"
    "$@" >"$demo/output" 2>&1 || {
        cat "$demo/output"
        fail "\`$*\` failed"
    }
    sed 's/^/    /' "$demo/output"
}

# quietly COMMAND...: the same, output only when it fails.
quietly() {
    printf '$ %s\n' "$*"
    "$@" >"$demo/output" 2>&1 || {
        tail -n 40 "$demo/output"
        fail "\`$*\` failed"
    }
}

# refused WORDS COMMAND...: the command must fail and say WORDS.
refused() {
    words=$1
    shift
    printf '$ %s\n' "$*"
    if "$@" >"$demo/output" 2>&1; then
        cat "$demo/output"
        fail "\`$*\` should have been refused"
    fi
    sed 's/^/    /' "$demo/output"
    grep -q "$words" "$demo/output" || fail "the refusal does not say '$words'"
}

# says DIR TEXT: the console of a board says TEXT since its last reset; show
# what it has said so far.
says() {
    fusebox board console "$1" --expect "$2" --timeout 60 >"$demo/output" ||
        { cat "$demo/output"; fail "the console does not say '$2'"; }
    tr -d '\r' <"$demo/output" | sed 's/^/    | /'
    echo
}

# answers DIR CODE TEXT: the prompt answers CODE with TEXT.
answers() {
    fusebox board console "$1" --send "$2" --expect "$3" --timeout 60 \
        >"$demo/output" ||
        { cat "$demo/output"; fail "'$2' is not answered with '$3'"; }
    tr -d '\r' <"$demo/output" | sed 's/^/    | /'
    echo
}

exists() {
    for file in "$@"; do
        [ -s "$file" ] || fail "$file is missing"
        printf '    %8d  %s\n' "$(wc -c <"$file")" "$file"
    done
}

# flip FILE OFFSET BIT: change one bit of a file.
flip() {
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "$(printf '\\%03o' $((byte ^ (1 << $3))))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

stop_boards() {
    for dir in "$board" "$demo"/refuse-*; do
        [ -e "$dir/board.run" ] && fusebox board stop "$dir" || true
    done
}

stop_boards
rm -rf "$demo"
mkdir -p "$demo"
trap stop_boards EXIT
trap 'exit 1' INT TERM HUP

begin 'Keys'
run espsecure generate_flash_encryption_key "$flash_key"
run espsecure generate_signing_key "$sign_key"
run espsecure extract_public_key --keyfile "$sign_key" "$demo/signature_verification_key.bin"
run espsecure digest_private_key --keyfile "$sign_key" "$demo/secure-bootloader-key.bin"
[ "$(stat -c %a "$flash_key" "$sign_key" | sort -u)" = 600 ] ||
    fail 'the keys can be read by others'
exists "$flash_key" "$sign_key" "$demo/signature_verification_key.bin" \
    "$demo/secure-bootloader-key.bin"
done_step

secure="BOARD=GPY SECURE=on SECURE_KEY=$sign_key ENCRYPT_KEY=$flash_key"

begin 'Bootloader: compile, link, image, digest, encrypt'
# shellcheck disable=SC2086
quietly make --no-print-directory $secure TARGET=boot
grep -i 'stack\|bytes' "$demo/output" | sed 's/^/    /' || true
exists $release/bootloader/bootloader.bin \
    $release/bootloader/bootloader-reflash-digest.bin \
    $release/bootloader/bootloader-reflash-digest.bin_enc \
    $release/lib/partitions.bin $release/lib/partitions.bin_enc
[ "$(wc -c <$release/bootloader/bootloader.bin)" -le 28672 ] ||
    fail 'the bootloader does not fit below 0x8000'
done_step

begin 'Application: MicroPython with pycom, signed, encrypted for each slot'
# shellcheck disable=SC2086
quietly make --no-print-directory -j2 $secure TARGET=app
exists $release/gpy.bin $release/gpy.bin_enc_0x10000 \
    $release/gpy.bin_enc_0x1A0000
run espsecure verify_signature --version 1 --keyfile "$sign_key" $release/gpy.bin
done_step

begin 'A blank virtual GPY'
run fusebox board start "$board" --board GPY
run espefuse --port "$board/uart" summary FLASH_CRYPT_CNT ABS_DONE_0 BLOCK1 BLOCK2
done_step

begin 'eFuses: keys, flash encryption, secure boot'
espefuse="python3 $IDF_PATH/components/esptool_py/esptool/espefuse.py --port $board/uart --do-not-confirm"
refused 'public key' $espefuse burn_key secure_boot "$demo/signature_verification_key.bin"
run $espefuse burn_key flash_encryption "$flash_key"
run $espefuse burn_key secure_boot "$demo/secure-bootloader-key.bin"
run $espefuse burn_efuse FLASH_CRYPT_CNT
run $espefuse burn_efuse FLASH_CRYPT_CONFIG 0x0F
run $espefuse burn_efuse ABS_DONE_0
quietly $espefuse dump
grep -q '^BLOCK0 .* 00130180 .* f[0-9a-f]\{7\} 00000010$' "$demo/output" ||
    { cat "$demo/output"; fail 'the fuses are not as planned'; }
sed -n 's/^BLOCK/    BLOCK/p' "$demo/output"
done_step

begin 'Flash it'
# shellcheck disable=SC2086
quietly make --no-print-directory $secure flash ESPPORT="$board/uart" ESPBAUD=921600
grep -i 'hash of data\|wrote' "$demo/output" | sed 's/^/    /'
quietly python3 "$IDF_PATH/components/esptool_py/esptool/esptool.py" \
    --chip esp32 --port "$board/uart" --baud 921600 --before default_reset \
    --after no_reset write_flash -z --flash_mode dio --flash_freq 80m \
    --flash_size detect \
    0x0 $release/bootloader/bootloader-reflash-digest.bin_enc \
    0x8000 $release/lib/partitions.bin_enc 0x10000 $release/gpy.bin_enc_0x10000
[ "$(grep -c 'Hash of data verified' "$demo/output")" = 3 ] ||
    fail 'not all three parts were verified'
done_step

begin 'Cold boot on the emulated CPU, up to the prompt'
run fusebox board reset "$board"
says "$board" '>>> '
grep -q 'secure boot' "$demo/output" || fail 'no word of secure boot'
grep -q 'MicroPython v1.25.0' "$demo/output" || fail 'no banner'
answers "$board" 'import pycom; hex(pycom.ota_slot())' "'0x1a0000'"
fusebox board stop "$board"
for name in bootloader signature plaintext slot; do
    cp -r "$board" "$demo/refuse-$name" # for the refusals below
done
done_step

begin 'Update over the air into the slot the device names'
quietly fusebox board start "$board"
says "$board" '>>> '
run fusebox ota --port "board:$board" $release/gpy.bin_enc_0x10000 \
    $release/gpy.bin_enc_0x1A0000
run fusebox board reset "$board"
says "$board" '>>> '
answers "$board" 'import pycom; hex(pycom.ota_slot())' "'0x10000'"
done_step

begin 'An update with a corrupted image: back to the running one'
cp $release/gpy.bin_enc_0x10000 "$demo/corrupt.bin_enc_0x10000"
flip "$demo/corrupt.bin_enc_0x10000" 70000 3
refused 'does not accept' fusebox ota --port "board:$board" "$demo/corrupt.bin_enc_0x10000"
run fusebox ota --port "board:$board" --no-verify "$demo/corrupt.bin_enc_0x10000"
run fusebox board reset "$board"
says "$board" '>>> '
grep -qi 'image at 0x00010000.*refused\|slot.*0x0*10000.*\(bad\|refused\)' "$demo/output" ||
    fail 'the console does not say that the update was refused'
answers "$board" 'import pycom; hex(pycom.ota_slot())' "'0x10000'"
done_step

# attempt NAME TITLE: a fresh copy of the locked board, without an update.
attempt() {
    begin "$2"
    copy=$demo/refuse-$1
    quietly fusebox board start "$copy"
}

# write ADDRESS FILE: what a tool would refuse to write is forced.
write() {
    quietly esptool --chip esp32 --port "$copy/uart" --after no_reset \
        write_flash --force --flash_size keep "$1" "$2"
    run fusebox board reset "$copy"
}

attempt bootloader 'Refused: one flipped bit in the bootloader'
# A bit of the header that the image's own checksum does not cover.
cp $release/bootloader/bootloader-reflash-digest.bin "$demo/flipped.bin"
flip "$demo/flipped.bin" $((0x1009)) 0
quietly espsecure encrypt_flash_data --keyfile "$flash_key" --address 0x0 \
    -o "$demo/flipped.bin_enc" "$demo/flipped.bin"
write 0x0 "$demo/flipped.bin_enc"
says "$copy" 'secure boot check fail'
grep -q '^entry' "$demo/output" && fail 'the ROM started it all the same'
done_step

attempt signature 'Refused: an application signed by another key'
quietly espsecure generate_signing_key "$demo/other.pem"
size=$(($(wc -c <$release/gpy.bin) - 68))
head -c "$size" $release/gpy.bin >"$demo/other.bin"
quietly espsecure sign_data --keyfile "$demo/other.pem" "$demo/other.bin"
quietly espsecure encrypt_flash_data --keyfile "$flash_key" --pad ff \
    --address 0x10000 -o "$demo/other.bin_enc" "$demo/other.bin"
write 0x10000 "$demo/other.bin_enc"
says "$copy" 'signature'
says "$copy" 'No bootable image'
done_step

attempt plaintext 'Refused: a plaintext application on the encrypted chip'
refused 'encrypt' esptool --chip esp32 --port "$copy/uart" --after no_reset \
    write_flash 0x10000 $release/gpy.bin
write 0x10000 $release/gpy.bin
says "$copy" 'No bootable image'
grep -qi 'magic' "$demo/output" || fail 'the console does not say why'
done_step

attempt slot 'Refused: the image for 0x1A0000 written to 0x10000'
write 0x10000 $release/gpy.bin_enc_0x1A0000
says "$copy" 'No bootable image'
grep -qi 'magic' "$demo/output" || fail 'the console does not say why'
done_step

printf '\n== Summary\n%s' "$steps"
printf 'all %d steps did what they say, %d ms\n' "$step" "$(milliseconds "$started")"
