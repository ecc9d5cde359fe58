// SPDX-License-Identifier: BSD-2-Clause
// timeout: 60
//
// Numbers to text and back when there is no memory left: the right digits, never an abort. And that
// small pieces can still be had from a large one that was freed.
#include <float.h>
#include <sys/resource.h>

#include "tests/guest/check.h"

static char text[9000];

static void numbers(const char *when)
{
    snprintf(text, sizeof text, "%.17g %g %e %.3f", 0.1, 1e300, DBL_MIN, 2.0 / 3);
    say("%s: %s", when, text);
    int n = snprintf(text, sizeof text, "%.60f", 1e-40);
    say("  60 places %d %s", n, text + 40);
    n = snprintf(text, sizeof text, "%.3000f", DBL_MAX);
    say("  3000 places %d %.20s", n, text);
    n = snprintf(text, sizeof text, "%.30Lg", LDBL_MAX);
    say("  long double %d %s", n, text);
    strcpy(text, "2.2250738585072011");
    memset(text + 18, '3', 7000);
    strcpy(text + 7018, "e-308");
    say("  strtod %.17g %.17g %.20Lg", strtod("1e23", NULL), strtod(text, NULL),
        strtold("1e-4000", NULL));
    double d = 0;
    n = sscanf("31415926535897932384626433832795028841971e-40", "%lf", &d);
    say("  sscanf %d %.17g", n, d);
}

// Takes all there is, in ever smaller pieces; keeps them in a list.
static void *take_all(void)
{
    void **list = NULL;
    for (size_t size = 1 << 20; size >= sizeof(void *); size /= 2)
        for (void **piece; (piece = malloc(size)); list = piece)
            *piece = list;
    return list;
}

int main(void)
{
    struct rlimit limit = {96 << 20, 96 << 20};
    NEED(setrlimit(RLIMIT_AS, &limit) == 0);
    void *large = malloc(300000);
    NEED(large);
    void **list = take_all();
    say("all taken %d", list != NULL && !malloc(100000));
    numbers("no memory");
    free(large);
    int small = 0;
    while (small < 1000 && malloc(100))
        small++;
    say("small pieces of a large one: %d", small);
    while (list) {
        void **next = *list;
        free(list);
        list = next;
    }
    numbers("memory again");
    return 0;
}
