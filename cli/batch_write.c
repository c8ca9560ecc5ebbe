/* batch_write.c - a page's result goes to its place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "batch_parts.h"
#include "output.h"
#include "targets.h"

static int write_bytes(const struct batch_result *r, FILE *stream, const char *input,
                       const char *output)
{
    errno = 0;
    if (r->len == 0 || fwrite(r->data, 1, r->len, stream) == r->len)
        return EX_OK;
    say("%s: cannot be written: %s; make room, then clean %s again", output, strerror(errno),
        input);
    return EX_IOERR;
}

static int write_stdout(const struct batch_result *r, const struct settings *s, const char *input)
{
    return r->page ? output_stdout(r->page, s->format, input)
                   : write_bytes(r, stdout, input, "standard output");
}

static int write_file(const struct batch_result *r, const struct settings *s, const char *input,
                      const char *path)
{
    struct output o;
    if (r->page)
        return output_file(r->page, s->format, input, path);
    int code = output_open(path, input, &o);
    if (code != EX_OK)
        return code;
    return output_close(&o, write_bytes(r, o.stream, input, path));
}

static int write_below(struct batch *b, const struct input *in, const struct batch_result *r)
{
    char *path = target_path(b->settings, in->name);
    if (!path) {
        say("%s: out of memory; free some, then clean it again", in->path);
        return EX_OSERR;
    }
    int code = write_file(r, b->settings, in->path, path);
    b->written |= code == EX_OK;
    free(path);
    return code;
}

int batch_write(struct batch *b, size_t i, const struct batch_result *r)
{
    const struct input *in = &b->inputs->items[i];
    int code = b->settings->out ? write_below(b, in, r) : write_stdout(r, b->settings, in->path);
    if (code == EX_IOERR) /* a full disk takes no second file either */
        batch_end_run(b, code);
    return code;
}
