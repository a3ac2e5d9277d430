// SPDX-License-Identifier: Apache-2.0
//
// usage: chip_bench LOOP.BIN [BOARD_DIR]
//
// Prints how fast the virtual chip is: an integer loop in MIPS, QEMU with the
// same lx106 program beside it, the time from power-on to the MicroPython
// prompt of the board in BOARD_DIR, and what memory a board takes. Speeds are
// of CPU time, so that others on the machine do not count; the time to the
// prompt is also given as it passes on the wall.

#define _DEFAULT_SOURCE // mkdtemp(), wait4()

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chip/soc.h"
#include "host/efuse_file.h"
#include "host/file.h"
#include "lib/fb/bytes.h"

#define QEMU        "qemu-system-xtensa"
#define QEMU_RESET  0x50000000u // reset vector and RAM of its lx106
#define QEMU_CODE   0x40100000u
#define LOOP_LENGTH 13.0 // chip_loop.S
#define LOOP_ROUNDS 100000000u
#define CODE        0x40080000u
#define REAL_MHZ    240.0
#define BOOTS       9
#define PROMPT      ">>> "
#define MIB         1048576.0

static void die(const char *what)
{
    fprintf(stderr, "chip_bench: %s\n", what);
    exit(2);
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// --- a board ---

struct bench {
    struct chip *chip;
    uint8_t *flash;
    char tail[sizeof PROMPT]; // of the console
    size_t bytes;
};

static void on_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct bench *b = ctx;

    if (uart == 0) {
        memmove(b->tail, b->tail + 1, sizeof b->tail - 2);
        b->tail[sizeof b->tail - 2] = (char)byte;
        b->bytes++;
    }
}

static void make_chip(struct bench *b, uint32_t flash_size)
{
    struct chip_callbacks callbacks = {.ctx = b, .uart_tx = on_tx};
    struct chip_config config = {.flash = b->flash,
                                 .flash_size = flash_size,
                                 .strap = CHIP_STRAP_FLASH_BOOT,
                                 .seed = 1};

    if (b->chip == NULL) {
        b->chip = malloc(chip_sizeof());
    }
    if (b->chip == NULL || b->flash == NULL) {
        die("out of memory");
    }
    memset(b->tail, '.', sizeof b->tail - 1);
    b->tail[sizeof b->tail - 1] = '\0';
    chip_init(b->chip, &config, &callbacks);
}

// --- the loop ---

static double loop_ours(uint8_t *program, size_t n, uint32_t rounds)
{
    struct bench b = {.flash = malloc(1u << 20)};
    struct cpu *cpu;

    make_chip(&b, 1u << 20);
    memset(b.flash, 0xFF, 1u << 20);
    chip_power_on(b.chip);
    store32_le(program + 4, rounds);
    if (bus_write(&b.chip->bus[SOC_PRO], CODE, program, n, NULL) != BUS_OK) {
        die("the loop does not fit");
    }
    // The ROM's watchdogs would end it.
    registers_store(b.chip, 0x3FF4808Cu, 4, 0);
    registers_store(b.chip, 0x3FF5F048u, 4, 0);
    soc_start_code(b.chip, CODE);
    cpu = &b.chip->cpu[SOC_PRO];
    cpu_add_breakpoint(cpu, CODE + 8);

    double from = seconds(CLOCK_PROCESS_CPUTIME_ID);
    enum chip_stop stop = chip_run(b.chip, 1u << 31);
    double took = seconds(CLOCK_PROCESS_CPUTIME_ID) - from;

    if (stop != CHIP_BREAK || cpu_ar(cpu, 2) != 0 ||
        chip_instructions(b.chip) < LOOP_LENGTH * rounds) {
        die("the loop did not come to its end");
    }
    free(b.chip);
    free(b.flash);
    return took;
}

static void write_file(const char *path, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
        die("cannot write to /tmp");
    }
}

