/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A second check of placements, beside vn_placement_check, written from docs/design/0001 without
 * a look at lib/place. */
#ifndef VNUMA_TESTS_JUDGE_H
#define VNUMA_TESTS_JUDGE_H

#include "brute.h"

/* NULL when the placement keeps every rule; else the first one that it breaks. */
const char *judge_placement(const struct question *q, const vn_placement *placement);
/* The same for those rules alone that vn_placement_check has as well. */
const char *judge_hard(const struct question *q, const vn_placement *placement);

/* The cut that a placement shows: its cells, vCPUs and memory. */
void cut_of_placement(const struct question *q, const vn_placement *placement, struct cut *ret);

#endif
