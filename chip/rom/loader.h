// SPDX-License-Identifier: Apache-2.0
//
// The commands of the ROM's UART download mode (esptool docs, "Serial
// Protocol"), as carelessly as the ROM takes them: most do not look at the
// length of the packet, and what is missing is what the packet before left in
// the buffer. An answer's last two bytes are old ones too; the error byte of a
// success is the last error that nothing has cleared since. `make rom-diff`
// compares all this with the mask ROM.
//
// Not modelled: UART1, SDIO, the times of erasing and writing.

#ifndef CHIP_ROM_LOADER_H
#define CHIP_ROM_LOADER_H

#include <stdbool.h>
#include <stdint.h>

struct chip;

#define LOADER_DATA 64u // most bytes between header and status of an answer

// What a BEGIN command said and the blocks have done since. RAM and flash share
// one, compressed flash has its own.
struct loader_transfer {
    uint32_t size, blocks, block_size;
    uint32_t sequence, received;
    uint32_t at; // flash_off or vaddr of the next byte
    bool begun;
};

enum loader_rx { LOADER_OUTSIDE, LOADER_INSIDE, LOADER_ESCAPED };

struct rom_loader {
    enum loader_rx rx;
    uint32_t rx_n;
    bool synced; // nothing else is heard before a SYNC
    bool leave;  // boot from flash when the answer is out
    uint8_t answer[8 + LOADER_DATA + 4];
    uint8_t error;
    struct loader_transfer plain, deflated;
    uint32_t window_n; // bytes of inflated data that wait for being written
    // SPI_SET_PARAMS
    uint32_t flash_size, sector_size;
};

void loader_start(struct chip *chip);
// A byte from UART0. True when it ended a packet.
bool loader_push(struct chip *chip, uint8_t byte);

#endif
