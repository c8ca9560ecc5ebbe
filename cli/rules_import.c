/* rules_import.c - winnow rules import: rule files out of checkouts and filter lists.
 *
 * 1. A checkout's rule files come over byte for byte, bad lines and all: a reader passes
 *    over those, and a file that nobody changed can be compared with its source.
 * 2. A file that is there already and says something else stays (--force replaces it),
 *    and what a filter list makes never goes into or over a file that no filter list made.
 * 3. Nothing is written before all sources are read. */
#include "rules_verbs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "filterlist.h"
#include "output.h"
#include "rules_stage.h"
#include "say.h"

enum {
    LIST_FILE_MOST = 64 * 1024 * 1024, /* bytes of a filter list */
    KINDS_MOST = 32,                   /* of findings that are told apart */
    NAMED_MOST = 20, /* files of one sort that are named; the others are counted */
};

struct import {
    const struct settings *settings;
    bool force;
    struct stage stage;
    struct filter_list *lists; /* NULL: there was none */
    size_t imported, unchanged, refused, left_out, gone;
    size_t faulty; /* files with findings */
    struct {
        char name[32];
        size_t count;
    } kinds[KINDS_MOST];
    int code;
};

/* Says what became of a file, of each sort so often; *count counts them all. */
static void note(struct import *m, size_t *count, const char *path, const char *why)
{
    if (++*count <= NAMED_MOST && !(m->settings->quiet && count == &m->left_out))
        say("%s: %s", path, why);
}

static void refuse(struct import *m, const char *path, const char *why)
{
    note(m, &m->refused, path, why);
    m->code = EX_CANTCREAT;
}

/* --- is it a rule file? ------------------------------------------------------------------- */

/* What lint says of one file. */
struct findings {
    struct import *import;
    size_t count, unknown; /* unknown: lines that are no directive */
    bool tally;
};

static void tally(struct import *m, const char *kind)
{
    size_t i = 0;
    while (i + 1 < KINDS_MOST && *m->kinds[i].name && strcmp(m->kinds[i].name, kind) != 0)
        i++;
    if (!*m->kinds[i].name)
        snprintf(m->kinds[i].name, sizeof m->kinds[i].name, "%s", kind);
    m->kinds[i].count++;
}

static void on_finding(void *ctx, const struct winnow_finding *f)
{
    struct findings *found = ctx;
    found->count++;
    found->unknown +=
        strcmp(f->kind, "unknown-directive") == 0 || strcmp(f->kind, "no-directive") == 0;
    if (found->tally)
        tally(found->import, f->kind);
}

static int lint(struct import *m, const char *path, bool counts, struct findings *ret)
{
    size_t errors = 0;
    *ret = (struct findings){.import = m, .tally = counts};
    return winnow_rules_lint(path, on_finding, ret, &errors, NULL);
}

/* Lines that are neither blank nor comments; *matches: one begins with match_. */
static size_t count_lines(const char *text, bool *matches)
{
    size_t n = 0;
    *matches = false;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        line += strspn(line, " \t\r");
        n += *line && *line != '#' && *line != '\n';
        *matches = *matches || strncmp(line, "match_", 6) == 0;
    }
    return n;
}

/* The name under which a page's host finds the file; false: it is no host's name. */
static bool host_name(const char *name, char *ret, size_t cap)
{
    size_t len = strlen(name), dots = 0;
    const char *from =
        strncasecmp(name, "www.", 4) == 0 && len > 8 && memchr(name + 4, '.', len - 8) ? name + 4
                                                                                       : name;
    if (len >= cap || len <= 4)
        return false;
    for (size_t i = 0; from[i]; i++)
        ret[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 32) : from[i];
    ret[strlen(from)] = '\0';
    size_t stem = strlen(from) - 4;
    for (size_t i = 0; i < stem; i++) {
        char c = ret[i];
        dots += c == '.' && i > 0;
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              (c == '.' && ret[i + 1] != '.')))
            return false;
    }
    return dots > 0 || strcmp(ret, "global.txt") == 0;
}

/* Why a file is not imported, or NULL; *ret is the name that it gets. */
static const char *why_not(struct import *m, const char *path, const char *name, const char *text,
                           size_t len, char ret[NAME_MAX + 1])
{
    struct findings found;
    bool matches;
    if (memchr(text, '\0', len))
        return "binary; left out";
    bool host = host_name(name, ret, NAME_MAX + 1);
    size_t lines = count_lines(text, &matches);
    if (!host && !matches)
        return "its name is no host's and no match_ line is in it, so no page would ask for it; "
               "left out";
    if (!host)
        snprintf(ret, NAME_MAX + 1, "%s", name);
    if (lint(m, path, false, &found) != WINNOW_OK)
        return "cannot be read as a rule file; left out";
    return lines > 0 && found.unknown >= lines ? "no line of it is a rule; left out" : NULL;
}

