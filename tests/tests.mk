# SPDX-License-Identifier: BSD-2-Clause
# Tests, part of the Makefile: unit tests and fuzzers, host programs with sanitizers, each with what
# it is made of; and the conformance guest.
UNIT := bootable dirty disk disk_hostile elf guest image load options protect
UNIT_bootable := tools/mkimage/bootelf.c tools/mkimage/gpt.c tools/mkimage/util.c
UNIT_dirty := host/dirty.c host/warm_code.c
UNIT_disk := host/disk.c host/virtio_mmio.c host/virtio_blk.c
UNIT_disk_hostile := host/virtio_mmio.c host/virtio_blk.c
UNIT_elf := host/elf.c
UNIT_guest := host/guest.c
UNIT_image := host/image.c host/image_check.c host/elf.c
DEVICES := host/devices.c host/virtio_mmio.c host/virtio_blk.c
UNIT_load := host/load.c host/platform.c host/warm_code.c host/vm.c host/vm_memory.c \
	host/textcache.c host/hugemem.c $(DEVICES) $(UNIT_image)
UNIT_options := host/options.c
# The QEMU back end: its protocol, and the supervisor's book.
UNIT += qmp qemu
UNIT_qmp := host/qmp.c host/fdpass.c
UNIT_LIBS_qmp := -ljansson
UNIT_qemu := host/qemu_argv.c host/qemu_pool.c host/fdpass.c
UNIT_protect := host/protect.c host/platform.c host/warm_code.c host/textcache.c host/hugemem.c
# Processes and signals, over a faked host that forks and interrupts (tests/unit/fake_family.h).
UNIT += death forktable proc random shm signal sigwait tty vfork
FAMILY := tests/unit/fake_pv.c tests/unit/fake_family.c tests/unit/fake_lower.c \
	kernel/window.c kernel/window_run.c kernel/shm.c kernel/lock.c kernel/waitq.c kernel/upcall.c \
	kernel/proc.c kernel/fork.c kernel/vfork.c kernel/exit.c kernel/wait.c kernel/ids.c \
	kernel/signal.c kernel/sigsys.c kernel/sigdeliver.c \
	kernel/time.c kernel/timer.c kernel/random.c kernel/driver.c
UNIT_death := $(FAMILY) kernel/forktable.c
UNIT_forktable := $(FAMILY)
UNIT_proc := $(FAMILY) kernel/forktable.c
UNIT_random := kernel/random.c
UNIT_shm := $(FAMILY) kernel/forktable.c kernel/misc.c
UNIT_signal := $(FAMILY) kernel/forktable.c
UNIT_sigwait := $(FAMILY) kernel/forktable.c
UNIT_vfork := $(FAMILY) kernel/forktable.c
UNIT_tty := kernel/tty_line.c kernel/tty_edit.c

# The window, waits, pipes and files, over a faked host and kernel (tests/unit/fake_kernel.h).
UNIT += dir fs lock map path pipe special waitq window
FILES := tests/unit/fake_pv.c tests/unit/fake_kernel.c tests/unit/fake_image.c \
	kernel/window.c kernel/window_run.c kernel/shm.c kernel/lock.c kernel/waitq.c kernel/copy.c \
	kernel/file.c kernel/fd.c kernel/pipe.c kernel/pipe_ends.c kernel/fifo.c kernel/poll.c \
	kernel/dev.c kernel/driver.c kernel/sys_file.c kernel/sys_path.c \
	kernel/flock.c kernel/flock_call.c \
	kernel/fs_inode.c kernel/fs_dir.c kernel/fs_name.c kernel/fs_path.c kernel/fs_data.c \
	kernel/fs_open.c kernel/fs_attr.c kernel/fs_rename.c kernel/fs_proc.c kernel/fs_proc_text.c \
	kernel/fs_map.c kernel/fs_populate.c
UNIT_dir := $(FILES)
UNIT_fs := $(FILES)
UNIT_lock := $(FILES)
UNIT_map := $(FILES)
UNIT_path := $(FILES)
UNIT_pipe := $(FILES)
UNIT_special := $(FILES)
UNIT_waitq := $(FILES)
UNIT_window := $(FILES)

# Drivers, over the monitor's own device or one that misbehaves (tests/unit/fake_virtio.h).
UNIT += blk blk_bad transport virtio
UNIT_transport := drivers/virtio/mmio.c drivers/virtio/pci.c
UNIT_blk := $(FILES) kernel/stdio.c $(filter-out %/mmio.c %/pci.c,$(VIRTIO)) \
	$(DRIVERS:%=drivers/virtio/link_%.c) \
	kernel/blkdev.c kernel/chardev.c tests/unit/fake_virtio.c host/virtio_mmio.c host/virtio_blk.c
