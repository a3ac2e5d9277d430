#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# espefuse beside the Python tool: random sequences of burns on virtual fuses
# must leave the same file, byte for byte. PEER_ESPEFUSE names it:
#
#     PEER_ESPEFUSE='python3 -m espefuse' bats tests/cli/espefuse_peer.bats

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

# The same table as theirs but for the wording of descriptions.
same_summary() {
    local tool
    "$bin/espefuse" --chip esp32 --virt --path-efuse-file ours.bin "$@" summary --format json --file ours.json >/dev/null
    $PEER_ESPEFUSE --chip esp32 --virt --path-efuse-file theirs.bin "$@" summary --format json --file theirs.json >/dev/null
    for tool in ours theirs; do
        jq -S 'map_values(del(.description))' $tool.json >$tool.txt
    done
    diff ours.txt theirs.txt
    "$bin/espefuse" --chip esp32 --virt --path-efuse-file ours.bin "$@" summary --file ours.txt >/dev/null
    $PEER_ESPEFUSE --chip esp32 --virt --path-efuse-file theirs.bin "$@" summary --file theirs.txt >/dev/null
    # Without descriptions, and the lines that only go on with one.
    for tool in ours theirs; do
        sed -E -i -e 's/^(.{51}).{50}/\1/' -e '/^ *$/d' $tool.txt
    done
    diff ours.txt theirs.txt
}

@test "peer: summaries" {
    both burn_efuse JTAG_DISABLE 1 FLASH_CRYPT_CNT "$(some 7)" FLASH_CRYPT_CONFIG "$(some 4)"
    same_summary
    head -c 32 /dev/urandom >key
    both burn_key flash_encryption key
    both burn_custom_mac 24:0a:c4:00:11:22
    # Not MAC: SPI_PAD_CONFIG_HD goes with it (TRM), which the Python tool
    # does not say.
    both write_protect_efuse CLK8M_FREQ ABS_DONE_0
    both read_protect_efuse BLOCK2 CODING_SCHEME
    same_summary
}

@test "peer: fields of one's own" {
    cat >fields.csv <<'END'
# name, block, first bit, bits, comment
ROLE,       EFUSE_BLK3, 64, 3, [ALIAS] Role
PART,       EFUSE_BLK3, 80, 8, Two parts
,           EFUSE_BLK3, 100, 8, Two parts
LONG,       EFUSE_BLK3, 192, 64, Eight bytes
END
    both --extend-efuse-table fields.csv burn_efuse ALIAS "$(some 3)" PART_1 "$(some 8)" LONG 0x1122334455667788
    both --extend-efuse-table fields.csv burn_efuse PART_0 256
    same_summary --extend-efuse-table fields.csv
}

@test "peer: burns that are refused the second time" {
    both burn_efuse FLASH_CRYPT_CONFIG 3 SECURE_VERSION 5
    both burn_efuse FLASH_CRYPT_CONFIG 12
    both burn_efuse FLASH_CRYPT_CONFIG 7
    both burn_efuse SECURE_VERSION 2
    both burn_efuse ADC_VREF 3
    both burn_efuse MAC_VERSION 1
}

@test "peer: fuses of a board" {
    local side port
    for side in ours theirs; do
        "$bin/fusebox" board start board.$side --mac 24:0a:c4:00:11:22 >/dev/null
    done
    port=$(sed -n 's/^rfc2217 = //p' board.theirs/board.run)
    head -c 32 /dev/urandom >key
    for command in 'burn-key flash_encryption key' 'burn-key secure_boot_v1 key' \
        'burn-efuse FLASH_CRYPT_CNT 1 JTAG_DISABLE 1 ABS_DONE_0 1' \
        'burn-custom-mac 24:0a:c4:00:11:23' 'burn-bit BLOCK0 7' 'set-flash-voltage 3.3V'; do
        # shellcheck disable=SC2086
        "$bin/espefuse" --port board:board.ours --do-not-confirm $command >ours.txt
        # shellcheck disable=SC2086
        $PEER_ESPEFUSE --chip esp32 --port "rfc2217://127.0.0.1:$port" --do-not-confirm $command >theirs.txt 2>&1 || {
            cat theirs.txt
            false
        }
        cmp board.ours/efuse.bin board.theirs/efuse.bin
    done
    for side in ours theirs; do
        "$bin/fusebox" board stop board.$side
    done
}

@test "peer: coding scheme 3/4" {
    head -c 24 /dev/urandom >key
    both burn_efuse CODING_SCHEME 1
    both burn_key flash_encryption key
    both burn_custom_mac 24:0a:c4:00:11:22
    both burn_efuse SECURE_VERSION 5
    both burn_efuse SECURE_VERSION 7
    both burn_bit BLOCK3 100 101
    both burn_block_data BLOCK2 key
    both dump --format joint --file-name joint
    same_summary
}
