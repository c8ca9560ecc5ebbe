/* manifest_line.c - one line of the manifest, written and read.
 *
 * Reading is strict: there is one way to write a number or a byte, so that a line that was
 * changed in any byte is no line. */
#include "manifest_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

const char *const manifest_kinds[MANIFEST_KINDS] = {
    [MANIFEST_CLEANED] = "cleaned",
    [MANIFEST_QUARANTINED] = "quarantined",
    [MANIFEST_RETRIED] = "retried",
    [MANIFEST_RELEASED] = "released",
};

static const char hex[] = "0123456789ABCDEF";

/* --- writing -------------------------------------------------------------------------- */

static bool is_plain(unsigned char c)
{
    return c > 0x20 && c < 0x7F && c != '%';
}

static bool is_page(const char page[33])
{
    for (size_t i = 0; i < 33; i++) {
        if (page[i] == '\0')
            return true;
        if (!is_plain((unsigned char)page[i]))
            return false;
    }
    return false;
}

/* Where the text ends; NULL: longer than a path may be. */
static char *write_path(char *to, const char *path)
{
    size_t len = path ? strlen(path) : 0;
    if (len >= PATH_MAX)
        return NULL;
    if (len == 0) {
        *to++ = '-';
        return to;
    }
    /* "-" alone is no path. */
    bool dash = len == 1 && path[0] == '-';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];
        if (is_plain(c) && !dash) {
            *to++ = (char)c;
            continue;
        }
        *to++ = '%';
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    return to;
}

/* Adds check and newline to the len bytes that are there; the whole length. */
static size_t end_line(char *line, size_t len)
{
    unsigned long check = crc32(0, (const unsigned char *)line, (unsigned)len);
    return len + (size_t)snprintf(line + len, LINE_MOST - len, "%08lx\n", check);
}

size_t line_write_after(char ret[LINE_MOST], uint64_t number, uint64_t length)
{
    int len = snprintf(ret, LINE_MOST, "w1 after %" PRIu64 " %" PRIu64 " ", number, length);
    return end_line(ret, (size_t)len);
}

size_t line_write_entry(char ret[LINE_MOST], const struct manifest_entry *entry)
{
    if ((unsigned)entry->kind >= MANIFEST_KINDS || !is_page(entry->page))
        return 0;
    int len = snprintf(ret, LINE_MOST, "w1 %" PRIu64 " %s %" PRId64 " %s %u ", entry->id,
                       manifest_kinds[entry->kind], entry->time < 0 ? 0 : entry->time,
                       entry->page[0] ? entry->page : "-", entry->attempts);
    char *to = write_path(ret + len, entry->path);
    if (!to)
        return 0;
    *to++ = ' ';
    to = write_path(to, entry->out);
    if (!to)
        return 0;
    *to++ = ' ';
    return end_line(ret, (size_t)(to - ret));
}

/* --- reading -------------------------------------------------------------------------- */

/* What is left to be read. */
struct rest {
    const char *at, *end;
};

/* The next field, without the blank that must follow it; its length, 0: there is none. */
static size_t next_field(struct rest *r, const char **ret)
{
    const char *blank = r->at < r->end ? memchr(r->at, ' ', (size_t)(r->end - r->at)) : NULL;
    *ret = r->at;
    if (!blank)
        return 0;
    r->at = blank + 1;
    return (size_t)(blank - *ret);
}

static bool field_is(struct rest *r, const char *word)
{
    const char *field;
    size_t len = next_field(r, &field);
    return len == strlen(word) && memcmp(field, word, len) == 0;
}

static bool to_number(const char *field, size_t len, uint64_t most, uint64_t *ret)
{
    uint64_t n = 0;
    if (len == 0 || len > 20 || (field[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (field[i] < '0' || field[i] > '9')
            return false;
        unsigned digit = (unsigned)(field[i] - '0');
        if (n > (most - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *ret = n;
    return true;
}

static bool read_number(struct rest *r, uint64_t most, uint64_t *ret)
{
    const char *field;
    size_t len = next_field(r, &field);
    return to_number(field, len, most, ret);
}

static bool read_kind(struct rest *r, enum manifest_kind *ret)
{
    const char *field;
    size_t len = next_field(r, &field);
    for (unsigned i = 0; i < MANIFEST_KINDS; i++) {
        if (len == strlen(manifest_kinds[i]) && memcmp(field, manifest_kinds[i], len) == 0) {
            *ret = (enum manifest_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_page(struct rest *r, char ret[33])
{
    const char *field;
    size_t len = next_field(r, &field);
    if (len == 0 || len > 32)
        return false;
    bool none = len == 1 && field[0] == '-';
    memcpy(ret, field, none ? 0 : len);
    ret[none ? 0 : len] = '\0';
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A byte of a path, at *at of len; -1: none that is written so. */
static int path_byte(const char *field, size_t len, size_t *at)
{
    if (field[*at] != '%')
        return is_plain((unsigned char)field[*at]) ? (unsigned char)field[(*at)++] : -1;
    if (len - *at < 3)
        return -1;
    int high = digit_of(field[*at + 1]), low = digit_of(field[*at + 2]);
    *at += 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* *is: there is one, which ret has. */
static bool read_path(struct rest *r, char ret[PATH_MAX], bool *is)
{
    const char *field;
    size_t len = next_field(r, &field), n = 0;
    *is = !(len == 1 && field[0] == '-');
    for (size_t i = 0; *is && i < len;) {
        int c = path_byte(field, len, &i);
        if (c <= 0 || n == PATH_MAX - 1)
            return false;
        ret[n++] = (char)c;
    }
    ret[n] = '\0';
    return len > 0;
}

static bool read_entry(struct rest *r, struct line *ret)
{
    struct manifest_entry *e = &ret->entry;
    uint64_t time, attempts;
    bool has_path, has_out;
    if (!read_number(r, UINT64_C(1) << 62, &e->id) || !read_kind(r, &e->kind) ||
        !read_number(r, INT64_MAX, &time) || !read_page(r, e->page) ||
        !read_number(r, UINT_MAX, &attempts) || !read_path(r, ret->path, &has_path) ||
        !read_path(r, ret->out, &has_out))
        return false;
    e->time = (int64_t)time;
    e->attempts = (unsigned)attempts;
    e->path = ret->path;
    e->out = has_out ? ret->out : NULL;
    return true;
}

/* Does the line check, and begin as ours do?  *ret is then what lies between. */
static bool is_sound(const char *data, size_t len, struct rest *ret)
{
    char text[9];
    if (len < 3 + 8 || memcmp(data, "w1 ", 3) != 0 || len > LINE_MOST)
        return false;
    unsigned long check = crc32(0, (const unsigned char *)data, (unsigned)(len - 8));
    snprintf(text, sizeof text, "%08lx", check);
    if (memcmp(data + len - 8, text, 8) != 0)
        return false;
    *ret = (struct rest){data + 3, data + len - 8};
    return true;
}

enum line_kind line_read(const char *data, size_t len, struct line *ret)
{
    struct rest r;
    ret->kind = LINE_NONE;
    if (!is_sound(data, len, &r))
        return LINE_NONE;
    struct rest entry = r;
    if (field_is(&r, "after")) {
        if (read_number(&r, UINT64_C(1) << 62, &ret->after) &&
            read_number(&r, INT64_MAX, &ret->length) && r.at == r.end)
            ret->kind = LINE_AFTER;
    } else if (read_entry(&entry, ret) && entry.at == entry.end) {
        ret->kind = LINE_ENTRY;
    }
    return ret->kind;
}
