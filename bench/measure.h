/* measure.h - what the benchmarks of the index measure with: clocks, memory, disk. */
#ifndef WINNOW_BENCH_MEASURE_H
#define WINNOW_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Seconds: CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID (all threads), or another. */
double measure_clock(clockid_t clock);

/* Bytes that /proc/self/status tells of: "RssAnon", "VmHWM"; 0 where it does not. */
uint64_t measure_memory(const char *name);

/* Bytes on disk below a folder: blocks that are used, not the files' lengths. */
uint64_t measure_folder(const char *folder);

/* A new folder in parent (NULL: TMPDIR, or else /var/tmp, which is on a disk where /tmp
 * may be in memory), and its end with all that is in it.  The path is from the heap. */
char *measure_make_folder(const char *parent);
void measure_drop_folder(const char *folder);

/* The next of a row of random numbers. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93u;
    x = (x ^ (x >> 29)) * 0xD6E8FEB86659FD93u;
    return x ^ (x >> 32);
}

/* Prints and ends the process: a benchmark has nobody to tell. */
void die(const char *what, const char *name) __attribute__((noreturn));
void *must(void *p); /* p, or the end where it is NULL */

#endif
