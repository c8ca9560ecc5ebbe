/* texts_block.c - documents as the bytes of a block, and back: packed, summed, and believed
 * only where the sum is right.
 *
 * It reads and writes no files.  What it is given may be any bytes. */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "err.h"
#include "hash.h"
#include "store/texts_parts.h"

/* One lookup unpacks one block, of TEXTS_TARGET.  Of larger ones text packs better (128 KiB:
 * by 2 %), but a document that is compared costs twice as much.  Level 1 packs English by
 * 2.5, level 3 by 2.7 in 1.4 times the time. */
enum { LEVEL = 1 };
enum { LAYOUT = 1, ORDER = 0x01020304, ORDER_SWAPPED = 0x04030201 };
enum { SUMMED = 24 };
/* Memory that is kept between calls; a huge document's is given back. */
enum { KEEP = 1 << 20 };

static const size_t plain_most = ((size_t)1 << 31) + (1 << 24);
static const char file_magic[8] = {'w', 'n', '-', 't', 'e', 'x', 't', 's'};

/* --- what it works with ---------------------------------------------------------------------- */

int texts_codec_init(struct texts_codec *c, bool read_only)
{
    c->pack = read_only ? NULL : ZSTD_createCCtx();
    c->unpack = ZSTD_createDCtx();
    buf_init(&c->packed, SIZE_MAX);
    buf_init(&c->plain, plain_most);
    return c->unpack && (read_only || c->pack) ? WINNOW_OK : WINNOW_ENOMEM;
}

void texts_codec_free(struct texts_codec *c)
{
    buf_free(&c->packed);
    buf_free(&c->plain);
    ZSTD_freeCCtx(c->pack);
    ZSTD_freeDCtx(c->unpack);
}

static void shrink(struct buf *b)
{
    if (b->cap > KEEP)
        buf_free(b);
    else
        buf_clear(b);
}

void texts_codec_trim(struct texts_codec *c)
{
    shrink(&c->packed);
    shrink(&c->plain);
}

/* --- heads of files and blocks ----------------------------------------------------------------- */

