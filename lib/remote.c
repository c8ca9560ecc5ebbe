/* remote.c - the store that asks: questions out, answers checked, puts kept for telling.
 *
 * Who asks is trusted less than who answers, but an answer is read as carefully: the two may
 * be of different versions. */
#include "remote.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "question.h"
#include "told.h"
#include "wire.h"

enum {
    PROVISIONAL = UINT32_MAX - 1, /* a document's number before its owner gives it one */
    VERSIONS_MOST = QUESTION_TEXTS_MOST,
    DAMAGE_MOST = 64, /* pieces of it, kept for a page */
};

struct looked {
    uint32_t number, other, first;
    int status;
    enum doc_state state;
    struct doc_key key;
};

struct damage {
    char *file, *text;
    uint64_t at;
};

struct remote {
    struct store store;
    winnow_ask_fn *ask;
    void *ctx;
    struct buf request;

    struct buf site; /* the page's */
    bool wants_site;
    bool is_found;         /* the owner has answered: */
    struct store_doc known; /* the document as the owner has it */
    bool read_only, has_blob;
    struct buf blob;

    uint32_t flags; /* enum TOLD_...: what was put */
    struct store_doc mine;
    struct buf strings; /* source, url, site, text of it */
    uint64_t *hashes;
    size_t nhashes, hashes_cap;
    struct told_version superseded[TOLD_SUPERSEDED_MOST];
    size_t nsuperseded;

    uint32_t *ranked; /* documents that were hit, most hits first */
    size_t nranked, ranked_cap;
    struct looked looked[QUESTION_LOOKS_MOST];
    size_t nlooked;
    struct store_doc versions[VERSIONS_MOST]; /* whose texts came, without strings */
    size_t nversions;
    struct damage damage[DAMAGE_MOST];
    size_t ndamage;
};

static struct remote *remote_of(struct store *s)
{
    return (struct remote *)s;
}

struct store *remote_store(struct remote *r)
{
    return &r->store;
}

bool remote_is_read_only(const struct remote *r)
{
    return r->read_only;
}

/* --- asking ------------------------------------------------------------------------------------ */

static int fail_answer(struct winnow_error *err)
{
    return err_set(err, WINNOW_EIO, "the answer of the index's owner cannot be read; both must be "
                                    "of one version of winnow");
}

static void begin_question(struct remote *r, enum question kind)
{
    buf_clear(&r->request);
    wire_put_8(&r->request, (uint8_t)kind);
}

static int keep_damage(struct remote *r, struct wire *answer)
{
    struct slice file = wire_get_string(answer);
    struct damage d = {.at = wire_get_64(answer)};
    struct slice text = wire_get_string(answer);
    if (answer->bad || r->ndamage == DAMAGE_MOST)
        return WINNOW_OK;
    d.file = slice_dup(file);
    d.text = slice_dup(text);
    if (!d.file || !d.text) {
        free(d.file);
        free(d.text);
        return WINNOW_ENOMEM;
    }
    r->damage[r->ndamage++] = d;
    return WINNOW_OK;
}

/* The answer's head; what follows is left in *answer. */
static int read_head(struct remote *r, struct wire *answer, struct winnow_error *err)
{
    int status = wire_get_8(answer);
    size_t damage = wire_get_8(answer);
    for (size_t i = 0; i < damage && !answer->bad; i++)
        if (keep_damage(r, answer) != WINNOW_OK)
            return err_nomem(err);
    if (answer->bad || status > WINNOW_EBUSY)
        return fail_answer(err);
    if (status == WINNOW_OK)
        return WINNOW_OK;
    struct slice why = wire_get_string(answer);
    return err_set(err, (enum winnow_status)status, "%.*s", (int)(why.len < 400 ? why.len : 400),
                   why.p);
}

