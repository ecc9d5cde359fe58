// SPDX-License-Identifier: BSD-2-Clause
// version.h: the one place for the version of this release. `ramet --version`, `mkimage --version`,
// `ramet-cc --version` and the Debian package say it (the Makefile reads this line as text). What
// programs and images depend on is counted apart: PV_ABI_VERSION, IMAGE_FORMAT.
#ifndef RAMET_ABI_VERSION_H
#define RAMET_ABI_VERSION_H

#define RAMET_VERSION "0.1.0"

#endif
