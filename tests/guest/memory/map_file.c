// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Files mapped by several processes: one memory with read() and write(), growth, truncation and
// unlink while mapped, regions mapped one by one, rights, and shm_open().
#include "tests/guest/check.h"
#include <fcntl.h>
#include <sys/mman.h>

#define PAGE 4096

static char *map(int fd, size_t len, off_t off)
{
    char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, off);
    NEED(p != MAP_FAILED);
    return p;
}

// What is stored is what is read, and what is written is what is seen.
static void coherent(void)
{
    char buf[6] = "";
    int fd = open("coherent", O_RDWR | O_CREAT | O_TRUNC, 0644);
    NEED(fd >= 0 && write(fd, "hello", 5) == 5);
    char *a = map(fd, 5, 0), *b = map(fd, 5, 0);
    a[0] = 'J';
    say("the other mapping sees %.5s", b);
    NEED(pread(fd, buf, 5, 0) == 5);
    say("read sees %s", buf);
    NEED(pwrite(fd, "y", 1, 4) == 1);
    say("the mapping sees %.5s", a);
    TRY(munmap(a, 5));
    b[1] = 'u';
    close(fd);
    b[2] = 'm';
    TRY(munmap(b, 5));
    say_file("coherent");
}

static void growth(void)
{
    int fd = open("growth", O_RDWR | O_CREAT | O_TRUNC, 0644);
    NEED(fd >= 0);
    TRY(ftruncate(fd, 3 * PAGE));
    char *p = map(fd, 3 * PAGE, 0);
    say("zero %d %d", p[0], p[3 * PAGE - 1]);
    p[2 * PAGE] = 'x';
    TRY(ftruncate(fd, PAGE));
    TRY(ftruncate(fd, 3 * PAGE));
    say("cut and grown: %d", p[2 * PAGE]);
    p[2 * PAGE] = 'y';
    char c = 0;
    NEED(pread(fd, &c, 1, 2 * PAGE) == 1);
    say("still one memory: %c", c);
    TRY(munmap(p, 3 * PAGE));
    close(fd);
}

// As sqlite maps its index: the file grows, and each part is mapped when it is needed.
static void regions(void)
{
    enum { N = 5, LEN = 8 * PAGE };
    char *part[N];
    int fd = open("regions", O_RDWR | O_CREAT | O_TRUNC, 0644);
    NEED(fd >= 0);
    for (int i = 0; i < N; i++) {
        NEED(ftruncate(fd, (i + 1) * LEN) == 0);
        part[i] = map(fd, LEN, i * LEN);
        memset(part[i], 'a' + i, LEN);
    }
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) { // by itself, as another program would
        int good = 0, mine = open("regions", O_RDWR);
        for (int i = N - 1; i >= 0; i--) {
            char *p = map(mine, LEN, i * LEN);
            good += p[0] == 'a' + i && p[LEN - 1] == 'a' + i;
            p[0] = (char)('A' + i);
        }
        _exit(good);
    }
    say_status("regions right", wait_for(pid));
    say("it wrote %c%c%c%c%c", part[0][0], part[1][0], part[2][0], part[3][0], part[4][0]);
    for (int i = 0; i < N; i++)
        NEED(munmap(part[i], LEN) == 0);
    close(fd);
}

static void unlinked(void)
{
    int fd = open("unlinked", O_RDWR | O_CREAT | O_TRUNC, 0644);
    NEED(fd >= 0 && ftruncate(fd, PAGE) == 0);
    char *p = map(fd, PAGE, 0);
    close(fd);
    TRY(unlink("unlinked"));
    p[0] = 'k';
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        p[1] = 'i';
        _exit(p[0]);
    }
    say_status("kept", wait_for(pid));
    say("%c%c", p[0], p[1]);
    TRY(munmap(p, PAGE));
}

static void rights(void)
{
    put_file("rights", "text", 0644);
    int rd = open("rights", O_RDONLY), wr = open("rights", O_WRONLY);
    void *p = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, rd, 0);
    say("writing through O_RDONLY: %s", p == MAP_FAILED ? err_name(errno) : "mapped NO");
    p = mmap(NULL, 4, PROT_READ, MAP_SHARED, wr, 0);
    say("reading through O_WRONLY: %s", p == MAP_FAILED ? err_name(errno) : "mapped NO");
    p = mmap(NULL, 4, PROT_READ, MAP_SHARED, rd, 0);
    say("reading through O_RDONLY: %s", p == MAP_FAILED ? "NO" : "mapped");
    munmap(p, 4);
    p = mmap(NULL, 4, PROT_READ, MAP_SHARED, rd, 17);
    say("odd offset: %s", p == MAP_FAILED ? err_name(errno) : "mapped NO");
    p = mmap(NULL, 4, PROT_READ, MAP_SHARED, 99, 0);
    say("bad descriptor: %s", p == MAP_FAILED ? err_name(errno) : "mapped NO");
    p = mmap(NULL, 0, PROT_READ, MAP_SHARED, rd, 0);
    say("nothing: %s", p == MAP_FAILED ? err_name(errno) : "mapped NO");
}

// A buffer in shared memory is memory like any other to system calls.
static void as_buffer(void)
{
    int p[2], fd = open("buffer", O_RDWR | O_CREAT | O_TRUNC, 0644);
    NEED(fd >= 0 && ftruncate(fd, PAGE) == 0 && pipe(p) == 0);
    char *m = map(fd, PAGE, 0);
    strcpy(m, "through a pipe");
    TRY(write(p[1], m, 15));
    memset(m, 0, 15);
    TRY(read(p[0], m, PAGE));
    say("[%s]", m);
    munmap(m, PAGE);
    say("unmapped: %d", write(p[1], m, 1) == -1 && errno == EFAULT);
}

static void named(void)
{
    char name[40];
    snprintf(name, sizeof name, "/ramet-test-%d", (int)getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    NEED(fd >= 0);
    say("again: %s",
        shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600) < 0 ? err_name(errno) : "made NO");
    NEED(ftruncate(fd, 2 * PAGE) == 0);
    int *n = (int *)map(fd, 2 * PAGE, 0);
    close(fd);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            int *mine = (int *)map(shm_open(name, O_RDWR, 0), 2 * PAGE, 0);
            for (int k = 0; k < 500; k++)
                __atomic_fetch_add(&mine[1500], 1, __ATOMIC_SEQ_CST);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    say("counted %d", n[1500]);
    TRY(shm_unlink(name) == 0);
    say("gone: %s", shm_open(name, O_RDWR, 0) < 0 ? err_name(errno) : "there NO");
    munmap(n, 2 * PAGE);
}

int main(void)
{
    scratch("map_file");
    coherent();
    growth();
    regions();
    unlinked();
    rights();
    as_buffer();
    named();
    return 0;
}
