/* young.h - fingerprints that are in no run yet, in memory: which documents have them.
 *
 * Of one hash at most STORE_DOCS_MOST documents are kept, the first that came; of one
 * document and hash, one entry. */
#ifndef WINNOW_YOUNG_H
#define WINNOW_YOUNG_H

#include "store/run.h"
#include "store/store.h"

struct young_bucket;

/* All zeros is an empty one. */
struct young {
    struct young_bucket *buckets;
    size_t cap, count; /* buckets; entries */
};

void young_free(struct young *y);
void young_clear(struct young *y); /* keeps the memory */

/* Adds all hashes of a document, or, with WINNOW_ENOMEM, none. */
int young_add(struct young *y, uint32_t number, const uint64_t *hashes, size_t count);

/* Appends who has which of the hashes: by print.  WINNOW_OK or WINNOW_ENOMEM. */
int young_lookup(const struct young *y, const uint64_t *hashes, size_t count,
                 struct store_hits *ret);

/* Takes out the entries of the documents that gone says yes to. */
void young_remove(struct young *y, bool (*gone)(void *ctx, uint32_t number), void *ctx);

/* Calls each with the hashes of all entries, a few at a time. */
void young_each(const struct young *y,
                void (*each)(void *ctx, const uint64_t *hashes, size_t count), void *ctx);

/* Writes all entries to ret, which has room for y->count: nearly in the order of a run. */
void young_entries(const struct young *y, struct run_entry *ret);

size_t young_bytes(const struct young *y);                  /* that it takes */
size_t young_bytes_with(const struct young *y, size_t more); /* with so many entries more */

#endif
