// SPDX-License-Identifier: BSD-2-Clause
// input.c: host files, trees and links become entries of the guest tree (see input.h).
//
// Contents stay on the host until write.c copies them; only programs are read here, to be parsed.
#include "tools/mkimage/input.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage/util.h"

enum program_rule {
    MUST_BE_PROGRAM, // --program: anything else is refused
    MAY_BE_PROGRAM,  // a file that carries the Ramet note is one, and must then be a good one
};

// Split "LEFT<sep>RIGHT" at the given separator inside a copy of arg. Returns LEFT.
static char *split_at(const char *option, const char *arg, const char *sep, char **right)
{
    char *left = new_string("%s", arg);

    if (!sep || sep == arg || !sep[1])
        die("%s: '%s' has the wrong form, see --help", option, arg);
    left[sep - arg] = '\0';
    *right = left + (sep - arg) + 1;
    return left;
}

static uint32_t parse_mode(const char *option, const char *text)
{
    char *end;
    unsigned long mode = strtoul(text, &end, 8);

    if (*text < '0' || *text > '7' || *end || mode > 07777)
        die("%s: '%s' is not an octal mode", option, text);
    return (uint32_t)mode;
}

// Cut an optional ":MODE" off a guest path.
static uint32_t cut_mode(const char *option, char *path, uint32_t otherwise)
{
    char *colon = strchr(path, ':');

    if (!colon)
        return otherwise;
    *colon = '\0';
    return parse_mode(option, colon + 1);
}

// Parse the open host file as a program. NULL: it need not be one, and is not.
static struct elf_program *read_program(const char *host, int fd, uint64_t size,
                                        enum program_rule rule)
{
    struct elf_program *elf = NULL;
    char why[160];

    if (size == 0) {
        if (rule == MUST_BE_PROGRAM)
            die("%s: not an ELF file", host);
        return NULL;
    }
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        die("%s: %s", host, strerror(errno));
    if (rule == MUST_BE_PROGRAM || elf_is_ramet(map, size)) {
        elf = new_zeroed(1, sizeof *elf);
        if (elf_parse(elf, map, size, why, sizeof why) < 0)
            die("%s: %s", host, why);
    }
    munmap(map, size);
    return elf;
}

// Add a regular host file. mode: permissions, or -1 for the host's.
static void add_host_file(struct tree *tree, const char *host, char *guest, int mode,
                          enum program_rule rule)
{
    int fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        die("%s: %s", host, strerror(errno));
    if (S_ISDIR(st.st_mode))
        die("%s: is a directory", host);
    if (!S_ISREG(st.st_mode))
        die("%s: not a regular file", host);
    struct node node = {
        .path = guest,
        .source = NODE_NAMED,
        .type = IMAGE_REG,
        .mode = mode >= 0 ? (uint32_t)mode : st.st_mode & 07777,
        .mtime = st.st_mtime,
        .host = new_string("%s", host),
        .size = (uint64_t)st.st_size,
        .dev = st.st_dev,
        .ino = st.st_ino,
        .linked = st.st_nlink > 1,
        .elf = read_program(host, fd, (uint64_t)st.st_size, rule),
    };
    if (node.elf)
        node.type = IMAGE_PROGRAM;
    close(fd);
    tree_add(tree, &node);
}

const char *add_program(struct tree *tree, const char *arg)
{
    char *host;
    char *guest = guest_path("--program", split_at("--program", arg, strchr(arg, '='), &host));

    add_host_file(tree, host, guest, 0755, MUST_BE_PROGRAM);
    return guest;
}

void add_file(struct tree *tree, const char *arg)
{
    char *guest;
    char *host = split_at("--file", arg, strchr(arg, ':'), &guest);
    char *colon = strchr(guest, ':');
    int mode = colon ? (int)cut_mode("--file", guest, 0) : -1;

    add_host_file(tree, host, guest_path("--file", guest), mode, MAY_BE_PROGRAM);
}

static void add_symlink(struct tree *tree, char *path, char *target, int64_t mtime)
{
    struct node node = {
        .path = path,
        .source = NODE_NAMED,
        .type = IMAGE_SYMLINK,
        .mode = 0777,
        .mtime = mtime,
        .target = target,
    };

    if (strlen(target) > IMAGE_PATH_MAX)
        die("%s: link target longer than %d bytes", path, IMAGE_PATH_MAX);
    tree_add(tree, &node);
}

void add_link(struct tree *tree, const char *arg)
{
    char *target;
    char *name = split_at("--link", arg, strchr(arg, '='), &target);

    add_symlink(tree, guest_path("--link", name), target, MTIME_UNKNOWN);
}

