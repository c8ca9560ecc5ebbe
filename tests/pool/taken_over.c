/* taken_over.c - winnow-worker with the page's cleaning replaced by what an attacker would do.
 *
 * Linked in the place of daemon/pool/page.c.  The page's text names the attack.  One that
 * reaches its aim says so: a text "REACHED" and a proper result; one that is refused by an
 * error says "refused".  One that the box kills says nothing more.
 *
 * The attacks harm nothing where they succeed: that is how the test shows that it is the box
 * that stops them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/worker.h"

/* --- reaching out: true where it was reached ------------------------------------------------ */

static bool opens(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    return fd >= 0;
}

static bool open_passwd(void)
{
    return opens("/etc/passwd", O_RDONLY);
}

static bool open_raw(void)
{
    return syscall(SYS_open, "/etc/passwd", O_RDONLY, 0) >= 0;
}

static bool openat2_passwd(void)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how) >= 0;
}

static bool open_itself(void)
{
    return opens("/proc/self/maps", O_RDONLY);
}

static bool open_environ_of_parent(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)getppid());
    return opens(path, O_RDONLY);
}

static bool make_file(void)
{
    bool made = opens("/tmp/winnow-taken-over", O_WRONLY | O_CREAT);
    unlink("/tmp/winnow-taken-over");
    return made;
}

static bool make_folder(void)
{
    bool made = mkdir("/tmp/winnow-taken-over-d", 0700) == 0;
    rmdir("/tmp/winnow-taken-over-d");
    return made;
}

static bool rename_file(void)
{
    return rename("/nonexistent-winnow", "/nonexistent-winnow-too") == 0 || errno == ENOENT;
}

static bool look_at_file(void)
{
    struct stat st;
    return stat("/etc/passwd", &st) == 0;
}

static bool read_link(void)
{
    char path[64];
    return readlink("/proc/self/exe", path, sizeof path) > 0;
}

static bool change_folder(void)
{
    return chdir("/") == 0;
}

static bool make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool make_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM, 0) >= 0;
}

static bool make_pair(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}

static bool connect_somewhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return connect(fd >= 0 ? fd : BOX_SOCKET, (struct sockaddr *)&a, sizeof a) == 0;
}

static bool connect_own_socket(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    return connect(BOX_SOCKET, (struct sockaddr *)&a, sizeof a) == 0 || errno == EISCONN;
}

static bool send_descriptor(void)
{
    int fd = BOX_PAGE;
    char room[CMSG_SPACE(sizeof fd)] = {0}, byte = 0;
    struct iovec io = {&byte, 1};
    struct msghdr m = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(BOX_SOCKET, &m, 0) == 1;
}

static bool take_message(void)
{
    char byte;
    struct iovec io = {&byte, 1};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
    return recvmsg(BOX_SOCKET, &m, MSG_DONTWAIT) > 0 || errno == EAGAIN;
}

static bool run_program(void)
{
    char *argv[] = {(char *)"true", NULL};
    execve("/bin/true", argv, NULL);
    return false; /* who comes back did not run it */
}

static bool run_at(void)
{
    char *argv[] = {(char *)"true", NULL};
    syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0);
    return false;
}

static bool buried(pid_t pid)
{
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    return pid > 0;
}

static bool fork_one(void)
{
    return buried(fork());
}

static bool vfork_one(void)
{
    return buried((pid_t)syscall(SYS_fork));
}

static bool clone_one(void)
{
    return buried((pid_t)syscall(SYS_clone, (unsigned long)SIGCHLD, 0, 0, 0, 0));
}

static bool clone3_one(void)
{
    uint64_t args[11] = {0};
    args[4] = SIGCHLD;
    return buried((pid_t)syscall(SYS_clone3, args, sizeof args));
}

static bool wait_for_others(void)
{
    return waitpid(-1, NULL, WNOHANG) >= 0 || errno == ECHILD;
}

