/* index.c - an index over a store: pages in, what was seen before out.
 *
 * A document is what has one source: its URL, or the path of its file; what has neither
 * is told by its bytes.  One that comes again with the same bytes is left as it was put
 * first; with other bytes it is a newer version, which takes the older one's place.  A
 * site counts a document once, when its key is first seen. */
#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleaner.h"
#include "err.h"
#include "hash.h"
#include "page_public.h"
#include "site.h"
#include "written.h"

enum {
    MEMORY_MOST = 512 * 1024 * 1024, /* bytes of an index that has no folder */
    SITES_MOST = 64,                 /* tables at hand */
    SITE_MOST = 16 * 1024 * 1024,    /* bytes of a table as a blob */
};

/* An index in a folder keeps a random number to itself (shingle.h).  One that lives for a
 * single run has this: the same inputs shall give the same bytes. */
#define MEMORY_KEY UINT64_C(0x77696e6e6f77)

/* --- opening ----------------------------------------------------------------------------- */

static int open_store(const char *folder, bool read_only, struct store **ret,
                      struct winnow_error *err)
{
    struct store_params params = prints_params();
    if (folder)
        return store_disk(folder, &params, read_only, ret, err);
    params.key = MEMORY_KEY;
    return store_memory(&params, MEMORY_MOST, ret, err);
}

int winnow_index_open(const char *folder, int read_only, struct winnow_index **ret,
                      struct winnow_error *err)
{
    struct winnow_index *ix = calloc(1, sizeof *ix);
    if (!ix)
        return err_nomem(err);
    ix->read_only = read_only;
    prints_init(&ix->prints);
    int status = open_store(folder, read_only, &ix->store, err);
    if (status == WINNOW_OK)
        *ret = ix;
    else
        winnow_index_close(ix);
    return status;
}

void winnow_use_index(struct winnow *w, struct winnow_index *index,
                      const struct winnow_index_use *use)
{
    w->index = index;
    w->use = use ? *use : (struct winnow_index_use){0};
}

/* --- documents ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The name is 32 hexadecimal digits. */
static struct doc_key key_of_name(const char *name)
{
    struct doc_key ret = {{0}};
    for (size_t i = 0; i < sizeof ret.bytes; i++)
        ret.bytes[i] = (unsigned char)(hex_digit(name[2 * i]) << 4 | hex_digit(name[2 * i + 1]));
    return ret;
}

/* The page's id is the hash of its bytes. */
static struct doc_key content_of(const struct page *p)
{
    return key_of_name(p->id);
}

/* A path need be no UTF-8, but a record is: the key of its page stands in it. */
struct doc_key index_key(const struct page *p)
{
    struct doc_key ret;
    if (p->from_record && p->document)
        return key_of_name(p->document);
    if (!p->source)
        return content_of(p);
    hash_128(slice_of(p->source), ret.bytes);
    return ret;
}

void index_key_name(const struct doc_key *key, char ret[33])
{
    for (size_t i = 0; i < sizeof key->bytes; i++)
        snprintf(ret + 2 * i, 3, "%02x", key->bytes[i]);
}

int index_find(struct winnow_index *ix, const struct page *p, struct store_doc *ret,
               struct buf *room, struct winnow_error *err)
{
    struct doc_key key = index_key(p);
    uint32_t number = 0;
    int status = store_find(ix->store, &key, &number, err);
    if (status != WINNOW_OK)
        return status;
    if (number > 0)
        return store_get(ix->store, number, false, ret, room, err);
    *ret = (struct store_doc){.state = DOC_NONE};
    return WINNOW_OK;
}

int index_ask(struct winnow_index *ix, struct slice text, struct winnow_error *err)
{
    int status = prints_make(&ix->prints, &ix->store->params, text);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    if (status != WINNOW_OK)
        return err_set(err, status, "the page's text grows past 4 GiB when it is normalised; "
                                    "split it");
    return store_lookup(ix->store, ix->prints.ask, ix->prints.nask, &ix->hits, err);
}

/* --- damage --------------------------------------------------------------------------------- */

struct telling {
    struct winnow_index *index;
    struct page *page;
    size_t met;
};

static void tell_damage(void *ctx, const char *file, uint64_t at, const char *text)
{
    struct telling *t = ctx;
    if (t->met++ >= t->index->damage_told)
        page_note(t->page, "%s, byte %llu: %s", file, (unsigned long long)at, text);
}

void index_note_damage(struct winnow_index *ix, struct page *p)
{
    struct telling t = {.index = ix, .page = p};
    store_damage(ix->store, tell_damage, &t);
    if (t.met > ix->damage_told)
        ix->damage_told = t.met;
}

/* --- sites ----------------------------------------------------------------------------------- */

struct index_site {
    char *name;
    struct site_table table;
    bool changed;
    uint64_t used; /* when it was asked for last */
};

