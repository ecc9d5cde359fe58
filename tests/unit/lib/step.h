// SPDX-License-Identifier: BSD-2-Clause
// Running a piece of code one instruction at a time, with a look in between: a test that something
// is whole at every instruction, for an interruption or for a death, needs no luck.
// Neighbour: fake_family.h (family_interrupt(), family_die()).
#ifndef RAMET_TESTS_STEP_H
#define RAMET_TESTS_STEP_H

// Calls look() after every instruction from here on; the processor's trap flag does it (SDM vol. 3,
// 17.3.1.4). look() itself, and what it calls, is not stepped.
void step_begin(void (*look)(void));
void step_end(void);

#endif
