// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/target.h"

#include <stdio.h>
#include <string.h>

#include "host/loader_efuse.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/secure_boot_v1.h"

// TRM, "Low-Power Management" and "IO_MUX and GPIO Matrix".
#define RTC_CNTL_SDIO_CONF 0x3FF48074u
#define GPIO_STRAP         0x3FF44038u
#define GPIO_STRAP_MTDI    (1u << 5)
#define EFUSE_BLK0_RDATA4  0x3FF5A010u // XPD_SDIO_*

#define READS  3
#define SECTOR FB_FLASH_SECTOR

// The Secure Boot V1 engine and its clock (TRM "DPORT"; the engine's registers
// are those the mask ROM uses).
#define DPORT_PERI_CLK_EN 0x3FF0001Cu
#define DPORT_PERI_RST_EN 0x3FF00020u
#define PERI_SECUREBOOT   (1u << 3)
#define SB_BASE           0x3FF04000u
#define SB_BLOCK          (SB_BASE + 0x080)
#define SB_DIGEST         (SB_BASE + 0x100)
#define SB_COMPARE        (SB_BASE + 0x140)
#define SB_RESULT         (SB_BASE + 0x180)
#define SB_START          (SB_BASE + 0x1C0)
#define SB_HASH           (SB_BASE + 0x1C4)
#define SB_OBTAIN         (SB_BASE + 0x1C8)
#define SB_CHECK          (SB_BASE + 0x1CC)
#define SB_FINISH         (SB_BASE + 0x1D0)
#define SB_BUSY           (SB_BASE + 0x1D4)
#define SB_POLLS          100

int target_init(struct target *t, struct host_port *port)
{
    memset(t, 0, sizeof *t);
    t->port = port;
    t->baud = 921600;
    if (host_loader_init(&t->loader, port) != HOST_LOADER_OK) {
        (void)snprintf(t->why, sizeof t->why, "out of memory");
        return TARGET_E_HOST;
    }
    return TARGET_OK;
}

void target_free(struct target *t)
{
    host_loader_free(&t->loader);
}

int target_open(struct target *t, const char *name, uint32_t baud)
{
    struct host_port *port = NULL;
    char why[256];
    if (host_port_open(name, &port, why) != 0) {
        memset(t, 0, sizeof *t);
        (void)snprintf(t->why, sizeof t->why, "%s", why);
        return TARGET_E_LOST;
    }
    int status = target_init(t, port);
    t->baud = baud;
    progress_init(&t->progress);
    if (status != TARGET_OK) {
        host_port_close(port);
    }
    return status;
}

void target_close(struct target *t)
{
    if (t->connected) {
        (void)host_loader_reset(&t->loader, HOST_AFTER_HARD);
    }
    target_free(t);
    host_port_close(t->port);
}

static int fail(struct target *t, enum target_status status, const char *why)
{
    (void)snprintf(t->why, sizeof t->why, "%s", why);
    return status;
}

// A status of the session becomes ours.
static int from_loader(struct target *t, int status)
{
    if (status == HOST_LOADER_OK) {
        return TARGET_OK;
    }
    if (status == HOST_LOADER_E_PORT) {
        t->connected = t->flash = false;
    }
    return fail(
        t, status == HOST_LOADER_E_VERIFY ? TARGET_E_VERIFY : TARGET_E_LOST,
        t->loader.why);
}

int target_connect(struct target *t)
{
    if (t->connected) {
        return TARGET_OK;
    }
    t->loader.stub = false;
    t->loader.baud = 115200;
    t->flash = t->pins_known = false;
    if (host_port_set_baud(t->port, t->loader.baud) != HOST_PORT_OK) {
        return fail(t, TARGET_E_LOST, "115200 baud is not possible");
    }
    int status = host_loader_connect(&t->loader, HOST_BEFORE_DEFAULT);
    t->connected = status == HOST_LOADER_OK;
    return from_loader(t, status);
}

// --- fuses ---

static uint32_t flash_pins(const struct fb_efuse_words *shadow)
{
    return fb_efuse_get(shadow, FB_EFUSE_SPI_PAD_CONFIG_HD) << 24 |
           fb_efuse_get(shadow, FB_EFUSE_SPI_PAD_CONFIG_CS0) << 18 |
           fb_efuse_get(shadow, FB_EFUSE_SPI_PAD_CONFIG_D) << 12 |
           fb_efuse_get(shadow, FB_EFUSE_SPI_PAD_CONFIG_Q) << 6 |
           fb_efuse_get(shadow, FB_EFUSE_SPI_PAD_CONFIG_CLK);
}

