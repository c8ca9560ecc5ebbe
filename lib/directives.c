/* directives.c - the table of directives, and the one that was probably meant. */
#include "directives.h"

#include <stdint.h>

static const struct directive directives[] = {
#define X(id, name, arg, value, flags) {name, DIRECTIVE_##id, arg, value, flags},
    DIRECTIVES(X)
#undef X
};

const struct directive *directive_of(struct slice name)
{
    for (size_t i = 0; i < DIRECTIVE_COUNT; i++)
        if (slice_is(name, directives[i].name))
            return &directives[i];
    return NULL;
}

enum { NAME_MOST = 40 }; /* characters; longer names are no typing errors */

/* Edit distance of two short names (Levenshtein), with neighbours swapped as one
 * edit (Damerau's restricted form). */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned rows[3][NAME_MOST + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned best = above[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                above2[j - 2] + 1 < best)
                best = above2[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *directive_near(struct slice name)
{
    const char *ret = NULL;
    unsigned best = UINT32_MAX;
    if (name.len == 0 || name.len > NAME_MOST)
        return NULL;
    for (size_t i = 0; i < DIRECTIVE_COUNT; i++) {
        struct slice known = slice_of(directives[i].name);
        unsigned d = distance(name, known);
        unsigned allowed = known.len < 6 ? 1 : known.len < 12 ? 2 : 3;
        if (d <= allowed && d < best) {
            best = d;
            ret = directives[i].name;
        }
    }
    return ret;
}
