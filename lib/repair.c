/* repair.c - words that a content system split are joined, and rules' own repairs.
 *
 * Bitrix' filter against SQL injection puts a space into SQL words of visitors'
 * and editors' text alike: "fr om", "wh ere".  It keeps the case, and the halves
 * of a pair ("sel ect ... fr om") need not both be there.  Halves that no text
 * has as two words are joined wherever they stand; those that texts do have
 * ("in to", "alt er"), only where the text shows that the filter was there. */
#include "repair.h"

#include <string.h>

#include "err.h"
#include "pattern.h"
#include "text.h"
#include "written.h"

enum { PASSES_MAX = 8 };

/* One rule at work on the clean text as it would be written. */
struct pass {
    struct page *page;
    const struct rule_file *file;
    const struct rule *rule;
    struct written clean;
    uint32_t reason; /* made at the first change */
    size_t changed; /* places */
    struct slice with; /* the last replacement, in the page's arena */
    uint32_t idle_start, idle_end; /* of the page's text, where nothing was left to replace */
};

/* Replaces what the page has between two places of the clean text: the first kept
 * piece of it by `with`, the others by nothing. */
static void replace(struct pass *r, const char *from, const char *to, struct slice with)
{
    struct page *p = r->page;
    uint32_t start, end, at;
    struct slice piece;
    written_between(&r->clean, (uint32_t)(from - r->clean.text.data),
                    (uint32_t)(to - r->clean.text.data), &start, &end);
    if (start == r->idle_start && end == r->idle_end)
        return; /* every match in what a repair before this one put in comes from there */
    struct verdict_walk w = verdict_walk(&p->verdicts, p->text, start, end);
    size_t before = r->changed;
    if (!r->with.p || !slice_eq(r->with, with)) /* most say the same each time */
        r->with = (struct slice){arena_copy(&p->arena, with), with.len};
    if (!r->with.p) {
        p->status = WINNOW_ENOMEM;
        return;
    }
    if (!r->reason)
        r->reason = rules_verdict_reason(p, "repair", r->file, r->rule, "repaired");
    for (struct slice left = r->with; verdict_next(&w, &piece, &at);) {
        if (piece.p != p->text + at)
            continue; /* replaced already, and that stays */
        verdict_replace(&p->verdicts, at, at + (uint32_t)piece.len, left, r->reason);
        left.len = 0;
        r->changed++;
    }
    if (r->changed == before) {
        r->idle_start = start;
        r->idle_end = end;
    }
}

/* --- repair_set: bitrix ---------------------------------------------------------------
 *
 * The filter looks for pairs of words ("insert", and somewhere behind it "value"), puts
 * one space into each, and begins again until it finds none: so every such word behind
 * the first "insert" is split, and of a longer word what it starts with ("val ues").
 * Between a verb and what it is done to it widens the gap by two spaces. */

/* What must stand by two halves that texts also have as two words. */
enum witness {
    ALONE,         /* nothing: no text has these two words side by side */
    BEFORE_PAREN,  /* a parenthesis follows */
    BEFORE_OBJECT, /* "table", "event", ... follows */
    BEFORE_SELECT, /* a split "select" follows somewhere */
    BEHIND_INSERT, /* a split "insert" stands somewhere before */
    BEHIND_UPDATE, /* the same, or a split "update" */
    BEHIND_INTO,   /* a split "into" is the word before */
};

struct split {
    const char *heads;    /* "sel presel": the first half, whole */
    const char *tail;     /* "ect" */
    const char *suffixes; /* what may follow the tail in its word; NULL: nothing */
    enum witness witness;
    bool any_case; /* else lower, Title and UPPER alone: "Fr Om" is a name */
};

