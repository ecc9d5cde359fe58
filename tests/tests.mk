# SPDX-License-Identifier: BSD-2-Clause
# Tests, part of the Makefile: unit tests and fuzzers, host programs with sanitizers, each with what
# it is made of; and the conformance guest.
UNIT := bootable dirty disk disk_hostile elf guest image load options protect template
UNIT_bootable := tools/mkimage/bootelf.c tools/mkimage/gpt.c tools/mkimage/util.c
UNIT_dirty := host/kvm/spare/dirty.c host/kvm/spare/warm_code.c
UNIT_disk_hostile := $(addprefix host/virtio/,mmio.c blk.c disk_io.c)
UNIT_disk := host/virtio/disk.c $(UNIT_disk_hostile)
UNIT_elf := host/image/elf.c
UNIT_guest := host/call/guest.c
UNIT_image := $(addprefix host/image/,image.c check.c elf.c args.c fits.c)
DEVICES := host/virtio/devices.c $(UNIT_disk_hostile)
UNIT_load := $(DEVICES) $(UNIT_image) \
	$(addprefix host/kvm/,load.c platform.c vm.c memory.c) \
	$(addprefix host/family/,hugemem.c textcache.c identity.c) host/kvm/spare/warm_code.c
UNIT_options := host/options.c
UNIT_template := $(UNIT_load) $(addprefix host/template/,open.c load.c save.c rehearse.c) \
	host/kvm/save.c \
	$(addprefix host/family/,family.c placement.c fdpass.c)
UNIT += confine family gdb spare
UNIT_gdb := $(addprefix host/gdb/,command.c packet.c breakpoint.c regs.c)
UNIT_confine := host/family/confine.c host/kvm/confine.c
UNIT_LIBS_confine := -lseccomp
UNIT_family := $(addprefix host/family/,family.c placement.c fdpass.c answers.c) \
	host/family/hugemem.c host/family/textcache.c
# The process back end: its filter, what its stub makes of accesses to devices, and its part of a
# template.
UNIT += decode process_filter resume
UNIT_decode := host/process/stub/decode.c
UNIT_resume := $(UNIT_load) host/template/open.c host/process/resume.c \
	$(addprefix host/family/,family.c placement.c fdpass.c)
UNIT_process_filter := $(addprefix host/process/,filter.c confine.c)
# Its supervisor, on a faked kernel (tests/unit/lib/fake_children.h).
UNIT += notify_process
FAKE_CHILDREN := tests/unit/lib/fake_children.c \
	host/process/notify.c host/process/claim.c host/process/warm.c \
	$(addprefix host/family/,supervisor.c deaths.c answers.c family.c placement.c fdpass.c \
		hugemem.c textcache.c)
FAKE_CHILDREN_FLAGS := $(addprefix -Wl$(comma)--wrap=, \
	ioctl poll kill waitid waitpid clock_gettime syscall)
UNIT_notify_process := $(FAKE_CHILDREN)
UNIT_LIBS_notify_process := $(FAKE_CHILDREN_FLAGS)
# The QEMU back end: its protocol, and the supervisor's book.
UNIT += qmp qemu
UNIT_qmp := host/qemu/qmp.c host/family/fdpass.c
UNIT_LIBS_qmp := -ljansson
UNIT_qemu := host/qemu/argv.c host/qemu/pool.c host/family/fdpass.c
UNIT_protect := $(addprefix host/kvm/,protect.c platform.c) \
	$(addprefix host/family/,hugemem.c textcache.c) host/kvm/spare/warm_code.c
# Processes and signals, over a faked host that forks and interrupts (tests/unit/lib/fake_family.h).
UNIT += death forktable ipc proc random shm signal sigstate sigwait tty vfork
SYSV := $(addprefix kernel/ipc/,sysv.c waits.c sysv_shm.c sysv_shm_ctl.c sem.c sem_ctl.c \
	sem_undo.c message.c msg.c msg_ctl.c)
