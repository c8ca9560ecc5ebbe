/* catalog_env.c - LMDB's environment of a catalog: opened once a process, and kept from
 * ending it.
 *
 * LMDB keeps its readers apart by record locks, and those belong to the process: opened a
 * second time in the same one, a file would lose the locks of the first.  So this is the
 * one thing here that threads share behind the caller's back: a list of what is open.
 *
 * LMDB trusts its pages.  Where it finds one that cannot be it may call abort(); we leave
 * it by a jump before that, and never enter that environment again. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "hash.h"
#include "store/catalog_parts.h"
#include "store/disk.h"

/* Address space is reserved, not memory: as much as no catalog needs (of 100 million
 * documents it has 15 GiB), or as little as a limit leaves. */
static const size_t map_most = (size_t)64 << 30, map_least = (size_t)16 << 20;
/* A larger file is not read ahead: its pages are asked for in no order. */
static const size_t ahead_most = (size_t)1 << 30;
enum { READERS_MOST = 1022 };

const struct catalog_table_kind catalog_tables[TABLES] = {
    [TABLE_META] = {"meta", 0, 0},
    [TABLE_DOCS] = {"docs", MDB_INTEGERKEY, 4},
    [TABLE_KEYS] = {"keys", 0, 16},
    [TABLE_SITES] = {"sites", 0, 16},
    [TABLE_RECENTS] = {"recents", MDB_INTEGERKEY, 4},
    [TABLE_RUNS] = {"runs", MDB_INTEGERKEY, 4},
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct catalog_env *list;

/* Where to go when LMDB gives up. */
static _Thread_local jmp_buf *way_out;

/* --- what LMDB says ---------------------------------------------------------------------- */

static const struct {
    int code;
    enum winnow_status status;
    const char *text;
} codes[] = {
    {MDB_MAP_FULL, WINNOW_EIO,
     "the address space kept for it is used up; try again, or open the index anew: more is "
     "taken then"},
    {MDB_BAD_TXN, WINNOW_EIO, "an earlier write of this transaction failed; put all again"},
    {MDB_PANIC, WINNOW_EIO, "an earlier write to it failed; open the index anew"},
    {MDB_VERSION_MISMATCH, WINNOW_EUSAGE,
     "it was made by another version of LMDB; use the winnow that made it, or make a new index"},
    {MDB_READERS_FULL, WINNOW_EUSAGE, "it has too many readers; wait for one of them"},
    {MDB_TLS_FULL, WINNOW_EUSAGE, "this thread has too many indexes open"},
    {MDB_TXN_FULL, WINNOW_ELIMIT, "too much was put at once; commit more often"},
    {MDB_BAD_VALSIZE, WINNOW_ELIMIT, "a record is too large for it"},
};

int catalog_fail(struct winnow_error *err, const char *path, const char *doing, int code)
{
    if (code == ENOMEM)
        return err_nomem(err);
    if (code > 0)
        return disk_fail(err, path, doing, code);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return err_set(err, codes[i].status, "%s: %s: %s", path, doing, codes[i].text);
    return err_set(err, WINNOW_EDATA,
                   "%s: %s: it is damaged (%s); winnow index verify tells where, winnow index "
                   "compact makes it again from the texts",
                   path, doing, mdb_strerror(code));
}

uint64_t catalog_sum(enum catalog_table table, struct slice key, struct slice content)
{
    char summed[1 + 8 + 8 + 8];
    uint64_t of_key = hash_bytes(key), of_content = hash_bytes(content), len = content.len;
    summed[0] = (char)table;
    memcpy(summed + 1, &of_key, 8);
    memcpy(summed + 9, &of_content, 8);
    memcpy(summed + 17, &len, 8);
    return hash_bytes((struct slice){summed, sizeof summed});
}

/* --- calls ----------------------------------------------------------------------------------- */

static void leave(MDB_env *env, const char *text)
{
    (void)env;
    (void)text;
    if (way_out)
        longjmp(*way_out, 1);
}

/* Runs what may fail an assertion of LMDB's. */
static int guard(struct catalog_env *e, int (*run)(void *ctx), void *ctx)
{
    jmp_buf here;
    if (e->is_broken)
        return MDB_CORRUPTED;
    way_out = &here;
    if (setjmp(here)) {
        way_out = NULL;
        e->is_broken = true;
        return MDB_CORRUPTED;
    }
    int code = run(ctx);
    way_out = NULL;
    return code;
}

static int run_call(void *ctx)
{
    const struct catalog_call *c = ctx;
    switch (c->verb) {
    case CATALOG_GET:
        return mdb_get(c->txn, c->table, c->key, c->data);
    case CATALOG_PUT:
        return mdb_put(c->txn, c->table, c->key, c->data, c->flags);
    case CATALOG_DEL:
        return mdb_del(c->txn, c->table, c->key, NULL);
    case CATALOG_EMPTY:
        return mdb_drop(c->txn, c->table, 0);
    case CATALOG_STEP:
        return mdb_cursor_get(c->cursor, c->key, c->data, MDB_NEXT);
    }
    return EINVAL;
}

int catalog_env_call(struct catalog_env *e, const struct catalog_call *call)
{
    struct catalog_call copy = *call;
    int code = guard(e, run_call, &copy);
    if (code == MDB_MAP_FULL)
        e->is_full = true;
    return code;
}

int catalog_env_put(struct catalog_env *e, MDB_txn *txn, enum catalog_table table, struct slice key,
                    const struct slice *parts, size_t count, unsigned flags)
{
    size_t len = CATALOG_SUM;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > UINT32_MAX / 2 - len)
            return MDB_BAD_VALSIZE;
        len += parts[i].len;
    }
    MDB_val k = {key.len, (void *)(uintptr_t)key.p}, v = {len, NULL};
    int code = catalog_env_call(e, &(struct catalog_call){.verb = CATALOG_PUT,
                                                          .txn = txn,
                                                          .table = e->tables[table],
                                                          .key = &k,
                                                          .data = &v,
                                                          .flags = flags | MDB_RESERVE});
    if (code)
        return code;
    char *to = (char *)v.mv_data + CATALOG_SUM;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(to, parts[i].p, parts[i].len);
        to += parts[i].len;
    }
    uint64_t sum =
        catalog_sum(table, key, (struct slice){(char *)v.mv_data + CATALOG_SUM, len - CATALOG_SUM});
    memcpy(v.mv_data, &sum, sizeof sum);
    return 0;
}

