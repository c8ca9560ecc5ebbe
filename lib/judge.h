/* judge.h - passages that stand twice in a text, or once whole and once cut short. */
#ifndef WINNOW_JUDGE_H
#define WINNOW_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/* Bytes start..end of the text go in favour of other_start..other_end. */
struct removal {
    uint32_t start, end;
    uint32_t other_start, other_end;
    bool cut; /* this copy had been cut short */
};

struct removals {
    struct removal *items; /* from the heap */
    size_t count, cap;
};

/* Judges the lines of text and appends what goes to *ret, which the caller frees, also
 * after a failure.  all: what the text's form may make recur goes as well.  The same text always gives the same answer.  WINNOW_ENOMEM;
 * WINNOW_ELIMIT where the normalised stream would pass 4 GiB.
 *
 * The longest passages are judged first, and one that the work allowed no longer
 * affords (so much, and so much a byte of the text: judge.c) stays unjudged.  Only texts
 * of megabytes that repeat themselves almost everywhere come to that. */
int judge_repeats(struct slice text, bool all, struct removals *ret);

#endif
