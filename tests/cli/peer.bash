# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the tests that run a Python tool beside ours, each in a folder of
# its own: ours, theirs. A variable names that tool; without it they are skipped.

load ../support/common

# needs VARIABLE: it names the tool, or the test is skipped.
needs() {
    [ -n "${!1:-}" ] || skip "$1 does not name the Python tool"
}

# For setup(). PEER_ROUNDS: how many inputs a test tries.
enter_beside() {
    enter
    rounds=${PEER_ROUNDS:-3}
    export NO_COLOR=1 TERM=dumb
    mkdir ours theirs
}

# random FROM TO: a number.
random() {
    shuf -n 1 -i "$1-$2"
}

random_file() { # NAME BYTES
    head -c "$2" /dev/urandom >"$1"
}

# give NAME: standard input as a file for both.
give() {
    tee "ours/$1" >"theirs/$1"
}

# beside OURS THEIRS ARGUMENT...: the words of OURS and of THEIRS, each before
# the arguments. Both succeed, and leave the same files.
beside() {
    local ours=0 theirs=0 our_words=$1 their_words=$2
    shift 2
    # shellcheck disable=SC2086
    (cd ours && timeout "${PEER_LIMIT:-120}" $our_words "$@") >ours.log 2>&1 </dev/null || ours=$?
    # shellcheck disable=SC2086
    (cd theirs && timeout "${PEER_LIMIT:-120}" $their_words "$@") >theirs.log 2>&1 </dev/null || theirs=$?
    echo "${our_words##*/} $*: ours $ours, theirs $theirs, ${expect:-done} expected" >&2
    case ${expect:-done}:$((ours != 0)):$((theirs != 0)) in
    done:0:0 | refused:1:1 | either:0:0 | either:1:1) ;;
    *)
        tail -n 5 ours.log theirs.log >&2
        return 1
        ;;
    esac
    rm -f theirs/never # theirs leave a part of what they refuse
    diff -rq ours theirs >&2
}

# refused FUNCTION...: beside() in it is refused by both.
refused() {
    local expect=refused
    "$@"
}

# alike FUNCTION...: ... is done or refused, the same by both.
alike() {
    local expect=either
    "$@"
}

# same_lines PATTERN: those of what was said last, one at least.
same_lines() {
    grep -E "$1" ours.log >ours.lines
    grep -E "$1" theirs.log >theirs.lines
    diff ours.lines theirs.lines
}

# boards OPTION...: one each; $our_board and $their_board are their ports.
boards() {
    local side
    for side in ours theirs; do
        "$bin/fusebox" board start "board.$side" --mac 24:0a:c4:00:11:22 "$@" >/dev/null
    done
    our_board=board:../board.ours
    their_board=rfc2217://127.0.0.1:$(sed -n 's/^rfc2217 = //p' board.theirs/board.run)
}

same_boards() {
    cmp board.ours/flash.bin board.theirs/flash.bin
    cmp board.ours/efuse.bin board.theirs/efuse.bin
}
