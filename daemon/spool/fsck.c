/* fsck.c - the folders of a spool against its manifest.
 *
 * The folders are listed before the manifest is read: a winnowd that works meanwhile decides
 * first and moves then, so what was seen in quarantine/ must be in the manifest by then. */
#include "fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "fault.h"
#include "manifest_parts.h"
#include "reason.h"
#include "spool_parts.h"

/* A line of the manifest: where, what, and about which path. */
struct decision {
    uint64_t id, at;
    uint32_t segment, path; /* path: its CRC-32 */
    enum manifest_kind kind;
};

struct fsck {
    const struct spool *s;
    bool running;
    fsck_found_fn *found;
    void *ctx;
    size_t problems;

    struct ids work, quarantine;
    struct segments segments;
    struct decision *decisions;
    size_t count, room;
    uint32_t segment; /* that is read */
    const char *folder; /* "work" or "quarantine", that is looked through */
    uint64_t id;        /* in it */
};

static void tell(struct fsck *f, const char *file, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void tell(struct fsck *f, const char *file, uint64_t at, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    f->problems++;
    f->found(f->ctx, file, at, text);
}

struct file_text {
    char text[64 + NAME_MAX + 1];
};

/* "work/<id>", "work/<id>/<name>" */
static struct file_text file_of(const struct fsck *f, const char *name)
{
    struct file_text ret;
    snprintf(ret.text, sizeof ret.text, "%s/%s%s%s", f->folder, id_text(f->id).text,
             name ? "/" : "", name ? name : "");
    return ret;
}

/* --- names that are ours ----------------------------------------------------------------------- */

static const char *const entry_names[] = {"in", "text", "record", "told", "failures", "reason.json"};
static const char *const state_names[] = {"lock",         "index",     "control", "manifest-*.log",
                                          "metrics.prom*", ".metrics.prom*", ".control*"};

static bool is_among(const char *name, const char *const *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

static int see_state(void *ctx, int fd, const char *name, unsigned char type)
{
    struct fsck *f = ctx;
    char file[NAME_MAX + 16];
    (void)fd;
    (void)type;
    if (is_among(name, state_names, sizeof state_names / sizeof *state_names))
        return 0;
    snprintf(file, sizeof file, "state/%s", name);
    tell(f, file, 0, "not of winnowd; move it away");
    return 0;
}

static int see_foreign(void *ctx, int fd, const char *name, unsigned char type)
{
    struct fsck *f = ctx;
    char file[NAME_MAX + 16];
    uint64_t id;
    if (id_parse(name, &id) && entry_is_folder(fd, name, type))
        return 0;
    snprintf(file, sizeof file, "%s/%s", f->folder, name);
    tell(f, file, 0, "not of winnowd; move it away");
    return 0;
}

static int see_entry(void *ctx, int fd, const char *name, unsigned char type)
{
    struct fsck *f = ctx;
    (void)fd;
    (void)type;
    if (!is_among(name, entry_names, sizeof entry_names / sizeof *entry_names))
        tell(f, file_of(f, name).text, 0, "not of winnowd; move it away");
    return 0;
}

/* --- the manifest ------------------------------------------------------------------------------ */

static struct file_text segment_file(const struct fsck *f, uint32_t segment)
{
    struct file_text ret;
    char name[FILE_NAME_SIZE];
    segment_name(f->segments.items[segment].number, name);
    snprintf(ret.text, sizeof ret.text, "state/%s", name);
    return ret;
}

static int take_decision(void *ctx, uint64_t at, const struct line *line)
{
    struct fsck *f = ctx;
    if (line->kind != LINE_ENTRY)
        return 0;
    if (f->count == f->room) {
        size_t room = f->room ? f->room * 2 : 4096;
        struct decision *more = reallocarray(f->decisions, room, sizeof *more);
        if (!more)
            return WINNOW_ENOMEM;
        f->decisions = more;
        f->room = room;
    }
    uint32_t path = (uint32_t)crc32(0, (const unsigned char *)line->path,
                                    (unsigned)strlen(line->path));
    f->decisions[f->count++] = (struct decision){line->entry.id, at, f->segment, path,
                                                 line->entry.kind};
    return 0;
}

static void take_bad(void *ctx, uint64_t at, uint64_t to, bool torn)
{
    struct fsck *f = ctx;
    bool last = f->segment + 1 == f->segments.count;
    if (!torn)
        tell(f, segment_file(f, f->segment).text, at, "%" PRIu64 " bytes are no line of a manifest; "
             "what they told is lost", to - at);
    else if (!last)
        tell(f, segment_file(f, f->segment).text, at, "ends in a line that is cut off");
    else if (!f->running) /* else it is being written */
        tell(f, segment_file(f, f->segment).text, at, "ends in a line that is cut off and does not "
             "count; the next start of winnowd removes it");
}

static bool has_segment(const struct fsck *f, uint64_t number)
{
    for (size_t i = f->segment; i-- > 0;)
        if (f->segments.items[i].number == number)
            return true;
    return false;
}

static int read_segment(struct fsck *f, struct winnow_error *err)
{
    const struct segment *segment = &f->segments.items[f->segment];
    const struct scan scan = {take_decision, take_bad, f};
    const struct file_text file = segment_file(f, f->segment);
    char name[FILE_NAME_SIZE];
    struct scanned scanned;
    segment_name(segment->number, name);
    int fd = openat(f->s->state, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int code = fd < 0 ? -1 : segment_scan(fd, segment->counts, &scan, &scanned);
    fd_close(fd);
    if (code != 0)
        return fault_errno(err, "check its permissions and the disk", "%s: cannot be read",
                           file.text);
    if (scanned.stopped != 0)
        return fault_nomem(err);
    if (segment->counts != UINT64_MAX && scanned.size < segment->counts)
        tell(f, file.text, scanned.size, "ends %" PRIu64 " bytes too early; what stood there is lost",
             segment->counts - scanned.size);
    if (f->segment > 0 && segment->after != 0 && !has_segment(f, segment->after))
        tell(f, file.text, 0, "follows manifest-%" PRIu64 ".log, which is not there",
             segment->after);
    return WINNOW_OK;
}

static int in_order(const void *a, const void *b)
{
    const struct decision *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int read_manifest(struct fsck *f, struct winnow_error *err)
{
    if (f->s->state < 0)
        return WINNOW_OK;
    int status = segments_list(f->s->state, 0, &f->segments, err);
    for (; status == WINNOW_OK && f->segment < f->segments.count; f->segment++)
        status = read_segment(f, err);
    if (f->count)
        qsort(f->decisions, f->count, sizeof *f->decisions, in_order);
    return status;
}

/* --- decisions among themselves ------------------------------------------------------------------ */

/* May a line of kind b follow one of kind a about the same id?  An output may get another name
 * (its own was taken); taking out of quarantine may be told again. */
static const bool follows[MANIFEST_KINDS][MANIFEST_KINDS] = {
    [MANIFEST_CLEANED] = {[MANIFEST_CLEANED] = true},
    [MANIFEST_QUARANTINED] = {[MANIFEST_RETRIED] = true, [MANIFEST_RELEASED] = true},
    [MANIFEST_RETRIED] = {[MANIFEST_RETRIED] = true, [MANIFEST_RELEASED] = true},
    [MANIFEST_RELEASED] = {[MANIFEST_RETRIED] = true, [MANIFEST_RELEASED] = true},
};

static bool has_id(const struct ids *ids, uint64_t id)
{
    size_t low = 0, high = ids->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ids->items[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ids->count && ids->items[low] == id;
}

/* Tells what two neighbouring lines about one id contradict each other in. */
static void check_pair(struct fsck *f, const struct decision *a, const struct decision *b)
{
    if (!follows[a->kind][b->kind])
        tell(f, segment_file(f, b->segment).text, b->at, "id %" PRIu64 " was decided twice: %s, then "
             "%s", b->id, manifest_kinds[a->kind], manifest_kinds[b->kind]);
    else if (a->kind == MANIFEST_CLEANED && a->path != b->path)
        tell(f, segment_file(f, b->segment).text, b->at, "id %" PRIu64 " was decided twice, for two "
             "paths", b->id);
}

static void check_last(struct fsck *f, const struct decision *d)
{
    if (d->kind == MANIFEST_QUARANTINED && !f->running && !has_id(&f->quarantine, d->id) &&
        !has_id(&f->work, d->id))
        tell(f, segment_file(f, d->segment).text, d->at, "id %" PRIu64 " was quarantined, and is not "
             "in quarantine/: its file is gone", d->id);
}

static void check_decisions(struct fsck *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct decision *d = &f->decisions[i];
        if (i > 0 && d[-1].id == d->id)
            check_pair(f, d - 1, d);
        else if (d->kind == MANIFEST_RETRIED && f->segments.items[0].after == 0)
            tell(f, segment_file(f, d->segment).text, d->at, "id %" PRIu64 " was taken out of "
                 "quarantine, and was never in it", d->id);
        if (i + 1 == f->count || d[1].id != d->id)
            check_last(f, d);
    }
}

/* The last decision about an id; NULL. */
static const struct decision *decision_of(const struct fsck *f, uint64_t id)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->decisions[middle].id <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && f->decisions[low - 1].id == id ? &f->decisions[low - 1] : NULL;
}

/* --- work/ and quarantine/ -------------------------------------------------------------------------- */

static void check_work(struct fsck *f, const char *path)
{
    const struct decision *d = decision_of(f, f->id);
    const struct file_text file = file_of(f, NULL);
    const struct path_text shown = path_text(path ? path : "");
    if (f->running)
        return;
    if (d)
        tell(f, file.text, 0, "%s is decided (%s), and its steps were not all taken; the next start "
             "of winnowd takes them", shown.text, manifest_kinds[d->kind]);
    else if (path)
        tell(f, file.text, 0, "%s is claimed, and nothing was decided; the next start of winnowd "
             "cleans it", shown.text);
    else
        tell(f, file.text, 0, "a claim that was broken off, without a file; the next start of "
             "winnowd removes it");
}

static void check_reason(struct fsck *f)
{
    char *kind, *text;
    struct winnow_error err;
    int status = reason_read(f->s, f->id, &kind, &text, &err);
    if (status == WINNOW_OK) {
        free(kind);
        free(text);
    } else if (status == SPOOL_GONE) {
        tell(f, file_of(f, NULL).text, 0, "has no reason.json; retry or release its file");
    } else {
        tell(f, file_of(f, "reason.json").text, 0, "cannot be read, or is none of winnowd's");
    }
}

static void check_quarantine(struct fsck *f, const char *path)
{
    const struct decision *d = decision_of(f, f->id);
    const struct file_text file = file_of(f, NULL);
    if (!d)
        tell(f, file.text, 0, "is not in the manifest; retry or release its file");
    else if (d->kind == MANIFEST_CLEANED)
        tell(f, file.text, 0, "was cleaned, as the manifest has it, and is in quarantine");
    else if (d->kind != MANIFEST_QUARANTINED && !f->running)
        tell(f, file.text, 0, "was %s, and its folder is still there; winnow queue retry or release "
             "ends that", manifest_kinds[d->kind]);
    else if (!path && !f->running)
        tell(f, file.text, 0, "has no file: it was given back; winnow queue retry ends that");
    if (path)
        check_reason(f);
    if (has_id(&f->work, f->id) && !f->running)
        tell(f, file.text, 0, "is in work/ too");
}

typedef void check_fn(struct fsck *f, const char *path);

static int check_ids(struct fsck *f, const char *folder, int base, const struct ids *ids,
                     check_fn *check, struct winnow_error *err)
{
    f->folder = folder;
    if (base >= 0 && folder_each(base, ".", see_foreign, f) != 0)
        return fault_errno(err, "check its permissions and the disk", "%s/ cannot be listed",
                           folder);
    for (size_t i = 0; i < ids->count; i++) {
        char path[PATH_MAX];
        f->id = ids->items[i];
        if (folder_each(base, id_text(f->id).text, see_entry, f) != 0) {
            if (errno == ENOENT)
                continue; /* gone since */
            tell(f, file_of(f, NULL).text, 0, "cannot be listed; check its permissions");
            continue;
        }
        int code = input_find(base, f->id, path);
        if (code < 0)
            tell(f, file_of(f, NULL).text, 0, "cannot be read; check its permissions");
        else
            check(f, code == 0 ? path : NULL);
    }
    return WINNOW_OK;
}

/* --- all of it ----------------------------------------------------------------------------------- */

static void check_folders(struct fsck *f)
{
    const struct {
        const char *name;
        int fd;
    } folders[] = {{"drop", f->s->drop},
                   {"work", f->s->work},
                   {"out", f->s->out},
                   {"quarantine", f->s->quarantine},
                   {"state", f->s->state}};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (folders[i].fd < 0)
            tell(f, folders[i].name, 0, "is missing; the next start of winnowd makes it");
}

static int check_all(struct fsck *f, struct winnow_error *err)
{
    check_folders(f);
    if (ids_list(f->s->work, &f->work) != 0 || ids_list(f->s->quarantine, &f->quarantine) != 0 ||
        (f->s->state >= 0 && folder_each(f->s->state, ".", see_state, f) != 0))
        return fault_errno(err, "check their permissions and the disk",
                           "work/, quarantine/ or state/ cannot be listed");
    int status = read_manifest(f, err);
    if (status != WINNOW_OK)
        return status;
    check_decisions(f);
    status = check_ids(f, "work", f->s->work, &f->work, check_work, err);
    if (status == WINNOW_OK)
        status = check_ids(f, "quarantine", f->s->quarantine, &f->quarantine, check_quarantine, err);
    return status;
}

int spool_fsck(const struct spool *s, bool running, fsck_found_fn *found, void *ctx,
               size_t *problems, struct winnow_error *err)
{
    struct fsck f = {.s = s, .running = running, .found = found, .ctx = ctx};
    int status = check_all(&f, err);
    free(f.work.items);
    free(f.quarantine.items);
    free(f.segments.items);
    free(f.decisions);
    if (status == WINNOW_OK)
        *problems = f.problems;
    return status;
}
