/* judge_chain.c - fit a chain's edges to the lines it was found in.
 *
 * match.c knows no lines: a chain may stop short of an edit in a line's last words,
 * and may run on by chance into the next line.  So it first grows at both ends by
 * what resembles, then loses what only agrees by chance. */
#include "judge_parts.h"

#include <string.h>

uint32_t chain_start(const struct detector *d, enum side s)
{
    return link_at(&d->links[0], s);
}

uint32_t chain_end(const struct detector *d, enum side s)
{
    const struct link *last = &d->links[d->nlinks - 1];
    return link_at(last, s) + last->len;
}

size_t chain_link_behind(const struct detector *d, enum side s, uint32_t pos)
{
    size_t low = 0, high = d->nlinks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (link_at(&d->links[mid], s) + d->links[mid].len <= pos)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_line_start(const struct detector *d, uint32_t pos)
{
    return d->marks[stream_line_at(d, pos)].start == pos;
}

/* --- growing ---------------------------------------------------------------------------- */

enum { ROOM = EDGE_LINES * BRIDGE_MAX /* links that may be put before a chain, or behind it */ };

/* Copies the links of c. */
static bool take_links(struct detector *d, const struct chain *c)
{
    size_t want = (size_t)c->count + 2 * ROOM;
    struct link *room = array_grow(d->room, &d->room_cap, want, sizeof *room);
    if (!room) {
        d->status = WINNOW_ENOMEM;
        return false;
    }
    d->room = room;
    d->links = room + ROOM;
    d->nlinks = c->count;
    memcpy(d->links, d->matches.links + c->first, c->count * sizeof *room);
    return true;
}

static void put_before(struct detector *d, const struct link *links, size_t count)
{
    d->links -= count;
    d->nlinks += count;
    memcpy(d->links, links, count * sizeof *links);
}

static void put_behind(struct detector *d, const struct link *links, size_t count)
{
    memcpy(d->links + d->nlinks, links, count * sizeof *links);
    d->nlinks += count;
}

/* Aligns what is left of the two lines beyond a chain's edge: an edit in the last
 * words leaves too little behind it for a shingle.  False where nothing was. */
static bool bridge_edge(struct detector *d, bool at_end, uint32_t a, uint32_t a_end, uint32_t b,
                        uint32_t b_end)
{
    struct link links[BRIDGE_MAX];
    uint32_t shorter = a_end - a < b_end - b ? a_end - a : b_end - b, bytes = 0;
    if (shorter == 0 || stream_weighs(d, a, a_end, EDGE_MAX + 1) ||
        stream_weighs(d, b, b_end, EDGE_MAX + 1))
        return false;
    size_t count = match_bridge(&d->norm, a, a_end, b, b_end, links);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (links[i].a < links[i].b) { /* in a row of copies a word may meet itself */
            bytes += links[i].len;
            links[kept++] = links[i];
        }
    if (bytes <= shorter / 2)
        return false;
    (at_end ? put_behind : put_before)(d, links, kept);
    return true;
}

/* Ends the chain with its lines, or takes up a short line behind that resembles its
 * counterpart: an edited headline has no shingle of its own. */
static bool bridge_end(struct detector *d)
{
    uint32_t a = chain_end(d, A), b = chain_end(d, B);
    if (a == d->norm.len || b == d->norm.len)
        return false;
    uint32_t back = is_line_start(d, a) && is_line_start(d, b) ? 0 : 1;
    return bridge_edge(d, true, a, d->marks[stream_line_at(d, a - back) + 1].start, b,
                       d->marks[stream_line_at(d, b - back) + 1].start);
}

static bool bridge_start(struct detector *d)
{
    uint32_t a = chain_start(d, A), b = chain_start(d, B);
    if (a == 0 || b == 0)
        return false;
    uint32_t back = is_line_start(d, a) && is_line_start(d, b) ? 1 : 0;
    return bridge_edge(d, false, d->marks[stream_line_at(d, a - back)].start, a,
                       d->marks[stream_line_at(d, b - back)].start, b);
}

static void bridge_edges(struct detector *d)
{
    for (unsigned i = 0; i < EDGE_LINES && d->status == WINNOW_OK && bridge_start(d); i++)
        ;
    for (unsigned i = 0; i < EDGE_LINES && d->status == WINNOW_OK && bridge_end(d); i++)
        ;
}

/* --- shrinking -------------------------------------------------------------------------- */

static void drop_from_end(struct detector *d, uint32_t bytes)
{
    while (d->nlinks > 0 && bytes > 0) {
        struct link *last = &d->links[d->nlinks - 1];
        uint32_t n = last->len < bytes ? last->len : bytes;
        last->len -= n;
        bytes -= n;
        if (last->len == 0)
            d->nlinks--;
    }
}

/* Chops off what lies behind pos on side s. */
static void chop_end(struct detector *d, enum side s, uint32_t pos)
{
    while (d->nlinks > 0 && link_at(&d->links[d->nlinks - 1], s) >= pos)
        d->nlinks--;
    if (d->nlinks > 0 && chain_end(d, s) > pos)
        drop_from_end(d, chain_end(d, s) - pos);
}

/* Chops off what lies before pos on side s. */
static void chop_start(struct detector *d, enum side s, uint32_t pos)
{
    size_t gone = chain_link_behind(d, s, pos);
    d->nlinks -= gone;
    d->links += gone;
    if (d->nlinks > 0 && chain_start(d, s) < pos) {
        uint32_t over = pos - chain_start(d, s);
        d->links[0].a += over;
        d->links[0].b += over;
        d->links[0].len -= over;
    }
}

/* Does the stretch between a chain's edge and the nearest line's edge belong to the
 * chain?  line: those at the chain's edge; rest: what of the far one lies beyond it;
 * seam: the place on the far side of the near line's edge. */
static bool stretch_belongs(const struct detector *d, enum side near, const uint32_t line[2],
                            const uint32_t stretch[2], uint32_t rest, uint32_t seam)
{
    /* A letter or two of the line before, where the near one was cut off in mid-word. */
    if (stretch[near] <= CHANCE_MAX && stretch[!near] > CHANCE_MAX &&
        !stream_is_word_start(d, seam))
        return false;
    struct line l = stream_line(d, line[near]), far = stream_line(d, line[!near]);
    if (cover_is_whole(d, near, &l, AT_EDGE))
        return true;
    return (rest == 0 || stretch[A] == stretch[B]) && cover_is_whole(d, !near, &far, AT_EDGE);
}

/* A match runs on by chance into the next line ("The", "In"): where the last stretch
 * since a line's edge fills no line on either side, and is too short for a repeat of
 * its own, it goes from the chain.  False when there was none such. */
static bool trim_end(struct detector *d)
{
    uint32_t line[2], stretch[2];
    for (int s = A; s <= B; s++) {
        line[s] = stream_line_at(d, chain_end(d, s) - 1);
        stretch[s] = chain_end(d, s) - d->marks[line[s]].start;
    }
    enum side near = stretch[A] < stretch[B] ? A : B;
    uint32_t edge = d->marks[line[near]].start;
    uint32_t rest = d->marks[line[!near] + 1].start - chain_end(d, !near);
    uint32_t seam = chain_end(d, !near) - stretch[near];
    if (edge < chain_start(d, near) || stretch_belongs(d, near, line, stretch, rest, seam) ||
        stream_weighs(d, edge, chain_end(d, near), MIN_REPEAT))
        return false;
    chop_end(d, near, edge);
    return true;
}

static bool trim_start(struct detector *d)
{
    uint32_t line[2], stretch[2];
    for (int s = A; s <= B; s++) {
        line[s] = stream_line_at(d, chain_start(d, s));
        stretch[s] = d->marks[line[s] + 1].start - chain_start(d, s);
    }
    enum side near = stretch[A] < stretch[B] ? A : B;
    uint32_t edge = d->marks[line[near] + 1].start;
    uint32_t rest = chain_start(d, !near) - d->marks[line[!near]].start;
    uint32_t seam = chain_start(d, !near) + stretch[near];
    if (edge > chain_end(d, near) || stretch_belongs(d, near, line, stretch, rest, seam) ||
        stream_weighs(d, chain_start(d, near), edge, MIN_REPEAT))
        return false;
    chop_start(d, near, edge);
    return true;
}

static void trim_edges(struct detector *d)
{
    while (d->nlinks > 0 && trim_end(d))
        ;
    while (d->nlinks > 0 && trim_start(d))
        ;
}

/* How many bytes at a link's end (or start) lie beyond a line's edge, where the other
 * side has none: a letter or two that agree by chance. */
static uint32_t chance_bytes(const struct detector *d, const struct link *l, bool at_end)
{
    for (uint32_t n = 1; n <= CHANCE_MAX && n < l->len; n++) {
        uint32_t skip = at_end ? l->len - n : n;
        if (is_line_start(d, l->a + skip) != is_line_start(d, l->b + skip))
            return n;
    }
    return 0;
}

/* The same within a chain, on both sides of each gap. */
static void trim_gaps(struct detector *d)
{
    for (size_t i = 0; i + 1 < d->nlinks; i++) {
        d->links[i].len -= chance_bytes(d, &d->links[i], true);
        struct link *next = &d->links[i + 1];
        uint32_t n = chance_bytes(d, next, false);
        *next = (struct link){next->a + n, next->b + n, next->len - n};
    }
}

/* A line in which the earlier passage ends and the later one starts belongs to the later:
 * what goes with the line cannot be what stays of it. */
static void trim_shared_line(struct detector *d)
{
    uint32_t edge = d->marks[stream_line_at(d, chain_start(d, B))].start;
    if (chain_start(d, A) < edge && edge < chain_end(d, A) && chain_end(d, A) <= chain_start(d, B))
        chop_end(d, A, edge);
}

/* --- fitting ---------------------------------------------------------------------------- */

bool chain_fit(struct detector *d, const struct chain *c)
{
    if (!take_links(d, c))
        return false;
    bridge_edges(d);
    d->overlaps = d->nlinks > 0 && chain_start(d, B) < chain_end(d, A);
    trim_edges(d);
    if (d->nlinks == 0)
        return false;
    trim_gaps(d);
    trim_shared_line(d);
    d->overlaps = chain_start(d, B) < chain_end(d, A);
    return true;
}
