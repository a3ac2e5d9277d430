// SPDX-License-Identifier: Apache-2.0
//
// What an ELF file says of its code: functions, and source lines from its
// DWARF. And, of each address, how often it was executed.

#ifndef TOOLS_FUSEBOX_ELF_LINES_H
#define TOOLS_FUSEBOX_ELF_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct elf_lines;

// Returns 0, or prints its one-line error and returns an exit status. Without
// DWARF there are functions only.
int elf_lines_open(const char *path, struct elf_lines **elf);
void elf_lines_close(struct elf_lines *elf); // NULL is fine

// Is vaddr code of this file, and is its first byte there `byte`? Two programs
// that run one after the other may use the same addresses.
bool elf_lines_has(const struct elf_lines *elf, uint32_t vaddr, uint8_t byte);

// The function that vaddr lies in, NULL: none is known.
const char *elf_lines_function(const struct elf_lines *elf, uint32_t vaddr,
                               uint32_t *offset);

// One execution of the instruction at vaddr, which the file has.
void elf_lines_count(struct elf_lines *elf, uint32_t vaddr);

// Write what lcov and genhtml read (geninfo(1), "TRACEFILE FORMAT"): of each
// source file with code its lines, and how often the most frequent instruction
// of each was executed. Returns the lines, and how many of them were executed.
size_t elf_lines_report(struct elf_lines *elf, FILE *out, size_t *executed);

#endif
