// SPDX-License-Identifier: BSD-2-Clause
// fts(3): BSD's walk of directory trees, one entry a call. The working directory is never changed:
// fts_accpath is the whole path, as with FTS_NOCHDIR. Neighbour: nftw.c.
//
// Each directory is read when it is descended into; an entry lives until the walk has gone past it,
// a directory until after it was returned the second time.
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

// A walk. Its entries hang together by fts_parent upwards and by fts_link beside each other.
struct _fts {
    FTSENT *current;  // what fts_read() returned last; before the first call the root's parent
    FTSENT *children; // of current, when fts_children() has read them already
    int (*compare)(const FTSENT **, const FTSENT **);
    int options;
    int started;
    dev_t dev; // of the root below which the walk is
};

// The path and the stat are the entry's own.
static void fts_free(FTSENT *e)
{
    free(e->fts_path);
    free(e->fts_statp);
    free(e);
}

// Entries beside each other that the walk has not come to.
static void free_list(FTSENT *e)
{
    while (e) {
        FTSENT *next = e->fts_link;
        fts_free(e);
        e = next;
    }
}

// An entry for NAME in PARENT; a root's path is its name. NULL without memory.
static FTSENT *new_entry(FTSENT *parent, const char *name)
{
    size_t len = strlen(name), before = 0;
    int root = parent->fts_level < FTS_ROOTLEVEL;
    FTSENT *e = calloc(1, sizeof *e + len);
    if (!e)
        return NULL;
    if (!root) {
        before = parent->fts_pathlen;
        before += parent->fts_path[before - 1] != '/';
    }
    e->fts_path = malloc(before + len + 1);
    e->fts_statp = calloc(1, sizeof *e->fts_statp);
    if (!e->fts_path || !e->fts_statp) {
        fts_free(e);
        return NULL;
    }
    if (!root) {
        memcpy(e->fts_path, parent->fts_path, parent->fts_pathlen);
        e->fts_path[before - 1] = '/';
    }
    strcpy(e->fts_path + before, name);
    strcpy(e->fts_name, name);
    e->fts_accpath = e->fts_path;
    e->fts_pathlen = (unsigned short)(before + len);
    e->fts_namelen = (unsigned short)len;
    e->fts_parent = parent;
    e->fts_level = (short)(parent->fts_level + 1);
    e->fts_instr = FTS_NOINSTR;
    return e;
}

// An entry that cannot be looked at says why, and its stat has zeros.
static unsigned short error_info(FTSENT *e, unsigned short info)
{
    e->fts_errno = errno;
    memset(e->fts_statp, 0, sizeof *e->fts_statp);
    return info;
}

// FTS_DC when the directory is one of those it lies in.
static unsigned short directory_info(FTSENT *e)
{
    for (FTSENT *p = e->fts_parent; p->fts_level >= FTS_ROOTLEVEL; p = p->fts_parent)
        if (p->fts_ino == e->fts_ino && p->fts_dev == e->fts_dev) {
            e->fts_cycle = p;
            return FTS_DC;
        }
    return FTS_D;
}

// Fills in what E is, by its link's target if FOLLOW.
static unsigned short entry_info(FTSENT *e, int follow)
{
    struct stat *st = e->fts_statp;
    int is_dots = !strcmp(e->fts_name, ".") || !strcmp(e->fts_name, "..");
    if (follow ? stat(e->fts_accpath, st) : lstat(e->fts_accpath, st)) {
        int error = errno;
        if (follow && lstat(e->fts_accpath, st) == 0 && S_ISLNK(st->st_mode))
            return FTS_SLNONE;
        errno = error;
        return error_info(e, FTS_NS);
    }
    e->fts_dev = st->st_dev;
    e->fts_ino = st->st_ino;
    e->fts_nlink = st->st_nlink;
    if (S_ISDIR(st->st_mode))
        return is_dots && e->fts_level > FTS_ROOTLEVEL ? FTS_DOT : directory_info(e);
    return S_ISLNK(st->st_mode) ? FTS_SL : S_ISREG(st->st_mode) ? FTS_F : FTS_DEFAULT;
}

