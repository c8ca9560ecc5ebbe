/* filterlist.c - the element hiding rules of filter lists, sorted into rule files by host.
 *
 *     example.org,example.net##.ad     example.org.txt, .example.org.txt and the same of
 *                                      example.net: strip_id_or_class(class): ad
 *     ##.ad                            global.txt
 *     example.org#@#.ad                an exception: no rule there
 *
 * 1. A list means a host and all below it.  That is two files: HOST.txt is asked for by
 *    HOST and www.HOST, .HOST.txt by one label below.  What stands deeper keeps its
 *    advertisements.  One file with a match_host line would say all of it, but every page
 *    of every site would try each such line, and compile each such file; a file that is
 *    named after its host costs the other pages nothing.
 * 2. Nothing that a list excepts is removed.  A rule file cannot say "not there", so a
 *    rule goes where no exception reaches: a generic rule with one is left out, and of a
 *    host's two files the one that would reach the exception.  "~host" in a rule counts
 *    as an exception from every rule with that selector.
 * 3. A selector list is so many rules, and equal rules are one, however they are written:
 *    they are compared as the lines that they become.
 * 4. Of the generic rules that need an XPath only the first hundred are taken.  Each is
 *    evaluated on every page and walks all of it; a thousand of them use up the second
 *    that a page's XPath may take, and then the site's own rules are not tried.
 * 5. The same lists give the same files. */
#include "filterlist.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "css.h"
#include "names.h"
#include "say.h"

enum {
    LINE_MOST = 64 * 1024,               /* bytes of a line that is read */
    HOST_MOST = 253,                     /* bytes */
    LABELS_MOST = 16,                    /* of a host */
    TITLE_MOST = 200,                    /* bytes of a list's title and licence each */
    HEAD_MOST = 4096,                    /* bytes of all titles and licences */
    FILE_MOST = 4 * 1024 * 1024 - 65536, /* bytes of a rule file, as the library reads it */
    TEXT_MOST = 256 * 1024 * 1024,       /* bytes of all rules */
    GENERIC_XPATHS_MOST = 100,
    RULE_ANY = 0, /* the number of the rule that means every rule */
};

/* Which of a host's files a rule goes into. */
enum { AT_HOST = 1, BELOW_HOST = 2 };

/* Where an exception from a rule is, seen from a host. */
enum { HERE = 1, AT_WWW = 2, DEEPER = 4 };

/* Of a rule, by its number. */
enum { GENERIC = 1, EXCEPTED = 2, EXCEPTED_EVERYWHERE = 4 };

struct entry {
    uint32_t host, rule;
    unsigned char where;
};

struct filter_list {
    struct names rules; /* as lines of a rule file */
    struct names hosts;
    unsigned char *flags; /* by rule */
    size_t flags_cap;
    struct entry *entries;
    size_t count, cap;
    struct pair_marks exceptions; /* of rule and host */
    char titles[HEAD_MOST], licences[HEAD_MOST];
    unsigned conditions; /* open !#if */
    struct filter_counts counts;
};

struct span {
    const char *p;
    size_t len;
};

/* --- small things ------------------------------------------------------------------------- */

static bool starts_with(struct span s, const char *start)
{
    size_t len = strlen(start);
    return s.len >= len && strncasecmp(s.p, start, len) == 0;
}

static struct span past(struct span s, size_t n)
{
    return (struct span){s.p + n, s.len - n};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_space(s.p[0]))
        s = past(s, 1);
    while (s.len > 0 && is_space(s.p[s.len - 1]))
        s.len--;
    return s;
}

/* Cuts the part up to the separator off *rest; false: there is nothing left. */
static bool next_part(struct span *rest, char separator, struct span *ret)
{
    if (!rest->p)
        return false;
    const char *at = rest->len ? memchr(rest->p, separator, rest->len) : NULL;
    *ret = (struct span){rest->p, at ? (size_t)(at - rest->p) : rest->len};
    *rest = at ? past(*rest, ret->len + 1) : (struct span){NULL, 0};
    *ret = trim(*ret);
    return true;
}

static int no_memory(void)
{
    say("out of memory while reading filter lists; import fewer at a time");
    return EX_OSERR;
}

