// SPDX-License-Identifier: BSD-2-Clause
// Characters and their bytes: what mbrtowc(), wcrtomb(), the streams of wide characters and all
// others of newlib end in. newlib's UTF-8 takes surrogates, and its C locale takes bytes that are
// no ASCII. See locale.h.
//
// Both pairs look at the thread's own locale first: uselocale() works by that.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libc-glue/stdlib/locale.h"

int __ascii_wctomb(struct _reent *re, char *s, wchar_t c, mbstate_t *state);
int __ascii_mbtowc(struct _reent *re, wchar_t *c, const char *s, size_t n, mbstate_t *state);
int __locale_mb_cur_max(void);

// How many bytes a character takes that begins with FIRST; 0 when none does. C0, C1 and what is
// above F4 would be a longer form than need be, or no character (RFC 3629).
static int sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    return first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

// Whether B may follow FIRST at place I: the second byte also rules out longer forms, surrogates
// and what is beyond 10FFFF.
static int may_follow(unsigned char first, int i, unsigned char b)
{
    unsigned char low = 0x80, high = 0xbf;
    if (i == 1) {
        low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : low;
        high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : high;
    }
    return b >= low && b <= high;
}

// LEN bytes that have been checked; the first has 7 - LEN bits of the character.
static wchar_t assembled(const unsigned char *bytes, int len)
{
    wchar_t c = len == 1 ? bytes[0] : bytes[0] & (0x7f >> len);
    for (int i = 1; i < len; i++)
        c = c << 6 | (bytes[i] & 0x3f);
    return c;
}

// The state holds the bytes of a character that is not complete. Returns how many bytes of S it
// took, 0 for the NUL, -1 with EILSEQ, or -2 when more are needed.
int __utf8_decode(wchar_t *c, const char *s, size_t n, mbstate_t *state)
{
    unsigned char *held = state->__value.__wchb;
    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)s[i];
        int have = state->__count;
        if (have == 0 ? !sequence_length(b) : !may_follow(held[0], have, b)) {
            state->__count = 0;
            return errno = EILSEQ, -1;
        }
        held[have++] = b;
        state->__count = have;
        if (have < sequence_length(held[0]))
            continue;
        state->__count = 0;
        wchar_t result = assembled(held, have);
        if (c)
            *c = result;
        return result ? (int)i + 1 : 0;
    }
    return -2;
}

// Returns the number of bytes, or -1 with EILSEQ.
int __utf8_encode(char *s, wchar_t c)
{
    if (c < 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return errno = EILSEQ, -1;
    if (c < 0x80)
        return *s = (char)c, 1;
    int len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = len - 1; i > 0; i--, c >>= 6)
        s[i] = (char)(0x80 | (c & 0x3f));
    s[0] = (char)(0xf00 >> len | c);
    return len;
}

// In the C locale a byte is a character or none: there is no state.
static int decode_now(wchar_t *c, const char *s, size_t n, mbstate_t *state)
{
    if (!s)
        return 0; // no encoding here has shift states
    if (n == 0)
        return -2;
    if (utf8_now())
        return __utf8_decode(c, s, n, state);
    if ((unsigned char)*s >= 0x80)
        return errno = EILSEQ, -1;
    if (c)
        *c = *s;
    return *s != '\0';
}

// A NULL string asks whether there are shift states.
static int encode_now(char *s, wchar_t c)
{
    if (!s)
        return 0;
    if (utf8_now())
        return __utf8_encode(s, c);
    if (c < 0 || c >= 0x80)
        return errno = EILSEQ, -1;
    return *s = (char)c, 1;
}

// The two that newlib puts into a locale of UTF-8.
int __utf8_mbtowc(struct _reent *re, wchar_t *c, const char *s, size_t n, mbstate_t *state)
{
    (void)re;
    return decode_now(c, s, n, state);
}

// No state: each character is complete.
int __utf8_wctomb(struct _reent *re, char *s, wchar_t c, mbstate_t *state)
{
    (void)re, (void)state;
    return encode_now(s, c);
}

// Names of their own, not aliases: which one a locale has tells what it is (locale_has_utf8()).
int __ascii_mbtowc(struct _reent *re, wchar_t *c, const char *s, size_t n, mbstate_t *state)
{
    (void)re;
    return decode_now(c, s, n, state);
}

int __ascii_wctomb(struct _reent *re, char *s, wchar_t c, mbstate_t *state)
{
    (void)re, (void)state;
    return encode_now(s, c);
}

// MB_CUR_MAX: 6 as in glibc, whose UTF-8 once had as many.
int __locale_mb_cur_max(void)
{
    return utf8_now() ? 6 : 1;
}
