/* record_text.c - the page's text from a record, as it was before any removal.
 *
 * A record may come from anywhere.  Its places are checked against its own pieces, and what
 * comes out against the length and the hash that the record names: a text is the page's, or
 * it is none.  What it costs is bounded by the record's own size, and counted first. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "hash.h"
#include "record_parts.h"
#include "utf8.h"

enum {
    SWOLLEN_LEAST = 64 << 20, /* bytes of a page, and more only of a record that has */
    SWOLLEN_TIMES = 16,       /* at least one for so many: white space alone is folded */
};

int record_bad(struct winnow_error *err, const char *format, ...)
{
    char what[300];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(err, WINNOW_EDATA,
                   "the record does not fit together: %s; was it cut or edited?  clean its page "
                   "again",
                   what);
}

bool record_number(const json_t *value, uint64_t most, uint32_t *ret)
{
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 0 || n > UINT32_MAX || (uint64_t)n > most)
        return false;
    *ret = (uint32_t)n;
    return true;
}

struct slice record_string(const json_t *value)
{
    return (struct slice){json_string_value(value), json_string_length(value)};
}

/* --- pieces ------------------------------------------------------------------------------ */

static bool read_repeats(const json_t *pair, struct record_span *s)
{
    return !pair || (json_array_size(pair) == 2 &&
                     record_number(json_array_get(pair, 1), UINT32_MAX, &s->other_end) &&
                     record_number(json_array_get(pair, 0), s->other_end, &s->other_start));
}

int record_span_read(const json_t *entry, const char *name, size_t i, bool has_text,
                     struct record_span *ret, struct winnow_error *err)
{
    const json_t *with = json_object_get(entry, "with");
    struct record_span s = {
        .verdict = with ? WINNOW_REPLACED : WINNOW_REMOVED,
        .text = record_string(json_object_get(entry, "text")),
        .with = record_string(with),
        .stage = json_string_value(json_object_get(entry, "stage")),
        .reason = json_string_value(json_object_get(entry, "reason")),
    };
    if (!record_number(json_object_get(entry, "end"), UINT32_MAX, &s.end) || s.end == 0 ||
        !record_number(json_object_get(entry, "start"), s.end - 1, &s.start))
        return record_bad(err, "\"%s\"[%zu] has no \"start\" and \"end\" behind it", name, i);
    if (!s.stage || !s.reason || (has_text && !s.text.p) || (with && !s.with.p))
        return record_bad(err,
                          "\"%s\"[%zu], byte %u of the page: a member is missing, or no "
                          "string",
                          name, i, s.start);
    if (has_text && s.text.len != s.end - s.start)
        return record_bad(err,
                          "\"%s\"[%zu], byte %u of the page: its \"text\" is not as long as "
                          "from \"start\" to \"end\"",
                          name, i, s.start);
    if (!read_repeats(json_object_get(entry, "repeats"), &s))
        return record_bad(err, "\"%s\"[%zu], byte %u of the page: \"repeats\" is no range", name, i,
                          s.start);
    *ret = s;
    return WINNOW_OK;
}

/* Appends the entries of "removed" or "replaced". */
static int read_list(struct record_text *t, const char *name, enum winnow_verdict verdict,
                     struct winnow_error *err)
{
    const json_t *list = json_object_get(t->root, name);
    size_t i, count = json_array_size(list);
    if (!json_is_array(list))
        return record_bad(err, "\"%s\" is missing", name);
    if (count == 0)
        return WINNOW_OK;
    struct record_span *spans = array_grow(t->spans, &t->cap, t->count + count, sizeof *spans);
    if (!spans)
        return err_nomem(err);
    t->spans = spans;
    for (i = 0; i < count; i++) {
        struct record_span *s = &spans[t->count];
        int status = record_span_read(json_array_get(list, i), name, i, true, s, err);
        if (status != WINNOW_OK)
            return status;
        if (s->verdict != verdict)
            return record_bad(err, "\"%s\"[%zu] is an entry of another list", name, i);
        t->count++;
    }
    return WINNOW_OK;
}

static int by_start(const void *a, const void *b)
{
    uint32_t x = ((const struct record_span *)a)->start, y = ((const struct record_span *)b)->start;
    return (x > y) - (x < y);
}

/* --- the text ------------------------------------------------------------------------------ */

/* The page's text in the making, from pieces of two kinds. */
struct weaver {
    struct buf *text;
    const struct record_span *next, *end; /* to be put in yet */
    size_t left; /* counting: bytes that may come yet */
};

static int count_kept(void *ctx, struct slice kept)
{
    struct weaver *w = ctx;
    if (kept.len > w->left)
        return WINNOW_EDATA;
    w->left -= kept.len;
    return WINNOW_OK;
}

/* Removed and replaced bytes go where they stood, between kept ones. */
static int weave(void *ctx, struct slice kept)
{
    struct weaver *w = ctx;
    while (w->next < w->end && w->next->start - w->text->len <= kept.len) {
        size_t before = w->next->start - w->text->len;
        buf_add(w->text, kept.p, before);
        buf_add(w->text, w->next->text.p, w->next->text.len);
        kept = (struct slice){kept.p + before, kept.len - before};
        w->next++;
    }
    buf_add(w->text, kept.p, kept.len);
    return w->text->status;
}

static int bad_length(uint32_t len, struct winnow_error *err)
{
    return record_bad(err, "the page's text does not come out at the %u bytes of \"length\"", len);
}

