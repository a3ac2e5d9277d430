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

programs() {
    find "$1" -type f -perm -u+x -name '*_test' 2>/dev/null | sort
}

# Those that build firmware share its folders, so they run one by one, beside
# all others.
builds_firmware() {
    find tests/boot -name '*.bats' -o -name '*.t'
    echo tests/cli/classic.bats
    echo tests/cli/fusebox_plan.bats
}

# shellcheck disable=SC2046
exec tests/run_tap.sh tests/lint/includes.sh tests/lint/format.sh \
    $(programs build/host-test) $(programs build/san-test) \
    $(find tests -name '*.bats' | grep -v -e '^tests/boot/' -e '/classic\.bats$' \
        -e '/fusebox_plan\.bats$' |
        sort) -- $(builds_firmware | sort)
