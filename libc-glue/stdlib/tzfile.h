// SPDX-License-Identifier: BSD-2-Clause
// A zone of the time zone database, as tz.c asks for it.
#ifndef RAMET_TZFILE_H
#define RAMET_TZFILE_H

// What a zone's clocks show at some moment.
struct local {
    long east; // seconds to add to UTC
    int dst;
    const char *name;
};

// Reads zone NAME (below /usr/share/zoneinfo, or an absolute path), which then is the one the other
// functions mean. Returns the rule for the time after its last change ("" when it has none), or
// NULL when there is no such zone.
const char *tzfile_open(const char *name);

// What holds at T. Returns 0 when that is for the rule to say.
int tzfile_at(long long t, struct local *local);

// The offset and name of standard (0) or daylight saving time (1) that is in force nearest to T. 0
// when the zone has none.
int tzfile_near(long long t, int dst, struct local *local);

#endif
