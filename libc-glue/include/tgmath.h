// SPDX-License-Identifier: BSD-2-Clause
// Mathematics by the type of the arguments (C11 7.25). newlib's takes every type for double with
// today's compilers; GCC has a builtin that chooses. (Clang brings a header of its own.)
#ifndef _TGMATH_H
#define _TGMATH_H

#include <complex.h>
#include <math.h>

// Real and complex arguments; NAME is the real functions'.
#define __TG_ALL(name, ...)                                                                        \
    __builtin_tgmath(name##f, name, name##l, c##name##f, c##name, c##name##l, __VA_ARGS__)
// A number that is no floating-point one counts as a double.
#define __TG_REAL(name, ...) __builtin_tgmath(name##f, name, name##l, __VA_ARGS__)

// Of real and complex numbers.
#define acos(x)   __TG_ALL(acos, x)
#define asin(x)   __TG_ALL(asin, x)
#define atan(x)   __TG_ALL(atan, x)
#define acosh(x)  __TG_ALL(acosh, x)
#define asinh(x)  __TG_ALL(asinh, x)
#define atanh(x)  __TG_ALL(atanh, x)
#define cos(x)    __TG_ALL(cos, x)
#define sin(x)    __TG_ALL(sin, x)
#define tan(x)    __TG_ALL(tan, x)
#define cosh(x)   __TG_ALL(cosh, x)
#define sinh(x)   __TG_ALL(sinh, x)
#define tanh(x)   __TG_ALL(tanh, x)
#define exp(x)    __TG_ALL(exp, x)
#define log(x)    __TG_ALL(log, x)
#define pow(x, y) __TG_ALL(pow, x, y)
#define sqrt(x)   __TG_ALL(sqrt, x)
#define fabs(x)   __builtin_tgmath(fabsf, fabs, fabsl, cabsf, cabs, cabsl, x)

// Of real numbers alone.
#define atan2(x, y)    __TG_REAL(atan2, x, y)
#define cbrt(x)        __TG_REAL(cbrt, x)
#define ceil(x)        __TG_REAL(ceil, x)
#define copysign(x, y) __TG_REAL(copysign, x, y)
#define erf(x)         __TG_REAL(erf, x)
#define erfc(x)        __TG_REAL(erfc, x)
#define exp2(x)        __TG_REAL(exp2, x)
#define expm1(x)       __TG_REAL(expm1, x)
#define fdim(x, y)     __TG_REAL(fdim, x, y)
#define floor(x)       __TG_REAL(floor, x)
#define fma(x, y, z)   __TG_REAL(fma, x, y, z)
#define fmax(x, y)     __TG_REAL(fmax, x, y)
#define fmin(x, y)     __TG_REAL(fmin, x, y)
#define fmod(x, y)     __TG_REAL(fmod, x, y)
#define frexp(x, e)    __TG_REAL(frexp, x, e)
#define hypot(x, y)    __TG_REAL(hypot, x, y)
#define ilogb(x)       __TG_REAL(ilogb, x)
#define ldexp(x, e)    __TG_REAL(ldexp, x, e)
#define lgamma(x)      __TG_REAL(lgamma, x)
#define llrint(x)      __TG_REAL(llrint, x)
#define llround(x)     __TG_REAL(llround, x)
#define log10(x)       __TG_REAL(log10, x)
#define log1p(x)       __TG_REAL(log1p, x)
#undef log2 // newlib's <math.h> has a macro of that name
#define log2(x)          __TG_REAL(log2, x)
#define logb(x)          __TG_REAL(logb, x)
#define lrint(x)         __TG_REAL(lrint, x)
#define lround(x)        __TG_REAL(lround, x)
#define nearbyint(x)     __TG_REAL(nearbyint, x)
#define nextafter(x, y)  __TG_REAL(nextafter, x, y)
#define nexttoward(x, y) __TG_REAL(nexttoward, x, y)
#define remainder(x, y)  __TG_REAL(remainder, x, y)
#define remquo(x, y, q)  __TG_REAL(remquo, x, y, q)
#define rint(x)          __TG_REAL(rint, x)
#define round(x)         __TG_REAL(round, x)
#define scalbn(x, n)     __TG_REAL(scalbn, x, n)
#define scalbln(x, n)    __TG_REAL(scalbln, x, n)
#define tgamma(x)        __TG_REAL(tgamma, x)
#define trunc(x)         __TG_REAL(trunc, x)

// Of complex numbers, which a real one is, too.
#define carg(z)  __builtin_tgmath(cargf, carg, cargl, z)
#define cimag(z) __builtin_tgmath(cimagf, cimag, cimagl, z)
#define conj(z)  __builtin_tgmath(conjf, conj, conjl, z)
#define cproj(z) __builtin_tgmath(cprojf, cproj, cprojl, z)
#define creal(z) __builtin_tgmath(crealf, creal, creall, z)

#endif