static int read_once(struct target *t, struct target_fuses *fuses)
{
    int status =
        host_loader_efuse_read(&t->loader, &fuses->shadow, &fuses->dec_status);
    if (status == HOST_LOADER_OK) {
        t->pins = flash_pins(&fuses->shadow);
        t->pins_known = true;
        status = host_loader_syscon_date(&t->loader, &fuses->syscon_date);
    }
    return from_loader(t, status);
}

// Keys are secrets: only BLOCK0 is told.
static void tell_unsteady(struct target *t, const struct target_fuses *fuses)
{
    (void)snprintf(t->why, sizeof t->why,
                   "the fuses' decoder answers differently each time");
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t bits = fuses->unsteady.word[block][w];
            uint32_t sure = fuses->shadow.word[block][w];
            if (bits == 0) {
                continue;
            }
            if (block == 0) {
                (void)snprintf(t->why, sizeof t->why,
                               "the fuses read differently each time: BLOCK0 "
                               "word %u is 0x%08x, or 0x%08x",
                               w, (unsigned)sure, (unsigned)(sure | bits));
            } else {
                (void)snprintf(t->why, sizeof t->why,
                               "the fuses read differently each time: BLOCK%u "
                               "word %u, bits 0x%08x",
                               block, w, (unsigned)bits);
            }
            return;
        }
    }
}

static void take_reading(struct target_fuses *fuses,
                         const struct target_fuses *again)
{
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t *sure = &fuses->shadow.word[block][w];
            uint32_t *unsteady = &fuses->unsteady.word[block][w];
            uint32_t any = *sure | *unsteady | again->shadow.word[block][w];
            *sure &= again->shadow.word[block][w];
            *unsteady = any & ~*sure;
            fuses->steady &= *unsteady == 0;
        }
    }
    fuses->steady &= fuses->dec_status == again->dec_status &&
                     fuses->syscon_date == again->syscon_date;
    fuses->dec_status |= again->dec_status;
}

int target_read_fuses(struct target *t, struct target_fuses *fuses)
{
    struct target_fuses again;
    memset(fuses, 0, sizeof *fuses);
    fuses->steady = true;
    int status = target_connect(t);
    if (status == TARGET_OK) {
        status = read_once(t, fuses);
    }
    for (int i = 1; i < READS && status == TARGET_OK; i++) {
        status = read_once(t, &again);
        if (status == TARGET_OK) {
            take_reading(fuses, &again);
        }
    }
    if (status == TARGET_OK && !fuses->steady) {
        tell_unsteady(t, fuses);
    }
    fb_bytes_wipe(&again, sizeof again);
    return status;
}

int target_steady_fuses(struct target *t, struct target_fuses *fuses)
{
    int status = target_read_fuses(t, fuses);
    return status == TARGET_OK && !fuses->steady ? TARGET_E_UNSTEADY : status;
}

int target_burn(struct target *t, unsigned block,
                const uint32_t word[FB_EFUSE_BLOCK_WORDS])
{
    struct fb_efuse_words data;
    int status = target_connect(t);
    if (status != TARGET_OK) {
        return status;
    }
    memset(&data, 0, sizeof data);
    memcpy(data.word[block], word, sizeof data.word[block]);
    status = host_loader_efuse_program(&t->loader, &data);
    fb_bytes_wipe(&data, sizeof data);
    return from_loader(t, status);
}

// --- flash ---

static int read_supply(struct target *t, struct fb_vdd_sdio *vdd, bool *mtdi)
{
    struct fb_efuse_words fuses = {0};
    uint32_t conf = 0;
    uint32_t strap = 0;
    const struct {
        uint32_t vaddr;
        uint32_t *value;
    } reads[] = {{RTC_CNTL_SDIO_CONF, &conf},
                 {GPIO_STRAP, &strap},
                 {EFUSE_BLK0_RDATA4, &fuses.word[0][4]}};
    int status = HOST_LOADER_OK;
    for (size_t i = 0; i < 3 && status == HOST_LOADER_OK; i++) {
        status =
            host_loader_read_reg(&t->loader, reads[i].vaddr, reads[i].value);
    }
    *mtdi = (strap & GPIO_STRAP_MTDI) != 0;
    *vdd = fb_vdd_sdio(&fuses, *mtdi, conf);
    return from_loader(t, status);
}

static bool answers(uint32_t id)
{
    return id != 0 && id != 0xFFFFFF;
}

