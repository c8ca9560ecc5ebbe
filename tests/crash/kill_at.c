/* kill_at.c - runs a program and stops it, or one of its processes, at its k-th system call.
 *
 * usage: kill_at [-t SECONDS] [-o LOG] ACTION -- PROGRAM ARGUMENT...
 *        kill_at cut FOLDER FLAG             shuts the filesystem of FOLDER down, now
 *
 *     count CALLS                            how many calls of which name each kind makes
 *     kill  KIND CALLS K all|one             SIGKILL right before the K-th: all, or that process
 *     cut   KIND CALLS K FOLDER FLAG         the filesystem of FOLDER is shut down there (1: its
 *                                            journal is flushed first, 2: not), then all are killed
 *     fail  KIND CALLS K ERROR once|on       the K-th (on: each from then on) gives ERROR instead;
 *                                            "0": does nothing and succeeds; "short": does half
 *
 * KIND is a place in the family: coordinator (the program and its threads), nursery (its
 * children), worker (theirs).  CALLS is one name or several with commas, counted together;
 * "all" for count: every call.  "creat" is an openat that makes a file, "openat" every other.
 * K 0, of kill and cut: when the program has ended by itself.
 *
 * The calls are counted over all processes of a kind, in the order in which they come; strace
 * would count for each process and each name on its own, and stop at every call.  Here a
 * seccomp filter that the family inherits stops at those that are asked for alone, so that a
 * run takes hardly longer than without.
 *
 * The log has a line each:  "fired KIND CALL K", "count KIND CALL N", "end KIND exit|signal N
 * TIMES", "seen N" (calls that were counted), "deadline".  Status: 0, or 2 where it cannot work;
 * the log says what became of the program. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__x86_64__)
int main(void)
{
    puts("skipped: kill_at knows the registers of x86-64 alone");
    return 77;
}
#else

enum { CALLS_MOST = 512, NAMES_MOST = 64, TASKS_MOST = 4096, ENDS_MOST = 256 };

enum kind { COORDINATOR, NURSERY, WORKER, KINDS };
static const char *const kind_names[KINDS] = {"coordinator", "nursery", "worker"};

enum action { COUNT, KILL, CUT, FAIL };

struct task {
    pid_t pid, tgid;
    enum kind kind;
    bool is_new;    /* its first stop is still to come */
    bool is_killed; /* by us */
    bool to_mend;   /* at the end of the call it is in */
    bool has_result; /* ... that is its result */
    long long result;
    unsigned long long rdi, rdx; /* ... and these its arguments, which no call changes */
};

struct end {
    enum kind kind;
    bool by_signal;
    int value;
    unsigned times;
};

/* All of a run: this program does one thing and ends. */
struct run {
    enum action action;
    enum kind kind;
    const char *names[NAMES_MOST];
    size_t nnames;
    bool all_calls; /* count all */
    uint64_t k;
    bool one;       /* kill one process alone; fail once */
    int disk;       /* of cut */
    uint32_t flag;
    long long error; /* what a failing call gives: 0, -EIO, ... */
    bool is_short;

    FILE *log;
    pid_t root;
    struct task tasks[TASKS_MOST];
    size_t ntasks;
    uint64_t seen;
    bool fired;
    uint64_t counts[KINDS][CALLS_MOST + 1]; /* the last one is creat */
    struct end ends[ENDS_MOST];
    size_t nends;
};

static volatile sig_atomic_t is_late;

static void on_alarm(int signal)
{
    (void)signal;
    is_late = 1;
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("kill_at: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

/* --- which calls ---------------------------------------------------------------------------- */

static const char *name_of(const struct user_regs_struct *regs, char buf[64])
{
    if (regs->orig_rax == SYS_openat && (regs->rdx & O_CREAT))
        return "creat";
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)regs->orig_rax);
    snprintf(buf, 64, "%s", name ? name : "unknown");
    free(name);
    return buf;
}

static bool is_named(const struct run *r, const char *name)
{
    for (size_t i = 0; i < r->nnames; i++)
        if (strcmp(r->names[i], name) == 0)
            return true;
    return false;
}

static int number_of(const char *name)
{
    if (strcmp(name, "creat") == 0)
        return SYS_openat;
    return seccomp_syscall_resolve_name(name);
}

static void split_names(struct run *r, char *list)
{
    r->all_calls = strcmp(list, "all") == 0;
    if (r->all_calls)
        return;
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        if (r->nnames == NAMES_MOST || number_of(name) < 0)
            die("%s: no such call, or too many", name);
        r->names[r->nnames++] = name;
    }
}

