/* decode.c - find the charset of a page's bytes and turn them into UTF-8.
 *
 * 1. A page that is valid UTF-8 is passed over once and not copied.
 * 2. What is handed out is valid UTF-8 without BOM and NULs, whatever came in.
 * 3. Only the charsets of the table below reach iconv: a page names a charset, it never
 *    picks a converter.
 * 4. A charset is tried on the whole text and kept only where it fits; one that does not
 *    is given up early.
 *
 * Who may say what the charset is stands in one table too, in the order of belief. */
#include "decode.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>
#include <uchardet/uchardet.h>

#include "err.h"
#include "input.h"

enum {
    META_WINDOW = 16 << 10, /* bytes in which a page may name its charset */
    XML_MAX = 256,          /* bytes of an XML declaration */
    LOOK_WINDOW = 64 << 10, /* bytes in which we look for NULs and control characters */
    DETECT_MAX = 1 << 20,   /* bytes for the detector, which reads 15 MB/s */
    DETECT_PIECE = 32 << 10,
    LABEL_MAX = 32,
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice skip_spaces(struct slice s)
{
    while (s.len && is_space(*s.p))
        s = (struct slice){s.p + 1, s.len - 1};
    return s;
}

static struct slice slice_from(struct slice s, size_t start)
{
    return (struct slice){s.p + start, s.len - start};
}

static bool starts_with(struct slice s, const char *word)
{
    size_t len = strlen(word);
    return s.len >= len && strncasecmp(s.p, word, len) == 0;
}

/* --- UTF-8 ------------------------------------------------------------------------- */

/* The length of the sequence at p[0..n-1], whose first byte is not ASCII.  Where it is no
 * character, the length of its maximal subpart: the bytes that one U+FFFD stands for (The
 * Unicode Standard, section 3.9). */
static size_t utf8_sequence(const unsigned char *p, size_t n, bool *whole)
{
    unsigned char lead = p[0];
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    *whole = false;
    if (lead < 0xC2 || lead > 0xF4)
        return 1;
    for (size_t i = 1; i < len; i++) {
        if (i == n || p[i] < low || p[i] > high)
            return i;
        low = 0x80;
        high = 0xBF;
    }
    *whole = true;
    return len;
}

/* An automaton whose states are bit positions: a byte's word holds, at the position of each
 * state, the state that follows.  One load and one shift a byte, and no branch, so mixed
 * text is as fast as any. */
enum {
    U_OK = 0,   /* between characters */
    U_BAD = 6,  /* and nothing leads out of it */
    U_ONE = 12, /* one more trail byte */
    U_TWO = 18,
    U_THREE = 24,
    U_E0 = 30, /* behind these leads, not every trail byte may follow */
    U_ED = 36,
    U_F0 = 42,
    U_F4 = 48,
};

#define UTF8_ROW(ok, one, two, three, e0, ed, f0, f4)                                              \
    ((uint64_t)(ok) << U_OK | (uint64_t)U_BAD << U_BAD | (uint64_t)(one) << U_ONE |                \
     (uint64_t)(two) << U_TWO | (uint64_t)(three) << U_THREE | (uint64_t)(e0) << U_E0 |            \
     (uint64_t)(ed) << U_ED | (uint64_t)(f0) << U_F0 | (uint64_t)(f4) << U_F4)
#define UTF8_LEAD(next) UTF8_ROW(next, U_BAD, U_BAD, U_BAD, U_BAD, U_BAD, U_BAD, U_BAD)
#define UTF8_TRAIL(e0, ed, f0, f4) UTF8_ROW(U_BAD, U_OK, U_ONE, U_TWO, e0, ed, f0, f4)

static const uint64_t utf8_next[256] = {
    [0x00 ... 0x7F] = UTF8_LEAD(U_OK),
    [0x80 ... 0x8F] = UTF8_TRAIL(U_BAD, U_ONE, U_BAD, U_TWO),
    [0x90 ... 0x9F] = UTF8_TRAIL(U_BAD, U_ONE, U_TWO, U_BAD),
    [0xA0 ... 0xBF] = UTF8_TRAIL(U_ONE, U_BAD, U_TWO, U_BAD),
    [0xC0 ... 0xC1] = UTF8_LEAD(U_BAD), /* overlong */
    [0xC2 ... 0xDF] = UTF8_LEAD(U_ONE),
    [0xE0] = UTF8_LEAD(U_E0), /* no overlong */
    [0xE1 ... 0xEC] = UTF8_LEAD(U_TWO),
    [0xED] = UTF8_LEAD(U_ED), /* no surrogate */
    [0xEE ... 0xEF] = UTF8_LEAD(U_TWO),
    [0xF0] = UTF8_LEAD(U_F0), /* no overlong */
    [0xF1 ... 0xF3] = UTF8_LEAD(U_THREE),
    [0xF4] = UTF8_LEAD(U_F4), /* nothing past U+10FFFF */
    [0xF5 ... 0xFF] = UTF8_LEAD(U_BAD),
};

enum { UTF8_BLOCK = 32 };

static bool is_ascii_block(const unsigned char *p)
{
    uint64_t w[UTF8_BLOCK / 8];
    memcpy(w, p, sizeof w);
    return ((w[0] | w[1] | w[2] | w[3]) & UINT64_C(0x8080808080808080)) == 0;
}

static bool is_ascii(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (s.len - i >= UTF8_BLOCK && is_ascii_block(p + i))
        i += UTF8_BLOCK;
    while (i < s.len && p[i] < 0x80)
        i++;
    return i == s.len;
}

/* Bytes of whole blocks without an error; the last character may be unfinished. */
static size_t utf8_valid_blocks(const unsigned char *p, size_t n)
{
    uint64_t state = U_OK;
    size_t i = 0;
    for (; n - i >= UTF8_BLOCK; i += UTF8_BLOCK) {
        if ((state & 63) == U_OK && is_ascii_block(p + i))
            continue;
        for (size_t k = 0; k < UTF8_BLOCK; k++)
            state = utf8_next[p[i + k]] >> (state & 63);
        if ((state & 63) == U_BAD)
            break;
    }
    return i;
}

size_t utf8_valid_prefix(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = utf8_valid_blocks(p, s.len);
    bool whole = true;
    /* Back to where the last character starts: it may go on behind the blocks. */
    for (bool trail = true; i > 0 && trail;)
        trail = (p[--i] & 0xC0) == 0x80;
    while (i < s.len && whole) {
        size_t len = p[i] < 0x80 ? 1 : utf8_sequence(p + i, s.len - i, &whole);
        i += whole ? len : 0;
    }
    return i;
}

/* --- charsets ---------------------------------------------------------------------- */

/* How long a sequence is that cannot be decoded, and what its text may look like. */
enum unit {
    UNIT_BYTE,   /* one byte a character */
    UNIT_PAIR,   /* a lead byte and a trail byte */
    UNIT_EUC,    /* the same, and 8F before pairs of a second set */
    UNIT_ESCAPE, /* escape sequences change what bytes mean */
    UNIT_UTF8,
    UNIT_WIDE2, /* two or four bytes, and also ASCII is so */
    UNIT_WIDE4,
};

struct charset {
    const char *name; /* as iconv writes it */
    enum unit unit;
    const char *labels; /* lower-case letters and digits only: koi8r is KOI8-R and koi8_r */
};

/* Labels mean what browsers take them to mean (WHATWG Encoding, section 4.2): pages that
 * say "iso-8859-1" are written in windows-1252, and so on.  Some rows have labels only for
 * what the detector answers. */
static const struct charset charsets[] = {
    {"UTF-8", UNIT_UTF8, "utf8 unicode11utf8 unicode20utf8 xunicode20utf8"},
    {"WINDOWS-1252", UNIT_BYTE,
     "windows1252 cp1252 xcp1252 win1252 iso88591 latin1 l1 cp819 ibm819 isoir100 ascii usascii "
     "ansix341968 ansi ansi1252 iso646us"},
    {"WINDOWS-1251", UNIT_BYTE, "windows1251 cp1251 xcp1251 win1251 ansi1251"},
    {"WINDOWS-1250", UNIT_BYTE, "windows1250 cp1250 xcp1250 win1250"},
    {"WINDOWS-1253", UNIT_BYTE, "windows1253 cp1253 xcp1253 win1253"},
    {"WINDOWS-1254", UNIT_BYTE, "windows1254 cp1254 xcp1254 win1254 iso88599 latin5 l5 isoir148"},
    {"WINDOWS-1255", UNIT_BYTE, "windows1255 cp1255 xcp1255 win1255"},
    {"WINDOWS-1256", UNIT_BYTE, "windows1256 cp1256 xcp1256 win1256"},
    {"WINDOWS-1257", UNIT_BYTE, "windows1257 cp1257 xcp1257 win1257"},
    {"WINDOWS-1258", UNIT_BYTE, "windows1258 cp1258 xcp1258 win1258"},
    {"WINDOWS-874", UNIT_BYTE, "windows874 cp874 dos874 win874 iso885911 tis620"},
    {"GB18030", UNIT_PAIR,
     "gb18030 gbk xgbk gb2312 gb231280 gb23121980 csgb2312 chinese euccn cp936 windows936 "
     "isoir58"},
    {"BIG5-HKSCS", UNIT_PAIR, "big5 big5hkscs cnbig5 csbig5 xxbig5 cp950"},
    {"CP932", UNIT_PAIR,
     "shiftjis sjis xsjis mskanji csshiftjis ms932 windows31j cp932 cswindows31j"},
    {"EUC-JP-MS", UNIT_EUC, "eucjp xeucjp ujis eucjpms eucjpwin cseucpkdfmtjapanese"},
    {"ISO-2022-JP", UNIT_ESCAPE, "iso2022jp csiso2022jp jis"},
    {"CP949", UNIT_PAIR,
     "euckr cseuckr ksc5601 ksc56011987 ksc56011989 ksc56011992 korean windows949 cp949 uhc "
     "ms949 isoir149"},
    {"EUC-TW", UNIT_PAIR, "euctw"},
    {"KOI8-R", UNIT_BYTE, "koi8r koi8 koi cskoi8r"},
    {"KOI8-U", UNIT_BYTE, "koi8u koi8ru"},
    {"CP866", UNIT_BYTE, "cp866 ibm866 866 csibm866"},
    {"IBM852", UNIT_BYTE, "cp852 ibm852"},
    {"IBM855", UNIT_BYTE, "cp855 ibm855"},
    {"ISO-8859-2", UNIT_BYTE, "iso88592 latin2 l2 csisolatin2 isoir101"},
    {"ISO-8859-3", UNIT_BYTE, "iso88593 latin3 l3 csisolatin3 isoir109"},
    {"ISO-8859-4", UNIT_BYTE, "iso88594 latin4 l4 csisolatin4 isoir110"},
    {"ISO-8859-5", UNIT_BYTE, "iso88595 cyrillic csisolatincyrillic isoir144"},
    {"ISO-8859-6", UNIT_BYTE, "iso88596 iso88596e iso88596i arabic csisolatinarabic asmo708"},
    {"ISO-8859-7", UNIT_BYTE, "iso88597 greek greek8 suneugreek csisolatingreek elot928"},
    {"ISO-8859-8", UNIT_BYTE,
     "iso88598 iso88598e iso88598i hebrew visual logical csisolatinhebrew"},
    {"ISO-8859-10", UNIT_BYTE, "iso885910 latin6 l6 csisolatin6 isoir157"},
    {"ISO-8859-13", UNIT_BYTE, "iso885913"},
    {"ISO-8859-14", UNIT_BYTE, "iso885914"},
    {"ISO-8859-15", UNIT_BYTE, "iso885915 latin9 l9 csisolatin9"},
    {"ISO-8859-16", UNIT_BYTE, "iso885916"},
    {"MACINTOSH", UNIT_BYTE, "macintosh mac macroman xmacroman csmacintosh"},
    {"MAC-CYRILLIC", UNIT_BYTE, "maccyrillic xmaccyrillic xmacukrainian"},
    {"MAC-CENTRALEUROPE", UNIT_BYTE, "maccentraleurope"},
    {"VISCII", UNIT_BYTE, "viscii"},
    {"UTF-16LE", UNIT_WIDE2, "utf16 utf16le unicode ucs2 iso10646ucs2 csunicode"},
    {"UTF-16BE", UNIT_WIDE2, "utf16be unicodefffe"},
    {"UTF-32LE", UNIT_WIDE4, "utf32 utf32le"},
    {"UTF-32BE", UNIT_WIDE4, "utf32be"},
};

static const struct charset *charset_of_label(struct slice label)
{
    char key[LABEL_MAX + 1];
    size_t len = 0;
    for (size_t i = 0; i < label.len && label.p[i] != ':'; i++) { /* ISO_8859-1:1987 */
        char c = label.p[i];
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            continue;
        if (len == LABEL_MAX)
            return NULL;
        key[len++] = c;
    }
    key[len] = '\0';
    for (size_t i = 0; len && i < sizeof charsets / sizeof *charsets; i++)
        for (const char *at = charsets[i].labels; (at = strstr(at, key)) != NULL; at += len)
            if ((at == charsets[i].labels || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
                return &charsets[i];
    return NULL;
}

static const struct charset *charset_named(const char *label)
{
    return charset_of_label(slice_of(label));
}

/* --- trying a charset -------------------------------------------------------------- */

/* What came of it.  good and bad decide whether it fits; bad counts, beside what cannot be
 * decoded, characters that nobody writes: they show that the charset is another. */
struct trial {
    size_t good, bad;
    size_t replaced; /* U+FFFD written */
    bool cut;        /* the last of them for a character that the end cut off */
};

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Is it plain by now that this charset is not the text's? */
static bool is_hopeless(const struct trial *t, size_t bytes_read)
{
    return t->replaced > 64 && t->replaced > bytes_read / 8;
}

/* UTF-8 with errors: every maximal subpart becomes one U+FFFD. */
static void repair_utf8(struct slice bytes, bool give_up, struct buf *out, struct trial *t)
{
    size_t i = 0;
    while (i < bytes.len && out->status == WINNOW_OK) {
        struct slice rest = {bytes.p + i, bytes.len - i};
        size_t valid = utf8_valid_prefix(rest);
        bool whole;
        buf_add(out, rest.p, valid);
        for (size_t k = 0; k < valid; k++)
            t->good += (unsigned char)rest.p[k] >= 0xC2;
        i += valid;
        if (i == bytes.len)
            break;
        i += utf8_sequence((const unsigned char *)bytes.p + i, bytes.len - i, &whole);
        t->replaced++;
        buf_add(out, replacement, 3);
        if (give_up && t->replaced > 64 && t->replaced > t->good)
            break;
    }
    t->bad = t->replaced;
}

/* Bytes that one U+FFFD stands for.  A trail byte that is ASCII is left in the text: what
 * it would open or close is not swallowed.  One that is not belongs to its lead: reading
 * on behind the lead would pair every later byte wrongly. */
static size_t bad_length(enum unit unit, const char *p, size_t n)
{
    static const unsigned char wide[] = {[UNIT_WIDE2] = 2, [UNIT_WIDE4] = 4};
    if (unit == UNIT_WIDE2 || unit == UNIT_WIDE4)
        return n < wide[unit] ? n : wide[unit];
    if (unit != UNIT_PAIR && unit != UNIT_EUC)
        return 1;
    size_t want = unit == UNIT_EUC && (unsigned char)*p == 0x8F ? 3 : 2, len = 1;
    while (len < want && len < n && (unsigned char)p[len] >= 0x80)
        len++;
    return len;
}

/* One call of iconv, with room for what it may make.  Its result, or -1 and errno. */
static size_t convert_some(iconv_t cd, char **p, size_t *left, struct buf *out)
{
    size_t avail = out->max - out->len;
    size_t room = *left < SIZE_MAX / 4 ? *left + *left / 2 + 64 : avail;
    if (room > avail)
        room = avail;
    char *to = buf_room(out, room), *end = to;
    if (!to) {
        errno = ENOMEM;
        return (size_t)-1;
    }
    size_t had = room;
    size_t result = iconv(cd, p, left, &end, &room);
    out->len += had - room;
    out->data[out->len] = '\0';
    if (result == (size_t)-1 && errno == E2BIG && had == avail)
        out->status = WINNOW_ELIMIT;
    return result;
}

/* Some converters hold back a letter until they know whether an accent follows. */
static void flush_held(iconv_t cd, struct buf *out)
{
    size_t none = 0;
    char *nothing = NULL;
    do
        none = 0;
    while (convert_some(cd, &nothing, &none, out) == (size_t)-1 && errno == E2BIG &&
           out->status == WINNOW_OK);
}

static void convert_all(iconv_t cd, enum unit unit, struct slice bytes, bool give_up,
                        struct buf *out, struct trial *t)
{
    char *p = (char *)bytes.p;
    size_t left = bytes.len;
    while (left > 0 && out->status == WINNOW_OK) {
        if (convert_some(cd, &p, &left, out) != (size_t)-1 || errno == E2BIG)
            continue;
        if (errno != EILSEQ && errno != EINVAL)
            break;
        bool cut = errno == EINVAL;
        if (unit != UNIT_ESCAPE) /* there it would end the run of double bytes */
            flush_held(cd, out);
        size_t len = bad_length(unit, p, left);
        p += len;
        left -= len;
        t->cut = cut;
        t->replaced++;
        buf_add(out, replacement, 3);
        if (give_up && is_hopeless(t, bytes.len - left))
            break;
    }
    flush_held(cd, out);
}

/* Counts what stands in the result: characters that speak for the charset, and those that
 * speak against it (controls, private use, noncharacters). */
static void judge(const struct buf *out, enum unit unit, struct trial *t)
{
    const unsigned char *p = (const unsigned char *)out->data;
    bool wide = unit == UNIT_WIDE2 || unit == UNIT_WIDE4;
    size_t odd = 0, all = 0;
    for (size_t i = 0; i < out->len; i++) { /* a NUL follows the last byte */
        unsigned char c = p[i], d = p[i + 1];
        all += c >= 0xC2 || (wide && c < 0x80);
        odd += (c == 0xC2 && d < 0xA0 && d != 0x85) ||         /* U+0080..9F, not NEL */
               (c == 0xEE || (c == 0xEF && d < 0xA4)) ||       /* private use */
               (c == 0xEF && d == 0xBF && p[i + 2] >= 0xBE) || /* U+FFFE, U+FFFF */
               c >= 0xF3 || (wide && c < 0x20 && c && (c < 8 || c > 13));
    }
    t->bad = t->replaced - t->cut + odd;
    t->good = all > t->bad ? all - t->bad : 0;
}

/* Turns all of bytes into UTF-8 in *out.  give_up: stop where it plainly does not fit.
 * false where this system has no such converter. */
static bool try_charset(const struct charset *cs, struct slice bytes, bool give_up, struct buf *out,
                        struct trial *t)
{
    *t = (struct trial){0};
    buf_clear(out);
    if (cs->unit == UNIT_UTF8) {
        repair_utf8(bytes, give_up, out, t);
        return true;
    }
    iconv_t cd = iconv_open("UTF-8", cs->name);
    if (cd == (iconv_t)-1)
        return false;
    convert_all(cd, cs->unit, bytes, give_up, out, t);
    iconv_close(cd);
    judge(out, cs->unit, t);
    return true;
}

/* --- who says what the charset is -------------------------------------------------- */

struct evidence {
    struct slice bytes;
    const char *http; /* may be NULL */
};

static const struct charset *find_bom(struct evidence *e)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *label;
    } boms[] = {
        {"\xEF\xBB\xBF", 3, "utf8"},
        {"\xFF\xFE\0\0", 4, "utf32le"}, /* before utf16le, which starts the same */
        {"\0\0\xFE\xFF", 4, "utf32be"},
        {"\xFF\xFE", 2, "utf16le"},
        {"\xFE\xFF", 2, "utf16be"},
        {"\x84\x31\x95\x33", 4, "gb18030"},
    };
    for (size_t i = 0; i < sizeof boms / sizeof *boms; i++)
        if (e->bytes.len >= boms[i].len && !memcmp(e->bytes.p, boms[i].bytes, boms[i].len)) {
            e->bytes = slice_from(e->bytes, boms[i].len);
            return charset_named(boms[i].label);
        }
    return NULL;
}

/* What the bytes at even and at odd places are. */
struct halves {
    size_t nuls[2];  /* 00 */
    size_t low[2];   /* below 20: the high bytes of alphabets */
    size_t cjk[2];   /* the high bytes of Chinese, Japanese and Korean, and of ASCII */
    size_t upper[2]; /* 80 and above */
    size_t pairs;
};

static struct halves count_halves(struct slice s)
{
    struct halves h = {.pairs = (s.len < LOOK_WINDOW ? s.len : LOOK_WINDOW) / 2};
    for (size_t i = 0; i < h.pairs * 2; i++) {
        unsigned char c = (unsigned char)s.p[i];
        h.nuls[i & 1] += c == 0;
        h.low[i & 1] += c < 0x20;
        h.cjk[i & 1] += c == 0 || c == 0x30 || (c >= 0x4E && c <= 0x9F) ||
                        (c >= 0xAC && c <= 0xD7) || c == 0xFF;
        h.upper[i & 1] += c >= 0x80;
    }
    return h;
}

/* Do the high bytes of UTF-16 stand in half k?  Three ways in which they show:
 * markup and Latin text are NULs there; other alphabets stay below 20; and Chinese, Japanese
 * and Korean fill a few ranges, while their low bytes are anything. */
static bool is_high_half(const struct halves *h, int k)
{
    int other = !k;
    bool nuls = h->nuls[k] >= h->pairs / 4 && h->nuls[other] <= h->nuls[k] / 4;
    bool alphabet = h->nuls[k] >= h->pairs / 50 && h->low[k] >= h->pairs - h->pairs / 4 &&
                    h->low[other] <= h->pairs / 2;
    bool cjk = h->cjk[k] >= h->pairs - h->pairs / 20 && h->cjk[other] < h->pairs - h->pairs / 5 &&
               h->upper[other] >= h->pairs / 8 && h->upper[other] <= h->pairs - h->pairs / 10;
    return h->nuls[k] > 0 && (nuls || alphabet || cjk);
}

/* UTF-16 without a BOM, shown by the NULs of its line ends at least. */
static const struct charset *find_wide(struct evidence *e)
{
    struct halves h = count_halves(e->bytes);
    if (is_high_half(&h, 1))
        return charset_named("utf16le");
    return is_high_half(&h, 0) ? charset_named("utf16be") : NULL;
}

/* ISO-2022-JP is ASCII bytes: its escape sequences are all that shows it. */
static const struct charset *find_escapes(struct evidence *e)
{
    static const char *const sequences[] = {"\x1B$B", "\x1B$@", "\x1B(J"};
    if (!memchr(e->bytes.p, 0x1B, e->bytes.len))
        return NULL;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (memmem(e->bytes.p, e->bytes.len, sequences[i], 3))
            return charset_named("iso2022jp");
    return NULL;
}

static const struct charset *find_utf8(struct evidence *e)
{
    (void)e;
    return charset_named("utf8");
}

/* The value at the start of s: in quotes, or up to one of the bytes in stop. */
static struct slice take_value(struct slice s, const char *stop)
{
    char quotes[2] = {0};
    s = skip_spaces(s);
    if (s.len && (*s.p == '"' || *s.p == '\'')) {
        quotes[0] = *s.p;
        stop = quotes;
        s = slice_from(s, 1);
    }
    size_t len = 0;
    while (len < s.len && !(s.p[len] && strchr(stop, s.p[len])))
        len++;
    return (struct slice){s.p, len};
}

/* What follows `word =` in s; p is NULL where there is none. */
static struct slice value_after(struct slice s, const char *word, const char *stop)
{
    size_t len = strlen(word);
    for (; s.len > len; s = slice_from(s, 1)) {
        if (!starts_with(s, word))
            continue;
        struct slice rest = skip_spaces(slice_from(s, len));
        if (rest.len && *rest.p == '=')
            return take_value(slice_from(rest, 1), stop);
    }
    return (struct slice){NULL, 0};
}

/* "windows-1251", or a whole "text/html; charset=windows-1251". */
static const struct charset *find_http(struct evidence *e)
{
    struct slice http = slice_of(e->http);
    if (!http.p)
        return NULL;
    struct slice value = value_after(http, "charset", "; \t,");
    return charset_of_label(value.p ? value : http);
}

/* One attribute of a tag; moves *s behind it.  false at the tag's end. */
static bool next_attr(struct slice *s, struct slice *name, struct slice *value)
{
    while (s->len && (is_space(*s->p) || *s->p == '/'))
        *s = slice_from(*s, 1);
    if (s->len == 0 || *s->p == '>')
        return false;
    size_t len = 1; /* a "=" at the start is part of the name */
    while (len < s->len && !is_space(s->p[len]) && !strchr("=/>", s->p[len]))
        len++;
    *name = (struct slice){s->p, len};
    *s = skip_spaces(slice_from(*s, len));
    *value = (struct slice){NULL, 0};
    if (s->len && *s->p == '=') {
        *value = take_value(slice_from(*s, 1), "> \t\r\n\f");
        bool quoted = value->p[-1] == '"' || value->p[-1] == '\'';
        size_t used = (size_t)(value->p - s->p) + value->len;
        *s = slice_from(*s, used + (quoted && used < s->len));
    }
    return true;
}

/* The label in the attributes at the start of *s, which moves behind them: charset="x", or
 * http-equiv with content="text/html; charset=x". */
static struct slice meta_label(struct slice *s)
{
    struct slice name, value, label = {NULL, 0}, content = {NULL, 0};
    bool content_type = false;
    while (next_attr(s, &name, &value)) {
        if (name.len == 7 && starts_with(name, "charset"))
            label = value;
        else if (name.len == 7 && starts_with(name, "content"))
            content = value_after(value, "charset", "; \t\r\n\"'");
        else if (name.len == 10 && starts_with(name, "http-equiv"))
            content_type = starts_with(skip_spaces(value), "content-type");
    }
    return label.p || !content_type ? label : content;
}

/* The label in an XML declaration, which is at the start of s. */
static struct slice xml_label(struct slice s)
{
    const char *close = memchr(s.p, '>', s.len);
    if (close)
        s.len = (size_t)(close - s.p);
    if (s.len > XML_MAX)
        s.len = XML_MAX;
    return value_after(s, "encoding", "? ");
}

/* The next declaration in *s, which moves behind it; p is NULL past the last. */
static struct slice next_declaration(struct slice *s)
{
    const char *open;
    while (s->len && (open = memchr(s->p, '<', s->len)) != NULL) {
        struct slice label = {NULL, 0};
        *s = slice_from(*s, (size_t)(open - s->p) + 1);
        if (starts_with(*s, "!--")) {
            const char *close = memmem(s->p, s->len, "-->", 3);
            *s = slice_from(*s, close ? (size_t)(close - s->p) : 0);
        } else if (starts_with(*s, "?xml")) {
            label = xml_label(*s);
        } else if (s->len > 4 && starts_with(*s, "meta") && (is_space(s->p[4]) || s->p[4] == '/')) {
            *s = slice_from(*s, 4);
            label = meta_label(s);
        }
        if (label.p)
            return label;
    }
    return (struct slice){NULL, 0};
}

static const struct charset *find_meta(struct evidence *e)
{
    if (input_kind(e->bytes, WINNOW_KIND_AUTO) != WINNOW_KIND_HTML)
        return NULL;
    struct slice head = e->bytes, label;
    if (head.len > META_WINDOW)
        head.len = META_WINDOW;
    while ((label = next_declaration(&head)).p) {
        const struct charset *cs = charset_of_label(label);
        /* It could be read as ASCII, so it is no UTF-16. */
        if (cs && (cs->unit == UNIT_WIDE2 || cs->unit == UNIT_WIDE4))
            cs = charset_named("utf8");
        if (cs)
            return cs;
    }
    return NULL;
}

/* --- the detector ------------------------------------------------------------------ */

enum { MARKUP_KINDS = 4 };

struct feed {
    uchardet_t detector;
    size_t given;              /* bytes */
    size_t ascii, upper;       /* letters, and bytes from 80 on, of all the text */
    bool no_end[MARKUP_KINDS]; /* no further end of this kind: it is not looked for again */
};

static void count_letters(struct feed *f, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i], lower = c | 0x20;
        f->upper += c >= 0x80;
        f->ascii += lower >= 'a' && lower <= 'z';
    }
}

