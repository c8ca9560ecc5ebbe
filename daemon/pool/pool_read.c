/* pool_read.c - what a worker writes: read without waiting, bounded, and checked.
 *
 * Nothing here believes a worker: a length, a type, an order of pieces that no worker of ours
 * would write ends it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool/pool_parts.h"

enum {
    READS_A_STEP = 4,
    QUESTIONS_MOST = 16 * 1024, /* of one page */
    PART_LEAST = 1024 * 1024,   /* bytes that any part may have */
};

/* How many times as long as the largest page a part may be: a byte of a page becomes up to
 * three of UTF-8, and six in a record, which may tell of it twice. */
static const unsigned multiples[FRAME_PARTS] = {
    [0] = 4,  /* text */
    [1] = 16, /* json */
    [2] = 16, /* jsonl */
    [3] = 16, /* told */
    [5] = 0,  /* notes */
    [6] = 0,  /* sources */
};

static void broke(struct pool_job *j, const char *what)
{
    job_judge(j, POOL_BROKE, "its worker %s, as no worker of winnow does; look at the page", what);
}

/* --- pieces -------------------------------------------------------------------------------- */

static bool part_has_room(struct pool_job *j, unsigned type, size_t len)
{
    size_t page = j->nest->plan->terms.options.limits.max_bytes, most = PART_LEAST;
    if (multiples[type])
        most = page < (SIZE_MAX - most) / multiples[type] ? most + page * multiples[type] : SIZE_MAX;
    if (len > most - j->took[type])
        return false;
    j->took[type] += len;
    return true;
}

static void on_piece(struct pool_job *j, unsigned type, unsigned char *data, size_t len)
{
    struct pool *p = j->pool;
    enum pool_part part = (enum pool_part)(1u << type);
    if (!(j->wanted & part) || type < j->part || len == 0) {
        broke(j, "sent what nobody asked for");
        return;
    }
    if (!part_has_room(j, type, len)) {
        broke(j, "wrote without end");
        return;
    }
    j->part = type;
    if (part == POOL_NOTE)
        make_plain((char *)data, len);
    if (p->calls.output(p->ctx, j, part, (const char *)data, len) != 0)
        job_judge(j, POOL_STOPPED, "what it wrote could not be taken; clean it again");
}

/* --- questions ------------------------------------------------------------------------------ */

static void on_ask(struct pool_job *j, const void *request, size_t len)
{
    struct pool *p = j->pool;
    if (!j->nest->plan->terms.has_index || ++j->questions > QUESTIONS_MOST) {
        broke(j, "asked too much");
        return;
    }
    j->asked = true;
    if (j->ended)
        return; /* nobody waits for the answer */
    job_stand(j, WAITING);
    if (p->calls.ask(p->ctx, j, request, len) != 0)
        broke(j, "asked what may not be asked");
}

/* Sends what is left of an answer; the rest when there is room. */
static void send_rest(struct pool_job *j)
{
    while (j->out_sent < j->out_len && j->socket.fd >= 0) {
        ssize_t n = send(j->socket.fd, j->out + j->out_sent, j->out_len - j->out_sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS))
            return;
        if (n < 0)
            break; /* it is gone: its end is told otherwise */
        j->out_sent += (size_t)n;
    }
    free(j->out);
    j->out = NULL;
    j->out_len = j->out_sent = 0;
}

static int watch_for(struct pool_job *j, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = &j->socket};
    return j->socket.fd < 0 ? 0 : epoll_ctl(j->pool->epoll, EPOLL_CTL_MOD, j->socket.fd, &e);
}

int pool_answer(struct pool_job *j, const void *data, size_t len, struct winnow_error *err)
{
    struct frame_head h = {.len = (uint32_t)len, .type = FRAME_REPLY};
    if (j->judged || j->ended || j->to_stop)
        return WINNOW_OK; /* nobody listens any more */
    if (!j->asked || len > FRAME_REPLY_MOST)
        return fault_set(err, WINNOW_EUSAGE, !j->asked ? "the page has put no question"
                                                       : "the answer is longer than any page's");
    unsigned char *out = malloc(sizeof h + len);
    if (!out)
        return fault_nomem(err);
    memcpy(out, &h, sizeof h);
    if (len > 0)
        memcpy(out + sizeof h, data, len);
    j->out = out;
    j->out_len = sizeof h + len;
    j->out_sent = 0;
    j->asked = false;
    job_stand(j, RUNNING);
    send_rest(j);
    if (j->out && watch_for(j, EPOLLIN | EPOLLOUT) != 0) {
        job_judge(j, POOL_STOPPED, "its answer cannot be sent; clean it again");
        return fault_errno(err, "try again", "an answer cannot be sent");
    }
    return WINNOW_OK;
}

