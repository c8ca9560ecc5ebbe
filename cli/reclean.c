/* reclean.c - winnow reclean: records made again with what the index has learned since.
 *
 * 1. A record that comes out as it was is not touched; a file of records is written anew if
 *    one of them has changed, and a record that cannot be read stays in it as it is.
 * 2. The clean text beside a record follows it, if it is the text that the record held: what
 *    stands there else is not ours, an input perhaps.
 * 3. A record is the only one of its page: the new one is on the disk before it takes the
 *    old one's name, owner and mode. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "commands.h"
#include "index_open.h"
#include "inputs.h"
#include "output.h"
#include "records.h"
#include "say.h"

struct recleaning {
    const struct settings *settings;
    struct winnow *cleaner;
    size_t records, changed, failed;
    int code; /* of the last failure */
    bool full;
};

/* Bytes that grow. */
struct bytes {
    char *data;
    size_t len;
};

static void count_failure(struct recleaning *r, int code)
{
    r->failed++;
    r->code = code;
    r->full |= code == EX_IOERR;
}

/* --- one record --------------------------------------------------------------------------- */

/* The page as bytes, for the caller to free. */
static int render(const struct winnow_page *page, enum winnow_format format, struct bytes *ret,
                  struct winnow_error *err)
{
    struct bytes b = {0};
    FILE *stream = open_memstream(&b.data, &b.len);
    int status = stream ? winnow_render(page, format, write_stream, stream, err) : WINNOW_ENOMEM;
    if (stream && fclose(stream) != 0)
        status = WINNOW_ENOMEM;
    if (status == WINNOW_OK)
        *ret = b;
    else
        free(b.data);
    return status;
}

/* Says which record failed. */
static void say_failed(const struct record_file *f, const char *why)
{
    if (f->line > 0)
        say("%s:%zu: %s", f->path, f->line, why);
    else
        say("%s: %s", f->path, why);
}

/* The record as it comes out now, and its text (text may be NULL). */
static int reclean(struct recleaning *r, const struct record_file *f, struct bytes *ret,
                   struct bytes *text)
{
    struct winnow_error err = {0};
    struct winnow_page *page = NULL;
    int status = winnow_reclean(r->cleaner, f->data, f->len, &page, &err);
    if (status == WINNOW_OK)
        status = render(page, f->whole ? WINNOW_JSON : WINNOW_JSONL, ret, &err);
    if (status == WINNOW_OK && text && (status = render(page, WINNOW_TEXT, text, &err)) != 0)
        free(ret->data);
    winnow_page_free(page);
    if (status == WINNOW_OK)
        return EX_OK;
    say_failed(f, *err.text ? err.text : "out of memory; free some, then run it again");
    return exit_code_of(status);
}

static bool is_as_it_was(const struct record_file *f, const struct bytes *now)
{
    size_t len = f->len; /* the last line of a file may have no end */
    bool ends = len > 0 && f->data[len - 1] == '\n';
    return len + !ends == now->len && memcmp(f->data, now->data, len) == 0;
}

/* --- the text beside it --------------------------------------------------------------------- */

/* Writes text as records hold it. */
static void write_escaped(FILE *to, const char *text, size_t len)
{
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *at = c ? strchr(special, c) : NULL;
        if (at)
            fprintf(to, "\\%c", letters[at - special]);
        else if (c < ' ')
            fprintf(to, "\\u%04X", c);
        else
            fputc(c, to);
    }
}

/* Does the record hold this as its clean text?  Its member "text" stands before all others
 * of that name. */
static bool holds_text(const struct record_file *f, const struct bytes *text)
{
    static const char name[] = "\"text\": \"";
    const char *at = memmem(f->data, f->len, name, sizeof name - 1);
    struct bytes want = {0};
    FILE *to = at ? open_memstream(&want.data, &want.len) : NULL;
    if (!to)
        return false;
    fputs(name, to);
    write_escaped(to, text->data, text->len);
    fputc('"', to);
    bool ret = fclose(to) == 0 && (size_t)(f->data + f->len - at) >= want.len &&
               memcmp(at, want.data, want.len) == 0;
    free(want.data);
    return ret;
}

/* What a file holds, or nothing. */
static struct bytes read_text(const char *path)
{
    struct settings any = {.max_size = (size_t)1 << 31};
    struct input in = {.kind = INPUT_FILE, .path = (char *)path};
    struct loaded l;
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || input_load(&in, &any, &l) != EX_OK)
        return (struct bytes){0};
    struct bytes ret = {l.data, l.len};
    l.data = NULL;
    loaded_free(&l);
    return ret;
}

/* x.html.txt beside x.html.json, x.txt beside x.txt.json; NULL: no such name. */
static char *text_path(const char *record)
{
    size_t len = strlen(record);
    const char *dot = strrchr(record, '.');
    size_t stem = dot ? (size_t)(dot - record) : len;
    bool is_text = stem > 4 && strncmp(record + stem - 4, ".txt", 4) == 0;
    char *ret = NULL;
    return asprintf(&ret, "%.*s%s", (int)stem, record, is_text ? "" : ".txt") < 0 ? NULL : ret;
}

static int write_file(const char *path, const char *of, const struct bytes *b)
{
    struct output o;
    int code = output_replace(path, of, &o);
    if (code != EX_OK)
        return code;
    if (fwrite(b->data, 1, b->len, o.stream) != b->len || fflush(o.stream) != 0) {
        say("%s: cannot be written: %s; make room, then run it again", path, strerror(errno));
        code = EX_IOERR;
    }
    return output_close(&o, code);
}

/* First the text, then the record: a run that dies between them finds the record as it was,
 * and the text again. */
