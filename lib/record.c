/* record.c - a page from its record, as it stood before what it met elsewhere was looked at.
 *
 * Rules, and what else asks the page's tree or the rule files, have had their say: it is
 * taken from the record.  What depends on other documents (lines of the site, passages of
 * earlier ones), and what follows from that (repeats), is not: those stages run again.
 * Repairs are rules' too, but stand behind them; they wait in p->repairs for their turn.
 *
 * The page takes nothing from the record's memory. */
#include "record.h"

#include <jansson.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "record_parts.h"

enum { RESTORE_MOST = 1u << 31 }; /* bytes of a page's text, as of any page */

/* What becomes of a verdict, by the stage that made it. */
enum fate {
    FATE_TAKEN,  /* it stands */
    FATE_WAITS,  /* until the stage "repair" */
    FATE_JUDGED, /* anew, by its stage */
};

static const struct {
    const char *stage;
    enum fate fate;
} fates[] = {
    {"blocks", FATE_TAKEN}, {"rules", FATE_TAKEN},   {"repair", FATE_WAITS},
    {"site", FATE_JUDGED},  {"across", FATE_JUDGED}, {"repeat", FATE_JUDGED},
};

const char record_emptied[] = "nothing is left of this page; winnow explain shows what took it";

enum { FATES = sizeof fates / sizeof *fates };

/* A page in the making. */
struct loader {
    struct page *p;
    struct record_text t;
    struct winnow_error *err;
};

static const json_t *member(const struct loader *l, const char *name)
{
    return json_object_get(l->t.root, name);
}

/* --- what is known of the page -------------------------------------------------------------- */

static bool is_id(struct slice s)
{
    return s.p && s.len == 32 && strspn(s.p, "0123456789abcdef") == 32;
}

/* NULL where the record has none. */
static const char *name_of(struct loader *l, const char *member_name)
{
    struct slice name = record_string(member(l, member_name));
    const char *ret = name.p ? arena_copy(&l->p->arena, name) : NULL;
    if (name.p && !ret)
        l->p->status = WINNOW_ENOMEM;
    return ret;
}

static int load_names(struct loader *l)
{
    struct slice id = record_string(member(l, "id"));
    if (!is_id(id))
        return record_bad(l->err, "\"id\" is no 32 hexadecimal digits");
    memcpy(l->p->id, id.p, id.len);
    l->p->source = name_of(l, "source");
    l->p->site = name_of(l, "site");
    return WINNOW_OK;
}

/* The key that the index gave the page: a source that is no UTF-8 stands mended in the
 * record, and would give another. */
static enum winnow_across mode_of(struct slice word)
{
    return slice_is(word, "strip") ? WINNOW_ACROSS_STRIP
           : slice_is(word, "off") ? WINNOW_ACROSS_OFF
                                   : WINNOW_ACROSS_ANNOTATE;
}

static int load_document(struct loader *l)
{
    const json_t *across = member(l, "across"), *document = json_object_get(across, "document");
    struct slice key = record_string(document);
    l->p->across = mode_of(record_string(json_object_get(across, "mode")));
    if (!across || json_is_null(document))
        return WINNOW_OK;
    if (!is_id(key))
        return record_bad(l->err, "\"across\" has no \"document\" of 32 hexadecimal digits");
    if (!(l->p->document = arena_copy(&l->p->arena, key)))
        return err_nomem(l->err);
    return WINNOW_OK;
}

/* A list of strings beside the values of "metadata". */
static int load_strings(struct loader *l, const char *name,
                        void (*take)(struct loader *l, size_t i, const char *s))
{
    const json_t *list = json_object_get(member(l, "metadata"), name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));
        if (!s)
            return record_bad(l->err, "\"metadata\", \"%s\"[%zu] is no string", name, i);
        take(l, i, s);
    }
    return json_is_array(list) ? WINNOW_OK : record_bad(l->err, "\"metadata\" has no \"%s\"", name);
}

static void take_rule_file(struct loader *l, size_t i, const char *name)
{
    (void)i;
    page_meta(l->p, "rules", slice_of(name), NULL);
}

/* Stages that run again say anew what they have to say. */
static void take_note(struct loader *l, size_t i, const char *note)
{
    const json_t *range = json_object_get(member(l, "metadata"), "again");
    uint32_t first = 0, end = 0;
    bool again = record_number(json_array_get(range, 0), UINT32_MAX, &first) &&
                 record_number(json_array_get(range, 1), UINT32_MAX, &end) && i >= first && i < end;
    if (!again && strcmp(note, record_emptied) != 0)
        page_note(l->p, "%s", note);
}

