/* test_config.c - winnowd.conf: what may stand in it, what is told of what may not. */
#include "program.h"

#include "config.h"
#include "config_table.h"

/* --- helpers --------------------------------------------------------------------------- */

/* What config_read has told. */
static struct {
    unsigned count, lines[64];
    char texts[64][512], file[512];
} told;

static void note(void *ctx, const char *file, unsigned line, const char *text)
{
    assert_ptr_equal(ctx, &told);
    assert_true(told.count < 64);
    snprintf(told.file, sizeof told.file, "%s", file ? file : "(none)");
    snprintf(told.texts[told.count], sizeof told.texts[0], "%s", text);
    told.lines[told.count++] = line;
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static int read_name(const char *name, struct config *ret, struct winnow_error *err)
{
    memset(&told, 0, sizeof told);
    return config_read(path_of(name), note, &told, ret, err);
}

static struct config read_text(const char *text)
{
    struct config c;
    struct winnow_error err = {0};
    make_file("a.conf", text);
    if (read_name("a.conf", &c, &err))
        fail_msg("%s", err.text);
    assert_int_equal(told.count, 0);
    return c;
}

/* The text has one finding, in this line, with these words. */
static void expect_finding(const char *text, unsigned line, const char *words)
{
    struct config c, before;
    struct winnow_error err = {0};
    memset(&c, 0x5a, sizeof c);
    before = c;
    make_file("a.conf", text);
    assert_int_equal(read_name("a.conf", &c, &err), WINNOW_EUSAGE);
    assert_memory_equal(&c, &before, sizeof c);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.lines[0], line);
    assert_string_equal(told.file, path_of("a.conf"));
    if (!strstr(told.texts[0], words))
        fail_msg("wanted \"%s\" in: %s", words, told.texts[0]);
    char place[600];
    snprintf(place, sizeof place, "%s:%u: ", path_of("a.conf"), line);
    if (!strstr(err.text, place) || !strstr(err.text, words))
        fail_msg("wanted \"%s\" and \"%s\" in: %s", place, words, err.text);
}

static char *printed(const struct config *c)
{
    char *ret = NULL;
    size_t len;
    FILE *f = open_memstream(&ret, &len);
    assert_non_null(f);
    config_print(c, f);
    assert_int_equal(fclose(f), 0);
    return ret;
}

static struct config defaults(void)
{
    struct config c;
    struct winnow_error err = {0};
    if (config_default(&c, &err))
        fail_msg("%s", err.text);
    return c;
}

static void expect_refused(const char *name, const char *value, const char *words)
{
    struct config c = defaults();
    struct winnow_error err = {0};
    char *before = printed(&c);
    assert_int_equal(config_set(&c, name, value, &err), WINNOW_EUSAGE);
    if (!strstr(err.text, words))
        fail_msg("%s = %s: wanted \"%s\" in: %s", name, value, words, err.text);
    char *after = printed(&c);
    assert_string_equal(after, before);
    free(before);
    free(after);
    config_free(&c);
}

static void set(struct config *c, const char *name, const char *value)
{
    struct winnow_error err = {0};
    if (config_set(c, name, value, &err))
        fail_msg("%s", err.text);
}

/* --- values ------------------------------------------------------------------------------ */

static void every_setting_has_its_default(void **state)
{
    (void)state;
    struct config c = defaults();
    assert_string_equal(c.spool, "/var/lib/winnow");
    assert_int_equal(c.rules.count, 0);
    assert_true(c.default_rules && c.index && c.site && c.text && c.record);
    assert_false(c.keep_repeats || c.all_repeats || c.poll);
    assert_int_equal(c.across, WINNOW_ACROSS_ANNOTATE);
    assert_int_equal(c.existing, EXISTING_KEEP);
    assert_int_equal(c.max_size, 64u << 20);
    assert_int_equal(c.workers, 0);
    assert_int_equal(c.timeout_ms, 60000);
    assert_int_equal(c.memory, (size_t)4 << 30);
    assert_int_equal(c.attempts, 3);
    assert_int_equal(c.retry_ms, 1000);
    assert_int_equal(c.batch, 64);
    assert_int_equal(c.batch_ms, 5);
    assert_int_equal(c.max_work, 256);
    assert_int_equal(c.min_free, 64u << 20);
    assert_int_equal(c.min_free_inodes, 1024);
    assert_int_equal(c.settle_ms, 2000);
    assert_int_equal(c.rescan_s, 300);
    assert_int_equal(c.poll_ms, 2000);
    assert_int_equal(c.ignore.count, 4);
    assert_string_equal(c.ignore.items[0], ".*");
    assert_string_equal(c.ignore.items[3], "*.crdownload");
    assert_null(c.metrics);
    assert_int_equal(c.metrics_s, 15);
    assert_int_equal(c.log, 2);
    config_free(&c);
}

