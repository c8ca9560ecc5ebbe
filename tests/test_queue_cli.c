/* test_queue_cli.c - winnow queue: what is shown of a spool, and files that leave its
 * quarantine, with a winnowd and without one, and when that is cut off. */
#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <jansson.h>

#include "control.h"
#include "program.h"
#include "spool/manifest.h"
#include "spool/reason.h"

/* --- spools -------------------------------------------------------------------------------- */

static struct spool *own(const char *name)
{
    struct winnow_error err = {0};
    struct spool *s = NULL;
    if (spool_open(path_of(name), SPOOL_OWN, &s, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return s;
}

static void make_spool(const char *name)
{
    spool_close(own(name));
}

static void write_below(int base, const char *path, const char *text)
{
    const char *last;
    int folder_fd = -1, fd;
    assert_int_equal(spool_walk(base, path, true, &folder_fd, &last, NULL), WINNOW_OK);
    fd = openat(folder_fd, last, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    close(folder_fd);
}

static void drop(const char *spool, const char *path, const char *text)
{
    struct spool *s = own(spool);
    write_below(s->drop, path, text);
    spool_close(s);
}

static uint64_t claim(struct spool *s, const char *path, const char *text)
{
    struct winnow_error err = {0};
    uint64_t id = spool_new_id(s);
    write_below(s->drop, path, text);
    if (spool_claim(s, path, id, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return id;
}

/* As winnowd puts a file there, with all steps. */
static uint64_t quarantine(const char *spool, const char *path, const char *text)
{
    struct spool *s = own(spool);
    struct manifest *m = NULL;
    uint64_t id = claim(s, path, text);
    const struct reason reason = {"crash", "the worker died of signal 11", "look at the page"};
    const struct manifest_entry entry = {
        .id = id, .kind = MANIFEST_QUARANTINED, .time = 1, .attempts = 3, .path = path};

    assert_int_equal(reason_write(s, id, path, &reason, NULL), WINNOW_OK);
    assert_int_equal(manifest_open(s->state, &m, NULL), WINNOW_OK);
    assert_int_equal(manifest_append(m, &entry, 1, NULL), WINNOW_OK);
    assert_int_equal(spool_quarantine(s, id, NULL), WINNOW_OK);
    manifest_close(m);
    spool_close(s);
    return id;
}

static const char *text_of_id(uint64_t id)
{
    static char texts[4][24];
    static unsigned next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0], "%llu", (unsigned long long)id);
    return text;
}

static bool in_quarantine(const char *spool, uint64_t id)
{
    char name[200];
    snprintf(name, sizeof name, "%s/quarantine/%s", spool, text_of_id(id));
    return exists(name);
}

/* The lines that the manifest has for one id. */
struct lines {
    uint64_t id;
    size_t counts[MANIFEST_KINDS];
    char out[300];
};

static int count_line(void *ctx, const struct manifest_entry *entry)
{
    struct lines *l = ctx;
    if (entry->id == l->id) {
        l->counts[entry->kind]++;
        snprintf(l->out, sizeof l->out, "%s", entry->out ? entry->out : "");
    }
    return 0;
}

static struct lines lines_of(const char *spool, uint64_t id)
{
    char name[200];
    struct lines l = {.id = id};
    snprintf(name, sizeof name, "%s/state", spool);
    int fd = open(path_of(name), O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(manifest_each(fd, 0, count_line, NULL, &l, NULL), WINNOW_OK);
    close(fd);
    return l;
}

static size_t files_in(const char *name)
{
    size_t n = 0;
    DIR *d = opendir(path_of(name));
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.' || e->d_name[1] == 'w';
    closedir(d);
    return n;
}

static bool file_is(const char *name, const char *text)
{
    if (!exists(name))
        return false;
    char *bytes = read_file(name);
    bool is = strcmp(bytes, text) == 0;
    free(bytes);
    return is;
}

/* --- a winnowd that only listens --------------------------------------------------------------- */

struct listening {
    struct spool *spool;
    struct manifest *manifest;
};

static int on_status(void *ctx, FILE *answer, struct winnow_error *err)
{
    (void)ctx;
    (void)err;
    fputs("cleaned 12\nlast seconds 0.25\nmood \"fine\n", answer);
    return WINNOW_OK;
}

static int on_flush(void *ctx, struct winnow_error *err)
{
    struct listening *l = ctx;
    (void)err;
    write_below(l->spool->state, "flushed", "");
    return WINNOW_OK;
}

static int append(void *ctx, const struct manifest_entry *entries, size_t count,
                  struct winnow_error *err)
{
    return manifest_append(ctx, entries, count, err);
}

static int on_retry(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                    void *told_ctx, struct winnow_error *err)
{
    struct listening *l = ctx;
    const struct care care = {l->spool, append, l->manifest, told, told_ctx};
    write_below(l->spool->state, "asked", "");
    return spool_retry(&care, ids, count, err);
}

static int on_release(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                      void *told_ctx, struct winnow_error *err)
{
    struct listening *l = ctx;
    const struct care care = {l->spool, append, l->manifest, told, told_ctx};
    write_below(l->spool->state, "asked", "");
    return spool_release(&care, ids, count, err);
}

static void serve_for_ever(const char *spool, int ready)
{
    static const struct control_calls calls = {on_status, on_flush, on_retry, on_release};
    struct control *control = NULL;
    struct listening l = {0};
    if (spool_open(path_of(spool), SPOOL_OWN, &l.spool, NULL) != WINNOW_OK ||
        manifest_open(l.spool->state, &l.manifest, NULL) != WINNOW_OK ||
        control_new(l.spool->state, &calls, &l, &control, NULL) != WINNOW_OK ||
        write(ready, "r", 1) != 1)
        _exit(1);
    for (;;) {
        struct pollfd p = {.fd = control_fd(control), .events = POLLIN};
        if (poll(&p, 1, -1) > 0)
            control_step(control);
    }
}

static const char *half; /* of an answer */

/* Takes a byte of the question, says half an answer, and is gone. */
static void break_off(const char *spool, int ready)
{
    struct spool *s = own(spool);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char byte;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control", s->state);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0 ||
        write(ready, "r", 1) != 1)
        _exit(1);
    int client = accept(fd, NULL, NULL);
    if (read(client, &byte, 1) != 1 || write(client, half, strlen(half)) < 1)
        _exit(1);
    _exit(0);
}

static void hold_the_lock(const char *spool, int ready)
{
    struct spool *s = own(spool);
    if (!s || write(ready, "r", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static pid_t winnowd;

static void start_winnowd(const char *spool, void (*run)(const char *spool, int ready))
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    winnowd = fork();
    assert_true(winnowd >= 0);
    if (winnowd == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        run(spool, ready[1]);
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
}

static void stop_winnowd(void)
{
    kill(winnowd, SIGKILL);
    assert_int_equal(waitpid(winnowd, NULL, 0), winnowd);
}

/* --- outcomes ------------------------------------------------------------------------------------ */

static void expect_done(struct run r, const char *holds)
{
    assert_code(&r, 0);
    assert_out(&r, holds);
    assert_string_equal(r.err, "");
    run_free(&r);
}

static void expect_refused(struct run r, int code, const char *says)
{
    assert_code(&r, code);
    assert_one_error(&r);
    assert_err(&r, says);
    run_free(&r);
}

static json_t *json_of(struct run r, int code)
{
    json_error_t error;
    assert_code(&r, code);
    json_t *json = json_loads(r.out, 0, &error);
    if (!json)
        fail_msg("no JSON: %s: %.500s", error.text, r.out);
    run_free(&r);
    return json;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

/* --- ls -------------------------------------------------------------------------------------------- */

static void an_empty_spool_has_nothing_to_show(void **state)
{
    (void)state;
    make_spool("empty");
    struct run r = RUN("queue", "ls", path_of("empty"));
    assert_code(&r, 0);
    assert_string_equal(r.out, "in drop/: 0 files\n");
    run_free(&r);
    json_t *json = json_of(RUN("queue", "ls", "--format", "json", path_of("empty")), 0);
    assert_int_equal(json_array_size(json_object_get(json, "entries")), 0);
    json_decref(json);
}

static void shows_what_waits_and_why_in_the_order_of_ids(void **state)
{
    (void)state;
    make_spool("shown");
    uint64_t first = quarantine("shown", "site/a.html", "a");
    struct spool *s = own("shown");
    uint64_t second = claim(s, "b.html", "b");
    assert_int_equal(reason_note_failure(s, second, "no luck", NULL), WINNOW_OK);
    spool_close(s);
    uint64_t third = quarantine("shown", "c.html", "c");
    drop("shown", "deep/d.html", "d");
    drop("shown", "deep/d.html.url", "https://ulla.example/d\n");
    drop("shown", "e.url", "https://ulla.example/e\n");
    struct run r = RUN("queue", "ls", path_of("shown"));
    assert_code(&r, 0);
    assert_out(&r, "in drop/: 2 files, the oldest for ");
    const char *a = strstr(r.out, text_of_id(first)), *b = strstr(r.out, text_of_id(second)),
               *c = strstr(r.out, text_of_id(third));
    assert_true(a && b && c && a < b && b < c);
    assert_out(&r, "site/a.html\n");
    assert_out(&r, "crash: the worker died of signal 11");
    assert_out(&r, "attempts that failed: 1\n");
    run_free(&r);
}

static void names_of_any_bytes_are_printed_escaped(void **state)
{
    json_t *json, *entry;

    (void)state;
    make_spool("names");
    quarantine("names", "x\n1763 \x1b[2J%/\xd0\xb6\xff\xe2\x80\xae.html", "a");
    struct run r = RUN("queue", "ls", path_of("names"));
    assert_code(&r, 0);
    assert_out(&r, "  x%0A1763 %1B[2J%25/\xd0\xb6%FF%E2%80%AE.html\n");
    assert_utf8(&r);
    run_free(&r);
    json = json_of(RUN("queue", "ls", "--format", "json", path_of("names")), 0);
    entry = json_array_get(json_object_get(json, "entries"), 0);
    assert_string_equal(member(entry, "path"),
                        "x\n1763 \x1b[2J%/\xd0\xb6\xef\xbf\xbd\xe2\x80\xae.html");
    assert_string_equal(member(entry, "path_bytes"), "eAoxNzYzIBtbMkolL9C2/+KAri5odG1s");
    json_decref(json);
}

static void json_has_every_entry_with_its_reason(void **state)
{
    (void)state;
    make_spool("json");
    uint64_t id = quarantine("json", "a \"b\\.html", "a");
    struct spool *s = own("json");
    claim(s, "b.html", "b");
    spool_close(s);
    drop("json", "c.html", "c");
    json_t *json = json_of(RUN("queue", "ls", "--format", "json", path_of("json")), 0);
    const json_t *entries = json_object_get(json, "entries");
    assert_int_equal(json_array_size(entries), 2);
    const json_t *one = json_array_get(entries, 0), *two = json_array_get(entries, 1);
    assert_string_equal(member(one, "id"), text_of_id(id));
    assert_string_equal(member(one, "path"), "a \"b\\.html");
    assert_null(json_object_get(one, "path_bytes"));
    assert_string_equal(member(one, "state"), "quarantined");
    assert_string_equal(member(one, "kind"), "crash");
    assert_string_equal(member(one, "reason"), "the worker died of signal 11");
    assert_string_equal(member(two, "state"), "claimed");
    assert_int_equal(json_integer_value(json_object_get(two, "failures")), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "drop"), "files")),
                     1);
    json_decref(json);
}

static void a_long_list_is_cut_short_for_people_alone(void **state)
{
    (void)state;
    make_spool("long");
    struct spool *s = own("long");
    for (int i = 0; i < 1003; i++)
        assert_int_equal(mkdirat(s->quarantine, text_of_id(1763800000000000u + (unsigned)i), 0755),
                         0);
    spool_close(s);
    struct run r = RUN("queue", "ls", path_of("long"));
    assert_code(&r, 0);
    assert_out(&r, "and 3 more; --format json writes all\n");
    assert_out(&r, "1763800000000999 ");
    assert_not_out(&r, "1763800000001000 ");
    run_free(&r);
    json_t *json = json_of(RUN("queue", "ls", "--format", "json", path_of("long")), 0);
    assert_int_equal(json_array_size(json_object_get(json, "entries")), 1003);
    json_decref(json);
}

/* --- status ---------------------------------------------------------------------------------------- */

static void status_tells_by_its_code_that_none_runs(void **state)
{
    (void)state;
    make_spool("idle");
    drop("idle", "a.html", "12345");
    struct run r = RUN("queue", "status", path_of("idle"));
    assert_code(&r, EX_UNAVAILABLE);
    assert_out(&r, "no winnowd has the spool\n");
    assert_out(&r, "drop        1 files, 5 bytes, the oldest for ");
    assert_out(&r, "free ");
    assert_string_equal(r.err, "");
    run_free(&r);
    json_t *json =
        json_of(RUN("queue", "status", "--format", "json", path_of("idle")), EX_UNAVAILABLE);
    assert_true(json_is_false(json_object_get(json, "runs")));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "drop"), "bytes")),
                     5);
    json_decref(json);
}