static int put_question(struct remote *r, struct wire *ret, struct winnow_error *err)
{
    const void *answer = NULL;
    size_t len = 0;
    if (r->request.status != WINNOW_OK)
        return err_nomem(err);
    if (r->ask(r->ctx, r->request.data, r->request.len, &answer, &len) != 0)
        return err_set(err, WINNOW_EIO, "the index's owner gives no answer; see what became of it");
    *ret = wire_of((struct slice){answer, len});
    return read_head(r, ret, err);
}

/* --- one page after the other ---------------------------------------------------------------------- */

static void forget_page(struct remote *r)
{
    for (size_t i = 0; i < r->ndamage; i++) {
        free(r->damage[i].file);
        free(r->damage[i].text);
    }
    r->ndamage = r->nversions = r->nlooked = r->nranked = r->nsuperseded = r->nhashes = 0;
    r->flags = 0;
    r->is_found = r->has_blob = r->read_only = r->wants_site = false;
    r->known = r->mine = (struct store_doc){.state = DOC_NONE};
    buf_clear(&r->site);
    buf_clear(&r->blob);
    buf_clear(&r->strings);
}

int remote_begin(struct remote *r, struct slice site, bool wants_site, struct winnow_error *err)
{
    forget_page(r);
    r->wants_site = wants_site;
    buf_add(&r->site, site.p, site.len);
    return r->site.status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

/* --- finding ---------------------------------------------------------------------------------------- */

static struct doc_key read_key(struct wire *answer)
{
    struct doc_key ret = {{0}};
    struct slice bytes = wire_get_bytes(answer, sizeof ret.bytes);
    if (!answer->bad)
        memcpy(ret.bytes, bytes.p, bytes.len);
    return ret;
}

static enum doc_state read_state(struct wire *answer)
{
    uint8_t ret = wire_get_8(answer);
    answer->bad |= ret > DOC_FORGOTTEN;
    return answer->bad ? DOC_NONE : (enum doc_state)ret;
}

static struct store_doc read_record(struct wire *answer)
{
    struct store_doc ret = {.number = wire_get_32(answer)};
    ret.state = read_state(answer);
    ret.other = wire_get_32(answer);
    ret.first = wire_get_32(answer);
    ret.key = read_key(answer);
    ret.content = read_key(answer);
    ret.source = ret.url = ret.site = ret.text = slice_of("");
    return ret;
}

static int read_found(struct remote *r, const struct doc_key *key, struct wire *answer,
                      struct winnow_error *err)
{
    struct store_params *p = &r->store.params;
    r->read_only = wire_get_8(answer);
    p->k = wire_get_32(answer);
    p->w = wire_get_32(answer);
    p->least = wire_get_32(answer);
    p->normaliser = wire_get_32(answer);
    p->key = wire_get_64(answer);
    r->known = read_record(answer);
    r->known.key = *key;
    r->has_blob = wire_get_8(answer);
    struct slice blob = wire_get_string(answer);
    if (!wire_is_done(answer))
        return fail_answer(err);
    buf_clear(&r->blob);
    buf_add(&r->blob, blob.p, blob.len);
    r->is_found = r->blob.status == WINNOW_OK;
    return r->is_found ? WINNOW_OK : err_nomem(err);
}

static int ask_find(struct remote *r, const struct doc_key *key, struct winnow_error *err)
{
    struct wire answer;
    begin_question(r, QUESTION_FIND);
    wire_put_8(&r->request, QUESTION_VERSION);
    buf_add(&r->request, key->bytes, sizeof key->bytes);
    wire_put_8(&r->request, r->wants_site);
    wire_put_string(&r->request, buf_slice(&r->site));
    int status = put_question(r, &answer, err);
    return status == WINNOW_OK ? read_found(r, key, &answer, err) : status;
}

static int remote_find(struct store *s, const struct doc_key *key, uint32_t *number,
                       struct winnow_error *err)
{
    struct remote *r = remote_of(s);
    int status = WINNOW_OK;
    if (r->is_found && memcmp(&r->known.key, key, sizeof *key) != 0)
        forget_page(r);
    if (!r->is_found)
        status = ask_find(r, key, err);
    if (status == WINNOW_OK)
        *number = r->flags ? r->mine.number : r->known.number;
    return status;
}

static int remote_get_site(struct store *s, struct slice name, struct buf *ret,
                           struct winnow_error *err)
{
    struct remote *r = remote_of(s);
    if (!r->has_blob || !slice_eq(name, buf_slice(&r->site)))
        return err_set(err, WINNOW_EUSAGE, "of an index that is elsewhere only the site of the page "
                                           "at hand can be asked for");
    buf_add(ret, r->blob.data, r->blob.len);
    return ret->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}

/* --- looking up --------------------------------------------------------------------------------------- */

static int read_hits(struct wire *answer, size_t nprints, struct store_hits *ret,
                     struct winnow_error *err)
{
    size_t count = wire_get_32(answer);
    if (answer->bad || wire_left(answer) / (2 * sizeof(uint32_t)) < count)
        return fail_answer(err);
    struct store_hit *items =
        array_grow(ret->items, &ret->cap, ret->count + count + 1, sizeof *items);
    if (!items)
        return err_nomem(err);
    ret->items = items;
    for (size_t i = 0; i < count; i++) {
        struct store_hit *hit = &items[ret->count++];
        hit->print = wire_get_32(answer);
        hit->number = wire_get_32(answer);
        answer->bad |= hit->print >= nprints;
    }
    return wire_is_done(answer) ? WINNOW_OK : fail_answer(err);
}

/* All prints go first; the last answer has the first hits. */
static int announce(struct remote *r, const uint64_t *hashes, size_t count, struct store_hits *ret,
                    struct winnow_error *err)
{
    size_t from = 0;
    int status = WINNOW_OK;
    do {
        struct wire answer;
        size_t piece = count - from < QUESTION_PIECE ? count - from : QUESTION_PIECE;
        begin_question(r, QUESTION_PRINTS);
        wire_put_32(&r->request, (uint32_t)count);
        wire_put_32(&r->request, (uint32_t)from);
        buf_add(&r->request, hashes + from, piece * sizeof *hashes);
        from += piece;
        status = put_question(r, &answer, err);
        if (status == WINNOW_OK)
            status = read_hits(&answer, count, ret, err);
    } while (from < count && status == WINNOW_OK);
    return status;
}

struct rank {
    uint32_t number, hits;
};

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int by_hits(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->hits != y->hits)
        return x->hits > y->hits ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Ranks of the numbers, which are sorted; returns how many. */
static size_t count_hits(const uint32_t *numbers, size_t count, struct rank *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (n == 0 || ret[n - 1].number != numbers[i])
            ret[n++] = (struct rank){numbers[i], 0};
        ret[n - 1].hits++;
    }
    return n;
}

