/* talk.h - a worker's end of its socket: pieces of its result, and questions. */
#ifndef WINNOW_POOL_TALK_H
#define WINNOW_POOL_TALK_H

#include "pool/frame.h"
#include "pool/pool.h"

enum { TALK_ROOM = FRAME_HEAD + FRAME_PIECE_MOST };

/* Small pieces wait here for more, and frames for other frames: a short page takes one
 * system call.  Zeroed, but for fd, it is ready. */
struct talk {
    int fd;
    size_t len;  /* bytes that wait */
    size_t head; /* where the last frame begins, if open */
    bool open;   /* a piece of the same part may be added to it */
    unsigned char type;
    unsigned char data[TALK_ROOM];
    unsigned char *reply; /* the last one, for the next question to reuse */
    size_t reply_room;
};

/* All return 0, or -1 where the owner is gone. */
int talk_piece(struct talk *t, enum pool_part part, const char *data, size_t len);
int talk_done(struct talk *t, int status, bool suspect, const char *page, const char *text);

/* A winnow_ask_fn; ctx is a struct talk. */
int talk_ask(void *ctx, const void *request, size_t len, const void **ret, size_t *ret_len);

#endif
