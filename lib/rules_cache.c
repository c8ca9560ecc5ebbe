/* rules_cache.c - the listing of a large folder of rule files, remembered from run to run.
 *
 * A file of the cache is named rules-HASH, by XXH3-128 of the folder's real path:
 *
 *     bytes
 *         8   "wnwrule" and the version of this layout
 *     7 x 8   the folder's device and inode, its mtime and ctime (s, ns each), the count
 *         ?   the folder's real path, NUL
 *             for each file, by name:
 *         8       XXH3-64 of its bytes
 *         1       1: they hold "match_"; 0: they do not
 *         ?       its name, NUL
 *         8   XXH3-64 of all before
 *
 * Numbers are the machine's own.
 *
 * 1. A file says nothing unless all of it is right and the folder is as it was: else it
 *    is as if there were none.  No failure here is an error.
 * 2. A folder that changed in the last moments is not remembered: one more change could
 *    leave its times as they are.
 * 3. A file appears whole or not at all; of two processes the last one wins. */
#include "rules_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "hash.h"
#include "rules_folder.h"

enum {
    BYTES_MOST = 16 * 1024 * 1024,       /* of a file of the cache */
    TEXT_LEAST = 8 + 1 + sizeof "x.txt", /* bytes of one file in it */
    SETTLED = 2,                         /* seconds; the coarsest times of a file system */
};

/* How a file begins. */
struct head {
    char magic[8];
    uint64_t dev, ino;
    int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
    uint64_t count;
};

static struct head head_of(const struct rules_cache *c, size_t count)
{
    return (struct head){
        .magic = {'w', 'n', 'w', 'r', 'u', 'l', 'e', 1},
        .dev = (uint64_t)c->state.st_dev,
        .ino = (uint64_t)c->state.st_ino,
        .mtime_s = (int64_t)c->state.st_mtim.tv_sec,
        .mtime_ns = (int64_t)c->state.st_mtim.tv_nsec,
        .ctime_s = (int64_t)c->state.st_ctim.tv_sec,
        .ctime_ns = (int64_t)c->state.st_ctim.tv_nsec,
        .count = count,
    };
}

/* --- where ----------------------------------------------------------------------------- */

static bool is_older(struct timespec t, struct timespec now)
{
    time_t s = now.tv_sec - SETTLED;
    return t.tv_sec < s || (t.tv_sec == s && t.tv_nsec <= now.tv_nsec);
}

static char *file_for(const char *cache, const char *folder)
{
    char name[33], *ret = NULL;
    hash_name(slice_of(folder), name);
    return asprintf(&ret, "%s/rules-%s", cache, name) < 0 ? NULL : ret;
}

bool rules_cache_find(const char *cache, const char *path, int dir, struct rules_cache *ret)
{
    struct rules_cache c = {0};
    struct timespec now;
    if (!*cache || clock_gettime(CLOCK_REALTIME, &now) != 0 || fstat(dir, &c.state) != 0)
        return false;
    c.settled = is_older(c.state.st_mtim, now) && is_older(c.state.st_ctim, now);
    c.folder = realpath(path, NULL);
    c.file = c.folder ? file_for(cache, c.folder) : NULL;
    if (!c.file) {
        rules_cache_free(&c);
        return false;
    }
    *ret = c;
    return true;
}

static void drop_listing(struct rules_cache *c)
{
    free(c->bytes);
    free(c->texts);
    c->bytes = NULL;
    c->texts = NULL;
    c->count = 0;
}

void rules_cache_free(struct rules_cache *c)
{
    drop_listing(c);
    free(c->file);
    free(c->folder);
    *c = (struct rules_cache){0};
}

void rules_cache_forget(const struct rules_cache *c)
{
    if (c->file)
        unlink(c->file);
}

/* --- recalled ---------------------------------------------------------------------------- */

