#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A part of MicroPython's own test suite on the virtual board; `make suite` runs
# all of it.

load ../support/common

@test "MicroPython's own tests: io import unicode misc float" {
    tree
    why=$(lacks compiler micropython)
    [ -z "$why" ] || skip "$why"
    command -v socat >/dev/null || skip 'no socat'
    make --no-print-directory -C "$root" BOARD=GPY >"$BATS_TEST_TMPDIR/log" ||
        { tail -n 20 "$BATS_TEST_TMPDIR/log" >&2; return 1; }
    run "$root/tests/boot/micropython_suite.sh" "$root/build/GPY/release" \
        io import unicode misc float
    echo "$output" >&2
    [ "$status" -eq 0 ]
    line=${lines[-1]}
    [[ $line == passed\ *', failed 0' ]]
    line=${line#passed }
    [ "${line%%,*}" -ge 100 ]
}
