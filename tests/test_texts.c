/* test_texts.c - the documents themselves: what was appended comes back, a wrong byte costs
 * its block, and what was never committed is nobody's. */
#include "testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "hash.h"
#include "store/texts.h"

static struct winnow_error failure;
#define OK(call)                                                                                   \
    do {                                                                                           \
        failure = (struct winnow_error){0};                                                        \
        if ((call) != WINNOW_OK)                                                                   \
            fail_msg("%s: %s", #call, failure.text);                                               \
    } while (0)

/* --- a folder and made documents ------------------------------------------------------------------ */

struct place {
    char folder[64], file[96];
};

static int setup(void **state)
{
    static struct place p;
    strcpy(p.folder, "/tmp/winnow-test-XXXXXX");
    assert_non_null(mkdtemp(p.folder));
    snprintf(p.file, sizeof p.file, "%s/texts-000001", p.folder);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", ((struct place *)*state)->folder);
    return system(command);
}

static const char *const words[] = {"harbour", "the",  "council", "of", "opened",    "bridge",
                                    "river",   "said", "new",     "a",  "yesterday", "and"};

/* The text of document n: so many words. */
static struct text make_text(uint32_t n, size_t count)
{
    struct text t = {malloc(10 * count + 1), 0};
    uint64_t seed = n;
    t.data[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        seed = hash_bytes((struct slice){(char *)&seed, sizeof seed});
        const char *word = words[seed % 12];
        t.len += (size_t)sprintf(t.data + t.len, "%s%c", word, i % 17 ? ' ' : '\n');
    }
    return t;
}

struct made {
    struct store_doc docs[300];
    struct text texts[300];
    char names[300][64];
    struct text_place places[300];
    size_t count;
};

static void make_doc(struct made *m, uint32_t number, size_t word_count)
{
    size_t i = m->count++;
    struct store_doc *d = &m->docs[i];
    m->texts[i] = make_text(number, word_count);
    int len = snprintf(m->names[i], 64, "https://news.example.org/%u", number);
    *d = (struct store_doc){.number = number,
                            .state = DOC_LIVE,
                            .other = number / 2,
                            .time = -5 + (int64_t)number * 100000,
                            .source = {m->names[i], (size_t)len},
                            .url = {m->names[i], number % 3 ? (size_t)len : 0},
                            .site = {m->names[i] + 8, 16},
                            .text = {m->texts[i].data, m->texts[i].len}};
    hash_128(d->source, d->key.bytes);
    hash_128(d->text, d->content.bytes);
}

static struct made *make(uint32_t first, size_t count, size_t word_count)
{
    struct made *m = calloc(1, sizeof *m);
    for (size_t i = 0; i < count; i++)
        make_doc(m, first + (uint32_t)i, word_count);
    return m;
}

static void made_free(struct made *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->texts[i].data);
    free(m);
}

static struct texts *open_at(const struct place *p, uint32_t file, uint64_t bytes, bool read_only)
{
    struct texts *t = NULL;
    OK(texts_open(p->folder, file, bytes, read_only, &t, &failure));
    return t;
}

static bool same_doc(const struct store_doc *a, const struct store_doc *b, bool with_text)
{
    return a->number == b->number && a->state == b->state && a->other == b->other &&
           a->time == b->time && !memcmp(&a->key, &b->key, sizeof a->key) &&
           !memcmp(&a->content, &b->content, sizeof a->content) && slice_eq(a->source, b->source) &&
           slice_eq(a->url, b->url) && slice_eq(a->site, b->site) &&
           (with_text ? slice_eq(a->text, b->text) : a->text.len == 0);
}

static void expect_all(struct texts *t, const struct made *m)
{
    struct buf room;
    buf_init(&room, 1 << 28);
    for (size_t i = m->count; i--;) {
        struct store_doc got;
        OK(texts_get(t, &m->places[i], true, &got, &room, &failure));
        assert_true(same_doc(&got, &m->docs[i], true));
        OK(texts_get(t, &m->places[i], false, &got, &room, &failure));
        assert_true(same_doc(&got, &m->docs[i], false));
    }
    buf_free(&room);
}

