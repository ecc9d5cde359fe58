// SPDX-License-Identifier: BSD-2-Clause
//
// timeout: 90
//
// Every call that takes a path, on every kind of path: what it says, and which error where several
// apply. Each case starts in a directory of its own that holds one of everything; all run as an
// ordinary user.
#include "tests/guest/check.h"
#include <dirent.h>
#include <sys/statvfs.h>

static char long_name[301], long_new[301];

static const char *const paths[] = {
    "f",     "f/",     "f/.",    "f/..",   "f/x",      "d",        "d/",        "d/.",
    "d/..",  "d/f",    "d/f/",   "d/new",  "d/new/",   "d/new/x",  ".",         "./",
    "..",    "/",      "//",     "",       "new",      "new/",     "new//",     "new/.",
    "new/x", "lf",     "lf/",    "lf/.",   "lf/x",     "ld",       "ld/",       "ld/.",
    "ld/..", "ld/f",   "ld/new", "dang",   "dang/",    "dang/x",   "dangslash", "loop",
    "loop/", "loop/x", "e",      "e/",     "e/.",      "e/..",     "e/../f",    "p",
    "p/",    "shut",   "shut/",  "shut/f", "shut/new", "shut/f/x", "shut/..",   "ro",
    "ro/f",  "ro/f/",  "ro/d",   "ro/new", "ro/new/",  "ro/lf",    "nor",       "gone/../d",
    "lself", "lslash", "lroot",  "lroot/", "lup/f",    long_name,  long_new,    "f/../../none",
};
#define PATHS (sizeof paths / sizeof *paths)

static void build(void)
{
    NEED(mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0 && mkdir("ro", 0755) == 0);
    NEED(mkdir("shut", 0755) == 0 && mkdir("ro/d", 0755) == 0);
    put_file("f", "f", 0644);
    put_file("d/f", "df", 0644);
    put_file("shut/f", "sf", 0644);
    put_file("ro/f", "rf", 0644);
    put_file("nor", "n", 0);
    NEED(symlink("f", "lf") == 0 && symlink("d", "ld") == 0 && symlink("f", "ro/lf") == 0);
    NEED(symlink("none", "dang") == 0 && symlink("none/", "dangslash") == 0);
    NEED(symlink("loop", "loop") == 0 && symlink(".", "lself") == 0 &&
         symlink("d/", "lslash") == 0);
    NEED(symlink("/", "lroot") == 0 && symlink("d/..", "lup") == 0);
    NEED(mkfifo("p", 0644) == 0);
    NEED(chmod("shut", 0) == 0 && chmod("ro", 0555) == 0);
}

// --- the calls: -1 or not ---

static long opened(const char *path, int flags)
{
    int fd = open(path, flags | O_NONBLOCK, 0644);
    return fd < 0 ? -1 : close(fd);
}

static long open_r(const char *p)
{
    return opened(p, O_RDONLY);
}
static long open_w(const char *p)
{
    return opened(p, O_WRONLY);
}
static long open_trunc(const char *p)
{
    return opened(p, O_RDWR | O_TRUNC);
}
static long open_creat(const char *p)
{
    return opened(p, O_RDONLY | O_CREAT);
}
static long open_creat_w(const char *p)
{
    return opened(p, O_RDWR | O_CREAT | O_TRUNC);
}
static long open_excl(const char *p)
{
    return opened(p, O_RDWR | O_CREAT | O_EXCL);
}
static long open_dir(const char *p)
{
    return opened(p, O_RDONLY | O_DIRECTORY);
}
static long open_creat_dir(const char *p)
{
    return opened(p, O_RDONLY | O_CREAT | O_DIRECTORY);
}
static long open_nofollow(const char *p)
{
    return opened(p, O_RDONLY | O_NOFOLLOW);
}
static long open_creat_nofollow(const char *p)
{
    return opened(p, O_WRONLY | O_CREAT | O_NOFOLLOW);
}
static long do_mkdir(const char *p)
{
    return mkdir(p, 0755);
}
static long do_mkfifo(const char *p)
{
    return mkfifo(p, 0644);
}
static long do_mknod_dev(const char *p)
{
    return mknod(p, S_IFCHR | 0644, 0x103);
}
static long do_mknod_reg(const char *p)
{
    return mknod(p, S_IFREG | 0644, 0);
}
static long symlink_at(const char *p)
{
    return symlink("target", p);
}
static long link_to(const char *p)
{
    return link("f", p);
}
static long link_from(const char *p)
{
    return link(p, "N");
}
static long link_from_follow(const char *p)
{
    return linkat(AT_FDCWD, p, AT_FDCWD, "N", AT_SYMLINK_FOLLOW);
}
static long link_over(const char *p)
{
    return link(p, "d/f");
}
static long link_dir(const char *p)
{
    return link("d", p);
}
static long link_none(const char *p)
{
    return link("none", p);
}
static long do_unlink(const char *p)
{
    return unlink(p);
}
static long do_rmdir(const char *p)
{
    return rmdir(p);
}
static long rename_from(const char *p)
{
    return rename(p, "N");
}
static long rename_from_slash(const char *p)
{
    return rename(p, "N/");
}
static long rename_from_over_file(const char *p)
{
    return rename(p, "d/f");
}
static long rename_from_over_dir(const char *p)
{
    return rename(p, "e");
}
static long rename_from_dot(const char *p)
{
    return rename(p, ".");
}
static long rename_file(const char *p)
{
    return rename("f", p);
}
static long rename_file_slash(const char *p)
{
    return rename("f/", p);
}
static long rename_dir(const char *p)
{
    return rename("e", p);
}
static long rename_full(const char *p)
{
    return rename("d", p);
}
static long rename_link(const char *p)
{
    return rename("lf", p);
}
static long rename_none(const char *p)
{
    return rename("none", p);
}
static long rename_dot(const char *p)
{
    return rename("d/.", p);
}
static long do_chdir(const char *p)
{
    return chdir(p);
}
static long do_stat(const char *p)
{
    struct stat st;
    return stat(p, &st);
}
static long do_lstat(const char *p)
{
    struct stat st;
    return lstat(p, &st);
}
static long stat_null(const char *p)
{
    struct stat *volatile nowhere = NULL; // the compilers know that it must not be
    return fstatat(AT_FDCWD, p, nowhere, 0);
}
static long do_readlink(const char *p)
{
    char b[64];
    return readlink(p, b, sizeof b);
}
static long do_truncate(const char *p)
{
    return truncate(p, 1);
}
static long do_chmod(const char *p)
{
    return chmod(p, 0755);
}
static long do_chown(const char *p)
{
    return chown(p, (uid_t)-1, (gid_t)-1);
}
static long chown_root(const char *p)
{
    return chown(p, 0, 0);
}
static long do_lchown(const char *p)
{
    return lchown(p, (uid_t)-1, (gid_t)-1);
}
static long do_utimens(const char *p)
{
    return utimensat(AT_FDCWD, p, NULL, 0);
}
static long access_f(const char *p)
{
    return access(p, F_OK);
}
static long access_rw(const char *p)
{
    return access(p, R_OK | W_OK);
}
static long access_x(const char *p)
{
    return access(p, X_OK);
}
static long do_statvfs(const char *p)
{
    struct statvfs st;
    return statvfs(p, &st);
}