static void status_tells_what_winnowd_says(void **state)
{
    (void)state;
    make_spool("busy");
    start_winnowd("busy", serve_for_ever);
    expect_done(RUN("queue", "status", path_of("busy")), "winnowd runs\n");
    expect_done(RUN("queue", "status", path_of("busy")), "\ncleaned 12\n");
    json_t *json = json_of(RUN("queue", "status", "--format", "json", path_of("busy")), 0);
    const json_t *told = json_object_get(json, "winnowd");
    assert_true(json_is_true(json_object_get(json, "runs")));
    assert_int_equal(json_integer_value(json_object_get(told, "cleaned")), 12);
    assert_true(json_real_value(json_object_get(told, "last seconds")) == 0.25);
    assert_string_equal(member(told, "mood"), "\"fine");
    json_decref(json);
    stop_winnowd();
}

static void a_winnowd_that_does_not_answer_is_told(void **state)
{
    (void)state;
    make_spool("deaf");
    start_winnowd("deaf", hold_the_lock);
    struct run r = RUN("queue", "status", path_of("deaf"));
    assert_code(&r, EX_UNAVAILABLE);
    assert_out(&r, "winnowd has the spool, and does not answer\n");
    assert_err(&r, "no winnowd answers; ");
    run_free(&r);
    stop_winnowd();
}

