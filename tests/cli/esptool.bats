#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# esptool: images without a chip, then a virtual board. The files compared with
# are the reference tool's (tests/vectors/image, tests/vectors/esptool).

load ../support/common

setup() {
    enter
    unset "${!ESPTOOL_@}"
    export HOME=$PWD
    image=$vectors/image
}

esptool() {
    "$bin/esptool" --chip esp32 "$@"
}

# start_board [OPTION...]: a blank one; $board is its folder, $port its UART.
start_board() {
    board=$BATS_TEST_TMPDIR/b
    port=board:$board
    "$bin/fusebox" board start "$board" "$@" >/dev/null
}

# burn ARG...: eFuses of the board.
burn() {
    "$bin/espefuse" --port "$port" --do-not-confirm "$@" >/dev/null
}

# says REGEX COMMAND...: exits 2; one line on stderr that matches, no new file.
says() {
    local want=$1
    shift
    fails "$@"
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ "$stderr" =~ ^esptool:\ $want ]]
}

# untouched COMMAND...: the board's flash is afterwards what it was.
untouched() {
    local before
    before=$(sha256sum <"$board/flash.bin")
    "$@"
    [ "$(sha256sum <"$board/flash.bin")" = "$before" ]
}

random() { # NAME SIZE: the same bytes each time
    perl -e 'srand $ARGV[1]; print pack "C*", map {int rand 256} 1..$ARGV[1]' \
        "$1" "$2" >"$1"
}

@test "elf2image writes the reference tool's bytes" {
    esptool elf2image -o plain.bin "$in/small.elf"
    cmp plain.bin "$image/small.plain.bin"
    esptool elf2image --secure-pad --output=pad.bin "$in/small.elf"
    cmp pad.bin "$image/small.secure-pad.bin"
    esptool elf2image --flash_mode dio --flash_freq 80m --flash_size 4MB \
        -o flags.bin "$in/small.elf"
    cmp flags.bin "$image/small.flags.bin"
    esptool elf2image --dont-append-digest -o nohash.bin "$in/small.elf"
    cmp nohash.bin "$image/small.nohash.bin"
    cp "$in/small.elf" my.small.elf
    esptool elf2image my.small.elf
    cmp my.small.bin "$image/small.plain.bin"
}

@test "elf2image refuses what is no ELF file and leaves nothing behind" {
    : >empty.elf
    says 'empty.elf: ' esptool elf2image empty.elf
    head -c 5000 "$in/small.elf" >cut.elf
    says 'cut.elf: ' esptool elf2image cut.elf
    random noise.elf 5000
    says 'noise.elf: not a 32-bit' esptool elf2image noise.elf
    says 'none.elf: No such file' esptool elf2image none.elf
    cp "$in/small.elf" same.bin
    says 'same.bin: would overwrite' esptool elf2image -o same.bin same.bin
    says 'no/such/dir.bin: No such file' \
        esptool elf2image -o no/such/dir.bin "$in/small.elf"
    says '--min-rev: larger' esptool elf2image --min-rev 256 "$in/small.elf"
    says '.*no place for the ELF' \
        esptool elf2image --elf-sha256-offset 0x20 -o x.bin "$in/small.elf"
    says '.*no place for the ELF' \
        esptool elf2image --elf-sha256-offset 0xbc0 -o x.bin "$in/small.elf"
}

@test "image_info prints what the reference tool prints" {
    prints "$(cat "$image/small.plain.info.txt")" \
        esptool image_info "$image/small.plain.bin"
    prints "$(cat "$image/small.plain.info.txt")" \
        esptool image-info "$image/small.plain.bin"
}

@test "image_info tells damage and refuses what is no image" {
    cp "$image/small.plain.bin" bad.bin
    printf 'x' | dd of=bad.bin bs=1 seek=100 conv=notrunc status=none
    run esptool image_info bad.bin
    [ "$status" = 0 ]
    [[ "$output" == *"Checksum: 0xe7 (invalid - calculated 0x"* ]]
    [[ "$output" == *"(invalid)"* ]]
    for n in 0 1 23 24 31 32 1000 65615 65647; do
        head -c "$n" "$image/small.plain.bin" >cut.bin
        says 'cut.bin: truncated image' esptool image_info cut.bin
    done
    says '.*not a firmware image' esptool image_info "$in/small.elf"
    says 'none.bin: No such' esptool image_info none.bin
}

