// SPDX-License-Identifier: BSD-2-Clause
// Directories of the RAM file system: listings, reuse of room, and several VMs that change the same
// one.
#include "kernel/fs/fs.h"
#include "kernel/fs/ram/ram.h"
#include "tests/unit/lib/fs_helpers.h"
#include "kernel/api/dirent.h"

static void set_up(void)
{
    boot_with(NULL, 0);
}

static int list(int fd, size_t room, uint64_t *names)
{
    static uint8_t buf[4096];
    int count = 0;
    long n;
    while ((n = sys_getdents64(fd, buf, room)) > 0)
        for (long at = 0; at < n; count++) {
            const struct k_dirent64 *d = (const struct k_dirent64 *)(buf + at);
            for (const char *c = d->name; *c; c++)
                *names = *names * 31 + (uint8_t)*c;
            at += d->reclen;
        }
    return n < 0 ? (int)n : count;
}

static void name_of(char *name, int i)
{
    snprintf(name, 64, "n%.*s%d", i % 40, "................................................", i);
}

static void test_listing(void)
{
    char name[64];
    uint64_t a = 0, b = 0;
    set_up();
    CHECK_EQ(sys_mkdirat(AT_FDCWD, "d", 0755), 0);
    CHECK_EQ(sys_chdir("d"), 0);
    for (int i = 0; i < 500; i++) {
        name_of(name, i);
        CHECK_EQ(put(name, ""), 0);
    }
    int fd = (int)sys_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
    CHECK_EQ(list(fd, 4096, &a), 502);
    CHECK_EQ(list(fd, 4096, &a), 0);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), 0);
    b = 0;
    CHECK_EQ(list(fd, 100, &b), 502); // in small steps, the same
    CHECK_EQ((intmax_t)a, (intmax_t)b);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(list(fd, 10, &b), -EINVAL);
    // Removing all while listing: each is met once.
    uint8_t buf[300];
    int removed = 0;
    long n;
    while ((n = sys_getdents64(fd, buf, sizeof buf)) > 0)
        for (long at = 0; at < n; at += ((struct k_dirent64 *)(buf + at))->reclen) {
            const char *found = ((struct k_dirent64 *)(buf + at))->name;
            removed += found[0] != '.' && sys_unlinkat(AT_FDCWD, found, 0) == 0;
        }
    CHECK_EQ(removed, 500);
    CHECK_EQ(sys_chdir(".."), 0);
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0);
    CHECK_EQ(list(fd, 300, &b), 0); // removed: not even "."
    sys_close(fd);
    no_leaks();
}

// Records are split and joined: short and long names in turns never corrupt the directory nor grow
// it for ever.
static void test_reuse(void)
{
    char name[260];
    set_up();
    CHECK_EQ(put("stays", ""), 0);
    for (int i = 0; i < 3000; i++) {
        uint32_t len = 1 + (uint32_t)(i * 7919) % 250;
        memset(name, 'a' + i % 26, len);
        name[len] = '\0';
        CHECK_EQ(put(name, ""), 0);
        CHECK_EQ(sys_unlinkat(AT_FDCWD, name, 0), 0);
    }
    CHECK_EQ(sys_fstatat(AT_FDCWD, ".", &st, 0), 0);
    CHECK(st.size <= 2 * 4096);
    sys_unlinkat(AT_FDCWD, "stays", 0);
    no_leaks();
}

// --- several VMs ---

static int append_lines(void *arg)
{
    char line[32];
    int fd = (int)sys_openat(AT_FDCWD, "log", O_WRONLY | O_APPEND | O_CREAT, 0644);
    for (int i = 0; i < 500; i++) {
        snprintf(line, sizeof line, "%02d %04d\n", (int)(uintptr_t)arg, i);
        if (sys_write(fd, line, 8) != 8)
            return 1;
    }
    return (int)sys_close(fd);
}

static void test_append(void)
{
    pid_t vms[3];
    static char all[3 * 500 * 8 + 1];
    int next[3] = {0}, bad = 0;
    set_up();
    for (uint32_t i = 0; i < 3; i++)
        vms[i] = fake_vm(2 + i, append_lines, (void *)(uintptr_t)i);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    int fd = (int)sys_openat(AT_FDCWD, "log", O_RDONLY, 0);
    CHECK_EQ(sys_read(fd, all, sizeof all), sizeof all - 1);
    for (char *line = all; line < all + sizeof all - 1; line += 8) {
        int who, n;
        bad += sscanf(line, "%d %d\n", &who, &n) != 2 || next[who]++ != n;
    }
    CHECK_EQ(bad, 0);
    sys_close(fd);
}