static uint32_t get_u32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t get_u64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static void put_u32(char *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static void put_u64(char *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

void texts_head_fill(char head[TEXTS_FILE_HEAD], uint32_t file)
{
    memcpy(head, file_magic, sizeof file_magic);
    put_u32(head + 8, LAYOUT);
    put_u32(head + 12, ORDER);
    put_u32(head + 16, file);
    put_u32(head + 20, 0);
    put_u64(head + 24, hash_bytes((struct slice){head, SUMMED}));
}

int texts_head_check(const char head[TEXTS_FILE_HEAD], const char *path, struct winnow_error *err)
{
    uint64_t sum = hash_bytes((struct slice){head, SUMMED});
    if (memcmp(head, file_magic, sizeof file_magic) != 0)
        return WINNOW_OK;
    if (get_u32(head + 12) == ORDER_SWAPPED && get_u64(head + 24) == __builtin_bswap64(sum))
        return err_set(err, WINNOW_EUSAGE,
                       "%s: it was written on a machine of another byte order; use it there, or "
                       "make a new index here",
                       path);
    if (get_u64(head + 24) == sum && get_u32(head + 8) > LAYOUT)
        return err_set(err, WINNOW_EUSAGE,
                       "%s: it was written by a newer winnow (layout %u, this one knows %d); use "
                       "that one, or make a new index",
                       path, get_u32(head + 8), LAYOUT);
    return WINNOW_OK;
}

static uint64_t block_sum(const char head[TEXTS_BLOCK_HEAD], uint32_t file, uint64_t at)
{
    char summed[SUMMED + 12];
    memcpy(summed, head, SUMMED);
    put_u32(summed + SUMMED, file);
    put_u64(summed + SUMMED + 4, at);
    return hash_bytes((struct slice){summed, sizeof summed});
}

bool texts_block_is(const char *bytes, uint32_t file, uint64_t at, uint64_t left,
                    struct texts_head *ret)
{
    if (left < TEXTS_BLOCK_HEAD ||
        memcmp(bytes, texts_block_magic, sizeof texts_block_magic) != 0 ||
        get_u64(bytes + 24) != block_sum(bytes, file, at))
        return false;
    struct texts_head h = {get_u32(bytes + 4), get_u32(bytes + 8), get_u32(bytes + 12),
                           get_u64(bytes + 16)};
    if (h.plain > plain_most || h.count > h.plain / TEXTS_FIELDS ||
        (uint64_t)h.count * TEXTS_KEYS + h.packed > left - TEXTS_BLOCK_HEAD)
        return false;
    *ret = h;
    return true;
}

uint64_t texts_block_bytes(const struct texts_head *h)
{
    return TEXTS_BLOCK_HEAD + (uint64_t)h->count * TEXTS_KEYS + h->packed;
}

uint64_t texts_block_claim(const char *bytes)
{
    return TEXTS_BLOCK_HEAD + (uint64_t)get_u32(bytes + 4) * TEXTS_KEYS + get_u32(bytes + 8);
}

/* --- unpacking ----------------------------------------------------------------------------------- */

/* The lengths of all strings make up the unpacked part. */
static bool lengths_fit(const char *plain, const struct texts_head *h)
{
    uint64_t left = h->plain - (uint64_t)h->count * TEXTS_FIELDS;
    for (uint32_t i = 0; i < h->count; i++)
        for (size_t field = 20; field < TEXTS_FIELDS; field += 4) {
            uint32_t len = get_u32(plain + (size_t)i * TEXTS_FIELDS + field);
            if (len > left)
                return false;
            left -= len;
        }
    return left == 0;
}

void texts_block_drop(struct texts_block *b)
{
    free(b->keys);
    *b = (struct texts_block){0};
}

/* Room for the keys and the unpacked part; the old content is gone. */
static bool block_room(struct texts_block *b, const struct texts_head *h)
{
    size_t keys = (size_t)h->count * TEXTS_KEYS, need = keys + h->plain + 1;
    if (need > b->cap || b->cap > KEEP) {
        texts_block_drop(b);
        size_t cap = need < TEXTS_TARGET * 2 ? TEXTS_TARGET * 2 : need;
        b->keys = malloc(cap);
        if (!b->keys)
            return false;
        b->cap = cap;
    }
    b->plain = b->keys + keys;
    return true;
}

static int fail_as(const char *text, const char **what)
{
    *what = text;
    return WINNOW_EDATA;
}

int texts_block_unpack(struct texts_codec *c, const char *body, const struct texts_head *h,
                       struct texts_block *b, const char **what)
{
    size_t keys = (size_t)h->count * TEXTS_KEYS;
    const char *packed = body + keys;
    if (hash_bytes((struct slice){body, keys + h->packed}) != h->sum)
        return fail_as("the checksum of a block is wrong", what);
    if (ZSTD_getFrameContentSize(packed, h->packed) != h->plain)
        return fail_as("a block is not of its size", what);
    if (!block_room(b, h))
        return WINNOW_ENOMEM;
    memcpy(b->keys, body, keys);
    if (ZSTD_decompressDCtx(c->unpack, b->plain, h->plain, packed, h->packed) != h->plain ||
        !lengths_fit(b->plain, h))
        return fail_as("a block cannot be unpacked", what);
    b->head = *h;
    return WINNOW_OK;
}

struct store_doc texts_doc_next(const struct texts_block *b, uint32_t slot, size_t *strings)
{
    const char *fields = b->plain + (size_t)slot * TEXTS_FIELDS;
    int64_t time;
    memcpy(&time, fields, sizeof time);
    struct store_doc doc = {.number = get_u32(fields + 8),
                            .state = (enum doc_state)get_u32(fields + 12),
                            .other = get_u32(fields + 16),
                            .time = time};
    memcpy(doc.key.bytes, b->keys + (size_t)slot * TEXTS_KEYS, 16);
    memcpy(doc.content.bytes, b->keys + (size_t)slot * TEXTS_KEYS + 16, 16);
    struct slice *to[] = {&doc.source, &doc.url, &doc.site, &doc.text};
    for (size_t i = 0; i < 4; i++) {
        *to[i] = (struct slice){b->plain + *strings, get_u32(fields + 20 + 4 * i)};
        *strings += to[i]->len;
    }
    return doc;
}

struct store_doc texts_doc_at(const struct texts_block *b, uint32_t slot)
{
    size_t strings = (size_t)b->head.count * TEXTS_FIELDS;
    for (uint32_t i = 0; i < slot; i++)
        for (size_t field = 20; field < TEXTS_FIELDS; field += 4)
            strings += get_u32(b->plain + (size_t)i * TEXTS_FIELDS + field);
    return texts_doc_next(b, slot, &strings);
}

/* --- packing ------------------------------------------------------------------------------------- */

static void add_fields(struct buf *to, const struct store_doc *doc)
{
    char *p = buf_room(to, TEXTS_FIELDS);
    if (!p)
        return;
    memcpy(p, &doc->time, sizeof doc->time);
    const uint32_t words[] = {doc->number,
                              (uint32_t)doc->state,
                              doc->other,
                              (uint32_t)doc->source.len,
                              (uint32_t)doc->url.len,
                              (uint32_t)doc->site.len,
                              (uint32_t)doc->text.len};
    memcpy(p + 8, words, sizeof words);
    to->len += TEXTS_FIELDS;
}

static void add_strings(struct buf *to, const struct store_doc *doc)
{
    const struct slice parts[] = {doc->source, doc->url, doc->site, doc->text};
    for (size_t i = 0; i < 4; i++)
        if (parts[i].len)
            buf_add(to, parts[i].p, parts[i].len);
}

int texts_block_pack(struct texts_codec *c, const struct store_doc *docs, size_t count,
                     struct winnow_error *err)
{
    size_t keys = count * TEXTS_KEYS;
    buf_clear(&c->plain);
    buf_clear(&c->packed);
    for (size_t i = 0; i < count; i++)
        add_fields(&c->plain, &docs[i]);
    for (size_t i = 0; i < count; i++)
        add_strings(&c->plain, &docs[i]);
    size_t most = ZSTD_compressBound(c->plain.len);
    char *p = c->plain.status ? NULL : buf_room(&c->packed, TEXTS_BLOCK_HEAD + keys + most);
    if (!p)
        return err_nomem(err);
    for (size_t i = 0; i < count; i++) {
        memcpy(p + TEXTS_BLOCK_HEAD + i * TEXTS_KEYS, docs[i].key.bytes, 16);
        memcpy(p + TEXTS_BLOCK_HEAD + i * TEXTS_KEYS + 16, docs[i].content.bytes, 16);
    }
    size_t n = ZSTD_compressCCtx(c->pack, p + TEXTS_BLOCK_HEAD + keys, most, c->plain.data,
                                 c->plain.len, LEVEL);
    if (ZSTD_isError(n))
        return err_nomem(err); /* nothing else can fail: there is room enough */
    memcpy(p, texts_block_magic, sizeof texts_block_magic);
    put_u32(p + 4, (uint32_t)count);
    put_u32(p + 8, (uint32_t)n);
    put_u32(p + 12, (uint32_t)c->plain.len);
    put_u64(p + 16, hash_bytes((struct slice){p + TEXTS_BLOCK_HEAD, keys + n}));
    c->packed.len = TEXTS_BLOCK_HEAD + keys + n;
    return WINNOW_OK;
}

void texts_block_seal(char *block, uint32_t file, uint64_t at)
{
    put_u64(block + 24, block_sum(block, file, at));
}

size_t texts_doc_bytes(const struct store_doc *doc)
{
    const size_t lens[] = {doc->source.len, doc->url.len, doc->site.len, doc->text.len};
    size_t sum = TEXTS_FIELDS;
    for (size_t i = 0; i < 4; i++) {
        if (lens[i] > plain_most - sum)
            return 0;
        sum += lens[i];
    }
    return sum;
}

size_t texts_block_count(const struct store_doc *docs, size_t count)
{
    size_t n = 1, sum = texts_doc_bytes(&docs[0]);
    while (n < count) {
        size_t next = texts_doc_bytes(&docs[n]);
        if (!next || sum > TEXTS_TARGET || next > TEXTS_TARGET - sum)
            break;
        sum += next;
        n++;
    }
    return n;
}