// ---- lists of entries ----

// qsort() has no argument of its own for the walk's comparison.
static int compare_by(const void *a, const void *b, void *compare)
{
    int (**call)(const FTSENT **, const FTSENT **) = compare;
    return (*call)((const FTSENT **)(uintptr_t)a, (const FTSENT **)(uintptr_t)b);
}

// Sorts a list of N entries; without memory it stays in its order.
static FTSENT *sorted(FTS *fts, FTSENT *list, size_t n)
{
    FTSENT **all = n > 1 && fts->compare ? malloc(n * sizeof *all) : NULL;
    if (!all)
        return list;
    for (size_t i = 0; i < n; i++, list = list->fts_link)
        all[i] = list;
    qsort_r(all, n, sizeof *all, compare_by, &fts->compare);
    for (size_t i = 0; i < n; i++)
        all[i]->fts_link = i + 1 < n ? all[i + 1] : NULL;
    list = all[0];
    free(all);
    return list;
}

// Whether a name of TYPE needs no look at its inode.
static int may_skip_stat(const FTS *fts, int type)
{
    return fts->options & FTS_NOSTAT && type != DT_DIR && type != DT_UNKNOWN &&
           !(fts->options & FTS_LOGICAL && type == DT_LNK);
}

// The entries of directory E; NULL with errno, which is 0 when there are none.
static FTSENT *read_children(FTS *fts, FTSENT *e, int names_only)
{
    FTSENT *list = NULL, **end = &list;
    size_t n = 0;
    DIR *dir = opendir(e->fts_accpath);
    if (!dir)
        return NULL;
    for (struct dirent *d; errno = 0, (d = readdir(dir));) {
        int dots = !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..");
        if (dots && !(fts->options & FTS_SEEDOT))
            continue;
        FTSENT *child = new_entry(e, d->d_name);
        if (!child) {
            free_list(list);
            closedir(dir);
            return errno = ENOMEM, NULL;
        }
        if (names_only || may_skip_stat(fts, d->d_type))
            child->fts_info = FTS_NSOK;
        else
            child->fts_info = entry_info(child, fts->options & FTS_LOGICAL);
        *end = child;
        end = &child->fts_link;
        n++;
    }
    // An error in the middle of a directory is kept over the closing, with the entries read so far.
    int error = errno;
    closedir(dir);
    errno = error;
    return sorted(fts, list, n);
}

// ---- the calls ----

// Looks at the roots and reads no directory yet. A root that is not there is no error here: it
// comes as an entry of FTS_NS; but an empty name is ENOENT, and no roots or unknown options EINVAL.
FTS *fts_open(char *const *paths, int options, int (*compare)(const FTSENT **, const FTSENT **))
{
    if (options & ~FTS_OPTIONMASK || !*paths)
        return errno = EINVAL, NULL;
    FTS *fts = calloc(1, sizeof *fts);
    // The parent of all roots is an entry that is never returned: the walk ends when it is reached.
    FTSENT *parent = calloc(1, sizeof *parent), *list = NULL, **end = &list;
    size_t n = 0;
    if (!fts || !parent) {
        free(fts);
        free(parent);
        return NULL;
    }
    fts->compare = compare;
    fts->options = options | FTS_NOCHDIR;
    fts->current = parent;
    parent->fts_level = FTS_ROOTPARENTLEVEL;
    for (; *paths; paths++, n++) {
        FTSENT *root = **paths ? new_entry(parent, *paths) : NULL;
        if (!root) {
            errno = **paths ? ENOMEM : ENOENT;
            free_list(list);
            free(parent);
            free(fts);
            return NULL;
        }
        root->fts_info = entry_info(root, options & (FTS_LOGICAL | FTS_COMFOLLOW));
        *end = root;
        end = &root->fts_link;
    }
    fts->children = sorted(fts, list, n);
    return fts;
}

// E becomes the current entry, unless the caller had it skipped by fts_set() of a list it was in.
static FTSENT *arrive(FTS *fts, FTSENT *e)
{
    fts->current = e;
    if (e->fts_instr == FTS_FOLLOW) {
        e->fts_info = entry_info(e, 1);
        e->fts_instr = FTS_NOINSTR;
    }
    if (e->fts_level == FTS_ROOTLEVEL)
        fts->dev = e->fts_dev;
    return e;
}

