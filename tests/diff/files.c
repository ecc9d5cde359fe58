// SPDX-License-Identifier: BSD-2-Clause
// Files, paths, descriptors: names that exist, do not, are links, end in a slash; a few descriptors
// in every state. Both sides run as the super-user. See diff.h.
#include <dirent.h>
#include <limits.h>
#include <sys/uio.h>

#include "tests/diff/diff.h"

#define FDS 6

static int fds[FDS];

static const char *const names[] = {
    "a",        "b",      "c",     "d",    "d/x",   "d/y",     "d/e", "d/e/z",
    "l",        "m",      "a/",    "d/",   "d/e/",  "l/",      "m/",  "./a",
    "d/../b",   "d/e/..", "d/e/.", ".",    "..",    "missing", "a/x", "missing/x",
    "missing/", "l/x",    "m/x",   "d//x", "d/./y", "l/../a",  "",    "d/x/..",
};

// Most of the time a plain name, so that something is there.
static const char *a_name(void)
{
    unsigned odd = pick(3) == 0, i = pick(odd ? LENGTH(names) : 10);
    return names[odd && left_out("odd-names") ? i % 10 : i];
}

static int *a_slot(void)
{
    unsigned i = pick(FDS);
    put(" #%u", i);
    return &fds[i];
}

static void begin(void)
{
    for (int i = 0; i < FDS; i++)
        fds[i] = -1;
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    symlink("a", "l");
    symlink("nowhere", "m");
    close(open("a", O_CREAT | O_WRONLY, 0644));
}

static void do_open(void)
{
    static const int access[] = {O_RDONLY, O_WRONLY, O_RDWR};
    static const struct {
        int flag;
        const char *name;
    } flags[] = {{O_CREAT, "CREAT"},       {O_CREAT, "CREAT"},    {O_EXCL, "EXCL"},
                 {O_TRUNC, "TRUNC"},       {O_APPEND, "APPEND"},  {O_DIRECTORY, "DIRECTORY"},
                 {O_NOFOLLOW, "NOFOLLOW"}, {O_CLOEXEC, "CLOEXEC"}};
    int *fd = a_slot(), how = PICK(access);
    const char *name = a_name();
    put(" %s %d", name, how);
    for (unsigned i = 0, n = pick(4); i < n; i++) {
        unsigned f = pick(LENGTH(flags));
        how |= flags[f].flag;
        put("|%s", flags[f].name);
    }
    if (*fd >= 0)
        close(*fd);
    *fd = open(name, how | O_NONBLOCK, 0600 | pick(0100)); // it may be a FIFO
    put_done(*fd);
}

static void do_close(void)
{
    int *fd = a_slot();
    put_result(close(*fd));
    *fd = -1;
}

static void do_read(void)
{
    unsigned char buf[9000];
    int *fd = a_slot();
    size_t n = pick(3) ? pick(50) : pick(sizeof buf);
    put(" %zu", n);
    ssize_t r = pick(3) ? read(*fd, buf, n) : pread(*fd, buf, n, pick(100));
    put_result(r);
    if (r > 0)
        put_data(buf, (size_t)r);
}

static void do_write(void)
{
    unsigned char buf[9000];
    int *fd = a_slot();
    size_t n = pick(3) ? pick(50) : pick(sizeof buf);
    fill_bytes(buf, n, pick(26));
    put(" %zu", n);
    put_result(pick(3) ? write(*fd, buf, n) : pwrite(*fd, buf, n, pick(9000)));
}

static void do_vector(void)
{
    unsigned char buf[3][700];
    struct iovec iov[3];
    int *fd = a_slot(), out = (int)pick(2);
    ssize_t r;
    for (int i = 0; i < 3; i++) {
        iov[i] = (struct iovec){buf[i], pick(4) ? pick(20) : pick(700)};
        fill_bytes(buf[i], sizeof buf[i], (unsigned)i);
        put(" %zu", iov[i].iov_len);
    }
    put(out ? " out" : " in");
    put_result(r = out ? writev(*fd, iov, 3) : readv(*fd, iov, 3));
    if (r >= 0 && !out)
        for (int i = 0; i < 3; i++)
            put_data(buf[i], iov[i].iov_len);
}

