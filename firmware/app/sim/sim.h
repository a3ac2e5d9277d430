// SPDX-License-Identifier: Apache-2.0
//
// The application without an ESP32: the drivers' interface served by QEMU's
// "sim" machine. Only what a test of MicroPython and of the pycom module needs
// is there; the drivers themselves are tested on the virtual chip.
//
// Flash is RAM that a test may fill (-device loader,addr=0x60400000). Its
// "encryption" is an exclusive or: enough to tell a raw access from one that
// goes through the encryptor or the cache.

#ifndef FIRMWARE_APP_SIM_SIM_H
#define FIRMWARE_APP_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_EFUSE      0x603FF000u // 4 blocks of 8 words
#define SIM_APP        0x603FF100u // a word: the slot that runs, 0: slot 0
#define SIM_FLASH      0x60400000u
#define SIM_FLASH_SIZE 0x400000u
#define SIM_CACHE      0x60800000u // decrypted view, filled by mmu_map()

// System calls of the simulator, numbers and select_one as in QEMU's
// target/xtensa/xtensa-semi.c.
enum sim_call {
    SIM_EXIT = 1,
    SIM_READ = 3,
    SIM_WRITE = 4,
    SIM_SELECT = 29,
};

int sim_call(enum sim_call call, int a, int b, int c);

// Has standard input ended?
bool sim_uart_ended(void);

static inline uint8_t sim_cipher(uint32_t flash_off, uint8_t byte)
{
    return (uint8_t)(byte ^ 0xA5 ^ (flash_off >> 5) ^ flash_off);
}

#endif