// CPU time of QEMU, less than 0 when it cannot be run.
static double loop_qemu(uint8_t *program, size_t n, uint32_t rounds)
{
    // l32r a2, .-4 (the word before); jx a2: the way from the reset vector
    static const uint8_t reset[] = {0x06, 0x01, 0x00, 0x00, 0x00, 0x00,
                                    0x10, 0x40, 0x21, 0xFF, 0xFF, 0xA0,
                                    0x02, 0x00, 0x00, 0x00};
    char folder[] = "/tmp/chip_bench.XXXXXX";
    char path[2][64], device[2][160];
    struct rusage usage;
    int status = -1;

    if (mkdtemp(folder) == NULL) {
        die("cannot write to /tmp");
    }
    snprintf(path[0], sizeof path[0], "%s/reset", folder);
    snprintf(path[1], sizeof path[1], "%s/loop", folder);
    write_file(path[0], reset, sizeof reset);
    store32_le(program + 4, rounds);
    write_file(path[1], program, n);
    snprintf(device[0], sizeof device[0],
             "loader,file=%s,addr=0x%x,force-raw=on", path[0], QEMU_RESET);
    snprintf(device[1], sizeof device[1],
             "loader,file=%s,addr=0x%x,force-raw=on", path[1], QEMU_CODE);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(120);
        execlp(QEMU, QEMU, "-M", "sim", "-cpu", "lx106", "-semihosting",
               "-display", "none", "-monitor", "none", "-serial", "none",
               "-device", device[0], "-device", device[1], (char *)NULL);
        _exit(127);
    }
    if (pid > 0) {
        wait4(pid, &status, 0, &usage);
    }
    for (int i = 0; i < 2; i++) {
        unlink(path[i]);
    }
    rmdir(folder);
    if (status != 0) {
        return -1;
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void bench_loop(const char *path)
{
    struct host_file file;

    if (host_file_read(path, 4096, &file) != 0 || file.size < 16) {
        die("cannot read the loop");
    }
    double ours = 1e9;
    for (int i = 0; i < 3; i++) {
        double s = loop_ours(file.data, file.size, LOOP_ROUNDS);
        ours = s < ours ? s : ours;
    }
    double mips = LOOP_LENGTH * LOOP_ROUNDS / ours / 1e6;
    printf("integer loop         %7.0f MIPS, %.1f times the real chip's %.0f "
           "MHz\n",
           mips, mips / REAL_MHZ, REAL_MHZ);

    double idle = loop_qemu(file.data, file.size, 1);
    double qemu = loop_qemu(file.data, file.size, LOOP_ROUNDS) - idle;
    if (idle < 0) {
        printf("QEMU lx106           skipped: no " QEMU
               " (qemu-system-misc)\n");
    } else {
        double theirs = LOOP_LENGTH * LOOP_ROUNDS / qemu / 1e6;
        printf("QEMU lx106           %7.0f MIPS, same program; ours is %.2f of "
               "it\n",
               theirs, mips / theirs);
    }
    host_file_free(&file);
}

// --- power-on to prompt ---

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void boot(struct bench *b)
{
    chip_power_on(b->chip);
    while (strcmp(b->tail, PROMPT) != 0) {
        if (chip_run(b->chip, 1000000) == CHIP_POWER_LOST ||
            chip_time_ns(b->chip) > 20000000000u) {
            die("the board does not come to its prompt");
        }
    }
}

static void board_path(char out[512], const char *dir, const char *name)
{
    snprintf(out, 512, "%s/%s", dir, name);
}

// --- snapshots ---

#define SNAPSHOTS 201

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof values[0], compare);
    return values[n / 2];
}

