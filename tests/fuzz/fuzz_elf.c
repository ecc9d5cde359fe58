// SPDX-License-Identifier: BSD-2-Clause
// fuzz_elf.c: libFuzzer over host/image/elf.c. What the parser accepts must keep its promises.
//
// Build: clang -fsanitize=fuzzer,address,undefined, linked with host/image/elf.c. Needs no corpus:
// the mutator starts from the unit tests' sample program; run it with -max_len=16384.
#include <stdlib.h>

#include "host/image/elf.h"
#include "tests/unit/lib/sample.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// An input too short for an ELF header is replaced by the sample. Otherwise mostly the first page,
// where all the headers are, is changed.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < sizeof(Elf64_Ehdr) && max_size >= sizeof(struct sample_elf)) {
        sample_elf((struct sample_elf *)data);
        return sizeof(struct sample_elf);
    }
    if (size > 512 && seed % 8) {
        LLVMFuzzerMutate(data, 512, 512);
        return size;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

static void require(bool promise)
{
    if (!promise)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_program p;
    char err[160];
    bool ramet = elf_is_ramet(data, size);
    uint64_t end = IMAGE_VADDR_MIN;
    bool entry = false;

    if (elf_parse(&p, data, size, err, sizeof err) < 0) {
        require(*err && strlen(err) < sizeof err);
        return 0;
    }
    require(ramet && p.note.abi == PV_ABI_VERSION && p.nsegs >= 1 && p.nsegs <= IMAGE_MAX_SEGS);
    for (uint32_t i = 0; i < p.nsegs; i++) {
        const struct image_seg *s = &p.segs[i];
        require(s->vaddr >= end && s->memsz > 0 && s->filesz <= s->memsz);
        end = s->vaddr + s->memsz;
        require(end > s->vaddr && end <= IMAGE_VADDR_MAX);
        require((unsigned __int128)s->file_off + s->filesz <= size);
        require((s->flags & (IMAGE_SEG_W | IMAGE_SEG_X)) != (IMAGE_SEG_W | IMAGE_SEG_X));
        entry |= (s->flags & IMAGE_SEG_X) && p.entry >= s->vaddr && p.entry < end;
    }
    require(entry && p.tls.filesz <= p.tls.memsz);
    return 0;
}