static int run_commit(void *ctx)
{
    return mdb_txn_commit(ctx);
}

int catalog_env_commit(struct catalog_env *e, const char *path, MDB_txn *txn,
                       struct winnow_error *err)
{
    uint64_t id = mdb_txn_id(txn);
    int code = catalog_env_put(e, txn, TABLE_META, slice_of(CATALOG_TXN),
                               &(struct slice){(const char *)&id, sizeof id}, 1, 0);
    if (code) {
        catalog_env_abort(e, txn, false);
        return catalog_fail(err, path, "cannot write", code);
    }
    code = guard(e, run_commit, txn);
    if (code == MDB_MAP_FULL)
        e->is_full = true;
    if (code == EIO) /* what LMDB says when a write did a part only */
        return err_set(err, WINNOW_EIO,
                       "%s: cannot write all of it; is the disk full?  Free some space, or raise "
                       "the limit on the size of files (ulimit -f); else see the system's log",
                       path);
    return code ? catalog_fail(err, path, "cannot write", code) : WINNOW_OK;
}

void catalog_env_abort(struct catalog_env *e, MDB_txn *txn, bool read_only)
{
    /* A writer's transaction that was left in the middle still knows of cursors on a stack
     * that is gone: it is let go of with the process. */
    if (txn && (read_only || !e->is_broken))
        mdb_txn_abort(txn);
}

void catalog_env_grow(struct catalog_env *e)
{
    if (!e->is_full)
        return;
    pthread_mutex_lock(&list_lock);
    if (e->uses <= 1 && e->map <= SIZE_MAX / 2 && !mdb_env_set_mapsize(e->env, e->map * 2)) {
        e->map *= 2;
        e->is_full = false;
    }
    pthread_mutex_unlock(&list_lock);
}