// After E and all below it: the next one beside it, or its parent a second time.
static FTSENT *go_past(FTS *fts, FTSENT *e)
{
    for (;;) {
        FTSENT *next = e->fts_link, *parent = e->fts_parent;
        fts_free(e);
        if (next && next->fts_instr == FTS_SKIP) {
            e = next;
            continue;
        }
        if (next)
            return arrive(fts, next);
        fts->current = parent;
        if (parent->fts_level < FTS_ROOTLEVEL)
            return errno = 0, NULL;
        parent->fts_info = parent->fts_errno ? FTS_ERR : FTS_DP;
        return parent;
    }
}

// E is a directory that was returned once. Its first child, or E again when there is none.
static FTSENT *fts_descend(FTS *fts, FTSENT *e, int instruction)
{
    int stays_out = instruction == FTS_SKIP || (fts->options & FTS_XDEV && e->fts_dev != fts->dev);
    if (stays_out) {
        free_list(fts->children);
        fts->children = NULL;
        e->fts_info = FTS_DP;
        return e;
    }
    if (!fts->children || fts->children->fts_info == FTS_NSOK) {
        free_list(fts->children); // fts_children() may have read names only
        fts->children = read_children(fts, e, 0);
        if (!fts->children && errno) {
            e->fts_errno = errno;
            e->fts_info = FTS_DNR;
            return e;
        }
    }
    FTSENT *first = fts->children;
    fts->children = NULL;
    while (first && first->fts_instr == FTS_SKIP) {
        FTSENT *next = first->fts_link;
        fts_free(first);
        first = next;
    }
    if (first)
        return arrive(fts, first);
    e->fts_info = FTS_DP;
    return e;
}

// The instruction is the caller's wish about the entry returned last; it holds for this call only.
FTSENT *fts_read(FTS *fts)
{
    FTSENT *e = fts->current;
    if (!fts->started) {
        fts->started = 1;
        FTSENT *first = fts->children;
        fts->children = NULL;
        return arrive(fts, first);
    }
    if (e->fts_level < FTS_ROOTLEVEL)
        return errno = 0, NULL;
    int instruction = e->fts_instr;
    e->fts_instr = FTS_NOINSTR;
    if (instruction == FTS_AGAIN ||
        (instruction == FTS_FOLLOW && (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE))) {
        e->fts_info = entry_info(e, instruction == FTS_FOLLOW);
        return e;
    }
    return e->fts_info == FTS_D ? fts_descend(fts, e, instruction) : go_past(fts, e);
}

// Before the first fts_read(), the roots; else what is in the current directory.
FTSENT *fts_children(FTS *fts, int instruction)
{
    FTSENT *e = fts->current;
    if (instruction && instruction != FTS_NAMEONLY)
        return errno = EINVAL, NULL;
    errno = 0;
    if (!fts->started)
        return fts->children;
    if (e->fts_level < FTS_ROOTLEVEL || e->fts_info != FTS_D)
        return NULL;
    free_list(fts->children);
    return fts->children = read_children(fts, e, instruction == FTS_NAMEONLY);
}

// The wish is looked at when the walk comes to the entry, or goes on from it.
int fts_set(FTS *fts, FTSENT *e, int instruction)
{
    (void)fts;
    if (instruction && (instruction < FTS_AGAIN || instruction > FTS_SKIP))
        return errno = EINVAL, 1;
    e->fts_instr = (unsigned short)instruction;
    return 0;
}

// From the current entry upwards, on each level the entries the walk has not come to.
int fts_close(FTS *fts)
{
    free_list(fts->children);
    for (FTSENT *e = fts->current; e;) {
        FTSENT *parent = e->fts_parent;
        if (e->fts_level < FTS_ROOTLEVEL)
            free(e);
        else
            free_list(e); // the ones beside it, too
        e = parent;
    }
    free(fts);
    return 0;
}
