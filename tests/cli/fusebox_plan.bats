#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The whole way on a real build: snapshot, plan, rehearse, burn, and what has to
# be refused on it. Interruptions are tools/fusebox/plan/burn_kill_test.c.

load ../support/common

setup_file() {
    tree
    why=$(lacks compiler micropython)
    export why
    [ -z "$why" ] || return 0
    # The demo's keys: its images need not be made anew then.
    keys=$root/build/demo release=$root/build/GPY/release
    mkdir -p "$keys"
    sign=$keys/secure_boot_signing_key.pem flash=$keys/flash_encryption_key.bin
    [ -e "$sign" ] || "$bin/espsecure" generate_signing_key "$sign"
    [ -e "$flash" ] || "$bin/espsecure" generate_flash_encryption_key "$flash"
    make -C "$root" --no-print-directory -j2 BOARD=GPY SECURE=on \
        SECURE_KEY="$sign" ENCRYPT_KEY="$flash" >"$BATS_FILE_TMPDIR/make" 2>&1 ||
        { tail -n 20 "$BATS_FILE_TMPDIR/make" >&2; return 1; }
    export release sign flash
    cd "$BATS_FILE_TMPDIR" || return 1
    cp "$flash" flash.copy
    "$bin/espsecure" digest_private_key --keyfile "$sign" boot.copy
    "$bin/fusebox" board start blank --mac 24:0a:c4:00:11:22
    "$bin/fusebox" snapshot --port board:blank -o snap --name GPY
    "$bin/fusebox" board stop blank
    "$bin/fusebox" plan flash-encryption secure-boot-v1 lock --board snap \
        --flash-key "$flash" --secure-boot-key "$sign" --release "$release" -o plan
}

setup() {
    [ -z "$why" ] || skip "$why"
    cp -r "$BATS_FILE_TMPDIR"/. "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    PATH=$bin:$PATH
    hash=$(sed -n 's/^hash //p' plan)
    custody=(--key-copy flash.copy boot.copy
        --public-key "$release/signature_verification_key.bin")
}

teardown_file() {
    stop_boards "$BATS_FILE_TMPDIR"
}

# start NAME: power the board.
start() {
    fusebox board start "$1"
}

# refused STATUS TEXT COMMAND...: one line that holds TEXT on stderr.
refused() {
    local want=$1 text=$2
    shift 2
    run --separate-stderr "$@"
    echo "status $status, stderr: $stderr" >&2
    [ "$status" -eq "$want" ]
    [[ "$stderr" == *"$text"* ]]
    [ "$(wc -l <<<"$stderr")" = 1 ]
}

burn() {
    fusebox burn plan --port board:blank --journal journal "${custody[@]}" "$@"
}

@test "a snapshot is the board" {
    cmp blank/flash.bin snap/flash.bin
    cmp blank/efuse.bin snap/efuse.bin
    [ "$(stat -c %a snap)" = 700 ]
    refused 2 'holds a board already' fusebox snapshot --port board:blank -o snap
    # Refused before the flash is read, and nothing is left.
    refused 2 'no/where: No such file' fusebox snapshot --port board:blank -o no/where
    start blank
    refused 2 'BLOCK1 of this board is blank' fusebox snapshot --port board:blank \
        -o new --flash-key "$flash"
    refused 2 'nowhere: No such file' fusebox snapshot --port board:blank \
        -o new --secure-boot-key nowhere
    [ ! -e new ]
}

@test "a plan is readable, holds no key, and is refused when changed" {
    grep -q '^step lock burn 0 ' plan
    run ! grep -qi "$(head -c 4 "$flash" | od -An -tx1 | tr -d ' \n')" plan
    sed 's/^mac .*/mac 24:0a:c4:00:11:23/' plan >other
    refused 2 'its hash does not match' fusebox rehearse other --board snap
}

@test "rehearse, burn; the board updates itself; a second burn finds it done" {
    run fusebox rehearse plan --board snap --then reflash ota "$release/gpy.bin_enc_0x1A0000" confirm
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *'then reflash: works'* ]]
    [[ "$output" == *'then ota: works'* ]]
    [[ "$output" == *'then confirm: works: the application confirmed itself'* ]]
    grep -qx 'confirms yes' plan.rehearsal
    [[ "$output" == *'Verdict: boots'* ]]
    cmp blank/flash.bin snap/flash.bin # copied, not changed
    start blank
    run burn --yes-burn "$hash"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(fusebox exec 'print(6*7)' --port board:blank)" = 42 ]
    run espefuse --port board:blank summary
    [[ "$output" == *'DISABLE_DL_DECRYPT'*'= True'* ]]
    run burn </dev/null # nothing to consent to
    [ "$status" -eq 0 ]
    [[ "$output" == *'Nothing is left to burn.'* ]]
    [ "$(grep -c ' begin$' journal/24-0a-c4-00-11-22.journal)" = 1 ]
    [ "$(stat -c %a journal/24-0a-c4-00-11-22.journal)" = 600 ]
    # Keys are read-protected now; a snapshot says so, and takes them from files.
    run fusebox snapshot --port board:blank -o locked --flash-key "$flash"
    [ "$status" -eq 0 ]
    grep -qx 'unknown = BLOCK2' locked/board.ini
}

@test "burn wants a rehearsal that went well, of this plan" {
    start blank
    refused 2 'was never rehearsed' burn --yes-burn "$hash"
    run fusebox rehearse plan --board snap --goal 'no such text'
    [ "$status" -eq 1 ]
    [[ "$output" == *'Verdict: recoverable'* ]]
    refused 2 'its rehearsal ended with: recoverable' burn --yes-burn "$hash"
    fusebox rehearse plan --board snap >/dev/null
    sed -i 's/^verdict.*/verdict boots/; s/^goal.*/goal I/' plan.rehearsal
    refused 2 'changed since' burn --yes-burn "$hash"
    fusebox board stop blank
    cmp blank/efuse.bin snap/efuse.bin
}

