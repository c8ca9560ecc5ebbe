/* winnow.h - the whole public interface of libwinnow.
 *
 * libwinnow turns a scraped page, HTML or a text dump of it, into clean text.
 * Nothing is deleted: every byte of the page's text ends with one verdict and
 * one reason, and only rendering leaves out what was removed.
 *
 *     struct winnow *w;
 *     struct winnow_page *page;
 *     struct winnow_input in = {.data = bytes, .len = n, .name = "a.html"};
 *     if (winnow_new(NULL, &w, &err) == 0 &&
 *         winnow_add_rules(w, "/usr/share/winnow/rules", &err) == 0 &&
 *         winnow_clean(w, &in, &page, &err) == 0)
 *             winnow_render(page, WINNOW_TEXT, write_some, file, &err);
 *
 * Conventions.  A function that can fail returns 0 or an enum winnow_status and
 * then leaves *ret as it was; err may be NULL.  The library never prints, exits
 * or aborts.  Strings are UTF-8; those that a page hands out belong to it and
 * live until winnow_page_free.  Offsets and lengths are bytes.  A struct winnow
 * that is no longer changed may be used by several threads at once; a page
 * belongs to one thread. */
#ifndef WINNOW_H
#define WINNOW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WINNOW_API __attribute__((visibility("default")))
#define WINNOW_CHECK __attribute__((warn_unused_result))
#else
#define WINNOW_API
#define WINNOW_CHECK
#endif

/* --- status and errors ------------------------------------------------------ */

enum winnow_status {
    WINNOW_OK = 0,
    WINNOW_ENOMEM,  /* the machine has no memory left */
    WINNOW_ELIMIT,  /* the page exceeds a limit of struct winnow_limits */
    WINNOW_EDATA,   /* the input is no page: binary, cut off, undecodable */
    WINNOW_ERULES,  /* a rule file cannot be read or compiled */
    WINNOW_EIO,     /* reading or writing failed */
    WINNOW_EUSAGE,  /* the caller asked for what cannot be */
    WINNOW_EBUSY,   /* another writer has the index: later it can be */
};

/* What went wrong, where, and what to do, as one line without a newline. */
struct winnow_error {
    enum winnow_status status;
    char text[512];
};

/* One finding in a rule file.  line and column count from 1; 0: the whole file. */
struct winnow_finding {
    const char *file;
    const char *kind; /* a word to sort by: "unknown-directive", "bad-xpath", "test", ... */
    unsigned line, column;
    const char *text; /* what is wrong and what was probably meant */
    int is_error;     /* 0: a warning */
};

typedef void winnow_finding_fn(void *ctx, const struct winnow_finding *finding);

/* --- the simple tier: clean one page ---------------------------------------- */

/* Bounds on what one page may cost.  0 takes the default. */
struct winnow_limits {
    size_t max_bytes; /* of a page, decompressed; default 64 MiB, at most 2 GiB */
    size_t max_nodes; /* elements and texts in the tree, and lines of the page; default
                         2,000,000, at most 2^31 */
    unsigned max_depth; /* nested elements; default 512, 8 to 4096; what is nested deeper
                           is kept, as if it stood at this depth */
    unsigned max_attrs; /* of one element; default 256, at most 10,000; later ones are
                           ignored */
};

enum winnow_kind {
    WINNOW_KIND_AUTO = 0, /* look at the bytes */
    WINNOW_KIND_HTML,
    WINNOW_KIND_DUMP, /* plain text, a block a line */
};

struct winnow_options {
    struct winnow_limits limits;
    int keep_repeats; /* non-zero: leave passages that stand twice */
    int all_repeats;  /* non-zero: remove also those that the page's form may make recur */
    const char *cache; /* a folder for what may be forgotten, copied; it is made, and its
                          parent, when there is something for it; NULL: none.  By it
                          winnow_add_rules recalls which files of a large folder (more
                          than 256) any page may need, and a page reads its own when it
                          asks for them: WINNOW_EIO from winnow_clean where it cannot.
                          Without it all is read at once */
};

