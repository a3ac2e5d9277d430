#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run_tap.sh PROGRAM... [-- PROGRAM...]: run programs that speak TAP, show what
# failed, and end with `N passed, N failed`. What stands on either side of --
# runs side by side. A program that dies, or runs fewer tests than it planned,
# counts as a failure. Output is kept in build/test-log/.
set -u
log=build/test-log
mkdir -p "$log"
export CMOCKA_MESSAGE_OUTPUT=TAP

# count FILE STATUS: passed, failed and skipped tests of one program.
count() {
    awk -v status="$2" '
        /^(not )?ok.*# *[Ss][Kk][Ii][Pp]/ { skip++; next } # cmocka: not ok
        /^ok/ { ok++ }
        /^not ok/ { bad++ }
        /^1\.\.[0-9]+/ { split($1, p, /\.\./); plan = p[2]; planned = 1 }
        END {
            if (status != 0 && !bad) bad++
            if (!planned && status == 0) bad++
            if (planned && ok + bad + skip < plan) bad += plan - ok - bad - skip
            print ok + 0, bad + 0, skip + 0
        }' "$1"
}

# run_one PROGRAM: run it, print its line, and its counts to descriptor 3.
run_one() {
    out=$log/$(echo "$1" | tr / _).tap
    case $1 in
    *.bats) bats --tap "$1" >"$out" 2>&1 ;;
    /*) "$1" >"$out" 2>&1 ;;
    *) "./$1" >"$out" 2>&1 ;;
    esac
    counts=$(count "$out" $?)
    echo "$counts" >&3
    read -r ok bad skip <<END
$counts
END
    mark=ok
    [ "$bad" = 0 ] || mark=FAILED
    {
        printf '%-6s %4d  %s\n' "$mark" "$ok" "$1"
        grep -i '^ *skipped:\|^[a-z ]*ok.*# *skip\|^1\.\.0' "$out" |
            sed 's/^/            /'
        if [ "$bad" != 0 ]; then
            grep -v '^ok' "$out" | tail -n 60 | sed 's/^/    /'
        fi
    } >"$out.summary"
    cat "$out.summary" # in one piece, whatever runs beside
    rm -f "$out.summary"
}

lane() {
    for program in "$@"; do
        [ "$program" != -- ] || return 0
        run_one "$program"
    done
}

after_separator() {
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        shift
    done
    [ $# -eq 0 ] || shift
    lane "$@"
}

totals=$(mktemp)
trap 'rm -f "$totals"' EXIT
after_separator "$@" 3>>"$totals" &
lane "$@" 3>>"$totals"
wait

awk '{ ok += $1; bad += $2; skip += $3 }
    END {
        if (skip) print skip " skipped"
        print ok + 0 " passed, " bad + 0 " failed"
        exit bad > 0 || NR == 0
    }' "$totals"
