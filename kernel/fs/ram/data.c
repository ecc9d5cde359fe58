// SPDX-License-Identifier: BSD-2-Clause
// What files hold: a map of pages over the image's contents over zeros.
//
// Byte n of a file is in its map's page n / WPAGE if there is one; else in the image, if n is below
// image_len; else it is a hole and reads as 0. A page appears in the map after it is filled, a size
// grows after its bytes are there, and both shrink in the other order, so a VM that dies here
// leaves a file that is merely shorter than it meant; what lies behind its end goes when the next
// one takes the lock (data_repair()).
// The map is a few references in the inode and trees of pages of references, each a level deeper
// than the last, so that a file of terabytes with one byte in it costs five pages.
// Neighbours: ram.h; fs/open.c calls ram_read and ram_write for the program.

#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/mem/copy.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"

// Moved under one hold of the lock: some 100 us of copying.
#define BURST (1u << 20)
// Reading moves atime only if it is older than the last change, or than a day (Linux's relatime).
#define ATIME_STALE_NS INT64_C(86400000000000)

// Read-only, and at the same address in every VM: what a file has of the image costs no memory.
static const uint8_t *image_bytes(const struct inode *ip)
{
    return image_base + ram(ip)->image_off;
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

// Data pages below one reference of a tree `level` deep.
static uint64_t span(uint32_t level)
{
    uint64_t pages = 1;
    while (level--)
        pages *= RAM_REFS;
    return pages;
}

// Where the map keeps page `index`. NULL: in a part of the map that does not exist (or cannot be
// made).
static struct wref *map_slot(const struct inode *ip, uint64_t index, int make)
{
    struct ram_inode *r = ram(ip);
    if (index < RAM_DIRECT)
        return &r->map.direct[index];
    index -= RAM_DIRECT;
    uint32_t level = 1;
    while (level < RAM_LEVELS && index >= span(level))
        index -= span(level++);
    struct wref *ref = &r->map.level[level - 1];
    while (ref && level--) {
        struct wref *refs = refs_page(ref, make);
        ref = refs ? &refs[index / span(level) % RAM_REFS] : NULL;
    }
    return ref;
}

// Under the inode's lock, as all of this. NULL is no error: the image or zeros are there instead.
void *data_page(const struct inode *ip, uint64_t index)
{
    struct wref *slot = map_slot(ip, index, 0);
    return slot ? wref_ptr(*slot) : NULL;
}

// WHOLE: the caller writes every byte of it before it lets go of the lock. NULL when the window is
// full; the file is then as it was.
void *data_page_make(struct inode *ip, uint64_t index, int whole)
{
    struct wref *slot = map_slot(ip, index, 1);
    if (!slot || slot->unit)
        return slot ? wref_ptr(*slot) : NULL;
    // A page that is written whole need not be cleared first.
    uint8_t *page = whole ? window_pages_alloc_raw(1) : window_pages_alloc(1);
    if (!page)
        return NULL;
    uint64_t off = index * WPAGE;
    if (!whole && off < ram(ip)->image_len)
        memcpy(page, image_bytes(ip) + off, min_u64(ram(ip)->image_len - off, WPAGE));
    // Counted before it is there, and in free_ref()'s callers until after it is gone: a file with
    // pages is never taken for one without.
    ip->pages++;
    __atomic_store_n(&slot->unit, wref_of(page).unit, __ATOMIC_RELEASE);
    return page;
}

// For mappings, which want a file's pages in runs (map.c): PAGE takes the place of what is there,
// with the same contents. It is the caller's still when this fails.
int data_page_move(struct inode *ip, uint64_t index, void *page)
{
    struct wref *slot = map_slot(ip, index, 1);
    if (!slot)
        return -ENOSPC;
    uint64_t off = index * WPAGE;
    void *old = wref_ptr(*slot);
    if (old)
        memcpy(page, old, WPAGE);
    else if (off < ram(ip)->image_len)
        memcpy(page, image_bytes(ip) + off, min_u64(ram(ip)->image_len - off, WPAGE));
    if (!old)
        ip->pages++;
    __atomic_store_n(&slot->unit, wref_of(page).unit, __ATOMIC_RELEASE);
    if (old)
        window_pages_free(old, 1);
    return 0;
}

static void free_ref(struct wref *ref)
{
    void *page = wref_ptr(*ref);
    ref->unit = 0; // first: a page may leak, but never be in two files
    if (page)
        window_pages_free(page, 1);
}

// Frees the pages from the first-th on below a reference `level` deep, or only clears them
// (`keep`): somebody maps them. Its own page of references goes with the first.
static void cut_tree(struct inode *ip, struct wref *ref, uint32_t level, uint64_t first, int keep)
{
    if (!ref->unit)
        return;
    if (level == 0) {
        if (keep) {
            memset(wref_ptr(*ref), 0, WPAGE);
        } else {
            free_ref(ref);
            ip->pages--;
        }
        return;
    }
    struct wref *refs = wref_ptr(*ref);
    uint64_t below = span(level - 1);
    // A recursion: as deep as the tree, RAM_LEVELS at most.
    // Only the first subtree is cut in part, all behind it whole.
    for (uint64_t i = first / below; i < RAM_REFS; i++)
        cut_tree(ip, &refs[i], level - 1, i == first / below ? first % below : 0, keep);
    if (first == 0 && !keep)
        free_ref(ref);
}

// Frees or clears every page from `index` on.
static void cut_from(struct inode *ip, uint64_t index, int keep)
{
    struct ram_inode *r = ram(ip);
    for (uint64_t i = index; i < RAM_DIRECT; i++)
        cut_tree(ip, &r->map.direct[i], 0, 0, keep);
    uint64_t start = RAM_DIRECT;
    for (uint32_t level = 1; level <= RAM_LEVELS; start += span(level++)) {
        uint64_t first = index > start ? index - start : 0;
        if (first < span(level))
            cut_tree(ip, &r->map.level[level - 1], level, first, keep);
    }
}

void data_cut(struct inode *ip, uint64_t index)
{
    cut_from(ip, index, 0);
}

// With the last name and the last user gone, or for a directory that has become empty.
void data_free(struct inode *ip)
{
    ip->size = ram(ip)->image_len = 0;
    cut_from(ip, 0, 0);
}

// Clears the rest of the page with byte `off`, if there is one.
static void clear_tail(struct inode *ip, uint64_t off)
{
    uint8_t *page = data_page(ip, off / WPAGE);
    if (page)
        memset(page + off % WPAGE, 0, WPAGE - off % WPAGE);
}

// Cuts at the end of the file; growing again must not bring the rest of the last page back.
static void cut_at_size(struct inode *ip, int keep)
{
    if (ip->size % WPAGE)
        clear_tail(ip, ip->size);
    cut_from(ip, (ip->size + WPAGE - 1) / WPAGE, keep);
}

void data_trim(struct inode *ip)
{
    cut_at_size(ip, 0);
}

// Whoever died in the middle has left bytes behind the end: of a file that was being cut, or of a
// page that was being written. Growing must not show them.
void data_repair(struct inode *ip)
{
    ram(ip)->image_len = min_u64(ram(ip)->image_len, ip->size);
    cut_at_size(ip, ram(ip)->mapped != 0);
}

// Growing makes a hole: only the size changes. Shrinking, the size is first: a death here leaves a
// file that is as short as it was to be, and what is behind its end to data_repair().
int ram_truncate(struct inode *ip, uint64_t size)
{
    if (size > RAM_MAX_SIZE)
        return -EFBIG;
    inode_lock(ip);
    uint64_t old = ip->size;
    ram(ip)->program = 0; // whatever it was, it is another file now
    ip->size = size;
    if (size < old)
        data_repair(ip); // mapped pages stay, they only lose what they hold
    inode_changed(ip);
    inode_unlock(ip);
    return 0;
}

// --- reading ---

// Bytes [off, off + n) where the map has no page.
static void read_below(const struct inode *ip, uint8_t *to, uint64_t n, uint64_t off)
{
    uint64_t image = off < ram(ip)->image_len ? min_u64(n, ram(ip)->image_len - off) : 0;
    if (image)
        copy_bytes(to, image_bytes(ip) + off, image);
    memset(to + image, 0, n - image);
}

// BUF was checked by the caller, who has not waited since. The count is short at the end of the
// file.
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

// Each store to a shared page costs other VMs a cache miss, so most reads make none.
static void touch_atime(struct inode *ip)
{
    int64_t now = inode_now();
    if (ip->atime <= ip->mtime || ip->atime <= ip->ctime || now - ip->atime > ATIME_STALE_NS)
        ip->atime = now;
}

// *OFF moves with what was read; the caller holds the description's lock if it is its offset.
long ram_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off)
{
    uint64_t done = 0, n;
    do {
        // The lock is dropped between bursts, so that a large read does not keep writers out; it
        // may then see two moments of the file, as on Linux.
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
        // After the bytes: a reader sees no size whose contents are not there.
        if (at + n > ip->size)
            ip->size = at + n;
    }
    return done;
}

// How much of a write at `off` is allowed: POSIX cuts it at the file size limits. -EFBIG: nothing.
static int64_t allowed(uint64_t off, uint64_t len)
{
    uint64_t limit = proc_self->rlimits[RLIMIT_FSIZE].cur;
    // XSH write(): at the limit SIGXFSZ and -EFBIG, before it as much as fits.
    if (off + len > limit && off >= limit) {
        proc_signal(proc_self, SIGXFSZ, SI_KERNEL, 0);
        return -EFBIG;
    }
    limit = min_u64(limit, RAM_MAX_SIZE);
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

// A full window shows as a short count, and only when nothing at all could be written as -ENOSPC.
long ram_write(struct inode *ip, const void *buf, uint64_t len, uint64_t *off, int append)
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
        ram(ip)->program = 0;
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
