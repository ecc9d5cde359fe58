// SPDX-License-Identifier: BSD-2-Clause
// test_image.c: the image parser takes a good image as it is, and refuses it with the right reason
// when any one field is wrong. Links host/image/image.c, host/image/check.c, host/image/elf.c.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/image/image.h"
#include "tests/unit/lib/check.h"
#include "tests/unit/lib/sample.h"

// Parse a heap copy of exactly `size` bytes, so that a read beyond it is seen by the sanitizer.
static int parse(const struct sample_image *s, size_t size, struct image *img, char *err,
                 size_t errlen)
{
    uint8_t *copy = malloc(size);
    memcpy(copy, s, size);
    int rc = image_parse(img, copy, size, err, errlen);
    free(copy);
    return rc;
}

static void expect_refusal(const struct sample_image *s, const char *want, int line)
{
    char err[160] = "";
    struct image img;
    int rc = parse(s, sizeof *s, &img, err, sizeof err);

    check_eq(rc, -ENOEXEC, __FILE__, line, want);
    if (!check_note(strstr(err, want) != NULL, __FILE__, line, want))
        fprintf(stderr, "    got \"%s\"\n", err);
    image_close(&img);
}

// One damaged field, and a part of the reason expected. h, p, f are the tables of the image i.
#define REFUSED(want, ...)                                                                         \
    do {                                                                                           \
        struct sample_image i;                                                                     \
        sample_image(&i);                                                                          \
        struct image_header *h = &i.t.header;                                                      \
        struct image_program *p = &i.t.program;                                                    \
        struct image_file *f = i.t.files;                                                          \
        (void)h, (void)p, (void)f;                                                                 \
        __VA_ARGS__;                                                                               \
        expect_refusal(&i, want, __LINE__);                                                        \
    } while (0)

static void test_good(void)
{
    struct sample_image s;
    struct image img;
    char err[160] = "";

    sample_image(&s);
    if (!CHECK_EQ(parse(&s, sizeof s, &img, err, sizeof err), 0)) {
        fprintf(stderr, "    %s\n", err);
        return;
    }
    CHECK_EQ(img.fd, -1);
    CHECK_EQ(img.size, sizeof s);
    CHECK_EQ(img.header->entry_program, 0);
    CHECK_STR(image_string(&img, img.header->entry_path), "/bin/sh");
    CHECK_STR(img.args[0], "-c");
    CHECK_STR(img.args[1], "echo hi");
    CHECK(img.args[2] == NULL);

    const struct elf_program *p = image_program(&img, 0);
    CHECK_EQ(p->nsegs, 3);
    CHECK_EQ(p->segs[1].file_off, 4096 + 4096);
    CHECK_EQ(p->segs[2].memsz, 3 * 4096);
    CHECK_EQ(p->tls.memsz, 64);
    CHECK_STR(image_program_path(&img, 0), "/bin/sh");
    CHECK(image_program(&img, 1) == NULL);
    CHECK(image_program_path(&img, 1) == NULL);
    image_close(&img);
    image_close(&img); // harmless
}

static void test_find(void)
{
    struct sample_image s;
    struct image img;
    char err[160];

    sample_image(&s);
    if (!CHECK_EQ(parse(&s, sizeof s, &img, err, sizeof err), 0))
        return;
    CHECK(image_find(&img, "/") == &img.files[0]);
    for (uint32_t i = 0; i < img.header->file_count; i++)
        CHECK(image_find(&img, image_string(&img, img.files[i].path)) == &img.files[i]);
    CHECK(image_find(&img, "/bin/") == NULL);
    CHECK(image_find(&img, "/bin/z") == NULL);
    CHECK(image_find(&img, "") == NULL);
    CHECK_STR(image_string(&img, image_find(&img, "/bin/ls")->target), "sh");
    image_close(&img);
}

