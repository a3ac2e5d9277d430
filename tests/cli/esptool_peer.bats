#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# esptool beside the Python tool: on random input both must write the same
# files, and leave the same flash and fuses on a virtual board each.
# PEER_ESPTOOL names the Python tool (version 5):
#
#     PEER_ESPTOOL='python3 -m esptool' bats tests/cli/esptool_peer.bats
#
# PEER_ROUNDS: how many inputs a test tries.

load peer

setup() {
    needs PEER_ESPTOOL
    enter_beside
}

# run_both OPTIONS OPTIONS COMMAND...: ours with the first, theirs with the others.
run_both() {
    local ours=$1 theirs=$2
    shift 2
    beside "$bin/esptool $ours" "$PEER_ESPTOOL $theirs" "$@"
}

offline() {
    run_both '--chip esp32' '--chip esp32' "$@"
}

both() {
    run_both "--port $our_board" "--port $their_board" "$@"
    same_boards
}

@test "peer: images from ELF files" {
    for elf in small tiny; do
        give $elf.elf <"$vectors/image/$elf.elf"
        offline elf2image $elf.elf
        offline elf2image -o a --use-segments -ff 80m -fm dio -fs 4MB $elf.elf
        offline elf2image -o b --secure-pad --min-rev 1 $elf.elf
        offline elf2image -o c --secure-pad-v2 --min-rev-full 100 --max-rev-full 399 $elf.elf
        # Together the Python tool overwrites the image with its padding.
        offline elf2image -o d --dont-append-digest $elf.elf
        offline elf2image -o f --pad-to-size 1MB $elf.elf
        offline elf2image -o e --ram-only-header --flash-mmu-page-size 64KB $elf.elf
        for file in $elf.bin a b c d e f; do
            offline image-info $file
            same_lines '^(Entry|Segments|Flash|Checksum|Validation|Segment|  +[0-9])'
        done
    done
}

@test "peer: merged files" {
    for ((i = 0; i < rounds; i++)); do
        head -c "$(random 1 40000)" /dev/urandom | give x
        head -c "$(random 1 40000)" /dev/urandom | give y
        give boot <"$vectors/image/tiny.bin"
        offline merge-bin -o raw 0x1000 boot 0x20000 x 0x30000 y
        offline merge-bin -o raw2 --pad-to-size 1MB --target-offset 0x1000 -fs 4MB -ff 80m 0x1000 boot 0x20000 x
        offline merge-bin -o uf2 -f uf2 0x1000 boot 0x20000 x
        offline merge-bin -o uf2b -f uf2 --chunk-size 0x100 --md5-disable 0x20000 x
        offline merge-bin -o hex -f hex 0x1000 boot 0x20000 x 0x30001 y
        offline merge-bin -o again 0x0 hex
        refused offline merge-bin -o never 0x1000 x 0x1000 y
    done
}

@test "peer: what a board is" {
    boards
    both read-mac
    same_lines '^(Chip type|Features|Crystal|MAC)'
    both flash-id
    same_lines '^(Manufacturer|Device:|Detected)'
    both read-flash-status --bytes 2
    both read-mem 0x3FF5A004
    both dump-mem 0x3FF5A000 32 fuses
    both write-mem 0x3FFB0000 0x12345678
    refused both get-security-info
    both chip-id
}

@test "peer: random writes, with and without the stub" {
    boards
    for ((i = 0; i < rounds; i++)); do
        head -c "$(random 1 30000)" /dev/urandom | give noise
        head -c "$(random 1 200000)" "$bin/fusebox" | give code
        at=$(($(random 1 100) * 4096))
        both write-flash $at noise 0x100000 code
        both verify-flash $at noise 0x100000 code
        refused both verify-flash $at code
        both --no-stub write-flash 0x200000 noise
        both --baud 460800 write-flash --no-compress 0x180000 code
        both erase-region $at 0x1000
        both write-flash --skip-flashed 0x100000 code $at noise
        both read-flash $at 10000 back
        both --no-stub read-flash 0x200000 3000 slow
    done
    refused both erase-region 0x1001 0x1000
    refused both write-flash 0x3FF000 code
    refused both write-flash 0x100000 code 0x101000 noise
    refused both write-flash --encrypt 0x10000 noise
    both erase-flash
}

