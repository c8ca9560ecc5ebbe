/* judge_evidence.c - is a passage that stands twice a copy, or does it recur?
 *
 * A copy that is cut short, or stands right beside the other, or is a good part of the
 * page, is no author's doing.  Of one that is merely equal, somewhere else, that is not
 * sure: a clause belongs to every offer, a forum's answer quotes the question, a manual
 * says the same of three systems.  So the page is judged twice: first as if all were
 * copies; and where that strews removals over it, the recurring is taken for its form,
 * and then the more passages recur, the longer each must be to go all the same.
 * Passages that follow one another closely on both sides are one block, as a print
 * view of the page is, and weigh together. */
#include "judge_parts.h"

#include <stdlib.h>

enum {
    FORM = 3,           /* so many passages that recur are the page's form */
    FORM_OF_SHORTS = 2, /* the same for lists, tables, code */
    PROSE_SHARE = 2,    /* a run is of prose where one part in so many is */
    MIXED_SHARE = 4,    /* a sentence that breaks off says nothing where less is */
    PAGE_SHARE = 5,     /* one part in so many of the page is no passage, but a block */
    GAP_SHARE = 4,      /* between two passages of a block, of both */
};

/* What lies between the copies, in bytes of the stream. */
static uint32_t gap_of(const struct pair *p)
{
    if (p->start >= p->other_end)
        return p->start - p->other_end;
    return p->other_start >= p->end ? p->other_start - p->end : 0;
}

/* So many bytes has the block to which p belongs. */
static uint32_t block_bytes(const struct detector *d, const struct pair *p)
{
    size_t low = 0, high = d->nblocks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (d->blocks[mid].end <= p->start)
            low = mid + 1;
        else
            high = mid;
    }
    const struct pair *b = &d->blocks[low];
    bool holds = low < d->nblocks && b->start <= p->start && p->end <= b->end;
    return holds ? b->end - b->start : p->end - p->start;
}

/* Does the evidence say that the run, which is p, is a copy, wherever it stands?  Lines
 * of code end and break off where they like. */
static bool is_copy(const struct detector *d, const struct pair *p, const struct run *run)
{
    if (run->cut == CUT_IN_WORD && !run->code)
        return true;
    if (run->cut == CUT_IN_SENTENCE && run->weight >= MIN_WHOLE &&
        run->prose >= run->weight / MIXED_SHARE)
        return true;
    return (gap_of(p) <= WORD_MAX && !run->code) ||
           block_bytes(d, p) >= d->norm.len / PAGE_SHARE;
}

bool evidence_suffices(struct detector *d, const struct pair *p, const struct run *run)
{
    if (is_copy(d, p, run))
        return true;
    if (GROW(d, d->scattered, d->nscattered, d->scattered_cap))
        d->scattered[d->nscattered++] = *p;
    uint64_t form = run->prose >= run->weight / PROSE_SHARE ? FORM : FORM_OF_SHORTS;
    uint64_t n = d->nblocks < form ? 1 : d->nblocks;
    uint64_t weight = (uint64_t)run->weight * block_bytes(d, p) / (p->end - p->start);
    return weight >= MIN_WHOLE * n * n;
}

/* --- blocks ------------------------------------------------------------------------------ */

static int by_place(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    return (p->start > q->start) - (p->start < q->start);
}

/* Does next go on where p stopped, on both sides? */
static bool goes_on(const struct pair *p, const struct pair *next)
{
    uint32_t most = (p->end - p->start + next->end - next->start) / GAP_SHARE;
    bool apart = next->other_end <= p->start || next->end <= p->other_start;
    return apart && next->start >= p->end && next->start - p->end <= most &&
           next->other_start >= p->other_end && next->other_start - p->other_end <= most;
}

bool evidence_makes_form(struct detector *d)
{
    if (d->nscattered < FORM_OF_SHORTS)
        return false;
    qsort(d->scattered, d->nscattered, sizeof *d->scattered, by_place);
    d->blocks = d->scattered;
    d->nblocks = 1;
    for (size_t i = 1; i < d->nscattered; i++) {
        struct pair *block = &d->blocks[d->nblocks - 1];
        const struct pair *next = &d->scattered[i];
        if (goes_on(block, next)) {
            block->end = next->end;
            block->other_end = next->other_end;
        } else {
            d->blocks[d->nblocks++] = *next;
        }
    }
    d->scattered = NULL;
    d->nscattered = d->scattered_cap = 0;
    return d->nblocks >= FORM_OF_SHORTS;
}