@test "burn wants consent, the checks, and the very board" {
    fusebox rehearse plan --board snap >/dev/null
    start blank
    run fusebox burn plan --port board:blank --journal journal --yes-burn "$hash"
    [ "$status" -eq 2 ]
    [[ "$output" == *'P22  FAIL'* ]]
    refused 2 "not this plan's hash" burn --yes-burn 0123456789ab
    refused 2 'nothing was burned' burn </dev/null
    refused 2 'takes one check and a reason' burn --accept P99:x --yes-burn "$hash"
    fusebox board stop blank
    cmp blank/efuse.bin snap/efuse.bin
    # Another board of the same kind.
    fusebox board start other --mac 24:0a:c4:00:11:23
    run fusebox burn plan --port board:other --journal journal "${custody[@]}" \
        --accept P23:tried --yes-burn "$hash"
    fusebox board stop other
    [ "$status" -eq 2 ]
    [[ "$output" == *'this is board 24:0a:c4:00:11:23, the plan is for 24:0a:c4:00:11:22'* ]]
}

@test "burn wants the flash that was rehearsed, where the plan leaves it" {
    fusebox rehearse plan --board snap >/dev/null
    start blank
    printf 'no image %4087s' '' >junk
    # The plan writes there.
    esptool --port board:blank write_flash 0x20000 junk
    refused 2 'nothing was burned' burn </dev/null
    esptool --port board:blank write_flash 0x3f0000 junk
    run --separate-stderr burn --yes-burn "$hash"
    [ "$status" -eq 2 ]
    [[ "$stderr" == *'the flash at 0x191000 ('*') is not what was rehearsed'* ]]
    fusebox board stop blank
    cmp blank/efuse.bin snap/efuse.bin
    run ! grep -rqs ' begin$' journal
}

@test "killed at any time, the same command goes on" {
    fusebox rehearse plan --board snap >/dev/null
    start blank
    local ms=40 runs=1
    until timeout -s KILL "$((ms / 1000)).$(printf %03d $((ms % 1000)))" \
        fusebox burn plan --port board:blank --journal journal "${custody[@]}" \
        --yes-burn "$hash"; do
        ms=$((ms * 3 / 2)) runs=$((runs + 1))
        [ "$runs" -lt 30 ]
    done
    [ "$runs" -gt 3 ]
    grep -q ' end$' journal/24-0a-c4-00-11-22.journal
    [ "$(fusebox exec 'print(6*7)' --port board:blank)" = 42 ]
}

@test "images and keys that changed are refused" {
    fusebox rehearse plan --board snap >/dev/null
    cp "$release/lib/partitions.bin" table
    sed "s|^  from .*/partitions.bin|  from table|" plan >moved
    cp plan.rehearsal moved.rehearsal
    fusebox rehearse moved --board snap >/dev/null # notes may change
    printf X | dd of=table bs=1 seek=9 conv=notrunc status=none
    refused 2 'table: has changed since the plan was made' fusebox rehearse moved --board snap
    sed "s|^  from .*flash_encryption_key.bin|  from boot.copy|" plan >moved
    refused 2 'not the key of this plan' fusebox rehearse moved --board snap
}

@test "a script becomes a plan" {
    cat >provision.sh <<'EOF'
set -e
espefuse.py --port $ESPPORT --do-not-confirm burn_key flash_encryption $2
espefuse.py --port $ESPPORT --do-not-confirm burn_key secure_boot boot.copy
espefuse.py --port $ESPPORT --do-not-confirm burn_efuse FLASH_CRYPT_CONFIG 0xf
esptool.py --port $ESPPORT write_flash 0x0 $1/bootloader/bootloader-reflash-digest.bin_enc \
    0x8000 $1/lib/partitions.bin_enc 0x10000 $1/gpy.bin_enc_0x10000
espefuse.py --port $ESPPORT --do-not-confirm burn_efuse FLASH_CRYPT_CNT 1
espefuse.py --port $ESPPORT --do-not-confirm burn_efuse ABS_DONE_0 1
EOF
    fusebox plan --board snap -o script --flash-key "$flash" -- sh provision.sh "$release" "$flash"
    [ "$(grep -c '^step' script)" = 11 ]
    grep -q '^step keys burn 1 key flash_encryption$' script
    grep -q '^step enable burn 0 00100000 ' script
    # The key that no file was named for is kept, for its owner.
    cmp script.d/secure_boot_v1.key boot.copy
    [ "$(stat -c %a script.d/secure_boot_v1.key)" = 600 ]
    cmp script.d/02-0x8000.bin "$release/lib/partitions.bin_enc"
    cmp snap/flash.bin blank/flash.bin
    run fusebox rehearse script --board snap
    [ "$status" -eq 0 ]
    refused 2 'ended with exit status 7: no plan' fusebox plan --board snap -o none -- sh -c 'exit 7'
    refused 2 'did nothing to the board' fusebox plan --board snap -o none -- true
    [ ! -e none ]
}

@test "a script that bricks is foreseen" {
    # FLASH_CRYPT_CNT without a key (P8), write-protected.
    fusebox plan --board snap -o brick -- sh -c 'espefuse --port $ESPPORT --do-not-confirm burn_efuse FLASH_CRYPT_CNT 127'
    run fusebox rehearse brick --board snap
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *'flash read err'* ]]
    [[ "$output" != *'Verdict: boots'* ]]
}
