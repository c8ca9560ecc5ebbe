/* findings.h - findings in rule files, written as text, JSON or JSON lines, and counted. */
#ifndef WINNOW_FINDINGS_H
#define WINNOW_FINDINGS_H

#include "options.h"

enum { KINDS_MOST = 64, KIND_LEN = 32 };

struct findings {
    const struct settings *settings; /* format, quiet */
    size_t errors, warnings;
    struct kind_count {
        char kind[KIND_LEN];
        size_t count;
    } kinds[KINDS_MOST];
    size_t nkinds;
    bool any; /* written: the next one in JSON stands behind a comma */
};

/* What else the end of the JSON says. */
struct findings_count {
    const char *name;
    size_t count;
};

/* Words of a rule file, a record or a page on standard output: control characters and
 * what is no UTF-8 become "?". */
void print_plain(const char *s, size_t len);

/* Begins the output on standard output. */
void findings_begin(struct findings *f, const struct settings *s);

/* A winnow_finding_fn whose ctx is a struct findings; --quiet leaves out warnings. */
void findings_add(void *ctx, const struct winnow_finding *finding);

/* Ends the output: in JSON with errors, warnings, the counts by kind, and those of
 * `more` (n of them). */
void findings_end(struct findings *f, const struct findings_count *more, size_t n);

/* One line of counts by kind on standard error, unless --quiet, for text alone. */
void findings_say_counts(const struct findings *f);

#endif
