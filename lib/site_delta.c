/* site_delta.c - makes what a page adds to its site's table, and adds it. */
#include "site_delta.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "wire.h"

enum {
    NEW_LEAST = 100,   /* normalised characters; a page that brings less is a copy */
    WORDS_SHARE = 4,   /* a line's words are stored once every fourth document carries it */
    VOTE_LOOKS = 64,   /* at lines of the same text, for their neighbours */
};

void site_delta_free(struct site_delta *d)
{
    free(d->lines);
    free(d->sorted);
    free(d->slots);
    *d = (struct site_delta){.count = 0};
}

/* --- making ---------------------------------------------------------------------------------- */

static int make_rooms(struct site_delta *d, size_t count)
{
    d->lines = calloc(count + 1, sizeof *d->lines);
    d->sorted = calloc(count + 1, sizeof *d->sorted);
    return d->lines && d->sorted ? WINNOW_OK : WINNOW_ENOMEM;
}

/* Of a longer page the middle is passed over. */
static bool is_counted(const struct view *v, size_t i)
{
    return i < DELTA_LINES / 2 || v->count - i <= DELTA_LINES / 2;
}

static size_t place_of(const struct view *v, size_t i)
{
    return v->count <= DELTA_LINES || i < DELTA_LINES / 2 ? i : i - (v->count - DELTA_LINES);
}

static void take_line(struct site_delta *d, const struct view *v, size_t i)
{
    struct delta_line *line = &d->lines[place_of(v, i)];
    bool is_first = d->count == 0 ||
                    d->lines[d->sorted[d->count - 1]].hash != v->items[i].hash;
    line->hash = v->items[i].hash;
    line->weight = v->items[i].weight;
    if (is_first && site_words_are_good(view_words(v, i)))
        line->words = site_words_part(view_words(v, i), &line->cut);
    d->sorted[d->count++] = (uint32_t)place_of(v, i);
}

static void take_titles(struct site_delta *d, const struct view *v)
{
    for (size_t i = 1; i < v->count && d->ntitles < DELTA_TITLES; i++) {
        uint64_t rest = view_title_rest(v, i);
        if (rest)
            d->titles[d->ntitles++] = rest;
    }
}

static void take_name(struct site_delta *d, const struct page *p)
{
    const char *name = p->url ? p->url : p->source ? p->source : p->in ? p->in->name : NULL;
    size_t len = name ? strlen(name) : 0;
    if (len > 0 && len <= SITE_EXAMPLE_MOST)
        memcpy(d->name, name, len + 1);
}

int site_delta_make(const struct view *v, struct site_delta *ret)
{
    *ret = (struct site_delta){.count = 0};
    if (make_rooms(ret, v->count < DELTA_LINES ? v->count : DELTA_LINES) != WINNOW_OK)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < v->count; i++)
        if (is_counted(v, v->sorted[i]))
            take_line(ret, v, v->sorted[i]);
    take_titles(ret, v);
    take_name(ret, v->page);
    return WINNOW_OK;
}

/* --- counting lines ---------------------------------------------------------------------------- */

/* The end, in d->sorted, of the lines that are equal to that at `from`. */
static size_t equals_end(const struct site_delta *d, size_t from)
{
    size_t end = from + 1;
    while (end < d->count && d->lines[d->sorted[end]].hash == d->lines[d->sorted[from]].hash)
        end++;
    return end;
}

/* A copy brings nothing new; so does a page of the template alone.  A later version brings
 * something, but more of its prose is known from one document alone. */
static bool is_copy(const struct site_delta *d, const struct site_table *t)
{
    uint64_t fresh = 0, prose = 0;
    for (size_t i = 0; i < d->count; i = equals_end(d, i)) {
        const struct delta_line *line = &d->lines[d->sorted[i]];
        const struct site_line *known = site_table_find(t, line->hash);
        fresh += known ? 0 : line->weight;
        prose += known && known->count == 1 && line->weight >= PROSE_LEAST ? line->weight : 0;
    }
    return fresh < NEW_LEAST || (t->documents > 1 && prose / 2 > fresh);
}

/* What line i stands beside, and how many documents have that. */
struct neighbour {
    uint32_t name, known;
};

static struct neighbour neighbour_of(const struct site_delta *d, size_t i, bool after,
                                     const struct site_table *t)
{
    if (after ? i + 1 == d->count : i == 0)
        return (struct neighbour){after ? BESIDE_END : BESIDE_START, t->documents};
    uint64_t hash = d->lines[after ? i + 1 : i - 1].hash;
    const struct site_line *line = site_table_find(t, hash);
    return (struct neighbour){beside_name(hash), line ? line->count : 0};
}

/* Votes for the neighbour that a line has most often on this page; of several for the one
 * that leads already, or that most pages have: that of the menu, not that of a heading. */