@test "merge_bin writes the reference tool's bytes" {
    set -- 0x18000 "$vectors/partition/classic.bin" \
        0x1000 "$image/small.plain.bin" 0x20000 "$image/small.flags.bin"
    for f in raw uf2 hex; do
        esptool merge_bin -f $f -o merged.$f "$@"
    done
    esptool merge-bin -fm dio -ff 80m -fs 4MB -t 0x1000 --pad-to-size 1MB \
        -o patched.raw "$@"
    esptool merge_bin --chunk-size 256 --md5-disable -f uf2 -o chunk.uf2 "$@"
    sha256sum -c "$vectors/esptool/SHA256SUMS"
    # and reads Intel HEX where it reads files
    esptool merge_bin -o again.raw 0 merged.hex
    cmp again.raw merged.raw
}

@test "ciphertext that begins with a colon is no Intel HEX" {
    random a.bin 5000
    printf : | dd of=a.bin conv=notrunc status=none
    esptool merge_bin -o o.bin 0 a.bin
    cmp o.bin a.bin
}

@test "make_image writes the bytes of versions 2 to 4" {
    # Both files: esptool 4.11, the same command.
    bytes 10 'i + 1' >a
    bytes 4 'i * 3' >b
    run --separate-stderr "$bin/esptool" --chip esp32 make_image -f a -a 0x40100000 -f b -a 0x40210000 -e 0x40100004 out
    [ "$status" = 0 ]
    [[ $stderr == *"elf2image makes the ESP32's" ]]
    [ "$(hex out0x00000.bin)" = e901000004001040000010400c0000000102030405060708090a0000000000e4 ]
    [ "$(hex out0x10000.bin)" = 00030609 ]
    refuses "esptool: No segments specified" "$bin/esptool" make_image out
    refuses "esptool: Number of specified files does not match number of specified addresses" \
        "$bin/esptool" make-image -f a -f b -a 0 out
    refuses "esptool: none: No such file or directory" "$bin/esptool" -s make-image -f none -a 0 out
}

@test "merge_bin refuses overlaps and bad input" {
    random a.bin 5000
    says 'a.bin: at 0x2000 overlaps' \
        esptool merge_bin -o o.bin 0x1000 a.bin 0x2000 a.bin
    says 'a.bin: its address 0x1000 is before' \
        esptool merge_bin -t 0x2000 -o o.bin 0x1000 a.bin
    says 'x: not an address' esptool merge_bin -o o.bin x a.bin
    says '0x1000: no file' esptool merge_bin -o o.bin 0x3000 a.bin 0x1000
    says '0x1000000: beyond' esptool merge_bin -o o.bin 0x1000000 a.bin
    says '--chunk-size' esptool merge_bin -f uf2 --chunk-size 7 -o o.bin 0 a.bin
    printf ':10000000ZZ\n:00000001FF\n' >bad.hex
    says 'bad.hex: Intel HEX line 1' esptool merge_bin -o o.bin 0 bad.hex
    printf ':0400000001020304F2\n' >open.hex
    says 'open.hex: Intel HEX file without' esptool merge_bin -o o.bin 0 open.hex
}

@test "arguments come from files, settings from esptool.cfg" {
    cat >args <<END
# a comment
merge_bin -o 'o f.bin'
0x10 "$image/small.plain.bin"
END
    esptool @args
    [ "$(stat -c %s 'o f.bin')" = 65664 ]
    says 'none: No such file' esptool @none
    echo '"open' >open
    says 'open: a quote is not closed' esptool @open
    printf '[other]\nx\n[esptool]\nsync_timeout = fast\n' >esptool.cfg
    says './esptool.cfg: line 4' esptool version
    printf '[other]\n' >esptool.cfg
    prints $'esptool v5.3.1\n5.3.1' esptool version
    printf '[esptool]\nconnect_attempts = 1\n' >my.cfg
    ESPTOOL_CFGFILE=my.cfg run esptool version
    [[ "$output" == *"configuration from my.cfg"* ]]
}

