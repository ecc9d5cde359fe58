// SPDX-License-Identifier: BSD-2-Clause
//
// Walks of a directory tree: ftw(), nftw() and fts, with links, a loop of links, a directory that
// cannot be read, and callers that stop or skip.
#define _GNU_SOURCE
#include <fts.h>
#include <ftw.h>

#include "tests/guest/check.h"

static char lines[100][200];
static int count;

static int compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

// Which name of a directory comes first is the file system's business.
static void say_lines(const char *title, int result)
{
    say("%s: %d", title, result);
    qsort(lines, (size_t)count, sizeof *lines, compare_lines);
    for (int i = 0; i < count; i++)
        say("  %s", lines[i]);
    count = 0;
}

static int note(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    // With FTW_CHDIR the last name is enough.
    int reachable = access(path + at->base, F_OK) == 0;
    snprintf(lines[count++], sizeof *lines, "%s type %d base %d level %d %d", path, type, at->base,
             at->level, reachable);
    return 0;
}

static int note_old(const char *path, const struct stat *st, int type)
{
    (void)st;
    snprintf(lines[count++], sizeof *lines, "%s type %d", path, type);
    return 0;
}

static int stop_at_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)at;
    return type == FTW_F && strstr(path, "deep") ? 7 : 0;
}

static int skip_b(const char *path, const struct stat *st, int type, struct FTW *at)
{
    note(path, st, type, at);
    return !strcmp(path + at->base, "b") ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
}

static int take_away(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void make_tree(void)
{
    NEED(mkdir("top", 0755) == 0 && mkdir("top/a", 0755) == 0 && mkdir("top/b", 0755) == 0);
    NEED(mkdir("top/b/deep", 0755) == 0);
    NEED(close(creat("top/file", 0644)) == 0 && close(creat("top/b/deep/er", 0644)) == 0);
    NEED(symlink("../file", "top/a/link") == 0 && symlink("nowhere", "top/a/dangling") == 0);
    NEED(symlink("..", "top/a/up") == 0);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void walk_fts(const char *title, int options, const char *skip)
{
    char *const roots[] = {"top", "missing", NULL};
    FTS *fts = fts_open(roots, options, by_name);
    NEED(fts != NULL);
    say("%s", title);
    for (FTSENT *e; (e = fts_read(fts));) {
        say("  %s info %d level %d len %d errno %s number %ld", e->fts_path, e->fts_info,
            e->fts_level, e->fts_pathlen,
            e->fts_info == FTS_NS || e->fts_info == FTS_DNR ? err_name(e->fts_errno) : "",
            e->fts_number);
        if (skip && !strcmp(e->fts_name, skip) && e->fts_info == FTS_D)
            fts_set(fts, e, FTS_SKIP);
        else if (e->fts_info == FTS_D && !strcmp(e->fts_name, "b"))
            for (FTSENT *c = fts_children(fts, 0); c; c = c->fts_link)
                say("    child %s", c->fts_name);
        e->fts_number = e->fts_level + 10;
        if (e->fts_info == FTS_SLNONE)
            continue;
    }
    say("  end %s close %d", err_name(errno), fts_close(fts));
}

int main(void)
{
    char dir[] = "/tmp/walkXXXXXX";
    NEED(mkdtemp(dir) && chdir(dir) == 0);
    make_tree();
    say_lines("ftw", ftw("top", note_old, 5));
    say_lines("nftw", nftw("top", note, 5, 0));
    say_lines("physical", nftw("top", note, 5, FTW_PHYS));
    say_lines("depth", nftw("top/", note, 1, FTW_PHYS | FTW_DEPTH));
    say_lines("chdir", nftw("top", note, 5, FTW_PHYS | FTW_CHDIR));
    say_lines("skip", nftw("top", skip_b, 5, FTW_PHYS | FTW_ACTIONRETVAL));
    say_lines("stop", nftw("top", stop_at_file, 5, FTW_PHYS));
    say_lines("file", nftw("top/file", note, 5, FTW_PHYS));
    TRY(nftw("missing", note, 5, FTW_PHYS));
    TRY(ftw("missing", note_old, 5));
    walk_fts("physical", FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    walk_fts("logical", FTS_LOGICAL | FTS_NOCHDIR, NULL);
    walk_fts("skip, dots", FTS_PHYSICAL | FTS_NOCHDIR | FTS_SEEDOT, "b");
    walk_fts("no stat", FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT | FTS_XDEV, NULL);
    NEED(fts_open((char *const[]){"top", NULL}, 0x10000, NULL) == NULL);
    say("bad option %s", err_name(errno));
    NEED(chdir("/") == 0);
    TRY(nftw(dir, take_away, 5, FTW_PHYS | FTW_DEPTH));
    return 0;
}
