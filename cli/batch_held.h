/* batch_held.h - bytes that wait: few of them in memory, more in a file without a name. */
#ifndef WINNOW_BATCH_HELD_H
#define WINNOW_BATCH_HELD_H

#include <stdbool.h>
#include <stddef.h>

/* Begins as {0}. */
struct held {
    char *data; /* good after held_end; not NUL-terminated */
    size_t len, cap;
    int fd;       /* of the file, */
    bool in_file; /* if there is one */
    bool mapped;
};

/* 0, or an errno. */
int held_add(struct held *h, const char *data, size_t len);

/* Nothing more comes: all is at h->data.  0, or an errno. */
int held_end(struct held *h);
void held_free(struct held *h);

#endif
