// SPDX-License-Identifier: Apache-2.0

#include "chip/debug/gdb.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "chip/cpu/isa.h"
#include "chip/cpu/state.h"
#include "chip/debug/access.h"
#include "chip/soc.h"

// GDB's own signal numbers (include/gdb/signals.def).
#define SIGNAL_INT  2u
#define SIGNAL_TRAP 5u
#define SIGNAL_PWR  32u

#define UR_EXPSTATE  230u
#define UR_THREADPTR 231u
#define UR_FCR       232u
#define UR_FSR       233u
#define UR_F64R_LO   234u
#define UR_F64R_HI   235u
#define UR_F64S      236u

enum { WAIT_START, IN_PACKET, SUM_HIGH, SUM_LOW };
enum { WATCH_STORE = 1, WATCH_LOAD = 2 };

// --- registers ---

enum reg_kind { REG_PC, REG_AR, REG_SR, REG_UR, REG_FR };

// In GDB's order; first .. first + n - 1 of a kind.
static const struct {
    enum reg_kind kind;
    uint8_t first, n;
} registers[] = {
    {REG_PC, 0, 1},
    {REG_AR, 0, 64},
    {REG_SR, SR_LBEG, 3},
    {REG_SR, SR_SAR, 1},
    {REG_SR, SR_WINDOWBASE, 2},
    {REG_SR, SR_CONFIGID0, 1},
    {REG_SR, SR_CONFIGID1, 1},
    {REG_SR, SR_PS, 1},
    {REG_UR, UR_THREADPTR, 1},
    {REG_SR, SR_BR, 1},
    {REG_SR, SR_SCOMPARE1, 1},
    {REG_SR, SR_ACCLO, 2},
    {REG_SR, SR_M0, 4},
    {REG_UR, UR_EXPSTATE, 1},
    {REG_UR, UR_F64R_LO, 3},
    {REG_FR, 0, 16},
    {REG_UR, UR_FCR, 2},
    // Privileged: not in a `g` packet.
    {REG_SR, SR_MMID, 1},
    {REG_SR, SR_IBREAKENABLE, 2}, // and MEMCTL
    {REG_SR, 99, 1},              // ATOMCTL
    {REG_SR, 104, 1},             // DDR
    {REG_SR, SR_IBREAKA0, 2},
    {REG_SR, 144, 2}, // DBREAKA
    {REG_SR, 160, 2}, // DBREAKC
    {REG_SR, SR_EPC1, 7},
    {REG_SR, SR_DEPC, 1},
    {REG_SR, SR_EPS2, 6},
    {REG_SR, 209, 7}, // EXCSAVE1
    {REG_SR, SR_CPENABLE, 1},
    {REG_SR, SR_INTERRUPT, 1},
    {REG_SR, SR_INTERRUPT, 1}, // INTSET
    {REG_SR, SR_INTCLEAR, 2},  // and INTENABLE
    {REG_SR, SR_VECBASE, 5},   // to CCOUNT
    {REG_SR, SR_PRID, 4},      // ICOUNT, ICOUNTLEVEL, EXCVADDR
    {REG_SR, SR_CCOMPARE0, 3},
    {REG_SR, 244, 4}, // MISC
    {REG_AR, 64, 16}, // a0 .. a15 of the window
};

#define GENERAL_REGISTERS 105u

static struct cpu *cpu_of(struct gdb *gdb)
{
    return &gdb->chip->cpu[gdb->core];
}

static bool find_register(unsigned n, enum reg_kind *kind, unsigned *index)
{
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        if (n < registers[i].n) {
            *kind = registers[i].kind;
            *index = registers[i].first + n;
            return true;
        }
        n -= registers[i].n;
    }
    return false;
}

static bool get_register(struct gdb *gdb, unsigned n, uint32_t *value)
{
    const struct cpu *cpu = cpu_of(gdb);
    enum reg_kind kind;
    unsigned index;

    if (!find_register(n, &kind, &index)) {
        return false;
    }
    switch (kind) {
    case REG_PC:
        *value = cpu_pc(cpu);
        break;
    case REG_AR:
        *value =
            index < 64 ? cpu_physical_ar(cpu, index) : cpu_ar(cpu, index - 64);
        break;
    case REG_SR:
        *value = cpu_sr(cpu, index);
        break;
    case REG_UR:
        *value = cpu_ur(cpu, index);
        break;
    case REG_FR:
        *value = cpu_fr(cpu, index);
        break;
    }
    return true;
}

