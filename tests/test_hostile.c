/* test_hostile.c - the hostile table: files that were made, or have grown, to hurt.
 *
 * 1. No file hangs the program, kills it or makes it take much memory.
 * 2. Each ends with the exit code that its line names, and where something could not
 *    be read, one line on stderr says so.
 * 3. Whatever comes out is UTF-8, and the words that stand in the middle of the
 *    trouble are among it.
 *
 * To add a file is to add a line to the table; tests/hostile/README.md tells how. */
#include <iconv.h>
#include <zlib.h>

#include "program.h"

#define MAX_RSS (256L << 10) /* KiB; not held against a sanitised program */
#define MAX_PARTS 6

/* A text that stands so many times; @ in it becomes a number: 0, 1, 2 ... */
struct part {
    const char *text;
    size_t times;
};

struct hostile {
    const char *name;
    const char *file;
    void (*make)(const struct hostile *h, const char *path);
    struct part parts[MAX_PARTS];
    const char *charset; /* what the parts are converted to */
    const char *command; /* NULL: clean */
    const char *verb;    /* the file is a rule file: winnow rules VERB */
    const char *page;    /* the file is a rule file: this page is cleaned with it alone */
    const char *in;      /* becomes standard input, instead of a file's name */
    const char *out;     /* becomes standard output */
    bool nobody;         /* without root's rights */

    int code;
    bool or_limit;      /* EX_DATAERR is right as well where it names a limit */
    const char *equals; /* the whole output */
    const char *holds;  /* in the output */
    bool tenth;         /* a sanitised program gets a tenth: each of its searches looks at
                           all that follows, so many short ones cost a square */
    size_t at_least;    /* bytes of output */
    const char *says;   /* on stderr */
};

/* --- how the files are made -------------------------------------------------------- */

static FILE *file_open(const char *path)
{
    FILE *f = fopen(path, "wb");

    if (!f)
        fail_msg("%s: %s", path, strerror(errno));
    return f;
}

static void file_close(FILE *f)
{
    assert_false(ferror(f));
    assert_int_equal(fclose(f), 0);
}

static void put_numbered(FILE *f, const char *text, size_t number)
{
    for (; *text; text++) {
        if (*text == '@')
            fprintf(f, "%zu", number);
        else
            putc(*text, f);
    }
}

static bool sanitized;

static void put_part(FILE *f, const struct part *p)
{
    size_t len = strlen(p->text);
    bool numbered = strchr(p->text, '@') != NULL;

    for (size_t i = 0; i < p->times; i++) {
        if (numbered)
            put_numbered(f, p->text, i);
        else
            fwrite(p->text, 1, len, f);
    }
}

static void make_parts(const struct hostile *h, const char *path)
{
    FILE *f = file_open(path);

    for (size_t i = 0; i < MAX_PARTS && h->parts[i].text; i++) {
        struct part part = h->parts[i];
        if (sanitized && h->tenth && part.times > 10)
            part.times /= 10;
        put_part(f, &part);
    }
    file_close(f);
}

static void make_converted(const struct hostile *h, const char *path)
{
    FILE *f = file_open(path);
    iconv_t cd = iconv_open(h->charset, "UTF-8");

    assert_true(cd != (iconv_t)-1);
    for (size_t i = 0; i < MAX_PARTS && h->parts[i].text; i++) {
        char out[8192], *in = (char *)(uintptr_t)h->parts[i].text, *to = out;
        size_t left = strlen(in), room = sizeof out;
        assert_true(iconv(cd, &in, &left, &to, &room) != (size_t)-1);
        fwrite(out, 1, sizeof out - room, f);
    }
    iconv_close(cd);
    file_close(f);
}

/* The first part's bytes that C strings cannot hold: % stands for a NUL. */
static void make_with_nuls(const struct hostile *h, const char *path)
{
    FILE *f = file_open(path);

    for (const char *p = h->parts[0].text; *p; p++)
        putc(*p == '%' ? 0 : *p, f);
    file_close(f);
}

