// SPDX-License-Identifier: BSD-2-Clause
// Breakpoints: INT3 bytes in the program's text, which gdb does not get to see when it reads there.
// Neighbours: server.h, command.c (the packets).

#include "host/gdb/server.h"

#define INT3 0xcc

static size_t copy(struct gdb *g, uint64_t va, uint8_t *to, const uint8_t *from, size_t len)
{
    return g->target->memory(g->vm, va, to, from, len);
}

size_t gdb_memory_read(struct gdb *g, uint64_t va, void *to, size_t len)
{
    size_t n = copy(g, va, to, NULL, len);
    // gdb is shown what the program has there. The difference is unsigned: an address below va is
    // far above n.
    for (unsigned i = 0; i < g->nbreakpoints; i++)
        if (g->breakpoints[i].addr - va < n)
            ((uint8_t *)to)[g->breakpoints[i].addr - va] = g->breakpoints[i].byte;
    return n;
}

size_t gdb_memory_write(struct gdb *g, uint64_t va, const void *from, size_t len)
{
    static const uint8_t int3 = INT3;
    size_t n = copy(g, va, NULL, from, len);
    // A breakpoint stays one; what was written is what it will leave behind.
    for (unsigned i = 0; i < g->nbreakpoints; i++) {
        struct gdb_breakpoint *b = &g->breakpoints[i];
        if (b->addr - va < n) {
            b->byte = ((const uint8_t *)from)[b->addr - va];
            copy(g, b->addr, NULL, &int3, 1);
        }
    }
    return n;
}

int gdb_breakpoint_at(const struct gdb *g, uint64_t va)
{
    for (unsigned i = 0; i < g->nbreakpoints; i++)
        if (g->breakpoints[i].addr == va)
            return 1;
    return 0;
}

int gdb_breakpoint_set(struct gdb *g, uint64_t va)
{
    static const uint8_t int3 = INT3;
    struct gdb_breakpoint b = {.addr = va};
    if (gdb_breakpoint_at(g, va))
        return 0;
    if (g->nbreakpoints == GDB_BREAKPOINTS || copy(g, va, &b.byte, NULL, 1) != 1 ||
        copy(g, va, NULL, &int3, 1) != 1)
        return -1;
    g->breakpoints[g->nbreakpoints++] = b;
    return 0;
}

void gdb_breakpoint_clear(struct gdb *g, uint64_t va)
{
    for (unsigned i = 0; i < g->nbreakpoints; i++)
        if (g->breakpoints[i].addr == va) {
            copy(g, va, NULL, &g->breakpoints[i].byte, 1);
            g->breakpoints[i] = g->breakpoints[--g->nbreakpoints];
            return;
        }
}

void gdb_breakpoints_clear_all(struct gdb *g)
{
    while (g->nbreakpoints)
        gdb_breakpoint_clear(g, g->breakpoints[0].addr);
}
