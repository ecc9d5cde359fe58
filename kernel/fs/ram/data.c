// SPDX-License-Identifier: BSD-2-Clause
// What files hold: a map of pages over the image's contents over zeros.
//
// Byte n of a file is in its map's page n / WPAGE if there is one; else in the image, if n is below
// image_len; else it is a hole and reads as 0. A page appears in the map after it is filled, a size
// grows after its bytes are there, and both shrink in the other order, so a VM that dies here
// leaves a file that is merely shorter than it meant.
// Neighbours: inode.h; fs/open.c calls inode_read and inode_write for the program.

#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/mem/copy.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"

// Moved under one hold of the lock: some 100 us of copying.
#define BURST (1u << 20)
// Reading moves atime only if it is older than the last change, or than a day (Linux's relatime).
#define ATIME_STALE_NS INT64_C(86400000000000)

static const uint8_t *image_bytes(const struct inode *ip)
{
    return (const uint8_t *)image_base + ip->image_off;
}

// --- the map ---

// The page of references at *ref, made if it is missing. NULL: no such page (or none to be had).
static struct wref *refs_page(struct wref *ref, int make)
{
    if (!ref->unit && make) {
        void *page = window_pages_alloc(1);
        // Release: a page of references is zero before it is reachable.
        __atomic_store_n(&ref->unit, wref_of(page).unit, __ATOMIC_RELEASE);
    }
    return wref_ptr(*ref);
}

// Where the map keeps page `index`. NULL: in a part of the map that does not exist (or cannot be
// made).
static struct wref *map_slot(struct inode *ip, uint64_t index, int make)
{
    if (index < INODE_DIRECT)
        return &ip->u.map.direct[index];
    index -= INODE_DIRECT;
    struct wref *refs;
    if (index < INODE_REFS) {
        refs = refs_page(&ip->u.map.indirect, make);
        return refs ? &refs[index] : NULL;
    }
    index -= INODE_REFS;
    refs = refs_page(&ip->u.map.twice, make);
    if (refs)
        refs = refs_page(&refs[index / INODE_REFS], make);
    return refs ? &refs[index % INODE_REFS] : NULL;
}

void *data_page(const struct inode *ip, uint64_t index)
{
    struct wref *slot = map_slot((struct inode *)ip, index, 0);
    return slot ? wref_ptr(*slot) : NULL;
}

void *data_page_make(struct inode *ip, uint64_t index, int whole)
{
    struct wref *slot = map_slot(ip, index, 1);
    if (!slot || slot->unit)
        return slot ? wref_ptr(*slot) : NULL;
    uint8_t *page = whole ? window_pages_alloc_raw(1) : window_pages_alloc(1);
    if (!page)
        return NULL;
    uint64_t off = index * WPAGE;
    if (!whole && off < ip->image_len)
        memcpy(page, image_bytes(ip) + off, min_u64(ip->image_len - off, WPAGE));
    __atomic_store_n(&slot->unit, wref_of(page).unit, __ATOMIC_RELEASE);
    ip->pages++;
    return page;
}

int data_page_move(struct inode *ip, uint64_t index, void *page)
{
    struct wref *slot = map_slot(ip, index, 1);
    if (!slot)
        return -ENOSPC;
    uint64_t off = index * WPAGE;
    void *old = wref_ptr(*slot);
    if (old)
        memcpy(page, old, WPAGE);
    else if (off < ip->image_len)
        memcpy(page, image_bytes(ip) + off, min_u64(ip->image_len - off, WPAGE));
    __atomic_store_n(&slot->unit, wref_of(page).unit, __ATOMIC_RELEASE);
    if (old)
        window_pages_free(old, 1);
    else
        ip->pages++;
    return 0;
}

static void free_ref(struct wref *ref)
{
    void *page = wref_ptr(*ref);
    ref->unit = 0; // first: a page may leak, but never be in two files
    if (page)
        window_pages_free(page, 1);
}

// Frees the pages first..INODE_REFS-1 of one page of references, and itself if first is 0.
static void free_refs(struct inode *ip, struct wref *ref, uint64_t first)
{
    struct wref *refs = wref_ptr(*ref);
    if (!refs)
        return;
    for (uint64_t i = first; i < INODE_REFS; i++) {
        if (!refs[i].unit)
            continue;
        free_ref(&refs[i]);
        ip->pages--;
    }
    if (first == 0)
        free_ref(ref);
}

static uint64_t beyond(uint64_t index, uint64_t start)
{
    return index > start ? index - start : 0;
}

// Frees every page from `index` on.
static void free_from(struct inode *ip, uint64_t index)
{
    for (uint64_t i = index; i < INODE_DIRECT; i++) {
        ip->pages -= ip->u.map.direct[i].unit != 0;
        free_ref(&ip->u.map.direct[i]);
    }
    if (index < INODE_DIRECT + INODE_REFS)
        free_refs(ip, &ip->u.map.indirect, beyond(index, INODE_DIRECT));
    struct wref *twice = wref_ptr(ip->u.map.twice);
    if (!twice)
        return;
    uint64_t rest = beyond(index, INODE_DIRECT + INODE_REFS);
    for (uint64_t i = rest / INODE_REFS; i < INODE_REFS; i++)
        free_refs(ip, &twice[i], i == rest / INODE_REFS ? rest % INODE_REFS : 0);
    if (rest == 0)
        free_ref(&ip->u.map.twice);
}

