/* spool_poison.c - winnow-worker as it is, but that pages can harm it: what a bug in a parser
 * would do.
 *
 * Linked with the objects of winnow-worker and --wrap=winnow_clean: pages with the words of
 * spool_files.py in them crash the worker, or keep it for ever. */
#include <signal.h>
#include <string.h>

#include "winnow.h"

static const char crash[] = "winnow-poison: crash", hang[] = "winnow-poison: hang";

int __real_winnow_clean(struct winnow *w, const struct winnow_input *in, struct winnow_page **ret,
                        struct winnow_error *err);
int __wrap_winnow_clean(struct winnow *w, const struct winnow_input *in, struct winnow_page **ret,
                        struct winnow_error *err);

static int has(const struct winnow_input *in, const char *words, size_t len)
{
    return in->len >= len && memmem(in->data, in->len, words, len) != NULL;
}

int __wrap_winnow_clean(struct winnow *w, const struct winnow_input *in, struct winnow_page **ret,
                        struct winnow_error *err)
{
    int *volatile nowhere = NULL;
    if (has(in, crash, sizeof crash - 1))
        *(volatile int *)nowhere = 1;
    for (volatile int i = 0; has(in, hang, sizeof hang - 1); i = 1)
        while (i == i)
            continue;
    return __real_winnow_clean(w, in, ret, err);
}
