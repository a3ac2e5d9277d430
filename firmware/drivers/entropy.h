// SPDX-License-Identifier: Apache-2.0
//
// A source of true randomness for rng_word() while no radio runs: the SAR ADC
// measures the noise on its own reference, I2S0 carries the samples to the
// generator. Needs the PLL (esp-idf bootloader_random_enable(), whose settings
// these are).

#ifndef FIRMWARE_DRIVERS_ENTROPY_H
#define FIRMWARE_DRIVERS_ENTROPY_H

// The ADC and I2S0 are not free until entropy_stop().
void entropy_start(void);
void entropy_stop(void);

#endif
