/* disk.h - the system calls of a store: read and written whole, synced, named safely.
 *
 * All return WINNOW_OK, or WINNOW_EIO (WINNOW_EDATA where a file ends too soon) with an
 * error that names the file, the system's word for it, and what to do. */
#ifndef WINNOW_DISK_H
#define WINNOW_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow.h"

/* What the name of an unfinished file begins with: a folder's one writer may take such
 * files away, they are left from a crash. */
#define DISK_TEMP ".tmp-"

/* path is for messages. */
int disk_read(int fd, const char *path, void *data, size_t len, uint64_t at,
              struct winnow_error *err);
int disk_write(int fd, const char *path, const void *data, size_t len, uint64_t at,
               struct winnow_error *err);

/* A sync that failed is not to be tried again on that fd: the system has then let go of
 * what it could not write, and a second try would say that all is well. */
int disk_sync(int fd, const char *path, struct winnow_error *err);

/* Syncs the folder that path stands in (or is, where it ends in '/'). */
int disk_sync_folder(const char *path, struct winnow_error *err);

/* A new file beside path under a name that nobody takes for a finished one, open for
 * reading and writing, to be written and then given to disk_publish, which syncs it and
 * names it path (that must not be there, unless `replace`), then syncs the folder.
 * disk_discard takes it away.  Both close fd and free temp, whatever happens; after a
 * failure there is no such file (a replaced one may be the new). */
int disk_create(const char *path, int *fd, char **temp, struct winnow_error *err);
int disk_publish(int fd, char *temp, const char *path, bool replace, struct winnow_error *err);
void disk_discard(int fd, char *temp);

/* The error that a failed call is: doing ("cannot open"), errno's value, what to do. */
int disk_fail(struct winnow_error *err, const char *path, const char *doing, int code);

#endif
