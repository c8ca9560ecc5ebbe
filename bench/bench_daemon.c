/* bench_daemon.c - winnowd against a plain loop of write, fsync, rename.
 *
 * usage: bench_daemon [--files N] [--long] [--loads NAME[,NAME...]] [--seconds N]
 *                     [--sync-ms N] [--folder DIR] [--here] [--winnowd PROGRAM]
 *                     [--set NAME=VALUE]
 *
 * winnowd cleans N pages that are renamed into drop/; the loop writes the files that came of
 * them (a text and a record each), one after the other, syncs each and renames it.  Both do so
 * on the same file system in the same run: as root on an ext4 of its own, in a file below DIR
 * (--here: in DIR itself).  Then pages come at a steady rate, two fifths of what was measured,
 * and the time is taken from just before a page's close or rename until inotify tells of its
 * record in out/.
 *
 * What the disk is: the loop's own fsyncs, with nobody else there; and fsyncs of small files
 * while winnowd has the same load once more.
 *
 * A disk that lies, or has a battery, syncs in no time: then the loop is as quick as a writer
 * without any care, and the processor is what binds winnowd.  --sync-ms makes every sync of
 * both take so much longer (preload/slow_sync.c).
 *
 * Memory is that of winnowd and its nursery: their share of it (PSS), and without the mapped
 * files (the index is one, which grows) what is theirs alone.  That has to be flat without an
 * index; an index keeps a filter of all fingerprints in memory, which grows with them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "made_text.h"
#include "measure.h"
#include "process_cost.h"

enum {
    SITES = 16,
    FILES = 10000,
    FILES_LONG = 200000,
    LOOP_PAGES = 500,
    SECONDS = 10,       /* of steady load */
    IDLE_S = 20,
    PATIENCE_S = 60,    /* without any progress: it hangs */
    PROBES_A_SECOND = 20,
    SETS_MOST = 16,
};

struct load {
    const char *name, *index;
    unsigned texts;   /* of made_text.h in a page: 600 words each */
    unsigned part_of; /* so much of the files: large ones take longer */
};

static const struct load loads[] = {
    {"small", "no", 1, 1},
    {"small-index", "yes", 1, 1},
    {"large", "no", 4, 4},
    {"large-index", "yes", 4, 4},
    {0},
};

struct options {
    const char *loads, *parent, *winnowd;
    const char *sets[SETS_MOST];
    size_t nsets, files;
    unsigned seconds, sync_us;
    bool here;
};

/* One load on its way. */
struct run {
    const struct load *load;
    const struct options *o;
    const char *folder;
    struct made *made;
    char spool[1024];
    pid_t daemon, nursery;
    size_t files;

    /* the reader of out/ */
    pthread_t reader;
    int events, stop[2];
    double *put, *seen; /* seconds, by page; seen 0: not yet */
    size_t cap;
    _Atomic size_t nseen;
    _Atomic double last_seen;

    /* the probe */
    pthread_t prober;
    _Atomic bool probing;
    double *probes;
    size_t nprobes;
};

/* Milliseconds of the processor. */
struct cost {
    double coordinator, committer, nursery, workers;
};

struct figures {
    double pages_s, loop_pages_s;
    struct cost cost;
    size_t bytes; /* of results, a page */
    struct memory early, late;
    double idle_ms;
    double p50, p99, sync_p50, sync_p99, loaded_p50, loaded_p99; /* ms */
    double rate;
};

static double now(void)
{
    return measure_clock(CLOCK_MONOTONIC);
}

static void path_of(char ret[1024], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void path_of(char ret[1024], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vsnprintf(ret, 1024, format, args) >= 1024)
        die("the path is too long", format);
    va_end(args);
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        die(strerror(errno), path);
}

/* --- pages -------------------------------------------------------------------------------- */

static void page_name(char ret[64], size_t i)
{
    snprintf(ret, 64, "site%zu.example/p%08zu.html", i % SITES, i);
}

static void print_paragraphs(FILE *f, struct slice text)
{
    const char *p = text.p, *end = p + text.len;
    while (p < end) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        line = line ? line : end;
        if (line > p)
            fprintf(f, "<p>%.*s</p>\n", (int)(line - p), p);
        p = line + 1;
    }
}

