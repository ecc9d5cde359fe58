// SPDX-License-Identifier: BSD-2-Clause
// Settings of newlib that the library and every program must agree on; then newlib's own file.
#ifndef _RAMET_SYS_CONFIG_H
#define _RAMET_SYS_CONFIG_H

#define __DYNAMIC_REENT__                // errno and stdio state by __getreent(): ready for threads
#define _READ_WRITE_RETURN_TYPE _ssize_t // POSIX's read() returns ssize_t, newlib's default is int
#define __FILENAME_MAX__        4096
#define __TM_GMTOFF             tm_gmtoff // struct tm has the zone, as on Linux and the BSDs
#define __TM_ZONE               tm_zone

#include_next <sys/config.h>

#endif
