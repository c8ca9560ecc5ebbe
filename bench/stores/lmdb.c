/* lmdb.c - LMDB alone as the store of fingerprints, as well as it can be set up.
 *
 * Plain: a key is a hash, its values the documents, both integers (MDB_INTEGERKEY,
 * MDB_DUPFIXED, MDB_INTEGERDUP).  With MDB_WRITEMAP the same without copies of pages.
 *
 * Buckets: a key is the upper 16 bits of a hash, its values the rest of it with the
 * document, ten bytes each in pages that hold nothing else:
 *
 *     key   | hash >> 48, integer         |
 *     value | hash, lower 48 bits | number |   big-endian, in memcmp's order
 *
 * which costs no head for each entry, the least that LMDB can do.  Each commit is one
 * transaction, its entries sorted, synced as LMDB does by itself. */
#include "stores/stores.h"

#include <stdlib.h>
#include <string.h>

#include <lmdb.h>

#include "measure.h"

enum { VALUE = 10, SHIFT = 48 };

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *reader;
    MDB_cursor *cursor; /* of reader */
    struct batch batch;
    bool buckets;
    unsigned char *values; /* of one bucket, to be put at once */
    size_t values_cap;
};

static void check(int status)
{
    if (status != MDB_SUCCESS)
        die(mdb_strerror(status), "lmdb");
}

static void start_reading(struct lmdb *s)
{
    check(mdb_txn_renew(s->reader));
    check(mdb_cursor_renew(s->reader, s->cursor));
}

void *lmdb_open(const char *folder, int variant)
{
    struct lmdb *s = must(calloc(1, sizeof *s));
    unsigned flags = variant == LMDB_WRITEMAP ? MDB_WRITEMAP : 0;
    unsigned plain = MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERKEY;
    MDB_txn *txn;
    s->buckets = variant == LMDB_BUCKETS;
    check(mdb_env_create(&s->env));
    check(mdb_env_set_mapsize(s->env, (size_t)64 << 30));
    check(mdb_env_open(s->env, folder, flags, 0644));
    check(mdb_txn_begin(s->env, NULL, 0, &txn));
    check(mdb_dbi_open(txn, NULL, s->buckets ? plain : plain | MDB_INTEGERDUP, &s->dbi));
    check(mdb_txn_commit(txn));
    check(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->reader));
    check(mdb_cursor_open(s->reader, s->dbi, &s->cursor));
    batch_init(&s->batch);
    return s;
}

static void put_value(unsigned char ret[VALUE], uint64_t hash, uint32_t number)
{
    uint64_t low = __builtin_bswap64(hash << 16);
    uint32_t last = __builtin_bswap32(number);
    memcpy(ret, &low, 6);
    memcpy(ret + 6, &last, 4);
}

/* Puts the cursor on the first document of the hash. */
static bool seek_plain(struct lmdb *s, uint64_t hash, MDB_val *data)
{
    MDB_val key = {sizeof hash, &hash};
    int status = mdb_cursor_get(s->cursor, &key, data, MDB_SET_KEY);
    if (status != MDB_NOTFOUND)
        check(status);
    return status == MDB_SUCCESS;
}

static bool next_plain(struct lmdb *s, uint64_t hash, MDB_val *data)
{
    MDB_val key = {sizeof hash, &hash};
    return mdb_cursor_get(s->cursor, &key, data, MDB_NEXT_DUP) == MDB_SUCCESS;
}

static bool is_of(uint64_t hash, const MDB_val *data)
{
    unsigned char value[VALUE];
    put_value(value, hash, 0);
    return memcmp(value, data->mv_data, 6) == 0;
}

static bool seek_bucket(struct lmdb *s, uint64_t hash, MDB_val *data)
{
    size_t bucket = hash >> SHIFT;
    unsigned char value[VALUE];
    MDB_val key = {sizeof bucket, &bucket};
    put_value(value, hash, 0);
    *data = (MDB_val){VALUE, value};
    int status = mdb_cursor_get(s->cursor, &key, data, MDB_GET_BOTH_RANGE);
    if (status != MDB_NOTFOUND)
        check(status);
    return status == MDB_SUCCESS && is_of(hash, data);
}

