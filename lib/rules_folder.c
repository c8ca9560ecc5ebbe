/* rules_folder.c - the rule files of a folder, read into memory at once, or as far as
 * needed where the folder's listing is remembered.
 *
 * A public collection has thousands of files, and a run over one page pays for reading
 * them all: which of them speak for pages of any host, only their bytes tell.  Three
 * system calls a file are nearly the whole cost, so a few threads share them, and begin
 * while the folder is still being listed.  Where a cache remembers the listing, and what
 * the bytes told, nearly all files are left until a page asks for them. */
#include "rules_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"

enum {
    FILE_MOST = 4 * 1024 * 1024, /* bytes of a rule file */
    CHUNK = 512 * 1024,          /* bytes; of memory that files are read into */
    ROOM = 16 * 1024,            /* bytes; nearly every file is smaller */
    READERS_MOST = 3,            /* threads beside the caller's */
    TURN = 16,                   /* files that a thread takes at a time */
    ALONE = 8 * TURN,            /* files that need no help */
};

/* --- memory ---------------------------------------------------------------------------- */

/* A thread has chunks of its own, so that threads need not share an allocator. */
struct chunk {
    struct chunk *next;
    size_t used, cap;
    char data[];
};

static void chunks_free(struct chunk *chunks)
{
    for (struct chunk *next; chunks; chunks = next) {
        next = chunks->next;
        free(chunks);
    }
}

/* The first chunk with room for n bytes more, made where there is none. */
static struct chunk *chunk_with(struct chunk **chunks, size_t n)
{
    if (*chunks && (*chunks)->cap - (*chunks)->used >= n)
        return *chunks;
    size_t cap = n > CHUNK ? n : CHUNK;
    struct chunk *ret = malloc(sizeof *ret + cap);
    if (!ret)
        return NULL;
    *ret = (struct chunk){.next = *chunks, .cap = cap};
    *chunks = ret;
    return ret;
}

