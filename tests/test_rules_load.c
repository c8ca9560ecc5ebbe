/* test_rules_load.c - rule files in memory: folders read, files parsed when asked for,
 * read again while pages are at work. */

#include "rules_testing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define PAGE "Home\ntext\n"

static void expect_text(struct winnow *w, const char *url, const char *want)
{
    char *got = clean_text(w, PAGE, url);
    assert_string_equal(got, want);
    free(got);
}

/* Adding the folder fails and names the file; the cleaner goes on with what it has. */
static void expect_refused(const struct rules_folder *f, const char *name, const char *why)
{
    struct winnow *w = winnow_with("a.example.txt", "drop_line: Home\n");
    struct winnow_error err = {0};
    assert_int_equal(winnow_add_rules(w, f->path, &err), WINNOW_EIO);
    if (!strstr(err.text, folder_path(f, name)) || !strstr(err.text, why))
        fail_msg("neither %s nor \"%s\" in: %s", name, why, err.text);
    expect_text(w, "http://a.example/", "text\n");
    expect_text(w, "http://b.example/", PAGE);
    winnow_free(w);
}

static void leaves_out_a_line_that_does_not_compile_and_says_so(void **state)
{
    (void)state;
    struct winnow *w = winnow_with("x.txt", ANY "drop_line: /(/\ndrop_line: Home\n");
    struct winnow_page *page =
        clean_page(w, (struct winnow_input){.data = "Home\ntext\n", .len = 10});
    char *got = page_render(page, WINNOW_TEXT);
    assert_string_equal(got, "text\n");
    assert_non_null(strstr(winnow_page_note(page, 0), "x.txt:2"));
    free(got);
    winnow_page_free(page);
    winnow_free(w);
}

static void says_which_rule_file_cannot_be_read(void **state)
{
    (void)state;
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_error err = {0};
    assert_int_equal(winnow_add_rules(w, "/nowhere/rules", &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "/nowhere/rules"));
    winnow_free(w);
}

static void parses_a_file_when_a_page_first_asks_for_it(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    folder_put(&f, "b.example.txt", "drop_line: /(/\nstrip: //div[\ndrop_line: Home\n");
    struct winnow *w = winnow_of(&f);
    struct winnow_page *page = clean_from(w, PAGE, "http://a.example/");
    assert_null(winnow_page_note(page, 0));
    winnow_page_free(page);
    page = clean_from(w, PAGE, "http://b.example/");
    assert_true(notes_hold(page, "b.example.txt:1"));
    assert_true(notes_hold(page, "b.example.txt:2"));
    expect_rendered(page, "text\n");
    winnow_page_free(page);
    winnow_free(w);
    folder_close(&f);
}

/* Links to nothing: root may read every file. */
static void refuses_a_folder_with_a_file_that_cannot_be_read_and_names_the_first(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "b.example.txt", "drop_line: Home\n");
    assert_int_equal(symlink("nowhere", folder_path(&f, "d.txt")), 0);
    assert_int_equal(symlink("c.txt", folder_path(&f, "c.txt")), 0);
    expect_refused(&f, "c.txt", "; check the path");
    unlink(folder_path(&f, "c.txt"));
    expect_refused(&f, "d.txt", "No such file");
    unlink(folder_path(&f, "d.txt"));
    assert_int_equal(mkdir(folder_path(&f, "e.txt"), 0755), 0);
    expect_refused(&f, "e.txt", "not a regular file");
    folder_close(&f);
}

static void refuses_a_pipe_without_waiting_for_its_writer(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "b.example.txt", "drop_line: Home\n");
    assert_int_equal(mkfifo(folder_path(&f, "x.txt"), 0644), 0);
    expect_refused(&f, "x.txt", "not a regular file");
    struct winnow *w = winnow_with(NULL, NULL);
    assert_int_equal(winnow_add_rules(w, folder_path(&f, "x.txt"), NULL), WINNOW_EIO);
    winnow_free(w);
    folder_close(&f);
}

static void reads_through_a_link_and_passes_other_names_over(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "the rules", "drop_line: Home\n");
    folder_put(&f, ".txt", "match_text: /./\ndrop_line: text\n");
    folder_put(&f, "notes.txt~", "match_text: /./\ndrop_line: text\n");
    assert_int_equal(symlink("nowhere", folder_path(&f, "README")), 0);
    assert_int_equal(symlink("the rules", folder_path(&f, "a.example.txt")), 0);
    struct winnow *w = winnow_of(&f);
    expect_text(w, "http://a.example/", "text\n");
    winnow_free(w);
    folder_close(&f);
}