/* --- hosts -------------------------------------------------------------------------------- */

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* In lower case, of two labels or more; FILTER_HOST and the like where it is none.  0: ok. */
static int read_host(struct span s, char ret[HOST_MOST + 1])
{
    size_t labels = 1, label = 0;
    if (s.len > 0 && s.p[0] == '/')
        return FILTER_HOST_PATTERN;
    if (s.len > 0 && memchr(s.p, '*', s.len))
        return FILTER_ENTITY;
    if (s.len == 0 || s.len > HOST_MOST)
        return FILTER_HOST;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
        bool dot = c == '.' && label > 0;
        if (!dot && !is_host_char(c))
            return FILTER_HOST;
        labels += dot;
        label = dot ? 0 : label + 1;
        ret[i] = c;
    }
    ret[s.len] = '\0';
    return labels < 2 || labels > LABELS_MOST || label == 0 ? FILTER_HOST : 0;
}

/* The host above, or NULL where that is a bare top-level domain. */
static const char *parent_of(const char *host)
{
    const char *dot = strchr(host, '.');
    return dot && strchr(dot + 1, '.') ? dot + 1 : NULL;
}

static bool is_www(const char *host)
{
    return strncmp(host, "www.", 4) == 0 && parent_of(host);
}

static uint32_t host_number(struct filter_list *l, const char *host)
{
    return names_add(&l->hosts, host, strlen(host));
}

/* --- what lines say ----------------------------------------------------------------------- */

static int add_entry(struct filter_list *l, uint32_t rule, const char *host)
{
    bool www = is_www(host);
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 1024;
        struct entry *entries = realloc(l->entries, cap * sizeof *entries);
        if (!entries)
            return no_memory();
        l->entries = entries;
        l->cap = cap;
    }
    uint32_t number = host_number(l, www ? host + 4 : host);
    if (number == NAME_NONE)
        return no_memory();
    l->entries[l->count++] =
        (struct entry){number, rule, (unsigned char)(www ? AT_HOST : AT_HOST | BELOW_HOST)};
    return EX_OK;
}

/* Notes for a host, and for those above it, that there is an exception. */
static int add_exception(struct filter_list *l, uint32_t rule, const char *host)
{
    uint32_t number = host_number(l, host);
    if (number == NAME_NONE || !pair_marks_add(&l->exceptions, rule, number, HERE))
        return no_memory();
    unsigned mark = is_www(host) ? AT_WWW : DEEPER;
    for (const char *above = parent_of(host); above; above = parent_of(above)) {
        number = host_number(l, above);
        if (number == NAME_NONE || !pair_marks_add(&l->exceptions, rule, number, mark))
            return no_memory();
        mark = DEEPER;
    }
    l->flags[rule] |= EXCEPTED;
    return EX_OK;
}

/* The number of one line of a rule file. */
static int rule_number(struct filter_list *l, struct span line, uint32_t *ret)
{
    if (l->rules.bytes > TEXT_MOST) {
        say("the filter lists make more than %d bytes of rules; import fewer at a time", TEXT_MOST);
        return EX_DATAERR;
    }
    *ret = names_add(&l->rules, line.p, line.len);
    if (*ret == NAME_NONE)
        return no_memory();
    if (*ret >= l->flags_cap) {
        size_t cap = l->rules.cap;
        unsigned char *flags = realloc(l->flags, cap);
        if (!flags)
            return no_memory();
        memset(flags + l->flags_cap, 0, cap - l->flags_cap);
        l->flags = flags;
        l->flags_cap = cap;
    }
    return EX_OK;
}

/* One rule, with the hosts that stand before it. */
struct hiding {
    struct span hosts;
    bool excepts; /* #@# */
};

/* Is the rule one that some "~host" makes unsayable: "~example.*"? */
static bool all_exclusions_read(struct filter_list *l, struct span hosts)
{
    struct span host;
    char name[HOST_MOST + 1];
    while (next_part(&hosts, ',', &host)) {
        int why = starts_with(host, "~") ? read_host(past(host, 1), name) : 0;
        if (why) {
            l->counts.left_out[why]++;
            return false;
        }
    }
    return true;
}

static int add_for_host(struct filter_list *l, uint32_t rule, struct span host, bool excepts)
{
    char name[HOST_MOST + 1];
    bool excluded = starts_with(host, "~");
    int why = read_host(excluded ? past(host, 1) : host, name);
    if (why && excepts) { /* nobody knows where: so nowhere */
        l->flags[rule] |= EXCEPTED_EVERYWHERE;
    } else if (why) {
        l->counts.left_out[why]++;
    } else if (excepts && excluded) {
        l->flags[rule] |= EXCEPTED_EVERYWHERE;
    } else {
        return excluded || excepts ? add_exception(l, rule, name) : add_entry(l, rule, name);
    }
    return EX_OK;
}

