/* queue_care.c - winnow queue retry and release: files out of quarantine again.
 *
 * One program at a time writes to a spool.  Where a winnowd has it, it is asked; where none
 * has, the lock is taken and the same steps (spool/care.h) are done here, with the rights of
 * the spool's owner: what root would leave there, winnowd could not write to.
 *
 * It goes in groups of CONTROL_IDS, so that winnowd's pages do not wait for a long list:
 *
 *     release: copy_out of each, one syncfs --> retry, release: winnowd, or care.h */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "output.h"
#include "queue_parts.h"
#include "queue_print.h"
#include "queue_talk.h"
#include "say.h"
#include "spool/care.h"
#include "spool/control.h"

struct group {
    const struct entry *entries[CONTROL_IDS];
    char *names[CONTROL_IDS]; /* release: what the copies are called */
    size_t count;
};

struct caring {
    struct queue *queue;
    const char *verb;   /* as winnowd is asked */
    int (*care)(const struct care *c, const uint64_t *ids, size_t count, struct winnow_error *err);
    int to;             /* release: the folder of the copies */
    struct entries entries;
    const struct entry **chosen;
    bool *is_chosen;    /* of entries, by their place */
    size_t nchosen, done, missed, failed;
    int last_code;      /* of what failed */
    struct spool *owned; /* where no winnowd has it; NULL: not yet */
    struct manifest *manifest;
    bool is_root;
    struct group group;
};

/* --- what is meant ---------------------------------------------------------------------------- */

static bool read_id(const char *word, uint64_t *ret)
{
    char *end;
    if (*word < '1' || *word > '9')
        return false;
    errno = 0;
    *ret = strtoull(word, &end, 10);
    return !*end && errno == 0;
}

/* One that is named twice is meant once. */
static void choose(struct caring *c, const struct entry *e)
{
    size_t place = (size_t)(e - c->entries.items);
    if (!c->is_chosen[place])
        c->chosen[c->nchosen++] = e;
    c->is_chosen[place] = true;
}

static int choose_all(struct caring *c)
{
    if (c->queue->settings->nargs != 3) {
        say("all stands alone; name all, or ids");
        return EX_USAGE;
    }
    for (size_t i = 0; i < c->entries.count; i++)
        choose(c, &c->entries.items[i]);
    return EX_OK;
}

static int choose_named(struct caring *c)
{
    const struct settings *s = c->queue->settings;
    uint64_t id;
    for (size_t i = 2; i < s->nargs; i++)
        if (!read_id(s->args[i], &id)) {
            say("%s: neither an id nor all; winnow queue ls %s lists the ids", s->args[i],
                s->args[1]);
            return EX_USAGE;
        }
    for (size_t i = 2; i < s->nargs; i++) {
        const struct entry *e = read_id(s->args[i], &id) ? entries_find(&c->entries, id) : NULL;
        if (e)
            choose(c, e);
        else {
            say("%s: not in quarantine; winnow queue ls %s lists what is", s->args[i], s->args[1]);
            c->missed++;
        }
    }
    return EX_OK;
}

static int choose_entries(struct caring *c)
{
    const struct settings *s = c->queue->settings;
    int code = entries_read(c->queue, true, &c->entries);
    if (code != EX_OK)
        return code;
    entries_sort(&c->entries);
    c->chosen = calloc(c->entries.count + 1, sizeof *c->chosen);
    c->is_chosen = calloc(c->entries.count + 1, sizeof *c->is_chosen);
    if (!c->chosen || !c->is_chosen) {
        say("out of memory; name fewer ids at once");
        return EX_OSERR;
    }
    return strcmp(s->args[2], "all") == 0 ? choose_all(c) : choose_named(c);
}

/* --- what is told of each ---------------------------------------------------------------------- */

static void fail_one(struct caring *c, int code)
{
    c->failed++;
    c->last_code = code;
}

static const char *name_of(const struct caring *c, uint64_t id)
{
    for (size_t i = 0; i < c->group.count; i++)
        if (c->group.entries[i]->id == id)
            return c->group.names[i];
    return NULL;
}

