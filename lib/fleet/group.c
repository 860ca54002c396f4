/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Server groups: where their members are, and which hosts their rule allows. */
#include "fleet/engine.h"

enum { OWN_PLACE = 1U << 31 }; /* a host that is in no rack or domain */

uint32_t group_place(const vn_fleet *fleet, enum vn_group_scope scope, uint32_t host)
{
	const struct host *h = &fleet->hosts[host];
	uint32_t place = scope == VN_SCOPE_RACK ? h->rack : h->domain;

	if (scope == VN_SCOPE_HOST)
		return host;
	return place == NONE ? OWN_PLACE | host : place;
}

/* The first member at the place, or where it would be. */
static uint32_t find_place(const struct group *group, uint32_t place)
{
	uint32_t low = 0, high = group->n;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (group->members[middle].place < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool group_allows(const vn_fleet *fleet, uint32_t group_ix, uint32_t partition, uint32_t host)
{
	const struct group *group = &fleet->groups[group_ix];
	uint32_t place = group_place(fleet, group->rule.scope, host), i = find_place(group, place);
	uint32_t count = 0, most = group->rule.most ? group->rule.most : 1;

	if (group->rule.rule == VN_GROUP_AFFINITY)
		return !group->n || (i < group->n && group->members[i].place == place);
	for (; i < group->n && group->members[i].place == place; i++) {
		if (group->rule.rule == VN_GROUP_PARTITION &&
		    group->members[i].partition != partition)
			return false;
		count += group->members[i].count;
	}
	return group->rule.rule == VN_GROUP_PARTITION || count < most;
}

enum vn_fleet_filter group_filter(const struct group *group)
{
	static const enum vn_fleet_filter filters[VN_GROUP_RULE_COUNT] = {
		[VN_GROUP_AFFINITY] = VN_FILTER_AFFINITY,
		[VN_GROUP_ANTI_AFFINITY] = VN_FILTER_ANTI_AFFINITY,
		[VN_GROUP_PARTITION] = VN_FILTER_PARTITION,
	};

	return filters[group->rule.rule];
}

int group_enter(vn_fleet *fleet, uint32_t group_ix, uint32_t partition, uint32_t host,
		vn_error *err)
{
	struct group *group = &fleet->groups[group_ix];
	uint32_t place = group_place(fleet, group->rule.scope, host), i = find_place(group, place);

	while (i < group->n && group->members[i].place == place &&
	       group->members[i].partition < partition)
		i++;
	if (i < group->n && group->members[i].place == place &&
	    group->members[i].partition == partition) {
		group->members[i].count++;
		return VN_OK;
	}
	if (group->n == group->room) {
		uint32_t room = group->room ? group->room * 2 : 4;
		struct member *members =
			fleet_resize(fleet, group->members, group->room, room, sizeof(*members));

		if (!members)
			return vn_fail(err, VN_E_NOMEM, "no memory for a server group");
		group->members = members;
		group->room = room;
	}
	memmove(&group->members[i + 1], &group->members[i],
		(group->n - i) * sizeof(*group->members));
	group->members[i] = (struct member){ place, partition, 1 };
	group->n++;
	return VN_OK;
}

void group_leave(vn_fleet *fleet, uint32_t group_ix, uint32_t partition, uint32_t host)
{
	struct group *group = &fleet->groups[group_ix];
	uint32_t place = group_place(fleet, group->rule.scope, host), i = find_place(group, place);

	while (group->members[i].partition != partition)
		i++;
	if (--group->members[i].count)
		return;
	memmove(&group->members[i], &group->members[i + 1],
		(--group->n - i) * sizeof(*group->members));
}

/* ---- hosts by place ---- */

static uint32_t named_place(const vn_fleet *fleet, enum vn_group_scope scope, uint32_t host)
{
	return scope == VN_SCOPE_RACK ? fleet->hosts[host].rack : fleet->hosts[host].domain;
}

static bool list_places(vn_fleet *fleet, enum vn_group_scope scope)
{
	uint32_t n = fleet->places.n, *first, *hosts;

	if (fleet->listed_hosts[scope] == fleet->n_hosts && fleet->n_places[scope] == n &&
	    fleet->place_first[scope])
		return true;
	first = fleet_resize(fleet, NULL, 0, (size_t)n + 2, sizeof(*first));
	hosts = fleet_resize(fleet, NULL, 0, fleet->n_hosts, sizeof(*hosts));
	if (!first || !hosts)
		return false;
	for (uint32_t h = 0; h < fleet->n_hosts; h++)
		if (named_place(fleet, scope, h) != NONE)
			first[named_place(fleet, scope, h) + 2]++;
	for (uint32_t p = 2; p < n + 2; p++)
		first[p] += first[p - 1];
	for (uint32_t h = 0; h < fleet->n_hosts; h++)
		if (named_place(fleet, scope, h) != NONE)
			hosts[first[named_place(fleet, scope, h) + 1]++] = h;
	fleet_give(fleet, fleet->place_first[scope], (size_t)fleet->n_places[scope] + 2,
		   sizeof(*first));
	fleet_give(fleet, fleet->place_hosts[scope], fleet->listed_hosts[scope], sizeof(*hosts));
	fleet->place_first[scope] = first;
	fleet->place_hosts[scope] = hosts;
	fleet->n_places[scope] = n;
	fleet->listed_hosts[scope] = fleet->n_hosts;
	return true;
}

bool group_hosts(vn_fleet *fleet, uint32_t group_ix, const uint32_t **ret, uint32_t *n)
{
	const struct group *group = &fleet->groups[group_ix];
	enum vn_group_scope scope = group->rule.scope;
	uint32_t place;

	if (group->rule.rule != VN_GROUP_AFFINITY || !group->n)
		return false;
	place = group->members[0].place;
	/* Several places, which a soft rule can lead to: all hosts are looked at instead. */
	for (uint32_t i = 1; i < group->n; i++)
		if (group->members[i].place != place)
			return false;
	if (scope == VN_SCOPE_HOST || place & OWN_PLACE) {
		*ret = &group->members[0].place;
		*n = 1;
		if (scope != VN_SCOPE_HOST)
			return false;
		return true;
	}
	if (!list_places(fleet, scope))
		return false;
	*ret = fleet->place_hosts[scope] + fleet->place_first[scope][place];
	*n = fleet->place_first[scope][place + 1] - fleet->place_first[scope][place];
	return true;
}

int vn_fleet_add_group(vn_fleet *fleet, const vn_server_group *rule, uint32_t *ret, vn_error *err)
{
	if ((uint32_t)rule->rule >= VN_GROUP_RULE_COUNT ||
	    (uint32_t)rule->scope >= VN_GROUP_SCOPE_COUNT)
		return vn_fail(err, VN_E_RANGE, "there is no rule %d of scope %d for server groups",
			       (int)rule->rule, (int)rule->scope);
	if (fleet->n_groups == fleet->room_groups) {
		uint32_t room = fleet->room_groups ? fleet->room_groups * 2 : 16;
		struct group *groups = fleet_resize(fleet, fleet->groups, fleet->room_groups, room,
						    sizeof(*groups));

		if (!groups)
			return vn_fail(err, VN_E_NOMEM, "no memory for server groups");
		fleet->groups = groups;
		fleet->room_groups = room;
	}
	fleet->groups[fleet->n_groups] = (struct group){ .rule = *rule };
	*ret = fleet->n_groups++;
	return VN_OK;
}