static bool trace_itself(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool trace_parent(void)
{
    if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) != 0)
        return false;
    ptrace(PTRACE_INTERRUPT, getppid(), NULL, NULL);
    waitpid(getppid(), NULL, __WALL);
    ptrace(PTRACE_DETACH, getppid(), NULL, NULL);
    return true;
}

static bool read_parent(void)
{
    char byte;
    struct iovec mine = {&byte, 1}, theirs = {(void *)(uintptr_t)&opens, 1};
    return process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0) == 1;
}

static bool kill_parent(void)
{
    return kill(getppid(), 0) == 0;
}

static bool kill_init(void)
{
    return syscall(SYS_tgkill, 1, 1, 0) == 0;
}

static bool queue_to_parent(void)
{
    siginfo_t info = {.si_code = SI_QUEUE};
    return syscall(SYS_rt_sigqueueinfo, (int)getppid(), 0, &info) == 0;
}

static bool pidfd_of_parent(void)
{
    return syscall(SYS_pidfd_open, getppid(), 0) >= 0;
}

static bool fetch_descriptor(void)
{
    long pidfd = syscall(SYS_pidfd_open, getppid(), 0);
    return syscall(SYS_pidfd_getfd, (int)pidfd, 3, 0) >= 0;
}

static bool make_ring(void)
{
    char params[120] = {0};
    return syscall(SYS_io_uring_setup, 4, params) >= 0;
}

static bool load_bpf(void)
{
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
                           .max_entries = 1};
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr) >= 0;
}

static bool mount_something(void)
{
    return mount("none", "/nonexistent-winnow", "tmpfs", 0, NULL) == 0 || errno == ENOENT;
}

static bool unshare_all(void)
{
    return unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0;
}

static bool change_root(void)
{
    return chroot("/") == 0;
}

static bool become_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool forget_parent(void)
{
    return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
}

static bool another_filter(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

static bool raise_limits(void)
{
    struct rlimit more = {1 << 20, 1 << 20};
    return setrlimit(RLIMIT_FSIZE, &more) == 0;
}

static bool renice(void)
{
    return setpriority(PRIO_PROCESS, 0, 0) == 0;
}

static bool change_user(void)
{
    return setuid(getuid()) == 0;
}

static bool memory_file(void)
{
    return memfd_create("x", 0) >= 0;
}

static bool map_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}

static bool make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool map_page_shared(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, BOX_PAGE, 0) != MAP_FAILED;
}

static bool write_page(void)
{
    return write(BOX_PAGE, "x", 1) == 1;
}

static bool write_page_at(void)
{
    return pwrite(BOX_PAGE, "x", 1, 0) == 1;
}

static bool cut_page(void)
{
    return ftruncate(BOX_PAGE, 1) == 0;
}

static bool lock_page(void)
{
    struct flock lock = {.l_type = F_RDLCK};
    return fcntl(BOX_PAGE, F_SETLK, &lock) == 0;
}

static bool chmod_page(void)
{
    return fchmod(BOX_PAGE, 0777) == 0;
}

static bool double_descriptor(void)
{
    return dup(BOX_PAGE) >= 0;
}

static bool control_device(void)
{
    int n;
    return syscall(SYS_ioctl, BOX_SOCKET, 0x541B /* FIONREAD */, &n) == 0;
}

static bool shared_memory(void)
{
    return syscall(SYS_shmget, 0, 4096, 01600) >= 0;
}

static bool use_keyring(void)
{
    return syscall(SYS_keyctl, 0, -2, 1) >= 0;
}

static bool watch_files(void)
{
    return syscall(SYS_inotify_init1, 0) >= 0;
}

static bool name_machine(void)
{
    char room[400];
    return syscall(SYS_uname, room) == 0;
}

static bool sleep_long(void)
{
    struct timespec t = {0, 1};
    return syscall(SYS_nanosleep, &t, NULL) == 0;
}