static const struct split bitrix[] = {
    {"fr therefr wherefr", "om", "age ages", ALONE, false},
    {"wh", "ere", "as ver by in of on upon to fore abouts withal", ALONE, true},
    {"sel presel desel resel", "ect", "s ed ing ion ions ive or ors", ALONE, true},
    {"sele presele", "ct", "s ed ing ion ions ive or ors", ALONE, true},
    {"upd", "ate", "d s r", ALONE, true},
    {"ins reins", "ert", "s ed ing ion ions", ALONE, true},
    {"cre recre procre", "ate", "d s", ALONE, true},
    {"val", "ue", "s d less", ALONE, false},
    {"lim", "it", "s ed ing less ation ations", ALONE, false},
    {"i", "nto", NULL, ALONE, false},
    {"imme", "diate", "ly", ALONE, true},
    {"ex", "ec", NULL, BEFORE_PAREN, false},
    {"ex", "ecute", NULL, ALONE, false},
    {"load_", "file", NULL, BEFORE_PAREN, true},
    {"alt", "er", NULL, BEFORE_OBJECT, false},
    {"dr", "op", NULL, BEFORE_OBJECT, false},
    {"uni reuni communi", "on", NULL, BEFORE_SELECT, false},
    {"in", "to", NULL, BEHIND_INSERT, false},
    {"se mindse headse handse offse", "t", "s ting tings tle tled tler tlers tles tling tlement tlements",
     BEHIND_UPDATE, false},
    {"out dump", "file", NULL, BEHIND_INTO, false},
};

static const char *const objects[] = {"database", "table", "function", "procedure",
                                      "server",   "event", "view",     "index"};

struct word {
    uint32_t start, end;
};

/* The clean text, and where its split verbs stand: UINT32_MAX and 0, nowhere. */
struct filtered {
    struct slice text;
    const struct pass *pass;
    uint32_t first_insert, first_update, last_select;
};

/* The words of a text, one at a time: letters, digits and underscores, or one
 * other character that is no space. */
static bool next_word(struct slice text, size_t *at, struct word *ret)
{
    while (*at < text.len && text_space_len(text, *at) > 0)
        *at += text_space_len(text, *at);
    if (*at >= text.len)
        return false;
    size_t len;
    ret->start = (uint32_t)*at;
    bool word = text_is_word(text_char(text, *at, &len)) || text.p[*at] == '_';
    do {
        *at += len;
        if (*at >= text.len)
            break;
        uint32_t c = text_char(text, *at, &len);
        if (!word || !(text_is_word(c) || c == '_'))
            break;
    } while (true);
    ret->end = (uint32_t)*at;
    return true;
}

static struct slice word_text(struct slice text, struct word w)
{
    return (struct slice){text.p + w.start, w.end - w.start};
}

static bool in_list(struct slice word, const char *list)
{
    while (*list) {
        const char *end = strchrnul(list, ' ');
        if (text_equal_nocase(word, (struct slice){list, (size_t)(end - list)}))
            return true;
        list = *end ? end + 1 : end;
    }
    return false;
}

static bool starts_with(struct slice word, const char *start)
{
    size_t len = strlen(start);
    return word.len >= len && text_equal_nocase((struct slice){word.p, len}, slice_of(start));
}

static bool ends_with(struct slice word, const char *end)
{
    size_t len = strlen(end);
    return word.len >= len &&
           text_equal_nocase((struct slice){word.p + word.len - len, len}, slice_of(end));
}

static size_t count_capitals(struct slice word)
{
    size_t n = 0;
    for (size_t i = 0; i < word.len; i++)
        n += word.p[i] >= 'A' && word.p[i] <= 'Z';
    return n;
}

/* lower, Title or UPPER, the two halves taken as one word. */
static bool is_usual_case(struct slice head, struct slice tail)
{
    size_t capitals = count_capitals(head) + count_capitals(tail);
    return capitals == 0 || capitals == head.len + tail.len ||
           (capitals == 1 && head.p[0] >= 'A' && head.p[0] <= 'Z');
}

static bool tail_fits(struct slice tail, const struct split *s)
{
    size_t len = strlen(s->tail);
    if (!starts_with(tail, s->tail))
        return false;
    struct slice rest = {tail.p + len, tail.len - len};
    return rest.len == 0 || (s->suffixes && in_list(rest, s->suffixes));
}

enum { GAP_ADDED = 2 }; /* the filter puts a space on each side of the gap before an object */

/* Bytes of white space from at on in this line. */
static size_t gap_at(struct slice text, size_t at)
{
    size_t n = 0;
    while (at + n < text.len && (text.p[at + n] == ' ' || text.p[at + n] == '\t'))
        n++;
    return n;
}

