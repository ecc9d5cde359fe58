// SPDX-License-Identifier: BSD-2-Clause
// Numbers in wide characters: wcstol(), wcstod() and their kin. Whatever belongs to a number is
// ASCII, so that is what the functions of bytes read, and the end they find is the end here.
// Neighbours: strtol.c, strtod.c.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>

// The beginning of a wide string in bytes: up to what cannot belong to a number, which any
// character but ASCII's printable ones cannot.
struct narrowed {
    const wchar_t *from; // behind the spaces
    char few[128];
    char *text;
};

// Returns 0 without memory, which only a number of more than a hundred digits takes.
static int narrow(struct narrowed *n, const wchar_t *text)
{
    size_t len = 0;
    while (iswspace((wint_t)*text))
        text++;
    n->from = text;
    while (text[len] > ' ' && text[len] < 127)
        len++;
    n->text = len < sizeof n->few ? n->few : malloc(len + 1);
    if (!n->text)
        return 0;
    for (size_t i = 0; i < len; i++)
        n->text[i] = (char)text[i];
    n->text[len] = '\0';
    return 1;
}

// *END of the call whose text was N: AT in bytes, or NULL when the function did not set it.
// Also frees the text.
static void widen(struct narrowed *n, const wchar_t *text, wchar_t **end, const char *at)
{
    if (end && at) {
        const wchar_t *to = at == n->text ? text : n->from + (at - n->text);
        *end = (wchar_t *)(uintptr_t)to;
    }
    if (n->text != n->few)
        free(n->text);
}

// Each of the functions is the same with another conversion.
#define WIDE(type, name, convert)                                                                  \
    type name                                                                                      \
    {                                                                                              \
        struct narrowed n;                                                                         \
        char *at = NULL;                                                                           \
        if (!narrow(&n, text))                                                                     \
            return errno = ENOMEM, 0;                                                              \
        type x = convert;                                                                          \
        widen(&n, text, end, at);                                                                  \
        return x;                                                                                  \
    }
#define ARGUMENTS const wchar_t *restrict text, wchar_t **restrict end

WIDE(long, wcstol(ARGUMENTS, int base), strtol(n.text, &at, base))
WIDE(unsigned long, wcstoul(ARGUMENTS, int base), strtoul(n.text, &at, base))
WIDE(long long, wcstoll(ARGUMENTS, int base), strtoll(n.text, &at, base))
WIDE(unsigned long long, wcstoull(ARGUMENTS, int base), strtoull(n.text, &at, base))
WIDE(intmax_t, wcstoimax(ARGUMENTS, int base), strtoimax(n.text, &at, base))
WIDE(uintmax_t, wcstoumax(ARGUMENTS, int base), strtoumax(n.text, &at, base))
WIDE(float, wcstof(ARGUMENTS), strtof(n.text, &at))
WIDE(double, wcstod(ARGUMENTS), strtod(n.text, &at))
WIDE(long double, wcstold(ARGUMENTS), strtold(n.text, &at))
