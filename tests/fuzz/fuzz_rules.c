/* fuzz_rules.c - any rule file on any page; more than survival is asked.
 *
 *     rule file "\n%%%%\n" page
 *
 *  1. Every finding of lint, and of the file's own tests, is valid UTF-8 and stands on a
 *     line of the file; no more tests fail than ran.
 *  2. Every byte of the page's text has one verdict and one reason, and the rule files
 *     took no more than the page shows.
 *  3. Every format is valid UTF-8; the same bytes give the same output, where no clock
 *     stopped a rule.
 *  4. A page and the record of it say the same of the health of rules.
 * That cleaning what is clean changes nothing is not asked: a rule may drop the first
 * line of whatever it sees. */
#include <sys/mman.h>
#include <unistd.h>

#include "cleaner.h"
#include "fuzz.h"
#include "text.h"

static const char separator[] = "\n%%%%\n";
static char rules_path[64]; /* a file without a name, written anew for each input */
static int rules_fd;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    rules_fd = memfd_create("rules", MFD_CLOEXEC);
    MUST(rules_fd >= 0, "a file in memory can be made");
    snprintf(rules_path, sizeof rules_path, "/proc/self/fd/%d", rules_fd);
    return 0;
}

/* --- the input, split -------------------------------------------------------------------- */

struct pair {
    struct slice rules, page;
    size_t lines; /* of the rules */
};

static void write_rules(struct slice rules)
{
    MUST(ftruncate(rules_fd, 0) == 0, "the file can be emptied");
    MUST(pwrite(rules_fd, rules.p, rules.len, 0) == (ssize_t)rules.len, "the file can be written");
}

static struct pair split(const uint8_t *data, size_t size)
{
    size_t len = sizeof separator - 1;
    const char *all = (const char *)data, *at = memmem(all, size, separator, len);
    struct pair ret = {.rules = {all, size}, .page = {"", 0}, .lines = 0};
    if (at) {
        ret.rules.len = (size_t)(at - all);
        ret.page = (struct slice){at + len, size - ret.rules.len - len};
    }
    for (struct slice rest = ret.rules, line; text_next_line(&rest, &line);)
        ret.lines++;
    return ret;
}

/* --- the rule file alone -------------------------------------------------------------------- */

static void check_finding(void *ctx, const struct winnow_finding *f)
{
    const struct pair *in = ctx;
    MUST(f->kind && *f->kind && is_text(f->text) && *f->text, "a finding says what is wrong");
    MUST(f->line <= in->lines, "a finding stands on a line of the file");
    MUST(strcmp(f->file, rules_path) == 0, "a finding names its file");
}

static void check_rules(struct pair *in)
{
    size_t errors = 0, ran = 0, failed = 0, skipped = 0;
    MUST(winnow_rules_lint(rules_path, check_finding, in, &errors, NULL) == WINNOW_OK,
         "any bytes can be linted");
    MUST(winnow_rules_test(rules_path, check_finding, in, &ran, &failed, &skipped, NULL) ==
             WINNOW_OK, "any tests can be run");
    MUST(failed <= ran, "only tests that ran fail");
}

/* A cleaner whose every page the rules speak for. */
static struct winnow *open_cleaner(void)
{
    struct winnow_options options = {.limits = {.max_bytes = 1 << 20, .max_nodes = 100000}};
    struct winnow *w;
    MUST(winnow_new(&options, &w, NULL) == WINNOW_OK, "a cleaner can be made");
    MUST(rule_file_read(rules_path, NULL, NULL, &w->only, NULL) == WINNOW_OK,
         "any bytes are a rule file");
    return w;
}

/* --- the page ----------------------------------------------------------------------------- */

static void check_words(const struct winnow_page *page)
{
    const char *name, *value, *from, *note;
    for (size_t i = 0; (name = winnow_page_meta(page, i, &value, &from)) != NULL; i++)
        MUST(is_text(name) && is_text(value), "what is known of a page is UTF-8");
    for (size_t i = 0; (note = winnow_page_note(page, i)) != NULL; i++)
        MUST(is_text(note) && *note, "a note is UTF-8");
}

static void check_shares(const struct winnow_page *page)
{
    struct winnow_rule_file file;
    size_t took = 0;
    for (size_t i = 0; (file = winnow_page_rule_file(page, i)).name; i++)
        took += file.took;
    MUST(took <= winnow_page_shown(page), "rules take no more than is shown");
}

static void check_rule(void *ctx, const struct winnow_rule *r)
{
    const struct pair *in = ctx;
    MUST(r->file == 0 && r->line >= 1 && r->line <= in->lines, "a rule stands in its file");
    MUST(r->directive && (r->tried || r->matched == 0), "what is not tried matches nothing");
    MUST(r->value_len <= in->rules.len && r->arg_len <= in->rules.len, "a value is of the file");
}

