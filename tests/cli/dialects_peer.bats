#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The command lines of classic instructions, through ours and through the
# versions they were written for, on equal input: the same files, flash and
# fuses, or the same refusal. PEER_V2, PEER_V3 and PEER_V4 name the trees of
# versions 2.8, 3.3.3 and 4.11, PEER_PYTHON what runs their scripts:
#
#     PEER_V2=esptool-2.8 PEER_V4=esptool-4.11 bats tests/cli/dialects_peer.bats
#
# Where ours differs on purpose, the man pages say so.

load peer

setup() {
    enter_beside
}

# with VERSION: the tree of that version is in $tree, or the test is skipped.
with() {
    local name=PEER_V$1
    needs "$name"
    tree=$(cd "$root" && cd "${!name}" && pwd)
    chip='' confirm=--do-not-confirm
    [ "$1" = 2 ] || chip='--chip esp32'
}

# both TOOL ARGUMENT...; our_port and their_port come first where they are set.
both() {
    local tool=$1 more=
    shift
    case $tool in espefuse) more=$confirm ;; esac
    beside "$bin/$tool $our_port $more" \
        "${PEER_PYTHON:-python3} $tree/$tool.py $their_port $more" "$@"
}

on_boards() {
    our_port="--port $our_board" their_port="--port $their_board" both "$@"
    same_boards
}

# Keys of theirs for both: key.pem, key.bin, iv.
keys() {
    "${PEER_PYTHON:-python3}" "$tree/espsecure.py" generate_signing_key "$@" key.pem >/dev/null
    give key.pem <key.pem
    "${PEER_PYTHON:-python3}" "$tree/espsecure.py" generate_flash_encryption_key key.bin >/dev/null
    give key.bin <key.bin
    head -c 128 /dev/urandom | give iv
}

# What all versions say in the same words; sign: the words that they sign with.
secure() {
    local sign=$1
    keys
    give boot <"$vectors/image/tiny.bin"
    give app <"$vectors/image/small.plain.bin"
    both espsecure extract_public_key --keyfile key.pem pub
    both espsecure digest_private_key --keyfile key.pem digest
    both espsecure digest_private_key --keyfile key.pem --keylen 192 digest192
    # shellcheck disable=SC2086
    both espsecure sign_data $sign --keyfile key.pem --output signed app
    # shellcheck disable=SC2086
    both espsecure verify_signature $sign --keyfile key.pem signed
    # shellcheck disable=SC2086
    both espsecure verify_signature $sign --keyfile pub signed
    # shellcheck disable=SC2086
    refused both espsecure verify_signature $sign --keyfile pub app
    both espsecure digest_secure_bootloader --keyfile digest --iv iv --output digested boot
    both espsecure digest_secure_bootloader -k digest192 --iv iv -o digested192 boot
    head -c 8192 "$bin/fusebox" | give plain
    both espsecure encrypt_flash_data --keyfile key.bin --address 0x10000 -o cipher plain
    both espsecure encrypt_flash_data -k key.bin -a 0x1010 --flash_crypt_conf 0x3 -o cipher3 plain
    both espsecure decrypt_flash_data --keyfile key.bin --address 0x10000 -o back cipher
    refused both espsecure encrypt_flash_data --keyfile key.bin --address 0x10001 -o never plain
    # shellcheck disable=SC2086
    both espsecure sign_data app $sign --keyfile key.pem # in place
}

@test "dialect 2: keys, signatures, digests, encryption" {
    with 2
    secure ""
}

@test "dialect 3: keys, signatures, digests, encryption" {
    with 3
    secure "--version 1"
}

@test "dialect 4: keys, signatures, digests, encryption" {
    with 4
    secure "--version 1"
}

@test "dialect 2: the fuses of the classic instructions" {
    with 2
    keys
    boards
    both espsecure digest_private_key --keyfile key.pem digest
    on_boards espefuse burn_key flash_encryption key.bin
    on_boards espefuse burn_key secure_boot digest
    on_boards espefuse burn_efuse FLASH_CRYPT_CNT
    on_boards espefuse burn_efuse FLASH_CRYPT_CONFIG 0x0F
    on_boards espefuse burn_efuse ABS_DONE_0
    on_boards espefuse burn_efuse JTAG_DISABLE
    on_boards espefuse burn_efuse DISABLE_DL_ENCRYPT
    on_boards espefuse write_protect_efuse FLASH_CRYPT_CNT
    refused on_boards espefuse burn_efuse FLASH_CRYPT_CNT
    refused on_boards espefuse burn_key flash_encryption key.bin
    refused on_boards espefuse burn_efuse NO_SUCH_FUSE
}

