// SPDX-License-Identifier: BSD-2-Clause
// The local APIC (its timer among it) and I/O APICs.
#ifndef SHIM_APIC_H
#define SHIM_APIC_H

#include <stdint.h>

// Masks the old interrupt controllers and turns the local APIC on, in x2APIC mode where there is
// one.
void apic_init(void);
void apic_eoi(void);
uint32_t apic_id(void);

// The I/O APIC whose inputs begin at `gsi_base`.
void ioapic_add(uint64_t pa, uint32_t gsi_base);
// Interrupts of input `gsi` arrive at `vector`.
void irq_route(uint32_t gsi, int level, unsigned vector);
// The same for an ISA interrupt, which the firmware may have moved.
void irq_route_isa(uint8_t irq, unsigned vector);
// The vector at which devices interrupt.
unsigned irq_device_vector(void);

// The one-shot timer interrupts at VECTOR_TIMER after `ns`, or (for more than it can count) sooner.
// tsc_mult is boot_info's.
void apic_timer(uint64_t ns, uint64_t tsc_mult);

#endif