// A path as a program of the image would take it.
static void test_follow(void)
{
    struct sample_image s;
    struct image img;
    char err[160];

    sample_image(&s);
    if (!CHECK_EQ(parse(&s, sizeof s, &img, err, sizeof err), 0))
        return;
    const struct image_file *sh = &img.files[SAMPLE_SH], *bin = &img.files[SAMPLE_BIN];
    const char *const same[] = {"/bin/sh",   "/bin/ls",        "//bin///sh",
                                "/bin/./sh", "/bin/../bin/ls", "/../bin/sh"};
    for (unsigned i = 0; i < sizeof same / sizeof same[0]; i++)
        CHECK(image_follow(&img, same[i]) == sh);
    CHECK(image_follow(&img, "/") == &img.files[0]);
    CHECK(image_follow(&img, "/bin/") == bin && image_follow(&img, "/bin/.") == bin);
    const char *const nowhere[] = {"",       "bin/sh",    "/bin/sh/",   "/bin/ls/",
                                   "/bin/x", "/x/../bin", "/bin/sh/..", "/etc/motd/x"};
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        CHECK(image_follow(&img, nowhere[i]) == NULL);
    image_close(&img);
    s.t.files[SAMPLE_LS].target = sample_str(SAMPLE_LS); // itself
    if (CHECK_EQ(parse(&s, sizeof s, &img, err, sizeof err), 0))
        CHECK(image_follow(&img, "/bin/ls") == NULL);
    image_close(&img);
    s.t.files[SAMPLE_LS].target = sample_str(SAMPLE_SH); // an absolute one
    if (CHECK_EQ(parse(&s, sizeof s, &img, err, sizeof err), 0))
        CHECK(image_follow(&img, "/bin/ls") == &img.files[SAMPLE_SH]);
    image_close(&img);
}

static void test_size(void)
{
    struct sample_image s;
    struct image img;
    char err[160];
    unsigned accepted = 0;

    sample_image(&s);
    for (size_t size = 1; size < sizeof s; size += size < 4096 ? 5 : 511)
        accepted += parse(&s, size, &img, err, sizeof err) == 0;
    CHECK_EQ(accepted, 0);
    CHECK_EQ(parse(&s, sizeof s - 4096, &img, err, sizeof err), -ENOEXEC);
    CHECK_STR(err, "truncated image: 16384 of 20480 bytes");
    CHECK_EQ(parse(&s, 100, &img, err, sizeof err), -ENOEXEC);
    CHECK_STR(err, "not a Ramet image");
    REFUSED("4096 bytes after its end", h->total_size -= 4096);
}

static void test_header(void)
{
    REFUSED("not a Ramet image", h->magic[7] = 'X');
    REFUSED("format 9, this ramet reads format 1", h->format = 9);
    REFUSED("built for Ramet ABI 77, this is ABI", h->abi = 77);
    REFUSED("truncated", h->total_size = UINT64_MAX);
    REFUSED("number of programs", h->program_count = 0);
    REFUSED("number of programs", h->program_count = UINT32_MAX);
    REFUSED("number of files", h->file_count = UINT32_MAX);
    REFUSED("number of files", h->file_count = 1);
    REFUSED("string area size", h->strings_size = UINT64_MAX);
    REFUSED("tables out of place", h->programs_off += 8);
    REFUSED("tables out of place", h->programs_off = UINT64_MAX - 7);
    REFUSED("tables out of place", h->files_off += 64);
    REFUSED("tables out of place", h->strings_off--);
    REFUSED("tables out of place", h->program_count = 2);
    REFUSED("contents out of place", h->contents_off += 64);
    REFUSED("contents out of place", h->contents_off += 4096);
    REFUSED("contents out of place", h->contents_off = 0);
    REFUSED("contents out of place", h->contents_off = UINT64_MAX - 4095);
    REFUSED("contents out of place", h->strings_size = sizeof i + 4096);
    REFUSED("reserved", h->reserved[6] = 1);
    REFUSED("bad entry", h->entry_program = 1);
    REFUSED("bad entry path", h->entry_path.off = 0);
    REFUSED("bad entry path", h->entry_path.len--);
    REFUSED("bad entry path", h->entry_path = sample_str(SAMPLE_FILES));
}

