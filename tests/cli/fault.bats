#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fusebox board start --fault: hardware that fails, and tools that have to cope.

load ../support/common

setup() {
    enter
    board=$BATS_TEST_TMPDIR/b
}

espefuse() {
    "$bin/espefuse" --port "board:$board" --do-not-confirm "$@"
}

@test "power lost in the middle of a burn: some bits, no more burns, dark" {
    "$bin/fusebox" board start "$board" --fault cut=during:burn:1 seed=3
    head -c 32 /dev/zero | tr '\0' Z >"$BATS_TEST_TMPDIR/key"
    run espefuse burn_key flash_encryption "$BATS_TEST_TMPDIR/key" --no-protect-key
    [ "$status" = 2 ]
    grep -q 'power lost' "$board/board.log"
    grep -q 'without power' "$board/board.log"
    # BLOCK1 of the file: neither empty nor whole; BLOCK0 as it was.
    key=$(od -An -tx1 -j 28 -N 32 "$board/efuse.bin" | tr -d ' \n')
    [ "$key" != "$(printf '0%.0s' $(seq 64))" ]
    [ "$key" != "$(printf '5a%.0s' $(seq 32))" ]
    [ "$(od -An -tx1 -N 4 "$board/efuse.bin")" = ' 00 00 00 00' ]
    # It is dark until it is reset, then it lives on with what it has.
    "$bin/fusebox" board reset "$board"
    run espefuse summary BLOCK1
    [ "$status" = 0 ]
}

@test "power lost in the middle of a write: the second try is whole" {
    "$bin/fusebox" board start "$board" --fault cut=during:program:20
    head -c 20000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    run timeout 60 "$bin/esptool" --chip esp32 --port "board:$board" write_flash -u 0x20000 "$BATS_TEST_TMPDIR/data"
    [ "$status" = 2 ]
    run ! cmp -s -n 20000 -i 131072:0 "$board/flash.bin" "$BATS_TEST_TMPDIR/data"
    "$bin/fusebox" board reset "$board"
    timeout 60 "$bin/esptool" --chip esp32 --port "board:$board" write_flash -u 0x20000 "$BATS_TEST_TMPDIR/data"
    cmp -n 20000 -i 131072:0 "$board/flash.bin" "$BATS_TEST_TMPDIR/data"
}

@test "a stuck flash bit is found by the verification after a write" {
    "$bin/fusebox" board start "$board" --fault stuck=flash:0x20010.3:0
    head -c 4096 /dev/zero | tr '\0' '\252' >"$BATS_TEST_TMPDIR/data"
    run timeout 60 "$bin/esptool" --chip esp32 --port "board:$board" write_flash 0x20000 "$BATS_TEST_TMPDIR/data"
    echo "$output"
    [ "$status" = 2 ]
}

@test "an eFuse bit that does not burn is not passed over" {
    "$bin/fusebox" board start "$board" --fault stuck=efuse:3.7:0
    head -c 32 /dev/zero | tr '\0' '\377' >"$BATS_TEST_TMPDIR/block"
    run espefuse burn_block_data BLOCK3 "$BATS_TEST_TMPDIR/block"
    echo "$output"
    [ "$status" = 2 ]
}

@test "a weak fuse bit reads differently twice" {
    "$bin/fusebox" board start "$board" --fault weak=efuse:3.7 seed=4
    for _ in 1 2 3 4 5 6 7 8; do
        "$bin/espefuse" --port "board:$board" summary --format value_only BLOCK3
    done | grep -E '^(80|00) 00 ' | sort | uniq -c >"$BATS_TEST_TMPDIR/seen"
    cat "$BATS_TEST_TMPDIR/seen"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/seen")" = 2 ]
}

@test "a fuse bit that differs between readings stops a burn before it" {
    "$bin/fusebox" board start "$board" --fault weak=efuse:3.7 seed=4
    run --separate-stderr espefuse burn_efuse JTAG_DISABLE
    echo "$stderr"
    [ "$status" = 2 ]
    [ "$stderr" = 'espefuse: BLOCK3: word 0, bits 0x00000080 read differently each time; nothing was burned' ]
    run grep -c 'efuse: ' "$board/board.log"
    [ "$output" = 0 ]
}

@test "a fuse bit that differs at read back is burned again, and told" {
    "$bin/fusebox" board start "$board" --fault weak=efuse:3.4 weak=efuse:3.5 \
        weak=efuse:3.6 weak=efuse:3.7 seed=4
    head -c 32 /dev/zero | tr '\0' '\377' >"$BATS_TEST_TMPDIR/block"
    run --separate-stderr espefuse burn_block_data BLOCK3 "$BATS_TEST_TMPDIR/block"
    echo "$stderr"
    [ "$status" = 2 ]
    [[ "$stderr" =~ ^'espefuse: BLOCK3: word 0, bits 0x000000'[1-9a-f]'0 read differently each time; nothing after it was burned'$ ]]
    [ "$(grep -c 'efuse: ' "$board/board.log")" = 3 ]
}

@test "a glitch of GPIO0 at the first reset only" {
    "$bin/fusebox" board start "$board" --fault strap=0x10:1
    "$bin/fusebox" board console "$board" --expect 'boot:0x3 (DOWNLOAD_BOOT'
    "$bin/fusebox" board reset "$board"
    "$bin/fusebox" board console "$board" --expect 'boot:0x13 (SPI_FAST_FLASH_BOOT)'
}

@test "a brown-out in a burn: the board goes on, the burn is not whole" {
    "$bin/fusebox" board start "$board" --fault brownout=burn:1 seed=3
    head -c 32 /dev/zero | tr '\0' Z >"$BATS_TEST_TMPDIR/block"
    run espefuse burn_block_data BLOCK3 "$BATS_TEST_TMPDIR/block"
    echo "$output"
    [ "$status" = 0 ] # the tool burned again what did not take
    grep -q 'brown-out' "$board/board.log"
    [ "$(grep -c 'efuse: ' "$board/board.log")" -ge 2 ]
}

@test "a line that delays bytes only takes longer" {
    "$bin/fusebox" board start "$board" --fault rx=delay:500:3 tx=delay:500:3
    head -c 5000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    timeout 60 "$bin/esptool" --chip esp32 --port "board:$board" write_flash 0x20000 "$BATS_TEST_TMPDIR/data"
    cmp -n 5000 -i 131072:0 "$board/flash.bin" "$BATS_TEST_TMPDIR/data"
}

@test "a line that loses bytes: whole or an error, never wrong in silence" {
    "$bin/fusebox" board start "$board" --fault rx=lose:3000 seed=2
    head -c 5000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    run timeout 60 "$bin/esptool" --chip esp32 --port "board:$board" write_flash 0x20000 "$BATS_TEST_TMPDIR/data"
    echo "$output"
    if [ "$status" = 0 ]; then
        cmp -n 5000 -i 131072:0 "$board/flash.bin" "$BATS_TEST_TMPDIR/data"
    else
        [ "$status" = 2 ]
    fi
}

@test "nonsense is refused before anything is made" {
    for spec in cut=before:program stuck=flash:0x10.9:0 smoke=1; do
        run "$bin/fusebox" board start "$board" --fault "$spec"
        [ "$status" = 2 ]
        [ "${#lines[@]}" = 1 ]
        [[ "$output" == *"$spec"* ]]
        [ ! -e "$board" ]
    done
    run "$bin/fusebox" board start "$board" --fault flip=0x400000.0
    [ "$status" = 2 ]
    [[ "$output" == *"outside the board's flash"* ]]
}
