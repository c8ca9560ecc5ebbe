/* site_table.c - a site's lines in memory and as a blob.
 *
 * The blob, numbers as LEB128 (7 bits a byte, the low ones first) unless drawn:
 *
 *     "wsit" | version 1 byte
 *     documents | lost
 *     examples: how many, then for each its length and its bytes
 *     slots: how many, then for each  before 8 | after 8 | echoes | others | lines
 *     lines: how many, then for each, by rising hash
 *         hash 8 | count | first | line's lost
 *         and where count > 1
 *         last - first | before: name 4, votes | after: name 4, votes
 *         words_len * 2 + cut | words | example
 *
 * Hashes and names have their low byte first.  A line that one document carried takes
 * eleven to fifteen bytes.  Whatever a reader meets is bounded: no number is believed
 * before the bytes that it announces are there. */
#include "site_table.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "utf8.h"

static const char magic[5] = {'w', 's', 'i', 't', 1};

void site_table_init(struct site_table *t)
{
    *t = (struct site_table){0};
    buf_init(&t->words, SITE_WORDS_ALL);
}

void site_table_free(struct site_table *t)
{
    free(t->lines);
    buf_free(&t->words);
    for (size_t i = 0; i < t->nexamples; i++)
        free(t->examples[i]);
    site_table_init(t);
}

/* --- lines ---------------------------------------------------------------------------------- */

static struct site_line *place_of(struct site_line *lines, size_t cap, uint64_t hash)
{
    size_t i = (size_t)hash & (cap - 1);
    while (lines[i].hash != 0 && lines[i].hash != hash)
        i = (i + 1) & (cap - 1);
    return &lines[i];
}

struct site_line *site_table_find(const struct site_table *t, uint64_t hash)
{
    struct site_line *line = t->cap > 0 ? place_of(t->lines, t->cap, hash) : NULL;
    return line && line->hash ? line : NULL;
}

static int grow(struct site_table *t, size_t cap)
{
    struct site_line *lines = calloc(cap, sizeof *lines);
    if (!lines)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < t->cap; i++)
        if (t->lines[i].hash)
            *place_of(lines, cap, t->lines[i].hash) = t->lines[i];
    free(t->lines);
    t->lines = lines;
    t->cap = cap;
    return WINNOW_OK;
}

struct site_line *site_table_add(struct site_table *t, uint64_t hash)
{
    if (t->count >= t->cap / 2 && grow(t, t->cap ? 2 * t->cap : 64) != WINNOW_OK)
        return NULL;
    struct site_line *line = place_of(t->lines, t->cap, hash);
    if (!line->hash) {
        *line = (struct site_line){.hash = hash, .lost = t->lost};
        t->count++;
    }
    return line;
}

struct slice site_line_words(const struct site_table *t, const struct site_line *line)
{
    return (struct slice){line->words_len ? t->words.data + line->words : "", line->words_len};
}

bool site_words_are_good(struct slice words)
{
    for (size_t i = 0; i < words.len; i++)
        if (((unsigned char)words.p[i] < ' ' && words.p[i] != '\t') || words.p[i] == 127)
            return false;
    return utf8_valid_prefix(words) == words.len;
}

struct slice site_words_part(struct slice words, bool *cut)
{
    struct slice part = words;
    if (part.len > SITE_WORDS_MOST)
        part.len = utf8_valid_prefix((struct slice){words.p, SITE_WORDS_MOST});
    *cut = part.len < words.len;
    return part;
}

int site_table_set_words(struct site_table *t, struct site_line *line, struct slice words)
{
    bool cut;
    struct slice part = site_words_part(words, &cut);
    if (part.len == 0 || t->words.len > SITE_WORDS_ALL - part.len)
        return WINNOW_OK;
    size_t at = t->words.len;
    buf_add(&t->words, part.p, part.len);
    if (t->words.status != WINNOW_OK)
        return t->words.status;
    line->words = (uint32_t)at;
    line->words_len = (uint8_t)part.len;
    line->cut = cut;
    return WINNOW_OK;
}

