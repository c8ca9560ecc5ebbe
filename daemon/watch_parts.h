/* watch_parts.h - what the files of watch.c share: the folders, the lanes, the waiting files.
 *
 *      events ----> look at a file --ready--------------------------> given
 *        |              |    ^                                          |
 *        | a folder     |    | due                                      | watch_again
 *        v              v    |                                          v
 *      lanes: list    waiting: new, busy, resting, again <--------------+
 *
 * A folder is known by its inode and by its watch; its path is made from its parents when it
 * is asked for, so that a folder that is renamed takes all below it along. */
#ifndef WINNOW_WATCH_PARTS_H
#define WINNOW_WATCH_PARTS_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "watch.h"

enum {
    MOST_WAITING = 4096, /* files that are seen and not ready */
    MOST_BUSY = MOST_WAITING / 2, /* of them, those that may stay long */
    ROOM_FOR_EVENTS = 64,         /* listings leave so many free */
    NEW_MS = 20,       /* a file that was made: its close comes, or it was linked */
    BUSY_MOST_MS = 30 * 1000,
    AGAIN_MS = 1000,   /* after a claim that failed */
    LATER_MS = 30 * 1000, /* what was missed for want of room is listed again */
    ROOT_MS = 1000,    /* drop/ is missing */
    EVENTS_SIZE = 64 * 1024, /* bytes; two thousand short names */
    LISTED_SIZE = 32 * 1024,
};

#define NEVER INT64_MAX

enum lane_name { LANE_NEW, LANE_OLD, LANES };

struct folder {
    struct folder *parent; /* NULL: drop/ itself */
    struct folder *child, *next, *prev; /* below it; beside it */
    struct folder *next_by_ino, *next_by_wd; /* in a table's bucket */
    struct folder *due_next, *due_prev; /* in a lane's queue */
    char *name;
    uint64_t ino;
    int wd;           /* -1: not watched, listed every poll_ms */
    unsigned scan;    /* the last one that came by */
    unsigned waiting; /* files of it that wait */
    unsigned char lane;
    bool due;    /* stands in the queue of lane */
    bool missed; /* has files that nothing points at; listed after LATER_MS */
};

struct folder_table {
    struct folder **buckets;
    size_t nbuckets; /* a power of two, or 0 */
};

/* A queue of folders to list, and the one that is being listed.  What happens now (a folder
 * that was made or moved in) has its own, and does not stand behind a scan. */
struct lane {
    struct folder *first, *last;
    struct folder *folder; /* NULL: none is being listed */
    int fd;
    size_t at, end; /* bytes of entries */
    _Alignas(struct dirent64) char entries[LISTED_SIZE];
};

enum waiting_kind {
    WAITING_NEW,     /* made a moment ago, not looked at yet */
    WAITING_BUSY,    /* somebody writes; or it changes all the time */
    WAITING_RESTING, /* no lease, or empty: ready if it stays as it is */
    WAITING_AGAIN,   /* could not be claimed */
};

struct waiting {
    struct waiting *next; /* in its bucket */
    struct folder *folder;
    size_t at; /* in the heap */
    int64_t due;
    enum waiting_kind kind;
    unsigned tries;
    uint64_t ino; /* what it was when it was seen last */
    int64_t size;
    struct timespec mtime, ctime;
    char name[];
};

enum timer { TIMER_ROOT, TIMER_SCAN, TIMER_POLL, TIMER_MISSED, TIMERS };

/* What is told once. */
enum trouble {
    TROUBLE_GONE, TROUBLE_POLLED, TROUBLE_INOTIFY, TROUBLE_WATCHES, TROUBLE_FOLDER,
    TROUBLE_FILE, TROUBLE_MOUNT, TROUBLE_LONG, TROUBLE_MEMORY,
};

struct watch {
    char *path;       /* of drop/ */
    const char *base; /* its last part */
    struct watch_settings settings; /* ours */
    watch_told_fn *told;
    void *ctx;
    unsigned troubles; /* bits of enum trouble that were told */
    int64_t now; /* milliseconds, monotonic */
    int64_t timers[TIMERS];

    int root; /* -1: missing */
    dev_t dev;
    uint64_t mount; /* 0: not known */
    bool leases;
    bool renew; /* drop/ is another, or nothing fits any more: begin anew */

    int epoll;   /* stays, while inotify comes and goes */
    int inotify; /* -1: all is polled */
    int beside;  /* the watch of the folder that holds drop/, or -1 */
    size_t events_at, events_end;
    _Alignas(struct inotify_event) char events[EVENTS_SIZE];
    uint64_t overflows;