/* Gives a piece of text to the detector.  Pieces of mere ASCII say nothing and dilute. */
static void feed_piece(struct feed *f, struct slice piece)
{
    count_letters(f, piece);
    if (is_ascii(piece))
        return;
    while (piece.len && f->given < DETECT_MAX) {
        size_t len = piece.len < DETECT_PIECE ? piece.len : DETECT_PIECE;
        uchardet_handle_data(f->detector, piece.p, len);
        f->given += len;
        piece = slice_from(piece, len);
    }
    uchardet_handle_data(f->detector, "\n", 1);
}

static void feed_lines(struct feed *f, struct slice s)
{
    while (s.len && f->given < DETECT_MAX) {
        const char *end = memchr(s.p, '\n', s.len);
        size_t len = end ? (size_t)(end - s.p) + 1 : s.len;
        feed_piece(f, (struct slice){s.p, len});
        s = slice_from(s, len);
    }
}

/* The bytes of the markup at the start of s, which is a "<": a tag, a comment, or a script
 * with all that is in it. */
static size_t markup_length(struct feed *f, struct slice s)
{
    static const struct {
        const char *start, *end;
    } kinds[MARKUP_KINDS] = {
        {"<!--", "-->"}, {"<script", "</script"}, {"<style", "</style"}, {"<", ">"}};
    for (size_t i = 0; i < MARKUP_KINDS; i++) {
        if (f->no_end[i] || !starts_with(s, kinds[i].start))
            continue;
        const char *end = memmem(s.p, s.len, kinds[i].end, strlen(kinds[i].end));
        if (end)
            return (size_t)(end - s.p) + strlen(kinds[i].end);
        f->no_end[i] = true;
    }
    return 1;
}

