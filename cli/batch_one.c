/* batch_one.c - one input of a batch, in this process. */
#include <string.h>
#include <sysexits.h>

#include "batch_parts.h"
#include "pages.h"

/* What keeps a page from being learned keeps it from being cleaned, and is said then. */
static bool is_of_index(int status)
{
    return status == WINNOW_EIO || status == WINNOW_EUSAGE;
}

static void learn(struct batch *b, size_t i)
{
    struct loaded own;
    const struct loaded *l;
    struct winnow_error err = {0};
    if (batch_load(b, i, &own, &l) != EX_OK)
        return;
    struct winnow_input in = page_input(&b->inputs->items[i], b->settings, l);
    int status = winnow_learn(b->cleaner, &in, &err);
    size_t bytes = l->len;
    loaded_free(&own);
    if (status == WINNOW_OK) {
        batch_count_pending(b, i, bytes);
    } else if (is_of_index(status)) {
        say("%s: %s", b->inputs->items[i].path, err.text);
        batch_end_run(b, exit_code_of(status));
    }
}

/* Records that were written before this page came, which is more complete. */
static void note_superseded(struct batch *b, const struct winnow_page *page)
{
    struct winnow_relation r;
    for (size_t i = 0; (r = winnow_page_relation(page, i)).kind != NULL; i++)
        if (strcmp(r.kind, "supersedes") == 0)
            batch_note_superseded(b, r.source);
}

/* Page i is written: the index may know it. */
static int remember(struct batch *b, size_t i, const struct winnow_page *page)
{
    struct winnow_error err = {0};
    size_t bytes;
    if (!b->index)
        return EX_OK;
    note_superseded(b, page);
    int status = winnow_index_add(b->index, page, &err);
    if (status != WINNOW_OK) {
        int code = batch_cannot_take(b, i, &err);
        batch_end_run(b, code);
        return code;
    }
    winnow_page_text(page, &bytes);
    batch_count_pending(b, i, bytes);
    return EX_OK;
}

static int clean_loaded(struct batch *b, size_t i, const struct loaded *l)
{
    const struct input *in = &b->inputs->items[i];
    struct batch_item *item = &b->items[i];
    struct winnow_page *page = NULL;
    struct settings s = *b->settings;
    s.quiet |= item->again; /* its notes were told */
    int code = page_clean_loaded(b->cleaner, in, &s, l, &page);
    if (code == EX_OK)
        code = batch_write(b, i, &(struct batch_result){.page = page});
    if (code == EX_OK && !item->again) {
        code = remember(b, i, page);
        batch_note_written(b, i, page_input(in, b->settings, l).source);
    }
    winnow_page_free(page);
    return code;
}

static void clean(struct batch *b, size_t i)
{
    struct loaded own;
    const struct loaded *l;
    int code = batch_load(b, i, &own, &l);
    if (code == EX_OK)
        code = clean_loaded(b, i, l);
    loaded_free(&own);
    if (code != EX_OK)
        batch_count_failure(b, code);
}

void batch_one(struct batch *b, enum batch_pass pass, size_t i)
{
    (pass == BATCH_LEARN ? learn : clean)(b, i);
}
