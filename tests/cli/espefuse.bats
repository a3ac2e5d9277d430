#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# espefuse on virtual eFuses. The vectors are files of the reference tool
# (tests/vectors/efuse/README.md); BIN selects another build of ours.

load ../support/common

setup() {
    enter
    espefuse=$bin/espefuse
    fuses=$PWD/fuses.bin
}

virt() {
    "$espefuse" --chip esp32 --virt --path-efuse-file "$fuses" \
        --do-not-confirm "$@"
}

@test "burn_key and burn_efuse write the reference tool's bytes" {
    virt burn_key flash_encryption $vectors/in/fe256.key
    virt burn_key secure_boot_v1 $vectors/in/sb256.key
    cmp "$fuses" $vectors/efuse/keys.bin
}

@test "the enabling fuses as the reference tool burns them" {
    virt burn-efuse FLASH_CRYPT_CNT 1
    virt burn-efuse FLASH_CRYPT_CONFIG 0xF
    virt burn-efuse ABS_DONE_0 1
    cmp "$fuses" $vectors/efuse/enable.bin
}

@test "a chained run equals the reference tool's" {
    virt burn-key flash_encryption $vectors/in/fe256.key \
        burn-key secure_boot_v1 $vectors/in/sb256.key \
        burn-efuse FLASH_CRYPT_CNT 0x7 FLASH_CRYPT_CONFIG 0xF JTAG_DISABLE 1 \
        DISABLE_DL_ENCRYPT 1 DISABLE_DL_DECRYPT 1 DISABLE_DL_CACHE 1 \
        CONSOLE_DEBUG_DISABLE 1 ABS_DONE_0 1
    cmp "$fuses" $vectors/efuse/full.bin
}

@test "the classic spellings mean the same" {
    virt burn_key flash_encryption $vectors/in/fe256.key
    virt burn_key secure_boot $vectors/in/sb256.key
    cmp "$fuses" $vectors/efuse/keys.bin
    virt burn_efuse FLASH_CRYPT_CNT
    virt burn_efuse FLASH_CRYPT_CONFIG 0x0F
    virt burn_efuse ABS_DONE_0
    run virt summary --format value_only FLASH_CRYPT_CNT FLASH_CRYPT_CONFIG ABS_DONE_0
    [ "${lines[-1]}" = "1 15 True" ]
}

@test "values and protection in JSON agree with the reference tool" {
    for name in keys enable full; do
        fuses=$vectors/efuse/$name.bin
        virt summary --format json --file "$BATS_TEST_TMPDIR/s.json"
        jq -S 'map_values([.value, .readable, .writeable])' \
            "$BATS_TEST_TMPDIR/s.json" >"$BATS_TEST_TMPDIR/ours"
        jq -S . $vectors/efuse/$name.json >"$BATS_TEST_TMPDIR/theirs"
        diff "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs"
    done
}

@test "dump shows the reference tool's lines" {
    for name in keys enable full; do
        fuses=$vectors/efuse/$name.bin
        virt dump | grep '^BLOCK' >"$BATS_TEST_TMPDIR/ours"
        grep '^BLOCK' $vectors/efuse/$name.dump.txt |
            diff "$BATS_TEST_TMPDIR/ours" -
    done
}

@test "the counter goes up by its lowest zero bit, seven times" {
    for want in 1 3 7 15 31 63 127; do
        virt burn_efuse FLASH_CRYPT_CNT
        run virt summary --format value_only FLASH_CRYPT_CNT
        [ "${lines[-1]}" = "$want" ]
    done
    run virt burn_efuse FLASH_CRYPT_CNT
    [ "$status" = 2 ]
    [[ "$output" == *"all 7 bits are burned already"* ]]
}

@test "the public key is not the secure boot key, and the refusal says so" {
    run virt burn_key secure_boot $vectors/sign/p256.pub.bin
    [ "$status" = 2 ]
    [[ "$output" == *"public key"*"digest_private_key"* ]]
    run virt burn_key secure_boot $vectors/in/p256.pem
    [ "$status" = 2 ]
    [[ "$output" == *"PEM"* ]]
}

@test "keys of a wrong size and no keys at all are refused, nothing burned" {
    virt summary >/dev/null
    cp "$fuses" "$BATS_TEST_TMPDIR/before"
    run virt burn_key flash_encryption $vectors/in/fe192.key
    [ "$status" = 2 ]
    [[ "$output" == *"Incorrect key file size 24. Key file must be 32 bytes"* ]]
    head -c 32 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
    run virt burn_key flash_encryption "$BATS_TEST_TMPDIR/zeros"
    [ "$status" = 2 ]
    run virt burn_key flash_encryption "$BATS_TEST_TMPDIR/none"
    [ "$status" = 2 ]
    [[ "$output" == *"No such file"* ]]
    run virt burn_key nonsense $vectors/in/fe256.key
    [ "$status" = 2 ]
    cmp "$fuses" "$BATS_TEST_TMPDIR/before"
}

