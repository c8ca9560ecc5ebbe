/* asking_wait.c - which fingerprints are in flight, and who waits for whom. */
#include "asking_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "err.h"

enum { BUCKETS_LEAST = 1024 };

/* --- the pages --------------------------------------------------------------------------------- */

static int make_flights(struct flights **ret, struct winnow_error *err)
{
    struct flights *f = calloc(1, sizeof *f);
    if (!f)
        return err_nomem(err);
    if (getrandom(&f->seed, sizeof f->seed, 0) != (ssize_t)sizeof f->seed) {
        free(f);
        return err_set(err, WINNOW_EIO, "the system gives no random number; try again");
    }
    buf_init(&f->head, UINT32_MAX);
    buf_init(&f->body, SIZE_MAX);
    buf_init(&f->room, SIZE_MAX / 2);
    *ret = f;
    return WINNOW_OK;
}

int flights_of(struct winnow_index *ix, struct flights **ret, struct winnow_error *err)
{
    int status = ix->flights ? WINNOW_OK : make_flights(&ix->flights, err);
    if (status == WINNOW_OK)
        *ret = ix->flights;
    return status;
}

void flights_free(struct flights *f)
{
    if (!f)
        return;
    free(f->buckets);
    buf_free(&f->head);
    buf_free(&f->body);
    buf_free(&f->room);
    free(f);
}

void flights_enter(struct flights *f, struct winnow_asking *a)
{
    a->before = f->last;
    *(f->last ? &f->last->next : &f->first) = a;
    f->last = a;
}

void flights_leave(struct flights *f, struct winnow_asking *a)
{
    *(a->before ? &a->before->next : &f->first) = a->next;
    *(a->next ? &a->next->before : &f->last) = a->before;
}

/* --- fingerprints -------------------------------------------------------------------------------- */

static struct flight **bucket_of(const struct flights *f, uint64_t print)
{
    uint64_t mixed = (print ^ f->seed) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32 ^ f->seed) * UINT64_C(0xd6e8feb86659fd93);
    return &f->buckets[mixed >> 32 & (f->cap - 1)];
}

static void link_flight(struct flights *f, struct flight *one)
{
    struct flight **bucket = bucket_of(f, one->print);
    one->next = *bucket;
    one->back = bucket;
    if (one->next)
        one->next->back = &one->next;
    *bucket = one;
}

static void unlink_flight(struct flight *one)
{
    *one->back = one->next;
    if (one->next)
        one->next->back = one->back;
}

static void link_again(struct flights *f, struct flight *chain)
{
    while (chain) {
        struct flight *next = chain->next;
        link_flight(f, chain);
        chain = next;
    }
}

static int make_room(struct flights *f, size_t more)
{
    size_t cap = f->cap ? f->cap : BUCKETS_LEAST, old = f->cap;
    struct flight **before = f->buckets;
    while (cap < f->count + more)
        cap *= 2;
    if (cap == f->cap)
        return WINNOW_OK;
    struct flight **buckets = calloc(cap, sizeof(struct flight *));
    if (!buckets)
        return WINNOW_ENOMEM;
    f->buckets = buckets;
    f->cap = cap;
    for (size_t i = 0; i < old; i++)
        link_again(f, before[i]);
    free(before);
    return WINNOW_OK;
}

/* 0 may come more than once (prints.c), and is in nobody's way. */
static bool has_announced(const struct flights *f, const struct winnow_asking *a, uint64_t print)
{
    const struct flight *one = print ? *bucket_of(f, print) : NULL;
    while (one && (one->print != print || one->asking != a))
        one = one->next;
    return one;
}

int flights_announce(struct flights *f, struct winnow_asking *a, size_t count)
{
    size_t piece = a->announced / QUESTION_PIECE;
    struct flight *made = NULL;
    if (make_room(f, count) == WINNOW_OK)
        made = calloc(count + 1, sizeof *made);
    if (!made)
        return WINNOW_ENOMEM;
    a->pieces[piece] = made;
    for (size_t i = 0; i < count; i++) {
        if (has_announced(f, a, f->hashes[i]))
            return WINNOW_EDATA;
        made[i].asking = a;
        made[i].print = f->hashes[i];
        if (made[i].print)
            link_flight(f, &made[i]);
        a->announced++;
        f->count++;
    }
    return WINNOW_OK;
}

void flights_end(struct flights *f, struct winnow_asking *a)
{
    for (size_t i = 0; i < a->announced; i++) {
        struct flight *one = &a->pieces[i / QUESTION_PIECE][i % QUESTION_PIECE];
        if (one->print)
            unlink_flight(one);
    }
    f->count -= a->announced;
    a->announced = 0;
    for (size_t i = 0; i < FLIGHT_PIECES; i++) {
        free(a->pieces[i]);
        a->pieces[i] = NULL;
    }
    a->has_ended = true;
}

/* --- waiting -------------------------------------------------------------------------------------- */

static bool has_same_key(const struct winnow_asking *a, const struct winnow_asking *b)
{
    return memcmp(&a->key, &b->key, sizeof a->key) == 0;
}

static bool stands_before(const struct winnow_asking *b, const struct winnow_asking *a)
{
    return !b->has_ended && b->has_asked && b->find_turn < a->find_turn;
}

bool asking_waits_to_find(const struct winnow_asking *a)
{
    for (const struct winnow_asking *b = a->index->flights->first; b; b = b->next) {
        bool is_silent = !b->has_ended && !b->has_asked;
        if (a->is_ordered && is_silent && b->find_turn < a->find_turn)
            return true;
        if (stands_before(b, a) && has_same_key(a, b))
            return true;
    }
    return false;
}

/* A page whose document is known adds nothing to the table. */
bool asking_waits_for_site(const struct winnow_asking *a)
{
    const struct winnow_asking *b = a->is_ordered ? a->index->flights->first : NULL;
    for (; b; b = b->next) {
        bool is_known = b->finds > 0 && b->number > 0;
        if (stands_before(b, a) && !is_known && strcmp(a->site, b->site) == 0)
            return true;
    }
    return false;
}

static bool is_in_the_way(const struct flight *one, const struct winnow_asking *a, uint64_t print)
{
    const struct winnow_asking *b = one->asking;
    return one->print == print && b != a && b->is_announced && !b->is_released &&
           b->print_turn < a->print_turn;
}

static bool waits_for_silent(const struct winnow_asking *a)
{
    for (const struct winnow_asking *b = a->before; b && a->is_ordered; b = b->before)
        if (!b->has_ended && !b->is_announced && b->is_ordered)
            return true;
    return false;
}

bool asking_waits_for_prints(const struct flights *f, const struct winnow_asking *a,
                             size_t piece)
{
    if (piece == 0 && waits_for_silent(a))
        return true;
    for (size_t i = 0; i < asking_piece(a, piece); i++) {
        uint64_t print = a->pieces[piece][i].print;
        const struct flight *one = print ? *bucket_of(f, print) : NULL;
        for (; one; one = one->next)
            if (is_in_the_way(one, a, print))
                return true;
    }
    return false;
}
