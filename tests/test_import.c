/* test_import.c - rule files out of checkouts and filter lists: what is written, what is left. */
#include "testing.h"

#include "program.h"

#include "filterlist.h"
#include "rules_verbs.h"
#include "rules_stage.h"

/* What an import did and said. */
static struct outcome {
    int code;
    char *said; /* both streams */
} last;

static void forget(void)
{
    free(last.said);
    last = (struct outcome){0};
}

/* Imports sources into a folder, which like them is a name below the tests' folder. */
static void import_with(struct settings s, bool force, const char *const *sources)
{
    char verb[] = "import", out[512], paths[8][512], *args[10] = {verb};
    int said = memfd_create("said", MFD_CLOEXEC), before[2];
    forget();
    snprintf(out, sizeof out, "%s", path_of(s.out));
    s.out = out;
    s.args = args;
    s.nargs = 1;
    for (size_t i = 0; sources[i]; i++) {
        snprintf(paths[i], sizeof paths[i], "%s", path_of(sources[i]));
        args[s.nargs++] = paths[i];
    }
    fflush(NULL);
    for (int fd = 1; fd <= 2; fd++) {
        before[fd - 1] = dup(fd);
        assert_true(dup2(said, fd) >= 0);
    }
    s.force = force;
    last.code = rules_import(&s);
    fflush(NULL);
    for (int fd = 1; fd <= 2; fd++) {
        dup2(before[fd - 1], fd);
        close(before[fd - 1]);
    }
    last.said = read_fd(said, NULL);
    close(said);
}

#define IMPORT(to, ...)                                                                            \
    import_with((struct settings){.out = to}, false, (const char *const[]){__VA_ARGS__, NULL})

static void expect_said(const char *text)
{
    if (!strstr(last.said, text))
        fail_msg("\"%s\" was not said: %.900s", text, last.said);
}

static void expect_code(int code)
{
    if (last.code != code)
        fail_msg("exit code %d, not %d: %.900s", last.code, code, last.said);
}

static void expect_file(const char *name, const char *want)
{
    char *got = read_file(name);
    expect_same_text(name, got, want);
    free(got);
}

/* The lines of a file that a list made, without its head. */
static void expect_rules(const char *name, const char *want)
{
    char *got = read_file(name), *blank = strstr(got, "\n\n");
    assert_true(filter_file_is_ours(got, strlen(got)));
    assert_non_null(blank);
    expect_same_text(name, blank + 2, want);
    free(got);
}

static void expect_none(const char *name)
{
    if (exists(name))
        fail_msg("there is a %s", name);
}

static int set_up(void **state)
{
    (void)state;
    folder_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forget();
    folder_remove(folder);
    return 0;
}

#define LIST(text) make_file("list", "[Adblock Plus 2.0]\n! Title: Tidy Pages\n" text)

/* --- checkouts ------------------------------------------------------------------------------- */

static void copies_a_checkouts_rule_files_byte_for_byte(void **state)
{
    static const char rules[] =
        "# odd \xff bytes\r\nstrip: //nav\r\nno directive\r\nstrip: //[\r\n";
    (void)state;
    make_folder("src");
    make_folder("src/standard");
    make_folder("src/.git");
    make_file("src/example.org.txt", rules);
    make_file("src/.example.org.txt", "strip: //aside\n");
    make_file("src/standard/WWW.Example.COM.txt", "title: //h1\n");
    make_file("src/standard/global.txt", "strip: //hr\n");
    make_file("src/prints.txt", "match_text: hello\ndrop_line: hello\n");
    make_file("src/.git/inner.example.txt", "strip: //nav\n");
    IMPORT("out/deep", "src");
    expect_code(EX_OK);
    expect_said("5 files imported, 0 unchanged, 0 refused, 0 left out");
    expect_said("1 not-utf8, 1 no-directive, 1 bad-xpath");
    expect_file("out/deep/example.org.txt", rules);
    expect_file("out/deep/.example.org.txt", "strip: //aside\n");
    expect_file("out/deep/example.com.txt", "title: //h1\n");
    expect_file("out/deep/global.txt", "strip: //hr\n");
    expect_file("out/deep/prints.txt", "match_text: hello\ndrop_line: hello\n");
    expect_none("out/deep/inner.example.txt");
    IMPORT("out/deep", "src");
    expect_code(EX_OK);
    expect_said("0 files imported, 5 unchanged, 0 refused, 0 left out");
}

