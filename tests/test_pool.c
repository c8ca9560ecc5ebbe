/* test_pool.c - pages cleaned in boxed processes: what comes out, and what becomes of pages. */
#include "pool/driving.h"

#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>


static const char page_one[] =
    "<!doctype html><title>Bridges</title><nav><a href=/>Home</a></nav>"
    "<article><h1>Bridges of the old town</h1>"
    "<p>The oldest bridge was built of wood, and burned down twice before the stone one.</p>"
    "<p>The oldest bridge was built of wood, and burned down twice before the stone one.</p>"
    "<p>Its third arch carries a small house in which the keeper of the toll once lived.</p>"
    "</article>";

static struct pool_settings settings(void)
{
    return (struct pool_settings){.program = POOL_WORKER, .workers = 2};
}

/* A page of count times these bytes and what follows, with its number where format has one. */
static char *page_of(size_t count, const char *format, const char *end)
{
    enum { LINE_MOST = 120 };
    char *page = malloc(count * LINE_MOST + strlen(end) + 1);
    size_t len = 0;
    assert_non_null(page);
    for (size_t i = 0; i < count; i++) /* the second number makes lines differ */
        len += (size_t)snprintf(page + len, LINE_MOST, format, (unsigned)i,
                                (unsigned)i * 2654435761u);
    memcpy(page + len, end, strlen(end) + 1);
    return page;
}

/* --- cleaning --------------------------------------------------------------------------- */

static void gives_what_the_library_gives(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    struct driven *d = drive_page(dr, page_one, POOL_TEXT | POOL_JSON | POOL_JSONL);
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_page *page = clean_page(
        w, (struct winnow_input){.data = page_one, .len = strlen(page_one), .name = "a.html"});
    static const struct {
        enum pool_part part;
        enum winnow_format format;
    } parts[] = {
        {POOL_TEXT, WINNOW_TEXT}, {POOL_JSON, WINNOW_JSON}, {POOL_JSONL, WINNOW_JSONL}};
    for (size_t i = 0; i < 3; i++) {
        char *want = page_render(page, parts[i].format);
        expect_same_text("a part", part_of(d, parts[i].part), want);
        free(want);
    }
    assert_int_equal(strlen(d->result.page), 32);
    assert_non_null(strstr(part_of(d, POOL_JSON), d->result.page));
    size_t notes = 0;
    while (winnow_page_note(page, notes))
        notes++;
    assert_int_equal(d->notes, notes);
    assert_string_equal(d->text, "");
    winnow_page_free(page);
    winnow_free(w);
    drive_free(dr);
}

static void gives_only_what_is_wanted(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    struct driven *d = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    assert_non_null(strstr(part_of(d, POOL_TEXT), "toll"));
    assert_string_equal(part_of(d, POOL_JSON), "");
    drive_free(dr);
}

static void cleans_twenty_pages_at_once(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    s.workers = 20;
    struct drive *dr = drive_new(&s);
    char text[200];
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "<p>This is the page with the number %d and no other.</p>", i);
        drive_page(dr, text, POOL_TEXT);
    }
    drive_all(dr);
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "This is the page with the number %d and no other.\n", i);
        expect_end(&dr->pages[i], POOL_CLEANED);
        assert_string_equal(part_of(&dr->pages[i], POOL_TEXT), text);
    }
    drive_free(dr);
}

static void passes_on_a_page_of_megabytes(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    char *large =
        page_of(40000, "<p>Paragraph %u of a page that fills many pieces, %x.</p>\n", "");
    struct driven *d = drive_page(dr, large, POOL_TEXT | POOL_JSON);
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    assert_true(d->parts[0].len > 1024 * 1024);
    assert_non_null(strstr(part_of(d, POOL_TEXT), "Paragraph 39999 of"));
    free(large);
    drive_free(dr);
}