/* --- checkouts ---------------------------------------------------------------------------- */

static bool same_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* Puts a checkout's file where it belongs, unless another one is there. */
static int place(struct import *m, const char *path, const char *name, const char *text, size_t len)
{
    char *there = NULL;
    size_t there_len = 0;
    enum stage_found found = stage_read(&m->stage, name, &there, &there_len);
    bool same = found == STAGE_FILE && same_bytes(text, len, there, there_len);
    free(there);
    if (same) {
        m->unchanged++;
        return stage_keep(&m->stage, name);
    }
    if (stage_has(&m->stage, name)) {
        note(m, &m->left_out, path, "another file of the sources has the same host; left out");
        return EX_OK;
    }
    if (found != STAGE_NOTHING && !m->force) {
        char why[600];
        snprintf(why, sizeof why, "%s/%s is there and differs; --force replaces it", m->stage.dir,
                 name);
        refuse(m, path, why);
        return EX_OK;
    }
    m->imported++;
    return stage_put(&m->stage, name, text, len);
}

static int import_rules(struct import *m, const char *path, const char *name, const char *text,
                        size_t len)
{
    char to[NAME_MAX + 1];
    struct findings found;
    const char *why = why_not(m, path, name, text, len, to);
    if (why) {
        note(m, &m->left_out, path, why);
        return EX_OK;
    }
    if (lint(m, path, true, &found) == WINNOW_OK)
        m->faulty += found.count > 0;
    return place(m, path, to, text, len);
}

static bool is_text_name(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcasecmp(name + len - 4, ".txt") == 0;
}

static int import_entry(struct import *m, const FTSENT *e)
{
    char *text = NULL;
    size_t len = 0;
    if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) {
        say("%s: %s; check its permissions", e->fts_path, strerror(e->fts_errno));
        m->code = EX_NOINPUT;
        return EX_OK;
    }
    if (e->fts_info == FTS_D || e->fts_info == FTS_DP)
        return EX_OK;
    if (e->fts_info != FTS_F || !is_text_name(e->fts_name)) {
        note(m, &m->left_out, e->fts_path,
             e->fts_info == FTS_F ? "no .txt; left out" : "no regular file; left out");
        return EX_OK;
    }
    if (file_read(AT_FDCWD, e->fts_accpath, RULE_FILE_MOST, &text, &len) != 0) {
        if (errno != EFBIG)
            m->code = EX_NOINPUT;
        note(m, &m->left_out, e->fts_path,
             errno == EFBIG ? "larger than a rule file may be (4 MiB); left out"
                            : "cannot be read; left out");
        return EX_OK;
    }
    int code = import_rules(m, e->fts_path, e->fts_name, text, len);
    free(text);
    return code;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* .git and its like hold no rules, and what is imported is no source. */
static bool is_passed_over(const struct import *m, const FTSENT *e)
{
    struct stat out;
    if (e->fts_info != FTS_D || e->fts_level == 0)
        return false;
    return e->fts_name[0] == '.' ||
           (fstat(m->stage.dir_fd, &out) == 0 && out.st_dev == e->fts_statp->st_dev &&
            out.st_ino == e->fts_statp->st_ino);
}

static int import_folder(struct import *m, const char *path)
{
    char *roots[] = {(char *)path, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    FTSENT *e;
    int code = EX_OK;
    if (!walk) {
        say("%s: %s; check its permissions", path, strerror(errno));
        return EX_NOINPUT;
    }
    while (code == EX_OK && (e = fts_read(walk)) != NULL) {
        if (is_passed_over(m, e))
            fts_set(walk, e, FTS_SKIP);
        else
            code = import_entry(m, e);
    }
    fts_close(walk);
    return code;
}

/* --- filter lists ------------------------------------------------------------------------- */

static int place_list_file(void *ctx, const char *name, const char *data, size_t len)
{
    struct import *m = ctx;
    char *there = NULL, path[1200];
    size_t there_len = 0;
    enum stage_found found = stage_read(&m->stage, name, &there, &there_len);
    bool same = found == STAGE_FILE && same_bytes(data, len, there, there_len);
    bool ours = found == STAGE_FILE && filter_file_is_ours(there, there_len);
    bool replaced = found == STAGE_NOTHING || filter_file_is_of(m->lists, there, there_len);
    free(there);
    snprintf(path, sizeof path, "%s/%s", m->stage.dir, name);
    if (same) {
        m->unchanged++;
        return stage_keep(&m->stage, name);
    }
    if (replaced) {
        m->imported++;
        return stage_put(&m->stage, name, data, len);
    }
    refuse(
        m, path,
        ours ? "is made from another filter list; name both lists in one import, or another -o DIR"
             : "is there and no filter list made it; give filter lists another -o DIR");
    return EX_OK;
}

/* Files that an earlier import made from the same lists, which no longer ask for them. */
static int drop_stale(struct import *m)
{
    int fd = dup(m->stage.dir_fd), code = EX_OK;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return EX_OK;
    }
    for (struct dirent *e; code == EX_OK && (e = readdir(dir)) != NULL;) {
        char *text = NULL;
        size_t len = 0;
        if (!is_text_name(e->d_name) || stage_has(&m->stage, e->d_name) ||
            file_read(m->stage.dir_fd, e->d_name, RULE_FILE_MOST, &text, &len) != 0)
            continue;
        if (filter_file_is_of(m->lists, text, len)) {
            code = stage_drop(&m->stage, e->d_name);
            m->gone++;
        }
        free(text);
    }
    closedir(dir);
    return code;
}