    struct folder *top; /* drop/ itself, or NULL */
    struct folder_table by_ino, by_wd;
    uint64_t folders, unwatched;
    struct folder *hand; /* the folder that hand_fd is open at, or NULL */
    int hand_fd;

    struct lane lanes[LANES];
    unsigned scan;
    bool scanning, scan_again;

    struct waiting *heap[MOST_WAITING]; /* the first is due first */
    struct waiting *files[MOST_WAITING]; /* buckets */
    size_t nwaiting, nbusy;

    unsigned turn, used; /* whose turn it is, and how much of it is gone */
    char given[PATH_MAX];
    const char *given_at; /* in given */
};

/* What a look at a file says. */
enum seen {
    SEEN_NOTHING, /* gone, or nothing that is cleaned */
    SEEN_READY,
    SEEN_BUSY,
    SEEN_RESTING, /* ready if it rests */
    SEEN_UNKNOWN, /* the machine would not say: later */
};

/* What came of a turn. */
enum turn { TURN_NOTHING, TURN_LOOKED, TURN_READY };

/* --- watch.c */
void watch_tell(struct watch *w, enum trouble what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool watch_ignores(const struct watch *w, const char *name);
void watch_at(struct watch *w, enum timer timer, int64_t when); /* then, if not before */

/* --- watch_root.c */
void root_open(struct watch *w);  /* by its path; told and tried again where it is missing */
void root_close(struct watch *w); /* and all that was known below it */
void root_check(struct watch *w); /* is it still what its path names? */

/* --- watch_folder.c: the records */
/* The record of a folder below parent, made or put right.  NULL: no memory. */
struct folder *folder_put(struct watch *w, struct folder *parent, const char *name, uint64_t ino);
struct folder *folder_by_ino(const struct watch *w, uint64_t ino);
struct folder *folder_by_wd(const struct watch *w, int wd);
void folder_move(struct watch *w, struct folder *f, struct folder *parent, char *name); /* takes */
bool folder_is_below(const struct folder *f, const struct folder *above); /* or is it */
void folder_set_wd(struct watch *w, struct folder *f, int wd);
void folder_drop(struct watch *w, struct folder *f); /* and all below it */
void folder_miss(struct watch *w, struct folder *f); /* list it later */
struct folder *folder_after(const struct folder *f, const struct folder *top); /* parents first */
/* The path of a file of it (name NULL: its own) below drop/, at the end of buf; NULL: too
 * long. */
const char *folder_path(const struct folder *f, const char *name, char buf[PATH_MAX]);

/* --- watch_found.c: folders on the disk */
/* Opens a folder at a path below drop/, part by part, following no link; breaks path. */
int found_walk(const struct watch *w, char *path, int flags);
/* Opens it, and sees that it is still that one: -1 and ENOENT where not. */
int found_open(const struct watch *w, const struct folder *f, int flags);
/* The same, and keeps it open for the next.  -1: it is listed later, or it is not there any
 * more: then the event, or the scan, that tells its new place is still to come. */
int found_hand(struct watch *w, struct folder *f);
bool found_is_gone(int why); /* errno says: not there, or not a folder */
void found_let_go(struct watch *w);
void found_watch(struct watch *w, struct folder *f, int fd); /* by fd, any descriptor of it */
/* A folder with that name stands below parent, at whose descriptor fd is. */
void found_folder(struct watch *w, struct folder *parent, int fd, const char *name,
                  enum lane_name lane, bool moved);

/* --- watch_list.c: listing */
void list_add(struct watch *w, struct folder *f, enum lane_name lane);
void list_below(struct watch *w, struct folder *f, enum lane_name lane); /* it and all below */
void list_forget(struct watch *w, struct folder *f);
void list_all(struct watch *w);   /* a scan: of all that is there */
bool list_waits(const struct watch *w); /* there is something to list, and room for it */
void list_close(struct lane *l);
enum turn list_new(struct watch *w);
enum turn list_old(struct watch *w);
void list_unwatched(struct watch *w);
void list_missed(struct watch *w);

/* --- watch_events.c */
enum turn events_next(struct watch *w);

/* --- watch_look.c: is a file ready? */
enum seen look_file(struct watch *w, int fd, const char *name, struct stat *ret);

/* --- watch_waiting.c */
/* Looks at a file and files it: true: it is ready, and w->given_at is its path. */
bool waiting_look(struct watch *w, struct folder *f, int fd, const char *name);
bool waiting_put(struct watch *w, struct folder *f, const char *name, enum waiting_kind kind,
                 int64_t due);
void waiting_forget(struct watch *w, struct folder *f); /* all files of a folder */
bool waiting_full(const struct watch *w);
enum turn waiting_next(struct watch *w);

#endif
