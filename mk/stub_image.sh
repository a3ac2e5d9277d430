#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# stub_image.sh CROSS_COMPILE STUB.elf: what host/stub.h declares, as C.
set -eu
cross=$1 elf=$2
part=$(mktemp)
trap 'rm -f "$part"' EXIT

symbol() {
    "${cross}nm" "$elf" | awk -v name="$1" '$3 == name { print "0x" $1 "u" }'
}

# bytes SECTION NAME
bytes() {
    "${cross}objcopy" -O binary -j "$1" "$elf" "$part"
    echo "static const uint8_t $2[] = {"
    od -An -v -tx1 "$part" | sed 's/ \(..\)/0x\1,/g'
    echo '};'
}

echo '// From firmware/stub; made by mk/stub_image.sh.'
echo '#include "host/stub.h"'
bytes .iram text
bytes .dram data
cat <<END
static const struct host_stub stub = {
    .entry = $(symbol _start),
    .text_vaddr = $(symbol _iram_start),
    .data_vaddr = $(symbol _dram_start),
    .text = text,
    .data = data,
    .text_len = sizeof text,
    .data_len = sizeof data,
};
const struct host_stub *const host_stub = &stub;
END
