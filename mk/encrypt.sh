#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# encrypt.sh ESPSECURE KEY IN OUT ADDRESS: encrypt IN for ADDRESS. The tail is
# filled with 0xFF to a whole block of 16 bytes, which is what erased flash holds
# there, so that the same input gives the same bytes.
set -eu
espsecure=$1 key=$2 in=$3 out=$4 address=$5

padded=$(mktemp "$out.XXXXXX")
trap 'rm -f "$padded"' EXIT INT TERM
size=$(wc -c <"$in")
fill=$(((16 - size % 16) % 16))
{
    cat "$in"
    head -c "$fill" /dev/zero | tr '\0' '\377'
} >"$padded"
"$espsecure" encrypt_flash_data --keyfile "$key" --address "$address" \
    -o "$out" "$padded"
