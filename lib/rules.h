/* rules.h - rule files: read, matched to a page, applied to its tree and lines.
 *
 * The format is the site-config format of Full-Text RSS and its kin, and more
 * lines of the same shape for text dumps.  docs/winnow-rules.5 is its manual;
 * the table in directives.h is its list. */
#ifndef WINNOW_RULES_H
#define WINNOW_RULES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "directives.h"
#include "rules_folder.h"
#include "slice.h"
#include "winnow.h"

struct lines;
struct page;
struct part_table;
struct pattern;
struct xpath_expr;

enum {
    SECTION_NONE = -1,
    SECTIONS_MOST = 1000, /* of a file; a page asks each whether it holds */
    MAX_DROP_DEFAULT = 95, /* percent of a page's text that a file may take */
    MAX_DROP_UNSAID = 255, /* where the file does not say */
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
    bool usable;              /* compiled without an error */
    struct xpath_expr *xpath;
    struct xpath_expr *into; /* move_into: the argument */
    struct pattern *pattern; /* of the value */
    struct pattern *from;    /* of the argument: drop_between(from), repair(from) */
    unsigned min_run;        /* ticker: lines */
    unsigned zone;           /* ticker: enum zone */
    bool keep;               /* cut_before, cut_after: the line found stays */
    unsigned part;           /* strip_id_or_class: enum part_kind */
    uint64_t gate;           /* match_text: strings of the set's gate of which a page must
                                hold one; 0: not known */
};

/* What the value of a strip_id_or_class line is. */
enum part_kind {
    PART_SUBSTRING, /* of the class or id attribute, as the format has it */
    PART_TOKEN,     /* one whole class, or the id */
    PART_CLASS,
    PART_ID,
};

enum zone { ZONE_ANY, ZONE_HEAD, ZONE_TAIL };

/* A file is read whole when its folder is added (by a cache: when it is first asked
 * for), and parsed and compiled when the first page asks for it: of thousands of files
 * a run needs a few.  After that it does not change (but for rule.gate, which the set's
 * lock guards), and threads share it. */
struct rule_file {
    char *path; /* as it was opened */
    const char *name; /* as messages say it: the last folder and the file's name */
    struct slice bytes; /* of the set's memory, or of `own` */
    struct folder own;  /* where the file was read alone */

    /* What parsing adds. */
    bool parsed;
    struct rule *rules;
    size_t count, cap;
    struct slice *sections;
    size_t nsections, sections_cap;

    /* What compiling adds. */
    bool has_xpath; /* a line that looks for elements */
    unsigned priority;
    unsigned max_drop; /* percent of a page's text that it may take, or MAX_DROP_UNSAID */
    struct slice valid_from, valid_until; /* YYYY-MM-DD; p NULL: not said */
    struct part_table *tokens; /* of its strip_id_or_class lines that are whole tokens */
    char **problems; /* lines that are not applied: each page it touches says so */
    size_t nproblems, problems_cap;
    atomic_bool compiled;
    pthread_mutex_t lock; /* around parsing and compiling, which the first page does */
};

/* All rule files of a cleaner in the order of their folders: a snapshot, shared by
 * the pages that are at work on it.  Files are numbered; RULES_NONE is none. */
struct rules;

#define RULES_NONE SIZE_MAX

#define COUNT_STOPPED UINT32_MAX

/* How a file came to speak for a page, in the order in which files count. */
enum match_step { MATCH_TEST, MATCH_HOST, MATCH_PARENT, MATCH_LINE, MATCH_GLOBAL };

/* Those that apply to one page, in the order in which they count. */
struct rule_set {
    const struct rule_file **files;
    struct match {
        enum match_step step;
        const struct rule *line; /* MATCH_LINE: the match_* line that held */
        uint32_t *counts; /* of the file's rules: 0 not tried, COUNT_STOPPED, else 1 + what
                             it matched */
        uint64_t took;    /* bytes of the shown text that the file removed */
    } *matches; /* of files, one each */
    size_t count, cap, matches_cap;
};

/* What is wrong with a line of a rule file. */
struct rule_problem {
    const char *kind;      /* a word that scripts can sort by: "bad-xpath" */
    const char *text;      /* what is wrong and what to do; lives for the call */
    unsigned line, column; /* from 1; 0: the whole file, the whole line */
    bool is_error;         /* else a warning */
};

typedef void rule_problem_fn(void *ctx, const struct rule_problem *problem);

/* Reads and parses one file; what is wrong goes to problem (may be NULL).  WINNOW_EIO. */
int rule_file_read(const char *path, rule_problem_fn *problem, void *ctx,
                   struct rule_file **ret, struct winnow_error *err);
void rule_file_free(struct rule_file *file);

/* The bytes to rules.  Not for two threads at once. */
int rule_file_parse(struct rule_file *file, rule_problem_fn *problem, void *ctx,
                    struct winnow_error *err);

