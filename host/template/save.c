// SPDX-License-Identifier: BSD-2-Clause
// Saving a template: the pages a VM has changed, found without touching those it has not. See
// template.h.
//
// The monitor is confined: it writes to a file that was opened before. Any failure leaves no file
// behind and is one line on stderr.

#include "host/template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/family/supervisor.h"
#include "host/kvm/spare/dirty.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"

// Pages between two extents that are rather saved than cost a mapping of their own.
#define GAP 2u

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

void template_watch(struct monitor *m, const void *bytes, uint64_t len)
{
    static unsigned matched;
    const char *text = m->member.family->opt->until, *p = bytes;
    // Not strstr(): the text may come in pieces. A text that repeats its own beginning ("aab" in
    // "aaab") is found as long as it stands alone, after any other byte.
    for (uint64_t i = 0; i < len && text[matched]; i++) {
        if (p[i] != text[matched])
            matched = 0;
        matched += p[i] == text[matched];
    }
    m->save_due |= !text[matched];
}

static _Noreturn void fail(struct monitor *m, const char *why)
{
    family_say("template: %s", why);
    member_die(&m->member, SIGABRT, NULL);
}

// The header is written last: a file that was cut short in the middle has no magic.
static void put(struct monitor *m, const void *data, uint64_t len, uint64_t off)
{
    const uint8_t *p = data;
    while (len) {
        ssize_t n = pwrite(m->member.family->template_fd, p, len, (off_t)off);
        if (n <= 0)
            fail(m, n < 0 ? strerror(errno) : "cannot be written");
        p += n, off += (uint64_t)n, len -= (uint64_t)n;
    }
}

// The page at addr belongs to the last extent, or begins a new one.
static void add_page(struct monitor *m, uint32_t first, uint32_t *n, uint64_t addr)
{
    struct template_extent *last = *n > first ? &extents[*n - 1] : NULL;
    if (last && addr - (last->addr + last->len) <= GAP * X86_PAGE) {
        last->len = addr + X86_PAGE - last->addr;
        return;
    }
    if (*n == TEMPLATE_EXTENTS)
        fail(m, "its memory is in too many pieces");
    extents[(*n)++] = (struct template_extent){.addr = addr, .len = X86_PAGE};
}

static int is_zero(const uint8_t *page)
{
    const uint64_t *p = (const uint64_t *)page;
    for (unsigned i = 0; i < X86_PAGE / 8; i++)
        if (p[i])
            return 0;
    return 1;
}

// Whether a page of zeros is what would be there anyway: not where the image's bytes would be.
static int is_default(const struct monitor *m, uint64_t addr)
{
    const struct elf_program *p = image_program(m->member.family->image, m->member.program);
    for (uint32_t i = 0; i < p->nsegs; i++)
        if (addr < p->segs[i].vaddr + p->segs[i].filesz && addr + X86_PAGE > p->segs[i].vaddr)
            return 0;
    return is_zero(m->vm.mem.ram + addr);
}

// RAM: private pages, by what the host's kernel tells of them.
static void find_ram(struct monitor *m, int pagemap)
{
    uint64_t entries[512];
    for (uint64_t at = PV_PLATFORM_VA; at < m->vm.mem.ram_size;
         at += sizeof entries / 8 * X86_PAGE) {
        uint64_t first = (uintptr_t)(m->vm.mem.ram + at) / X86_PAGE;
        ssize_t n = pread(pagemap, entries, sizeof entries, (off_t)(first * 8));
        if (n <= 0)
            fail(m, "the host does not tell which pages there are");
        for (ssize_t i = 0; i < n / 8 && at + (uint64_t)i * X86_PAGE < m->vm.mem.ram_size; i++) {
            uint64_t e = entries[i], addr = at + (uint64_t)i * X86_PAGE;
            int is_private =
                (e & PAGEMAP_SWAPPED) || ((e & PAGEMAP_PRESENT) && !(e & PAGEMAP_FILE));
            if (is_private && !is_default(m, addr))
                add_page(m, 0, &header.nram, addr);
        }
    }
}

