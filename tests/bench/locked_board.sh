#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# locked_board.sh DIR RELEASE KEYS: a virtual GPY in DIR with the signed and
# encrypted firmware in RELEASE, burned with the keys in KEYS, as a user would
# make it. An existing one that is newer than the firmware is kept.
set -eu
dir=$1 release=$2 keys=$3
PATH=${BIN:-build/bin}:$PATH

[ ! "$dir/made" -nt "$release/gpy.bin_enc_0x10000" ] ||
    [ ! "$dir/made" -nt "$release/bootloader/bootloader-reflash-digest.bin_enc" ] ||
    exit 0
rm -rf "$dir"
log=$(mktemp)
trap 'fusebox board stop "$dir" >/dev/null 2>&1 || true; rm -f "$log"' EXIT
trap 'exit 1' INT TERM HUP

quietly() {
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        echo "locked_board: \`$*\` failed" >&2
        exit 1
    }
}

efuse() {
    quietly espefuse --port "board:$dir" --do-not-confirm "$@"
}

mkdir -p "$(dirname "$dir")"
quietly fusebox board start "$dir" --board GPY
efuse burn_key flash_encryption "$keys/flash_encryption_key.bin"
efuse burn_key secure_boot "$keys/secure-bootloader-key.bin"
efuse burn_efuse FLASH_CRYPT_CNT
efuse burn_efuse FLASH_CRYPT_CONFIG 0x0F
efuse burn_efuse ABS_DONE_0
quietly esptool --chip esp32 --port "board:$dir" --after no_reset write_flash \
    0x0 "$release/bootloader/bootloader-reflash-digest.bin_enc" \
    0x8000 "$release/lib/partitions.bin_enc" \
    0x10000 "$release/gpy.bin_enc_0x10000"
quietly fusebox board stop "$dir"
touch "$dir/made"