/* A site's pages have its menu and its foot. */
static void print_page(struct run *r, FILE *f, size_t i)
{
    size_t site = i % SITES;
    fprintf(f, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
               "<title>Page %zu | Site %zu</title></head>\n<body><header><a href=\"/\">Site "
               "%zu</a></header><nav><ul>", i, site, site);
    for (size_t n = 0; n < 8; n++)
        fprintf(f, "<li><a href=\"/part%zu\">Part %zu of %zu</a></li>", n, n, site);
    fprintf(f, "</ul></nav>\n<article><h1>Page %zu</h1>\n", i);
    for (unsigned n = 0; n < r->load->texts; n++) {
        struct slice text;
        made_document(r->made, (uint64_t)i * r->load->texts + n, &text);
        print_paragraphs(f, text);
    }
    fprintf(f, "</article>\n<footer><p>All that stands on site %zu was written by its "
               "readers.</p></footer></body></html>\n", site);
}

static void write_page(struct run *r, const char *path, size_t i)
{
    FILE *f = fopen(path, "we");
    if (!f)
        die(strerror(errno), path);
    print_page(r, f, i);
    if (fclose(f) != 0)
        die(strerror(errno), path);
}

static void make_sites(const char *folder)
{
    char path[1024];
    make_folder(folder);
    for (size_t i = 0; i < SITES; i++) {
        path_of(path, "%s/site%zu.example", folder, i);
        make_folder(path);
    }
}

static void stage_pages(struct run *r)
{
    char path[1024], name[64];
    path_of(path, "%s/stage", r->folder);
    make_sites(path);
    for (size_t i = 0; i < r->files; i++) {
        page_name(name, i);
        path_of(path, "%s/stage/%s", r->folder, name);
        write_page(r, path, i);
    }
    sync();
}

/* --- what comes out ----------------------------------------------------------------------- */

static void see(struct run *r, const char *name, double when)
{
    size_t len = strlen(name), i = 0;
    if (len < 6 || strcmp(name + len - 5, ".json") != 0 || sscanf(name, "p%zu", &i) != 1 ||
        i >= r->cap || r->seen[i] > 0)
        return;
    r->seen[i] = when;
    r->last_seen = when;
    r->nseen++;
}

static void *read_events(void *arg)
{
    struct run *r = arg;
    static char room[1 << 16] __attribute__((aligned(8)));
    struct pollfd fds[] = {{.fd = r->events, .events = POLLIN},
                           {.fd = r->stop[0], .events = POLLIN}};
    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        ssize_t n = read(r->events, room, sizeof room);
        double when = now();
        for (char *p = room; n > 0 && p < room + n;) {
            const struct inotify_event *e = (const struct inotify_event *)p;
            if (e->mask & IN_Q_OVERFLOW)
                die("more events than fs.inotify.max_queued_events came at once", "inotify");
            if (e->len > 0)
                see(r, e->name, when);
            p += sizeof *e + e->len;
        }
    }
    return NULL;
}

static void start_reader(struct run *r)
{
    char path[1024];
    r->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (r->events < 0 || pipe2(r->stop, O_CLOEXEC) != 0)
        die(strerror(errno), "inotify");
    for (size_t i = 0; i < SITES; i++) {
        path_of(path, "%s/out/site%zu.example", r->spool, i);
        if (inotify_add_watch(r->events, path, IN_MOVED_TO | IN_CREATE) < 0)
            die(strerror(errno), path);
    }
    if (pthread_create(&r->reader, NULL, read_events, r) != 0)
        die("no thread", "reader");
}

static void stop_reader(struct run *r)
{
    if (write(r->stop[1], "", 1) != 1)
        die(strerror(errno), "pipe");
    pthread_join(r->reader, NULL);
    close(r->events);
    close(r->stop[0]);
    close(r->stop[1]);
}

/* --- winnowd ------------------------------------------------------------------------------ */

static int bind_notify(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof at.sun_path)
        die("the path is too long for a socket", path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
        die(strerror(errno), path);
    return fd;
}

static void wait_ready(int fd)
{
    char text[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, PATIENCE_S * 1000) > 0) {
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        if (strstr(text, "READY=1"))
            return;
    }
    die("it is not ready in time", "winnowd");
}

/* Of the process that is to be: every sync takes longer. */
static void make_slow(unsigned us)
{
    char value[32];
    if (us == 0)
        return;
    snprintf(value, sizeof value, "%u", us);
    setenv("WINNOW_SYNC_US", value, 1);
    setenv("LD_PRELOAD", SLOW_SYNC, 1);
}