/* The text between the tags of a page. */
static void feed_text(struct feed *f, struct slice s)
{
    while (s.len && f->given < DETECT_MAX) {
        const char *open = memchr(s.p, '<', s.len);
        size_t len = open ? (size_t)(open - s.p) : s.len;
        feed_lines(f, (struct slice){s.p, len});
        s = slice_from(s, len);
        if (s.len)
            s = slice_from(s, markup_length(f, s));
    }
}

/* Few bytes that are not ASCII: there the guesses among the Latin alphabets are wild.  The
 * languages that need one of these have an accented letter in every 64 at least, and most
 * in every 15. */
static bool is_sparse(const struct feed *f, struct slice bytes)
{
    (void)bytes;
    return f->upper * 64 < f->ascii;
}

/* The Macintosh charsets have capitals where those of Windows have quotes, dashes and
 * letters that hardly any language has. */
static bool lacks_mac_capitals(const struct feed *f, struct slice bytes)
{
    size_t capitals = 0, letters = 0;
    (void)f;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        capitals += c >= 0x80 && c < 0xA0 && c != 0x85 && !(c >= 0x91 && c <= 0x97);
        letters += c >= 0xC0;
    }
    return capitals <= letters / 64;
}

/* KOI8-U is KOI8-R with four letters in place of lines; this is the commonest of them. */
static bool has_ukrainian_i(const struct feed *f, struct slice bytes)
{
    (void)f;
    return memchr(bytes.p, 0xA6, bytes.len) != NULL;
}

