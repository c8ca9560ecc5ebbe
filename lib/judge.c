/* judge.c - find the passages that stand twice in a text, and say which copy goes.
 *
 * 1. What goes has a copy that stays: a removal names a passage that is kept at
 *    that moment, and never comes back itself, so no circle can form.
 * 2. Which copy goes does not depend on how they were found.  In this order: the
 *    one that another contains; the one that was cut; whole lines before pieces of
 *    lines; the later one.
 * 3. No word is cut, and no sentence but where the copy itself was cut.
 *
 * A line here is one that has letters.  match.c finds pairs of passages
 * (chains: an earlier side A, a later side B).  Each chain falls into groups at the
 * places where both sides have a line's edge; in
 *
 *     A:  |first line| second line | third li|          (cut off)
 *     B:  |first line| second line | third line, whole|
 *
 * three groups.  A side of a group is whole where its lines are matched from end to
 * end but for an edited word.  Is one side whole and does the other stick out of the
 * chain, then the whole one is contained, and goes.  Are both whole, the chain's
 * other groups decide, so that a copy goes in one piece; then lateness. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "match.h"
#include "norm.h"
#include "sentence.h"
#include "text.h"

enum {
    /* All in normalised characters, as norm_weight counts them. */
    MIN_REPEAT = 100,  /* a passage that is shorter is no repeat */
    LONG_LINE = 64,    /* a line of prose; shorter ones may be labels, verses, cells */
    MIN_SHORTS = 200,  /* of short lines alone, and then without any difference */
    MIN_NEAR = 200,    /* of lines that differ by an edited word */
    MIN_NEAR_SHORTS = 300, /* the same of short lines alone */
    NEAR_SHARE = 12,   /* of which at most one part in so many is unmatched */
    HOLE_MAX = 32,     /* an edited word or two; unmatched in one place of a whole line */
    WORD_MAX = 16,     /* an edited word of a short line */
    EDGE_MAX = 60,     /* beyond a chain's edge, still searched for words in common */
    EDGE_LINES = 4,    /* short lines taken up beyond a chain's edge */
    GAP_TEXT_MAX = 256, /* bytes of punctuation that are looked at */
    MIN_SENTENCE = 8,  /* of a line's own, beside what it shares */
    CHANCE_MAX = 3,    /* bytes on which any two lines may agree */
    CODE_SHARE = 10,    /* a symbol in so many bytes makes a line code */
    STATEMENT_SPACES = 4, /* fewer, and a semicolon at the end */
    MIN_HEADLINE = 16,
    MIN_HEADLINE_WORDS = 3,
};

enum side { A, B };

/* A line with letters: its range of the normalised stream, and its bytes. */
struct line {
    uint32_t start, end;
    uint32_t text_start, text_end;
    uint32_t weight;
    uint32_t gone; /* the number of the chain that removed it (or a piece); 0: kept */
};

struct detector {
    struct slice text;
    struct norm norm;
    struct line *lines;
    size_t nlines, lines_cap;
    struct matches matches;

    /* The chain being judged. */
    uint32_t number; /* of the chain, from 1; the headlines are 1 */
    struct link *links; /* a copy that grows and shrinks at its edges */
    size_t nlinks, links_cap;
    bool overlaps; /* its sides share text: a passage that stands three times in a row */
    struct group *groups; /* ngroups and one more, which says where the last ends */
    size_t ngroups, groups_cap;
    size_t first_removal; /* of this chain */

    struct removals *removals;
    int status;
};

/* How much of a line is matched, in bytes of the stream. */
struct cover {
    uint32_t covered;
    uint32_t head, tail; /* unmatched at its ends */
    uint32_t hole;       /* the largest unmatched run */
};

enum fate { STAYS, A_GOES, B_GOES, PIECE_GOES };

/* Small, because a page of one-letter lines has millions. */
struct group {
    uint32_t first[2]; /* lines of both sides; they end where the next group's start */
    uint32_t whole_weight[2];
    bool whole[2];
    bool exact[2];      /* all of its whole lines is in the other */
    bool sticks_out[2]; /* it goes on beyond the chain */
    bool truncated[2];  /* it was cut where the other goes on */
    uint8_t fate;       /* enum fate */
};

/* Makes room for one more item; false after a failure. */
#define GROW(d, items, count, cap) \
    ((items) = grow_one((d), (items), (count), &(cap), sizeof *(items)), (d)->status == WINNOW_OK)

static void *grow_one(struct detector *d, void *items, size_t count, size_t *cap, size_t size)
{
    void *grown = array_grow(items, cap, count + 1, size);
    if (!grown)
        d->status = WINNOW_ENOMEM;
    return grown ? grown : items;
}

/* --- the stream ---------------------------------------------------------------------- */

