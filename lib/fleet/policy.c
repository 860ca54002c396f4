/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Policies: the default, the check of one, and one from text. */
#include "fleet/engine.h"

const vn_fleet_policy vn_fleet_policy_default = {
	.weights = { [VN_WEIGH_SLOTS] = 128, [VN_WEIGH_ROOM] = 1 },
	.tie = VN_WEIGH_HOST_FIRST,
	.demand = VN_DEMAND_LEARNED,
	.half_life = 32768,
	.cpu_exponent = 2,
	.cpu_boost = 64,
	.churn_room = 8,
	.churn_boost = 1,
	.learned_room = 16,
	.scarce = 12,
};

static int find_weigher(const vn_cursor *at, const char *name, size_t size, enum vn_weigher *ret,
			vn_error *err)
{
	const char *names[VN_WEIGHER_COUNT];
	char list[256];

	for (uint32_t i = 0; i < VN_WEIGHER_COUNT; i++) {
		names[i] = vn_weighers[i].name;
		if (strlen(names[i]) == size && !memcmp(names[i], name, size)) {
			*ret = (enum vn_weigher)i;
			return VN_OK;
		}
	}
	return vn_fail_at(err, at, VN_E_RANGE, "there is no weigher '%.*s' (legal: %s)",
			  (int)(size < 40 ? size : 40), name,
			  vn_names_list(names, VN_WEIGHER_COUNT, list, sizeof(list)));
}

static int take_weigher(vn_cursor *in, enum vn_weigher *ret, vn_error *err)
{
	vn_cursor at = *in;

	while (in->p < in->end && ((*in->p >= 'a' && *in->p <= 'z') || *in->p == '-'))
		in->p++;
	return find_weigher(&at, at.p, (size_t)(in->p - at.p), ret, err);
}

static int take_weighers(vn_cursor *in, vn_fleet_policy *policy, vn_error *err)
{
	do {
		enum vn_weigher weigher;
		vn_cursor at = *in;
		uint64_t weight = 1;
		int r;

		if ((r = take_weigher(in, &weigher, err)) < 0)
			return r;
		if (vn_take_byte(in, '=') &&
		    (r = vn_take_uint(in, VN_FLEET_WEIGHT_MAX, &weight, err)) < 0)
			return r;
		if (policy->weights[weigher])
			return vn_fail_at(err, &at, VN_E_SYNTAX, "'%s' stands there twice",
					  vn_weighers[weigher].name);
		policy->weights[weigher] = (uint32_t)weight;
	} while (vn_take_byte(in, ','));
	return VN_OK;
}

static int check(const vn_fleet_policy *policy, vn_error *err)
{
	uint64_t room = policy->weights[VN_WEIGH_ROOM];
	uint32_t n = 0;

	for (uint32_t i = 0; i < VN_WEIGHER_COUNT; i++) {
		if (policy->weights[i] > VN_FLEET_WEIGHT_MAX)
			return vn_fail(err, VN_E_RANGE, "weight %u of '%s' is above %d",
				       policy->weights[i], vn_weighers[i].name,
				       VN_FLEET_WEIGHT_MAX);
		n += policy->weights[i] != 0;
	}
	if (room * policy->churn_room > VN_FLEET_WEIGHT_MAX ||
	    policy->churn_boost > VN_FLEET_BOOST_MAX)
		return vn_fail(err, VN_E_RANGE, "the policy's numbers under churn are not legal");
	if (room * policy->learned_room > VN_FLEET_WEIGHT_MAX)
		return vn_fail(err, VN_E_RANGE, "learned_room is %u, above %d / %llu",
			       policy->learned_room, VN_FLEET_WEIGHT_MAX, (unsigned long long)room);
	if (policy->scarce > VN_FLEET_SCARCE_MAX)
		return vn_fail(err, VN_E_RANGE, "scarce is %u, above %d", policy->scarce,
			       VN_FLEET_SCARCE_MAX);
	for (uint32_t i = VN_WEIGH_RANDOM; i <= VN_WEIGH_BALANCE_PUBLISHED; i++)
		if (policy->weights[i] && n > 1)
			return vn_fail(err, VN_E_CONFLICT, "'%s' stands alone",
				       vn_weighers[i].name);
	if ((uint32_t)policy->tie >= VN_WEIGHER_COUNT || policy->tie == VN_WEIGH_RANDOM)
		return vn_fail(err, VN_E_RANGE, "ties are not broken by weigher %d",
			       (int)policy->tie);
	if ((uint32_t)policy->demand >= VN_DEMAND_COUNT || policy->cpu_exponent > 4 ||
	    policy->cpu_boost > VN_FLEET_BOOST_MAX)
		return vn_fail(err, VN_E_RANGE,
			       "the policy's demand, exponent or boost is not legal");
	return VN_OK;
}

int vn_fleet_policy_parse(const char *text, vn_fleet_policy *ret, vn_error *err)
{
	vn_fleet_policy policy = vn_fleet_policy_default;
	vn_cursor in = vn_cursor_of_string("policy", text);
	int r;

	if (!strcmp(text, "default")) {
		*ret = policy;
		return VN_OK;
	}
	memset(policy.weights, 0, sizeof(policy.weights));
	policy.cpu_boost = policy.churn_room = policy.churn_boost = 0;
	policy.learned_room = policy.scarce = 0;
	if ((r = take_weighers(&in, &policy, err)) < 0)
		return r;
	policy.tie = policy.weights[VN_WEIGH_SLOTS] || policy.weights[VN_WEIGH_ROOM] ||
				     policy.weights[VN_WEIGH_FRAGMENTS]
			     ? VN_WEIGH_HOST_FIRST
			     : VN_WEIGH_FIRST;
	if (vn_take_byte(&in, '/') && (r = take_weigher(&in, &policy.tie, err)) < 0)
		return r;
	if (in.p != in.end)
		return vn_fail_at(err, &in, VN_E_SYNTAX,
				  "unexpected '%c' (legal: NAME=WEIGHT,.../TIE)", *in.p);
	if ((r = check(&policy, err)) < 0)
		return r;
	*ret = policy;
	return VN_OK;
}

int vn_fleet_set_policy(vn_fleet *fleet, const vn_fleet_policy *policy, vn_error *err)
{
	int r = check(policy, err);

	if (r < 0)
		return r;
	fleet->set = *policy;
	if (!fleet->set.half_life)
		fleet->set.half_life = vn_fleet_policy_default.half_life;
	fleet->n_weighers = 0;
	fleet->bounded = true;
	for (uint32_t i = 0; i < VN_WEIGHER_COUNT; i++)
		if (policy->weights[i]) {
			fleet->weighers[fleet->n_weighers++] = (enum vn_weigher)i;
			fleet->bounded &= i == VN_WEIGH_SLOTS || i == VN_WEIGH_ROOM;
		}
	fleet->random = policy->seed;
	policy_use(fleet);
	demand_publish(fleet);
	return VN_OK;
}

const vn_fleet_policy *vn_fleet_policy_of(const vn_fleet *fleet)
{
	return &fleet->set;
}

const vn_fleet_policy *vn_fleet_policy_now(const vn_fleet *fleet)
{
	return &fleet->policy;
}
