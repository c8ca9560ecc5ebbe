/* judge_parts.h - what the files of the judge share: one text, its lines, the chain
 * at hand, and the bounds of every decision.
 *
 * Only judge*.c include it.  A position, start or end is an offset in bytes of the
 * normalised stream; with text_ before it, in bytes of the text.  What returns no
 * status leaves its failure in detector.status. */
#ifndef WINNOW_JUDGE_PARTS_H
#define WINNOW_JUDGE_PARTS_H

#include "arena.h"
#include "judge.h"
#include "match.h"
#include "norm.h"

enum {
    /* All in normalised characters, as norm_weight counts them. */
    MIN_REPEAT = 100,      /* a passage that is shorter is no repeat */
    MIN_WHOLE = 180,       /* where nothing but that it is equal makes it a copy */
    LONG_LINE = 64,        /* a line of prose; shorter ones may be labels, verses, cells */
    MIN_SHORTS = 200,      /* of short lines alone, and then without any difference */
    MIN_NEAR = 200,        /* of lines that differ by an edited word */
    MIN_NEAR_SHORTS = 300, /* the same of short lines alone */
    NEAR_SHARE = 12,       /* of which at most one part in so many is unmatched */
    HOLE_MAX = 32,         /* an edited word or two; unmatched in one place of a whole line */
    WORD_MAX = 16,         /* an edited word of a short line */
    ALIKE_MAX = 48,        /* characters of a gap that are compared */
    EDGE_MAX = 60,         /* beyond a chain's edge, still searched for words in common */
    MIN_SENTENCE = 8,      /* of a line's own, beside what it shares */
    MIN_HEADLINE = 16,

    /* In what they say. */
    MIN_HEADLINE_WORDS = 3,
    EDGE_LINES = 4,       /* short lines taken up beyond a chain's edge */
    GAP_TEXT_MAX = 256,   /* bytes of punctuation that are looked at */
    CHANCE_MAX = 3,       /* bytes on which any two lines may agree */
    CODE_SHARE = 10,      /* a symbol in so many bytes makes a line code */
    STATEMENT_SPACES = 4, /* fewer, and a semicolon at the end */
};

/* The earlier and the later passage of a chain; !side is the other. */
enum side { A, B };

/* A line with letters: its range of the normalised stream, and its bytes.  Made when it
 * is asked for, because a page of one-letter lines has millions: what is kept of a line
 * is its mark, and of a long one its end and weight, which would take long to find. */
struct line {
    uint32_t start, end;
    uint32_t text_start, text_end;
    uint32_t weight; /* normalised characters */
};

struct mark {
    uint32_t start, text_start;
};

struct long_line {
    uint32_t line, text_end, weight;
};

/* How much of a line is matched, in bytes of the stream. */
struct cover {
    uint32_t covered;
    uint32_t head, tail; /* unmatched at its ends */
    uint32_t hole;       /* the largest unmatched run */
};

/* Where a line stands in its chain: what may differ in it depends on that. */
enum position { INSIDE, AT_EDGE, AT_OPEN_EDGE /* and the other side goes on beyond it */ };

enum fate { STAYS, A_GOES, B_GOES, PIECE_GOES };

/* Was a copy cut short where the other goes on?  An ellipsis says so as well as a word
 * that is broken off; a sentence that is may also be a line of a list. */
enum cut { UNCUT, CUT_IN_SENTENCE, CUT_IN_WORD };

/* Small, because a chain of short lines has many. */
struct group {
    uint32_t first[2];        /* lines of both sides; they end where the next group's start */
    uint32_t whole_weight[2]; /* normalised characters of its whole lines */
    bool whole[2];
    bool exact[2];      /* all of its whole lines is in the other */
    bool sticks_out[2]; /* it goes on beyond the chain */
    bool says_more[2];  /* there, or between the links */
    uint8_t cut[2];     /* enum cut: it stops, or starts, where the other goes on */
    uint8_t fate;       /* enum fate */
    bool rows;          /* lines that are equal one by one, in any number */
};

/* Lines of one side that follow one another and all go. */
struct run {
    uint32_t first, last;
    uint32_t weight, unmatched; /* normalised characters */
    uint32_t prose;             /* normalised characters of its long lines */
    bool rigid;                 /* a row or line of code in it differs: a character matters */
    uint32_t code;              /* the same of rows and lines of code */
    enum cut cut, other_cut;
};

/* Lines from..to. */
struct range {
    uint32_t from, to;
};

/* A removal, as ranges of the stream. */
struct pair {
    uint32_t start, end;
    uint32_t other_start, other_end;
};

