#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# gen_esp32part: the bytes of ESP-IDF's generator, and what is refused.
# tests/vectors/partition/README.md tells how the vectors were made.

load ../support/common

setup() {
    enter
    gen=$bin/gen_esp32part
    unset NAME
}

# Rows of CSV to f.csv, one argument a line.
csv() {
    printf '%s\n' "$@" >f.csv
}

@test "tables are those of ESP-IDF's generator, both ways" {
    local offset
    for f in classic long_name auto; do
        offset=0x8000
        [ $f != auto ] || offset=0x4000
        prints "" "$gen" -q --disable-md5sum --offset $offset "$in/$f.csv" out.bin
        cmp out.bin "$vectors/partition/$f.bin"
        prints "" "$gen" -q -o $offset out.bin out.csv
        cmp out.csv "$vectors/partition/$f.back.csv"
        run --separate-stderr "$gen" -q out.bin
        [ "$output" = "$(cat out.csv)" ] || [ $f = auto ]
    done
}

@test "the MD5 row is that of newer generators" {
    # The classic layout of Pycom boards, as their releases before 2018-11
    # carry it; MD5 row and SHA-256 from Pycom's generator.
    csv '# Name, Type, SubType, Offset, Size, Flags' \
        'nvs,     data, nvs,       0x9000,   0x7000' \
        'factory, app,  factory,   0x10000,  1536K,  encrypted' \
        'otadata, data, ota,       0x190000, 4k,     encrypted' \
        'ota_0,   app,  ota_0,     0x1A0000, 0x180000, encrypted' \
        'dummy,   data, 7,         0x320000, 0x10000,' \
        'fs,      data, efuse,     0x380000, 0x7F000, encrypted' \
        'config,  data, undefined, 0x3FF000, 0x1000'
    "$gen" -q f.csv out.bin
    [ "$(stat -c %s out.bin)" = 3072 ]
    [ "$(dd if=out.bin bs=1 skip=240 count=16 status=none | od -An -tx1 | tr -d ' \n')" = 788f4f9dcb760dc94f97f9ca358b5f83 ]
    [[ $(sha256sum <out.bin) == cf65fc90*2d34\ * ]]
    "$gen" -q out.bin back.csv
    "$gen" -q back.csv again.bin
    cmp out.bin again.bin
}

@test "status texts go to stderr unless -q is given" {
    cp "$in/classic.csv" f.csv
    run --separate-stderr "$gen" f.csv out.bin
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ "$stderr" = $'Parsing CSV input...\nVerifying table...' ]
    run --separate-stderr "$gen" out.bin out.csv
    [ "$stderr" = $'Parsing binary partition input...\nVerifying table...' ]
    run --separate-stderr "$gen" --no-verify out.bin out.csv
    [ "$stderr" = 'Parsing binary partition input...' ]
    prints "" "$gen" --quiet --verify f.csv out.bin
}

@test "standard input, standard output, missing folders" {
    "$gen" -q - - <"$in/classic.csv" >a
    "$gen" -q "$in/classic.csv" some/new/folder/b
    cmp a some/new/folder/b
}

@test "variables of the environment" {
    csv 'nvs,data,nvs,,$NAME' 'x,data,phy,,${NAME}'
    NAME=0x2000 "$gen" -q f.csv out.bin
    [[ $("$gen" -q out.bin) == *$'nvs,data,nvs,0x9000,8K,\nx,data,phy,0xb000,8K,' ]]
    refuses "gen_esp32part: f.csv: line 1: unknown variable" "$gen" -q f.csv new.bin
}

@test "a negative size is the end, an empty offset follows" {
    csv 'a,app,factory,,-0x100000' 'b,data,fat,,4K' 'c,0x40,0xfe,,16,readonly:encrypted'
    "$gen" -q f.csv out.bin 2>/dev/null
    [[ $("$gen" -q out.bin 2>/dev/null) == *$'\na,app,factory,0x10000,960K,\nb,data,fat,0x100000,4K,\nc,64,254,0x101000,0x10,encrypted:readonly' ]]
}

@test "rows of the bootloaders and of the table itself" {
    # Offsets and sizes as the documentation of ESP-IDF 5.5 has them.
    csv 'boot,bootloader,primary,N/A,N/A' 'table,partition_table,primary,N/A,N/A' \
        'nvs,data,nvs,0x9000,24K' 'f,app,factory,0x10000,1M' 'b2,bootloader,ota,,N/A' \
        't2,partition_table,ota,,N/A' 'b3,bootloader,recovery,N/A,N/A'
    "$gen" -q --primary-bootloader-offset 0x1000 --recovery-bootloader-offset 0x3F0000 f.csv out.bin
    [[ $("$gen" -q out.bin) == *$'\nboot,bootloader,primary,0x1000,28K,\ntable,partition_table,primary,0x8000,4K,\nnvs,data,nvs,0x9000,24K,\nf,app,factory,0x10000,1M,\nb2,bootloader,ota,0x110000,28K,\nt2,partition_table,ota,0x117000,4K,\nb3,bootloader,recovery,0x3f0000,28K,' ]]
    "$gen" -q out.bin back.csv
    "$gen" -q back.csv again.bin
    cmp out.bin again.bin
    refuses "gen_esp32part: f.csv: line 1: where this bootloader lies is not told: --primary-bootloader-offset or --recovery-bootloader-offset" \
        "$gen" -q f.csv new.bin
    refuses "gen_esp32part: --primary-bootloader-offset: is not below the partition table" \
        "$gen" -q --primary-bootloader-offset 0x8000 f.csv new.bin
    csv 'boot,bootloader,primary,0x1000,28K' 'x,data,nvs,0x4000,4K'
    refuses "gen_esp32part: f.csv: line 2: Partitions overlap. Partition sets offset 0x4000. What precedes it ends 0x9000" \
        "$gen" -q f.csv new.bin
}

