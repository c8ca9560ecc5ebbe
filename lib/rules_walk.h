/* rules_walk.h - goes through the rule files of a path, for lint and for their tests. */
#ifndef WINNOW_RULES_WALK_H
#define WINNOW_RULES_WALK_H

#include <stdlib.h>

#include "rules.h"

/* Who hears of what is found, and in which file we are. */
struct finder {
    const char *file; /* as it was opened */
    winnow_finding_fn *found; /* may be NULL */
    void *ctx;
    size_t errors;
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

/* Calls check for path, or for every rule file of the folder that it is. */
static inline int finder_walk(struct finder *f, const char *path, finder_file_fn *check, void *ctx,
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

#endif
