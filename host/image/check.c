// SPDX-License-Identifier: BSD-2-Clause
// check.c: is every field of an image what abi/image.h says? The image is untrusted.
//
// The order is: the header against the file size; then, on the private copy of the tables, strings
// before whatever refers to them. A *_fault function gives the reason, or NULL when all is well.
// Neighbours: host/image/image.c (reads the tables, keeps the result), host/image/elf.c (a
// program's segments).
#include "host/image/check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "abi/pv.h"

// Whether [off, off + len) lies in [start, end). No sum, so nothing can wrap.
static bool range_inside(uint64_t off, uint64_t len, uint64_t start, uint64_t end)
{
    return off >= start && off <= end && len <= end - off;
}

// ---- the header ----

// The tables lie back to back, so what a reader must hold is bounded by the counts.
static const char *layout_fault(const struct image_header *h)
{
    // 32-bit counts of small structs: no overflow.
    uint64_t programs_end = sizeof *h + (uint64_t)h->program_count * sizeof(struct image_program);
    uint64_t files_end = programs_end + (uint64_t)h->file_count * sizeof(struct image_file);

    if (h->program_count < 1 || h->program_count > IMAGE_MAX_PROGRAMS)
        return "bad number of programs";
    if (h->file_count < 2 || h->file_count > IMAGE_MAX_FILES)
        return "bad number of files";
    if (h->strings_size < 1 || h->strings_size > IMAGE_MAX_STRINGS)
        return "bad string area size";
    if (h->programs_off != sizeof *h || h->files_off != programs_end || h->strings_off != files_end)
        return "tables out of place";
    // strings_off is now known to be small: the sum cannot wrap.
    uint64_t strings_end = h->strings_off + h->strings_size;
    if (h->contents_off % IMAGE_PAGE || h->contents_off < strings_end ||
        h->contents_off - strings_end >= IMAGE_PAGE || h->contents_off > h->total_size)
        return "contents out of place";
    if (h->entry_program >= h->program_count || h->arg_count > IMAGE_MAX_ARGS)
        return "bad entry or default arguments";
    // So that a later format can give them a meaning which this program would not ignore.
    for (size_t i = 0; i < sizeof h->reserved / sizeof *h->reserved; i++)
        if (h->reserved[i])
            return "reserved field in use";
    return NULL;
}

// Before the tables are read: their sizes are taken from here. Format and ABI first, so that an
// image of another version is called that and not damaged.
int image_check_header(const struct image_header *h, uint64_t size, char *err, size_t errlen)
{
    const char *fault;

    if (h->format != IMAGE_FORMAT)
        return elf_refuse(err, errlen, "image format %u, this ramet reads format %u", h->format,
                          IMAGE_FORMAT);
    if (h->abi != PV_ABI_VERSION)
        return elf_refuse(err, errlen, "image built for Ramet ABI %u, this is ABI %u", h->abi,
                          (unsigned)PV_ABI_VERSION);
    if (h->total_size > size)
        return elf_refuse(err, errlen, "truncated image: %" PRIu64 " of %" PRIu64 " bytes", size,
                          h->total_size);
    if (h->total_size < size)
        return elf_refuse(err, errlen, "damaged image: %" PRIu64 " bytes after its end",
                          size - h->total_size);
    if (size > IMAGE_MAX_SIZE || size % IMAGE_PAGE)
        return elf_refuse(err, errlen, "damaged image: bad size");
    fault = layout_fault(h);
    return fault ? elf_refuse(err, errlen, "damaged image: %s", fault) : 0;
}

// ---- strings ----

// Whether [off, off + len] lies in the string area and ends in NUL.
static bool string_area_holds(const struct image *img, struct image_str s)
{
    const struct image_header *h = img->header;
    return range_inside(s.off, (uint64_t)s.len + 1, h->strings_off,
                        h->strings_off + h->strings_size) &&
           image_string(img, s)[s.len] == '\0';
}

// A string with a NUL inside would have one length here and another in the kernel.
static bool string_ok(const struct image *img, struct image_str s)
{
    return string_area_holds(img, s) && !memchr(image_string(img, s), '\0', s.len);
}

