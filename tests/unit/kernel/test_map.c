// SPDX-License-Identifier: BSD-2-Clause
// Shared mappings of files: pages move into a row once and then stay while anybody maps them.
#include "tests/unit/lib/fs_helpers.h"
#include "kernel/file/fd.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/mem/shared.h"

static const struct fake_entry entries[] = {
    {"/image", "from the image", NULL, 0644, -1},
};

static int fd;

static void set_up(void)
{
    boot_with(entries, 1);
    fd = (int)sys_openat(AT_FDCWD, "/f", O_RDWR | O_CREAT, 0644);
}

static struct inode *inode_of(int of)
{
    return inode_at(fd_borrow(of)->inode);
}

// Maps pages of the file and returns where, or NULL and the error in `error`.
static long error;

static char *map(int of, uint64_t index, uint64_t pages)
{
    long at = shm_map_fd(of, pages, (int64_t)(index * WPAGE), 3);
    error = at < 0 && at > -4096 ? at : 0;
    return error ? NULL : (char *)at;
}

static void unmap(char *at, uint64_t pages)
{
    CHECK_EQ(shm_unmap((uintptr_t)at, pages), 0);
}

// A byte of each page, in an order that leaves the pages anywhere but in a row.
static void fill(uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t page = i * 7 % pages;
        char c = (char)('a' + page);
        CHECK_EQ(sys_pwrite(fd, &c, 1, (int64_t)(page * WPAGE)), 1);
    }
}

static void test_lines_up(void)
{
    set_up();
    fill(10);
    uint32_t used = window_pages_used();
    char *p = map(fd, 0, 10);
    if (!CHECK(p != NULL))
        return;
    for (int i = 0; i < 10; i++)
        CHECK_EQ(p[i * (int)WPAGE], 'a' + i);
    CHECK_EQ(window_pages_used(), used); // moved, not copied
    CHECK_EQ(ram(inode_of(fd))->mapped, 1);
    CHECK(map(fd, 0, 10) == p); // the second finds them as they are
    CHECK(map(fd, 4, 2) == p + 4 * WPAGE);
    p[5] = 'z';
    char c = 0;
    CHECK_EQ(sys_pread(fd, &c, 1, 5), 1);
    CHECK_EQ(c, 'z');
    shm_drop_all(proc_self);
    CHECK_EQ(ram(inode_of(fd))->mapped, 0);
    CHECK_EQ(window_pages_used(), used);
    sys_close(fd);
}

// What is mapped cannot move; what is not mapped can.
static void test_pinned(void)
{
    set_up();
    fill(10);
    char *low = map(fd, 0, 4), *high = map(fd, 6, 4);
    CHECK(low && high);
    if (high != low + 6 * WPAGE) {
        CHECK(map(fd, 0, 10) == NULL);
        CHECK_EQ(error, -ENOMEM);
    }
    char *middle = map(fd, 4, 2);
    CHECK(middle && middle[0] == 'e' && middle[WPAGE] == 'f');
    CHECK_EQ(low[0], 'a');
    CHECK_EQ(high[0], 'g');
    unmap(low, 4);
    unmap(high, 4);
    unmap(middle, 2);
    low = map(fd, 0, 10);
    CHECK(low && low[9 * WPAGE] == 'j');
    shm_drop_all(proc_self);
    CHECK_EQ(window_root()->segments.used, 0);
    sys_close(fd);
}

static void test_holes_and_image(void)
{
    set_up();
    CHECK_EQ(sys_ftruncate(fd, 5 * WPAGE), 0);
    char *p = map(fd, 1, 3);
    CHECK(p && p[0] == 0 && p[3 * WPAGE - 1] == 0);
    CHECK_EQ(inode_of(fd)->pages, 3);
    int image = (int)sys_openat(AT_FDCWD, "/image", O_RDWR, 0);
    p = map(image, 0, 1);
    CHECK(p && memcmp(p, "from the image", 15) == 0);
    p[0] = 'F';
    CHECK_STR(get("/image"), "From the image");
    shm_drop_all(proc_self);
    CHECK_STR(get("/image"), "From the image");
    sys_close(image);
    sys_close(fd);
}

// Cutting a mapped file takes contents, not pages; the pages go with the last mapping.
static void test_truncate(void)
{
    set_up();
    fill(6);
    char *p = map(fd, 0, 6);
    CHECK(p != NULL);
    CHECK_EQ(sys_ftruncate(fd, WPAGE + 1), 0);
    CHECK_EQ(p[WPAGE], 'b');
    CHECK_EQ(p[2 * WPAGE], 0);
    CHECK_EQ(inode_of(fd)->pages, 6);
    p[WPAGE + 7] = 'x'; // beyond the end: nobody reads it
    p[3 * WPAGE] = 'y';
    CHECK_EQ(sys_pwrite(fd, "w", 1, WPAGE), 1);
    CHECK_EQ(p[WPAGE], 'w');
    unmap(p, 6);
    CHECK_EQ(inode_of(fd)->pages, 2);
    CHECK_EQ(sys_ftruncate(fd, 6 * WPAGE), 0);
    char c = 1;
    CHECK_EQ(sys_pread(fd, &c, 1, WPAGE + 7), 1);
    CHECK_EQ(c, 0);
    sys_close(fd);
}

static void test_unlinked(void)
{
    set_up();
    fill(3);
    uint32_t inodes = window_root()->inodes.used;
    char *p = map(fd, 0, 3);
    sys_close(fd);
    CHECK_EQ(sys_unlinkat(AT_FDCWD, "/f", 0), 0);
    CHECK_EQ(window_root()->inodes.used, inodes);
    CHECK(p && p[0] == 'a');
    unmap(p, 3);
    CHECK_EQ(window_root()->inodes.used, inodes - 1);
    no_leaks();
}

static void test_refused(void)
{
    set_up();
    CHECK(map(fd, RAM_MAX_SIZE / WPAGE, 1) == NULL);
    CHECK_EQ(error, -ENOMEM);
    CHECK(map(fd, 0, window_pages_total()) == NULL);
    CHECK_EQ(error, -ENOMEM);
    CHECK_EQ(ram(inode_of(fd))->mapped, 0);
    int null = (int)sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
    CHECK(map(null, 0, 1) == NULL);
    CHECK_EQ(error, -ENODEV);
    int dir = (int)sys_openat(AT_FDCWD, "/", O_RDONLY, 0);
    CHECK_EQ(shm_map_fd(dir, 1, 0, 0), -ENODEV);
    int reading = (int)sys_openat(AT_FDCWD, "/f", O_RDONLY, 0);
    CHECK_EQ(shm_map_fd(reading, 1, 0, 3), -EACCES);
    CHECK(shm_map_fd(reading, 1, 0, 1) > 0);
    CHECK_EQ(shm_map_fd(55, 1, 0, 0), -EBADF);
    shm_drop_all(proc_self);
    for (int i = 0; i < 10; i++)
        sys_close(i);
    CHECK_EQ(rm("/f"), 0);
    no_leaks();
}

int main(void)
{
    RUN(test_lines_up);
    RUN(test_pinned);
    RUN(test_holes_and_image);
    RUN(test_truncate);
    RUN(test_unlinked);
    RUN(test_refused);
    return check_done("map");
}