/* The filter of the whole family: what is asked for stops, all else goes through. */
static void stop_at_calls(const struct run *r)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        die("no memory");
    for (size_t i = 0; i < r->nnames; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_TRACE(0), number_of(r->names[i]), 0) &&
            strcmp(r->names[i], "creat") != 0 && strcmp(r->names[i], "openat") != 0)
            die("no filter for %s", r->names[i]);
    for (int n = 0; r->all_calls && n < CALLS_MOST; n++)
        if (n != SYS_exit && n != SYS_exit_group && n != SYS_rt_sigreturn && n != SYS_execve)
            (void)!seccomp_rule_add(filter, SCMP_ACT_TRACE(0), n, 0);
    if (seccomp_load(filter))
        die("no filter can be loaded here");
    seccomp_release(filter);
}

/* --- the family ------------------------------------------------------------------------------ */

static struct task *find_task(struct run *r, pid_t pid)
{
    for (size_t i = 0; i < r->ntasks; i++)
        if (r->tasks[i].pid == pid)
            return &r->tasks[i];
    return NULL;
}

static struct task *add_task(struct run *r, pid_t pid, pid_t tgid, enum kind kind)
{
    if (r->ntasks == TASKS_MOST)
        die("too many processes");
    r->tasks[r->ntasks] = (struct task){.pid = pid, .tgid = tgid, .kind = kind, .is_new = true};
    return &r->tasks[r->ntasks++];
}

static void status_of(pid_t pid, pid_t *tgid, pid_t *parent)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        (void)!sscanf(line, "Tgid: %d", tgid);
        (void)!sscanf(line, "PPid: %d", parent);
    }
    if (file)
        fclose(file);
}

/* A task that stops before its maker has told of it, or of which that tells now. */
static struct task *know_task(struct run *r, pid_t pid, const struct task *maker)
{
    struct task *task = find_task(r, pid);
    if (task)
        return task;
    pid_t tgid = pid, parent = maker ? maker->tgid : 0;
    status_of(pid, &tgid, &parent);
    const struct task *leader = find_task(r, tgid), *of = find_task(r, parent);
    if (leader)
        return add_task(r, pid, tgid, leader->kind);
    if (!of)
        of = maker;
    enum kind kind = of && of->kind == COORDINATOR ? NURSERY : WORKER;
    return add_task(r, pid, tgid, kind);
}

static void kill_family(struct run *r)
{
    for (size_t i = 0; i < r->ntasks; i++)
        kill(r->tasks[i].tgid, SIGKILL);
}

/* --- what is done at a call ------------------------------------------------------------------- */

static void cut_power(struct run *r)
{
    if (ioctl(r->disk, _IOR('X', 125, uint32_t), &r->flag))
        die("the filesystem cannot be shut down: %s", strerror(errno));
}

/* false: a read or a write of that descriptor never does a part. */
static bool can_be_short(const struct task *task, const struct user_regs_struct *regs)
{
    char path[64], target[256];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", task->pid, (int)regs->rdi);
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (regs->rdx < 2 || len <= 0)
        return false;
    int type = 0, pidfd = target[0] == '/' ? -1 : (int)syscall(SYS_pidfd_open, task->tgid, 0);
    int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, (int)regs->rdi, 0);
    socklen_t size = sizeof type;
    if (fd >= 0)
        (void)!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (fd >= 0)
        close(fd);
    if (pidfd >= 0)
        close(pidfd);
    return target[0] == '/' || type == SOCK_STREAM;
}

/* true: the call's end is to be seen: its result or its arguments are to be mended. */
static bool fail_call(struct run *r, struct task *task, struct user_regs_struct *regs)
{
    /* What is closed is closed, whatever it says: the kernel does it so. */
    task->has_result = !r->is_short && regs->orig_rax == SYS_close;
    task->result = r->error;
    task->to_mend = r->is_short || regs->orig_rax == SYS_close || regs->orig_rax == SYS_brk;
    if (r->is_short) {
        regs->rdx /= 2;
    } else if (regs->orig_rax == SYS_brk) {
        regs->rdi = 0; /* it fails by changing nothing */
    } else if (regs->orig_rax != SYS_close) {
        regs->orig_rax = (unsigned long long)-1;
        regs->rax = (unsigned long long)r->error;
    }
    ptrace(PTRACE_SETREGS, task->pid, NULL, regs);
    return task->to_mend;
}

static void fire(struct run *r, const struct task *task, const char *name)
{
    if (!r->fired)
        fprintf(r->log, "fired %s %s %llu\n", kind_names[task->kind], name,
                (unsigned long long)r->seen);
    r->fired = true;
}