UNIT_blk_bad := $(UNIT_blk)
UNIT_virtio := $(UNIT_blk)
# The shim's hardware side, on a faked machine (tests/unit/fake_machine.h).
UNIT += acpi clock dsdt entropy pci power rtc virtio_mmio
MACHINE := tests/unit/fake_machine.c $(addprefix arch/x86_64/shim/,acpi.c acpi_dsdt.c)
UNIT_acpi := $(MACHINE)
UNIT_clock := $(MACHINE) $(addprefix arch/x86_64/shim/,clock.c clock_calibrate.c clock_rtc.c \
	hypervisor.c)
UNIT_dsdt := $(MACHINE)
UNIT_entropy := $(MACHINE) $(addprefix arch/x86_64/shim/,entropy.c clock_rtc.c)
UNIT_pci := $(MACHINE) $(addprefix arch/x86_64/shim/,pci.c pci_config.c pci_bar.c device.c)
UNIT_power := $(MACHINE) arch/x86_64/shim/power.c
UNIT_rtc := $(MACHINE) arch/x86_64/shim/clock_rtc.c
UNIT_virtio_mmio := $(MACHINE) $(addprefix arch/x86_64/shim/,virtio_mmio.c device.c pci_config.c)

FUZZ := call elf image virtio driver
FUZZ_call := tests/fuzz/fake_extras.c host/call.c host/call_wait.c host/call_console.c \
	host/call_process.c host/kvm_clone.c host/guest.c host/load.c host/platform.c host/warm_code.c \
	host/protect.c host/family.c host/placement.c host/textcache.c host/hugemem.c \
	host/fdpass.c $(DEVICES) $(UNIT_image)
FUZZ_driver := $(UNIT_blk)
FUZZ_virtio := host/virtio_mmio.c host/virtio_blk.c
FUZZ_elf := $(UNIT_elf)
FUZZ_image := $(UNIT_image)
# System calls that would act on the fuzzer itself go to fakes in tests/fuzz/fuzz_call.c.
FUZZ_FLAGS_call := $(addprefix -Wl$(comma)--wrap=,syscall _exit preadv2 pwritev2 poll ppoll send)
FUZZ_TIME ?= 60

SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
HEADERS := $(wildcard abi/*.h host/*.h kernel/*.h kernel/api/*.h tests/unit/*.h \
	arch/x86_64/shim/*.h tools/mkimage/*.h)

.SECONDEXPANSION:
$(B)/unit/test_%: tests/unit/test_%.c $$(UNIT_$$*) $(HEADERS) | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC unit,$<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(SANITIZE) -o $@ $(filter %.c,$^) $(UNIT_LIBS_$*)

$(B)/fuzz/%: tests/fuzz/fuzz_%.c $$(FUZZ_$$*) $(HEADERS) | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC fuzz,$<)
	$(Q)$(CLANG) $(HOST_CFLAGS) $(SANITIZE) -fsanitize=fuzzer $(FUZZ_FLAGS_$*) -o $@ \
		$(filter %.c,$^)

fuzz-%: $(B)/fuzz/% ## one fuzzer for FUZZ_TIME seconds; its corpus stays in build/fuzz
	@mkdir -p $(B)/fuzz/corpus-$*
	$(B)/fuzz/$* -max_len=24576 -max_total_time=$(FUZZ_TIME) -print_final_stats=1 \
		-artifact_prefix=$(B)/fuzz/ $(B)/fuzz/corpus-$*

# ---- the conformance guest of abi/pv.h, which has no kernel in it ----
PV_GUEST := \
	tests/pv/pv.c tests/pv/lib.c tests/pv/upcall.c tests/pv/boot.c tests/pv/memory.c \
	tests/pv/rights.c tests/pv/traps.c tests/pv/events.c tests/pv/calls.c tests/pv/exec.c \
	tests/pv/family.c tests/pv/killing.c tests/pv/entry.S

$(B)/pv/pv.elf: $(PV_GUEST) tests/pv/pv.h tests/pv/pv.ld $(wildcard abi/*.h) Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC guest,$@)
	$(Q)$(GUESTCC) $(GUEST_CFLAGS) -mfsgsbase -static -no-pie -nostdlib -Wl,-T,tests/pv/pv.ld \
		-Wl,-z,max-page-size=0x1000 -Wl,--build-id=none -o $@ $(PV_GUEST)

$(B)/images/pv.img: $(B)/pv/pv.elf $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bin/pv=$< --cmdline "one 'two words'"

$(B)/images/pv.elf: $(B)/images/pv.img $(B)/bin/mkimage
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --from $< --format elf
