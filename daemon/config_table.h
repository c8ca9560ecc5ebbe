/* config_table.h - what winnowd.conf may say: a line for each setting. */
#ifndef WINNOW_CONFIG_TABLE_H
#define WINNOW_CONFIG_TABLE_H

#include "config.h"

struct setting;

/* How values of a kind are read, written and compared. */
struct setting_kind {
    /* base: what relative paths begin with; NULL: there are none.  more: a list goes on,
     * else it begins anew.  Says what is wrong with the value, and a right one; the caller
     * names the setting.  c is as it was then. */
    int (*read)(const struct setting *s, const char *value, const char *base, bool more,
                struct config *c, struct winnow_error *err);
    /* Each word with a blank before it. */
    void (*print)(const struct setting *s, const struct config *c, FILE *to);
    bool (*same)(const struct setting *s, const struct config *a, const struct config *b);
    void (*release)(const struct setting *s, struct config *c); /* NULL: nothing to free */
    bool is_list;
};

struct setting {
    const char *name;
    const struct setting_kind *kind;
    size_t offset, width;     /* of the member of struct config */
    unsigned long long least, most; /* of numbers, in the member's unit; a path may be left
                                       empty where least is 0 */
    const char *words;        /* that may be said, in the order of their numbers */
    const char *initial;      /* "": none */
    bool fixed;               /* cannot change while winnowd runs */
    const char *help;
};

enum { SETTINGS_MOST = 64 };
extern const struct setting settings[];
extern const size_t setting_count;

extern const struct setting_kind kind_number, kind_size, kind_ms, kind_s, kind_word, kind_outputs,
    kind_path, kind_words, kind_paths;

/* The setting of that name; NULL. */
const struct setting *setting_find(const char *name);

/* The word of the blank-separated list (or the setting's name, words NULL) that was probably
 * meant: in ret, "" where there is none. */
const char *setting_near(const char *name, const char *words, char ret[40]);

/* Says that there is none of that name, and which was probably meant: WINNOW_EUSAGE. */
int setting_unknown(const char *name, struct winnow_error *err);

/* Control characters, NUL too, but tabs: no value has them. */
bool setting_has_control(const char *bytes, size_t len);

#endif