/* The documents that were hit, in the order in which they will be looked at: so that one
 * question can ask for many. */
static int rank(struct remote *r, const struct store_hits *hits, struct winnow_error *err)
{
    uint32_t *numbers = array_grow(r->ranked, &r->ranked_cap, hits->count + 1, sizeof *numbers);
    struct rank *ranks = malloc((hits->count + 1) * sizeof *ranks);
    r->ranked = numbers ? numbers : r->ranked;
    if (!numbers || !ranks) {
        free(ranks);
        return err_nomem(err);
    }
    for (size_t i = 0; i < hits->count; i++)
        numbers[i] = hits->items[i].number;
    qsort(numbers, hits->count, sizeof *numbers, by_number);
    r->nranked = count_hits(numbers, hits->count, ranks);
    qsort(ranks, r->nranked, sizeof *ranks, by_hits);
    for (size_t i = 0; i < r->nranked; i++)
        numbers[i] = ranks[i].number;
    free(ranks);
    return WINNOW_OK;
}

static int remote_lookup(struct store *s, const uint64_t *hashes, size_t count,
                         struct store_hits *ret, struct winnow_error *err)
{
    struct remote *r = remote_of(s);
    r->nranked = 0;
    if (count > QUESTION_PRINTS_MOST)
        count = QUESTION_PRINTS_MOST;
    int status = announce(r, hashes, count, ret, err);
    for (size_t from = QUESTION_PIECE; from < count && status == WINNOW_OK;
         from += QUESTION_PIECE) {
        struct wire answer;
        begin_question(r, QUESTION_LOOKUP);
        wire_put_32(&r->request, (uint32_t)from);
        status = put_question(r, &answer, err);
        if (status == WINNOW_OK)
            status = read_hits(&answer, count, ret, err);
    }
    r->nlooked = 0;
    return status == WINNOW_OK ? rank(r, ret, err) : status;
}

