#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fusebox board: a board folder, its ports, and what can go wrong.

load ../support/common

setup() {
    enter
    board=$BATS_TEST_TMPDIR/b
}

@test "a new board is blank and keeps its state over stop and start" {
    "$bin/fusebox" board start "$board" --mac 24:0a:c4:00:11:22
    run "$bin/espefuse" --port "$board/uart" summary MAC
    [ "$status" = 0 ]
    [[ "$output" == *"24:0a:c4:00:11:22 (CRC 0x"*" OK)"* ]]
    "$bin/espefuse" --port "$board/uart" --do-not-confirm burn_efuse JTAG_DISABLE
    "$bin/fusebox" board stop "$board"
    [ ! -e "$board/board.run" ]
    "$bin/fusebox" board start "$board"
    run "$bin/espefuse" --port "$board/uart" summary --format value_only JTAG_DISABLE
    [ "${lines[-1]}" = True ]
    [ "$(tr -d '\377' <"$board/flash.bin" | wc -c)" = 0 ]
}

@test "a board in the background holds nobody's pipe open" {
    # cat ends when the last writer is gone: fd 9 is one.
    { timeout 60 "$bin/fusebox" board start "$board" >started; } 9>&1 |
        timeout 20 cat
    [ "${PIPESTATUS[*]}" = '0 0' ]
    [ -e "$board/board.run" ]
}

@test "pty, socket, RFC 2217 and board: reach the same chip" {
    run "$bin/fusebox" board start "$board"
    socket=$(echo "$output" | grep -o 'socket://[^ ]*')
    rfc2217=$(echo "$output" | grep -o 'rfc2217://[^ ]*')
    for port in "$board/uart" "$socket" "$rfc2217" "board:$board"; do
        run "$bin/esptool" --chip esp32 --port "$port" read_mac
        echo "$port: $output"
        [ "$status" = 0 ]
        [[ "$output" == *"MAC: "*"02:"* ]]
    done
}

@test "flash written through one port reads back through another" {
    "$bin/fusebox" board start "$board"
    head -c 20000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    "$bin/esptool" --chip esp32 --port "$board/uart" write_flash 0x20000 "$BATS_TEST_TMPDIR/data"
    "$bin/esptool" --chip esp32 --port "board:$board" read_flash 0x20000 20000 "$BATS_TEST_TMPDIR/back"
    cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/back"
    "$bin/fusebox" board stop "$board"
    cmp -n 20000 -i 131072:0 "$board/flash.bin" "$BATS_TEST_TMPDIR/data"
}

@test "boards that start together share a process and stop on their own" {
    a=$board.1 b=$board.2 c=$board.3
    "$bin/fusebox" board start "$a" "$b" "$c"
    pid=$(grep '^pid' "$a/board.run")
    [ "$(grep '^pid' "$b/board.run")" = "$pid" ]
    [ "$(grep '^pid' "$c/board.run")" = "$pid" ]
    for dir in "$a" "$b" "$c"; do
        "$bin/esptool" --chip esp32 --port "board:$dir" read_mac
    done
    "$bin/fusebox" board stop "$b"
    [ ! -e "$b/board.run" ]
    "$bin/fusebox" board start "$b" # its folder is free
    "$bin/fusebox" board stop "$b"
    run "$bin/fusebox" board status "$a" "$b"
    [ "$status" = 2 ]
    [[ "$output" == *"$b: the board is not running"* ]]
    "$bin/esptool" --chip esp32 --port "board:$c" read_mac
    "$bin/fusebox" board stop "$a" "$c"
    # One that cannot start keeps the others from starting, and leaves nothing.
    rm "$b/flash.bin"
    run "$bin/fusebox" board start "$a" "$b"
    [ "$status" = 2 ]
    [[ "$output" == *"flash.bin"* ]]
    [ ! -e "$a/board.run" ]
    run "$bin/fusebox" board console "$a" "$c"
    [ "$status" = 2 ]
    run "$bin/fusebox" board start "$a" "$c" --mac 24:0a:c4:00:11:22
    [ "$status" = 2 ]
}

@test "a second process does not get the folder" {
    "$bin/fusebox" board start "$board"
    run "$bin/fusebox" board start "$board"
    [ "$status" = 2 ]
    [[ "$output" == *"another process"* ]]
}

@test "commands to a board that does not run say so" {
    for action in stop reset status; do
        run "$bin/fusebox" board $action "$board"
        [ "$status" = 2 ]
        [ "${#lines[@]}" = 1 ]
    done
    run "$bin/fusebox" board dance "$board"
    [ "$status" = 2 ]
}

@test "a damaged folder is refused and left as it is" {
    "$bin/fusebox" board start "$board"
    "$bin/fusebox" board stop "$board"
    head -c 1000 "$board/flash.bin" >"$BATS_TEST_TMPDIR/short"
    cp "$BATS_TEST_TMPDIR/short" "$board/flash.bin"
    run "$bin/fusebox" board start "$board"
    [ "$status" = 2 ]
    [[ "$output" == *"flash.bin"*"1000 bytes"* ]]
    cmp "$board/flash.bin" "$BATS_TEST_TMPDIR/short"
    echo 'flash_size = 3' >"$board/board.ini"
    run "$bin/fusebox" board start "$board"
    [ "$status" = 2 ]
    [[ "$output" == *"board.ini"*"line 1"* ]]
}

