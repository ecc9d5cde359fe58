// SPDX-License-Identifier: BSD-2-Clause
// Functions of <stdlib.h>, <stdio.h> and <string.h> that newlib lacks or has wrong.
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc-glue/glue.h"

ssize_t __getdelim(char **, size_t *, int, FILE *); // newlib has it under the inner name only

// -1 at the end of the file and for an error: feof() tells which (XSH getdelim()).
ssize_t getdelim(char **restrict line, size_t *restrict room, int delimiter, FILE *restrict f)
{
    return __getdelim(line, room, delimiter, f);
}

// *LINE may be NULL with *ROOM 0. Whatever the result, it is the caller's to free: also at the end
// of the file it may have been allocated.
ssize_t getline(char **restrict line, size_t *restrict room, FILE *restrict f)
{
    return __getdelim(line, room, '\n', f);
}

// newlib's returns NULL for an empty last field ("a:" has two fields, the second empty).
char *strsep(char **rest, const char *delimiters)
{
    char *field = *rest;
    if (!field)
        return NULL;
    char *end = field + strcspn(field, delimiters);
    *rest = NULL;
    if (*end) {
        *end = '\0';
        *rest = end + 1;
    }
    return field;
}

// The error is returned, errno and *OUT stay as they are on failure (XSH). The memory goes back by
// free(), as all does.
int posix_memalign(void **out, size_t align, size_t size)
{
    if (align < sizeof(void *) || (align & (align - 1)))
        return EINVAL;
    int saved = errno;
    void *p = memalign(align, size);
    errno = saved;
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

// No run queue to measure: every process is a VM the host schedules.
int getloadavg(double loads[], int n)
{
    (void)loads, (void)n;
    return -1;
}

// One thread holds every stream until threads exist.
void flockfile(FILE *f)
{
    (void)f;
}

int ftrylockfile(FILE *f)
{
    (void)f;
    return 0;
}

void funlockfile(FILE *f)
{
    (void)f;
}
