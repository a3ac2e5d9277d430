#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The application on the virtual board, over its UART: interrupts, waiting,
# resets, and an update into the other slot and back. What needs no ESP32 is in
# app_sim.bats.

load ../support/common

setup_file() {
    tree
    why=$(lacks compiler micropython bearssl)
    export why
    [ -z "$why" ] || return 0
    cd "$BATS_FILE_TMPDIR" || return 1
    for part in boot app; do
        obj=$root/build/GPY/release/obj-plain/$part
        mkdir -p "$obj"
        make --no-print-directory -j2 -C "$root/firmware/$part" TARGET= \
            BOARD=GPY BTYPE=release BUILD="$obj" MICROPY_TOP="$micropython" \
            BEARSSL_TOP="$bearssl" SIGN_PUB= \
            CROSS_COMPILE=xtensa-lx106-elf- >$part.log 2>&1 ||
            { tail -n 20 $part.log >&2; return 1; }
        "$bin/esptool" --chip esp32 elf2image --flash_mode dio \
            --flash_freq 80m --flash_size 4MB -o $part.bin "$obj"/*.elf
    done
    "$bin/fusebox" board start b
    "$bin/esptool" --chip esp32 --port board:b write_flash 0x1000 boot.bin \
        0x8000 "$root/tests/vectors/partition/classic.bin" 0x10000 app.bin
    "$bin/fusebox" board reset b
}

teardown_file() {
    stop_boards "$BATS_FILE_TMPDIR"
}

# What the board says goes to $out.
listen() {
    exec 7<>b/uart
    cat <&7 >>"$out" &
    reader=$!
}

setup() {
    [ -z "$why" ] || skip "$why"
    cd "$BATS_FILE_TMPDIR" || return 1
    out=$BATS_TEST_TMPDIR/out from=0
    listen
    # Each test starts at the prompt of a fresh interpreter.
    type_in '\r\003\003\002\004'
    after 'MPY: soft reboot.*>>> $'
    mark
}

teardown() {
    [ -n "$why" ] || kill "$reader"
}

# What follows looks at the output from here on.
mark() {
    from=$(wc -c <"$out")
}

said() {
    tail -c +$((from + 1)) "$out" | tr -d '\r'
}

# type_in FORMAT: as it would be typed; \r is the Return key.
type_in() {
    # shellcheck disable=SC2059
    printf "$1" >&7
}

# after REGEX: wait until the board has said it.
after() {
    local n=0
    until said | tr '\n' ' ' | grep -Eq "$1"; do
        sleep 0.05
        n=$((n + 1))
        if [ $n -ge 200 ]; then
            said >&2
            return 1
        fi
    done
}

@test "Ctrl-C stops a loop and a sleep" {
    type_in 'import time\rdef f():\rprint("a" * 3)\rwhile True:\rpass\r\r\r\rf()\r'
    after 'aaa $'
    type_in '\003'
    after 'KeyboardInterrupt: +>>> $'
    mark
    type_in 'print("b" * 3); time.sleep(1e6)\r'
    after 'bbb $'
    type_in '\003'
    after 'KeyboardInterrupt: +>>> $'
}

@test "a burst larger than all buffers loses no byte" {
    i=0
    while [ $i -lt 400 ]; do
        printf 'x%d = %d\r' $i $i
        i=$((i + 1))
    done >burst
    cat burst >&7
    type_in 'sum(globals()["x%%d" %% i] for i in range(400))\r'
    after '79800 +>>> $'
}

@test "sleep and ticks agree with the clock of the chip" {
    type_in 'import time\rt = time.ticks_us(); time.sleep_ms(50); d = time.ticks_diff(time.ticks_us(), t); 50000 <= d < 60000\r'
    after 'True +>>> $'
}

@test "machine: reset and its cause, unique_id, freq" {
    type_in 'import machine\rmachine.reset()\r'
    after 'rst:0x3 \(SW_RESET\).*MicroPython v1.*>>> $'
    mark
    type_in 'import machine\rmachine.reset_cause() == machine.SOFT_RESET, len(machine.unique_id()), machine.freq() >= 40000000\r'
    after '\(True, 6, True\) +>>> $'
    # The tool resets the board, before and after.
    mark
    mac=$("$bin/esptool" --port board:b read_mac | sed -n 's/^MAC: *//p' |
        head -n 1)
    after 'MicroPython v1.*>>> $'
    mark
    type_in 'import machine\r":".join("%%02x" %% x for x in machine.unique_id())\r'
    after "'$mac' +>>> \$"
}