MQ := $(addprefix kernel/ipc/,mq.c mq_message.c mq_notify.c)
FAMILY := \
	$(addprefix tests/unit/lib/,fake_pv.c fake_family.c fake_lower.c) \
	kernel/root.c $(addprefix kernel/window/,window.c slab.c run.c lock.c waitq.c) \
	kernel/mem/shared.c kernel/mem/copy.c $(SYSV) \
	$(addprefix kernel/,upcall.c random.c) kernel/thread/thread.c \
	$(addprefix kernel/proc/,proc.c claim.c fork.c vfork.c exit.c wait.c ids.c limits.c) \
	$(addprefix kernel/signal/,signal.c queue.c calls.c deliver.c) \
	$(addprefix kernel/time/,time.c alarm.c) \
	kernel/dev/driver.c
UNIT_death := $(FAMILY) kernel/proc/forktable.c tests/unit/lib/step.c
UNIT_forktable := $(FAMILY)
UNIT_ipc := $(FAMILY) kernel/proc/forktable.c
UNIT_proc := $(FAMILY) kernel/proc/forktable.c
UNIT_random := kernel/random.c
UNIT_shm := $(FAMILY) kernel/proc/forktable.c kernel/uname.c
UNIT_signal := $(FAMILY) kernel/proc/forktable.c
UNIT_sigstate := $(FAMILY) kernel/proc/forktable.c tests/unit/lib/step.c
UNIT_sigwait := $(FAMILY) kernel/proc/forktable.c
UNIT_vfork := $(FAMILY) kernel/proc/forktable.c
UNIT_tty := kernel/tty/line.c kernel/tty/edit.c
UNIT += type_ahead
UNIT_type_ahead := $(UNIT_tty)

# The window, waits, pipes and files, over a faked host and kernel (tests/unit/lib/fake_kernel.h).
UNIT += critical dir dir_index fs lock map mount path pipe pipe_size record_lock special waitq
UNIT += truncate window socket
FILES := \
	$(addprefix tests/unit/lib/,fake_pv.c fake_kernel.c fake_image.c) \
	kernel/root.c $(addprefix kernel/window/,window.c slab.c run.c lock.c waitq.c) \
	$(addprefix kernel/mem/,shared.c copy.c) $(SYSV) $(MQ) \
	$(addprefix kernel/file/,file.c fd.c poll.c calls.c vector.c record_lock.c \
		record_lock_calls.c transfer.c memfd.c) \
	$(addprefix kernel/ipc/,pipe.c pipe_ends.c fifo.c) \
	$(addprefix kernel/net/,socket.c calls.c message.c options.c iter.c control.c ring.c) \
	$(addprefix kernel/net/,rights.c collect.c unix.c unix_connect.c unix_name.c unix_room.c) \
	$(addprefix kernel/net/,stream.c dgram.c) \
	$(addprefix kernel/dev/,dev.c driver.c) kernel/thread/thread.c \
	$(addprefix kernel/fs/,calls.c inode.c mount.c path.c name.c rename.c attr.c) \
	$(addprefix kernel/fs/,open.c regular.c listing.c) \
	$(addprefix kernel/fs/ram/,ram.c allocate.c dir.c index.c data.c map.c names.c rename.c) \
	kernel/fs/ram/populate.c \
	$(addprefix kernel/fs/proc/,proc.c sysvipc.c text.c)
UNIT_critical := $(FILES)
UNIT_dir := $(FILES)
UNIT_dir_index := $(FILES)
UNIT_fs := $(FILES)
UNIT_lock := $(FILES)
UNIT_map := $(FILES)
UNIT_mount := $(FILES)
UNIT_path := $(FILES)
UNIT_pipe := $(FILES)
UNIT_pipe_size := $(FILES)
UNIT_record_lock := $(FILES)
UNIT_socket := $(FILES)
UNIT_special := $(FILES)
UNIT_truncate := $(FILES) tests/unit/lib/step.c
UNIT_waitq := $(FILES)
UNIT_window := $(FILES)