static void values_of_every_kind_are_read(void **state)
{
    (void)state;
    struct config c = read_text("# a comment\n; another\n\n"
                                "spool = /srv/my spool\n"
                                "  batch=7\r\n"
                                "timeout =\t90s\n"
                                "rescan = 2 min\n"
                                "max_size = 3m\n"
                                "min_free = 12345\n"
                                "across = strip\n"
                                "site = no\n"
                                "write = json\n"
                                "log = file\n"
                                "on_existing = replace\n"
                                "retry = 0\n"
                                "metrics = \"/srv/a \\\"b\\\" \\\\ c\"\n"
                                "workers = 3");
    assert_string_equal(c.spool, "/srv/my spool");
    assert_int_equal(c.batch, 7);
    assert_int_equal(c.timeout_ms, 90000);
    assert_int_equal(c.rescan_s, 120);
    assert_int_equal(c.max_size, 3u << 20);
    assert_int_equal(c.min_free, 12345);
    assert_int_equal(c.across, WINNOW_ACROSS_STRIP);
    assert_false(c.site);
    assert_true(!c.text && c.record);
    assert_int_equal(c.log, 3);
    assert_int_equal(c.existing, EXISTING_REPLACE);
    assert_int_equal(c.retry_ms, 0);
    assert_string_equal(c.metrics, "/srv/a \"b\" \\ c");
    assert_int_equal(c.workers, 3);
    config_free(&c);
}

static void lists_are_words_or_lines_and_take_the_defaults_place(void **state)
{
    (void)state;
    struct config c = read_text("ignore = *.a \"b c\"\nrules = /x/y /z\nignore = *.d\n");
    assert_int_equal(c.ignore.count, 3);
    assert_string_equal(c.ignore.items[1], "b c");
    assert_string_equal(c.ignore.items[2], "*.d");
    assert_int_equal(c.rules.count, 2);
    assert_string_equal(c.rules.items[1], "/z");
    config_free(&c);
    c = read_text("ignore =\n");
    assert_int_equal(c.ignore.count, 0);
    config_free(&c);
}

static void bounds_of_every_number_hold(void **state)
{
    (void)state;
    unsigned numbers = 0;
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];
        if (s->kind != &kind_number && s->kind != &kind_size && s->kind != &kind_ms &&
            s->kind != &kind_s)
            continue;
        const char *unit = s->kind == &kind_ms ? "ms" : s->kind == &kind_s ? "s" : "";
        struct config c = defaults();
        char value[64];
        numbers++;
        snprintf(value, sizeof value, "%llu%s", s->least, unit);
        set(&c, s->name, value);
        snprintf(value, sizeof value, "%llu%s", s->most, unit);
        set(&c, s->name, value);
        config_free(&c);
        snprintf(value, sizeof value, "%llu%s", s->most + 1, unit);
        expect_refused(s->name, value, s->name);
        if (s->least > 0) {
            snprintf(value, sizeof value, "%llu%s", s->least - 1, unit);
            expect_refused(s->name, value, "say a whole number");
        }
    }
    assert_true(numbers >= 15);
}

