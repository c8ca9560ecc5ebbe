/* site_parts.h - what the files of the stage "site" share: a page seen as lines, and what is
 * found of them.
 *
 * Only site.c, site_delta.h, site_view.c and site_judge.c include it. */
#ifndef WINNOW_SITE_PARTS_H
#define WINNOW_SITE_PARTS_H

#include "buf.h"
#include "lines.h"
#include "page.h"
#include "site_table.h"

enum { PROSE_LEAST = 100 /* normalised characters of a line that is no label */ };

struct vline {
    uint64_t hash;
    const struct site_line *known; /* of the table; only while it does not change */
    struct site_share share;
    uint32_t block, weight; /* weight: in normalised characters */
    uint32_t key, key_len;  /* the normalised text, in the view's keys */
    uint32_t slot;          /* of what is the page's own */
    bool shared, in_place;
};

/* What the page has of its own between lines of the site. */
struct slot {
    uint32_t first, last; /* lines first..last-1 */
    uint64_t weight;
    bool label; /* its first line is shared, without a place: "On this page" */
    bool echo;
};

struct view {
    const struct page *page;
    struct lines lines;
    struct buf keys;
    struct vline *items; /* one for each of the lines */
    uint32_t *sorted;    /* their numbers by hash, then as they stand */
    size_t count;
    struct slot *slots;
    size_t nslots, slots_cap;
    size_t main_slot;
};

/* --- site_view.c --------------------------------------------------------------------------- */

/* The kept blocks of p as lines, which refer to it.  WINNOW_ENOMEM, WINNOW_ELIMIT; in any
 * case *ret is to be freed. */
WINNOW_CHECK int view_make(const struct page *p, struct view *ret);
void view_free(struct view *v);

struct slice view_words(const struct view *v, size_t i); /* line i as it stands */
struct slice view_key(const struct view *v, size_t i);   /* normalised */

/* The end, in v->sorted, of the lines that are equal to that at `from`. */
size_t view_equals_end(const struct view *v, size_t from);

/* The first in v->sorted whose hash is not below this one. */
size_t view_sorted_from(const struct view *v, uint64_t hash);

/* What stands in the page's first line beside line i, its heading, named by a hash:
 * " | Fjord Post".  0: line i is no part of it. */
uint64_t view_title_rest(const struct view *v, size_t i);

/* --- site_judge.c -------------------------------------------------------------------------- */

/* Finds what of the lines is the site's, by its table: shared, in_place, and the slots with
 * their echoes.  one_more: the table does not count this page yet.  WINNOW_ENOMEM. */
WINNOW_CHECK int view_judge(struct view *v, const struct site_table *t, bool one_more);

#endif
