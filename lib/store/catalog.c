/* catalog.c - the records of a store on disk: documents, sites, runs and the state of all.
 *
 *     folder/lock              held by the one writer
 *     folder/catalog.mdb       LMDB, and catalog.mdb-lock, its table of readers
 *
 *     table     key                        value, behind its checksum (u64)
 *     meta      "params"                   u32 version, order, k, w, least, normaliser; u64 key
 *               "state"                    the state of all: see state_fields
 *               "txn"                      u64 the transaction that wrote it
 *     docs      u32 number                 key, content: 16 bytes each; u32 state, other,
 *                                          file, slot; u64 block; u32 first
 *     keys      16 bytes, a document's     u32 number
 *     sites     16 bytes, XXH3-128 of      u32 bytes of the name; name; blob
 *               the name
 *     recents   u32 number                 u64 hash, as many as there are
 *     runs      u32 number                 u64 bytes, entries, checksum; u32 first, last
 *
 * Numbers are in the machine's byte order, as LMDB's own are.  A value's checksum is of its
 * table, its key and itself, so that none can stand for another.
 *
 * 1. The tables and "params" are there before anything else is, so a folder that has texts
 *    or runs and no catalog has lost it.
 * 2. There is one writer: it holds the folder's lock (store_lock) from before it looks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "hash.h"
#include "store/catalog_parts.h"
#include "store/disk.h"
#include "store/store_disk.h"

enum { VERSION = 1, ORDER = 0x01020304 };
enum { ID = 16 };

struct catalog {
    char *path;
    struct catalog_env *env;
    MDB_txn *txn;
    int lock; /* -1: none */
    bool read_only;
};

/* --- records as bytes ------------------------------------------------------------------------ */

struct field {
    size_t at, len;
};
#define FIELD(type, name)                                                                          \
    {                                                                                              \
        offsetof(struct type, name), sizeof((struct type *)0)->name                                \
    }

/* What "params" holds. */
struct params_record {
    uint32_t version, order;
    struct store_params params;
};
static const struct field params_fields[] = {
    FIELD(params_record, version),      FIELD(params_record, order),
    FIELD(params_record, params.k),     FIELD(params_record, params.w),
    FIELD(params_record, params.least), FIELD(params_record, params.normaliser),
    FIELD(params_record, params.key),
};
static const struct field state_fields[] = {
    FIELD(catalog_state, next_number), FIELD(catalog_state, next_run),
    FIELD(catalog_state, text_first),  FIELD(catalog_state, text_file),
    FIELD(catalog_state, text_bytes),
    FIELD(catalog_state, states),      FIELD(catalog_state, sites),
};
static const struct field doc_fields[] = {
    FIELD(catalog_doc, key),         FIELD(catalog_doc, content),    FIELD(catalog_doc, state),
    FIELD(catalog_doc, other),       FIELD(catalog_doc, place.file), FIELD(catalog_doc, place.slot),
    FIELD(catalog_doc, place.block), FIELD(catalog_doc, first),
};
static const struct field run_fields[] = {
    FIELD(run_info, bytes),        FIELD(run_info, entries),     FIELD(run_info, checksum),
    FIELD(run_info, first_number), FIELD(run_info, last_number),
};
enum { RECORD_MOST = 128 };
#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

static size_t packed_bytes(const struct field *fields, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += fields[i].len;
    return len;
}

/* Puts a struct's fields one behind the other, without what the compiler leaves between. */
static struct slice pack(char room[RECORD_MOST], const void *from, const struct field *fields,
                         size_t count)
{
    char *to = room;
    for (size_t i = 0; i < count; to += fields[i++].len)
        memcpy(to, (const char *)from + fields[i].at, fields[i].len);
    return (struct slice){room, (size_t)(to - room)};
}

static bool unpack(struct slice from, void *ret, const struct field *fields, size_t count)
{
    if (from.len != packed_bytes(fields, count))
        return false;
    const char *p = from.p;
    for (size_t i = 0; i < count; p += fields[i++].len)
        memcpy((char *)ret + fields[i].at, p, fields[i].len);
    return true;
}

