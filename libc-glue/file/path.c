// SPDX-License-Identifier: BSD-2-Clause
// Names: links, directories' entries, the working directory, permissions by path.
// Neighbours: io.c (descriptors), stat.c (metadata).
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// POSIX leaves open whether a link to a symbolic link follows it; this one does not, as on Linux.
// linkat() with AT_SYMLINK_FOLLOW does.
int link(const char *old, const char *path)
{
    return (int)glue_ret(sys_linkat(AT_FDCWD, old, AT_FDCWD, path, 0));
}

int linkat(int olddir, const char *old, int newdir, const char *path, int flags)
{
    return (int)glue_ret(sys_linkat(olddir, old, newdir, path, flags));
}

int symlink(const char *target, const char *path)
{
    return (int)glue_ret(sys_symlinkat(target, AT_FDCWD, path));
}

int symlinkat(const char *target, int dirfd, const char *path)
{
    return (int)glue_ret(sys_symlinkat(target, dirfd, path));
}

// No NUL is added, and a target longer than LEN is cut without a word: the caller compares the
// result with LEN.
ssize_t readlink(const char *restrict path, char *restrict buf, size_t len)
{
    return glue_ret(sys_readlinkat(AT_FDCWD, path, buf, len));
}

ssize_t readlinkat(int dirfd, const char *restrict path, char *restrict buf, size_t len)
{
    return glue_ret(sys_readlinkat(dirfd, path, buf, len));
}

// Of a directory: EISDIR, as on Linux, where POSIX has EPERM. remove() counts on that.
int unlink(const char *path)
{
    return (int)glue_ret(sys_unlinkat(AT_FDCWD, path, 0));
}

int unlinkat(int dirfd, const char *path, int flags)
{
    return (int)glue_ret(sys_unlinkat(dirfd, path, flags));
}

