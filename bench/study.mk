# SPDX-License-Identifier: BSD-2-Clause
# The boot study, included by the Makefile: its starter, and instances that stay, for everything
# they can run on (bench/subjects.py).

STUDY := bench/boot_study.c bench/study_loop.c bench/study_instance.c bench/study_memory.c \
	bench/study_write.c

$(B)/bench/host/boot_study: $(STUDY) bench/study.h bench/stats.h | $(SETUP)
	@mkdir -p $(@D)
	$(call say,CC,bench/boot_study.c)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -o $@ $(STUDY)

# The floor under a VM of ours: no kernel, no C library.
$(B)/bench/floor_pv.stripped: bench/guest/floor_pv.S arch/x86_64/ramet.ld | $(SETUP)
	@mkdir -p $(@D)
	$(call say,LD,$<)
	$(Q)$(GUESTCC) -c -o $(@:.stripped=.o) $< && \
		ld -s -T arch/x86_64/ramet.ld --build-id=none -o $@ $(@:.stripped=.o)

$(B)/images/ready.img: $(B)/bench/ready.stripped $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bench/ready=$<

$(B)/images/floor.img: $(B)/bench/floor_pv.stripped $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bench/floor=$<

study-programs: $(B)/bin/ramet $(B)/bench/host/boot_study $(B)/bench/linux/ready \
	$(B)/bench/boot-floor.elf $(B)/images/floor.img $(B)/images/ready.img $(B)/images/ready.elf
