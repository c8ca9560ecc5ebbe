/* job.c - a claimed file on its way: made and freed. */
#include "job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job *job_create(uint64_t id, const char *path)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job || !(job->path = strdup(path))) {
        free(job);
        return NULL;
    }
    job->id = id;
    for (size_t i = 0; i < SPOOL_FILES; i++)
        job->files[i] = -1;
    return job;
}

void job_destroy(struct job *job)
{
    if (!job)
        return;
    for (size_t i = 0; i < SPOOL_FILES; i++)
        if (job->files[i] >= 0)
            close(job->files[i]);
    free(job->question.source);
    free(job->verdict.text);
    free(job->out);
    free(job->path);
    free(job);
}
