/* test_reclean_cli.c - winnow reclean and winnow restore: records that are made again, and
 * pages as they were. */
#include "hash.h"
#include "index_program.h"

static ino_t inode_of(const char *name)
{
    struct stat st;

    if (stat(path_of(name), &st) != 0)
        fail_msg("there is no %s", name);
    return st.st_ino;
}

static void clean_into(const char *index, const char *format, const char *out, const char *in)
{
    struct run r = RUN("clean", "--index", path_of(index), "--format", format, "-o", path_of(out),
                       path_of(in));

    assert_code(&r, 0);
    run_free(&r);
}

/* One page comes alone and the rest of its site later: what they share is known too late. */
static void make_early(const char *name)
{
    char in[100], page[100], index[100], out[100];

    snprintf(in, sizeof in, "%s-in", name);
    snprintf(index, sizeof index, "%s-index", name);
    snprintf(out, sizeof out, "%s-out", name);
    snprintf(page, sizeof page, "%s-in/p01.txt", name);
    make_pages(in, 1, 1);
    clean_into(index, "json", out, page);
    make_pages(in, 2, 6);
    snprintf(out, sizeof out, "%s-rest", name);
    clean_into(index, "json", out, in);
}

/* --- reclean -------------------------------------------------------------------------------- */

static void reclean_catches_up_with_the_index(void **state)
{
    (void)state;
    make_early("up");
    assert_file_lacks("up-out/p01.txt.json", "\"text\": \"On day 1");
    assert_done(RUN("reclean", "--index", path_of("up-index"), path_of("up-out")),
                "1 records, 1 changed");
    assert_file_holds("up-out/p01.txt.json", "\"text\": \"On day 1");
    assert_file_holds("up-out/p01.txt.json", "\"stage\": \"site\"");
    assert_int_equal(figure("up-index", "documents"), 6); /* and adds nothing to it */
}

static void a_record_that_stays_the_same_is_not_touched(void **state)
{
    ino_t before;

    (void)state;
    make_early("same");
    before = inode_of("same-rest/p04.txt.json");
    assert_done(RUN("reclean", "--index", path_of("same-index"), path_of("same-rest")),
                " 0 changed");
    assert_int_equal(inode_of("same-rest/p04.txt.json"), before);
    assert_done(RUN("reclean", "--index", path_of("same-index"), path_of("same-out")),
                " 1 changed");
    before = inode_of("same-out/p01.txt.json");
    assert_done(RUN("reclean", "--index", path_of("same-index"), path_of("same-out")),
                " 0 changed");
    assert_int_equal(inode_of("same-out/p01.txt.json"), before);
}

static void the_text_beside_a_record_follows_it(void **state)
{
    struct run r;

    (void)state;
    make_early("beside");
    /* The text as it was when the record was made. */
    r = RUN("clean", "-o", path_of("beside-out"), path_of("beside-in/p01.txt"));
    assert_code(&r, 0);
    run_free(&r);
    assert_file_holds("beside-out/p01.txt", "Subscribe");
    assert_done(RUN("reclean", "--index", path_of("beside-index"), path_of("beside-out")),
                "1 changed");
    assert_file_lacks("beside-out/p01.txt", "Subscribe");
    assert_file_holds("beside-out/p01.txt", "On day 4 of story 1");
}

/* Records may lie beside the pages that they were made of, under the name of a text. */
static void an_input_beside_a_record_is_not_touched(void **state)
{
    char *text;
    FILE *f;

    (void)state;
    make_folder("input-in");
    f = fopen(path_of("input-in/p01.txt"), "wb");
    assert_non_null(f);
    fputs(MENU_TOP "  \n", f); /* the clean text has no blanks at its end */
    print_story(f, 1);
    fputs(MENU_END "\n\n", f);
    assert_int_equal(fclose(f), 0);
    text = read_file("input-in/p01.txt");
    clean_into("input-index", "json", "input-in", "input-in/p01.txt");
    make_pages("input-more", 2, 6);
    for (unsigned i = 2; i <= 6; i++) {
        char from[100], to[100];
        snprintf(from, sizeof from, "input-more/p%02u.txt", i);
        snprintf(to, sizeof to, "input-in/p%02u.txt", i);
        assert_int_equal(rename(path_of(from), path_of(to)), 0);
        clean_into("input-index", "text", "input-texts", to);
    }
    assert_done(RUN("reclean", "--index", path_of("input-index"), path_of("input-in")),
                "1 changed");
    {
        char *now = read_file("input-in/p01.txt");
        assert_string_equal(now, text);
        free(now);
    }
    free(text);
}

