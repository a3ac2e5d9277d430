#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fusebox board start --gdb: a debugger on TCP.

load ../support/common

setup() {
    enter
    board=$BATS_TEST_TMPDIR/b
}

# Sends a packet on descriptor 9; the answer is in $answer.
rsp() {
    local sum=0 i char
    for ((i = 0; i < ${#1}; i++)); do
        printf -v char %d "'${1:i:1}"
        sum=$(((sum + char) % 256))
    done
    printf '$%s#%02x' "$1" "$sum" >&9
    IFS= read -r -t 10 -d '#' answer <&9
    read -r -t 10 -N 2 _ <&9
    answer=${answer##*\$}
    printf + >&9
}

@test "a scripted debugger stops, looks, resets, and leaves" {
    run "$bin/fusebox" board start "$board" --gdb 0
    port=$(echo "$output" | sed -n 's/^GDB .*127.0.0.1:\([0-9]*\)$/\1/p')
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    rsp qSupported
    [[ "$answer" == PacketSize=* ]]
    rsp '?'
    [ "$answer" = 'T05thread:1;' ]
    rsp g
    [ "${#answer}" = 840 ]
    rsp M3ffb0000,4:01020304
    [ "$answer" = OK ]
    rsp m3ffb0001,2
    [ "$answer" = 0203 ]
    rsp qRcmd,7265736574
    [ "$answer" = OK ]
    # Held by the debugger it says nothing, let go it boots, stopped it waits.
    printf '$c#63' >&9
    "$bin/fusebox" board console "$board" --expect 'flash read err' --timeout 10
    printf '\003' >&9
    IFS= read -r -t 10 -d '#' answer <&9
    [ "${answer##*\$}" = 'T02thread:1;' ]
    read -r -t 10 -N 2 _ <&9
    # One debugger at a time; after it, the board runs again.
    exec 8<>"/dev/tcp/127.0.0.1/$port"
    run read -r -t 5 -N 1 -u 8
    [ "$status" = 1 ]
    exec 8>&- 9>&-
    run "$bin/esptool" --chip esp32 --port "board:$board" read_mac
    [ "$status" = 0 ]
    grep -q 'the debugger has left' "$board/board.log"
}

@test "GDB itself, where there is one for this chip" {
    gdb=$(command -v xtensa-esp32-elf-gdb || command -v gdb-multiarch || true)
    [ -n "$gdb" ] || skip "neither xtensa-esp32-elf-gdb nor gdb-multiarch is installed"
    "$gdb" -q -batch -ex 'set architecture xtensa' 2>&1 | grep -q 'assumed to be xtensa' ||
        skip "$gdb does not know xtensa"
    run "$bin/fusebox" board start "$board" --gdb 0
    port=$(echo "$output" | sed -n 's/^GDB .*127.0.0.1:\([0-9]*\)$/\1/p')
    run "$gdb" -q -batch -ex 'set architecture xtensa' -ex "target remote 127.0.0.1:$port" \
        -ex 'monitor why' -ex 'x/1xw 0x3ff48034' -ex 'detach'
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"0x3ff48034"* ]]
}
