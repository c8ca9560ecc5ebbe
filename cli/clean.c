/* clean.c - winnow clean: inputs in, clean text or records out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "pages.h"
#include "say.h"

static const char *const suffixes[] = {
    [WINNOW_TEXT] = ".txt", [WINNOW_JSON] = ".json", [WINNOW_JSONL] = ".jsonl"};

/* OUT/name with the format's suffix; what has it already stays as it is. */
static char *output_path(const struct settings *s, const char *name)
{
    const char *suffix = suffixes[s->format];
    size_t len = strlen(name), n = strlen(suffix);
    bool has = len > n && strcmp(name + len - n, suffix) == 0;
    char *path = NULL;
    return asprintf(&path, "%s/%s%s", s->out, name, has ? "" : suffix) < 0 ? NULL : path;
}

/* Where an input goes, and which file it is. */
struct target {
    char *path;
    const char *input;
    dev_t dev; /* both 0: no file */
    ino_t ino;
};

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct target *)a)->path, ((const struct target *)b)->path);
}

static int by_file(const void *a, const void *b)
{
    const struct target *x = a, *y = b;
    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    return (x->ino > y->ino) - (x->ino < y->ino);
}

static struct target *list_targets(const struct settings *s, const struct inputs *in)
{
    struct target *targets = calloc(in->count + 1, sizeof *targets);
    for (size_t i = 0; targets && i < in->count; i++) {
        struct stat st;
        targets[i] = (struct target){output_path(s, in->items[i].name), in->items[i].path, 0, 0};
        if (input_file(&in->items[i], &st)) {
            targets[i].dev = st.st_dev;
            targets[i].ino = st.st_ino;
        }
    }
    return targets;
}

/* Better no output than one that hides another. */
static int check_doubles(struct target *targets, size_t count)
{
    qsort(targets, count, sizeof *targets, by_path);
    for (size_t i = 1; i < count; i++)
        if (strcmp(targets[i - 1].path, targets[i].path) == 0) {
            say("%s and %s would both be written to %s; clean them into different folders",
                targets[i - 1].input, targets[i].input, targets[i].path);
            return EX_USAGE;
        }
    return EX_OK;
}

/* Inputs are never written over: what was removed would be lost. */
static int check_inputs(struct target *targets, size_t count)
{
    qsort(targets, count, sizeof *targets, by_file);
    for (size_t i = 0; i < count; i++) {
        struct stat st;
        if (stat(targets[i].path, &st) != 0)
            continue;
        struct target key = {.dev = st.st_dev, .ino = st.st_ino};
        const struct target *hit = bsearch(&key, targets, count, sizeof *targets, by_file);
        if (hit) {
            say("%s would be written over the input %s; choose another folder with -o",
                targets[i].input, hit->input);
            return EX_USAGE;
        }
    }
    return EX_OK;
}

static int check_targets(const struct settings *s, const struct inputs *in)
{
    struct target *targets = list_targets(s, in);
    int code = targets ? EX_OK : EX_OSERR;
    for (size_t i = 0; code == EX_OK && i < in->count; i++)
        code = targets[i].path ? EX_OK : EX_OSERR;
    if (code == EX_OSERR)
        say("out of memory; clean fewer inputs at once");
    if (code == EX_OK)
        code = check_doubles(targets, in->count);
    if (code == EX_OK)
        code = check_inputs(targets, in->count);
    for (size_t i = 0; targets && i < in->count; i++)
        free(targets[i].path);
    free(targets);
    return code;
}

static int write_result(const struct settings *s, const struct input *in,
                        const struct winnow_page *page)
{
    if (!s->out)
        return output_stdout(page, s->format, in->path);
    char *path = output_path(s, in->name);
    if (!path) {
        say("%s: out of memory; free some, then clean it again", in->path);
        return EX_OSERR;
    }
    int code = output_file(page, s->format, in->path, path);
    free(path);
    return code;
}

/* Cleans all; *failed counts, *code is the last failure's.  False where nothing more
 * can be written: a full disk takes no second file either. */
static bool clean_all(struct winnow *w, const struct settings *s, const struct inputs *in,
                      size_t *failed, int *code)
{
    struct progress progress = {0};
    bool full = false;
    for (size_t i = 0; i < in->count && !full; i++) {
        struct winnow_page *page = NULL;
        int one = page_clean(w, &in->items[i], s, &page);
        if (one == EX_OK) {
            one = write_result(s, &in->items[i], page);
            full = one == EX_IOERR;
        }
        winnow_page_free(page);
        if (one != EX_OK) {
            *code = one;
            (*failed)++;
        }
        if (s->out)
            progress_show(&progress, i + 1, in->count);
    }
    progress_end(&progress);
    return !full;
}

int command_clean(const struct settings *s)
{
    struct inputs in;
    struct winnow *w = NULL;
    size_t failed;
    int code = EX_OK, listed = inputs_list(s, &in, &failed, &code);
    if (listed != EX_OK)
        return listed;
    bool many = in.count + failed > 1 || in.folder;
    int refused = EX_OK;
    if (many && !s->out && s->format != WINNOW_JSONL) {
        say("several inputs need -o DIR, or --format jsonl for standard output");
        refused = EX_USAGE;
    } else if (s->out) {
        refused = check_targets(s, &in);
    }
    if (refused == EX_OK)
        refused = cleaner_open(s, &w);
    if (refused == EX_OK) {
        bool wrote = clean_all(w, s, &in, &failed, &code);
        if (wrote && !s->out && output_end() != EX_OK) {
            failed++;
            wrote = false;
        }
        if (!wrote)
            refused = EX_IOERR;
    }
    winnow_free(w);
    inputs_free(&in);
    if (refused != EX_OK)
        return refused;
    return failed == 0 ? EX_OK : many ? 1 : code;
}