static bool set_register(struct gdb *gdb, unsigned n, uint32_t value)
{
    struct cpu *cpu = cpu_of(gdb);
    enum reg_kind kind;
    unsigned index;

    if (!find_register(n, &kind, &index)) {
        return false;
    }
    switch (kind) {
    case REG_PC:
        if (value != cpu_pc(cpu)) {
            cpu_set_pc(cpu, value);
        }
        break;
    case REG_AR:
        if (index < 64) {
            cpu_set_physical_ar(cpu, index, value);
        } else {
            cpu_set_ar(cpu, index - 64, value);
        }
        break;
    case REG_SR:
        // A `G` packet writes back what it read: that must change nothing.
        if (value != cpu_sr(cpu, index)) {
            cpu_set_sr(cpu, index, value);
        }
        break;
    case REG_UR:
        cpu_set_ur(cpu, index, value);
        break;
    case REG_FR:
        cpu_set_fr(cpu, index, value);
        break;
    }
    return true;
}

// --- packets out ---

static void begin(struct gdb *gdb)
{
    gdb->out[0] = '$';
    gdb->out_n = 1;
}

static void put(struct gdb *gdb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// What does not fit is left away; no answer is that long.
static void put(struct gdb *gdb, const char *format, ...)
{
    size_t room = GDB_PACKET + 1 - gdb->out_n;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(gdb->out + gdb->out_n, room, format, args);
    va_end(args);
    if (n > 0) {
        gdb->out_n += (size_t)n < room ? (size_t)n : room - 1;
    }
}

static void put_bytes(struct gdb *gdb, const void *p, size_t n)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++) {
        put(gdb, "%02x", bytes[i]);
    }
}

static void put_word(struct gdb *gdb, uint32_t value)
{
    uint8_t bytes[4];

    bus_put32(bytes, value);
    put_bytes(gdb, bytes, 4);
}

static void finish(struct gdb *gdb)
{
    uint8_t sum = 0;

    for (size_t i = 1; i < gdb->out_n; i++) {
        sum = (uint8_t)(sum + (uint8_t)gdb->out[i]);
    }
    gdb->out_n += (size_t)snprintf(gdb->out + gdb->out_n, 4, "#%02x", sum);
    gdb->send(gdb->ctx, gdb->out, gdb->out_n);
}

static void answer(struct gdb *gdb, const char *text)
{
    begin(gdb);
    put(gdb, "%s", text);
    finish(gdb);
}

// The numbers are the protocol's to ignore: 1 bad request, 14 bad address.
static void refuse(struct gdb *gdb, unsigned number)
{
    begin(gdb);
    put(gdb, "E%02x", number);
    finish(gdb);
}

static void tell_stop(struct gdb *gdb, unsigned signal, unsigned core,
                      const char *watch, uint32_t vaddr)
{
    gdb->running = false;
    gdb->stepping = false;
    gdb->interrupt = false;
    gdb->core = core;
    begin(gdb);
    put(gdb, "T%02xthread:%u;", signal, core + 1);
    if (watch != NULL) {
        put(gdb, "%s:%" PRIx32 ";", watch, vaddr);
    }
    finish(gdb);
}

// --- packets in: numbers and bytes ---

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// A hexadecimal number; false when there is none.
static bool get_number(const char **p, uint32_t *value)
{
    const char *from = *p;

    *value = 0;
    while (nibble(**p) >= 0) {
        *value = *value << 4 | (uint32_t)nibble(**p);
        (*p)++;
    }
    return *p != from;
}

static bool skip(const char **p, char c)
{
    if (**p != c) {
        return false;
    }
    (*p)++;
    return true;
}

static bool get_pair(const char **p, uint32_t *a, char between, uint32_t *b)
{
    return get_number(p, a) && skip(p, between) && get_number(p, b);
}

static bool get_bytes(const char **p, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = nibble((*p)[0]);
        int low = high < 0 ? -1 : nibble((*p)[1]);

        if (low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
        *p += 2;
    }
    return true;
}

// --- packets in: commands ---

static void read_registers(struct gdb *gdb)
{
    uint32_t value = 0;

    begin(gdb);
    for (unsigned n = 0; n < GENERAL_REGISTERS; n++) {
        (void)get_register(gdb, n, &value);
        put_word(gdb, value);
    }
    finish(gdb);
}

