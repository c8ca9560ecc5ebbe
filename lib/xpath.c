/* xpath.c - a libxml2 tree of a page, and XPath on it.
 *
 * 1. The libxml2 tree is one array of nodes, in our tree's order: node i there is
 *    node i here, so a result is mapped back by subtraction and sorted by number.
 *    Attributes and what they hold stand in arrays of their own.  libxml2 only reads
 *    the tree, and never frees a node of it.
 * 2. Elements carry their place in document order where libxml2 looks for it, so that
 *    it need not count siblings to compare two.
 * 3. What a page may cost is bounded.  libxml2 counts its steps and the depth of its
 *    recursion; but it joins two sets of nodes by comparing each with each, and makes
 *    the text of an element anew whenever it is asked for, and counts neither.  So a
 *    watch, a thread that sleeps, ends the steps where a page's XPath has taken
 *    BUDGET_S of processor time; ordinary pages are done before it is needed.  It
 *    cannot end a join: the more sets an expression
 *    joins, the smaller the pages that it is tried on.  (The largest of 1,497 real
 *    pages has 34,000 nodes, 99 in 100 have under 15,000.)
 * 4. Nothing is said on stderr: what libxml2 has to say goes into err.  Most comes
 *    through the context's handler, some through the generic one, which is a thread's
 *    own and is given back.
 *
 * One array in place of a node at a time: libxml2's own building of a tree costs more
 * than its XPath. */
#include "xpath.h"

#include <libxml/HTMLtree.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "err.h"
#include "parse.h"

enum {
    /* Of libxml2's XPath machine.  Where it counts all its work they take a tenth of
     * BUDGET_S or less, so the steps end it and not the clock. */
    MAX_STEPS = 4 * 1000 * 1000,
    FEW_STEPS = 10,               /* for each node */
    MAX_EXPR = 64 * 1024,         /* bytes */
    MAX_NODES = 400 * 1000,       /* that an expression is tried on ... */
    MAX_NODES_JOINED = 40 * 1000, /* ... where it may join large sets: a//b, a | b */
    MAX_NODES_WIDE = 16 * 1000,   /* ... where every node may reach the whole page */
};

#define BUDGET_S 1.0    /* processor time of a page's XPath */
#define UNWATCHED_S 0.5 /* at the very most, of an expression without the watch */

/* Ends the steps of doc->ctxt once the page's budget is spent. */
struct watch {
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t ends;
    clockid_t clock; /* of the thread that evaluates */
    double spent_s;  /* by evaluations that are over */
    double since_s;  /* when the one that runs began; negative: none runs */
    bool runs, quit, spent;
};

struct xpath_doc {
    xmlDoc *doc;
    xmlNode *nodes; /* nodes[i] was made from our node i */
    size_t count;
    xmlAttr *attrs; /* attrs[i] from our attribute i */
    size_t nattrs;
    xmlNode *values; /* values[i]: the text of attrs[i] */
    struct arena strings;
    xmlXPathContext *ctxt; /* NULL: the page has too many nodes */
    size_t text_len; /* bytes */
    struct watch watch;
};

/* The source and not what libxml2 makes of it: that holds a cache of functions which an
 * evaluation writes to, so each evaluation compiles its own, in microseconds. */
struct xpath_expr {
    char *source;
    size_t max_nodes; /* of a page that it is tried on */
};

/* --- the watch ----------------------------------------------------------------------- */

static double seconds(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double watch_spent(const struct watch *w)
{
    return w->spent_s + (w->since_s < 0 ? 0 : seconds(w->clock) - w->since_s);
}

/* A second of processor time takes a second at least: so long it may sleep. */
static void watch_sleep(struct watch *w, double s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    long long ns = until.tv_nsec + (long long)(s * 1e9) + 1000000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_cond_timedwait(&w->ends, &w->lock, &until);
}

static void *watch_run(void *arg)
{
    struct xpath_doc *doc = arg;
    struct watch *w = &doc->watch;
    pthread_mutex_lock(&w->lock);
    while (!w->quit) {
        double left = BUDGET_S - watch_spent(w);
        if (left > 0) {
            watch_sleep(w, left);
            continue;
        }
        /* libxml2 reads it at every step. */
        if (w->since_s >= 0)
            __atomic_store_n(&doc->ctxt->opLimit, 1, __ATOMIC_RELAXED);
        w->spent = true;
        pthread_cond_wait(&w->ends, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void watch_init(struct watch *w)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->ends, &attr);
    pthread_condattr_destroy(&attr);
    w->since_s = -1;
}

/* The program's signals are not the watch's to take. */
static bool watch_start(struct xpath_doc *doc)
{
    pthread_attr_t attr;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 64 * 1024);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&doc->watch.thread, &attr, watch_run, doc) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return ok;
}