/* --- the last word --------------------------------------------------------------------------- */

static bool is_page_id(const char *s)
{
    size_t n = s ? strspn(s, "0123456789abcdef") : 1;
    return (n == 0 || n == 32) && s[n] == '\0';
}

static void on_done(struct pool_job *j, unsigned char *data, size_t len)
{
    struct wire_in in = {data, len, false};
    uint32_t status = wire_u32(&in), suspect = wire_u32(&in);
    const char *page = wire_string(&in), *text = wire_string(&in);
    if (in.bad || in.left || !text || !is_page_id(page) || status > WINNOW_EBUSY || suspect > 1) {
        broke(j, "gave no proper result");
        return;
    }
    j->done = true;
    j->result.status = (int)status;
    j->result.suspect = suspect;
    memcpy(j->result.page, page, strlen(page) + 1);
    size_t n = strlen(text);
    n = n < sizeof j->text ? n : sizeof j->text - 1;
    memcpy(j->text, text, n);
    j->text[n] = '\0';
    make_plain(j->text, n);
    job_linger(j);
}

/* --- frames ------------------------------------------------------------------------------------ */

static void on_frame(struct pool_job *j, unsigned type, unsigned char *data, size_t len)
{
    if (j->done)
        broke(j, "spoke after its last word");
    else if (j->asked || j->out)
        broke(j, "did not wait for its answer");
    else if (type == FRAME_ASK)
        on_ask(j, data, len);
    else if (type == FRAME_DONE)
        on_done(j, data, len);
    else
        on_piece(j, type, data, len);
}

/* Room for a frame that is longer than what was seen before. */
static bool make_room(struct pool_job *j, size_t want)
{
    if (want <= j->in_room)
        return true;
    unsigned char *in = realloc(j->in, want);
    if (!in)
        return false;
    j->in = in;
    j->in_room = want;
    return true;
}

/* Takes the whole frames at the front of what was read. */
static void take_frames(struct pool_job *j)
{
    size_t at = 0;
    while (!j->judged && j->in_len - at >= FRAME_HEAD) {
        struct frame_head h;
        memcpy(&h, j->in + at, sizeof h);
        size_t most = frame_most(h.type);
        if (most == 0 || h.len > most || h.zero[0] || h.zero[1] || h.zero[2]) {
            broke(j, "sent what is no frame");
            break;
        }
        if (h.len > j->in_len - at - FRAME_HEAD) {
            if (!make_room(j, FRAME_HEAD + h.len))
                job_judge(j, POOL_STOPPED, "out of memory; clean it again");
            break;
        }
        on_frame(j, h.type, j->in + at + FRAME_HEAD, h.len);
        at += FRAME_HEAD + h.len;
    }
    j->in_len -= at;
    memmove(j->in, j->in + at, j->in_len);
}

/* The worker closed its socket, or is gone: the nursery will say which. */
static void on_end_of_bytes(struct pool_job *j)
{
    if (j->in_len > 0)
        j->done = false; /* a frame was begun after it */
    job_hang_up(j);
    if (!j->ended)
        job_linger(j);
    job_settle(j);
}

/* False where there is no more for now. */
static bool read_some(struct pool_job *j, bool *more)
{
    size_t room = j->in_room - j->in_len;
    ssize_t n = recv(j->socket.fd, j->in + j->in_len, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOMEM || errno == ENOBUFS))
        return false;
    if (n <= 0) {
        on_end_of_bytes(j);
        return false;
    }
    j->in_len += (size_t)n;
    *more = (size_t)n == room;
    take_frames(j);
    return j->socket.fd >= 0;
}

void job_ready(struct source *s, uint32_t events)
{
    struct pool_job *j = (struct pool_job *)s; /* its first member */
    if ((events & EPOLLOUT) && j->out) {
        send_rest(j);
        if (!j->out && watch_for(j, EPOLLIN) != 0)
            job_judge(j, POOL_STOPPED, "its socket cannot be watched; clean it again");
    }
    bool more = true, closed = events & (EPOLLHUP | EPOLLERR);
    for (int i = 0; i < READS_A_STEP && j->socket.fd >= 0 && (more || closed); i++)
        if (!read_some(j, &more))
            break;
}
