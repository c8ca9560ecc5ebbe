/* norm_parts.h - what the files of the normalised stream share: its room, the
 * places it remembers, and the folding of ASCII.
 *
 * Only norm*.c and their test include it. */
#ifndef WINNOW_NORM_PARTS_H
#define WINNOW_NORM_PARTS_H

#include "norm.h"

enum {
    /* Bytes of text between two anchors: a place is found by folding that many
   * again, and an anchor costs twelve. */
    ANCHOR_EVERY = 128,
    /* ASCII that is folded between two looks at whether an anchor is due. */
    ASCII_STEP = 64,
    /* Bytes of text folded between two looks at the room, and the room that they,
   * the waiting marks and one long decomposition can need. */
    CHUNK = 1024,
    ROOM = 3 * CHUNK,
};

/* --- norm_index.c: the stream's room, its words and its anchors
 * ------------------------ */

/* Room for ROOM more bytes, and their blocks zeroed.  WINNOW_ENOMEM,
 * WINNOW_ELIMIT. */
int norm_make_room(struct norm *n);

/* Remembers that what is at n->len comes from that place of the text. */
int norm_push_anchor(struct norm *n, uint32_t at, uint32_t part);

/* The last anchor that is not behind pos; there is one. */
const struct norm_anchor *norm_anchor_of(const struct norm *n, uint32_t pos);

/* Brings nwords, hints and the blocks up to len; `from` is where the stream
 * ended when this was done last.  WINNOW_ENOMEM. */
int norm_seal(struct norm *n, uint32_t from);

/* --- norm_ascii.c
 * ------------------------------------------------------------------------- */

enum {
    SEPARATOR = 0, /* dropped, and a word ends */
    JOINER = 1,    /* dropped, and the word goes on: an apostrophe */
};

/* What an ASCII character becomes: one of these, or the character that is kept.
 */
extern const unsigned char norm_ascii[128];

/* Appends the ASCII in front of text, of at most ASCII_STEP bytes, for which
 * there is room; returns its length.  *in_word: does the stream stand within a
 * word? */
typedef size_t norm_ascii_fold(struct norm *n, const unsigned char *text, size_t max,
                               bool *in_word);
norm_ascii_fold norm_ascii_plain;

/* The fastest that this processor has. */
norm_ascii_fold *norm_ascii_best(void);

#endif