/* HTML folds a gap when it is written: what counts is the page's own. */
static bool is_widened(const struct filtered *f, size_t at, size_t gap)
{
    uint32_t start, end;
    written_between(&f->pass->clean, (uint32_t)at, (uint32_t)(at + gap), &start, &end);
    return end - start > GAP_ADDED;
}

/* A gap that the filter has widened vouches for what starts like an object
 * ("tables") and for a verb that is the end of a word ("Walt er   View"). */
static bool has_object(const struct filtered *f, size_t at, bool *wide)
{
    struct word next;
    size_t gap = gap_at(f->text, at), start = at + gap;
    *wide = gap > 0 && is_widened(f, at, gap);
    if (gap == 0 || !next_word(f->text, &at, &next) || next.start != start)
        return false;
    struct slice word = word_text(f->text, next);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (*wide ? starts_with(word, objects[i]) : text_equal_nocase(word, slice_of(objects[i])))
            return true;
    return false;
}

static bool head_fits(const struct filtered *f, struct word head, size_t tail_end,
                      const struct split *s)
{
    bool wide;
    return in_list(word_text(f->text, head), s->heads) ||
           (s->witness == BEFORE_OBJECT && ends_with(word_text(f->text, head), s->heads) &&
            has_object(f, tail_end, &wide) && wide);
}

static bool has_witness(const struct filtered *f, struct word head, struct word tail,
                        enum witness witness)
{
    size_t at = tail.end;
    bool wide;
    struct word next;
    switch (witness) {
    case ALONE:
        return true;
    case BEFORE_PAREN:
        return next_word(f->text, &at, &next) && f->text.p[next.start] == '(';
    case BEFORE_OBJECT:
        return has_object(f, at, &wide);
    case BEFORE_SELECT:
        return f->last_select > head.start;
    case BEHIND_INSERT:
        return f->first_insert < head.start;
    case BEHIND_UPDATE:
        return f->first_insert < head.start || f->first_update < head.start;
    case BEHIND_INTO:
        return ends_with((struct slice){f->text.p, head.start}, "i nto ");
    }
    return false;
}

static const struct split *split_at(const struct filtered *f, struct word head, struct word tail)
{
    struct slice first = word_text(f->text, head), second = word_text(f->text, tail);
    if (head.end == 0 || tail.start != head.end + 1 || f->text.p[head.end] != ' ')
        return NULL;
    for (size_t i = 0; i < sizeof bitrix / sizeof *bitrix; i++)
        if (tail_fits(second, &bitrix[i]) && head_fits(f, head, tail.end, &bitrix[i]) &&
            (bitrix[i].any_case || is_usual_case(first, second)) &&
            has_witness(f, head, tail, bitrix[i].witness))
            return &bitrix[i];
    return NULL;
}

/* Notes where the split verbs stand that vouch for others. */
static struct filtered find_verbs(const struct pass *r, struct slice text)
{
    struct filtered f = {text, r, UINT32_MAX, UINT32_MAX, 0};
    struct word head = {0, 0}, tail;
    for (size_t at = 0; next_word(text, &at, &tail); head = tail) {
        const struct split *s = split_at(&f, head, tail);
        if (!s || s->witness != ALONE)
            continue;
        if (ends_with(word_text(text, head), "ins") && f.first_insert == UINT32_MAX)
            f.first_insert = head.start;
        if (ends_with(word_text(text, head), "upd") && f.first_update == UINT32_MAX)
            f.first_update = head.start;
        if (starts_with(slice_of(s->heads), "sel"))
            f.last_select = head.start;
    }
    return f;
}

/* The gap before an object loses what the filter gave it, unless it is folded anyway. */
static void narrow_gap(struct pass *r, const struct filtered *f, size_t at)
{
    bool wide;
    size_t gap = gap_at(f->text, at);
    const char *from = f->text.p + at;
    if (gap > GAP_ADDED && has_object(f, at, &wide))
        replace(r, from, from + gap, (struct slice){from + 1, gap - GAP_ADDED});
}

/* Joins the halves in the clean text. */
static void repair_bitrix(struct pass *r, struct slice text)
{
    struct filtered f = find_verbs(r, text);
    struct word head = {0, 0}, tail;
    for (size_t at = 0; next_word(text, &at, &tail); head = tail) {
        const struct split *s = split_at(&f, head, tail);
        if (!s)
            continue;
        replace(r, text.p + head.end, text.p + tail.start, (struct slice){"", 0});
        if (s->witness == BEFORE_OBJECT || ends_with(word_text(text, head), "cre"))
            narrow_gap(r, &f, tail.end);
    }
}

