/* test_box.c - workers that are taken over: what they reach, and what the owner makes of them.
 *
 * The program taken_over is winnow-worker but for the page's cleaning, which is an attack
 * (pool/taken_over.c).  taken_over_unboxed is the same without the box: there the attacks
 * reach what they are after, so it is the box that stops them. */
#include "pool/driving.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const char honest[] = "an honest page";

enum { NAMES_MOST = 120 };

struct names {
    char items[NAMES_MOST][64]; /* "reach: open a file" */
    size_t count;
};

static struct pool_settings settings(const char *program)
{
    return (struct pool_settings){.program = program,
                                  .workers = 4,
                                  .timeout_ms = 2000,
                                  .has_index = true,
                                  .options = {.limits = {.max_bytes = 1 << 20}}};
}

static int answer(struct driven *d, struct pool_job *job, const void *request, size_t len)
{
    static char large[8 << 20]; /* more than a socket holds */
    struct winnow_error err;
    bool wants_much = len == 5 && memcmp(request, "large", 5) == 0;
    (void)d;
    return pool_answer(job, large, wants_much ? sizeof large : 1, &err);
}

static struct drive *drive_attacks(const char *program)
{
    struct pool_settings s = settings(program);
    struct drive *dr = drive_new(&s);
    dr->answer = answer;
    return dr;
}

/* The attacks that the program knows. */
static void list_attacks(struct drive *dr, const char *kind, struct names *ret)
{
    struct driven *d = drive_page(dr, "names", POOL_TEXT);
    drive_until_over(dr, d);
    expect_end(d, POOL_CLEANED);
    ret->count = 0;
    char *rest = d->parts[0].data, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (strncmp(line, kind, strlen(kind)) != 0)
            continue;
        assert_true(ret->count < NAMES_MOST);
        snprintf(ret->items[ret->count++], sizeof ret->items[0], "%.63s", line);
    }
}

static void expect_honest(const struct driven *d)
{
    expect_end(d, POOL_CLEANED);
    assert_string_equal(part_of(d, POOL_TEXT), "cleaned");
}

/* --- reaching out ------------------------------------------------------------------------- */

enum how {
    KILLED,
    REFUSED,
    REACHED,
    HOWS,
};

/* A worker that has become another program sends no result. */
static enum how how_it_went(const struct driven *d)
{
    if (d->result.end == POOL_CLEANED && strcmp(part_of(d, POOL_TEXT), "refused") == 0)
        return REFUSED;
    return d->result.end == POOL_DIED ? KILLED : REACHED;
}

static void attack_all(const char *program, size_t counts[HOWS])
{
    static const char *const words[] = {"killed", "refused", "REACHED"};
    static struct names names;
    struct drive *dr = drive_attacks(program);
    struct driven *attacks[NAMES_MOST], *others[NAMES_MOST];
    list_attacks(dr, "reach: ", &names);
    assert_true(names.count > 50);
    for (size_t i = 0; i < names.count; i++) {
        attacks[i] = drive_page(dr, names.items[i], POOL_TEXT);
        others[i] = drive_page(dr, honest, POOL_TEXT);
    }
    drive_all(dr);
    for (size_t i = 0; i < names.count; i++) {
        enum how how = how_it_went(attacks[i]);
        counts[how]++;
        printf("  %-32s %s\n", names.items[i] + strlen("reach: "), words[how]);
        expect_honest(others[i]);
        if (how == KILLED)
            assert_int_equal(attacks[i]->result.signal, SIGSYS);
    }
    printf("  %zu attempts: %zu killed, %zu refused, %zu reached\n", names.count, counts[KILLED],
           counts[REFUSED], counts[REACHED]);
    drive_free(dr);
}

static void a_worker_that_is_taken_over_reaches_nothing(void **state)
{
    (void)state;
    size_t counts[HOWS] = {0};
    attack_all(POOL_TAKEN_OVER, counts);
    assert_int_equal(counts[REACHED], 0);
    assert_true(counts[KILLED] > counts[REFUSED]);
}

/* Some want root, or a kernel that has them; without a box most of them get through. */
static void without_the_box_the_same_attacks_succeed(void **state)
{
    (void)state;
    size_t counts[HOWS] = {0};
    attack_all(POOL_UNBOXED, counts);
    assert_true(counts[REACHED] >= 40);
}

