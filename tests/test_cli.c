/* test_cli.c - the command line: what goes where, which exit code, which words. */
#include <zlib.h>

#include "program.h"

#define WORDS "The ferry to the island sailed on time."
#define OTHER "A new roof was put on the town hall."
#define PAGE                                                                                       \
    "<!DOCTYPE html><html><head><title>Ferry</title></head><body><p>" WORDS "</p></body></html>"
#define PAGE2                                                                                      \
    "<!DOCTYPE html><html><head><title>Roof</title></head><body><p>" OTHER "</p></body></html>"

/* As windows-1251, without a word about it. */
#define CYRILLIC                                                                                   \
    "\xc2\xe5\xf1\xed\xee\xe9 \xe2 \xe3\xe0\xe2\xe0\xed\xe8 \xed\xe0\xf7\xe0\xeb\xe8 "             \
    "\xf3\xe3\xeb\xf3\xe1\xeb\xff\xf2\xfc \xe4\xed\xee, \xe8 \xf0\xfb\xe1\xe0\xea\xe8 "            \
    "\xef\xe5\xf0\xe5\xe3\xed\xe0\xeb\xe8 \xeb\xee\xe4\xea\xe8 \xea \xf1\xf2\xe0\xf0\xee"          \
    "\xec\xf3 \xec\xee\xeb\xf3.\n"

#define LONG_LINE                                                                                  \
    "On Monday the council agreed that the old lighthouse should be painted before the "           \
    "winter storms, and that the keeper's house next to it should become a museum.\n"

static void make_gzip(const char *name, const char *text)
{
    gzFile z = gzopen(path_of(name), "wb");

    assert_non_null(z);
    assert_int_equal(gzputs(z, text), (int)strlen(text));
    assert_int_equal(gzclose(z), Z_OK);
}

/* Asserts that a run failed as it should and that stdout is empty; frees it. */
static void assert_refused(struct run r, int code, const char *says)
{
    assert_code(&r, code);
    assert_one_error(&r);
    assert_err(&r, says);
    assert_int_equal(r.out_len, 0);
    run_free(&r);
}

static void assert_done(struct run r, const char *holds)
{
    assert_code(&r, 0);
    assert_out(&r, holds);
    run_free(&r);
}

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        n++;
    return n;
}

/* Nothing but what is named lies in a folder: no half-made file either. */
static void assert_only(const char *name, const char *only)
{
    char command[1200];
    char found[1000] = "";
    FILE *p;

    snprintf(command, sizeof command, "cd '%s' && find . ! -type d | sort | tr '\\n' ' '",
             path_of(name));
    p = popen(command, "r");
    assert_non_null(p);
    found[fread(found, 1, sizeof found - 1, p)] = '\0';
    pclose(p);
    assert_string_equal(found, only);
}

/* 400 different lines, some 20 KB. */
static void make_long(const char *name)
{
    FILE *f = fopen(path_of(name), "wb");

    assert_non_null(f);
    for (unsigned i = 0; i < 400; i++)
        fprintf(f, "Boat number %u left at %u minutes past %u.\n", i, i * 7 % 60, i * 11 % 24);
    assert_int_equal(fclose(f), 0);
}

/* --- where it reads ------------------------------------------------------------------ */

static void reads_standard_input_where_nothing_is_named(void **state)
{
    (void)state;
    make_file("a.html", PAGE);
    assert_done(run_launch((struct launch){.args = (const char *const[]){"clean", NULL},
                                           .in = path_of("a.html")}),
                WORDS);
}

static void reads_standard_input_for_a_dash(void **state)
{
    (void)state;
    make_file("a.html", PAGE);
    assert_done(run_launch((struct launch){.args = (const char *const[]){"clean", "-", NULL},
                                           .in = path_of("a.html")}),
                WORDS);
}

static void reads_packed_standard_input(void **state)
{
    (void)state;
    make_gzip("a.html.gz", PAGE);
    assert_done(run_launch((struct launch){.args = (const char *const[]){"clean", NULL},
                                           .in = path_of("a.html.gz")}),
                WORDS);
}

