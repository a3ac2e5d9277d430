// SPDX-License-Identifier: Apache-2.0
//
// The hardware random number generator. TRM: its words are true random numbers
// only while the RF subsystem or the SAR ADC's test source feeds it; without
// that they are pseudo-random, good for nonces and back-off times, not for
// keys.

#ifndef FIRMWARE_DRIVERS_RNG_H
#define FIRMWARE_DRIVERS_RNG_H

#include <stdint.h>

// Waits some microseconds since the word before, so that the generator's
// state has moved on.
uint32_t rng_word(void);

#endif
