#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The application under Debian's QEMU (-M sim -cpu lx106), with the drivers of
# firmware/app/sim: the language, the console, the pycom module, and a part of
# MicroPython's own test suite. APP_SIM_SUITE=all runs all of the suite that
# the board has the modules for.

load ../support/common

setup_file() {
    tree
    sim=$root/build/GPY/sim
    why=$(lacks qemu compiler micropython)
    export sim why
    [ -z "$why" ] || return 0
    mkdir -p "$sim"
    make --no-print-directory -j2 -C "$root/firmware/app" TARGET=sim \
        BOARD=GPY BUILD="$sim" MICROPY_TOP="$micropython" \
        SIGN_PUB="$root/tests/vectors/sign/p256.pub.bin" >"$sim.log" 2>&1 ||
        { tail -n 20 "$sim.log" >&2; return 1; }
    # A blank flash chip with the classic partition table.
    head -c $((0x8000)) /dev/zero | tr '\0' '\377' >"$sim/flash.bin"
    cat "$root/tests/vectors/partition/classic.bin" >>"$sim/flash.bin"
    head -c $((0x400000 - 0x8C00)) /dev/zero | tr '\0' '\377' \
        >>"$sim/flash.bin"
}

setup() {
    [ -z "$why" ] || skip "$why"
}

# Standard input is the console's; its end ends the run.
qemu() {
    timeout 120 qemu-system-xtensa -M sim -cpu lx106 -semihosting \
        -display none -monitor none -serial none \
        -device loader,file="$sim/flash.bin",addr=0x60400000,force-raw=on \
        -kernel "$sim/app.elf"
}

# python SCRIPT: what it prints, through the raw REPL.
python() {
    printf '\001%s\004' "$1" | qemu | tr -d '\r' | awk '
        BEGIN { RS = "\004" }
        NR == 1 { sub(/.*>OK/, "") }
        NR <= 2 { printf "%s", $0 }'
}

# prints WANT SCRIPT
prints() {
    run python "$2"
    echo "want: $1" >&2
    echo "got:  $output" >&2
    [ "$output" = "$1" ]
}

# type_in TEXT: as typed at the prompt, a line end is the Return key.
type_in() {
    printf '%s\n' "$1" | tr '\n' '\r' | qemu | tr -d '\r'
}

@test "banner names the version and the board" {
    run type_in ''
    [ "${lines[0]%% on *}" = 'MicroPython v1.25.0' ]
    [ "${lines[0]##*; }" = 'GPy with ESP32' ]
}

@test "integers of any size" {
    prints '1267650600228229401496703205376
(-3, 1) -1 1
93326215443944152681699238856266700490715968264381621468592963895217599993229915608941463976156518286253697920827223758251185210916864000000000000000000000000
0xfed8ba9476503210' '
print(2**100)
print(divmod(-8, 3), -7 % 3 - 3, 7 % 3)
import math
print(math.factorial(100))
print(hex(0x123456789ABCDEF0 ^ 0xECECECECECECECE0))
'
}

@test "double floats" {
    prints '0.3333333333333333 2.1e+301 1.414213562373095
inf -inf nan True
True True
10.0 0.5403023058681398
b'"'"'\x9a\x99\x99\x99\x99\x99\xb9?'"'"' 0.1000000014901161' '
import math, struct
print(1 / 3, 10.5e300 * 2, math.sqrt(2))
inf = float("inf")
print(inf, -inf, inf - inf, inf != inf - inf)
least = struct.unpack("<d", b"\x01" + bytes(7))[0]
print(0 < least < 1e-323, least / 2 == 0)
print(math.log2(1024), math.cos(1))
print(struct.pack("<d", 0.1), struct.unpack("<f", struct.pack("<f", 0.1))[0])
'
}

@test "modules: binascii hashlib json re struct time os errno uctypes" {
    prints 'b'"'"'aGVsbG8=\n'"'"' b'"'"'hello'"'"' 3610a686
ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
{"a": [1, 2.5, null]} [1, '"'"'x'"'"']
gpy 2
GPy 8 True
19 258
True True' '
import binascii, hashlib, json, re, time, os, errno, uctypes, gc, sys
print(binascii.b2a_base64(b"hello"), binascii.a2b_base64("aGVsbG8="),
      "%08x" % binascii.crc32(b"hello"))
print(hashlib.sha256(b"abc").digest().hex())
print(json.dumps({"a": [1, 2.5, None]}), json.loads("[1, \"x\"]"))
print(re.match("([a-z]+)-(\\d)", "gpy-2").group(1), len("\u00e9".encode()))
print(os.uname().sysname, len(os.urandom(8)), sys.platform == "GPy")
s = uctypes.struct(uctypes.addressof(b"\x02\x01"), {"x": uctypes.UINT16 | 0},
                   uctypes.LITTLE_ENDIAN)
print(errno.ENODEV, s.x)
t = time.ticks_ms()
time.sleep_ms(20)
gc.collect()
print(time.ticks_diff(time.ticks_ms(), t) >= 20, gc.mem_free() > 100000)
'
}

