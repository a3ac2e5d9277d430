#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The locked board that `./run demo` leaves behind, started by Espressif's mask
# ROMs: what our keys and images are worth on silicon. Needs that board
# (LOCKED_BOARD, build/demo/gpy) and the ROM files (ESP32_ROM_DIR).

load ../support/common

setup() {
    tree
    fusebox=$bin/fusebox
    locked=${LOCKED_BOARD:-$root/build/demo/gpy}
    if [ -z "$ESP32_ROM_DIR" ] || [ ! -e "$ESP32_ROM_DIR/esp32_rev0_rom.elf" ]; then
        skip "no mask ROM: ESP32_ROM_DIR names no folder with its files"
    fi
    [ -e "$locked/efuse.bin" ] || skip "no locked board: ./run demo makes one"
    cd "$BATS_TEST_TMPDIR" && mkdir b
    cp "$locked"/board.ini "$locked"/efuse.bin "$locked"/flash.bin b/
}

# boots REVISION TEXT: the mask ROM of that revision leads to TEXT.
boots() {
    sed -i "s/^revision = .*/revision = $1/" b/board.ini
    "$fusebox" board start b --rom "$ESP32_ROM_DIR/esp32_rev${1}${3}_rom.elf"
    "$fusebox" board console b --expect "$2"
}

@test "the mask ROM of revision 0 boots the locked board to its prompt" {
    boots 0 'MicroPython'
    grep -q 'ets Jun  8 2016' b/console.log
    grep -q 'secure boot is enabled' b/console.log
}

@test "the mask ROM of revision 3 does too" {
    boots 3 'MicroPython' 00
    grep -q 'ets Jul 29 2019' b/console.log
}

@test "both refuse it when a byte of the digest has changed" {
    printf '\377' | dd of=b/flash.bin bs=1 seek=144 conv=notrunc status=none
    boots 0 'secure boot check fail'
    "$fusebox" board stop b
    boots 3 'Secure boot check fail' 00
}