uint8_t site_table_example(struct site_table *t, const char *name)
{
    size_t len = name ? strlen(name) : 0;
    for (size_t i = 0; i < t->nexamples && len > 0; i++)
        if (strcmp(t->examples[i], name) == 0)
            return (uint8_t)(i + 1);
    if (len == 0 || len > SITE_EXAMPLE_MOST || t->nexamples == SITE_EXAMPLES ||
        !site_words_are_good((struct slice){name, len}))
        return 0;
    t->examples[t->nexamples] = strdup(name);
    return t->examples[t->nexamples] ? (uint8_t)++t->nexamples : 0;
}

void beside_vote(struct beside *b, uint32_t name)
{
    if (b->name == name) {
        b->votes++;
    } else if (b->votes == 0) {
        *b = (struct beside){name, 1};
    } else {
        b->votes--;
    }
}

/* What makes a line the site's. */
enum {
    SHARED_LEAST = 3,  /* documents */
    ROW_LEAST = 10,    /* documents in a row */
    ROW_SHARE = 90,    /* percent of them */
};

bool site_line_is_shared(const struct site_table *t, const struct site_line *line, bool one_more,
                         struct site_share *ret)
{
    uint64_t count = (uint64_t)line->count + one_more, of = (uint64_t)t->documents + one_more;
    uint64_t row = (uint64_t)line->last - line->first + 1;
    *ret = (struct site_share){(uint32_t)count, (uint32_t)of, false};
    if (count >= SHARED_LEAST && count * 2 > of)
        return true;
    *ret = (struct site_share){line->count, (uint32_t)row, true};
    return line->count >= ROW_LEAST && (uint64_t)line->count * 100 >= row * ROW_SHARE;
}

/* --- forgetting ----------------------------------------------------------------------------- */

/* Names of documents that no line refers to any more make room for others. */
static void forget_examples(struct site_table *t)
{
    uint8_t now[SITE_EXAMPLES + 1] = {0};
    for (size_t i = 0; i < t->cap; i++)
        if (t->lines[i].hash)
            now[t->lines[i].example] = 1;
    size_t kept = 0;
    for (size_t i = 0; i < t->nexamples; i++) {
        if (now[i + 1])
            now[i + 1] = (uint8_t)(kept + 1);
        else
            free(t->examples[i]);
        if (now[i + 1])
            t->examples[kept++] = t->examples[i];
    }
    t->nexamples = kept;
    now[0] = 0;
    for (size_t i = 0; i < t->cap; i++)
        t->lines[i].example = now[t->lines[i].example];
}

static bool stays(const struct site_line *line, uint32_t lost)
{
    return line->hash && (uint64_t)line->count + line->lost > lost;
}

/* Moves the lines that stay, with their words, into a table without the others. */
static int forget(struct site_table *t, uint32_t lost)
{
    struct site_table left;
    site_table_init(&left);
    left.lost = lost;
    int status = WINNOW_OK;
    for (size_t i = 0; i < t->cap && status == WINNOW_OK; i++) {
        const struct site_line *from = &t->lines[i];
        struct site_line *to = stays(from, lost) ? site_table_add(&left, from->hash) : NULL;
        if (to) {
            *to = *from;
            to->words_len = 0;
            status = site_table_set_words(&left, to, site_line_words(t, from));
            to->cut = from->cut;
        } else if (stays(from, lost)) {
            status = WINNOW_ENOMEM;
        }
    }
    struct site_table *waste = status == WINNOW_OK ? t : &left;
    free(waste->lines);
    buf_free(&waste->words);
    if (status != WINNOW_OK)
        return status;
    t->lines = left.lines;
    t->count = left.count;
    t->cap = left.cap;
    t->words = left.words;
    t->lost = lost;
    forget_examples(t);
    return WINNOW_OK;
}

int site_table_end_document(struct site_table *t)
{
    int status = WINNOW_OK;
    if (t->documents < UINT32_MAX)
        t->documents++;
    if (t->documents % SITE_BUCKET == 0)
        status = forget(t, t->lost + 1);
    bool full = t->count > SITE_LINES_MOST;
    for (uint32_t step = 1; status == WINNOW_OK && full; step *= 2) {
        status = forget(t, t->documents - t->lost > step ? t->lost + step : t->documents);
        full = t->count > SITE_LINES_MOST / 4 * 3;
    }
    return status;
}

