/* parse_lexbor.c - HTML to our tree by lexbor, as the HTML standard has it.
 *
 * 1. lexbor builds its whole DOM; one loop copies it into our arrays.  Names and
 *    attribute values stay where lexbor put them: the document is the tree's owner.
 * 2. Every token passes guard_token on its way to lexbor's tree construction.  The
 *    stack of open elements never grows past max_depth, attributes past max_attrs
 *    never reach an element, formatting elements are reopened a bounded number of
 *    times.  Only tags are left out by that, never text; where a line ended there, a
 *    <br> stays, so that no two words meet.
 * 3. The page is fed in pieces; between two of them, and at every token, it is
 *    checked what lexbor holds in memory.
 *
 * The guard stands behind the tokenizer because there, and only there, it is known
 * what is a tag and how deep it stands: a scan before the parser would have to guess
 * both, and a hostile page is made for wrong guesses.  A page of real life loses
 * nothing to it but an indirect call a token. */
#include "parse.h"

#if WINNOW_HAVE_LEXBOR

#include <lexbor/dom/interfaces/character_data.h>
#include <lexbor/dom/interfaces/document_fragment.h>
#include <lexbor/html/html.h>
#include <lexbor/html/interfaces/template_element.h>
#include <lexbor/html/parser.h>
#include <lexbor/html/tree/active_formatting.h>
#include <lexbor/html/tree/open_elements.h>
#include <pthread.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "tree_fill.h"

enum {
    TAG_UNNAMED = UINT16_MAX, /* lexbor knows the name, tags.h does not */
    PIECE = 16 * 1024,        /* bytes fed at once */
    DEPTH_ONCE_WALKED = 64,   /* open elements, where walking the stack was overdone */
    FORMATS_MOST = 32,        /* open formatting elements; pages by hand stay under 20 */
    /* New names and attributes of a tag that lexbor's fixed hash tables and lists
     * bear before each further one costs a walk. */
    NAMES_MOST = 16 * 1024,
    TOKEN_ATTRS_MOST = 4 * 1024,
    TOKEN_ATTRS_KEPT = 256,
};

/* --- lexbor's numbers and ours ---------------------------------------------------- */

static uint16_t known_tags[LXB_TAG__LAST_ENTRY];
static struct slice known_attrs[LXB_DOM_ATTR__LAST_ENTRY];
static pthread_once_t known_once = PTHREAD_ONCE_INIT;

static struct slice entry_name(const lexbor_hash_entry_t *entry)
{
    return (struct slice){(const char *)lexbor_hash_entry_str(entry), entry->length};
}

static struct slice lexbor_tag_name(lxb_tag_id_t id)
{
    size_t len = 0;
    const char *name = (const char *)lxb_tag_name_by_id(id, &len);
    return (struct slice){name ? name : "", name ? len : 0};
}

static struct slice lexbor_attr_name(lexbor_hash_t *names, lxb_dom_attr_id_t id)
{
    const lxb_dom_attr_data_t *data = lxb_dom_attr_data_by_id(names, id);
    return data ? entry_name(&data->entry) : slice_of("");
}

static void learn_known(void)
{
    for (lxb_tag_id_t id = 0; id < LXB_TAG__LAST_ENTRY; id++) {
        enum tag tag = id < LXB_TAG__BEGIN ? TAG_COUNT : tag_of(lexbor_tag_name(id));
        known_tags[id] = tag == TAG_COUNT ? TAG_UNNAMED : (uint16_t)tag;
    }
    for (lxb_dom_attr_id_t id = 0; id < LXB_DOM_ATTR__LAST_ENTRY; id++)
        known_attrs[id] = lexbor_attr_name(NULL, id);
}

static void init(void)
{
    pthread_once(&known_once, learn_known);
}

static unsigned known_flags(lxb_tag_id_t id)
{
    return id < LXB_TAG__LAST_ENTRY ? tag_flags(known_tags[id]) : 0;
}

/* --- the guard: tokens on their way into the tree ----------------------------------- */

