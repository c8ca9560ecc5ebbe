/* pages.c - one input through the cleaner. */
#include "pages.h"

#include <sysexits.h>

#include "say.h"

/* --url and --site come before all that the input itself says. */
static void name_source(const struct settings *s, const struct loaded *l, struct winnow_input *in)
{
    if (s->url) {
        in->url = s->url;
        in->url_from = "--url";
    } else if (s->site) {
        in->url = s->site;
        in->url_from = "--site";
    } else if (l->url) {
        in->url = l->url;
        in->url_from = l->url_from;
    }
}

struct winnow_input page_input(const struct input *in, const struct settings *s,
                               const struct loaded *l)
{
    struct winnow_input ret = {
        .data = l->data,
        .len = l->len,
        .name = in->kind == INPUT_FILE ? in->path : NULL,
        .charset = *l->charset ? l->charset : NULL,
        .kind = s->kind,
        .source = l->source ? l->source : s->url,
    };
    name_source(s, l, &ret);
    return ret;
}

int page_clean_loaded(struct winnow *w, const struct input *in, const struct settings *s,
                      const struct loaded *l, struct winnow_page **ret)
{
    struct winnow_error err = {0};
    struct winnow_input page = page_input(in, s, l);
    int status = winnow_clean(w, &page, ret, &err);
    if (status != WINNOW_OK) {
        say("%s: %s", in->path, err.text);
        return exit_code_of(status);
    }
    const char *note;
    for (size_t i = 0; !s->quiet && (note = winnow_page_note(*ret, i)) != NULL; i++)
        say("%s: note: %s", in->path, note);
    return EX_OK;
}

int page_clean(struct winnow *w, const struct input *in, const struct settings *s,
               struct winnow_page **ret)
{
    struct loaded l;
    int code = input_load(in, s, &l);
    if (code != EX_OK)
        return code;
    code = page_clean_loaded(w, in, s, &l, ret);
    loaded_free(&l);
    return code;
}
