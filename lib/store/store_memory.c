/* store_memory.c - a store that lives as long as the process keeps it.
 *
 * Documents stand in an array by number, their texts compressed; fingerprints are all
 * `young`.  What a put or a change of state does is written down first as the record was
 * before, so that store_rollback can put it back. */
#include "store/store_parts.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "arena.h"
#include "err.h"
#include "hash.h"
#include "store/table.h"
#include "store/young.h"

enum { LEVEL = 1 }; /* of compression: a text is read back rarely, if ever */

struct doc {
    struct doc_key key, content;
    int64_t time;
    enum doc_state state;
    uint32_t other, first; /* first 0: its own number */
    uint32_t source_len, url_len, site_len;
    size_t text_len, packed_len;
    char *data; /* source, url, site, packed text */
};

struct site {
    char *data; /* name, blob */
    size_t name_len, blob_len;
};

/* A record as it was before: of a document, or of a site. */
struct before {
    uint32_t number; /* of the document, or index of the site and 1 */
    bool is_site, is_new;
    union {
        struct doc doc;
        struct site site;
    } was;
};

struct memory {
    struct store store;
    struct doc *docs; /* by number less 1 */
    size_t count, docs_cap;
    struct site *sites;
    size_t sites_count, sites_cap;
    struct table keys, names;
    struct young young;
    struct before *log;
    size_t log_count, log_cap;
    size_t max_bytes, text_bytes, site_bytes;
    uint64_t states[DOC_FORGOTTEN + 1];
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
    struct buf packed;
    bool is_full;
};

static struct memory *memory_of(struct store *s)
{
    return (struct memory *)s;
}

/* --- finding ----------------------------------------------------------------------- */

struct wanted_key {
    const struct memory *m;
    const struct doc_key *key;
};

static bool is_key(const void *ctx, uint32_t number)
{
    const struct wanted_key *w = ctx;
    return memcmp(&w->m->docs[number - 1].key, w->key, sizeof *w->key) == 0;
}

static uint64_t hash_key(const struct doc_key *key)
{
    return hash_bytes((struct slice){(const char *)key->bytes, sizeof key->bytes});
}

static uint32_t *find_key(struct memory *m, const struct doc_key *key)
{
    return table_find(&m->keys, hash_key(key), is_key, &(struct wanted_key){m, key});
}

static int memory_find(struct store *s, const struct doc_key *key, uint32_t *number,
                       struct winnow_error *err)
{
    (void)err;
    struct memory *m = memory_of(s);
    const uint32_t *found = find_key(m, key);
    *number = found && m->docs[*found - 1].state != DOC_FORGOTTEN ? *found : 0;
    return WINNOW_OK;
}

struct wanted_name {
    const struct memory *m;
    struct slice name;
};

static bool is_name(const void *ctx, uint32_t index)
{
    const struct wanted_name *w = ctx;
    const struct site *site = &w->m->sites[index - 1];
    return slice_eq(w->name, (struct slice){site->data, site->name_len});
}

static struct site *find_site(struct memory *m, struct slice name)
{
    const uint32_t *found =
        table_find(&m->names, hash_bytes(name), is_name, &(struct wanted_name){m, name});
    return found ? &m->sites[*found - 1] : NULL;
}

/* --- the log ------------------------------------------------------------------------- */

/* Room for the two records that one change writes at most. */
static int reserve_log(struct memory *m)
{
    struct before *log = array_grow(m->log, &m->log_cap, m->log_count + 2, sizeof *log);
    if (!log)
        return WINNOW_ENOMEM;
    m->log = log;
    return WINNOW_OK;
}

static void log_new(struct memory *m, size_t number, bool is_site)
{
    m->log[m->log_count++] =
        (struct before){.number = (uint32_t)number, .is_site = is_site, .is_new = true};
}

static void log_doc(struct memory *m, uint32_t number)
{
    m->log[m->log_count++] = (struct before){.number = number, .was.doc = m->docs[number - 1]};
}

static void log_site(struct memory *m, const struct site *site)
{
    m->log[m->log_count++] = (struct before){
        .number = (uint32_t)(site - m->sites) + 1, .is_site = true, .was.site = *site};
}

/* Ends the log: what the records before were made of is of no use any more. */
static void forget_before(struct memory *m)
{
    for (size_t i = 0; i < m->log_count; i++)
        if (m->log[i].is_site && !m->log[i].is_new)
            free(m->log[i].was.site.data);
    m->log_count = 0;
}