@test "one refusal in a chained run burns nothing of it" {
    virt summary >/dev/null
    cp "$fuses" "$BATS_TEST_TMPDIR/before"
    run virt burn-key flash_encryption $vectors/in/fe256.key burn-efuse ABS_DONE_0 0
    [ "$status" = 2 ]
    cmp "$fuses" "$BATS_TEST_TMPDIR/before"
}

@test "a key block that holds something is not burned over" {
    virt burn_key flash_encryption $vectors/in/fe256.key
    cp "$fuses" "$BATS_TEST_TMPDIR/before"
    run virt burn_key flash_encryption $vectors/in/sb256.key
    [ "$status" = 2 ]
    [[ "$output" == *"read-protected"* ]]
    cmp "$fuses" "$BATS_TEST_TMPDIR/before"
    virt burn_key --no-protect-key BLOCK3 $vectors/in/sb256.key
    cp "$fuses" "$BATS_TEST_TMPDIR/before"
    run virt burn_key --no-protect-key BLOCK3 $vectors/in/fe256.key
    [ "$status" = 2 ]
    [[ "$output" == *"not empty"* ]]
    cmp "$fuses" "$BATS_TEST_TMPDIR/before"
}

@test "values that cannot be are refused" {
    run virt burn_efuse FLASH_CRYPT_CONFIG 0x10
    [ "$status" = 2 ]
    run virt burn_efuse JTAG_DISABLE 0
    [ "$status" = 2 ]
    [[ "$output" == *"value=0"* ]]
    run virt burn_efuse NO_SUCH_FUSE 1
    [ "$status" = 2 ]
    run virt burn_efuse FLASH_CRYPT_CONFIG
    [ "$status" = 2 ]
    [[ "$output" == *"needs a value"* ]]
}

@test "a frozen field is not burned, and the error says which bit freezes it" {
    virt write_protect_efuse FLASH_CRYPT_CNT
    run virt burn_efuse FLASH_CRYPT_CNT
    [ "$status" = 2 ]
    [[ "$output" == *"WR_DIS bit 2"* ]]
}

@test "protecting a field names the fields that go with it" {
    run virt write_protect_efuse FLASH_CRYPT_CNT
    [ "$status" = 0 ]
    [[ "$output" == *"UART_DOWNLOAD_DIS as well"* ]]
}

@test "without BURN nothing is burned, and the exit status says so" {
    virt summary >/dev/null
    cp "$fuses" "$BATS_TEST_TMPDIR/before"
    run bash -c "echo burn | $espefuse --virt --path-efuse-file $fuses burn_efuse ABS_DONE_0"
    [ "$status" = 2 ]
    cmp "$fuses" "$BATS_TEST_TMPDIR/before"
    run bash -c "$espefuse --virt --path-efuse-file $fuses burn_efuse ABS_DONE_0 </dev/null"
    [ "$status" = 2 ]
    cmp "$fuses" "$BATS_TEST_TMPDIR/before"
    echo BURN | "$espefuse" --virt --path-efuse-file "$fuses" burn_efuse ABS_DONE_0
    run ! cmp -s "$fuses" "$BATS_TEST_TMPDIR/before"
}

@test "QEMU's eFuse file is read and written as such" {
    head -c 124 /dev/zero >"$fuses"
    virt burn_efuse FLASH_CRYPT_CONFIG 0xF
    [ "$(wc -c <"$fuses")" = 124 ]
    # BLK0 word 5, little-endian: bits 31:28.
    [ "$(od -An -tx1 -j 20 -N 4 "$fuses" | tr -d ' ')" = 000000f0 ]
}

@test "a file that is no eFuse file is refused and left alone" {
    head -c 100 /dev/zero >"$fuses"
    run virt summary
    [ "$status" = 2 ]
    [[ "$output" == *"not an eFuse file"* ]]
    [ "$(wc -c <"$fuses")" = 100 ]
}

@test "a port that does not exist is one line and exit status 2" {
    run "$espefuse" --port "$BATS_TEST_TMPDIR/tty" summary
    [ "$status" = 2 ]
    [ "${#lines[@]}" = 1 ]
    [[ "$output" == "espefuse"*"$BATS_TEST_TMPDIR/tty"* ]]
}

