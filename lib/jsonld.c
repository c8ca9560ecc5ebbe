/* jsonld.c - title, authors and date from a page's <script type="application/ld+json">.
 *
 * 1. Bytes, depth and values are counted before a parser sees them: three bytes of
 *    JSON ("{},") may take a hundred times as much memory.
 * 2. Only objects that stand for the page are asked: those at the top, in "@graph",
 *    or a page's "mainEntity".  Lists hold other pages' articles, so of several at
 *    the top, too, only the first speaks.
 * 3. Strings are text, but many a template escapes them for HTML first: entities are
 *    decoded, once. */
#include "jsonld.h"

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

enum {
    REFERENCES_MOST = 32, /* {"@id": ...} that are looked up for a page */
    NESTED_MOST = 4,      /* a mainEntity in a @graph in an array ... */
};

void jsonld_init(struct jsonld *ld)
{
    *ld = (struct jsonld){
        .bytes_left = JSONLD_BYTES_MOST,
        .references_left = REFERENCES_MOST,
    };
    for (size_t i = 0; i < JSONLD_VALUES; i++)
        buf_init(&ld->values[i], JSONLD_VALUE_MOST);
}

void jsonld_free(struct jsonld *ld)
{
    for (size_t i = 0; i < JSONLD_VALUES; i++)
        buf_free(&ld->values[i]);
}

/* --- from a script's text to JSON that is safe to parse ----------------------------------- */

static bool holds(struct slice s, const char *part)
{
    return memmem(s.p, s.len, part, strlen(part)) != NULL;
}

/* Most scripts are breadcrumbs and companies: parsing is the dear part. */
static bool is_worth_parsing(struct slice s)
{
    return holds(s, "\"headline\"") || holds(s, "Article\"") || holds(s, "Posting\"") ||
           holds(s, "QAPage\"") || holds(s, "Recipe\"");
}

/* The script from its first { or [ on; a comment or <![CDATA[ may stand before it. */
static struct slice skip_wrapper(struct slice s)
{
    static const char cdata[] = "<![CDATA[";
    const char *brace = memchr(s.p, '{', s.len), *end = s.p + s.len;
    size_t before = brace ? (size_t)(brace - s.p) : s.len;
    const char *from = memmem(s.p, before, cdata, sizeof cdata - 1);
    from = from ? from + sizeof cdata - 1 : s.p;
    while (from < end && *from != '{' && *from != '[')
        from++;
    return (struct slice){from, (size_t)(end - from)};
}

/* Copies one JSON value of s, with control characters as spaces: a raw line end in a
 * string is the commonest error there is.  False where s passes a bound or ends early. */
static bool copy_value(struct slice s, struct buf *ret)
{
    size_t depth = 0, items = 0;
    bool in_string = false;
    char *out = buf_room(ret, s.len);
    for (size_t i = 0; out && i < s.len; i++) {
        char c = (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i];
        out[i] = c;
        if (in_string) {
            if (c == '\\' && i + 1 < s.len) {
                i++;
                out[i] = s.p[i];
            }
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
            items++;
        } else if (c == ',') {
            items++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            ret->len = i + 1;
            return true;
        }
        if (depth > JSONLD_DEPTH_MOST || items > JSONLD_ITEMS_MOST)
            return false;
    }
    return false;
}

/* NULL where it is no JSON, or memory ends, as ld->status then says. */
static json_t *parse(struct jsonld *ld, struct slice script)
{
    struct buf copy;
    json_error_t error;
    json_t *ret = NULL;
    struct slice s = skip_wrapper(script);
    buf_init(&copy, JSONLD_BYTES_MOST);
    if (copy_value(s, &copy)) {
        /* Numbers are nothing to us: as reals, long ones are no error. */
        ret = json_loadb(copy.data, copy.len, JSON_DECODE_INT_AS_REAL, &error);
        if (!ret && json_error_code(&error) == json_error_out_of_memory)
            ld->status = WINNOW_ENOMEM;
    }
    if (copy.status == WINNOW_ENOMEM)
        ld->status = WINNOW_ENOMEM;
    buf_free(&copy);
    return ret;
}

/* --- entities ----------------------------------------------------------------------------- */

static const struct entity {
    const char *name;
    uint32_t c;
} entities[] = {
    {"amp", '&'},       {"quot", '"'},      {"apos", '\''},     {"lt", '<'},
    {"gt", '>'},        {"nbsp", 0xa0},     {"lsquo", 0x2018},  {"rsquo", 0x2019},
    {"ldquo", 0x201c},  {"rdquo", 0x201d},  {"laquo", 0xab},    {"raquo", 0xbb},
    {"ndash", 0x2013},  {"mdash", 0x2014},  {"hellip", 0x2026},
};