/* Is the evaluation that begins watched? */
static bool watch_begin(struct xpath_doc *doc)
{
    struct watch *w = &doc->watch;
    pthread_mutex_lock(&w->lock);
    pthread_getcpuclockid(pthread_self(), &w->clock);
    w->since_s = seconds(w->clock);
    if (!w->runs)
        w->runs = watch_start(doc);
    pthread_mutex_unlock(&w->lock);
    return w->runs;
}

static void watch_pause(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->spent_s = watch_spent(w);
    w->since_s = -1;
    w->spent = w->spent || w->spent_s >= BUDGET_S;
    pthread_mutex_unlock(&w->lock);
}

/* Time of an evaluation that nobody watched. */
static void watch_add(struct watch *w, double s)
{
    pthread_mutex_lock(&w->lock);
    w->spent_s += s;
    w->spent = w->spent || w->spent_s >= BUDGET_S;
    pthread_mutex_unlock(&w->lock);
}

static bool watch_is_spent(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool ret = w->spent;
    pthread_mutex_unlock(&w->lock);
    return ret;
}

static void watch_end(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->quit = true;
    pthread_cond_signal(&w->ends);
    pthread_mutex_unlock(&w->lock);
    if (w->runs)
        pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->ends);
    pthread_mutex_destroy(&w->lock);
}

/* --- the tree ------------------------------------------------------------------------ */

/* Names of elements that tags.h lists are static; the others are copied once. */
static const xmlChar **copy_names(struct xpath_doc *d, const struct tree *t)
{
    const xmlChar **ret = arena_alloc(&d->strings, (t->nnames + 1) * sizeof *ret);
    for (size_t i = 0; ret && i < t->nnames; i++) {
        ret[i] = (const xmlChar *)arena_copy(&d->strings, t->names[i]);
        if (!ret[i])
            return NULL;
    }
    return ret;
}

static bool fill_attr(struct xpath_doc *d, const struct attr *from, xmlNode *parent, size_t i)
{
    xmlAttr *attr = &d->attrs[i];
    xmlNode *value = &d->values[i];
    char *name = arena_copy(&d->strings, from->name);
    char *content = arena_copy(&d->strings, from->value);
    *attr = (xmlAttr){
        .type = XML_ATTRIBUTE_NODE,
        .name = (xmlChar *)name,
        .children = value,
        .last = value,
        .parent = parent,
        .doc = d->doc,
    };
    *value = (xmlNode){
        .type = XML_TEXT_NODE,
        .name = xmlStringText,
        .parent = (xmlNode *)attr,
        .doc = d->doc,
        .content = (xmlChar *)content,
    };
    return name && content;
}

static bool fill_attrs(struct xpath_doc *d, const struct tree *t, uint32_t i)
{
    const struct node *from = &t->nodes[i];
    for (size_t a = from->attrs; a < (size_t)from->attrs + from->nattrs; a++) {
        if (!fill_attr(d, &t->attrs[a], &d->nodes[i], a))
            return false;
        if (a == from->attrs) {
            d->nodes[i].properties = &d->attrs[a];
            continue;
        }
        d->attrs[a - 1].next = &d->attrs[a];
        d->attrs[a].prev = &d->attrs[a - 1];
    }
    return true;
}

static void link_node(struct xpath_doc *d, const struct tree *t, uint32_t i)
{
    xmlNode *node = &d->nodes[i];
    uint32_t parent = t->nodes[i].parent;
    xmlNode *above = parent == NODE_NONE ? (xmlNode *)d->doc : &d->nodes[parent];
    node->parent = above;
    node->prev = above->last;
    if (above->last)
        above->last->next = node;
    else
        above->children = node;
    above->last = node;
}

static bool fill_node(struct xpath_doc *d, const struct tree *t, const xmlChar **names, uint32_t i)
{
    const struct node *from = &t->nodes[i];
    xmlNode *node = &d->nodes[i];
    *node = (xmlNode){.doc = d->doc};
    if (from->tag == TAG_TEXT) {
        node->type = XML_TEXT_NODE;
        node->name = xmlStringText;
        node->content = (xmlChar *)arena_copy(&d->strings, tree_node_text(t, i));
    } else {
        node->type = XML_ELEMENT_NODE;
        node->name = from->tag < TAG_COUNT ? (const xmlChar *)tag_name((enum tag)from->tag)
                                           : names[from->tag - TAG_COUNT];
        /* Where xmlXPathOrderDocElems puts an element's place. */
        node->content = (xmlChar *)(-(intptr_t)i - 1);
    }
    link_node(d, t, i);
    return node->content && fill_attrs(d, t, i);
}

