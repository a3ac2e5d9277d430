// SPDX-License-Identifier: Apache-2.0
//
// What the commands of esptool share: option rows, input files, flash
// parameters, and the open board.

#ifndef TOOLS_ESPTOOL_ESPTOOL_H
#define TOOLS_ESPTOOL_ESPTOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/file.h"
#include "host/loader_session.h"
#include "lib/fb/efuse.h"
#include "lib/fb/flash.h"
#include "lib/fb/image.h"
#include "tools/cli/cli.h"

#define ESPTOOL_VERSION "5.3.1"

#define ESPTOOL_SECTOR         FB_FLASH_SECTOR
#define ESPTOOL_BOOTLOADER_OFF FB_FLASH_BOOTLOADER
#define ESPTOOL_FILE_MAX       FB_FLASH_MAX

// The commands, one file each.
extern const struct cli_command esptool_chip_id, esptool_dump_mem,
    esptool_elf2image, esptool_make_image, esptool_erase_flash,
    esptool_erase_region, esptool_flash_id, esptool_get_security_info,
    esptool_image_info, esptool_load_ram, esptool_merge_bin, esptool_read_flash,
    esptool_read_flash_sfdp, esptool_read_flash_status, esptool_read_mac,
    esptool_read_mem, esptool_run, esptool_verify_flash, esptool_version,
    esptool_write_flash, esptool_write_flash_status, esptool_write_mem;

// Option rows. KEEP: the choices that leave the image's own value alone.
#define ESPTOOL_FREQS "80m|40m|26m|20m"
#define ESPTOOL_MODES "qio|qout|dio|dout"
#define ESPTOOL_SIZES "1MB|2MB|4MB|8MB|16MB|32MB|64MB|128MB"
#define ESPTOOL_OPT_FREQ(keep, initial)                                        \
    {                                                                          \
        .name = "flash-freq", .shorts = "ff", .kind = CLI_CHOICE,              \
        .value = "FREQ", .choices = keep ESPTOOL_FREQS, .fallback = initial,   \
        .env = "ESPTOOL_FF", .help = "SPI flash frequency",                    \
    }
#define ESPTOOL_OPT_MODE(keep, initial)                                        \
    {                                                                          \
        .name = "flash-mode", .shorts = "fm", .kind = CLI_CHOICE,              \
        .value = "MODE", .choices = keep ESPTOOL_MODES, .fallback = initial,   \
        .env = "ESPTOOL_FM", .help = "SPI flash mode",                         \
    }
#define ESPTOOL_OPT_SIZE(keep, initial)                                        \
    {                                                                          \
        .name = "flash-size", .shorts = "fs", .kind = CLI_CHOICE,              \
        .value = "SIZE", .choices = keep ESPTOOL_SIZES, .fallback = initial,   \
        .env = "ESPTOOL_FS", .help = "SPI flash size",                         \
    }
#define ESPTOOL_OPT_SPI_CONNECTION                                             \
    {                                                                          \
        .name = "spi-connection", .shorts = "sc", .kind = CLI_STRING,          \
        .value = "PINS", .help = "flash pins: SPI, HSPI or CLK,Q,D,HD,CS",     \
    }

// flash.c: --flash-freq, --flash-mode and --flash-size.
struct esptool_flash_params {
    bool keep_freq, keep_mode, keep_size;
    uint8_t freq, mode, size; // as in the image header
};

// "4MB" or "256KB" in bytes, 0 when text is neither.
uint32_t esptool_size_bytes(const char *text);
// "4MB" for bytes; NULL for a size that has no name.
const char *esptool_size_name(uint32_t bytes);
const char *esptool_freq_name(uint8_t id);
const char *esptool_mode_name(uint8_t id);
// From the options; "detect" takes detected (bytes).
void esptool_flash_params(const struct cli *cli, uint32_t detected,
                          struct esptool_flash_params *params);
// Set the header of a plain bootloader image written to ESPTOOL_BOOTLOADER_OFF
// and renew its appended SHA-256; anything else stays as it is, byte for byte.
void esptool_patch_image(uint8_t *p, size_t n, uint32_t flash_off,
                         const char *name,
                         const struct esptool_flash_params *params);