# python CODE: through fusebox exec.
python() {
    "$bin/fusebox" exec --port board:b "$1"
}

# prints WANT CODE
prints() {
    run python "$2"
    echo "want: $1" >&2
    echo "got:  $output" >&2
    [ "$status" -eq 0 ]
    [ "$output" = "$1" ]
}

@test "machine.Pin: levels, pulls, handlers by edge and by level" {
    prints "Pin('P9', mode=Pin.OUT, pull=None) 1 P9
0 1
1
['P11', 'P11']
['P11', 'P11', 7]
0 True
no such pin on this board
this pin is an input only" '
import time
from machine import Pin, Signal
p = Pin("P9", mode=Pin.OUT, value=1)
print(p, p(), p.id())
p.toggle()
print(p(), Signal(p, invert=True).value())
print(Pin("G17", Pin.IN, Pin.PULL_UP).value())
r = Pin(22, Pin.OUT)
hits = []
r.irq(lambda pin: hits.append(pin.id()), Pin.IRQ_RISING)
for i in range(2):
    r.on(); r.off(); time.sleep_ms(1)
print(hits)
r.callback(Pin.IRQ_FALLING, lambda arg: hits.append(arg), 7)
r.on(); r.off(); time.sleep_ms(1)
print(hits)
n = []
def low(pin):
    n.append(1)
    pin.off()
r.callback(Pin.IRQ_HIGH_LEVEL, low)
r.on(); time.sleep_ms(1)
print(r(), len(n) >= 1)
for bad in (lambda: Pin("P40"), lambda: Pin("P13", Pin.OUT)):
    try:
        bad()
    except ValueError as e:
        print(e)'
}

@test "machine.Timer, Timer.Alarm, Timer.Chrono" {
    prints '5 True
alarm 5
True' '
import time
from machine import Timer
n = []
t = Timer(period=10, callback=lambda t: n.append(time.ticks_ms()))
time.sleep_ms(55)
t.deinit()
print(len(n), all(abs(b - a - 10) <= 1 for a, b in zip(n, n[1:])))
Timer.Alarm(lambda a: n.append("alarm"), ms=5)
time.sleep_ms(10)
a = Timer.Alarm(lambda x: n.append(x), 0.002, arg="p", periodic=True)
time.sleep_ms(11)
a.cancel()
time.sleep_ms(10)
print(n[5], n.count("p"))
c = Timer.Chrono()
c.start(); time.sleep_ms(20); c.stop(); time.sleep_ms(20)
print(20 <= c.read_ms() < 22)'
}

@test "a soft reset takes timers and pin handlers away" {
    type_in 'import machine,time\rx=1\rt=machine.Timer(period=5, callback=lambda t: print("tick"))\r'
    after 'tick tick'
    type_in '\004'
    after 'soft reboot.*>>> $'
    mark
    type_in 'import time; time.sleep_ms(50); print("still")\r'
    after 'still +>>> $'
    [[ $(said) != *tick* ]]
}

@test "machine.UART: what UART1 sends comes back in loopback" {
    prints "UART(1, baudrate=115200, bits=8, parity=None, stop=1)
220 b'hello uart\\n' 209 None True
UART(1) or UART(2); UART0 is the console" '
import time
from machine import UART
u = UART(1, 115200, mode=UART.LOOPBACK)
print(u)
u.write(b"hello uart\n" * 20)
time.sleep_ms(5)
print(u.any(), u.readline(), len(u.read()), u.read(), u.wait_tx_done(100))
try:
    UART(0)
except ValueError as e:
    print(e)'
}

@test "machine.WDT restarts a board that does not feed it" {
    prints 'fed' '
import time
from machine import WDT
w = WDT(timeout=200)
for i in range(4):
    time.sleep_ms(100)
    w.feed()
print("fed")'
    mark
    after 'rst:0x8 \(TG1WDT_SYS_RESET\).*MicroPython v1.*>>> $'
    prints 'True' '
import machine
print(machine.reset_cause() == machine.WDT_RESET)'
}

