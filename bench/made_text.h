/* made_text.h - documents like those of the web, made as fast as they are read.
 *
 * Words are as often as a language has them (Zipf-Mandelbrot), short where they are often,
 * but follow one another by chance alone: so a text compresses worse than a real one, and
 * shares no phrase with another unless it is told to.  Document i is always the same. */
#ifndef WINNOW_BENCH_MADE_TEXT_H
#define WINNOW_BENCH_MADE_TEXT_H

#include <stdint.h>

#include "slice.h"

/* What a document has of an earlier one. */
enum made_kind { MADE_NEW, MADE_COPY, MADE_CUT, MADE_QUOTE, MADE_KINDS };

/* Of a hundred documents; the others are new. */
enum {
    MADE_COPIES = 3, /* the whole, byte by byte */
    MADE_CUTS = 3,   /* its first 30 to 90 percent, cut off in a word */
    MADE_QUOTES = 4, /* one or two of its paragraphs between its own */
};

struct made;

struct made *made_new(void);
void made_free(struct made *m);

/* Document i, from 0.  The text lies in m until the next call. */
enum made_kind made_document(struct made *m, uint64_t i, struct slice *ret);

#endif