static void names_that_begin_with_a_dash_follow_two(void **state)
{
    (void)state;
    make_file("-q.html", PAGE);
    assert_done(run_launch((struct launch){
                    .args = (const char *const[]){"clean", "--", "-q.html", NULL}, .cwd = folder}),
                WORDS);
}

static void one_file_goes_to_standard_output(void **state)
{
    struct run r;

    (void)state;
    make_file("a.html", PAGE);
    r = RUN("clean", path_of("a.html"));
    assert_code(&r, 0);
    assert_string_equal(r.out, WORDS "\n");
    assert_string_equal(r.err, "");
    run_free(&r);
}

static void takes_a_url_from_the_option_over_the_sidecar(void **state)
{
    (void)state;
    make_file("u.html", PAGE);
    make_file("u.html.url", "https://sidecar.example/ferry\n");
    assert_done(RUN("clean", "--format", "json", path_of("u.html")),
                "https://sidecar.example/ferry");
    assert_done(
        RUN("clean", "--format", "json", "--url", "https://option.example/f", path_of("u.html")),
        "https://option.example/f");
}

static void reads_a_file_as_it_is_told(void **state)
{
    (void)state;
    make_file("h.txt", "<p>" WORDS "</p>\n");
    assert_done(RUN("clean", "--as", "dump", path_of("h.txt")), "<p>" WORDS "</p>");
    assert_done(RUN("clean", "--as", "html", path_of("h.txt")), WORDS "\n");
}

/* --- where it writes ------------------------------------------------------------------ */

static void mirrors_the_paths_below_a_folder(void **state)
{
    struct run r;

    (void)state;
    make_folder("in");
    make_folder("in/a");
    make_folder("in/a/deep");
    make_file("in/top.html", PAGE);
    make_gzip("in/a/x.html.gz", PAGE2);
    make_file("in/a/deep/z.txt", WORDS "\n");
    r = RUN("clean", "-o", path_of("out"), path_of("in"));
    assert_code(&r, 0);
    assert_int_equal(r.out_len, 0);
    assert_only("out", "./a/deep/z.txt ./a/x.html.gz.txt ./top.html.txt ");
    assert_file_holds("out/top.html.txt", WORDS);
    assert_file_holds("out/a/x.html.gz.txt", OTHER);
    assert_file_holds("out/a/deep/z.txt", WORDS);
    run_free(&r);
}

static void several_files_go_by_their_names(void **state)
{
    struct run r;

    (void)state;
    make_folder("in2");
    make_file("in2/a.html", PAGE);
    make_file("b.txt", OTHER "\n");
    r = RUN("clean", "-o", path_of("out2"), path_of("in2/a.html"), path_of("b.txt"));
    assert_code(&r, 0);
    assert_only("out2", "./a.html.txt ./b.txt ");
    run_free(&r);
}

static void a_format_brings_its_suffix(void **state)
{
    struct run r;

    (void)state;
    make_folder("in3");
    make_file("in3/a.html", PAGE);
    make_file("in3/b.txt", OTHER "\n");
    r = RUN("clean", "--format", "json", "-o", path_of("out3"), path_of("in3"));
    assert_code(&r, 0);
    assert_only("out3", "./a.html.json ./b.txt.json ");
    run_free(&r);
    r = RUN("clean", "--format", "jsonl", "-o", path_of("out3l"), path_of("in3"));
    assert_code(&r, 0);
    assert_only("out3l", "./a.html.jsonl ./b.txt.jsonl ");
    run_free(&r);
}

static void a_sidecar_is_no_input(void **state)
{
    struct run r;

    (void)state;
    make_folder("in4");
    make_file("in4/a.html", PAGE);
    make_file("in4/a.html.url", "https://sidecar.example/ferry\n");
    r = RUN("clean", "--format", "json", "-o", path_of("out4"), path_of("in4"));
    assert_code(&r, 0);
    assert_only("out4", "./a.html.json ");
    assert_file_holds("out4/a.html.json", "https://sidecar.example/ferry");
    run_free(&r);
}

