/* rules_read.c - the bytes of a rule file to a list of rules.
 *
 *     line = blank | "#" text | name ["(" arg ")"] ":" [value]
 *
 * As the readers of the site-config format do it: white space at the edges is
 * dropped, a line without a colon and a name that nobody knows are passed over. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "err.h"
#include "pattern.h"
#include "rules.h"
#include "text.h"
#include "utf8.h"
#include "xpath.h"

enum { FILE_MOST = 4 * 1024 * 1024 }; /* bytes of a rule file */

struct reader {
    struct rule_file *file;
    rule_problem_fn *problem;
    void *ctx;
    unsigned line;
    bool past_sections; /* in a section beyond those that a file may have */
};

__attribute__((format(printf, 6, 7))) static void report(const struct reader *r, const char *kind,
                                                         unsigned line, unsigned column,
                                                         bool is_error, const char *format, ...)
{
    char text[400];
    if (!r->problem)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->problem(r->ctx, &(struct rule_problem){kind, text, line, column, is_error});
}

/* --- one line ------------------------------------------------------------------- */

struct parts {
    struct slice name, arg, value;
    bool has_arg;
};

/* Does an expression, /.../ and its flags, end before p? */
static bool ends_expression(const char *open, const char *p)
{
    while (p > open && p[-1] >= 'a' && p[-1] <= 'z')
        p--;
    return p > open + 2 && p[-1] == '/';
}

/* With an argument the name ends at the first ")" that a colon follows: the
 * argument may hold colons and parentheses of its own.  An expression may hold
 * both together, and ends where its flags do. */
static const char *close_of_argument(struct slice line, const char *open)
{
    const char *end = line.p + line.len;
    bool expression = open + 1 < end && open[1] == '/';
    for (const char *p = open; (p = memchr(p, ')', (size_t)(end - p))) != NULL; p++) {
        const char *q = p + 1;
        while (q < end && (*q == ' ' || *q == '\t'))
            q++;
        if (q < end && *q == ':' && (!expression || ends_expression(open, p)))
            return p;
    }
    return NULL;
}

static bool split_line(struct slice line, struct parts *ret)
{
    const char *end = line.p + line.len;
    const char *colon = memchr(line.p, ':', line.len);
    const char *open = memchr(line.p, '(', line.len);
    const char *close = NULL;
    if (!colon)
        return false;
    if (open && open < colon)
        close = close_of_argument(line, open);
    *ret = (struct parts){0};
    if (close) {
        colon = memchr(close, ':', (size_t)(end - close));
        ret->has_arg = true;
        ret->arg = (struct slice){open + 1, (size_t)(close - open - 1)};
        ret->name = text_trim((struct slice){line.p, (size_t)(open - line.p)});
    } else {
        ret->name = text_trim((struct slice){line.p, (size_t)(colon - line.p)});
    }
    ret->value = text_trim((struct slice){colon + 1, (size_t)(end - colon - 1)});
    return true;
}

static void report_unknown(const struct reader *r, struct slice name, unsigned column)
{
    const char *near = directive_near(name);
    int n = name.len < 60 ? (int)name.len : 60;
    if (near)
        report(r, "unknown-directive", r->line, column, true, "no such directive \"%.*s\"; did you mean \"%s\"?", n,
               name.p, near);
    else
        report(r, "unknown-directive", r->line, column, true,
               "no such directive \"%.*s\"; winnow-rules(5) lists them", n, name.p);
}

static bool shape_is_right(const struct reader *r, const struct directive *d,
                           const struct parts *parts, unsigned column)
{
    if (d->arg == ARG_MUST && !parts->has_arg) {
        report(r, "argument", r->line, column, true, "\"%s\" needs an argument: %s(...): value", d->name,
               d->name);
        return false;
    }
    if (d->arg == ARG_NONE && parts->has_arg)
        report(r, "argument", r->line, column, true,
               "\"%s\" takes no argument; the parenthesis is passed over", d->name);
    if (parts->value.len == 0 && d->value != VALUE_TEXT) {
        report(r, "empty-value", r->line, column, false, "\"%s\" has no value; the line does nothing", d->name);
        return false;
    }
    return true;
}

static int push_rule(struct rule_file *file, struct rule rule)
{
    struct rule *rules = array_grow(file->rules, &file->cap, file->count + 1, sizeof *rules);
    if (!rules)
        return WINNOW_ENOMEM;
    file->rules = rules;
    file->rules[file->count++] = rule;
    return WINNOW_OK;
}