// input.c: files for the flash.
struct esptool_part {
    uint32_t flash_off;
    const char *name;
    struct host_file file;
    bool encrypt;  // written through the chip's encryptor
    unsigned pair; // which ADDRESS FILE pair of the command line, from 0
};
#define ESPTOOL_PARTS_MAX 64u
struct esptool_parts {
    struct esptool_part part[ESPTOOL_PARTS_MAX];
    unsigned count;
    unsigned pairs; // loaded so far
};

// Load the ADDRESS FILE pairs of the command line, sorted by address; an Intel
// HEX file brings its own addresses. Told errors: not a pair, no number, a
// file that cannot be read, overlapping sectors. 0 or CLI_FAILURE.
int esptool_parts_load(struct esptool_parts *parts, const struct cli *cli);
// Add the pairs among an option's values, from value `first` on.
int esptool_parts_load_option(struct esptool_parts *parts,
                              const struct cli *cli, const char *option,
                              unsigned first, bool encrypt);
int esptool_parts_check_overlap(const struct esptool_parts *parts);
// Make each file a multiple of 4 bytes with 0xFF, as the loader writes them; of
// 32 where the chip encrypts.
int esptool_parts_pad(struct esptool_parts *parts);
// flash_bytes 0: not known, then 16 MiB.
int esptool_parts_check_fit(const struct esptool_parts *parts,
                            uint32_t flash_bytes);
void esptool_parts_free(struct esptool_parts *parts);
// One image file; an Intel HEX file must hold one region.
int esptool_load_image(const char *name, struct host_file *file);

// board.c: the chip behind --port.
struct esptool {
    const struct cli *cli;
    const char *port_name;
    struct host_port *port;
    struct host_loader loader;
    bool open;
    bool left;                   // it runs something else: no reset at the end
    struct fb_efuse_words fuses; // as read at the start
    uint32_t syscon_date;
    uint32_t flash_id;
    uint32_t flash_bytes; // 0: not known
};

// Connect and print what is there. Told errors; 0 or CLI_FAILURE.
int esptool_open(struct esptool *e, const struct cli *cli);
// Attach the flash (connection: --spi-connection or NULL) and read its id.
int esptool_attach_flash(struct esptool *e, const char *connection);
// Open the port, attach the flash, do the work of a command, close. Returns
// the exit status.
int esptool_on_flash(const struct cli *cli, int (*work)(struct esptool *e));
// Start the flasher stub unless --no-stub says otherwise or there is none, and
// tell it or the ROM the size of the flash: "4MB", or "keep" or "detect" for
// what its id says.
int esptool_configure_flash(struct esptool *e, const char *flash_size);
// Is a stub running, or will esptool_configure_flash() start one?
bool esptool_wants_stub(const struct esptool *e);
// Reset as --after says (when status is 0) and close. Returns the status.
int esptool_close(struct esptool *e, int status);
// Tell the failure that host_loader_*() returned.
int esptool_fail(struct esptool *e, int status);
int esptool_print_mac(struct esptool *e);
void esptool_print_flash_id(const struct esptool *e);
// ADDRESS SIZE of the command line, SIZE may be ALL; inside the flash.
int esptool_flash_range(struct esptool *e, unsigned arg, uint32_t *flash_off,
                        uint32_t *size);
// A positional argument of 32 bits.
int esptool_uint_arg(const struct cli *cli, unsigned arg, uint32_t *value);

// ports.c: which ports to try when none is named.
int esptool_port_filter(const struct cli *cli, struct host_port_filter *filter);

bool esptool_flash_encryption_on(const struct esptool *e);
bool esptool_secure_boot_on(const struct esptool *e);
bool esptool_secure_boot_v1_on(const struct esptool *e);

// progress.c: a bar on a terminal, nothing elsewhere.
struct esptool_progress {
    const char *verb; // "Writing at"
    bool off;
    size_t shown;  // bytes done when it was drawn last
    uint32_t base; // added to flash_off 0
};
void esptool_progress_start(struct esptool_progress *p, const char *verb,
                            const struct cli *cli);
// A host_loader_progress function.
void esptool_progress_show(void *ctx, uint32_t flash_off, size_t done,
                           size_t n);
void esptool_progress_end(struct esptool_progress *p);
// Wall clock, for "in T seconds".
uint64_t esptool_now_ms(void);
void esptool_wait(unsigned ms);

#endif
