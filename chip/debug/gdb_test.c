// SPDX-License-Identifier: Apache-2.0
//
// A scripted debugger talks to the engine: packets as the GDB manual's
// "Remote Protocol" gives them, sums computed here.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/debug/gdb.h"

#include "chip/debug/access.h"
#include "chip/testing.h"

// RIG_PROGRAM, instruction by instruction:
// 0x40080010 l32r a2, 0x60000000; 13 movi a3, 'H'; 16 s32i: UART0 FIFO; ...
#define AT_WAITI 0x40080025u

struct debug {
    struct rig *rig;
    struct gdb gdb;
    char said[2 * GDB_PACKET];
    size_t said_n;
};

static void on_send(void *ctx, const void *p, size_t n)
{
    struct debug *d = ctx;

    assert_true(n < sizeof d->said - d->said_n);
    memcpy(d->said + d->said_n, p, n);
    d->said_n += n;
    d->said[d->said_n] = '\0';
}

static void power_on(struct debug *d)
{
    rig_image(d->rig->flash + 0x1000, false);
    d->rig->console_n = 0;
    d->rig->console[0] = '\0';
    chip_power_on(d->rig->chip);
}

static struct debug *debug_new(void)
{
    struct debug *d = calloc(1, sizeof *d);

    assert_non_null(d);
    d->rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    power_on(d);
    gdb_init(&d->gdb, d->rig->chip, on_send, d);
    return d;
}

static void debug_free(struct debug *d)
{
    rig_free(d->rig);
    free(d);
}

static void frame(char *out, size_t cap, const char *packet)
{
    uint8_t sum = 0;

    for (const char *p = packet; *p != '\0'; p++) {
        sum = (uint8_t)(sum + (uint8_t)*p);
    }
    (void)snprintf(out, cap, "$%s#%02x", packet, sum);
}

static void push(struct debug *d, const char *packet)
{
    char bytes[2 * GDB_PACKET];

    frame(bytes, sizeof bytes, packet);
    d->said_n = 0;
    d->said[0] = '\0';
    gdb_push(&d->gdb, (const uint8_t *)bytes, strlen(bytes));
}

static void run(struct debug *d)
{
    for (int i = 0; i < 1000 && gdb_running(&d->gdb); i++) {
        if (gdb_run(&d->gdb, 1000000) == CHIP_IDLE &&
            chip_idle_ns(d->rig->chip) == UINT64_MAX) {
            return;
        }
    }
}

static void said(struct debug *d, const char *want)
{
    char bytes[2 * GDB_PACKET];

    bytes[0] = '+';
    frame(bytes + 1, sizeof bytes - 1, want);
    assert_string_equal(d->said, bytes);
}

// What the engine says to a packet, the chip having run if it let it run.
static void expect(struct debug *d, const char *packet, const char *want)
{
    push(d, packet);
    run(d);
    said(d, want);
}

static void stops_where_told(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    assert_false(gdb_running(&d->gdb));
    assert_int_equal(gdb_run(&d->gdb, 1000), CHIP_BREAK); // nothing runs
    expect(d, "?", "T05thread:1;");
    expect(d, "Z0,40080016,3", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "p0", "16000840");
    assert_string_equal(strstr(d->rig->console, "entry"),
                        "entry 0x40080010\r\n");
    // a2 and a3 of the window, by both their numbers.
    expect(d, "p3", "00000060");
    expect(d, "p4", "48000000");
    // Stepping does the store; the breakpoint does not hold it up.
    expect(d, "s", "T05thread:1;");
    expect(d, "p0", "19000840");
    assert_string_equal(strstr(d->rig->console, "entry"),
                        "entry 0x40080010\r\nH");
    // Breakpoints taken away and set again at the same place work again.
    expect(d, "P0=13000840", "OK");
    expect(d, "z0,40080016,3", "OK");
    expect(d, "Z1,40080016,3", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "p0", "16000840");
    expect(d, "z1,40080016,3", "OK");
    push(d, "c");
    run(d);
    assert_string_equal(d->said, "+"); // it waits in WAITI, and runs
    assert_true(gdb_running(&d->gdb));
    gdb_push(&d->gdb, (const uint8_t *)"\x03", 1);
    run(d);
    said(d, "T02thread:1;");
    expect(d, "p0", "28000840");
    debug_free(d);
}

static void a_breakpoint_at_a_step_s_start(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "Z0,40080010,3", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "Z0,40080013,3", "OK");
    expect(d, "s", "T05thread:1;");
    expect(d, "p0", "13000840");
    expect(d, "s", "T05thread:1;");
    expect(d, "p0", "16000840");
    debug_free(d);
}

