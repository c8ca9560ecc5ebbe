/* site_rules.c - writes what was learned of a site as a proposal for its rule file.
 *
 * A long line is dropped wherever it stands.  A short one could be a heading too
 * ("Documentation"), so it is dropped with a neighbour that it has on most pages: the
 * rule's expression holds both lines.  So each rule takes only what it names, and a page
 * whose menu has changed in part still loses the rest.  What pages say again between two
 * shared lines (a table of contents) is named by these lines and bounded in length. */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "norm.h"
#include "text.h"

enum {
    RULES_BYTES = 4 * 1024 * 1024, /* as much as a rule file may have */
    LINES_MOST = 1000,      /* that are named; more is no template */
    LONG_LEAST = 40,        /* normalised characters: longer than headings are */
    SLOT_LEAST = 3,         /* documents that echo themselves there */
    SLOT_SHARE = 90,        /* percent of those that have something there */
    SLOT_LINES = 8,         /* a rule for a slot takes as many, or twice what was seen */
    STAY_TESTS = 3,         /* short lines that a test shows to stay */
};

/* Ends of a link that are no lines. */
enum { AT_START = UINT32_MAX - 1, AT_END = UINT32_MAX };

struct rline {
    const struct site_line *line;
    uint32_t name; /* beside_name */
    bool is_long, walked;
};

/* Two lines that stand together on most pages: numbers of lines, or AT_*.  A line goes where
 * the other is used to it; where both are, both go. */
struct link {
    uint32_t a, b;
    bool a_goes, b_goes;
};

struct learned {
    const struct site_table *table;
    struct rline *lines; /* by name */
    size_t count;
    struct link *links; /* by a, then b */
    size_t nlinks, links_cap;
    uint32_t *order; /* the lines as pages have them, as far as links say */
    size_t nordered;
    struct buf out;
    struct buf in, wanted; /* test_in and test_out lines of the test that is being made */
    unsigned fillers;
    uint32_t said_count; /* what the last comment said */
    uint8_t said_example;
    int status;
};

static void learned_free(struct learned *l)
{
    free(l->lines);
    free(l->links);
    free(l->order);
    buf_free(&l->out);
    buf_free(&l->in);
    buf_free(&l->wanted);
}

/* --- lines ---------------------------------------------------------------------------------- */

static struct slice words_of(const struct learned *l, uint32_t i)
{
    return site_line_words(l->table, l->lines[i].line);
}

static int by_name(const void *a, const void *b)
{
    const struct rline *x = a, *y = b;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return x->line->hash < y->line->hash ? -1 : x->line->hash > y->line->hash;
}

/* A line that the pages share for good, and whose words are known. */
static bool is_named(const struct site_table *t, const struct site_line *line)
{
    struct site_share share;
    return line->hash && line->words_len > 0 && site_line_is_shared(t, line, false, &share) &&
           !share.in_a_row;
}

static void weigh(struct learned *l)
{
    struct norm n;
    norm_init(&n);
    for (uint32_t i = 0; i < l->count && l->status == WINNOW_OK; i++) {
        norm_clear(&n);
        l->status = norm_add(&n, words_of(l, i), 0, false);
        l->lines[i].is_long = n.weight >= LONG_LEAST;
    }
    norm_free(&n);
}

static void gather_lines(struct learned *l)
{
    const struct site_table *t = l->table;
    size_t cap = 0;
    for (size_t i = 0; i < t->cap && l->count < LINES_MOST && l->status == WINNOW_OK; i++) {
        if (!is_named(t, &t->lines[i]))
            continue;
        struct rline *lines = array_grow(l->lines, &cap, l->count + 1, sizeof *lines);
        if (!lines) {
            l->status = WINNOW_ENOMEM;
            return;
        }
        l->lines = lines;
        lines[l->count++] = (struct rline){.line = &t->lines[i],
                                           .name = beside_name(t->lines[i].hash)};
    }
    if (l->count > 0)
        qsort(l->lines, l->count, sizeof *l->lines, by_name);
    weigh(l);
}

