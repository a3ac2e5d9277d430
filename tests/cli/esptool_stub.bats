#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# esptool with its flasher stub (firmware/stub), on a virtual board. The stub's
# own protocol is tested in firmware/stub/stub_chip_test.c.

load ../support/common

setup() {
    enter
    unset "${!ESPTOOL_@}"
    export HOME=$PWD
    board=$BATS_TEST_TMPDIR/b
    port=board:$board
    "$bin/fusebox" board start "$board" "$@" >/dev/null
    "$bin/esptool" --port "$port" flash_id >/dev/null
    "$bin/esptool" --port "$port" read_flash 0 4096 blank >out
    grep -q 'Stub flasher running' out || skip "no stub in this build"
    perl -e 'srand 1; print pack "C*", map {int rand 256} 1..1500001' >a.bin
}

esptool() {
    "$bin/esptool" --chip esp32 --port "$port" "$@"
}

burn() {
    "$bin/espefuse" --port "$port" --do-not-confirm "$@" >/dev/null
}

# in_flash FILE OFFSET: the board's flash holds it.
in_flash() {
    cmp -n "$(stat -c %s "$1")" -i "$2:0" "$board/flash.bin" "$1"
}

# told REGEX COMMAND...: one line on stderr that matches, exit status 2, and
# the flash is what it was.
told() {
    local want=$1 before
    before=$(sha256sum <"$board/flash.bin")
    shift
    run --separate-stderr "$@"
    echo "status $status, stdout: $output, stderr: $stderr" >&2
    [ "$status" -eq 2 ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ "$stderr" =~ $want ]]
    [ "$(sha256sum <"$board/flash.bin")" = "$before" ]
}

@test "with and without the stub the same comes out" {
    for how in '' --no-stub; do
        for z in -z -u; do
            run esptool $how erase_flash
            [ "$status" = 0 ]
            [ "$(tr -d '\377' <"$board/flash.bin" | wc -c)" = 0 ]
            head -c 100001 a.bin >b.bin
            run esptool $how -b 921600 write_flash $z 0x10000 b.bin
            echo "$output"
            [ "$status" = 0 ]
            if [ -z "$how" ]; then
                [[ "$output" == *"Stub flasher running."* ]]
            else
                [[ "$output" != *"Stub"* ]]
            fi
            in_flash b.bin 0x10000
            esptool $how verify_flash 0x10000 b.bin
            esptool $how read_flash 0xfff0 30001 r.bin
            cmp -n 30001 -i 65520:0 "$board/flash.bin" r.bin
        done
    done
}

@test "all of the flash comes back" {
    esptool write_flash -u 0x1000 a.bin
    esptool read_flash 0 ALL r.bin
    cmp r.bin "$board/flash.bin"
}

@test "the stub stays, or gives way to the ROM" {
    run esptool --after no-reset-stub verify_flash 0 blank
    [[ "$output" == *"Staying in flasher stub."* ]]
    run esptool --before no-reset --after no-reset read_flash 0 16 r.bin
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"Stub flasher is already running."* ]]
    run esptool --before no-reset read_flash 0 16 r.bin
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"Uploading stub flasher..."* ]]
}

@test "the chip encrypts what espsecure would" {
    head -c 70001 a.bin >b.bin
    "$bin/espsecure" generate_flash_encryption_key key.bin
    told 'FLASH_CRYPT_CONFIG is 0x0' esptool write_flash --encrypt 0x10000 b.bin
    burn burn_efuse FLASH_CRYPT_CONFIG 0xF
    told 'BLOCK1 is empty' esptool write_flash --encrypt 0x10000 b.bin
    burn burn_key flash_encryption key.bin
    told 'the ROM cannot encrypt' \
        esptool --no-stub write_flash --encrypt 0x10000 b.bin
    cp b.bin p.bin
    head -c 15 /dev/zero | tr '\0' '\377' >>p.bin
    "$bin/espsecure" encrypt_flash_data -k key.bin -a 0x10000 -o want.bin p.bin
    for z in -z -u; do
        esptool erase_flash
        run esptool write_flash $z --encrypt 0x10000 b.bin
        echo "$output"
        [ "$status" = 0 ]
        [[ "$output" == *"Not verified: the chip encrypted it"* ]]
        in_flash want.bin 0x10000
    done
    # one of two files
    run esptool write_flash 0x1000 p.bin --encrypt-files 0x20000 b.bin
    [ "$status" = 0 ]
    in_flash p.bin 0x1000
    "$bin/espsecure" encrypt_flash_data -k key.bin -a 0x20000 -o want.bin p.bin
    in_flash want.bin 0x20000
    burn burn_efuse DISABLE_DL_ENCRYPT 1
    told 'DISABLE_DL_ENCRYPT is burned' \
        esptool write_flash --encrypt 0x10000 b.bin
}