static void counts_findings_by_their_kind(void **state)
{
    (void)state;
    make_folder("src");
    make_file("src/a.example.txt", "strip: //[\nstripp: //a\nwhat\nstrip: //b\n");
    make_file("src/b.example.txt", "strip: //a\nstrip: //(\n");
    IMPORT("out", "src");
    expect_said("findings in 2 files: ");
    expect_said("1 unknown-directive");
    expect_said("1 no-directive");
    expect_said("2 bad-xpath");
    assert_true(exists("out/a.example.txt"));
}

static void names_and_leaves_out_what_is_no_rule_file(void **state)
{
    char *large = malloc(5 * 1024 * 1024);
    (void)state;
    assert_non_null(large);
    memset(large, '#', 5 * 1024 * 1024 - 1);
    large[5 * 1024 * 1024 - 1] = '\0';
    make_folder("src");
    make_file("src/README", "strip: //a\n");
    make_file("src/LICENSE.txt", "title: this reads like a directive\n");
    make_file("src/notes.example.txt", "Only prose stands here.\nSee: the other file\n");
    make_file("src/large.example.txt", large);
    make_file("src/zero.example.txt", "strip: //a\n");
    int fd = open(path_of("src/zero.example.txt"), O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "\0\n", 2), 2);
    close(fd);
    IMPORT("out", "src");
    expect_code(EX_OK);
    expect_said("0 files imported, 0 unchanged, 0 refused, 5 left out");
    expect_said("src/README: ");
    expect_said("src/LICENSE.txt: ");
    expect_said("src/notes.example.txt: ");
    expect_said("src/large.example.txt: larger");
    expect_said("src/zero.example.txt: binary");
    free(large);
}

static void follows_no_link_out_of_a_checkout(void **state)
{
    (void)state;
    make_folder("src");
    make_folder("other");
    make_file("secret.txt", "strip: //a\n");
    make_file("other/deep.example.txt", "strip: //a\n");
    assert_int_equal(symlink(path_of("secret.txt"), path_of("src/link.example.txt")), 0);
    assert_int_equal(symlink(path_of("other"), path_of("src/folder")), 0);
    assert_int_equal(mkfifo(path_of("src/pipe.example.txt"), 0600), 0);
    IMPORT("out", "src");
    expect_code(EX_OK);
    expect_said("0 files imported, 0 unchanged, 0 refused, 3 left out");
    expect_none("out/link.example.txt");
    expect_none("out/deep.example.txt");
}

static void removes_what_a_killed_import_left(void **state)
{
    (void)state;
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    make_folder("src");
    make_file("src/a.example.txt", "strip: //nav\n");
    make_folder("out");
    make_folder("out/.winnow-import-old123");
    make_file("out/.winnow-import-old123/b.example.txt", "strip: //nav\n");
    assert_int_equal(utimensat(AT_FDCWD, path_of("out/.winnow-import-old123"), old, 0), 0);
    make_folder("out/.winnow-import-new123");
    IMPORT("out", "src");
    expect_code(EX_OK);
    expect_none("out/.winnow-import-old123");
    assert_true(exists("out/.winnow-import-new123"));
    expect_file("out/a.example.txt", "strip: //nav\n");
}

