/* test_parse.c - HTML to the tree: the same for every parser of the build.
 *
 * A tree is written as one line and compared: <name a="v">text...</name>.  Where HTML5
 * and libxml2 differ by right, only what both hold is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parse.h"
#include "prescan.h"
#include "tree_fill.h"

static const struct winnow_limits plenty = {
    .max_bytes = 64 << 20,
    .max_nodes = 4000000,
    .max_depth = 512,
    .max_attrs = 256,
};

/* --- helpers ----------------------------------------------------------------------- */

/* What holds for every tree, however the page looks. */
static void expect_sound(const struct tree *t)
{
    assert_true(t->count > 0);
    assert_int_equal(t->nodes[0].parent, NODE_NONE);
    assert_int_equal(t->nodes[0].end, t->count);
    assert_int_equal(t->nodes[0].text_end, t->text.len);
    uint32_t text = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct node *n = &t->nodes[i];
        assert_int_equal(n->text_start, text);
        assert_true(n->end > i && n->end <= t->count && n->text_end >= n->text_start);
        if (n->tag == TAG_TEXT) {
            text = n->text_end;
            assert_int_equal(n->end, i + 1);
            assert_int_equal(n->nattrs, 0);
        }
        if (i == 0)
            continue;
        const struct node *parent = &t->nodes[n->parent];
        assert_true(n->parent < i && n->end <= parent->end && n->text_end <= parent->text_end);
        assert_int_equal(n->depth, parent->depth + 1);
        assert_true(n->attrs + (size_t)n->nattrs <= t->nattrs);
    }
    assert_int_equal(text, t->text.len);
}

static void parse_with(const struct parser *parser, struct slice html,
                       const struct winnow_limits *limits, struct tree *ret)
{
    struct winnow_error err = {0};
    int status = parse_html(parser, html, limits, ret, &err);
    if (status != WINNOW_OK)
        fail_msg("%s: %s", parser->name, err.text);
    expect_sound(ret);
}

static void write_node(const struct tree *t, uint32_t i, struct buf *to)
{
    if (t->nodes[i].tag == TAG_TEXT) {
        struct slice s = tree_node_text(t, i);
        buf_add(to, s.p, s.len);
        return;
    }
    struct slice name = tree_tag_name(t, i);
    buf_addf(to, "<%.*s", (int)name.len, name.p);
    for (size_t a = t->nodes[i].attrs; a < (size_t)t->nodes[i].attrs + t->nodes[i].nattrs; a++)
        buf_addf(to, " %.*s=\"%.*s\"", (int)t->attrs[a].name.len, t->attrs[a].name.p,
                 (int)t->attrs[a].value.len, t->attrs[a].value.p);
    buf_adds(to, ">");
    for (uint32_t child = i + 1; child < t->nodes[i].end; child = t->nodes[child].end)
        write_node(t, child, to);
    buf_addf(to, "</%.*s>", (int)name.len, name.p);
}

static uint32_t find(const struct tree *t, const char *name)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->nodes[i].tag != TAG_TEXT && slice_is(tree_tag_name(t, i), name))
            return i;
    return NODE_NONE;
}

/* Every parser makes want of the body. */
static void expect_body(const char *html, const char *want)
{
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        struct buf got;
        buf_init(&got, 1 << 20);
        parse_with(parser_at(i), slice_of(html), &plenty, &t);
        uint32_t body = find(&t, "body");
        assert_int_not_equal(body, NODE_NONE);
        write_node(&t, body, &got);
        if (strcmp(got.data, want) != 0)
            fail_msg("%s makes %s\nof %s\nand not %s", parser_at(i)->name, got.data, html, want);
        buf_free(&got);
        tree_free(&t);
    }
}

/* Every parser finds exactly this text, white space aside. */
static void expect_text(const char *html, const char *want)
{
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        struct buf got;
        buf_init(&got, 1 << 20);
        parse_with(parser_at(i), slice_of(html), &plenty, &t);
        for (size_t k = 0; k < t.text.len; k++)
            if (!strchr(" \t\r\n", t.text.data[k]))
                buf_addc(&got, t.text.data[k]);
        if (!slice_is(buf_slice(&got), want))
            fail_msg("%s finds %s\nin %s\nand not %s", parser_at(i)->name, got.data, html, want);
        buf_free(&got);
        tree_free(&t);
    }
}

