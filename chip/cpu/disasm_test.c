// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for lib/fb/testing.h

#include "chip/cpu/disasm.h"

#include "chip/cpu/isa.h"
#include "lib/fb/testing.h"

// Each line of GNU objdump's (see tests/vectors/isa/README.md) is what we say.
// ISA_OBJDUMP names another file of this form.
static void as_objdump(void **state)
{
    (void)state;
    const char *path = getenv("ISA_OBJDUMP");
    FILE *f = fopen(path != NULL ? path : "tests/vectors/isa/objdump.txt", "r");
    char line[128], ours[64];
    unsigned lines = 0, bad = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        unsigned address;
        int used = 0;
        char hex[8];
        uint8_t bytes[3];
        assert_int_equal(sscanf(line, "%x %7s %n", &address, hex, &used), 2);
        size_t n = testing_hex(bytes, sizeof(bytes), hex);
        char *theirs = line + used;
        theirs[strcspn(theirs, "\n")] = '\0';
        int len = cpu_disasm(address, bytes, ours, sizeof(ours));
        if (strcmp(theirs, ".byte") == 0) {
            ours[strcspn(ours, "\t")] = '\0';
        }
        if ((strcmp(theirs, ours) != 0 || (size_t)len != n) && bad++ < 20) {
            printf("# %s: ours %s, theirs %s\n", hex, ours, theirs);
        }
        lines++;
    }
    fclose(f);
    assert_true(lines > 1000);
    assert_int_equal(bad, 0);
}

// A short buffer gets the beginning of the text.
static void any_capacity(void **state)
{
    (void)state;
    static const uint8_t mula[3] = {0x04, 0x00, 0x4B};
    static const char text[] = "mula.da.hh.ldinc\tm0, a0, m0, a0";
    for (size_t cap = 1; cap <= sizeof(text) + 1; cap++) {
        char *out = (char *)testing_guarded(NULL, cap);
        assert_int_equal(cpu_disasm(0, mula, out, cap), 3);
        size_t n = cap - 1 < strlen(text) ? cap - 1 : strlen(text);
        assert_memory_equal(out, text, n);
        assert_int_equal(out[n], '\0');
        testing_guarded_free((uint8_t *)out, cap);
    }
}

// Nothing is read beyond a narrow instruction.
static void ends_at_a_page(void **state)
{
    (void)state;
    static const uint8_t ret[2] = {0x0D, 0xF0};
    char out[64];
    assert_int_equal(cpu_disasm(0, testing_guarded(ret, 2), out, sizeof(out)),
                     2);
    assert_string_equal(out, "ret.n");
}

// The table itself: fixed bits lie in the mask and in the instruction, and two
// rows only match the same word when the first is a special case of the second.
static void table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ISA_ROWS; i++) {
        const struct isa_row *x = &isa_rows[i];
        uint32_t all = isa_length((uint8_t)x->value) == 2 ? 0xFFFF : 0xFFFFFF;
        assert_int_equal(x->value & ~x->mask, 0);
        assert_int_equal(x->mask & ~all, 0);
        assert_int_equal(x->mask & 15, 15);
        assert_int_equal(strspn(x->operands,
                                "rstRSTxyzYWwmnbhiNadvAVlOjc826L3kufeEpqogPBCD"
                                "GHIUX"),
                         strlen(x->operands));
        for (unsigned k = i + 1; k < ISA_ROWS; k++) {
            const struct isa_row *y = &isa_rows[k];
            uint32_t both = x->mask & y->mask;
            if (((x->value ^ y->value) & both) == 0) {
                fail_msg("%s and %s overlap", x->name, y->name);
            }
        }
    }
}

// The decoder's first look is a hint only: for each word, searching from the
// hinted row finds what searching from the top finds.
static void hints(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t word = testing_random32(&seed) & 0xFFFFFF;
        unsigned low = word & 15;
        uint32_t known = low == 0 || low == 4 ? 0xFF000F : 0x00F0FF;
        word &= low >= 8 ? 0xFFFF : 0xFFFFFF;
        assert_int_equal(isa_find(isa_find(0, word, known), word, UINT32_MAX),
                         isa_find(0, word, UINT32_MAX));
    }
}

// For objdump_diff.sh: every word of each width, one after the other.
static void write_words(const char *folder, const char *name, unsigned bytes)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    if (f == NULL) {
        testing_die("cannot be written", path);
    }
    for (uint32_t word = 0; word < 1u << 8 * bytes; word++) {
        if (((word & 15) < 8) == (bytes == 3)) {
            uint8_t b[3] = {(uint8_t)word, (uint8_t)(word >> 8),
                            (uint8_t)(word >> 16)};
            fwrite(b, 1, bytes, f);
        }
    }
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_objdump),     cmocka_unit_test(any_capacity),
        cmocka_unit_test(ends_at_a_page), cmocka_unit_test(table),
        cmocka_unit_test(hints),
    };
    if (getenv("ISA_WRITE") != NULL) {
        write_words(getenv("ISA_WRITE"), "words24", 3);
        write_words(getenv("ISA_WRITE"), "words16", 2);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