static void numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    expect_refused("batch", "", "no number from 1 to 1024");
    expect_refused("batch", "-1", "no number");
    expect_refused("batch", "+1", "no number");
    expect_refused("batch", "0x10", "no number");
    expect_refused("batch", "6 4", "no number");
    expect_refused("batch", "1e2", "no number");
    expect_refused("batch", "18446744073709551617", "no number");
    expect_refused("max_size", "17592186044417M", "no size from 1K to 2G");
    expect_refused("max_size", "1.5M", "with or without K, M, G, T, as 64M");
    expect_refused("max_size", "64MB", "no size");
    expect_refused("timeout", "60", "say a whole number with ms, s, min, h, as 1 min");
    expect_refused("rescan", "5000 ms", "say a whole number with s, min, h");
    expect_refused("timeout", "60 seconds", "no time from 100 ms to 1 h");
}

static void words_that_are_none_are_told_with_those_that_are(void **state)
{
    (void)state;
    expect_refused("across", "stripp", "annotate strip off; did you mean \"strip\"?");
    expect_refused("index", "true", "no yes");
    expect_refused("index", "", "no yes");
    expect_refused("write", "text json", "text json both");
    expect_refused("log", "Info", "error warning info file; did you mean \"info\"?");
}

static void paths_are_whole_in_a_file_and_begin_here_on_a_command_line(void **state)
{
    (void)state;
    char here[600], want[700];
    expect_finding("spool = srv/x\n", 1, "\"srv/x\" is no whole path; write one that begins with /");
    expect_finding("rules = /a b\n", 1, "\"b\" is no whole path");
    struct config c = defaults();
    set(&c, "spool", "my spool");
    assert_non_null(getcwd(here, sizeof here));
    snprintf(want, sizeof want, "%s/my spool", here);
    assert_string_equal(c.spool, want);
    set(&c, "rules", "a /b");
    snprintf(want, sizeof want, "%s/a", here);
    assert_string_equal(c.rules.items[0], want);
    assert_string_equal(c.rules.items[1], "/b");
    config_free(&c);
    expect_refused("spool", "", "say one, as /var/lib/winnow");
    char *longer = malloc(5001);
    memset(longer, 'x', 5000);
    longer[0] = '/';
    longer[5000] = '\0';
    expect_refused("spool", longer, "longer than 4095 bytes");
    free(longer);
}

static void quotes_and_comments_that_go_wrong_are_told(void **state)
{
    (void)state;
    expect_refused("spool", "\"/srv", "the quotes are not closed");
    expect_refused("spool", "\"/srv\"x", "right behind the quotes");
    expect_refused("spool", "\"/srv\" /b", "name one path only");
    expect_refused("spool", "/srv # the spool", "a comment stands on a line of its own");
    expect_refused("ignore", "*.x # these", "a comment stands on a line of its own");
    expect_refused("ignore", "a \"\" b", "an empty word");
    expect_refused("spool", "/a\nb", "control character");
    struct config c = read_text("spool = /srv/c#\nignore = \"#x\" y#z\n");
    assert_string_equal(c.spool, "/srv/c#");
    assert_string_equal(c.ignore.items[0], "#x");
    config_free(&c);
}

static void a_list_has_an_end(void **state)
{
    (void)state;
    struct config c = defaults();
    char many[1200] = "";
    for (int i = 0; i < 256; i++)
        strcat(many, "a ");
    set(&c, "ignore", many);
    assert_int_equal(c.ignore.count, 256);
    config_free(&c);
    strcat(many, "a");
    expect_refused("ignore", many, "more than 256 words");
    char file[1300];
    snprintf(file, sizeof file, "ignore = x\nignore = %.512s\n", many);
    expect_finding(file, 2, "more than 256 words");
}

/* --- lines ------------------------------------------------------------------------------- */

static void an_unknown_name_is_told_with_the_probable_one(void **state)
{
    (void)state;
    expect_finding("\nspol = /x\n", 2, "no setting is called \"spol\"; did you mean \"spool\"?");
    expect_finding("max-size = 3M\n", 1, "did you mean \"max_size\"?");
    expect_finding("SPOOL = /x\n", 1, "winnowd --print shows all of them");
    expect_finding("colour = red\n", 1, "winnowd --print shows all of them");
    expect_refused("bacth", "3", "did you mean \"batch\"?");
    char longest[300];
    memset(longest, 'm', 200);
    strcpy(longest + 200, " = 3\n");
    expect_finding(longest, 1, "mmm...\"; winnowd --print");
}

