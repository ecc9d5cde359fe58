// SPDX-License-Identifier: BSD-2-Clause
// Opening a template: what is believed of its file, which anybody may have made. See template.h.
//
// All tables are read once, into memory of ours, and checked there. What they lead to, the contents
// of a guest's memory, is nobody's business but the guest's.

#include "host/template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/kvm/load.h"
#include "host/kvm/platform.h"

#define MEM_MIN  (UINT64_C(16) << 20)
#define USER_END (UINT64_C(1) << 47) // SDM vol. 1, 3.3.7.1: what a base in user space is below

// Whole pages inside [low, high) in ascending order, with rights that PROTECT could have given.
static int check_rights(const struct template_extent *e, uint32_t n, uint64_t low, uint64_t high)
{
    const uint64_t both = PV_RIGHT_WRITE | PV_RIGHT_EXEC;
    for (uint32_t i = 0; i < n; low = e[i].addr + e[i].len, i++)
        if (e[i].addr % X86_PAGE || e[i].len % X86_PAGE || !e[i].len || e[i].addr < low ||
            e[i].addr > high || e[i].len > high - e[i].addr ||
            (e[i].off & ~(both | PV_RIGHT_READ)) || (e[i].off & both) == both)
            return 0;
    return 1;
}

// Whole pages inside [low, high) in ascending order, and inside the file.
static int check_extents(const struct template_extent *e, uint32_t n, uint64_t low, uint64_t high,
                         uint64_t file_size)
{
    for (uint32_t i = 0; i < n; low = e[i].addr + e[i].len, i++)
        if (e[i].addr % X86_PAGE || e[i].len % X86_PAGE || e[i].off % X86_PAGE || !e[i].len ||
            e[i].addr < low || e[i].addr > high || e[i].len > high - e[i].addr ||
            e[i].off > file_size || e[i].len > file_size - e[i].off)
            return 0;
    return 1;
}

// It is printed: small letters, ended.
static int is_word(const char *s, size_t size)
{
    size_t n = 0;
    while (n < size && s[n] >= 'a' && s[n] <= 'z')
        n++;
    return n > 0 && n < size && !s[n];
}

// What is wrong with its header, or NULL.
static const char *check(const struct template_header *t, ssize_t n)
{
    if (n < (ssize_t)sizeof t->magic || memcmp(t->magic, TEMPLATE_MAGIC, sizeof t->magic))
        return "not a template";
    if (n != sizeof *t)
        return "truncated";
    if (t->version != TEMPLATE_VERSION || t->abi != PV_ABI_VERSION)
        return "made by another version of ramet";
    if (t->mem % X86_PAGE_2M || t->mem < MEM_MIN || t->mem > PV_RAM_MAX ||
        t->window_size % X86_PAGE_2M || t->window_size < WINDOW_MIN_SIZE ||
        t->window_size > PV_WINDOW_MAX || t->max_procs < 1 || t->max_procs > PV_MAX_SLOTS ||
        t->tables > 1 || (t->pool_used >> PLATFORM_POOL_TABLES) || t->nram > TEMPLATE_EXTENTS ||
        t->nwindow > TEMPLATE_EXTENTS - t->nram ||
        t->nrights > TEMPLATE_EXTENTS - t->nram - t->nwindow || t->touched.n > TEMPLATE_TOUCHED ||
        !is_word(t->maker, sizeof t->maker) || t->fs_base >= USER_END || t->gs_base >= USER_END ||
        !memchr(t->image, 0, sizeof t->image) || t->image[0] != '/')
        return "damaged";
    return NULL;
}

// Pages of RAM or of the window, ascending.
static int check_touched(const struct template_header *t)
{
    const uint64_t *page = template_touched(t);
    for (uint64_t i = 0, low = 0; i < t->touched.n; low = page[i] + 1, i++) {
        const uint64_t addr = page[i] & ~TEMPLATE_WRITTEN;
        if (addr % X86_PAGE || addr < low || addr < PV_PLATFORM_VA ||
            (addr >= t->mem && addr - PV_WINDOW_VA >= t->window_size))
            return 0;
    }
    return 1;
}

