/* fault.c - what went wrong, where, and what to do: struct winnow_error, filled in here. */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fault_set(struct winnow_error *err, int status, const char *format, ...)
{
    if (!err)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->status = (enum winnow_status)status;
    return status;
}

int fault_errno(struct winnow_error *err, const char *what_to_do, const char *format, ...)
{
    int why = errno, status = why == ENOMEM ? WINNOW_ENOMEM : WINNOW_EIO;
    if (!err)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    size_t len = strlen(err->text);
    snprintf(err->text + len, sizeof err->text - len, ": %s; %s", strerror(why), what_to_do);
    err->status = (enum winnow_status)status;
    errno = why;
    return status;
}

int fault_nomem(struct winnow_error *err)
{
    return fault_set(err, WINNOW_ENOMEM, "out of memory; free some, then try again");
}
