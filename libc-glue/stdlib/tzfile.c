// SPDX-License-Identifier: BSD-2-Clause
// Files of the time zone database (RFC 8536, "TZif"): a header, moments at which the clocks change
// and what they change to, names; in version 2 and later all of that again with 64-bit moments, and
// a rule in POSIX's form for the time after.
//
// A file is whatever is in the image, or what the user put there: its size is bounded, every count
// is checked against what was read before anything is used, every index once, when it is opened.
// Neighbours: tz.c.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc-glue/stdlib/tzfile.h"

#define FOLDER    "/usr/share/zoneinfo"
#define MOST      65536 // bytes; the largest real file has 4,000
#define HEADER    44
#define TYPE      6 // bytes of a type: offset, daylight saving, index of its name
#define RULE_ROOM 64

// One zone at a time, the one of TZ. The pointers lead into DATA; NULL there means that no file is
// open, and then nothing else in here is looked at.
static struct {
    unsigned char *data; // the file
    const unsigned char *moments, *indices, *types;
    const char *names;
    unsigned changes, type_count, name_count, width; // width: bytes of a moment
    char rule[RULE_ROOM];
} zone;

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// I is below zone.changes. Read byte by byte, since nothing in the file is aligned.
static int64_t moment(unsigned i)
{
    const unsigned char *p = zone.moments + (size_t)i * zone.width;
    if (zone.width == 4)
        return (int32_t)be32(p);
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

// I was checked when the file was opened, and the names end with a NUL there: so the name is
// inside.
static void local_type(unsigned i, struct local *local)
{
    const unsigned char *type = zone.types + (size_t)i * TYPE;
    local->east = (int32_t)be32(type);
    local->dst = type[4] != 0;
    local->name = zone.names + type[5];
}

// The size of the block behind the header at P, whose moments have WIDTH bytes; at most MOST, or
// more when the counts are mad.
static size_t block_size(const unsigned char *p, unsigned width)
{
    uint64_t utc = be32(p + 20), std = be32(p + 24), leaps = be32(p + 28), changes = be32(p + 32),
             types = be32(p + 36), names = be32(p + 40);
    // Six 32-bit counts, each times at most 12: the sum is far from 64 bits.
    uint64_t size = changes * (width + 1) + types * TYPE + names + leaps * (width + 4) + std + utc;
    return size > MOST ? MOST + 1 : (size_t)size;
}

// Points the zone into the block of SIZE bytes at P, HEADER before it. Returns whether everything
// in it is inside.
static int read_tz_block(const unsigned char *header, const unsigned char *p, unsigned width)
{
    zone.changes = be32(header + 32);
    zone.type_count = be32(header + 36);
    zone.name_count = be32(header + 40);
    zone.width = width;
    zone.moments = p;
    zone.indices = p + (size_t)zone.changes * width;
    zone.types = zone.indices + zone.changes;
    zone.names = (const char *)zone.types + (size_t)zone.type_count * TYPE;
    if (zone.type_count == 0 || zone.name_count == 0 || zone.names[zone.name_count - 1] != '\0')
        return 0;
    for (unsigned i = 0; i < zone.changes; i++)
        if (zone.indices[i] >= zone.type_count || (i > 0 && moment(i) <= moment(i - 1)))
            return 0;
    for (unsigned i = 0; i < zone.type_count; i++) {
        int32_t east = (int32_t)be32(zone.types + (size_t)i * TYPE);
        if (zone.types[(size_t)i * TYPE + 5] >= zone.name_count || east < -90000 || east > 90000)
            return 0;
    }
    return 1;
}

// One that is too long or not closed is as none: then the last change counts for ever.
// The rule between two newlines at the end of the file.
static void read_rule(const char *p, const char *end)
{
    const char *last = p < end && *p == '\n' ? memchr(p + 1, '\n', (size_t)(end - p - 1)) : NULL;
    if (!last || last - p > RULE_ROOM)
        return;
    memcpy(zone.rule, p + 1, (size_t)(last - p - 1));
    zone.rule[last - p - 1] = '\0';
}

// The first block, with 32-bit moments, is passed over in a file of version 2 or later, which
// repeats everything in the second (RFC 8536, 3.1).
static int parse_tzfile(const unsigned char *data, size_t size)
{
    zone.rule[0] = '\0';
    if (size < HEADER || memcmp(data, "TZif", 4) != 0)
        return 0;
    size_t block = block_size(data, 4);
    if (block > size - HEADER)
        return 0;
    const unsigned char *header = data + HEADER + block;
    size_t left = size - HEADER - block;
    if (data[4] < '2' || left < HEADER || memcmp(header, "TZif", 4) != 0)
        return read_tz_block(data, data + HEADER, 4);
    block = block_size(header, 8);
    if (block > left - HEADER || !read_tz_block(header, header + HEADER, 8))
        return 0;
    read_rule((const char *)header + HEADER + block, (const char *)data + size);
    return 1;
}

// The whole file, or NULL; *SIZE its bytes.
static unsigned char *read_file(const char *name, size_t *size)
{
    char path[256];
    int n = snprintf(path, sizeof path, "%s%s%s", *name == '/' ? "" : FOLDER,
                     *name == '/' ? "" : "/", name);
    // O_NONBLOCK: a FIFO by that name must not hold the program up. Relative names may lead out of
    // the folder, to what the user could read anyway.
    int fd = n < (int)sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return NULL;
    unsigned char *data = malloc(MOST);
    ssize_t got = 1;
    for (*size = 0; data && *size < MOST && got > 0; *size += got > 0 ? (size_t)got : 0)
        got = read(fd, data + *size, MOST - *size);
    close(fd);
    if (data && got == 0) // neither an error nor too long
        return data;
    free(data);
    return NULL;
}

// The old file goes even when the new one cannot be read: TZ names another zone now.
const char *tzfile_open(const char *name)
{
    size_t size;
    unsigned char *data = read_file(name, &size);
    free(zone.data);
    zone.data = NULL;
    if (!data || !parse_tzfile(data, size)) {
        free(data);
        return NULL;
    }
    zone.data = data;
    return zone.rule;
}

// Moments ascend, which was checked when the file was opened.
// How many changes have been made at T.
static unsigned changes_at(long long t)
{
    unsigned low = 0, high = zone.changes;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (moment(middle) <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int tzfile_at(long long t, struct local *local)
{
    if (!zone.data)
        return 0;
    unsigned n = changes_at(t);
    // Behind the last change the file's rule counts, which tz.c applies.
    if (n == zone.changes && zone.rule[0])
        return 0;
    local_type(n > 0 ? zone.indices[n - 1] : 0, local);
    return 1;
}

// The change before T is preferred to one after it. Zones that never had daylight saving time
// answer 0, and the caller falls back to what it knows.
int tzfile_near(long long t, int dst, struct local *local)
{
    if (!zone.data)
        return 0;
    unsigned n = changes_at(t);
    for (unsigned i = n; i > 0; i--) {
        local_type(zone.indices[i - 1], local);
        if (local->dst == dst)
            return 1;
    }
    for (unsigned i = n; i < zone.changes; i++) {
        local_type(zone.indices[i], local);
        if (local->dst == dst)
            return 1;
    }
    local_type(0, local);
    return local->dst == dst;
}
