/* test_asking.c - an index that is asked from elsewhere: the same outcome as one at hand, who
 * waits for whom, and that nothing a page's process says can hurt it. */
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "testing.h"
#include "told.h"

/* --- pages ------------------------------------------------------------------------------------ */

static const char harbour[] =
    "The harbour bridge will close on Monday\n"
    "The old bridge over the harbour mouth closes on Monday for repairs that engineers expect "
    "to last until the end of October, the port authority said.\n"
    "Inspectors had found cracks in two of the eleven bearings in spring, and a third was "
    "leaking grease into the tidal basin below the northern tower.\n"
    "Ferries will run every twelve minutes between the fish market and the customs house, and "
    "the tram turns back at the museum until the work is done.\n";

static const char teaser[] =
    "The harbour bridge will close on Monday\n"
    "The old bridge over the harbour mouth closes on Monday for repairs that engineers expect "
    "to last until the end of October, the port authority said.\n"
    "Inspectors had found cracks in two of the eleven bearings in spring, and a third was lea\n";

static const char garden[] =
    "Pears against a wall\n"
    "A pear that grows against a south wall ripens two weeks before its sisters in the open, "
    "and late frost hardly ever finds its blossom there.\n";

static const char digest[] =
    "Letters from the coast\n"
    "My neighbour has begun to paint his boat again, which he does each year when the swallows "
    "come, and each year in another blue.\n"
    "Ferries will run every twelve minutes between the fish market and the customs house, and "
    "the tram turns back at the museum until the work is done.\n";

static const char *const words[] = {
    "harbour", "under", "wooden", "the", "ferry", "seven", "lantern", "quietly", "a", "baker",
    "carried", "towards", "island", "morning", "without", "letters", "rope", "and", "painted",
    "every", "gull", "over", "stone", "window", "slowly", "market", "winter", "bread", "counts",
};

/* Appends a sentence that no other seed gives. */
static void add_sentence(struct text *t, unsigned seed)
{
    uint32_t state = seed * 2654435761u + 12345;
    for (int i = 0; i < 22; i++) {
        state = state * 1664525u + 1013904223u;
        const char *word = words[(state >> 16) % 29];
        text_add(t, i ? " " : "", i ? 1 : 0);
        text_add(t, word, strlen(word));
    }
    text_add(t, ".\n", 2);
}

static void add_line(struct text *t, const char *line)
{
    text_add(t, line, strlen(line));
    text_add(t, "\n", 1);
}

/* Page n of a site: a menu, its own text, what others say too, an echo, a footer. */
static char *site_page(unsigned n)
{
    struct text t = {calloc(1, 1), 0};
    char title[80];
    snprintf(title, sizeof title, "Report number %u of the coast", n);
    add_line(&t, "Home of the fjord post");
    add_line(&t, "News and tides");
    add_line(&t, "On this page");
    add_line(&t, title);
    add_line(&t, "Share with a friend");
    add_line(&t, title);
    for (unsigned i = 0; i < 4; i++)
        add_sentence(&t, n * 10 + i);
    if (n % 3 == 0)
        add_sentence(&t, 7);
    add_line(&t, "Read more reports");
    add_line(&t, "Contact and imprint of the fjord post");
    return t.data;
}

/* --- an owner and a page's process, both here --------------------------------------------------- */

struct owner {
    struct winnow_index *index;
    struct winnow_asking *asking; /* of the page that asks */
    struct text answer;
    int ordered, status; /* status: of the last question that got no answer */
    unsigned questions, waits;
    void (*when_waiting)(struct owner *o); /* NULL: no answer is the answer */
    struct winnow_asking *other;           /* of a page that is in flight */
    struct text other_told;
    struct text log; /* all questions, each behind its length */
};

struct rig {
    struct owner owner;
    struct winnow *w;
    struct winnow_index *remote;
};

static int ask(void *ctx, const void *request, size_t len, const void **ret, size_t *ret_len)
{
    struct owner *o = ctx;
    int wait = 0;
    o->questions++;
    text_add(&o->log, (const char *)&len, sizeof len);
    text_add(&o->log, request, len);
    o->answer.len = 0;
    o->status = winnow_asking_answer(o->asking, request, len, text_add, &o->answer, &wait, NULL);
    if (wait) {
        assert_int_equal(o->answer.len, 0);
        o->waits++;
        if (!o->when_waiting)
            return 1;
        o->when_waiting(o);
        return ask(ctx, request, len, ret, ret_len);
    }
    *ret = o->answer.data;
    *ret_len = o->answer.len;
    return o->status;
}

