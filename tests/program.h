/* program.h - what the tests of the program share: a folder for their files, and runs
 * of winnow with its outcome, its words, its time and its memory. */
#ifndef WINNOW_TEST_PROGRAM_H
#define WINNOW_TEST_PROGRAM_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE 60 /* seconds: against hangs, no measure of speed */
#define NOBODY 65534
#define CANNOT_RUN 126
#define HUNG (128 + SIGALRM)

/* --- files --------------------------------------------------------------------- */

static char folder[200]; /* where the tests of this program put their files */

static inline int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void folder_make(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/winnow-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
        fail_msg("no temporary folder %s: %s", folder, strerror(errno));
}

/* For a group of tests: the folder before the first, and away with it behind the last. */
static inline int folder_start(void **state)
{
    (void)state;
    folder_make();
    return 0;
}

static inline int folder_stop(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* The path of a name in the folder.  Eight may be in use at a time. */
static inline const char *path_of(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void make_folder(const char *name)
{
    if (mkdir(path_of(name), 0755) != 0 && errno != EEXIST)
        fail_msg("mkdir %s: %s", path_of(name), strerror(errno));
}

static inline void make_file(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "wb");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static inline bool exists(const char *name)
{
    struct stat s;

    return lstat(path_of(name), &s) == 0;
}

/* The bytes from fd's start as a string; the caller frees. */
static inline char *read_fd(int fd, size_t *len)
{
    struct stat s;
    char *bytes;
    size_t n = 0;

    assert_int_equal(fstat(fd, &s), 0);
    bytes = malloc((size_t)s.st_size + 1);
    assert_non_null(bytes);
    while (n < (size_t)s.st_size) {
        ssize_t got = pread(fd, bytes + n, (size_t)s.st_size - n, (off_t)n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    bytes[n] = '\0';
    if (len)
        *len = n;
    return bytes;
}

static inline char *read_file(const char *name)
{
    int fd = open(path_of(name), O_RDONLY);
    char *bytes;

    if (fd < 0)
        fail_msg("there is no %s", name);
    bytes = read_fd(fd, NULL);
    close(fd);
    return bytes;
}

static inline void assert_file_holds(const char *name, const char *text)
{
    char *bytes = read_file(name);

    if (!strstr(bytes, text))
        fail_msg("%s does not hold \"%s\": %.300s", name, text, bytes);
    free(bytes);
}

/* --- runs ------------------------------------------------------------------------- */

struct launch {
    const char *program;     /* NULL: winnow */
    const char *const *args; /* behind "winnow", up to NULL */
    const char *in;          /* a path that becomes standard input; NULL: /dev/null */
    const char *out;         /* a path that becomes standard output; NULL: run.out */
    const char *cwd;
    const char *env; /* NAME=VALUE or NULL */
    rlim_t max_file; /* bytes a file may grow to; 0: any */
    bool nobody;     /* give up root's rights first */
};

struct run {
    int code; /* the exit code, or 128 + the signal */
    char *out, *err;
    size_t out_len;
    long rss; /* peak, KiB */
    double seconds;
};

static inline const char *program_path(void)
{
    const char *path = getenv("WINNOW_PROGRAM");

    return path && *path ? path : WINNOW_PROGRAM;
}

/* A sanitised program is slow and large on purpose. */
static inline bool program_is_sanitized(void)
{
    int fd = open(program_path(), O_RDONLY);
    char *bytes;
    size_t len;
    bool found;

    if (fd < 0)
        fail_msg("no program %s; build it first", program_path());
    bytes = read_fd(fd, &len);
    found = memmem(bytes, len, "__asan_init", 11) != NULL;
    free(bytes);
    close(fd);
    return found;
}

/* The child's part: never returns. */
static inline void run_child(const struct launch *l, int out, int err)
{
    const char *argv[32] = {"winnow"};
    int in = open(l->in ? l->in : "/dev/null", O_RDONLY);

    for (size_t i = 0; l->args[i] && i + 2 < sizeof argv / sizeof *argv; i++)
        argv[i + 1] = l->args[i];
    if (l->out)
        out = open(l->out, O_WRONLY);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(CANNOT_RUN);
    if (l->cwd && chdir(l->cwd) != 0)
        _exit(CANNOT_RUN);
    if (l->env)
        putenv((char *)(uintptr_t)l->env);
    if (l->max_file) {
        const struct rlimit limit = {l->max_file, l->max_file};
        signal(SIGXFSZ, SIG_IGN); /* write() then says EFBIG */
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(CANNOT_RUN);
    }
    if (l->nobody && geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        _exit(CANNOT_RUN);
    alarm(DEADLINE); /* outlives exec */
    execv(l->program ? l->program : program_path(), (char *const *)(uintptr_t)argv);
    _exit(CANNOT_RUN);
}

static inline double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Runs winnow to its end; run_free afterwards. */
static inline struct run run_launch(struct launch l)
{
    int out = memfd_create("stdout", MFD_CLOEXEC), err = memfd_create("stderr", MFD_CLOEXEC);
    double start = seconds_now();
    struct run r = {0};
    struct rusage usage;
    int status = 0;
    pid_t pid;

    assert_true(out >= 0 && err >= 0);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_child(&l, out, err);
    while (wait4(pid, &status, 0, &usage) < 0)
        assert_int_equal(errno, EINTR);
    r.seconds = seconds_now() - start;
    r.rss = usage.ru_maxrss;
    r.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    r.out = read_fd(out, &r.out_len);
    r.err = read_fd(err, NULL);
    close(out);
    close(err);
    if (r.code == CANNOT_RUN && !l.nobody)
        fail_msg("%s does not run", l.program ? l.program : program_path());
    return r;
}

static inline void run_free(struct run *r)
{
    free(r->out);
    free(r->err);
    *r = (struct run){0};
}

/* RUN("clean", "a.html"): with nothing on standard input. */
#define RUN(...) run_launch((struct launch){.args = (const char *const[]){__VA_ARGS__, NULL}})

/* --- what is expected ------------------------------------------------------------- */

static inline void assert_code(const struct run *r, int code)
{
    if (r->code == HUNG)
        fail_msg("still running after %d s; stderr: %.300s", DEADLINE, r->err);
    if (r->code != code)
        fail_msg("exit code %d, not %d; stderr: %.500s", r->code, code, r->err);
}

static inline void assert_out(const struct run *r, const char *text)
{
    if (!memmem(r->out, r->out_len, text, strlen(text)))
        fail_msg("no \"%s\" in the output: %.500s; stderr: %.300s", text, r->out, r->err);
}

static inline void assert_not_out(const struct run *r, const char *text)
{
    if (memmem(r->out, r->out_len, text, strlen(text)))
        fail_msg("\"%s\" in the output: %.500s", text, r->out);
}

static inline void assert_err(const struct run *r, const char *text)
{
    if (!strstr(r->err, text))
        fail_msg("no \"%s\" in the message: %.500s", text, r->err);
}

/* An error is one line that begins with the program's name and says what to do; a
 * usage error says that in its own way. */
static inline void assert_one_error(const struct run *r)
{
    size_t len = strlen(r->err);

    if (len == 0 || strchr(r->err, '\n') != r->err + len - 1)
        fail_msg("not one line on stderr: \"%.500s\"", r->err);
    if (strncmp(r->err, "winnow: ", 8) != 0)
        fail_msg("not \"winnow: ...\": %.500s", r->err);
    if (r->code != EX_USAGE && !strstr(r->err, "; "))
        fail_msg("not \"winnow: FILE: REASON; WHAT TO DO\": %.500s", r->err);
}

/* The length of the UTF-8 character at p, or 0 where there is none (RFC 3629). */
static inline size_t utf8_char(const unsigned char *p, size_t left)
{
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xc2 ? 0
               : p[0] < 0xe0 ? 2
               : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4
                             : 0;

    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static inline void assert_utf8(const struct run *r)
{
    const unsigned char *p = (const unsigned char *)r->out;
    size_t i = 0, n;

    for (; i < r->out_len; i += n) {
        n = utf8_char(p + i, r->out_len - i);
        if (n == 0 || p[i] == 0)
            fail_msg("the output is no UTF-8 text at byte %zu", i);
    }
}

#endif