/* --- one record ---------------------------------------------------------------------------------- */

static int no_txn(const struct catalog *c, struct winnow_error *err)
{
    return c->txn ? WINNOW_OK
                  : err_set(err, WINNOW_EUSAGE, "%s: outside of a transaction", c->path);
}

static int bad_record(const struct catalog *c, enum catalog_table table, struct winnow_error *err)
{
    return err_set(err, WINNOW_EDATA,
                   "%s: a record of the table \"%s\" is damaged; winnow index verify tells where, "
                   "winnow index compact makes the catalog again from the texts",
                   c->path, catalog_tables[table].name);
}

/* The content behind a right sum; false: it is damaged. */
static bool content_of(enum catalog_table table, struct slice key, const MDB_val *value,
                       struct slice *ret)
{
    uint64_t sum;
    if (value->mv_size < CATALOG_SUM)
        return false;
    memcpy(&sum, value->mv_data, sizeof sum);
    *ret = (struct slice){(const char *)value->mv_data + CATALOG_SUM, value->mv_size - CATALOG_SUM};
    return sum == catalog_sum(table, key, *ret);
}

/* *found may be NULL where the record has to be there.  *ret lives until the next change. */
static int get(struct catalog *c, enum catalog_table table, struct slice key, struct slice *ret,
               bool *found, struct winnow_error *err)
{
    MDB_val k = {key.len, (void *)(uintptr_t)key.p}, v;
    int status = no_txn(c, err);
    if (status)
        return status;
    int code = catalog_env_call(c->env, &(struct catalog_call){.verb = CATALOG_GET,
                                                               .txn = c->txn,
                                                               .table = c->env->tables[table],
                                                               .key = &k,
                                                               .data = &v});
    if (code == MDB_NOTFOUND && found) {
        *found = false;
        return WINNOW_OK;
    }
    if (code)
        return catalog_fail(err, c->path, "cannot read", code);
    if (!content_of(table, key, &v, ret))
        return bad_record(c, table, err);
    if (found)
        *found = true;
    return WINNOW_OK;
}

static int put(struct catalog *c, enum catalog_table table, struct slice key,
               const struct slice *parts, size_t count, struct winnow_error *err)
{
    int status = no_txn(c, err);
    if (status)
        return status;
    if (c->read_only)
        return err_set(err, WINNOW_EUSAGE, "%s: it was opened for reading", c->path);
    /* Rising keys fill their pages to the end; a key that does not rise is put anywhere. */
    bool rising = catalog_tables[table].flags & MDB_INTEGERKEY;
    int code = rising ? catalog_env_put(c->env, c->txn, table, key, parts, count, MDB_APPEND)
                      : MDB_KEYEXIST;
    if (code == MDB_KEYEXIST)
        code = catalog_env_put(c->env, c->txn, table, key, parts, count, 0);
    return code ? catalog_fail(err, c->path, "cannot write", code) : WINNOW_OK;
}

static int put_one(struct catalog *c, enum catalog_table table, struct slice key,
                   struct slice value, struct winnow_error *err)
{
    return put(c, table, key, &value, 1, err);
}

static struct slice key_of(const uint32_t *number)
{
    return (struct slice){(const char *)number, sizeof *number};
}

static struct slice key_of_doc(const struct doc_key *key)
{
    return (struct slice){(const char *)key->bytes, ID};
}

/* --- all records of a table ------------------------------------------------------------------------- */

struct walk {
    struct catalog *c;
    enum catalog_table table;
    /* Returns a status; *stop ends the walk.  The record is a copy, aligned for anything. */
    int (*each)(const struct walk *w, struct slice key, struct slice content, bool *stop,
                struct winnow_error *err);
    void *user; /* what the caller gave: his function and its ctx */
    void *ctx;
};