static int no_flash(struct target *t, uint32_t id)
{
    struct fb_vdd_sdio vdd;
    bool mtdi = false;
    char text[FB_VDD_SDIO_TEXT];
    int status = read_supply(t, &vdd, &mtdi);
    if (status != TARGET_OK) {
        return status;
    }
    if (answers(id)) {
        (void)snprintf(t->why, sizeof t->why,
                       "the flash chip's size is not known (id 0x%06x)",
                       (unsigned)id);
    } else {
        (void)snprintf(t->why, sizeof t->why,
                       "the flash chip does not answer (id 0x%06x); its supply "
                       "VDD_SDIO is %s",
                       (unsigned)id, fb_vdd_sdio_text(vdd, text));
    }
    return TARGET_E_HOST;
}

static int start_flash(struct target *t, uint32_t pins)
{
    uint32_t id = 0;
    int status = host_loader_flash_attach(&t->loader, pins);
    if (status == HOST_LOADER_OK) {
        status = host_loader_flash_id(&t->loader, &id);
    }
    if (status == HOST_LOADER_OK) {
        uint32_t bytes = host_loader_flash_bytes(id);
        t->flash_size = bytes != 0 ? bytes : t->flash_size;
        if (t->flash_size == 0 || !answers(id)) {
            return no_flash(t, id);
        }
    }
    // The ROM takes the stub at that rate, too.
    if (status == HOST_LOADER_OK && host_port_sets_rate(t->port) &&
        t->baud > t->loader.baud) {
        status = host_loader_change_baud(&t->loader, t->baud);
    }
    if (status == HOST_LOADER_OK && host_stub != NULL) {
        status = host_loader_run_stub(&t->loader, host_stub);
    }
    if (status == HOST_LOADER_OK) {
        status = host_loader_flash_params(&t->loader, t->flash_size);
    }
    t->flash = status == HOST_LOADER_OK;
    return from_loader(t, status);
}

int target_flash(struct target *t)
{
    struct target_fuses fuses;
    if (t->connected && t->flash) {
        return TARGET_OK;
    }
    int status = target_connect(t);
    if (status == TARGET_OK && !t->pins_known) {
        status = read_once(t, &fuses);
        fb_bytes_wipe(&fuses, sizeof fuses);
    }
    return status == TARGET_OK ? start_flash(t, t->pins) : status;
}

int target_flash_part(struct target *t, struct fb_flash_part *part)
{
    struct fb_vdd_sdio vdd;
    int status = target_flash(t);
    if (status == TARGET_OK) {
        status = read_supply(t, &vdd, &part->mtdi);
    }
    if (status == TARGET_OK) {
        part->needs = vdd.mv == 0     ? FB_FLASH_SUPPLY_EXTERNAL
                      : vdd.mv < 2700 ? FB_FLASH_SUPPLY_1V8
                                      : FB_FLASH_SUPPLY_3V3;
    }
    return status;
}

int target_flash_bytes(struct target *t, uint32_t *bytes)
{
    int status = target_flash(t);
    *bytes = t->flash_size;
    return status;
}

int target_write(struct target *t, uint32_t flash_off, const uint8_t *p,
                 size_t n, bool encrypt)
{
    int status = target_flash(t);
    if (status != TARGET_OK) {
        return status;
    }
    if (encrypt && !t->loader.stub) {
        return fail(t, TARGET_E_HOST,
                    "encrypted writes need the flasher stub, and none is "
                    "built in");
    }
    t->loader.encrypt = encrypt;
    t->progress.verb = "writing";
    status = host_loader_flash_write(&t->loader, flash_off, p, n,
                                     t->loader.stub && !encrypt, progress_show,
                                     &t->progress);
    progress_end(&t->progress);
    t->loader.encrypt = false;
    if (status == HOST_LOADER_OK && !encrypt) {
        status = host_loader_flash_verify(&t->loader, flash_off, p, n);
    }
    return from_loader(t, status);
}

int target_erase(struct target *t, uint32_t flash_off, size_t n)
{
    int status = target_flash(t);
    return status != TARGET_OK
               ? status
               : from_loader(t,
                             host_loader_flash_erase(&t->loader, flash_off, n));
}

int target_read(struct target *t, uint32_t flash_off, uint8_t *p, size_t n)
{
    int status = target_flash(t);
    if (status != TARGET_OK) {
        return status;
    }
    t->progress.verb = "reading";
    status = host_loader_flash_read(&t->loader, flash_off, p, n, progress_show,
                                    &t->progress);
    progress_end(&t->progress);
    return from_loader(t, status);
}

int target_md5(struct target *t, uint32_t flash_off, size_t n, uint8_t md5[16])
{
    int status = target_flash(t);
    return status != TARGET_OK
               ? status
               : from_loader(
                     t, host_loader_flash_md5(&t->loader, flash_off, n, md5));
}

