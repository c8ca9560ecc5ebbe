/* store_disk.h - the store on disk as its own files see it: one folder, one writer.
 *
 *     store_disk.c     opening, asking, putting
 *     store_lookup.c   who has which fingerprints
 *     store_folder.c   names, the writer's lock, the sweep, the runs that are held open
 *     store_commit.c   a commit and its undoing
 *     store_merge.c    runs merged in tiers
 *     store_care.c     verify;  store_compact.c  compact */
#ifndef WINNOW_STORE_DISK_H
#define WINNOW_STORE_DISK_H

#include "store/catalog.h"
#include "store/filter.h"
#include "store/pending.h"
#include "store/run.h"
#include "store/store.h"
#include "store/texts.h"
#include "store/young.h"

/* The sizes of a store that is opened without any. */
enum { STORE_FLUSH = 1 << 20, STORE_FACTOR = 6 };

/* A run that the catalog names. */
struct held_run {
    struct catalog_run is;
    struct run *run; /* NULL: set aside */
    char *why;       /* it is; from the heap */
    bool is_damaged; /* a merge has met damage: it takes part in none */
    bool is_filtered; /* the filter, where there is one, has all its keys */
};

struct held_runs {
    struct held_run *items;
    size_t count, cap;
};

struct disk_store {
    struct store store;
    char *folder;
    bool read_only;
    struct store_sizes sizes;
    struct catalog *catalog;
    bool in_transaction;
    struct texts *texts;
    struct held_runs runs;
    struct young young;     /* what is in no run: recent, and pending */
    uint64_t recent;        /* documents whose hashes the catalog holds */
    struct pending pending;
    struct catalog_state committed, state; /* the last commit's; with what is pending */
    bool is_broken;         /* nobody knows whether the last commit is on the disk */
    struct filter filter;   /* over young and the runs that are filtered */
    uint64_t looked_up;     /* hashes, since the filter was made or could not be */
    uint64_t probed;        /* hashes of runs, since they were cooled */
    struct winnow_error merge_error; /* status WINNOW_OK: none */
    unsigned merge_wait, merge_pause; /* commits until it is tried again; the last pause */
};

/* --- store_disk.c ------------------------------------------------------------------------ */

/* Begins a transaction where there is none. */
int store_need_catalog(struct disk_store *d, struct winnow_error *err);
void store_end_transaction(struct disk_store *d);

/* The record of a document, pending or committed. */
int store_record(struct disk_store *d, uint32_t number, struct catalog_doc *ret, bool *found,
                 struct winnow_error *err);

/* --- store_lookup.c ---------------------------------------------------------------------- */

int disk_store_lookup(struct store *s, const uint64_t *hashes, size_t count,
                      struct store_hits *ret, struct winnow_error *err);

/* Tells the filter, where there is one, of hashes that young gets. */
void store_filter_add(struct disk_store *d, const uint64_t *hashes, size_t count);

/* --- store_folder.c ---------------------------------------------------------------------- */

enum { STORE_PATH_MOST = 4096 };

/* folder/name, and folder/run-000001, into ret. */
void store_path(const char *folder, const char *name, char ret[STORE_PATH_MOST]);
void store_run_path(const char *folder, uint32_t number, char ret[STORE_PATH_MOST]);

/* What a name in the folder stands for. */
enum store_file { STORE_OTHER, STORE_RUN, STORE_TEXTS, STORE_LEFTOVER };
enum store_file store_file_of(const char *name, uint32_t *number);

/* Calls each for all names of the folder. */
int store_each_file(const char *folder, int (*each)(void *ctx, const char *name), void *ctx,
                    struct winnow_error *err);

#define STORE_CATALOG "catalog.mdb"
#define STORE_CATALOG_LOCK "catalog.mdb-lock" /* LMDB's: its table of readers */
#define STORE_CATALOG_NEW ".tmp-catalog"      /* a folder: where one is made again */
#define STORE_CATALOG_OLD "catalog.damaged"

/* The lock of a writer, for who works on a folder without its catalog.  WINNOW_EBUSY where
 * another process has it. */
int store_lock(const char *folder, int *ret, struct winnow_error *err);

/* WINNOW_EUSAGE where the folder holds no index. */
int store_is_there(const char *folder, struct winnow_error *err);

/* Removes what the catalog does not name. */
int store_sweep(const char *folder, const struct held_runs *runs,
                const struct catalog_state *state, struct winnow_error *err);
void store_remove_folder(const char *path); /* and the files in it, as far as it can be */

/* The catalog's runs, opened; those that cannot be are set aside.  In a transaction. */
int store_hold_runs(const char *folder, struct catalog *catalog, struct held_runs *ret,
                    struct winnow_error *err);
/* Opens one run more; it is set aside where that fails. */
int store_hold_run(const char *folder, const struct catalog_run *is, struct held_runs *runs,
                   struct winnow_error *err);
void store_drop_run(struct held_runs *runs, size_t i);
void store_free_runs(struct held_runs *runs);

/* --- store_care.c ------------------------------------------------------------------------ */

/* The end of the texts where no catalog tells: all that is there. */
int store_guess_end(const char *folder, uint32_t *file, uint64_t *bytes,
                    struct winnow_error *err);

/* --- store_commit.c, store_merge.c --------------------------------------------------------- */

int disk_store_commit(struct store *s, struct winnow_error *err);
void disk_store_rollback(struct store *s);

/* Merges what is due.  What fails is remembered in d->merge_error, and tried again later. */
void store_merge(struct disk_store *d);

#endif
