/* judge_across.c - what a later text has of an earlier one.
 *
 * Both stand in one stream, the earlier first, with a letter between them that neither
 * has: so a passage is found, fitted to its lines and weighed by the same rules as one
 * that stands twice in a page, and the two texts never run into one another.  Only the
 * later text is judged: what it shares is told, whatever the earlier one has more.
 *
 * How much of each stands in the other is what those passages weigh, and the lines that
 * are whole in a chain, not all that happens to match: two announcements of one form that
 * differ in every number are no copies. */
#include "judge_parts.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "hash.h"

/* A stretch of the stream that stands in the other text. */
struct stretch {
    uint32_t start, end;
};

struct stretches {
    struct stretch *items;
    size_t count, cap;
};

/* --- one text of two ------------------------------------------------------------------ */

/* The letters of a plane of rare Chinese characters, and how one is written. */
enum { FIRST_LETTER = 0x20000, LETTERS = 0xa6d0, LETTERS_TRIED = 64, LETTER_BYTES = 4 };

static void write_letter(uint32_t c, char ret[LETTER_BYTES])
{
    ret[0] = (char)(0xf0 | c >> 18);
    ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
    ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
    ret[3] = (char)(0x80 | (c & 0x3f));
}

static bool holds(struct slice text, const char letter[LETTER_BYTES])
{
    return text.len > 0 && memmem(text.p, text.len, letter, LETTER_BYTES);
}

/* A letter that neither text has: the first one tried, unless they are made to have it. */
static bool find_barrier(struct slice earlier, struct slice later, char ret[LETTER_BYTES])
{
    uint32_t start = (uint32_t)(hash_bytes(later) % LETTERS);
    for (uint32_t i = 0; i < LETTERS_TRIED; i++) {
        write_letter(FIRST_LETTER + (start + i) % LETTERS, ret);
        if (!holds(earlier, ret) && !holds(later, ret))
            return true;
    }
    return false;
}

static int join_texts(struct slice earlier, struct slice later, struct buf *ret, uint32_t *at)
{
    char barrier[LETTER_BYTES];
    if (later.len > UINT32_MAX / 2 - 8 || earlier.len > UINT32_MAX / 2 ||
        !find_barrier(earlier, later, barrier))
        return WINNOW_ELIMIT;
    (void)buf_room(ret, earlier.len + later.len + LETTER_BYTES + 2);
    buf_add(ret, earlier.p, earlier.len);
    buf_addc(ret, '\n');
    buf_add(ret, barrier, LETTER_BYTES);
    buf_addc(ret, '\n');
    *at = (uint32_t)ret->len;
    buf_add(ret, later.p, later.len);
    return ret->status;
}

