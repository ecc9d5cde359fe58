// SPDX-License-Identifier: BSD-2-Clause
//
// Floating-point numbers as text, every digit of them: doubles of all sizes, which take the C
// library's short way, and long doubles that are no double, which must not.
#include "tests/guest/check.h"
#include <float.h>
#include <math.h>

static unsigned long long state = 88172645463325252ull;

static unsigned long long draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double any_double(void)
{
    union {
        unsigned long long bits;
        double value;
    } u;
    do
        u.bits = draw();
    while (!isfinite(u.value));
    return u.value;
}

int main(void)
{
    static const double edges[] = {
        0.0,  -0.0, 1.0,   0.1,     0.5,     1.5,     2.5,    1e15,
        1e16, 1e17, 9.995, 99999.5, DBL_MIN, DBL_MAX, 5e-324,
    };
    for (unsigned i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        double x = edges[i];
        say("%g|%e|%.0f|%.17g", x, x, x, x);
    }
    for (int i = 0; i < 400; i++) {
        double x = any_double(), small = (double)(long long)draw() / (double)(1ull << (i % 60));
        say("%.17g|%g|%.3e", x, x, x);
        say("%.0f|%.1f|%10.3f|%-12.6g|%+.9e", small, small, small, small, small);
    }
    for (int i = 0; i < 50; i++) {
        long double x = (long double)(long long)draw() / 3.0L;
        say("%.19Lg|%.0Lf|%Le", x, x, x);
    }
    say("%f %F %e %g %G", NAN, INFINITY, -INFINITY, -NAN, INFINITY);
    return 0;
}