@test "deep sleep: the clock and the RTC memory go on, RAM does not" {
    type_in 'import machine; r = machine.RTC(); r.init((2026, 11, 28, 1, 2, 3)); r.memory(b"kept"); machine.deepsleep(1500)\r'
    after 'rst:0x5 \(DEEPSLEEP_RESET\).*MicroPython v1.*>>> $'
    prints "True (2, []) b'kept' True
True" '
import machine, time
r = machine.RTC()
print(machine.reset_cause() == machine.DEEPSLEEP_RESET, machine.wake_reason(),
      r.memory(), r.synced())
t = time.time() - 1795827723
print(1 <= t <= 30)'
    "$bin/fusebox" board reset b
    after 'MicroPython v1.*>>> $'
}

@test "an exception of the CPU is reported and resets" {
    type_in 'import machine\rmachine.mem32[0x20000000]\r'
    after 'exception: cause 0000001c pc 400[0-9a-f]{5} vaddr 20000000 .*rst:0x3 .*MicroPython v1.*>>> $'
}

@test "the file system is made at first boot; files outlive resets" {
    run python '
import os
print(os.getcwd(), os.statvfs("/flash")[:3])
os.mkdir("lib")
with open("lib/greet.py", "w") as f:
    f.write("def hi(): return 42")
with open("big", "wb") as f:
    for i in range(64):
        f.write(bytes([i]) * 1000)
print(sorted(os.listdir()))'
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = '/flash (4096, 4096, 127)' ]
    [ "${lines[1]}" = "['big', 'lib']" ]
    "$bin/fusebox" board reset b
    after 'MicroPython v1.*>>> $'
    run python '
import os, greet
with open("big", "rb") as f:
    print(all(f.read(1000) == bytes([i]) * 1000 for i in range(64)), f.read())
os.remove("big"); os.remove("lib/greet.py"); os.rmdir("lib")
print(greet.hi(), os.listdir(), os.statvfs("/flash")[3])'
    [ "$status" -eq 0 ]
    [ "$output" = "True b''
42 [] 125" ]
}

@test "boot.py and main.py run at each start; Ctrl-C stops them" {
    run python '
with open("boot.py", "w") as f: f.write("print(\"first\"); x = 5")
with open("main.py", "w") as f:
    f.write("print(\"second\", x)\nwhile True: pass")'
    [ "$status" -eq 0 ]
    mark
    "$bin/fusebox" board reset b
    after 'Loading app.*first second 5 $'
    type_in '\003'
    after 'KeyboardInterrupt: +MicroPython v1.*>>> $'
    mark
    type_in '\004'
    after 'soft reboot first second 5 $'
    type_in '\003'
    after 'KeyboardInterrupt: +MicroPython v1.*>>> $'
    run python 'import os; os.remove("boot.py"); os.remove("main.py")'
    [ "$status" -eq 0 ]
}

# boot_info asks for a safe boot: by software, which holds for one boot.
# python3: b = bytes.fromhex("00000000 01000000 00000000 ffffffff 02000000")
#   + b"\xff" * 16; b + zlib.crc32(b, 0xFFFFFFFF).to_bytes(4, "little")
@test "a safe boot leaves boot.py and main.py out" {
    run python '
with open("main.py", "w") as f: f.write("print(\"it\" + \"runs\")")'
    [ "$status" -eq 0 ]
    printf '\000\000\000\000\001\000\000\000\000\000\000\000\377\377\377\377\002\000\000\000' >info
    printf '\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\111\064\335\113' >>info
    # The next start uses the request up: let there be one only.
    "$bin/esptool" --chip esp32 --port board:b --after no_reset write_flash 0x190000 info
    mark
    "$bin/fusebox" board reset b
    after 'safe boot: without boot.py and main.py MicroPython v1.*>>> $'
    [[ $(said) != *itruns* ]]
    mark
    "$bin/fusebox" board reset b
    after 'itruns MicroPython v1.*>>> $'
    python 'import os; os.remove("main.py")'
}