static const struct looked *find_looked(const struct remote *r, uint32_t number)
{
    for (size_t i = 0; i < r->nlooked; i++)
        if (r->looked[i].number == number)
            return &r->looked[i];
    return NULL;
}

/* Asks for it, and for those that will be asked for next. */
static int ask_look(struct remote *r, uint32_t number, struct winnow_error *err)
{
    struct wire answer;
    size_t at = 0, count = 0;
    while (at < r->nranked && r->ranked[at] != number)
        at++;
    if (at == r->nranked || r->nlooked == QUESTION_LOOKS_MOST)
        return err_set(err, WINNOW_EUSAGE, "document %u is none that a lookup named", number);
    begin_question(r, QUESTION_LOOK);
    struct looked *all = &r->looked[r->nlooked];
    for (; at < r->nranked && count < QUESTION_LOOKS && r->nlooked + count < QUESTION_LOOKS_MOST;
         at++) {
        all[count++].number = r->ranked[at];
        wire_put_32(&r->request, r->ranked[at]);
    }
    int status = put_question(r, &answer, err);
    for (size_t i = 0; i < count && status == WINNOW_OK; i++) {
        all[i].status = wire_get_8(&answer);
        all[i].state = read_state(&answer);
        all[i].other = wire_get_32(&answer);
        all[i].first = wire_get_32(&answer);
        all[i].key = read_key(&answer);
    }
    if (status == WINNOW_OK && !wire_is_done(&answer))
        status = fail_answer(err);
    r->nlooked += status == WINNOW_OK ? count : 0;
    return status;
}

static int remote_look(struct store *s, uint32_t number, struct doc_key *key,
                       enum doc_state *state, uint32_t *other, uint32_t *first,
                       struct winnow_error *err)
{
    struct remote *r = remote_of(s);
    const struct looked *is = find_looked(r, number);
    int status = is ? WINNOW_OK : ask_look(r, number, err);
    if (status != WINNOW_OK)
        return status;
    is = is ? is : find_looked(r, number);
    if (is->status != WINNOW_OK)
        return err_set(err, WINNOW_EDATA, "the record of document %u is damaged", number);
    *key = is->key;
    *state = is->state;
    *other = is->other;
    *first = is->first;
    return WINNOW_OK;
}

/* --- reading documents ----------------------------------------------------------------------------------- */

/* Puts the strings into room, in a row, and lets the slices point there. */
static int keep_strings(struct store_doc *doc, struct buf *room, struct winnow_error *err)
{
    struct slice *all[] = {&doc->source, &doc->url, &doc->site, &doc->text};
    size_t at[4];
    buf_clear(room);
    for (size_t i = 0; i < 4; i++) {
        at[i] = room->len;
        buf_add(room, all[i]->p, all[i]->len);
    }
    if (room->status != WINNOW_OK)
        return err_nomem(err);
    for (size_t i = 0; i < 4; i++)
        all[i]->p = buf_slice(room).p + at[i];
    return WINNOW_OK;
}

static void keep_version(struct remote *r, struct store_doc doc)
{
    if (r->nversions == VERSIONS_MOST)
        return;
    doc.source = doc.url = doc.site = doc.text = slice_of("");
    r->versions[r->nversions++] = doc;
}

static const struct store_doc *find_version(const struct remote *r, uint32_t number)
{
    for (size_t i = 0; i < r->nversions; i++)
        if (r->versions[i].number == number)
            return &r->versions[i];
    return number == r->known.number && number > 0 ? &r->known : NULL;
}

