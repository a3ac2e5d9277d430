# SPDX-License-Identifier: Apache-2.0
#
# Firmware of one board:
#
#   make BOARD=GPY [TARGET=boot|app|boot_app] [SECURE=on] [BTYPE=release|debug]
#        [LAYOUT=classic_4MB|4MB|8MB] [FROZEN=DIR] [OTA_CONFIRM=auto|manual]
#   make BOARD=GPY [SECURE=on] release
#   make BOARD=GPY [SECURE=on] flash [ESPPORT=/dev/ttyUSB0] [ESPBAUD=921600]
#
# With SECURE=on images are signed with SECURE_KEY and encrypted with
# ENCRYPT_KEY, once for each app slot of the board's partition table. With
# ANTI_ROLLBACK=on the bootloader burns the SECURE_VERSION (0 .. 32) of the
# application that is confirmed into the eFuses and starts nothing older. With
# SECURE=on FIRST_BOOT=on they are signed only: the bootloader is one that makes
# the keys, encrypts the flash and enables Secure Boot itself when it first
# starts (docs/DESIGN.md, "First boot").

BTYPE       ?= release
TARGET      ?= boot_app
SECURE      ?= off
OTA_CONFIRM ?= auto
VERSION     ?= 0.1
ANTI_ROLLBACK  ?= off
SECURE_VERSION ?= 0
FIRST_BOOT     ?= off
SECURE_KEY  ?= secure_boot_signing_key.pem
ENCRYPT_KEY ?= flash_encryption_key.bin
ESPPORT     ?= /dev/ttyUSB0
ESPBAUD     ?= $(or $(ESPSPEED),921600)
CROSS_COMPILE ?= xtensa-lx106-elf-
FW_CC       ?= $(CROSS_COMPILE)gcc

