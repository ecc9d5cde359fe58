// SPDX-License-Identifier: BSD-2-Clause
// <features.h>: programs include it to learn about their libc; newlib keeps that in sys/features.h.
#ifndef _FEATURES_H
#define _FEATURES_H

#include <sys/features.h>

#endif
