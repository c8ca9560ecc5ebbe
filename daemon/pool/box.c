/* box.c - the box that a nursery and its workers live in.
 *
 * The order: both filters are compiled first, because that wants memory files; then rlimits,
 * no_new_privs, Landlock, and the nursery's filter last, because it forbids the rest. */
#include "pool/box.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BOX_SANITIZED 1
#endif
#endif
#ifndef BOX_SANITIZED
#define BOX_SANITIZED 0
#endif

/* What is missing is the machine's, whatever errno says. */
static int no_box(struct winnow_error *err, const char *what_to_do, const char *what)
{
    (void)fault_errno(err, what_to_do, "pages are cleaned only in a box, and %s", what);
    if (err)
        err->status = WINNOW_EUSAGE;
    return WINNOW_EUSAGE;
}

/* --- system calls ---------------------------------------------------------------------- */

/* Who may make a call. */
enum who {
    BOTH,
    NURSERY,
    SANITIZED, /* both, in builds whose sanitizers make it */
};

/* A call, and what its arguments have to be.  refuse: 0 allows it, an errno is its answer. */
struct call {
    int number;
    enum who who;
    int refuse;
    unsigned ntests;
    struct scmp_arg_cmp tests[2];
};

#define CALL(name) SCMP_SYS(name)
#define IS(arg, value) SCMP_CMP64(arg, SCMP_CMP_EQ, (scmp_datum_t)(value))
#define BITS(arg, mask, value)                                                                   \
    SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))

enum { FORK_FLAGS = CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD };

static const struct call calls[] = {
    {CALL(read), BOTH, 0, 1, {IS(0, BOX_SOCKET)}},
    {CALL(pread64), BOTH, 0, 1, {IS(0, BOX_PAGE)}},
    {CALL(write), BOTH, 0, 1, {IS(0, BOX_SOCKET)}},
    {CALL(exit_group), BOTH, 0, 0, {{0}}},
    {CALL(exit), BOTH, 0, 0, {{0}}},

    /* Memory of its own that holds no code. */
    {CALL(brk), BOTH, 0, 0, {{0}}},
    {CALL(munmap), BOTH, 0, 0, {{0}}},
    {CALL(mremap), BOTH, 0, 0, {{0}}},
    {CALL(madvise), BOTH, 0, 0, {{0}}},
    {CALL(mprotect), BOTH, 0, 1, {BITS(2, PROT_EXEC, 0)}},
    {CALL(mmap), BOTH, 0, 2,
     {BITS(2, PROT_EXEC, 0),
      BITS(3, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS)}},
    /* PCRE2 asks for room for machine code, and interprets its expressions without. */
    {CALL(mmap), BOTH, EPERM, 1, {BITS(2, PROT_EXEC, PROT_EXEC)}},

    {CALL(clock_gettime), BOTH, 0, 0, {{0}}},
    {CALL(gettimeofday), BOTH, 0, 0, {{0}}},
    {CALL(time), BOTH, 0, 0, {{0}}},
    {CALL(getrandom), BOTH, 0, 0, {{0}}},
    {CALL(futex), BOTH, 0, 0, {{0}}},
    {CALL(sched_yield), BOTH, 0, 0, {{0}}},
    {CALL(sysinfo), BOTH, 0, 0, {{0}}}, /* qsort asks how much memory there is */
    {CALL(getpid), BOTH, 0, 0, {{0}}},
    {CALL(gettid), BOTH, 0, 0, {{0}}},
    {CALL(rt_sigprocmask), BOTH, 0, 0, {{0}}},
    {CALL(rt_sigaction), BOTH, 0, 0, {{0}}},
    {CALL(rt_sigreturn), BOTH, 0, 0, {{0}}},
    {CALL(restart_syscall), BOTH, 0, 0, {{0}}},

    /* abort() says a word on standard error and sends itself a signal; refused both, it
     * ends by an illegal instruction, and is told as the crash that it is. */
    {CALL(tgkill), BOTH, EPERM, 0, {{0}}},
#if !BOX_SANITIZED
    {CALL(write), BOTH, EBADF, 1, {IS(0, STDERR_FILENO)}},
    {CALL(writev), BOTH, EBADF, 1, {IS(0, STDERR_FILENO)}},
#endif

    {CALL(recvmsg), NURSERY, 0, 1, {IS(0, BOX_CONTROL)}},
    {CALL(sendmsg), NURSERY, 0, 1, {IS(0, BOX_CONTROL)}},
    {CALL(ppoll), NURSERY, 0, 0, {{0}}},
    {CALL(close), NURSERY, 0, 0, {{0}}},
    {CALL(close_range), NURSERY, 0, 0, {{0}}},
    {CALL(clone), NURSERY, 0, 1, {IS(0, FORK_FLAGS)}},
    {CALL(set_robust_list), NURSERY, 0, 0, {{0}}},
    {CALL(wait4), NURSERY, 0, 0, {{0}}},
    {CALL(getppid), NURSERY, 0, 0, {{0}}},
    {CALL(pidfd_open), NURSERY, 0, 0, {{0}}},
    {CALL(setpriority), NURSERY, 0, 0, {{0}}},
    {CALL(prlimit64), NURSERY, 0, 1, {IS(0, 0)}},
    {CALL(prctl), NURSERY, 0, 1, {IS(0, PR_SET_PDEATHSIG)}},
    {CALL(prctl), NURSERY, 0, 2, {IS(0, PR_SET_SECCOMP), IS(1, SECCOMP_MODE_FILTER)}},

    {CALL(write), SANITIZED, 0, 1, {IS(0, STDERR_FILENO)}},
    {CALL(sigaltstack), SANITIZED, 0, 0, {{0}}},
    {CALL(getrlimit), SANITIZED, 0, 0, {{0}}},
    {CALL(prctl), SANITIZED, 0, 1, {IS(0, PR_SET_VMA)}},
};

