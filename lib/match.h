/* match.h - pairs of passages of one normalised stream that say the same.
 *
 * Knows no blocks and decides nothing: it finds, repeat.c judges. */
#ifndef WINNOW_MATCH_H
#define WINNOW_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "norm.h"

/* bytes[a..a+len) == bytes[b..b+len); a < b, and the two may overlap. */
struct link {
    uint32_t a, b, len;
};

/* Links count..first+count-1 of struct matches: an earlier passage (their a) and a
 * later one (their b) that differ by an edited word here and there.  Links rise in
 * a and in b and never overlap. */
struct chain {
    uint32_t first, count;
    uint32_t matched; /* bytes, the sum of the links' len */
};

struct matches {
    struct link *links;
    size_t nlinks, links_cap;
    struct chain *chains;
    size_t nchains, chains_cap;
    uint64_t work; /* bytes compared and candidates tried: bounded by the stream's
                      length, whatever the text */
};

void matches_free(struct matches *m);

/* Finds the chains of at least min_bytes in n, longest first.  *ret is zeroed before
 * the first use; what it held is gone, its memory used again.  WINNOW_ENOMEM. */
int match_find(const struct norm *n, uint32_t min_bytes, struct matches *ret);

/* Aligns the words of two short ranges (a gap between two links, the edge of a
 * chain) and writes at most BRIDGE_MAX links of words that both have, in order.
 * Returns how many: none where a range has more than BRIDGE_MAX words. */
enum { BRIDGE_MAX = 48 };
size_t match_bridge(const struct norm *n, uint32_t a, uint32_t a_end, uint32_t b,
                    uint32_t b_end, struct link ret[BRIDGE_MAX]);

#endif
