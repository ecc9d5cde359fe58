// SPDX-License-Identifier: BSD-2-Clause
// The seam of the file systems: a third one, all of it in this file, mounted over a directory; what
// crosses mounts and what must not; /proc and /dev of images that bring their own.
#include "kernel/api/dirent.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/fs.h"
#include "kernel/mem/shared.h"
#include "tests/unit/lib/fs_helpers.h"

// --- a file system: one directory "sub" with the notes "0" to "9", which can be written ---

#define FS_NOTES (FS_NUMBERS - 1)
#define NOTES    10

static char notes[NOTES][32];
static uint32_t released;

struct note_inode {
    int32_t note; // which, or -1: the root, -2: the directory
};

static struct note_inode *note(const struct inode *ip)
{
    return (struct note_inode *)(uintptr_t)ip->own;
}

static int note_new(uint32_t mount, uint32_t mode, int32_t n, struct inode **out)
{
    struct inode *ip = *out = inode_new(mount, mode);
    if (!ip)
        return -ENOSPC;
    note(ip)->note = n;
    ip->nlink = inode_is(ip, S_IFDIR) ? 2 : 1;
    ip->size = n < 0 ? 0 : strlen(notes[n]);
    return 0;
}

static int note_lookup(struct inode *dir, const char *name, uint32_t len, struct inode **found)
{
    if (note(dir)->note == -1) {
        if (len != 3 || memcmp(name, "sub", 3) != 0)
            return -ENOENT;
        int r = note_new(dir->mount, S_IFDIR | 0755, -2, found);
        if (r == 0) {
            (*found)->parent = wref_of(dir);
            inode_get(dir);
        }
        return r;
    }
    if (len != 1 || *name < '0' || *name > '9' || !notes[*name - '0'][0])
        return -ENOENT;
    return note_new(dir->mount, S_IFREG | 0644, *name - '0', found);
}

static int note_next(struct inode *dir, uint64_t *pos, struct dir_item *item)
{
    int root = note(dir)->note == -1;
    while (!root && *pos < NOTES && !notes[*pos][0])
        ++*pos;
    if (*pos >= (root ? 1 : NOTES))
        return 0;
    *item = (struct dir_item){.ino = 1, .len = root ? 3 : 1, .type = root ? DT_DIR : DT_REG};
    memcpy(item->name, root ? "sub" : "0123456789" + *pos, item->len);
    ++*pos;
    return 1;
}

static long note_name_of(struct inode *dir, const struct inode *child, char *buf)
{
    (void)dir, (void)child;
    memcpy(buf, "sub", 3);
    return 3;
}

static int note_create(struct walk *w, const struct inode_make *what, struct inode **out)
{
    if (note(w->dir)->note != -2 || w->len != 1 || *w->name < '0' || *w->name > '9')
        return -EPERM;
    if ((what->mode & S_IFMT) != S_IFREG)
        return -EPERM;
    memcpy(notes[*w->name - '0'], "new", 4);
    return note_new(w->dir->mount, what->mode, *w->name - '0', out);
}

static int note_unlink(struct walk *w)
{
    if (note(w->inode)->note < 0)
        return -EBUSY;
    notes[note(w->inode)->note][0] = '\0';
    return 0;
}

static long note_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off)
{
    const char *text = notes[note(ip)->note];
    uint64_t size = strlen(text), n = *off < size ? size - *off : 0;
    n = n < len ? n : len;
    memcpy(buf, text + *off, n);
    *off += n;
    return (long)n;
}

static long note_write(struct inode *ip, const void *buf, uint64_t len, uint64_t *off, int append)
{
    (void)append;
    if (*off + len >= sizeof notes[0])
        return -ENOSPC;
    memcpy(notes[note(ip)->note] + *off, buf, len);
    *off += len;
    return (long)len;
}

static int note_truncate(struct inode *ip, uint64_t size)
{
    memset(notes[note(ip)->note] + size, 0, sizeof notes[0] - size);
    return 0;
}

static void note_stat(struct inode *ip, struct k_stat *s)
{
    s->ino = 100 + (uint64_t)(note(ip)->note + 2); // numbers of its own, as many bits as it likes
}

static void note_release(struct inode *ip)
{
    (void)ip;
    released++;
}

static int note_mount(uint32_t mount, struct inode **root)
{
    return note_new(mount, S_IFDIR | 0755, -1, root);
}

