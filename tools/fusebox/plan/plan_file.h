// SPDX-License-Identifier: Apache-2.0
//
// A plan as a file: everything that is to happen to one board, in order, fit to
// be read by people (docs/FORMATS.md, "Plan"). It holds no key: a key is named
// by its fingerprint and read from its file when it is needed. What makes the
// plan what it is (the board, its fuses, keys, bytes, addresses, words, order)
// is under its hash; where files lie and what lines mean to people is not.

#ifndef TOOLS_FUSEBOX_PLAN_PLAN_FILE_H
#define TOOLS_FUSEBOX_PLAN_PLAN_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/fb/efuse_coding.h"
#include "lib/fb/flash_map.h"
#include "lib/fb/plan.h"
#include "tools/fusebox/board.h"

#define PLAN_STEPS_MAX 96u
#define PLAN_PATH_MAX  400u
#define PLAN_LABEL_MAX 160u
#define PLAN_NAME_MAX  64u
#define PLAN_KEEPS_MAX (FB_FLASH_REGIONS + PLAN_STEPS_MAX)

enum plan_key_kind {
    PLAN_KEY_FLASH,       // flash encryption, block 1
    PLAN_KEY_SECURE_BOOT, // Secure Boot V1, block 2
    PLAN_KEYS
};

struct plan_key {
    bool used;
    size_t n; // bytes of the key file: 32 or 24
    uint8_t fingerprint[32];
    char path[PLAN_PATH_MAX];
    // plan_file_load(): the key file's bytes, a secret
    bool loaded;
    uint8_t bytes[32];
};

// How the bytes of a file get into flash.
enum plan_form {
    PLAN_AS_IS,          // as they are
    PLAN_HOST_ENCRYPTED, // encrypted here with the flash key, 0xFF up to a row
    PLAN_CHIP_ENCRYPTED, // plain over the line, the chip encrypts
};

// What belongs to the step of the same index.
struct plan_source {
    char label[PLAN_LABEL_MAX];
    enum plan_form form;
    enum plan_key_kind key; // BURN of a key
    uint8_t sha256[32];     // WRITE: of step.data
    char path[PLAN_PATH_MAX];
    uint8_t *data; // plan_file_load(): step.data
};

// Flash that no step touches and that has to be as it was (keep.h).
struct plan_keep {
    uint32_t flash_off, len;
    uint8_t md5[16]; // the chip computes it: nothing crosses the line
    char label[32];  // "bootloader", a partition's name
};

struct plan_file {
    char recipe[PLAN_NAME_MAX];
    char tool[PLAN_NAME_MAX]; // "0.1.0"
    // The board as it was when the plan was made. Blocks 1 and 2 are never
    // written out: block_print says what they were.
    struct board_ini ini;
    struct fb_efuse_words fuses;
    struct fb_efuse_words known;
    struct {
        bool known, blank;
        uint8_t fingerprint[32]; // neither blank nor unknown
    } block_print[FB_EFUSE_BLOCKS];
    bool flash_known;
    uint8_t flash_sha256[32];
    struct plan_keep keep[PLAN_KEEPS_MAX];
    size_t keeps;
    struct plan_key key[PLAN_KEYS];
    struct fb_step step[PLAN_STEPS_MAX];
    struct plan_source source[PLAN_STEPS_MAX];
    struct fb_plan plan; // of these steps
    uint8_t hash[32];    // plan_file_read(), plan_file_write()
};

const char *plan_key_name(enum plan_key_kind kind);
unsigned plan_key_block(enum plan_key_kind kind);

// A plan without steps for a board. Large: allocate it.
void plan_file_init(struct plan_file *f, const char *recipe,
                    const struct board_ini *ini,
                    const struct fb_board_state *state);
// Wipes keys, frees data.
void plan_file_free(struct plan_file *f);

// Append a step; NULL when there are too many. label: for people.
struct fb_step *plan_file_add(struct plan_file *f, enum fb_step_kind kind,
                              enum fb_stage stage, const char *label);
// Of a step in f.
struct plan_source *plan_file_source(struct plan_file *f,
                                     const struct fb_step *step);

// The rest tell their own one-line errors and return an exit status.

// Read a key file into key->bytes, key->n and key->loaded: 32 or 24 bytes; for
// Secure Boot V1 also a signing key (PEM), then the n bytes derived from it.
int plan_key_read(const char *path, struct plan_key *key,
                  enum plan_key_kind kind, size_t n);
// The words of a key as they are programmed: reversed, encoded.
int plan_key_words(const struct plan_key *key, enum fb_efuse_coding coding,
                   uint32_t word[FB_EFUSE_BLOCK_WORDS]);
// A key file's bytes become f->key[kind]. Its length must fit coding.
int plan_file_set_key(struct plan_file *f, enum plan_key_kind kind,
                      const char *path);
// A step burns that key: its block, words and fingerprint.
int plan_file_burn_key(struct plan_file *f, struct fb_step *step,
                       enum plan_key_kind kind);
// A step writes that file: its data, length and hash.
int plan_file_set_data(struct plan_file *f, struct fb_step *step,
                       const char *path, enum plan_form form);
// Write the plan; f->hash receives its hash.
int plan_file_write(struct plan_file *f, const char *path);
// Read what plan_file_write() wrote. Refuses another hash, stages out of order.
// Keys and data are not read. *f is to be freed also after a failure.
int plan_file_read(const char *path, struct plan_file *f);
// Read the keys and the data of all writes, compare them with the plan, and
// fill in step.word of keys and step.data.
int plan_file_load(struct plan_file *f);

// "5f0c12ab..." of n bytes.
void plan_hex(const uint8_t *p, size_t n, char *text);
// And back. False: not just 2 * n digits.
bool plan_unhex(const char *text, uint8_t *p, size_t n);

#endif
