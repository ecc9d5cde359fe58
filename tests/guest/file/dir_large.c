// SPDX-License-Identifier: BSD-2-Clause
//
// timeout: 60
//
// A directory of 20,000 names: making them, finding and missing them, giving a part of them longer
// names, listing while others come and go, and removing all in the order of a listing.
#include <dirent.h>

#include "tests/guest/check.h"

#define NAMES 20000

static unsigned char met[NAMES];

static const char *nth(int i)
{
    static char name[64];

    snprintf(name, sizeof name, "a-file-%d%.*s", i, i % 5, ".....");
    return name;
}

static void make_all(void)
{
    int made = 0;

    for (int i = 0; i < NAMES; i++) {
        int fd = open(nth(i), O_WRONLY | O_CREAT | O_EXCL, 0644);
        made += fd >= 0 && close(fd) == 0;
    }
    say("made: %d", made);
}

static void look_all(void)
{
    int found = 0, missed = 0;
    struct stat st;

    for (int i = 0; i < NAMES; i++) {
        found += stat(nth(i), &st) == 0 && S_ISREG(st.st_mode);
        missed += stat(nth(i + NAMES), &st) == -1 && errno == ENOENT;
    }
    say("found: %d, not there: %d", found, missed);
    TRY(open(nth(NAMES / 2), O_WRONLY | O_CREAT | O_EXCL, 0644));
}

// To longer names and back.
static void rename_some(void)
{
    char longer[80];
    int moved = 0, back = 0;

    for (int i = 0; i < NAMES; i += 4) {
        snprintf(longer, sizeof longer, "%s.much-longer", nth(i));
        moved += rename(nth(i), longer) == 0 && access(nth(i), F_OK) == -1;
    }
    for (int i = 0; i < NAMES; i += 4) {
        snprintf(longer, sizeof longer, "%s.much-longer", nth(i));
        back += rename(longer, nth(i)) == 0;
    }
    say("renamed: %d, and back: %d", moved, back);
}

// Odd names go and new ones come while the listing is on its way; the even ones must be met once.
static void list_meanwhile(void)
{
    DIR *dir = opendir(".");
    struct dirent *d;
    int seen = 0, once = 0, twice = 0, added = 0, i;

    NEED(dir);
    while ((d = readdir(dir))) {
        if (sscanf(d->d_name, "a-file-%d", &i) != 1 || i < 0 || i >= NAMES)
            continue;
        met[i]++;
        if (i % 2 || seen++ % 2)
            continue;
        NEED(unlink(nth(i + 1)) == 0);
        int fd = open(nth(NAMES + added++), O_WRONLY | O_CREAT | O_EXCL, 0644);
        NEED(fd >= 0 && close(fd) == 0);
    }
    closedir(dir);
    for (i = 0; i < NAMES; i++) {
        once += i % 2 == 0 && met[i] == 1;
        twice += met[i] > 1;
    }
    say("of the names that stayed met once: %d, any met twice: %d", once, twice);
}

static void remove_all(void)
{
    DIR *dir = opendir(".");
    struct dirent *d;
    int failed = 0;

    NEED(dir);
    while ((d = readdir(dir)))
        failed += d->d_name[0] != '.' && unlink(d->d_name) != 0;
    closedir(dir);
    say("not removed: %d", failed);
    NEED(chdir("..") == 0);
    TRY(rmdir("t-dir_large"));
}

int main(void)
{
    scratch("dir_large");
    make_all();
    look_all();
    rename_some();
    list_meanwhile();
    remove_all();
    return 0;
}
