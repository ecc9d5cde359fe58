// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system's contents: reading, writing, holes, limits, listings, leaks, several VMs at
// once.
#include "kernel/fs/ram/ram.h"
#include "kernel/mem/shared.h"
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
    struct exec_file file = {.program = -7};
    set_up();
    CHECK_EQ(fs_exec_lookup("/bin/ls", &file), 0);
    CHECK_EQ(file.program, 3);
    CHECK_EQ(fs_exec_lookup("/s", &file), 0);
    CHECK_EQ(file.program, -1);
    CHECK_STR(file.head, "#!/bin/ls -x\n");
    CHECK_EQ(fs_exec_lookup("/etc/motd", &file), -EACCES);
    CHECK_EQ(fs_exec_lookup("/etc", &file), -EACCES);
    CHECK_EQ(fs_exec_lookup("/none", &file), -ENOENT);
    // What makes it set-user-ID is told as it is now.
    CHECK_EQ(sys_fchownat(AT_FDCWD, "/bin/ls", 7, 8, 0), 0);
    CHECK_EQ(sys_fchmodat(AT_FDCWD, "/bin/ls", 06755, 0), 0);
    CHECK_EQ(fs_exec_lookup("/bin/ls", &file), 0);
    CHECK(file.mode == (S_IFREG | 06755) && file.uid == 7 && file.gid == 8);
    // A program that is written to is no longer the image's.
    int fd = (int)sys_openat(AT_FDCWD, "/bin/multi", O_WRONLY, 0);
    CHECK_EQ(sys_pwrite(fd, "X", 1, 1), 1);
    sys_close(fd);
    CHECK_EQ(fs_exec_lookup("/bin/ls", &file), 0);
    CHECK_EQ(file.program, -1);
    CHECK_STR(file.head, "\177XLF multi");
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

// Terabytes of holes cost a few pages and no time.
static void test_sparse(void)
{
    char c = 0;
    const int64_t far = INT64_C(16) << 40;
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(sys_ftruncate(fd, INT64_C(5) << 30), 0);
    CHECK_EQ(sys_fstat(fd, &st), 0);
    CHECK_EQ(st.size, INT64_C(5) << 30);
    CHECK_EQ(st.blocks, 0);
    for (int64_t at = 1; at < far; at *= 2)
        CHECK_EQ(sys_pwrite(fd, "x", 1, at), 1);
    CHECK_EQ(sys_pwrite(fd, "end", 3, far), 3);
    CHECK_EQ(sys_fstat(fd, &st), 0);
    CHECK_EQ(st.size, far + 3);
    CHECK_EQ(st.blocks, 34 * 8); // 1...2048, then a page for each power of two, and the last
    for (int64_t at = 1; at < far; at *= 2)
        CHECK(sys_pread(fd, &c, 1, at) == 1 && c == 'x');
    CHECK(sys_pread(fd, &c, 1, far - 1) == 1 && c == 0);
    // Cut while a page of it is mapped: that one stays and is cleared.
    char *page = (char *)shm_map_fd(fd, 1, INT64_C(1) << 40, 1);
    CHECK_EQ(*page, 'x');
    CHECK_EQ(sys_ftruncate(fd, 100), 0);
    CHECK_EQ(*page, 0);
    CHECK_EQ(shm_unmap((uintptr_t)page, 1), 0);
    CHECK_EQ(sys_fstat(fd, &st), 0);
    CHECK_EQ(st.blocks, 8);
    CHECK_EQ(sys_ftruncate(fd, far), 0);
    CHECK(sys_pread(fd, &c, 1, INT64_C(1) << 40) == 1 && c == 0);
    sys_close(fd);
    sys_unlinkat(AT_FDCWD, "f", 0);
    no_leaks();
}

// Inodes come from the pages that data comes from, and go back there.
static void test_inodes(void)
{
    char name[16];
    struct k_statfs before, now;
    set_up();
    CHECK_EQ(sys_statfs("/", &before), 0);
    for (int i = 0; i < 6000; i++) {
        snprintf(name, sizeof name, "%d", i);
        CHECK_EQ(make(name), 0);
    }
    CHECK_EQ(sys_statfs("/", &now), 0);
    CHECK_EQ(now.files - now.ffree, before.files - before.ffree + 6000);
    CHECK(now.ffree < before.ffree - 6000); // the directory took some of the pages
    CHECK(before.bfree - now.bfree < 6000 / 31 + 60);
    for (int i = 0; i < 6000; i++) {
        snprintf(name, sizeof name, "%d", i);
        CHECK_EQ(rm(name), 0);
    }
    CHECK_EQ(sys_statfs("/", &now), 0);
    CHECK_EQ(now.ffree, before.ffree);
    CHECK_EQ(now.bfree, before.bfree);
    no_leaks();
}

static uint64_t image_pages(const struct fake_entry *entries, uint32_t n)
{
    static uint64_t sizes[FAKE_FILES];
    memset(sizes, 0, sizeof sizes);
    fake_boot_fs(64u << 20, entries, n);
    return ramfs_pages(fake_image_files(), n + 1, sizes);
}

// Many files: they fit into a window of default size, in no time, and the host knows how much they
// take.
static void test_populate_many(void)
{
    enum { DIRS = 10, FILES = 10000 };
    static char names[DIRS * (FILES + 1)][32];
    static struct fake_entry many[DIRS * (FILES + 1)];
    uint32_t n = 0;
    for (int dir = 0; dir < DIRS; dir++)
        for (int i = -1; i < FILES; i++, n++) {
            const char *format = i < 0 ? "/d%d" : i % 7 ? "/d%d/f%04d" : "/d%d/a-longer-name-%04d";
            snprintf(names[n], sizeof names[n], format, dir, i);
            many[n] = (struct fake_entry){names[n], i < 0 ? NULL : "", NULL, 0755, -1};
        }
    uint64_t told = image_pages(many, n), used = window_pages_used();
    CHECK(used <= told && told <= used + RAMFS_SPARE_PAGES);
    CHECK(ramfs_window(told, 256) < 64u << 20);
    CHECK_EQ(look("/d9/f9999"), 0);
    CHECK_EQ(look("/d9/a-longer-name-9996"), 0);
    // A directory that needs references of two levels: 200,000 names would, but so do fewer long
    // ones.
    CHECK_EQ(ramfs_dir_pages(4 * 4096), 4);
    CHECK_EQ(ramfs_dir_pages(4 * 4096 + 1), 6);
    CHECK_EQ(ramfs_dir_pages(1028ull * 4096), 1029);
    CHECK_EQ(ramfs_dir_pages(1028ull * 4096 + 1), 1029 + 3);
    // No window is refused that is large enough by far, and none accepted that is too small.
    uint64_t window = (ramfs_window(told, FAKE_SLOTS) + (2u << 20) - 1) & ~UINT64_C(0x1fffff);
    CHECK_EQ(fake_populate(window, many, n), 0);
    CHECK_EQ(fake_populate(told * 4096 - (2u << 20), many, n), -ENOSPC);
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
    RUN(test_sparse);
    RUN(test_inodes);
    RUN(test_populate_many);
    return check_done("fs");
}
