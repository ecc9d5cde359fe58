// SPDX-License-Identifier: BSD-2-Clause
// Names of AF_UNIX sockets: paths, and abstract names (unix(7)), which are not in the file system
// and go with their socket.
//
// A path is an inode of type socket that refers to the socket bound to it, as a FIFO's refers to
// its ring; the name outlives the socket, and what connects to it then is refused. Abstract names
// are in chains under one lock, by a hash of name and type: two types may have the same name. A
// socket enters its chain by one store and leaves it by one, so a death in between breaks nothing.
// Neighbours: unix.c, kernel/fs/name.c (who makes the inode).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/net/unix.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

#define FAMILY_LEN 2u // of the address, before the path
#define AUTO_LEN   (FAMILY_LEN + 6u)
#define AUTO_NAMES 0x100000u // five hexadecimal digits

static int is_abstract(const uint8_t *name)
{
    return name[FAMILY_LEN] == '\0';
}

static int family_of_name(const uint8_t *name)
{
    uint16_t family;
    memcpy(&family, name, sizeof family);
    return family;
}

// A path ends at its first NUL, which is counted; one that fills its array gets one.
int unix_name_check(const uint8_t *name, uint32_t len, uint8_t out[SOCKET_NAME_MAX])
{
    if (len <= FAMILY_LEN || len > sizeof(struct k_sockaddr_un) || family_of_name(name) != AF_UNIX)
        return -EINVAL;
    if (!is_abstract(name))
        len = FAMILY_LEN + (uint32_t)strnlen((const char *)name + FAMILY_LEN, len - FAMILY_LEN);
    memcpy(out, name, len);
    if (!is_abstract(name))
        out[len++] = '\0';
    return (int)len;
}

// --- abstract names, under names_lock ---

static struct wref *chain_of(const uint8_t *name, uint32_t len, int type)
{
    uint32_t h = (uint32_t)type;
    for (uint32_t i = 0; i < len; i++)
        h = h * 31 + name[i];
    return &window_root()->socket_names[h % SOCKET_CHAINS];
}

// The length is compared first: an abstract name may be the beginning of another.
static struct socket *find_abstract(const uint8_t *name, uint32_t len, int type)
{
    struct socket *s = wref_ptr(*chain_of(name, len, type));
    while (s && (s->name_len != len || s->type != type || memcmp(s->name, name, len) != 0))
        s = wref_ptr(s->next_named);
    return s;
}

// The length last: who looks without the lock sees a name or none.
static void set_name(struct socket *s, const uint8_t *name, uint32_t len)
{
    memcpy(s->name, name, len);
    __atomic_store_n(&s->name_len, len, __ATOMIC_RELEASE);
}

static int bind_abstract(struct socket *s, const uint8_t *name, uint32_t len)
{
    struct wref *chain = chain_of(name, len, s->type);
    int r = 0;
    lock_take(&window_root()->names_lock);
    if (s->name_len) {
        r = -EINVAL;
    } else if (find_abstract(name, len, s->type)) {
        r = -EADDRINUSE;
    } else {
        set_name(s, name, len);
        s->next_named = *chain;
        *chain = wref_of(s);
    }
    lock_drop(&window_root()->names_lock);
    return r;
}

int unix_autobind(struct socket *s)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t name[AUTO_LEN] = {AF_UNIX};
    if (s->name_len)
        return 0;
    for (uint32_t tries = 0; tries < AUTO_NAMES; tries++) {
        uint32_t n = window_root()->next_autobind++ % AUTO_NAMES;
        for (uint32_t i = AUTO_LEN; i-- > FAMILY_LEN + 1; n /= 16)
            name[i] = (uint8_t)digits[n % 16];
        int r = bind_abstract(s, name, AUTO_LEN);
        if (r != -EADDRINUSE)
            return r == -EINVAL ? 0 : r; // somebody else has named it meanwhile
    }
    return -ENOSPC;
}

// --- paths ---