static int walk_copy(const struct walk *w, const MDB_val *k, const MDB_val *v, struct buf *room,
                     bool *stop, struct winnow_error *err)
{
    struct slice key = {k->mv_data, k->mv_size}, content;
    uint32_t number = 0;
    if (!content_of(w->table, key, v, &content))
        return bad_record(w->c, w->table, err);
    buf_clear(room);
    buf_add(room, content.p, content.len);
    if (room->status)
        return err_nomem(err);
    memcpy(&number, key.p, key.len < sizeof number ? key.len : sizeof number);
    return w->each(w, key_of(&number), buf_slice(room), stop, err);
}

static int walk_cursor(const struct walk *w, MDB_cursor *cursor, struct winnow_error *err)
{
    struct buf room;
    bool stop = false;
    int status = WINNOW_OK;
    buf_init(&room, SIZE_MAX);
    while (!status && !stop) {
        MDB_val k, v;
        int code = catalog_env_call(
            w->c->env,
            &(struct catalog_call){.verb = CATALOG_STEP, .cursor = cursor, .key = &k, .data = &v});
        if (code == MDB_NOTFOUND)
            break;
        status = code ? catalog_fail(err, w->c->path, "cannot read", code)
                      : walk_copy(w, &k, &v, &room, &stop, err);
    }
    buf_free(&room);
    return status;
}

static int walk(const struct walk *w, struct winnow_error *err)
{
    MDB_cursor *cursor;
    int status = no_txn(w->c, err);
    if (status)
        return status;
    int code = mdb_cursor_open(w->c->txn, w->c->env->tables[w->table], &cursor);
    if (code)
        return catalog_fail(err, w->c->path, "cannot read", code);
    status = walk_cursor(w, cursor, err);
    /* After a jump out of LMDB it is no more to be touched. */
    if (!w->c->env->is_broken)
        mdb_cursor_close(cursor);
    return status;
}

/* --- the kinds of records ------------------------------------------------------------------------------ */

int catalog_get_state(struct catalog *c, struct catalog_state *ret, struct winnow_error *err)
{
    struct slice bytes;
    int status = get(c, TABLE_META, slice_of("state"), &bytes, NULL, err);
    if (status)
        return status;
    return unpack(bytes, ret, state_fields, COUNT(state_fields)) ? WINNOW_OK
                                                                 : bad_record(c, TABLE_META, err);
}

int catalog_put_state(struct catalog *c, const struct catalog_state *state,
                      struct winnow_error *err)
{
    char room[RECORD_MOST];
    return put_one(c, TABLE_META, slice_of("state"),
                   pack(room, state, state_fields, COUNT(state_fields)), err);
}

int catalog_get_doc(struct catalog *c, uint32_t number, struct catalog_doc *ret, bool *found,
                    struct winnow_error *err)
{
    struct slice bytes;
    struct catalog_doc doc;
    bool is_there = false;
    int status = get(c, TABLE_DOCS, key_of(&number), &bytes, &is_there, err);
    if (status)
        return status;
    if (is_there && (!unpack(bytes, &doc, doc_fields, COUNT(doc_fields)) ||
                     (unsigned)doc.state > DOC_FORGOTTEN))
        return bad_record(c, TABLE_DOCS, err);
    if (is_there)
        *ret = doc;
    if (is_there && !doc.first)
        ret->first = number;
    *found = is_there;
    return WINNOW_OK;
}

int catalog_put_doc(struct catalog *c, uint32_t number, const struct catalog_doc *doc,
                    struct winnow_error *err)
{
    char room[RECORD_MOST];
    return put_one(c, TABLE_DOCS, key_of(&number), pack(room, doc, doc_fields, COUNT(doc_fields)),
                   err);
}

int catalog_find(struct catalog *c, const struct doc_key *key, uint32_t *number,
                 struct winnow_error *err)
{
    struct slice bytes;
    bool found = false;
    int status = get(c, TABLE_KEYS, key_of_doc(key), &bytes, &found, err);
    if (status)
        return status;
    if (found && bytes.len != sizeof *number)
        return bad_record(c, TABLE_KEYS, err);
    *number = 0;
    if (found)
        memcpy(number, bytes.p, sizeof *number);
    return WINNOW_OK;
}

