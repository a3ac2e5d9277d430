# SPDX-License-Identifier: Apache-2.0
#
#   make                          the host tools, in build/bin/
#   make check                    all unit tests
#   make BOARD=GPY [SECURE=on]    bootloader and MicroPython firmware
#
# `make help` lists the rest. Rules live in mk/, one file a subject.

ROOT := $(CURDIR)

.DEFAULT_GOAL := $(if $(BOARD),firmware,tools)

include mk/config.mk
include mk/third_party.mk
include mk/stub.mk
include mk/report.mk
include mk/host.mk
include mk/lint.mk
include mk/install.mk
include mk/fuzz.mk
include mk/bench.mk
include mk/rom.mk
include mk/burn.mk
include mk/stories.mk
include mk/foresight.mk
include mk/powercut.mk
ifneq ($(BOARD),)
include mk/firmware.mk
endif

.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

ifeq ($(BOARD),)
.PHONY: clean
## make clean               remove build/ (host tools, tests, every board)
clean:
	rm -rf build
endif
