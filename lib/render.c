/* render.c - the clean text, and the record with what was removed. */
#include "render.h"

#include <jansson.h>
#include <stdlib.h>

#include "err.h"
#include "written.h"

/* --- text --------------------------------------------------------------------------------- */

static void render_text(const struct page *p, struct buf *ret)
{
    struct written w;
    if (written_make(p, false, &w) != WINNOW_OK)
        ret->status = WINNOW_ENOMEM;
    buf_add(ret, w.text.data, w.text.len);
    written_free(&w);
}

/* --- the record --------------------------------------------------------------------------- */

static json_t *string_of(struct slice s)
{
    return json_stringn(s.p ? s.p : "", s.len);
}

static json_t *json_of_meta(const struct page *p)
{
    json_t *meta = json_object(), *rules = json_array(), *notes = json_array(), *from = json_object();
    for (size_t i = 0; i < p->nmeta; i++) {
        const struct meta_item *m = &p->meta[i];
        if (strcmp(m->name, "rules") == 0) {
            json_array_append_new(rules, json_string(m->value));
            continue;
        }
        json_object_set_new(meta, m->name, json_string(m->value));
        if (*m->from)
            json_object_set_new(from, m->name, json_string(m->from));
    }
    for (size_t i = 0; i < p->nnotes; i++)
        json_array_append_new(notes, json_string(p->notes[i]));
    json_object_set_new(meta, "kind", json_string(p->kind == WINNOW_KIND_HTML ? "html" : "dump"));
    json_object_set_new(meta, "from", from);
    json_object_set_new(meta, "rules", rules);
    json_object_set_new(meta, "notes", notes);
    return meta;
}

static json_t *json_of_span(const struct page *p, const struct span *s)
{
    const struct reason *r = &p->verdicts.reasons[s->reason];
    json_t *o = json_object();
    json_object_set_new(o, "start", json_integer(s->start));
    json_object_set_new(o, "end", json_integer(s->end));
    json_object_set_new(o, "stage", json_string(r->stage));
    json_object_set_new(o, "reason", json_string(r->text));
    if (r->other_end > 0)
        json_object_set_new(o, "repeats", json_pack("[I,I]", (json_int_t)r->other_start,
                                                    (json_int_t)r->other_end));
    json_object_set_new(o, "text", string_of((struct slice){p->text + s->start, s->end - s->start}));
    if (s->verdict == WINNOW_REPLACED)
        json_object_set_new(o, "with", string_of(s->with));
    return o;
}

static json_t *json_of_spans(const struct page *p, enum winnow_verdict verdict)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->verdicts.count; i++)
        if (p->verdicts.spans[i].verdict == verdict)
            json_array_append_new(list, json_of_span(p, &p->verdicts.spans[i]));
    return list;
}

static json_t *json_of_page(const struct page *p, struct slice text)
{
    json_t *o = json_object();
    json_object_set_new(o, "id", json_string(p->id));
    json_object_set_new(o, "text", string_of(text));
    json_object_set_new(o, "metadata", json_of_meta(p));
    json_object_set_new(o, "removed", json_of_spans(p, WINNOW_REMOVED));
    json_object_set_new(o, "replaced", json_of_spans(p, WINNOW_REPLACED));
    return o;
}

static int add_json(const char *data, size_t len, void *ret)
{
    buf_add(ret, data, len);
    return ((struct buf *)ret)->status == WINNOW_OK ? 0 : -1;
}

static void dump_json(const struct page *p, size_t flags, struct buf *ret)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    render_text(p, &text);
    json_t *o = json_of_page(p, buf_slice(&text));
    if (text.status != WINNOW_OK || json_dump_callback(o, add_json, ret, flags) != 0)
        ret->status = WINNOW_ENOMEM;
    buf_addc(ret, '\n');
    json_decref(o);
    buf_free(&text);
}

static void render_json(const struct page *p, struct buf *ret)
{
    dump_json(p, JSON_INDENT(2), ret);
}

static void render_jsonl(const struct page *p, struct buf *ret)
{
    dump_json(p, JSON_COMPACT, ret);
}

/* --- all formats ------------------------------------------------------------------------------ */

static void (*const formats[])(const struct page *p, struct buf *ret) = {
    [WINNOW_TEXT] = render_text,
    [WINNOW_JSON] = render_json,
    [WINNOW_JSONL] = render_jsonl,
    [WINNOW_EXPLAIN] = explain_text,
    [WINNOW_EXPLAIN_HTML] = explain_html,
};

int render_page(const struct page *p, enum winnow_format format, winnow_write_fn *write,
                void *ctx, struct winnow_error *err)
{
    if ((size_t)format >= sizeof formats / sizeof *formats)
        return err_set(err, WINNOW_EUSAGE, "there is no format %d", (int)format);
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    formats[format](p, &out);
    int status = out.status;
    if (status != WINNOW_OK)
        status = err_nomem(err);
    else if (out.len > 0 && write(ctx, out.data, out.len) != 0)
        status = err_set(err, WINNOW_EIO, "writing was stopped");
    buf_free(&out);
    return status;
}