static void a_winnowd_that_goes_in_mid_answer_is_told(void **state)
{
    (void)state;
    make_spool("gone");
    static const char *const halves[] = {"cleaned 12\n", "cleaned 12\nok"};
    for (size_t i = 0; i < 2; i++) {
        half = halves[i];
        unlink(path_of("gone/state/control"));
        start_winnowd("gone", break_off);
        expect_refused(RUN("queue", "flush", path_of("gone")), EX_TEMPFAIL,
                       "went away before it had answered; ");
        stop_winnowd();
    }
}

/* --- retry ----------------------------------------------------------------------------------------- */

static void retry_puts_a_file_back(void **state)
{
    (void)state;
    make_spool("retry");
    uint64_t id = quarantine("retry", "site/a.html", "the page");
    expect_done(RUN("queue", "retry", path_of("retry"), text_of_id(id)),
                "back in drop/: site/a.html\n");
    assert_true(file_is("retry/drop/site/a.html", "the page"));
    assert_false(in_quarantine("retry", id));
    struct lines l = lines_of("retry", id);
    assert_int_equal(l.counts[MANIFEST_RETRIED], 1);
    assert_string_equal(l.out, "site/a.html");
}

static void retry_takes_the_sidecar_along_and_a_free_name(void **state)
{
    (void)state;
    make_spool("names2");
    drop("names2", "a.html.url", "https://ulla.example/a\n");
    uint64_t id = quarantine("names2", "a.html", "old");
    drop("names2", "a.html", "new");
    drop("names2", "a.html.url", "https://ulla.example/b\n");
    expect_done(RUN("queue", "retry", path_of("names2"), text_of_id(id)),
                "back in drop/: a.html~2\n");
    assert_true(file_is("names2/drop/a.html", "new"));
    assert_true(file_is("names2/drop/a.html.url", "https://ulla.example/b\n"));
    assert_true(file_is("names2/drop/a.html~2", "old"));
    assert_true(file_is("names2/drop/a.html~2.url", "https://ulla.example/a\n"));
    assert_string_equal(lines_of("names2", id).out, "a.html~2");
}

