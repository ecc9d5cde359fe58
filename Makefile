# SPDX-License-Identifier: BSD-2-Clause
# Ramet: kernel, C library glue, host companion, images, tests. `make help` lists what to ask for.
# One Makefile with explicit lists; results in build/bin and build/images.

B := build
comma := ,
HOSTCC ?= gcc
GUESTCC ?= gcc
CLANG ?= clang

# ---- what is built from what ---------------------------------------------------------------------
include tools/guest.mk
HOST := \
	$(addprefix host/,main.c options.c) \
	$(addprefix host/family/,supervisor.c answers.c deaths.c terminal.c family.c member.c \
		identity.c event.c placement.c trace.c confine.c fdpass.c hugemem.c textcache.c) \
	$(addprefix host/kvm/,kvm.c calls.c supervise.c stats.c confine.c monitor.c start.c save.c \
		clone.c no_aid.c vm.c memory.c platform.c load.c upcall.c protect.c) \
	$(addprefix host/template/,save.c open.c load.c rehearse.c touch.c) \
	$(addprefix host/serve/,serve.c place.c ready.c client.c) \
	$(addprefix host/kvm/spare/,aid.c spare.c use.c handover.c lifecycle.c plan.c takeover.c \
		copy.c dirty.c warm.c warm_code.c) \
	$(addprefix host/call/,guest.c call.c wait.c console.c process.c) \
	$(addprefix host/virtio/,disk.c disk_io.c devices.c mmio.c blk.c) \
	$(addprefix host/gdb/,gdb.c session.c command.c packet.c breakpoint.c regs.c kvm_regs.c \
		kvm_memory.c) \
	$(addprefix host/qemu/,qemu.c argv.c start.c pool.c link.c clone.c qmp.c monitor.c confine.c) \
	$(addprefix host/process/,process.c start.c filter.c confine.c notify.c claim.c \
		strays.c watchdog.c warm.c resume.c save.c ready.c debug.c target.c tracee.c) \
	$(addprefix host/image/,image.c check.c elf.c args.c fits.c)
# What a picoprocess has in the place of a monitor.
STUB := $(addprefix host/process/stub/,entry.S stub.c signal.c wait.c console.c memory.c clone.c \
	place.c text.c exec.c load.c device.c decode.c disk.c template.c) \
	host/virtio/mmio.c host/virtio/blk.c \
	arch/x86_64/shim/boot/elf.c arch/x86_64/shim/string.c
MKIMAGE := \
	tools/mkimage/main.c tools/mkimage/input.c tools/mkimage/tree.c tools/mkimage/write.c \
	tools/mkimage/list.c tools/mkimage/util.c tools/mkimage/work.c \
	tools/mkimage/format.c tools/mkimage/bootelf.c tools/mkimage/gpt.c tools/mkimage/grub.c \
	tools/mkimage/disk.c tools/mkimage/iso.c \
	host/image/image.c host/image/check.c host/image/elf.c
# The ring-0 implementer of abi/pv.h, for stock machines; must build without kernel/.
SHIM := $(addprefix arch/x86_64/shim/,main.c entry.S trap.c call.c companion.c console.c serial.c \
	io.c lib.c string.c \
	$(addprefix boot/,boot.S bootinfo.c cmdline.c image.c load.c elf.c program_file.c \
		hypervisor.c entropy.c) \
	$(addprefix mem/,frames.c space.c regions.c tables.c) \
	$(addprefix time/,clock.c calibrate.c rtc.c apic.c timer.c) \
	$(addprefix device/,pci.c pci_config.c pci_bar.c device.c notify.c virtio_mmio.c acpi.c \
		acpi_dsdt.c power.c))
