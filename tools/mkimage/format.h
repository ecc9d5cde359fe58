// SPDX-License-Identifier: BSD-2-Clause
// format.h: from an image to something a machine without `ramet` can boot (docs/run-anywhere.md).
#ifndef RAMET_MKIMAGE_FORMAT_H
#define RAMET_MKIMAGE_FORMAT_H

struct format;

// The format of this name; NULL for "image", which needs no conversion. Dies if there is none.
const struct format *format_find(const char *name);

// Convert the image at `from`, or, if that is NULL, the one called FORMAT_IMAGE in the work folder,
// and put the result at `output`, for which work_begin was called. Dies on errors, leaving an older
// file at `output` as it was.
#define FORMAT_IMAGE "app.img"
void format_write(const struct format *format, const char *from, const char *output);

// Print what was written and the commands that run it.
void format_report(const struct format *format, const char *output);

#endif
