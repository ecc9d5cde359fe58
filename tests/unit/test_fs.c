// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system's contents: reading, writing, holes, limits, listings, leaks, several VMs at
// once.
#include "tests/unit/check.h"
#include "kernel/api/dirent.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/signal.h"
#include "kernel/file.h"
#include "kernel/inode.h"
#include "kernel/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/sys.h"
#include "tests/unit/fake_kernel.h"

static const struct fake_entry entries[] = {
    {"/bin",       NULL,           NULL,          0755,  -1},
    {"/bin/ls",    NULL,           "/bin/multi",  0777,  -1},
    {"/bin/multi", "\177ELF multi", NULL,          0755,  3 },
    {"/etc",       NULL,           NULL,          0755,  -1},
    {"/etc/motd",  "welcome\n",    NULL,          0644,  -1},
    {"/s",         "#!/bin/ls -x\n", NULL,        0755,  -1},
};

static uint32_t pages0, inodes0;

static void set_up(void)
{
    fake_boot_fs(16u << 20, entries, sizeof entries / sizeof *entries);
    CHECK_EQ(sys_chdir("/tmp"), 0);
    pages0 = window_pages_used();
    inodes0 = window_root()->inodes.used;
}

// Every test ends as it began.
static void no_leaks(void)
{
    CHECK_EQ(window_pages_used(), pages0);
    CHECK_EQ(window_root()->inodes.used, inodes0);
    CHECK_EQ(window_root()->files.used, 0);
    CHECK_EQ(pv_shared->critical, 0);
}

static long put(const char *path, const char *text)
{
    int fd = (int)sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return fd;
    long n = sys_write(fd, text, strlen(text));
    sys_close(fd);
    return n;
}

static const char *get(const char *path)
{
    static char buf[256];
    int fd = (int)sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return NULL;
    long n = sys_read(fd, buf, sizeof buf - 1);
    sys_close(fd);
    buf[n < 0 ? 0 : n] = '\0';
    return buf;
}

static void test_populate(void)
{
    struct k_stat st;
    set_up();
    CHECK_STR(get("/etc/motd"), "welcome\n");
    CHECK_EQ(sys_fstatat(AT_FDCWD, "/bin/ls", &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_EQ(st.mode, S_IFLNK | 0777);
    CHECK_EQ(st.size, 10);
    CHECK_EQ(sys_fstatat(AT_FDCWD, "/bin/ls", &st, 0), 0);
    CHECK_EQ(st.mode, S_IFREG | 0755);
    CHECK_EQ(st.mtim.sec, 1000000000);
    CHECK_EQ(sys_fstatat(AT_FDCWD, "/", &st, 0), 0);
    CHECK_EQ(st.nlink, 2 + 5); // bin etc dev tmp proc
    CHECK_EQ(sys_fstatat(AT_FDCWD, "/tmp", &st, 0), 0);
    CHECK_EQ(st.mode, S_IFDIR | 01777);
    no_leaks();
}

static void test_exec_lookup(void)
{
    int32_t program = -7;
    char head[256];
    set_up();
    CHECK_EQ(fs_exec_lookup("/bin/ls", &program, head), 0);
    CHECK_EQ(program, 3);
    CHECK_EQ(fs_exec_lookup("/s", &program, head), 0);
    CHECK_EQ(program, -1);
    CHECK_STR(head, "#!/bin/ls -x\n");
    CHECK_EQ(fs_exec_lookup("/etc/motd", &program, head), -EACCES);
    CHECK_EQ(fs_exec_lookup("/etc", &program, head), -EACCES);
    CHECK_EQ(fs_exec_lookup("/none", &program, head), -ENOENT);
    // A program that is written to is no longer the image's.
    int fd = (int)sys_openat(AT_FDCWD, "/bin/multi", O_WRONLY, 0);
    CHECK_EQ(sys_pwrite(fd, "X", 1, 1), 1);
    sys_close(fd);
    CHECK_EQ(fs_exec_lookup("/bin/ls", &program, head), 0);
    CHECK_EQ(program, -1);
    CHECK_STR(head, "\177XLF multi");
}

static void test_copy_on_write(void)
{
    struct k_stat st;
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "/etc/motd", O_RDWR | O_APPEND, 0);
    CHECK_EQ(sys_write(fd, "more\n", 5), 5);
    CHECK_STR(get("/etc/motd"), "welcome\nmore\n");
    CHECK_EQ(sys_ftruncate(fd, 3), 0);
    CHECK_EQ(sys_ftruncate(fd, 5), 0);
    sys_close(fd);
    CHECK_EQ(sys_fstatat(AT_FDCWD, "/etc/motd", &st, 0), 0);
    CHECK_EQ(st.size, 5);
    CHECK_STR(get("/etc/motd"), "wel");
    CHECK_EQ(sys_truncate("/etc/motd", 0), 0);
    CHECK_STR(get("/etc/motd"), "");
    no_leaks();
}

static void test_read_write(void)
{
    char buf[64] = {0};
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(sys_write(fd, "0123456789", 10), 10);
    CHECK_EQ(sys_lseek(fd, 3, SEEK_SET), 3);
    CHECK_EQ(sys_read(fd, buf, 2), 2);
    CHECK_STR(buf, "34");
    CHECK_EQ(sys_lseek(fd, -1, SEEK_END), 9);
    CHECK_EQ(sys_lseek(fd, -100, SEEK_CUR), -EINVAL);
    CHECK_EQ(sys_lseek(fd, INT64_MAX, SEEK_CUR), -EINVAL);
    CHECK_EQ(sys_lseek(fd, 0, 9), -EINVAL);
    CHECK_EQ(sys_pread(fd, buf, 4, -1), -EINVAL);
    CHECK_EQ(sys_pread(fd, buf, 64, 8), 2);
    CHECK_EQ(sys_pread(fd, buf, 64, 100), 0);
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "f", 0), 0);
    CHECK_EQ(sys_pread(fd, buf, 64, 0), 10); // lives on while it is open
    sys_close(fd);
    no_leaks();
}

