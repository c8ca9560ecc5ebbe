/* pattern.h - what a rule looks for: a literal line, or a regular expression.
 *
 *     pat = a line as it stands | "/" PCRE2 "/" [ixsu]
 *
 * A literal is compared with whole lines, white space folded.  An expression is
 * searched in the text of all lines: ^ and $ match at every line, . stops at the
 * end of one unless s is given.
 *
 * Every search is bounded: in steps from one start, and in time for all starts.
 * PCRE2 counts backtracking but not the bytes that one [\s\S]* runs over, so a
 * count of steps alone lets a short pattern read a long page once for each of its
 * lines.  What it reads cannot be counted from outside at a bearable price: work is
 * only estimated, and once the estimate is high a clock decides.  It is the
 * thread's own CPU time, which a busy machine does not shorten.
 *
 * What a match must hold (literal.h) is looked for first: most pages lack it, and no
 * search begins.  A short search is interpreted; machine code is made for a long one. */
#ifndef WINNOW_PATTERN_H
#define WINNOW_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

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
    PATTERN_STOPPED, /* a limit of steps, depth, memory or time was met */
};

/* What a rule may still spend on a page, over all its searches.  Starts as {0}. */
struct budget {
    uint64_t work;        /* estimated, in bytes read, since the clock was looked at */
    uint64_t deadline_ns; /* of the thread's CPU time; 0: not enough work yet to ask */
    uint64_t wall_ns;     /* no earlier than this can that be */
    bool spent;
};

/* A pattern at work: what PCRE2 needs for a match is made once, not for each. */
struct search;

/* The pattern and the budget must outlive the search.  NULL: no memory. */
struct search *search_open(const struct pattern *p, struct budget *budget);
void search_close(struct search *s);

/* Searches subject (valid UTF-8) from byte `from` on; *start and *end are the
 * match.  A literal matches whole lines of subject, without their newline.  Where
 * `from` is not 0 the bytes of subject are those of the call before, if it stands
 * where that stood. */
enum pattern_result search_find(struct search *s, struct slice subject, size_t from,
                                size_t *start, size_t *end);

/* The same, and appends what stands for the match (PCRE2's $1 ${name} syntax). */
struct buf;
enum pattern_result search_replace(struct search *s, struct slice subject, size_t from,
                                   struct slice with, size_t *start, size_t *end,
                                   struct buf *ret);

/* Can the replacement be made for every match of an expression?  On WINNOW_ERULES
 * *column is where in it not, from 1.  A group that took no part is empty. */
int pattern_check_replacement(const struct pattern *p, struct slice with, unsigned *column,
                              struct winnow_error *err);

/* Does all of name match?  A literal is a shell pattern here (* ? [...]), as names
 * of files and folders are written; an expression may match anywhere. */
enum pattern_result pattern_matches_name(const struct pattern *p, const char *name);

bool pattern_is_literal(const struct pattern *p);

/* Strings of which every match holds one; NULL where none is known. */
struct literal_set;
const struct literal_set *pattern_needs(const struct pattern *p);

#endif
