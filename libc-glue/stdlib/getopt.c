// SPDX-License-Identifier: BSD-2-Clause
// Command lines: getopt(), getopt_long(), getopt_long_only(), with the meaning and the messages of
// Linux: operands move behind the options unless "+" or POSIXLY_CORRECT forbids it.
//
// newlib's takes a lone "-" (standard input to most programs) for an option. Replaced whole: every
// symbol of its getopt.o is defined here.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *optarg;
// POSIX's variables; optreset is BSD's. Programs set optind to 0 or 1 to scan another list: with 1
// CLUSTER may still point into the old one, unless that was read to its end.
int optind = 1, opterr = 1, optopt = '?', optreset;

static char *cluster; // rest of the "-abc" being read in argv[optind], or NULL
static int skipped;   // operands that lie between argv[optind] and the arguments not yet looked at

struct scan { // one call's parameters
    int argc;
    char **argv;
    const char *options; // without its leading flags
    const struct option *longs;
    int *index;
    int only;  // long options also after one '-'
    int quiet; // ":" first: no messages, a missing argument is ':'
};

// A lone "-" is an operand: standard input to most programs (XBD 12.2, guideline 13).
static int is_option(const char *arg)
{
    return arg[0] == '-' && arg[1];
}

// Moves argv[from] down to argv[to]; what is between goes up by one.
static void pull_argument(char **argv, int from, int to)
{
    char *arg = argv[from];
    for (int i = from; i > to; i--)
        argv[i] = argv[i - 1];
    argv[to] = arg;
}

// The argument after the current option, pulled over the skipped operands; NULL if there is none.
// OPTIND is already behind the option.
static char *next_arg(struct scan *s)
{
    if (optind + skipped >= s->argc)
        return NULL;
    pull_argument(s->argv, optind + skipped, optind);
    return s->argv[optind++];
}

// On standard error, by the program's name as it was called; opterr or a ":" in front turn it off.
static int complain(struct scan *s, const char *format, const char *what)
{
    if (opterr && !s->quiet) {
        fprintf(stderr, "%s: ", s->argv[0]);
        fprintf(stderr, format, what);
        fputc('\n', stderr);
    }
    return '?';
}

// A caller that asked for silence is told the two errors apart: ':' and '?' (XSH getopt()).
static int missing(struct scan *s, const char *format, const char *what)
{
    complain(s, format, what);
    return s->quiet ? ':' : '?';
}

static int long_option(struct scan *s, char *word, char *name);

// "W;" among the letters: -W foo, -Wfoo are --foo. REST is what follows the letter in its word.
static int long_behind_w(struct scan *s, char *rest)
{
    char *name = cluster ? rest : next_arg(s);
    cluster = NULL;
    if (!name)
        return missing(s, "option requires an argument -- '%s'", "W");
    if (name != rest)
        optind--; // long_option() goes behind the word itself
    return long_option(s, name, name);
}

static int short_option(struct scan *s)
{
    char text[2] = {*cluster++, '\0'};
    const char *spec = text[0] == ':' ? NULL : strchr(s->options, text[0]);
    // XSH getopt(): for the caller's own message.
    optopt = text[0];
    char *rest = cluster;
    if (!*rest) {
        cluster = NULL;
        optind++;
    }
    if (!spec)
        return complain(s, "invalid option -- '%s'", text);
    if (s->longs && text[0] == 'W' && spec[1] == ';')
        return long_behind_w(s, rest);
    if (spec[1] != ':')
        return text[0];
    // The rest of this word is the argument, else (unless it is optional) the next word.
    if (cluster) {
        optarg = rest;
        cluster = NULL;
        optind++;
    } else if (spec[2] != ':' && !(optarg = next_arg(s))) {
        return missing(s, "option requires an argument -- '%s'", text);
    }
    return text[0];
}

// The long option NAME (LEN bytes) names: exactly, or as the only one it abbreviates. Several that
// mean the same are no ambiguity. -1: none, -2: more than one.
static int find_long(const struct option *longs, const char *name, size_t len)
{
    int found = -1;
    for (int i = 0; longs[i].name; i++) {
        if (strncmp(longs[i].name, name, len) != 0)
            continue;
        if (longs[i].name[len] == '\0')
            return i;
        if (found == -1)
            found = i;
        else if (found == -2)
            continue;
        else if (longs[i].has_arg != longs[found].has_arg || longs[i].flag != longs[found].flag ||
                 longs[i].val != longs[found].val)
            found = -2; // but for an exact name, which may come yet
    }
    return found;
}