/* What the detector is known to mistake, and what is meant: the first row that applies. */
static const struct charset *correct_detector(const struct charset *cs, const struct feed *f,
                                              struct slice bytes)
{
    static const struct {
        const char *said, *meant;
        bool (*applies)(const struct feed *f, struct slice bytes);
    } rows[] = {
        {"KOI8-R", "koi8u", has_ukrainian_i},
        {"MAC-CYRILLIC", "windows1251", lacks_mac_capitals},
        {"MAC-CENTRALEUROPE", "windows1252", lacks_mac_capitals},
        {"MAC-CENTRALEUROPE", "windows1252", is_sparse},
        {"WINDOWS-1250", "windows1252", is_sparse},
        {"WINDOWS-1257", "windows1252", is_sparse},
        {"WINDOWS-1258", "windows1252", is_sparse},
        {"ISO-8859-2", "windows1252", is_sparse},
        {"ISO-8859-3", "windows1252", is_sparse},
        {"ISO-8859-4", "windows1252", is_sparse},
        {"ISO-8859-10", "windows1252", is_sparse},
        {"ISO-8859-13", "windows1252", is_sparse},
        {"ISO-8859-16", "windows1252", is_sparse},
        {"IBM852", "windows1252", is_sparse},
        {"VISCII", "windows1252", is_sparse},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(cs->name, rows[i].said) && rows[i].applies(f, bytes))
            return charset_named(rows[i].meant);
    return cs;
}

