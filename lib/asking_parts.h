/* asking_parts.h - what the files of the owner's side share: pages in flight, and who waits.
 *
 * Pages that share text are to come out as if one had come after the other.  So each page
 * announces its fingerprints before it gets an answer, and waits for those before it that
 * announced one of them.
 *
 * 1. Who waits, waits for pages of an earlier turn only: none waits for itself, however long
 *    the chain.  An ordered page's turn is that of winnow_asking_new; another's comes with
 *    its last announcement (for fingerprints) or its first question (for its document).
 * 2. Pages of one document have turns at FIND: the second is told of the first.
 * 3. An ordered page waits, too, until those before it have said what they may share with
 *    it: their document and site at FIND, their fingerprints at PRINTS.  And its site's
 *    table is that which they leave behind.
 * 4. Whatever a page asks is bounded (question.h), and it is told of no document that its
 *    fingerprints did not name.
 *
 * The pages of an index are all ordered, or none is.  Only asking*.c include this. */
#ifndef WINNOW_ASKING_PARTS_H
#define WINNOW_ASKING_PARTS_H

#include "asking.h"
#include "index.h"
#include "question.h"
#include "told.h"

enum { FLIGHT_PIECES = QUESTION_PRINTS_MOST / QUESTION_PIECE };

/* A fingerprint of a page that is neither taken nor freed. */
struct flight {
    struct flight *next, **back; /* in its bucket */
    const struct winnow_asking *asking;
    uint64_t print;
};

struct flights {
    struct winnow_asking *first, *last; /* in the order in which they were made */
    struct flight **buckets;
    size_t cap, count;
    uint64_t seed;  /* random: nobody chooses who shares a bucket */
    uint64_t turns; /* given so far */
    uint64_t hashes[QUESTION_PIECE]; /* of the question at hand */
    struct buf head, body;            /* of the answer */
    struct buf room;                  /* a document's strings */
};

struct winnow_asking {
    struct winnow_index *index;
    struct winnow_asking *next, *before;
    uint64_t epoch;
    bool is_ordered, has_ended;
    bool is_released; /* its fingerprints are in nobody's way */

    bool is_expected; /* to speak for this document alone */
    struct doc_key expected;
    bool has_asked; /* FIND: which document, whose site */
    uint64_t find_turn;
    struct doc_key key;
    char *site;       /* "": none */
    unsigned finds;   /* that were answered */
    uint32_t number;  /* what the last one said; 0: a new document */

    struct flight *pieces[FLIGHT_PIECES]; /* of QUESTION_PIECE fingerprints, the last of fewer */
    size_t total, announced;
    bool is_announced;
    uint64_t print_turn;
    bool has_hits; /* the first were answered */
    size_t looked; /* up, of the fingerprints */

    uint32_t *hits; /* documents; by number once is_sorted */
    size_t nhits, hits_cap;
    bool is_sorted;
    size_t looks, texts, text_bytes; /* that were answered */
    struct told_version versions[QUESTION_TEXTS_MOST]; /* whose texts were */
    size_t nversions;
};

/* --- asking_wait.c ----------------------------------------------------------------------------- */

/* *ret->flights, made where there are none. */
WINNOW_CHECK int flights_of(struct winnow_index *ix, struct flights **ret,
                            struct winnow_error *err);

void flights_enter(struct flights *f, struct winnow_asking *a);
void flights_leave(struct flights *f, struct winnow_asking *a);

/* The page announces the next piece, so many of f->hashes.  WINNOW_ENOMEM; WINNOW_EDATA where
 * one comes twice. */
WINNOW_CHECK int flights_announce(struct flights *f, struct winnow_asking *a, size_t count);
void flights_end(struct flights *f, struct winnow_asking *a); /* it keeps no other waiting */

/* Must the page wait: with its document, with the table of its site, with that piece of its
 * fingerprints? */
bool asking_waits_to_find(const struct winnow_asking *a);
bool asking_waits_for_site(const struct winnow_asking *a);
bool asking_waits_for_prints(const struct flights *f, const struct winnow_asking *a,
                             size_t piece);

/* --- asking_answer.c --------------------------------------------------------------------------- */

/* Its answer's body is in f->body.  *hostile: that is no question that winnow asks.  Any other
 * failure is the answer, with err->text. */
WINNOW_CHECK int asking_answer(struct flights *f, struct winnow_asking *a, struct slice question,
                               bool *wait, bool *hostile, struct winnow_error *err);

/* How many fingerprints a piece has. */
static inline size_t asking_piece(const struct winnow_asking *a, size_t piece)
{
    size_t left = a->total - piece * QUESTION_PIECE;
    return left < QUESTION_PIECE ? left : QUESTION_PIECE;
}

#endif