int catalog_env_begin(struct catalog_env *e, const char *path, bool read_only, MDB_txn **ret,
                      struct winnow_error *err)
{
    if (e->is_broken)
        return catalog_fail(err, path, "cannot read", MDB_CORRUPTED);
    int code = mdb_txn_begin(e->env, NULL, read_only ? MDB_RDONLY : 0, ret);
    /* Another process has made it larger than our view of it. */
    if (code == MDB_MAP_RESIZED && e->uses <= 1 && !mdb_env_set_mapsize(e->env, 0))
        code = mdb_txn_begin(e->env, NULL, read_only ? MDB_RDONLY : 0, ret);
    if (code == MDB_MAP_RESIZED)
        code = MDB_MAP_FULL;
    return code ? catalog_fail(err, path, "cannot begin to read", code) : WINNOW_OK;
}

/* --- opening ----------------------------------------------------------------------------------- */

static int open_once(const char *path, unsigned flags, size_t map, MDB_env **ret)
{
    MDB_env *env;
    int code = mdb_env_create(&env);
    if (code)
        return code;
    (void)mdb_env_set_maxdbs(env, TABLES);
    (void)mdb_env_set_maxreaders(env, READERS_MOST);
    (void)mdb_env_set_assert(env, leave);
    code = mdb_env_set_mapsize(env, map);
    if (!code)
        code = mdb_env_open(env, path, flags | MDB_NOSUBDIR | MDB_NOTLS, 0666);
    if (code)
        mdb_env_close(env);
    else
        *ret = env;
    return code;
}

/* Takes half of the address space, and half of that, where there is not so much. */
static int open_mapped(const char *path, unsigned flags, size_t bytes, struct catalog_env *e)
{
    size_t map = map_most;
    while (map / 4 < bytes && map <= SIZE_MAX / 2)
        map *= 2;
    for (;;) {
        int code = open_once(path, flags, map, &e->env);
        if (code != ENOMEM || map / 2 < map_least || map / 2 < bytes) {
            e->map = map;
            return code;
        }
        map /= 2;
    }
}

/* A reader may do with less: what cannot be written is opened for reading.  LMDB does
 * without its lock file then, but on a read-only filesystem only (EROFS). */
static int open_env(const char *path, bool read_only, size_t bytes, struct catalog_env *e)
{
    unsigned ahead = bytes > ahead_most ? MDB_NORDAHEAD : 0;
    int code = open_mapped(path, ahead, bytes, e);
    if (!read_only || (code != EACCES && code != EROFS && code != EPERM))
        return code;
    e->is_read_only = true;
    return open_mapped(path, MDB_RDONLY | ahead, bytes, e);
}

/* In its lock file LMDB keeps who reads what.  Without an entry there a writer uses the
 * pages again that are being read, so who may not write it cannot read. */
static int open_failed(const char *path, bool read_only, int code, struct winnow_error *err)
{
    if (read_only && (code == EACCES || code == EPERM) && !eaccess(path, R_OK))
        return err_set(err, WINNOW_EIO,
                       "%s" CATALOG_LOCK ": cannot open it for writing (%s), and a writer has to "
                       "know from it who reads; let its owner give you the right to write this "
                       "file, and the folder where the file is not there, or read a copy of the "
                       "folder",
                       path, strerror(code));
    return catalog_fail(err, path, "cannot open", code);
}

struct opening {
    struct catalog_env *e;
    MDB_txn *txn;
    bool make;
};

static int run_open_tables(void *ctx)
{
    struct opening *o = ctx;
    for (int i = 0; i < TABLES; i++) {
        int code =
            mdb_dbi_open(o->txn, catalog_tables[i].name,
                         catalog_tables[i].flags | (o->make ? MDB_CREATE : 0), &o->e->tables[i]);
        if (code)
            return code;
    }
    return 0;
}

static int open_tables(struct catalog_env *e, const char *path, bool make, struct winnow_error *err)
{
    struct opening o = {.e = e, .make = make};
    int status = catalog_env_begin(e, path, !make, &o.txn, err);
    if (status)
        return status;
    int code = guard(e, run_open_tables, &o);
    if (code == MDB_NOTFOUND && !make) {
        catalog_env_abort(e, o.txn, true);
        return WINNOW_OK;
    }
    if (code) {
        catalog_env_abort(e, o.txn, !make);
        return catalog_fail(err, path, "cannot open its tables", code);
    }
    /* Committing a reader's transaction keeps what it has opened. */
    if (make)
        status = catalog_env_commit(e, path, o.txn, err);
    else if ((code = mdb_txn_commit(o.txn)))
        status = catalog_fail(err, path, "cannot open its tables", code);
    e->has_tables = !status;
    return status;
}

