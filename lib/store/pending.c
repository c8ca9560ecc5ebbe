/* pending.c - documents and sites of a commit to come, and three tables that find them. */
#include "store/pending.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hash.h"

/* --- finding --------------------------------------------------------------------------- */

struct wanted {
    const struct pending *p;
    uint32_t number;
    const struct doc_key *key;
    struct slice name;
};

static uint64_t hash_number(uint32_t number)
{
    return number * 0x9E3779B97F4A7C15u;
}

static uint64_t hash_key(const struct doc_key *key)
{
    return hash_bytes((struct slice){(const char *)key->bytes, sizeof key->bytes});
}

/* Values of the tables are indexes and 1. */
static bool is_number(const void *ctx, uint32_t value)
{
    const struct wanted *w = ctx;
    return w->p->docs[value - 1].number == w->number;
}

static bool is_key(const void *ctx, uint32_t value)
{
    const struct wanted *w = ctx;
    return memcmp(&w->p->docs[value - 1].now.key, w->key, sizeof *w->key) == 0;
}

static bool is_name(const void *ctx, uint32_t value)
{
    const struct wanted *w = ctx;
    return slice_eq(w->p->sites[value - 1].name, w->name);
}

struct pending_doc *pending_find(struct pending *p, uint32_t number)
{
    const uint32_t *found = table_find(&p->numbers, hash_number(number), is_number,
                                       &(struct wanted){.p = p, .number = number});
    return found ? &p->docs[*found - 1] : NULL;
}

static uint32_t *find_key(struct pending *p, const struct doc_key *key)
{
    return table_find(&p->keys, hash_key(key), is_key, &(struct wanted){.p = p, .key = key});
}

uint32_t pending_named(struct pending *p, const struct doc_key *key)
{
    const uint32_t *found = find_key(p, key);
    return found ? p->docs[*found - 1].number : 0;
}

struct pending_site *pending_site(struct pending *p, struct slice name)
{
    const uint32_t *found = table_find(&p->names, hash_bytes(name), is_name,
                                       &(struct wanted){.p = p, .name = name});
    return found ? &p->sites[*found - 1] : NULL;
}

/* --- documents --------------------------------------------------------------------------- */

int pending_reserve(struct pending *p)
{
    struct pending_doc *docs = array_grow(p->docs, &p->cap, p->count + 2, sizeof *docs);
    if (!docs)
        return WINNOW_ENOMEM;
    p->docs = docs;
    if (table_reserve(&p->numbers, 2) != WINNOW_OK)
        return WINNOW_ENOMEM;
    return table_reserve(&p->keys, 1);
}

struct pending_doc *pending_touch(struct pending *p, uint32_t number, const struct catalog_doc *is)
{
    struct pending_doc *doc = pending_find(p, number);
    if (doc)
        return doc;
    doc = &p->docs[p->count++];
    *doc = (struct pending_doc){.number = number, .now = *is};
    (void)table_add(&p->numbers, hash_number(number), (uint32_t)p->count);
    return doc;
}

void pending_name(struct pending *p, struct pending_doc *doc)
{
    uint32_t value = (uint32_t)(doc - p->docs) + 1, *old = find_key(p, &doc->now.key);
    doc->is_named = true;
    if (old)
        *old = value;
    else
        (void)table_add(&p->keys, hash_key(&doc->now.key), value);
}

static char *copy_slice(char *to, struct slice *s)
{
    if (s->len)
        memcpy(to, s->p, s->len);
    s->p = to;
    return to + s->len;
}

void *pending_copy(const struct store_doc *from, const uint64_t *hashes, size_t count,
                   struct store_doc *ret)
{
    size_t prints = count * sizeof *hashes;
    struct store_doc doc = *from;
    char *data = malloc(prints + doc.source.len + doc.url.len + doc.site.len + doc.text.len + 1);
    if (!data)
        return NULL;
    if (prints)
        memcpy(data, hashes, prints);
    char *to = data + prints;
    to = copy_slice(to, &doc.source);
    to = copy_slice(to, &doc.url);
    to = copy_slice(to, &doc.site);
    copy_slice(to, &doc.text);
    *ret = doc;
    return data;
}

void pending_fill(struct pending *p, struct pending_doc *doc, const struct store_doc *full,
                  void *data, size_t hashes)
{
    doc->has_text = true;
    doc->full = *full;
    doc->full.number = doc->number;
    doc->data = data;
    doc->hashes = hashes;
    p->texts++;
    p->prints += hashes;
}

const uint64_t *pending_hashes(const struct pending_doc *doc)
{
    return doc->data;
}

/* --- sites --------------------------------------------------------------------------------- */

static bool copy_site(struct slice name, struct slice blob, struct pending_site *ret)
{
    char *data = malloc(name.len + blob.len + 1);
    if (!data)
        return false;
    copy_slice(copy_slice(data, &name), &blob);
    ret->name = name;
    ret->blob = blob;
    return true;
}

int pending_put_site(struct pending *p, struct slice name, struct slice blob, bool is_new)
{
    struct pending_site made = {.is_new = is_new};
    struct pending_site *sites =
        array_grow(p->sites, &p->sites_cap, p->sites_count + 1, sizeof *sites);
    if (!sites)
        return WINNOW_ENOMEM;
    p->sites = sites;
    struct pending_site *old = pending_site(p, name);
    if (table_reserve(&p->names, 1) != WINNOW_OK || !copy_site(name, blob, &made))
        return WINNOW_ENOMEM;
    if (old) {
        made.is_new = old->is_new;
        free((char *)old->name.p);
        *old = made;
        return WINNOW_OK;
    }
    sites[p->sites_count++] = made;
    return table_add(&p->names, hash_bytes(name), (uint32_t)p->sites_count);
}

/* --- the end ------------------------------------------------------------------------------- */

void pending_clear(struct pending *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->docs[i].data);
    for (size_t i = 0; i < p->sites_count; i++)
        free((char *)p->sites[i].name.p);
    p->count = p->sites_count = p->texts = p->prints = 0;
    table_clear(&p->numbers);
    table_clear(&p->keys);
    table_clear(&p->names);
}

void pending_free(struct pending *p)
{
    pending_clear(p);
    free(p->docs);
    free(p->sites);
    table_free(&p->numbers);
    table_free(&p->keys);
    table_free(&p->names);
    *p = (struct pending){0};
}