static const struct {
    const char *name;
    void (*repair)(struct pass *r, struct slice text);
} sets[] = {
    {"bitrix", repair_bitrix},
};

bool repair_set_exists(struct slice name)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (slice_is(name, sets[i].name))
            return true;
    return false;
}

/* --- the rules ---------------------------------------------------------------------------- */

static void apply_set(struct pass *r)
{
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
        if (slice_is(r->rule->value, sets[s].name))
            sets[s].repair(r, buf_slice(&r->clean.text));
}

static bool is_inside_character(struct slice text, size_t i)
{
    return i < text.len && ((unsigned char)text.p[i] & 0xc0) == 0x80;
}

/* repair(/pattern/): replacement, within each line. */
static enum pattern_result apply_pattern(struct pass *r, struct search *search,
                                         struct slice line)
{
    size_t at = 0, start, end;
    struct buf with;
    enum pattern_result found;
    buf_init(&with, r->page->limits.max_bytes);
    while ((found = search_replace(search, line, at, r->rule->value, &start, &end, &with)) ==
           PATTERN_FOUND) {
        if (!slice_eq(buf_slice(&with), (struct slice){line.p + start, end - start}))
            replace(r, line.p + start, line.p + end, buf_slice(&with));
        with.len = 0;
        at = end > start ? end : end + 1;
        while (is_inside_character(line, at))
            at++;
    }
    buf_free(&with);
    return found;
}

static void apply_patterns(struct pass *r)
{
    struct slice rest = buf_slice(&r->clean.text), line;
    struct budget budget = {0};
    struct search *search = search_open(r->rule->from, &budget);
    enum pattern_result found = PATTERN_NONE;
    if (!search)
        r->page->status = WINNOW_ENOMEM;
    while (search && found != PATTERN_STOPPED && text_next_line(&rest, &line))
        found = apply_pattern(r, search, line);
    if (found == PATTERN_STOPPED)
        rules_note_stopped(r->page, r->file, r->rule);
    search_close(search);
}

/* One rule of file f on the clean text as it stands; true where it changed something. */
static bool run_pass(struct page *p, size_t f, const struct rule *rule,
                     struct section_answers *answers)
{
    struct pass r = {.page = p, .file = p->rules.files[f], .rule = rule};
    if (written_make(p, true, &r.clean) != WINNOW_OK)
        p->status = WINNOW_ENOMEM;
    else if (rules_have_time(p, r.file, rule) &&
             rules_section_applies(p, answers, f, rule->section, buf_slice(&r.clean.text))) {
        rule->directive->id == DIRECTIVE_REPAIR_SET ? apply_set(&r) : apply_patterns(&r);
        rules_count(p, r.file, rule, r.changed);
    }
    written_free(&r.clean);
    if (verdict_settle(&p->verdicts) != WINNOW_OK)
        p->status = WINNOW_ENOMEM;
    p->repaired |= r.changed > 0;
    return r.changed > 0 && p->status == WINNOW_OK;
}

/* A set is applied until nothing changes, as the filter was; a pattern once. */
static void apply_rule(struct page *p, size_t f, const struct rule *rule,
                       struct section_answers *answers)
{
    int passes = rule->directive->id == DIRECTIVE_REPAIR_SET ? PASSES_MAX : 1;
    while (passes > 0 && run_pass(p, f, rule, answers))
        passes--;
}

int repair_run(struct page *p, struct winnow_error *err)
{
    struct section_answers answers = {0};
    for (size_t f = 0; f < p->rules.count; f++)
        for (size_t i = 0; i < p->rules.files[f]->count; i++) {
            const struct rule *rule = &p->rules.files[f]->rules[i];
            enum directive_id id = rule->directive->id;
            if (rule->usable && (id == DIRECTIVE_REPAIR || id == DIRECTIVE_REPAIR_SET))
                apply_rule(p, f, rule, &answers);
        }
    rules_sections_free(p, &answers);
    return p->status == WINNOW_OK ? WINNOW_OK : err_nomem(err);
}
