/* rules_prune.h - which elements of a named body are there to be clicked. */
#ifndef WINNOW_RULES_PRUNE_H
#define WINNOW_RULES_PRUNE_H

#include "page.h"

/* Letters, and letters in links, before each node. */
struct link_counts {
    const struct tree *tree;
    uint32_t *letters, *linked, *links; /* tree->count + 1 of each; of one allocation */
};

int link_counts_make(const struct page *p, struct link_counts *ret);
void link_counts_free(struct link_counts *c);

/* Is the element a control, a form or a menu? */
bool is_control(const struct tree *t, uint32_t node);

/* Is it a group of which most is links? */
bool is_mostly_links(const struct link_counts *c, uint32_t node);

#endif