static bool is_value(const char *name)
{
    static const char *const others[] = {"kind", "from", "rules", "notes", "again"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    return true;
}

static int load_kind(struct loader *l)
{
    struct slice kind = record_string(json_object_get(member(l, "metadata"), "kind"));
    if (!kind.p || !(slice_is(kind, "html") || slice_is(kind, "dump")))
        return record_bad(l->err, "\"metadata\" has no \"kind\" html or dump");
    l->p->kind = slice_is(kind, "html") ? WINNOW_KIND_HTML : WINNOW_KIND_DUMP;
    return WINNOW_OK;
}

static const char *from_of(const struct page *p, const char *name)
{
    for (size_t i = 0; i < p->nmeta; i++)
        if (strcmp(p->meta[i].name, name) == 0)
            return p->meta[i].from;
    return NULL;
}

static int load_meta(struct loader *l)
{
    struct page *p = l->p;
    json_t *value, *meta = json_object_get(l->t.root, "metadata");
    const json_t *from = json_object_get(meta, "from");
    const char *name;
    json_object_foreach(meta, name, value)
    {
        struct slice s = record_string(value);
        if (is_value(name) && !s.p)
            return record_bad(l->err, "\"metadata\", \"%.60s\" is no string", name);
        if (is_value(name))
            page_meta(p, name, s, json_string_value(json_object_get(from, name)));
    }
    p->url = page_get_meta(p, "url");
    p->url_from = from_of(p, "url");
    p->host = page_get_meta(p, "host");
    p->host_from = from_of(p, "host");
    int status = load_kind(l);
    if (status == WINNOW_OK)
        status = load_strings(l, "rules", take_rule_file);
    return status == WINNOW_OK ? load_strings(l, "notes", take_note) : status;
}

static int add_json(const char *data, size_t len, void *ret)
{
    buf_add(ret, data, len);
    return ((struct buf *)ret)->status == WINNOW_OK ? 0 : -1;
}

/* "rules" goes into the next record as it is. */
static int load_rules(struct loader *l)
{
    struct page *p = l->p;
    const json_t *rules = member(l, "rules"), *suspect = member(l, "suspect");
    uint32_t shown;
    struct buf text;
    if (!json_is_array(rules))
        return record_bad(l->err, "\"rules\" is missing");
    if (!json_is_boolean(suspect) || !record_number(member(l, "shown"), p->text_len, &shown))
        return record_bad(l->err, "\"suspect\" or \"shown\" does not fit the page");
    p->suspect = json_is_true(suspect);
    p->shown = shown;
    buf_init(&text, p->arena.max);
    bool dumped = json_dump_callback(rules, add_json, &text, JSON_COMPACT) == 0;
    p->rules_json =
        (struct slice){dumped ? arena_copy(&p->arena, buf_slice(&text)) : NULL, text.len};
    buf_free(&text);
    return p->rules_json.p ? WINNOW_OK : err_nomem(l->err);
}

/* --- the text and its blocks ----------------------------------------------------------------- */

static int load_text(struct loader *l)
{
    struct page *p = l->p;
    p->decoded = l->t.text;
    buf_init(&l->t.text, 0);
    p->utf8 = buf_slice(&p->decoded);
    p->text = p->utf8.p;
    p->text_len = (uint32_t)p->utf8.len;
    return verdict_init(&p->verdicts, p->text_len) == WINNOW_OK ? WINNOW_OK : err_nomem(l->err);
}

/* Is byte `at` the first of a character, or the end? */
static bool is_border(const struct page *p, uint32_t at)
{
    return at == p->text_len || ((unsigned char)p->text[at] & 0xc0) != 0x80;
}

static bool fits(const struct page *p, uint32_t start, uint32_t end)
{
    return start < end && end <= p->text_len && is_border(p, start) && is_border(p, end);
}

/* Digits, at most 255; none are 0. */
static bool read_level(struct slice digits, uint8_t *ret)
{
    unsigned level = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        level = 10 * level + (unsigned)(digits.p[i] - '0');
        if (level > UINT8_MAX)
            return false;
    }
    *ret = (uint8_t)level;
    return true;
}

/* "h2": its letters are the kind, its digits the level. */
static bool read_kind(struct slice word, struct block *b)
{
    size_t kind = 0, len = 0;
    while (len < word.len && word.p[len] >= 'a' && word.p[len] <= 'z')
        len++;
    while (kind < BLOCK_KINDS && !slice_is((struct slice){word.p, len}, record_kinds[kind]))
        kind++;
    b->kind = (uint8_t)kind;
    return kind < BLOCK_KINDS &&
           read_level((struct slice){word.p + len, word.len - len}, &b->level);
}

