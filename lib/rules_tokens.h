/* rules_tokens.h - strip_id_or_class lines that name whole classes and ids, by hash.
 *
 * A list of cosmetic filters holds ten thousand of them: a page asks once for each
 * class and id that it has, not once for each line. */
#ifndef WINNOW_RULES_TOKENS_H
#define WINNOW_RULES_TOKENS_H

#include "rules.h"

struct part_table;

/* The table of a compiled file's whole parts; *ret is NULL where it has none. */
int tokens_make(const struct rule_file *file, struct part_table **ret);
void tokens_free(struct part_table *t);

/* The first line of the file, by number in its rules, that names one of the element's
 * classes or its id; SIZE_MAX where none does.  Either may be {NULL, 0}. */
size_t tokens_find(const struct part_table *t, struct slice classes, struct slice id);

#endif