/* AT_START also where no line has this name. */
static uint32_t line_named(const struct learned *l, uint32_t name)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->lines[mid].name < name)
            low = mid + 1;
        else
            high = mid;
    }
    return low < l->count && l->lines[low].name == name ? (uint32_t)low : AT_START;
}

static uint32_t line_of_hash(const struct learned *l, uint64_t hash)
{
    uint32_t i = line_named(l, beside_name(hash));
    return i != AT_START && l->lines[i].line->hash == hash ? i : AT_START;
}

/* --- links ---------------------------------------------------------------------------------- */

static void add_link(struct learned *l, struct link link)
{
    struct link *links = array_grow(l->links, &l->links_cap, l->nlinks + 1, sizeof *links);
    if (!links) {
        l->status = WINNOW_ENOMEM;
        return;
    }
    l->links = links;
    links[l->nlinks++] = link;
}

static int by_ends(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return x->b < y->b ? -1 : x->b > y->b;
}

static void link_line(struct learned *l, uint32_t i)
{
    const struct site_line *line = l->lines[i].line;
    uint32_t before = line->before.name, after = line->after.name;
    if (beside_is(&line->before, line->count, before)) {
        uint32_t a = line_named(l, before);
        if (a != AT_START || before == BESIDE_START)
            add_link(l, (struct link){a, i, true, a == AT_START});
    }
    if (beside_is(&line->after, line->count, after)) {
        uint32_t b = line_named(l, after);
        if (b != AT_START || after == BESIDE_END)
            add_link(l, (struct link){i, b == AT_START ? AT_END : b, b == AT_START, true});
    }
}

static void gather_links(struct learned *l)
{
    for (uint32_t i = 0; i < l->count && l->status == WINNOW_OK; i++)
        link_line(l, i);
    if (l->nlinks == 0 || l->status != WINNOW_OK)
        return;
    qsort(l->links, l->nlinks, sizeof *l->links, by_ends);
    size_t kept = 1;
    for (size_t i = 1; i < l->nlinks; i++) {
        struct link *last = &l->links[kept - 1];
        if (by_ends(&l->links[i], last) != 0) {
            l->links[kept++] = l->links[i];
            continue;
        }
        last->a_goes |= l->links[i].a_goes;
        last->b_goes |= l->links[i].b_goes;
    }
    l->nlinks = kept;
}

/* The first link from line a. */
static size_t links_from(const struct learned *l, uint32_t a)
{
    size_t low = 0, high = l->nlinks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->links[mid].a < a)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Does any link take line i? */
static bool has_place(const struct learned *l, uint32_t i)
{
    for (size_t k = 0; k < l->nlinks; k++)
        if ((l->links[k].a == i && l->links[k].a_goes) || (l->links[k].b == i && l->links[k].b_goes))
            return true;
    return false;
}

/* Along the links from line i, as far as lines are new; a side way after its main way. */
static void walk(struct learned *l, uint32_t i, uint32_t *stack)
{
    size_t depth = 0;
    stack[depth++] = i;
    while (depth > 0) {
        i = stack[--depth];
        if (i >= l->count || l->lines[i].walked)
            continue;
        l->lines[i].walked = true;
        l->order[l->nordered++] = i;
        for (size_t k = links_from(l, i); k < l->nlinks && l->links[k].a == i; k++)
            stack[depth++] = l->links[k].b;
    }
}

/* Does a line stand before i on most pages? */
static bool is_led(const struct learned *l, uint32_t i)
{
    for (size_t k = 0; k < l->nlinks; k++)
        if (l->links[k].b == i && l->links[k].a < l->count)
            return true;
    return false;
}

static void order_lines(struct learned *l)
{
    uint32_t *stack = malloc((l->nlinks + 1) * sizeof *stack);
    l->order = malloc((l->count + 1) * sizeof *l->order);
    if (!l->order || !stack)
        l->status = WINNOW_ENOMEM;
    for (size_t k = links_from(l, AT_START); k < l->nlinks && l->status == WINNOW_OK; k++)
        if (l->links[k].a == AT_START)
            walk(l, l->links[k].b, stack);
    for (uint32_t i = 0; i < l->count && l->status == WINNOW_OK; i++)
        if (!is_led(l, i))
            walk(l, i, stack);
    for (uint32_t i = 0; i < l->count && l->status == WINNOW_OK; i++)
        walk(l, i, stack); /* rings */
    free(stack);
}