static void several_ids_go_at_once_and_each_once(void **state)
{
    (void)state;
    make_spool("two");
    uint64_t a = quarantine("two", "a.html", "a"), b = quarantine("two", "b.html", "b"),
             c = quarantine("two", "c.html", "c");
    expect_done(RUN("queue", "retry", "-q", path_of("two"), text_of_id(b), text_of_id(a),
                    text_of_id(b)),
                "");
    assert_false(in_quarantine("two", a) || in_quarantine("two", b));
    assert_true(in_quarantine("two", c));
    assert_int_equal(lines_of("two", b).counts[MANIFEST_RETRIED], 1);
}

static void an_unknown_id_is_told_and_the_others_are_done(void **state)
{
    (void)state;
    make_spool("unknown");
    uint64_t id = quarantine("unknown", "a.html", "a");
    expect_refused(RUN("queue", "retry", path_of("unknown"), "12"), EX_NOINPUT,
                   "12: not in quarantine; ");
    expect_refused(RUN("queue", "retry", path_of("unknown"), "12", text_of_id(id)), EX_NOINPUT,
                   "12: not in quarantine; ");
    assert_true(file_is("unknown/drop/a.html", "a"));
}

static void all_of_none_is_done(void **state)
{
    (void)state;
    make_spool("none");
    expect_done(RUN("queue", "retry", path_of("none"), "all"), "nothing is in quarantine\n");
    expect_done(RUN("queue", "release", "-o", path_of("none-out"), path_of("none"), "all"),
                "nothing is in quarantine\n");
}

static void all_may_be_more_than_one_request(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++) {
        const char *name = with ? "many-asked" : "many";
        char path[64], sub[64];
        make_spool(name);
        for (int i = 0; i < 2 * CONTROL_IDS + 3; i++) {
            snprintf(path, sizeof path, "p%d.html", i);
            quarantine(name, path, "a");
        }
        if (with)
            start_winnowd(name, serve_for_ever);
        expect_done(RUN("queue", "retry", path_of(name), "all"), "back in drop/: p130.html\n");
        if (with)
            stop_winnowd();
        snprintf(sub, sizeof sub, "%s/drop", name);
        assert_int_equal(files_in(sub), 2 * CONTROL_IDS + 3);
        snprintf(sub, sizeof sub, "%s/quarantine", name);
        assert_int_equal(files_in(sub), 0);
    }
}