static int add_rule(struct filter_list *l, struct span line, const struct hiding *h)
{
    uint32_t rule = 0;
    struct span rest = h->hosts, host;
    bool generic = true;
    int code = rule_number(l, line, &rule);
    if (code != EX_OK)
        return code;
    if (trim(rest).len == 0)
        rest.p = NULL;
    while (code == EX_OK && next_part(&rest, ',', &host)) {
        generic = generic && starts_with(host, "~");
        code = add_for_host(l, rule, host, h->excepts);
    }
    if (generic && code == EX_OK)
        l->flags[rule] |= h->excepts ? EXCEPTED_EVERYWHERE : GENERIC;
    return code;
}

static int add_selector(struct filter_list *l, const struct hiding *h, struct span selector)
{
    char *text = NULL;
    size_t len = 0;
    enum css_status status = css_translate(selector.p, selector.len, &text, &len);
    if (status == CSS_NOMEM)
        return no_memory();
    l->counts.exceptions += h->excepts;
    l->counts.rules += !h->excepts;
    if (status != CSS_OK) {
        l->counts.left_out[FILTER_CSS + (int)status] += !h->excepts;
        return EX_OK;
    }
    int code = EX_OK;
    struct span rest = {text, len - 1}, line; /* without the last line end */
    bool sayable = h->excepts || all_exclusions_read(l, h->hosts);
    while (sayable && code == EX_OK && next_part(&rest, '\n', &line))
        code = add_rule(l, line, h);
    free(text);
    return code;
}

/* --- lines -------------------------------------------------------------------------------- */

/* What stands between hosts and selector, longest first; why not, if it is none of ours. */
static const struct separator {
    const char *text;
    int left_out;
    bool excepts;
} separators[] = {
    {"#@?#", 0, true},
    {"#@$?#", FILTER_STYLE, true},
    {"#@$#", FILTER_STYLE, true},
    {"#@%#", FILTER_SCRIPT, true},
    {"#@#", 0, true},
    {"#$?#", FILTER_STYLE, false},
    {"#?#", FILTER_EXTENDED, false},
    {"#$#", FILTER_STYLE, false},
    {"#%#", FILTER_SCRIPT, false},
    {"$@$", FILTER_HTML, true},
    {"$$", FILTER_HTML, false},
    {"##", 0, false},
};

static const struct separator *separator_at(struct span s)
{
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++)
        if (starts_with(s, separators[i].text))
            return &separators[i];
    return NULL;
}

/* Finds the separator; what stands before it must be able to be hosts. */
static const struct separator *find_separator(struct span line, size_t *at)
{
    bool pattern = line.len > 0 && line.p[0] == '/';
    for (size_t i = 0; i < line.len; i++) {
        char c = line.p[i];
        const struct separator *found = c == '#' || c == '$' ? separator_at(past(line, i)) : NULL;
        if (found && (*found->text == '#' || i > 0)) {
            *at = i;
            return found;
        }
        if (!pattern && (strchr("/|@\"'!?=&^:;()", c) || c == '#' || c == ' '))
            return NULL;
    }
    return NULL;
}

/* Rules of uBlock Origin that look like selectors. */
static int odd_selector(struct span selector)
{
    return starts_with(selector, "+js(")             ? FILTER_SCRIPT
           : starts_with(selector, "script:inject(") ? FILTER_SCRIPT
           : starts_with(selector, "^")              ? FILTER_HTML
                                                     : 0;
}

static int read_hiding(struct filter_list *l, struct span line, size_t at,
                       const struct separator *is)
{
    struct hiding h = {{line.p, at}, is->excepts};
    struct span selector = trim(past(line, at + strlen(is->text)));
    int why = is->left_out ? is->left_out : odd_selector(selector);
    if (!why && !h.excepts && l->conditions > 0)
        why = FILTER_CONDITION;
    if (!why)
        return add_selector(l, &h, selector);
    l->counts.rules += !is->excepts;
    l->counts.exceptions += is->excepts;
    l->counts.left_out[why] += !is->excepts;
    return EX_OK;
}

static bool has_option(struct span options, const char *const *names)
{
    struct span option;
    while (next_part(&options, ',', &option))
        for (size_t i = 0; names[i]; i++)
            if (strlen(names[i]) == option.len && starts_with(option, names[i]))
                return true;
    return false;
}

