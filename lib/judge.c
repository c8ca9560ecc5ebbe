/* judge.c - find the passages that stand twice in a text, and say which copy goes.
 *
 * 1. What goes has a copy that stays: a removal names a passage that is kept at
 *    that moment, and never comes back itself, so no circle can form.
 * 2. Which copy goes does not depend on how they were found (judge_decide.c).
 * 3. No word is cut, and no sentence but where the copy itself was cut.
 *
 * A line here is one that has letters (judge_stream.c).  match.c finds pairs of
 * passages: chains, an earlier side A and a later side B.  Each is fitted to its lines
 * (judge_chain.c) and falls into groups of them (judge_groups.c), of which each side is
 * whole, or cut, or goes on (judge_cover.c), or says something else where the two are
 * not equal (judge_gap.c); then judge_decide.c says which side goes, judge_evidence.c
 * whether it is a copy or the page's form, and judge_remove.c takes it out. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "judge_parts.h"

/* What judging a chain costs, in nanoseconds, roughly (pieces of lines are charged when
 * they are looked for: judge_remove.c); and what all chains may cost: so much, and so
 * much a byte of the text.  Of 2,700 pages that were looked at none cost a tenth of what
 * is free.  A chain of which one side is gone costs nothing. */
enum {
    CHAIN_WORK = 1000,
    LINE_WORK = 50,
    LINK_WORK = 50,
    WORK_FREE = 1 << 22,
    WORK_PER_BYTE = 6,
};

/* --- a chain ------------------------------------------------------------------------ */

static void clear_now(struct detector *d, uint32_t from, uint32_t to)
{
    memset(d->gone_now + from / 64, 0, (to / 64 - from / 64 + 1) * sizeof *d->gone_now);
}

void judge_clear_now(struct detector *d)
{
    for (int s = A; s <= B; s++)
        clear_now(d, d->groups[0].first[s], d->groups[d->ngroups].first[s]);
}

struct range judge_lines_of(const struct detector *d, const struct chain *c, enum side s)
{
    const struct link *first = &d->matches.links[c->first], *last = first + c->count - 1;
    return (struct range){stream_line_at(d, link_at(first, s)),
                          stream_line_at(d, link_at(last, s) + last->len - 1) + 1};
}

bool judge_affords(struct detector *d, uint64_t work)
{
    if (d->work + work > WORK_FREE + WORK_PER_BYTE * (uint64_t)d->text.len)
        return false;
    d->work += work;
    return true;
}

uint64_t judge_work_of(const struct chain *c, const struct range lines[2])
{
    uint64_t touched = lines[A].to - lines[A].from + (lines[B].to - lines[B].from);
    return CHAIN_WORK + LINE_WORK * touched + LINK_WORK * (uint64_t)c->count;
}

/* Of a row of copies only prose goes (decide_is_repeat). */
static bool has_long_line(const struct detector *d)
{
    uint32_t i = stream_line_at(d, chain_start(d, A));
    for (uint32_t end = chain_end(d, B); i < d->nlines && d->marks[i].start < end; i++)
        if (d->marks[i + 1].start - d->marks[i].start >= LONG_LINE)
            return true;
    return false;
}

static bool any_stands(const struct detector *d, struct range lines)
{
    return lines_any_stands(d, lines.from, lines.to);
}

static void judge_chain(struct detector *d, const struct chain *c)
{
    struct range lines[2] = {judge_lines_of(d, c, A), judge_lines_of(d, c, B)};
    if (!any_stands(d, lines[A]) || !any_stands(d, lines[B]) ||
        !judge_affords(d, judge_work_of(c, lines)))
        return;
    d->first_removal = d->removals->count;
    if (!chain_fit(d, c) || (d->overlaps && !has_long_line(d)) || !groups_find(d))
        return;
    decide_fates(d);
    remove_side(d, A);
    remove_side(d, B);
    remove_pieces(d);
    judge_clear_now(d);
}

/* --- headlines ---------------------------------------------------------------------- */

/* Are line i and the next the same? */
static bool next_is_same(const struct detector *d, uint32_t i)
{
    const struct mark *m = &d->marks[i];
    uint32_t len = m[1].start - m->start;
    return m[2].start - m[1].start == len &&
           memcmp(d->norm.bytes + m->start, d->norm.bytes + m[1].start, len) == 0;
}

/* A character weighs no more than it has bytes: the length alone rules most out. */
static bool is_headline(const struct detector *d, uint32_t i)
{
    if (d->marks[i + 1].start - d->marks[i].start < MIN_HEADLINE)
        return false;
    struct line line = stream_line(d, i), *l = &line;
    uint32_t words = norm_word_at(&d->norm, l->end) - norm_word_at(&d->norm, l->start);
    return l->weight >= MIN_HEADLINE && words >= MIN_HEADLINE_WORDS && !stream_is_rigid(d, l);
}

/* A headline that stands again right after itself: the first line that could be one. */
static void remove_headline(struct detector *d)
{
    uint32_t i = 0, nlines = (uint32_t)d->nlines;
    while (i + 1 < nlines && !is_headline(d, i))
        i++;
    if (i + 1 >= nlines)
        return;
    struct line l = stream_line(d, i);
    for (uint32_t next = i + 1; next < nlines && next_is_same(d, next - 1); next++) {
        struct line copy = stream_line(d, next);
        remove_text(d, (struct removal){.start = copy.text_start, .end = copy.text_end,
                                        .other_start = l.text_start, .other_end = l.text_end});
        d->gone[next / 64] |= (uint64_t)1 << next % 64;
    }
}

/* --- all of a text ------------------------------------------------------------------ */

void detector_free(struct detector *d)
{
    norm_free(&d->norm);
    matches_free(&d->matches);
    free(d->marks);
    free(d->longs);
    free(d->gone);
    free(d->line_hints);
    free(d->room);
    free(d->groups);
    free(d->scattered);
    free(d->taken);
    free(d->blocks);
}

static void judge_chains(struct detector *d)
{
    for (size_t i = 0; i < d->matches.nchains && d->status == WINNOW_OK; i++)
        judge_chain(d, &d->matches.chains[i]);
}

/* Back to where only headlines are gone. */
static void forget_chains(struct detector *d)
{
    memset(d->gone, 0, (d->nlines / 64 + 1) * sizeof *d->gone);
    d->removals->count = d->first;
    d->overlaps = false;
    remove_headline(d);
}

static void judge_twice(struct detector *d)
{
    judge_chains(d);
    if (d->status == WINNOW_OK && evidence_makes_form(d)) {
        forget_chains(d);
        judge_chains(d);
    }
}

int judge_repeats(struct slice text, bool all, struct removals *ret)
{
    struct detector d = {.text = text, .all = all, .removals = ret, .first = ret->count};
    norm_init(&d.norm);
    stream_build(&d);
    if (d.status == WINNOW_OK)
        remove_headline(&d);
    if (d.status == WINNOW_OK)
        d.status = match_find(&d.norm, MIN_REPEAT, &d.matches);
    if (d.status == WINNOW_OK)
        judge_twice(&d);
    detector_free(&d);
    return d.status;
}