static void do_seek(void)
{
    static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END, 3, 4, 77};
    int *fd = a_slot(), how = whence[pick(4) ? pick(3) : pick(6)];
    long off = (long)pick(200) - (pick(3) ? 0 : 100);
    struct stat st;
    if (fstat(*fd, &st) == 0 && S_ISDIR(st.st_mode)) // where a directory ends is nobody's business
        off = 0, how = SEEK_SET;
    put(" %ld %d", off, how);
    put_result(lseek(*fd, off, how));
}

static void do_truncate(void)
{
    long len = (long)pick(6000) - (pick(9) ? 0 : 5990);
    if (pick(2)) {
        int *fd = a_slot();
        put(" %ld", len);
        put_result(ftruncate(*fd, len));
    } else {
        const char *name = a_name();
        put(" %s %ld", name, len);
        put_result(truncate(name, len));
    }
}

static void say_stat(const struct stat *st)
{
    put(" %o nlink %d", (unsigned)st->st_mode, S_ISDIR(st->st_mode) ? 0 : (int)st->st_nlink);
    if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
        put(" size %ld", (long)st->st_size);
}

static void do_stat(void)
{
    struct stat st;
    int r, how = (int)pick(3);
    if (how == 0) {
        int *fd = a_slot();
        r = fstat(*fd, &st);
    } else {
        const char *name = a_name();
        put(how == 1 ? " %s" : " -L %s", name);
        r = how == 1 ? stat(name, &st) : lstat(name, &st);
    }
    put_result(r);
    if (r == 0)
        say_stat(&st);
}

// Operations on one name, or two.
static void do_mkdir(void)
{
    const char *name = a_name();
    put(" %s", name);
    put_result(mkdir(name, 0700 | pick(0100)));
}

static void do_rmdir(void)
{
    const char *name = a_name();
    put(" %s", name);
    put_result(rmdir(name));
}

static void do_unlink(void)
{
    const char *name = a_name();
    put(" %s", name);
    put_result(unlink(name));
}

static void do_rename(void)
{
    const char *from = a_name(), *to = a_name();
    put(" %s %s", from, to);
    put_result(rename(from, to));
}

static void do_link(void)
{
    const char *from = a_name(), *to = a_name();
    int flag = pick(3) ? 0 : AT_SYMLINK_FOLLOW;
    put(" %s %s %d", from, to, flag != 0);
    put_result(linkat(AT_FDCWD, from, AT_FDCWD, to, flag));
}

static void do_symlink(void)
{
    const char *to = a_name(), *name = a_name();
    put(" %s %s", to, name);
    put_result(symlink(to, name));
}

static void do_readlink(void)
{
    char buf[100];
    const char *name = a_name();
    size_t room = pick(4) ? sizeof buf : pick(4);
    put(" %s %zu", name, room);
    ssize_t n = readlink(name, buf, room);
    put_result(n);
    if (n > 0)
        put_data(buf, (size_t)n);
}

static void do_realpath(void)
{
    char *here = getcwd(NULL, 0);
    const char *name = a_name();
    put(" %s", name);
    char *path = realpath(name, NULL);
    size_t n = here ? strlen(here) : 0;
    put(" = %s", !path ? "-" : strncmp(path, here, n) ? "above" : path + n);
    if (!path)
        put_result(-1);
    free(path);
    free(here);
}

static void do_chmod(void)
{
    unsigned mode = pick(010000);
    if (pick(2)) {
        const char *name = a_name();
        put(" %s %o", name, mode);
        put_result(chmod(name, mode));
    } else {
        int *fd = a_slot();
        put(" %o", mode);
        put_result(fchmod(*fd, mode));
    }
}

