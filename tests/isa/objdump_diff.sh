#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: XTENSA_GNU_CONFIG=esp32.so tests/isa/objdump_diff.sh
#
# Disassemble every 16-bit and 24-bit word with GNU objdump and with ours and
# compare the text. Needs an ESP32 configuration of the xtensa binutils (see
# tests/vectors/isa/README.md). From the root of the tree.

objdump=xtensa-lx106-elf-objdump
if ! command -v "$objdump" > /dev/null || [ -z "$XTENSA_GNU_CONFIG" ]; then
    echo "skipped: needs $objdump and XTENSA_GNU_CONFIG"
    exit 0
fi
test=build/host-test/chip/cpu/disasm_test
make -s "$test" || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
ISA_WRITE=$dir "$test" > /dev/null || exit 1
for width in 24 16; do
    "$objdump" -b binary -m xtensa -D "$dir/words$width" |
        awk -F'\t' -v len=$((width / 4)) '
            { sub(/:.*/, "", $1); gsub(/ /, "", $1); gsub(/ /, "", $2) }
            length($2) == len && $3 !~ /^(\.byte|f64|rf64|wf64)|litbase/ {
                low = substr($2, 2, 1); text = $3 ($4 == "" ? "" : "\t" $4)
                if (len == 4 && low !~ /[89a-d]/) next
                if ($3 == "lsi" && !(low == "3" && substr($2, 3, 1) == "0"))
                    text = ".byte"
                sub(/ [(<].*/, "", text)
                print $1 " " $2 " " text
            }' > "$dir/text$width"
    ISA_OBJDUMP=$dir/text$width "$test" || exit 1
done