/* --- the health of its rules ------------------------------------------------------------------ */

enum { HITS = 3, MISSES = 12 }; /* pages; enough misses in a row to be reported */

static void add_finding(void *ctx, const struct winnow_finding *f)
{
    char line[800];
    int n = snprintf(line, sizeof line, "%s:%u: %s: %s\n", f->file, f->line, f->kind, f->text);
    MUST(is_text(f->text), "a report is UTF-8");
    add(ctx, line, (size_t)n);
}

static struct text report(const struct winnow_health *h)
{
    struct text ret = {calloc(1, 1), 0};
    struct winnow_file_health f;
    for (size_t i = 0; (f = winnow_health_file(h, i)).file; i++) {
        char line[300];
        int n = snprintf(line, sizeof line, "%s: %zu pages, %zu of %d bodies, %.9f\n", f.file,
                         f.pages, f.with_body, f.has_body, f.took);
        MUST(f.took >= 0 && f.took <= 1 && f.with_body <= f.pages, "a share is of a whole");
        add(&ret, line, (size_t)n);
    }
    (void)winnow_health_report(h, add_finding, &ret);
    return ret;
}

/* Adds the page so often, to one as it is and to the other as its record. */
static void add_pages(struct winnow_health *own, struct winnow_health *read,
                      const struct winnow_page *page, struct text record, int times)
{
    for (int i = 0; i < times; i++) {
        MUST(winnow_health_add(own, page, "page", NULL) == WINNOW_OK, "a page has a health");
        MUST(winnow_health_add_record(read, record.data, record.len, "page", NULL) == WINNOW_OK,
             "a record can be read again");
    }
}

static void check_health(struct winnow *w, const struct winnow_page *page, struct text record)
{
    struct winnow_health *own, *read;
    struct winnow_page *other = NULL;
    struct winnow_input in = {.data = "<p>.</p>", .len = 8, .kind = WINNOW_KIND_HTML};
    MUST(winnow_health_new(&own, NULL) == WINNOW_OK, "health can be kept");
    MUST(winnow_health_new(&read, NULL) == WINNOW_OK, "health can be kept");
    MUST(winnow_clean(w, &in, &other, NULL) == WINNOW_OK, "a small page can be cleaned");
    struct text small = render(other, WINNOW_JSON);
    add_pages(own, read, page, record, HITS);
    add_pages(own, read, other, small, MISSES);
    struct text a = report(own), b = report(read);
    if (strcmp(a.data, b.data) != 0)
        fprintf(stderr, "pages:\n%s\nrecords:\n%s\n", a.data, b.data);
    MUST(strcmp(a.data, b.data) == 0, "records report what pages do");
    free(a.data);
    free(b.data);
    free(small.data);
    winnow_page_free(other);
    winnow_health_free(own);
    winnow_health_free(read);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Was a rule stopped by a clock, which another run may let pass? */
static bool was_stopped(const struct winnow_page *page)
{
    const char *note;
    for (size_t i = 0; (note = winnow_page_note(page, i)) != NULL; i++)
        if (strstr(note, "too long") || strstr(note, "too many steps"))
            return true;
    return false;
}

static void check_same(struct winnow *w, const struct winnow_input *in,
                       const struct winnow_page *page, struct text record)
{
    struct winnow_page *same = NULL;
    MUST(winnow_clean(w, in, &same, NULL) == WINNOW_OK, "a page is cleaned every time");
    struct text again = render(same, WINNOW_JSONL);
    if (!was_stopped(page) && !was_stopped(same))
        MUST(strcmp(record.data, again.data) == 0, "the same bytes give the same output");
    free(again.data);
    winnow_page_free(same);
}

static void check_page(struct winnow *w, struct pair *in)
{
    struct winnow_page *page = NULL;
    struct winnow_input input = {.data = in->page.p, .len = in->page.len, .name = "site/page.html",
                                 .url = "https://news.ferry.example/2020/01/02/page.html"};
    if (winnow_clean(w, &input, &page, NULL) != WINNOW_OK)
        return;
    check_cover(page);
    check_words(page);
    check_shares(page);
    winnow_page_rules(page, check_rule, in);
    for (int format = WINNOW_TEXT; format <= WINNOW_EXPLAIN_HTML; format++)
        free(render(page, (enum winnow_format)format).data);
    struct text record = render(page, WINNOW_JSONL);
    check_health(w, page, record);
    check_same(w, &input, page, record);
    free(record.data);
    winnow_page_free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair in = split(data, size);
    write_rules(in.rules);
    check_rules(&in);
    struct winnow *w = open_cleaner();
    check_page(w, &in);
    winnow_free(w);
    return 0;
}
