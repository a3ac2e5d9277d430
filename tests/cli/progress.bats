#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A terminal sees how far a long reading is; a pipe sees nothing of it.

load ../support/common

setup() {
    enter
    PATH=$bin:$PATH
    fusebox board start b
    printf 'no image %131063s' '' >noise
    esptool --port board:b write-flash 0x40000 noise
}

@test "snapshot shows progress to a terminal only" {
    command -v script >/dev/null || skip "no script(1)"
    run script -qec "fusebox snapshot --port board:b -o seen" /dev/null
    [ "$status" -eq 0 ]
    [[ "$output" == *$'\rreading 0x40000 to 0x60000: 100 %\r\e[K'* ]]
    run fusebox snapshot --port board:b -o unseen
    [ "$status" -eq 0 ]
    [[ "$output" != *reading* ]]
    cmp seen/flash.bin unseen/flash.bin
}