static struct buf repeated(const char *start, const char *piece, size_t times, const char *end)
{
    struct buf ret;
    buf_init(&ret, 64 << 20);
    buf_adds(&ret, start);
    for (size_t i = 0; i < times; i++) {
        /* @ becomes the number, so that no two pieces are alike. */
        for (const char *p = piece; *p; p++)
            *p == '@' ? buf_addf(&ret, "%zu", i) : buf_addc(&ret, *p);
    }
    buf_adds(&ret, end);
    assert_int_equal(ret.status, WINNOW_OK);
    return ret;
}

static unsigned deepest(const struct tree *t)
{
    unsigned ret = 0;
    for (size_t i = 0; i < t->count; i++)
        ret = t->nodes[i].depth > ret ? t->nodes[i].depth : ret;
    return ret;
}

/* --- what a page holds -------------------------------------------------------------- */

static void builds_the_tree_of_a_plain_page(void **state)
{
    (void)state;
    expect_body("<!doctype html><html><head><title>T</title></head><body class=\"a b\">"
                "<h1 id=top>Head</h1><p>One <b>two</b> three</p><img src=x.png></body></html>",
                "<body class=\"a b\"><h1 id=\"top\">Head</h1><p>One <b>two</b> three</p>"
                "<img src=\"x.png\"></img></body>");
}

static void lowers_names_of_elements_and_attributes(void **state)
{
    (void)state;
    expect_body("<BODY><DIV CLASS=Big>x</DIV></BODY>", "<body><div class=\"Big\">x</div></body>");
}

static void closes_what_html_lets_stay_open(void **state)
{
    (void)state;
    expect_body("<body><p>a<p>b<ul><li>c<li>d</ul></body>",
                "<body><p>a</p><p>b</p><ul><li>c</li><li>d</li></ul></body>");
}

static void names_elements_that_the_table_does_not_list(void **state)
{
    (void)state;
    expect_body("<body><my-card>a</my-card><acronym>b</acronym><my-card>c</my-card></body>",
                "<body><my-card>a</my-card><acronym>b</acronym><my-card>c</my-card></body>");
}

static void decodes_entities_in_text_and_attributes(void **state)
{
    (void)state;
    expect_body("<body><p title=\"a&amp;b &eacute;\">x &lt; y &#8212; &#x41;&nbsp;z</p></body>",
                "<body><p title=\"a&b é\">x < y — A\xc2\xa0z</p></body>");
}

static void keeps_text_in_one_piece(void **state)
{
    (void)state;
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        parse_with(parser_at(i), slice_of("<p>a &amp; b &lt; c &eacute;</p>"), &plenty, &t);
        uint32_t p = find(&t, "p");
        assert_int_equal(t.nodes[p].end, p + 2);
        assert_true(slice_is(tree_node_text(&t, p + 1), "a & b < c é"));
        tree_free(&t);
    }
}

static void leaves_comments_doctype_and_instructions_out(void **state)
{
    (void)state;
    expect_text("<!doctype html><!-- no --><?php echo 1 ?><p>yes<!-- <p>no --></p>", "yes");
}

static void keeps_text_of_every_kind_of_element(void **state)
{
    (void)state;
    expect_text("<head><title>a</title><style>b{}</style><script>c</script></head><body>"
                "<noscript><p>d</p></noscript><template><p>e</p></template>"
                "<textarea>f</textarea><svg><text>g</text></svg>h</body>",
                "ab{}cdefgh");
}

static void reads_noscript_as_markup(void **state)
{
    (void)state;
    expect_body("<body><noscript><p>a</p></noscript></body>",
                "<body><noscript><p>a</p></noscript></body>");
}

static void walks_into_templates_within_templates(void **state)
{
    (void)state;
    expect_body("<body><template><i>a</i><template>b</template></template>c</body>",
                "<body><template><i>a</i><template>b</template></template>c</body>");
}

