/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fewest guests that have to leave a host so that a refused one fits there. Sets of guests by
 * increasing size, on all hosts, so the first size at which one is found is the least. Guests of
 * one host that are alike are one kin, and of hosts that are alike in their state and guests one
 * is looked at. Beyond VN_DEFRAGMENT_EXACT moves, on the hosts with most room, all guests leave a
 * host and then come back one by one, the largest first, as long as there is room for the new one.
 */
#include "fleet/advice/advise.h"
#include "fleet/claim.h"

#include <stdlib.h>

struct held { /* a claim of a host */
	vn_claim claim;
	uint64_t cost, key; /* equal keys: of one kin */
};
struct kin {
	uint32_t first, n;
	uint64_t cost;
};
struct candidate {
	uint32_t host;
	uint64_t room; /* of its nodes for cells, in shares: more is more likely to do */
};
struct hunt {
	vn_fleet *fleet;
	const vn_fleet_ask *ask;
	uint32_t group; /* whose rule has to be obeyed; NONE */
	struct trial trial;
	struct claims_of claims;
	uint32_t n_candidates;
	struct candidate *candidates;
	uint64_t *seen; /* hashes of hosts */
	uint32_t n_seen_slots;

	/* the host at hand */
	uint32_t host, n_held, n_kin;
	struct held *held;
	struct kin *kin;
	vn_claim *set; /* that leave */
	uint32_t n_set;
	struct mover *movers;

	uint32_t tries, claim_tries;
	bool exact;
	int error;
	bool found;
	vn_fleet_plan best;
};

/* ---- a set of guests ---- */

static bool find_places(struct hunt *h, struct moving *m)
{
	uint32_t first_stuck = 0;

	h->error = movers_greedy(m, NULL);
	if (h->error < 0)
		return false;
	if (!h->error)
		return true;
	h->error = VN_OK;
	while (!m->movers[first_stuck].stuck)
		first_stuck++;
	trial_undo(&h->trial, 0);
	if (first_stuck == 0 && (m->n == 1 || m->movers[1].unit != m->movers[0].unit))
		return false; /* it found no place where it had all to choose from */
	m->tries = h->claim_tries;
	if (movers_search(m)) {
		h->claim_tries = m->tries;
		return true;
	}
	h->claim_tries = m->tries;
	h->exact &= m->exact;
	return false;
}

static void keep(struct hunt *h, const struct moving *m, uint64_t nodes)
{
	vn_fleet_plan plan = { 0 };

	h->error = plan_take_moves(m, &plan, NULL);
	if (h->error < 0)
		return;
	plan.choice = (vn_fleet_choice){ .flavour = h->ask->flavour,
					 .group = h->ask->group,
					 .partition = h->ask->partition,
					 .host = h->host,
					 .nodes = nodes };
	vn_fleet_plan_clear(&h->best);
	h->best = plan;
	h->found = true;
}

/* Guests of the new one's group may make way for it, or be what it wants to be with. */
static bool group_agrees(struct hunt *h)
{
	return h->group == NONE || group_allows(h->fleet, h->group, h->ask->partition, h->host);
}

static void try_set(struct hunt *h, uint64_t cost)
{
	struct moving m = { .trial = &h->trial,
			    .banned = &h->host,
			    .n_banned = 1,
			    .movers = h->movers,
			    .n = h->n_set };
	uint64_t nodes;

	if (!h->tries) {
		h->exact = false;
		return;
	}
	h->tries--;
	if ((h->found && cost >= h->best.mem_kib) ||
	    !fits_without(h->fleet, h->host, h->set, h->n_set, h->ask->flavour, &nodes))
		return;
	h->error = movers_read(h->fleet, h->set, h->n_set, h->movers, NULL);
	if (h->error < 0)
		return;
	movers_sort(h->fleet, h->movers, h->n_set);
	if (find_places(h, &m)) {
		if (group_agrees(h))
			keep(h, &m, nodes);
		else
			h->exact &= h->group == NONE; /* other places might have been right */
	}
	trial_undo(&h->trial, 0);
}