/* --- patterns ------------------------------------------------------------------------------- */

static void put_escaped(struct buf *b, struct slice words)
{
    for (size_t i = 0; i < words.len; i++) {
        char c = words.p[i];
        if (c == '\t') {
            buf_adds(b, "\\t");
            continue;
        }
        if (memchr("\\^$.|?*+()[]{}/", c, 15))
            buf_addc(b, '\\');
        buf_addc(b, c);
    }
}

/* The words of a line in an expression, up to its end.  Dumps keep what indents a line. */
static void put_line(struct learned *l, uint32_t i)
{
    struct slice words = words_of(l, i), trimmed = text_trim(words);
    buf_adds(&l->out, trimmed.p != words.p ? "\\s*" : "");
    put_escaped(&l->out, trimmed);
    if (l->lines[i].line->cut)
        buf_adds(&l->out, ".*");
}

/* No line may hold what an expression or a test cannot. */
static bool is_plain(struct slice words)
{
    for (size_t i = 0; i < words.len; i++)
        if ((unsigned char)words.p[i] < ' ' && words.p[i] != '\t')
            return false;
    return true;
}

/* Comes before a rule where it says something new. */
static void put_support(struct learned *l, uint32_t i)
{
    const struct site_line *line = l->lines[i].line;
    if (line->count == l->said_count && line->example == l->said_example)
        return;
    buf_addf(&l->out, "\n# on %u of %u pages", line->count, l->table->documents);
    if (line->example > 0 && line->example != l->said_example)
        buf_addf(&l->out, ", such as %s", l->table->examples[line->example - 1]);
    buf_addc(&l->out, '\n');
    l->said_count = line->count;
    l->said_example = line->example;
}

static void put_long(struct learned *l, uint32_t i)
{
    struct slice words = text_trim(words_of(l, i));
    bool expression = l->lines[i].line->cut || words.p[0] == '/';
    put_support(l, i);
    buf_adds(&l->out, expression ? "drop_line: /^" : "drop_line: ");
    if (expression)
        put_line(l, i);
    else
        buf_add(&l->out, words.p, words.len);
    buf_adds(&l->out, expression ? "$/\n" : "\n");
}

/* Case is ignored, for counting ignores it: "Our Shop" in the menu is "Our shop" below. */
static void put_link(struct learned *l, const struct link *link)
{
    put_support(l, link->a < l->count ? link->a : link->b);
    buf_adds(&l->out, link->a == AT_START ? "drop_line: /\\A" : "drop_line: /^");
    if (link->a != AT_START)
        put_line(l, link->a);
    if (link->a != AT_START)
        buf_adds(&l->out, link->b == AT_END ? "\\n*\\z" : "\\n+");
    buf_adds(&l->out, !link->a_goes ? "\\K" : !link->b_goes ? "(?=" : "");
    if (link->b != AT_END)
        put_line(l, link->b);
    buf_adds(&l->out, link->b == AT_END ? "/i\n" : link->b_goes ? "$/i\n" : "$)/i\n");
}

/* A link that takes only long lines says nothing more. */
static bool is_needed(const struct learned *l, const struct link *link)
{
    return (link->a < l->count && link->a_goes && !l->lines[link->a].is_long) ||
           (link->b < l->count && link->b_goes && !l->lines[link->b].is_long);
}

/* --- slots ------------------------------------------------------------------------------------ */

/* The lines around a slot that a rule can name: numbers, or AT_*. */
static bool slot_ends(const struct learned *l, const struct site_slot *s, struct link *ret)
{
    uint32_t a = s->before ? line_of_hash(l, s->before) : AT_START;
    uint32_t b = s->after ? line_of_hash(l, s->after) : AT_START;
    bool known = (!s->before || a < l->count) && (!s->after || b < l->count);
    *ret = (struct link){a, s->after ? b : AT_END, false, false};
    return known && (s->before || s->after) && s->echoes >= SLOT_LEAST &&
           s->echoes >= l->table->documents / 10 &&
           s->echoes >= (s->echoes / 100.0 + s->others / 100.0) * SLOT_SHARE;
}

