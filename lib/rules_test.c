/* rules_test.c - runs the tests that rule files hold, on pages at hand.
 *
 *     test_in: line           what a page holds, line by line (or its HTML)
 *     test_file: path         or a page in a file, seen from the rule file's folder
 *     test_url: URL           where that page came from
 *     test_out: line          what has to come out, line by line; blank lines do not count
 *     test_contains: text     stands in what comes out, white space folded
 *     test_not_contains: text does not
 *
 * 1. A test is a page and what is expected of it.  A page after an expectation begins
 *    the next test, and so does a second page or URL.
 * 2. Nothing is fetched: a URL without a page of its own, as the public files have it,
 *    is counted as skipped.
 * 3. A page that cannot be read or cleaned fails its test and ends no other. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleaner.h"
#include "err.h"
#include "rules_walk.h"
#include "text.h"
#include "utf8.h"

struct counts {
    size_t ran, failed, skipped;
};

/* --- tests, found ------------------------------------------------------------------------- */

enum { HAS_IN = 1, HAS_FILE = 2, HAS_URL = 4, HAS_OUT = 8, HAS_PARTS = 16 };
enum { HAS_PAGE = HAS_IN | HAS_FILE, HAS_EXPECTED = HAS_OUT | HAS_PARTS };

/* The lines of tests: what each adds to one, and behind what it begins the next. */
static const struct test_line {
    enum directive_id id;
    unsigned adds, begins_after;
} test_lines[] = {
    {DIRECTIVE_TEST_IN, HAS_IN, HAS_EXPECTED | HAS_FILE},
    {DIRECTIVE_TEST_FILE, HAS_FILE, HAS_EXPECTED | HAS_PAGE},
    {DIRECTIVE_TEST_URL, HAS_URL, HAS_EXPECTED | HAS_URL},
    {DIRECTIVE_TEST_OUT, HAS_OUT, 0},
    {DIRECTIVE_TEST_CONTAINS, HAS_PARTS, 0},
    {DIRECTIVE_TEST_NOT_CONTAINS, HAS_PARTS, 0},
};

struct own_test {
    const struct rule_file *file;
    size_t first, last; /* rules of the file */
    unsigned line, has; /* bits of above */
};

static const struct test_line *test_line_of(const struct rule *rule)
{
    for (size_t i = 0; i < sizeof test_lines / sizeof *test_lines; i++)
        if (test_lines[i].id == rule->directive->id)
            return &test_lines[i];
    return NULL;
}

static bool next_test(const struct rule_file *file, size_t *at, struct own_test *ret)
{
    *ret = (struct own_test){.file = file};
    for (; *at < file->count; (*at)++) {
        const struct test_line *kind = test_line_of(&file->rules[*at]);
        if (!kind)
            continue;
        if (ret->has & kind->begins_after)
            break;
        if (ret->has == 0) {
            ret->first = *at;
            ret->line = file->rules[*at].line;
        }
        ret->has |= kind->adds;
        ret->last = *at + 1;
    }
    return ret->has != 0;
}

/* The test's line of this directive from rule i on; NULL: none. */
static const struct rule *line_from(const struct own_test *t, enum directive_id id, size_t *i)
{
    for (; *i < t->last; (*i)++)
        if (t->file->rules[*i].directive->id == id)
            return &t->file->rules[(*i)++];
    return NULL;
}

static const struct rule *line_of(const struct own_test *t, enum directive_id id)
{
    size_t i = t->first;
    return line_from(t, id, &i);
}

static void gather(const struct own_test *t, enum directive_id id, struct buf *ret)
{
    size_t i = t->first;
    for (const struct rule *rule; (rule = line_from(t, id, &i)) != NULL;) {
        buf_add(ret, rule->value.p, rule->value.len);
        buf_addc(ret, '\n');
    }
}

/* --- one test, run ------------------------------------------------------------------------ */

struct run {
    struct finder *finder;
    const struct own_test *test;
    bool failed;
};

__attribute__((format(printf, 3, 4))) static void fail(struct run *r, unsigned line,
                                                       const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text[utf8_valid_prefix(slice_of(text))] = '\0';
    r->failed = true;
    finder_pass_on(r->finder, &(struct rule_problem){"test", text, line, 1, true});
}