/* Text and values are copied, with a NUL each. */
static size_t max_strings(const struct tree *t)
{
    size_t n = t->text.len + 32 * t->count + 64 * t->nattrs + (1u << 20);
    for (size_t i = 0; i < t->nattrs; i++)
        n += t->attrs[i].name.len + t->attrs[i].value.len;
    for (size_t i = 0; i < t->nnames; i++)
        n += t->names[i].len + 32;
    return n * 2; /* chunks of the arena end with unused bytes */
}

static int fill_doc(struct xpath_doc *d, const struct tree *t)
{
    arena_init(&d->strings, max_strings(t));
    d->doc = htmlNewDocNoDtD(NULL, NULL);
    d->nodes = malloc((t->count + 1) * sizeof *d->nodes);
    d->attrs = malloc((t->nattrs + 1) * sizeof *d->attrs);
    d->values = malloc((t->nattrs + 1) * sizeof *d->values);
    if (!d->doc || !d->nodes || !d->attrs || !d->values)
        return WINNOW_ENOMEM;
    const xmlChar **names = copy_names(d, t);
    if (!names)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < t->count; i++)
        if (!fill_node(d, t, names, (uint32_t)i))
            return WINNOW_ENOMEM;
    d->ctxt = xmlXPathNewContext(d->doc);
    return d->ctxt ? WINNOW_OK : WINNOW_ENOMEM;
}

int xpath_doc_new(const struct tree *tree, struct xpath_doc **ret, struct winnow_error *err)
{
    parser_init();
    struct xpath_doc *d = calloc(1, sizeof *d);
    if (d) {
        d->count = tree->count;
        d->nattrs = tree->nattrs;
        d->text_len = tree->text.len;
        watch_init(&d->watch);
    }
    if (!d || (d->count <= MAX_NODES && fill_doc(d, tree) != WINNOW_OK)) {
        xpath_doc_free(d);
        return err_nomem(err);
    }
    *ret = d;
    return WINNOW_OK;
}

void xpath_doc_free(struct xpath_doc *doc)
{
    if (!doc)
        return;
    watch_end(&doc->watch);
    xmlXPathFreeContext(doc->ctxt);
    if (doc->doc) {
        /* The nodes are ours, not of libxml2's making. */
        doc->doc->children = doc->doc->last = NULL;
        xmlFreeDoc(doc->doc);
    }
    free(doc->nodes);
    free(doc->attrs);
    free(doc->values);
    arena_free(&doc->strings);
    free(doc);
}

/* --- what libxml2 has to say ------------------------------------------------------------ */

/* The first error of an evaluation. */
struct complaint {
    char text[200];
    int column; /* from 1; 0: not known */
    xmlGenericErrorFunc before;
    void *before_ctx;
};

/* Old versions leave the words to whoever listens. */
static const char *const code_words[] = {
    [XPATH_NUMBER_ERROR] = "a number is malformed",
    [XPATH_UNFINISHED_LITERAL_ERROR] = "a quoted string does not end",
    [XPATH_START_LITERAL_ERROR] = "a quoted string is expected",
    [XPATH_VARIABLE_REF_ERROR] = "a variable's name is expected after $",
    [XPATH_UNDEF_VARIABLE_ERROR] = "no such variable",
    [XPATH_INVALID_PREDICATE_ERROR] = "a predicate is malformed: is a ] missing?",
    [XPATH_EXPR_ERROR] = "the expression is malformed here",
    [XPATH_UNCLOSED_ERROR] = "a ) is missing",
    [XPATH_UNKNOWN_FUNC_ERROR] = "no such function",
    [XPATH_INVALID_OPERAND] = "an operand is malformed",
    [XPATH_INVALID_TYPE] = "an argument is of the wrong type",
    [XPATH_INVALID_ARITY] = "the function takes another number of arguments",
    [XPATH_MEMORY_ERROR] = "the machine has no memory left",
    [XPATH_UNDEF_PREFIX_ERROR] = "no such prefix: names of HTML have none",
    [XPATH_ENCODING_ERROR] = "the expression is not UTF-8",
    [XPATH_INVALID_CHAR_ERROR] = "a character that no expression may hold",
    [XPATH_INVALID_CTXT] = "the context is not valid",
    [XPATH_STACK_ERROR] = "the evaluation stack is broken",
    [XPATH_OP_LIMIT_EXCEEDED] = "it takes too many steps on this page",
    [XPATH_RECURSION_LIMIT_EXCEEDED] = "it is nested too deep",
};

