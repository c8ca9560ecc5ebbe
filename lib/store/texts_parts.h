/* texts_parts.h - what the files of the texts share: blocks and their heads, and the files that
 * are open.  The layout is drawn in texts.c.
 *
 * Only texts*.c include it. */
#ifndef WINNOW_TEXTS_PARTS_H
#define WINNOW_TEXTS_PARTS_H

#include "buf.h"
#include "store/texts.h"

enum {
    TEXTS_FILE_HEAD = 32,
    TEXTS_BLOCK_HEAD = 32,
    TEXTS_KEYS = 32,         /* bytes of a document's keys */
    TEXTS_FIELDS = 36,       /* of its fields */
    TEXTS_TARGET = 64 << 10, /* unpacked bytes that make a block full: see texts_block.c */
    TEXTS_FILES_OPEN = 16,
    TEXTS_BLOCKS_KEPT = 2,
    TEXTS_PATH = 4096,
};

/* --- texts_block.c: documents as the bytes of a block; it knows no files ------------------- */

static const char texts_block_magic[4] = {'W', 'N', 'T', 'B'};

/* A block's head, once its checksum was right. */
struct texts_head {
    uint32_t count, packed, plain;
    uint64_t sum;
};

/* A block that was read: keys, and the unpacked part, in one piece of memory.  All zeros is
 * none. */
struct texts_block {
    uint32_t file; /* 0: none */
    uint64_t at, used;
    struct texts_head head;
    char *keys, *plain;
    size_t cap; /* bytes of keys and plain */
};

/* What packing and unpacking work with. */
struct texts_codec {
    struct ZSTD_CCtx_s *pack; /* NULL: of a reader */
    struct ZSTD_DCtx_s *unpack;
    struct buf packed, plain;
};

int texts_codec_init(struct texts_codec *c, bool read_only); /* WINNOW_OK or WINNOW_ENOMEM */
void texts_codec_free(struct texts_codec *c);
void texts_codec_trim(struct texts_codec *c); /* gives back the memory of huge documents */

/* The first bytes of a file; and whether those that were read are of a layout and byte order
 * that we know: WINNOW_EUSAGE.  Damage is no failure: the blocks vouch for themselves. */
void texts_head_fill(char head[TEXTS_FILE_HEAD], uint32_t file);
int texts_head_check(const char head[TEXTS_FILE_HEAD], const char *path, struct winnow_error *err);

/* Whether a block of file begins with these bytes at `at`, of which `left` are in the file. */
bool texts_block_is(const char *bytes, uint32_t file, uint64_t at, uint64_t left,
                    struct texts_head *ret);
uint64_t texts_block_bytes(const struct texts_head *h);
uint64_t texts_block_claim(const char *bytes); /* the same, of a head that nobody checked */

/* Fills b from what follows a head.  WINNOW_EDATA: *what is wrong with it; WINNOW_ENOMEM. */
int texts_block_unpack(struct texts_codec *c, const char *body, const struct texts_head *h,
                       struct texts_block *b, const char **what);
void texts_block_drop(struct texts_block *b);

/* A document of a block that was read; its strings point into it.  *strings is where they
 * begin, and then where those of the next document do. */
struct store_doc texts_doc_next(const struct texts_block *b, uint32_t slot, size_t *strings);
struct store_doc texts_doc_at(const struct texts_block *b, uint32_t slot);

/* Bytes that a document takes of a block; 0: more than any has. */
size_t texts_doc_bytes(const struct store_doc *doc);

/* How many of the documents make the next block: until it is full, but at least one. */
size_t texts_block_count(const struct store_doc *docs, size_t count);

/* Fills c->packed with a block of these documents, whose place is still to be told to
 * texts_block_seal. */
int texts_block_pack(struct texts_codec *c, const struct store_doc *docs, size_t count,
                     struct winnow_error *err);
void texts_block_seal(char *block, uint32_t file, uint64_t at);

/* --- texts_files.c: the files, and their blocks read from them ----------------------------- */

struct texts_file {
    uint32_t number; /* 0: none */
    int fd;
    uint64_t size, used;
};

struct texts {
    char *folder;
    bool read_only;
    uint32_t kept_file, end_file; /* the committed end; the end with what was appended */
    uint64_t kept_bytes, end_bytes;
    int out; /* the file that end_file numbers, open for writing; -1 */
    struct texts_file files[TEXTS_FILES_OPEN];
    struct texts_file *held; /* of a reader: its whole view, by number */
    size_t held_count;
    struct texts_block blocks[TEXTS_BLOCKS_KEPT];
    uint64_t clock; /* of uses, for what is given up first */
    struct texts_codec codec;
    char path[TEXTS_PATH]; /* of the file in hand */
};

const char *texts_path(struct texts *t, uint32_t file); /* in t->path */
int texts_damaged(const char *path, uint64_t at, const char *what, struct winnow_error *err);

/* Opens a file for reading.  advice: how it will be read, POSIX_FADV_... */
int texts_file_open(struct texts *t, uint32_t number, int advice, struct texts_file *ret,
                    struct winnow_error *err);

/* The file open for reading, and kept so; its path in t->path. */
int texts_file_use(struct texts *t, uint32_t number, struct texts_file **ret,
                   struct winnow_error *err);

/* The numbers of the files that are there, up to the end, rising.  Free *ret. */
int texts_files_list(struct texts *t, uint32_t **ret, size_t *count, struct winnow_error *err);

/* Forgets what was read: blocks and files; not what is held.  Lets go of that. */
void texts_files_drop(struct texts *t);
void texts_held_free(struct texts *t);

/* The block at a byte of f, whose path is in t->path: its head, then all, into b, which is
 * nobody's meanwhile. */
int texts_read_head(struct texts *t, struct texts_file *f, uint64_t at, struct texts_head *ret,
                    struct winnow_error *err);
int texts_read_body(struct texts *t, struct texts_file *f, uint64_t at, const struct texts_head *h,
                    struct texts_block *b, struct winnow_error *err);

/* Makes t->out the file that the next block goes to; syncs it; closes it. */
int texts_out_ready(struct texts *t, struct winnow_error *err);
int texts_out_sync(struct texts *t, struct winnow_error *err);
void texts_out_close(struct texts *t);

#endif
