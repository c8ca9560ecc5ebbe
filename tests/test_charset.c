/* test_charset.c - tables in the place of converters: what they say, and no file for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <iconv.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "charset.h"

static const char *const by_table[] = {
    "WINDOWS-1252", "WINDOWS-1251", "WINDOWS-1250", "WINDOWS-1253", "WINDOWS-1254",
    "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-874",  "KOI8-R",       "KOI8-U",
    "CP866",        "IBM852",       "IBM855",       "ISO-8859-2",   "ISO-8859-3",
    "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",   "ISO-8859-7",   "ISO-8859-8",
    "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",  "ISO-8859-16",
    "MACINTOSH",    "MAC-CYRILLIC", "MAC-CENTRALEUROPE", "VISCII",
};
static const char *const by_iconv[] = {
    "WINDOWS-1255", "WINDOWS-1258", "GB18030",  "BIG5-HKSCS", "CP932",    "EUC-JP-MS",
    "ISO-2022-JP",  "CP949",        "EUC-TW",   "UTF-16LE",   "UTF-16BE", "UTF-32LE",
    "UTF-32BE",
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Byte for byte, as iconv says; how many it refused. */
static size_t expected(const char *name, const char *bytes, size_t len, struct buf *ret)
{
    size_t replaced = 0;
    iconv_t cd = iconv_open("UTF-8", name);
    assert_true(cd != (iconv_t)-1);
    for (size_t i = 0; i < len; i++) {
        char from = bytes[i], to[8], *p = &from, *end = to;
        size_t left = 1, room = sizeof to;
        if (iconv(cd, &p, &left, &end, &room) != (size_t)-1) {
            buf_add(ret, to, (size_t)(end - to));
        } else {
            buf_adds(ret, "\xEF\xBF\xBD");
            replaced++;
        }
    }
    iconv_close(cd);
    return replaced;
}

static void expect_as_iconv(const char *name, const char *bytes, size_t len)
{
    struct buf want, got;
    struct charset_trial t;
    buf_init(&want, 1 << 20);
    buf_init(&got, 1 << 20);
    size_t replaced = expected(name, bytes, len, &want);
    assert_true(charset_try(charset_named(name), (struct slice){bytes, len}, false, &got, &t));
    if (got.len != want.len || memcmp(got.data, want.data, want.len) != 0)
        fail_msg("%s: byte %02x: got %s, wanted %s", name, (unsigned char)*bytes, got.data,
                 want.data);
    assert_int_equal(t.replaced, replaced);
    assert_int_equal(got.data[got.len], 0);
    buf_free(&want);
    buf_free(&got);
}

static void reads_every_byte_as_iconv_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(by_table); i++) {
        char all[256];
        for (int c = 0; c < 256; c++) {
            all[c] = (char)c;
            expect_as_iconv(by_table[i], &all[c], 1);
        }
        expect_as_iconv(by_table[i], all, sizeof all);
    }
}

static void stops_at_the_limit_between_letters(void **state)
{
    (void)state;
    static const char text[] = "a\xC0\xC1"; /* in UTF-8 1, 2 and 2 bytes */
    static const size_t fits[] = {0, 1, 1, 3, 3, 5, 5};
    for (size_t max = 0; max < COUNT(fits); max++) {
        struct buf out;
        struct charset_trial t;
        buf_init(&out, max);
        assert_true(charset_try(charset_named("cp1251"), (struct slice){text, 3}, false, &out, &t));
        assert_int_equal(out.len, fits[max]);
        assert_int_equal(out.status, max < 5 ? WINNOW_ELIMIT : WINNOW_OK);
        buf_free(&out);
    }
}

static void gives_up_at_the_byte_that_makes_it_hopeless(void **state)
{
    (void)state;
    char bad[200];
    struct buf out;
    struct charset_trial t;
    memset(bad, 0x81, sizeof bad); /* no letter of it */
    buf_init(&out, 1 << 20);
    struct slice all = {bad, sizeof bad};
    assert_true(charset_try(charset_named("windows-1252"), all, true, &out, &t));
    assert_int_equal(t.replaced, 65);
    assert_int_equal(out.len, 65 * 3);
    buf_free(&out);
}