static void a_retry_that_was_cut_off_is_ended(void **state)
{
    (void)state;
    make_spool("cut");
    uint64_t id = quarantine("cut", "a.html", "a");
    struct spool *s = own("cut");
    assert_int_equal(spool_give_back(s, id, true, NULL, NULL), WINNOW_OK);
    spool_close(s);
    struct run r = RUN("queue", "ls", path_of("cut"));
    assert_out(&r, "no-file");
    run_free(&r);
    expect_done(RUN("queue", "retry", path_of("cut"), text_of_id(id)), "no file any more");
    assert_false(in_quarantine("cut", id));
    assert_int_equal(files_in("cut/drop"), 1);
    assert_int_equal(lines_of("cut", id).counts[MANIFEST_RETRIED], 1);
}

static void a_running_winnowd_does_the_steps(void **state)
{
    (void)state;
    make_spool("asked");
    uint64_t a = quarantine("asked", "a \n%.html", "a"), b = quarantine("asked", "b.html", "b");
    start_winnowd("asked", serve_for_ever);
    expect_done(RUN("queue", "retry", path_of("asked"), text_of_id(a)),
                "back in drop/: a %0A%25.html\n");
    expect_done(RUN("queue", "release", "-o", path_of("asked-out"), path_of("asked"), "all"),
                "asked-out/b.html\n");
    expect_done(RUN("queue", "flush", path_of("asked")), "");
    stop_winnowd();
    assert_true(exists("asked/state/asked") && exists("asked/state/flushed"));
    assert_true(file_is("asked/drop/a \n%.html", "a"));
    assert_true(file_is("asked-out/b.html", "b"));
    assert_false(in_quarantine("asked", a) || in_quarantine("asked", b));
    assert_int_equal(lines_of("asked", b).counts[MANIFEST_RELEASED], 1);
}

static void root_leaves_nothing_of_its_own_in_anothers_spool(void **state)
{
    struct stat st;

    (void)state;
    if (geteuid() != 0)
        skip();
    make_spool("theirs");
    uint64_t id = quarantine("theirs", "new/folder/a.html", "a");
    assert_int_equal(system(NULL) != 0, 1);
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s/drop/new' && rm -f '%s'/state/manifest-* && "
             "chown -R 65534:65534 '%s'", path_of("theirs"), path_of("theirs"), path_of("theirs"));
    assert_int_equal(system(command), 0);
    expect_done(RUN("queue", "retry", path_of("theirs"), text_of_id(id)), "back in drop/: ");
    snprintf(command, sizeof command, "test -z \"$(find '%s' ! -user 65534)\"", path_of("theirs"));
    assert_int_equal(system(command), 0);
    assert_int_equal(stat(path_of("theirs/drop/new/folder/a.html"), &st), 0);
}

/* --- release --------------------------------------------------------------------------------------- */

static void release_copies_a_file_out_and_forgets_it(void **state)
{
    (void)state;
    make_spool("free");
    drop("free", "site/a.html.url", "https://ulla.example/a\n");
    uint64_t id = quarantine("free", "site/a.html", "the page");
    expect_done(RUN("queue", "release", "-o", path_of("free-out"), path_of("free"),
                    text_of_id(id)),
                "free-out/site/a.html\n");
    assert_true(file_is("free-out/site/a.html", "the page"));
    assert_true(file_is("free-out/site/a.html.url", "https://ulla.example/a\n"));
    assert_int_equal(files_in("free-out/site"), 2);
    assert_false(in_quarantine("free", id));
    assert_int_equal(files_in("free/drop"), 0 + exists("free/drop/site"));
    assert_int_equal(lines_of("free", id).counts[MANIFEST_RELEASED], 1);
}

static void a_release_given_again_makes_no_second_copy(void **state)
{
    (void)state;
    make_spool("again");
    uint64_t id = quarantine("again", "a.html", "the page");
    make_folder("again-out");
    make_file("again-out/a.html", "the page");
    expect_done(RUN("queue", "release", "-o", path_of("again-out"), path_of("again"), "all"),
                "again-out/a.html\n");
    assert_int_equal(files_in("again-out"), 1);
    assert_false(in_quarantine("again", id));
}

static void a_release_writes_over_nothing(void **state)
{
    char name[100];

    (void)state;
    make_spool("other");
    uint64_t id = quarantine("other", "a.html", "the page");
    make_folder("other-out");
    make_file("other-out/a.html", "the PAGE");
    snprintf(name, sizeof name, "other-out/a.html~%s", text_of_id(id));
    expect_done(RUN("queue", "release", "-o", path_of("other-out"), path_of("other"), "all"),
                name);
    assert_true(file_is("other-out/a.html", "the PAGE"));
    assert_true(file_is(name, "the page"));
}

