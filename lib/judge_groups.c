/* judge_groups.c - cut a chain into groups, and say what each side of a group is.
 *
 * A chain falls into groups at the places where both sides have a line's edge; in
 *
 *     A:  |first line| second line | third li|          (cut off)
 *     B:  |first line| second line | third line, whole|
 *
 * three groups.  What is said of a side here, judge_decide.c weighs. */
#include "judge_parts.h"

/* --- cutting ---------------------------------------------------------------------------- */

static bool push_group(struct detector *d, uint32_t i, uint32_t j)
{
    if (!GROW(d, d->groups, d->ngroups, d->groups_cap))
        return false;
    d->groups[d->ngroups++] = (struct group){.first = {i, j}};
    return true;
}

/* The place on B of a line's edge at x on A: a point within a link, a range where
 * there is a gap (in which both sides may have edges). */
struct place {
    uint32_t a_low, a_high, b_low, b_high;
};

static struct place place_of(const struct detector *d, uint32_t x)
{
    size_t i = chain_link_behind(d, A, x);
    const struct link *l = &d->links[i];
    if (i < d->nlinks && l->a < x)
        return (struct place){x, x, l->b + (x - l->a), l->b + (x - l->a)};
    const struct link *before = &d->links[i - 1]; /* x lies behind the chain's start */
    return (struct place){before->a + before->len, i < d->nlinks ? l->a : x,
                          before->b + before->len, i < d->nlinks ? l->b : chain_end(d, B)};
}

/* The last line that starts at or before pos, but not behind line `last`. */
static uint32_t last_line_from(const struct detector *d, uint32_t pos, uint32_t last)
{
    if (pos >= d->lines[last].start)
        return last;
    return stream_line_at(d, pos);
}

static void cut_groups(struct detector *d)
{
    uint32_t last_a = stream_line_at(d, chain_end(d, A) - 1);
    uint32_t last_b = stream_line_at(d, chain_end(d, B) - 1);
    uint32_t i = stream_line_at(d, chain_start(d, A)), j = stream_line_at(d, chain_start(d, B));
    d->ngroups = 0;
    push_group(d, i, j);
    for (i++, j++; i <= last_a && j <= last_b && d->status == WINNOW_OK; i++) {
        struct place place = place_of(d, d->lines[i].start);
        while (j <= last_b && d->lines[j].start < place.b_low)
            j++;
        if (j > last_b || d->lines[j].start > place.b_high)
            continue;
        uint32_t i_last = last_line_from(d, place.a_high, last_a);
        uint32_t j_last = last_line_from(d, place.b_high, last_b);
        push_group(d, i, j);
        if (i_last != i || j_last != j)
            push_group(d, i_last, j_last);
        i = i_last;
        j = j_last + 1;
    }
    if (push_group(d, last_a + 1, last_b + 1))
        d->ngroups--; /* the one behind the last */
}

/* --- what each side is ------------------------------------------------------------------ */

static bool is_first(const struct detector *d, const struct group *g)
{
    return g == d->groups;
}

static bool is_last(const struct detector *d, const struct group *g)
{
    return g == d->groups + d->ngroups - 1;
}

static bool is_empty(const struct group *g, enum side s)
{
    return g->first[s] == group_end(g, s);
}

static const struct line *first_line(const struct detector *d, const struct group *g, enum side s)
{
    return &d->lines[g->first[s]];
}

static const struct line *last_line(const struct detector *d, const struct group *g, enum side s)
{
    return &d->lines[group_end(g, s) - 1];
}

static bool sticks_out(const struct detector *d, const struct group *g, enum side s)
{
    if (is_empty(g, s))
        return false;
    return (is_first(d, g) && cover_leaves_head(d, s, first_line(d, g, s))) ||
           (is_last(d, g) && cover_leaves_tail(d, s, last_line(d, g, s)));
}

static enum cut cut_of(const struct detector *d, const struct group *g, enum side s)
{
    if (is_empty(g, A) || is_empty(g, B))
        return UNCUT;
    enum cut start = cover_cut_at_start(d, s, first_line(d, g, s), first_line(d, g, !s));
    enum cut end = cover_cut_at_end(d, s, last_line(d, g, s), last_line(d, g, !s));
    return start > end ? start : end;
}

bool group_line_is_whole(const struct detector *d, const struct group *g, enum side s, uint32_t i)
{
    bool edge = (is_first(d, g) && i == g->first[s]) ||
                (is_last(d, g) && i + 1 == group_end(g, s));
    enum position where = !edge ? INSIDE : g->sticks_out[!s] ? AT_OPEN_EDGE : AT_EDGE;
    return cover_is_whole(d, s, &d->lines[i], where);
}

static void weigh_side(const struct detector *d, struct group *g, enum side s)
{
    g->whole[s] = !is_empty(g, s);
    g->exact[s] = true;
    for (uint32_t i = g->first[s]; i < group_end(g, s); i++) {
        if (group_line_is_whole(d, g, s, i)) {
            g->whole_weight[s] += d->lines[i].weight;
            g->exact[s] &= cover_is_exact(d, s, &d->lines[i]);
        } else {
            g->whole[s] = false;
        }
    }
}

/* A side is weighed by whether the other sticks out: that is known of both first. */
static void describe_group(const struct detector *d, struct group *g)
{
    for (int s = A; s <= B; s++)
        g->sticks_out[s] = sticks_out(d, g, s);
    for (int s = A; s <= B; s++) {
        weigh_side(d, g, s);
        g->cut[s] = (uint8_t)cut_of(d, g, s);
    }
}

void groups_find(struct detector *d)
{
    cut_groups(d);
    for (size_t k = 0; k < d->ngroups && d->status == WINNOW_OK; k++)
        describe_group(d, &d->groups[k]);
}