@test "other chips and nonsense are refused" {
    says 'esp32s3: this tool serves the ESP32 only' \
        "$bin/esptool" --chip esp32s3 version
    run "$bin/esptool" no_such_command
    [ "$status" = 2 ]
    run esptool write_flash --flash_size 3MB 0 x
    [ "$status" = 2 ]
}

@test "ports that are not there" {
    says "/dev/none: Could not open /dev/none, the port is busy or doesn't exist \(No such file" esptool --port /dev/none flash_id
    says 'board:none: .*No such file' esptool --port board:none read_mac
    says 'socket://127.0.0.1:1: .*Connection refused' \
        esptool --port socket://127.0.0.1:1 chip_id
    says 'here: not a serial port|here: ' esptool --port here flash_id
    : >here
    says 'here: ' esptool --port here flash_id
    says '--baud: 0 is no baud rate' esptool --baud 0 --port x flash_id
}

@test "write, verify and read back, on every kind of port" {
    start_board
    random a.bin 70001
    head -c 40000 "$root/LICENSE" >b.bin
    socket=$(sed -n 's/^socket = /socket:\/\/127.0.0.1:/p' "$board/board.run")
    rfc2217=$(sed -n 's/^rfc2217 = /rfc2217:\/\/127.0.0.1:/p' "$board/board.run")
    for p in "$port" "$board/uart" "$socket" "$rfc2217"; do
        esptool --port "$p" erase_region 0x10000 0x40000
        run esptool --port "$p" --baud 921600 write_flash -z \
            0x10000 a.bin 0x30000 b.bin
        echo "$output"
        [ "$status" = 0 ]
        [ "$(grep -c 'Hash of data verified.' <<<"$output")" = 2 ]
        grep -E "^Wrote $(((($(stat -c %s b.bin) + 3) / 4) * 4)) bytes \([0-9]+ compressed\) at 0x00030000 in [0-9.]+ seconds" <<<"$output"
        esptool --port "$p" read_flash 0x10000 70001 back.bin
        cmp a.bin back.bin
        esptool --port "$p" verify_flash 0x10000 a.bin 0x30000 b.bin
    done
    cmp -n 70001 -i 0x10000:0 "$board/flash.bin" a.bin
    says '.*Verification failed: the flash does not hold b.bin' \
        esptool --port "$port" verify_flash 0x10000 b.bin
    run esptool --port "$port" verify_flash --diff yes 0x10000 a.bin
    [ "$status" != 1 ]
    run esptool --port "$port" write_flash --skip-flashed 0x10000 a.bin
    [[ "$output" == *"already in flash, skipping write."* ]]
}

@test "the texts that scripts read" {
    start_board --mac 24:0a:c4:00:11:22 --revision 3
    run esptool --port "$port" read_mac
    [ "$status" = 0 ]
    [ "$(grep -cE '^MAC: +24:0a:c4:00:11:22$' <<<"$output")" = 2 ]
    [[ "$output" == *"Chip type:          ESP32-"*"(revision v3."* ]]
    [[ "$output" == *"Hard resetting via RTS pin..."* ]]
    run esptool --port "$port" chip_id
    [ "$status" = 0 ]
    run esptool --port "$board/uart" flash_id
    [[ "$output" == *"Detected flash size: 4MB"* ]]
    [[ "$output" == *"RTC watchdog (this line has no RTS)"* ]]
    run esptool -s --port "$port" read_mac
    [ -z "$output" ]
    # environment in place of options; no-reset leaves the chip where it is
    ESPTOOL_PORT=$port ESPTOOL_AFTER=no-reset run "$bin/esptool" read-mac
    [[ "$output" == *"Staying in bootloader."* ]]
    run esptool --port "$port" --before no_reset --after no_reset read_mac
    [ "$status" = 0 ]
    run esptool --port "$port" --before no-reset-no-sync read-mac
    [ "$status" = 0 ]
}

