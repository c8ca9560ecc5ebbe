/* texts.c - the documents themselves, compressed, in files that only grow.
 *
 *     texts-000001   header | block | block | ...     up to about 1 GiB
 *     texts-000002   ...
 *
 *     header   0  "wn-texts"
 *              8  u32  version of the layout
 *             12  u32  0x01020304, in the byte order of the machine that wrote
 *             16  u32  number of the file
 *             20  u32  0
 *             24  u64  checksum of bytes 0 to 23
 *
 *     block    0  u32  "WNTB"
 *              4  u32  documents
 *              8  u32  bytes of the packed part
 *             12  u32  bytes of it when unpacked
 *             16  u64  checksum of all that follows the head
 *             24  u64  checksum of bytes 0 to 23, the file's number and the block's place
 *             32       for each document its key and its content's key: 16 + 16 bytes
 *                      packed (zstd): for each document its fields (36 bytes), then of
 *                      each in turn source, url, site, text
 *
 *     fields   0  i64  time        20  u32  bytes of source
 *              8  u32  number      24  u32  bytes of url
 *             12  u32  state       28  u32  bytes of site
 *             16  u32  other       32  u32  bytes of text
 *
 * Checksums are XXH3-64.  Keys stand outside of the packed part: they are chance, and
 * would only spoil its statistics.  A block's place is in its checksum, so that a block
 * which was moved, or is an older one of the same bytes, is none; so after a damaged head
 * the next block can be found by looking for one.
 *
 * 1. Bytes before the committed end are never written again.
 * 2. Bytes behind it belong to nobody: the next append cuts them off.
 * 3. Nothing of a file is believed before its checksum is right, and no size even then. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "store/disk.h"
#include "store/texts_parts.h"

/* --- opening and closing ----------------------------------------------------------------- */

int texts_open(const char *folder, uint32_t file, uint64_t bytes, bool read_only,
               struct texts **ret, struct winnow_error *err)
{
    if (strlen(folder) > TEXTS_PATH - 32)
        return disk_fail(err, folder, "cannot open", ENAMETOOLONG);
    struct texts *t = calloc(1, sizeof *t);
    if (!t)
        return err_nomem(err);
    t->folder = strdup(folder);
    t->out = -1;
    t->read_only = read_only;
    t->kept_file = t->end_file = file;
    t->kept_bytes = t->end_bytes = bytes;
    if (texts_codec_init(&t->codec, read_only) || !t->folder) {
        texts_close(t);
        return err_nomem(err);
    }
    *ret = t;
    return WINNOW_OK;
}

void texts_close(struct texts *t)
{
    if (!t)
        return;
    texts_files_drop(t);
    texts_held_free(t);
    texts_out_close(t);
    texts_codec_free(&t->codec);
    free(t->folder);
    free(t);
}

void texts_end(const struct texts *t, uint32_t *file, uint64_t *bytes)
{
    *file = t->end_file;
    *bytes = t->end_bytes;
}

void texts_committed(struct texts *t)
{
    t->kept_file = t->end_file;
    t->kept_bytes = t->end_bytes;
}

void texts_rollback(struct texts *t)
{
    t->end_file = t->kept_file;
    t->end_bytes = t->kept_bytes;
    /* Other blocks will stand where some of the read ones did. */
    texts_files_drop(t);
    texts_out_close(t);
}

/* --- reading -------------------------------------------------------------------------------- */

static struct texts_block *kept_block(struct texts *t, uint32_t file, uint64_t at)
{
    for (size_t i = 0; i < TEXTS_BLOCKS_KEPT; i++)
        if (t->blocks[i].file == file && t->blocks[i].at == at)
            return &t->blocks[i];
    return NULL;
}

static struct texts_block *oldest_block(struct texts *t)
{
    struct texts_block *ret = &t->blocks[0];
    for (size_t i = 1; i < TEXTS_BLOCKS_KEPT; i++)
        if (t->blocks[i].used < ret->used)
            ret = &t->blocks[i];
    return ret;
}

static int use_block(struct texts *t, uint32_t file, uint64_t at, struct texts_block **ret,
                     struct winnow_error *err)
{
    struct texts_block *b = kept_block(t, file, at);
    if (!b) {
        struct texts_file *f;
        struct texts_head h;
        int status = texts_file_use(t, file, &f, err);
        if (!status)
            status = texts_read_head(t, f, at, &h, err);
        if (status)
            return status;
        b = oldest_block(t);
        status = texts_read_body(t, f, at, &h, b, err);
        texts_codec_trim(&t->codec);
        if (status)
            return status;
    }
    b->used = ++t->clock;
    *ret = b;
    return WINNOW_OK;
}