@test "a library for users: help('modules') names what is there" {
    run python 'help("modules")'
    for name in binascii errno gc hashlib json machine math os pycom re \
        select struct sys time uctypes; do
        echo "$output" | tr -s ' ' '\n' | grep -qx "$name"
    done
}

@test "history, paste mode and soft reset" {
    run type_in "$(printf 'x = 20 + 1\nx * 2\n\033[A + 1\n\005for i in 5, 6:\n    print("<%%d>" %% i)\n\004\004print("x" in globals())')"
    echo "$output"
    [[ $output == *$'>>> x * 2\n42\n'* ]]
    [[ $output == *$'>>> x * 2 + 1\n43\n'* ]]
    [[ $output == *$'paste mode'*$'<5>\n<6>\n'* ]]
    [[ $output == *$'MPY: soft reboot\n'*$'\nFalse\n'* ]]
}

@test "Ctrl-C stops a loop and a sleep" {
    mkfifo "$BATS_TEST_TMPDIR/in"
    qemu <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" &
    exec 7>"$BATS_TEST_TMPDIR/in"
    after() { # TEXT: wait until the board has said it
        local n=0
        until grep -q "$1" "$BATS_TEST_TMPDIR/out"; do
            sleep 0.05
            n=$((n + 1))
            [ $n -lt 600 ]
        done
    }
    printf 'import time\r' >&7
    printf 'def a():\rprint("a" * 3)\rwhile True:\rpass\r\r\r\ra()\r' >&7
    after 'aaa'
    printf '\003def b():\rprint("b" * 3)\rtime.sleep(1e6)\r\r\r\rb()\r' >&7
    after 'bbb'
    printf '\003print("c" * 3)\r' >&7
    after 'ccc'
    exec 7>&-
    wait $!
    [ "$(grep -c '^KeyboardInterrupt' "$BATS_TEST_TMPDIR/out")" = 2 ]
}

