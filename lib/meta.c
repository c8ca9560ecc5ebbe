/* meta.c - what is known about a page: the first source of each value wins. */
#include "meta.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "jsonld.h"
#include "rules.h"
#include "text.h"
#include "written.h"

static void add(struct page *p, const char *name, struct slice value, const char *from)
{
    struct buf folded;
    if (page_get_meta(p, name))
        return;
    buf_init(&folded, 4096); /* longer values are no titles and no names */
    text_fold_space(value, &folded);
    if (folded.status == WINNOW_OK && folded.len > 0)
        page_meta(p, name, buf_slice(&folded), from);
    buf_free(&folded);
}

/* --- HTML -------------------------------------------------------------------------------- */

/* The better source first: the text of an element, <element key="is" want="value">, or
 * what the page's JSON-LD says. */
static const struct source {
    const char *name;
    enum tag tag;
    const char *key, *is, *want;
    enum jsonld_value jsonld; /* of TAG_SCRIPT */
} sources[] = {
#define JSON_LD(name, value) {name, TAG_SCRIPT, NULL, "JSON-LD", NULL, value}
    {"title", TAG_H1, NULL, NULL, NULL, 0}, /* unless it is the site's name */
    JSON_LD("title", JSONLD_TITLE),
    {"title", TAG_META, "property", "og:title", "content", 0},
    {"title", TAG_META, "name", "twitter:title", "content", 0},
    {"title", TAG_TITLE, NULL, NULL, NULL, 0},
    JSON_LD("author", JSONLD_AUTHOR),
    {"author", TAG_META, "name", "author", "content", 0},
    {"author", TAG_META, "name", "dc.creator", "content", 0},
    {"author", TAG_META, "property", "author", "content", 0},
    JSON_LD("date", JSONLD_DATE),
    {"date", TAG_META, "property", "article:published_time", "content", 0},
    {"date", TAG_META, "itemprop", "datepublished", "content", 0},
    {"date", TAG_META, "name", "date", "content", 0},
    {"date", TAG_META, "name", "dc.date", "content", 0},
    {"date", TAG_META, "name", "pubdate", "content", 0},
    {"date", TAG_TIME, "itemprop", "datepublished", "datetime", 0},
    {"date", TAG_TIME, NULL, NULL, "datetime", 0},
    JSON_LD("date", JSONLD_MODIFIED),
    {"site", TAG_META, "property", "og:site_name", "content", 0},
    JSON_LD("site", JSONLD_SITE),
    {"language", TAG_HTML, NULL, NULL, "lang", 0},
    {"language", TAG_META, "property", "og:locale", "content", 0},
    JSON_LD("language", JSONLD_LANGUAGE),
#undef JSON_LD
};

enum {
    SOURCES = sizeof sources / sizeof *sources,
    LOOK_MOST = 16 * 1024, /* bytes of an element whose text may be a value */
};

static struct slice value_of(const struct tree *t, uint32_t node, const struct source *s)
{
    if (s->key) {
        struct slice key = tree_get_attr(t, node, s->key);
        if (!key.p || !text_equal_nocase(text_trim(key), slice_of(s->is)))
            return (struct slice){NULL, 0};
    }
    struct slice value = s->want ? tree_get_attr(t, node, s->want) : tree_node_text(t, node);
    if (value.len > LOOK_MOST) /* no title; and a page may nest a thousand blank ones */
        return (struct slice){NULL, 0};
    return text_trim(value);
}

static void read_script(const struct tree *t, uint32_t node, struct jsonld *ld)
{
    static const char type[] = "application/ld+json"; /* "; charset=utf-8" may follow */
    struct slice said = text_trim(tree_get_attr(t, node, "type"));
    said.len = said.len < sizeof type - 1 ? said.len : sizeof type - 1;
    if (said.p && text_equal_nocase(said, slice_of(type)))
        jsonld_read(ld, tree_node_text(t, node));
}

static void look_at(const struct tree *t, uint32_t node, struct slice found[SOURCES])
{
    for (size_t s = 0; s < SOURCES; s++)
        if (t->nodes[node].tag == sources[s].tag && found[s].len == 0)
            found[s] = value_of(t, node, &sources[s]);
}

/* One walk finds the first value of every source; ld is NULL where it is not asked. */
static void find_values(const struct tree *t, struct jsonld *ld, struct slice found[SOURCES])
{
    bool wanted[TAG_COUNT] = {false}; /* few elements are: a page has many others */
    for (size_t s = 0; s < SOURCES; s++)
        wanted[sources[s].tag] = true;
    for (uint32_t i = 0; i < t->count; i++) {
        unsigned tag = t->nodes[i].tag;
        if (tag >= TAG_COUNT || !wanted[tag])
            continue;
        if (tag != TAG_SCRIPT)
            look_at(t, i, found);
        else if (ld)
            read_script(t, i, ld);
    }
    for (size_t s = 0; ld && s < SOURCES; s++)
        if (sources[s].tag == TAG_SCRIPT)
            found[s] = buf_slice(&ld->values[sources[s].jsonld]);
}

