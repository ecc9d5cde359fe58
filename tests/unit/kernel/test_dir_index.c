// SPDX-License-Identifier: BSD-2-Clause
// Large directories of the RAM file system: what a name costs, that the index never differs from
// the records, and what happens without it.
#include <time.h>

#include "kernel/api/dirent.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/ram/ram.h"
#include "tests/unit/lib/fs_helpers.h"

#define FEW  2000
#define MANY 32000

static char *nth(int i)
{
    static char name[64];
    snprintf(name, sizeof name, "name-%d%.*s", i, i % 7, "-------");
    return name;
}

static int touch(const char *name)
{
    int fd = (int)sys_openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    return fd < 0 ? fd : (int)sys_close(fd);
}

static int make_all(int n)
{
    int r = 0;
    for (int i = 0; i < n && r == 0; i++)
        r = touch(nth(i));
    return r;
}

static int remove_all(int n)
{
    int r = 0;
    for (int i = 0; i < n && r == 0; i++)
        r = (int)sys_unlinkat(AT_FDCWD, nth(i), 0);
    return r;
}

static double seconds(int (*what)(int), int n)
{
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    CHECK_EQ(what(n), 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

// Sixteen times the names cost sixteen times as much, not 256 times.
static void test_cost(void)
{
    boot_with(NULL, 0);
    double few = seconds(make_all, FEW) + seconds(remove_all, FEW);
    double many = seconds(make_all, MANY) + seconds(remove_all, MANY);
    printf("%d names %.3f s, %d names %.3f s\n", FEW, few, MANY, many);
    CHECK(many < few * 60);
    no_leaks();
}

// Each name gets a longer one, which does not fit into its place: room is found all the same, and
// no name is lost or found twice.
static void test_longer_names(void)
{
    char longer[80];
    boot_with(NULL, 0);
    CHECK_EQ(make_all(FEW), 0);
    struct inode *dir = inode_at(proc_self->cwd);
    uint64_t size = dir->size;
    for (int i = 0; i < FEW; i++) {
        snprintf(longer, sizeof longer, "%s.longer", nth(i));
        CHECK_EQ(sys_renameat2(AT_FDCWD, nth(i), AT_FDCWD, longer, 0), 0);
        CHECK_EQ(look(nth(i)), -ENOENT);
        CHECK_EQ(look(longer), 0);
        CHECK_EQ(touch(longer), -EEXIST);
    }
    CHECK(dir->size < 2 * size);
    for (int i = 0; i < FEW; i++) {
        snprintf(longer, sizeof longer, "%s.longer", nth(i));
        CHECK_EQ(sys_unlinkat(AT_FDCWD, longer, 0), 0);
    }
    no_leaks();
}

// A listing goes on while names come and go: what was there all the time is met once.
static void test_listing(void)
{
    static uint8_t met[FEW];
    uint8_t buf[2000];
    int stray = 0, added = FEW;
    long n;
    boot_with(NULL, 0);
    CHECK_EQ(make_all(FEW), 0);
    memset(met, 0, sizeof met);
    int fd = (int)sys_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
    for (int round = 0; (n = sys_getdents64(fd, buf, sizeof buf)) > 0; round++) {
        for (long at = 0; at < n; at += ((struct k_dirent64 *)(buf + at))->reclen) {
            int i = -1;
            sscanf(((struct k_dirent64 *)(buf + at))->name, "name-%d", &i);
            if (i >= 0 && i < FEW)
                met[i]++;
            stray += i >= added;
        }
        // The odd ones go, from both ends; new ones come, into their places and behind all.
        CHECK_EQ(sys_unlinkat(AT_FDCWD, nth(2 * round + 1), 0), 0);
        CHECK_EQ(sys_unlinkat(AT_FDCWD, nth(FEW - 2 * round - 1), 0), 0);
        for (int i = 0; i < 40; i++)
            CHECK_EQ(touch(nth(added++)), 0);
    }
    CHECK_EQ(stray, 0);
    for (int i = 0; i < FEW; i += 2)
        CHECK_EQ(met[i], 1);
    for (int i = 1; i < FEW; i += 2)
        CHECK(met[i] <= 1);
    CHECK(added > FEW + 1000);
    sys_close(fd);
}

// Random changes, beside a list of what should be there.
static void test_churn(void)
{
    static uint8_t there[3000];
    uint32_t seed = 1, wrong = 0, count = 0;
    char name[260];
    boot_with(NULL, 0);
    for (int i = 0; i < 60000; i++) {
        seed = seed * 1103515245 + 12345;
        uint32_t k = (seed >> 8) % 3000;
        uint32_t len = 10 + k * 7919 % 60;
        memset(name, 'x', len);
        snprintf(name + len, 16, "%u", k);
        // Tides, so that the table is made anew for more and for fewer.
        int makes = (seed >> 28) < (i / 10000 % 2 ? 4u : 12u);
        int r = makes ? touch(name) : (int)sys_unlinkat(AT_FDCWD, name, 0);
        wrong += r != (makes ? there[k] ? -EEXIST : 0 : there[k] ? 0 : -ENOENT);
        there[k] = (uint8_t)makes;
    }
    CHECK_EQ(wrong, 0);
    for (uint32_t k = 0; k < 3000; k++)
        count += there[k];
    CHECK_EQ(ram(inode_at(proc_self->cwd))->entries, count);
}

// A VM dies while it changes the index: names are those of the records.
static int die_in_index(void *arg)
{
    struct inode *dir = inode_at(proc_self->cwd);
    (void)arg;
    inode_lock(dir);
    memset(data_page(dir, DIR_INDEX), 0, WPAGE); // what it may not have got to write
    fake_die();
    return 0;
}

static void test_death(void)
{
    boot_with(NULL, 0);
    CHECK_EQ(make_all(FEW), 0);
    CHECK(ram(inode_at(proc_self->cwd))->index.slots != 0);
    CHECK_EQ(fake_join(fake_vm(2, die_in_index, NULL)), -10);
    fake_mourn(2);
    for (int i = 0; i < FEW; i++)
        CHECK_EQ(look(nth(i)), 0);
    CHECK_EQ(touch(nth(5)), -EEXIST);
    CHECK_EQ(remove_all(FEW), 0);
    no_leaks();
}

// In a full window there is no index and no other difference.
static void test_full(void)
{
    static uint8_t block[65536];
    boot_with(NULL, 0);
    CHECK_EQ(make_all(FEW), 0);
    struct inode *dir = inode_at(proc_self->cwd);
    int fd = (int)sys_openat(AT_FDCWD, "/full", O_WRONLY | O_CREAT, 0644);
    while (sys_write(fd, block, sizeof block) > 0)
        ;
    while (sys_write(fd, block, 4096) > 0)
        ;
    inode_lock(dir); // as a death would leave it
    inode_ops(dir)->repair(dir);
    inode_unlock(dir);
    while (sys_write(fd, block, 4096) > 0) // what the index gave back
        ;
    for (int i = 0; i < FEW; i++)
        CHECK_EQ(look(nth(i)), 0);
    CHECK_EQ(ram(dir)->index.slots, 0);
    CHECK_EQ(look("name-none"), -ENOENT);
    for (int i = 0; i < FEW; i += 2)
        CHECK_EQ(sys_unlinkat(AT_FDCWD, nth(i), 0), 0);
    CHECK_EQ(sys_ftruncate(fd, 0), 0);
    CHECK_EQ(touch(nth(0)), 0);
    CHECK(ram(dir)->index.slots != 0);
    for (int i = 1; i < FEW; i += 2)
        CHECK_EQ(look(nth(i)), 0);
    sys_close(fd);
}

int main(void)
{
    RUN(test_cost);
    RUN(test_longer_names);
    RUN(test_listing);
    RUN(test_churn);
    RUN(test_death);
    RUN(test_full);
    return check_done("dir_index");
}