static int open_section(struct reader *r, struct slice id)
{
    struct rule_file *file = r->file;
    if (file->nsections == SECTIONS_MOST) {
        r->past_sections = true;
        report(r, "section", r->line, 1, true,
               "more than %d sections; this one and its lines are not read: split the file",
               SECTIONS_MOST);
        return WINNOW_OK;
    }
    struct slice *sections =
        array_grow(file->sections, &file->sections_cap, file->nsections + 1, sizeof *sections);
    if (!sections)
        return WINNOW_ENOMEM;
    file->sections = sections;
    for (size_t i = 0; r->problem && i < file->nsections; i++)
        if (slice_eq(sections[i], id))
            report(r, "section", r->line, 1, true, "there is a section \"%.*s\" above; name this one otherwise",
                   (int)id.len, id.p);
    file->sections[file->nsections++] = id;
    return WINNOW_OK;
}

static int read_line(struct reader *r, struct slice raw)
{
    struct slice line = text_trim(raw);
    unsigned column = (unsigned)(line.p - raw.p) + 1;
    struct parts parts;
    if (line.len == 0 || line.p[0] == '#')
        return WINNOW_OK;
    if (!split_line(line, &parts)) {
        report(r, "no-directive", r->line, column, true,
               "neither a comment nor a directive; start it with # or write name: value");
        return WINNOW_OK;
    }
    const struct directive *d = directive_of(parts.name);
    if (!d) {
        report_unknown(r, parts.name, column);
        return WINNOW_OK;
    }
    if (!shape_is_right(r, d, &parts, column))
        return WINNOW_OK;
    if (d->id == DIRECTIVE_SECTION)
        return open_section(r, parts.value);
    bool scoped = d->flags & (DIRECTIVE_LINES | DIRECTIVE_MATCH);
    if (scoped && r->past_sections)
        return WINNOW_OK;
    if (!scoped && r->file->nsections > 0 && d->id != DIRECTIVE_TEST_IN &&
        d->id != DIRECTIVE_TEST_OUT && !(d->flags & DIRECTIVE_RESERVED))
        report(r, "section", r->line, column, false,
               "\"%s\" stands in a section but holds for the whole file; move it above the "
               "first section", d->name);
    struct rule rule = {.directive = d, .line = r->line, .arg = parts.arg, .value = parts.value,
                        .has_arg = parts.has_arg && d->arg != ARG_NONE,
                        .column = (unsigned)(parts.value.p - raw.p) + 1,
                        .section = scoped ? (int)r->file->nsections - 1 : SECTION_NONE};
    r->file->has_match |= (d->flags & DIRECTIVE_MATCH) != 0;
    return push_rule(r->file, rule);
}

/* --- what only the neighbours of a line can tell ---------------------------------- */

static void check_pairs(const struct reader *r)
{
    const struct rule *waiting = NULL; /* a find_string without its replace_string */
    bool in_test = false;
    for (size_t i = 0; i < r->file->count; i++) {
        const struct rule *rule = &r->file->rules[i];
        enum directive_id id = rule->directive->id;
        if (id == DIRECTIVE_FIND_STRING) {
            if (waiting)
                report(r, "unpaired-replacement", waiting->line, 1, true,
                       "find_string without a replace_string after it; it does nothing");
            waiting = rule;
        } else if (id == DIRECTIVE_REPLACE_STRING && !rule->has_arg) {
            if (!waiting)
                report(r, "unpaired-replacement", rule->line, 1, true,
                       "replace_string without a find_string before it; it does nothing");
            waiting = NULL;
        } else if (id == DIRECTIVE_TEST_IN) {
            in_test = true;
        } else if (id == DIRECTIVE_TEST_OUT && !in_test) {
            report(r, "test", rule->line, 1, true, "test_out without a test_in before it; it tests nothing");
        }
    }
    if (waiting)
        report(r, "unpaired-replacement", waiting->line, 1, true,
               "find_string without a replace_string after it; it does nothing");
}

/* --- the file --------------------------------------------------------------------- */

static int read_bytes(const char *path, struct buf *ret, struct winnow_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, WINNOW_EIO, "%s: %s; check the path and its permissions", path,
                       strerror(errno));
    int status = WINNOW_OK;
    ssize_t n = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        status = err_set(err, WINNOW_EIO, "%s: not a regular file; name a rule file or a folder",
                         path);
        goto out;
    }
    do {
        char *room = buf_room(ret, 16 * 1024);
        n = room ? read(fd, room, 16 * 1024) : 0;
        ret->len += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        status = err_set(err, WINNOW_EIO, "%s: %s", path, strerror(errno));
    else if (ret->status == WINNOW_ELIMIT)
        status = err_set(err, WINNOW_EIO, "%s: larger than a rule file may be (%d bytes); split it",
                         path, FILE_MOST);
    else if (ret->status != WINNOW_OK)
        status = err_nomem(err);
out:
    close(fd);
    return status;
}

/* "rules/example.org.txt": enough to find the file, the same on every machine. */
static char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    while (slash && slash > path && slash[-1] != '/')
        slash--;
    return strdup(slash ? slash : path);
}

static char *stem_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t len = strlen(base);
    if (len > 4 && strcmp(base + len - 4, ".txt") == 0)
        len -= 4;
    return strndup(base, len);
}

