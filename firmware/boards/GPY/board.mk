# SPDX-License-Identifier: Apache-2.0
#
# GPy, the first generation (chip revision 0): WiFi, BLE, LTE-M. Boards with a later chip
# carry 8 MiB; the classic layout works there too.
# Pins: pycom/pycom-micropython-sigfox esp32/boards/GPY/mpconfigboard.h; flash:
# esp32/main.c, micropy_hw_flash_size.

BOARD_TITLE          := GPy
BOARD_FLASH_MIB      := 4
BOARD_LAYOUT         := classic_4MB
BOARD_SAFE_BOOT_GPIO := 21
BOARD_LED_GPIO       := 0
