// SPDX-License-Identifier: BSD-2-Clause
// iconv(): musl's tables and conversions (tools/build-musl), with what programs know from glibc:
// "//TRANSLIT" and "//IGNORE" behind the name, "" for the locale's encoding, and EILSEQ for a
// character the other encoding has not, where musl puts a star.
#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// musl's own functions under names of ours, so that the standard's names are free for the ones
// here.
iconv_t __musl_iconv_open(const char *to, const char *from);
size_t __musl_iconv(iconv_t cd, char **in, size_t *inb, char **out, size_t *outb);
int __musl_iconv_close(iconv_t cd);

// What iconv_open()'s result points to.
struct conversion {
    iconv_t cd;
    int complete; // the target has every character there is
    int translit, ignore;
};

// How far a conversion has got.
struct place {
    char *in, *out;
    size_t in_left, out_left;
};

// A longer name is no encoding's, cut or not.
#define NAME_MAX_LEN 64

// NAME without what is behind "//", in TO; some that musl does not know in its words.
static void plain_name(const char *name, char *to)
{
    static const char *const alias[][2] = {{"ANSI_X3.4-1968", "ASCII"},
                                           {"646", "ASCII"},
                                           {"ISO-10646/UCS4", "UCS4"},
                                           {"ISO-10646/UTF8", "UTF-8"},
                                           {"UCS-4-INTERNAL", "WCHAR_T"}};
    size_t len = 0;
    while (name[len] && strncmp(name + len, "//", 2) && len < NAME_MAX_LEN - 1)
        len++;
    memcpy(to, name, len);
    to[len] = '\0';
    if (len == 0)
        strcpy(to, !strcmp(nl_langinfo(CODESET), "UTF-8") ? "UTF-8" : "ASCII");
    for (size_t i = 0; i < sizeof alias / sizeof *alias; i++)
        if (!strcasecmp(to, alias[i][0]))
            strcpy(to, alias[i][1]);
}

// "UTF-8", "UTF16LE", "UCS-4", "WCHAR_T"...; UCS-2 lacks most.
static int is_complete(const char *name)
{
    return !strncasecmp(name, "UTF", 3) || !strncasecmp(name, "UCS4", 4) ||
           !strncasecmp(name, "UCS-4", 5) || !strncasecmp(name, "WCHAR", 5);
}

// (iconv_t)-1 with EINVAL for a pair there is not.
iconv_t iconv_open(const char *to, const char *from)
{
    char to_name[NAME_MAX_LEN], from_name[NAME_MAX_LEN];
    const char *options = strstr(to, "//");
    struct conversion *c = malloc(sizeof *c);
    if (!c)
        return (iconv_t)-1;
    plain_name(to, to_name);
    plain_name(from, from_name);
    c->cd = __musl_iconv_open(to_name, from_name);
    c->complete = is_complete(to_name);
    c->translit = options && strcasestr(options, "TRANSLIT");
    c->ignore = options && strcasestr(options, "IGNORE");
    if (c->cd != (iconv_t)-1)
        return (iconv_t)c;
    free(c);
    return (iconv_t)-1;
}

// Converts the one character at P's beginning: the fewest bytes that are one. Returns what musl
// says, P moved behind it if it was converted.
static size_t one_character(struct conversion *c, struct place *p)
{
    for (size_t len = 1;; len++) {
        struct place next = *p;
        next.in_left = len;
        size_t r = __musl_iconv(c->cd, &next.in, &next.in_left, &next.out, &next.out_left);
        if (r == (size_t)-1 && errno == EINVAL && len < p->in_left)
            continue;
        if (r != (size_t)-1) {
            next.in_left = p->in_left - len;
            *p = next;
        }
        return r;
    }
}

// Whether conversion goes on after R of the character between BEFORE and P. *SKIPPED counts what
// was left out.
static int goes_on(struct conversion *c, size_t r, const struct place *before, struct place *p,
                   size_t *lost, int *skipped)
{
    if (r == 0)
        return 1;
    if (r == (size_t)-1) {
        if (errno != EILSEQ || !c->ignore)
            return 0;
        p->in++; // bytes that are no character
        p->in_left--;
        *skipped = 1;
        return 1;
    }
    if (c->translit) {
        *lost += r;
        for (char *s = before->out; s < p->out; s++)
            *s = *s == '*' ? '?' : *s; // the sign glibc puts there
        return 1;
    }
    struct place taken = *p;
    *p = *before;
    if (!c->ignore)
        return errno = EILSEQ, 0;
    p->in = taken.in;
    p->in_left = taken.in_left;
    *skipped = 1;
    return 1;
}

// Returns how many characters were converted in a way that loses something, or -1 with errno:
// EILSEQ, EINVAL for a character that is not complete, E2BIG. The four places are as far as it got.
size_t iconv(iconv_t handle, char **in, size_t *in_left, char **out, size_t *out_left)
{
    struct conversion *c = (struct conversion *)handle;
    // What all of it can be converted to needs no look at each character.
    if (!in || !*in || (c->complete && !c->ignore))
        return __musl_iconv(c->cd, in, in_left, out, out_left);
    struct place p = {*in, *out, *in_left, *out_left};
    size_t lost = 0;
    int skipped = 0, stopped = 0;
    while (p.in_left > 0 && !stopped) {
        struct place before = p;
        size_t r = one_character(c, &p);
        stopped = !goes_on(c, r, &before, &p, &lost, &skipped);
    }
    *in = p.in;
    *in_left = p.in_left;
    *out = p.out;
    *out_left = p.out_left;
    if (skipped && !stopped)
        errno = EILSEQ; // all was read, and something left out
    return stopped || skipped ? (size_t)-1 : lost;
}

// Frees both descriptors, musl's and the one around it.
int iconv_close(iconv_t handle)
{
    struct conversion *c = (struct conversion *)handle;
    int r = __musl_iconv_close(c->cd);
    free(c);
    return r;
}