/* The names of lib/charset.c, which the nursery has to have loaded before its box. */
static void reads_every_charset_that_the_library_knows(void **state)
{
    (void)state;
    FILE *f = fopen(WINNOW_SOURCE_DIR "/lib/charset.c", "r");
    assert_non_null(f);
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    char names[PAGES_MOST][40];
    char line[300];
    size_t count = 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, " {\"%39[A-Z0-9-]\", UNIT_", names[count]) == 1 && strstr(line, "UNIT_"))
            count++;
    fclose(f);
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) {
        char bytes[600];
        memset(bytes, 0, sizeof bytes);
        snprintf(bytes, sizeof bytes, "<p>A page in %.39s \xC0\xC1\xE0\xE1 and so on.</p>", names[i]);
        drive_bytes(dr, bytes, strlen(bytes),
                    (struct pool_page){.charset = names[i], .wanted = POOL_TEXT});
    }
    drive_all(dr);
    for (size_t i = 0; i < count; i++)
        if (dr->pages[i].result.end != POOL_CLEANED && dr->pages[i].result.end != POOL_REFUSED)
            fail_msg("%s: %s", names[i], dr->pages[i].text);
    drive_free(dr);
}

static void recognises_a_charset_that_nobody_declares(void **state)
{
    (void)state;
    static const char *const dumps[] = {
        "\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0! \xDD\xF2\xEE \xF1\xF2\xF0\xE0\xED\xE8\xF6\xE0 "
        "\xEE \xF1\xF2\xE0\xF0\xEE\xEC \xE3\xEE\xF0\xEE\xE4\xE5 \xE8 \xE5\xE3\xEE "
        "\xEC\xEE\xF1\xF2\xE0\xF5.\n",
        "\x82\xB1\x82\xEA\x82\xCD\x8B\xB4\x82\xCC\x83\x79\x81\x5B\x83\x57\x82\xC5\x82\xB7\x81\x42\n",
        "\x1B$B$3$l$O\x1B(B ISO-2022-JP\n",
        "Stra\xDF" "e und Br\xFC" "cke\n",
        "\xB4\xD9\xB8\xAE\xC0\xC7 \xC6\xE4\xC0\xCC\xC1\xF6\n",
        "\xFF\xFEh\0i\0\n\0",
    };
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    for (size_t i = 0; i < sizeof dumps / sizeof *dumps; i++)
        drive_page(dr, dumps[i], POOL_TEXT);
    drive_all(dr);
    for (size_t i = 0; i < dr->count; i++)
        if (dr->pages[i].result.end != POOL_CLEANED && dr->pages[i].result.end != POOL_REFUSED)
            fail_msg("dump %zu: %s", i, dr->pages[i].text);
    drive_free(dr);
}

