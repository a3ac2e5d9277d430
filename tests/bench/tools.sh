#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# How fast the tools are, all in one run, each beside something it can be
# compared with. Called by `make bench-tools`.
set -eu
cd "$(dirname "$0")/../.."
bin=${BIN:-build/bin}
spawn=$1 crypt=$2
work=$(mktemp -d)
trap 'stop_board; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

stop_board() {
    for dir in "$work/board" "$work/blank"; do
        [ ! -e "$dir/board.run" ] || "$bin/fusebox" board stop "$dir" >/dev/null
    done
}

# measure N COMMAND...: sets us (median wall time) and kib (resident size).
measure() {
    set -- $("$spawn" "$@")
    us=$1 kib=$2
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

echo 'Start, --help (median of 200)            us   x /bin/true    MiB'
measure 200 /bin/true
base=$us
for tool in espsecure espefuse esptool gen_esp32part fusebox; do
    measure 200 "$bin/$tool" --help
    printf '  %-32s %8d %13s %6s\n' "$tool" "$us" "$(ratio "$us" "$base")" \
        "$(ratio "$kib" 1024)"
done
if command -v python3 >/dev/null; then
    measure 20 python3 -c pass
    printf '  %-32s %8d %13s\n' 'python3 -c pass' "$us" "$(ratio "$us" "$base")"
fi

echo
echo 'Flash encryption, bulk, against AES-256-ECB of OpenSSL on the same core'
"$crypt" | sed 's/^/  /'

echo
echo '16 MiB file, from start of the process to the file closed (median of 9)'
head -c 16777216 /dev/urandom >"$work/data"
head -c 32 /dev/urandom >"$work/key"
sync "$work/data"
# one NAME COMMAND...: into a new file, then over that file.
one() {
    name=$1
    shift
    new=$(for i in 1 2 3 4 5 6 7 8 9; do
        rm -f "$work/out"
        measure 1 "$@"
        echo "$us"
    done | sort -n | sed -n 5p)
    measure 9 "$@"
    printf '  %-32s %8d us, replacing a file %8d us, %s MiB\n' "$name" "$new" "$us" \
        "$(ratio "$kib" 1024)"
}
one 'espsecure encrypt_flash_data' "$bin/espsecure" encrypt_flash_data \
    -k "$work/key" -a 0 -o "$work/out" "$work/data"
one cp cp "$work/data" "$work/out"
measure 1 rm "$work/out"
printf '  %-32s %8d us\n' 'rm, part of each replacement' "$us"

# esptool writes to a virtual board of its own; PEER_ESPTOOL names the Python
# tool ('python3 -m esptool'), which then writes the same to the same board.
port=$work/board/uart

# board OPTION...: a board that is alive.
board() {
    stop_board
    "$bin/fusebox" board start "$work/board" "$@" >/dev/null
}

# wrote FILE COMMAND...: seconds that write-flash takes in all.
wrote() {
    file=$1
    shift
    measure 1 "$@" --port "$port" --baud 921600 write-flash 0x10000 "$file"
    awk -v us="$us" 'BEGIN { printf "%.2f", us / 1e6 }'
}

echo
echo 'write-flash to a virtual board, in all (s)      esptool   Python tool'
head -c 3000000 "$bin/fusebox" >"$work/app"
head -c 262144 "$work/data" >"$work/quarter"
head -c 1048576 "$work/data" >"$work/random"
beside() { # TEXT FILE
    ours=$(wrote "$2" "$bin/esptool")
    # shellcheck disable=SC2086
    theirs=$([ -z "${PEER_ESPTOOL:-}" ] || wrote "$2" $PEER_ESPTOOL)
    printf '  %-44s %8s %12s\n' "$1" "$ours" "${theirs:-not named}"
}
board
beside 'firmware, as fast as the board can' "$work/app"
board --line-rate
beside 'firmware at 921600 baud' "$work/app"
beside '256 KiB of noise at 921600 baud' "$work/quarter"
quarter=$ours quarter_theirs=$theirs
beside '1 MiB of noise at 921600 baud' "$work/random"

# What 768 KiB more take: the rest is reset, stub and checksum.
line() {
    awk -v a="$1" -v b="$2" 'BEGIN {
        if (a != "") printf "%.1f %%", 100 * 786432 * 10 / 921600 / (b - a) }'
}
printf '  %-44s %8s %12s\n' 'of the line used by 768 KiB more' \
    "$(line "$quarter" "$ours")" "$(line "$quarter_theirs" "$theirs")"

echo
echo 'fusebox report, from start to the page on the disk (median of 9)'
"$bin/fusebox" board start "$work/blank" >/dev/null
stop_board
page() { # TEXT BOARD
    measure 9 "$bin/fusebox" report "$2" -o "$work/page.html"
    printf '  %-44s %8d us, %d KiB\n' "$1" "$us" \
        "$(($(wc -c <"$work/page.html") / 1024))"
}
page 'a blank board, three vain boots' "$work/blank"
if [ -e build/look/gpy/board.ini ]; then
    page 'a locked board, up to its prompt' build/look/gpy
else
    echo '  a locked board: skipped, `make report-look` makes one'
fi
