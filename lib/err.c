/* err.c - error messages, and the words for their kinds. */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

static const char *const names[] = {
    [WINNOW_OK] = "ok",       [WINNOW_ENOMEM] = "memory", [WINNOW_ELIMIT] = "limit",
    [WINNOW_EDATA] = "data",  [WINNOW_ERULES] = "rules",  [WINNOW_EIO] = "input/output",
    [WINNOW_EUSAGE] = "usage",
    [WINNOW_EBUSY] = "busy",
};

/* File names are bytes, and the end may be cut inside a character: "?" stands there. */
static void make_valid(char *text)
{
    for (char *at = text; *(at += utf8_valid_prefix(slice_of(at))); at++)
        *at = '?';
}

int err_set(struct winnow_error *err, enum winnow_status status, const char *format, ...)
{
    if (!err)
        return status;
    va_list args;
    va_start(args, format);
    err->status = status;
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    make_valid(err->text);
    return status;
}

int err_nomem(struct winnow_error *err)
{
    return err_set(err, WINNOW_ENOMEM, "out of memory; free some or lower the size limit");
}

const char *winnow_status_name(int status)
{
    size_t count = sizeof names / sizeof *names;
    return status >= 0 && (size_t)status < count ? names[status] : "unknown";
}
