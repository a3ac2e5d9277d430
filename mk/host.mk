# SPDX-License-Identifier: Apache-2.0
#
# Host side: lib, host, chip, tools and their unit tests. A room is a folder;
# its sources are found, not listed. NAME_test.c is a test program beside its
# module, NAME_bench.c a benchmark.

find_c   = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
sources  = $(filter-out %_test.c %_bench.c,$(call find_c,$(1)))
tests    = $(filter %_test.c,$(call find_c,$(1)))
benches  = $(filter %_bench.c,$(call find_c,$(1)))
objects  = $(patsubst %.c,$(OBJ)/%.o,$(1))

LIB_C    := $(call sources,lib/fb)
HOST_C   := $(filter-out host/stub_none.c,$(call sources,host)) $(STUB_C)
CHIP_C   := $(call sources,chip)
CLI_C    := $(call sources,tools/cli)
TOOLS    := $(sort $(patsubst tools/%/main.c,%,$(wildcard tools/*/main.c)))

LIBFB    := $(OBJ)/libfb.a
LIBHOST  := $(OBJ)/libhost.a
LIBCHIP  := $(OBJ)/libchip.a
LIBCLI   := $(OBJ)/libcli.a
ARCHIVES := $(LIBCLI) $(LIBCHIP) $(LIBHOST) $(LIBFB)

# The interpreter's inner loop gains 4 % from it.
CFLAGS_chip_cpu_exec := $(if $(filter -O2,$(OPT)),-O3)

.PHONY: tools
## make tools               the host tools, in build/bin/
tools: $(TOOLS:%=$(BIN)/%)

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(Q_CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$(subst /,_,$(basename $<))) -MMD -MP -c -o $@ $<

$(LIBFB): $(call objects,$(LIB_C))
$(LIBHOST): $(call objects,$(HOST_C))
$(LIBCHIP): $(call objects,$(CHIP_C))
$(LIBCLI): $(call objects,$(CLI_C))
$(ARCHIVES):
	@mkdir -p $(@D)
	@rm -f $@
	$(Q_AR)$(AR) rcs $@ $^

# Tools that run the virtual chip in their own process.
CHIP_TOOLS := fusebox
# What a tool links besides: the DWARF of firmware.
LDLIBS_fusebox := -ldw -lelf
archives_of = $(LIBCLI) $(if $(filter $(CHIP_TOOLS),$(1)),$(LIBCHIP)) \
              $(LIBHOST) $(LIBFB) $(LIBHOST)

# A tool's sources; GEN_tool: those that are made (mk/report.mk).
tool_c = $(call sources,tools/$(1)) $(GEN_$(1))

define tool_rules
$(BIN)/$(1): $(call objects,$(call tool_c,$(1))) $(archives_of)
	@mkdir -p $$(@D)
	$$(Q_LD)$(CC) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(archives_of) \
	    $(LDLIBS_$(1)) $(LDLIBS_HOST) $(LDLIBS_FB)
endef
$(foreach t,$(TOOLS),$(eval $(call tool_rules,$(t))))

# Unit tests: one program a NAME_test.c. A tool's test links its tool's other
# objects (all but main.c).
TESTS_C  := $(call tests,lib host chip tools firmware tests)
TEST_BIN := $(patsubst %.c,build/$(VARIANT)-test/%,$(TESTS_C))
ROOM      = $(firstword $(subst /, ,$(1)))

tool_of   = $(if $(filter tools/%,$(1)),$(word 2,$(subst /, ,$(1))))
tool_objs = $(if $(call tool_of,$(1)),$(call objects,$(filter-out %/main.c,\
              $(call tool_c,$(call tool_of,$(1))))))

define test_rules
build/$(VARIANT)-test/$(1:.c=): $(OBJ)/$(1:.c=.o) $(call tool_objs,$(1)) $(ARCHIVES)
	@mkdir -p $$(@D)
	$$(Q_LD)$(CC) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(ARCHIVES) $(ARCHIVES) \
	    $(LDLIBS_$(call tool_of,$(1))) $(LDLIBS_HOST) $(LDLIBS_FB) -lcmocka -lm
endef
$(foreach t,$(TESTS_C),$(eval $(call test_rules,$(t))))

BENCH_C   := $(call benches,lib host chip tools firmware tests)
BENCH_BIN := $(patsubst %.c,build/$(VARIANT)-test/%,$(BENCH_C))
$(foreach t,$(BENCH_C),$(eval $(call test_rules,$(t))))

.PHONY: check check-programs $(foreach r,lib host chip tools firmware tests,check-$(r)) benches
check-programs: $(TEST_BIN)
benches: $(BENCH_BIN)
## make check               all unit tests (SAN=1: with sanitizers)
check: $(TEST_BIN)
	@tests/run_tap.sh $(TEST_BIN)
## make check-lib           unit tests of one room: lib host chip tools firmware
define check_room
check-$(1): $(filter build/$(VARIANT)-test/$(1)/%,$(TEST_BIN))
	@tests/run_tap.sh $$^
endef
$(foreach r,lib host chip tools firmware tests,$(eval $(call check_room,$(r))))

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