static void undo_site(struct memory *m, const struct before *b)
{
    struct site *site = &m->sites[b->number - 1];
    m->site_bytes -= site->name_len + site->blob_len;
    free(site->data);
    if (b->is_new) {
        m->sites_count--;
        return;
    }
    *site = b->was.site;
    m->site_bytes += site->name_len + site->blob_len;
}

static void undo_doc(struct memory *m, const struct before *b)
{
    struct doc *doc = &m->docs[b->number - 1];
    m->states[doc->state]--;
    if (b->is_new || doc->data != b->was.doc.data) {
        m->text_bytes -= doc->packed_len;
        free(doc->data);
    }
    if (b->is_new) {
        m->count--;
        return;
    }
    *doc = b->was.doc;
    m->states[doc->state]++;
}

/* --- putting -------------------------------------------------------------------------- */

static size_t used_bytes(const struct memory *m)
{
    return m->text_bytes + m->site_bytes + m->docs_cap * sizeof *m->docs +
           m->sites_cap * sizeof *m->sites + m->log_cap * sizeof *m->log +
           (m->keys.cap + m->names.cap) * sizeof *m->keys.slots;
}

/* Whether a document with so many hashes, of so many bytes, still fits. */
static bool has_room(struct memory *m, size_t bytes, size_t hashes)
{
    size_t used = used_bytes(m), prints = young_bytes_with(&m->young, hashes);
    m->is_full = m->is_full || used > m->max_bytes || bytes > m->max_bytes - used ||
                 prints > m->max_bytes - used - bytes;
    return !m->is_full;
}

static int pack(struct memory *m, struct slice text, struct winnow_error *err)
{
    buf_clear(&m->packed);
    size_t bound = ZSTD_compressBound(text.len);
    char *to = ZSTD_isError(bound) ? NULL : buf_room(&m->packed, bound);
    size_t len = to ? ZSTD_compressCCtx(m->packer, to, bound, text.p, text.len, LEVEL) : 0;
    if (!to || ZSTD_isError(len))
        return err_nomem(err);
    m->packed.len = len;
    return WINNOW_OK;
}

static char *put_slice(char *to, struct slice s)
{
    if (s.len)
        memcpy(to, s.p, s.len);
    return to + s.len;
}

static struct slice name_cut(struct slice s)
{
    return (struct slice){s.p, s.len > UINT32_MAX ? UINT32_MAX : s.len};
}

/* The document as it is kept; the text is the packed one. */
static bool make_doc(const struct memory *m, const struct store_doc *from, struct doc *ret)
{
    struct slice source = name_cut(from->source), url = name_cut(from->url);
    struct slice site = name_cut(from->site), text = buf_slice(&m->packed);
    char *data = malloc(source.len + url.len + site.len + text.len + 1);
    if (!data)
        return false;
    put_slice(put_slice(put_slice(put_slice(data, source), url), site), text);
    *ret = (struct doc){
        .key = from->key,
        .content = from->content,
        .time = from->time,
        .state = DOC_LIVE,
        .first = from->first,
        .source_len = (uint32_t)source.len,
        .url_len = (uint32_t)url.len,
        .site_len = (uint32_t)site.len,
        .text_len = from->text.len,
        .packed_len = text.len,
        .data = data,
    };
    return true;
}

static void change_state(struct memory *m, uint32_t number, enum doc_state state, uint32_t other)
{
    struct doc *doc = &m->docs[number - 1];
    m->states[doc->state]--;
    m->states[state]++;
    doc->state = state;
    doc->other = other;
}

/* What a put of one document may need to grow. */
static int make_rooms(struct memory *m, struct winnow_error *err)
{
    struct doc *docs = array_grow(m->docs, &m->docs_cap, m->count + 1, sizeof *docs);
    if (!docs)
        return err_nomem(err);
    m->docs = docs;
    if (reserve_log(m) != WINNOW_OK || table_reserve(&m->keys, 1) != WINNOW_OK)
        return err_nomem(err);
    return WINNOW_OK;
}

static void push_doc(struct memory *m, const struct doc *doc, uint32_t *old)
{
    uint32_t number = (uint32_t)m->count + 1;
    log_new(m, number, false);
    m->docs[m->count++] = *doc;
    m->states[doc->state]++;
    if (!old) {
        (void)table_add(&m->keys, hash_key(&doc->key), number);
        return;
    }
    if (store_is_replaceable(m->docs[*old - 1].state)) {
        log_doc(m, *old);
        change_state(m, *old, DOC_REPLACED, number);
    }
    *old = number;
}

