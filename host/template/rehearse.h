// SPDX-License-Identifier: BSD-2-Clause
// Rehearsals: a template is started once when it is made, to learn which pages its program touches
// first.
//
// Memory that has just been mapped is met through faults, some 30 us each on a nested host, and a
// program that goes on from a template easily meets twenty of them before it has done anything. It
// does the same each time. So `ramet template` loads the finished file as any later family will,
// runs it to the first paravirtual call, which is not made, and looks which pages are there: up to
// that point nobody can have seen it run, and the family that did is thrown away. The list goes
// into the file (template.h), and whoever starts from it has those pages be there at once (load.c),
// or, with time to spare, touches them as well (touch.c).
#ifndef HOST_REHEARSE_H
#define HOST_REHEARSE_H

#include <stdint.h>

struct family;
struct monitor;

// In the supervisor of a family that has saved its VM to f->template_fd, before template_finish():
// starts a family of its own from there and waits for its end. Whatever becomes of it, the template
// is complete; if it came to nothing the list is empty.
void rehearse(const struct family *made);

// In KVM's monitor of that family, f->rehearsal, which is confined and about to run its VM: runs
// it, writes the list, and ends the family. (Of picoprocesses: host/process/save.c.)
_Noreturn void rehearse_play(struct monitor *m);

// A list of pages as in a template.
struct rehearse_list {
    uint64_t *pages;
    uint32_t n, max;
};

// An empty one, for TEMPLATE_TOUCHED pages; there is one at a time.
struct rehearse_list rehearse_list(void);
// Adds the pages of [at, at + len) that are there in a process, by its pagemap, as long as there is
// room. The guest has them at `guest`.
void rehearse_find(int pagemap, uint64_t at, uint64_t len, uint64_t guest,
                   struct rehearse_list *to);
// Puts it into f->template_fd. A file that cannot be written to any more stays without.
void rehearse_write(const struct family *f, const struct rehearse_list *list);

#endif
