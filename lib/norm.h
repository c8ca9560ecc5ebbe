/* norm.h - the normalised stream: what two texts must share to be the same text.
 *
 * Compatibility-decomposed (NFKD; Hangul stays composed), case folded, only letters, marks
 * and digits kept; white space, quotes, apostrophes, dashes, soft hyphens, zero-width
 * characters and U+FFFD are dropped.  Two texts that are equal under NFKC are equal under
 * NFKD, and nothing has to be composed for it.  So "Council's" = "Councils", "fr om" =
 * "from", "discussed?Answer:" goes on as "discussed Answer".
 *
 * One byte of text becomes at most three of the stream.  A character that would become
 * more than eight others, or more than three times its own bytes, stays itself and is a
 * letter: U+FDFA, which is a sentence of eighteen characters, and U+337F, a square that
 * holds four.
 *
 * Beside its own bytes the stream takes about a third of a byte for each: where words
 * start is a bit, and where a byte comes from is found by folding some bytes of the text
 * again.  After norm_reserve no text takes more than four bytes of memory for one of its
 * own; beside that are some kilobytes, and what its alphabets become: 256 bytes for every
 * 64 characters of which one occurs, and 1.2 MB if the text holds all of Unicode. */
#ifndef WINNOW_NORM_H
#define WINNOW_NORM_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"
#include "winnow.h"

/* 64 bytes of the stream. */
struct norm_block {
    uint64_t starts; /* bit i: a word starts at its byte i */
    uint32_t before; /* words that start in the blocks before it */
    uint32_t anchor; /* the last of norm.anchors not behind its first byte */
};

/* A place from which the text can be folded again. */
struct norm_anchor {
    uint32_t pos;  /* in the stream */
    uint32_t at;   /* in the text: the first byte of a character */
    uint32_t part; /* of that character's decomposition, what stands at pos */
};

struct norm {
    unsigned char *bytes; /* normalised UTF-8, one piece behind the other */
    uint32_t len, cap;
    uint32_t nwords;
    uint64_t weight; /* of the whole stream, as norm_weight counts */

    /* Only norm*.c look further. */
    uint64_t most;             /* bytes that the announced text can need; 0: none is */
    struct norm_block *blocks; /* nblocks reach beyond len, zeroed */
    size_t nblocks, blocks_cap;
    uint32_t *hints; /* for every 64th word: its block */
    size_t nhints, hints_cap;
    struct norm_anchor *anchors; /* rising in pos and in at */
    size_t nanchors, anchors_cap;
    const char *piece; /* the last that was added, and where it stands in the text */
    uint32_t piece_at;
    uint64_t end;             /* of that piece, in the text */
    struct norm_cache *cache; /* what characters beyond ASCII become */
    size_t (*fold_ascii)(struct norm *n, const unsigned char *text, size_t max, bool *in_word);
};

void norm_init(struct norm *n);
void norm_free(struct norm *n);
void norm_clear(struct norm *n); /* keeps the memory */

/* Makes room for the stream of a text of so many bytes, so that adding it in many pieces
 * takes no more memory than it needs.  WINNOW_ENOMEM. */
int norm_reserve(struct norm *n, size_t text_len);

/* Appends text, which stands at byte `at` of the page's text.  A word starts at its first
 * letter unless `inside_word` (the piece goes on where the last one stopped).
 * WINNOW_ENOMEM; WINNOW_ELIMIT where the stream would pass 4 GiB; after either the stream
 * can only be cleared or freed. */
int norm_add(struct norm *n, struct slice text, uint32_t at, bool inside_word);

/* Where the character at pos (before n->len) starts in the page's text.  The pieces must
 * be slices of that one text, which is still as it was, given in its order; where one does
 * not start where the last one ended, a line break and nothing that the stream keeps lies
 * between them. */
uint32_t norm_text_at(const struct norm *n, uint32_t pos);

/* Where word i (below nwords) starts.  In scripts without spaces every character is a
 * word. */
uint32_t norm_word(const struct norm *n, uint32_t i);

/* The first word that does not start before pos: nwords where there is none. */
uint32_t norm_word_at(const struct norm *n, uint32_t pos);

/* Does a word start at pos? */
static inline bool norm_starts_word(const struct norm *n, uint32_t pos)
{
    return pos < n->len && n->blocks[pos / 64].starts >> pos % 64 & 1;
}

/* Words one after the other, for who wants many: a fifth of the cost of norm_word, or less. */
struct norm_walk {
    const struct norm_block *blocks;
    uint64_t left; /* words of the present block that are still to come */
    uint32_t block, nblocks;
};

/* The walk from word i on. */
struct norm_walk norm_walk(const struct norm *n, uint32_t i);

/* The next word's start; false behind the last. */
static inline bool norm_walk_next(struct norm_walk *w, uint32_t *ret)
{
    while (w->left == 0) {
        if (w->block + 1 >= w->nblocks)
            return false;
        w->left = w->blocks[++w->block].starts;
    }
    *ret = w->block * 64 + (uint32_t)__builtin_ctzll(w->left);
    w->left &= w->left - 1;
    return true;
}

/* Normalised characters in from..to, weighed, so that a bound in characters means as much
 * in any language.  A character of a script that is written without spaces and one
 * character a syllable or word (Han, kana, Hangul) counts for three.  A mark counts for
 * one where its combining class is 0, as that of the vowel signs of Hindi or Thai, and
 * else for nothing: accents, tones, the virama. */
uint32_t norm_weight(const struct norm *n, uint32_t from, uint32_t to);

#endif
