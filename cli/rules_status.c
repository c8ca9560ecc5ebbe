/* rules_status.c - winnow rules status: which rule files rot, told from page after page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "pages.h"
#include "rules_verbs.h"
#include "say.h"

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static int add_record(struct winnow_health *h, const char *record, size_t len, const char *name)
{
    struct winnow_error err = {0};
    int status = winnow_health_add_record(h, record, len, name, &err);
    if (status == WINNOW_OK)
        return EX_OK;
    say("%s", err.text);
    return exit_code_of(status);
}

/* Each line is a record: however many there are, one is in memory. */
static int add_lines(struct winnow_health *h, const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL, name[4096];
    size_t cap = 0, number = 0;
    ssize_t len;
    int code = EX_OK;
    if (!f) {
        say("%s: %s", path, strerror(errno));
        return EX_NOINPUT;
    }
    while (code == EX_OK && (len = getline(&line, &cap, f)) >= 0) {
        snprintf(name, sizeof name, "%s:%zu", path, ++number);
        if (len > 1)
            code = add_record(h, line, (size_t)len, name);
    }
    if (code == EX_OK && ferror(f)) {
        say("%s: %s", path, strerror(errno));
        code = EX_IOERR;
    }
    free(line);
    fclose(f);
    return code;
}

static int add_whole(struct winnow_health *h, const struct input *in, const struct settings *s)
{
    struct loaded l;
    int code = input_load(in, s, &l);
    if (code != EX_OK)
        return code;
    code = add_record(h, l.data, l.len, in->path);
    loaded_free(&l);
    return code;
}

static int add_page(struct winnow_health *h, struct winnow *w, const struct input *in,
                    const struct settings *s)
{
    struct winnow_page *page = NULL;
    struct winnow_error err = {0};
    struct settings quiet = *s;
    quiet.quiet = true; /* what a page's notes say, the report says for all */
    int code = page_clean(w, in, &quiet, &page);
    if (code != EX_OK)
        return code;
    int status = winnow_health_add(h, page, in->path, &err);
    if (status != WINNOW_OK)
        say("%s: %s", in->path, err.text);
    winnow_page_free(page);
    return status == WINNOW_OK ? EX_OK : exit_code_of(status);
}

static int add_input(struct winnow_health *h, struct winnow *w, const struct input *in,
                     const struct settings *s)
{
    if (in->kind == INPUT_FILE && ends_in(in->path, ".jsonl"))
        return add_lines(h, in->path);
    if (in->kind == INPUT_FILE && ends_in(in->path, ".json"))
        return add_whole(h, in, s);
    return add_page(h, w, in, s);
}

static void print_files(const struct winnow_health *h)
{
    struct winnow_file_health f;
    printf("%8s %10s %7s  rule file\n", "pages", "with body", "took");
    for (size_t i = 0; (f = winnow_health_file(h, i)).file != NULL; i++) {
        char body[32] = "-";
        if (f.has_body)
            snprintf(body, sizeof body, "%zu", f.with_body);
        printf("%8zu %10s %6.1f%%  %s\n", f.pages, body, 100 * f.took, f.file);
    }
}

static void print_finding(void *ctx, const struct winnow_finding *f)
{
    (void)ctx;
    if (f->line)
        printf("%s:%u: %s\n", f->file, f->line, f->text);
    else
        printf("%s: %s\n", f->file, f->text);
}

static int add_all(struct winnow_health *h, const struct settings *s, const struct inputs *in)
{
    struct winnow *w = NULL;
    struct progress progress = {0};
    int ret = EX_OK, opened = cleaner_open(s, &w);
    for (size_t i = 0; opened == EX_OK && i < in->count; i++) {
        int code = add_input(h, w, &in->items[i], s);
        ret = code == EX_OK ? ret : code;
        progress_show(&progress, i + 1, in->count);
    }
    progress_end(&progress);
    winnow_free(w);
    return opened == EX_OK ? ret : opened;
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
        int added = add_all(h, &rest, &in);
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
