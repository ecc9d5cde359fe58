// SPDX-License-Identifier: BSD-2-Clause
// mkimage: put Ramet programs and files into one image that `ramet run` starts (docs/image.md).
//
// Options fill a tree of guest files (input.c, tree.c); then it is laid out and written (write.c)
// and, for machines without `ramet`, made bootable (format.c).
// Every refusal is one line on stderr and exit status 2, and leaves no output file behind.
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/pv.h"
#include "abi/version.h"
#include "tools/mkimage/format.h"
#include "tools/mkimage/input.h"
#include "tools/mkimage/list.h"
#include "tools/mkimage/tree.h"
#include "tools/mkimage/util.h"
#include "tools/mkimage/work.h"
#include "tools/mkimage/write.h"

static const char help[] =
    "Usage: mkimage -o IMAGE --program GUEST=HOST.elf [OPTION]...\n"
    "       mkimage -o OUTPUT --from IMAGE --format FORMAT\n"
    "       mkimage --list IMAGE\n"
    "Put programs and files into one Ramet image, make an image bootable, or show what is in one.\n"
    "\n"
    "  -o, --output IMAGE         the file to write\n"
    "  --format FORMAT            image, for `ramet run` (default); or bootable without it: elf\n"
    "                             (a kernel file), raw or qcow2 (a disk), iso, gce "
    "(disk.raw.tar.gz)\n"
    "  --from IMAGE               convert this image instead of making one\n"
    "  --program GUEST=HOST       a program built with ramet-cc, at guest path GUEST, mode 0755\n"
    "  --file HOST:GUEST[:MODE]   a file; its own permissions unless MODE (octal)\n"
    "  --dir HOST:GUEST           a whole directory, FIFOs too; Ramet programs in it can be "
    "executed\n"
    "  --link NAME=TARGET         a symbolic link at guest path NAME\n"
    "  --links FILE=TARGET        such a link for every line of FILE\n"
    "  --mkdir GUEST[:MODE]       a directory, 0755 unless MODE\n"
    "  --cmdline WORDS            default arguments, split and quoted as in a shell\n"
    "  --entry GUEST              what is started first (default: the first --program)\n"
    "  --mtime SECONDS            time of all files (default: $SOURCE_DATE_EPOCH, else their own)\n"
    "  -l, --list IMAGE           check IMAGE and print its contents\n"
    "  -q, --quiet                do not print what was written\n"
    "  -h, --help                 this text\n"
    "  -V, --version              the version, and the ABI of the images it makes\n"
    "\n"
    "Missing parent directories are made with mode 0755. All files belong to user and group 0.\n";

enum {
    OPT_PROGRAM = 256,
    OPT_FORMAT,
    OPT_FROM,
    OPT_FILE,
    OPT_DIR,
    OPT_LINK,
    OPT_LINKS,
    OPT_MKDIR,
    OPT_CMDLINE,
    OPT_ENTRY,
    OPT_MTIME
};

static const struct option options[] = {
    {"output", required_argument, NULL, 'o'},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"from", required_argument, NULL, OPT_FROM},
    {"program", required_argument, NULL, OPT_PROGRAM},
    {"file", required_argument, NULL, OPT_FILE},
    {"dir", required_argument, NULL, OPT_DIR},
    {"link", required_argument, NULL, OPT_LINK},
    {"links", required_argument, NULL, OPT_LINKS},
    {"mkdir", required_argument, NULL, OPT_MKDIR},
    {"cmdline", required_argument, NULL, OPT_CMDLINE},
    {"entry", required_argument, NULL, OPT_ENTRY},
    {"mtime", required_argument, NULL, OPT_MTIME},
    {"list", required_argument, NULL, 'l'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

// What the command line says beside the tree.
struct request {
    const char *output;
    const char *list;
    const char *entry;
    const char *cmdline;
    const char *mtime;
    const char *from;
    const struct format *format; // NULL: an image
    bool quiet;
};

static int64_t parse_time(const char *what, const char *text)
{
    char *end;
    errno = 0;
    long long t = strtoll(text, &end, 10);

    if (errno || end == text || *end || t < 0)
        die("%s: '%s' is not a number of seconds", what, text);
    return t;
}

// --mtime, else the reproducible-builds convention, else each file's own time.
static int64_t image_time(const struct request *req)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");

    if (req->mtime)
        return parse_time("--mtime", req->mtime);
    return epoch && *epoch ? parse_time("SOURCE_DATE_EPOCH", epoch) : MTIME_UNKNOWN;
}

static void take_program(struct tree *tree, struct request *req, const char *arg)
{
    const char *path = add_program(tree, arg);

    if (!req->entry)
        req->entry = path;
}

