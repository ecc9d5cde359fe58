// SPDX-License-Identifier: BSD-2-Clause
// printf's %a. C leaves open what stands before the point; this is what glibc puts there: of a
// double 1 (0 when it is denormal), of a long double the first four bits of the mantissa as they
// lie in memory. See printf.h.
#include "libc-glue/stdio/printf_float.h"

// A number in hexadecimal: FIRST stands before the point, 16 digits behind it are the bits of
// BEHIND.
struct hex {
    unsigned first;
    uint64_t behind;
    int exponent;
};

// The bias is that of the number read as 0.m; four of its bits are before the point.
static struct hex hex_of_long(const union long_parts *x)
{
    int field = x->exponent & NO_NUMBER;
    // Denormals have the exponent of the smallest normal number.
    int exponent = x->mantissa ? (field ? field : 1) - 16383 - 3 : 0;
    return (struct hex){(unsigned)(x->mantissa >> 60), x->mantissa << 4, exponent};
}

// The double's own bits: a long double has room for its denormals, where they are normal.
static struct hex hex_of_double(double x)
{
    union {
        double x;
        uint64_t bits;
    } parts = {x};
    int field = (int)(parts.bits >> 52 & 0x7ff);
    uint64_t fraction = parts.bits << 12;
    int exponent = field ? field - 1023 : fraction ? -1022 : 0;
    return (struct hex){field != 0, fraction, exponent};
}

// Digits up to the last that is not zero.
static int hex_len(uint64_t behind)
{
    int n = 0;
    for (; behind; behind <<= 4)
        n++;
    return n;
}

// Rounds to DIGITS behind the point, at most 15. What overflows the first digit is the next power
// of 16.
static void hex_round(struct hex *h, int digits, int minus)
{
    uint64_t last = UINT64_C(1) << (63 - 4 * digits) << 1; // 0: the first digit is the last
    uint64_t half = UINT64_C(1) << (63 - 4 * digits), rest = h->behind & (half | (half - 1));
    int odd = last ? (h->behind & last) != 0 : (int)(h->first & 1);
    int what = rest > half ? 3 : rest == half ? 2 : rest != 0;
    h->behind -= rest;
    if (!__float_rounds_up(minus, odd, what))
        return;
    h->behind += last;
    if (last == 0 || h->behind < last)
        h->first++;
    if (h->first == 16) {
        h->first = 1;
        h->exponent += 4;
    }
}

// Without a precision all digits there are, exactly.
void __printf_hex(struct sink *s, const struct spec *spec, const union long_parts *x)
{
    int upper = spec->conv == 'A', minus = x->exponent >> 15;
    const char *letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char prefix[4], body[20], tail[12];
    struct hex h = spec->length == LEN_LL ? hex_of_long(x) : hex_of_double((double)x->x);
    if (spec->precision >= 0 && spec->precision < 16)
        hex_round(&h, spec->precision, minus);
    int digits = hex_len(h.behind), wanted = spec->precision < 0 ? digits : spec->precision;
    size_t prefix_len = __float_sign(spec, minus, prefix), size = 0;
    prefix[prefix_len++] = '0';
    prefix[prefix_len++] = upper ? 'X' : 'x';
    body[size++] = letters[h.first];
    if (wanted > 0 || spec->alt)
        body[size++] = '.';
    for (int i = 0; i < digits; i++, h.behind <<= 4)
        body[size++] = letters[h.behind >> 60];
    size_t zeros = (size_t)(wanted - digits);
    size_t tail_len = __float_exponent(tail, upper ? 'P' : 'p', h.exponent, 1);
    size_t behind = __printf_open(s, spec, prefix, prefix_len, size + zeros + tail_len, 1);
    __sink_emit(s, body, size);
    __sink_pad(s, '0', zeros);
    __sink_emit(s, tail, tail_len);
    __sink_pad(s, ' ', behind);
}
