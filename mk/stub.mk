# SPDX-License-Identifier: Apache-2.0
#
# The flasher stub that esptool carries: firmware/stub, as a C array. It needs
# the cross compiler; where that is missing (or with STUB=off) esptool is built
# without one and talks to the ROM only.

CROSS_COMPILE ?= xtensa-lx106-elf-
STUB ?= $(if $(shell command -v $(CROSS_COMPILE)gcc 2>/dev/null),on,off)

ifneq ($(filter-out on off,$(STUB)),)
$(error STUB=$(STUB): not one of on off)
endif

STUB_DIR := build/stub
STUB_C   := $(if $(filter on,$(STUB)),build/gen/stub_image.c,host/stub_none.c)

# Objects and archives are made anew when the choice changes.
$(shell mkdir -p build/gen; echo '$(STUB)' | cmp -s - build/gen/stub_choice || \
    echo '$(STUB)' >build/gen/stub_choice)
$(OBJ)/host/stub_none.o $(OBJ)/build/gen/stub_image.o: build/gen/stub_choice

.PHONY: stub stub-force
## make stub                the flasher stub's image, build/gen/stub_image.c
stub: build/gen/stub_image.c

$(STUB_DIR)/stub.elf: stub-force
	@mkdir -p $(@D)
	@env -u MAKEFLAGS -u MAKELEVEL $(MAKE) -s --no-print-directory \
	    -C firmware/stub BUILD=$(abspath $(@D)) CROSS_COMPILE=$(CROSS_COMPILE)

build/gen/stub_image.c: $(STUB_DIR)/stub.elf mk/stub_image.sh
	@mkdir -p $(@D)
	mk/stub_image.sh $(CROSS_COMPILE) $< >$@.new
	@mv $@.new $@
