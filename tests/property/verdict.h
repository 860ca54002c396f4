/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One question put to the fit, and all that is wrong with the answer: the placement breaks no rule
 * (by vn_placement_check, and by a judge of its own), costs what it says, and on small hosts it is
 * there exactly when brute force finds one, and is the best one. */
#ifndef VNUMA_TESTS_VERDICT_H
#define VNUMA_TESTS_VERDICT_H

#include "judge.h"

struct verdict {
	const char *wrong; /* NULL: nothing; else the sentence, always the same one for one fault */
	char detail[400];  /* numbers and names; "" */
	bool fits, against_brute, no_answer; /* no_answer: the search budget ended first */
};
struct verdict verdict_of(const struct question *q);

#endif
