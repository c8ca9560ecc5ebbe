/* norm.h - the normalised stream: what two texts must share to be the same text.
 *
 * Compatibility-decomposed (NFKD; Hangul stays composed), case folded, only
 * letters, marks and digits kept; white space, quotes, apostrophes, dashes, soft
 * hyphens, zero-width characters and U+FFFD are dropped.  Two texts that are equal
 * under NFKC are equal under NFKD, and nothing has to be composed for it.  So
 * "Council's" = "Councils", "fr om" = "from", "discussed?Answer:" goes on as
 * "discussed Answer". */
#ifndef WINNOW_NORM_H
#define WINNOW_NORM_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"
#include "winnow.h"

struct norm {
    unsigned char *bytes; /* normalised UTF-8, one text behind the other */
    uint32_t *map;        /* for each byte: where its character starts in the page's text */
    uint32_t len;
    uint32_t cap;
    uint32_t *words; /* ascending positions in bytes at which a word starts (scripts
                        without spaces: every character) */
    uint32_t nwords, words_cap;
};

void norm_init(struct norm *n);
void norm_free(struct norm *n);
void norm_clear(struct norm *n); /* keeps the memory */

/* Appends text, which stands at byte `at` of the page's text.  A word starts at
 * its first letter unless `inside_word` (the piece goes on where the last one
 * stopped).  WINNOW_ENOMEM; WINNOW_ELIMIT where the stream would pass 4 GiB. */
int norm_add(struct norm *n, struct slice text, uint32_t at, bool inside_word);

/* Where the character at pos starts in the page's text. */
static inline uint32_t norm_text_at(const struct norm *n, uint32_t pos)
{
    return n->map[pos];
}

/* Where word i starts. */
static inline uint32_t norm_word(const struct norm *n, uint32_t i)
{
    return n->words[i];
}

/* Normalised characters in from..to, weighed: a character of a script that is
 * written without spaces and one character a syllable or word (Han, kana, Hangul)
 * counts for three, a combining mark for nothing, so that a bound in characters
 * means as much in any language. */
uint32_t norm_weight(const struct norm *n, uint32_t from, uint32_t to);

/* The first of n->words that is not before pos: nwords where there is none. */
uint32_t norm_word_at(const struct norm *n, uint32_t pos);

#endif
