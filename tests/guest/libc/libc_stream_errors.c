// SPDX-License-Identifier: BSD-2-Clause
//
// Streams whose writing fails: a full device, a pipe nobody reads, a pipe that is full for a while.
// Where the error lasts the buffer is dropped, and a call fails once a buffer. Where the pipe is
// full for a while, what could not be written is there when writing works again. (glibc drops it
// then too: where ours promises more than Linux keeps, Linux is not asked.)
#include "tests/guest/check.h"

#ifdef __linux__
#define OURS(fact) 1
#else
#define OURS(fact) (fact)
#endif

// glibc takes the size that setvbuf() is given only with a buffer.
static char buffer[1024];

// As `yes` does it: only the result of putc() is looked at.
static void nobody_reads(const char *word, int mode)
{
    int p[2], i = 0;
    NEED(pipe(p) == 0);
    close(p[0]);
    FILE *f = fdopen(p[1], "w");
    NEED(f && setvbuf(f, buffer, mode, sizeof buffer) == 0);
    do
        fputs(word, f);
    while (putc('\n', f) != EOF && ++i < 100000);
    say("%s: ended %d, error %d", word, i < 100000, ferror(f) != 0);
    int r = fputs(word, f);
    say("  more: %d", r >= 0);
    TRY(fflush(f));
    TRY(fflush(f)); // nothing is left
    TRY(fclose(f));
}

// Nobody looks at the results: a byte in a buffer's worth fails, not every one. MODE as for
// setvbuf(); a line has 10 bytes.
static void how_often(int mode)
{
    int failed = 0;
    FILE *f = fopen("/dev/full", "w");
    NEED(f && setvbuf(f, buffer, mode, sizeof buffer) == 0);
    for (int i = 1; i <= 102500; i++)
        failed += putc(i % 10 ? 'x' : '\n', f) == EOF;
    say("mode %d: of 102500 bytes %d failed", mode != _IOFBF, failed);
    fclose(f);
}

static void full_device(void)
{
    static const int mode[] = {_IOFBF, _IOLBF, _IONBF};
    static const char many[600];
    for (int i = 0; i < 3; i++) {
        FILE *f = fopen("/dev/full", "w");
        NEED(f && setvbuf(f, buffer, mode[i], 512) == 0);
        say("mode %d: fputs of a line %d", i, fputs("line\n", f) >= 0);
        say("  printf %d", fprintf(f, "%s", "5\n") >= 0);
        // glibc counts what it had put into the buffer and then dropped.
        size_t n = fwrite(many, 1, sizeof many, f);
        say("  fwrite of %zu: some fail %d, none is taken %d", sizeof many, n < sizeof many,
            OURS(n == 0));
        say("  error %d", ferror(f) != 0);
        int r = fflush(f);
        say("  flush %d", r);
        say("  close %d", fclose(f));
    }
}

// Reads all that is in the pipe and says whether it goes on with the letters in their order.
static int in_order(int fd, char *next)
{
    char buf[4096];
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (buf[i] != *next)
                return 0;
            *next = *next == 'z' ? 'a' : (char)(*next + 1);
        }
    return 1;
}

// A non-blocking pipe is full, and later not: every byte of which a call said that it was taken
// arrives, once and in order, and no other.
static void full_for_a_while(int mode, size_t chunk)
{
    char text[2048], put = 'a', got = 'a';
    int p[2], whole = 1, failed = 0;
    NEED(pipe(p) == 0);
    NEED(fcntl(p[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(p[1], F_SETFL, O_NONBLOCK) == 0);
    FILE *f = fdopen(p[1], "w");
    NEED(f && setvbuf(f, NULL, mode, 1000) == 0);
    for (int round = 0; round < 4; round++) {
        clearerr(f);
        while (!ferror(f)) {
            char next = put;
            for (size_t i = 0; i < chunk; i++, next = next == 'z' ? 'a' : (char)(next + 1))
                text[i] = next;
            size_t n = chunk == 1 ? putc(text[0], f) != EOF : fwrite(text, 1, chunk, f);
            while (n-- > 0)
                put = put == 'z' ? 'a' : (char)(put + 1);
        }
        failed += errno == EAGAIN;
        whole = whole && in_order(p[0], &got);
    }
    whole = whole && fflush(f) == 0 && in_order(p[0], &got);
    say("mode %d by %zu: failed %d, nothing lost or twice: %d", mode != _IOFBF, chunk, failed,
        OURS(whole && put == got));
    fclose(f);
}

static void small(void)
{
    char b[4] = "zzz";
    FILE *f = fopen("s", "w+e");
    NEED(f);
    say("close on exec %d", fcntl(fileno(f), F_GETFD));
    fputs("hello\n", f);
    fclose(f);
    f = fopen("s", "a+");
    NEED(f);
    int c = fgetc(f);
    say("a+ first byte %c at %ld", c, ftell(f));
    b[0] = 'x';
    NEED(fseek(f, 0, SEEK_END) == 0 && fgets(b, 4, f) == NULL);
    say("the end leaves %c", b[0]);
    rewind(f);
    say("first byte %c again", fgetc(f));
    say("fgets of 1: %d %d, of 2: %s", fgets(b, 1, f) == b, b[0], fgets(b, 2, f));
    fseek(f, 0, SEEK_CUR);
    fputs("end", f);
    say("a+ written at %ld", ftell(f));
    fclose(f);
    say_file("s");
    f = fopen("s", "a");
    NEED(f);
    say("a at %ld", ftell(f));
    fclose(f);
    f = fopen(".", "r");
    NEED(f);
    say("a directory: %d, error %d, fgets %d", fgetc(f), ferror(f) != 0, fgets(b, 4, f) == NULL);
    fclose(f);
}

int main(void)
{
    scratch("streamerr");
    signal(SIGPIPE, SIG_IGN);
    nobody_reads("y", _IOFBF);
    nobody_reads("yes", _IOFBF);
    nobody_reads("yes", _IOLBF);
    nobody_reads("longer than many others", _IOFBF);
    how_often(_IOFBF);
    how_often(_IOLBF);
    full_device();
    full_for_a_while(_IOFBF, 1);
    full_for_a_while(_IOFBF, 7);
    full_for_a_while(_IOFBF, 1700);
    full_for_a_while(_IOLBF, 300);
    full_for_a_while(_IONBF, 1);
    full_for_a_while(_IONBF, 900);
    small();
    return 0;
}
