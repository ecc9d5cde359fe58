// SPDX-License-Identifier: BSD-2-Clause
// nftw() and ftw(): the caller's function for every file of a tree (XSH nftw()). A directory's
// names are read before it is descended into, so one descriptor is enough, whatever the caller
// allows. Neighbour: fts.c, BSD's way to do the same.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The caller's function in its two forms; anything but 0 from it ends the walk and is the result.
typedef int (*nftw_call)(const char *, const struct stat *, int, struct FTW *);
typedef int (*ftw_call)(const char *, const struct stat *, int);

// What stays the same, or grows, from the root to the last file.
struct walk {
    nftw_call call; // one of the two
    ftw_call old_call;
    int flags;
    int home;   // the directory the walk began in, with FTW_CHDIR; else -1
    dev_t dev;  // of the tree's root
    void *seen; // directories, when links are followed and may lead back: see visited()
    char *path;
    size_t room;
};

// A directory, whatever path led to it.
struct identity {
    dev_t dev;
    ino_t ino;
};

// Any order will do.
static int compare_identity(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct identity));
}

// Notes a directory. Returns 1 if it was there already, -1 without memory.
static int visited(struct walk *w, const struct stat *st)
{
    struct identity *id = calloc(1, sizeof *id); // calloc: memcmp() looks at padding
    if (!id)
        return -1;
    id->dev = st->st_dev;
    id->ino = st->st_ino;
    struct identity **found = tsearch(id, &w->seen, compare_identity);
    if (!found || *found != id)
        free(id);
    return !found ? -1 : *found != id;
}

// Makes place for a path of LEN bytes.
static int path_room(struct walk *w, size_t len)
{
    if (len < w->room)
        return 1;
    char *more = realloc(w->path, 2 * len + 64);
    if (!more)
        return 0;
    w->path = more;
    w->room = 2 * len + 64;
    return 1;
}

// The call that was asked for, in the directory of the file if FTW_CHDIR says so.
static int report_file(struct walk *w, const struct stat *st, int type, int base, int level)
{
    // What ftw() calls the types that came with nftw().
    static const int old[] = {FTW_F, FTW_D, FTW_DNR, FTW_NS, FTW_F, FTW_D, FTW_NS};
    struct FTW at = {base, level};
    if (w->old_call)
        return w->old_call(w->path, st, old[type]);
    if (w->home < 0)
        return w->call(w->path, st, type, &at);
    if (base > 0) {
        char end = w->path[base];
        w->path[base] = '\0';
        int r = chdir(w->path);
        w->path[base] = end;
        if (r < 0)
            return -1;
    }
    int r = w->call(w->path, st, type, &at);
    return fchdir(w->home) < 0 ? -1 : r;
}

// All names of the directory, each with a NUL and one more at the end; NULL when it cannot be read.
static char *names_in(const char *path)
{
    char *names = NULL;
    size_t used = 0, room = 0;
    DIR *dir = opendir(path);
    if (!dir)
        return NULL;
    for (struct dirent *e; (e = readdir(dir));) {
        size_t len = strlen(e->d_name) + 1;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (used + len + 1 > room) {
            room = 2 * room + len + 256;
            char *more = realloc(names, room);
            if (!more)
                break;
            names = more;
        }
        memcpy(names + used, e->d_name, len);
        used += len;
    }
    closedir(dir);
    if (!names)
        return calloc(1, 1);
    names[used] = '\0';
    return names;
}

// What W's path is: fills ST and returns one of FTW_*, or -1 with errno.
static int look_at_path(struct walk *w, struct stat *st, int root)
{
    int r = w->flags & FTW_PHYS ? lstat(w->path, st) : stat(w->path, st);
    if (r < 0) {
        if (root && (w->flags & FTW_PHYS || errno != ENOENT))
            return -1;
        if (errno != EACCES && errno != ENOENT)
            return -1;
        int dangling = !(w->flags & FTW_PHYS) && lstat(w->path, st) == 0 && S_ISLNK(st->st_mode);
        return dangling ? FTW_SLN : root ? -1 : FTW_NS;
    }
    return S_ISDIR(st->st_mode) ? FTW_D : S_ISLNK(st->st_mode) ? FTW_SL : FTW_F;
}

