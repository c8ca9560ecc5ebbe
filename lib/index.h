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
struct flights;
struct remote;
struct told;

struct winnow_index {
    struct store *store;
    bool read_only;
    struct prints prints;
    struct store_hits hits;
    struct index_site **sites; /* tables at hand; those that changed are put at a commit */
    size_t nsites, sites_cap;
    uint64_t clock;
    size_t damage_told; /* of what the store has met, so much was told */
    uint64_t epoch; /* of document numbers: they change their meaning with a failed commit */
    struct flights *flights; /* pages that are being cleaned elsewhere; NULL: none ever were */
    struct remote *remote;   /* the store, where it is one that asks; else NULL */
    struct buf delta;        /* then: what the page adds to its site */
};

bool index_is_read_only(const struct winnow_index *ix);
int index_fail_read_only(struct winnow_error *err);

/* Which document the page is. */
struct doc_key index_key(const struct page *p);
void index_key_name(const struct doc_key *key, char ret[33]);

/* Is it this version of the document, and was it put as one whose text counts? */
bool index_is_known(const struct store_doc *known, const struct doc_key *content);

/* The page's document; state DOC_NONE: it was never seen.  Strings lie in room. */
int index_find(struct winnow_index *ix, const struct page *p, struct store_doc *ret,
               struct buf *room, struct winnow_error *err);

/* The table of the page's site, to be looked at until the next call; NULL where the page
 * has none. */
int index_site(struct winnow_index *ix, const struct page *p, struct site_table **ret,
               struct winnow_error *err);

/* The same table as a blob, until the next call; it may miss some of the last documents of
 * many, unless the newest is wanted. */
int index_site_blob(struct winnow_index *ix, const char *name, bool newest, struct slice *ret,
                    struct winnow_error *err);

/* Counts a page, which has a site, or what another process has found it to add. */
int index_site_learn(struct winnow_index *ix, const struct page *p, struct winnow_error *err);
int index_site_add(struct winnow_index *ix, const char *name, struct slice delta,
                   struct winnow_error *err);

/* Puts the tables that changed into the store; forgets all. */
int index_save_sites(struct winnow_index *ix, struct winnow_error *err);
void index_forget_sites(struct winnow_index *ix);

/* Counts the page for its site and notes its document down as seen, unless it was seen
 * before or the index is only read. */
int index_learn(struct winnow_index *ix, const struct page *p, struct winnow_error *err);

/* Does what index_learn and winnow_index_add did elsewhere.  again: unless a later version of
 * the document has come.  WINNOW_EDATA where what is told of the site is none; then the index
 * is as it was. */
int index_take(struct winnow_index *ix, const struct told *told, bool again,
               struct winnow_error *err);

/* Damage that the store has met and nobody was told of becomes notes of the page: it was
 * compared with less than all. */
void index_note_damage(struct winnow_index *ix, struct page *p);

/* Who has the fingerprints of the text: in ix->hits, until the next call. */
int index_ask(struct winnow_index *ix, struct slice text, struct winnow_error *err);

#endif