/* --- writing -------------------------------------------------------------------------------- */

static void put_number(struct buf *b, uint64_t n)
{
    for (; n >= 128; n >>= 7)
        buf_addc(b, (char)(n | 128));
    buf_addc(b, (char)n);
}

static void put_fixed(struct buf *b, uint64_t n, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_addc(b, (char)(n >> 8 * i));
}

static void put_beside(struct buf *b, const struct beside *beside)
{
    put_fixed(b, beside->name, 4);
    put_number(b, beside->votes);
}

static void put_line(struct buf *b, const struct site_table *t, const struct site_line *line)
{
    struct slice words = site_line_words(t, line);
    put_fixed(b, line->hash, 8);
    put_number(b, line->count);
    put_number(b, line->first);
    put_number(b, line->lost);
    if (line->count < 2)
        return;
    put_number(b, line->last - line->first);
    put_beside(b, &line->before);
    put_beside(b, &line->after);
    put_number(b, (uint64_t)line->words_len * 2 + line->cut);
    buf_add(b, words.p, words.len);
    put_number(b, line->example);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = (*(const struct site_line *const *)a)->hash;
    uint64_t y = (*(const struct site_line *const *)b)->hash;
    return x < y ? -1 : x > y;
}

static int put_lines(struct buf *b, const struct site_table *t)
{
    const struct site_line **sorted = malloc((t->count + 1) * sizeof *sorted);
    if (!sorted)
        return WINNOW_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < t->cap; i++)
        if (t->lines[i].hash)
            sorted[n++] = &t->lines[i];
    qsort(sorted, n, sizeof *sorted, by_hash);
    put_number(b, n);
    for (size_t i = 0; i < n; i++)
        put_line(b, t, sorted[i]);
    free(sorted);
    return WINNOW_OK;
}

