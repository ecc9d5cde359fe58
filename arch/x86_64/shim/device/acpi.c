// SPDX-License-Identifier: BSD-2-Clause
// Finding and reading the ACPI tables (ACPI 6.4). They are the firmware's, but a table is believed
// only as far as its checksum, its length and the end of each field allow: every read is of a table
// that has been mapped whole, below the length that was checked. Under an emulator what costs time
// here is not the tables but the code, each piece of it run once: hence small functions, not
// inlined.

#include "arch/x86_64/shim/device/acpi.h"

#include <stddef.h>

#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"

static struct acpi_info info;

const struct acpi_info *acpi(void)
{
    return &info;
}

// --- a table: mapped bytes of a checked length ---
struct table {
    const uint8_t *at;
    uint32_t len;
};

#define HEADER_LEN 36u        // 5.2.6
#define MAX_TABLE  0x1000000u // no machine has a DSDT of 16 MB
#define MAX_TABLES 256u       // entries of an RSDT or XSDT that are looked at

// Fields beyond the table's end are 0: older, shorter revisions lack them.
static __attribute__((noinline)) uint64_t field(const struct table *t, uint32_t offset,
                                                uint32_t size)
{
    uint64_t v = 0;
    if (offset > t->len || size > t->len - offset)
        return 0;
    memcpy(&v, t->at + offset, size);
    return v;
}

static bool sums_to_zero(const uint8_t *p, uint32_t len)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + p[i]);
    return sum == 0;
}

// The table at `pa`, whose signature is looked at by the caller.
static bool table_header(uint64_t pa, struct table *t)
{
    const uint8_t *header = pa ? phys_map(pa, HEADER_LEN) : NULL;
    if (!header)
        return false;
    memcpy(&t->len, header + 4, 4);
    t->at = header;
    return t->len >= HEADER_LEN && t->len <= MAX_TABLE;
}

static bool table_whole(uint64_t pa, struct table *t)
{
    t->at = phys_map(pa, t->len);
    return t->at && sums_to_zero(t->at, t->len);
}

static bool table_at(uint64_t pa, const char *signature, struct table *t)
{
    return table_header(pa, t) && memcmp(t->at, signature, 4) == 0 && table_whole(pa, t);
}

// --- FADT (5.2.9) ---
#define FADT_DSDT        40
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT    64
#define FADT_PM1B_CNT    68
#define FADT_PM_TMR      76
#define FADT_CENTURY     108
#define FADT_BOOT_ARCH   109
#define FADT_FLAGS       112
#define FADT_RESET_REG   116
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT      140
#define FADT_X_PM1A_CNT  172
#define FADT_X_PM1B_CNT  184
#define FADT_X_PM_TMR    208
#define FADT_SLEEP_CTL   244

#define BOOT_ARCH_NO_CMOS (1u << 5)
#define FLAG_TMR_VAL_EXT  (1u << 8)
#define FLAG_RESET_REG    (1u << 10)
#define FLAG_HW_REDUCED   (1u << 20)

// A generic address; other spaces than memory and ports are none of the shim's.
static struct acpi_register generic(const struct table *t, uint32_t offset)
{
    struct acpi_register r = {field(t, offset + 4, 8), (uint8_t)field(t, offset, 1)};
    if (r.space > ACPI_SPACE_IO || (r.space == ACPI_SPACE_IO && r.address > 0xffff))
        r.address = 0;
    return r;
}

// The 64-bit form counts where it is set (5.2.9, X_PM1a_CNT_BLK), else the old port number.
static struct acpi_register either(const struct table *t, uint32_t extended, uint32_t old)
{
    struct acpi_register r = generic(t, extended);
    if (!r.address)
        r = (struct acpi_register){field(t, old, 4) & 0xffff, ACPI_SPACE_IO};
    return r;
}

static void read_fadt(const struct table *t)
{
    uint32_t flags = (uint32_t)field(t, FADT_FLAGS, 4);
    uint64_t smi_command = field(t, FADT_SMI_CMD, 4);
    uint64_t dsdt_pa = field(t, FADT_X_DSDT, 8);

    info.has_fadt = true;
    info.hw_reduced = flags & FLAG_HW_REDUCED;
    info.pm_timer_32 = flags & FLAG_TMR_VAL_EXT;
    info.no_cmos = field(t, FADT_BOOT_ARCH, 2) & BOOT_ARCH_NO_CMOS;
    info.rtc_century = field(t, FADT_CENTURY, 1) & 0x7f;
    info.smi_command = smi_command <= 0xffff ? (uint16_t)smi_command : 0;
    info.acpi_enable = (uint8_t)field(t, FADT_ACPI_ENABLE, 1);
    if (!info.hw_reduced) { // the fields are to be ignored then
        info.pm1a = either(t, FADT_X_PM1A_CNT, FADT_PM1A_CNT);
        info.pm1b = either(t, FADT_X_PM1B_CNT, FADT_PM1B_CNT);
        info.pm_timer = either(t, FADT_X_PM_TMR, FADT_PM_TMR);
    }
    info.sleep_control = generic(t, FADT_SLEEP_CTL);
    if (flags & FLAG_RESET_REG)
        info.reset = generic(t, FADT_RESET_REG);
    info.reset_value = (uint8_t)field(t, FADT_RESET_VALUE, 1);

    info.dsdt = dsdt_pa ? dsdt_pa : field(t, FADT_DSDT, 4);
}

