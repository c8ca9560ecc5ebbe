/* process_cost.h - what another process has cost so far: memory, and time of the processor. */
#ifndef WINNOW_BENCH_PROCESS_COST_H
#define WINNOW_BENCH_PROCESS_COST_H

#include <sys/types.h>

struct memory {
    double pss, own; /* MiB: its share of all, and without mapped files */
};

/* Adds what the process has now; nothing where it is gone. */
void process_add_memory(pid_t pid, struct memory *ret);

/* Milliseconds: of its main thread, of its other threads, of the children it has waited for. */
double process_main_ms(pid_t pid);
double process_others_ms(pid_t pid);
double process_children_ms(pid_t pid);

#endif