@test "bad CSV is refused with its line" {
    no() {
        local why=$1
        shift
        csv "$@"
        refuses "gen_esp32part: f.csv: line $why" "$gen" -q f.csv out.bin
    }
    no "3: Partitions overlap. Partition sets offset 0x20000. What precedes it ends 0x110000" \
        '# comment' 'a,app,factory,0x10000,1M' 'b,data,nvs,0x20000,4K'
    no "1: Partitions overlap. Partition sets offset 0x8000. What precedes it ends 0x9000" \
        'a,data,nvs,0x8000,4K'
    no "1: Offset 0x10010 is not aligned to 0x10000" 'a,app,factory,0x10010,1M'
    no "1: Offset 0x9002 is not aligned to 0x4" 'a,data,nvs,0x9002,4K'
    no "2: Partition names must be unique, line 1 has this one" \
        'a,data,nvs,,4K' 'a,data,phy,,4K'
    no "1: unknown type" 'a,apple,factory,,1M'
    no "1: unknown subtype" 'a,app,factori,,1M'
    no "1: unknown flags" 'a,app,factory,,1M,encrypt'
    no "1: type is empty or no number" 'a,,factory,,1M'
    no "1: offset is empty or no number" 'a,app,factory,0xg,1M'
    no "1: size is empty or no number" 'a,app,factory,,'
    no "1: size is empty or no number" 'a,app,factory,,010'
    no "1: size is out of range" 'a,app,factory,,8192M'
    no "1: size is out of range" 'a,app,factory,0x20000,-0x10000'
    no "1: type is empty or no number" 'what is this'
    no "96: more partitions than fit into a table" \
        $(for i in $(seq 96); do echo "p$i,data,nvs,,4K"; done)
}

@test "95 partitions fit only without the MD5 row" {
    csv $(for i in $(seq 95); do echo "p$i,data,nvs,,4K"; done)
    refuses "gen_esp32part: f.csv: 95 partitions do not fit into a table" \
        "$gen" -q f.csv out.bin
    "$gen" -q --disable-md5sum f.csv out.bin
    csv $(for i in $(seq 94); do echo "p$i,data,nvs,,4K"; done)
    "$gen" -q f.csv out.bin
    [ "$("$gen" -q out.bin | wc -l)" = 96 ]
}

@test "--no-verify lets pass what is not aligned or named twice" {
    csv 'a,app,factory,0x10010,1M' 'a,app,ota_0,0x200010,1M'
    "$gen" -q --no-verify f.csv out.bin
    refuses "gen_esp32part: out.bin: Partition a invalid: Offset 0x10010 is not aligned to 0x10000" \
        "$gen" -q out.bin out.csv
    "$gen" -q --no-verify out.bin out.csv
    [[ $(cat out.csv) == *$'\na,app,factory,0x10010,1M,\na,app,ota_0,0x200010,1M,' ]]
}

@test "data beside 4 KiB is warned of" {
    csv 'a,data,nvs,0x9004,4K'
    run --separate-stderr "$gen" -q f.csv out.bin
    [ "$status" -eq 0 ]
    [ "$stderr" = "gen_esp32part: warning: f.csv: Partition a not aligned to 0x1000: newer ESP-IDF refuses that" ]
    refuses "gen_esp32part: f.csv: line 1: Offset 0x9004 is not aligned to 0x1000" \
        "$gen" -q --data-align 4096 f.csv new.bin
    csv 'a,data,nvs,,20' 'b,data,phy,,4K'
    "$gen" -q --data-align 4096 f.csv out.bin
    [[ $("$gen" -q out.bin) == *$'\nb,data,phy,0xa000,4K,' ]]
}

@test "--flash-size and --secure" {
    csv 'a,app,factory,0x10000,0x1f0000' 'b,data,nvs,,4K'
    refuses "gen_esp32part: f.csv: Partitions occupy 2.0MB of flash (2101248 bytes) which does not fit in configured flash size 2MB" \
        "$gen" -q --flash-size 2MB f.csv out.bin
    "$gen" -q --flash-size=4MB f.csv out.bin
    csv 'a,app,factory,0x10000,0x11000'
    "$gen" -q f.csv out.bin
    refuses "gen_esp32part: f.csv: Partition a invalid: Size 0x11000 is not aligned to 0x10000" \
        "$gen" -q --secure f.csv new.bin
    "$gen" -q --secure v2 f.csv out.bin
    csv 'a,app,factory,0x10000,0x11010'
    refuses "gen_esp32part: f.csv: Partition a invalid: Size 0x11010 is not aligned to 0x1000" \
        "$gen" -q --secure=v2 f.csv new.bin
}

