// SPDX-License-Identifier: BSD-2-Clause
//
// The C library's command lines: 600 pseudo-random ones through getopt(), getopt_long() and
// getopt_long_only() with every kind of option string; what is returned and where operands end up.
#include "tests/guest/check.h"
#include <getopt.h>

static const struct option longs[] = {
    {"alpha", no_argument, NULL, 'a'},       {"beta", required_argument, NULL, 'b'},
    {"gamma", optional_argument, NULL, 'g'}, {"alp", no_argument, NULL, 1000},
    {"begin", no_argument, NULL, 1001},      {"x", required_argument, NULL, 1002},
    {"epsilon-x", no_argument, NULL, 1003},  {"epsilon-y", no_argument, NULL, 1004},
    {"epsilon", no_argument, NULL, 1005},    {NULL, 0, NULL, 0},
};
static const char *const words[] = {
    "-a",      "-b",        "-c",        "-ab",   "-bfoo",       "--alpha", "--beta",    "--beta=3",
    "--gam",   "-",         "--gamma=9", "--al",  "--be",        "--zeta",  "--alpha=1", "--",
    "operand", "-d",        "-alpha",    "-db",   "-x",          "-gq",     "-g",        "--x=1",
    "-abc",    "two words", "--epsilon", "--eps", "--epsilon-y",
};
static const char *const options[] = {"ab:cd", "+ab:cd", "-ab:cd", ":ab:cd", "ab:g::"};

static unsigned draw(unsigned n)
{
    static unsigned long state = 7;
    state = state * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(state >> 33) % n;
}

// One letter per call, then the order the words are left in.
static void parse(int kind, int argc, char **argv, const char *opts)
{
    char out[512];
    int n = 0, c;
    optind = 0;
    opterr = 0;
    for (int i = 0; i < 30; i++) {
        int at = -1;
        if (kind == 0)
            c = getopt(argc, argv, opts);
        else if (kind == 1)
            c = getopt_long(argc, argv, opts, longs, &at);
        else
            c = getopt_long_only(argc, argv, opts, longs, &at);
        if (c < 0)
            break;
        n += snprintf(out + n, sizeof out - (size_t)n, " %d", c);
        if (c == '?' || c == ':')
            n += snprintf(out + n, sizeof out - (size_t)n, "(%d)", optopt);
        if (optarg)
            n += snprintf(out + n, sizeof out - (size_t)n, "=%s", optarg);
        if (at >= 0)
            n += snprintf(out + n, sizeof out - (size_t)n, "@%d", at);
    }
    n += snprintf(out + n, sizeof out - (size_t)n, " | %d", optind);
    for (int i = 1; i < argc; i++)
        n += snprintf(out + n, sizeof out - (size_t)n, " %s", argv[i]);
    say("%d \"%s\":%s", kind, opts, out);
}

int main(void)
{
    for (int round = 0; round < 600; round++) {
        char *argv[9] = {"program"};
        int argc = 1, more = (int)draw(8);
        while (more-- > 0)
            argv[argc++] = (char *)words[draw(sizeof words / sizeof *words)];
        parse((int)draw(3), argc, argv, options[draw(5)]);
    }
    return 0;
}
