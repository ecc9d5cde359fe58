// SPDX-License-Identifier: BSD-2-Clause
// What every sink of printf does alike: it counts, and after a failure takes nothing any more.
// See printf.h.
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "libc-glue/stdio/printf.h"

// The result is an int: what cannot be counted is not written (XSH printf(), EOVERFLOW).
static int countable(struct sink *s, size_t n)
{
    if (n > INT_MAX - s->count)
        sink_fail(s, EOVERFLOW);
    if (s->error)
        return 0;
    s->count += n;
    return n > 0;
}

// Nothing to put is no reason to ask the sink.
void __sink_emit(struct sink *s, const char *p, size_t n)
{
    if (countable(s, n))
        s->put(s, p, n);
}

// Only to sinks that have the second function.
void __sink_emit_wide(struct sink *s, const wchar_t *p, size_t n)
{
    if (countable(s, n))
        s->put_wide(s, p, n);
}

// A width can be two thousand million: by pieces, and not at all when it will not be counted.
void __sink_pad(struct sink *s, char c, size_t n)
{
    char piece[64];
    if (n == 0 || !countable(s, n))
        return;
    memset(piece, c, n < sizeof piece ? n : sizeof piece);
    for (size_t some; n > 0 && !s->error; n -= some) {
        some = n < sizeof piece ? n : sizeof piece;
        s->put(s, piece, some);
    }
}

size_t __printf_open(struct sink *s, const struct spec *spec, const char *prefix, size_t prefix_len,
                     size_t size, int zeros)
{
    size_t width = spec->width > 0 ? (size_t)spec->width : 0, used = prefix_len + size;
    size_t fill = width > used ? width - used : 0;
    int behind = spec->minus, inside = !behind && zeros && spec->zero;
    if (!behind && !inside)
        __sink_pad(s, ' ', fill);
    __sink_emit(s, prefix, prefix_len);
    if (inside)
        __sink_pad(s, '0', fill);
    return behind ? fill : 0;
}
