# SPDX-License-Identifier: Apache-2.0
#
# Power that goes away.

.PHONY: powercut
## make powercut            cut the power at every flash and eFuse operation of
##                          updates and first boots (minutes)
powercut: build/$(VARIANT)-test/tests/powercut/powercut_test
	@$< --all
