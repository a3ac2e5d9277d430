#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# espefuse beside the Python tool: random sequences of burns on virtual fuses
# must leave the same file, byte for byte. PEER_ESPEFUSE names it:
#
#     PEER_ESPEFUSE='python3 -m espefuse' bats tests/cli/espefuse_peer.bats

load peer

virtual='--chip esp32 --virt --path-efuse-file fuses --do-not-confirm'

setup() {
    needs PEER_ESPEFUSE
    enter_beside
}

# both COMMAND...: on virtual fuses of each.
both() {
    beside "$bin/espefuse $virtual" "$PEER_ESPEFUSE $virtual" "$@"
}

# A random value from 1 to 2^bits - 1.
some() {
    echo $((RANDOM % ((1 << $1) - 1) + 1))
}

@test "peer: random fields in random order" {
    for round in 1 2 3; do
        rm -f ours/fuses theirs/fuses
        for name in $(printf '%s\n' JTAG_DISABLE:1 CONSOLE_DEBUG_DISABLE:1 \
            DISABLE_DL_ENCRYPT:1 DISABLE_DL_DECRYPT:1 DISABLE_DL_CACHE:1 \
            FLASH_CRYPT_CONFIG:4 FLASH_CRYPT_CNT:7 ABS_DONE_0:1 \
            DISABLE_SDIO_HOST:1 WR_DIS:1 XPD_SDIO_FORCE:1 | shuf); do
            alike both burn_efuse "${name%:*}" "$(some "${name#*:}")"
        done
    done
}

@test "peer: keys, protected and not" {
    for block in flash_encryption secure_boot_v1 BLOCK3; do
        head -c 32 /dev/urandom | give "$block.key"
    done
    both burn_key flash_encryption flash_encryption.key
    both burn_key --no-protect-key secure_boot_v1 secure_boot_v1.key
    both burn_key BLOCK3 BLOCK3.key
    refused both burn_key flash_encryption secure_boot_v1.key
    both read_protect_efuse BLOCK2
    both write_protect_efuse FLASH_CRYPT_CNT
    refused both burn_efuse FLASH_CRYPT_CNT 1
}

@test "peer: block data, bits, MAC, voltage" {
    head -c 32 /dev/urandom | give data
    both burn_block_data BLOCK1 data
    both burn_bit BLOCK2 0 31 32 255
    both burn_custom_mac 24:0a:c4:00:11:22
    both set_flash_voltage 3.3V
    refused both set_flash_voltage OFF
}

@test "peer: values that are refused" {
    both burn_efuse FLASH_CRYPT_CONFIG 0xF
    refused both burn_efuse JTAG_DISABLE 0
    refused both burn_efuse FLASH_CRYPT_CONFIG 16
    refused both burn_efuse NO_SUCH_FUSE 1
    head -c 24 /dev/urandom | give short.key
    refused both burn_key flash_encryption short.key
}

# The same table as theirs but for the wording of descriptions.
same_summary() { # OPTION...
    local side
    summary() { # FORMAT
        # shellcheck disable=SC2086
        (cd ours && "$bin/espefuse" $virtual "${@:2}" summary --format "$1" --file ../ours.$1) >/dev/null
        # shellcheck disable=SC2086
        (cd theirs && $PEER_ESPEFUSE $virtual "${@:2}" summary --format "$1" --file ../theirs.$1) >/dev/null
    }
    summary json "$@"
    summary summary "$@"
    for side in ours theirs; do
        jq -S 'map_values(del(.description))' $side.json >$side.txt
        [ "$(jq length $side.txt)" -gt 30 ]
        # Without descriptions, and the lines that only go on with one.
        sed -E -i -e 's/^(.{51}).{50}/\1/' -e '/^ *$/d' $side.summary
    done
    diff ours.txt theirs.txt
    diff ours.summary theirs.summary
}

@test "peer: summaries" {
    both burn_efuse JTAG_DISABLE 1 FLASH_CRYPT_CNT "$(some 7)" FLASH_CRYPT_CONFIG "$(some 4)"
    same_summary
    head -c 32 /dev/urandom | give key
    both burn_key flash_encryption key
    both burn_custom_mac 24:0a:c4:00:11:22
    # Not MAC: SPI_PAD_CONFIG_HD goes with it (TRM), which the Python tool
    # does not say.
    both write_protect_efuse CLK8M_FREQ ABS_DONE_0
    both read_protect_efuse BLOCK2 CODING_SCHEME
    same_summary
}

@test "peer: fields of one's own" {
    give fields.csv <<'END'
# name, block, first bit, bits, comment
ROLE,       EFUSE_BLK3, 64, 3, [ALIAS] Role
PART,       EFUSE_BLK3, 80, 8, Two parts
,           EFUSE_BLK3, 100, 8, Two parts
LONG,       EFUSE_BLK3, 192, 64, Eight bytes
END
    both --extend-efuse-table fields.csv burn_efuse ALIAS "$(some 3)" PART_1 "$(some 8)" LONG 0x1122334455667788
    refused both --extend-efuse-table fields.csv burn_efuse PART_0 256
    same_summary --extend-efuse-table fields.csv
}

@test "peer: burns that are refused the second time" {
    both burn_efuse FLASH_CRYPT_CONFIG 3 SECURE_VERSION 5
    refused both burn_efuse FLASH_CRYPT_CONFIG 12
    both burn_efuse FLASH_CRYPT_CONFIG 7
    refused both burn_efuse SECURE_VERSION 2
    refused both burn_efuse ADC_VREF 3
    both burn_efuse MAC_VERSION 1
}

@test "peer: fuses of a board" {
    boards
    head -c 32 /dev/urandom | give key
    for command in 'burn-key flash_encryption key' 'burn-key secure_boot_v1 key' \
        'burn-efuse FLASH_CRYPT_CNT 1 JTAG_DISABLE 1 ABS_DONE_0 1' \
        'burn-custom-mac 24:0a:c4:00:11:23' 'burn-bit BLOCK0 7' 'set-flash-voltage 3.3V'; do
        # shellcheck disable=SC2086
        beside "$bin/espefuse --port $our_board --do-not-confirm" \
            "$PEER_ESPEFUSE --chip esp32 --port $their_board --do-not-confirm" $command
        same_boards
    done
}

@test "peer: coding scheme 3/4" {
    head -c 24 /dev/urandom | give key
    both burn_efuse CODING_SCHEME 1
    both burn_key flash_encryption key
    both burn_custom_mac 24:0a:c4:00:11:22
    both burn_efuse SECURE_VERSION 5
    refused both burn_efuse SECURE_VERSION 7
    refused both burn_bit BLOCK3 100 101
    both burn_block_data BLOCK2 key
    both dump --format joint --file-name joint
    same_summary
}
