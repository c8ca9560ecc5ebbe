/* wire.c - numbers and strings as bytes in a message, and back, never past its end. */
#include "pool/wire.h"

#include <string.h>

void wire_put(struct wire *w, const void *data, size_t len)
{
    if (w->full || len > w->max - w->len) {
        w->full = true;
        return;
    }
    if (len > 0)
        memcpy(w->data + w->len, data, len);
    w->len += len;
}

void wire_put_u32(struct wire *w, uint32_t value)
{
    wire_put(w, &value, sizeof value);
}

void wire_put_u64(struct wire *w, uint64_t value)
{
    wire_put(w, &value, sizeof value);
}

void wire_put_string(struct wire *w, const char *s)
{
    size_t len = s ? strlen(s) + 1 : 0;
    if (len > UINT32_MAX) {
        w->full = true;
        return;
    }
    wire_put_u32(w, (uint32_t)len);
    wire_put(w, s, len);
}

static const void *take(struct wire_in *in, size_t len)
{
    if (in->bad || len > in->left) {
        in->bad = true;
        return NULL;
    }
    const void *ret = in->data;
    in->data += len;
    in->left -= len;
    return ret;
}

uint32_t wire_u32(struct wire_in *in)
{
    uint32_t ret = 0;
    const void *p = take(in, sizeof ret);
    if (p)
        memcpy(&ret, p, sizeof ret);
    return ret;
}

uint64_t wire_u64(struct wire_in *in)
{
    uint64_t ret = 0;
    const void *p = take(in, sizeof ret);
    if (p)
        memcpy(&ret, p, sizeof ret);
    return ret;
}

const char *wire_string(struct wire_in *in)
{
    size_t len = wire_u32(in);
    const char *s = len > 0 ? take(in, len) : NULL;
    if (s && memchr(s, '\0', len) != s + len - 1) {
        in->bad = true;
        return NULL;
    }
    return s;
}
