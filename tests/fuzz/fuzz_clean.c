/* fuzz_clean.c - any bytes through the whole of clean; more than survival is asked.
 *
 *  1. Every byte of the page's text has one verdict and one reason.
 *  2. The text and what is written of it are valid UTF-8.
 *  3. The same bytes give the same output.
 *  4. Cleaning what is clean changes nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"
#include "winnow.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct winnow *cleaner;

#define MUST(holds, what)                                        \
    do {                                                         \
        if (!(holds)) {                                          \
            fprintf(stderr, "property broken: %s\n", what);      \
            abort();                                             \
        }                                                        \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct winnow_options options = {.limits = {.max_bytes = 1 << 20, .max_nodes = 100000}};
    MUST(winnow_new(&options, &cleaner, NULL) == WINNOW_OK, "a cleaner can be made");
    MUST(winnow_add_rules(cleaner, WINNOW_SOURCE_DIR "/rules", NULL) == WINNOW_OK,
         "the rules that ship can be read");
    return 0;
}

struct text {
    char *data;
    size_t len;
};

static int add(void *ctx, const char *data, size_t len)
{
    struct text *t = ctx;
    t->data = realloc(t->data, t->len + len + 1);
    memcpy(t->data + t->len, data, len);
    t->len += len;
    t->data[t->len] = '\0';
    return 0;
}

static struct text render(const struct winnow_page *page, enum winnow_format format)
{
    struct text t = {calloc(1, 1), 0};
    MUST(winnow_render(page, format, add, &t, NULL) == WINNOW_OK, "a page can be rendered");
    MUST(utf8_valid_prefix((struct slice){t.data, t.len}) == t.len, "the output is UTF-8");
    return t;
}

static void check_cover(const struct winnow_page *page)
{
    size_t len, at = 0;
    const char *text = winnow_page_text(page, &len);
    MUST(utf8_valid_prefix((struct slice){text, len}) == len, "the text is UTF-8");
    for (size_t i = 0; i < winnow_page_spans(page); i++) {
        struct winnow_span s = winnow_page_span(page, i);
        MUST(s.start == at && s.end > s.start, "spans follow one another");
        MUST(s.reason && *s.reason && s.stage, "every span has a reason");
        MUST(s.verdict == WINNOW_KEPT || (s.start == len || (text[s.start] & 0xc0) != 0x80),
             "no verdict starts inside a character");
        at = s.end;
    }
    MUST(at == len, "the spans make up the text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct winnow_page *page = NULL, *same = NULL, *again = NULL;
    struct winnow_input in = {.data = data, .len = size};
    if (winnow_clean(cleaner, &in, &page, NULL) != WINNOW_OK)
        return 0;
    check_cover(page);
    struct text once = render(page, WINNOW_TEXT);
    struct text record = render(page, WINNOW_JSONL), explained = render(page, WINNOW_EXPLAIN_HTML);

    MUST(winnow_clean(cleaner, &in, &same, NULL) == WINNOW_OK, "a page is cleaned every time");
    struct text repeated = render(same, WINNOW_TEXT);
    MUST(strcmp(once.data, repeated.data) == 0, "the same bytes give the same output");

    struct winnow_input clean = {.data = once.data, .len = once.len, .charset = "UTF-8",
                                 .kind = WINNOW_KIND_DUMP};
    MUST(winnow_clean(cleaner, &clean, &again, NULL) == WINNOW_OK, "clean text is a page");
    struct text twice = render(again, WINNOW_TEXT);
    if (strcmp(once.data, twice.data) != 0)
        fprintf(stderr, "once:\n%s\ntwice:\n%s\n", once.data, twice.data);
    MUST(strcmp(once.data, twice.data) == 0, "cleaning what is clean changes nothing");

    free(once.data);
    free(record.data);
    free(explained.data);
    free(repeated.data);
    free(twice.data);
    winnow_page_free(page);
    winnow_page_free(same);
    winnow_page_free(again);
    return 0;
}
