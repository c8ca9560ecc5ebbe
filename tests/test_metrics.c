/* test_metrics.c - counters and gauges as Prometheus reads them, in a file that is whole. */
#include <limits.h>

#include "program.h"

#include "metrics.h"

static char *printed(const struct metrics *m)
{
    char *ret = NULL;
    size_t len;
    FILE *f = open_memstream(&ret, &len);
    assert_non_null(f);
    metrics_print(m, f);
    assert_int_equal(fclose(f), 0);
    return ret;
}

static void expect_line(const char *text, const char *line)
{
    char want[200];
    snprintf(want, sizeof want, "\n%s\n", line);
    if (!strstr(text, want))
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

static bool is_name(const char *name, size_t len)
{
    return len > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") >= len;
}

static void every_metric_has_a_name_of_its_own_a_type_and_a_help(void **state)
{
    (void)state;
    struct metrics m = {0};
    unsigned helps = 0, types = 0;
    for (size_t i = 0; i < METRICS; i++)
        m.values[i] = 1000 + i;
    char *text = printed(&m), *rest = text, *names[64];
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        if (!strncmp(line, "# HELP winnowd_", 15)) {
            char *name = line + 15, *end = strchr(name, ' ');
            assert_true(is_name(name, (size_t)(end - name)) && strlen(end) > 5);
            *end = '\0';
            for (unsigned i = 0; i < helps; i++)
                assert_string_not_equal(names[i], name);
            names[helps++] = name;
        } else if (!strncmp(line, "# TYPE winnowd_", 15)) {
            char *type = strrchr(line, ' ') + 1;
            size_t len = strlen(names[helps - 1]);
            assert_memory_equal(line + 15, names[helps - 1], len);
            bool total = len > 6 && !strcmp(names[helps - 1] + len - 6, "_total");
            assert_string_equal(type, types >= METRICS ? "histogram" : total ? "counter" : "gauge");
            types++;
        } else if (types <= METRICS) {
            char want[200];
            snprintf(want, sizeof want, "winnowd_%s %u", names[helps - 1], 1000 + types - 1);
            assert_string_equal(line, want);
        }
    }
    assert_int_equal(helps, METRICS + TIMINGS);
    assert_int_equal(types, METRICS + TIMINGS);
    free(text);
}

static void counters_end_where_the_gauges_begin(void **state)
{
    (void)state;
    struct metrics m = {0};
    char *text = printed(&m);
    expect_line(text, "# TYPE winnowd_reloads_failed_total counter");
    expect_line(text, "# TYPE winnowd_work_files gauge");
    free(text);
}

static void a_time_counts_in_every_bucket_that_it_fits_into(void **state)
{
    (void)state;
    struct metrics m = {0};
    metrics_time(&m, TIMING_COMMIT, 0.0005);
    metrics_time(&m, TIMING_COMMIT, 0.002);
    metrics_time(&m, TIMING_COMMIT, 0.0021);
    metrics_time(&m, TIMING_COMMIT, 299);
    metrics_time(&m, TIMING_COMMIT, 1000);
    char *text = printed(&m);
    expect_line(text, "winnowd_commit_seconds_bucket{le=\"0.001\"} 1");
    expect_line(text, "winnowd_commit_seconds_bucket{le=\"0.002\"} 2");
    expect_line(text, "winnowd_commit_seconds_bucket{le=\"0.005\"} 3");
    expect_line(text, "winnowd_commit_seconds_bucket{le=\"60.000\"} 3");
    expect_line(text, "winnowd_commit_seconds_bucket{le=\"300.000\"} 4");
    expect_line(text, "winnowd_commit_seconds_bucket{le=\"+Inf\"} 5");
    expect_line(text, "winnowd_commit_seconds_count 5");
    expect_line(text, "winnowd_commit_seconds_sum 1299.004600");
    expect_line(text, "winnowd_page_seconds_count 0");
    free(text);
}

static void times_that_are_none_count_as_nothing_and_spoil_no_sum(void **state)
{
    (void)state;
    struct metrics m = {0};
    metrics_time(&m, TIMING_PAGE, -5);
    metrics_time(&m, TIMING_PAGE, 0.0 / 0.0);
    char *text = printed(&m);
    expect_line(text, "winnowd_page_seconds_bucket{le=\"0.001\"} 2");
    expect_line(text, "winnowd_page_seconds_sum 0.000000");
    free(text);
}

