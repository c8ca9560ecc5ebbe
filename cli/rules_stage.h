/* rules_stage.h - files for a folder, made beside it and moved in together at the end. */
#ifndef WINNOW_RULES_STAGE_H
#define WINNOW_RULES_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "names.h"

enum { RULE_FILE_MOST = 4 * 1024 * 1024 }; /* bytes, as the library reads it */

struct stage {
    const char *dir;
    int dir_fd, temp_fd;
    char *temp;          /* the folder in dir where the new files wait */
    struct names names;  /* of all files handed over, new and as they are */
    struct names waiting; /* of those to be moved in */
    struct names gone;   /* of those to be removed */
    size_t bytes;        /* of what waits */
    size_t files_most, bytes_most; /* that may wait */
};

/* Makes the folder dir where it is missing.  0, or an exit code after a message; then
 * too stage_close is to be called. */
int stage_open(struct stage *s, const char *dir);

/* Removes what waits and was not moved in. */
void stage_close(struct stage *s);

enum stage_found { STAGE_NOTHING, STAGE_FILE, STAGE_NO_FILE };

/* The bytes of a file that waits, or else stands in the folder; free them.  STAGE_NO_FILE:
 * a folder or a link, or one that cannot be read or is larger than RULE_FILE_MOST. */
enum stage_found stage_read(const struct stage *s, const char *name, char **ret, size_t *len);

/* Has a file of this name been handed over? */
bool stage_has(const struct stage *s, const char *name);

/* Hands a file over: to be moved in, or as it stands already.  0, or an exit code after
 * a message. */
int stage_put(struct stage *s, const char *name, const char *data, size_t len);
int stage_keep(struct stage *s, const char *name);

/* Has a file of the folder removed. */
int stage_drop(struct stage *s, const char *name);

/* Moves all in, each at once: a crash leaves the old file or the new one, whole. */
int stage_publish(struct stage *s);

/* Reads a regular file of at most max bytes below the folder at; free the bytes.  -1
 * with errno: EFBIG where it is larger, EINVAL where it is no regular file. */
int file_read(int at, const char *path, size_t max, char **ret, size_t *len);

#endif
