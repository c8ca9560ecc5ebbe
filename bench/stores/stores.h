/* stores.h - the stores that bench_store compares, behind one table of operations.
 *
 * All hold the same thing: which documents have a fingerprint.  All get a document's
 * hashes in rising order.  LMDB and RocksDB keep what is not committed yet in the same
 * table in memory (batch.c), so that what is compared is the store and not how well it
 * is fed; ours does that by itself. */
#ifndef WINNOW_BENCH_STORES_H
#define WINNOW_BENCH_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PRINTS = 138 /* of a document */ };

/* What lookups have found. */
struct tally {
    uint64_t prints, pairs, numbers; /* hashes that were known; documents; sum of these */
};

/* A failure ends the process. */
struct kind {
    const char *name, *about;
    int variant; /* for open */
    void *(*open)(const char *folder, int variant);
    void (*lookup)(void *s, const uint64_t *hashes, size_t count, struct tally *tally);
    void (*insert)(void *s, uint32_t number, const uint64_t *hashes, size_t count);
    void (*commit)(void *s);
    void (*settle)(void *s); /* waits until nothing is done in the background */
    void (*close)(void *s);
};

/* In the order of the report; the last one's name is NULL. */
extern const struct kind kinds[];

enum { LMDB_PLAIN, LMDB_WRITEMAP, LMDB_BUCKETS };
void *lmdb_open(const char *folder, int variant);
void lmdb_lookup(void *s, const uint64_t *hashes, size_t count, struct tally *tally);
void lmdb_insert(void *s, uint32_t number, const uint64_t *hashes, size_t count);
void lmdb_commit(void *s);
void lmdb_settle(void *s);
void lmdb_close(void *s);

enum { ROCKS_WRITE, ROCKS_INGEST };
void *rocks_open(const char *folder, int variant);
void rocks_lookup(void *s, const uint64_t *hashes, size_t count, struct tally *tally);
void rocks_insert(void *s, uint32_t number, const uint64_t *hashes, size_t count);
void rocks_commit(void *s);
void rocks_settle(void *s);
void rocks_close(void *s);

void *ours_open(const char *folder, int variant);
void ours_lookup(void *s, const uint64_t *hashes, size_t count, struct tally *tally);
void ours_insert(void *s, uint32_t number, const uint64_t *hashes, size_t count);
void ours_commit(void *s);
void ours_settle(void *s);
void ours_close(void *s);

/* --- batch.c: what is not committed yet ------------------------------------------------ */

struct entry {
    uint64_t hash;
    uint32_t number;
    uint32_t known; /* 1: the store has the hash already */
};

struct batch {
    struct entry *items, *spare;
    size_t count, cap;
    uint32_t *slots; /* by hash: 1 + index into items; 0: free */
    unsigned bits;   /* of a slot's number */
};

void batch_init(struct batch *p);
void batch_free(struct batch *p);
void batch_clear(struct batch *p);
void batch_lookup(const struct batch *p, uint64_t hash, bool known, struct tally *tally);
void batch_add(struct batch *p, uint64_t hash, uint32_t number, bool known);

/* By hash; equal ones stay in their order.  The table is of no use then. */
void batch_sort(struct batch *p);

#endif
