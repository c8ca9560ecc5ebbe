/* catalog_parts.h - what the files of the catalog share: its tables, how a value is summed,
 * and the environment of LMDB that it stands in. */
#ifndef WINNOW_CATALOG_PARTS_H
#define WINNOW_CATALOG_PARTS_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "slice.h"
#include "store/catalog.h"

enum catalog_table {
    TABLE_META,
    TABLE_DOCS,
    TABLE_KEYS,
    TABLE_SITES,
    TABLE_RECENTS,
    TABLE_RUNS,
    TABLES
};

struct catalog_table_kind {
    const char *name;
    uint16_t flags; /* as LMDB keeps them */
    uint16_t key;   /* bytes of a key; 0: as many as its word has */
};

extern const struct catalog_table_kind catalog_tables[TABLES];

/* A value on disk is a checksum and what it is of. */
enum { CATALOG_SUM = 8 };

uint64_t catalog_sum(enum catalog_table table, struct slice key, struct slice content);

/* The record of `meta` that tells which transaction wrote it: see catalog_check.c. */
#define CATALOG_TXN "txn"

/* A file of at most so many bytes is looked through whenever it is opened. */
enum { CATALOG_LOOK_MOST = 64 << 20 };

#define CATALOG_FILE "catalog.mdb"
#define CATALOG_LOCK "-lock" /* behind it: LMDB's table of readers */

/* --- catalog_env.c ------------------------------------------------------------------------- */

struct catalog_env {
    MDB_env *env;
    MDB_dbi tables[TABLES];
    bool is_read_only;
    bool has_tables;        /* false: nobody has made them yet */
    _Atomic bool is_broken; /* LMDB has met what cannot be, and was left in the middle */
    _Atomic bool is_full;   /* the map is to grow before the next transaction */
    size_t map;             /* bytes */
    _Atomic unsigned uses;
    uint64_t device, file; /* which it is */
    struct catalog_env *next;
};

/* The environment of path, which is there (a new one may be empty), shared with others of
 * this process that have it.  A writer makes the tables; without them a reader gets
 * has_tables false. */
int catalog_env_open(const char *path, bool read_only, struct catalog_env **ret,
                     struct winnow_error *err);
void catalog_env_close(struct catalog_env *e);

/* Between transactions: takes more address space where it was used up and nobody else in
 * this process reads by it. */
void catalog_env_grow(struct catalog_env *e);

int catalog_env_begin(struct catalog_env *e, const char *path, bool read_only, MDB_txn **ret,
                      struct winnow_error *err);
int catalog_env_commit(struct catalog_env *e, const char *path, MDB_txn *txn,
                       struct winnow_error *err);
void catalog_env_abort(struct catalog_env *e, MDB_txn *txn, bool read_only);

/* Calls of LMDB that walk pages, which return its codes.  Where an assertion of its fails
 * they return MDB_CORRUPTED, as does every later one. */
enum catalog_verb { CATALOG_GET, CATALOG_PUT, CATALOG_DEL, CATALOG_EMPTY, CATALOG_STEP };
struct catalog_call {
    enum catalog_verb verb;
    MDB_txn *txn;
    MDB_dbi table;
    MDB_cursor *cursor; /* of CATALOG_STEP */
    MDB_val *key, *data;
    unsigned flags;
};
int catalog_env_call(struct catalog_env *e, const struct catalog_call *call);

/* What a code of LMDB means to the caller. */
int catalog_fail(struct winnow_error *err, const char *path, const char *doing, int code);

/* Puts a value that is made of parts, behind its sum.  Returns a code of LMDB. */
int catalog_env_put(struct catalog_env *e, MDB_txn *txn, enum catalog_table table, struct slice key,
                    const struct slice *parts, size_t count, unsigned flags);

/* --- catalog_check.c ------------------------------------------------------------------------ */

/* What can be told of a file before LMDB opens it: that its two first pages are LMDB's, of
 * our byte order and version, and that it was not cut off.  An empty file is fine. */
int catalog_check_head(const char *path, struct winnow_error *err);

#endif
