// SPDX-License-Identifier: BSD-2-Clause
//
// Files and directories without a name; access() by the real ids, below a directory that the
// effective ones may not search; sparse files; the descriptors of a process as /proc lists them.
#include "tests/guest/check.h"
#include <dirent.h>
#include <stdint.h>

static void unlinked(void)
{
    char path[64];
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    NEED(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    TRY(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
    TRY(unlink("g"));
    TRY(unlink("f"));
    TRY(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
    TRY(access("g", F_OK));
    close(fd);
    TRY(mkdir("d", 0755));
    TRY(chdir("d"));
    TRY(rmdir("../d"));
    TRY(mkdir("in", 0755));
    TRY(open("new", O_CREAT | O_RDWR, 0644));
    TRY(symlink("t", "l"));
    TRY(access("..", F_OK));
    TRY(rename("../d2", "x"));
    TRY(chdir(".."));
}

// Only root can have two identities; others print what it would.
static void real_ids(void)
{
    NEED(mkdir("shut", 0700) == 0);
    put_file("shut/f", "x", 0600);
    if (geteuid() != 0) {
        say("access(\"shut/f\", R_OK) = 0\nfaccessat(AT_FDCWD, \"shut/f\", R_OK, AT_EACCESS) = -1 "
            "EACCES\nopen(\"shut/f\", O_RDONLY) = -1 EACCES\naccess(\"shut/f\", R_OK) = -1 EACCES");
        return;
    }
    NEED(seteuid(1234) == 0);
    TRY(access("shut/f", R_OK));
    TRY(faccessat(AT_FDCWD, "shut/f", R_OK, AT_EACCESS));
    TRY(open("shut/f", O_RDONLY));
    NEED(seteuid(0) == 0 && setreuid(1234, 0) == 0);
    TRY(access("shut/f", R_OK));
    NEED(setreuid(0, 0) == 0);
}

static void sparse(void)
{
    struct stat st;
    char c = 'c';
    int fd = open("big", O_RDWR | O_CREAT, 0644);
    NEED(fd >= 0);
    TRY(ftruncate(fd, INT64_C(5) << 30));
    TRY(pwrite(fd, "x", 1, (INT64_C(15) << 40)));
    TRY(fstat(fd, &st));
    CHECK("size", st.st_size == (INT64_C(15) << 40) + 1);
    CHECK("few blocks", st.st_blocks < 1000);
    TRY(pread(fd, &c, 1, INT64_C(7) << 40));
    CHECK("a hole", c == 0);
    TRY(lseek(fd, -1, SEEK_END) == INT64_C(15) << 40);
    TRY(read(fd, &c, 1));
    CHECK("the byte", c == 'x');
    TRY(ftruncate(fd, 3));
    TRY(pread(fd, &c, 1, INT64_C(15) << 40));
    close(fd);
    unlink("big");
}

// Each entry, the listing's own descriptor included, can be looked at while the listing goes on.
static void descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    char target[256];
    int bad = 0, own = 0;
    NEED(d != NULL);
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (e->d_name[0] == '.')
            continue;
        bad += fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0;
        bad += !S_ISLNK(st.st_mode);
        bad += fstatat(dirfd(d), e->d_name, &st, 0) != 0;
        bad += readlinkat(dirfd(d), e->d_name, target, sizeof target) < 0;
        if (atoi(e->d_name) == dirfd(d)) {
            own++;
            bad += !S_ISDIR(st.st_mode);
        }
    }
    say("descriptors: %d bad, the listing's own %d times", bad, own);
    closedir(d);
}

int main(void)
{
    scratch("path_unlinked");
    unlinked();
    real_ids();
    sparse();
    descriptors();
    return 0;
}
