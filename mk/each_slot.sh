#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# each_slot.sh GEN_ESP32PART TABLE COMMAND... IMAGE: run COMMAND IMAGE
# IMAGE_enc_0xADDRESS 0xADDRESS for every app slot of the partition table.
set -eu
gen=$1 table=$2
shift 2
for image in "$@"; do :; done # the last one

rows=$(mktemp)
trap 'rm -f "$rows"' EXIT INT TERM
head -c 3072 "$table" >"$rows.bin"
"$gen" -q "$rows.bin" "$rows"
rm -f "$rows.bin"

slots=$(awk -F, '!/^#/ && $2 ~ /app/ { gsub(/ /, "", $4); print $4 }' "$rows")
[ -n "$slots" ] || { echo "each_slot: $table: no app slot" >&2; exit 1; }
for slot in $slots; do
    address=$(printf '0x%X' "$slot")
    rm -f "${image}_enc_$address"
    "$@" "${image}_enc_$address" "$address"
done