static int walk_tree(struct walk *w, size_t len, int base, int level);

// The files in W's path, a directory, LEN bytes long.
static int walk_names(struct walk *w, const char *names, size_t len, int level)
{
    size_t at = len && w->path[len - 1] == '/' ? len : len + 1;
    for (; *names; names += strlen(names) + 1) {
        size_t end = at + strlen(names);
        if (!path_room(w, end + 1))
            return -1;
        w->path[at - 1] = '/';
        strcpy(w->path + at, names);
        int r = walk_tree(w, end, (int)at, level + 1);
        w->path[len] = '\0';
        if (r == FTW_SKIP_SIBLINGS && w->flags & FTW_ACTIONRETVAL)
            return 0;
        if (r)
            return r;
    }
    return 0;
}

// With FTW_ACTIONRETVAL the results mean something; R as the walk goes on by it.
static int action(const struct walk *w, int r)
{
    return w->flags & FTW_ACTIONRETVAL && r == FTW_SKIP_SUBTREE ? 0 : r;
}

// What could not be read is reported as such, before or after makes no difference then. A directory
// that links lead to twice is walked once.
static int walk_directory(struct walk *w, const struct stat *st, size_t len, int base, int level)
{
    int r = 0;
    if (!(w->flags & FTW_PHYS) && (r = visited(w, st)) != 0)
        return r < 0 ? -1 : 0;
    char *names = names_in(w->path);
    if (!names)
        return errno == EACCES ? report_file(w, st, FTW_DNR, base, level) : -1;
    if (!(w->flags & FTW_DEPTH))
        r = report_file(w, st, FTW_D, base, level);
    if (r == 0)
        r = walk_names(w, names, len, level);
    else
        r = action(w, r);
    free(names);
    if (r == 0 && w->flags & FTW_DEPTH)
        r = action(w, report_file(w, st, FTW_DP, base, level));
    return r;
}

// W's path and what is below it; its last name begins at BASE.
static int walk_tree(struct walk *w, size_t len, int base, int level)
{
    struct stat st = {0};
    int type = look_at_path(w, &st, level == 0);
    if (type < 0)
        return -1;
    if (level == 0)
        w->dev = st.st_dev;
    if (w->flags & FTW_MOUNT && type != FTW_NS && st.st_dev != w->dev)
        return 0;
    if (type == FTW_D)
        return walk_directory(w, &st, len, base, level);
    return action(w, report_file(w, &st, type, base, level));
}

// Slashes at the end of the root are no part of its name, as in glibc.
static int walk_from(const char *path, struct walk *w)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    w->home = w->flags & FTW_CHDIR ? open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if ((w->flags & FTW_CHDIR && w->home < 0) || !path_room(w, len + 1))
        return -1;
    memcpy(w->path, path, len);
    w->path[len] = '\0';
    char *slash = strrchr(w->path, '/');
    int r = walk_tree(w, len, slash ? (int)(slash + 1 - w->path) : 0, 0);
    int error = errno;
    tdestroy(w->seen, free);
    free(w->path);
    if (w->home >= 0)
        close(w->home);
    errno = error;
    return r;
}

// FDS is how many descriptors may be open; one is.
int nftw(const char *path, nftw_call call, int fds, int flags)
{
    struct walk w = {.call = call, .flags = flags};
    (void)fds;
    if (!*path)
        return errno = ENOENT, -1;
    return walk_from(path, &w);
}

// Links are followed, and a link that leads nowhere is a file without a stat.
int ftw(const char *path, ftw_call call, int fds)
{
    struct walk w = {.old_call = call};
    (void)fds;
    if (!*path)
        return errno = ENOENT, -1;
    return walk_from(path, &w);
}