static int shown(struct slice s)
{
    return s.len < 80 ? (int)s.len : 80;
}

static bool next_text_line(struct slice *rest, struct slice *line)
{
    while (text_next_line(rest, line)) {
        *line = text_trim(*line);
        if (line->len > 0)
            return true;
    }
    *line = (struct slice){"", 0};
    return false;
}

static void compare_whole(struct run *r, struct slice got, struct slice want)
{
    struct slice g, w;
    bool more_got, more_want;
    do {
        more_got = next_text_line(&got, &g);
        more_want = next_text_line(&want, &w);
    } while (more_got && more_want && slice_eq(g, w));
    if (more_got || more_want)
        fail(r, r->test->line, "test failed: want \"%.*s\"%s, got \"%.*s\"%s", shown(w), w.p,
             more_want ? "" : " (the end)", shown(g), g.p, more_got ? "" : " (the end)");
}

/* Looks for the texts of test_contains or test_not_contains in what came out. */
static int compare_parts(struct run *r, enum directive_id id, struct slice got)
{
    bool wanted = id == DIRECTIVE_TEST_CONTAINS;
    size_t i = r->test->first;
    for (const struct rule *rule; (rule = line_from(r->test, id, &i)) != NULL;) {
        struct buf part;
        buf_init(&part, rule->value.len + 1);
        text_fold_space(rule->value, &part);
        bool found = memmem(got.p, got.len, buf_slice(&part).p, part.len) != NULL;
        int status = part.status;
        buf_free(&part);
        if (status != WINNOW_OK)
            return status;
        if (found != wanted)
            fail(r, rule->line, "test failed: \"%.*s\" %s", shown(rule->value), rule->value.p,
                 wanted ? "does not come out" : "comes out, and should not");
    }
    return WINNOW_OK;
}

static int compare(struct run *r, struct slice got)
{
    struct buf want, folded;
    buf_init(&want, SIZE_MAX / 4);
    buf_init(&folded, got.len + 1);
    gather(r->test, DIRECTIVE_TEST_OUT, &want);
    text_fold_space(got, &folded);
    int status = want.status != WINNOW_OK ? want.status : folded.status;
    /* A page that is only test_in lines, and nothing expected: nothing may come out. */
    bool whole = r->test->has & HAS_OUT || r->test->has == HAS_IN ||
                 r->test->has == (HAS_IN | HAS_URL);
    if (status == WINNOW_OK && whole)
        compare_whole(r, got, buf_slice(&want));
    if (status == WINNOW_OK)
        status = compare_parts(r, DIRECTIVE_TEST_CONTAINS, buf_slice(&folded));
    if (status == WINNOW_OK)
        status = compare_parts(r, DIRECTIVE_TEST_NOT_CONTAINS, buf_slice(&folded));
    buf_free(&want);
    buf_free(&folded);
    return status;
}

/* --- its page ----------------------------------------------------------------------------- */

/* A path as the rule file's folder sees it; free it.  NULL: no memory. */
static char *path_from(const char *rules_path, struct slice path)
{
    const char *slash = strrchr(rules_path, '/');
    int folder = slash && path.p[0] != '/' ? (int)(slash + 1 - rules_path) : 0;
    char *ret = NULL;
    return asprintf(&ret, "%.*s%.*s", folder, rules_path, (int)path.len, path.p) < 0 ? NULL : ret;
}

