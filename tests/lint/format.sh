#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every C source is as clang-format writes it.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v clang-format >/dev/null ||
    { echo "1..0 # skipped: clang-format is not installed"; exit 0; }
if git ls-files -co --exclude-standard '*.c' '*.h' ':!tests/vectors' |
    xargs clang-format --dry-run -Werror; then
    echo "ok 1 - clang-format"
    echo 1..1
else
    echo "not ok 1 - clang-format"
    echo 1..1
    exit 1
fi
