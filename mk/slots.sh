#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# slots.sh GEN_ESP32PART TABLE: the app slots of a partition table, a line
# `NAME ADDRESS BYTES` each; addresses as file names carry them (0x1A0000).
set -eu
gen=$1 table=$2
rows=$(mktemp)
trap 'rm -f "$rows" "$rows.bin"' EXIT INT TERM
head -c 3072 "$table" >"$rows.bin" # without its signature
"$gen" -q "$rows.bin" "$rows"
slots=$(awk -F, '!/^#/ && $2 ~ /app/ { gsub(/ /, ""); print $1, $4, $5 }' "$rows")
[ -n "$slots" ] || { echo "slots: $table: no app slot" >&2; exit 1; }
echo "$slots" | while read -r name address size; do
    case $size in
    *K) bytes=$((${size%K} * 1024)) ;;
    *M) bytes=$((${size%M} * 1048576)) ;;
    *) bytes=$((size)) ;;
    esac
    printf '%s 0x%X %d\n' "$name" "$address" "$bytes"
done