static bool read_gap(const json_t *value, struct block *b)
{
    uint32_t blank = 0;
    bool cell = json_is_integer(value) && json_integer_value(value) == -1;
    if (value && !cell && !record_number(value, UINT8_MAX, &blank))
        return false;
    b->blank_before = (uint8_t)blank;
    b->gap = cell ? GAP_CELL : blank > 0 ? GAP_BLANK : GAP_LINE;
    return true;
}

static bool read_block(const json_t *entry, struct block *ret)
{
    struct slice kind = record_string(json_array_get(entry, 2));
    size_t size = json_array_size(entry);
    ret->node = NODE_NONE;
    return size >= 3 && size <= 4 && kind.p &&
           record_number(json_array_get(entry, 0), UINT32_MAX, &ret->start) &&
           record_number(json_array_get(entry, 1), UINT32_MAX, &ret->end) && read_kind(kind, ret) &&
           read_gap(json_array_get(entry, 3), ret);
}

static int load_blocks(struct loader *l)
{
    struct page *p = l->p;
    const json_t *list = member(l, "blocks");
    size_t count = json_array_size(list);
    uint32_t last = 0;
    if (!json_is_array(list))
        return record_bad(l->err, "\"blocks\" is missing");
    if (count > p->limits.max_nodes)
        return err_set(l->err, WINNOW_ELIMIT,
                       "the page of the record has more than %zu lines; raise "
                       "max_nodes",
                       p->limits.max_nodes);
    if (count > 0 && !(p->blocks = array_grow(NULL, &p->blocks_cap, count, sizeof *p->blocks)))
        return err_nomem(l->err);
    for (size_t i = 0; i < count; i++) {
        struct block b = {0};
        if (!read_block(json_array_get(list, i), &b))
            return record_bad(l->err, "\"blocks\"[%zu] is no block", i);
        if (b.start < last || !fits(p, b.start, b.end))
            return record_bad(l->err, "\"blocks\"[%zu], byte %u of the page, does not fit its text",
                              i, b.start);
        p->blocks[p->nblocks++] = b;
        last = b.end;
    }
    return WINNOW_OK;
}

/* --- verdicts ------------------------------------------------------------------------------- */

/* The row of the table; FATES where there is none. */
static size_t stage_of(const char *name)
{
    size_t i = 0;
    while (i < FATES && strcmp(fates[i].stage, name) != 0)
        i++;
    return i;
}

static struct slice copy_of(struct page *p, struct slice s)
{
    struct slice ret = {arena_copy(&p->arena, s), s.len};
    if (!ret.p)
        p->status = WINNOW_ENOMEM;
    return ret;
}

/* The same words on spans that do not touch are one reason: those that do were two, and are
 * to stay so. */
static uint32_t reason_of(struct page *p, const struct record_span *before,
                          const struct record_span *s, size_t stage)
{
    struct verdicts *v = &p->verdicts;
    bool same = before && before->end < s->start && strcmp(before->reason, s->reason) == 0 &&
                strcmp(before->stage, s->stage) == 0;
    if (same)
        return (uint32_t)v->nreasons - 1;
    return verdict_reason(
        v, (struct reason){.stage = fates[stage].stage, .text = copy_of(p, slice_of(s->reason)).p});
}

static int push_repair(struct loader *l, const struct record_span *s, uint32_t reason, size_t *cap)
{
    struct page *p = l->p;
    struct span *repairs = array_grow(p->repairs, cap, p->nrepairs + 1, sizeof *repairs);
    if (!repairs)
        return err_nomem(l->err);
    p->repairs = repairs;
    repairs[p->nrepairs++] = (struct span){.start = s->start,
                                           .end = s->end,
                                           .reason = reason,
                                           .verdict = WINNOW_REPLACED,
                                           .with = copy_of(p, s->with)};
    return WINNOW_OK;
}

static int check_span(struct loader *l, const struct record_span *s, size_t stage)
{
    if (stage == FATES)
        return record_bad(l->err,
                          "byte %u of the page has a verdict of the stage \"%.60s\", which "
                          "this winnow does not know",
                          s->start, s->stage);
    if (!fits(l->p, s->start, s->end) ||
        (s->verdict == WINNOW_REPLACED) != (fates[stage].fate == FATE_WAITS))
        return record_bad(l->err, "byte %u of the page has a verdict that does not fit it",
                          s->start);
    return WINNOW_OK;
}

