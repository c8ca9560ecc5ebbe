/* batch_held.c - bytes that wait: few of them in memory, more in a file without a name. */
#include "batch_held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "whole.h"

enum { MEMORY_MOST = 1024 * 1024, CAP_LEAST = 4096 };

/* 0, or an errno. */
static int write_all(int fd, const char *data, size_t len)
{
    return write_whole(fd, data, len) ? 0 : errno;
}

/* What stands in memory so far moves to a file; in memory too where there is no place for
 * one. */
static int move_to_file(struct held *h)
{
    const char *folder = getenv("TMPDIR");
    h->fd = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (h->fd < 0)
        h->fd = memfd_create("held", MFD_CLOEXEC);
    if (h->fd < 0)
        return errno;
    h->in_file = true;
    int why = write_all(h->fd, h->data, h->len);
    free(h->data);
    h->data = NULL;
    h->cap = 0;
    return why;
}

static int add_to_memory(struct held *h, const char *data, size_t len)
{
    if (len > h->cap - h->len) {
        size_t cap = h->cap ? 2 * h->cap : CAP_LEAST;
        while (cap < h->len + len)
            cap *= 2;
        char *more = realloc(h->data, cap);
        if (!more)
            return ENOMEM;
        h->data = more;
        h->cap = cap;
    }
    memcpy(h->data + h->len, data, len);
    return 0;
}

int held_add(struct held *h, const char *data, size_t len)
{
    int why = 0;
    if (len == 0)
        return 0;
    if (!h->in_file && len > MEMORY_MOST - h->len)
        why = move_to_file(h);
    if (why == 0)
        why = h->in_file ? write_all(h->fd, data, len) : add_to_memory(h, data, len);
    if (why == 0)
        h->len += len;
    return why;
}

int held_end(struct held *h)
{
    if (!h->in_file || h->mapped)
        return 0;
    void *at = mmap(NULL, h->len, PROT_READ, MAP_PRIVATE, h->fd, 0);
    if (at == MAP_FAILED)
        return errno;
    h->data = at;
    h->mapped = true;
    return 0;
}

void held_free(struct held *h)
{
    if (h->mapped)
        munmap(h->data, h->len);
    else
        free(h->data);
    if (h->in_file)
        close(h->fd);
    *h = (struct held){0};
}
