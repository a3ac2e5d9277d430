// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "tools/fusebox/report/html.h"

static void becomes(const void *in, size_t n, const char *want)
{
    struct html h;

    html_init(&h);
    html_bytes(&h, testing_guarded(in, n), n);
    html_raw(&h, ""); // a page without a byte has no text either
    assert_int_equal(h.n, strlen(want));
    assert_memory_equal(h.text ? h.text : "", want, h.n);
    html_free(&h);
}

static void text_becomes(const char *in, const char *want)
{
    becomes(in, strlen(in), want);
}

static void test_markup_is_text(void **state)
{
    (void)state;
    text_becomes("<script>alert(\"1\" & '2')</script>",
                 "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)"
                 "&lt;/script&gt;");
    text_becomes("", "");
}

static void test_controls_are_seen(void **state)
{
    (void)state;
    text_becomes("\x1b[31mred\r\n\a", "␛[31mred␍\n␇");
    becomes("a\0b", 3, "a␀b");
    text_becomes("\x7f", "\\x7f");
}

static void test_only_utf8_passes(void **state)
{
    (void)state;
    text_becomes("gr\xc3\xbc\xc3\x9f €", "gr\xc3\xbc\xc3\x9f €");
    text_becomes("\xff\xfe", "\\xff\\xfe");
    text_becomes("\xc0\xbc", "\\xc0\\xbc");          // overlong <
    text_becomes("\xe0\x80\xbc", "\\xe0\\x80\\xbc"); // the same
    text_becomes("\xed\xa0\x80", "\\xed\\xa0\\x80"); // surrogate
    text_becomes("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    text_becomes("\xc2\x85", "\\xc2\\x85");          // C1
    text_becomes("\xe2\x80\xae", "\\xe2\\x80\\xae"); // right to left
    for (size_t cut = 1; cut < 4; cut++) {           // an end within a sequence
        static const char *const want[] = {"", "\\xf0", "\\xf0\\x9f",
                                           "\\xf0\\x9f\\x90"};
        becomes("\xf0\x9f\x90\x88", cut, want[cut]);
    }
}

// Whatever comes in, what goes out is UTF-8 without markup.
static void test_noise_stays_text(void **state)
{
    uint64_t seed = 5;
    uint8_t noise[64];

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct html h;
        testing_random(&seed, noise, sizeof noise);
        html_init(&h);
        html_bytes(&h, noise, sizeof noise);
        for (size_t i = 0; i < h.n; i++) {
            uint8_t byte = (uint8_t)h.text[i];
            assert_true(byte == '\n' || byte >= ' ');
            assert_null(memchr("<>\"'\x7f\xc0\xc1\xff", byte, 8));
        }
        html_free(&h);
    }
}

static void test_elements(void **state)
{
    static const char want[] = "<td class=x>&lt;7&gt;</td>&amp;";
    struct html h;

    (void)state;
    html_init(&h);
    html_element(&h, "td class=x", "<%d>", 7);
    html_print(&h, "%s", "&");
    assert_int_equal(h.n, sizeof want - 1);
    assert_memory_equal(h.text, want, h.n);
    html_free(&h);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(test_markup_is_text),
        cmocka_unit_test(test_controls_are_seen),
        cmocka_unit_test(test_only_utf8_passes),
        cmocka_unit_test(test_noise_stays_text),
        cmocka_unit_test(test_elements),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
