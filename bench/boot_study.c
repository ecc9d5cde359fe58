// SPDX-License-Identifier: BSD-2-Clause
// Starts many instances of any command and records when each was started and ready, and what
// memory did meanwhile: the measurement behind published boot-time and density studies of library
// operating systems. docs/performance.md says how to read the result, study.h who its parts are.
//
// First comes a warm-up of a few instances, one after the other: caches are warm, and what one
// instance takes is known. The number of instances is bounded by that.

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bench/stats.h"
#include "bench/study.h"

#define DEFAULT_WARM_UP    4u
#define DEFAULT_TIMEOUT_NS (60 * NS_PER_S)
#define DEFAULT_SAMPLE_NS  (5 * NS_PER_MS)
#define MIN_SAMPLE_NS      (NS_PER_MS / 2)
#define DEFAULT_HOLD_NS    (100 * NS_PER_MS)
#define KEEP_FREE_SHARE    8u // of all memory, without --keep-free
#define MIN_EACH_KB        64u
#define KERNEL_KB          4096u // page tables, pipes, a VM of KVM
#define STATUS_USAGE       2
#define STATUS_INTERRUPTED 130

static const char help[] =
    "usage: boot_study --n N [options] -- COMMAND [ARGS...]\n"
    "Starts N instances of COMMAND, each of which prints a text when it is up and stays.\n"
    "  --ready TEXT        what it prints (default: ready)\n"
    "  --interval TIME     start one every TIME (default: back to back, as --concurrency allows)\n"
    "  --concurrency N     at most N started and not yet ready (default: no bound)\n"
    "  --timeout TIME      not ready after that: failed (default 60s)\n"
    "  --sample TIME       between two memory samples (default 5ms, least 0.5ms)\n"
    "  --hold TIME         go on sampling after all are ready (default 100ms); with 0ms memory is "
    "not\n"
    "                      given time to settle either, and figures of it are rough\n"
    "  --warm-up N         instances before the clock starts (default 4, 0 for none)\n"
    "  --keep-free MB      stop starting when less memory is available (default: 1/8 of all)\n"
    "  --name NAME         of the subject, for messages and files\n"
    "  --out PREFIX        write PREFIX.csv and PREFIX.memory.csv; a complete one is not repeated\n"
    "  --again             repeat it all the same\n"
    "TIME is a number with the unit us, ms or s. Exit status: 0; 1 if an instance failed; 2 for a\n"
    "mistake in the command line; 130 after ^C. The instances are ended in every case.\n";

enum {
    OPT_N = 256,
    OPT_READY,
    OPT_INTERVAL,
    OPT_CONCURRENCY,
    OPT_TIMEOUT,
    OPT_SAMPLE,
    OPT_HOLD,
    OPT_WARM_UP,
    OPT_KEEP_FREE,
    OPT_NAME,
    OPT_OUT,
    OPT_AGAIN,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"n", required_argument, NULL, OPT_N},
    {"ready", required_argument, NULL, OPT_READY},
    {"interval", required_argument, NULL, OPT_INTERVAL},
    {"concurrency", required_argument, NULL, OPT_CONCURRENCY},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"sample", required_argument, NULL, OPT_SAMPLE},
    {"hold", required_argument, NULL, OPT_HOLD},
    {"warm-up", required_argument, NULL, OPT_WARM_UP},
    {"keep-free", required_argument, NULL, OPT_KEEP_FREE},
    {"name", required_argument, NULL, OPT_NAME},
    {"out", required_argument, NULL, OPT_OUT},
    {"again", no_argument, NULL, OPT_AGAIN},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static void refuse(const char *what, const char *value)
{
    fprintf(stderr, "boot_study: %s%s (--help says more)\n", what, value);
    exit(STATUS_USAGE);
}

static uint64_t parse_time(const char *text)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char *end;
    double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (end != text && strcmp(end, units[i].name) == 0 && value >= 0 && value < 1e6)
            return (uint64_t)(value * units[i].ns);
    refuse("no time with a unit: ", text);
    return 0;
}

static unsigned parse_number(const char *text, unsigned least, unsigned most)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < least || value > most)
        refuse("not a number in range: ", text);
    return (unsigned)value;
}