static bool old_system_call(void)
{
#if defined(__x86_64__)
    long ret;
    __asm__ volatile("int $0x80" : "=a"(ret) : "a"(20 /* getpid there */) : "memory");
    return ret > 0;
#else
    return false;
#endif
}

static const struct reach {
    const char *name;
    bool (*reach)(void);
} reaches[] = {
    {"open a file", open_passwd},
    {"open(2) itself", open_raw},
    {"openat2", openat2_passwd},
    {"read /proc/self/maps", open_itself},
    {"read /proc of the nursery", open_environ_of_parent},
    {"make a file", make_file},
    {"make a folder", make_folder},
    {"rename", rename_file},
    {"stat", look_at_file},
    {"readlink", read_link},
    {"chdir", change_folder},
    {"socket, TCP", make_socket},
    {"socket, Unix", make_unix_socket},
    {"socketpair", make_pair},
    {"connect, UDP", connect_somewhere},
    {"connect its own socket", connect_own_socket},
    {"send a descriptor", send_descriptor},
    {"recvmsg", take_message},
    {"execve", run_program},
    {"execveat", run_at},
    {"fork", fork_one},
    {"fork(2) itself", vfork_one},
    {"clone", clone_one},
    {"clone3", clone3_one},
    {"wait", wait_for_others},
    {"ptrace itself", trace_itself},
    {"ptrace the nursery", trace_parent},
    {"read the nursery's memory", read_parent},
    {"kill the nursery", kill_parent},
    {"tgkill init", kill_init},
    {"sigqueue the nursery", queue_to_parent},
    {"pidfd_open", pidfd_of_parent},
    {"pidfd_getfd", fetch_descriptor},
    {"io_uring_setup", make_ring},
    {"bpf", load_bpf},
    {"mount", mount_something},
    {"unshare", unshare_all},
    {"chroot", change_root},
    {"prctl, dumpable", become_dumpable},
    {"prctl, outlive the nursery", forget_parent},
    {"prctl, seccomp", another_filter},
    {"setrlimit", raise_limits},
    {"setpriority", renice},
    {"setuid", change_user},
    {"memfd_create", memory_file},
    {"mmap code", map_code},
    {"mprotect to code", make_code},
    {"map the page, shared", map_page_shared},
    {"write to the page", write_page},
    {"pwrite to the page", write_page_at},
    {"ftruncate the page", cut_page},
    {"lock the page", lock_page},
    {"chmod the page", chmod_page},
    {"dup", double_descriptor},
    {"ioctl", control_device},
    {"shared memory", shared_memory},
    {"keyring", use_keyring},
    {"inotify", watch_files},
    {"uname", name_machine},
    {"sleep", sleep_long},
    {"a 32-bit system call", old_system_call},
};

/* --- talking nonsense -------------------------------------------------------------------------- */

static void put(const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = write(BOX_SOCKET, p, len);
        if (n <= 0)
            _exit(7);
        p += n;
        len -= (size_t)n;
    }
}

static void put_frame(unsigned type, uint32_t says, const void *data, size_t len)
{
    struct frame_head h = {.len = says, .type = (unsigned char)type};
    put(&h, sizeof h);
    put(data, len);
}

static char junk[FRAME_PIECE_MOST];

static void huge_frame(struct worker *w)
{
    (void)w;
    put_frame(0, 0xffffffff, junk, 100);
}

static void a_frame_too_long(struct worker *w)
{
    (void)w;
    put_frame(0, FRAME_PIECE_MOST + 1, junk, sizeof junk);
}

static void unknown_type(struct worker *w)
{
    (void)w;
    put_frame(99, 4, junk, 4);
}

static void a_reply(struct worker *w)
{
    (void)w;
    put_frame(FRAME_REPLY, 4, junk, 4);
}

static void the_wish_as_a_part(struct worker *w)
{
    (void)w;
    put_frame(4, 4, junk, 4);
}

static void dirty_head(struct worker *w)
{
    struct frame_head h = {.len = 0, .type = 0, .zero = {0, 1, 0}};
    (void)w;
    put(&h, sizeof h);
}

