/* index_take.c - puts into an index what a page was found to be in another process. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "err.h"
#include "index.h"
#include "told.h"

/* The newest version that the index has; state DOC_NONE: none. */
static int find_newest(struct winnow_index *ix, const struct doc_key *key, struct store_doc *ret,
                       struct buf *room, struct winnow_error *err)
{
    uint32_t number = 0;
    *ret = (struct store_doc){.state = DOC_NONE};
    int status = store_find(ix->store, key, &number, err);
    if (status == WINNOW_OK && number > 0)
        status = store_get(ix->store, number, false, ret, room, err);
    return status;
}

static int put_stub(struct winnow_index *ix, const struct told *t, struct winnow_error *err)
{
    struct store_doc doc = {.state = DOC_STUB, .key = t->own.key, .content = t->own.content,
                            .time = (int64_t)time(NULL)};
    doc.source = doc.url = doc.site = doc.text = slice_of("");
    return store_put(ix->store, &doc, NULL, 0, NULL, err);
}

static int learn(struct winnow_index *ix, const struct told *t, struct winnow_error *err)
{
    int status = WINNOW_OK;
    if (t->site.len > 0) {
        char *site = slice_dup(t->site);
        status = site ? index_site_add(ix, site, t->delta, err) : err_nomem(err);
        free(site);
    }
    return status == WINNOW_OK ? put_stub(ix, t, err) : status;
}

/* The hashes where numbers may stand. */
static int align(struct slice hashes, uint64_t **ret)
{
    uint64_t *copy = malloc(hashes.len + sizeof *copy);
    if (!copy)
        return WINNOW_ENOMEM;
    if (hashes.len > 0)
        memcpy(copy, hashes.p, hashes.len);
    *ret = copy;
    return WINNOW_OK;
}

static int put_live(struct winnow_index *ix, const struct told *t, const struct store_doc *newest,
                    uint32_t *number, struct winnow_error *err)
{
    bool keeps = t->flags & TOLD_KEEPS &&
                 (newest->state == DOC_LIVE || newest->state == DOC_SUPERSEDED);
    struct store_doc doc = {
        .state = DOC_LIVE,
        .first = keeps ? newest->first : 0,
        .key = t->own.key,
        .content = t->own.content,
        .time = (int64_t)time(NULL),
        .source = t->source,
        .url = t->url,
        .site = t->site,
        .text = t->text,
    };
    uint64_t *hashes;
    if (align(t->hashes, &hashes) != WINNOW_OK)
        return err_nomem(err);
    int status = store_put(ix->store, &doc, hashes, t->hashes.len / sizeof *hashes, number, err);
    free(hashes);
    return status;
}

/* Just the versions that the page was compared with: what was forgotten or replaced since
 * stays so. */
static int supersede(struct winnow_index *ix, const struct told *t, uint32_t number,
                     struct winnow_error *err)
{
    struct buf room;
    int status = WINNOW_OK;
    buf_init(&room, UINT32_MAX);
    for (size_t i = 0; i < t->nsuperseded && status == WINNOW_OK; i++) {
        struct store_doc doc;
        status = find_newest(ix, &t->superseded[i].key, &doc, &room, err);
        if (status == WINNOW_OK && index_is_known(&doc, &t->superseded[i].content))
            status = store_set_state(ix->store, doc.number, DOC_SUPERSEDED, number, err);
    }
    buf_free(&room);
    return status;
}

/* Has a version come since that is neither this one nor the one that it took the place of? */
static bool is_outdated(const struct told *t, const struct store_doc *newest)
{
    return (newest->state == DOC_LIVE || newest->state == DOC_SUPERSEDED) &&
           memcmp(&newest->content, &t->before, sizeof t->before) != 0;
}

static int add(struct winnow_index *ix, const struct told *t, const struct store_doc *newest,
               struct winnow_error *err)
{
    uint32_t number = 0;
    int status = put_live(ix, t, newest, &number, err);
    return status == WINNOW_OK && number > 0 ? supersede(ix, t, number, err) : status;
}

int index_take(struct winnow_index *ix, const struct told *t, bool again,
               struct winnow_error *err)
{
    struct store_doc newest;
    struct buf room;
    if (t->flags == 0)
        return WINNOW_OK;
    if (index_is_read_only(ix))
        return index_fail_read_only(err);
    buf_init(&room, UINT32_MAX);
    int status = find_newest(ix, &t->own.key, &newest, &room, err);
    if (status == WINNOW_OK && newest.state == DOC_NONE && t->flags & TOLD_LEARNED)
        status = learn(ix, t, err);
    if (status == WINNOW_OK && t->flags & TOLD_ADDED && !index_is_known(&newest, &t->own.content) &&
        !(again && is_outdated(t, &newest)))
        status = add(ix, t, &newest, err);
    buf_free(&room);
    return status;
}
