#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run_tap.sh PROGRAM... [-- PROGRAM...]: run programs that speak TAP, show what
# failed, and end with `N passed, N failed`. Those before -- run side by side,
# JOBS (the number of CPUs) at a time; those after it one by one, beside them. A
# program that dies, runs other tests than it planned, or never ends counts as a
# failure. Output is kept in build/test-log/. With TIMES=1 a table says how long
# each took, and how much CPU time; boards and other servers are not in that.
set -u
log=build/test-log
export CMOCKA_MESSAGE_OUTPUT=TAP

# count FILE STATUS: passed, failed and skipped tests of one program. A program
# with several groups of tests has a plan for each.
count() {
    awk -v status="$2" '
        /^(not )?ok.*# *[Ss][Kk][Ii][Pp]/ { skip++; next } # cmocka: not ok
        /^ok/ { ok++ }
        /^not ok/ { bad++ }
        /^Bail out!/ { status = 1 }
        /^1\.\.[0-9]+/ { split($1, p, /\.\./); plan += p[2]; planned = 1 }
        END {
            off = plan - ok - bad - skip
            if (planned && off != 0) bad += off < 0 ? -off : off
            if (!planned || (status != 0 && !bad)) bad++
            print ok + 0, bad + 0, skip + 0
        }' "$1"
}

# cpu FILE: milliseconds of CPU time that what `times` wrote speaks of.
cpu() {
    awk 'NR % 2 == 0 {
        split($1, u, /[ms]/)
        split($2, s, /[ms]/)
        before = now
        now = 60 * (u[1] + s[1]) + u[2] + s[2]
    }
    END { printf "%d", (now - before) * 1000 }' "$1"
}

# run_one PROGRAM: run it, print its line, and add to $TAP_TOTALS: passed,
# failed, skipped, milliseconds, those of CPU time, name.
run_one() {
    out=$log/$(echo "$1" | tr / _).tap
    started=$(date +%s%N)
    times >"$out.times" # of the processes that this one has waited for
    case $1 in
    *.bats) bats --tap "$1" >"$out" 2>&1 ;;
    /*) "$1" >"$out" 2>&1 ;;
    *) "./$1" >"$out" 2>&1 ;;
    esac
    status=$?
    times >>"$out.times"
    counts=$(count "$out" "$status")
    ms=$((($(date +%s%N) - started) / 1000000))
    echo "$counts $ms $(cpu "$out.times") $1" >>"$TAP_TOTALS"
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
    rm -f "$out.summary" "$out.times"
}

if [ "${1:-}" = --one-by-one ]; then
    # As a worker: programs with spaces between.
    for program in $2; do
        run_one "$program"
    done
    exit 0
fi

mkdir -p "$log"
TAP_TOTALS=$(mktemp)
export TAP_TOTALS
workers=
stop() {
    [ -z "$workers" ] || kill -- "-$workers"
    for _ in 1 2 3 4 5 6 7 8 9 10; do # they may start a server yet
        kill -0 -- "-$workers" 2>/dev/null || break
        sleep 0.2
    done
    exit 1
}
# Boards and other servers are in sessions of their own; what has $TAP_TOTALS in
# its environment was started here.
finish() {
    left=$(grep -lzxF "TAP_TOTALS=$TAP_TOTALS" /proc/[0-9]*/environ 2>/dev/null |
        tr -dc '0-9\n')
    # shellcheck disable=SC2086
    [ -z "$left" ] || kill $left 2>/dev/null
    rm -f "$TAP_TOTALS"
}
trap finish EXIT
trap stop INT TERM HUP

all=0 one_by_one='' side_by_side='' now=side_by_side
for program in "$@"; do
    case $now:$program in
    *:--) now=one_by_one && continue ;;
    one_by_one:*) one_by_one="$one_by_one $program" ;;
    *) side_by_side="$side_by_side$program
" ;;
    esac
    all=$((all + 1))
done

# In a session of its own, that it can be ended as a whole.
printf '%s\n%s' "$one_by_one" "$side_by_side" | sed '/^$/d' |
    setsid xargs -r -d '\n' -n 1 -P "${JOBS:-$(nproc 2>/dev/null || echo 2)}" \
        "$0" --one-by-one &
workers=$!
# It stops at a worker that was killed; what runs beside that counts no more.
wait "$workers" || kill -- "-$workers" 2>/dev/null

[ -z "${TIMES:-}" ] || sort -k4 -rn "$TAP_TOTALS" |
    awk '{ printf "%8.1f s %8.1f s CPU  %s\n", $4 / 1000, $5 / 1000, $6
           ms += $4; cpu += $5 }
        END { printf "%8.1f s %8.1f s CPU  in all\n", ms / 1000, cpu / 1000 }'

awk -v all="$all" '
    { ok += $1; bad += $2; skip += $3 }
    END {
        if (NR < all) print all - NR " programs did not end"
        bad += all - NR
        if (skip) print skip " skipped"
        print ok + 0 " passed, " bad + 0 " failed"
        exit bad > 0 || NR == 0
    }' "$TAP_TOTALS"