@test "a damaged file system is reported, not replaced" {
    # Both superblocks keep their magic string and lose their checksums.
    run python '
import pycom
f = pycom.Flash()
print(f.ioctl(4, 0), f.ioctl(5, 0))
block = bytearray(4096)
for i in 0, 1:
    f.readblocks(i, block)
    block[20:60] = bytes(40)
    f.writeblocks(i, block)'
    [ "$status" -eq 0 ]
    [ "$output" = '127 4096' ]
    mark
    "$bin/fusebox" board reset b
    after '/flash: not mounted: OSError.*MicroPython v1.*>>> $'
    run python '
import os, pycom, vfs
print(os.listdir("/"))
vfs.VfsLfs2.mkfs(pycom.Flash())
vfs.mount(pycom.Flash(), "/flash")
print(os.listdir("/flash"))'
    [ "$status" -eq 0 ]
    [ "$output" = '[]
[]' ]
}

@test "a FAT file system of other firmware stays" {
    run python '
import pycom
f = pycom.Flash()
block = bytearray(4096)
block[510:512] = b"\x55\xaa"
f.writeblocks(0, block)
f.writeblocks(1, bytes(4096))'
    [ "$status" -eq 0 ]
    mark
    "$bin/fusebox" board reset b
    after '/flash: a FAT file system.*MicroPython v1.*>>> $'
    run python '
import pycom
block = bytearray(512)
f = pycom.Flash()
f.readblocks(0, block)
print(block[510:])
f.ioctl(6, 0)'
    [ "$output" = "bytearray(b'U\\xaa')" ]
    mark
    "$bin/fusebox" board reset b
    after 'Loading app partition at offset 0*10000 MicroPython v1.*>>> $'
    run python 'import os; print(os.listdir("/flash"))'
    [ "$output" = '[]' ]
}

@test "fusebox put, get, ls, run" {
    export ESPPORT=board:b
    head -c 20000 "$bin/fusebox" >data
    : >empty
    "$bin/fusebox" put data
    "$bin/fusebox" put empty "it's empty"
    run "$bin/fusebox" ls
    [ "$status" -eq 0 ]
    [ "$output" = "     20000  data
         0  it's empty" ]
    "$bin/fusebox" get data back
    cmp data back
    "$bin/fusebox" get "it's empty" nothing
    [ ! -s nothing ]
    run --separate-stderr "$bin/fusebox" get absent
    [ "$status" -eq 2 ]
    [[ $stderr == *'ENOENT'* ]]
    [ ! -e absent ]
    echo 'print(6 * 7)' >program.py
    run "$bin/fusebox" run program.py
    [ "$output" = 42 ]
    echo 'raise ValueError(7)' >program.py
    run --separate-stderr "$bin/fusebox" run program.py
    [ "$status" -eq 1 ]
    [[ $stderr == *'ValueError: 7'* ]]
    python 'import os; os.remove("data"); os.remove("it'"'"'s empty")'
}

@test "fusebox monitor passes on what is said and typed" {
    printf 'print("mon" + "itor")\r\035' | {
        cat
        sleep 0.5
    } | timeout 20 "$bin/fusebox" monitor --port board:b >said &
    after 'monitor +>>> $'
    wait $!
}

# MicroPython's own clients, as an outside proof of the raw REPL.
@test "pyboard.py and mpremote copy files and run code" {
    python=$(command -v /usr/bin/python3 || command -v python3) ||
        skip 'no python3'
    command -v socat >/dev/null || skip 'no socat'
    printf '#!/bin/sh\nexec socat - UNIX-CONNECT:%s/b/uart.sock\n' "$PWD" >console
    chmod +x console
    head -c 5000 "$bin/fusebox" >data
    pyboard=("$python" "$micropython/tools/pyboard.py" --device "exec:$PWD/console")
    "${pyboard[@]}" -f cp data :/flash/data </dev/null
    "${pyboard[@]}" -f cp :/flash/data back </dev/null
    cmp data back
    run "${pyboard[@]}" -c 'print(2**70)' </dev/null
    [ "${output//$'\r'/}" = 1180591620717411303424 ]
    "$python" -c 'import serial' 2>/dev/null || skip 'mpremote: no python3-serial'
    # A pty has one reader.
    kill "$reader"
    exec 7>&-
    mpremote=("$python" "$micropython/tools/mpremote/mpremote.py" connect "$PWD/b/uart")
    run timeout 60 "${mpremote[@]}" exec 'print(6 * 7)'
    echo "$output" >&2
    [ "${output//$'\r'/}" = 42 ]
    timeout 60 "${mpremote[@]}" fs cp data :copy
    timeout 60 "${mpremote[@]}" fs cp :copy back2
    cmp data back2
    listen
    python 'import os; os.remove("data"); os.remove("copy")'
}

@test "pycom.nvs_*: values outlive resets, errors are Pycom's" {
    prints "5 text
No matching object for the provided key
none 'key not found'
Key is invalid or too long" '
import pycom
pycom.nvs_set("count", 5)
pycom.nvs_set("name", "text")
print(pycom.nvs_get("count"), pycom.nvs_get("name"))
try:
    pycom.nvs_get("absent")
except ValueError as e:
    print(e)
try:
    pycom.nvs_erase("absent")
except KeyError as e:
    print(pycom.nvs_get("absent", "none"), repr(str(e)))
try:
    pycom.nvs_set("a key of 16 byte", 1)
except ValueError as e:
    print(e)'
    "$bin/fusebox" board reset b
    after 'MicroPython v1.*>>> $'
    prints '5 text
-1 text
-1' '
import pycom
print(pycom.nvs_get("count"), pycom.nvs_get("name"))
pycom.nvs_erase("count")
print(pycom.nvs_get("count", -1), pycom.nvs_get("name"))
pycom.nvs_erase_all()
print(pycom.nvs_get("name", -1))'
}

# SHA-256 of 200 x: sha256sum. AES: FIPS 197, C.1 and C.3; CTR: SP 800-38A, F.5.1.
@test "hashlib and cryptolib on the accelerators" {
    prints "aa20c23e3201834050679e1d88941b9a6fed0557c9a705cb2c315e2e63fd486d
aa20c23e3201834050679e1d88941b9a6fed0557c9a705cb2c315e2e63fd486d ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
a9993e364706816aba3e25717850c26c9cd0d89d 900150983cd24fb0d6963f7d28e17f72
69c4e0d86a7b0430d8cdb78070b4c55a 8ea2b7ca516745bfeafc49904b496089
00112233445566778899aabbccddeeff
874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff" '
import hashlib, cryptolib
from binascii import unhexlify as u
print(hashlib.sha256(b"x" * 200).digest().hex())
h = hashlib.sha256(b"x" * 70)
g = hashlib.sha256(b"abc")
h.update(b"x" * 130)
print(h.digest().hex(), g.digest().hex())
print(hashlib.sha1(b"abc").digest().hex(), hashlib.md5(b"abc").digest().hex())
plain = bytes(17 * i for i in range(16))
e = cryptolib.aes(bytes(range(16)), 1).encrypt(plain)
print(e.hex(), cryptolib.aes(bytes(range(32)), 1).encrypt(plain).hex())
print(cryptolib.aes(bytes(range(16)), 1).decrypt(e).hex())
c = cryptolib.aes(u("2b7e151628aed2a6abf7158809cf4f3c"), 6, bytes(range(0xf0, 0x100)))
p = u("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
print((c.encrypt(p[:5]) + c.encrypt(p[5:])).hex())'
}

@test "pycom: heartbeat, rgbled, free heap" {
    prints "True
the LED shows the heartbeat
False 0x7f00
True NO_EXT_RAM" '
import pycom, time
print(pycom.heartbeat())
try:
    pycom.rgbled(0x7F00)
except OSError as e:
    print(e)
pycom.heartbeat(False)
pycom.rgbled(0x7F00)
print(pycom.heartbeat(), hex(pycom.rgbled()))
free = pycom.get_free_heap()
print(100000 < free[0] < 300000, free[1])'
}

@test "an update goes to the other slot and back again" {
    other=0x10000
    for slot in 0x1a0000 0x10000; do
        run "$bin/fusebox" ota --port board:b --reset app.bin
        echo "$output" >&2
        [ "$status" -eq 0 ]
        [[ $output == *"slot $slot"* ]]
        after "Loading app partition at offset 0*${slot#0x}.*MicroPython v1.*>>> \$"
        run "$bin/fusebox" exec --port board:b \
            'import pycom; print(hex(pycom.ota_slot()))'
        [ "$status" -eq 0 ]
        [ "$output" = "$other" ]
        other=$slot
        mark
    done
}

@test "what a client sends last arrives, though it reads nothing and leaves" {
    command -v perl >/dev/null || skip 'no perl'
    for i in $(seq 60); do
        perl -MIO::Socket::UNIX -e '
            my $s = IO::Socket::UNIX->new(Peer => "b/uart.sock") or die;
            syswrite($s, "print(\"number\", 1000 + $ARGV[0]");
            select(undef, undef, undef, 0.0001 * ($ARGV[0] % 12));
            syswrite($s, ")\r");' "$i"
        after "number $((1000 + i))"
    done
}
