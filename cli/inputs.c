/* inputs.c - files, folders, standard input and URLs: listed, then read one by one. */
#include "inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <sysexits.h>
#include <unistd.h>

#include "fetch.h"
#include "say.h"

enum {
    SIZE_DEFAULT = 64 * 1024 * 1024, /* bytes, as in winnow.h */
    SIDECAR_MOST = 8 * 1024,
};

static bool is_url(const char *s)
{
    return strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "https://", 8) == 0;
}

/* Takes over path and name. */
static bool push(struct inputs *in, enum input_kind kind, char *path, char *name)
{
    if (in->count == in->cap) {
        size_t cap = in->cap ? 2 * in->cap : 64;
        struct input *items = realloc(in->items, cap * sizeof *items);
        if (items) {
            in->items = items;
            in->cap = cap;
        }
    }
    if (!path || !name || in->count == in->cap) {
        free(path);
        free(name);
        return false;
    }
    in->items[in->count++] = (struct input){kind, path, name};
    return true;
}

/* --- names below the output folder -------------------------------------------------------- */

static char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strdup(slash ? slash + 1 : path);
}

/* host/path of a URL: safe as a path below a folder. */
static char *url_name(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t len = strcspn(host, "#");
    char *name = malloc(len + sizeof "/index"), *to = name;
    if (!name)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        bool slash = c == '/';
        if (slash && (to == name || to[-1] == '/'))
            continue;
        if (c == '.' && (to == name || to[-1] == '/')) /* no "." and "..", nothing hidden */
            c = '_';
        *to++ = c == '?' || (unsigned char)c <= ' ' || c == 0x7f ? '_' : c;
    }
    *to = '\0';
    strcpy(to, to == name || to[-1] == '/' ? "index" : strchr(name, '/') ? "" : "/index");
    return name;
}

/* --- folders ------------------------------------------------------------------------------ */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* NAME.url beside NAME says where NAME came from and is no page itself. */
static bool is_sidecar(const FTSENT *e)
{
    size_t len = e->fts_pathlen;
    struct stat st;
    if (len <= 4 || strcmp(e->fts_path + len - 4, ".url") != 0)
        return false;
    char *page = strndup(e->fts_path, len - 4);
    bool ret = page && stat(page, &st) == 0 && S_ISREG(st.st_mode);
    free(page);
    return ret;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A regular file, or a link to one; links to folders are not followed. */
static bool is_file(const FTSENT *e)
{
    struct stat st;
    return e->fts_info == FTS_F ||
           (e->fts_info == FTS_SL && stat(e->fts_path, &st) == 0 && S_ISREG(st.st_mode));
}

/* A run's own folders hold no inputs. */
static bool is_own(const FTSENT *e, const struct settings *s)
{
    const char *const own[] = {s->out, s->index};
    struct stat st;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i] && stat(own[i], &st) == 0 && is_same(e->fts_statp, &st))
            return true;
    return false;
}

static bool list_folder(const char *folder, const struct settings *s, struct inputs *ret,
                        size_t *failed)
{
    char *roots[] = {(char *)folder, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    bool ok = walk != NULL;
    size_t below = strlen(folder);
    while (ok) {
        FTSENT *e = fts_read(walk);
        if (!e)
            break;
        if (e->fts_info == FTS_D && e->fts_level > 0 && is_own(e, s))
            fts_set(walk, e, FTS_SKIP);
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) {
            say("%s: %s; check its permissions", e->fts_path, strerror(e->fts_errno));
            (*failed)++;
        }
        if (!is_file(e) || is_sidecar(e))
            continue;
        const char *name = e->fts_path + below;
        ok = push(ret, INPUT_FILE, strdup(e->fts_path), strdup(name + strspn(name, "/")));
    }
    if (walk)
        fts_close(walk);
    return ok;
}

static bool list_one(const char *arg, const struct settings *s, struct inputs *ret, size_t *failed,
                     int *code)
{
    struct stat st;
    if (strcmp(arg, "-") == 0)
        return push(ret, INPUT_STDIN, strdup("standard input"), strdup("stdin"));
    if (is_url(arg))
        return push(ret, INPUT_URL, strdup(arg), url_name(arg));
    if (stat(arg, &st) != 0) {
        say("%s: %s; check the path", arg, strerror(errno));
        (*failed)++;
        *code = EX_NOINPUT;
        return true;
    }
    if (!S_ISDIR(st.st_mode))
        return push(ret, INPUT_FILE, strdup(arg), base_name(arg));
    ret->folder = true;
    return list_folder(arg, s, ret, failed);
}

int inputs_list(const struct settings *s, struct inputs *ret, size_t *failed, int *code)
{
    bool ok = true;
    *ret = (struct inputs){0};
    *failed = 0;
    if (s->nargs == 0)
        ok = list_one("-", s, ret, failed, code);
    for (size_t i = 0; ok && i < s->nargs; i++)
        ok = list_one(s->args[i], s, ret, failed, code);
    if (ok)
        return EX_OK;
    say("out of memory while listing the inputs; name fewer");
    inputs_free(ret);
    return EX_OSERR;
}