static void fill_stub(struct memory *m, const struct doc *doc, uint32_t number)
{
    log_doc(m, number);
    m->states[DOC_STUB]--;
    m->docs[number - 1] = *doc;
    m->states[doc->state]++;
}

static int put_doc(struct memory *m, const struct doc *doc, const uint64_t *hashes, size_t count,
                   uint32_t *number, struct winnow_error *err)
{
    uint32_t *old = find_key(m, &doc->key);
    bool fills = old && m->docs[*old - 1].state == DOC_STUB;
    uint32_t n = fills ? *old : (uint32_t)m->count + 1;
    if (young_add(&m->young, n, hashes, count) != WINNOW_OK)
        return err_nomem(err);
    m->text_bytes += doc->packed_len;
    if (fills)
        fill_stub(m, doc, n);
    else
        push_doc(m, doc, old);
    *number = n;
    return WINNOW_OK;
}

static int put_live(struct memory *m, const struct store_doc *doc, const uint64_t *hashes,
                    size_t count, uint32_t *number, struct winnow_error *err)
{
    struct doc made;
    int status = pack(m, doc->text, err);
    if (status != WINNOW_OK)
        return status;
    if (!has_room(m, m->packed.len, count)) {
        *number = 0;
        return WINNOW_OK;
    }
    if (!make_doc(m, doc, &made))
        return err_nomem(err);
    status = put_doc(m, &made, hashes, count, number, err);
    if (status != WINNOW_OK)
        free(made.data);
    return status;
}

static int memory_put(struct store *s, const struct store_doc *doc, const uint64_t *hashes,
                      size_t count, uint32_t *number, struct winnow_error *err)
{
    struct memory *m = memory_of(s);
    if (m->count == UINT32_MAX || !has_room(m, 0, 0)) {
        *number = 0;
        return WINNOW_OK;
    }
    int status = make_rooms(m, err);
    if (status != WINNOW_OK)
        return status;
    if (doc->state == DOC_STUB)
        return put_doc(m, &(struct doc){.key = doc->key, .content = doc->content,
                                        .state = DOC_STUB}, NULL, 0, number, err);
    return put_live(m, doc, hashes, count, number, err);
}

static int memory_set_state(struct store *s, uint32_t number, enum doc_state state,
                            uint32_t other, struct winnow_error *err)
{
    struct memory *m = memory_of(s);
    if (number == 0 || number > m->count)
        return store_no_such_document(number, err);
    if (reserve_log(m) != WINNOW_OK)
        return err_nomem(err);
    log_doc(m, number);
    change_state(m, number, state, other);
    return WINNOW_OK;
}

static bool make_site(struct slice name, struct slice blob, struct site *ret)
{
    char *data = malloc(name.len + blob.len + 1);
    if (!data)
        return false;
    put_slice(put_slice(data, name), blob);
    *ret = (struct site){data, name.len, blob.len};
    return true;
}

static int push_site(struct memory *m, const struct site *site, struct winnow_error *err)
{
    struct site *sites = array_grow(m->sites, &m->sites_cap, m->sites_count + 1, sizeof *sites);
    if (!sites)
        return err_nomem(err);
    m->sites = sites;
    uint64_t hash = hash_bytes((struct slice){site->data, site->name_len});
    if (table_add(&m->names, hash, (uint32_t)m->sites_count + 1) != WINNOW_OK)
        return err_nomem(err);
    sites[m->sites_count++] = *site;
    log_new(m, m->sites_count, true);
    m->site_bytes += site->name_len + site->blob_len;
    return WINNOW_OK;
}

static void replace_site(struct memory *m, struct site *old, const struct site *site)
{
    log_site(m, old);
    m->site_bytes = m->site_bytes - old->blob_len + site->blob_len;
    *old = *site;
}

static int memory_put_site(struct store *s, struct slice name, struct slice blob,
                           struct winnow_error *err)
{
    struct memory *m = memory_of(s);
    struct site *old = find_site(m, name), site;
    if (!old && !has_room(m, name.len + blob.len, 0))
        return WINNOW_OK; /* a site that comes after memory is full is not remembered */
    if (reserve_log(m) != WINNOW_OK || !make_site(name, blob, &site))
        return err_nomem(err);
    if (old) {
        replace_site(m, old, &site);
        return WINNOW_OK;
    }
    int status = push_site(m, &site, err);
    if (status != WINNOW_OK)
        free(site.data);
    return status;
}