/* All sets of `left` more guests of the kin from number `at` on. */
static void try_sets(struct hunt *h, uint32_t at, uint32_t left, uint64_t cost)
{
	uint32_t n = h->n_set;

	if (!left) {
		try_set(h, cost);
		return;
	}
	for (; at < h->n_kin && h->error >= 0 && h->tries; at++) {
		const struct kin *kin = &h->kin[at];
		uint64_t sum = cost;

		for (uint32_t i = 0; i < kin->n && i < left; i++) {
			h->set[h->n_set++] = h->held[kin->first + i].claim;
			sum += kin->cost;
			if (h->found && sum >= h->best.mem_kib)
				break;
			try_sets(h, at + 1, left - i - 1, sum);
		}
		h->n_set = n;
	}
	h->exact &= h->tries != 0;
}

/* ---- a host ---- */

static uint64_t key_of(const struct hunt *h, vn_claim claim, const vn_claim_info *info)
{
	uint32_t ix = (uint32_t)claim;
	const struct claim *record = &h->fleet->claims[ix / CLAIMS_CHUNK][ix % CLAIMS_CHUNK];
	const struct claim_detail *detail = claim_detail_of(h->fleet, record);
	kind *k = h->fleet->kinds[h->fleet->pools[h->fleet->hosts[h->host].pool]->kind];
	bool counts = recipe_of(h->fleet, k, h->ask->flavour)->way == RECIPE_SIMPLE;
	uint64_t words[4] = { info->flavour, info->nodes, info->group, info->partition };

	/* With CPUs of its own it may matter which, and with devices; and where a group is. */
	if (info->group != NONE || (detail && (detail->bytes || !counts)))
		words[2] = claim;
	return hash_bytes(words, sizeof(words), 1);
}

static int by_cost(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->claim < y->claim ? -1 : x->claim > y->claim;
}

/* The host's claims, by kin. */
static void hold(struct hunt *h, uint32_t host)
{
	const vn_claim *claims = h->claims.claims + h->claims.first[host];
	vn_claim_info info;

	h->host = host;
	h->n_held = h->claims.first[host + 1] - h->claims.first[host];
	for (uint32_t i = 0; i < h->n_held; i++) {
		vn_fleet_claim_info(h->fleet, claims[i], &info, NULL);
		h->held[i] =
			(struct held){ claims[i], h->fleet->flavours[info.flavour].request->mem_kib,
				       key_of(h, claims[i], &info) };
	}
	qsort(h->held, h->n_held, sizeof(*h->held), by_cost);
	h->n_kin = 0;
	for (uint32_t i = 0; i < h->n_held; i++)
		if (i && h->held[i].key == h->held[i - 1].key)
			h->kin[h->n_kin - 1].n++;
		else
			h->kin[h->n_kin++] = (struct kin){ i, 1, h->held[i].cost };
}

static bool all_leaving_does(struct hunt *h)
{
	for (uint32_t i = 0; i < h->n_held; i++)
		h->set[i] = h->held[i].claim;
	return fits_without(h->fleet, h->host, h->set, h->n_held, h->ask->flavour, NULL);
}

/* ---- which hosts ---- */

/* Is there a host like this already? */
static bool seen_before(struct hunt *h)
{
	uint64_t hash = h->fleet->hosts[h->host].class;
	uint32_t at;

	for (uint32_t i = 0; i < h->n_held; i++)
		hash = hash_bytes(&h->held[i].key, sizeof(h->held[i].key), hash);
	if (h->ask->group != NONE)
		hash = hash_bytes(&h->host, sizeof(h->host), hash);
	hash |= 1;
	at = (uint32_t)(hash >> 32) % h->n_seen_slots;
	for (; h->seen[at]; at = (at + 1) % h->n_seen_slots)
		if (h->seen[at] == hash)
			return true;
	h->seen[at] = hash;
	return false;
}

