#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The runner itself: what it counts, and that nothing gets lost.

bats_require_minimum_version 1.5.0

setup() {
    runner=$(cd "$BATS_TEST_DIRNAME" && pwd)/run_tap.sh
    cd "$BATS_TEST_TMPDIR" || return 1
    unset TIMES JOBS TAP_TOTALS
}

# program NAME: a program in the folder, its text on standard input.
program() {
    { echo '#!/bin/sh'; cat; } >"$1"
    chmod +x "$1"
}

good() {
    program "$1" <<<"echo 1..2; echo ok 1; echo ok 2"
}

# ends STATUS LINE PROGRAM...: so the runner does, with LINE as its last.
ends() {
    local want=$1 last=$2
    shift 2
    run "$runner" "$@"
    echo "$output" >&2
    [ "$status" -eq "$want" ]
    [ "${lines[-1]}" = "$last" ]
}

# one_failure TEXT: a program with that text, beside a good one, is a failure.
one_failure() {
    good good
    program bad <<<"$1"
    ends 1 '2 passed, 1 failed' good bad
    [[ $output == *'FAILED    0  bad'* ]]
}

@test "what passes is counted, skipped tests apart" {
    good one
    program two <<<'echo 1..3; echo ok 1; echo "ok 2 # skip no board"; echo "not ok 3 - t # SKIP"'
    ends 0 '3 passed, 0 failed' one two
    [[ $output == *$'\n2 skipped\n'* ]]
    [[ $output == *'# skip no board'* ]]
}

@test "a group of tests each with its plan" {
    program groups <<<'echo 1..1; echo ok 1; echo 1..2; echo ok 1; echo ok 2'
    ends 0 '3 passed, 0 failed' groups
    program less <<<'echo 1..2; echo ok 1; echo 1..1; echo ok 1'
    ends 1 '2 passed, 1 failed' less
}

@test "a test that fails is counted and shown" {
    good good
    program bad <<<'echo 1..2; echo ok 1; echo not ok 2; echo "# why"; exit 1'
    ends 1 '3 passed, 1 failed' good bad
    [[ $output == *'FAILED    1  bad'*'# why'* ]]
    program bad <<<'echo 1..2; echo ok 1; echo not ok 2' # and its status says nothing
    ends 1 '3 passed, 1 failed' good bad
}

@test "a crash is a failure: before the plan, after it, after the last test" {
    one_failure 'kill -SEGV $$'
    one_failure 'echo 1..1; kill -ABRT $$'
    program bad <<<'echo 1..1; echo ok 1; kill -SEGV $$'
    ends 1 '1 passed, 1 failed' bad
    program bad <<<'echo 1..5; echo ok 1; echo ok 2; kill -KILL $$'
    ends 1 '2 passed, 3 failed' bad
}

@test "no plan, another one than was run, and no program are failures" {
    one_failure ':'
    one_failure 'echo hello'
    one_failure 'exit 3'
    program bad <<<'echo ok 1'
    ends 1 '1 passed, 1 failed' bad
    program bad <<<'echo 1..3; echo ok 1'
    ends 1 '1 passed, 2 failed' bad
    program bad <<<'echo 1..1; echo ok 1; echo ok 2'
    ends 1 '2 passed, 1 failed' bad
    program bad <<<'echo 1..1; echo ok 1; echo "Bail out! no"'
    ends 1 '1 passed, 1 failed' bad
    good good
    ends 1 '2 passed, 1 failed' good none
    ends 1 '0 passed, 0 failed'
}

@test "a bats file that cannot be read is a failure" {
    echo '@test "t" {' >bad.bats
    good good
    run "$runner" good bad.bats
    echo "$output" >&2
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} =~ ^'2 passed, '[1-9]' failed'$ ]]
    printf 'setup_file() { return 1; }\n@test "t" { :; }\n' >bad.bats
    ends 1 '2 passed, 1 failed' good bad.bats
}

@test "a worker that is killed loses its programs, and they count" {
    good one
    good two
    good three
    program bad <<<'kill -KILL $PPID; sleep 1'
    JOBS=1 ends 1 '2 passed, 3 failed' one bad two three
    [[ $output == *'3 programs did not end'* ]]
}

@test "what stands after -- runs in order, one by one, all else beside it" {
    for name in a b c; do
        program $name <<<"echo 1..1; [ ! -e busy ] && mkdir busy && echo $name >>order && rmdir busy && echo ok 1"
    done
    # Each waits for the other: alone it would not end.
    program left <<<'echo 1..1; mkfifo f 2>/dev/null; echo x >f; echo ok 1'
    program right <<<'echo 1..1; mkfifo f 2>/dev/null; read -r x <f; echo ok 1'
    JOBS=2 ends 0 '3 passed, 0 failed' -- a b c
    [ "$(cat order)" = $'a\nb\nc' ]
    JOBS=2 ends 0 '3 passed, 0 failed' left right -- a
    JOBS=2 ends 0 '3 passed, 0 failed' left -- right a
}

@test "TIMES=1 adds a table before the last line" {
    good one
    program two <<<'echo 1..1; echo ok 1; exec dd if=/dev/zero of=/dev/null bs=1M count=2000 2>/dev/null'
    TIMES=1 ends 0 '3 passed, 0 failed' one two
    [[ $output =~ \ s\ CPU\ \ two$'\n' ]]
    [[ $output =~ \ s\ CPU\ \ in\ all$'\n' ]]
}

@test "ended early, it ends what it has started" {
    program long <<<'setsid sleep 1000 & echo $! >server; echo $$ >pid; sleep 1000; echo 1..1; echo ok 1'
    "$runner" long >said 2>&1 3>&- &
    runs=$!
    for ((i = 0; i < 200; i++)); do
        [ ! -s pid ] || break
        sleep 0.05
    done
    kill "$runs"
    run wait "$runs"
    [ "$status" -ne 0 ]
    for process in pid server; do
        for ((i = 0; i < 200; i++)); do
            kill -0 "$(cat $process)" 2>/dev/null || break
            sleep 0.05
        done
        run ! kill -0 "$(cat $process)"
    done
    run ! grep passed said
}

# bash takes no notice when such a line fails: `! command`, `this && that`.
@test "no line of a test fails unseen" {
    cd "$BATS_TEST_DIRNAME"
    run grep -nE '^ *! |^ *\[.*\]( |$).*&& *\[.*\]$' ./*/*.bats ./*/*.bash
    echo "$output" >&2
    [ "$status" -eq 1 ]
}
