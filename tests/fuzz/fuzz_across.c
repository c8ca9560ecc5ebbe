/* fuzz_across.c - a few texts of any bytes through one index, in order.
 *
 * The first byte chooses what is done about shared passages, then NULs part the texts.
 *
 *  1. Every byte of each page's text has one verdict and one reason.
 *  2. What is said to stand in another document stands there: the ranges lie in its clean
 *     text, and the document is one that came before.
 *  3. A text that comes again comes out as it did, and is no duplicate of itself. */
#include "fuzz.h"

enum { TEXTS_MOST = 6 };

static struct winnow *cleaner;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct winnow_options options = {.limits = {.max_bytes = 1 << 20, .max_nodes = 100000}};
    MUST(winnow_new(&options, &cleaner, NULL) == WINNOW_OK, "a cleaner can be made");
    return 0;
}

struct document {
    char source[8];
    struct text clean; /* before anything was stripped from it */
};

struct shelf {
    struct winnow_index *index;
    struct winnow_index_use use;
    struct document documents[TEXTS_MOST];
    size_t count;
};

static const struct document *find(const struct shelf *shelf, const char *source)
{
    for (size_t i = 0; i < shelf->count; i++)
        if (strcmp(shelf->documents[i].source, source) == 0)
            return &shelf->documents[i];
    return NULL;
}

static void check_shared(const struct winnow_page *page, const struct shelf *shelf)
{
    size_t len;
    (void)winnow_page_text(page, &len);
    for (size_t i = 0;; i++) {
        struct winnow_shared s = winnow_page_shared(page, i);
        if (!s.document)
            break;
        const struct document *other = find(shelf, s.source);
        MUST(other, "what is shared stands in an earlier document");
        MUST(s.start < s.end && s.end <= len, "a shared passage lies in the page");
        MUST(s.other_start < s.other_end && s.other_end <= other->clean.len,
             "and in the other's clean text");
        MUST(strlen(s.document) == 32, "a document's name has 32 digits");
    }
    for (size_t i = 0; winnow_page_relation(page, i).kind; i++)
        MUST(find(shelf, winnow_page_relation(page, i).source), "a relation names a document");
}

static struct winnow_page *clean(const struct winnow_input *in)
{
    struct winnow_page *page = NULL;
    return winnow_clean(cleaner, in, &page, NULL) == WINNOW_OK ? page : NULL;
}

/* The same again: it is in the index by now. */
static void check_again(const struct winnow_input *in, const struct text *once)
{
    struct winnow_page *again = clean(in);
    MUST(again, "a page is cleaned every time");
    struct text twice = render(again, WINNOW_TEXT);
    MUST(strcmp(once->data, twice.data) == 0, "a document is no duplicate of itself");
    free(twice.data);
    winnow_page_free(again);
}

/* The clean text as the index is to remember it. */
static struct text whole_of(const struct shelf *shelf, const struct winnow_input *in)
{
    struct winnow_index_use told = shelf->use;
    told.across = WINNOW_ACROSS_ANNOTATE;
    winnow_use_index(cleaner, shelf->index, &told);
    struct winnow_page *page = clean(in);
    MUST(page, "a page is cleaned every time");
    struct text ret = render(page, WINNOW_TEXT);
    winnow_page_free(page);
    winnow_use_index(cleaner, shelf->index, &shelf->use);
    return ret;
}

static void feed(struct shelf *shelf, const char *text, size_t len)
{
    struct document *doc = &shelf->documents[shelf->count];
    snprintf(doc->source, sizeof doc->source, "t%zu", shelf->count);
    struct winnow_input in = {.data = text, .len = len, .source = doc->source,
                              .kind = WINNOW_KIND_DUMP};
    struct winnow_page *page = clean(&in);
    if (!page)
        return;
    check_cover(page);
    check_shared(page, shelf);
    struct text once = render(page, WINNOW_TEXT);
    doc->clean = whole_of(shelf, &in);
    MUST(winnow_index_add(shelf->index, page, NULL) == WINNOW_OK, "a page can be added");
    MUST(winnow_index_commit(shelf->index, NULL) == WINNOW_OK, "and that be committed");
    winnow_page_free(page);
    shelf->count++;
    check_again(&in, &once);
    free(once.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shelf shelf = {.count = 0};
    if (size == 0)
        return 0;
    shelf.use.across = data[0] % 2 ? WINNOW_ACROSS_STRIP : WINNOW_ACROSS_ANNOTATE;
    shelf.use.no_site = data[0] / 2 % 2;
    MUST(winnow_index_open(NULL, 0, &shelf.index, NULL) == WINNOW_OK, "an index can be opened");
    winnow_use_index(cleaner, shelf.index, &shelf.use);
    for (size_t at = 1; at < size && shelf.count < TEXTS_MOST;) {
        const uint8_t *nul = memchr(data + at, 0, size - at);
        size_t end = nul ? (size_t)(nul - data) : size;
        if (end > at)
            feed(&shelf, (const char *)data + at, end - at);
        at = end + 1;
    }
    for (size_t i = 0; i < shelf.count; i++)
        free(shelf.documents[i].clean.data);
    winnow_use_index(cleaner, NULL, NULL);
    winnow_index_close(shelf.index);
    return 0;
}