struct guard {
    lxb_html_tokenizer_token_f next; /* lexbor's tree construction */
    void *next_ctx;
    lxb_html_tree_t *tree;
    size_t max_depth; /* open elements */
    unsigned max_attrs;
    size_t formats_most; /* open formatting elements */
    size_t reopened, reopened_most;
    const lexbor_mem_t *memory; /* of lexbor's nodes */
    size_t chunks_most;         /* of it */
    bool too_costly;

    /* Start tags that were left out and whose end tags are still to come, by tag;
     * unknown ones share the last. */
    size_t nleft;
    uint32_t left[LXB_TAG__LAST_ENTRY + 1];
    bool at_break; /* a <br> stands for what was left out, and no text since */

    size_t walked, walked_most; /* sum of the stack's depth at every tag */
    size_t flattened, unnested, attrs_dropped; /* as in struct tree */
};

static uint32_t *left_of(struct guard *g, lxb_tag_id_t id)
{
    return &g->left[id < LXB_TAG__LAST_ENTRY ? id : LXB_TAG__LAST_ENTRY];
}

static void forget_left(struct guard *g)
{
    memset(g->left, 0, sizeof g->left);
    g->nleft = 0;
}

static lxb_dom_node_t *current_node(const struct guard *g)
{
    const lexbor_array_t *open = g->tree->open_elements;
    return open->length == 0 ? NULL : open->list[open->length - 1];
}

static lxb_html_token_t *pass_on(struct guard *g, lxb_html_tokenizer_t *tkz,
                                 lxb_html_token_t *token)
{
    size_t before = g->tree->open_elements->length;
    token = g->next(tkz, token, g->next_ctx);
    size_t after = g->tree->open_elements->length;
    /* A token opens one element of its own; more are formatting elements again. */
    if (after > before + 1)
        g->reopened += after - before - 1;
    return token;
}

/* Leaves the tag out; where a line ends there, <br> takes its place.  Within svg and
 * math it leads out of them, as most tags do that end a line. */
static lxb_html_token_t *leave_out(struct guard *g, lxb_html_tokenizer_t *tkz,
                                   lxb_html_token_t *token)
{
    bool ends_line = (known_flags(token->tag_id) & TAG_BLOCK) || token->tag_id == LXB_TAG_BR;
    if (!ends_line || g->at_break || !current_node(g))
        return token;
    g->at_break = true;
    token->tag_id = LXB_TAG_BR;
    token->type = LXB_HTML_TOKEN_TYPE_OPEN;
    token->attr_first = token->attr_last = NULL;
    size_t before = g->tree->open_elements->length;
    token = pass_on(g, tkz, token);
    if (g->tree->open_elements->length < before)
        forget_left(g);
    return token;
}

/* counted: flattened or unnested. */
static lxb_html_token_t *leave_start_out(struct guard *g, lxb_html_tokenizer_t *tkz,
                                         lxb_html_token_t *token, size_t *counted)
{
    lxb_tag_id_t id = token->tag_id;
    (*counted)++;
    token = leave_out(g, tkz, token);
    if (!(known_flags(id) & TAG_VOID)) {
        (*left_of(g, id))++;
        g->nleft++;
    }
    return token;
}

/* May the element open although the stack is full?  Void elements leave at once, raw
 * text ends itself, an implied end tag makes room for its like. */
static bool fits_full_stack(const struct guard *g, lxb_tag_id_t id)
{
    const lxb_dom_node_t *current = current_node(g);
    if (!current || current->ns != LXB_NS_HTML)
        return false;
    unsigned flags = known_flags(id);
    return (flags & (TAG_VOID | TAG_RAW)) || id == LXB_TAG_PLAINTEXT ||
           ((flags & TAG_IMPLIED) && current->local_name == id);
}

/* May the element open although the stack was walked too much?  Raw text ends itself; a
 * void element leaves at once, and only one that is a block looks down the stack. */
static bool fits_walked_stack(const struct guard *g, lxb_tag_id_t id)
{
    const lxb_dom_node_t *current = current_node(g);
    unsigned flags = known_flags(id);
    return (flags & TAG_RAW) ||
           ((flags & TAG_VOID) && !(flags & TAG_BLOCK) && current && current->ns == LXB_NS_HTML);
}

