/* stop.c - a run that is asked to stop ends what it has begun, and saves. */
#include "stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked; /* the signal; 0: none */

static void note(int number)
{
    asked = number;
}

void stop_begin(void)
{
    /* No SA_RESTART: who waits for standard input hears of it.  SA_RESETHAND: whoever
     * does not want to wait asks twice. */
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESETHAND};
    static const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old;
        /* nohup and shells' background jobs have them ignored: so it stays. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

bool stop_asked(void)
{
    return asked != 0;
}

int stop_code(void)
{
    return 128 + (int)asked;
}