struct detector {
    struct slice text;
    struct norm norm;
    struct mark *marks; /* of the lines, and one more at the stream's end */
    size_t nlines, marks_cap;
    struct long_line *longs;
    size_t nlongs, longs_cap;
    uint32_t *line_hints, *long_hints; /* where to look for a line */
    uint64_t *gone, *gone_now; /* a bit a line: it, or a piece of it, went; by this chain */
    struct matches matches;
    uint64_t work; /* nanoseconds, roughly, that the chains so far may have taken */

    /* The chain being judged. */
    struct link *room;  /* for its links, and those that may be put before and behind */
    size_t room_cap;
    struct link *links; /* in that room: a copy that grows and shrinks at its edges */
    size_t nlinks;
    bool overlaps;        /* its sides share text: a passage that stands three times in a row */
    struct group *groups; /* ngroups and one more, which says where the last ends */
    size_t ngroups, groups_cap;
    size_t first_removal; /* of this chain */

    struct pair *scattered; /* what is merely equal */
    size_t nscattered, scattered_cap;
    struct pair *blocks; /* the same, of the first judging, in the text's order */
    size_t nblocks;
    bool all; /* what the page's form makes recur goes as well */

    /* Of two texts, one behind the other, where the later starts; 0: there is but one. */
    uint32_t seam;
    struct pair *taken; /* what went of it */
    size_t ntaken, taken_cap;

    struct removals *removals;
    size_t first; /* of this text's */
    int status;
};

/* Makes room for one more item; false after a failure. */
#define GROW(d, items, count, cap) \
    ((items) = grow_one((d), (items), (count), &(cap), sizeof *(items)), (d)->status == WINNOW_OK)

static inline void *grow_one(struct detector *d, void *items, size_t count, size_t *cap,
                             size_t size)
{
    void *grown = array_grow(items, cap, count + 1, size);
    if (!grown)
        d->status = WINNOW_ENOMEM;
    return grown ? grown : items;
}

static inline uint32_t link_at(const struct link *l, enum side s)
{
    return s == A ? l->a : l->b;
}