static bool is_made(const struct call *c)
{
    return c->who != SANITIZED || BOX_SANITIZED;
}

/* The nursery's filter: what is named, and nothing else. */
static int add_allowed(scmp_filter_ctx ctx)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof calls / sizeof *calls; i++) {
        const struct call *c = &calls[i];
        uint32_t action = c->refuse ? SCMP_ACT_ERRNO((uint32_t)c->refuse) : SCMP_ACT_ALLOW;
        if (is_made(c))
            rc = seccomp_rule_add_array(ctx, action, c->number, c->ntests, c->tests);
    }
    return rc;
}

/* A worker's, on top of it: not what is the nursery's.  That is short, and the kernel compiles
 * it for each page anew. */
static int add_taken_away(scmp_filter_ctx ctx)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof calls / sizeof *calls; i++) {
        const struct call *c = &calls[i];
        if (c->who == NURSERY)
            rc = seccomp_rule_add_array(ctx, SCMP_ACT_KILL_PROCESS, c->number, c->ntests, c->tests);
    }
    return rc;
}

/* Reads a compiled filter back from the memory file that it was written to. */
static int read_filter(int fd, struct sock_fprog *ret)
{
    off_t size = lseek(fd, 0, SEEK_END);
    if (size <= 0 || size % (off_t)sizeof(struct sock_filter) != 0 ||
        size > BPF_MAXINSNS * (off_t)sizeof(struct sock_filter))
        return -EIO;
    struct sock_filter *filter = malloc((size_t)size);
    if (!filter)
        return -ENOMEM;
    if (pread(fd, filter, (size_t)size, 0) != (ssize_t)size) {
        free(filter);
        return -EIO;
    }
    ret->filter = filter;
    ret->len = (unsigned short)((size_t)size / sizeof *filter);
    return 0;
}

static int export_filter(scmp_filter_ctx ctx, struct sock_fprog *ret)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = seccomp_export_bpf(ctx, fd);
    if (rc == 0)
        rc = read_filter(fd, ret);
    close(fd);
    return rc;
}

static int compile_filter(uint32_t otherwise, int (*add)(scmp_filter_ctx),
                          struct sock_fprog *ret, struct winnow_error *err)
{
    scmp_filter_ctx ctx = seccomp_init(otherwise);
    if (!ctx)
        return fault_nomem(err);
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = add(ctx);
    if (rc == 0)
        rc = export_filter(ctx, ret);
    seccomp_release(ctx);
    if (rc == 0)
        return WINNOW_OK;
    return fault_set(err, rc == -ENOMEM ? WINNOW_ENOMEM : WINNOW_EUSAGE,
                     "the filter of system calls cannot be made: %s; use libseccomp 2.5 or later",
                     strerror(-rc));
}

static int load_filter(const struct sock_fprog *filter)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0);
}

