/* cleaner_open.h - what a cleaner is made of, here or in a worker, as the settings ask for it. */
#ifndef WINNOW_CLEANER_OPEN_H
#define WINNOW_CLEANER_OPEN_H

#include "options.h"
#include "pool/rule_paths.h"

/* The settings as the library takes them, without a cache. */
struct winnow_options cleaner_options(const struct settings *s);

/* The rule folders: those that --rules names, the user's, the machine's, and those that ship.
 * 0, or an exit code after a message; rule_paths_free in either case. */
int cleaner_rules(const struct settings *s, struct rule_paths *ret);

#endif
