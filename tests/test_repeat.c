/* test_repeat.c - which of two copies goes, and what is no copy. */
#include "testing.h"

#include "page.h"
#include "repeat.h"
#include "text.h"

/* Six paragraphs of an article that says nothing twice. */
#define P1 "The old lighthouse on Kestrel Point was bought last spring by two retired bakers, " \
           "who had never seen the sea before they signed the papers."
#define P2 "They found the lamp room full of swallows' nests and decided, after a long evening " \
           "of argument, that the birds had the older claim."
#define P3 "So the couple built their kitchen on the ground floor and sell rye bread through a " \
           "window that once served for signals to passing ships."
#define P4 "Fishermen pay in herring. Schoolchildren pay with drawings, which cover the whole " \
           "staircase by now and are said to be worth the climb alone."
#define P5 "Last winter a storm took the jetty away, and for nine days nobody could land; the " \
           "bakers threw loaves down to the boats in baskets on a rope."
#define P6 "Asked whether they mean to stay, both point at the swallows and say that the " \
           "decision is up to the landlords."

/* --- pages ------------------------------------------------------------------------- */

/* '# ' before a line makes it a heading, '| ' a cell, '= ' code, '! ' unshown. */
static enum block_kind kind_of(struct slice *line, bool marked)
{
    static const struct {
        char mark;
        enum block_kind kind;
    } marks[] = {{'#', BLOCK_HEADING}, {'|', BLOCK_CELL}, {'=', BLOCK_CODE}, {'!', BLOCK_UNSHOWN}};
    for (size_t i = 0; marked && i < sizeof marks / sizeof *marks; i++)
        if (line->len > 2 && line->p[0] == marks[i].mark && line->p[1] == ' ') {
            line->p += 2;
            line->len -= 2;
            return marks[i].kind;
        }
    return marked ? BLOCK_PARAGRAPH : BLOCK_LINE;
}

static struct page page_of(const char *text, bool marked)
{
    struct page p = {.kind = marked ? WINNOW_KIND_HTML : WINNOW_KIND_DUMP, .text = text,
                     .text_len = (uint32_t)strlen(text)};
    arena_init(&p.arena, 1 << 26);
    struct slice rest = slice_of(text), line;
    while (text_next_line(&rest, &line)) {
        line = text_trim(line);
        if (line.len == 0)
            continue;
        enum block_kind kind = kind_of(&line, marked);
        p.blocks = array_grow(p.blocks, &p.blocks_cap, p.nblocks + 1, sizeof *p.blocks);
        assert_non_null(p.blocks);
        uint32_t start = (uint32_t)(line.p - text);
        p.blocks[p.nblocks++] = (struct block){.start = start, .node = NODE_NONE,
                                               .end = start + (uint32_t)line.len,
                                               .kind = (uint8_t)kind};
    }
    assert_int_equal(verdict_init(&p.verdicts, p.text_len), WINNOW_OK);
    return p;
}

static void page_free(struct page *p)
{
    verdict_free(&p->verdicts);
    free(p->blocks);
    arena_free(&p->arena);
}

/* What is kept, a block a line, without its mark. */
static char *kept_text(const struct page *p)
{
    struct text t = {calloc(1, 1), 0};
    for (size_t i = 0; i < p->nblocks; i++) {
        struct slice piece;
        uint32_t at;
        size_t before = t.len;
        struct verdict_walk w =
            verdict_walk(&p->verdicts, p->text, p->blocks[i].start, p->blocks[i].end);
        while (verdict_next(&w, &piece, &at))
            text_add(&t, piece.p, piece.len);
        if (t.len > before)
            text_add(&t, "\n", 1);
    }
    return t.data;
}

static bool is_letter(char c) /* of a script with spaces, to find cut words */
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool keeps_some_of(const struct page *p, uint32_t start, uint32_t end)
{
    struct slice piece;
    uint32_t at;
    struct verdict_walk w = verdict_walk(&p->verdicts, p->text, start, end);
    return verdict_next(&w, &piece, &at);
}

/* Every removal names a copy that is kept, in words too, and cuts no word. */
static void expect_removals_explained(const struct page *p)
{
    for (size_t i = 0; i < p->verdicts.count; i++) {
        const struct span *s = &p->verdicts.spans[i];
        const struct reason *r = &p->verdicts.reasons[s->reason];
        if (s->verdict != WINNOW_REMOVED || strcmp(r->stage, "repeat") != 0)
            continue;
        char words[100];
        snprintf(words, sizeof words, "repeats bytes %u-%u of this page", r->other_start,
                 r->other_end);
        assert_memory_equal(r->text, words, strlen(words));
        assert_true(r->other_start < r->other_end && r->other_end <= p->text_len);
        assert_true(keeps_some_of(p, r->other_start, r->other_end));
        assert_false(s->start > 0 && is_letter(p->text[s->start - 1]) &&
                     is_letter(p->text[s->start]));
        assert_false(s->end < p->text_len && is_letter(p->text[s->end - 1]) &&
                     is_letter(p->text[s->end]));
    }
}