/* Other pages are being cleaned meanwhile, by workers beside it. */
static void has_no_descriptor_but_its_own(void **state)
{
    (void)state;
    enum { OWN_PAGE = 4, OWN_SOCKET = 5, ALL = 1024 };
    struct drive *dr = drive_attacks(POOL_TAKEN_OVER);
    char text[40];
    for (int fd = 0; fd < ALL; fd++) {
        snprintf(text, sizeof text, "descriptor %d", fd);
        if (fd != OWN_PAGE && fd != OWN_SOCKET)
            drive_page(dr, text, POOL_TEXT);
    }
    drive_all(dr);
    size_t reached = 0;
    for (size_t i = 0; i < dr->count; i++)
        reached += how_it_went(&dr->pages[i]) == REACHED;
    printf("  %zu descriptors tried, %zu reached\n", dr->count, reached);
    assert_int_equal(reached, 0);
    drive_free(dr);
}

/* --- talking nonsense --------------------------------------------------------------------------- */

/* What does not end as POOL_BROKE. */
static const struct {
    const char *name;
    enum pool_end end;
} ends[] = {
    {"say: question never heard", POOL_TIMED_OUT},
    {"say: silence", POOL_TIMED_OUT},
    {"say: waiting for nothing", POOL_TIMED_OUT},
    {"say: done and crash", POOL_DIED},
    {"say: crash", POOL_DIED},
    {"say: give up", POOL_DIED},
    {"say: endless stack", POOL_DIED},
    {"say: a line for the log", POOL_REFUSED},
};

static enum pool_end end_of(const char *name)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(ends[i].name, name) == 0)
            return ends[i].end;
    return POOL_BROKE;
}

static bool is_as_wanted(const char *name, const struct driven *d)
{
    enum pool_end want = end_of(name), got = d->result.end;
#if defined(__SANITIZE_ADDRESS__)
    if (want == POOL_DIED && got == POOL_BROKE)
        return true; /* the sanitizer turns a crash into an exit */
#endif
    if (strncmp(name, "say: endless ", 13) == 0 && got == POOL_TIMED_OUT)
        return true; /* on a slow machine time comes first */
    return got == want;
}

static void no_nonsense_of_a_worker_is_taken_for_a_result(void **state)
{
    (void)state;
    static const char *const words[] = {"cleaned",   "refused", "died",
                                        "timed out", "broke",   "stopped"};
    static struct names names;
    struct drive *dr = drive_attacks(POOL_TAKEN_OVER);
    struct driven *attacks[NAMES_MOST], *others[NAMES_MOST];
    list_attacks(dr, "say: ", &names);
    assert_true(names.count > 25);
    for (size_t i = 0; i < names.count; i++) {
        attacks[i] = drive_page(dr, names.items[i], POOL_TEXT | POOL_JSON);
        attacks[i]->keep_question = strcmp(names.items[i], "say: question after question") == 0;
        others[i] = drive_page(dr, honest, POOL_TEXT);
    }
    drive_all(dr);
    for (size_t i = 0; i < names.count; i++) {
        printf("  %-32s %s: %s\n", names.items[i] + strlen("say: "),
               words[attacks[i]->result.end], attacks[i]->text);
        expect_honest(others[i]);
        assert_true(is_as_wanted(names.items[i], attacks[i]));
    }
    drive_free(dr);
}

static void what_a_worker_says_is_one_plain_line(void **state)
{
    (void)state;
    struct drive *dr = drive_attacks(POOL_TAKEN_OVER);
    struct driven *d = drive_page(dr, "say: a line for the log", POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_REFUSED);
    assert_string_equal(d->text, "first?second ?[31mred?");
    drive_free(dr);
}

static void endless_output_is_cut_off(void **state)
{
    (void)state;
    struct drive *dr = drive_attacks(POOL_TAKEN_OVER);
    struct driven *d = drive_page(dr, "say: endless text", POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_BROKE);
    assert_true(d->parts[0].len <= 5u << 20);
    drive_free(dr);
}

/* --- questions ------------------------------------------------------------------------------------ */

static void a_question_that_may_not_be_asked_ends_the_worker(void **state)
{
    (void)state;
    struct drive *dr = drive_attacks(POOL_TAKEN_OVER);
    dr->answer = NULL; /* refuses all */
    struct driven *d = drive_page(dr, "say: endless questions", POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_BROKE);
    assert_int_equal(d->questions, 1);
    drive_free(dr);
}