static void test_args(void)
{
    struct sample_image s;
    struct image img;
    char err[160];

    REFUSED("default arguments", h->arg_count = 1);
    REFUSED("default arguments", h->arg_count = 3);
    REFUSED("default arguments", h->arg_count = 0);
    REFUSED("default arguments", h->arg_count = IMAGE_MAX_ARGS + 1);
    REFUSED("default arguments", h->args.len--);
    REFUSED("default arguments", h->args.len++);
    REFUSED("default arguments", h->args.len = UINT32_MAX);
    REFUSED("default arguments", h->args.off = UINT32_MAX);
    REFUSED("default arguments", h->args.off = 0);

    sample_image(&s);
    s.t.header.arg_count = 0;
    s.t.header.args = (struct image_str){0};
    CHECK_EQ(parse(&s, sizeof s, &img, err, sizeof err), 0);
    CHECK(img.args && img.args[0] == NULL);
    image_close(&img);

    sample_image(&s); // one empty argument
    s.t.header.arg_count = 1;
    s.t.header.args.len = 0;
    s.t.header.args.off += 2;
    CHECK_EQ(parse(&s, sizeof s, &img, err, sizeof err), 0);
    CHECK_STR(img.args[0], "");
    image_close(&img);
}

static void test_paths(void)
{
    REFUSED("file 1: bad path", f[1].path.off = 0);
    REFUSED("file 1: bad path", f[1].path.off = UINT32_MAX);
    REFUSED("file 1: bad path", f[1].path.len = UINT32_MAX);
    REFUSED("file 1: bad path", f[1].path.len = 0);
    REFUSED("file 1: bad path", f[1].path.len--);
    REFUSED("file 1: bad path", f[1].path.len += 8); // a NUL inside
    REFUSED("file 1: bad path", i.t.strings[2] = 'b');
    REFUSED("file 2: bad path", memcpy(i.t.strings + 7, "/bin/..", 7));
    REFUSED("file 2: bad path", memcpy(i.t.strings + 7, "/bin/./", 7));
    REFUSED("file 2: bad path", memcpy(i.t.strings + 7, "/bin//s", 7));
    REFUSED("file 2: bad path", memcpy(i.t.strings + 7, "/bin/l/", 7));
    REFUSED("file 0: bad path", f[0].path = (struct image_str){0});
    REFUSED("file 0: bad root", f[0].type = IMAGE_REG);
    REFUSED("file 0: bad root", f[0].parent = 1);
    REFUSED("file 0: bad root", f[0].path = f[1].path);
}

static void test_places(void)
{
    REFUSED("file 2: out of order", f[2].path = f[1].path);
    REFUSED("file 1: out of order", f[1].path = f[0].path);
    REFUSED("file 3: out of order", struct image_str t = f[2].path; f[2].path = f[3].path;
            f[3].path = t);
    REFUSED("file 2: bad parent", f[2].parent = 0);
    REFUSED("file 2: bad parent", f[2].parent = 2);
    REFUSED("file 2: bad parent", f[2].parent = UINT32_MAX);
    REFUSED("file 3: bad parent", f[3].parent = 2);
    REFUSED("file 5: bad parent", f[5].parent = 1);
    REFUSED("file 2: bad parent", f[1].type = IMAGE_REG);
}

static void test_contents(void)
{
    REFUSED("file 5: contents cut off", f[5].data_off = sizeof i);
    REFUSED("file 5: contents cut off", f[5].data_off = 0);
    REFUSED("file 5: contents cut off", f[5].data_size = UINT64_MAX);
    REFUSED("file 5: contents cut off", f[5].data_off = UINT64_MAX - 63);
    REFUSED("file 5: contents misaligned", f[5].data_off += 8);
    REFUSED("file 5: contents misaligned", f[5].data_off -= 64; f[5].data_size = 4096);
    REFUSED("file 5: bad extent", f[5].data_size = 0);
    REFUSED("file 4: directory with contents", f[4].data_size = 8; f[4].data_off = f[5].data_off);
    REFUSED("file 2: bad link", f[2].data_size = 8; f[2].data_off = f[5].data_off);
    REFUSED("file 2: bad link", f[2].target.off = 0);
    REFUSED("file 2: bad link", f[2].target.len = 0);
    REFUSED("file 2: fields contradict", f[2].target = (struct image_str){0});
    REFUSED("file 5: fields contradict", f[5].target = f[2].target);
    REFUSED("file 5: fields contradict", f[5].program = 0);
    REFUSED("file 3: fields contradict", f[3].program = IMAGE_NO_PROGRAM);
    REFUSED("file 5: FIFO with contents", f[5].type = IMAGE_FIFO);
    REFUSED("file 5: unknown type", f[5].type = IMAGE_FIFO + 1);
    REFUSED("file 5: unknown type", f[5].type = 0);
    REFUSED("file 5: bad mode", f[5].mode = 0100644);
    REFUSED("file 3: bad program index", f[3].program = 1);
    REFUSED("file 3: not its program", f[3].data_size--);
    REFUSED("file 3: not its program", f[3].data_off += 4096);
}

