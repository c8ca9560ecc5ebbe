/* rules.h - rule files: read, matched to a page, applied to its tree and lines.
 *
 * The format is the site-config format of Full-Text RSS and its kin, and more
 * lines of the same shape for text dumps.  docs/winnow-rules.5 is its manual;
 * the table in directives.h is its list. */
#ifndef WINNOW_RULES_H
#define WINNOW_RULES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "directives.h"
#include "slice.h"
#include "winnow.h"

struct page;
struct pattern;
struct xpath_expr;

enum {
    SECTION_NONE = -1,
    SECTIONS_MOST = 1000, /* of a file; a page asks each whether it holds */
};

/* One line of a rule file. */
struct rule {
    const struct directive *directive;
    unsigned line, column;   /* where its value stands, from 1 */
    struct slice arg, value; /* of the file's bytes; value may be empty */
    bool has_arg;
    int section; /* index in the file's sections, or SECTION_NONE */

    /* What compiling adds. */
    bool tried;              /* compiled, or found wrong for good */
    bool usable;             /* compiled without an error */
    struct xpath_expr *xpath;
    struct pattern *pattern; /* of the value */
    struct pattern *from;    /* of the argument: drop_between(from), repair(from) */
    unsigned min_run;        /* ticker: lines */
    unsigned zone;           /* ticker: enum zone */
    bool keep;               /* cut_before, cut_after: the line found stays */
};

enum zone { ZONE_ANY, ZONE_HEAD, ZONE_TAIL };

struct rule_file {
    char *path; /* as it was opened */
    char *name; /* as messages say it: the last folder and the file's name */
    char *stem; /* the file's name without ".txt": the host, where it is one */
    struct buf bytes;
    struct rule *rules;
    size_t count, cap;
    struct slice *sections;
    size_t nsections, sections_cap;
    bool has_match; /* holds a match_* line: may apply to pages of any host */
    char **problems; /* what compiling found wrong: each page it touches says so */
    size_t nproblems, problems_cap;
    bool compiled;
    pthread_mutex_t lock; /* around compiling, which the first page does */
};

/* All rule files of a cleaner, in the order of their folders. */
struct rules {
    struct rule_file **files;
    size_t count, cap;
};

/* Those that apply to one page, in the order in which they count. */
struct rule_set {
    const struct rule_file **files;
    size_t count, cap;
};

/* What is wrong with a line of a rule file. */
struct rule_problem {
    const char *kind;      /* a word that scripts can sort by: "bad-xpath" */
    const char *text;      /* what is wrong and what to do; lives for the call */
    unsigned line, column; /* from 1; 0: the whole file, the whole line */
    bool is_error;         /* else a warning */
};

typedef void rule_problem_fn(void *ctx, const struct rule_problem *problem);

/* Reads one file; what is wrong goes to problem (may be NULL).  WINNOW_EIO. */
int rule_file_read(const char *path, rule_problem_fn *problem, void *ctx,
                   struct rule_file **ret, struct winnow_error *err);
void rule_file_free(struct rule_file *file);

/* Compiles patterns and XPaths, once; what does not compile is never applied. */
int rule_file_compile(struct rule_file *file, rule_problem_fn *problem, void *ctx,
                      struct winnow_error *err);

/* Adds every *.txt of a folder, by name, or one file. */
int rules_add(struct rules *rules, const char *path, struct winnow_error *err);
void rules_free(struct rules *rules);

/* The paths of every *.txt of a folder in the order of their names, or path itself
 * where it is a file; free each and the array. */
int rules_list(const char *path, char ***ret, size_t *count, struct winnow_error *err);

/* Finds the files for a page by what is known before it is parsed (url, host,
 * folder, file, HTML, generator). */
int rules_match_source(struct page *p, struct winnow_error *err);

/* Adds those that know the page by its text.  blocks must stand. */
int rules_match_text(struct page *p, struct winnow_error *err);

/* find_string and replace_string on the HTML before it is parsed. */
int rules_rewrite(struct page *p, struct winnow_error *err);

/* strip, strip_id_or_class, body on the tree. */
int rules_apply_tree(struct page *p, struct winnow_error *err);

/* drop_*, cut_*, ticker, keep_line on the lines. */
int rules_apply_lines(struct page *p, struct winnow_error *err);

/* The first value that a rule of this kind (title, author, date) finds in the
 * tree, as arena memory, with the rule in *by; NULL where none does.  A failure
 * shows in page->status. */
const char *rules_find_value(struct page *p, enum directive_id id, const struct rule_file **file,
                             const struct rule **by);

/* Which sections of the page's rule files apply: each is asked once, when the first
 * of its rules is. */
struct section_answers {
    signed char **files; /* by file of page->rules, then by section: 0 not asked, 1 yes, -1 no */
};

/* Does a section of the page's file f apply to the page, whose lines are view?
 * SECTION_NONE and a section without a match_* line always do.  A failure shows in
 * page->status. */
bool rules_section_applies(struct page *p, struct section_answers *answers, size_t f, int section,
                           struct slice view);
void rules_sections_free(const struct page *p, struct section_answers *answers);

/* Notes that a pattern of the rule was stopped on this page. */
void rules_note_stopped(struct page *p, const struct rule_file *file, const struct rule *rule);

/* "removed by rules/x.txt:12 (drop_line)", in the page's arena. */
const char *rules_reason(struct page *p, const struct rule_file *file, const struct rule *rule,
                         const char *what);

/* The same as a reason for verdicts of a stage. */
uint32_t rules_verdict_reason(struct page *p, const char *stage, const struct rule_file *file,
                              const struct rule *rule, const char *what);

#endif
