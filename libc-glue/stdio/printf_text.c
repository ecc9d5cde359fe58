// SPDX-License-Identifier: BSD-2-Clause
// Characters and strings for printf, in the four combinations: bytes or wide characters, to a sink
// of either. A precision counts what the sink takes, and no character of several bytes is cut
// (XSH fprintf(), fwprintf()). See printf.h.
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <wchar.h>

#include "libc-glue/stdio/printf.h"

// A precision is the most that is read of a string, which may then lack its NUL.
static size_t limit_of(const struct spec *spec)
{
    return spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;
}

// What strings share: pads around SIZE characters. Returns how many spaces go behind.
static size_t open_text(struct sink *s, const struct spec *spec, size_t size)
{
    return __printf_open(s, spec, "", 0, size, 0);
}

// Bytes of the locale's encoding as wide characters: at most LIMIT. Puts them into S, or only
// counts them when that is NULL. Returns how many there are, SIZE_MAX when they are no characters.
static size_t decoded(struct sink *s, const char *text, size_t limit)
{
    mbstate_t state = {0};
    size_t n = 0;
    for (wchar_t c; n < limit; n++) {
        // Only as many bytes are read as the limit needs: there may be no end of the string.
        size_t len = mbrtowc(&c, text, MB_LEN_MAX, &state);
        if (len == 0)
            break;
        if (len > MB_LEN_MAX)
            return SIZE_MAX;
        text += len;
        if (s)
            __sink_emit_wide(s, &c, 1);
    }
    return n;
}

// The other way round; LIMIT bytes.
static size_t encoded(struct sink *s, const wchar_t *text, size_t limit)
{
    mbstate_t state = {0};
    char bytes[MB_LEN_MAX];
    size_t n = 0;
    for (; n < limit && *text; text++) {
        size_t len = wcrtomb(bytes, *text, &state);
        if (len == (size_t)-1)
            return SIZE_MAX;
        if (len > limit - n)
            break;
        n += len;
        if (s)
            __sink_emit(s, bytes, len);
    }
    return n;
}

// Two passes over what is not plain bytes: the padding goes first, and needs the size.
void __printf_bytes(struct sink *s, const struct spec *spec, const char *text)
{
    if (!text) // glibc's word for it, unless it would be cut
        text = spec->precision >= 0 && spec->precision < 6 ? "" : "(null)";
    size_t size = s->put_wide ? decoded(NULL, text, limit_of(spec)) : strnlen(text, limit_of(spec));
    if (size == SIZE_MAX)
        return sink_fail(s, EILSEQ);
    size_t behind = open_text(s, spec, size);
    if (s->put_wide)
        decoded(s, text, size);
    else
        __sink_emit(s, text, size);
    __sink_pad(s, ' ', behind);
}

// %ls and %S. To a sink of bytes a precision counts bytes, and a character that would not fit as a
// whole is left out.
void __printf_wide(struct sink *s, const struct spec *spec, const wchar_t *text)
{
    if (!text)
        return __printf_bytes(s, spec, NULL);
    size_t size = s->put_wide ? wcsnlen(text, limit_of(spec)) : encoded(NULL, text, limit_of(spec));
    if (size == SIZE_MAX)
        return sink_fail(s, EILSEQ);
    size_t behind = open_text(s, spec, size);
    if (s->put_wide)
        __sink_emit_wide(s, text, size);
    else
        encoded(s, text, size);
    __sink_pad(s, ' ', behind);
}

// %c takes an int and makes it an unsigned char (C11 7.21.6.1), to a wide sink by btowc().
void __printf_char(struct sink *s, const struct spec *spec, int c)
{
    char byte = (char)c;
    wint_t wide = s->put_wide ? btowc((unsigned char)c) : 0;
    if (wide == WEOF)
        return sink_fail(s, EILSEQ);
    if (s->put_wide)
        return __printf_wide_char(s, spec, wide);
    size_t behind = open_text(s, spec, 1);
    __sink_emit(s, &byte, 1);
    __sink_pad(s, ' ', behind);
}

// A NUL is a character like others here.
void __printf_wide_char(struct sink *s, const struct spec *spec, wint_t c)
{
    mbstate_t state = {0};
    char bytes[MB_LEN_MAX];
    wchar_t wide = (wchar_t)c;
    size_t size = s->put_wide ? 1 : wcrtomb(bytes, wide, &state);
    if (size == (size_t)-1)
        return sink_fail(s, EILSEQ);
    size_t behind = open_text(s, spec, size);
    if (s->put_wide)
        __sink_emit_wide(s, &wide, 1);
    else
        __sink_emit(s, bytes, size);
    __sink_pad(s, ' ', behind);
}
