/* rules_verbs.h - what winnow rules can do: each verb gets the whole command line. */
#ifndef WINNOW_RULES_VERBS_H
#define WINNOW_RULES_VERBS_H

#include "options.h"

/* s->args[0] is the verb, the rest, at least one but for learn, what it works on.  Each returns an exit
 * code; command_rules flushes standard output behind it. */
int rules_lint(const struct settings *s);
int rules_test(const struct settings *s);
int rules_show(const struct settings *s);
int rules_status(const struct settings *s);
/* EX_CANTCREAT where a file that is there already was left as it is. */
int rules_import(const struct settings *s);
int rules_learn(const struct settings *s);

/* The verbs, one a line, for --help. */
void rules_print_verbs(void);

#endif