static const char *words_of_code(int code)
{
    int i = code - XML_XPATH_EXPRESSION_OK;
    bool known = i >= 0 && i < (int)(sizeof code_words / sizeof *code_words) && code_words[i];
    return known ? code_words[i] : "libxml2 does not say why";
}

static void note(struct complaint *c, const char *text)
{
    if (c->text[0] == '\0')
        snprintf(c->text, sizeof c->text, "%.*s", (int)strcspn(text, "\n"), text);
}

#if LIBXML_VERSION >= 21200
static void on_error(void *ctx, const xmlError *error)
#else
static void on_error(void *ctx, xmlError *error)
#endif
{
    struct complaint *c = ctx;
    note(c, error->message ? error->message : words_of_code(error->code));
    /* XPath errors keep the expression in str1 and the place in it in int1. */
    if (c->column == 0 && error->str1)
        c->column = error->int1 + 1;
}

static void on_generic_error(void *ctx, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    static const char function[] = "xmlXPathCompOpEval: ";
    size_t skip = strncmp(text, function, sizeof function - 1) == 0 ? sizeof function - 1 : 0;
    note(ctx, text + skip);
}

static void listen(xmlXPathContext *ctxt, struct complaint *c)
{
    *c = (struct complaint){.before = xmlGenericError, .before_ctx = xmlGenericErrorContext};
    ctxt->error = on_error;
    ctxt->userData = c;
    xmlResetError(&ctxt->lastError);
    xmlSetGenericErrorFunc(c, on_generic_error);
}

static void stop_listening(xmlXPathContext *ctxt, const struct complaint *c)
{
    ctxt->userData = NULL;
    ctxt->error = NULL;
    xmlSetGenericErrorFunc(c->before_ctx, c->before);
}

static int complain(const struct complaint *c, const char *what, const char *expr,
                    struct winnow_error *err)
{
    const char *why = c->text[0] != '\0' ? c->text : words_of_code(-1);
    if (c->column > 0)
        return err_set(err, WINNOW_ERULES, "XPath \"%.200s\" %s: column %d: %s", expr, what,
                       c->column, why);
    return err_set(err, WINNOW_ERULES, "XPath \"%.200s\" %s: %s", expr, what, why);
}

/* --- expressions ------------------------------------------------------------------------- */

/* Judged by the letters of the expression: a // within quotes makes it stricter only. */
static size_t max_nodes(const char *expr)
{
    if (strstr(expr, "following::") || strstr(expr, "preceding::"))
        return MAX_NODES_WIDE;
    const char *first = strstr(expr, "//");
    bool joins = (first && strstr(first + 2, "//")) || strchr(expr, '|') ||
                 strstr(expr, "descendant") || strstr(expr, "ancestor");
    return joins ? MAX_NODES_JOINED : MAX_NODES;
}

int xpath_compile(const char *expr, struct xpath_expr **ret, struct winnow_error *err)
{
    if (strlen(expr) > MAX_EXPR)
        return err_set(err, WINNOW_ERULES, "XPath \"%.60s...\" is longer than %d bytes", expr,
                       MAX_EXPR);
    parser_init();
    struct complaint complaint;
    struct xpath_expr *e = calloc(1, sizeof *e);
    xmlXPathContext *ctxt = xmlXPathNewContext(NULL);
    int status = WINNOW_ENOMEM;
    if (!e || !ctxt || !(e->source = strdup(expr)))
        goto out;
    listen(ctxt, &complaint);
    xmlXPathCompExpr *comp = xmlXPathCtxtCompile(ctxt, (const xmlChar *)expr);
    stop_listening(ctxt, &complaint);
    e->max_nodes = max_nodes(expr);
    status = comp ? WINNOW_OK : complain(&complaint, "does not compile", expr, err);
    xmlXPathFreeCompExpr(comp);
out:
    xmlXPathFreeContext(ctxt);
    if (status == WINNOW_OK)
        *ret = e;
    else
        xpath_expr_free(e);
    return status == WINNOW_ENOMEM ? err_nomem(err) : status;
}