/* Writes m as a committed whole; *bytes is its end. */
static void write_made(const struct place *p, struct made *m, uint64_t *bytes)
{
    uint32_t file;
    struct texts *t = open_at(p, 0, 0, false);
    OK(texts_append(t, m->docs, m->count, m->places, &failure));
    texts_committed(t);
    texts_end(t, &file, bytes);
    assert_int_equal(file, 1);
    texts_close(t);
}

/* --- a walk that compares ---------------------------------------------------------------------------- */

struct seen {
    const struct made *m;
    size_t good, problems, stop_after;
    uint64_t at; /* of the last problem */
};

static int see(void *ctx, const struct store_doc *doc, const struct text_place *place)
{
    struct seen *s = ctx;
    size_t i = doc->number - s->m->docs[0].number;
    assert_true(i < s->m->count);
    assert_true(same_doc(doc, &s->m->docs[i], true));
    assert_int_equal(place->block, s->m->places[i].block);
    assert_int_equal(place->slot, s->m->places[i].slot);
    s->good++;
    return s->good == s->stop_after;
}

static void see_problem(void *ctx, const char *file, uint64_t at, const char *text)
{
    struct seen *s = ctx;
    assert_non_null(strstr(file, "/texts-00000"));
    assert_non_null(strstr(text, "winnow index compact"));
    s->problems++;
    s->at = at;
}

static struct seen walk(const struct place *p, const struct made *m, uint64_t bytes)
{
    struct seen s = {.m = m};
    struct texts *t = open_at(p, 1, bytes, true);
    OK(texts_each(t, see, see_problem, &s, &failure));
    texts_close(t);
    return s;
}

static size_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) ? 0 : (size_t)st.st_size;
}

static void put_bytes(const char *path, uint64_t at, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, (off_t)at), len);
    close(fd);
}

static void flip(const char *path, uint64_t at, unsigned char mask)
{
    unsigned char c;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
    c ^= mask;
    assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
    close(fd);
}

/* --- tests ------------------------------------------------------------------------------------------------ */

static void gives_back_what_was_appended(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 200, 600);
    uint64_t bytes;
    make_doc(m, 201, 0);
    m->docs[200].source.len = m->docs[200].url.len = m->docs[200].site.len = 0;
    write_made(p, m, &bytes);
    assert_int_equal(size_of(p->file), bytes);
    struct texts *t = open_at(p, 1, bytes, true);
    expect_all(t, m);
    texts_close(t);
    struct seen s = walk(p, m, bytes);
    assert_int_equal(s.good, 201);
    assert_int_equal(s.problems, 0);
    made_free(m);
}

static void a_large_document_is_a_block_of_its_own(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 3, 50);
    uint64_t bytes;
    make_doc(m, 4, 100000);
    make_doc(m, 5, 50);
    make_doc(m, 6, 50);
    write_made(p, m, &bytes);
    assert_int_equal(m->places[2].block, m->places[0].block);
    assert_int_not_equal(m->places[3].block, m->places[2].block);
    assert_int_not_equal(m->places[4].block, m->places[3].block);
    assert_int_equal(m->places[5].block, m->places[4].block);
    struct texts *t = open_at(p, 1, bytes, true);
    expect_all(t, m);
    texts_close(t);
    made_free(m);
}

static void appends_go_on_where_the_last_one_ended(void **state)
{
    struct place *p = *state;
    struct made *m[3];
    struct texts *t = open_at(p, 0, 0, false);
    uint32_t file;
    uint64_t bytes = 0, before;
    for (uint32_t i = 0; i < 3; i++) {
        m[i] = make(1 + 100 * i, 40, 100);
        before = bytes;
        OK(texts_append(t, m[i]->docs, 40, m[i]->places, &failure));
        texts_end(t, &file, &bytes);
        assert_true(bytes > before);
        if (i == 1)
            texts_committed(t);
    }
    for (size_t i = 0; i < 3; i++)
        expect_all(t, m[i]);
    OK(texts_append(t, NULL, 0, NULL, &failure));
    texts_close(t);
    for (size_t i = 0; i < 3; i++)
        made_free(m[i]);
}

