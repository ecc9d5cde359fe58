// SPDX-License-Identifier: BSD-2-Clause
// test_power.c: how a machine is turned off, write by write, and what is tried when it does not go.
// Links arch/x86_64/shim/device/power.c, acpi.c, acpi_dsdt.c.
#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/device/power.h"
#include "tests/unit/lib/fake_acpi.h"

// What was written, as "PORT=VALUE " each, in the order of writing; memory with an "m".
static char log_[1000];
static uint16_t pm1;
static uint8_t keyboard = 0;

static void note(const char *kind, uint64_t at, uint32_t value)
{
    size_t used = strlen(log_);
    snprintf(log_ + used, sizeof log_ - used, "%s%jx=%x ", kind, (uintmax_t)at, value);
}

static uint32_t in(uint16_t port, int width)
{
    if (port == 0x604 && width == 2)
        return pm1;
    return port == 0x64 ? keyboard : UINT32_MAX;
}

static void out(uint16_t port, uint32_t value, int width)
{
    (void)width;
    note("", port, value);
    if (port == 0xb2 && value == 0xf1)
        pm1 |= 1;
}

static void mmio_out(uint64_t pa, uint32_t value, int width)
{
    (void)width;
    note("m", pa, value);
}

// Ends in the triple fault of a machine that would not go.
static void end_with(uint32_t wait_status)
{
    jmp_buf end;

    log_[0] = 0;
    machine.in = in;
    machine.out = out;
    machine.mmio_write = mmio_out;
    machine.at_end = &end;
    if (setjmp(end) == 0)
        power_exit(wait_status);
}

static struct fake_table *fadt(const char *s5, uint32_t s5_len)
{
    struct fake_table *d = fake_table("DSDT", 0x7004000, 44 + s5_len);
    struct fake_table *f = fake_table("FACP", 0x7001000, 268);
    memcpy(d->bytes + 44, s5, s5_len);
    fake_put(f, 40, d->pa, 4);
    fake_put(f, 64, 0x604, 4);
    fake_table_done(d);
    return f;
}

static void with(struct fake_table *f)
{
    fake_table_done(f);
    fake_root(&f, 1);
    acpi_init(FAKE_RSDP);
}

static void test_status(void)
{
    with(fadt("", 0));
    end_with(0);
    CHECK_STR(log_, "604=2000 64=fe ");
    end_with(3 << 8);
    CHECK_STR(log_, "501=3 604=2000 64=fe ");
    end_with(255 << 8);
    CHECK_STR(log_, "501=ff 604=2000 64=fe ");
    end_with(9);
    CHECK_STR(log_, "501=89 604=2000 64=fe ");
    end_with(11 | 0x80); // with a core, if there were any
    CHECK_STR(log_, "501=8b 604=2000 64=fe ");
}

static void test_sleep_types(void)
{
    struct fake_table *f = fadt("\x08_S5_\x12\x08\x04\x0a\x05\x0a\x07\0\0", 14);
    fake_put(f, 68, 0x1604, 4);
    with(f);
    pm1 = 0x1e01; // what is there of the register stays, but for the type
    end_with(0);
    CHECK_STR(log_, "604=3601 1604=ffff 64=fe ");
}

static void test_acpi_mode(void)
{
    struct fake_table *f = fadt("", 0);
    fake_put(f, 48, 0xb2, 4);
    fake_put(f, 52, 0xf1, 1);
    with(f);
    end_with(0);
    CHECK_STR(log_, "b2=f1 604=2001 64=fe ");
    end_with(0); // it is in that mode already
    CHECK_STR(log_, "604=2001 64=fe ");
}

static void test_never_in_acpi_mode(void)
{
    struct fake_table *f = fadt("", 0);
    fake_put(f, 48, 0xb2, 4);
    fake_put(f, 52, 0xf2, 1);
    with(f);
    end_with(0);
    CHECK_STR(log_, "b2=f2 604=2000 64=fe ");
}

static void test_hardware_reduced(void)
{
    struct fake_table *f = fadt("\x08_S5_\x12\x06\x04\x0a\x06\0\0\0", 12);
    fake_put(f, 112, 1u << 20 | 1u << 10, 4);
    fake_put(f, 120, 0xfea00202, 8);
    fake_put(f, 128, 0x42, 1);
    fake_put(f, 248, 0xfea00200, 8);
    with(f);
    end_with(1 << 8);
    CHECK_STR(log_, "501=1 mfea00200=38 mfea00202=42 64=fe ");
}

static void test_hardware_reduced_default(void)
{
    struct fake_table *f = fadt("", 0);
    fake_put(f, 112, 1u << 20, 4);
    fake_put(f, 248, 0xfea00200, 8);
    with(f);
    end_with(0);
    CHECK_STR(log_, "mfea00200=34 64=fe ");
}

static void test_no_acpi(void)
{
    acpi_init(0);
    end_with(0);
    CHECK_STR(log_, "604=2000 b004=2000 4004=3400 64=fe ");
}

// A keyboard controller that is never ready, or not there.
static void test_keyboard_stuck(void)
{
    acpi_init(0);
    keyboard = 0xff;
    end_with(0);
    CHECK(strstr(log_, "64=fe "));
}

int main(void)
{
    RUN_MACHINE(test_status);
    RUN_MACHINE(test_sleep_types);
    RUN_MACHINE(test_acpi_mode);
    RUN_MACHINE(test_never_in_acpi_mode);
    RUN_MACHINE(test_hardware_reduced);
    RUN_MACHINE(test_hardware_reduced_default);
    RUN_MACHINE(test_no_acpi);
    RUN_MACHINE(test_keyboard_stuck);
    return check_done("power");
}
