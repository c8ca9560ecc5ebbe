/* asking_answer.c - the answer to each kind of question, from the index as it is now.
 *
 * The bytes come from a process that may have been taken over: each is checked, and what it
 * may learn is what its fingerprints have named. */
#include "asking_parts.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "wire.h"

/* A question at hand. */
struct exchange {
    struct flights *f;
    struct winnow_asking *a;
    struct wire question;
    bool wait, hostile;
    struct winnow_error *err;
};

static int refuse(struct exchange *x)
{
    x->hostile = true;
    return WINNOW_EDATA;
}

static int wait_for_others(struct exchange *x)
{
    x->wait = true;
    return WINNOW_OK;
}

/* --- FIND ------------------------------------------------------------------------------------------ */

static void put_record(struct buf *b, const struct store_doc *doc)
{
    wire_put_32(b, doc->number);
    wire_put_8(b, (uint8_t)doc->state);
    wire_put_32(b, doc->other);
    wire_put_32(b, doc->first);
    buf_add(b, doc->key.bytes, sizeof doc->key.bytes);
    buf_add(b, doc->content.bytes, sizeof doc->content.bytes);
}

/* It may be asked twice (winnow_reclean does), for the same document, and the site may come
 * with the second. */
static int name_page(struct exchange *x, struct slice key, struct slice site)
{
    struct winnow_asking *a = x->a;
    bool is_its = !a->is_expected || memcmp(a->expected.bytes, key.p, key.len) == 0;
    bool is_same = !a->has_asked || (memcmp(a->key.bytes, key.p, key.len) == 0 &&
                                     (!*a->site || slice_is(site, a->site)));
    if (!is_its || !is_same || a->announced > 0 || a->is_announced || a->finds == QUESTION_FINDS_MOST)
        return refuse(x);
    char *name = slice_dup(site);
    if (!name)
        return err_nomem(x->err);
    free(a->site);
    a->site = name;
    memcpy(a->key.bytes, key.p, key.len);
    if (!a->has_asked && !a->is_ordered)
        a->find_turn = ++x->f->turns;
    a->has_asked = true;
    return WINNOW_OK;
}

static int read_find(struct exchange *x, bool *wants_site)
{
    struct wire *q = &x->question;
    uint8_t version = wire_get_8(q);
    struct slice key = wire_get_bytes(q, sizeof x->a->key.bytes);
    uint8_t wants = wire_get_8(q);
    struct slice site = wire_get_string(q);
    *wants_site = wants;
    if (!wire_is_done(q) || version != QUESTION_VERSION || wants > 1 ||
        site.len > QUESTION_SITE_MOST || memchr(site.p, 0, site.len))
        return refuse(x);
    return name_page(x, key, site);
}

static void put_params(struct buf *b, const struct winnow_index *ix)
{
    const struct store_params *p = &ix->store->params;
    wire_put_8(b, ix->read_only);
    wire_put_32(b, p->k);
    wire_put_32(b, p->w);
    wire_put_32(b, p->least);
    wire_put_32(b, p->normaliser);
    wire_put_64(b, p->key);
}

static int find_document(struct exchange *x, struct store_doc *ret)
{
    struct store *store = x->a->index->store;
    uint32_t number = 0;
    *ret = (struct store_doc){.state = DOC_NONE};
    int status = store_find(store, &x->a->key, &number, x->err);
    if (status == WINNOW_OK && number > 0)
        status = store_get(store, number, false, ret, &x->f->room, x->err);
    return status;
}

static int answer_find(struct exchange *x)
{
    bool wants_site;
    struct winnow_asking *a = x->a;
    struct store_doc doc;
    struct slice blob = slice_of("");
    int status = read_find(x, &wants_site);
    if (status == WINNOW_OK && asking_waits_to_find(a))
        return wait_for_others(x);
    if (status == WINNOW_OK)
        status = find_document(x, &doc);
    bool has_site = status == WINNOW_OK && *a->site && (wants_site || doc.number == 0);
    if (has_site && asking_waits_for_site(a))
        return wait_for_others(x);
    if (has_site)
        status = index_site_blob(a->index, a->site, a->is_ordered, &blob, x->err);
    if (status != WINNOW_OK)
        return status;
    a->finds++;
    a->number = doc.number;
    put_params(&x->f->body, a->index);
    put_record(&x->f->body, &doc);
    wire_put_8(&x->f->body, has_site);
    wire_put_string(&x->f->body, blob);
    return WINNOW_OK;
}

