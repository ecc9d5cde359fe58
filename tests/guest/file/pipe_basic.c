// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Pipes within one process and between two: order, partial reads, end of file only when the last
// writer is gone, errors, fstat, and pipe2's flags.
#include "tests/guest/check.h"

static void alone(void)
{
    int p[2];
    char buf[16];

    TRY(pipe(p));
    CHECK("read end 0, write end 1 of the pair", p[0] < p[1]);
    TRY(write(p[1], "hello world", 11));
    TRY(read(p[0], buf, 5));
    say("[%.5s]", buf);
    TRY(read(p[0], buf, sizeof buf));
    say("[%.6s]", buf);
    TRY(write(p[1], "", 0));
    TRY(write(p[1], "ab", 2));
    TRY(write(p[1], "cd", 2));
    TRY(read(p[0], buf, sizeof buf));
    say("[%.4s]", buf);
    TRY(read(p[0], buf, 0));
    TRY(close(p[1]));
    TRY(read(p[0], buf, sizeof buf));
    TRY(read(p[0], buf, sizeof buf));
    TRY(close(p[0]));
    TRY(read(p[0], buf, 1));
    TRY(close(p[0]));
}

static void wrong_way(void)
{
    int p[2];
    char c = 'x';
    struct stat st;

    NEED(pipe(p) == 0);
    TRY(write(p[0], &c, 1));
    TRY(read(p[1], &c, 1));
    TRY(lseek(p[0], 0, SEEK_CUR));
    TRY(pread(p[0], &c, 1, 0));
    TRY(ftruncate(p[1], 0));
    TRY(fstat(p[0], &st));
    CHECK("S_ISFIFO", S_ISFIFO(st.st_mode));
    say("access mode of the ends: %d %d", fcntl(p[0], F_GETFL) & O_ACCMODE,
        fcntl(p[1], F_GETFL) & O_ACCMODE);
    close(p[0]);
    close(p[1]);
    TRY(pipe2(p, O_CLOEXEC | O_NONBLOCK));
    say("FD_CLOEXEC %d %d", fcntl(p[0], F_GETFD), fcntl(p[1], F_GETFD));
    CHECK("O_NONBLOCK on both",
          (fcntl(p[0], F_GETFL) & O_NONBLOCK) && (fcntl(p[1], F_GETFL) & O_NONBLOCK));
    TRY(pipe2(p, O_APPEND | 0x40000000));
    close(p[0]);
    close(p[1]);
}

// Parent asks, child answers in upper case, ten times.
static void dialogue(void)
{
    int ask[2], answer[2];
    char word[8];

    NEED(pipe(ask) == 0 && pipe(answer) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(ask[1]);
        close(answer[0]);
        ssize_t n;
        while ((n = read(ask[0], word, sizeof word)) > 0) {
            for (ssize_t i = 0; i < n; i++)
                word[i] = (char)(word[i] - ('a' - 'A'));
            NEED(write(answer[1], word, (size_t)n) == n);
        }
        _exit(n == 0 ? 11 : 12);
    }
    close(ask[0]);
    close(answer[1]);
    for (int i = 0; i < 10; i++) {
        char text[4] = {(char)('a' + i), 'b', 'c', 0};
        NEED(write(ask[1], text, 3) == 3);
        NEED(read(answer[0], word, sizeof word) == 3);
        say("asked %s, answered %.3s", text, word);
    }
    close(ask[1]);
    say_status("the child saw end of file", wait_for(pid));
    TRY(read(answer[0], word, 1));
    close(answer[0]);
}

// End of file comes only after every copy of the write end is closed, in whichever process.
static void last_writer(void)
{
    int p[2];
    char c;
    struct gate done = gate_make();

    NEED(pipe(p) == 0);
    int copy = dup(p[1]);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(p[1]);
        gate_wait(&done);
        NEED(write(copy, "z", 1) == 1);
        _exit(0);
    }
    close(p[1]);
    close(copy);
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    TRY(read(p[0], &c, 1));
    fcntl(p[0], F_SETFL, 0);
    gate_open(&done);
    TRY(read(p[0], &c, 1));
    TRY(read(p[0], &c, 1));
    say_status("child", wait_for(pid));
    close(p[0]);
}

int main(void)
{
    alone();
    wrong_way();
    dialogue();
    last_writer();
    return 0;
}