static void put_noise(FILE *f, size_t n)
{
    uint32_t x = 2463534242u;

    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        putc((int)(x & 0xff), f);
    }
}

/* The first part as the head of a file of noise. */
static void make_noise(const struct hostile *h, const char *path)
{
    FILE *f = file_open(path);

    fputs(h->parts[0].text, f);
    fwrite("\0\0\0\rIHDR", 1, 8, f);
    put_noise(f, 20000);
    file_close(f);
}

static void make_nul_bytes(const struct hostile *h, const char *path)
{
    FILE *f = file_open(path);

    for (size_t i = 0; i < h->parts[0].times; i++)
        putc(0, f);
    file_close(f);
}

/* The first bytes of the program itself. */
static void make_program(const struct hostile *h, const char *path)
{
    int in = open(program_path(), O_RDONLY);
    FILE *f = file_open(path);
    char bytes[65536];
    ssize_t n = read(in, bytes, sizeof bytes);

    (void)h;
    assert_true(n > 1000);
    fwrite(bytes, 1, (size_t)n, f);
    close(in);
    file_close(f);
}

/* The first part, packed. */
static void make_gzip(const struct hostile *h, const char *path)
{
    const struct part *p = &h->parts[0];
    size_t len = strlen(p->text), chunk = len;
    gzFile z = gzopen(path, "wb1");
    char *bytes;

    while (chunk < 65536)
        chunk += len;
    bytes = malloc(chunk);
    assert_non_null(z);
    assert_non_null(bytes);
    for (size_t i = 0; i < chunk; i++)
        bytes[i] = p->text[0] == '%' ? '\0' : p->text[i % len];
    for (size_t left = p->times * len; left > 0;) {
        size_t n = left < chunk ? left : chunk;
        assert_int_equal(gzwrite(z, bytes, (unsigned)n), (int)n);
        left -= n;
    }
    assert_int_equal(gzclose(z), Z_OK);
    free(bytes);
}

/* The same, without its last bytes. */
static void make_cut_gzip(const struct hostile *h, const char *path)
{
    struct stat s;

    make_gzip(h, path);
    assert_int_equal(stat(path, &s), 0);
    assert_true(s.st_size > 100);
    assert_int_equal(truncate(path, s.st_size * 2 / 3), 0);
}

static void make_directory(const struct hostile *h, const char *path)
{
    (void)h;
    assert_int_equal(mkdir(path, 0755), 0);
}

static void make_fifo(const struct hostile *h, const char *path)
{
    (void)h;
    assert_int_equal(mkfifo(path, 0644), 0);
}

static void make_unreadable(const struct hostile *h, const char *path)
{
    make_parts(h, path);
    assert_int_equal(chmod(path, 0), 0);
}

static void make_nothing(const struct hostile *h, const char *path)
{
    (void)h;
    (void)path;
}

/* --- the table ------------------------------------------------------------------------ */

#define WORDS "The harbour was dredged in spring."
#define LAST "These last words stay."
#define PAGE HEAD "<p class=a>" LAST "</p>"
#define HEAD "<!DOCTYPE html><html><head><title>Harbour</title></head><body><p>" WORDS "</p>"

/* Tables are laid out by hand. */
/* clang-format off */
#define RUSSIAN \
    "Весной в гавани начали углублять дно, и рыбаки перегнали лодки к старому молу.\n" \
    "Городской совет обещал закончить работы к июлю, если погода не помешает.\n" \
    "Жители соседних улиц жалуются на шум, но соглашаются, что без этого нельзя.\n" \
    "Последний раз здесь копали ещё при отцах нынешних капитанов, лет сорок назад.\n" \
    "Вечером на набережной снова открылась чайная, и первые гости уже заняли места.\n"
#define RUSSIAN_LAST "Вечером на набережной снова открылась чайная"

#define ONCE(text) {text, 1}
#define LIMIT_SAID .code = EX_DATAERR, .says = "--max-size"
#define STAYS .code = 0, .holds = LAST