/* Runs the stage; what is left must be left alone by another run. */
static char *clean(const char *text, bool marked)
{
    struct page p = page_of(text, marked);
    assert_int_equal(repeat_run(&p, NULL), WINNOW_OK);
    expect_removals_explained(&p);
    char *once = kept_text(&p);
    page_free(&p);
    if (!marked) {
        struct page again = page_of(once, false);
        assert_int_equal(repeat_run(&again, NULL), WINNOW_OK);
        char *twice = kept_text(&again);
        assert_string_equal(twice, once);
        free(twice);
        page_free(&again);
    }
    return once;
}

static void expect_kept(const char *text, const char *want)
{
    char *got = clean(text, false);
    assert_string_equal(got, want);
    free(got);
}

static void expect_kept_marked(const char *text, const char *want)
{
    char *got = clean(text, true);
    assert_string_equal(got, want);
    free(got);
}

static void expect_untouched(const char *text)
{
    expect_kept(text, text);
}

/* --- copies ------------------------------------------------------------------------ */

static void leaves_alone_what_stands_once(void **state)
{
    (void)state;
    expect_untouched(P1 "\n" P2 "\n" P3 "\n" P4 "\n" P5 "\n" P6 "\n");
    expect_untouched("");
    expect_untouched("* * *\n");
}

static void removes_the_later_of_two_equal_copies(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P3 "\n" P4 "\n" P2 "\n" P3 "\n" P5 "\n",
                P1 "\n" P2 "\n" P3 "\n" P4 "\n" P5 "\n");
}

static void keeps_the_complete_copy_where_a_cut_one_stands_first(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\nSo the couple built their kitchen on the ground floor and se\n"
                P2 "\n" P3 "\n" P4 "\n",
                P1 "\n" P2 "\n" P3 "\n" P4 "\n");
}

static void keeps_the_complete_copy_where_a_cut_one_follows(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P3 "\n" P4 "\n"
                P2 "\nSo the couple built their kitchen on the grou\n" P5 "\n",
                P1 "\n" P2 "\n" P3 "\n" P4 "\n" P5 "\n");
}

static void removes_a_copy_that_has_lost_its_head(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P3 "\n" P4 "\n"
                "mp room full of swallows' nests and decided, after a long evening of argument, "
                "that the birds had the older claim.\n" P3 "\n" P5 "\n",
                P1 "\n" P2 "\n" P3 "\n" P4 "\n" P5 "\n");
}

static void removes_a_teaser_that_ends_in_an_ellipsis(void **state)
{
    (void)state;
    expect_kept("Fishermen pay in herring. Schoolchildren pay with drawings, which cover the "
                "whole staircase by now and are said to be worth the climb... Read more\n"
                P1 "\n" P2 "\n" P4 "\n",
                P1 "\n" P2 "\n" P4 "\n");
}

static void sees_through_other_quotes_dashes_spaces_and_split_words(void **state)
{
    (void)state;
    expect_kept("\u201cWe came fr\u00adom the hills\u201d, she says \u2014 the council\u2019s own "
                "words \u2014 \u201cand where else would one learn to bake for people who are "
                "always hungry?\u201d\n" P1 "\n"
                "\"We came fr om the  hills\", she says - the councils own words - \"and wh ere "
                "else would one learn to bake for people who are always hungry?\"\n",
                "\u201cWe came fr\u00adom the hills\u201d, she says \u2014 the council\u2019s own "
                "words \u2014 \u201cand where else would one learn to bake for people who are "
                "always hungry?\u201d\n" P1 "\n");
}

static void removes_a_copy_in_which_a_word_was_edited_here_and_there(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P3 "\n" P4 "\n"
                "The lighthouse on Kestrel Point was bought last spring by two retired bakers, "
                "who had never seen the sea before they also signed the papers.\n"
                "They found the lamp room full of swallows' nests and decided, after a gnol "
                "evening of argument, that the birds had the older claim.\n" P5 "\n",
                P1 "\n" P2 "\n" P3 "\n" P4 "\n" P5 "\n");
}

