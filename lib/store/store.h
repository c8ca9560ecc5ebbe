/* store.h - what documents an index remembers: the one interface of all stores.
 *
 * A store knows documents (numbers, keys, states, texts), which fingerprints they have,
 * and a blob for each site.  It knows no pages, and what a fingerprint is made of is its
 * caller's.  There is one on disk (store_disk.c) and one in memory for a single run
 * (store_memory.c); one that several machines share would be a third table of operations.
 *
 * 1. What was put is seen at once by who put it, and by others after store_commit.
 * 2. A commit is whole or never was, whatever happens in its middle.
 * 3. A document number is never used twice.
 *
 * One writer and any number of readers at a time, each in a process or thread of its own;
 * a struct store is for one thread.  Offsets and lengths are bytes. */
#ifndef WINNOW_STORE_H
#define WINNOW_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "slice.h"
#include "winnow.h"

/* Which document it is: XXH3-128 of its source, or of its bytes where it has none. */
struct doc_key {
    unsigned char bytes[16];
};

enum doc_state {
    DOC_NONE,       /* there is no such document */
    DOC_STUB,       /* its site has counted it; its text is still to come */
    DOC_LIVE,
    DOC_SUPERSEDED, /* a more complete copy came later: `other` */
    DOC_REPLACED,   /* a newer version of the same document came: `other` */
    DOC_FORGOTTEN,
};

struct store_doc {
    uint32_t number; /* from 1, rising; 0: none */
    enum doc_state state;
    uint32_t other;         /* the document that took its place; 0: none */
    uint32_t first; /* its place in the order of documents: the number of the version of it
                       that came first, or its own.  Its caller's to give; 0: its own */
    struct doc_key key;     /* which document */
    struct doc_key content; /* XXH3-128 of the page's bytes: which version */
    int64_t time;           /* seconds since 1970: when it was put */
    struct slice source;    /* URL or path; empty: none */
    struct slice url;       /* empty: not known */
    struct slice site;      /* host or folder; empty: none */
    struct slice text;      /* the clean text, as it was written */
};

/* How fingerprints of this store are made: fixed when it is made. */
struct store_params {
    uint32_t k, w;       /* bytes of a shingle; shingles of a window */
    uint32_t least;      /* words of a block whose first shingle is kept */
    uint32_t normaliser; /* version of the normalised stream */
    uint64_t key;        /* of the hash; random, the store's own */
};

/* A fingerprint that a document of the store has. */
struct store_hit {
    uint32_t print;  /* index into the hashes that were asked for */
    uint32_t number; /* of the document; its state may be any */
};

struct store_hits {
    struct store_hit *items; /* from the heap */
    size_t count, cap;
};

void store_hits_free(struct store_hits *hits);

/* Of a fingerprint that more documents share, the first ones: so many a run, and in all
 * hardly more. */
enum { STORE_DOCS_MOST = 8 };

enum { STORE_PENDING_MOST = 64 << 20 }; /* bytes of text that one commit should hold */

struct store_stat {
    uint64_t documents; /* by state, in all: see states */
    uint64_t states[DOC_FORGOTTEN + 1];
    uint64_t prints, sites;
    uint64_t print_bytes, text_bytes, other_bytes; /* on disk, or in memory */
    uint64_t runs, text_files, recent; /* recent: documents whose prints are in no run yet */
};

struct store;

/* Something wrong in a store: which file, where, what it costs, what to do. */
typedef void store_problem_fn(void *ctx, const char *file, uint64_t at, const char *text);

/* The operations of a kind of store; what each does is said at store_find and so on. */
struct store_ops {
    int (*find)(struct store *s, const struct doc_key *key, uint32_t *number,
                struct winnow_error *err);
    int (*get)(struct store *s, uint32_t number, bool with_text, struct store_doc *ret,
               struct buf *room, struct winnow_error *err);
    int (*look)(struct store *s, uint32_t number, struct doc_key *key, enum doc_state *state,
                uint32_t *other, uint32_t *first, struct winnow_error *err);
    int (*lookup)(struct store *s, const uint64_t *hashes, size_t count, struct store_hits *ret,
                  struct winnow_error *err);
    int (*put)(struct store *s, const struct store_doc *doc, const uint64_t *hashes, size_t count,
               uint32_t *number, struct winnow_error *err);
    int (*set_state)(struct store *s, uint32_t number, enum doc_state state, uint32_t other,
                     struct winnow_error *err);
    int (*get_site)(struct store *s, struct slice name, struct buf *ret, struct winnow_error *err);
    int (*put_site)(struct store *s, struct slice name, struct slice blob,
                    struct winnow_error *err);
    int (*each_site)(struct store *s, int (*each)(void *ctx, struct slice name, struct slice blob),
                     void *ctx, struct winnow_error *err);
    int (*each_doc)(struct store *s, int (*each)(void *ctx, const struct store_doc *doc),
                    void *ctx, struct winnow_error *err);
    int (*commit)(struct store *s, struct winnow_error *err);
    void (*rollback)(struct store *s);
    int (*stat)(struct store *s, struct store_stat *ret, struct winnow_error *err);
    void (*damage)(struct store *s, store_problem_fn *found, void *ctx);
    void (*close)(struct store *s);
};

