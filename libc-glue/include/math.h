// SPDX-License-Identifier: BSD-2-Clause
// newlib's <math.h> with the mathematics of long double, which it declares only where a long double
// is a double. They are musl's (tools/build-musl).
#ifndef _RAMET_MATH_H
#define _RAMET_MATH_H

#include_next <math.h>

_BEGIN_STD_C
// Of one argument.
long double acoshl(long double), acosl(long double), asinhl(long double), asinl(long double),
    atanhl(long double), atanl(long double), cbrtl(long double), ceill(long double),
    coshl(long double), cosl(long double), erfcl(long double), erfl(long double),
    exp2l(long double), expl(long double), expm1l(long double), fabsl(long double),
    floorl(long double), lgammal(long double), log10l(long double), log1pl(long double),
    log2l(long double), logbl(long double), logl(long double), nearbyintl(long double),
    rintl(long double), roundl(long double), sinhl(long double), sinl(long double),
    tanhl(long double), tanl(long double), tgammal(long double), truncl(long double);

// Of two.
long double atan2l(long double, long double), copysignl(long double, long double),
    fdiml(long double, long double), fmaxl(long double, long double),
    fminl(long double, long double), fmodl(long double, long double),
    nextafterl(long double, long double), nexttowardl(long double, long double),
    powl(long double, long double), remainderl(long double, long double);

// Of others.
long double fmal(long double, long double, long double);
long double frexpl(long double, int *);
int ilogbl(long double);
long double ldexpl(long double, int);
long long llrintl(long double);
long long llroundl(long double);
long lrintl(long double);
long lroundl(long double);
long double modfl(long double, long double *);
long double nanl(const char *);
double nexttoward(double, long double);
float nexttowardf(float, long double);
long double remquol(long double, long double, int *);
long double scalblnl(long double, long);
long double scalbnl(long double, int);
// GNU's, and the constants to a long double's last bit and beyond.
#if __GNU_VISIBLE
long double exp10l(long double);
long double lgammal_r(long double, int *);
long double pow10l(long double);
void sincosl(long double, long double *, long double *);

#define M_El        2.718281828459045235360287471352662498L
#define M_LOG2El    1.442695040888963407359924681001892137L
#define M_LOG10El   0.434294481903251827651128918916605082L
#define M_LN2l      0.693147180559945309417232121458176568L
#define M_LN10l     2.302585092994045684017991454684364208L
#define M_PIl       3.141592653589793238462643383279502884L
#define M_PI_2l     1.570796326794896619231321691639751442L
#define M_PI_4l     0.785398163397448309615660845819875721L
#define M_1_PIl     0.318309886183790671537767526745028724L
#define M_2_PIl     0.636619772367581343075535053490057448L
#define M_2_SQRTPIl 1.128379167095512573896158903121545172L
#define M_SQRT2l    1.414213562373095048801688724209698079L
#define M_SQRT1_2l  0.707106781186547524400844362104849039L
#endif
_END_STD_C

#endif
