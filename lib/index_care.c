/* index_care.c - look at an index from outside: counts, checks, forgetting, what its sites
 * have in common. */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "index.h"
#include "site.h"

/* --- counts ------------------------------------------------------------------------------ */

int winnow_index_stat(struct winnow_index *ix, struct winnow_index_stat *ret,
                      struct winnow_error *err)
{
    struct store_stat s;
    int status = store_stat(ix->store, &s, err);
    if (status != WINNOW_OK)
        return status;
    *ret = (struct winnow_index_stat){
        .documents = s.states[DOC_LIVE],
        .superseded = s.states[DOC_SUPERSEDED],
        .replaced = s.states[DOC_REPLACED],
        .forgotten = s.states[DOC_FORGOTTEN],
        .learned = s.states[DOC_STUB],
        .sites = s.sites,
        .fingerprints = s.prints,
        .fingerprint_bytes = s.print_bytes,
        .text_bytes = s.text_bytes,
        .other_bytes = s.other_bytes,
        .runs = s.runs,
        .text_files = s.text_files,
    };
    return WINNOW_OK;
}

/* --- a folder ------------------------------------------------------------------------------- */

int winnow_index_verify(const char *folder, winnow_index_found_fn *found, void *ctx,
                        size_t *problems, struct winnow_error *err)
{
    return store_verify(folder, found, ctx, problems, err);
}

/* A store_prints_fn: ctx is a struct prints. */
static int make_prints(void *ctx, const struct store_params *params, struct slice text,
                       uint64_t **hashes, size_t *count)
{
    struct prints *p = ctx;
    int status = prints_make(p, params, text);
    if (status == WINNOW_OK) {
        *hashes = p->keep;
        *count = p->nkeep;
    }
    return status;
}

int winnow_index_compact(const char *folder, winnow_index_found_fn *found, void *ctx,
                         struct winnow_error *err)
{
    struct store_params params = prints_params();
    struct prints p;
    prints_init(&p);
    int status = store_compact(folder, &params, make_prints, &p, found, ctx, err);
    prints_free(&p);
    return status;
}

/* --- forgetting -------------------------------------------------------------------------------- */

enum { ID_LEAST = 8, ID_MOST = 32 /* hexadecimal digits */ };

struct search {
    struct slice what;
    uint32_t *numbers;
    size_t count, cap, documents; /* documents: older versions count for nothing */
    bool failed;
};

static bool is_id(struct slice what)
{
    return what.len >= ID_LEAST && what.len <= ID_MOST &&
           strspn(what.p, "0123456789abcdef") >= what.len;
}

static bool has_prefix(const struct doc_key *key, struct slice prefix)
{
    char name[33];
    index_key_name(key, name);
    return strncmp(name, prefix.p, prefix.len) == 0;
}

static bool is_meant(const struct search *s, const struct store_doc *doc)
{
    if (doc->state != DOC_LIVE && doc->state != DOC_SUPERSEDED && doc->state != DOC_REPLACED &&
        doc->state != DOC_STUB)
        return false;
    return slice_eq(doc->source, s->what) || slice_eq(doc->url, s->what) ||
           (is_id(s->what) && (has_prefix(&doc->key, s->what) || has_prefix(&doc->content, s->what)));
}

static int take_meant(void *ctx, const struct store_doc *doc)
{
    struct search *s = ctx;
    if (!is_meant(s, doc))
        return 0;
    uint32_t *numbers = array_grow(s->numbers, &s->cap, s->count + 1, sizeof *numbers);
    s->failed = !numbers;
    if (numbers) {
        s->numbers = numbers;
        s->numbers[s->count++] = doc->number;
        s->documents += doc->state != DOC_REPLACED;
    }
    return s->failed;
}

int winnow_index_forget(struct winnow_index *ix, const char *what, size_t *count,
                        struct winnow_error *err)
{
    struct search s = {.what = slice_of(what)};
    if (s.what.len == 0)
        return err_set(err, WINNOW_EUSAGE, "nothing says which document to forget; give its id, "
                                           "its source or its URL");
    int status = store_each_doc(ix->store, take_meant, &s, err);
    if (status == WINNOW_OK && s.failed)
        status = err_nomem(err);
    for (size_t i = 0; i < s.count && status == WINNOW_OK; i++)
        status = store_set_state(ix->store, s.numbers[i], DOC_FORGOTTEN, 0, err);
    if (status == WINNOW_OK)
        *count = s.documents;
    free(s.numbers);
    return status;
}

/* --- sites --------------------------------------------------------------------------------------- */

struct listing {
    winnow_site_fn *each;
    void *ctx;
    int status;
    struct winnow_error *err;
};

static int list_site(void *ctx, struct slice name, struct slice blob)
{
    struct listing *l = ctx;
    struct site_table t = {0};
    l->status = site_table_read(blob, &t, l->err);
    if (l->status == WINNOW_OK) {
        char *copy = slice_dup(name);
        if (copy)
            l->each(l->ctx, copy, t.documents);
        else
            l->status = err_nomem(l->err);
        free(copy);
    }
    site_table_free(&t);
    return l->status != WINNOW_OK;
}

int winnow_index_sites(struct winnow_index *ix, winnow_site_fn *each, void *ctx,
                       struct winnow_error *err)
{
    struct listing l = {.each = each, .ctx = ctx, .err = err};
    int status = store_each_site(ix->store, list_site, &l, err);
    return status != WINNOW_OK ? status : l.status;
}

int winnow_rules_learn(struct winnow_index *ix, const char *site, winnow_write_fn *write,
                       void *ctx, struct winnow_error *err)
{
    struct buf blob;
    struct site_table t = {0};
    buf_init(&blob, UINT32_MAX);
    int status = store_get_site(ix->store, slice_of(site), &blob, err);
    if (status == WINNOW_OK && blob.len == 0)
        status = err_set(err, WINNOW_EUSAGE, "%s: the index knows no page of this site; winnow "
                                             "rules learn without a site lists those it knows", site);
    if (status == WINNOW_OK)
        status = site_table_read(buf_slice(&blob), &t, err);
    if (status == WINNOW_OK)
        status = site_rules(&t, site, write, ctx, err);
    site_table_free(&t);
    buf_free(&blob);
    return status;
}
