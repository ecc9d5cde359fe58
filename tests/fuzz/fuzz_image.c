// SPDX-License-Identifier: BSD-2-Clause
// fuzz_image.c: libFuzzer over host/image/image.c and host/image/check.c. What the parser accepts
// is walked as the monitor and the guest kernel do, so that the sanitizers see a lie in any offset.
//
// Build: clang -fsanitize=fuzzer,address,undefined, linked with host/image/image.c,
// host/image/check.c and host/image/elf.c. Needs no corpus: the mutator starts from the unit tests'
// sample image; run it with -max_len=24576, the sample is 20480 bytes.
#include <stdlib.h>

#include "host/image/image.h"
#include "tests/unit/lib/sample.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// An input without tables is replaced by the sample. Otherwise the tables are what is changed,
// seven times in eight without cutting the file, which would be refused at once.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < sizeof(struct sample_tables) && max_size >= sizeof(struct sample_image)) {
        sample_image((struct sample_image *)data);
        return sizeof(struct sample_image);
    }
    if (size > sizeof(struct sample_tables) && seed % 8) {
        LLVMFuzzerMutate(data, sizeof(struct sample_tables), sizeof(struct sample_tables));
        return size;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

static void require(bool promise)
{
    if (!promise)
        abort();
}

static bool extent_inside(uint64_t off, uint64_t len, uint64_t size)
{
    return (unsigned __int128)off + len <= size;
}

static void walk_files(const struct image *img)
{
    for (uint32_t i = 0; i < img->header->file_count; i++) {
        const struct image_file *f = &img->files[i];
        const char *path = image_string(img, f->path);
        require(path[0] == '/' && strlen(path) == f->path.len);
        require(image_find(img, path) == f);
        require(extent_inside(f->data_off, f->data_size, img->size));
        require(i ? f->parent < i && img->files[f->parent].type == IMAGE_DIR : f->parent == 0);
        if (f->type == IMAGE_SYMLINK)
            require(strlen(image_string(img, f->target)) == f->target.len);
        if (f->type == IMAGE_PROGRAM)
            require(image_program(img, f->program) != NULL);
    }
}

static void walk_programs(const struct image *img)
{
    require(image_program(img, img->header->entry_program) != NULL);
    for (uint32_t i = 0; i < img->header->program_count; i++) {
        const struct elf_program *p = image_program(img, i);
        require(image_find(img, image_program_path(img, i))->program == i);
        for (uint32_t s = 0; s < p->nsegs; s++)
            require(extent_inside(p->segs[s].file_off, p->segs[s].filesz, img->size));
    }
    require(image_program(img, img->header->program_count) == NULL);
}

static void parse(const uint8_t *data, size_t size)
{
    struct image img;
    char err[160];
    size_t arg_bytes = 0;

    if (image_parse(&img, data, size, err, sizeof err) < 0) {
        require(*err && strlen(err) < sizeof err);
        require(!img.header && !img.programs && !img.args && img.fd == -1);
        return;
    }
    walk_files(&img);
    walk_programs(&img);
    for (uint32_t i = 0; i < img.header->arg_count; i++)
        arg_bytes += strlen(img.args[i]) + 1;
    require(arg_bytes <= img.header->strings_size && !img.args[img.header->arg_count]);
    require(*image_string(&img, img.header->entry_path) == '/');
    image_close(&img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size);
    // Again with the fields right that are refused first, to reach what lies behind them.
    if (size >= sizeof(struct image_header)) {
        uint8_t *copy = malloc(size);
        struct image_header *h = memcpy(copy, data, size);
        memcpy(h->magic, IMAGE_MAGIC, sizeof h->magic);
        h->format = IMAGE_FORMAT;
        h->abi = PV_ABI_VERSION;
        h->total_size = size;
        parse(copy, size);
        free(copy);
    }
    return 0;
}
