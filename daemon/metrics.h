/* metrics.h - counters and gauges, written as a Prometheus text file, whole or not at all. */
#ifndef WINNOW_METRICS_H
#define WINNOW_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "winnow.h"

/* One list makes the names, the help texts and the members: see metrics.c for the table. */
enum metric {
    METRIC_CLAIMED, METRIC_CLEANED, METRIC_QUARANTINED, METRIC_RETRIED, METRIC_RELEASED,
    METRIC_ATTEMPTS_FAILED, METRIC_WORKERS_DIED, METRIC_WORKERS_TIMED_OUT, METRIC_COMMITS,
    METRIC_COMMIT_FAILURES, METRIC_BYTES_IN, METRIC_BYTES_OUT, METRIC_OVERFLOWS, METRIC_RELOADS,
    METRIC_RELOADS_FAILED, /* counters up to here */
    METRIC_IN_WORK, METRIC_IN_QUARANTINE, METRIC_WAITING, METRIC_FOLDERS, METRIC_FREE_BYTES,
    METRIC_FULL, /* 1: nothing is claimed, for want of room */
    METRIC_DOCUMENTS, METRIC_STARTED, METRIC_LAST_OUTCOME, /* seconds since 1970 */
    METRICS,
};

/* Histograms, in seconds: claim to visible, a commit's time. */
enum timing { TIMING_PAGE, TIMING_COMMIT, TIMINGS };

struct metrics {
    uint64_t values[METRICS];
    struct {
        uint64_t buckets[16], count;
        double sum;
    } timings[TIMINGS];
};

void metrics_time(struct metrics *m, enum timing which, double seconds);
void metrics_print(const struct metrics *m, FILE *to);

/* A line "name value" each, without the timings' buckets: for people, and winnow queue. */
void metrics_print_lines(const struct metrics *m, FILE *to);

/* Writes the file at path by a temporary one beside it and a rename.  WINNOW_EIO. */
WINNOW_CHECK int metrics_write(const struct metrics *m, const char *path, struct winnow_error *err);

#endif