static const struct charset *find_detected(struct evidence *e)
{
    struct feed f = {.detector = uchardet_new()};
    if (!f.detector)
        return NULL;
    if (input_kind(e->bytes, WINNOW_KIND_AUTO) == WINNOW_KIND_HTML)
        feed_text(&f, e->bytes);
    if (f.given == 0) /* a dump, or all that is not ASCII stands in tags and scripts */
        feed_lines(&f, e->bytes);
    uchardet_data_end(f.detector);
    const struct charset *cs = charset_named(uchardet_get_charset(f.detector));
    uchardet_delete(f.detector);
    return cs ? correct_detector(cs, &f, e->bytes) : NULL;
}

static const struct charset *find_fallback(struct evidence *e)
{
    (void)e;
    return charset_named("windows1252");
}

/* --- is it text at all? ------------------------------------------------------------ */

struct magic {
    size_t at;
    const char *bytes;
    size_t len;
    const char *what;
    bool sure; /* no text starts so; the others name what was found to be binary */
};

static const struct magic magics[] = {
    {0, "%PDF-", 5, "a PDF", true},
    {0, "%!PS-Adobe", 10, "PostScript", true},
    {0, "{\\rtf", 5, "an RTF document", true},
    {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8, "an old Office document", true},
    {0, "PK\3\4", 4, "a zip (or an Office document or e-book, which are zips)", true},
    {0, "\x1F\x8B\x08", 3, "gzip inside gzip", true},
    {0, "\x28\xB5\x2F\xFD", 4, "compressed with zstd", true},
    {0, "\xFD\x37zXZ\0", 6, "compressed with xz", true},
    {0, "7z\xBC\xAF\x27\x1C", 6, "a 7z archive", true},
    {0, "BZh", 3, "compressed with bzip2", false},
    {0, "Rar!\x1A\7", 6, "a RAR archive", true},
    {257, "ustar", 5, "a tar archive", false},
    {0, "\x89PNG\r\n\x1A\n", 8, "a PNG image", true},
    {0, "\xFF\xD8\xFF", 3, "a JPEG image", true},
    {0, "GIF8", 4, "a GIF image", false},
    {8, "WEBP", 4, "a WebP image", false},
    {0, "wOF", 3, "a web font", false},
    {4, "ftyp", 4, "a video or an image", false},
    {0, "ID3", 3, "an MP3", false},
    {0, "OggS", 4, "an Ogg recording", false},
    {0, "\x7F\x45LF", 4, "a program", true},
    {0, "MZ", 2, "a Windows program", false},
    {0, "\0asm", 4, "WebAssembly", true},
    {0, "SQLite format 3", 16, "an SQLite database", true},
};

