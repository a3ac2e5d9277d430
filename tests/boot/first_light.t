#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The demo as a test: a line of TAP for each of its steps.
set -u
cd "$(dirname "$0")/../.." || exit 1

steps=13
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' INT TERM HUP
echo "1..$steps"
if tests/boot/demo.sh >"$log" 2>&1; then
    sed -n 's/^ok *\([0-9]*\) *[0-9]* ms  /ok \1 - /p' "$log"
    exit 0
fi
done_steps=$(($(grep -c '^== [0-9]' "$log") - 1))
sed -n 's/^== \([0-9]*\)\. /ok \1 - /p' "$log" | head -n "$done_steps"
sed -n 's/^== \([0-9]*\)\. /not ok \1 - /p' "$log" | tail -n 1
tail -n 40 "$log" | sed 's/^/# /'
exit 1
