// SPDX-License-Identifier: Apache-2.0

#define _POSIX_C_SOURCE 200809L

#include "tools/fusebox/elf_lines.h"

#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cli/cli.h"

struct code {
    uint32_t vaddr, size;
    const uint8_t *bytes;
    uint64_t *counts; // one a byte
};

struct function {
    uint32_t vaddr;
    const char *name;
};

struct line {
    const char *file;
    int number;
    uint64_t count;
};

struct elf_lines {
    int fd;
    Elf *elf;
    struct code *code;
    size_t code_n;
    struct function *functions; // by vaddr
    size_t function_n;
};

// --- the file ---

static int compare_functions(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

static bool add_code(struct elf_lines *e, const GElf_Shdr *header,
                     const Elf_Data *data)
{
    struct code *more = realloc(e->code, (e->code_n + 1) * sizeof *more);
    if (more == NULL) {
        return false;
    }
    e->code = more;
    more[e->code_n] =
        (struct code){.vaddr = (uint32_t)header->sh_addr,
                      .size = (uint32_t)data->d_size,
                      .bytes = data->d_buf,
                      .counts = calloc(data->d_size, sizeof(uint64_t))};
    return more[e->code_n++].counts != NULL;
}

static bool add_functions(struct elf_lines *e, const GElf_Shdr *header,
                          Elf_Data *data)
{
    size_t n = header->sh_entsize == 0 ? 0 : data->d_size / header->sh_entsize;
    e->functions = calloc(n + 1, sizeof *e->functions);
    for (size_t i = 0; i < n && e->functions != NULL; i++) {
        GElf_Sym sym;
        if (gelf_getsym(data, (int)i, &sym) == NULL ||
            GELF_ST_TYPE(sym.st_info) != STT_FUNC) {
            continue;
        }
        const char *name = elf_strptr(e->elf, header->sh_link, sym.st_name);
        if (name != NULL && name[0] != '\0') {
            e->functions[e->function_n++] =
                (struct function){(uint32_t)sym.st_value, name};
        }
    }
    return e->functions != NULL;
}

static bool read_sections(struct elf_lines *e)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(e->elf, section)) != NULL) {
        GElf_Shdr header;
        Elf_Data *data = elf_getdata(section, NULL);
        if (gelf_getshdr(section, &header) == NULL || data == NULL) {
            continue;
        }
        if (header.sh_type == SHT_PROGBITS && data->d_buf != NULL &&
            (header.sh_flags & SHF_EXECINSTR) != 0 &&
            !add_code(e, &header, data)) {
            return false;
        }
        if (header.sh_type == SHT_SYMTAB && e->functions == NULL &&
            !add_functions(e, &header, data)) {
            return false;
        }
    }
    if (e->function_n > 0) {
        qsort(e->functions, e->function_n, sizeof *e->functions,
              compare_functions);
    }
    return true;
}

int elf_lines_open(const char *path, struct elf_lines **elf)
{
    struct elf_lines *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return cli_error(path, "out of memory");
    }
    e->fd = open(path, O_RDONLY | O_CLOEXEC);
    int status = 0;
    if (e->fd < 0) {
        status = cli_error(path, "%s", strerror(errno));
    } else {
        (void)elf_version(EV_CURRENT);
        e->elf = elf_begin(e->fd, ELF_C_READ_MMAP, NULL);
        GElf_Ehdr header;
        if (e->elf == NULL || elf_kind(e->elf) != ELF_K_ELF ||
            gelf_getehdr(e->elf, &header) == NULL ||
            header.e_machine != EM_XTENSA) {
            status = cli_error(path, "not an ELF file of an Xtensa program");
        } else if (!read_sections(e)) {
            status = cli_error(path, "out of memory");
        } else if (e->code_n == 0) {
            status = cli_error(path, "has no code");
        }
    }
    if (status != 0) {
        elf_lines_close(e);
        return status;
    }
    *elf = e;
    return 0;
}

void elf_lines_close(struct elf_lines *e)
{
    if (e == NULL) {
        return;
    }
    for (size_t i = 0; i < e->code_n; i++) {
        free(e->code[i].counts);
    }
    free(e->code);
    free(e->functions);
    if (e->elf != NULL) {
        (void)elf_end(e->elf);
    }
    if (e->fd >= 0) {
        (void)close(e->fd);
    }
    free(e);
}

// --- by address ---

static struct code *find_code(const struct elf_lines *e, uint32_t vaddr)
{
    for (size_t i = 0; i < e->code_n; i++) {
        if (vaddr - e->code[i].vaddr < e->code[i].size) {
            return &e->code[i];
        }
    }
    return NULL;
}