static void an_expression_over_a_long_page_needs_no_machine_code(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-pool-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/global.txt", folder);
    FILE *f = fopen(path, "w");
    fputs("drop_line: /^.*\\bcolou?r\\b.*$/i\n", f);
    fclose(f);
    const char *rules[] = {folder};
    struct pool_settings s = settings();
    s.rules = rules;
    s.nrules = 1;
    struct drive *dr = drive_new(&s);
    char *page = page_of(3000, "<p>Line %u tells of a house and its garden.</p>\n",
                         "<p>The color of the door.</p>");
    struct driven *d = drive_page(dr, page, POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    assert_non_null(strstr(part_of(d, POOL_TEXT), "Line 2999"));
    assert_null(strstr(part_of(d, POOL_TEXT), "color"));
    free(page);
    unlink(path);
    rmdir(folder);
    drive_free(dr);
}

/* --- with an index ------------------------------------------------------------------------------ */

static const char *const pages_of_a_site[] = {
    "<title>One</title><p>Read all our stories about the town and its river here, day by day.</p>"
    "<p>The mill on the river was rebuilt after the flood, and the miller moved back into it.</p>",
    "<title>Two</title><p>Read all our stories about the town and its river here, day by day.</p>"
    "<p>In the market a new clock was hung, which strikes every quarter of an hour, they say.</p>",
    "<title>Three</title><p>Read all our stories about the town and its river here, day by day.</p>"
    "<p>The mill on the river was rebuilt after the flood, and the miller moved back into it.</p>"
    "<p>It grinds on Mondays.</p>",
    "<title>Four</title><p>The keeper of the lighthouse wrote down every ship that passed in a "
    "year. He noted the hour, the flag and the weather, and whether anybody waved to him. In "
    "winter the pages are nearly empty, for the ice kept all but the mail boat in harbour. In "
    "spring he needed a second...</p>",
    "<title>Five</title><p>The keeper of the lighthouse wrote down every ship that passed in a "
    "year. He noted the hour, the flag and the weather, and whether anybody waved to him. In "
    "winter the pages are nearly empty, for the ice kept all but the mail boat in harbour. In "
    "spring he needed a second book, because the herring boats went out and came home twice a "
    "day. When he left, the town bought all forty books, and they are read at the fair.</p>",
};

enum { PAGES_OF_SITE = sizeof pages_of_a_site / sizeof *pages_of_a_site };

static const char *site_urls[PAGES_OF_SITE] = {
    "http://town.example/1", "http://town.example/2", "http://town.example/3",
    "http://town.example/4", "http://town.example/5"};

static int add_answer(void *ctx, const char *data, size_t len)
{
    return text_add(ctx, data, len);
}

/* One page after the other, so that the order is the same. */
static struct winnow_asking *asking_now;

static int ask_index(struct driven *d, struct pool_job *job, const void *request, size_t len)
{
    struct text t = {calloc(1, 1), 0};
    struct winnow_error err = {0};
    int wait = 0;
    (void)d;
    int status = winnow_asking_answer(asking_now, request, len, add_answer, &t, &wait, &err);
    assert_int_equal(wait, 0);
    if (status == WINNOW_OK)
        status = pool_answer(job, t.data, t.len, &err);
    free(t.data);
    return status;
}

static void an_index_is_asked_from_the_box_as_without_it(void **state)
{
    (void)state;
    struct winnow_index *near, *far;
    struct winnow_error err;
    struct pool_settings s = settings();
    s.has_index = true;
    assert_int_equal(winnow_index_open(NULL, 0, &near, &err), WINNOW_OK);
    assert_int_equal(winnow_index_open(NULL, 0, &far, &err), WINNOW_OK);
    struct winnow *w = winnow_with(NULL, NULL);
    winnow_use_index(w, near, &s.use);
    struct drive *dr = drive_new(&s);
    dr->answer = ask_index;
    for (size_t i = 0; i < PAGES_OF_SITE; i++) {
        const char *data = pages_of_a_site[i], *url = site_urls[i];
        struct winnow_page *page = clean_page(w, (struct winnow_input){
            .data = data, .len = strlen(data), .url = url, .source = url});
        assert_int_equal(winnow_index_add(near, page, &err), WINNOW_OK);
        char *want = page_render(page, WINNOW_JSON);
        winnow_page_free(page);
        assert_int_equal(winnow_asking_new(far, 0, &asking_now, &err), WINNOW_OK);
        struct driven *d = drive_bytes(dr, data, strlen(data), (struct pool_page){
            .url = url,
            .source = url,
            .wanted = POOL_TEXT | POOL_JSON | POOL_TOLD | POOL_SUPERSEDED});
        drive_all(dr);
        expect_end(d, POOL_CLEANED);
        assert_true(d->questions > 0);
        struct text *told = &d->parts[__builtin_ctz(POOL_TOLD)];
        if (winnow_asking_take(asking_now, told->data, told->len, &err) != WINNOW_OK)
            fail_msg("%s", err.text);
        winnow_asking_free(asking_now);
        expect_same_text("the record", part_of(d, POOL_JSON), want);
        free(want);
    }
    assert_non_null(strstr(part_of(&dr->pages[2], POOL_JSON), site_urls[0]));
    assert_string_equal(part_of(&dr->pages[4], POOL_SUPERSEDED), site_urls[3]);
    assert_int_equal(dr->pages[4].parts[6].len, strlen(site_urls[3]) + 1);
    drive_free(dr);
    winnow_free(w);
    winnow_index_close(near);
    winnow_index_close(far);
}

static void a_page_can_be_learned_without_being_cleaned(void **state)
{
    (void)state;
    struct winnow_index *index;
    struct winnow_index_stat stat;
    struct winnow_error err;
    struct pool_settings s = settings();
    s.has_index = true;
    assert_int_equal(winnow_index_open(NULL, 0, &index, &err), WINNOW_OK);
    assert_int_equal(winnow_asking_new(index, 0, &asking_now, &err), WINNOW_OK);
    struct drive *dr = drive_new(&s);
    dr->answer = ask_index;
    struct driven *d = drive_bytes(
        dr, pages_of_a_site[0], strlen(pages_of_a_site[0]),
        (struct pool_page){
            .url = site_urls[0], .source = site_urls[0], .wanted = POOL_LEARN | POOL_TOLD});
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    struct text *told = &d->parts[__builtin_ctz(POOL_TOLD)];
    assert_int_equal(winnow_asking_take(asking_now, told->data, told->len, &err), WINNOW_OK);
    winnow_asking_free(asking_now);
    assert_int_equal(winnow_index_stat(index, &stat, &err), WINNOW_OK);
    assert_int_equal(stat.learned, 1);
    assert_string_equal(part_of(d, POOL_TEXT), "");
    drive_free(dr);
    winnow_index_close(index);
}

/* --- pages that are refused ----------------------------------------------------------------- */

static void says_why_a_page_is_refused(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    static const unsigned char binary[] = "\x7F""ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0";
    struct driven *d = drive_bytes(dr, binary, sizeof binary,
                                   (struct pool_page){.name = "a", .wanted = POOL_TEXT});
    drive_all(dr);
    expect_end(d, POOL_REFUSED);
    assert_int_equal(d->result.status, WINNOW_EDATA);
    assert_true(strlen(d->text) > 10);
    drive_free(dr);
}

static void refuses_a_page_that_is_larger_than_allowed(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    s.options.limits.max_bytes = 1000;
    struct drive *dr = drive_new(&s);
    char large[3000];
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    struct driven *fits = drive_page(dr, page_one, POOL_TEXT);
    struct driven *d = drive_page(dr, large, POOL_TEXT);
    drive_all(dr);
    expect_end(fits, POOL_CLEANED);
    expect_end(d, POOL_REFUSED);
    assert_int_equal(d->result.status, WINNOW_ELIMIT);
    drive_free(dr);
}

static void refuses_a_page_that_cannot_be_read(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct winnow_error err;
    struct driven *d = &dr->pages[dr->count++];
    assert_int_equal(pool_add(dr->pool, &(struct pool_page){.fd = ends[0], .wanted = POOL_TEXT}, d,
                              &d->job, &err), WINNOW_OK);
    close(ends[0]);
    close(ends[1]);
    drive_all(dr);
    expect_end(d, POOL_REFUSED);
    assert_int_equal(d->result.status, WINNOW_EIO);
    drive_free(dr);
}

#if !defined(__SANITIZE_ADDRESS__)
static void memory_that_a_page_may_not_have_is_told(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    s.memory = 96u << 20;
    struct drive *dr = drive_new(&s);
    char *large = page_of(400000, "<p>Many words that need a node each.", "");
    struct driven *d = drive_page(dr, large, POOL_TEXT);
    struct driven *small = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(small, POOL_CLEANED);
    expect_end(d, POOL_REFUSED);
    assert_int_equal(d->result.status, WINNOW_ENOMEM);
    assert_non_null(strstr(d->text, "96 MiB"));
    free(large);
    drive_free(dr);
}
#endif

/* --- wishes that do not go together ----------------------------------------------------------- */

static void refuses_wishes_that_do_not_go_together(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    static const unsigned wishes[] = {POOL_TOLD, POOL_LEARN, POOL_LEARN | POOL_TEXT, 1u << 9};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct pool_job *job = NULL;
        struct winnow_error err;
        assert_int_equal(pool_add(dr->pool, &(struct pool_page){.fd = 0, .wanted = wishes[i]}, NULL,
                                  &job, &err), WINNOW_EUSAGE);
        assert_null(job);
    }
    assert_int_equal(pool_count(dr->pool), 0);
    drive_free(dr);
}

