/* targets.c - where each input's result goes, and that no result hides another. */
#include "targets.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "say.h"

static const char *const suffixes[] = {
    [WINNOW_TEXT] = ".txt", [WINNOW_JSON] = ".json", [WINNOW_JSONL] = ".jsonl"};

/* OUT/name with the format's suffix; what has it already stays as it is. */
char *target_path(const struct settings *s, const char *name)
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
        targets[i] = (struct target){target_path(s, in->items[i].name), in->items[i].path, 0, 0};
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

static bool is_index(const struct settings *s, const char *path)
{
    struct stat a, b;
    return path && s->index && stat(path, &a) == 0 && stat(s->index, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int targets_check_index(const struct settings *s)
{
    const char *path = is_index(s, s->out) ? s->out : NULL;
    for (size_t i = 0; i < s->nargs && !path; i++)
        path = is_index(s, s->args[i]) ? s->args[i] : NULL;
    if (!path)
        return EX_OK;
    say("%s is the folder of the index, which holds neither pages nor results; name another",
        path);
    return EX_USAGE;
}

int targets_check(const struct settings *s, const struct inputs *in)
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
