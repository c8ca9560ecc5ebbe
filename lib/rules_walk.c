/* rules_walk.c - goes through the rule files of a path. */
#include "rules_walk.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

void finder_pass_on(void *ctx, const struct rule_problem *p)
{
    struct finder *f = ctx;
    f->errors += p->is_error;
    if (f->found)
        f->found(f->ctx, &(struct winnow_finding){.file = f->file, .kind = p->kind,
                                                  .line = p->line, .column = p->column,
                                                  .text = p->text, .is_error = p->is_error});
}

/* A file of a folder that cannot be read is a finding: the others are looked at. */
static int check_file(struct finder *f, finder_file_fn *check, void *ctx,
                      struct winnow_error *err)
{
    struct winnow_error why = {0};
    int status = check(f, f->file, ctx, &why);
    if (status == WINNOW_EIO && f->in_folder) {
        finder_pass_on(f, &(struct rule_problem){"unreadable", why.text, 0, 0, true});
        return WINNOW_OK;
    }
    if (status != WINNOW_OK)
        return err_set(err, (enum winnow_status)status, "%s", why.text);
    return WINNOW_OK;
}

int finder_walk(struct finder *f, const char *path, finder_file_fn *check, void *ctx,
                struct winnow_error *err)
{
    char **paths = NULL;
    size_t count = 0;
    int status = rules_list(path, &paths, &count, err);
    f->in_folder = count != 1 || strcmp(paths[0], path) != 0;
    for (size_t i = 0; i < count; i++) {
        f->file = paths[i];
        if (status == WINNOW_OK)
            status = check_file(f, check, ctx, err);
        free(paths[i]);
    }
    free(paths);
    return status;
}