static void an_output_is_replaced_whole(void **state)
{
    struct run r;
    char *text;

    (void)state;
    make_file("r.html", PAGE);
    make_folder("out5");
    make_file("out5/r.html.txt", LONG_LINE LONG_LINE LONG_LINE);
    r = RUN("clean", "-o", path_of("out5"), path_of("r.html"));
    assert_code(&r, 0);
    text = read_file("out5/r.html.txt");
    assert_string_equal(text, WORDS "\n");
    assert_only("out5", "./r.html.txt ");
    free(text);
    run_free(&r);
}

static void several_inputs_want_an_output_or_lines(void **state)
{
    struct run r;

    (void)state;
    make_file("a.html", PAGE);
    make_file("b.html", PAGE2);
    make_folder("in6");
    make_file("in6/a.html", PAGE);
    assert_refused(RUN("clean", path_of("a.html"), path_of("b.html")), EX_USAGE, "-o");
    assert_refused(RUN("clean", "--format", "json", path_of("a.html"), path_of("b.html")), EX_USAGE,
                   "jsonl");
    assert_refused(RUN("clean", path_of("in6")), EX_USAGE, "-o");
    r = RUN("clean", "--format", "jsonl", path_of("a.html"), path_of("b.html"));
    assert_code(&r, 0);
    assert_int_equal(lines_of(r.out), 2);
    assert_true(strstr(r.out, WORDS) < strstr(r.out, OTHER)); /* in the order named */
    run_free(&r);
}

static void two_inputs_for_one_output_are_both_named(void **state)
{
    struct run r;

    (void)state;
    make_folder("one");
    make_folder("two");
    make_file("one/a.html", PAGE);
    make_file("two/a.html", PAGE2);
    r = RUN("clean", "-o", path_of("out7"), path_of("one/a.html"), path_of("two/a.html"));
    assert_err(&r, "one/a.html");
    assert_err(&r, "two/a.html");
    assert_refused(r, EX_USAGE, "");
    assert_false(exists("out7/a.html.txt"));
    make_folder("three");
    make_file("three/b.txt", WORDS "\n"); /* b.txt stays b.txt, b becomes b.txt */
    make_file("three/b", OTHER "\n");
    assert_refused(RUN("clean", "-o", path_of("out8"), path_of("three")), EX_USAGE, "three/b.txt");
    assert_false(exists("out8/b.txt"));
}

static void never_writes_over_its_input(void **state)
{
    struct run r;
    char *text;

    (void)state;
    make_folder("in9");
    make_file("in9/b.txt", LONG_LINE LONG_LINE);
    r = RUN("clean", "-o", path_of("in9"), path_of("in9"));
    assert_err(&r, "b.txt");
    assert_refused(r, EX_USAGE, "; ");
    text = read_file("in9/b.txt");
    assert_string_equal(text, LONG_LINE LONG_LINE);
    free(text);
}

static void explain_never_writes_over_its_input(void **state)
{
    char *text;

    (void)state;
    make_folder("in14");
    make_file("in14/f.html", PAGE);
    assert_int_equal(link(path_of("in14/f.html"), path_of("in14/same.html")), 0);
    assert_refused(RUN("explain", "--html", path_of("in14/f.html"), path_of("in14/f.html")),
                   EX_USAGE, "; choose another file");
    assert_refused(RUN("explain", "--html", path_of("in14/same.html"), path_of("in14/f.html")),
                   EX_USAGE, "in14/f.html");
    text = read_file("in14/f.html");
    assert_string_equal(text, PAGE);
    free(text);
}

static void a_file_on_standard_input_is_not_written_over(void **state)
{
    const char *explain[] = {"explain", "--html", NULL, "-", NULL};
    const char *clean[] = {"clean", "-o", NULL, NULL};
    char *text;

    (void)state;
    make_folder("in15");
    make_file("in15/stdin.txt", PAGE); /* the name that standard input's text gets */
    explain[2] = path_of("in15/stdin.txt");
    assert_refused(run_launch((struct launch){.args = explain, .in = path_of("in15/stdin.txt")}),
                   EX_USAGE, "; choose another file");
    clean[2] = path_of("in15");
    assert_refused(run_launch((struct launch){.args = clean, .in = path_of("in15/stdin.txt")}),
                   EX_USAGE, "; choose another folder");
    text = read_file("in15/stdin.txt");
    assert_string_equal(text, PAGE);
    free(text);
}