/* Reads what fd gives, up to the buffer's maximum.  0 or an errno. */
static int read_all(int fd, struct buf *ret)
{
    ssize_t n = 0;
    do {
        char *room = buf_room(ret, 64 * 1024);
        n = room ? read(fd, room, 64 * 1024) : 0;
        ret->len += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        return errno;
    return ret->status == WINNOW_OK ? 0 : ret->status == WINNOW_ELIMIT ? EFBIG : ENOMEM;
}

/* 0, an errno, or -1 where path is no regular file. */
static int read_page(const char *path, struct buf *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int why = fstat(fd, &st) != 0 ? errno : !S_ISREG(st.st_mode) ? -1 : read_all(fd, ret);
    close(fd);
    return why;
}

static int load_page(struct run *r, const struct rule *rule, const char *path, struct buf *ret)
{
    int why = read_page(path, ret);
    if (why == ENOMEM)
        return WINNOW_ENOMEM;
    if (why == EFBIG)
        fail(r, rule->line, "test failed: %.300s: larger than a page may be (%zu bytes)", path, ret->max);
    else if (why != 0)
        fail(r, rule->line, "test failed: %.300s: %s; test_file is seen from the rule file's folder",
             path, why < 0 ? "not a regular file" : strerror(why));
    return WINNOW_OK;
}

static int collect(void *ctx, const char *data, size_t len)
{
    buf_add(ctx, data, len);
    return ((struct buf *)ctx)->status;
}

/* Cleans the page and compares; what is wrong with the page fails the test alone. */
static int clean_and_compare(struct run *r, struct winnow *w, const struct winnow_input *in)
{
    struct winnow_page *page = NULL;
    struct winnow_error why = {0};
    struct buf got;
    buf_init(&got, SIZE_MAX / 4);
    int status = winnow_clean(w, in, &page, &why);
    if (status == WINNOW_OK)
        status = winnow_render(page, WINNOW_TEXT, collect, &got, &why);
    if (status == WINNOW_OK) {
        status = compare(r, buf_slice(&got));
    } else if (status != WINNOW_ENOMEM) {
        fail(r, r->test->line, "test failed: the page cannot be cleaned: %s", why.text);
        status = WINNOW_OK;
    }
    winnow_page_free(page);
    buf_free(&got);
    return status;
}

static int run_test(struct run *r, struct winnow *w)
{
    const struct rule *page = line_of(r->test, DIRECTIVE_TEST_FILE);
    const struct rule *where = line_of(r->test, DIRECTIVE_TEST_URL);
    char *url = where ? strndup(where->value.p, where->value.len) : NULL;
    char *path = page ? path_from(r->test->file->path, page->value) : NULL;
    struct buf in;
    int status = (where && !url) || (page && !path) ? WINNOW_ENOMEM : WINNOW_OK;
    buf_init(&in, page ? w->limits.max_bytes : SIZE_MAX / 4);
    if (status == WINNOW_OK && page)
        status = load_page(r, page, path, &in);
    else if (status == WINNOW_OK)
        gather(r->test, DIRECTIVE_TEST_IN, &in);
    if (status == WINNOW_OK && in.status == WINNOW_ENOMEM)
        status = in.status;
    struct winnow_input input = {.data = in.data, .len = in.len, .url = url,
                                 .url_from = "test_url",
                                 .name = page ? path : r->test->file->path,
                                 .charset = page ? NULL : "UTF-8"};
    if (status == WINNOW_OK && !r->failed)
        status = clean_and_compare(r, w, &input);
    buf_free(&in);
    free(path);
    free(url);
    return status;
}

/* --- the walk ----------------------------------------------------------------------------- */

static int run_tests(struct finder *f, struct winnow *w, struct counts *counts)
{
    struct own_test t;
    size_t at = 0;
    int status = WINNOW_OK;
    while (status == WINNOW_OK && next_test(w->only, &at, &t)) {
        struct run r = {.finder = f, .test = &t};
        if (t.has & HAS_PAGE) {
            status = run_test(&r, w);
            counts->ran++;
        } else if (t.has & HAS_URL) {
            counts->skipped++;
        } /* else lint says that it tests nothing */
        counts->failed += r.failed;
    }
    return status;
}

static int test_file(struct finder *f, const char *path, void *ctx, struct winnow_error *err)
{
    struct winnow *w = NULL;
    int status = winnow_new(NULL, &w, err);
    if (status != WINNOW_OK)
        return status;
    status = rule_file_read(path, NULL, NULL, &w->only, err);
    if (status == WINNOW_OK && run_tests(f, w, ctx) != WINNOW_OK)
        status = err_nomem(err);
    winnow_free(w);
    return status;
}

int winnow_rules_test(const char *path, winnow_finding_fn *found, void *ctx, size_t *ran,
                      size_t *failed, size_t *skipped, struct winnow_error *err)
{
    struct finder f = {.found = found, .ctx = ctx};
    struct counts counts = {0};
    int status = finder_walk(&f, path, test_file, &counts, err);
    if (status == WINNOW_OK) {
        *ran = counts.ran;
        *failed = counts.failed;
        *skipped = counts.skipped;
    }
    return status;
}