static void a_copy_keeps_together_with_its_sidecar(void **state)
{
    char name[100];

    (void)state;
    make_spool("pair");
    drop("pair", "a.html.url", "https://ulla.example/a\n");
    uint64_t id = quarantine("pair", "a.html", "the page");
    make_folder("pair-out");
    make_file("pair-out/a.html.url", "https://ulla.example/other\n");
    expect_done(RUN("queue", "release", "-o", path_of("pair-out"), path_of("pair"), "all"), "~");
    snprintf(name, sizeof name, "pair-out/a.html~%s.url", text_of_id(id));
    assert_true(file_is(name, "https://ulla.example/a\n"));
    assert_true(file_is("pair-out/a.html.url", "https://ulla.example/other\n"));
    assert_false(exists("pair-out/a.html"));
}

static void names_as_long_as_names_can_be_are_released(void **state)
{
    char name[256], to[300];

    (void)state;
    memset(name, 'n', 255);
    name[255] = '\0';
    make_spool("longname");
    quarantine("longname", name, "one");
    quarantine("longname", name, "two");
    expect_done(RUN("queue", "release", "-o", path_of("longname-out"), path_of("longname"), "all"),
                "nnn~");
    assert_int_equal(files_in("longname-out"), 2);
    snprintf(to, sizeof to, "longname-out/%s", name);
    assert_true(file_is(to, "one"));
}

static void a_release_follows_no_link(void **state)
{
    (void)state;
    make_spool("link");
    uint64_t id = quarantine("link", "site/a.html", "the page");
    make_folder("link-out");
    make_folder("elsewhere");
    assert_int_equal(symlink(path_of("elsewhere"), path_of("link-out/site")), 0);
    expect_refused(RUN("queue", "release", "-o", path_of("link-out"), path_of("link"), "all"),
                   EX_CANTCREAT, "; ");
    assert_int_equal(files_in("elsewhere"), 0);
    assert_true(in_quarantine("link", id));
}

static void what_cannot_be_copied_stays(void **state)
{
    char *large = calloc(1, 200001);

    (void)state;
    memset(large, 'a', 200000);
    make_spool("full");
    uint64_t id = quarantine("full", "a.html", large);
    struct run r = run_launch((struct launch){
        .args = (const char *const[]){"queue", "release", "-o", path_of("full-out"),
                                      path_of("full"), "all", NULL},
        .max_file = 100000});
    expect_refused(r, EX_IOERR, "cannot be copied");
    assert_int_equal(files_in("full-out"), 0);
    assert_true(in_quarantine("full", id));
    assert_int_equal(lines_of("full", id).counts[MANIFEST_RELEASED], 0);
    make_file("a-file", "");
    expect_refused(RUN("queue", "release", "-o", path_of("a-file"), path_of("full"), "all"),
                   EX_CANTCREAT, "cannot be created");
    assert_true(in_quarantine("full", id));
    free(large);
}

static void the_spool_is_no_place_for_copies(void **state)
{
    (void)state;
    make_spool("inside");
    uint64_t id = quarantine("inside", "a.html", "a");
    static const char *const places[] = {"inside", "inside/drop", "inside/new"};
    for (size_t i = 0; i < 3; i++)
        expect_refused(RUN("queue", "release", "-o", path_of(places[i]), path_of("inside"), "all"),
                       EX_USAGE, "in the spool; ");
    assert_false(exists("inside/new"));
    assert_true(in_quarantine("inside", id));
    /* A name that only begins alike is none of it. */
    expect_done(RUN("queue", "release", "-o", path_of("inside-out"), path_of("inside"), "all"),
                "inside-out/a.html");
}

/* --- cut off anywhere ---------------------------------------------------------------------------- */

static bool can_trace(void)
{
    return system("strace -qq -o /dev/null true 2> /dev/null") == 0;
}

/* Runs winnow and kills it before the n-th call of that name. */
static struct run run_killed(const char *call, int n, const char *const *args)
{
    char inject[100];
    const char *all[24] = {"-c", "p=$1; shift; exec strace -qq -f -o /dev/null -e \"$p\" \"$@\"",
                           "sh", inject};
    char *before = strdup(program_path());
    snprintf(inject, sizeof inject, "inject=%s:signal=KILL:when=%d", call, n);
    all[4] = before;
    for (size_t i = 0; args[i]; i++)
        all[5 + i] = args[i];
    setenv("WINNOW_PROGRAM", "/bin/sh", 1);
    struct run r = run_launch((struct launch){.args = all, .env = "ASAN_OPTIONS=detect_leaks=0"});
    setenv("WINNOW_PROGRAM", before, 1);
    free(before);
    return r;
}

static const char *const calls_cut[] = {"renameat2", "syncfs", "fsync", "fdatasync", "unlinkat",
                                        "mkdirat",   "write",  "openat"};

enum { CUTS = sizeof calls_cut / sizeof *calls_cut };

/* Of openat only some: most are those of the loader. */
static int next_n(size_t call, int n)
{
    return strcmp(calls_cut[call], "openat") == 0 ? n + 3 : n + 1;
}

