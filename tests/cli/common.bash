# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the tests of commands. They run in an empty folder; $root is the
# tree, $bin the programs (BIN selects another build), $vectors the files of
# the reference tools.

bats_require_minimum_version 1.5.0

enter() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    bin=$(cd "$root" && cd "${BIN:-build/bin}" && pwd)
    vectors=$root/tests/vectors
    in=$vectors/in
    mkdir "$BATS_TEST_TMPDIR/work" && cd "$BATS_TEST_TMPDIR/work" || return 1
    umask 022
}

# prints TEXT COMMAND...: exits 0 with exactly TEXT on stdout and nothing on
# stderr.
prints() {
    local want=$1
    shift
    run --separate-stderr "$@"
    echo "status $status, stdout: $output, stderr: $stderr" >&2
    [ "$status" -eq 0 ]
    [ "$output" = "$want" ]
    [ -z "$stderr" ]
}

# refuses TEXT COMMAND...: exits 2 with exactly TEXT on stderr and no new or
# changed file.
refuses() {
    local want=$1 before
    shift
    before=$(state)
    run --separate-stderr "$@"
    echo "status $status, stdout: $output, stderr: $stderr" >&2
    [ "$status" -eq 2 ]
    [ "$stderr" = "$want" ]
    [ "$(state)" = "$before" ]
}

# The files below the current folder with their content.
state() {
    find . -type f -exec sha256sum {} + | sort
}

mode() {
    stat -c %a "$1"
}

# Bytes of a file as hex, on one line.
hex() {
    od -An -v -tx1 "$1" | tr -d ' \n'
}

# Hex on standard input to bytes.
unhex() {
    perl -ne 'print pack "H*", s/\s//gr'
}

# The bytes of standard input, the last one first.
reversed() {
    perl -0777 -ne 'print scalar reverse'
}

# bytes N EXPRESSION: N bytes, each computed from i by the shell.
bytes() {
    local i
    for ((i = 0; i < $1; i++)); do
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $((($2) & 255)))"
    done
}
