#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# micropython_suite.sh FIRMWARE_DIR [TEST_DIR...]
#
# MicroPython's own test suite (run-tests.py of its sources) on a virtual GPY
# with the firmware in FIRMWARE_DIR, over the board's raw REPL. TEST_DIR: basics,
# extmod ...; all that a board can run when none is given. What cannot pass is in
# micropython_suite.txt, with the reason.
# Ends with `passed N, skipped N, failed N`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
firmware=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- basics micropython float misc extmod stress unicode io \
    import
micropython=${MICROPY_TOP:-$root/third_party/micropython}
python=$(command -v /usr/bin/python3 || command -v python3)
PATH=${BIN:-$root/build/bin}:$PATH

work=$(mktemp -d)
board=$work/board
trap 'fusebox board stop "$board" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
fusebox board start "$board" --board GPY >"$work/log"
esptool --chip esp32 --port "board:$board" write_flash \
    0x1000 "$firmware/bootloader/bootloader.bin" \
    0x8000 "$firmware/lib/partitions.bin" \
    0x10000 "$firmware/gpy.bin" >>"$work/log"
fusebox board reset "$board"

# The console as standard input and output of a process.
cat >"$work/console" <<SH
#!/bin/sh
exec socat - UNIX-CONNECT:$board/uart.sock
SH
chmod +x "$work/console"
device=exec:$work/console

# Some tests read files beside them or import each other.
for dir in "$@"; do
    case $dir in
    io | unicode) from=$micropython/tests/$dir/data to=data ;;
    import) from=$micropython/tests/import to='' ;;
    *) continue ;;
    esac
    (cd "$from" && find . -type d | sed 's|^\./*||' | sort) |
        while read -r sub; do
            path=${to:+$to/}$sub
            path=${path%/}
            [ -z "$path" ] ||
                fusebox exec --port "board:$board" \
                    "import os; '$path' in os.listdir() or os.mkdir('$path')"
            # shellcheck disable=SC2046
            "$python" "$micropython/tools/pyboard.py" --device "$device" -f cp \
                $(find "$from/$sub" -maxdepth 1 -type f) ":/flash/${path:+$path/}" \
                </dev/null >>"$work/log" || { tail -n 5 "$work/log" >&2; exit 1; }
        done
done

listed=$(for dir in "$@"; do
    sed -n "s/^\($dir\/[a-z_0-9]*\): .*/\1/p" "$here/micropython_suite.txt"
done)
exclude=$(echo "$listed" | sed 's/.*/(^|\/)&\\.py/' | paste -s -d '|')
listed_count=$(echo "$listed" | grep -c . || true)
cd "$micropython/tests"
MICROPY_CPYTHON3=$python "$python" run-tests.py -t "$device" \
    --result-dir "$work/results" ${exclude:+-e "$exclude"} -d "$@" >"$work/tests" 2>&1 ||
    true

count() {
    sed -n "s/^\([0-9]*\) tests $1.*/\1/p" "$work/tests"
}
failed=$(count failed)
skipped=$(count skipped)
for result in "$work"/results/*.out; do
    [ -e "$result" ] || continue
    name=$(basename "$result" .out)
    echo "failed: $name"
    diff "${result%.out}.exp" "$result" | head -n 10 || true
done
[ -n "$(count performed)" ] || { tail -n 20 "$work/tests" >&2; exit 1; }
echo "passed $(count passed), skipped $((${skipped:-0} + listed_count)), failed ${failed:-0}"
[ "${failed:-0}" -eq 0 ]
