/* site_delta.h - what one page adds to the table of its site.
 *
 * A page can be counted far from its table: what it adds hangs on the page alone, and what
 * becomes of that (is it a copy? which neighbour of many has the vote?) on the table as it
 * is when it comes.  So pages that were read at once count as if one had come after the
 * other.  Only what is told of slots was found with a table that may be older.
 *
 * As bytes (wire.h):
 *
 *     name: length 1, bytes
 *     lines 4, then for each: hash 8 | weight 4 | words: length 1, bytes | cut 1
 *     titles 1, then for each: hash 8
 *     slots 4, then for each: before 8 | after 8 | lines 4 | echo 1 */
#ifndef WINNOW_SITE_DELTA_H
#define WINNOW_SITE_DELTA_H

#include "site_parts.h"

enum {
    DELTA_LINES = 16384, /* counted of a page: half from its head, half from its tail */
    DELTA_TITLES = 4,    /* lines of a page that may be its title's heading */
    DELTA_SLOTS = 4096,
};

struct delta_line {
    uint64_t hash;
    struct slice words; /* of the first of equals, as they are stored; else empty */
    uint32_t weight;    /* in normalised characters */
    bool cut;           /* the line goes on behind them */
};

/* Pages' own lines between two of the site's: see struct site_slot. */
struct delta_slot {
    uint64_t before, after;
    uint32_t lines;
    bool echo;
};

struct site_delta {
    char name[SITE_EXAMPLE_MOST + 1]; /* of the document; "": it has none, or a longer one */
    struct delta_line *lines; /* as they stand */
    uint32_t *sorted;         /* their numbers by hash, then as they stand */
    size_t count;
    uint64_t titles[DELTA_TITLES];
    size_t ntitles;
    struct delta_slot *slots;
    size_t nslots, slots_cap;
};

/* The page's lines and titles; words lie in v.  WINNOW_ENOMEM; in any case *ret is to be
 * freed. */
WINNOW_CHECK int site_delta_make(const struct view *v, struct site_delta *ret);
void site_delta_free(struct site_delta *d);

/* Counts lines and titles, each once; *ret_counted is false where the page is a copy, and
 * the table as it was.  WINNOW_ENOMEM: the table is good for nothing any more. */
WINNOW_CHECK int site_delta_count(const struct site_delta *d, struct site_table *t,
                                  bool *ret_counted);

/* Counts the slots of a page that t has counted already, and notes them down in d. */
WINNOW_CHECK int site_delta_see_slots(struct site_delta *d, struct view *v, struct site_table *t);

/* Counts the slots that another table has seen. */
void site_delta_count_slots(const struct site_delta *d, struct site_table *t);

/* Appends it as bytes. */
void site_delta_write(const struct site_delta *d, struct buf *ret);

/* Words lie in bytes.  WINNOW_EDATA where they are none; WINNOW_ENOMEM. */
WINNOW_CHECK int site_delta_read(struct slice bytes, struct site_delta *ret);

#endif
