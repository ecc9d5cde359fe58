// SPDX-License-Identifier: BSD-2-Clause
// Handovers: what a spare is handed when it is put to use, on its owner's side. See private.h.

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "host/kvm/spare/dirty.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/kvm/spare/private.h"

int spare_make_handover(struct monitor *m, int blank)
{
    struct spare *s = &m->spare;
    if (s->handover[blank])
        return 0;
    const int flags = MAP_SHARED | MAP_POPULATE;
    // Nobody but us can ever write or cut it, whoever has the descriptor.
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
    int fd = family_ask(m->member.family, FAMILY_MEMORY, m->member.slot, m->member.pid,
                        SPARE_HANDOVER_SIZE);
    if (fd < 0)
        return -EAGAIN;
    void *p = mmap(NULL, SPARE_HANDOVER_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (p == MAP_FAILED || madvise(p, SPARE_HANDOVER_SIZE, MADV_DONTFORK) < 0 ||
        fcntl(fd, F_ADD_SEALS, seals) < 0) {
        if (p != MAP_FAILED)
            munmap(p, SPARE_HANDOVER_SIZE);
        close(fd);
        return -ENOMEM;
    }
    s->handover[blank] = p;
    s->handover_fd[blank] = fd;
    return 0;
}

int spare_fill_pages(struct monitor *m)
{
    struct spare *s = &m->spare;
    struct spare_handover *handover = s->handover[0];
    uint8_t *content = (uint8_t *)handover + SPARE_CONTENT;
    int n = dirty_pages(&m->vm, s->pagemap, s->recent, SPARE_PAGES);
    s->nrecent = 0;
    if (n == -ENOTTY) { // Linux before 6.7
        close(s->pagemap);
        s->pagemap = NO_ANSWER;
    }
    // Page tables are as they were, as far as the guest is concerned, or there would be no spare;
    // and it may have those of the text cache.
    for (int i = 0; i < n; i++)
        if (!platform_is_table(s->recent[i]))
            s->recent[s->nrecent++] = s->recent[i];
    for (uint32_t i = 0; i < s->nrecent; i++)
        memcpy(content + i * X86_PAGE, m->vm.mem.ram + s->recent[i], X86_PAGE);
    memcpy(handover->page, s->recent, s->nrecent * sizeof s->recent[0]);
    handover->npages = s->nrecent;
    return n;
}