static void write_registers(struct gdb *gdb, const char *p)
{
    uint8_t bytes[4 * GENERAL_REGISTERS];

    if (!get_bytes(&p, bytes, sizeof bytes)) {
        refuse(gdb, 1);
        return;
    }
    // The window first: the physical registers have to land behind it.
    for (unsigned n = GENERAL_REGISTERS; n-- > 0;) {
        (void)set_register(gdb, n, bus_get32(bytes + 4 * n));
    }
    answer(gdb, "OK");
}

static void read_register(struct gdb *gdb, const char *p)
{
    uint32_t n, value;

    if (!get_number(&p, &n) || !get_register(gdb, n, &value)) {
        refuse(gdb, 1);
        return;
    }
    begin(gdb);
    put_word(gdb, value);
    finish(gdb);
}

static void write_register(struct gdb *gdb, const char *p)
{
    uint32_t n;
    uint8_t bytes[4];

    if (!get_number(&p, &n) || !skip(&p, '=') || !get_bytes(&p, bytes, 4) ||
        !set_register(gdb, n, bus_get32(bytes))) {
        refuse(gdb, 1);
        return;
    }
    answer(gdb, "OK");
}

static void read_memory(struct gdb *gdb, const char *p)
{
    uint32_t vaddr, n;
    uint8_t bytes[GDB_PACKET / 2];
    size_t done = 0;

    if (!get_pair(&p, &vaddr, ',', &n) || n > sizeof bytes) {
        refuse(gdb, 1);
        return;
    }
    (void)bus_read(&gdb->chip->bus[gdb->core], vaddr, bytes, n, &done);
    if (done == 0 && n > 0) {
        refuse(gdb, 14);
        return;
    }
    begin(gdb);
    put_bytes(gdb, bytes, done);
    finish(gdb);
}

static void store_memory(struct gdb *gdb, uint32_t vaddr, const void *p,
                         size_t n)
{
    if (bus_write(&gdb->chip->bus[gdb->core], vaddr, p, n, NULL) != BUS_OK) {
        refuse(gdb, 14);
        return;
    }
    answer(gdb, "OK");
}

static void write_memory(struct gdb *gdb, const char *p)
{
    uint32_t vaddr, n;
    uint8_t bytes[GDB_PACKET / 2];

    if (!get_pair(&p, &vaddr, ',', &n) || !skip(&p, ':') || n > sizeof bytes ||
        !get_bytes(&p, bytes, n)) {
        refuse(gdb, 1);
        return;
    }
    store_memory(gdb, vaddr, bytes, n);
}

// Raw bytes; 0x7D escapes the next one, changed by 0x20.
static void write_binary(struct gdb *gdb, const char *p)
{
    const char *end = gdb->in + gdb->in_n;
    uint32_t vaddr, n;
    uint8_t bytes[GDB_PACKET];
    size_t got = 0;

    if (!get_pair(&p, &vaddr, ',', &n) || !skip(&p, ':')) {
        refuse(gdb, 1);
        return;
    }
    for (; p < end; p++) {
        bool escaped = *p == 0x7D && p + 1 < end;

        p += escaped;
        bytes[got++] = (uint8_t)(escaped ? *p ^ 0x20 : *p);
    }
    if (got != n) {
        refuse(gdb, 1);
        return;
    }
    store_memory(gdb, vaddr, bytes, got);
}

// A core that stands at a BREAK of the program goes on behind it.
static void leave_break(struct cpu *cpu)
{
    struct isa_insn insn;

    isa_decode(cpu_pc(cpu), access_word(cpu, cpu_pc(cpu)), &insn);
    if (insn.row == ISA_BREAK || insn.row == ISA_BREAK_N) {
        cpu_set_pc(cpu, cpu_pc(cpu) + insn.len);
    }
}

static void resume(struct gdb *gdb, bool step, unsigned core)
{
    if (!gdb->chip->rom.active) {
        leave_break(&gdb->chip->cpu[SOC_PRO]);
    }
    if (gdb->chip->app_started) {
        leave_break(&gdb->chip->cpu[SOC_APP]);
    }
    gdb->running = true;
    gdb->stepping = step;
    gdb->step_core = core;
    for (unsigned i = 0; i < gdb->watch_count; i++) {
        struct gdb_watch *w = &gdb->watch[i];

        (void)bus_read(&gdb->chip->bus[SOC_PRO], w->vaddr, w->seen, w->n, NULL);
    }
}