static void remembers_sixteen(void **state)
{
    struct debug *d = debug_new();
    char packet[32];

    (void)state;
    for (unsigned i = 0; i < GDB_BREAKPOINTS; i++) {
        (void)snprintf(packet, sizeof packet, "Z0,%x,3", AT_WAITI + i);
        expect(d, packet, "OK");
        expect(d, packet, "OK"); // the same one
    }
    expect(d, "Z0,40080010,3", "E01");
    (void)snprintf(packet, sizeof packet, "z0,%x,3", AT_WAITI + 5);
    expect(d, packet, "OK");
    expect(d, "Z0,40080010,3", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "p0", "10000840");
    debug_free(d);
}

static void watches_memory(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "Z0,40080010,3", "OK");
    expect(d, "c", "T05thread:1;");
    // A register, through the AHB: UART0's FIFO. Told after the store.
    expect(d, "Z2,60000000,4", "OK");
    expect(d, "c", "T05thread:1;watch:60000000;");
    expect(d, "p0", "19000840");
    expect(d, "z2,60000000,4", "OK");
    // The literal at 0x40080000, loaded by L32R; stores do not matter to it.
    expect(d, "P0=10000840", "OK");
    expect(d, "z0,40080010,3", "OK");
    expect(d, "Z3,40080002,1", "OK");
    expect(d, "c", "T05thread:1;rwatch:40080002;");
    expect(d, "p0", "13000840");
    expect(d, "Z4,60000003,1", "OK");
    expect(d, "Z5,0,1", ""); // no such kind
    expect(d, "Z2,0,41", "E01");
    expect(d, "c", "T05thread:1;awatch:60000003;");
    debug_free(d);
}

static void notices_what_others_change(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "Z0,40080010,3", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "Z2,3ffb0000,4", "OK");
    push(d, "c");
    store32_le(d->rig->chip->dram + 0x2000, 0xABCD); // DRAM begins at 3ffae000
    run(d);
    said(d, "T05thread:1;watch:3ffb0000;");
    debug_free(d);
}

static void reads_and_writes_memory(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "Z0,40080010,3", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "m40080010,6", "21fcff32a048");
    expect(d, "m3fff0018,4", "78563412");
    expect(d, "M3ffb0001,3:c0ffee", "OK");
    expect(d, "m3ffb0001,3", "c0ffee");
    expect(d, "X3ffb0000,2:}\x03q", "OK"); // 0x7D 0x03 is 0x23
    expect(d, "m3ffb0000,2", "2371");
    expect(d, "X3ffb0000,2:q", "E01");
    expect(d, "m20000000,4", "E0e");
    expect(d, "M20000000,1:00", "E0e");
    expect(d, "m3ffb0000,1000", "E01"); // more than a packet holds
    expect(d, "m3ffb0000", "E01");
    expect(d, "M3ffb0000,2:0", "E01");
    // Code written by the debugger is what runs: movi a3, 74.
    expect(d, "M40080013,3:32a04a", "OK");
    expect(d, "z0,40080010,3", "OK");
    expect(d, "Z0,40080025,3", "OK");
    expect(d, "c", "T05thread:1;");
    assert_string_equal(strstr(d->rig->console, "Ji"), "Ji\n");
    debug_free(d);
}

static void registers_round_trip(void **state)
{
    struct debug *d = debug_new();
    char all[2 * GDB_PACKET];
    struct chip *before = malloc(chip_sizeof());

    (void)state;
    assert_non_null(before);
    expect(d, "Z0,40080016,3", "OK");
    expect(d, "c", "T05thread:1;");
    push(d, "g");
    assert_int_equal(d->said_n, 2 + 105 * 8 + 3);
    assert_memory_equal(d->said, "+$16000840", 10);
    all[0] = 'G';
    memcpy(all + 1, d->said + 2, 105 * 8);
    all[1 + 105 * 8] = '\0';
    memcpy(before, d->rig->chip, chip_sizeof());
    expect(d, all, "OK");
    assert_memory_equal(&before->cpu[0], &d->rig->chip->cpu[0],
                        sizeof before->cpu[0]);
    memcpy(all + 1 + 8 * 4, "efbeadde", 8); // ar3
    expect(d, all, "OK");
    assert_int_equal(cpu_ar(&d->rig->chip->cpu[0], 3), 0xDEADBEEF);
    all[100] = '\0';
    expect(d, all, "E01");
    // Numbers of GDB's ESP32 configuration: SAR, PS, f3, EPC1, PRID, a3.
    expect(d, "P44=11000000", "OK");
    assert_int_equal(cpu_sr(&d->rig->chip->cpu[0], 3), 0x11);
    expect(d, "P5a=0000803f", "OK");
    assert_int_equal(cpu_fr(&d->rig->chip->cpu[0], 3), 0x3F800000);
    expect(d, "P74=78563412", "OK");
    assert_int_equal(cpu_sr(&d->rig->chip->cpu[0], 177), 0x12345678);
    expect(d, "p92", "cdcd0000");
    expect(d, "p49", "20000600"); // PS: UM, WOE, CALLINC 2
    expect(d, "p1000", "E01");
    expect(d, "P1000=00000000", "E01");
    free(before);
    debug_free(d);
}