static const struct magic *find_magic(struct slice s)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const struct magic *m = &magics[i];
        if (s.len >= m->at && s.len - m->at >= m->len && !memcmp(s.p + m->at, m->bytes, m->len))
            return m;
    }
    return NULL;
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && !(c >= '\b' && c <= '\r') && c != 0x1B) || c == 0x7F;
}

/* Random bytes are one in nine control characters; text has hardly any, though a few get
 * into every large collection. */
static int check_text(struct slice s, struct winnow_error *err)
{
    const struct magic *m = find_magic(s);
    size_t controls = 0, whole = s.len;
    while (s.len && s.p[s.len - 1] == '\0') /* the tail of a file that was to grow */
        s.len--;
    if (s.len == 0 && whole > 0)
        return err_set(err, WINNOW_EDATA,
                       "it is %zu NUL bytes and nothing else, as a crash leaves a file; fetch it "
                       "again", whole);
    if (s.len > LOOK_WINDOW)
        s.len = LOOK_WINDOW;
    for (size_t i = 0; i < s.len; i++)
        controls += is_control((unsigned char)s.p[i]);
    bool binary = controls > 2 && controls > s.len / 20;
    if (m && (m->sure || binary))
        return err_set(err, WINNOW_EDATA,
                       "it is %s, and winnow cleans HTML and text; unpack or convert it first",
                       m->what);
    if (binary)
        return err_set(err, WINNOW_EDATA,
                       "it is no text (%zu of its first %zu bytes are control characters), and "
                       "winnow cleans HTML and text; leave it out",
                       controls, s.len);
    return WINNOW_OK;
}

