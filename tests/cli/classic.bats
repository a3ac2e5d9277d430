#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The classic instructions, word by word: the scripts of IDF_PATH, make with
# keys beside the Makefile, and what make says when a key is missing.

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || exit 1
    root=$PWD
    export IDF_PATH=$PWD/idf
    tools=$IDF_PATH/components/esptool_py/esptool
    python=$(command -v python || command -v python3)
    work=$BATS_TEST_TMPDIR
}

@test "the scripts of IDF_PATH start our programs with their arguments" {
    cd "$work"
    "$python" "$tools/espsecure.py" generate_flash_encryption_key k.bin
    [ "$(wc -c <k.bin)" = 32 ]
    "$python" "$tools/espsecure.py" generate_signing_key k.pem
    "$python" "$tools/espsecure.py" digest_private_key --keyfile k.pem d.bin
    "$python" "$tools/espefuse.py" --virt --path-efuse-file e.bin --do-not-confirm burn_key flash_encryption k.bin
    "$python" "$tools/esptool.py" version
    run "$python" "$tools/espsecure.py" digest_private_key --keyfile none.pem d.bin
    [ "$status" = 2 ]
}

@test "the partition generator is where scripts look for it" {
    cd "$work"
    "$python" "$IDF_PATH/components/partition_table/gen_esp32part.py" -q --disable-md5sum \
        "$root/tests/vectors/in/classic.csv" t.bin
    cmp t.bin "$root/tests/vectors/partition/classic.bin"
}

@test "a missing key stops make with the command that makes it" {
    run make BOARD=GPY SECURE=on SECURE_KEY="$work/no.pem" ENCRYPT_KEY="$work/no.bin" TARGET=boot
    [ "$status" != 0 ]
    [[ "$output" == *"generate_signing_key $work/no.pem"* ]]
    build/bin/espsecure generate_signing_key "$work/s.pem"
    run make BOARD=GPY SECURE=on SECURE_KEY="$work/s.pem" ENCRYPT_KEY="$work/no.bin" TARGET=boot
    [ "$status" != 0 ]
    [[ "$output" == *"generate_flash_encryption_key $work/no.bin"* ]]
}

@test "wrong words on the make command line are refused" {
    run make BOARD=NONE
    [ "$status" != 0 ]
    [[ "$output" == *"BOARD=NONE: not one of"* ]]
    run make BOARD=GPY TARGET=all
    [ "$status" != 0 ]
    [[ "$output" == *"TARGET=all: not one of"* ]]
    run make BOARD=GPY SECURE=yes
    [ "$status" != 0 ]
}

@test "plain images of another board, cleaned away again" {
    make BOARD=WIPY TARGET=boot
    [ -s build/WIPY/release/bootloader/bootloader.bin ]
    [ -s build/WIPY/release/lib/partitions.bin ]
    [ ! -e build/WIPY/release/lib/partitions.bin_enc ]
    run build/bin/esptool --chip esp32 image_info build/WIPY/release/bootloader/bootloader.bin
    [ "$status" = 0 ]
    make BOARD=WIPY clean
    [ ! -e build/WIPY ]
}

@test "make help names the targets" {
    run make help
    [ "$status" = 0 ]
    [[ "$output" == *"make check"* ]]
}
