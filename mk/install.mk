# SPDX-License-Identifier: Apache-2.0
#
# make install PREFIX=/usr/local DESTDIR=: programs, man pages, completions.

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
BASHCOMP   ?= $(PREFIX)/share/bash-completion/completions

.PHONY: install uninstall
## make install             into $DESTDIR$PREFIX (default /usr/local)
install: tools
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(BASHCOMP)
	install -m 755 $(TOOLS:%=$(BIN)/%) $(DESTDIR)$(BINDIR)
	install -m 644 $(TOOLS:%=docs/man/%.1) $(DESTDIR)$(MANDIR)/man1
	for t in $(TOOLS); do \
	    $(BIN)/$$t --bash-completion > $(DESTDIR)$(BASHCOMP)/$$t || exit 1; \
	done

## make uninstall
uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(BINDIR)/%) \
	    $(TOOLS:%=$(DESTDIR)$(MANDIR)/man1/%.1) \
	    $(TOOLS:%=$(DESTDIR)$(BASHCOMP)/%)