void xpath_expr_free(struct xpath_expr *expr)
{
    if (!expr)
        return;
    free(expr->source);
    free(expr);
}

/* --- results ------------------------------------------------------------------------------ */

/* Our number of a node of the tree, or NODE_NONE: the document itself, an attribute. */
static uint32_t node_number(const struct xpath_doc *doc, const xmlNode *node)
{
    if (node->type != XML_ELEMENT_NODE && node->type != XML_TEXT_NODE)
        return NODE_NONE;
    uintptr_t first = (uintptr_t)doc->nodes, at = (uintptr_t)node;
    if (at < first || at >= first + doc->count * sizeof *node)
        return NODE_NONE;
    return (uint32_t)((at - first) / sizeof *node);
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static size_t drop_doubles(uint32_t *nodes, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || nodes[i] != nodes[kept - 1])
            nodes[kept++] = nodes[i];
    return kept;
}

static char *copy_string(xmlChar *s)
{
    char *ret = s ? strdup((const char *)s) : NULL;
    xmlFree(s);
    return ret;
}

/* The number of an attribute of our tree, or NODE_NONE. */
static uint32_t attr_number(const struct xpath_doc *doc, const xmlNode *node)
{
    uintptr_t first = (uintptr_t)doc->attrs, at = (uintptr_t)node;
    if (node->type != XML_ATTRIBUTE_NODE || at < first ||
        at >= first + doc->nattrs * sizeof *doc->attrs)
        return NODE_NONE;
    return (uint32_t)((at - first) / sizeof *doc->attrs);
}

/* The numbers of those of a set that number_of knows; *ret is NULL where there are none. */
static int take_numbers(const struct xpath_doc *doc, const xmlNodeSet *set,
                        uint32_t (*number_of)(const struct xpath_doc *, const xmlNode *),
                        uint32_t **ret, size_t *count)
{
    size_t n = (size_t)set->nodeNr, found = 0;
    uint32_t *numbers = malloc(n * sizeof *numbers);
    if (!numbers)
        return WINNOW_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint32_t number = number_of(doc, set->nodeTab[i]);
        if (number != NODE_NONE)
            numbers[found++] = number;
    }
    if (found == 0) {
        free(numbers);
        return WINNOW_OK;
    }
    qsort(numbers, found, sizeof *numbers, compare_numbers);
    *count = drop_doubles(numbers, found);
    *ret = numbers;
    return WINNOW_OK;
}

static int take_nodes(const struct xpath_doc *doc, xmlNodeSet *set, struct xpath_result *ret)
{
    if (!set || set->nodeNr <= 0)
        return WINNOW_OK;
    if (take_numbers(doc, set, node_number, &ret->nodes, &ret->count) != WINNOW_OK ||
        take_numbers(doc, set, attr_number, &ret->attrs, &ret->nattrs) != WINNOW_OK)
        return WINNOW_ENOMEM;
    if (ret->count > 0 || set->nodeTab[0]->type != XML_ATTRIBUTE_NODE)
        return WINNOW_OK;
    xmlXPathNodeSetSort(set);
    ret->string = copy_string(xmlXPathCastNodeToString(set->nodeTab[0]));
    return ret->string ? WINNOW_OK : WINNOW_ENOMEM;
}

static int take_result(const struct xpath_doc *doc, xmlXPathObject *object,
                       struct xpath_result *ret)
{
    if (object->type == XPATH_NODESET)
        return take_nodes(doc, object->nodesetval, ret);
    ret->string = copy_string(xmlXPathCastToString(object));
    return ret->string ? WINNOW_OK : WINNOW_ENOMEM;
}

/* --- evaluation --------------------------------------------------------------------------- */

/* Steps that nearly every expression makes do with. */
static unsigned long few_steps(const struct xpath_doc *doc)
{
    return FEW_STEPS * (doc->count + 100);
}

/* Would few steps be soon over, if each of them made the text of the whole page? */
static bool needs_no_watch(const struct xpath_doc *doc)
{
    double step_ns = 5.0 * (double)doc->count + 0.1 * (double)doc->text_len;
    return (double)few_steps(doc) * step_ns < UNWATCHED_S * 1e9;
}