// The window: what its memfd holds.
static void find_window(struct monitor *m)
{
    const int fd = m->member.family->window_fd;
    uint32_t n = header.nram;
    off_t at = 0, end;
    while ((at = lseek(fd, at, SEEK_DATA)) >= 0 && (end = lseek(fd, at, SEEK_HOLE)) > at)
        for (; at < end; at += X86_PAGE)
            if (!is_zero(m->vm.mem.window + at))
                add_page(m, header.nram, &n, (uint64_t)at);
    header.nwindow = n - header.nram;
}

static void put_extents(struct monitor *m)
{
    const uint32_t n = header.nram + header.nwindow;
    uint64_t off = (sizeof header + n * sizeof extents[0] + X86_PAGE - 1) & ~(X86_PAGE - 1);
    for (uint32_t i = 0; i < n; i++) {
        struct template_extent *e = &extents[i];
        e->off = off;
        put(m, (i < header.nram ? m->vm.mem.ram : m->vm.mem.window) + e->addr, e->len, off);
        off += e->len;
    }
    put(m, extents, n * sizeof extents[0], sizeof header);
}

// The VM stands in a call, over which nothing of the x87 and SSE units is kept but their control
// words.
static void fill_header(struct monitor *m)
{
    const struct family *f = m->member.family;
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
    if (ioctl(m->vm.vcpu_fd, KVM_GET_SREGS, &sregs) < 0 ||
        ioctl(m->vm.vcpu_fd, KVM_GET_FPU, &fpu) < 0)
        fail(m, "KVM does not give its registers");
    memcpy(header.magic, TEMPLATE_MAGIC, sizeof header.magic);
    header.version = TEMPLATE_VERSION;
    header.abi = PV_ABI_VERSION;
    header.mem = f->opt->mem;
    header.window_size = f->window_size;
    header.max_procs = f->opt->max_procs;
    header.program = m->member.program;
    header.heap_start = m->vm.heap_start;
    header.stack_bottom = m->vm.stack_bottom;
    header.tables = m->vm.tables;
    header.pool_used = m->vm.pool_used;
    header.mono_ns = family_now(f);
    header.timer_deadline = m->member.timer_deadline;
    header.fs_base = sregs.fs.base;
    header.gs_base = sregs.gs.base;
    header.regs = *vm_regs(&m->vm);
    header.regs.rip = PLATFORM_CALL_RETURN; // it is in a call, whose result is in its memory
    header.fcw = fpu.fcw;
    header.mxcsr = fpu.mxcsr;
}

static void check_alone(struct monitor *m)
{
    for (uint32_t i = 1; i <= m->member.family->opt->max_procs; i++)
        if (i != m->member.slot &&
            atomic_load(&m->member.family->shared->slots[i].state) != SLOT_FREE)
            fail(m, "the program has other processes: a template is of one");
}

void template_leave(struct monitor *m)
{
    atomic_store(&m->member.family->shared->first_done, 1);
    family_release(m->member.family, m->member.slot);
    _exit(0);
}

// At the end of the call that printed the text: its result is in memory, and goes into the file.
void template_save_if_due(struct monitor *m)
{
    if (!m->save_due)
        return;
    if (m->member.program == PV_PROGRAM_FILE)
        fail(m, "the program is not one of the image's");
    check_alone(m);
    fill_header(m);
    find_ram(m, kvm_of(m->member.family)->pagemap_fd);
    find_window(m);
    put_extents(m);
    put(m, &header, sizeof header, 0);
    atomic_store(&m->member.family->shared->saved, 1);
    template_leave(m);
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
        if (!f->shared->first_status && !status)
            fprintf(stderr, "ramet: the program ended without printing '%s'\n", f->opt->until);
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
