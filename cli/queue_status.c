/* queue_status.c - winnow queue status: does a winnowd run, how much waits, how much room is
 * left. */
#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <time.h>

#include "queue_parts.h"
#include "queue_print.h"
#include "queue_talk.h"
#include "say.h"

/* --- folders -------------------------------------------------------------------------------- */

/* <name>.url beside <name>: it goes where that goes. */
static bool is_sidecar(const FTSENT *f)
{
    char name[PATH_MAX];
    struct stat st;
    size_t len = strlen(f->fts_accpath);
    if (f->fts_namelen <= 4 || len >= sizeof name ||
        strcmp(f->fts_accpath + len - 4, ".url") != 0)
        return false;
    memcpy(name, f->fts_accpath, len - 4);
    name[len - 4] = '\0';
    return lstat(name, &st) == 0;
}

/* The time of the last change: that of the content is often the server's. */
static void tally_file(const FTSENT *f, struct tally *t)
{
    if (is_sidecar(f))
        return;
    t->files++;
    t->bytes += (uint64_t)f->fts_statp->st_size;
    if (t->oldest == 0 || f->fts_statp->st_ctime < t->oldest)
        t->oldest = f->fts_statp->st_ctime;
}

/* A folder that went while it was read is none any more. */
static int tally_walk(FTS *walk, int level, struct tally *t)
{
    for (FTSENT *f; (errno = 0, f = fts_read(walk)) != NULL;) {
        if (f->fts_info == FTS_F && f->fts_level >= level)
            tally_file(f, t);
        else if ((f->fts_info == FTS_DNR || f->fts_info == FTS_ERR) && f->fts_errno != ENOENT) {
            errno = f->fts_errno;
            return -1;
        }
    }
    return errno == 0 ? 0 : -1;
}

int tally_folder(const struct queue *q, const char *name, struct tally *ret)
{
    char *path = NULL;
    struct tally t = {0};
    if (asprintf(&path, "%s/%s", q->spool->path, name) < 0) {
        say("out of memory; free some, then try again");
        return EX_OSERR;
    }
    FTS *walk = fts_open((char *[]){path, NULL}, FTS_PHYSICAL | FTS_XDEV, NULL);
    /* <id>/in/<path>: what lies beside in/ is ours. */
    bool is_read = walk && tally_walk(walk, strcmp(name, "drop") == 0 ? 1 : 3, &t) == 0;
    if (!is_read)
        say("%s: cannot be read: %s; check its permissions", path, strerror(errno));
    if (walk)
        fts_close(walk);
    free(path);
    if (is_read)
        *ret = t;
    return is_read ? EX_OK : EX_IOERR;
}

/* --- what is told ---------------------------------------------------------------------------- */

static const char *const folders[] = {"drop", "work", "quarantine"};

enum { FOLDERS = sizeof folders / sizeof *folders };

struct figures {
    struct tally tallies[FOLDERS];
    uint64_t free_bytes, free_inodes;
    bool runs;
    char **told; /* "name value", as winnowd says it */
    size_t ntold;
};

static void add_told(void *ctx, char *line)
{
    struct figures *f = ctx;
    char **told = reallocarray(f->told, f->ntold + 1, sizeof *told);
    if (!told)
        return;
    f->told = told;
    if ((told[f->ntold] = strdup(line)) != NULL)
        f->ntold++;
}

static int read_figures(const struct queue *q, struct figures *f)
{
    struct statvfs st;
    if (fstatvfs(q->spool->root, &st) != 0) {
        say("%s: its file system tells nothing: %s; check the disk", q->spool->path,
            strerror(errno));
        return EX_IOERR;
    }
    f->free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    f->free_inodes = st.f_favail;
    for (size_t i = 0; i < FOLDERS; i++) {
        int code = tally_folder(q, folders[i], &f->tallies[i]);
        if (code != EX_OK)
            return code;
    }
    return EX_OK;
}

/* --- for people ------------------------------------------------------------------------------ */

static void print_text(const struct queue *q, const struct figures *f)
{
    char words[32];
    int64_t now = time(NULL);
    puts(f->runs       ? "winnowd runs"
         : q->is_owned ? "winnowd has the spool, and does not answer"
                       : "no winnowd has the spool");
    for (size_t i = 0; i < FOLDERS; i++) {
        const struct tally *t = &f->tallies[i];
        printf("%-10s  %" PRIu64 " files, %s", folders[i], t->files, size_words(t->bytes, words));
        if (t->files > 0)
            printf(", the oldest for %s", age_words(now - t->oldest, words));
        putchar('\n');
    }
    printf("%-10s  %s, %" PRIu64 " inodes\n", "free", size_words(f->free_bytes, words),
           f->free_inodes);
    for (size_t i = 0; i < f->ntold; i++) {
        print_words(f->told[i]);
        putchar('\n');
    }
}

/* --- for programs ---------------------------------------------------------------------------- */

/* A number as JSON has them: no sign but "-", no empty part, nothing behind it. */
static bool is_json_number(const char *s)
{
    s += *s == '-';
    size_t whole = strspn(s, "0123456789");
    if (whole == 0 || (whole > 1 && *s == '0'))
        return false;
    s += whole;
    if (*s == '.') {
        size_t part = strspn(++s, "0123456789");
        if (part == 0)
            return false;
        s += part;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        size_t power = strspn(s, "0123456789");
        if (power == 0)
            return false;
        s += power;
    }
    return !*s;
}

static void print_told(const struct figures *f)
{
    for (size_t i = 0; i < f->ntold; i++) {
        char *blank = strrchr(f->told[i], ' ');
        const char *value = blank ? blank + 1 : "";
        if (blank)
            *blank = '\0';
        fputs(i ? ", " : "", stdout);
        print_json_string(f->told[i]);
        fputs(": ", stdout);
        (is_json_number(value) ? (void)fputs(value, stdout) : print_json_string(value));
    }
}

static void print_json(const struct queue *q, const struct figures *f)
{
    int64_t now = time(NULL);
    printf("{\"runs\": %s, \"owned\": %s", f->runs ? "true" : "false",
           q->is_owned ? "true" : "false");
    for (size_t i = 0; i < FOLDERS; i++) {
        const struct tally *t = &f->tallies[i];
        printf(", \"%s\": {\"files\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"oldest\": %" PRId64 "}",
               folders[i], t->files, t->bytes, t->files > 0 ? now - t->oldest : 0);
    }
    printf(", \"free_bytes\": %" PRIu64 ", \"free_inodes\": %" PRIu64 ", \"winnowd\": {",
           f->free_bytes, f->free_inodes);
    print_told(f);
    puts("}}");
}

int queue_status(struct queue *q)
{
    struct figures f = {0};
    int asked = q->is_owned ? talk(q->spool, "status\n", add_told, &f) : EX_UNAVAILABLE;
    int code = read_figures(q, &f);
    f.runs = asked == EX_OK;
    if (code == EX_OK)
        (q->settings->format == WINNOW_TEXT ? print_text : print_json)(q, &f);
    for (size_t i = 0; i < f.ntold; i++)
        free(f.told[i]);
    free(f.told);
    return code == EX_OK ? asked : code;
}