/* "removed" and "replaced". */
static int load_spans(struct loader *l)
{
    struct page *p = l->p;
    const struct record_span *before = NULL;
    size_t cap = 0;
    int status = WINNOW_OK;
    for (size_t i = 0; i < l->t.count && status == WINNOW_OK; i++) {
        const struct record_span *s = &l->t.spans[i];
        size_t stage = stage_of(s->stage);
        status = check_span(l, s, stage);
        if (status != WINNOW_OK || fates[stage].fate == FATE_JUDGED)
            continue;
        uint32_t reason = reason_of(p, before, s, stage);
        before = s;
        if (fates[stage].fate == FATE_WAITS)
            status = push_repair(l, s, reason, &cap);
        else
            verdict_remove(&p->verdicts, s->start, s->end, reason);
    }
    return status;
}

static int by_start(const void *a, const void *b)
{
    uint32_t x = ((const struct span *)a)->start, y = ((const struct span *)b)->start;
    return (x > y) - (x < y);
}

/* Repairs lie apart, as they came to stand in one text. */
static int sort_repairs(struct loader *l)
{
    struct page *p = l->p;
    if (p->nrepairs > 0)
        qsort(p->repairs, p->nrepairs, sizeof *p->repairs, by_start);
    for (size_t i = 1; i < p->nrepairs; i++)
        if (p->repairs[i].start < p->repairs[i - 1].end)
            return record_bad(l->err, "byte %u of the page was replaced twice",
                              p->repairs[i].start);
    return WINNOW_OK;
}

static int load_overruled(struct loader *l)
{
    const json_t *list = member(l, "overruled");
    size_t cap = l->p->nrepairs;
    int status = WINNOW_OK;
    for (size_t i = 0; i < json_array_size(list) && status == WINNOW_OK; i++) {
        struct record_span s;
        status = record_span_read(json_array_get(list, i), "overruled", i, false, &s, l->err);
        if (status != WINNOW_OK)
            break;
        size_t stage = stage_of(s.stage);
        status = check_span(l, &s, stage);
        if (status == WINNOW_OK)
            status = push_repair(l, &s, reason_of(l->p, NULL, &s, stage), &cap);
    }
    return status == WINNOW_OK ? sort_repairs(l) : status;
}

static int load_protected(struct loader *l)
{
    const json_t *list = member(l, "protected");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct record_span s;
        int status = record_span_read(json_array_get(list, i), "protected", i, false, &s, l->err);
        if (status == WINNOW_OK)
            status = check_span(l, &s, stage_of(s.stage));
        if (status != WINNOW_OK)
            return status;
        verdict_protect(&l->p->verdicts, s.start, s.end,
                        reason_of(l->p, NULL, &s, stage_of(s.stage)));
    }
    return WINNOW_OK;
}

static int settle(struct loader *l)
{
    struct page *p = l->p;
    if (verdict_settle(&p->verdicts) != WINNOW_OK || p->status != WINNOW_OK)
        return err_nomem(l->err);
    return WINNOW_OK;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int (*const steps[])(struct loader *l) = {
    load_text,   load_names, load_document,  load_meta,      load_rules,
    load_blocks, load_spans, load_overruled, load_protected, settle,
};

int record_load(struct page *p, struct slice record, struct winnow_error *err)
{
    struct loader l = {.p = p, .err = err};
    p->from_record = true;
    int status = record_text_read(record, p->limits.max_bytes, &l.t, err);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == WINNOW_OK; i++)
        status = steps[i](&l);
    record_text_free(&l.t);
    return status;
}

int record_keep_repairs(struct page *p)
{
    const struct verdicts *v = &p->verdicts;
    size_t cap = 0;
    for (size_t i = 0; p->repaired && !p->repairs && i < v->count; i++)
        cap += v->spans[i].verdict == WINNOW_REPLACED;
    if (cap == 0)
        return WINNOW_OK;
    if (!(p->repairs = malloc(cap * sizeof *p->repairs)))
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < v->count; i++)
        if (v->spans[i].verdict == WINNOW_REPLACED)
            p->repairs[p->nrepairs++] = v->spans[i];
    return WINNOW_OK;
}

int record_repair(struct page *p)
{
    for (size_t i = 0; i < p->nrepairs; i++) {
        const struct span *s = &p->repairs[i];
        verdict_replace(&p->verdicts, s->start, s->end, s->with, s->reason);
    }
    p->repaired = p->nrepairs > 0;
    return verdict_settle(&p->verdicts);
}

int winnow_restore(const char *record, size_t len, winnow_write_fn *write, void *ctx,
                   struct winnow_error *err)
{
    struct record_text t;
    int status = record_text_read((struct slice){record, len}, RESTORE_MOST, &t, err);
    struct slice text = buf_slice(&t.text);
    if (status == WINNOW_OK && text.len > 0 && write(ctx, text.p, text.len) != 0)
        status = err_set(err, WINNOW_EIO, "writing was stopped by the caller; restore it again");
    record_text_free(&t);
    return status;
}
