/* driving.h - a pool that a test drives: pages in, what became of them out, with a deadline. */
#ifndef WINNOW_TEST_DRIVING_H
#define WINNOW_TEST_DRIVING_H

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "../testing.h"
#include "pool/pool.h"

enum {
    DEADLINE_S = 120, /* for anything at all: far more than it takes */
    PAGES_MOST = 1200,
};

/* One page of a test, and its outcome. */
struct driven {
    struct pool_job *job; /* NULL once it has ended */
    struct text parts[8]; /* as enum pool_part counts its bits */
    size_t notes;
    bool refuse_output; /* the test takes none */
    bool keep_question; /* it answers later */
    size_t questions;

    bool over;
    struct pool_result result; /* its text is `text` */
    char text[512];
};

struct drive {
    struct pool *pool;
    struct driven pages[PAGES_MOST];
    size_t count, over;
    size_t reloads;
    int reload_status;
    char reload_text[512];
    struct winnow_error trouble; /* of the last step */
    int (*answer)(struct driven *d, struct pool_job *job, const void *request, size_t len);
};

static inline double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int drive_ask(void *ctx, struct pool_job *job, const void *request, size_t len)
{
    struct drive *dr = ctx;
    struct driven *d = pool_context(job);
    d->questions++;
    return d->keep_question ? 0 : dr->answer ? dr->answer(d, job, request, len) : 1;
}

static int drive_output(void *ctx, struct pool_job *job, enum pool_part part, const char *data,
                        size_t len)
{
    struct driven *d = pool_context(job);
    (void)ctx;
    d->notes += part == POOL_NOTE;
    return d->refuse_output ? 1 : text_add(&d->parts[__builtin_ctz(part)], data, len);
}

static void drive_done(void *ctx, struct pool_job *job, const struct pool_result *result)
{
    struct drive *dr = ctx;
    struct driven *d = pool_context(job);
    assert_false(d->over); /* done comes once */
    d->over = true;
    d->job = NULL;
    d->result = *result;
    snprintf(d->text, sizeof d->text, "%s", result->text);
    d->result.text = d->text;
    dr->over++;
}

static void drive_reloaded(void *ctx, int status, const char *text)
{
    struct drive *dr = ctx;
    dr->reloads++;
    dr->reload_status = status;
    snprintf(dr->reload_text, sizeof dr->reload_text, "%s", text);
}

static inline struct drive *drive_new(const struct pool_settings *settings)
{
    static const struct pool_calls calls = {drive_ask, drive_output, drive_done, drive_reloaded};
    struct drive *dr = calloc(1, sizeof *dr);
    struct winnow_error err = {0};
    assert_non_null(dr);
    if (pool_new(settings, &calls, dr, &dr->pool, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return dr;
}

static inline void drive_free(struct drive *dr)
{
    pool_free(dr->pool);
    for (size_t i = 0; i < dr->count; i++)
        for (size_t k = 0; k < 8; k++)
            free(dr->pages[i].parts[k].data);
    free(dr);
}

static inline void drive_step(struct drive *dr, double until)
{
    dr->trouble.text[0] = '\0';
    if (pool_step(dr->pool, 1000, &dr->trouble) != WINNOW_OK)
        assert_int_equal(dr->trouble.status, WINNOW_EIO);
    if (seconds() > until)
        fail_msg("the pool hangs");
}

static inline void drive_room(struct drive *dr)
{
    double until = seconds() + DEADLINE_S;
    while (!pool_has_room(dr->pool))
        drive_step(dr, until);
}

/* A memory file with these bytes. */
static inline int file_of(const void *data, size_t len)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, (const char *)data + at, len - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    return fd;
}

/* A nursery that has just died takes no page, until the pool has seen it. */
static inline void drive_add(struct drive *dr, const struct pool_page *page, struct driven *d)
{
    struct winnow_error err = {0};
    double until = seconds() + DEADLINE_S;
    while (pool_add(dr->pool, page, d, &d->job, &err) != WINNOW_OK) {
        if (err.status != WINNOW_EIO)
            fail_msg("%s", err.text);
        drive_step(dr, until);
        drive_room(dr);
    }
}

/* Gives bytes as a page; waits for room first. */
static inline struct driven *drive_bytes(struct drive *dr, const void *data, size_t len,
                                         struct pool_page page)
{
    assert_true(dr->count < PAGES_MOST);
    struct driven *d = &dr->pages[dr->count++];
    drive_room(dr);
    page.fd = file_of(data, len);
    drive_add(dr, &page, d);
    assert_ptr_equal(pool_context(d->job), d);
    close(page.fd);
    return d;
}

static inline struct driven *drive_page(struct drive *dr, const char *text, unsigned wanted)
{
    return drive_bytes(dr, text, strlen(text),
                       (struct pool_page){.name = "a.html", .wanted = wanted});
}

static inline void drive_until_over(struct drive *dr, const struct driven *d)
{
    double until = seconds() + DEADLINE_S;
    while (!d->over)
        drive_step(dr, until);
}

static inline void drive_all(struct drive *dr)
{
    double until = seconds() + DEADLINE_S;
    while (dr->over < dr->count)
        drive_step(dr, until);
    assert_int_equal(pool_count(dr->pool), 0);
}

static inline const char *part_of(const struct driven *d, enum pool_part part)
{
    const char *data = d->parts[__builtin_ctz(part)].data;
    return data ? data : "";
}

static inline void expect_end(const struct driven *d, enum pool_end end)
{
    assert_true(d->over);
    if (d->result.end != end)
        fail_msg("ended as %d (wanted %d): %s", d->result.end, end, d->text);
}

#endif
