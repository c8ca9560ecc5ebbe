/* pattern.h - what a rule looks for: a literal line, or a regular expression.
 *
 *     pat = a line as it stands | "/" PCRE2 "/" [ixsu]
 *
 * A literal is compared with whole lines, white space folded.  An expression is
 * searched in the text of all lines: ^ and $ match at every line, . stops at the
 * end of one unless s is given.  Every search is bounded. */
#ifndef WINNOW_PATTERN_H
#define WINNOW_PATTERN_H

#include <stdbool.h>

#include "slice.h"
#include "winnow.h"

struct pattern;

/* Compiles; on WINNOW_ERULES *column is where in source it went wrong, from 1. */
int pattern_compile(struct slice source, struct pattern **ret, unsigned *column,
                    struct winnow_error *err);
void pattern_free(struct pattern *p);

enum pattern_result {
    PATTERN_NONE,
    PATTERN_FOUND,
    PATTERN_STOPPED, /* a limit of steps, depth or memory was met */
};

/* Searches subject (valid UTF-8) from byte `from` on; *start and *end are the
 * match.  A literal matches whole lines of subject, without their newline. */
enum pattern_result pattern_find(const struct pattern *p, struct slice subject, size_t from,
                                 size_t *start, size_t *end);

/* Does all of s match?  A literal is a shell pattern here (* ? [...]), as names
 * of files and folders are written; an expression may match anywhere. */
enum pattern_result pattern_matches_name(const struct pattern *p, const char *s);

/* Appends what stands for the match at byte `from` (PCRE2's $1 ${name} syntax). */
struct buf;
enum pattern_result pattern_replace(const struct pattern *p, struct slice subject, size_t from,
                                    struct slice with, size_t *start, size_t *end,
                                    struct buf *ret);

bool pattern_is_literal(const struct pattern *p);

#endif
