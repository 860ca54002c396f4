/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the properties of small fleets share. */
#ifndef VNUMA_TESTS_SMALL_BRUTE_H
#define VNUMA_TESTS_SMALL_BRUTE_H

#include "small_fleet.h"

enum { BRUTE_CLAIMS = 40000 };

extern uint64_t seed;
extern uint32_t failures;
extern uint32_t left; /* claims that brute force may still try; 0: it is not to be believed */

void complain(uint64_t n, const char *format, ...) VN_PRINTF(2, 3);
/* Take the guest on these nodes of the host, whatever rules say. */
bool take(struct small *s, uint32_t flavour, uint32_t group, uint32_t partition, uint32_t host,
	  uint32_t mask, vn_claim *ret);
/* Are there places on other hosts for these claims of one host, without server groups? */
bool brute_move(struct small *s, const uint32_t *which, uint32_t n, uint32_t from);
/* All that can be seen of the fleet, before a question and after it. */
void remember(const struct small *s, vn_text *ret);
bool still_so(const struct small *s, vn_text *was);

#endif