static void takes_the_last_words_and_the_headline_of_an_edited_copy(void **state)
{
    (void)state;
    expect_kept("How the bread came to the point\n" P1 "\n" P2 "\nMore on the next page\n" P3 "\n"
                "How the bread came ot the point\n" P1 "\n"
                "They found the lamp room full of swallows' nests and decided, after a long "
                "evening of argument, that the birds had the redlo claim.\n" P4 "\n",
                "How the bread came to the point\n" P1 "\n" P2 "\nMore on the next page\n" P3 "\n"
                P4 "\n");
}

static void removes_the_detached_copy_and_keeps_the_one_joined_to_its_question(void **state)
{
    (void)state;
    expect_kept("Answer: " P2 "\n" P3 "\nSchoolchildren pay with draw\n"
                "Question: What did you find up there?Answer: " P2 P3
                "Schoolchildren pay with drawings.\n" P5 "\n",
                "Question: What did you find up there?Answer: " P2 P3
                "Schoolchildren pay with drawings.\n" P5 "\n");
}

static void removes_the_second_half_of_an_article_that_stands_twice(void **state)
{
    (void)state;
    expect_kept("A kitchen with a lamp\n" P1 "\n" P2 "\n" P3 "\n" P4 "\n"
                "A kitchen with a lamp\n" P1 "\n" P2 "\n" P3 "\n" P4 "\n",
                "A kitchen with a lamp\n" P1 "\n" P2 "\n" P3 "\n" P4 "\n");
}

static void keeps_one_of_each_of_two_interleaved_passages(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P1 "\n" P2 "\n", P1 "\n" P2 "\n");
    expect_kept(P1 "\n" P2 "\n" P1 "\n" P2 "\n" P1 "\n" P2 "\n" P1 "\n", P1 "\n" P2 "\n");
}

static void keeps_the_first_of_three_copies(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P1 "\n" P3 "\n" P1 "\n", P1 "\n" P2 "\n" P3 "\n");
}

static void names_the_copy_that_stays_in_the_end(void **state)
{
    (void)state;
    const char *text = P1 "\n" P1 "\n" P1 "\n" P2 "\n" P1 "\n" P1 "\n";
    struct page p = page_of(text, false);
    assert_int_equal(repeat_run(&p, NULL), WINNOW_OK);
    size_t removed = 0;
    for (size_t i = 0; i < p.verdicts.count; i++) {
        const struct span *s = &p.verdicts.spans[i];
        const struct reason *r = &p.verdicts.reasons[s->reason];
        if (s->verdict != WINNOW_REMOVED)
            continue;
        removed += s->end - s->start;
        assert_int_equal(r->other_start, 0);
        assert_in_range(r->other_end, strlen(P1) - 1, strlen(P1) + 1);
    }
    assert_true(removed >= 4 * strlen(P1));
    page_free(&p);
}

static void says_that_a_copy_was_cut_short(void **state)
{
    (void)state;
    struct page p = page_of(P1 "\n" P4 "\n" P3 "\nFishermen pay in herring. Schoolchildren pay with "
                            "drawings, which cover the whole staircase by now and are said to be "
                            "worth the cli\n", false);
    assert_int_equal(repeat_run(&p, NULL), WINNOW_OK);
    const struct reason *r = &p.verdicts.reasons[p.verdicts.nreasons - 1];
    assert_non_null(strstr(r->text, ", cut short"));
    assert_int_equal(r->other_start, strlen(P1) + 1);
    page_free(&p);
}

static void removes_a_copy_that_stands_as_a_list(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P3 "\nIn short:\n- " P1 "\n- " P2 "\n" P5 "\n",
                P1 "\n" P2 "\n" P3 "\nIn short:\n" P5 "\n");
}

static void removes_a_passage_that_another_line_holds(void **state)
{
    (void)state;
    expect_kept(P3 "\n" P1 " " P3 " " P2 "\n", P1 " " P3 " " P2 "\n");
    expect_kept(P1 " " P3 " " P2 "\n" P4 "\n" P3 "\n", P1 " " P3 " " P2 "\n" P4 "\n");
}

static void keeps_both_ends_where_each_copy_lacks_one(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\nFishermen pay in herring. Schoolchildren pay with drawings, which "
                "cover the whole staircase by now and are said to be worth the cl\n" P6 "\n"
                "st spring by two retired bakers, who had never seen the sea before they signed "
                "the papers.\n" P2 "\n" P4 "\n",
                P1 "\n" P2 "\n" P6 "\n" P4 "\n");
}

/* --- edges ---------------------------------------------------------------------------- */