@test "broken binary tables are refused" {
    no() { refuses "gen_esp32part: t.bin: $1" "$gen" -q t.bin out.csv; }
    "$gen" -q "$in/classic.csv" good.bin
    cp good.bin t.bin
    printf '\x01' | dd of=t.bin bs=1 seek=8 conv=notrunc status=none
    no "MD5 checksums don't match!"
    head -c 64 good.bin >t.bin
    no "Partition table is missing an end-of-table marker"
    head -c 70 good.bin >t.bin
    no "Partition table is missing an end-of-table marker"
    { head -c 32 good.bin; bytes 32 17; bytes 3008 255; } >t.bin
    no "row at 0x20: wrong magic number"
    # Overlapping rows, without the MD5 row that would tell first.
    { head -c 64 "$vectors/partition/classic.bin" | tail -c 32
      head -c 64 "$vectors/partition/classic.bin" | tail -c 32; bytes 3008 255; } >t.bin
    run "$gen" -q t.bin out.csv
    [ "$status" -eq 2 ]
    [[ $output == "gen_esp32part: t.bin: Partition "*" overlaps "* ]]
    bytes 100 'i * 7' >t.bin
    no "is neither a partition table nor CSV text"
}

@test "files that cannot be read or written" {
    cp "$in/classic.csv" f.csv
    refuses "gen_esp32part: nowhere: cannot be read: No such file or directory" "$gen" nowhere
    refuses "gen_esp32part: .: cannot be read: Is a directory" "$gen" .
    refuses "gen_esp32part: f.csv/x: cannot be written: Not a directory" "$gen" -q f.csv f.csv/x
    refuses "gen_esp32part: f.csv: is the input file and will not be overwritten" "$gen" -q f.csv f.csv
    refuses "gen_esp32part: 'c' is one argument too many
Try 'gen_esp32part --help'." "$gen" f.csv b c
    refuses "gen_esp32part: --flash-size: '3MB' is none of 1MB|2MB|4MB|8MB|16MB|32MB|64MB|128MB
Try 'gen_esp32part --help'." "$gen" --flash-size 3MB f.csv
    trap '' XFSZ
    (ulimit -f 1; refuses "gen_esp32part: out.bin: cannot be written: File too large" "$gen" -q f.csv out.bin)
}

@test "peer: random tables" {
    [ -n "${PEER_GEN_ESP32PART:-}" ] || skip "PEER_GEN_ESP32PART does not name the Python tool"
    align=4
    if "$PEER_GEN_ESP32PART" --help | grep -q extra-partition; then
        align=4096
    fi
    for ((i = 0; i < ${PEER_ROUNDS:-20}; i++)); do
        : >f.csv
        for ((p = 0; p < RANDOM % 12 + 1; p++)); do
            case $((RANDOM % 4)) in
            0) echo "p$p, app, ota_$p, , $((RANDOM % 32 + 1))00K" ;;
            1) echo "p$p, data, nvs, , 0x$((RANDOM % 90 + 1))000, encrypted" ;;
            2) echo "p$p, data, spiffs, $((0x200000 * p + 0x200000)), 1M" ;;
            3) echo "p$p, $((64 + RANDOM % 190)), $((RANDOM % 255)), , $((RANDOM % 64 + 1))k" ;;
            esac
        done >f.csv
        cat f.csv
        rm -f want.bin got.bin
        theirs=0 ours=0
        "$PEER_GEN_ESP32PART" -q f.csv want.bin 2>/dev/null || theirs=$?
        "$gen" -q --data-align $align f.csv got.bin 2>/dev/null || ours=$?
        [ $((theirs != 0)) = $((ours != 0)) ]
        [ $ours != 0 ] || cmp want.bin got.bin
    done
}

@test "a project's own subtypes have names" {
    printf 'cal, data, my_nvs, 0x9000, 0x1000\napp0, app, ota_0, 0x10000, 1M\n' >own.csv
    refuses "gen_esp32part: own.csv: line 1: unknown subtype" "$bin/gen_esp32part" -q own.csv out
    "$bin/gen_esp32part" -q own.csv table --extra-partition-subtypes 'data, my_nvs, 0x40' 'app, spare, 0x30'
    [ "$(od -An -tx1 -j 2 -N 2 table | tr -d ' ')" = 0140 ]
    run "$bin/gen_esp32part" -q table - --extra-partition-subtypes 'data, my_nvs, 0x40'
    [[ "$output" == *"cal,data,my_nvs,0x9000,4K,"* ]]
    for bad in 'data, my_nvs' 'other, my_nvs, 1' 'data, my_nvs, 256' 'data, my_nvs, 1, 2'; do
        run "$bin/gen_esp32part" -q own.csv out --extra-partition-subtypes "$bad"
        [ "$status" = 2 ]
        [[ "$output" == *"not an extra subtype"* ]]
    done
}
