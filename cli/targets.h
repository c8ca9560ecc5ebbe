/* targets.h - where each input's result goes, and that no result hides another. */
#ifndef WINNOW_TARGETS_H
#define WINNOW_TARGETS_H

#include "inputs.h"

/* OUT/name with the format's suffix, for the caller to free; what has it already stays as it
 * is.  NULL: no memory. */
char *target_path(const struct settings *s, const char *name);

/* With -o: no two inputs may have one target, and no target may be an input.  0 or an exit
 * code after a message. */
int targets_check(const struct settings *s, const struct inputs *in);

/* The folder of the index is neither an input nor -o's.  0 or EX_USAGE. */
int targets_check_index(const struct settings *s);

#endif