// Of a board at its prompt, each followed by a little work, as in a search for
// the worst moment to lose power.
static void bench_snapshots(struct bench *b, uint32_t flash_size)
{
    static double save[SNAPSHOTS], restore[SNAPSHOTS], fork[SNAPSHOTS];
    struct chip_callbacks callbacks = {.ctx = b, .uart_tx = on_tx};
    void *snapshot = malloc(chip_snapshot_size());
    struct chip *copy = malloc(chip_sizeof());
    uint8_t *flash = malloc(flash_size);

    if (snapshot == NULL || copy == NULL || flash == NULL) {
        die("out of memory");
    }
    for (int i = 0; i < SNAPSHOTS; i++) {
        double at[4];

        at[0] = seconds(CLOCK_PROCESS_CPUTIME_ID);
        chip_save(b->chip, snapshot);
        at[1] = seconds(CLOCK_PROCESS_CPUTIME_ID);
        chip_restore(b->chip, snapshot);
        at[2] = seconds(CLOCK_PROCESS_CPUTIME_ID);
        memcpy(flash, b->flash, flash_size);
        chip_copy(copy, b->chip, flash, &callbacks);
        at[3] = seconds(CLOCK_PROCESS_CPUTIME_ID);
        save[i] = at[1] - at[0];
        restore[i] = at[2] - at[1];
        fork[i] = at[3] - at[2];
        (void)chip_run(b->chip, 100000);
    }
    printf(
        "snapshot             %7.0f us, restore %.0f us (%.1f MiB), fork with "
        "its flash %.0f us\n",
        median(save, SNAPSHOTS) * 1e6, median(restore, SNAPSHOTS) * 1e6,
        (double)chip_snapshot_size() / MIB, median(fork, SNAPSHOTS) * 1e6);
    free(snapshot);
    free(copy);
    free(flash);
}

// --- all of it ---

static void bench_boot(const char *dir)
{
    char path[512];
    struct host_file flash;
    struct fb_efuse_words fuses;
    enum host_efuse_format format;
    struct bench b = {0};
    double wall[BOOTS], cpu[BOOTS];

    board_path(path, dir, "flash.bin");
    if (host_file_read(path, 16u << 20, &flash) != 0) {
        die("cannot read the board's flash");
    }
    board_path(path, dir, "efuse.bin");
    if (host_efuse_file_load(path, &fuses, &format) != 0) {
        die("cannot read the board's fuses");
    }
    b.flash = malloc(flash.size);
    if (b.flash == NULL) {
        die("out of memory");
    }
    for (int i = 0; i < BOOTS; i++) {
        memcpy(b.flash, flash.data, flash.size);
        double from = seconds(CLOCK_MONOTONIC);
        double cpu_from = seconds(CLOCK_PROCESS_CPUTIME_ID);
        make_chip(&b, (uint32_t)flash.size);
        chip_set_efuses(b.chip, &fuses);
        boot(&b);
        cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_from;
        wall[i] = seconds(CLOCK_MONOTONIC) - from;
    }
    qsort(wall, BOOTS, sizeof wall[0], compare);
    qsort(cpu, BOOTS, sizeof cpu[0], compare);
    printf("power-on to prompt   %7.1f ms, median of %d (%.1f ms of CPU time, "
           "fastest %.1f)\n",
           wall[BOOTS / 2] * 1e3, BOOTS, cpu[BOOTS / 2] * 1e3, cpu[0] * 1e3);
    printf("                     locked GPY%s, %.1f million instructions, "
           "%.0f ms of its own time\n",
           fb_efuse_get(&fuses, FB_EFUSE_ABS_DONE_0) != 0 &&
                   fb_efuse_flash_encryption_on(&fuses)
               ? ""
               : " (NOT locked)",
           (double)chip_instructions(b.chip) / 1e6,
           (double)chip_time_ns(b.chip) / 1e6);
    bench_snapshots(&b, (uint32_t)flash.size);
    free(b.chip);
    free(b.flash);
    host_file_free(&flash);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        die("usage: chip_bench LOOP.BIN [BOARD_DIR]");
    }
    bench_loop(argv[1]);
    if (argc == 3) {
        bench_boot(argv[2]);
    }
    printf("memory of a board    %7.1f MiB beyond its flash\n",
           (double)chip_sizeof() / MIB);
    return 0;
}
