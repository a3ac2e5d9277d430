// SPDX-License-Identifier: Apache-2.0
//
// What the test puts where for the application, outside of all partitions.

#ifndef TESTS_POWERCUT_UPDATE_UPDATE_H
#define TESTS_POWERCUT_UPDATE_UPDATE_H

#define UPDATE_WANTED_AT 0x60000u // flash_off, raw
#define UPDATE_SIZE_AT   0x60004u // bytes; 0: slot 1 holds the image already
#define UPDATE_FROM      0x61000u // the image, encrypted for its slot

#define UPDATE_NOTHING   0xFFFFFFFFu
#define UPDATE_CONFIRM   0x4B4F4B4Fu
#define UPDATE_ROLL_BACK 0x4F4E4F4Eu

#endif