static void a_file_that_differs_stays_unless_forced(void **state)
{
    (void)state;
    make_folder("src");
    make_folder("out");
    make_file("src/a.example.txt", "strip: //a\n");
    make_file("src/b.example.txt", "strip: //b\n");
    make_file("out/a.example.txt", "strip: //mine\n");
    IMPORT("out", "src");
    expect_code(EX_CANTCREAT);
    expect_said("out/a.example.txt is there and differs; --force replaces it");
    expect_said("1 files imported, 0 unchanged, 1 refused");
    expect_file("out/a.example.txt", "strip: //mine\n");
    expect_file("out/b.example.txt", "strip: //b\n");
    import_with((struct settings){.out = "out"}, true, (const char *const[]){"src", NULL});
    expect_code(EX_OK);
    expect_file("out/a.example.txt", "strip: //a\n");
}

static void of_two_files_for_one_host_the_first_counts(void **state)
{
    (void)state;
    make_folder("src");
    make_file("src/a.example.txt", "strip: //a\n");
    make_file("src/www.a.example.txt", "strip: //b\n");
    IMPORT("out", "src");
    expect_code(EX_OK);
    expect_said("www.a.example.txt: another file of the sources has the same host; left out");
    expect_file("out/a.example.txt", "strip: //a\n");
}

static void leaves_nothing_behind_but_rule_files(void **state)
{
    (void)state;
    make_folder("src");
    make_file("src/a.example.txt", "strip: //a\n");
    IMPORT("out", "src");
    assert_int_equal(unlink(path_of("out/a.example.txt")), 0);
    assert_int_equal(rmdir(path_of("out")), 0);
}

static void a_source_that_is_not_there_is_named_and_the_others_count(void **state)
{
    (void)state;
    make_folder("src");
    make_file("src/a.example.txt", "strip: //a\n");
    make_file("one.example.txt", "strip: //a\n");
    make_file("text", "neither this nor that\n");
    IMPORT("out", "nothing", "src", "one.example.txt", "text");
    expect_code(EX_NOINPUT);
    expect_said("nothing: No such file");
    expect_said("text: neither a rule file nor a filter list");
    expect_file("out/one.example.txt", "strip: //a\n");
    assert_true(exists("out/a.example.txt"));
}

static void asks_for_a_folder_and_for_sources(void **state)
{
    char verb[] = "import", source[] = "x", *args[] = {verb, source};
    (void)state;
    assert_int_equal(rules_import(&(struct settings){.args = args, .nargs = 2}), EX_USAGE);
    assert_int_equal(rules_import(&(struct settings){.args = args, .nargs = 1, .out = "o"}),
                     EX_USAGE);
}

/* --- filter lists ---------------------------------------------------------------------------- */

static void sorts_rules_into_files_by_host(void **state)
{
    (void)state;
    LIST("! Licence: CC0-1.0\nalpha.example,Beta.example##.ad\nalpha.example###box\r\n"
         "www.gamma.example##div > .x\n##.everywhere\nalpha.example##.ad\n");
    IMPORT("out", "list");
    expect_code(EX_OK);
    expect_file("out/alpha.example.txt",
                "# Written by winnow rules import, which writes it anew, from: Tidy Pages\n"
                "# Licence: CC0-1.0\n\n"
                "strip_id_or_class(class): ad\nstrip_id_or_class(id): box\n");
    expect_rules("out/.alpha.example.txt",
                 "strip_id_or_class(class): ad\nstrip_id_or_class(id): box\n");
    expect_rules("out/beta.example.txt", "strip_id_or_class(class): ad\n");
    expect_rules("out/global.txt", "strip_id_or_class(class): everywhere\n");
    expect_none("out/.gamma.example.txt");
    assert_true(exists("out/gamma.example.txt"));
    IMPORT("out", "list");
    expect_said("0 files imported, 6 unchanged");
}