void data_free(struct inode *ip)
{
    ip->size = ip->image_len = 0;
    free_from(ip, 0);
}

// Clears the rest of the page with byte `off`, if there is one.
static void clear_tail(struct inode *ip, uint64_t off)
{
    uint8_t *page = data_page(ip, off / WPAGE);
    if (page)
        memset(page + off % WPAGE, 0, WPAGE - off % WPAGE);
}

void data_trim(struct inode *ip)
{
    free_from(ip, (ip->size + WPAGE - 1) / WPAGE);
    if (ip->size % WPAGE) // growing again must not bring the cut bytes of the last page back
        clear_tail(ip, ip->size);
}

int data_resize(struct inode *ip, uint64_t size)
{
    if (size > INODE_MAX_SIZE)
        return -EFBIG;
    uint64_t old = ip->size;
    ip->program = -1; // whatever it was, it is another file now
    ip->size = size;
    if (size >= old)
        return 0;
    ip->image_len = min_u64(ip->image_len, size);
    if (!ip->mapped) {
        data_trim(ip);
        return 0;
    }
    // Pages that somebody maps must stay his: they only lose what they hold.
    for (uint64_t at = size, n; at < old; at += n) {
        n = WPAGE - at % WPAGE;
        clear_tail(ip, at);
    }
    return 0;
}

// --- reading ---

// Bytes [off, off + n) where the map has no page.
static void read_below(const struct inode *ip, uint8_t *to, uint64_t n, uint64_t off)
{
    uint64_t image = off < ip->image_len ? min_u64(n, ip->image_len - off) : 0;
    if (image)
        copy_bytes(to, image_bytes(ip) + off, image);
    memset(to + image, 0, n - image);
}

uint64_t data_read(struct inode *ip, void *buf, uint64_t len, uint64_t off)
{
    if (off >= ip->size)
        return 0;
    len = min_u64(len, ip->size - off);
    if (ip->pages == 0) { // as it came with the image, or nothing but a hole
        read_below(ip, buf, len, off);
        return len;
    }
    for (uint64_t done = 0, n; done < len; done += n) {
        uint64_t at = off + done;
        const uint8_t *page = data_page(ip, at / WPAGE);
        n = min_u64(len - done, WPAGE - at % WPAGE);
        if (page)
            copy_bytes((uint8_t *)buf + done, page + at % WPAGE, n);
        else
            read_below(ip, (uint8_t *)buf + done, n, at);
    }
    return len;
}

static void touch_atime(struct inode *ip)
{
    int64_t now = inode_now();
    if (ip->atime <= ip->mtime || ip->atime <= ip->ctime || now - ip->atime > ATIME_STALE_NS)
        ip->atime = now;
}

long inode_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off)
{
    uint64_t done = 0, n;
    do {
        uint64_t want = min_u64(len - done, BURST);
        inode_lock(ip);
        n = data_read(ip, (uint8_t *)buf + done, want, *off);
        if (n)
            touch_atime(ip);
        inode_unlock(ip);
        done += n;
        *off += n;
    } while (n && done < len);
    return (long)done;
}

// --- writing ---

// Writes into the map. Bytes written: fewer than len when the window is full.
static uint64_t data_write(struct inode *ip, const uint8_t *buf, uint64_t len, uint64_t off)
{
    uint64_t done = 0, n;
    for (; done < len; done += n) {
        uint64_t at = off + done;
        n = min_u64(len - done, WPAGE - at % WPAGE);
        uint8_t *page = data_page_make(ip, at / WPAGE, n == WPAGE);
        if (!page)
            break;
        copy_bytes(page + at % WPAGE, buf + done, n);
        if (at + n > ip->size)
            ip->size = at + n;
    }
    return done;
}

// How much of a write at `off` is allowed: POSIX cuts it at the file size limits. -EFBIG: nothing.
static int64_t allowed(uint64_t off, uint64_t len)
{
    uint64_t limit = proc_self->rlimits[RLIMIT_FSIZE].cur;
    if (off + len > limit && off >= limit) {
        proc_signal(proc_self, SIGXFSZ, SI_KERNEL, 0);
        return -EFBIG;
    }
    limit = min_u64(limit, INODE_MAX_SIZE);
    if (off >= limit)
        return -EFBIG;
    return (int64_t)min_u64(len, limit - off);
}

// A write by anyone but root takes set-id bits away (POSIX write()).
static void drop_setid(struct inode *ip)
{
    if (proc_self->euid == 0)
        return;
    ip->mode &= ~(uint32_t)S_ISUID;
    if (ip->mode & 0010)
        ip->mode &= ~(uint32_t)S_ISGID;
}

long inode_write(struct inode *ip, const void *buf, uint64_t len, uint64_t *off, int append)
{
    int64_t n = 0;
    if (len == 0)
        return 0;
    // One hold of the lock for all of it: two appending writers do not mix, however long the
    // writes.
    inode_lock(ip);
    uint64_t at = append ? ip->size : *off;
    n = allowed(at, len);
    if (n > 0) {
        ip->program = -1;
        n = (int64_t)data_write(ip, buf, (uint64_t)n, at);
        *off = at + (uint64_t)n;
        if (n) {
            inode_changed(ip);
            drop_setid(ip);
        } else {
            n = -ENOSPC;
        }
    }
    inode_unlock(ip);
    return n;
}
