/* render.c - the clean text, and the record with what was removed. */
#include "render.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "err.h"
#include "utf8.h"
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

/* A record in the making; what jansson could not make is remembered. */
struct record {
    const struct page *page;
    bool failed;
};

static json_t *string_of(struct slice s)
{
    return json_stringn(s.p ? s.p : "", s.len);
}

/* Takes over value; NULL is what an allocation left. */
static void set(struct record *r, json_t *object, const char *key, json_t *value)
{
    r->failed |= !value || json_object_set_new(object, key, value) != 0;
}

static void append(struct record *r, json_t *array, json_t *value)
{
    r->failed |= !value || json_array_append_new(array, value) != 0;
}

static json_t *json_of_meta(struct record *r)
{
    const struct page *p = r->page;
    json_t *meta = json_object(), *rules = json_array(), *notes = json_array(),
           *from = json_object();
    for (size_t i = 0; i < p->nmeta; i++) {
        const struct meta_item *m = &p->meta[i];
        if (strcmp(m->name, "rules") == 0) {
            append(r, rules, json_string(m->value));
            continue;
        }
        set(r, meta, m->name, json_string(m->value));
        if (*m->from)
            set(r, from, m->name, json_string(m->from));
    }
    for (size_t i = 0; i < p->nnotes; i++)
        append(r, notes, json_string(p->notes[i]));
    set(r, meta, "kind", json_string(p->kind == WINNOW_KIND_HTML ? "html" : "dump"));
    set(r, meta, "from", from);
    set(r, meta, "rules", rules);
    set(r, meta, "notes", notes);
    return meta;
}

static json_t *json_of_span(struct record *r, const struct span *s)
{
    const struct page *p = r->page;
    const struct reason *why = &p->verdicts.reasons[s->reason];
    json_t *o = json_object();
    set(r, o, "start", json_integer(s->start));
    set(r, o, "end", json_integer(s->end));
    set(r, o, "stage", json_string(why->stage));
    set(r, o, "reason", json_string(why->text));
    if (why->other_end > 0)
        set(r, o, "repeats", json_pack("[I,I]", (json_int_t)why->other_start,
                                       (json_int_t)why->other_end));
    set(r, o, "text", string_of((struct slice){p->text + s->start, s->end - s->start}));
    if (s->verdict == WINNOW_REPLACED)
        set(r, o, "with", string_of(s->with));
    return o;
}

static json_t *json_of_spans(struct record *r, enum winnow_verdict verdict)
{
    const struct verdicts *v = &r->page->verdicts;
    json_t *list = json_array();
    for (size_t i = 0; i < v->count; i++)
        if (v->spans[i].verdict == verdict)
            append(r, list, json_of_span(r, &v->spans[i]));
    return list;
}

/* A path is bytes, and JSON is UTF-8. */
static json_t *string_of_path(const char *path)
{
    struct buf text;
    buf_init(&text, 3 * strlen(path) + 1);
    for (struct slice rest = slice_of(path); rest.len > 0;) {
        size_t valid = utf8_valid_prefix(rest);
        buf_add(&text, rest.p, valid);
        if (valid < rest.len)
            buf_adds(&text, "\xef\xbf\xbd"); /* U+FFFD */
        valid += valid < rest.len;
        rest = (struct slice){rest.p + valid, rest.len - valid};
    }
    json_t *ret = text.status == WINNOW_OK ? string_of(buf_slice(&text)) : NULL;
    buf_free(&text);
    return ret;
}

/* Did a body line name the page's own elements?  null: none was tried. */
static json_t *json_of_body(const struct page *p, size_t f)
{
    enum body_state state = rules_body_state(p, f);
    return state == BODY_UNTRIED ? json_null() : json_boolean(state == BODY_MATCHED);
}

/* {"file","path","took","max_drop","body","matched":{"12":3},"idle":[14],"stopped":[]}:
 * what winnow rules status reads.
 * Rules that were not tried are in neither. */
static json_t *json_of_rule_file(struct record *r, size_t f)
{
    const struct rule_file *file = r->page->rules.files[f];
    const struct match *match = &r->page->rules.matches[f];
    json_t *o = json_object(), *matched = json_object(), *idle = json_array(),
           *stopped = json_array();
    for (size_t i = 0; match->counts && i < file->count; i++) {
        char line[16];
        uint32_t count = match->counts[i];
        if (file->rules[i].directive->id == DIRECTIVE_BODY)
            continue; /* alternatives: "body" tells of all */
        snprintf(line, sizeof line, "%u", file->rules[i].line);
        if (count == COUNT_STOPPED)
            append(r, stopped, json_integer(file->rules[i].line));
        else if (count > 1)
            set(r, matched, line, json_integer(count - 1));
        else if (count == 1)
            append(r, idle, json_integer(file->rules[i].line));
    }
    set(r, o, "file", string_of_path(file->name));
    set(r, o, "path", string_of_path(file->path));
    set(r, o, "took", json_integer((json_int_t)match->took));
    set(r, o, "max_drop", json_integer(rules_max_drop(r->page, file)));
    set(r, o, "body", json_of_body(r->page, f));
    set(r, o, "matched", matched);
    set(r, o, "idle", idle);
    set(r, o, "stopped", stopped);
    return o;
}

static json_t *json_of_rules(struct record *r)
{
    json_t *list = json_array();
    for (size_t f = 0; f < r->page->rules.count; f++)
        append(r, list, json_of_rule_file(r, f));
    return list;
}

static json_t *json_of_page(struct record *r, struct slice text)
{
    json_t *o = json_object();
    set(r, o, "id", json_string(r->page->id));
    set(r, o, "text", string_of(text));
    set(r, o, "metadata", json_of_meta(r));
    set(r, o, "removed", json_of_spans(r, WINNOW_REMOVED));
    set(r, o, "replaced", json_of_spans(r, WINNOW_REPLACED));
    set(r, o, "suspect", json_boolean(r->page->suspect));
    set(r, o, "shown", json_integer((json_int_t)r->page->shown));
    set(r, o, "rules", json_of_rules(r));
    return o;
}

static int add_json(const char *data, size_t len, void *ret)
{
    buf_add(ret, data, len);
    return ((struct buf *)ret)->status == WINNOW_OK ? 0 : -1;
}

static void dump_json(const struct page *p, size_t flags, struct buf *ret)
{
    struct record r = {.page = p};
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    render_text(p, &text);
    json_t *o = json_of_page(&r, buf_slice(&text));
    if (text.status != WINNOW_OK || r.failed || json_dump_callback(o, add_json, ret, flags) != 0)
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

/* --- all formats -------------------------------------------------------------------------- */

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
        return err_set(err, WINNOW_EUSAGE, "there is no format %d; winnow.h lists them", (int)format);
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    formats[format](p, &out);
    int status = out.status;
    if (status != WINNOW_OK)
        status = err_nomem(err);
    else if (out.len > 0 && write(ctx, out.data, out.len) != 0)
        status = err_set(err, WINNOW_EIO, "writing was stopped by the caller; render the page again");
    buf_free(&out);
    return status;
}
