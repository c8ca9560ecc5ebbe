/* rules_status.c - winnow rules status: which rule files rot, told from page after page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "findings.h"
#include "inputs.h"
#include "output.h"
#include "pages.h"
#include "rules_verbs.h"
#include "say.h"

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcasecmp(s + n - m, end) == 0;
}

/* What is being gathered, and the exit code of the last failure. */
struct gathering {
    struct winnow_health *health;
    struct winnow *cleaner;
    const struct settings *settings;
    int code;
};

static void add_record(struct gathering *g, const char *record, size_t len, const char *name)
{
    struct winnow_error err = {0};
    int status = winnow_health_add_record(g->health, record, len, name, &err);
    if (status == WINNOW_OK)
        return;
    say("%s; it does not count", err.text);
    g->code = exit_code_of(status);
}

/* Line `number` of path, where it is not blank. */
static void add_line(struct gathering *g, const char *line, size_t len, const char *path,
                     size_t number)
{
    char name[4096];
    snprintf(name, sizeof name, "%s:%zu", path, number);
    if (len > 0 && strspn(line, " \t\r\n") < len)
        add_record(g, line, len, name);
}

/* Each line is a record: however many there are, one is in memory. */
static void add_lines(struct gathering *g, const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0, number = 0;
    ssize_t len;
    if (!f) {
        say("%s: %s; check the path and its permissions", path, strerror(errno));
        g->code = EX_NOINPUT;
        return;
    }
    while ((len = getline(&line, &cap, f)) >= 0)
        add_line(g, line, (size_t)len, path, ++number);
    if (ferror(f)) {
        say("%s: %s; what stands behind line %zu does not count", path, strerror(errno), number);
        g->code = EX_IOERR;
    }
    free(line);
    fclose(f);
}

static void add_page(struct gathering *g, const struct input *in)
{
    struct winnow_page *page = NULL;
    struct winnow_error err = {0};
    struct settings quiet = *g->settings;
    quiet.quiet = true; /* what a page's notes say, the report says for all */
    int code = page_clean(g->cleaner, in, &quiet, &page);
    int status = code == EX_OK ? winnow_health_add(g->health, page, in->path, &err) : WINNOW_OK;
    winnow_page_free(page);
    if (status != WINNOW_OK) {
        say("%s: %s", in->path, err.text);
        code = exit_code_of(status);
    }
    g->code = code == EX_OK ? g->code : code;
}

/* One record, or one a line, in memory. */
static void add_loaded(struct gathering *g, const struct loaded *l, const char *path)
{
    const char *at = l->data, *end = l->data + l->len;
    size_t number = 0;
    if (!memmem(at, l->len, "}\n{", 3)) {
        add_record(g, at, l->len, path);
        return;
    }
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = stop ? (size_t)(stop - at) + 1 : (size_t)(end - at);
        add_line(g, at, len, path, ++number);
        at += len;
    }
}

static bool is_packed_record(const char *path)
{
    static const char *const ends[] = {".json.gz", ".jsonl.gz", ".ndjson.gz"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(path, ends[i]))
            return true;
    return false;
}

/* Records are known by their name. */
static void add_input(struct gathering *g, const struct input *in)
{
    struct loaded l;
    if (in->kind == INPUT_FILE && (ends_in(in->path, ".jsonl") || ends_in(in->path, ".ndjson"))) {
        add_lines(g, in->path);
        return;
    }
    if (in->kind == INPUT_STDIN) {
        say("standard input has no name to tell records from pages; name a file");
        g->code = EX_USAGE;
        return;
    }
    if (in->kind == INPUT_FILE && is_packed_record(in->path)) {
        say("%s: records are read unpacked; gunzip it first", in->path);
        g->code = EX_DATAERR;
        return;
    }
    if (in->kind != INPUT_FILE || !ends_in(in->path, ".json")) {
        add_page(g, in);
        return;
    }
    int code = input_load(in, g->settings, &l);
    if (code != EX_OK) {
        g->code = code;
        return;
    }
    add_loaded(g, &l, in->path);
    loaded_free(&l);
}

static void print_files(const struct winnow_health *h)
{
    struct winnow_file_health f;
    printf("%8s %10s %7s  rule file\n", "pages", "with body", "took");
    for (size_t i = 0; (f = winnow_health_file(h, i)).file != NULL; i++) {
        char body[32] = "-";
        if (f.has_body)
            snprintf(body, sizeof body, "%zu", f.with_body);
        printf("%8zu %10s %6.1f%%  ", f.pages, body, 100 * f.took);
        print_plain(f.file, strlen(f.file));
        putchar('\n');
    }
}

static void print_finding(void *ctx, const struct winnow_finding *f)
{
    (void)ctx;
    print_plain(f->file, strlen(f->file));
    if (f->line)
        printf(":%u", f->line);
    fputs(": ", stdout);
    print_plain(f->text, strlen(f->text));
    putchar('\n');
}

static int add_all(struct gathering *g, const struct inputs *in)
{
    struct progress progress = {0};
    int opened = cleaner_open(g->settings, &g->cleaner);
    for (size_t i = 0; opened == EX_OK && i < in->count; i++) {
        add_input(g, &in->items[i]);
        progress_show(&progress, i + 1, in->count);
    }
    progress_end(&progress);
    winnow_free(g->cleaner);
    return opened == EX_OK ? g->code : opened;
}

int rules_status(const struct settings *s)
{
    struct settings rest = *s;
    struct winnow_health *h = NULL;
    struct winnow_error err = {0};
    struct inputs in;
    size_t failed;
    int code = EX_OK;
    rest.args++;
    rest.nargs--;
    if (winnow_health_new(&h, &err) != WINNOW_OK) {
        say("%s", err.text);
        return EX_OSERR;
    }
    int listed = inputs_list(&rest, &in, &failed, &code);
    if (listed == EX_OK) {
        struct gathering g = {.health = h, .settings = &rest, .code = EX_OK};
        int added = add_all(&g, &in);
        code = added == EX_OK ? code : added;
        inputs_free(&in);
        if (!s->quiet)
            print_files(h);
        if (winnow_health_report(h, print_finding, NULL) > 0 && code == EX_OK)
            code = EX_CONFIG;
    }
    winnow_health_free(h);
    return listed == EX_OK ? code : listed;
}
