/* texts_walk.c - walks all documents of all files, past what is damaged.
 *
 * Behind a damaged head the next block is looked for byte by byte; behind a damaged body it
 * is where the head says.  A walk has its own file and block: each may read others
 * meanwhile. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "store/disk.h"
#include "store/texts_parts.h"

struct walk {
    struct texts *t;
    int (*each)(void *ctx, const struct store_doc *doc, const struct text_place *place);
    store_problem_fn *found;
    void *ctx;
    bool stopped; /* each said so */
    struct texts_file file;
    struct texts_block block;
    uint64_t at, end; /* of the file: the next block; what counts of it */
};

static void tell(const struct walk *w, uint32_t file, uint64_t at, const char *text)
{
    if (w->found)
        w->found(w->ctx, texts_path(w->t, file), at, text);
}

/* Where in these bytes, which stand at `at` of the file, a whole block begins; -1. */
static ptrdiff_t scan(const struct walk *w, const char *bytes, size_t len, uint64_t at)
{
    struct texts_head h;
    for (size_t i = 0; i + TEXTS_BLOCK_HEAD <= len; i++) {
        const char *p = memmem(bytes + i, len - i, texts_block_magic, sizeof texts_block_magic);
        if (!p)
            return -1;
        i = (size_t)(p - bytes);
        if (i + TEXTS_BLOCK_HEAD <= len &&
            texts_block_is(p, w->file.number, at + i, w->end - at - i, &h))
            return (ptrdiff_t)i;
    }
    return -1;
}

/* Moves on to the next whole block behind a damaged one, or to the end. */
static int find_next(struct walk *w, struct winnow_error *err)
{
    char bytes[TEXTS_TARGET];
    const char *path = texts_path(w->t, w->file.number);
    for (w->at++; w->at < w->end;) {
        size_t len = w->end - w->at < sizeof bytes ? (size_t)(w->end - w->at) : sizeof bytes;
        int status = disk_read(w->file.fd, path, bytes, len, w->at, err);
        if (status)
            return status;
        ptrdiff_t i = scan(w, bytes, len, w->at);
        if (i >= 0) {
            w->at += (uint64_t)i;
            return WINNOW_OK;
        }
        w->at += len < sizeof bytes ? len : len - TEXTS_BLOCK_HEAD + 1;
    }
    return WINNOW_OK;
}

static void walk_block(struct walk *w)
{
    const struct texts_block *b = &w->block;
    size_t strings = (size_t)b->head.count * TEXTS_FIELDS;
    for (uint32_t slot = 0; slot < b->head.count && !w->stopped; slot++) {
        struct text_place place = {b->file, slot, b->at};
        struct store_doc doc = texts_doc_next(b, slot, &strings);
        w->stopped = w->each && w->each(w->ctx, &doc, &place);
    }
}

/* Reads the block at w->at and moves on to the next.  Damage is told, and no failure. */
static int walk_next(struct walk *w, struct winnow_error *err)
{
    struct texts *t = w->t;
    struct winnow_error why = {0};
    struct texts_head h;
    uint64_t at = w->at;
    texts_path(t, w->file.number);
    int status = texts_read_head(t, &w->file, at, &h, &why);
    if (!status && texts_block_bytes(&h) > w->end - at)
        status = texts_damaged(t->path, at, "a block goes on behind the end", &why);
    bool has_head = !status;
    if (has_head) {
        w->at += texts_block_bytes(&h);
        status = texts_read_body(t, &w->file, at, &h, &w->block, &why);
        texts_codec_trim(&t->codec);
    }
    if (!status)
        walk_block(w);
    else if (status != WINNOW_EDATA)
        return err_set(err, (enum winnow_status)status, "%s", why.text);
    else
        tell(w, w->file.number, at, why.text);
    return has_head ? WINNOW_OK : find_next(w, err);
}

static bool head_is_whole(const struct texts_file *f)
{
    char want[TEXTS_FILE_HEAD], got[TEXTS_FILE_HEAD];
    texts_head_fill(want, f->number);
    return !disk_read(f->fd, "", got, sizeof got, 0, NULL) && !memcmp(want, got, sizeof want);
}

static int walk_open_file(struct walk *w, struct winnow_error *err)
{
    const struct texts *t = w->t;
    uint32_t file = w->file.number;
    int status = WINNOW_OK;
    w->at = TEXTS_FILE_HEAD;
    w->end = w->file.size;
    if (!head_is_whole(&w->file))
        tell(w, file, 0,
             "the head of the file is damaged; its documents are not, and winnow index "
             "compact writes it anew");
    if (file == t->end_file && w->end < t->end_bytes)
        tell(w, file, w->end, "the file was cut off here; winnow index compact keeps what is left");
    if (file == t->end_file && w->end > t->end_bytes)
        w->end = t->end_bytes;
    while (!status && !w->stopped && w->at < w->end)
        status = walk_next(w, err);
    return status;
}

static int walk_file(struct walk *w, uint32_t file, struct winnow_error *err)
{
    int status = texts_file_open(w->t, file, POSIX_FADV_SEQUENTIAL, &w->file, err);
    if (status)
        return status;
    status = walk_open_file(w, err);
    close(w->file.fd);
    return status;
}

/* Files before the first one may have gone by compaction; between two none may miss. */
static void tell_missing(const struct walk *w, uint32_t file)
{
    tell(w, file, 0,
         "the file is missing; put it back, or let winnow index compact do without "
         "its documents");
}

static int walk_files(struct walk *w, const uint32_t *files, size_t count, struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < count && !status && !w->stopped; i++) {
        if (i && files[i] - files[i - 1] > 1)
            tell_missing(w, files[i - 1] + 1);
        status = walk_file(w, files[i], err);
    }
    uint32_t last = count ? files[count - 1] : 0;
    if (!status && !w->stopped && w->t->end_bytes && last != w->t->end_file)
        tell_missing(w, w->t->end_file);
    return status;
}

int texts_each(struct texts *t,
               int (*each)(void *ctx, const struct store_doc *doc, const struct text_place *place),
               store_problem_fn *found, void *ctx, struct winnow_error *err)
{
    struct walk w = {.t = t, .each = each, .found = found, .ctx = ctx};
    uint32_t *files = NULL;
    size_t count = 0;
    int status = texts_files_list(t, &files, &count, err);
    if (status)
        return status;
    status = walk_files(&w, files, count, err);
    texts_block_drop(&w.block);
    free(files);
    return status;
}