static void a_rollback_returns_to_the_committed_end(void **state)
{
    struct place *p = *state;
    struct made *a = make(1, 40, 100), *b = make(100, 30, 200), *c = make(200, 30, 150);
    struct texts *t = open_at(p, 0, 0, false);
    uint32_t file;
    uint64_t committed, end;
    OK(texts_append(t, a->docs, a->count, a->places, &failure));
    texts_committed(t);
    texts_end(t, &file, &committed);
    OK(texts_append(t, b->docs, b->count, b->places, &failure));
    expect_all(t, b);
    texts_rollback(t);
    texts_end(t, &file, &end);
    assert_int_equal(end, committed);
    OK(texts_append(t, c->docs, c->count, c->places, &failure));
    assert_int_equal(c->places[0].block, committed);
    expect_all(t, c);
    expect_all(t, a);
    texts_close(t);
    made_free(a);
    made_free(b);
    made_free(c);
}

static void what_a_crash_left_behind_the_end_is_passed_over_and_cut_off(void **state)
{
    struct place *p = *state;
    struct made *a = make(1, 40, 100), *b = make(41, 40, 300);
    uint64_t bytes, end;
    uint32_t file;
    char later[128];
    write_made(p, a, &bytes);
    struct texts *t = open_at(p, 1, bytes, false);
    OK(texts_append(t, b->docs, b->count, b->places, &failure));
    texts_close(t); /* never committed */
    assert_true(size_of(p->file) > bytes);
    snprintf(later, sizeof later, "%s/texts-000002", p->folder);
    put_bytes(later, 0, "half a file", 11);
    assert_int_equal(walk(p, a, bytes).good, 40);
    assert_int_equal(walk(p, a, bytes).problems, 0);
    t = open_at(p, 1, bytes, false);
    OK(texts_append(t, b->docs, 1, b->places, &failure));
    texts_end(t, &file, &end);
    assert_int_equal(size_of(p->file), end);
    assert_int_equal(size_of(later), 0);
    texts_close(t);
    made_free(a);
    made_free(b);
}

static void a_new_file_starts_when_one_is_full(void **state)
{
    struct place *p = *state;
    struct made *a = make(1, 40, 100), *b = make(41, 40, 100);
    uint64_t bytes, full = 1ull << 30;
    uint32_t file;
    write_made(p, a, &bytes);
    /* A hole as large as the rest of a full file. */
    assert_int_equal(truncate(p->file, (off_t)full), 0);
    struct texts *t = open_at(p, 1, full, false);
    OK(texts_append(t, b->docs, b->count, b->places, &failure));
    texts_end(t, &file, &bytes);
    assert_int_equal(file, 2);
    assert_int_equal(b->places[0].file, 2);
    expect_all(t, a);
    expect_all(t, b);
    texts_rollback(t);
    texts_end(t, &file, &bytes);
    assert_int_equal(file, 1);
    assert_int_equal(bytes, full);
    texts_close(t);
    made_free(a);
    made_free(b);
}