int site_table_write(const struct site_table *t, struct buf *ret)
{
    buf_add(ret, magic, sizeof magic);
    put_number(ret, t->documents);
    put_number(ret, t->lost);
    put_number(ret, t->nexamples);
    for (size_t i = 0; i < t->nexamples; i++) {
        put_number(ret, strlen(t->examples[i]));
        buf_adds(ret, t->examples[i]);
    }
    put_number(ret, t->nslots);
    for (size_t i = 0; i < t->nslots; i++) {
        const struct site_slot *s = &t->slots[i];
        put_fixed(ret, s->before, 8);
        put_fixed(ret, s->after, 8);
        put_number(ret, s->echoes);
        put_number(ret, s->others);
        put_number(ret, s->lines);
    }
    int status = put_lines(ret, t);
    return status == WINNOW_OK ? ret->status : status;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Reads on; after the first thing that cannot be, all that follows is 0. */
struct reader {
    const unsigned char *p, *end;
    bool bad;
};

static uint64_t get_fixed(struct reader *r, unsigned bytes)
{
    uint64_t ret = 0;
    if ((size_t)(r->end - r->p) < bytes) {
        r->bad = true;
        r->p = r->end;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        ret |= (uint64_t)*r->p++ << 8 * i;
    return ret;
}

static uint32_t get_number(struct reader *r, uint32_t most)
{
    uint64_t ret = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint64_t byte = get_fixed(r, 1);
        ret |= (byte & 127) << shift;
        if (byte < 128) {
            r->bad |= ret > most;
            return r->bad ? 0 : (uint32_t)ret;
        }
    }
    r->bad = true;
    return 0;
}

static struct slice get_bytes(struct reader *r, size_t len)
{
    struct slice ret = {(const char *)r->p, len};
    if ((size_t)(r->end - r->p) < len) {
        r->bad = true;
        return (struct slice){"", 0};
    }
    r->p += len;
    return ret;
}

static int read_examples(struct reader *r, struct site_table *t)
{
    size_t n = get_number(r, SITE_EXAMPLES);
    for (size_t i = 0; i < n && !r->bad; i++) {
        struct slice name = get_bytes(r, get_number(r, SITE_EXAMPLE_MOST));
        r->bad |= name.len == 0 || !site_words_are_good(name);
        char *copy = r->bad ? NULL : slice_dup(name);
        if (!copy)
            return r->bad ? WINNOW_EDATA : WINNOW_ENOMEM;
        t->examples[t->nexamples++] = copy;
    }
    return WINNOW_OK;
}

static void read_slots(struct reader *r, struct site_table *t)
{
    t->nslots = get_number(r, SITE_SLOTS);
    for (size_t i = 0; i < t->nslots; i++) {
        struct site_slot *s = &t->slots[i];
        s->before = get_fixed(r, 8);
        s->after = get_fixed(r, 8);
        s->echoes = get_number(r, t->documents);
        s->others = get_number(r, t->documents);
        s->lines = get_number(r, UINT32_MAX);
    }
}

static void read_beside(struct reader *r, struct beside *ret)
{
    ret->name = (uint32_t)get_fixed(r, 4);
    ret->votes = get_number(r, UINT32_MAX);
}

/* What only a line that two documents carried has. */
static int read_shared(struct reader *r, struct site_table *t, struct site_line *line)
{
    line->last = line->first + get_number(r, t->documents - line->first);
    read_beside(r, &line->before);
    read_beside(r, &line->after);
    uint32_t len = get_number(r, 2 * SITE_WORDS_MOST + 1);
    struct slice words = get_bytes(r, len / 2);
    line->example = (uint8_t)get_number(r, (uint32_t)t->nexamples);
    if (r->bad || !site_words_are_good(words)) {
        r->bad = true;
        return WINNOW_EDATA;
    }
    int status = site_table_set_words(t, line, words);
    line->cut = len % 2;
    return status;
}

static int read_line(struct reader *r, struct site_table *t, uint64_t *before)
{
    uint64_t hash = get_fixed(r, 8);
    r->bad |= hash <= *before;
    *before = hash;
    struct site_line *line = r->bad ? NULL : site_table_add(t, hash);
    if (!line)
        return r->bad ? WINNOW_EDATA : WINNOW_ENOMEM;
    line->count = get_number(r, t->documents);
    line->first = line->last = get_number(r, t->documents);
    line->lost = get_number(r, t->lost);
    r->bad |= line->count == 0 || line->first == 0 || line->lost > t->documents - line->count;
    if (r->bad)
        return WINNOW_EDATA;
    return line->count > 1 ? read_shared(r, t, line) : WINNOW_OK;
}

static int read_lines(struct reader *r, struct site_table *t)
{
    uint64_t before = 0;
    int status = WINNOW_OK;
    size_t n = get_number(r, SITE_LINES_MOST);
    for (size_t i = 0; i < n && status == WINNOW_OK; i++)
        status = read_line(r, t, &before);
    return status;
}

static int read_all(struct reader *r, struct site_table *t)
{
    t->documents = get_number(r, UINT32_MAX);
    t->lost = get_number(r, t->documents);
    int status = read_examples(r, t);
    if (status != WINNOW_OK)
        return status;
    read_slots(r, t);
    status = r->bad ? WINNOW_EDATA : read_lines(r, t);
    return status == WINNOW_OK && (r->bad || r->p != r->end) ? WINNOW_EDATA : status;
}

int site_table_read(struct slice blob, struct site_table *ret, struct winnow_error *err)
{
    struct site_table t;
    struct reader r = {(const unsigned char *)blob.p, (const unsigned char *)blob.p + blob.len, false};
    site_table_init(&t);
    int status = WINNOW_OK;
    if (blob.len > 0) {
        struct slice head = get_bytes(&r, sizeof magic);
        bool ours = head.len == sizeof magic && memcmp(head.p, magic, sizeof magic) == 0;
        status = ours ? read_all(&r, &t) : WINNOW_EDATA;
    }
    if (status == WINNOW_OK) {
        *ret = t;
        return WINNOW_OK;
    }
    site_table_free(&t);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    return err_set(err, WINNOW_EDATA, "what the index has learned of a site is damaged or of "
                                      "another version, at byte %zu; winnow index verify finds out",
                   (size_t)(r.p - (const unsigned char *)blob.p));
}