int catalog_name(struct catalog *c, const struct doc_key *key, uint32_t number,
                 struct winnow_error *err)
{
    return put_one(c, TABLE_KEYS, key_of_doc(key), key_of(&number), err);
}

/* A site's record taken apart. */
static bool site_parts(struct slice bytes, struct slice *name, struct slice *blob)
{
    uint32_t len;
    if (bytes.len < sizeof len)
        return false;
    memcpy(&len, bytes.p, sizeof len);
    if (len > bytes.len - sizeof len)
        return false;
    *name = (struct slice){bytes.p + sizeof len, len};
    *blob = (struct slice){name->p + len, bytes.len - sizeof len - len};
    return true;
}

int catalog_get_site(struct catalog *c, struct slice name, struct buf *ret,
                     struct winnow_error *err)
{
    unsigned char id[ID];
    struct slice bytes, kept, blob;
    bool found = false;
    hash_128(name, id);
    int status = get(c, TABLE_SITES, (struct slice){(char *)id, ID}, &bytes, &found, err);
    if (status || !found)
        return status;
    if (!site_parts(bytes, &kept, &blob) || !slice_eq(kept, name))
        return bad_record(c, TABLE_SITES, err);
    buf_add(ret, blob.p, blob.len);
    if (ret->status == WINNOW_ELIMIT)
        return err_set(err, WINNOW_ELIMIT, "%s: what it knows of the site %.*s is too large",
                       c->path, name.len < 200 ? (int)name.len : 200, name.p);
    return ret->status ? err_nomem(err) : WINNOW_OK;
}

int catalog_put_site(struct catalog *c, struct slice name, struct slice blob,
                     struct winnow_error *err)
{
    unsigned char id[ID];
    uint32_t len = (uint32_t)name.len;
    if (name.len > UINT32_MAX / 4)
        return err_set(err, WINNOW_ELIMIT, "%s: a site's name is too long", c->path);
    struct slice parts[] = {key_of(&len), name, blob};
    hash_128(name, id);
    return put(c, TABLE_SITES, (struct slice){(char *)id, ID}, parts, 3, err);
}

struct site_user {
    int (*each)(void *ctx, struct slice name, struct slice blob);
};

static int each_site(const struct walk *w, struct slice key, struct slice content, bool *stop,
                     struct winnow_error *err)
{
    const struct site_user *user = w->user;
    struct slice name, blob;
    (void)key;
    if (!site_parts(content, &name, &blob))
        return bad_record(w->c, w->table, err);
    *stop = user->each(w->ctx, name, blob);
    return WINNOW_OK;
}

int catalog_each_site(struct catalog *c,
                      int (*each)(void *ctx, struct slice name, struct slice blob), void *ctx,
                      struct winnow_error *err)
{
    struct site_user user = {each};
    return walk(&(struct walk){c, TABLE_SITES, each_site, &user, ctx}, err);
}

int catalog_put_recent(struct catalog *c, uint32_t number, const uint64_t *hashes, size_t count,
                       struct winnow_error *err)
{
    if (count > UINT32_MAX / 4 / sizeof *hashes)
        return err_set(err, WINNOW_ELIMIT, "%s: document %u has too many fingerprints", c->path,
                       number);
    return put_one(c, TABLE_RECENTS, key_of(&number),
                   (struct slice){(const char *)hashes, count * sizeof *hashes}, err);
}

struct recent_user {
    int (*each)(void *ctx, uint32_t number, const uint64_t *hashes, size_t count);
};

static int each_recent(const struct walk *w, struct slice key, struct slice content, bool *stop,
                       struct winnow_error *err)
{
    const struct recent_user *user = w->user;
    uint32_t number;
    if (content.len % sizeof(uint64_t))
        return bad_record(w->c, w->table, err);
    memcpy(&number, key.p, sizeof number);
    *stop = user->each(w->ctx, number, (const uint64_t *)(const void *)content.p,
                       content.len / sizeof(uint64_t));
    return WINNOW_OK;
}

