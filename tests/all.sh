#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every test: unit tests, the same with sanitizers, commands, the demo, lint.
# Ends with `N passed, N failed`; TIMES=1 ./run test says what took how long.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc 2>/dev/null || echo 2)

make --no-print-directory -j"$jobs" tools check-programs || exit 1
make --no-print-directory -j"$jobs" SAN=1 tools check-programs || exit 1

# Those that make a board's images do it in the same folders, build/GPY and
# build/WIPY: one by one, and so that the next one finds most of them made.
one_by_one='tests/boot/first_light.t tests/boot/mask_rom.bats
tests/cli/fusebox_plan.bats tests/boot/app_locked.bats tests/boot/build.bats
tests/boot/app_suite.bats tests/boot/app_board.bats tests/cli/classic.bats'

# What takes long comes first: at the end no CPU waits for it.
side_by_side() {
    {
        find tests/boot -name '*.bats'
        find build/host-test/tests build/san-test/tests -name '*_test' -perm -u+x
        find build/host-test build/san-test -name '*_test' -perm -u+x -type f | sort
        find tests -name '*.bats' | sort
        echo tests/lint/includes.sh
        echo tests/lint/format.sh
    } | awk '!seen[$0]++' |
        grep -vxF "$(echo "$one_by_one" | tr ' ' '\n')"
}

# shellcheck disable=SC2046,SC2086
exec tests/run_tap.sh $(side_by_side) -- $one_by_one