static void add_char(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_addc(b, (char)c);
    } else if (c < 0x800) {
        buf_addc(b, (char)(0xc0 | c >> 6));
        buf_addc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        if (c < 0x10000) {
            buf_addc(b, (char)(0xe0 | c >> 12));
        } else {
            buf_addc(b, (char)(0xf0 | c >> 18));
            buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_addc(b, (char)(0x80 | (c & 0x3f)));
    }
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 16;
}

/* The character of "#8217" or "#x2019"; 0 where it is none, or a control. */
static uint32_t number_char(struct slice name)
{
    uint32_t c = 0;
    bool hex = name.len > 2 && (name.p[1] | 32) == 'x';
    for (size_t i = hex ? 2 : 1; i < name.len; i++) {
        int digit = digit_of(name.p[i]);
        if (digit >= (hex ? 16 : 10) || c > 0x10ffff)
            return 0;
        c = c * (hex ? 16 : 10) + (uint32_t)digit;
    }
    return c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? 0
                                                                                            : c;
}

static uint32_t entity_char(struct slice name)
{
    if (name.len > 1 && name.p[0] == '#')
        return number_char(name);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (slice_is(name, entities[i].name))
            return entities[i].c;
    return 0;
}

enum { ENTITY_MOST = 10 }; /* bytes between & and ; */

static void decode_entities(struct slice s, struct buf *ret)
{
    for (size_t i = 0; i < s.len; i++) {
        struct slice name = {s.p + i + 1, 0};
        while (s.p[i] == '&' && i + 1 + name.len < s.len && name.p[name.len] != ';' &&
               name.len <= ENTITY_MOST)
            name.len++;
        bool closed = name.len > 0 && i + 1 + name.len < s.len && name.p[name.len] == ';';
        uint32_t c = closed ? entity_char(name) : 0;
        if (c == 0) {
            buf_addc(ret, s.p[i]);
        } else {
            add_char(ret, c);
            i += name.len + 1;
        }
    }
}

/* --- values ------------------------------------------------------------------------------- */

static struct slice slice_of_json(const json_t *string)
{
    if (!json_is_string(string))
        return (struct slice){NULL, 0};
    return text_trim((struct slice){json_string_value(string), json_string_length(string)});
}

static void set(struct jsonld *ld, enum jsonld_value which, int rank, struct slice value)
{
    struct buf *b = &ld->values[which];
    if (value.len == 0 || value.len > JSONLD_VALUE_MOST || ld->ranks[which] >= rank)
        return;
    buf_clear(b);
    decode_entities(value, b); /* never longer than what it is made from */
    if (b->status != WINNOW_OK)
        ld->status = WINNOW_ENOMEM;
    ld->ranks[which] = rank;
}

static bool has_digit(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9')
            return true;
    return false;
}

/* --- people and publishers ---------------------------------------------------------------- */

struct people {
    struct slice names[JSONLD_AUTHORS_MOST];
    size_t count;
};

static void people_add(struct people *people, struct slice name)
{
    /* Some put the address of a profile where the name belongs. */
    if (name.len == 0 || people->count == JSONLD_AUTHORS_MOST || holds(name, "://"))
        return;
    for (size_t i = 0; i < people->count; i++)
        if (slice_eq(people->names[i], name))
            return;
    people->names[people->count++] = name;
}

/* The object of the list that has this "@id" and a name. */
static const json_t *find_named(const json_t *list, struct slice id)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
        if (slice_eq(slice_of_json(json_object_get(item, "@id")), id) &&
            json_object_get(item, "name"))
            return item;
    return NULL;
}

/* What {"@id": id} stands for, in the array that is the document or its graph. */
static const json_t *look_up(struct jsonld *ld, const json_t *document, struct slice id)
{
    if (id.len == 0 || ld->references_left == 0)
        return NULL;
    ld->references_left--;
    const json_t *ret = find_named(document, id);
    return ret ? ret : find_named(json_object_get(document, "@graph"), id);
}

/* A name, an object with a name or a reference to one. */
static void add_person(struct jsonld *ld, const json_t *document, const json_t *person,
                       struct people *ret)
{
    if (json_is_object(person) && !json_object_get(person, "name"))
        person = look_up(ld, document, slice_of_json(json_object_get(person, "@id")));
    if (json_is_object(person))
        person = json_object_get(person, "name");
    if (json_is_array(person))
        person = json_array_get(person, 0);
    people_add(ret, slice_of_json(person));
}

static void set_people(struct jsonld *ld, enum jsonld_value which, int rank,
                       const json_t *document, const json_t *value)
{
    struct people people = {.count = 0};
    struct buf joined;
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    if (ld->ranks[which] >= rank)
        return;
    for (size_t i = 0; i < n; i++)
        add_person(ld, document, json_is_array(value) ? json_array_get(value, i) : value, &people);
    buf_init(&joined, JSONLD_VALUE_MOST);
    for (size_t i = 0; i < people.count; i++) {
        buf_adds(&joined, i > 0 ? ", " : "");
        buf_add(&joined, people.names[i].p, people.names[i].len);
    }
    if (joined.status == WINNOW_OK)
        set(ld, which, rank, buf_slice(&joined));
    else if (joined.status == WINNOW_ENOMEM)
        ld->status = WINNOW_ENOMEM;
    buf_free(&joined);
}