static void take_option(int opt, struct tree *tree, struct request *req)
{
    switch (opt) {
    case 'o':
        req->output = optarg;
        break;
    case 'l':
        req->list = optarg;
        break;
    case 'q':
        req->quiet = true;
        break;
    case OPT_FORMAT:
        req->format = format_find(optarg);
        break;
    case OPT_FROM:
        req->from = optarg;
        break;
    case OPT_FILE:
        add_file(tree, optarg);
        break;
    case OPT_DIR:
        add_dir(tree, optarg);
        break;
    case OPT_LINK:
        add_link(tree, optarg);
        break;
    case OPT_LINKS:
        add_links(tree, optarg);
        break;
    case OPT_MKDIR:
        add_mkdir(tree, optarg);
        break;
    case OPT_CMDLINE:
        req->cmdline = optarg;
        break;
    case OPT_MTIME:
        req->mtime = optarg;
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    case 'V':
        printf("mkimage (Ramet) %s, ABI %d, image format %d\n", RAMET_VERSION, PV_ABI_VERSION,
               IMAGE_FORMAT);
        exit(0);
    default: // getopt has printed its line
        exit(2);
    }
}

static void check_conversion(const struct tree *tree, const struct request *req, const char *entry)
{
    if (!req->format)
        die("--from needs a --format to convert to");
    if (tree->count || entry || req->cmdline || req->mtime)
        die("--from takes the image as it is: no other options than --format, -o and -q");
}

static void parse_options(int argc, char **argv, struct tree *tree, struct request *req)
{
    const char *entry = NULL;
    int opt;

    while ((opt = getopt_long(argc, argv, "o:l:qhV", options, NULL)) >= 0) {
        if (opt == OPT_PROGRAM)
            take_program(tree, req, optarg);
        else if (opt == OPT_ENTRY)
            entry = guest_path("--entry", optarg);
        else
            take_option(opt, tree, req);
    }
    if (optind < argc)
        die("unexpected argument '%s', see --help", argv[optind]);
    if (req->list)
        return;
    if (!req->output)
        die("no output file (-o), see --help");
    if (req->from) {
        check_conversion(tree, req, entry);
        return;
    }
    if (entry)
        req->entry = entry;
    if (!req->entry)
        die("no program to start: give --program or --entry");
}

// ---- the report ----

// `what` is how the image is called: by its path, or in general if it became something else.
static void report(const struct plan *plan, const char *what)
{
    uint32_t count[IMAGE_FIFO + 1] = {0};
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < plan->tree->count; i++) {
        const struct node *n = &plan->tree->nodes[i];
        count[n->type]++;
        bytes += n->type == IMAGE_REG ? n->size : 0;
        if (n->type != IMAGE_PROGRAM)
            continue;
        printf("program ");
        print_text(stdout, n->path);
        printf(": %s, %u segments, drivers", human(n->size), n->elf->nsegs);
        print_drivers(n->elf->note.drivers);
        printf("%s\n", n->program == plan->entry_program ? ", started first" : "");
    }
    // What the guest's RAM file system begins with: an inode for each.
    printf("%u names: %u programs, %u files with %s, %u directories, %u links, %u FIFOs\n",
           plan->tree->count, count[IMAGE_PROGRAM], count[IMAGE_REG], human(bytes),
           count[IMAGE_DIR], count[IMAGE_SYMLINK], count[IMAGE_FIFO]);
    printf("drivers linked:");
    print_drivers(plan->drivers);
    printf("\n%s: %s (%" PRIu64 " bytes)\n", what, human(plan->total_size), plan->total_size);
}

static void flush_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        die("cannot write to standard output");
}

// Write what is asked for: the image, or in a work folder the image and from it the output.
static void write_output(struct plan *plan, const struct request *req)
{
    if (!req->format) {
        write_image(plan, req->output);
        return;
    }
    work_begin(req->output);
    if (!req->from) {
        char *image = work_path(FORMAT_IMAGE);
        write_image(plan, image);
        free(image);
    }
    format_write(req->format, req->from, req->output);
}

int main(int argc, char **argv)
{
    struct request req = {0};
    struct tree tree = {0};

    signal(SIGXFSZ, SIG_IGN); // a limit on file sizes is an error of write() like a full disk
    parse_options(argc, argv, &tree, &req);
    if (req.list) {
        list_image(req.list);
        flush_output();
        return 0;
    }
    struct plan plan = {.tree = &tree, .entry = req.entry};
    if (!req.from)
        tree_finish(&tree, image_time(&req));
    plan.args = split_words(req.cmdline ? req.cmdline : "", &plan.arg_count);
    if (plan.arg_count > IMAGE_MAX_ARGS)
        die("--cmdline: more than %d words", IMAGE_MAX_ARGS);
    write_output(&plan, &req);
    if (!req.quiet && !req.from)
        report(&plan, req.format ? "image" : req.output);
    if (!req.quiet && req.format)
        format_report(req.format, req.output);
    flush_output();
    return 0;
}