/* Has the page another title than its h1, and does the h1 only name the site? */
static bool is_logo(const struct slice found[SOURCES], size_t h1)
{
    bool named = false, titled = false;
    for (size_t s = 0; s < SOURCES; s++) {
        named |= strcmp(sources[s].name, "site") == 0 && found[s].len > 0 &&
                 text_equal_nocase(found[s], found[h1]);
        titled |= strcmp(sources[s].name, "title") == 0 && s != h1 && found[s].len > 0;
    }
    return named && titled;
}

static void meta_of_tree(struct page *p)
{
    struct slice found[SOURCES] = {{NULL, 0}};
    struct jsonld ld;
    bool skip = rules_flag(p, DIRECTIVE_SKIP_JSON_LD, false);
    jsonld_init(&ld);
    find_values(&p->tree, skip ? NULL : &ld, found);
    for (size_t s = 0; s < SOURCES; s++) {
        const struct source *from = &sources[s];
        if (found[s].len > 0 && (from->tag != TAG_H1 || !is_logo(found, s)))
            add(p, from->name, found[s], from->is ? from->is : tag_name(from->tag));
    }
    if (ld.status != WINNOW_OK)
        p->status = ld.status;
    jsonld_free(&ld);
}

static void meta_of_rules(struct page *p)
{
    static const struct {
        const char *name;
        enum directive_id id;
    } values[] = {
        {"title", DIRECTIVE_TITLE},
        {"author", DIRECTIVE_AUTHOR},
        {"date", DIRECTIVE_DATE},
        {"single_page_link", DIRECTIVE_SINGLE_PAGE_LINK}, /* for whoever fetches */
        {"next_page_link", DIRECTIVE_NEXT_PAGE_LINK},
        {"native_ad", DIRECTIVE_NATIVE_AD_CLUE},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct rule_file *file;
        const struct rule *rule;
        const char *value = rules_find_value(p, values[i].id, &file, &rule);
        if (value)
            add(p, values[i].name, slice_of(value), rules_reason(p, file, rule, "found"));
    }
}

/* --- a dump ------------------------------------------------------------------------------- */

static unsigned number_of(const char **p, unsigned least, unsigned most, unsigned digits)
{
    unsigned n = 0, count = 0;
    while (**p >= '0' && **p <= '9' && count < digits) {
        n = n * 10 + (unsigned)(*(*p)++ - '0');
        count++;
    }
    return count > 0 && n >= least && n <= most ? n : 0;
}

static unsigned month_of(const char **p)
{
    static const char *const months[] = {"january", "february", "march", "april",
                                         "may", "june", "july", "august", "september",
                                         "october", "november", "december"};
    size_t n = 0;
    while (((*p)[n] | 32) >= 'a' && ((*p)[n] | 32) <= 'z')
        n++;
    for (unsigned m = 0; n >= 3 && m < 12; m++)
        if (n <= strlen(months[m]) && strncasecmp(*p, months[m], n) == 0) {
            *p += n + ((*p)[n] == '.');
            return m + 1;
        }
    return 0;
}

static void skip(const char **p, const char *set)
{
    while (**p && strchr(set, **p))
        (*p)++;
}

/* A line that is a date and nothing else: 2018-03-01, March 1, 2018, 1 Mar 2018. */
static bool read_date(const char *line, char ret[16])
{
    const char *p = line;
    unsigned year = 0, month, day;
    skip(&p, " ");
    month = month_of(&p);
    if (month) {
        skip(&p, " ");
        day = number_of(&p, 1, 31, 2);
    } else if (strlen(p) >= 5 && p[4] == '-') {
        year = number_of(&p, 1000, 9999, 4);
        skip(&p, "-");
        month = number_of(&p, 1, 12, 2);
        skip(&p, "-");
        day = number_of(&p, 1, 31, 2);
    } else {
        day = number_of(&p, 1, 31, 2);
        skip(&p, " ");
        month = month_of(&p);
    }
    skip(&p, ", ");
    if (!year)
        year = number_of(&p, 1000, 9999, 4);
    skip(&p, " ");
    if (*p || !year || !month || !day)
        return false;
    snprintf(ret, 16, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
    return true;
}

enum {
    FIRST_LINES = 6,  /* kept lines among which a dump's title and date are looked for */
    TITLE_MOST = 250, /* bytes */
};

static void meta_of_dump(struct page *p)
{
    struct buf line;
    char date[16];
    unsigned seen = 0;
    buf_init(&line, TITLE_MOST);
    for (size_t i = 0; i < p->nblocks && seen < FIRST_LINES; i++) {
        buf_clear(&line);
        if (!page_block_kept(p, &p->blocks[i]))
            continue;
        seen++;
        if (p->blocks[i].end - p->blocks[i].start > TITLE_MOST)
            continue;
        block_write(p, &p->blocks[i], &line);
        if (line.status != WINNOW_OK || line.len == 0)
            continue;
        if (read_date(line.data, date))
            add(p, "date", slice_of(date), "a line that is a date");
        else if (seen <= 3 && line.len >= 12)
            add(p, "title", buf_slice(&line), "first line");
    }
    buf_free(&line);
}

int meta_run(struct page *p, struct winnow_error *err)
{
    if (p->url)
        page_meta(p, "url", slice_of(p->url), p->url_from);
    if (p->host)
        page_meta(p, "host", slice_of(p->host), p->host_from);
    if (p->has_tree) {
        meta_of_rules(p);
        meta_of_tree(p);
    } else {
        meta_of_dump(p);
    }
    return p->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
