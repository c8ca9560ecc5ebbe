/* charset.c - the charsets that we read: what they are called, and their text to UTF-8.
 *
 * 1. Only the charsets of the table reach iconv: a page names a charset, it never picks a
 *    converter.
 * 2. iconv loads a library for each charset, and a worker's parent would have to hold them
 *    all, which every fork copies.  So where each byte is a letter by itself iconv is asked
 *    for the 256 of them once, at the first use, and then not needed any more. */
#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "err.h"
#include "utf8.h"

enum { LABEL_MAX = 32 }; /* letters and digits */

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

enum { CHARSETS = sizeof charsets / sizeof *charsets };

const struct charset *charset_of_label(struct slice label)
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
    for (size_t i = 0; len && i < CHARSETS; i++)
        for (const char *at = charsets[i].labels; (at = strstr(at, key)) != NULL; at += len)
            if ((at == charsets[i].labels || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
                return &charsets[i];
    return NULL;
}

const struct charset *charset_named(const char *label)
{
    return charset_of_label(slice_of(label));
}

static bool is_wide(enum unit unit)
{
    return unit == UNIT_WIDE2 || unit == UNIT_WIDE4;
}

const char *charset_name(const struct charset *cs)
{
    return cs->name;
}

bool charset_is_utf8(const struct charset *cs)
{
    return cs->unit == UNIT_UTF8;
}

bool charset_is_wide(const struct charset *cs)
{
    return is_wide(cs->unit);
}

/* --- a byte a letter ---------------------------------------------------------------- */

struct letter {
    char utf8[3];
    unsigned char len; /* 0: the byte means nothing */
};

/* Who takes a table from NEW to BUSY makes it; others ask iconv meanwhile, so nobody waits,
 * also not in a child that was forked just then. */
enum { TABLE_NEW, TABLE_BUSY, TABLE_READY, TABLE_UNFIT };

/* READY ones never change, and lie here rather than in a cleaner: they are the machine's. */
static struct letter_table {
    atomic_int state;
    struct letter letters[256];
} tables[CHARSETS];

/* false where a byte alone is not a letter: the converter waits for an accent behind it. */
static bool ask_letter(iconv_t cd, int byte, struct letter *ret)
{
    char from = (char)byte, *p = &from, *to = ret->utf8;
    size_t left = 1, room = sizeof ret->utf8;
    bool known = iconv(cd, &p, &left, &to, &room) != (size_t)-1;
    if (!known && errno != EILSEQ)
        return false;
    ret->len = (unsigned char)(sizeof ret->utf8 - room);
    return ret->len > 0 || !known;
}

/* The state that the table has then. */
static int make_table(const char *name, struct letter letters[256])
{
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1)
        return TABLE_NEW; /* another time there may be memory, or descriptors */
    bool fits = true;
    for (int byte = 0; byte < 256 && fits; byte++)
        fits = ask_letter(cd, byte, &letters[byte]);
    iconv_close(cd);
    return fits ? TABLE_READY : TABLE_UNFIT;
}

/* 256 of them, or NULL: ask iconv. */
static const struct letter *letters_of(const struct charset *cs)
{
    struct letter_table *t = &tables[cs - charsets];
    int state = atomic_load_explicit(&t->state, memory_order_acquire);
    if (cs->unit == UNIT_BYTE && state == TABLE_NEW &&
        atomic_compare_exchange_strong(&t->state, &state, TABLE_BUSY)) {
        state = make_table(cs->name, t->letters);
        atomic_store_explicit(&t->state, state, memory_order_release);
    }
    return state == TABLE_READY ? t->letters : NULL;
}

/* As iconv does it, with its errors. */
static size_t put_letters(const struct letter *letters, char **p, size_t *left, char **to,
                          size_t *room)
{
    size_t n = *left, avail = *room;
    const unsigned char *from = (const unsigned char *)*p;
    char *end = *to;
    int error = 0;
    if (n == 0)
        return 0; /* there need be nowhere to read from */
    for (; n > 0; n--, from++) {
        struct letter l = letters[*from];
        if (l.len == 0 || l.len > avail) {
            error = l.len ? E2BIG : EILSEQ;
            break;
        }
        for (size_t i = 0; i < l.len; i++)
            *end++ = l.utf8[i];
        avail -= l.len;
    }
    *p += *left - n;
    *left = n;
    *to = end;
    *room = avail;
    if (error)
        errno = error;
    return error ? (size_t)-1 : 0;
}

struct converter {
    const struct letter *letters; /* or NULL: */
    iconv_t cd;
};

static bool converter_open(const struct charset *cs, struct converter *ret)
{
    *ret = (struct converter){.letters = letters_of(cs)};
    return ret->letters || (ret->cd = iconv_open("UTF-8", cs->name)) != (iconv_t)-1;
}

static void converter_close(struct converter *c)
{
    if (!c->letters)
        iconv_close(c->cd);
}

static size_t convert(const struct converter *c, char **p, size_t *left, char **to, size_t *room)
{
    return c->letters ? put_letters(c->letters, p, left, to, room)
                      : iconv(c->cd, p, left, to, room);
}

/* --- before files cannot be opened any more ------------------------------------------ */

struct charset_held {
    struct converter of[CHARSETS];
    size_t count;
};