static void leaves_script_content_unread_as_markup(void **state)
{
    (void)state;
    expect_body("<body><script>if (a<b) x('<p>');</script>y</body>",
                "<body><script>if (a<b) x('<p>');</script>y</body>");
}

static void keeps_text_behind_the_end_of_html(void **state)
{
    (void)state;
    expect_text("<html><body><p>a</p></body></html>b<p>c</p>", "abc");
}

static void keeps_text_in_front_of_html(void **state)
{
    (void)state;
    expect_text("a<html><body>b</body></html>", "ab");
}

static void keeps_text_of_framesets(void **state)
{
    (void)state;
    expect_text("<html><head></head><frameset cols=\"1,2\"><frame src=a>loose"
                "<noframes>none</noframes></frameset></html>",
                "loosenone");
}

static void takes_cdata_in_svg_for_text(void **state)
{
    (void)state;
    expect_text("<body>a<svg><text><![CDATA[b<c>&d]]></text></svg>e</body>", "ab<c>&de");
}

static void keeps_text_that_stands_loose_in_tables(void **state)
{
    (void)state;
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        parse_with(parser_at(i), slice_of("<table>stray<tr><td>cell</td></tr></table>"), &plenty,
                   &t);
        assert_non_null(memmem(t.text.data, t.text.len, "stray", 5));
        assert_non_null(memmem(t.text.data, t.text.len, "cell", 4));
        tree_free(&t);
    }
}

static void believes_in_utf8_whatever_meta_says(void **state)
{
    (void)state;
    expect_text("<head><meta charset=windows-1251><meta http-equiv=Content-Type "
                "content=\"text/html; charset=koi8-r\"></head><body>жизнь 中文</body>",
                "жизнь中文");
}

static void makes_a_root_of_an_empty_page(void **state)
{
    (void)state;
    static const char *const pages[] = {"", " ", "<!-- -->", "<", "</", "&", "<!", "text"};
    for (size_t i = 0; parser_at(i); i++) {
        for (size_t k = 0; k < sizeof pages / sizeof *pages; k++) {
            struct tree t;
            parse_with(parser_at(i), slice_of(pages[k]), &plenty, &t);
            assert_int_equal(t.nodes[0].tag, TAG_HTML);
            tree_free(&t);
        }
    }
}

static void finds_attributes_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        parse_with(parser_at(i), slice_of("<p id=a data-x='1 2' hidden class=\"\">x"), &plenty, &t);
        uint32_t p = find(&t, "p");
        assert_true(slice_is(tree_get_attr(&t, p, "data-x"), "1 2"));
        assert_non_null(tree_get_attr(&t, p, "hidden").p);
        assert_int_equal(tree_get_attr(&t, p, "class").len, 0);
        assert_null(tree_get_attr(&t, p, "dat").p);
        tree_free(&t);
    }
}

static void needs_the_page_no_more_once_it_is_a_tree(void **state)
{
    (void)state;
    for (size_t i = 0; parser_at(i); i++) {
        char *page = strdup("<body><x-tag some-attr='value'>text</x-tag>");
        struct tree t;
        parse_with(parser_at(i), slice_of(page), &plenty, &t);
        memset(page, '?', strlen(page));
        free(page);
        uint32_t x = find(&t, "x-tag");
        assert_true(slice_is(tree_get_attr(&t, x, "some-attr"), "value"));
        assert_true(slice_is(tree_node_text(&t, x), "text"));
        tree_free(&t);
    }
}

/* --- bounds ------------------------------------------------------------------------- */

static void keeps_all_text_of_what_is_nested_too_deep(void **state)
{
    (void)state;
    struct winnow_limits limits = plenty;
    limits.max_depth = 20;
    struct buf page = repeated("<body>", "<div>w@ ", 100, "end");
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        parse_with(parser_at(i), buf_slice(&page), &limits, &t);
        assert_true(deepest(&t) <= 20);
        assert_true(t.flattened >= 80);
        assert_int_equal(t.unnested, 0);
        char *at = t.text.data;
        for (size_t n = 0; n < 100; n++) {
            char word[16];
            snprintf(word, sizeof word, "w%zu ", n);
            at = strstr(at, word);
            if (!at)
                fail_msg("%s loses %s", parser_at(i)->name, word);
        }
        assert_non_null(strstr(at, "end"));
        tree_free(&t);
    }
    buf_free(&page);
}