static void exec_daemon(const struct run *r, const char *notify)
{
    const char *argv[8 + 2 * SETS_MOST];
    char index[32];
    size_t n = 0;
    snprintf(index, sizeof index, "index=%s", r->load->index);
    argv[n++] = r->o->winnowd;
    argv[n++] = "--set";
    argv[n++] = index;
    argv[n++] = "--set";
    argv[n++] = "log=warning";
    for (size_t i = 0; i < r->o->nsets; i++) {
        argv[n++] = "--set";
        argv[n++] = r->o->sets[i];
    }
    argv[n++] = r->spool;
    argv[n] = NULL;
    setenv("NOTIFY_SOCKET", notify, 1);
    make_slow(r->o->sync_us);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

static pid_t child_of(pid_t pid)
{
    char path[1024];
    int child = 0;
    path_of(path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "re");
    if (!f || fscanf(f, "%d", &child) != 1)
        die("winnowd has no nursery", path);
    fclose(f);
    return child;
}

static void start_daemon(struct run *r)
{
    char path[1024];
    make_folder(r->spool);
    path_of(path, "%s/drop", r->spool);
    make_sites(path);
    path_of(path, "%s/out", r->spool);
    make_sites(path);
    path_of(path, "%s/notify", r->folder);
    int fd = bind_notify(path);
    fflush(stdout);
    r->daemon = fork();
    if (r->daemon == 0)
        exec_daemon(r, path);
    wait_ready(fd);
    close(fd);
    unlink(path);
    r->nursery = child_of(r->daemon);
}

static void stop_daemon(struct run *r)
{
    int status = 0;
    kill(r->daemon, SIGTERM);
    if (waitpid(r->daemon, &status, 0) != r->daemon || status != 0)
        die("it did not leave in peace", "winnowd");
}

/* --- memory and idling -------------------------------------------------------------------- */

/* Keeps the largest: what it needs while it works. */
static void look_at_memory(const struct run *r, struct memory *most)
{
    struct memory m = {0};
    process_add_memory(r->daemon, &m);
    process_add_memory(r->nursery, &m);
    most->pss = m.pss > most->pss ? m.pss : most->pss;
    most->own = m.own > most->own ? m.own : most->own;
}

static struct cost cost_so_far(const struct run *r)
{
    return (struct cost){process_main_ms(r->daemon), process_others_ms(r->daemon), process_main_ms(r->nursery),
                         process_children_ms(r->nursery)};
}

static bool is_empty(const char *path)
{
    size_t n = 0;
    DIR *d = opendir(path);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n <= 2;
}

/* Until all that was published is cleared away too. */
static void wait_for_rest(const struct run *r)
{
    char path[1024];
    double until = now() + PATIENCE_S;
    path_of(path, "%s/work", r->spool);
    while (!is_empty(path)) {
        if (now() > until)
            die("files stay there", path);
        poll(NULL, 0, 20);
    }
}

static double idle_ms(const struct run *r)
{
    wait_for_rest(r);
    poll(NULL, 0, 1000); /* a last commit of the index */
    struct cost before = cost_so_far(r);
    poll(NULL, 0, IDLE_S * 1000);
    struct cost after = cost_so_far(r);
    return after.coordinator + after.committer + after.nursery - before.coordinator -
           before.committer - before.nursery;
}

/* --- files a second ----------------------------------------------------------------------- */

static void drop_staged(const struct run *r, size_t i)
{
    char from[1024], to[1024], name[64];
    page_name(name, i);
    path_of(from, "%s/stage/%s", r->folder, name);
    path_of(to, "%s/drop/%s", r->spool, name);
    r->put[i] = now();
    if (rename(from, to) != 0)
        die(strerror(errno), from);
}

/* Waits until `count` pages are visible; looks at memory near a tenth of them and near all. */
static void wait_seen(struct run *r, size_t count, struct figures *ret)
{
    size_t before = r->nseen;
    double until = now() + PATIENCE_S;
    while (r->nseen < count) {
        poll(NULL, 0, 10);
        size_t n = r->nseen;
        if (ret && n > count / 20 && n <= count / 10)
            look_at_memory(r, &ret->early);
        if (ret && n > count - count / 20)
            look_at_memory(r, &ret->late);
        if (n != before)
            until = now() + PATIENCE_S;
        else if (now() > until)
            die("pages do not come out", "winnowd");
        before = n;
    }
}

static void measure_throughput(struct run *r, struct figures *ret)
{
    double start = now();
    for (size_t i = 0; i < r->files; i++)
        drop_staged(r, i);
    wait_seen(r, r->files, ret);
    ret->pages_s = (double)r->files / (r->last_seen - start);
    ret->cost = cost_so_far(r);
}

/* --- the loop ----------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them. */
static double percentile_ms(double *seconds, size_t count, double percent)
{
    if (count == 0)
        return 0;
    qsort(seconds, count, sizeof *seconds, compare_numbers);
    size_t at = (size_t)((double)count * percent / 100);
    return 1000 * seconds[at < count ? at : count - 1];
}

/* Writes, syncs, renames; the seconds that fsync took. */
static double write_durably(const char *folder, const char *name, struct slice data, unsigned us)
{
    char temporary[1024], path[1024];
    path_of(temporary, "%s/.new", folder);
    path_of(path, "%s/%s", folder, name);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, data.p, data.len) != (ssize_t)data.len)
        die(strerror(errno), temporary);
    struct timespec more = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    double start = now();
    if ((us > 0 && nanosleep(&more, NULL) != 0) || fsync(fd) != 0)
        die(strerror(errno), temporary);
    double ret = now() - start;
    close(fd);
    if (rename(temporary, path) != 0)
        die(strerror(errno), path);
    return ret;
}