static int follow(const struct record_file *f, const struct bytes *text)
{
    char *path = text_path(f->path);
    struct bytes old = path ? read_text(path) : (struct bytes){0};
    int code = EX_OK;
    if (old.data && holds_text(f, &old) &&
        (old.len != text->len || memcmp(old.data, text->data, text->len) != 0))
        code = write_file(path, f->path, text);
    free(old.data);
    free(path);
    return code;
}

/* --- files ---------------------------------------------------------------------------------- */

/* A file that is one record. */
static void reclean_whole(struct recleaning *r, struct record_file *f)
{
    struct bytes now, text;
    int code = reclean(r, f, &now, &text);
    r->records++;
    if (code == EX_OK) {
        if (!is_as_it_was(f, &now)) {
            code = follow(f, &text);
            if (code == EX_OK)
                code = write_file(f->path, f->path, &now);
            r->changed += code == EX_OK;
        }
        free(now.data);
        free(text.data);
    }
    if (code != EX_OK)
        count_failure(r, code);
}

/* Writes a line's record as it is now, or as it was where it cannot be made again. */
static int reclean_line(struct recleaning *r, const struct record_file *f, FILE *to,
                        size_t *changed)
{
    struct bytes now = {0};
    int code = reclean(r, f, &now, NULL);
    bool same = code != EX_OK || is_as_it_was(f, &now);
    const char *data = same ? f->data : now.data;
    size_t len = same ? f->len : now.len;
    bool wrote = fwrite(data, 1, len, to) == len;
    r->records++;
    *changed += !same;
    free(now.data);
    if (!wrote) {
        say("%s: cannot be written anew: %s; make room, then run it again", f->path,
            strerror(errno));
        return EX_IOERR;
    }
    if (code != EX_OK)
        count_failure(r, code);
    return EX_OK;
}

/* A file with a record a line, from the first one on. */
static void reclean_lines(struct recleaning *r, struct record_file *f)
{
    struct output o;
    size_t changed = 0;
    int code = output_replace(f->path, f->path, &o);
    if (code != EX_OK) {
        count_failure(r, code);
        return;
    }
    do
        code = reclean_line(r, f, o.stream, &changed);
    while (code == EX_OK && records_next(f, &code));
    bool failed = code != EX_OK;
    if (!failed && changed == 0)
        code = EX_DATAERR; /* nothing to put in its place */
    code = output_close(&o, code);
    if (failed || (changed > 0 && code != EX_OK))
        count_failure(r, code);
    else
        r->changed += changed;
}

static void reclean_file(struct recleaning *r, const char *path)
{
    struct record_file f;
    int code = records_open(path, &f);
    if (code == EX_OK) {
        if (records_next(&f, &code))
            (f.whole ? reclean_whole : reclean_lines)(r, &f);
        records_close(&f);
    }
    if (code != EX_OK)
        count_failure(r, code);
}

/* Files that were named themselves must be records; in folders the others are passed over. */
static bool is_named(const struct settings *s, const char *path)
{
    for (size_t i = 0; i < s->nargs; i++)
        if (strcmp(s->args[i], path) == 0)
            return true;
    return false;
}

static void reclean_all(struct recleaning *r, const struct inputs *in)
{
    struct progress progress = {0};
    size_t files = 0;
    for (size_t i = 0; i < in->count && !r->full; i++) {
        const struct input *one = &in->items[i];
        progress_show(&progress, i + 1, in->count);
        if (one->kind == INPUT_FILE && records_are_in(one->path)) {
            files++;
            reclean_file(r, one->path);
        } else if (is_named(r->settings, one->path) || one->kind != INPUT_FILE) {
            say("%s: no file of records by its name (.json, .jsonl); name what winnow clean "
                "--format json wrote",
                one->path);
            count_failure(r, EX_USAGE);
        }
    }
    progress_end(&progress);
    if (files == 0 && r->failed == 0) {
        say("%s: no records below it; texts alone cannot be cleaned again: they come from winnow "
            "clean --format json",
            r->settings->args[0]);
        count_failure(r, EX_NOINPUT);
    }
}

static int run(struct recleaning *r, const struct inputs *in)
{
    struct winnow_index *index = NULL;
    int code = cleaner_open(r->settings, &r->cleaner);
    if (code == EX_OK)
        code = index_use(r->settings, r->cleaner, &index);
    if (code == EX_OK) {
        reclean_all(r, in);
        if (!r->settings->quiet)
            printf("%zu records, %zu changed\n", r->records, r->changed);
        code = output_end();
    }
    winnow_free(r->cleaner);
    winnow_index_close(index);
    return code;
}

/* Without an index all that one had removed would come back. */
static bool is_asked_rightly(const struct settings *s)
{
    if (s->nargs > 0 && (s->index || (s->across == WINNOW_ACROSS_OFF && s->no_site)))
        return true;
    say("reclean takes --index DIR, or --across off and --no-site to do without, and what winnow "
        "clean --format json wrote");
    return false;
}

int command_reclean(const struct settings *s)
{
    struct recleaning r = {.settings = s};
    struct inputs in;
    if (!is_asked_rightly(s))
        return EX_USAGE;
    int listed = inputs_list(s, &in, &r.failed, &r.code);
    if (listed != EX_OK)
        return listed;
    int code = r.failed > 0 && in.count == 0 ? r.code : run(&r, &in);
    bool many = in.folder || in.count + r.failed > 1;
    inputs_free(&in);
    if (code != EX_OK || r.failed == 0)
        return code;
    return r.full ? EX_IOERR : many && r.records > 0 ? 1 : r.code;
}