// Makes, renames, links and removes names in one directory that all share.
static int scramble(void *arg)
{
    uint32_t seed = (uint32_t)(uintptr_t)arg;
    char a[16], b[16];
    for (int i = 0; i < 4000; i++) {
        seed = seed * 1103515245 + 12345;
        snprintf(a, sizeof a, "x/%d", seed >> 8 & 7);
        snprintf(b, sizeof b, "%c/%d", seed >> 20 & 1 ? 'x' : 'y', seed >> 12 & 7);
        long r = 0;
        switch (seed >> 28) {
        case 0:
        case 1:
        case 2:
        case 3:
            r = put(a, "contents");
            break;
        case 4:
        case 5:
        case 6:
        case 7:
            r = sys_renameat2(AT_FDCWD, a, AT_FDCWD, b, 0);
            break;
        case 8:
        case 9:
            r = sys_unlinkat(AT_FDCWD, b, 0);
            break;
        case 10:
        case 11:
            r = sys_linkat(AT_FDCWD, a, AT_FDCWD, b, 0);
            break;
        case 12:
        case 13:
            r = sys_mkdirat(AT_FDCWD, b, 0755);
            break;
        default:
            r = sys_unlinkat(AT_FDCWD, a, AT_REMOVEDIR);
        }
        if (r < 0 && r != -ENOENT && r != -EEXIST && r != -EISDIR && r != -ENOTDIR && r != -EPERM)
            return 1;
    }
    return 0;
}

static void test_scramble(void)
{
    pid_t vms[4];
    char name[16];
    set_up();
    CHECK_EQ(sys_mkdirat(AT_FDCWD, "x", 0755), 0);
    CHECK_EQ(sys_mkdirat(AT_FDCWD, "y", 0755), 0);
    for (uint32_t i = 0; i < 4; i++)
        vms[i] = fake_vm(2 + i, scramble, (void *)(uintptr_t)(i + 1));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
    for (int i = 0; i < 16; i++) {
        snprintf(name, sizeof name, "%c/%d", i & 1 ? 'x' : 'y', i >> 1);
        if (sys_unlinkat(AT_FDCWD, name, 0) == -EISDIR)
            CHECK_EQ(sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR), 0);
    }
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "x", AT_REMOVEDIR), 0);
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "y", AT_REMOVEDIR), 0);
    no_leaks();
}

static int die_in_directory(void *arg)
{
    (void)arg;
    put("d/one", "1");
    inode_lock(wref_ptr(proc_self->cwd));
    fake_die();
    return 0;
}

static void test_death(void)
{
    set_up();
    CHECK_EQ(sys_mkdirat(AT_FDCWD, "d", 0755), 0);
    CHECK_EQ(fake_join(fake_vm(2, die_in_directory, NULL)), -10);
    fake_mourn(2);
    CHECK_STR(get("d/one"), "1");
    CHECK_EQ(put("two", "2"), 1);
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "d/one", 0), 0);
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0);
}

// Leaves a directory that does not parse, and its lock.
static int die_in_ruins(void *arg)
{
    struct inode *dir;
    (void)arg;
    if (fs_directory(AT_FDCWD, "d", &dir) < 0)
        return 1;
    inode_lock(dir);
    memset(data_page(dir, 0), 0xff, 64);
    fake_die();
    return 0;
}

// What needs a broken directory's lock and not its names goes on as ever, and holds no lock longer
// than it should: "..", and a rename to another parent.
static void test_broken(void)
{
    set_up();
    CHECK_EQ(md("d"), 0);
    CHECK_EQ(md("other"), 0);
    CHECK_EQ(put("d/one", "1"), 1);
    CHECK_EQ(fake_join(fake_vm(2, die_in_ruins, NULL)), -10);
    fake_mourn(2);
    CHECK_EQ(look("d/.."), 0);
    CHECK_EQ(pv_shared->critical, 0);
    CHECK_EQ(look("d/one"), -EIO);
    CHECK_EQ(put("d/two", "2"), -EIO);
    CHECK_EQ(pv_shared->critical, 0);
    CHECK_EQ(fake_join(fake_vm(3, die_in_ruins, NULL)), -10);
    fake_mourn(3);
    CHECK_EQ(mv("d", "other/d"), 0);
    CHECK_EQ(pv_shared->critical, 0);
    CHECK_EQ(look("other/d/../d"), 0);
    CHECK_EQ(rd("other/d"), -ENOTEMPTY);
    CHECK_EQ(put("other/three", "3"), 1);
    CHECK_EQ(pv_shared->critical, 0);
}

int main(void)
{
    RUN(test_listing);
    RUN(test_reuse);
    RUN(test_append);
    RUN(test_scramble);
    RUN(test_death);
    RUN(test_broken);
    return check_done("dir");
}
