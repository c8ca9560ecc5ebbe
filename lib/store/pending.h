/* pending.h - what was put since the last commit, in memory: documents and sites.
 *
 * It is a layer over the catalog: who looks here first sees what the next commit will
 * make true, and who throws it away sees what was true before. */
#ifndef WINNOW_PENDING_H
#define WINNOW_PENDING_H

#include "store/catalog.h"
#include "store/store.h"
#include "store/table.h"

struct pending_doc {
    uint32_t number;
    bool is_named;          /* its key means it from now on: it is new, not only changed */
    struct catalog_doc now; /* as it will be; place is not known yet where has_text */
    bool has_text;
    struct store_doc full; /* where has_text: its strings and text, in data */
    void *data;            /* hashes, then strings; from the heap */
    size_t hashes;         /* how many, at the start of data */
};

struct pending_site {
    struct slice name, blob; /* name.p is from the heap, blob behind it */
    bool is_new;
};

/* All zeros is an empty one. */
struct pending {
    struct pending_doc *docs;
    size_t count, cap;
    struct pending_site *sites;
    size_t sites_count, sites_cap;
    struct table numbers, keys, names;
    size_t texts, prints; /* documents that have a text; hashes of them all */
};

struct pending_doc *pending_find(struct pending *p, uint32_t number); /* NULL: none */
uint32_t pending_named(struct pending *p, const struct doc_key *key); /* 0: none */
const uint64_t *pending_hashes(const struct pending_doc *doc);

/* Makes room for two documents more: the next two pending_touch, and pending_name, cannot
 * fail.  WINNOW_OK or WINNOW_ENOMEM. */
int pending_reserve(struct pending *p);

/* The document's record here; where there is none yet, a copy of `is`. */
struct pending_doc *pending_touch(struct pending *p, uint32_t number,
                                  const struct catalog_doc *is);

/* From now on its key means this document, which is here. */
void pending_name(struct pending *p, struct pending_doc *doc);

/* A copy of a document's strings, text and hashes, to be given to pending_fill or freed.
 * NULL: no memory. */
void *pending_copy(const struct store_doc *from, const uint64_t *hashes, size_t count,
                   struct store_doc *ret);
void pending_fill(struct pending *p, struct pending_doc *doc, const struct store_doc *full,
                  void *data, size_t hashes);

struct pending_site *pending_site(struct pending *p, struct slice name); /* NULL: none */
int pending_put_site(struct pending *p, struct slice name, struct slice blob, bool is_new);

void pending_clear(struct pending *p); /* keeps the memory of the arrays */
void pending_free(struct pending *p);

#endif