static void take_option(struct options *o, int option)
{
    switch (option) {
    case OPT_N:
        o->n = parse_number(optarg, 1, N_MAX);
        break;
    case OPT_READY:
        o->ready = optarg;
        if (!*optarg || strlen(optarg) > READY_MAX)
            refuse("--ready: 1 to 100 characters: ", optarg);
        break;
    case OPT_INTERVAL:
        o->interval_ns = parse_time(optarg);
        break;
    case OPT_CONCURRENCY:
        o->concurrency = parse_number(optarg, 1, N_MAX);
        break;
    case OPT_TIMEOUT:
        o->timeout_ns = parse_time(optarg);
        break;
    case OPT_SAMPLE:
        o->sample_ns = parse_time(optarg);
        if (o->sample_ns < MIN_SAMPLE_NS)
            refuse("--sample: at least 0.5ms: ", optarg);
        break;
    case OPT_HOLD:
        o->hold_ns = parse_time(optarg);
        break;
    case OPT_WARM_UP:
        o->warm_up = parse_number(optarg, 0, N_MAX);
        break;
    case OPT_KEEP_FREE:
        o->keep_free_kb = (uint64_t)parse_number(optarg, 0, 1u << 30) * 1024;
        break;
    case OPT_NAME:
        o->name = optarg;
        break;
    case OPT_OUT:
        o->out = optarg;
        break;
    case OPT_AGAIN:
        o->again = true;
        break;
    case OPT_HELP:
        fputs(help, stdout);
        exit(0);
    default:
        exit(STATUS_USAGE); // getopt has said why
    }
}

static struct options parse(int argc, char **argv)
{
    struct options o = {
        .ready = "ready",
        .concurrency = N_MAX,
        .warm_up = DEFAULT_WARM_UP,
        .timeout_ns = DEFAULT_TIMEOUT_NS,
        .sample_ns = DEFAULT_SAMPLE_NS,
        .hold_ns = DEFAULT_HOLD_NS,
        .keep_free_kb = memory_total_kb() / KEEP_FREE_SHARE,
    };
    int option;
    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1)
        take_option(&o, option);
    o.argv = argv + optind;
    if (!o.n || !*o.argv)
        refuse("--n and a command are needed", "");
    if (!o.name)
        o.name = o.argv[0];
    return o;
}

// What one more instance will take. The fall of MemAvailable knows the kernel's share, but other
// programs move it too, so it counts only as far as the instance's own memory makes it plausible.
static uint64_t estimate_kb(const struct study *study, unsigned n)
{
    uint64_t fallen =
        study->before_kb > study->during_kb ? (study->before_kb - study->during_kb) / n : 0;
    uint64_t most = study->pss_kb + KERNEL_KB;
    uint64_t each = fallen < most ? fallen : most;
    return each > study->pss_kb + MIN_EACH_KB ? each : study->pss_kb + MIN_EACH_KB;
}

// A few instances before the clock starts. Sets each_kb: what one more will take.
static int warm_up(const struct options *options, uint64_t *each_kb, bool *interrupted)
{
    struct options o = *options;
    struct study study = {.quiet = true};
    o.concurrency = 1;
    o.interval_ns = 0;
    int r = study_run(&study, &o, o.warm_up);
    if (r < 0)
        return r;
    *each_kb = estimate_kb(&study, o.warm_up);
    *interrupted = study.interrupted;
    if (!study.interrupted && study.failed == study.started)
        r = study.started ? -ENOEXEC : -ENOMEM;
    study_free(&study);
    return r;
}

// As many as there is memory for.
static unsigned affordable(const struct options *o, uint64_t each_kb)
{
    uint64_t available = memory_available_kb();
    uint64_t room = available > o->keep_free_kb ? (available - o->keep_free_kb) / each_kb : 0;
    if (room >= o->n)
        return o->n;
    fprintf(stderr,
            "boot_study: %s: %u of %u instances: each takes %.1f MB, %.0f MB are available and "
            "%.0f MB stay free\n",
            o->name, (unsigned)room, o->n, (double)each_kb / 1024, (double)available / 1024,
            (double)o->keep_free_kb / 1024);
    return (unsigned)room;
}

static void raise_limits(void)
{
    struct rlimit limit;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int fail(const struct options *o, int error)
{
    if (error == -ENOEXEC)
        fprintf(stderr, "boot_study: %s: no instance became ready in the warm-up\n", o->name);
    else
        fprintf(stderr, "boot_study: %s: %s\n", o->name, strerror(-error));
    return 1;
}

int main(int argc, char **argv)
{
    int r = memory_open();
    if (r < 0)
        refuse("/proc/meminfo: ", strerror(-r));
    struct options o = parse(argc, argv);
    struct study study = {0};
    bool interrupted = false;
    if (!o.again && write_is_complete(&o)) {
        printf("%-22s %s.csv is complete\n", o.name, o.out);
        return 0;
    }
    raise_limits();
    if (o.warm_up && (r = warm_up(&o, &study.each_kb, &interrupted)) < 0)
        return fail(&o, r);
    if (interrupted)
        return STATUS_INTERRUPTED;
    unsigned n = o.warm_up ? affordable(&o, study.each_kb) : o.n;
    if (n == 0)
        return 1;
    study.bounded = n < o.n;
    if ((r = study_run(&study, &o, n)) < 0)
        return fail(&o, r);
    if (study.interrupted) {
        fprintf(stderr, "boot_study: %s: interrupted after %u instances\n", o.name, study.started);
        return STATUS_INTERRUPTED;
    }
    write_summary(&study);
    if (o.out && (r = write_csv(&study)) < 0)
        return fail(&o, r);
    int status = study.failed ? 1 : 0;
    study_free(&study);
    return status;
}