/* true: the task is not to go on, or is told to already. */
static bool on_call(struct run *r, struct task *task)
{
    struct user_regs_struct regs;
    char buf[64];
    if (ptrace(PTRACE_GETREGS, task->pid, NULL, &regs))
        return false; /* it is gone */
    const char *name = name_of(&regs, buf);
    if (r->action == COUNT) {
        size_t n = strcmp(name, "creat") == 0 ? CALLS_MOST : (size_t)regs.orig_rax;
        if (n <= CALLS_MOST && (r->all_calls || is_named(r, name)))
            r->counts[task->kind][n]++;
        return false;
    }
    if (task->kind != r->kind || !is_named(r, name))
        return false;
    if (r->is_short && !can_be_short(task, &regs))
        return false;
    r->seen++;
    bool now = r->action == FAIL && !r->one ? r->seen >= r->k : r->seen == r->k;
    if (!now)
        return false;
    fire(r, task, name);
    task->rdi = regs.rdi;
    task->rdx = regs.rdx;
    if (r->action == FAIL) {
        bool to_end = fail_call(r, task, &regs);
        if (to_end)
            ptrace(PTRACE_SYSCALL, task->pid, NULL, NULL);
        return to_end;
    }
    if (r->action == CUT)
        cut_power(r);
    if (r->action == KILL && r->one)
        kill(task->tgid, SIGKILL);
    else
        kill_family(r);
    return true;
}

static void on_return(struct task *task)
{
    struct user_regs_struct regs;
    if (!task->to_mend || ptrace(PTRACE_GETREGS, task->pid, NULL, &regs))
        return;
    task->to_mend = false;
    regs.rdi = task->rdi;
    regs.rdx = task->rdx;
    if (task->has_result)
        regs.rax = (unsigned long long)task->result;
    ptrace(PTRACE_SETREGS, task->pid, NULL, &regs);
}

/* --- following ----------------------------------------------------------------------------------- */

static void note_end(struct run *r, const struct task *task, int status)
{
    bool by_signal = WIFSIGNALED(status);
    int value = by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
    for (size_t i = 0; i < r->nends; i++) {
        struct end *end = &r->ends[i];
        if (end->kind == task->kind && end->by_signal == by_signal && end->value == value) {
            end->times++;
            return;
        }
    }
    if (r->nends < ENDS_MOST)
        r->ends[r->nends++] = (struct end){task->kind, by_signal, value, 1};
}

static void on_end(struct run *r, struct task *task, int status)
{
    bool is_root = task->pid == r->root;
    if (task->pid == task->tgid)
        note_end(r, task, status);
    *task = r->tasks[--r->ntasks];
    if (!is_root || r->k || r->action == COUNT || r->action == FAIL)
        return;
    r->fired = true;
    fputs("fired coordinator end 0\n", r->log);
    if (r->action == CUT)
        cut_power(r);
    kill_family(r);
}

static void on_event(struct run *r, struct task *task, int event)
{
    unsigned long message = 0;
    if (event != PTRACE_EVENT_FORK && event != PTRACE_EVENT_VFORK && event != PTRACE_EVENT_CLONE)
        return;
    if (ptrace(PTRACE_GETEVENTMSG, task->pid, NULL, &message) == 0 && message)
        know_task(r, (pid_t)message, task);
}

static void on_stop(struct run *r, struct task *task, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16, deliver = 0;
    pid_t pid = task->pid;
    if (event == PTRACE_EVENT_SECCOMP) {
        if (on_call(r, task))
            return;
    } else if (event) {
        on_event(r, task, event);
    } else if (signal == (SIGTRAP | 0x80)) {
        on_return(task);
    } else if (task->is_new && signal == SIGSTOP) {
        task->is_new = false;
    } else {
        deliver = signal;
    }
    ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)deliver);
}

static void follow(struct run *r)
{
    int status;
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == ECHILD)
            return;
        if (is_late == 1) {
            is_late = 2;
            fputs("deadline\n", r->log);
            kill_family(r);
        }
        if (pid < 0)
            continue;
        struct task *task = know_task(r, pid, NULL);
        if (WIFEXITED(status) || WIFSIGNALED(status))
            on_end(r, task, status);
        else if (WIFSTOPPED(status))
            on_stop(r, task, status);
    }
}

static void begin(struct run *r, char **argv)
{
    const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
                         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                         PTRACE_O_TRACEEXEC;
    int status;
    r->root = fork();
    if (r->root == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
            die("nothing can be traced here: %s", strerror(errno));
        raise(SIGSTOP);
        stop_at_calls(r);
        execvp(argv[0], argv);
        die("%s: %s", argv[0], strerror(errno));
    }
    if (r->root < 0 || waitpid(r->root, &status, 0) < 0 || !WIFSTOPPED(status))
        die("it cannot be started");
    if (ptrace(PTRACE_SETOPTIONS, r->root, NULL, (void *)options))
        die("ptrace: %s", strerror(errno));
    add_task(r, r->root, r->root, COORDINATOR)->is_new = false;
    ptrace(PTRACE_CONT, r->root, NULL, NULL);
}

