// SPDX-License-Identifier: BSD-2-Clause
// Network interfaces: what programs name; the requests are answered once there is a network.
#ifndef _NET_IF_H
#define _NET_IF_H

#include <sys/socket.h>

#define IF_NAMESIZE 16
#define IFNAMSIZ    IF_NAMESIZE

struct ifreq {
    char ifr_name[IFNAMSIZ];
    union {
        struct sockaddr __addr;
        short __flags;
        int __ivalue;
    } __ifru;
};
#define ifr_addr    __ifru.__addr
#define ifr_flags   __ifru.__flags
#define ifr_ifindex __ifru.__ivalue

__BEGIN_DECLS
unsigned if_nametoindex(const char *);
char *if_indextoname(unsigned, char *);
__END_DECLS

#endif
