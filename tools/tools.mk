# SPDX-License-Identifier: BSD-2-Clause
# The tools that compile and run other people's programs, and installing all there is; part of the
# Makefile. Nothing that is installed knows where it was built.

# ---- ramet-cc and what goes with it --------------------------------------------------------------
VERSION := $(shell sed -n 's/^.define RAMET_VERSION *"\(.*\)"/\1/p' abi/version.h)

$(RAMET_CC): tools/ramet-cc abi/version.h
	@mkdir -p $(@D)
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< > $@.$$$$ && chmod +x $@.$$$$ && mv $@.$$$$ $@

SCRIPTS := ramet-exec ramet-pkg-config
$(SCRIPTS:%=$(B)/bin/%): $(B)/bin/%: tools/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

# By these names configure finds compiler and pkg-config from --host alone.
TRIPLES := x86_64-ramet-elf x86_64-ramet-linux-gnu
TRIPLE_CC := $(TRIPLES:%=%-gcc)
TRIPLE_PKG := $(TRIPLES:%=%-pkg-config)
$(addprefix $(B)/bin/,$(TRIPLE_CC)): | $(RAMET_CC)
	$(Q)ln -sf ramet-cc $@
$(addprefix $(B)/bin/,$(TRIPLE_PKG)): | $(B)/bin/ramet-pkg-config
	$(Q)ln -sf ramet-pkg-config $@

# Passed to gcc by ramet-cc.
$(LIB)/gcc.specs: tools/gcc.specs $(LIBC)
	$(Q)cp $< $@

# Runs a program with the files of a folder; in the images of ramet-exec.
$(LIB)/exec-init.elf: $(B)/apps/exec_init.stripped $(LIBC)
	$(Q)cp $< $@

cross: $(GUEST) $(LIB)/exec-init.elf \
	$(addprefix $(B)/bin/,$(SCRIPTS) $(TRIPLE_CC) $(TRIPLE_PKG))

.PHONY: cross
