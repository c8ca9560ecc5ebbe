/* talk.c - a worker's end of its socket: pieces of its result, and questions. */
#include "pool/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/wire.h"
#include "whole.h"

static bool read_all(int fd, void *data, size_t len)
{
    return read_whole(fd, data, len) == (ssize_t)len;
}

static int flush(struct talk *t)
{
    int rc = write_whole(t->fd, t->data, t->len) ? 0 : -1;
    t->len = 0;
    t->open = false;
    return rc;
}

static void put_head(unsigned char *at, size_t len, unsigned char type)
{
    struct frame_head h = {.len = (uint32_t)len, .type = type};
    memcpy(at, &h, sizeof h);
}

/* Begins a frame; a byte or more of payload fits behind it. */
static int begin(struct talk *t, unsigned char type, size_t least)
{
    if (least + FRAME_HEAD > TALK_ROOM - t->len && flush(t) != 0)
        return -1;
    t->head = t->len;
    t->len += FRAME_HEAD;
    t->type = type;
    t->open = true;
    put_head(t->data + t->head, 0, type);
    return 0;
}

static size_t add_some(struct talk *t, const char *data, size_t len)
{
    size_t room = TALK_ROOM - t->len;
    len = len < room ? len : room;
    memcpy(t->data + t->len, data, len);
    t->len += len;
    put_head(t->data + t->head, t->len - t->head - FRAME_HEAD, t->type);
    return len;
}

int talk_piece(struct talk *t, enum pool_part part, const char *data, size_t len)
{
    unsigned char type = (unsigned char)__builtin_ctz((unsigned)part);
    bool apart = part == POOL_NOTE || part == POOL_SUPERSEDED; /* one a frame */
    if (apart && begin(t, type, len < FRAME_PIECE_MOST ? len : FRAME_PIECE_MOST) != 0)
        return -1;
    while (len > 0) {
        bool fits = t->open && t->type == type && t->len < TALK_ROOM;
        if (!fits && begin(t, type, 1) != 0)
            return -1;
        size_t n = add_some(t, data, len);
        data += n;
        len -= n;
    }
    t->open = t->open && !apart;
    return 0;
}

int talk_done(struct talk *t, int status, bool suspect, const char *page, const char *text)
{
    unsigned char room[FRAME_DONE_MOST];
    struct wire w = {.data = room, .max = sizeof room};
    wire_put_u32(&w, (uint32_t)status);
    wire_put_u32(&w, suspect);
    wire_put_string(&w, page);
    wire_put_string(&w, text);
    if (w.full || begin(t, FRAME_DONE, w.len) != 0)
        return -1;
    add_some(t, (const char *)w.data, w.len);
    return flush(t);
}

/* --- questions -------------------------------------------------------------------------- */

static int take_reply(struct talk *t, size_t *ret)
{
    struct frame_head h;
    if (!read_all(t->fd, &h, sizeof h) || h.type != FRAME_REPLY ||
        h.len > FRAME_REPLY_MOST)
        return -1;
    if (h.len > t->reply_room || !t->reply) {
        unsigned char *more = realloc(t->reply, (size_t)h.len + 1);
        if (!more)
            return -1;
        t->reply = more;
        t->reply_room = (size_t)h.len + 1;
    }
    *ret = h.len;
    return read_all(t->fd, t->reply, h.len) ? 0 : -1;
}

int talk_ask(void *ctx, const void *request, size_t len, const void **ret, size_t *ret_len)
{
    struct talk *t = ctx;
    unsigned char head[FRAME_HEAD];
    if (len > FRAME_ASK_MOST || flush(t) != 0)
        return -1;
    put_head(head, len, FRAME_ASK);
    if (!write_whole(t->fd, head, sizeof head) || !write_whole(t->fd, request, len) ||
        take_reply(t, ret_len) != 0)
        return -1;
    *ret = t->reply;
    return 0;
}
