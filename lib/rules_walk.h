/* rules_walk.h - goes through the rule files of a path, for lint and for their tests. */
#ifndef WINNOW_RULES_WALK_H
#define WINNOW_RULES_WALK_H

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "rules.h"

/* Who hears of what is found, and in which file we are. */
struct finder {
    const char *file; /* as it was opened */
    winnow_finding_fn *found; /* may be NULL */
    void *ctx;
    size_t errors;
    bool in_folder; /* the file is one of a folder's */
};

/* A rule_problem_fn whose ctx is a struct finder. */
static inline void finder_pass_on(void *ctx, const struct rule_problem *p)
{
    struct finder *f = ctx;
    f->errors += p->is_error;
    if (f->found)
        f->found(f->ctx, &(struct winnow_finding){.file = f->file, .kind = p->kind,
                                                  .line = p->line, .column = p->column,
                                                  .text = p->text, .is_error = p->is_error});
}

typedef int finder_file_fn(struct finder *f, const char *path, void *ctx,
                           struct winnow_error *err);

/* A file of a folder that cannot be read is a finding: the others are looked at. */
static inline int finder_check(struct finder *f, finder_file_fn *check, void *ctx,
                               struct winnow_error *err)
{
    struct winnow_error why = {0};
    int status = check(f, f->file, ctx, &why);
    if (status == WINNOW_EIO && f->in_folder) {
        finder_pass_on(f, &(struct rule_problem){"unreadable", why.text, 0, 0, true});
        return WINNOW_OK;
    }
    return status == WINNOW_OK ? WINNOW_OK : err_set(err, (enum winnow_status)status, "%s", why.text);
}

/* Calls check for path, or for every rule file of the folder that it is. */
static inline int finder_walk(struct finder *f, const char *path, finder_file_fn *check, void *ctx,
                              struct winnow_error *err)
{
    char **paths = NULL;
    size_t count = 0;
    int status = rules_list(path, &paths, &count, err);
    f->in_folder = count != 1 || strcmp(paths[0], path) != 0;
    for (size_t i = 0; i < count; i++) {
        f->file = paths[i];
        if (status == WINNOW_OK)
            status = finder_check(f, check, ctx, err);
        free(paths[i]);
    }
    free(paths);
    return status;
}

#endif
