#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# each_slot.sh GEN_ESP32PART TABLE IMAGE COMMAND...: for every app slot of the
# partition table run COMMAND --address SLOT -o IMAGE_enc_SLOT IMAGE.
set -eu
gen=$1 table=$2 image=$3
shift 3

rows=$(mktemp)
trap 'rm -f "$rows" "$rows.bin"' EXIT INT TERM
head -c 3072 "$table" >"$rows.bin" # without its signature
"$gen" -q "$rows.bin" "$rows"

slots=$(awk -F, '!/^#/ && $2 ~ /app/ { gsub(/ /, "", $4); print $4 }' "$rows")
[ -n "$slots" ] || { echo "each_slot: $table: no app slot" >&2; exit 1; }
for slot in $slots; do
    address=$(printf '0x%X' "$slot")
    "$@" --address "$address" -o "${image}_enc_$address" "$image"
done
