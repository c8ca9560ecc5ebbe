/* wire.h - numbers and strings as bytes in a message, and back, never past its end.
 *
 *      u32, u64   as the machine has them: both ends are on one machine
 *      string     u32 length and 1, the bytes, a NUL; or u32 0 for NULL */
#ifndef WINNOW_POOL_WIRE_H
#define WINNOW_POOL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is written: bytes that do not fit are left out, and it is full from then on. */
struct wire {
    unsigned char *data;
    size_t len, max;
    bool full;
};

void wire_put(struct wire *w, const void *data, size_t len);
void wire_put_u32(struct wire *w, uint32_t value);
void wire_put_u64(struct wire *w, uint64_t value);
void wire_put_string(struct wire *w, const char *s); /* may be NULL */

/* What is read: past the end, or where a string is none, all is 0 and NULL, and bad. */
struct wire_in {
    const unsigned char *data;
    size_t left;
    bool bad;
};

uint32_t wire_u32(struct wire_in *in);
uint64_t wire_u64(struct wire_in *in);
const char *wire_string(struct wire_in *in); /* in the message's own bytes */

#endif
