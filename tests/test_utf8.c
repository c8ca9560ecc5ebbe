/* test_utf8.c - the first byte that is no UTF-8 is found, wherever it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

/* What the definition says, byte for byte: the slow way, for comparison. */
static size_t valid_prefix_slowly(const unsigned char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t len = p[i] < 0x80 ? 1 : (p[i] & 0xE0) == 0xC0 ? 2 : (p[i] & 0xF0) == 0xE0 ? 3 : 4;
        uint32_t c = len == 1 ? p[i] : p[i] & (0x7Fu >> len);
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if ((p[i] & 0xC0) == 0x80 || p[i] >= 0xF8 || len > n - i)
            return i;
        for (size_t k = 1; k < len; k++) {
            if ((p[i + k] & 0xC0) != 0x80)
                return i;
            c = c << 6 | (p[i + k] & 0x3F);
        }
        if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
            return i;
        i += len;
    }
    return i;
}

static void finds_the_first_byte_that_is_no_utf8(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                          0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                          0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
    enum { N = sizeof edges, LEN = 80 };
    unsigned char text[LEN];
    for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
        size_t at = i % (LEN - 4); /* at every place of a block */
        memset(text, 'x', LEN);
        text[at] = edges[i % N];
        text[at + 1] = edges[i / N % N];
        text[at + 2] = edges[i / N / N % N];
        text[at + 3] = edges[i / N / N / N];
        size_t len = i & 1 ? LEN : at + 4;
        size_t got = utf8_valid_prefix((struct slice){(char *)text, len});
        if (got != valid_prefix_slowly(text, len))
            fail_msg("%02x %02x %02x %02x at %zu of %zu: %zu", text[at], text[at + 1], text[at + 2],
                     text[at + 3], at, len, got);
    }
}

static void reads_long_utf8_to_its_end(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Die Bücher lagen so lange im feuchten Keller der Schule; man habe nicht alles retten "
        "können, erzählte die Leiterin, aber das meiste stehe schon wieder im Regal.",
        "Вчера вечером на берегу реки открылась новая библиотека. Жители города ждали этого дня.",
        "昨日の夕方、川のそばに新しい図書館が開館しました。町の人々はこの日を三年近く待っていました"
        "。",
        "The old ferry 🚢🌊 is back: 🎉🎉🎉 the children were the first on board, and nobody "
        "🙂 "
        "minded the rain.",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct slice s = slice_of(texts[i]);
        for (size_t cut = 0; cut < 40; cut++) {
            struct slice part = {s.p + cut, s.len - 2 * cut};
            assert_int_equal(utf8_valid_prefix(part),
                             valid_prefix_slowly((const unsigned char *)part.p, part.len));
        }
    }
}

static void mends_only_what_is_broken(void **state)
{
    (void)state;
    struct buf b;
    size_t good;
    buf_init(&b, 256);
    assert_int_equal(
        utf8_mend(slice_of("gr\xC3\xBC\xC3\x9F dich\xE2\x80, Welt\xFF"), false, &b, &good), 2);
    assert_int_equal(good, 2);
    assert_string_equal(b.data, "grüß dich\xEF\xBF\xBD, Welt\xEF\xBF\xBD");
    buf_free(&b);
}

static void gives_up_where_hardly_anything_is_utf8(void **state)
{
    (void)state;
    char bytes[4096];
    struct buf b;
    size_t good;
    memset(bytes, 0xE0, sizeof bytes);
    buf_init(&b, 4 * sizeof bytes);
    assert_int_equal(utf8_mend((struct slice){bytes, sizeof bytes}, true, &b, &good), 65);
    buf_clear(&b);
    assert_int_equal(utf8_mend((struct slice){bytes, sizeof bytes}, false, &b, &good),
                     sizeof bytes);
    assert_int_equal(good, 0);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_first_byte_that_is_no_utf8),
        cmocka_unit_test(reads_long_utf8_to_its_end),
        cmocka_unit_test(mends_only_what_is_broken),
        cmocka_unit_test(gives_up_where_hardly_anything_is_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