const uint8_t *acpi_dsdt(uint32_t *len)
{
    struct table t;

    if (!table_at(info.dsdt, "DSDT", &t))
        return NULL;
    *len = t.len - HEADER_LEN;
    return t.at + HEADER_LEN;
}

// --- MADT (5.2.12) ---
#define MADT_LAPIC          36
#define MADT_FIRST          44
#define MADT_IOAPIC         1
#define MADT_OVERRIDE       2
#define MADT_LAPIC_OVERRIDE 5

static void read_madt(const struct table *t)
{
    info.lapic = field(t, MADT_LAPIC, 4);
    for (uint32_t at = MADT_FIRST; at + 2 <= t->len;) {
        uint8_t type = t->at[at], len = t->at[at + 1];
        if (len < 2 || len > t->len - at)
            break;
        struct table entry = {t->at + at, len};
        if (type == MADT_IOAPIC && len >= 12 && info.nioapics < ACPI_MAX_IOAPICS) {
            info.ioapics[info.nioapics++] =
                (struct acpi_ioapic){(uint32_t)field(&entry, 4, 4), (uint32_t)field(&entry, 8, 4)};
        } else if (type == MADT_OVERRIDE && len >= 10 && info.noverrides < ACPI_MAX_OVERRIDES) {
            info.overrides[info.noverrides++] =
                (struct acpi_override){(uint8_t)field(&entry, 3, 1), (uint16_t)field(&entry, 8, 2),
                                       (uint32_t)field(&entry, 4, 4)};
        } else if (type == MADT_LAPIC_OVERRIDE && len >= 12) {
            info.lapic = field(&entry, 4, 8);
        }
        at += len;
    }
}

// --- MCFG (PCI Firmware 3.3, 4.1.2) ---
#define MCFG_FIRST 44u
#define MCFG_ENTRY 16u

static void read_mcfg(const struct table *t)
{
    for (uint32_t at = MCFG_FIRST; at + MCFG_ENTRY <= t->len; at += MCFG_ENTRY) {
        struct acpi_ecam e = {field(t, at, 8), (uint8_t)field(t, at + 10, 1),
                              (uint8_t)field(t, at + 11, 1)};
        // Segment 0 is the only one, or the one with the devices that firmware configures.
        if (field(t, at + 8, 2) == 0 && e.bus_last >= e.bus_first && !(e.address & 0xfffff)) {
            info.ecam = e;
            return;
        }
    }
}

// --- the root ---
#define RSDP_V1_LEN  20u
#define RSDP_LEN     36u
#define EBDA_POINTER 0x40eu
#define BIOS_START   0xe0000u
#define BIOS_END     0x100000u

// 5.2.5.3: 20 bytes sum to 0; from revision 2 on `length` bytes do too.
static bool rsdp_good(const uint8_t *p)
{
    return memcmp(p, "RSD PTR ", 8) == 0 && sums_to_zero(p, RSDP_V1_LEN);
}

static uint64_t rsdp_search(uint64_t from, uint64_t to)
{
    const uint8_t *start = phys_map(from, to - from);
    for (const uint8_t *p = start; start && p + RSDP_LEN <= start + (to - from); p += 16)
        if (p[0] == 'R' && rsdp_good(p))
            return from + (uint64_t)(p - start);
    return 0;
}

// 5.2.5.1: the first KB of the EBDA, then the BIOS's memory.
static uint64_t rsdp_find(void)
{
    const uint8_t *p = phys_map(EBDA_POINTER, 2);
    uint64_t ebda = p ? (uint64_t)(p[0] | p[1] << 8) << 4 : 0;
    uint64_t found = 0;

    if (ebda >= 0x400 && ebda < 0xa0000)
        found = rsdp_search(ebda, ebda + 1024);
    return found ? found : rsdp_search(BIOS_START, BIOS_END);
}

static void read_table(uint64_t pa)
{
    static const struct {
        char signature[5];
        void (*read)(const struct table *t);
    } known[] = {{"FACP", read_fadt}, {"APIC", read_madt}, {"MCFG", read_mcfg}};
    struct table t;

    if (!table_header(pa, &t))
        return;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (memcmp(t.at, known[i].signature, 4) == 0 && table_whole(pa, &t)) {
            known[i].read(&t);
            return;
        }
    }
}

void acpi_init(uint64_t rsdp_pa)
{
    struct table root;
    uint32_t entry_size = 8;

    memset(&info, 0, sizeof info);
    if (!rsdp_pa)
        rsdp_pa = rsdp_find();
    const uint8_t *at = rsdp_pa ? phys_map(rsdp_pa, RSDP_LEN) : NULL;
    if (!at || !rsdp_good(at))
        return;
    struct table rsdp = {at, RSDP_LEN};
    // The XSDT is to be preferred (5.2.5.3), if it is there and whole.
    bool extended = field(&rsdp, 15, 1) >= 2 && sums_to_zero(at, RSDP_LEN);
    if (!extended || !table_at(field(&rsdp, 24, 8), "XSDT", &root)) {
        entry_size = 4;
        if (!table_at(field(&rsdp, 16, 4), "RSDT", &root))
            return;
    }
    info.present = true;
    uint32_t count = (root.len - HEADER_LEN) / entry_size;
    for (uint32_t i = 0; i < count && i < MAX_TABLES; i++)
        read_table(field(&root, HEADER_LEN + i * entry_size, entry_size));
}
