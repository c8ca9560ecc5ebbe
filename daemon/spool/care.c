/* care.c - files taken out of quarantine again: the steps of care.h, for several at once.
 *
 * One sync and one write of the manifest serve all of them: these are what takes time. */
#include "care.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "fault.h"
#include "spool_parts.h"

struct item {
    uint64_t id;
    char *path;  /* below drop/, as it was claimed */
    char *now;   /* retry: as it is named there now; NULL: there was no file any more */
    bool is_told; /* the manifest has said what became of it */
    int status;  /* of this one alone */
    struct winnow_error err;
};

/* --- what is known of them ----------------------------------------------------------------- */

struct remembering {
    struct item *item;
    bool failed;
};

/* The last line about an id is what became of it. */
static int remember(void *ctx, const struct manifest_entry *entry)
{
    struct remembering *r = ctx;
    if (entry->id != r->item->id)
        return 0;
    r->item->is_told = entry->kind == MANIFEST_RETRIED || entry->kind == MANIFEST_RELEASED;
    free(r->item->path);
    r->item->path = strdup(entry->path);
    r->failed = !r->item->path;
    return r->failed;
}

/* A folder without a file is what a retry or a release left that was cut off: only the
 * manifest still knows its path, and whether anything is to be written. */
static int recall(const struct spool *s, struct item *item)
{
    struct remembering r = {item, false};
    int status = manifest_each(s->state, item->id, remember, NULL, &r, &item->err);
    if (r.failed || (status == WINNOW_OK && !item->path && !(item->path = strdup("-"))))
        return fault_nomem(&item->err);
    return status;
}

static int find(const struct spool *s, struct item *item)
{
    char path[PATH_MAX];
    struct stat st;
    const struct id_text name = id_text(item->id);
    if (fstatat(s->quarantine, name.text, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        return fault_set(&item->err, WINNOW_EUSAGE,
                         "not in quarantine; winnow queue ls lists what is");
    int code = input_find(s->quarantine, item->id, path);
    if (code < 0)
        return fault_errno(&item->err, "check its permissions and the disk",
                           "quarantine/%s: cannot be read", name.text);
    if (code > 0)
        return recall(s, item);
    item->path = strdup(path);
    return item->path ? WINNOW_OK : fault_nomem(&item->err);
}

/* --- steps --------------------------------------------------------------------------------- */

static int give_back(const struct spool *s, struct item *item)
{
    int status = find(s, item);
    if (status == WINNOW_OK)
        status = spool_give_back(s, item->id, true, &item->now, &item->err);
    return status == SPOOL_GONE ? WINNOW_OK : status;
}

static int append_lines(const struct care *c, enum manifest_kind kind, const struct item *items,
                        size_t count, struct winnow_error *err)
{
    struct manifest_entry lines[CARE_MOST];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (items[i].status == WINNOW_OK && !items[i].is_told)
            lines[n++] = (struct manifest_entry){.id = items[i].id,
                                                 .kind = kind,
                                                 .time = time(NULL),
                                                 .path = items[i].path,
                                                 .out = items[i].now};
    return n > 0 ? c->append(c->append_ctx, lines, n, err) : WINNOW_OK;
}

static void forget_and_tell(const struct care *c, struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct item *item = &items[i];
        if (item->status == WINNOW_OK)
            item->status = spool_forget(c->spool, item->id, &item->err);
        c->told(c->told_ctx, item->id, item->status,
                item->status != WINNOW_OK ? item->err.text : item->now ? item->now : "");
    }
}

static void free_items(struct item *items, size_t count)
{
    for (size_t i = 0; items && i < count; i++) {
        free(items[i].path);
        free(items[i].now);
    }
    free(items);
}

static int begin(const uint64_t *ids, size_t count, struct item **ret, struct winnow_error *err)
{
    if (count > CARE_MOST)
        return fault_set(err, WINNOW_EUSAGE, "more than %d ids at once; name fewer", CARE_MOST);
    struct item *items = calloc(count ? count : 1, sizeof *items);
    if (!items)
        return fault_nomem(err);
    for (size_t i = 0; i < count; i++)
        items[i].id = ids[i];
    *ret = items;
    return WINNOW_OK;
}

int spool_retry(const struct care *c, const uint64_t *ids, size_t count, struct winnow_error *err)
{
    struct item *items = NULL;
    int status = begin(ids, count, &items, err);
    if (status != WINNOW_OK)
        return status;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        items[i].status = give_back(c->spool, &items[i]);
        any |= items[i].status == WINNOW_OK;
    }
    /* The line is not to be true before the rename is. */
    status = any ? spool_sync(c->spool, err) : WINNOW_OK;
    if (status == WINNOW_OK)
        status = append_lines(c, MANIFEST_RETRIED, items, count, err);
    if (status == WINNOW_OK)
        forget_and_tell(c, items, count);
    free_items(items, count);
    return status;
}

int spool_release(const struct care *c, const uint64_t *ids, size_t count,
                  struct winnow_error *err)
{
    struct item *items = NULL;
    int status = begin(ids, count, &items, err);
    if (status != WINNOW_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        items[i].status = find(c->spool, &items[i]);
    status = append_lines(c, MANIFEST_RELEASED, items, count, err);
    if (status == WINNOW_OK)
        forget_and_tell(c, items, count);
    free_items(items, count);
    return status;
}
