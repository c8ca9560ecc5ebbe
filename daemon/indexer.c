/* indexer.c - the index, in a thread of its own: all that touches it is a task for it. */
#include "indexer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fault.h"

/* What somebody waits for; on that one's stack. */
struct task {
    TAILQ_ENTRY(task) link;
    indexer_task_fn *run;
    void *arg;
    int status;
    struct winnow_error err;
    bool is_done;
};

/* What nobody waits for. */
struct errand {
    TAILQ_ENTRY(errand) link;
    struct winnow_asking *asking;
    void (*run)(struct winnow_asking *asking);
};

TAILQ_HEAD(errands, errand);
TAILQ_HEAD(questions, question);
TAILQ_HEAD(tasks, task);

struct indexer {
    pthread_t thread;
    struct winnow_index *index; /* the thread's own */
    int event;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t more, done;
    struct tasks tasks;
    struct questions asked, answered;
    struct question *current; /* being answered now */
    struct errands errands;
    uint64_t documents;
    bool counts; /* they are to be counted again */
    bool stop;
};

/* --- the thread: answers ----------------------------------------------------------------------- */

struct answer {
    char *data;
    size_t len, cap;
};

static int collect(void *ctx, const char *data, size_t len)
{
    struct answer *a = ctx;
    if (len > a->cap - a->len) {
        size_t cap = a->len + len + a->cap;
        char *more = realloc(a->data, cap);
        if (!more)
            return -1;
        a->data = more;
        a->cap = cap;
    }
    if (len > 0)
        memcpy(a->data + a->len, data, len);
    a->len += len;
    return 0;
}

static enum answered meaning_of(int status)
{
    return status == WINNOW_OK      ? ANSWER_READY
           : status == WINNOW_EDATA ? ANSWER_DISTRUSTED
           : status == WINNOW_EBUSY ? ANSWER_REPEAT
                                    : ANSWER_FAILED;
}

static int begin_asking(struct indexer *ix, struct question *q)
{
    int status = winnow_asking_new(ix->index, 0, &q->asking, &q->error);
    if (status == WINNOW_OK && q->source)
        winnow_asking_expect(q->asking, q->source);
    return status;
}

static void answer(struct indexer *ix, struct question *q)
{
    struct answer a = {0};
    int wait = 0, status = WINNOW_OK;
    if (!q->asking)
        status = begin_asking(ix, q);
    if (status == WINNOW_OK)
        status = winnow_asking_answer(q->asking, q->request, q->request_len, collect, &a, &wait,
                                      &q->error);
    q->how = wait ? ANSWER_WAIT : meaning_of(status);
    if (q->how != ANSWER_READY) {
        free(a.data);
        return;
    }
    q->answer = a.data;
    q->answer_len = a.len;
}

/* --- the thread: one thing after the other -------------------------------------------------------- */

static void do_task(struct indexer *ix)
{
    struct task *task = TAILQ_FIRST(&ix->tasks);
    TAILQ_REMOVE(&ix->tasks, task, link);
    pthread_mutex_unlock(&ix->lock);
    task->status = task->run(ix->index, task->arg, &task->err);
    pthread_mutex_lock(&ix->lock);
    task->is_done = true;
    pthread_cond_broadcast(&ix->done);
}

