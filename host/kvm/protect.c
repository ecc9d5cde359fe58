// SPDX-License-Identifier: BSD-2-Clause
// Rights of single pages. See protect.h.
//
// A unit is the 2 MB one directory entry maps. As long as all of it has the same rights it stays
// one entry; when a part differs, a table of 512 entries takes its place, and goes back to the pool
// once they are all alike again. The pool lies in the platform megabyte, so it is cloned with RAM;
// which of its tables are in use is the monitor's own note, cloned with the monitor.
//
// All pages of a unit come from one place: private RAM, or the text cache (textcache.h), which
// nobody may write. So a unit that gets a writable page moves to private RAM whole, which holds the
// same bytes, and is marked: a clone must not be given the image's text in its place.

#include "host/kvm/protect.h"

#include <errno.h>

#include "abi/x86.h"
#include "host/kvm/platform.h"

#define UNIT_PAGES 512u
#define UNIT(va)   ((va) & ~(X86_PAGE_2M - 1))
// What an entry says but for its address. A page without rights keeps the address: it is where the
// page's contents are.
#define FLAGS(entry) ((entry) & ~(X86_PTE_ADDR | PLATFORM_PTE_PRIVATE))

// One directory after another, each of 512 entries: RAM is below PV_RAM_MAX, whose directories lie
// back to back.
static uint64_t *directory_entry(const struct vm *vm, uint64_t va)
{
    return (uint64_t *)(vm->mem.ram + PLATFORM_TABLES_VA(vm->tables) + PLATFORM_PD_RAM) +
           va / X86_PAGE_2M;
}

// The guest cannot write its tables, but a template (template.h) may bring any: what is followed
// lies in the pool, all else is taken for a 2 MB entry.
static int is_table(uint64_t entry)
{
    return (entry & X86_PTE_P) && !(entry & X86_PTE_PS) &&
           (entry & X86_PTE_ADDR) - PLATFORM_POOL_VA < PLATFORM_POOL_TABLES * X86_PAGE;
}

static uint64_t *table_of(const struct vm *vm, uint64_t entry)
{
    return (uint64_t *)(vm->mem.ram + (entry & X86_PTE_ADDR));
}

// Where the unit's memory is, guest-physical.
static uint64_t unit_base(const struct vm *vm, uint64_t entry)
{
    return (is_table(entry) ? table_of(vm, entry)[0] : entry) & X86_PTE_ADDR;
}

static uint64_t entry_flags(uint32_t rights)
{
    // Accessed and dirty are preset: the processor need not write them.
    uint64_t flags = X86_PTE_U | X86_PTE_A | X86_PTE_D;
    flags |= rights ? X86_PTE_P : 0;
    flags |= (rights & PV_RIGHT_WRITE) ? X86_PTE_W : 0;
    flags |= (rights & PV_RIGHT_EXEC) ? 0 : X86_PTE_NX;
    return flags;
}

// ---- the pool of tables ----

static uint32_t pool_free(const struct vm *vm)
{
    const uint32_t all = (1u << PLATFORM_POOL_TABLES) - 1;
    return (uint32_t)__builtin_popcount(~vm->pool_used & all);
}

// The caller has seen by pool_free() that there is one: nothing here can fail half way.
static uint64_t pool_take(struct vm *vm)
{
    uint32_t i = (uint32_t)__builtin_ctz(~vm->pool_used);
    vm->pool_used |= 1u << i;
    return PLATFORM_POOL_VA + i * X86_PAGE;
}

static void pool_give(struct vm *vm, uint64_t table)
{
    vm->pool_used &= ~(1u << (table - PLATFORM_POOL_VA) / X86_PAGE);
}

// ---- one unit ----

// Replaces the unit's one entry by a table that says the same.
static void split(struct vm *vm, uint64_t *entry)
{
    uint64_t base = unit_base(vm, *entry), flags = FLAGS(*entry) & ~X86_PTE_PS;
    uint64_t at = pool_take(vm), mark = *entry & PLATFORM_PTE_PRIVATE;
    uint64_t *table = table_of(vm, at);
    for (unsigned i = 0; i < UNIT_PAGES; i++)
        table[i] = (base + i * X86_PAGE) | flags;
    *entry = at | PLATFORM_PTE_TABLE | mark;
}

// One entry for the unit, with these flags for all of it; its table, if any, is free again.
static void join(struct vm *vm, uint64_t *entry, uint64_t base, uint64_t flags)
{
    if (is_table(*entry))
        pool_give(vm, *entry & X86_PTE_ADDR);
    *entry = base | flags | X86_PTE_PS | (*entry & PLATFORM_PTE_PRIVATE);
}

static int is_uniform(const uint64_t *table)
{
    for (unsigned i = 1; i < UNIT_PAGES; i++)
        if (FLAGS(table[i]) != FLAGS(table[0]))
            return 0;
    return 1;
}

// From the text cache to private RAM, with all rights as they are. 1 if anything changed.
static int make_private(struct vm *vm, uint64_t *entry, uint64_t unit)
{
    uint64_t old = unit_base(vm, *entry);
    *entry |= PLATFORM_PTE_PRIVATE;
    if (old == unit)
        return 0;
    if (!is_table(*entry))
        *entry = (*entry & ~X86_PTE_ADDR) | unit;
    else
        for (unsigned i = 0; i < UNIT_PAGES; i++)
            table_of(vm, *entry)[i] += unit - old;
    return 1;
}

