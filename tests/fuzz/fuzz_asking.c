/* fuzz_asking.c - any bytes as questions and tellings, to an index with a few documents.
 *
 * The first byte says how far a well-behaved page had come before; then pieces follow, each
 * behind two bytes of its length and one of its kind: a question as it is, one of the page's
 * own questions with the piece laid over its end, a telling, the page's own telling with the
 * piece laid over it and its check made again.
 *
 *  1. Nothing crashes.
 *  2. A telling that is refused leaves the index as it was.
 *  3. What was taken can be committed, and its site be learned from, and cleaned with. */
#include "fuzz.h"

#include "hash.h"

enum { QUESTIONS_MOST = 8, PIECES_MOST = 16, CHECK = 8 };

static struct winnow *cleaner;
static struct winnow_index *owner, *remote;
static struct winnow_asking *asking;
static struct text answer, questions[QUESTIONS_MOST], told;
static size_t nquestions;
static bool is_recording;

static const char *const texts[] = {
    "The harbour bridge will close on Monday\nThe old bridge over the harbour mouth closes on "
    "Monday for repairs that engineers expect to last until the end of October.\nContact\n",
    "Pears against a wall\nA pear that grows against a south wall ripens two weeks before its "
    "sisters in the open, and late frost hardly ever finds its blossom there.\nContact\n",
    "The harbour bridge will close on Monday\nThe old bridge over the harbour mouth closes on "
    "Monday for repairs that engineers expect to last until the end of October.\nFerries will run "
    "every twelve minutes between the fish market and the customs house.\nContact\n",
};

static int drop(void *ctx, const char *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return 0;
}

static int ask(void *ctx, const void *request, size_t len, const void **ret, size_t *ret_len)
{
    int wait;
    (void)ctx;
    answer.len = 0;
    if (is_recording && nquestions < QUESTIONS_MOST)
        add(&questions[nquestions++], request, len);
    int status = winnow_asking_answer(asking, request, len, add, &answer, &wait, NULL);
    MUST(status == WINNOW_OK && !wait, "a page that is alone gets its answers");
    *ret = answer.data;
    *ret_len = answer.len;
    return 0;
}

static void start(void)
{
    winnow_asking_free(asking);
    asking = NULL;
    MUST(winnow_asking_new(owner, 0, &asking, NULL) == WINNOW_OK, "a page can come");
}

/* Cleans a text elsewhere; what is to be told of it is in `told`. */
static void clean(const char *source, const char *text)
{
    struct winnow_page *page = NULL;
    struct winnow_input in = {.data = text, .len = strlen(text), .source = source,
                              .url = "http://fjord-post.example/", .kind = WINNOW_KIND_DUMP};
    start();
    MUST(winnow_clean(cleaner, &in, &page, NULL) == WINNOW_OK, "a page can be cleaned");
    MUST(winnow_index_add(remote, page, NULL) == WINNOW_OK, "and be added");
    winnow_page_free(page);
    told.len = 0;
    MUST(winnow_index_told(remote, add, &told, NULL) == WINNOW_OK, "and be told of");
}

static void take(void)
{
    MUST(winnow_asking_take(asking, told.data, told.len, NULL) == WINNOW_OK, "what is told fits");
}

static void open_index(void)
{
    MUST(winnow_index_open(NULL, 0, &owner, NULL) == WINNOW_OK, "an index can be opened");
    clean("a", texts[0]);
    take();
    clean("b", texts[1]);
    take();
    MUST(winnow_index_commit(owner, NULL) == WINNOW_OK, "and be committed");
}

static void close_index(void)
{
    winnow_asking_free(asking);
    asking = NULL;
    winnow_index_close(owner);
    owner = NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    MUST(winnow_new(NULL, &cleaner, NULL) == WINNOW_OK, "a cleaner can be made");
    MUST(winnow_index_remote(ask, NULL, &remote, NULL) == WINNOW_OK, "and a remote index");
    winnow_use_index(cleaner, remote, NULL);
    open_index();
    is_recording = true;
    clean("c", texts[2]);
    is_recording = false;
    close_index();
    MUST(nquestions >= 4, "such a page puts all kinds of questions");
    return 0;
}

static void put(const void *question, size_t len)
{
    int wait;
    (void)!winnow_asking_answer(asking, question, len, drop, NULL, &wait, NULL);
}

/* A copy of what was said, whose bytes from `at` on are the piece's. */
static struct text lay_over(const struct text *said, size_t at, const uint8_t *piece, size_t len)
{
    struct text ret = {NULL, 0};
    add(&ret, said->data, said->len);
    for (size_t i = 0; i < len && at + i < ret.len; i++)
        ret.data[at + i] = (char)piece[i];
    return ret;
}

static void tell(const char *bytes, size_t len)
{
    struct winnow_index_stat before, after;
    MUST(winnow_index_stat(owner, &before, NULL) == WINNOW_OK, "an index counts");
    int status = winnow_asking_take(asking, bytes, len, NULL);
    MUST(winnow_index_stat(owner, &after, NULL) == WINNOW_OK, "an index counts");
    MUST(status == WINNOW_OK || memcmp(&before, &after, sizeof before) == 0,
         "what is refused changes nothing");
    (void)!winnow_index_retake(owner, bytes, len, NULL);
}

static void tell_changed(size_t at, const uint8_t *piece, size_t len)
{
    struct text t = lay_over(&told, at % told.len, piece, len);
    uint64_t check = hash_bytes((struct slice){t.data, t.len - CHECK});
    memcpy(t.data + t.len - CHECK, &check, sizeof check);
    tell(t.data, t.len);
    free(t.data);
}

static void ask_changed(size_t which, const uint8_t *piece, size_t len)
{
    const struct text *q = &questions[which % nquestions];
    struct text t = lay_over(q, len < q->len ? q->len - len : 0, piece, len);
    put(t.data, t.len);
    free(t.data);
}

static void run_piece(uint8_t kind, const uint8_t *piece, size_t len)
{
    switch (kind % 4) {
    case 0: put(piece, len); break;
    case 1: ask_changed(kind / 4, piece, len); break;
    case 2: tell((const char *)piece, len); break;
    default: tell_changed(len > 1 ? piece[0] | (size_t)piece[1] << 8 : 0, piece + 2 * (len > 1),
                          len > 1 ? len - 2 : len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    open_index();
    clean("c", texts[2]);
    if (data[0] % 8 < 7) {
        start();
        for (size_t i = 0; i < data[0] % 8u && i < nquestions; i++)
            put(questions[i].data, questions[i].len);
    }
    size_t at = 1;
    for (unsigned n = 0; n < PIECES_MOST && size - at >= 3; n++) {
        size_t len = data[at] | (size_t)data[at + 1] << 8;
        uint8_t kind = data[at + 2];
        at += 3;
        len = len < size - at ? len : size - at;
        run_piece(kind, data + at, len);
        at += len;
    }
    MUST(winnow_index_commit(owner, NULL) == WINNOW_OK, "what was taken can be committed");
    (void)!winnow_rules_learn(owner, "fjord-post.example", drop, NULL, NULL);
    clean("d", texts[1]);
    close_index();
    return 0;
}
