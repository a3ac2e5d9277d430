# SPDX-License-Identifier: Apache-2.0
#
# Random boards: does what is foreseen happen? Short in `make check`.

FORESIGHT_TEST := build/$(VARIANT)-test/tests/foresight/foresight_test

.PHONY: foresight
## make foresight           random boards: is what is said of them true?
foresight: $(FORESIGHT_TEST)
	@FORESIGHT=$${FORESIGHT:-3000} $(FORESIGHT_TEST)