@test "a plain bootloader at 0x1000 takes the flash settings, its hash too" {
    start_board --flash-size 8
    run esptool --port "$port" write_flash -z --flash_mode dio --flash_freq 80m \
        --flash_size detect 0x1000 "$image/small.plain.bin"
    [ "$status" = 0 ]
    [[ "$output" == *"Auto-detected flash size: 8MB"* ]]
    [[ "$output" == *"Flash parameters set to 0x023f."* ]]
    esptool --port "$port" read_flash 0x1000 65648 back.bin
    run esptool image_info back.bin
    [[ "$output" == *"Flash size: 8MB"*"Flash freq: 80m"*"Flash mode: DIO"* ]]
    [[ "$output" == *"Checksum: 0xe7 (valid)"*" (valid)"* ]]
}

@test "signed, digested, encrypted and broken files are written as they are" {
    start_board
    "$bin/espsecure" generate_signing_key k.pem
    "$bin/espsecure" sign_data --version 1 -k k.pem -o signed.bin "$image/small.plain.bin"
    "$bin/espsecure" generate_flash_encryption_key e.bin
    "$bin/espsecure" encrypt_flash_data -k e.bin -a 0x1000 -o encrypted.bin "$image/small.plain.bin"
    "$bin/espsecure" digest_secure_bootloader -k e.bin -o digest.bin "$image/small.plain.bin"
    head -c 60000 "$image/small.plain.bin" >cut.bin
    set -- --port "$port" write_flash --flash_mode dio --flash_freq 80m --flash_size detect
    for f in signed encrypted cut; do
        esptool "$@" --force 0x1000 $f.bin
        cmp -n "$(stat -c %s $f.bin)" -i 0x1000:0 "$board/flash.bin" $f.bin
    done
    esptool "$@" 0x0 digest.bin
    cmp -n "$(stat -c %s digest.bin)" "$board/flash.bin" digest.bin
    # an image elsewhere is not the bootloader
    esptool "$@" 0x20000 "$image/small.plain.bin"
    cmp -n 65648 -i 0x20000:0 "$board/flash.bin" "$image/small.plain.bin"
}

@test "what cannot be written is refused before anything is erased" {
    start_board
    random a.bin 5000
    esptool --port "$port" write_flash 0 a.bin
    untouched says 'a.bin: at 0x1000 overlaps' \
        esptool --port "$port" write_flash 0 a.bin 0x1000 a.bin
    untouched says 'a.bin: 0x10 is not the start of a flash sector' \
        esptool --port "$port" write_flash 0x10 a.bin
    untouched says 'a.bin: its 5000 bytes at 0x3ff000 do not fit' \
        esptool --port "$port" write_flash 0 a.bin 0x3ff000 a.bin
    untouched says 'a.bin: its 5000 bytes at 0x1ff000 do not fit' \
        esptool --port "$port" write_flash --flash_size 2MB 0x1ff000 a.bin
    untouched says 'none.bin: No such file' \
        esptool --port "$port" write_flash 0 a.bin 0x4000 none.bin
    untouched says '0x4000: no file' \
        esptool --port "$port" write_flash 0 a.bin 0x4000
    untouched says 'ADDRESS FILE pairs' esptool --port "$port" write_flash
    untouched says '.*excludes' esptool --port "$port" write_flash -z -u 0 a.bin
    untouched says '.*the ROM cannot encrypt' \
        esptool --port "$port" --no-stub write_flash --encrypt 0 a.bin
    untouched says '.*0x401000 bytes at 0x0 are not inside' \
        esptool --port "$port" read_flash 0 0x401000 x.bin
    untouched says '0x800: not a multiple' \
        esptool --port "$port" erase_region 0x800 0x1000
    untouched says '100: not a multiple' \
        esptool --port "$port" erase_region 0x1000 100
    cp "$image/small.plain.bin" other.bin
    printf '\005' | dd of=other.bin bs=1 seek=12 conv=notrunc status=none
    untouched says 'other.bin: is not an ESP32 image' \
        esptool --port "$port" write_flash 0x10000 other.bin
    for n in 32 4000 65615; do
        head -c $n "$image/small.plain.bin" >cut.bin
        untouched says 'cut.bin: truncated image: a part at 0x' \
            esptool --port "$port" write_flash 0x10000 cut.bin
    done
    esptool elf2image --min-rev-full 300 -o new.bin "$in/small.elf"
    untouched says 'new.bin: is for chip revisions v3.0' \
        esptool --port "$port" write_flash 0x10000 new.bin
    esptool --port "$port" write_flash --force 0x10000 new.bin
    cmp -n 65648 -i 0x10000:0 "$board/flash.bin" new.bin
}