// Whoever finds the inode before it refers to the socket is refused, as before bind().
static int attach(struct socket *s, struct inode *ip, const uint8_t *name, uint32_t len)
{
    int r = 0;
    inode_lock(ip);
    lock_take(&window_root()->names_lock);
    if (s->name_len) {
        r = -EINVAL;
    } else {
        s->inode = wref_of(ip); // its reference is the socket's from here on
        ip->socket = wref_of(s);
        set_name(s, name, len);
    }
    lock_drop(&window_root()->names_lock);
    inode_unlock(ip);
    return r;
}

// The file comes first, as on Linux: that the name is taken is told before that the socket has one.
static int bind_path(struct socket *s, const uint8_t *name, uint32_t len)
{
    struct inode *ip;
    const char *path = (const char *)name + FAMILY_LEN;
    int r = (int)fs_make_socket(path, s->mode, &ip);
    if (r == -EEXIST)
        return -EADDRINUSE;
    if (r < 0)
        return r;
    r = attach(s, ip, name, len);
    if (r < 0) {
        inode_put(ip);
        fs_unlink(AT_FDCWD, path, 0);
    }
    return r;
}

// Just the family asks for a name of the system's choice, or keeps the one there is.
int unix_bind(struct socket *s, const uint8_t *name, uint32_t len)
{
    uint8_t kept[SOCKET_NAME_MAX];
    if (len == FAMILY_LEN && family_of_name(name) == AF_UNIX)
        return unix_autobind(s);
    int n = unix_name_check(name, len, kept);
    if (n < 0)
        return n;
    critical_begin();
    int r =
        is_abstract(kept) ? bind_abstract(s, kept, (uint32_t)n) : bind_path(s, kept, (uint32_t)n);
    critical_end();
    return r;
}

// --- finding ---

static struct socket *socket_of_inode(struct inode *ip)
{
    inode_lock(ip); // a release waits
    struct socket *s = inode_is(ip, S_IFSOCK) ? wref_ptr(ip->socket) : NULL;
    if (s)
        socket_ref(s);
    inode_unlock(ip);
    return s;
}

// Writing is what it takes to connect (unix(7)).
static int find_path(const uint8_t *name, struct socket **out)
{
    struct walk w;
    int r = path_walk(AT_FDCWD, (const char *)name + FAMILY_LEN, WALK_FOLLOW, &w);
    if (r < 0)
        return r;
    r = inode_may(w.inode, W_OK, 0);
    if (r == 0)
        *out = socket_of_inode(w.inode);
    walk_done(&w);
    return r;
}

// Of a name whose socket has another type Linux says EPROTOTYPE if it is a path; an abstract one is
// another name then.
int unix_find(const uint8_t *name, uint32_t len, int type, struct socket **out)
{
    *out = NULL;
    if (!is_abstract(name)) {
        int r = find_path(name, out);
        if (r < 0)
            return r;
    } else {
        lock_take(&window_root()->names_lock);
        *out = find_abstract(name, len, type);
        if (*out)
            socket_ref(*out);
        lock_drop(&window_root()->names_lock);
    }
    if (!*out)
        return -ECONNREFUSED;
    if ((*out)->type == type)
        return 0;
    socket_unref(*out);
    return -EPROTOTYPE;
}

// --- going ---

// From the head on: chains are short, and a socket knows no one before it.
static void leave_chain(struct socket *s)
{
    lock_take(&window_root()->names_lock);
    struct wref *link = chain_of(s->name, s->name_len, s->type);
    while (link->unit && wref_ptr(*link) != s)
        link = &((struct socket *)wref_ptr(*link))->next_named;
    if (link->unit)
        *link = s->next_named;
    lock_drop(&window_root()->names_lock);
}

static void leave_inode(struct socket *s)
{
    struct inode *ip = inode_at(s->inode);
    inode_lock(ip);
    ip->socket = (struct wref){0};
    inode_unlock(ip);
    s->inode = (struct wref){0}; // before the reference goes: done twice it would be another's
    inode_put(ip);
}

// An accepted socket has its listener's name and is found by nobody.
void unix_name_gone(struct socket *s)
{
    if (s->inode.unit)
        leave_inode(s);
    else if (s->name_len && is_abstract(s->name))
        leave_chain(s);
}
