// SPDX-License-Identifier: BSD-2-Clause
// An image made in memory, for tests that populate a file system. See fake_kernel.h.
#include "tests/unit/lib/fake_kernel.h"
#include "abi/image.h"
#include "kernel/file/file.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

#define STRINGS (4u << 20)

static struct {
    struct image_header header;
    struct image_file files[FAKE_FILES];
    char strings[STRINGS];
} image;

static uint32_t used;

static struct image_str add_string(const char *s)
{
    struct image_str str = {(uint32_t)((uint8_t *)image.strings - (uint8_t *)&image) + used,
                            (uint32_t)strlen(s)};
    memcpy(image.strings + used, s, str.len + 1);
    used += str.len + 1;
    return str;
}

static int is_path(uint32_t i, const char *path, uint32_t len)
{
    const struct image_str *str = &image.files[i].path;
    return str->len == len && memcmp((char *)&image + str->off, path, len) == 0;
}

// The entry whose path is all of `path` up to its last slash; most often that of the last call.
static uint32_t parent_of(const char *path, uint32_t count)
{
    static uint32_t last;
    uint32_t len = (uint32_t)strlen(path);
    while (len > 1 && path[len - 1] != '/')
        len--;
    len = len > 1 ? len - 1 : 1;
    if (last < count && is_path(last, path, len))
        return last;
    for (last = 0; last < count; last++)
        if (is_path(last, path, len))
            return last;
    return 0;
}

static void add(const struct fake_entry *e)
{
    uint32_t i = image.header.file_count++;
    struct image_file *f = &image.files[i];
    *f = (struct image_file){.path = add_string(e->path),
                             .mode = e->mode,
                             .mtime = 1000000000,
                             .program = (uint32_t)e->program,
                             .parent = parent_of(e->path, i),
                             .type = IMAGE_DIR};
    if (e->target) {
        f->type = IMAGE_SYMLINK;
        f->target = add_string(e->target);
    } else if (e->contents) {
        struct image_str contents = add_string(e->contents);
        f->type = e->program < 0 ? IMAGE_REG : IMAGE_PROGRAM;
        f->data_off = contents.off;
        f->data_size = contents.len;
    }
}

const struct image_file *fake_image_files(void)
{
    return image.files;
}

int fake_populate(uint64_t window_size, const struct fake_entry *entries, uint32_t n)
{
    static const struct fake_entry root = {"/", NULL, NULL, 0755, -1};
    used = 0;
    image.header = (struct image_header){.files_off = offsetof(__typeof__(image), files)};
    image_base = (const uint8_t *)&image;
    add(&root);
    for (uint32_t i = 0; i < n; i++)
        add(&entries[i]);
    fake_boot(window_size);
    proc_self->umask = 022;
    return fs_populate();
}

void fake_boot_fs(uint64_t window_size, const struct fake_entry *entries, uint32_t n)
{
    if (fake_populate(window_size, entries, n) < 0)
        panic("fs_populate");
    inode_ref(proc_self->root = window_root()->root_inode);
    inode_ref(proc_self->cwd = window_root()->root_inode);
}
