# SPDX-License-Identifier: Apache-2.0
#
# Measurements. They print figures and judge nothing.

SPAWN_BENCH := build/host-test/tests/bench/spawn_bench

ifeq ($(BOARD),)
BENCH       := build/bench
BENCH_BOARD := $(BENCH)/gpy
BENCH_FW     = $(MAKE) --no-print-directory BOARD=GPY BTYPE=bench SECURE=on \
    SECURE_KEY=$(BENCH)/secure_boot_signing_key.pem \
    ENCRYPT_KEY=$(BENCH)/flash_encryption_key.bin

$(BENCH)/secure_boot_signing_key.pem: | $(BIN)/espsecure
	@mkdir -p $(@D)
	$(BIN)/espsecure generate_signing_key $@
$(BENCH)/flash_encryption_key.bin: | $(BIN)/espsecure
	@mkdir -p $(@D)
	$(BIN)/espsecure generate_flash_encryption_key $@
$(BENCH)/secure-bootloader-key.bin: $(BENCH)/secure_boot_signing_key.pem
	@rm -f $@
	$(BIN)/espsecure digest_private_key --keyfile $< $@

$(BENCH)/chip_loop.bin: tests/bench/chip_loop.S
	@mkdir -p $(@D)
	xtensa-lx106-elf-gcc -nostdlib -Wl,-Ttext=0 -o $(@:.bin=.elf) $<
	xtensa-lx106-elf-objcopy -O binary -j .text $(@:.bin=.elf) $@

$(BENCH)/chip_bench: $(OBJ)/tests/bench/chip.o $(LIBCHIP) $(LIBHOST) $(LIBFB)
	@mkdir -p $(@D)
	$(Q_LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBHOST) $(LDLIBS_HOST) $(LDLIBS_FB)

BOOT_BENCH := build/host-test/firmware/boot/boot_bench

.PHONY: size
## make size                the bootloader: bytes, stack, instructions of a boot
size: $(BOOT_BENCH)
	@echo 'with all options (FIRST_BOOT=on ANTI_ROLLBACK=on):'
	@$(MAKE) -s --no-print-directory -C firmware/boot BOARD=GPY FIRST_BOOT=on \
	    ANTI_ROLLBACK=on BUILD=$(ROOT)/build/boot-size \
	    SIGN_PUB=$(ROOT)/tests/vectors/sign/p256.pub.bin size
	@echo 'as measured (ANTI_ROLLBACK=on):'
	@$(BOOT_BENCH)

.PHONY: bench-chip isa-diff
## make bench-chip          speed of the virtual chip, beside QEMU's
bench-chip: $(BENCH)/chip_bench $(BENCH)/chip_loop.bin tools \
            $(BENCH)/secure-bootloader-key.bin \
            $(BENCH)/flash_encryption_key.bin
	@mkdir -p $(BENCH)
	@$(BENCH_FW) >$(BENCH)/firmware.log 2>&1 || \
	    { tail -n 30 $(BENCH)/firmware.log; exit 1; }
	@tests/bench/locked_board.sh $(BENCH_BOARD) build/GPY/bench $(BENCH)
	@$(BENCH)/chip_bench $(BENCH)/chip_loop.bin $(BENCH_BOARD)
	@tests/bench/boards.sh $(BENCH_BOARD)

.PHONY: bench-check
## make bench-check         fusebox check and snapshot over a port
bench-check: tools $(SPAWN_BENCH) $(BENCH)/secure-bootloader-key.bin \
             $(BENCH)/flash_encryption_key.bin
	@$(BENCH_FW) >$(BENCH)/firmware.log 2>&1 || \
	    { tail -n 30 $(BENCH)/firmware.log; exit 1; }
	@tests/bench/locked_board.sh $(BENCH_BOARD) build/GPY/bench $(BENCH)
	@tests/bench/check.sh $(SPAWN_BENCH) $(BENCH_BOARD) build/GPY/bench $(BENCH)

## make isa-diff            random instructions on our core and on QEMU's
isa-diff:
	@tests/isa/isa_diff.sh $(or $(N),100000)
endif

.PHONY: bench-build
## make bench-build         times of firmware builds: whole, and after a change
bench-build:
	@tests/bench/build.sh

CRYPT_BENCH := build/host-test/lib/fb/flash_encryption_bench

.PHONY: bench-tools
## make bench-tools         how fast the tools start, encrypt, write
bench-tools: tools $(SPAWN_BENCH) $(CRYPT_BENCH)
	@tests/bench/tools.sh $(SPAWN_BENCH) $(CRYPT_BENCH)