static inline bool bit_at(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

/* Is one of lines from..to gone? */
static inline bool lines_any_gone(const struct detector *d, uint32_t from, uint32_t to)
{
    while (from < to && !bit_at(d->gone, from))
        from++;
    return from < to;
}

/* Is one of them still there? */
static inline bool lines_any_stands(const struct detector *d, uint32_t from, uint32_t to)
{
    while (from < to && bit_at(d->gone, from))
        from += d->gone[from / 64] == UINT64_MAX ? 64 - from % 64 : 1;
    return from < to;
}

/* --- judge.c: what all may cost, and the lines of a chain -------------------------------- */

/* The lines that side s of a chain touches. */
struct range judge_lines_of(const struct detector *d, const struct chain *c, enum side s);

/* Judging the chain costs so much, roughly. */
uint64_t judge_work_of(const struct chain *c, const struct range lines[2]);

/* What this chain has removed counts as gone before the next. */
void judge_clear_now(struct detector *d);

void detector_free(struct detector *d);

/* Charges so many nanoseconds, roughly; false, and nothing is charged, where they are
 * more than what is left. */
bool judge_affords(struct detector *d, uint64_t work);

/* --- judge_stream.c: lines, words and sentences ---------------------------------------- */

/* Makes norm and lines of the text. */
void stream_build(struct detector *d);

/* Line i. */
struct line stream_line(const struct detector *d, uint32_t i);

/* The index of the line that holds pos. */
uint32_t stream_line_at(const struct detector *d, uint32_t pos);

/* Is it certain, at a glance, that nothing follows the last letter of line i? */
bool stream_ends_in_letter(const struct detector *d, uint32_t i);

/* The character of the text of which pos is a byte; is it a number, a capital? */
uint32_t stream_char(const struct detector *d, uint32_t pos);
bool stream_is_number(const struct detector *d, uint32_t pos);
bool stream_is_capital(const struct detector *d, uint32_t pos);

/* Is line l the row of a table, or code, in which a character matters? */
bool stream_is_rigid(const struct detector *d, const struct line *l);

/* Do from..to weigh at least that many normalised characters? */
bool stream_weighs(const struct detector *d, uint32_t from, uint32_t to, uint32_t least);

bool stream_is_word_start(const struct detector *d, uint32_t pos);

/* The offset in the text at which the character of pos ends. */
uint32_t stream_text_end(const struct detector *d, uint32_t pos);

/* The text between the letter before pos (of the same line) and pos, at most
 * GAP_TEXT_MAX bytes of it. */
struct slice stream_gap(const struct detector *d, const struct line *l, uint32_t pos);

/* May line l be cut before pos?  Gives the offsets in the text at which what stands
 * before ends and what follows starts. */
bool stream_sentence_edge(const struct detector *d, const struct line *l, uint32_t pos,
                          uint32_t *ret_text_end, uint32_t *ret_text_next);

/* Moves *from on, word by word, to where a sentence of line l starts; false where none
 * does before `to`.  *ret_text_end: where the text before it ends. */
bool stream_seek_start(const struct detector *d, const struct line *l, uint32_t *from,
                       uint32_t to, uint32_t *ret_text_end, uint32_t *ret_text_start);

/* Moves *to back to where a sentence ends; false where none does behind `from`.
 * *ret_text_next: where the text behind it starts. */
bool stream_seek_end(const struct detector *d, const struct line *l, uint32_t from, uint32_t *to,
                     uint32_t *ret_text_next);

/* So many bytes of line l, as normalised characters. */
uint32_t stream_chars(const struct line *l, uint32_t bytes);

/* Is what lies between pos and the edge of line l, so many bytes, a sentence of its
 * own? */
bool stream_is_own_sentence(const struct detector *d, const struct line *l, uint32_t pos,
                            uint32_t bytes);

/* --- judge_chain.c: the links of the chain at hand -------------------------------------- */

/* Copies the links of c and fits their edges to the text.  False where nothing is
 * left, and after a failure. */
bool chain_fit(struct detector *d, const struct chain *c);

/* From where to where the chain reaches on side s; it must have a link. */
uint32_t chain_start(const struct detector *d, enum side s);
uint32_t chain_end(const struct detector *d, enum side s);

/* The index of the first link that ends behind pos on side s; nlinks: there is none. */
size_t chain_link_behind(const struct detector *d, enum side s, uint32_t pos);

/* --- judge_cover.c: how much of a line the chain covers --------------------------------- */

/* In all of these line l is of side s. */
struct cover cover_of(const struct detector *d, enum side s, const struct line *l);

/* Is every byte matched? */
bool cover_is_exact(const struct detector *d, enum side s, const struct line *l);

/* Is it matched from end to end but for an edited word or two? */
bool cover_is_whole(const struct detector *d, enum side s, const struct line *l,
                    enum position where);

/* Does it go on before its first link, or behind its last, by more than such a word? */
bool cover_leaves_head(const struct detector *d, enum side s, const struct line *l);
bool cover_leaves_tail(const struct detector *d, enum side s, const struct line *l);

/* Where its counterpart m goes on beyond its start, or its end: was it cut there? */
enum cut cover_cut_at_start(const struct detector *d, enum side s, const struct line *l,
                            const struct line *m);
enum cut cover_cut_at_end(const struct detector *d, enum side s, const struct line *l,
                          const struct line *m);

/* --- judge_gap.c: what the sides say where they are not equal --------------------------- */

/* Does line l of side s say something else in a gap than the other side: another number,
 * name or word, or more? */
bool gaps_differ(const struct detector *d, enum side s, const struct line *l);

/* Has it a phrase, a sentence or a name that the other side lacks? */
bool gaps_have_content(const struct detector *d, enum side s, const struct line *l);

/* --- judge_groups.c: a chain's groups --------------------------------------------------- */

/* Cuts the chain into groups, and says all of each but its fate.  False where each has
 * lost a side already, and after a failure. */
bool groups_find(struct detector *d);

/* The line behind the last of a group (an item of detector.groups) on side s. */
static inline uint32_t group_end(const struct group *g, enum side s)
{
    return g[1].first[s];
}

/* Is line i of the group's side s whole, seen from where it stands? */
bool group_line_is_whole(const struct detector *d, const struct group *g, enum side s, uint32_t i);

/* --- judge_decide.c: which copy goes ---------------------------------------------------- */

/* The fate by which side s goes, in whole lines. */
enum fate decide_fate_of(enum side s);

/* Gives every group its fate; none is left STAYS. */
void decide_fates(struct detector *d);

/* Is what a side would lose enough, and like enough to the other, to go? */
bool decide_is_repeat(const struct detector *d, const struct run *run);

/* --- judge_evidence.c: a copy, or a text that recurs ------------------------------------- */

/* Is the run, which is p, enough of a copy to go? */
bool evidence_suffices(struct detector *d, const struct pair *p, const struct run *run);

/* Recurs so much in the page that it may be its form?  Then all is to be judged again. */
bool evidence_makes_form(struct detector *d);

/* --- judge_remove.c: what goes from the text -------------------------------------------- */

/* Appends r as it is; in a row of copies it names the one that stays. */
void remove_text(struct detector *d, struct removal r);

/* The whole lines of side s, and then the pieces of lines, that the groups' fates
 * leave to removal. */
void remove_side(struct detector *d, enum side s);
void remove_pieces(struct detector *d);

/* Of two texts: what the later has of the earlier, whole lines and pieces of the others. */
void remove_later(struct detector *d);

#endif