/* Every parser's tree of html, written out, holds this part. */
static void expect_part(struct slice html, const struct winnow_limits *limits, const char *part)
{
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        struct buf got;
        buf_init(&got, 1 << 20);
        parse_with(parser_at(i), html, limits, &t);
        write_node(&t, 0, &got);
        assert_non_null(strstr(got.data, part));
        buf_free(&got);
        tree_free(&t);
    }
}

static void puts_a_break_between_blocks_that_it_flattens(void **state)
{
    (void)state;
    struct winnow_limits limits = plenty;
    limits.max_depth = 20;
    struct buf page = repeated("<body>", "<div>", 40, "<div>one</div>two<span>three</span>");
    expect_part(buf_slice(&page), &limits, "one<br></br>twothree");
    buf_free(&page);
}

static void stands_right_again_behind_what_it_flattened(void **state)
{
    (void)state;
    struct winnow_limits limits = plenty;
    limits.max_depth = 20;
    struct buf page = repeated("<body><section>", "<div>", 50, "");
    for (int i = 0; i < 50; i++)
        buf_adds(&page, "</div>");
    buf_adds(&page, "<p>after</p></section><p>last</p>");
    expect_part(buf_slice(&page), &limits, "</div><p>after</p></section><p>last</p></body>");
    buf_free(&page);
}

static void forgets_what_it_flattened_when_that_is_closed_from_outside(void **state)
{
    (void)state;
    struct winnow_limits limits = plenty;
    limits.max_depth = 20;
    struct buf page = repeated("<body><section>", "<span>", 50, "</section><span>one</span>two");
    expect_part(buf_slice(&page), &limits, "</section><span>one</span>two</body>");
    buf_free(&page);
}

/* Of start, and then many a piece: every parser makes fewer nodes than this. */
static void expect_fewer_nodes(struct buf page, const char *piece, size_t times, size_t most)
{
    for (size_t n = 0; n < times; n++)
        buf_adds(&page, piece);
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        parse_with(parser_at(i), buf_slice(&page), &plenty, &t);
        if (t.count >= most)
            fail_msg("%s makes %zu nodes", parser_at(i)->name, t.count);
        tree_free(&t);
    }
    buf_free(&page);
}

static void opens_few_formatting_elements_again(void **state)
{
    (void)state;
    expect_fewer_nodes(repeated("<p>", "<b id=@>", 200, ""), "<p>x", 500, 20000);
}

static void opens_formatting_elements_again_a_bounded_number_of_times(void **state)
{
    (void)state;
    expect_fewer_nodes(repeated("<p>", "<b id=@>", 10, ""), "<p>x", 8000, 80000);
}

static void flattens_what_is_all_tags_in_the_depth(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<hr>", "<li>", "<span></span>"};
    for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
        struct buf page = repeated("", "<div>", 500, "");
        for (size_t n = 0; n < 300000; n++)
            buf_adds(&page, pieces[k]);
        buf_adds(&page, "word");
        for (size_t i = 0; parser_at(i); i++) {
            struct tree t;
            parse_with(parser_at(i), buf_slice(&page), &plenty, &t);
            if (t.unnested == 0)
                fail_msg("%s walks the stack for every %s", parser_at(i)->name, pieces[k]);
            assert_int_equal(t.flattened, 0);
            assert_true(slice_is(buf_slice(&t.text), "word"));
            tree_free(&t);
        }
        buf_free(&page);
    }
}

static uint32_t block_around(const struct tree *t, uint32_t i)
{
    do
        i = t->nodes[i].parent;
    while (i != NODE_NONE && !(tag_flags(t->nodes[i].tag) & TAG_BLOCK));
    return i;
}

