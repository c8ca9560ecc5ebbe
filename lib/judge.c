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
 * whole, or cut, or goes on (judge_cover.c); then judge_decide.c says which side goes,
 * and judge_remove.c takes it out. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "judge_parts.h"

static void judge_chain(struct detector *d, const struct chain *c)
{
    d->number++;
    d->first_removal = d->removals->count;
    if (!chain_fit(d, c))
        return;
    groups_find(d);
    if (d->status != WINNOW_OK)
        return;
    decide_fates(d);
    remove_side(d, A);
    remove_side(d, B);
    remove_pieces(d);
}

/* --- headlines ---------------------------------------------------------------------- */

static bool same_line(const struct detector *d, const struct line *x, const struct line *y)
{
    return x->end - x->start == y->end - y->start &&
           memcmp(d->norm.bytes + x->start, d->norm.bytes + y->start, x->end - x->start) == 0;
}

static bool is_headline(const struct detector *d, const struct line *l)
{
    uint32_t words = norm_word_at(&d->norm, l->end) - norm_word_at(&d->norm, l->start);
    return l->weight >= MIN_HEADLINE && words >= MIN_HEADLINE_WORDS && !stream_is_rigid(d, l);
}

/* A headline that stands again right after itself: the first line that could be one. */
static void remove_headline(struct detector *d)
{
    d->number = 1;
    for (size_t i = 0; i + 1 < d->nlines; i++) {
        struct line *l = &d->lines[i], *next = l + 1;
        if (!is_headline(d, l))
            continue;
        for (; next < d->lines + d->nlines && same_line(d, l, next); next++) {
            next->gone = d->number;
            remove_text(d, (struct removal){.start = next->text_start, .end = next->text_end,
                                            .other_start = l->text_start,
                                            .other_end = l->text_end});
        }
        return;
    }
}

/* --- all of a text ------------------------------------------------------------------ */

static void detector_free(struct detector *d)
{
    norm_free(&d->norm);
    matches_free(&d->matches);
    free(d->lines);
    free(d->links);
    free(d->groups);
    free(d->scattered);
    free(d->blocks);
}

static void judge_chains(struct detector *d)
{
    for (size_t i = 0; i < d->matches.nchains && d->status == WINNOW_OK; i++)
        judge_chain(d, &d->matches.chains[i]);
}

/* Back to where only headlines, so many removals, are gone. */
static void forget_chains(struct detector *d, size_t headlines)
{
    d->removals->count = headlines;
    d->number = 1;
    for (size_t i = 0; i < d->nlines; i++)
        if (d->lines[i].gone > d->number)
            d->lines[i].gone = 0;
}

static void judge_twice(struct detector *d)
{
    size_t headlines = d->removals->count;
    judge_chains(d);
    if (d->status == WINNOW_OK && evidence_makes_form(d)) {
        forget_chains(d, headlines);
        judge_chains(d);
    }
}

int judge_repeats(struct slice text, struct removals *ret)
{
    struct detector d = {.text = text, .removals = ret};
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
