/* match.h - pairs of passages of one normalised stream that say the same.
 *
 * The guarantee: two places share a run that holds, in both, a word start and the
 * MATCH_K bytes from it; then the run is found, to its last character on both sides.
 * A byte less, or a run that starts no word in one of them, is not promised.  Beyond
 * the guarantee are, so that time and memory stay linear:
 *
 * - of more than four earlier places those but the first and the latest three;
 * - what lies in another found piece of 256 bytes, but for its last MATCH_K;
 * - a stretch with more repeats than a piece in 128 bytes (beyond 4,096), sixteen at
 *   one place, or four bytes of comparing a byte (beyond 256 KiB); in it only the first
 *   place of what stands there often is remembered;
 * - in texts of more than 24,576 words with more than three in eight bytes, a run that
 *   does not hold w word starts before those bytes (w = 5 for one-letter words);
 * - shingles that meet a crowd in the table: by chance next to never, by design only
 *   for who knows the key, and then only their own.
 *
 * Knows no blocks and decides nothing: it finds, repeat.c judges. */
#ifndef WINNOW_MATCH_H
#define WINNOW_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "norm.h"
#include "shingle.h"

enum { MATCH_K = 32 /* normalised bytes that a shared shingle has */ };

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
int match_find_keyed(const struct norm *n, uint32_t min_bytes, const struct shingle_key *key,
                     struct matches *ret);

/* The same under the stream's own key, as shingle_key_of_stream makes it. */
int match_find(const struct norm *n, uint32_t min_bytes, struct matches *ret);

/* Aligns the words of two short ranges (a gap between two links, the edge of a
 * chain) and writes at most BRIDGE_MAX links of words that both have, in order.
 * Returns how many: none where a range has more than BRIDGE_MAX words. */
enum { BRIDGE_MAX = 48 };
size_t match_bridge(const struct norm *n, uint32_t a, uint32_t a_end, uint32_t b,
                    uint32_t b_end, struct link ret[BRIDGE_MAX]);

#endif
