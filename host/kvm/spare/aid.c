// SPDX-License-Identifier: BSD-2-Clause
// Where the plain way of cloning meets spares: the table of aid.h, and all that calls them.

#include "host/kvm/kvm.h"
#include "host/kvm/spare/private.h"

// At the user's limit of processes, a spare that cannot be used now is one too many.
static int make_room(struct monitor *m)
{
    const int had = m->spare.made;
    spare_drop(m);
    return had;
}

static void memory_changed(struct monitor *m)
{
    if (!m->spare.blank)
        spare_drop(m);
}

static void leave_program(struct monitor *m)
{
    spare_drop(m);
    spare_tell(m);
}

static void exec(struct monitor *m)
{
    leave_program(m);
    spare_let_go(m);
}

static int leave(struct monitor *m)
{
    leave_program(m);
    return spare_offer(m);
}

const struct clone_aid spares = {
    .clone = spare_clone,
    .spawn = spare_spawn,
    .make_room = make_room,
    .cloned = spare_forget,
    .spawned = spare_begin,
    .begins = spare_watch,
    .memory_changed = memory_changed,
    .exec = exec,
    .idle = spare_prepare,
    .leave = leave,
    .reuse = spare_again,
};