static void rules_reach_the_host_and_one_label_below(void **state)
{
    static const struct {
        const char *url, *text;
    } pages[] = {
        {"http://alpha.example/x", "Words that stay\n"},
        {"http://www.alpha.example/x", "Words that stay\n"},
        {"http://blog.alpha.example/x", "Words that stay\n"},
        {"http://other.example/x", "Bought words\n\nWords that stay\n"},
        {"http://notalpha.example/x", "Bought words\n\nWords that stay\n"},
    };
    struct winnow *w = NULL;
    (void)state;
    LIST("alpha.example##p.ad:not(.keep)\n");
    IMPORT("out", "list");
    assert_int_equal(winnow_new(NULL, &w, NULL), WINNOW_OK);
    assert_int_equal(winnow_add_rules(w, path_of("out"), NULL), WINNOW_OK);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char *text = clean_text(
            w, "<html><body><p class='ad'>Bought words</p><p>Words that stay</p>", pages[i].url);
        assert_string_equal(text, pages[i].text);
        free(text);
    }
    winnow_free(w);
}

static void no_rule_reaches_an_exception(void **state)
{
    (void)state;
    LIST("##.a\n##.b\n##.c\none.example#@#.b\n~two.example##.d\n#@#.c\n"
         "up.example##.e\nlow.up.example#@#.e\n"
         "at.example##.f\nat.example#@#.f\n"
         "in.above.example##.g\nabove.example#@#.g\n"
         "w.example##.h\nwww.w.example#@#.h\n"
         "m.example,~x.m.example##.i\n"
         "k.example##.c\n"
         "all.example##.j, .k\nall.example#@#.k\n"
         "q.example##.l\nq.example#@?#.l\n"
         "star.example##.m\nst*#@#.m\n");
    IMPORT("out", "list");
    expect_code(EX_OK);
    expect_rules("out/global.txt", "strip_id_or_class(class): a\n");
    expect_rules("out/up.example.txt", "strip_id_or_class(class): e\n");
    expect_none("out/.up.example.txt");
    expect_none("out/at.example.txt");
    expect_none("out/.at.example.txt");
    expect_none("out/in.above.example.txt");
    expect_none("out/w.example.txt");
    assert_true(exists("out/.w.example.txt"));
    assert_true(exists("out/m.example.txt"));
    expect_none("out/.m.example.txt");
    expect_none("out/k.example.txt");
    expect_rules("out/all.example.txt", "strip_id_or_class(class): j\n");
    expect_none("out/q.example.txt");
    expect_none("out/star.example.txt");
}

static void a_site_that_a_list_spares_has_no_rules(void **state)
{
    (void)state;
    LIST("@@||calm.example^$elemhide\ncalm.example##.a\nsub.calm.example##.a\n"
         "loud.example##.a\n@@||part.example/shop^$generichide\npart.example##.a\n");
    IMPORT("out", "list");
    expect_none("out/calm.example.txt");
    expect_none("out/sub.calm.example.txt");
    assert_true(exists("out/loud.example.txt"));
    assert_true(exists("out/part.example.txt"));
    expect_said("2 sites switch generic rules off");
}

static void what_a_rule_file_cannot_say_is_counted_by_its_reason(void **state)
{
    static const char *const said[] = {
        "10 network rules", /* not one of the rules below among them */
        "1 no selectors of CSS",
        "2 procedural",
        "1 states and pseudo-elements",
        "1 for the whole page",
        "1 extended selectors",
        "2 styles",
        "3 scripts",
        "2 filters of HTML",
        "1 with modifiers",
        "2 for a host with a star",
        "1 for hosts by an expression",
        "3 for what is no host",
        "1 under a condition",
    };
    (void)state;
    LIST("||ads.example^\n@@||a.example^\n/banner/*/x.js\nexample.com^$script\n|http://x\n"
         "&ad_box_\n-ad-300.\n.com/ads/$image,domain=a.example\nads.$popup\nx.example/#/y\n"
         "a.example##..\na.example##.a:has-text(Ad)\na.example##.b:upward(2)\na.example##a:hover\n"
         "a.example##body\na.example#?#.a:-abp-contains(x)\na.example#$#.a { top: 0 }\n"
         "a.example#$?#.a { top: 0 }\na.example##+js(nop)\na.example#%#x()\n"
         "a.example##script:inject(x)\na.example$$div[a=\"b\"]\na.example##^script\n"
         "[$path=/x]a.example##.a\na.*##.a\n~b.*##.a\n/^a[0-9]+/##.a\ncom##.a\n"
         "\xd0\xb0.example##.a\na..example##.a\n"
         "!#if cap_x\na.example##.cond\n!#endif\n");
    IMPORT("out", "list");
    expect_code(EX_OK);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        expect_said(said[i]);
    expect_none("out/a.example.txt");
    expect_none("out/global.txt");
}

