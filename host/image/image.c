// SPDX-License-Identifier: BSD-2-Clause
// image.c: open an image, copy its tables, and turn what host/image/check.c found good into what
// the monitor uses: program segments, default arguments, look-up by path.
// Neighbours: abi/image.h (the format), tools/mkimage (the writer).
#include "host/image/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/image/check.h"

const char *image_string(const struct image *img, struct image_str str)
{
    return (const char *)img->header + str.off;
}

// Copy the checked program table to the form the monitor walks, and check each segment list.
static int load_programs(struct image *img, char *err, size_t errlen)
{
    uint32_t count = img->header->program_count;
    char why[128];

    img->programs = calloc(count, sizeof *img->programs);
    if (!img->programs)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        const struct image_program *p = image_program_entry(img, i);
        struct elf_program *out = &img->programs[i];
        out->entry = p->entry;
        out->nsegs = p->seg_count;
        out->tls = p->tls;
        out->note = p->note;
        memcpy(out->segs, p->segs, p->seg_count * sizeof *p->segs);
        if (elf_check(out, p->data_off, p->data_off + p->data_size, why, sizeof why) < 0)
            return elf_refuse(err, errlen, "damaged image: program %u: %s", i, why);
    }
    return 0;
}

static int load_args(struct image *img)
{
    const struct image_header *h = img->header;

    img->args = calloc((size_t)h->arg_count + 1, sizeof *img->args);
    if (!img->args)
        return -ENOMEM;
    const char *s = h->arg_count ? image_string(img, h->args) : NULL;
    for (uint32_t i = 0; i < h->arg_count; i++) {
        img->args[i] = s;
        s += strlen(s) + 1;
    }
    return 0;
}

// ---- where the bytes come from ----