# Drivers, over the monitor's own device or one that misbehaves (tests/unit/lib/fake_virtio.h).
UNIT += blk blk_bad transport virtio
UNIT_transport := drivers/virtio/mmio.c drivers/virtio/pci.c
UNIT_blk := $(FILES) $(filter-out %/mmio.c %/pci.c,$(VIRTIO)) $(DRIVERS:%=drivers/virtio/link_%.c) \
	kernel/file/stdio.c \
	$(addprefix kernel/dev/,blkdev.c chardev.c) \
	tests/unit/lib/fake_virtio.c \
	$(UNIT_disk_hostile)
UNIT_blk_bad := $(UNIT_blk)
UNIT_virtio := $(UNIT_blk)
# The shim's hardware side, on a faked machine (tests/unit/lib/fake_machine.h).
UNIT += acpi apic clock dsdt entropy notify pci power program_elf rtc virtio_mmio
MACHINE := tests/unit/lib/fake_machine.c \
	$(addprefix arch/x86_64/shim/device/,acpi.c acpi_dsdt.c)
UNIT_acpi := $(MACHINE)
UNIT_apic := tests/unit/lib/fake_machine.c arch/x86_64/shim/time/apic.c
UNIT_clock := $(MACHINE) $(addprefix arch/x86_64/shim/,time/clock.c time/calibrate.c time/rtc.c \
	boot/hypervisor.c)
UNIT_dsdt := $(MACHINE)
UNIT_entropy := $(MACHINE) $(addprefix arch/x86_64/shim/,boot/entropy.c time/rtc.c)
UNIT_pci := $(MACHINE) $(addprefix arch/x86_64/shim/device/,pci.c pci_config.c pci_bar.c device.c \
	notify.c)
UNIT_notify := $(UNIT_pci)
UNIT_program_elf := arch/x86_64/shim/boot/elf.c host/image/elf.c
UNIT_power := $(MACHINE) arch/x86_64/shim/device/power.c
UNIT_rtc := $(MACHINE) arch/x86_64/shim/time/rtc.c
UNIT_virtio_mmio := $(MACHINE) \
	$(addprefix arch/x86_64/shim/device/,virtio_mmio.c device.c pci_config.c)

FUZZ := call elf image notify template virtio driver
FUZZ_call := tests/fuzz/fake_extras.c $(DEVICES) $(UNIT_image) \
	$(addprefix host/call/,call.c wait.c console.c process.c guest.c) \
	$(addprefix host/kvm/,calls.c clone.c no_aid.c load.c platform.c protect.c) \
	host/kvm/spare/warm_code.c \
	$(addprefix host/family/,family.c placement.c fdpass.c hugemem.c textcache.c identity.c)
FUZZ_driver := $(UNIT_blk)
FUZZ_notify := $(FAKE_CHILDREN)
FUZZ_FLAGS_notify := $(FAKE_CHILDREN_FLAGS)
FUZZ_virtio := $(UNIT_disk_hostile)
FUZZ_elf := $(UNIT_elf)
FUZZ_image := $(UNIT_image)
FUZZ_template := $(filter-out %/save.c %/rehearse.c,$(UNIT_template)) host/process/resume.c
FUZZ_FLAGS_template := -Wl,--wrap=mmap -Wl,--wrap=madvise
# System calls that would act on the fuzzer itself go to fakes in tests/fuzz/fuzz_call.c.
FUZZ_FLAGS_call := $(addprefix -Wl$(comma)--wrap=,syscall _exit preadv2 pwritev2 poll ppoll send)
FUZZ_TIME ?= 60

SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
# Sources as objects of one of the two: each is compiled once, however many tests it is in.
checked = $(addprefix $(B)/obj/$(1)/,$(patsubst %.c,%.o,$(2)))

$(B)/obj/unit/%.o: %.c Makefile tests/tests.mk | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC unit,$<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

