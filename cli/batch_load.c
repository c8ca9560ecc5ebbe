/* batch_load.c - an input's bytes, which may be wanted twice, and for another process. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "batch_parts.h"
#include "whole.h"

enum {
    KEEP_MOST = 256 * 1024 * 1024, /* bytes of fetched pages in memory, for a second look */
    COPY_MOST = 1024 * 1024,       /* bytes of a file that are copied for a worker */
    SIZE_DEFAULT = 64 * 1024 * 1024, /* bytes, as in winnow.h */
};

/* Standard input can be read once; what came from the web should be the same page twice. */
static bool keep(struct batch *b, size_t i, const struct loaded *l)
{
    enum input_kind kind = b->inputs->items[i].kind;
    if (!batch_is_repeated(b) || kind == INPUT_FILE)
        return false;
    if (kind == INPUT_URL) {
        if (l->len > KEEP_MOST - b->kept)
            return false;
        b->kept += l->len;
    }
    b->items[i].loaded = *l;
    return b->items[i].kept = true;
}

int batch_load(struct batch *b, size_t i, struct loaded *own, const struct loaded **ret)
{
    struct batch_item *item = &b->items[i];
    const struct input *in = &b->inputs->items[i];
    *own = (struct loaded){0};
    *ret = &item->loaded;
    if (item->kept || item->code != EX_OK)
        return item->code;
    if (item->fetched && !b->settings->quiet)
        say("%s: note: fetched again, for %d MiB of pages are in memory", in->path,
            KEEP_MOST / (1024 * 1024));
    item->code = input_load(in, b->settings, own);
    item->fetched = in->kind == INPUT_URL;
    if (item->code == EX_OK && keep(b, i, own))
        *own = (struct loaded){0};
    else
        *ret = own;
    return item->code;
}

/* --- for a worker ------------------------------------------------------------------------- */

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

bool batch_loads_quietly(const struct batch *b, size_t i)
{
    const struct input *in = &b->inputs->items[i];
    const struct batch_item *item = &b->items[i];
    size_t most = b->settings->max_size ? b->settings->max_size : SIZE_DEFAULT;
    struct stat st;
    if (item->kept || item->code != EX_OK)
        return true;
    int fd = in->kind == INPUT_FILE ? open_file(in->path) : -1;
    bool ret = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
               (uintmax_t)st.st_size <= most;
    if (fd >= 0)
        close(fd);
    return ret;
}

bool batch_can_load_again(const struct batch *b, size_t i)
{
    return b->items[i].kept || b->inputs->items[i].kind != INPUT_STDIN;
}

/* A file in memory that nobody can change any more: its reader is not to be trusted. */
static int open_copy(const struct loaded *l)
{
    int fd = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (write_whole(fd, l->data, l->len) && lseek(fd, 0, SEEK_SET) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

int batch_open(const struct batch *b, size_t i, const struct loaded *l)
{
    const struct input *in = &b->inputs->items[i];
    return in->kind == INPUT_FILE && l->len > COPY_MOST ? open_file(in->path) : open_copy(l);
}
