/* tags.c - the table of elements, and the way from a name to its line.
 *
 * The table is sorted by name, so a lookup is a binary search over some hundred
 * short strings.  Parsers do not look up every element here: each keeps its own
 * numbers' way to ours and asks once a name. */
#include "tags.h"

#include <stddef.h>

struct tag_line {
    const char *name;
    uint8_t len; /* bytes */
    uint8_t flags;
};

enum { NAME_MAX_LEN = 10 }; /* blockquote, figcaption */

static const struct tag_line tags[TAG_COUNT] = {
    [TAG_TEXT] = {"#text", 5, 0},
#define X(id, name, flags) [TAG_##id] = {name, sizeof name - 1, flags},
    TAGS(X)
#undef X
};

/* Lower-cases the name into `to`; false where it is longer than any of ours. */
static bool lower_name(struct slice name, char to[static NAME_MAX_LEN])
{
    if (name.len == 0 || name.len > NAME_MAX_LEN)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        to[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return true;
}

static int compare(const char *name, size_t len, const struct tag_line *line)
{
    int d = memcmp(name, line->name, len < line->len ? len : line->len);
    return d != 0 ? d : (int)len - (int)line->len;
}

enum tag tag_of(struct slice name)
{
    char lower[NAME_MAX_LEN];
    if (!lower_name(name, lower))
        return TAG_COUNT;
    unsigned low = TAG_TEXT + 1, high = TAG_COUNT;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int d = compare(lower, name.len, &tags[middle]);
        if (d == 0)
            return (enum tag)middle;
        if (d < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return TAG_COUNT;
}

const char *tag_name(enum tag tag)
{
    return tags[tag < TAG_COUNT ? tag : TAG_TEXT].name;
}

unsigned tag_flags(unsigned tag)
{
    return tag < TAG_COUNT ? tags[tag].flags : 0;
}
