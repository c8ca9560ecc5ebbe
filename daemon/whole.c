/* whole.c - read and write that go on until all is done. */
#include "whole.h"

#include <errno.h>
#include <unistd.h>

bool write_whole(int fd, const void *data, size_t len)
{
    const char *from = data;
    while (len > 0) {
        ssize_t n = write(fd, from, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            from += n;
            len -= (size_t)n;
        }
    }
    return true;
}

ssize_t read_whole(int fd, void *data, size_t room)
{
    size_t len = 0;
    while (len < room) {
        ssize_t n = read(fd, (char *)data + len, room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}
