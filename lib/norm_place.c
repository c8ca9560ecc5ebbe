/* norm_place.c - find the character of a text that a place in the stream comes from, by
 * folding the text again from the anchor before it. */
#include "norm_parts.h"

/* The ASCII at hand. */
static void pass_ascii(struct folding *f)
{
    size_t i = f->i;
    uint32_t ahead = f->ahead;
    for (; i < f->len && f->text[i] < 128; i++) {
        unsigned kept = norm_ascii[f->text[i]] > JOINER;
        if (kept && ahead == 0)
            break;
        ahead -= kept;
    }
    f->found = i < f->len && f->text[i] < 128;
    f->found_at = f->at + (uint32_t)i;
    f->i = i;
    f->ahead = ahead;
    f->nmarks = 0;
    f->last = 0;
}

static void pass_kept(struct folding *f, int32_t c, uint32_t len)
{
    pass(f, len, f->at + (uint32_t)f->i);
    f->nmarks = 0;
    f->last = is_hangul(c) ? c : 0;
}

/* Folds on until it is found, at most so many bytes; then it is among the marks. */
static void seek(struct folding *f, uint32_t part, size_t most)
{
    f->len = f->len < most ? f->len : most;
    for (size_t len; f->i < f->len && !f->found; f->i += len, part = 0) {
        len = 0;
        if (f->text[f->i] < 128) {
            pass_ascii(f);
            continue;
        }
        const unsigned char *p = f->text + f->i;
        int32_t c = read_char(p, f->len - f->i, &len);
        uint32_t fold = look_up(f->cache, c, p);
        if (fold >> FOLD_KIND == KEPT)
            pass_kept(f, c, fold >> FOLD_LEN & 3);
        else if (fold >> FOLD_KIND != NO_PART)
            norm_compose(f, c, part);
    }
}

uint32_t norm_text_at(const struct norm *n, uint32_t pos)
{
    const struct norm_anchor *from = norm_anchor_of(n, pos);
    struct folding f;
    norm_start(&f, n->cache, n->piece - ((int64_t)n->piece_at - from->at), n->end - from->at,
               from->at);
    f.ahead = pos - from->pos;
    seek(&f, from->part, ANCHOR_EVERY + ASCII_STEP + 4);
    return f.found ? f.found_at : f.marks_at;
}