/* A comment of that many bytes before the one rule. */
static void put_padded(const struct rules_folder *f, const char *name, size_t size)
{
    const char *rule = "\ndrop_line: Home\n";
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, '#', size);
    memcpy(text + size - strlen(rule), rule, strlen(rule) + 1);
    folder_put(f, name, text);
    free(text);
}

static void reads_large_files_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {16383, 16384, 16385, 32768, 40000, 524288, 700000, 4 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct rules_folder f = folder_open();
        folder_put(&f, "a.example.txt", "drop_line: text\n");
        put_padded(&f, "b.example.txt", sizes[i]);
        folder_put(&f, "c.example.txt", "drop_line: text\n");
        struct winnow *w = winnow_of(&f);
        expect_text(w, "http://a.example/", "Home\n");
        expect_text(w, "http://b.example/", "text\n");
        expect_text(w, "http://c.example/", "Home\n");
        winnow_free(w);
        folder_close(&f);
    }
}

static void refuses_a_file_of_more_than_four_mebibytes(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    put_padded(&f, "b.example.txt", (4 << 20) + 1);
    expect_refused(&f, "b.example.txt", "4194304 bytes");
    folder_close(&f);
}

/* So many that threads share them. */
static void finds_each_of_many_files_by_its_host(void **state)
{
    (void)state;
    enum { FILES = 500 };
    struct rules_folder f = folder_open();
    char name[40], rule[40];
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "h%u.example.txt", i);
        snprintf(rule, sizeof rule, "drop_line: Word %u\n", i);
        folder_put(&f, name, rule);
    }
    struct winnow *w = winnow_of(&f);
    for (unsigned i = 0; i < FILES; i++) {
        char url[60], page[60];
        snprintf(url, sizeof url, "http://h%u.example/", i);
        snprintf(page, sizeof page, "Word %u\nWord %u\ntext\n", i, i + 1);
        char *got = clean_text(w, page, url);
        snprintf(page, sizeof page, "Word %u\ntext\n", i + 1);
        assert_string_equal(got, page);
        free(got);
    }
    winnow_free(w);
    folder_close(&f);
}

static void names_the_first_unreadable_file_of_many(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    char name[40];
    for (unsigned i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "h%03u.txt", i);
        if (i % 100 == 50)
            assert_int_equal(symlink("nowhere", folder_path(&f, name)), 0);
        else
            folder_put(&f, name, "drop_line: Home\n");
    }
    expect_refused(&f, "h050.txt", "No such file");
    folder_close(&f);
}

static void asks_the_files_of_a_host_in_the_order_of_their_folders(void **state)
{
    (void)state;
    struct rules_folder mine = folder_open(), theirs = folder_open();
    folder_put(&mine, "a.example.txt", "title: //h2\nstrip: //p[@class='mine']\n");
    folder_put(&theirs, "a.example.txt", "title: //h1\nstrip: //p[@class='theirs']\n");
    folder_put(&theirs, "0.txt", "match_html: /h1/\n");
    struct winnow *w = winnow_of(&mine);
    assert_int_equal(winnow_add_rules(w, theirs.path, NULL), WINNOW_OK);
    struct winnow_page *page = clean_from(
        w, "<h1>One</h1><h2>Two</h2><p class=mine>M<p class=theirs>T", "http://a.example/");
    assert_string_equal(winnow_page_rule_file(page, 0).path, folder_path(&mine, "a.example.txt"));
    assert_string_equal(winnow_page_rule_file(page, 1).path, folder_path(&theirs, "a.example.txt"));
    assert_string_equal(winnow_page_rule_file(page, 2).path, folder_path(&theirs, "0.txt"));
    assert_string_equal(meta_of(page, "title"), "Two");
    expect_rendered(page, "One\n\nTwo\n");
    winnow_page_free(page);
    winnow_free(w);
    folder_close(&mine);
    folder_close(&theirs);
}

static void takes_one_file_that_is_named_alone(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    folder_put(&f, "b.example.txt", "drop_line: Home\n");
    struct winnow *w = winnow_with(NULL, NULL);
    assert_int_equal(winnow_add_rules(w, folder_path(&f, "b.example.txt"), NULL), WINNOW_OK);
    expect_text(w, "http://a.example/", PAGE);
    expect_text(w, "http://b.example/", "text\n");
    winnow_free(w);
    folder_close(&f);
}

