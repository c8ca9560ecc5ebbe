/* run.h - an immutable sorted file of fingerprints, and which documents have them.
 *
 * Written once, synced, then named by the catalog; runs merge into larger ones.  The
 * layout is drawn in run.c. */
#ifndef WINNOW_RUN_H
#define WINNOW_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct run_entry {
    uint64_t hash;
    uint32_t number; /* of the document */
};

/* What the catalog remembers of a run, and a reader compares with the file. */
struct run_info {
    uint64_t bytes, entries;
    uint32_t first_number, last_number;
    uint64_t checksum; /* of the file's header, which holds those of its blocks */
};

/* Writes the entries, in any order, to path, which must not be there: whole and synced,
 * the folder too, or not at all.  Of one hash the first STORE_DOCS_MOST documents are
 * kept, each once.  The entries are used up: afterwards they are of no use.  WINNOW_EIO,
 * WINNOW_ENOMEM, WINNOW_ELIMIT (more than 2^36). */
int run_write(const char *path, struct run_entry *entries, size_t count, struct run_info *ret,
              struct winnow_error *err);

struct run;

/* Maps a run.  WINNOW_EDATA where it is not the one that info (may be NULL) tells of, was
 * cut off, or its header is damaged; WINNOW_EUSAGE where it is of a newer version or of
 * another byte order; WINNOW_EIO, WINNOW_ENOMEM. */
int run_open(const char *path, const struct run_info *info, struct run **ret,
             struct winnow_error *err);
void run_close(struct run *r);
const struct run_info *run_info(const struct run *r);

/* Appends to *ret who has which of the hashes: by print, then by number.  Very few hits
 * are false, of another hash (run.c says how few).  A block is checked when it is first
 * read; a damaged one is passed over, and run_is_damaged tells.  WINNOW_ENOMEM. */
int run_lookup(struct run *r, const uint64_t *hashes, size_t count, struct store_hits *ret);

/* What a run keeps of hashes: even over all 64 bits, and rising in the order of a run. */
void run_keys(const uint64_t *hashes, size_t count, uint64_t *ret);

/* Reads all keys of a run in their order, some at a time.  WINNOW_EDATA where it is damaged
 * and not all were read; WINNOW_ENOMEM. */
int run_each_key(struct run *r, void (*each)(void *ctx, const uint64_t *keys, size_t count),
                 void *ctx);

/* The first damage that was met: false where there was none.  *at: byte of the file. */
bool run_is_damaged(const struct run *r, uint64_t *at);

/* Reads all blocks; calls found for each that is damaged, with its first byte.
 * WINNOW_EDATA where there was one. */
int run_verify(struct run *r, void (*found)(void *ctx, uint64_t at), void *ctx);

/* Gives back the memory that the mapped file takes; it is read again when it is needed. */
void run_cool(struct run *r);

/* Merges runs into a new file at path, as run_write does; entries whose document keep
 * (may be NULL: all) says no to are left out.  Memory does not grow with the runs; keep is
 * asked for every entry, so it should be quick.  Which documents are the first of a hash
 * is decided after keep.  WINNOW_EDATA where a run is damaged: nothing is written then. */
int run_merge(struct run *const *runs, size_t count, bool (*keep)(void *ctx, uint32_t number),
              void *ctx, const char *path, struct run_info *ret, struct winnow_error *err);

#endif