/* The lines that its rule may take: more may come than were seen, but not before a title. */
static uint32_t slot_most(const struct site_slot *s)
{
    if (s->before == 0)
        return s->lines < SLOT_LINES ? s->lines : SLOT_LINES;
    return s->lines < SLOT_LINES / 2 ? SLOT_LINES : 2 * (s->lines < 1000 ? s->lines : 1000);
}

/* The slot between lines a and b, NULL: no rule names one. */
static const struct site_slot *slot_between(const struct learned *l, uint32_t a, uint32_t b)
{
    struct link ends;
    for (size_t i = 0; i < l->table->nslots; i++)
        if (slot_ends(l, &l->table->slots[i], &ends) && (ends.a == a || a == AT_END) &&
            (ends.b == b || b == AT_START))
            return &l->table->slots[i];
    return NULL;
}

static void put_slot(struct learned *l, const struct site_slot *s, const struct link *ends)
{
    buf_addf(&l->out, "\n# what %u pages have here stands elsewhere in them too (%u: not)\n"
                      "drop_line: /", s->echoes, s->others);
    if (ends->a == AT_START) {
        buf_adds(&l->out, "\\A");
    } else {
        buf_addc(&l->out, '^');
        put_line(l, ends->a);
        buf_adds(&l->out, "\\n+");
    }
    buf_addf(&l->out, "(?:.{1,200}\\n%c){1,%u}%s", ends->b == AT_END ? '*' : '+', slot_most(s),
             ends->b == AT_END ? "\\z" : "?(?=");
    if (ends->b != AT_END) {
        put_line(l, ends->b);
        buf_adds(&l->out, "$)");
    }
    buf_adds(&l->out, "/\n");
}