static void lines_for_people_are_name_and_value(void **state)
{
    (void)state;
    struct metrics m = {0};
    char *text = NULL;
    size_t len, lines = 0;
    m.values[METRIC_CLEANED] = 7;
    metrics_time(&m, TIMING_PAGE, 0.25);
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    metrics_print_lines(&m, f);
    assert_int_equal(fclose(f), 0);
    expect_line(text, "cleaned_total 7");
    expect_line(text, "page_seconds_count 1");
    expect_line(text, "page_seconds_sum 0.250000");
    for (char *line, *rest = text; (line = strsep(&rest, "\n")) && *line; lines++) {
        char *blank = strchr(line, ' ');
        assert_true(blank && is_name(line, (size_t)(blank - line)));
        assert_true(strspn(blank + 1, "0123456789.") == strlen(blank + 1));
    }
    assert_int_equal(lines, METRICS + 2 * TIMINGS);
    free(text);
}

static void the_file_is_replaced_whole_and_all_may_read_it(void **state)
{
    (void)state;
    struct metrics m = {0};
    struct winnow_error err = {0};
    struct stat info;
    make_file("m.prom", "old\n");
    make_file("m.prom.tmp", "left behind by one that was killed\n");
    int old = open(path_of("m.prom"), O_RDONLY);
    mode_t mask = umask(0077);
    m.values[METRIC_CLEANED] = 42;
    if (metrics_write(&m, path_of("m.prom"), &err))
        fail_msg("%s", err.text);
    umask(mask);
    char *text = read_file("m.prom"), *want = printed(&m), before[8] = "";
    assert_string_equal(text, want);
    expect_line(text, "winnowd_cleaned_total 42");
    assert_int_equal(pread(old, before, 7, 0), 4); /* who reads the old one goes on */
    assert_string_equal(before, "old\n");
    assert_false(exists("m.prom.tmp"));
    assert_int_equal(stat(path_of("m.prom"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    close(old);
    free(text);
    free(want);
}

static void a_link_in_the_way_is_not_followed(void **state)
{
    (void)state;
    struct metrics m = {0};
    make_file("elsewhere", "theirs");
    assert_int_equal(symlink(path_of("elsewhere"), path_of("l.prom.tmp")), 0);
    assert_int_equal(symlink(path_of("elsewhere"), path_of("l.prom")), 0);
    assert_int_equal(metrics_write(&m, path_of("l.prom"), NULL), WINNOW_OK);
    assert_file_holds("elsewhere", "theirs");
}

static void a_pipe_or_device_is_no_place_for_a_file(void **state)
{
    (void)state;
    struct metrics m = {0};
    struct stat info;
    assert_int_equal(mkfifo(path_of("pipe.prom"), 0644), 0);
    assert_int_equal(metrics_write(&m, path_of("pipe.prom"), NULL), WINNOW_EUSAGE);
    assert_int_equal(lstat(path_of("pipe.prom"), &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
}

static void what_cannot_be_written_leaves_the_old_file(void **state)
{
    (void)state;
    struct metrics m = {0};
    struct winnow_error err = {0};
    make_file("n.prom", "old");
    make_folder("n.prom.tmp");
    assert_int_equal(metrics_write(&m, path_of("n.prom"), &err), WINNOW_EIO);
    assert_file_holds("n.prom", "old");
    assert_int_equal(metrics_write(&m, path_of("none/m.prom"), &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "No such file or directory; set metrics to a file in"));
    make_folder("taken.prom");
    assert_int_equal(metrics_write(&m, path_of("taken.prom"), &err), WINNOW_EIO);
    assert_false(exists("taken.prom.tmp"));
    char longest[PATH_MAX];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(metrics_write(&m, longest, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "too long"));
}

/* A limit of the file's size stands for a disk that is full. */
static void a_full_disk_leaves_the_old_file_and_no_half_of_a_new_one(void **state)
{
    (void)state;
    struct metrics m = {0};
    struct winnow_error err = {0};
    struct rlimit before, small;
    make_file("f.prom", "old");
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){1000, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int status = metrics_write(&m, path_of("f.prom"), &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, WINNOW_EIO);
    assert_non_null(strstr(err.text, "File too large"));
    assert_file_holds("f.prom", "old");
    assert_false(exists("f.prom.tmp"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_a_name_of_its_own_a_type_and_a_help),
        cmocka_unit_test(counters_end_where_the_gauges_begin),
        cmocka_unit_test(a_time_counts_in_every_bucket_that_it_fits_into),
        cmocka_unit_test(times_that_are_none_count_as_nothing_and_spoil_no_sum),
        cmocka_unit_test(lines_for_people_are_name_and_value),
        cmocka_unit_test(the_file_is_replaced_whole_and_all_may_read_it),
        cmocka_unit_test(a_link_in_the_way_is_not_followed),
        cmocka_unit_test(a_pipe_or_device_is_no_place_for_a_file),
        cmocka_unit_test(what_cannot_be_written_leaves_the_old_file),
        cmocka_unit_test(a_full_disk_leaves_the_old_file_and_no_half_of_a_new_one),
    };
    return cmocka_run_group_tests(tests, folder_start, folder_stop);
}
