/* metrics.c - counters and gauges, written as a Prometheus text file, whole or not at all.
 *
 * A reader (node_exporter's textfile collector) opens the path at any time: so the text is
 * written to <path>.tmp, which no reader takes, and renamed.  It is not synced: after a power
 * cut the next interval writes it anew. */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

static const struct {
    const char *name, *help;
} table[METRICS] = {
    [METRIC_CLAIMED] = {"claimed_total", "Files taken out of drop."},
    [METRIC_CLEANED] = {"cleaned_total", "Files whose result was published in out."},
    [METRIC_QUARANTINED] = {"quarantined_total", "Files put into quarantine."},
    [METRIC_RETRIED] = {"retried_total", "Files put back from quarantine into drop."},
    [METRIC_RELEASED] = {"released_total", "Files taken out of quarantine by hand."},
    [METRIC_ATTEMPTS_FAILED] = {"attempts_failed_total", "Attempts at a file that failed."},
    [METRIC_WORKERS_DIED] = {"workers_died_total", "Workers ended by a signal."},
    [METRIC_WORKERS_TIMED_OUT] = {"workers_timed_out_total", "Workers stopped for taking too long."},
    [METRIC_COMMITS] = {"commits_total", "Groups of outcomes made durable."},
    [METRIC_COMMIT_FAILURES] = {"commit_failures_total", "Groups of outcomes that could not be made durable."},
    [METRIC_BYTES_IN] = {"in_bytes_total", "Bytes of files that were cleaned."},
    [METRIC_BYTES_OUT] = {"out_bytes_total", "Bytes of texts and records that were published."},
    [METRIC_OVERFLOWS] = {"event_overflows_total", "Times that file events were lost and drop was listed again."},
    [METRIC_RELOADS] = {"reloads_total", "Reloads of settings and rules."},
    [METRIC_RELOADS_FAILED] = {"reloads_failed_total", "Reloads that were refused; the old settings stay."},
    [METRIC_IN_WORK] = {"work_files", "Files claimed and not decided."},
    [METRIC_IN_QUARANTINE] = {"quarantine_files", "Files in quarantine."},
    [METRIC_WAITING] = {"waiting_files", "Files seen in drop that are not ready."},
    [METRIC_FOLDERS] = {"watched_folders", "Folders below drop that are watched."},
    [METRIC_FREE_BYTES] = {"free_bytes", "Free space of the spool's file system."},
    [METRIC_FULL] = {"full", "1 while nothing is claimed for want of room."},
    [METRIC_DOCUMENTS] = {"index_documents", "Documents that the index knows."},
    [METRIC_STARTED] = {"start_time_seconds", "When this winnowd began, in seconds since 1970."},
    [METRIC_LAST_OUTCOME] = {"last_outcome_time_seconds", "When a file had its last outcome, in seconds since 1970."},
};

static const struct {
    const char *name, *help;
} timings[TIMINGS] = {
    [TIMING_PAGE] = {"page_seconds", "From a file's claim to its outcome."},
    [TIMING_COMMIT] = {"commit_seconds", "Making a group of outcomes durable."},
};

enum { BUCKETS = 16, FIRST_GAUGE = METRIC_IN_WORK };
_Static_assert(sizeof((struct metrics *)NULL)->timings[0].buckets ==
                   BUCKETS * sizeof(uint64_t), "a bound for each bucket");

/* Upper bounds in milliseconds; what is slower is in the count alone. */
static const unsigned bounds_ms[BUCKETS] = {1,   2,   5,    10,   20,   50,    100,   200,
                                            500, 1000, 2000, 5000, 10000, 30000, 60000, 300000};

void metrics_time(struct metrics *m, enum timing which, double seconds)
{
    if (!(seconds > 0))
        seconds = 0; /* a clock that was set back; no number */
    m->timings[which].count++;
    m->timings[which].sum += seconds;
    for (size_t i = 0; i < BUCKETS; i++)
        if (seconds * 1000 <= bounds_ms[i]) {
            m->timings[which].buckets[i]++;
            return;
        }
}

