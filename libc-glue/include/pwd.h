// SPDX-License-Identifier: BSD-2-Clause
// newlib's <pwd.h> with the call that reads a file of users.
#ifndef _RAMET_PWD_H
#define _RAMET_PWD_H

#include_next <pwd.h>
#include <stdio.h>

__BEGIN_DECLS
struct passwd *fgetpwent(FILE *);
__END_DECLS

#endif
