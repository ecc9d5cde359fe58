// SPDX-License-Identifier: BSD-2-Clause
// write.c: lay the image out, build its tables in memory, copy the contents behind them.
//
// Order in the file: tables, programs, files of a page or more (both page-aligned), small files
// (packed to cache lines). Gaps are holes, which read as zeros. main.c calls this last.
#include "tools/mkimage/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/pv.h"
#include "tools/mkimage/util.h"

#define COPY_BLOCK (1u << 20)

// The tables while they are built: one block that is written at offset 0.
struct tables {
    uint8_t *bytes;
    struct image_header *header;
    struct image_program *programs;
    struct image_file *files;
    uint32_t string_end; // where the next string goes
};

static char *temp_path; // removed at exit unless it has become the image

static void remove_temp(void)
{
    if (temp_path)
        unlink(temp_path);
}

// ---- layout ----

// An earlier node that is the same host file, or NULL. Files with one name only are not compared:
// for programs it costs nothing, for a large tree it would.
static const struct node *find_twin(const struct tree *tree, const struct node *n)
{
    if (!n->elf && !n->linked)
        return NULL;
    for (const struct node *m = tree->nodes; m < n; m++)
        if (m->size && m->type == n->type && m->ino == n->ino && m->dev == n->dev)
            return m;
    return NULL;
}

static void number_programs(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->tree->count; i++) {
        struct node *n = &plan->tree->nodes[i];
        const struct node *twin = n->elf ? find_twin(plan->tree, n) : NULL;
        n->program = IMAGE_NO_PROGRAM;
        if (twin)
            n->program = twin->program;
        else if (n->elf)
            n->program = plan->program_count++;
        if (n->elf)
            plan->drivers |= n->elf->note.drivers;
    }
    if (plan->program_count > IMAGE_MAX_PROGRAMS)
        die("more than %d programs", IMAGE_MAX_PROGRAMS);
}

// The program that --entry names. Only the last component may be a link.
static uint32_t find_entry(const struct plan *plan)
{
    char *path = new_string("%s", plan->entry);

    for (int hops = 0; hops < 40; hops++) {
        const struct node *n = tree_find(plan->tree, path);
        if (!n)
            die("entry %s: no such file in the image", path);
        if (n->type == IMAGE_PROGRAM)
            return n->program;
        if (n->type != IMAGE_SYMLINK)
            break;
        char *target = *n->target == '/' ? new_string("%s", n->target)
                                         : new_string("%.*s/%s", (int)(strrchr(path, '/') - path),
                                                      path, n->target);
        free(path);
        path = guest_path("entry", target);
        free(target);
    }
    die("entry %s: not a program", plan->entry);
}

// Place the contents of one class of nodes from `at` on. Returns where the next class begins.
static uint64_t place(struct tree *tree, uint64_t at, bool programs, bool large)
{
    uint64_t align = programs || large ? IMAGE_PAGE : IMAGE_SMALL_ALIGN;

    for (uint32_t i = 0; i < tree->count; i++) {
        struct node *n = &tree->nodes[i];
        bool is_program = n->elf != NULL;
        if (!n->size || is_program != programs || (!programs && (n->size >= IMAGE_PAGE) != large))
            continue;
        const struct node *twin = find_twin(tree, n);
        if (twin && twin->size != n->size)
            die("%s: changed while it was read", n->host);
        n->data_off = twin ? twin->data_off : align_up(at, align);
        if (!twin)
            at = n->data_off + n->size;
        if (at > IMAGE_MAX_SIZE)
            die("image larger than %llu bytes", IMAGE_MAX_SIZE);
    }
    return at;
}

// ---- tables ----

static uint64_t string_space(const struct plan *plan)
{
    uint64_t size = strlen(plan->entry) + 1;

    for (uint32_t i = 0; i < plan->arg_count; i++)
        size += strlen(plan->args[i]) + 1;
    for (uint32_t i = 0; i < plan->tree->count; i++) {
        const struct node *n = &plan->tree->nodes[i];
        size += strlen(n->path) + 1 + (n->target ? strlen(n->target) + 1 : 0);
    }
    if (size > IMAGE_MAX_STRINGS)
        die("paths and arguments longer than %u bytes in all", IMAGE_MAX_STRINGS);
    return size;
}

static struct image_str put_string(struct tables *t, const char *s)
{
    struct image_str str = {.off = t->string_end, .len = (uint32_t)strlen(s)};

    memcpy(t->bytes + str.off, s, str.len + 1);
    t->string_end += str.len + 1;
    return str;
}

static struct tables new_tables(const struct plan *plan)
{
    uint64_t files_off =
        sizeof(struct image_header) + (uint64_t)plan->program_count * sizeof(struct image_program);
    uint64_t strings_off = files_off + (uint64_t)plan->tree->count * sizeof(struct image_file);
    uint64_t strings_size = string_space(plan);
    uint64_t size = align_up(strings_off + strings_size, IMAGE_PAGE);
    struct tables t = {.bytes = new_zeroed(size, 1), .string_end = (uint32_t)strings_off};

