/* notify.h - what winnowd tells systemd and the journal; standard error where there is none.
 *
 * A message about a file is "PATH: text".  It goes to the journal with fields (WINNOW_ID,
 * WINNOW_PATH, WINNOW_OUT, WINNOW_KIND; MESSAGE_ID for those an administrator filters by),
 * where standard error is the journal's; else as one line to standard error.  Control
 * characters are escaped in messages; fields hold a name's bytes as they are.
 *
 * Messages may come from any thread; all else is for one. */
#ifndef WINNOW_NOTIFY_H
#define WINNOW_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

enum notify_level { NOTIFY_ERROR, NOTIFY_WARNING, NOTIFY_INFO, NOTIFY_FILE };

/* About one file; all may be 0 or NULL. */
struct notify_file {
    uint64_t id;
    const char *path, *out, *kind;
};

/* What an administrator filters by: each has its level and its MESSAGE_ID (notify.c). */
enum notify_event {
    NOTIFY_STARTED, NOTIFY_STOPPED, NOTIFY_QUARANTINED, NOTIFY_DISK_FULL, NOTIFY_DISK_FREE,
    NOTIFY_RELOADED, NOTIFY_RELOAD_FAILED, NOTIFY_COMMIT_FAILED,
    NOTIFY_EVENTS,
};

/* log_level as in struct config: messages of a higher level are not told.  May be called
 * again. */
void notify_begin(unsigned log_level);
void notify_say(enum notify_level level, const struct notify_file *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void notify_event(enum notify_event event, const struct notify_file *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void notify_ready(void);
void notify_reloading(void); /* with MONOTONIC_USEC, as Type=notify-reload asks */
void notify_stopping(void);
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Milliseconds between two signs of life: half of what systemd wants; -1: it wants none. */
int notify_watchdog_ms(void);
void notify_alive(void);

#endif