static void refuses_a_page_when_all_workers_have_one(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    s.workers = 1;
    struct drive *dr = drive_new(&s);
    struct driven *d = drive_page(dr, page_one, POOL_TEXT);
    struct pool_job *job = NULL;
    struct winnow_error err;
    assert_false(pool_has_room(dr->pool));
    assert_int_equal(pool_add(dr->pool, &(struct pool_page){.fd = 0, .wanted = POOL_TEXT}, NULL,
                              &job, &err), WINNOW_EUSAGE);
    drive_all(dr);
    assert_true(pool_has_room(dr->pool));
    expect_end(d, POOL_CLEANED);
    drive_free(dr);
}

static void a_name_without_end_is_refused_before_a_worker_has_it(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    static char name[70000];
    memset(name, 'n', sizeof name - 1);
    struct pool_job *job = NULL;
    struct winnow_error err;
    struct pool_page page = {.fd = file_of("x", 1), .url = name, .wanted = POOL_TEXT};
    assert_int_equal(pool_add(dr->pool, &page, NULL, &job, &err), WINNOW_EUSAGE);
    close(page.fd);
    assert_int_equal(pool_count(dr->pool), 0);
    drive_free(dr);
}

/* --- ends that are not the page's --------------------------------------------------------------- */

/* How many processes have that parent; *ret is one of them, or -1. */
static size_t children_of(pid_t parent, pid_t *ret)
{
    DIR *dir = opendir("/proc");
    struct dirent *e;
    size_t count = 0;
    assert_non_null(dir);
    *ret = -1;
    while ((e = readdir(dir)) != NULL) {
        char path[300], line[400] = "";
        int pid, of = -1;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *f = *e->d_name >= '1' && *e->d_name <= '9' ? fopen(path, "r") : NULL;
        if (!f)
            continue;
        if (fgets(line, sizeof line, f) && sscanf(line, "%d (%*[^)]) %*c %d", &pid, &of) == 2 &&
            of == parent) {
            *ret = pid;
            count++;
        }
        fclose(f);
    }
    closedir(dir);
    return count;
}

