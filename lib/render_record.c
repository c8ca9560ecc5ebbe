/* render_record.c - the record of a page: its clean text, and all that makes it again.
 *
 * What people read comes first; "blocks" and "kept", long lists of small numbers, come last,
 * a block a line at most, also where the rest is indented.  record.h tells what they are. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "hash.h"
#include "record.h"
#include "record_parts.h"
#include "utf8.h"

const char *const record_kinds[BLOCK_KINDS] = {
    [BLOCK_PARAGRAPH] = "p",     [BLOCK_HEADING] = "h",   [BLOCK_ITEM] = "li",
    [BLOCK_CELL] = "td",         [BLOCK_QUOTE] = "quote", [BLOCK_CODE] = "pre",
    [BLOCK_CAPTION] = "caption", [BLOCK_LINE] = "line",   [BLOCK_UNSHOWN] = "unshown",
};

/* A record in the making; what jansson could not make is remembered. */
struct record {
    const struct page *page;
    bool failed;
};

/* Paths, and what reasons and notes say of them, are bytes, and JSON is UTF-8: what is none
 * becomes U+FFFD.  So NULL is always what an allocation left. */
static json_t *mended(struct slice s)
{
    struct buf text;
    size_t good;
    buf_init(&text, 3 * s.len);
    utf8_mend(s, false, &text, &good);
    json_t *ret =
        text.status == WINNOW_OK ? json_stringn_nocheck(buf_slice(&text).p, text.len) : NULL;
    buf_free(&text);
    return ret;
}

static json_t *string_of(struct slice s)
{
    if (utf8_valid_prefix(s) < s.len)
        return mended(s);
    return json_stringn_nocheck(s.p ? s.p : "", s.len);
}

static json_t *string_of_text(const char *s)
{
    return string_of(slice_of(s));
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
            append(r, rules, string_of_text(m->value));
            continue;
        }
        set(r, meta, m->name, string_of_text(m->value));
        if (*m->from)
            set(r, from, m->name, string_of_text(m->from));
    }
    for (size_t i = 0; i < p->nnotes; i++)
        append(r, notes, string_of_text(p->notes[i]));
    set(r, meta, "kind", json_string(p->kind == WINNOW_KIND_HTML ? "html" : "dump"));
    set(r, meta, "from", from);
    set(r, meta, "rules", rules);
    set(r, meta, "notes", notes);
    if (p->again_notes_end > p->again_note)
        set(r, meta, "again",
            json_pack("[I,I]", (json_int_t)p->again_note, (json_int_t)p->again_notes_end));
    return meta;
}

/* Where, and why. */
static json_t *json_of_place(struct record *r, const struct span *s)
{
    const struct reason *why = &r->page->verdicts.reasons[s->reason];
    json_t *o = json_object();
    set(r, o, "start", json_integer(s->start));
    set(r, o, "end", json_integer(s->end));
    set(r, o, "stage", json_string(why->stage));
    set(r, o, "reason", string_of_text(why->text));
    return o;
}

static json_t *json_of_span(struct record *r, const struct span *s)
{
    const struct page *p = r->page;
    const struct reason *why = &p->verdicts.reasons[s->reason];
    json_t *o = json_of_place(r, s);
    if (why->other_end > 0)
        set(r, o, "repeats",
            json_pack("[I,I]", (json_int_t)why->other_start, (json_int_t)why->other_end));
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
    set(r, o, "file", string_of_text(file->name));
    set(r, o, "path", string_of_text(file->path));
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
    struct slice said = r->page->rules_json;
    if (said.p)
        return json_loadb(said.p, said.len, JSON_ALLOW_NUL, NULL);
    json_t *list = json_array();
    for (size_t f = 0; f < r->page->rules.count; f++)
        append(r, list, json_of_rule_file(r, f));
    return list;
}

/* --- what only pages made again ask ------------------------------------------------------- */

static json_t *json_of_protected(struct record *r)
{
    const struct verdicts *v = &r->page->verdicts;
    json_t *list = json_array();
    for (size_t i = 0; i < v->count; i++)
        if (v->spans[i].protect)
            append(r, list, json_of_place(r, &v->spans[i]));
    return list;
}

static bool stands(const struct verdicts *v, const struct span *repair)
{
    const struct span *s = &v->spans[verdict_at(v, repair->start)];
    return s->verdict == WINNOW_REPLACED && s->start == repair->start;
}

/* Repairs that a later stage took with the passage they stand in: without them, that stage
 * would see another text the next time. */
static json_t *json_of_overruled(struct record *r)
{
    const struct page *p = r->page;
    json_t *list = json_array();
    for (size_t i = 0; i < p->nrepairs; i++) {
        const struct span *s = &p->repairs[i];
        if (stands(&p->verdicts, s))
            continue;
        json_t *o = json_of_place(r, s);
        set(r, o, "with", string_of(s->with));
        append(r, list, o);
    }
    return list;
}

/* Most pages have none. */
static void set_if_any(struct record *r, json_t *object, const char *key, json_t *list)
{
    if (json_array_size(list) > 0)
        set(r, object, key, list);
    else
        json_decref(list);
}

/* [start, end, "kind", gap]: gap is the blank lines before it, or -1 for the next cell of
 * a row; a level above 0 is written behind the kind ("h2").  A gap of 0 is left out. */
static void add_block(const struct block *b, struct buf *ret)
{
    int gap = b->gap == GAP_CELL ? -1 : b->blank_before;
    buf_addf(ret, "[%u,%u,\"%s", b->start, b->end, record_kinds[b->kind]);
    if (b->level > 0)
        buf_addf(ret, "%u", b->level);
    if (gap != 0)
        buf_addf(ret, "\",%d]", gap);
    else
        buf_adds(ret, "\"]");
}

