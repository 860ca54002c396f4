/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the properties of small fleets share: complaints, all ways to take a guest, and that a
 * question leaves no trace. */
#include "small_brute.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t seed;
uint32_t failures, left;

void complain(uint64_t n, const char *format, ...)
{
	va_list args;

	if (failures++ > 20)
		return;
	printf("# VN_SEED=%" PRIu64 " VN_CASE=%" PRIu64 ": ", seed, n);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

bool take(struct small *s, uint32_t flavour, uint32_t group, uint32_t partition, uint32_t host,
	  uint32_t mask, vn_claim *ret)
{
	vn_fleet_choice choice = { .flavour = flavour,
				   .group = group,
				   .partition = partition,
				   .host = host,
				   .nodes = mask };

	if (left)
		left--;
	return left && vn_fleet_claim(s->fleet, &choice, ret, NULL) == VN_OK;
}

bool brute_move(struct small *s, const uint32_t *which, uint32_t n, uint32_t from)
{
	uint32_t flavour;

	if (!n)
		return true;
	flavour = s->claims[which[0]].flavour;
	for (uint32_t host = 0; host < s->n_hosts; host++) {
		if (host == from || !small_passes(s, flavour, host))
			continue;
		for (uint32_t mask = 1; mask < small_masks(s, host); mask++) {
			vn_claim claim;
			bool found;

			if (!take(s, flavour, VN_FLEET_NONE, VN_FLEET_NONE, host, mask, &claim))
				continue;
			found = brute_move(s, which + 1, n - 1, from);
			vn_fleet_release(s->fleet, claim, NULL);
			if (found)
				return true;
		}
	}
	return false;
}

/* ---- nothing has changed ---- */

void remember(const struct small *s, vn_text *ret)
{
	*ret = (vn_text)VN_TEXT_INIT;
	small_write(s, ret);
}

bool still_so(const struct small *s, vn_text *was)
{
	VN_AUTO_TEXT now = VN_TEXT_INIT;
	bool same;

	small_write(s, &now);
	same = now.len == was->len && !memcmp(now.bytes, was->bytes, now.len);
	if (!same)
		printf("# before:\n%s# after:\n%s", was->bytes, now.bytes);
	vn_text_clear(was);
	return same;
}
