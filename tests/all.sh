#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every test: unit tests, the same with sanitizers, commands, the demo, lint.
# Ends with `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc 2>/dev/null || echo 2)

make --no-print-directory -j"$jobs" tools check-programs || exit 1
make --no-print-directory -j"$jobs" SAN=1 tools check-programs || exit 1

list() {
    find "$1" -type f -perm -u+x -name '*_test' 2>/dev/null | sort
}

# shellcheck disable=SC2046
exec tests/run_tap.sh tests/lint/includes.sh tests/lint/format.sh \
    $(list build/host-test) $(list build/san-test) \
    $(find tests/cli tests/boot tests/isa -name '*.bats' -o \
        -path 'tests/*/*.t' 2>/dev/null | sort)