static void check_utf8(const struct reader *r)
{
    struct slice all = buf_slice(&r->file->bytes);
    size_t valid = utf8_valid_prefix(all);
    unsigned line = 1;
    if (valid == all.len)
        return;
    for (size_t i = 0; i < valid; i++)
        line += all.p[i] == '\n';
    report(r, "not-utf8", line, 0, true, "not UTF-8 from here on; save the file as UTF-8");
}

int rule_file_read(const char *path, rule_problem_fn *problem, void *ctx,
                   struct rule_file **ret, struct winnow_error *err)
{
    struct rule_file *file = calloc(1, sizeof *file);
    struct reader r = {.file = file, .problem = problem, .ctx = ctx};
    if (!file)
        return err_nomem(err);
    pthread_mutex_init(&file->lock, NULL);
    buf_init(&file->bytes, FILE_MOST);
    file->path = strdup(path);
    file->name = short_name(path);
    file->stem = stem_of(path);
    int status = read_bytes(path, &file->bytes, err);
    if (status == WINNOW_OK && (!file->path || !file->name || !file->stem))
        status = err_nomem(err);
    if (status != WINNOW_OK) {
        rule_file_free(file);
        return status;
    }
    check_utf8(&r);
    struct slice rest = buf_slice(&file->bytes), line;
    rest.len = utf8_valid_prefix(rest);
    while (status == WINNOW_OK && text_next_line(&rest, &line)) {
        r.line++;
        if (read_line(&r, line) != WINNOW_OK)
            status = err_nomem(err);
    }
    if (status == WINNOW_OK) {
        check_pairs(&r);
        *ret = file;
    } else {
        rule_file_free(file);
    }
    return status;
}

void rule_file_free(struct rule_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++) {
        xpath_expr_free(file->rules[i].xpath);
        pattern_free(file->rules[i].pattern);
        pattern_free(file->rules[i].from);
    }
    for (size_t i = 0; i < file->nproblems; i++)
        free(file->problems[i]);
    free(file->problems);
    free(file->rules);
    free(file->sections);
    free(file->path);
    free(file->name);
    free(file->stem);
    buf_free(&file->bytes);
    pthread_mutex_destroy(&file->lock);
    free(file);
}

/* --- folders ------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int push_path(char ***paths, size_t *count, size_t *cap, char *path)
{
    char **grown = path ? array_grow(*paths, cap, *count + 1, sizeof *grown) : NULL;
    if (!grown) {
        free(path);
        return WINNOW_ENOMEM;
    }
    *paths = grown;
    grown[(*count)++] = path;
    return WINNOW_OK;
}

static int list_folder(DIR *dir, const char *path, char ***paths, size_t *count)
{
    size_t cap = 0;
    int status = WINNOW_OK;
    for (struct dirent *e; status == WINNOW_OK && (e = readdir(dir)) != NULL;) {
        size_t len = strlen(e->d_name);
        char *full = NULL;
        if (len <= 4 || strcmp(e->d_name + len - 4, ".txt") != 0)
            continue;
        if (asprintf(&full, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/",
                     e->d_name) < 0)
            full = NULL;
        status = push_path(paths, count, &cap, full);
    }
    if (*count > 0)
        qsort(*paths, *count, sizeof **paths, by_name);
    return status;
}

int rules_list(const char *path, char ***ret, size_t *count, struct winnow_error *err)
{
    char **paths = NULL;
    size_t n = 0, cap = 0;
    int status;
    DIR *dir = *path ? opendir(path) : NULL;
    if (!dir && errno != ENOTDIR)
        return err_set(err, WINNOW_EIO, "%s: %s; name a rule file or a folder of them", path,
                       *path ? strerror(errno) : "an empty name");
    status = dir ? list_folder(dir, path, &paths, &n)
                 : push_path(&paths, &n, &cap, strdup(path));
    if (dir)
        closedir(dir);
    if (status != WINNOW_OK) {
        for (size_t i = 0; i < n; i++)
            free(paths[i]);
        free(paths);
        return err_nomem(err);
    }
    *ret = paths;
    *count = n;
    return WINNOW_OK;
}

int rules_add(struct rules *rules, const char *path, struct winnow_error *err)
{
    char **paths = NULL;
    size_t count = 0;
    int status = rules_list(path, &paths, &count, err);
    for (size_t i = 0; i < count; i++) {
        struct rule_file *file = NULL;
        if (status == WINNOW_OK)
            status = rule_file_read(paths[i], NULL, NULL, &file, err);
        struct rule_file **files =
            file ? array_grow(rules->files, &rules->cap, rules->count + 1, sizeof *files) : NULL;
        if (files) {
            rules->files = files;
            rules->files[rules->count++] = file;
        } else if (file) {
            rule_file_free(file);
            status = err_nomem(err);
        }
        free(paths[i]);
    }
    free(paths);
    return status;
}

void rules_free(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        rule_file_free(rules->files[i]);
    free(rules->files);
    *rules = (struct rules){0};
}