static void site_free(struct index_site *s)
{
    if (!s)
        return;
    site_table_free(&s->table);
    free(s->name);
    free(s);
}

static int save_site(struct winnow_index *ix, struct index_site *s, struct winnow_error *err)
{
    struct buf blob;
    if (!s->changed)
        return WINNOW_OK;
    buf_init(&blob, SITE_MOST);
    int status = site_table_write(&s->table, &blob);
    if (status == WINNOW_OK)
        status = store_put_site(ix->store, slice_of(s->name), buf_slice(&blob), err);
    else if (status == WINNOW_ENOMEM)
        err_nomem(err);
    else
        err_set(err, status, "%s: what its pages share passes 16 MiB; clean it without --index, or "
                             "with an index of its own", s->name);
    s->changed = status != WINNOW_OK;
    buf_free(&blob);
    return status;
}

static int save_sites(struct winnow_index *ix, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < ix->nsites && status == WINNOW_OK; i++)
        status = save_site(ix, ix->sites[i], err);
    return status;
}

static void forget_sites(struct winnow_index *ix)
{
    for (size_t i = 0; i < ix->nsites; i++)
        site_free(ix->sites[i]);
    ix->nsites = 0;
}

static void drop_site(struct winnow_index *ix, struct index_site *s)
{
    size_t i = 0;
    while (i < ix->nsites && ix->sites[i] != s)
        i++;
    if (i < ix->nsites)
        ix->sites[i] = ix->sites[--ix->nsites];
    site_free(s);
}

/* Puts the table that was not asked for the longest back into the store. */
static int make_room(struct winnow_index *ix, struct winnow_error *err)
{
    if (ix->nsites < SITES_MOST)
        return WINNOW_OK;
    size_t oldest = 0;
    for (size_t i = 1; i < ix->nsites; i++)
        if (ix->sites[i]->used < ix->sites[oldest]->used)
            oldest = i;
    int status = save_site(ix, ix->sites[oldest], err);
    if (status != WINNOW_OK)
        return status;
    drop_site(ix, ix->sites[oldest]);
    return WINNOW_OK;
}

static int read_site(struct winnow_index *ix, const char *name, struct index_site **ret,
                     struct winnow_error *err)
{
    struct buf blob;
    struct index_site *s = calloc(1, sizeof *s);
    if (!s || !(s->name = strdup(name))) {
        site_free(s);
        return err_nomem(err);
    }
    buf_init(&blob, SITE_MOST);
    int status = store_get_site(ix->store, slice_of(name), &blob, err);
    if (status == WINNOW_OK)
        status = site_table_read(buf_slice(&blob), &s->table, err);
    buf_free(&blob);
    if (status == WINNOW_OK)
        *ret = s;
    else
        site_free(s);
    return status;
}

static int load_site(struct winnow_index *ix, const char *name, struct index_site **ret,
                     struct winnow_error *err)
{
    struct index_site *s = NULL;
    int status = make_room(ix, err);
    if (status == WINNOW_OK)
        status = read_site(ix, name, &s, err);
    if (status != WINNOW_OK)
        return status;
    struct index_site **sites = array_grow(ix->sites, &ix->sites_cap, ix->nsites + 1, sizeof *sites);
    if (!sites) {
        site_free(s);
        return err_nomem(err);
    }
    ix->sites = sites;
    *ret = sites[ix->nsites++] = s;
    return WINNOW_OK;
}

static int find_site(struct winnow_index *ix, const char *name, struct index_site **ret,
                     struct winnow_error *err)
{
    struct index_site *s = NULL;
    int status = WINNOW_OK;
    for (size_t i = 0; i < ix->nsites && !s; i++)
        if (strcmp(ix->sites[i]->name, name) == 0)
            s = ix->sites[i];
    if (!s)
        status = load_site(ix, name, &s, err);
    if (status != WINNOW_OK)
        return status;
    s->used = ++ix->clock;
    *ret = s;
    return WINNOW_OK;
}

/* The page's site; NULL: it has none. */
static int site_of(struct winnow_index *ix, const struct page *p, struct index_site **ret,
                   struct winnow_error *err)
{
    if (p->site)
        return find_site(ix, p->site, ret, err);
    *ret = NULL;
    return WINNOW_OK;
}

int index_site(struct winnow_index *ix, const struct page *p, struct site_table **ret,
               struct winnow_error *err)
{
    struct index_site *s;
    int status = site_of(ix, p, &s, err);
    if (status == WINNOW_OK)
        *ret = s ? &s->table : NULL;
    return status;
}

/* --- learning ---------------------------------------------------------------------------------- */