static struct slice read_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        die(strerror(errno), path);
    char *data = must(malloc((size_t)st.st_size + 1));
    if (read(fd, data, (size_t)st.st_size) != st.st_size)
        die("cannot be read whole", path);
    close(fd);
    return (struct slice){data, (size_t)st.st_size};
}

static void measure_loop(struct run *r, struct figures *ret)
{
    static const char *const ends[2] = {".txt", ".json"};
    size_t pages = r->files < LOOP_PAGES ? r->files : LOOP_PAGES, count = 2 * pages;
    struct slice *data = must(calloc(count, sizeof *data));
    double *syncs = must(calloc(count, sizeof *syncs));
    char path[1024], name[64], last[96];
    for (size_t i = 0; i < count; i++) {
        page_name(name, i / 2);
        path_of(path, "%s/out/%s%s", r->spool, name, ends[i % 2]);
        data[i] = read_file(path);
        ret->bytes += data[i].len;
    }
    ret->bytes /= pages;
    path_of(path, "%s/loop", r->folder);
    make_folder(path);
    sync();
    double start = now();
    for (size_t i = 0; i < count; i++) {
        snprintf(last, sizeof last, "%zu%s", i / 2, ends[i % 2]);
        syncs[i] = write_durably(path, last, data[i], r->o->sync_us);
    }
    ret->loop_pages_s = (double)pages / (now() - start);
    ret->sync_p50 = percentile_ms(syncs, count, 50);
    ret->sync_p99 = percentile_ms(syncs, count, 99);
    for (size_t i = 0; i < count; i++)
        free((char *)data[i].p);
    free(data);
    free(syncs);
    measure_drop_folder(path);
}

/* --- close to visible --------------------------------------------------------------------- */