static void wake(struct indexer *ix)
{
    uint64_t one = 1;
    while (write(ix->event, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void do_question(struct indexer *ix)
{
    struct question *q = ix->current = TAILQ_FIRST(&ix->asked);
    TAILQ_REMOVE(&ix->asked, q, link);
    pthread_mutex_unlock(&ix->lock);
    answer(ix, q);
    pthread_mutex_lock(&ix->lock);
    ix->current = NULL;
    TAILQ_INSERT_TAIL(&ix->answered, q, link);
    pthread_cond_broadcast(&ix->done);
    wake(ix);
}

static void do_errand(struct indexer *ix)
{
    struct errand *e = TAILQ_FIRST(&ix->errands);
    TAILQ_REMOVE(&ix->errands, e, link);
    pthread_mutex_unlock(&ix->lock);
    e->run(e->asking);
    free(e);
    pthread_mutex_lock(&ix->lock);
}

static void do_count(struct indexer *ix)
{
    struct winnow_index_stat stat;
    ix->counts = false;
    pthread_mutex_unlock(&ix->lock);
    int status = ix->index ? winnow_index_stat(ix->index, &stat, NULL) : WINNOW_EUSAGE;
    pthread_mutex_lock(&ix->lock);
    if (status == WINNOW_OK)
        ix->documents = stat.documents;
}

/* Who waits for a task stands still; who has put a question does other things meanwhile.
 * Errands come first: a page that has ended keeps others waiting until then. */
static void *run(void *arg)
{
    struct indexer *ix = arg;
    pthread_mutex_lock(&ix->lock);
    while (!ix->stop || !TAILQ_EMPTY(&ix->tasks)) {
        if (!TAILQ_EMPTY(&ix->errands))
            do_errand(ix);
        else if (!TAILQ_EMPTY(&ix->tasks))
            do_task(ix);
        else if (!TAILQ_EMPTY(&ix->asked))
            do_question(ix);
        else if (ix->counts)
            do_count(ix);
        else
            pthread_cond_wait(&ix->more, &ix->lock);
    }
    pthread_mutex_unlock(&ix->lock);
    return NULL;
}

/* --- for the others -------------------------------------------------------------------------------- */

int indexer_fd(const struct indexer *ix)
{
    return ix->event;
}

void indexer_ask(struct indexer *ix, struct question *q, char *request, size_t len)
{
    if (request) {
        free(q->request);
        q->request = request;
        q->request_len = len;
    }
    q->how = ANSWER_NONE;
    q->is_with_indexer = true;
    pthread_mutex_lock(&ix->lock);
    TAILQ_INSERT_TAIL(&ix->asked, q, link);
    pthread_cond_signal(&ix->more);
    pthread_mutex_unlock(&ix->lock);
}

static struct question *take_answered(struct indexer *ix)
{
    pthread_mutex_lock(&ix->lock);
    struct question *q = TAILQ_FIRST(&ix->answered);
    if (q)
        TAILQ_REMOVE(&ix->answered, q, link);
    pthread_mutex_unlock(&ix->lock);
    return q;
}

static void drop_answer(struct question *q)
{
    free(q->answer);
    q->answer = NULL;
}

void indexer_reap(struct indexer *ix, indexer_answered_fn *answered, void *ctx)
{
    uint64_t count;
    struct question *q;
    while (read(ix->event, &count, sizeof count) < 0 && errno == EINTR)
        continue;
    while ((q = take_answered(ix))) {
        q->is_with_indexer = false;
        if (q->how != ANSWER_WAIT) {
            free(q->request);
            q->request = NULL;
        }
        answered(ctx, q);
        drop_answer(q);
    }
}

static bool is_in(const struct questions *list, const struct question *q)
{
    const struct question *i;
    TAILQ_FOREACH(i, list, link)
        if (i == q)
            return true;
    return false;
}

static void take_back(struct indexer *ix, struct question *q)
{
    pthread_mutex_lock(&ix->lock);
    while (ix->current == q)
        pthread_cond_wait(&ix->done, &ix->lock);
    if (is_in(&ix->asked, q))
        TAILQ_REMOVE(&ix->asked, q, link);
    else if (is_in(&ix->answered, q))
        TAILQ_REMOVE(&ix->answered, q, link);
    pthread_mutex_unlock(&ix->lock);
    q->is_with_indexer = false;
}

struct errand_task {
    void (*run)(struct winnow_asking *asking);
    struct winnow_asking *asking;
};

static int run_errand(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    struct errand_task *t = arg;
    (void)index;
    (void)err;
    t->run(t->asking);
    return WINNOW_OK;
}

/* Without memory it is waited for. */
static void send(struct indexer *ix, void (*what)(struct winnow_asking *asking),
                 struct winnow_asking *asking)
{
    struct errand *e = malloc(sizeof *e);
    if (!e) {
        struct errand_task t = {what, asking};
        (void)!indexer_run(ix, run_errand, &t, NULL);
        return;
    }
    *e = (struct errand){.asking = asking, .run = what};
    pthread_mutex_lock(&ix->lock);
    TAILQ_INSERT_TAIL(&ix->errands, e, link);
    pthread_cond_signal(&ix->more);
    pthread_mutex_unlock(&ix->lock);
}

void indexer_release(struct indexer *ix, struct question *q)
{
    if (q->asking)
        send(ix, winnow_asking_release, q->asking);
}

uint64_t indexer_documents(struct indexer *ix)
{
    pthread_mutex_lock(&ix->lock);
    uint64_t ret = ix->documents;
    ix->counts = true;
    pthread_cond_signal(&ix->more);
    pthread_mutex_unlock(&ix->lock);
    return ret;
}

void indexer_end(struct indexer *ix, struct question *q)
{
    if (q->is_with_indexer)
        take_back(ix, q);
    if (q->asking)
        send(ix, winnow_asking_free, q->asking);
    q->asking = NULL;
    free(q->request);
    q->request = NULL;
    drop_answer(q);
    q->how = ANSWER_NONE;
}

int indexer_run(struct indexer *ix, indexer_task_fn *fn, void *arg, struct winnow_error *err)
{
    struct task task = {.run = fn, .arg = arg};
    pthread_mutex_lock(&ix->lock);
    TAILQ_INSERT_TAIL(&ix->tasks, &task, link);
    pthread_cond_signal(&ix->more);
    while (!task.is_done)
        pthread_cond_wait(&ix->done, &ix->lock);
    pthread_mutex_unlock(&ix->lock);
    if (task.status != WINNOW_OK && err)
        *err = task.err;
    return task.status;
}

/* --- begin and end ------------------------------------------------------------------------------------ */

struct opening {
    struct indexer *indexer;
    const char *folder;
};

static int open_index(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    struct opening *o = arg;
    (void)index;
    return winnow_index_open(o->folder, 0, &o->indexer->index, err);
}

static int close_index(struct winnow_index *index, void *arg, struct winnow_error *err)
{
    struct indexer *ix = arg;
    (void)err;
    ix->index = NULL; /* nothing more is counted */
    winnow_index_close(index);
    return WINNOW_OK;
}

/* Signals are the coordinator's. */
static int start_thread(struct indexer *ix)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int why = pthread_create(&ix->thread, NULL, run, ix);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why;
}

static void free_parts(struct indexer *ix)
{
    if (ix->event >= 0)
        close(ix->event);
    pthread_cond_destroy(&ix->more);
    pthread_cond_destroy(&ix->done);
    pthread_mutex_destroy(&ix->lock);
    free(ix);
}

static int make(struct indexer **ret, struct winnow_error *err)
{
    struct indexer *ix = calloc(1, sizeof *ix);
    if (!ix)
        return fault_nomem(err);
    TAILQ_INIT(&ix->tasks);
    TAILQ_INIT(&ix->asked);
    TAILQ_INIT(&ix->errands);
    ix->counts = true;
    TAILQ_INIT(&ix->answered);
    pthread_mutex_init(&ix->lock, NULL);
    pthread_cond_init(&ix->more, NULL);
    pthread_cond_init(&ix->done, NULL);
    ix->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int why = ix->event < 0 ? errno : start_thread(ix);
    if (why != 0) {
        free_parts(ix);
        errno = why;
        return fault_errno(err, "free memory or raise the limits, then start it again",
                           "the index's thread cannot be started");
    }
    *ret = ix;
    return WINNOW_OK;
}

int indexer_new(const char *folder, struct indexer **ret, struct winnow_error *err)
{
    struct indexer *ix = NULL;
    int status = make(&ix, err);
    if (status != WINNOW_OK)
        return status;
    struct opening opening = {ix, folder};
    status = indexer_run(ix, open_index, &opening, err);
    if (status == WINNOW_OK)
        *ret = ix;
    else
        indexer_free(ix);
    return status;
}

void indexer_free(struct indexer *ix)
{
    if (!ix)
        return;
    (void)!indexer_run(ix, close_index, ix, NULL);
    pthread_mutex_lock(&ix->lock);
    ix->stop = true;
    pthread_cond_signal(&ix->more);
    pthread_mutex_unlock(&ix->lock);
    pthread_join(ix->thread, NULL);
    free_parts(ix);
}
