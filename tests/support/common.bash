# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the tests of commands and of firmware (`load ../support/common`).
# $root is the tree, $bin the programs (BIN selects another build), $vectors the
# files of the reference tools, $in those that went into them.
#
# A command that must fail is `run ! COMMAND`: bash takes no notice when a line
# that starts with ! or ends in && fails. tests/runner.bats looks for such lines.

bats_require_minimum_version 1.5.0

tree() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    bin=$(cd "$root" && cd "${BIN:-build/bin}" && pwd)
    vectors=$root/tests/vectors
    in=$vectors/in
    micropython=${MICROPY_TOP:-$root/third_party/micropython}
    bearssl=${BEARSSL_TOP:-$root/third_party/bearssl}
    export root bin vectors in micropython bearssl
}

# For setup(): an empty folder to work in.
enter() {
    tree
    mkdir "$BATS_TEST_TMPDIR/work" && cd "$BATS_TEST_TMPDIR/work" || return 1
    umask 022
}

# For setup_file(), lacks compiler|qemu|micropython|bearssl...: why firmware
# cannot be built or run here, or nothing.
lacks() {
    local what
    for what in "$@"; do
        case $what in
        compiler) command -v xtensa-lx106-elf-gcc >/dev/null || echo 'no gcc-xtensa-lx106' ;;
        qemu) command -v qemu-system-xtensa >/dev/null || echo 'no qemu-system-xtensa' ;;
        micropython) [ -f "$micropython/py/py.mk" ] || echo 'no MicroPython: make third-party' ;;
        bearssl) [ -f "$bearssl/inc/bearssl.h" ] || echo 'no BearSSL: make third-party' ;;
        esac
    done | head -n 1
}

# stop_boards [FOLDER]: every board that runs below it.
stop_boards() {
    local running
    find "${1:-$BATS_TEST_TMPDIR}" -name board.run | while IFS= read -r running; do
        "$bin/fusebox" board stop "${running%/board.run}" || true
    done
}

# No test leaves a board running; who has a teardown() of its own calls it.
teardown() {
    stop_boards
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

# fails COMMAND...: exits 2 with no new or changed file; $stderr says why.
fails() {
    local before
    before=$(state)
    run --separate-stderr "$@"
    echo "status $status, stdout: $output, stderr: $stderr" >&2
    [ "$status" -eq 2 ]
    [ "$(state)" = "$before" ]
}

# refuses TEXT COMMAND...: fails with exactly TEXT on stderr.
refuses() {
    local want=$1
    shift
    fails "$@"
    [ "$stderr" = "$want" ]
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

# bytes N EXPRESSION: N bytes, each computed from i (bats looks at each line that
# the shell runs: loops are slow).
bytes() {
    perl -e 'my ($n, $each) = @ARGV;
        $each =~ s/\bi\b/\$i/g;
        print pack "C*", map { my $i = $_; 255 & eval $each } 0 .. $n - 1' "$1" "$2"
}