void add_links(struct tree *tree, const char *arg)
{
    char *target, *line = NULL;
    char *list = split_at("--links", arg, strrchr(arg, '='), &target);
    FILE *f = fopen(list, "re");
    size_t room = 0;

    if (!f)
        die("%s: %s", list, strerror(errno));
    while (getline(&line, &room, f) > 0) {
        char *name = line + strspn(line, " \t");
        name[strcspn(name, " \t\r\n")] = '\0';
        if (*name && *name != '#')
            add_symlink(tree, guest_path(list, name), new_string("%s", target), MTIME_UNKNOWN);
    }
    if (ferror(f))
        die("%s: %s", list, strerror(errno));
    free(line);
    fclose(f);
}

void add_mkdir(struct tree *tree, const char *arg)
{
    char *path = new_string("%s", arg);
    uint32_t mode = cut_mode("--mkdir", path, 0755);
    struct node node = {
        .path = guest_path("--mkdir", path),
        .source = NODE_NAMED,
        .type = IMAGE_DIR,
        .mode = mode,
        .mtime = MTIME_UNKNOWN,
    };

    tree_add(tree, &node);
}

static char *read_link(const FTSENT *e)
{
    char target[IMAGE_PATH_MAX + 1];
    ssize_t n = readlink(e->fts_accpath, target, sizeof target);

    if (n < 0)
        die("%s: %s", e->fts_path, strerror(errno));
    if (n == sizeof target)
        die("%s: link target longer than %d bytes", e->fts_path, IMAGE_PATH_MAX);
    return new_string("%.*s", (int)n, target);
}

static void add_tree_dir(struct tree *tree, char *path, const struct stat *st)
{
    struct node node = {
        .path = path,
        .source = NODE_TREE_DIR,
        .type = IMAGE_DIR,
        .mode = st->st_mode & 07777,
        .mtime = st->st_mtime,
    };

    tree_add(tree, &node);
}

// What is neither file, directory nor link: a FIFO is a name as good as any, a socket means nothing
// without the process that made it, and a device of this machine is none of the guest's.
static void add_special(struct tree *tree, const FTSENT *e, char *path)
{
    const struct stat *st = e->fts_statp;
    struct node fifo = {
        .path = path,
        .source = NODE_NAMED,
        .type = IMAGE_FIFO,
        .mode = st->st_mode & 07777,
        .mtime = st->st_mtime,
    };

    if (S_ISFIFO(st->st_mode)) {
        tree_add(tree, &fifo);
    } else if (S_ISSOCK(st->st_mode)) {
        fputs("mkimage: ", stderr);
        print_text(stderr, e->fts_path);
        fputs(": a socket, left out\n", stderr);
        free(path);
    } else {
        die("%s: a device of this machine; the guest's /dev is made when it boots", e->fts_path);
    }
}

static void add_tree_entry(struct tree *tree, const FTSENT *e, size_t skip, const char *guest)
{
    char *joined = new_string("%s/%s", guest, e->fts_path + skip);
    char *path = guest_path(e->fts_path, joined);

    free(joined);
    switch (e->fts_info) {
    case FTS_D:
        add_tree_dir(tree, path, e->fts_statp);
        break;
    case FTS_F:
        add_host_file(tree, e->fts_path, path, -1, MAY_BE_PROGRAM);
        break;
    case FTS_SL:
    case FTS_SLNONE:
        add_symlink(tree, path, read_link(e), e->fts_statp->st_mtime);
        break;
    case FTS_DP: // a directory again, after its contents
        free(path);
        break;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        die("%s: %s", e->fts_path, strerror(e->fts_errno));
    default:
        add_special(tree, e, path);
    }
}

void add_dir(struct tree *tree, const char *arg)
{
    char *guest;
    char *host = split_at("--dir", arg, strchr(arg, ':'), &guest);
    char *root = guest_path("--dir", guest);
    struct stat st;
    char *roots[] = {host, NULL};

    if (stat(host, &st) < 0)
        die("%s: %s", host, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        die("%s: not a directory", host);
    // The working directory stays: host paths of files are opened again later.
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (!fts)
        die("%s: %s", host, strerror(errno));
    for (;;) {
        errno = 0; // fts_read returns NULL at the end as well as on an error
        FTSENT *e = fts_read(fts);
        if (!e)
            break;
        add_tree_entry(tree, e, strlen(host), root);
    }
    if (errno)
        die("%s: %s", host, strerror(errno));
    fts_close(fts);
}