/* --- read again ------------------------------------------------------------------------------ */

static void sees_a_changed_file_when_it_is_told_to_and_not_before(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    folder_put(&f, "b.example.txt", "drop_line: Home\n");
    struct winnow *w = winnow_of(&f);
    expect_text(w, "http://a.example/", "text\n");
    folder_put(&f, "a.example.txt", "drop_line: text\n");
    folder_put(&f, "b.example.txt", "drop_line: text\n"); /* no page has asked for it */
    folder_put(&f, "c.example.txt", "drop_line: text\n");
    expect_text(w, "http://a.example/", "text\n");
    expect_text(w, "http://b.example/", "text\n");
    expect_text(w, "http://c.example/", PAGE);
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    expect_text(w, "http://a.example/", "Home\n");
    expect_text(w, "http://b.example/", "Home\n");
    expect_text(w, "http://c.example/", "Home\n");
    unlink(folder_path(&f, "a.example.txt"));
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    expect_text(w, "http://a.example/", PAGE);
    winnow_free(w);
    folder_close(&f);
}

static void keeps_all_old_rules_where_a_changed_file_has_an_error(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    struct text found = {calloc(1, 1), 0};
    struct winnow_error err = {0};
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    folder_put(&f, "b.example.txt", "drop_line: Home\n");
    struct winnow *w = winnow_of(&f);
    folder_put(&f, "a.example.txt", "drop_line: text\n");
    folder_put(&f, "b.example.txt", "drop_line: text\nstrip: //div[\n");
    assert_int_equal(winnow_reload_rules(w, note_finding, &found, &err), WINNOW_ERULES);
    assert_non_null(strstr(found.data, "2:"));
    assert_non_null(strstr(err.text, "1 error"));
    expect_text(w, "http://a.example/", "text\n");
    expect_text(w, "http://b.example/", "text\n");
    folder_put(&f, "b.example.txt", "drop_line: text\n");
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    expect_text(w, "http://a.example/", "Home\n");
    expect_text(w, "http://b.example/", "Home\n");
    free(found.data);
    winnow_free(w);
    folder_close(&f);
}

static void bears_an_old_error_in_a_file_that_did_not_change(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    folder_put(&f, "b.example.txt", "drop_line: /(/\ndrop_line: Home\n");
    struct winnow *w = winnow_of(&f);
    folder_put(&f, "a.example.txt", "drop_line: text\n");
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    expect_text(w, "http://a.example/", "Home\n");
    expect_text(w, "http://b.example/", "text\n");
    folder_put(&f, "b.example.txt", "drop_line: /(/\ndrop_line: text\n");
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_ERULES);
    folder_put(&f, "b.example.txt", "drop_line: /(/\ndrop_line: Home\n");
    folder_put(&f, "new.txt", "drop_line: /(/\n");
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_ERULES);
    winnow_free(w);
    folder_close(&f);
}

static void keeps_the_old_rules_where_the_folder_is_gone(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    struct winnow_error err = {0};
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    struct winnow *w = winnow_of(&f);
    assert_int_equal(symlink("nowhere", folder_path(&f, "b.txt")), 0);
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, folder_path(&f, "b.txt")));
    folder_close(&f);
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, f.path));
    expect_text(w, "http://a.example/", "text\n");
    winnow_free(w);
}

static void lets_a_page_outlive_the_rules_that_cleaned_it(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.example.txt", "drop_line: Home\n");
    struct winnow *w = winnow_of(&f);
    struct winnow_page *page = clean_from(w, PAGE, "http://a.example/");
    folder_put(&f, "a.example.txt", "drop_line: text\n");
    assert_int_equal(winnow_reload_rules(w, NULL, NULL, NULL), WINNOW_OK);
    winnow_free(w);
    assert_non_null(strstr(winnow_page_rule_file(page, 0).path, "a.example.txt"));
    expect_rendered(page, "text\n");
    winnow_page_free(page);
    folder_close(&f);
}

struct worker {
    struct winnow *w;
    atomic_bool *stop;
    size_t pages, other; /* cleaned; that came out by no one set of rules */
};

/* Each set drops both words of one pair: a page of two sets would lose others.  What
 * goes wrong is counted, for cmocka's failures belong to the thread of the test. */
