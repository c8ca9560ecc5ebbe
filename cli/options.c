/* options.c - the table of options, and the command line read by it. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "say.h"

/* --- values ------------------------------------------------------------------------------- */

static bool set_out(struct settings *s, const char *value)
{
    s->out = value;
    return *value != '\0';
}

static bool set_format(struct settings *s, const char *value)
{
    static const struct {
        const char *name;
        enum winnow_format format;
    } formats[] = {{"text", WINNOW_TEXT}, {"json", WINNOW_JSON}, {"jsonl", WINNOW_JSONL}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(value, formats[i].name) == 0) {
            s->format = formats[i].format;
            s->format_given = true;
            return true;
        }
    return false;
}

static bool set_url(struct settings *s, const char *value)
{
    s->url = value;
    return strncasecmp(value, "http://", 7) == 0 || strncasecmp(value, "https://", 8) == 0;
}

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Labels with a dot between them (RFC 1123).  The library passes over what is no
 * host, and then no rule of the site applies: better to say so. */
static bool is_host(const char *s)
{
    for (;;) {
        size_t len = 0;
        while (is_label_char(s[len]))
            len++;
        if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
            return false;
        if (!s[len])
            return true;
        if (s[len] != '.')
            return false;
        s += len + 1;
        if (!*s)
            return true; /* the root's dot */
    }
}

static bool set_site(struct settings *s, const char *value)
{
    s->site = value;
    return strlen(value) <= 254 && is_host(value);
}

static bool set_kind(struct settings *s, const char *value)
{
    s->kind = strcmp(value, "html") == 0   ? WINNOW_KIND_HTML
              : strcmp(value, "dump") == 0 ? WINNOW_KIND_DUMP
                                           : WINNOW_KIND_AUTO;
    return s->kind != WINNOW_KIND_AUTO;
}

static bool add_rules(struct settings *s, const char *value)
{
    if (s->nrules == RULES_MOST)
        return false;
    s->rules[s->nrules++] = value;
    return true;
}

static bool set_max_size(struct settings *s, const char *value)
{
    static const char units[] = "KMG";
    char *end;
    unsigned long long n = strtoull(value, &end, 10);
    unsigned shift = 0;
    if (*value < '0' || *value > '9' || n == 0)
        return false;
    if (*end) {
        const char *unit = strchr(units, *end & ~32);
        if (!unit || end[1])
            return false;
        shift = 10 * (unsigned)(unit - units + 1);
    }
    if (n > (UINT64_C(1) << 31) >> shift)
        return false;
    s->max_size = (size_t)n << shift;
    return true;
}

static bool set_html(struct settings *s, const char *value)
{
    s->html = value;
    return *value != '\0';
}

static bool set_index(struct settings *s, const char *value)
{
    s->index = value;
    return *value != '\0';
}

static bool set_across(struct settings *s, const char *value)
{
    static const struct {
        const char *name;
        enum winnow_across across;
    } modes[] = {{"annotate", WINNOW_ACROSS_ANNOTATE},
                 {"strip", WINNOW_ACROSS_STRIP},
                 {"off", WINNOW_ACROSS_OFF}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(value, modes[i].name) == 0) {
            s->across = modes[i].across;
            s->across_given = true;
            return true;
        }
    return false;
}

static bool no_site(struct settings *s, const char *value)
{
    (void)value;
    return s->no_site = true;
}

enum { JOBS_MOST = 256 };

/* 0: as many as this process may use processors. */
static bool set_jobs(struct settings *s, const char *value)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    cpu_set_t set;
    if (*value < '0' || *value > '9' || *end || errno != 0 || n > JOBS_MOST)
        return false;
    if (n == 0 && sched_getaffinity(0, sizeof set, &set) == 0)
        n = (unsigned long)CPU_COUNT(&set);
    s->jobs = n < JOBS_MOST ? (unsigned)n : JOBS_MOST;
    return true;
}

static bool set_line(struct settings *s, const char *value)
{
    char *end;
    errno = 0;
    s->line = strtoul(value, &end, 10);
    return *value >= '1' && *value <= '9' && !*end && errno == 0;
}

static bool no_default_rules(struct settings *s, const char *value)
{
    (void)value;
    return s->no_default_rules = true;
}

static bool keep_repeats(struct settings *s, const char *value)
{
    (void)value;
    return s->keep_repeats = true;
}

static bool all_repeats(struct settings *s, const char *value)
{
    (void)value;
    return s->all_repeats = true;
}

static bool allow_private(struct settings *s, const char *value)
{
    (void)value;
    return s->allow_private = true;
}

static bool force(struct settings *s, const char *value)
{
    (void)value;
    return s->force = true;
}

static bool quiet(struct settings *s, const char *value)
{
    (void)value;
    return s->quiet = true;
}

static bool help(struct settings *s, const char *value)
{
    (void)value;
    return s->help = true;
}

/* --- the table ---------------------------------------------------------------------------- */

