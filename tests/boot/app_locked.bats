#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The application on a locked board: flash encryption and secure boot on.

load ../support/common

setup_file() {
    tree
    why=$(lacks compiler micropython)
    export why
    [ -z "$why" ] || return 0
    keys=$BATS_FILE_TMPDIR
    cd "$root" || return 1
    {
        "$bin/espsecure" generate_signing_key "$keys/sign.pem"
        "$bin/espsecure" digest_private_key --keyfile "$keys/sign.pem" \
            "$keys/secure-bootloader-key.bin"
        "$bin/espsecure" generate_flash_encryption_key \
            "$keys/flash_encryption_key.bin"
        make --no-print-directory BOARD=GPY SECURE=on SECURE_VERSION=1 \
            SECURE_KEY="$keys/sign.pem" \
            ENCRYPT_KEY="$keys/flash_encryption_key.bin"
    } >"$keys/log" 2>&1 || { tail -n 20 "$keys/log" >&2; return 1; }
    cp build/GPY/release/gpy.bin_enc_0x* "$keys/"
    tests/bench/locked_board.sh "$keys/b" build/GPY/release "$keys"
    "$bin/fusebox" board start "$keys/b"
}

teardown_file() {
    stop_boards "$BATS_FILE_TMPDIR"
}

setup() {
    [ -z "$why" ] || skip "$why"
    cd "$BATS_FILE_TMPDIR" || return 1
    "$bin/fusebox" board console b --expect '>>> ' --timeout 60
}

python() {
    "$bin/fusebox" exec --port board:b "$1"
}

# Burn the least security version, in ones, as if a newer image had run.
least() {
    "$bin/fusebox" board stop b
    "$bin/espefuse" --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        burn_efuse SECURE_VERSION "$1" >/dev/null
    "$bin/fusebox" board start b
    "$bin/fusebox" board console b --expect '>>> ' --timeout 60
}

# What the flash chip holds at 0x1A0000 and behind.
slot() {
    "$bin/fusebox" board stop b
    tail -c +$((0x1A0001)) b/flash.bin | head -c $((0x180000)) | sha256sum
    "$bin/fusebox" board start b >/dev/null
    "$bin/fusebox" board console b --expect '>>> ' --timeout 60 >/dev/null
}

@test "files are ciphertext in flash and outlive a power cycle" {
    python '
import machine
print(machine.flash_encrypt(), machine.secure_boot())
with open("secret.txt", "w") as f:
    f.write("the quick brown fox " * 200)'
    "$bin/fusebox" board stop b
    run grep -c 'quick brown' b/flash.bin
    [ "$status" -eq 1 ]
    "$bin/fusebox" board start b
    "$bin/fusebox" board console b --expect '>>> ' --timeout 60
    run python 'print(open("secret.txt").read() == "the quick brown fox " * 200)'
    [ "$output" = True ]
}

@test "an image for another slot, or plaintext, leaves the slot as it was" {
    before=$(slot)
    for wrong in gpy.bin_enc_0x10000 "$root/build/GPY/release/gpy.bin"; do
        cp "$wrong" wrong_0x1A0000
        run "$bin/fusebox" ota --port board:b wrong_0x1A0000
        [ "$status" -ne 0 ]
        [[ $output == *'not an image for this slot'* ]]
    done
    [ "$(slot)" = "$before" ]
}

@test "an update runs on trial, confirms itself, and updates back" {
    least 1
    "$bin/fusebox" ota --port board:b --reset gpy.bin_enc_0x10000 gpy.bin_enc_0x1A0000
    "$bin/fusebox" board console b --expect 'offset 001a0000' --timeout 60
    "$bin/fusebox" board console b --expect '>>> ' --timeout 60
    run python 'import pycom; print(hex(pycom.ota_slot()), pycom.ota_on_trial())'
    [ "$output" = '0x10000 False' ]
    "$bin/fusebox" board reset b
    "$bin/fusebox" board console b --expect 'offset 001a0000' --timeout 60
}

@test "an update below SECURE_VERSION is refused before the bootloader does" {
    least 3
    run "$bin/fusebox" ota --port board:b --reset gpy.bin_enc_0x10000
    [ "$status" -ne 0 ]
    [[ $output == *"older than the eFuses' SECURE_VERSION"* ]]
    run python 'import pycom; print(pycom.ota_verify(), hex(pycom.ota_slot()))'
    [ "$output" = 'False 0x10000' ]
    # What runs goes on: this bootloader was built without ANTI_ROLLBACK.
    "$bin/fusebox" board reset b
    "$bin/fusebox" board console b --expect 'offset 001a0000' --timeout 60
}
