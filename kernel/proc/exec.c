// SPDX-License-Identifier: BSD-2-Clause
// exec: another program takes this VM over, one of the image or a file of the family.
//
// The host drops this VM's RAM and starts the new program; all that POSIX lets survive is in the
// window. First everything that can fail is done without changing anything; from exec_commit() on
// there is no way back, and a failure of the host ends the process, as on Linux. A program of the
// image was checked long ago; of a file the host is asked before. Neighbours: spawn.c (the same in
// a new VM), exec_file.c, the file layer (fs_exec_lookup).

#include "kernel/proc/exec.h"
#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/api/stat.h"
#include "kernel/api/wait.h"
#include "kernel/arch.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/file/file.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/mem/shared.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/proc/vfork.h"

#define PATH_LIMIT   4096
#define S_IXGRP      010 // may be executed by its group
#define SCRIPT_DEPTH 4   // interpreters that are scripts themselves (Linux's limit)

#define SCRATCH ((struct scratch *)NULL) // for its sizes
_Static_assert(sizeof SCRATCH->scripts[0].head == EXEC_HEAD, "a script's beginning fits");
_Static_assert(ARRAY_LEN(SCRATCH->scripts) == SCRIPT_DEPTH, "and so do all on the way");

// System V ABI, chapter 4: what an ELF file begins with.
static const char elf_magic[4] = {'\x7f', 'E', 'L', 'F'};

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

// Splits `#! interpreter [argument]`: one optional argument, which may hold blanks. 0 or -ENOEXEC.
static int parse_script(struct script *s)
{
    char *end = memchr(s->head, '\n', EXEC_HEAD), *at = s->head + 2;
    if (s->head[0] != '#' || s->head[1] != '!')
        return -ENOEXEC;
    if (!end) // a shorter file without a newline is fine, a line cut off is not
        end = memchr(s->head, '\0', EXEC_HEAD);
    if (!end)
        return -ENOEXEC;
    while (end > at && is_blank(end[-1]))
        end--;
    *end = '\0';
    while (is_blank(*at))
        at++;
    s->interpreter = at;
    while (*at && !is_blank(*at))
        at++;
    s->argument = NULL;
    if (*at) {
        *at++ = '\0';
        while (is_blank(*at))
            at++;
        s->argument = at;
    }
    return *s->interpreter ? 0 : -ENOEXEC;
}

// POSIX exec: a program with S_ISUID runs as its owner, one with S_ISGID in its group (Linux: if it
// is executable for that group). Of a script the interpreter's bits count.
void exec_set_ids(struct exec_image *image, uint32_t mode, uint32_t uid, uint32_t gid)
{
    if (mode & S_ISUID)
        image->uid = uid;
    if ((mode & S_ISGID) && (mode & S_IXGRP))
        image->gid = gid;
}

// Follows path to a program; the scratch has the *depth scripts on the way.
static int find_program(struct exec_image *image, const char *path, int *depth)
{
    struct script *scripts = thread_scratch.scripts;
    for (int n = 0;; n++) {
        struct exec_file file;
        int r = fs_exec_lookup(path, &file);
        if (r < 0)
            return r;
        image->program = file.program < 0 ? PV_PROGRAM_FILE : (uint32_t)file.program;
        *depth = n;
        if (file.program >= 0) {
            exec_set_ids(image, file.mode, file.uid, file.gid);
            return 0;
        }
        // Not in the image's table, but an ELF file: the host decides whether it is a program of
        // ours.
        if (memcmp(file.head, elf_magic, sizeof elf_magic) == 0)
            return exec_file_read(image, path);
        if (n == SCRIPT_DEPTH)
            return -ELOOP;
        memcpy(scripts[n].head, file.head, EXEC_HEAD);
        if ((r = parse_script(&scripts[n])) < 0)
            return r;
        path = scripts[n].interpreter;
    }
}

// --- the strings ---

// E2BIG where the strings do not fit, which is what ARG_MAX tells programs (XSH exec).
static int add_string(struct exec_image *image, const char *s)
{
    uint64_t room = SCRATCH_BODY - image->len;
    // Measured and copied without a wait in between, so the string cannot become longer.
    long n = user_strlen(s, room);
    if (n < 0)
        return n == -EFAULT ? -EFAULT : -E2BIG;
    memcpy(thread_scratch.strings + image->len, s, (size_t)n);
    image->len += (uint64_t)n;
    return 0;
}

// Adds the strings of a NULL-terminated vector from `first` on; NULL is an empty vector, as on
// Linux.
// Each pointer is checked by itself: where the vector ends only its NULL says.
static int add_vector(struct exec_image *image, char *const vector[], uint32_t first,
                      uint32_t *count)
{
    for (uint32_t i = 0; vector; i++) {
        if (user_readable(&vector[i], sizeof vector[i]) < 0)
            return -EFAULT;
        if (!vector[i])
            break;
        if (i < first)
            continue;
        int r = add_string(image, vector[i]);
        if (r < 0)
            return r;
        ++*count;
    }
    return 0;
}

