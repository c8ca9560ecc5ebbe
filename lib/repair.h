/* repair.h - undo what content systems do to text: words split by a filter. */
#ifndef WINNOW_REPAIR_H
#define WINNOW_REPAIR_H

#include "page.h"

/* Stage "repair": repair_set and repair(pattern) of the rules that apply. */
int repair_run(struct page *p, struct winnow_error *err);

/* Is there a repair_set of this name? */
bool repair_set_exists(struct slice name);

#endif