static void records_on_lines_are_made_again_in_place(void **state)
{
    struct run r;
    FILE *f;

    (void)state;
    make_early("lines");
    r = RUN("clean", "--index", path_of("lines-index"), "--no-site", "--format", "jsonl",
            path_of("lines-in/p01.txt"));
    assert_code(&r, 0);
    f = fopen(path_of("lines.jsonl"), "wb");
    assert_non_null(f);
    fputs("{\"no\": \"record\"}\n", f);
    fwrite(r.out, 1, r.out_len, f);
    assert_int_equal(fclose(f), 0);
    run_free(&r);
    r = RUN("reclean", "--index", path_of("lines-index"), path_of("lines.jsonl"));
    assert_code(&r, 1);
    assert_err(&r, "lines.jsonl:1: ");
    assert_out(&r, "2 records, 1 changed");
    run_free(&r);
    assert_file_holds("lines.jsonl", "{\"no\": \"record\"}\n{\"id\":");
    assert_file_holds("lines.jsonl", "\"stage\":\"site\"");
}

static void an_earlier_document_learns_of_the_better_copy(void **state)
{
    (void)state;
    make_file("teaser.txt", TEASER);
    make_file("whole.txt", WHOLE);
    clean_into("later-index", "json", "later-out", "teaser.txt");
    clean_into("later-index", "json", "later-out", "whole.txt");
    assert_file_lacks("later-out/teaser.txt.json", "superseded-by");
    assert_done(RUN("reclean", "--index", path_of("later-index"), path_of("later-out")),
                "2 records, 1 changed");
    assert_file_holds("later-out/teaser.txt.json", "superseded-by");
}

static void texts_alone_cannot_be_cleaned_again(void **state)
{
    (void)state;
    make_early("texts");
    make_folder("only-texts");
    make_file("only-texts/a.txt", WHOLE);
    {
        struct run r = RUN("reclean", "--index", path_of("texts-index"), path_of("only-texts"));
        assert_code(&r, EX_NOINPUT);
        assert_one_error(&r);
        assert_err(&r, "--format json");
        run_free(&r);
        r = RUN("reclean", "--index", path_of("texts-index"), path_of("only-texts/a.txt"));
        assert_true(r.code != 0);
        assert_err(&r, "only-texts/a.txt");
        run_free(&r);
    }
    assert_refused(RUN("reclean", path_of("texts-out")), EX_USAGE, "--index");
    assert_refused(RUN("reclean", "--index", path_of("texts-index")), EX_USAGE, "reclean takes");
    assert_refused(RUN("reclean", "--index", path_of("nowhere"), path_of("texts-out")), EX_NOINPUT,
                   "nowhere");
}

static void a_full_disk_leaves_the_old_record(void **state)
{
    const char *args[] = {"reclean", "--index", NULL, NULL, NULL};
    struct run r;
    char *before, *after;

    (void)state;
    make_early("full");
    before = read_file("full-out/p01.txt.json");
    args[2] = path_of("full-index");
    args[3] = path_of("full-out");
    r = run_launch((struct launch){.args = args, .max_file = 1024});
    assert_code(&r, EX_IOERR);
    run_free(&r);
    after = read_file("full-out/p01.txt.json");
    assert_string_equal(after, before);
    free(before);
    free(after);
}

/* The record is the only one of its page. */
static void a_record_is_replaced_when_the_new_one_is_durable(void **state)
{
    struct run r;
    char *before, *after;

    (void)state;
    if (!can_fail())
        skip();
    make_early("sync");
    before = read_file("sync-out/p01.txt.json");
    r = RUN_FAILING("fdatasync", "reclean", "--index", path_of("sync-index"), path_of("sync-out"));
    assert_code(&r, EX_IOERR);
    assert_err(&r, "p01.txt.json");
    run_free(&r);
    after = read_file("sync-out/p01.txt.json");
    assert_string_equal(after, before);
    free(before);
    free(after);
    r = RUN_FAILING("fsync", "reclean", "--index", path_of("sync-index"), path_of("sync-out"));
    assert_code(&r, EX_IOERR); /* its folder may not know of it */
    assert_err(&r, "p01.txt.json");
    run_free(&r);
}

