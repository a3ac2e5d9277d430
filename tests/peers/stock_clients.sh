#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: PEER_DIR=FOLDER tests/peers/stock_clients.sh
#
# Espressif's tools, unmodified, on a virtual board: prints a matrix of version,
# stub or not, ROM and port, and exits 1 when a cell failed. PEER_DIR holds
# source trees of esptool (v2.8/, v3.3.3/, v4.11.0/ ...); ESP32_ROM_DIR, if given,
# the mask ROMs; PYTHON (python3) has pyserial and what the tools need (or
# PEER_DIR/lib has). Version 5 has two stubs: STUB_VERSIONS (1 2) names those to
# try. ESPTOOL_JS, if given, is the folder of the npm package esptool-js, run by
# node. VERSIONS, PORTS, ROMS and STUBS narrow it down.

fusebox=${FUSEBOX:-$PWD/${BIN:-build/bin}/fusebox}
python=${PYTHON:-python3}
if [ -z "$PEER_DIR" ] || [ ! -d "$PEER_DIR" ]; then
    echo "skipped: PEER_DIR names no folder with source trees of esptool"
    exit 0
fi
if ! "$python" -c 'import serial' 2>/dev/null; then
    echo "skipped: $python has no pyserial"
    exit 0
fi

work=$(mktemp -d) || exit 1
board=$work/b
stop() {
    if [ -e "$board/board.run" ]; then "$fusebox" board stop "$board"; fi
}
trap 'stop; rm -rf "$work"' EXIT
head -c 70000 /dev/urandom >"$work/data"
failed=0

# The program NAME of version $1: .py file (2.8, 3), module (4, 5).
program() {
    if [ -e "$PEER_DIR/$1/$2.py" ]; then
        echo "$PEER_DIR/$1/$2.py"
    else
        echo "$PEER_DIR/$1/$2/__main__.py"
    fi
}

# try WORD COMMAND...: WORD into the row, or the end of what it said.
try() {
    local word=$1
    shift
    if timeout 120 "$@" >"$work/out" 2>&1; then
        row="$row $word"
    else
        row="$row FAILED:$word"
        failed=1
        {
            echo "--- $*"
            tail -n 4 "$work/out"
        } >>"$work/failures"
    fi
}

same() {
    cmp -n 70000 "$work/data" "$work/back"
}

# One cell of the matrix: VERSION STUB PORT
cell() {
    local esptool espefuse n=70000
    esptool=("$python" "$(program "$1" esptool)" --chip esp32 --port "$3")
    espefuse=("$python" "$(program "$1" espefuse)" --port "$3")
    export PYTHONPATH=$PEER_DIR/$1:$PEER_DIR/lib
    # Before version 4 the tools insist on modem lines, which a pty has not.
    case $1:$3 in
    v2*:/dev/* | v3*:/dev/*)
        esptool+=(--before no_reset --after no_reset)
        espefuse+=(--before no_reset)
        ;;
    v2*:socket*)
        # Version 2 does not know a stub that runs already; this ends it.
        esptool+=(--after no_reset)
        ;;
    esac
    case $2 in
    no-stub) esptool+=(--no-stub) ;;
    stub-*) esptool+=(--stub-version "${2#stub-}") ;;
    esac
    local stub=${2%-[12]}
    # Without lines the stub of the cell before is still there.
    "$fusebox" board reset "$board" --download
    row=
    try mac "${esptool[@]}" read_mac
    try id "${esptool[@]}" flash_id
    try write "${esptool[@]}" write_flash 0x20000 "$work/data"
    try verify "${esptool[@]}" verify_flash 0x20000 "$work/data"
    # Without a stub, 64 bytes a packet; version 2 has no such thing.
    [ "$stub" = stub ] || n=2048
    rm -f "$work/back"
    if [ "$stub" = stub ] || [ "${1#v2}" = "$1" ]; then
        try read "${esptool[@]}" read_flash 0x20000 $n "$work/back"
        try same cmp -n $n "$work/data" "$work/back"
    fi
    if [ "$stub" = stub ]; then
        try fast "${esptool[@]}" --baud 921600 write_flash -z 0x40000 "$work/data"
    fi
    # espefuse has no stub.
    "$fusebox" board reset "$board" --download
    try summary "${espefuse[@]}" summary
    try burn "${espefuse[@]}" --do-not-confirm burn_efuse JTAG_DISABLE 1
    printf '%-9s %-8s %-10s %-8s%s\n' "$1" "$2" "$rom" "${3%%:*}" "$row"
}

# The same for esptool-js: STUB PORT
js_cell() {
    "$fusebox" board reset "$board" --download
    row=
    if timeout 150 node tests/peers/esptool_js.mjs "$ESPTOOL_JS" "$2" "$1" >"$work/out" 2>&1; then
        row=" $(head -n 1 "$work/out")"
    else
        row=" $(head -n 1 "$work/out") FAILED"
        failed=1
        tail -n 4 "$work/out" >>"$work/failures"
    fi
    printf '%-9s %-8s %-10s %-8s%s\n' js "$1" "$rom" "${2%%:*}" "$row"
}

# The kinds of stub that a version has.
stubs_of() {
    local version=$1 kind
    for kind in ${STUBS:-stub no-stub}; do
        echo "$kind"
    done
    if [ "${version#v5}" != "$version" ]; then
        for kind in ${STUB_VERSIONS-1 2}; do
            echo "stub-$kind"
        done
    fi
}

# A new board each: fuses of the one before do not matter.
boards() {
    local ports=() rom_args=()
    [ "$rom" = built-in ] || rom_args=(--rom "$ESP32_ROM_DIR/esp32_$rom.elf")
    local revision=0
    [ "$rom" != rev300_rom ] || revision=3
    rm -rf "$board"
    "$fusebox" board start "$board" --revision $revision "${rom_args[@]}" >"$work/start" || exit 1
    local name where
    for name in ${PORTS:-pty socket rfc2217}; do
        case $name in
        pty) where=$(readlink "$board/uart") ;;
        *) where=$(grep -o "$name://[^ ]*" "$work/start") ;;
        esac
        ports+=("$where")
    done
    for version in ${VERSIONS:-$(cd "$PEER_DIR" && ls -d v[0-9]*)}; do
        for stub in $(stubs_of "$version"); do
            for port in "${ports[@]}"; do
                cell "$version" "$stub" "$port"
            done
        done
    done
    if [ -n "$ESPTOOL_JS" ] && command -v node >/dev/null; then
        for stub in ${STUBS:-stub no-stub}; do
            for port in "${ports[@]}"; do
                js_cell "$stub" "$port"
            done
        done
    else
        echo "js        skipped: no ESPTOOL_JS, or no node"
    fi
    stop
}

roms=built-in
if [ -n "$ESP32_ROM_DIR" ]; then
    roms="built-in rev0_rom rev300_rom"
fi
for rom in ${ROMS:-$roms}; do
    boards
done
if [ "$failed" != 0 ]; then
    cat "$work/failures"
fi
exit $failed