static void every_wrong_byte_costs_its_block_and_no_more(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 12, 40);
    uint32_t file;
    uint64_t bytes, block[3];
    struct texts *t = open_at(p, 0, 0, false);
    for (size_t i = 0; i < 3; i++)
        OK(texts_append(t, m->docs + 4 * i, 4, m->places + 4 * i, &failure));
    texts_end(t, &file, &bytes);
    texts_close(t);
    for (size_t i = 0; i < 3; i++)
        block[i] = m->places[4 * i].block;
    struct buf room;
    buf_init(&room, 1 << 20);
    for (uint64_t at = 0; at < bytes; at++) {
        flip(p->file, at, (unsigned char)(1u << at % 8));
        struct seen s = walk(p, m, bytes);
        assert_int_equal(s.problems, 1);
        assert_int_equal(s.good, at < block[0] ? 12 : 8);
        t = open_at(p, 1, bytes, true);
        for (size_t i = 0; i < 12; i += 4) {
            struct store_doc got;
            uint64_t end = i < 8 ? block[i / 4 + 1] : bytes;
            bool is_hit = at >= block[i / 4] && at < end;
            int status = texts_get(t, &m->places[i + 1], true, &got, &room, &failure);
            assert_int_equal(status, is_hit ? WINNOW_EDATA : WINNOW_OK);
            assert_true(is_hit || same_doc(&got, &m->docs[i + 1], true));
            assert_true(!is_hit || strstr(failure.text, p->file));
        }
        texts_close(t);
        flip(p->file, at, (unsigned char)(1u << at % 8));
    }
    buf_free(&room);
    made_free(m);
}

static void a_file_that_was_cut_off_keeps_its_first_blocks(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 100, 300);
    uint64_t bytes;
    write_made(p, m, &bytes);
    assert_int_equal(truncate(p->file, (off_t)m->places[99].block + 50), 0);
    struct seen s = walk(p, m, bytes);
    assert_true(s.good > 0 && s.good < 100);
    assert_true(s.problems > 0);
    struct texts *t = open_at(p, 1, bytes, false);
    struct text_place ret;
    assert_int_equal(texts_append(t, m->docs, 1, &ret, &failure), WINNOW_EDATA);
    assert_non_null(strstr(failure.text, "cut off"));
    texts_close(t);
    made_free(m);
}

static void a_missing_file_is_told(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 2, 30);
    struct seen s = {.m = m};
    struct buf room;
    struct store_doc got;
    uint64_t bytes;
    buf_init(&room, 1 << 20);
    write_made(p, m, &bytes);
    struct texts *t = open_at(p, 3, bytes, true);
    OK(texts_each(t, see, see_problem, &s, &failure));
    assert_int_equal(s.good, 2);
    assert_int_equal(s.problems, 1);
    struct text_place none = {3, 0, 32};
    assert_int_equal(texts_get(t, &none, true, &got, &room, &failure), WINNOW_EDATA);
    assert_non_null(strstr(failure.text, "it is missing"));
    none.file = 0;
    assert_int_equal(texts_get(t, &none, true, &got, &room, &failure), WINNOW_EDATA);
    texts_close(t);
    buf_free(&room);
    made_free(m);
}

/* Files 1 to count, each of one document; its end is that of the last. */
static uint64_t write_files(const struct place *p, struct made *m)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        uint32_t file = 0;
        struct texts *t = open_at(p, i + 1, 0, false);
        OK(texts_append(t, &m->docs[i], 1, &m->places[i], &failure));
        texts_end(t, &file, &bytes);
        assert_int_equal(file, i + 1);
        texts_close(t);
    }
    return bytes;
}

static void unlink_file(const struct place *p, uint32_t number)
{
    char path[128];
    snprintf(path, sizeof path, "%s/texts-%06u", p->folder, number);
    assert_int_equal(unlink(path), 0);
}

static int get_one(struct texts *t, const struct made *m, size_t i)
{
    struct buf room;
    struct store_doc got;
    buf_init(&room, 1 << 20);
    int status = texts_get(t, &m->places[i], true, &got, &room, &failure);
    if (!status)
        assert_true(same_doc(&got, &m->docs[i], true));
    buf_free(&room);
    return status;
}

static void a_reader_keeps_the_files_that_a_compaction_unlinks(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 40, 30);
    uint64_t bytes = write_files(p, m);
    struct texts *t = open_at(p, 40, bytes, true);
    bool gone = true;
    OK(texts_hold(t, 3, &gone, &failure));
    assert_false(gone);
    for (uint32_t n = 1; n <= 40; n++)
        unlink_file(p, n);
    for (int round = 0; round < 2; round++)
        for (size_t i = 2; i < 40; i++)
            assert_int_equal(get_one(t, m, i), WINNOW_OK);
    /* What lies before the first is of no view, and was not kept. */
    assert_int_equal(get_one(t, m, 1), WINNOW_EDATA);
    assert_non_null(strstr(failure.text, "it is missing"));
    texts_rollback(t);
    assert_int_equal(get_one(t, m, 20), WINNOW_OK);
    texts_close(t);
    made_free(m);
}

