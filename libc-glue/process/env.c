// SPDX-License-Identifier: BSD-2-Clause
// The environment: setenv, putenv and their kin over the array `environ`.
//
// newlib's putenv() copies its string; POSIX makes the string itself part of the environment. Here
// the array is ours once anything is added, a string is ours when setenv() made it: those are kept
// in a second list so that replacing a variable over and over does not leak. getenv()
// compares all of a name, newlib's what stands before a "=" in it.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// None of this is safe against a handler or (one day) a thread that uses the environment meanwhile;
// POSIX says so of all these functions.
static char **array; // the array we allocated, if environ is it
static size_t room;  // its slots
static char **made;  // strings setenv() allocated
static size_t made_count, made_room;

// Length of the name in "name=value", or of the whole string.
static size_t name_len(const char *s)
{
    return strcspn(s, "=");
}

// The slot of NAME (LEN bytes), or that of the final NULL.
static char **find(const char *name, size_t len)
{
    // A program may set environ to NULL; one that does has an empty environment.
    static char *none[1];
    if (!environ)
        environ = none;
    char **e = environ;
    while (*e && (strncmp(*e, name, len) || (*e)[len] != '='))
        e++;
    return e;
}

// The value itself, not a copy: it is good until the variable is changed.
char *getenv(const char *name)
{
    size_t len = strlen(name);
    char *string = len ? *find(name, len) : NULL;
    return string ? string + len + 1 : NULL;
}

// Frees OLD if setenv() made it; remembers FRESH (may be NULL) in its stead.
static int remember(const char *old, char *fresh)
{
    for (size_t i = 0; old && i < made_count; i++)
        if (made[i] == old) {
            free(made[i]);
            made[i] = fresh ? fresh : made[--made_count];
            return 0;
        }
    if (!fresh)
        return 0;
    if (made_count == made_room) {
        size_t more = made_room ? made_room * 2 : 16;
        char **m = realloc(made, more * sizeof *m);
        if (!m)
            return -1;
        made = m;
        made_room = more;
    }
    made[made_count++] = fresh;
    return 0;
}

// Makes the array ours with at least one free slot.
static int grow_environ(void)
{
    size_t n = 0;
    while (environ[n])
        n++;
    // Counted each time: the program may shorten or replace the array by itself.
    if (environ == array && n + 2 <= room)
        return 0;
    size_t more = (n + 2) * 2;
    char **a = realloc(environ == array ? array : NULL, more * sizeof *a);
    if (!a)
        return -1;
    if (environ != array) {
        memcpy(a, environ, (n + 1) * sizeof *a);
        free(array); // the program had put another array in its place
    }
    array = environ = a;
    room = more;
    return 0;
}

// Puts STRING into its name's slot. OURS: setenv() allocated it.
static int put_variable(char *string, size_t len, int ours)
{
    char **slot = find(string, len);
    if (!*slot) {
        if (grow_environ() < 0)
            return -1;
        slot = find(string, len);
        slot[1] = NULL;
    }
    // Before the slot changes: on failure everything is as it was. The old string is freed only if
    // it is ours.
    if (remember(*slot, ours ? string : NULL) < 0)
        return -1;
    *slot = string;
    return 0;
}

// Copies both, so the caller's may go (XSH setenv()). VALUE may be the variable's own old one: the
// copy is made before that is freed.
int setenv(const char *name, const char *value, int overwrite)
{
    size_t len = name ? name_len(name) : 0;
    if (len == 0 || name[len]) {
        errno = EINVAL;
        return -1;
    }
    if (!overwrite && *find(name, len))
        return 0;
    char *s = malloc(len + strlen(value) + 2);
    if (!s)
        return -1;
    memcpy(s, name, len);
    s[len] = '=';
    strcpy(s + len + 1, value);
    if (put_variable(s, len, 1) < 0) {
        free(s);
        return -1;
    }
    return 0;
}

int unsetenv(const char *name)
{
    size_t len = name ? name_len(name) : 0;
    if (len == 0 || name[len]) {
        errno = EINVAL;
        return -1;
    }
    char **e;
    // All of that name: a program that fills the array itself may have made two.
    while (*(e = find(name, len))) {
        remember(*e, NULL);
        do
            e[0] = e[1];
        while (*e++);
    }
    return 0;
}

// Without a '=', putenv() removes the variable: not POSIX, but what Linux does.
int putenv(char *string)
{
    size_t len = name_len(string);
    return string[len] ? put_variable(string, len, 0) : unsetenv(string);
}

// Not POSIX. Strings that putenv() was given are the program's and stay; those of the first
// environment lie on the stack, where the program found them.
int clearenv(void)
{
    while (made_count > 0)
        free(made[--made_count]);
    free(array);
    array = NULL;
    room = 0;
    static char *none[1];
    environ = none;
    return 0;
}