/* A name may have 255 bytes: what is made on the way must not need more. */
static void a_name_as_long_as_names_may_be_is_written(void **state)
{
    char in[252] = "", out[264];
    struct run r;

    (void)state;
    memset(in, 'n', sizeof in - 1);
    snprintf(out, sizeof out, "out16/%s.txt", in);
    make_file(in, PAGE);
    r = RUN("clean", "-o", path_of("out16"), path_of(in));
    assert_code(&r, 0);
    assert_file_holds(out, WORDS);
    run_free(&r);
}

static void the_same_inputs_give_the_same_bytes(void **state)
{
    struct run a, b;

    (void)state;
    make_folder("in10");
    make_file("in10/z.html", PAGE);
    make_file("in10/a.html", PAGE2);
    make_file("in10/m.txt", WORDS "\n");
    a = RUN("clean", "--format", "jsonl", path_of("in10"));
    b = RUN("clean", "--format", "jsonl", path_of("in10"));
    assert_code(&a, 0);
    assert_int_equal(lines_of(a.out), 3);
    assert_string_equal(a.out, b.out);
    run_free(&a);
    run_free(&b);
}

/* --- what fails ----------------------------------------------------------------------- */

static void one_bad_input_of_several_costs_only_itself(void **state)
{
    struct run r;

    (void)state;
    make_file("a.html", PAGE);
    make_file("png.html", "\x89PNG\r\n\x1a\n");
    make_file("b.html", PAGE2);
    r = RUN("clean", "-o", path_of("out11"), path_of("a.html"), path_of("missing.html"),
            path_of("b.html"));
    assert_code(&r, 1);
    assert_err(&r, "missing.html");
    assert_only("out11", "./a.html.txt ./b.html.txt ");
    run_free(&r);
}

static void standard_input_that_cannot_be_read_costs_only_itself(void **state)
{
    const char *args[] = {"clean", "--format", "jsonl", "-", NULL, NULL};
    struct run r;

    (void)state;
    make_file("a.html", PAGE);
    args[4] = path_of("a.html");
    r = run_launch((struct launch){.args = args, .in = folder}); /* read() of a folder: EISDIR */
    assert_code(&r, 1);
    assert_out(&r, WORDS);
    assert_one_error(&r);
    run_free(&r);
}

static void a_read_error_says_what_to_do(void **state)
{
    (void)state;
    assert_refused(
        run_launch((struct launch){.args = (const char *const[]){"clean", NULL}, .in = folder}),
        EX_IOERR, "standard input: cannot be read: ");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    assert_refused(RUN("clean", path_of("nowhere.html")), EX_NOINPUT, "nowhere.html: ");
    assert_refused(RUN("explain", path_of("nowhere.html")), EX_NOINPUT, "nowhere.html: ");
}

static void a_page_over_the_limit_is_refused(void **state)
{
    (void)state;
    make_file("big.txt", LONG_LINE LONG_LINE LONG_LINE LONG_LINE LONG_LINE LONG_LINE LONG_LINE);
    assert_refused(RUN("clean", "--max-size", "1K", path_of("big.txt")), EX_DATAERR, "--max-size");
    assert_done(RUN("clean", "--max-size", "2K", path_of("big.txt")), "lighthouse");
    assert_refused(run_launch((struct launch){
                       .args = (const char *const[]){"clean", "--max-size", "1000", NULL},
                       .in = path_of("big.txt")}),
                   EX_DATAERR, "--max-size");
}

static void a_packed_page_over_the_limit_is_refused(void **state)
{
    (void)state;
    make_gzip("big.txt.gz", LONG_LINE LONG_LINE LONG_LINE LONG_LINE LONG_LINE LONG_LINE LONG_LINE);
    assert_refused(RUN("clean", "--max-size", "1K", path_of("big.txt.gz")), EX_DATAERR,
                   "--max-size");
}