static void pages_that_wait_for_an_answer_leave_room_for_others(void **state)
{
    (void)state;
    enum { WAITING = 12 };
    struct drive *dr = drive_attacks(POOL_TAKEN_OVER);
    struct driven *waiting[WAITING];
    double until = seconds() + DEADLINE_S;
    for (size_t i = 0; i < WAITING; i++) {
        waiting[i] = drive_page(dr, "say: endless questions", POOL_TEXT);
        waiting[i]->keep_question = true;
        while (waiting[i]->questions == 0)
            drive_step(dr, until);
    }
    struct driven *other = drive_page(dr, honest, POOL_TEXT);
    drive_until_over(dr, other);
    expect_honest(other);
    for (size_t i = 0; i < WAITING; i++) {
        struct winnow_error err;
        assert_false(waiting[i]->over);
        waiting[i]->keep_question = false;
        assert_int_equal(pool_answer(waiting[i]->job, "", 0, &err), WINNOW_OK);
        assert_int_equal(pool_answer(waiting[i]->job, "", 0, &err), WINNOW_EUSAGE);
        pool_stop_job(waiting[i]->job);
        assert_int_equal(pool_answer(waiting[i]->job, "", 0, &err), WINNOW_OK);
    }
    drive_all(dr);
    for (size_t i = 0; i < WAITING; i++)
        expect_end(waiting[i], POOL_STOPPED);
    drive_free(dr);
}

static void time_that_a_page_waits_for_its_owner_is_not_its_own(void **state)
{
    (void)state;
    struct pool_settings s = settings(POOL_TAKEN_OVER);
    s.timeout_ms = 100;
    struct drive *dr = drive_new(&s);
    dr->answer = answer;
    struct driven *waits = drive_page(dr, "say: endless questions", POOL_TEXT);
    waits->keep_question = true;
    struct driven *silent = drive_page(dr, "say: silence", POOL_TEXT); /* a clock beside it */
    drive_until_over(dr, silent);
    expect_end(silent, POOL_TIMED_OUT);
    silent = drive_page(dr, "say: silence", POOL_TEXT);
    drive_until_over(dr, silent);
    assert_false(waits->over);
    pool_stop_job(waits->job);
    drive_all(dr);
    drive_free(dr);
}

/* --- no box, no cleaning ------------------------------------------------------------------------------ */

static int say_nothing(void *ctx, struct pool_job *job, const void *request, size_t len)
{
    (void)ctx, (void)job, (void)request, (void)len;
    return 1;
}

static int take_nothing(void *ctx, struct pool_job *job, enum pool_part part, const char *data,
                        size_t len)
{
    (void)ctx, (void)job, (void)part, (void)data, (void)len;
    return 1;
}

static void end_nothing(void *ctx, struct pool_job *job, const struct pool_result *result)
{
    (void)ctx, (void)job, (void)result;
}

static void reload_nothing(void *ctx, int status, const char *text)
{
    (void)ctx, (void)status, (void)text;
}

/* In a process of its own: the call is refused to it and its children.  Not 0: what was not
 * as it has to be. */
static int try_without(int call, bool only_seccomp, const char *says)
{
    static const struct pool_calls calls = {say_nothing, take_nothing, end_nothing,
                                            reload_nothing};
    struct pool_settings s = settings(POOL_TAKEN_OVER);
    struct pool *p = NULL;
    struct winnow_error err = {0};
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    struct scmp_arg_cmp which = SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP);
    if (!ctx || seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), call, only_seccomp, &which) != 0 ||
        seccomp_load(ctx) != 0)
        return 1;
    int status = pool_new(&s, &calls, NULL, &p, &err);
    fprintf(stderr, "  %s\n", err.text);
    return status != WINNOW_EUSAGE ? 2 : p ? 3 : strstr(err.text, says) ? 0 : 4;
}

static void expect_refusal_without(int call, bool only_seccomp, const char *says)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(try_without(call, only_seccomp, says));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void without_landlock_no_page_is_cleaned(void **state)
{
    (void)state;
    expect_refusal_without(SCMP_SYS(landlock_create_ruleset), false, "CONFIG_SECURITY_LANDLOCK");
    expect_refusal_without(SCMP_SYS(landlock_restrict_self), false, "CONFIG_SECURITY_LANDLOCK");
}

static void without_seccomp_no_page_is_cleaned(void **state)
{
    (void)state;
    expect_refusal_without(SCMP_SYS(prctl), true, "CONFIG_SECCOMP_FILTER");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_is_taken_over_reaches_nothing),
        cmocka_unit_test(without_the_box_the_same_attacks_succeed),
        cmocka_unit_test(has_no_descriptor_but_its_own),
        cmocka_unit_test(no_nonsense_of_a_worker_is_taken_for_a_result),
        cmocka_unit_test(what_a_worker_says_is_one_plain_line),
        cmocka_unit_test(endless_output_is_cut_off),
        cmocka_unit_test(a_question_that_may_not_be_asked_ends_the_worker),
        cmocka_unit_test(pages_that_wait_for_an_answer_leave_room_for_others),
        cmocka_unit_test(time_that_a_page_waits_for_its_owner_is_not_its_own),
        cmocka_unit_test(without_landlock_no_page_is_cleaned),
        cmocka_unit_test(without_seccomp_no_page_is_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