/* The wait for an accent is over where the text is. */
static void leaves_letters_that_wait_to_iconv(void **state)
{
    (void)state;
    struct buf out;
    struct charset_trial t;
    buf_init(&out, 100);
    struct slice alone = {"\xE5", 1}; /* vav */
    assert_true(charset_try(charset_named("windows-1255"), alone, false, &out, &t));
    assert_string_equal(out.data, "\u05D5");
    struct slice vav = {"\xE5\xCC", 2}; /* vav, dagesh: one letter */
    assert_true(charset_try(charset_named("windows-1255"), vav, false, &out, &t));
    assert_string_equal(out.data, "\uFB35");
    buf_free(&out);
}

/* A converter may step over what it refuses: nothing is left behind it then. */
static void reads_no_further_than_a_refused_end(void **state)
{
    (void)state;
    struct buf out;
    struct charset_trial t;
    char *bytes = malloc(2); /* where sanitizers see a byte behind it */
    assert_non_null(bytes);
    buf_init(&out, 100);
    for (size_t i = 0; i < COUNT(by_iconv); i++)
        for (unsigned pair = 0xA0A0; pair < 0xB000; pair++) {
            bytes[0] = (char)(pair >> 8);
            bytes[1] = (char)pair;
            assert_true(charset_try(charset_named(by_iconv[i]), (struct slice){bytes, 2}, false,
                                    &out, &t));
            assert_true(t.replaced <= 2 && out.len <= 8);
        }
    buf_free(&out);
    free(bytes);
}

/* --- without files ------------------------------------------------------------------- */

static int read_in(const char *name)
{
    struct buf out;
    struct charset_trial t;
    buf_init(&out, 1 << 10);
    struct slice text = {"\xC0\xC1\xE0\xE1 and so on", 14};
    bool known = charset_try(charset_named(name), text, false, &out, &t);
    buf_free(&out);
    return known;
}

/* No descriptor is left for a file; in a process of its own. */
static int in_want(int (*work)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        _exit(setrlimit(RLIMIT_NOFILE, &none) == 0 ? work() : 99);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int read_all(void)
{
    int unread = 0;
    for (size_t i = 0; i < COUNT(by_table); i++)
        unread += !read_in(by_table[i]);
    for (size_t i = 0; i < COUNT(by_iconv); i++)
        unread += !read_in(by_iconv[i]);
    return unread;
}

static void reads_every_charset_without_a_file_once_prepared(void **state)
{
    (void)state;
    struct winnow *w;
    struct winnow_error err;
    assert_int_equal(winnow_new(NULL, &w, &err), WINNOW_OK);
    assert_int_equal(winnow_prepare(w, &err), WINNOW_OK);
    assert_int_equal(winnow_prepare(w, &err), WINNOW_OK); /* again: nothing more */
    for (int i = 0; i < 20; i++) /* one that is closed makes the C library forget others */
        assert_true(read_in("gb18030"));
    assert_int_equal(in_want(read_all), 0);
    winnow_free(w);
}

/* --- by several ------------------------------------------------------------------------ */

static void *read_each(void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < COUNT(by_table); i++) {
        char text[3] = {'x', (char)0xE4, '\0'};
        struct buf out;
        struct charset_trial t;
        buf_init(&out, 100);
        (void)charset_try(charset_named(by_table[i]), (struct slice){text, 2}, false, &out, &t);
        if (out.len < 3 || *out.data != 'x')
            return (void *)by_table[i];
        buf_free(&out);
    }
    return NULL;
}

static void makes_a_table_while_others_read(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_each, NULL), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_table_while_others_read), /* first: tables are not made yet */
        cmocka_unit_test(reads_every_byte_as_iconv_does),
        cmocka_unit_test(stops_at_the_limit_between_letters),
        cmocka_unit_test(gives_up_at_the_byte_that_makes_it_hopeless),
        cmocka_unit_test(leaves_letters_that_wait_to_iconv),
        cmocka_unit_test(reads_no_further_than_a_refused_end),
        cmocka_unit_test(reads_every_charset_without_a_file_once_prepared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
