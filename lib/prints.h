/* prints.h - the fingerprints of a text, as an index keeps them and asks for them. */
#ifndef WINNOW_PRINTS_H
#define WINNOW_PRINTS_H

#include "norm.h"
#include "shingle.h"
#include "store/store.h"

/* How an index's fingerprints are made, unless it was made otherwise: see shingle.h.
 * PRINTS_NORMALISER counts the versions of the stream that norm.c makes. */
enum { PRINTS_K = 32, PRINTS_W = 8, PRINTS_LEAST = 25, PRINTS_NORMALISER = 1 };

/* The same as struct store_params; the key is left to the store. */
struct store_params prints_params(void);

/* A workspace for many texts, one after the other; what a call leaves in it the next one
 * takes away. */
struct prints {
    /* Hashes of the text, in its order, each once.  Who asks wants those
     * of all lines' beginnings; who keeps them only those of lines of params->least words. */
    uint64_t *ask, *keep;
    size_t nask, nkeep;

    /* Only prints.c looks further. */
    size_t ask_cap, keep_cap;
    uint64_t *seen; /* a hash table, by open addressing */
    size_t seen_cap, seen_mask;
    uint64_t of; /* hash of the text that they are of */
    struct norm norm;
    struct shingles all, winnowed, anchored;
    struct shingle_block *blocks; /* its lines */
    size_t nblocks, blocks_cap;
};

void prints_init(struct prints *p);
void prints_free(struct prints *p);

/* Makes those of a text, unless they are at hand.  params are the same in every call.
 * WINNOW_ENOMEM; WINNOW_ELIMIT where the normalised stream would pass 4 GiB. */
int prints_make(struct prints *p, const struct store_params *params, struct slice text);

#endif