struct winnow_input {
    const void *data; /* plain or gzip */
    size_t len;
    const char *name;    /* the input's path, for matching rules; may be NULL */
    const char *url;     /* where the page came from; may be NULL */
    const char *url_from; /* who says so ("--url", "sidecar", "http", ...); may be NULL */
    const char *charset; /* as HTTP said; may be NULL */
    enum winnow_kind kind;
    const char *source; /* which document this is, from run to run: its URL or its absolute
                           path; may be NULL: its bytes say.  Only an index asks */
};

struct winnow;
struct winnow_page;

/* Makes a cleaner.  options may be NULL.  *ret is to be freed with winnow_free. */
WINNOW_API WINNOW_CHECK int winnow_new(const struct winnow_options *options,
                                       struct winnow **ret, struct winnow_error *err);

/* Adds a folder of rule files (or one file).  Folders are searched in the order
 * in which they were added: the user's before those that ship.  Lines that no
 * reader knows are passed over, as the site-config format asks;
 * winnow_rules_lint names them. */
WINNOW_API WINNOW_CHECK int winnow_add_rules(struct winnow *w, const char *path,
                                             struct winnow_error *err);

/* Reads the folders and files that were added again and puts them in the place of the
 * old rules as a whole; other threads may be cleaning meanwhile: their pages keep the
 * rules that they began with.  The new rules are checked first: where a folder cannot be
 * read, or a file that is new or changed has an error (found, which may be NULL, gets
 * each), the old ones stay.  WINNOW_ERULES, WINNOW_EIO.  Not for two threads at once. */
WINNOW_API WINNOW_CHECK int winnow_reload_rules(struct winnow *w, winnow_finding_fn *found,
                                                void *ctx, struct winnow_error *err);

/* Loads now what a page may later need of the machine's files (the charsets that it may be
 * written in), so that pages can be cleaned where no file can be opened: in a box, after
 * chroot.  The rules are read by winnow_add_rules, all of them where options.cache is NULL.
 * What it loads is held until winnow_free; a charset that the machine does not have stays
 * without.  WINNOW_ENOMEM, WINNOW_EIO: call it again.  Not while pages are cleaned. */
WINNOW_API WINNOW_CHECK int winnow_prepare(struct winnow *w, struct winnow_error *err);

WINNOW_API void winnow_free(struct winnow *w);

/* Cleans one page.  *ret is to be freed with winnow_page_free; it does not need
 * the input any more. */
WINNOW_API WINNOW_CHECK int winnow_clean(struct winnow *w, const struct winnow_input *in,
                                         struct winnow_page **ret, struct winnow_error *err);

WINNOW_API void winnow_page_free(struct winnow_page *page);

/* Receives a piece of output; returns 0 to go on, anything else to stop. */
typedef int winnow_write_fn(void *ctx, const char *data, size_t len);

enum winnow_format {
    WINNOW_TEXT,     /* the clean text, a block a line */
    WINNOW_JSON,     /* {"id","text","metadata","removed","replaced"}, indented */
    WINNOW_JSONL,    /* the same on one line */
    WINNOW_EXPLAIN,  /* every block, kept or not, and why */
    WINNOW_EXPLAIN_HTML, /* the same as a web page */
};

/* Writes the page through write.  WINNOW_EIO where write stopped it. */
WINNOW_API WINNOW_CHECK int winnow_render(const struct winnow_page *page,
                                          enum winnow_format format, winnow_write_fn *write,
                                          void *ctx, struct winnow_error *err);

/* --- what became of a page --------------------------------------------------- */

/* The page's whole text, before any removal: every text node in order, or the
 * dump.  Valid UTF-8 without NULs, not NUL-terminated. */
WINNOW_API const char *winnow_page_text(const struct winnow_page *page, size_t *len);

enum winnow_verdict {
    WINNOW_KEPT,
    WINNOW_REMOVED,
    WINNOW_REPLACED, /* by `with`, which may be empty */
};

/* Bytes start..end of the page's text and what was decided about them. */
struct winnow_span {
    size_t start, end;
    enum winnow_verdict verdict;
    const char *stage;  /* which stage decided: "rules", "repeat", ... */
    const char *reason; /* a sentence: "removed by rules/interfax.com.txt:12" */
    const char *with;   /* REPLACED: the bytes that stand there now */
    size_t with_len;
    size_t other_start, other_end; /* a repeat: the copy that stays; else 0, 0 */
};