static int put(struct winnow_index *ix, const struct page *p, enum doc_state state,
               struct slice text, uint32_t *number, struct winnow_error *err)
{
    struct store_doc doc = {
        .state = state,
        .first = p->first,
        .key = index_key(p),
        .content = content_of(p),
        .time = (int64_t)time(NULL),
        .source = slice_of(p->source),
        .url = slice_of(p->url),
        .site = slice_of(p->site),
        .text = text,
    };
    return store_put(ix->store, &doc, ix->prints.keep, state == DOC_STUB ? 0 : ix->prints.nkeep,
                     number, err);
}

static int learn_new(struct winnow_index *ix, const struct page *p, struct winnow_error *err)
{
    struct index_site *s;
    uint32_t number;
    bool counted;
    int status = site_of(ix, p, &s, err);
    if (status == WINNOW_OK && s) {
        s->changed = true;
        status = site_learn(&s->table, p, &counted, err);
        if (status != WINNOW_OK)
            drop_site(ix, s); /* its table is good for nothing */
    }
    return status == WINNOW_OK ? put(ix, p, DOC_STUB, slice_of(""), &number, err) : status;
}

int index_learn(struct winnow_index *ix, const struct page *p, struct winnow_error *err)
{
    struct doc_key key = index_key(p);
    uint32_t number = 0;
    if (ix->read_only)
        return WINNOW_OK;
    int status = store_find(ix->store, &key, &number, err);
    return status != WINNOW_OK || number > 0 ? status : learn_new(ix, p, err);
}

/* --- adding -------------------------------------------------------------------------------------- */

static int state_of(struct winnow_index *ix, uint32_t number, enum doc_state *ret,
                    struct winnow_error *err)
{
    struct store_doc doc;
    struct buf room;
    buf_init(&room, UINT32_MAX);
    int status = store_get(ix->store, number, false, &doc, &room, err);
    if (status == WINNOW_OK)
        *ret = doc.state;
    buf_free(&room);
    return status;
}

/* Earlier documents of which the page is the more complete copy: what was forgotten or
 * replaced since it was cleaned stays so. */
static int supersede(struct winnow_index *ix, const struct page *p, uint32_t number,
                     struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < p->nrelations && status == WINNOW_OK; i++) {
        enum doc_state state = DOC_NONE;
        if (strcmp(p->relations[i].kind, "supersedes") != 0)
            continue;
        status = state_of(ix, p->relations[i].number, &state, err);
        if (status == WINNOW_OK && (state == DOC_LIVE || state == DOC_SUPERSEDED))
            status = store_set_state(ix->store, p->relations[i].number, DOC_SUPERSEDED, number,
                                     err);
    }
    return status;
}

static int add_text(struct winnow_index *ix, const struct page *p, struct slice text,
                    struct winnow_error *err)
{
    uint32_t number = 0;
    int status = prints_make(&ix->prints, &ix->store->params, text);
    if (status != WINNOW_OK)
        return status == WINNOW_ENOMEM ? err_nomem(err)
                                       : err_set(err, status, "the page's clean text is too long "
                                                              "for an index; split it");
    status = put(ix, p, DOC_LIVE, text, &number, err);
    return status == WINNOW_OK && number > 0 ? supersede(ix, p, number, err) : status;
}

static bool is_known(const struct store_doc *known, const struct page *p)
{
    struct doc_key content = content_of(p);
    return (known->state == DOC_LIVE || known->state == DOC_SUPERSEDED) &&
           memcmp(&known->content, &content, sizeof content) == 0;
}

int winnow_index_add(struct winnow_index *ix, const struct winnow_page *page,
                     struct winnow_error *err)
{
    const struct page *p = &page->page;
    struct store_doc known;
    struct buf room;
    struct written w;
    if (ix->read_only)
        return err_set(err, WINNOW_EUSAGE, "the index is open for reading only");
    buf_init(&room, UINT32_MAX);
    int status = index_find(ix, p, &known, &room, err);
    bool done = status != WINNOW_OK || is_known(&known, p);
    buf_free(&room);
    if (done)
        return status;
    if (p->unstripped.len > 0)
        return add_text(ix, p, buf_slice(&p->unstripped), err);
    status = written_make(p, false, &w);
    status = status == WINNOW_OK ? add_text(ix, p, buf_slice(&w.text), err) : err_nomem(err);
    written_free(&w);
    return status;
}

int winnow_index_commit(struct winnow_index *ix, struct winnow_error *err)
{
    if (ix->read_only)
        return err_set(err, WINNOW_EUSAGE, "the index is open for reading only");
    int status = save_sites(ix, err);
    if (status == WINNOW_OK)
        status = store_commit(ix->store, err);
    else
        store_rollback(ix->store);
    if (status != WINNOW_OK)
        forget_sites(ix); /* they count what is not there */
    return status;
}

void winnow_index_close(struct winnow_index *ix)
{
    if (!ix)
        return;
    forget_sites(ix);
    free(ix->sites);
    store_hits_free(&ix->hits);
    prints_free(&ix->prints);
    store_close(ix->store);
    free(ix);
}
