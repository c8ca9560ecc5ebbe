/* stop.h - a run that is asked to stop ends what it has begun, and saves. */
#ifndef WINNOW_STOP_H
#define WINNOW_STOP_H

#include <stdbool.h>

/* From now on the first SIGINT or SIGTERM only asks; the second ends the program. */
void stop_begin(void);

bool stop_asked(void);

/* 128 and the signal's number, as shells count. */
int stop_code(void);

#endif
