/* config_values.c - the kinds of settings: how their values are read, written and compared.
 *
 * What print writes is what read takes.  Values hold no control characters; the reader of
 * lines has seen to that, and config_set. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_table.h"
#include "fault.h"
#include "shown.h"

enum { LIST_MOST = 256, SHOWN = 80 };

static const void *at(const struct setting *s, const struct config *c)
{
    return (const char *)c + s->offset;
}

static void *member(const struct setting *s, struct config *c)
{
    return (char *)c + s->offset;
}

/* --- numbers, with or without a unit --------------------------------------------------- */

struct unit {
    const char *name; /* the smallest first; "": a bare number */
    unsigned long long factor;
};

static const struct unit number_units[] = {{"", 1}, {NULL, 0}};
static const struct unit size_units[] = {{"", 1},         {"K", 1ull << 10}, {"M", 1ull << 20},
                                         {"G", 1ull << 30}, {"T", 1ull << 40}, {NULL, 0}};
static const struct unit ms_units[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}, {NULL, 0}};
static const struct unit s_units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {NULL, 0}};

static const struct unit *units_of(const struct setting *s)
{
    return s->kind == &kind_size ? size_units : s->kind == &kind_ms ? ms_units
         : s->kind == &kind_s    ? s_units    : number_units;
}

static unsigned long long load(const struct setting *s, const struct config *c)
{
    const void *from = at(s, c);
    switch (s->width) {
    case 1:
        return *(const unsigned char *)from;
    case sizeof(unsigned):
        return *(const unsigned *)from;
    default:
        return *(const unsigned long long *)from;
    }
}

static void store(const struct setting *s, struct config *c, unsigned long long value)
{
    void *to = member(s, c);
    switch (s->width) {
    case 1:
        *(unsigned char *)to = (unsigned char)value;
        break;
    case sizeof(unsigned):
        *(unsigned *)to = (unsigned)value;
        break;
    default:
        *(unsigned long long *)to = value;
        break;
    }
}
_Static_assert(sizeof(size_t) == sizeof(unsigned long long), "load and store know two widths");
_Static_assert(sizeof(enum winnow_across) == sizeof(unsigned), "words are stored as unsigned");

/* The largest unit that leaves no rest. */
static void write_number(const struct unit *units, unsigned long long value, char ret[32])
{
    const struct unit *u = units;
    while (value > 0 && u[1].name && value % u[1].factor == 0)
        u++;
    bool is_word = u->name[0] && islower((unsigned char)u->name[0]);
    snprintf(ret, 32, "%llu%s%s", value / u->factor, is_word ? " " : "", u->name);
}

static void names_of(const struct unit *units, char ret[64])
{
    ret[0] = '\0';
    for (const struct unit *u = units; u->name; u++)
        if (u->name[0])
            snprintf(ret + strlen(ret), 64 - strlen(ret), "%s%s", ret[0] ? ", " : "", u->name);
}

static int refuse_number(const struct setting *s, const char *value, struct winnow_error *err)
{
    const struct unit *units = units_of(s);
    char names[64], least[32], most[32], show[SHOWN];
    names_of(units, names);
    write_number(units, s->least, least);
    write_number(units, s->most, most);
    return fault_set(err, WINNOW_EUSAGE, "\"%s\" is no %s from %s to %s; say a whole number%s%s%s, as %s",
                     shown(value, strlen(value), show, sizeof show),
                     s->kind == &kind_number ? "number" : s->kind == &kind_size ? "size" : "time",
                     least, most, names[0] ? " with " : "", units[0].name[0] ? "" : names[0] ? "or without " : "",
                     names, s->initial);
}