/* Spans 0 .. count-1 follow one another without gap or overlap and make up the
 * page's text. */
WINNOW_API size_t winnow_page_spans(const struct winnow_page *page);
WINNOW_API struct winnow_span winnow_page_span(const struct winnow_page *page, size_t i);

/* What is known about the page, as name and value, with where it came from
 * ("title" "A headline" "h1"); NULL past the last.  from may be NULL. */
WINNOW_API const char *winnow_page_meta(const struct winnow_page *page, size_t i,
                                        const char **value, const char **from);

/* Remarks on the page that its reader should know: a guessed charset, a limit
 * that was met.  NULL past the last. */
WINNOW_API const char *winnow_page_note(const struct winnow_page *page, size_t i);

/* A rule file that spoke for the page. */
struct winnow_rule_file {
    const char *name;  /* "rules/example.org.txt"; NULL past the last */
    const char *path;  /* as it was opened */
    const char *step;  /* why: "host", "parent", "match", "global", or "test" */
    unsigned line;     /* step "match": the line that held; else 0 */
    size_t took;       /* bytes of the page's shown text that its rules removed */
};

/* File i of those that spoke for the page, in the order in which they count. */
WINNOW_API struct winnow_rule_file winnow_page_rule_file(const struct winnow_page *page, size_t i);

/* Bytes of the page's text that are shown: what a file took is a share of this. */
WINNOW_API size_t winnow_page_shown(const struct winnow_page *page);

/* Not 0 where a rule file took more of the page than its max_drop allows, or every body
 * line that matched would have: better looked at than believed. */
WINNOW_API int winnow_page_suspect(const struct winnow_page *page);

/* A rule of such a file, and what it matched. */
struct winnow_rule {
    size_t file; /* of winnow_page_rule_file */
    unsigned line;
    const char *directive;
    const char *arg, *value; /* as the file has them, not NUL-terminated; arg may be NULL */
    size_t arg_len, value_len;
    int tried;      /* 0: an earlier one won, its section does not apply, it is wrong */
    int stopped;    /* it took too long, and did nothing */
    size_t matched; /* elements, lines, strings */
};

typedef void winnow_rule_fn(void *ctx, const struct winnow_rule *rule);

/* Calls each for every rule that looks for something in the page, in the order in which
 * they are applied. */
WINNOW_API void winnow_page_rules(const struct winnow_page *page, winnow_rule_fn *each,
                                  void *ctx);

/* --- rule files --------------------------------------------------------------- */

/* Reads a rule file, or every *.txt of a folder, and reports what is wrong, file by file
 * and in the order of the lines.  WINNOW_OK also where there are findings; *errors counts
 * those that are errors. */
WINNOW_API WINNOW_CHECK int winnow_rules_lint(const char *path, winnow_finding_fn *found,
                                              void *ctx, size_t *errors,
                                              struct winnow_error *err);

/* Runs the tests of a rule file, or of every *.txt of a folder: pages of test_in lines or
 * of a test_file, and what has to come out of them.  What fails is reported through
 * found.  *ran and *failed count tests, *skipped those that have only a test_url: nothing
 * is fetched.  A page that cannot be read or cleaned is a failed test. */
WINNOW_API WINNOW_CHECK int winnow_rules_test(const char *path, winnow_finding_fn *found,
                                              void *ctx, size_t *ran, size_t *failed,
                                              size_t *skipped, struct winnow_error *err);

/* --- the index: what was cleaned before ----------------------------------------- */

/* Passages that stood in an earlier document. */
enum winnow_across {
    WINNOW_ACROSS_ANNOTATE, /* the record tells of them; the text stays */
    WINNOW_ACROSS_STRIP,    /* they are removed */
    WINNOW_ACROSS_OFF,
    WINNOW_ACROSS_AS_RECORDED, /* winnow_reclean: what the record says; else annotate */
};

struct winnow_index;

/* Opens the index in a folder: as its one writer (it is made where it is missing), or to
 * read only.  folder NULL: one in memory, which forgets all when it is closed.
 * WINNOW_EBUSY where another writer has it; WINNOW_EUSAGE where it was made with other
 * parameters or by a newer winnow; WINNOW_EDATA where it is damaged; WINNOW_EIO. */
