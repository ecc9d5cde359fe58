// SPDX-License-Identifier: BSD-2-Clause
//
// The mathematics of long double: values to 16 digits, which the last bits of two libraries do not
// reach, and exact where C says so; complex numbers and <tgmath.h> as well.
#include <complex.h>
#include <fenv.h>
#include <math.h>
#include <tgmath.h>

#include "tests/guest/check.h"
#include "tests/guest/libc/random.h"

// glibc's compiler and ours agree on what a macro of <tgmath.h> calls.
#undef I
#define I _Complex_I

static const struct {
    const char *name;
    long double (*call)(long double);
} functions[] = {
#define F(name)                                                                                    \
    {                                                                                              \
#name, name##l                                                                             \
    }
    F(acos),  F(asin),  F(atan),   F(cos),    F(sin),   F(tan),   F(cosh),  F(sinh), F(tanh),
    F(exp),   F(exp2),  F(expm1),  F(log),    F(log10), F(log1p), F(log2),  F(sqrt), F(cbrt),
    F(acosh), F(asinh), F(atanh),  F(erf),    F(erfc),  F(ceil),  F(floor), F(rint), F(nearbyint),
    F(round), F(trunc), F(lgamma), F(tgamma), F(logb),  F(fabs),
};

static void one_argument(void)
{
    static const long double xs[] = {0.0L, -0.0L, 0.1L,  0.5L, 0.75L,     1.0L,  1.5L,
                                     2.5L, -2.5L, 10.0L, 30.L, 1234.567L, 1e-9L, -0.3L};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        char line[900];
        int n = sprintf(line, "%s:", functions[f].name);
        for (size_t i = 0; i < sizeof xs / sizeof *xs; i++) {
            long double y = functions[f].call(xs[i]);
            n += isnan(y) ? sprintf(line + n, " nan") : sprintf(line + n, " %.15Lg", y);
        }
        say("%s", line);
    }
}

static void special(void)
{
    static const long double xs[] = {INFINITY, -INFINITY, NAN};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        for (size_t i = 0; i < 3; i++) {
            long double y = functions[f].call(xs[i]);
            say("%s(%Lg) = %Lg", functions[f].name, fabsl(xs[i]), isnan(y) ? (long double)NAN : y);
        }
}

static void two_arguments(void)
{
    int e, q;
    long double whole;
    for (int i = 0; i < 40; i++) {
        long double x = ldexpl((long double)draw(), -60) - 4, y = ldexpl((long double)draw(), -62);
        say("%.15Lg %.15Lg %.15Lg %.15Lg", powl(fabsl(x), y), atan2l(x, y), hypotl(x, y),
            fmodl(x, y));
        say("%.18Lg %.18Lg %.18Lg %.18Lg", remainderl(x, y), fdiml(x, y), fmaxl(x, y), fminl(x, y));
        long double r = remquol(x, y, &q), m = frexpl(x, &e), f = modfl(x, &whole);
        say("%.18Lg %d %.18Lg %d %.18Lg %.18Lg", r, q & 7, m, e, f, whole);
        say("%.20Lg %.20Lg %.20Lg", nextafterl(x, y), nexttowardl(x, -y), fmal(x, y, -x * y));
        say("%.18g %.9g %.18Lg", nexttoward((double)x, y), nexttowardf((float)x, y),
            copysignl(x, -y));
        say("%ld %lld %ld %lld %d", lrintl(x), llrintl(x), lroundl(x), llroundl(x), ilogbl(x));
        say("%.18Lg %.18Lg %.18Lg", scalbnl(x, 5), scalblnl(x, -70), ldexpl(x, 20));
    }
}

static void show_complex(const char *name, long double complex z)
{
    say("%s %.13Lg %.13Lg", name, creall(z) + 0.0L, cimagl(z) + 0.0L);
}

static void complex_numbers(void)
{
    static const long double parts[] = {0.5L, -1.25L, 2.0L};
    for (int i = 0; i < 9; i++) {
        long double complex z = parts[i / 3] + parts[i % 3] * I;
        show_complex("cexp", cexpl(z));
        show_complex("clog", clogl(z));
        show_complex("csqrt", csqrtl(z));
        show_complex("csin", csinl(z));
        show_complex("ccos", ccosl(z));
        show_complex("ctan", ctanl(z));
        show_complex("csinh", csinhl(z));
        show_complex("ccosh", ccoshl(z));
        show_complex("ctanh", ctanhl(z));
        show_complex("casin", casinl(z));
        show_complex("cacos", cacosl(z));
        show_complex("catan", catanl(z));
        show_complex("casinh", casinhl(z));
        show_complex("cacosh", cacoshl(z));
        show_complex("catanh", catanhl(z));
        show_complex("cpow", cpowl(z, 1.5L + 0.5L * I));
        show_complex("conj", conjl(z));
        show_complex("cproj", cprojl(z));
        say("%.13Lg %.13Lg", cabsl(z), cargl(z));
    }
    double complex made = CMPLX(1.0, -0.0);
    say("%g %g", creal(made), copysign(1.0, cimag(made)));
}

static void generic(void)
{
    float f = 0.3f;
    long double l = 0.3L;
    double complex z = 0.3 + 0.4 * I;
    say("%zu %zu %zu %zu", sizeof sin(f), sizeof sin(0.3), sizeof sin(l), sizeof sin(z));
    say("%.6g %.15g %.18Lg", (double)sqrt(f), sqrt(0.3), sqrt(l));
    say("%.15Lg %.15g %.14g", pow(l, 2), pow(0.3, 2), creal(exp(z)));
}

int main(void)
{
    one_argument();
    special();
    two_arguments();
    complex_numbers();
    generic();
    return 0;
}
