/* told.c - what the owner of an index is told of one page: written, and read with care. */
#include "told.h"

#include <string.h>

#include "err.h"
#include "hash.h"
#include "wire.h"

enum { VERSION = 1, CHECK_BYTES = 8 };

static const char magic[4] = {'w', 't', 'l', 'd'};

static void put_version(struct buf *b, const struct told_version *v)
{
    buf_add(b, v->key.bytes, sizeof v->key.bytes);
    buf_add(b, v->content.bytes, sizeof v->content.bytes);
}

void told_write(const struct told *t, struct buf *ret)
{
    size_t start = ret->len;
    buf_add(ret, magic, sizeof magic);
    wire_put_32(ret, VERSION);
    wire_put_32(ret, t->flags);
    put_version(ret, &t->own);
    buf_add(ret, t->before.bytes, sizeof t->before.bytes);
    wire_put_string(ret, t->source);
    wire_put_string(ret, t->url);
    wire_put_string(ret, t->site);
    wire_put_string(ret, t->delta);
    wire_put_string(ret, t->text);
    wire_put_string(ret, t->hashes);
    wire_put_32(ret, (uint32_t)t->nsuperseded);
    for (size_t i = 0; i < t->nsuperseded; i++)
        put_version(ret, &t->superseded[i]);
    if (ret->status == WINNOW_OK)
        wire_put_64(ret, hash_bytes((struct slice){ret->data + start, ret->len - start}));
}

static void get_key(struct wire *r, struct doc_key *ret)
{
    struct slice key = wire_get_bytes(r, sizeof ret->bytes);
    if (!r->bad)
        memcpy(ret->bytes, key.p, key.len);
}

static void get_version(struct wire *r, struct told_version *ret)
{
    get_key(r, &ret->key);
    get_key(r, &ret->content);
}

static void get_superseded(struct wire *r, struct told *ret)
{
    size_t count = wire_get_32(r);
    r->bad |= count > TOLD_SUPERSEDED_MOST;
    while (!r->bad && ret->nsuperseded < count)
        get_version(r, &ret->superseded[ret->nsuperseded++]);
}

/* Do the parts go with one another?  A text of n bytes has fewer fingerprints than bytes. */
static bool fits(const struct told *t)
{
    bool added = t->flags & TOLD_ADDED, learned = t->flags & TOLD_LEARNED;
    return (t->flags & ~(uint32_t)TOLD_FLAGS) == 0 && t->hashes.len % sizeof(uint64_t) == 0 &&
           t->hashes.len / sizeof(uint64_t) <= t->text.len &&
           (added || (t->text.len == 0 && t->nsuperseded == 0 && !(t->flags & TOLD_KEEPS))) &&
           (t->delta.len > 0) == (learned && t->site.len > 0) &&
           (t->site.len == 0 || !memchr(t->site.p, 0, t->site.len));
}

static void get_all(struct wire *r, struct told *ret)
{
    struct slice head = wire_get_bytes(r, sizeof magic);
    r->bad |= r->bad || memcmp(head.p, magic, sizeof magic) != 0 || wire_get_32(r) != VERSION;
    ret->flags = wire_get_32(r);
    get_version(r, &ret->own);
    get_key(r, &ret->before);
    ret->source = wire_get_string(r);
    ret->url = wire_get_string(r);
    ret->site = wire_get_string(r);
    ret->delta = wire_get_string(r);
    ret->text = wire_get_string(r);
    ret->hashes = wire_get_string(r);
    get_superseded(r, ret);
}

int told_read(struct slice bytes, struct told *ret, struct winnow_error *err)
{
    struct told t = {.flags = 0};
    bool is_long = bytes.len > CHECK_BYTES;
    struct slice body = {bytes.p, is_long ? bytes.len - CHECK_BYTES : 0};
    struct wire r = wire_of(body);
    struct wire check = wire_of((struct slice){bytes.p + body.len, bytes.len - body.len});
    if (!is_long || wire_get_64(&check) != hash_bytes(body))
        return err_set(err, WINNOW_EDATA, "what is told of a page is damaged, or of another version "
                                          "of winnow; clean the page again");
    get_all(&r, &t);
    if (!wire_is_done(&r) || !fits(&t))
        return err_set(err, WINNOW_EDATA, "what is told of a page does not fit together; clean the "
                                          "page again");
    *ret = t;
    return WINNOW_OK;
}