# The conformance guest of abi/pv.h: no kernel, no C library.
GUEST_TESTS := $(sort $(basename $(notdir $(wildcard tests/guest/*/*.c))))

# ---- how -----------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror
HOST_CFLAGS := -std=gnu11 -O2 -g $(WARN) -D_GNU_SOURCE -I.
# The kernel and the C library run on the program's stack beside upcalls, so no red zone; the image
# is static, at a fixed address, and its control flow is nobody's business but the hypervisor's.
GUEST_CFLAGS := -std=gnu11 -O2 -g $(WARN) -ffreestanding -fno-pic -mno-red-zone \
	-fno-stack-protector -fcf-protection=none -ffunction-sections -fdata-sections -I.
# Static: a monitor is forked for every process, and each shared library adds mappings and page
# faults to that.
HOST_LIBS := -static -lseccomp -ljansson
SYSROOT := $(B)/sysroot
RAMET_CC := $(B)/bin/ramet-cc
MAKEFLAGS += --no-builtin-rules
# All processors; -j on the command line wins.
MAKEFLAGS += -j$(shell nproc)
# One short line per step; V=1 shows the commands instead.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n' '$(1)' '$(2)'
endif
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/bin/ramet $(B)/bin/mkimage cross $(B)/images/hello.img \
	$(B)/images/shell.img ## the commands, the C library, hello.img and shell.img

# ---- set-up --------------------------------------------------------------------------------------
SETUP := $(B)/setup.stamp
$(SETUP): tools/setup
	$(Q)tools/setup
	@mkdir -p $(@D) && touch $@

boot-setup: $(SETUP) # what making and booting disks needs
	$(Q)tools/setup boot

# ---- host programs -------------------------------------------------------------------------------
$(B)/obj/host/%.o: %.c Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

# The shim as bytes in host programs; debug information stays in shim.elf.
SHIM_BLOB := $(B)/obj/host/host/image/shim_blob.o
$(SHIM_BLOB): host/image/shim_blob.S $(B)/shim/shim.elf
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)objcopy -g $(B)/shim/shim.elf $(B)/shim/shim.boot
	$(Q)$(HOSTCC) -DSHIM_FILE='"$(B)/shim/shim.boot"' -c $< -o $@

STUB_BLOB := $(B)/obj/host/host/process/stub_blob.o
$(STUB_BLOB): host/process/stub_blob.S $(B)/stub/stub.elf
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)objcopy -O binary $(B)/stub/stub.elf $(B)/stub/stub.bin
	$(Q)$(HOSTCC) -DSTUB_FILE='"$(B)/stub/stub.bin"' -c $< -o $@

$(B)/bin/ramet: $(HOST:%.c=$(B)/obj/host/%.o) $(SHIM_BLOB) $(STUB_BLOB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) -o $@ $^ $(HOST_LIBS)

$(B)/bin/mkimage: $(MKIMAGE:%.c=$(B)/obj/host/%.o) $(SHIM_BLOB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) -o $@ $^

# ---- the guest side: C library, kernel, glue -----------------------------------------------------
KERNEL_OBJ := $(addprefix $(B)/obj/guest/,$(addsuffix .o,$(basename $(KERNEL) $(VIRTIO))))
GLUE_OBJ := $(GLUE:%.c=$(B)/obj/glue/%.o)
LIB := $(SYSROOT)/lib
LIBC := $(LIB)/libc.a
OVERLAY := $(wildcard kernel/api/*.h) $(shell find libc-glue/include -name '*.h')

# Checks its own inputs and does nothing when they have not changed.
$(LIBC): tools/build-newlib libc-glue/replaces $(OVERLAY) | $(SETUP)
	$(Q)tools/build-newlib
	@touch $@

$(B)/obj/guest/%.o: %.c Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC guest,$<)
	$(Q)$(GUESTCC) $(GUEST_CFLAGS) -MMD -MP -c $< -o $@

$(B)/obj/guest/%.o: %.S Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,AS guest,$<)
	$(Q)$(GUESTCC) -g -c $< -o $@

# Weak definitions (not references): a program that brings its own getline() does not clash with
# ours. Made beside and moved, so that a second make running meanwhile never sees half an object.
$(B)/obj/glue/%.o: %.c Makefile $(RAMET_CC) $(LIBC)
	@mkdir -p $(@D)
	$(call say,CC glue,$<)
	$(Q)$(RAMET_CC) -std=gnu11 -O2 -g $(WARN) -D_GNU_SOURCE -mno-red-zone -I. \
		-MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@.$$$$ && \
		nm -g --defined-only $@.$$$$ | sed 's/.* //' > $@.$$$$.sym && \
		{ [ ! -s $@.$$$$.sym ] || objcopy --weaken-symbols=$@.$$$$.sym $@.$$$$; } && \
		rm $@.$$$$.sym && mv $@.$$$$ $@

# A program may call its own functions panic() or wait_for(): of the kernel only the entry, the
# system calls and the drivers have names outside. --unique: what a program does not use is dropped
# function by function, also when two files have functions of one name.
$(LIB)/ramet-kernel.o: $(KERNEL_OBJ) $(LIBC)
	$(call say,LD,$@)
	$(Q)ld -r --unique -o $@.$$$$ $(KERNEL_OBJ) && \
		objcopy --wildcard --keep-global-symbol=_start --keep-global-symbol='sys_*' \
			--keep-global-symbol='ramet_driver_*' $@.$$$$ && \
		mv $@.$$$$ $@

$(LIB)/libglue.a: $(GLUE_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(LIB)/libregex.a: tools/build-regex tools/sources.list libc-glue/include/regex.h \
		$(RAMET_CC) $(LIBC)
	$(call say,BUILD,musl: regex and fnmatch)
	$(Q)tools/build-regex

$(LIB)/libmusl.a: tools/build-musl tools/sources.list libc-glue/include/math.h \
		libc-glue/include/crypt.h $(RAMET_CC) $(LIBC)
	$(call say,BUILD,musl: mathematics of long double$(comma) hashes$(comma) searching)
	$(Q)tools/build-musl

# Makes a driver part of a program (ramet-cc --drivers).
$(LIB)/driver-%.o: $(B)/obj/guest/drivers/virtio/link_%.o $(LIBC)
	$(Q)cp $< $@

$(LIB)/ramet.ld: arch/x86_64/ramet.ld $(LIBC)
	$(Q)cp $< $@

# What every guest program is linked with (ramet-cc and gcc.specs: tools/tools.mk).
GUEST := $(RAMET_CC) $(LIBC) \
	$(addprefix $(LIB)/,ramet-kernel.o libglue.a libregex.a libmusl.a ramet.ld \
	gcc.specs $(DRIVERS:%=driver-%.o))

# ---- the shim ------------------------------------------------------------------------------------
# Ring 0 keeps its hands off the vector registers, which are ring 3's.
SHIM_CFLAGS := $(GUEST_CFLAGS) -mcmodel=kernel -mgeneral-regs-only
SHIM_OBJ := $(addprefix $(B)/obj/shim/,$(addsuffix .o,$(basename $(SHIM))))

$(B)/obj/shim/%.o: %.c Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC shim,$<)
	$(Q)$(GUESTCC) $(SHIM_CFLAGS) -MMD -MP -c $< -o $@

$(B)/obj/shim/%.o: %.S Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,AS shim,$<)
	$(Q)$(GUESTCC) -g -I. -MMD -MP -c $< -o $@

$(B)/shim/shim.elf: $(SHIM_OBJ) arch/x86_64/shim/shim.ld
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)ld -T arch/x86_64/shim/shim.ld -z max-page-size=0x1000 --gc-sections --no-warn-rwx-segments \
		-o $@ $(SHIM_OBJ)

# ---- the stub of picoprocesses -------------------------------------------------------------------
# At an address above 4 GB, so relative to RIP; on the guest's stack, whose vector registers it
# keeps.
STUB_CFLAGS := $(filter-out -fno-pic,$(GUEST_CFLAGS)) -D_GNU_SOURCE -fpie -mgeneral-regs-only \
	-fno-asynchronous-unwind-tables
STUB_OBJ := $(addprefix $(B)/obj/stub/,$(addsuffix .o,$(basename $(STUB))))

$(B)/obj/stub/%.o: %.c Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC stub,$<)
	$(Q)$(GUESTCC) $(STUB_CFLAGS) -MMD -MP -c $< -o $@

$(B)/obj/stub/%.o: %.S Makefile | $(SETUP)
	@mkdir -p $(@D)
	$(call say,AS stub,$<)
	$(Q)$(GUESTCC) -g -I. -MMD -MP -c $< -o $@

$(B)/stub/stub.elf: $(STUB_OBJ) host/process/stub/stub.ld
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)ld -T host/process/stub/stub.ld -z max-page-size=0x1000 -o $@ $(STUB_OBJ)

# ---- programs and images -------------------------------------------------------------------------
$(B)/apps/%.elf: apps/%.c $(GUEST)
	@mkdir -p $(@D)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) -O2 -g $(WARN) -o $@ $<

$(B)/apps/dash.elf: apps/dash/build $(GUEST)
	$(call say,BUILD,dash)
	$(Q)apps/dash/build

$(B)/apps/busybox.elf: apps/busybox/build apps/busybox/config $(GUEST)
	$(call say,BUILD,busybox)
	$(Q)apps/busybox/build

# Programs go into an image without their debug information; gdb reads it from the .elf.
%.stripped: %.elf
	$(Q)strip -o $@ $<

# The smallest program there is: no driver.
$(B)/apps/hello.elf: apps/hello.c $(GUEST)
	@mkdir -p $(@D)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) -O2 -g $(WARN) --drivers=none -o $@ $<

$(B)/images/hello.img: $(B)/apps/hello.stripped $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bin/hello=$<

$(B)/images/shell.img: $(B)/apps/dash.stripped $(B)/apps/busybox.stripped $(B)/bin/mkimage \
		$(wildcard apps/etc/*)
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bin/sh=$(B)/apps/dash.stripped \
		--program /bin/busybox=$(B)/apps/busybox.stripped \
		--links $(B)/apps/busybox.links=/bin/busybox --mkdir /tmp:1777 --mkdir /root:700 \
		--file apps/etc/passwd:/etc/passwd --file apps/etc/group:/etc/group \
		--file apps/etc/profile:/etc/profile

$(B)/images/tests.img: $(GUEST_TESTS:%=$(B)/guest/%.stripped) $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ \
		$(foreach t,$(GUEST_TESTS),--program /tests/$(t)=$(B)/guest/$(t).stripped) \
		--mkdir /tmp:1777 --file apps/etc/passwd:/etc/passwd --file apps/etc/group:/etc/group \
		--entry /tests/hello

# Bootable without the companion: a kernel file for QEMU, GRUB, and monitors that know PVH.
$(B)/images/%.elf: $(B)/images/%.img $(B)/bin/mkimage
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --from $< --format elf

images: $(B)/images/hello.elf $(B)/images/shell.elf $(B)/images/tests.elf ## bootable images

include tools/tools.mk bench/bench.mk bench/study.mk tests/tests.mk

# ---- the second compiler and the checkers --------------------------------------------------------
C_KERNEL := $(filter %.c,$(KERNEL)) $(VIRTIO)
C_HOST := $(sort $(HOST) $(MKIMAGE))
C_SHIM := $(filter %.c,$(SHIM))

clang: | $(SETUP) ## compile kernel and host with the second compiler as well
	$(call say,CLANG,kernel$(comma) shim and host)
	$(Q)$(CLANG) $(GUEST_CFLAGS) -fsyntax-only $(C_KERNEL)
	$(Q)$(CLANG) $(SHIM_CFLAGS) -fsyntax-only $(C_SHIM)
	$(Q)$(CLANG) $(HOST_CFLAGS) -fsyntax-only $(C_HOST)

cppcheck: | $(SETUP)
	$(call say,CPPCHECK,kernel$(comma) shim and host)
	$(Q)cppcheck -q --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
		--suppressions-list=tests/lint/cppcheck.list -I. $(C_KERNEL) $(C_SHIM) $(C_HOST)

tidy: | $(SETUP) ## clang-tidy over kernel and host (minutes)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $(C_KERNEL) -- $(GUEST_CFLAGS)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $(C_HOST) -- $(HOST_CFLAGS)

lint: clang cppcheck ## what machines say of the source: the rules of the tree, clang, cppcheck
	$(Q)tests/run lint

# ---- everyday targets ----------------------------------------------------------------------------
run: all ## set up, build, and show an unmodified shell whose processes are VMs
	$(Q)apps/demo

test-programs: all boot-setup images $(TEST_IMAGES) $(UNIT:%=$(B)/unit/test_%) \
	$(B)/bench/host/boot_study bench-programs \
	$(FUZZ:%=$(B)/fuzz/%) ## what tests/run needs, which builds nothing itself

test: test-programs ## everything CI runs
	$(Q)tests/run

bench: all ## figures beside their baselines; also build/bench.csv
	$(Q)bench/run

bench-boot: $(B)/bench/boot-floor.elf $(B)/images/main.elf ## QEMU's start to the first line
	$(Q)bench/boot

report: all ## the whole study, with plots: build/report/report.md (30 min; QUICK=1: 3 min)
	$(Q)tools/setup study
	$(Q)bench/report $(if $(QUICK),--quick)

test-svm: all $(TEST_IMAGES) bench-programs ## the monitor's tests on AMD's SVM, emulated (20 min)
	$(Q)tests/run --vmm svm pv guest real faults confine gdb

endurance: all $(TEST_IMAGES) ## very many forks, members and deaths (VMM=process|kvm|qemu)
	$(Q)tests/run --vmm $(or $(VMM),process) endurance

fuzz: $(FUZZ:%=fuzz-%) ## every fuzzer for FUZZ_TIME (60) seconds

format: ## clang-format all of our C
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

compdb: ## compile_commands.json for clangd and clang-tidy
	$(Q)python3 tools/compdb

clean: ## remove what was built, keep fetched sources
	rm -rf $(filter-out $(B)/cache,$(wildcard $(B)/*))

help: ## this list
	@sed -e ':a' -e '/\\$$/{N' -e 's/\\\n[[:blank:]]*//' -e 'ba' -e '}' $(MAKEFILE_LIST) | \
		sed -n 's/^\([a-z%-]*\):[^#]*## /\1\t/p' | expand -t 12
	@echo 'Variables: V=1 shows commands; FUZZ_TIME=60, seconds; HOSTCC, GUESTCC, CLANG.'

.PHONY: all images boot-setup run test test-svm endurance fuzz bench bench-boot bench-programs \
	study-programs report clang cppcheck tidy lint format compdb clean help

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