/* Formatting elements that would be reopened, at most formats_most are counted. */
static bool formats_full(const struct guard *g)
{
    const lexbor_array_t *list = g->tree->active_formatting;
    if (list->length < g->formats_most)
        return false;
    const void *marker = lxb_html_tree_active_formatting_marker();
    for (size_t i = 0; i < g->formats_most; i++)
        if (list->list[list->length - 1 - i] == marker)
            return false;
    return true;
}

static void drop_attrs(struct guard *g, lxb_html_token_t *token)
{
    lxb_html_token_attr_t *attr = token->attr_first;
    for (unsigned n = 1; attr && n < g->max_attrs; n++)
        attr = attr->next;
    if (!attr || !attr->next)
        return;
    for (lxb_html_token_attr_t *rest = attr->next; rest; rest = rest->next)
        g->attrs_dropped++;
    attr->next = NULL;
    token->attr_last = attr;
}

/* lexbor walks the stack of open elements at many a tag.  A page that stands deep and
 * is all tags has to make do with a lower stack, or with what it has on top. */
static bool too_much_walking(struct guard *g)
{
    size_t depth = g->tree->open_elements->length;
    g->walked += depth;
    return g->walked > g->walked_most && depth >= DEPTH_ONCE_WALKED;
}

static lxb_html_token_t *guard_start(struct guard *g, lxb_html_tokenizer_t *tkz,
                                     lxb_html_token_t *token)
{
    lxb_tag_id_t id = token->tag_id;
    drop_attrs(g, token);
    /* After a frameset the standard drops all text; without one it is a body's. */
    if (id == LXB_TAG_FRAMESET)
        return token;
    if (too_much_walking(g) && !fits_walked_stack(g, id))
        return leave_start_out(g, tkz, token, &g->unnested);
    if (g->tree->open_elements->length >= g->max_depth && !fits_full_stack(g, id))
        return leave_start_out(g, tkz, token, &g->flattened);
    /* An <a> closes the <a> before it: they never pile up. */
    if ((known_flags(id) & TAG_FORMAT) && id != LXB_TAG_A && formats_full(g))
        return leave_start_out(g, tkz, token, &g->unnested);
    return pass_on(g, tkz, token);
}

static lxb_html_token_t *guard_end(struct guard *g, lxb_html_tokenizer_t *tkz,
                                   lxb_html_token_t *token)
{
    lxb_dom_node_t *current = current_node(g);
    if (too_much_walking(g) && current && current->local_name != token->tag_id)
        return leave_out(g, tkz, token);
    if (g->nleft == 0)
        return pass_on(g, tkz, token);
    uint32_t *left = left_of(g, token->tag_id);
    if (*left > 0) {
        (*left)--;
        g->nleft--;
        return leave_out(g, tkz, token);
    }
    size_t before = g->tree->open_elements->length;
    token = pass_on(g, tkz, token);
    /* An element around what was left out is closed, and all in it. */
    if (g->tree->open_elements->length < before)
        forget_left(g);
    return token;
}

/* Formatting elements are reopened in every block, so one tag may cost dozens of
 * elements.  Past any honest number of them they are given up. */
static void give_up_formats(struct guard *g)
{
    g->tree->active_formatting->length = 0;
    g->formats_most = 0;
    g->reopened = 0;
    g->unnested++;
}

/* Where the next text goes: behind the last child, or before a table that it may not
 * stand in. */
static lxb_dom_node_t *text_before(const struct guard *g)
{
    const lexbor_array_t *open = g->tree->open_elements;
    const lxb_dom_node_t *current = current_node(g);
    if (!current)
        return NULL;
    if (current->ns != LXB_NS_HTML)
        return current->last_child;
    switch (current->local_name) {
    case LXB_TAG_TABLE:
    case LXB_TAG_TBODY:
    case LXB_TAG_TFOOT:
    case LXB_TAG_THEAD:
    case LXB_TAG_TR:
        for (size_t i = open->length; i > 0; i--) {
            const lxb_dom_node_t *table = open->list[i - 1];
            if (table->local_name == LXB_TAG_TABLE)
                return table->prev;
        }
        return NULL;
    case LXB_TAG_TEMPLATE:
        return ((const lxb_html_template_element_t *)current)->content->node.last_child;
    default:
        return current->last_child;
    }
}