static void sleep_until(double when)
{
    struct timespec t = {.tv_sec = (time_t)when, .tv_nsec = (long)((when - (double)(time_t)when) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        continue;
}

/* One page in two is written in place, the other renamed there. */
static void drop_new(struct run *r, size_t i)
{
    char path[1024], hidden[1024], name[64];
    page_name(name, i);
    path_of(path, "%s/drop/%s", r->spool, name);
    path_of(hidden, "%s/drop/.new", r->spool);
    FILE *f = fopen(i % 2 ? path : hidden, "we");
    if (!f)
        die(strerror(errno), path);
    print_page(r, f, i);
    if (fflush(f) != 0)
        die(strerror(errno), path);
    if (i % 2 == 0)
        fclose(f);
    r->put[i] = now();
    if (i % 2 ? fclose(f) != 0 : rename(hidden, path) != 0)
        die(strerror(errno), path);
}

static void steady_load(struct run *r, size_t first, size_t count, double rate)
{
    double start = now() + 0.01;
    for (size_t i = 0; i < count; i++) {
        sleep_until(start + (double)i / rate);
        drop_new(r, first + i);
    }
    wait_seen(r, first + count, NULL);
}

static void *probe(void *arg)
{
    struct run *r = arg;
    char path[1024];
    static const char page[4096];
    path_of(path, "%s/probe", r->folder);
    make_folder(path);
    for (size_t i = 0; r->probing && i < r->cap; i++) {
        r->probes[i] = write_durably(path, "probed", (struct slice){page, sizeof page}, r->o->sync_us);
        r->nprobes = i + 1;
        poll(NULL, 0, 1000 / PROBES_A_SECOND);
    }
    return NULL;
}

static void measure_latency(struct run *r, struct figures *ret)
{
    ret->rate = ret->pages_s * 0.4;
    size_t count = (size_t)(ret->rate * r->o->seconds);
    steady_load(r, r->files, count, ret->rate);
    double *took = must(calloc(count, sizeof *took));
    for (size_t i = 0; i < count; i++)
        took[i] = r->seen[r->files + i] - r->put[r->files + i];
    ret->p50 = percentile_ms(took, count, 50);
    ret->p99 = percentile_ms(took, count, 99);
    free(took);
    r->probing = true;
    if (pthread_create(&r->prober, NULL, probe, r) != 0)
        die("no thread", "probe");
    steady_load(r, r->files + count, count, ret->rate);
    r->probing = false;
    pthread_join(r->prober, NULL);
    ret->loaded_p50 = percentile_ms(r->probes, r->nprobes, 50);
    ret->loaded_p99 = percentile_ms(r->probes, r->nprobes, 99);
}

/* --- one load ----------------------------------------------------------------------------- */

static void make_room(struct run *r)
{
    r->cap = r->files + (size_t)r->o->seconds * 2 * 20000;
    r->put = must(calloc(r->cap, sizeof *r->put));
    r->seen = must(calloc(r->cap, sizeof *r->seen));
    r->probes = must(calloc(r->cap, sizeof *r->probes));
}

static void measure_load(const struct load *load, const struct options *o, const char *folder,
                         struct figures *ret)
{
    struct run r = {.load = load, .o = o, .folder = folder, .files = o->files / load->part_of};
    path_of(r.spool, "%s/spool", folder);
    r.made = made_new();
    make_room(&r);
    stage_pages(&r);
    start_daemon(&r);
    start_reader(&r);
    measure_throughput(&r, ret);
    ret->idle_ms = idle_ms(&r);
    measure_loop(&r, ret);
    measure_latency(&r, ret);
    stop_daemon(&r);
    stop_reader(&r);
    measure_drop_folder(r.spool);
    made_free(r.made);
    free(r.put);
    free(r.seen);
    free(r.probes);
}

/* --- the file system ---------------------------------------------------------------------- */

static void run_or_die(const char *const *argv)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        die("failed", argv[0]);
}

/* An ext4 in a file, mounted where only this process and its children see it. */
static void mount_image(const char *folder, size_t files)
{
    char image[1024], at[1024], inodes[32];
    path_of(image, "%s/image", folder);
    path_of(at, "%s/disk", folder);
    snprintf(inodes, sizeof inodes, "%zu", 6 * files + 500000);
    int fd = open(image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    off_t bytes = ((off_t)4 << 30) + (off_t)files * 40960;
    if (fd < 0 || ftruncate(fd, bytes) != 0 || mkdir(at, 0700) != 0)
        die(strerror(errno), image);
    close(fd);
    run_or_die((const char *[]){"mkfs.ext4", "-q", "-F", "-N", inodes, image, NULL});
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        die(strerror(errno), "a mount namespace");
    run_or_die((const char *[]){"mount", "-o", "loop,noinit_itable", image, at, NULL});
}

/* --- the report --------------------------------------------------------------------------- */

static const char *met(bool is)
{
    return is ? "" : " (missed)";
}

static void print_figures(const struct load *load, const struct figures *f, size_t files)
{
    double goal = 2 * f->sync_p99 + 5;
    printf("%s: pages of %s kB, index %s, %zu files, %zu bytes of results each\n", load->name,
           load->texts > 1 ? "16" : "4", load->index, files, f->bytes);
    printf("  files a second          %8.0f   the loop %.0f: %.1f times; goal 8%s\n", f->pages_s,
           f->loop_pages_s, f->pages_s / f->loop_pages_s,
           met(f->pages_s >= 8 * f->loop_pages_s));
    const struct cost *c = &f->cost;
    double n = (double)files, all = c->coordinator + c->committer + c->nursery + c->workers;
    printf("  processor, ms a file    %8.2f   coordinator %.2f, committer and index %.2f, nursery "
           "%.2f, workers %.2f\n", all / n, c->coordinator / n, c->committer / n, c->nursery / n,
           c->workers / n);
    printf("  close to visible, ms    %8.1f p50, %.1f p99, at %.0f files a second; goal %.1f%s\n",
           f->p50, f->p99, f->rate, goal, met(f->p99 <= goal));
    printf("  fsync of the disk, ms   %8.1f p50, %.1f p99; under that load %.1f p50, %.1f p99\n",
           f->sync_p50, f->sync_p99, f->loaded_p50, f->loaded_p99);
    bool has_index = strcmp(load->index, "yes") == 0;
    printf("  memory, MiB             %8.1f of its own at a tenth, %.1f at the end: %+.1f %%; %s%s\n",
           f->early.own, f->late.own, 100 * (f->late.own / f->early.own - 1),
           has_index ? "the index's filter is in it" : "goal under 5",
           has_index ? "" : met(f->late.own < 1.05 * f->early.own));
    printf("    with mapped files     %8.1f, %.1f\n", f->early.pss, f->late.pss);
    printf("  processor while idle    %8.1f ms in %d s; goal less than a tick, 10%s\n\n",
           f->idle_ms, IDLE_S, met(f->idle_ms < 10));
    fflush(stdout);
}

static bool is_asked_for(const struct load *load, const char *list)
{
    size_t len = strlen(load->name);
    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, load->name, len) == 0 && (p[len] == '\0' || p[len] == ','))
            return true;
    }
    return !list;
}

