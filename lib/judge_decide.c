/* judge_decide.c - which copy of a passage goes, and whether it is a repeat at all.
 *
 * In this order: the copy that another contains (one side is whole, and the other
 * sticks out of the chain); the one that was cut; whole lines before pieces of lines.
 * Where a group says nothing the chain's other groups decide, so that a copy goes in
 * one piece; then lateness. */
#include "judge_parts.h"

/* --- which copy ------------------------------------------------------------------------- */

enum fate decide_fate_of(enum side s)
{
    return s == A ? A_GOES : B_GOES;
}

/* What a group says for itself: STAYS where it says nothing.  An earlier copy gives
 * way only where nothing but what cut it short is lost by it. */
static enum fate own_fate(const struct group *g)
{
    for (int s = A; s <= B; s++) {
        bool more = g->whole_weight[s] > g->whole_weight[!s];
        bool safe = s == B || g->exact[A] || g->cut[A];
        if (g->whole[s] && g->cut[s] && !g->cut[!s])
            return decide_fate_of(s);
        if (g->cut[!s] && !g->cut[s] && g->says_more[!s] && !g->exact[s])
            return PIECE_GOES; /* the cut copy is a piece of a line */
        if (more && safe && g->says_more[!s])
            return decide_fate_of(s);
    }
    if (g->says_more[A] && g->says_more[B] && g->whole_weight[A] == 0 && g->whole_weight[B] == 0)
        return PIECE_GOES;
    return STAYS;
}

/* Gives each group what it says for itself, and returns the side for which the
 * chain then speaks. */
static enum fate own_fates(struct detector *d)
{
    uint64_t weight[2] = {0, 0};
    for (size_t k = 0; k < d->ngroups; k++) {
        struct group *g = &d->groups[k];
        g->fate = own_fate(g);
        if (d->overlaps && g->fate == A_GOES)
            g->fate = B_GOES; /* of a row of copies the first is the one to keep */
        for (int s = A; s <= B; s++)
            if (g->fate == decide_fate_of(s))
                weight[s] += g->whole_weight[s];
    }
    return weight[A] > 0 && weight[B] == 0 ? A_GOES : B_GOES;
}

void decide_fates(struct detector *d)
{
    enum fate rest = own_fates(d);
    for (size_t k = 0; k < d->ngroups; k++)
        if (d->groups[k].fate == STAYS)
            d->groups[k].fate = d->groups[k].exact[A] ? rest : B_GOES;
}

/* --- a repeat ---------------------------------------------------------------------------- */

/* Speaker labels, a chorus, the cells of a table recur because they belong there
 * (but nobody sings a chorus that is cut off); a sentence that differs by a word may
 * say something else; but not much that differs by little. */
bool decide_is_repeat(const struct detector *d, const struct run *run)
{
    if (d->overlaps && run->prose == 0)
        return false; /* rows of zeros, a song of one line: they are meant to recur */
    if (run->unmatched == 0)
        return run->weight >= (run->prose > 0 || run->cut == CUT_IN_WORD ? MIN_REPEAT : MIN_SHORTS);
    if (run->rigid || run->unmatched > run->weight / NEAR_SHARE)
        return false;
    if (run->prose > 0)
        return run->weight >= (run->cut == CUT_IN_WORD ? MIN_REPEAT : MIN_NEAR);
    return run->weight >= MIN_NEAR_SHORTS;
}
