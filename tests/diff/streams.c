// SPDX-License-Identifier: BSD-2-Clause
// stdio on files: modes, positions, buffers, pushing back, ends and errors. Between reading and
// writing a stream is positioned, as the standard demands. See diff.h.
#include "tests/diff/diff.h"

#define STREAMS 3

static struct {
    FILE *f;
    int last;          // 'r' or 'w': the direction of the last transfer
    int fresh;         // nothing was done with it: it may get a buffer
    int reads, writes; // what its mode allows
} streams[STREAMS];

// Each stream has its own file of the first three: what a buffer holds of a file that another
// stream changes is nobody's promise.
static const char *const names[] = {"a", "b", "c", "/dev/full", "/dev/null", ".", "none/x"};

static void begin(void)
{
    FILE *f = fopen("a", "w");
    for (int i = 0; f && i < 300; i++)
        fprintf(f, "line %d of the file %x\n", i, (unsigned)i * 7919u);
    if (f)
        fclose(f);
}

static unsigned a_stream(int direction)
{
    unsigned i = pick(STREAMS);
    put(" #%u", i);
    if (!streams[i].f)
        put(" closed");
    else if (direction && streams[i].last != direction) {
        if (streams[i].last)
            fseek(streams[i].f, 0, SEEK_CUR);
        streams[i].last = direction;
    }
    if (direction)
        streams[i].fresh = 0;
    errno = 0;
    return i;
}

static void put_state(unsigned i)
{
    if (streams[i].f)
        put(" eof %d error %d at %ld", feof(streams[i].f) != 0, ferror(streams[i].f) != 0,
            ftell(streams[i].f));
}

static void do_open(void)
{
    static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+", "rb", "w+x", "rb+", "q"};
    unsigned i = a_stream(0);
    const char *name = pick(8) ? names[i] : names[3 + pick(4)], *mode = PICK(modes);
    if (strcmp(name, "/dev/full") == 0)
        mode = "w"; // a device without end: what a buffer of it is worth is nobody's promise
    put(" %s %s", name, mode);
    if (streams[i].f)
        fclose(streams[i].f);
    streams[i].f = fopen(name, mode);
    streams[i].last = 0;
    streams[i].fresh = 1;
    streams[i].reads = strpbrk(mode, "r+") != NULL;
    streams[i].writes = strpbrk(mode, "wa+") != NULL;
    put_done(streams[i].f ? 0 : -1);
    put_state(i);
}

static void put_file(const char *name)
{
    unsigned char all[20000];
    int fd = open(name, O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, all, sizeof all) : -1;
    if (n >= 0)
        put_data(all, (size_t)n);
    close(fd);
}

static void do_close(void)
{
    unsigned i = a_stream(0);
    if (!streams[i].f)
        return;
    put_result(fclose(streams[i].f));
    streams[i].f = NULL;
    put_file(names[pick(3)]);
}

static void do_reopen(void)
{
    unsigned i = a_stream(0);
    const char *name = names[i], *mode = pick(2) ? "r+" : "a+";
    if (!streams[i].f)
        return;
    put(" %s %s", name, mode);
    streams[i].f = freopen(name, mode, streams[i].f);
    streams[i].last = 0;
    streams[i].fresh = streams[i].reads = streams[i].writes = 1;
    put_done(streams[i].f ? 0 : -1);
}

static void do_buffer(void)
{
    static const int modes[] = {_IOFBF, _IOLBF, _IONBF};
    static const size_t sizes[] = {0, 1, 2, 16, 100, 1024, 5000};
    unsigned i = a_stream(0);
    if (!streams[i].f || !streams[i].fresh)
        return;
    unsigned mode = pick(3);
    size_t size = PICK(sizes);
    put(" %u %zu", mode, size);
    put_result(setvbuf(streams[i].f, NULL, modes[mode], size));
}

static void do_write(void)
{
    unsigned char buf[6000];
    unsigned i = a_stream('w');
    size_t size = 1 + pick(4), n = pick(3) ? pick(30) : pick(sizeof buf / 4);
    fill_bytes(buf, sizeof buf, pick(26));
    if (pick(2))
        buf[pick((unsigned)(size * n) + 1)] = '\n';
    if (!streams[i].f || !streams[i].writes) // glibc then reads no more
        return;
    put(" %zu*%zu", size, n);
    put(" = %zu", fwrite(buf, size, n, streams[i].f));
    put_state(i);
}

static void do_read(void)
{
    unsigned char buf[6000];
    unsigned i = a_stream('r');
    size_t size = 1 + pick(4), n = pick(3) ? pick(30) : pick(sizeof buf / 4);
    if (!streams[i].f)
        return;
    put(" %zu*%zu", size, n);
    size_t got = fread(buf, size, n, streams[i].f);
    put(" = %zu", got);
    put_data(buf, got * size);
    put_state(i);
}