static int ask_text(struct remote *r, uint32_t number, struct store_doc *ret, struct buf *room,
                    struct winnow_error *err)
{
    struct wire answer;
    begin_question(r, QUESTION_TEXT);
    wire_put_32(&r->request, number);
    int status = put_question(r, &answer, err);
    if (status != WINNOW_OK)
        return status;
    struct store_doc doc = read_record(&answer);
    doc.source = wire_get_string(&answer);
    doc.url = wire_get_string(&answer);
    doc.text = wire_get_string(&answer);
    if (!wire_is_done(&answer) || doc.number != number)
        return fail_answer(err);
    keep_version(r, doc);
    status = keep_strings(&doc, room, err);
    if (status == WINNOW_OK)
        *ret = doc;
    return status;
}

static int remote_get(struct store *s, uint32_t number, bool with_text, struct store_doc *ret,
                      struct buf *room, struct winnow_error *err)
{
    struct remote *r = remote_of(s);
    const struct store_doc *version = find_version(r, number);
    bool is_mine = r->flags && number == r->mine.number;
    if (!is_mine && (with_text || !version))
        return ask_text(r, number, ret, room, err);
    struct store_doc doc = is_mine ? r->mine : *version;
    if (!with_text)
        doc.text = slice_of("");
    int status = keep_strings(&doc, room, err);
    if (status == WINNOW_OK)
        *ret = doc;
    return status;
}

static void remote_damage(struct store *s, store_problem_fn *found, void *ctx)
{
    const struct remote *r = remote_of(s);
    for (size_t i = 0; i < r->ndamage; i++)
        found(ctx, r->damage[i].file, r->damage[i].at, r->damage[i].text);
}

/* --- putting --------------------------------------------------------------------------------------------- */

/* A stub is filled in under its number; all else is new. */
static int keep_text(struct remote *r, const struct store_doc *doc, const uint64_t *hashes,
                     size_t count, struct winnow_error *err)
{
    bool fills = !r->flags && r->known.state == DOC_STUB;
    uint64_t *kept = array_grow(r->hashes, &r->hashes_cap, count + 1, sizeof *kept);
    if (!kept)
        return err_nomem(err);
    r->hashes = kept;
    if (count > 0)
        memcpy(kept, hashes, count * sizeof *kept);
    r->nhashes = count;
    r->mine = *doc;
    r->mine.state = DOC_LIVE;
    r->mine.number = fills ? r->known.number : PROVISIONAL;
    r->mine.first = doc->first ? doc->first : r->mine.number;
    r->flags |= TOLD_ADDED | (doc->first ? TOLD_KEEPS : 0);
    return keep_strings(&r->mine, &r->strings, err);
}

static int remote_put(struct store *s, const struct store_doc *doc, const uint64_t *hashes,
                      size_t count, uint32_t *number, struct winnow_error *err)
{
    struct remote *r = remote_of(s);
    int status = WINNOW_OK;
    if (doc->state == DOC_STUB) {
        r->flags |= TOLD_LEARNED;
        r->mine = (struct store_doc){.number = PROVISIONAL, .state = DOC_STUB,
                                     .first = PROVISIONAL, .key = doc->key,
                                     .content = doc->content, .site = doc->site};
        status = keep_strings(&r->mine, &r->strings, err);
    } else {
        status = keep_text(r, doc, hashes, count, err);
    }
    if (status == WINNOW_OK)
        *number = r->mine.number;
    return status;
}

static int remote_set_state(struct store *s, uint32_t number, enum doc_state state,
                            uint32_t other, struct winnow_error *err)
{
    struct remote *r = remote_of(s);
    const struct store_doc *doc = find_version(r, number);
    (void)other; /* the page at hand: nothing else is said here */
    if (!doc || state != DOC_SUPERSEDED || r->nsuperseded == TOLD_SUPERSEDED_MOST)
        return err_set(err, WINNOW_EUSAGE, "of an index that is elsewhere a page supersedes only "
                                           "documents that it was compared with");
    r->superseded[r->nsuperseded++] = (struct told_version){doc->key, doc->content};
    return WINNOW_OK;
}