static void test_holes(void)
{
    static uint8_t buf[9000];
    struct k_stat st;
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0600);
    // Direct, indirect and twice indirect parts of the map.
    static const int64_t places[] = {0, 4095, 24575, 24600, 4 << 20, (4 << 20) + 24576, 1 << 30};
    for (int i = 0; i < 7; i++)
        CHECK_EQ(sys_pwrite(fd, "ab", 2, places[i]), 2);
    for (int i = 0; i < 7; i++) {
        CHECK_EQ(sys_pread(fd, buf, 2, places[i]), 2);
        CHECK(buf[0] == 'a' && buf[1] == 'b');
    }
    CHECK_EQ(sys_fstat(fd, &st), 0);
    CHECK_EQ(st.size, (1 << 30) + 2);
    CHECK(st.blocks <= 12 * 8);
    memset(buf, 1, sizeof buf);
    CHECK_EQ(sys_pread(fd, buf, sizeof buf, 100000), sizeof buf);
    int sum = 0;
    for (uint32_t i = 0; i < sizeof buf; i++)
        sum += buf[i];
    CHECK_EQ(sum, 0);
    CHECK_EQ(sys_ftruncate(fd, 4096), 0); // cuts "ab" at 4095 in half
    CHECK_EQ(sys_ftruncate(fd, 5000), 0);
    CHECK_EQ(sys_pread(fd, buf, 3, 4095), 3);
    CHECK(buf[0] == 'a' && buf[1] == 0 && buf[2] == 0);
    CHECK_EQ(sys_ftruncate(fd, 0), 0);
    CHECK_EQ(window_pages_used(), pages0 + 1); // /tmp's own page
    sys_close(fd);
    sys_unlinkat(AT_FDCWD, "f", 0);
    no_leaks();
}

// A model of one file beside the real one.
static void test_random(void)
{
    static uint8_t model[200000], buf[30000];
    uint64_t size = 0;
    uint32_t seed = 42, bad = 0;
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < 4000; i++) {
        seed = seed * 1103515245 + 12345;
        uint32_t at = (seed >> 4) % 170000, len = (seed >> 9) % sizeof buf;
        if (seed >> 28 < 7) {
            for (uint32_t k = 0; k < len; k++)
                model[at + k] = buf[k] = (uint8_t)(i + k);
            bad += sys_pwrite(fd, buf, len, at) != (long)len;
            if (len && at + len > size)
                size = at + len;
        } else if (seed >> 28 < 14) {
            uint64_t want = at >= size ? 0 : size - at < len ? size - at : len;
            bad += sys_pread(fd, buf, len, at) != (long)want;
            bad += memcmp(buf, model + at, want) != 0;
        } else {
            bad += sys_ftruncate(fd, at) != 0;
            if (at < size)
                memset(model + at, 0, size - at);
            size = at;
        }
    }
    CHECK_EQ(bad, 0);
    sys_close(fd);
    sys_unlinkat(AT_FDCWD, "f", 0);
    no_leaks();
}

