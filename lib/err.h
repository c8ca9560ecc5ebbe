/* err.h - fills the caller's struct winnow_error. */
#ifndef WINNOW_ERR_H
#define WINNOW_ERR_H

#include "winnow.h"

/* Sets err (which may be NULL) and returns status, so that a failure is one line:
 *     return err_set(err, WINNOW_EDATA, "%s: cut off after %zu bytes", name, n); */
int err_set(struct winnow_error *err, enum winnow_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Out of memory, said in one place. */
int err_nomem(struct winnow_error *err);

#endif