/* Every text is one word, and between two of them a line ends. */
static void expect_words_apart(const struct tree *t, const char *what)
{
    uint32_t last = NODE_NONE;
    bool apart = true;
    for (uint32_t i = 0; i < t->count; i++) {
        unsigned tag = t->nodes[i].tag;
        apart = apart || tag == TAG_BR || (tag_flags(tag) & TAG_BLOCK);
        if (tag != TAG_TEXT)
            continue;
        if (tree_node_text(t, i).len > strlen("word") ||
            (!apart && block_around(t, i) == block_around(t, last)))
            fail_msg("%s glues words together", what);
        apart = false;
        last = i;
    }
}

/* deep, 450 or 600 times: what walks the stack, and what fills it. */
static const struct {
    const char *deep, *start, *piece;
} words_apart[] = {
    {"<div>", "<p>", "word<br>"},
    {"<div>", "", "word<hr>"},
    {"<div>", "", "word<p>"},
    {"<div>", "", "<p>word</p>"},
    {"<div>", "", "word<div>"},
    {"<div>", "", "word</div><div>"},
    {"<div>", "<ul>", "<li>word"},
    {"<div>", "<table>", "<tr><td>word"},
    {"<div>", "<select>", "<option>word"},
    {"<div>", "<select><option>x</select>", "<br>word<select></select>"},
    {"<div>", "", "word<svg><br>"},
    {"<svg>", "", "word<br>"},
    {"<svg>", "", "word<div>"},
    {"<math>", "", "word<section>"},
};

static void keeps_words_apart_where_it_leaves_tags_out(void **state)
{
    (void)state;
    enum { TIMES = 120000 };
    for (size_t k = 0; k < 2 * sizeof words_apart / sizeof *words_apart; k++) {
        const char *deep = words_apart[k / 2].deep, *piece = words_apart[k / 2].piece;
        size_t depth = k % 2 ? 600 : 450;
        struct buf page = repeated("", deep, depth, words_apart[k / 2].start);
        for (size_t n = 0; n < TIMES; n++)
            buf_adds(&page, piece);
        for (size_t i = 0; parser_at(i); i++) {
            struct tree t;
            char what[100];
            snprintf(what, sizeof what, "%s, %zu %s: %s", parser_at(i)->name, depth, deep, piece);
            parse_with(parser_at(i), buf_slice(&page), &plenty, &t);
            expect_words_apart(&t, what);
            tree_free(&t);
        }
        buf_free(&page);
    }
}

static void holds_little_memory_for_a_page_that_is_all_tags(void **state)
{
    (void)state;
    struct buf page = repeated("", "<p>", 1300000, "");
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        struct mallinfo2 before = mallinfo2(); /* all 0 under a sanitizer */
        parse_with(parser_at(i), buf_slice(&page), &plenty, &t);
        struct mallinfo2 after = mallinfo2();
        size_t held = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
        if (held > (160u << 20))
            fail_msg("%s holds %zu MiB", parser_at(i)->name, held >> 20);
        tree_free(&t);
    }
    buf_free(&page);
}

/* The next parser of the table takes over only what is made to hurt. */
static void reads_long_plain_pages_with_the_parser_asked_for(void **state)
{
    (void)state;
    struct buf page = repeated(
        "", "<p class=a id=b title=c>A line of text and <a href=d>a link</a>", 50000, "");
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t, small;
        parse_with(parser_at(i), slice_of("<p>x"), &plenty, &small);
        parse_with(parser_at(i), buf_slice(&page), &plenty, &t);
        assert_true(t.owner_free == small.owner_free);
        tree_free(&small);
        tree_free(&t);
    }
    buf_free(&page);
}

static void touches_no_page_that_is_within_the_bounds(void **state)
{
    (void)state;
    struct buf page =
        repeated("<body>", "<div><p>a<ul><li>b<li>c</ul><b><i>d</i></b><br></div>", 2000, "");
    struct buf items = repeated("<body><ul>", "<li>a<p>b<p>c", 2000, "</ul>");
    struct buf cells = repeated("<body><table>", "<tr><td>a<td>b", 2000, "</table>");
    const struct buf *pages[] = {&page, &items, &cells};
    for (size_t i = 0; parser_at(i); i++) {
        for (size_t k = 0; k < 3; k++) {
            struct tree t;
            parse_with(parser_at(i), buf_slice(pages[k]), &plenty, &t);
            assert_int_equal(t.flattened, 0);
            assert_int_equal(t.unnested, 0);
            assert_int_equal(t.attrs_dropped, 0);
            tree_free(&t);
        }
    }
    buf_free(&page);
    buf_free(&items);
    buf_free(&cells);
}

