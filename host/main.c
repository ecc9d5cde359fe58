// SPDX-License-Identifier: BSD-2-Clause
// ramet: the companion of Ramet images. `ramet run IMAGE` runs a program as a family of VMs.
// Reading order from here: supervisor.c, kvm.c, kvm/start.c, monitor.c, vm.c, platform.c, load.c,
// kvm/upcall.c, call.c.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/backend.h"
#include "host/gdb/gdb.h"
#include "host/serve/serve.h"
#include "host/family/supervisor.h"
#include "host/template/rehearse.h"
#include "host/template/template.h"

#define EXIT_CANNOT_START 2

static int cannot(const char *what, const char *why)
{
    fprintf(stderr, "ramet: %s: %s\n", what, why);
    return -1;
}

// The program to start and its argv. 0 or -1 with a line on stderr.
static int choose_program(const struct options *opt, const struct image *image, uint32_t *program,
                          char ***argv)
{
    const char *path = image_string(image, image->header->entry_path);
    *program = image->header->entry_program;
    if (opt->exec_path) {
        const struct image_file *file = image_follow(image, opt->exec_path);
        if (!file || file->type != IMAGE_PROGRAM) {
            fprintf(stderr, "ramet: %s: no program %s in it\n", opt->image, opt->exec_path);
            return -1;
        }
        *program = file->program;
        path = opt->exec_path;
    }
    // The image's arguments are those of its first program: they are not given to another.
    uint32_t defaults = opt->nargs || opt->exec_path ? 0 : image->header->arg_count;
    uint32_t n = defaults ? defaults : (uint32_t)opt->nargs;
    char **v = calloc(n + 2, sizeof *v);
    if (!v)
        return cannot(opt->image, "out of memory");
    v[0] = (char *)path;
    for (uint32_t i = 0; i < n; i++)
        v[i + 1] = defaults ? (char *)image->args[i] : opt->args[i];
    *argv = v;
    return 0;
}

// 0, or -1 with a line on stderr.
static int open_disks(struct family *f, const struct options *opt)
{
    char err[256];
    for (; f->ndisks < opt->ndisks; f->ndisks++)
        if (disk_open(&f->disks[f->ndisks], opt->disks[f->ndisks], err, sizeof err) < 0) {
            fprintf(stderr, "ramet: %s\n", err);
            return -1;
        }
    return 0;
}

// The image, by the template if there is one. 0, or -1 with a line on stderr.
static int open_image(struct family *f, struct options *opt, struct image *image)
{
    char err[256];
    struct template_header *t = NULL;
    if ((opt->template && template_open(opt, &t, &f->template_fd, err, sizeof err) < 0) ||
        image_open(image, opt->image, err, sizeof err) < 0 ||
        (t && template_check_image(t, image, err, sizeof err) < 0) ||
        (!t && image_fits(image, opt->window_size, opt->max_procs, err, sizeof err) < 0)) {
        fprintf(stderr, "ramet: %s\n", err);
        return -1;
    }
    f->template = t;
    f->saved_ns = t ? t->mono_ns : 0;
    return 0;
}

// What --vmm=auto tries, in this order, each with what is said of it when it is not the first.
static const struct {
    enum vmm vmm;
    const struct backend *backend;
    const char *instead;
} back_ends[] = {
    {VMM_KVM, &kvm_backend, NULL},
    {VMM_PROCESS, &process_backend, "confined processes instead of VMs (--vmm=qemu: VMs)"},
    {VMM_QEMU, &qemu_backend, "QEMU, which is slower"},
};

// Adds a reason to those there are.
static void add_reason(char *reasons, size_t size, const char *why)
{
    const size_t len = strlen(reasons);
    snprintf(reasons + len, size - len, "%s%s", len ? "; " : "", why);
}

// Whether a back end is one to try. QEMU's VMs have templates of their own kind, which are no
// files.
static int is_candidate(const struct family *f, enum vmm vmm)
{
    const int saved = f->opt->until || f->template;
    return f->opt->vmm == VMM_AUTO ? !saved || vmm != VMM_QEMU : vmm == f->opt->vmm;
}

// Whether a template can be started by what was chosen for it. Never by another instead: a file is
// not to decide by what its program is confined.
static int made_template(const struct family *f, char *reasons, size_t size)
{
    char why[300];
    if (!f->template || !strcmp(f->template->maker, f->backend->name))
        return 1;
    snprintf(why, sizeof why, "%s: made with --vmm=%s, which alone can start it", f->opt->template,
             f->template->maker);
    add_reason(reasons, size, why);
    return 0;
}