// [ADDRESS], after the signal that C and S bring.
static void continue_at(struct gdb *gdb, const char *p, bool step, bool signal)
{
    uint32_t number;

    if (signal &&
        (!get_number(&p, &number) || (*p != '\0' && !skip(&p, ';')))) {
        refuse(gdb, 1);
        return;
    }
    if (get_number(&p, &number)) {
        cpu_set_pc(cpu_of(gdb), number);
    }
    resume(gdb, step, gdb->core);
}

static bool parse_core(const char *p, unsigned *core)
{
    uint32_t number;

    if (*p == '-') {
        return true; // all threads: the current one
    }
    if (!get_number(&p, &number) || number > SOC_CPUS) {
        return false;
    }
    if (number > 0) {
        *core = number - 1;
    }
    return true;
}

// vCont;ACTION[:THREAD]...: a step, if there is one, and all others go on.
static void v_continue(struct gdb *gdb, const char *p)
{
    unsigned core = gdb->core;
    bool any = false;

    while (skip(&p, ';')) {
        char action = *p;
        bool step = action == 's' || action == 'S';
        const char *thread = p + strcspn(p, ":;");

        if (strchr("cCsS", action) == NULL) {
            refuse(gdb, 1);
            return;
        }
        any = true;
        if (step) {
            if (*thread == ':' && !parse_core(thread + 1, &core)) {
                refuse(gdb, 1);
                return;
            }
            resume(gdb, true, core);
            return;
        }
        p += strcspn(p, ";");
    }
    if (!any) {
        refuse(gdb, 1);
        return;
    }
    resume(gdb, false, core);
}

static bool set_breakpoint(struct gdb *gdb, uint32_t vaddr)
{
    for (unsigned i = 0; i < gdb->breakpoint_count; i++) {
        if (gdb->breakpoints[i] == vaddr) {
            return true;
        }
    }
    if (gdb->breakpoint_count == GDB_BREAKPOINTS ||
        !cpu_add_breakpoint(&gdb->chip->cpu[SOC_PRO], vaddr)) {
        return false;
    }
    if (!cpu_add_breakpoint(&gdb->chip->cpu[SOC_APP], vaddr)) {
        cpu_remove_breakpoint(&gdb->chip->cpu[SOC_PRO], vaddr);
        return false;
    }
    gdb->breakpoints[gdb->breakpoint_count++] = vaddr;
    return true;
}

static void clear_breakpoint(struct gdb *gdb, uint32_t vaddr)
{
    for (unsigned i = 0; i < gdb->breakpoint_count; i++) {
        if (gdb->breakpoints[i] == vaddr) {
            gdb->breakpoints[i] = gdb->breakpoints[--gdb->breakpoint_count];
            cpu_remove_breakpoint(&gdb->chip->cpu[SOC_PRO], vaddr);
            cpu_remove_breakpoint(&gdb->chip->cpu[SOC_APP], vaddr);
            return;
        }
    }
}

static bool set_watch(struct gdb *gdb, uint32_t vaddr, uint32_t n,
                      unsigned kinds)
{
    struct gdb_watch *w = &gdb->watch[gdb->watch_count];

    if (gdb->watch_count == GDB_WATCHPOINTS || n == 0 || n > GDB_WATCH_MAX) {
        return false;
    }
    *w = (struct gdb_watch){.vaddr = vaddr, .n = n, .kinds = kinds};
    gdb->watch_count++;
    return true;
}

static void clear_watch(struct gdb *gdb, uint32_t vaddr, uint32_t n,
                        unsigned kinds)
{
    for (unsigned i = 0; i < gdb->watch_count; i++) {
        struct gdb_watch *w = &gdb->watch[i];

        if (w->vaddr == vaddr && w->n == n && w->kinds == kinds) {
            *w = gdb->watch[--gdb->watch_count];
            return;
        }
    }
}

