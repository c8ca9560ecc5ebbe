/* fuzz_clean.c - any bytes through the whole of clean; more than survival is asked.
 *
 *  1. Every byte of the page's text has one verdict and one reason.
 *  2. The text and what is written of it are valid UTF-8.
 *  3. The same bytes give the same output.
 *  4. Cleaning what is clean changes nothing. */
#include "fuzz.h"

static struct winnow *cleaner;

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