static int place_lists(struct import *m)
{
    int code = filter_list_files(m->lists, place_list_file, m);
    return code == EX_OK ? drop_stale(m) : code;
}

static int import_list(struct import *m, const char *path, const char *text, size_t len)
{
    if (!m->lists)
        m->lists = filter_list_new();
    if (m->lists)
        return filter_list_add(m->lists, text, len, path);
    say("%s: out of memory; import it alone", path);
    return EX_OSERR;
}

/* --- sources ------------------------------------------------------------------------------ */

static int import_file(struct import *m, const char *path)
{
    char *text = NULL, *real = realpath(path, NULL); /* a link that was named is followed */
    size_t len = 0;
    const char *slash = strrchr(path, '/');
    if (!real || file_read(AT_FDCWD, real, LIST_FILE_MOST, &text, &len) != 0) {
        say("%s: %s; name a folder of rule files, or a filter list of at most 64 MiB", path,
            strerror(errno));
        free(real);
        m->code = EX_NOINPUT;
        return EX_OK;
    }
    int code = EX_OK;
    if (filter_list_is_one(text, len))
        code = import_list(m, path, text, len);
    else if (len > RULE_FILE_MOST || !is_text_name(path))
        note(m, &m->left_out, path, "neither a rule file nor a filter list; left out");
    else
        code = import_rules(m, path, slash ? slash + 1 : path, text, len);
    free(text);
    free(real);
    return code;
}

static int import_source(struct import *m, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? import_folder(m, path) : import_file(m, path);
    say("%s: %s; check the path", path, strerror(errno));
    m->code = EX_NOINPUT;
    return EX_OK;
}

/* --- the summary -------------------------------------------------------------------------- */

static void print_findings(const struct import *m)
{
    if (m->faulty == 0)
        return;
    printf("findings in %zu files:", m->faulty);
    for (size_t i = 0; i < KINDS_MOST && *m->kinds[i].name; i++)
        printf("%s %zu %s", i ? "," : "", m->kinds[i].count, m->kinds[i].name);
    printf("; winnow rules lint %s shows them\n", m->stage.dir);
}

static void print_lists(const struct filter_counts *c)
{
    printf(
        "filter lists: %zu rules, %zu exceptions; passed over: %zu network rules, %zu comments\n",
        c->rules, c->exceptions, c->network, c->comments);
    for (int i = 0; i < FILTER_REASONS; i++)
        if (c->left_out[i] > 0)
            printf("  left out: %zu %s\n", c->left_out[i], filter_reason_text(i));
    if (c->generic_off > 0)
        printf("  %zu sites switch generic rules off; global.txt applies to them all the same\n",
               c->generic_off);
}

static void print_summary(const struct import *m)
{
    if (m->settings->quiet)
        return;
    printf("%s: %zu files imported, %zu unchanged, %zu refused, %zu left out, %zu removed\n",
           m->stage.dir, m->imported, m->unchanged, m->refused, m->left_out, m->gone);
    print_findings(m);
    if (m->lists)
        print_lists(filter_list_counts(m->lists));
}

static int import_all(struct import *m)
{
    const struct settings *s = m->settings;
    int code = stage_open(&m->stage, s->out);
    for (size_t i = 1; i < s->nargs && code == EX_OK; i++)
        code = import_source(m, s->args[i]);
    if (code == EX_OK && m->lists)
        code = place_lists(m);
    if (code == EX_OK)
        code = stage_publish(&m->stage);
    if (code == EX_OK) {
        print_summary(m);
        code = output_end();
    }
    return code == EX_OK ? m->code : code;
}

int rules_import(const struct settings *s)
{
    struct import m = {.settings = s, .force = s->force, .code = EX_OK};
    if (!s->out || s->nargs < 2) {
        say("rules import takes -o DIR and the folders or filter lists to import; "
            "winnow rules --help says more");
        return EX_USAGE;
    }
    m.stage.dir_fd = m.stage.temp_fd = -1;
    int code = import_all(&m);
    stage_close(&m.stage);
    filter_list_free(m.lists);
    return code;
}