int remote_told(struct remote *r, struct slice delta, struct buf *ret, struct winnow_error *err)
{
    if (!r->is_found)
        return err_set(err, WINNOW_EUSAGE, "no page was cleaned or learned since the last call: "
                                           "there is nothing to tell");
    bool learned = r->flags & TOLD_LEARNED;
    const struct store_doc *doc = r->flags ? &r->mine : &r->known;
    struct told t = {
        .flags = r->flags,
        .own = {doc->key, doc->content},
        .before = r->known.content,
        .source = doc->source,
        .url = doc->url,
        .site = buf_slice(&r->site),
        .delta = learned && r->site.len > 0 ? delta : slice_of(""),
        .text = r->flags & TOLD_ADDED ? doc->text : slice_of(""),
        .hashes = {(const char *)r->hashes, r->nhashes * sizeof *r->hashes},
        .nsuperseded = r->nsuperseded,
    };
    memcpy(t.superseded, r->superseded, sizeof t.superseded);
    told_write(&t, ret);
    if (ret->status != WINNOW_OK)
        return err_nomem(err);
    forget_page(r);
    return WINNOW_OK;
}

/* --- what is the owner's alone -------------------------------------------------------------------------------- */

static int fail_elsewhere(struct winnow_error *err)
{
    return err_set(err, WINNOW_EUSAGE, "this index is asked from elsewhere; ask its owner");
}

static int remote_put_site(struct store *s, struct slice name, struct slice blob,
                           struct winnow_error *err)
{
    (void)s, (void)name, (void)blob;
    return fail_elsewhere(err);
}

static int remote_each_site(struct store *s,
                            int (*each)(void *ctx, struct slice name, struct slice blob),
                            void *ctx, struct winnow_error *err)
{
    (void)s, (void)each, (void)ctx;
    return fail_elsewhere(err);
}

static int remote_each_doc(struct store *s, int (*each)(void *ctx, const struct store_doc *doc),
                           void *ctx, struct winnow_error *err)
{
    (void)s, (void)each, (void)ctx;
    return fail_elsewhere(err);
}

static int remote_commit(struct store *s, struct winnow_error *err)
{
    (void)s;
    return fail_elsewhere(err);
}

static void remote_rollback(struct store *s)
{
    forget_page(remote_of(s));
}

static int remote_stat(struct store *s, struct store_stat *ret, struct winnow_error *err)
{
    (void)s, (void)ret;
    return fail_elsewhere(err);
}

static void remote_close(struct store *s)
{
    struct remote *r = remote_of(s);
    forget_page(r);
    buf_free(&r->request);
    buf_free(&r->site);
    buf_free(&r->blob);
    buf_free(&r->strings);
    free(r->hashes);
    free(r->ranked);
    free(r);
}

static const struct store_ops remote_ops = {
    .find = remote_find,
    .get = remote_get,
    .look = remote_look,
    .lookup = remote_lookup,
    .put = remote_put,
    .set_state = remote_set_state,
    .get_site = remote_get_site,
    .put_site = remote_put_site,
    .each_site = remote_each_site,
    .each_doc = remote_each_doc,
    .commit = remote_commit,
    .rollback = remote_rollback,
    .stat = remote_stat,
    .damage = remote_damage,
    .close = remote_close,
};

int remote_new(winnow_ask_fn *ask, void *ctx, struct remote **ret, struct winnow_error *err)
{
    struct remote *r = calloc(1, sizeof *r);
    if (!r)
        return err_nomem(err);
    r->store.ops = &remote_ops;
    r->ask = ask;
    r->ctx = ctx;
    buf_init(&r->request, UINT32_MAX);
    buf_init(&r->site, QUESTION_SITE_MOST);
    buf_init(&r->blob, UINT32_MAX);
    buf_init(&r->strings, SIZE_MAX / 2);
    *ret = r;
    return WINNOW_OK;
}
