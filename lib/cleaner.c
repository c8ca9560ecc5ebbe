/* cleaner.c - the rule files of a cleaner: added, and replaced while pages are at work. */
#include "cleaner.h"

#include <string.h>

#include "err.h"

struct rules *cleaner_rules(struct winnow *w)
{
    pthread_mutex_lock(&w->lock);
    struct rules *ret = rules_share(w->rules);
    pthread_mutex_unlock(&w->lock);
    return ret;
}

int winnow_add_rules(struct winnow *w, const char *path, struct winnow_error *err)
{
    return rules_add(w->rules, path, w->options.cache, err);
}

/* --- the rules read again ------------------------------------------------------------- */

struct check {
    const struct rule_file *file;
    winnow_finding_fn *found;
    void *ctx;
    size_t errors;
};

static void check_problem(void *ctx, const struct rule_problem *p)
{
    struct check *c = ctx;
    if (strcmp(p->kind, "unknown-directive") == 0 || strcmp(p->kind, "no-directive") == 0)
        return; /* a newer reader's line; passed over, as it is when it is added */
    c->errors += p->is_error;
    if (c->found && p->is_error)
        c->found(c->ctx, &(struct winnow_finding){.file = c->file->path, .kind = p->kind,
                                                  .line = p->line, .column = p->column,
                                                  .text = p->text, .is_error = true});
}

/* Files with known defects are in use everywhere: only what was changed must be right. */
static int check_changed(struct check *c, struct rules *before, struct rules *now,
                         struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < rules_count_files(now) && status == WINNOW_OK; i++) {
        if (rules_has_same(before, now, i))
            continue;
        struct rule_file *file;
        status = rules_file(now, i, &file, err);
        if (status != WINNOW_OK)
            return status;
        c->file = file;
        status = rule_file_parse(file, check_problem, c, err);
        if (status == WINNOW_OK)
            status = rule_file_compile(file, check_problem, c, err);
    }
    return status;
}

int winnow_reload_rules(struct winnow *w, winnow_finding_fn *found, void *ctx,
                        struct winnow_error *err)
{
    struct check c = {.found = found, .ctx = ctx};
    struct rules *now = rules_new(), *before = cleaner_rules(w);
    int status = now ? WINNOW_OK : err_nomem(err);
    if (status == WINNOW_OK)
        status = rules_add_again(now, before, err);
    if (status == WINNOW_OK)
        status = check_changed(&c, before, now, err);
    if (status == WINNOW_OK && c.errors > 0)
        status = err_set(err, WINNOW_ERULES,
                         "%zu errors in changed rule files; the old rules stay in use: mend the "
                         "files (winnow rules lint shows where) and load them again", c.errors);
    if (status == WINNOW_OK) {
        pthread_mutex_lock(&w->lock);
        struct rules *old = w->rules;
        w->rules = now;
        pthread_mutex_unlock(&w->lock);
        rules_release(old);
    } else {
        rules_release(now);
    }
    rules_release(before);
    return status;
}