int catalog_each_recent(struct catalog *c,
                        int (*each)(void *ctx, uint32_t number, const uint64_t *hashes,
                                    size_t count),
                        void *ctx, struct winnow_error *err)
{
    struct recent_user user = {each};
    return walk(&(struct walk){c, TABLE_RECENTS, each_recent, &user, ctx}, err);
}

/* Takes away one record, which has to be there, or (no key) all of a table. */
static int take_away(struct catalog *c, enum catalog_table table, struct slice key,
                     struct winnow_error *err)
{
    MDB_val k = {key.len, (void *)(uintptr_t)key.p};
    int status = no_txn(c, err);
    if (status)
        return status;
    if (c->read_only)
        return err_set(err, WINNOW_EUSAGE, "%s: it was opened for reading", c->path);
    int code = catalog_env_call(
        c->env, &(struct catalog_call){.verb = key.len ? CATALOG_DEL : CATALOG_EMPTY,
                                       .txn = c->txn,
                                       .table = c->env->tables[table],
                                       .key = &k});
    return code ? catalog_fail(err, c->path, "cannot take away a record", code) : WINNOW_OK;
}

int catalog_drop_recent(struct catalog *c, struct winnow_error *err)
{
    return take_away(c, TABLE_RECENTS, (struct slice){NULL, 0}, err);
}

int catalog_put_run(struct catalog *c, const struct catalog_run *run, struct winnow_error *err)
{
    char room[RECORD_MOST];
    return put_one(c, TABLE_RUNS, key_of(&run->number),
                   pack(room, &run->info, run_fields, COUNT(run_fields)), err);
}

int catalog_drop_run(struct catalog *c, uint32_t number, struct winnow_error *err)
{
    return take_away(c, TABLE_RUNS, key_of(&number), err);
}

struct run_user {
    int (*each)(void *ctx, const struct catalog_run *run);
};

static int each_run(const struct walk *w, struct slice key, struct slice content, bool *stop,
                    struct winnow_error *err)
{
    const struct run_user *user = w->user;
    struct catalog_run run;
    if (!unpack(content, &run.info, run_fields, COUNT(run_fields)))
        return bad_record(w->c, w->table, err);
    memcpy(&run.number, key.p, sizeof run.number);
    *stop = user->each(w->ctx, &run);
    return WINNOW_OK;
}

int catalog_each_run(struct catalog *c, int (*each)(void *ctx, const struct catalog_run *run),
                     void *ctx, struct winnow_error *err)
{
    struct run_user user = {each};
    return walk(&(struct walk){c, TABLE_RUNS, each_run, &user, ctx}, err);
}

/* --- transactions -------------------------------------------------------------------------------------- */

int catalog_begin(struct catalog *c, struct winnow_error *err)
{
    if (c->txn)
        return err_set(err, WINNOW_EUSAGE, "%s: it is in a transaction already", c->path);
    catalog_env_grow(c->env);
    return catalog_env_begin(c->env, c->path, c->read_only, &c->txn, err);
}

int catalog_commit(struct catalog *c, struct winnow_error *err)
{
    MDB_txn *txn = c->txn;
    int status = no_txn(c, err);
    if (status)
        return status;
    c->txn = NULL;
    if (!c->read_only)
        return catalog_env_commit(c->env, c->path, txn, err);
    catalog_env_abort(c->env, txn, true);
    return WINNOW_OK;
}

void catalog_abort(struct catalog *c)
{
    catalog_env_abort(c->env, c->txn, c->read_only);
    c->txn = NULL;
}

uint64_t catalog_bytes(struct catalog *c)
{
    struct stat st;
    return stat(c->path, &st) ? 0 : (uint64_t)st.st_size;
}

