/* judge_remove.c - take out what a chain's groups leave to removal, and name the copy
 * that stays.
 *
 * Whole lines go in runs, for a repeat may have many short lines; of a line that
 * shares only a part with the other side, whole sentences go. */
#include "judge_parts.h"

#include <string.h>

#include "text.h"

/* Nanoseconds, roughly. */
enum { PIECE_WORK = 500, WORD_WORK = 5 };

/* --- a removal, and its survivor ---------------------------------------------------------- */

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

void remove_text(struct detector *d, struct removal r)
{
    struct removals *all = d->removals;
    if (!GROW(d, all->items, all->count, all->cap))
        return;
    if (d->overlaps)
        name_survivor(d, &r);
    all->items[all->count++] = r;
}

/* start..end of side s, and what the other side has of it. */
static struct pair pair_of(const struct detector *d, enum side s, uint32_t start, uint32_t end)
{
    size_t i = chain_link_behind(d, s, start), j = i;
    while (j + 1 < d->nlinks && link_at(&d->links[j + 1], s) < end)
        j++;
    const struct link *first = &d->links[i], *last = &d->links[j];
    uint32_t skip = start > link_at(first, s) ? start - link_at(first, s) : 0;
    uint32_t stop = link_at(last, s) + last->len > end ? end - link_at(last, s) : last->len;
    return (struct pair){start, end, link_at(first, !s) + skip, link_at(last, !s) + stop};
}

/* Removes text_start..text_end of the text, which is p of the stream. */
static void remove_pair(struct detector *d, const struct pair *p, uint32_t text_start,
                        uint32_t text_end, const struct run *run)
{
    remove_text(d, (struct removal){.start = text_start,
                                    .end = text_end,
                                    .other_start = norm_text_at(&d->norm, p->other_start),
                                    .other_end = stream_text_end(d, p->other_end - 1),
                                    .cut = run->cut != UNCUT,
                                    .other_cut = run->other_cut != UNCUT});
    if (d->seam > 0 && GROW(d, d->taken, d->ntaken, d->taken_cap))
        d->taken[d->ntaken++] = *p;
}

/* --- what still stands -------------------------------------------------------------------- */

static bool line_range_stands(const struct detector *d, uint32_t from, uint32_t to, bool other)
{
    if (!other || !d->overlaps)
        return !lines_any_gone(d, from, to);
    for (uint32_t i = from; i < to; i++)
        if (bit_at(d->gone, i) && !bit_at(d->gone_now, i))
            return false;
    return true;
}

/* Both copies are still there; in a row of copies the one before may have gone in
 * favour of the first. */
static bool group_stands(const struct detector *d, const struct group *g, enum side goes)
{
    return line_range_stands(d, g->first[goes], group_end(g, goes), false) &&
           line_range_stands(d, g->first[!goes], group_end(g, !goes), true);
}

/* The same of line i of side s in a group of rows. */
static bool row_stands(const struct detector *d, const struct group *g, enum side s, uint32_t i)
{
    uint32_t other = g->first[!s] + (i - g->first[s]);
    return line_range_stands(d, i, i + 1, false) && line_range_stands(d, other, other + 1, true);
}

static void mark_gone(struct detector *d, uint32_t i)
{
    d->gone[i / 64] |= (uint64_t)1 << i % 64;
    d->gone_now[i / 64] |= (uint64_t)1 << i % 64;
}

/* --- whole lines -------------------------------------------------------------------------- */

static void extend_run(const struct detector *d, const struct group *g, enum side s, uint32_t i,
                       struct run *run)
{
    struct line line = stream_line(d, i), *l = &line;
    uint32_t covered = g->rows ? l->end - l->start : cover_of(d, s, l).covered;
    uint32_t unmatched = stream_chars(l, l->end - l->start - covered);
    bool rigid = stream_is_rigid(d, l);
    if (run->weight == 0)
        run->first = i;
    run->last = i;
    run->weight += l->weight;
    run->unmatched += unmatched;
    run->prose += l->weight >= LONG_LINE && !rigid ? l->weight : 0;
    run->rigid |= rigid && unmatched > 0;
    run->code += rigid ? l->weight : 0;
    run->cut = g->cut[s] > run->cut ? g->cut[s] : run->cut;
    run->other_cut = g->cut[!s] > run->other_cut ? g->cut[!s] : run->other_cut;
}