static void add_line(struct detector *d, struct slice text)
{
    uint32_t start = d->norm.len, at = (uint32_t)(text.p - d->text.p);
    if (!GROW(d, d->lines, d->nlines, d->lines_cap))
        return;
    d->status = norm_add(&d->norm, text, at, false);
    if (d->norm.len > start)
        d->lines[d->nlines++] = (struct line){
            .start = start, .end = d->norm.len,
            .text_start = at, .text_end = at + (uint32_t)text.len,
            .weight = norm_weight(&d->norm, start, d->norm.len)};
}

static void build_stream(struct detector *d)
{
    struct slice rest = d->text, line;
    while (d->status == WINNOW_OK && text_next_line(&rest, &line))
        if ((line = text_trim_line(line)).len > 0)
            add_line(d, line);
}

/* The line that holds pos of the stream. */
static uint32_t line_at(const struct detector *d, uint32_t pos)
{
    size_t low = 0, high = d->nlines;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (d->lines[mid].start <= pos)
            low = mid;
        else
            high = mid;
    }
    return (uint32_t)low;
}

/* Do from..to weigh that much?  Looks at no more than it must: a character has at
 * most four bytes, and what has more is marks on marks. */
static bool weighs(const struct detector *d, uint32_t from, uint32_t to, uint32_t least)
{
    return to - from >= 8 * least || norm_weight(&d->norm, from, to) >= least;
}

static bool is_word_start(const struct detector *d, uint32_t pos)
{
    uint32_t word = norm_word_at(&d->norm, pos);
    return word < d->norm.nwords && d->norm.words[word] == pos;
}

/* The byte of the text at which the character of pos ends. */
static uint32_t text_end(const struct detector *d, uint32_t pos)
{
    uint32_t at = d->norm.map[pos];
    do
        at++;
    while (at < d->text.len && ((unsigned char)d->text.p[at] & 0xC0) == 0x80);
    return at;
}

/* The text between the letter before pos (of the same line) and pos; of a
 * rule of a million dashes the first, so that nothing is read for each chain anew. */
static struct slice text_between(const struct detector *d, const struct line *l, uint32_t pos)
{
    uint32_t start = pos > l->start ? text_end(d, pos - 1) : l->text_start;
    uint32_t end = pos < l->end ? d->norm.map[pos] : l->text_end;
    uint32_t len = end > start ? end - start : 0;
    return (struct slice){d->text.p + start, len < GAP_TEXT_MAX ? len : GAP_TEXT_MAX};
}

/* --- sentences --------------------------------------------------------------------- */

/* May line l be cut before pos?  Gives the bytes at which what stands before
 * ends and what follows starts. */
static bool sentence_edge(const struct detector *d, const struct line *l, uint32_t pos,
                          uint32_t *ret_end, uint32_t *ret_next)
{
    size_t end, next;
    if (pos <= l->start) {
        *ret_end = *ret_next = l->text_start;
        return true;
    }
    if (pos >= l->end) {
        *ret_end = *ret_next = l->text_end;
        return true;
    }
    struct slice gap = text_between(d, l, pos);
    char first = d->text.p[d->norm.map[pos]];
    if ((first >= 'a' && first <= 'z') || !sentence_gap(gap, &end, &next))
        return false;
    uint32_t start = (uint32_t)(gap.p - d->text.p);
    *ret_end = start + (uint32_t)end;
    *ret_next = start + (uint32_t)next;
    return true;
}

/* --- how much of a line a chain covers ----------------------------------------------- */

static uint32_t link_at(const struct link *l, enum side s)
{
    return s == A ? l->a : l->b;
}

/* The first link that ends behind pos on side s. */
static size_t link_behind(const struct detector *d, enum side s, uint32_t pos)
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

static struct cover cover_of(const struct detector *d, enum side s, const struct line *l)
{
    struct cover c = {0};
    uint32_t pos = l->start;
    bool any = false;
    for (size_t i = link_behind(d, s, l->start); i < d->nlinks; i++) {
        uint32_t from = link_at(&d->links[i], s), to = from + d->links[i].len;
        if (from >= l->end)
            break;
        from = from < l->start ? l->start : from;
        to = to > l->end ? l->end : to;
        if (!any)
            c.head = from - pos;
        c.hole = from - pos > c.hole ? from - pos : c.hole;
        c.covered += to - from;
        pos = to;
        any = true;
    }
    c.tail = l->end - pos;
    c.hole = c.tail > c.hole ? c.tail : c.hole;
    if (!any)
        c.head = c.tail;
    return c;
}

/* Bytes of a line as characters. */
static uint32_t chars(const struct line *l, uint32_t bytes)
{
    return (uint32_t)((uint64_t)bytes * l->weight / (l->end - l->start));
}

