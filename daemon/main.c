/* main.c - the program winnowd: its command line and its configuration. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"
#include "coordinator.h"
#include "fault.h"

#define CONFIG_FILE "/etc/winnow/winnowd.conf"

enum { SETS_MOST = 64 };

struct options {
    const char *file; /* NULL: CONFIG_FILE, if it is there */
    const char *spool;
    const char *sets[SETS_MOST];
    size_t nsets;
    bool check, print, once, help, version;
};

static void complain(const char *text)
{
    fprintf(stderr, "winnowd: %s\n", text);
}

/* --- the command line ------------------------------------------------------------------------- */

static const struct option longs[] = {
    {"config", required_argument, NULL, 'c'}, {"set", required_argument, NULL, 's'},
    {"check", no_argument, NULL, 'k'},        {"print", no_argument, NULL, 'p'},
    {"once", no_argument, NULL, 'o'},         {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},      {0},
};

static const char usage[] =
    "usage: winnowd [OPTION]... [SPOOL]\n\n"
    "Cleans the pages that are put into SPOOL/drop; clean text comes out in SPOOL/out.\n\n"
    "  -c, --config FILE           settings; default " CONFIG_FILE ", if it is there\n"
    "      --set NAME=VALUE        one setting, over those of the file\n"
    "      --check                 say what is wrong with the settings, and leave\n"
    "      --print                 write all settings with their values, and leave\n"
    "      --once                  leave when all that lies in drop/ is done\n"
    "  -h, --help                  this help\n"
    "      --version               this version, and its HTML parser\n\n"
    "signals: TERM ends what is begun and leaves, HUP reads settings and rules anew.\n"
    "exit codes: 0 done; 64 usage; 65 damage; 71 no memory, no box for the workers, or the spool\n"
    "cannot be one; 74 cannot be read or written; 75 another winnowd has the spool; 78 settings\n"
    "or rules.\n"
    "man winnowd and man winnowd.conf tell more.\n";

static int refuse(const char *word)
{
    fprintf(stderr, "winnowd: %s: no such option, or its value is missing; winnowd --help lists "
                    "them\n", word);
    return EX_USAGE;
}

static int read_options(int argc, char **argv, struct options *ret)
{
    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, ":c:hk", longs, NULL)) != -1;) {
        switch (found) {
        case 'c': ret->file = optarg; break;
        case 'k': ret->check = true; break;
        case 'p': ret->print = true; break;
        case 'o': ret->once = true; break;
        case 'h': ret->help = true; break;
        case 'v': ret->version = true; break;
        case 's':
            if (ret->nsets == SETS_MOST) {
                complain("too many --set; write them into a file");
                return EX_USAGE;
            }
            ret->sets[ret->nsets++] = optarg;
            break;
        default: return refuse(argv[optind - 1]);
        }
    }
    if (argc - optind > 1) {
        complain("one spool a winnowd; start another for the second (winnowd@.service does that)");
        return EX_USAGE;
    }
    ret->spool = argv[optind];
    return EX_OK;
}

/* --- the configuration -------------------------------------------------------------------------- */

static void tell(void *ctx, const char *file, unsigned line, const char *text)
{
    *(bool *)ctx = true;
    if (line > 0)
        fprintf(stderr, "winnowd: %s:%u: %s\n", file, line, text);
    else
        fprintf(stderr, "winnowd: %s: %s\n", file, text);
}

static int set_one(struct config *c, const char *word, struct winnow_error *err)
{
    const char *equals = strchr(word, '=');
    char *name = equals ? strndup(word, (size_t)(equals - word)) : NULL;
    if (!equals)
        return fault_set(err, WINNOW_EUSAGE, "--set %s: say --set NAME=VALUE", word);
    int status = name ? config_set(c, name, equals + 1, err) : fault_nomem(err);
    free(name);
    return status;
}

static int set_spool(struct config *c, const char *spool, struct winnow_error *err)
{
    char path[PATH_MAX], here[PATH_MAX];
    if (!*spool)
        return fault_set(err, WINNOW_EUSAGE, "the spool's name is empty; name a folder");
    if (*spool == '/')
        return config_set(c, "spool", spool, err);
    int n = getcwd(here, sizeof here) ? snprintf(path, sizeof path, "%s/%s", here, spool) : -1;
    if (n < 0 || (size_t)n >= sizeof path)
        return fault_set(err, WINNOW_EUSAGE, "%s: its path is too long; give an absolute one", spool);
    return config_set(c, "spool", path, err);
}

/* Command lines are read once, files as often as SIGHUP asks. */
static int read_config(void *ctx, struct config *ret)
{
    const struct options *o = ctx;
    struct winnow_error err = {0};
    const char *file = o->file ? o->file : access(CONFIG_FILE, F_OK) == 0 ? CONFIG_FILE : NULL;
    struct config c = {0};
    bool told = false; /* findings: err has the first of them again */
    int status = file ? config_read(file, tell, &told, &c, &err) : config_default(&c, &err);
    if (status != WINNOW_OK) {
        if (!told)
            complain(err.text);
        return status;
    }
    for (size_t i = 0; i < o->nsets && status == WINNOW_OK; i++)
        status = set_one(&c, o->sets[i], &err);
    if (status == WINNOW_OK && o->spool)
        status = set_spool(&c, o->spool, &err);
    if (status == WINNOW_OK) {
        *ret = c;
        return status;
    }
    complain(err.text);
    config_free(&c);
    return status;
}

/* What they say is for "winnow rules lint". */
static bool rules_are_there(const struct config *c)
{
    bool ret = true;
    for (size_t i = 0; i < c->rules.count; i++)
        if (access(c->rules.items[i], R_OK) != 0) {
            fprintf(stderr, "winnowd: %s: %s; name a rule file or a folder of them\n",
                    c->rules.items[i], strerror(errno));
            ret = false;
        }
    return ret;
}

/* --- running ---------------------------------------------------------------------------------------- */

static int exit_code_of(int status)
{
    static const int codes[] = {
        [WINNOW_OK] = EX_OK,         [WINNOW_ENOMEM] = EX_OSERR, [WINNOW_ELIMIT] = EX_DATAERR,
        [WINNOW_EDATA] = EX_DATAERR, [WINNOW_ERULES] = EX_CONFIG, [WINNOW_EIO] = EX_IOERR,
        [WINNOW_EUSAGE] = EX_OSERR,  [WINNOW_EBUSY] = EX_TEMPFAIL,
    };
    return status >= 0 && (size_t)status < sizeof codes / sizeof *codes ? codes[status]
                                                                        : EX_SOFTWARE;
}

static int end_output(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR;
}

static int serve(struct options *o, struct config *config)
{
    struct winnow_error err = {0};
    struct coordinator_start start = {
        .config = config, .reread = read_config, .ctx = o, .once = o->once};
    int status = coordinator_run(&start, &err);
    if (status != WINNOW_OK)
        complain(err.text);
    return exit_code_of(status);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct config config;
    int code = read_options(argc, argv, &o);
    if (code != EX_OK)
        return code;
    if (o.help) {
        fputs(usage, stdout);
        return end_output();
    }
    if (o.version) {
        printf("winnowd, %s (%s)\n", winnow_version(), winnow_parser());
        return end_output();
    }
    if (read_config(&o, &config) != WINNOW_OK)
        return EX_CONFIG;
    if (o.check && !rules_are_there(&config)) {
        config_free(&config);
        return EX_CONFIG;
    }
    if (!o.check && !o.print)
        return serve(&o, &config);
    if (o.print)
        config_print(&config, stdout);
    config_free(&config);
    return end_output();
}