WINNOW_API WINNOW_CHECK int winnow_index_open(const char *folder, int read_only,
                                              struct winnow_index **ret,
                                              struct winnow_error *err);
/* What was not committed is gone. */
WINNOW_API void winnow_index_close(struct winnow_index *index);

/* Which parts of an index a cleaner asks.  The index outlives the cleaner's use of it; it
 * and the cleaner then belong to one thread. */
struct winnow_index_use {
    enum winnow_across across;
    int no_site; /* not 0: what a site's pages share stays */
};

/* The pages that w cleans from now on are compared with the documents of index (NULL: with
 * none).  use may be NULL. */
WINNOW_API void winnow_use_index(struct winnow *w, struct winnow_index *index,
                                 const struct winnow_index_use *use);

/* Counts the lines of a page for its site, without cleaning it: a batch learns first.
 * A document counts once, however often it comes. */
WINNOW_API WINNOW_CHECK int winnow_learn(struct winnow *w, const struct winnow_input *in,
                                         struct winnow_error *err);

/* Puts a page that was cleaned with this index into it: once its outcome is written.  Its
 * site counts it if winnow_learn has not.  Seen by the pages that follow; durable with
 * winnow_index_commit. */
WINNOW_API WINNOW_CHECK int winnow_index_add(struct winnow_index *index,
                                             const struct winnow_page *page,
                                             struct winnow_error *err);

/* All that was learned and added since the last commit becomes durable, or (after a
 * failure) none of it, and it is forgotten. */
WINNOW_API WINNOW_CHECK int winnow_index_commit(struct winnow_index *index,
                                                struct winnow_error *err);

struct winnow_index_stat {
    uint64_t documents; /* that live */
    uint64_t superseded, replaced, forgotten, learned; /* learned: not yet added */
    uint64_t sites, fingerprints;
    uint64_t fingerprint_bytes, text_bytes, other_bytes; /* on disk */
    uint64_t runs, text_files;
};
WINNOW_API WINNOW_CHECK int winnow_index_stat(struct winnow_index *index,
                                              struct winnow_index_stat *ret,
                                              struct winnow_error *err);

/* A finding on an index folder: file and byte, what is wrong, what to do. */
typedef void winnow_index_found_fn(void *ctx, const char *file, uint64_t at, const char *text);

/* Reads all of an index and changes nothing; *problems counts what was found. */
WINNOW_API WINNOW_CHECK int winnow_index_verify(const char *folder, winnow_index_found_fn *found,
                                                void *ctx, size_t *problems,
                                                struct winnow_error *err);

/* Writes an index anew: without what is dead, and with what is damaged made again as far as
 * its texts can tell. */
WINNOW_API WINNOW_CHECK int winnow_index_compact(const char *folder,
                                                 winnow_index_found_fn *found, void *ctx,
                                                 struct winnow_error *err);

/* Forgets documents: what is the id of a document or of its page (32 hexadecimal digits,
 * or the first eight and more), or its source or URL.  *count: how many there were.  Their
 * texts are gone from the disk after winnow_index_compact. */
WINNOW_API WINNOW_CHECK int winnow_index_forget(struct winnow_index *index, const char *what,
                                                size_t *count, struct winnow_error *err);

/* Calls each for every site: its name, and how many documents it counts. */
typedef void winnow_site_fn(void *ctx, const char *site, uint64_t documents);
WINNOW_API WINNOW_CHECK int winnow_index_sites(struct winnow_index *index, winnow_site_fn *each,
                                               void *ctx, struct winnow_error *err);

/* Writes what the index has learned of a site as a rule file, with support counts and
 * tests.  WINNOW_EUSAGE where it knows no such site, or nothing that its pages share. */
WINNOW_API WINNOW_CHECK int winnow_rules_learn(struct winnow_index *index, const char *site,
                                               winnow_write_fn *write, void *ctx,
                                               struct winnow_error *err);

/* --- one index, pages cleaned in several processes --------------------------------- */