/* What is wrong with a line that is not applied, for the pages that the file touches. */
int rule_file_keep_problem(struct rule_file *file, unsigned line, const char *text);
void rule_file_forget_problems(struct rule_file *file);

/* Parses where that was not done, and compiles patterns and XPaths, once, for any
 * number of threads; what does not compile is never applied. */
int rule_file_compile(struct rule_file *file, rule_problem_fn *problem, void *ctx,
                      struct winnow_error *err);

/* An empty set with one user; rules_release takes a user away, and the last one frees. */
struct rules *rules_new(void);
struct rules *rules_share(struct rules *rules);
void rules_release(struct rules *rules);

/* Adds every *.txt of a folder, by name, or one file.  WINNOW_EIO where one cannot be
 * read; then the set is as it was.  cache is a folder that remembers large folders, or
 * NULL: by it files are read when they are first asked for. */
int rules_add(struct rules *rules, const char *path, const char *cache, struct winnow_error *err);

/* Adds what was added to another set, read anew and at once. */
int rules_add_again(struct rules *rules, const struct rules *like, struct winnow_error *err);

/* The first file of this name (without ".txt"), and the next one. */
size_t rules_named(const struct rules *rules, struct slice stem);
size_t rules_named_next(const struct rules *rules, size_t file);

/* The i-th of the files that may hold a match_* line. */
size_t rules_matcher(const struct rules *rules, size_t i);

size_t rules_count_files(const struct rules *rules);

/* What the match_text lines of all files need, to be looked for at once; made when it is
 * first asked for.  WINNOW_ENOMEM. */
struct literal_gate;
int rules_gate(struct rules *rules, const struct literal_gate **ret, struct winnow_error *err);

/* The file itself, not yet compiled.  For any number of threads.  WINNOW_EIO where a file
 * that was not read before cannot be read. */
int rules_file(struct rules *rules, size_t file, struct rule_file **ret, struct winnow_error *err);

/* Has the set a file of the same path and the same bytes as that of the other set, which
 * was read at once? */
bool rules_has_same(struct rules *rules, const struct rules *other, size_t file);

/* Finds the files for a page by what is known before it is parsed (url, host,
 * folder, file, HTML, generator). */
int rules_match_source(struct page *p, struct winnow_error *err);

/* Adds those that know the page by its text, the lines of its blocks. */
int rules_match_text(struct page *p, const struct lines *lines, struct winnow_error *err);

/* find_string and replace_string on the HTML before it is parsed. */
int rules_rewrite(struct page *p, struct winnow_error *err);

/* What yes-or-no directive id says: the first file that has it wins. */
bool rules_flag(const struct page *p, enum directive_id id, bool otherwise);

/* title, author, date, links; strip and its kin, body and prune on the tree. */
int rules_apply_tree(struct page *p, struct winnow_error *err);

/* Has any of the page's files a rule on lines? */
bool rules_has_lines(const struct page *p);

/* drop_*, cut_*, ticker, keep_line on the lines. */
int rules_apply_lines(struct page *p, const struct lines *lines, struct winnow_error *err);

/* A value that the page's rules found in the tree. */
struct found_value {
    enum directive_id id; /* title, author, date, a link, native_ad_clue */
    const char *value;    /* in the page's arena */
    const struct rule_file *file;
    const struct rule *by;
};

/* The value of this kind that rules_apply_tree found, with the rule in *by; NULL where
 * there is none. */
const char *rules_find_value(const struct page *p, enum directive_id id,
                             const struct rule_file **file, const struct rule **by);

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

/* The rule was tried, and matched n times (more). */
void rules_count(struct page *p, const struct rule_file *file, const struct rule *rule, size_t n);

/* What became of the body lines of the page's file f. */
enum body_state { BODY_UNTRIED, BODY_MATCHED, BODY_MISSED };
enum body_state rules_body_state(const struct page *p, size_t f);

/* Percent of the page that the file may take: as it says, or the first of the page's
 * files that does. */
unsigned rules_max_drop(const struct page *p, const struct rule_file *file);

/* What each file took of the page, and a note where it is more than the file allows. */
void rules_measure(struct page *p);

/* The processor time of a page's rules: each stage that applies them starts and stops the
 * clock. */
void rules_clock_start(struct page *p);
void rules_clock_stop(struct page *p);

/* Is there time left for this rule?  Where there is none, the first rule is named. */
bool rules_have_time(struct page *p, const struct rule_file *file, const struct rule *rule);

/* Notes that a pattern of the rule was stopped on this page. */
void rules_note_stopped(struct page *p, const struct rule_file *file, const struct rule *rule);

/* "removed by rules/x.txt:12 (drop_line)", in the page's arena. */
const char *rules_reason(struct page *p, const struct rule_file *file, const struct rule *rule,
                         const char *what);

/* The same as a reason for verdicts of a stage. */
uint32_t rules_verdict_reason(struct page *p, const char *stage, const struct rule_file *file,
                              const struct rule *rule, const char *what);

#endif