/* Do the pieces lie apart, and how many bytes of len do they leave? */
static int count_pieces(const struct record_text *t, uint32_t len, size_t *left,
                        struct winnow_error *err)
{
    *left = len;
    for (size_t i = 0; i < t->count; i++) {
        const struct record_span *s = &t->spans[i];
        if (i > 0 && s->start < t->spans[i - 1].end)
            return record_bad(err, "two pieces have byte %u of the page", s->start);
        if (s->text.len > *left)
            return bad_length(len, err);
        *left -= s->text.len;
    }
    return WINNOW_OK;
}

/* Does it all make len bytes?  Gaps are written once and crossed often: what they come to is
 * counted before there is memory for it. */
static int check_sums(const struct record_text *t, struct slice clean, uint32_t len,
                      struct winnow_error *err)
{
    struct weaver w = {0};
    struct winnow_error why = {0};
    int status = count_pieces(t, len, &w.left, err);
    if (status == WINNOW_OK) {
        status = kept_apply(json_object_get(t->root, "kept"), clean, count_kept, &w, &why);
        if (status != WINNOW_OK)
            return *why.text ? err_set(err, why.status, "%s", why.text) : bad_length(len, err);
        if (w.left > 0)
            return bad_length(len, err);
    }
    return status;
}

/* Its length is what was counted. */
static int check_text(const struct record_text *t, struct winnow_error *err)
{
    struct slice text = buf_slice(&t->text);
    char hash[33];
    if (utf8_valid_prefix(text) < text.len || memchr(text.p, '\0', text.len))
        return record_bad(err, "the page's text is no UTF-8 at byte %zu", utf8_valid_prefix(text));
    hash_name(text, hash);
    if (!slice_is(record_string(json_object_get(t->root, "hash")), hash))
        return record_bad(err, "the page's text is not the one that \"hash\" was made of");
    return WINNOW_OK;
}

static int weave_all(struct record_text *t, struct slice clean, uint32_t len,
                     struct winnow_error *err)
{
    struct weaver w = {.text = &t->text, .next = t->spans, .end = t->spans + t->count};
    buf_init(&t->text, len);
    int status = buf_room(&t->text, len) ? weave(&w, (struct slice){"", 0}) : t->text.status;
    if (status == WINNOW_OK)
        status = kept_apply(json_object_get(t->root, "kept"), clean, weave, &w, err);
    if (t->text.status == WINNOW_ENOMEM)
        return err_nomem(err);
    if (status == WINNOW_OK && w.next < w.end)
        return record_bad(err, "nothing stands before byte %u of the page", w.next->start);
    return status;
}

static int check_length(uint32_t len, size_t max, size_t record_len, struct winnow_error *err)
{
    if (len > max)
        return err_set(err, WINNOW_ELIMIT,
                       "the page of the record has %u bytes, more than the limit "
                       "of %zu; raise max_bytes",
                       len, max);
    if (len > SWOLLEN_LEAST && len / SWOLLEN_TIMES >= record_len)
        return record_bad(err,
                          "its \"length\", %u bytes, is more than %d times the %zu of the "
                          "record",
                          len, SWOLLEN_TIMES, record_len);
    return WINNOW_OK;
}

static int make_text(struct record_text *t, size_t max, size_t record_len,
                     struct winnow_error *err)
{
    struct slice clean = record_string(json_object_get(t->root, "text"));
    uint32_t len;
    if (!clean.p || !record_number(json_object_get(t->root, "length"), UINT32_MAX, &len))
        return record_bad(err, "\"text\" or \"length\" is missing");
    int status = check_length(len, max, record_len, err);
    if (status == WINNOW_OK)
        status = check_sums(t, clean, len, err);
    if (status == WINNOW_OK)
        status = weave_all(t, clean, len, err);
    return status == WINNOW_OK ? check_text(t, err) : status;
}

static int check_version(const json_t *root, struct winnow_error *err)
{
    const json_t *version = json_object_get(root, "version");
    if (!json_is_object(root) || !json_object_get(root, "removed"))
        return err_set(err, WINNOW_EDATA, "no record of winnow clean: make it with --format json");
    if (!version)
        return err_set(err, WINNOW_EDATA,
                       "the record has no \"version\": an older winnow wrote it, "
                       "without what makes its page again; clean the page again");
    if (json_integer_value(version) == RECORD_VERSION)
        return WINNOW_OK;
    return err_set(err, WINNOW_EDATA,
                   "the record has another \"version\" than %d: a newer winnow "
                   "wrote it; read it with that one",
                   RECORD_VERSION);
}

static int parse(struct slice record, json_t **ret, struct winnow_error *err)
{
    json_error_t why;
    /* Rules can put a NUL into a replacement, and strings here have their lengths. */
    json_t *root = json_loadb(record.p, record.len, JSON_ALLOW_NUL, &why);
    if (!root && json_error_code(&why) == json_error_out_of_memory)
        return err_nomem(err);
    if (!root)
        return err_set(err, WINNOW_EDATA, "no record: its line %d, column %d is no JSON: %s",
                       why.line, why.column, why.text);
    *ret = root;
    return WINNOW_OK;
}

int record_text_read(struct slice record, size_t max, struct record_text *ret,
                     struct winnow_error *err)
{
    struct record_text *t = ret;
    *t = (struct record_text){0};
    int status = parse(record, &t->root, err);
    if (status == WINNOW_OK)
        status = check_version(t->root, err);
    if (status == WINNOW_OK)
        status = read_list(t, "removed", WINNOW_REMOVED, err);
    if (status == WINNOW_OK)
        status = read_list(t, "replaced", WINNOW_REPLACED, err);
    if (status == WINNOW_OK && t->count > 0)
        qsort(t->spans, t->count, sizeof *t->spans, by_start);
    return status == WINNOW_OK ? make_text(t, max, record.len, err) : status;
}

void record_text_free(struct record_text *t)
{
    json_decref(t->root);
    buf_free(&t->text);
    free(t->spans);
}