// Sets the family's back end and opens it. 0 or -1 with a line on stderr.
static int choose_backend(struct family *f)
{
    char err[256], reasons[600] = "";
    for (unsigned i = 0; i < sizeof back_ends / sizeof back_ends[0]; i++) {
        if (!is_candidate(f, back_ends[i].vmm))
            continue;
        f->backend = back_ends[i].backend;
        if (f->backend->open(f, err, sizeof err) < 0) {
            add_reason(reasons, sizeof reasons, err);
            continue;
        }
        const int instead = *reasons != 0;
        if (!made_template(f, reasons, sizeof reasons))
            break;
        if (instead && !f->opt->quiet)
            fprintf(stderr, "ramet: %s; using %s\n", reasons, back_ends[i].instead);
        return 0;
    }
    fprintf(stderr, "ramet: %s\n", reasons);
    return -1;
}

// 0 or -1 with a line on stderr.
static int listen_for_gdb(struct family *f)
{
    const int port = f->opt->gdb_port;
    int fd = port ? gdb_listen(port) : -1;
    if (port && fd < 0) {
        fprintf(stderr, "ramet: --gdb %d: %s\n", port, strerror(-fd));
        return -1;
    }
    // It was only to see that the port is free.
    if (fd >= 0 && f->backend->serves_gdb) {
        close(fd);
        fd = -1;
    }
    f->gdb_fd = fd;
    return 0;
}

static int run_family(int argc, char **argv)
{
    struct options opt;
    struct image image = {.fd = -1};
    struct family family = {.gdb_fd = -1, .template_fd = -1};
    char err[256];
    uint32_t program;
    char **args;

    int r = options_parse(&opt, argc, argv);
    if (r != 0)
        return r > 0 ? 0 : EXIT_CANNOT_START;
    // A client of `ramet serve` needs no image, no back end and no window of its own.
    if (opt.template && !opt.socket && client_wanted(&opt))
        return client_run(&opt);
    family.opt = &opt;
    if (open_image(&family, &opt, &image) < 0 || choose_program(&opt, &image, &program, &args) < 0)
        return EXIT_CANNOT_START;
    family.image = &image;
    // Files first: a wrong name is refused on every machine.
    if (open_disks(&family, &opt) < 0 || choose_backend(&family) < 0)
        return EXIT_CANNOT_START;
    if (opt.socket)
        return serve_run(&family, program, args);
    if (family_init(&family, err, sizeof err) < 0 ||
        template_prepare(&family, err, sizeof err) < 0) {
        fprintf(stderr, "ramet: %s\n", err);
        return EXIT_CANNOT_START;
    }
    if (listen_for_gdb(&family) < 0)
        return EXIT_CANNOT_START;
    int status = supervisor_run(&family, program, args);
    if (opt.until) {
        if (atomic_load(&family.shared->saved))
            rehearse(&family);
        status = template_finish(&family, status);
    }
    free(args);
    image_close(&image);
    options_free(&opt);
    return status;
}

static int help(FILE *to)
{
    fputs(
        "usage: ramet run [options] IMAGE [ARGS...]\n"
        "                 the image's first program and all it forks, as one family: --mem SIZE,\n"
        "                 --window-size SIZE, --disk FILE, --env NAME=VALUE, --exec PATH, "
        "--trace,\n"
        "                 --vmm NAME, -q, --gdb PORT\n"
        "       ramet template [options] --until TEXT --output FILE IMAGE [ARGS...]\n"
        "                 the same until TEXT is printed, then saves it for run --template FILE\n"
        "       ramet serve [options] --template FILE --socket PATH\n"
        "                 keeps families of a template ready for run --template PATH: --pool N\n"
        "       ramet help | --version\n"
        "'ramet run --help' lists all options; 'man ramet' and share/doc/ramet (docs/ in the\n"
        "sources) say more. mkimage makes images, ramet-cc programs for them.\n",
        to);
    return to == stdout ? 0 : EXIT_CANNOT_START;
}

static int is_help(const char *word)
{
    return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

// A descriptor 0, 1 or 2 that is closed must not become the image or KVM. O_PATH: it can neither be
// read nor written, and family.c sees that it is none.
static void reserve_stdio(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/", O_PATH | O_CLOEXEC);
}

int main(int argc, char **argv)
{
    reserve_stdio();
    if (argc >= 2 &&
        (!strcmp(argv[1], "run") || !strcmp(argv[1], "template") || !strcmp(argv[1], "serve")))
        return run_family(argc - 1, argv + 1);
    if (argc >= 2 && is_help(argv[1]))
        return help(stdout);
    if (argc >= 2 && !strcmp(argv[1], "--version")) {
        options_print_version();
        return 0;
    }
    if (argc >= 2)
        fprintf(stderr, "ramet: there is no command '%s'\n", argv[1]);
    return help(stderr);
}
