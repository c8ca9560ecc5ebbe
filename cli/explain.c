/* explain.c - winnow explain: every block of one page, kept or not, and why. */
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "commands.h"
#include "index_open.h"
#include "inputs.h"
#include "output.h"
#include "pages.h"
#include "say.h"

static int explain_one(const struct settings *s, const struct input *in)
{
    struct winnow *w = NULL;
    struct winnow_index *index = NULL;
    struct winnow_page *page = NULL;
    int code = cleaner_open(s, &w);
    if (code == EX_OK)
        code = index_use(s, w, &index);
    if (code == EX_OK)
        code = page_clean(w, in, s, &page);
    if (code == EX_OK)
        code = s->html ? output_file(page, WINNOW_EXPLAIN_HTML, in->path, s->html)
                       : output_stdout(page, WINNOW_EXPLAIN, in->path);
    if (code == EX_OK)
        code = output_end();
    winnow_page_free(page);
    winnow_free(w);
    winnow_index_close(index);
    return code;
}

/* The input is never written over: the page would be lost. */
static int check_target(const struct settings *s, const struct input *in)
{
    struct stat from, to;
    if (!s->html || !input_file(in, &from) || stat(s->html, &to) != 0 || from.st_dev != to.st_dev ||
        from.st_ino != to.st_ino)
        return EX_OK;
    say("%s would be written over the input %s; choose another file with --html", s->html,
        in->path);
    return EX_USAGE;
}

int command_explain(const struct settings *s)
{
    struct inputs in;
    size_t failed;
    int code = EX_OK, listed = inputs_list(s, &in, &failed, &code);
    if (listed != EX_OK)
        return listed;
    if (in.folder || in.count + failed > 1) {
        say("explain takes one page; name a single file, URL or -");
        code = EX_USAGE;
    } else if (failed == 0) {
        code = check_target(s, &in.items[0]);
        if (code == EX_OK)
            code = explain_one(s, &in.items[0]);
    }
    inputs_free(&in);
    return code;
}
