/* notify.c - what winnowd tells systemd and the journal; standard error where there is none.
 *
 * A name may hold any byte, and is part of messages.  So nothing that is sent has a control
 * character in it: a newline in a status line would be one more assignment to the service
 * manager, one on standard error a forged line of the log. */
#include "notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "shown.h"

enum { MESSAGE_MOST = 4096, FIELD_MOST = 4096 + 32, FIELDS_MOST = 8 };

static const struct level {
    const char *word; /* on standard error */
    int priority;     /* of syslog(3) */
} levels[] = {
    [NOTIFY_ERROR] = {"error: ", 3},
    [NOTIFY_WARNING] = {"warning: ", 4},
    [NOTIFY_INFO] = {"", 6},
    [NOTIFY_FILE] = {"", 6},
};

/* The ids are this program's own; winnowd(8) names them. */
static const struct event {
    enum notify_level level;
    const char *message_id;
} events[NOTIFY_EVENTS] = {
    [NOTIFY_STARTED] = {NOTIFY_INFO, "c78a711afa39488bb25aa91e7a737518"},
    [NOTIFY_STOPPED] = {NOTIFY_INFO, "b56f511f2a17410484c9444cee9269b8"},
    [NOTIFY_QUARANTINED] = {NOTIFY_WARNING, "eca237f4a2244a0c93614052ba3fcfe3"},
    [NOTIFY_DISK_FULL] = {NOTIFY_WARNING, "11afa13cf92348449da19208e2605d34"},
    [NOTIFY_DISK_FREE] = {NOTIFY_INFO, "ac445d7a29134ad6aecb62d53c8f4995"},
    [NOTIFY_RELOADED] = {NOTIFY_INFO, "e2aefe3a3da4445e864587d5a7a4efc4"},
    [NOTIFY_RELOAD_FAILED] = {NOTIFY_ERROR, "936d9af0d20e4d598ee3db87e6a1f636"},
    [NOTIFY_COMMIT_FAILED] = {NOTIFY_ERROR, "ef0b2318d7184a6c867c90e7dd54de11"},
};

/* Messages come from any thread, also while a reload changes this. */
static struct {
    _Atomic unsigned log_level;
    _Atomic bool to_journal;
} notify = {NOTIFY_INFO, false};

/* Is standard error the stream that systemd has given us?  It may be sent elsewhere since. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat info;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &info) == 0 && info.st_dev == device && info.st_ino == inode;
}

void notify_begin(unsigned log_level)
{
    notify.log_level = log_level;
    notify.to_journal = is_journal();
}

/* --- messages ------------------------------------------------------------------------------ */

struct fields {
    struct iovec parts[FIELDS_MOST];
    int count;
    char bytes[FIELDS_MOST][FIELD_MOST];
};

static void add_field(struct fields *f, const char *name, const char *value)
{
    if (!value || f->count == FIELDS_MOST)
        return;
    char *to = f->bytes[f->count];
    int len = snprintf(to, FIELD_MOST, "%s=%s", name, value);
    f->parts[f->count++] =
        (struct iovec){to, len < FIELD_MOST ? (size_t)len : (size_t)FIELD_MOST - 1};
}

/* false: the journal did not take it. */
static bool send_to_journal(int priority, const char *message_id, const struct notify_file *file,
                            const char *message)
{
    struct fields f = {.count = 0};
    char number[24];
    add_field(&f, "MESSAGE", message);
    snprintf(number, sizeof number, "%d", priority);
    add_field(&f, "PRIORITY", number);
    add_field(&f, "SYSLOG_IDENTIFIER", "winnowd");
    add_field(&f, "MESSAGE_ID", message_id);
    if (file && file->id) {
        snprintf(number, sizeof number, "%" PRIu64, file->id);
        add_field(&f, "WINNOW_ID", number);
    }
    if (file) {
        add_field(&f, "WINNOW_PATH", file->path);
        add_field(&f, "WINNOW_OUT", file->out);
        add_field(&f, "WINNOW_KIND", file->kind);
    }
    return sd_journal_sendv(f.parts, f.count) == 0;
}

/* One write a line: lines of the workers cannot come in between. */
static void send_to_stderr(enum notify_level level, const char *message)
{
    char line[MESSAGE_MOST + 32];
    int len = snprintf(line, sizeof line, "winnowd: %s%s\n", levels[level].word, message);
    const char *p = line;
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, p, (size_t)len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody is there who could be told */
        p += n;
        len -= (int)n;
    }
}

static void say(enum notify_level level, const char *message_id, const struct notify_file *file,
                const char *format, va_list args)
{
    char plain[MESSAGE_MOST], safe[MESSAGE_MOST], path[1024];
    int why = errno; /* a message changes nothing for the caller */
    if (level > notify.log_level)
        return;
    size_t at = 0;
    if (file && file->path)
        at = (size_t)snprintf(plain, sizeof plain, "%s: ",
                              shown(file->path, strlen(file->path), path, sizeof path));
    vsnprintf(plain + at, sizeof plain - at, format, args);
    shown(plain, strlen(plain), safe, sizeof safe);
    if (!notify.to_journal || !send_to_journal(levels[level].priority, message_id, file, safe))
        send_to_stderr(level, safe);
    errno = why;
}

void notify_say(enum notify_level level, const struct notify_file *file, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(level, NULL, file, format, args);
    va_end(args);
}

void notify_event(enum notify_event event, const struct notify_file *file, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(events[event].level, events[event].message_id, file, format, args);
    va_end(args);
}

/* --- the service manager: without one these do nothing ---------------------------------------- */

void notify_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                     (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void notify_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

void notify_status(const char *format, ...)
{
    char plain[512], safe[512];
    va_list args;
    va_start(args, format);
    vsnprintf(plain, sizeof plain, format, args);
    va_end(args);
    (void)sd_notifyf(0, "STATUS=%s", shown(plain, strlen(plain), safe, sizeof safe));
}

int notify_watchdog_ms(void)
{
    uint64_t usec;
    if (sd_watchdog_enabled(0, &usec) <= 0)
        return -1;
    uint64_t ms = usec / 2000;
    return ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

void notify_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}
