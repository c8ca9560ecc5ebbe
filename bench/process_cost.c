/* process_cost.c - what another process has cost so far: memory, and time of the processor. */
#include "process_cost.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void process_add_memory(pid_t pid, struct memory *ret)
{
    char path[320], line[256];
    double kib;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "Pss: %lf", &kib) == 1)
            ret->pss += kib / 1024;
        if (sscanf(line, "Pss_Anon: %lf", &kib) == 1)
            ret->own += kib / 1024;
    }
    if (f)
        fclose(f);
}

/* Of a thread, or of the main thread of a process. */
static double thread_ms(pid_t pid, const char *thread)
{
    char path[320];
    double ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, thread);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%lf", &ns) != 1)
        ns = 0;
    if (f)
        fclose(f);
    return ns / 1e6;
}

/* Of the threads that are not the main one. */
double process_others_ms(pid_t pid)
{
    char path[320];
    double ret = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.' && atoi(e->d_name) != (int)pid)
            ret += thread_ms(pid, e->d_name);
    if (d)
        closedir(d);
    return ret;
}

double process_main_ms(pid_t pid)
{
    char name[32];
    snprintf(name, sizeof name, "%d", (int)pid);
    return thread_ms(pid, name);
}

/* Of the children that a process has waited for. */
double process_children_ms(pid_t pid)
{
    char path[320];
    double user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lf %lf",
                    &user, &system) != 2)
        user = system = 0;
    if (f)
        fclose(f);
    return 1000 * (user + system) / (double)sysconf(_SC_CLK_TCK);
}