static void cuts_no_word_where_a_match_runs_on_by_chance(void **state)
{
    (void)state;
    /* Both copies are followed by "Th", then by other words. */
    expect_kept(P2 "\nThis is where the first copy ends.\n" P1 "\n" P2
                "\nThunder ended the second.\n",
                P2 "\nThis is where the first copy ends.\n" P1 "\nThunder ended the second.\n");
    /* The cut copy is followed by the letters that would have come. */
    expect_kept(P1 "\n" P2 "\nThe old lighthouse on Kestrel Point was bought last spring by two "
                "retired bakers, who had never seen the sea before they si\nGnats were about.\n",
                P1 "\n" P2 "\nGnats were about.\n");
    expect_kept("The old lighthouse on Kestrel Point was bought last spring by two retired bakers, "
                "who had never seen the sea before they si\nGnats were about.\n" P1 "\n" P2 "\n",
                "Gnats were about.\n" P1 "\n" P2 "\n");
    /* The line before a copy without its head ends in the letter that it lacks. */
    expect_kept("They could not wait.\nhouse on Kestrel Point was bought last spring by two "
                "retired bakers, who had never seen the sea before they signed the papers.\n"
                P2 "\n" P1 "\n",
                "They could not wait.\n" P2 "\n" P1 "\n");
}

static void cuts_a_line_only_between_sentences(void **state)
{
    (void)state;
    expect_kept("Nobody knew. " P2 " " P5 " It was late.\n" P1 "\n"
                "Somebody did. " P2 " " P5 " Too early, he said.\n",
                "Nobody knew. " P2 " " P5 " It was late.\n" P1 "\n"
                "Somebody did. Too early, he said.\n");
    /* The copy starts and ends within sentences: it stays. */
    expect_untouched("We all know that the wind that blew from the harbour on that day carried "
                     "the smell of rye and of tar and of wet rope over the roofs to us.\n" P1 "\n"
                     "Others say the wind that blew from the harbour on that day carried the "
                     "smell of rye and of tar and of wet rope over the roofs to them.\n");
}

static void keeps_the_first_of_a_sentence_that_a_line_says_three_times(void **state)
{
    (void)state;
    expect_kept(P1 " " P1 " " P1 "\n", P1 "\n");
}

static void keeps_a_label_that_only_looks_like_its_counterpart(void **state)
{
    (void)state;
    expect_kept("Price: 1499 crowns\n" P2 "\n" P3 "\nPrice: 1799 crowns\n" P2 "\n" P3 "\n",
                "Price: 1499 crowns\n" P2 "\n" P3 "\nPrice: 1799 crowns\n");
}

static void keeps_the_earlier_copy_where_it_says_more(void **state)
{
    (void)state;
    expect_kept(
        "house on Kestrel Point was bought last spring by two retired bakers, who had never "
        "seen the sea before they signed the papers.\nYes. " P2 " " P6 "\n" P3 "\n" P1 "\n" P2
        " " P6 "\n" P4 "\n",
        "Yes. " P2 " " P6 "\n" P3 "\n" P1 "\n" P4 "\n");
}

static void keeps_a_word_of_which_the_other_copy_has_half(void **state)
{
    (void)state;
    expect_kept(
        P1 " " P5 " " P6 " men pay in herring. Schoolchildren pay with drawings, which cover the "
           "whole staircase by now and are said to be worth the climb alone.\n"
           "winter a storm took the jetty away, and for nine days nobody could land; the "
           "bakers threw loaves down to the boats in baskets on a rope. " P6 "\nAnswer:\n" P4 "\n",
        P1 " " P5 " " P6 " men pay in herring. Schoolchildren pay with drawings, which cover the "
           "whole staircase by now and are said to be worth the climb alone.\n"
           "Answer:\n" P4 "\n");
}

static void removes_the_copy_that_lacks_a_sentence(void **state)
{
    (void)state;
    expect_kept(P1 " " P2 "\n" P3 "\n" P1 " He died on Monday. " P2 "\n",
                P3 "\n" P1 " He died on Monday. " P2 "\n");
    expect_kept(P1 " He died on Monday. " P2 "\n" P3 "\n" P1 " " P2 "\n",
                P1 " He died on Monday. " P2 "\n" P3 "\n");
}

static void removes_the_copy_that_lacks_its_first_words(void **state)
{
    (void)state;
    expect_kept("Kestrel Point was bought last spring by two retired bakers, who had never seen "
                "the sea before they signed the papers. " P2 "\n" P3 "\n" P1 " " P2 "\n",
                P3 "\n" P1 " " P2 "\n");
}

