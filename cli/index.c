/* index.c - winnow index: what an index holds, whether it is sound, and its care. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "findings.h"
#include "index_open.h"
#include "index_verbs.h"
#include "output.h"
#include "say.h"

/* Says what failed, if something did. */
static int code_of(int status, const struct winnow_error *err)
{
    if (status != WINNOW_OK)
        say("%s", err->text);
    return exit_code_of(status);
}

/* --- stat --------------------------------------------------------------------------------- */

/* The figures of an index, in the order in which they are printed. */
#define FIGURES                                                                                    \
    X(documents, "documents")                                                                      \
    X(superseded, "superseded by a more complete copy")                                            \
    X(replaced, "replaced by a newer version")                                                     \
    X(forgotten, "forgotten")                                                                      \
    X(learned, "learned and not cleaned yet")                                                      \
    X(sites, "sites")                                                                              \
    X(fingerprints, "fingerprints")                                                                \
    X(runs, "files of fingerprints")                                                               \
    X(text_files, "files of texts")                                                                \
    X(fingerprint_bytes, "bytes of fingerprints")                                                  \
    X(text_bytes, "bytes of texts")                                                                \
    X(other_bytes, "bytes of all else")

static const struct figure {
    const char *name, *help;
    size_t at; /* in struct winnow_index_stat */
} figures[] = {
#define X(name, help) {#name, help, offsetof(struct winnow_index_stat, name)},
    FIGURES
#undef X
};

enum { FIGURE_COUNT = sizeof figures / sizeof *figures };

static uint64_t figure_of(const struct winnow_index_stat *stat, const struct figure *f)
{
    uint64_t ret;
    memcpy(&ret, (const char *)stat + f->at, sizeof ret);
    return ret;
}

static bool is_bytes(const struct figure *f)
{
    return strncmp(f->help, "bytes", 5) == 0;
}

static void print_table(const struct winnow_index_stat *stat)
{
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        uint64_t n = figure_of(stat, &figures[i]);
        printf("%14" PRIu64 "  %s", n, figures[i].help);
        if (is_bytes(&figures[i]) && stat->documents > 0)
            printf(", %" PRIu64 " a document", n / stat->documents);
        putchar('\n');
    }
}

static void print_json(const struct winnow_index_stat *stat)
{
    for (size_t i = 0; i < FIGURE_COUNT; i++)
        printf("%s\"%s\": %" PRIu64, i ? ", " : "{", figures[i].name,
               figure_of(stat, &figures[i]));
    puts("}");
}

static int index_stat(const struct settings *s)
{
    struct winnow_index *index = NULL;
    struct winnow_index_stat stat = {0};
    struct winnow_error err = {0};
    int code = index_open(s->args[1], true, &index);
    if (code != EX_OK)
        return code;
    code = code_of(winnow_index_stat(index, &stat, &err), &err);
    winnow_index_close(index);
    if (code == EX_OK)
        (s->format == WINNOW_TEXT ? print_table : print_json)(&stat);
    return code;
}

/* --- verify and compact --------------------------------------------------------------------- */

static void print_found(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx;
    print_plain(file, strlen(file));
    printf(":%" PRIu64 ": ", at);
    print_plain(text, strlen(text));
    putchar('\n');
}

static int index_verify(const struct settings *s)
{
    struct winnow_error err = {0};
    size_t problems = 0;
    int code = index_find(s->args[1]);
    if (code == EX_OK)
        code = code_of(winnow_index_verify(s->args[1], print_found, NULL, &problems, &err), &err);
    return code == EX_OK && problems > 0 ? EX_DATAERR : code;
}

static int index_compact(const struct settings *s)
{
    struct winnow_error err = {0};
    int code = index_find(s->args[1]);
    return code == EX_OK
               ? code_of(winnow_index_compact(s->args[1], print_found, NULL, &err), &err)
               : code;
}

/* --- forget --------------------------------------------------------------------------------- */

/* Forgets what is meant by what: a file may be named by any path. */
static int forget(struct winnow_index *index, const char *what, size_t *count,
                  struct winnow_error *err)
{
    int status = winnow_index_forget(index, what, count, err);
    if (status != WINNOW_OK || *count > 0)
        return status;
    char *path = realpath(what, NULL);
    if (path && strcmp(path, what) != 0)
        status = winnow_index_forget(index, path, count, err);
    free(path);
    return status;
}

static int forget_all(const struct settings *s, struct winnow_index *index, size_t *missed)
{
    struct winnow_error err = {0};
    size_t all = 0;
    for (size_t i = 2; i < s->nargs; i++) {
        size_t count = 0;
        int code = code_of(forget(index, s->args[i], &count, &err), &err);
        if (code != EX_OK)
            return code;
        if (count == 0) {
            say("%s: no document of this id, source or URL; records tell their id", s->args[i]);
            (*missed)++;
        }
        all += count;
    }
    int code = all > 0 ? code_of(winnow_index_commit(index, &err), &err) : EX_OK;
    if (code == EX_OK && all > 0 && !s->quiet)
        printf("%zu documents forgotten; winnow index compact takes their texts from the disk\n",
               all);
    return code;
}

static int index_forget(const struct settings *s)
{
    struct winnow_index *index = NULL;
    size_t missed = 0;
    int code = index_find(s->args[1]);
    if (code == EX_OK)
        code = index_open(s->args[1], false, &index);
    if (code == EX_OK)
        code = forget_all(s, index, &missed);
    winnow_index_close(index);
    return code == EX_OK && missed > 0 ? EX_NOINPUT : code;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct verb {
    const char *name;
    int (*run)(const struct settings *s);
    size_t least, most; /* arguments, with the verb */
    const char *usage, *help;
    bool makes_json;
} verbs[] = {
    {"stat", index_stat, 2, 2, "DIR", "what it holds, and how many bytes that takes", true},
    {"verify", index_verify, 2, 2, "DIR", "read all of it: is every byte as it was written?", false},
    {"forget", index_forget, 3, SIZE_MAX, "DIR WHAT...", "documents, by id, source or URL", false},
    {"compact", index_compact, 2, 2, "DIR", "write it anew, without what is dead or damaged", false},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

void index_print_verbs(void)
{
    for (size_t v = 0; v < VERBS; v++)
        printf("  index %-8s %-12s %s\n", verbs[v].name, verbs[v].usage, verbs[v].help);
}

static int run(const struct verb *v, const struct settings *s)
{
    if (s->nargs < v->least || s->nargs > v->most) {
        say("index %s takes %s: %s", v->name, v->usage, v->help);
        return EX_USAGE;
    }
    if (s->format_given && s->format != WINNOW_TEXT && !v->makes_json) {
        say("index %s writes text alone; leave --format out", v->name);
        return EX_USAGE;
    }
    int code = v->run(s);
    return output_end() == EX_OK ? code : EX_IOERR;
}

int command_index(const struct settings *s)
{
    for (size_t v = 0; s->nargs > 0 && v < VERBS; v++)
        if (strcmp(s->args[0], verbs[v].name) == 0)
            return run(&verbs[v], s);
    say("index takes stat, verify, forget or compact, and the folder of an index; "
        "winnow index --help says more");
    return EX_USAGE;
}