/* Digits, then perhaps blanks and a unit. */
static bool take_number(const struct unit *units, const char *value, unsigned long long *ret)
{
    unsigned long long n = 0;
    const char *p = value;
    for (; isdigit((unsigned char)*p); p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (n > (ULLONG_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (p == value)
        return false;
    p += strspn(p, " \t");
    for (const struct unit *u = units; u->name; u++)
        if (!strcasecmp(p, u->name) || (n == 0 && !*p)) {
            *ret = n * u->factor;
            return n <= ULLONG_MAX / u->factor;
        }
    return false;
}

static int number_read(const struct setting *s, const char *value, const char *base, bool more,
                       struct config *c, struct winnow_error *err)
{
    (void)base;
    (void)more;
    unsigned long long n;
    if (!take_number(units_of(s), value, &n) || n < s->least || n > s->most)
        return refuse_number(s, value, err);
    store(s, c, n);
    return WINNOW_OK;
}

static void number_print(const struct setting *s, const struct config *c, FILE *to)
{
    char text[32];
    write_number(units_of(s), load(s, c), text);
    fprintf(to, " %s", text);
}

static bool number_same(const struct setting *s, const struct config *a, const struct config *b)
{
    return load(s, a) == load(s, b);
}

/* --- one word of a set -------------------------------------------------------------------- */

static int word_number(const char *words, const char *word)
{
    size_t len = strlen(word);
    int ret = 0;
    for (const char *w = words; *w; ret++) {
        size_t n = strcspn(w, " ");
        if (n == len && !memcmp(w, word, n))
            return ret;
        w += n;
        w += strspn(w, " ");
    }
    return -1;
}

static void print_word(const char *words, unsigned long long number, FILE *to)
{
    for (; number > 0; number--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    fprintf(to, " %.*s", (int)strcspn(words, " "), words);
}

static int refuse_word(const struct setting *s, const char *value, struct winnow_error *err)
{
    char near[40], show[SHOWN];
    setting_near(value, s->words, near);
    return fault_set(err, WINNOW_EUSAGE, "\"%s\" is none of its words; say one of: %s%s%s%s",
                     shown(value, strlen(value), show, sizeof show), s->words,
                     near[0] ? "; did you mean \"" : "", near, near[0] ? "\"?" : "");
}

static int word_read(const struct setting *s, const char *value, const char *base, bool more,
                     struct config *c, struct winnow_error *err)
{
    (void)base;
    (void)more;
    int n = word_number(s->words, value);
    if (n < 0)
        return refuse_word(s, value, err);
    store(s, c, (unsigned long long)n);
    return WINNOW_OK;
}

static void word_print(const struct setting *s, const struct config *c, FILE *to)
{
    print_word(s->words, load(s, c), to);
}

/* Two members, of which at least one is set: the words are text (1), json (2), both (3). */
static unsigned outputs_of(const struct config *c)
{
    return (c->text ? 1u : 0u) + (c->record ? 2u : 0u);
}

static int outputs_read(const struct setting *s, const char *value, const char *base, bool more,
                        struct config *c, struct winnow_error *err)
{
    (void)base;
    (void)more;
    int n = word_number(s->words, value) + 1;
    if (n == 0)
        return refuse_word(s, value, err);
    c->text = n & 1;
    c->record = n & 2;
    return WINNOW_OK;
}

static void outputs_print(const struct setting *s, const struct config *c, FILE *to)
{
    print_word(s->words, outputs_of(c) - 1, to);
}

static bool outputs_same(const struct setting *s, const struct config *a, const struct config *b)
{
    (void)s;
    return outputs_of(a) == outputs_of(b);
}

/* --- words and paths, quoted where they must be --------------------------------------------- */

/* Takes what stands in the quotes at *at, which is then behind them. */
static int take_quoted(const char **p, char *ret, struct winnow_error *err)
{
    const char *from = *p + 1;
    for (; *from && *from != '"'; *ret++ = *from++)
        if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
            from++;
    *ret = '\0';
    if (!*from)
        return fault_set(err, WINNOW_EUSAGE, "the quotes are not closed; put a \" at their end");
    if (from[1] && !isblank((unsigned char)from[1]))
        return fault_set(err, WINNOW_EUSAGE, "there is more right behind the quotes; put all of "
                                             "the word into them, and \\\" for a quote in it");
    *p = from + 1;
    return WINNOW_OK;
}

/* Takes the next word, or (whole) all that is there. */
static int take_word(const char **p, bool whole, char *ret, struct winnow_error *err)
{
    *p += strspn(*p, " \t");
    if (**p == '"')
        return take_quoted(p, ret, err);
    size_t len = whole ? strlen(*p) : strcspn(*p, " \t");
    if (**p == '#' || (whole && (strstr(*p, " #") || strstr(*p, "\t#"))))
        return fault_set(err, WINNOW_EUSAGE, "a comment stands on a line of its own; where the # "
                                             "belongs to the value, put that into quotes");
    memcpy(ret, *p, len);
    ret[len] = '\0';
    *p += len;
    return WINNOW_OK;
}

static void print_text(const char *text, bool in_list, FILE *to)
{
    bool plain = *text && *text != '"' && *text != '#' && !strstr(text, " #") && !strstr(text, "\t#") &&
                 !isblank((unsigned char)text[strlen(text) - 1]) &&
                 !(in_list && strpbrk(text, " \t"));
    if (plain) {
        fprintf(to, " %s", text);
        return;
    }
    fputs(" \"", to);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', to);
        putc(*text, to);
    }
    putc('"', to);
}

/* Where a path begins with base, that is put before it.  *ret is to be freed. */
static int make_absolute(const char *path, const char *base, char **ret, struct winnow_error *err)
{
    char show[SHOWN];
    const char *slash = base && base[strlen(base) - 1] != '/' ? "/" : "";
    if (*path != '/' && !base)
        return fault_set(err, WINNOW_EUSAGE, "\"%s\" is no whole path; write one that begins with /",
                         shown(path, strlen(path), show, sizeof show));
    char *made = NULL;
    if (*path == '/' ? !(made = strdup(path)) : asprintf(&made, "%s%s%s", base, slash, path) < 0)
        return fault_nomem(err);
    if (strlen(made) >= PATH_MAX) {
        free(made);
        return fault_set(err, WINNOW_EUSAGE, "the path is longer than %d bytes; name a shorter one",
                         PATH_MAX - 1);
    }
    *ret = made;
    return WINNOW_OK;
}

static char **path_of(const struct setting *s, struct config *c)
{
    return member(s, c);
}

static void path_release(const struct setting *s, struct config *c)
{
    free(*path_of(s, c));
    *path_of(s, c) = NULL;
}

/* least 1: a path must be there. */
static int path_text(const struct setting *s, const char *value, char *word, struct winnow_error *err)
{
    int status = take_word(&value, true, word, err);
    if (status)
        return status;
    if (value[strspn(value, " \t")])
        return fault_set(err, WINNOW_EUSAGE, "there is more behind the quotes; name one path only");
    if (!*word && s->least > 0)
        return fault_set(err, WINNOW_EUSAGE, "no path is there; say one, as %s", s->initial);
    return WINNOW_OK;
}

static int path_read(const struct setting *s, const char *value, const char *base, bool more,
                     struct config *c, struct winnow_error *err)
{
    (void)more;
    char *path = NULL, *word = malloc(strlen(value) + 1);
    if (!word)
        return fault_nomem(err);
    int status = path_text(s, value, word, err);
    if (!status && *word)
        status = make_absolute(word, base, &path, err);
    free(word);
    if (status)
        return status;
    path_release(s, c);
    *path_of(s, c) = path;
    return WINNOW_OK;
}

static const char *path_at(const struct setting *s, const struct config *c)
{
    const char *path = *(char *const *)at(s, c);
    return path ? path : "";
}

static void path_print(const struct setting *s, const struct config *c, FILE *to)
{
    if (*path_at(s, c))
        print_text(path_at(s, c), false, to);
}

static bool path_same(const struct setting *s, const struct config *a, const struct config *b)
{
    return !strcmp(path_at(s, a), path_at(s, b));
}

/* --- lists of them ------------------------------------------------------------------------------ */

static void list_clear(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_list){NULL, 0};
}

/* Adds item, which the list then owns, also where this fails. */
static int list_add(struct config_list *list, char *item, struct winnow_error *err)
{
    char **items = list->count < LIST_MOST
                       ? realloc(list->items, (list->count + 1) * sizeof *items)
                       : NULL;
    if (!items) {
        free(item);
        return list->count < LIST_MOST
                   ? fault_nomem(err)
                   : fault_set(err, WINNOW_EUSAGE, "more than %d words; leave some out", LIST_MOST);
    }
    list->items = items;
    list->items[list->count++] = item;
    return WINNOW_OK;
}

static int add_word(struct config_list *list, const char *word, const struct setting *s,
                    const char *base, struct winnow_error *err)
{
    char *item = NULL;
    int status = WINNOW_OK;
    if (!*word)
        return fault_set(err, WINNOW_EUSAGE, "an empty word is nothing; leave the quotes out");
    if (s->kind == &kind_paths)
        status = make_absolute(word, base, &item, err);
    else if (!(item = strdup(word)))
        status = fault_nomem(err);
    return status ? status : list_add(list, item, err);
}

static int take_words(const struct setting *s, const char *value, const char *base,
                      struct config_list *ret, struct winnow_error *err)
{
    int status = WINNOW_OK;
    char *word = malloc(strlen(value) + 1);
    if (!word)
        return fault_nomem(err);
    for (const char *p = value + strspn(value, " \t"); *p && !status; p += strspn(p, " \t")) {
        status = take_word(&p, false, word, err);
        if (!status)
            status = add_word(ret, word, s, base, err);
    }
    free(word);
    return status;
}

/* Moves the items of from behind those of to: all, or (where it fails) none. */
static int list_move(struct config_list *to, struct config_list *from, struct winnow_error *err)
{
    if (from->count == 0)
        return WINNOW_OK;
    if (from->count > LIST_MOST - to->count)
        return fault_set(err, WINNOW_EUSAGE, "more than %d words; leave some out", LIST_MOST);
    char **items = realloc(to->items, (to->count + from->count) * sizeof *items);
    if (!items)
        return fault_nomem(err);
    memcpy(items + to->count, from->items, from->count * sizeof *items);
    to->items = items;
    to->count += from->count;
    from->count = 0;
    return WINNOW_OK;
}

static int list_read(const struct setting *s, const char *value, const char *base, bool more,
                     struct config *c, struct winnow_error *err)
{
    struct config_list *list = member(s, c), read = {NULL, 0};
    int status = take_words(s, value, base, &read, err);
    if (!status && more) {
        status = list_move(list, &read, err);
    } else if (!status) {
        list_clear(list);
        *list = read;
        read = (struct config_list){NULL, 0};
    }
    list_clear(&read);
    return status;
}

static void list_print(const struct setting *s, const struct config *c, FILE *to)
{
    const struct config_list *list = at(s, c);
    for (size_t i = 0; i < list->count; i++)
        print_text(list->items[i], true, to);
}

static bool list_same(const struct setting *s, const struct config *a, const struct config *b)
{
    const struct config_list *one = at(s, a), *other = at(s, b);
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (strcmp(one->items[i], other->items[i]) != 0)
            return false;
    return true;
}

static void list_release(const struct setting *s, struct config *c)
{
    list_clear(member(s, c));
}

const struct setting_kind kind_number = {number_read, number_print, number_same, NULL, false};
const struct setting_kind kind_size = {number_read, number_print, number_same, NULL, false};
const struct setting_kind kind_ms = {number_read, number_print, number_same, NULL, false};
const struct setting_kind kind_s = {number_read, number_print, number_same, NULL, false};
const struct setting_kind kind_word = {word_read, word_print, number_same, NULL, false};
const struct setting_kind kind_outputs = {outputs_read, outputs_print, outputs_same, NULL, false};
const struct setting_kind kind_path = {path_read, path_print, path_same, path_release, false};
const struct setting_kind kind_words = {list_read, list_print, list_same, list_release, true};
const struct setting_kind kind_paths = {list_read, list_print, list_same, list_release, true};
