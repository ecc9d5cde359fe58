// SPDX-License-Identifier: BSD-2-Clause
// The conformance guest: the order of its checks. See pv.h.
//
// The program runs three times in one VM, as EXEC starts it anew: `stage` in the window counts.

#include "tests/pv/pv.h"

#define STAGES 3

void pv_main(void); // from entry.S

// By which mkimage knows a Ramet program.
__attribute__((section(".note.ramet"), used, aligned(4))) static const struct {
    uint32_t namesz, descsz, type;
    char name[8];
    struct image_note desc;
} note = {sizeof IMAGE_NOTE_NAME,
          sizeof(struct image_note),
          IMAGE_NOTE_TYPE,
          IMAGE_NOTE_NAME,
          {.abi = PV_ABI_VERSION}};

static const char *argument(unsigned i)
{
    return i < boot->argc ? ((char **)boot->argv)[i] : "";
}

static void program_arguments(void)
{
    test("boot arguments of the image");
    WANT_EQ(boot->argc, 3);
    WANT_EQ(boot->slot, 1);
    WANT(same(argument(1), "one") && same(argument(2), "two words"));
}

static void end(void)
{
    test_end();
    struct pv_exit e = {.call.nr = PV_CALL_EXIT, .status = notes()->failures ? 1 << 8 : 0};
    for (;;)
        call(&e);
}

void pv_main(void)
{
    if (same(argument(1), "spawned"))
        spawned();
    boot_checks(!same(argument(1), "exec"));
    upcalls_begin();
    if (notes()->stage == 0)
        program_arguments();
    else
        exec_arrived();
    thread_checks();
    memory_checks();
    rights_checks();
    trap_checks();
    event_checks();
    call_checks();
    device_checks();
    file_checks();
    if (notes()->stage + 1 < STAGES)
        exec_checks();
    family_checks();
    killing_checks();
    end();
}
