/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often each flavour is asked for, and the weights that follow from it. Learned demand is
 * counted at once but used in steps: what was computed with other weights is not valid any more, so
 * the weights in use stay until one of those that matter has moved by a quarter. */
#include "fleet/engine.h"

enum {
	ONE = 1024,	 /* a decision just made, in learned demand */
	FIRST_LOOK = 64, /* decisions after which the demand is looked at first */
	LOOKS = 8,	 /* in a half life */
	STAY = 15024,	 /* 2^(-1/8) x 16384 */
	SHARE_MATTERS = 256,
	OFTEN = 1024,	   /* of so many decisions one */
	CHURN_EVERY = 16,  /* guests that come between two looks at how many leave */
	CHURN_KEEP = 2048, /* when so many have come, they and those who left count half */
};

static uint64_t root(uint64_t of)
{
	uint64_t low = 0, high = UINT32_MAX;

	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;

		if (middle * middle <= of)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static uint64_t demand_of(const vn_fleet *fleet, uint32_t flavour)
{
	const struct flavour *f = &fleet->flavours[flavour];

	return fleet->policy.demand == VN_DEMAND_GIVEN ? f->given : f->learned;
}

static uint64_t weight_of(const vn_fleet *fleet, uint32_t flavour)
{
	const struct flavour *f = &fleet->flavours[flavour];
	uint64_t cpus = f->request->vcpus, factor = 1;
	uint32_t exponent = fleet->policy.cpu_exponent, boost = fleet->policy.cpu_boost;
	unsigned __int128 weight;

	enum { BITS = 40 };

	if (f->forced != UINT64_MAX)
		return f->forced;
	for (uint32_t i = 0; i < exponent / 2; i++)
		factor *= cpus;
	weight = (unsigned __int128)factor * demand_of(fleet, flavour);
	if (exponent % 2) /* x sqrt(CPUs), 8 binary places */
		weight = (weight * root(cpus << 16)) >> 8;
	if (boost)
		weight *= boost + cpus;
	weight += weight * scarce_extra(fleet, flavour) >> SCARCE_BITS;
	return weight >> BITS ? (UINT64_C(1) << BITS) - 1 : (uint64_t)weight;
}

/* Does anything that the policy asks depend on the demand? */
static bool matters(const vn_fleet_policy *policy)
{
	static const enum vn_weigher depend[] = { VN_WEIGH_SLOTS, VN_WEIGH_ROOM,
						  VN_WEIGH_FRAGMENTS };

	for (size_t i = 0; i < VN_LEN(depend); i++)
		if (policy->weights[depend[i]] || policy->tie == depend[i])
			return true;
	return false;
}

/* Flavours whose scores are computed as soon as a host changes. This decides when, never what. */
static void find_often(vn_fleet *fleet)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < fleet->n_flavours; i++)
		sum += demand_of(fleet, i);
	for (uint32_t i = 0; i < fleet->n_flavours; i++)
		fleet->often[i] = demand_of(fleet, i) > sum / OFTEN;
}

void demand_publish(vn_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->n_flavours; i++) {
		fleet->counts[i] = demand_of(fleet, i);
		fleet->weights[i] = weight_of(fleet, i);
	}
	find_often(fleet);
	fleet->epoch++;
	for (size_t i = 0; i < (size_t)fleet->n_flavours * fleet->room_pools; i++)
		fleet->bests[i] = position_unknown;
}

/* Has a flavour's share of the decisions moved by a quarter, and by more than chance explains? Its
 * share of the weight has to be 1/256 or more. Chance: four times the square root of its count. */
static bool has_moved(const vn_fleet *fleet)
{
	unsigned __int128 was = 0, now = 0, weight = 0;

	for (uint32_t i = 0; i < fleet->n_flavours; i++) {
		was += fleet->counts[i];
		now += fleet->flavours[i].learned;
		weight += weight_of(fleet, i);
	}
	if (!was || !now)
		return now != was;
	for (uint32_t i = 0; i < fleet->n_flavours; i++) {
		uint64_t expected = (uint64_t)(fleet->counts[i] * now / was);
		uint64_t seen = fleet->flavours[i].learned;
		uint64_t most = expected > seen ? expected : seen;
		uint64_t moved = expected > seen ? expected - seen : seen - expected;

		if ((unsigned __int128)weight_of(fleet, i) * SHARE_MATTERS < weight)
			continue;
		if (moved > most / 4 && moved > 4 * root(most * ONE))
			return true;
	}
	return false;
}

