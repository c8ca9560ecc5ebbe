/* match_parts.h - what the files of matching share: pieces, and how they become chains.
 *
 * Only match*.c include it. */
#ifndef WINNOW_MATCH_PARTS_H
#define WINNOW_MATCH_PARTS_H

#include "match.h"

/* A maximal run of equal bytes, as the table found it. */
struct piece {
    struct link link;
    uint32_t next; /* of its chain; none: the last */
};

static const uint32_t none = UINT32_MAX;

/* May a link start or end at pos? */
static inline bool match_starts_char(const struct norm *n, uint32_t pos)
{
    return pos >= n->len || (n->bytes[pos] & 0xC0) != 0x80;
}

/* match_chain.c: chains the pieces, which it sorts, aligns the words between them, and
 * appends the chains of at least min_bytes to ret, longest first; adds the alignments to
 * ret->work.  WINNOW_ENOMEM. */
int match_chain(const struct norm *n, struct piece *pieces, size_t npieces, uint32_t min_bytes,
                struct matches *ret);

#endif