static void answers_questions(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "qSupported:multiprocess+",
           "PacketSize=1000;QStartNoAckMode+;hwbreak+;swbreak+;"
           "vContSupported+");
    expect(d, "vCont?", "vCont;c;C;s;S");
    expect(d, "qAttached", "1");
    expect(d, "qC", "QC1");
    expect(d, "qfThreadInfo", "m1");
    expect(d, "qsThreadInfo", "l");
    expect(d, "qThreadExtraInfo,1", "50524f20435055");
    expect(d, "Hg2", "OK");
    expect(d, "p92", "abab0000");
    expect(d, "Hg1", "OK");
    expect(d, "Hg7", "E01");
    expect(d, "Hc-1", "OK");
    expect(d, "T1", "OK");
    expect(d, "qRcmd,776879", "72657365740a"); // why: reset
    expect(d, "qRcmd,78",
           "636f6d6d616e64733a207265736574" // commands: ...
           "2c207768790a");
    expect(d, "nonsense", "");
    expect(d, "", "");
    debug_free(d);
}

static void vcont_steps_and_goes_on(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "Z0,40080010,3", "OK");
    expect(d, "vCont;c", "T05thread:1;");
    expect(d, "vCont;s:1;c", "T05thread:1;");
    expect(d, "p0", "13000840");
    expect(d, "vCont;s:9", "E01");
    expect(d, "vCont;r", "E01");
    expect(d, "vCont", "E01");
    // Reset by command: the ROM starts again, breakpoints stay.
    expect(d, "qRcmd,7265736574", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "p0", "10000840");
    debug_free(d);
}

static void survives_the_line(void **state)
{
    struct debug *d = debug_new();
    char *large = malloc(3 * GDB_PACKET);
    uint64_t seed = 7;

    (void)state;
    gdb_push(&d->gdb, (const uint8_t *)"garbage$qC#00", 13);
    assert_string_equal(d->said, "-");
    expect(d, "qC", "QC1");
    // A NAK asks for the answer again.
    d->said_n = 0;
    gdb_push(&d->gdb, (const uint8_t *)"-", 1);
    assert_string_equal(d->said, "$QC1#c5");
    // A packet that is cut off by the next one.
    d->said_n = 0;
    gdb_push(&d->gdb, (const uint8_t *)"$m0,$qC#b4", 10);
    assert_string_equal(d->said, "+$QC1#c5");
    // One that is too long.
    assert_non_null(large);
    memset(large, 'm', 3 * GDB_PACKET);
    d->said_n = 0;
    gdb_push(&d->gdb, (const uint8_t *)"$", 1);
    gdb_push(&d->gdb, (const uint8_t *)large, 3 * GDB_PACKET);
    gdb_push(&d->gdb, (const uint8_t *)"#00", 3);
    assert_string_equal(d->said, "-");
    // Anything at all.
    for (int i = 0; i < 20000; i++) {
        char packet[16];
        size_t n = testing_random32(&seed) % (sizeof packet - 1);

        for (size_t k = 0; k < n; k++) {
            static const char likely[] = "gGpPmMXsScCZzHqTv?0123:,;=-#$";

            packet[k] = likely[testing_random32(&seed) % (sizeof likely - 1)];
        }
        packet[n] = '\0';
        push(d, packet);
        gdb_push(&d->gdb, (const uint8_t *)"\x03", 1);
        (void)gdb_run(&d->gdb, 3);
    }
    expect(d, "QStartNoAckMode", "OK");
    push(d, "qC");
    assert_true(d->said[0] == '$');
    free(large);
    debug_free(d);
}

