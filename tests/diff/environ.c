// SPDX-License-Identifier: BSD-2-Clause
// The environment. See diff.h.
#include "tests/diff/diff.h"

extern char **environ;

static const char *const names[] = {"A", "AB", "B", "LONG_NAME", "A=B", "", "="};
static const char *const values[] = {"", "x", "a=b", "a much longer value than the others have"};
static char own[4][64]; // strings that putenv() makes part of the environment

static void begin(void)
{
    clearenv();
}

static const char *a_name(void)
{
    const char *name = pick(5) ? names[pick(4)] : PICK(names);
    put(" [%s]", name);
    return name;
}

static void do_set(void)
{
    const char *name = a_name(), *value = PICK(values);
    int over = (int)pick(2);
    put(" [%s] %d", value, over);
    put_result(setenv(name, value, over));
}

static void do_unset(void)
{
    put_result(unsetenv(a_name()));
}

static void do_get(void)
{
    const char *value = getenv(a_name());
    put(" = %s", value ? value : "-");
}

static void do_put(void)
{
    unsigned i = pick(LENGTH(own));
    snprintf(own[i], sizeof own[i], pick(5) ? "%s=%s%u" : "%s", names[pick(4)], PICK(values), i);
    put(" %u [%s]", i, own[i]);
    put_result(putenv(own[i]));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void do_list(void)
{
    char *all[40];
    size_t n = 0;
    while (environ && environ[n] && n < LENGTH(all)) {
        all[n] = environ[n];
        n++;
    }
    qsort(all, n, sizeof *all, by_text);
    for (size_t i = 0; i < n; i++)
        put(" [%s]", all[i]);
}

static void do_clear(void)
{
    put_result(clearenv());
}

static const struct op ops[] = {
    {"set", 12, do_set}, {"unset", 5, do_unset}, {"get", 12, do_get},
    {"put", 5, do_put},  {"list", 5, do_list},   {"clear", 1, do_clear},
};

const struct area area_environ = {"environ", ops, LENGTH(ops), begin};