static const struct fs_type notes_fs = {
    .number = FS_NOTES,
    .name = "notes",
    .mount = note_mount,
    .ops = {.lookup = note_lookup,
            .next = note_next,
            .name_of = note_name_of,
            .create = note_create,
            .unlink = note_unlink,
            .read = note_read,
            .write = note_write,
            .truncate = note_truncate,
            .stat = note_stat,
            .set = inode_set,
            .release = note_release},
};

// --- the tests ---

static void set_up(uint32_t flags)
{
    struct inode *at;
    static const struct fake_entry entries[] = {{"/mnt", NULL, NULL, 0755, -1},
                                                {"/mnt/hidden", "x", NULL, 0644, -1}};
    boot_with(entries, 2);
    memset(notes, 0, sizeof notes);
    memcpy(notes[3], "three", 6);
    fs_add(&notes_fs);
    CHECK_EQ(fs_directory(AT_FDCWD, "/mnt", &at), 0);
    CHECK_EQ(fs_mount(FS_NOTES, "pad", at, flags), 0);
    inode_put(at);
    pages0 = window_pages_used();
    inodes0 = window_root()->inodes.used;
    released = 0;
}

static void test_third(void)
{
    set_up(0);
    CHECK_STR(get("/mnt/sub/3"), "three");
    CHECK(get("/mnt/hidden") == NULL);
    CHECK_EQ(put("/mnt/sub/5", "five"), 4);
    CHECK_STR(get("/mnt/sub/5"), "five");
    CHECK_EQ(put("/mnt/sub/x", "y"), -EPERM);
    CHECK_EQ(look("/mnt/sub/5"), 0);
    CHECK_EQ(st.ino, 107);
    CHECK_EQ(st.size, 4);
    uint64_t dev = st.dev;
    CHECK_EQ(look("/mnt"), 0);
    CHECK_EQ(st.dev, dev);
    CHECK_EQ(look("/"), 0);
    CHECK(st.dev != dev);
    CHECK_EQ(rm("/mnt/sub/5"), 0);
    CHECK(get("/mnt/sub/5") == NULL);
    CHECK_EQ(md("/mnt/sub/6"), -EPERM);
    CHECK_EQ(ln("t", "/mnt/sub/6"), -EPERM);
    CHECK_EQ(mv("/mnt/sub/3", "/mnt/sub/4"), -EPERM); // it has no rename
    CHECK(released > 0);
    no_leaks();
}

static void test_listing(void)
{
    static uint8_t buf[512];
    set_up(0);
    int fd = (int)sys_openat(AT_FDCWD, "/mnt/sub", O_RDONLY | O_DIRECTORY, 0);
    long n = sys_getdents64(fd, buf, sizeof buf);
    int count = 0, found = 0;
    for (long at = 0; at < n; count++) {
        const struct k_dirent64 *d = (const struct k_dirent64 *)(buf + at);
        found += strcmp(d->name, "3") == 0;
        at += d->reclen;
    }
    CHECK_EQ(count, 3);
    CHECK_EQ(found, 1);
    sys_close(fd);
    no_leaks();
}

// Up and down across the mount, by path and by working directory.
static void test_crossing(void)
{
    char buf[64];
    set_up(0);
    CHECK_EQ(look("/mnt/.."), 0);
    uint64_t ino = st.ino;
    CHECK_EQ(look("/"), 0);
    CHECK_EQ(st.ino, ino);
    CHECK_EQ(put("/tmp/f", "f"), 1);
    CHECK_STR(get("/mnt/sub/../../tmp/f"), "f");
    CHECK_EQ(rm("/tmp/f"), 0);
    CHECK_EQ(sys_chdir("/mnt/sub"), 0);
    CHECK_EQ(sys_getcwd(buf, sizeof buf), 9);
    CHECK_STR(buf, "/mnt/sub");
    CHECK_STR(get("3"), "three");
    CHECK_EQ(sys_chdir("../.."), 0);
    CHECK_EQ(sys_getcwd(buf, sizeof buf), 2);
    CHECK_EQ(sys_chdir("/proc/self/fd"), 0);
    CHECK(sys_getcwd(buf, sizeof buf) > 0);
    CHECK_STR(buf + strlen(buf) - 3, "/fd");
    CHECK_EQ(sys_chdir("/tmp"), 0);
    CHECK(strstr(get("/proc/mounts"), "pad /mnt notes rw 0 0\n") != NULL);
    no_leaks();
}

