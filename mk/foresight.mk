# SPDX-License-Identifier: Apache-2.0
#
# Random boards: does what is foreseen happen, and does what is advised help?
# Short in `./run test`.

FORESIGHT_TEST := build/$(VARIANT)-test/tests/foresight/foresight_test

.PHONY: foresight
## make foresight           random boards: is what is said of them true?
foresight: $(FORESIGHT_TEST) tools
	@FORESIGHT=$${FORESIGHT:-3000} $(FORESIGHT_TEST)
	@rm -rf build/foresight && mkdir -p build/foresight
	@FORESIGHT=$${RESCUE:-300} FORESIGHT_KEEP=$(CURDIR)/build/foresight \
	    $(FORESIGHT_TEST) >/dev/null
	@tests/foresight/rescue.sh $(CURDIR)/build/foresight
	@rm -rf build/foresight
