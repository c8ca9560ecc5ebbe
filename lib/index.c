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

#include "asking.h"
#include "cleaner.h"
#include "err.h"
#include "hash.h"
#include "page_public.h"
#include "remote.h"
#include "written.h"

enum { MEMORY_MOST = 512 * 1024 * 1024 /* bytes of an index that has no folder */ };

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
    buf_init(&ix->delta, 0);
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

/* --- an index that is elsewhere ----------------------------------------------------------------- */

int winnow_index_remote(winnow_ask_fn *ask, void *ctx, struct winnow_index **ret,
                        struct winnow_error *err)
{
    struct winnow_index *ix = calloc(1, sizeof *ix);
    if (!ix)
        return err_nomem(err);
    prints_init(&ix->prints);
    buf_init(&ix->delta, UINT32_MAX);
    int status = remote_new(ask, ctx, &ix->remote, err);
    if (status != WINNOW_OK) {
        winnow_index_close(ix);
        return status;
    }
    ix->store = remote_store(ix->remote);
    *ret = ix;
    return WINNOW_OK;
}

bool index_is_read_only(const struct winnow_index *ix)
{
    return ix->remote ? remote_is_read_only(ix->remote) : ix->read_only;
}

/* Another page comes: the site's table may have changed since the last one, and whose index
 * answers too. */
static int begin_remote(struct winnow_index *ix, const struct page *p, struct winnow_error *err)
{
    index_forget_sites(ix);
    ix->prints.of = 0;
    ix->damage_told = 0;
    buf_clear(&ix->delta);
    return remote_begin(ix->remote, slice_of(p->site), !p->winnow->use.no_site, err);
}

int winnow_index_told(struct winnow_index *ix, winnow_write_fn *write, void *ctx,
                      struct winnow_error *err)
{
    struct buf told;
    if (!ix->remote)
        return err_set(err, WINNOW_EUSAGE, "this index is asked directly: there is nobody to tell");
    buf_init(&told, SIZE_MAX);
    int status = remote_told(ix->remote, buf_slice(&ix->delta), &told, err);
    if (status == WINNOW_OK && write(ctx, told.data, told.len) != 0)
        status = err_set(err, WINNOW_EIO, "what the index is to be told was not taken");
    buf_free(&told);
    return status;
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

/* A document that the index did not know: its site counts it. */
static int learn_new(struct winnow_index *ix, const struct page *p, struct winnow_error *err)
{
    uint32_t number;
    int status = p->site ? index_site_learn(ix, p, err) : WINNOW_OK;
    return status == WINNOW_OK ? put(ix, p, DOC_STUB, slice_of(""), &number, err) : status;
}

int index_learn(struct winnow_index *ix, const struct page *p, struct winnow_error *err)
{
    struct doc_key key = index_key(p);
    uint32_t number = 0;
    int status = ix->remote ? begin_remote(ix, p, err) : WINNOW_OK;
    if (status == WINNOW_OK && !index_is_read_only(ix)) /* one elsewhere says so when it is asked */
        status = store_find(ix->store, &key, &number, err);
    if (status != WINNOW_OK || number > 0 || index_is_read_only(ix))
        return status;
    return learn_new(ix, p, err);
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

bool index_is_known(const struct store_doc *known, const struct doc_key *content)
{
    return (known->state == DOC_LIVE || known->state == DOC_SUPERSEDED) &&
           memcmp(&known->content, content, sizeof *content) == 0;
}

int index_fail_read_only(struct winnow_error *err)
{
    return err_set(err, WINNOW_EUSAGE, "the index is open for reading only");
}

int winnow_index_add(struct winnow_index *ix, const struct winnow_page *page,
                     struct winnow_error *err)
{
    const struct page *p = &page->page;
    struct doc_key content = content_of(p);
    struct store_doc known;
    struct buf room;
    struct written w;
    if (index_is_read_only(ix))
        return index_fail_read_only(err);
    buf_init(&room, UINT32_MAX);
    int status = index_find(ix, p, &known, &room, err);
    bool done = status != WINNOW_OK || index_is_known(&known, &content);
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
    if (ix->remote)
        return err_set(err, WINNOW_EUSAGE, "this index is asked from elsewhere; its owner commits");
    if (ix->read_only)
        return index_fail_read_only(err);
    int status = index_save_sites(ix, err);
    if (status == WINNOW_OK)
        status = store_commit(ix->store, err);
    else
        store_rollback(ix->store);
    if (status != WINNOW_OK) {
        index_forget_sites(ix); /* they count what is not there */
        ix->epoch++;
    }
    return status;
}

void winnow_index_close(struct winnow_index *ix)
{
    if (!ix)
        return;
    index_forget_sites(ix);
    free(ix->sites);
    buf_free(&ix->delta);
    flights_free(ix->flights);
    store_hits_free(&ix->hits);
    prints_free(&ix->prints);
    store_close(ix->store);
    free(ix);
}
