# SPDX-License-Identifier: Apache-2.0
#
# The report's style sheet, a CSS file in the tree, a C string in the program.

GEN_fusebox += build/gen/report_css.c

build/gen/report_css.c: tools/fusebox/report/report.css mk/embed.sh
	@mkdir -p $(@D)
	mk/embed.sh $< report_css >$@.new
	@mv $@.new $@

ifeq ($(BOARD),)
LOOK := build/look

.PHONY: report-look
## make report-look         `fusebox report` on an invented board, rendered in
##                          headless Chromium: build/look/*/*.png
report-look: tools
	@mkdir -p $(LOOK)
	@test -e $(LOOK)/signing.pem || \
	    $(BIN)/espsecure generate_signing_key $(LOOK)/signing.pem
	@test -e $(LOOK)/flash.key || \
	    $(BIN)/espsecure generate_flash_encryption_key $(LOOK)/flash.key
	@$(MAKE) --no-print-directory BOARD=GPY BTYPE=debug SECURE=on \
	    SECURE_KEY=$(LOOK)/signing.pem ENCRYPT_KEY=$(LOOK)/flash.key \
	    >$(LOOK)/firmware.log 2>&1 || { tail -n 30 $(LOOK)/firmware.log; exit 1; }
	@tests/report/look.sh $(LOOK) build/GPY/debug $(LOOK)/signing.pem \
	    $(LOOK)/flash.key

.PHONY: docs/report.png
## make docs/report.png     the picture in the documentation, of that board
docs/report.png: report-look
	pngquant --force --quality 60-90 --speed 1 --strip -o $@ \
	    $(LOOK)/plan/first.png
endif