static void an_output_that_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    make_file("a.html", PAGE);
    make_file("plain", "no folder\n");
    assert_refused(RUN("clean", "-o", path_of("plain/out"), path_of("a.html")), EX_CANTCREAT,
                   "plain/out");
}

static void a_full_disk_is_an_error(void **state)
{
    struct run r;

    (void)state;
    make_file("a.html", PAGE);
    r = run_launch((struct launch){.args = (const char *const[]){"clean", path_of("a.html"), NULL},
                                   .out = "/dev/full"});
    assert_refused(r, EX_IOERR, "");
    make_long("long.txt"); /* more than a buffer: it fails before the end, and is said once */
    r = run_launch((struct launch){
        .args = (const char *const[]){"clean", path_of("long.txt"), NULL}, .out = "/dev/full"});
    assert_refused(r, EX_IOERR, "long.txt");
}

static void a_full_disk_stops_the_batch(void **state)
{
    struct run r;

    (void)state;
    make_folder("full");
    make_file("full/a.html", PAGE);
    make_file("full/b.html", PAGE);
    r = run_launch((struct launch){
        .args = (const char *const[]){"clean", "--format", "jsonl", path_of("full"), NULL},
        .out = "/dev/full"});
    assert_refused(r, EX_IOERR, "");
}

static void a_link_that_is_named_and_leads_to_a_folder_is_that_folder(void **state)
{
    (void)state;
    make_folder("led-to");
    make_file("led-to/page.txt", "One line of text.\n");
    assert_int_equal(symlink("led-to", path_of("leads")), 0);
    assert_done(RUN("clean", "-o", path_of("led-out"), path_of("leads")), "");
    assert_int_equal(access(path_of("led-out/page.txt"), R_OK), 0);
}

static void a_link_to_a_file_in_a_folder_is_a_page(void **state)
{
    (void)state;
    make_folder("linked");
    make_file("page.html", PAGE);
    make_file("linked/b.html", PAGE);
    assert_int_equal(symlink(path_of("page.html"), path_of("linked/a.html")), 0);
    assert_int_equal(symlink("/", path_of("linked/root")), 0);
    assert_done(RUN("clean", "-o", path_of("texts"), path_of("linked")), "");
    assert_int_equal(access(path_of("texts/a.html.txt"), R_OK), 0);
    assert_int_equal(access(path_of("texts/b.html.txt"), R_OK), 0);
}

static void no_half_output_is_left_behind(void **state)
{
    const char *args[] = {"clean", "-o", NULL, NULL, NULL};
    struct run r;

    (void)state;
    make_long("half.txt");
    make_folder("out12");
    args[2] = path_of("out12");
    args[3] = path_of("half.txt");
    r = run_launch((struct launch){.args = args, .max_file = 4096});
    assert_refused(r, EX_IOERR, "");
    assert_only("out12", "");
}

static void an_old_output_survives_a_failed_run(void **state)
{
    const char *args[] = {"clean", "-o", NULL, NULL, NULL};
    struct run r;

    (void)state;
    make_long("half.txt");
    make_folder("out13");
    make_file("out13/half.txt", "What was here before.\n");
    args[2] = path_of("out13");
    args[3] = path_of("half.txt");
    r = run_launch((struct launch){.args = args, .max_file = 4096});
    assert_refused(r, EX_IOERR, "");
    assert_only("out13", "./half.txt ");
    assert_file_holds("out13/half.txt", "What was here before.");
}

/* --- what it is asked wrongly ------------------------------------------------------------ */