static void test_limits(void)
{
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(sys_pwrite(fd, "x", 1, INODE_MAX_SIZE), -EFBIG);
    CHECK_EQ(sys_ftruncate(fd, INODE_MAX_SIZE + 1), -EFBIG);
    CHECK_EQ(sys_pwrite(fd, "xy", 2, INODE_MAX_SIZE - 1), 1);
    CHECK_EQ(sys_ftruncate(fd, 0), 0);
    proc_self->rlimits[RLIMIT_FSIZE].cur = 10;
    fake_signals();
    CHECK_EQ(sys_pwrite(fd, "0123456789abc", 13, 0), 10);
    CHECK_EQ(fake_signals(), 0);
    CHECK_EQ(sys_pwrite(fd, "x", 1, 10), -EFBIG);
    CHECK_EQ(fake_signals(), UINT64_C(1) << (SIGXFSZ - 1));
    sys_close(fd);
    sys_unlinkat(AT_FDCWD, "f", 0);
    no_leaks();
}

static void test_full(void)
{
    static uint8_t block[65536];
    long n;
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_WRONLY | O_CREAT, 0600);
    uint64_t total = 0;
    while ((n = sys_write(fd, block, sizeof block)) > 0)
        total += (uint64_t)n;
    CHECK_EQ(n, -ENOSPC);
    CHECK(total > 10u << 20);
    CHECK_EQ(window_pages_used(), window_pages_total());
    CHECK_EQ(sys_mkdirat(AT_FDCWD, "d", 0755), 0); // an empty directory takes no page
    CHECK_EQ(sys_mkdirat(AT_FDCWD, "d/e", 0755), -ENOSPC);
    CHECK_EQ(sys_openat(AT_FDCWD, "d/f", O_CREAT | O_WRONLY, 0644), -ENOSPC);
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0);
    sys_close(fd);
    sys_unlinkat(AT_FDCWD, "f", 0);
    no_leaks();
    // No inode left.
    while (inode_new(S_IFREG))
        ;
    CHECK_EQ(put("g", "x"), -ENOSPC);
}

// --- listings ---

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
    struct k_stat st;
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
        case 0: case 1: case 2: case 3:
            r = put(a, "contents");
            break;
        case 4: case 5: case 6: case 7:
            r = sys_renameat(AT_FDCWD, a, AT_FDCWD, b);
            break;
        case 8: case 9:
            r = sys_unlinkat(AT_FDCWD, b, 0);
            break;
        case 10: case 11:
            r = sys_linkat(AT_FDCWD, a, AT_FDCWD, b, 0);
            break;
        case 12: case 13:
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

// A shell's image: 300 links to one program must cost next to nothing at boot.
static void test_populate_speed(void)
{
    static char names[3000][32];
    static struct fake_entry many[3001];
    many[0] = (struct fake_entry){"/bin", NULL, NULL, 0755, -1};
    for (int i = 0; i < 3000; i++) {
        snprintf(names[i], sizeof names[i], "/bin/applet-%04d", i);
        many[i + 1] = (struct fake_entry){names[i], NULL, "/bin/multi", 0777, -1};
    }
    fake_boot_fs(64u << 20, many, 3001);
    struct k_stat st;
    CHECK_EQ(sys_fstatat(AT_FDCWD, "/bin/applet-2999", &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_EQ(window_root()->inodes.used, 3002 + 14);
}

int main(void)
{
    RUN(test_populate);
    RUN(test_exec_lookup);
    RUN(test_copy_on_write);
    RUN(test_read_write);
    RUN(test_holes);
    RUN(test_random);
    RUN(test_limits);
    RUN(test_full);
    RUN(test_listing);
    RUN(test_reuse);
    RUN(test_append);
    RUN(test_scramble);
    RUN(test_death);
    RUN(test_populate_speed);
    return check_done("fs");
}