/* Where a passage from line i on ends, `end` at the latest: a long line is one, and
 * short ones together. */
static uint32_t passage_end(const struct detector *d, uint32_t i, uint32_t end)
{
    uint32_t weight = stream_line(d, i++).weight, next;
    for (; i < end && weight < MIN_HEADLINE; i++, weight += next)
        if ((next = stream_line(d, i).weight) >= LONG_LINE)
            break;
    return i;
}

/* Where lines from..to end that go together with those behind them.  What has no letters
 * and stands between goes as well, if it is white space or the other copy has it too. */
static uint32_t passage_text_end(const struct detector *d, const struct pair *p, uint32_t to)
{
    uint32_t end = stream_line(d, to - 1).text_end, behind = d->marks[to].text_start;
    uint32_t from = stream_text_end(d, p->end - 1), other = stream_text_end(d, p->other_end - 1);
    bool shared = d->text.len - other >= behind - from &&
                  memcmp(d->text.p + from, d->text.p + other, behind - from) == 0;
    struct slice between = {d->text.p + end, behind - end};
    return shared || text_trim(between).len == 0 ? behind : end;
}

/* Removes lines from..to, and what stands behind them: but at the end. */
static void remove_lines(struct detector *d, enum side s, uint32_t from, uint32_t to, bool at_end,
                         const struct run *run)
{
    const struct mark *first = &d->marks[from], *behind = &d->marks[to];
    struct pair p = pair_of(d, s, first->start, behind->start);
    uint32_t text_end = at_end ? stream_line(d, to - 1).text_end : passage_text_end(d, &p, to);
    remove_pair(d, &p, first->text_start, text_end, run);
    for (uint32_t i = from; i < to; i++)
        mark_gone(d, i);
}

/* Removes the lines of a run, passage by passage: where its copy is taken apart later,
 * each still names what stays of it. */
static void remove_run(struct detector *d, enum side s, const struct run *run)
{
    if (run->weight == 0 || (d->overlaps && run->prose == 0))
        return;
    struct pair p = pair_of(d, s, d->marks[run->first].start, d->marks[run->last + 1].start);
    if (run->weight < MIN_REPEAT || !decide_is_repeat(d, run) || !evidence_suffices(d, &p, run))
        return;
    for (uint32_t i = run->first, behind; i <= run->last; i = behind) {
        behind = passage_end(d, i, run->last + 1);
        remove_lines(d, s, i, behind, behind > run->last, run);
    }
}

/* Does line i go with its group?  Of two texts the earlier stays as it is: where its copy is
 * the one that was cut, what the later has more, be it two words, stands nowhere else. */
static bool line_goes(const struct detector *d, const struct group *g, enum side s, uint32_t i)
{
    if (!group_line_is_whole(d, g, s, i))
        return false;
    if (d->seam == 0 || g->rows || g->cut[A] == UNCUT)
        return true;
    struct line l = stream_line(d, i);
    return cover_is_exact(d, s, &l);
}

void remove_side(struct detector *d, enum side s)
{
    struct run run = {0};
    for (size_t k = 0; k < d->ngroups && d->status == WINNOW_OK; k++) {
        const struct group *g = &d->groups[k];
        if (g->fate != decide_fate_of(s) || (!g->rows && !group_stands(d, g, s)))
            continue;
        for (uint32_t i = g->first[s]; i < group_end(g, s); i++) {
            if (g->rows ? !row_stands(d, g, s, i) : !line_goes(d, g, s, i))
                continue;
            if (run.weight > 0 && run.last + 1 != i) {
                remove_run(d, s, &run);
                run = (struct run){0};
            }
            extend_run(d, g, s, i, &run);
        }
    }
    if (d->status == WINNOW_OK)
        remove_run(d, s, &run);
}