@test "an eFuse file of another size or format is refused and left as it is" {
    "$bin/fusebox" board start "$board"
    "$bin/fusebox" board stop "$board"
    cp "$board/efuse.bin" "$BATS_TEST_TMPDIR/good"
    head -c 123 "$BATS_TEST_TMPDIR/good" >"$BATS_TEST_TMPDIR/bad1"
    head -c 300 /dev/zero >"$BATS_TEST_TMPDIR/bad2"
    : >"$BATS_TEST_TMPDIR/bad3"
    for bad in "$BATS_TEST_TMPDIR"/bad?; do
        cp "$bad" "$board/efuse.bin"
        run "$bin/fusebox" board start "$board"
        [ "$status" = 2 ]
        [ "${#lines[@]}" = 1 ]
        [[ "$output" == *"efuse.bin: not an eFuse file of 124 bytes" ]]
        cmp "$board/efuse.bin" "$bad"
        run "$bin/fusebox" board run "$board"
        [ "$status" = 2 ]
    done
}

@test "garbage on the UART: the board answers afterwards" {
    run "$bin/fusebox" board start "$board"
    socket=$(echo "$output" | grep -o 'socket://[^ ]*')
    at=${socket#socket://}
    for seed in 1 2 3; do
        openssl enc -aes-128-ctr -K 0$seed -iv 0 -in /dev/zero 2>/dev/null |
            head -c 50000 >"/dev/tcp/${at%:*}/${at#*:}"
        "$bin/esptool" --chip esp32 --port "$socket" read_mac
    done
    # In the middle of the loader's own frames, too.
    "$bin/fusebox" board reset "$board" --download
    head -c 20000 /dev/urandom | sed 's/\x00/\xc0/g' >"$board/uart"
    "$bin/esptool" --chip esp32 --port "board:$board" read_mac
}

@test "a process that is killed leaves a board with what it had written" {
    "$bin/fusebox" board start "$board"
    head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    "$bin/espefuse" --port "board:$board" --do-not-confirm burn_efuse JTAG_DISABLE
    "$bin/esptool" --chip esp32 --port "board:$board" write_flash -u 0x20000 "$BATS_TEST_TMPDIR/data" >/dev/null 2>&1 &
    until [ "$(od -An -tx1 -j 131072 -N 1 "$board/flash.bin")" != ' ff' ]; do
        sleep 0.01
    done
    kill -9 "$(sed -n 's/^pid = //p' "$board/board.run")"
    wait || true
    # What is there is a part of it, torn at most in its last 4 KiB.
    n=$(head -c 431072 "$board/flash.bin" | tail -c 300000 | cmp - "$BATS_TEST_TMPDIR/data" | sed 's/.*byte \([0-9]*\),.*/\1/')
    n=${n:-300001}
    [ "$n" -gt 1 ]
    if [ "$n" -lt 290000 ]; then
        rest=$(head -c 431072 "$board/flash.bin" | tail -c $((300000 - n - 65536 > 0 ? 300000 - n - 65536 : 0)) | tr -d '\377' | wc -c)
        [ "$rest" = 0 ]
    fi
    "$bin/fusebox" board start "$board"
    run "$bin/espefuse" --port "board:$board" summary --format value_only JTAG_DISABLE
    [ "${lines[-1]}" = True ]
    "$bin/esptool" --chip esp32 --port "board:$board" write_flash -u 0x20000 "$BATS_TEST_TMPDIR/data"
}

@test "a blank board says why it does not boot, and keeps being reset" {
    "$bin/fusebox" board start "$board"
    run "$bin/fusebox" board console "$board" --expect 'flash read err, 1000' --timeout 10
    [ "$status" = 0 ]
    [[ "$output" == *"ets Jun  8 2016"* ]]
}

@test "console --expect gives up with an error" {
    "$bin/fusebox" board start "$board"
    run "$bin/fusebox" board console "$board" --expect 'never said' --timeout 1
    [ "$status" = 2 ]
    [[ "$output" == *"did not say"* ]]
}

@test "a port that vanishes in mid-transfer is one line, exit status 2" {
    "$bin/fusebox" board start "$board"
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    "$bin/esptool" --chip esp32 --port "$board/uart" write_flash -u 0x20000 \
        "$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
    pid=$!
    for _ in $(seq 100); do
        sleep 0.05
        if [ "$(od -An -tx1 -j 131072 -N 4 "$board/flash.bin")" != " ff ff ff ff" ]; then
            break
        fi
    done
    "$bin/fusebox" board stop "$board"
    status=0
    wait $pid || status=$?
    cat "$BATS_TEST_TMPDIR/err"
    [ "$status" = 2 ]
    grep -q "^esptool.*$board/uart" "$BATS_TEST_TMPDIR/err"
}

@test "bytes that take their time are the same bytes" {
    "$bin/fusebox" board start "$board" --line-rate
    head -c 3000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
    rfc2217=$(sed -n 's/^rfc2217 = //p' "$board/board.run")
    for port in "$board/uart" "rfc2217://127.0.0.1:$rfc2217"; do
        "$bin/esptool" --port "$port" --baud 921600 --no-stub write-flash 0x10000 "$BATS_TEST_TMPDIR/noise"
        "$bin/esptool" --port "$port" --no-stub read-flash 0x10000 3000 "$BATS_TEST_TMPDIR/back"
        cmp "$BATS_TEST_TMPDIR/noise" "$BATS_TEST_TMPDIR/back"
    done
    run "$bin/esptool" --port "board:$board" --baud 0x12C000 read-mac
    [ "$status" = 0 ]
    "$bin/fusebox" board reset "$board" --download
    "$bin/fusebox" board console "$board" --expect 'waiting for download' --timeout 20
}