static pid_t child_of(pid_t parent)
{
    pid_t ret;
    (void)children_of(parent, &ret);
    return ret;
}

/* Takes some tenths of a second. */
static char *slow_page(void)
{
    return page_of(60000, "<div><b><i>slow</i></b><p>of all", "");
}

static void a_page_that_takes_too_long_is_stopped(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    s.timeout_ms = 60;
    struct drive *dr = drive_new(&s);
    char *slow = slow_page();
    struct driven *d = drive_page(dr, slow, POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_TIMED_OUT);
    assert_non_null(strstr(d->text, "60 ms"));
    free(slow);
    drive_free(dr);
}

static void a_page_that_takes_long_gives_its_place_to_others(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    s.workers = 1;
    struct drive *dr = drive_new(&s);
    char *slow = slow_page();
    struct driven *d = drive_page(dr, slow, POOL_TEXT);
    assert_false(pool_has_room(dr->pool));
    struct driven *quick = drive_page(dr, page_one, POOL_TEXT);
    assert_false(d->over);
    drive_until_over(dr, quick);
    expect_end(quick, POOL_CLEANED);
    pool_free(dr->pool);
    dr->pool = NULL;
    free(slow);
    drive_free(dr);
}

static void a_page_that_is_stopped_ends_so(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    struct driven *d = drive_page(dr, page_one, POOL_TEXT);
    pool_stop_job(d->job);
    drive_all(dr);
    expect_end(d, POOL_STOPPED);
    struct driven *next = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(next, POOL_CLEANED);
    drive_free(dr);
}