/* lexbor gives a text that grows just the bytes it needs, and copies it each time: a
 * text in a million pieces (with a stray end tag between them) takes forever.  So a
 * text that will grow is given twice its room first. */
static void make_room(struct guard *g, const lxb_html_token_t *token)
{
    lxb_dom_node_t *node = text_before(g);
    if (!node || node->type != LXB_DOM_NODE_TYPE_TEXT)
        return;
    lexbor_str_t *s = &((lxb_dom_character_data_t *)node)->data;
    size_t more = (size_t)(token->text_end - token->text_start);
    if (!s->data || more >= s->length || s->length + more < lexbor_mraw_data_size(s->data))
        return;
    lexbor_str_realloc(s, node->owner_document->text, s->length * 2 + 1);
}

static lxb_html_token_t *guard_token(lxb_html_tokenizer_t *tkz, lxb_html_token_t *token,
                                     void *ctx)
{
    struct guard *g = ctx;
    if (token->tag_id < LXB_TAG__BEGIN) {
        if (token->tag_id == LXB_TAG__TEXT) {
            g->at_break = false;
            make_room(g, token);
        }
        token = pass_on(g, tkz, token);
    } else if (token->type & LXB_HTML_TOKEN_TYPE_CLOSE) {
        token = guard_end(g, tkz, token);
    } else {
        token = guard_start(g, tkz, token);
    }
    if (g->reopened > g->reopened_most)
        give_up_formats(g);
    /* The token is done with its attributes; lexbor would keep them to the page's end. */
    if (lexbor_dobject_allocated(tkz->dobj_token_attr) > TOKEN_ATTRS_KEPT)
        lexbor_dobject_clean(tkz->dobj_token_attr);
    if (g->memory->chunk_length <= g->chunks_most)
        return token;
    g->too_costly = true;
    tkz->status = LXB_STATUS_ABORTED;
    return NULL;
}

static void guard_init(struct guard *g, lxb_html_parser_t *parser, lxb_html_document_t *doc,
                       size_t html_len, const struct winnow_limits *limits)
{
    lxb_html_tokenizer_t *tkz = parser->tkz;
    const lexbor_mem_t *memory = doc->dom_document.mraw->mem;
    *g = (struct guard){
        .next = tkz->callback_token_done,
        .next_ctx = tkz->callback_token_ctx,
        .tree = parser->tree,
        .max_depth = limits->max_depth,
        .max_attrs = limits->max_attrs,
        .formats_most = FORMATS_MOST,
        .reopened_most = 50000 + html_len / 32,
        .walked_most = (32u << 20) + 8 * html_len,
        .memory = memory,
        .chunks_most = parse_cost_max(html_len) / memory->chunk_min_size,
    };
    lxb_html_tokenizer_callback_token_done_set(tkz, guard_token, g);
}

/* --- lexbor's DOM to our arrays ----------------------------------------------------- */

struct unknown_tag {
    lxb_tag_id_t id;
    unsigned tag;
};

struct copy {
    struct tree_fill fill;
    struct tree *tree;
    lexbor_hash_t *attr_names;
    size_t max_nodes;
    uint16_t tags[LXB_TAG__LAST_ENTRY]; /* known_tags and what this page named */
    struct unknown_tag unknown[64];     /* the last ones, by their number's low bits */
};

/* The tag of an element that tags.h does not list. */
static unsigned name_tag(struct copy *c, lxb_tag_id_t id)
{
    struct unknown_tag *seen = &c->unknown[(id >> 4) % 64];
    if (seen->id == id)
        return seen->tag;
    unsigned tag = tree_tag_of(c->tree, lexbor_tag_name(id));
    if (tag == UINT_MAX)
        return tag;
    if (id < LXB_TAG__LAST_ENTRY)
        c->tags[id] = (uint16_t)tag;
    else
        *seen = (struct unknown_tag){id, tag};
    return tag;
}

