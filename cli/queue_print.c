/* queue_print.c - names, ages and sizes on standard output, for people and for programs. */
#include "queue_print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* --- characters ---------------------------------------------------------------------------- */

/* The bytes of the UTF-8 character at p (RFC 3629) and its code point; 0 where there is none.
 * A NUL ends the string, and no character has one inside. */
static size_t read_char(const unsigned char *p, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    uint32_t c = n < 2 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *ret = c;
    return n;
}

/* Control characters, ends of lines, and the marks that turn the direction of writing. */
static bool is_tricky(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x061c ||
           c == 0xfeff;
}

void print_path(const char *path)
{
    uint32_t c = 0;
    for (const unsigned char *p = (const unsigned char *)path; *p;) {
        size_t n = read_char(p, &c), len = n ? n : 1;
        if (n && c != '%' && !is_tricky(c))
            fwrite(p, 1, n, stdout);
        else
            for (size_t i = 0; i < len; i++)
                printf("%%%02X", p[i]);
        p += len;
    }
}

void print_words(const char *text)
{
    uint32_t c = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t n = read_char(p, &c);
        if (n && !is_tricky(c))
            fwrite(p, 1, n, stdout);
        else
            putchar('?');
        p += n ? n : 1;
    }
}

/* --- JSON ----------------------------------------------------------------------------------- */

void print_json_string(const char *s)
{
    uint32_t c = 0;
    putchar('"');
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        size_t n = read_char(p, &c);
        if (n == 0)
            fputs("\\ufffd", stdout);
        else if (c == '"' || c == '\\')
            printf("\\%c", (int)c);
        else if (is_tricky(c)) /* none of them is above U+FFFF */
            printf("\\u%04" PRIx32, c);
        else
            fwrite(p, 1, n, stdout);
        p += n ? n : 1;
    }
    putchar('"');
}

static bool is_utf8(const char *s)
{
    uint32_t c;
    const unsigned char *p = (const unsigned char *)s;
    while (*p) {
        size_t n = read_char(p, &c);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

static void print_base64(const char *s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)s;
    putchar('"');
    for (size_t left = strlen(s); left > 0; left -= left < 3 ? left : 3, p += 3) {
        uint32_t three = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0) |
                         (left > 2 ? (uint32_t)p[2] : 0);
        for (size_t i = 0; i < 4; i++)
            putchar(i <= left ? digits[three >> (18 - 6 * i) & 63] : '=');
        if (left < 3)
            break;
    }
    putchar('"');
}

void print_json_path(const char *path)
{
    fputs("\"path\": ", stdout);
    if (!path) {
        fputs("null", stdout);
        return;
    }
    print_json_string(path);
    if (is_utf8(path))
        return;
    fputs(", \"path_bytes\": ", stdout);
    print_base64(path);
}

/* --- figures -------------------------------------------------------------------------------- */

const char *age_words(int64_t seconds, char ret[32])
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t u = 0;
    if (seconds < 0)
        seconds = 0; /* a clock that was put back */
    while (u < 3 && seconds < 2 * units[u].seconds)
        u++;
    snprintf(ret, 32, "%" PRId64 " %s", seconds / units[u].seconds, units[u].name);
    return ret;
}

const char *size_words(uint64_t bytes, char ret[32])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double n = (double)bytes / 1024;
    size_t u = 0;
    if (bytes < 1024) {
        snprintf(ret, 32, "%" PRIu64 " bytes", bytes);
        return ret;
    }
    for (; n >= 1024 && u < 5; u++)
        n /= 1024;
    snprintf(ret, 32, "%.1f %s", n, units[u]);
    return ret;
}
