// SPDX-License-Identifier: BSD-2-Clause
// test_options.c: the command line of `ramet run`: what each option sets, where the program's own
// arguments begin, and that every mistake is refused. Links host/options.c.
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/pv.h"
#include "host/options.h"
#include "tests/unit/lib/check.h"

#define MB (UINT64_C(1) << 20)

static struct options opt;

// Parses the words of `line`, which are separated by single spaces. Complaints go nowhere.
static int parse(const char *line)
{
    static char copy[256];
    char *argv[32], *save = NULL;
    int argc = 0, keep = dup(2);

    snprintf(copy, sizeof copy, "run %s", line);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    argv[argc] = NULL;
    options_free(&opt);
    optind = 0; // glibc: start over
    fflush(stderr);
    if (!freopen("/dev/null", "w", stderr))
        return -2;
    int r = options_parse(&opt, argc, argv);
    fflush(stderr);
    dup2(keep, 2);
    close(keep);
    return r;
}

static const char *env(const char *name)
{
    size_t n = strlen(name);
    for (char **e = opt.env; e && *e; e++)
        if (!strncmp(*e, name, n) && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

static void test_disks(void)
{
    CHECK_EQ(parse("--disk a --disk b:ro a.img"), 0);
    CHECK_EQ(opt.ndisks, 2);
    CHECK_STR(opt.disks[0], "a");
    CHECK_STR(opt.disks[1], "b:ro");
    CHECK_EQ(parse("--disk a --disk b --disk c --disk d --disk e a.img"), -1);
    CHECK_EQ(parse("--disk"), -1);
}

static void test_defaults(void)
{
    CHECK_EQ(parse("a.img"), 0);
    CHECK_STR(opt.image, "a.img");
    CHECK_STR(opt.kvm, "/dev/kvm");
    CHECK_EQ(opt.nargs, 0);
    CHECK_EQ(opt.mem, 64 * MB);
    CHECK_EQ(opt.window_size, 64 * MB);
    CHECK_EQ(opt.max_procs, 256);
    CHECK_EQ(opt.trace, 0);
    CHECK_EQ(opt.gdb_port, 0);
    CHECK(!opt.exec_path && !opt.check_leaks);
    CHECK(env("PATH") && env("HOME") && env("TERM"));
}

static void test_stop_and_quiet(void)
{
    CHECK_EQ(parse("a.img"), 0);
    CHECK(opt.stop_timeout == 10 && !opt.quiet);
    CHECK_EQ(parse("-q --stop-timeout 0 a.img -q"), 0);
    CHECK(opt.stop_timeout == 0 && opt.quiet && opt.nargs == 1);
    CHECK_EQ(parse("--stop-timeout -1 a.img"), -1);
    CHECK_EQ(parse("--stop-timeout 86401 a.img"), -1);
    CHECK_EQ(parse("-x a.img"), -1);
}

static void test_values(void)
{
    CHECK_EQ(parse("--mem 32M --window-size 8192K --max-procs 7 --exec /bin/x --check-leaks a.img"),
             0);
    CHECK_EQ(opt.mem, 32 * MB);
    CHECK_EQ(opt.window_size, 8 * MB);
    CHECK_EQ(opt.max_procs, 7);
    CHECK_STR(opt.exec_path, "/bin/x");
    CHECK_EQ(opt.check_leaks, 1);
    CHECK_EQ(parse("--mem 1G a.img"), 0);
    CHECK_EQ(opt.mem, 1024 * MB);
    CHECK_EQ(parse("--mem 17000000 a.img"), 0); // rounded up to 2 MB
    CHECK_EQ(opt.mem, 18 * MB);
    CHECK_EQ(parse("--kvm /dev/other a.img"), 0);
    CHECK_STR(opt.kvm, "/dev/other");
}

static void test_vmm(void)
{
    CHECK_EQ(parse("a.img"), 0);
    CHECK_EQ(opt.vmm, VMM_AUTO);
    CHECK(opt.accel == NULL && opt.pool > 0);
    CHECK_EQ(parse("--vmm=kvm a.img"), 0);
    CHECK_EQ(opt.vmm, VMM_KVM);
    CHECK_EQ(parse("--vmm qemu --accel tcg --pool 0 a.img"), 0);
    CHECK_EQ(opt.vmm, VMM_QEMU);
    CHECK_STR(opt.accel, "tcg");
    CHECK_EQ(opt.pool, 0);
    CHECK_EQ(parse("--accel kvm --accel auto a.img"), 0);
    CHECK(opt.accel == NULL);
}

static void test_arguments(void)
{
    CHECK_EQ(parse("--mem 32M a.img --mem 64M -c --help"), 0);
    CHECK_EQ(opt.mem, 32 * MB);
    CHECK_EQ(opt.nargs, 4);
    CHECK_STR(opt.args[0], "--mem");
    CHECK_STR(opt.args[3], "--help");
    CHECK(opt.args[4] == NULL);
    CHECK_EQ(parse("-- a.img b"), 0);
    CHECK_STR(opt.image, "a.img");
    CHECK_EQ(opt.nargs, 1);
}

static void test_trace(void)
{
    CHECK_EQ(parse("--trace a.img"), 0);
    CHECK_EQ(opt.trace, TRACE_PROC);
    CHECK_EQ(parse("--trace=exit,call a.img"), 0);
    CHECK_EQ(opt.trace, TRACE_EXIT | TRACE_CALL);
    CHECK_EQ(parse("--trace=proc --trace=exit a.img"), 0);
    CHECK_EQ(opt.trace, TRACE_PROC | TRACE_EXIT);
    CHECK_EQ(parse("--trace=everything a.img"), -1);
    CHECK_EQ(
        parse("--trace=proc,proc,proc,proc,proc,proc,proc,proc,proc,proc,proc,proc,proc,proc a"),
        -1);
}

static void test_gdb(void)
{
    CHECK_EQ(parse("--gdb 1234 a.img"), 0);
    CHECK_EQ(opt.gdb_port, 1234);
    CHECK_EQ(opt.gdb_slot, 1);
    CHECK_EQ(parse("--gdb 65535:3 a.img"), 0);
    CHECK_EQ(opt.gdb_port, 65535);
    CHECK_EQ(opt.gdb_slot, 3);
    static const char *const wrong[] = {
        "0", "65536", "-1", "x", "12x", "12:", ":3", "12:0", "12:5000", "12:3:4", "12:x"};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "--gdb %s a.img", wrong[i]);
        check_eq(parse(line), -1, __FILE__, __LINE__, wrong[i]);
    }
}

