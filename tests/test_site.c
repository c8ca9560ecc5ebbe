/* test_site.c - what a site's pages share goes, and what is a page's own stays. */
#include "testing.h"

#include "blocks.h"
#include "cleaner.h"
#include "page.h"
#include "site.h"
#include "text.h"
#include "written.h"

/* --- pages ------------------------------------------------------------------------------- */

static struct winnow *cleaner;

static void start_page(struct page *p, const char *text, bool html)
{
    *p = (struct page){.winnow = cleaner, .limits = cleaner->limits, .host = "fjord.example"};
    arena_init(&p->arena, 1 << 26);
    p->kind = html ? WINNOW_KIND_HTML : WINNOW_KIND_DUMP;
    p->text = text;
    p->text_len = (uint32_t)strlen(text);
    if (html) {
        assert_int_equal(parse_html(cleaner->parser, slice_of(text), &p->limits, &p->tree, NULL),
                         WINNOW_OK);
        p->has_tree = true;
        p->text = buf_slice(&p->tree.text).p;
        p->text_len = (uint32_t)p->tree.text.len;
    }
    assert_int_equal(verdict_init(&p->verdicts, p->text_len), WINNOW_OK);
    assert_int_equal(blocks_run(p, NULL), WINNOW_OK);
    assert_int_equal(verdict_settle(&p->verdicts), WINNOW_OK);
}

static void end_page(struct page *p)
{
    if (p->has_tree)
        tree_free(&p->tree);
    verdict_free(&p->verdicts);
    free(p->blocks);
    free(p->meta);
    free(p->notes);
    arena_free(&p->arena);
}

static bool is_html(const char *text)
{
    return text[0] == '<';
}

static bool learn(struct site_table *t, const char *text)
{
    struct page p;
    bool counted;
    start_page(&p, text, is_html(text));
    p.source = "/dumps/page.txt";
    assert_int_equal(site_learn(t, &p, &counted, NULL), WINNOW_OK);
    end_page(&p);
    return counted;
}

/* What is kept, a block a line. */
static char *kept_text(const struct page *p)
{
    struct text ret = {calloc(1, 1), 0};
    for (size_t i = 0; i < p->nblocks; i++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        if (p->blocks[i].kind != BLOCK_UNSHOWN)
            block_write(p, &p->blocks[i], &b);
        if (b.len > 0) {
            text_add(&ret, b.data, b.len);
            text_add(&ret, "\n", 1);
        }
        buf_free(&b);
    }
    return ret.data;
}

static char *clean_as(const struct site_table *t, const char *text, bool counted)
{
    struct page p;
    start_page(&p, text, is_html(text));
    assert_int_equal(site_run(&p, t, counted, NULL), WINNOW_OK);
    char *ret = kept_text(&p);
    end_page(&p);
    return ret;
}

/* Of a page that the table does not count; what is left is left alone by another run. */
static void expect_left(const struct site_table *t, const char *text, const char *want)
{
    char *got = clean_as(t, text, false);
    assert_string_equal(got, want);
    char *again = clean_as(t, got, false);
    assert_string_equal(again, want);
    free(again);
    free(got);
}

/* --- texts ------------------------------------------------------------------------------- */

/* Sentences that no two pages have in common. */
struct language {
    const char *const *words;
    size_t count;
    const char *space, *stop;
};

