/* fault.h - what went wrong, where, and what to do: struct winnow_error, filled in here. */
#ifndef WINNOW_FAULT_H
#define WINNOW_FAULT_H

#include "winnow.h"

/* Fills *err in (NULL: does nothing) and returns status. */
int fault_set(struct winnow_error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: ": " and the words for errno are added, then "; " and
 * what to do.  WINNOW_ENOMEM for ENOMEM, else WINNOW_EIO. */
int fault_errno(struct winnow_error *err, const char *what_to_do, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

int fault_nomem(struct winnow_error *err);

#endif
