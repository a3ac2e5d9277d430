#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Boards that tests/foresight/foresight_test has kept (FORESIGHT_KEEP=DIR): what
# `fusebox advise` says of each, over its UART, is executed to the letter, each
# way on a copy. The board has to boot afterwards.
#
#     tests/foresight/rescue.sh DIR
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$root/build/bin:$PATH
boards=0 ways=0 wrong=0

# advise: into the file `advice`.
advise() {
    local keys=(--public-key pub.bin)
    [ ! -e fe.bin ] || keys+=(--flash-key fe.bin)
    [ ! -e sb.bin ] || keys+=(--secure-boot-key sb.bin)
    fusebox advise --port board:board "${keys[@]}" --format json >advice
}

lives() {
    fusebox board reset board
    fusebox board console board --expect 'i
' --timeout 10 >console 2>&1
}

# take N: the Nth way, on a copy of the board. 0: it lives then.
take() {
    local good=0 line
    rm -rf board
    cp -r dead board
    fusebox board start board >started
    jq -r ".advice.ways[$1].commands[]" advice >commands
    while read -r line; do
        echo BURN | sh -ec "$line" >>log 2>&1 || { good=1; echo "# $line: $(tail -n 1 log)"; break; }
    done <commands
    [ "$good" != 0 ] || lives || { good=1; tail -n 3 console | sed 's/^/#     /'; }
    fusebox board stop board
    return "$good"
}

for dir in "$1"/*/; do
    cd "$dir" || exit 1
    boards=$((boards + 1))
    fusebox board start board >started
    advise
    fusebox board stop board
    mv board dead
    n=$(jq '.advice.ways | length' advice)
    for ((i = 0; i < n; i++)); do
        # What depends on something that the owner has to know.
        ! jq -r ".advice.ways[$i].title" advice | grep -q ', if ' || continue
        ways=$((ways + 1))
        take "$i" && continue
        wrong=$((wrong + 1))
        echo "# ${dir%/}, way $((i + 1)): $(jq -r .advice.condition advice):$(cat story)"
        sed 's/^/#     /' commands
    done
    rm -rf board dead
done
echo "rescue: $boards dead boards, $ways ways back, $wrong wrong"
[ "$wrong" = 0 ]
