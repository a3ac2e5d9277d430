#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Includes point one way: lib includes nothing of ours but lib; host, chip and
# firmware include lib and themselves; tools include all but firmware. Tests
# (NAME_test.c) may include whatever they test with.
set -u
cd "$(dirname "$0")/../.." || exit 1

bad=$(git ls-files -co --exclude-standard 'lib/*.[ch]' 'host/*.[ch]' \
    'chip/*.[ch]' 'firmware/*.[ch]' 'tools/*.[ch]' |
    grep -v -e '_test\.c$' -e '_bench\.c$' | xargs awk '
    BEGIN {
        may["lib"] = "lib"
        may["host"] = "host lib"
        may["chip"] = "chip lib"
        may["firmware"] = "firmware lib"
        may["tools"] = "tools chip host lib"
    }
    match($0, /^#include "(lib|host|chip|firmware|tools)\//) {
        split(FILENAME, from, "/")
        to = substr($0, 11)
        sub(/\/.*/, "", to)
        if (!index(" " may[from[1]] " ", " " to " "))
            print FILENAME ":" FNR ": " $0
    }')
if [ -n "$bad" ]; then
    printf '%s\n' "$bad"
    echo "not ok 1 - includes point one way"
    echo 1..1
    exit 1
fi
echo "ok 1 - includes point one way"
echo 1..1