static void vote(const struct site_delta *d, size_t from, size_t end, bool after,
                 const struct site_table *t, struct beside *ret)
{
    struct neighbour all[VOTE_LOOKS], best = {0, 0};
    size_t count = end - from < VOTE_LOOKS ? end - from : VOTE_LOOKS, most = 0;
    for (size_t i = 0; i < count; i++)
        all[i] = neighbour_of(d, d->sorted[from + i], after, t);
    for (size_t i = 0; i < count; i++) {
        size_t times = 0;
        for (size_t k = 0; k < count; k++)
            times += all[k].name == all[i].name;
        bool wins_tie =
            best.name != ret->name && (all[i].name == ret->name || all[i].known > best.known);
        if (times > most || (times == most && wins_tie)) {
            most = times;
            best = all[i];
        }
    }
    beside_vote(ret, best.name);
}

/* Counts a line for the document that is being learned, once; NULL: no memory. */
static struct site_line *count_line(struct site_table *t, uint64_t hash)
{
    uint32_t document = t->documents + 1;
    struct site_line *line = site_table_add(t, hash);
    if (!line || (line->count > 0 && line->last == document))
        return line;
    if (line->count++ == 0)
        line->first = document;
    line->last = document;
    return line;
}

static int count_equals(const struct site_delta *d, size_t from, size_t end, struct site_table *t)
{
    const struct delta_line *first = &d->lines[d->sorted[from]];
    struct site_line *line = count_line(t, first->hash);
    if (!line)
        return WINNOW_ENOMEM;
    if (line->count < 2)
        return WINNOW_OK; /* the blob holds no more of it than that */
    vote(d, from, end, false, t, &line->before);
    vote(d, from, end, true, t, &line->after);
    if (line->words_len > 0 || line->count < t->documents / WORDS_SHARE)
        return WINNOW_OK;
    line->example = site_table_example(t, d->name);
    int status = site_table_set_words(t, line, first->words);
    line->cut = line->words_len > 0 && first->cut;
    return status;
}

static int count_lines(const struct site_delta *d, struct site_table *t)
{
    int status = WINNOW_OK;
    for (size_t i = 0, end; i < d->count && status == WINNOW_OK; i = end) {
        end = equals_end(d, i);
        status = count_equals(d, i, end, t);
    }
    for (size_t i = 0; i < d->ntitles && status == WINNOW_OK; i++)
        status = count_line(t, d->titles[i]) ? WINNOW_OK : WINNOW_ENOMEM;
    return status == WINNOW_OK ? site_table_end_document(t) : status;
}

int site_delta_count(const struct site_delta *d, struct site_table *t, bool *ret_counted)
{
    bool counted = !is_copy(d, t);
    int status = counted ? count_lines(d, t) : WINNOW_OK;
    if (status == WINNOW_OK)
        *ret_counted = counted;
    return status;
}

/* --- counting slots ----------------------------------------------------------------------------- */

static struct site_slot *slot_for(struct site_table *t, const struct delta_slot *seen)
{
    struct site_slot *rarest = &t->slots[0];
    for (size_t i = 0; i < t->nslots; i++) {
        if (t->slots[i].before == seen->before && t->slots[i].after == seen->after)
            return &t->slots[i];
        if (t->slots[i].echoes < rarest->echoes)
            rarest = &t->slots[i];
    }
    if (!seen->echo || (t->nslots == SITE_SLOTS && rarest->echoes > 1))
        return NULL;
    struct site_slot *ret = t->nslots < SITE_SLOTS ? &t->slots[t->nslots++] : rarest;
    *ret = (struct site_slot){.before = seen->before, .after = seen->after};
    return ret;
}

/* No slot counts more than there are documents, however often a page has it: a blob that
 * says otherwise is damaged. */
static bool count_slot(const struct delta_slot *seen, struct site_table *t)
{
    struct site_slot *known = slot_for(t, seen);
    uint32_t *count = !known ? NULL : seen->echo ? &known->echoes : &known->others;
    if (!count)
        return false;
    *count += *count < t->documents;
    if (seen->echo && seen->lines > known->lines)
        known->lines = seen->lines;
    return true;
}

static struct delta_slot slot_seen(const struct view *v, const struct slot *slot)
{
    size_t first = slot->first + slot->label;
    return (struct delta_slot){
        .before = first > 0 ? v->items[first - 1].hash : 0,
        .after = slot->last < v->count ? v->items[slot->last].hash : 0,
        .lines = (uint32_t)(slot->last - first),
        .echo = slot->echo,
    };
}

/* Where the pages of the site echo themselves: for a rule file to say it. */
int site_delta_see_slots(struct site_delta *d, struct view *v, struct site_table *t)
{
    int status = view_judge(v, t, false);
    for (size_t i = 0; i < v->nslots && status == WINNOW_OK; i++) {
        struct delta_slot seen = slot_seen(v, &v->slots[i]);
        if (!count_slot(&seen, t) || d->nslots == DELTA_SLOTS)
            continue;
        struct delta_slot *slots =
            array_grow(d->slots, &d->slots_cap, d->nslots + 1, sizeof *slots);
        if (!slots)
            return WINNOW_ENOMEM;
        d->slots = slots;
        slots[d->nslots++] = seen;
    }
    return status;
}