static void a_name_that_comes_twice_is_told_with_its_first_line(void **state)
{
    (void)state;
    expect_finding("batch = 3\n# x\nbatch = 3\n", 3, "batch stands in line 1 already");
}

static void lines_that_are_no_settings_are_told(void **state)
{
    (void)state;
    expect_finding("[winnowd]\nbatch = 3\n", 1, "there are no sections here");
    expect_finding("batch: 3\n", 1, "no \"=\" is here");
    expect_finding("batch\n", 1, "no \"=\" is here");
    expect_finding("= 3\n", 1, "no setting is called \"\"");
    expect_finding("batch = 3\x1b[1m\n", 1, "a control character is here");
}

static void an_indented_line_is_a_line_of_its_own(void **state)
{
    (void)state;
    struct config c = read_text("spool = /a\n    batch = 5\n\t; x\n");
    assert_string_equal(c.spool, "/a");
    assert_int_equal(c.batch, 5);
    config_free(&c);
}

static void every_wrong_line_is_told_up_to_a_number(void **state)
{
    (void)state;
    struct config c;
    struct winnow_error err = {0};
    make_file("a.conf", "spol = /x\nbatch = 0\nbatch_wait = 1 s\nfoo\n");
    assert_int_equal(read_name("a.conf", &c, &err), WINNOW_EUSAGE);
    assert_int_equal(told.count, 3);
    assert_int_equal(told.lines[1], 2);
    assert_int_equal(told.lines[2], 4);
    assert_non_null(strstr(err.text, ":1: no setting is called \"spol\""));
    assert_non_null(strstr(err.text, "(and 2 more)"));
    char many[1000] = "";
    for (int i = 0; i < 100; i++)
        strcat(many, "x = 1\n");
    make_file("a.conf", many);
    assert_int_equal(read_name("a.conf", &c, &err), WINNOW_EUSAGE);
    assert_int_equal(told.count, CONFIG_FOUND_MOST);
    assert_non_null(strstr(err.text, "(and at least 20 more)"));
    assert_int_equal(config_read(path_of("a.conf"), NULL, NULL, &c, NULL), WINNOW_EUSAGE);
}

static void a_nul_a_byte_order_mark_and_a_missing_newline_do_no_harm(void **state)
{
    (void)state;
    struct config c;
    struct winnow_error err = {0};
    static const char nul[] = "batch = 5\nsite = no\0pe\n", mark[] = "\xef\xbb\xbf" "batch = 5";
    write_bytes("a.conf", nul, sizeof nul - 1);
    assert_int_equal(read_name("a.conf", &c, &err), WINNOW_EUSAGE);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.lines[0], 2);
    write_bytes("a.conf", mark, sizeof mark - 1);
    assert_int_equal(read_name("a.conf", &c, &err), WINNOW_OK);
    assert_int_equal(c.batch, 5);
    config_free(&c);
    write_bytes("a.conf", "", 0);
    assert_int_equal(read_name("a.conf", &c, &err), WINNOW_OK);
    config_free(&c);
}

/* --- files ----------------------------------------------------------------------------------- */

