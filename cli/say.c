/* say.c - messages to people, and exit codes. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "winnow.h"

void say(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* File names are bytes: control characters in them must not reach a terminal. */
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "winnow: %s\n", line);
}

int exit_code_of(int status)
{
    switch (status) {
    case WINNOW_OK:
        return EX_OK;
    case WINNOW_EDATA:
    case WINNOW_ELIMIT:
        return EX_DATAERR;
    case WINNOW_ENOMEM:
        return EX_OSERR;
    case WINNOW_ERULES:
        return EX_CONFIG;
    case WINNOW_EIO:
        return EX_IOERR;
    case WINNOW_EUSAGE:
        return EX_USAGE;
    case WINNOW_EBUSY:
        return EX_TEMPFAIL;
    }
    return EX_SOFTWARE;
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_show(struct progress *p, unsigned long done, unsigned long all)
{
    long now = now_ms();
    if (all < 2 || !isatty(STDERR_FILENO) || (p->shown && now - p->last_ms < 100))
        return;
    p->shown = true;
    p->last_ms = now;
    fprintf(stderr, "\r%lu of %lu", done, all);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r%24s\r", "");
    p->shown = false;
}
