/* tags.h - the elements that winnow knows, one line each, and what they are for. */
#ifndef WINNOW_TAGS_H
#define WINNOW_TAGS_H

#include <stdint.h>

#include "slice.h"

/* What an element does to the text in it. */
enum tag_flag {
    TAG_BLOCK = 1,    /* starts a line of its own */
    TAG_UNSHOWN = 2,  /* its text is no text of the page: script, style, head ... */
    TAG_VOID = 4,     /* has no content and no end tag */
    TAG_RAW = 8,      /* its content is not markup: script, style, textarea ... */
    TAG_FORMAT = 16,  /* a formatting element that HTML parsers reopen: b, i, font ... */
    TAG_IMPLIED = 32, /* its end tag may be left out: p, li, td ... */
};

/* X(ENUM, name, flags), sorted by name (a test holds the order). */
#define TAGS(X)                                        \
    X(A, "a", TAG_FORMAT)                              \
    X(ABBR, "abbr", 0)                                 \
    X(ADDRESS, "address", TAG_BLOCK)                   \
    X(AREA, "area", TAG_VOID)                          \
    X(ARTICLE, "article", TAG_BLOCK)                   \
    X(ASIDE, "aside", TAG_BLOCK)                       \
    X(AUDIO, "audio", 0)                               \
    X(B, "b", TAG_FORMAT)                              \
    X(BASE, "base", TAG_VOID)                          \
    X(BIG, "big", TAG_FORMAT)                          \
    X(BLOCKQUOTE, "blockquote", TAG_BLOCK)             \
    X(BODY, "body", TAG_BLOCK)                         \
    X(BR, "br", TAG_VOID)                              \
    X(BUTTON, "button", TAG_BLOCK)                     \
    X(CANVAS, "canvas", 0)                             \
    X(CAPTION, "caption", TAG_BLOCK | TAG_IMPLIED)     \
    X(CENTER, "center", TAG_BLOCK)                     \
    X(CITE, "cite", 0)                                 \
    X(CODE, "code", TAG_FORMAT)                        \
    X(COL, "col", TAG_VOID)                            \
    X(COLGROUP, "colgroup", TAG_IMPLIED)               \
    X(DD, "dd", TAG_BLOCK | TAG_IMPLIED)               \
    X(DEL, "del", 0)                                   \
    X(DETAILS, "details", TAG_BLOCK)                   \
    X(DIALOG, "dialog", TAG_BLOCK)                     \
    X(DIR, "dir", TAG_BLOCK)                           \
    X(DIV, "div", TAG_BLOCK)                           \
    X(DL, "dl", TAG_BLOCK)                             \
    X(DT, "dt", TAG_BLOCK | TAG_IMPLIED)               \
    X(EM, "em", TAG_FORMAT)                            \
    X(EMBED, "embed", TAG_VOID)                        \
    X(FIELDSET, "fieldset", TAG_BLOCK)                 \
    X(FIGCAPTION, "figcaption", TAG_BLOCK)             \
    X(FIGURE, "figure", TAG_BLOCK)                     \
    X(FONT, "font", TAG_FORMAT)                        \
    X(FOOTER, "footer", TAG_BLOCK)                     \
    X(FORM, "form", TAG_BLOCK)                         \
    X(FRAME, "frame", TAG_VOID)                        \
    X(FRAMESET, "frameset", TAG_BLOCK)                 \
    X(H1, "h1", TAG_BLOCK)                             \
    X(H2, "h2", TAG_BLOCK)                             \
    X(H3, "h3", TAG_BLOCK)                             \
    X(H4, "h4", TAG_BLOCK)                             \
    X(H5, "h5", TAG_BLOCK)                             \
    X(H6, "h6", TAG_BLOCK)                             \
    X(HEAD, "head", TAG_BLOCK | TAG_UNSHOWN)           \
    X(HEADER, "header", TAG_BLOCK)                     \
    X(HR, "hr", TAG_BLOCK | TAG_VOID)                  \
    X(HTML, "html", TAG_BLOCK)                         \
    X(I, "i", TAG_FORMAT)                              \
    X(IFRAME, "iframe", TAG_UNSHOWN | TAG_RAW)         \
    X(IMG, "img", TAG_VOID)                            \
    X(INPUT, "input", TAG_VOID)                        \
    X(INS, "ins", 0)                                   \
    X(KBD, "kbd", 0)                                   \
    X(LABEL, "label", 0)                               \
    X(LEGEND, "legend", TAG_BLOCK)                     \
    X(LI, "li", TAG_BLOCK | TAG_IMPLIED)               \
    X(LINK, "link", TAG_VOID)                          \
    X(MAIN, "main", TAG_BLOCK)                         \
    X(MARK, "mark", 0)                                 \
    X(MATH, "math", 0)                                 \
    X(MENU, "menu", TAG_BLOCK)                         \
    X(META, "meta", TAG_VOID)                          \
    X(NAV, "nav", TAG_BLOCK)                           \
    X(NOBR, "nobr", TAG_FORMAT)                        \
    X(NOEMBED, "noembed", TAG_UNSHOWN | TAG_RAW)       \
    X(NOFRAMES, "noframes", TAG_UNSHOWN | TAG_RAW)     \
    X(NOSCRIPT, "noscript", TAG_BLOCK)                 \
    X(OBJECT, "object", 0)                             \
    X(OL, "ol", TAG_BLOCK)                             \
    X(OPTGROUP, "optgroup", TAG_BLOCK | TAG_IMPLIED)   \
    X(OPTION, "option", TAG_BLOCK | TAG_IMPLIED)       \
    X(P, "p", TAG_BLOCK | TAG_IMPLIED)                 \
    X(PARAM, "param", TAG_VOID)                        \
    X(PICTURE, "picture", 0)                           \
    X(PRE, "pre", TAG_BLOCK)                           \
    X(Q, "q", 0)                                       \
    X(RP, "rp", TAG_IMPLIED)                           \
    X(RT, "rt", TAG_IMPLIED)                           \
    X(RUBY, "ruby", 0)                                 \
    X(S, "s", TAG_FORMAT)                              \
    X(SAMP, "samp", 0)                                 \
    X(SCRIPT, "script", TAG_UNSHOWN | TAG_RAW)         \
    X(SECTION, "section", TAG_BLOCK)                   \
    X(SELECT, "select", TAG_BLOCK)                     \
    X(SMALL, "small", TAG_FORMAT)                      \
    X(SOURCE, "source", TAG_VOID)                      \
    X(SPAN, "span", 0)                                 \
    X(STRIKE, "strike", TAG_FORMAT)                    \
    X(STRONG, "strong", TAG_FORMAT)                    \
    X(STYLE, "style", TAG_UNSHOWN | TAG_RAW)           \
    X(SUB, "sub", 0)                                   \
    X(SUMMARY, "summary", TAG_BLOCK)                   \
    X(SUP, "sup", 0)                                   \
    X(SVG, "svg", TAG_UNSHOWN)                         \
    X(TABLE, "table", TAG_BLOCK)                       \
    X(TBODY, "tbody", TAG_BLOCK | TAG_IMPLIED)         \
    X(TD, "td", TAG_BLOCK | TAG_IMPLIED)               \
    X(TEMPLATE, "template", TAG_UNSHOWN)               \
    X(TEXTAREA, "textarea", TAG_BLOCK | TAG_RAW)       \
    X(TFOOT, "tfoot", TAG_BLOCK | TAG_IMPLIED)         \
    X(TH, "th", TAG_BLOCK | TAG_IMPLIED)               \
    X(THEAD, "thead", TAG_BLOCK | TAG_IMPLIED)         \
    X(TIME, "time", 0)                                 \
    X(TITLE, "title", TAG_BLOCK | TAG_UNSHOWN | TAG_RAW) \
    X(TR, "tr", TAG_BLOCK | TAG_IMPLIED)               \
    X(TRACK, "track", TAG_VOID)                        \
    X(TT, "tt", TAG_FORMAT)                            \
    X(U, "u", TAG_FORMAT)                              \
    X(UL, "ul", TAG_BLOCK)                             \
    X(VAR, "var", 0)                                   \
    X(VIDEO, "video", 0)                               \
    X(WBR, "wbr", TAG_VOID)                            \
    X(XMP, "xmp", TAG_BLOCK | TAG_RAW)

enum tag {
    TAG_TEXT = 0, /* a text node, no element */
#define X(id, name, flags) TAG_##id,
    TAGS(X)
#undef X
    TAG_COUNT,
    /* TAG_COUNT and above: an element of another name; see tree_tag_name */
};

/* The tag of a name in any case, or TAG_COUNT where it is none of the table. */
enum tag tag_of(struct slice name);
const char *tag_name(enum tag tag); /* of a tag below TAG_COUNT */
unsigned tag_flags(unsigned tag);   /* 0 for tags of other names */

#endif
