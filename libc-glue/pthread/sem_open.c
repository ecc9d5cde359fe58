// SPDX-License-Identifier: BSD-2-Clause
// Named semaphores: files of /dev/shm, "sem." before the name as on Linux, each mapped once in a
// process. A new one is made under another name and linked, so that nobody finds it half made.
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libc-glue/pthread/pthread.h"

#define TRIES 100

// One that is open, by its file: opened again it has the same address (XSH sem_open()).
static struct named {
    struct named *next;
    sem_t *sem;
    dev_t dev;
    ino_t ino;
    unsigned opens;
} * opened;
static struct quick_lock opened_lock;

// Slashes in front are left out, one inside is EINVAL, and the name must have room for "sem." in a
// file's name: else ENAMETOOLONG. Returns 0 or the negative error.
static int sem_path(const char *name, char path[PATH_MAX])
{
    while (*name == '/')
        name++;
    if (!*name || strchr(name, '/'))
        return -EINVAL;
    if (strlen(name) > NAME_MAX - 4)
        return -ENAMETOOLONG;
    snprintf(path, PATH_MAX, "/dev/shm/sem.%s", name);
    return 0;
}

// Takes the descriptor over. NULL with errno.
static sem_t *map_sem(int fd)
{
    struct stat st;
    struct named *n = NULL;
    __pt_quick_take(&opened_lock);
    if (fstat(fd, &st) == 0)
        for (n = opened; n && (n->dev != st.st_dev || n->ino != st.st_ino);)
            n = n->next;
    if (n) {
        n->opens++;
    } else if ((n = malloc(sizeof *n))) {
        void *sem = mmap(NULL, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        *n = (struct named){opened, sem, st.st_dev, st.st_ino, 1};
        if (sem == MAP_FAILED) {
            free(n);
            n = NULL;
        } else {
            opened = n;
        }
    }
    __pt_quick_drop(&opened_lock);
    close(fd);
    return n ? n->sem : SEM_FAILED;
}

// A file with the value in it, that has no name yet but `scratch`.
static int make_file(char scratch[PATH_MAX], mode_t mode, unsigned value)
{
    const sem_t sem = {.__value = value};
    snprintf(scratch, PATH_MAX, "/dev/shm/.sem-XXXXXX");
    const int fd = mkstemp(scratch);
    if (fd < 0)
        return -1;
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, mode & ~mask) < 0 || write(fd, &sem, sizeof sem) != sizeof sem) {
        unlink(scratch);
        close(fd);
        return -1;
    }
    return fd;
}

// Opens what is there or makes it, whichever comes about: between the two another process may do
// the other, so it is tried again. With O_EXCL only the making counts, and EEXIST is final.
static sem_t *create(const char *path, int flags, mode_t mode, unsigned value)
{
    char scratch[PATH_MAX];
    if (value > SEM_VALUE_MAX) {
        errno = EINVAL;
        return SEM_FAILED;
    }
    for (int i = 0; i < TRIES; i++) {
        int fd = flags & O_EXCL ? -1 : open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            return map_sem(fd);
        if (!(flags & O_EXCL) && errno != ENOENT)
            return SEM_FAILED;
        fd = make_file(scratch, mode, value);
        if (fd < 0)
            return SEM_FAILED;
        const int linked = link(scratch, path), error = errno;
        unlink(scratch);
        if (linked == 0)
            return map_sem(fd);
        close(fd);
        errno = error;
        if (error != EEXIST || (flags & O_EXCL))
            return SEM_FAILED;
    }
    errno = EAGAIN;
    return SEM_FAILED;
}

// Mode and value are arguments only with O_CREAT, and count only if the semaphore is new (XSH
// sem_open()). A symbolic link is not followed, as /dev/shm may be everybody's to write.
sem_t *sem_open(const char *name, int flags, ...)
{
    char path[PATH_MAX];
    const int r = sem_path(name, path);
    if (r < 0) {
        glue_ret(r);
        return SEM_FAILED;
    }
    if (!(flags & O_CREAT)) {
        const int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? SEM_FAILED : map_sem(fd);
    }
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = va_arg(ap, mode_t);
    const unsigned value = va_arg(ap, unsigned);
    va_end(ap);
    return create(path, flags, mode, value);
}

// As often as it was opened; only the last one unmaps. EINVAL for a semaphore that sem_open() has
// not made. The name and its count stay.
int sem_close(sem_t *s)
{
    struct named *n, **link = &opened;
    __pt_quick_take(&opened_lock);
    while ((n = *link) && n->sem != s)
        link = &n->next;
    if (n && --n->opens == 0) {
        *link = n->next;
        munmap(s, sizeof *s);
        free(n);
    }
    __pt_quick_drop(&opened_lock);
    return n ? 0 : (int)glue_ret(-EINVAL);
}

// Those who have it open keep it; the next sem_open() of the name makes another. A name that none
// can have is ENOENT.
int sem_unlink(const char *name)
{
    char path[PATH_MAX];
    const int r = sem_path(name, path);
    return r < 0 ? (int)glue_ret(r == -EINVAL ? -ENOENT : r) : unlink(path);
}