// Names every option that begins with NAME (LEN bytes), written with the dashes of WORD.
static int ambiguous(struct scan *s, const char *word, const char *name, size_t len)
{
    int dashes = (int)(name - word);
    if (!opterr || s->quiet)
        return '?';
    fprintf(stderr, "%s: option '%s' is ambiguous; possibilities:", s->argv[0], word);
    for (const struct option *o = s->longs; o->name; o++)
        if (strncmp(o->name, name, len) == 0)
            fprintf(stderr, " '%.*s%s'", dashes, word, o->name);
    fputc('\n', stderr);
    return '?';
}

// WORD is the argument with its dashes, NAME the same without. OPTIND is still at it.
static int long_option(struct scan *s, char *word, char *name)
{
    size_t len = strcspn(name, "=");
    int i = find_long(s->longs, name, len);
    optind++;
    optopt = 0;
    if (i == -2)
        return ambiguous(s, word, name, len);
    if (i < 0)
        return complain(s, "unrecognized option '%s'", word);
    const struct option *o = &s->longs[i];
    char full[64];
    snprintf(full, sizeof full, "%.*s%s", (int)(name - word), word, o->name);
    if (name[len] == '=') {
        if (o->has_arg == no_argument) {
            optopt = o->val;
            return complain(s, "option '%s' doesn't allow an argument", full);
        }
        optarg = name + len + 1;
    } else if (o->has_arg == required_argument && !(optarg = next_arg(s))) {
        optopt = o->val;
        return missing(s, "option '%s' requires an argument", full);
    }
    if (s->index)
        *s->index = i;
    if (!o->flag)
        return o->val;
    *o->flag = o->val;
    return 0;
}

// argv[optind] is an option: reads its first letter or its name.
static int read_option(struct scan *s)
{
    char *word = s->argv[optind];
    if (s->longs && word[1] == '-')
        return long_option(s, word, word + 2);
    // With getopt_long_only a short option wins only if no long one begins like that.
    if (s->longs && s->only && (word[2] || !strchr(s->options, word[1]))) {
        int i = find_long(s->longs, word + 1, strcspn(word + 1, "="));
        if (i != -1 || !strchr(s->options, word[1]))
            return long_option(s, word, word + 1);
    }
    cluster = word + 1;
    return short_option(s);
}

// Returns what getopt() returns: a letter, 1 for an operand with "-" first, -1 at the end, and then
// optind is at the first operand.
static int scan(struct scan *s)
{
    enum { PERMUTE, STOP, IN_ORDER } mode = getenv("POSIXLY_CORRECT") ? STOP : PERMUTE;
    if (*s->options == '+' || *s->options == '-')
        mode = *s->options++ == '+' ? STOP : IN_ORDER;
    s->quiet = *s->options == ':';
    if (optind == 0 || optreset) { // a new command line: GNU's and BSD's ways to say so
        optind = optind ? optind : 1;
        optreset = 0;
        cluster = NULL;
    }
    optarg = NULL;
    if (cluster && *cluster)
        return short_option(s);
    skipped = 0;
    int at = optind;
    // GNU's order: options are looked for behind operands, which move behind them one call at a
    // time.
    if (mode == PERMUTE)
        while (at < s->argc && !is_option(s->argv[at]))
            at++;
    if (at >= s->argc || !s->argv[at])
        return -1;
    if (!is_option(s->argv[at])) {
        if (mode == STOP)
            return -1;
        optarg = s->argv[optind++];
        return 1;
    }
    skipped = at - optind;
    pull_argument(s->argv, at, optind);
    // Already in front of the operands it was found behind: what follows it is operands, too.
    if (!strcmp(s->argv[optind], "--")) {
        optind++;
        return -1;
    }
    return read_option(s);
}

// argv[] is reordered, in spite of its const: POSIX allows none of that, Linux does it unless
// POSIXLY_CORRECT is set.
int getopt(int argc, char *const argv[], const char *options)
{
    struct scan s = {.argc = argc, .argv = (char **)argv, .options = options};
    return scan(&s);
}

// *INDEX is written only when a long option was found.
int getopt_long(int argc, char *const argv[], const char *options, const struct option *longs,
                int *index)
{
    struct scan s = {argc, (char **)argv, options, longs, index, 0, 0};
    return scan(&s);
}

int getopt_long_only(int argc, char *const argv[], const char *options, const struct option *longs,
                     int *index)
{
    struct scan s = {argc, (char **)argv, options, longs, index, 1, 0};
    return scan(&s);
}
