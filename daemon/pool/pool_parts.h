/* pool_parts.h - what the owner's side of the pool shares among its files.
 *
 *   pool.c        the public functions, and the step
 *   pool_plan.c   settings, kept
 *   pool_nest.c   nurseries: started, heard, replaced
 *   pool_job.c    pages: added, judged, ended
 *   pool_read.c   what a worker writes
 *
 * A page:
 *
 *        job_new                BORN              DONE         ENDED and end of its bytes
 *   (added) ----> [unborn] ----------> [running] ------> [done] ------> calls.done, job_finish
 *                     |  UNBORN          |   ^  pool_answer  |
 *                     |              ASK v   |               |
 *                     |             [waiting]                |
 *                     |                  |                   |
 *                     +---- job_judge: killed, whatever it says later --> ENDED --> ...
 *
 * A nursery ("nest" here: what its owner has of it):
 *
 *   nest_start --> [starting] -- READY --> [ready] -- pool_reload's is ready --> [retired]
 *                      |                      |                                     |
 *                      +---- nest_lose -------+                    its last page ---+ */
#ifndef WINNOW_POOL_PARTS_H
#define WINNOW_POOL_PARTS_H

#include <stdint.h>
#include <sys/types.h>

#include "fault.h"
#include "pool/frame.h"
#include "pool/pool.h"
#include "pool/post.h"
#include "pool/terms.h"

/* A descriptor that epoll watches; fd -1: closed meanwhile. */
struct source {
    int fd;
    void (*ready)(struct source *s, uint32_t events);
};

/* Settings, kept. */
struct plan {
    char *program;
    struct terms terms; /* its strings belong to the plan */
    unsigned workers, timeout_ms;
};

enum nest_state {
    NEST_STARTING,
    NEST_READY,
    NEST_RETIRED, /* no new pages */
    NEST_GONE,
};

struct nest {
    struct source control;
    struct pool *pool;
    struct plan *plan; /* its own */
    struct nest *next;
    pid_t pid;
    enum nest_state state;
    size_t jobs;
    bool said_why; /* it cannot start, and another try is not expected to help */
    uint64_t started_us;
    struct rule_errors errors; /* of its rule files */
};

/* How a page counts: enough run at a time, whatever waits or takes long. */
enum standing {
    RUNNING,
    LONG,
    WAITING, /* for an answer */
    STANDINGS,
};

struct pool_job {
    struct source socket, pidfd;
    struct pool *pool;
    struct nest *nest;
    struct pool_job *next, *prev;
    void *context;
    uint64_t id;
    unsigned wanted;
    size_t posted; /* bytes of its message, until it is born */

    bool born, asked, done, ended, orphan, over;
    bool to_stop; /* at the next step */
    bool judged; /* end and text are decided, whatever comes */
    enum pool_end end;
    int wait_status;
    struct pool_result result;
    char text[sizeof((struct winnow_error *)0)->text];

    enum standing standing;
    uint64_t added_us;
    uint64_t since_us, ran_us; /* runs since then, and ran before: waiting does not count */
    uint64_t due_us;           /* when to look again; 0: nothing is due */

    unsigned char *in; /* bytes that make no whole frame yet */
    size_t in_len, in_room;
    unsigned char *out; /* of an answer, what the socket did not take */
    size_t out_len, out_sent;

    unsigned part; /* the frame type of the last piece */
    size_t took[FRAME_PARTS];
    unsigned questions;
};

struct pool {
    struct pool_calls calls;
    void *ctx;
    int epoll;
    struct source timer;
    uint64_t armed_us; /* 0: the timer stands still */
    bool ticked;

    struct plan *plan;    /* of the nursery that is, or is to be, current */
    struct nest *nests;   /* all, but for those that are gone */
    struct nest *current; /* NULL: to be started at retry_us */
    struct nest *coming;  /* of pool_reload */
    struct nest *gone;    /* freed at the end of the step */

    struct pool_job *first, *last, *over;
    size_t count, standing[STANDINGS], unborn_bytes;
    uint64_t next_id;

    unsigned failures; /* starts in a row */
    uint64_t retry_us;
    bool failed; /* error is to be told */
    struct winnow_error error;
    unsigned char room[POST_MOST];
};

uint64_t now_us(void);
void pool_arm(struct pool *p, uint64_t due_us); /* wakes the step then, at the latest */
int pool_watch(struct pool *p, struct source *s, uint32_t events);
void source_close(struct source *s);

/* pool_plan.c */
WINNOW_CHECK int plan_new(const struct pool_settings *settings, struct plan **ret,
                          struct winnow_error *err);
struct plan *plan_copy(const struct plan *plan); /* NULL: no memory */
void plan_free(struct plan *plan);

/* pool_nest.c */
WINNOW_CHECK int nest_start(struct pool *p, const struct plan *plan,
                            const struct rule_errors *known, struct nest **ret,
                            struct winnow_error *err);
void nest_lose(struct nest *n, const struct winnow_error *why); /* its pages end as STOPPED */
void nest_leave(struct nest *n);                                /* where it has no page left */
void nest_end(struct nest *n);                                  /* kills it, and no more */
uint64_t nests_tick(struct pool *p, uint64_t now); /* when to come again; 0: no need */

/* pool_job.c */
WINNOW_CHECK int job_new(struct pool *p, const struct pool_page *page, void *context,
                         struct pool_job **ret, struct winnow_error *err);
struct pool_job *job_find(const struct pool *p, uint64_t id);
void job_born(struct pool_job *j, int pidfd); /* takes the descriptor */
void job_ended(struct pool_job *j, int wait_status);
void job_orphan(struct pool_job *j); /* its nursery is gone */
void job_judge(struct pool_job *j, enum pool_end end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void job_stand(struct pool_job *j, enum standing standing);
void job_hurry(struct pool_job *j); /* looked at again at the next step */
void job_linger(struct pool_job *j); /* it has to end soon */
void job_hang_up(struct pool_job *j);
bool job_kill(struct pool_job *j); /* the process; false: it cannot be reached */
void job_settle(struct pool_job *j); /* calls done, where all has come */
uint64_t jobs_tick(struct pool *p, uint64_t now);
void job_free(struct pool_job *j);

/* pool_read.c */
void job_ready(struct source *s, uint32_t events);

/* Text of a worker, for a line of a log: without control characters. */
void make_plain(char *text, size_t len);

#endif