static const struct hostile table[] = {
    /* Hardly anything. */
    {"an_empty_file_is_an_empty_text", "empty.html", make_parts, {ONCE("")}, .equals = ""},
    {"one_byte_is_a_text", "one.txt", make_parts, {ONCE("x")}, .equals = "x\n"},
    {"one_less_than_sign_is_a_text", "lt.html", make_parts, {ONCE("<")}, .code = 0},
    {"white_space_is_an_empty_text", "white.txt", make_parts, {{" \t\r\n", 1000}}, .equals = ""},
    {"a_byte_order_mark_alone_is_an_empty_text", "bom.txt", make_parts,
     {ONCE("\xef\xbb\xbf")}, .equals = ""},

    /* Large. */
    {"a_line_of_100_MB_is_refused", "line.txt", make_parts, {{"harbour ", 12500000}}, LIMIT_SAID},
    {"a_word_of_5_MB_stays", "word.txt", make_parts,
     {{"h", 5000000}, ONCE("\n" LAST)}, STAYS, .at_least = 5000000},
    {"5_million_empty_lines_pass", "empty-lines.txt", make_parts,
     {{"\n", 5000000}, ONCE(LAST)}, STAYS},
    {"a_million_lines_of_one_character_pass", "lines.txt", make_parts,
     {{"h\n", 1000000}, ONCE(LAST)}, STAYS},
    {"a_million_numbered_lines_pass", "numbers.txt", make_parts,
     {{"@\n", 1000000}, ONCE(LAST)}, STAYS, .at_least = 6888890},
    {"300000_paragraphs_pass", "paragraphs.html", make_parts,
     {{"<p>@", 300000}, ONCE(LAST)}, STAYS},

    /* Deep. */
    {"a_million_nested_divs_keep_their_words", "deep.html", make_parts,
     {ONCE(HEAD), {"<div>", 1000000}, ONCE(LAST)}, STAYS},
    {"a_million_nested_bolds_keep_their_words", "bold.html", make_parts,
     {ONCE(HEAD), {"<b>", 1000000}, ONCE(LAST)}, STAYS, .or_limit = true},
    {"a_million_nested_unknown_elements_keep_their_words", "unknown.html", make_parts,
     {ONCE(HEAD), {"<x-y>", 1000000}, ONCE(LAST)}, STAYS},
    {"a_million_names_of_elements_keep_their_words", "names.html", make_parts,
     {ONCE(HEAD), {"<x-@></x-@>", 1000000}, ONCE(LAST)}, STAYS, .tenth = true},
    {"deep_tables_keep_their_words", "tables.html", make_parts,
     {ONCE(HEAD), {"<table><tr><td>", 50000}, ONCE(LAST)}, STAYS},
    {"deep_lists_keep_their_words", "lists.html", make_parts,
     {ONCE(HEAD), {"<ul><li>", 100000}, ONCE(LAST)}, STAYS},
    {"deep_templates_are_survived", "templates.html", make_parts,
     {ONCE(HEAD), {"<template>", 100000}, ONCE(LAST)}, .code = 0, .holds = WORDS},
    {"deep_svg_is_survived", "svg.html", make_parts,
     {ONCE(HEAD), {"<svg><foreignObject>", 50000}, ONCE(LAST)}, .code = 0, .holds = WORDS},
    {"deep_json_in_a_script_is_survived", "ld.html", make_parts,
     {ONCE(HEAD "<script type=\"application/ld+json\">"), {"[", 1000000},
      ONCE("</script><p>" LAST)}, STAYS},

    /* Costly for a parser. */
    {"40000_attributes_of_one_element_pass", "attributes.html", make_parts,
     {ONCE(HEAD "<p "), {"a@=b ", 40000}, ONCE(">" LAST)}, STAYS},
    {"40000_times_the_same_attribute_passes", "attribute.html", make_parts,
     {ONCE(HEAD "<p "), {"class=b ", 40000}, ONCE(">" LAST)}, STAYS},
    {"an_attribute_of_10_MB_passes", "value.html", make_parts,
     {ONCE(HEAD "<p class=\""), {"harbour ", 1250000}, ONCE("\">" LAST)}, STAYS},
    {"formatting_reopened_in_every_paragraph_passes", "fonts.html", make_parts,
     {ONCE(HEAD), {"<font size=@>", 3000}, {"<p>h", 3000}, ONCE("<p>" LAST)}, STAYS,
     .or_limit = true},
    {"formatting_closed_in_the_wrong_order_passes", "wrong-order.html", make_parts,
     {ONCE(HEAD), {"<b><p><i></b>h</p>", 20000}, ONCE(LAST)}, STAYS, .or_limit = true},
    {"links_within_links_pass", "links.html", make_parts,
     {ONCE(HEAD), {"<a href=@><div>", 20000}, ONCE(LAST)}, STAYS, .or_limit = true},
    {"end_tags_of_nothing_pass", "ends.html", make_parts,
     {ONCE(HEAD), {"</p></div></b></table>", 200000}, ONCE(LAST)}, STAYS},
    {"end_tags_below_a_deep_stack_pass", "deep-ends.html", make_parts,
     {ONCE(HEAD), {"<div>", 20000}, {"</x></span>", 20000}, ONCE(LAST)}, STAYS},
    {"words_in_a_table_outside_its_cells_stay", "foster.html", make_parts,
     {ONCE(HEAD), {"<table>h", 5000}, ONCE(LAST)}, STAYS, .or_limit = true},
    {"less_than_signs_pass", "lts.html", make_parts,
     {ONCE(HEAD), {"< ", 2000000}, ONCE(LAST)}, STAYS},
    {"a_million_references_pass", "references.html", make_parts,
     {ONCE(HEAD), {"&amp;&#x48;&nosuch;", 300000}, ONCE(LAST)}, STAYS},

    /* Never closed. */
    {"a_script_never_closed_keeps_what_stood_before", "script.html", make_parts,
     {ONCE(HEAD "<script>"), {"if (a < b) { c(\"</p>\"); }\n", 20000}}, .code = 0, .holds = WORDS},
    {"scripts_never_closed_pass", "scripts.html", make_parts,
     {ONCE(HEAD), {"<script><!--<script>", 200000}}, .code = 0, .holds = WORDS},
    {"a_comment_never_closed_keeps_what_stood_before", "comment.html", make_parts,
     {ONCE(HEAD "<!-- "), {"the rest of the page ", 20000}}, .code = 0, .holds = WORDS},
    {"comments_never_closed_pass", "comments.html", make_parts,
     {ONCE(HEAD), {"<!--", 1000000}}, .code = 0, .holds = WORDS},
    {"sections_never_closed_pass", "cdata.html", make_parts,
     {ONCE(HEAD), {"<![CDATA[", 300000}, {"<?", 300000}}, .code = 0, .holds = WORDS},
    {"a_title_never_closed_passes", "title.html", make_parts,
     {ONCE("<html><head><title>"), {"<p>" WORDS "</p>\n", 1000}}, .code = 0},
    {"a_quote_never_closed_keeps_what_stood_before", "quote.html", make_parts,
     {ONCE(HEAD "<p class=\""), {"<p>not seen</p>", 20000}}, .code = 0, .holds = WORDS},

    /* Costly for whoever looks for repeats. */
    {"one_sentence_100000_times_passes", "sentence.txt", make_parts,
     {{WORDS " It was the first time in ten years that the boats could not leave.\n",
       100000}, ONCE(LAST)}, STAYS},
    {"one_block_of_one_word_keeps_its_end", "block.html", make_parts,
     {ONCE(HEAD), {"harbour ", 300}, ONCE(LAST)}, STAYS},
    {"one_word_a_million_times_passes", "words.txt", make_parts,
     {{"harbour ", 1000000}, ONCE("\n" LAST)}, STAYS},
    {"two_lines_taking_turns_pass", "turns.txt", make_parts,
     {{"The boats lay in the old harbour until the dredger had left the bay again.\n"
       "On the quay nobody knew when the ferry to the island would sail in the end.\n", 30000},
      ONCE(LAST)}, STAYS},
    {"one_han_character_a_million_times_passes", "han.txt", make_parts,
     {{"\xe6\xb8\xaf", 1000000}, ONCE("\n" LAST)}, STAYS},
    {"two_han_characters_taking_turns_pass", "han-turns.txt", make_parts,
     {{"\xe6\xb8\xaf\xe5\x8f\xa3", 500000}, ONCE("\n" LAST)}, STAYS},
    {"a_paragraph_that_repeats_all_but_a_number_passes", "almost.html", make_parts,
     {{"<p>In the year @ the harbour was dredged, and nobody remembered the year before "
       "in which the boats had stayed out at sea.</p>", 20000}, ONCE("<p>" LAST)}, STAYS},

    /* Costly for whoever puts lines together. */
    {"lines_below_a_deep_stack_stay_apart", "breaks.html", make_parts,
     {{"<div>", 450}, ONCE("<p>"), {"word@<br>", 120000}, ONCE(LAST)}, .code = 0,
     .holds = "word119998\nword119999\n" LAST},
    {"one_word_on_many_lines_below_a_deep_stack_stays_apart", "breaks-same.html", make_parts,
     {{"<div>", 450}, ONCE("<p>"), {"word<br>", 120000}, ONCE(LAST)}, .code = 0,
     .holds = "word\nword\n", .at_least = 600000},
    {"a_million_lines_of_code_below_a_deep_stack_pass", "deep-pre.html", make_parts,
     {{"<div>", 500}, ONCE("<pre>"), {"h@\n", 1000000}, ONCE(LAST)}, STAYS},
    {"spaces_below_many_headlines_pass", "spaces.html", make_parts,
     {{"<h1><div>", 240}, {" ", 10000000}, ONCE(LAST)}, STAYS},
    {"two_million_headlines_pass", "headlines.html", make_parts,
     {{"<h1>a</h1>", 1900000}, ONCE("<p>" LAST)}, STAYS, .or_limit = true, .tenth = true},
    {"8_million_lines_are_refused", "many-lines.txt", make_parts,
     {{"ab\n", 8000000}, ONCE(LAST)}, .code = EX_DATAERR, .says = "lines, the limit"},

    /* Costly for the rules that ship. */
    {"200000_feet_of_an_article_keep_what_stands_above", "shares.txt", make_parts,
     {ONCE(LAST "\n\n"), {"Share.\n\n", 200000}, ONCE("Leave A Reply\n")}, STAYS},
    {"an_interview_of_wide_gaps_keeps_its_beginning", "gaps.txt", make_parts,
     {ONCE("\"Interfax News Agency\" JSC. All rights reserved\nJuly 3, 2020\nQuestion: Is the "
           "harbour deep?\nAnswer: " LAST "\n"), {"h@\n\n\n", 200000},
      ONCE("\xc2\xa9 1991\xe2\x80\x94" "2020\n")}, STAYS},

    /* Costly for the repair of words. */
    {"halves_of_words_pass", "halves.txt", make_parts,
     {{"uni on sel ect fr om wh ere upd ate in to ", 50000}, ONCE("\n" LAST)}, STAYS},

    /* Not UTF-8. */
    {"nul_bytes_in_a_text_are_left_out", "nuls.txt", make_with_nuls,
     {ONCE("The harbour% was dredged% in spring, and %the boats were moved to the old "
           "quay.\n" LAST)},
     .code = 0, .holds = "The harbour was dredged in spring, and the boats"},
    {"a_broken_byte_costs_no_neighbour", "broken.html", make_parts,
     {ONCE("<meta charset=utf-8><p>Prices r\xc3\xb6se by 5 \xe2\x82\xac at caf\xc3\xa9s \xff and "
           "h\xc3\xb4tels of the harbour. " LAST)}, STAYS},
    {"broken_bytes_pass", "bytes.txt", make_parts,
     {{"\xe2\x28\xa1 \xf0\x28\x8c\x28 h ", 200000}, ONCE("\n" LAST)}, .code = 0, .or_limit = true},
    {"utf_16_with_a_mark_is_read", "utf16le-bom.txt", make_converted,
     {ONCE("\xef\xbb\xbf" RUSSIAN)}, .charset = "UTF-16LE", .code = 0, .holds = RUSSIAN_LAST},
    {"utf_16_big_endian_with_a_mark_is_read", "utf16be-bom.txt", make_converted,
     {ONCE("\xef\xbb\xbf" RUSSIAN)}, .charset = "UTF-16BE", .code = 0, .holds = RUSSIAN_LAST},
    {"utf_16_without_a_mark_is_read", "utf16le.html", make_converted,
     {ONCE("<html><body><p>" WORDS "</p><p>" LAST "</p></body></html>")}, .charset = "UTF-16LE",
     STAYS},
    {"utf_16_big_endian_without_a_mark_is_read", "utf16be.html", make_converted,
     {ONCE("<html><body><p>" WORDS "</p><p>" LAST "</p></body></html>")}, .charset = "UTF-16BE",
     STAYS},
    {"windows_1251_that_nobody_declared_is_read", "1251.txt", make_converted,
     {ONCE(RUSSIAN)}, .charset = "WINDOWS-1251", .code = 0, .holds = RUSSIAN_LAST, .says = "note"},
    {"koi8_r_that_nobody_declared_is_read", "koi8.txt", make_converted,
     {ONCE(RUSSIAN)}, .charset = "KOI8-R", .code = 0, .holds = RUSSIAN_LAST},

    /* Packed. */
    {"a_gzip_that_is_cut_off_is_refused", "cut.html.gz", make_cut_gzip,
     {{"<p>In spring the harbour was dredged again.</p>\n", 20000}}, .code = EX_DATAERR},
    {"1_GB_of_packed_zeros_is_refused", "zeros.gz", make_gzip,
     {{"%", (size_t)1 << 30}}, LIMIT_SAID},
    {"1_GB_of_packed_spaces_is_refused", "spaces.gz", make_gzip,
     {{" ", (size_t)1 << 30}}, LIMIT_SAID},
    {"the_head_of_a_gzip_alone_is_refused", "head.gz", make_parts,
     {ONCE("\x1f\x8b\x08")}, .code = EX_DATAERR},

    /* Rule files. */
    {"a_rule_file_of_one_line_of_4_MB_passes", "global.txt", make_parts,
     {ONCE("strip: "), {"h", 4000000}}, .page = PAGE, STAYS, .says = "longer than"},
    {"a_rule_file_of_one_line_of_4_MB_is_linted", "line.example.txt", make_parts,
     {ONCE("strip: "), {"h", 4000000}}, .verb = "lint", .code = EX_CONFIG, .holds = "longer than"},
    {"a_pattern_of_4_MB_is_named", "global.txt", make_parts,
     {ONCE("drop_line: /"), {"h", 4000000}, ONCE("/")}, .page = PAGE, STAYS, .says = "too large"},
    {"a_rule_file_of_5_MB_is_refused", "global.txt", make_parts,
     {{"# a comment\n", 500000}}, .page = PAGE, .code = EX_CONFIG, .says = "larger than a rule file"},
    {"100000_strip_lines_pass", "global.txt", make_parts,
     {{"strip: //b[.='@']\n", 100000}}, .page = PAGE, STAYS, .tenth = true},
    {"100000_strip_lines_are_linted", "strip.example.txt", make_parts,
     {{"strip: //b[.='x@']\n", 100000}}, .verb = "lint", .code = 0, .tenth = true},
    {"100000_whole_classes_pass", "global.txt", make_parts,
     {{"strip_id_or_class(token): c@\n", 100000}}, .page = PAGE, STAYS},
    {"100000_parts_of_classes_pass", "global.txt", make_parts,
     {{"strip_id_or_class: c@\n", 100000}}, .page = PAGE, STAYS},
    {"50000_titles_that_are_not_there_pass", "global.txt", make_parts,
     {{"title: //h9[@]\n", 50000}}, .page = PAGE, STAYS, .tenth = true},
    {"an_xpath_in_20000_parentheses_is_named", "global.txt", make_parts,
     {ONCE("title: "), {"(", 20000}, ONCE("//p"), {")", 20000}}, .page = PAGE, STAYS,
     .says = "the line is not applied"},
    {"an_xpath_of_60000_signs_passes", "global.txt", make_parts,
     {ONCE("title: "), {"-", 60000}, ONCE("1")}, .page = PAGE, STAYS},
    {"elements_moved_into_one_another_stay", "global.txt", make_parts,
     {{"move_into(//p[1]): //p[2]\nmove_into(//p[2]): //p[1]\nmove_into(//p): //*\n"
       "move_into(//p): //p/attribute::class\n", 2000}}, .page = PAGE, STAYS},
    {"everything_wrapped_and_dissolved_stays", "global.txt", make_parts,
     {{"wrap_in(blockquote): //*\ndissolve: //*\n", 2000}}, .page = PAGE, STAYS},
    {"sections_by_the_thousand_are_bounded", "sections.example.txt", make_parts,
     {{"section: s@\nmatch_text: /x@/\ndrop_line: /y@/\n", 5000}}, .verb = "lint",
     .code = EX_CONFIG, .holds = "more than 1000 sections"},
    {"lines_that_only_seem_dates_are_named", "dates.example.txt", make_parts,
     {ONCE("valid_from: 2023-02-29\nvalid_until: 0000-00-00\nvalid_from: 99999-01-01\n"
           "max_drop: 4294967297\npriority: 99999999999999999999\n")}, .verb = "lint",
     .code = EX_CONFIG, .holds = "99999999999999999999\" is no number"},
    {"a_pattern_with_too_many_ways_is_stopped", "global.txt", make_parts,
     {ONCE("drop_line: /^(h+)+$/\n")}, .page = PAGE "<p>hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh!",
     STAYS, .says = "the pattern takes too long"},
    {"a_test_of_an_endless_page_fails", "zero.example.txt", make_parts,
     {ONCE("test_file: /dev/zero\ntest_contains: h\n")}, .verb = "test", .code = EX_CONFIG,
     .holds = "not a regular file"},
    {"a_test_of_the_rule_file_itself_passes", "self.example.txt", make_parts,
     {ONCE("test_file: self.example.txt\ntest_contains: self.example.txt\n")}, .verb = "test",
     .code = 0, .holds = "1 tests, 0 failed"},
    {"a_fifo_is_no_rule_file", "fifo.txt", make_fifo,
     {ONCE("")}, .verb = "lint", .code = EX_NOINPUT, .says = "not a regular file"},
    {"a_rule_file_may_be_a_page", "page.txt", make_parts,
     {{"strip: //b[.='@']\n", 100000}, ONCE(LAST)}, STAYS},

    /* No page. */
    {"a_picture_is_refused", "picture.png", make_noise,
     {ONCE("\x89PNG\r\n\x1a\n")}, .code = EX_DATAERR},
    {"a_picture_named_html_is_refused", "picture.html", make_noise,
     {ONCE("\x89PNG\r\n\x1a\n")}, .code = EX_DATAERR},
    {"a_program_is_refused", "program.html", make_program, {ONCE("")}, .code = EX_DATAERR},
    {"an_archive_is_refused", "archive.html", make_noise,
     {ONCE("PK\x03\x04\x14")}, .code = EX_DATAERR},
    {"a_megabyte_of_nuls_is_refused", "nul.html", make_nul_bytes,
     {{"", 1 << 20}}, .code = EX_DATAERR},
    {"zeros_without_end_are_refused", "", make_nothing, {ONCE("")}, .in = "/dev/zero", LIMIT_SAID},

    /* No file. */
    {"a_missing_file_is_named", "missing.html", make_nothing,
     {ONCE("")}, .code = EX_NOINPUT, .says = "missing.html"},
    {"a_folder_without_an_output_is_refused", "folder", make_directory,
     {ONCE("")}, .code = EX_USAGE, .says = "-o"},
    {"a_folder_is_not_explained", "folder2", make_directory,
     {ONCE("")}, .command = "explain", .code = EX_USAGE, .says = "explain takes one page"},
    {"a_fifo_is_refused_and_not_waited_for", "fifo", make_fifo,
     {ONCE("")}, .code = EX_NOINPUT, .says = "not a regular file"},
    {"a_file_without_permission_is_named", "forbidden.html", make_unreadable,
     {ONCE(HEAD)}, .nobody = true, .code = EX_NOINPUT, .says = "ermission"},
    {"a_full_disk_is_an_error", "full.html", make_parts,
     {ONCE(HEAD)}, .out = "/dev/full", .code = EX_IOERR, .says = "; "},
};
/* clang-format on */

