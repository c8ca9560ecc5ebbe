/* testing.h - pages and rule files from strings, and the properties every page must hold. */
#ifndef WINNOW_TESTING_H
#define WINNOW_TESTING_H

/* cmocka.h wants these four first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "winnow.h"

/* Text that a test collects; data is NUL-terminated. */
struct text {
    char *data;
    size_t len;
};

static inline int text_add(void *ctx, const char *data, size_t len)
{
    struct text *t = ctx;
    t->data = realloc(t->data, t->len + len + 1);
    assert_non_null(t->data);
    memcpy(t->data + t->len, data, len);
    t->len += len;
    t->data[t->len] = '\0';
    return 0;
}

static inline char *page_render(const struct winnow_page *page, enum winnow_format format)
{
    struct text t = {calloc(1, 1), 0};
    assert_int_equal(winnow_render(page, format, text_add, &t, NULL), WINNOW_OK);
    return t.data;
}

/* A cleaner with one rule file that holds these lines; NULL: none.  name is the
 * file's ("example.org.txt"). */
static inline struct winnow *winnow_with(const char *name, const char *rules)
{
    struct winnow *w = NULL;
    struct winnow_error err = {0};
    assert_int_equal(winnow_new(NULL, &w, &err), WINNOW_OK);
    if (!rules)
        return w;
    char folder[] = "/tmp/winnow-test-XXXXXX", path[300];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(rules, f);
    fclose(f);
    if (winnow_add_rules(w, folder, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    unlink(path);
    rmdir(folder);
    return w;
}

static inline struct winnow_page *clean_page(struct winnow *w, struct winnow_input in)
{
    struct winnow_page *page = NULL;
    struct winnow_error err = {0};
    if (winnow_clean(w, &in, &page, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return page;
}

/* The clean text of a page that is given as a string; free it. */
static inline char *clean_text(struct winnow *w, const char *page_text, const char *url)
{
    struct winnow_page *page = clean_page(
        w, (struct winnow_input){.data = page_text, .len = strlen(page_text), .url = url});
    char *ret = page_render(page, WINNOW_TEXT);
    winnow_page_free(page);
    return ret;
}

/* Cleans text under rules and compares. */
static inline void expect_clean(const char *file, const char *rules, const char *url,
                                const char *text, const char *want)
{
    struct winnow *w = winnow_with(file, rules);
    char *got = clean_text(w, text, url);
    assert_string_equal(got, want);
    free(got);
    winnow_free(w);
}

/* Every byte of the page's text has exactly one verdict and a reason. */
static inline void expect_whole(const struct winnow_page *page)
{
    size_t len, at = 0;
    (void)winnow_page_text(page, &len);
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span s = winnow_page_span(page, i);
        assert_int_equal(s.start, at);
        assert_true(s.end > s.start);
        assert_non_null(s.reason);
        assert_true(*s.reason);
        assert_true(*s.stage);
        at = s.end;
    }
    assert_int_equal(at, len);
}

/* Equal texts, or a failure that shows where they part. */
static inline void expect_same_text(const char *name, const char *got, const char *want)
{
    size_t at = 0;
    while (got[at] && got[at] == want[at])
        at++;
    if (got[at] || want[at])
        fail_msg("%s: after \"%.*s\" wanted \"%.60s\", got \"%.60s\"", name,
                 at < 60 ? (int)at : 60, want + (at < 60 ? 0 : at - 60), want + at, got + at);
}

/* Cleaning what is clean changes nothing. */
static inline void expect_stable(struct winnow *w, const struct winnow_page *page,
                                 struct winnow_input in)
{
    char *once = page_render(page, WINNOW_TEXT);
    in.data = once;
    in.len = strlen(once);
    in.charset = "UTF-8";
    in.kind = WINNOW_KIND_DUMP;
    struct winnow_page *again = clean_page(w, in);
    char *twice = page_render(again, WINNOW_TEXT);
    expect_same_text(in.name ? in.name : "the page", twice, once);
    expect_whole(again);
    winnow_page_free(again);
    free(once);
    free(twice);
}

#endif