bool elf_lines_has(const struct elf_lines *e, uint32_t vaddr, uint8_t byte)
{
    const struct code *code = find_code(e, vaddr);
    return code != NULL && code->bytes[vaddr - code->vaddr] == byte;
}

const char *elf_lines_function(const struct elf_lines *e, uint32_t vaddr,
                               uint32_t *offset)
{
    size_t low = 0, high = e->function_n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (e->functions[middle].vaddr <= vaddr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    *offset = vaddr - e->functions[low - 1].vaddr;
    return e->functions[low - 1].name;
}

void elf_lines_count(struct elf_lines *e, uint32_t vaddr)
{
    struct code *code = find_code(e, vaddr);
    code->counts[vaddr - code->vaddr]++;
}

// --- by line ---

struct list {
    struct line *lines;
    size_t n, cap;
};

static bool add_line(struct list *list, struct line line)
{
    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? 4096 : 2 * list->cap;
        struct line *more = realloc(list->lines, cap * sizeof *more);
        if (more == NULL) {
            return false;
        }
        list->lines = more;
        list->cap = cap;
    }
    list->lines[list->n++] = line;
    return true;
}

// The most frequent instruction from vaddr up to end.
static uint64_t most(const struct elf_lines *e, uint32_t vaddr, uint32_t end)
{
    const struct code *code = find_code(e, vaddr);
    uint64_t count = 0;
    if (code == NULL) {
        return 0; // thrown away by the linker
    }
    for (uint32_t at = vaddr - code->vaddr;
         at < code->size && at < end - code->vaddr; at++) {
        count = code->counts[at] > count ? code->counts[at] : count;
    }
    return count;
}

static bool add_unit(const struct elf_lines *e, Dwarf_Die *unit,
                     struct list *list)
{
    Dwarf_Lines *lines;
    size_t n;
    if (dwarf_getsrclines(unit, &lines, &n) != 0) {
        return true;
    }
    for (size_t i = 0; i + 1 < n; i++) {
        Dwarf_Line *line = dwarf_onesrcline(lines, i);
        Dwarf_Addr from, to;
        bool end;
        int number;
        if (dwarf_lineendsequence(line, &end) != 0 || end ||
            dwarf_lineaddr(line, &from) != 0 ||
            dwarf_lineaddr(dwarf_onesrcline(lines, i + 1), &to) != 0 ||
            dwarf_lineno(line, &number) != 0 || number == 0 || to <= from ||
            find_code(e, (uint32_t)from) == NULL) {
            continue;
        }
        const char *file = dwarf_linesrc(line, NULL, NULL);
        if (file != NULL &&
            !add_line(list,
                      (struct line){file, number,
                                    most(e, (uint32_t)from, (uint32_t)to)})) {
            return false;
        }
    }
    return true;
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    return order != 0 ? order : x->number - y->number;
}

static size_t print_lines(const struct list *list, FILE *out, size_t *executed)
{
    size_t found = 0;
    for (size_t i = 0, next; i < list->n; i = next) {
        const struct line *line = &list->lines[i];
        uint64_t count = 0;
        if (i == 0 || strcmp(line->file, line[-1].file) != 0) {
            (void)fprintf(out, "%sSF:%s\n", i == 0 ? "" : "end_of_record\n",
                          line->file);
        }
        for (next = i;
             next < list->n && compare_lines(line, &list->lines[next]) == 0;
             next++) {
            uint64_t more = list->lines[next].count;
            count = more > count ? more : count;
        }
        (void)fprintf(out, "DA:%d,%" PRIu64 "\n", line->number, count);
        found++;
        *executed += count > 0;
    }
    if (list->n > 0) {
        (void)fprintf(out, "end_of_record\n");
    }
    return found;
}

size_t elf_lines_report(struct elf_lines *e, FILE *out, size_t *executed)
{
    Dwarf *dwarf = dwarf_begin_elf(e->elf, DWARF_C_READ, NULL);
    struct list list = {0};
    Dwarf_Off at = 0, next;
    size_t header;
    bool good = true;
    *executed = 0;
    while (good && dwarf != NULL &&
           dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0) {
        Dwarf_Die unit;
        good = dwarf_offdie(dwarf, at + header, &unit) == NULL ||
               add_unit(e, &unit, &list);
        at = next;
    }
    size_t found = 0;
    if (list.n > 0) {
        qsort(list.lines, list.n, sizeof *list.lines, compare_lines);
        found = print_lines(&list, out, executed);
    }
    free(list.lines);
    if (dwarf != NULL) {
        (void)dwarf_end(dwarf);
    }
    return found;
}
