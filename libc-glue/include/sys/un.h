// SPDX-License-Identifier: BSD-2-Clause
// Addresses of UNIX sockets, Linux's layout.
#ifndef _SYS_UN_H
#define _SYS_UN_H

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

struct sockaddr_un {
    sa_family_t sun_family;
    char sun_path[108]; // a path, or a NUL and an abstract name
};

// The length of an address with a path.
#define SUN_LEN(p) (offsetof(struct sockaddr_un, sun_path) + strlen((p)->sun_path))

#endif