static void test_env(void)
{
    CHECK_EQ(parse("--env A=1 --env B= --env HOME=/root --env A=2=3 a.img"), 0);
    CHECK_STR(env("B"), "");
    CHECK_STR(env("HOME"), "/root");
    CHECK(env("PATH") != NULL);
    unsigned homes = 0;
    for (char **e = opt.env; *e; e++)
        homes += !strncmp(*e, "HOME=", 5);
    CHECK_EQ(homes, 1);
    CHECK_EQ(parse("--env A a.img"), -1);
    CHECK_EQ(parse("--env =1 a.img"), -1);
}

static void test_mistakes(void)
{
    static const char *const wrong[] = {
        "",
        "--mem 32M",
        "--mem 1M a",
        "--mem 9G a",
        "--mem x a",
        "--mem 32MB a",
        "--mem -32M a",
        "--mem 99999999999999999999 a",
        "--mem 18446744073709551615G a",
        "--mem",
        "--window-size 2M a",
        "--window-size 3G a",
        "--max-procs 0 a",
        "--max-procs 5000 a",
        "--max-procs 1.5 a",
        "--no-such-option a",
        "-x a",
        "--vmm xen a",
        "--vmm",
        "--accel hvf a",
        "--accel tcg --vmm kvm a",
        "--pool 1025 a",
        "--pool -1 a",
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check_eq(parse(wrong[i]), -1, __FILE__, __LINE__, wrong[i]);
}

int main(void)
{
    RUN(test_disks);
    RUN(test_defaults);
    RUN(test_stop_and_quiet);
    RUN(test_values);
    RUN(test_vmm);
    RUN(test_arguments);
    RUN(test_trace);
    RUN(test_gdb);
    RUN(test_env);
    RUN(test_mistakes);
    options_free(&opt);
    return check_done("options");
}