/* --- parameters ---------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t at;
} params_names[] = {
    {"k", offsetof(struct store_params, k)},
    {"w", offsetof(struct store_params, w)},
    {"least", offsetof(struct store_params, least)},
    {"normaliser", offsetof(struct store_params, normaliser)},
};

static uint32_t param(const struct store_params *params, size_t at)
{
    uint32_t ret;
    memcpy(&ret, (const char *)params + at, sizeof ret);
    return ret;
}

/* Says all of them, and first the one that differs. */
static int other_params(const struct catalog *c, const struct store_params *own,
                        const struct store_params *want, size_t which, struct winnow_error *err)
{
    const size_t at = params_names[which].at;
    return err_set(err, WINNOW_EUSAGE,
                   "%s: this index was made with %s = %u, and this winnow needs %u (k = %u, "
                   "w = %u, least = %u, normaliser = %u; needed: %u, %u, %u, %u); make a new one, "
                   "or use the winnow that made it",
                   c->path, params_names[which].name, param(own, at), param(want, at), own->k,
                   own->w, own->least, own->normaliser, want->k, want->w, want->least,
                   want->normaliser);
}

static int compare_params(const struct catalog *c, const struct params_record *own,
                          struct store_params *params, struct winnow_error *err)
{
    if (own->version > VERSION)
        return err_set(err, WINNOW_EUSAGE,
                       "%s: this index was made by a newer winnow (version %u of the layout, this "
                       "one knows %d); use that one, or make a new index",
                       c->path, own->version, VERSION);
    if (own->order != ORDER || own->version == 0)
        return err_set(err, WINNOW_EUSAGE,
                       "%s: this index was made on a machine of another byte order; use it there, "
                       "or make a new one",
                       c->path);
    for (size_t i = 0; params->k && i < sizeof params_names / sizeof *params_names; i++)
        if (param(&own->params, params_names[i].at) != param(params, params_names[i].at))
            return other_params(c, &own->params, params, i, err);
    *params = own->params;
    return WINNOW_OK;
}

static int put_params(struct catalog *c, const struct store_params *params,
                      struct winnow_error *err)
{
    char room[RECORD_MOST];
    struct params_record own = {VERSION, ORDER, *params};
    struct catalog_state state = {.next_number = 1, .next_run = 1};
    if (!params->k)
        return err_set(err, WINNOW_EUSAGE, "%s: there is no index yet", c->path);
    while (!own.params.key)
        if (getrandom(&own.params.key, sizeof own.params.key, 0) != sizeof own.params.key &&
            errno != EINTR)
            return disk_fail(err, c->path, "cannot make a random key", errno);
    int status = put_one(c, TABLE_META, slice_of("params"),
                         pack(room, &own, params_fields, COUNT(params_fields)), err);
    return status ? status : catalog_put_state(c, &state, err);
}

/* In a transaction: finds the parameters.  *made: there were none, and now there are. */
static int read_params(struct catalog *c, struct store_params *params, bool *made,
                       struct winnow_error *err)
{
    struct params_record own;
    struct slice bytes;
    bool found;
    int status = get(c, TABLE_META, slice_of("params"), &bytes, &found, err);
    *made = false;
    if (status)
        return status;
    if (!found && c->read_only)
        return err_set(err, WINNOW_EUSAGE, "%s: there is no index yet", c->path);
    if (!found) {
        *made = true;
        return put_params(c, params, err);
    }
    if (!unpack(bytes, &own, params_fields, COUNT(params_fields)))
        return bad_record(c, TABLE_META, err);
    return compare_params(c, &own, params, err);
}

/* The transaction that LMDB takes for the last one wrote its own number.  Where a wrong bit
 * of a page has made it take another, the two differ. */
static int check_txn(struct catalog *c, struct winnow_error *err)
{
    struct slice bytes;
    uint64_t wrote = 0, is = mdb_txn_id(c->txn) - (c->read_only ? 0 : 1);
    int status = get(c, TABLE_META, slice_of(CATALOG_TXN), &bytes, NULL, err);
    if (status)
        return status;
    if (bytes.len == sizeof wrote)
        memcpy(&wrote, bytes.p, sizeof wrote);
    if (wrote == is)
        return WINNOW_OK;
    return err_set(err, WINNOW_EDATA,
                   "%s: its first pages are damaged (transaction %llu says that it is %llu); "
                   "winnow index compact makes it again from the texts",
                   c->path, (unsigned long long)is, (unsigned long long)wrote);
}

