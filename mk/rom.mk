# SPDX-License-Identifier: Apache-2.0
#
# The built-in ROM against Espressif's mask ROM (package esp-rom-elfs).

ROM_DIR  ?= $(ESP32_ROM_DIR)
ROM_ELFS  = $(or $(ROM),$(wildcard $(ROM_DIR:%=%/esp32_rev0_rom.elf) \
                                   $(ROM_DIR:%=%/esp32_rev300_rom.elf)))

build/rom/rom_diff: $(OBJ)/tests/rom/rom_diff.o $(LIBCHIP) $(LIBHOST) $(LIBFB)
	@mkdir -p $(@D)
	$(Q_LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBHOST) $(LDLIBS_HOST) $(LDLIBS_FB) \
	    -lcmocka -lm

.PHONY: rom-diff
## make rom-diff ROM=FILE   the built-in ROM against the mask ROM (or ROM_DIR=)
rom-diff: $(if $(ROM_ELFS),build/rom/rom_diff)
ifneq ($(strip $(ROM_ELFS)),)
	@build/rom/rom_diff $(ROM_ELFS)
else
	@echo "skipped: no mask ROM: give ROM=FILE.elf, or ROM_DIR=FOLDER with" \
	    "esp32_rev0_rom.elf and esp32_rev300_rom.elf"
endif
