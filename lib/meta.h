/* meta.h - title, author, date, language, URL of a page, and where each came from. */
#ifndef WINNOW_META_H
#define WINNOW_META_H

#include "page.h"

/* Stage "meta". */
int meta_run(struct page *p, struct winnow_error *err);

#endif