struct store {
    const struct store_ops *ops;
    struct store_params params;
};

/* Makes one that lives as long as the process keeps it, of at most so many bytes; what
 * comes after they are full is not remembered (store_put then gives number 0). */
int store_memory(const struct store_params *params, size_t max_bytes, struct store **ret,
                 struct winnow_error *err);

/* Opens the folder, for reading only or as its one writer; a writer makes what is missing
 * (params->key may be 0: then a random one is made).  *ret->params are the store's own.
 * WINNOW_EUSAGE where it was made with other parameters (key aside), by a newer version,
 * on a machine of another byte order, or another writer has it, or (read only) it is not
 * there; WINNOW_EDATA where it is damaged; WINNOW_EIO. */
int store_disk(const char *folder, const struct store_params *params, bool read_only,
               struct store **ret, struct winnow_error *err);

/* How a store on disk parts its fingerprints; may differ each time it is opened. */
struct store_sizes {
    uint32_t flush;  /* hashes that fill a run */
    uint32_t factor; /* runs of a tier that are merged into one of the next */
};

/* WINNOW_EUSAGE too where a size is below 2. */
int store_disk_sized(const char *folder, const struct store_params *params,
                     const struct store_sizes *sizes, bool read_only, struct store **ret,
                     struct winnow_error *err);

/* The number of the newest document of that key; 0: none. */
int store_find(struct store *s, const struct doc_key *key, uint32_t *number,
               struct winnow_error *err);

/* A document of any state; strings and (if asked for) its text are put into room, which
 * ret's slices point into until it changes.  state is DOC_NONE where there is none. */
int store_get(struct store *s, uint32_t number, bool with_text, struct store_doc *ret,
              struct buf *room, struct winnow_error *err);

/* Of a document only what takes no look at its text file: quick.  key, other and first are
 * set where *state is not DOC_NONE, and each may be NULL. */
int store_look(struct store *s, uint32_t number, struct doc_key *key, enum doc_state *state,
               uint32_t *other, uint32_t *first, struct winnow_error *err);

/* Replaces *ret by who has which of the hashes: by print, then by number, each pair once. */
int store_lookup(struct store *s, const uint64_t *hashes, size_t count, struct store_hits *ret,
                 struct winnow_error *err);

/* Puts a document (number, state and other are the store's to set; state DOC_STUB makes a
 * stub, anything else a live one) with the hashes of its text.  A stub of the same key is
 * filled in and keeps its number; any other document of that key becomes DOC_REPLACED, but
 * a forgotten one stays so.  A stub has keys and nothing else: no strings, no text, no
 * hashes.  number may be NULL.
 *
 * Until the next commit all that was put is held in memory: a caller commits every few
 * thousand documents, at the latest after STORE_PENDING_MOST bytes of text. */
int store_put(struct store *s, const struct store_doc *doc, const uint64_t *hashes, size_t count,
              uint32_t *number, struct winnow_error *err);

int store_set_state(struct store *s, uint32_t number, enum doc_state state, uint32_t other,
                    struct winnow_error *err);

/* The site's blob, empty where there is none; appended to *ret. */
int store_get_site(struct store *s, struct slice name, struct buf *ret, struct winnow_error *err);
int store_put_site(struct store *s, struct slice name, struct slice blob,
                   struct winnow_error *err);

/* Calls each, until it returns not 0, for every site / every document (by number, without
 * text; committed or not). */
int store_each_site(struct store *s, int (*each)(void *ctx, struct slice name, struct slice blob),
                    void *ctx, struct winnow_error *err);
int store_each_doc(struct store *s, int (*each)(void *ctx, const struct store_doc *doc), void *ctx,
                   struct winnow_error *err);

/* Makes durable what was put since the last commit.  After a failure nothing of it is in
 * the store, on disk or in memory, and store_put may be tried again. */
int store_commit(struct store *s, struct winnow_error *err);
void store_rollback(struct store *s); /* forgets what was put since the last commit */
int store_stat(struct store *s, struct store_stat *ret, struct winnow_error *err);

/* Tells found of the damage that was met so far: runs that are set aside, or of which
 * blocks are passed over, and a merge that has failed. */
void store_damage(struct store *s, store_problem_fn *found, void *ctx);

void store_close(struct store *s); /* NULL does nothing; what was not committed is gone */

/* --- the care of a folder, store_care.c ------------------------------------------------------ */

/* Reads all of a folder and reports what is damaged or does not fit together; changes
 * nothing.  *problems counts.  Safe on a folder whose every byte is wrong. */
int store_verify(const char *folder, store_problem_fn *found, void *ctx, size_t *problems,
                 struct winnow_error *err);

/* Writes the folder's files anew without what is dead (replaced, forgotten) or damaged;
 * what runs have lost is made again from the texts by `prints` (whose hashes stay its own),
 * and a damaged catalog from the text files, with params, which else are not looked at.
 * found may be NULL.  Needs to be the one writer. */
typedef int store_prints_fn(void *ctx, const struct store_params *params, struct slice text,
                            uint64_t **hashes, size_t *count);
int store_compact(const char *folder, const struct store_params *params, store_prints_fn *prints,
                  void *prints_ctx, store_problem_fn *found, void *ctx, struct winnow_error *err);

#endif
