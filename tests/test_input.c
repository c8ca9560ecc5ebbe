/* test_input.c - unpacking, and telling HTML from a dump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "buf.h"
#include "input.h"

#define MIB ((size_t)1 << 20)

/* Appends text as one gzip member. */
static void add_gzip(struct buf *out, const void *text, size_t len)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, len);
    z.next_in = (Bytef *)text;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)buf_room(out, bound);
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += bound - z.avail_out;
    deflateEnd(&z);
}

struct opened {
    int status;
    struct slice page;
    struct buf unpacked;
    struct winnow_error err;
};

static struct opened open_bytes(const void *data, size_t len, size_t max_bytes)
{
    struct opened o = {.page = {"untouched", 9}};
    struct winnow_input in = {.data = data, .len = len};
    buf_init(&o.unpacked, max_bytes);
    o.status = input_open(&in, max_bytes, &o.unpacked, &o.page, &o.err);
    return o;
}

/* Letters that do not compress to nothing: a linear congruential generator's. */
static char *make_text(size_t len)
{
    char *text = malloc(len);
    uint32_t seed = 7;
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + (seed = seed * 1664525 + 1013904223) / 200000000);
    return text;
}

static void hands_plain_bytes_on_without_a_copy(void **state)
{
    (void)state;
    static const char page[] = "<p>plain";
    struct opened o = open_bytes(page, 8, MIB);
    assert_int_equal(o.status, WINNOW_OK);
    assert_ptr_equal(o.page.p, page);
    assert_int_equal(o.page.len, 8);
}

static void takes_an_empty_input(void **state)
{
    (void)state;
    struct opened o = open_bytes(NULL, 0, MIB);
    assert_int_equal(o.status, WINNOW_OK);
    assert_non_null(o.page.p);
    assert_int_equal(o.page.len, 0);
}

static void refuses_a_plain_page_past_the_limit(void **state)
{
    (void)state;
    struct opened o = open_bytes("12345678", 8, 7);
    assert_int_equal(o.status, WINNOW_ELIMIT);
    assert_true(slice_is(o.page, "untouched"));
    assert_int_equal(open_bytes("1234567", 7, 7).status, WINNOW_OK);
}

static void unpacks_gzip(void **state)
{
    (void)state;
    size_t len = 300000;
    char *text = make_text(len);
    struct buf gz;
    buf_init(&gz, MIB);
    add_gzip(&gz, text, len);
    struct opened o = open_bytes(gz.data, gz.len, len);
    assert_int_equal(o.status, WINNOW_OK);
    assert_int_equal(o.page.len, len);
    assert_memory_equal(o.page.p, text, len);
    buf_free(&o.unpacked);
    buf_free(&gz);
    free(text);
}

static void joins_the_members_of_a_gzip(void **state)
{
    (void)state;
    struct buf gz;
    buf_init(&gz, MIB);
    add_gzip(&gz, "one ", 4);
    add_gzip(&gz, "", 0);
    add_gzip(&gz, "two", 3);
    struct opened o = open_bytes(gz.data, gz.len, MIB);
    assert_int_equal(o.status, WINNOW_OK);
    assert_true(slice_is(o.page, "one two"));
    assert_string_equal(o.page.p, "one two");
    buf_free(&o.unpacked);
    buf_free(&gz);
}

static void passes_over_zeros_behind_a_gzip(void **state)
{
    (void)state;
    struct buf gz;
    buf_init(&gz, MIB);
    add_gzip(&gz, "page", 4);
    for (int i = 0; i < 600; i++)
        buf_addc(&gz, '\0');
    struct opened o = open_bytes(gz.data, gz.len, MIB);
    assert_int_equal(o.status, WINNOW_OK);
    assert_true(slice_is(o.page, "page"));
    buf_free(&o.unpacked);
    buf_addc(&gz, 'x');
    o = open_bytes(gz.data, gz.len, MIB);
    assert_int_equal(o.status, WINNOW_EDATA);
    assert_non_null(strstr(o.err.text, "something else follows"));
    buf_free(&o.unpacked);
    buf_free(&gz);
}

static void never_takes_a_part_of_a_gzip_for_the_whole(void **state)
{
    (void)state;
    char *text = make_text(3000);
    struct buf gz;
    buf_init(&gz, MIB);
    add_gzip(&gz, text, 3000);
    for (size_t len = 2; len < gz.len; len++) {
        struct opened o = open_bytes(gz.data, len, MIB);
        assert_int_equal(o.status, WINNOW_EDATA);
        assert_true(slice_is(o.page, "untouched"));
        assert_non_null(strstr(o.err.text, "cut off"));
        assert_non_null(strstr(o.err.text, "fetch it again"));
        buf_free(&o.unpacked);
    }
    buf_free(&gz);
    free(text);
}