static void removes_the_copy_that_lacks_a_name(void **state)
{
    (void)state;
    expect_kept(
        P1 " " P6 "\n" P2 "\nThe old lighthouse of Jones on Kestrel Point was bought last "
           "spring by two retired bakers, who had never seen the sea before they signed the "
           "papers. " P6 "\n",
        P2 "\nThe old lighthouse of Jones on Kestrel Point was bought last "
           "spring by two retired bakers, who had never seen the sea before they signed the "
           "papers. " P6 "\n");
}

static void keeps_both_where_one_lacks_the_head_and_one_the_tail(void **state)
{
    (void)state;
    const char *text = P3 " " P1 " They will not sell the tower to anybody at all.\n" P2 "\n"
                          "Nobody else had put in a bid for it. " P3 " " P1 "\n";
    char *got = clean(text, false);
    assert_non_null(strstr(got, "They will not sell"));
    assert_non_null(strstr(got, "Nobody else had put"));
    free(got);
}

/* --- what is no repeat --------------------------------------------------------------- */

static void leaves_short_lines_that_recur(void **state)
{
    (void)state;
    expect_untouched("Question:\n" P1 "\nAnswer:\n" P2 "\nQuestion:\n" P3 "\nAnswer:\n" P4
                     "\nModerator: Thank you.\nQuestion:\n" P5 "\nAnswer:\n" P6 "\n");
}

static void leaves_a_line_that_says_the_opposite(void **state)
{
    (void)state;
    expect_kept("The court found him guilty\n" P1 "\n" P2 "\nThe court found him innocent\n" P1
                "\n" P2 "\n",
                "The court found him guilty\n" P1 "\n" P2 "\nThe court found him innocent\n");
}

static void leaves_a_line_with_another_word(void **state)
{
    (void)state;
    const char *other = "The old lighthouse on Kestrel Point was bought last autumn by two retired "
                        "bakers, who had never seen the sea before they signed the papers.\n";
    char text[3000], want[3000];
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s\n%s%s\n", P3, P1, P2, P4, P3, other, P2);
    snprintf(want, sizeof want, "%s\n%s\n%s\n%s\n%s", P3, P1, P2, P4, other);
    expect_kept(text, want);
}

static void leaves_a_line_with_another_number_in_any_script(void **state)
{
    static const char *const numbers[][2] = {
        {"154", "145"}, {"१५४", "१४५"}, {"١٥٤", "١٤٥"}, {"๑๕๔", "๑๔๕"}, {"１５４", "１４５"}};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[3000], want[3000];
        snprintf(text, sizeof text, "%s\n%s\nIn all %s loaves\n%s\n%s\nIn all %s loaves\n", P1, P2,
                 numbers[i][0], P1, P2, numbers[i][1]);
        snprintf(want, sizeof want, "%s\n%s\nIn all %s loaves\nIn all %s loaves\n", P1, P2,
                 numbers[i][0], numbers[i][1]);
        expect_kept(text, want);
    }
}

static void leaves_signs_that_stand_in_one_copy_alone(void **state)
{
    (void)state;
    expect_kept(P1 "\n" P2 "\n" P3 "\n" P1 "\n\u2192 \u221e \u2264\n" P2 "\n",
                P1 "\n" P2 "\n" P3 "\n\u2192 \u221e \u2264\n");
}

static void leaves_a_chorus(void **state)
{
    (void)state;
#define CHORUS "Roll on, roll on, you rye-brown sea,\nBring salt and bread to mine and me,\n" \
               "And when the lamp is lit, let be,\nRoll on, roll on.\n"
    expect_untouched("The first baker woke at three,\n" CHORUS
                     "The second said: the dough is free,\n" CHORUS
                     "The third was never there to see,\n" CHORUS);
}

static void leaves_the_cells_of_a_table(void **state)
{
    (void)state;
    const char *text = "| Loaves of rye bread\n| sold in the morning\n| sold in the evening\n"
                       "| 120\n| 80\n| 40\n" P1 "\n"
                       "| Loaves of rye bread\n| sold in the morning\n| sold in the evening\n"
                       "| 130\n| 70\n| 60\n";
    expect_kept_marked(text,
                       "Loaves of rye bread\nsold in the morning\nsold in the evening\n"
                       "120\n80\n40\n" P1 "\n"
                       "Loaves of rye bread\nsold in the morning\nsold in the evening\n"
                       "130\n70\n60\n");
}

