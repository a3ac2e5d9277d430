#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check.sh SPAWN BOARD RELEASE KEYS: how long `fusebox check` and `snapshot`
# take on a 4 MiB board: the locked BOARD as it is, and with its application in
# both slots and files of noise; as fast as the virtual board can, and where
# bytes take their time on the line. Called by `make bench-check`.
set -eu
spawn=$1 board=$2 release=$3 keys=$4
bin=${BIN:-build/bin}
work=$(mktemp -d)
started=
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

stop() {
    [ -z "$started" ] || "$bin/fusebox" board stop "$started" >/dev/null
    started=
}

start() { # DIR OPTION...
    stop
    "$bin/fusebox" board start "$@" >/dev/null
    started=$1
}

put() { # FILE OFFSET
    dd if="$1" of="$work/full/flash.bin" bs=4096 seek=$(($2 / 4096)) \
        conv=notrunc status=none
}

row() { # TEXT RUNS COMMAND...
    text=$1
    shift
    # shellcheck disable=SC2046
    set -- "$text" $("$spawn" "$@")
    awk -v text="$text" -v us="$2" \
        'BEGIN { printf "  %-56s %7.2f s\n", text, us / 1e6 }'
}

key_files="--flash-key $keys/flash_encryption_key.bin
    --secure-boot-key $keys/secure_boot_signing_key.pem
    --public-key $release/signature_verification_key.bin"

check() { # TEXT RUNS BOARD KEYS...
    title=$1 runs=$2 port=board:$3
    shift 3
    read=$("$bin/fusebox" check --port "$port" --format json "$@" |
        sed -n 's/.*"flash_bytes_read": \([0-9]*\).*/\1/p')
    row "$title, $((read / 1024)) KiB read" "$runs" \
        "$bin/fusebox" check --port "$port" "$@"
}

for dir in usual full; do
    cp -r "$board" "$work/$dir"
done
put "$release/gpy.bin_enc_0x1A0000" 0x1A0000
# The files' partition, to the end of the flash.
head -c $((0x80000)) /dev/urandom >"$work/noise"
put "$work/noise" 0x380000

for dir in usual full; do
    echo "A locked board, $dir:"
    # shellcheck disable=SC2086
    row 'check of its folder (median of 9)' 9 \
        "$bin/fusebox" check --board "$work/$dir" $key_files
    start "$work/$dir"
    # shellcheck disable=SC2086
    check 'check over a port (median of 9)' 9 "$work/$dir" $key_files
    start "$work/$dir" --line-rate
    # shellcheck disable=SC2086
    check 'the same at 921600 baud' 1 "$work/$dir" $key_files
    check 'and without key files' 1 "$work/$dir"
    row 'snapshot at 921600 baud' 1 "$bin/fusebox" snapshot \
        --port "board:$work/$dir" -o "$work/$dir-used"
done
row 'snapshot --flash all at 921600 baud' 1 "$bin/fusebox" snapshot \
    --port "board:$work/full" --flash all -o "$work/all"
