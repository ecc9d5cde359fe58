// SPDX-License-Identifier: BSD-2-Clause
// The command line of `ramet run`. Every mistake gets one line on stderr.

#include "host/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/pv.h"
#include "abi/version.h"
#include "abi/window.h"
#include "host/kvm/platform.h"

#define MB            (UINT64_C(1) << 20)
#define DEFAULT_POOL  3 // QEMUs
#define DEFAULT_READY 4 // families
#define DEFAULT_SIZE  (64 * MB)
#define DEFAULT_STOP  10 // seconds, as container engines have it
#define STOP_MAX      86400
#define DEFAULT_PROCS 256

static const char usage[] =
    "usage: ramet run [options] IMAGE [ARGS...]\n"
    "       ramet run [options] --template FILE\n"
    "       ramet template [options] --until TEXT --output FILE IMAGE [ARGS...]\n"
    "       ramet serve [options] --template FILE --socket PATH\n"
    "Runs the first program of IMAGE; each of its processes is a VM. ARGS replace the image's "
    "default ones:\n"
    "what follows IMAGE is the program's, options too.\n"
    "  --mem SIZE          RAM of each VM (default 64M; K, M and G suffixes)\n"
    "  --window-size SIZE  memory the family shares: files, pipes, tables (default 64M)\n"
    "  --max-procs N       most processes at a time (default 256)\n"
    "  --exec PATH         start this program of the image instead of its first\n"
    "  --disk FILE[:ro]    a disk of every VM, /dev/vda and on (may be repeated, up to 4)\n"
    "  --env NAME=VALUE    add to the program's environment (may be repeated)\n"
    "  --trace[=proc,call,exit]  report on stderr what the VMs do (default proc)\n"
    "  --stop-timeout SECONDS  from SIGTERM or SIGINT, which the first program gets, to the "
    "family's\n"
    "                      end by force (default 10)\n"
    "  -q, --quiet         no line about what runs the VMs instead of KVM\n"
    "  --check-leaks       count what the family leaves behind in the window\n"
    "  --gdb PORT[:SLOT]   stop the VM in SLOT (default 1) for gdb: target remote :PORT\n"
    "                      (any user of this host can connect)\n"
    "  --vmm NAME          kvm, process (confined processes instead of VMs), qemu, or auto\n"
    "                      (default): the first of these that can be used here\n"
    "  --kvm FILE          KVM's device (default /dev/kvm)\n"
    "  --accel NAME        QEMU's accelerator: kvm, tcg, or auto (default)\n"
    "  --pool N            QEMUs kept ready for clones (default 3); 0: with KVM, no spare VMs "
    "either;\n"
    "                      of serve: families kept ready (default 4)\n"
    "  --template FILE     start from this template instead of an image, or as a client of the\n"
    "                      server whose socket it is\n"
    "  --until TEXT        (ramet template) save the VM when its first program has printed TEXT\n"
    "  --output FILE       (ramet template) and to this file\n"
    "  --socket PATH       (ramet serve) where clients connect\n"
    "  --help, --version   this text; which version\n"
    "Exit status: the program's (128 + n if signal n ended it); 2 if it could not be started.\n";

static int complain(const char *format, const char *what)
{
    fputs("ramet: ", stderr);
    fprintf(stderr, format, what);
    fputs("\n", stderr);
    return -1;
}

// A size with an optional suffix, between min and max, rounded up to 2 MB.
static int parse_size(const char *name, const char *text, uint64_t min, uint64_t max,
                      uint64_t *size)
{
    char *end;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10), unit = 1;
    if (*end == 'K' || *end == 'k')
        unit = 1024, end++;
    else if (*end == 'M' || *end == 'm')
        unit = MB, end++;
    else if (*end == 'G' || *end == 'g')
        unit = 1024 * MB, end++;
    // strtoull() takes a minus sign and wraps; `n * unit` cannot overflow once n has been compared
    // with max / unit.
    if (errno || *end || end == text || text[0] == '-' || n > max / unit || n * unit < min) {
        fprintf(stderr, "ramet: %s: '%s' is not a size between %lluM and %lluM\n", name, text,
                (unsigned long long)(min / MB), (unsigned long long)(max / MB));
        return -1;
    }
    *size = (n * unit + 2 * MB - 1) / (2 * MB) * (2 * MB);
    return 0;
}

