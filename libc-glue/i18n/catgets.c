// SPDX-License-Identifier: BSD-2-Clause
// X/Open's message catalogues, of which there are none: their format belongs to gencat, which
// writes none for us. catopen() finds nothing, as on a system without the catalogue, and catgets()
// has the text the program brings along.
#include <errno.h>
#include <nl_types.h>
#include <stdint.h>

// No path is searched: whatever lies there would not be in a format of ours.
nl_catd catopen(const char *name, int how)
{
    (void)name, (void)how;
    errno = ENOENT;
    return (nl_catd)-1;
}

// A descriptor that is none says so in errno; the text is good all the same.
char *catgets(nl_catd catalogue, int set, int message, const char *text)
{
    (void)set, (void)message;
    if (catalogue == (nl_catd)-1)
        errno = EBADF;
    return (char *)(uintptr_t)text;
}

// Nothing is ever open.
int catclose(nl_catd catalogue)
{
    (void)catalogue;
    errno = EBADF;
    return -1;
}