@test "no plaintext goes to a chip with flash encryption on" {
    start_board
    "$bin/espsecure" generate_flash_encryption_key e.bin
    burn burn_key flash_encryption e.bin
    burn burn_efuse FLASH_CRYPT_CNT
    burn burn_efuse FLASH_CRYPT_CONFIG 0xF
    "$bin/espsecure" encrypt_flash_data -k e.bin -a 0x10000 -o enc.bin "$image/small.plain.bin"
    "$bin/espsecure" digest_secure_bootloader -k e.bin -o digest.bin "$image/small.plain.bin"
    untouched says '.*a plaintext image, but flash encryption is on' \
        esptool --port "$port" write_flash 0x10000 "$image/small.plain.bin"
    untouched says '.*a plaintext partition table' \
        esptool --port "$port" write_flash 0x8000 "$vectors/partition/classic.bin"
    untouched says '.*a plaintext bootloader with its digest' \
        esptool --port "$port" write_flash 0x0 digest.bin
    # the damage need not be whole
    cp "$image/small.plain.bin" bad.bin
    printf 'x' | dd of=bad.bin bs=1 seek=100 conv=notrunc status=none
    untouched says '.*a plaintext image' \
        esptool --port "$port" write_flash 0x10000 bad.bin
    untouched says '.*flash encryption is on: a chip that was erased' \
        esptool --port "$port" erase_flash
    untouched says '.*flash encryption is on' \
        esptool --port "$port" write_flash --erase-all 0x10000 enc.bin
    esptool --port "$port" write_flash 0x10000 enc.bin
    cmp -n 65648 -i 0x10000:0 "$board/flash.bin" enc.bin
    esptool --port "$port" write_flash --force 0x8000 "$vectors/partition/classic.bin"
}

@test "below 0x8000 secure boot V1 allows a reflashable digest only" {
    start_board
    random a.bin 5000
    random s.bin 32
    burn burn_key secure_boot s.bin
    burn burn_efuse ABS_DONE_0
    # a bootloader short enough to end below the partition table
    perl -e '
        my $seg = pack("VV", 0x3FFF0000, 0x100) . ("\x5a" x 0x100);
        my $h = pack("C4V C4 v C v v V C", 0xE9, 1, 2, 0x20, 0x40080000,
            0xEE, 0, 0, 0, 0, 0, 0, 0xFFFF, 0, 0);
        my $img = substr($h . ("\0" x 24), 0, 24) . $seg;
        $img .= "\0" while length($img) % 16 != 15;
        print $img . chr(0xEF);' >boot.bin
    esptool image_info boot.bin
    "$bin/espsecure" digest_secure_bootloader -k s.bin -o digest.bin boot.bin
    untouched says 'digest.bin: Secure Boot V1 is on: writing below 0x8000' \
        esptool --port "$port" write-flash 0x0 digest.bin
    untouched says 'boot.bin: Secure Boot V1 is on' \
        esptool --port "$port" write_flash 0x1000 boot.bin
    untouched says 'a.bin: Secure Boot V1 is on' \
        esptool --port "$port" write_flash 0x0 a.bin
    run esptool --port "$port" write_flash --flash_size detect 0x0 digest.bin
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"'digest.bin' at 0x0 is taken for a digest"* ]]
    cmp -n "$(stat -c %s digest.bin)" "$board/flash.bin" digest.bin
    esptool --port "$port" write_flash --flash_mode dio 0x8000 a.bin
    esptool --port "$port" write_flash --force --flash_mode qio 0x1000 boot.bin
    # no header is patched
    cmp -n "$(stat -c %s boot.bin)" -i 0x1000:0 "$board/flash.bin" boot.bin
    untouched says '.*secure boot is on: a chip that was erased' \
        esptool --port "$port" erase_region 0x10000 0x1000
    esptool --port "$port" erase_region --force 0x10000 0x1000
}