static void keeps_the_first_attributes_of_too_many(void **state)
{
    (void)state;
    struct buf page = repeated("<body><p", " a@=v@", 1000, ">text</p>");
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        parse_with(parser_at(i), buf_slice(&page), &plenty, &t);
        uint32_t p = find(&t, "p");
        assert_int_equal(t.nodes[p].nattrs, plenty.max_attrs);
        assert_true(slice_is(tree_get_attr(&t, p, "a0"), "v0"));
        assert_true(slice_is(tree_get_attr(&t, p, "a255"), "v255"));
        assert_int_equal(t.attrs_dropped, 1000 - plenty.max_attrs);
        assert_true(slice_is(tree_node_text(&t, p), "text"));
        tree_free(&t);
    }
    buf_free(&page);
}

static void refuses_more_nodes_than_allowed_and_says_what_to_do(void **state)
{
    (void)state;
    struct winnow_limits limits = plenty;
    limits.max_nodes = 100;
    struct buf page = repeated("", "<p>x</p>", 200, "");
    for (size_t i = 0; parser_at(i); i++) {
        struct tree t;
        struct winnow_error err = {0};
        assert_int_equal(parse_html(parser_at(i), buf_slice(&page), &limits, &t, &err),
                         WINNOW_ELIMIT);
        assert_int_equal(err.status, WINNOW_ELIMIT);
        assert_non_null(strstr(err.text, "100"));
        assert_non_null(strstr(err.text, "max_nodes"));
        tree_free(&t);
    }
    buf_free(&page);
}

static void copies_only_what_is_out_of_bounds_beforehand(void **state)
{
    (void)state;
    struct prescan counts;
    struct buf out;
    struct slice ret, html = slice_of("<p a=1>x<script>'<div>'</script><!-- <b> --></p>");
    buf_init(&out, 1 << 20);
    assert_int_equal(prescan(html, &plenty, &out, &ret, &counts), WINNOW_OK);
    assert_ptr_equal(ret.p, html.p);
    assert_int_equal(ret.len, html.len);
    struct winnow_limits limits = plenty;
    limits.max_attrs = 1;
    html = slice_of("<p a='>' b=\">\" c>x</p><!-- <p a b> --><i d/>");
    assert_int_equal(prescan(html, &limits, &out, &ret, &counts), WINNOW_OK);
    assert_true(slice_is(ret, "<p a='>'  >x</p><!-- <p a b> --><i d/>"));
    assert_int_equal(counts.attrs_dropped, 2);
    buf_free(&out);
}

/* --- pages made to hurt ----------------------------------------------------------------- */

struct hostile {
    const char *name, *start, *piece, *end;
};

static const struct hostile hostile[] = {
    {"nested div", "", "<div>", "word"},
    {"nested div with text", "", "<div>a", "word"},
    {"formatting in every paragraph", "", "<p><b id=@>x", "word"},
    {"open font", "", "<font>x", "word"},
    {"open links", "", "<a>x", "word"},
    {"crossed formatting", "", "<b><i></b></i>x", "word"},
    {"links in tables", "", "<a><table><a>x", "word"},
    {"nested tables", "", "<table><tr><td>x", "word"},
    {"text loose in a table", "<table>", "xx</x>", "word"},
    {"nested select", "", "<select><option>x", "word"},
    {"open lists", "", "<ul><li>x", "word"},
    {"svg in svg", "", "<svg>x", "word"},
    {"html in svg in html", "", "<svg><foreignObject><div>x", "word"},
    {"math", "", "<math><mi>x", "word"},
    {"templates", "", "<template><tr><td>x", "word"},
    {"objects", "", "<object><b>x", "word"},
    {"forms", "", "<form><div></form>x", "word"},
    {"body again and again", "", "<body a@=1>x", "word"},
    {"attributes within a text", "", "<body a=1>xxxxxxxxxxxxxxxxxxxx", "word"},
    {"new names", "", "<x@ y@=1>t", "word"},
    {"new names in one tag", "<p", " a@=1", ">word"},
    {"one name in one tag", "<p", " a", ">word"},
    {"stray end tags in a text", "<pre>", "xxxx</x>", "word"},
    {"stray end tags in the depth", NULL, "</x>", "word"},
    {"rules in the depth", NULL, "<hr>", "word"},
    {"items in the depth", NULL, "<li>", "word"},
    {"script without an end", "<p>word</p><script>", "</scrip ", ""},
    {"comments without an end", "<p>word</p>", "<!--", ""},
    {"quotes without an end", "<p>word</p>", "<p a=\"x>", ""},
    {"a long attribute", "<p>word</p><p a=\"", "xxxxxxxx", ""},
    {"left angles", "word", "<", ""},
    {"framesets", "", "<frameset>x", "word"},
};