static const char *const english_words[] = {
    "harbour", "under", "wooden", "the", "ferry", "seven", "lantern", "quietly", "a", "baker",
    "carried", "towards", "island", "morning", "without", "letters", "rope", "and", "painted",
    "every", "gull", "over", "stone", "window", "slowly", "market", "winter", "bread", "counts",
};
static const char *const russian_words[] = {
    "берег", "тихо", "старая", "лодка", "у", "причала", "утром", "рыбак", "несёт", "корзину",
    "над", "водой", "семь", "чаек", "зимой", "хлеб", "пекарня", "письмо", "долго", "ветер",
    "и", "каменный", "дом", "окна", "смотрят", "на", "рынок", "верёвка", "красная",
};
static const char *const chinese_words[] = {
    "港口", "清晨", "渔夫", "提着", "篮子", "走过", "石桥", "七只", "海鸥", "旧船", "面包",
    "香气", "冬天", "来信", "慢慢", "窗外", "市场", "红色", "绳子", "山下", "等待", "灯火",
    "风声", "雪地", "老人", "数着", "故事", "木屋", "远方",
};
static const struct language english = {english_words, 29, " ", "."};
static const struct language russian = {russian_words, 29, " ", "."};
static const struct language chinese = {chinese_words, 29, "", "。"};

static const char *sentence(const struct language *lang, unsigned seed)
{
    static char ring[16][600];
    static unsigned at;
    char *ret = ring[at++ % 16];
    uint32_t state = seed * 2654435761u + 12345;
    size_t len = 0;
    for (int i = 0; i < 22; i++) {
        state = state * 1664525u + 1013904223u;
        len += (size_t)snprintf(ret + len, 600 - len, "%s%s", i ? lang->space : "",
                                lang->words[(state >> 16) % lang->count]);
    }
    snprintf(ret + len, 600 - len, "%s", lang->stop);
    return ret;
}

#define S(n) sentence(&english, (unsigned)(n))

__attribute__((format(printf, 1, 2))) static const char *page(const char *format, ...)
{
    static char ring[4][20000];
    static unsigned at;
    char *ret = ring[at++ % 4];
    va_list args;
    va_start(args, format);
    vsnprintf(ret, 20000, format, args);
    va_end(args);
    return ret;
}

/* --- the first pages ---------------------------------------------------------------------- */

#define HEAD "Fjord Post\nHome\nNews\nDocumentation\nContact\n"
#define FOOT "Send us a letter\nImprint\n"

static const char *simple(int n)
{
    return page(HEAD "%s\n%s\n" FOOT, S(2 * n), S(2 * n + 1));
}

static const char *simple_left(int n)
{
    return page("%s\n%s\n", S(2 * n), S(2 * n + 1));
}

/* As the next run finds it. */
static void save_and_load(struct site_table *t)
{
    struct buf b;
    buf_init(&b, 1 << 22);
    assert_int_equal(site_table_write(t, &b), WINNOW_OK);
    site_table_free(t);
    assert_int_equal(site_table_read(buf_slice(&b), t, NULL), WINNOW_OK);
    buf_free(&b);
}

static struct site_table learned(const char *(*make)(int), int pages)
{
    struct site_table t;
    site_table_init(&t);
    for (int n = 0; n < pages; n++) {
        assert_true(learn(&t, make(n)));
        save_and_load(&t);
    }
    return t;
}

static void removes_from_the_third_page_on_what_pages_share(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 1);
    expect_left(&t, simple(1), simple(1));
    assert_true(learn(&t, simple(1)));
    expect_left(&t, simple(2), simple_left(2)); /* the third, itself not counted */
    assert_true(learn(&t, simple(2)));
    char *got = clean_as(&t, simple(0), true);
    assert_string_equal(got, simple_left(0));
    free(got);
    site_table_free(&t);
}

static void says_how_many_pages_share_a_line(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 5);
    struct page p;
    start_page(&p, simple(4), false);
    assert_int_equal(site_run(&p, &t, true, NULL), WINNOW_OK);
    const struct span *first = &p.verdicts.spans[0];
    assert_int_equal(first->verdict, WINNOW_REMOVED);
    assert_string_equal(p.verdicts.reasons[first->reason].stage, "site");
    assert_string_equal(p.verdicts.reasons[first->reason].text,
                        "shared by 5 of 5 pages of fjord.example");
    end_page(&p);
    site_table_free(&t);
}