static void a_retry_killed_anywhere_loses_and_doubles_nothing(void **state)
{
    int kills = 0;

    (void)state;
    if (!can_trace())
        skip();
    for (size_t call = 0; call < CUTS; call++)
        for (int n = 1, killed = 1; killed; n = next_n(call, n)) {
            make_spool("kill");
            drop("kill", "site/a.html.url", "https://ulla.example/a\n");
            uint64_t id = quarantine("kill", "site/a.html", "the page");
            const char *args[] = {"queue", "retry", path_of("kill"), text_of_id(id), NULL};
            struct run r = run_killed(calls_cut[call], n, args);
            killed = r.code == 128 + SIGKILL;
            kills += killed;
            run_free(&r);
            char place[100];
            snprintf(place, sizeof place, "kill/quarantine/%s/in/site/a.html", text_of_id(id));
            if (exists(place) == exists("kill/drop/site/a.html"))
                fail_msg("at %s %d the file is at two places, or none", calls_cut[call], n);
            if (in_quarantine("kill", id))
                expect_done(RUN("queue", "retry", path_of("kill"), text_of_id(id)), "");
            assert_true(file_is("kill/drop/site/a.html", "the page"));
            assert_int_equal(files_in("kill/drop/site"), 2);
            assert_in_range(lines_of("kill", id).counts[MANIFEST_RETRIED], 1, 2);
            folder_remove(path_of("kill"));
        }
    assert_in_range(kills, 15, 1000);
}

static void a_release_killed_anywhere_loses_and_doubles_nothing(void **state)
{
    int kills = 0;

    (void)state;
    if (!can_trace())
        skip();
    for (size_t call = 0; call < CUTS; call++)
        for (int n = 1, killed = 1; killed; n = next_n(call, n)) {
            make_spool("kill");
            drop("kill", "site/a.html.url", "https://ulla.example/a\n");
            uint64_t id = quarantine("kill", "site/a.html", "the page");
            const char *args[] = {"queue",         "release", "-o", path_of("kill-out"),
                                  path_of("kill"), "all",     NULL};
            struct run r = run_killed(calls_cut[call], n, args);
            killed = r.code == 128 + SIGKILL;
            kills += killed;
            run_free(&r);
            char place[100];
            snprintf(place, sizeof place, "kill/quarantine/%s/in/site/a.html", text_of_id(id));
            if (!file_is(place, "the page") && !file_is("kill-out/site/a.html", "the page"))
                fail_msg("at %s %d the file is lost", calls_cut[call], n);
            if (in_quarantine("kill", id))
                expect_done(RUN("queue", "release", "-o", path_of("kill-out"), path_of("kill"),
                                "all"),
                            "");
            assert_true(file_is("kill-out/site/a.html", "the page"));
            assert_int_equal(files_in("kill-out/site"), 2);
            assert_in_range(lines_of("kill", id).counts[MANIFEST_RELEASED], 1, 2);
            folder_remove(path_of("kill"));
            folder_remove(path_of("kill-out"));
        }
    assert_in_range(kills, 15, 1000);
}

/* --- flush, fsck, and what is refused -------------------------------------------------------------- */

static void flush_without_a_winnowd_says_so(void **state)
{
    (void)state;
    make_spool("still");
    expect_refused(RUN("queue", "flush", path_of("still")), EX_UNAVAILABLE,
                   "no winnowd has the spool; ");
}

static void fsck_tells_by_its_code_what_it_finds(void **state)
{
    (void)state;
    make_spool("check");
    uint64_t id = quarantine("check", "a.html", "a");
    struct run r = RUN("queue", "fsck", path_of("check"));
    assert_code(&r, 0);
    assert_string_equal(r.out, "");
    run_free(&r);
    json_t *json = json_of(RUN("queue", "fsck", "--format", "json", path_of("check")), 0);
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
    json_decref(json);
    char name[100];
    snprintf(name, sizeof name, "check/quarantine/%s/reason.json", text_of_id(id));
    assert_int_equal(unlink(path_of(name)), 0);
    make_file("check/work/it\nis.mine", "");
    r = RUN("queue", "fsck", path_of("check"));
    assert_code(&r, EX_DATAERR);
    assert_out(&r, "reason.json");
    assert_out(&r, "it%0Ais.mine");
    run_free(&r);
    json = json_of(RUN("queue", "fsck", "--format", "json", path_of("check")), EX_DATAERR);
    assert_int_equal(json_integer_value(json_object_get(json, "problems")), 2);
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 2);
    json_decref(json);
}

static void what_is_no_spool_is_told_and_stays_as_it_is(void **state)
{
    static const char *const verbs[] = {"ls", "status", "flush"};

    (void)state;
    make_folder("plain");
    make_file("plain-file", "");
    for (size_t i = 0; i < 3; i++) {
        expect_refused(RUN("queue", verbs[i], path_of("missing")), EX_NOINPUT, "; ");
        expect_refused(RUN("queue", verbs[i], path_of("plain-file")), EX_NOINPUT, "; ");
        expect_refused(RUN("queue", verbs[i], path_of("plain")), EX_NOINPUT, "not a spool; ");
    }
    expect_refused(RUN("queue", "retry", path_of("plain"), "all"), EX_NOINPUT, "not a spool; ");
    expect_refused(RUN("queue", "fsck", path_of("missing")), EX_NOINPUT, "; ");
    assert_int_equal(files_in("plain"), 0);
    assert_false(exists("missing"));
}

