// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system's contents: reading, writing, holes, limits, listings, leaks, several VMs at
// once.
#include "kernel/fs/ram/ram.h"
#include "tests/unit/lib/fs_helpers.h"
#include "kernel/api/signal.h"

static const struct fake_entry entries[] = {
    {"/bin", NULL, NULL, 0755, -1},
    {"/bin/ls", NULL, "/bin/multi", 0777, -1},
    {"/bin/multi", "\177ELF multi", NULL, 0755, 3},
    {"/etc", NULL, NULL, 0755, -1},
    {"/etc/motd", "welcome\n", NULL, 0644, -1},
    {"/s", "#!/bin/ls -x\n", NULL, 0755, -1},
};

static void set_up(void)
{
    boot_with(entries, sizeof entries / sizeof *entries);
}

static void test_populate(void)
{
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
    CHECK_EQ(sys_pwrite(fd, "x", 1, RAM_MAX_SIZE), -EFBIG);
    CHECK_EQ(sys_ftruncate(fd, RAM_MAX_SIZE + 1), -EFBIG);
    CHECK_EQ(sys_pwrite(fd, "xy", 2, RAM_MAX_SIZE - 1), 1);
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
    while (inode_new(0, S_IFREG))
        ;
    CHECK_EQ(put("g", "x"), -ENOSPC);
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
    CHECK_EQ(sys_fstatat(AT_FDCWD, "/bin/applet-2999", &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_EQ(window_root()->inodes.used, 3002 + 16); // and /dev, 11 names, shm, /tmp, /proc twice
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
    RUN(test_populate_speed);
    return check_done("fs");
}