/* "@@||example.org^$elemhide": a list hides nothing there. */
static int read_site_exception(struct filter_list *l, struct span line)
{
    static const char *const all[] = {"elemhide", "ehide", "specifichide", "shide", "document",
                                      "doc",      NULL};
    static const char *const generic[] = {"elemhide", "ehide", "generichide", "ghide",
                                          "document", "doc",   NULL};
    char name[HOST_MOST + 1];
    struct span options = line;
    while (options.len > 0 && options.p[0] != '$')
        options = past(options, 1);
    options = options.len > 0 ? past(options, 1) : options;
    l->counts.generic_off += has_option(options, generic);
    if (!has_option(options, all) || !starts_with(line, "@@||"))
        return EX_OK;
    struct span host = past(line, 4);
    size_t len = 0;
    while (len < host.len && !memchr("^/$:*|", host.p[len], 6))
        len++;
    host.len = len;
    return read_host(host, name) == 0 ? add_exception(l, RULE_ANY, name) : EX_OK;
}

/* Adds a title or licence, as a comment can hold it; a second one behind " + ". */
static void add_head(char to[HEAD_MOST], struct span s)
{
    size_t at = strlen(to);
    s = trim(s);
    s.len = s.len < TITLE_MOST ? s.len : TITLE_MOST;
    if (s.len == 0 || at + s.len + 4 > HEAD_MOST)
        return;
    if (at > 0) {
        memcpy(to + at, " + ", 3);
        at += 3;
    }
    for (size_t i = 0; i < s.len; i++)
        to[at++] = s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '?';
    to[at] = '\0';
}

/* "! Title: ..." and "!#if ..."; *titled: the list has said its title. */
static void read_comment(struct filter_list *l, struct span line, bool *titled)
{
    struct span text = trim(past(line, 1));
    l->counts.comments++;
    if (starts_with(line, "!#if"))
        l->conditions++;
    else if (starts_with(line, "!#endif") && l->conditions > 0)
        l->conditions--;
    else if (starts_with(text, "title:") && !*titled) {
        add_head(l->titles, past(text, 6));
        *titled = true;
    } else if (starts_with(text, "licence:") || starts_with(text, "license:")) {
        add_head(l->licences, past(text, 8));
    }
}

static int read_line(struct filter_list *l, struct span line, bool *titled)
{
    size_t at = 0;
    if (line.len == 0)
        return EX_OK;
    if (line.p[0] == '!') {
        read_comment(l, line, titled);
        return EX_OK;
    }
    if (line.p[0] == '[') {
        bool modifier = starts_with(line, "[$");
        l->counts.comments += !modifier;
        l->counts.rules += modifier;
        l->counts.left_out[FILTER_MODIFIER] += modifier;
        return EX_OK;
    }
    if (line.len > LINE_MOST) {
        l->counts.left_out[FILTER_LONG]++;
        return EX_OK;
    }
    const struct separator *is = find_separator(line, &at);
    if (is)
        return read_hiding(l, line, at, is);
    bool comment = line.p[0] == '#';
    l->counts.comments += comment;
    l->counts.network += !comment;
    return starts_with(line, "@@") ? read_site_exception(l, line) : EX_OK;
}

/* --- lists -------------------------------------------------------------------------------- */

static struct span past_bom(struct span s)
{
    return starts_with(s, "\xef\xbb\xbf") ? past(s, 3) : s;
}

bool filter_list_is_one(const char *data, size_t len)
{
    struct span rest = past_bom((struct span){data, len}), line;
    size_t at = 0;
    for (int i = 0; i < 50 && next_part(&rest, '\n', &line); i++) {
        if (line.len == 0)
            continue;
        if (starts_with(line, "[adblock") || starts_with(line, "[ublock") || line.p[0] == '!')
            return true;
        return line.len <= LINE_MOST && find_separator(line, &at);
    }
    return false;
}

struct filter_list *filter_list_new(void)
{
    uint32_t any = 0;
    struct filter_list *l = calloc(1, sizeof *l);
    if (l && rule_number(l, (struct span){"", 0}, &any) != EX_OK) {
        filter_list_free(l);
        l = NULL;
    }
    return l;
}

void filter_list_free(struct filter_list *l)
{
    if (!l)
        return;
    names_free(&l->rules);
    names_free(&l->hosts);
    pair_marks_free(&l->exceptions);
    free(l->flags);
    free(l->entries);
    free(l);
}

