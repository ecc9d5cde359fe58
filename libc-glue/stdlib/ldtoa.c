// SPDX-License-Identifier: BSD-2-Clause
// Digits of a floating-point number for printf: the fast way where it is exact.
//
// newlib, built for long doubles, converts every double as one, digit by digit in 16-bit pieces:
// some 6 us a number. A long double that is a double in value, as nearly all are, takes newlib's
// conversion of doubles instead, which gives the same digits. Neighbour: tools/build-newlib (the
// other name).
#include <reent.h>

char *_dtoa_r(struct _reent *re, double x, int mode, int digits, int *point, int *sign, char **end);
char *newlib_ldtoa_r(struct _reent *re, long double x, int mode, int digits, int *point, int *sign,
                     char **end);
char *_ldtoa_r(struct _reent *re, long double x, int mode, int digits, int *point, int *sign,
               char **end);

char *_ldtoa_r(struct _reent *re, long double x, int mode, int digits, int *point, int *sign,
               char **end)
{
    double d = (double)x;
    if ((long double)d == x) // not for NaN
        return _dtoa_r(re, d, mode, digits, point, sign, end);
    return newlib_ldtoa_r(re, x, mode, digits, point, sign, end);
}
