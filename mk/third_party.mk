# SPDX-License-Identifier: Apache-2.0
#
# Sources of others, pinned by SHA-256 and fetched at build time from the
# Debian mirror that this machine's apt is configured for. Never committed.
# To use a copy of your own: MICROPY_TOP=DIR, BEARSSL_TOP=DIR; another mirror:
# DEBIAN_MIRROR=URL.

THIRD_PARTY := third_party

MICROPY_POOL   := pool/main/m/micropython/micropython_1.25.0+ds.orig.tar.xz
MICROPY_SHA256 := 7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
BEARSSL_POOL   := pool/main/b/bearssl/bearssl_0.6+dfsg.1.orig.tar.xz
BEARSSL_SHA256 := 102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004

MICROPY_TOP ?= $(ROOT)/$(THIRD_PARTY)/micropython
BEARSSL_TOP ?= $(ROOT)/$(THIRD_PARTY)/bearssl

.PHONY: third-party
## make third-party         fetch MicroPython and BearSSL (pinned SHA-256)
third-party: $(MICROPY_TOP)/py/py.mk $(BEARSSL_TOP)/inc/bearssl.h

$(ROOT)/$(THIRD_PARTY)/micropython/py/py.mk:
	mk/fetch_debian.sh $(MICROPY_POOL) $(MICROPY_SHA256) $(THIRD_PARTY)/micropython

$(ROOT)/$(THIRD_PARTY)/bearssl/inc/bearssl.h:
	mk/fetch_debian.sh $(BEARSSL_POOL) $(BEARSSL_SHA256) $(THIRD_PARTY)/bearssl