static uint64_t room_of(const struct hunt *h, uint32_t host)
{
	const struct host *of = &h->fleet->hosts[host];
	kind *k = h->fleet->kinds[h->fleet->pools[of->pool]->kind];
	uint32_t cells = recipe_of(h->fleet, k, h->ask->flavour)->cells;
	uint64_t room = 0, taken = 0;

	for (uint32_t c = 0; c < cells && c < k->n_nodes; c++) {
		uint32_t best = NONE;

		for (uint32_t i = 0; i < k->n_nodes; i++)
			if (!(taken >> i & 1) &&
			    (best == NONE ||
			     node_state(k, slot_ids(k, of->slot)[i])->rem >
				     node_state(k, slot_ids(k, of->slot)[best])->rem))
				best = i;
		taken |= UINT64_C(1) << best;
		room += node_state(k, slot_ids(k, of->slot)[best])->rem;
	}
	return room;
}

static int by_room(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->room != y->room)
		return x->room > y->room ? -1 : 1;
	return x->host < y->host ? -1 : x->host > y->host;
}

static void list_candidates(struct hunt *h, const bool *excluded, const bool *only)
{
	vn_fleet *fleet = h->fleet;
	const struct flavour *flavour = &fleet->flavours[h->ask->flavour];

	for (uint32_t host = 0; host < fleet->n_hosts; host++) {
		const struct pool *pool = fleet->pools[fleet->hosts[host].pool];

		if (!fleet->hosts[host].n_claims || excluded[host] ||
		    (h->ask->n_only && !only[host]) ||
		    label_filter(fleet, pool, flavour) != VN_FILTER_COUNT ||
		    recipe_of(fleet, fleet->kinds[pool->kind], h->ask->flavour)->way ==
			    RECIPE_NEVER)
			continue;
		hold(h, host);
		if (!seen_before(h) && all_leaving_does(h))
			h->candidates[h->n_candidates++] =
				(struct candidate){ host, room_of(h, host) };
	}
	qsort(h->candidates, h->n_candidates, sizeof(*h->candidates), by_room);
}

/* ---- one by one ---- */

/* Whoever can come back does: those without another place first, then the largest. */
static void leave_one_by_one(struct hunt *h, uint32_t most)
{
	uint64_t cost = 0, was = h->best.mem_kib;

	h->n_set = h->n_held;
	for (uint32_t i = 0; i < h->n_held; i++)
		h->set[i] = h->held[i].claim;
	for (uint32_t i = h->n_set; i-- > 0;) { /* set[] ascends by cost */
		vn_claim claim = h->set[i];

		memmove(&h->set[i], &h->set[i + 1], (h->n_set - i - 1) * sizeof(*h->set));
		if (fits_without(h->fleet, h->host, h->set, h->n_set - 1, h->ask->flavour, NULL)) {
			h->n_set--;
			continue;
		}
		memmove(&h->set[i + 1], &h->set[i], (h->n_set - i - 1) * sizeof(*h->set));
		h->set[i] = claim;
	}
	if ((most && h->n_set > most) || (h->found && h->n_set > h->best.n_moves))
		return;
	if (h->found && h->n_set < h->best.n_moves)
		h->best.mem_kib = UINT64_MAX; /* fewer are better than cheaper ones */
	for (uint32_t i = 0; i < h->n_set; i++) {
		vn_claim_info info;

		vn_fleet_claim_info(h->fleet, h->set[i], &info, NULL);
		cost += h->fleet->flavours[info.flavour].request->mem_kib;
	}
	h->tries = 1;
	try_set(h, cost);
	if (h->best.mem_kib == UINT64_MAX) /* they found no places */
		h->best.mem_kib = was;
}

/* ---- the plan ---- */

static int hunt_start(struct hunt *h, vn_error *err)
{
	vn_fleet *fleet = h->fleet;
	bool *excluded = list_hosts(fleet, h->ask->excluded, h->ask->n_excluded);
	bool *only = list_hosts(fleet, h->ask->only, h->ask->n_only);
	uint32_t most = 1;
	int r = claims_of_hosts(fleet, &h->claims, err);

	for (uint32_t host = 0; host < fleet->n_hosts; host++)
		most = fleet->hosts[host].n_claims > most ? fleet->hosts[host].n_claims : most;
	h->n_seen_slots = fleet->n_hosts * 2 + 1;
	h->seen = calloc(h->n_seen_slots, sizeof(*h->seen));
	h->candidates = calloc((size_t)fleet->n_hosts + 1, sizeof(*h->candidates));
	h->held = calloc(most, sizeof(*h->held));
	h->kin = calloc(most, sizeof(*h->kin));
	h->set = calloc(most, sizeof(*h->set));
	h->movers = calloc(most, sizeof(*h->movers));
	if (r == VN_OK && excluded && only && h->seen && h->candidates && h->held && h->kin &&
	    h->set && h->movers)
		list_candidates(h, excluded, only);
	else if (r == VN_OK)
		r = vn_fail(err, VN_E_NOMEM, "no memory for a plan");
	free(excluded);
	free(only);
	return r;
}