FW_ALL_BOARDS := $(notdir $(patsubst %/board.mk,%,$(wildcard firmware/boards/*/board.mk)))
ifeq ($(filter $(BOARD),$(FW_ALL_BOARDS)),)
$(error BOARD=$(BOARD): not one of $(FW_ALL_BOARDS))
endif
ifeq ($(filter $(TARGET),boot app boot_app),)
$(error TARGET=$(TARGET): not one of boot app boot_app)
endif
ifeq ($(filter $(BTYPE),release debug bench),)
$(error BTYPE=$(BTYPE): not one of release debug)
endif
ifeq ($(filter $(OTA_CONFIRM),auto manual),)
$(error OTA_CONFIRM=$(OTA_CONFIRM): not one of auto manual)
endif
ifeq ($(filter $(ANTI_ROLLBACK),on off),)
$(error ANTI_ROLLBACK=$(ANTI_ROLLBACK): not one of on off)
endif
ifneq ($(shell printf '%s' '$(SECURE_VERSION)' | grep -cE '^([0-9]|[12][0-9]|3[0-2])$$'),1)
$(error SECURE_VERSION=$(SECURE_VERSION): not a number from 0 to 32)
endif
ifeq ($(filter $(SECURE),on off),)
$(error SECURE=$(SECURE): not one of on off)
endif
ifeq ($(filter $(FIRST_BOOT),on off),)
$(error FIRST_BOOT=$(FIRST_BOOT): not one of on off)
endif
ifeq ($(SECURE) $(FIRST_BOOT),off on)
$(error FIRST_BOOT=on needs SECURE=on: what it enables demands signed images)
endif
# Who encrypts: the host, the board, nobody.
ENCRYPTS := $(if $(filter on,$(SECURE)),$(if $(filter on,$(FIRST_BOOT)),board,host))
include firmware/boards/$(BOARD)/board.mk

board    := $(shell echo $(BOARD) | tr A-Z a-z)
FW       := build/$(BOARD)/$(BTYPE)
FW_BOOT  := $(FW)/bootloader
FW_LIB   := $(FW)/lib
BOOT_BIN := $(FW_BOOT)/bootloader.bin
DIGEST_BIN := $(FW_BOOT)/bootloader-reflash-digest.bin
PART_BIN := $(FW_LIB)/partitions.bin
APP_BIN  := $(FW)/$(board).bin
LAYOUT   ?= $(BOARD_LAYOUT)
FW_ALL_LAYOUTS := $(notdir $(basename $(wildcard firmware/boards/layouts/*.csv)))
ifeq ($(LAYOUT_CSV)$(filter $(LAYOUT),$(FW_ALL_LAYOUTS)),)
$(error LAYOUT=$(LAYOUT): not one of $(FW_ALL_LAYOUTS))
endif
LAYOUT_CSV ?= firmware/boards/layouts/$(LAYOUT).csv
# Flash of the boards that a layout is for, where it is not the board's row.
LAYOUT_MIB_8MB := 8
FLASH_SIZE := $(or $(LAYOUT_MIB_$(LAYOUT)),$(BOARD_FLASH_MIB))MB

ESPSECURE := build/bin/espsecure
ESPTOOL   := build/bin/esptool
GEN_PART  := build/bin/gen_esp32part
FW_TOOLS  := $(ESPSECURE) $(ESPTOOL) $(GEN_PART)

# Keys are named relative to this Makefile or absolutely.
PUB_KEY    := $(FW)/signature_verification_key.bin
DIGEST_KEY := $(FW_BOOT)/secure-bootloader-key.bin
FW_OBJ     := $(FW)/obj-$(if $(filter on,$(SECURE)),secure,plain)$(OTA_CONFIRM:auto=)$(if $(filter board,$(ENCRYPTS)),-first)

# CC on the command line is the host's.
FW_SUBMAKE = $(MAKE) --no-print-directory CC='$(FW_CC)' BOARD=$(BOARD) BTYPE=$(BTYPE) \
    CROSS_COMPILE=$(CROSS_COMPILE) MICROPY_TOP=$(abspath $(MICROPY_TOP)) \
    BEARSSL_TOP=$(abspath $(BEARSSL_TOP)) TARGET= \
    VERSION=$(VERSION) HOST_CC='$(CC)' OTA_CONFIRM=$(OTA_CONFIRM) \
    ANTI_ROLLBACK=$(ANTI_ROLLBACK) SECURE_VERSION=$(SECURE_VERSION) FIRST_BOOT=$(FIRST_BOOT) \
    $(if $(FROZEN),FROZEN=$(abspath $(FROZEN))) \
    $(if $(FROZEN_MANIFEST),FROZEN_MANIFEST=$(abspath $(FROZEN_MANIFEST))) SIGN_PUB=$(if $(filter on,$(SECURE)),$(abspath $(PUB_KEY)))

.PHONY: firmware boot app flash erase show_partitions monitor fw-force
firmware: $(if $(filter boot boot_app,$(TARGET)),boot) \
          $(if $(filter app boot_app,$(TARGET)),app)

## make BOARD=GPY           firmware of a board: bootloader, table, application;
##                          TARGET=boot|app, SECURE=on signs and encrypts,
##                          FIRST_BOOT=on leaves that and the keys to the board
boot: $(BOOT_BIN) $(PART_BIN)
app: $(APP_BIN) $(PART_BIN)

# What all images depend on. Keys by name and time: an older key file is a change,
# too, and a bootloader must not keep the key of before.
FW_KEY_FILES := $(if $(filter on,$(SECURE)),$(SECURE_KEY) $(if $(filter host,$(ENCRYPTS)),$(ENCRYPT_KEY)))
FW_MODE := SECURE=$(SECURE) $(FIRST_BOOT) $(OTA_CONFIRM) $(LAYOUT_CSV) $(FLASH_SIZE) \
    $(if $(FW_KEY_FILES),$(shell stat -c '%n %.9Y' $(FW_KEY_FILES) 2>/dev/null))

# Switching any of it makes all images anew.
$(FW)/mode: fw-force | $(FW_KEY_FILES)
	@mkdir -p $(FW_BOOT) $(FW_LIB)
	@echo '$(FW_MODE)' | cmp -s - $@ || \
	    { echo '$(FW_MODE)' > $@; \
	      rm -f $(FW)/*.bin* $(FW_LIB)/* $(FW_BOOT)/*; }

ifeq ($(SECURE),on)
$(SECURE_KEY):
	@echo 'make: $@: no signing key; make one with' >&2
	@echo '    $(ESPSECURE) generate_signing_key $@' >&2
	@false
$(ENCRYPT_KEY):
	@echo 'make: $@: no flash encryption key; make one with' >&2
	@echo '    $(ESPSECURE) generate_flash_encryption_key $@' >&2
	@false
$(PUB_KEY): $(SECURE_KEY) $(FW)/mode | $(ESPSECURE)
	@rm -f $@
	$(ESPSECURE) extract_public_key --keyfile $(SECURE_KEY) $@
$(DIGEST_KEY): $(SECURE_KEY) $(FW)/mode | $(ESPSECURE)
	@rm -f $@
	$(ESPSECURE) digest_private_key --keyfile $(SECURE_KEY) $@
FW_KEYS := $(PUB_KEY) $(if $(filter host,$(ENCRYPTS)),$(ENCRYPT_KEY))
endif

# --- programs: the folders have make rules of their own ---

FW_BOOT_ELF := $(FW_OBJ)/boot/bootloader.elf
FW_APP_ELF  := $(FW_OBJ)/app/app.elf

$(FW_BOOT_ELF): fw-force $(FW)/mode $(FW_KEYS)
	@mkdir -p $(@D)
	+@$(FW_SUBMAKE) -C firmware/boot BUILD=$(abspath $(@D))
$(FW_APP_ELF): fw-force $(FW)/mode $(FW_KEYS) $(MICROPY_TOP)/py/py.mk \
               $(BEARSSL_TOP)/inc/bearssl.h
	@mkdir -p $(@D)
	+@$(FW_SUBMAKE) -C firmware/app BUILD=$(abspath $(@D))

# --- images ---

# The headers are final here, before anything is signed or encrypted.
FLASH_MODE ?= dio
FLASH_FREQ ?= 80m
IMAGE_FLAGS := --flash_mode $(FLASH_MODE) --flash_freq $(FLASH_FREQ) \
    --flash_size $(FLASH_SIZE)
# The tail becomes a whole block with 0xFF, as erased flash holds it: the same
# input gives the same bytes.
ENCRYPT = $(ESPSECURE) encrypt_flash_data --keyfile $(ENCRYPT_KEY) --pad ff

$(BOOT_BIN): $(FW_BOOT_ELF) $(FW)/mode $(FW_TOOLS)
	$(ESPTOOL) --chip esp32 elf2image $(IMAGE_FLAGS) -o $@ $<
ifeq ($(ENCRYPTS),host)
boot: $(DIGEST_BIN)_enc
# The IV is no secret; taken from the image, the same sources and keys give the
# same file.
$(DIGEST_BIN): $(BOOT_BIN) $(DIGEST_KEY)
	@{ sha512sum <$< && { echo IV; cat $<; } | sha512sum; } | \
	    tr -dc 0-9a-f | tr a-f A-F | basenc --base16 -d >$@.iv
	$(ESPSECURE) digest_secure_bootloader --keyfile $(DIGEST_KEY) --iv $@.iv -o $@ $<
	@rm $@.iv
$(DIGEST_BIN)_enc: $(DIGEST_BIN) $(ENCRYPT_KEY)
	$(ENCRYPT) --address 0x0 -o $@ $<
boot app: $(PART_BIN)_enc
$(PART_BIN)_enc: $(PART_BIN) $(ENCRYPT_KEY)
	$(ENCRYPT) --address 0x8000 -o $@ $<
app: $(APP_BIN)_enc
$(APP_BIN)_enc: $(APP_BIN) $(PART_BIN) $(ENCRYPT_KEY)
	mk/each_slot.sh $(GEN_PART) $(PART_BIN) $(APP_BIN) $(ENCRYPT)
	@touch $@
endif

$(PART_BIN): $(LAYOUT_CSV) $(FW)/mode $(FW_KEYS) $(FW_TOOLS)
	$(GEN_PART) --flash-size $(FLASH_SIZE) $< $@.unsigned
	@$(if $(filter on,$(SECURE)),$(ESPSECURE) sign_data --keyfile $(SECURE_KEY) $@.unsigned,:)
	@mv $@.unsigned $@

$(APP_BIN): $(FW_APP_ELF) $(FW)/mode $(PART_BIN) $(FW_KEYS) $(FW_TOOLS)
	$(ESPTOOL) --chip esp32 elf2image $(IMAGE_FLAGS) -o $@.unsigned $<
	@$(if $(filter on,$(SECURE)),$(ESPSECURE) sign_data --keyfile $(SECURE_KEY) $@.unsigned,:)
	@mk/check_size.sh $(GEN_PART) $(PART_BIN) $@.unsigned
	@mv $@.unsigned $@

# --- release ---

.PHONY: release
## make BOARD=GPY release   pack images, sums and a manifest into a tarball
release: boot app
	@mk/release.sh $(GEN_PART) $(FW) $(BOARD) $(VERSION) $(if $(filter board,$(ENCRYPTS)),first,$(SECURE)) $(LAYOUT) $(FLASH_SIZE)

# --- boards on a port ---

WRITE_FLASH := $(ESPTOOL) --chip esp32 --port $(ESPPORT) --baud $(ESPBAUD) \
    --before default_reset --after hard_reset write_flash -z \
    --flash_mode keep --flash_freq keep --flash_size keep
ifeq ($(ENCRYPTS),host)
FLASH_FILES = 0x0 $(DIGEST_BIN)_enc 0x8000 $(PART_BIN)_enc \
    0x10000 $(APP_BIN)_enc_0x10000
else
FLASH_FILES = 0x1000 $(BOOT_BIN) 0x8000 $(PART_BIN) 0x10000 $(APP_BIN)
endif

## make BOARD=GPY flash     write it to the board on ESPPORT
flash: boot app
	$(WRITE_FLASH) $(FLASH_FILES)

## make BOARD=GPY erase     erase the board's flash
erase: $(ESPTOOL)
	$(ESPTOOL) --chip esp32 --port $(ESPPORT) --baud $(ESPBAUD) erase_flash

## make BOARD=GPY flash_mode  leave the board waiting in download mode
.PHONY: flash_mode
flash_mode: $(ESPTOOL)
	$(ESPTOOL) --chip esp32 --port $(ESPPORT) --before default_reset --after no_reset chip_id

## make BOARD=GPY monitor   its console; Ctrl-] ends it
.PHONY: monitor
monitor: build/bin/fusebox
	@build/bin/fusebox monitor --port $(ESPPORT)

## make BOARD=GPY show_partitions
show_partitions: $(PART_BIN)
	@$(GEN_PART) $(PART_BIN)

## make BOARD=GPY suite     MicroPython's own tests on the virtual board
.PHONY: suite
suite: boot app $(addprefix build/bin/,fusebox)
	@tests/boot/micropython_suite.sh $(FW) $(SUITE)

.PHONY: clean
## make BOARD=GPY clean     remove this board's build
clean:
	rm -rf build/$(BOARD)
