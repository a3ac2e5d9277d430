#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A board that locks itself (FIRST_BOOT=on), from blank to re-flashed, with the
# commands a user has. What power loss does to it is tests/powercut's subject.

load ../support/common

setup_file() {
    tree
    obj=$root/build/first-boot
    why=$(lacks compiler)
    export obj why
    [ -z "$why" ] || return 0
    mkdir -p "$obj" && cd "$obj" || exit 1
    rm -f ./*.pem ./*.bin
    "$bin/espsecure" generate_signing_key key.pem
    "$bin/espsecure" extract_public_key --keyfile key.pem pub.bin
    # With everything in: the bootloader has to fit.
    for what in firmware/boot tests/powercut/update; do
        env -u MAKEFLAGS -u MAKELEVEL make -s -j2 -C "$root/$what" BOARD=GPY \
            FIRST_BOOT=on ANTI_ROLLBACK=on SIGN_PUB="$obj/pub.bin" BUILD="$obj/${what##*/}"
    done
    "$bin/esptool" --chip esp32 elf2image -fm dio -ff 40m -fs 4MB \
        -o bootloader.bin boot/bootloader.elf
    "$bin/esptool" --chip esp32 elf2image -fm dio -ff 40m -fs 4MB \
        -o app.bin update/update.elf
    "$bin/gen_esp32part" --flash-size 4MB \
        "$root/firmware/boards/layouts/classic_4MB.csv" table.bin
    "$bin/espsecure" sign_data --version 1 --keyfile key.pem app.bin
    "$bin/espsecure" sign_data --version 1 --keyfile key.pem table.bin
    # Another bootloader: the same with another date, as it were.
    cp bootloader.bin other.bin && printf X >>other.bin
}

setup() {
    [ -z "$why" ] || skip "$why"
    cd "$BATS_TEST_TMPDIR" || return 1
    board=$BATS_TEST_TMPDIR/b
}

esptool() { timeout 120 "$bin/esptool" --chip esp32 --port "board:$board" "$@"; }
espefuse() { "$bin/espefuse" --port "board:$board" --do-not-confirm "$@"; }
plaintext() { # [FILE AT ...]
    esptool ${after:+--after "$after"} write_flash --flash_size keep "$@" 0x8000 "$obj/table.bin" 0x10000 "$obj/app.bin"
}

@test "a blank board makes its keys, encrypts, locks; three more times" {
    "$bin/fusebox" board start "$board"
    plaintext 0x1000 "$obj/bootloader.bin"
    "$bin/fusebox" board console "$board" --expect 'Hi'
    grep -q 'First boot: step 3' "$board/console.log"
    grep -q 'flash encryption is enabled (3 plaintext flashes left)' "$board/console.log"
    run -0 espefuse summary
    [[ "$output" == *'ABS_DONE_0'*True* ]]
    esptool read_flash 0x7400 0xC0 digest.bin

    # While encryption is on, the bootloader is out of reach.
    run -2 esptool write_flash --flash_size keep 0x0 digest.bin 0x1000 "$obj/bootloader.bin"
    [[ "$output" == *'can never be replaced'* ]]

    # Off: told what it means. Another bootloader is refused, its own is not.
    run -0 espefuse burn_efuse FLASH_CRYPT_CNT
    [[ "$output" == *'for one flash in plaintext (of 3 left)'* ]]
    [[ "$output" == *'digest is at 0x7400'* ]]
    head -c 192 /dev/urandom >wrong.bin
    run -2 esptool write_flash --flash_size keep 0x0 wrong.bin 0x1000 "$obj/other.bin"
    [[ "$output" == *'made its Secure Boot key itself'* ]]
    plaintext 0x0 digest.bin 0x1000 "$obj/bootloader.bin"
    "$bin/fusebox" board console "$board" --expect 'enabled (2 plaintext flashes left)'
    "$bin/fusebox" board console "$board" --expect 'Hi'
}

@test "the last bit is the bootloader's to burn" {
    espefuse_file() { "$bin/espefuse" --virt --path-efuse-file fuses.bin --do-not-confirm "$@"; }
    espefuse_file burn_efuse FLASH_CRYPT_CNT 0x3F RD_DIS 1
    run -2 espefuse_file burn_efuse FLASH_CRYPT_CNT
    [[ "$output" == *'the last bit'* ]]
    espefuse_file burn_efuse FLASH_CRYPT_CNT 0x7F
    run -2 espefuse_file burn_efuse FLASH_CRYPT_CNT
    [[ "$output" == *'no plaintext flash is left'* ]]
}

@test "cut before the counter was burned: esptool says how to finish" {
    # Eight burns make a key, then protection, FLASH_CRYPT_CONFIG, the counter.
    "$bin/fusebox" board start "$board"
    after=no_reset plaintext 0x1000 "$obj/bootloader.bin"
    "$bin/fusebox" board stop "$board"
    "$bin/fusebox" board start "$board" --fault cut=before:burn:11
    for _ in $(seq 300); do
        grep -q 'power lost' "$board/board.log" && break
        sleep 0.1
    done
    grep -q 'power lost' "$board/board.log"
    "$bin/fusebox" board stop "$board"
    "$bin/fusebox" board start "$board"
    head -c 4096 /dev/zero >zero.bin
    run -0 esptool write_flash 0x3F0000 zero.bin
    [[ "$output" == *'lost power while it encrypted its bootloader'* ]]
    echo "$output" | sed -n 's/^    //p' >commands
    [ "$(wc -l <commands)" -eq 3 ]
    while read -r tool arguments; do
        # shellcheck disable=SC2086
        "$tool" $arguments </dev/null
    done <commands
    "$bin/fusebox" board reset "$board"
    "$bin/fusebox" board console "$board" --expect 'Hi'
    grep -q 'enabled (3 plaintext flashes left)' "$board/console.log"
}