int filter_list_add(struct filter_list *l, const char *data, size_t len, const char *name)
{
    struct span rest = past_bom((struct span){data, len}), line;
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    bool titled = false;
    int code = EX_OK;
    l->conditions = 0;
    while (code == EX_OK && next_part(&rest, '\n', &line))
        code = read_line(l, line, &titled);
    if (!titled)
        add_head(l->titles, (struct span){base, strlen(base)});
    return code;
}

const struct filter_counts *filter_list_counts(const struct filter_list *l)
{
    return &l->counts;
}

const char *filter_reason_text(int reason)
{
    static const char *const texts[FILTER_REASONS] = {
        [FILTER_EXTENDED] = "extended selectors (#?#)",
        [FILTER_STYLE] = "styles (#$#)",
        [FILTER_SCRIPT] = "scripts (##+js, #%#)",
        [FILTER_HTML] = "filters of HTML ($$, ##^)",
        [FILTER_MODIFIER] = "with modifiers ([$path=...])",
        [FILTER_ENTITY] = "for a host with a star (example.*)",
        [FILTER_HOST_PATTERN] = "for hosts by an expression",
        [FILTER_HOST] = "for what is no host of two labels or more in ASCII",
        [FILTER_CONDITION] = "under a condition (!#if)",
        [FILTER_LONG] = "in lines longer than 64 KiB",
        [FILTER_EXCEPTED] = "with exceptions that a rule file cannot say",
        [FILTER_COSTLY] =
            "generic ones with an XPath, past the first 100: each takes time of every page",
        [FILTER_FULL] = "past what fits into a rule file (4 MiB)",
    };
    if (reason >= FILTER_CSS && reason < FILTER_CSS + (int)CSS_STATUS_COUNT)
        return css_status_text((enum css_status)(reason - FILTER_CSS));
    return reason >= 0 && reason < FILTER_REASONS && texts[reason] ? texts[reason] : "";
}

/* --- files -------------------------------------------------------------------------------- */

#define MARK "# Written by winnow rules import, which writes it anew, from: "

struct file_text {
    char *p;
    size_t len, cap, head;
};

static bool text_put(struct file_text *t, const char *p, size_t len)
{
    if (len >= t->cap - t->len) {
        size_t cap = 2 * (t->len + len) + 1024;
        char *grown = realloc(t->p, cap);
        if (!grown)
            return false;
        t->p = grown;
        t->cap = cap;
    }
    memcpy(t->p + t->len, p, len);
    t->len += len;
    t->p[t->len] = '\0';
    return true;
}

static bool text_start(struct file_text *t, const struct filter_list *l)
{
    char head[2 * HEAD_MOST + 200];
    bool licence = *l->licences != '\0';
    int len = snprintf(head, sizeof head, MARK "%s\n%s%s%s\n", l->titles,
                       licence ? "# Licence: " : "", l->licences, licence ? "\n" : "");
    t->len = 0;
    if (!text_put(t, head, (size_t)len))
        return false;
    t->head = t->len;
    return true;
}

/* Adds a rule, where the file has room for it. */
static bool text_add(struct file_text *t, struct filter_list *l, uint32_t rule)
{
    const char *line = l->rules.items[rule];
    size_t len = strlen(line);
    if (len + 1 > FILE_MOST - t->len) {
        l->counts.left_out[FILTER_FULL]++;
        return true;
    }
    return text_put(t, line, len) && text_put(t, "\n", 1);
}

static int hand_out(const struct file_text *t, const char *dot, const char *stem,
                    filter_file_fn *found, void *ctx)
{
    char name[HOST_MOST + 8];
    if (t->len == t->head)
        return EX_OK;
    snprintf(name, sizeof name, "%s%s.txt", dot, stem);
    return found(ctx, name, t->p, t->len);
}

/* What is left of an entry's files when the exceptions are taken away. */
static unsigned reach_of(const struct filter_list *l, const struct entry *e)
{
    const char *host = l->hosts.items[e->host];
    unsigned where = e->where;
    if (l->flags[e->rule] & EXCEPTED_EVERYWHERE)
        return 0;
    if (!((l->flags[e->rule] | l->flags[RULE_ANY]) & EXCEPTED))
        return where;
    unsigned marks = pair_marks_of(&l->exceptions, e->rule, e->host) |
                     pair_marks_of(&l->exceptions, RULE_ANY, e->host);
    where &= marks & AT_WWW ? ~(unsigned)AT_HOST : ~0u;
    where &= marks & DEEPER ? ~(unsigned)BELOW_HOST : ~0u;
    for (const char *above = host; above; above = parent_of(above)) {
        uint32_t number = names_find(&l->hosts, above, strlen(above));
        if (number != NAME_NONE && (pair_marks_of(&l->exceptions, e->rule, number) |
                                    pair_marks_of(&l->exceptions, RULE_ANY, number)) &
                                       HERE)
            return 0;
    }
    return where;
}