/* --- reading back ---------------------------------------------------------------------- */

static struct store_doc record_of(const struct memory *m, uint32_t number)
{
    const struct doc *doc = &m->docs[number - 1];
    const char *source = doc->data ? doc->data : "", *url = source + doc->source_len;
    return (struct store_doc){
        .number = number,
        .state = doc->state,
        .other = doc->other,
        .first = doc->first ? doc->first : number,
        .key = doc->key,
        .content = doc->content,
        .time = doc->time,
        .source = {source, doc->source_len},
        .url = {url, doc->url_len},
        .site = {url + doc->url_len, doc->site_len},
    };
}

static int unpack(struct memory *m, const struct doc *doc, const char *packed, struct buf *room,
                  struct winnow_error *err)
{
    size_t len = ZSTD_decompressDCtx(m->unpacker, room->data + room->len, doc->text_len, packed,
                                     doc->packed_len);
    if (len != doc->text_len)
        return err_set(err, WINNOW_EDATA, "a text in memory cannot be unpacked; start again");
    room->len += len;
    return WINNOW_OK;
}

/* The strings and the text, moved into room, where they stand in a row. */
static int fetch(struct memory *m, const struct doc *doc, size_t text_len, struct store_doc *ret,
                 struct buf *room, struct winnow_error *err)
{
    size_t strings = ret->source.len + ret->url.len + ret->site.len;
    buf_clear(room);
    if (text_len > SIZE_MAX - strings || !buf_room(room, strings + text_len))
        return err_nomem(err);
    buf_add(room, ret->source.p, strings);
    int status = text_len ? unpack(m, doc, ret->source.p + strings, room, err) : WINNOW_OK;
    ret->source.p = room->data;
    ret->url.p = ret->source.p + ret->source.len;
    ret->site.p = ret->url.p + ret->url.len;
    ret->text = (struct slice){ret->site.p + ret->site.len, text_len};
    return status;
}

static int memory_get(struct store *s, uint32_t number, bool with_text, struct store_doc *ret,
                      struct buf *room, struct winnow_error *err)
{
    struct memory *m = memory_of(s);
    if (number == 0 || number > m->count) {
        *ret = (struct store_doc){.state = DOC_NONE};
        return WINNOW_OK;
    }
    const struct doc *doc = &m->docs[number - 1];
    struct store_doc found = record_of(m, number);
    if (doc->state == DOC_FORGOTTEN)
        store_forget_strings(&found);
    size_t text_len = with_text && doc->state != DOC_FORGOTTEN ? doc->text_len : 0;
    int status = fetch(m, doc, text_len, &found, room, err);
    if (status == WINNOW_OK)
        *ret = found;
    return status;
}

static int memory_look(struct store *s, uint32_t number, struct doc_key *key,
                       enum doc_state *state, uint32_t *other, uint32_t *first,
                       struct winnow_error *err)
{
    (void)err;
    const struct memory *m = memory_of(s);
    *state = DOC_NONE;
    if (number == 0 || number > m->count)
        return WINNOW_OK;
    const struct doc *doc = &m->docs[number - 1];
    *key = doc->key;
    *state = doc->state;
    *other = doc->other;
    *first = doc->first ? doc->first : number;
    return WINNOW_OK;
}

static int memory_lookup(struct store *s, const uint64_t *hashes, size_t count,
                         struct store_hits *ret, struct winnow_error *err)
{
    if (young_lookup(&memory_of(s)->young, hashes, count, ret) != WINNOW_OK)
        return err_nomem(err);
    return WINNOW_OK;
}

