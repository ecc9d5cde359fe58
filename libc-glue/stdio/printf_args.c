// SPDX-License-Identifier: BSD-2-Clause
// printf's arguments: in their order, or by number. C can only fetch arguments one after the other
// and by their types, so a format with numbers is read twice: first for the types of all arguments,
// then for what it says. See printf.h.
#include <errno.h>
#include <stdlib.h>

#include "libc-glue/stdio/printf.h"

#define MOST_NUMBERED 4096 // as in glibc

// Types that are smaller than int come as int, float as double: C's default promotions
// (C11 6.5.2.2).
enum kind __printf_kind(const struct spec *spec)
{
    int is_long = spec->length >= LEN_L;
    switch (spec->conv) {
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
    case 'b':
    case 'B':
        return is_long ? KIND_LONG : KIND_INT;
    case 'c':
    case 'C':
        return KIND_INT;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        return spec->length == LEN_LL ? KIND_LONG_DOUBLE : KIND_DOUBLE;
    case 's':
    case 'S':
    case 'p':
    case 'n':
        return KIND_POINTER;
    default:
        return KIND_NONE;
    }
}

// The next argument there is. The list is one of the engine's own (va_copy), so that the caller's
// stays where it is.
static void fetch(struct args *args, enum kind kind, union value *v)
{
    switch (kind) {
    case KIND_LONG:
        v->i = va_arg(args->ap, long);
        break;
    case KIND_POINTER:
        v->p = va_arg(args->ap, const void *);
        break;
    case KIND_DOUBLE:
        v->x = va_arg(args->ap, double);
        break;
    case KIND_LONG_DOUBLE:
        v->x = va_arg(args->ap, long double);
        break;
    case KIND_INT:
    case KIND_NONE: // an argument nobody reads: POSIX leaves open what it is
        v->i = va_arg(args->ap, int);
        break;
    }
}

// Notes in KINDS, which has room for MOST_NUMBERED, that argument WHICH is a KIND. *NEXT is the
// argument that a conversion without a number takes.
static void note_kind(unsigned char *kinds, int which, enum kind kind, int *next, int *most)
{
    if (which == ARG_NONE || kind == KIND_NONE)
        return;
    if (which == ARG_NEXT)
        which = (*next)++;
    if (which > *most)
        *most = which;
    if (which <= MOST_NUMBERED)
        kinds[which - 1] = (unsigned char)kind;
}

// Returns the highest number, with the kinds in KINDS.
static int kinds_of(const struct text *t, unsigned char *kinds)
{
    struct spec spec;
    int next = 1, most = 0;
    for (size_t i = 0; text_at(t, i);) {
        if (text_at(t, i) != '%') {
            i++;
            continue;
        }
        i = __printf_spec(t, i, &spec);
        if (i == 0)
            return MOST_NUMBERED + 1;
        note_kind(kinds, spec.width_arg, KIND_INT, &next, &most);
        note_kind(kinds, spec.precision_arg, KIND_INT, &next, &most);
        note_kind(kinds, spec.arg, __printf_kind(&spec), &next, &most);
    }
    return most;
}

// C knows no way to skip an argument without its type. One that no conversion names is taken for an
// int, as POSIX allows no such gaps.
int __printf_number_args(struct args *args, const struct text *t)
{
    unsigned char kinds[MOST_NUMBERED] = {0};
    int n = kinds_of(t, kinds);
    if (n > MOST_NUMBERED)
        return EOVERFLOW;
    args->next = 1;
    args->numbered = n > NUMBERED ? calloc((size_t)n, sizeof *args->numbered) : args->few;
    if (!args->numbered)
        return ENOMEM;
    for (int i = 0; i < n; i++)
        fetch(args, (enum kind)kinds[i], &args->numbered[i]);
    return 0;
}

// In a numbered format an argument may be asked for several times.
void __printf_arg(struct args *args, int which, enum kind kind, union value *v)
{
    if (args->numbered)
        *v = args->numbered[(which == ARG_NEXT ? args->next++ : which) - 1];
    else
        fetch(args, kind, v);
}