/* path: below drop/; NULL: not told. */
static void say_done(struct caring *c, uint64_t id, const char *path)
{
    const char *name = name_of(c, id);
    c->done++;
    if (c->queue->settings->quiet)
        return;
    printf("%" PRIu64 "  ", id);
    if (name) {
        printf("released: ");
        print_path(c->queue->settings->out);
        putchar('/');
        print_path(name);
    } else if (path && *path) {
        printf("back in drop/: ");
        print_path(path);
    } else
        printf("had no file any more; removed");
    putchar('\n');
}

static void say_failed(struct caring *c, uint64_t id, const char *text)
{
    say("%" PRIu64 ": %s", id, text);
    fail_one(c, EX_IOERR);
}

static void told_here(void *ctx, uint64_t id, int status, const char *text)
{
    if (status == WINNOW_OK)
        say_done(ctx, id, text);
    else
        say_failed(ctx, id, text);
}

static int hex_digit(char c)
{
    const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Undoes %XX where it stands. */
static void unescape(char *s)
{
    char *to = s;
    for (; *s; s++) {
        bool is_escape = *s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0;
        *to++ = is_escape ? (char)(hex_digit(s[1]) << 4 | hex_digit(s[2])) : *s;
        s += is_escape ? 2 : 0;
    }
    *to = '\0';
}

/* A line of winnowd: "<id> done <path>" or "<id> failed <text>". */
static void told_by_winnowd(void *ctx, char *line)
{
    char *rest = NULL, *id_word = strtok_r(line, " ", &rest), *word = strtok_r(NULL, " ", &rest);
    uint64_t id;
    if (!word || !read_id(id_word, &id))
        return;
    if (strcmp(word, "done") != 0) {
        say_failed(ctx, id, rest);
        return;
    }
    unescape(rest);
    say_done(ctx, id, strcmp(rest, "-") == 0 ? "" : rest);
}

/* --- by winnowd --------------------------------------------------------------------------------- */

static int ask_winnowd(struct caring *c)
{
    char request[CONTROL_MOST];
    size_t len = (size_t)snprintf(request, sizeof request, "%s", c->verb);
    for (size_t i = 0; i < c->group.count; i++)
        len += (size_t)snprintf(request + len, sizeof request - len, " %" PRIu64,
                                c->group.entries[i]->id);
    snprintf(request + len, sizeof request - len, "\n");
    return talk(c->queue->spool, request, told_by_winnowd, c);
}

static int append(void *ctx, const struct manifest_entry *entries, size_t count,
                  struct winnow_error *err)
{
    return manifest_append(ctx, entries, count, err);
}

/* --- without a winnowd ------------------------------------------------------------------------- */

/* Takes the rights of whom state/ belongs to, where we are root. */
static int act_as_owner(const struct caring *c)
{
    struct stat st;
    if (!c->is_root || (fstat(c->queue->spool->state, &st) == 0 && setegid(st.st_gid) == 0 &&
                        seteuid(st.st_uid) == 0))
        return EX_OK;
    say("%s: cannot act as its owner: %s; do it as its owner", c->queue->spool->path,
        strerror(errno));
    return EX_NOPERM;
}

static void act_as_root(const struct caring *c)
{
    if (c->is_root && (seteuid(0) != 0 || setegid(0) != 0))
        say("cannot be root again: %s; what follows may fail", strerror(errno));
}

/* Takes the lock, before the first step. */
static int own_spool(struct caring *c, struct winnow_error *err)
{
    int status = c->owned ? WINNOW_OK
                          : spool_open(c->queue->spool->path, SPOOL_OWN, &c->owned, err);
    if (status == WINNOW_OK && !c->manifest)
        status = manifest_open(c->owned->state, &c->manifest, err);
    return status;
}

static int care_here(struct caring *c)
{
    struct winnow_error err = {0};
    uint64_t ids[CONTROL_IDS];
    c->is_root = geteuid() == 0;
    int code = act_as_owner(c);
    if (code != EX_OK)
        return code;
    for (size_t i = 0; i < c->group.count; i++)
        ids[i] = c->group.entries[i]->id;
    int status = own_spool(c, &err);
    const struct care care = {c->owned, append, c->manifest, told_here, c};
    if (status == WINNOW_OK)
        status = c->care(&care, ids, c->group.count, &err);
    act_as_root(c);
    if (status != WINNOW_OK)
        say("%s", err.text);
    return exit_code_of(status);
}

/* --- one group ---------------------------------------------------------------------------------- */

static void clear_group(struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        free(g->names[i]);
    *g = (struct group){0};
}

static void add_to_group(struct caring *c, const struct entry *e)
{
    char *name = NULL;
    if (c->to >= 0 && e->path) {
        int code = copy_out(c->queue, e, c->to, &name);
        if (code != EX_OK) {
            fail_one(c, code);
            return;
        }
    }
    c->group.names[c->group.count] = name;
    c->group.entries[c->group.count++] = e;
}

static int sync_copies(const struct caring *c)
{
    if (c->to < 0 || syncfs(c->to) == 0)
        return EX_OK;
    say("%s: what was copied may not be on the disk: %s; nothing of it was taken out of "
        "quarantine: see to the disk, then release it again",
        c->queue->settings->out, strerror(errno));
    return EX_IOERR;
}

static int care_for_group(struct caring *c)
{
    int code = c->group.count > 0 ? sync_copies(c) : EX_OK;
    if (code == EX_OK && c->group.count > 0)
        code = (c->queue->is_owned ? ask_winnowd : care_here)(c);
    clear_group(&c->group);
    return code;
}

/* --- all ----------------------------------------------------------------------------------------- */

static int care_for_all(struct caring *c)
{
    int code = EX_OK;
    for (size_t i = 0; i < c->nchosen && code == EX_OK; i++) {
        add_to_group(c, c->chosen[i]);
        if (c->group.count == CONTROL_IDS || i + 1 == c->nchosen)
            code = care_for_group(c);
    }
    return code;
}

/* One that failed says why; of several, some are done. */
static int code_of(const struct caring *c)
{
    if (c->failed > 0)
        return c->done > 0 || c->failed > 1 ? 1 : c->last_code;
    return c->missed > 0 ? EX_NOINPUT : EX_OK;
}

static int care(struct caring *c)
{
    int code = choose_entries(c);
    if (code == EX_OK && c->nchosen == 0 && c->missed == 0 && !c->queue->settings->quiet)
        puts("nothing is in quarantine");
    if (code == EX_OK)
        code = care_for_all(c);
    if (code == EX_OK)
        code = code_of(c);
    manifest_close(c->manifest);
    spool_close(c->owned);
    free(c->chosen);
    free(c->is_chosen);
    entries_free(&c->entries);
    return code;
}

int queue_retry(struct queue *q)
{
    struct caring c = {.queue = q, .verb = "retry", .care = spool_retry, .to = -1};
    if (q->settings->out) {
        say("retry puts files back into drop/; leave -o out, or release them");
        return EX_USAGE;
    }
    return care(&c);
}

/* --- the folder of -o ----------------------------------------------------------------------------- */

/* In the spool a copy would be cleaned, or taken for winnowd's own. */
static int refuse_spool(const struct queue *q, int fd)
{
    char link[64], path[PATH_MAX], spool[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    snprintf(link, sizeof link, "/proc/self/fd/%d", q->spool->root);
    ssize_t spool_len = readlink(link, spool, sizeof spool - 1);
    if (len <= 0 || spool_len <= 0 || len < spool_len || memcmp(path, spool, (size_t)spool_len) != 0)
        return EX_OK;
    if (len > spool_len && path[spool_len] != '/')
        return EX_OK;
    say("%s: in the spool; choose a folder outside, or put files back into drop/ with winnow "
        "queue retry",
        q->settings->out);
    return EX_USAGE;
}

static int open_out(const struct queue *q, int *ret)
{
    const char *out = q->settings->out;
    if (!out) {
        say("release takes -o DIR: the folder that the files are copied to");
        return EX_USAGE;
    }
    int made = mkdir(out, 0777);
    int fd = made == 0 || errno == EEXIST ? open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        say("%s: cannot be created: %s; check the folder and its permissions", out,
            strerror(errno));
        return EX_CANTCREAT;
    }
    int code = refuse_spool(q, fd);
    if (code == EX_OK)
        *ret = fd;
    else {
        if (made == 0)
            rmdir(out);
        close(fd);
    }
    return code;
}

int queue_release(struct queue *q)
{
    struct caring c = {.queue = q, .verb = "release", .care = spool_release, .to = -1};
    int code = open_out(q, &c.to);
    if (code != EX_OK)
        return code;
    code = care(&c);
    close(c.to);
    return code;
}