@test "dialect 2: blocks by number, data, MAC, voltage" {
    with 2
    keys
    boards
    on_boards espefuse burn_key BLK1 key.bin
    on_boards espefuse burn_key --no-protect-key BLK2 key.bin
    on_boards espefuse read_protect_efuse BLK2
    on_boards espefuse burn_custom_mac 24:0a:c4:00:11:22
    on_boards espefuse get_custom_mac
    on_boards espefuse set_flash_voltage 3.3V
    refused on_boards espefuse set_flash_voltage OFF
    on_boards espefuse dump
    on_boards espefuse adc_info
}

@test "dialect 2: a third key, block data" {
    with 2
    keys
    boards
    on_boards espefuse burn_key BLK3 key.bin
    refused on_boards espefuse burn_block_data --offset 4 BLK2 key.bin
    head -c 28 ours/key.bin | give data
    on_boards espefuse burn_block_data --offset 4 BLK2 data
}

# The fuses that both name have the same values; ours has the names of version
# 5 (CHIP_VERSION of version 3 became several).
same_values() {
    # shellcheck disable=SC2086
    (cd ours && "$bin/espefuse" $our_port summary --format json --file ../ours.json) >/dev/null
    # shellcheck disable=SC2086
    (cd theirs && "${PEER_PYTHON:-python3}" "$tree/espefuse.py" $their_port summary --format json --file ../theirs.json) >/dev/null
    [ "$(jq length theirs.json)" -gt 30 ]
    differing=$(jq -rn --slurpfile o ours.json --slurpfile t theirs.json '$t[0] | to_entries[]
        | select(.key != "CHIP_VERSION" and $o[0][.key].value != .value.value) | .key')
    [ -z "$differing" ] || { echo "$differing" >&2; return 1; }
}

# Versions 3 and 4 have virtual fuses.
virtual() {
    keys
    both espsecure digest_private_key --keyfile key.pem digest
    our_port='--chip esp32 --virt --path-efuse-file fuses'
    their_port=$our_port
    both espefuse burn_key flash_encryption key.bin
    both espefuse burn_key secure_boot_v1 digest
    both espefuse burn_key --no-protect-key BLOCK3 digest
    refused both espefuse burn_key flash_encryption digest
    both espefuse burn_efuse FLASH_CRYPT_CNT 1
    both espefuse burn_efuse FLASH_CRYPT_CONFIG 0xF JTAG_DISABLE 1
    both espefuse burn_efuse ABS_DONE_0 1
    both espefuse write_protect_efuse FLASH_CRYPT_CNT
    refused both espefuse burn_efuse FLASH_CRYPT_CNT 3
    rm ours/fuses theirs/fuses
    both espefuse burn_key BLOCK1 key.bin
    both espefuse burn_bit BLOCK2 0 31 32 255
    both espefuse burn_custom_mac 24:0a:c4:00:11:22
    both espefuse set_flash_voltage 3.3V
    refused both espefuse burn_efuse NO_SUCH_FUSE 1
    same_values
}

@test "dialect 3: fuses" {
    with 3
    virtual
    # As version 2: without a value the next bit.
    rm ours/fuses theirs/fuses
    both espefuse burn_efuse FLASH_CRYPT_CNT
    both espefuse burn_efuse FLASH_CRYPT_CNT
    both espefuse burn_efuse ABS_DONE_0
}

@test "dialect 4: fuses" {
    with 4
    virtual
    both espefuse --postpone burn_efuse FLASH_CRYPT_CNT 3 UART_DOWNLOAD_DIS 1 CONSOLE_DEBUG_DISABLE 1
    both espefuse dump --file_name d # version 3 puts the number before the name
}

# One board each: write, read, erase. Versions 2 and 3 leave the hash alone
# when they change an image's header: there the header is kept.
flash() { # OPTION OF WRITE_FLASH...
    boards
    give boot <"$vectors/image/tiny.bin"
    head -c 40000 "$bin/fusebox" | give app
    on_boards esptool $chip --baud 460800 write_flash -z "$@" 0x1000 boot 0x10000 app
    on_boards esptool $chip verify_flash 0x10000 app
    refused on_boards esptool $chip verify_flash --diff yes 0x20000 app
    on_boards esptool $chip write_flash -u 0x30000 app
    on_boards esptool $chip read_flash 0x10000 0x1000 back
    on_boards esptool $chip erase_region 0x10000 0x1000
    refused on_boards esptool $chip erase_region 0x10001 0x1000
    on_boards esptool $chip dump_mem 0x3FF5A000 32 fuses
    on_boards esptool $chip read_flash_status --bytes 2
    on_boards esptool $chip --before default_reset --after no_reset flash_id
    on_boards esptool $chip --no-stub write_flash 0x40000 boot
    on_boards esptool $chip erase_flash
    on_boards esptool $chip write_flash --flash_size keep 0x1000 boot
}

@test "dialect 2: flash" {
    with 2
    flash --flash_mode keep --flash_freq keep --flash_size keep
}

@test "dialect 3: flash" {
    with 3
    flash --flash_mode keep --flash_freq keep --flash_size keep
}

@test "dialect 4: flash" {
    with 4
    flash --flash_mode dio --flash_freq 80m --flash_size detect
}

# Secure boot V1 on, reflashable: a digested bootloader goes to 0x0.
secured() { # OPTION...
    keys
    both espsecure digest_private_key --keyfile key.pem digest
    give boot <"$vectors/image/tiny.bin"
    both espsecure digest_secure_bootloader --keyfile digest --iv iv --output digested boot
    boards
    on_boards espefuse burn_key secure_boot$sb digest
    on_boards espefuse burn_efuse ABS_DONE_0 1
    on_boards esptool $chip write_flash --flash_size detect "$@" 0x0 digested
}

@test "dialect 2: a digest at 0x0 after secure boot is on" {
    with 2
    sb='' secured
}

@test "dialect 4: a digest at 0x0 after secure boot is on" {
    with 4
    sb=_v1 secured --force
}

images() {
    for elf in small tiny; do
        give $elf.elf <"$vectors/image/$elf.elf"
        both esptool --chip esp32 elf2image -o a "$@" $elf.elf
        both esptool --chip esp32 elf2image -o b --secure-pad --flash_mode dio --flash_freq 80m --flash_size 4MB "$@" $elf.elf
        both esptool --chip esp32 image_info a
        diff <(grep -oE 'Checksum: .*|alidation [Hh]ash: .*' ours.log | sed 's/0x//;s/H/h/') \
            <(grep -oE 'Checksum: .*|alidation [Hh]ash: .*' theirs.log | sed 's/0x//;s/H/h/')
    done
}

@test "dialect 3: images" {
    with 3
    images
    both esptool --chip esp32 merge_bin -o m --fill-flash-size 1MB 0x1000 a 0x20000 b
}

@test "dialect 4: images" {
    with 4
    images
    both esptool --chip esp32 merge_bin -o m --fill-flash-size 1MB --flash_mode dio 0x1000 a 0x20000 b
    both esptool --chip esp32 merge_bin -o u -f uf2 0x1000 a 0x20000 b
    both esptool --chip esp32 image_info --version 2 a
    diff <(grep -E '^(Entry|Segments:|Flash|Minimal| +[0-9])' ours.log) <(grep -E '^(Entry|Segments:|Flash|Minimal| +[0-9])' theirs.log)
    both esptool --chip esp32 make_image -f a -a 0x40100000 -f b -a 0x40210000 -e 0x40100004 out
}

@test "dialect 2: images" {
    with 2
    head -c 5000 "$bin/fusebox" | give x
    both esptool --chip esp32 make_image -f x -a 0x40100000 -e 0x40100004 out
    # The header of version 2 has no revisions times 100.
    for elf in small tiny; do
        give $elf.elf <"$vectors/image/$elf.elf"
        (cd ours && "$bin/esptool" --chip esp32 elf2image --max-rev-full 0 -o $elf.bin $elf.elf) >/dev/null
        (cd theirs && "${PEER_PYTHON:-python3}" "$tree/esptool.py" --chip esp32 elf2image -o $elf.bin $elf.elf) >/dev/null
        cmp ours/$elf.bin theirs/$elf.bin
    done
    both esptool --chip esp32 image_info small.bin
}
