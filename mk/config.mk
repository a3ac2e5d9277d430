# SPDX-License-Identifier: Apache-2.0
#
# Compilers and flags. Any of these can be set on the command line.

CC       ?= gcc
AR       ?= ar
OPT      ?= -O2 -g
# SAN=1 builds the same programs with the sanitizers, beside the others.
SAN      ?=
VARIANT  := $(if $(SAN),san,host)
OBJ      := build/obj/$(VARIANT)
BIN      := $(if $(SAN),build/san/bin,build/bin)

WARN     := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes \
            -Wstrict-prototypes -Wvla -Werror
CPPFLAGS += -I. -D_POSIX_C_SOURCE=200809L
CFLAGS   += -std=c11 $(OPT) $(WARN) -fno-common
ifneq ($(SAN),)
CFLAGS   += -fsanitize=address,undefined -fno-sanitize-recover=all \
            -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=address,undefined
endif

# V=1 shows whole command lines.
ifeq ($(V),)
Q_CC = @echo '  CC    $<';
Q_AR = @echo '  AR    $@';
Q_LD = @echo '  LD    $@';
endif

# Libraries: see docs/DESIGN.md, "Dependencies".
LDLIBS_FB   := -lcrypto
LDLIBS_HOST := -lbearssl -lserialport -lz