static bool next_bucket(struct lmdb *s, uint64_t hash, MDB_val *data)
{
    MDB_val key;
    return mdb_cursor_get(s->cursor, &key, data, MDB_NEXT_DUP) == MDB_SUCCESS &&
           is_of(hash, data);
}

static uint32_t number_of(const struct lmdb *s, const MDB_val *data)
{
    uint32_t number;
    memcpy(&number, (const char *)data->mv_data + (s->buckets ? 6 : 0), sizeof number);
    return s->buckets ? __builtin_bswap32(number) : number;
}

void lmdb_lookup(void *self, const uint64_t *hashes, size_t count, struct tally *tally)
{
    struct lmdb *s = self;
    for (size_t i = 0; i < count; i++) {
        MDB_val data;
        bool found = s->buckets ? seek_bucket(s, hashes[i], &data)
                                : seek_plain(s, hashes[i], &data);
        tally->prints += found;
        batch_lookup(&s->batch, hashes[i], found, tally);
        while (found) {
            tally->pairs++;
            tally->numbers += number_of(s, &data);
            found = s->buckets ? next_bucket(s, hashes[i], &data)
                               : next_plain(s, hashes[i], &data);
        }
    }
}

void lmdb_insert(void *self, uint32_t number, const uint64_t *hashes, size_t count)
{
    struct lmdb *s = self;
    for (size_t i = 0; i < count; i++)
        batch_add(&s->batch, hashes[i], number, false);
}

static void commit_plain(struct lmdb *s, MDB_cursor *cursor)
{
    for (size_t i = 0; i < s->batch.count; i++) {
        struct entry *e = &s->batch.items[i];
        MDB_val key = {sizeof e->hash, &e->hash}, data = {sizeof e->number, &e->number};
        check(mdb_cursor_put(cursor, &key, &data, 0));
    }
}

static void make_room(struct lmdb *s, size_t entries)
{
    if (entries <= s->values_cap)
        return;
    s->values_cap = 2 * entries;
    s->values = must(realloc(s->values, s->values_cap * VALUE));
}

static void commit_buckets(struct lmdb *s, MDB_cursor *cursor)
{
    const struct batch *p = &s->batch;
    for (size_t i = 0, n; i < p->count; i += n) {
        size_t bucket = p->items[i].hash >> SHIFT;
        for (n = 0; i + n < p->count && p->items[i + n].hash >> SHIFT == bucket; n++) {
            make_room(s, n + 1);
            put_value(s->values + n * VALUE, p->items[i + n].hash, p->items[i + n].number);
        }
        MDB_val key = {sizeof bucket, &bucket}, data[2] = {{VALUE, s->values}, {n, NULL}};
        check(mdb_cursor_put(cursor, &key, data, MDB_MULTIPLE));
    }
}

void lmdb_commit(void *self)
{
    struct lmdb *s = self;
    MDB_txn *txn;
    MDB_cursor *cursor;
    mdb_txn_reset(s->reader); /* or the pages that it sees could not be used again */
    batch_sort(&s->batch);
    check(mdb_txn_begin(s->env, NULL, 0, &txn));
    check(mdb_cursor_open(txn, s->dbi, &cursor));
    if (s->buckets)
        commit_buckets(s, cursor);
    else
        commit_plain(s, cursor);
    mdb_cursor_close(cursor);
    check(mdb_txn_commit(txn));
    batch_clear(&s->batch);
    start_reading(s);
}

void lmdb_settle(void *s)
{
    (void)s; /* LMDB does nothing in the background */
}

void lmdb_close(void *self)
{
    struct lmdb *s = self;
    mdb_cursor_close(s->cursor);
    mdb_txn_abort(s->reader);
    mdb_env_close(s->env);
    batch_free(&s->batch);
    free(s->values);
    free(s);
}
