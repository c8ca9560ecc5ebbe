/* terms.c - the settings of a nursery, as the owner writes them and the nursery reads them. */
#include "pool/terms.h"

#include <string.h>

#include "fault.h"

enum { TIMEOUT_MS = 60 * 1000 };

static const uint64_t memory_default = (uint64_t)4 << 30;
static const size_t bytes_default = (size_t)64 << 20; /* as winnow.h has it */

int terms_from(const struct pool_settings *s, struct terms *ret, struct winnow_error *err)
{
    if (s->nrules > TERMS_RULES_MOST)
        return fault_set(err, WINNOW_EUSAGE, "%zu rule folders are too many; name at most %d",
                         s->nrules, TERMS_RULES_MOST);
    unsigned ms = s->timeout_ms ? s->timeout_ms : TIMEOUT_MS;
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < s->nrules; i++)
        ret->rules[ret->nrules++] = s->rules[i];
    ret->options = s->options;
    ret->options.cache = NULL;
    if (!ret->options.limits.max_bytes)
        ret->options.limits.max_bytes = bytes_default;
    ret->has_index = s->has_index;
    ret->use = s->use;
    ret->memory = s->memory ? s->memory : memory_default;
    /* The clock comes first, with what it leaves to an end; this is for a worker that the
     * owner cannot kill. */
    ret->cpu_seconds = ms / 1000 + 10;
    ret->lints = s->will_reload;
    return WINNOW_OK;
}

void terms_put(struct wire *w, const struct terms *t)
{
    const struct winnow_limits *l = &t->options.limits;
    wire_put_u32(w, (uint32_t)t->nrules);
    for (size_t i = 0; i < t->nrules; i++)
        wire_put_string(w, t->rules[i]);
    wire_put_u64(w, l->max_bytes);
    wire_put_u64(w, l->max_nodes);
    wire_put_u32(w, l->max_depth);
    wire_put_u32(w, l->max_attrs);
    wire_put_u32(w, t->options.keep_repeats != 0);
    wire_put_u32(w, t->options.all_repeats != 0);
    wire_put_u32(w, t->has_index);
    wire_put_u32(w, (uint32_t)t->use.across);
    wire_put_u32(w, t->use.no_site != 0);
    wire_put_u64(w, t->memory);
    wire_put_u32(w, t->cpu_seconds);
    wire_put_u32(w, t->lints);
    wire_put_u32(w, t->strict);
    rule_errors_put(w, &t->known);
}

bool terms_take(struct wire_in *in, struct terms *ret)
{
    struct winnow_limits *l = &ret->options.limits;
    memset(ret, 0, sizeof *ret);
    ret->nrules = wire_u32(in);
    if (ret->nrules > TERMS_RULES_MOST)
        return false;
    for (size_t i = 0; i < ret->nrules; i++)
        if (!(ret->rules[i] = wire_string(in)))
            return false;
    l->max_bytes = wire_u64(in);
    l->max_nodes = wire_u64(in);
    l->max_depth = wire_u32(in);
    l->max_attrs = wire_u32(in);
    ret->options.keep_repeats = (int)wire_u32(in);
    ret->options.all_repeats = (int)wire_u32(in);
    ret->has_index = wire_u32(in) != 0;
    ret->use.across = (enum winnow_across)wire_u32(in);
    ret->use.no_site = (int)wire_u32(in);
    ret->memory = wire_u64(in);
    ret->cpu_seconds = wire_u32(in);
    ret->lints = wire_u32(in);
    ret->strict = wire_u32(in);
    return rule_errors_take(in, &ret->known) && !in->bad;
}

void rule_errors_put(struct wire *w, const struct rule_errors *e)
{
    wire_put_u32(w, e->more);
    wire_put_u32(w, e->count);
    for (uint32_t i = 0; i < e->count; i++)
        wire_put_u64(w, e->hashes[i]);
}

bool rule_errors_take(struct wire_in *in, struct rule_errors *ret)
{
    ret->more = wire_u32(in);
    ret->count = wire_u32(in);
    if (ret->count > TERMS_ERRORS_MOST)
        return false;
    for (uint32_t i = 0; i < ret->count; i++)
        ret->hashes[i] = wire_u64(in);
    return !in->bad;
}