static void *clean_on(void *arg)
{
    static const char page[] = "a1\nb1\na2\nb2\ntext\n";
    struct worker *me = arg;
    do {
        struct winnow_input in = {.data = page, .len = sizeof page - 1, .url = "http://a.example/"};
        struct winnow_page *p = NULL;
        struct text got = {NULL, 0};
        if (winnow_clean(me->w, &in, &p, NULL) == WINNOW_OK &&
            winnow_render(p, WINNOW_TEXT, text_add, &got, NULL) == WINNOW_OK)
            me->other +=
                strcmp(got.data, "a2\nb2\ntext\n") != 0 && strcmp(got.data, "a1\nb1\ntext\n") != 0;
        else
            me->other++;
        free(got.data);
        winnow_page_free(p);
        me->pages++;
    } while (!atomic_load(me->stop));
    return NULL;
}

static void put_pair(const struct rules_folder *f, unsigned i)
{
    char rule[60];
    snprintf(rule, sizeof rule, "drop_line: a%u\n", i % 2 + 1);
    folder_put(f, "a.example.txt", rule);
    snprintf(rule, sizeof rule, "drop_line: b%u\n", i % 2 + 1);
    folder_put(f, "global.txt", rule);
}

static void cleans_each_page_by_one_set_while_another_takes_its_place(void **state)
{
    (void)state;
    enum { WORKERS = 3, RELOADS = 200 };
    struct rules_folder f = folder_open();
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    atomic_bool stop = false;
    put_pair(&f, 0);
    folder_put(&f, "x.txt", "match_text: /^nowhere$/\nmatch_html: /<nothing/\ndrop_line: text\n");
    folder_put(&f, "y.txt", "match_text: /^text$/\ndrop_line: nothing\n");
    struct winnow *w = winnow_of(&f);
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.w = w, .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, clean_on, &workers[i]), 0);
    }
    size_t failed = 0;
    for (unsigned i = 1; i <= RELOADS; i++) {
        put_pair(&f, i);
        failed += winnow_reload_rules(w, NULL, NULL, NULL) != WINNOW_OK;
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].other, 0);
        assert_true(workers[i].pages > 0);
    }
    assert_int_equal(failed, 0);
    winnow_free(w);
    folder_close(&f);
}

static void a_folder_named_twice_counts_once(void **state)
{
    (void)state;
    struct rules_folder f = folder_open();
    folder_put(&f, "a.example.txt", "replace_string(Hi): HiHi\n");
    struct winnow *w = winnow_of(&f);
    char again[200];
    snprintf(again, sizeof again, "%s/.", f.path);
    assert_int_equal(winnow_add_rules(w, f.path, NULL), WINNOW_OK);
    assert_int_equal(winnow_add_rules(w, again, NULL), WINNOW_OK);
    struct winnow_page *page =
        clean_from(w, "<!DOCTYPE html><p>Hi there</p>", "http://a.example/");
    char *got = page_render(page, WINNOW_TEXT);
    assert_string_equal(got, "HiHi there\n");
    free(got);
    winnow_page_free(page);
    winnow_free(w);
    folder_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_named_twice_counts_once),
        cmocka_unit_test(leaves_out_a_line_that_does_not_compile_and_says_so),
        cmocka_unit_test(says_which_rule_file_cannot_be_read),
        cmocka_unit_test(parses_a_file_when_a_page_first_asks_for_it),
        cmocka_unit_test(refuses_a_folder_with_a_file_that_cannot_be_read_and_names_the_first),
        cmocka_unit_test(refuses_a_pipe_without_waiting_for_its_writer),
        cmocka_unit_test(reads_through_a_link_and_passes_other_names_over),
        cmocka_unit_test(reads_large_files_whole),
        cmocka_unit_test(refuses_a_file_of_more_than_four_mebibytes),
        cmocka_unit_test(finds_each_of_many_files_by_its_host),
        cmocka_unit_test(names_the_first_unreadable_file_of_many),
        cmocka_unit_test(asks_the_files_of_a_host_in_the_order_of_their_folders),
        cmocka_unit_test(takes_one_file_that_is_named_alone),
        cmocka_unit_test(sees_a_changed_file_when_it_is_told_to_and_not_before),
        cmocka_unit_test(keeps_all_old_rules_where_a_changed_file_has_an_error),
        cmocka_unit_test(bears_an_old_error_in_a_file_that_did_not_change),
        cmocka_unit_test(keeps_the_old_rules_where_the_folder_is_gone),
        cmocka_unit_test(lets_a_page_outlive_the_rules_that_cleaned_it),
        cmocka_unit_test(cleans_each_page_by_one_set_while_another_takes_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
