/* watch.c - takes turns: what inotify says, what waited long enough, what a listing finds.
 *
 * 1. No turn is long: a call looks at LOOKS names at most.
 * 2. Events go first, so that a file that is dropped now does not stand behind a hundred
 *    thousand old ones; but every source has its share, so that none starves.
 * 3. Nothing to do is no turn at all: between events there are only the timers that a file
 *    or a setting asks for. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fault.h"
#include "watch_parts.h"

enum { LOOKS = 128 };

static const struct source {
    enum turn (*next)(struct watch *w);
    unsigned share; /* looks in a row */
} sources[] = {
    {events_next, 16},
    {waiting_next, 8},
    {list_new, 8},
    {list_old, 4},
};

enum { SOURCES = sizeof sources / sizeof *sources };

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void watch_tell(struct watch *w, enum trouble what, const char *format, ...)
{
    char text[sizeof((struct winnow_error *)0)->text];
    va_list args;

    if (w->troubles & (1u << what))
        return;
    w->troubles |= 1u << what;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (w->told)
        w->told(w->ctx, text);
}

/* --- settings */

static void settings_free(struct watch_settings *s)
{
    for (size_t i = 0; i < s->nignore; i++)
        free((char *)s->ignore[i]);
    free((char **)s->ignore);
    *s = (struct watch_settings){0};
}

static bool settings_copy(const struct watch_settings *s, struct watch_settings *ret)
{
    struct watch_settings copy = *s;
    char **ignore = calloc(s->nignore + 1, sizeof *ignore);

    copy.ignore = (const char *const *)ignore;
    copy.nignore = 0;
    while (ignore && copy.nignore < s->nignore) {
        if (!(ignore[copy.nignore] = strdup(s->ignore[copy.nignore]))) {
            settings_free(&copy);
            return false;
        }
        copy.nignore++;
    }
    if (ignore)
        *ret = copy;
    return ignore != NULL;
}

static bool is_same_watch(const struct watch_settings *a, const struct watch_settings *b)
{
    if (a->always_poll != b->always_poll || a->nignore != b->nignore)
        return false;
    for (size_t i = 0; i < a->nignore; i++)
        if (strcmp(a->ignore[i], b->ignore[i]) != 0)
            return false;
    return true;
}

bool watch_ignores(const struct watch *w, const char *name)
{
    for (size_t i = 0; i < w->settings.nignore; i++)
        if (fnmatch(w->settings.ignore[i], name, 0) == 0)
            return true;
    return false;
}

void watch_set(struct watch *w, const struct watch_settings *settings)
{
    struct watch_settings copy;

    if (!settings_copy(settings, &copy)) {
        watch_tell(w, TROUBLE_MEMORY,
                   "%s: no memory for new settings: the old ones stay; free some memory, then "
                   "reload", w->path);
        return;
    }
    w->now = clock_ms();
    w->renew |= !is_same_watch(&w->settings, &copy);
    settings_free(&w->settings);
    w->settings = copy;
    if (!w->scanning)
        w->timers[TIMER_SCAN] =
            copy.rescan_s ? w->now + (int64_t)copy.rescan_s * 1000 : NEVER;
    if (w->timers[TIMER_POLL] != NEVER)
        w->timers[TIMER_POLL] = w->now + copy.poll_ms;
}

/* --- timers */

static void ring_scan(struct watch *w)
{
    root_check(w);
    list_all(w);
}

static void (*const rings[TIMERS])(struct watch *w) = {
    [TIMER_ROOT] = root_check,
    [TIMER_SCAN] = ring_scan,
    [TIMER_POLL] = list_unwatched,
    [TIMER_MISSED] = list_missed,
};

void watch_at(struct watch *w, enum timer timer, int64_t when)
{
    if (when < w->timers[timer])
        w->timers[timer] = when;
}

static void ring_timers(struct watch *w)
{
    for (int i = 0; i < TIMERS; i++) {
        if (w->timers[i] > w->now)
            continue;
        w->timers[i] = NEVER;
        rings[i](w);
    }
}