static void do_access(void)
{
    const char *name = a_name();
    int how = (int)pick(9);
    put(" %s %d", name, how);
    put_result(access(name, how));
}

static void do_dup(void)
{
    int *from = a_slot(), *to = a_slot(), r;
    switch (pick(3)) {
    case 0:
        r = dup(*from);
        break;
    case 1:
        r = fcntl(*from, F_DUPFD_CLOEXEC, 30);
        put(" cloexec");
        break;
    default:
        put(" dup2");
        put_done(dup2(*from, *to)); // the same descriptor, most of the time
        return;
    }
    put_done(r);
    if (r < 0)
        return;
    if (*to >= 0)
        close(*to);
    *to = r;
}

static void do_fcntl(void)
{
    int *fd = a_slot();
    switch (pick(4)) {
    case 0:
        put(" GETFD");
        put_result(fcntl(*fd, F_GETFD));
        break;
    case 1:
        put(" SETFD");
        put_result(fcntl(*fd, F_SETFD, (int)pick(2)));
        break;
    case 2:
        put(" GETFL");
        int flags = fcntl(*fd, F_GETFL);
        put_result(flags < 0 ? -1 : flags & (O_ACCMODE | O_APPEND | O_NONBLOCK));
        break;
    default:
        put(" SETFL");
        put_result(fcntl(*fd, F_SETFL, O_NONBLOCK | (pick(2) ? O_APPEND : 0)));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void do_list(void)
{
    char *found[40];
    size_t n = 0;
    const char *name = a_name();
    put(" %s", name);
    DIR *d = opendir(name);
    put_done(d ? 0 : -1);
    if (!d)
        return;
    for (struct dirent *e; n < LENGTH(found) && (e = readdir(d));)
        found[n++] = strdup(e->d_name);
    closedir(d);
    qsort(found, n, sizeof *found, by_name);
    for (size_t i = 0; i < n; i++) {
        put(" %s", strcmp(name, "..") ? found[i] : "-");
        free(found[i]);
    }
}

static void do_times(void)
{
    struct timespec t[2] = {{1000 + pick(1000), 5}, {2000 + pick(1000), 7}};
    const char *name = a_name();
    struct stat st;
    int flag = pick(2) ? AT_SYMLINK_NOFOLLOW : 0;
    if (pick(4) == 0)
        t[pick(2)].tv_nsec = UTIME_OMIT;
    put(" %s %d", name, flag != 0);
    put_result(utimensat(AT_FDCWD, name, t, flag));
    if (stat(name, &st) == 0)
        put(" %d", st.st_mtime > 0);
}

static void do_mkfifo(void)
{
    const char *name = a_name();
    put(" %s", name);
    put_result(mkfifo(name, 0600));
}

static void do_umask(void)
{
    mode_t mask = pick(4) ? 022 : pick(0100);
    put(" %o", (unsigned)mask);
    put_result((long)umask(mask));
}

static const struct op ops[] = {
    {"open", 20, do_open},        {"close", 3, do_close},     {"read", 10, do_read},
    {"write", 12, do_write},      {"vector", 4, do_vector},   {"seek", 6, do_seek},
    {"truncate", 5, do_truncate}, {"stat", 10, do_stat},      {"mkdir", 5, do_mkdir},
    {"rmdir", 4, do_rmdir},       {"unlink", 5, do_unlink},   {"rename", 8, do_rename},
    {"link", 5, do_link},         {"symlink", 5, do_symlink}, {"readlink", 4, do_readlink},
    {"realpath", 5, do_realpath}, {"chmod", 3, do_chmod},     {"access", 4, do_access},
    {"dup", 4, do_dup},           {"fcntl", 5, do_fcntl},     {"list", 5, do_list},
    {"times", 3, do_times},       {"mkfifo", 1, do_mkfifo},   {"umask", 1, do_umask},
};

const struct area area_files = {"files", ops, LENGTH(ops), begin};
