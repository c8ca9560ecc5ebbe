/* say.h - messages to people: one line each, on standard error. */
#ifndef WINNOW_SAY_H
#define WINNOW_SAY_H

#include <stdbool.h>

/* "winnow: ..." */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The exit code (sysexits) of an enum winnow_status. */
int exit_code_of(int status);

/* A line that is overwritten: how many of how many are done.  Only on a terminal. */
struct progress {
    bool shown;
    long last_ms;
};
void progress_show(struct progress *p, unsigned long done, unsigned long all);
void progress_end(struct progress *p);

#endif