/* Only what nobody else wrote is believed. */
static bool is_ours(const struct stat *st)
{
    return S_ISREG(st->st_mode) && (st->st_uid == geteuid() || st->st_uid == 0) &&
           (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The bytes of the file up to len; free() them.  NULL where it has fewer. */
static char *read_exactly(int fd, size_t len)
{
    char *ret = malloc(len);
    size_t at = 0;
    while (ret && at < len) {
        ssize_t n = read(fd, ret + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (at == len)
        return ret;
    free(ret);
    return NULL;
}

/* *ret is to be freed by its pointer. */
static bool read_file(const char *path, struct slice *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return false;
    char *bytes = NULL;
    if (fstat(fd, &st) == 0 && is_ours(&st) && st.st_size > 0 && st.st_size <= BYTES_MOST)
        bytes = read_exactly(fd, (size_t)st.st_size);
    close(fd);
    if (!bytes)
        return false;
    *ret = (struct slice){bytes, (size_t)st.st_size};
    return true;
}

/* Takes n bytes from the front. */
static bool take(struct slice *s, void *ret, size_t n)
{
    if (s->len < n)
        return false;
    memcpy(ret, s->p, n);
    s->p += n;
    s->len -= n;
    return true;
}

/* Takes a string and its NUL; NULL where there is none. */
static const char *take_string(struct slice *s)
{
    const char *ret = s->p, *end = s->len > 0 ? memchr(s->p, '\0', s->len) : NULL;
    if (!end)
        return NULL;
    s->len -= (size_t)(end + 1 - ret);
    s->p = end + 1;
    return ret;
}

/* Takes the checksum from the end. */
static bool take_sum(struct slice *s)
{
    uint64_t sum;
    if (s->len < sizeof sum)
        return false;
    s->len -= sizeof sum;
    memcpy(&sum, s->p + s->len, sizeof sum);
    return sum == hash_bytes(*s);
}

static bool take_head(const struct rules_cache *c, struct slice *s, size_t *count)
{
    struct head head, want;
    if (!take(s, &head, sizeof head))
        return false;
    want = head_of(c, head.count);
    if (memcmp(&head, &want, sizeof head) != 0 || head.count < RULES_CACHE_LEAST ||
        head.count > s->len / TEXT_LEAST)
        return false;
    *count = head.count;
    const char *folder = take_string(s);
    return folder && strcmp(folder, c->folder) == 0;
}

static bool take_text(struct slice *s, struct rule_text *ret)
{
    uint64_t hash;
    char may_match;
    if (!take(s, &hash, sizeof hash) || !take(s, &may_match, 1) || (may_match & ~1))
        return false;
    const char *name = take_string(s);
    if (!name || strchr(name, '/') || !is_rule_file(name))
        return false;
    *ret = (struct rule_text){.name = name, .may_match = may_match, .unread = true, .hash = hash};
    return true;
}

/* All of them, each name behind the one before, and nothing more. */
static bool take_texts(struct slice *s, struct rule_text *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!take_text(s, &texts[i]) || (i > 0 && strcmp(texts[i - 1].name, texts[i].name) >= 0))
            return false;
    return s->len == 0;
}

bool rules_cache_load(struct rules_cache *c)
{
    struct slice s;
    size_t count;
    if (!c->file || !read_file(c->file, &s))
        return false;
    c->bytes = (char *)s.p;
    if (take_sum(&s) && take_head(c, &s, &count) &&
        (c->texts = malloc(count * sizeof *c->texts)) != NULL && take_texts(&s, c->texts, count)) {
        c->count = count;
        return true;
    }
    drop_listing(c);
    return false;
}

/* --- remembered ---------------------------------------------------------------------------- */

static void add_text(struct buf *b, const struct rule_text *text)
{
    uint64_t hash = hash_bytes(text->bytes);
    buf_add(b, &hash, sizeof hash);
    buf_addc(b, (char)text->may_match);
    buf_add(b, text->name, strlen(text->name) + 1);
}

static void write_listing(const struct rules_cache *c, struct rule_text *const *texts, size_t count,
                          struct buf *ret)
{
    struct head head = head_of(c, count);
    buf_add(ret, &head, sizeof head);
    buf_add(ret, c->folder, strlen(c->folder) + 1);
    for (size_t i = 0; i < count; i++)
        add_text(ret, texts[i]);
    uint64_t sum = hash_bytes(buf_slice(ret));
    buf_add(ret, &sum, sizeof sum);
}

static bool write_all(int fd, struct slice s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.p, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s.p += n;
        s.len -= (size_t)n;
    }
    return true;
}

/* The folder of the cache, and the one above it, where they are missing. */
static void make_folders(const char *file)
{
    char path[PATH_MAX];
    size_t ends[2] = {0, 0}, len = strlen(file);
    for (size_t i = 1; i < len && len < sizeof path; i++)
        if (file[i] == '/') {
            ends[0] = ends[1];
            ends[1] = i;
        }
    for (int i = 0; i < 2; i++) {
        memcpy(path, file, ends[i]);
        path[ends[i]] = '\0';
        mkdir(path, 0700); /* it may be there, or not to be had: opening the file will tell */
    }
}

static void write_file(const char *path, struct slice bytes)
{
    char temp[PATH_MAX];
    int n = snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof temp)
        return;
    make_folders(path);
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return;
    bool done = write_all(fd, bytes);
    done = close(fd) == 0 && done;
    if (!done || rename(temp, path) != 0)
        unlink(temp);
}

void rules_cache_save(const struct rules_cache *c, struct rule_text *const *texts, size_t count)
{
    struct buf b;
    if (!c->file || !c->settled || count < RULES_CACHE_LEAST)
        return;
    buf_init(&b, BYTES_MOST);
    write_listing(c, texts, count, &b);
    if (b.status == WINNOW_OK)
        write_file(c->file, buf_slice(&b));
    buf_free(&b);
}