/* n bytes, aligned for pointers. */
static void *chunk_take(struct chunk **chunks, size_t n)
{
    n = (n + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
    struct chunk *c = chunk_with(chunks, n);
    if (!c)
        return NULL;
    c->used += n;
    return c->data + c->used - n;
}

static void chunks_append(struct chunk **chunks, struct chunk *more)
{
    while (*chunks)
        chunks = &(*chunks)->next;
    *chunks = more;
}

/* --- one file ---------------------------------------------------------------------------- */

/* Beside errno: */
enum { NOT_REGULAR = -1, TOO_LARGE = -2 };

/* Moves the first len bytes of room to a place that has twice as much. */
static struct chunk *more_room(struct chunk **chunks, struct chunk *c, size_t len, size_t *room)
{
    const char *had = c->data + c->used;
    *room *= 2;
    struct chunk *ret = chunk_with(chunks, *room);
    if (ret && ret->data + ret->used != had)
        memcpy(ret->data + ret->used, had, len);
    return ret;
}

/* Reads to the end.  A regular file gives less than was asked for only there. */
static int read_all(int fd, struct chunk **chunks, struct slice *ret)
{
    size_t len = 0, room = ROOM;
    struct chunk *c = chunk_with(chunks, room);
    for (;;) {
        if (!c)
            return ENOMEM;
        ssize_t n = read(fd, c->data + c->used + len, room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        len += (size_t)n;
        if (len < room)
            break;
        if (len > FILE_MOST)
            return TOO_LARGE;
        c = more_room(chunks, c, len, &room);
    }
    if (len > FILE_MOST)
        return TOO_LARGE;
    *ret = (struct slice){c->data + c->used, len};
    c->used += (len + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
    return 0;
}

static void read_text(struct rule_text *text, int dir, struct chunk **chunks)
{
    struct stat st;
    int fd = openat(dir, text->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        text->why = errno;
        return;
    }
    text->why = read_all(fd, chunks, &text->bytes);
    if (text->bytes.len == 0 && text->why != ENOMEM &&
        (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
        text->why = NOT_REGULAR; /* a folder, a pipe, a device: only these are worth a look */
    close(fd);
    text->unread = false;
    text->may_match = text->bytes.len > 0 && memmem(text->bytes.p, text->bytes.len, "match_", 6);
}

static int say_unreadable(const char *path, int why, struct winnow_error *err)
{
    switch (why) {
    case 0:
        return WINNOW_OK;
    case NOT_REGULAR:
        return err_set(err, WINNOW_EIO, "%s: not a regular file; name a rule file or a folder",
                       path);
    case TOO_LARGE:
        return err_set(err, WINNOW_EIO, "%s: larger than a rule file may be (%d bytes); split it",
                       path, FILE_MOST);
    case ENOMEM:
        return err_nomem(err);
    default:
        return err_set(err, WINNOW_EIO, "%s: %s; check the path and its permissions", path,
                       strerror(why));
    }
}

/* --- many at once ------------------------------------------------------------------------- */

/* Names come in at one end while threads read at the other. */
struct queue {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t more;
    struct folder *folder; /* its texts: those listed so far */
    size_t next;           /* the first that nobody has taken */
    bool listed;           /* no more will come */
    int dir;
};

struct reader {
    struct queue *q;
    struct chunk *chunks;
    pthread_t thread;
};

/* Takes up to TURN texts; 0: there are no more, and none will come. */
static size_t take_turn(struct queue *q, struct rule_text **turn)
{
    size_t n = 0;
    pthread_mutex_lock(&q->lock);
    while (q->next == q->folder->count && !q->listed)
        pthread_cond_wait(&q->more, &q->lock);
    while (n < TURN && q->next < q->folder->count)
        turn[n++] = q->folder->texts[q->next++];
    pthread_mutex_unlock(&q->lock);
    return n;
}

static void *read_turns(void *arg)
{
    struct reader *me = arg;
    struct rule_text *turn[TURN];
    for (size_t n; (n = take_turn(me->q, turn)) > 0;)
        for (size_t i = 0; i < n; i++)
            read_text(turn[i], me->q->dir, &me->chunks);
    return NULL;
}

static int add_text(struct folder *f, const char *name)
{
    size_t len = strlen(name);
    char *copy = chunk_take(&f->chunks, len + 1);
    struct rule_text *text = copy ? chunk_take(&f->chunks, sizeof *text) : NULL;
    struct rule_text **grown =
        text ? array_grow(f->texts, &f->cap, f->count + 1, sizeof *grown) : NULL;
    if (!grown)
        return WINNOW_ENOMEM;
    memcpy(copy, name, len + 1);
    *text = (struct rule_text){.name = copy};
    f->texts = grown;
    grown[f->count++] = text;
    return WINNOW_OK;
}

bool is_rule_file(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".txt") == 0;
}

/* The texts of up to TURN more names; false at the end. */
static bool list_turn(struct queue *q, DIR *dir, int *status)
{
    struct dirent *e = NULL;
    pthread_mutex_lock(&q->lock);
    for (size_t n = 0; n < TURN && *status == WINNOW_OK && (e = readdir(dir)) != NULL;)
        if (is_rule_file(e->d_name)) {
            *status = add_text(q->folder, e->d_name);
            n++;
        }
    bool ret = e && *status == WINNOW_OK;
    q->listed = !ret;
    pthread_cond_broadcast(&q->more);
    pthread_mutex_unlock(&q->lock);
    return ret;
}

static size_t helpers_most(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus > READERS_MOST ? READERS_MOST : cpus > 1 ? (size_t)cpus - 1 : 0;
}

/* Lists the folder and reads its files.  A thread that cannot be started is no failure:
 * the others do its part. */
static int read_folder(DIR *dir, struct folder *ret)
{
    struct queue q = {.folder = ret, .dir = dirfd(dir)};
    struct reader readers[READERS_MOST + 1] = {{.q = &q}};
    size_t helpers = 0, most = helpers_most();
    int status = WINNOW_OK;
    bool more = true;
    pthread_mutex_init(&q.lock, NULL);
    pthread_cond_init(&q.more, NULL);
    while (more && ret->count <= ALONE)
        more = list_turn(&q, dir, &status);
    for (; more && helpers < most; helpers++) {
        readers[helpers + 1].q = &q;
        if (pthread_create(&readers[helpers + 1].thread, NULL, read_turns,
                           &readers[helpers + 1]) != 0)
            break;
    }
    while (more)
        more = list_turn(&q, dir, &status);
    read_turns(&readers[0]);
    for (size_t i = 1; i <= helpers; i++)
        pthread_join(readers[i].thread, NULL);
    for (size_t i = 0; i <= helpers; i++)
        chunks_append(&ret->chunks, readers[i].chunks);
    pthread_cond_destroy(&q.more);
    pthread_mutex_destroy(&q.lock);
    return status;
}

/* --- what is asked of a folder ------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct rule_text *const *)a)->name, (*(struct rule_text *const *)b)->name);
}

/* Lists the folder by what its cache recalled. */
static int recall_folder(DIR *dir, struct folder *f)
{
    size_t count = f->cache.count;
    f->texts = array_grow(NULL, &f->cap, count, sizeof *f->texts);
    if (!f->texts)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct rule_text *text = f->texts[i] = &f->cache.texts[i];
        if (text->may_match)
            read_text(text, dirfd(dir), &f->chunks);
    }
    f->count = count;
    return WINNOW_OK;
}

/* The texts of the folder, or of the file where dir is NULL. */
static int read_texts(DIR *dir, const char *path, const char *cache, struct folder *f)
{
    if (dir && cache && rules_cache_find(cache, path, dirfd(dir), &f->cache) &&
        rules_cache_load(&f->cache))
        return recall_folder(dir, f);
    int status = dir ? read_folder(dir, f) : add_text(f, path);
    if (status == WINNOW_OK && !dir)
        read_text(f->texts[0], AT_FDCWD, &f->chunks);
    if (f->count > 0)
        qsort(f->texts, f->count, sizeof *f->texts, by_name);
    return status;
}

/* What could not be read, by name the first. */
static int check_texts(const struct folder *f, const char *folder, struct winnow_error *err)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->texts[i]->why == 0)
            continue;
        char *path = folder ? path_join(folder, f->texts[i]->name) : strdup(f->texts[i]->name);
        int status = path ? say_unreadable(path, f->texts[i]->why, err) : err_nomem(err);
        free(path);
        return status;
    }
    return WINNOW_OK;
}

