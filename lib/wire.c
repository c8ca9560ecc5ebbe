/* wire.c - numbers and strings as bytes, and back. */
#include "wire.h"

#include <string.h>

/* --- reading ------------------------------------------------------------------------------ */

struct wire wire_of(struct slice bytes)
{
    const char *p = bytes.p ? bytes.p : "";
    return (struct wire){p, p + bytes.len, false};
}

struct slice wire_get_bytes(struct wire *r, size_t len)
{
    struct slice ret = {r->p, len};
    if (r->bad || wire_left(r) < len) {
        r->bad = true;
        return (struct slice){"", 0};
    }
    r->p += len;
    return ret;
}

static void get(struct wire *r, void *ret, size_t len)
{
    struct slice bytes = wire_get_bytes(r, len);
    if (bytes.len > 0)
        memcpy(ret, bytes.p, len);
}

uint8_t wire_get_8(struct wire *r)
{
    uint8_t ret = 0;
    get(r, &ret, sizeof ret);
    return ret;
}

uint32_t wire_get_32(struct wire *r)
{
    uint32_t ret = 0;
    get(r, &ret, sizeof ret);
    return ret;
}

uint64_t wire_get_64(struct wire *r)
{
    uint64_t ret = 0;
    get(r, &ret, sizeof ret);
    return ret;
}

struct slice wire_get_string(struct wire *r)
{
    size_t len = wire_get_32(r);
    return wire_get_bytes(r, len);
}

size_t wire_left(const struct wire *r)
{
    return (size_t)(r->end - r->p);
}

bool wire_is_done(const struct wire *r)
{
    return !r->bad && r->p == r->end;
}

/* --- writing ------------------------------------------------------------------------------ */

void wire_put_8(struct buf *b, uint8_t n)
{
    buf_add(b, &n, sizeof n);
}

void wire_put_32(struct buf *b, uint32_t n)
{
    buf_add(b, &n, sizeof n);
}

void wire_put_64(struct buf *b, uint64_t n)
{
    buf_add(b, &n, sizeof n);
}

void wire_put_string(struct buf *b, struct slice s)
{
    if (s.len > UINT32_MAX && b->status == WINNOW_OK)
        b->status = WINNOW_ELIMIT;
    wire_put_32(b, (uint32_t)s.len);
    buf_add(b, s.p, s.len);
}