static void do_put(void)
{
    unsigned i = a_stream('w');
    int c = pick(4) ? 'a' + (int)pick(26) : '\n';
    if (!streams[i].f || !streams[i].writes) // glibc then reads no more
        return;
    switch (pick(3)) {
    case 0:
        put(" putc = %d", putc(c, streams[i].f));
        break;
    case 1:
        put(" fputs = %d", fputs("some words\nand more", streams[i].f) >= 0);
        break;
    default:
        put(" printf = %d", fprintf(streams[i].f, "%d%c%s", 17, c, "text"));
    }
    put_state(i);
}

static void do_get(void)
{
    unsigned i = a_stream('r');
    if (!streams[i].f)
        return;
    for (unsigned n = 1 + pick(5); n > 0; n--)
        put(" %d", getc(streams[i].f));
    put_state(i);
}

static void do_gets(void)
{
    char buf[200] = "old";
    unsigned i = a_stream('r');
    int room = pick(3) ? (int)pick(20) : 200;
    if (!streams[i].f)
        return;
    char *got = fgets(buf, room, streams[i].f);
    put(" %d = %d", room, got != NULL);
    if (got)
        put_data(buf, strlen(buf));
    put_state(i);
}

static void do_getline(void)
{
    char *line = NULL;
    size_t room = 0;
    unsigned i = a_stream('r');
    int end = pick(2) ? '\n' : 'f';
    if (!streams[i].f || !streams[i].reads)
        return;
    ssize_t n = getdelim(&line, &room, end, streams[i].f);
    put(" %c = %zd", end == '\n' ? 'n' : end, n);
    if (n > 0)
        put_data(line, (size_t)n);
    free(line);
    put_state(i);
}

static void do_unget(void)
{
    unsigned i = a_stream('r');
    if (!streams[i].f || !streams[i].reads) // glibc takes it
        return;
    int c = 'A' + (int)pick(26);
    int before = getc(streams[i].f);
    put(" after %d: %d", before, ungetc(c, streams[i].f));
    put(" %d eof %d", getc(streams[i].f), feof(streams[i].f) != 0);
    put_state(i);
}

static void do_scan(void)
{
    char word[40] = "";
    int number = -1;
    unsigned i = a_stream('r');
    if (!streams[i].f || !streams[i].reads) // glibc sets no error indicator here
        return;
    put(" = %d", fscanf(streams[i].f, "%39s %d", word, &number));
    put(" %s %d", word, number);
    put_state(i);
}

static void do_seek(void)
{
    static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    unsigned i = a_stream(0), how = pick(3);
    long off = (long)pick(2000) - (how ? 1000 : pick(20) == 0 ? 2000 : 0);
    if (!streams[i].f)
        return;
    put(" %ld %u", off, how);
    put_result(fseek(streams[i].f, off, whence[how]));
    streams[i].last = 0;
    put_state(i);
}

static void do_flush(void)
{
    unsigned i = a_stream(0);
    if (streams[i].f && streams[i].last == 'w')
        put_result(fflush(streams[i].f));
    else if (pick(4) == 0)
        put(" all %d", fflush(NULL));
    put_file("b");
}

static void do_clear(void)
{
    unsigned i = a_stream(0);
    if (!streams[i].f)
        return;
    if (pick(2)) {
        clearerr(streams[i].f);
    } else {
        rewind(streams[i].f);
        streams[i].last = 0;
    }
    put_state(i);
}

static void do_memory(void)
{
    char buf[40] = "what is in memory", got[40] = "";
    char *made = NULL;
    size_t size = 99, room = 1 + pick(sizeof buf);
    static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+"};
    const char *mode = PICK(modes);
    put(" %s %zu", mode, room);
    FILE *f = fmemopen(buf, room, mode);
    if (f) {
        size_t put_in = fwrite("NEW", 1, 3, f);
        int flushed = fflush(f);
        put(" %zu %d at %ld", put_in, flushed, ftell(f));
        rewind(f);
        put(" read %zu", fread(got, 1, sizeof got, f));
        put(" close %d", fclose(f));
        put_data(buf, 20);
    }
    f = open_memstream(&made, &size);
    if (f) {
        fprintf(f, "%*d", (int)pick(200), 5);
        fflush(f);
        put(" %zu", size);
        fseek(f, (long)pick(10), SEEK_SET);
        fputs("xyz", f);
        fclose(f);
        put_data(made, size);
        free(made);
    }
}

static const struct op ops[] = {
    {"open", 14, do_open},      {"close", 5, do_close},  {"reopen", 2, do_reopen},
    {"buffer", 4, do_buffer},   {"write", 12, do_write}, {"read", 10, do_read},
    {"put", 12, do_put},        {"get", 8, do_get},      {"gets", 8, do_gets},
    {"getline", 4, do_getline}, {"unget", 5, do_unget},  {"scan", 5, do_scan},
    {"seek", 12, do_seek},      {"flush", 6, do_flush},  {"clear", 4, do_clear},
    {"memory", 3, do_memory},
};

const struct area area_streams = {"streams", ops, LENGTH(ops), begin};
