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
    SHORT_PAGE = 10,    /* in one so many times a passage long less is by chance */
    PAGE_SHARE = 4,     /* more than one part in so many of the page is no clause in it */
    TABLE_SHARE = 45,   /* in hundred of the page: a table, or code, that stands twice */
    GAP_SHARE = 8,      /* between two passages of a block, of both */
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
    if (low == d->nblocks || d->blocks[low].start > p->start || d->blocks[low].end < p->end)
        return p->end - p->start;
    return d->blocks[low].end - d->blocks[low].start;
}

/* So many characters at least has a passage that is merely equal.  The longer the page,
 * the more recurs in it. */
static uint64_t least_weight(const struct detector *d)
{
    uint64_t least = d->norm.weight / SHORT_PAGE;
    return least < MIN_REPEAT ? MIN_REPEAT : least > MIN_WHOLE ? MIN_WHOLE : least;
}

/* The stream of the page that is judged: of two texts the later. */
static uint32_t page_bytes(const struct detector *d)
{
    return d->norm.len - d->seam;
}

/* Does the evidence say that the run, which is p, is a copy, wherever it stands? */
static bool is_copy(const struct detector *d, const struct pair *p, const struct run *run)
{
    return run->cut == CUT_IN_WORD || gap_of(p) <= CHANCE_MAX ||
           (run->cut == CUT_IN_SENTENCE && run->weight >= least_weight(d) &&
            run->prose >= run->weight / MIXED_SHARE) ||
           block_bytes(d, p) > page_bytes(d) / PAGE_SHARE;
}

bool evidence_suffices(struct detector *d, const struct pair *p, const struct run *run)
{
    /* Lines of code end and break off where they like, and rows are equal. */
    if (run->code > run->weight / 2)
        return (uint64_t)block_bytes(d, p) * 100 >= (uint64_t)page_bytes(d) * TABLE_SHARE;
    if (d->all || is_copy(d, p, run))
        return true;
    if (d->seam > 0) /* another document: no form of its own makes the page say the same */
        return run->weight >= MIN_WHOLE || run->other_cut == CUT_IN_WORD;
    if (GROW(d, d->scattered, d->nscattered, d->scattered_cap))
        d->scattered[d->nscattered++] = *p;
    uint64_t form = run->prose >= run->weight / PROSE_SHARE ? FORM : FORM_OF_SHORTS;
    uint64_t n = d->nblocks < form ? 1 : d->nblocks;
    uint64_t weight = (uint64_t)run->weight * block_bytes(d, p) / (p->end - p->start);
    return weight >= least_weight(d) * n * n;
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
        if (next->start < block->end) { /* the same passage, or a part of it */
            block->end = next->end > block->end ? next->end : block->end;
        } else if (goes_on(block, next)) {
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