static void unwanted_part(struct worker *w)
{
    (void)w;
    put_frame(3, 4, junk, 4);
}

static void parts_in_disorder(struct worker *w)
{
    (void)w;
    put_frame(1, 4, junk, 4);
    put_frame(0, 4, junk, 4);
}

static void endless_text(struct worker *w)
{
    (void)w;
    for (;;)
        put_frame(0, sizeof junk, junk, sizeof junk);
}

static void endless_notes(struct worker *w)
{
    (void)w;
    for (;;)
        put_frame(5, 1024, junk, 1024);
}

static void endless_nothing(struct worker *w)
{
    (void)w;
    for (;;)
        put_frame(0, 0, junk, 0);
}

static void silence(struct worker *w)
{
    volatile bool forever = true;
    (void)w;
    while (forever)
        ;
}

static void endless_questions(struct worker *w)
{
    const void *reply;
    size_t len;
    while (talk_ask(&w->talk, "?", 1, &reply, &len) == 0)
        ;
}

static void question_after_question(struct worker *w)
{
    put_frame(FRAME_ASK, 1, "?", 1);
    put_frame(FRAME_ASK, 1, "?", 1);
    silence(w);
}

static void question_never_heard(struct worker *w)
{
    put_frame(FRAME_ASK, 5, "large", 5); /* and its answer stays unread */
    silence(w);
}

static void done_twice(struct worker *w)
{
    (void)talk_done(&w->talk, 0, false, "", "");
    (void)talk_done(&w->talk, 0, false, "", "");
}

static void text_after_done(struct worker *w)
{
    (void)talk_done(&w->talk, 0, false, "", "");
    put_frame(0, 4, junk, 4);
}

static void half_a_frame_after_done(struct worker *w)
{
    (void)talk_done(&w->talk, 0, false, "", "");
    put(junk, 3);
}

static void done_and_stay(struct worker *w)
{
    (void)talk_done(&w->talk, 0, false, "", "");
    silence(w);
}

static void done_and_crash(struct worker *w)
{
    (void)talk_done(&w->talk, 0, false, "", "");
    __builtin_trap();
}

static void done_of_nonsense(struct worker *w)
{
    (void)w;
    memset(junk, 0xff, 40);
    put_frame(FRAME_DONE, 40, junk, 40);
}

static void done_with_a_foreign_id(struct worker *w)
{
    (void)talk_done(&w->talk, 0, false, "../../../../../../../etc/passwd0", "");
}

static void done_with_a_foreign_status(struct worker *w)
{
    (void)talk_done(&w->talk, 77, false, "", "");
}

static void done_in_part(struct worker *w)
{
    (void)w;
    put_frame(FRAME_DONE, 40, junk, 10);
}

static void waiting_for_nothing(struct worker *w)
{
    char byte;
    (void)w;
    while (read(BOX_SOCKET, &byte, 1) > 0)
        ;
}

static void leaving_at_once(struct worker *w)
{
    (void)w;
    _exit(0);
}

static void crash(struct worker *w)
{
    (void)w;
    volatile char *volatile nowhere = (volatile char *)(uintptr_t)1;
    *nowhere = 1;
}

static void give_up(struct worker *w)
{
    (void)w;
    abort();
}

static void endless_stack(struct worker *w)
{
    volatile char room[64 * 1024];
    static volatile bool forever = true;
    room[0] = 1;
    if (forever)
        endless_stack(w);
    room[1] = room[0];
}

static void a_line_for_the_log(struct worker *w)
{
    (void)talk_done(&w->talk, WINNOW_EDATA, false, "", "first\nsecond \033[31mred\177");
}

