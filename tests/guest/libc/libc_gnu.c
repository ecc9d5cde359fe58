// SPDX-License-Identifier: BSD-2-Clause
//
// What programs use of GNU's and System V's libraries: error(), names of errors, random numbers,
// contexts, sighold() and its kin, searching, shadow and utmpx records, small things.
#define _GNU_SOURCE
#include <error.h>
#include <search.h>
#include <shadow.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <utmpx.h>

#include "tests/guest/check.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void my_name(void)
{
    fprintf(stderr, "me: ");
}

static void errors(void)
{
    fflush(stdout);
    NEED(dup2(STDOUT_FILENO, STDERR_FILENO) == STDERR_FILENO);
    error_print_progname = my_name;
    error(0, 0, "plain %d", 5);
    error(0, ENOENT, "with %s", "text");
    error_at_line(0, EINVAL, "file.c", 12, "here");
    error_one_per_line = 1;
    error_at_line(0, 0, "file.c", 13, "first");
    error_at_line(0, 0, "file.c", 13, "second");
    say("%u messages", error_message_count);
    pid_t child = fork();
    if (child == 0)
        error(3, EPERM, "the end");
    int status;
    NEED(waitpid(child, &status, 0) == child);
    say("status %d", WEXITSTATUS(status));
    for (int i = 1; i < 40; i++)
        say("%s %d", strerrorname_np(i), strcmp(strerrordesc_np(i), strerror(i)));
    say("%s %s %d %d", strerrorname_np(ENOENT), strerrorname_np(0), strerrorname_np(-1) == NULL,
        strerrordesc_np(4000) == NULL);
    say("%s %s %d", sigabbrev_np(SIGTERM), sigdescr_np(SIGKILL), sigabbrev_np(0) == NULL);
    errno = ENOENT;
    say("%m");
}

static void numbers(void)
{
    static char small[8], middle[64], large[256];
    say("%ld %ld", random(), random());
    srandom(42);
    say("%ld %ld %ld", random(), random(), random());
    char *first = initstate(7, small, sizeof small);
    say("%ld %ld %d", random(), random(), first != NULL);
    initstate(7, middle, sizeof middle);
    say("%ld %ld", random(), random());
    initstate(7, large, sizeof large);
    say("%ld %ld", random(), random());
    say("%d", setstate(middle) == large);
    say("%ld %ld", random(), random());
    setstate(first);
    say("%ld", random());
    struct random_data data = {0};
    char state[128];
    int32_t n;
    say("%d", initstate_r(1, state, sizeof state, &data));
    for (int i = 0; i < 3; i++)
        say("%d %d", random_r(&data, &n), n);
    struct drand48_data d48 = {0};
    double d;
    long l;
    srand48_r(99, &d48);
    for (int i = 0; i < 3; i++) {
        drand48_r(&d48, &d);
        lrand48_r(&d48, &l);
        say("%.15g %ld", d, l);
        mrand48_r(&d48, &l);
        say("%ld", l);
    }
    unsigned short x[3] = {1, 2, 3};
    erand48_r(x, &d48, &d);
    say("%.15g %d %d %d", d, x[0], x[1], x[2]);
}

static ucontext_t main_context, one, two;

static void coroutine(int a, int b, int c, int d, int e, int f, int g, int h)
{
    double kept = a * 1.5;
    for (int i = 0; i < 3; i++) {
        say("coroutine %d: %d %d %d %d %d %d %d %g", a, b, c, d, e, f, g, h, kept);
        sigset_t set;
        sigprocmask(SIG_BLOCK, NULL, &set);
        say("  blocked %d", sigismember(&set, SIGUSR1));
        NEED(swapcontext(a == 1 ? &one : &two, a == 1 ? &two : &one) == 0);
    }
}

static void contexts(void)
{
    static char stacks[2][65536];
    NEED(getcontext(&one) == 0 && getcontext(&two) == 0);
    one.uc_stack.ss_sp = stacks[0];
    two.uc_stack.ss_sp = stacks[1];
    one.uc_stack.ss_size = two.uc_stack.ss_size = sizeof stacks[0];
    one.uc_link = &main_context;
    two.uc_link = &main_context;
    sigaddset(&two.uc_sigmask, SIGUSR1);
    makecontext(&one, (void (*)(void))coroutine, 8, 1, 2, 3, 4, 5, 6, 7, 8);
    makecontext(&two, (void (*)(void))coroutine, 8, 2, 20, 30, 40, 50, 60, 70, 80);
    NEED(swapcontext(&main_context, &one) == 0);
    say("back in main");
    volatile int times = 0;
    getcontext(&main_context);
    if (times++ < 2)
        setcontext(&main_context);
    say("times %d", times);
}

