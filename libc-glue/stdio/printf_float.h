// SPDX-License-Identifier: BSD-2-Clause
// What the decimal and the hexadecimal form of floating-point numbers share. See printf_float.c.
#ifndef RAMET_GLUE_PRINTF_FLOAT_H
#define RAMET_GLUE_PRINTF_FLOAT_H

#include "libc-glue/stdio/printf.h"
#include "libc-glue/stdlib/bignum.h"

// The field of the x87 control word (Intel SDM vol. 1, 8.1.5.3).
enum { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_TO_ZERO };

// The direction that is in force, one of ROUND_*.
int __float_rounding(void);

// Whether a number is rounded away from zero whose last digit kept is ODD and of which REST is
// left: 0 nothing, 1 less than half of a last digit, 2 half, 3 more.
int __float_rounds_up(int minus, int odd, int rest);
// '-', or what the flags want in its place, at TO. Returns 1 or 0 characters.
size_t __float_sign(const struct spec *spec, int minus, char *to);

// LETTER, the sign and at least LEAST digits of EXPONENT at TO. Returns the length.
size_t __float_exponent(char *to, int letter, int exponent, int least);
// %a and %A of a number that is finite.
void __printf_hex(struct sink *s, const struct spec *spec, const union long_parts *x);

#endif
