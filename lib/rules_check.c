/* rules_check.c - rule files looked at by themselves: lint, and their own tests. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cleaner.h"
#include "err.h"
#include "rules.h"
#include "text.h"

struct finder {
    const char *file;
    winnow_finding_fn *found;
    void *ctx;
    size_t errors;
};

static void pass_on(void *ctx, const struct rule_problem *p)
{
    struct finder *f = ctx;
    f->errors += p->is_error;
    if (f->found)
        f->found(f->ctx, &(struct winnow_finding){.file = f->file, .kind = p->kind,
                                                  .line = p->line, .column = p->column,
                                                  .text = p->text, .is_error = p->is_error});
}

typedef int check_fn(struct finder *f, const char *path, void *ctx, struct winnow_error *err);

/* Calls check for path, or for every rule file of the folder that it is. */
static int for_each_file(const char *path, check_fn *check, struct finder *f, void *ctx,
                         struct winnow_error *err)
{
    char **paths = NULL;
    size_t count = 0;
    int status = rules_list(path, &paths, &count, err);
    for (size_t i = 0; i < count; i++) {
        f->file = paths[i];
        if (status == WINNOW_OK)
            status = check(f, paths[i], ctx, err);
        free(paths[i]);
    }
    free(paths);
    return status;
}

/* --- lint ------------------------------------------------------------------------------------ */

static int lint_file(struct finder *f, const char *path, void *ctx, struct winnow_error *err)
{
    (void)ctx;
    struct rule_file *file = NULL;
    int status = rule_file_read(path, pass_on, f, &file, err);
    if (status == WINNOW_OK)
        status = rule_file_compile(file, pass_on, f, err);
    rule_file_free(file);
    return status;
}

int winnow_rules_lint(const char *path, winnow_finding_fn *found, void *ctx, size_t *errors,
                      struct winnow_error *err)
{
    struct finder f = {.found = found, .ctx = ctx};
    int status = for_each_file(path, lint_file, &f, NULL, err);
    if (status == WINNOW_OK)
        *errors = f.errors;
    return status;
}

/* --- test -------------------------------------------------------------------------------------
 *
 *     test_in: line        what a page holds, line by line (or its HTML)
 *     test_out: line       what has to come out, line by line; blank lines do not count
 *
 * A test_in after a test_out begins the next test. */

struct counts {
    size_t ran, failed;
};

struct own_test {
    const struct rule_file *file;
    size_t first, last; /* rules of the file: test_in and test_out lines */
    unsigned line;
};

static bool next_test(const struct rule_file *file, size_t *at, struct own_test *ret)
{
    bool out = false;
    *ret = (struct own_test){.file = file};
    for (; *at < file->count; (*at)++) {
        const struct rule *rule = &file->rules[*at];
        bool in = rule->directive->id == DIRECTIVE_TEST_IN;
        if (!in && rule->directive->id != DIRECTIVE_TEST_OUT)
            continue;
        if (in && out)
            break;
        if (ret->line == 0) {
            ret->first = *at;
            ret->line = rule->line;
        }
        out |= !in;
        ret->last = *at + 1;
    }
    return ret->line > 0;
}

static void gather(const struct own_test *t, enum directive_id id, struct buf *ret)
{
    buf_init(ret, SIZE_MAX / 4);
    for (size_t i = t->first; i < t->last; i++) {
        const struct rule *rule = &t->file->rules[i];
        if (rule->directive->id != id)
            continue;
        buf_add(ret, rule->value.p, rule->value.len);
        buf_addc(ret, '\n');
    }
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

static void compare(struct finder *f, const struct own_test *t, struct slice got,
                    struct slice want, struct counts *counts)
{
    struct slice g, w;
    bool more_got, more_want;
    char text[300];
    do {
        more_got = next_text_line(&got, &g);
        more_want = next_text_line(&want, &w);
    } while (more_got && more_want && slice_eq(g, w));
    if (!more_got && !more_want)
        return;
    counts->failed++;
    snprintf(text, sizeof text, "test failed: want \"%.*s\"%s, got \"%.*s\"%s",
             w.len < 80 ? (int)w.len : 80, w.p, more_want ? "" : " (the end)",
             g.len < 80 ? (int)g.len : 80, g.p, more_got ? "" : " (the end)");
    pass_on(f, &(struct rule_problem){"test", text, t->line, 1, true});
}

static int collect(void *ctx, const char *data, size_t len)
{
    buf_add(ctx, data, len);
    return ((struct buf *)ctx)->status;
}

static int run_test(struct finder *f, struct winnow *w, const struct own_test *t,
                    struct counts *counts, struct winnow_error *err)
{
    struct buf in, want, got;
    struct winnow_page *page = NULL;
    struct winnow_error why = {0};
    gather(t, DIRECTIVE_TEST_IN, &in);
    gather(t, DIRECTIVE_TEST_OUT, &want);
    buf_init(&got, SIZE_MAX / 4);
    counts->ran++;
    struct winnow_input input = {.data = in.data, .len = in.len, .name = t->file->path,
                                 .charset = "UTF-8"};
    int status = winnow_clean(w, &input, &page, &why);
    if (status == WINNOW_OK)
        status = winnow_render(page, WINNOW_TEXT, collect, &got, &why);
    if (status == WINNOW_OK)
        compare(f, t, buf_slice(&got), buf_slice(&want), counts);
    else
        status = err_set(err, why.status, "%s:%u: %s", t->file->path, t->line, why.text);
    winnow_page_free(page);
    buf_free(&in);
    buf_free(&want);
    buf_free(&got);
    return status;
}

static int test_file(struct finder *f, const char *path, void *ctx, struct winnow_error *err)
{
    struct winnow *w = NULL;
    struct own_test t;
    size_t at = 0;
    int status = winnow_new(NULL, &w, err);
    if (status != WINNOW_OK)
        return status;
    status = rule_file_read(path, NULL, NULL, &w->only, err);
    while (status == WINNOW_OK && next_test(w->only, &at, &t))
        status = run_test(f, w, &t, ctx, err);
    winnow_free(w);
    return status;
}

int winnow_rules_test(const char *path, winnow_finding_fn *found, void *ctx, size_t *ran,
                      size_t *failed, struct winnow_error *err)
{
    struct finder f = {.found = found, .ctx = ctx};
    struct counts counts = {0, 0};
    int status = for_each_file(path, test_file, &f, &counts, err);
    if (status == WINNOW_OK) {
        *ran = counts.ran;
        *failed = counts.failed;
    }
    return status;
}