static int caught;

static void on_signal(int sig)
{
    caught = sig;
}

static void system_v(void)
{
    say("sigset %d", sigset(SIGUSR1, on_signal) == SIG_DFL);
    TRY(sighold(SIGUSR1));
    raise(SIGUSR1);
    say("caught %d", caught);
    say("held %d", sigset(SIGUSR1, SIG_HOLD) == SIG_HOLD);
    errno = 0;
    int r = sigpause(SIGUSR1);
    say("sigpause %d %s caught %d", r, err_name(errno), caught == SIGUSR1);
    TRY(sigrelse(SIGUSR1));
    TRY(sigignore(SIGUSR1));
    raise(SIGUSR1);
    say("was ignored %d", sigset(SIGUSR1, SIG_DFL) == SIG_IGN);
    TRY(sighold(4000));
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

struct element {
    struct element *next, *prev;
    int n;
};

static void searching(void)
{
    int table[10] = {5, 3, 9}, key = 3, other = 4;
    size_t n = 3;
    int *found = lfind(&key, table, &n, sizeof key, compare_ints);
    say("lfind %d %d", found ? (int)(found - table) : -1,
        lfind(&other, table, &n, sizeof key, compare_ints) == NULL);
    found = lsearch(&other, table, &n, sizeof key, compare_ints);
    say("lsearch %d %zu", (int)(found - table), n);
    struct element a = {.n = 1}, b = {.n = 2}, c = {.n = 3};
    insque(&a, NULL);
    insque(&c, &a);
    insque(&b, &a);
    for (struct element *e = &a; e; e = e->next)
        say("insque %d", e->n);
    remque(&b);
    say("remque %d %d", a.next == &c, c.prev == &a);
}

static void records(void)
{
    char text[] = "root:$6$x:19000:0:99999:7:::\n", buf[100];
    struct spwd *sp = sgetspent(text);
    say("%s %s %ld %ld %ld %ld %ld %ld", sp->sp_namp, sp->sp_pwdp, sp->sp_lstchg, sp->sp_min,
        sp->sp_max, sp->sp_warn, sp->sp_inact, sp->sp_expire);
    FILE *f = fmemopen(buf, sizeof buf, "w");
    say("putspent %d", putspent(sp, f));
    fclose(f);
    say("%s", buf);
    char path[] = "/tmp/utmpXXXXXX";
    int fd = mkstemp(path);
    NEED(fd >= 0 && utmpxname(path) == 0);
    struct utmpx u = {
        .ut_type = USER_PROCESS, .ut_pid = 77, .ut_id = "1", .ut_line = "tty1", .ut_user = "me"};
    setutxent();
    say("put %d", pututxline(&u) != NULL);
    u.ut_id[0] = '2';
    strcpy(u.ut_line, "tty2");
    say("put %d", pututxline(&u) != NULL);
    strcpy(u.ut_user, "you");
    say("put %d size %ld", pututxline(&u) != NULL, (long)lseek(fd, 0, SEEK_END));
    setutxent();
    for (struct utmpx *e; (e = getutxent());)
        say("%d %.4s %s %s", e->ut_type, e->ut_id, e->ut_line, e->ut_user);
    setutxent();
    struct utmpx *e = getutxline(&u);
    say("line %s", e ? e->ut_user : "none");
    endutxent();
    unlink(path);
}

static void small(void)
{
    char *name = canonicalize_file_name("/tmp/../tmp/.");
    say("%s", name);
    free(name);
    say("%d %d %d", getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE),
        getauxval(AT_EUID) == geteuid(), getauxval(AT_CLKTCK) == 100);
    errno = 0;
    say("%lu %s", getauxval(4000), err_name(errno));
}

int main(void)
{
    errors();
    numbers();
    contexts();
    system_v();
    searching();
    records();
    small();
    return 0;
}
