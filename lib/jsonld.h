/* jsonld.h - title, authors and date from a page's <script type="application/ld+json">.
 *
 * What a page says there follows schema.org, more or less: one object, an array of
 * them, or {"@graph": [...]}.  Text that is no JSON, or JSON past the bounds below,
 * says nothing; that is no failure. */
#ifndef WINNOW_JSONLD_H
#define WINNOW_JSONLD_H

#include "buf.h"
#include "slice.h"

enum jsonld_value {
    JSONLD_TITLE,
    JSONLD_AUTHOR, /* several are joined with ", " */
    JSONLD_DATE,   /* published or created; as the page writes it */
    JSONLD_MODIFIED,
    JSONLD_LANGUAGE,
    JSONLD_SITE, /* the publisher's name */
    JSONLD_VALUES
};

enum {
    JSONLD_BYTES_MOST = 1024 * 1024, /* parsed of one page, over all its scripts */
    JSONLD_ITEMS_MOST = 40000,       /* values in one script: each takes memory */
    JSONLD_DEPTH_MOST = 64,          /* arrays and objects in one another */
    JSONLD_VALUE_MOST = 4096,        /* bytes of a value: longer ones are none */
    JSONLD_AUTHORS_MOST = 16,
};

/* What the scripts read so far have said. */
struct jsonld {
    struct buf values[JSONLD_VALUES]; /* valid UTF-8; empty: not said */
    int ranks[JSONLD_VALUES];         /* how well what said it is known to be the article */
    size_t bytes_left;
    unsigned references_left;
    unsigned heard; /* ranks of which an object has spoken, as bits */
    int status; /* WINNOW_OK, or WINNOW_ENOMEM for good */
};

void jsonld_init(struct jsonld *ld);
void jsonld_free(struct jsonld *ld);

/* Reads the text of one more script, which is UTF-8.  An article's own values count
 * before those of the page around it. */
void jsonld_read(struct jsonld *ld, struct slice script);

#endif