/* A page is parsed where it can do no harm, and the index stays with its owner: the process
 * that cleans puts questions, the owner answers those that a page may ask, and is told at the
 * end what it is to remember.  The bytes of questions, answers and what is told are this
 * version's own.  Where pages are cleaned at once the outcome is as if one had come after the
 * other. */

/* Puts a question to the owner and waits for the answer, which is good until the next one.
 * Not 0: there is none. */
typedef int winnow_ask_fn(void *ctx, const void *request, size_t len, const void **ret,
                          size_t *ret_len);

/* In the process that cleans: an index whose answers come from elsewhere.  For winnow_use_index,
 * winnow_learn and winnow_index_add; one page at a time. */
WINNOW_API WINNOW_CHECK int winnow_index_remote(winnow_ask_fn *ask, void *ctx,
                                                struct winnow_index **ret,
                                                struct winnow_error *err);

/* Writes what the owner is to be told since the last call: after winnow_learn, or after
 * winnow_index_add. */
WINNOW_API WINNOW_CHECK int winnow_index_told(struct winnow_index *remote, winnow_write_fn *write,
                                              void *ctx, struct winnow_error *err);

/* With the owner: one page that is being cleaned elsewhere.  Belongs to the index's thread. */
struct winnow_asking;

/* ordered: not 0 where pages are to come out as if they had been cleaned in the order of these
 * calls: then all of the index's are, and they are taken in that order.  *ret is to be freed
 * before the index is closed. */
WINNOW_API WINNOW_CHECK int winnow_asking_new(struct winnow_index *index, int ordered,
                                              struct winnow_asking **ret,
                                              struct winnow_error *err);

/* Which document the page is: winnow_input.source as the other process was given it.  It can
 * then speak for no other document.  Before the first answer. */
WINNOW_API void winnow_asking_expect(struct winnow_asking *asking, const char *source);

/* Answers a question, in up to two pieces.  *wait is set to 1, and nothing written, where a page that shares text
 * with this one is being cleaned (or may: an earlier one, if ordered): the same question is
 * to be put again when an asking was taken or freed.  No two pages wait for each other.
 * WINNOW_EDATA: no question that winnow asks; whoever asks it is not to be trusted.
 * WINNOW_EBUSY: a commit has failed since winnow_asking_new; clean the page again.
 * WINNOW_EIO, WINNOW_ENOMEM: the index cannot be read now; the same question may be put later. */
WINNOW_API WINNOW_CHECK int winnow_asking_answer(struct winnow_asking *asking,
                                                 const void *request, size_t len,
                                                 winnow_write_fn *write, void *ctx, int *wait,
                                                 struct winnow_error *err);

/* Would winnow_asking_take take it?  WINNOW_EDATA where not.  Changes nothing. */
WINNOW_API WINNOW_CHECK int winnow_asking_check(const struct winnow_asking *asking,
                                                const void *told, size_t len,
                                                struct winnow_error *err);

/* Puts into the index what was told, as winnow_learn and winnow_index_add would; the page then
 * keeps no other waiting, and answers no more.  WINNOW_EDATA where it does not fit together, or concerns documents
 * that this asking was told nothing of; then the index is as it was. */
WINNOW_API WINNOW_CHECK int winnow_asking_take(struct winnow_asking *asking, const void *told,
                                               size_t len, struct winnow_error *err);
/* The page takes too long: from now on it keeps none waiting that shares text with it.  Which
 * of the two came first is then not told. */
WINNOW_API void winnow_asking_release(struct winnow_asking *asking);

WINNOW_API void winnow_asking_free(struct winnow_asking *asking);

/* The same from what the caller has kept since: after a failed commit, or a crash.  What the
 * index knows already is passed over.  told must be what winnow_asking_check or
 * winnow_asking_take has found good: it is believed. */
WINNOW_API WINNOW_CHECK int winnow_index_retake(struct winnow_index *index, const void *told,
                                                size_t len, struct winnow_error *err);

/* --- records -------------------------------------------------------------------- */

/* Writes the page's text as it was before any removal, from a record that WINNOW_JSON or
 * WINNOW_JSONL wrote.  WINNOW_EDATA where it is none, or does not fit together. */
WINNOW_API WINNOW_CHECK int winnow_restore(const char *record, size_t len,
                                           winnow_write_fn *write, void *ctx,
                                           struct winnow_error *err);

