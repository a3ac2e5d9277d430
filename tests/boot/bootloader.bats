#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What the build promises of the bootloader: its size, what a boot costs, and
# that debug information costs nothing. All it promises is build.bats's subject.

load ../support/common

setup() {
    tree
    why=$(lacks compiler)
    [ -z "$why" ] || skip "$why"
}

@test "make size: within 24 KiB and 60 million instructions" {
    cd "$root"
    run make --no-print-directory size
    [ "$status" -eq 0 ]
    sizes=$(sed -n 's/^bootloader: \([0-9]*\) of 24576 bytes.*/\1/p' <<<"$output")
    [ "$(wc -w <<<"$sizes")" -ge 2 ]
    for bytes in $sizes; do
        [ "$bytes" -gt 8192 ]
        [ "$bytes" -le 24576 ]
    done
    count=$(sed -n 's/^ *\([0-9]*\)  both verifications.*/\1/p' <<<"$output")
    [ "$count" -gt 1000000 ]
    [ "$count" -le 60000000 ]
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
