// SPDX-License-Identifier: BSD-2-Clause
// Rehearsals. See rehearse.h.

#include "host/template/rehearse.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/kvm/spare/dirty.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/template/template.h"

#define PLAY_US   20000 // a program that has not called by then is computing
#define PAGES_MAX 8192  // of RAM to be put back: more would take longer than it is worth

static int called(const struct kvm_run *run)
{
    return run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
           run->io.port == PLATFORM_PORT_CALL;
}

// Runs the VM to its first call. 0, or -errno when it has stopped elsewhere.
static int play(struct monitor *m)
{
    const struct itimerval most = {.it_value.tv_usec = PLAY_US}, off = {0};
    int r;
    upcall_init(m); // the alarm makes KVM_RUN return
    setitimer(ITIMER_REAL, &most, NULL);
    do
        r = ioctl(m->vm.vcpu_fd, KVM_RUN, 0) < 0 ? -errno : 0;
    while (r == 0 && m->vm.run->exit_reason == KVM_EXIT_MMIO && monitor_cover(m) == 0);
    setitimer(ITIMER_REAL, &off, NULL);
    event_shut();
    return r < 0 || called(m->vm.run) ? r : -EIO;
}

// ---- putting back ----

static const struct template_extent *find(const struct template_extent *e, uint32_t n,
                                          uint64_t addr)
{
    uint32_t low = 0;
    while (low < n) {
        uint32_t middle = low + (n - low) / 2;
        if (addr < e[middle].addr)
            n = middle;
        else if (addr >= e[middle].addr + e[middle].len)
            low = middle + 1;
        else
            return &e[middle];
    }
    return NULL;
}

static int read_page(int fd, uint8_t *page, uint64_t off)
{
    ssize_t n = pread(fd, page, X86_PAGE, (off_t)off);
    if (n < 0)
        return -errno;
    memset(page + n, 0, X86_PAGE - (size_t)n); // the image ends here
    return 0;
}

static void clear_page(uint8_t *page)
{
    static const uint8_t zeros[X86_PAGE];
    // Nothing is allocated for a page that is only read.
    if (memcmp(page, zeros, X86_PAGE) != 0)
        memset(page, 0, X86_PAGE);
}

// What load_image() has put there.
static int restore_image_page(const struct monitor *m, uint64_t addr)
{
    const struct family *f = m->member.family;
    const struct elf_program *elf = image_program(f->image, f->template->program);
    uint8_t *page = m->vm.mem.ram + addr;
    for (uint32_t i = 0; i < elf->nsegs; i++) {
        const struct image_seg *s = &elf->segs[i];
        const uint64_t start = s->vaddr & ~(X86_PAGE - 1), end = s->vaddr + s->filesz;
        if (!s->filesz || addr < start || addr >= end)
            continue;
        int r = read_page(f->image->fd, page, s->file_off - s->vaddr + addr);
        if (r == 0 && s->memsz > s->filesz && end - addr < X86_PAGE)
            memset(page + (end - addr), 0, X86_PAGE - (end - addr));
        return r;
    }
    clear_page(page);
    return 0;
}

static int restore_ram(const struct monitor *m, const uint64_t *pages, int n)
{
    const struct template_header *t = m->member.family->template;
    int r = 0;
    for (int i = 0; i < n && r == 0; i++) {
        const struct template_extent *e = find(t->extents, t->nram, pages[i]);
        r = e ? read_page(m->member.family->template_fd, m->vm.mem.ram + pages[i],
                          e->off + (pages[i] - e->addr))
              : restore_image_page(m, pages[i]);
    }
    return r;
}

// What the memfd holds: no VM but this one has it.
static int restore_window(const struct monitor *m)
{
    struct family *f = m->member.family;
    const struct template_header *t = f->template;
    off_t at = 0, end;
    while ((at = lseek(f->window_fd, at, SEEK_DATA)) >= 0 &&
           (end = lseek(f->window_fd, at, SEEK_HOLE)) > at)
        for (; at < end; at += X86_PAGE)
            if (!find(t->extents + t->nram, t->nwindow, (uint64_t)at))
                clear_page(f->window + at);
    int r = template_load_window(f);
    family_window_init(f);
    return r;
}

// ---- the whole ----

// A list that has room for every page of RAM; NULL if none is wanted.
static uint64_t *make_list(struct monitor *m)
{
    const unsigned max = (unsigned)(m->vm.mem.ram_size / X86_PAGE);
    uint64_t *pages = mmap(NULL, max * sizeof *pages, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    // Whether the host can tell at all.
    int n = dirty_pages(&m->vm, kvm_of(m->member.family)->pagemap_fd, pages, max);
    if (n >= 0 && n <= PAGES_MAX)
        return pages;
    munmap(pages, max * sizeof *pages);
    return NULL;
}

static void play_and_restore(struct monitor *m)
{
    const unsigned max = (unsigned)(m->vm.mem.ram_size / X86_PAGE);
    uint64_t *pages = kvm_of(m->member.family)->pagemap_fd < 0 ? NULL : make_list(m);
    if (!pages)
        return;
    if (play(m) == 0) {
        vm_settle(&m->vm); // the call's port access is over
    } else {
        vm_forget(&m->vm); // in what state it is nobody knows
        monitor_create_vm(m);
    }
    int n = dirty_pages(&m->vm, kvm_of(m->member.family)->pagemap_fd, pages, max);
    if (n < 0 || restore_ram(m, pages, n) < 0 || restore_window(m) < 0)
        member_die(&m->member, SIGKILL, "the template cannot be read again");
    munmap(pages, max * sizeof *pages);
}

void rehearse(struct monitor *m, const struct kvm_regs *regs)
{
    struct family *f = m->member.family;
    play_and_restore(m);
    close(kvm_of(f)->pagemap_fd);
    close(f->window_fd);
    close(f->template_fd);
    kvm_of(f)->pagemap_fd = f->window_fd = f->template_fd = -1;
    vm_start_at(&m->vm, regs, PLATFORM_TABLES_VA(m->vm.tables));
    template_load_segments(&m->vm, f->template);
    if (vm_set_fpu(&m->vm, f->template->fcw, f->template->mxcsr) < 0)
        member_die(&m->member, SIGKILL, "KVM does not take its registers");
    vm_settle(&m->vm);
}
