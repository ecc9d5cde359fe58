// SPDX-License-Identifier: BSD-2-Clause
// tree.c: see tree.h.
#include "tools/mkimage/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/mkimage/util.h"

char *guest_path(const char *what, const char *path)
{
    char *out = new_zeroed(strlen(path) + 2, 1);
    size_t len = 0;

    if (*path != '/')
        die("%s: guest path '%s' does not start with '/'", what, path);
    while (*(path += strspn(path, "/"))) {
        size_t n = strcspn(path, "/");
        if (n > IMAGE_NAME_MAX)
            die("%s: name longer than %d bytes: '%.40s...'", what, IMAGE_NAME_MAX, path);
        if ((n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
            die("%s: guest path has a '%.*s' component", what, (int)n, path);
        out[len++] = '/';
        memcpy(out + len, path, n);
        len += n;
        path += n;
    }
    if (len > IMAGE_PATH_MAX)
        die("%s: guest path longer than %d bytes", what, IMAGE_PATH_MAX);
    if (len == 0)
        out[0] = '/';
    return out;
}

void tree_add(struct tree *tree, const struct node *node)
{
    if (tree->count == tree->room) {
        if (tree->count >= IMAGE_MAX_FILES)
            die("more than %u files", IMAGE_MAX_FILES);
        tree->room = tree->room ? tree->room * 2 : 64;
        tree->nodes = grow(tree->nodes, tree->room, sizeof *tree->nodes);
    }
    tree->nodes[tree->count] = *node;
    tree->nodes[tree->count].order = tree->count;
    tree->count++;
}

// The length of the parent directory's path; 0 stands for the root.
static size_t parent_len(const char *path)
{
    return (size_t)(strrchr(path, '/') - path);
}

static void add_implicit(struct tree *tree, const char *path, size_t len)
{
    struct node dir = {
        .path = len ? new_string("%.*s", (int)len, path) : new_string("/"),
        .source = NODE_IMPLICIT,
        .type = IMAGE_DIR,
        .mode = 0755,
        .mtime = MTIME_UNKNOWN,
    };

    tree_add(tree, &dir);
}

static void add_parents(struct tree *tree)
{
    // Added parents are themselves visited, and so reach the root; the node array may move.
    for (uint32_t i = 0; i < tree->count; i++) {
        const char *path = tree->nodes[i].path;
        size_t len = parent_len(path);
        // Neighbours mostly share their directory: skip what the last node has just added.
        if (i && parent_len(tree->nodes[i - 1].path) == len &&
            memcmp(tree->nodes[i - 1].path, path, len) == 0)
            continue;
        if (path[1])
            add_implicit(tree, path, len);
    }
}

// The image's order; among equal paths the one to keep comes first.
static int compare_nodes(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    if (order)
        return order;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

// Of each run of equal paths keep the first, unless they contradict.
static void merge(struct tree *tree)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < tree->count; i++) {
        const struct node *n = &tree->nodes[i];
        const struct node *last = kept ? &tree->nodes[kept - 1] : NULL;
        if (!last || strcmp(last->path, n->path) != 0) {
            tree->nodes[kept++] = *n;
            continue;
        }
        if (n->source == NODE_NAMED)
            die("%s: given twice", n->path);
        if (last->type != IMAGE_DIR)
            die("%s: both a file and a directory", n->path);
        free(n->path);
    }
    tree->count = kept;
}

static int64_t newest(const struct tree *tree)
{
    int64_t t = 0;

    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].mtime > t)
            t = tree->nodes[i].mtime;
    return t;
}

static void set_times(struct tree *tree, int64_t mtime)
{
    int64_t made = mtime != MTIME_UNKNOWN ? mtime : newest(tree);

    for (uint32_t i = 0; i < tree->count; i++)
        if (mtime != MTIME_UNKNOWN || tree->nodes[i].mtime == MTIME_UNKNOWN)
            tree->nodes[i].mtime = made;
}

static void set_parents(struct tree *tree)
{
    for (uint32_t i = 1; i < tree->count; i++) {
        struct node *n = &tree->nodes[i];
        size_t len = parent_len(n->path);
        char *dir = len ? new_string("%.*s", (int)len, n->path) : new_string("/");
        const struct node *parent = tree_find(tree, dir);
        free(dir);
        // add_parents made one, and merge kept a directory in its place.
        n->parent = (uint32_t)(parent - tree->nodes);
    }
}

// The kernel mounts on these, and on directories only; images without them are the usual thing.
static void check_mount_points(const struct tree *tree)
{
    static const char *const points[] = {"/dev", "/proc"};

    for (unsigned i = 0; i < sizeof points / sizeof *points; i++) {
        const struct node *n = tree_find(tree, points[i]);
        if (n && n->type != IMAGE_DIR)
            die("%s: must be a directory, if it is in the image at all", points[i]);
    }
}

void tree_finish(struct tree *tree, int64_t mtime)
{
    add_parents(tree);
    qsort(tree->nodes, tree->count, sizeof *tree->nodes, compare_nodes);
    merge(tree);
    set_times(tree, mtime);
    set_parents(tree);
    check_mount_points(tree);
}

static int compare_path(const void *key, const void *node)
{
    return strcmp(key, ((const struct node *)node)->path);
}

struct node *tree_find(const struct tree *tree, const char *path)
{
    return bsearch(path, tree->nodes, tree->count, sizeof *tree->nodes, compare_path);
}