@test "what is there already is not written again" {
    esptool write_flash 0x10000 a.bin
    run esptool write_flash --skip-flashed 0x10000 a.bin
    [[ "$output" == *"already in flash, skipping write."* ]]
    # three sectors in two runs, one of them the last
    printf 'xyz' | dd of=a.bin bs=1 seek=40959 conv=notrunc status=none
    printf 'x' | dd of=a.bin bs=1 seek=1500000 conv=notrunc status=none
    run esptool write_flash --skip-flashed 0x10000 a.bin
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"3 of 367 sectors are to be written."* ]]
    [ "$(grep -c '^Wrote' <<<"$output")" = 2 ]
    in_flash a.bin 0x10000
}

@test "an update writes what differs from the old file" {
    esptool write_flash 0x10000 a.bin
    cp a.bin old.bin
    printf 'xyz' | dd of=a.bin bs=1 seek=40959 conv=notrunc status=none
    echo and more >>a.bin
    run esptool write_flash --diff-with old.bin 0x10000 a.bin
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"3 of 367 sectors are to be written."* ]]
    in_flash a.bin 0x10000
    # the old file is not what is there: the flash itself is compared with
    printf 'q' | dd of=a.bin bs=1 seek=100 conv=notrunc status=none
    run esptool write_flash --diff-with old.bin 0x10000 a.bin
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"1 of 367 sectors are to be written."* ]]
    [[ "$output" == *"is not what the flash holds at 0x10000"* ]]
    in_flash a.bin 0x10000
    told 'none.bin: No such file' \
        esptool write_flash --diff-with none.bin 0x10000 a.bin
    # one old file for each file, or none
    run esptool write_flash 0x10000 a.bin 0x200000 old.bin --diff-with skip old.bin
    echo "$output"
    [ "$status" = 0 ]
    in_flash old.bin 0x200000
    told 'more files than are written' \
        esptool write_flash 0x10000 a.bin --diff-with old.bin old.bin
    # where nothing changes the flash is not looked at
    printf 'z' | dd of="$board/flash.bin" bs=1 seek=65636 conv=notrunc status=none
    esptool write_flash --diff-with a.bin --trust-flash-content 0x10000 a.bin
    run ! in_flash a.bin 0x10000
    esptool write_flash --diff-with a.bin 0x10000 a.bin
    in_flash a.bin 0x10000
    told 'requires --diff-with' \
        esptool write_flash --trust-flash-content 0x10000 a.bin
    told 'excludes' esptool write_flash --skip-flashed --diff-with old.bin \
        0x10000 a.bin
}

@test "after a lost connection the same command finishes the job" {
    for p in "$port" "$board/uart"; do
        "$bin/esptool" --port "$port" erase_flash >/dev/null
        "$bin/esptool" --port "$p" write_flash -u --skip-flashed 0x10000 a.bin \
            >out 2>&1 &
        pid=$!
        for _ in $(seq 500); do
            [ "$(od -An -tx1 -j 327680 -N 4 "$board/flash.bin")" = " ff ff ff ff" ] || break
            sleep 0.01
        done
        kill -KILL "$pid"
        wait "$pid" || true
        run cmp -s -n "$(stat -c %s a.bin)" -i 65536:0 "$board/flash.bin" a.bin
        [ "$status" = 1 ] || continue # it was faster
        run "$bin/esptool" --port "$p" write_flash -u --skip-flashed 0x10000 a.bin
        echo "$output"
        [ "$status" = 0 ]
        [[ "$output" == *"of 367 sectors are to be written."* ]]
        in_flash a.bin 0x10000
    done
}
