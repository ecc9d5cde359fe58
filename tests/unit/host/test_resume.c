// SPDX-License-Identifier: BSD-2-Clause
// test_resume.c: what of a template is a picoprocess' only: the list of rights, which is refused
// when it is damaged; the steps by which its memory is made, which stay inside RAM; and the pages
// below it. Links host/template/open.c, host/process/resume.c and what they need.
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/process/process.h"
#include "tests/unit/lib/template_file.h"

static void test_rights(void)
{
    const struct template_extent *e = sample_header(&good)->extents;
    const uint64_t both = PV_RIGHT_WRITE | PV_RIGHT_EXEC;
    const struct template_extent wrong[] = {
        {PV_RAM_VA - X86_PAGE, e[2].len, e[2].off},   // the platform's pages
        {SAMPLE_MEM, X86_PAGE, e[2].off},             // behind RAM
        {PV_RAM_VA, SAMPLE_MEM, e[2].off},            // over its end
        {PV_RAM_VA, e[2].len + X86_PAGE_2M * 2, 1},   // over the next
        {PV_RAM_VA, UINT64_MAX & ~(X86_PAGE - 1), 1}, // over the end of all
        {PV_RAM_VA, 0, e[2].off},
        {PV_RAM_VA + 1, X86_PAGE, e[2].off},
        {PV_RAM_VA, X86_PAGE + 1, e[2].off},
        {PV_RAM_VA, X86_PAGE, both},
        {PV_RAM_VA, X86_PAGE, both | PV_RIGHT_READ},
        {PV_RAM_VA, X86_PAGE, 8},
        {PV_RAM_VA, X86_PAGE, UINT64_C(1) << 32},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bad = good;
        sample_header(&bad)->extents[2] = wrong[i];
        CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    }
    bad = good;
    sample_header(&bad)->nrights = TEMPLATE_EXTENTS - 1;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
    sample_header(&bad)->nrights = UINT32_MAX;
    CHECK_EQ(open_it(&bad, sizeof bad), -EINVAL);
}

// ---- a picoprocess ----

// The steps its stub takes for it: nothing but RAM is changed, and in the end it has the rights of
// the list and no others.
static void test_steps(void)
{
    static struct stub_step steps[64];
    unsigned count[STEP_UNMAP + 1] = {0};
    static struct process_family own;
    struct family family = {.opt = &opt, .image = &image, .template_fd = file, .own = &own};
    CHECK_EQ(open_it(&good, sizeof good), 0);
    family.template = opened;
    const int n = resume_plan(&family, steps, 64);
    CHECK(n > 8 && steps[0].what == STEP_MAP && steps[0].fd == -1 && steps[0].addr == PV_RAM_VA);
    for (int i = 0; i < n; i++) {
        CHECK(sample_step_fits(&steps[i], SAMPLE_MEM, SAMPLE_WINDOW));
        count[steps[i].what]++;
    }
    // The heap's page; the text of all; the guard below the stack.
    CHECK_EQ(count[STEP_READ], 1);
    CHECK_EQ(count[STEP_PROTECT], 1);
    CHECK_EQ(count[STEP_UNMAP], 1);
    CHECK_EQ(steps[n - 1].addr, sample_header(&good)->stack_bottom - X86_PAGE_2M);
    CHECK_EQ(resume_plan(&family, steps, (uint32_t)n), n);
    CHECK_EQ(resume_plan(&family, steps, (uint32_t)n - 1), -E2BIG);
    CHECK_EQ(resume_check(&family, err, sizeof err), 0);
}

// Of the pages below RAM two are the program's. What the host must have besides is the same.
static void test_process_only(void)
{
    const uint64_t below[] = {PV_CALL_VA, PV_BOOT_INFO_VA + X86_PAGE, PV_RAM_VA - X86_PAGE};
    static struct process_family own;
    struct family family = {.opt = &opt, .image = &image, .template_fd = file, .own = &own};
    for (unsigned i = 0; i < sizeof below / sizeof below[0]; i++) {
        bad = good;
        sample_header(&bad)->extents[0].addr = below[i];
        CHECK_EQ(open_it(&bad, sizeof bad), 0); // a VM has more there
        family.template = opened;
        CHECK_EQ(resume_check(&family, err, sizeof err), -EINVAL);
        CHECK(strstr(err, "damaged") != NULL);
    }
    bad = good;
    sample_header(&bad)->features = UINT64_C(3) << 8;
    CHECK_EQ(open_it(&bad, sizeof bad), 0);
    family.template = opened;
    CHECK_EQ(resume_check(&family, err, sizeof err), -EINVAL);
    CHECK(strstr(err, "vector registers") != NULL);
}

// boot_info is the host's but for the arguments, which are where the program has them.
static void test_boot_info(void)
{
    struct pv_boot_info b = {.slot = 7, .ram_end = 1}, *there = (struct pv_boot_info *)bad.ram;
    struct pv_shared shared = {0};
    static struct process_family own;
    struct family family = {.opt = &opt, .image = &image, .template_fd = file, .own = &own};
    bad = good;
    sample_header(&bad)->extents[0].addr = PV_BOOT_INFO_VA;
    memset(bad.ram, 0xff, sizeof bad.ram);
    there->argc = 3;
    there->argv = 0x1234;
    CHECK_EQ(open_it(&bad, sizeof bad), 0);
    family.template = opened;
    CHECK_EQ(resume_platform(&family, &shared, &b), 0);
    CHECK(b.argc == 3 && b.argv == 0x1234 && b.slot == 7 && b.ram_end == 1 && b.image_size == 0);
    CHECK_EQ(b.stack_top, SAMPLE_MEM);
    CHECK_EQ(shared.upcall_entry, 0);
    CHECK_EQ(ftruncate(file, X86_PAGE), 0);
    CHECK_EQ(resume_platform(&family, &shared, &b), -EIO);
}

int main(void)
{
    template_file_make();
    CHECK_EQ(image_parse(&image, (const uint8_t *)&sample, sizeof sample, err, sizeof err), 0);
    sample_template(&good, &image);
    RUN(test_rights);
    RUN(test_steps);
    RUN(test_process_only);
    RUN(test_boot_info);
    free(opened);
    image_close(&image);
    return check_done("resume");
}