static void leaves_passages_that_differ_in_a_number(void **state)
{
    (void)state;
    expect_untouched("On the first of May the bakery sold 420 loaves of rye bread to the boats "
                     "and to the school, and was paid in herring for most of them.\n" P1 "\n"
                     "On the first of May the bakery sold 680 loaves of rye bread to the boats "
                     "and to the school, and was paid in herring for most of them.\n");
}

static void leaves_code_that_differs_by_a_word(void **state)
{
    (void)state;
#define LOOPS(first) \
    "= for (struct loaf *loaf = oven->first; loaf != NULL; loaf = loaf->next) " first "(loaf);\n" \
    "= for (struct loaf *loaf = shelf->first; loaf != NULL; loaf = loaf->next) sell(loaf);\n"     \
    "= for (struct loaf *loaf = basket->first; loaf != NULL; loaf = loaf->next) throw(loaf);\n"   \
    "= for (struct loaf *loaf = floor->first; loaf != NULL; loaf = loaf->next) sweep(loaf);\n"    \
    "= for (struct loaf *loaf = cellar->first; loaf != NULL; loaf = loaf->next) count(loaf);\n"   \
    "= for (struct loaf *loaf = attic->first; loaf != NULL; loaf = loaf->next) feed(birds);\n"
    const char *text = LOOPS("bake") P1 "\n" LOOPS("burn");
    struct page p = page_of(text, true);
    char *before = kept_text(&p), *after = clean(text, true);
    assert_string_equal(after, before);
    free(before);
    free(after);
    page_free(&p);
}

static void leaves_a_title_and_a_first_sentence_that_begin_alike(void **state)
{
    (void)state;
    expect_untouched("The chairman of the harbour board of Kestrel Point and the islands Ada "
                     "Brandt: No bread, no boats\n"
                     "The chairman of the harbour board of Kestrel Point and the islands Ada "
                     "Brandt spoke with the Pilot about the jetty, the storm and the price of "
                     "herring in the months to come.\n" P1 "\n");
}

static void counts_no_text_that_is_not_shown(void **state)
{
    (void)state;
    expect_kept_marked("! " P1 "\n" P2 "\n" P1 "\n", P1 "\n" P2 "\n" P1 "\n");
}

static void counts_only_what_earlier_stages_kept(void **state)
{
    (void)state;
    const char *text = P1 "\n" P2 "\n" P1 "\n";
    struct page p = page_of(text, false);
    uint32_t why = verdict_reason(&p.verdicts, (struct reason){.stage = "test", .text = "gone"});
    verdict_remove(&p.verdicts, p.blocks[0].start, p.blocks[0].end, why);
    assert_int_equal(verdict_settle(&p.verdicts), WINNOW_OK);
    assert_int_equal(repeat_run(&p, NULL), WINNOW_OK);
    char *kept = kept_text(&p);
    assert_string_equal(kept, P2 "\n" P1 "\n");
    free(kept);
    page_free(&p);
}

/* --- headlines ------------------------------------------------------------------------- */

static void removes_a_headline_that_stands_again_right_after_itself(void **state)
{
    (void)state;
    expect_kept("Bakers and Birds Share a Tower\n\nBakers and birds share a tower\n" P1 "\n",
                "Bakers and Birds Share a Tower\n" P1 "\n");
    expect_kept_marked("# Bakers\n# Bakers\n" P1 "\n", "Bakers\n" P1 "\n");
    expect_kept_marked("Bakers\n# Bakers\n" P1 "\n", "Bakers\n" P1 "\n");
}

static void leaves_a_line_that_recurs_further_down(void **state)
{
    (void)state;
    expect_untouched("Bakers and birds share a tower\n" P1 "\nBakers and birds share a tower\n");
    expect_untouched(P1 "\nNo, no, not that one\nNo, no, not that one\n" P2 "\n");
    expect_untouched("Row, row\nRow, row\n" P1 "\n");
}

/* --- languages --------------------------------------------------------------------------- */

static void expect_later_copy_gone(const char *passage, const char *other)
{
    char text[4000], want[2000];
    snprintf(text, sizeof text, "%s\n%s\n%s\n", passage, other, passage);
    snprintf(want, sizeof want, "%s\n%s\n", passage, other);
    expect_kept(text, want);
}

