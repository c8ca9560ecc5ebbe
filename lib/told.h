/* told.h - what the owner of an index is told of one page, as bytes.
 *
 *     "wtld" | version 4 | flags 4 | key 16 | content 16 | content before 16 |
 *     source, url, site as strings |
 *     site's delta as a string (site_delta.h) | text as a string | hashes as a string, 8 each |
 *     superseded: how many 4, then for each: key 16 | content 16 |
 *     XXH3-64 of all that stands before it 8
 *
 * Documents are named by their keys, never by numbers: those change their meaning with a
 * failed commit, and what is told may be told again after one. */
#ifndef WINNOW_TOLD_H
#define WINNOW_TOLD_H

#include "buf.h"
#include "slice.h"
#include "store/store.h"

enum {
    TOLD_LEARNED = 1, /* the document is new: its site is to count it */
    TOLD_ADDED = 2,   /* it is to be put, with its text */
    TOLD_KEEPS = 4,   /* it keeps the place in the order of documents of the version before */
    TOLD_FLAGS = 7,
};

enum { TOLD_SUPERSEDED_MOST = 16 };

/* One version of a document. */
struct told_version {
    struct doc_key key, content;
};

struct told {
    uint32_t flags;
    struct told_version own;
    struct doc_key before; /* content of the version that the page took the place of, or 0 */
    struct slice source, url, site;
    struct slice delta;  /* empty: the page has no site */
    struct slice text;
    struct slice hashes; /* to be kept of the text; unaligned */
    struct told_version superseded[TOLD_SUPERSEDED_MOST];
    size_t nsuperseded;
};

/* Appends it; a failure is in ret->status. */
void told_write(const struct told *t, struct buf *ret);

/* Slices point into bytes.  WINNOW_EDATA where they are none, or more than can be. */
WINNOW_CHECK int told_read(struct slice bytes, struct told *ret, struct winnow_error *err);

static inline bool told_is_version(const struct told_version *v, const struct doc_key *key,
                                   const struct doc_key *content)
{
    return memcmp(&v->key, key, sizeof *key) == 0 &&
           memcmp(&v->content, content, sizeof *content) == 0;
}

#endif