static xmlXPathObject *try_steps(struct xpath_doc *doc, xmlXPathCompExpr *comp,
                                 unsigned long steps, bool watched, struct complaint *complaint)
{
    listen(doc->ctxt, complaint);
    doc->ctxt->node = (xmlNode *)doc->doc;
    doc->ctxt->opCount = 0;
    doc->ctxt->opLimit = steps; /* before the watch may lower it */
    double before = watched ? 0 : seconds(CLOCK_THREAD_CPUTIME_ID);
    if (watched && !watch_begin(doc))
        doc->ctxt->opLimit = few_steps(doc);
    xmlXPathObject *ret = xmlXPathCompiledEval(comp, doc->ctxt);
    if (watched)
        watch_pause(&doc->watch);
    else
        watch_add(&doc->watch, seconds(CLOCK_THREAD_CPUTIME_ID) - before);
    stop_listening(doc->ctxt, complaint);
    return ret;
}

static xmlXPathObject *evaluate_compiled(struct xpath_doc *doc, xmlXPathCompExpr *comp,
                                         struct complaint *complaint)
{
    unsigned long few = few_steps(doc);
    if (!doc->watch.runs && needs_no_watch(doc)) {
        xmlXPathObject *ret = try_steps(doc, comp, few, false, complaint);
        /* The counter stays at the limit where that was what ended it. */
        if (ret || doc->ctxt->opCount < few)
            return ret;
    }
    return try_steps(doc, comp, MAX_STEPS, true, complaint);
}

static xmlXPathObject *evaluate(struct xpath_doc *doc, const struct xpath_expr *expr,
                                struct complaint *complaint)
{
    listen(doc->ctxt, complaint);
    xmlXPathCompExpr *comp = xmlXPathCtxtCompile(doc->ctxt, (const xmlChar *)expr->source);
    stop_listening(doc->ctxt, complaint);
    xmlXPathObject *ret = comp ? evaluate_compiled(doc, comp, complaint) : NULL;
    xmlXPathFreeCompExpr(comp);
    return ret;
}

bool xpath_is_spent(struct xpath_doc *doc)
{
    return watch_is_spent(&doc->watch);
}

int xpath_select(struct xpath_doc *doc, const struct xpath_expr *expr,
                 struct xpath_result *ret, struct winnow_error *err)
{
    if (doc->count > expr->max_nodes)
        return err_set(err, WINNOW_ERULES,
                       "XPath \"%.200s\" is not tried: the page has %zu nodes, more than %zu",
                       expr->source, doc->count, expr->max_nodes);
    if (watch_is_spent(&doc->watch))
        return err_set(err, WINNOW_ERULES,
                       "XPath \"%.200s\" is not tried: others took too long on this page",
                       expr->source);
    struct complaint complaint;
    xmlXPathObject *object = evaluate(doc, expr, &complaint);
    if (!object)
        return complain(&complaint, "fails on this page", expr->source, err);
    struct xpath_result result = {0};
    int status = take_result(doc, object, &result);
    xmlXPathFreeObject(object);
    if (status != WINNOW_OK) {
        xpath_result_free(&result);
        return err_nomem(err);
    }
    *ret = result;
    return WINNOW_OK;
}

void xpath_result_free(struct xpath_result *r)
{
    free(r->nodes);
    free(r->attrs);
    free(r->string);
    *r = (struct xpath_result){0};
}

/* --- changes ------------------------------------------------------------------------------ */

/* Nodes are ours and no part of libxml2's memory: taking one out leaves it in its array. */
void xpath_remove(struct xpath_doc *doc, uint32_t node)
{
    if (doc->nodes && node < doc->count)
        xmlUnlinkNode(&doc->nodes[node]);
}

void xpath_remove_attr(struct xpath_doc *doc, uint32_t attr)
{
    if (doc->attrs && attr < doc->nattrs)
        xmlUnlinkNode((xmlNode *)&doc->attrs[attr]);
}

bool xpath_holds(const struct xpath_doc *doc, uint32_t ancestor, uint32_t node)
{
    if (!doc->nodes || ancestor >= doc->count || node >= doc->count)
        return false;
    for (const xmlNode *at = &doc->nodes[node]; at; at = at->parent)
        if (at == &doc->nodes[ancestor])
            return true;
    return false;
}

bool xpath_move(struct xpath_doc *doc, uint32_t node, uint32_t into)
{
    if (!doc->nodes || node >= doc->count || into >= doc->count || xpath_holds(doc, node, into) ||
        doc->nodes[into].type != XML_ELEMENT_NODE)
        return false;
    xmlNode *moved = &doc->nodes[node], *above = &doc->nodes[into];
    xmlUnlinkNode(moved);
    moved->parent = above;
    moved->prev = above->last;
    if (above->last)
        above->last->next = moved;
    else
        above->children = moved;
    above->last = moved;
    return true;
}
