/* lint.h - what the checks of rule files share: a file under lint, and how to report. */
#ifndef WINNOW_LINT_H
#define WINNOW_LINT_H

#include "rules.h"

struct xpath_doc;
struct lint;
struct lint_finding;

/* One kind of finding: a row of the table in rules_lint.c. */
struct lint_check {
    const char *kind;
    bool is_error;
    /* One of both: looks at every rule, or once at the file. */
    void (*of_rule)(struct lint *l, const struct rule *rule);
    void (*of_file)(struct lint *l);
};

struct lint {
    const struct rule_file *file; /* read and compiled */
    const struct lint_check *check; /* whose findings are being reported */
    struct lint_finding *found;
    size_t count, cap;
    struct xpath_doc *page; /* a small made page for XPaths; made when first asked for */
    void *scratch;
    size_t scratch_size;
    unsigned long steps;    /* that looking at patterns may still take in this file */
    int status;             /* the first failure: WINNOW_ENOMEM */
};

/* Says what is wrong at a place of the file; line and column from 1, 0: all of it.  Cut
 * at 400 bytes. */
void lint_report(struct lint *l, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The column at which p, a part of the rule's argument or value, stands. */
unsigned lint_column(const struct rule *rule, const char *p);

/* The made page; NULL where memory ends. */
struct xpath_doc *lint_page(struct lint *l);

/* Memory for the length of a check, the same each time; NULL where memory ends. */
void *lint_scratch(struct lint *l, size_t size);

/* Is the rule's value an XPath that compiled? */
bool lint_has_xpath(const struct rule *rule);

/* What of s a message shows: the first 60 bytes or so, whole characters. */
struct slice lint_shown(struct slice s);

/* Of XPaths (lint_xpath.c). */
void lint_xpath_fails(struct lint *l, const struct rule *rule);
void lint_strip_no_nodes(struct lint *l, const struct rule *rule);
void lint_mixed_case(struct lint *l, const struct rule *rule);
void lint_dead_xpath(struct lint *l, const struct rule *rule);

/* Would what b finds always be found by a too (or stand below what a finds), whatever
 * was removed before?  Only true where it surely is. */
bool xpath_covers(struct slice a, struct slice b);

/* Is the value the same text on every page, and not blank? */
bool xpath_is_constant(struct slice expr);

/* May it find other nodes once those that it found are gone?  Only false where that is
 * sure: no places, counts, siblings. */
bool xpath_may_move(struct slice expr);

/* Of patterns (lint_pattern.c). */
void lint_runaway(struct lint *l, const struct rule *rule);

/* Of lines (lint_lines.c). */
void lint_wrong_colon(struct lint *l, const struct rule *rule);
void lint_short_part(struct lint *l, const struct rule *rule);
void lint_dead_line(struct lint *l, const struct rule *rule);
void lint_bad_url(struct lint *l, const struct rule *rule);
void lint_empty_name(struct lint *l, const struct rule *rule);
void lint_stale(struct lint *l, const struct rule *rule);

/* Of what only all lines of a file tell (lint_file.c). */
void lint_bad_range(struct lint *l);
void lint_duplicates(struct lint *l);
void lint_shadowed(struct lint *l);
void lint_dead_sections(struct lint *l);
void lint_dead_pairs(struct lint *l);
void lint_file_name(struct lint *l);
void lint_idle_tests(struct lint *l);

/* Of what a line reaches (lint_reach.c). */
void lint_takes_all(struct lint *l, const struct rule *rule);
void lint_css_part(struct lint *l, const struct rule *rule);
void lint_name_twice(struct lint *l, const struct rule *rule);

#endif
