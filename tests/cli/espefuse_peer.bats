#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# espefuse beside the Python tool: random sequences of burns on virtual fuses
# must leave the same file, byte for byte. PEER_ESPEFUSE names it:
#
#     PEER_ESPEFUSE='python3 /path/to/esptool/espefuse.py' bats tests/cli/espefuse_peer.bats

load common

setup() {
    enter
    [ -n "${PEER_ESPEFUSE:-}" ] || skip "PEER_ESPEFUSE does not name the Python tool"
}

# both COMMAND...: the same command on both files; both do it or neither.
both() {
    local ours=0 theirs=0
    "$bin/espefuse" --chip esp32 --virt --path-efuse-file ours.bin --do-not-confirm "$@" >ours.txt 2>&1 || ours=$?
    $PEER_ESPEFUSE --chip esp32 --virt --path-efuse-file theirs.bin --do-not-confirm "$@" >theirs.txt 2>&1 || theirs=$?
    echo "$*: ours $ours, theirs $theirs" >&2
    [ "$((ours != 0))" = "$((theirs != 0))" ] || {
        tail -n 5 ours.txt theirs.txt >&2
        return 1
    }
    cmp ours.bin theirs.bin
}

# A random value from 1 to 2^bits - 1.
some() {
    echo $((RANDOM % ((1 << $1) - 1) + 1))
}

@test "peer: random fields in random order" {
    for round in 1 2 3; do
        rm -f ours.bin theirs.bin
        for name in $(printf '%s\n' JTAG_DISABLE:1 CONSOLE_DEBUG_DISABLE:1 \
            DISABLE_DL_ENCRYPT:1 DISABLE_DL_DECRYPT:1 DISABLE_DL_CACHE:1 \
            FLASH_CRYPT_CONFIG:4 FLASH_CRYPT_CNT:7 ABS_DONE_0:1 \
            DISABLE_SDIO_HOST:1 WR_DIS:1 XPD_SDIO_FORCE:1 | shuf); do
            both burn_efuse "${name%:*}" "$(some "${name#*:}")"
        done
    done
}

@test "peer: keys, protected and not" {
    for block in flash_encryption secure_boot_v1 BLOCK3; do
        head -c 32 /dev/urandom >"$block.key"
    done
    both burn_key flash_encryption flash_encryption.key
    both burn_key --no-protect-key secure_boot_v1 secure_boot_v1.key
    both burn_key BLOCK3 BLOCK3.key
    both burn_key flash_encryption secure_boot_v1.key
    both read_protect_efuse BLOCK2
    both write_protect_efuse FLASH_CRYPT_CNT
    both burn_efuse FLASH_CRYPT_CNT 1
}

@test "peer: block data, bits, MAC, voltage" {
    head -c 32 /dev/urandom >data
    both burn_block_data BLOCK1 data
    both burn_bit BLOCK2 0 31 32 255
    both burn_custom_mac 24:0a:c4:00:11:22
    both set_flash_voltage 3.3V
    both set_flash_voltage OFF
}

@test "peer: values that are refused" {
    both burn_efuse FLASH_CRYPT_CONFIG 0xF
    both burn_efuse JTAG_DISABLE 0
    both burn_efuse FLASH_CRYPT_CONFIG 16
    both burn_efuse NO_SUCH_FUSE 1
    head -c 24 /dev/urandom >short.key
    both burn_key flash_encryption short.key
}
