#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: tests/isa/isa_diff.sh [N]
#
# Run N (100000) random instruction sequences on our core and on QEMU's and
# compare what they leave. SEED=n begins elsewhere. From the root of the tree.

n=${1:-100000}
if ! command -v qemu-system-xtensa > /dev/null; then
    echo "skipped: qemu-system-xtensa is not installed (qemu-system-misc)"
    exit 0
fi
test=build/host-test/tests/isa/isa_diff_test
make -s "$test" || exit 1
ISA_DIFF=$n ISA_SEED=${SEED:-1} exec "$test"