static void a_record_stays_with_who_may_read_it(void **state)
{
    struct stat st;

    (void)state;
    make_early("mode");
    assert_int_equal(chmod(path_of("mode-out/p01.txt.json"), 0600), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(path_of("mode-out/p01.txt.json"), NOBODY, NOBODY), 0);
    assert_done(RUN("reclean", "--index", path_of("mode-index"), path_of("mode-out")),
                " 1 changed");
    assert_int_equal(stat(path_of("mode-out/p01.txt.json"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    if (geteuid() == 0)
        assert_true(st.st_uid == NOBODY && st.st_gid == NOBODY);
}

/* Two in one group share a record; who cannot give it to the group does not give it to
 * another one. */
static void a_record_is_not_shown_to_another_group(void **state)
{
    struct stat st;
    struct run r;

    (void)state;
    if (geteuid() != 0)
        skip();
    make_early("group");
    assert_int_equal(chmod(path_of("group-out"), 0777), 0);
    assert_int_equal(chmod(path_of("group-index/catalog.mdb-lock"), 0666), 0); /* readers too */
    assert_int_equal(chmod(path_of("group-out/p01.txt.json"), 0664), 0);
    r = run_launch((struct launch){.args = (const char *const[]){"reclean", "--index",
                                                                 path_of("group-index"),
                                                                 path_of("group-out"), NULL},
                                   .nobody = true});
    if (r.code == CANNOT_RUN) {
        run_free(&r);
        skip(); /* the program lies where nobody cannot go */
    }
    assert_done(r, " 1 changed");
    assert_int_equal(stat(path_of("group-out/p01.txt.json"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0604);
}

/* The record names the path as well as JSON can; the index knows it to the byte. */
static void a_page_whose_path_is_no_utf8_is_no_stranger_to_itself(void **state)
{
    (void)state;
    make_folder("latin");
    make_file("latin/caf\xe9.txt", WHOLE);
    for (size_t i = 0; i < 2; i++) {
        struct run r = RUN("clean", "--index", path_of("latin-index"), "--format", "json", "-o",
                           path_of("latin-out"), path_of("latin/caf\xe9.txt"));
        assert_code(&r, 0);
        run_free(&r);
        assert_done(RUN("reclean", "--across", "strip", "--index", path_of("latin-index"),
                        path_of("latin-out")),
                    "1 records, ");
        assert_file_holds("latin-out/caf\xe9.txt.json", "satellites");
        assert_file_lacks("latin-out/caf\xe9.txt.json", "duplicate-of");
    }
}

/* Names of other documents stand in records, too. */
static void a_copy_of_a_path_that_is_no_utf8_is_told_of(void **state)
{
    struct run r;

    (void)state;
    make_file("na\xefve.txt", WHOLE);
    make_file("copy.txt", WHOLE);
    assert_done(RUN("clean", "--index", path_of("naive"), path_of("na\xefve.txt")), FIRST);
    for (size_t i = 0; i < 2; i++) {
        r = RUN("clean", "--index", path_of("naive"), "--across", i ? "strip" : "annotate",
                "--format", "json", path_of("copy.txt"));
        assert_code(&r, 0);
        assert_out(&r, "duplicate-of");
        assert_out(&r, "/na\xef\xbf\xbdve.txt\"");
        assert_utf8(&r);
        run_free(&r);
    }
}

/* --- restore -------------------------------------------------------------------------------- */

static void restore_gives_the_text_as_it_was(void **state)
{
    static const char dump[] = HEAD FIRST "\n  " SECOND THIRD FIRST "The end of it, at last.\n";
    struct run r;

    (void)state;
    make_file("r.txt", dump);
    r = RUN("clean", "--format", "json", "-o", path_of("records"), path_of("r.txt"));
    assert_code(&r, 0);
    run_free(&r);
    assert_file_holds("records/r.txt.json", "\"stage\": \"repeat\"");
    r = RUN("restore", path_of("records/r.txt.json"));
    assert_code(&r, 0);
    assert_string_equal(r.out, dump);
    run_free(&r);
    r = run_launch((struct launch){.args = (const char *const[]){"restore", "-", NULL},
                                   .in = path_of("records/r.txt.json")});
    assert_code(&r, 0);
    assert_string_equal(r.out, dump);
    run_free(&r);
    r = RUN("restore", "-o", path_of("again/r.txt"), path_of("records/r.txt.json"));
    assert_code(&r, 0);
    assert_int_equal(r.out_len, 0);
    run_free(&r);
    assert_file_holds("again/r.txt", dump);
}

static void one_of_several_records_is_said_by_its_line(void **state)
{
    struct run r;
    FILE *f;

    (void)state;
    make_pages("several", 1, 3);
    r = RUN("clean", "--no-site", "--format", "jsonl", path_of("several"));
    assert_code(&r, 0);
    f = fopen(path_of("several.jsonl"), "wb");
    assert_non_null(f);
    fwrite(r.out, 1, r.out_len, f);
    assert_int_equal(fclose(f), 0);
    run_free(&r);
    assert_refused(RUN("restore", path_of("several.jsonl")), EX_USAGE, "--line");
    assert_done(RUN("restore", "--line", "2", path_of("several.jsonl")), "of story 2");
    assert_refused(RUN("restore", "--line", "4", path_of("several.jsonl")), EX_DATAERR, "line 4");
    assert_refused(RUN("restore", "--line", "0", path_of("several.jsonl")), EX_USAGE, "--line");
}

static void restore_takes_records_alone(void **state)
{
    (void)state;
    make_file("a.txt", WHOLE);
    make_file("empty.json", "");
    make_file("other.json", "{\"name\": \"winnow\"}\n");
    assert_refused(RUN("restore", path_of("a.txt"), path_of("a.txt")), EX_USAGE, "one record");
    assert_refused(RUN("restore"), EX_USAGE, "one record");
    assert_refused(RUN("restore", "--line", "1", path_of("a.txt")), EX_DATAERR, "a.txt");
    assert_refused(RUN("restore", path_of("empty.json")), EX_DATAERR, "empty");
    assert_refused(RUN("restore", path_of("other.json")), EX_DATAERR, "other.json");
    assert_refused(RUN("restore", path_of("nowhere.json")), EX_NOINPUT, "nowhere.json");
}

static void restore_never_writes_over_its_record(void **state)
{
    struct run r;
    char *before, *after;

    (void)state;
    make_file("o.txt", WHOLE);
    r = RUN("clean", "--format", "json", "-o", path_of("over"), path_of("o.txt"));
    assert_code(&r, 0);
    run_free(&r);
    before = read_file("over/o.txt.json");
    assert_refused(RUN("restore", "-o", path_of("over/o.txt.json"), path_of("over/o.txt.json")),
                   EX_USAGE, "over the record");
    after = read_file("over/o.txt.json");
    assert_string_equal(after, before);
    free(before);
    free(after);
}

enum { GAP = 16 << 10 }; /* bytes */

/* A record of a page of `count` gaps, with the hash of such a page, and more beside them. */
static void make_swollen(const char *name, size_t count, const char *more)
{
    size_t length = count * GAP;
    FILE *f = fopen(path_of(name), "wb");
    char hash[33], *text;

    assert_non_null(f);
    /* Not from the heap: what the tests hold counts for the programs that they start. */
    text = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(text != MAP_FAILED);
    memset(text, 'x', length);
    hash_name((struct slice){text, length}, hash);
    fprintf(f,
            "{\"version\":1,\"removed\":[],\"replaced\":[],\"text\":\"%s\",\"length\":%zu,"
            "\"hash\":\"%s\",\"kept\":[0,[0,\"%.*s\"]",
            more, length, hash, GAP, text);
    munmap(text, length);
    for (size_t i = 1; i < count; i++)
        fputs(",0,0", f);
    fputs("]}\n", f);
    assert_int_equal(fclose(f), 0);
}

/* Small records that make much of themselves cost no more than what comes of them. */
static void a_record_costs_no_more_than_its_page(void **state)
{
    const size_t large = (64 << 20) / GAP;
    struct run small, r;

    (void)state;
    make_swollen("small.jsonl", 1, "");
    make_swollen("right.jsonl", large, "");
    make_swollen("wrong.jsonl", large, "x");
    make_swollen("more.jsonl", large + 1, "");
    small = RUN("restore", path_of("small.jsonl"));
    assert_code(&small, 0);
    r = RUN("restore", path_of("wrong.jsonl"));
    assert_code(&r, EX_DATAERR);
    assert_err(&r, "\"length\"");
    assert_true(r.rss - small.rss < 8192);
    run_free(&r);
    assert_refused(RUN("restore", path_of("more.jsonl")), EX_DATAERR, "16 times");
    r = RUN("restore", path_of("right.jsonl"));
    assert_code(&r, 0);
    assert_int_equal(r.out_len, large * GAP);
    assert_true(r.rss - small.rss < 80 << 10); /* it is there once */
    run_free(&r);
    run_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reclean_catches_up_with_the_index),
        cmocka_unit_test(a_record_that_stays_the_same_is_not_touched),
        cmocka_unit_test(the_text_beside_a_record_follows_it),
        cmocka_unit_test(an_input_beside_a_record_is_not_touched),
        cmocka_unit_test(records_on_lines_are_made_again_in_place),
        cmocka_unit_test(an_earlier_document_learns_of_the_better_copy),
        cmocka_unit_test(texts_alone_cannot_be_cleaned_again),
        cmocka_unit_test(a_full_disk_leaves_the_old_record),
        cmocka_unit_test(a_record_is_replaced_when_the_new_one_is_durable),
        cmocka_unit_test(a_record_stays_with_who_may_read_it),
        cmocka_unit_test(a_record_is_not_shown_to_another_group),
        cmocka_unit_test(a_page_whose_path_is_no_utf8_is_no_stranger_to_itself),
        cmocka_unit_test(a_copy_of_a_path_that_is_no_utf8_is_told_of),
        cmocka_unit_test(restore_gives_the_text_as_it_was),
        cmocka_unit_test(one_of_several_records_is_said_by_its_line),
        cmocka_unit_test(restore_takes_records_alone),
        cmocka_unit_test(restore_never_writes_over_its_record),
        cmocka_unit_test(a_record_costs_no_more_than_its_page),
    };

    return cmocka_run_group_tests_name("reclean_cli", tests, folder_start, folder_stop);
}
