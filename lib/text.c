/* text.c - white space, words and lines of UTF-8 text. */
#include "text.h"

#include <utf8proc.h>

/* Three-byte white space: U+1680, U+2000 to U+200B, U+2028, U+2029, U+202F,
 * U+205F, U+2060, U+3000, U+FEFF. */
static bool is_wide_space(const unsigned char *p)
{
    switch (p[0]) {
    case 0xe1:
        return p[1] == 0x9a && p[2] == 0x80;
    case 0xe2:
        if (p[1] == 0x80)
            return (p[2] >= 0x80 && p[2] <= 0x8b) || p[2] == 0xa8 || p[2] == 0xa9 || p[2] == 0xaf;
        return p[1] == 0x81 && (p[2] == 0x9f || p[2] == 0xa0);
    case 0xe3:
        return p[1] == 0x80 && p[2] == 0x80;
    case 0xef:
        return p[1] == 0xbb && p[2] == 0xbf;
    }
    return false;
}

size_t text_space_len(struct slice s, size_t i)
{
    const unsigned char *p = (const unsigned char *)s.p + i;
    if (p[0] <= ' ' || p[0] == 0x7f)
        return 1;
    if (p[0] < 0xc2)
        return 0;
    if (p[0] == 0xc2)
        return s.len - i >= 2 && (p[1] == 0xa0 || p[1] == 0x85) ? 2 : 0;
    return p[0] >= 0xe1 && s.len - i >= 3 && is_wide_space(p) ? 3 : 0;
}

/* Where the character that ends before byte i starts. */
static size_t char_before(struct slice s, size_t i)
{
    do
        i--;
    while (i > 0 && ((unsigned char)s.p[i] & 0xc0) == 0x80);
    return i;
}

struct slice text_trim(struct slice s)
{
    size_t len;
    while (s.len > 0 && (len = text_space_len(s, 0)) > 0) {
        s.p += len;
        s.len -= len;
    }
    while (s.len > 0) {
        size_t last = char_before(s, s.len);
        if (text_space_len(s, last) != s.len - last)
            break;
        s.len = last;
    }
    return s;
}

struct slice text_trim_line(struct slice line)
{
    struct slice text = text_trim(line);
    if (text.len == 0)
        return text;
    const char *from = text.p;
    while (from > line.p && (from[-1] == ' ' || from[-1] == '\t'))
        from--;
    return (struct slice){from, (size_t)(text.p + text.len - from)};
}

void text_fold_space(struct slice s, struct buf *ret)
{
    size_t i = 0, len;
    bool first = true;
    while (i < s.len) {
        bool space = false;
        for (; i < s.len && (len = text_space_len(s, i)) > 0; i += len)
            space = true;
        size_t from = i;
        while (i < s.len && text_space_len(s, i) == 0)
            i++;
        if (i > from && space && !first)
            buf_addc(ret, ' ');
        buf_add(ret, s.p + from, i - from);
        first = first && i == from;
    }
}

uint32_t text_char(struct slice s, size_t i, size_t *len)
{
    const unsigned char *p = (const unsigned char *)s.p + i;
    size_t left = s.len - i;
    if (p[0] < 0x80 || left < 2) {
        *len = 1;
        return p[0];
    }
    if (p[0] < 0xe0 || left < 3) {
        *len = 2;
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (p[0] < 0xf0 || left < 4) {
        *len = 3;
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    }
    *len = 4;
    return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
           (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

bool text_is_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

bool text_is_number(uint32_t c)
{
    if (c < 0x80)
        return c >= '0' && c <= '9';
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool text_is_capital(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z';
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

bool text_is_small(uint32_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LL;
}

/* Is one of the eight bytes c?  (Mycroft's test for a zero byte.) */
static bool any_is(uint64_t bytes, unsigned char c)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x = bytes ^ ones * c;
    return ((x - ones) & ~x & ones << 7) != 0;
}

bool text_next_line(struct slice *rest, struct slice *line)
{
    uint64_t eight;
    if (rest->len == 0)
        return false;
    size_t n = 0;
    for (; rest->len - n >= sizeof eight; n += sizeof eight) {
        memcpy(&eight, rest->p + n, sizeof eight);
        if (any_is(eight, '\n') || any_is(eight, '\r'))
            break;
    }
    while (n < rest->len && rest->p[n] != '\n' && rest->p[n] != '\r')
        n++;
    *line = (struct slice){rest->p, n};
    if (n < rest->len && rest->p[n] == '\r' && n + 1 < rest->len && rest->p[n + 1] == '\n')
        n++;
    if (n < rest->len)
        n++;
    rest->p += n;
    rest->len -= n;
    return true;
}

bool text_is_blank(struct slice s)
{
    while (s.len > 0 && (unsigned char)s.p[s.len - 1] <= ' ')
        s.len--;
    return s.len == 0;
}

bool text_is_seam(struct slice s)
{
    for (size_t i = 0; i < s.len && s.len <= TEXT_SEAM_MOST; i++)
        if ((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z'))
            return false;
    return s.len <= TEXT_SEAM_MOST;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool text_equal_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

static bool starts_nocase(const char *p, const char *needle, size_t n)
{
    size_t k = 0;
    while (k < n && lower(p[k]) == needle[k])
        k++;
    return k == n;
}

/* Where the needle starts with no letter its first byte is found fast. */
const char *text_find_nocase(struct slice hay, const char *needle)
{
    size_t n = strlen(needle);
    const char *p = hay.p, *last = hay.len < n ? NULL : hay.p + (hay.len - n);
    bool letter = (needle[0] | 32) >= 'a' && (needle[0] | 32) <= 'z';
    for (; last && p <= last; p++) {
        if (!letter && !(p = memchr(p, needle[0], (size_t)(last - p) + 1)))
            return NULL;
        if (starts_nocase(p, needle, n))
            return p;
    }
    return NULL;
}
