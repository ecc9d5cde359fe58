// SPDX-License-Identifier: BSD-2-Clause
// A member dies at every step of a change of a file's size: whoever makes the file longer
// afterwards sees zeros behind the end that it has found, nothing of what was there.
#include "tests/unit/lib/fs_helpers.h"
#include "kernel/file/fd.h"
#include "kernel/fs/ram/ram.h"
#include "tests/unit/lib/step.h"

#define PAGES 3
#define LONG  (PAGES * WPAGE)

static const struct fake_entry entries[] = {
    {"/image", "twenty bytes of image", NULL, 0644, -1},
};

// What is looked at between two instructions, and the change to die at.
static struct {
    struct inode *file;
    uint64_t seen[5 + PAGES];
    int steps, last;
} dying;

static void die_at_change(void)
{
    const struct inode *ip = dying.file;
    const struct ram_inode *r = ram(ip);
    uint64_t now[5 + PAGES] = {ip->size, r->image_len, ip->pages, r->program};
    for (uint64_t i = 0; i < PAGES; i++) {
        const uint8_t *page = wref_ptr(r->map.direct[i]);
        now[4 + i] = r->map.direct[i].unit;
        now[4 + PAGES] += page ? page[20] + page[WPAGE - 1] : 0;
    }
    if (memcmp(now, dying.seen, sizeof now) == 0)
        return;
    memcpy(dying.seen, now, sizeof now);
    if (++dying.steps == dying.last)
        fake_die();
}

struct change {
    const char *path;
    uint64_t to;  // ftruncate() to that
    uint64_t add; // or not 0: so many bytes are written at the end
};

static int change(void *arg)
{
    static char many[LONG];
    const struct change *c = arg;
    int fd = (int)sys_openat(AT_FDCWD, c->path, O_RDWR | O_APPEND, 0);
    memset(many, 'y', sizeof many);
    dying.file = inode_at(fd_borrow(fd)->inode);
    step_begin(die_at_change);
    if (c->add)
        sys_write(fd, many, c->add);
    else
        sys_ftruncate(fd, (int64_t)c->to);
    step_end();
    return 0;
}

static void set_up(void)
{
    static char text[LONG];
    boot_with(entries, 1);
    memset(text, 'x', sizeof text);
    int fd = (int)sys_openat(AT_FDCWD, "f", O_WRONLY | O_CREAT, 0644);
    CHECK_EQ(sys_write(fd, text, LONG - 50), LONG - 50);
    sys_close(fd);
}

// What is behind the end, when the file is longer than it ever was.
static void check_grown(const char *path, int at)
{
    static uint8_t text[2 * LONG];
    CHECK_EQ(look(path), 0);
    const uint64_t size = (uint64_t)st.size;
    int fd = (int)sys_openat(AT_FDCWD, path, O_RDWR, 0);
    CHECK_EQ(sys_ftruncate(fd, sizeof text), 0);
    CHECK_EQ(sys_read(fd, text, sizeof text), sizeof text);
    uint64_t stale = 0;
    for (uint64_t i = size; i < sizeof text; i++)
        stale += text[i] != 0;
    if (!CHECK_EQ(stale, 0))
        printf("  %s, death at change %d, of %lu bytes\n", path, at, (unsigned long)size);
    CHECK_EQ(sys_ftruncate(fd, 0), 0);
    CHECK_EQ(inode_at(fd_borrow(fd)->inode)->pages & 0x80000000u, 0); // not below 0
    sys_close(fd);
}

// At each change in turn, until the call gets to its end.
static void deaths(struct change c)
{
    int end = -10;
    for (dying.last = 1; end == -10 && dying.last < 1000; dying.last++) {
        set_up();
        end = fake_join(fake_vm(2, change, &c));
        fake_mourn(2);
        check_grown(c.path, dying.last);
    }
    CHECK_EQ(end, 0);
    CHECK(dying.last > 3);
}

static void test_shrinks(void)
{
    deaths((struct change){"f", 10, 0});
    deaths((struct change){"f", WPAGE, 0});
    deaths((struct change){"/image", 3, 0});
}

static void test_grows(void)
{
    deaths((struct change){"f", 0, LONG / 2});
    deaths((struct change){"/image", 0, 200});
}

int main(void)
{
    RUN(test_shrinks);
    RUN(test_grows);
    return check_done("truncate");
}
