// SPDX-License-Identifier: BSD-2-Clause
//
// The C library's streams on real files: modes, positions, pushing back, buffering, appending,
// lines of any length, streams on memory, temporary files, and commands behind a stream.
#include "tests/guest/check.h"

static char dir[] = "/tmp/stream.XXXXXX";

static void modes(void)
{
    static const char *const mode[] = {"r", "w", "a", "r+", "w+", "a+", "wx", "z"};
    unlink("f");
    for (size_t i = 0; i < sizeof mode / sizeof *mode; i++) {
        errno = 0;
        FILE *f = fopen("f", mode[i]);
        say("fopen %s: %s", mode[i], f ? "open" : err_name(errno));
        if (!f)
            continue;
        int put = fputs("text", f);
        say("  put %d error %d", put >= 0, ferror(f) != 0);
        rewind(f);
        say("  get %d", getc(f));
        say("  close %d", fclose(f));
    }
}

static void positions(void)
{
    char buf[32] = "";
    FILE *f = fopen("p", "w+");
    NEED(f);
    fputs("0123456789", f);
    say("at %ld", ftell(f));
    int c = fseek(f, -3, SEEK_END);
    say("seek %d at %ld", c, ftell(f));
    say("get %c", getc(f));
    c = ungetc('X', f);
    say("unget %c at %ld", c, ftell(f));
    while ((c = getc(f)) != EOF)
        say("get %c eof %d", c, feof(f) != 0);
    say("end, eof %d", feof(f) != 0);
    fseek(f, 2, SEEK_SET);
    fputs("ab", f);
    fseek(f, 0, SEEK_CUR);
    say("then [%s]", fgets(buf, 4, f));
    rewind(f);
    size_t n = fread(buf, 1, sizeof buf, f);
    say("read %zu [%.10s]", n, buf);
    fflush(f);
    say("truncate %d", ftruncate(fileno(f), 4));
    fseek(f, 0, SEEK_END);
    say("size %ld", ftell(f));
    fclose(f);
    f = fopen("p", "a+");
    NEED(f);
    fseek(f, 0, SEEK_SET);
    fputs("END", f);
    rewind(f);
    say("appended [%s]", fgets(buf, sizeof buf, f));
    fclose(f);
}

static void lines(void)
{
    FILE *f = fopen("l", "w+");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    NEED(f);
    fprintf(f, "short\n\n%0500d\nno newline", 7);
    rewind(f);
    while ((n = getline(&line, &room, f)) >= 0)
        say("getline %zd ends %d", n, line[n - 1] == '\n');
    say("eof %d error %d", feof(f) != 0, ferror(f) != 0);
    rewind(f);
    n = getdelim(&line, &room, 'o', f);
    say("getdelim %zd [%.*s]", n, (int)n, line);
    free(line);
    fclose(f);
}

static void memory(void)
{
    char buf[16] = "in memory", *made = NULL;
    size_t size = 0;
    FILE *f = fmemopen(buf, strlen(buf), "r");
    NEED(f);
    int a = getc(f), b = getc(f);
    say("fmemopen %c%c", a, b);
    fclose(f);
    f = open_memstream(&made, &size);
    NEED(f);
    fprintf(f, "%d squared is %d", 12, 144);
    fclose(f);
    say("open_memstream %zu [%s]", size, made);
    free(made);
}

static void temporary(void)
{
    char name[] = "t.XXXXXX", wrong[] = "t.XXX", sub[] = "d.XXXXXX";
    int fd = mkstemp(name);
    struct stat st;
    say("mkstemp %d, name filled in %d", fd >= 0, strcmp(name, "t.XXXXXX") != 0);
    say("mode %o", fstat(fd, &st) == 0 ? st.st_mode & 0777 : 0);
    close(fd);
    unlink(name);
    fd = mkstemp(wrong);
    say("too few X: %s", fd < 0 ? err_name(errno) : "open");
    say("mkdtemp %d", mkdtemp(sub) == sub && rmdir(sub) == 0);
    FILE *f = tmpfile();
    say("tmpfile %d", f && fputs("x", f) >= 0 && fclose(f) == 0);
}

static void descriptors(void)
{
    char buf[8] = "";
    int p[2];
    NEED(pipe(p) == 0);
    FILE *w = fdopen(p[1], "w"), *r = fdopen(p[0], "r");
    NEED(w && r);
    say("line buffered %d", setvbuf(w, NULL, _IOLBF, 0));
    fputs("line\n", w);
    say("through [%.4s]", fgets(buf, sizeof buf, r));
    fclose(w);
    say("end %d", getc(r) == EOF);
    fclose(r);
    errno = 0;
    FILE *f = fdopen(p[0], "r");
    say("fdopen closed: %d %s", f == NULL, err_name(errno));
    f = freopen("again", "w", fopen("first", "w"));
    say("freopen %d", f && fputs("x", f) >= 0 && fclose(f) == 0);
    say("fclose of a full device: %d",
        (f = fopen("/dev/full", "w")) && fputs("x", f) >= 0 ? fclose(f) : -2);
}

int main(void)
{
    NEED(mkdtemp(dir));
    NEED(chdir(dir) == 0);
    modes();
    positions();
    lines();
    memory();
    temporary();
    descriptors();
    return 0;
}