static const struct spec {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* what it takes, as help shows it; NULL: nothing */
    unsigned commands;
    bool (*set)(struct settings *s, const char *value);
    const char *help;
} specs[] = {
    {"output", 'o', "DIR", FOR_CLEAN, set_out, "the folder that results go to"},
    {"output", 'o', "DIR|FILE", FOR_RULES, set_out, "import: the folder, learn: the file to write"},
    {"output", 'o', "DIR", FOR_QUEUE, set_out, "release: the folder that files go to"},
    {"output", 'o', "FILE", FOR_RESTORE, set_out, "the file that the text goes to"},
    {"format", 0, "FORMAT", FOR_CLEAN | FOR_RULES, set_format, "text (default), json or jsonl"},
    {"format", 0, "FORMAT", FOR_INDEX, set_format, "stat: text (default) or json"},
    {"format", 0, "FORMAT", FOR_QUEUE, set_format, "ls, status, fsck: text (default) or json"},
    {"html", 0, "FILE", FOR_EXPLAIN, set_html, "write a web page to FILE, not text"},
    {"url", 0, "URL", FOR_INPUTS, set_url, "where the page came from (http or https)"},
    {"site", 0, "HOST", FOR_INPUTS, set_site, "the site it came from, where the URL is not known"},
    {"as", 0, "KIND", FOR_INPUTS, set_kind, "html or dump; default: look at the bytes"},
    {"rules", 0, "DIR", FOR_INPUTS, add_rules, "more rule files, before those that ship"},
    {"no-default-rules", 0, NULL, FOR_INPUTS, no_default_rules,
     "only the rules that --rules names"},
    {"index", 0, "DIR", FOR_CLEAN, set_index, "remember the pages in DIR, and know earlier ones"},
    {"index", 0, "DIR", FOR_EXPLAIN | FOR_RECLEAN, set_index, "the index, which is only read"},
    {"index", 0, "DIR", FOR_RULES, set_index, "learn: the index of the site's pages"},
    {"across", 0, "MODE", FOR_ASKING, set_across,
     "text of earlier pages: annotate (default), strip, off"},
    {"no-site", 0, NULL, FOR_ASKING, no_site, "leave lines that a site's pages share"},
    {"keep-repeats", 0, NULL, FOR_ASKING, keep_repeats, "leave passages that stand twice"},
    {"all-repeats", 0, NULL, FOR_ASKING, all_repeats, "remove also what recurs by a page's form"},
    {"max-size", 0, "N[K|M|G]", FOR_INPUTS, set_max_size,
     "largest page, unpacked; default 64M, most 2G"},
    {"jobs", 'j', "N", FOR_CLEAN, set_jobs, "pages at once, in boxed processes; 0: one a processor"},
    {"allow-private", 0, NULL, FOR_PAGES, allow_private, "fetch from private networks too"},
    {"line", 0, "N", FOR_RESTORE, set_line, "the record on line N of several"},
    {"force", 0, NULL, FOR_RULES, force, "import: replace files that differ"},
    {"quiet", 'q', NULL, FOR_ALL, quiet, "errors only, no notes"},
    {"help", 'h', NULL, FOR_ALL, help, "this help"},
};

enum { SPECS = sizeof specs / sizeof *specs };

static const struct spec *spec_at(int found, unsigned command)
{
    for (size_t i = 0; i < SPECS; i++)
        if ((specs[i].letter == found || (int)(256 + i) == found) && (specs[i].commands & command))
            return &specs[i];
    return NULL;
}

static int refuse(const char *word, const char *command)
{
    say("%s: no such option, or its value is missing; winnow %s --help lists them", word, command);
    return EX_USAGE;
}

int options_read(int argc, char **argv, unsigned command, struct settings *ret)
{
    struct option longs[SPECS + 1] = {0};
    char letters[2 * SPECS + 2] = ":";
    size_t n = 0;
    for (size_t i = 0; i < SPECS; i++) {
        if (!(specs[i].commands & command))
            continue;
        longs[n++] = (struct option){specs[i].name, specs[i].value ? required_argument : no_argument,
                                     NULL, (int)(256 + i)};
        size_t at = strlen(letters);
        if (specs[i].letter)
            snprintf(letters + at, sizeof letters - at, "%c%s", specs[i].letter,
                     specs[i].value ? ":" : "");
    }
    optind = 1;
    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        const struct spec *spec = spec_at(found, command);
        if (!spec)
            return refuse(argv[optind - 1], argv[0]);
        if (!spec->set(ret, optarg)) {
            say("--%s %s: not a value for it (%s); winnow %s --help says more", spec->name, optarg,
                spec->help, argv[0]);
            return EX_USAGE;
        }
    }
    ret->args = argv + optind;
    ret->nargs = (size_t)(argc - optind);
    return EX_OK;
}

void options_print(unsigned command)
{
    for (size_t i = 0; i < SPECS; i++) {
        char left[40];
        if (!(specs[i].commands & command))
            continue;
        snprintf(left, sizeof left, "%s%c%s --%s%s%s", specs[i].letter ? "-" : " ",
                 specs[i].letter ? specs[i].letter : ' ', specs[i].letter ? "," : " ", specs[i].name,
                 specs[i].value ? " " : "", specs[i].value ? specs[i].value : "");
        printf("  %-27s %s\n", left, specs[i].help);
    }
}