static struct winnow_index *open_index(const char *folder, int read_only)
{
    struct winnow_index *ret = NULL;
    struct winnow_error err = {0};
    if (winnow_index_open(folder, read_only, &ret, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return ret;
}

static struct rig *rig_with(struct winnow_index_use use, int ordered)
{
    struct rig *r = calloc(1, sizeof *r);
    r->owner = (struct owner){.index = open_index(NULL, 0), .ordered = ordered};
    r->w = winnow_with(NULL, NULL);
    assert_int_equal(winnow_index_remote(ask, &r->owner, &r->remote, NULL), WINNOW_OK);
    winnow_use_index(r->w, r->remote, &use);
    return r;
}

static void rig_free(struct rig *r)
{
    winnow_free(r->w);
    winnow_index_close(r->remote);
    winnow_asking_free(r->owner.asking);
    winnow_asking_free(r->owner.other);
    winnow_index_close(r->owner.index);
    free(r->owner.answer.data);
    free(r->owner.other_told.data);
    free(r->owner.log.data);
    free(r);
}

static void new_asking(struct owner *o)
{
    winnow_asking_free(o->asking);
    o->asking = NULL;
    assert_int_equal(winnow_asking_new(o->index, o->ordered, &o->asking, NULL), WINNOW_OK);
}

static struct winnow_input input_of(const char *source, const char *url, const char *text)
{
    return (struct winnow_input){.data = text, .len = strlen(text), .source = source, .url = url,
                                 .kind = WINNOW_KIND_DUMP};
}

static struct text told_of(struct rig *r)
{
    struct text told = {calloc(1, 1), 0};
    struct winnow_error err = {0};
    if (winnow_index_told(r->remote, text_add, &told, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    return told;
}

/* Cleans a page elsewhere, up to what is told of it. */
static char *clean_remote(struct rig *r, struct winnow_input in, struct text *told)
{
    struct winnow_error err = {0};
    struct winnow_page *page = clean_page(r->w, in);
    expect_whole(page);
    char *record = page_render(page, WINNOW_JSONL);
    if (winnow_index_add(r->remote, page, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    winnow_page_free(page);
    *told = told_of(r);
    return record;
}

static void take(struct owner *o, const struct text *told)
{
    struct winnow_error err = {0};
    if (winnow_asking_take(o->asking, told->data, told->len, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
}

static char *feed_remote(struct rig *r, struct winnow_input in)
{
    struct text told;
    new_asking(&r->owner);
    char *record = clean_remote(r, in, &told);
    take(&r->owner, &told);
    free(told.data);
    return record;
}

static void learn_remote(struct rig *r, struct winnow_input in)
{
    struct winnow_error err = {0};
    new_asking(&r->owner);
    if (winnow_learn(r->w, &in, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
    struct text told = told_of(r);
    take(&r->owner, &told);
    free(told.data);
}

static struct winnow_index_stat stat_of(struct winnow_index *index)
{
    struct winnow_index_stat ret;
    assert_int_equal(winnow_index_stat(index, &ret, NULL), WINNOW_OK);
    return ret;
}

static void commit(struct winnow_index *index)
{
    assert_int_equal(winnow_index_commit(index, NULL), WINNOW_OK);
}

static void expect_same_index(struct winnow_index *a, struct winnow_index *b)
{
    commit(a);
    commit(b);
    struct winnow_index_stat x = stat_of(a), y = stat_of(b);
    assert_memory_equal(&x, &y, sizeof x);
}

static struct text rules_of(struct winnow_index *index, const char *site)
{
    struct text ret = {calloc(1, 1), 0};
    (void)!winnow_rules_learn(index, site, text_add, &ret, NULL);
    return ret;
}

/* --- the same outcome ------------------------------------------------------------------------------ */

/* An index at hand, beside the one that is asked. */
struct plain {
    struct winnow *w;
    struct winnow_index *index;
};

static struct plain plain_with(struct winnow_index_use use)
{
    struct plain p = {winnow_with(NULL, NULL), open_index(NULL, 0)};
    winnow_use_index(p.w, p.index, &use);
    return p;
}

static void plain_free(struct plain *p)
{
    winnow_free(p->w);
    winnow_index_close(p->index);
}

static char *feed_plain(struct plain *p, struct winnow_input in)
{
    struct winnow_page *page = clean_page(p->w, in);
    char *record = page_render(page, WINNOW_JSONL);
    assert_int_equal(winnow_index_add(p->index, page, NULL), WINNOW_OK);
    winnow_page_free(page);
    return record;
}

static void feed_both(struct plain *p, struct rig *r, struct winnow_input in)
{
    char *want = feed_plain(p, in), *got = feed_remote(r, in);
    expect_same_text(in.source ? in.source : "a page", got, want);
    free(want);
    free(got);
}

static void feed_texts(struct plain *p, struct rig *r)
{
    feed_both(p, r, input_of("teaser", NULL, teaser));
    feed_both(p, r, input_of("harbour", NULL, harbour));
    feed_both(p, r, input_of("garden", NULL, garden));
    feed_both(p, r, input_of("mirror", NULL, harbour));
    feed_both(p, r, input_of("digest", NULL, digest));
    feed_both(p, r, input_of("garden", NULL, garden));  /* the same again */
    feed_both(p, r, input_of("mirror", NULL, digest));  /* a newer version, of another text */
    feed_both(p, r, input_of(NULL, NULL, teaser));      /* known by its bytes */
    feed_both(p, r, input_of("empty", NULL, "x\n"));
}

static void feed_site(struct plain *p, struct rig *r, unsigned count)
{
    char url[80];
    for (unsigned n = 1; n <= count; n++) {
        char *text = site_page(n);
        snprintf(url, sizeof url, "http://fjord-post.example/%u", n);
        feed_both(p, r, input_of(url, url, text));
        free(text);
    }
    char *text = site_page(2); /* a newer version that keeps its place */
    struct text longer = {text, strlen(text)};
    add_line(&longer, "One line more than before, which is long enough to be told from others.");
    snprintf(url, sizeof url, "http://fjord-post.example/2");
    feed_both(p, r, input_of(url, url, longer.data));
    free(longer.data);
}

static void expect_same_outcome(struct winnow_index_use use, int ordered, unsigned pages)
{
    struct plain p = plain_with(use);
    struct rig *r = rig_with(use, ordered);
    feed_texts(&p, r);
    feed_site(&p, r, pages);
    expect_same_index(p.index, r->owner.index);
    struct text want = rules_of(p.index, "fjord-post.example");
    struct text got = rules_of(r->owner.index, "fjord-post.example");
    expect_same_text("the site's rules", got.data, want.data);
    assert_true(want.len > 0);
    free(want.data);
    free(got.data);
    plain_free(&p);
    rig_free(r);
}

static void an_index_elsewhere_gives_the_same_records(void **state)
{
    (void)state;
    expect_same_outcome((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 1, 80);
    expect_same_outcome((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 0, 15);
}

static void it_strips_the_same_passages(void **state)
{
    (void)state;
    expect_same_outcome((struct winnow_index_use){.across = WINNOW_ACROSS_STRIP}, 1, 20);
}

static void it_leaves_out_the_same_stages(void **state)
{
    (void)state;
    expect_same_outcome((struct winnow_index_use){.across = WINNOW_ACROSS_OFF}, 1, 10);
    expect_same_outcome((struct winnow_index_use){.no_site = 1}, 1, 10);
}

static void pages_that_are_learned_first_come_out_the_same(void **state)
{
    (void)state;
    struct winnow_index_use use = {.across = WINNOW_ACROSS_ANNOTATE};
    struct plain p = plain_with(use);
    struct rig *r = rig_with(use, 1);
    char url[80];
    for (unsigned n = 1; n <= 10; n++) {
        char *text = site_page(n);
        snprintf(url, sizeof url, "http://fjord-post.example/%u", n);
        struct winnow_input in = input_of(url, url, text);
        assert_int_equal(winnow_learn(p.w, &in, NULL), WINNOW_OK);
        learn_remote(r, in);
        free(text);
    }
    expect_same_index(p.index, r->owner.index);
    assert_int_equal(stat_of(p.index).learned, 10);
    feed_site(&p, r, 10);
    expect_same_index(p.index, r->owner.index);
    assert_int_equal(stat_of(p.index).learned, 0);
    plain_free(&p);
    rig_free(r);
}

/* A text of more fingerprints than one question holds. */
static void a_long_page_asks_in_pieces(void **state)
{
    (void)state;
    struct winnow_index_use use = {.across = WINNOW_ACROSS_ANNOTATE};
    struct plain p = plain_with(use);
    struct rig *r = rig_with(use, 1);
    struct text t = {calloc(1, 1), 0};
    for (unsigned i = 0; i < 1200; i++)
        add_sentence(&t, 1000 + i);
    feed_both(&p, r, input_of("late", NULL, strstr(t.data, "\n") + 1));
    r->owner.questions = 0;
    feed_both(&p, r, input_of("long", NULL, t.data));
    assert_true(r->owner.questions > 4);
    expect_same_index(p.index, r->owner.index);
    free(t.data);
    plain_free(&p);
    rig_free(r);
}

static void an_index_that_is_only_read_is_not_told(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-asking-XXXXXX", command[80];
    assert_non_null(mkdtemp(folder));
    struct winnow_index_use use = {.across = WINNOW_ACROSS_ANNOTATE};
    struct rig *r = rig_with(use, 0);
    winnow_index_close(r->owner.index);
    r->owner.index = open_index(folder, 0);
    free(feed_remote(r, input_of("harbour", NULL, harbour)));
    commit(r->owner.index);
    winnow_asking_free(r->owner.asking);
    r->owner.asking = NULL;
    winnow_index_close(r->owner.index);
    r->owner.index = open_index(folder, 1);
    struct plain p = {winnow_with(NULL, NULL), open_index(folder, 1)};
    winnow_use_index(p.w, p.index, &use);
    char *text = site_page(4);
    struct winnow_input all[] = {input_of("mirror", NULL, harbour),
                                 input_of("a", "http://fjord-post.example/4", text)};
    for (size_t i = 0; i < 2; i++) {
        new_asking(&r->owner);
        struct winnow_page *want = clean_page(p.w, all[i]), *got = clean_page(r->w, all[i]);
        char *want_json = page_render(want, WINNOW_JSONL), *got_json = page_render(got, WINNOW_JSONL);
        assert_string_equal(got_json, want_json);
        assert_int_equal(winnow_index_add(r->remote, got, NULL), WINNOW_EUSAGE);
        struct text told = told_of(r);
        take(&r->owner, &told); /* there is nothing in it */
        free(told.data);
        free(want_json);
        free(got_json);
        winnow_page_free(want);
        winnow_page_free(got);
    }
    free(text);
    plain_free(&p);
    rig_free(r);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* --- pages in flight --------------------------------------------------------------------------------- */

/* Cleans a page up to where it would be taken, and leaves it in flight. */
static char *start_other(struct rig *r, struct winnow_input in)
{
    new_asking(&r->owner);
    char *record = clean_remote(r, in, &r->owner.other_told);
    r->owner.other = r->owner.asking;
    r->owner.asking = NULL;
    return record;
}

static void take_other(struct owner *o)
{
    assert_int_equal(winnow_asking_take(o->other, o->other_told.data, o->other_told.len, NULL),
                     WINNOW_OK);
}

static void free_other(struct owner *o)
{
    winnow_asking_free(o->other);
    o->other = NULL;
}

static void expect_waits(struct winnow_input first, struct winnow_input second,
                         void (*ends)(struct owner *o), unsigned waits, const char *named)
{
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 0);
    r->owner.when_waiting = ends;
    free(start_other(r, first));
    char *record = feed_remote(r, second);
    assert_int_equal(r->owner.waits, waits);
    if (named)
        assert_non_null(strstr(record, named));
    else
        assert_null(strstr(record, "duplicate-of"));
    free(record);
    rig_free(r);
}

static void a_page_waits_for_one_that_shares_text_and_then_names_it(void **state)
{
    (void)state;
    expect_waits(input_of("first", NULL, harbour), input_of("second", NULL, harbour), take_other, 1,
                 "\"first\"");
}

static void it_waits_no_longer_when_that_one_is_given_up(void **state)
{
    (void)state;
    expect_waits(input_of("first", NULL, harbour), input_of("second", NULL, harbour), free_other, 1,
                 NULL);
}

static void strangers_do_not_wait(void **state)
{
    (void)state;
    expect_waits(input_of("first", NULL, harbour), input_of("second", NULL, garden), NULL, 0, NULL);
}

static void two_pages_of_one_document_come_one_after_the_other(void **state)
{
    (void)state;
    expect_waits(input_of("same", NULL, garden), input_of("same", NULL, digest), take_other, 1,
                 NULL);
}

/* A page of fingerprints that only its second piece shares. */
static void a_page_waits_for_what_only_its_end_shares(void **state)
{
    (void)state;
    struct text t = {calloc(1, 1), 0};
    for (unsigned i = 0; i < 1200; i++)
        add_sentence(&t, 1000 + i);
    add_line(&t, strchr(harbour, '\n') + 1);
    expect_waits(input_of("first", NULL, harbour), input_of("long", NULL, t.data), take_other, 1,
                 "\"first\"");
    free(t.data);
}

static bool waits_now(struct rig *r, struct winnow_input in)
{
    struct winnow_page *page = NULL;
    unsigned before = r->owner.waits;
    r->owner.when_waiting = NULL;
    if (winnow_clean(r->w, &in, &page, NULL) == WINNOW_OK)
        winnow_page_free(page);
    return r->owner.waits > before;
}

static void ordered_pages_wait_for_those_that_were_made_before(void **state)
{
    (void)state;
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 1);
    struct winnow_asking *first, *second;
    assert_int_equal(winnow_asking_new(r->owner.index, 1, &first, NULL), WINNOW_OK);
    assert_int_equal(winnow_asking_new(r->owner.index, 1, &second, NULL), WINNOW_OK);
    r->owner.asking = second;
    assert_true(waits_now(r, input_of("second", NULL, harbour))); /* who knows what the first is */
    r->owner.asking = first;
    struct text told;
    char *record = clean_remote(r, input_of("first", NULL, harbour), &told);
    r->owner.asking = second;
    assert_true(waits_now(r, input_of("second", NULL, harbour)));
    r->owner.asking = first;
    take(&r->owner, &told);
    r->owner.asking = second;
    assert_false(waits_now(r, input_of("second", NULL, harbour)));
    free(record);
    free(told.data);
    winnow_asking_free(first);
    rig_free(r);
}

static void ordered_pages_see_the_site_as_those_before_leave_it(void **state)
{
    (void)state;
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_OFF}, 1);
    char *one = site_page(1), *two = site_page(2);
    r->owner.when_waiting = take_other;
    free(start_other(r, input_of("1", "http://fjord-post.example/1", one)));
    new_asking(&r->owner);
    free(feed_remote(r, input_of("2", "http://fjord-post.example/2", two)));
    assert_int_equal(r->owner.waits, 1);
    free(one);
    free(two);
    rig_free(r);
}

struct counted {
    uint64_t documents;
};

static void count_site(void *ctx, const char *site, uint64_t documents)
{
    struct counted *c = ctx;
    (void)site;
    c->documents += documents;
}

static uint64_t site_documents(struct winnow_index *index)
{
    struct counted c = {0};
    commit(index);
    assert_int_equal(winnow_index_sites(index, count_site, &c, NULL), WINNOW_OK);
    return c.documents;
}

static void copies_in_flight_count_once_for_their_site(void **state)
{
    (void)state;
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_OFF}, 0);
    char *text = site_page(1);
    free(start_other(r, input_of("1", "http://fjord-post.example/1", text)));
    free(feed_remote(r, input_of("2", "http://fjord-post.example/2", text)));
    take_other(&r->owner);
    assert_int_equal(r->owner.waits, 0);
    assert_int_equal(site_documents(r->owner.index), 1);
    assert_int_equal(stat_of(r->owner.index).documents, 2);
    free(text);
    rig_free(r);
}

/* --- what a page's process may not -------------------------------------------------------------------- */

/* Any owner's index with a few documents, and a page in flight that has put all questions. */
static struct rig *rig_full(struct winnow_index_use use, struct text *told)
{
    struct rig *r = rig_with(use, 0);
    free(feed_remote(r, input_of("teaser", NULL, teaser)));
    free(feed_remote(r, input_of("garden", NULL, garden)));
    for (unsigned n = 1; n <= 4; n++) {
        char url[80], *text = site_page(n);
        snprintf(url, sizeof url, "http://fjord-post.example/%u", n);
        free(feed_remote(r, input_of(url, url, text)));
        free(text);
    }
    commit(r->owner.index);
    r->owner.log.len = 0;
    new_asking(&r->owner);
    free(clean_remote(r, input_of("harbour", "http://fjord-post.example/5", harbour), told));
    return r;
}

static int drop(void *ctx, const char *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return 0;
}

static int put(struct owner *o, const void *question, size_t len)
{
    int wait;
    return winnow_asking_answer(o->asking, question, len, drop, NULL, &wait, NULL);
}

/* Puts the page's questions again, the last of so many cut or changed. */
static int put_all(struct owner *o, size_t upto, size_t at, unsigned char flip, size_t cut)
{
    int status = WINNOW_OK;
    size_t pos = 0;
    for (size_t i = 0; i <= upto && pos < o->log.len; i++) {
        size_t len;
        memcpy(&len, o->log.data + pos, sizeof len);
        char *question = malloc(len + 1);
        memcpy(question, o->log.data + pos + sizeof len, len);
        if (i == upto && at < len)
            question[at] ^= (char)flip;
        char *exact = malloc(i == upto && cut < len ? cut + !cut : len);
        size_t exact_len = i == upto && cut < len ? cut : len;
        memcpy(exact, question, exact_len);
        status = put(o, exact, exact_len);
        free(exact);
        free(question);
        pos += sizeof len + len;
    }
    return status;
}

static size_t question_len(const struct owner *o, size_t i)
{
    size_t pos = 0, len = 0;
    for (size_t k = 0; k <= i; k++) {
        if (pos >= o->log.len)
            return 0;
        memcpy(&len, o->log.data + pos, sizeof len);
        pos += sizeof len + len;
    }
    return len;
}

static void cut_and_changed_questions_do_no_harm(void **state)
{
    (void)state;
    struct text told;
    struct rig *r = rig_full((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, &told);
    struct winnow_index_stat before = stat_of(r->owner.index);
    assert_true(question_len(&r->owner, 3) > 0); /* FIND, PRINTS, LOOK, TEXT */
    for (size_t i = 0; question_len(&r->owner, i) > 0; i++)
        for (size_t at = 0; at < question_len(&r->owner, i); at++) {
            new_asking(&r->owner);
            int status = put_all(&r->owner, i, SIZE_MAX, 0, at);
            if (i != 2) /* a list of documents may be shorter */
                assert_int_equal(status, WINNOW_EDATA);
            for (unsigned bit = 0; bit < 8; bit++) {
                new_asking(&r->owner);
                (void)!put_all(&r->owner, i, at, (unsigned char)(1 << bit), SIZE_MAX);
            }
        }
    struct winnow_index_stat after = stat_of(r->owner.index);
    assert_memory_equal(&before, &after, sizeof before);
    free(told.data);
    rig_free(r);
}

static void cut_and_changed_tellings_leave_the_index_as_it_was(void **state)
{
    (void)state;
    struct text told;
    struct rig *r = rig_full((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, &told);
    struct winnow_index_stat before = stat_of(r->owner.index);
    for (size_t at = 0; at < told.len; at++) {
        char *exact = malloc(at + 1);
        memcpy(exact, told.data, at);
        assert_int_equal(winnow_asking_take(r->owner.asking, exact, at, NULL), WINNOW_EDATA);
        free(exact);
        told.data[at] ^= 4;
        assert_int_equal(winnow_asking_take(r->owner.asking, told.data, told.len, NULL),
                         WINNOW_EDATA);
        told.data[at] ^= 4;
    }
    struct winnow_index_stat after = stat_of(r->owner.index);
    assert_memory_equal(&before, &after, sizeof before);
    take(&r->owner, &told);
    assert_int_equal(stat_of(r->owner.index).superseded, 1);
    free(told.data);
    rig_free(r);
}

static void random_bytes_are_no_question(void **state)
{
    (void)state;
    struct text told;
    struct rig *r = rig_full((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, &told);
    uint32_t seed = 1;
    for (unsigned i = 0; i < 3000; i++) {
        char bytes[64];
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
        bytes[0] = (char)(i % 7);
        new_asking(&r->owner);
        (void)!put_all(&r->owner, i % 4, SIZE_MAX, 0, SIZE_MAX);
        (void)!put(&r->owner, bytes, i % sizeof bytes);
    }
    free(told.data);
    rig_free(r);
}

static void put_32(struct text *t, uint32_t n)
{
    text_add(t, (const char *)&n, sizeof n);
}

/* The garden's document is none that the harbour's page shares anything with. */
static void a_document_that_was_not_hit_is_not_handed_out(void **state)
{
    (void)state;
    struct text told;
    struct rig *r = rig_full((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, &told);
    for (uint32_t kind = 4; kind <= 5; kind++)
        for (uint32_t number = 0; number < 9; number++) {
            char head = (char)kind;
            struct text question = {NULL, 0};
            text_add(&question, &head, 1);
            put_32(&question, number);
            new_asking(&r->owner);
            (void)!put_all(&r->owner, 1, SIZE_MAX, 0, SIZE_MAX); /* FIND, PRINTS */
            int status = put(&r->owner, question.data, question.len);
            assert_int_equal(status, number == 1 ? WINNOW_OK : WINNOW_EDATA); /* the teaser */
            assert_int_equal(put(&r->owner, question.data, question.len), status);
            free(question.data);
        }
    free(told.data);
    rig_free(r);
}

static void a_page_is_told_only_so_many_texts(void **state)
{
    (void)state;
    struct text told, question = {NULL, 0};
    struct rig *r = rig_full((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, &told);
    text_add(&question, "\5", 1);
    put_32(&question, 1);
    new_asking(&r->owner);
    (void)!put_all(&r->owner, 1, SIZE_MAX, 0, SIZE_MAX);
    unsigned count = 0;
    while (put(&r->owner, question.data, question.len) == WINNOW_OK)
        assert_true(++count < 100);
    assert_true(count >= 17);
    free(question.data);
    free(told.data);
    rig_free(r);
}

/* What another page was told does not go with this one. */
static void a_telling_goes_with_its_own_questions_alone(void **state)
{
    (void)state;
    struct text told;
    struct rig *r = rig_full((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, &told);
    struct winnow_index_stat before = stat_of(r->owner.index);
    assert_int_equal(winnow_asking_check(r->owner.asking, told.data, told.len, NULL), WINNOW_OK);
    new_asking(&r->owner); /* one that has asked nothing */
    assert_int_equal(winnow_asking_check(r->owner.asking, told.data, told.len, NULL),
                     WINNOW_EDATA);
    assert_int_equal(winnow_asking_take(r->owner.asking, told.data, told.len, NULL), WINNOW_EDATA);
    (void)!put_all(&r->owner, 1, SIZE_MAX, 0, SIZE_MAX); /* that was not shown the teaser's text */
    assert_int_equal(winnow_asking_take(r->owner.asking, told.data, told.len, NULL), WINNOW_EDATA);
    new_asking(&r->owner);
    struct text other;
    free(clean_remote(r, input_of("other", NULL, garden), &other));
    assert_int_equal(winnow_asking_take(r->owner.asking, told.data, told.len, NULL), WINNOW_EDATA);
    struct winnow_index_stat after = stat_of(r->owner.index);
    assert_memory_equal(&before, &after, sizeof before);
    take(&r->owner, &other);
    assert_int_equal(winnow_asking_take(r->owner.asking, other.data, other.len, NULL),
                     WINNOW_EDATA); /* once */
    free(other.data);
    free(told.data);
    rig_free(r);
}

/* --- again ------------------------------------------------------------------------------------------------ */

/* What a worker that was taken over would say: all in order, but for what it tells of its site. */
static void a_site_that_does_not_fit_together_is_refused_before_it_counts(void **state)
{
    (void)state;
    struct text bytes;
    struct told told;
    struct buf cut;
    struct rig *r = rig_full((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, &bytes);
    struct winnow_index_stat before = stat_of(r->owner.index);
    assert_int_equal(told_read((struct slice){bytes.data, bytes.len}, &told, NULL), WINNOW_OK);
    assert_true(told.delta.len > 8);
    told.delta.len -= 3;
    buf_init(&cut, UINT32_MAX);
    told_write(&told, &cut);
    assert_int_equal(cut.status, WINNOW_OK);
    assert_int_equal(winnow_asking_check(r->owner.asking, cut.data, cut.len, NULL), WINNOW_EDATA);
    assert_int_equal(winnow_asking_take(r->owner.asking, cut.data, cut.len, NULL), WINNOW_EDATA);
    struct winnow_index_stat after = stat_of(r->owner.index);
    assert_memory_equal(&before, &after, sizeof before);
    take(&r->owner, &bytes);
    buf_free(&cut);
    free(bytes.data);
    rig_free(r);
}

static void a_page_speaks_for_no_document_but_its_own(void **state)
{
    (void)state;
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 0);
    struct winnow_input in = input_of("mine", NULL, garden);
    struct winnow_page *page = NULL;
    new_asking(&r->owner);
    winnow_asking_expect(r->owner.asking, "another's");
    assert_int_not_equal(winnow_clean(r->w, &in, &page, NULL), WINNOW_OK);
    new_asking(&r->owner);
    winnow_asking_expect(r->owner.asking, "mine");
    assert_int_equal(winnow_clean(r->w, &in, &page, NULL), WINNOW_OK);
    winnow_page_free(page);
    rig_free(r);
}

static void retake(struct winnow_index *index, const struct text *told)
{
    struct winnow_error err = {0};
    if (winnow_index_retake(index, told->data, told->len, &err) != WINNOW_OK)
        fail_msg("%s", err.text);
}

/* No file may grow while it commits. */
static void expect_commit_fails(struct winnow_index *index)
{
    struct rlimit all, none;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    none = (struct rlimit){0, all.rlim_max};
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int status = winnow_index_commit(index, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    signal(SIGXFSZ, before);
    assert_int_not_equal(status, WINNOW_OK);
}

static void what_was_told_can_be_told_again(void **state)
{
    (void)state;
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 0);
    struct winnow_input all[] = {
        input_of("teaser", "http://fjord-post.example/a", teaser),
        input_of("harbour", "http://fjord-post.example/b", harbour),
        input_of("garden", "http://fjord-post.example/c", garden),
        input_of("garden", "http://fjord-post.example/c", digest),
    };
    struct text told[4];
    struct winnow_index *again = open_index(NULL, 0);
    for (size_t i = 0; i < 4; i++) {
        new_asking(&r->owner);
        free(clean_remote(r, all[i], &told[i]));
        take(&r->owner, &told[i]);
    }
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < 4; i++) {
            retake(again, &told[i]);
            retake(r->owner.index, &told[i]);
        }
    expect_same_index(r->owner.index, again);
    assert_int_equal(stat_of(again).documents, 2);
    assert_int_equal(stat_of(again).superseded, 1);
    assert_int_equal(stat_of(again).replaced, 1);
    assert_int_equal(site_documents(again), 3); /* the teaser, the harbour's rest, the garden */
    for (size_t i = 0; i < 4; i++)
        free(told[i].data);
    winnow_index_close(again);
    rig_free(r);
}

/* A folder that takes no more: its commit fails, and numbers change. */
static void a_page_that_saw_a_failed_commit_is_to_be_cleaned_again(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-asking-XXXXXX", command[80];
    assert_non_null(mkdtemp(folder));
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 0);
    winnow_index_close(r->owner.index);
    r->owner.index = open_index(folder, 0);
    free(feed_remote(r, input_of("garden", NULL, garden)));
    commit(r->owner.index);
    struct text first, second;
    new_asking(&r->owner);
    free(clean_remote(r, input_of("first", NULL, teaser), &first));
    take(&r->owner, &first);
    new_asking(&r->owner);
    free(clean_remote(r, input_of("second", NULL, harbour), &second));
    expect_commit_fails(r->owner.index);
    assert_int_equal(put_all(&r->owner, 0, SIZE_MAX, 0, SIZE_MAX), WINNOW_EBUSY);
    assert_int_equal(stat_of(r->owner.index).documents, 1);
    retake(r->owner.index, &first);
    take(&r->owner, &second); /* by its keys: what it has said of the first holds */
    commit(r->owner.index);
    assert_int_equal(stat_of(r->owner.index).documents, 2);
    assert_int_equal(stat_of(r->owner.index).superseded, 1);
    free(first.data);
    free(second.data);
    rig_free(r);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void there_is_nothing_to_tell_without_a_page(void **state)
{
    (void)state;
    struct rig *r = rig_with((struct winnow_index_use){.across = WINNOW_ACROSS_ANNOTATE}, 0);
    struct text told = {calloc(1, 1), 0};
    assert_int_equal(winnow_index_told(r->remote, text_add, &told, NULL), WINNOW_EUSAGE);
    free(feed_remote(r, input_of("garden", NULL, garden)));
    assert_int_equal(winnow_index_told(r->remote, text_add, &told, NULL), WINNOW_EUSAGE);
    assert_int_equal(winnow_index_told(r->owner.index, text_add, &told, NULL), WINNOW_EUSAGE);
    assert_int_equal(winnow_index_commit(r->remote, NULL), WINNOW_EUSAGE);
    free(told.data);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_elsewhere_gives_the_same_records),
        cmocka_unit_test(it_strips_the_same_passages),
        cmocka_unit_test(it_leaves_out_the_same_stages),
        cmocka_unit_test(pages_that_are_learned_first_come_out_the_same),
        cmocka_unit_test(a_long_page_asks_in_pieces),
        cmocka_unit_test(an_index_that_is_only_read_is_not_told),
        cmocka_unit_test(a_page_waits_for_one_that_shares_text_and_then_names_it),
        cmocka_unit_test(it_waits_no_longer_when_that_one_is_given_up),
        cmocka_unit_test(strangers_do_not_wait),
        cmocka_unit_test(two_pages_of_one_document_come_one_after_the_other),
        cmocka_unit_test(a_page_waits_for_what_only_its_end_shares),
        cmocka_unit_test(ordered_pages_wait_for_those_that_were_made_before),
        cmocka_unit_test(ordered_pages_see_the_site_as_those_before_leave_it),
        cmocka_unit_test(copies_in_flight_count_once_for_their_site),
        cmocka_unit_test(cut_and_changed_questions_do_no_harm),
        cmocka_unit_test(cut_and_changed_tellings_leave_the_index_as_it_was),
        cmocka_unit_test(random_bytes_are_no_question),
        cmocka_unit_test(a_document_that_was_not_hit_is_not_handed_out),
        cmocka_unit_test(a_page_is_told_only_so_many_texts),
        cmocka_unit_test(a_telling_goes_with_its_own_questions_alone),
        cmocka_unit_test(a_site_that_does_not_fit_together_is_refused_before_it_counts),
        cmocka_unit_test(a_page_speaks_for_no_document_but_its_own),
        cmocka_unit_test(what_was_told_can_be_told_again),
        cmocka_unit_test(a_page_that_saw_a_failed_commit_is_to_be_cleaned_again),
        cmocka_unit_test(there_is_nothing_to_tell_without_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