@test "erasing erases what was named" {
    start_board
    random a.bin 20000
    esptool --port "$port" write_flash 0x10000 a.bin
    esptool --port "$port" erase_region 0x11000 0x2000
    cmp -n 4096 -i 0x10000:0 "$board/flash.bin" a.bin
    cmp -n 7712 -i 0x13000:12288 "$board/flash.bin" a.bin
    [ "$(dd if="$board/flash.bin" bs=4096 skip=17 count=2 status=none | tr -d '\377' | wc -c)" = 0 ]
    esptool --port "$port" erase_flash
    [ "$(tr -d '\377' <"$board/flash.bin" | wc -c)" = 0 ]
}

@test "memory and the flash chip's registers" {
    start_board
    run esptool --port "$port" read_mem 0x40001000
    [[ "$output" == *"0x40001000 = 0x00f01d83"* ]]
    esptool --port "$port" write_mem 0x3ffb0000 0x12345678
    esptool --port "$port" dump_mem 0x40001000 16 m.bin
    [ "$(hex m.bin | head -c 8)" = 831df000 ]
    run esptool --port "$port" read_flash_status
    [[ "$output" == *"Flash memory status: 0x0"* ]]
    run esptool --port "$port" read_flash_sfdp 0 4
    [[ "$output" == *"SFDP[0..3]: 0x53 0x46 0x44 0x50"* ]]
    says '0x40001001: not a multiple of 4' esptool --port "$port" read_mem 0x40001001
    says '5: 1 to 4 bytes' esptool --port "$port" read_flash_sfdp 0 5
    says '.*segment 0 at 0x3f400020 is not in RAM' \
        esptool --port "$port" load_ram "$image/small.plain.bin"
    says '.*the ESP32 has no such command' esptool --port "$port" get_security_info
}

@test "a board that vanishes while it is read leaves one line and no file" {
    start_board
    "$bin/esptool" --chip esp32 --port "$port" read_flash 0 ALL r.bin \
        >out 2>err &
    pid=$!
    for _ in $(seq 100); do
        grep -q 'MAC:' out && break
        sleep 0.05
    done
    sleep 0.2
    kill -KILL "$(sed -n 's/^pid = //p' "$board/board.run")"
    status=0
    wait "$pid" || status=$?
    cat out err
    [ "$status" = 2 ]
    [ ! -e r.bin ]
    [ "$(wc -l <err)" = 1 ]
    grep -q "^esptool: $port: the port vanished while it was in use" err
    rm -f "$board/board.run"
}

@test "nobody, garbage, and a line that hangs up" {
    command -v socat >/dev/null || skip "socat is not installed"
    socat pty,link=dead,raw,echo=0 exec:'sleep 60' 3>&- &
    a=$!
    socat pty,link=noise,raw,echo=0 exec:'cat /dev/urandom' 3>&- &
    b=$!
    for _ in $(seq 100); do
        [ -e dead ] && [ -e noise ] && break
        sleep 0.05
    done
    run --separate-stderr esptool --connect-attempts 1 --port dead flash_id
    kill "$a"
    [ "$status" = 2 ]
    [ "$stderr" = "esptool: dead: no chip answers" ]
    run --separate-stderr esptool --connect-attempts 1 --port noise flash_id
    kill "$b"
    [ "$status" = 2 ]
    [[ "$stderr" =~ ^esptool:\ noise:\ (no chip answers|the port) ]]
    wait "$a" "$b" || true
}

@test "the man page names every command and option of --help" {
    man=$root/docs/man/esptool.1
    words=$("$bin/esptool" --help | sed -n 's/^  \([a-z][a-z0-9-]*\).*/\1/p')
    [ "$(wc -w <<<"$words")" -ge 21 ]
    for c in $words; do
        grep -qE "^\.Ss (.* , )?(Sy )?$c( |$)|, (Sy )?$c( |$)" "$man" || {
            echo "no command $c"
            false
        }
        for o in $("$bin/esptool" "$c" --help | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u); do
            [ "$o" = --help ] || grep -q -- "Fl -${o#--}" "$man" || {
                echo "no option $o of $c"
                false
            }
        done
    done
    for o in $("$bin/esptool" --help | grep -oE -- '^ +(-[a-z], )?--[a-z][a-z0-9-]+' | grep -oE -- '--.*'); do
        case $o in
        --help | --version | --bash-completion) ;;
        *) grep -q -- "Fl -${o#--}" "$man" || {
            echo "no option $o"
            false
        } ;;
        esac
    done
}