/* By whole numbers: printf's %f writes a comma where the locale has one. */
static void print_seconds(double seconds, FILE *to)
{
    double most = 1e12;
    uint64_t us = (uint64_t)((seconds < most ? seconds : most) * 1e6);
    fprintf(to, "%" PRIu64 ".%06u", us / 1000000, (unsigned)(us % 1000000));
}

static void print_timing(const struct metrics *m, enum timing which, FILE *to)
{
    const char *name = timings[which].name;
    uint64_t sum = 0;
    fprintf(to, "# HELP winnowd_%s %s\n# TYPE winnowd_%s histogram\n", name, timings[which].help, name);
    for (size_t i = 0; i < BUCKETS; i++) {
        sum += m->timings[which].buckets[i];
        fprintf(to, "winnowd_%s_bucket{le=\"%u.%03u\"} %" PRIu64 "\n", name, bounds_ms[i] / 1000,
                bounds_ms[i] % 1000, sum);
    }
    fprintf(to, "winnowd_%s_bucket{le=\"+Inf\"} %" PRIu64 "\nwinnowd_%s_sum ", name,
            m->timings[which].count, name);
    print_seconds(m->timings[which].sum, to);
    fprintf(to, "\nwinnowd_%s_count %" PRIu64 "\n", name, m->timings[which].count);
}

void metrics_print(const struct metrics *m, FILE *to)
{
    for (size_t i = 0; i < METRICS; i++)
        fprintf(to, "# HELP winnowd_%s %s\n# TYPE winnowd_%s %s\nwinnowd_%s %" PRIu64 "\n",
                table[i].name, table[i].help, table[i].name, i < FIRST_GAUGE ? "counter" : "gauge",
                table[i].name, m->values[i]);
    for (size_t i = 0; i < TIMINGS; i++)
        print_timing(m, (enum timing)i, to);
}

void metrics_print_lines(const struct metrics *m, FILE *to)
{
    for (size_t i = 0; i < METRICS; i++)
        fprintf(to, "%s %" PRIu64 "\n", table[i].name, m->values[i]);
    for (size_t i = 0; i < TIMINGS; i++) {
        fprintf(to, "%s_count %" PRIu64 "\n%s_sum ", timings[i].name, m->timings[i].count,
                timings[i].name);
        print_seconds(m->timings[i].sum, to);
        putc('\n', to);
    }
}

/* --- the file -------------------------------------------------------------------------------- */

/* O_EXCL: whoever may write in that folder cannot send us elsewhere by a link. */
static FILE *make_file(const char *temp)
{
    if (unlink(temp) && errno != ENOENT)
        return NULL;
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return NULL;
    /* Numbers only: the collector may read them whatever our umask is. */
    FILE *ret = fchmod(fd, 0644) ? NULL : fdopen(fd, "w");
    if (!ret)
        close(fd);
    return ret;
}

static bool fill_file(const struct metrics *m, FILE *file)
{
    metrics_print(m, file);
    bool whole = !ferror(file) && fflush(file) == 0;
    int why = errno;
    if (fclose(file) && whole)
        return false;
    errno = why;
    return whole;
}

/* A rename would put a file in the place of /dev/null. */
static bool is_device(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode) ||
                                       S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

int metrics_write(const struct metrics *m, const char *path, struct winnow_error *err)
{
    char temp[PATH_MAX];
    if (is_device(path))
        return fault_set(err, WINNOW_EUSAGE, "%s is no regular file, and stays as it is; set "
                                             "metrics to a path where a file may stand", path);
    int len = snprintf(temp, sizeof temp, "%s.tmp", path);
    if (len < 0 || (size_t)len >= sizeof temp)
        return fault_set(err, WINNOW_EIO, "the path of the metrics file is too long; set metrics "
                                          "to a shorter one");
    FILE *file = make_file(temp);
    if (file && fill_file(m, file) && rename(temp, path) == 0)
        return WINNOW_OK;
    int status = fault_errno(err, "set metrics to a file in a folder that winnowd may write to",
                             "%s cannot be written", path);
    if (file)
        unlink(temp);
    return status;
}
