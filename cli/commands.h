/* commands.h - the commands of winnow: each gets what the command line said. */
#ifndef WINNOW_COMMANDS_H
#define WINNOW_COMMANDS_H

#include "options.h"

/* Each returns an exit code. */
int command_clean(const struct settings *s);
int command_explain(const struct settings *s);
int command_rules(const struct settings *s);
int command_index(const struct settings *s);
int command_queue(const struct settings *s);
int command_reclean(const struct settings *s);
int command_restore(const struct settings *s);

/* Makes the cleaner that the settings ask for, with the rule folders: those that
 * --rules names, the user's, the machine's, and those that ship. */
int cleaner_open(const struct settings *s, struct winnow **ret);

#endif
