/* serve.c - what others want of the coordinator: settings, winnow queue, metrics, signs of
 * life. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "coordinator_parts.h"
#include "fault.h"
#include "notify.h"

enum {
    STUCK_S = 120, /* a committer that is so long in one step is not alive */
};

/* --- settings --------------------------------------------------------------------------------- */

struct pool_settings serve_pool_settings(const struct config *config,
                                         const struct rule_paths *rules)
{
    return (struct pool_settings){
        .rules = (const char *const *)rules->items,
        .nrules = rules->count,
        .options = {.limits = {.max_bytes = config->max_size},
                    .keep_repeats = config->keep_repeats,
                    .all_repeats = config->all_repeats},
        .has_index = config->index,
        .use = {.across = config->across, .no_site = !config->site},
        .workers = config->workers,
        .timeout_ms = config->timeout_ms,
        .will_reload = true,
        .memory = config->memory,
    };
}

struct watch_settings serve_watch_settings(const struct config *config)
{
    return (struct watch_settings){
        .settle_ms = config->settle_ms,
        .rescan_s = config->rescan_s,
        .poll_ms = config->poll_ms,
        .always_poll = config->poll,
        .always_settle = config->settle_always,
        .ignore = (const char *const *)config->ignore.items,
        .nignore = config->ignore.count,
    };
}

struct commit_settings serve_commit_settings(const struct config *config)
{
    return (struct commit_settings){.batch = config->batch,
                                    .batch_ms = config->batch_ms,
                                    .replace = config->existing == EXISTING_REPLACE};
}

int serve_rule_paths(const struct config *config, struct rule_paths *ret, struct winnow_error *err)
{
    struct rule_paths paths = {0};
    int status = WINNOW_OK;
    for (size_t i = 0; i < config->rules.count && status == WINNOW_OK; i++)
        status = rule_paths_add(&paths, config->rules.items[i], err);
    if (status == WINNOW_OK && config->default_rules)
        status = rule_paths_add_defaults(&paths, false, err);
    if (status == WINNOW_OK)
        *ret = paths;
    else
        rule_paths_free(&paths);
    return status;
}

/* --- reload ------------------------------------------------------------------------------------- */

static void drop_next(struct coordinator *c)
{
    if (c->next)
        config_free(c->next);
    free(c->next);
    c->next = NULL;
    rule_paths_free(&c->next_rules);
}

static void say_failed_reload(struct coordinator *c, const char *why)
{
    c->metrics.values[METRIC_RELOADS_FAILED]++;
    notify_event(NOTIFY_RELOAD_FAILED, NULL, "the settings and rules stay as they were: %s", why);
    notify_ready();
}

static void tell_fixed(void *ctx, const char *file, unsigned line, const char *text)
{
    (void)ctx;
    (void)file;
    (void)line;
    notify_say(NOTIFY_WARNING, NULL, "%s", text);
}

/* What cannot change while winnowd runs keeps its value. */
static void keep_fixed(const struct config *old, struct config *next)
{
    char *spool = strdup(old->spool);
    if (spool) {
        free(next->spool);
        next->spool = spool;
    }
    next->index = old->index;
}

void serve_reload(struct coordinator *c)
{
    struct winnow_error err = {0};
    if (c->next) { /* one is under way: what was written since is read after it */
        c->reload_again = true;
        return;
    }
    notify_reloading();
    c->next = calloc(1, sizeof *c->next);
    if (!c->next || c->start->reread(c->start->ctx, c->next) != WINNOW_OK) {
        free(c->next);
        c->next = NULL;
        say_failed_reload(c, "the configuration cannot be used");
        return;
    }
    config_fixed_changes(&c->config, c->next, tell_fixed, NULL);
    keep_fixed(&c->config, c->next);
    int status = serve_rule_paths(c->next, &c->next_rules, &err);
    struct pool_settings settings = serve_pool_settings(c->next, &c->next_rules);
    if (status == WINNOW_OK)
        status = pool_reload(c->pool, &settings, &err);
    if (status != WINNOW_OK) {
        drop_next(c);
        say_failed_reload(c, err.text);
    }
}

static void apply_next(struct coordinator *c)
{
    config_free(&c->config);
    rule_paths_free(&c->rules);
    c->config = *c->next;
    c->rules = c->next_rules;
    c->next_rules = (struct rule_paths){0};
    free(c->next);
    c->next = NULL;
    struct watch_settings watch = serve_watch_settings(&c->config);
    struct commit_settings commit = serve_commit_settings(&c->config);
    watch_set(c->watch, &watch);
    if (c->commit)
        commit_set(c->commit, &commit);
    notify_begin(c->config.log);
    c->look_now = true;
}

void serve_reloaded(void *ctx, int status, const char *text)
{
    struct coordinator *c = ctx;
    if (!c->next)
        return;
    if (status == WINNOW_OK) {
        apply_next(c);
        c->metrics.values[METRIC_RELOADS]++;
        notify_event(NOTIFY_RELOADED, NULL, "settings and rules were read anew");
        notify_ready();
    } else {
        drop_next(c);
        say_failed_reload(c, text);
    }
}

void serve_reload_again(struct coordinator *c)
{
    if (!c->reload_again || c->next)
        return;
    c->reload_again = false;
    serve_reload(c);
}