static void report(const struct run *r)
{
    char buf[64];
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (size_t n = 0; n <= CALLS_MOST; n++) {
            struct user_regs_struct regs = {.orig_rax = n};
            if (r->counts[kind][n])
                fprintf(r->log, "count %s %s %llu\n", kind_names[kind],
                        n == CALLS_MOST ? "creat" : name_of(&regs, buf),
                        (unsigned long long)r->counts[kind][n]);
        }
    for (size_t i = 0; i < r->nends; i++)
        fprintf(r->log, "end %s %s %d %u\n", kind_names[r->ends[i].kind],
                r->ends[i].by_signal ? "signal" : "exit", r->ends[i].value, r->ends[i].times);
    fprintf(r->log, "seen %llu\n", (unsigned long long)r->seen);
}

/* --- the words ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"0", 0},           {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},
    {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"ENOMEM", ENOMEM}, {"EAGAIN", EAGAIN},
    {"EDQUOT", EDQUOT}, {"EROFS", EROFS},   {"EPERM", EPERM},   {"EACCES", EACCES},
    {"ENOLCK", ENOLCK}, {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL},
};

static void read_error(struct run *r, const char *word)
{
    r->is_short = strcmp(word, "short") == 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].name, word) == 0) {
            r->error = -errors[i].number;
            return;
        }
    if (!r->is_short)
        die("%s: no such error", word);
}

static void read_point(struct run *r, char **words)
{
    for (r->kind = 0; r->kind < KINDS; r->kind++)
        if (strcmp(kind_names[r->kind], words[0]) == 0)
            break;
    if (r->kind == KINDS)
        die("%s: no such kind of process", words[0]);
    split_names(r, words[1]);
    r->k = strtoull(words[2], NULL, 10);
}

static void take_count(struct run *r, char **words)
{
    split_names(r, words[0]);
}

static void take_kill(struct run *r, char **words)
{
    read_point(r, words);
    r->one = strcmp(words[3], "one") == 0;
}

static void open_disk(struct run *r, const char *folder, const char *flag)
{
    r->disk = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r->flag = (uint32_t)strtoul(flag, NULL, 10);
    if (r->disk < 0)
        die("%s: %s", folder, strerror(errno));
}

static void take_cut(struct run *r, char **words)
{
    read_point(r, words);
    open_disk(r, words[3], words[4]);
}

static void take_fail(struct run *r, char **words)
{
    read_point(r, words);
    read_error(r, words[3]);
    r->one = strcmp(words[4], "once") == 0;
}

static const struct {
    const char *name;
    int words;
    enum action action;
    void (*take)(struct run *r, char **words);
} actions[] = {
    {"count", 1, COUNT, take_count},
    {"kill", 4, KILL, take_kill},
    {"cut", 5, CUT, take_cut},
    {"fail", 5, FAIL, take_fail},
};

/* The words of the action; argv of the program. */
static char **read_words(struct run *r, char **argv)
{
    size_t i = 0, most = sizeof actions / sizeof *actions;
    while (i < most && (!argv[0] || strcmp(argv[0], actions[i].name) != 0))
        i++;
    if (i == most)
        die("count, kill, cut or fail?");
    int words = 1;
    while (argv[words] && strcmp(argv[words], "--") != 0)
        words++;
    if (words != actions[i].words + 1 || !argv[words] || !argv[words + 1])
        die("%s takes %d words, then --, then a program", argv[0], actions[i].words);
    r->action = actions[i].action;
    actions[i].take(r, argv + 1);
    return argv + words + 1;
}

int main(int argc, char **argv)
{
    static struct run run;
    struct sigaction late = {.sa_handler = on_alarm};
    unsigned seconds = 60;
    int option;
    run.log = stdout;
    if (argc == 4 && strcmp(argv[1], "cut") == 0) {
        open_disk(&run, argv[2], argv[3]);
        cut_power(&run);
        return 0;
    }
    while ((option = getopt(argc, argv, "+t:o:")) != -1) {
        if (option == 't')
            seconds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option != 'o' || !(run.log = fopen(optarg, "we")))
            die("usage: kill_at [-t SECONDS] [-o LOG] ACTION -- PROGRAM ARGUMENT...");
    }
    char **program = read_words(&run, argv + optind);
    sigaction(SIGALRM, &late, NULL);
    begin(&run, program);
    alarm(seconds);
    follow(&run);
    report(&run);
    return fclose(run.log) ? 2 : 0;
}
#endif
