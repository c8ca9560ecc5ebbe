/* restore.c - winnow restore: from a record, the page's text as it was. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "commands.h"
#include "output.h"
#include "records.h"
#include "say.h"

static int write_text(const struct record_file *f, FILE *stream)
{
    struct winnow_error err = {0};
    int status = winnow_restore(f->data, f->len, write_stream, stream, &err);
    if (status == WINNOW_EDATA)
        say("%s: %s; name what winnow clean --format json or jsonl wrote", f->path, err.text);
    else if (status != WINNOW_OK)
        say("%s: %s", f->path, err.text);
    return exit_code_of(status);
}

static int restore(const struct settings *s, const struct record_file *f)
{
    struct output o;
    if (!s->out)
        return write_text(f, stdout);
    int code = output_open(s->out, f->path, &o);
    return code == EX_OK ? output_close(&o, write_text(f, o.stream)) : code;
}

/* Reads on behind the only record of a file, which is there to stay. */
static int check_alone(struct record_file *f)
{
    struct record_file rest = *f;
    int code = EX_OK;
    rest.data = NULL;
    bool several = records_next(&rest, &code);
    free(rest.data);
    if (several) {
        say("%s: more than one record; --line N says which", f->path);
        code = EX_USAGE;
    }
    return code;
}

/* Leaves the record that is asked for in f. */
static int find(const struct settings *s, struct record_file *f)
{
    int code = EX_OK;
    while (records_next(f, &code)) {
        if (s->line == 0)
            return check_alone(f);
        if (f->line == s->line)
            return EX_OK;
    }
    if (code != EX_OK)
        return code;
    if (s->line)
        say("%s: no record on line %zu; it has %zu lines", f->path, s->line, f->line);
    else
        say("%s: empty; name a record that winnow clean --format json or jsonl wrote", f->path);
    return EX_DATAERR;
}

/* The record is never written over: what was removed would be lost. */
static int check_target(const struct settings *s, const struct record_file *f)
{
    struct stat from, to;
    if (!s->out || fstat(fileno(f->stream), &from) != 0 || stat(s->out, &to) != 0 ||
        from.st_dev != to.st_dev || from.st_ino != to.st_ino)
        return EX_OK;
    say("%s would be written over the record; choose another file with -o", s->out);
    return EX_USAGE;
}

int command_restore(const struct settings *s)
{
    struct record_file f;
    if (s->nargs != 1) {
        say("restore takes one record: a file, or - for standard input");
        return EX_USAGE;
    }
    int code = records_open(s->args[0], &f);
    if (code != EX_OK)
        return code;
    code = check_target(s, &f);
    if (code == EX_OK)
        code = find(s, &f);
    if (code == EX_OK)
        code = restore(s, &f);
    records_close(&f);
    return code == EX_OK ? output_end() : code;
}
