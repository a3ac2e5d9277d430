# SPDX-License-Identifier: Apache-2.0
#
# Benchmarks of the tools. Nothing here is a test: timings are printed, as
# ratios within one run.

SPAWN_BENCH := build/host-test/tests/bench/spawn_bench
CRYPT_BENCH := build/host-test/lib/fb/flash_encryption_bench

.PHONY: bench-tools
## make bench-tools         how fast the tools start, encrypt, write
bench-tools: tools $(SPAWN_BENCH) $(CRYPT_BENCH)
	@tests/bench/tools.sh $(SPAWN_BENCH) $(CRYPT_BENCH)
