// SPDX-License-Identifier: Apache-2.0
//
// What a boot costs: instructions of each stage, from the reset to the first
// instruction of an application of 256 KiB, on a locked board. `make size` runs
// it; it fails when the two verifications together cost more than LIMIT.

#define _DEFAULT_SOURCE // for testing.h
#define TESTING_BLOB    0x60000u

#include "tests/boot/chip_testing.h"

#define APP_OFF   0x100000u // flash_off
#define APP_BYTES 0x40000u
#define SLOT      0x80000u
#define LIMIT     60000000u // instructions

#define SYMBOLS                                                                \
    "xtensa-lx106-elf-nm " BUILD_FOLDER "/boot-anti-rollback/bootloader.elf"

// A stage ends where the next one starts: when a function is entered, or when
// it returns. All on one path, in this order.
struct stage {
    const char *name;
    const char *function; // at whose entry it starts
    bool verifies;        // counts for LIMIT
    bool past;            // ... or behind whose return
};

static const struct stage stages[] = {
    {"clock, console, cache, facts", "boot_main", false, false},
    {"partition table: signature", "fb_signature_v1_verify", true, false},
    {"partition table: rows", "fb_signature_v1_verify", false, true},
    {"what is remembered", "fb_boot_store_read", false, false},
    {"safe boot pin (0.1 s)", "fb_boot_store_read", false, true},
    {"application: checks, hash, signature", "slot_verify", true, false},
    {"decision", "slot_verify", false, true},
    {"copy, map, jump", "launch", false, false},
};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

static uint32_t address_of(const char *function)
{
    FILE *nm = popen(SYMBOLS, "r");
    char line[256], name[128], type;
    uint32_t found = 0;
    unsigned vaddr;

    while (nm != NULL && fgets(line, sizeof(line), nm) != NULL) {
        if (sscanf(line, "%x %c %127s", &vaddr, &type, name) == 3 &&
            strcmp(name, function) == 0) {
            found = vaddr;
        }
    }
    if (nm == NULL || pclose(nm) != 0 || found == 0) {
        (void)fprintf(stderr, "boot_bench: no function %s\n", function);
        exit(1);
    }
    return found;
}

static void run_to(struct chip *chip, uint32_t vaddr)
{
    struct cpu *cpu = &chip->cpu[0];

    if (!cpu_add_breakpoint(cpu, vaddr)) {
        exit(1);
    }
    while (chip_run(chip, 1000000) == CHIP_RAN) {
    }
    if (chip_pc(chip) != vaddr) {
        (void)fprintf(stderr, "boot_bench: did not get to 0x%x\n",
                      (unsigned)vaddr);
        exit(1);
    }
    cpu_remove_breakpoint(cpu, vaddr);
}

static void make_large_app(struct testing_blob *app)
{
    static uint8_t code[APP_BYTES];
    const struct testing_segments segments = {
        0x400D008C,
        4,
        {{0x3F400020, 0x20, NULL},
         {0x3FFB0000, 0x10, NULL},
         {0x40080000, 0x14, NULL},
         {0x400D007C, sizeof(code), code}}};

    for (size_t i = 0; i < sizeof(code); i++) {
        code[i] = (uint8_t)(i * 7);
    }
    testing_hex(code, sizeof(code), RIG_PROGRAM);
    testing_make_image(app, &segments);
    testing_append_signature(app, testing_key);
}

int main(void)
{
    static struct testing_blob app;
    struct board b;
    uint64_t verified = 0, from = 0;
    uint32_t vaddr, top = 0x40000000;

    if (build_bootloader(NULL) != 0 || bootloader_n == 0) {
        puts("skipped: no gcc-xtensa-lx106");
        return 0;
    }
    (void)fflush(stdout);
    if (!build_make(&bootloader_anti_rollback, "size")) {
        return 1;
    }
    b = new_board(LOCKED, 3);
    put_table(&b, APP_OFF, SLOT);
    put_info(&b, FB_BOOT_UPDATE1, FB_BOOT_READY);
    make_large_app(&app);
    in_flash(&b, APP_OFF, app.p, app.n);
    chip_power_on(b.rig->chip);
    printf("instructions of a boot of a locked board, %u KiB application:\n",
           (unsigned)app.n / 1024);
    for (unsigned i = 0; i <= STAGES; i++) {
        bool last = i == STAGES;

        if (last) {
            run_to(b.rig->chip, 0x400D008C);
        } else if (stages[i].past) {
            run_to(b.rig->chip, cpu_ar(&b.rig->chip->cpu[0], 0));
        } else {
            run_to(b.rig->chip, address_of(stages[i].function));
        }
        uint64_t now = chip_instructions(b.rig->chip);
        if (i > 0) {
            printf("%11llu  %s\n", (unsigned long long)(now - from),
                   stages[i - 1].name);
            verified += stages[i - 1].verifies ? now - from : 0;
        } else {
            for (vaddr = top - 0x4000; vaddr < top - 64; vaddr += 4) {
                rig_put(b.rig, vaddr, 0xA5A5A5A5);
            }
        }
        from = now;
    }
    printf("%11llu  both verifications, of %u\n", (unsigned long long)verified,
           LIMIT);
    for (vaddr = top - 0x4000; rig_get(b.rig, vaddr) == 0xA5A5A5A5;) {
        vaddr += 4;
    }
    printf("%11u  bytes of stack used\n", (unsigned)(top - vaddr));
    rig_free(b.rig);
    if (verified > LIMIT) {
        (void)fputs("boot_bench: the verifications cost too much\n", stderr);
        return 1;
    }
    return 0;
}
