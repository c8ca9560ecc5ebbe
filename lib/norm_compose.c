/* norm_compose.c - fold a character that becomes several, or goes together with others:
 * marks in canonical order, jamo to syllables.
 *
 * The same way appends to a stream and seeks a place in it, so that the two cannot
 * differ. */
#include "norm_parts.h"

/* Not all is zeroed: lines are short, and there are many. */
void norm_start(struct folding *f, struct norm_cache *cache, const char *text, size_t len,
                uint32_t at)
{
    f->n = NULL;
    f->cache = cache;
    f->text = (const unsigned char *)text;
    f->i = 0;
    f->len = len;
    f->due = UINT64_MAX;
    f->at = at;
    f->in_word = false;
    f->last = 0;
    f->nmarks = 0;
    f->marks_at = at;
    f->ahead = 0;
    f->found = false;
    f->found_at = at;
}

int norm_anchor_here(struct folding *f, uint32_t part)
{
    f->due = f->i + ANCHOR_EVERY;
    return norm_push_anchor(f->n, f->at + (uint32_t)f->i, part);
}

/* Puts a mark among those at the stream's end in canonical order: é is e and its accent,
 * in whatever order an editor typed two accents.  Those of equal classes stay as they
 * were. */
static void insert_mark(struct folding *f, const struct part *part)
{
    struct norm *n = f->n;
    uint32_t pos = n->len;
    unsigned to = f->nmarks++;
    for (; to > 0 && f->classes[to - 1] > part->class; to--) {
        f->classes[to] = f->classes[to - 1];
        f->lens[to] = f->lens[to - 1];
        pos -= f->lens[to];
    }
    f->classes[to] = part->class;
    f->lens[to] = part->len;
    if (pos < n->len)
        memmove(n->bytes + pos + part->len, n->bytes + pos, n->len - pos);
    memcpy(n->bytes + pos, part->utf8, part->len);
    n->len += part->len;
}

static void append_mark(struct folding *f, const struct part *part)
{
    if (f->nmarks == 0)
        f->marks_at = f->at + (uint32_t)f->i;
    f->last = 0;
    if (f->n) {
        insert_mark(f, part);
    } else {
        f->nmarks++;
        pass(f, part->len, f->marks_at);
    }
}

/* The syllable that a conjoining jamo makes of what stands before it, or 0. */
static int32_t compose_hangul(int32_t last, int32_t jamo)
{
    int32_t l = last - JAMO_L, v = jamo - JAMO_V, t = jamo - JAMO_T;
    if (l >= 0 && l < JAMO_LS && v >= 0 && v < JAMO_VS)
        return HANGUL_FIRST + (l * JAMO_VS + v) * JAMO_TS;
    if (is_hangul(last) && (last - HANGUL_FIRST) % JAMO_TS == 0 && t > 0 && t < JAMO_TS)
        return last + t;
    return 0;
}

/* In the place of what stands before it, which is as long in UTF-8. */
static void append_syllable(struct folding *f, int32_t syllable)
{
    if (f->n) {
        unsigned char *to = f->n->bytes + f->n->len - 3;
        to[0] = (unsigned char)(0xE0 | syllable >> 12);
        to[1] = (unsigned char)(0x80 | (syllable >> 6 & 0x3F));
        to[2] = (unsigned char)(0x80 | (syllable & 0x3F));
        f->n->weight += f->last < HANGUL_FIRST ? 2 : 0; /* a jamo had one */
    }
    f->last = syllable;
}

static void append_letter(struct folding *f, const struct part *part)
{
    struct norm *n = f->n;
    if (n) {
        bool starts = part->role == CHARACTER || (part->role == LETTER && !f->in_word);
        n->blocks[n->len / 64].starts |= (uint64_t)starts << n->len % 64;
        n->weight += part->weight;
        memcpy(n->bytes + n->len, part->utf8, sizeof part->utf8);
        n->len += part->len;
    } else {
        pass(f, part->len, f->at + (uint32_t)f->i);
    }
    f->in_word = true;
    f->last = part->c;
}

/* The given part of the character at hand. */
static int fold_part(struct folding *f, const struct part *part, uint32_t number)
{
    if (part->role == ENDS_WORD) {
        f->in_word = false;
        return WINNOW_OK;
    }
    if (part->role != WAITS || f->nmarks == MARKS_MAX)
        f->nmarks = 0;
    int32_t syllable =
        part->role == LETTER && part->c >= JAMO_V ? compose_hangul(f->last, part->c) : 0;
    int status = WINNOW_OK;
    if (syllable)
        append_syllable(f, syllable);
    else if (f->nmarks == 0 && f->i >= f->due)
        status = norm_anchor_here(f, number);
    if (part->role == WAITS)
        append_mark(f, part);
    else if (part->role >= LETTER && !syllable)
        append_letter(f, part);
    else if (part->role < LETTER) {
        f->in_word = f->in_word && part->role == JOINS;
        f->last = 0;
    }
    return status;
}

int norm_compose(struct folding *f, int32_t c, uint32_t from)
{
    struct part own[PARTS_MAX];
    const struct part *parts = own;
    size_t count;
    uint32_t fold = c < REMEMBERED ? known_fold(f->cache, (uint32_t)c) : UNKNOWN;
    if (fold >> FOLD_KIND == PARTS) {
        parts = &f->cache->parts[fold & ~((uint32_t)PARTS << FOLD_KIND)];
        count = (size_t)parts++->c;
    } else {
        count = norm_parts_of(c, own);
    }
    int status = WINNOW_OK;
    for (size_t i = from; i < count && status == WINNOW_OK; i++)
        status = fold_part(f, &parts[i], (uint32_t)i);
    return status;
}