static bool hold_tells(const struct place *p, uint32_t first, uint32_t file, uint64_t bytes)
{
    struct texts *t = open_at(p, file, bytes, true);
    bool gone = false;
    OK(texts_hold(t, first, &gone, &failure));
    texts_close(t);
    return gone;
}

static void a_file_that_went_before_it_could_be_opened_is_told(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 6, 30);
    uint64_t bytes = write_files(p, m);
    bool gone = false;
    assert_false(hold_tells(p, 0, 0, 0));
    assert_false(hold_tells(p, 0, 6, bytes));
    assert_false(hold_tells(p, 7, 7, 0)); /* begun by nobody yet */
    assert_true(hold_tells(p, 1, 7, bytes));
    unlink_file(p, 2);
    assert_true(hold_tells(p, 1, 6, bytes));
    assert_true(hold_tells(p, 2, 6, bytes));
    assert_false(hold_tells(p, 3, 6, bytes));
    unlink_file(p, 6);
    assert_true(hold_tells(p, 3, 6, bytes));
    assert_true(hold_tells(p, 6, 6, bytes));
    assert_false(hold_tells(p, 3, 6, 0));
    /* The others are kept all the same. */
    struct texts *t = open_at(p, 6, bytes, true);
    OK(texts_hold(t, 1, &gone, &failure));
    assert_true(gone);
    unlink_file(p, 4);
    assert_int_equal(get_one(t, m, 3), WINNOW_OK);
    assert_int_equal(get_one(t, m, 5), WINNOW_EDATA);
    texts_close(t);
    made_free(m);
}

static void more_files_than_may_be_open_are_refused(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 40, 30);
    struct rlimit old, limit;
    uint64_t bytes = write_files(p, m);
    struct texts *t = open_at(p, 40, bytes, true);
    bool gone = true;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    limit = (struct rlimit){30, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int status = texts_hold(t, 1, &gone, &failure);
    int free_fd = open("/", O_RDONLY);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(status, WINNOW_EIO);
    assert_non_null(strstr(failure.text, "ulimit -n"));
    assert_true(gone);
    assert_true(free_fd >= 0);
    close(free_fd);
    OK(texts_hold(t, 1, &gone, &failure));
    OK(texts_hold(t, 1, &gone, &failure));
    assert_false(gone);
    texts_close(t);
    made_free(m);
}

static void keep_text(void *ctx, const char *file, uint64_t at, const char *text)
{
    (void)file;
    if (at == 0)
        snprintf(ctx, 200, "%s", text);
}

static void a_damaged_head_of_a_file_costs_nothing_and_is_told(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 3, 30);
    char text[200] = "";
    uint64_t bytes;
    write_made(p, m, &bytes);
    flip(p->file, 26, 4);
    assert_int_equal(walk(p, m, bytes).good, 3);
    struct texts *t = open_at(p, 1, bytes, true);
    OK(texts_each(t, NULL, keep_text, text, &failure));
    texts_close(t);
    assert_string_equal(text, "the head of the file is damaged; its documents are not, and winnow "
                              "index compact writes it anew");
    made_free(m);
}

static void a_place_where_no_document_is_is_refused(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 5, 30);
    struct buf room;
    struct store_doc got;
    uint64_t bytes;
    buf_init(&room, 1 << 20);
    write_made(p, m, &bytes);
    struct texts *t = open_at(p, 1, bytes, true);
    const struct text_place wrong[] = {{1, 5, 32},       {1, UINT32_MAX, 32}, {1, 0, 0},
                                       {1, 0, 33},       {1, 0, bytes},       {1, 0, UINT64_MAX},
                                       {1, 0, bytes - 3}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(texts_get(t, &wrong[i], true, &got, &room, &failure), WINNOW_EDATA);
    room.max = 20;
    buf_free(&room);
    assert_int_equal(texts_get(t, &m->places[0], true, &got, &room, &failure), WINNOW_ELIMIT);
    texts_close(t);
    made_free(m);
}

