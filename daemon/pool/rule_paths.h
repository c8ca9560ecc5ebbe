/* rule_paths.h - which rule folders a cleaner reads, in the order in which they count. */
#ifndef WINNOW_RULE_PATHS_H
#define WINNOW_RULE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "winnow.h"

enum { RULE_PATHS_MOST = 72 };

struct rule_paths {
    char *items[RULE_PATHS_MOST]; /* owned */
    size_t count;
};

/* WINNOW_EUSAGE where there are too many; WINNOW_ENOMEM. */
WINNOW_CHECK int rule_paths_add(struct rule_paths *p, const char *path, struct winnow_error *err);

/* Adds those that are there: (personal) the user's own below XDG_CONFIG_HOME or HOME,
 * /etc/winnow/rules, and the rules that ship, which stand beside the program: bin/winnow,
 * share/winnow/rules. */
WINNOW_CHECK int rule_paths_add_defaults(struct rule_paths *p, bool personal,
                                         struct winnow_error *err);
void rule_paths_free(struct rule_paths *p);

#endif
