/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fleet of a simulation as a list: kinds of hosts, and how many of each in which racks. */
#include "hosts.h"

#include <stdlib.h>

void vn_sim_fleet_clear(vn_sim_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->n_kinds; i++)
		vn_host_free(fleet->kinds[i]);
	free(fleet->kinds);
	free(fleet->groups);
	*fleet = (vn_sim_fleet){ 0 };
}

int sim_fleet_add_kind(vn_sim_fleet *fleet, vn_host *host, uint32_t *ret, vn_error *err)
{
	if (fleet->n_kinds == VN_SIM_KINDS_MAX) {
		vn_host_free(host);
		return vn_fail(err, VN_E_RANGE, "a fleet has at most %d different hosts",
			       VN_SIM_KINDS_MAX);
	}
	if (fleet->n_kinds == fleet->kinds_room) {
		uint32_t room = fleet->kinds_room ? 2 * fleet->kinds_room : 16;
		vn_host **kinds = reallocarray(fleet->kinds, room, sizeof(*kinds));

		if (!kinds) {
			vn_host_free(host);
			return vn_fail(err, VN_E_NOMEM, "no memory for the hosts");
		}
		fleet->kinds = kinds;
		fleet->kinds_room = room;
	}
	*ret = fleet->n_kinds;
	fleet->kinds[fleet->n_kinds++] = host;
	return VN_OK;
}

int sim_fleet_add_hosts(vn_sim_fleet *fleet, const vn_sim_hosts *hosts, vn_error *err)
{
	if (hosts->count > VN_SIM_HOSTS_MAX - fleet->n_hosts)
		return vn_fail(err, VN_E_RANGE, "a fleet has at most %d hosts", VN_SIM_HOSTS_MAX);
	if (fleet->n_groups == fleet->groups_room) {
		uint32_t room = fleet->groups_room ? 2 * fleet->groups_room : 16;
		vn_sim_hosts *groups = reallocarray(fleet->groups, room, sizeof(*groups));

		if (!groups)
			return vn_fail(err, VN_E_NOMEM, "no memory for the hosts");
		fleet->groups = groups;
		fleet->groups_room = room;
	}
	fleet->groups[fleet->n_groups++] = *hosts;
	fleet->n_hosts += hosts->count;
	return VN_OK;
}

void vn_sim_fleet_places(const vn_sim_fleet *fleet, vn_sim_place *ret)
{
	uint32_t own = 0, host = 0;

	for (uint32_t g = 0; g < fleet->n_groups; g++) {
		const vn_sim_hosts *group = &fleet->groups[g];

		if (group->first_rack != VN_RACK_OWN && group->first_rack + group->racks > own)
			own = group->first_rack + group->racks;
	}
	for (uint32_t g = 0; g < fleet->n_groups; g++) {
		const vn_sim_hosts *group = &fleet->groups[g];

		for (uint32_t i = 0; i < group->count; i++, host++) {
			uint32_t in = (uint32_t)((uint64_t)i * group->racks / group->count);
			bool said = group->first_rack != VN_RACK_OWN;

			ret[host].kind = group->kind;
			ret[host].rack = said ? group->first_rack + in : own++;
		}
	}
}