/* Is what lies between pos and the edge of line l a sentence of its own?  (Not the
 * "Read more" behind an ellipsis.) */
static bool is_own_sentence(const struct detector *d, const struct line *l, uint32_t pos,
                            uint32_t bytes)
{
    uint32_t end, next;
    return chars(l, bytes) >= MIN_SENTENCE && sentence_edge(d, l, pos, &end, &next) &&
           !sentence_has_ellipsis(text_between(d, l, pos));
}

static bool has_own_sentence(const struct detector *d, const struct line *l,
                             const struct cover *c)
{
    return is_own_sentence(d, l, l->start + c->head, c->head) ||
           is_own_sentence(d, l, l->end - c->tail, c->tail);
}

/* Where a line stands in its chain: what may differ in it depends on that. */
enum position { INSIDE, AT_EDGE, AT_OPEN_EDGE /* and the other side goes on beyond it */ };

/* Characters of a line that may be unmatched: an eighth; of a short line a word, but
 * at a chain's edge, where only resemblance speaks for it, less. */
static uint32_t slack(const struct line *l, enum position where)
{
    static const uint32_t share[] = {[INSIDE] = 2, [AT_EDGE] = 4, [AT_OPEN_EDGE] = 8};
    uint32_t word = l->weight / share[where] < WORD_MAX ? l->weight / share[where] : WORD_MAX;
    return l->weight / 8 > word ? l->weight / 8 : word;
}

/* Is a number of the line unmatched? */
static bool number_differs(const struct detector *d, enum side s, const struct line *l)
{
    size_t i = link_behind(d, s, l->start);
    for (uint32_t pos = l->start; pos < l->end; pos++) {
        while (i < d->nlinks && link_at(&d->links[i], s) + d->links[i].len <= pos)
            i++;
        bool matched = i < d->nlinks && link_at(&d->links[i], s) <= pos;
        if (!matched && d->norm.bytes[pos] >= '0' && d->norm.bytes[pos] <= '9')
            return true;
    }
    return false;
}

/* Does a line end on the other side where line l goes on and the two differ?  Then
 * one was cut there, and what follows is another line. */
static bool is_broken_on_other(const struct detector *d, enum side s, const struct line *l)
{
    for (size_t i = link_behind(d, s, l->start); i + 1 < d->nlinks; i++) {
        const struct link *link = &d->links[i], *next = link + 1;
        uint32_t from = link_at(link, !s) + link->len, to = link_at(next, !s);
        if (link_at(next, s) >= l->end)
            return false;
        if (line_at(d, from - 1) != line_at(d, to))
            return true;
    }
    return false;
}

/* Is half of its first or last word matched?  The other copy was cut in it. */
static bool has_half_word(const struct detector *d, const struct line *l, const struct cover *c)
{
    return (c->head > 0 && !is_word_start(d, l->start + c->head)) ||
           (c->tail > 0 && !is_word_start(d, l->end - c->tail));
}

static bool is_exact(const struct detector *d, enum side s, const struct line *l)
{
    return cover_of(d, s, l).covered == l->end - l->start;
}

/* Matched from end to end but for an edited word or two.  A number is no such word
 * ("Price: 15" is not "Price: 19"), and among lines that resemble one another in a
 * row nothing is: they are a list of variants. */
static bool is_whole(const struct detector *d, enum side s, const struct line *l,
                     enum position where)
{
    struct cover c = cover_of(d, s, l);
    uint32_t len = l->end - l->start;
    if (c.covered == 0 || is_broken_on_other(d, s, l))
        return false;
    if (c.covered == len)
        return true;
    return !d->overlaps && chars(l, len - c.covered) <= slack(l, where) &&
           chars(l, c.hole) <= HOLE_MAX && !number_differs(d, s, l) &&
           !has_own_sentence(d, l, &c) && !has_half_word(d, l, &c);
}

/* --- a chain's edges ------------------------------------------------------------------ */

static uint32_t chain_start(const struct detector *d, enum side s)
{
    return link_at(&d->links[0], s);
}

static uint32_t chain_end(const struct detector *d, enum side s)
{
    const struct link *last = &d->links[d->nlinks - 1];
    return link_at(last, s) + last->len;
}

/* Puts links in at index `at`. */
static void insert_links(struct detector *d, size_t at, const struct link *links, size_t count)
{
    struct link *grown = array_grow(d->links, &d->links_cap, d->nlinks + count, sizeof *grown);
    if (!grown) {
        d->status = WINNOW_ENOMEM;
        return;
    }
    d->links = grown;
    if (d->nlinks > at)
        memmove(d->links + at + count, d->links + at, (d->nlinks - at) * sizeof *d->links);
    if (count > 0)
        memcpy(d->links + at, links, count * sizeof *links);
    d->nlinks += count;
}