static void put_slots(struct learned *l)
{
    struct link ends;
    for (size_t i = 0; i < l->table->nslots; i++)
        if (slot_ends(l, &l->table->slots[i], &ends))
            put_slot(l, &l->table->slots[i], &ends);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void put_test(struct buf *b, const char *directive, struct slice words)
{
    buf_adds(b, directive);
    buf_add(b, words.p, words.len);
    buf_addc(b, '\n');
}

static const char *const filler[] = {
    "The page's own text stands here, long enough to be told from the rest.",
    "Another paragraph goes on where that one ended, and says something else.",
    "Nobody else on this site has a sentence like the present one to offer.",
    "What follows was written for this page alone and has to stay on it.",
    "With these words the author turns to the next of the many questions.",
};

static const char said_twice[] = "What this page is about";

/* Text that comes out of the test. */
static void add_filler(struct learned *l)
{
    size_t kinds = sizeof filler / sizeof *filler;
    char line[120];
    snprintf(line, sizeof line, "%s (%u)", filler[l->fillers % kinds], l->fillers + 1);
    l->fillers++;
    put_test(&l->in, "test_in: ", slice_of(line));
    put_test(&l->wanted, "test_out: ", slice_of(line));
}

static void add_template(struct learned *l, uint32_t i)
{
    put_test(&l->in, "test_in: ", text_trim(words_of(l, i)));
}

static void begin_test(struct learned *l)
{
    buf_clear(&l->in);
    buf_clear(&l->wanted);
}

static void end_test(struct learned *l)
{
    struct slice in = buf_slice(&l->in), wanted = buf_slice(&l->wanted);
    buf_addc(&l->out, '\n');
    buf_add(&l->out, in.p, in.len);
    buf_add(&l->out, wanted.p, wanted.len);
}

/* What could be read as HTML is in no test. */
static bool is_testable(const struct learned *l, uint32_t i)
{
    return i >= l->count || !memchr(words_of(l, i).p, '<', words_of(l, i).len);
}

/* --- the parts of the file --------------------------------------------------------------------- */

static const char *host_of(const char *site)
{
    return strncmp(site, "folder ", 7) == 0 ? NULL : site;
}

static void put_name(struct buf *b, const char *name)
{
    for (; *name; name++)
        buf_addc(b, (unsigned char)*name < ' ' ? '?' : *name);
}

/* Pages without a host are known by their folder. */
static void put_folder(struct learned *l, const char *site)
{
    const char *slash = strrchr(site, '/'), *name = slash ? slash + 1 : site;
    bool plain = *name && !strpbrk(name, "*?[\\") && is_plain(slice_of(name));
    buf_adds(&l->out, "# These pages know no host: the file speaks for what lies in a folder of\n"
                      "# this name, or for other pages with winnow clean --site and a name like\n"
                      "# a host's for the file.\n");
    if (plain)
        buf_addf(&l->out, "match_dir: %s\n", name);
}

static void put_head(struct learned *l, const char *site)
{
    const char *host = host_of(site);
    buf_adds(&l->out, "# ");
    put_name(&l->out, site);
    buf_addf(&l->out, " - what its pages share, learned from %u of them\n"
                      "#\n"
                      "# A proposal: look it over.  Long lines go wherever they stand, short ones\n"
                      "# beside a line that they stand beside on most pages.\n",
             l->table->documents);
    if (!host)
        put_folder(l, site);
}

static void put_rules(struct learned *l)
{
    for (size_t k = links_from(l, AT_START); k < l->nlinks && l->links[k].a == AT_START; k++)
        if (is_needed(l, &l->links[k]))
            put_link(l, &l->links[k]);
    for (size_t o = 0; o < l->nordered; o++) {
        uint32_t i = l->order[o];
        if (l->lines[i].is_long)
            put_long(l, i);
        for (size_t k = links_from(l, i); k < l->nlinks && l->links[k].a == i; k++)
            if (is_needed(l, &l->links[k]))
                put_link(l, &l->links[k]);
    }
}

/* Short lines that stand now here, now there: headings, for all that is known. */
static void put_placeless(struct learned *l)
{
    bool said = false;
    for (size_t o = 0; o < l->nordered; o++) {
        uint32_t i = l->order[o];
        struct slice words = text_trim(words_of(l, i));
        if (l->lines[i].is_long || has_place(l, i))
            continue;
        if (!said)
            buf_adds(&l->out, "\n# Shared, but with ever new neighbours: headings of the texts?  "
                              "If not, take the # away.\n");
        said = true;
        buf_addf(&l->out, "# drop_line: %s", words.p[0] == '/' ? "/^" : "");
        if (words.p[0] == '/')
            put_line(l, i);
        else
            buf_add(&l->out, words.p, words.len);
        buf_addf(&l->out, "%s\n", words.p[0] == '/' ? "$/" : "");
    }
}

/* --- the file's tests --------------------------------------------------------------------------- */

/* Between two lines of the site: text, or what the rule for a slot takes. */
static void add_between(struct learned *l, uint32_t a, uint32_t b)
{
    if (slot_between(l, a, b))
        put_test(&l->in, "test_in: ", slice_of(said_twice));
    else
        add_filler(l);
}

/* So much text that no rule for what precedes the template takes it. */
static void add_opening(struct learned *l)
{
    const struct site_slot *first = slot_between(l, AT_START, AT_START);
    for (uint32_t n = first ? slot_most(first) + 1 : 1; n > 0; n--)
        add_filler(l);
}

static void add_link_test(struct learned *l, const struct link *link, uint32_t *last)
{
    if (!is_needed(l, link) || !link->a_goes || !link->b_goes || !is_testable(l, link->a) ||
        !is_testable(l, link->b))
        return;
    if (link->a < l->count && link->a != *last) {
        add_between(l, *last, link->a);
        add_template(l, link->a);
    }
    if (link->b < l->count)
        add_template(l, link->b);
    *last = link->b;
}

/* A page of all that the rules name, with text between what does not belong together. */
static void test_what_goes(struct learned *l)
{
    uint32_t last = AT_START;
    size_t start = links_from(l, AT_START);
    begin_test(l);
    if (start < l->nlinks)
        add_link_test(l, &l->links[start], &last);
    for (size_t o = 0; o < l->nordered; o++) {
        uint32_t i = l->order[o];
        size_t k = links_from(l, i);
        if (l->lines[i].is_long && last != i && is_testable(l, i)) {
            add_between(l, last, i);
            add_template(l, i);
            last = i;
        }
        for (; k < l->nlinks && l->links[k].a == i; k++)
            if (l->links[k].b != AT_END)
                add_link_test(l, &l->links[k], &last);
    }
    add_filler(l);
    for (size_t k = 0; k < l->nlinks; k++)
        if (l->links[k].b == AT_END && l->links[k].a < l->count) {
            last = AT_START;
            if (is_needed(l, &l->links[k]) && is_testable(l, l->links[k].a))
                add_template(l, l->links[k].a);
            break;
        }
    end_test(l);
}

/* The same words amid a text are its own. */
static void test_what_stays(struct learned *l)
{
    size_t shown = 0;
    begin_test(l);
    add_opening(l);
    for (size_t o = 0; o < l->nordered && shown < STAY_TESTS; o++) {
        uint32_t i = l->order[o];
        if (l->lines[i].is_long || !is_testable(l, i) || slot_between(l, i, AT_START))
            continue;
        add_template(l, i);
        put_test(&l->wanted, "test_out: ", text_trim(words_of(l, i)));
        add_filler(l);
        shown++;
    }
    if (shown > 0)
        end_test(l);
}

/* A page's title or contents, named by their neighbours, and the same words in its text. */
static void test_slot(struct learned *l, const struct link *ends)
{
    struct slice said = slice_of(said_twice);
    if (!is_testable(l, ends->a) || !is_testable(l, ends->b))
        return;
    begin_test(l);
    if (ends->a != AT_START) {
        put_test(&l->in, "test_in: ", said);
        add_filler(l);
        add_template(l, ends->a);
    }
    put_test(&l->in, "test_in: ", said);
    if (ends->b != AT_END) {
        add_template(l, ends->b);
        put_test(&l->in, "test_in: ", said);
        add_filler(l);
    }
    buf_addc(&l->out, '\n');
    struct slice in = buf_slice(&l->in);
    buf_add(&l->out, in.p, in.len);
    put_test(&l->out, "test_contains: ", said);
}

static void put_tests(struct learned *l)
{
    struct link ends;
    test_what_goes(l);
    test_what_stays(l);
    for (size_t i = 0; i < l->table->nslots; i++)
        if (slot_ends(l, &l->table->slots[i], &ends))
            test_slot(l, &ends);
}

/* --- all of it ---------------------------------------------------------------------------------- */

static void learn(struct learned *l)
{
    gather_lines(l);
    if (l->status == WINNOW_OK)
        gather_links(l);
    if (l->status == WINNOW_OK)
        order_lines(l);
}

static void put_all(struct learned *l, const char *site)
{
    put_head(l, site);
    put_rules(l);
    put_slots(l);
    put_placeless(l);
    put_tests(l);
    if (l->in.status != WINNOW_OK || l->wanted.status != WINNOW_OK || l->out.status != WINNOW_OK)
        l->status = l->out.status != WINNOW_OK ? l->out.status : WINNOW_ENOMEM;
}

int site_rules(const struct site_table *t, const char *site, winnow_write_fn *write, void *ctx,
               struct winnow_error *err)
{
    struct learned l = {.table = t};
    buf_init(&l.out, RULES_BYTES);
    buf_init(&l.in, RULES_BYTES);
    buf_init(&l.wanted, RULES_BYTES);
    learn(&l);
    if (l.status == WINNOW_OK && l.count > 0)
        put_all(&l, site);
    int status = l.status;
    if (status == WINNOW_OK && l.count == 0)
        status = err_set(err, WINNOW_EUSAGE, "%s: its pages share nothing that is known so far "
                         "(%u counted); it takes three pages", site, t->documents);
    else if (status == WINNOW_OK && write(ctx, l.out.data, l.out.len) != 0)
        status = err_set(err, WINNOW_EIO, "the rules of %s could not be written", site);
    else if (status != WINNOW_OK)
        err_nomem(err);
    learned_free(&l);
    return status;
}