/* The first line that does not start before text offset `at`. */
static uint32_t line_of(const struct detector *d, uint32_t at)
{
    uint32_t low = 0, high = (uint32_t)d->nlines;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (d->marks[mid].text_start < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* --- how much is shared ------------------------------------------------------------------ */

static void push_stretch(struct detector *d, struct stretches *s, uint32_t start, uint32_t end)
{
    if (GROW(d, s->items, s->count, s->cap))
        s->items[s->count++] = (struct stretch){start, end};
}

static void take_passages(struct detector *d, struct stretches sides[2])
{
    for (size_t i = 0; i < d->ntaken && d->status == WINNOW_OK; i++) {
        push_stretch(d, &sides[A], d->taken[i].other_start, d->taken[i].other_end);
        push_stretch(d, &sides[B], d->taken[i].start, d->taken[i].end);
    }
}

/* Also a line that was cut, of which the other has a longer one, is whole. */
static void take_whole_lines(struct detector *d, struct stretches sides[2])
{
    for (size_t k = 0; k < d->ngroups; k++)
        for (int s = A; s <= B; s++)
            for (uint32_t i = d->groups[k].first[s]; i < group_end(&d->groups[k], s); i++)
                if (d->status == WINNOW_OK && group_line_is_whole(d, &d->groups[k], s, i))
                    push_stretch(d, &sides[s], d->marks[i].start, d->marks[i + 1].start);
}

static int by_start(const void *x, const void *y)
{
    const struct stretch *p = x, *q = y;
    return (p->start > q->start) - (p->start < q->start);
}

/* What the stretches weigh together, each place once. */
static uint64_t weigh(const struct detector *d, struct stretches *s)
{
    uint64_t ret = 0;
    uint32_t end = 0;
    if (s->count > 0)
        qsort(s->items, s->count, sizeof *s->items, by_start);
    for (size_t i = 0; i < s->count; i++) {
        uint32_t from = s->items[i].start > end ? s->items[i].start : end;
        if (s->items[i].end <= from)
            continue;
        end = s->items[i].end;
        ret += norm_weight(&d->norm, from, end);
    }
    return ret;
}

/* --- judging ------------------------------------------------------------------------------- */

/* Does the chain lead from the earlier text into the later one? */
static bool crosses(const struct detector *d, const struct chain *c)
{
    const struct link *first = &d->matches.links[c->first], *last = first + c->count - 1;
    return last->a + last->len <= d->seam && first->b >= d->seam;
}

/* Also where nothing goes: of a sentence that is cut there only the other has the rest. */
static void note_cuts(const struct detector *d, struct across *ret)
{
    for (size_t k = 0; k < d->ngroups; k++) {
        ret->other_cut |= d->groups[k].cut[A] != UNCUT;
        ret->cut |= d->groups[k].cut[B] != UNCUT;
    }
}

static void judge_chain(struct detector *d, const struct chain *c, struct stretches sides[2],
                        struct across *ret)
{
    struct range lines[2] = {judge_lines_of(d, c, A), judge_lines_of(d, c, B)};
    if (!judge_affords(d, judge_work_of(c, lines)))
        return;
    d->first_removal = d->removals->count;
    if (!chain_fit(d, c) || !groups_find(d))
        return;
    note_cuts(d, ret);
    take_whole_lines(d, sides);
    remove_later(d);
    judge_clear_now(d);
}

static void judge_chains(struct detector *d, struct across *ret)
{
    struct stretches sides[2] = {{0}};
    for (size_t i = 0; i < d->matches.nchains && d->status == WINNOW_OK; i++)
        if (crosses(d, &d->matches.chains[i]))
            judge_chain(d, &d->matches.chains[i], sides, ret);
    take_passages(d, sides);
    if (d->status == WINNOW_OK) {
        ret->other_shared = weigh(d, &sides[A]);
        ret->shared = weigh(d, &sides[B]);
    }
    free(sides[A].items);
    free(sides[B].items);
}

/* Offsets of the joined text become those of the later one. */
static void move_back(struct removals *removals, size_t first, uint32_t at)
{
    for (size_t i = first; i < removals->count; i++) {
        removals->items[i].start -= at;
        removals->items[i].end -= at;
    }
}

static int judge_joined(struct slice text, uint32_t at, struct across *ret)
{
    struct detector d = {.text = text, .removals = &ret->removals, .first = ret->removals.count};
    norm_init(&d.norm);
    stream_build(&d);
    if (d.status == WINNOW_OK) {
        uint32_t first = line_of(&d, at); /* the barrier is the line before it */
        d.seam = d.marks[first].start;
        ret->weight = norm_weight(&d.norm, d.seam, d.norm.len);
        ret->other_weight = norm_weight(&d.norm, 0, d.marks[first - 1].start);
        d.status = match_find(&d.norm, MIN_REPEAT, &d.matches);
    }
    if (d.status == WINNOW_OK)
        judge_chains(&d, ret);
    detector_free(&d);
    move_back(&ret->removals, d.first, at);
    return d.status;
}

int judge_across(struct slice earlier, struct slice later, struct across *ret)
{
    struct buf text;
    uint32_t at;
    buf_init(&text, UINT32_MAX);
    int status = join_texts(earlier, later, &text, &at);
    if (status == WINNOW_OK)
        status = judge_joined(buf_slice(&text), at, ret);
    buf_free(&text);
    return status;
}