/* Aligns what is left of the two lines beyond a chain's edge: an edit in the last
 * words leaves too little behind it for a shingle. */
static void bridge_edge(struct detector *d, size_t at, uint32_t a, uint32_t a_end, uint32_t b,
                        uint32_t b_end)
{
    struct link links[BRIDGE_MAX];
    uint32_t shorter = a_end - a < b_end - b ? a_end - a : b_end - b;
    if (shorter == 0 || weighs(d, a, a_end, EDGE_MAX + 1) || weighs(d, b, b_end, EDGE_MAX + 1))
        return;
    size_t count = match_bridge(&d->norm, a, a_end, b, b_end, links);
    uint32_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += links[i].len;
    if (bytes > shorter / 2)
        insert_links(d, at, links, count);
}

/* Ends the chain with its lines, and takes up a short line behind or before that
 * resembles its counterpart: an edited headline has no shingle of its own. */
static void bridge_end(struct detector *d)
{
    for (unsigned i = 0; i < EDGE_LINES && d->status == WINNOW_OK; i++) {
        uint32_t a = chain_end(d, A), b = chain_end(d, B), a_end, b_end;
        size_t before = d->nlinks;
        if (a == d->norm.len || b == d->norm.len)
            return;
        bool edges = d->lines[line_at(d, a)].start == a && d->lines[line_at(d, b)].start == b;
        a_end = d->lines[line_at(d, edges ? a : a - 1)].end;
        b_end = d->lines[line_at(d, edges ? b : b - 1)].end;
        bridge_edge(d, d->nlinks, a, a_end, b, b_end);
        if (d->nlinks == before)
            return;
    }
}

static void bridge_start(struct detector *d)
{
    for (unsigned i = 0; i < EDGE_LINES && d->status == WINNOW_OK; i++) {
        uint32_t a = chain_start(d, A), b = chain_start(d, B);
        size_t before = d->nlinks;
        if (a == 0 || b == 0)
            return;
        bool edges = d->lines[line_at(d, a)].start == a && d->lines[line_at(d, b)].start == b;
        bridge_edge(d, 0, d->lines[line_at(d, edges ? a - 1 : a)].start, a,
                    d->lines[line_at(d, edges ? b - 1 : b)].start, b);
        if (d->nlinks == before)
            return;
    }
}

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

/* Counts the links of which nothing is left at the front, and shortens the next. */
static void chop_start(struct detector *d, enum side s, uint32_t pos)
{
    size_t gone = link_behind(d, s, pos);
    d->nlinks -= gone;
    memmove(d->links, d->links + gone, d->nlinks * sizeof *d->links);
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
    if (stretch[near] <= CHANCE_MAX && stretch[!near] > CHANCE_MAX && !is_word_start(d, seam))
        return false;
    if (is_whole(d, near, &d->lines[line[near]], AT_EDGE))
        return true;
    return (rest == 0 || stretch[A] == stretch[B]) && is_whole(d, !near, &d->lines[line[!near]], AT_EDGE);
}

/* A match runs on by chance into the next line ("The", "In"): where the last stretch
 * since a line's edge fills no line on either side, and is too short for a repeat of
 * its own, it goes from the chain.  False when there was none such. */
static bool trim_end(struct detector *d)
{
    uint32_t line[2], stretch[2];
    for (int s = A; s <= B; s++) {
        line[s] = line_at(d, chain_end(d, s) - 1);
        stretch[s] = chain_end(d, s) - d->lines[line[s]].start;
    }
    enum side near = stretch[A] < stretch[B] ? A : B;
    uint32_t edge = d->lines[line[near]].start;
    uint32_t rest = d->lines[line[!near]].end - chain_end(d, !near);
    if (edge < chain_start(d, near) || stretch_belongs(d, near, line, stretch, rest, chain_end(d, !near) - stretch[near]) ||
        weighs(d, edge, chain_end(d, near), MIN_REPEAT))
        return false;
    chop_end(d, near, edge);
    return true;
}

static bool trim_start(struct detector *d)
{
    uint32_t line[2], stretch[2];
    for (int s = A; s <= B; s++) {
        line[s] = line_at(d, chain_start(d, s));
        stretch[s] = d->lines[line[s]].end - chain_start(d, s);
    }
    enum side near = stretch[A] < stretch[B] ? A : B;
    uint32_t edge = d->lines[line[near]].end;
    uint32_t rest = chain_start(d, !near) - d->lines[line[!near]].start;
    if (edge > chain_end(d, near) || stretch_belongs(d, near, line, stretch, rest, chain_start(d, !near) + stretch[near]) ||
        weighs(d, chain_start(d, near), edge, MIN_REPEAT))
        return false;
    chop_start(d, near, edge);
    return true;
}