static inline unsigned tag_of_id(struct copy *c, lxb_tag_id_t id)
{
    if (id < LXB_TAG__LAST_ENTRY && c->tags[id] != TAG_UNNAMED)
        return c->tags[id];
    return name_tag(c, id);
}

static inline struct slice attr_name(const struct copy *c, const lxb_dom_attr_t *attr)
{
    lxb_dom_attr_id_t id = attr->node.local_name;
    if (id < LXB_DOM_ATTR__LAST_ENTRY)
        return known_attrs[id];
    /* xlink:href and its like are split by lexbor; we want the name as written. */
    if (attr->node.prefix != 0 && attr->qualified_name != 0)
        id = attr->qualified_name;
    return lexbor_attr_name(c->attr_names, id);
}

static inline int add_attrs(struct copy *c, const lxb_dom_element_t *element, struct node *n)
{
    int status = WINNOW_OK;
    /* Every <body> adds attributes to the one body there is. */
    for (const lxb_dom_attr_t *a = element->first_attr;
         a && n->nattrs < UINT16_MAX && status == WINNOW_OK; a = a->next) {
        struct slice value = {"", 0};
        if (a->value)
            value = (struct slice){(const char *)a->value->data, a->value->length};
        status = fill_attr(c->tree, n, attr_name(c, a), value);
    }
    return status;
}

static inline int add_element(struct copy *c, size_t depth, const lxb_dom_node_t *from)
{
    struct node *n = fill_open(&c->fill, depth, tag_of_id(c, from->local_name));
    return n ? add_attrs(c, lxb_dom_interface_element(from), n) : WINNOW_ENOMEM;
}

static inline int add_text(struct copy *c, size_t depth, const lxb_dom_node_t *from)
{
    const lexbor_str_t *s = &((const lxb_dom_character_data_t *)from)->data;
    if (s->length == 0)
        return WINNOW_OK;
    return fill_text(&c->fill, depth, (struct slice){(const char *)s->data, s->length});
}

/* What a template holds stands in a fragment of its own. */
static inline lxb_dom_node_t *first_child(const lxb_dom_node_t *node)
{
    if (node->local_name == LXB_TAG_TEMPLATE && node->ns == LXB_NS_HTML) {
        const lxb_dom_document_fragment_t *content =
            ((const lxb_html_template_element_t *)node)->content;
        if (content && content->node.first_child)
            return content->node.first_child;
    }
    return node->first_child;
}

static inline lxb_dom_node_t *parent_of(const lxb_dom_node_t *node)
{
    lxb_dom_node_t *parent = node->parent;
    if (parent->type != LXB_DOM_NODE_TYPE_DOCUMENT_FRAGMENT)
        return parent;
    return lxb_dom_interface_node(((lxb_dom_document_fragment_t *)parent)->host);
}

static int copy_nodes(struct copy *c, const lxb_dom_node_t *root)
{
    const lxb_dom_node_t *node = root;
    size_t depth = 0;
    for (;;) {
        int status = WINNOW_OK;
        const lxb_dom_node_t *child = NULL;
        if (node->type == LXB_DOM_NODE_TYPE_ELEMENT) {
            status = add_element(c, depth, node);
            child = first_child(node);
        } else if (node->type == LXB_DOM_NODE_TYPE_TEXT ||
                   node->type == LXB_DOM_NODE_TYPE_CDATA_SECTION) {
            status = add_text(c, depth, node);
        }
        if (status != WINNOW_OK)
            return status;
        if (c->tree->count > c->max_nodes)
            return WINNOW_ELIMIT;
        if (child) {
            node = child;
            depth++;
            continue;
        }
        while (node != root && !node->next) {
            node = parent_of(node);
            depth--;
        }
        if (node == root)
            return WINNOW_OK;
        node = node->next;
    }
}