// Absolute, without empty, `.` or `..` components, and no component or path that POSIX's limits
// would not allow: the kernel makes inodes of them without another look.
static bool path_ok(const struct image *img, struct image_str s)
{
    if (!string_ok(img, s) || s.len < 1 || s.len > IMAGE_PATH_MAX)
        return false;
    const char *p = image_string(img, s);
    if (*p != '/')
        return false;
    if (s.len == 1)
        return true;
    while (*p == '/') {
        size_t n = strcspn(++p, "/");
        if (n == 0 || n > IMAGE_NAME_MAX || (n == 1 && p[0] == '.') ||
            (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n;
    }
    return true;
}

// ---- the file table ----

// Entry i against the ones before it: order, and the directory that holds it.
static const char *place_fault(const struct image *img, uint32_t i)
{
    const struct image_file *f = &img->files[i];
    const char *path = image_string(img, f->path);

    if (i == 0)
        return f->path.len == 1 && f->type == IMAGE_DIR && f->parent == 0 ? NULL : "bad root";
    // Sorted by bytes: this is what image_find() searches by, and it puts a directory before what
    // is in it.
    if (strcmp(image_string(img, f[-1].path), path) >= 0)
        return "out of order, or there twice";
    if (f->parent >= i || img->files[f->parent].type != IMAGE_DIR)
        return "bad parent";
    size_t dir_len = f->parent ? img->files[f->parent].path.len : 0;
    // The parent's path, a slash, and a name without one.
    if ((size_t)(strrchr(path, '/') - path) != dir_len ||
        memcmp(path, image_string(img, img->files[f->parent].path), dir_len) != 0)
        return "bad parent";
    return NULL;
}

// Large files begin at a page so that they can be mapped; small ones are packed.
static const char *contents_fault(const struct image *img, const struct image_file *f)
{
    uint64_t align = f->data_size < IMAGE_PAGE ? IMAGE_SMALL_ALIGN : IMAGE_PAGE;

    if (f->data_size == 0)
        return f->data_off ? "bad extent" : NULL;
    if (!range_inside(f->data_off, f->data_size, img->header->contents_off, img->size))
        return "contents cut off";
    return f->data_off % align ? "contents misaligned" : NULL;
}

// A program is in both tables: as a file that can be read, and as what can be run. The two must be
// the same bytes.
static const char *program_link_fault(const struct image *img, const struct image_file *f)
{
    const struct image_program *p;

    if (f->program >= img->header->program_count)
        return "bad program index";
    p = image_program_entry(img, f->program);
    return f->data_off != p->data_off || f->data_size != p->data_size ? "not its program" : NULL;
}

// Fields that a type has no use for must be empty, so that nobody comes to rely on what is in them.
static const char *file_fault(const struct image *img, const struct image_file *f)
{
    bool has_target = f->target.off || f->target.len;
    const char *fault = contents_fault(img, f);

    if (fault)
        return fault;
    if (f->mode > 07777)
        return "bad mode";
    if ((f->type == IMAGE_SYMLINK) != has_target ||
        (f->type == IMAGE_PROGRAM) != (f->program != IMAGE_NO_PROGRAM))
        return "fields contradict its type";
    switch (f->type) {
    case IMAGE_REG:
        return NULL;
    case IMAGE_DIR:
        return f->data_size ? "directory with contents" : NULL;
    case IMAGE_FIFO:
        return f->data_size ? "FIFO with contents" : NULL;
    case IMAGE_SYMLINK:
        if (f->data_size || !string_ok(img, f->target) || f->target.len < 1 ||
            f->target.len > IMAGE_PATH_MAX)
            return "bad link";
        return NULL;
    case IMAGE_PROGRAM:
        return program_link_fault(img, f);
    default:
        return "unknown type";
    }
}

static int check_files(const struct image *img, char *err, size_t errlen)
{
    for (uint32_t i = 0; i < img->header->file_count; i++) {
        const struct image_file *f = &img->files[i];
        const char *fault = path_ok(img, f->path) ? place_fault(img, i) : "bad path";
        if (!fault)
            fault = file_fault(img, f);
        if (fault)
            return elf_refuse(err, errlen, "damaged image: file %u: %s", i, fault);
    }
    return 0;
}

// ---- the program table ----

// The segments themselves are checked by elf_check(), by the same code for an image and for a file.
static const char *program_fault(const struct image *img, uint32_t i)
{
    const struct image_program *p = image_program_entry(img, i);
    const struct image_header *h = img->header;

    if (p->data_off % IMAGE_PAGE || p->data_size == 0 ||
        !range_inside(p->data_off, p->data_size, h->contents_off, img->size))
        return "cut off or misaligned";
    if (p->file >= h->file_count || img->files[p->file].program != i)
        return "bad file index";
    if (p->note.abi != h->abi || (p->note.drivers & ~h->drivers))
        return "does not match the image's header";
    if (p->reserved)
        return "reserved field in use";
    if (p->seg_count > IMAGE_MAX_SEGS)
        return "too many segments";
    for (uint32_t s = 0; s < p->seg_count; s++)
        if (p->segs[s].reserved)
            return "reserved field in use";
    return NULL;
}

static int check_programs(const struct image *img, char *err, size_t errlen)
{
    for (uint32_t i = 0; i < img->header->program_count; i++) {
        const char *fault = program_fault(img, i);
        if (fault)
            return elf_refuse(err, errlen, "damaged image: program %u: %s", i, fault);
    }
    return 0;
}

// ---- what the first process gets ----

// Strings with their NULs, one after the other: counted, so that whoever takes them apart cannot
// run out of the area.
static bool args_ok(const struct image *img)
{
    const struct image_header *h = img->header;
    uint32_t n = 0;

    if (h->arg_count == 0)
        return h->args.off == 0 && h->args.len == 0;
    if (!string_area_holds(img, h->args))
        return false;
    const char *s = image_string(img, h->args);
    for (uint32_t i = 0; i <= h->args.len; i++)
        n += s[i] == '\0';
    return n == h->arg_count;
}

// IMG's tables are a private copy: what was checked cannot change in the file afterwards.
int image_check_tables(const struct image *img, char *err, size_t errlen)
{
    int rc = check_files(img, err, errlen);

    if (rc == 0)
        rc = check_programs(img, err, errlen);
    if (rc == 0 && !args_ok(img))
        rc = elf_refuse(err, errlen, "damaged image: bad default arguments");
    if (rc == 0 && !path_ok(img, img->header->entry_path))
        rc = elf_refuse(err, errlen, "damaged image: bad entry path");
    return rc;
}
