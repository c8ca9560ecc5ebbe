/* rules_walk.h - goes through the rule files of a path, for lint and for their tests. */
#ifndef WINNOW_RULES_WALK_H
#define WINNOW_RULES_WALK_H

#include <stdbool.h>

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
void finder_pass_on(void *ctx, const struct rule_problem *p);

typedef int finder_file_fn(struct finder *f, const char *path, void *ctx,
                           struct winnow_error *err);

/* Calls check for path, or for every rule file of the folder that it is; one of a folder
 * that cannot be read is a finding. */
int finder_walk(struct finder *f, const char *path, finder_file_fn *check, void *ctx,
                struct winnow_error *err);

#endif