/* In a process of its own: what it mounts goes with it. */
static void measure_in(const char *folder, const struct options *o)
{
    char disk[1024];
    bool image = geteuid() == 0 && !o->here;
    if (image)
        mount_image(folder, o->files);
    path_of(disk, "%s%s", folder, image ? "/disk" : "");
    printf("on %s; %ld processors; each sync made %.1f ms longer\n\n",
           image ? "an ext4 in a file" : disk, sysconf(_SC_NPROCESSORS_ONLN), o->sync_us / 1000.0);
    for (const struct load *l = loads; l->name; l++) {
        struct figures f = {0};
        if (!is_asked_for(l, o->loads))
            continue;
        measure_load(l, o, disk, &f);
        print_figures(l, &f, o->files / l->part_of);
    }
}

static void measure_all(const struct options *o)
{
    char *folder = measure_make_folder(o->parent);
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        measure_in(folder, o);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("cannot run a process", "fork");
    measure_drop_folder(folder);
    free(folder);
    if (status != 0)
        exit(1);
}

/* --- options ------------------------------------------------------------------------------ */

static size_t read_number(const char *s, size_t most)
{
    char *end;
    unsigned long long n = strtoull(s, &end, 10);
    if (*end || n == 0 || n > most)
        die("not such a number", s);
    return (size_t)n;
}

static char *find_winnowd(void)
{
    char *path = NULL;
    char self[1024];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    if (!strrchr(self, '/'))
        die("/proc is not there", "winnowd");
    *strrchr(self, '/') = '\0';
    if (asprintf(&path, "%s/../bin/winnowd", self) < 0)
        die("out of memory", "sorry");
    return path;
}

static void read_options(int argc, char **argv, struct options *o)
{
    static const struct option names[] = {
        {"files", required_argument, NULL, 'n'},   {"long", no_argument, NULL, 'L'},
        {"loads", required_argument, NULL, 'l'},   {"seconds", required_argument, NULL, 's'},
        {"folder", required_argument, NULL, 'f'},  {"here", no_argument, NULL, 'h'},
        {"winnowd", required_argument, NULL, 'w'}, {"set", required_argument, NULL, 'S'},
        {"sync-ms", required_argument, NULL, 'm'}, {0}};
    for (int found; (found = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (found) {
        case 'n': o->files = read_number(optarg, 10000000); break;
        case 'L': o->files = FILES_LONG; o->seconds = 3 * SECONDS; break;
        case 'l': o->loads = optarg; break;
        case 's': o->seconds = (unsigned)read_number(optarg, 3600); break;
        case 'f': o->parent = optarg; break;
        case 'm': o->sync_us = (unsigned)(strtod(optarg, NULL) * 1000); break;
        case 'h': o->here = true; break;
        case 'w': o->winnowd = optarg; break;
        case 'S':
            if (o->nsets == SETS_MOST)
                die("too many", "--set");
            o->sets[o->nsets++] = optarg;
            break;
        default: exit(64);
        }
    }
}

int main(int argc, char **argv)
{
    struct options o = {.files = FILES, .seconds = SECONDS};
    char *beside = find_winnowd();
    o.winnowd = beside;
    read_options(argc, argv, &o);
    if (access(o.winnowd, X_OK) != 0)
        die(strerror(errno), o.winnowd);
    measure_all(&o);
    free(beside);
    return 0;
}