/* --- decode ------------------------------------------------------------------------ */

struct source {
    const char *from;
    const struct charset *(*find)(struct evidence *e);
    size_t need; /* good characters for every bad one */
};

enum { NEED_DECLARED_UTF8 = 1 };

/* What shows itself in bytes that otherwise look binary ... */
static const struct source wide_sources[] = {
    {"bom", find_bom, 20},
    {"detector", find_wide, 20},
    {NULL, NULL, 0},
};

/* ... and what is asked of bytes that look like text, in the order of belief. */
static const struct source sources[] = {
    {"detector", find_escapes, 20},
    {"utf-8", find_utf8, 4},
    {"http", find_http, 20},
    {"meta", find_meta, 20},
    {"detector", find_detected, 20},
    {"fallback", find_fallback, 0},
    {NULL, NULL, 0},
};

static bool fits(const struct trial *t, size_t need)
{
    return t->bad <= (t->good + need / 2) / (need ? need : 1) || need == 0;
}

/* Asks the sources one after the other.  The one whose charset fits, its result in *out; or
 * NULL: none, or a failure that *out remembers. */
static const struct source *ask_sources(const struct source *source, struct evidence *e,
                                        struct buf *out, struct decoded *ret)
{
    for (; source->from; source++) {
        struct trial t;
        struct slice whole = e->bytes;
        const struct charset *cs = source->find(e);
        size_t need = source->need;
        if (!cs)
            continue;
        if (cs->unit == UNIT_UTF8 && source->find != find_utf8)
            need = NEED_DECLARED_UTF8;
        if (!try_charset(cs, e->bytes, need > 0, out, &t))
            continue;
        if (!fits(&t, need) && out->status != WINNOW_ENOMEM) {
            buf_clear(out); /* also a limit: what is wrong is longer than what is right */
            if (cs->unit != UNIT_UTF8)
                e->bytes = whole; /* what looked like a BOM is text */
            continue;
        }
        if (out->status != WINNOW_OK)
            return NULL;
        ret->from = source->from;
        ret->replaced = t.replaced;
        snprintf(ret->charset, sizeof ret->charset, "%s", cs->name);
        return source;
    }
    return NULL;
}