static void finds_damage_in_a_gzip(void **state)
{
    (void)state;
    char *text = make_text(3000);
    struct buf gz;
    buf_init(&gz, MIB);
    add_gzip(&gz, text, 3000);
    gz.data[gz.len - 6] ^= 1; /* in the checksum: every byte of the page came through */
    struct opened o = open_bytes(gz.data, gz.len, MIB);
    assert_int_equal(o.status, WINNOW_EDATA);
    assert_non_null(strstr(o.err.text, "damaged"));
    buf_free(&o.unpacked);
    buf_free(&gz);
    free(text);
}

static void unpacks_up_to_the_limit_and_not_a_byte_more(void **state)
{
    (void)state;
    char *text = make_text(5000);
    struct buf gz;
    buf_init(&gz, MIB);
    add_gzip(&gz, text, 5000);
    struct opened o = open_bytes(gz.data, gz.len, 5000);
    assert_int_equal(o.status, WINNOW_OK);
    assert_int_equal(o.page.len, 5000);
    buf_free(&o.unpacked);
    o = open_bytes(gz.data, gz.len, 4999);
    assert_int_equal(o.status, WINNOW_ELIMIT);
    assert_non_null(strstr(o.err.text, "4999"));
    buf_free(&o.unpacked);
    buf_free(&gz);
    free(text);
}

static void takes_memory_as_the_page_grows(void **state)
{
    (void)state;
    struct buf gz;
    buf_init(&gz, MIB);
    add_gzip(&gz, "page", 4);
    struct opened o = open_bytes(gz.data, gz.len, 1024 * MIB);
    assert_int_equal(o.status, WINNOW_OK);
    assert_true(o.unpacked.cap <= MIB);
    buf_free(&o.unpacked);
    buf_free(&gz);
}

static void stops_a_bomb_at_the_limit(void **state)
{
    (void)state;
    char *zeros = calloc(1, 64 * MIB);
    struct buf gz;
    assert_non_null(zeros);
    buf_init(&gz, 128 * MIB);
    add_gzip(&gz, zeros, 64 * MIB);
    free(zeros);
    assert_true(gz.len < MIB / 8);
    struct opened o = open_bytes(gz.data, gz.len, MIB);
    assert_int_equal(o.status, WINNOW_ELIMIT);
    assert_true(o.unpacked.cap <= 2 * MIB);
    buf_free(&o.unpacked);
    buf_free(&gz);
}

/* --- HTML or a dump? --------------------------------------------------------------- */

static enum winnow_kind kind_of(const char *text)
{
    return input_kind(slice_of(text), WINNOW_KIND_AUTO);
}

static void assert_kinds(const char *const *texts, enum winnow_kind kind)
{
    for (; *texts; texts++)
        if (kind_of(*texts) != kind)
            fail_msg("taken for %s: %s", kind == WINNOW_KIND_HTML ? "a dump" : "HTML", *texts);
}

static void knows_a_page_by_how_it_starts(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "<!DOCTYPE html><title>x</title>",
        "\n\n  <!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">\nHello",
        "<html lang=en><body>Hello",
        "<HTML>Hello",
        "\xEF\xBB\xBF<html>Hello",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<html xmlns=\"x\"><p>Hello</p></html>",
        "<!-- saved from url=(0022)http://example.org/ -->\n<html>Hello",
        "<!-- one --> <!-- two -->\n<body class=x>Hello",
        "<head><title>x</title></head>Hello",
        "<meta charset=utf-8>\nThe ferry runs again.\nIt is full.\n",
        NULL,
    };
    assert_kinds(pages, WINNOW_KIND_HTML);
}

static void knows_a_piece_of_a_page(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "<div class=\"article\"><p>The ferry runs again.</p><p>It is full.</p></div>",
        "<p>The ferry runs again.</p>",
        "<p>The ferry runs again, said the harbour master.\n<p>It is full.\n<p>Very full, "
        "full to the last seat, and those who came late stood on the quay and waved it off.\n",
        "<ul><li>one<li>two<li>three</ul>",
        "<h1>The ferry</h1>\nThe ferry runs again.<br>\nIt is full.<br />\nVery full.<br>\n",
        "<x-spin role=\"img\"></x-spin><x-spin role=\"img\"></x-spin> Loading the page ...",
        "<my-app><main class=x><div></div><p>Loading</p></main></my-app>",
        "<a href=\"/\">Home</a> <a href=\"/news?a>b\">News</a> <b>The ferry runs again</b>",
        "Warning: include() failed on line 3\n<div><h1>The ferry</h1><p>The ferry runs again "
        "since Monday, and most of the islanders were there to see it.</p><p>It was full within "
        "minutes, said the harbour master.</p></div>",
        NULL,
    };
    assert_kinds(pages, WINNOW_KIND_HTML);
}