@test "every command without a chip behind it" {
    run virt adc_info
    [[ "$output" == *"ADC VRef calibration: None (1100mV nominal)"* ]]
    run virt check_error
    [ "$status" = 0 ]
    run virt get_custom_mac
    [[ "$output" == *"not set"* ]]
    virt burn_custom_mac 24:0a:c4:00:11:22
    run virt get_custom_mac
    [[ "$output" == *"24:0a:c4:00:11:22 (CRC 0x"*" OK)"* ]]
    run virt burn_custom_mac 24:0a:c4:00:11:23
    [ "$status" = 2 ]
    virt set_flash_voltage 3.3V
    run virt set_flash_voltage OFF
    [ "$status" = 2 ]
    virt burn_bit BLOCK0 199
    run virt summary --format value_only DISABLE_DL_ENCRYPT
    [ "${lines[-1]}" = True ]
    run virt burn_bit BLOCK0 224
    [ "$status" = 2 ]
}

@test "block data goes in as it is, keys only reversed" {
    virt burn_block_data BLOCK3 $vectors/in/fe256.key
    virt dump --format joint --file-name "$BATS_TEST_TMPDIR/joint"
    [ "$(wc -c <"$BATS_TEST_TMPDIR/joint")" = 124 ]
    tail -c 32 "$BATS_TEST_TMPDIR/joint" | cmp - $vectors/in/fe256.key
    run virt burn_block_data BLOCK3 $vectors/in/data100.bin
    [ "$status" = 2 ]
    [[ "$output" == *"do not fit"* ]]
}

@test "burn_key_digest: refused before revision 3, natural order on it" {
    $espefuse --help >/dev/null
    "$root/${BIN:-build/bin}/espsecure" generate_signing_key --version 2 "$BATS_TEST_TMPDIR/rsa.pem"
    run virt burn_key_digest "$BATS_TEST_TMPDIR/rsa.pem"
    [ "$status" = 2 ]
    [[ "$output" == *"revision"* ]]
    "$root/${BIN:-build/bin}/espsecure" digest_sbv2_public_key --keyfile "$BATS_TEST_TMPDIR/rsa.pem" --output "$BATS_TEST_TMPDIR/digest"
    virt burn_key secure_boot_v2 "$BATS_TEST_TMPDIR/digest"
    virt dump --format joint --file-name "$BATS_TEST_TMPDIR/joint"
    dd if="$BATS_TEST_TMPDIR/joint" bs=1 skip=60 count=32 status=none | cmp - "$BATS_TEST_TMPDIR/digest"
    run virt summary --format value_only RD_DIS WR_DIS
    [ "${lines[-1]}" = "0 256" ]
}

