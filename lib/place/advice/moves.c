/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Which guests would have to leave so that a refused one fits: subsets of them by increasing size,
 * so the first that does is one of the fewest. Of equally few, one whose guests find another place
 * on the host wins. When the subsets are too many, guests leave one by one, and those that need not
 * have left come back. */
#include "place/advice/advise.h"

#include <string.h>

struct leaving {
	struct advise advise;
	const vn_resident *residents;
	uint32_t n;
	vn_host *scratch;
	bool gone[VN_RESIDENTS_MAX];
};

/* The host without the guests that are gone. */
static void without(struct leaving *l)
{
	advise_reset_host(l->advise.host, l->scratch);
	for (uint32_t i = 0; i < l->n; i++)
		if (l->gone[i])
			vn_host_release(l->scratch, l->residents[i].placement);
}

static bool does(struct leaving *l)
{
	without(l);
	return advise_fits(&l->advise, l->scratch, l->advise.request);
}

/* Those that are gone, placed again beside the new guest, in order. */
static bool all_find_a_place(struct leaving *l)
{
	if (!does(l))
		return false;
	vn_host_take(l->scratch, l->advise.placement);
	for (uint32_t i = 0; i < l->n; i++) {
		if (!l->gone[i])
			continue;
		if (!advise_fits(&l->advise, l->scratch, l->residents[i].request))
			return false;
		vn_host_take(l->scratch, l->advise.placement);
	}
	return true;
}

static void keep(const struct leaving *l, bool can_move, vn_moves *ret)
{
	ret->n = 0;
	ret->can_move = can_move;
	for (uint32_t i = 0; i < l->n; i++)
		if (l->gone[i])
			ret->which[ret->n++] = i;
}

/* The next subset of as many guests; false after the last. */
static bool next_subset(struct leaving *l)
{
	uint32_t after = 0; /* guests that are gone at the very end */

	for (uint32_t i = l->n; i-- > 0;) {
		if (!l->gone[i])
			continue;
		if (i + 1 + after == l->n) {
			after++;
			continue;
		}
		l->gone[i] = false;
		memset(&l->gone[i + 1], 0, (l->n - i - 1) * sizeof(*l->gone));
		memset(&l->gone[i + 1], 1, after + 1);
		return true;
	}
	return false;
}

/* All subsets of one size. Returns false when the calls have ended. */
static bool try_size(struct leaving *l, uint32_t size, vn_moves *ret)
{
	memset(l->gone, 0, sizeof(l->gone));
	memset(l->gone, 1, size);
	do {
		if (l->advise.calls >= VN_MOVES_TRIES)
			return ret->n != 0;
		if (!does(l))
			continue;
		if (!ret->n)
			keep(l, false, ret);
		if (all_find_a_place(l)) {
			keep(l, true, ret);
			return true;
		}
	} while (next_subset(l));
	return true;
}

/* All leave; then each that can come back does, the first ones first. */
static void one_by_one(struct leaving *l, vn_moves *ret)
{
	for (uint32_t i = 0; i < l->n; i++) {
		l->gone[i] = false;
		if (!does(l))
			l->gone[i] = true;
	}
	keep(l, all_find_a_place(l), ret);
	ret->exact = false;
}

static void find(struct leaving *l, vn_moves *ret)
{
	for (uint32_t i = 0; i < l->n; i++)
		l->gone[i] = true;
	ret->exact = true;
	if (!does(l))
		return; /* not even with all of them gone */
	for (uint32_t size = 1; size <= l->n && !ret->n; size++)
		if (!try_size(l, size, ret)) {
			for (uint32_t i = 0; i < l->n; i++)
				l->gone[i] = true;
			one_by_one(l, ret);
			return;
		}
}

int vn_place_moves(const vn_host *host, const vn_request *request, const vn_place_options *options,
		   const vn_resident *residents, uint32_t n, vn_moves *ret, vn_error *err)
{
	struct leaving leaving = { .residents = residents, .n = n };
	vn_moves found = { 0 };
	int r;

	if (n > VN_RESIDENTS_MAX)
		return vn_fail(err, VN_E_RANGE, "%u guests are more than the largest number, %d", n,
			       VN_RESIDENTS_MAX);
	if ((r = advise_begin(host, request, options, &leaving.advise, err)) < 0)
		return r;
	leaving.scratch = advise_copy_host(&leaving.advise);
	if (!leaving.scratch)
		r = vn_fail(err, VN_E_NOMEM, "no memory for a copy of the host");
	else if (!advise_fits(&leaving.advise, host, request))
		find(&leaving, &found);
	else
		found.exact = true;
	found.exact &= !leaving.advise.doubt;
	advise_end(&leaving.advise);
	if (r == VN_OK)
		*ret = found;
	return r;
}
