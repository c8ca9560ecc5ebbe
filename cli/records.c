/* records.c - files of records: one for itself, or one a line.
 *
 * A record that is written over several lines begins with a line that holds its brace and
 * nothing else; one that stands on a line goes on behind it.  So the first line says which
 * kind of file it is, and of many records only one is in memory. */
#include "records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "say.h"

static const char blanks[] = " \t\r\n";

int records_open(const char *path, struct record_file *ret)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(path, "r");
    if (!stream) {
        say("%s: %s; check the path and its permissions", path, strerror(errno));
        return EX_NOINPUT;
    }
    *ret = (struct record_file){.stream = stream, .path = is_stdin ? "standard input" : path};
    return EX_OK;
}

static bool is_brace(const char *s, size_t len)
{
    size_t at = strspn(s, blanks);
    return at < len && s[at] == '{' && at + 1 + strspn(s + at + 1, blanks) == len;
}

/* Reads up to the byte `end` behind what is there already.  False where there is nothing. */
static bool read_to(struct record_file *f, int end)
{
    char *more = NULL;
    size_t cap = 0;
    ssize_t n = getdelim(&more, &cap, end, f->stream);
    bool ok = n > 0;
    if (ok && f->len == 0) {
        free(f->data);
        f->data = more;
        f->cap = cap;
        f->len = (size_t)n;
        return true;
    }
    char *data = ok ? realloc(f->data, f->len + (size_t)n + 1) : NULL;
    if (data) {
        memcpy(data + f->len, more, (size_t)n + 1);
        f->data = data;
        f->len += (size_t)n;
    }
    free(more);
    return data != NULL;
}

/* No further record: because of an error? */
static bool fail(const struct record_file *f, int *code)
{
    if (!ferror(f->stream) && feof(f->stream))
        return false;
    say("%s: cannot be read: %s; check it and its disk", f->path, strerror(errno));
    *code = EX_IOERR;
    return false;
}

bool records_next(struct record_file *f, int *code)
{
    errno = 0;
    if (f->whole)
        return false;
    do {
        f->len = 0;
        if (!read_to(f, '\n'))
            return fail(f, code);
        f->line++;
    } while (strspn(f->data, blanks) == f->len);
    if (f->line != 1 || !is_brace(f->data, f->len))
        return true;
    f->whole = true;
    f->line = 0;
    if (!read_to(f, '\0') && !feof(f->stream))
        return fail(f, code);
    return true;
}

void records_close(struct record_file *f)
{
    if (f->stream != stdin)
        fclose(f->stream);
    free(f->data);
}

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcasecmp(s + n - m, end) == 0;
}

bool records_are_in(const char *path)
{
    static const char *const ends[] = {".json", ".jsonl", ".ndjson"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(path, ends[i]))
            return true;
    return false;
}