int watch_timeout(const struct watch *w)
{
    int64_t first = w->nwaiting ? w->heap[0]->due : NEVER, now = clock_ms();

    if (w->renew || w->events_at < w->events_end || list_waits(w))
        return 0;
    for (int i = 0; i < TIMERS; i++)
        if (w->timers[i] < first)
            first = w->timers[i];
    if (first == NEVER)
        return -1;
    if (first <= now)
        return 0;
    return first - now < INT_MAX ? (int)(first - now) : INT_MAX;
}

/* --- turns */

static void pass_turn(struct watch *w)
{
    w->turn = (w->turn + 1) % SOURCES;
    w->used = 0;
}

static void begin_look(struct watch *w)
{
    w->now = clock_ms();
    if (w->renew) {
        root_close(w);
        root_open(w);
    }
    ring_timers(w);
}

/* TURN_NOTHING: every source was asked, and had nothing. */
static enum turn take_turns(struct watch *w)
{
    for (unsigned looks = 0, idle = 0; looks < LOOKS;) {
        begin_look(w);
        const struct source *s = &sources[w->turn];
        enum turn came = s->next(w);
        if (came == TURN_NOTHING || ++w->used >= s->share)
            pass_turn(w);
        idle = came == TURN_NOTHING ? idle + 1 : 0;
        looks += came != TURN_NOTHING;
        if (came == TURN_READY || idle == SOURCES)
            return came;
    }
    return TURN_LOOKED;
}

bool watch_next(struct watch *w, const char **ret_path, bool *more)
{
    enum turn came = take_turns(w);

    if (came == TURN_READY)
        *ret_path = w->given_at;
    *more = came != TURN_NOTHING || watch_timeout(w) == 0;
    return came == TURN_READY;
}

static struct folder *folder_at(struct watch *w, char *path)
{
    struct stat st;
    int fd = found_walk(w, path, O_PATH);

    if (fd < 0)
        return NULL;
    bool is_known = fstat(fd, &st) == 0 && st.st_dev == w->dev;
    close(fd);
    return is_known ? folder_by_ino(w, st.st_ino) : NULL;
}

void watch_again(struct watch *w, const char *path)
{
    char copy[PATH_MAX];
    size_t len = strlen(path);

    if (!w->top || len >= sizeof copy)
        return;
    memcpy(copy, path, len + 1);
    char *slash = strrchr(copy, '/');
    if (slash)
        *slash = '\0';
    struct folder *f = slash ? folder_at(w, copy) : w->top;
    w->now = clock_ms();
    if (f)
        waiting_put(w, f, slash ? slash + 1 : copy, WAITING_AGAIN, w->now + AGAIN_MS);
}

void watch_rescan(struct watch *w)
{
    root_check(w);
    list_all(w);
}

/* --- beginning and end */

int watch_root(const struct watch *w)
{
    return w->root;
}

int watch_fd(const struct watch *w)
{
    return w->epoll;
}

void watch_counts(const struct watch *w, uint64_t *waiting, uint64_t *folders, uint64_t *overflows)
{
    *waiting = w->nwaiting;
    *folders = w->folders;
    *overflows = w->overflows;
}

static bool set_path(struct watch *w, const char *path)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    if (!(w->path = strndup(path, len)))
        return false;
    char *slash = strrchr(w->path, '/');
    w->base = slash ? slash + 1 : w->path;
    return true;
}

int watch_new(const char *drop_path, const struct watch_settings *settings, watch_told_fn *told,
              void *ctx, struct watch **ret, struct winnow_error *err)
{
    struct watch *w = calloc(1, sizeof *w);

    if (!w)
        return fault_nomem(err);
    w->root = w->epoll = w->inotify = w->beside = -1;
    w->told = told;
    w->ctx = ctx;
    for (int i = 0; i < TIMERS; i++)
        w->timers[i] = NEVER;
    if (!set_path(w, drop_path) || !settings_copy(settings, &w->settings)) {
        watch_free(w);
        return fault_nomem(err);
    }
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll < 0) {
        int status = fault_errno(err, "raise LimitNOFILE= of the unit", "%s: epoll", drop_path);
        watch_free(w);
        return status;
    }
    w->now = clock_ms();
    root_open(w);
    *ret = w;
    return WINNOW_OK;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    root_close(w);
    if (w->epoll >= 0)
        close(w->epoll);
    free(w->by_ino.buckets);
    free(w->by_wd.buckets);
    settings_free(&w->settings);
    free(w->path);
    free(w);
}