int rmdir(const char *path)
{
    return (int)glue_ret(sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

// POSIX extends C's remove() to empty directories.
int remove(const char *path)
{
    int r = unlink(path);
    if (r < 0 && errno == EISDIR)
        r = rmdir(path);
    return r;
}

// Atomic: whoever looks at the new name sees the old file or the new one. Two names of one file
// stay both (XSH rename()).
int rename(const char *old, const char *path)
{
    return (int)glue_ret(sys_renameat2(AT_FDCWD, old, AT_FDCWD, path, 0));
}

int renameat(int olddir, const char *old, int newdir, const char *path)
{
    return (int)glue_ret(sys_renameat2(olddir, old, newdir, path, 0));
}

// Linux's: RENAME_NOREPLACE, or RENAME_EXCHANGE, for which both must be there.
int renameat2(int olddir, const char *old, int newdir, const char *path, unsigned flags)
{
    return (int)glue_ret(sys_renameat2(olddir, old, newdir, path, flags));
}

int mkdir(const char *path, mode_t mode)
{
    return (int)glue_ret(sys_mkdirat(AT_FDCWD, path, mode));
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    return (int)glue_ret(sys_mkdirat(dirfd, path, mode));
}

// By the real ids, for a program that runs with another's rights; by the time the file is opened
// the answer may be another's, so it is no protection.
int access(const char *path, int mode)
{
    return (int)glue_ret(sys_faccessat(AT_FDCWD, path, mode, 0));
}

int faccessat(int dirfd, const char *path, int mode, int flags)
{
    return (int)glue_ret(sys_faccessat(dirfd, path, mode, flags));
}

// As open() would decide: by the effective ids. GNU's name, and BSD's below.
int euidaccess(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

int eaccess(const char *path, int mode)
{
    return euidaccess(path, mode);
}

// -1 for either id leaves it. The set-id bits of a file go, whoever changes its owner.
int chown(const char *path, uid_t uid, gid_t gid)
{
    return (int)glue_ret(sys_fchownat(AT_FDCWD, path, uid, gid, 0));
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
    return (int)glue_ret(sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW));
}

int fchown(int fd, uid_t uid, gid_t gid)
{
    return (int)glue_ret(sys_fchown(fd, uid, gid));
}

int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
    return (int)glue_ret(sys_fchownat(dirfd, path, uid, gid, flags));
}

// The working directory is held by inode and not by name: it survives being renamed, and what is
// left of it after rmdir() is a directory in which nothing can be made.
int chdir(const char *path)
{
    return (int)glue_ret(sys_chdir(path));
}

int fchdir(int fd)
{
    return (int)glue_ret(sys_fchdir(fd));
}

// The kernel counts the NUL in the length it returns. By a buffer on the stack first, since only
// the result tells how much is enough.
// A NULL buffer asks for an allocated one: SIZE bytes, or just enough when SIZE is 0.
char *getcwd(char *buf, size_t size)
{
    char path[PATH_MAX];
    if (buf && size == 0)
        return glue_ret(-EINVAL), NULL;
    if (buf)
        return glue_ret(sys_getcwd(buf, size)) < 0 ? NULL : buf;
    long r = sys_getcwd(path, sizeof path);
    if (r > 0 && size != 0 && (size_t)r > size)
        r = -ERANGE;
    if (glue_ret(r) < 0)
        return NULL;
    buf = malloc(size ? size : (size_t)r);
    return buf ? memcpy(buf, path, (size_t)r) : NULL;
}

// GNU's also believes $PWD when that names the same directory; this one always gives the name
// without links.
char *get_current_dir_name(void)
{
    return getcwd(NULL, 0);
}

// PATH has no links in it and no slash at its end, but for "/" itself: so ".." is the parent by
// cutting off a word, which it would not be behind a link.
// Adds the component NAME (of LEN bytes) to the absolute PATH; ".." takes one away.
static int append_component(char *path, const char *name, size_t len)
{
    size_t have = strlen(path);
    if (len == 0 || (len == 1 && name[0] == '.'))
        return 0;
    if (len == 2 && name[0] == '.' && name[1] == '.') {
        char *slash = strrchr(path, '/');
        slash[slash == path] = '\0'; // "/" keeps its slash
        return 0;
    }
    int root = have == 1;
    if (have + !root + len >= PATH_MAX)
        return -ENAMETOOLONG;
    if (!root)
        path[have++] = '/';
    memcpy(path + have, name, len);
    path[have + len] = '\0';
    return 0;
}

// Replaces the last component of PATH, a symbolic link of LEN bytes in TARGET, in what is still to
// be walked: REST becomes target/rest, and PATH goes back to the link's directory. SLASH: the link
// was written with a slash behind it, so what it leads to must be a directory.
static int follow_link(char *path, char *rest, const char *target, size_t len, int slash)
{
    char tail[PATH_MAX];
    strcpy(tail, rest);
    if (len + 1 + strlen(tail) >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(rest, target, len);
    if (slash)
        rest[len++] = '/';
    strcpy(rest + len, tail);
    if (target[0] == '/')
        strcpy(path, "/");
    else
        append_component(path, "..", 2);
    return 0;
}

// Both are PATH_MAX bytes and both are overwritten. The links followed are counted over the whole
// walk, which is what ends a loop (ELOOP); the kernel's own walks have the same limit.
// Walks REST component by component, resolving links; PATH grows to the result.
static int resolve(char *path, char *rest)
{
    char target[PATH_MAX];
    int links = 0;
    while (*rest) {
        size_t len = strcspn(rest, "/");
        // Every component is looked at: realpath() must find an error in the middle, and a link in
        // any place.
        int r = append_component(path, rest, len);
        if (r < 0)
            return r;
        int more = rest[len] == '/';
        memmove(rest, rest + len + more, strlen(rest + len + more) + 1);
        struct stat st;
        if (lstat(path, &st) < 0)
            return -errno;
        if (S_ISLNK(st.st_mode)) {
            ssize_t n = readlink(path, target, sizeof target - 1);
            if (n < 0)
                return -errno;
            if (++links > SYMLOOP_MAX)
                return -ELOOP;
            r = follow_link(path, rest, target, (size_t)n, more);
            if (r < 0)
                return r;
        } else if (more && !S_ISDIR(st.st_mode)) {
            return -ENOTDIR;
        }
    }
    return 0;
}

// RESOLVED, where given, has PATH_MAX bytes; NULL asks for memory that the caller frees (XSH
// realpath()). It is filled only on success. Nothing is held while the walk goes on, so a tree that
// is moved meanwhile may give a name that never was.
char *realpath(const char *restrict name, char *restrict resolved)
{
    char path[PATH_MAX] = "/", rest[PATH_MAX];
    if (!name || !*name)
        return glue_ret(name ? -ENOENT : -EINVAL), NULL;
    if (strlen(name) >= PATH_MAX)
        return glue_ret(-ENAMETOOLONG), NULL;
    // getcwd() gives a path without links, so the walk may begin behind it.
    if (name[0] != '/' && !getcwd(path, sizeof path))
        return NULL;
    strcpy(rest, name);
    int r = resolve(path, rest);
    if (r < 0)
        return glue_ret(r), NULL;
    return resolved ? strcpy(resolved, path) : strdup(path);
}