/* ---- churn ---- */

/* Demand that is learned is not known well, above all that of rare guests: room is kept for what
 * may come, as it is under churn. */
static uint32_t times_room(const vn_fleet *fleet)
{
	const vn_fleet_policy *set = &fleet->set;
	uint32_t times = 0;

	if (fleet->churns)
		times = set->churn_room;
	else if (set->demand == VN_DEMAND_LEARNED)
		times = set->learned_room;
	return times ? times : 1;
}

void policy_use(vn_fleet *fleet)
{
	vn_fleet_policy *policy = &fleet->policy;

	*policy = fleet->set;
	policy->weights[VN_WEIGH_ROOM] *= times_room(fleet);
	if (fleet->churns && policy->churn_boost)
		policy->cpu_boost = policy->churn_boost;
	if (fleet->churns)
		policy->scarce = 0;
	fleet->next_rest = 0;
}

/* There is churn when a sixteenth of those that came or more left, until it is less than half of
 * that. */
static void look_at_churn(vn_fleet *fleet)
{
	const vn_fleet_policy *set = &fleet->set;
	uint64_t left = fleet->left * (fleet->churns ? 32 : 16);
	bool churns = left && left >= fleet->came;

	while (fleet->came >= CHURN_KEEP) {
		fleet->came /= 2;
		fleet->left /= 2;
	}
	fleet->next_came = fleet->came + CHURN_EVERY;
	if (churns == fleet->churns)
		return;
	fleet->churns = churns;
	if (!(set->scarce | set->churn_room | set->churn_boost | set->learned_room))
		return;
	policy_use(fleet);
	demand_publish(fleet);
}

void demand_ask(vn_fleet *fleet, uint32_t flavour)
{
	uint32_t every = fleet->policy.half_life / LOOKS + 1;

	if (fleet->trying)
		return;
	if (fleet->came >= fleet->next_came)
		look_at_churn(fleet);
	if (fleet->policy.scarce && scarce_changes(fleet))
		demand_publish(fleet);
	if (fleet->policy.demand != VN_DEMAND_LEARNED)
		return;
	fleet->flavours[flavour].learned += ONE;
	if (++fleet->asked < fleet->next_look)
		return;
	fleet->next_look = fleet->asked < every ? fleet->asked * 2 : fleet->asked + every;
	if (fleet->asked >= every)
		for (uint32_t i = 0; i < fleet->n_flavours; i++)
			fleet->flavours[i].learned = fleet->flavours[i].learned * STAY / 16384;
	find_often(fleet);
	if (matters(&fleet->policy) && has_moved(fleet))
		demand_publish(fleet);
}

static int check(const vn_fleet *fleet, uint32_t flavour, vn_error *err)
{
	if (flavour >= fleet->n_flavours)
		return vn_fail(err, VN_E_RANGE, "there is no flavour %u (the fleet has %u)",
			       flavour, fleet->n_flavours);
	return VN_OK;
}

int vn_fleet_set_demand(vn_fleet *fleet, uint32_t flavour, uint64_t count, vn_error *err)
{
	int r = check(fleet, flavour, err);

	if (r < 0)
		return r;
	if (count > UINT32_MAX)
		return vn_fail(err, VN_E_RANGE, "a demand of %llu is above %u",
			       (unsigned long long)count, UINT32_MAX);
	fleet->flavours[flavour].given = count;
	demand_publish(fleet);
	return VN_OK;
}

int vn_fleet_set_weight(vn_fleet *fleet, uint32_t flavour, uint64_t weight, vn_error *err)
{
	int r = check(fleet, flavour, err);

	if (r < 0)
		return r;
	if (weight >= UINT64_C(1) << 40 && weight != UINT64_MAX)
		return vn_fail(err, VN_E_RANGE, "a weight of %llu is not below 2^40",
			       (unsigned long long)weight);
	fleet->flavours[flavour].forced = weight;
	demand_publish(fleet);
	return VN_OK;
}

uint64_t vn_fleet_demand(const vn_fleet *fleet, uint32_t flavour)
{
	return flavour < fleet->n_flavours ? demand_of(fleet, flavour) : 0;
}

uint64_t vn_fleet_weight(const vn_fleet *fleet, uint32_t flavour)
{
	return flavour < fleet->n_flavours ? fleet->weights[flavour] : 0;
}
