/* index_sites.c - the tables of sites that an index has at hand.
 *
 * One is read when a page of its site comes, and put back at a commit, or when others need
 * its place. */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "site.h"

enum {
    SITES_MOST = 64,              /* tables at hand */
    SITE_MOST = 16 * 1024 * 1024, /* bytes of a table as a blob */
    FRESH_LEAST = 16,   /* documents: of fewer a blob is always as new as the table */
    FRESH_SHARE = 16,   /* of more it may miss one in so many */
};

struct index_site {
    char *name;
    struct site_table table;
    bool changed;
    uint64_t used; /* when it was asked for last */
    struct buf blob; /* as it was when that many documents were counted; empty: not made */
    uint32_t blob_documents;
    bool blob_is_new; /* the table has not changed since */
};

static void site_free(struct index_site *s)
{
    if (!s)
        return;
    site_table_free(&s->table);
    buf_free(&s->blob);
    free(s->name);
    free(s);
}

static void drop_blob(struct index_site *s)
{
    buf_free(&s->blob);
    s->blob_is_new = false;
    s->blob_documents = 0;
}

static int make_blob(struct index_site *s, struct winnow_error *err)
{
    if (s->blob_is_new)
        return WINNOW_OK;
    buf_clear(&s->blob);
    int status = site_table_write(&s->table, &s->blob);
    s->blob_is_new = status == WINNOW_OK;
    s->blob_documents = s->table.documents;
    if (status == WINNOW_OK)
        return WINNOW_OK;
    drop_blob(s);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    return err_set(err, status, "%s: what its pages share passes 16 MiB; clean it without --index, "
                                "or with an index of its own", s->name);
}

static int save_site(struct winnow_index *ix, struct index_site *s, struct winnow_error *err)
{
    if (!s->changed)
        return WINNOW_OK;
    int status = make_blob(s, err);
    if (status == WINNOW_OK)
        status = store_put_site(ix->store, slice_of(s->name), buf_slice(&s->blob), err);
    s->changed = status != WINNOW_OK;
    drop_blob(s);
    return status;
}

int index_save_sites(struct winnow_index *ix, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < ix->nsites && status == WINNOW_OK; i++)
        status = save_site(ix, ix->sites[i], err);
    return status;
}

void index_forget_sites(struct winnow_index *ix)
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
    buf_init(&s->blob, SITE_MOST);
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

int index_site(struct winnow_index *ix, const struct page *p, struct site_table **ret,
               struct winnow_error *err)
{
    struct index_site *s = NULL;
    int status = p->site ? find_site(ix, p->site, &s, err) : WINNOW_OK;
    if (status == WINNOW_OK)
        *ret = s ? &s->table : NULL;
    return status;
}

/* May the blob that was made before be handed out again? */
static bool is_fresh(const struct index_site *s)
{
    uint32_t documents = s->table.documents;
    return s->blob_is_new || (s->blob.len > 0 && documents >= FRESH_LEAST &&
                              documents - s->blob_documents <= documents / FRESH_SHARE);
}

int index_site_blob(struct winnow_index *ix, const char *name, bool newest, struct slice *ret,
                    struct winnow_error *err)
{
    struct index_site *s;
    int status = find_site(ix, name, &s, err);
    if (status == WINNOW_OK && (newest || !is_fresh(s)))
        status = make_blob(s, err);
    if (status == WINNOW_OK)
        *ret = buf_slice(&s->blob);
    return status;
}

/* A table that a failure has left half changed is good for nothing. */
static int changed(struct winnow_index *ix, struct index_site *s, int status)
{
    s->changed = true;
    s->blob_is_new = false;
    if (status != WINNOW_OK)
        drop_site(ix, s);
    return status;
}

int index_site_learn(struct winnow_index *ix, const struct page *p, struct winnow_error *err)
{
    struct index_site *s;
    bool counted;
    int status = find_site(ix, p->site, &s, err);
    if (status != WINNOW_OK)
        return status;
    buf_clear(&ix->delta);
    return changed(ix, s, site_learn_delta(&s->table, p, ix->remote ? &ix->delta : NULL, &counted,
                                           err));
}

int index_site_add(struct winnow_index *ix, const char *name, struct slice delta,
                   struct winnow_error *err)
{
    struct index_site *s;
    int status = find_site(ix, name, &s, err);
    if (status != WINNOW_OK)
        return status;
    status = site_add_delta(&s->table, delta, err);
    return status == WINNOW_EDATA ? status : changed(ix, s, status);
}
