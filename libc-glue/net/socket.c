// SPDX-License-Identifier: BSD-2-Clause
// Sockets: making them, naming them, connecting them, and their options.
// Neighbours: message.c (what is sent over them), kernel/net/ (the work).
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "libc-glue/glue.h"

// The type may carry SOCK_NONBLOCK and SOCK_CLOEXEC, so that no exec in between sees the
// descriptor.
int socket(int family, int type, int protocol)
{
    return (int)glue_ret(sys_socket(family, type, protocol));
}

// Two that are connected with each other, of AF_UNIX.
int socketpair(int family, int type, int protocol, int fds[2])
{
    return (int)glue_ret(sys_socketpair(family, type, protocol, fds));
}

// A path is made as a file of type socket, which stays when the socket is gone; an abstract name,
// which begins with a NUL, is not in the file system and goes with it (Linux).
int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return (int)glue_ret(sys_bind(fd, addr, len));
}

// At most SOMAXCONN wait; a negative number means as many.
int listen(int fd, int backlog)
{
    return (int)glue_ret(sys_listen(fd, backlog));
}

// Does not inherit O_NONBLOCK from the listener, as on Linux and unlike BSD.
int accept(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return (int)glue_ret(sys_accept4(fd, addr, len, 0));
}

// The flags are those of socket(), and hold for the new descriptor only.
int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags)
{
    return (int)glue_ret(sys_accept4(fd, addr, len, flags));
}

// Either connected or an error when it returns: AF_UNIX is never in progress.
int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    return (int)glue_ret(sys_connect(fd, addr, len));
}

// For all who share the socket, unlike close().
int shutdown(int fd, int how)
{
    return (int)glue_ret(sys_shutdown(fd, how));
}

// *LEN is the room before and the name's length after, which may be more: then it was cut.
int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return (int)glue_ret(sys_getsockname(fd, addr, len));
}

// ENOTCONN while there is no peer. A peer that was never bound has an address of just its family.
int getpeername(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return (int)glue_ret(sys_getpeername(fd, addr, len));
}

// *LEN is the room before and what was written after; a value that is longer is cut (XSH
// getsockopt()).
int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
    return (int)glue_ret(sys_getsockopt(fd, level, name, value, len));
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return (int)glue_ret(sys_setsockopt(fd, level, name, value, len));
}

// No family here has urgent data (XSH sockatmark(): 0 is not at the mark), so what matters is
// whether there is such a socket.
int sockatmark(int fd)
{
    int type;
    socklen_t len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0)
        return (int)glue_ret(-ENOTTY);
    if (errno == ENOTSOCK)
        errno = ENOTTY;
    return -1;
}

// Whether a descriptor is of that type, S_IFSOCK and so on (POSIX.1g; glibc has it).
int isfdtype(int fd, int type)
{
    struct stat st;
    int saved = errno;
    if (fstat(fd, &st) < 0)
        return -1;
    errno = saved;
    return (st.st_mode & S_IFMT) == (mode_t)type;
}