static void counts_no_copy_and_no_later_version(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 3);
    assert_false(learn(&t, simple(0)));
    assert_false(learn(&t, page(HEAD "%s\n%s\nOne line more\n" FOOT, S(0), S(1))));
    /* More than next to nothing is new, but less than is known. */
    assert_false(learn(&t, page(HEAD "%s\n%s\nThe paper has since been told by the master of the "
                                "port that the boat came in late, after the lamps had gone out, "
                                "and that it sails again.\n" FOOT, S(0), S(1))));
    assert_true(learn(&t, page(HEAD "%s\n%s\n%s\n%s\n" FOOT, S(0), S(500), S(501), S(502))));
    assert_int_equal(t.documents, 4);
    site_table_free(&t);
}

/* Three versions of one text, each with much that is new, and nothing else is known. */
static const char *version(int n)
{
    struct text t = {calloc(1, 1), 0};
    for (int i = 0; i < 6 + n; i++) {
        text_add(&t, S(600 + i), strlen(S(600 + i)));
        text_add(&t, "\n", 1);
    }
    const char *ret = page("%s", t.data);
    free(t.data);
    return ret;
}

static void leaves_versions_of_one_text_while_little_is_known(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    for (int n = 0; n < 6; n++) {
        (void)learn(&t, version(n));
        expect_left(&t, version(n), version(n));
    }
    site_table_free(&t);
}

static void leaves_the_text_of_pages_that_are_copies(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    for (int i = 0; i < 5; i++)
        assert_int_equal(learn(&t, simple(0)), i == 0);
    assert_int_equal(t.documents, 1);
    expect_left(&t, simple(0), simple(0));
    site_table_free(&t);
}

static void leaves_a_page_as_it_is_of_which_nothing_would_be_left(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 5);
    struct page p;
    start_page(&p, HEAD FOOT, false);
    assert_int_equal(site_run(&p, &t, false, NULL), WINNOW_OK);
    char *got = kept_text(&p);
    assert_string_equal(got, HEAD FOOT);
    assert_int_equal(p.nnotes, 1);
    assert_non_null(strstr(p.notes[0], "left as it is"));
    free(got);
    end_page(&p);
    site_table_free(&t);
}

static void keeps_what_a_rule_protects_and_counts_not_what_one_removed(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 5);
    struct page p;
    start_page(&p, simple(6), false);
    uint32_t reason = verdict_reason(&p.verdicts, (struct reason){.stage = "rules", .text = "x"});
    verdict_protect(&p.verdicts, 0, 10, reason);   /* Fjord Post */
    verdict_remove(&p.verdicts, 11, 15, reason);   /* Home */
    assert_int_equal(verdict_settle(&p.verdicts), WINNOW_OK);
    bool counted;
    uint64_t lines = t.count;
    assert_int_equal(site_learn(&t, &p, &counted, NULL), WINNOW_OK);
    assert_true(counted && t.count == lines + 2);
    size_t of_all = 0;
    for (size_t i = 0; i < t.cap; i++)
        of_all += t.lines[i].hash && t.lines[i].count == 6;
    assert_int_equal(of_all, 6); /* seven less Home */
    assert_int_equal(site_run(&p, &t, true, NULL), WINNOW_OK);
    char *got = kept_text(&p);
    assert_string_equal(got, page("Fjord Post\n%s", simple_left(6)));
    free(got);
    end_page(&p);
    site_table_free(&t);
}

/* --- places ------------------------------------------------------------------------------- */

static void keeps_a_heading_that_stands_in_the_menu_too(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 8);
    expect_left(&t, page(HEAD "%s\nDocumentation\n%s\nContact\n%s\n" FOOT, S(90), S(91), S(92)),
                page("%s\nDocumentation\n%s\nContact\n%s\n", S(90), S(91), S(92)));
    site_table_free(&t);
}

static const char *footed(int n)
{
    return page("%s\nDocumentation\n%s\nHome\nDocumentation\nContact\n", S(2 * n), S(2 * n + 1));
}

