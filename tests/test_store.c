/* test_store.c - what store.h promises, of every kind of store. */
#include "store_testing.h"

struct kind {
    const char *name;
    bool on_disk;
};

static const struct kind kinds[] = {{"memory", false}, {"disk", true}};

struct fixture {
    const struct kind *kind;
    struct store *store;
    char *folder;
};

static int set_up(void **state)
{
    const struct kind *kind = *state;
    struct fixture *f = calloc(1, sizeof *f);
    f->kind = kind;
    if (kind->on_disk) {
        f->folder = folder_new();
        f->store = open_disk(f->folder, false);
    } else {
        assert_int_equal(store_memory(&plain_params, 64 << 20, &f->store, NULL), WINNOW_OK);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    if (f->folder)
        folder_remove(f->folder);
    free(f);
    return 0;
}

static struct store *store_of(void **state)
{
    return ((struct fixture *)*state)->store;
}

/* --- documents --------------------------------------------------------------------------- */

static void gives_back_what_was_put(void **state)
{
    struct store *s = store_of(state);
    for (uint32_t n = 1; n <= 100; n++)
        assert_int_equal(put_plain(s, n), n);
    for (uint32_t n = 1; n <= 100; n++)
        assert_whole(s, n, n);
    commit(s);
    for (uint32_t n = 1; n <= 100; n++)
        assert_whole(s, n, n);
}

static void finds_a_document_by_its_key_at_once_and_after_a_commit(void **state)
{
    struct store *s = store_of(state);
    assert_int_equal(number_of(s, 5), 0);
    uint32_t number = put_plain(s, 5);
    assert_int_equal(number_of(s, 5), number);
    commit(s);
    assert_int_equal(number_of(s, 5), number);
    assert_int_equal(number_of(s, 6), 0);
}

static void knows_no_document_of_other_numbers(void **state)
{
    struct store *s = store_of(state);
    put_plain(s, 1);
    assert_int_equal(state_of(s, 0), DOC_NONE);
    assert_int_equal(state_of(s, 2), DOC_NONE);
    assert_int_equal(state_of(s, UINT32_MAX), DOC_NONE);
}

static void takes_documents_without_text_strings_or_prints(void **state)
{
    struct store *s = store_of(state);
    struct store_doc bare = {.key = key_of(1)}, got;
    struct buf room;
    uint32_t number = 0;
    buf_init(&room, 1 << 20);
    assert_int_equal(store_put(s, &bare, NULL, 0, &number, NULL), WINNOW_OK);
    for (int i = 0; i < 2; i++, commit(s)) {
        assert_int_equal(store_get(s, number, true, &got, &room, NULL), WINNOW_OK);
        assert_int_equal(got.state, DOC_LIVE);
        assert_int_equal(got.text.len + got.source.len + got.url.len + got.site.len, 0);
    }
    buf_free(&room);
}

static void takes_a_null_where_the_number_is_of_no_interest(void **state)
{
    struct store_doc doc = doc_with(1, 1);
    assert_int_equal(store_put(store_of(state), &doc, NULL, 0, NULL, NULL), WINNOW_OK);
    assert_int_equal(number_of(store_of(state), 1), 1);
}

static void leaves_the_text_out_unless_it_is_asked_for(void **state)
{
    struct store *s = store_of(state);
    struct store_doc doc;
    struct buf room;
    buf_init(&room, 1 << 20);
    put_plain(s, 1);
    for (int i = 0; i < 2; i++, commit(s)) {
        assert_int_equal(store_get(s, 1, false, &doc, &room, NULL), WINNOW_OK);
        assert_int_equal(doc.text.len, 0);
        assert_true(slice_is(doc.source, "https://ferries.example/1"));
    }
    buf_free(&room);
}

static void a_newer_version_replaces_the_older_one(void **state)
{
    struct store *s = store_of(state);
    struct store_doc doc;
    struct buf room;
    buf_init(&room, 1 << 20);
    uint32_t old = put_with(s, 1, 1);
    for (uint32_t version = 2; version < 6; version++) {
        uint32_t new = put_with(s, 1, version);
        assert_true(new > old);
        assert_int_equal(number_of(s, 1), new);
        assert_int_equal(store_get(s, old, true, &doc, &room, NULL), WINNOW_OK);
        assert_int_equal(doc.state, DOC_REPLACED);
        assert_int_equal(doc.other, new);
        assert_int_equal(state_of(s, new), DOC_LIVE);
        if (version % 2)
            commit(s);
        old = new;
    }
    buf_free(&room);
}

static void a_superseded_document_is_replaced_too(void **state)
{
    struct store *s = store_of(state);
    put_plain(s, 1);
    put_plain(s, 2);
    assert_int_equal(store_set_state(s, 1, DOC_SUPERSEDED, 2, NULL), WINNOW_OK);
    assert_int_equal(number_of(s, 1), 1);
    assert_int_equal(put_with(s, 1, 3), 3);
    assert_int_equal(state_of(s, 1), DOC_REPLACED);
}

static void a_stub_is_filled_in_and_keeps_its_number(void **state)
{
    struct store *s = store_of(state);
    for (uint32_t n = 1; n <= 2; n++) {
        assert_int_equal(put_stub(s, n), n);
        assert_int_equal(state_of(s, n), DOC_STUB);
        assert_int_equal(number_of(s, n), n);
        if (n == 2)
            commit(s);
        assert_int_equal(put_plain(s, n), n);
        assert_int_equal(state_of(s, n), DOC_LIVE);
        assert_whole(s, n, n);
    }
    commit(s);
    assert_whole(s, 1, 1);
    assert_whole(s, 2, 2);
    assert_int_equal(put_plain(s, 3), 3);
}

static void a_forgotten_document_gives_its_state_and_nothing_else(void **state)
{
    struct store *s = store_of(state);
    struct store_doc doc;
    struct buf room;
    buf_init(&room, 1 << 20);
    put_plain(s, 1);
    put_plain(s, 2);
    commit(s);
    put_plain(s, 3);
    for (uint32_t n = 1; n <= 3; n += 2) {
        assert_int_equal(store_set_state(s, n, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
        for (int i = 0; i < 2; i++, commit(s)) {
            assert_int_equal(number_of(s, n), 0);
            assert_int_equal(store_get(s, n, true, &doc, &room, NULL), WINNOW_OK);
            assert_int_equal(doc.state, DOC_FORGOTTEN);
            assert_int_equal(doc.text.len + doc.source.len + doc.url.len + doc.site.len, 0);
        }
    }
    assert_whole(s, 2, 2);
    buf_free(&room);
}

/* That a look says of a document what store_get says. */
static void assert_look(struct store *s, uint32_t number)
{
    struct store_doc doc;
    struct buf room;
    struct doc_key key = {{1}};
    enum doc_state state = DOC_LIVE;
    uint32_t other = 77;
    buf_init(&room, 1 << 20);
    assert_int_equal(store_get(s, number, false, &doc, &room, NULL), WINNOW_OK);
    assert_int_equal(store_look(s, number, &key, &state, &other, NULL, NULL), WINNOW_OK);
    assert_int_equal(state, doc.state);
    if (state != DOC_NONE) {
        assert_int_equal(other, doc.other);
        assert_memory_equal(&key, &doc.key, sizeof key);
        assert_int_equal(store_look(s, number, NULL, &state, NULL, NULL, NULL), WINNOW_OK);
    }
    buf_free(&room);
}

static void a_look_says_what_a_document_is_and_no_more(void **state)
{
    struct store *s = store_of(state);
    for (int round = 0; round < 2; round++) {
        uint32_t n = 10 * (uint32_t)round;
        uint32_t stub = put_stub(s, n + 1), live = put_plain(s, n + 2), old = put_plain(s, n + 3);
        uint32_t forgotten = put_plain(s, n + 4), old_version = put_with(s, n + 5, n + 5);
        uint32_t version = put_with(s, n + 5, n + 6);
        assert_int_equal(store_set_state(s, old, DOC_SUPERSEDED, live, NULL), WINNOW_OK);
        assert_int_equal(store_set_state(s, forgotten, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
        for (uint32_t number = 0; number <= version + 1; number++)
            assert_look(s, number);
        assert_int_equal(state_of(s, stub), DOC_STUB);
        assert_int_equal(state_of(s, old_version), DOC_REPLACED);
        commit(s);
        for (uint32_t number = 0; number <= version + 1; number++)
            assert_look(s, number);
    }
}

static void a_forgotten_document_that_comes_again_is_a_new_one(void **state)
{
    struct store *s = store_of(state);
    put_plain(s, 1);
    assert_int_equal(store_set_state(s, 1, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    commit(s);
    assert_int_equal(put_with(s, 1, 2), 2);
    assert_int_equal(state_of(s, 1), DOC_FORGOTTEN);
    assert_int_equal(number_of(s, 1), 2);
}

static void states_and_their_counts_follow_each_change(void **state)
{
    struct store *s = store_of(state);
    struct store_stat stat;
    put_plain(s, 1);
    put_plain(s, 2);
    put_stub(s, 3);
    commit(s);
    put_with(s, 1, 4);
    assert_int_equal(store_set_state(s, 2, DOC_SUPERSEDED, 4, NULL), WINNOW_OK);
    put_plain(s, 3);
    put_stub(s, 5);
    put_plain(s, 6);
    assert_int_equal(store_set_state(s, 6, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    for (int i = 0; i < 2; i++, commit(s)) {
        assert_int_equal(store_stat(s, &stat, NULL), WINNOW_OK);
        assert_int_equal(stat.documents, 6);
        assert_int_equal(stat.states[DOC_LIVE], 2);
        assert_int_equal(stat.states[DOC_STUB], 1);
        assert_int_equal(stat.states[DOC_SUPERSEDED], 1);
        assert_int_equal(stat.states[DOC_REPLACED], 1);
        assert_int_equal(stat.states[DOC_FORGOTTEN], 1);
    }
}

static void no_state_is_set_of_a_document_that_is_none(void **state)
{
    struct winnow_error err = {0};
    assert_int_equal(store_set_state(store_of(state), 1, DOC_LIVE, 0, &err), WINNOW_EUSAGE);
    assert_non_null(strstr(err.text, "document 1"));
}

static int add_number(void *ctx, const struct store_doc *doc)
{
    uint32_t *sum = ctx;
    assert_int_equal(doc->text.len, 0);
    *sum = *sum * 10 + doc->number;
    return doc->number == 4;
}

static void walks_all_documents_by_number_until_it_is_told_to_stop(void **state)
{
    struct store *s = store_of(state);
    uint32_t sum = 0;
    for (uint32_t n = 1; n <= 5; n++) {
        put_plain(s, n);
        if (n == 2)
            commit(s);
    }
    assert_int_equal(store_each_doc(s, add_number, &sum, NULL), WINNOW_OK);
    assert_int_equal(sum, 1234);
}

/* --- fingerprints --------------------------------------------------------------------------- */

static void hits_come_by_print_and_number_each_pair_once(void **state)
{
    struct store *s = store_of(state);
    const uint64_t prints[] = {77, 99, 77, 55, 55}, asked[] = {55, 1, 77};
    struct store_hits hits = {0};
    for (uint32_t n = 1; n <= 3; n++) {
        struct store_doc doc = doc_with(n, n);
        assert_int_equal(store_put(s, &doc, prints, 5, NULL, NULL), WINNOW_OK);
        commit(s);
    }
    static const struct store_hit want[] = {{0, 1}, {0, 2}, {0, 3}, {2, 1}, {2, 2}, {2, 3}};
    for (int i = 0; i < 2; i++) { /* what hits held before is gone */
        assert_int_equal(store_lookup(s, asked, 3, &hits, NULL), WINNOW_OK);
        assert_int_equal(hits.count, 6);
        assert_memory_equal(hits.items, want, sizeof want);
    }
    assert_int_equal(store_lookup(s, asked, 0, &hits, NULL), WINNOW_OK);
    assert_int_equal(hits.count, 0);
    store_hits_free(&hits);
}

static void keeps_the_first_documents_of_a_popular_print(void **state)
{
    struct store *s = store_of(state);
    const uint64_t popular = 0;
    struct store_hits hits = {0};
    for (uint32_t n = 1; n <= 3 * STORE_DOCS_MOST; n++) {
        struct store_doc doc = doc_with(n, n);
        assert_int_equal(store_put(s, &doc, &popular, 1, NULL, NULL), WINNOW_OK);
    }
    assert_int_equal(store_lookup(s, &popular, 1, &hits, NULL), WINNOW_OK);
    assert_int_equal(hits.count, STORE_DOCS_MOST);
    for (uint32_t i = 0; i < STORE_DOCS_MOST; i++)
        assert_int_equal(hits.items[i].number, i + 1);
    store_hits_free(&hits);
}

static void finds_every_print_of_many_documents(void **state)
{
    struct store *s = store_of(state);
    for (uint32_t n = 1; n <= 3000; n++) {
        put_plain(s, n);
        if (n % 1000 == 0)
            commit(s);
    }
    for (uint32_t n = 1; n <= 3000; n++)
        for (uint32_t i = 0; i < PRINTS; i += 7) {
            uint32_t first = 0;
            assert_int_equal(count_hits(s, print_of(n, i), &first), 1);
            assert_int_equal(first, n);
        }
    assert_int_equal(count_hits(s, print_of(3001, 0), NULL), 0);
}

/* --- commits --------------------------------------------------------------------------------- */

static void a_rollback_forgets_what_was_put_since_the_commit(void **state)
{
    struct store *s = store_of(state);
    struct store_stat before, after;
    put_plain(s, 1);
    put_stub(s, 2);
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("old"), NULL), WINNOW_OK);
    commit(s);
    assert_int_equal(store_stat(s, &before, NULL), WINNOW_OK);
    put_with(s, 1, 3);
    put_plain(s, 2);
    put_plain(s, 4);
    put_with(s, 4, 5);
    assert_int_equal(store_set_state(s, 1, DOC_FORGOTTEN, 0, NULL), WINNOW_OK);
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("new"), NULL), WINNOW_OK);
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("newer"), NULL), WINNOW_OK);
    assert_int_equal(store_put_site(s, slice_of("b"), slice_of("new"), NULL), WINNOW_OK);
    store_rollback(s);
    assert_int_equal(store_stat(s, &after, NULL), WINNOW_OK);
    assert_memory_equal(before.states, after.states, sizeof before.states);
    assert_int_equal(before.prints, after.prints);
    assert_int_equal(before.sites, after.sites);
    assert_int_equal(number_of(s, 1), 1);
    assert_int_equal(number_of(s, 4), 0);
    assert_int_equal(state_of(s, 2), DOC_STUB);
    assert_int_equal(state_of(s, 3), DOC_NONE);
    for (uint32_t n = 2; n <= 5; n++)
        assert_int_equal(count_hits(s, print_of(n, 0), NULL), 0);
    assert_whole(s, 1, 1);
}

static void goes_on_after_a_rollback(void **state)
{
    struct store *s = store_of(state);
    put_plain(s, 1);
    commit(s);
    for (int round = 0; round < 3; round++) {
        put_plain(s, 2);
        put_plain(s, 3);
        store_rollback(s);
    }
    assert_int_equal(put_plain(s, 3), 2);
    commit(s);
    assert_whole(s, 1, 1);
    assert_whole(s, 2, 3);
}

static void a_commit_of_nothing_is_fine(void **state)
{
    struct store *s = store_of(state);
    commit(s);
    put_plain(s, 1);
    commit(s);
    commit(s);
    store_rollback(s);
    assert_whole(s, 1, 1);
}

/* --- sites ------------------------------------------------------------------------------------- */

static void assert_site(struct store *s, const char *name, const char *want)
{
    struct buf blob;
    buf_init(&blob, 1 << 20);
    buf_adds(&blob, ">");
    assert_int_equal(store_get_site(s, slice_of(name), &blob, NULL), WINNOW_OK);
    assert_int_equal(blob.data[0], '>'); /* it is appended */
    assert_true(slice_is((struct slice){blob.data + 1, blob.len - 1}, want));
    buf_free(&blob);
}

static void a_site_keeps_its_last_blob(void **state)
{
    struct store *s = store_of(state);
    assert_site(s, "a", "");
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("one"), NULL), WINNOW_OK);
    assert_site(s, "a", "one");
    commit(s);
    assert_site(s, "a", "one");
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("a longer two"), NULL), WINNOW_OK);
    assert_site(s, "a", "a longer two");
    commit(s);
    assert_site(s, "a", "a longer two");
    assert_site(s, "b", "");
}