static void test_refused(void)
{
    set_up(0);
    CHECK_EQ(put("/tmp/f", "f"), 1);
    CHECK_EQ(mv("/tmp/f", "/mnt/sub/9"), -EXDEV);
    CHECK_EQ(mv("/mnt/sub/3", "/tmp/g"), -EXDEV);
    CHECK_EQ(sys_linkat(AT_FDCWD, "/tmp/f", AT_FDCWD, "/mnt/sub/9", 0), -EXDEV);
    CHECK_EQ(sys_linkat(AT_FDCWD, "/mnt/sub/3", AT_FDCWD, "/mnt/sub/9", 0), -EPERM);
    CHECK_EQ(rd("/mnt"), -EBUSY);
    CHECK_EQ(rm("/mnt"), -EISDIR);
    CHECK_EQ(mv("/mnt", "/other"), -EBUSY);
    CHECK_EQ(md("/tmp/d"), 0);
    CHECK_EQ(mv("/tmp/d", "/mnt"), -EBUSY);
    CHECK_EQ(rd("/tmp/d"), 0);
    CHECK_EQ(md("/mnt"), -EEXIST);
    CHECK_EQ(rd("/proc"), -EBUSY);
    int fd = (int)sys_openat(AT_FDCWD, "/mnt/sub/3", O_RDWR, 0);
    CHECK_EQ(shm_map_fd(fd, 1, 0, 0), -ENODEV);
    CHECK_EQ(sys_fsync(fd), 0);
    sys_close(fd);
    CHECK_EQ(rm("/tmp/f"), 0);
    no_leaks();
}

static void test_read_only(void)
{
    set_up(MOUNT_READ_ONLY);
    CHECK_STR(get("/mnt/sub/3"), "three");
    CHECK_EQ(put("/mnt/sub/3", "x"), -EROFS);
    CHECK_EQ(put("/mnt/sub/4", "x"), -EROFS);
    CHECK_EQ(rm("/mnt/sub/3"), -EROFS);
    CHECK_EQ(sys_fchmodat(AT_FDCWD, "/mnt/sub/3", 0600, 0), -EROFS);
    CHECK_EQ(sys_faccessat(AT_FDCWD, "/mnt/sub/3", W_OK, 0), -EROFS);
    CHECK_EQ(sys_faccessat(AT_FDCWD, "/mnt/sub/3", R_OK, 0), 0);
    no_leaks();
}

// Another program of the family does not know the file system: its files are of no use, no more.
static void test_unknown(void)
{
    set_up(0);
    CHECK_EQ(sys_chdir("/mnt"), 0);
    fs_add(&(struct fs_type){.number = FS_NOTES, .name = "other"});
    CHECK_EQ(look("sub"), -EIO);
    CHECK_EQ(look("."), 0);
    CHECK_EQ(put("new", "x"), -EIO);
    fs_add(&notes_fs);
    CHECK_EQ(sys_chdir("/tmp"), 0);
    no_leaks();
}

static long boot_image(const struct fake_entry *entry, uint32_t n)
{
    return fake_populate(4u << 20, entry, n);
}

static void test_proc_of_image(void)
{
    static const struct fake_entry empty[] = {{"/proc", NULL, NULL, 0755, -1}};
    static const struct fake_entry file[] = {{"/proc", "x", NULL, 0644, -1}};
    static const struct fake_entry dev[] = {{"/dev", "not a directory", NULL, 0644, -1}};
    static const struct fake_entry link[] = {{"/dev", NULL, "etc", 0777, -1},
                                             {"/etc", NULL, NULL, 0755, -1}};
    boot_with(empty, 1);
    CHECK(get("/proc/self/stat") != NULL);
    CHECK_EQ(boot_image(file, 1), -ENOTDIR);
    CHECK_EQ(boot_image(dev, 1), -ENOTDIR);
    CHECK_EQ(boot_image(link, 2), -ENOTDIR);
}

int main(void)
{
    RUN(test_third);
    RUN(test_listing);
    RUN(test_crossing);
    RUN(test_refused);
    RUN(test_read_only);
    RUN(test_unknown);
    RUN(test_proc_of_image);
    return check_done("mount");
}