enum { HOSTILE_BYTES = 2 << 20 };

/* A page that costs a square here takes minutes, which the runner's limit sees. */
static void reads_hostile_pages_and_keeps_their_words(void **state)
{
    (void)state;
    struct buf deep = repeated("", "<div>", 500, "");
    for (size_t k = 0; k < sizeof hostile / sizeof *hostile; k++) {
        const struct hostile *h = &hostile[k];
        struct buf page = repeated(h->start ? h->start : deep.data, h->piece,
                                   HOSTILE_BYTES / strlen(h->piece), h->end);
        for (size_t i = 0; parser_at(i); i++) {
            struct tree t;
            parse_with(parser_at(i), buf_slice(&page), &plenty, &t);
            if (!memmem(t.text.data ? t.text.data : "", t.text.len, "word", 4))
                fail_msg("%s: %s loses the word", parser_at(i)->name, h->name);
            assert_true(deepest(&t) <= plenty.max_depth);
            tree_free(&t);
        }
        buf_free(&page);
    }
    buf_free(&deep);
}

/* Markup in any order: what comes out is a sound tree, and the same twice. */
static void makes_a_sound_tree_of_any_markup(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "<div>", "</div>", "<p>", "</p>", "<b id=1>", "</b>", "<a href=x>", "</a>", "<table>",
        "</table>", "<tr>", "<td>", "</td>", "<select>", "</select>", "<option>", "<svg>",
        "</svg>", "<template>", "</template>", "<math>", "<script>", "</script>", "<style>",
        "</style>", "<textarea>", "</textarea>", "<title>", "</title>", "<!--", "-->",
        "<![CDATA[", "]]>", "<form>", "</form>", "<li>", "<ul>", "</ul>", "<br>", "<body>",
        "<html>", "<head>", "</head>", "</body>", "</html>", "<frameset>", "<x-y z=\"1\">",
        "</x-y>", "text", "&amp;", "é", " ", "<", "\"", "=", "<caption>", "<colgroup>", "<col>",
        "<button>", "<object>", "</object>", "<h1>", "</h1>", "<font>", "</font>", "<nobr>",
        "<foreignObject>", "<annotation-xml>", "<noscript>", "</noscript>", "<plaintext>",
    };
    struct winnow_limits limits = plenty;
    limits.max_depth = 12;
    limits.max_attrs = 2;
    uint64_t random = 42;
    for (int round = 0; round < 3000; round++) {
        struct buf page;
        buf_init(&page, 1 << 20);
        for (int n = 0; n < 60; n++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            buf_adds(&page, pieces[(random >> 33) % (sizeof pieces / sizeof *pieces)]);
        }
        for (size_t i = 0; parser_at(i); i++) {
            struct tree t;
            parse_with(parser_at(i), buf_slice(&page), &limits, &t);
            assert_true(deepest(&t) <= limits.max_depth);
            tree_free(&t);
        }
        buf_free(&page);
    }
}

/* --- the tree by itself -------------------------------------------------------------------- */