// Without our stub: by the MD5 of pieces, of which a short one is read as fast.
#define PIECE_SECTORS 16u

static int erased_by_md5(struct target *t, uint32_t flash_off, size_t sectors,
                         bool *erased)
{
    static uint8_t blank[PIECE_SECTORS * SECTOR];
    int status = TARGET_OK;
    memset(blank, 0xFF, sizeof blank);
    while (sectors >= PIECE_SECTORS && status == TARGET_OK) {
        bool same = false;
        status = target_same(t, flash_off, blank, sizeof blank, &same);
        memset(erased, same, PIECE_SECTORS);
        flash_off += sizeof blank;
        erased += PIECE_SECTORS;
        sectors -= PIECE_SECTORS;
    }
    memset(erased, false, sectors);
    return status;
}

int target_erased(struct target *t, uint32_t flash_off, size_t sectors,
                  bool *erased)
{
    int status = target_flash(t);
    if (status != TARGET_OK) {
        return status;
    }
    if (t->loader.stub) {
        status =
            host_loader_blank_sectors(&t->loader, flash_off, sectors, erased);
        if (status != HOST_LOADER_E_REFUSED) {
            return from_loader(t, status);
        }
    }
    return erased_by_md5(t, flash_off, sectors, erased);
}

int target_same(struct target *t, uint32_t flash_off, const uint8_t *p,
                size_t n, bool *same)
{
    int status = target_flash(t);
    if (status != TARGET_OK) {
        return status;
    }
    status = host_loader_flash_verify(&t->loader, flash_off, p, n);
    *same = status == HOST_LOADER_OK;
    return from_loader(t, status == HOST_LOADER_E_VERIFY ? HOST_LOADER_OK
                                                         : status);
}

// --- proofs ---

// Rows that differ, the same at each call.
static void known_rows(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(i * 7 + (i >> 8) * 31 + 1);
    }
}

int target_prove_flash_key(struct target *t, const uint8_t *key, size_t n,
                           unsigned config, uint32_t scratch)
{
    struct fb_flash_encryption_key crypt;
    uint8_t plain[SECTOR];
    uint8_t want[SECTOR];
    uint8_t got[SECTOR];
    known_rows(plain, sizeof plain);
    if (fb_flash_encryption_key_init(&crypt, key, n, config) != FB_OK ||
        fb_flash_encrypt(&crypt, scratch, plain, want, sizeof want) != FB_OK) {
        fb_bytes_wipe(&crypt, sizeof crypt);
        return fail(t, TARGET_E_HOST, "no usable flash encryption key");
    }
    fb_bytes_wipe(&crypt, sizeof crypt);
    int status = target_write(t, scratch, plain, sizeof plain, true);
    if (status == TARGET_OK) {
        status = target_read(t, scratch, got, sizeof got);
    }
    if (status == TARGET_OK && memcmp(got, want, sizeof got) != 0) {
        return fail(t, TARGET_E_PROOF,
                    memcmp(got, plain, sizeof got) == 0
                        ? "the chip wrote plaintext where it should encrypt"
                        : "the chip encrypts with another key than the key "
                          "file's");
    }
    return status;
}

static int put(struct target *t, uint32_t addr, uint32_t value)
{
    return from_loader(
        t, host_loader_write_reg(&t->loader, addr, value, UINT32_MAX, 0));
}

static int put_bytes(struct target *t, uint32_t addr, const uint8_t *p,
                     size_t n)
{
    int status = TARGET_OK;
    for (uint32_t i = 0; i < n && status == TARGET_OK; i += 4) {
        status = put(t, addr + i, load32_le(p + i));
    }
    return status;
}

static int get(struct target *t, uint32_t addr, uint32_t *value)
{
    return from_loader(t, host_loader_read_reg(&t->loader, addr, value));
}

// Start an operation of the engine and wait for its end.
static int engine(struct target *t, uint32_t addr)
{
    uint32_t busy = 1;
    int status = put(t, addr, 1);
    for (int i = 0; i < SB_POLLS && busy != 0 && status == TARGET_OK; i++) {
        status = get(t, SB_BUSY, &busy);
    }
    if (status == TARGET_OK && busy != 0) {
        return fail(t, TARGET_E_PROOF, "the secure boot engine does not end");
    }
    return status;
}

