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
    bool cut;       /* this copy had been cut short */
    bool other_cut; /* the other one had (only judge_across asks) */
};

struct removals {
    struct removal *items; /* from the heap */
    size_t count, cap;
};

/* Judges the lines of text and appends what goes to *ret, which the caller frees, also
 * after a failure.  all: what the text's form may make recur goes as well.  The same text always
 * gives the same answer.  WINNOW_ENOMEM;
 * WINNOW_ELIMIT where the normalised stream would pass 4 GiB.
 *
 * The longest passages are judged first, and one that the work allowed no longer
 * affords (so much, and so much a byte of the text: judge.c) stays unjudged.  Only texts
 * of megabytes that repeat themselves almost everywhere come to that. */
int judge_repeats(struct slice text, bool all, struct removals *ret);

/* What a later text has of an earlier one. */
struct across {
    struct removals removals; /* passages of the later text; other_* are of the earlier */
    uint64_t weight, other_weight; /* normalised characters of the later, the earlier text */
    uint64_t shared, other_shared; /* of these, so many stand in the other */
    bool cut, other_cut; /* a passage is cut short in the later, the earlier text */
};

/* Judges which passages of `later` stand in `earlier`; the same texts always give the same
 * answer.  ret->removals is appended to and the caller's to free, also after a failure.
 * WINNOW_ENOMEM; WINNOW_ELIMIT where both together pass 4 GiB. */
int judge_across(struct slice earlier, struct slice later, struct across *ret);

#endif