// Z or z TYPE,ADDRESS,KIND: 0 and 1 break, 2 stores, 3 loads, 4 both.
static void break_or_watch(struct gdb *gdb, const char *p, bool set)
{
    static const unsigned kinds[5] = {0, 0, WATCH_STORE, WATCH_LOAD,
                                      WATCH_STORE | WATCH_LOAD};
    uint32_t type, vaddr, n;
    bool done = true;

    if (!get_pair(&p, &type, ',', &vaddr) || !skip(&p, ',') ||
        !get_number(&p, &n)) {
        refuse(gdb, 1);
        return;
    }
    if (type > 4) {
        answer(gdb, "");
        return;
    }
    if (kinds[type] == 0 && set) {
        done = set_breakpoint(gdb, vaddr);
    } else if (kinds[type] == 0) {
        clear_breakpoint(gdb, vaddr);
    } else if (set) {
        done = set_watch(gdb, vaddr, n, kinds[type]);
    } else {
        clear_watch(gdb, vaddr, n, kinds[type]);
    }
    if (done) {
        answer(gdb, "OK");
    } else {
        refuse(gdb, 1);
    }
}

static void monitor(struct gdb *gdb, const char *p)
{
    char text[64];
    size_t n = strlen(p) / 2;

    n = n < sizeof text - 1 ? n : sizeof text - 1;
    if (!get_bytes(&p, (uint8_t *)text, n)) {
        refuse(gdb, 1);
        return;
    }
    text[n] = '\0';
    begin(gdb);
    if (strcmp(text, "reset") == 0) {
        chip_power_on(gdb->chip);
        put(gdb, "OK");
    } else if (strcmp(text, "why") == 0) {
        const char *why = chip_why(gdb->chip);

        put_bytes(gdb, why, strlen(why));
        put_bytes(gdb, "\n", 1);
    } else {
        static const char known[] = "commands: reset, why\n";

        put_bytes(gdb, known, sizeof known - 1);
    }
    finish(gdb);
}

static bool starts(const char *p, const char *with)
{
    return strncmp(p, with, strlen(with)) == 0;
}

static void query(struct gdb *gdb, const char *p)
{
    static const char *const names[SOC_CPUS] = {"PRO CPU", "APP CPU"};
    unsigned core = 0;

    if (starts(p, "qSupported")) {
        begin(gdb);
        put(gdb,
            "PacketSize=%x;QStartNoAckMode+;hwbreak+;swbreak+;vContSupported+",
            GDB_PACKET);
        finish(gdb);
    } else if (strcmp(p, "qC") == 0) {
        begin(gdb);
        put(gdb, "QC%u", gdb->core + 1);
        finish(gdb);
    } else if (strcmp(p, "qfThreadInfo") == 0) {
        answer(gdb, gdb->chip->app_started ? "m1,2" : "m1");
    } else if (strcmp(p, "qsThreadInfo") == 0) {
        answer(gdb, "l");
    } else if (starts(p, "qThreadExtraInfo,") && parse_core(p + 17, &core)) {
        begin(gdb);
        put_bytes(gdb, names[core], strlen(names[core]));
        finish(gdb);
    } else if (starts(p, "qAttached")) {
        answer(gdb, "1");
    } else if (starts(p, "qRcmd,")) {
        monitor(gdb, p + 6);
    } else {
        answer(gdb, "");
    }
}

static void let_go(struct gdb *gdb)
{
    while (gdb->breakpoint_count > 0) {
        clear_breakpoint(gdb, gdb->breakpoints[0]);
    }
    gdb->watch_count = 0;
    cpu_set_stop_on_break(&gdb->chip->cpu[SOC_PRO], false);
    cpu_set_stop_on_break(&gdb->chip->cpu[SOC_APP], false);
    gdb->attached = false;
    gdb->running = true;
    gdb->stepping = false;
}

static void choose_thread(struct gdb *gdb, const char *p)
{
    if (!parse_core(p + 1, &gdb->core)) {
        refuse(gdb, 1);
        return;
    }
    answer(gdb, "OK");
}

