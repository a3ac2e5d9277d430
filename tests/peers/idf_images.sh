#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: IDF_IMAGES=FOLDER ESP32_ROM_DIR=FOLDER tests/peers/idf_images.sh
#
# Programs built with ESP-IDF, unmodified, on virtual boards with the mask ROM.
# Each folder in IDF_IMAGES holds bootloader.bin, partition-table.bin, one other
# .bin (the application, at 0x10000) and, as text to wait for, `expect`. Prints
# a line for each with the ROM's revision and exits 1 when one did not say it.

fusebox=${FUSEBOX:-$PWD/${BIN:-build/bin}/fusebox}
if [ -z "$IDF_IMAGES" ] || [ ! -d "$IDF_IMAGES" ]; then
    echo "skipped: IDF_IMAGES names no folder with images"
    exit 0
fi
if [ ! -e "$ESP32_ROM_DIR/esp32_rev0_rom.elf" ]; then
    echo "skipped: ESP32_ROM_DIR names no folder with the mask ROMs"
    exit 0
fi

work=$(mktemp -d) || exit 1
stop() {
    if [ -e "$work/b/board.run" ]; then "$fusebox" board stop "$work/b"; fi
}
trap 'stop; rm -rf "$work"' EXIT
failed=0

put() {
    dd if="$1" of="$work/b/flash.bin" bs=4096 seek=$(($2 / 4096)) conv=notrunc status=none
}

try() {
    local dir=$1 revision=$2 rom=$3 app
    rm -rf "$work/b"
    "$fusebox" board start "$work/b" --revision "$revision" >/dev/null || exit 1
    "$fusebox" board stop "$work/b"
    put "$dir/bootloader.bin" 0x1000
    put "$dir/partition-table.bin" 0x8000
    for app in "$dir"/*.bin; do
        case $app in
        */bootloader.bin | */partition-table.bin) ;;
        *) put "$app" 0x10000 ;;
        esac
    done
    if "$fusebox" board run "$work/b" --rom "$ESP32_ROM_DIR/$rom" --ms 20000 \
        --until "$(cat "$dir/expect")" >"$work/out" 2>&1; then
        printf '%-24s revision %s  %s\n' "$(basename "$dir")" "$revision" \
            "$(grep -a -o 'ESP-IDF[: ]*v[^ ]*' "$work/out" | tail -n 1 | tr -d '\033')"
    else
        printf '%-24s revision %s  FAILED\n' "$(basename "$dir")" "$revision"
        tail -n 5 "$work/out"
        failed=1
    fi
}

for dir in "$IDF_IMAGES"/*/; do
    try "${dir%/}" 0 esp32_rev0_rom.elf
    try "${dir%/}" 3 esp32_rev300_rom.elf
done
exit $failed
