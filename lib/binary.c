/* binary.c - is it text at all?  What is none is named. */
#include "binary.h"

#include "err.h"

enum { CONTROL_WINDOW = 64 << 10 }; /* bytes in which we look for control characters */

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
int binary_refuse(struct slice bytes, struct winnow_error *err)
{
    struct slice s = bytes;
    const struct magic *m = find_magic(s);
    size_t controls = 0;
    while (s.len && s.p[s.len - 1] == '\0') /* the tail of a file that was to grow */
        s.len--;
    if (s.len == 0 && bytes.len > 0)
        return err_set(err, WINNOW_EDATA,
                       "it is %zu NUL bytes and nothing else, as a crash leaves a file; fetch it "
                       "again",
                       bytes.len);
    if (s.len > CONTROL_WINDOW)
        s.len = CONTROL_WINDOW;
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