static int parse_number(const char *name, const char *text, unsigned long min, unsigned long max,
                        unsigned long *number)
{
    char *end;
    errno = 0;
    *number = strtoul(text, &end, 10);
    if (errno || *end || end == text || text[0] == '-' || *number < min || *number > max) {
        fprintf(stderr, "ramet: %s: '%s' is no number from %lu to %lu\n", name, text, min, max);
        return -1;
    }
    return 0;
}

static int parse_word(const char *name, const char *text, const char *const *words, unsigned *which)
{
    for (*which = 0; words[*which]; ++*which)
        if (!strcmp(text, words[*which]))
            return 0;
    fprintf(stderr, "ramet: %s: '%s' is none of", name, text);
    for (; *words; words++)
        fprintf(stderr, " %s%s", *words, words[1] ? "," : "\n");
    return -1;
}

static int parse_trace(const char *list, uint32_t *trace)
{
    if (!list) {
        *trace |= TRACE_PROC;
        return 0;
    }
    char copy[64], *save = NULL;
    if (strlen(list) >= sizeof copy)
        return complain("--trace: '%s' is too long", list);
    strcpy(copy, list);
    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        if (!strcmp(word, "proc"))
            *trace |= TRACE_PROC;
        else if (!strcmp(word, "call"))
            *trace |= TRACE_CALL;
        else if (!strcmp(word, "exit"))
            *trace |= TRACE_EXIT;
        else
            return complain("--trace: '%s' is none of proc, call, exit", word);
    }
    return 0;
}

// PORT or PORT:SLOT. The slot of a VM is the number --trace shows.
static int parse_gdb(struct options *opt, char *arg)
{
    unsigned long port, slot = 1;
    char *colon = strchr(arg, ':');
    if (colon)
        *colon = 0;
    if (parse_number("--gdb", arg, 1, 65535, &port) < 0 ||
        (colon && parse_number("--gdb", colon + 1, 1, PV_MAX_SLOTS, &slot) < 0))
        return -1;
    opt->gdb_port = (int)port;
    opt->gdb_slot = (uint32_t)slot;
    return 0;
}

static int add_disk(struct options *opt, const char *arg)
{
    if (opt->ndisks == DISKS_MAX)
        return complain("--disk %s: a family has at most 4 disks", arg);
    opt->disks[opt->ndisks++] = arg;
    return 0;
}

// The list is ours, the strings are argv's or static; options_free() frees only the list.
static int add_env(struct options *opt, char *setting)
{
    size_t n = 0;
    if (!strchr(setting, '=') || setting[0] == '=')
        return complain("--env: '%s' is not NAME=VALUE", setting);
    while (opt->env && opt->env[n])
        n++;
    char **env = realloc(opt->env, (n + 2) * sizeof *env);
    if (!env)
        return complain("%s", "out of memory");
    env[n] = setting;
    env[n + 1] = NULL;
    opt->env = env;
    return 0;
}

// What a program can expect of its environment when nobody says otherwise. A setting of the same
// name by --env takes its place.
static int default_env(struct options *opt)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    static char home[] = "HOME=/";
    static char term_name[64];
    const char *term = getenv("TERM");
    snprintf(term_name, sizeof term_name, "TERM=%s", term ? term : "dumb");
    char *const defaults[] = {path, home, term_name};
    for (unsigned i = 0; i < 3; i++) {
        size_t name = strcspn(defaults[i], "=") + 1;
        int given = 0;
        for (char **e = opt->env; e && *e; e++)
            given |= !strncmp(*e, defaults[i], name);
        if (!given && add_env(opt, defaults[i]) < 0)
            return -1;
    }
    return 0;
}

