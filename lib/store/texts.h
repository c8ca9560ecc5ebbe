/* texts.h - the documents themselves, compressed, in files that only grow.
 *
 * What the catalog says is committed is never written again; what lies behind it is of a
 * commit that never was, and is overwritten.  A block holds some documents, whole with
 * all that is known of them, so that a catalog can be made again from the files.  The
 * layout is drawn in texts.c. */
#ifndef WINNOW_TEXTS_H
#define WINNOW_TEXTS_H

#include "store/store.h"

/* Where a document lies. */
struct text_place {
    uint32_t file;  /* number of the file: texts-000001 */
    uint32_t slot;  /* which document of the block */
    uint64_t block; /* byte of the file at which its block starts */
};

struct texts;

/* Opens the files of folder that reach up to (file, bytes): the committed end, (0, 0)
 * where there is none; (file, 0) where that file is not begun yet.  Touches no file before
 * it is asked for one: see texts_hold. */
int texts_open(const char *folder, uint32_t file, uint64_t bytes, bool read_only,
               struct texts **ret, struct winnow_error *err);
void texts_close(struct texts *t);

/* Opens all files from number first to the end and keeps them so until texts_close: what a
 * compaction unlinks then is still there for this reader.  *gone: one is missing already, so
 * the catalog that first and the end were read from may be an older one by now; those that
 * are there are kept even so.  WINNOW_EIO: more files than may be open, say; then, or where
 * memory lacks, none is kept. */
int texts_hold(struct texts *t, uint32_t first, bool *gone, struct winnow_error *err);

/* Writes documents behind the end, in blocks, and syncs them; ret[i] is where docs[i]
 * lies.  Nothing is committed by it; after a failure nothing was appended.  What an
 * earlier commit left behind the end when it failed is taken away first.  WINNOW_ELIMIT:
 * a document of more than 2 GiB; WINNOW_EIO. */
int texts_append(struct texts *t, const struct store_doc *docs, size_t count,
                 struct text_place *ret, struct winnow_error *err);

/* The end that the next commit is to remember; and, once it has, that it holds, or that
 * the last one holds again. */
void texts_end(const struct texts *t, uint32_t *file, uint64_t *bytes);
void texts_committed(struct texts *t);
void texts_rollback(struct texts *t);

/* Reads a document into room, whose content is replaced; ret's strings point into it.
 * WINNOW_EDATA where its block is damaged or there is none. */
int texts_get(struct texts *t, const struct text_place *place, bool with_text,
              struct store_doc *ret, struct buf *room, struct winnow_error *err);

/* Walks all documents up to the end, in the order of the files, with their texts, until
 * each returns not 0.  What is damaged is passed over and told through found (may be
 * NULL); the walk goes on with the next block that is whole.  each may call texts_get; doc
 * lives as long as the call. */
int texts_each(struct texts *t,
               int (*each)(void *ctx, const struct store_doc *doc, const struct text_place *place),
               store_problem_fn *found, void *ctx, struct winnow_error *err);

#endif