/* --- PRINTS, LOOKUP ---------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static size_t unique(uint32_t *numbers, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(numbers, count, sizeof *numbers, by_number);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || numbers[kept - 1] != numbers[i])
            numbers[kept++] = numbers[i];
    return kept;
}

/* The documents that were named, of which the page may ask more. */
static int note_hits(struct winnow_asking *a, const struct store_hits *hits)
{
    uint32_t *all = array_grow(a->hits, &a->hits_cap, a->nhits + hits->count + 1, sizeof *all);
    if (!all)
        return WINNOW_ENOMEM;
    a->hits = all;
    for (size_t i = 0; i < hits->count; i++)
        all[a->nhits + i] = hits->items[i].number;
    a->nhits += unique(all + a->nhits, hits->count);
    a->is_sorted = false;
    return WINNOW_OK;
}

static int answer_hits(struct exchange *x, size_t piece)
{
    struct winnow_asking *a = x->a;
    struct winnow_index *ix = a->index;
    size_t count = asking_piece(a, piece);
    if (asking_waits_for_prints(x->f, a, piece))
        return wait_for_others(x);
    for (size_t i = 0; i < count; i++)
        x->f->hashes[i] = a->pieces[piece][i].print;
    int status = store_lookup(ix->store, x->f->hashes, count, &ix->hits, x->err);
    if (status == WINNOW_OK && note_hits(a, &ix->hits) != WINNOW_OK)
        status = err_nomem(x->err);
    if (status != WINNOW_OK)
        return status;
    wire_put_32(&x->f->body, (uint32_t)ix->hits.count);
    for (size_t i = 0; i < ix->hits.count; i++) {
        wire_put_32(&x->f->body, (uint32_t)(ix->hits.items[i].print + piece * QUESTION_PIECE));
        wire_put_32(&x->f->body, ix->hits.items[i].number);
    }
    a->has_hits = true;
    a->looked += count;
    return WINNOW_OK;
}

/* The next piece of what the page announces. */
static int read_prints(struct exchange *x)
{
    struct winnow_asking *a = x->a;
    size_t total = wire_get_32(&x->question), from = wire_get_32(&x->question);
    size_t count = wire_left(&x->question) / sizeof(uint64_t);
    if (x->question.bad || total > QUESTION_PRINTS_MOST || from != a->announced ||
        (from > 0 && total != a->total))
        return refuse(x);
    a->total = total;
    struct slice bytes = wire_get_bytes(&x->question, count * sizeof(uint64_t));
    if (!wire_is_done(&x->question) || count != asking_piece(a, from / QUESTION_PIECE))
        return refuse(x);
    if (count > 0)
        memcpy(x->f->hashes, bytes.p, bytes.len);
    int status = flights_announce(x->f, a, count);
    return status == WINNOW_EDATA ? refuse(x) : status == WINNOW_OK ? status : err_nomem(x->err);
}

static int answer_prints(struct exchange *x)
{
    struct winnow_asking *a = x->a;
    if (a->finds == 0 || a->has_hits)
        return refuse(x);
    int status = a->is_announced ? WINNOW_OK : read_prints(x);
    if (status != WINNOW_OK)
        return status;
    if (a->announced < a->total) {
        wire_put_32(&x->f->body, 0);
        return WINNOW_OK;
    }
    if (!a->is_announced && !a->is_ordered)
        a->print_turn = ++x->f->turns;
    a->is_announced = true;
    return answer_hits(x, 0);
}

static int answer_lookup(struct exchange *x)
{
    struct winnow_asking *a = x->a;
    size_t from = wire_get_32(&x->question);
    if (!wire_is_done(&x->question) || !a->has_hits || from != a->looked || from >= a->total)
        return refuse(x);
    return answer_hits(x, from / QUESTION_PIECE);
}

/* --- LOOK, TEXT ------------------------------------------------------------------------------------------ */

static bool was_named(struct winnow_asking *a, uint32_t number)
{
    if (!a->is_sorted)
        a->nhits = unique(a->hits, a->nhits);
    a->is_sorted = true;
    return a->nhits > 0 && bsearch(&number, a->hits, a->nhits, sizeof *a->hits, by_number);
}

