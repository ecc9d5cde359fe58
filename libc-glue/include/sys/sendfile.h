// SPDX-License-Identifier: BSD-2-Clause
// sendfile(2).
#ifndef _SYS_SENDFILE_H
#define _SYS_SENDFILE_H

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS
ssize_t sendfile(int, int, off_t *, size_t);
__END_DECLS

#ifdef _LARGEFILE64_SOURCE
#define sendfile64 sendfile
#endif

#endif