static int by_host_and_rule(const void *a, const void *b, void *hosts)
{
    const struct entry *x = a, *y = b;
    const struct names *n = hosts;
    if (x->host != y->host)
        return strcmp(n->items[x->host], n->items[y->host]);
    return (x->rule > y->rule) - (x->rule < y->rule);
}

/* Equal entries become one. */
static void sort_entries(struct filter_list *l)
{
    size_t kept = 0;
    if (l->count > 0)
        qsort_r(l->entries, l->count, sizeof *l->entries, by_host_and_rule, &l->hosts);
    for (size_t i = 0; i < l->count; i++) {
        struct entry *e = &l->entries[i], *last = kept ? &l->entries[kept - 1] : NULL;
        if (last && last->host == e->host && last->rule == e->rule)
            last->where |= e->where;
        else
            l->entries[kept++] = *e;
    }
    l->count = kept;
    for (size_t i = 0; i < l->count; i++) {
        struct entry *e = &l->entries[i];
        unsigned reach = reach_of(l, e);
        l->counts.left_out[FILTER_EXCEPTED] += reach == 0;
        e->where = (unsigned char)reach;
    }
}

/* One of a host's two files: of the entries from..to those that go there. */
static int make_host_file(struct filter_list *l, size_t from, size_t to, unsigned where,
                          struct file_text *t, filter_file_fn *found, void *ctx)
{
    if (!text_start(t, l))
        return no_memory();
    for (size_t i = from; i < to; i++)
        if ((l->entries[i].where & where) && !text_add(t, l, l->entries[i].rule))
            return no_memory();
    return hand_out(t, where == BELOW_HOST ? "." : "", l->hosts.items[l->entries[from].host], found,
                    ctx);
}

/* Why a generic rule does not go into global.txt, or 0; *xpaths counts those that do
 * and need one. */
static int why_not_generic(const struct filter_list *l, size_t rule, size_t *xpaths)
{
    bool xpath = strncmp(l->rules.items[rule], "strip:", 6) == 0;
    if (l->flags[rule] & (EXCEPTED | EXCEPTED_EVERYWHERE))
        return FILTER_EXCEPTED;
    if (xpath && *xpaths == GENERIC_XPATHS_MOST)
        return FILTER_COSTLY;
    *xpaths += xpath;
    return 0;
}

static int make_global(struct filter_list *l, struct file_text *t, filter_file_fn *found, void *ctx)
{
    size_t xpaths = 0;
    if (!text_start(t, l))
        return no_memory();
    for (size_t i = 1; i < l->rules.count; i++) {
        if (!(l->flags[i] & GENERIC))
            continue;
        int why = why_not_generic(l, i, &xpaths);
        l->counts.left_out[why] += why != 0;
        if (!why && !text_add(t, l, (uint32_t)i))
            return no_memory();
    }
    return hand_out(t, "", "global", found, ctx);
}

int filter_list_files(struct filter_list *l, filter_file_fn *found, void *ctx)
{
    struct file_text text = {0};
    sort_entries(l);
    int code = make_global(l, &text, found, ctx);
    for (size_t from = 0, to; code == EX_OK && from < l->count; from = to) {
        for (to = from + 1; to < l->count && l->entries[to].host == l->entries[from].host;)
            to++;
        code = make_host_file(l, from, to, AT_HOST, &text, found, ctx);
        if (code == EX_OK)
            code = make_host_file(l, from, to, BELOW_HOST, &text, found, ctx);
    }
    free(text.p);
    return code;
}

bool filter_file_is_ours(const char *data, size_t len)
{
    return len >= sizeof MARK - 1 && memcmp(data, MARK, sizeof MARK - 1) == 0;
}

bool filter_file_is_of(const struct filter_list *l, const char *data, size_t len)
{
    size_t mark = sizeof MARK - 1, title = strlen(l->titles);
    return filter_file_is_ours(data, len) && len > mark + title && data[mark + title] == '\n' &&
           memcmp(data + mark, l->titles, title) == 0;
}