// Copy len bytes at off from mem if it is given, else from the file. A file that shrank after fstat
// ends early: -ENODATA.
static int image_read_at(const struct image *img, const uint8_t *mem, void *buf, size_t len,
                         uint64_t off)
{
    if (mem) {
        memcpy(buf, mem + off, len);
        return 0;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(img->fd, (char *)buf + done, len - done, (off_t)(off + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ENODATA;
        done += (size_t)n;
    }
    return 0;
}

// Read and check the header and the tables. The header is read only once, the tables go behind the
// copy that was checked: a change of the file in between cannot slip through.
static int load_tables(struct image *img, const uint8_t *mem, char *err, size_t errlen)
{
    struct image_header h;
    uint8_t *meta;
    int rc = 0;

    if (img->size < sizeof h)
        return elf_refuse(err, errlen, "not a Ramet image");
    rc = image_read_at(img, mem, &h, sizeof h, 0);
    if (rc)
        return rc;
    if (memcmp(h.magic, ELFMAG, SELFMAG) == 0)
        return elf_refuse(err, errlen, "not a Ramet image: mkimage makes one of a program");
    if (memcmp(h.magic, IMAGE_MAGIC, sizeof h.magic) != 0)
        return elf_refuse(err, errlen, "not a Ramet image");
    rc = image_check_header(&h, img->size, err, errlen);
    if (rc)
        return rc;
    // Header, tables and strings in one piece, with the offsets of the file: image_string() is one
    // addition. layout_fault() has bounded the size.
    meta = malloc(h.contents_off);
    if (!meta)
        return -ENOMEM;
    img->header = memcpy(meta, &h, sizeof h);
    img->files = (const struct image_file *)(meta + h.files_off);
    rc = image_read_at(img, mem, meta + sizeof h, h.contents_off - sizeof h, sizeof h);
    return rc ? rc : image_check_tables(img, err, errlen);
}

// Everything, with a reason in err for each failure. What was allocated stays for image_close.
static int load(struct image *img, const uint8_t *mem, char *err, size_t errlen)
{
    int rc = load_tables(img, mem, err, errlen);

    if (rc == 0)
        rc = load_programs(img, err, errlen);
    if (rc == 0)
        rc = load_args(img);
    if (rc && rc != -ENOEXEC)
        snprintf(err, errlen, "%s", strerror(-rc));
    return rc;
}

int image_parse(struct image *img, const uint8_t *buf, size_t size, char *err, size_t errlen)
{
    *img = (struct image){.fd = -1, .size = size};
    int rc = load(img, buf, err, errlen);
    if (rc)
        image_close(img);
    return rc;
}

int image_open(struct image *img, const char *path, char *err, size_t errlen)
{
    char why[160];
    struct stat st;
    int rc = 0;

    // O_NONBLOCK: a FIFO by that name must not hold us up before it is refused.
    *img = (struct image){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (img->fd < 0 || fstat(img->fd, &st) < 0) {
        rc = -errno;
        snprintf(why, sizeof why, "%s", strerror(-rc));
    } else if (!S_ISREG(st.st_mode)) {
        rc = elf_refuse(why, sizeof why, "not a Ramet image");
    } else {
        img->size = (uint64_t)st.st_size;
        rc = load(img, NULL, why, sizeof why);
    }
    if (rc) {
        snprintf(err, errlen, "%s: %s", path, why);
        image_close(img);
    }
    return rc;
}

void image_close(struct image *img)
{
    if (img->fd >= 0)
        close(img->fd);
    free(img->programs);
    free(img->args);
    free((void *)img->header);
    *img = (struct image){.fd = -1};
}

// ---- accessors ----

const struct elf_program *image_program(const struct image *img, uint32_t index)
{
    return index < img->header->program_count ? &img->programs[index] : NULL;
}

const char *image_program_path(const struct image *img, uint32_t index)
{
    if (index >= img->header->program_count)
        return NULL;
    return image_string(img, img->files[image_program_entry(img, index)->file].path);
}

// Binary search; place_fault() has seen that the table is sorted.
const struct image_file *image_find(const struct image *img, const char *path)
{
    uint32_t lo = 0, hi = img->header->file_count;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int order = strcmp(path, image_string(img, img->files[mid].path));
        if (order == 0)
            return &img->files[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

#define LINKS_MAX 40 // followed in one look-up, as Linux has it

// Cuts the last name off an absolute path.
static void cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    slash[slash == path] = 0; // "/" has none
}

// Puts "TARGET/REST" in place of rest; a target that is absolute starts at the root.
static int insert(char *rest, size_t size, char *at, const char *target)
{
    char copy[2 * IMAGE_PATH_MAX + 2];
    if ((size_t)snprintf(copy, sizeof copy, "%s%s%s", target, rest[0] ? "/" : "", rest) >= size)
        return -1;
    strcpy(rest, copy);
    if (target[0] == '/')
        strcpy(at, "/");
    return 0;
}

// Goes from directory `at` to the first name of `rest`, which is cut off. The entry, or NULL.
static const struct image_file *path_step(const struct image *img, char *at, size_t size,
                                          char *rest)
{
    const size_t start = strspn(rest, "/"), len = strcspn(rest + start, "/");
    char name[IMAGE_NAME_MAX + 1];
    if (len > IMAGE_NAME_MAX)
        return NULL;
    memcpy(name, rest + start, len);
    name[len] = 0;
    memmove(rest, rest + start + len, strlen(rest + start + len) + 1);
    if (!strcmp(name, ".."))
        cut_name(at);
    else if (len && strcmp(name, ".") != 0) {
        const size_t used = strlen(at);
        if (used + len + 2 > size)
            return NULL;
        sprintf(at + used, "%s%s", at[1] ? "/" : "", name);
    }
    return image_find(img, at);
}

// As path resolution in POSIX (XBD 4.13), on the image's own table: `at` is where we are, without
// symlinks in it, `rest` what is still to walk. Bounded buffers, bounded links.
const struct image_file *image_follow(const struct image *img, const char *path)
{
    char at[IMAGE_PATH_MAX + 1] = "/", rest[2 * IMAGE_PATH_MAX + 2];
    const struct image_file *file = NULL;
    if (path[0] != '/' || strlen(path) >= sizeof rest)
        return NULL;
    strcpy(rest, path);
    for (int links = 0; rest[0];) {
        if (file && file->type != IMAGE_DIR)
            return NULL; // something follows
        file = path_step(img, at, sizeof at, rest);
        if (file && file->type == IMAGE_SYMLINK) {
            cut_name(at);
            if (++links > LINKS_MAX ||
                insert(rest, sizeof rest, at, image_string(img, file->target)) < 0)
                return NULL;
            file = image_find(img, at);
        }
        if (!file)
            return NULL;
    }
    return file;
}

// FNV-1a, 64 bits, of the tables and of when the contents were last written.
uint64_t image_hash(const struct image *img)
{
    const uint64_t prime = UINT64_C(0x100000001b3);
    const uint8_t *p = (const uint8_t *)img->header;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    struct stat st = {0};
    fstat(img->fd, &st);
    // Not the contents: a hash of gigabytes at every start would cost more than it saves. Whoever
    // rewrites a file changes its time.
    for (uint64_t i = 0; i < img->header->contents_off; i++)
        h = (h ^ p[i]) * prime;
    h = (h ^ (uint64_t)st.st_mtim.tv_sec) * prime;
    return (h ^ (uint64_t)st.st_mtim.tv_nsec) * prime;
}
