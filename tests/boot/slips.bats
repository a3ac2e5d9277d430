#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What people get wrong on the way through snapshot, plan, check, rehearse and
# burn, and what becomes of it, with the real bootloader.

load ../support/common
load ../support/alive

setup_file() {
    tree
    why=$(lacks compiler)
    export why
    [ -z "$why" ] || return 0
    cd "$BATS_FILE_TMPDIR" || return 1
    PATH=$bin:$PATH
    make_alive
    cp fe.bin fe.copy
    cp sb.bin sb.copy
    fusebox board start board --mac 24:0a:c4:00:01:02
    fusebox snapshot --port board:board -o snap
    fusebox board stop board
}

setup() {
    [ -z "$why" ] || skip "$why"
    PATH=$bin:$PATH
    cp -r "$BATS_FILE_TMPDIR"/. "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    custody=(--key-copy fe.copy sb.copy --public-key pub.bin)
}

teardown_file() {
    stop_boards "$BATS_FILE_TMPDIR"
}

# plan RECIPE... -- IMAGES...: into the file `plan`.
plan() {
    local recipes=()
    while [ "$1" != -- ]; do
        recipes+=("$1")
        shift
    done
    shift
    fusebox plan "${recipes[@]}" --board snap -o plan --flash-key fe.bin \
        --secure-boot-key sb.bin ${1:+--images} "$@"
}

# holds BOARD FILE ADDRESS...: in flash.
holds() {
    local dir=$1
    shift
    while [ $# -gt 0 ]; do
        dd if="$1" of="$dir/flash.bin" bs=16 seek=$(($2 / 16)) conv=notrunc \
            status=none
        shift 2
    done
}

# refused TEXT COMMAND...: one line that holds TEXT on stderr.
refused() {
    local text=$1
    shift
    run --separate-stderr "$@"
    echo "status $status, stderr: $stderr" >&2
    [ "$status" -eq 2 ]
    [[ "$stderr" == *"$text"* ]]
    [ "$(wc -l <<<"$stderr")" = 1 ]
}

@test "power cuts: also where the board itself writes when it starts" {
    espefuse --virt --path-efuse-file snap/efuse.bin --do-not-confirm burn_key flash_encryption fe.bin
    espefuse --virt --path-efuse-file snap/efuse.bin --do-not-confirm burn_efuse FLASH_CRYPT_CONFIG 0xf
    holds snap bootloader_enc.bin 0x1000 partitions_enc.bin 0x8000 app_enc.bin 0x10000
    plan flash-encryption lock --
    run fusebox rehearse plan --board snap --goal alive --power-cuts
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" != *'did not come again'* ]]
}

@test "a script with a port of its own is kept from it" {
    echo 'echo burn >/dev/ttyFUSEBOX; espefuse --port $ESPPORT --do-not-confirm burn_efuse JTAG_DISABLE' >own.sh
    run fusebox plan --board snap -o script -- sh -e own.sh
    echo "$output"
    rm -f /dev/ttyFUSEBOX
    [[ "$output" != *'this kernel cannot'* ]] || skip 'no Landlock in this kernel'
    [ "$status" -eq 2 ]
    [[ "$output" == *'ermission denied'*'no plan'* ]]
}