/* --- Landlock ----------------------------------------------------------------------------- */

/* The kernel's struct and numbers, which headers of 6.1 do not have in full. */
struct landlock_box {
    uint64_t fs, net, scoped;
};

/* What each version of Landlock can forbid, and how much of the struct it knows. */
static const struct landlock_version {
    struct landlock_box forbids;
    size_t size;
} landlock_versions[] = {
    {{0x1fff, 0, 0}, 8},   /* 1: files and folders */
    {{0x3fff, 0, 0}, 8},   /* 2: and linking them elsewhere */
    {{0x7fff, 0, 0}, 8},   /* 3: and truncating */
    {{0x7fff, 3, 0}, 16},  /* 4: and binding and connecting TCP */
    {{0xffff, 3, 0}, 16},  /* 5: and ioctl on devices */
    {{0xffff, 3, 3}, 24},  /* 6: and abstract sockets and signals beyond the box */
};

static int no_landlock(struct winnow_error *err)
{
    return no_box(err,
                  "run a kernel of 5.13 or later with CONFIG_SECURITY_LANDLOCK and \"landlock\" "
                  "in its lsm= list; in a container, let its system call filter pass "
                  "landlock_create_ruleset, landlock_add_rule and landlock_restrict_self",
                  "Landlock is not to be had here");
}

static int enter_landlock(struct winnow_error *err)
{
    const size_t known = sizeof landlock_versions / sizeof *landlock_versions;
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1u);
    if (version < 1)
        return no_landlock(err);
    const struct landlock_version *v =
        &landlock_versions[((size_t)version < known ? (size_t)version : known) - 1];
    long fd = syscall(SYS_landlock_create_ruleset, &v->forbids, v->size, 0u);
    if (fd < 0)
        return no_landlock(err);
    long rc = syscall(SYS_landlock_restrict_self, (int)fd, 0u);
    int status = rc == 0 ? WINNOW_OK : no_landlock(err);
    close((int)fd);
    return status;
}

/* --- all of it --------------------------------------------------------------------------- */

static bool limit(int what, rlim_t most)
{
    struct rlimit now, wanted = {most, most};
    if (getrlimit((__rlimit_resource_t)what, &now) != 0)
        return false;
    if (wanted.rlim_max > now.rlim_max)
        wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
    return setrlimit((__rlimit_resource_t)what, &wanted) == 0;
}

static int set_limits(uint64_t memory, struct winnow_error *err)
{
    /* A sanitizer's shadow is as large as all that could be. */
    bool done = (BOX_SANITIZED || limit(RLIMIT_AS, (rlim_t)memory)) && limit(RLIMIT_FSIZE, 0) &&
                limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, 16) && limit(RLIMIT_MEMLOCK, 0);
    if (!done || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return no_box(err, "let this program set resource limits and no_new_privs",
                      "its limits cannot be set");
    return WINNOW_OK;
}

int box_enter(uint64_t memory, uint32_t cpu_seconds, struct box *ret, struct winnow_error *err)
{
    struct sock_fprog worker = {0}, nursery = {0};
    int status = compile_filter(SCMP_ACT_ALLOW, add_taken_away, &worker, err);
    if (status == WINNOW_OK)
        status = compile_filter(SCMP_ACT_KILL_PROCESS, add_allowed, &nursery, err);
    if (status == WINNOW_OK)
        status = set_limits(memory, err);
    if (status == WINNOW_OK)
        status = enter_landlock(err);
    if (status == WINNOW_OK && load_filter(&nursery) != 0)
        status = no_box(err, "run a kernel with CONFIG_SECCOMP_FILTER, 4.14 or later",
                        "the filter of system calls cannot be set");
    free(nursery.filter);
    if (status != WINNOW_OK) {
        free(worker.filter);
        return status;
    }
    *ret = (struct box){worker.filter, worker.len, cpu_seconds};
    return WINNOW_OK;
}

int box_tighten(const struct box *box, pid_t nursery)
{
    struct rlimit cpu = {box->cpu_seconds, box->cpu_seconds + 1}, none = {0, 0};
    struct sock_fprog filter = {box->filter_len, box->filter};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != nursery)
        return -1;
    if (setrlimit(RLIMIT_CPU, &cpu) != 0 || setrlimit(RLIMIT_NPROC, &none) != 0)
        return -1;
    return load_filter(&filter);
}
