/* across_parts.h - what the files of the stage across share: candidates and findings.
 *
 * Only across*.c include it. */
#ifndef WINNOW_ACROSS_PARTS_H
#define WINNOW_ACROSS_PARTS_H

#include "index.h"
#include "judge.h"
#include "written.h"

enum {
    CANDIDATES_TOP = 8,  /* documents that share the most fingerprints */
    CANDIDATES_MORE = 8, /* and those that share what these do not have */
    CANDIDATES = CANDIDATES_TOP + CANDIDATES_MORE,
};

/* A document that shares fingerprints, and what the judge found. */
struct candidate {
    uint32_t number;
    uint32_t first;      /* its place in the order of documents */
    uint32_t prints;     /* of the page's, so many are its too */
    enum doc_state state;
    const char *document, *source; /* in the page's arena */
    struct across found;
    bool contained;       /* the page stands in it */
    bool contains;        /* it stands in the page */
    bool supersedes;      /* the page is the more complete copy */
};

struct candidates {
    struct candidate items[CANDIDATES];
    size_t count;
};

void candidates_free(struct candidates *c);

/* The documents of ix->hits that are worth a look, whose states allow it: not own itself,
 * and none that has no place before own->first but the one that superseded own. */
int candidates_choose(struct winnow_index *ix, const struct store_doc *own,
                      struct candidates *ret, struct winnow_error *err);

#endif
