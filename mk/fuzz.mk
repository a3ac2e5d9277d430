# SPDX-License-Identifier: Apache-2.0
#
# libFuzzer harnesses for the parsers of lib (tests/fuzz/README.md).

FUZZ_CC   ?= clang
FUZZ_TIME ?= 10
FUZZ      ?= $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_SAN  := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_LIB  := $(LIB_C) host/crypto_openssl.c

build/fuzz/%_fuzz: tests/fuzz/%_fuzz.c $(FUZZ_LIB) $(wildcard lib/fb/*.h lib/fb/*.def)
	@mkdir -p $(@D)
	$(FUZZ_CC) -std=c11 -O1 -g $(CPPFLAGS) $(FUZZ_SAN) -o $@ $< $(FUZZ_LIB) \
	    $(LDLIBS_FB)

.PHONY: fuzz
## make fuzz                fuzz every parser of lib, FUZZ_TIME seconds each
fuzz: $(FUZZ:%=build/fuzz/%_fuzz)
	@for name in $(FUZZ); do \
	    mkdir -p build/fuzz/corpus/$$name; \
	    case $$name in \
	    *image) seeds=tests/vectors/image ;; \
	    partition*) seeds=tests/vectors/partition ;; \
	    *) seeds= ;; \
	    esac; \
	    echo "fuzz $$name, $(FUZZ_TIME) s"; \
	    build/fuzz/$${name}_fuzz -max_total_time=$(FUZZ_TIME) -max_len=16384 \
	        -artifact_prefix=build/fuzz/ build/fuzz/corpus/$$name $$seeds \
	        >build/fuzz/$$name.log 2>&1 || \
	        { tail -n 40 build/fuzz/$$name.log; exit 1; }; \
	done
