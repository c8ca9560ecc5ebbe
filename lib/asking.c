/* asking.c - pages that are being cleaned elsewhere: what they ask and what is told of them. */
#include "asking_parts.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "hash.h"
#include "site_delta.h"
#include "wire.h"

enum { KEEP_MOST = 1 << 20 /* bytes that an answer's buffers keep for the next one */ };

int winnow_asking_new(struct winnow_index *index, int ordered, struct winnow_asking **ret,
                      struct winnow_error *err)
{
    struct flights *f;
    if (index->remote)
        return err_set(err, WINNOW_EUSAGE, "this index is asked from elsewhere; only its owner can "
                                           "answer");
    int status = flights_of(index, &f, err);
    struct winnow_asking *a = status == WINNOW_OK ? calloc(1, sizeof *a) : NULL;
    if (!a || !(a->site = slice_dup(slice_of("")))) {
        free(a);
        return status != WINNOW_OK ? status : err_nomem(err);
    }
    a->index = index;
    a->epoch = index->epoch;
    a->is_ordered = ordered;
    a->find_turn = a->print_turn = ++f->turns;
    flights_enter(f, a);
    *ret = a;
    return WINNOW_OK;
}

void winnow_asking_expect(struct winnow_asking *a, const char *source)
{
    hash_128(slice_of(source), a->expected.bytes);
    a->is_expected = true;
}

void winnow_asking_release(struct winnow_asking *a)
{
    a->is_released = true;
}

void winnow_asking_free(struct winnow_asking *a)
{
    if (!a)
        return;
    flights_end(a->index->flights, a);
    flights_leave(a->index->flights, a);
    free(a->hits);
    free(a->site);
    free(a);
}

/* --- answering ------------------------------------------------------------------------------------ */

struct telling {
    struct winnow_index *index;
    struct buf *head;
    size_t met, told;
};

static void put_damage(void *ctx, const char *file, uint64_t at, const char *text)
{
    struct telling *t = ctx;
    if (t->met++ < t->index->damage_told || t->told == QUESTION_DAMAGE)
        return;
    wire_put_string(t->head, slice_of(file));
    wire_put_64(t->head, at);
    wire_put_string(t->head, slice_of(text));
    t->told++;
}

/* The answer's status, and damage that the store has met and nobody was told of. */
static void put_head(struct flights *f, struct winnow_index *ix, int status)
{
    struct telling t = {.index = ix, .head = &f->head};
    buf_clear(&f->head);
    wire_put_8(&f->head, (uint8_t)status);
    wire_put_8(&f->head, 0);
    store_damage(ix->store, put_damage, &t);
    if (f->head.status != WINNOW_OK)
        return;
    f->head.data[1] = (char)t.told;
    ix->damage_told += t.told;
}

static void shrink(struct buf *b)
{
    if (b->cap > KEEP_MOST)
        buf_free(b);
}

static int send(struct flights *f, winnow_write_fn *write, void *ctx, struct winnow_error *err)
{
    if (f->head.status != WINNOW_OK)
        return err_nomem(err);
    int stopped = write(ctx, f->head.data, f->head.len);
    if (stopped == 0 && f->body.len > 0)
        stopped = write(ctx, f->body.data, f->body.len);
    return stopped ? err_set(err, WINNOW_EIO, "the answer was not taken") : WINNOW_OK;
}

static int fail_question(struct winnow_asking *a, struct winnow_error *err)
{
    flights_end(a->index->flights, a); /* it keeps no other waiting */
    return err_set(err, WINNOW_EDATA, "a page's process asks what winnow does not ask; it is not to "
                                      "be trusted");
}

