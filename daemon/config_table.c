/* config_table.c - what winnowd.conf may say: a line for each setting.
 *
 * Reading, --check, --print, what a reload may change and the test of the manual all work from
 * this table: to add a setting is to add a member to struct config and a line here. */
#include "config_table.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "fault.h"
#include "shown.h"

#define AT(member) offsetof(struct config, member), sizeof(((struct config *)NULL)->member)
#define MI (1024ull * 1024)
#define GI (1024 * MI)

const struct setting settings[] = {
    {"spool", &kind_path, AT(spool), 1, 0, NULL, "/var/lib/winnow", true,
     "the folder that is worked on: drop, work, out, quarantine, state"},
    {"rules", &kind_paths, AT(rules), 0, 0, NULL, "", false,
     "rule files and folders of them, which count before those that ship"},
    {"default_rules", &kind_word, AT(default_rules), 0, 0, "no yes", "yes", false,
     "use the machine's rule files and those that ship, too"},
    {"keep_repeats", &kind_word, AT(keep_repeats), 0, 0, "no yes", "no", false,
     "leave passages that stand twice on a page"},
    {"all_repeats", &kind_word, AT(all_repeats), 0, 0, "no yes", "no", false,
     "remove passages that stand twice also where the page's form may make them recur"},
    {"index", &kind_word, AT(index), 0, 0, "no yes", "yes", true,
     "remember the pages, in state/index, to compare later ones with them"},
    {"across", &kind_word, AT(across), 0, 0, "annotate strip off", "annotate", false,
     "passages of earlier documents: told in the record, removed, or not asked for"},
    {"site", &kind_word, AT(site), 0, 0, "no yes", "yes", false,
     "remove lines that most pages of a site share"},
    {"write", &kind_outputs, AT(text), 0, 0, "text json both", "both", false,
     "what is written of a page: its text, its record, or both"},
    {"on_existing", &kind_word, AT(existing), 0, 0, "keep replace", "keep", false,
     "where out has that name already: the new one gets another, or takes its place"},
    {"max_size", &kind_size, AT(max_size), 1024, 2 * GI, NULL, "64M", false,
     "the largest page that is taken, unpacked"},
    {"workers", &kind_number, AT(workers), 0, 1024, NULL, "0", false,
     "pages that are cleaned at once; 0: as many as there are processors"},
    {"timeout", &kind_ms, AT(timeout_ms), 100, 3600 * 1000, NULL, "1 min", false,
     "the longest time that one page may take"},
    {"memory", &kind_size, AT(memory), 64 * MI, 1024 * GI, NULL, "4G", false,
     "memory that the worker of one page may map"},
    {"attempts", &kind_number, AT(attempts), 1, 100, NULL, "3", false,
     "how often a page that fails is tried before it goes to quarantine"},
    {"retry", &kind_ms, AT(retry_ms), 0, 3600 * 1000, NULL, "1 s", false,
     "the pause before the second attempt; it doubles with each one more"},
    {"batch", &kind_number, AT(batch), 1, 1024, NULL, "64", false,
     "outcomes that are made durable together, at most"},
    {"batch_wait", &kind_ms, AT(batch_ms), 0, 10 * 1000, NULL, "5 ms", false,
     "how long an outcome waits for others to be made durable with it"},
    {"max_work", &kind_number, AT(max_work), 1, 65536, NULL, "256", false,
     "files that are claimed at once, at most; the others stay in drop"},
    {"min_free", &kind_size, AT(min_free), 0, 1024 * 1024 * GI, NULL, "64M", false,
     "free space of the disk below which nothing is claimed"},
    {"min_free_inodes", &kind_number, AT(min_free_inodes), 0, UINT_MAX, NULL, "1024", false,
     "free inodes of the disk below which nothing is claimed"},
    {"settle", &kind_ms, AT(settle_ms), 10, 3600 * 1000, NULL, "2 s", false,
     "how long a file must rest where it cannot be seen whether it is being written"},
    {"settle_always", &kind_word, AT(settle_always), 0, 0, "no yes", "no", false,
     "it must rest also where that can be seen: for programs that open it again, as wget -r does"},
    {"rescan", &kind_s, AT(rescan_s), 1, 24 * 3600, NULL, "5 min", false,
     "how often all of drop is listed, whatever the events say"},
    {"poll_interval", &kind_ms, AT(poll_ms), 100, 3600 * 1000, NULL, "2 s", false,
     "the same where there are no events: NFS, FUSE, or poll = yes"},
    {"poll", &kind_word, AT(poll), 0, 0, "no yes", "no", false,
     "list drop again and again in place of waiting for events"},
    {"ignore", &kind_words, AT(ignore), 0, 0, NULL, ".* *.part *.tmp *.crdownload", false,
     "patterns of names that are left where they are"},
    {"metrics", &kind_path, AT(metrics), 0, 0, NULL, "", false,
     "the file of metrics; none given: state/metrics.prom in the spool"},
    {"metrics_interval", &kind_s, AT(metrics_s), 1, 3600, NULL, "15 s", false,
     "how often it is written"},
    {"log", &kind_word, AT(log), 0, 0, "error warning info file", "info", false,
     "what is told: errors, warnings too, what happens too, or every file"},
};