static void keeps_a_heading_that_every_page_has_above_its_menu(void **state)
{
    (void)state;
    struct site_table t = learned(footed, 30);
    expect_left(&t, footed(40), page("%s\nDocumentation\n%s\n", S(80), S(81)));
    site_table_free(&t);
}

static void takes_what_is_left_of_a_menu_that_has_changed(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 8);
    expect_left(&t, page("Fjord Post\nHome\nDocumentation\nContact\n%s\n" FOOT, S(90)),
                page("%s\n", S(90)));
    site_table_free(&t);
}

static const char *recipe(int n)
{
    return page("The Oven Book\nAll recipes\n%s\nIngredients\n%d eggs for no. %d\n%d spoons of "
                "flour, sieved (%d)\nMethod\n%s\n%s\nServe warm\n%s\nMore from the oven\nAbout us\n",
                S(1000 + n), n % 5, n, n % 7, n, S(2000 + n), S(3000 + n), S(4000 + n));
}

static const char *recipe_left(int n)
{
    return page("%s\nIngredients\n%d eggs for no. %d\n%d spoons of flour, sieved (%d)\nMethod\n"
                "%s\n%s\nServe warm\n%s\n",
                S(1000 + n), n % 5, n, n % 7, n, S(2000 + n), S(3000 + n), S(4000 + n));
}

static void keeps_the_headings_that_every_recipe_has(void **state)
{
    (void)state;
    struct site_table t = learned(recipe, 40);
    for (int n = 40; n < 45; n++)
        expect_left(&t, recipe(n), recipe_left(n));
    site_table_free(&t);
}

/* Names recur between lines of the template, which do too: they are no contents. */
static const char *const posters[] = {"marlin77", "Old Hilde", "stoker", "ann_of_the_mill"};

static const char *thread(int n)
{
    struct text t = {calloc(1, 1), 0};
    for (int i = 0; i < 6; i++) {
        const char *post = page("%s\nMember\n%s\nReply\nQuote\n", posters[(n + i) % 4],
                                S(5000 + n * 10 + i));
        text_add(&t, post, strlen(post));
    }
    const char *ret = page("Boiler Forum\nLog in\nRegister\n%sTerms\nPrivacy\n", t.data);
    free(t.data);
    return ret;
}

static void expect_thread(const char *got)
{
    size_t names = 0;
    for (int i = 0; i < 6; i++)
        assert_non_null(strstr(got, S(5000 + 200 + i)));
    for (size_t k = 0; k < 4; k++)
        for (const char *at = got; (at = strstr(at, posters[k])) != NULL; at++)
            names++;
    assert_int_equal(names, 6);
    assert_null(strstr(got, "Log in"));
    assert_null(strstr(got, "Quote"));
    assert_null(strstr(got, "Privacy"));
}

static void keeps_who_wrote_what_in_a_forum(void **state)
{
    (void)state;
    struct site_table t = learned(thread, 12);
    char *got = clean_as(&t, thread(20), false);
    expect_thread(got);
    free(got);
    site_table_free(&t);
}

/* Twelve pages a day have that day's ticker. */
static const char *news(int n)
{
    int day = n / 12;
    return page("The Tideway\nPolitics\nSport\n10:15 %.40s %d\n10:02 %.40s %d\n09:48 %.40s %d\n"
                "All headlines\n%s\n%s\nWrite to the desk\n",
                S(7000 + day), day, S(7100 + day), day, S(7200 + day), day, S(8000 + n),
                S(9000 + n));
}

static void takes_the_ticker_that_a_days_pages_share(void **state)
{
    (void)state;
    struct site_table t = learned(news, 60);
    for (int n = 24; n < 36; n++) {
        char *got = clean_as(&t, news(n), true);
        assert_string_equal(got, page("%s\n%s\n", S(8000 + n), S(9000 + n)));
        free(got);
    }
    site_table_free(&t);
}

/* --- echoes ------------------------------------------------------------------------------- */

