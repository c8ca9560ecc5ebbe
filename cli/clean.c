/* clean.c - winnow clean: inputs in, clean text or records out. */
#include <sysexits.h>

#include "batch.h"
#include "batch_pool.h"
#include "commands.h"
#include "index_open.h"
#include "inputs.h"
#include "output.h"
#include "say.h"
#include "stop.h"
#include "targets.h"

static bool is_many(const struct inputs *in, size_t failed)
{
    return in->count + failed > 1 || in->folder;
}

static int check(const struct settings *s, const struct inputs *in, bool many)
{
    int code = targets_check_index(s);
    if (code == EX_OK && many && !s->out && s->format != WINNOW_JSONL) {
        say("several inputs need -o DIR, or --format jsonl for standard output");
        return EX_USAGE;
    }
    return code == EX_OK && s->out ? targets_check(s, in) : code;
}

/* Several inputs know of each other, if anybody asks; one alone has only what is on disk. */
static bool has_index(const struct settings *s, const struct inputs *in)
{
    bool asks = s->across != WINNOW_ACROSS_OFF || !s->no_site;
    return s->index || (in->count > 1 && asks);
}

static int open_cleaners(const struct settings *s, const struct inputs *in, struct batch *b)
{
    return s->jobs > 1 ? batch_workers_new(s, has_index(s, in), &b->workers)
                       : cleaner_open(s, &b->cleaner);
}

static int open_index(const struct settings *s, const struct inputs *in, struct batch *b)
{
    if (!has_index(s, in))
        return EX_OK;
    if (s->index)
        stop_begin();
    int code = index_open(s->index, false, &b->index);
    if (code == EX_OK && b->cleaner)
        index_ask(s, b->cleaner, b->index);
    return code;
}

static int clean_all(const struct settings *s, const struct inputs *in, struct batch *b)
{
    int code = open_cleaners(s, in, b);
    if (code == EX_OK)
        code = open_index(s, in, b);
    if (code == EX_OK)
        code = batch_run(b);
    if (code == EX_OK && b->over == EX_OK && !s->out)
        b->over = output_end();
    batch_workers_free(b->workers);
    winnow_free(b->cleaner);
    winnow_index_close(b->index);
    return code == EX_OK ? b->over : code;
}

int command_clean(const struct settings *s)
{
    struct inputs in;
    struct batch b = {.settings = s, .inputs = &in};
    int listed = inputs_list(s, &in, &b.failed, &b.code);
    if (listed != EX_OK)
        return listed;
    bool many = is_many(&in, b.failed);
    int refused = check(s, &in, many);
    if (refused == EX_OK)
        refused = clean_all(s, &in, &b);
    inputs_free(&in);
    if (refused != EX_OK)
        return refused;
    return b.failed == 0 ? EX_OK : many ? 1 : b.code;
}
