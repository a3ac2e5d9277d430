#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run_tap.sh PROGRAM...: run programs that speak TAP, show what failed, and end
# with `N passed, N failed`. A program that dies, or runs fewer tests than it
# planned, counts as a failure. Output is kept in build/test-log/.
set -u
log=build/test-log
mkdir -p "$log"
passed=0 failed=0 skipped=0
export CMOCKA_MESSAGE_OUTPUT=TAP

for program in "$@"; do
    out=$log/$(echo "$program" | tr / _).tap
    case $program in
    *.bats) bats --tap "$program" >"$out" 2>&1 ;;
    /*) "$program" >"$out" 2>&1 ;;
    *) "./$program" >"$out" 2>&1 ;;
    esac
    status=$?
    counts=$(awk -v status=$status '
        /^(not )?ok.*# *[Ss][Kk][Ii][Pp]/ { skip++; next } # cmocka: not ok
        /^ok/ { ok++ }
        /^not ok/ { bad++ }
        /^1\.\.[0-9]+/ { split($1, p, /\.\./); plan = p[2]; planned = 1 }
        END {
            if (status != 0 && !bad) bad++
            if (!planned && status == 0) bad++
            if (planned && ok + bad + skip < plan) bad += plan - ok - bad - skip
            print ok + 0, bad + 0, skip + 0
        }' "$out")
    read -r ok bad skip <<END
$counts
END
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    mark=ok
    [ "$bad" = 0 ] || mark=FAILED
    printf '%-6s %4d  %s\n' "$mark" "$ok" "$program"
    grep -i '^ *skipped:\|^[a-z ]*ok.*# *skip\|^1\.\.0' "$out" | sed 's/^/            /'
    if [ "$bad" != 0 ]; then
        grep -v '^ok' "$out" | tail -n 60 | sed 's/^/    /'
    fi
done
[ "$skipped" = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
