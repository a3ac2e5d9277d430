#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cppcheck and clang-tidy over the host rooms.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0
if command -v cppcheck >/dev/null; then
    cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -I. \
        --enable=warning,portability --suppress=missingIncludeSystem \
        --suppress=arrayIndexOutOfBounds:chip/cpu/cpu_test.c \
        -D_POSIX_C_SOURCE=200809L lib host chip tools || status=1
else
    echo "skipped: cppcheck is not installed"
fi
if command -v clang-tidy >/dev/null; then
    git ls-files -co --exclude-standard 'lib/*.c' 'host/*.c' 'tools/*.c' |
        grep -v '_test\.c$' | xargs -P2 -n8 sh -c 'clang-tidy --quiet \
        --warnings-as-errors="*" "$@" -- -std=c11 -I. \
        -D_POSIX_C_SOURCE=200809L 2>/dev/null' sh || status=1
else
    echo "skipped: clang-tidy is not installed"
fi
exit $status
