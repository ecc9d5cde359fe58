// SPDX-License-Identifier: BSD-2-Clause
// newlib's <complex.h> with the functions of long double, which it has and does not declare, and
// C11's macros.
#ifndef _RAMET_COMPLEX_H
#define _RAMET_COMPLEX_H

#include_next <complex.h>

// Multiplication by I would lose the sign of a zero and make infinities NaNs.
#define CMPLX(x, y)  __builtin_complex((double)(x), (double)(y))
#define CMPLXF(x, y) __builtin_complex((float)(x), (float)(y))
#define CMPLXL(x, y) __builtin_complex((long double)(x), (long double)(y))

__BEGIN_DECLS
long double complex cacoshl(long double complex);
long double complex cacosl(long double complex);
long double complex casinhl(long double complex);
long double complex catanhl(long double complex);
long double complex ccoshl(long double complex);
long double complex ccosl(long double complex);
long double complex cexpl(long double complex);
long double complex conjl(long double complex);
long double complex cpowl(long double complex, long double complex);
long double complex cprojl(long double complex);
long double complex csinhl(long double complex);
long double complex csinl(long double complex);
long double complex ctanhl(long double complex);
long double complex ctanl(long double complex);
__END_DECLS

#endif