const size_t setting_count = sizeof settings / sizeof *settings;
_Static_assert(sizeof settings / sizeof *settings <= SETTINGS_MOST, "raise SETTINGS_MOST");

const struct setting *setting_find(const char *name)
{
    for (size_t i = 0; i < setting_count; i++)
        if (!strcmp(settings[i].name, name))
            return &settings[i];
    return NULL;
}

enum { NAME_MOST = 39 /* bytes; longer ones are no typing errors */ };

static unsigned least_of(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits that make one name the other: a letter more, less, another one, or two neighbours
 * swapped (Damerau's restricted distance). */
static unsigned edits(const char *a, const char *b, size_t blen)
{
    unsigned rows[3][NAME_MOST + 1];
    size_t alen = strlen(a);
    for (size_t j = 0; j <= blen; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= alen; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= blen; j++) {
            row[j] = least_of(above[j - 1] + (a[i - 1] != b[j - 1]),
                              least_of(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least_of(row[j], higher[j - 2] + 1);
        }
    }
    return rows[alen % 3][blen];
}

static void weigh(const char *name, const char *known, size_t len, unsigned *best, char ret[40])
{
    unsigned allowed = len < 4 ? 1 : len < 8 ? 2 : 3;
    unsigned n = len <= NAME_MOST ? edits(name, known, len) : UINT_MAX;
    if (n > allowed || n >= *best)
        return;
    *best = n;
    memcpy(ret, known, len);
    ret[len] = '\0';
}

const char *setting_near(const char *name, const char *words, char ret[40])
{
    unsigned best = UINT_MAX;
    ret[0] = '\0';
    if (!*name || strlen(name) > NAME_MOST)
        return ret;
    for (size_t i = 0; !words && i < setting_count; i++)
        weigh(name, settings[i].name, strlen(settings[i].name), &best, ret);
    for (const char *w = words; w && *w; w += strspn(w, " ")) {
        size_t len = strcspn(w, " ");
        weigh(name, w, len, &best, ret);
        w += len;
    }
    return ret;
}

int setting_unknown(const char *name, struct winnow_error *err)
{
    char near[40], show[80];
    setting_near(name, NULL, near);
    return fault_set(err, WINNOW_EUSAGE, "no setting is called \"%s\"; %s%s%s",
                     shown(name, strlen(name), show, sizeof show),
                     near[0] ? "did you mean \"" : "winnowd --print shows all of them", near,
                     near[0] ? "\"?" : "");
}

bool setting_has_control(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)bytes[i] < ' ' && bytes[i] != '\t') || bytes[i] == 0x7f)
            return true;
    return false;
}