/* Makes the page of a record again, with what rules had said of it, and cleans it from
 * there on (site, repeats, across) with what w's index knows now.  *ret is to be freed
 * with winnow_page_free.  WINNOW_EDATA; WINNOW_ELIMIT where the page is larger than w
 * allows; WINNOW_EUSAGE where the index does not know the record's document: another index
 * would undo what that of the record has found. */
WINNOW_API WINNOW_CHECK int winnow_reclean(struct winnow *w, const char *record, size_t len,
                                           struct winnow_page **ret, struct winnow_error *err);

/* How a page stands to an earlier document. */
struct winnow_shared {
    const char *document; /* its id: 32 hexadecimal digits */
    const char *source;   /* its source, or URL; "" where it has none */
    size_t start, end;    /* bytes of this page's text */
    size_t other_start, other_end; /* bytes of that document's clean text, as it was before
                                      passages of still earlier ones were removed from it */
    int cut;       /* this page's copy is cut short there */
    int other_cut; /* that document's is */
};

/* How the page as a whole stands to another document of the index. */
struct winnow_relation {
    const char *kind; /* "duplicate-of", "supersedes" (it is the more complete copy),
                         "superseded-by"; NULL past the last */
    const char *document, *source; /* of the other, as in struct winnow_shared */
    unsigned share; /* percent: of this page's text, or (supersedes) of the other's, so much
                       stands in the other one */
    int cut;        /* the copy that is contained is cut short */
};

WINNOW_API struct winnow_relation winnow_page_relation(const struct winnow_page *page, size_t i);

/* Passage i that the page shares with documents of the index; document is NULL past the
 * last. */
WINNOW_API struct winnow_shared winnow_page_shared(const struct winnow_page *page, size_t i);

/* --- rule files that rot ------------------------------------------------------------------ */

/* What rule files did on page after page. */
struct winnow_health;

WINNOW_API WINNOW_CHECK int winnow_health_new(struct winnow_health **ret,
                                              struct winnow_error *err);
WINNOW_API void winnow_health_free(struct winnow_health *health);

/* Adds a page; pages come in the order of their time.  name is what reports call it. */
WINNOW_API WINNOW_CHECK int winnow_health_add(struct winnow_health *health,
                                              const struct winnow_page *page, const char *name,
                                              struct winnow_error *err);

/* The same from a record that WINNOW_JSON or WINNOW_JSONL wrote.  WINNOW_EDATA where it is
 * none. */
WINNOW_API WINNOW_CHECK int winnow_health_add_record(struct winnow_health *health,
                                                     const char *record, size_t len,
                                                     const char *name, struct winnow_error *err);

/* A rule file's state. */
struct winnow_file_health {
    const char *file; /* NULL past the last */
    size_t pages;     /* that it spoke for */
    size_t with_body; /* of them, where one of its body lines matched */
    int has_body;     /* it has body lines */
    double took;      /* share of the pages' text that it removed, 0 to 1 */
};
WINNOW_API struct winnow_file_health winnow_health_file(const struct winnow_health *health,
                                                        size_t i);

/* Reports what looks like rot, through found: a rule or a file's body that matched and
 * then, for longer than chance explains, matched nothing (kind "idle"); a file that takes
 * nearly everything or more than its max_drop, page after page ("greedy").  The text says
 * on which page it began.  Returns how many there are; found may be NULL. */
WINNOW_API size_t winnow_health_report(const struct winnow_health *health,
                                       winnow_finding_fn *found, void *ctx);

/* --- the expert tier: where the time goes -------------------------------------- */

/* Stage i's name and the nanoseconds that it took of this page; NULL past the last. */
WINNOW_API const char *winnow_page_stage(const struct winnow_page *page, size_t i,
                                         uint64_t *ns);

/* "winnow 0.1.0", and which HTML parser the library was built with: "lexbor 2.6.0"
 * or "libxml2 2.9.14". */
WINNOW_API const char *winnow_version(void);
WINNOW_API const char *winnow_parser(void);

/* A short word for a status: "limit", "data", ... */
WINNOW_API const char *winnow_status_name(int status);

#ifdef __cplusplus
}
#endif
#endif