static void finds_copies_in_any_language(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"去年春天,两位退休的面包师买下了海角上的旧灯塔,他们在签字之前从未见过大海,"
         "如今每天清晨为渔民烤黑麦面包。",
         "孩子们用图画付账,楼梯的墙上已经贴满了他们的作品。"},
        {"岬の古い灯台を去年の春に買ったのは、それまで一度も海を見たことのない二人の元パン職人で、"
         "今では毎朝漁師たちのためにライ麦パンを焼いている。",
         "子どもたちは絵で支払い、階段の壁はその絵でいっぱいになっている。"},
        {"Старый маяк на мысе прошлой весной купили два пекаря на пенсии, которые до подписания "
         "бумаг ни разу не видели моря и теперь каждое утро пекут для рыбаков ржаной хлеб.",
         "Школьники платят рисунками, и ими уже увешана вся лестница до самого верха."},
        {"اشترى خبازان متقاعدان المنارة القديمة على الرأس في الربيع الماضي، ولم يكونا قد رأيا "
         "البحر قط قبل أن يوقعا الأوراق، وهما اليوم يخبزان للصيادين خبز الجاودار كل صباح.",
         "ويدفع التلاميذ ثمن الخبز رسوما تغطي جدران الدرج كله حتى أعلى المنارة."},
        {"ประภาคารเก่าบนแหลมถูกซื้อไปเมื่อฤดูใบไม้ผลิปีที่แล้วโดยคนทำขนมปังวัยเกษียณสองคน"
         "ซึ่งไม่เคยเห็นทะเลมาก่อนเลยจนกระทั่งวันที่ลงนามในเอกสาร",
         "เด็กนักเรียนจ่ายค่าขนมปังด้วยภาพวาดซึ่งติดอยู่เต็มผนังบันได"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_later_copy_gone(texts[i][0], texts[i][1]);
}

static void leaves_chinese_phrases_that_recur(void **state)
{
    (void)state;
    expect_untouched("中华人民共和国外交部发言人在例行记者会上回答了记者的提问。\n"
                     "记者问,港口何时重新开放?\n"
                     "中华人民共和国外交部发言人在例行记者会上没有透露更多细节。\n");
}

static void removes_a_sentence_of_a_chinese_line(void **state)
{
    (void)state;
#define ZH "两位退休的面包师在去年春天买下了海角上的旧灯塔,他们在签字之前从未见过大海," \
           "如今每天清晨都为渔民烤黑麦面包。"
    expect_kept("消息传开了。" ZH "没有人感到意外。\n孩子们用图画付账。\n有人写道。" ZH "真是奇事。\n",
                "消息传开了。" ZH "没有人感到意外。\n孩子们用图画付账。\n有人写道。真是奇事。\n");
}

/* --- properties on random pages --------------------------------------------------------------- */

static uint32_t next_random(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

/* A page of lines drawn from a few sentences, whole, cut, joined and repeated. */
static void random_page(uint64_t seed, struct text *t)
{
    static const char *const lines[] = {P1, P2, P3, P4, P5, P6, "Answer:", "Read more",
                                        "Bakers and birds share a tower"};
    uint64_t random = seed;
    for (uint32_t count = 1 + next_random(&random, 14); count > 0; count--) {
        const char *line = lines[next_random(&random, sizeof lines / sizeof *lines)];
        size_t len = strlen(line), from = 0, to = len;
        uint32_t how = next_random(&random, 8);
        if (how == 0)
            to = len / 2 + next_random(&random, (uint32_t)len / 2);
        if (how == 1)
            from = next_random(&random, (uint32_t)len / 2);
        text_add(t, line + from, to - from);
        text_add(t, how == 2 ? " " : "\n", 1);
    }
    text_add(t, "\n", 1);
}

/* Does text hold the paragraph, but for its full stop? */
static bool holds(const char *text, const char *paragraph)
{
    char words[300];
    snprintf(words, sizeof words, "%.*s", (int)strlen(paragraph) - 1, paragraph);
    return strstr(text, words) != NULL;
}

/* Every paragraph that stands whole on the page still stands whole on it. */
static void never_removes_all_copies(void **state)
{
    (void)state;
    static const char *const paragraphs[] = {P1, P2, P3, P4, P5, P6};
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct text t = {calloc(1, 1), 0};
        random_page(seed, &t);
        char *kept = clean(t.data, false);
        for (size_t i = 0; i < sizeof paragraphs / sizeof *paragraphs; i++)
            if (holds(t.data, paragraphs[i]) && !holds(kept, paragraphs[i]))
                fail_msg("page %lu lost \"%.30s...\"", (unsigned long)seed, paragraphs[i]);
        free(kept);
        free(t.data);
    }
}

/* --- hostile pages --------------------------------------------------------------------------------- */

static char *repeated(const char *unit, size_t size)
{
    size_t len = strlen(unit);
    char *text = malloc(size + 1);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = unit[i % len];
    text[size] = '\0';
    return text;
}

