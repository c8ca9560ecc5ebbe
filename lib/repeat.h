/* repeat.h - passages of one page that stand twice, or once whole and once cut short. */
#ifndef WINNOW_REPEAT_H
#define WINNOW_REPEAT_H

#include "page.h"

/* Stage "repeat": marks every copy but one as removed, naming the one that stays. */
int repeat_run(struct page *p, struct winnow_error *err);

#endif
