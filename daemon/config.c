/* config.c - all settings at once: their defaults, one that is changed, all as a file. */
#include "config.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "config_table.h"
#include "fault.h"

/* A default is a value like any other, so the table alone says what it is. */
int config_default(struct config *ret, struct winnow_error *err)
{
    struct config made = {0};
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];
        int status = s->kind->read(s, s->initial, NULL, false, &made, err);
        if (status) {
            config_free(&made);
            return status;
        }
    }
    *ret = made;
    return WINNOW_OK;
}

int config_set(struct config *c, const char *name, const char *value, struct winnow_error *err)
{
    char here[PATH_MAX];
    struct winnow_error why = {0};
    const struct setting *s = setting_find(name);
    if (!s)
        return setting_unknown(name, err);
    if (setting_has_control(value, strlen(value)))
        return fault_set(err, WINNOW_EUSAGE, "%s: a control character is in the value; leave it out",
                         name);
    value += strspn(value, " \t");
    const char *base = getcwd(here, sizeof here) ? here : NULL;
    int status = s->kind->read(s, value, base, false, c, &why);
    return status ? fault_set(err, status, "%s: %s", name, why.text) : WINNOW_OK;
}

void config_print(const struct config *c, FILE *to)
{
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];
        fprintf(to, "%s# %s%s\n%s =", i > 0 ? "\n" : "", s->help,
                s->fixed ? " (a change needs a restart)" : "", s->name);
        s->kind->print(s, c, to);
        putc('\n', to);
    }
}

size_t config_fixed_changes(const struct config *old, const struct config *new,
                            config_found_fn *found, void *ctx)
{
    size_t ret = 0;
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];
        if (!s->fixed || s->kind->same(s, old, new))
            continue;
        ret++;
        char text[128];
        snprintf(text, sizeof text, "%s cannot be changed while winnowd runs; restart it for that",
                 s->name);
        if (found)
            found(ctx, NULL, 0, text);
    }
    return ret;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].kind->release)
            settings[i].kind->release(&settings[i], c);
}
