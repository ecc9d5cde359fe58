// SPDX-License-Identifier: BSD-2-Clause
// Temporary files and directories: mkstemp(), mkdtemp() and their variants.
//
// newlib's names count up from the process id and its mkdtemp() always fails here; these are random
// (from the kernel's generator, which is reseeded in every forked child, so two never draw alike).
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libc-glue/glue.h"

#define TRIES 100 // 62^6 names: a second try is already rare

// The six X of TEMPLATE, SUFFIX bytes before its end; NULL with EINVAL when they are not there.
static char *hole(char *template, int suffix)
{
    size_t len = strlen(template);
    char *x = template + len - (size_t)suffix - 6;
    if (suffix < 0 || len < (size_t)suffix + 6 || strncmp(x, "XXXXXX", 6) != 0)
        return glue_ret(-EINVAL), NULL;
    return x;
}

// 64 random bits for six letters of 62: some names are more frequent than others, by less than one
// part in 10^8. A generator that failed would leave 0, and the names would be tried as any taken
// one.
static void draw(char *x)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    unsigned long r = 0;
    getrandom(&r, sizeof r, 0);
    for (int i = 0; i < 6; i++, r /= 62)
        x[i] = letters[r % 62];
}

// O_EXCL is what makes it safe: a name somebody else has put there, a link too, is not opened. 0600
// and the umask, so that nobody else reads it before the caller says so. On failure the template is
// as it was and may be used again.
int mkostemps(char *template, int suffix, int flags)
{
    char *x = hole(template, suffix);
    int fd = -1;
    if (!x)
        return -1;
    for (int i = 0; fd < 0 && i < TRIES; i++) {
        draw(x);
        fd = open(template, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
        // Only a name that is taken is worth another try.
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0)
        memcpy(x, "XXXXXX", 6);
    return fd;
}

int mkstemps(char *template, int suffix)
{
    return mkostemps(template, suffix, 0);
}

int mkostemp(char *template, int flags)
{
    return mkostemps(template, 0, flags);
}

int mkstemp(char *template)
{
    return mkostemps(template, 0, 0);
}

// mkdir() itself refuses a name that is there, which is all the exclusion needed.
char *mkdtemp(char *template)
{
    char *x = hole(template, 0);
    if (!x)
        return NULL;
    for (int i = 0; i < TRIES; i++) {
        draw(x);
        if (mkdir(template, 0700) == 0)
            return template;
        if (errno != EEXIST)
            break;
    }
    memcpy(x, "XXXXXX", 6);
    return NULL;
}

// A name that is free at the moment; an empty string when none was found.
char *mktemp(char *template)
{
    struct stat st;
    char *x = hole(template, 0);
    // Somebody else may take it before the caller does, which is why mkstemp() exists.
    for (int i = 0; x && i < TRIES; i++) {
        draw(x);
        if (lstat(template, &st) < 0 && errno == ENOENT)
            return template;
    }
    template[0] = '\0';
    return template;
}