    t.header = (struct image_header *)t.bytes;
    t.programs = (struct image_program *)(t.header + 1);
    t.files = (struct image_file *)(t.bytes + files_off);
    memcpy(t.header->magic, IMAGE_MAGIC, sizeof t.header->magic);
    t.header->format = IMAGE_FORMAT;
    t.header->abi = PV_ABI_VERSION;
    t.header->programs_off = sizeof(struct image_header);
    t.header->files_off = files_off;
    t.header->strings_off = strings_off;
    t.header->strings_size = strings_size;
    t.header->contents_off = size;
    t.header->program_count = plan->program_count;
    t.header->file_count = plan->tree->count;
    t.header->drivers = plan->drivers;
    return t;
}

static void fill_program(struct image_program *p, const struct node *n, uint32_t file)
{
    *p = (struct image_program){
        .data_off = n->data_off,
        .data_size = n->size,
        .entry = n->elf->entry,
        .file = file,
        .seg_count = n->elf->nsegs,
        .note = n->elf->note,
        .tls = n->elf->tls,
    };
    for (uint32_t i = 0; i < p->seg_count; i++) {
        p->segs[i] = n->elf->segs[i];
        p->segs[i].file_off += n->data_off;
    }
}

static void fill_files(const struct plan *plan, struct tables *t)
{
    uint32_t programs = 0;

    for (uint32_t i = 0; i < plan->tree->count; i++) {
        const struct node *n = &plan->tree->nodes[i];
        t->files[i] = (struct image_file){
            .path = put_string(t, n->path),
            .data_off = n->data_off,
            .data_size = n->size,
            .mtime = n->mtime,
            .type = n->type,
            .mode = n->mode,
            .program = n->program,
            .parent = n->parent,
        };
        if (n->target)
            t->files[i].target = put_string(t, n->target);
        // Programs are numbered in the order of their first names.
        if (n->elf && n->program == programs)
            fill_program(&t->programs[programs++], n, i);
    }
}

static void fill_start(const struct plan *plan, struct tables *t)
{
    struct image_header *h = t->header;

    h->entry_program = plan->entry_program;
    h->entry_path = put_string(t, plan->entry);
    h->arg_count = plan->arg_count;
    for (uint32_t i = 0; i < plan->arg_count; i++) {
        struct image_str s = put_string(t, plan->args[i]);
        if (i == 0)
            h->args = s;
        else
            h->args.len += s.len + 1;
    }
}

// ---- the file ----

static void copy_contents(int out, const struct node *n)
{
    static uint8_t block[COPY_BLOCK];
    int in = open(n->host, O_RDONLY | O_CLOEXEC);
    uint64_t done = 0;

    if (in < 0)
        die("%s: %s", n->host, strerror(errno));
    for (;;) {
        signals_check();
        ssize_t got = read(in, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            die("%s: %s", n->host, strerror(errno));
        if ((uint64_t)got > n->size - done || (got == 0 && done < n->size))
            die("%s: changed while it was read", n->host);
        if (got == 0)
            break;
        write_at(temp_path, out, block, (size_t)got, n->data_off + done);
        done += (uint64_t)got;
    }
    close(in);
}

static int open_temp(const char *path)
{
    char *temp = new_string("%s.XXXXXX", path);

    undo_at_exit(remove_temp);
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        die("%s: %s", path, strerror(errno));
    temp_path = temp;
    if (fchmod(fd, output_mode()) < 0)
        die("%s: %s", path, strerror(errno));
    return fd;
}

static void write_file(const struct plan *plan, const struct tables *t, const char *path)
{
    int fd = open_temp(path);

    if (ftruncate(fd, (off_t)plan->total_size) < 0)
        die("%s: %s", path, strerror(errno));
    write_at(temp_path, fd, t->bytes, t->header->contents_off, 0);
    for (uint32_t i = 0; i < plan->tree->count; i++) {
        const struct node *n = &plan->tree->nodes[i];
        if (n->size && !find_twin(plan->tree, n))
            copy_contents(fd, n);
    }
    // Some file systems report a full disk only here.
    if (close(fd) < 0 || rename(temp_path, path) < 0)
        die("%s: %s", path, strerror(errno));
    temp_path = NULL;
}

void write_image(struct plan *plan, const char *path)
{
    number_programs(plan);
    plan->entry_program = find_entry(plan);
    struct tables t = new_tables(plan);
    uint64_t end = place(plan->tree, t.header->contents_off, true, true);
    end = place(plan->tree, end, false, true);
    end = place(plan->tree, end, false, false);
    plan->total_size = t.header->total_size = align_up(end, IMAGE_PAGE);
    fill_files(plan, &t);
    fill_start(plan, &t);
    write_file(plan, &t, path);
    free(t.bytes);
}