// Clock on, reset off.
static int engine_on(struct target *t)
{
    int status = from_loader(
        t, host_loader_write_reg(&t->loader, DPORT_PERI_CLK_EN, PERI_SECUREBOOT,
                                 PERI_SECUREBOOT, 0));
    return status != TARGET_OK
               ? status
               : from_loader(t, host_loader_write_reg(&t->loader,
                                                      DPORT_PERI_RST_EN, 0,
                                                      PERI_SECUREBOOT, 0));
}

// Let the engine hash one block and compare with `want`.
static int engine_compares(struct target *t, const uint8_t *block,
                           const uint8_t want[64], bool *same)
{
    uint32_t result = 1;
    int status = engine_on(t);
    if (status == TARGET_OK) {
        status = engine(t, SB_START);
    }
    if (status == TARGET_OK) {
        status = put_bytes(t, SB_BLOCK, block, FB_SECURE_BOOT_V1_BLOCK);
    }
    if (status == TARGET_OK) {
        status = engine(t, SB_HASH);
    }
    if (status == TARGET_OK) {
        status = put_bytes(t, SB_COMPARE, want, 64);
    }
    if (status == TARGET_OK) {
        status = engine(t, SB_OBTAIN);
    }
    if (status == TARGET_OK) {
        status = engine(t, SB_CHECK);
    }
    if (status == TARGET_OK) {
        status = get(t, SB_RESULT, &result);
    }
    if (status == TARGET_OK) {
        status = engine(t, SB_FINISH);
    }
    *same = result == 0;
    return status;
}

int target_prove_secure_boot_key(struct target *t, const uint8_t *key, size_t n)
{
    uint8_t iv[FB_SECURE_BOOT_V1_IV_SIZE];
    uint8_t want[FB_SECURE_BOOT_V1_DIGEST_SIZE];
    bool same = false;
    bool other = true;
    known_rows(iv, sizeof iv);
    if (fb_secure_boot_v1_digest(key, n, iv, NULL, 0, want) != FB_OK) {
        return fail(t, TARGET_E_HOST, "no usable secure boot key");
    }
    int status = target_connect(t);
    if (status == TARGET_OK) {
        status = engine_compares(t, iv, want, &same);
    }
    if (status == TARGET_OK && !same) {
        return fail(t, TARGET_E_PROOF,
                    "the chip's secure boot engine has another key than the "
                    "key file's");
    }
    // An engine that agrees with everything proves nothing.
    want[5] ^= 0x10;
    if (status == TARGET_OK) {
        status = engine_compares(t, iv, want, &other);
    }
    return status == TARGET_OK && other
               ? fail(t, TARGET_E_PROOF,
                      "the chip's secure boot engine agrees with anything")
               : status;
}

// --- boot and look ---

// The ROM speaks at 115200 as soon as EN rises. Without lines the chip resets
// itself when it is told to, at the old rate.
static int start_from_flash(struct target *t)
{
    bool lines = host_port_has_lines(t->port);
    int rate = lines ? host_port_set_baud(t->port, 115200) : HOST_PORT_OK;
    int status = from_loader(t, host_loader_reset(&t->loader, HOST_AFTER_HARD));
    t->connected = t->flash = false;
    if (status == TARGET_OK && !lines) {
        rate = host_port_set_baud(t->port, 115200);
    }
    return status == TARGET_OK && rate != HOST_PORT_OK
               ? fail(t, TARGET_E_LOST, "115200 baud is not possible")
               : status;
}

int target_boot(struct target *t, const struct target_goal *goal,
                struct target_console *console)
{
    uint8_t bytes[512];
    memset(console, 0, sizeof *console);
    int status = start_from_flash(t);
    if (status != TARGET_OK) {
        return status;
    }
    uint64_t start = host_port_now_ms(t->port);
    for (;;) {
        int got = host_port_read(t->port, bytes, sizeof bytes, 50);
        if (got < 0) {
            return fail(t, TARGET_E_LOST,
                        "the port vanished while the board was starting");
        }
        goal_hear(console, bytes, (size_t)got);
        const char *why = NULL;
        switch (goal_judge(goal, console, host_port_now_ms(t->port) - start,
                           &why)) {
        case GOAL_REACHED:
            return TARGET_OK;
        case GOAL_MISSED:
            return fail(t, TARGET_E_GOAL, why);
        case GOAL_PENDING:
            break;
        }
    }
}

int target_boot_log(struct target *t, struct fb_boot_log *log)
{
    static const struct target_goal goal = {.text = "\nentry 0x",
                                            .timeout_ms = 3000};
    struct target_console console;
    int status = target_boot(t, &goal, &console);
    fb_boot_log_parse(console.text, log);
    return status == TARGET_E_GOAL ? TARGET_OK : status;
}