/* First guesses from what pages hold, so that the arrays seldom move. */
static int reserve(struct tree *t, size_t html_len)
{
    struct node *nodes = array_grow(t->nodes, &t->cap, html_len / 40 + 64, sizeof *nodes);
    if (nodes)
        t->nodes = nodes;
    struct attr *attrs = array_grow(t->attrs, &t->attrs_cap, html_len / 50 + 64, sizeof *attrs);
    if (attrs)
        t->attrs = attrs;
    char *room = buf_room(&t->text, html_len / 2);
    return nodes && attrs && room ? WINNOW_OK : WINNOW_ENOMEM;
}

static int copy_document(struct tree *t, const lxb_html_document_t *doc, size_t html_len,
                         const struct winnow_limits *limits)
{
    const lxb_dom_element_t *root = doc->dom_document.element;
    if (!root)
        return WINNOW_OK;
    struct copy c = {
        .tree = t,
        .attr_names = doc->dom_document.attrs,
        .max_nodes = limits->max_nodes,
    };
    memcpy(c.tags, known_tags, sizeof c.tags);
    int status = fill_init(&c.fill, t, limits->max_depth);
    if (status == WINNOW_OK)
        status = reserve(t, html_len);
    if (status == WINNOW_OK)
        status = copy_nodes(&c, &root->node);
    fill_end(&c.fill);
    return status;
}

/* --- one page ------------------------------------------------------------------------ */

static bool names_crowded(const lxb_html_document_t *doc)
{
    const lxb_dom_document_t *dom = &doc->dom_document;
    return lexbor_dobject_allocated(dom->tags->entries) > NAMES_MOST ||
           lexbor_dobject_allocated(dom->attrs->entries) > NAMES_MOST;
}

static bool feed(lxb_html_parser_t *parser, const lxb_html_document_t *doc, struct guard *g,
                 struct slice html)
{
    lxb_html_tokenizer_t *tkz = parser->tkz;
    while (html.len > 0) {
        size_t n = html.len < PIECE ? html.len : PIECE;
        if (lxb_html_parse_chunk_process(parser, (const lxb_char_t *)html.p, n) != LXB_STATUS_OK)
            return false;
        html.p += n;
        html.len -= n;
        /* Nobody reads them, and a hostile page makes one a byte. */
        lexbor_array_obj_clean(tkz->parse_errors);
        lexbor_array_obj_clean(parser->tree->parse_errors);
        if (names_crowded(doc) ||
            lexbor_dobject_allocated(tkz->dobj_token_attr) > TOKEN_ATTRS_MOST) {
            g->too_costly = true;
            return false;
        }
    }
    return lxb_html_parse_chunk_end(parser) == LXB_STATUS_OK;
}

static void free_document(void *owner)
{
    lxb_html_document_destroy(owner);
}

static int parse(struct slice html, const struct winnow_limits *limits, struct tree *ret,
                 struct winnow_error *err)
{
    int status = WINNOW_ENOMEM;
    struct guard guard;
    lxb_html_parser_t *parser = lxb_html_parser_create();
    if (!parser || lxb_html_parser_init(parser) != LXB_STATUS_OK)
        goto out;
    lxb_html_parser_dom_opt_set(parser, LXB_DOM_DOCUMENT_OPT_WO_EVENTS);
    lxb_html_document_t *doc = lxb_html_parse_chunk_begin(parser);
    if (!doc)
        goto out;
    ret->owner = doc;
    ret->owner_free = free_document;
    guard_init(&guard, parser, doc, html.len, limits);
    bool fed = feed(parser, doc, &guard, html);
    ret->flattened = guard.flattened;
    ret->unnested = guard.unnested;
    ret->attrs_dropped = guard.attrs_dropped;
    if (guard.too_costly)
        status = PARSE_TOO_COSTLY;
    else if (fed)
        status = copy_document(ret, doc, html.len, limits);
out:
    lxb_html_parser_destroy(parser);
    if (status == WINNOW_ENOMEM)
        return err_nomem(err);
    return status == WINNOW_ELIMIT ? parse_too_many(limits, err) : status;
}

static const char *version(void)
{
    return LEXBOR_VERSION_STRING;
}

const struct parser parser_lexbor = {"lexbor", version, init, parse};

#endif
