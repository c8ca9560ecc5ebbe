/* queue.c - winnow queue: what a spool of winnowd holds, and its care. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "commands.h"
#include "output.h"
#include "queue_parts.h"
#include "queue_print.h"
#include "queue_talk.h"
#include "queue_verbs.h"
#include "say.h"
#include "spool/fsck.h"

/* --- flush ---------------------------------------------------------------------------------- */

static int queue_flush(struct queue *q)
{
    if (q->is_owned)
        return talk(q->spool, "flush\n", NULL, NULL);
    say("%s: no winnowd has the spool; start one, which looks at all of drop/ first",
        q->spool->path);
    return EX_UNAVAILABLE;
}

/* --- fsck ----------------------------------------------------------------------------------- */

static void print_found(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)ctx;
    print_path(file);
    printf(":%" PRIu64 ": ", at);
    print_words(text);
    putchar('\n');
}

static void print_found_json(void *ctx, const char *file, uint64_t at, const char *text)
{
    bool *any = ctx;
    fputs(*any ? ",\n{\"file\": " : "\n{\"file\": ", stdout);
    print_json_string(file);
    printf(", \"at\": %" PRIu64 ", \"text\": ", at);
    print_json_string(text);
    putchar('}');
    *any = true;
}

static int queue_fsck(struct queue *q)
{
    bool is_json = q->settings->format == WINNOW_JSON, any = false;
    struct winnow_error err = {0};
    size_t problems = 0;
    if (is_json)
        fputs("{\"findings\": [", stdout);
    int status = spool_fsck(q->spool, q->is_owned, is_json ? print_found_json : print_found, &any,
                            &problems, &err);
    if (is_json)
        printf("], \"problems\": %zu}\n", problems);
    if (status != WINNOW_OK)
        say("%s", err.text);
    return status != WINNOW_OK ? exit_code_of(status) : problems > 0 ? EX_DATAERR : EX_OK;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct verb {
    const char *name;
    int (*run)(struct queue *q);
    size_t least, most; /* arguments, with the verb */
    const char *usage, *help;
    bool makes_json, takes_out;
} verbs[] = {
    {"ls", queue_ls, 2, 2, "SPOOL", "what waits, is in work, is in quarantine and why", true, false},
    {"status", queue_status, 2, 2, "SPOOL", "does a winnowd run, how much waits, how much room",
     true, false},
    {"retry", queue_retry, 3, SIZE_MAX, "SPOOL ID...|all", "from quarantine back into drop/", false,
     true},
    {"release", queue_release, 3, SIZE_MAX, "-o DIR SPOOL ID...|all", "out of quarantine into DIR",
     false, true},
    {"flush", queue_flush, 2, 2, "SPOOL", "look at all of drop/ now, retry what waits", false,
     false},
    {"fsck", queue_fsck, 2, 2, "SPOOL", "does all of it fit together?", true, false},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

void queue_print_verbs(void)
{
    for (size_t v = 0; v < VERBS; v++)
        printf("  queue %-8s %-22s  %s\n", verbs[v].name, verbs[v].usage, verbs[v].help);
}

/* --- the spool ------------------------------------------------------------------------------ */

static int find_spool(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        say("%s: %s; name the spool of a winnowd", path, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        say("%s: not a folder; name the spool of a winnowd", path);
    else if (access(path, R_OK | X_OK) != 0) {
        say("%s: %s; do it as its owner, as one of its group, or as root", path, strerror(errno));
        return EX_NOPERM;
    } else
        return EX_OK;
    return EX_NOINPUT;
}

/* A folder that another program made has none of these. */
static int check_folders(const struct spool *s)
{
    static const char *const names[] = {"drop", "work", "quarantine", "state"};
    const int fds[] = {s->drop, s->work, s->quarantine, s->state};
    struct stat st;
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            continue;
        bool is_there = fstatat(s->root, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0;
        say(is_there ? "%s/%s: cannot be opened; do it as its owner, as one of its group, or as root"
                     : "%s/%s: not there, so this is no spool; name the spool of a winnowd",
            s->path, names[i]);
        return is_there ? EX_NOPERM : EX_NOINPUT;
    }
    return EX_OK;
}

static int open_queue(const struct settings *s, struct queue *ret)
{
    struct winnow_error err = {0};
    int code = find_spool(s->args[1]);
    if (code != EX_OK)
        return code;
    errno = 0;
    int status = spool_open(s->args[1], SPOOL_LOOK, &ret->spool, &err);
    if (status != WINNOW_OK) {
        bool is_forbidden = errno == EACCES;
        say("%s", err.text);
        return is_forbidden             ? EX_NOPERM
               : status == WINNOW_EUSAGE ? EX_NOINPUT
                                         : exit_code_of(status);
    }
    ret->settings = s;
    ret->is_owned = spool_is_owned(ret->spool);
    return EX_OK;
}

static int run_opened(const struct verb *v, const struct settings *s)
{
    struct queue q = {0};
    int code = open_queue(s, &q);
    if (code == EX_OK && v->run != queue_fsck) /* it tells of folders that are missing */
        code = check_folders(q.spool);
    if (code == EX_OK)
        code = v->run(&q);
    spool_close(q.spool);
    return output_end() == EX_OK ? code : EX_IOERR;
}

static int run(const struct verb *v, const struct settings *s)
{
    if (s->nargs < v->least || s->nargs > v->most) {
        say("queue %s takes %s: %s", v->name, v->usage, v->help);
        return EX_USAGE;
    }
    if (s->format == WINNOW_JSONL || (s->format == WINNOW_JSON && !v->makes_json)) {
        say("queue %s writes %s; mend --format, or leave it out", v->name,
            v->makes_json ? "text or json" : "text alone");
        return EX_USAGE;
    }
    if (s->out && !v->takes_out) {
        say("queue %s writes to no folder; leave -o out", v->name);
        return EX_USAGE;
    }
    return run_opened(v, s);
}

int command_queue(const struct settings *s)
{
    for (size_t v = 0; s->nargs > 0 && v < VERBS; v++)
        if (strcmp(s->args[0], verbs[v].name) == 0)
            return run(&verbs[v], s);
    say("queue takes ls, status, retry, release, flush or fsck, and a spool; winnow queue --help "
        "says more");
    return EX_USAGE;
}