static const char *manual(int n)
{
    return page("Rigging a boat of kind %d - Sailors' School\nSailors' School\nCourses\n"
                "Rigging a boat of kind %d\n%s\nStep the mast %d\n%s\nBend on the sail %d\n%s\n"
                "On this page\nStep the mast %d\n2 Bend on the sail %d\nAsk a teacher\n",
                n, n, S(100 + n), n, S(200 + n), n, S(300 + n), n, n);
}

static const char *manual_left(int n)
{
    return page("Rigging a boat of kind %d\n%s\nStep the mast %d\n%s\nBend on the sail %d\n%s\n", n,
                S(100 + n), n, S(200 + n), n, S(300 + n));
}

static void takes_contents_and_title_that_only_say_again(void **state)
{
    (void)state;
    struct site_table t = learned(manual, 6);
    expect_left(&t, manual(7), manual_left(7));
    site_table_free(&t);
}

static void keeps_contents_that_say_anything_more(void **state)
{
    (void)state;
    struct site_table t = learned(manual, 6);
    const char *text = page("Sailors' School\nCourses\nA boat\n%s\nStep the mast\n%s\n"
                            "On this page\nStep the mast\nThree knots to know\nAsk a teacher\n",
                            S(500), S(501));
    expect_left(&t, text, page("A boat\n%s\nStep the mast\n%s\nOn this page\nStep the mast\n"
                               "Three knots to know\n", S(500), S(501)));
    site_table_free(&t);
}

static void keeps_one_of_two_slots_that_echo_each_other(void **state)
{
    (void)state;
    struct site_table t = learned(manual, 6);
    /* The path says the heading, and the heading stands apart from the text. */
    const char *text = page("A cutter at last\nSailors' School\nCourses\nA cutter at last\n"
                            "On this page\nAsk a teacher\n%s\n", S(600));
    char *got = clean_as(&t, text, false);
    assert_non_null(strstr(got, "A cutter at last\n"));
    assert_null(strstr(strstr(got, "A cutter at last\n") + 3, "A cutter at last\n"));
    free(got);
    site_table_free(&t);
}

/* --- HTML --------------------------------------------------------------------------------- */

static const char *shop(int n)
{
    return page("<!DOCTYPE html><title>Lamp %d</title><nav><ul><li>Lamps<li>Shades<li>Basket</ul>"
                "</nav><h1>Lamp no. %d</h1><p>%s</p><table><tr><th>Property<th>Value<th>Unit"
                "<tr><td>Height<td>%d<td>cm %d<tr><td>Weight<td>%d<td>kg %d</table>"
                "<pre>lamp = open(\"lamp\")\nlight(lamp)</pre><p>%s</p>"
                "<footer><p>Free delivery on the islands<p>Terms of sale</footer>",
                n, n, S(11000 + n), 10 + n, n, 700 + n, n, S(12000 + n));
}

static void keeps_the_heads_of_tables_and_code(void **state)
{
    (void)state;
    struct site_table t = learned(shop, 12);
    char *got = clean_as(&t, shop(20), false);
    static const char *const stay[] = {"Lamp no. 20\n", "Property\n", "Value\n", "Unit\n",
                                       "Height\n", "30\n", "Weight\n", "lamp = open(\"lamp\")\n",
                                       "light(lamp)\n"};
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
        assert_non_null(strstr(got, stay[i]));
    static const char *const go[] = {"Lamps", "Basket", "Free delivery", "Terms of sale"};
    for (size_t i = 0; i < sizeof go / sizeof *go; i++)
        assert_null(strstr(got, go[i]));
    free(got);
    site_table_free(&t);
}

/* --- other scripts ------------------------------------------------------------------------- */

static const char *russian_page(int n)
{
    return page("Вестник залива\nГлавная\nНовости\nАрхив\n%s\nАрхив\n%s\nПодписаться на газету\n"
                "Все права защищены\n",
                sentence(&russian, 100u + (unsigned)n), sentence(&russian, 900u + (unsigned)n));
}

