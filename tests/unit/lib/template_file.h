// SPDX-License-Identifier: BSD-2-Clause
// template_file.h: a template file in memory that a test writes and opens again and again, with the
// state of one test program (test_template.c, test_resume.c).
#ifndef RAMET_TESTS_TEMPLATE_FILE_H
#define RAMET_TESTS_TEMPLATE_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/lib/check.h"
#include "tests/unit/lib/sample_template.h"

static struct sample_image sample;
static struct sample_template good, bad;
static struct image image;
static struct options opt;
static struct template_header *opened; // the last one, or NULL
static char err[512];
static char path[64]; // of the file
static int file = -1;

static inline void template_file_make(void)
{
    file = memfd_create("template", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    sample_image(&sample);
    image.fd = -1;
}

// Writes so many bytes of T and opens the file, for the image. 0, or -errno with a line in err.
static inline int open_it(const struct sample_template *t, size_t size)
{
    int fd = -1;
    CHECK_EQ(ftruncate(file, 0), 0);
    CHECK_EQ(pwrite(file, t, size, 0), size);
    free(opened);
    opened = NULL;
    opt = (struct options){.template = path};
    int r = template_open(&opt, &opened, &fd, err, sizeof err);
    if (r == 0)
        close(fd);
    return r == 0 ? template_check_image(opened, &image, err, sizeof err) : r;
}

#endif
