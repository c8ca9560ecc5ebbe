/* clean.h - one page through all stages. */
#ifndef WINNOW_CLEAN_H
#define WINNOW_CLEAN_H

#include "page.h"

void page_init(struct page *p, struct winnow *w, const struct winnow_input *in);
void page_end(struct page *p); /* frees what the page holds; fine after a failure */

/* Runs every stage in order; the page is whole or the first error is in err. */
int clean_run(struct page *p, struct winnow_error *err);

/* Runs only what comes before the stages that compare, and counts the page for its site. */
int clean_learn(struct page *p, struct winnow_error *err);

/* Runs the stages that compare and all behind them, over a page made from a record. */
int clean_again(struct page *p, struct winnow_error *err);
const char *clean_stage_name(size_t i); /* NULL past the last */

#endif
