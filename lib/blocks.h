/* blocks.h - the page as one flat array of lines, from a tree or from a dump. */
#ifndef WINNOW_BLOCKS_H
#define WINNOW_BLOCKS_H

#include "page.h"

/* Stage "blocks": fills page->blocks from the tree, or from the lines of a dump. */
int blocks_run(struct page *p, struct winnow_error *err);

#endif