static void output_that_is_not_taken_stops_the_page(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    struct driven *d = drive_page(dr, page_one, POOL_TEXT);
    d->refuse_output = true;
    drive_all(dr);
    expect_end(d, POOL_STOPPED);
    drive_free(dr);
}

static void a_worker_that_is_killed_from_outside_dies_alone(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    char *slow = slow_page();
    struct driven *d = drive_page(dr, slow, POOL_TEXT);
    pid_t nursery = child_of(getpid()), worker = -1;
    double until = seconds() + DEADLINE_S;
    while (worker < 0 && seconds() < until)
        worker = child_of(nursery);
    assert_true(worker > 1);
    assert_int_equal(kill(worker, SIGKILL), 0);
    drive_all(dr);
    expect_end(d, POOL_DIED);
    assert_int_equal(d->result.signal, SIGKILL);
    assert_non_null(strstr(d->text, "SIGKILL"));
    struct driven *next = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(next, POOL_CLEANED);
    free(slow);
    drive_free(dr);
}

static void a_nursery_that_is_killed_is_started_again(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    char *slow = slow_page();
    struct driven *one = drive_page(dr, slow, POOL_TEXT), *two = drive_page(dr, slow, POOL_TEXT);
    pid_t nursery = child_of(getpid());
    assert_true(nursery > 1);
    assert_int_equal(kill(nursery, SIGKILL), 0);
    drive_all(dr);
    expect_end(one, POOL_STOPPED);
    expect_end(two, POOL_STOPPED);
    assert_non_null(strstr(one->text, "SIGKILL"));
    struct driven *next = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(next, POOL_CLEANED);
    free(slow);
    drive_free(dr);
}

static void a_page_for_a_nursery_that_just_died_is_stopped(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    pid_t nursery = child_of(getpid());
    siginfo_t info;
    assert_true(nursery > 1);
    assert_int_equal(kill(nursery, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)nursery, &info, WEXITED | WNOWAIT), 0);
    struct driven *d = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_STOPPED);
    drive_free(dr);
}

static void a_nursery_that_dies_again_and_again_is_told_of(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    double until = seconds() + DEADLINE_S;
    size_t told = 0;
    while (told < 2) {
        pid_t nursery = child_of(getpid());
        if (nursery > 1)
            kill(nursery, SIGKILL);
        drive_step(dr, until);
        told += dr->trouble.text[0] != '\0';
    }
    struct driven *next = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(next, POOL_CLEANED);
    drive_free(dr);
}

