// SPDX-License-Identifier: BSD-2-Clause
// Saving a template: the pages a program has changed, found without touching those it has not. See
// template.h.
//
// The file was opened before the family started. Any failure leaves no file behind and is one line
// on stderr. Neighbours: host/kvm/save.c (a monitor saves its own VM, confined),
// host/process/save.c (the supervisor saves a picoprocess).

#include "host/template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/family/supervisor.h"
#include "host/kvm/spare/dirty.h"

// Pages between two extents that are rather saved than cost a mapping of their own.
#define GAP   2u
#define CHUNK (UINT64_C(64) << 10) // of another process' memory, read at a time

static struct template_header header;
static struct template_extent extents[TEMPLATE_EXTENTS];
static char new_name[TEMPLATE_PATH + 8]; // until it is complete

// A name nobody else has, next to the one it will get: it holds a program's memory, so it is the
// user's alone, and no link that somebody has put there is followed.
static int make_file(const char *output)
{
    sigset_t ends;
    if ((size_t)snprintf(new_name, sizeof new_name, "%s.XXXXXX", output) >= sizeof new_name)
        return -ENAMETOOLONG;
    // From here on a signal ends the family, and template_finish() removes the file.
    supervisor_end_signals(&ends);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int fd = mkostemp(new_name, O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int template_prepare(struct family *f, char *err, size_t errlen)
{
    const struct options *opt = f->opt;
    if (!opt->until)
        return 0;
    if (!realpath(opt->image, header.image))
        return family_fail(err, errlen, opt->image);
    header.image_size = f->image->size;
    header.image_hash = image_hash(f->image);
    f->template_fd = make_file(opt->output);
    errno = -f->template_fd;
    return f->template_fd < 0 ? family_fail(err, errlen, opt->output) : 0;
}

int template_watch(const struct family *f, const void *bytes, uint64_t len)
{
    static unsigned matched;
    const char *text = f->opt->until, *p = bytes;
    // Not strstr(): the text may come in pieces. A text that repeats its own beginning ("aab" in
    // "aaab") is found as long as it stands alone, after any other byte.
    for (uint64_t i = 0; i < len && text[matched]; i++) {
        if (p[i] != text[matched])
            matched = 0;
        matched += p[i] == text[matched];
    }
    return !text[matched];
}

int template_is_alone(const struct family *f, uint32_t slot)
{
    for (uint32_t i = 1; i <= f->opt->max_procs; i++)
        if (i != slot && atomic_load(&f->shared->slots[i].state) != SLOT_FREE)
            return 0;
    return 1;
}

// ---- memory ----

// At most CHUNK bytes of RAM, until the next call; NULL where they cannot be read.
static const uint8_t *peek(const struct template_source *s, uint64_t addr, uint64_t len)
{
    static uint8_t chunk[CHUNK];
    if (s->mem < 0)
        return (const uint8_t *)(uintptr_t)(s->base + addr);
    return pread(s->mem, chunk, len, (off_t)(s->base + addr)) == (ssize_t)len ? chunk : NULL;
}

// NULL or what is wrong, like all that follow. The page at addr belongs to the last extent, or
// begins a new one.
static const char *add_page(uint32_t first, uint32_t *n, uint64_t addr)
{
    struct template_extent *last = *n > first ? &extents[*n - 1] : NULL;
    if (last && addr - (last->addr + last->len) <= GAP * X86_PAGE) {
        last->len = addr + X86_PAGE - last->addr;
        return NULL;
    }
    if (*n == TEMPLATE_EXTENTS)
        return "its memory is in too many pieces";
    extents[(*n)++] = (struct template_extent){.addr = addr, .len = X86_PAGE};
    return NULL;
}

static int is_zero(const uint8_t *page)
{
    const uint64_t *p = (const uint64_t *)page;
    for (unsigned i = 0; i < X86_PAGE / 8; i++)
        if (p[i])
            return 0;
    return 1;
}

// Whether a page of zeros is what would be there anyway: not where the image's bytes would be. One
// that cannot be read is no such page, and is found out when it is written.
static int is_default(const struct template_source *s, uint64_t addr)
{
    const struct elf_program *p = image_program(s->f->image, s->program);
    for (uint32_t i = 0; i < p->nsegs; i++)
        if (addr < p->segs[i].vaddr + p->segs[i].filesz && addr + X86_PAGE > p->segs[i].vaddr)
            return 0;
    const uint8_t *page = peek(s, addr, X86_PAGE);
    return page && is_zero(page);
}

// RAM: private pages, by what the host's kernel tells of them.
static const char *find_ram(const struct template_source *s)
{
    uint64_t entries[512];
    const uint64_t end = s->f->opt->mem;
    const char *why = NULL;
    for (uint64_t at = s->low; at < end; at += sizeof entries / 8 * X86_PAGE) {
        const uint64_t first = (s->base + at) / X86_PAGE;
        ssize_t n = pread(s->pagemap, entries, sizeof entries, (off_t)(first * 8));
        if (n <= 0)
            return "the host does not tell which pages there are";
        for (ssize_t i = 0; i < n / 8 && at + (uint64_t)i * X86_PAGE < end && !why; i++) {
            uint64_t e = entries[i], addr = at + (uint64_t)i * X86_PAGE;
            int is_private =
                (e & PAGEMAP_SWAPPED) || ((e & PAGEMAP_PRESENT) && !(e & PAGEMAP_FILE));
            if (is_private && !is_default(s, addr))
                why = add_page(0, &header.nram, addr);
        }
    }
    return why;
}

// The window: what its memfd holds.
static const char *find_window(const struct template_source *s)
{
    const int fd = s->f->window_fd;
    uint32_t n = header.nram;
    off_t at = 0, end;
    const char *why = NULL;
    while ((at = lseek(fd, at, SEEK_DATA)) >= 0 && (end = lseek(fd, at, SEEK_HOLE)) > at)
        for (; at < end && !why; at += X86_PAGE)
            if (!is_zero(s->f->window + at))
                why = add_page(header.nram, &n, (uint64_t)at);
    header.nwindow = n - header.nram;
    return why;
}

// ---- the file ----

static const char *put(const struct family *f, const void *data, uint64_t len, uint64_t off)
{
    const uint8_t *p = data;
    while (len) {
        ssize_t n = pwrite(f->template_fd, p, len, (off_t)off);
        if (n <= 0)
            return n < 0 ? strerror(errno) : "cannot be written";
        p += n, off += (uint64_t)n, len -= (uint64_t)n;
    }
    return NULL;
}

static const char *put_ram(const struct template_source *s, const struct template_extent *e)
{
    const char *why = NULL;
    for (uint64_t at = 0, n; at < e->len && !why; at += n) {
        n = e->len - at < CHUNK ? e->len - at : CHUNK;
        const uint8_t *bytes = peek(s, e->addr + at, n);
        why = bytes ? put(s->f, bytes, n, e->off + at) : "its memory cannot be read";
    }
    return why;
}

static const char *put_extents(const struct template_source *s)
{
    const uint32_t n = header.nram + header.nwindow, all = n + s->nrights;
    uint64_t off = (sizeof header + all * sizeof extents[0] + X86_PAGE - 1) & ~(X86_PAGE - 1);
    const char *why = NULL;
    for (uint32_t i = 0; i < n && !why; i++) {
        struct template_extent *e = &extents[i];
        e->off = off;
        why = i < header.nram ? put_ram(s, e) : put(s->f, s->f->window + e->addr, e->len, off);
        off += e->len;
    }
    if (s->nrights)
        memcpy(extents + n, s->rights, s->nrights * sizeof extents[0]);
    header.nrights = s->nrights;
    return why ? why : put(s->f, extents, all * sizeof extents[0], sizeof header);
}

struct template_header *template_new(void)
{
    return &header;
}

// What is the same whoever made it.
static void fill_header(const struct template_source *s)
{
    const struct family *f = s->f;
    memcpy(header.magic, TEMPLATE_MAGIC, sizeof header.magic);
    header.version = TEMPLATE_VERSION;
    header.abi = PV_ABI_VERSION;
    header.mem = f->opt->mem;
    header.window_size = f->window_size;
    header.max_procs = f->opt->max_procs;
    header.program = s->program;
    header.nram = header.nwindow = 0;
    header.mono_ns = family_now(f);
}

// The header is written last: a file that was cut short in the middle has no magic.
const char *template_save(const struct template_source *s)
{
    const char *why;
    fill_header(s);
    if ((why = find_ram(s)) || (why = find_window(s)))
        return why;
    if (s->nrights > TEMPLATE_EXTENTS - header.nram - header.nwindow)
        return "its memory is in too many pieces";
    why = put_extents(s);
    return why ? why : put(s->f, &header, sizeof header, 0);
}

// How many pages its list has.
static unsigned count_touched(const struct family *f)
{
    struct template_list list = {0};
    const off_t at = offsetof(struct template_header, touched);
    return pread(f->template_fd, &list, sizeof list, at) == sizeof list ? list.n : 0;
}

// In the supervisor, when the family has ended. The name appears only for a file that is whole.
int template_finish(struct family *f, int status)
{
    const char *name = f->opt->output;
    const off_t size = lseek(f->template_fd, 0, SEEK_END);
    if (!atomic_load(&f->shared->saved)) {
        unlink(new_name);
        if (atomic_load(&f->shared->unsaved))
            return 1;
        if (!f->shared->first_status && !status)
            fprintf(stderr, "ramet: the first program ended and has not printed '%s' itself\n",
                    f->opt->until);
        return status ? status : 1;
    }
    if (rename(new_name, name) < 0) {
        fprintf(stderr, "ramet: %s: %s\n", name, strerror(errno));
        unlink(new_name);
        return 1;
    }
    fprintf(stderr, "ramet: %s: %lld KB, %u pages touched first\n", name, (long long)size / 1024,
            count_touched(f));
    return 0;
}
