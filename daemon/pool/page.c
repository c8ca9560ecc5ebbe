/* page.c - cleans one page, and says what became of it. */
#include <stdio.h>
#include <string.h>

#include "pool/worker.h"

/* Where a part's bytes go; the page's id is seen on their way. */
struct sink {
    struct talk *talk;
    enum pool_part part;
    char seen[64]; /* the first bytes */
    size_t nseen;
};

static int sink_write(void *ctx, const char *data, size_t len)
{
    struct sink *s = ctx;
    size_t room = sizeof s->seen - s->nseen, n = len < room ? len : room;
    memcpy(s->seen + s->nseen, data, n);
    s->nseen += n;
    return talk_piece(s->talk, s->part, data, len);
}

/* A record begins with its id: {"id": "0123..." */
static void find_id(const struct sink *s, char ret[33])
{
    enum { DIGITS = 32 };
    static const char name[] = "\"id\"";
    const char *at = memmem(s->seen, s->nseen, name, sizeof name - 1);
    const char *end = s->seen + s->nseen;
    at = at ? memchr(at + sizeof name - 1, '"', (size_t)(end - at) - (sizeof name - 1)) : NULL;
    if (!at || end - at < DIGITS + 2 || at[DIGITS + 1] != '"')
        return;
    memcpy(ret, at + 1, DIGITS);
    ret[DIGITS] = '\0';
}

static const struct {
    enum pool_part part;
    enum winnow_format format;
} renderings[] = {
    {POOL_TEXT, WINNOW_TEXT},
    {POOL_JSON, WINNOW_JSON},
    {POOL_JSONL, WINNOW_JSONL},
};

static int render_all(struct worker *w, unsigned wanted, const struct winnow_page *page,
                      char id[33], struct winnow_error *err)
{
    int status = WINNOW_OK;
    for (size_t i = 0; i < sizeof renderings / sizeof *renderings && status == WINNOW_OK; i++) {
        struct sink s = {.talk = &w->talk, .part = renderings[i].part};
        if (!(wanted & s.part))
            continue;
        status = winnow_render(page, renderings[i].format, sink_write, &s, err);
        if (status == WINNOW_OK && s.part != POOL_TEXT)
            find_id(&s, id);
    }
    return status;
}

static int tell(struct worker *w, struct winnow_error *err)
{
    struct sink s = {.talk = &w->talk, .part = POOL_TOLD};
    return winnow_index_told(w->remote, sink_write, &s, err);
}

static void tell_superseded(struct worker *w, const struct winnow_page *page)
{
    struct winnow_relation r;
    for (size_t i = 0; (r = winnow_page_relation(page, i)).kind != NULL; i++)
        if (strcmp(r.kind, "supersedes") == 0 &&
            talk_piece(&w->talk, POOL_SUPERSEDED, r.source, strlen(r.source) + 1) != 0)
            break;
}

static int clean(struct worker *w, struct order *o, char id[33], bool *suspect,
                 struct winnow_error *err)
{
    struct winnow_page *page;
    int status = winnow_clean(w->cleaner, &o->input, &page, err);
    if (status == WINNOW_OK)
        status = render_all(w, o->wanted, page, id, err);
    if (status == WINNOW_OK && (o->wanted & POOL_TOLD)) {
        status = winnow_index_add(w->remote, page, err);
        if (status == WINNOW_OK)
            status = tell(w, err);
    }
    if (status != WINNOW_OK)
        return status;
    *suspect = winnow_page_suspect(page) != 0;
    const char *note;
    for (size_t i = 0; (note = winnow_page_note(page, i)) != NULL; i++)
        if (*note && talk_piece(&w->talk, POOL_NOTE, note, strlen(note)) != 0)
            break;
    if (o->wanted & POOL_SUPERSEDED)
        tell_superseded(w, page);
    return WINNOW_OK;
}

static int learn(struct worker *w, struct order *o, struct winnow_error *err)
{
    int status = winnow_learn(w->cleaner, &o->input, err);
    return status == WINNOW_OK ? tell(w, err) : status;
}

int page_run(struct worker *w, struct order *o)
{
    char id[33] = "";
    bool suspect = false;
    struct winnow_error err = {0};
    int status = o->wanted & POOL_LEARN ? learn(w, o, &err) : clean(w, o, id, &suspect, &err);
    if (status == WINNOW_ENOMEM)
        snprintf(err.text, sizeof err.text,
                 "the page needs more than the %llu MiB that a worker may have; allow more memory, "
                 "or smaller pages",
                 (unsigned long long)(w->memory >> 20));
    return talk_done(&w->talk, status, suspect, id, status == WINNOW_OK ? "" : err.text);
}