static size_t drop_nuls(struct buf *b)
{
    char *nul = b->len ? memchr(b->data, 0, b->len) : NULL;
    if (!nul)
        return 0;
    char *to = nul;
    for (char *p = nul; p < b->data + b->len; p++)
        if (*p)
            *to++ = *p;
    size_t dropped = (size_t)(b->data + b->len - to);
    b->len -= dropped;
    b->data[b->len] = '\0';
    return dropped;
}

static struct slice drop_boms(struct slice s)
{
    while (s.len >= 3 && !memcmp(s.p, "\xEF\xBB\xBF", 3))
        s = slice_from(s, 3);
    return s;
}

/* Valid UTF-8 that needs no change but for a BOM: the common page, at the cost of one pass. */
static bool is_plain(struct slice bytes)
{
    struct evidence e = {.bytes = bytes};
    return utf8_valid_prefix(bytes) == bytes.len &&
           (bytes.len == 0 || !memchr(bytes.p, 0, bytes.len)) && !find_escapes(&e);
}

static int decode_hard(struct evidence *e, struct buf *out, struct decoded *ret,
                       struct winnow_error *err)
{
    const struct source *source = ask_sources(wide_sources, e, out, ret);
    if (!source && out->status == WINNOW_OK) {
        int status = check_text(e->bytes, err);
        if (status != WINNOW_OK)
            return status;
        source = ask_sources(sources, e, out, ret);
    }
    if (out->status == WINNOW_ELIMIT)
        return err_set(err, WINNOW_ELIMIT,
                       "as UTF-8 the page has more than %zu bytes, the limit for one page; raise "
                       "it (--max-size) if the page is really that large",
                       out->max);
    if (out->status != WINNOW_OK)
        return err_nomem(err);
    if (!source)
        return err_set(err, WINNOW_EDATA,
                       "this system has no converter for the page's charset; install the C "
                       "library's gconv modules");
    ret->nuls = drop_nuls(out);
    ret->text = drop_boms(buf_slice(out));
    return WINNOW_OK;
}

static int decode_plain(struct slice bytes, size_t max_bytes, struct decoded *ret,
                        struct winnow_error *err)
{
    ret->text = drop_boms(bytes);
    ret->from = ret->text.len < bytes.len ? "bom" : "utf-8";
    strcpy(ret->charset, "UTF-8");
    if (ret->text.len > max_bytes)
        return err_set(err, WINNOW_ELIMIT,
                       "the page has %zu bytes, more than the limit of %zu; raise it "
                       "(--max-size) if the page is really that large",
                       ret->text.len, max_bytes);
    return check_text(ret->text, err);
}

int decode(struct slice bytes, const char *http_charset, size_t max_bytes, struct buf *buffer,
           struct decoded *ret, struct winnow_error *err)
{
    struct decoded made = {0};
    struct evidence e = {bytes, http_charset};
    size_t max = buffer->max;
    int status;
    if (bytes.len == 0)
        bytes.p = ""; /* may have been NULL */
    buf_clear(buffer);
    if (is_plain(bytes)) {
        status = decode_plain(bytes, max_bytes, &made, err);
    } else {
        buffer->max = max < max_bytes ? max : max_bytes;
        status = decode_hard(&e, buffer, &made, err);
        buffer->max = max;
    }
    if (status == WINNOW_OK)
        *ret = made;
    return status;
}