static void hunt_end(struct hunt *h)
{
	claims_of_clear(&h->claims);
	vn_fleet_plan_clear(&h->best);
	free(h->candidates);
	free(h->seen);
	free(h->held);
	free(h->kin);
	free(h->set);
	free(h->movers);
}

static void search(struct hunt *h, uint32_t most)
{
	bool exact = true;

	h->tries = VN_DEFRAGMENT_TRIES;
	h->claim_tries = VN_DEFRAGMENT_CLAIMS;
	for (uint32_t size = 1; size <= VN_DEFRAGMENT_EXACT && (!most || size <= most); size++) {
		h->exact = true;
		for (uint32_t i = 0; i < h->n_candidates && h->error >= 0; i++) {
			hold(h, h->candidates[i].host);
			h->n_set = 0;
			if (size <= h->n_held)
				try_sets(h, 0, size, 0);
		}
		h->best.exact = exact; /* nothing smaller was overlooked */
		if (h->found || h->error < 0)
			return;
		exact &= h->exact;
	}
	h->exact = exact;
	if (most && most <= VN_DEFRAGMENT_EXACT && exact)
		return;
	for (uint32_t i = 0; i < h->n_candidates && i < VN_DEFRAGMENT_HOSTS && h->error >= 0; i++) {
		hold(h, h->candidates[i].host);
		h->claim_tries = VN_DEFRAGMENT_CLAIMS / 16;
		leave_one_by_one(h, most);
	}
	/* The sizes above were all tried: one more than those is the least there can be. */
	h->best.exact = exact && h->best.n_moves == VN_DEFRAGMENT_EXACT + 1;
	h->exact = exact && h->n_candidates == 0;
}

static int refuse(const struct hunt *h, uint32_t most, vn_error *err)
{
	const char *name = h->fleet->flavours[h->ask->flavour].name;

	if (h->error < 0)
		return vn_fail(err, (enum vn_code)h->error, "no memory for a plan");
	if (!h->n_candidates)
		return vn_fail(err, VN_E_NOFIT,
			       "no host would hold '%s', not even if all of its guests left it",
			       name);
	return vn_fail(err, VN_E_NOFIT, "no %smoves make room for '%s'%s", most ? "so few " : "",
		       name, h->exact ? "" : " (not all of them were tried)");
}

int vn_fleet_plan_defragment(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t most,
			     vn_fleet_plan *ret, vn_error *err)
{
	struct hunt h = { .fleet = fleet, .ask = ask };
	vn_fleet_ask plain = *ask;
	vn_fleet_choice choice;
	uint32_t n;
	int r;

	if ((r = check_ask(fleet, ask, err)) < 0)
		return r;
	plain.explain = NULL;
	h.group = hard_group(fleet, ask->group);
	trial_start(fleet, &h.trial);
	r = vn_fleet_decide(fleet, &plain, 1, &choice, &n, NULL);
	if (r == VN_OK) {
		h.best = (vn_fleet_plan){ .exact = true, .choice = choice };
		h.found = true;
	} else if (r != VN_E_NOFIT) {
		vn_fail(err, (enum vn_code)r, "no memory for a plan");
	} else if ((r = hunt_start(&h, err)) == VN_OK) {
		search(&h, most);
		r = h.found && h.error >= 0 ? VN_OK : refuse(&h, most, err);
	}
	trial_end(&h.trial);
	if (r == VN_OK) {
		*ret = h.best;
		h.best = (vn_fleet_plan){ 0 };
	}
	hunt_end(&h);
	return r;
}
