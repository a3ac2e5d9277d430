# SPDX-License-Identifier: Apache-2.0
#
# FiPy, the first generation (chip revision 0): WiFi, BLE, LoRa, Sigfox, LTE-M. Boards with a later chip
# carry 8 MiB; the classic layout works there too.
# Pins: pycom/pycom-micropython-sigfox esp32/boards/FIPY/mpconfigboard.h; flash:
# esp32/main.c, micropy_hw_flash_size.

BOARD_TITLE          := FiPy
BOARD_FLASH_MIB      := 4
BOARD_LAYOUT         := classic_4MB
BOARD_SAFE_BOOT_GPIO := 21
BOARD_LED_GPIO       := 0