$(B)/obj/fuzz/%.o: %.c Makefile tests/tests.mk | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC fuzz,$<)
	$(Q)$(CLANG) $(HOST_CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

.SECONDEXPANSION:
$(B)/guest/%.elf: $$(wildcard tests/guest/*/$$*.c) tests/guest/check.h $(GUEST)
	@mkdir -p $(@D)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) -O2 -g $(WARN) -I. -o $@ $<

# Sources lie in a folder a subject; names are told apart without it.
$(B)/unit/test_%: $$(call checked,unit,$$(wildcard tests/unit/*/test_$$*.c) $$(UNIT_$$*))
	@mkdir -p $(@D)
	$(call say,LD unit,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(SANITIZE) -o $@ $^ $(UNIT_LIBS_$*)

$(B)/fuzz/%: $$(call checked,fuzz,tests/fuzz/fuzz_$$*.c $$(FUZZ_$$*))
	@mkdir -p $(@D)
	$(call say,LD fuzz,$@)
	$(Q)$(CLANG) $(HOST_CFLAGS) $(SANITIZE) -fsanitize=fuzzer $(FUZZ_FLAGS_$*) -o $@ $^

fuzz-%: $(B)/fuzz/% ## one fuzzer for FUZZ_TIME seconds; its corpus stays in build/fuzz
	@mkdir -p $(B)/fuzz/corpus-$*
	$(B)/fuzz/$* -max_len=49152 -max_total_time=$(FUZZ_TIME) -print_final_stats=1 \
		-artifact_prefix=$(B)/fuzz/ $(B)/fuzz/corpus-$*

# ---- the differential fuzzer: one program, for Ramet and for Linux ----
DIFF := $(wildcard tests/diff/*.c)
DIFF_CFLAGS := -std=gnu11 -O1 -g $(WARN) -D_GNU_SOURCE -I.

$(B)/diff/diff.elf: $(DIFF) tests/diff/diff.h tests/guest/check.h $(GUEST)
	@mkdir -p $(@D)
	$(call say,RAMET-CC,tests/diff)
	$(Q)$(RAMET_CC) $(DIFF_CFLAGS) -o $@ $(DIFF)

$(B)/diff/linux: $(DIFF) tests/diff/diff.h tests/guest/check.h
	@mkdir -p $(@D)
	$(call say,CC,tests/diff)
	$(Q)$(HOSTCC) $(DIFF_CFLAGS) -o $@ $(DIFF) -lm

$(B)/images/diff.img: $(B)/diff/diff.stripped $(B)/diff/linux $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /diff=$< --mkdir /tmp:1777

# ---- the conformance guest of abi/pv.h, which has no kernel in it ----
PV_GUEST := \
	tests/pv/pv.c tests/pv/lib.c tests/pv/upcall.c tests/pv/boot.c tests/pv/thread.c \
	tests/pv/memory.c tests/pv/file.c \
	tests/pv/rights.c tests/pv/traps.c tests/pv/events.c tests/pv/calls.c \
	tests/pv/devices.c tests/pv/exec.c \
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

# ---- programs of the fault suite ----
$(B)/guest/hostile.elf: tests/fuzz/hostile.c $(GUEST)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) -O2 -I. -o $@ $<

$(B)/guest/escape.elf: tests/fuzz/escape.c tests/fuzz/linux_calls.h $(GUEST)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) -O2 -I. -o $@ $<

$(B)/guest/driverless.elf: tests/virtio/driverless.c $(GUEST)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) -O2 --drivers=none -o $@ $<

# A shell, the usual commands and the hostile programs.
$(B)/images/hostile.img: $(B)/apps/dash.stripped $(B)/apps/busybox.stripped \
		$(B)/guest/hostile.elf $(B)/guest/escape.elf $(B)/bin/mkimage
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bin/sh=$(B)/apps/dash.stripped \
		--program /bin/busybox=$(B)/apps/busybox.stripped --program /bin/hostile=$(B)/guest/hostile.elf \
		--program /bin/escape=$(B)/guest/escape.elf \
		--links $(B)/apps/busybox.links=/bin/busybox --mkdir /tmp:1777

$(B)/images/driverless.img: $(B)/guest/driverless.elf $(B)/bin/mkimage
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /probe=$<

# What a container forbids, for the process suite.
$(B)/container: tests/container/container.c | $(SETUP)
	$(call say,CC,$<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -o $@ $<

TEST_IMAGES := $(B)/container $(addprefix $(B)/images/, \
	tests.img pv.img pv.elf diff.img hostile.img driverless.img)
