/* findings.c - findings in rule files, written and counted.
 *
 * Words of a rule file reach a terminal or a JSON reader here, and the file may be
 * anybody's: control characters and what is no UTF-8 go no further. */
#include "findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

/* --- strings ------------------------------------------------------------------------------ */

/* The bytes of the UTF-8 character at p (RFC 3629), 0 where there is none. */
static size_t char_len(const unsigned char *p)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
               (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : n;
}

/* The same of the last bytes of something that no NUL ends. */
static size_t char_len_within(const unsigned char *p, size_t left)
{
    unsigned char last[5] = {0};
    memcpy(last, p, left);
    return char_len(last);
}

static bool is_control(const unsigned char *p)
{
    return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0);
}

static void print_json_char(const unsigned char *p, size_t n)
{
    if (n == 0)
        fputs("\\ufffd", stdout);
    else if (*p == '"' || *p == '\\')
        printf("\\%c", *p);
    else if (*p < 0x20 || *p == 0x7f)
        printf("\\u%04x", *p);
    else
        fwrite(p, 1, n, stdout);
}

static void print_json(const char *s)
{
    putchar('"');
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        size_t n = char_len(p);
        print_json_char(p, n);
        p += n ? n : 1;
    }
    putchar('"');
}

void print_plain(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + len;
    while (p < end) {
        size_t n = (size_t)(end - p) < 4 ? char_len_within(p, (size_t)(end - p)) : char_len(p);
        if (n == 0 || is_control(p))
            putchar('?');
        else
            fwrite(p, 1, n, stdout);
        p += n ? n : 1;
    }
}

/* --- one finding, in each format ---------------------------------------------------------- */

static void write_text(struct findings *f, const struct winnow_finding *finding)
{
    (void)f;
    print_plain(finding->file, strlen(finding->file));
    putchar(':');
    if (finding->line)
        printf("%u:", finding->line);
    if (finding->column)
        printf("%u:", finding->column);
    fputs(finding->is_error ? " " : " warning: ", stdout);
    print_plain(finding->text, strlen(finding->text));
    putchar('\n');
}

static void write_object(const struct winnow_finding *finding)
{
    fputs("{\"file\":", stdout);
    print_json(finding->file);
    printf(",\"line\":%u,\"column\":%u,\"kind\":", finding->line, finding->column);
    print_json(finding->kind);
    printf(",\"level\":\"%s\",\"text\":", finding->is_error ? "error" : "warning");
    print_json(finding->text);
    putchar('}');
}

static void write_jsonl(struct findings *f, const struct winnow_finding *finding)
{
    (void)f;
    write_object(finding);
    putchar('\n');
}

static void write_json(struct findings *f, const struct winnow_finding *finding)
{
    fputs(f->any ? ",\n" : "\n", stdout);
    write_object(finding);
}

static void (*const writers[])(struct findings *f, const struct winnow_finding *finding) = {
    [WINNOW_TEXT] = write_text,
    [WINNOW_JSON] = write_json,
    [WINNOW_JSONL] = write_jsonl,
};

/* --- all of them -------------------------------------------------------------------------- */

static void count_kind(struct findings *f, const char *kind)
{
    size_t i = 0;
    while (i < f->nkinds && strcmp(f->kinds[i].kind, kind) != 0)
        i++;
    if (i == KINDS_MOST || strlen(kind) >= KIND_LEN)
        return;
    if (i == f->nkinds) {
        snprintf(f->kinds[i].kind, KIND_LEN, "%s", kind);
        f->nkinds++;
    }
    f->kinds[i].count++;
}

void findings_begin(struct findings *f, const struct settings *s)
{
    *f = (struct findings){.settings = s};
    if (s->format == WINNOW_JSON)
        fputs("{\"findings\":[", stdout);
}

void findings_add(void *ctx, const struct winnow_finding *finding)
{
    struct findings *f = ctx;
    if (f->settings->quiet && !finding->is_error)
        return;
    f->errors += finding->is_error != 0;
    f->warnings += finding->is_error == 0;
    count_kind(f, finding->kind);
    writers[f->settings->format](f, finding);
    f->any = true;
}

static int by_count(const void *a, const void *b)
{
    const struct kind_count *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->kind, y->kind);
}

void findings_end(struct findings *f, const struct findings_count *more, size_t n)
{
    if (f->nkinds > 0)
        qsort(f->kinds, f->nkinds, sizeof *f->kinds, by_count);
    if (f->settings->format != WINNOW_JSON)
        return;
    printf("%s],\n\"errors\":%zu,\"warnings\":%zu", f->any ? "\n" : "", f->errors, f->warnings);
    for (size_t i = 0; i < n; i++)
        printf(",\"%s\":%zu", more[i].name, more[i].count);
    fputs(",\"kinds\":{", stdout);
    for (size_t i = 0; i < f->nkinds; i++)
        printf("%s\"%s\":%zu", i > 0 ? "," : "", f->kinds[i].kind, f->kinds[i].count);
    puts("}}");
}

void findings_say_counts(const struct findings *f)
{
    char line[KINDS_MOST * (KIND_LEN + 24)];
    size_t at = 0;
    fflush(stdout); /* before what sums it up */
    if (f->settings->quiet || f->settings->format != WINNOW_TEXT || f->nkinds == 0)
        return;
    for (size_t i = 0; i < f->nkinds; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%s %zu", i > 0 ? ", " : "",
                               f->kinds[i].kind, f->kinds[i].count);
    say("%zu error%s, %zu warning%s (%s)", f->errors, f->errors == 1 ? "" : "s", f->warnings,
        f->warnings == 1 ? "" : "s", line);
}
