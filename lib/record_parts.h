/* record_parts.h - what the files of a record share; struct json_t is jansson's. */
#ifndef WINNOW_RECORD_PARTS_H
#define WINNOW_RECORD_PARTS_H

#include "record.h"

struct json_t;

/* The script that makes what is kept of the page's text from its clean text w; NULL where
 * memory ends. */
struct json_t *kept_script(const struct page *p, const struct written *w);

/* Receives the next bytes of what is kept.  0 or a status, which ends it. */
typedef int kept_fn(void *ctx, struct slice kept);

/* Applies such a script to the clean text.  WINNOW_EDATA where it does not fit; else what
 * take returned. */
int kept_apply(const struct json_t *script, struct slice text, kept_fn *take, void *ctx,
               struct winnow_error *err);

/* An entry of "removed", "replaced", "protected" or "overruled". */
struct record_span {
    uint32_t start, end;
    enum winnow_verdict verdict;
    struct slice text, with; /* of the record */
    const char *stage, *reason;
    uint32_t other_start, other_end;
};

/* What a record says of the page's text. */
struct record_text {
    struct json_t *root;       /* all strings are its own */
    struct buf text;           /* the page's */
    struct record_span *spans; /* removed and replaced, in the order of the text */
    size_t count, cap;
};

/* max: bytes that the page's text may have.  *ret is to be freed also after a failure.
 * WINNOW_EDATA; WINNOW_ELIMIT where the page's text would be longer than max. */
int record_text_read(struct slice record, size_t max, struct record_text *ret,
                     struct winnow_error *err);
void record_text_free(struct record_text *t);

/* Reads entry i of the array `name`; has_text: with the bytes of the page. */
int record_span_read(const struct json_t *entry, const char *name, size_t i, bool has_text,
                     struct record_span *ret, struct winnow_error *err);

/* WINNOW_EDATA: says what does not fit, and what to do. */
int record_bad(struct winnow_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An integer of 0 to most; false where it is something else. */
bool record_number(const struct json_t *value, uint64_t most, uint32_t *ret);

/* A string of the record; p NULL where it is something else. */
struct slice record_string(const struct json_t *value);

#endif
