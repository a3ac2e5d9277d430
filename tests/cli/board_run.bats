#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fusebox board run: a copy of a board, looked at closely; recorded runs.

load ../support/common

setup() {
    enter
    board=$BATS_TEST_TMPDIR/b
}

blank() {
    "$bin/fusebox" board start "$board" "$@"
    "$bin/fusebox" board stop "$board"
}

# A program that prints Hi, as ELF with DWARF and in the board's flash.
program() {
    command -v xtensa-lx106-elf-gcc >/dev/null || skip "no cross compiler"
    cat >"$BATS_TEST_TMPDIR/hi.S" <<'END'
    .text
    .literal_position
    .global start
    .type start, @function
start:
    l32r a2, uart
    movi a3, 'H'
    call0 put
    movi a3, 'i'
    call0 put
    movi a3, '\n'
    call0 put
    waiti 0
    j start
    nop
    .type put, @function
put:
    s32i a3, a2, 0
    ret
    .literal uart, 0x60000000
END
    xtensa-lx106-elf-gcc -g -nostdlib -Wl,-Ttext=0x40080000 -Wl,-estart \
        -o "$BATS_TEST_TMPDIR/hi.elf" "$BATS_TEST_TMPDIR/hi.S"
    "$bin/esptool" --chip esp32 elf2image -o "$BATS_TEST_TMPDIR/hi.bin" "$BATS_TEST_TMPDIR/hi.elf"
    blank
    dd if="$BATS_TEST_TMPDIR/hi.bin" of="$board/flash.bin" bs=4096 seek=1 conv=notrunc status=none
}

@test "run shows the console and leaves the folder as it is" {
    program
    cp "$board/flash.bin" "$board/efuse.bin" "$BATS_TEST_TMPDIR"
    run "$bin/fusebox" board run "$board" --until Hi
    [ "$status" = 0 ]
    [[ "$output" == *"entry 0x4008"*"Hi"* ]]
    run "$bin/fusebox" board run "$board" --until Ho --ms 100
    [ "$status" = 2 ]
    [[ "$output" == *"did not say \`Ho\`"* ]]
    cmp "$board/flash.bin" "$BATS_TEST_TMPDIR/flash.bin"
    cmp "$board/efuse.bin" "$BATS_TEST_TMPDIR/efuse.bin"
}

@test "trace, calls and coverage name functions and lines" {
    program
    cd "$BATS_TEST_TMPDIR"
    "$bin/fusebox" board run "$board" --until Hi --elf hi.elf --trace trace --calls calls --coverage cov --ms 50
    grep -q 'PRO 40080[0-9a-f]* put+0x0 s32i' trace
    # start, put, start, put ...
    [ "$(awk '{ print $4 }' calls | head -n 5 | xargs)" = 'start put start put start' ]
    grep -q '^SF:.*hi.S$' cov
    grep -q '^DA:18,3$' cov # s32i
    grep -q '^DA:15,0$' cov # nop: never reached
    grep -q '^end_of_record$' cov
    run "$bin/fusebox" board run "$board" --coverage cov
    [ "$status" = 2 ]
    run "$bin/fusebox" board run "$board" --elf cov
    [ "$status" = 2 ]
    [ "${#lines[@]}" = 1 ]
}

@test "--why says which check, which bytes, expected and got" {
    program
    run "$bin/fusebox" board run "$board" --why --ms 300
    [[ "$output" == *"the bootloader refuses the partition table"* ]]
    printf '\0' | dd of="$board/flash.bin" bs=1 seek=$((0x1000)) conv=notrunc status=none
    run "$bin/fusebox" board run "$board" --why --ms 300
    [ "$status" = 0 ]
    [[ "$output" == *"no bootloader at 0x1000"*"expected e9 first, got 00"* ]]
}

@test "a recorded run is replayed bit for bit, also with faults" {
    "$bin/fusebox" board start "$board" --record "$board.rec" --fault tx=delay:2000:3
    [ "$(stat -c %a "$board.rec")" = 700 ]
    head -c 9000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    "$bin/esptool" --chip esp32 --port "board:$board" write_flash 0x20000 "$BATS_TEST_TMPDIR/data"
    "$bin/espefuse" --port "board:$board" --do-not-confirm burn_efuse JTAG_DISABLE
    "$bin/fusebox" board stop "$board"
    "$bin/fusebox" board run "$board.rec" --replay >"$BATS_TEST_TMPDIR/1"
    "$bin/fusebox" board run "$board.rec" --replay >"$BATS_TEST_TMPDIR/2"
    cmp "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
    # What is not the same is noticed.
    cp "$board.rec/inputs" "$BATS_TEST_TMPDIR/inputs"
    sed -i 's/^\(.* end [0-9]*\) .*/\1 0x00000000/' "$board.rec/inputs"
    run "$bin/fusebox" board run "$board.rec" --replay
    [ "$status" = 2 ]
    [[ "${lines[-1]}" == *"inputs: line "*"said something else"* ]]
    echo nonsense >"$board.rec/inputs"
    run "$bin/fusebox" board run "$board.rec" --replay
    [ "$status" = 2 ]
    [[ "${lines[-1]}" == *"inputs: line 1: not a recording"* ]]
    run "$bin/fusebox" board run "$board" --replay
    [ "$status" = 2 ]
    run "$bin/fusebox" board start "$board" --record "$board.rec" # exists
    [ "$status" = 2 ]
    [ ! -e "$board/board.run" ]
}

@test "why explains a stopped and a running board, and changes neither" {
    blank
    run "$bin/fusebox" board why "$board"
    [ "$status" = 0 ]
    [ "${lines[0]}" = 'the ROM found no bootloader at 0x1000' ]
    # A bootloader of a few instructions; behind it a table, and no image.
    program
    dd if="$vectors"/partition/classic.bin of="$board/flash.bin" bs=4096 seek=8 conv=notrunc status=none
    cp "$board/flash.bin" "$board/efuse.bin" "$BATS_TEST_TMPDIR"
    "$bin/fusebox" board start "$board"
    run "$bin/fusebox" board why "$board"
    echo "$output"
    [ "$status" = 0 ]
    [ "${lines[0]}" = 'the bootloader refuses every application' ]
    [[ "$output" == *"it said last: Hi"* ]]
    [[ "$output" == *"slot 0 at 0x10000 is refused"*"at 0x10000: wrong magic number; expected 0xe9, got 0xff"*"erased there"* ]]
    "$bin/fusebox" board stop "$board"
    cmp "$board/flash.bin" "$BATS_TEST_TMPDIR/flash.bin"
    cmp "$board/efuse.bin" "$BATS_TEST_TMPDIR/efuse.bin"
    run "$bin/fusebox" board why "$BATS_TEST_TMPDIR/none"
    [ "$status" = 2 ]
    [ "${#lines[@]}" = 1 ]
}
