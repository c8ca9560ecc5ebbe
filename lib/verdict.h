/* verdict.h - every byte of a page's text has one verdict and one reason.
 *
 * Stages mark byte ranges; nobody deletes.  Invariants, held by verdict_settle:
 *  1. The spans make up the text: no gap, no overlap.
 *  2. Who marked first wins: a later mark takes only bytes that are still kept, but a
 *     removal also takes the replacements that stand in it.
 *  3. Protected bytes are kept whatever comes later. */
#ifndef WINNOW_VERDICT_H
#define WINNOW_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "slice.h"
#include "winnow.h"

struct rule_file;

struct reason {
    const char *stage; /* static: "rules", "repeat" ... */
    const char *text;  /* in the page's arena, or static */
    uint32_t other_start, other_end; /* a repeat: the copy that stays; else 0, 0 */
    const struct rule_file *file;    /* of a rule's; NULL for others */
};

struct span {
    uint32_t start, end;
    uint32_t reason; /* index in verdicts.reasons; 0 is "kept" */
    uint8_t verdict; /* enum winnow_verdict */
    bool protect;
    struct slice with; /* REPLACED */
};

struct verdicts {
    struct span *spans; /* settled: sorted, disjoint, complete */
    size_t count, cap;
    struct span *marks; /* since the last settling, in the order they were made */
    size_t nmarks, marks_cap;
    struct reason *reasons;
    size_t nreasons, reasons_cap;
    uint32_t text_len;
    int status; /* the first failure of a mark: WINNOW_ENOMEM */
};

int verdict_init(struct verdicts *v, uint32_t text_len);
void verdict_free(struct verdicts *v);

/* Adds a reason and returns its index (0 after a failure, which v remembers). */
uint32_t verdict_reason(struct verdicts *v, struct reason reason);

/* Marks start..end; empty ranges are passed over.  Takes effect at verdict_settle. */
void verdict_remove(struct verdicts *v, uint32_t start, uint32_t end, uint32_t reason);
void verdict_replace(struct verdicts *v, uint32_t start, uint32_t end, struct slice with,
                     uint32_t reason);
void verdict_protect(struct verdicts *v, uint32_t start, uint32_t end, uint32_t reason);

/* Forgets all marks but the first n (of v->nmarks); nothing settled changes. */
void verdict_forget(struct verdicts *v, size_t n);

/* Merges the marks into the spans; returns v->status. */
int verdict_settle(struct verdicts *v);

/* Joins settled removals that lie side by side and whose reasons share their words (one
 * pointer). */
void verdict_join(struct verdicts *v);

/* The settled span that holds byte pos. */
size_t verdict_at(const struct verdicts *v, uint32_t pos);

/* Walks kept and replaced pieces of start..end in order: each call gives the next
 * piece (its bytes, and where it starts in the text) and returns false at the end. */
struct verdict_walk {
    const struct verdicts *v;
    const char *text;
    size_t i;
    uint32_t pos, end;
};
struct verdict_walk verdict_walk(const struct verdicts *v, const char *text, uint32_t start,
                                 uint32_t end);
bool verdict_next(struct verdict_walk *w, struct slice *piece, uint32_t *start);

#endif
