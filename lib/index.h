/* index.h - what a cleaner asks an index, and what it tells it: documents and sites.
 *
 * Over a store (store/store.h), which knows fingerprints and blobs; here they are of texts
 * and of site tables. */
#ifndef WINNOW_INDEX_H
#define WINNOW_INDEX_H

#include "page.h"
#include "prints.h"
#include "site_table.h"
#include "store/store.h"

struct index_site;

struct winnow_index {
    struct store *store;
    bool read_only;
    struct prints prints;
    struct store_hits hits;
    struct index_site **sites; /* tables at hand; those that changed are put at a commit */
    size_t nsites, sites_cap;
    uint64_t clock;
    size_t damage_told; /* of what the store has met, so much was told */
};

/* Which document the page is. */
struct doc_key index_key(const struct page *p);
void index_key_name(const struct doc_key *key, char ret[33]);

/* The page's document; state DOC_NONE: it was never seen.  Strings lie in room. */
int index_find(struct winnow_index *ix, const struct page *p, struct store_doc *ret,
               struct buf *room, struct winnow_error *err);

/* The table of the page's site, to be looked at until the next call; NULL where the page
 * has none. */
int index_site(struct winnow_index *ix, const struct page *p, struct site_table **ret,
               struct winnow_error *err);

/* Counts the page for its site and notes its document down as seen, unless it was seen
 * before or the index is only read. */
int index_learn(struct winnow_index *ix, const struct page *p, struct winnow_error *err);

/* Damage that the store has met and nobody was told of becomes notes of the page: it was
 * compared with less than all. */
void index_note_damage(struct winnow_index *ix, struct page *p);

/* Who has the fingerprints of the text: in ix->hits, until the next call. */
int index_ask(struct winnow_index *ix, struct slice text, struct winnow_error *err);

#endif
