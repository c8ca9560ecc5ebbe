/* catalog.h - the transactional part of a store on disk, in LMDB: which documents, sites,
 * runs and text files there are.
 *
 * Every value carries its checksum: LMDB has none.  The tables are drawn in catalog.c. */
#ifndef WINNOW_CATALOG_H
#define WINNOW_CATALOG_H

#include "store/run.h"
#include "store/store.h"
#include "store/texts.h"

struct catalog;

/* What a document's record holds; the rest is in its text file. */
struct catalog_doc {
    struct doc_key key, content;
    enum doc_state state;
    uint32_t other;
    struct text_place place; /* file 0: none */
    uint32_t first; /* number of the first version of its document; 0 stands for its own */
};

/* The state of the whole, one record. */
struct catalog_state {
    uint32_t next_number; /* of documents, from 1 */
    uint32_t next_run;    /* of run files, from 1 */
    uint32_t text_first;  /* the first text file that is in use */
    uint32_t text_file;   /* the committed end of the texts */
    uint64_t text_bytes;
    uint64_t states[DOC_FORGOTTEN + 1]; /* documents by state */
    uint64_t sites;
};

struct catalog_run {
    uint32_t number; /* of the file: run-000001 */
    struct run_info info;
};

/* Opens folder/catalog.mdb.  params: as given to store_disk; their own are filled in; k 0:
 * whatever it was made with (WINNOW_EUSAGE where it would have to be made).  Checks version,
 * byte order and parameters.  A catalog of at most 64 MiB is looked through first
 * (catalog_check), so that no damaged page is ever walked.  A writer makes what is missing,
 * the folder too, and holds store_lock until catalog_close: WINNOW_EUSAGE where another
 * does.  WINNOW_EDATA where files are there that only a catalog names, and none is, or one
 * that was never begun: it was lost.  WINNOW_EIO for a reader who may not write LMDB's lock
 * file, catalog.mdb-lock: no writer would know of him. */
int catalog_open(const char *folder, struct store_params *params, bool read_only,
                 struct catalog **ret, struct winnow_error *err);
void catalog_close(struct catalog *c);

/* A transaction: of a writer, or a reader's view of the last commit.  Reading outside of
 * one is WINNOW_EUSAGE.  After a failed commit (the disk is full, say) all may be put
 * again in a new transaction. */
int catalog_begin(struct catalog *c, struct winnow_error *err);
int catalog_commit(struct catalog *c, struct winnow_error *err); /* ends it, also on failure */
void catalog_abort(struct catalog *c);

/* In a transaction.  *found false: there is no such record, *ret is untouched. */
int catalog_get_state(struct catalog *c, struct catalog_state *ret, struct winnow_error *err);
int catalog_put_state(struct catalog *c, const struct catalog_state *state,
                      struct winnow_error *err);
/* A document's `first` is never 0 in what is read. */
int catalog_get_doc(struct catalog *c, uint32_t number, struct catalog_doc *ret, bool *found,
                    struct winnow_error *err);
int catalog_put_doc(struct catalog *c, uint32_t number, const struct catalog_doc *doc,
                    struct winnow_error *err);
int catalog_find(struct catalog *c, const struct doc_key *key, uint32_t *number,
                 struct winnow_error *err); /* 0: none */
int catalog_name(struct catalog *c, const struct doc_key *key, uint32_t number,
                 struct winnow_error *err); /* from now on key means number */
int catalog_get_site(struct catalog *c, struct slice name, struct buf *ret,
                     struct winnow_error *err); /* appended */
int catalog_put_site(struct catalog *c, struct slice name, struct slice blob,
                     struct winnow_error *err);
/* Calls each until it returns not 0.  What each gets lives as long as its call. */
int catalog_each_site(struct catalog *c,
                      int (*each)(void *ctx, struct slice name, struct slice blob), void *ctx,
                      struct winnow_error *err);

/* Hashes of documents that are in no run yet. */
int catalog_put_recent(struct catalog *c, uint32_t number, const uint64_t *hashes, size_t count,
                       struct winnow_error *err);
int catalog_each_recent(struct catalog *c,
                        int (*each)(void *ctx, uint32_t number, const uint64_t *hashes,
                                    size_t count),
                        void *ctx, struct winnow_error *err);
int catalog_drop_recent(struct catalog *c, struct winnow_error *err); /* all of them */

int catalog_put_run(struct catalog *c, const struct catalog_run *run, struct winnow_error *err);
int catalog_drop_run(struct catalog *c, uint32_t number, struct winnow_error *err);
int catalog_each_run(struct catalog *c, int (*each)(void *ctx, const struct catalog_run *run),
                     void *ctx, struct winnow_error *err);

uint64_t catalog_bytes(struct catalog *c); /* on disk */

/* --- catalog_check.c --------------------------------------------------------------------- */

/* Reads the file's pages as LMDB lays them out, without LMDB, which trusts them: both meta
 * pages, every page that the newer one reaches, that they lie in the file, are used once,
 * are of the right kind, and hold keys in order within their bounds; and the checksum of
 * every value.  found gets each problem; *problems counts.  Safe on any bytes. */
int catalog_check(const char *folder, store_problem_fn *found, void *ctx, size_t *problems,
                  struct winnow_error *err);

#endif