static void gives_equal_names_one_number_and_new_ones_bounded(void **state)
{
    (void)state;
    static char names[TREE_MAX_NAMES + 100][8];
    struct tree t;
    tree_init(&t, 100);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(names[i], sizeof names[i], "x%zu", i);
        unsigned tag = tree_tag_of(&t, slice_of(names[i]));
        assert_true(tag >= TAG_COUNT && tag <= UINT16_MAX);
    }
    char again[] = "x5";
    assert_int_equal(tree_tag_of(&t, slice_of(again)), TAG_COUNT + 5);
    unsigned last = tree_tag_of(&t, slice_of(names[TREE_MAX_NAMES + 50]));
    assert_true(slice_is(t.names[last - TAG_COUNT], "unknown"));
    tree_free(&t);
}

static void refuses_text_past_its_bound(void **state)
{
    (void)state;
    struct tree t;
    struct tree_fill fill;
    tree_init(&t, 10);
    assert_int_equal(fill_init(&fill, &t, 8), WINNOW_OK);
    assert_non_null(fill_open(&fill, 0, TAG_P));
    assert_int_equal(fill_text(&fill, 1, slice_of("1234567890")), WINNOW_OK);
    assert_int_equal(fill_text(&fill, 1, slice_of("1")), WINNOW_ELIMIT);
    fill_end(&fill);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_the_tree_of_a_plain_page),
        cmocka_unit_test(lowers_names_of_elements_and_attributes),
        cmocka_unit_test(closes_what_html_lets_stay_open),
        cmocka_unit_test(names_elements_that_the_table_does_not_list),
        cmocka_unit_test(decodes_entities_in_text_and_attributes),
        cmocka_unit_test(keeps_text_in_one_piece),
        cmocka_unit_test(leaves_comments_doctype_and_instructions_out),
        cmocka_unit_test(keeps_text_of_every_kind_of_element),
        cmocka_unit_test(reads_noscript_as_markup),
        cmocka_unit_test(walks_into_templates_within_templates),
        cmocka_unit_test(leaves_script_content_unread_as_markup),
        cmocka_unit_test(keeps_text_behind_the_end_of_html),
        cmocka_unit_test(keeps_text_in_front_of_html),
        cmocka_unit_test(keeps_text_of_framesets),
        cmocka_unit_test(takes_cdata_in_svg_for_text),
        cmocka_unit_test(keeps_text_that_stands_loose_in_tables),
        cmocka_unit_test(believes_in_utf8_whatever_meta_says),
        cmocka_unit_test(makes_a_root_of_an_empty_page),
        cmocka_unit_test(finds_attributes_by_name),
        cmocka_unit_test(needs_the_page_no_more_once_it_is_a_tree),
        cmocka_unit_test(keeps_all_text_of_what_is_nested_too_deep),
        cmocka_unit_test(puts_a_break_between_blocks_that_it_flattens),
        cmocka_unit_test(stands_right_again_behind_what_it_flattened),
        cmocka_unit_test(forgets_what_it_flattened_when_that_is_closed_from_outside),
        cmocka_unit_test(opens_few_formatting_elements_again),
        cmocka_unit_test(opens_formatting_elements_again_a_bounded_number_of_times),
        cmocka_unit_test(flattens_what_is_all_tags_in_the_depth),
        cmocka_unit_test(keeps_words_apart_where_it_leaves_tags_out),
        cmocka_unit_test(holds_little_memory_for_a_page_that_is_all_tags),
        cmocka_unit_test(reads_long_plain_pages_with_the_parser_asked_for),
        cmocka_unit_test(touches_no_page_that_is_within_the_bounds),
        cmocka_unit_test(keeps_the_first_attributes_of_too_many),
        cmocka_unit_test(refuses_more_nodes_than_allowed_and_says_what_to_do),
        cmocka_unit_test(copies_only_what_is_out_of_bounds_beforehand),
        cmocka_unit_test(reads_hostile_pages_and_keeps_their_words),
        cmocka_unit_test(makes_a_sound_tree_of_any_markup),
        cmocka_unit_test(gives_equal_names_one_number_and_new_ones_bounded),
        cmocka_unit_test(refuses_text_past_its_bound),
    };
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
