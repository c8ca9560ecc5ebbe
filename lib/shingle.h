/* shingle.h - fingerprints of a normalised stream: a keyed hash of k bytes at every
 * word start, thinned by winnowing.
 *
 * Schleimer, Wilkerson, Aiken: Winnowing, local algorithms for document
 * fingerprinting, SIGMOD 2003.  Knows nothing of pages: the detector of one page
 * takes all shingles, an index of many pages the winnowed ones. */
#ifndef WINNOW_SHINGLE_H
#define WINNOW_SHINGLE_H

#include <stddef.h>
#include <stdint.h>

#include "norm.h"

struct shingle {
    uint64_t hash;
    uint32_t pos; /* in the normalised stream */
};

struct shingles {
    struct shingle *items;
    size_t count, cap;
};

void shingles_free(struct shingles *s);

/* All shingles of k normalised bytes that start at a word start of
 * n->words[from_word..to_word).  What *ret held is gone, its memory used again; it
 * is zeroed before the first use.  Shingles are in the order of the words, and only
 * those too near the stream's end are missing.  WINNOW_ENOMEM. */
int shingle_all(const struct norm *n, uint32_t from_word, uint32_t to_word, unsigned k,
                uint64_t seed, struct shingles *ret);

/* Of every window of w consecutive shingles keeps the smallest (the rightmost of
 * equals): any run shared by two streams that spans w word starts and k bytes
 * after the last shares a kept shingle.  Of fewer than w the smallest is kept.
 * *ret as above; WINNOW_ENOMEM. */
int shingle_winnow(const struct shingles *all, unsigned w, struct shingles *ret);

#endif
