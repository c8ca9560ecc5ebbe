/* filterlist.h - the element hiding rules of filter lists, sorted into rule files by host. */
#ifndef WINNOW_FILTERLIST_H
#define WINNOW_FILTERLIST_H

#include <stdbool.h>
#include <stddef.h>

/* Why a rule, or one of its hosts, is left out; filter_reason_text says it. */
enum filter_reason {
    FILTER_CSS, /* and FILTER_CSS + an enum css_status up to FILTER_CSS_END */
    FILTER_CSS_END = FILTER_CSS + 15,
    FILTER_EXTENDED,
    FILTER_STYLE,
    FILTER_SCRIPT,
    FILTER_HTML,
    FILTER_MODIFIER,
    FILTER_ENTITY,
    FILTER_HOST_PATTERN,
    FILTER_HOST,
    FILTER_CONDITION,
    FILTER_LONG,
    FILTER_EXCEPTED,
    FILTER_FULL,
    FILTER_COSTLY,
    FILTER_REASONS
};

struct filter_counts {
    size_t comments, network; /* lines passed over; includes of other lists are comments */
    size_t rules;             /* lines that hide elements */
    size_t exceptions;        /* lines that except a host from such a rule */
    size_t generic_off;       /* sites on which a list switches its generic rules off */
    size_t left_out[FILTER_REASONS];
};

struct filter_list;

/* Is it a list in the syntax of Adblock Plus?  By its first lines. */
bool filter_list_is_one(const char *data, size_t len);

/* NULL: no memory. */
struct filter_list *filter_list_new(void);
void filter_list_free(struct filter_list *list);

/* Adds a list's rules; name is what it is called where it has no title.  0, or an exit
 * code after a message. */
int filter_list_add(struct filter_list *list, const char *data, size_t len, const char *name);

/* Gets a rule file: its name and its bytes, for the call.  0 to go on. */
typedef int filter_file_fn(void *ctx, const char *name, const char *data, size_t len);

/* Hands out every rule file that the lists make, by name of host; what is left out only
 * here is counted too.  0, an exit code after a message, or what found returned. */
int filter_list_files(struct filter_list *list, filter_file_fn *found, void *ctx);

const struct filter_counts *filter_list_counts(const struct filter_list *list);
const char *filter_reason_text(int reason);

/* Does a rule file begin as filter_list_files writes it, whatever the list? */
bool filter_file_is_ours(const char *data, size_t len);

/* Was it written from the same lists as these? */
bool filter_file_is_of(const struct filter_list *list, const char *data, size_t len);

#endif
