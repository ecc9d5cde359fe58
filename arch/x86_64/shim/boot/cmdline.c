// SPDX-License-Identifier: BSD-2-Clause
// The kernel command line. See cmdline.h; docs/run-anywhere.md lists the options.

#include "arch/x86_64/shim/boot/cmdline.h"

#include "arch/x86_64/shim/lib.h"

// Double quotes hold blanks together and are dropped. A word that is too long is cut, not split.
const char *cmdline_next(const char *s, char *word, uint32_t size)
{
    uint32_t n = 0;
    int quoted = 0;
    while (*s == ' ' || *s == '\t')
        s++;
    if (!*s)
        return NULL;
    for (; *s && (quoted || (*s != ' ' && *s != '\t')); s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (n < size - 1)
            word[n++] = *s;
    }
    word[n] = 0;
    return s;
}

// One byte more than the word has, so that a shorter word differs at its end and is not read past
// it.
int cmdline_begins(const char *word, const char *with)
{
    return !memcmp(word, with, min_u64(strlen(with), strlen(word) + 1));
}

// The first of several counts. BUF must hold name and value; what is longer is cut.
const char *cmdline_option(const char *cmdline, const char *name, char *buf, uint32_t size)
{
    while ((cmdline = cmdline_next(cmdline, buf, size))) {
        uint64_t skip = strlen(name);
        if (!cmdline_begins(buf, name))
            continue;
        memmove(buf, buf + skip, strlen(buf + skip) + 1);
        return buf;
    }
    return NULL;
}

int cmdline_ours(const char *word)
{
    // The second is added by QEMU's microvm, the last by boot loaders' own habits.
    return cmdline_begins(word, "ramet.") || cmdline_begins(word, "virtio_mmio.device=") ||
           cmdline_begins(word, "BOOT_IMAGE=");
}