static void a_file_that_cannot_be_one_is_told_at_once(void **state)
{
    (void)state;
    struct config c;
    struct winnow_error err = {0};
    assert_int_equal(read_name("missing.conf", &c, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "missing.conf: No such file or directory; name a file"));
    assert_int_equal(config_read("/", note, &told, &c, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    assert_int_equal(read_name("pipe", &c, &err), WINNOW_EIO);
    assert_non_null(strstr(err.text, "is no plain file"));
    int fd = open(path_of("large.conf"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 1 << 30), 0);
    close(fd);
    assert_int_equal(read_name("large.conf", &c, &err), WINNOW_ELIMIT);
    assert_non_null(strstr(err.text, "larger than 1024 KiB"));
    assert_int_equal(config_read("/dev/zero", note, &told, &c, &err), WINNOW_ELIMIT);
    assert_int_equal(told.count, 0);
    assert_int_equal(config_read("/dev/null", note, &told, &c, &err), WINNOW_OK);
    config_free(&c);
}

static void names_in_messages_reach_no_terminal(void **state)
{
    (void)state;
    struct winnow_error err = {0};
    struct config c;
    assert_int_equal(config_read("/no\x1b[2Jwhere", NULL, NULL, &c, &err), WINNOW_EIO);
    assert_null(strchr(err.text, '\x1b'));
    assert_non_null(strstr(err.text, "/no\\x1b[2Jwhere"));
    assert_int_equal(config_set(&c, "\x1b[2J\n", "", &err), WINNOW_EUSAGE);
    assert_null(strpbrk(err.text, "\x1b\n"));
}

static void any_bytes_are_read_without_harm(void **state)
{
    (void)state;
    static const char *const parts[] = {"batch", "=", " ", "\"", "\\", "\n", "ignore", "3", "/a", "#",
                                        "[", "\0", "\xff", "ms", "rules", "spool", "\t", "\r"};
    unsigned seed = 7, good = 0;
    for (int round = 0; round < 3000; round++) {
        char bytes[600];
        size_t len = 0;
        for (int i = 0; i < 40; i++) {
            seed = seed * 1103515245 + 12345;
            const char *part = parts[(seed >> 16) % (sizeof parts / sizeof *parts)];
            size_t n = *part ? strlen(part) : 1;
            memcpy(bytes + len, part, n);
            len += n;
        }
        struct config c;
        write_bytes("a.conf", bytes, len);
        if (config_read(path_of("a.conf"), NULL, NULL, &c, NULL) == WINNOW_OK) {
            config_free(&c);
            good++;
        }
    }
    assert_true(good < 3000);
}

/* --- all of them ----------------------------------------------------------------------------- */

/* What is printed and read again is printed the same. */
static void expect_round_trip(struct config *c)
{
    char *once = printed(c);
    struct config again = read_text(once);
    char *twice = printed(&again);
    assert_string_equal(twice, once);
    assert_int_equal(config_fixed_changes(c, &again, NULL, NULL), 0);
    free(once);
    free(twice);
    config_free(&again);
    config_free(c);
}

static void what_is_printed_is_read_again_as_it_was(void **state)
{
    (void)state;
    struct config c = defaults();
    expect_round_trip(&c);
    c = defaults();
    set(&c, "spool", "\" /srv/a \\\"quoted\\\" one # x\"");
    set(&c, "ignore", "\"a b\" \"#x\" \"\\\"\" c\\d");
    set(&c, "rules", "/r1 \"/r 2\"");
    set(&c, "metrics", "/m/\xff\xfe");
    set(&c, "write", "text");
    set(&c, "timeout", "61 s");
    set(&c, "min_free", "1025");
    set(&c, "across", "off");
    set(&c, "poll", "yes");
    expect_round_trip(&c);
}

static void what_cannot_change_while_it_runs_is_told(void **state)
{
    (void)state;
    struct config old = defaults(), new = defaults();
    memset(&told, 0, sizeof told);
    set(&new, "batch", "3");
    set(&new, "ignore", "*.x");
    set(&new, "metrics", "/m");
    assert_int_equal(config_fixed_changes(&old, &new, note, &told), 0);
    set(&new, "spool", "/srv");
    set(&new, "index", "no");
    assert_int_equal(config_fixed_changes(&old, &new, note, &told), 2);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.file, "(none)");
    assert_non_null(strstr(told.texts[0], "spool cannot be changed while winnowd runs; restart it"));
    config_free(&old);
    config_free(&new);
}

static void lists_are_the_same_word_for_word(void **state)
{
    (void)state;
    struct config one = defaults(), other = defaults();
    const struct setting *ignore = setting_find("ignore");
    set(&one, "ignore", "a b");
    set(&other, "ignore", "a b c");
    assert_false(ignore->kind->same(ignore, &one, &other));
    assert_false(ignore->kind->same(ignore, &other, &one));
    set(&one, "ignore", "a b d");
    assert_false(ignore->kind->same(ignore, &one, &other));
    set(&one, "ignore", "a b c");
    assert_true(ignore->kind->same(ignore, &one, &other));
    config_free(&one);
    config_free(&other);
}

/* The example that is installed: every setting, out of use, at its default. */
static void the_example_file_holds_the_defaults(void **state)
{
    (void)state;
    struct config c = defaults();
    char *want = printed(&c), line[1024];
    size_t at = 0, settings_seen = 0;
    FILE *f = fopen(WINNOW_SOURCE_DIR "/systemd/winnowd.conf", "r");
    assert_non_null(f);
    bool begun = false;
    while (fgets(line, sizeof line, f)) {
        begun = begun || !strncmp(line, "# the folder that", 17);
        if (!begun)
            continue;
        bool is_setting = line[0] == '#' && line[1] != ' ';
        const char *p = line + is_setting;
        settings_seen += is_setting;
        if (strncmp(want + at, p, strlen(p)) != 0)
            fail_msg("winnowd.conf: wanted \"%.60s\", got: %s", want + at, p);
        at += strlen(p);
    }
    fclose(f);
    assert_int_equal(want[at], '\0');
    assert_int_equal(settings_seen, setting_count);
    free(want);
    config_free(&c);
    assert_int_equal(config_read(WINNOW_SOURCE_DIR "/systemd/winnowd.conf", NULL, NULL, &c, NULL), 0);
    config_free(&c);
}

static void the_manual_has_every_setting_with_its_default(void **state)
{
    (void)state;
    FILE *f = fopen(WINNOW_SOURCE_DIR "/docs/winnowd.conf.5", "r");
    char *page = calloc(1, 1 << 20);
    assert_non_null(f);
    assert_true(fread(page, 1, (1 << 20) - 1, f) > 1000);
    fclose(f);
    for (size_t i = 0; i < setting_count; i++) {
        char item[200];
        const char *initial = settings[i].initial;
        snprintf(item, sizeof item, "\n.It Ic %s = %s%s\n", settings[i].name,
                 *initial == '.' ? "\\&" : "", *initial ? initial : "\\&");
        if (!strstr(page, item))
            fail_msg("winnowd.conf.5 has no line \"%s\"", item + 1);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_its_default),
        cmocka_unit_test(values_of_every_kind_are_read),
        cmocka_unit_test(lists_are_words_or_lines_and_take_the_defaults_place),
        cmocka_unit_test(bounds_of_every_number_hold),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(words_that_are_none_are_told_with_those_that_are),
        cmocka_unit_test(paths_are_whole_in_a_file_and_begin_here_on_a_command_line),
        cmocka_unit_test(quotes_and_comments_that_go_wrong_are_told),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(an_unknown_name_is_told_with_the_probable_one),
        cmocka_unit_test(a_name_that_comes_twice_is_told_with_its_first_line),
        cmocka_unit_test(lines_that_are_no_settings_are_told),
        cmocka_unit_test(an_indented_line_is_a_line_of_its_own),
        cmocka_unit_test(every_wrong_line_is_told_up_to_a_number),
        cmocka_unit_test(a_nul_a_byte_order_mark_and_a_missing_newline_do_no_harm),
        cmocka_unit_test(a_file_that_cannot_be_one_is_told_at_once),
        cmocka_unit_test(names_in_messages_reach_no_terminal),
        cmocka_unit_test(any_bytes_are_read_without_harm),
        cmocka_unit_test(what_is_printed_is_read_again_as_it_was),
        cmocka_unit_test(what_cannot_change_while_it_runs_is_told),
        cmocka_unit_test(lists_are_the_same_word_for_word),
        cmocka_unit_test(the_example_file_holds_the_defaults),
        cmocka_unit_test(the_manual_has_every_setting_with_its_default),
    };
    return cmocka_run_group_tests(tests, folder_start, folder_stop);
}
