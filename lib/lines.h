/* lines.h - a page's blocks as the lines of one text, for patterns to search.
 *
 * The view holds what is still kept of every block that is shown, as it would be
 * written, one a line; blank lines stand where the page has them (a dump's own,
 * or one before each paragraph of HTML).  Lines end in \n. */
#ifndef WINNOW_LINES_H
#define WINNOW_LINES_H

#include "page.h"

struct line {
    uint32_t start, end; /* bytes of the view, without the newline */
    uint32_t block;      /* index in page->blocks */
};

struct lines {
    struct buf text;
    struct line *items; /* lines that are not blank */
    size_t count, cap;
};

int lines_make(const struct page *p, struct lines *ret);
void lines_free(struct lines *l);

/* The lines that bytes start..end of the view touch: *first up to, not with, *last. */
void lines_range(const struct lines *l, size_t start, size_t end, size_t *first, size_t *last);

/* Do lines i-1 and i have a blank line between them? */
bool lines_gap_before(const struct lines *l, size_t i);

#endif