static void expect_first_period(const char *unit, const char *want)
{
    char *text = repeated(unit, strlen(unit) * 3000);
    expect_kept(text, want);
    free(text);
}

static void keeps_the_first_of_thousands_of_copies(void **state)
{
    (void)state;
    expect_first_period(P1 "\n", P1 "\n");
    expect_first_period(P1 "\n" P2 "\n", P1 "\n" P2 "\n");
    expect_first_period(P1 "\n" P2 "\n" P3 "\n", P1 "\n" P2 "\n" P3 "\n");
}

static void survives_one_character_a_million_times(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "a ", ".", "a.", "\u4eca", "\u0301", "- "};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        char *text = repeated(units[i], 1000000 / strlen(units[i]) * strlen(units[i]));
        free(clean(text, false));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_alone_what_stands_once),
        cmocka_unit_test(removes_the_later_of_two_equal_copies),
        cmocka_unit_test(keeps_the_complete_copy_where_a_cut_one_stands_first),
        cmocka_unit_test(keeps_the_complete_copy_where_a_cut_one_follows),
        cmocka_unit_test(removes_a_copy_that_has_lost_its_head),
        cmocka_unit_test(removes_a_teaser_that_ends_in_an_ellipsis),
        cmocka_unit_test(sees_through_other_quotes_dashes_spaces_and_split_words),
        cmocka_unit_test(removes_a_copy_in_which_a_word_was_edited_here_and_there),
        cmocka_unit_test(takes_the_last_words_and_the_headline_of_an_edited_copy),
        cmocka_unit_test(removes_the_detached_copy_and_keeps_the_one_joined_to_its_question),
        cmocka_unit_test(removes_the_second_half_of_an_article_that_stands_twice),
        cmocka_unit_test(keeps_one_of_each_of_two_interleaved_passages),
        cmocka_unit_test(keeps_the_first_of_three_copies),
        cmocka_unit_test(names_the_copy_that_stays_in_the_end),
        cmocka_unit_test(says_that_a_copy_was_cut_short),
        cmocka_unit_test(removes_a_copy_that_stands_as_a_list),
        cmocka_unit_test(removes_a_passage_that_another_line_holds),
        cmocka_unit_test(keeps_both_ends_where_each_copy_lacks_one),
        cmocka_unit_test(cuts_no_word_where_a_match_runs_on_by_chance),
        cmocka_unit_test(cuts_a_line_only_between_sentences),
        cmocka_unit_test(keeps_the_first_of_a_sentence_that_a_line_says_three_times),
        cmocka_unit_test(keeps_a_label_that_only_looks_like_its_counterpart),
        cmocka_unit_test(keeps_the_earlier_copy_where_it_says_more),
        cmocka_unit_test(keeps_a_word_of_which_the_other_copy_has_half),
        cmocka_unit_test(removes_the_copy_that_lacks_a_sentence),
        cmocka_unit_test(removes_the_copy_that_lacks_its_first_words),
        cmocka_unit_test(removes_the_copy_that_lacks_a_name),
        cmocka_unit_test(keeps_both_where_one_lacks_the_head_and_one_the_tail),
        cmocka_unit_test(leaves_a_line_that_says_the_opposite),
        cmocka_unit_test(leaves_a_line_with_another_word),
        cmocka_unit_test(leaves_a_line_with_another_number_in_any_script),
        cmocka_unit_test(leaves_signs_that_stand_in_one_copy_alone),
        cmocka_unit_test(leaves_short_lines_that_recur),
        cmocka_unit_test(leaves_a_chorus),
        cmocka_unit_test(leaves_the_cells_of_a_table),
        cmocka_unit_test(leaves_passages_that_differ_in_a_number),
        cmocka_unit_test(leaves_code_that_differs_by_a_word),
        cmocka_unit_test(leaves_a_title_and_a_first_sentence_that_begin_alike),
        cmocka_unit_test(counts_no_text_that_is_not_shown),
        cmocka_unit_test(counts_only_what_earlier_stages_kept),
        cmocka_unit_test(removes_a_headline_that_stands_again_right_after_itself),
        cmocka_unit_test(leaves_a_line_that_recurs_further_down),
        cmocka_unit_test(finds_copies_in_any_language),
        cmocka_unit_test(leaves_chinese_phrases_that_recur),
        cmocka_unit_test(removes_a_sentence_of_a_chinese_line),
        cmocka_unit_test(never_removes_all_copies),
        cmocka_unit_test(keeps_the_first_of_thousands_of_copies),
        cmocka_unit_test(survives_one_character_a_million_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
