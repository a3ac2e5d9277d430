// SPDX-License-Identifier: Apache-2.0
//
// The peripheral bus: blocks of registers as tables of rows. A register
// without a hook remembers what is written to it. An access to a place that no
// row names is reported once and remembers too.
//
// All registers live in one array of the chip (soc.h), at their own address;
// a peripheral's struct holds only what is not a register.

#ifndef CHIP_PERIPH_REGISTERS_H
#define CHIP_PERIPH_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

struct chip;

#define REG_BASE 0x3FF00000u
#define REG_END  0x3FF80000u
// The same peripherals from the AHB: vaddr - AHB_BASE + AHB_TO (TRM "System
// and Memory", "Peripherals": 0x60000000 shadows 0x3FF40000).
#define AHB_BASE 0x60000000u
#define AHB_END  0x60040000u
#define AHB_TO   0x3FF40000u

// Hooks get the address inside REG_BASE .. REG_END. A read hook answers the
// value; a write hook does all that the store does, remembering included.
typedef uint32_t reg_read(struct chip *chip, uint32_t vaddr);
typedef void reg_write(struct chip *chip, uint32_t vaddr, uint32_t value);

// A write hook for what software cannot write.
reg_write reg_ignore;

struct reg_row {
    uint16_t offset; // bytes from the block's base, rows in rising order
    uint16_t words;  // registers in a row with the same name and hooks
    const char *name;
    uint32_t reset;
    reg_read *read;   // NULL: what was written last
    reg_write *write; // NULL: remember
};

struct reg_block {
    const char *name;
    uint32_t base;
    uint32_t size; // bytes
    const struct reg_row *rows;
    unsigned count;
    bool rtc; // keeps its values through a system reset
};

#define REG_ROWS(rows) (rows), (unsigned)(sizeof(rows) / sizeof((rows)[0]))

// Set the blocks' registers to their reset values; rtc: those of the RTC
// domain too.
void registers_reset(struct chip *chip, bool rtc);

uint32_t registers_load(struct chip *chip, uint32_t vaddr);
void registers_store(struct chip *chip, uint32_t vaddr, unsigned size,
                     uint32_t value);

// The block and row of an address, for reports and tests; NULL: nobody's.
const struct reg_block *registers_block(uint32_t vaddr);
const struct reg_row *registers_row(const struct reg_block *block,
                                    uint32_t vaddr);
// All blocks, in rising order of address.
const struct reg_block *const *registers_blocks(unsigned *count);

#endif