static void works_in_russian(void **state)
{
    (void)state;
    struct site_table t = learned(russian_page, 6);
    expect_left(&t, russian_page(9),
                page("%s\nАрхив\n%s\n", sentence(&russian, 109), sentence(&russian, 909)));
    site_table_free(&t);
}

static const char *chinese_page(int n)
{
    return page("海湾日报\n首页\n新闻\n联系我们\n%s\n%s\n版权所有\n回到顶部\n",
                sentence(&chinese, 100u + (unsigned)n), sentence(&chinese, 900u + (unsigned)n));
}

static void works_in_chinese(void **state)
{
    (void)state;
    struct site_table t = learned(chinese_page, 6);
    expect_left(&t, chinese_page(9),
                page("%s\n%s\n", sentence(&chinese, 109), sentence(&chinese, 909)));
    site_table_free(&t);
}

static void takes_nothing_of_pages_that_share_no_template(void **state)
{
    (void)state;
    struct site_table t;
    site_table_init(&t);
    for (int n = 0; n < 200; n++) {
        const char *text = page("%s\nSummary\n%s\n%s\n%s\n", S(n), S(20000 + n),
                                n % 3 ? "Conclusion" : "What is next", S(30000 + n));
        assert_true(learn(&t, text));
        char *got = clean_as(&t, text, true);
        assert_string_equal(got, text);
        free(got);
    }
    site_table_free(&t);
}

/* --- names -------------------------------------------------------------------------------- */

static void expect_name(const char *host, const char *source, const char *name, const char *want)
{
    struct winnow_input in = {.name = name, .source = source};
    struct page p = {.host = host, .in = &in};
    struct buf b;
    buf_init(&b, 1000);
    site_name(&p, &b);
    assert_true(slice_is(buf_slice(&b), want));
    buf_free(&b);
}

static void names_a_site_by_host_or_folder(void **state)
{
    (void)state;
    expect_name("fjord.example", "/dumps/a.txt", NULL, "fjord.example");
    expect_name(NULL, "/dumps/fjord/a.txt", "a.txt", "folder /dumps/fjord");
    expect_name(NULL, "http://x.example/a", "fjord/a.txt", "folder fjord");
    expect_name(NULL, "/a.txt", NULL, "folder /");
    expect_name(NULL, NULL, "a.txt", "");
    expect_name(NULL, NULL, NULL, "");
}

/* --- rules -------------------------------------------------------------------------------- */

static void fail_finding(void *ctx, const struct winnow_finding *f)
{
    (void)ctx;
    fail_msg("%s:%u:%u: %s", f->file, f->line, f->column, f->text);
}