// `len` bytes of the file, all of them.
static int read_table(int fd, void *to, uint64_t len, uint64_t off)
{
    return pread(fd, to, len, (off_t)off) == (ssize_t)len;
}

static uint64_t extents_size(const struct template_header *t)
{
    return (uint64_t)template_extents(t) * sizeof t->extents[0];
}

static uint64_t touched_size(const struct template_header *t)
{
    return t->touched.n * sizeof(uint64_t);
}

// The tables behind a header that is good. What is wrong with them, or NULL.
static const char *read_rest(int fd, struct template_header *t)
{
    const off_t end = lseek(fd, 0, SEEK_END);
    const uint64_t size = end < 0 ? 0 : (uint64_t)end;
    if (t->touched.off > size || touched_size(t) > size - t->touched.off ||
        !read_table(fd, t->extents, extents_size(t), sizeof *t) ||
        !read_table(fd, (uint8_t *)t->extents + extents_size(t), touched_size(t), t->touched.off) ||
        !check_extents(t->extents, t->nram, PV_PLATFORM_VA, t->mem, size) ||
        !check_extents(t->extents + t->nram, t->nwindow, 0, t->window_size, size) ||
        !check_rights(template_rights(t), t->nrights, PV_RAM_VA, t->mem) || !check_touched(t))
        return "damaged or truncated";
    return NULL;
}

// The file may have been cut since it was opened: that is -EIO, as is any other shortness.
int template_read(int fd, void *to, uint64_t len, uint64_t off)
{
    uint8_t *p = to;
    while (len) {
        ssize_t n = pread(fd, p, len, (off_t)off);
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        p += n, off += (uint64_t)n, len -= (uint64_t)n;
    }
    return 0;
}

// Before any member exists. The extents were checked when the file was opened.
int template_load_window(struct family *f)
{
    const struct template_header *t = f->template;
    for (uint32_t i = 0; i < t->nwindow; i++) {
        const struct template_extent *e = &t->extents[t->nram + i];
        int r = template_read(f->template_fd, f->window + e->addr, e->len, e->off);
        if (r < 0)
            return r;
    }
    return 0;
}

// All of its tables, checked; NULL with *why.
static struct template_header *read_tables(int fd, const char **why)
{
    struct template_header h, *t;
    ssize_t n = pread(fd, &h, sizeof h, 0);
    *why = n < 0 ? strerror(errno) : check(&h, n);
    if (*why)
        return NULL;
    t = malloc(sizeof h + extents_size(&h) + touched_size(&h));
    if (!t) {
        *why = strerror(ENOMEM);
        return NULL;
    }
    *t = h;
    *why = read_rest(fd, t);
    if (!*why)
        return t;
    free(t);
    return NULL;
}

int template_open(struct options *opt, struct template_header **to, int *fd, char *err,
                  size_t errlen)
{
    const char *why;
    // Not blocking: a FIFO would.
    *fd = open(opt->template, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return family_fail(err, errlen, opt->template);
    struct template_header *t = read_tables(*fd, &why);
    if (!t) {
        snprintf(err, errlen, "%s: %s", opt->template, why);
        close(*fd);
        return -EINVAL;
    }
    opt->image = t->image;
    opt->mem = t->mem;
    opt->window_size = t->window_size;
    opt->max_procs = t->max_procs;
    *to = t;
    return 0;
}

int template_check_image(const struct template_header *t, const struct image *image, char *err,
                         size_t errlen)
{
    const struct elf_program *elf = image_program(image, t->program);
    const struct load_args none = {0};
    struct load_layout at;
    if (t->image_size != image->size || t->image_hash != image_hash(image) || !elf) {
        snprintf(err, errlen, "%s: not the image the template was made from", t->image);
        return -EINVAL;
    }
    if (load_layout(t->mem, elf, &none, &at) == 0 && t->heap_start == at.heap &&
        t->stack_bottom == at.stack_bottom)
        return 0;
    snprintf(err, errlen, "a damaged template: the program is laid out otherwise in its memory");
    return -EINVAL;
}