static void a_walk_ends_when_it_is_told_to(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 90, 300);
    struct seen s = {.m = m, .stop_after = 7};
    uint64_t bytes;
    write_made(p, m, &bytes);
    struct texts *t = open_at(p, 1, bytes, true);
    OK(texts_each(t, see, see_problem, &s, &failure));
    assert_int_equal(s.good, 7);
    texts_close(t);
    made_free(m);
}

/* Another layout or byte order, as its writer would have signed it. */
static void refuses_files_of_a_newer_layout_or_another_byte_order(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 2, 30);
    struct buf room;
    struct store_doc got;
    uint64_t bytes, sum;
    char head[32];
    const uint32_t layout[] = {2, __builtin_bswap32(1)};
    const uint32_t order[] = {0x01020304, 0x04030201};
    const char *const say[] = {"newer winnow", "another byte order"};
    buf_init(&room, 1 << 20);
    write_made(p, m, &bytes);
    for (size_t i = 0; i < 2; i++) {
        int fd = open(p->file, O_RDONLY);
        assert_int_equal(pread(fd, head, 32, 0), 32);
        close(fd);
        memcpy(head + 8, &layout[i], 4);
        memcpy(head + 12, &order[i], 4);
        sum = hash_bytes((struct slice){head, 24});
        sum = i ? __builtin_bswap64(sum) : sum;
        memcpy(head + 24, &sum, 8);
        put_bytes(p->file, 0, head, 32);
        struct texts *t = open_at(p, 1, bytes, false);
        assert_int_equal(texts_get(t, &m->places[0], true, &got, &room, &failure), WINNOW_EUSAGE);
        assert_non_null(strstr(failure.text, say[i]));
        assert_int_equal(texts_append(t, m->docs, 1, m->places, &failure), WINNOW_EUSAGE);
        texts_close(t);
    }
    buf_free(&room);
    made_free(m);
}

static void a_failed_append_leaves_the_end_where_it_was(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 60, 400);
    struct rlimit old, limit;
    uint32_t file;
    uint64_t bytes, end;
    write_made(p, m, &bytes);
    struct texts *t = open_at(p, 1, bytes, false);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){bytes + 5000, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    struct text_place places[60];
    memset(places, 7, sizeof places);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int status = texts_append(t, m->docs, 60, places, &failure);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, WINNOW_EIO);
    assert_non_null(strstr(failure.text, "ulimit"));
    assert_int_equal(places[0].slot, 0x07070707);
    texts_end(t, &file, &end);
    assert_int_equal(end, bytes);
    expect_all(t, m);
    OK(texts_append(t, m->docs, 60, m->places, &failure));
    assert_int_equal(m->places[0].block, bytes);
    expect_all(t, m);
    texts_close(t);
    made_free(m);
}

/* The strings are never read: they are of pages that are not there yet. */
static void refuses_a_document_of_more_than_2_gib(void **state)
{
    const struct place *p = *state;
    const size_t most = (size_t)1 << 31, room = most + (32 << 20);
    const char *zeros =
        mmap(NULL, room, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) {
        print_message("skipped: there is no address space for it\n");
        return;
    }
    /* Bytes of url and text; the last sum is small again where it overflows. */
    const size_t lens[][2] = {{0, room}, {most, 32 << 20}, {room, room}, {100, SIZE_MAX - 50}};
    struct made *m = make(1, 3, 100);
    struct texts *t = open_at(p, 0, 0, false);
    const struct store_doc whole = m->docs[1];
    uint32_t file;
    uint64_t bytes;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct winnow_error err = {0};
        m->docs[1].url = (struct slice){zeros, lens[i][0]};
        m->docs[1].text = (struct slice){zeros, lens[i][1]};
        assert_int_equal(texts_append(t, m->docs, 3, m->places, &err), WINNOW_ELIMIT);
        assert_non_null(strstr(err.text, "news.example.org/2: a document of more than 2 GiB"));
        texts_end(t, &file, &bytes);
        assert_int_equal(file, 0);
        assert_int_equal(bytes, 0);
        assert_int_equal(m->places[0].file, 0);
    }
    m->docs[1] = whole;
    OK(texts_append(t, m->docs, 3, m->places, &failure));
    expect_all(t, m);
    texts_close(t);
    made_free(m);
    munmap((void *)(uintptr_t)zeros, room);
}

