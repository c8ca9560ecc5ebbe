/* judge_groups.c - cut a chain into groups, and say what each side of a group is.
 *
 * A chain falls into groups at the places where both sides have a line's edge; in
 *
 *     A:  |first line| second line | third li|          (cut off)
 *     B:  |first line| second line | third line, whole|
 *
 * three groups; but lines that stand one to one, without any difference, are a group
together, for there may be millions.  What is said of a side here, judge_decide.c
weighs. */
#include "judge_parts.h"

#include "sentence.h"

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
    if (pos >= d->marks[last].start)
        return last;
    return stream_line_at(d, pos);
}

/* Does an ellipsis stand behind one of two equal lines alone?  Then that one was cut. */
static bool ends_alike(const struct detector *d, uint32_t i, uint32_t j)
{
    if (stream_ends_in_letter(d, i) && stream_ends_in_letter(d, j))
        return true;
    struct line a = stream_line(d, i), b = stream_line(d, j);
    return sentence_has_ellipsis(stream_gap(d, &a, a.end)) ==
           sentence_has_ellipsis(stream_gap(d, &b, b.end));
}

/* How many lines from i and j on, not the chain's last, are equal one by one and lie in
 * one link.  Of these nothing need be found out. */
static uint32_t count_rows(const struct detector *d, uint32_t i, uint32_t j, uint32_t last_a,
                           uint32_t last_b)
{
    const struct mark *a = d->marks + i, *b = d->marks + j;
    const struct link *l = &d->links[chain_link_behind(d, A, a->start)];
    uint32_t most = last_a - i < last_b - j ? last_a - i : last_b - j, n = 0;
    if (l->a > a->start || b->start - a->start != l->b - l->a)
        return 0;
    for (; n < most && a[n + 1].start <= l->a + l->len; n++)
        if (b[n + 1].start - a[n + 1].start != l->b - l->a || !ends_alike(d, i + n, j + n))
            break;
    return n;
}

/* Pushes the group of lines i and j, and those behind it that form one with it; returns
 * how many are in it beside these. */
static uint32_t push_rows(struct detector *d, uint32_t i, uint32_t j, uint32_t last_a,
                          uint32_t last_b)
{
    uint32_t rows = count_rows(d, i, j, last_a, last_b);
    if (push_group(d, i, j))
        d->groups[d->ngroups - 1].rows = rows > 0;
    return rows > 0 ? rows - 1 : 0;
}

static void cut_groups(struct detector *d)
{
    uint32_t last_a = stream_line_at(d, chain_end(d, A) - 1);
    uint32_t last_b = stream_line_at(d, chain_end(d, B) - 1);
    uint32_t i = stream_line_at(d, chain_start(d, A)), j = stream_line_at(d, chain_start(d, B));
    d->ngroups = 0;
    push_group(d, i, j);
    for (i++, j++; i <= last_a && j <= last_b && d->status == WINNOW_OK; i++) {
        struct place place = place_of(d, d->marks[i].start);
        while (j <= last_b && d->marks[j].start < place.b_low)
            j++;
        if (j > last_b || d->marks[j].start > place.b_high)
            continue;
        uint32_t i_last = last_line_from(d, place.a_high, last_a);
        uint32_t j_last = last_line_from(d, place.b_high, last_b);
        if (i_last == i && j_last == j) {
            uint32_t more = push_rows(d, i, j, last_a, last_b);
            i += more;
            j += more + 1;
            continue;
        }
        push_group(d, i, j);
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

static struct line first_line(const struct detector *d, const struct group *g, enum side s)
{
    return stream_line(d, g->first[s]);
}

static struct line last_line(const struct detector *d, const struct group *g, enum side s)
{
    return stream_line(d, group_end(g, s) - 1);
}

static bool has_content(const struct detector *d, const struct group *g, enum side s)
{
    for (uint32_t i = g->first[s]; i < group_end(g, s); i++) {
        struct line l = stream_line(d, i);
        if (gaps_have_content(d, s, &l))
            return true;
    }
    return false;
}

static bool sticks_out(const struct detector *d, const struct group *g, enum side s)
{
    if (is_empty(g, s) || (!is_first(d, g) && !is_last(d, g)))
        return false;
    struct line first = first_line(d, g, s), last = last_line(d, g, s);
    return (is_first(d, g) && cover_leaves_head(d, s, &first)) ||
           (is_last(d, g) && cover_leaves_tail(d, s, &last));
}

static enum cut cut_of(const struct detector *d, const struct group *g, enum side s)
{
    if (is_empty(g, A) || is_empty(g, B))
        return UNCUT;
    struct line first = first_line(d, g, s), last = last_line(d, g, s);
    struct line other_first = first_line(d, g, !s), other_last = last_line(d, g, !s);
    enum cut start = cover_cut_at_start(d, s, &first, &other_first);
    enum cut end = cover_cut_at_end(d, s, &last, &other_last);
    return start > end ? start : end;
}

bool group_line_is_whole(const struct detector *d, const struct group *g, enum side s, uint32_t i)
{
    if (g->rows)
        return true;
    struct line l = stream_line(d, i);
    bool edge = (is_first(d, g) && i == g->first[s]) ||
                (is_last(d, g) && i + 1 == group_end(g, s));
    enum position where = !edge ? INSIDE : g->sticks_out[!s] ? AT_OPEN_EDGE : AT_EDGE;
    return cover_is_whole(d, s, &l, where);
}

static void weigh_side(const struct detector *d, struct group *g, enum side s)
{
    g->whole[s] = !is_empty(g, s);
    g->exact[s] = true;
    for (uint32_t i = g->first[s]; i < group_end(g, s); i++) {
        struct line l = stream_line(d, i);
        if (group_line_is_whole(d, g, s, i)) {
            g->whole_weight[s] += l.weight;
            g->exact[s] &= cover_is_exact(d, s, &l);
        } else {
            g->whole[s] = false;
        }
    }
}

/* A side is weighed by whether the other sticks out: that is known of both first. */
static void describe_group(const struct detector *d, struct group *g)
{
    if (g->rows) { /* nothing speaks for a side: their weight is not asked for */
        g->whole[A] = g->whole[B] = g->exact[A] = g->exact[B] = true;
        return;
    }
    for (int s = A; s <= B; s++) {
        g->sticks_out[s] = sticks_out(d, g, s);
        g->says_more[s] = g->sticks_out[s] || has_content(d, g, s);
    }
    for (int s = A; s <= B; s++) {
        weigh_side(d, g, s);
        g->cut[s] = (uint8_t)cut_of(d, g, s);
    }
}

static bool row_stands(const struct detector *d, const struct group *g)
{
    uint32_t i = g->first[A], j = g->first[B];
    for (; i < group_end(g, A); i++, j++)
        if (!bit_at(d->gone, i) && !bit_at(d->gone, j))
            return true;
    return false;
}

/* Is there a group of which both sides, so far, are kept? */
static bool any_stands(const struct detector *d)
{
    for (size_t k = 0; k < d->ngroups; k++) {
        const struct group *g = &d->groups[k];
        bool stands = !lines_any_gone(d, g->first[A], group_end(g, A)) &&
                      !lines_any_gone(d, g->first[B], group_end(g, B));
        if (stands || (g->rows && row_stands(d, g)))
            return true;
    }
    return false;
}

bool groups_find(struct detector *d)
{
    cut_groups(d);
    if (d->status != WINNOW_OK || !any_stands(d))
        return false;
    for (size_t k = 0; k < d->ngroups; k++)
        describe_group(d, &d->groups[k]);
    return true;
}