/* --- objects ------------------------------------------------------------------------------ */

/* How well an object is known to be the article, the better the higher.  The page
 * around it has a headline at most: its dates are those of a template's last change. */
enum { RANK_NONE, RANK_PAGE, RANK_HEADED, RANK_ARTICLE };

static const struct kind {
    const char *end; /* of the type's name, which may be an address */
    int rank;
} kinds[] = {
    {"Article", RANK_ARTICLE}, /* NewsArticle, TechArticle ... */
    {"Posting", RANK_ARTICLE}, /* BlogPosting, DiscussionForumPosting ... */
    {"Recipe", RANK_ARTICLE},
    {"Question", RANK_ARTICLE}, /* a QAPage's, whose "name" it is */
    {"Page", RANK_PAGE},        /* WebPage, ItemPage ... */
    {"WebSite", RANK_PAGE},
};

static bool ends_with(struct slice s, const char *end)
{
    size_t n = strlen(end);
    return s.len >= n && memcmp(s.p + s.len - n, end, n) == 0;
}

static int rank_of_type(const json_t *type)
{
    struct slice name = slice_of_json(type);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (ends_with(name, kinds[i].end))
            return kinds[i].rank;
    return RANK_NONE;
}

static int rank_of(const json_t *object)
{
    const json_t *type = json_object_get(object, "@type");
    int ret = rank_of_type(type);
    size_t n = json_array_size(type);
    for (size_t i = 0; i < n && i < 16; i++) {
        int rank = rank_of_type(json_array_get(type, i));
        ret = rank > ret ? rank : ret;
    }
    if (ret == RANK_NONE && json_is_string(json_object_get(object, "headline")))
        return RANK_HEADED;
    return ret;
}

static void read_values(struct jsonld *ld, const json_t *document, const json_t *o, int rank)
{
    static const struct {
        enum jsonld_value which;
        const char *key;
        int rank; /* of objects that are asked for it, and better ones */
    } strings[] = {
        {JSONLD_TITLE, "headline", RANK_PAGE},
        {JSONLD_TITLE, "name", RANK_ARTICLE},
        {JSONLD_DATE, "datePublished", RANK_HEADED},
        {JSONLD_DATE, "dateCreated", RANK_HEADED},
        {JSONLD_MODIFIED, "dateModified", RANK_HEADED},
        {JSONLD_LANGUAGE, "inLanguage", RANK_PAGE},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        enum jsonld_value which = strings[i].which;
        struct slice value = slice_of_json(json_object_get(o, strings[i].key));
        bool is_date = which == JSONLD_DATE || which == JSONLD_MODIFIED;
        if (rank >= strings[i].rank && (!is_date || has_digit(value)))
            set(ld, which, rank, value);
    }
    set_people(ld, JSONLD_AUTHOR, rank, document, json_object_get(o, "author"));
    set_people(ld, JSONLD_AUTHOR, rank, document, json_object_get(o, "creator"));
    set_people(ld, JSONLD_SITE, rank, document, json_object_get(o, "publisher"));
}

/* Of objects of one rank the first with something to say speaks alone: the next may be
 * another page's, and one's headline with another's author would be a lie. */
static void read_object(struct jsonld *ld, const json_t *document, const json_t *o)
{
    int rank = rank_of(o);
    if (rank == RANK_NONE || (ld->heard & 1u << rank))
        return;
    read_values(ld, document, o, rank);
    for (size_t i = JSONLD_TITLE; i <= JSONLD_DATE; i++)
        if (ld->ranks[i] == rank)
            ld->heard |= 1u << rank;
}

static void read_any(struct jsonld *ld, const json_t *document, const json_t *value,
                     unsigned nested)
{
    size_t n = json_array_size(value);
    if (nested > NESTED_MOST)
        return;
    for (size_t i = 0; i < n; i++)
        read_any(ld, document, json_array_get(value, i), nested + 1);
    if (!json_is_object(value))
        return;
    read_object(ld, document, value);
    read_any(ld, document, json_object_get(value, "@graph"), nested + 1);
    /* A page of questions holds many, none of which is its title. */
    if (!ends_with(slice_of_json(json_object_get(value, "@type")), "FAQPage"))
        read_any(ld, document, json_object_get(value, "mainEntity"), nested + 1);
}

void jsonld_read(struct jsonld *ld, struct slice script)
{
    if (ld->status != WINNOW_OK || script.len > ld->bytes_left || !is_worth_parsing(script))
        return;
    ld->bytes_left -= script.len;
    json_t *document = parse(ld, script);
    read_any(ld, document, document, 0);
    json_decref(document);
}