static int add_site(void *ctx, struct slice name, struct slice blob)
{
    uint32_t *sum = ctx;
    *sum += (uint32_t)name.p[0] * 100 + (uint32_t)blob.p[0];
    return 0;
}

static int stop_at_first(void *ctx, struct slice name, struct slice blob)
{
    uint32_t *calls = ctx;
    (void)name, (void)blob;
    ++*calls;
    return 1;
}

static void walks_each_site_once_with_its_newest_blob(void **state)
{
    struct store *s = store_of(state);
    struct store_stat stat;
    uint32_t sum = 0, calls = 0;
    assert_int_equal(store_put_site(s, slice_of("a"), slice_of("1"), NULL), WINNOW_OK);
    assert_int_equal(store_put_site(s, slice_of("b"), slice_of("2"), NULL), WINNOW_OK);
    commit(s);
    assert_int_equal(store_put_site(s, slice_of("b"), slice_of("3"), NULL), WINNOW_OK);
    assert_int_equal(store_put_site(s, slice_of("c"), slice_of("4"), NULL), WINNOW_OK);
    assert_int_equal(store_each_site(s, add_site, &sum, NULL), WINNOW_OK);
    assert_int_equal(sum, ('a' + 'b' + 'c') * 100 + '1' + '3' + '4');
    assert_int_equal(store_each_site(s, stop_at_first, &calls, NULL), WINNOW_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(store_stat(s, &stat, NULL), WINNOW_OK);
    assert_int_equal(stat.sites, 3);
}

static void keeps_the_parameters_it_was_made_with_and_a_key_of_its_own(void **state)
{
    struct store *s = store_of(state);
    assert_int_equal(s->params.k, plain_params.k);
    assert_int_equal(s->params.least, plain_params.least);
    assert_true(s->params.key != 0);
}

static void tells_of_no_damage_where_there_is_none(void **state)
{
    put_plain(store_of(state), 1);
    commit(store_of(state));
    store_damage(store_of(state), NULL, NULL); /* a call would be through NULL */
}

/* --- of memory alone ---------------------------------------------------------------------------- */

static void a_full_memory_remembers_no_more_and_goes_on(void **state)
{
    (void)state;
    struct store *s;
    struct store_stat stat;
    size_t most = 1 << 20;
    uint32_t n = 1;
    assert_int_equal(store_memory(&plain_params, most, &s, NULL), WINNOW_OK);
    while (put_plain(s, n) && n < 100000)
        n++;
    assert_true(n > 500 && n < 100000);
    commit(s);
    assert_int_equal(put_plain(s, n + 1), 0);
    assert_int_equal(number_of(s, n), 0);
    assert_whole(s, 1, 1);
    assert_whole(s, n - 1, n - 1);
    assert_int_equal(store_put_site(s, slice_of("late"), slice_of("x"), NULL), WINNOW_OK);
    assert_site(s, "late", "");
    assert_int_equal(store_stat(s, &stat, NULL), WINNOW_OK);
    assert_true(stat.print_bytes + stat.text_bytes + stat.other_bytes <= most);
    store_close(s);
}

#define BOTH(test) \
    {"memory: " #test, test, set_up, tear_down, (void *)(uintptr_t)&kinds[0]}, \
    {"disk: " #test, test, set_up, tear_down, (void *)(uintptr_t)&kinds[1]}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(gives_back_what_was_put),
        BOTH(finds_a_document_by_its_key_at_once_and_after_a_commit),
        BOTH(knows_no_document_of_other_numbers),
        BOTH(takes_documents_without_text_strings_or_prints),
        BOTH(takes_a_null_where_the_number_is_of_no_interest),
        BOTH(leaves_the_text_out_unless_it_is_asked_for),
        BOTH(a_newer_version_replaces_the_older_one),
        BOTH(a_superseded_document_is_replaced_too),
        BOTH(a_stub_is_filled_in_and_keeps_its_number),
        BOTH(a_forgotten_document_gives_its_state_and_nothing_else),
        BOTH(a_look_says_what_a_document_is_and_no_more),
        BOTH(a_forgotten_document_that_comes_again_is_a_new_one),
        BOTH(states_and_their_counts_follow_each_change),
        BOTH(no_state_is_set_of_a_document_that_is_none),
        BOTH(walks_all_documents_by_number_until_it_is_told_to_stop),
        BOTH(hits_come_by_print_and_number_each_pair_once),
        BOTH(keeps_the_first_documents_of_a_popular_print),
        BOTH(finds_every_print_of_many_documents),
        BOTH(a_rollback_forgets_what_was_put_since_the_commit),
        BOTH(goes_on_after_a_rollback),
        BOTH(a_commit_of_nothing_is_fine),
        BOTH(a_site_keeps_its_last_blob),
        BOTH(walks_each_site_once_with_its_newest_blob),
        BOTH(keeps_the_parameters_it_was_made_with_and_a_key_of_its_own),
        BOTH(tells_of_no_damage_where_there_is_none),
        cmocka_unit_test(a_full_memory_remembers_no_more_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