static void run_packet(struct gdb *gdb)
{
    const char *p = gdb->in + 1;
    unsigned core = 0;

    switch (gdb->in[0]) {
    case '?':
        tell_stop(gdb, SIGNAL_TRAP, gdb->core, NULL, 0);
        return;
    case 'g':
        read_registers(gdb);
        return;
    case 'G':
        write_registers(gdb, p);
        return;
    case 'p':
        read_register(gdb, p);
        return;
    case 'P':
        write_register(gdb, p);
        return;
    case 'm':
        read_memory(gdb, p);
        return;
    case 'M':
        write_memory(gdb, p);
        return;
    case 'X':
        write_binary(gdb, p);
        return;
    case 'c':
    case 'C':
        continue_at(gdb, p, false, gdb->in[0] == 'C');
        return;
    case 's':
    case 'S':
        continue_at(gdb, p, true, gdb->in[0] == 'S');
        return;
    case 'Z':
    case 'z':
        break_or_watch(gdb, p, gdb->in[0] == 'Z');
        return;
    case 'H':
        choose_thread(gdb, p);
        return;
    case 'T':
        answer(gdb, parse_core(p, &core) ? "OK" : "E01");
        return;
    case 'D':
        answer(gdb, "OK");
        let_go(gdb);
        return;
    case 'k':
        let_go(gdb);
        return;
    case 'q':
        query(gdb, gdb->in);
        return;
    case 'Q':
        if (strcmp(gdb->in, "QStartNoAckMode") == 0) {
            answer(gdb, "OK");
            gdb->no_ack = true;
            return;
        }
        break;
    case 'v':
        if (strcmp(gdb->in, "vCont?") == 0) {
            answer(gdb, "vCont;c;C;s;S");
            return;
        }
        if (starts(gdb->in, "vCont")) {
            v_continue(gdb, gdb->in + 5);
            return;
        }
        break;
    default:
        break;
    }
    answer(gdb, ""); // "not supported"
}

static void packet_end(struct gdb *gdb)
{
    bool good = gdb->sum == gdb->sum_got && gdb->in_n <= GDB_PACKET;

    if (!gdb->no_ack) {
        gdb->send(gdb->ctx, good ? "+" : "-", 1);
    }
    if (good) {
        gdb->in[gdb->in_n] = '\0';
        run_packet(gdb);
    }
}

static void outside(struct gdb *gdb, char c)
{
    if (c == '$') {
        gdb->state = IN_PACKET;
        gdb->in_n = 0;
        gdb->sum = 0;
    } else if (c == 3) {
        gdb->interrupt = gdb->running;
    } else if (c == '-' && gdb->out_n > 0 && !gdb->no_ack) {
        gdb->send(gdb->ctx, gdb->out, gdb->out_n);
    }
}

static void push(struct gdb *gdb, char c)
{
    int value = nibble(c);

    switch (gdb->state) {
    case WAIT_START:
        outside(gdb, c);
        break;
    case IN_PACKET:
        if (c == '#') {
            gdb->state = SUM_HIGH;
            break;
        }
        if (c == '$') { // the start of another one
            outside(gdb, c);
            break;
        }
        gdb->sum = (uint8_t)(gdb->sum + (uint8_t)c);
        if (gdb->in_n < GDB_PACKET) {
            gdb->in[gdb->in_n] = c;
        }
        gdb->in_n += gdb->in_n <= GDB_PACKET;
        break;
    case SUM_HIGH:
        gdb->sum_got = (uint8_t)((unsigned)value << 4);
        gdb->state = SUM_LOW;
        break;
    default:
        gdb->sum_got = (uint8_t)(gdb->sum_got | value);
        gdb->state = WAIT_START;
        packet_end(gdb);
        break;
    }
}

void gdb_push(struct gdb *gdb, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && gdb->attached; i++) {
        push(gdb, (char)p[i]);
    }
}

void gdb_init(struct gdb *gdb, struct chip *chip,
              void (*send)(void *ctx, const void *p, size_t n), void *ctx)
{
    memset(gdb, 0, sizeof *gdb);
    gdb->chip = chip;
    gdb->send = send;
    gdb->ctx = ctx;
    gdb->attached = true;
    cpu_set_stop_on_break(&chip->cpu[SOC_PRO], true);
    cpu_set_stop_on_break(&chip->cpu[SOC_APP], true);
}

void gdb_close(struct gdb *gdb)
{
    let_go(gdb);
}

bool gdb_running(const struct gdb *gdb)
{
    return gdb->running;
}

bool gdb_attached(const struct gdb *gdb)
{
    return gdb->attached;
}

// --- running ---

// Which watchpoint an access of the PRO CPU meets; NULL: none.
static struct gdb_watch *watch_hit(struct gdb *gdb, const struct access *a)
{
    unsigned kinds =
        (a->store ? WATCH_STORE : 0u) | (a->load ? WATCH_LOAD : 0u);

    for (unsigned i = 0; i < gdb->watch_count; i++) {
        struct gdb_watch *w = &gdb->watch[i];

        if ((w->kinds & kinds) != 0 && a->vaddr < w->vaddr + w->n &&
            w->vaddr < a->vaddr + a->size) {
            return w;
        }
    }
    return NULL;
}