enum {
    OPT_MEM = 256,
    OPT_WINDOW,
    OPT_PROCS,
    OPT_EXEC,
    OPT_DISK,
    OPT_ENV,
    OPT_TRACE,
    OPT_LEAKS,
    OPT_GDB,
    OPT_VMM,
    OPT_KVM,
    OPT_ACCEL,
    OPT_POOL,
    OPT_TEMPLATE,
    OPT_UNTIL,
    OPT_OUTPUT,
    OPT_SOCKET,
    OPT_STOP,
    OPT_VERSION,
    OPT_HELP
};

void options_print_version(void)
{
    printf("ramet %s\n", RAMET_VERSION);
}

static int parse_one(struct options *opt, int c, char *arg)
{
    static const char *const vmms[] = {"auto", "kvm", "process", "qemu", NULL};
    static const char *const accels[] = {"auto", "kvm", "tcg", NULL};
    unsigned long n = 0;
    unsigned word = 0;
    int r = 0;
    switch (c) {
    case OPT_MEM:
        return parse_size("--mem", arg, 16 * MB, PV_RAM_MAX, &opt->mem);
    case OPT_WINDOW:
        return parse_size("--window-size", arg, WINDOW_MIN_SIZE, PV_WINDOW_MAX, &opt->window_size);
    case OPT_PROCS:
        r = parse_number("--max-procs", arg, 1, PV_MAX_SLOTS, &n);
        opt->max_procs = (uint32_t)n;
        return r;
    case OPT_GDB:
        return parse_gdb(opt, arg);
    case OPT_EXEC:
        opt->exec_path = arg;
        return 0;
    case OPT_DISK:
        return add_disk(opt, arg);
    case OPT_ENV:
        return add_env(opt, arg);
    case OPT_TRACE:
        return parse_trace(arg, &opt->trace);
    case OPT_LEAKS:
        opt->check_leaks = 1;
        return 0;
    case OPT_VMM:
        return parse_word("--vmm", arg, vmms, &word) < 0 ? -1 : (opt->vmm = word, 0);
    case OPT_KVM:
        opt->kvm = arg;
        return 0;
    case OPT_ACCEL:
        r = parse_word("--accel", arg, accels, &word);
        opt->accel = r < 0 || word == 0 ? NULL : accels[word];
        return r;
    case OPT_POOL:
        r = parse_number("--pool", arg, 0, POOL_MAX, &n);
        opt->pool = (uint32_t)n;
        return r;
    case OPT_TEMPLATE:
        opt->template = arg;
        return 0;
    case OPT_UNTIL:
        opt->until = arg;
        return arg[0] ? 0 : complain("%s", "--until: no text");
    case OPT_OUTPUT:
        opt->output = arg;
        return 0;
    case OPT_SOCKET:
        opt->socket = arg;
        return 0;
    case OPT_STOP:
        r = parse_number("--stop-timeout", arg, 0, STOP_MAX, &n);
        opt->stop_timeout = (uint32_t)n;
        return r;
    case 'q':
        opt->quiet = 1;
        return 0;
    case OPT_VERSION:
        options_print_version();
        return 1;
    case OPT_HELP:
        fputs(usage, stdout);
        return 1;
    default:
        return complain("%s", "try 'ramet run --help'");
    }
}

// `ramet serve` and its options; their defaults.
static int check_serve(struct options *opt, int serve)
{
    if (serve && opt->until)
        return complain("%s", "--until and --output belong to 'ramet template'");
    if (serve != (opt->socket != NULL) || (serve && !opt->template))
        return complain("%s", serve ? "serve: --template and --socket are needed"
                                    : "--socket belongs to 'ramet serve'");
    if (serve && opt->pool < 1)
        return complain("%s", "serve: --pool: it must keep 1 family at least");
    opt->ready = opt->pool;
    if (serve)
        opt->pool = DEFAULT_POOL;
    return 0;
}