static void usage_errors_name_what_is_wrong(void **state)
{
    static const struct {
        const char *args[6];
        const char *says;
    } wrong[] = {
        {{"cleen", NULL}, "cleen"},
        {{"clean", "--colour", NULL}, "--colour"},
        {{"clean", "--format", "pdf", NULL}, "pdf"},
        {{"clean", "--format", NULL}, "--format"},
        {{"clean", "--as", "song", NULL}, "song"},
        {{"clean", "--max-size", "many", NULL}, "many"},
        {{"clean", "--max-size", "-1", NULL}, "-1"},
        {{"clean", "--max-size", "99999999999999999999G", NULL}, "--max-size"},
        {{"clean", "--site", "???", NULL}, "???"},
        {{"clean", "--site", "https://ferry.example", NULL}, "--site"},
        {{"clean", "--site", "ferry..example", NULL}, "--site"},
        {{"clean", "--site", ".example", NULL}, "--site"},
        {{"clean", "--site", "-ferry.example", NULL}, "--site"},
        {{"clean", "--site", "ferry.example:80", NULL}, "--site"},
        {{"clean", "--site", "ferry example", NULL}, "--site"},
        {{"clean", "--site", "", NULL}, "--site"},
        {{"rules", "bake", NULL}, "lint, test"},
        {{"rules", NULL}, "lint"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(run_launch((struct launch){.args = wrong[i].args}), EX_USAGE, wrong[i].says);
}

static void help_fits_a_screen_and_goes_to_standard_output(void **state)
{
    static const char *const asks[][4] = {
        {NULL},
        {"help", NULL},
        {"--help", NULL},
        {"clean", "--help", NULL},
        {"rules", "--help", NULL},
        {"explain", "--help", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        struct run r = run_launch((struct launch){.args = asks[i]});
        assert_code(&r, 0);
        assert_out(&r, "winnow");
        assert_string_equal(r.err, "");
        assert_in_range(lines_of(r.out), 3, 40);
        run_free(&r);
    }
}

static void the_version_is_one_line(void **state)
{
    struct run r = RUN("--version");

    (void)state;
    assert_code(&r, 0);
    assert_int_equal(strncmp(r.out, "winnow ", 7), 0);
    assert_int_equal(lines_of(r.out), 1);
    run_free(&r);
}

/* --- URLs ------------------------------------------------------------------------------- */

static void a_private_address_is_refused(void **state)
{
    (void)state;
    assert_refused(RUN("clean", "http://127.0.0.1:9/page"), EX_UNAVAILABLE, "--allow-private");
    assert_refused(RUN("clean", "http://localhost:9/page"), EX_UNAVAILABLE, "--allow-private");
    assert_refused(RUN("clean", "http://169.254.169.254/latest/"), EX_UNAVAILABLE,
                   "--allow-private");
}

static void a_url_of_another_kind_is_refused(void **state)
{
    struct run r = RUN("clean", "file:///etc/hostname");

    (void)state;
    assert_true(r.code != 0);
    assert_one_error(&r);
    assert_int_equal(r.out_len, 0);
    run_free(&r);
}

/* --- notes, repeats, rules ------------------------------------------------------------------ */

static void a_guessed_charset_is_noted_unless_quiet(void **state)
{
    struct run r;

    (void)state;
    make_file("c.txt", CYRILLIC);
    r = RUN("clean", path_of("c.txt"));
    assert_code(&r, 0);
    assert_out(&r, "Весной в гавани");
    assert_err(&r, "c.txt: ");
    assert_int_equal(strncmp(r.err, "winnow: ", 8), 0);
    run_free(&r);
    r = RUN("clean", "-q", path_of("c.txt"));
    assert_code(&r, 0);
    assert_out(&r, "Весной в гавани");
    assert_string_equal(r.err, "");
    run_free(&r);
}

static void quiet_does_not_hide_errors(void **state)
{
    (void)state;
    assert_refused(RUN("clean", "-q", path_of("nowhere.html")), EX_NOINPUT, "nowhere.html");
}

static void repeats_go_unless_they_are_to_stay(void **state)
{
    struct run r;

    (void)state;
    make_file("twice.txt", LONG_LINE WORDS "\n" LONG_LINE OTHER "\n");
    r = RUN("clean", path_of("twice.txt"));
    assert_code(&r, 0);
    assert_int_equal(lines_of(r.out), 3);
    run_free(&r);
    r = RUN("clean", "--keep-repeats", path_of("twice.txt"));
    assert_code(&r, 0);
    assert_string_equal(r.out, LONG_LINE WORDS "\n" LONG_LINE OTHER "\n");
    run_free(&r);
}

/* A clause under each of four offers. */
static void what_recurs_by_form_goes_only_when_asked(void **state)
{
#define CLAUSE                                                                                     \
    "The deposit of one fifth is due on the day of booking, and whoever stays at home "            \
    "gets it back only if the ferry does not sail. Dogs travel free of charge, but "               \
    "they must be named, and so must their weight and their temper.\n"
#define OFFERS                                                                                     \
    "Three days on the island of Ulla, with supper in the old whaling station.\n" CLAUSE           \
    "Five days on Ulla and Sarr; a fishing boat takes us over the sound at dawn.\n"
#define MORE                                                                                       \
    "The long week: seven islands, seven lighthouses and a great deal of soup.\n" CLAUSE           \
    "A day for those who get seasick, spent on the pier with a view of the boats.\n"
    struct run r;

    (void)state;
    make_file("offers.txt", OFFERS CLAUSE MORE CLAUSE);
    r = RUN("clean", path_of("offers.txt"));
    assert_code(&r, 0);
    assert_string_equal(r.out, OFFERS CLAUSE MORE CLAUSE);
    run_free(&r);
    r = RUN("clean", "--all-repeats", path_of("offers.txt"));
    assert_code(&r, 0);
    assert_int_equal(lines_of(r.out), 5);
    run_free(&r);
}

static void a_site_is_any_host_name(void **state)
{
    static const char *const sites[] = {"ferry.example", "Ferry-2.EXAMPLE", "ferry.example.",
                                        "localhost",     "127.0.0.1",       "xn--80ak6aa92e.com"};

    (void)state;
    make_file("a.html", PAGE);
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
        assert_done(RUN("clean", "--site", sites[i], path_of("a.html")), WORDS);
}

static void rules_apply_to_their_site_alone(void **state)
{
    struct run r;

    (void)state;
    make_folder("rules");
    make_file("rules/ferry.example.txt", "drop_line: Subscribe to our letter\n");
    make_file("s.txt", WORDS "\nSubscribe to our letter\n" OTHER "\n");
    r = RUN("clean", "--rules", path_of("rules"), "--site", "ferry.example", path_of("s.txt"));
    assert_code(&r, 0);
    assert_not_out(&r, "Subscribe");
    assert_out(&r, OTHER);
    run_free(&r);
    r = RUN("clean", "--rules", path_of("rules"), "--url", "https://www.ferry.example/a?b",
            path_of("s.txt"));
    assert_code(&r, 0);
    assert_not_out(&r, "Subscribe");
    run_free(&r);
    assert_done(
        RUN("clean", "--rules", path_of("rules"), "--site", "roof.example", path_of("s.txt")),
        "Subscribe");
    assert_done(RUN("clean", "--no-default-rules", "--site", "ferry.example", path_of("s.txt")),
                "Subscribe");
}

static void a_rule_folder_that_is_not_there_is_an_error(void **state)
{
    struct run r;

    (void)state;
    make_file("a.html", PAGE);
    r = RUN("clean", "--rules", path_of("no-rules"), path_of("a.html"));
    assert_true(r.code == EX_CONFIG || r.code == EX_NOINPUT);
    assert_one_error(&r);
    assert_err(&r, "no-rules");
    run_free(&r);
}

static void lint_names_the_line(void **state)
{
    struct run r;

    (void)state;
    make_folder("lint");
    make_file("lint/bad.example.txt", "title: //h1\nbody: //div[@class='x'\n");
    r = RUN("rules", "lint", path_of("lint"));
    assert_code(&r, EX_CONFIG);
    if (!strstr(r.out, "bad.example.txt:2:") && !strstr(r.err, "bad.example.txt:2:"))
        fail_msg("no \"bad.example.txt:2:\" in \"%.300s\" or \"%.300s\"", r.out, r.err);
    run_free(&r);
    make_file("lint/bad.example.txt", "title: //h1\nbody: //div[@class='x']\n");
    r = RUN("rules", "lint", path_of("lint"));
    assert_code(&r, 0);
    run_free(&r);
}

static void explain_says_why(void **state)
{
    struct run r;

    (void)state;
    make_folder("rules");
    make_file("rules/ferry.example.txt", "drop_line: Subscribe to our letter\n");
    make_file("s.txt", WORDS "\nSubscribe to our letter\n" OTHER "\n");
    r = RUN("explain", "--rules", path_of("rules"), "--site", "ferry.example", path_of("s.txt"));
    assert_code(&r, 0);
    assert_out(&r, WORDS);
    assert_out(&r, "Subscribe to our letter");
    assert_out(&r, "ferry.example.txt:1");
    run_free(&r);
}

static void explain_makes_a_web_page(void **state)
{
    struct run r;

    (void)state;
    make_file("a.html", PAGE);
    r = RUN("explain", "--html", path_of("why.html"), path_of("a.html"));
    assert_code(&r, 0);
    assert_file_holds("why.html", "<!DOCTYPE html>");
    assert_file_holds("why.html", WORDS);
    run_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_standard_input_where_nothing_is_named),
        cmocka_unit_test(reads_standard_input_for_a_dash),
        cmocka_unit_test(reads_packed_standard_input),
        cmocka_unit_test(names_that_begin_with_a_dash_follow_two),
        cmocka_unit_test(one_file_goes_to_standard_output),
        cmocka_unit_test(takes_a_url_from_the_option_over_the_sidecar),
        cmocka_unit_test(reads_a_file_as_it_is_told),
        cmocka_unit_test(mirrors_the_paths_below_a_folder),
        cmocka_unit_test(several_files_go_by_their_names),
        cmocka_unit_test(a_format_brings_its_suffix),
        cmocka_unit_test(a_sidecar_is_no_input),
        cmocka_unit_test(an_output_is_replaced_whole),
        cmocka_unit_test(several_inputs_want_an_output_or_lines),
        cmocka_unit_test(two_inputs_for_one_output_are_both_named),
        cmocka_unit_test(never_writes_over_its_input),
        cmocka_unit_test(explain_never_writes_over_its_input),
        cmocka_unit_test(a_file_on_standard_input_is_not_written_over),
        cmocka_unit_test(a_name_as_long_as_names_may_be_is_written),
        cmocka_unit_test(the_same_inputs_give_the_same_bytes),
        cmocka_unit_test(one_bad_input_of_several_costs_only_itself),
        cmocka_unit_test(standard_input_that_cannot_be_read_costs_only_itself),
        cmocka_unit_test(a_read_error_says_what_to_do),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_page_over_the_limit_is_refused),
        cmocka_unit_test(a_packed_page_over_the_limit_is_refused),
        cmocka_unit_test(an_output_that_cannot_be_made_is_an_error),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(a_full_disk_stops_the_batch),
        cmocka_unit_test(a_link_that_is_named_and_leads_to_a_folder_is_that_folder),
        cmocka_unit_test(a_link_to_a_file_in_a_folder_is_a_page),
        cmocka_unit_test(no_half_output_is_left_behind),
        cmocka_unit_test(an_old_output_survives_a_failed_run),
        cmocka_unit_test(usage_errors_name_what_is_wrong),
        cmocka_unit_test(help_fits_a_screen_and_goes_to_standard_output),
        cmocka_unit_test(the_version_is_one_line),
        cmocka_unit_test(a_private_address_is_refused),
        cmocka_unit_test(a_url_of_another_kind_is_refused),
        cmocka_unit_test(a_guessed_charset_is_noted_unless_quiet),
        cmocka_unit_test(quiet_does_not_hide_errors),
        cmocka_unit_test(repeats_go_unless_they_are_to_stay),
        cmocka_unit_test(what_recurs_by_form_goes_only_when_asked),
        cmocka_unit_test(a_site_is_any_host_name),
        cmocka_unit_test(rules_apply_to_their_site_alone),
        cmocka_unit_test(a_rule_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(lint_names_the_line),
        cmocka_unit_test(explain_says_why),
        cmocka_unit_test(explain_makes_a_web_page),
    };

    return cmocka_run_group_tests_name("cli", tests, folder_start, folder_stop);
}