@test "a burst larger than all buffers loses no byte" {
    burst=$(i=0; while [ $i -lt 400 ]; do echo "x$i = $i"; i=$((i + 1)); done)
    run type_in "$burst
sum(globals()[\"x%d\" % i] for i in range(400))"
    [[ $output == *$'\n79800\n'* ]]
}

@test "an exception of the CPU is reported and resets" {
    run --separate-stderr bash -c "$(declare -f qemu); printf 'import machine\rmachine.mem32[0x20000000]\r' | qemu"
    [ "$status" -eq 3 ]
    [[ $output =~ 'exception: cause '[0-9a-f]{8}' pc 400'[0-9a-f]{5}' vaddr 20000000' ]]
}

# --- pycom ---

# Python: an image of the reference tools with its signature, and helpers that
# look into the simulator's flash and eFuses (firmware/app/sim/sim.h).
pycom_prologue() {
    cat <<PY
import pycom, machine, binascii
image = binascii.a2b_base64("$(base64 -w0 "$root/tests/vectors/image/tiny.bin")")
signature = binascii.a2b_base64("$(base64 -w0 "$root/tests/vectors/image/tiny.v1.sig")")
PY
    cat <<'PY'
FLASH = 0x60400000
def raw(off, n):
    return bytes(machine.mem8[FLASH + off + i] for i in range(n))
def cipher(off, data):
    return bytes((0xA5 ^ (off + i) >> 5 ^ (off + i) ^ b) & 255
                 for i, b in enumerate(data))
def encryption_on():
    table = cipher(0x8000, raw(0x8000, 0xC00))
    for i in range(0xC00):
        machine.mem8[FLASH + 0x8000 + i] = table[i]
    machine.mem32[0x603FF000] = 1 << 20
def secure_boot_on():
    machine.mem32[0x603FF000 + 24] = 1 << 4
def security_version(ones):
    machine.mem32[0x603FF000 + 112] = ones
def load(data):
    pycom.ota_start()
    pycom.ota_write(data)
def error(f, *args):
    try:
        f(*args)
    except OSError as e:
        return {1: "EPERM", 16: "EBUSY", 22: "EINVAL", 19: "ENODEV", 28: "ENOSPC"}[e.errno]
def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
PY
}

# pycom_prints WANT SCRIPT
pycom_prints() {
    prints "$1" "$(pycom_prologue)
$2"
}

# The last word of boot_info: with zlib of Python 3,
# zlib.crc32(bytes.fromhex("010000000000000000000000600000000000000046425431")
#            + b"\xff" * 12, 0xFFFFFFFF).to_bytes(4, "little").hex()
@test "ota: an update is written, verified and announced" {
    pycom_prints '0x1a0000
None None None
True
None 0x1a0000
01000000000000000000000060000000 00000000 46425431ffffffffffffffffffffffff 9e331389
True True' '
print(hex(pycom.ota_slot()))
print(pycom.ota_start(), pycom.ota_write(image[:33]),
      pycom.ota_write(memoryview(image)[33:]))
print(pycom.ota_verify())
print(pycom.ota_finish(), hex(pycom.ota_slot()))
r = raw(0x190000, 40).hex()
print(r[:32], r[32:40], r[40:72], r[72:])
print(raw(0x1A0000, 96) == image, raw(0x190028, 24) == b"\xff" * 24)
'
}

@test "ota: what is not an image is refused by ota_verify" {
    pycom_prints 'False
False
False
True' '
print(pycom.ota_verify())
load(flipped(image, 40))
print(pycom.ota_verify())
load(image[:90])
print(pycom.ota_verify())
load(image)
print(pycom.ota_verify())
'
}

@test "ota: with secure boot the signature decides" {
    pycom_prints 'False
False
False
True' '
secure_boot_on()
load(image)
print(pycom.ota_verify())
load(image + flipped(signature, 10))
print(pycom.ota_verify())
load(image + flipped(signature, 0))
print(pycom.ota_verify())
load(image + signature)
print(pycom.ota_verify())
'
}

@test "ota: with secure boot SECURE_VERSION decides, too" {
    pycom_prints 'True
True
False
EINVAL
0x1a0000' '
security_version(1)
load(image)
print(pycom.ota_verify())
security_version(0)
secure_boot_on()
load(image + signature)
print(pycom.ota_verify())
security_version(3)
print(pycom.ota_verify())
print(error(pycom.ota_finish))
print(hex(pycom.ota_slot()))
'
}

@test "ota: with flash encryption data are raw and boot_info is encrypted" {
    pycom_prints '0x1a0000
EINVAL
True
True
0x1a0000
b'"'"'\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00`\x00\x00\x00\x00\x00\x00\x00'"'"'' '
encryption_on()
print(hex(pycom.ota_slot()))
print(error(load, image))
load(cipher(0x1A0000, image))
print(pycom.ota_verify())
print(raw(0x1A0000, 96) == cipher(0x1A0000, image))
pycom.ota_finish()
print(hex(pycom.ota_slot()))
print(cipher(0x190000, raw(0x190000, 20)))
'
}

@test "ota: after the update has been accepted the factory slot is next" {
    pycom_prints '0x10000
02000000 00000000 01000000' '
load(image)
pycom.ota_finish()
# What the bootloader does: Status READY, and a new CRC.
r = bytearray(raw(0x190000, 36))
r[4] = 1
r[20:24] = b"\xff" * 4
machine.mem32[0x603FF100] = 0x1A0000
r += binascii.crc32(r, 0xFFFFFFFF).to_bytes(4, "little")
for i in range(40):
    machine.mem8[FLASH + 0x190000 + i] = r[i]
print(hex(pycom.ota_slot()))
load(image)
pycom.ota_finish()
r = raw(0x190000, 12).hex()
print(r[:8], r[8:16], r[16:])
'
}

@test "ota: a slot is never left: ENOSPC, and EPERM out of order" {
    pycom_prints 'EPERM EPERM
EPERM
ENOSPC True
ENOSPC
None EPERM' '
print(error(pycom.ota_write, b"x"), error(pycom.ota_finish))
pycom.ota_start()
print(error(pycom.ota_finish))
before = raw(0x31FFF0, 48)
block = bytearray(0x10000)
block[:96] = image
for i in range(23):
    pycom.ota_write(block)
e = error(pycom.ota_write, bytearray(0x10001))
print(e, raw(0x31FFF0, 48) == before)
pycom.ota_write(block)
print(error(pycom.ota_write, b"x"))
print(pycom.ota_finish(), error(pycom.ota_write, b"x"))
'
}

@test "ota: what is not for this slot leaves the slot as it was" {
    pycom_prints 'EINVAL True EPERM
EINVAL True
EINVAL True
None False' '
for off in range(0x1A0000, 0x1A2000):
    machine.mem8[FLASH + off] = off % 251
before = raw(0x1A0000, 0x2000)
print(error(load, b"\xEA" + image), raw(0x1A0000, 0x2000) == before,
      error(pycom.ota_write, b"x"))
encryption_on()
print(error(load, image), raw(0x1A0000, 0x2000) == before)
print(error(load, cipher(0x1A0020, image)), raw(0x1A0000, 0x2000) == before)
print(error(load, cipher(0x1A0000, image)), raw(0x1A0000, 0x2000) == before)
'
}

@test "ota: an image on trial keeps the one before it until it is confirmed" {
    pycom_prints 'False None
True EBUSY True
False None
02000000' '
print(pycom.ota_on_trial(), pycom.ota_confirm())
load(image)
pycom.ota_finish()
# What the bootloader does: Status READY, the trial running, and a new CRC.
r = bytearray(raw(0x190000, 36))
r[4] = 1
r[20:24] = b"FBT2"
machine.mem32[0x603FF100] = 0x1A0000
r += binascii.crc32(r, 0xFFFFFFFF).to_bytes(4, "little")
for i in range(40):
    machine.mem8[FLASH + 0x190000 + i] = r[i]
before = raw(0x10000, 0x2000)
print(pycom.ota_on_trial(), error(load, image), raw(0x10000, 0x2000) == before)
pycom.ota_confirm()
print(pycom.ota_on_trial(), load(image))
pycom.ota_finish()
print(raw(0x190000, 4).hex())
'
}

@test "ota: sectors are erased up to one ahead of the data, no further" {
    pycom_prints 'True True True' '
for off in range(0x1A0000, 0x1A3000):
    machine.mem8[FLASH + off] = 0x55
load(image)
print(raw(0x1A0060, 64) == b"\xff" * 64, raw(0x1A1FF0, 16) == b"\xff" * 16,
      raw(0x1A2000, 16) == b"\x55" * 16)
'
}

@test "ota: no partition table: ENODEV" {
    pycom_prints 'ENODEV ENODEV ENODEV' '
machine.mem8[FLASH + 0x8000] = 0
print(error(pycom.ota_slot), error(pycom.ota_start), error(pycom.ota_verify))
'
}

# --- guards and suites ---

@test "check_iram.sh sees a call and a literal that leave IRAM" {
    cd "$BATS_TEST_TMPDIR"
    cat >iram.c <<'C'
void in_flash(void) __attribute__((noipa));
__attribute__((section(".iram"))) void _start(void)
{
#ifdef CALL
    in_flash();
#endif
#ifdef LITERAL
    *(volatile char *)(0x3FF40000 + *(volatile char *)0x3F400123) = 0;
#endif
    *(volatile int *)0x3FF40000 = 0;
    __asm__ volatile("j _start");
}
__attribute__((section(".irom"))) void in_flash(void) {}
C
    echo 'SECTIONS { .iram 0x40080000 : { *(.iram*) } .irom 0x400D0020 : { *(.irom) } .xt.prop 0 : { KEEP(*(.xt.prop*)) } }' >iram.ld
    for define in NOTHING CALL LITERAL; do
        xtensa-lx106-elf-gcc -Os -mtext-section-literals -mlongcalls \
            -nostdlib -D$define -T iram.ld iram.c -o $define.elf
    done
    "$root/firmware/app/check_iram.sh" NOTHING.elf
    run "$root/firmware/app/check_iram.sh" CALL.elf
    [ "$status" -eq 1 ]
    [[ $output == *'goes to 400d0020 <in_flash>'* ]]
    run "$root/firmware/app/check_iram.sh" LITERAL.elf
    [ "$status" -eq 1 ]
    [[ $output == *'holds 3f400123'* ]]
}

@test "MicroPython's own tests" {
    python=$(command -v /usr/bin/python3 || command -v python3) ||
        skip 'no python3'
    cat >"$BATS_TEST_TMPDIR/sim" <<SH
#!/bin/sh
exec qemu-system-xtensa -M sim -cpu lx106 -semihosting -display none \
    -monitor none -serial none -kernel $sim/app.elf
SH
    chmod +x "$BATS_TEST_TMPDIR/sim"
    set -- unicode
    # file*: no file system yet. math_constants: the last bit of exp(1.0) in
    # MicroPython's libm_dbl, on any machine.
    exclude='/(file1|file2|file_invalid|math_constants)\.py'
    if [ "${APP_SIM_SUITE:-}" = all ]; then
        set -- "$@" basics micropython
        # Need more seconds than the harness gives where software divides.
        exclude="$exclude|float2int_doubleprec_intbig|_modulo2_intbig|memstats"
    else
        exclude="$exclude|intbig"
    fi
    cd "$micropython/tests"
    MICROPY_CPYTHON3=$python run "$python" run-tests.py \
        -t "exec:$BATS_TEST_TMPDIR/sim" --result-dir "$BATS_TEST_TMPDIR" \
        -e "$exclude" -d "$@"
    echo "$output" | grep -v '^pass' >&2
    [ "$status" -eq 0 ]
    [[ $output == *' tests performed'* ]]
    performed=$(echo "$output" | sed -n 's/ tests performed.*//p')
    [ "$performed" -ge 10 ]
}