void inputs_free(struct inputs *in)
{
    for (size_t i = 0; i < in->count; i++) {
        free(in->items[i].path);
        free(in->items[i].name);
    }
    free(in->items);
    *in = (struct inputs){0};
}

bool input_file(const struct input *in, struct stat *ret)
{
    switch (in->kind) {
    case INPUT_FILE:
        return stat(in->path, ret) == 0;
    case INPUT_STDIN:
        return fstat(STDIN_FILENO, ret) == 0 && S_ISREG(ret->st_mode);
    case INPUT_URL:
        break;
    }
    return false;
}

/* --- bytes -------------------------------------------------------------------------------- */

static int too_large(const char *path, size_t max)
{
    say("%s: larger than the limit of %zu bytes; --max-size raises it", path, max);
    return EX_DATAERR;
}

/* Reads fd to its end, at most max bytes.  expect is a guess at the size. */
static int read_all(int fd, const char *path, size_t expect, size_t max, struct loaded *ret)
{
    size_t cap = expect + 1;
    char *data = malloc(cap);
    for (size_t len = 0; data;) {
        ssize_t n = read(fd, data + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            say("%s: cannot be read: %s; check it and its disk, then clean it again", path,
                strerror(errno));
            free(data);
            return EX_IOERR;
        }
        len += (size_t)n;
        if (n == 0) {
            ret->data = data;
            ret->len = len;
            return EX_OK;
        }
        if (len > max) {
            free(data);
            return too_large(path, max);
        }
        if (len == cap) {
            char *more = realloc(data, cap *= 2);
            if (!more)
                break;
            data = more;
        }
    }
    free(data);
    say("%s: out of memory; free some, or lower --max-size", path);
    return EX_OSERR;
}

/* Takes the first line of text as the URL, if it is one. */
static void take_url(struct loaded *ret, const char *text, const char *from)
{
    size_t len = strcspn(text, "\r\n");
    if (ret->url || !is_url(text))
        return;
    ret->url = strndup(text, len);
    ret->url_from = from;
}

static void read_sidecar(const char *path, struct loaded *ret)
{
    char *name = NULL, text[SIDECAR_MOST + 1];
    if (asprintf(&name, "%s.url", path) < 0)
        return;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, text, SIDECAR_MOST);
    if (n > 0) {
        text[n] = '\0';
        take_url(ret, text, "sidecar");
    }
    if (fd >= 0)
        close(fd);
    free(name);
}

/* What browsers and wget --xattr write beside the bytes. */
static void read_origin(const char *path, struct loaded *ret)
{
    char text[SIDECAR_MOST + 1];
    ssize_t n = getxattr(path, "user.xdg.origin.url", text, SIDECAR_MOST);
    if (n > 0) {
        text[n] = '\0';
        take_url(ret, text, "user.xdg.origin.url");
    }
}

static int load_file(const char *path, size_t max, struct loaded *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), code;
    if (fd < 0) {
        say("%s: %s; check the path and its permissions", path, strerror(errno));
        return EX_NOINPUT;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        say("%s: not a regular file; pipe it into winnow clean - if it is to be read", path);
        code = EX_NOINPUT;
    } else if ((unsigned long long)st.st_size > max) {
        code = too_large(path, max);
    } else {
        code = read_all(fd, path, (size_t)st.st_size, max, ret);
    }
    close(fd);
    if (code == EX_OK) {
        read_sidecar(path, ret);
        read_origin(path, ret);
        ret->source = realpath(path, NULL);
    }
    return code;
}

static int load_url(const char *url, const struct settings *s, size_t max, struct loaded *ret)
{
    struct fetch_options options = {.max_bytes = max, .allow_private = s->allow_private};
    struct fetched page = {0};
    char message[600];
    int code = fetch_url(url, &options, &page, message, sizeof message);
    if (code != EX_OK) {
        say("%s", message);
        return code;
    }
    ret->data = page.data;
    ret->len = page.len;
    ret->url = page.url;
    ret->url_from = "fetched";
    ret->source = strdup(page.url);
    memcpy(ret->charset, page.charset, sizeof ret->charset);
    return EX_OK;
}

int input_load(const struct input *in, const struct settings *s, struct loaded *ret)
{
    size_t max = s->max_size ? s->max_size : SIZE_DEFAULT;
    *ret = (struct loaded){0};
    switch (in->kind) {
    case INPUT_STDIN:
        return read_all(STDIN_FILENO, in->path, 64 * 1024, max, ret);
    case INPUT_URL:
        return load_url(in->path, s, max, ret);
    case INPUT_FILE:
        break;
    }
    return load_file(in->path, max, ret);
}

void loaded_free(struct loaded *l)
{
    free(l->data);
    free(l->url);
    free(l->source);
    *l = (struct loaded){0};
}
