/* rules_tokens.c - a hash of class names and ids that a rule file strips. */
#include "rules_tokens.h"

#include <stdlib.h>

#include "hash.h"
#include "text.h"

struct entry {
    struct slice name; /* p NULL: a free slot */
    size_t as_class, as_id; /* the first rule that means it so; SIZE_MAX: none */
};

struct part_table {
    uint64_t lengths[256]; /* by first byte: bit n, there are names of n bytes (63: or more) */
    size_t slots;          /* a power of two */
    struct entry entries[];
};

static uint64_t length_bit(struct slice name)
{
    return UINT64_C(1) << (name.len < 63 ? name.len : 63);
}

/* Nearly every name of a page ends here, and need not be hashed. */
static bool may_have(const struct part_table *t, struct slice name)
{
    return name.len > 0 && (t->lengths[(unsigned char)name.p[0]] & length_bit(name));
}

static struct entry *entry_of(const struct part_table *t, struct slice name)
{
    struct entry *entries = (struct entry *)t->entries;
    size_t i = (size_t)hash_bytes(name) & (t->slots - 1);
    while (entries[i].name.p && !slice_eq(entries[i].name, name))
        i = (i + 1) & (t->slots - 1);
    return &entries[i];
}

static bool is_whole(const struct rule *rule)
{
    return rule->usable && rule->directive->id == DIRECTIVE_STRIP_ID_OR_CLASS &&
           rule->part != PART_SUBSTRING && rule->value.len > 0;
}

static void put(struct part_table *t, const struct rule *rule, size_t number)
{
    struct entry *e = entry_of(t, rule->value);
    if (!e->name.p)
        *e = (struct entry){rule->value, SIZE_MAX, SIZE_MAX};
    t->lengths[(unsigned char)rule->value.p[0]] |= length_bit(rule->value);
    if (rule->part != PART_ID && e->as_class == SIZE_MAX)
        e->as_class = number;
    if (rule->part != PART_CLASS && e->as_id == SIZE_MAX)
        e->as_id = number;
}

int tokens_make(const struct rule_file *file, struct part_table **ret)
{
    size_t count = 0, slots = 16;
    for (size_t i = 0; i < file->count; i++)
        count += is_whole(&file->rules[i]);
    if (count == 0)
        return WINNOW_OK;
    while (slots < 2 * count)
        slots *= 2;
    struct part_table *t = calloc(1, sizeof *t + slots * sizeof *t->entries);
    if (!t)
        return WINNOW_ENOMEM;
    t->slots = slots;
    for (size_t i = 0; i < file->count; i++)
        if (is_whole(&file->rules[i]))
            put(t, &file->rules[i], i);
    *ret = t;
    return WINNOW_OK;
}

void tokens_free(struct part_table *t)
{
    free(t);
}

size_t tokens_find(const struct part_table *t, struct slice classes, struct slice id)
{
    size_t best = SIZE_MAX;
    id = text_trim(id);
    if (may_have(t, id) && entry_of(t, id)->name.p)
        best = entry_of(t, id)->as_id;
    for (size_t at = 0; at < classes.len;) {
        size_t end = at;
        while (end < classes.len && !memchr(" \t\n\f\r", classes.p[end], 5))
            end++;
        struct slice name = {classes.p + at, end - at};
        const struct entry *e = may_have(t, name) ? entry_of(t, name) : NULL;
        if (e && e->name.p && e->as_class < best)
            best = e->as_class;
        at = end + 1;
    }
    return best;
}