/* Looks through the file while a reader's transaction keeps its pages from being used
 * again. */
struct first {
    bool found;
    uint64_t at;
    char text[300];
};

static void keep_first(void *ctx, const char *file, uint64_t at, const char *text)
{
    struct first *f = ctx;
    (void)file;
    if (f->found)
        return;
    f->found = true;
    f->at = at;
    strncpy(f->text, text, sizeof f->text - 1);
}

static int look_through(struct catalog_env *e, const char *folder, const char *path,
                        struct winnow_error *err)
{
    MDB_txn *pin;
    struct first first = {0};
    size_t problems = 0;
    int status = catalog_env_begin(e, path, true, &pin, err);
    if (status)
        return status;
    status = catalog_check(folder, keep_first, &first, &problems, err);
    mdb_txn_abort(pin);
    if (!status && problems)
        return err_set(err, WINNOW_EDATA, "%s: it is damaged at byte %llu: %s", path,
                       (unsigned long long)first.at, first.text);
    return status;
}

static int look_if_small(struct catalog_env *e, const char *path, size_t bytes,
                         struct winnow_error *err)
{
    if (bytes > CATALOG_LOOK_MOST)
        return WINNOW_OK;
    char *folder = strndup(path, strlen(path) - strlen("/" CATALOG_FILE));
    if (!folder)
        return err_nomem(err);
    int status = look_through(e, folder, path, err);
    free(folder);
    return status;
}

static struct catalog_env *find_open(const struct stat *st)
{
    for (struct catalog_env *e = list; e; e = e->next)
        if (e->device == (uint64_t)st->st_dev && e->file == (uint64_t)st->st_ino)
            return e;
    return NULL;
}

static int open_new(const char *path, bool read_only, const struct stat *st,
                    struct catalog_env **ret, struct winnow_error *err)
{
    struct catalog_env *e = calloc(1, sizeof *e);
    int dead = 0;
    if (!e)
        return err_nomem(err);
    int code = open_env(path, read_only, (size_t)st->st_size, e);
    if (code) {
        free(e);
        return open_failed(path, read_only, code, err);
    }
    /* Readers that died keep old pages from being used again. */
    (void)mdb_reader_check(e->env, &dead);
    e->device = (uint64_t)st->st_dev;
    e->file = (uint64_t)st->st_ino;
    e->next = list;
    list = e;
    *ret = e;
    return WINNOW_OK;
}

static void close_env(struct catalog_env *e)
{
    struct catalog_env **at = &list;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    if (!e->is_broken)
        mdb_env_close(e->env);
    free(e);
}

static int open_locked(const char *path, bool read_only, struct catalog_env **ret,
                       struct winnow_error *err)
{
    struct stat st;
    if (stat(path, &st))
        return disk_fail(err, path, "cannot open", errno);
    struct catalog_env *e = find_open(&st);
    int status = e ? WINNOW_OK : open_new(path, read_only, &st, &e, err);
    if (status || !e)
        return status;
    e->uses++;
    if (!read_only && e->is_read_only)
        status = err_set(err, WINNOW_EUSAGE,
                         "%s: this program has it open for reading, where it could not be "
                         "written; close that first",
                         path);
    if (!status)
        status = look_if_small(e, path, (size_t)st.st_size, err);
    if (!status && !e->has_tables)
        status = open_tables(e, path, !read_only, err);
    if (!status)
        *ret = e;
    else if (!--e->uses)
        close_env(e);
    return status;
}

int catalog_env_open(const char *path, bool read_only, struct catalog_env **ret,
                     struct winnow_error *err)
{
    pthread_mutex_lock(&list_lock);
    int status = open_locked(path, read_only, ret, err);
    pthread_mutex_unlock(&list_lock);
    return status;
}

void catalog_env_close(struct catalog_env *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&list_lock);
    if (!--e->uses)
        close_env(e);
    pthread_mutex_unlock(&list_lock);
}
