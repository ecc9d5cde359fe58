// SPDX-License-Identifier: BSD-2-Clause
//
// The C library above the file calls: realpath, glob, directories with positions, scandir, users,
// path limits, and names of the system that must make sense.
#include "tests/guest/check.h"
#include <dirent.h>
#include <glob.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <sys/statvfs.h>

static char dir[] = "/tmp/libc.XXXXXX";

static void make(void)
{
    static const char *const names[] = {"b.c", "a.c", "z.h", ".hidden", "sub/deep.c"};
    NEED(mkdir("sub", 0755) == 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int fd = open(names[i], O_CREAT | O_WRONLY, 0644);
        NEED(fd >= 0);
        close(fd);
    }
    NEED(symlink("sub", "link") == 0);
    NEED(symlink("link/deep.c", "chain") == 0);
    NEED(symlink("loop", "loop") == 0);
}

static void real(const char *path)
{
    char out[PATH_MAX];
    errno = 0;
    char *r = realpath(path, out);
    size_t len = strlen(dir);
    if (!r)
        say("realpath %s: %s", path, err_name(errno));
    else
        say("realpath %s: %s", path, strncmp(r, dir, len) == 0 ? r + len : r);
}

static void matches(const char *pattern, int flags)
{
    glob_t g;
    int r = glob(pattern, flags, NULL, &g);
    say("glob %s: %s", pattern, r == 0 ? "found" : r == GLOB_NOMATCH ? "none" : "error");
    for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
        say("  %s", g.gl_pathv[i]);
    if (r == 0)
        globfree(&g);
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void directories(void)
{
    struct dirent **list;
    int n = scandir(".", &list, visible, alphasort);
    say("scandir %d", n);
    for (int i = 0; i < n; i++) {
        say("  %s", list[i]->d_name);
        free(list[i]);
    }
    free(list);
    DIR *d = opendir(".");
    NEED(d);
    int all = 0, again = 0;
    long middle = 0;
    char third[256] = "", back[256] = "";
    for (struct dirent *e; (e = readdir(d)); all++) {
        if (all == 1)
            middle = telldir(d);
        if (all == 2)
            strcpy(third, e->d_name);
    }
    seekdir(d, middle);
    struct dirent *e = readdir(d);
    if (e)
        strcpy(back, e->d_name);
    rewinddir(d);
    while (readdir(d))
        again++;
    say("entries %d, again %d, seekdir %s", all, again, strcmp(third, back) ? "WRONG" : "right");
    say("dirfd %d", dirfd(d) >= 0);
    say("closedir %d", closedir(d));
    errno = 0;
    d = opendir("a.c");
    say("opendir of a file: %d %s", d == NULL, err_name(errno));
}

static void users(void)
{
    struct passwd *pw = getpwuid(0), p, *r;
    struct group *gr = getgrgid(0);
    char buf[1024];
    say("uid 0: %s %s", pw ? pw->pw_name : "(null)", pw ? pw->pw_dir : "(null)");
    say("gid 0: %s", gr ? gr->gr_name : "(null)");
    pw = getpwnam("nobody-here");
    say("no such user: %d", pw == NULL);
    int error = getpwnam_r("root", &p, buf, sizeof buf, &r);
    say("getpwnam_r: %d %s", error, r ? r->pw_name : "-");
    error = getpwnam_r("root", &p, buf, 4, &r);
    say("too small: %s", err_name(error));
}

int main(void)
{
    NEED(mkdtemp(dir));
    NEED(chdir(dir) == 0);
    make();
    static const char *const paths[] = {
        ".", "sub/../a.c", "link/deep.c", "chain",    "link/..", "loop",  "absent",  "a.c/x",
        "",  "/",          "//tmp/.",     "./sub/./", "chain/",  "link/", "chain/.", "chain//"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        real(paths[i]);
    matches("*.c", 0);
    matches("*", 0);
    matches("s*/*.c", 0);
    matches("{a,b}.c", GLOB_BRACE);
    matches("*.none", 0);
    matches("*.none", GLOB_NOCHECK);
    matches("sub", GLOB_MARK);
    directories();
    users();
    char a[] = "/usr/lib/", b[] = "/usr/lib/";
    say("basename %s dirname %s", basename(a), dirname(b));
    say("PATH_MAX %ld NAME_MAX %ld PIPE_BUF %ld", pathconf("/", _PC_PATH_MAX),
        pathconf("/", _PC_NAME_MAX), pathconf("/", _PC_PIPE_BUF));
    say("page %ld ticks %ld cpus %d", sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK),
        sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    struct statvfs v;
    int failed = statvfs("/", &v);
    say("statvfs %d, blocks of %d", failed, v.f_frsize > 0);
    return 0;
}
