// SPDX-License-Identifier: BSD-2-Clause
// Directory streams over getdents64, and scandir() over those.
//
// The kernel gives every entry a cookie (d_off) to continue after it, so telldir() is the cookie of
// the last entry read and seekdir() an lseek: no table of positions as in newlib's version.
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// One for each stream, in the program's heap: fork() copies it, but the descriptor's offset is
// shared with the child, as POSIX warns. The buffer is aligned for the 64-bit fields of the entries
// in it; 4 KB hold about a hundred of usual names.
struct __dir {
    int fd;
    int pos, end; // unread part of buf
    long tell;    // cookie after the last entry handed out
    char buf[4096] __attribute__((aligned(8)));
};

// NULL with ENOMEM leaves FD open: it is still the caller's.
static DIR *stream(int fd)
{
    DIR *d = malloc(sizeof *d);
    if (d) {
        d->fd = fd;
        d->pos = d->end = 0;
        d->tell = 0;
    }
    return d;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    DIR *d = stream(fd);
    if (!d)
        close(fd);
    return d;
}

// The descriptor is the stream's from now on (XSH fdopendir()): closedir() closes it.
DIR *fdopendir(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return NULL;
    if (!S_ISDIR(st.st_mode))
        return glue_ret(-ENOTDIR), NULL;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return stream(fd);
}

int closedir(DIR *d)
{
    int fd = d->fd;
    free(d);
    return close(fd);
}

int dirfd(DIR *d)
{
    return d->fd;
}

// Entries that were added or removed after the buffer was filled may be missed or seen; those that
// were there all the time come exactly once, because the kernel's cookies do not move.
struct dirent *readdir(DIR *d)
{
    if (d->pos >= d->end) {
        long n = sys_getdents64(d->fd, d->buf, sizeof d->buf);
        if (n <= 0) {
            if (n < 0)
                errno = (int)-n;
            return NULL; // at the end, errno stays as it was
        }
        d->pos = 0;
        d->end = (int)n;
    }
    // In place: the entry is good until the next call, as POSIX allows.
    struct dirent *e = (struct dirent *)(void *)(d->buf + d->pos);
    d->pos += e->d_reclen;
    d->tell = e->d_off;
    return e;
}

// Only so much is copied as the entry has: the caller's may be shorter than our struct dirent.
// errno is as before, and the error comes back as the result (XSH readdir()).
int readdir_r(DIR *restrict d, struct dirent *restrict entry, struct dirent **restrict result)
{
    int saved = errno;
    errno = 0;
    struct dirent *e = readdir(d);
    int error = errno;
    errno = saved;
    if (e)
        memcpy(entry, e, e->d_reclen);
    *result = e ? entry : NULL;
    return e ? 0 : error;
}

// POS comes from telldir() of this directory, in this stream or another one. There is no error to
// report, and errno may change.
void seekdir(DIR *d, long pos)
{
    lseek(d->fd, pos, SEEK_SET);
    // What was read ahead belongs to the old position.
    d->pos = d->end = 0;
    d->tell = pos;
}

void rewinddir(DIR *d)
{
    seekdir(d, 0);
}

long telldir(DIR *d)
{
    return d->tell;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcoll((*a)->d_name, (*b)->d_name);
}

// GNU's: numbers in names by their value, "file9" before "file10".
int versionsort(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

// As long as the entry itself, since all of them are kept at the same time.
static struct dirent *copy(const struct dirent *e)
{
    struct dirent *c = malloc(e->d_reclen);
    return c ? memcpy(c, e, e->d_reclen) : NULL;
}

// Reads all entries FILTER accepts into *LIST; returns their number, or -errno with *LIST holding
// *COUNT entries to free.
static int collect_entries(DIR *d, int (*filter)(const struct dirent *), struct dirent ***list,
                           int *count)
{
    int room = 0;
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(d);
        if (!e)
            return -errno;
        if (filter && !filter(e))
            continue;
        if (*count == room) {
            room = room ? room * 2 : 32;
            struct dirent **more = realloc(*list, (size_t)room * sizeof *more);
            if (!more)
                return -ENOMEM;
            *list = more;
        }
        if (!((*list)[*count] = copy(e)))
            return -ENOMEM;
        ++*count;
    }
}

// All or nothing: on an error nothing is left to free. *OUT may be NULL with a result of 0, which
// free() takes. On success errno is what it was, whatever FILTER did to it.
int scandir(const char *path, struct dirent ***out, int (*filter)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    struct dirent **list = NULL;
    int count = 0, saved = errno;
    DIR *d = opendir(path);
    if (!d)
        return -1;
    int r = collect_entries(d, filter, &list, &count);
    closedir(d);
    if (r < 0) {
        while (count > 0)
            free(list[--count]);
        free(list);
        return (int)glue_ret(r);
    }
    errno = saved;
    if (compare && count > 0)
        qsort(list, (size_t)count, sizeof *list, (int (*)(const void *, const void *))compare);
    *out = list;
    return count;
}
