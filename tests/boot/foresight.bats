#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Random dead boards: what `fusebox advise` says, to the letter. `make foresight`
# takes more of them.

bats_require_minimum_version 1.5.0

@test "what is advised for random dead boards brings them back" {
    local root test
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    test=$root/build/host-test/tests/foresight/foresight_test
    command -v xtensa-lx106-elf-gcc >/dev/null || skip 'no gcc-xtensa-lx106'
    [ -x "$test" ] || skip 'no foresight_test: make check-programs'
    mkdir "$BATS_TEST_TMPDIR/kept"
    (cd "$root" && FORESIGHT=25 FORESIGHT_KEEP=$BATS_TEST_TMPDIR/kept "$test")
    run "$root/tests/foresight/rescue.sh" "$BATS_TEST_TMPDIR/kept"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" != *' 0 dead boards'* ]]
}
