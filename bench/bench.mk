# SPDX-License-Identifier: BSD-2-Clause
# Benchmarks, part of the Makefile: the same sources for Ramet and, as the baseline, for Linux.
BENCH := fork first_write process pipe clones repeat sweep child disk
BENCH_H := bench/stats.h bench/fork_sample.h

$(B)/bench/%.elf: bench/guest/%.c $(BENCH_H) $(GUEST)
	@mkdir -p $(@D)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) -O2 -g $(WARN) -I. -o $@ $<

$(B)/bench/linux/%: bench/guest/%.c $(BENCH_H) | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -static -o $@ $<

$(B)/bench/host/%: bench/%.c bench/stats.h | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -o $@ $(filter %.c,$^)

$(B)/bench/host/clone: host/family/fdpass.c host/serve/serve.h

$(B)/images/bench.img: $(BENCH:%=$(B)/bench/%.stripped) $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --mkdir /tmp:1777 \
		$(foreach b,$(BENCH),--program /bench/$(b)=$(B)/bench/$(b).stripped)

# An image of its own: what boots is one small program, as in a program's own image.
$(B)/images/boot.img: $(B)/bench/child.stripped $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bench/child=$<

# No drivers: what boots is as small as a program can be.
$(B)/bench/main.elf: bench/guest/main.c bench/stats.h $(GUEST)
	@mkdir -p $(@D)
	$(call say,RAMET-CC,$<)
	$(Q)$(RAMET_CC) --drivers=none -O2 -g $(WARN) -I. -o $@ $<

$(B)/images/main.img: $(B)/bench/main.stripped $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bench/main=$<

# 32-bit, as a boot loader finds the processor; the header's address fields say what to load.
$(B)/bench/boot-floor.elf: bench/boot-floor.S | $(SETUP)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) -m32 -c $< -o $(@:.elf=.o) && \
		ld -m elf_i386 -N --no-warn-rwx-segments -Ttext 0x100000 -o $@ $(@:.elf=.o)

bench-programs: $(B)/bin/ramet $(B)/images/bench.img $(B)/images/boot.img \
	$(BENCH:%=$(B)/bench/linux/%) $(addprefix $(B)/bench/host/,floor start clone) $(B)/images/ready.img
