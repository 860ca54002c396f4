/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The two halves of a random pair. */
#ifndef VNUMA_TESTS_RANDOM_PARTS_H
#define VNUMA_TESTS_RANDOM_PARTS_H

#include "random.h"

void make_host(struct random *r, struct pair *pair);
/* Draws from the host that is there: sizes that just fit, its nodes, CPUs and devices. */
void make_request(struct random *r, struct pair *pair);

#endif