static size_t count_fds(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void no_descriptor_and_no_process_is_left_behind(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    size_t before = count_fds();
    struct drive *dr = drive_new(&s);
    char *slow = slow_page();
    size_t with_pool = count_fds();
    for (int i = 0; i < 6; i++) {
        struct driven *d = drive_page(dr, i % 2 ? page_one : slow, POOL_TEXT);
        if (i % 3 == 0)
            pool_stop_job(d->job);
        if (i == 4)
            kill(child_of(getpid()), SIGKILL);
    }
    drive_all(dr);
    drive_room(dr);
    assert_int_equal(count_fds(), with_pool);
    drive_page(dr, slow, POOL_TEXT);
    free(slow);
    drive_free(dr);
    assert_int_equal(count_fds(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* With descriptors used up at every point: an error, or a page that ends; later all is well. */
static void survives_that_no_descriptor_is_free(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    int page = file_of(page_one, strlen(page_one));
    struct rlimit few = {200, 200}, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    few.rlim_max = now.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int left = 0; left < 5; left++) {
        int held[200], n = 0;
        struct winnow_error err = {0};
        drive_room(dr);
        struct driven *d = &dr->pages[dr->count];
        while (n < 200 && (held[n] = dup(page)) >= 0)
            n++;
        for (int i = 0; i < left && n > 0; i++)
            close(held[--n]);
        struct pool_page in = {.fd = page, .name = "a", .wanted = POOL_TEXT};
        int status = pool_add(dr->pool, &in, d, &d->job, &err);
        if (status == WINNOW_OK) {
            dr->count++;
            drive_all(dr);
            assert_true(d->result.end == POOL_CLEANED || d->result.end == POOL_STOPPED);
        } else {
            assert_int_equal(status, WINNOW_EIO);
            assert_non_null(strstr(err.text, "open files"));
        }
        while (n > 0)
            close(held[--n]);
    }
    close(page);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    struct driven *d = drive_page(dr, page_one, POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    drive_free(dr);
}

/* --- starting and reloading ----------------------------------------------------------------------- */

static void expect_no_pool(const struct pool_settings *s, int status, const char *says)
{
    static const struct pool_calls calls = {drive_ask, drive_output, drive_done, drive_reloaded};
    struct pool *p = NULL;
    struct winnow_error err = {0};
    size_t before = count_fds();
    assert_int_equal(pool_new(s, &calls, NULL, &p, &err), status);
    assert_null(p);
    if (!strstr(err.text, says))
        fail_msg("%s", err.text);
    assert_int_equal(count_fds(), before);
}

static void says_what_is_missing_at_the_start(void **state)
{
    (void)state;
    const char *nowhere[] = {"/nonexistent/rules"};
    struct pool_settings s = settings();
    s.program = "/nonexistent/winnow-worker";
    expect_no_pool(&s, WINNOW_EUSAGE, "/nonexistent/winnow-worker");
    s.program = "/bin/true";
    expect_no_pool(&s, WINNOW_EIO, "before it was ready");
    s = settings();
    s.rules = nowhere;
    s.nrules = 1;
    expect_no_pool(&s, WINNOW_ERULES, "/nonexistent/rules");
    s = settings();
    s.options.limits.max_depth = 1u << 30;
    expect_no_pool(&s, WINNOW_EUSAGE, "limit");
}

static void put_rules(const char *folder, const char *name, const char *lines)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(lines, f);
    fclose(f);
}

static void remove_rules(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    while ((e = readdir(dir)) != NULL)
        if (*e->d_name != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    rmdir(folder);
}

static void reload(struct drive *dr, const struct pool_settings *s)
{
    struct winnow_error err;
    double until = seconds() + DEADLINE_S;
    size_t before = dr->reloads;
    assert_int_equal(pool_reload(dr->pool, s, &err), WINNOW_OK);
    while (dr->reloads == before)
        drive_step(dr, until);
}

static void new_rules_come_with_a_reload(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-pool-XXXXXX";
    assert_non_null(mkdtemp(folder));
    put_rules(folder, "global.txt", "drop_line: Nothing here\n");
    const char *rules[] = {folder};
    struct pool_settings s = settings();
    s.rules = rules;
    s.nrules = 1;
    s.will_reload = true;
    struct drive *dr = drive_new(&s);
    static const char text[] = "<p>First line of it.</p><p>Second line of it.</p>";
    struct driven *before = drive_page(dr, text, POOL_TEXT);
    put_rules(folder, "global.txt", "drop_line: Second line of it.\n");
    reload(dr, &s);
    assert_int_equal(dr->reload_status, WINNOW_OK);
    struct driven *after = drive_page(dr, text, POOL_TEXT);
    drive_all(dr);
    expect_end(before, POOL_CLEANED);
    expect_end(after, POOL_CLEANED);
    assert_non_null(strstr(part_of(before, POOL_TEXT), "Second"));
    assert_null(strstr(part_of(after, POOL_TEXT), "Second"));
    remove_rules(folder);
    drive_free(dr);
}

static void a_rule_file_that_broke_keeps_the_old_rules(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-pool-XXXXXX";
    assert_non_null(mkdtemp(folder));
    put_rules(folder, "global.txt", "drop_line: Second line of it.\n");
    put_rules(folder, "old.example.txt", "drop_line: /broken since long (/\n");
    const char *rules[] = {folder};
    struct pool_settings s = settings();
    s.rules = rules;
    s.nrules = 1;
    s.will_reload = true;
    struct drive *dr = drive_new(&s);
    reload(dr, &s); /* an error that was there before hinders nobody */
    assert_int_equal(dr->reload_status, WINNOW_OK);
    put_rules(folder, "global.txt", "drop_line: /Second line (/\n");
    reload(dr, &s);
    assert_int_equal(dr->reload_status, WINNOW_ERULES);
    assert_non_null(strstr(dr->reload_text, "global.txt:1"));
    struct driven *d = drive_page(
        dr, "<p>First line of it.</p><p>Second line of it.</p>", POOL_TEXT);
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    assert_null(strstr(part_of(d, POOL_TEXT), "Second"));
    remove_rules(folder);
    reload(dr, &s); /* a folder that is gone */
    assert_int_equal(dr->reload_status, WINNOW_ERULES);
    drive_free(dr);
}

static void a_page_that_runs_ends_under_the_rules_it_began_with(void **state)
{
    (void)state;
    struct pool_settings s = settings();
    struct drive *dr = drive_new(&s);
    char *slow = slow_page();
    struct driven *d = drive_page(dr, slow, POOL_TEXT);
    reload(dr, &s);
    assert_int_equal(dr->reload_status, WINNOW_OK);
    reload(dr, &s);
    drive_all(dr);
    expect_end(d, POOL_CLEANED);
    pid_t nursery;
    assert_int_equal(children_of(getpid(), &nursery), 1); /* the others have left */
    kill(nursery, SIGKILL);
    struct driven *next;
    do {
        next = drive_page(dr, page_one, POOL_TEXT);
        drive_all(dr);
    } while (next->result.end == POOL_STOPPED);
    expect_end(next, POOL_CLEANED);
    free(slow);
    drive_free(dr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_the_library_gives),
        cmocka_unit_test(gives_only_what_is_wanted),
        cmocka_unit_test(cleans_twenty_pages_at_once),
        cmocka_unit_test(passes_on_a_page_of_megabytes),
        cmocka_unit_test(reads_every_charset_that_the_library_knows),
        cmocka_unit_test(recognises_a_charset_that_nobody_declares),
        cmocka_unit_test(an_expression_over_a_long_page_needs_no_machine_code),
        cmocka_unit_test(an_index_is_asked_from_the_box_as_without_it),
        cmocka_unit_test(a_page_can_be_learned_without_being_cleaned),
        cmocka_unit_test(says_why_a_page_is_refused),
        cmocka_unit_test(refuses_a_page_that_is_larger_than_allowed),
        cmocka_unit_test(refuses_a_page_that_cannot_be_read),
#if !defined(__SANITIZE_ADDRESS__)
        cmocka_unit_test(memory_that_a_page_may_not_have_is_told),
#endif
        cmocka_unit_test(refuses_wishes_that_do_not_go_together),
        cmocka_unit_test(refuses_a_page_when_all_workers_have_one),
        cmocka_unit_test(a_name_without_end_is_refused_before_a_worker_has_it),
        cmocka_unit_test(a_page_that_takes_too_long_is_stopped),
        cmocka_unit_test(a_page_that_takes_long_gives_its_place_to_others),
        cmocka_unit_test(a_page_that_is_stopped_ends_so),
        cmocka_unit_test(output_that_is_not_taken_stops_the_page),
        cmocka_unit_test(a_worker_that_is_killed_from_outside_dies_alone),
        cmocka_unit_test(a_nursery_that_is_killed_is_started_again),
        cmocka_unit_test(a_page_for_a_nursery_that_just_died_is_stopped),
        cmocka_unit_test(a_nursery_that_dies_again_and_again_is_told_of),
        cmocka_unit_test(no_descriptor_and_no_process_is_left_behind),
        cmocka_unit_test(survives_that_no_descriptor_is_free),
        cmocka_unit_test(says_what_is_missing_at_the_start),
        cmocka_unit_test(new_rules_come_with_a_reload),
        cmocka_unit_test(a_rule_file_that_broke_keeps_the_old_rules),
        cmocka_unit_test(a_page_that_runs_ends_under_the_rules_it_began_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