void site_delta_count_slots(const struct site_delta *d, struct site_table *t)
{
    for (size_t i = 0; i < d->nslots; i++)
        (void)count_slot(&d->slots[i], t);
}

/* --- as bytes ------------------------------------------------------------------------------------ */

static void put_short(struct buf *b, struct slice s)
{
    wire_put_8(b, (uint8_t)s.len);
    buf_add(b, s.p, s.len);
}

void site_delta_write(const struct site_delta *d, struct buf *ret)
{
    put_short(ret, slice_of(d->name));
    wire_put_32(ret, (uint32_t)d->count);
    for (size_t i = 0; i < d->count; i++) {
        wire_put_64(ret, d->lines[i].hash);
        wire_put_32(ret, d->lines[i].weight);
        put_short(ret, d->lines[i].words);
        wire_put_8(ret, d->lines[i].cut);
    }
    wire_put_8(ret, (uint8_t)d->ntitles);
    for (size_t i = 0; i < d->ntitles; i++)
        wire_put_64(ret, d->titles[i]);
    wire_put_32(ret, (uint32_t)d->nslots);
    for (size_t i = 0; i < d->nslots; i++) {
        wire_put_64(ret, d->slots[i].before);
        wire_put_64(ret, d->slots[i].after);
        wire_put_32(ret, d->slots[i].lines);
        wire_put_8(ret, d->slots[i].echo);
    }
}

static void read_name(struct wire *r, struct site_delta *d)
{
    struct slice name = wire_get_bytes(r, wire_get_8(r));
    if (name.len > SITE_EXAMPLE_MOST || memchr(name.p, 0, name.len)) {
        r->bad = true;
        return;
    }
    memcpy(d->name, name.p, name.len);
    d->name[name.len] = '\0';
}

static void read_line(struct wire *r, struct delta_line *ret)
{
    ret->hash = wire_get_64(r);
    ret->weight = wire_get_32(r);
    ret->words = wire_get_bytes(r, wire_get_8(r));
    uint8_t cut = wire_get_8(r);
    ret->cut = cut == 1;
    r->bad |= ret->hash == 0 || cut > 1 || ret->words.len > SITE_WORDS_MOST ||
              !site_words_are_good(ret->words);
}

static void read_titles(struct wire *r, struct site_delta *d)
{
    size_t count = wire_get_8(r);
    r->bad |= count > DELTA_TITLES;
    while (!r->bad && d->ntitles < count) {
        uint64_t title = wire_get_64(r);
        r->bad |= title == 0;
        d->titles[d->ntitles++] = title;
    }
}

enum { LINE_LEAST = 8 + 4 + 1 + 1, SLOT_BYTES = 8 + 8 + 4 + 1 };

static int read_slots(struct wire *r, struct site_delta *d)
{
    size_t count = wire_get_32(r);
    r->bad |= count > DELTA_SLOTS || wire_left(r) / SLOT_BYTES < count;
    if (r->bad)
        return WINNOW_EDATA;
    if (!(d->slots = calloc(count + 1, sizeof *d->slots)))
        return WINNOW_ENOMEM;
    d->slots_cap = count + 1;
    while (d->nslots < count) {
        struct delta_slot *slot = &d->slots[d->nslots++];
        slot->before = wire_get_64(r);
        slot->after = wire_get_64(r);
        slot->lines = wire_get_32(r);
        uint8_t echo = wire_get_8(r);
        slot->echo = echo == 1;
        r->bad |= echo > 1;
    }
    return WINNOW_OK;
}

static int by_hash(const void *a, const void *b, void *ctx)
{
    const struct delta_line *lines = ctx;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (lines[x].hash != lines[y].hash)
        return lines[x].hash < lines[y].hash ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int read_lines(struct wire *r, struct site_delta *d)
{
    size_t count = wire_get_32(r);
    r->bad |= count > DELTA_LINES || wire_left(r) / LINE_LEAST < count;
    if (r->bad)
        return WINNOW_EDATA;
    if (make_rooms(d, count) != WINNOW_OK)
        return WINNOW_ENOMEM;
    for (; d->count < count; d->count++) {
        read_line(r, &d->lines[d->count]);
        d->sorted[d->count] = (uint32_t)d->count;
    }
    qsort_r(d->sorted, d->count, sizeof *d->sorted, by_hash, d->lines);
    return WINNOW_OK;
}

int site_delta_read(struct slice bytes, struct site_delta *ret)
{
    struct wire r = wire_of(bytes);
    struct site_delta d = {.count = 0};
    read_name(&r, &d);
    int status = read_lines(&r, &d);
    read_titles(&r, &d);
    if (status == WINNOW_OK)
        status = read_slots(&r, &d);
    if (status == WINNOW_OK && !wire_is_done(&r))
        status = WINNOW_EDATA;
    if (status == WINNOW_OK)
        *ret = d;
    else
        site_delta_free(&d);
    return status;
}
