/* across.h - the stages that ask the index: what a site's pages share, and passages that
 * stood in other documents. */
#ifndef WINNOW_ACROSS_H
#define WINNOW_ACROSS_H

#include "page.h"

/* Compares the page with the index of its cleaner, if it has one: notes down in p->shared
 * and p->relations what it shares, and removes it where that is asked for. */
int across_run(struct page *p, struct winnow_error *err);

#endif