static int memory_get_site(struct store *s, struct slice name, struct buf *ret,
                           struct winnow_error *err)
{
    const struct site *site = find_site(memory_of(s), name);
    if (site)
        buf_add(ret, site->data + site->name_len, site->blob_len);
    return ret->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

static int memory_each_site(struct store *s,
                            int (*each)(void *ctx, struct slice name, struct slice blob),
                            void *ctx, struct winnow_error *err)
{
    (void)err;
    const struct memory *m = memory_of(s);
    for (size_t i = 0; i < m->sites_count; i++) {
        const struct site *site = &m->sites[i];
        if (each(ctx, (struct slice){site->data, site->name_len},
                 (struct slice){site->data + site->name_len, site->blob_len}))
            break;
    }
    return WINNOW_OK;
}

static int memory_each_doc(struct store *s, int (*each)(void *ctx, const struct store_doc *doc),
                           void *ctx, struct winnow_error *err)
{
    (void)err;
    const struct memory *m = memory_of(s);
    for (uint32_t number = 1; number <= m->count; number++) {
        struct store_doc doc = record_of(m, number);
        if (doc.state == DOC_FORGOTTEN)
            store_forget_strings(&doc);
        if (each(ctx, &doc))
            break;
    }
    return WINNOW_OK;
}

/* --- the whole -------------------------------------------------------------------------- */

static int memory_commit(struct store *s, struct winnow_error *err)
{
    (void)err;
    forget_before(memory_of(s));
    return WINNOW_OK;
}

/* The documents whose fingerprints are of the log: new ones, and stubs that were filled. */
static bool is_logged(void *ctx, uint32_t number)
{
    const struct memory *m = ctx;
    return number > m->count || m->docs[number - 1].state == DOC_STUB;
}

/* Both tables as the arrays have it; they do not grow by it. */
static void fill_tables(struct memory *m)
{
    table_clear(&m->keys);
    table_clear(&m->names);
    for (uint32_t number = 1; number <= m->count; number++) {
        const struct doc_key *key = &m->docs[number - 1].key;
        uint32_t *old = find_key(m, key);
        if (old)
            *old = number;
        else
            (void)table_add(&m->keys, hash_key(key), number);
    }
    for (uint32_t i = 1; i <= m->sites_count; i++) {
        struct slice name = {m->sites[i - 1].data, m->sites[i - 1].name_len};
        (void)table_add(&m->names, hash_bytes(name), i);
    }
}

static void memory_rollback(struct store *s)
{
    struct memory *m = memory_of(s);
    if (m->log_count == 0)
        return;
    while (m->log_count > 0) {
        const struct before *b = &m->log[--m->log_count];
        if (b->is_site)
            undo_site(m, b);
        else
            undo_doc(m, b);
    }
    young_remove(&m->young, is_logged, m);
    fill_tables(m);
    m->is_full = false;
}

static int memory_stat(struct store *s, struct store_stat *ret, struct winnow_error *err)
{
    (void)err;
    const struct memory *m = memory_of(s);
    *ret = (struct store_stat){
        .documents = m->count,
        .prints = m->young.count,
        .sites = m->sites_count,
        .print_bytes = young_bytes(&m->young),
        .text_bytes = m->text_bytes,
        .other_bytes = used_bytes(m) - m->text_bytes,
        .recent = m->states[DOC_LIVE] + m->states[DOC_SUPERSEDED],
    };
    memcpy(ret->states, m->states, sizeof ret->states);
    return WINNOW_OK;
}

static void memory_damage(struct store *s, store_problem_fn *found, void *ctx)
{
    (void)s, (void)found, (void)ctx; /* nothing of it is on a disk */
}

static void memory_close(struct store *s)
{
    struct memory *m = memory_of(s);
    memory_rollback(s);
    for (size_t i = 0; i < m->count; i++)
        free(m->docs[i].data);
    for (size_t i = 0; i < m->sites_count; i++)
        free(m->sites[i].data);
    free(m->docs);
    free(m->sites);
    free(m->log);
    table_free(&m->keys);
    table_free(&m->names);
    young_free(&m->young);
    buf_free(&m->packed);
    ZSTD_freeCCtx(m->packer);
    ZSTD_freeDCtx(m->unpacker);
    free(m);
}

static const struct store_ops memory_ops = {
    .find = memory_find,
    .get = memory_get,
    .look = memory_look,
    .lookup = memory_lookup,
    .put = memory_put,
    .set_state = memory_set_state,
    .get_site = memory_get_site,
    .put_site = memory_put_site,
    .each_site = memory_each_site,
    .each_doc = memory_each_doc,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .stat = memory_stat,
    .damage = memory_damage,
    .close = memory_close,
};

int store_memory(const struct store_params *params, size_t max_bytes, struct store **ret,
                 struct winnow_error *err)
{
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        return err_nomem(err);
    m->store = (struct store){&memory_ops, *params};
    m->max_bytes = max_bytes;
    m->packer = ZSTD_createCCtx();
    m->unpacker = ZSTD_createDCtx();
    buf_init(&m->packed, SIZE_MAX);
    int status = m->packer && m->unpacker ? WINNOW_OK : err_nomem(err);
    if (status == WINNOW_OK && m->store.params.key == 0)
        status = store_random_key(&m->store.params.key, err);
    if (status != WINNOW_OK) {
        memory_close(&m->store);
        return status;
    }
    *ret = &m->store;
    return WINNOW_OK;
}