static int put_look(struct exchange *x, uint32_t number)
{
    struct doc_key key = {{0}};
    enum doc_state state = DOC_NONE;
    uint32_t other = 0, first = 0;
    struct buf *body = &x->f->body;
    int status = store_look(x->a->index->store, number, &key, &state, &other, &first, x->err);
    if (status != WINNOW_OK && status != WINNOW_EDATA)
        return status;
    if (status != WINNOW_OK) /* one document is damaged: the others are not */
        state = DOC_NONE;
    wire_put_8(body, (uint8_t)status);
    wire_put_8(body, (uint8_t)state);
    wire_put_32(body, other);
    wire_put_32(body, first);
    buf_add(body, key.bytes, sizeof key.bytes);
    return WINNOW_OK;
}

static int answer_look(struct exchange *x)
{
    struct winnow_asking *a = x->a;
    size_t count = wire_left(&x->question) / sizeof(uint32_t);
    int status = WINNOW_OK;
    if (wire_left(&x->question) % sizeof(uint32_t) != 0 || count == 0 || count > QUESTION_LOOKS ||
        count > QUESTION_LOOKS_MOST - a->looks)
        return refuse(x);
    a->looks += count;
    for (size_t i = 0; i < count && status == WINNOW_OK; i++) {
        uint32_t number = wire_get_32(&x->question);
        status = was_named(a, number) ? put_look(x, number) : refuse(x);
    }
    return status;
}

static int too_long(struct exchange *x, uint32_t number)
{
    return err_set(x->err, WINNOW_EDATA, "document %u is too long to be compared with from another "
                                         "process", number);
}

static int put_text(struct exchange *x, const struct store_doc *doc)
{
    struct winnow_asking *a = x->a;
    struct buf *body = &x->f->body;
    bool is_open = doc->state == DOC_LIVE || doc->state == DOC_SUPERSEDED;
    struct slice none = slice_of("");
    if (doc->text.len > QUESTION_TEXT_MOST || doc->text.len > QUESTION_BYTES_MOST - a->text_bytes)
        return too_long(x, doc->number);
    a->text_bytes += doc->text.len;
    a->versions[a->nversions++] = (struct told_version){doc->key, doc->content};
    put_record(body, doc);
    wire_put_string(body, is_open ? doc->source : none);
    wire_put_string(body, is_open ? doc->url : none);
    wire_put_string(body, is_open ? doc->text : none);
    return WINNOW_OK;
}

static int answer_text(struct exchange *x)
{
    struct winnow_asking *a = x->a;
    struct store_doc doc;
    uint32_t number = wire_get_32(&x->question);
    bool is_own = number > 0 && number == a->number;
    if (!wire_is_done(&x->question) || a->texts == QUESTION_TEXTS_MOST ||
        !(is_own || was_named(a, number)))
        return refuse(x);
    a->texts++;
    int status = store_get(a->index->store, number, true, &doc, &x->f->room, x->err);
    return status == WINNOW_OK ? put_text(x, &doc) : status;
}

/* --- all of them ------------------------------------------------------------------------------------------- */

static int (*const answers[QUESTIONS])(struct exchange *x) = {
    [QUESTION_FIND] = answer_find,     /* which document the page is, and its site's table */
    [QUESTION_PRINTS] = answer_prints, /* its fingerprints, and the first hits */
    [QUESTION_LOOKUP] = answer_lookup, /* more hits */
    [QUESTION_LOOK] = answer_look,     /* states of documents that were hit */
    [QUESTION_TEXT] = answer_text,     /* one of them, with its text */
};

int asking_answer(struct flights *f, struct winnow_asking *a, struct slice question, bool *wait,
                  bool *hostile, struct winnow_error *err)
{
    struct exchange x = {.f = f, .a = a, .question = wire_of(question), .err = err};
    uint8_t kind = wire_get_8(&x.question);
    buf_clear(&f->body);
    int status = kind < QUESTIONS && answers[kind] ? answers[kind](&x) : refuse(&x);
    if (status == WINNOW_OK && f->body.status != WINNOW_OK)
        status = err_nomem(err);
    *wait = x.wait;
    *hostile = x.hostile;
    return status;
}