static int add_one(struct exec_image *image, const char *s)
{
    image->argc++;
    return add_string(image, s);
}

// A script's argument vector: interpreter, its argument, the script; the innermost interpreter
// first.
static int add_scripts(struct exec_image *image, const char *path, int depth)
{
    const struct script *scripts = thread_scratch.scripts;
    int r = 0;
    for (int i = depth - 1; i >= 0 && r == 0; i--) {
        r = add_one(image, scripts[i].interpreter);
        if (r == 0 && scripts[i].argument)
            r = add_one(image, scripts[i].argument);
    }
    return r < 0 ? r : add_one(image, path);
}

struct pv_exec exec_call(const struct exec_image *image)
{
    return (struct pv_exec){.program = image->program,
                            .argc = image->argc,
                            .envc = image->envc,
                            .strings = (uintptr_t)image->strings,
                            .len = image->len,
                            .file = (uintptr_t)image->file,
                            .file_len = image->file_len};
}

// The copy of a program's file, if there is one, is a mapping of this process. After a commit
// nobody needs to call it: the RAM is dropped with all in it.
void exec_forget(const struct exec_image *image)
{
    if (image->file)
        sys_munmap(image->file, image->file_len);
}

// Whether the host would take the file for a program.
static int check_file(const struct exec_image *image)
{
    struct pv_exec call = exec_call(image);
    call.flags = PV_EXEC_CHECK;
    return (int)pv_exec(&call);
}

// The order is the one in which the host lays them out: arguments, then the environment, end to
// end.
static int gather(struct exec_image *image, const char *path, char *const argv[],
                  char *const envp[])
{
    int depth = 0;
    int r = find_program(image, path, &depth);
    if (r == 0 && depth)
        r = add_scripts(image, path, depth);
    if (r == 0)
        r = add_vector(image, argv, depth ? 1 : 0, &image->argc);
    // Programs rely on an argv[0] being there; so does Linux since 5.18.
    if (r == 0 && image->argc == 0)
        r = add_one(image, "");
    image->args_len = image->len;
    if (r == 0)
        r = add_vector(image, envp, 0, &image->envc);
    return r;
}

// Changes nothing that the program can see. The strings stay in the scratch until the host has
// them, so nothing that uses the scratch may run before.
int exec_prepare(struct exec_image *image, const char *path, char *const argv[], char *const envp[])
{
    long n = user_strlen(path, PATH_LIMIT);
    *image =
        (struct exec_image){.strings = thread_scratch.strings, .uid = EXEC_KEEP, .gid = EXEC_KEEP};
    if (n < 0)
        return (int)n;
    int r = gather(image, path, argv, envp);
    if (r == 0 && image->file)
        r = check_file(image);
    if (r < 0)
        exec_forget(image);
    return r;
}

// What POSIX says of exec, in the window: P may be another entry than ours (spawn, vfork).
void exec_commit(struct proc *p, const struct exec_image *image, const char *path)
{
    fds_close_on_exec(p);
    atomic_store(&p->threads, 0);
    signal_exec(p);
    p->exec_done = 1;
    if (image->uid != EXEC_KEEP)
        p->euid = image->uid;
    if (image->gid != EXEC_KEEP)
        p->egid = image->gid;
    // In this order: the saved ids are those the program starts with.
    p->suid = p->euid; // POSIX exec, set-user-ID or not
    p->sgid = p->egid;
    proc_name(p, path, image->strings, image->args_len);
    shm_drop_all(p); // last: `path` may lie there
}

// No handler runs between the commit and the end: depth is above 0, and the new image starts with
// its signals as the entry has them.
long sys_execve(const char *path, char *const argv[], char *const envp[])
{
    struct exec_image image;
    sys_enter();
    thread_alone_begin(); // the strings are in memory that all threads use
    long r = exec_prepare(&image, path, argv, envp);
    thread_alone_end();
    if (r == 0) {
        if (vfork_borrowed())
            vfork_exec(&image, path);
        thread_end_others();
        exec_commit(proc_self, &image, path);
        // From here on nothing may fail: the old program's handlers and descriptors are gone.
        clock_exec();
        struct pv_exec call = exec_call(&image);
        r = pv_exec(&call);
        // Only reached if the host has failed after all. There is no program to return to.
        klog("exec: %s: error %d", proc_self->comm, (int)-r);
        proc_exit(K_STATUS_SIGNAL(SIGKILL));
    }
    sys_leave(&r);
    return r;
}
