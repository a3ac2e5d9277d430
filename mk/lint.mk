# SPDX-License-Identifier: Apache-2.0
#
# Style and static checks that need no build.

.PHONY: lint check-includes format
## make check-includes      includes point one way (docs/DESIGN.md)
check-includes:
	@tests/lint/includes.sh

## make lint                clang-format, cppcheck, clang-tidy, includes
lint: check-includes
	@tests/lint/format.sh
	@tests/lint/static.sh

## make format              rewrite all C sources with clang-format
format:
	git ls-files '*.c' '*.h' ':!tests/vectors' | xargs clang-format -i