/* Copies the strings, which lie one behind the other, and points doc to the copy. */
static int copy_strings(struct store_doc *doc, bool with_text, struct buf *room,
                        struct winnow_error *err)
{
    struct slice *parts[] = {&doc->source, &doc->url, &doc->site, &doc->text};
    size_t at = 0;
    if (!with_text)
        doc->text.len = 0;
    buf_clear(room);
    buf_add(room, doc->source.p, doc->source.len + doc->url.len + doc->site.len + doc->text.len);
    if (room->status)
        return room->status == WINNOW_ENOMEM
                   ? err_nomem(err)
                   : err_set(err, WINNOW_ELIMIT,
                             "document %u is longer than the %zu bytes that "
                             "there is room for",
                             doc->number, room->max);
    for (size_t i = 0; i < 4; i++) {
        parts[i]->p = buf_slice(room).p + at;
        at += parts[i]->len;
    }
    return WINNOW_OK;
}

int texts_get(struct texts *t, const struct text_place *place, bool with_text,
              struct store_doc *ret, struct buf *room, struct winnow_error *err)
{
    struct texts_block *b;
    if (!place->file)
        return err_set(err, WINNOW_EDATA, "%s: the document has no text", t->folder);
    int status = use_block(t, place->file, place->block, &b, err);
    if (status)
        return status;
    if (place->slot >= b->head.count)
        return texts_damaged(texts_path(t, place->file), place->block,
                             "the block has fewer documents than the catalog says", err);
    struct store_doc doc = texts_doc_at(b, place->slot);
    status = copy_strings(&doc, with_text, room, err);
    if (!status)
        *ret = doc;
    return status;
}

/* --- writing -------------------------------------------------------------------------------- */

static int write_block(struct texts *t, const struct store_doc *docs, size_t count,
                       struct text_place *ret, struct winnow_error *err)
{
    int status = texts_out_ready(t, err);
    if (!status)
        status = texts_block_pack(&t->codec, docs, count, err);
    if (status)
        return status;
    struct buf *block = &t->codec.packed;
    texts_block_seal(block->data, t->end_file, t->end_bytes);
    status =
        disk_write(t->out, texts_path(t, t->end_file), block->data, block->len, t->end_bytes, err);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct text_place){t->end_file, (uint32_t)i, t->end_bytes};
    t->end_bytes += block->len;
    return WINNOW_OK;
}

static int append_blocks(struct texts *t, const struct store_doc *docs, size_t count,
                         struct text_place *places, struct winnow_error *err)
{
    for (size_t at = 0; at < count;) {
        if (!texts_doc_bytes(&docs[at]))
            return err_set(err, WINNOW_ELIMIT,
                           "%.*s: a document of more than 2 GiB cannot be remembered; lower the "
                           "limit on a page's size",
                           docs[at].source.len < 200 ? (int)docs[at].source.len : 200,
                           docs[at].source.p);
        size_t n = texts_block_count(docs + at, count - at);
        int status = write_block(t, docs + at, n, places + at, err);
        if (status)
            return status;
        at += n;
    }
    return texts_out_sync(t, err);
}

int texts_append(struct texts *t, const struct store_doc *docs, size_t count,
                 struct text_place *ret, struct winnow_error *err)
{
    uint32_t file = t->end_file;
    uint64_t bytes = t->end_bytes;
    if (t->read_only)
        return err_set(err, WINNOW_EUSAGE, "%s: it was opened for reading", t->folder);
    if (!count)
        return WINNOW_OK;
    struct text_place *places = calloc(count, sizeof *places);
    if (!places)
        return err_nomem(err);
    int status = append_blocks(t, docs, count, places, err);
    texts_codec_trim(&t->codec);
    if (!status)
        memcpy(ret, places, count * sizeof *places);
    free(places);
    if (status) {
        /* The descriptor may be one whose sync failed: the next append opens anew. */
        texts_out_close(t);
        texts_files_drop(t);
        t->end_file = file;
        t->end_bytes = bytes;
    }
    return status;
}
