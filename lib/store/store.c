/* store.c - the one interface, handed on to the kind of store that it is. */
#include "store/store_parts.h"

#include <stdlib.h>
#include <sys/random.h>

#include "err.h"

int store_find(struct store *s, const struct doc_key *key, uint32_t *number,
               struct winnow_error *err)
{
    return s->ops->find(s, key, number, err);
}

int store_get(struct store *s, uint32_t number, bool with_text, struct store_doc *ret,
              struct buf *room, struct winnow_error *err)
{
    return s->ops->get(s, number, with_text, ret, room, err);
}

int store_look(struct store *s, uint32_t number, struct doc_key *key, enum doc_state *state,
               uint32_t *other, uint32_t *first, struct winnow_error *err)
{
    struct doc_key unused_key;
    uint32_t unused, unused_first;
    return s->ops->look(s, number, key ? key : &unused_key, state, other ? other : &unused,
                        first ? first : &unused_first, err);
}

int store_lookup(struct store *s, const uint64_t *hashes, size_t count, struct store_hits *ret,
                 struct winnow_error *err)
{
    ret->count = 0;
    int status = s->ops->lookup(s, hashes, count, ret, err);
    if (status == WINNOW_OK)
        store_hits_sort(ret);
    else
        ret->count = 0;
    return status;
}

int store_put(struct store *s, const struct store_doc *doc, const uint64_t *hashes, size_t count,
              uint32_t *number, struct winnow_error *err)
{
    uint32_t unused;
    return s->ops->put(s, doc, hashes, count, number ? number : &unused, err);
}

int store_set_state(struct store *s, uint32_t number, enum doc_state state, uint32_t other,
                    struct winnow_error *err)
{
    return s->ops->set_state(s, number, state, other, err);
}

int store_get_site(struct store *s, struct slice name, struct buf *ret, struct winnow_error *err)
{
    return s->ops->get_site(s, name, ret, err);
}

int store_put_site(struct store *s, struct slice name, struct slice blob, struct winnow_error *err)
{
    return s->ops->put_site(s, name, blob, err);
}

int store_each_site(struct store *s, int (*each)(void *ctx, struct slice name, struct slice blob),
                    void *ctx, struct winnow_error *err)
{
    return s->ops->each_site(s, each, ctx, err);
}

int store_each_doc(struct store *s, int (*each)(void *ctx, const struct store_doc *doc), void *ctx,
                   struct winnow_error *err)
{
    return s->ops->each_doc(s, each, ctx, err);
}

int store_commit(struct store *s, struct winnow_error *err)
{
    return s->ops->commit(s, err);
}

void store_rollback(struct store *s)
{
    s->ops->rollback(s);
}

int store_stat(struct store *s, struct store_stat *ret, struct winnow_error *err)
{
    return s->ops->stat(s, ret, err);
}

void store_damage(struct store *s, store_problem_fn *found, void *ctx)
{
    s->ops->damage(s, found, ctx);
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

void store_hits_free(struct store_hits *hits)
{
    free(hits->items);
    *hits = (struct store_hits){0};
}

static int compare_hits(const void *a, const void *b)
{
    const struct store_hit *x = a, *y = b;
    if (x->print != y->print)
        return x->print < y->print ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static bool is_sorted(const struct store_hits *hits)
{
    for (size_t i = 1; i < hits->count; i++)
        if (compare_hits(&hits->items[i - 1], &hits->items[i]) >= 0)
            return false;
    return true;
}

void store_hits_sort(struct store_hits *hits)
{
    if (is_sorted(hits)) /* also the empty one: most lookups find nothing */
        return;
    qsort(hits->items, hits->count, sizeof *hits->items, compare_hits);
    size_t kept = 1;
    for (size_t i = 1; i < hits->count; i++)
        if (compare_hits(&hits->items[kept - 1], &hits->items[i]) != 0)
            hits->items[kept++] = hits->items[i];
    hits->count = kept;
}

void store_forget_strings(struct store_doc *doc)
{
    doc->time = 0;
    doc->source = doc->url = doc->site = doc->text = (struct slice){"", 0};
}

int store_no_such_document(uint32_t number, struct winnow_error *err)
{
    return err_set(err, WINNOW_EUSAGE, "there is no document %u in this index; ask for one that "
                   "a lookup named", number);
}

int store_random_key(uint64_t *ret, struct winnow_error *err)
{
    uint64_t key = 0;
    while (key == 0)
        if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
            return err_set(err, WINNOW_EIO, "the system gives no random number for an index's "
                           "key; try again");
    *ret = key;
    return WINNOW_OK;
}
