/* wire.h - numbers and strings as bytes, from one process of this machine to another.
 *
 * Numbers stand in the machine's own byte order, unaligned; a string is its length (4
 * bytes) and its bytes.  Whoever reads believes no length before its bytes are there. */
#ifndef WINNOW_WIRE_H
#define WINNOW_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "slice.h"

/* Reads on; after the first thing that cannot be, all that follows is 0. */
struct wire {
    const char *p, *end;
    bool bad;
};

struct wire wire_of(struct slice bytes);
uint8_t wire_get_8(struct wire *r);
uint32_t wire_get_32(struct wire *r);
uint64_t wire_get_64(struct wire *r);
struct slice wire_get_bytes(struct wire *r, size_t len); /* points into what is read */
struct slice wire_get_string(struct wire *r);
size_t wire_left(const struct wire *r);
bool wire_is_done(const struct wire *r); /* all is read, and was as it should be */

/* A failure is in b->status; a string is shorter than 4 GiB, or b->status says ELIMIT. */
void wire_put_8(struct buf *b, uint8_t n);
void wire_put_32(struct buf *b, uint32_t n);
void wire_put_64(struct buf *b, uint64_t n);
void wire_put_string(struct buf *b, struct slice s);

#endif