int winnow_asking_answer(struct winnow_asking *a, const void *request, size_t len,
                         winnow_write_fn *write, void *ctx, int *wait, struct winnow_error *err)
{
    struct flights *f = a->index->flights;
    struct winnow_error why = {0};
    bool waits, hostile;
    *wait = 0;
    if (a->has_ended)
        return fail_question(a, err);
    if (a->epoch != a->index->epoch)
        return err_set(err, WINNOW_EBUSY, "a commit has failed since the page came; clean it again");
    int status = asking_answer(f, a, (struct slice){request, len}, &waits, &hostile, &why);
    if (hostile)
        return fail_question(a, err);
    if (waits) {
        *wait = 1;
        return WINNOW_OK;
    }
    if (status == WINNOW_EIO || status == WINNOW_ENOMEM) { /* the owner's trouble, not the page's */
        if (err)
            *err = why;
        return status;
    }
    put_head(f, a->index, status);
    if (status != WINNOW_OK) {
        buf_clear(&f->body);
        wire_put_string(&f->body, slice_of(why.text));
    }
    status = send(f, write, ctx, err);
    shrink(&f->body);
    shrink(&f->room);
    return status;
}

/* --- taking --------------------------------------------------------------------------------------- */

static bool was_compared(const struct winnow_asking *a, const struct told_version *v)
{
    for (size_t i = 0; i < a->nversions; i++)
        if (told_is_version(&a->versions[i], &v->key, &v->content))
            return memcmp(&v->key, &a->key, sizeof a->key) != 0;
    return false;
}

/* Is that told of the page that has asked, and of no more than it was shown? */
static bool fits(const struct winnow_asking *a, const struct told *t)
{
    bool is_new = a->number == 0, learned = t->flags & TOLD_LEARNED;
    if (a->finds == 0 || memcmp(&t->own.key, &a->key, sizeof a->key) != 0 ||
        !slice_is(t->site, a->site) || (t->flags && learned != is_new))
        return false;
    for (size_t i = 0; i < t->nsuperseded; i++)
        if (!was_compared(a, &t->superseded[i]))
            return false;
    return true;
}

/* Is what it adds to its site's table whole? */
static int check_delta(const struct told *t)
{
    struct site_delta delta;
    if (!(t->flags & TOLD_LEARNED) || t->site.len == 0)
        return WINNOW_OK;
    int status = site_delta_read(t->delta, &delta);
    if (status == WINNOW_OK)
        site_delta_free(&delta);
    return status;
}

static int read_told(const struct winnow_asking *a, struct slice told, struct told *ret,
                     struct winnow_error *err)
{
    int status = told_read(told, ret, err);
    if (status != WINNOW_OK)
        return status;
    bool is_good = !a->has_ended && fits(a, ret);
    status = is_good ? check_delta(ret) : WINNOW_EDATA;
    if (status == WINNOW_OK || status == WINNOW_ENOMEM)
        return status == WINNOW_OK ? status : err_nomem(err);
    return err_set(err, WINNOW_EDATA, "what is told of a page does not go with what it has "
                                      "asked; its process is not to be trusted");
}

int winnow_asking_check(const struct winnow_asking *a, const void *told, size_t len,
                        struct winnow_error *err)
{
    struct told t;
    return read_told(a, (struct slice){told, len}, &t, err);
}

int winnow_asking_take(struct winnow_asking *a, const void *told, size_t len,
                       struct winnow_error *err)
{
    struct told t;
    int status = read_told(a, (struct slice){told, len}, &t, err);
    if (status != WINNOW_OK)
        return status;
    status = index_take(a->index, &t, false, err);
    if (status == WINNOW_OK)
        flights_end(a->index->flights, a);
    return status;
}

int winnow_index_retake(struct winnow_index *ix, const void *told, size_t len,
                        struct winnow_error *err)
{
    struct told t;
    int status = told_read((struct slice){told, len}, &t, err);
    if (status != WINNOW_OK)
        return status;
    if (ix->remote)
        return err_set(err, WINNOW_EUSAGE, "this index is asked from elsewhere; tell its owner");
    return index_take(ix, &t, true, err);
}