/* Opens a folder; NULL with WINNOW_OK where path is something else. */
static int open_folder(const char *path, DIR **ret, struct winnow_error *err)
{
    *ret = *path ? opendir(path) : NULL;
    if (*ret || (*path && errno == ENOTDIR))
        return WINNOW_OK;
    return err_set(err, WINNOW_EIO, "%s: %s; name a rule file or a folder of them", path,
                   *path ? strerror(errno) : "an empty name");
}

int folder_read(const char *path, const char *cache, struct folder *ret, struct winnow_error *err)
{
    struct folder f = {0};
    DIR *dir;
    int status = open_folder(path, &dir, err);
    if (status != WINNOW_OK)
        return status;
    status = read_texts(dir, path, cache, &f) == WINNOW_OK
                 ? check_texts(&f, dir ? path : NULL, err)
                 : err_nomem(err);
    if (f.cache.texts)
        f.dir = dir;
    else if (dir)
        closedir(dir);
    if (status == WINNOW_OK && !f.cache.texts)
        rules_cache_save(&f.cache, f.texts, f.count);
    if (status == WINNOW_OK)
        *ret = f;
    else
        folder_free(&f);
    return status;
}

int folder_read_late(struct folder *f, struct rule_text *text, const char *path,
                     struct winnow_error *err)
{
    read_text(text, dirfd(f->dir), &f->chunks);
    int status = say_unreadable(path, text->why, err);
    text->why = 0;
    text->unread = status != WINNOW_OK;
    if (status == WINNOW_OK && text->may_match)
        rules_cache_forget(&f->cache); /* from the next run on it speaks for other pages too */
    return status;
}

void folder_free(struct folder *f)
{
    if (f->dir)
        closedir(f->dir);
    rules_cache_free(&f->cache);
    free(f->texts);
    chunks_free(f->chunks);
    *f = (struct folder){0};
}

/* --- names alone -------------------------------------------------------------------------- */

char *path_join(const char *folder, const char *name)
{
    size_t a = strlen(folder), b = strlen(name);
    char *ret = malloc(a + b + 2);
    if (!ret)
        return NULL;
    memcpy(ret, folder, a);
    if (a > 0 && folder[a - 1] != '/')
        ret[a++] = '/';
    memcpy(ret + a, name, b + 1);
    return ret;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int push_path(char ***paths, size_t *count, size_t *cap, char *path)
{
    char **grown = path ? array_grow(*paths, cap, *count + 1, sizeof *grown) : NULL;
    if (!grown) {
        free(path);
        return WINNOW_ENOMEM;
    }
    *paths = grown;
    grown[(*count)++] = path;
    return WINNOW_OK;
}

static int list_paths(DIR *dir, const char *path, char ***paths, size_t *count)
{
    size_t cap = 0;
    int status = WINNOW_OK;
    if (!dir)
        return push_path(paths, count, &cap, strdup(path));
    for (struct dirent *e; status == WINNOW_OK && (e = readdir(dir)) != NULL;)
        if (is_rule_file(e->d_name))
            status = push_path(paths, count, &cap, path_join(path, e->d_name));
    if (*count > 0)
        qsort(*paths, *count, sizeof **paths, by_path);
    return status;
}

int rules_list(const char *path, char ***ret, size_t *count, struct winnow_error *err)
{
    char **paths = NULL;
    size_t n = 0;
    DIR *dir;
    int status = open_folder(path, &dir, err);
    if (status != WINNOW_OK)
        return status;
    if (list_paths(dir, path, &paths, &n) != WINNOW_OK)
        status = err_nomem(err);
    if (dir)
        closedir(dir);
    if (status == WINNOW_OK) {
        *ret = paths;
        *count = n;
        return status;
    }
    for (size_t i = 0; i < n; i++)
        free(paths[i]);
    free(paths);
    return status;
}