/* --- metrics ------------------------------------------------------------------------------------ */

static void fill_gauges(struct coordinator *c)
{
    uint64_t *values = c->metrics.values, overflows = 0, groups = 0, quarantined = 0;
    double last_s = 0;
    values[METRIC_IN_WORK] = 0;
    for (size_t i = 0; i < JOB_STATES; i++)
        values[METRIC_IN_WORK] += c->counts[i];
    watch_counts(c->watch, &values[METRIC_WAITING], &values[METRIC_FOLDERS], &overflows);
    values[METRIC_OVERFLOWS] = overflows;
    if (spool_count(c->spool, true, &quarantined, NULL) == WINNOW_OK)
        values[METRIC_IN_QUARANTINE] = quarantined;
    if (c->commit) {
        commit_counts(c->commit, &groups, &last_s);
        values[METRIC_COMMITS] = groups;
    }
    if (c->index)
        values[METRIC_DOCUMENTS] = indexer_documents(c->index);
}

void serve_metrics(struct coordinator *c)
{
    struct winnow_error err = {0};
    char *path = NULL;
    fill_gauges(c);
    if (asprintf(&path, "%s/state/metrics.prom", c->spool->path) < 0)
        return;
    const char *to = c->config.metrics ? c->config.metrics : path;
    if (metrics_write(&c->metrics, to, &err) != WINNOW_OK)
        notify_say(NOTIFY_WARNING, NULL, "%s", err.text);
    free(path);
}

static void tell_status(struct coordinator *c)
{
    const uint64_t *v = c->metrics.values;
    notify_status("%llu cleaned, %llu in quarantine, %zu in work%s",
                  (unsigned long long)v[METRIC_CLEANED],
                  (unsigned long long)v[METRIC_IN_QUARANTINE], (size_t)v[METRIC_IN_WORK],
                  c->is_full ? "; waiting for room on the disk" : "");
}

static void show_life(struct coordinator *c, uint64_t now)
{
    int every_ms = notify_watchdog_ms();
    if (every_ms < 0 || now < c->alive_due_ns)
        return;
    c->alive_due_ns = now + (uint64_t)every_ms * 1000000 / 3;
    if (!c->commit || commit_busy_s(c->commit) < STUCK_S)
        notify_alive();
}

void serve_regular(struct coordinator *c)
{
    uint64_t now = coordinator_now_ns();
    show_life(c, now);
    if (now < c->metrics_due_ns)
        return;
    c->metrics_due_ns = now + c->config.metrics_s * UINT64_C(1000000000);
    serve_metrics(c);
    tell_status(c);
}

/* --- winnow queue --------------------------------------------------------------------------------- */

static int on_status(void *ctx, FILE *answer, struct winnow_error *err)
{
    struct coordinator *c = ctx;
    (void)err;
    fill_gauges(c);
    metrics_print_lines(&c->metrics, answer);
    return WINNOW_OK;
}

static int on_flush(void *ctx, struct winnow_error *err)
{
    struct coordinator *c = ctx;
    struct job *job;
    (void)err;
    TAILQ_FOREACH(job, &c->lists[JOB_WAITING], link)
        job->due_ns = 0;
    watch_rescan(c->watch);
    c->look_now = true;
    c->space_due_ns = c->begin_due_ns = 0;
    return WINNOW_OK;
}

static int append_lines(void *ctx, const struct manifest_entry *entries, size_t count,
                        struct winnow_error *err)
{
    return commit_append(ctx, entries, count, err);
}

typedef int care_fn(const struct care *care, const uint64_t *ids, size_t count,
                    struct winnow_error *err);

struct counting {
    care_told_fn *told;
    void *ctx;
    uint64_t *counter;
};

static void count_told(void *ctx, uint64_t id, int status, const char *text)
{
    struct counting *n = ctx;
    *n->counter += status == WINNOW_OK;
    n->told(n->ctx, id, status, text);
}

static int take_care(struct coordinator *c, care_fn *run, uint64_t *counter, const uint64_t *ids,
                     size_t count, care_told_fn *told, void *told_ctx, struct winnow_error *err)
{
    if (!c->commit)
        return fault_set(err, WINNOW_EBUSY, "winnowd waits for its disk; try again later");
    struct counting counting = {told, told_ctx, counter};
    struct care care = {&c->care, append_lines, c->commit, count_told, &counting};
    return run(&care, ids, count, err);
}

static int on_retry(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                    void *told_ctx, struct winnow_error *err)
{
    struct coordinator *c = ctx;
    c->look_now = true;
    return take_care(c, spool_retry, &c->metrics.values[METRIC_RETRIED], ids, count, told, told_ctx,
                     err);
}

static int on_release(void *ctx, const uint64_t *ids, size_t count, care_told_fn *told,
                      void *told_ctx, struct winnow_error *err)
{
    struct coordinator *c = ctx;
    return take_care(c, spool_release, &c->metrics.values[METRIC_RELEASED], ids, count, told,
                     told_ctx, err);
}

const struct control_calls serve_control_calls = {
    .status = on_status,
    .flush = on_flush,
    .retry = on_retry,
    .release = on_release,
};