static void who_has_no_rights_is_told(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_spool("closed");
    uint64_t id = quarantine("closed", "a.html", "a");
    const char *const runs[][6] = {{"queue", "ls", path_of("closed"), NULL},
                                   {"queue", "retry", path_of("closed"), "all", NULL}};
    for (size_t i = 0; i < 2; i++)
        expect_refused(run_launch((struct launch){.args = runs[i], .nobody = true}), EX_NOPERM,
                       "; ");
    assert_true(in_quarantine("closed", id));
}

static void wrong_command_lines_are_refused(void **state)
{
    (void)state;
    make_spool("usage");
    const char *const s = path_of("usage");
    expect_refused(RUN("queue"), EX_USAGE, "--help");
    expect_refused(RUN("queue", "list", s), EX_USAGE, "--help");
    expect_refused(RUN("queue", "ls"), EX_USAGE, "takes SPOOL");
    expect_refused(RUN("queue", "ls", s, "more"), EX_USAGE, "takes SPOOL");
    expect_refused(RUN("queue", "retry", s), EX_USAGE, "ID...");
    expect_refused(RUN("queue", "retry", s, "every"), EX_USAGE, "every: neither an id nor all");
    expect_refused(RUN("queue", "retry", s, "all", "12"), EX_USAGE, "all stands alone");
    expect_refused(RUN("queue", "retry", "-o", path_of("u"), s, "all"), EX_USAGE, "-o");
    expect_refused(RUN("queue", "release", s, "all"), EX_USAGE, "-o DIR");
    expect_refused(RUN("queue", "ls", "-o", path_of("u"), s), EX_USAGE, "-o");
    expect_refused(RUN("queue", "ls", "--format", "jsonl", s), EX_USAGE, "text or json");
    expect_refused(RUN("queue", "flush", "--format", "json", s), EX_USAGE, "text alone");
    assert_false(exists("u"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_spool_has_nothing_to_show),
        cmocka_unit_test(shows_what_waits_and_why_in_the_order_of_ids),
        cmocka_unit_test(names_of_any_bytes_are_printed_escaped),
        cmocka_unit_test(json_has_every_entry_with_its_reason),
        cmocka_unit_test(a_long_list_is_cut_short_for_people_alone),
        cmocka_unit_test(status_tells_by_its_code_that_none_runs),
        cmocka_unit_test(status_tells_what_winnowd_says),
        cmocka_unit_test(a_winnowd_that_does_not_answer_is_told),
        cmocka_unit_test(a_winnowd_that_goes_in_mid_answer_is_told),
        cmocka_unit_test(retry_puts_a_file_back),
        cmocka_unit_test(retry_takes_the_sidecar_along_and_a_free_name),
        cmocka_unit_test(several_ids_go_at_once_and_each_once),
        cmocka_unit_test(an_unknown_id_is_told_and_the_others_are_done),
        cmocka_unit_test(all_of_none_is_done),
        cmocka_unit_test(all_may_be_more_than_one_request),
        cmocka_unit_test(a_retry_that_was_cut_off_is_ended),
        cmocka_unit_test(a_running_winnowd_does_the_steps),
        cmocka_unit_test(root_leaves_nothing_of_its_own_in_anothers_spool),
        cmocka_unit_test(release_copies_a_file_out_and_forgets_it),
        cmocka_unit_test(a_release_given_again_makes_no_second_copy),
        cmocka_unit_test(a_release_writes_over_nothing),
        cmocka_unit_test(a_copy_keeps_together_with_its_sidecar),
        cmocka_unit_test(names_as_long_as_names_can_be_are_released),
        cmocka_unit_test(a_release_follows_no_link),
        cmocka_unit_test(what_cannot_be_copied_stays),
        cmocka_unit_test(the_spool_is_no_place_for_copies),
        cmocka_unit_test(a_retry_killed_anywhere_loses_and_doubles_nothing),
        cmocka_unit_test(a_release_killed_anywhere_loses_and_doubles_nothing),
        cmocka_unit_test(flush_without_a_winnowd_says_so),
        cmocka_unit_test(fsck_tells_by_its_code_what_it_finds),
        cmocka_unit_test(what_is_no_spool_is_told_and_stays_as_it_is),
        cmocka_unit_test(who_has_no_rights_is_told),
        cmocka_unit_test(wrong_command_lines_are_refused),
    };
    return cmocka_run_group_tests(tests, folder_start, folder_stop);
}
