/* store_folder.c - the files of a store's folder: names, the writer's lock, the sweep. */
#include "store/store_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "store/disk.h"

/* --- names ------------------------------------------------------------------------------- */

/* Folders are no longer than STORE_PATH_MOST - 300, names of files than 255. */
void store_path(const char *folder, const char *name, char ret[STORE_PATH_MOST])
{
    int len = snprintf(ret, STORE_PATH_MOST, "%s/%s", folder, name);
    if (len < 0 || len >= STORE_PATH_MOST)
        ret[0] = '\0'; /* no file has this name */
}

void store_run_path(const char *folder, uint32_t number, char ret[STORE_PATH_MOST])
{
    snprintf(ret, STORE_PATH_MOST, "%s/run-%06u", folder, number);
}

static bool is_numbered(const char *name, const char *prefix, uint32_t *number)
{
    char again[32];
    unsigned n = 0;
    size_t len = strlen(prefix);
    if (strncmp(name, prefix, len) != 0 || sscanf(name + len, "%10u", &n) != 1)
        return false;
    snprintf(again, sizeof again, "%s%06u", prefix, n);
    *number = n;
    return n > 0 && strcmp(again, name) == 0;
}

enum store_file store_file_of(const char *name, uint32_t *number)
{
    *number = 0;
    if (is_numbered(name, "run-", number))
        return STORE_RUN;
    if (is_numbered(name, "texts-", number))
        return STORE_TEXTS;
    if (strncmp(name, DISK_TEMP, strlen(DISK_TEMP)) == 0 || strcmp(name, STORE_CATALOG_OLD) == 0)
        return STORE_LEFTOVER;
    return STORE_OTHER;
}

int store_each_file(const char *folder, int (*each)(void *ctx, const char *name), void *ctx,
                    struct winnow_error *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return disk_fail(err, folder, "cannot open the folder", errno);
    int status = WINNOW_OK;
    for (struct dirent *e; status == WINNOW_OK && (e = readdir(dir));)
        status = each(ctx, e->d_name);
    closedir(dir);
    return status;
}

/* --- the lock ------------------------------------------------------------------------------ */

int store_lock(const char *folder, int *ret, struct winnow_error *err)
{
    char path[STORE_PATH_MOST];
    store_path(folder, "lock", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return disk_fail(err, path, "cannot open", errno);
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        int code = errno;
        close(fd);
        if (code != EWOULDBLOCK)
            return disk_fail(err, path, "cannot lock", code);
        return err_set(err, WINNOW_EBUSY, "%s: another process writes to this index; wait for it "
                       "to end, or open the index to read only", folder);
    }
    *ret = fd;
    return WINNOW_OK;
}

/* --- the sweep ----------------------------------------------------------------------------- */

struct census {
    bool catalog, named; /* there is one; there is what only a catalog names */
};

static int count_file(void *ctx, const char *name)
{
    struct census *c = ctx;
    uint32_t number;
    enum store_file kind = store_file_of(name, &number);
    c->catalog |= strcmp(name, STORE_CATALOG) == 0;
    c->named |= kind == STORE_RUN || kind == STORE_TEXTS;
    return WINNOW_OK;
}

int store_is_there(const char *folder, struct winnow_error *err)
{
    struct census c = {0};
    int status = store_each_file(folder, count_file, &c, err);
    if (status == WINNOW_OK && !c.catalog && !c.named)
        return err_set(err, WINNOW_EUSAGE, "%s: there is no index in it; give the folder of one",
                       folder);
    return status;
}

struct sweep {
    const char *folder;
    const struct held_runs *runs;
    uint32_t first, last; /* text files */
};

static bool is_named(const struct held_runs *runs, uint32_t number)
{
    for (size_t i = 0; i < runs->count; i++)
        if (runs->items[i].is.number == number)
            return true;
    return false;
}

static int remove_file(void *ctx, const char *name)
{
    char path[STORE_PATH_MOST];
    store_path(ctx, name, path);
    unlink(path);
    return WINNOW_OK;
}

void store_remove_folder(const char *path)
{
    char copy[STORE_PATH_MOST];
    snprintf(copy, sizeof copy, "%s", path);
    (void)store_each_file(copy, remove_file, copy, NULL);
    rmdir(copy);
}

static int sweep_file(void *ctx, const char *name)
{
    const struct sweep *s = ctx;
    char path[STORE_PATH_MOST];
    uint32_t number;
    enum store_file kind = store_file_of(name, &number);
    if (kind == STORE_OTHER || (kind == STORE_RUN && is_named(s->runs, number)) ||
        (kind == STORE_TEXTS && number >= s->first && number <= s->last))
        return WINNOW_OK;
    store_path(s->folder, name, path);
    /* What cannot be removed now costs space only. */
    if (unlink(path) && errno == EISDIR)
        store_remove_folder(path);
    return WINNOW_OK;
}

int store_sweep(const char *folder, const struct held_runs *runs,
                const struct catalog_state *state, struct winnow_error *err)
{
    struct sweep s = {folder, runs, state->text_first, state->text_file};
    return store_each_file(folder, sweep_file, &s, err);
}

/* --- runs ------------------------------------------------------------------------------------ */

int store_hold_run(const char *folder, const struct catalog_run *is, struct held_runs *runs,
                   struct winnow_error *err)
{
    struct winnow_error why = {0};
    char path[STORE_PATH_MOST];
    struct held_run held = {.is = *is}, *items =
        array_grow(runs->items, &runs->cap, runs->count + 1, sizeof *items);
    if (!items)
        return err_nomem(err);
    runs->items = items;
    store_run_path(folder, is->number, path);
    int status = run_open(path, &is->info, &held.run, &why);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    if (status != WINNOW_OK && !(held.why = strdup(why.text)))
        return err_nomem(err);
    items[runs->count++] = held;
    return WINNOW_OK;
}

struct holding {
    const char *folder;
    struct held_runs *runs;
    struct winnow_error *err;
    int status;
};

static int hold_each(void *ctx, const struct catalog_run *is)
{
    struct holding *h = ctx;
    h->status = store_hold_run(h->folder, is, h->runs, h->err);
    return h->status;
}

int store_hold_runs(const char *folder, struct catalog *catalog, struct held_runs *ret,
                    struct winnow_error *err)
{
    struct holding h = {folder, ret, err, WINNOW_OK};
    int status = catalog_each_run(catalog, hold_each, &h, err);
    return h.status != WINNOW_OK ? h.status : status;
}

static void let_go(struct held_run *r)
{
    run_close(r->run);
    free(r->why);
}

void store_drop_run(struct held_runs *runs, size_t i)
{
    let_go(&runs->items[i]);
    runs->count--;
    memmove(&runs->items[i], &runs->items[i + 1], (runs->count - i) * sizeof *runs->items);
}

void store_free_runs(struct held_runs *runs)
{
    for (size_t i = 0; i < runs->count; i++)
        let_go(&runs->items[i]);
    free(runs->items);
    *runs = (struct held_runs){0};
}