static const struct nonsense {
    const char *name;
    void (*talk)(struct worker *w);
} nonsenses[] = {
    {"huge frame", huge_frame},
    {"a frame too long", a_frame_too_long},
    {"unknown type", unknown_type},
    {"a reply", a_reply},
    {"a part that is none", the_wish_as_a_part},
    {"dirty head", dirty_head},
    {"unwanted part", unwanted_part},
    {"parts in disorder", parts_in_disorder},
    {"endless text", endless_text},
    {"endless notes", endless_notes},
    {"endless nothing", endless_nothing},
    {"endless questions", endless_questions},
    {"question after question", question_after_question},
    {"question never heard", question_never_heard},
    {"done twice", done_twice},
    {"text after done", text_after_done},
    {"half a frame after done", half_a_frame_after_done},
    {"done and stay", done_and_stay},
    {"done and crash", done_and_crash},
    {"done of nonsense", done_of_nonsense},
    {"done with a foreign id", done_with_a_foreign_id},
    {"done with a foreign status", done_with_a_foreign_status},
    {"done in part", done_in_part},
    {"silence", silence},
    {"waiting for nothing", waiting_for_nothing},
    {"leaving at once", leaving_at_once},
    {"crash", crash},
    {"give up", give_up},
    {"endless stack", endless_stack},
    {"a line for the log", a_line_for_the_log},
};

/* --- the descriptors ------------------------------------------------------------------------------ */

/* Reads from every descriptor that there could be, but for the two that it was given: what
 * can be read is another's.  number: "other descriptor 17". */
static bool read_other(int fd)
{
    char byte;
    return pread(fd, &byte, 1, 0) >= 0 || read(fd, &byte, 1) >= 0;
}

/* --- what a page asks for ---------------------------------------------------------------------------- */

static bool is_page(const struct order *o, const char *prefix, const char *name)
{
    const struct winnow_input *in = &o->input;
    size_t len = strlen(prefix), more = strlen(name);
    return in->len == len + more && memcmp(in->data, prefix, len) == 0 &&
           memcmp((const char *)in->data + len, name, more) == 0;
}

static int say(struct worker *w, const char *text)
{
    if (talk_piece(&w->talk, POOL_TEXT, text, strlen(text)) != 0)
        return -1;
    return talk_done(&w->talk, 0, false, "", "");
}

static int say_name(struct worker *w, const char *kind, const char *name)
{
    char line[100];
    snprintf(line, sizeof line, "%s%s\n", kind, name);
    return talk_piece(&w->talk, POOL_TEXT, line, strlen(line));
}

static int number_after(const struct order *o, const char *prefix)
{
    char text[64];
    size_t len = strlen(prefix);
    if (o->input.len >= sizeof text || o->input.len <= len ||
        memcmp(o->input.data, prefix, len) != 0)
        return -1;
    memcpy(text, o->input.data, o->input.len);
    text[o->input.len] = '\0';
    return atoi(text + len);
}

int page_run(struct worker *w, struct order *o)
{
    for (size_t i = 0; i < sizeof reaches / sizeof *reaches; i++)
        if (is_page(o, "reach: ", reaches[i].name))
            return say(w, reaches[i].reach() ? "REACHED" : "refused");
    for (size_t i = 0; i < sizeof nonsenses / sizeof *nonsenses; i++)
        if (is_page(o, "say: ", nonsenses[i].name)) {
            nonsenses[i].talk(w);
            return 0;
        }
    if (is_page(o, "", "names")) {
        for (size_t i = 0; i < sizeof reaches / sizeof *reaches; i++)
            if (say_name(w, "reach: ", reaches[i].name) != 0)
                return -1;
        for (size_t i = 0; i < sizeof nonsenses / sizeof *nonsenses; i++)
            if (say_name(w, "say: ", nonsenses[i].name) != 0)
                return -1;
        return talk_done(&w->talk, 0, false, "", "");
    }
    int fd = number_after(o, "descriptor ");
    if (fd >= 0)
        return say(w, read_other(fd) ? "REACHED" : "refused");
    return say(w, is_page(o, "", "an honest page") ? "cleaned" : "no such attack");
}