static void generic_rules_leave_a_pages_time_to_its_site(void **state)
{
    size_t count = 0;
    (void)state;
    make_file("list", "");
    FILE *f = fopen(path_of("list"), "w");
    assert_non_null(f);
    fputs("! Title: long\n", f);
    for (int i = 0; i < 130; i++)
        fprintf(f, "##p[title=a%d]\n##.b%d\n", i, i);
    fclose(f);
    IMPORT("out", "list");
    expect_said("30 generic ones with an XPath");
    char *text = read_file("out/global.txt");
    for (const char *at = text; (at = strstr(at, "\nstrip: ")) != NULL; at++)
        count++;
    assert_int_equal(count, 100);
    assert_non_null(strstr(text, "): b129\n"));
    free(text);
}

static void lists_of_every_make_are_read(void **state)
{
    (void)state;
    make_file("bom", "\xef\xbb\xbf[Adblock Plus 3.1]\r\na.example##.a\r\n");
    make_file("bare", "\n! no header but a comment\nb.example##.a");
    make_file("rules.list", "c.example##.a\n");
    IMPORT("out", "bom", "bare", "rules.list");
    expect_code(EX_OK);
    assert_true(exists("out/a.example.txt"));
    assert_true(exists("out/b.example.txt"));
    assert_file_holds("out/c.example.txt", "from: bom + bare + rules.list\n");
}

static void never_mixes_into_files_that_no_list_made(void **state)
{
    (void)state;
    make_folder("out");
    make_file("out/a.example.txt", "strip: //mine\n");
    LIST("a.example##.a\n");
    import_with((struct settings){.out = "out"}, true, (const char *const[]){"list", NULL});
    expect_code(EX_CANTCREAT);
    expect_said("out/a.example.txt: is there and no filter list made it");
    expect_file("out/a.example.txt", "strip: //mine\n");
    expect_rules("out/.a.example.txt", "strip_id_or_class(class): a\n");
    make_file("other", "! Title: Other\na.example,b.example##.b\n");
    IMPORT("out", "other");
    expect_said("out/.a.example.txt: is made from another filter list");
    expect_rules("out/.a.example.txt", "strip_id_or_class(class): a\n");
    expect_rules("out/b.example.txt", "strip_id_or_class(class): b\n");
}

static void a_new_version_of_a_list_takes_back_what_it_dropped(void **state)
{
    (void)state;
    LIST("a.example##.a\nb.example##.b\n");
    IMPORT("out", "list");
    make_file("out/mine.example.txt", "strip: //mine\n");
    LIST("b.example##.c\n");
    IMPORT("out", "list");
    expect_code(EX_OK);
    expect_said("2 files imported, 0 unchanged, 0 refused, 0 left out, 2 removed");
    expect_none("out/a.example.txt");
    expect_none("out/.a.example.txt");
    assert_true(exists("out/mine.example.txt"));
    expect_rules("out/b.example.txt", "strip_id_or_class(class): c\n");
}

static void nothing_is_written_where_sources_ask_for_too_much(void **state)
{
    struct stage stage;
    char out[512];
    (void)state;
    snprintf(out, sizeof out, "%s", path_of("out"));
    for (int limit = 0; limit < 2; limit++) {
        assert_int_equal(stage_open(&stage, out), EX_OK);
        assert_true(stage.files_most >= 50000);
        *(limit ? &stage.files_most : &stage.bytes_most) = limit ? 2 : 20;
        assert_int_equal(stage_put(&stage, "a.txt", "strip: //a", 10), EX_OK);
        assert_int_equal(stage_put(&stage, "b.txt", "strip: //b", 10), EX_OK);
        assert_int_equal(stage_put(&stage, "c.txt", "strip: //c", 10), EX_DATAERR);
        stage_close(&stage);
        assert_int_equal(rmdir(out), 0);
    }
}

