#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_size.sh GEN_ESP32PART TABLE IMAGE: fail unless the image fits in every
# app slot of the partition table.
set -eu
bytes=$(wc -c <"$3")
slots=$("$(dirname "$0")/slots.sh" "$1" "$2")
echo "$slots" | while read -r name address size; do
    if [ "$bytes" -gt "$size" ]; then
        echo "check_size: $3: $bytes bytes, the slot $name at $address holds $size" >&2
        exit 1
    fi
done
