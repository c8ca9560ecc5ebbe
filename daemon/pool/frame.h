/* frame.h - what goes over the socket between a page's worker and the owner.
 *
 *      +--------+------+-------+---------+
 *      | length | type | 0 0 0 | payload |     length: u32, of the payload
 *      +--------+------+-------+---------+
 *
 *   worker -> owner   0 .. FRAME_PARTS-1: a piece of that part (1 << type is its enum
 *                     pool_part), part after part
 *                     ASK: a question; nothing more comes before its REPLY
 *                     DONE: u32 status, u32 suspect, string id of the page, string text;
 *                     the last one
 *   owner -> worker   REPLY */
#ifndef WINNOW_POOL_FRAME_H
#define WINNOW_POOL_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum frame_type {
    FRAME_PARTS = 7, /* of enum pool_part */
    FRAME_ASK = 16,
    FRAME_DONE,
    FRAME_REPLY,
};

enum {
    FRAME_HEAD = 8,                  /* bytes */
    FRAME_PIECE_MOST = 64 * 1024,    /* of a part */
    FRAME_ASK_MOST = 4 * 1024 * 1024,
    FRAME_DONE_MOST = 1024,
    FRAME_REPLY_MOST = 1 << 30,
};

struct frame_head {
    uint32_t len;
    unsigned char type, zero[3];
};

/* The most that a frame of this type may hold; 0: no worker sends such a frame. */
size_t frame_most(unsigned type);

#endif
