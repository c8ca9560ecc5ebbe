/* written.h - the clean text of a page, and where each of its bytes came from. */
#ifndef WINNOW_WRITTEN_H
#define WINNOW_WRITTEN_H

#include "page.h"

/* Bytes at .. at+len of the clean text are the bytes from .. from+len of the page's
 * text.  Between runs stand line ends, folded white space, replacements. */
struct run {
    uint32_t at, from, len;
};

struct written {
    struct buf text;
    struct run *runs; /* ascending in both; only with `map` */
    size_t count, cap;
    bool map;
};

/* Writes all that is kept, a line a block, cells of a row behind tabs, blank lines
 * where the page has them.  WINNOW_ENOMEM. */
int written_make(const struct page *p, bool map, struct written *ret);
void written_free(struct written *w);

/* The page's bytes that bytes start..end of the clean text came from; false where
 * none did. */
bool written_range(const struct written *w, uint32_t start, uint32_t end, uint32_t *ret_start,
                   uint32_t *ret_end);

/* Is byte `at` of the clean text the page's own, not one of a replacement or of what
 * stands between blocks? */
bool written_holds(const struct written *w, uint32_t at);

/* The page's bytes from where byte start of the clean text stands, or what is before
 * it ends, to where byte end stands, or what follows starts: what lies between two
 * words, white space that was folded and all. */
void written_between(const struct written *w, uint32_t start, uint32_t end, uint32_t *ret_start,
                     uint32_t *ret_end);

/* Appends what is kept of one block as it is written: white space folded in HTML
 * (never in code or dumps), none at the edges, control characters left out. */
void block_write(const struct page *p, const struct block *b, struct buf *ret);

#endif
