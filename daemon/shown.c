/* shown.c - bytes that others chose, made fit for a terminal or a log.
 *
 * File names are bytes, and a scraper takes them from the web: a newline would forge a line
 * of the log, an escape sequence would speak to the administrator's terminal. */
#include "shown.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 character at p, 1 to 4; 0: none.  *ret is its number. */
static size_t char_at(const unsigned char *p, size_t left, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    if (len == 0 || len > left)
        return 0;
    uint32_t c = len == 1 ? *p : *p & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return len;
}

static bool is_harmless(uint32_t c)
{
    return c >= ' ' && !(c >= 0x7f && c <= 0x9f) && c != 0x200e && c != 0x200f && /* marks */
           !(c >= 0x2028 && c <= 0x202e) && /* separators of lines, turns */
           !(c >= 0x2066 && c <= 0x2069);   /* isolates */
}

static size_t escape(unsigned char byte, char ret[5])
{
    const char *name = byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : byte == '\r' ? "\\r" : NULL;
    return (size_t)(name ? snprintf(ret, 5, "%s", name) : snprintf(ret, 5, "\\x%02x", byte));
}

const char *shown(const char *bytes, size_t len, char *ret, size_t room)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t to = 0, cut = 0; /* cut: the last place where "..." still fits */
    while (len > 0) {
        char piece[5];
        uint32_t c = 0;
        size_t from = char_at(p, len, &c), n = from;
        if (from > 0 && is_harmless(c)) {
            memcpy(piece, p, n);
        } else {
            from = 1;
            n = escape(*p, piece);
        }
        if (to + 4 <= room)
            cut = to;
        if (n >= room - to) {
            memcpy(ret + cut, "...", 4);
            return ret;
        }
        memcpy(ret + to, piece, n);
        to += n;
        p += from;
        len -= from;
    }
    ret[to] = '\0';
    return ret;
}