/* --- pieces of lines ---------------------------------------------------------------------- */

/* The longest run of line l that the other side has without any difference: what is
 * left of the line stays, so an edit would be lost with the piece. */
static void longest_shared(const struct detector *d, enum side s, const struct line *l,
                           uint32_t *ret_from, uint32_t *ret_to)
{
    *ret_from = *ret_to = l->start;
    for (size_t i = chain_link_behind(d, s, l->start); i < d->nlinks; i++) {
        uint32_t from = link_at(&d->links[i], s), to = from + d->links[i].len;
        if (from >= l->end)
            return;
        from = from < l->start ? l->start : from;
        to = to > l->end ? l->end : to;
        if (to - from > *ret_to - *ret_from) {
            *ret_from = from;
            *ret_to = to;
        }
    }
}

/* Its sentences are sought word by word. */
static bool affords_piece(struct detector *d, uint32_t from, uint32_t to)
{
    uint64_t words = norm_word_at(&d->norm, to) - norm_word_at(&d->norm, from);
    return judge_affords(d, PIECE_WORK + WORD_WORK * words);
}

/* Cuts the whole sentences that line i shares with the other side, if they are long
 * enough and not all of it. */
static bool cut_piece(struct detector *d, const struct group *g, enum side s, uint32_t i)
{
    struct line l = stream_line(d, i);
    uint32_t from, to, before_end, start, next;
    longest_shared(d, s, &l, &from, &to);
    if (to - from < MIN_REPEAT || !affords_piece(d, from, to) ||
        !stream_seek_start(d, &l, &from, to, &before_end, &start) ||
        !stream_seek_end(d, &l, from, &to, &next))
        return false;
    uint32_t weight = norm_weight(&d->norm, from, to);
    if (weight < MIN_REPEAT)
        return false;
    struct pair p = pair_of(d, s, from, to);
    struct run piece = {.weight = weight, .prose = weight, .cut = (enum cut)g->cut[s],
                        .other_cut = (enum cut)g->cut[!s]};
    if (!evidence_suffices(d, &p, &piece))
        return false;
    if (to == l.end)
        start = before_end; /* no space is left at the line's end */
    remove_pair(d, &p, start, next, &piece);
    mark_gone(d, i);
    return true;
}

static bool cut_pieces(struct detector *d, const struct group *g, enum side s)
{
    bool done = false;
    if (!group_stands(d, g, s))
        return false;
    for (uint32_t i = g->first[s]; i < group_end(g, s) && d->status == WINNOW_OK; i++)
        done |= cut_piece(d, g, s, i);
    return done;
}

/* Neither side has a whole line: the cut copy goes, else the later. */
void remove_pieces(struct detector *d)
{
    for (size_t k = 0; k < d->ngroups && d->status == WINNOW_OK; k++) {
        const struct group *g = &d->groups[k];
        if (g->fate != PIECE_GOES)
            continue;
        enum side s = g->cut[A] != UNCUT && g->cut[B] == UNCUT ? A : B;
        if (d->overlaps)
            cut_pieces(d, g, B);
        else if (!cut_pieces(d, g, s))
            cut_pieces(d, g, !s);
    }
}

void remove_later(struct detector *d)
{
    for (size_t k = 0; k < d->ngroups; k++)
        d->groups[k].fate = B_GOES;
    remove_side(d, B);
    for (size_t k = 0; k < d->ngroups; k++) {
        const struct group *g = &d->groups[k];
        for (uint32_t i = g->first[B]; i < group_end(g, B) && d->status == WINNOW_OK; i++)
            if (!lines_any_gone(d, i, i + 1) && !line_goes(d, g, B, i))
                cut_piece(d, g, B, i);
    }
}
