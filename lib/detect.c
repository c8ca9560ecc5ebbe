/* detect.c - the charset that bytes show by their look.
 *
 * uchardet guesses well where it sees text alone: tags and scripts are ASCII and dilute it.
 * What it is known to mistake stands in a table.  UTF-16 without a BOM and the escapes of
 * ISO-2022-JP it need not guess, so we look for them ourselves. */
#include "detect.h"

#include <strings.h>
#include <uchardet/uchardet.h>

#include "input.h"
#include "utf8.h"

enum {
    WIDE_WINDOW = 64 << 10, /* bytes in which we look for NULs */
    DETECT_MAX = 1 << 20,   /* bytes for the detector, which reads 15 MB/s */
    DETECT_PIECE = 32 << 10,
};

static struct slice slice_from(struct slice s, size_t start)
{
    return (struct slice){s.p + start, s.len - start};
}

static bool starts_with(struct slice s, const char *word)
{
    size_t len = strlen(word);
    return s.len >= len && strncasecmp(s.p, word, len) == 0;
}

/* --- UTF-16 and escapes ------------------------------------------------------------ */

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
    struct halves h = {.pairs = (s.len < WIDE_WINDOW ? s.len : WIDE_WINDOW) / 2};
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

const struct charset *detect_wide(struct slice bytes)
{
    struct halves h = count_halves(bytes);
    if (is_high_half(&h, 1))
        return charset_named("utf16le");
    return is_high_half(&h, 0) ? charset_named("utf16be") : NULL;
}

const struct charset *detect_escapes(struct slice bytes)
{
    static const char *const sequences[] = {"\x1B$B", "\x1B$@", "\x1B(J"};
    if (!memchr(bytes.p, 0x1B, bytes.len))
        return NULL;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (memmem(bytes.p, bytes.len, sequences[i], 3))
            return charset_named("iso2022jp");
    return NULL;
}

/* --- what the detector reads ------------------------------------------------------- */

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
    if (utf8_is_ascii(piece))
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
        if (!strcmp(charset_name(cs), rows[i].said) && rows[i].applies(f, bytes))
            return charset_named(rows[i].meant);
    return cs;
}

const struct charset *detect_by_letters(struct slice bytes)
{
    struct feed f = {.detector = uchardet_new()};
    if (!f.detector)
        return NULL;
    if (input_kind(bytes, WINNOW_KIND_AUTO) == WINNOW_KIND_HTML)
        feed_text(&f, bytes);
    if (f.given == 0) /* a dump, or all that is not ASCII stands in tags and scripts */
        feed_lines(&f, bytes);
    uchardet_data_end(f.detector);
    const struct charset *cs = charset_named(uchardet_get_charset(f.detector));
    uchardet_delete(f.detector);
    return cs ? correct_detector(cs, &f, bytes) : NULL;
}
