# SPDX-License-Identifier: Apache-2.0
#
# The long form of a test that `make check` runs in short.

BURN_KILL := build/$(VARIANT)-test/tools/fusebox/plan/burn_kill_test

.PHONY: burn-kill
## make burn-kill           interrupt a burn at every request and operation
burn-kill: $(BURN_KILL)
	@BURN_KILL=all $(BURN_KILL)
