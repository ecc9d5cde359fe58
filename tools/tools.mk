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

# ---- make install --------------------------------------------------------------------------------
# PREFIX: where it will be; DESTDIR: where it is put, if it is packed from there.
PREFIX ?= /usr/local
TO = $(DESTDIR)$(PREFIX)
MANUALS := ramet.1 mkimage.1 ramet-cc.1

# The sysroot, as ramet-cc finds it from PREFIX/bin. `usr` in it is for ported libraries: what is
# there stays, and what this tree has built for itself goes along.
install: $(B)/bin/ramet $(B)/bin/mkimage cross ## into PREFIX (/usr/local); DESTDIR for packing
	$(call say,INSTALL,$(TO))
	$(Q)install -d $(TO)/bin $(TO)/lib/ramet/lib $(TO)/share/man/man1 \
		$(TO)/lib/ramet/usr/include $(TO)/lib/ramet/usr/lib \
		$(TO)/share/bash-completion/completions $(TO)/share/doc/ramet/docs \
		$(TO)/share/doc/ramet/examples
	$(Q)install -s $(B)/bin/ramet $(B)/bin/mkimage $(TO)/bin
	$(Q)install $(addprefix $(B)/bin/,ramet-cc $(SCRIPTS)) $(TO)/bin
	$(Q)for l in $(TRIPLE_CC); do ln -sf ramet-cc $(TO)/bin/$$l; done
	$(Q)for l in $(TRIPLE_PKG); do ln -sf ramet-pkg-config $(TO)/bin/$$l; done
	$(Q)rm -rf $(TO)/lib/ramet/include $(TO)/lib/ramet/overlay
	$(Q)cp -R $(SYSROOT)/include $(SYSROOT)/overlay $(TO)/lib/ramet
	$(Q)install -m 644 $(addprefix $(LIB)/,*.a *.o *.ld *.specs *.elf) $(TO)/lib/ramet/lib
	$(Q)[ ! -d $(SYSROOT)/usr ] || cp -R $(SYSROOT)/usr $(TO)/lib/ramet
	$(Q)find $(TO)/lib/ramet -name '*.[ao]' -exec strip --strip-debug {} +
	$(Q)install -m 644 $(MANUALS:%=docs/man/%) $(TO)/share/man/man1
	$(Q)for l in ramet-exec ramet-pkg-config; do ln -sf ramet-cc.1 $(TO)/share/man/man1/$$l.1; done
	$(Q)install -m 644 tools/completion/ramet.bash $(TO)/share/bash-completion/completions/ramet
	$(Q)ln -sf ramet $(TO)/share/bash-completion/completions/mkimage
	$(Q)install -m 644 README.md LICENSE $(TO)/share/doc/ramet
	$(Q)install -m 644 docs/*.md $(TO)/share/doc/ramet/docs
	$(Q)install -m 644 apps/hello.c $(TO)/share/doc/ramet/examples
	$(Q)install -m 644 $(B)/newlib-src/COPYING.NEWLIB $(TO)/share/doc/ramet/LICENSE.newlib
	$(Q)tar -xOf $(B)/cache/musl_*.tar.gz --wildcards '*/COPYRIGHT' \
		> $(TO)/share/doc/ramet/LICENSE.musl
	$(Q)chmod -R a+rX,go-w $(TO)/lib/ramet

# ---- make deb ------------------------------------------------------------------------------------
DEB := $(B)/ramet_$(VERSION)_amd64.deb

deb: ## a Debian package: build/ramet_VERSION_amd64.deb
	$(Q)rm -rf $(B)/deb
	$(Q)env -u MAKEFLAGS $(MAKE) -s install PREFIX=/usr DESTDIR=$(B)/deb
	$(Q)tools/build-deb $(VERSION) $(B)/deb $(DEB)

.PHONY: install deb

# ---- ported libraries and programs, on demand ----------------------------------------------------
TERMLIB := $(SYSROOT)/usr/lib/libtinfo.a

$(TERMLIB): tools/build-termlib $(LIBC) | $(GUEST)
	$(call say,BUILD,ncurses: the terminal library)
	$(Q)tools/build-termlib

$(B)/apps/less.elf: apps/less/build $(TERMLIB) $(GUEST)
	$(call say,BUILD,less)
	$(Q)apps/less/build

$(B)/images/less.img: $(B)/apps/less.stripped $(B)/bin/mkimage
	@mkdir -p $(@D)
	$(call say,IMAGE,$@)
	$(Q)$(B)/bin/mkimage -q -o $@ --program /bin/less=$< --file docs/tour.md:/tour.md

ports: $(B)/images/less.img ## the terminal library, and GNU less with it (2 min)

test-ports: all ports ## GNU less on a terminal, beside Linux' (10 s)
	$(Q)tests/run ports

.PHONY: ports test-ports