// Or whose contents have changed. Registers are not read for it: that may have
// effects.
static struct gdb_watch *watch_changed(struct gdb *gdb)
{
    for (unsigned i = 0; i < gdb->watch_count; i++) {
        struct gdb_watch *w = &gdb->watch[i];
        uint8_t now[GDB_WATCH_MAX];

        if ((w->kinds & WATCH_STORE) != 0 && w->vaddr >= REG_END &&
            w->vaddr < AHB_BASE &&
            bus_read(&gdb->chip->bus[SOC_PRO], w->vaddr, now, w->n, NULL) ==
                BUS_OK &&
            memcmp(now, w->seen, w->n) != 0) {
            return w;
        }
    }
    return NULL;
}

static void tell_watch(struct gdb *gdb, const struct gdb_watch *w)
{
    static const char *const words[4] = {"", "watch", "rwatch", "awatch"};

    tell_stop(gdb, SIGNAL_TRAP, SOC_PRO, words[w->kinds], w->vaddr);
}

// Which core met a breakpoint: the core remembers having told.
static unsigned broken_core(const struct gdb *gdb)
{
    const struct cpu *app = &gdb->chip->cpu[SOC_APP];
    uint32_t pc = cpu_pc(app);

    if (!gdb->chip->app_started) {
        return SOC_PRO;
    }
    if (gdb->chip->cpu[SOC_PRO].skip_break) {
        return SOC_PRO;
    }
    for (unsigned i = 0; i < gdb->breakpoint_count; i++) {
        if (gdb->breakpoints[i] == pc) {
            return SOC_APP;
        }
    }
    return SOC_PRO;
}

// One instruction at most. True when the debugger has been told of a stop.
static bool run_one(struct gdb *gdb, enum chip_stop *stop)
{
    struct chip *chip = gdb->chip;
    struct cpu *stepped = &chip->cpu[gdb->step_core];
    struct cpu *pro = &chip->cpu[SOC_PRO];
    uint64_t before = cpu_cycles(stepped);
    uint64_t pro_before = cpu_cycles(pro);
    bool waited = stepped->waiting;
    struct access access = {0};
    struct gdb_watch *hit = NULL;

    if (gdb->watch_count > 0 && !chip->rom.active) {
        access_next(pro, &access);
    }
    *stop = chip_run(chip, 1);
    if (*stop == CHIP_BREAK && gdb->stepping && cpu_cycles(stepped) == before) {
        *stop = chip_run(chip, 1); // a breakpoint where the step begins
    }
    if (cpu_cycles(pro) != pro_before) {
        hit = watch_hit(gdb, &access);
    }
    hit = hit != NULL || gdb->watch_count == 0 ? hit : watch_changed(gdb);
    if (hit != NULL) {
        tell_watch(gdb, hit);
        return true;
    }
    if (*stop == CHIP_BREAK) {
        tell_stop(gdb, SIGNAL_TRAP, broken_core(gdb), NULL, 0);
        return true;
    }
    if (gdb->stepping && cpu_cycles(stepped) != before &&
        (!waited || !stepped->waiting)) {
        tell_stop(gdb, SIGNAL_TRAP, gdb->step_core, NULL, 0);
        return true;
    }
    return false;
}

static enum chip_stop run_slowly(struct gdb *gdb, uint64_t cycles)
{
    enum chip_stop stop = CHIP_RAN;

    for (uint64_t i = 0; i < cycles && stop == CHIP_RAN; i++) {
        if (run_one(gdb, &stop)) {
            return CHIP_BREAK;
        }
    }
    return stop;
}

enum chip_stop gdb_run(struct gdb *gdb, uint64_t cycles)
{
    enum chip_stop stop;

    if (!gdb->attached) {
        return chip_run(gdb->chip, cycles);
    }
    if (gdb->interrupt && gdb->running) {
        tell_stop(gdb, SIGNAL_INT, gdb->core, NULL, 0);
    }
    if (!gdb->running) {
        return CHIP_BREAK;
    }
    if (gdb->stepping || gdb->watch_count > 0) {
        stop = run_slowly(gdb, cycles);
    } else {
        stop = chip_run(gdb->chip, cycles);
        if (stop == CHIP_BREAK) {
            tell_stop(gdb, SIGNAL_TRAP, broken_core(gdb), NULL, 0);
        }
    }
    if (stop == CHIP_POWER_LOST) {
        tell_stop(gdb, SIGNAL_PWR, SOC_PRO, NULL, 0);
    }
    return stop;
}
