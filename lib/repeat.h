/* repeat.h - passages of one page that stand twice, or once whole and once cut short. */
#ifndef WINNOW_REPEAT_H
#define WINNOW_REPEAT_H

#include "page.h"

/* Stage "repeat": marks copies as removed, never all of them, and names what
 * stays of each. */
int repeat_run(struct page *p, struct winnow_error *err);

#endif