/* glibc lets go of a library that nobody uses (the tables') only when it closes others. */
static bool open_twice(const struct charset *cs, struct converter *ret)
{
    if (!converter_open(cs, ret))
        return false;
    converter_close(ret);
    return converter_open(cs, ret);
}

/* What this system does not have stays without. */
static int hold_one(const struct charset *cs, struct charset_held *held, struct winnow_error *err)
{
    struct converter c;
    if (!open_twice(cs, &c)) {
        if (errno == ENOMEM)
            return err_nomem(err);
        return errno == EINVAL ? WINNOW_OK
                               : err_set(err, WINNOW_EIO,
                                         "the C library's converter of %s cannot be loaded: %s; "
                                         "see to it and try again", cs->name, strerror(errno));
    }
    if (!c.letters)
        held->of[held->count++] = c;
    return WINNOW_OK;
}

int charset_hold_all(struct charset_held **ret, struct winnow_error *err)
{
    struct charset_held *held = calloc(1, sizeof *held);
    int status = held ? WINNOW_OK : err_nomem(err);
    for (size_t i = 0; i < CHARSETS && status == WINNOW_OK; i++)
        if (charsets[i].unit != UNIT_UTF8)
            status = hold_one(&charsets[i], held, err);
    if (status == WINNOW_OK)
        *ret = held;
    else
        charset_release(held);
    return status;
}

void charset_release(struct charset_held *held)
{
    if (!held)
        return;
    for (size_t i = 0; i < held->count; i++)
        converter_close(&held->of[i]);
    free(held);
}

/* --- trying one -------------------------------------------------------------------- */

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Is it plain by now that this charset is not the text's? */
static bool is_hopeless(const struct charset_trial *t, size_t bytes_read)
{
    return t->replaced > 64 && t->replaced > bytes_read / 8;
}

/* Bytes that one U+FFFD stands for.  A trail byte that is ASCII is left in the text: what
 * it would open or close is not swallowed.  One that is not belongs to its lead: reading
 * on behind the lead would pair every later byte wrongly. */
static size_t bad_length(enum unit unit, const char *p, size_t n)
{
    static const unsigned char wide[] = {[UNIT_WIDE2] = 2, [UNIT_WIDE4] = 4};
    if (n == 0) /* glibc's CP949 steps over the A2 E8 that it refuses */
        return 0;
    if (is_wide(unit))
        return n < wide[unit] ? n : wide[unit];
    if (unit != UNIT_PAIR && unit != UNIT_EUC)
        return 1;
    size_t want = unit == UNIT_EUC && (unsigned char)*p == 0x8F ? 3 : 2, len = 1;
    while (len < want && len < n && (unsigned char)p[len] >= 0x80)
        len++;
    return len;
}

/* One call of the converter, with room for what it may make.  Its result, or -1 and errno. */
static size_t convert_some(const struct converter *c, char **p, size_t *left, struct buf *out)
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
    size_t result = convert(c, p, left, &end, &room);
    out->len += had - room;
    out->data[out->len] = '\0';
    if (result == (size_t)-1 && errno == E2BIG && had == avail)
        out->status = WINNOW_ELIMIT;
    return result;
}

/* Some converters hold back a letter until they know whether an accent follows. */
static void flush_held(const struct converter *c, struct buf *out)
{
    size_t none = 0;
    char *nothing = NULL;
    do
        none = 0;
    while (convert_some(c, &nothing, &none, out) == (size_t)-1 && errno == E2BIG &&
           out->status == WINNOW_OK);
}

static void convert_all(const struct converter *c, enum unit unit, struct slice bytes,
                        bool give_up, struct buf *out, struct charset_trial *t)
{
    char *p = (char *)bytes.p;
    size_t left = bytes.len;
    while (left > 0 && out->status == WINNOW_OK) {
        if (convert_some(c, &p, &left, out) != (size_t)-1 || errno == E2BIG)
            continue;
        if (errno != EILSEQ && errno != EINVAL)
            break;
        bool cut = errno == EINVAL;
        if (unit != UNIT_ESCAPE) /* there it would end the run of double bytes */
            flush_held(c, out);
        size_t len = bad_length(unit, p, left);
        p += len;
        left -= len;
        t->cut = cut;
        t->replaced++;
        buf_add(out, replacement, 3);
        if (give_up && is_hopeless(t, bytes.len - left))
            break;
    }
    flush_held(c, out);
}

/* Counts what stands in the result: characters that speak for the charset, and those that
 * speak against it (controls, private use, noncharacters). */
static void judge(const struct buf *out, enum unit unit, struct charset_trial *t)
{
    const unsigned char *p = (const unsigned char *)out->data;
    bool wide = is_wide(unit);
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

bool charset_try(const struct charset *cs, struct slice bytes, bool give_up, struct buf *out,
                 struct charset_trial *ret)
{
    struct charset_trial t = {0};
    buf_clear(out);
    if (cs->unit == UNIT_UTF8) {
        t.bad = t.replaced = utf8_mend(bytes, give_up, out, &t.good);
        *ret = t;
        return true;
    }
    struct converter c;
    if (!converter_open(cs, &c))
        return false;
    convert_all(&c, cs->unit, bytes, give_up, out, &t);
    converter_close(&c);
    judge(out, cs->unit, &t);
    *ret = t;
    return true;
}
