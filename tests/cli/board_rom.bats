#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fusebox board start --rom: Espressif's mask ROM in place of the built-in
# model. ESP32_ROM_DIR names a folder with esp32_rev0_rom.elf and
# esp32_rev300_rom.elf (package esp-rom-elfs).

load ../support/common

setup() {
    enter
    board=$PWD/b
}

need_roms() {
    rom0=$ESP32_ROM_DIR/esp32_rev0_rom.elf
    rom3=$ESP32_ROM_DIR/esp32_rev300_rom.elf
    if [ -z "$ESP32_ROM_DIR" ] || [ ! -e "$rom0" ] || [ ! -e "$rom3" ]; then
        skip "no mask ROM: ESP32_ROM_DIR names no folder with its files"
    fi
}

# refused TEXT FILE: one line with TEXT, and no board runs.
refused() {
    run --separate-stderr "$bin/fusebox" board start "$board" --rom "$2"
    echo "$stderr" >&2
    [ "$status" -eq 2 ]
    [ "$stderr" = "fusebox: $1" ]
    [ ! -e "$board/board.run" ]
}

@test "what is no ROM of an ESP32 is refused in one line" {
    refused "$PWD/none: No such file or directory" "$PWD/none"
    refused "$in/small.elf: not the ROM of an ESP32" "$in/small.elf"
    refused "$in/data64k.bin: not a 32-bit little-endian Xtensa ELF file" "$in/data64k.bin"
    export IDF_TOOLS_PATH=$PWD
    refused "$PWD/tools/esp-rom-elfs/*/esp32_rev0_rom.elf: no such file: give --rom the file's name, or install ESP-IDF's esp-rom-elfs" auto
}

@test "another revision's ROM and a damaged one are refused" {
    need_roms
    refused "$rom3: ROM of revision 3, but the board is revision 0" "$rom3"
    head -c 300000 "$rom0" >short.elf
    refused "short.elf: ends too early" short.elf
    cp "$rom0" flipped.elf
    printf X | dd of=flipped.elf bs=1 seek=100000 conv=notrunc status=none
    refused "flipped.elf: damaged: neither the ROM of revision 0 nor that of revision 3" flipped.elf
}

@test "--rom auto takes the newest that ESP-IDF installed" {
    need_roms
    export IDF_TOOLS_PATH=$PWD/idf
    mkdir -p idf/tools/esp-rom-elfs/20220823 idf/tools/esp-rom-elfs/20241011
    echo old >idf/tools/esp-rom-elfs/20220823/esp32_rev300_rom.elf
    cp "$rom3" idf/tools/esp-rom-elfs/20241011/
    "$bin/fusebox" board start "$board" --revision 3 --rom auto
    "$bin/fusebox" board console "$board" --expect 'ets Jul 29 2019 12:21:46'
}

@test "the mask ROM's download mode answers on every port" {
    need_roms
    head -c 20000 /dev/urandom >data
    for revision in 0 3; do
        local rom=rom$revision
        run "$bin/fusebox" board start "$board" --revision $revision --rom "${!rom}" --mac 24:0a:c4:00:11:22
        socket=$(echo "$output" | grep -o 'socket://[^ ]*')
        rfc2217=$(echo "$output" | grep -o 'rfc2217://[^ ]*')
        for port in "$board/uart" "$socket" "$rfc2217" "board:$board"; do
            run "$bin/esptool" --chip esp32 --port "$port" --no-stub read_mac
            echo "$port: $output" >&2
            [ "$status" = 0 ]
            [[ "$output" == *"24:0a:c4:00:11:22"* ]]
        done
        "$bin/esptool" --chip esp32 --port "$board/uart" --no-stub write_flash 0x20000 data
        "$bin/espefuse" --port "$board/uart" --do-not-confirm burn_efuse JTAG_DISABLE
        run "$bin/espefuse" --port "$rfc2217" summary --format value_only JTAG_DISABLE
        [ "${lines[-1]}" = True ]
        "$bin/fusebox" board stop "$board"
        cmp -n 20000 -i 131072:0 "$board/flash.bin" data
        rm -r "$board"
    done
}
