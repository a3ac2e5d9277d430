#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_iram.sh FILE.elf
#
# Code in IRAM runs while the flash cache is off (flash drivers, interrupts).
# Fail if any of it calls code in IROM or holds an address of flash-mapped
# memory as a literal. OBJDUMP names the disassembler.

set -eu
elf=$1
objdump=${OBJDUMP:-xtensa-lx106-elf-objdump}

"$objdump" -d -j .iram "$elf" | LC_ALL=C awk -v elf="$elf" '
    # Hexadecimal strings of 8 digits compare like the numbers.
    function flash(a) {
        return (a >= "3f400000" && a < "3f800000") ||
               (a >= "400d0000" && a < "40400000")
    }
    /^[0-9a-f]+ <.*>:$/ {
        func = $2
        next
    }
    # "40080440:  ffe211  l32r  a1, 400803c4 <sym> (3ffdffb0 <sym>)"
    $3 == "l32r" {
        literals++
        if (match($0, /\([0-9a-f]+/)) {
            value = substr($0, RSTART + 1, RLENGTH - 1)
            if (flash(value)) {
                bad[func " holds " value]
            }
        }
        next
    }
    # Calls, jumps and branches end with their target.
    match($0, /[0-9a-f]+ <[^>]*>$/) {
        split(substr($0, RSTART), target, " ")
        targets++
        if (flash(target[1])) {
            bad[func " goes to " substr($0, RSTART)]
        }
    }
    END {
        if (literals == 0 || targets == 0) {
            print "check_iram: " elf ": no code found in .iram"
            exit 1
        }
        for (line in bad) {
            print "check_iram: " elf ": " line
            failed = 1
        }
        exit failed
    }' >&2