/* The site's rules, which lint has nothing to say of and whose tests pass; free it. */
static char *rules_for(const struct site_table *t, const char *site, const char *file)
{
    struct text rules = {calloc(1, 1), 0};
    struct winnow_error err = {0};
    char folder[] = "/tmp/winnow-test-XXXXXX", path[300];
    size_t errors, ran, failed, skipped;
    if (site_rules(t, site, text_add, &rules, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(rules.data, f);
    fclose(f);
    assert_int_equal(winnow_rules_lint(path, fail_finding, NULL, &errors, NULL), WINNOW_OK);
    assert_int_equal(winnow_rules_test(path, fail_finding, NULL, &ran, &failed, &skipped, NULL),
                     WINNOW_OK);
    assert_true(ran > 0);
    unlink(path);
    rmdir(folder);
    return rules.data;
}

static void expect_rules(const struct site_table *t, const char *text, const char *want)
{
    char *rules = rules_for(t, "fjord.example", "fjord.example.txt");
    expect_clean("fjord.example.txt", rules, "http://fjord.example/x", text, want);
    free(rules);
}

static const char *odd(int n);
static const char *wordy(int n);

static void writes_rules_that_do_the_same_on_other_pages(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 8);
    expect_rules(&t, simple(20), simple_left(20));
    expect_rules(&t, page(HEAD "%s\nDocumentation\n%s\n" FOOT, S(90), S(91)),
                 page("%s\nDocumentation\n%s\n", S(90), S(91)));
    site_table_free(&t);
    t = learned(manual, 8);
    expect_rules(&t, manual(20), manual_left(20));
    site_table_free(&t);
    t = learned(recipe, 20);
    expect_rules(&t, recipe(30), recipe_left(30));
    site_table_free(&t);
    t = learned(russian_page, 8);
    expect_rules(&t, russian_page(20),
                 page("%s\nАрхив\n%s\n", sentence(&russian, 120), sentence(&russian, 920)));
    site_table_free(&t);
}

static void writes_rules_whose_tests_pass_for_sites_of_any_kind(void **state)
{
    (void)state;
    const char *(*const sites[])(int) = {thread, news, shop, chinese_page, wordy, odd, version};
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
        for (int pages = 4; pages < 30; pages += 12) {
            struct site_table t;
            site_table_init(&t);
            for (int n = 0; n < pages; n++)
                (void)learn(&t, sites[i](n));
            if (t.documents > 2)
                free(rules_for(&t, "fjord.example", "fjord.example.txt"));
            site_table_free(&t);
        }
}

static void writes_rules_that_keep_names_and_know_no_ticker(void **state)
{
    (void)state;
    struct site_table t = learned(thread, 12);
    char *rules = rules_for(&t, "fjord.example", "fjord.example.txt");
    struct winnow *w = winnow_with("fjord.example.txt", rules);
    char *got = clean_text(w, thread(20), "http://fjord.example/20");
    expect_thread(got);
    free(got);
    free(rules);
    winnow_free(w);
    site_table_free(&t);
    t = learned(news, 36);
    rules = rules_for(&t, "fjord.example", "fjord.example.txt");
    assert_non_null(strstr(rules, "Politics"));
    assert_null(strstr(rules, "10:15"));
    free(rules);
    site_table_free(&t);
}

static void says_in_rules_how_many_pages_and_names_one(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 8);
    char *rules = rules_for(&t, "fjord.example", "fjord.example.txt");
    assert_non_null(strstr(rules, "# fjord.example - what its pages share, learned from 8 of them\n"));
    assert_non_null(strstr(rules, "# on 8 of 8 pages, such as /dumps/page.txt\n"));
    assert_non_null(strstr(rules, "drop_line: /^Home\\n+News$/i\n"));
    free(rules);
    site_table_free(&t);
}

static void comments_out_lines_without_a_place(void **state)
{
    (void)state;
    struct site_table t = learned(recipe, 20);
    char *rules = rules_for(&t, "fjord.example", "fjord.example.txt");
    assert_non_null(strstr(rules, "# drop_line: Ingredients\n"));
    assert_null(strstr(rules, "\ndrop_line: Ingredients\n"));
    assert_null(strstr(rules, "# drop_line: All recipes\n"));
    free(rules);
    site_table_free(&t);
}

/* Lines that mean something in the language of rules. */
static const char *odd(int n)
{
    return page("/home/ [all] (new)\n# 1 in boats? *\ndrop_line: a.*b\n(c) 2024: \\o/ | a+b {x} $\n"
                "/A line (of [signs]) that is long and starts with a slash, as *nothing* else/\n"
                "  indented, as in a dump\n%s\n%s\nA long line of the foot that says nothing but: "
                "all rights, (c), [reserved], and so on: 100 %%\n<end> of it\n",
                S(40000 + n), S(41000 + n));
}

static void escapes_what_the_language_of_rules_gives_a_meaning(void **state)
{
    (void)state;
    struct site_table t = learned(odd, 6);
    expect_rules(&t, odd(9), page("%s\n%s\n", S(40009), S(41009)));
    site_table_free(&t);
}

static const char *wordy(int n)
{
    char menu[1500] = "";
    for (int i = 0; i < 60; i++)
        strcat(menu, "once upon a time ");
    return page("%s\n%s\n%s\nThe last line\n", menu, S(50000 + n), S(51000 + n));
}