static void knows_a_text_that_speaks_of_tags(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "  \n ",
        "The ferry runs again.\nIt is full.\n",
        "<3 this ferry, and so do the islanders",
        "< 5 minutes to go",
        "<name> wrote: the ferry runs again.\n<other> wrote: it is full.\n",
        "<jo@example.org> wrote that the ferry runs again",
        "<p> is the element for a paragraph. It ends where <div> starts, or at </p>.",
        "Use <b>bold</b> sparingly: a page in which every other word shouts is read by nobody, "
        "and the words that matter are lost among those that do not.",
        "The <p> element holds a paragraph, <div> and </div> enclose anything, <h1> a heading "
        "and </h1> ends it; <br> breaks a line and (<hr>) draws one; `<i>` and `</i>` slant.",
        "How to begin a page. First write this:\n\n<!DOCTYPE html>\n<html>\n<body>\n<h1>Hi</h1>\n"
        "</body>\n</html>\n\nThen open the file in a browser, and look at what it shows. What "
        "stands between the tags is shown, the tags are not. Change the heading, save the file, "
        "load it again, and you have learned what a web page is.",
        "if (a<b && b>c) return a<b> c; std::vector<i> v; Map<a, b> m; template <T> x;",
        NULL,
    };
    assert_kinds(texts, WINNOW_KIND_DUMP);
}

static void knows_a_long_piece_whose_end_is_far(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MIB);
    buf_adds(&b, "<div id=\"app\" data-state=\"");
    for (int i = 0; i < 20000; i++)
        buf_adds(&b, "{a>b} ");
    buf_adds(&b, "\"><p>The ferry runs again.</p></div>");
    assert_int_equal(input_kind(buf_slice(&b), WINNOW_KIND_AUTO), WINNOW_KIND_HTML);
    buf_clear(&b);
    buf_adds(&b, "<div id=\"app\"><div class=row>");
    for (int i = 0; i < 2000; i++)
        buf_adds(&b, "<img src=x> The ferry runs again, and it is full, very full. ");
    buf_adds(&b, "</div></div>");
    assert_int_equal(input_kind(buf_slice(&b), WINNOW_KIND_AUTO), WINNOW_KIND_HTML);
    buf_free(&b);
}

static void believes_the_caller(void **state)
{
    (void)state;
    assert_int_equal(input_kind(slice_of("<html>"), WINNOW_KIND_DUMP), WINNOW_KIND_DUMP);
    assert_int_equal(input_kind(slice_of("text"), WINNOW_KIND_HTML), WINNOW_KIND_HTML);
}

/* Each of these made a naive scan quadratic; here they only have to end soon. */
static void looks_at_hostile_bytes_in_bounded_time(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "<", "<a ", "<a b=\"", "<!--", "<script>", "<p>", "</p>", "<b><i>", "<p <p x='", "<my-x y",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf b;
        buf_init(&b, MIB);
        while (b.len < MIB / 2)
            buf_adds(&b, pieces[i]);
        input_kind(buf_slice(&b), WINNOW_KIND_AUTO);
        buf_free(&b);
    }
}

static void knows_a_tag_that_is_longer_than_it_looks(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_adds(&b, "<p");
    for (int i = 0; i < 20000; i++)
        buf_addf(&b, " data-%d=%d", i, i);
    assert_int_equal(input_kind(buf_slice(&b), WINNOW_KIND_AUTO), WINNOW_KIND_HTML);
    buf_adds(&b, ">text</p>");
    assert_int_equal(input_kind(buf_slice(&b), WINNOW_KIND_AUTO), WINNOW_KIND_HTML);
    b.data[1] = '3'; /* "<3 data-0=0 ..." is no element */
    assert_int_equal(input_kind(buf_slice(&b), WINNOW_KIND_AUTO), WINNOW_KIND_DUMP);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_tag_that_is_longer_than_it_looks),
        cmocka_unit_test(hands_plain_bytes_on_without_a_copy),
        cmocka_unit_test(takes_an_empty_input),
        cmocka_unit_test(refuses_a_plain_page_past_the_limit),
        cmocka_unit_test(unpacks_gzip),
        cmocka_unit_test(joins_the_members_of_a_gzip),
        cmocka_unit_test(passes_over_zeros_behind_a_gzip),
        cmocka_unit_test(never_takes_a_part_of_a_gzip_for_the_whole),
        cmocka_unit_test(finds_damage_in_a_gzip),
        cmocka_unit_test(unpacks_up_to_the_limit_and_not_a_byte_more),
        cmocka_unit_test(takes_memory_as_the_page_grows),
        cmocka_unit_test(stops_a_bomb_at_the_limit),
        cmocka_unit_test(knows_a_page_by_how_it_starts),
        cmocka_unit_test(knows_a_piece_of_a_page),
        cmocka_unit_test(knows_a_text_that_speaks_of_tags),
        cmocka_unit_test(knows_a_long_piece_whose_end_is_far),
        cmocka_unit_test(believes_the_caller),
        cmocka_unit_test(looks_at_hostile_bytes_in_bounded_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
