#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# each_slot.sh GEN_ESP32PART TABLE IMAGE COMMAND...: for every app slot of the
# partition table run COMMAND --address SLOT -o IMAGE_enc_SLOT IMAGE.
set -eu
gen=$1 table=$2 image=$3
shift 3

slots=$("$(dirname "$0")/slots.sh" "$gen" "$table")
for slot in $(echo "$slots" | cut -d ' ' -f 2); do
    "$@" --address "$slot" -o "${image}_enc_$slot" "$image"
done
