/* site_table.h - which lines the documents of one site carry, counted within bounds.
 *
 * Lines are known by a 64-bit hash of their normalised text; their words are stored once
 * two documents have carried them.  Counting is lossy (Manku, Motwani: Approximate
 * Frequency Counts over Data Streams, 2002, section 4.2, a document being a transaction):
 * after every SITE_BUCKET documents lines that stayed rare are forgotten.  So
 *
 *  1. no count is too high;
 *  2. none is short by more than `lost`, which is documents / SITE_BUCKET, and more only
 *     where the table was full (SITE_LINES_MOST);
 *  3. a line that more than `lost` documents carried is in the table;
 *  4. with m lines a page that come once and never again the table holds at most
 *     m * SITE_BUCKET of them, however many pages come;
 *  5. a blob has less than 2 MiB up to two million documents.
 *
 * A table in memory belongs to one thread. */
#ifndef WINNOW_SITE_TABLE_H
#define WINNOW_SITE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "slice.h"
#include "winnow.h"

enum {
    SITE_BUCKET = 64,        /* documents */
    SITE_LINES_MOST = 48 * 1024, /* in a table */
    SITE_WORDS_MOST = 240,   /* bytes of a line's words that are stored */
    SITE_WORDS_ALL = 384 * 1024, /* bytes of all of them; beyond that only counts */
    SITE_EXAMPLES = 16,      /* documents that are named */
    SITE_EXAMPLE_MOST = 200, /* bytes of a name */
    SITE_SLOTS = 16,
};

/* What a line can stand beside that is no line; the names of lines are above these. */
enum { BESIDE_NOTHING, BESIDE_START, BESIDE_END, BESIDE_LINES };

/* What a line mostly stands beside, by the majority vote of Boyer and Moore: where a
 * neighbour has more than half of the votes it is `name`.  The first document that carries
 * the line has no vote. */
struct beside {
    uint32_t name, votes;
};

struct site_line {
    uint64_t hash;        /* 0: a free place */
    uint32_t count;       /* documents that carried it, at least */
    uint32_t first, last; /* of them, counted from 1 */
    uint32_t lost;        /* by so many the count may be short */
    struct beside before, after;
    uint32_t words;    /* where they stand in the table's words */
    uint8_t words_len; /* 0: not stored */
    bool cut;          /* the line goes on behind them */
    uint8_t example;   /* 1 + index of a document that carried it; 0: none */
};

/* Pages' own lines between two shared ones (0: the page's edge), which echo the page. */
struct site_slot {
    uint64_t before, after; /* hashes */
    uint32_t echoes, others; /* documents where they did, and where not */
    uint32_t lines;         /* at most so many */
};

struct site_table {
    uint32_t documents, lost;
    struct site_line *lines; /* a hash table, open addressing */
    size_t count, cap;       /* cap: 0 or a power of two */
    struct buf words;
    char *examples[SITE_EXAMPLES];
    size_t nexamples;
    struct site_slot slots[SITE_SLOTS];
    size_t nslots;
};

void site_table_init(struct site_table *t);
void site_table_free(struct site_table *t); /* also one that is all zero */

/* An empty blob is an empty table.  *ret is to be freed.  WINNOW_EDATA where the bytes are
 * no table or of another version. */
WINNOW_CHECK int site_table_read(struct slice blob, struct site_table *ret,
                                 struct winnow_error *err);

/* Appends the table as a blob; the same table is always the same bytes. */
WINNOW_CHECK int site_table_write(const struct site_table *t, struct buf *ret);

/* NULL: not known.  Valid until a line is added. */
struct site_line *site_table_find(const struct site_table *t, uint64_t hash);

/* The line, made with a count of 0 where it is new; NULL: no memory. */
struct site_line *site_table_add(struct site_table *t, uint64_t hash);

/* So much of a line's words is stored; *cut: it goes on behind that. */
struct slice site_words_part(struct slice words, bool *cut);

/* One line of UTF-8: nothing else goes into a blob, for nothing else comes out of one. */
bool site_words_are_good(struct slice words);

/* Stores the words of a line, as far as there is room.  WINNOW_ENOMEM. */
int site_table_set_words(struct site_table *t, struct site_line *line, struct slice words);
struct slice site_line_words(const struct site_table *t, const struct site_line *line);

/* Names a document; 1 + its index, or 0 where there is no room or memory, or the name is no
 * line of UTF-8 (a path may be any bytes). */
uint8_t site_table_example(struct site_table *t, const char *name);

/* One more document has been counted: forgets what stayed rare, when it is time.
 * WINNOW_ENOMEM, and the table is as it was. */
int site_table_end_document(struct site_table *t);

/* So many documents carry a line, of so many; in a row: of those from the first that did to
 * the last. */
struct site_share {
    uint32_t count, of;
    bool in_a_row;
};

/* Is the line the site's: carried by three documents and more than half, or by nearly all
 * of many in a row?  one_more: also by a document that the table does not count. */
bool site_line_is_shared(const struct site_table *t, const struct site_line *line, bool one_more,
                         struct site_share *ret);

/* How a line is called by what stands beside it. */
static inline uint32_t beside_name(uint64_t hash)
{
    uint32_t name = (uint32_t)(hash >> 32);
    return name < BESIDE_LINES ? name + BESIDE_LINES : name;
}

/* One vote of one document. */
void beside_vote(struct beside *b, uint32_t name);

/* Does the line, which so many documents carry, stand beside `name` in most of them? */
static inline bool beside_is(const struct beside *b, uint32_t count, uint32_t name)
{
    return b->name == name && b->votes >= (count < 4 ? 1 : 2) && b->votes >= count / 8;
}

#endif