#define CALL(f)                                                                                    \
    {                                                                                              \
#f, f                                                                                      \
    }
static const struct {
    const char *name;
    long (*call)(const char *path);
} calls[] = {
    CALL(open_r),
    CALL(open_w),
    CALL(open_trunc),
    CALL(open_creat),
    CALL(open_creat_w),
    CALL(open_excl),
    CALL(open_dir),
    CALL(open_creat_dir),
    CALL(open_nofollow),
    CALL(open_creat_nofollow),
    CALL(do_mkdir),
    CALL(do_mkfifo),
    CALL(do_mknod_dev),
    CALL(do_mknod_reg),
    CALL(symlink_at),
    CALL(link_to),
    CALL(link_from),
    CALL(link_from_follow),
    CALL(link_over),
    CALL(link_dir),
    CALL(link_none),
    CALL(do_unlink),
    CALL(do_rmdir),
    CALL(rename_from),
    CALL(rename_from_slash),
    CALL(rename_from_over_file),
    CALL(rename_from_over_dir),
    CALL(rename_from_dot),
    CALL(rename_file),
    CALL(rename_file_slash),
    CALL(rename_dir),
    CALL(rename_full),
    CALL(rename_link),
    CALL(rename_none),
    CALL(rename_dot),
    CALL(do_chdir),
    CALL(do_stat),
    CALL(do_lstat),
    CALL(stat_null),
    CALL(do_readlink),
    CALL(do_truncate),
    CALL(do_chmod),
    CALL(do_chown),
    CALL(chown_root),
    CALL(do_lchown),
    CALL(do_utimens),
    CALL(access_f),
    CALL(access_rw),
    CALL(access_x),
    CALL(do_statvfs),
};
#define CALLS (sizeof calls / sizeof *calls)

static void remove_tree(const char *path)
{
    char name[600];
    chmod(path, 0755);
    DIR *d = opendir(path);
    NEED(d != NULL);
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        NEED(lstat(name, &st) == 0);
        if (S_ISDIR(st.st_mode))
            remove_tree(name);
        else
            NEED(unlink(name) == 0);
    }
    closedir(d);
    NEED(rmdir(path) == 0);
}

// Whether it is about "/", which may or may not be on our file system, in a call for which that
// matters.
static int crosses(unsigned call, unsigned path)
{
    struct stat it, root;
    int linking = !strncmp(calls[call].name, "link_", 5) || !strncmp(calls[call].name, "rename", 6);
    return linking && stat(paths[path], &it) == 0 && stat("/", &root) == 0 &&
           it.st_dev == root.st_dev && it.st_ino == root.st_ino;
}

static const char *one(unsigned call, unsigned path, int here)
{
    char dir[32];
    snprintf(dir, sizeof dir, "c%u-%u", call, path);
    NEED(fchdir(here) == 0 && mkdir(dir, 0755) == 0 && chdir(dir) == 0);
    build();
    errno = 0;
    const char *said = "not tried";
    if (!crosses(call, path))
        said = calls[call].call(paths[path]) == -1 ? err_name(errno) : "OK";
    NEED(fchdir(here) == 0);
    remove_tree(dir);
    return said;
}

int main(void)
{
    scratch("path_errnos");
    if (geteuid() == 0) {
        NEED(chown(".", 1234, 1234) == 0);
        NEED(setgid(1234) == 0 && setuid(1234) == 0);
    }
    memset(long_name, 'n', 255);
    memset(long_new, 'n', 256);
    int here = open(".", O_RDONLY);
    NEED(here >= 0);
    for (unsigned call = 0; call < CALLS; call++)
        for (unsigned path = 0; path < PATHS; path++) {
            const char *said = one(call, path, here);
            say("%s(%.12s%s) %s", calls[call].name, paths[path],
                strlen(paths[path]) > 12 ? "..." : "", said);
        }
    return 0;
}