// What does not go together. `make`: the command is `ramet template`.
static int check_template(const struct options *opt, int make, int words)
{
    const int sized = opt->mem != DEFAULT_SIZE || opt->window_size != DEFAULT_SIZE ||
                      opt->max_procs != DEFAULT_PROCS;
    if (make != (opt->until != NULL) || make != (opt->output != NULL))
        return complain("%s", make ? "template: --until and --output are needed"
                                   : "--until and --output belong to 'ramet template'");
    if (!make && !opt->template)
        return 0;
    if (opt->ndisks || opt->gdb_port || opt->vmm == VMM_QEMU)
        return complain("%s", "a template cannot be combined with --disk, --gdb or --vmm=qemu");
    if (opt->template && (make || words || opt->exec_path || opt->env || sized))
        return complain("%s", "--template: image, arguments, environment and sizes are those it "
                              "was made with");
    return 0;
}

int options_parse(struct options *opt, int argc, char **argv)
{
    static const struct option known[] = {
        {"mem", required_argument, NULL, OPT_MEM},
        {"window-size", required_argument, NULL, OPT_WINDOW},
        {"max-procs", required_argument, NULL, OPT_PROCS},
        {"exec", required_argument, NULL, OPT_EXEC},
        {"disk", required_argument, NULL, OPT_DISK},
        {"env", required_argument, NULL, OPT_ENV},
        {"trace", optional_argument, NULL, OPT_TRACE},
        {"check-leaks", no_argument, NULL, OPT_LEAKS},
        {"gdb", required_argument, NULL, OPT_GDB},
        {"vmm", required_argument, NULL, OPT_VMM},
        {"kvm", required_argument, NULL, OPT_KVM},
        {"accel", required_argument, NULL, OPT_ACCEL},
        {"pool", required_argument, NULL, OPT_POOL},
        {"template", required_argument, NULL, OPT_TEMPLATE},
        {"until", required_argument, NULL, OPT_UNTIL},
        {"output", required_argument, NULL, OPT_OUTPUT},
        {"socket", required_argument, NULL, OPT_SOCKET},
        {"stop-timeout", required_argument, NULL, OPT_STOP},
        {"quiet", no_argument, NULL, 'q'},
        {"version", no_argument, NULL, OPT_VERSION},
        {"help", no_argument, NULL, OPT_HELP},
        {0},
    };
    int c, r;
    const int serve = !strcmp(argv[0], "serve"), make = !strcmp(argv[0], "template");
    *opt = (struct options){.kvm = "/dev/kvm",
                            .mem = DEFAULT_SIZE,
                            .window_size = DEFAULT_SIZE,
                            .max_procs = DEFAULT_PROCS,
                            .stop_timeout = DEFAULT_STOP,
                            .pool = serve ? DEFAULT_READY : DEFAULT_POOL};
    static char name[] = "ramet"; // of getopt's own complaints
    argv[0] = name;
    // "+": the first word that is no option is the image, what follows belongs to the program.
    while ((c = getopt_long(argc, argv, "+q", known, NULL)) != -1)
        if ((r = parse_one(opt, c, optarg)) != 0)
            return r;
        else
            opt->given++;
    if ((r = check_serve(opt, serve)) < 0)
        return r;
    if ((r = check_template(opt, make, optind < argc)) < 0)
        return r;
    if (opt->template)
        return 0; // it says the rest
    if (optind >= argc)
        return complain("%s", "no image given; try 'ramet run --help'");
    if (opt->vmm == VMM_KVM && opt->accel)
        return complain("--accel %s is for QEMU, not for --vmm kvm", opt->accel);
    opt->image = argv[optind];
    opt->args = argv + optind + 1;
    opt->nargs = argc - optind - 1;
    return default_env(opt);
}

void options_free(struct options *opt)
{
    free(opt->env);
    opt->env = NULL;
}
