/* shingle.h - fingerprints of a normalised stream: a keyed hash of k bytes at every
 * word start, thinned by winnowing.
 *
 * Schleimer, Wilkerson, Aiken: Winnowing, local algorithms for document
 * fingerprinting, SIGMOD 2003.  Knows nothing of pages: the detector of one page
 * takes all shingles, an index of many pages the winnowed and the anchored ones.
 *
 * The guarantee.  A run is a range of normalised bytes that two streams share; a
 * word start is where both have one (in scripts without spaces: every character).
 *
 * 1. All: a run that holds a word start and the k bytes from it shares a shingle.
 * 2. Winnowed: a run that holds w consecutive word starts, between which neither
 *    stream has another, and the k bytes from the last of them, shares a kept shingle.
 * 3. Anchored: so does a run that holds a block's first word start and the k bytes
 *    from it, however soon it ends, where both blocks start with it and are anchored.
 *
 * One word start, or one byte, less is not promised.  Nothing of it hangs on the hash:
 * equal bytes have equal hashes under one key, and ties are broken by place alone.
 *
 * A hash only proposes: whoever uses it compares the bytes.  Equal hashes of unequal
 * bytes cost time, or crowd a table; they never make two texts equal.  So what chosen
 * collisions could win is to hide repeats, and they cannot be prepared: the hash is
 * keyed, within a page by all that the page says (a changed letter is another key),
 * in an index by a random number that the index keeps to itself. */
#ifndef WINNOW_SHINGLE_H
#define WINNOW_SHINGLE_H

#include <stddef.h>
#include <stdint.h>

#include "norm.h"

enum {
    SHINGLE_MIN = 16,        /* bytes: the smallest k; less is taken for it */
    SHINGLE_WINDOW_MAX = 64, /* the largest w; more is taken for it; a power of two */
};

struct shingle_key {
    uint64_t secrets[4];
};

/* The key that a number stands for: any number will do. */
struct shingle_key shingle_key_of(uint64_t number);

/* The key of a page that stands alone: made of all of its stream. */
struct shingle_key shingle_key_of_stream(const struct norm *n);

struct shingle {
    uint64_t hash;
    uint32_t pos; /* in the normalised stream */
};

struct shingles {
    struct shingle *items;
    size_t count, cap;
};

void shingles_free(struct shingles *s);

/* In the three below, what *ret held is gone, its memory used again; it is zeroed
 * before the first use.  WINNOW_ENOMEM, and then *ret holds what it held. */

/* All shingles of k normalised bytes that start at word starts from_word..to_word of
 * the stream.  They are in the order of the words, and only those too near the
 * stream's end are missing. */
int shingle_all(const struct norm *n, uint32_t from_word, uint32_t to_word, unsigned k,
                const struct shingle_key *key, struct shingles *ret);

/* Of every window of w consecutive shingles keeps the smallest, by the upper 57 bits of
 * the hash and of equals the rightmost: of ordinary text two in w + 1.  Of fewer than w
 * the smallest is kept. */
int shingle_winnow(const struct shingles *all, unsigned w, struct shingles *ret);

/* Bytes of a stream that belong together: a paragraph, a heading. */
struct shingle_block {
    uint32_t start, end;
};

/* The winnowed shingles, and with them the first one of every block that holds k bytes
 * from a word start and at least min_words word starts, in the stream's order and each
 * once.  winnowed and all are of stream n and k; blocks rise and do not overlap.
 * An index keeps long blocks' anchors (25 words) and asks by those of all (0): so a
 * teaser of eight words still meets the article. */
int shingle_anchor(const struct norm *n, const struct shingles *all,
                   const struct shingles *winnowed, unsigned k,
                   const struct shingle_block *blocks, size_t nblocks, uint32_t min_words,
                   struct shingles *ret);

#endif