static bool is_line_start(const struct detector *d, uint32_t pos)
{
    return d->lines[line_at(d, pos)].start == pos;
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

/* --- groups ----------------------------------------------------------------------------- */

static bool push_group(struct detector *d, uint32_t i, uint32_t j)
{
    if (!GROW(d, d->groups, d->ngroups, d->groups_cap))
        return false;
    d->groups[d->ngroups++] = (struct group){.first = {i, j}};
    return true;
}

static uint32_t group_end(const struct group *g, enum side s)
{
    return g[1].first[s];
}

static bool is_empty(const struct group *g)
{
    return g->first[A] == group_end(g, A) || g->first[B] == group_end(g, B);
}

static bool is_first(const struct detector *d, const struct group *g)
{
    return g == d->groups;
}

static bool is_last(const struct detector *d, const struct group *g)
{
    return g == d->groups + d->ngroups - 1;
}

/* The place on B of a line's edge at x on A: a point within a link, a range where
 * there is a gap (in which both sides may have edges). */
struct place {
    uint32_t a_low, a_high, b_low, b_high;
};

static struct place place_of(const struct detector *d, uint32_t x)
{
    size_t i = link_behind(d, A, x);
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
    return line_at(d, pos);
}

/* Cuts the chain into groups where both sides have a line's edge. */
static void find_groups(struct detector *d)
{
    uint32_t last_a = line_at(d, chain_end(d, A) - 1), last_b = line_at(d, chain_end(d, B) - 1);
    uint32_t i = line_at(d, chain_start(d, A)), j = line_at(d, chain_start(d, B));
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

/* Does line l of one side stop where line m of the other goes on, in mid-word or
 * mid-sentence?  Or does it say itself, by an ellipsis, that it was cut? */
static bool is_cut_at_end(const struct detector *d, const struct line *l, const struct cover *c,
                          const struct line *m, const struct cover *cm)
{
    struct slice behind = text_between(d, l, l->end - c->tail);
    struct slice last = text_between(d, l, l->end);
    struct slice behind_m = text_between(d, m, m->end - cm->tail);
    if ((sentence_has_ellipsis(behind) || sentence_has_ellipsis(last)) && !sentence_has_ellipsis(behind_m))
        return true;
    if (c->tail > 0 || cm->tail == 0)
        return false;
    return !is_word_start(d, m->end - cm->tail) || !sentence_has_mark(last);
}

/* Folding changed its first letter: a capital. */
static bool starts_with_capital(const struct detector *d, const struct line *l)
{
    const char *text = d->text.p + d->norm.map[l->start];
    uint32_t len = text_end(d, l->start) - d->norm.map[l->start];
    return len > l->end - l->start || memcmp(text, d->norm.bytes + l->start, len) != 0;
}

/* Does line l start where m has been going on, in mid-word or mid-sentence? */
static bool is_cut_at_start(const struct detector *d, const struct line *l, const struct cover *c,
                            const struct line *m, const struct cover *cm)
{
    if (c->head > 0 || cm->head == 0)
        return false;
    return !is_word_start(d, m->start + cm->head) ||
           (starts_with_capital(d, m) && !starts_with_capital(d, l));
}

/* Does line l go on beyond the chain at pos, where it leaves rest bytes of it? */
static bool goes_beyond(const struct detector *d, const struct line *l, uint32_t pos,
                        uint32_t rest)
{
    uint32_t most = slack(l, AT_EDGE) < HOLE_MAX ? slack(l, AT_EDGE) : HOLE_MAX;
    return chars(l, rest) > most || is_own_sentence(d, l, pos, rest);
}

static bool sticks_out(const struct detector *d, enum side s, const struct group *g)
{
    if (g->first[s] == group_end(g, s))
        return false;
    const struct line *first = &d->lines[g->first[s]], *last = &d->lines[group_end(g, s) - 1];
    uint32_t head = cover_of(d, s, first).head, tail = cover_of(d, s, last).tail;
    return (is_first(d, g) && goes_beyond(d, first, first->start + head, head)) ||
           (is_last(d, g) && goes_beyond(d, last, last->end - tail, tail));
}

/* Is line i of the group's side s whole, seen from where it stands? */
static bool line_is_whole(const struct detector *d, enum side s, const struct group *g, uint32_t i)
{
    bool edge = (is_first(d, g) && i == g->first[s]) ||
                (is_last(d, g) && i + 1 == group_end(g, s));
    enum position where = !edge ? INSIDE : g->sticks_out[!s] ? AT_OPEN_EDGE : AT_EDGE;
    return is_whole(d, s, &d->lines[i], where);
}

static void judge_side(const struct detector *d, enum side s, struct group *g)
{
    g->whole[s] = g->first[s] < group_end(g, s);
    g->exact[s] = true;
    for (uint32_t i = g->first[s]; i < group_end(g, s); i++) {
        if (line_is_whole(d, s, g, i)) {
            g->whole_weight[s] += d->lines[i].weight;
            g->exact[s] &= is_exact(d, s, &d->lines[i]);
        } else {
            g->whole[s] = false;
        }
    }
}

static void judge_truncation(const struct detector *d, struct group *g)
{
    for (int s = A; s <= B && !is_empty(g); s++) {
        int o = !s;
        const struct line *l = &d->lines[g->first[s]], *m = &d->lines[g->first[o]];
        struct cover c = cover_of(d, s, l), cm = cover_of(d, o, m);
        g->truncated[s] = is_cut_at_start(d, l, &c, m, &cm);
        l = &d->lines[group_end(g, s) - 1];
        m = &d->lines[group_end(g, o) - 1];
        c = cover_of(d, s, l);
        cm = cover_of(d, o, m);
        g->truncated[s] |= is_cut_at_end(d, l, &c, m, &cm);
    }
}

static void judge_groups(struct detector *d)
{
    for (size_t k = 0; k < d->ngroups; k++) {
        struct group *g = &d->groups[k];
        for (int s = A; s <= B; s++)
            g->sticks_out[s] = sticks_out(d, s, g);
        for (int s = A; s <= B; s++)
            judge_side(d, s, g);
        judge_truncation(d, g);
    }
}

/* --- the decision ------------------------------------------------------------------------ */

static enum fate goes(enum side s)
{
    return s == A ? A_GOES : B_GOES;
}

/* What a group says for itself: STAYS where it says nothing.  An earlier copy gives
 * way only where nothing but what cut it short is lost by it. */
static enum fate own_fate(const struct group *g)
{
    for (int s = A; s <= B; s++) {
        bool more = g->whole_weight[s] > g->whole_weight[!s];
        bool safe = s == B || g->exact[A] || g->truncated[A];
        if (g->whole[s] && g->truncated[s] && !g->truncated[!s])
            return goes(s);
        if (g->truncated[!s] && !g->truncated[s] && g->sticks_out[!s] && !g->exact[s])
            return PIECE_GOES; /* the cut copy is a piece of a line */
        if (more && safe && g->sticks_out[!s])
            return goes(s);
    }
    if (g->sticks_out[A] && g->sticks_out[B] && g->whole_weight[A] == 0 && g->whole_weight[B] == 0)
        return PIECE_GOES;
    return STAYS;
}

/* Every group gets a fate: its own, or that of the chain, or that of the later. */
static void decide(struct detector *d)
{
    uint64_t weight[2] = {0, 0};
    for (size_t k = 0; k < d->ngroups; k++) {
        struct group *g = &d->groups[k];
        g->fate = own_fate(g);
        if (d->overlaps && g->fate == A_GOES)
            g->fate = B_GOES; /* of a row of copies the first is the one to keep */
        if (g->fate == A_GOES || g->fate == B_GOES)
            weight[g->fate == A_GOES ? A : B] += g->whole_weight[g->fate == A_GOES ? A : B];
    }
    enum fate rest = weight[A] > 0 && weight[B] == 0 ? A_GOES : B_GOES;
    for (size_t k = 0; k < d->ngroups; k++)
        if (d->groups[k].fate == STAYS)
            d->groups[k].fate = d->groups[k].exact[A] ? rest : B_GOES;
}

static bool lines_stand(const struct detector *d, const struct group *g, enum side s, bool other)
{
    for (uint32_t i = g->first[s]; i < group_end(g, s); i++) {
        uint32_t gone = d->lines[i].gone;
        if (gone != 0 && !(other && d->overlaps && gone == d->number))
            return false;
    }
    return true;
}

/* Both copies are still there; in a row of copies the one before may have gone in
 * favour of the first. */
static bool group_stands(const struct detector *d, const struct group *g, enum side goes)
{
    return lines_stand(d, g, goes, false) && lines_stand(d, g, !goes, true);
}

/* --- what a side would lose ---------------------------------------------------------------- */

/* Lines of one side that follow one another and all go. */
struct run {
    uint32_t first, last;
    uint32_t weight, unmatched; /* normalised characters */
    bool prose;                 /* a line of it is long */
    bool rigid;                 /* a row or line of code in it differs: a character matters */
    bool cut;                   /* the copy had been cut short */
};

static struct slice line_text(const struct detector *d, const struct line *l)
{
    return (struct slice){d->text.p + l->text_start, l->text_end - l->text_start};
}

/* A row of a table, or code: indented, ending like a statement, or full of symbols
 * that prose has no use for.  By the text alone, for clean text has no elements. */
static bool is_rigid(struct slice s)
{
    size_t symbols = 0, spaces = 0;
    char last = s.p[s.len - 1];
    if (s.p[0] == '\t' || (s.len > 1 && s.p[0] == ' ' && s.p[1] == ' ') ||
        memchr(s.p, '\t', s.len) || last == '{' || last == '}')
        return true;
    for (size_t i = 0; i < s.len; i++) {
        symbols += s.p[i] && strchr("{}<>;=|\\_^~`", s.p[i]) != NULL;
        spaces += s.p[i] == ' ';
    }
    bool statement = last == ';' && (spaces < STATEMENT_SPACES || symbols > 2);
    return statement || symbols * CODE_SHARE >= s.len;
}

static void extend_run(const struct detector *d, enum side s, const struct group *g, uint32_t i,
                       struct run *run)
{
    const struct line *l = &d->lines[i];
    struct cover c = cover_of(d, s, l);
    if (run->weight == 0)
        run->first = i;
    run->last = i;
    run->weight += l->weight;
    uint32_t unmatched = chars(l, l->end - l->start - c.covered);
    run->unmatched += unmatched;
    bool rigid = is_rigid(line_text(d, l));
    run->prose |= l->weight >= LONG_LINE && !rigid;
    run->rigid |= rigid && unmatched > 0;
    run->cut |= g->truncated[s];
}

/* Speaker labels, a chorus, the cells of a table recur because they belong there
 * (but nobody sings a chorus that is cut off); a sentence that differs by a word may
 * say something else; but not much that differs by little. */
static bool is_repeat(const struct run *run)
{
    if (run->unmatched == 0)
        return run->weight >= (run->prose || run->cut ? MIN_REPEAT : MIN_SHORTS);
    if (run->rigid || run->unmatched > run->weight / NEAR_SHARE)
        return false;
    if (run->prose)
        return run->weight >= (run->cut ? MIN_REPEAT : MIN_NEAR);
    return run->weight >= MIN_NEAR_SHORTS;
}

/* --- removing ------------------------------------------------------------------------------- */

/* In a row of copies the copy before went in favour of the first: name that. */
static void name_survivor(const struct detector *d, struct removal *r)
{
    size_t low = d->first_removal, high = d->removals->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (d->removals->items[mid].end <= r->other_start)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < d->removals->count && d->removals->items[low].start <= r->other_start) {
        r->other_start = d->removals->items[low].other_start;
        r->other_end = d->removals->items[low].other_end;
    }
    if (r->other_end > r->start && r->other_start < r->start)
        r->other_end = r->start;
}

static void remove_text(struct detector *d, struct removal r)
{
    struct removals *all = d->removals;
    if (!GROW(d, all->items, all->count, all->cap))
        return;
    if (d->overlaps)
        name_survivor(d, &r);
    all->items[all->count++] = r;
}

/* The bytes of the text on the other side of start..end, which side s matches. */
static void other_text(const struct detector *d, enum side s, uint32_t start, uint32_t end,
                       struct removal *r)
{
    size_t i = link_behind(d, s, start), j = i;
    while (j + 1 < d->nlinks && link_at(&d->links[j + 1], s) < end)
        j++;
    const struct link *first = &d->links[i], *last = &d->links[j];
    uint32_t skip = start > link_at(first, s) ? start - link_at(first, s) : 0;
    uint32_t stop = link_at(last, s) + last->len > end ? end - link_at(last, s) : last->len;
    r->other_start = d->norm.map[link_at(first, !s) + skip];
    r->other_end = text_end(d, link_at(last, !s) + stop - 1);
}

/* Removes the lines of a run, and what without letters stands between them. */
static void remove_run(struct detector *d, enum side s, struct run *run)
{
    if (run->weight > 0 && is_repeat(run)) {
        const struct line *first = &d->lines[run->first], *last = &d->lines[run->last];
        struct removal r = {.start = first->text_start, .end = last->text_end,
                            .cut = run->cut};
        other_text(d, s, first->start, last->end, &r);
        remove_text(d, r);
        for (uint32_t i = run->first; i <= run->last; i++)
            d->lines[i].gone = d->number;
    }
    *run = (struct run){0};
}

/* The whole lines of side s that its groups leave to removal, run by run. */
static void remove_side(struct detector *d, enum side s)
{
    struct run run = {0};
    for (size_t k = 0; k < d->ngroups && d->status == WINNOW_OK; k++) {
        const struct group *g = &d->groups[k];
        if (g->fate != goes(s) || !group_stands(d, g, s))
            continue;
        for (uint32_t i = g->first[s]; i < group_end(g, s); i++) {
            if (!line_is_whole(d, s, g, i))
                continue;
            if (run.weight > 0 && run.last + 1 != i)
                remove_run(d, s, &run);
            extend_run(d, s, g, i, &run);
        }
    }
    if (d->status == WINNOW_OK)
        remove_run(d, s, &run);
}

/* --- pieces of lines -------------------------------------------------------------------------- */

/* Cuts the whole sentences that line i shares with the other side, if they are long
 * enough and not all of it. */
static bool cut_piece(struct detector *d, enum side s, uint32_t i, bool truncated)
{
    struct line *l = &d->lines[i];
    struct cover c = cover_of(d, s, l);
    uint32_t from = l->start + c.head, to = l->end - c.tail;
    uint32_t end, next, text_from = 0, text_to = 0, unused;
    const uint32_t *words = d->norm.words;
    if (c.covered == 0 || chars(l, to - from - c.covered) > l->weight / 8)
        return false;
    uint32_t word = norm_word_at(&d->norm, from);
    for (; from < to && !sentence_edge(d, l, from, &end, &next); from = words[word++])
        if (word >= d->norm.nwords || words[word] >= to)
            return false;
    text_from = next;
    word = norm_word_at(&d->norm, to);
    for (; to > from && !sentence_edge(d, l, to, &unused, &text_to); to = words[--word])
        if (word == 0)
            return false;
    if (from >= to || !weighs(d, from, to, MIN_REPEAT))
        return false;
    if (to == l->end)
        text_from = end; /* no space is left at the line's end */
    struct removal r = {.start = text_from, .end = text_to, .cut = truncated};
    other_text(d, s, from, to, &r);
    remove_text(d, r);
    l->gone = d->number;
    return true;
}

static bool cut_pieces(struct detector *d, enum side s, const struct group *g)
{
    bool done = false;
    if (!group_stands(d, g, s))
        return false;
    for (uint32_t i = g->first[s]; i < group_end(g, s) && d->status == WINNOW_OK; i++)
        done |= cut_piece(d, s, i, g->truncated[s]);
    return done;
}

/* Neither side has a whole line: the cut copy goes, else the later. */
static void remove_pieces(struct detector *d)
{
    for (size_t k = 0; k < d->ngroups && d->status == WINNOW_OK; k++) {
        const struct group *g = &d->groups[k];
        if (g->fate != PIECE_GOES)
            continue;
        enum side s = g->truncated[A] && !g->truncated[B] ? A : B;
        if (d->overlaps)
            cut_pieces(d, B, g);
        else if (!cut_pieces(d, s, g))
            cut_pieces(d, !s, g);
    }
}

/* --- a chain ---------------------------------------------------------------------------------- */

static void judge_chain(struct detector *d, const struct chain *c)
{
    d->number++;
    d->nlinks = 0;
    d->first_removal = d->removals->count;
    insert_links(d, 0, d->matches.links + c->first, c->count);
    if (d->status != WINNOW_OK)
        return;
    bridge_start(d);
    bridge_end(d);
    while (d->nlinks > 0 && trim_end(d))
        ;
    while (d->nlinks > 0 && trim_start(d))
        ;
    if (d->nlinks == 0 || d->status != WINNOW_OK)
        return;
    trim_gaps(d);
    d->overlaps = chain_start(d, B) < chain_end(d, A);
    find_groups(d);
    if (d->status != WINNOW_OK)
        return;
    judge_groups(d);
    decide(d);
    remove_side(d, A);
    remove_side(d, B);
    remove_pieces(d);
}

/* --- headlines ---------------------------------------------------------------------------------- */

static bool same_line(const struct detector *d, const struct line *x, const struct line *y)
{
    return x->end - x->start == y->end - y->start &&
           memcmp(d->norm.bytes + x->start, d->norm.bytes + y->start, x->end - x->start) == 0;
}

static bool is_headline(const struct detector *d, const struct line *l)
{
    uint32_t words = norm_word_at(&d->norm, l->end) - norm_word_at(&d->norm, l->start);
    return l->weight >= MIN_HEADLINE && words >= MIN_HEADLINE_WORDS;
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

/* --- all of a text ----------------------------------------------------------------------------- */

static void detector_free(struct detector *d)
{
    norm_free(&d->norm);
    matches_free(&d->matches);
    free(d->lines);
    free(d->links);
    free(d->groups);
}

int judge_repeats(struct slice text, struct removals *ret)
{
    struct detector d = {.text = text, .removals = ret};
    norm_init(&d.norm);
    build_stream(&d);
    if (d.status == WINNOW_OK)
        remove_headline(&d);
    if (d.status == WINNOW_OK)
        d.status = match_find(&d.norm, MIN_REPEAT, &d.matches);
    for (size_t i = 0; i < d.matches.nchains && d.status == WINNOW_OK; i++)
        judge_chain(&d, &d.matches.chains[i]);
    detector_free(&d);
    return d.status;
}