static int settle(struct catalog *c, struct store_params *params, struct winnow_error *err)
{
    bool made = false;
    if (!c->env->has_tables)
        return err_set(err, WINNOW_EUSAGE, "%s: there is no index yet", c->path);
    int status = catalog_begin(c, err);
    if (status)
        return status;
    status = check_txn(c, err);
    if (!status)
        status = read_params(c, params, &made, err);
    if (status || !made) {
        catalog_abort(c);
        return status;
    }
    status = catalog_commit(c, err);
    return status ? status : settle(c, params, err);
}

/* --- opening ---------------------------------------------------------------------------------------------- */

static int make_folder(const char *folder, struct winnow_error *err)
{
    if (mkdir(folder, 0777))
        return errno == EEXIST ? WINNOW_OK
                               : disk_fail(err, folder, "cannot make the folder", errno);
    return disk_sync_folder(folder, err);
}

/* LMDB writes its first two pages in one call.  Where the disk was full after one of them
 * there was never a commit, and the file is as good as none. */
static bool is_begun(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size >= 2 * sysconf(_SC_PAGESIZE);
}

/* What only a catalog can name. */
static int see_file(void *ctx, const char *name)
{
    bool *is_named = ctx;
    uint32_t number;
    enum store_file kind = store_file_of(name, &number);
    *is_named |= kind == STORE_TEXTS || kind == STORE_RUN;
    return WINNOW_OK;
}

/* No reader is to take a lost catalog for an empty one, and no writer to begin anew. */
static int refuse_lost(const struct catalog *c, const char *folder, struct winnow_error *err)
{
    bool is_named = false;
    if (is_begun(c->path) || (c->read_only && access(folder, F_OK)))
        return WINNOW_OK;
    int status = store_each_file(folder, see_file, &is_named, err);
    if (!status && is_named)
        return err_set(err, WINNOW_EDATA,
                       "%s: it is missing or empty, and the other files tell nothing without it; "
                       "put it back, or winnow index compact makes it again",
                       c->path);
    return status;
}

/* An empty file is a new catalog to LMDB. */
static int make_file(struct catalog *c, struct winnow_error *err)
{
    if (is_begun(c->path))
        return WINNOW_OK;
    int fd = open(c->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return disk_fail(err, c->path, "cannot make the file", errno);
    close(fd);
    return disk_sync_folder(c->path, err);
}

static int ready_to_write(struct catalog *c, const char *folder, struct winnow_error *err)
{
    int status = make_folder(folder, err);
    if (!status)
        status = store_lock(folder, &c->lock, err);
    if (!status)
        status = refuse_lost(c, folder, err);
    return status ? status : make_file(c, err);
}

static int open_all(struct catalog *c, const char *folder, struct store_params *params,
                    struct winnow_error *err)
{
    int status = c->read_only ? refuse_lost(c, folder, err) : ready_to_write(c, folder, err);
    if (!status)
        status = catalog_check_head(c->path, err);
    if (!status)
        status = catalog_env_open(c->path, c->read_only, &c->env, err);
    return status ? status : settle(c, params, err);
}

int catalog_open(const char *folder, struct store_params *params, bool read_only,
                 struct catalog **ret, struct winnow_error *err)
{
    struct catalog *c = calloc(1, sizeof *c);
    struct store_params own = *params;
    if (!c)
        return err_nomem(err);
    c->lock = -1;
    c->read_only = read_only;
    if (asprintf(&c->path, "%s/" CATALOG_FILE, folder) < 0)
        c->path = NULL;
    int status = c->path ? open_all(c, folder, &own, err) : err_nomem(err);
    if (status) {
        catalog_close(c);
        return status;
    }
    *params = own;
    *ret = c;
    return WINNOW_OK;
}

void catalog_close(struct catalog *c)
{
    if (!c)
        return;
    if (c->env)
        catalog_abort(c);
    catalog_env_close(c->env);
    if (c->lock >= 0)
        close(c->lock);
    free(c->path);
    free(c);
}
