/* test_rules.c - rule files as such: lint, their own tests, those that ship. */

#include "rules_testing.h"

static char *lint(const char *rules, size_t *errors)
{
    char path[] = "/tmp/winnow-lint-XXXXXX";
    struct text found = {calloc(1, 1), 0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, rules, strlen(rules)), (ssize_t)strlen(rules));
    close(fd);
    assert_int_equal(winnow_rules_lint(path, note_finding, &found, errors, NULL), WINNOW_OK);
    unlink(path);
    return found.data;
}

static void lint_says_what_is_wrong_and_what_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *want;
        size_t errors;
    } cases[] = {
        {"strip_id_or_clas: menu\n", "did you mean \"strip_id_or_class\"?", 1},
        {"  titel: //h1\n", "1:3: no such directive \"titel\"; did you mean \"title\"?", 1},
        {"frobnicate: x\n", "no such directive \"frobnicate\"; winnow-rules(5)", 1},
        {"just words\n", "neither a comment nor a directive", 1},
        {"strip: //div[\n", "1:", 1},
        {"drop_line: /a(b/\n", "missing closing parenthesis", 1},
        {"drop_line: /abc\n", "does not end in /", 1},
        {"drop_between: x\n", "needs an argument", 1},
        {"cut_after(maybe): x\n", "keep or drop", 1},
        {"ticker(min_run=0): /x/\n", "min_run=N", 1},
        {"repair_set: joomla\n", "there is: bitrix", 1},
        {"prune: perhaps\n", "neither yes nor no", 1},
        {"priority: banana\n", "1:11: \"banana\" is no number", 1},
        {"priority: 1000001\n", "is no number from 0 to 1000000", 1},
        {"priority: 99999999999999999999\n", "is no number", 1},
        {"max_drop: 500%\n", "1:11: \"500%\" is no share from 0% to 100%", 1},
        {"max_drop: %\n", "is no share", 1},
        {"valid_from: yesterday\n", "\"yesterday\" is no date; write it as YYYY-MM-DD", 1},
        {"valid_until: 2025-02-29\n", "is no date", 1},
        {"priority: 0\nmax_drop: 100 %\nvalid_from: 2024-02-29\n", "", 0},
        {"find_string: a\n", "find_string without a replace_string", 1},
        {"replace_string: a\n", "replace_string without a find_string", 1},
        {"test_out: a\n", "test_out without a test_in", 1},
        {"body:\n", "warning: \"body\" has no value", 0},
        {"section: a\nsection: a\n", "there is a section", 1},
        {"body: //p\nfind_string: a\nreplace_string:\nprune: no\ntest_url: http://x/\n", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t errors = 99;
        char *found = lint(cases[i].rules, &errors);
        if (!strstr(found, cases[i].want) || errors != cases[i].errors)
            fail_msg("%s: got %zu errors: %s", cases[i].rules, errors, found);
        if (!*cases[i].want)
            assert_string_equal(found, "");
        free(found);
    }
}

static void reads_no_more_sections_than_a_file_may_have(void **state)
{
    (void)state;
    struct text rules = {calloc(1, 1), 0};
    size_t errors = 0;
    char line[80];
    text_add(&rules, ANY, strlen(ANY));
    for (unsigned i = 1; i <= 1001; i++) {
        int n = snprintf(line, sizeof line, "section: s%u\ndrop_line: Line %u\n", i, i);
        text_add(&rules, line, (size_t)n);
    }
    expect_clean("x.txt", rules.data, NULL, "Line 1\nLine 1000\nLine 1001\n", "Line 1001\n");
    char *found = lint(rules.data, &errors);
    assert_int_equal(errors, 1);
    assert_non_null(strstr(found, "2002:1: more than 1000 sections"));
    free(found);
    free(rules.data);
}

static void runs_the_tests_of_a_rule_file_and_sees_one_fail(void **state)
{
    (void)state;
    char path[] = "/tmp/winnow-rules-XXXXXX";
    const char *rules = "drop_line: Home\n"
                        "test_in: Home\ntest_in: text\ntest_out: text\n"
                        "test_in: Home\ntest_in: text\ntest_out: Home\ntest_out: text\n";
    struct text found = {calloc(1, 1), 0};
    size_t ran = 0, failed = 0, skipped = 0;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, rules, strlen(rules)), (ssize_t)strlen(rules));
    close(fd);
    assert_int_equal(winnow_rules_test(path, note_finding, &found, &ran, &failed, &skipped, NULL),
                     WINNOW_OK);
    assert_int_equal(ran, 2);
    assert_int_equal(failed, 1);
    assert_non_null(strstr(found.data, "5:1: test failed: want \"Home\", got \"text\""));
    unlink(path);
    free(found.data);
}

static void passes_the_tests_of_the_rules_that_ship(void **state)
{
    (void)state;
    struct text found = {calloc(1, 1), 0};
    size_t ran = 0, failed = 0, skipped = 0, errors = 0;
    const char *rules = WINNOW_SOURCE_DIR "/rules";
    assert_int_equal(winnow_rules_lint(rules, note_finding, &found, &errors, NULL), WINNOW_OK);
    assert_string_equal(found.data, "");
    assert_int_equal(winnow_rules_test(rules, note_finding, &found, &ran, &failed, &skipped, NULL),
                     WINNOW_OK);
    assert_string_equal(found.data, "");
    assert_true(ran >= 8);
    free(found.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint_says_what_is_wrong_and_what_was_meant),
        cmocka_unit_test(reads_no_more_sections_than_a_file_may_have),
        cmocka_unit_test(runs_the_tests_of_a_rule_file_and_sees_one_fail),
        cmocka_unit_test(passes_the_tests_of_the_rules_that_ship),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