/* --- lists that mean harm -------------------------------------------------------------------- */

static int check_file(void *ctx, const char *name, const char *data, size_t len)
{
    (void)ctx;
    assert_null(strchr(name, '/'));
    assert_true(strlen(name) < 255);
    assert_null(memchr(data, '\0', len));
    assert_true(filter_file_is_ours(data, len));
    assert_int_equal(data[len - 1], '\n');
    return EX_OK;
}

static void expect_survived(const char *data, size_t len)
{
    struct filter_list *l = filter_list_new();
    assert_non_null(l);
    assert_int_equal(filter_list_add(l, data, len, "x\n\x1b/y\n"), EX_OK);
    assert_int_equal(filter_list_files(l, check_file, NULL), EX_OK);
    filter_list_free(l);
}

static void survives_bytes_of_every_kind(void **state)
{
    static const char *const parts[] = {
        "a.example", ",",          "~",
        "##",        "#@#",        ".a",
        "#b",        " > ",        "[c='",
        "']",        "\n",         "\r\n",
        "!",         "! Title: x", "!#if",
        "!#endif",   "@@||",       "^$elemhide",
        "*",         "/",          "\xff",
        "\xc3\xa9",  ":not(",      ")",
        "..",        "www.",       "global",
        "[$",        "$$",         "+js",
        "\\",        "\x01",       "x.y.z.example",
        "#?#",       "_",
    };
    unsigned long seed = 99;
    (void)state;
    expect_survived("", 0);
    expect_survived("\0\n##\0.a\na\0b##.a\n", 17);
    for (int round = 0; round < 2000; round++) {
        char list[600];
        size_t len = 0;
        while (len < 500) {
            seed = seed * 6364136223846793005UL + 1442695040888963407UL;
            const char *part = parts[(seed >> 33) % (sizeof parts / sizeof *parts)];
            memcpy(list + len, part, strlen(part));
            len += strlen(part);
            if ((seed >> 20) % 100 == 0)
                list[len++] = '\0';
        }
        expect_survived(list, len);
    }
}

static void a_host_is_no_path(void **state)
{
    (void)state;
    LIST("../../x.example##.a\n..##.a\n.x.example##.a\nx.example.##.a\n..x.example##.a\n"
         "a/b.example##.a\n");
    IMPORT("out", "list");
    expect_code(EX_OK);
    expect_said("0 files imported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(copies_a_checkouts_rule_files_byte_for_byte),
        TEST(counts_findings_by_their_kind),
        TEST(names_and_leaves_out_what_is_no_rule_file),
        TEST(follows_no_link_out_of_a_checkout),
        TEST(removes_what_a_killed_import_left),
        TEST(a_file_that_differs_stays_unless_forced),
        TEST(of_two_files_for_one_host_the_first_counts),
        TEST(leaves_nothing_behind_but_rule_files),
        TEST(a_source_that_is_not_there_is_named_and_the_others_count),
        TEST(asks_for_a_folder_and_for_sources),
        TEST(sorts_rules_into_files_by_host),
        TEST(rules_reach_the_host_and_one_label_below),
        TEST(no_rule_reaches_an_exception),
        TEST(a_site_that_a_list_spares_has_no_rules),
        TEST(what_a_rule_file_cannot_say_is_counted_by_its_reason),
        TEST(generic_rules_leave_a_pages_time_to_its_site),
        TEST(lists_of_every_make_are_read),
        TEST(never_mixes_into_files_that_no_list_made),
        TEST(a_new_version_of_a_list_takes_back_what_it_dropped),
        TEST(nothing_is_written_where_sources_ask_for_too_much),
        TEST(survives_bytes_of_every_kind),
        TEST(a_host_is_no_path),
#undef TEST
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
