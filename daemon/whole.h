/* whole.h - read and write that go on until all is done: signals and short counts in between
 * are nobody's business. */
#ifndef WINNOW_WHOLE_H
#define WINNOW_WHOLE_H

#include <stdbool.h>
#include <sys/types.h>

/* false, and errno: not all was written. */
bool write_whole(int fd, const void *data, size_t len);

/* Up to the end of the file, or so many bytes: how many there were; -1 and errno. */
ssize_t read_whole(int fd, void *data, size_t room);

#endif
