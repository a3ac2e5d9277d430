#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: tests/bench/boards.sh BOARD_DIR [N]
#
# N (32) copies of a board in one process, each booted to its prompt: what
# memory one takes beyond its flash, which is mapped from its file.

fusebox=${FUSEBOX:-$PWD/${BIN:-build/bin}/fusebox}
n=${2:-32}
work=$(mktemp -d) || exit 1
boards=()
stop() {
    "$fusebox" board stop "${boards[@]}" 2>/dev/null
    rm -rf "$work"
}
trap stop EXIT
for i in $(seq "$n"); do
    mkdir "$work/$i" || exit 1
    cp "$1"/{board.ini,efuse.bin,flash.bin} "$work/$i" || exit 1
    boards+=("$work/$i")
done
"$fusebox" board start "${boards[@]}" >/dev/null || exit 1
for dir in "${boards[@]}"; do
    "$fusebox" board console "$dir" --expect '>>> ' >/dev/null || exit 1
done
pid=$(sed -n 's/^pid = //p' "$work/1/board.run")
kib=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")
awk -v n="$n" -v kib="$kib" 'BEGIN {
    printf "%d boards, 1 process %5.1f MiB each beyond its flash, at the prompt\n",
        n, kib / 1024 / n }'
