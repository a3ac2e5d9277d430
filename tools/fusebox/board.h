// SPDX-License-Identifier: Apache-2.0
//
// A board as a folder:
//     board.ini   what it is: name, chip revision, flash size and supply
//     efuse.bin   the fuses, in QEMU's format (host/efuse_file.h)
//     flash.bin   the flash chip's content, one byte a byte
//     lock        held while a process uses the folder
// efuse.bin and board.ini are replaced atomically; flash.bin is mapped. A board
// that was read from a chip may be known in part only: board.ini says what is
// not, and efuse.bin has 0 and flash.bin 0xFF there.

#ifndef TOOLS_FUSEBOX_BOARD_H
#define TOOLS_FUSEBOX_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip.h"
#include "lib/fb/efuse.h"
#include "lib/fb/plan.h"

#define BOARD_PATH_MAX 400

// What is not known of a board. In board.ini: unknown = BLOCK1,CONFIG,FLASH
enum board_unknown {
    BOARD_UNKNOWN_BLOCK1 = 1u << 1,
    BOARD_UNKNOWN_BLOCK2 = 1u << 2,
    BOARD_UNKNOWN_BLOCK3 = 1u << 3,
    BOARD_UNKNOWN_CONFIG = 1u << 4, // what RD_DIS bit 3 hides
    BOARD_UNKNOWN_FLASH = 1u << 5,
};

struct board_ini {
    char name[32];       // "GPY"
    uint32_t revision;   // of the chip: 0, 1 or 3
    uint32_t flash_size; // bytes
    uint8_t mac[6];      // factory MAC, for a new board
    unsigned unknown;    // BOARD_UNKNOWN_*
    unsigned unproven;   // BOARD_UNKNOWN_BLOCK1, _BLOCK2: from a key file that
                         // nothing showed to be the chip's
    struct fb_flash_part part;
};

struct board {
    char dir[BOARD_PATH_MAX];
    struct board_ini ini;
    struct fb_efuse_words fuses; // as stored
    uint8_t *flash;              // mapped, ini.flash_size bytes
    int lock;                    // file descriptor
};

// DIR/name; a static buffer per call site is not used: out has BOARD_PATH_MAX.
const char *board_path(const char *dir, const char *name,
                       char out[BOARD_PATH_MAX]);

// Make a blank board: erased flash, factory fuses. Refuses a folder that holds
// a board already. Each call prints its own one-line error and returns an exit
// status, 0 when fine.
int board_create(const char *dir, const struct board_ini *ini);
bool board_exists(const char *dir);

// Take the folder for this process; a second process is refused.
int board_open(struct board *board, const char *dir);
void board_close(struct board *board);

// Read the folder into a board of memory only, also while another process runs
// it; whatever happens to it is lost with board_close().
int board_load(struct board *board, const char *dir);

// Make a board of what was read from another one. The folder is its owner's
// alone (mode 0700): the fuses may hold keys.
int board_create_from(const char *dir, const struct board_ini *ini,
                      const struct fb_efuse_words *fuses, const uint8_t *flash);

// The chip of such a board, as it is wired to boot; flash, seed and ROM are for
// the caller to fill in.
struct chip_config board_chip(const struct board_ini *ini);

// What the folder says about the board. s->flash is the board's mapping.
void board_state(const struct board *board, struct fb_board_state *s);

// Store the chip's fuses, and that it destroyed its flash part, if that differs
// from what is on disk.
int board_save(struct board *board, const struct chip *chip);

#endif