static void a_reader_writes_nothing(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 2, 30);
    struct texts *t = open_at(p, 0, 0, true);
    assert_int_equal(texts_append(t, m->docs, 2, m->places, &failure), WINNOW_EUSAGE);
    assert_int_equal(size_of(p->file), 0);
    texts_close(t);
    texts_close(NULL);
    made_free(m);
}

/* A block whose checksums are right may still hold anything. */
static void survives_blocks_that_somebody_made_up(void **state)
{
    struct place *p = *state;
    struct made *m = make(1, 3, 30);
    struct buf room;
    uint64_t bytes;
    char *block;
    buf_init(&room, 1 << 20);
    write_made(p, m, &bytes);
    size_t len = (size_t)bytes - 32;
    block = malloc(len);
    int fd = open(p->file, O_RDONLY);
    assert_int_equal(pread(fd, block, len, 32), len);
    close(fd);
    uint64_t seed = 3;
    for (int i = 0; i < 3000; i++) {
        char *copy = malloc(len), summed[36];
        memcpy(copy, block, len);
        for (int k = 0; k < 3; k++) {
            seed = hash_bytes((struct slice){(char *)&seed, sizeof seed});
            copy[seed & 1 ? 4 + (seed >> 8) % 12 : (seed >> 8) % len] ^= (char)(1u << (seed >> 60));
        }
        uint64_t sum = hash_bytes((struct slice){copy + 32, len - 32}), at = 32;
        uint32_t file = 1;
        memcpy(copy + 16, &sum, 8);
        memcpy(summed, copy, 24);
        memcpy(summed + 24, &file, 4);
        memcpy(summed + 28, &at, 8);
        sum = hash_bytes((struct slice){summed, 36});
        memcpy(copy + 24, &sum, 8);
        put_bytes(p->file, 32, copy, len);
        struct texts *t = open_at(p, 1, bytes, true);
        struct store_doc got;
        (void)texts_get(t, &m->places[i % 3], true, &got, &room, NULL);
        OK(texts_each(t, NULL, NULL, NULL, &failure));
        texts_close(t);
        free(copy);
    }
    free(block);
    buf_free(&room);
    made_free(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_back_what_was_appended),
        TEST(a_large_document_is_a_block_of_its_own),
        TEST(appends_go_on_where_the_last_one_ended),
        TEST(a_rollback_returns_to_the_committed_end),
        TEST(what_a_crash_left_behind_the_end_is_passed_over_and_cut_off),
        TEST(a_new_file_starts_when_one_is_full),
        TEST(every_wrong_byte_costs_its_block_and_no_more),
        TEST(a_file_that_was_cut_off_keeps_its_first_blocks),
        TEST(a_missing_file_is_told),
        TEST(a_reader_keeps_the_files_that_a_compaction_unlinks),
        TEST(a_file_that_went_before_it_could_be_opened_is_told),
        TEST(more_files_than_may_be_open_are_refused),
        TEST(a_damaged_head_of_a_file_costs_nothing_and_is_told),
        TEST(a_place_where_no_document_is_is_refused),
        TEST(a_walk_ends_when_it_is_told_to),
        TEST(refuses_files_of_a_newer_layout_or_another_byte_order),
        TEST(a_failed_append_leaves_the_end_where_it_was),
        TEST(refuses_a_document_of_more_than_2_gib),
        TEST(a_reader_writes_nothing),
        TEST(survives_blocks_that_somebody_made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