@test "peer: memory, status registers, programs in RAM" {
    boards
    both --no-stub --after no-reset write-mem 0x3FFF0000 0x11223344
    both --no-stub --before no-reset --after no-reset write-mem 0x3FFF0000 0xA5A5A5A5 0xFFFF
    both --no-stub --before no-reset read-mem 0x3FFF0000
    same_lines '0x3fff0000'
    grep -q 0x1122a5a5 ours.log
    both dump-mem 0x40000000 0x1000 rom
    both --no-stub dump-mem 0x40000400 64 rom64
    both write-flash-status --bytes 1 0x1C
    both read-flash-status
    same_lines '^Flash memory status'
    both write-flash-status --non-volatile --bytes 2 0x0200
    both read-flash-status --bytes 2
    same_lines '^Flash memory status'
    both write-flash-status --bytes 2 0x0
    refused both read-flash-sfdp 0 16 # no more than 4 bytes
    both read-flash-sfdp 0 4
    same_lines '^Flash memory SFDP'
    give ram <"$vectors/image/tiny.bin"
    both load-ram ram
    both --no-stub load-ram ram
    give not-ram <"$vectors/image/small.plain.bin"
    refused both load-ram not-ram
    both run
    both --no-stub run
    both erase-region 0x10000 0x2000
    both --no-stub erase-region 0x20000 0x1000
}

@test "peer: a pty, and a chip that is not reset" {
    boards
    pty() {
        run_both '--port ../board.ours/uart' '--port ../board.theirs/uart' "$@"
        same_boards
    }
    pty read-mac
    same_lines '^(Chip type|MAC)'
    head -c 5000 "$bin/fusebox" | give code
    pty write-flash 0x10000 code
    pty --before no-reset --after no-reset-stub flash-id
    # Without --no-stub the Python tool waits for ever for a second stub.
    pty --before no-reset-no-sync --no-stub read-mem 0x3FF5A004
    same_lines '0x3ff5a004'
    pty --before no-reset --no-stub read-flash 0x10000 500 back
    both --no-stub --after no-reset read-mac
    both --before no-reset-no-sync --no-stub read-mem 0x3FF5A004
    same_lines '0x3ff5a004'
}

@test "peer: the header of a bootloader" {
    boards
    give boot <"$vectors/image/tiny.bin"
    both write-flash -fs detect -fm dio -ff 80m 0x1000 boot
    both write-flash -fs 2MB 0x1000 boot
    both write-flash -fs keep 0x1000 boot
    both write-flash -fm dout 0x10000 boot
    both verify-flash -fm dout 0x10000 boot
}

@test "peer: an update beside what was there" {
    boards
    head -c 50000 "$bin/fusebox" | give old
    (head -c 20000 "$bin/fusebox"; echo new; tail -c +20005 ours/old) | give new
    both write-flash 0x10000 old 0x40000 old
    both write-flash 0x10000 new 0x40000 old --diff-with old skip
    both write-flash 0x10000 new --diff-with new --trust-flash-content
    refused both write-flash 0x10000 new --trust-flash-content
    both write-flash 0x40000 new --diff-with new
}

@test "peer: a board that encrypts" {
    boards
    head -c 32 /dev/urandom >key
    for side in ours theirs; do
        "$bin/espefuse" --port board:board.$side --do-not-confirm burn-key flash_encryption key \
            burn-efuse FLASH_CRYPT_CONFIG 0xF FLASH_CRYPT_CNT 1 >/dev/null
    done
    head -c 30000 "$bin/fusebox" | give code
    both write-flash --encrypt 0x20000 code
    refused both write-flash --encrypt 0x20010 code
    "$bin/espsecure" encrypt-flash-data -k key -a 0x20000 --pad ff -o cipher ours/code >/dev/null
    cmp -n 29984 cipher <(tail -c +$((0x20001)) board.ours/flash.bin)
    refused both erase-flash
}