// Sets the flags of [start, end), part of one unit. 1 if KVM must forget what it knew.
static int set_unit(struct vm *vm, uint64_t start, uint64_t end, uint64_t flags)
{
    uint64_t *entry = directory_entry(vm, start), unit = UNIT(start);
    int stale = 0;

    if (flags & X86_PTE_W)
        stale = make_private(vm, entry, unit);
    if (end - start == X86_PAGE_2M) {
        stale |= (*entry & X86_PTE_P) && FLAGS(*entry) != (flags | X86_PTE_PS);
        join(vm, entry, unit_base(vm, *entry), flags);
        return stale;
    }
    if (!is_table(*entry)) {
        if (FLAGS(*entry) == (flags | X86_PTE_PS))
            return stale;
        // A table that was in use before may have left its shadow behind.
        split(vm, entry);
        stale = 1;
    }
    uint64_t *table = table_of(vm, *entry);
    for (uint64_t va = start; va < end; va += X86_PAGE) {
        uint64_t *page = &table[(va - unit) / X86_PAGE];
        // No processor, and no shadow, remembers an entry that was not present (SDM vol. 3,
        // 4.10.2.3): memory that is reserved first and committed later needs no flush.
        stale |= (*page & X86_PTE_P) && FLAGS(*page) != flags;
        *page = (*page & X86_PTE_ADDR) | flags;
    }
    if (!is_uniform(table))
        return stale;
    join(vm, entry, table[0] & X86_PTE_ADDR, flags);
    return 1;
}

// ---- the call ----

// The end of the part of private memory that addr lies in, or 0.
static uint64_t part_end(const struct vm *vm, const struct elf_program *program, uint64_t addr)
{
    for (uint32_t i = 0; i < program->nsegs; i++) {
        const struct image_seg *s = &program->segs[i];
        uint64_t end = (s->vaddr + s->memsz + X86_PAGE - 1) & ~(X86_PAGE - 1);
        if (addr >= (s->vaddr & ~(X86_PAGE - 1)) && addr < end)
            return end;
    }
    if (addr >= vm->heap_start && addr < vm->stack_bottom - X86_PAGE_2M)
        return vm->stack_bottom - X86_PAGE_2M;
    return addr >= vm->stack_bottom && addr < vm->mem.ram_size ? vm->mem.ram_size : 0;
}

static int is_valid(const struct vm *vm, const struct elf_program *program, uint64_t addr,
                    uint64_t len)
{
    if (addr % X86_PAGE || len % X86_PAGE || addr > vm->mem.ram_size ||
        len > vm->mem.ram_size - addr)
        return 0;
    for (uint64_t at = addr; at < addr + len;)
        if (!(at = part_end(vm, program, at)))
            return 0;
    return 1;
}

// Whether [start, end), part of one unit, will need a table from the pool.
static uint32_t needs_table(const struct vm *vm, uint64_t start, uint64_t end, uint64_t flags)
{
    uint64_t entry = *directory_entry(vm, start);
    return end - start < X86_PAGE_2M && !is_table(entry) && FLAGS(entry) != (flags | X86_PTE_PS);
}

static uint64_t unit_end(uint64_t at, uint64_t end)
{
    uint64_t next = UNIT(at) + X86_PAGE_2M;
    return next < end ? next : end;
}

// All or nothing: what can be refused is counted first. 0, 1 (KVM's shadow is out of date and must
// be flushed before the guest goes on), or -errno.
int protect_pages(struct vm *vm, const struct elf_program *program, uint64_t addr, uint64_t len,
                  uint32_t rights)
{
    const uint64_t flags = entry_flags(rights), end = addr + len;
    uint32_t tables = 0;
    int stale = 0;

    if (rights & ~(PV_RIGHT_READ | PV_RIGHT_WRITE | PV_RIGHT_EXEC))
        return -EINVAL;
    if ((rights && !(rights & PV_RIGHT_READ)) || !is_valid(vm, program, addr, len))
        return -EINVAL;
    if ((rights & PV_RIGHT_WRITE) && (rights & PV_RIGHT_EXEC))
        return -EACCES;
    for (uint64_t at = addr; at < end; at = unit_end(at, end))
        tables += needs_table(vm, at, unit_end(at, end), flags);
    if (tables > pool_free(vm))
        return -ENOMEM;
    for (uint64_t at = addr; at < end; at = unit_end(at, end))
        stale |= set_unit(vm, at, unit_end(at, end), flags);
    return stale;
}

// Whether the entries of all pages have these bits.
static int all_have(const struct vm *vm, uint64_t addr, uint64_t len, uint64_t bits)
{
    for (uint64_t at = addr; at < addr + len; at = (at & ~(X86_PAGE - 1)) + X86_PAGE) {
        uint64_t entry = *directory_entry(vm, at);
        if (is_table(entry))
            entry = table_of(vm, entry)[(at - UNIT(at)) / X86_PAGE];
        if ((entry & bits) != bits)
            return 0;
    }
    return 1;
}

// For buffers that the host writes in the guest's name, which may do no more than the guest.
int protect_writable(const struct vm *vm, uint64_t addr, uint64_t len)
{
    return all_have(vm, addr, len, X86_PTE_P | X86_PTE_W);
}

int protect_readable(const struct vm *vm, uint64_t addr, uint64_t len)
{
    return all_have(vm, addr, len, X86_PTE_P);
}