// Byte by byte it is the same, and the program never knows.
static void is_not_noticed(void **state)
{
    struct debug *d = debug_new();
    struct rig *alone = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    char bytes[32];

    (void)state;
    rig_image(alone->flash + 0x1000, false);
    chip_power_on(alone->chip);
    rig_run_ms(alone, 50);
    frame(bytes, sizeof bytes, "Z2,3ffb0000,4");
    for (size_t i = 0; i < strlen(bytes); i++) {
        assert_int_equal(d->said_n, 0);
        gdb_push(&d->gdb, (const uint8_t *)bytes + i, 1);
    }
    said(d, "OK");
    push(d, "c"); // watching, that is step by step
    while (chip_time_ns(d->rig->chip) < chip_time_ns(alone->chip) &&
           gdb_run(&d->gdb, 100) != CHIP_BREAK) {
    }
    assert_string_equal(d->rig->console, alone->console);
    assert_int_equal(chip_instructions(d->rig->chip),
                     chip_instructions(alone->chip));
    rig_free(alone);
    debug_free(d);
}

static void lets_go(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "Z0,40080016,3", "OK");
    push(d, "D");
    assert_string_equal(d->said, "+$OK#9a");
    assert_false(gdb_attached(&d->gdb));
    assert_int_equal(d->rig->chip->cpu[0].breakpoint_count, 0);
    assert_int_equal(d->rig->chip->cpu[1].breakpoint_count, 0);
    assert_false(d->rig->chip->cpu[0].stop_on_break);
    for (int i = 0; i < 100; i++) {
        (void)gdb_run(&d->gdb, 1000000);
    }
    assert_non_null(strstr(d->rig->console, "Hi\n"));
    assert_string_equal(d->said, "+$OK#9a");
    debug_free(d);
}

static void stops_at_break_and_leaves_it(void **state)
{
    struct debug *d = debug_new();

    (void)state;
    expect(d, "Z0,40080010,3", "OK");
    expect(d, "c", "T05thread:1;");
    expect(d, "M40080013,3:104100", "OK"); // break 1, 1
    expect(d, "c", "T05thread:1;");
    expect(d, "p0", "13000840");
    expect(d, "s", "T05thread:1;"); // behind it, then the store
    expect(d, "p0", "19000840");
    debug_free(d);
}

// The addresses that instructions reach for:
//   l8ui a3, a2, 5; s16i a3, a2, 6; l32i.n a3, a2, 8; s32c1i a3, a2, 12;
//   s32e a3, a2, -16; l32r a3, . - 8; lsx f1, a2, a3; add a3, a2, a3
static void knows_accesses(void **state)
{
    static const struct {
        const char *code;
        uint32_t vaddr;
        unsigned size;
        bool load, store;
    } cases[] = {
        {"320205", 0x3FFB0005, 1, true, false},
        {"325203", 0x3FFB0006, 2, false, true},
        {"382200", 0x3FFB0008, 4, true, false},
        {"32e203", 0x3FFB000C, 4, true, true},
        {"30c249", 0x3FFB0000 - 16, 4, false, true},
        {"31feff", 0x4009EFF8, 4, true, false},
        {"301208", 0x3FFB0100, 4, true, false},
        {"303280", 0, 0, false, false},
    };
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);
    struct cpu *cpu;

    (void)state;
    rig_on(rig);
    cpu = &rig->chip->cpu[0];
    soc_start_code(rig->chip, 0x4009F000);
    cpu_set_ar(cpu, 2, 0x3FFB0000);
    cpu_set_ar(cpu, 3, 0x100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t code[4] = {0};
        struct access access;

        testing_hex(code, sizeof code, cases[i].code);
        cpu_set_pc(cpu, 0x4009F000);
        assert_int_equal(bus_write(cpu->bus, cpu_pc(cpu), code, 4, NULL),
                         BUS_OK);
        access_next(cpu, &access);
        assert_int_equal(access.load, cases[i].load);
        assert_int_equal(access.store, cases[i].store);
        assert_int_equal(access.size, cases[i].size);
        assert_int_equal(access.vaddr, cases[i].vaddr);
    }
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_where_told),
        cmocka_unit_test(a_breakpoint_at_a_step_s_start),
        cmocka_unit_test(remembers_sixteen),
        cmocka_unit_test(watches_memory),
        cmocka_unit_test(notices_what_others_change),
        cmocka_unit_test(reads_and_writes_memory),
        cmocka_unit_test(registers_round_trip),
        cmocka_unit_test(answers_questions),
        cmocka_unit_test(vcont_steps_and_goes_on),
        cmocka_unit_test(survives_the_line),
        cmocka_unit_test(is_not_noticed),
        cmocka_unit_test(lets_go),
        cmocka_unit_test(stops_at_break_and_leaves_it),
        cmocka_unit_test(knows_accesses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
