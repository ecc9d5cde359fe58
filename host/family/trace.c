// SPDX-License-Identifier: BSD-2-Clause
// --trace=exit: what a member's life cost, in one line when it ends.
//
// Exits to user space are what Ramet is designed to do without, so the calls are counted by kind,
// and the back end adds what it knows (kvm/stats.c). bench/run divides these lines by the
// operations done.

#include <inttypes.h>
#include <stdio.h>

#include "host/backend.h"
#include "host/call/call.h"

#define LINE_MAX 240 // family_trace() cuts at 256, its prefix included

// On the stack of the member that ends; written by one call, so that lines do not mix.
struct trace_line {
    char text[LINE_MAX];
    size_t len;
};

void trace_add(struct trace_line *line, const char *name, uint64_t value)
{
    const size_t room = sizeof line->text - line->len;
    int n = snprintf(line->text + line->len, room, " %s=%" PRIu64, name, value);
    if (n > 0 && (size_t)n < room)
        line->len += (size_t)n;
    else
        line->text[line->len] = 0; // what does not fit is left out whole
}

// Before the slot is given back: the line names it.
void trace_end(struct member *m)
{
    struct trace_line line = {.len = 0};
    if (!(m->family->opt->trace & TRACE_EXIT))
        return;
    for (uint32_t nr = 1; nr < PV_CALL_NR_END; nr++)
        if (m->calls[nr])
            trace_add(&line, call_names[nr], m->calls[nr]);
    trace_add(&line, "exceptions", m->exceptions);
    trace_add(&line, "events", m->interrupts);
    if (m->accesses)
        trace_add(&line, "devices", m->accesses);
    if (m->family->backend->count)
        m->family->backend->count(m, &line);
    family_trace(m->family, TRACE_EXIT, "%u exits:%s", m->slot, line.text);
}