@test "fields of one's own: an ESP-IDF table" {
    cat >t.csv <<'END'
# field_name, efuse_block, bit_start, bit_count, comment
ROLE,        EFUSE_BLK3, 64, 3, Role of the device
SERIAL,      EFUSE_BLK3, 72, 24, [DEVICE_SERIAL] Number
PART,        EFUSE_BLK3, 200, 4, In two parts
,            EFUSE_BLK3, 212, 4, In two parts
DATA,        EFUSE_BLK3, 128, 40, Bytes
END
    virt --extend-efuse-table t.csv burn-efuse ROLE 5 DEVICE_SERIAL 0xABCDEF PART_1 9 DATA 0x1122334455
    virt --extend-efuse-table t.csv summary --format json --file s.json
    run jq -c '[.ROLE.value, .SERIAL.raw_value, .PART_0.value, .PART_1.value, .DATA.value, .DATA.efuse_type]' s.json
    [ "$output" = '[5,"0xabcdef",0,9,"55 44 33 22 11","bytes:5"]' ]
    run virt --extend-efuse-table t.csv summary SERIAL
    [[ "$output" == *"User fuses:"*"SERIAL (BLOCK3)"*"= 11259375 R/W (0xabcdef)"* ]]
    run virt burn-efuse ROLE 1
    [ "$status" = 2 ]
    for bad in 'A, EFUSE_BLK4, 0, 1, x' 'A, EFUSE_BLK3, 250, 8, x' 'A,EFUSE_BLK3,x,1,' 'MAC,EFUSE_BLK3,0,1,' 'A' ',EFUSE_BLK3,0,1,'; do
        echo "$bad" >bad.csv
        run virt --extend-efuse-table bad.csv summary
        [ "$status" = 2 ]
        [[ "$output" == "espefuse: bad.csv: "* && ${#lines[@]} = 1 ]]
    done
}

@test "a value that leaves out burned bits is refused" {
    virt burn-efuse FLASH_CRYPT_CONFIG 3
    cp "$fuses" before
    run virt burn-efuse FLASH_CRYPT_CONFIG 12
    [ "$status" = 2 ]
    [[ "$output" == *"cannot be cleared (value will be 0xf)"* ]]
    run virt burn-efuse ADC_VREF 7
    [ "$status" = 2 ]
    cmp "$fuses" before
    virt burn-efuse SECURE_VERSION 5
    run virt burn-efuse SECURE_VERSION 8
    [ "$status" = 2 ]
}

@test "every bit that is burned is shown before" {
    run bash -c "$espefuse --virt burn-bit BLOCK0 31 115 burn-bit BLOCK3 40 </dev/null"
    [ "$status" = 2 ]
    [[ "$output" == *"BLOCK3 word 1"*"0x00000100"* ]]
    [[ "$output" == *"BLOCK0 word 0"*"0x80000000"* ]]
}

@test "--no-postpone burns BLOCK0 at once" {
    run virt burn-efuse FLASH_CRYPT_CONFIG 15 ABS_DONE_0 1
    [ "$status" = 0 ]
    [ "$(grep -c '^BURN BLOCK0' <<<"$output")" = 2 ]
    mv "$fuses" postponed.bin
    run virt --no-postpone burn-efuse FLASH_CRYPT_CONFIG 15 ABS_DONE_0 1
    [ "$status" = 0 ]
    [ "$(grep -c '^BURN BLOCK0' <<<"$output")" = 1 ]
    cmp "$fuses" postponed.bin
    run virt --postpone --no-postpone summary
    [ "$status" = 2 ]
    [[ "$output" == *"--postpone: excludes --no-postpone" ]]
}

@test "execute_scripts is gone, and nothing beside it is burned" {
    for name in execute-scripts execute_scripts; do
        run virt burn-efuse JTAG_DISABLE 1 $name s.py --index 3
        [ "$status" = 2 ]
        [[ "$output" == *"espefuse: REMOVED: "* ]]
        run virt summary --format value_only JTAG_DISABLE
        [ "$output" = False ]
        run "$espefuse" $name s.py
        [ "$status" = 2 ]
        [[ "$output" == "espefuse: REMOVED: "* ]]
    done
}

@test "what goes into a program has no heading" {
    run virt summary --format value_only CODING_SCHEME
    [ "$output" = "NONE (BLK1-3 len=256 bits)" ]
    virt summary --format json | jq -e .MAC >/dev/null
    run virt summary MAC
    [ "${lines[0]}" = "espefuse v5.3.1" ]
    [ "${lines[1]}" = '=== Run "summary" command ===' ]
}

@test "coding scheme 3/4: single fields, while their six bytes are blank" {
    head -c 24 $vectors/in/fe256.key >key
    cp key data
    run virt burn-efuse CODING_SCHEME 1 burn-block-data BLOCK3 data
    [ "$status" = 2 ]
    [[ "$output" == *"in a run of its own"* ]]
    run virt burn-efuse CODING_SCHEME 2
    [ "$status" = 2 ]
    [[ "$output" == *"2 coding scheme is not supported"* ]]
    virt burn-efuse CODING_SCHEME 1
    virt burn-custom-mac 24:0a:c4:00:11:22 burn-efuse SECURE_VERSION 5
    cp "$fuses" before
    for again in 'burn-efuse SECURE_VERSION 7' 'burn-bit BLOCK3 100' 'burn-bit BLOCK3 200'; do
        # shellcheck disable=SC2086
        run virt $again
        [ "$status" = 2 ]
        cmp "$fuses" before
    done
    virt check-error
    virt dump --format joint --file-name joint
    [ "$(wc -c <joint)" = 100 ] # 28 + 3 * 24
    run virt get-custom-mac
    [[ "$output" == *"24:0a:c4:00:11:22 (CRC 0x"*" OK)"* ]]
}

@test "with the repeat coding scheme no block is burned" {
    head -c 124 /dev/zero >"$fuses"
    printf '\2' | dd of="$fuses" bs=1 seek=24 conv=notrunc status=none # BLK0 word 6
    cp "$fuses" before
    run virt burn-key flash_encryption $vectors/in/fe256.key
    [ "$status" = 2 ]
    run virt burn-bit BLOCK3 1
    [ "$status" = 2 ]
    [[ "$output" == *"(2, repeat) is not supported"* ]]
    cmp "$fuses" before
    run virt summary CODING_SCHEME
    [[ "$output" == *"not supported"* ]]
}
