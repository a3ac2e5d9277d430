#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh: how long firmware takes to build: bootloader and application of a
# board from nothing, with nothing to do, and after a change of one file. The
# host tools are there already. Wall clock and CPU time: others may use the
# machine too.
set -eu
cd "$(dirname "$0")/../.."
jobs=$(nproc 2>/dev/null || echo 2)
TIMEFORMAT='%1R s, %1U s of CPU'

measure() { # TITLE COMMAND...
    printf '%-36s' "$1"
    shift
    time "$@" >build/bench-build.log 2>&1
}

make --no-print-directory -j"$jobs" tools >/dev/null
build=(make --no-print-directory -j"$jobs" BOARD=WIPY BTYPE=bench)
rm -rf build/WIPY/bench build/mpy-cross
measure 'both targets, with mpy-cross' "${build[@]}"
rm -rf build/WIPY/bench
measure 'both targets' "${build[@]}"
measure 'nothing to do' "${build[@]}"
touch firmware/app/ota.c
measure 'after a change of ota.c' "${build[@]}"
touch firmware/boot/boot.c
measure 'after a change of boot.c' "${build[@]}"
rm -rf build/WIPY/bench
