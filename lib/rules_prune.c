/* rules_prune.c - elements of a named body that are there to be clicked, not to be read.
 *
 * The readers of the site-config format clean the body that a file names, unless it says
 * `prune: no`: controls and forms go, and groups most of whose text is links.  That is
 * their idea of what is no content, with one bound in place of their scores. */
#include "rules_prune.h"

#include <stdlib.h>

enum { LINKS_LEAST = 2 }; /* one link is no group */

/* Letters: bytes that are no ASCII white space or control. */
static uint32_t letters_in(const struct page *p, const struct node *n)
{
    uint32_t ret = 0;
    for (uint32_t i = n->text_start; i < n->text_end; i++)
        ret += (unsigned char)p->text[i] > ' ';
    return ret;
}

int link_counts_make(const struct page *p, struct link_counts *ret)
{
    size_t n = p->tree.count + 1;
    uint32_t *all = calloc(3 * n, sizeof *all), link_end = 0;
    if (!all)
        return WINNOW_ENOMEM;
    *ret = (struct link_counts){&p->tree, all, all + n, all + 2 * n};
    for (uint32_t i = 0; i < p->tree.count; i++) {
        const struct node *node = &p->tree.nodes[i];
        bool link = node->tag == TAG_A && i >= link_end;
        if (link)
            link_end = node->end;
        uint32_t letters = node->tag == TAG_TEXT ? letters_in(p, node) : 0;
        ret->letters[i + 1] = ret->letters[i] + letters;
        ret->linked[i + 1] = ret->linked[i] + (i < link_end ? letters : 0);
        ret->links[i + 1] = ret->links[i] + link;
    }
    return WINNOW_OK;
}

void link_counts_free(struct link_counts *c)
{
    free(c->letters);
}

bool is_control(const struct tree *t, uint32_t node)
{
    switch (t->nodes[node].tag) {
    case TAG_BUTTON:
    case TAG_FORM:
    case TAG_NAV:
    case TAG_SELECT:
        return true;
    default:
        return false;
    }
}

static bool is_group(const struct tree *t, uint32_t node)
{
    switch (t->nodes[node].tag) {
    case TAG_ASIDE:
    case TAG_DIV:
    case TAG_FOOTER:
    case TAG_HEADER:
    case TAG_OL:
    case TAG_SECTION:
    case TAG_TABLE:
    case TAG_UL:
        return true;
    default:
        return false;
    }
}

/* More than half of its text stands in two links or more. */
bool is_mostly_links(const struct link_counts *c, uint32_t node)
{
    uint32_t end = c->tree->nodes[node].end;
    uint32_t letters = c->letters[end] - c->letters[node];
    uint32_t linked = c->linked[end] - c->linked[node];
    return is_group(c->tree, node) && c->links[end] - c->links[node] >= LINKS_LEAST &&
           linked > letters / 2;
}