/* --- a run ------------------------------------------------------------------------------ */


static void assert_words(const struct hostile *h, const struct run *r)
{
    if (h->equals && strcmp(r->out, h->equals) != 0)
        fail_msg("the output is \"%.300s\", not \"%s\"", r->out, h->equals);
    if (h->holds)
        assert_out(r, h->holds);
    if (r->out_len < h->at_least)
        fail_msg("%zu bytes of output, not %zu", r->out_len, h->at_least);
}

static void assert_outcome(const struct hostile *h, const struct run *r)
{
    assert_utf8(r);
    if (h->or_limit && r->code == EX_DATAERR) {
        assert_err(r, "limit");
        return;
    }
    assert_code(r, h->code);
    assert_words(h, r);
    if (h->says)
        assert_err(r, h->says);
    if (h->code != 0) {
        if (!h->verb) /* findings are many lines, and no error of the program */
            assert_one_error(r);
        if (!h->verb && h->command == NULL && h->code != EX_IOERR)
            assert_int_equal(r->out_len, 0);
    }
    if (!sanitized && r->rss > MAX_RSS)
        fail_msg("took %ld MB of memory", r->rss >> 10);
}

enum { ARGS_MOST = 8 };

/* What winnow is to do with the file. */
static void set_args(const struct hostile *h, const char **args)
{
    const char *file = h->in ? NULL : path_of(h->file);
    if (h->verb) {
        memcpy(args, ((const char *[]){"rules", h->verb, file}), 3 * sizeof *args);
    } else if (h->page) {
        make_file("page.html", h->page);
        memcpy(args, ((const char *[]){"clean", "--no-default-rules", "--rules", file,
                                       path_of("page.html")}), 5 * sizeof *args);
    } else {
        args[0] = h->command ? h->command : "clean";
        args[1] = file;
    }
}

static void hostile_run(void **state)
{
    const struct hostile *h = *state;
    const char *args[ARGS_MOST] = {NULL};
    struct run r;

    set_args(h, args);
    h->make(h, path_of(h->file));
    r = run_launch((struct launch){.args = args, .in = h->in, .out = h->out, .nobody = h->nobody});
    if (*h->file)
        remove(path_of(h->file));
    if (r.code == CANNOT_RUN) {
        print_message("the program cannot be run without root's rights here\n");
        run_free(&r);
        skip();
    }
    print_message("%.2f s, %ld MB, exit code %d\n", r.seconds, r.rss >> 10, r.code);
    assert_outcome(h, &r);
    run_free(&r);
}

static int start(void **state)
{
    (void)state;
    folder_make();
    sanitized = program_is_sanitized();
    if (sanitized)
        print_message("a sanitised program: its memory is not judged\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* An argument picks lines by name: '*never_closed*'. */
int main(int argc, char **argv)
{
    static struct CMUnitTest tests[sizeof table / sizeof *table];

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tests[i].name = table[i].name;
        tests[i].test_func = hostile_run;
        tests[i].initial_state = (void *)(uintptr_t)&table[i];
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("hostile", tests, start, stop);
}
