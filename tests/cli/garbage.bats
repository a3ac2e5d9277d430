#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Files of every format cut short, with bytes changed, or of noise: each
# command either takes them or says why not in one line, exits with 2 and
# leaves no file. GARBAGE_SEED repeats a run, GARBAGE_ROUNDS makes it longer.

load ../support/common

setup() {
    enter
    RANDOM=${GARBAGE_SEED:-$$}
    echo "seed ${GARBAGE_SEED:-$$}"
    rounds=${GARBAGE_ROUNDS:-6}
}

# spoil FILE ROUND: FILE cut, changed or replaced, in the file `bad`.
spoil() {
    local size at i
    size=$(stat -c %s "$1")
    case $(($2 % 3)) in
    0) head -c $(((RANDOM * 32768 + RANDOM) % (size + 1))) "$1" >bad ;;
    1)
        cp "$1" bad
        chmod u+w bad
        for i in 1 2 3; do
            at=$(((RANDOM * 32768 + RANDOM) % size))
            # the head of a file matters most
            [ $((RANDOM % 2)) = 0 ] || at=$((at % 64 % size))
            printf "\\x$(printf %02x $((RANDOM % 256)))" |
                dd of=bad bs=1 seek=$at conv=notrunc status=none
        done
        ;;
    2) head -c $((RANDOM % 5000)) /dev/urandom >bad ;;
    esac
}

# takes SEED-FILE COMMAND...: the command reads `bad` and writes `out`.
takes() {
    local seed=$1 i status lines
    shift
    for ((i = 0; i < rounds; i++)); do
        spoil "$seed" $i
        cp bad keep
        rm -rf out
        status=0
        timeout 20 "$bin/$1" "${@:2}" >said 2>told </dev/null || status=$?
        # A warning may come before, a hint after it.
        lines=$(grep -v -e ': warning: ' -e '^Parsing ' -e '^Try ' -c told || true)
        if [ $status -ne 0 ] && { [ $status -ne 2 ] || [ "$lines" -ne 1 ] || [ -e out ]; }; then
            echo "$*: status $status, $lines lines" >&2
            cat told >&2
            od -An -tx1 bad | head -n 20 >&2
            return 1
        fi
        cmp bad keep
    done
}

@test "garbage: images and ELF files" {
    takes "$vectors/image/small.plain.bin" esptool image-info bad
    takes "$vectors/image/tiny.bin" esptool --chip esp32 merge-bin -o out 0x1000 bad
    takes "$vectors/image/tiny.elf" esptool --chip esp32 elf2image -o out bad
    takes "$vectors/image/small.elf" esptool --chip esp32 elf2image --use-segments -o out bad
    takes "$vectors/image/tiny.bin" espsecure digest-secure-bootloader -k "$in/sb256.key" -o out bad
}

@test "garbage: Intel HEX and word files" {
    "$bin/esptool" --chip esp32 merge-bin -f hex -o hex 0x1000 "$vectors/image/tiny.bin" >/dev/null
    takes hex esptool --chip esp32 merge-bin -o out 0x1000 bad
    takes hex esptool image-info bad
    echo "--chip esp32 image-info '$vectors/image/tiny.bin' # comment" >words
    takes words esptool @bad
    printf '[esptool]\ntimeout = 5\ncustom_reset_sequence = D0|R1|W0.1|D1|R0|W0.05|D0\n' >cfg
    ESPTOOL_CFGFILE=bad takes cfg esptool --chip esp32 version
}

@test "garbage: keys, signatures and signed files" {
    "$bin/espsecure" generate-signing-key --version 2 rsa.pem >/dev/null
    "$bin/espsecure" sign-data --version 2 -k rsa.pem -o signed "$in/data100.bin" >/dev/null
    "$bin/espsecure" sign-data --version 1 -k "$in/p256.pem" -o v1 "$in/data100.bin" >/dev/null
    takes "$in/p256.pem" espsecure sign-data --version 1 -k bad -o out "$in/data100.bin"
    takes rsa.pem espsecure sign-data --version 2 -k bad -o out "$in/data100.bin"
    takes "$in/p256.pem" espsecure extract-public-key -k bad out
    takes "$in/p256.pem" espsecure digest-private-key -k bad out
    takes rsa.pem espsecure digest-sbv2-public-key -k bad -o out
    takes v1 espsecure verify-signature --version 1 -k "$in/p256.pem" bad
    takes signed espsecure verify-signature --version 2 -k rsa.pem bad
    takes signed espsecure signature-info-v2 bad
    takes signed espsecure sign-data --version 2 --append-signatures -k rsa.pem -o out bad
    takes "$in/fe256.key" espsecure encrypt-flash-data -k bad -a 0 -o out "$in/data64k.bin"
    takes "$in/data100.bin" espsecure decrypt-flash-data -k "$in/fe256.key" -a 0 -o out bad
}

@test "garbage: partition tables" {
    "$bin/gen_esp32part" -q "$in/auto.csv" table
    takes "$in/auto.csv" gen_esp32part bad out
    takes table gen_esp32part bad out
}

@test "garbage: fuses, their tables, key files to burn" {
    "$bin/espefuse" --virt --path-efuse-file fuses summary >/dev/null
    head -c 124 /dev/zero >qemu
    for seed in fuses qemu; do
        takes "$seed" espefuse --virt --path-efuse-file bad summary
    done
    printf 'ROLE, EFUSE_BLK3, 64, 3, [R] role\n, EFUSE_BLK3, 70, 3, [R] role\n' >fields
    takes fields espefuse --virt --extend-efuse-table bad summary --file out
    takes "$in/fe256.key" espefuse --virt --do-not-confirm burn-key flash_encryption bad
    takes "$in/fe256.key" espefuse --virt --do-not-confirm burn-block-data BLOCK3 bad
}