static void test_programs(void)
{
    REFUSED("file 3: contents cut off", f[3].data_size = p->data_size = 5 * 4096);
    REFUSED("file 3: contents misaligned", f[3].data_off = p->data_off = 4096 + 64);
    REFUSED("program 0: cut off or misaligned", f[3].data_off = p->data_off = 4096 + 64;
            f[3].data_size = p->data_size = 64);
    REFUSED("cut off or misaligned", f[3].data_off = f[3].data_size = 0;
            p->data_off = p->data_size = 0);
    REFUSED("bad file index", p->file = 2);
    REFUSED("bad file index", p->file = UINT32_MAX);
    REFUSED("does not match", p->note.abi++);
    REFUSED("does not match", p->note.drivers |= IMAGE_DRIVER_NET);
    REFUSED("reserved", p->reserved = 1);
    REFUSED("reserved", p->segs[1].reserved = 1);
    REFUSED("too many segments", p->seg_count = 9);
    REFUSED("0 loadable", p->seg_count = 0);
    REFUSED("entry point", p->entry = 0);
    REFUSED("segment 0: file bytes cut off", p->segs[0].file_off = 0);
    REFUSED("segment 2: file bytes cut off", p->segs[2].file_off += 4096);
    REFUSED("segment 2: both writable", p->segs[2].flags |= IMAGE_SEG_X);
    REFUSED("segment 2: not readable, or unknown", p->segs[2].flags |= 64);
    REFUSED("segment 2: outside", p->segs[2].vaddr = UINT64_MAX - 4095);
    REFUSED("segment 2: out of order", p->segs[2].vaddr -= 4096);
    REFUSED("thread-local storage", p->tls.align = 3);
}

// Write the first `size` bytes of the sample to a new temporary file; its name goes to path.
static void write_temp(char *path, size_t room, size_t size)
{
    const char *dir = getenv("TMPDIR");
    struct sample_image s;

    sample_image(&s);
    snprintf(path, room, "%s/ramet-test-image.XXXXXX", dir ? dir : P_tmpdir);
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, &s, size) == (ssize_t)size && close(fd) == 0);
}

static unsigned open_fds(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void test_open(void)
{
    const char *none = "/nonexistent/image";
    char path[256], want[400], err[400];
    unsigned fds = open_fds();
    struct image img;

    write_temp(path, sizeof path, sizeof(struct sample_image));
    CHECK_EQ(image_open(&img, path, err, sizeof err), 0);
    CHECK(img.fd >= 0 && (fcntl(img.fd, F_GETFD) & FD_CLOEXEC));
    CHECK_EQ(img.size, sizeof(struct sample_image));
    CHECK_STR(img.args[1], "echo hi");
    image_close(&img);
    unlink(path);

    write_temp(path, sizeof path, 4096);
    CHECK_EQ(image_open(&img, path, err, sizeof err), -ENOEXEC);
    snprintf(want, sizeof want, "%s: truncated image: 4096 of 20480 bytes", path);
    CHECK_STR(err, want);
    unlink(path);

    CHECK_EQ(image_open(&img, none, err, sizeof err), -ENOENT);
    CHECK_STR(err, "/nonexistent/image: No such file or directory");
    CHECK_EQ(image_open(&img, "/dev", err, sizeof err), -ENOEXEC);
    CHECK_STR(err, "/dev: not a Ramet image");
    CHECK_EQ(image_open(&img, "/dev/null", err, sizeof err), -ENOEXEC);
    CHECK_STR(err, "/dev/null: not a Ramet image");
    CHECK_EQ(open_fds(), fds);
}

int main(void)
{
    RUN(test_good);
    RUN(test_find);
    RUN(test_size);
    RUN(test_header);
    RUN(test_args);
    RUN(test_follow);
    RUN(test_paths);
    RUN(test_places);
    RUN(test_contents);
    RUN(test_programs);
    RUN(test_open);
    return check_done("image");
}