static void names_long_lines_by_their_beginning(void **state)
{
    (void)state;
    struct site_table t = learned(wordy, 10);
    expect_left(&t, wordy(12), page("%s\n%s\n", S(50012), S(51012)));
    expect_rules(&t, wordy(9), page("%s\n%s\n", S(50009), S(51009)));
    site_table_free(&t);
}

static void binds_the_rules_of_a_folder_to_its_name(void **state)
{
    (void)state;
    struct site_table t = learned(simple, 6);
    char *rules = rules_for(&t, "folder /srv/dumps/fjord", "fjord.txt");
    assert_non_null(strstr(rules, "\nmatch_dir: fjord\n"));
    free(rules);
    site_table_free(&t);
}

static int refuse(void *ctx, const char *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return 1;
}

static void says_why_it_writes_no_rules(void **state)
{
    (void)state;
    struct winnow_error err;
    struct site_table t = learned(simple, 2);
    assert_int_equal(site_rules(&t, "fjord.example", refuse, NULL, &err), WINNOW_EUSAGE);
    assert_non_null(strstr(err.text, "fjord.example: its pages share nothing"));
    assert_true(learn(&t, simple(3)));
    assert_int_equal(site_rules(&t, "fjord.example", refuse, NULL, &err), WINNOW_EIO);
    site_table_free(&t);
}

static int start(void **state)
{
    (void)state;
    return winnow_new(NULL, &cleaner, NULL);
}

static int stop(void **state)
{
    (void)state;
    winnow_free(cleaner);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removes_from_the_third_page_on_what_pages_share),
        cmocka_unit_test(says_how_many_pages_share_a_line),
        cmocka_unit_test(counts_no_copy_and_no_later_version),
        cmocka_unit_test(leaves_the_text_of_pages_that_are_copies),
        cmocka_unit_test(leaves_versions_of_one_text_while_little_is_known),
        cmocka_unit_test(leaves_a_page_as_it_is_of_which_nothing_would_be_left),
        cmocka_unit_test(keeps_what_a_rule_protects_and_counts_not_what_one_removed),
        cmocka_unit_test(keeps_a_heading_that_stands_in_the_menu_too),
        cmocka_unit_test(keeps_a_heading_that_every_page_has_above_its_menu),
        cmocka_unit_test(takes_what_is_left_of_a_menu_that_has_changed),
        cmocka_unit_test(keeps_the_headings_that_every_recipe_has),
        cmocka_unit_test(keeps_who_wrote_what_in_a_forum),
        cmocka_unit_test(takes_the_ticker_that_a_days_pages_share),
        cmocka_unit_test(takes_contents_and_title_that_only_say_again),
        cmocka_unit_test(keeps_contents_that_say_anything_more),
        cmocka_unit_test(keeps_one_of_two_slots_that_echo_each_other),
        cmocka_unit_test(keeps_the_heads_of_tables_and_code),
        cmocka_unit_test(works_in_russian),
        cmocka_unit_test(works_in_chinese),
        cmocka_unit_test(takes_nothing_of_pages_that_share_no_template),
        cmocka_unit_test(names_a_site_by_host_or_folder),
        cmocka_unit_test(writes_rules_that_do_the_same_on_other_pages),
        cmocka_unit_test(writes_rules_whose_tests_pass_for_sites_of_any_kind),
        cmocka_unit_test(writes_rules_that_keep_names_and_know_no_ticker),
        cmocka_unit_test(says_in_rules_how_many_pages_and_names_one),
        cmocka_unit_test(comments_out_lines_without_a_place),
        cmocka_unit_test(escapes_what_the_language_of_rules_gives_a_meaning),
        cmocka_unit_test(names_long_lines_by_their_beginning),
        cmocka_unit_test(binds_the_rules_of_a_folder_to_its_name),
        cmocka_unit_test(says_why_it_writes_no_rules),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