static void add_blocks(const struct page *p, bool indent, struct buf *ret)
{
    for (size_t i = 0; i < p->nblocks; i++) {
        buf_adds(ret, i > 0 ? "," : "");
        buf_adds(ret, indent ? "\n    " : "");
        add_block(&p->blocks[i], ret);
    }
    buf_adds(ret, indent && p->nblocks > 0 ? "\n  " : "");
}

/* --- the index ------------------------------------------------------------------------------ */

static json_t *string_or_null(const char *s)
{
    return s ? string_of_text(s) : json_null();
}

static json_t *json_of_relation(struct record *r, const struct page_relation *relation)
{
    json_t *o = json_object();
    set(r, o, "kind", json_string(relation->kind));
    set(r, o, "document", string_of_text(relation->document));
    set(r, o, "source", string_or_null(relation->source));
    set(r, o, "share", json_integer(relation->share));
    set(r, o, "cut", json_boolean(relation->cut));
    return o;
}

static json_t *json_of_passage(struct record *r, const struct page_shared *s)
{
    json_t *o = json_object();
    set(r, o, "document", string_of_text(s->document));
    set(r, o, "source", string_or_null(s->source));
    set(r, o, "start", json_integer(s->start));
    set(r, o, "end", json_integer(s->end));
    set(r, o, "other_start", json_integer(s->other_start));
    set(r, o, "other_end", json_integer(s->other_end));
    set(r, o, "cut",
        s->cut         ? json_string("this")
        : s->other_cut ? json_string("other")
                       : json_null());
    return o;
}

static json_t *json_of_across(struct record *r)
{
    static const char *const modes[] = {[WINNOW_ACROSS_ANNOTATE] = "annotate",
                                        [WINNOW_ACROSS_STRIP] = "strip",
                                        [WINNOW_ACROSS_OFF] = "off"};
    const struct page *p = r->page;
    json_t *o = json_object(), *relations = json_array(), *shared = json_array();
    for (size_t i = 0; i < p->nrelations; i++)
        append(r, relations, json_of_relation(r, &p->relations[i]));
    for (size_t i = 0; i < p->nshared; i++)
        append(r, shared, json_of_passage(r, &p->shared[i]));
    set(r, o, "mode", json_string(modes[p->across]));
    set(r, o, "document", string_or_null(p->document));
    set(r, o, "relations", relations);
    set(r, o, "shared", shared);
    return o;
}

/* --- the whole ------------------------------------------------------------------------------ */

static json_t *json_of_page(struct record *r, struct slice text)
{
    const struct page *p = r->page;
    json_t *o = json_object();
    char hash[33];
    hash_name((struct slice){p->text, p->text_len}, hash);
    set(r, o, "id", json_string(p->id));
    if (p->source)
        set(r, o, "source", string_of_text(p->source));
    if (p->site)
        set(r, o, "site", string_of_text(p->site));
    set(r, o, "text", string_of(text));
    set(r, o, "metadata", json_of_meta(r));
    set(r, o, "removed", json_of_spans(r, WINNOW_REMOVED));
    set(r, o, "replaced", json_of_spans(r, WINNOW_REPLACED));
    set(r, o, "suspect", json_boolean(p->suspect));
    set(r, o, "shown", json_integer((json_int_t)p->shown));
    set(r, o, "rules", json_of_rules(r));
    if (p->has_index)
        set(r, o, "across", json_of_across(r));
    set_if_any(r, o, "protected", json_of_protected(r));
    set_if_any(r, o, "overruled", json_of_overruled(r));
    set(r, o, "version", json_integer(RECORD_VERSION));
    set(r, o, "length", json_integer(p->text_len));
    set(r, o, "hash", json_string(hash));
    return o;
}

static int add_json(const char *data, size_t len, void *ret)
{
    buf_add(ret, data, len);
    return ((struct buf *)ret)->status == WINNOW_OK ? 0 : -1;
}

static void dump(struct record *r, const json_t *value, size_t flags, struct buf *ret)
{
    r->failed |= !value || json_dump_callback(value, add_json, ret, flags) != 0;
}

/* Puts "blocks" and "kept" before the brace that ends the object. */
static void add_lists(struct record *r, const struct written *w, bool indent, struct buf *ret)
{
    json_t *script = kept_script(r->page, w);
    size_t end = indent ? 2 : 1; /* "\n}" */
    ret->len -= ret->len >= end ? end : 0;
    buf_adds(ret, indent ? ",\n  \"blocks\": [" : ",\"blocks\":[");
    add_blocks(r->page, indent, ret);
    buf_adds(ret, indent ? "],\n  \"kept\": " : "],\"kept\":");
    dump(r, script, JSON_COMPACT, ret);
    buf_adds(ret, indent ? "\n}\n" : "}\n");
    json_decref(script);
}

void render_record(const struct page *p, bool indent, struct buf *ret)
{
    struct record r = {.page = p};
    struct written w;
    if (written_make(p, true, &w) == WINNOW_OK) {
        json_t *o = json_of_page(&r, buf_slice(&w.text));
        dump(&r, o, indent ? JSON_INDENT(2) : JSON_COMPACT, ret);
        json_decref(o);
        add_lists(&r, &w, indent, ret);
    }
    if (w.text.status != WINNOW_OK || r.failed)
        ret->status = WINNOW_ENOMEM;
    written_free(&w);
}
