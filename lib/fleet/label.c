/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Labels, and which pools they let a flavour see. */
#include "fleet/engine.h"

uint32_t label_intern(vn_fleet *fleet, const vn_label *label, vn_error *err)
{
	uint32_t which = (uint32_t)label->kind, name, room;
	uint32_t *ids;

	if (which >= VN_LABEL_KIND_COUNT || !label->name || !*label->name) {
		vn_fail(err, VN_E_RANGE, "a label has no name, or is of no kind");
		return NONE;
	}
	name = name_intern(fleet, &fleet->labels[which], label->name);
	room = fleet->label_room[which];
	if (name != NONE && name >= room) {
		ids = fleet_resize(fleet, fleet->label_ids[which], room, name * 2 + 8,
				   sizeof(*ids));
		if (!ids) {
			vn_fail(err, VN_E_NOMEM, "no memory for labels");
			return NONE;
		}
		fleet->label_ids[which] = ids;
		fleet->label_room[which] = name * 2 + 8;
	}
	if (name == NONE) {
		vn_fail(err, VN_E_NOMEM, "no memory for labels");
		return NONE;
	}
	ids = fleet->label_ids[which];
	if (ids[name])
		return ids[name] - 1;
	if (fleet->n_labels == VN_FLEET_LABELS_MAX) {
		vn_fail(err, VN_E_RANGE, "'%s' is one label more than %d", label->name,
			VN_FLEET_LABELS_MAX);
		return NONE;
	}
	ids[name] = fleet->n_labels + 1; /* 0: no number yet */
	fleet->label_kinds[fleet->n_labels] = (uint8_t)which;
	return fleet->n_labels++;
}

static bool has(const struct pool *pool, uint32_t label)
{
	return label / 64 < pool->n_label_words && (pool->labels[label / 64] >> label % 64 & 1);
}

static enum vn_fleet_filter filter_of(const vn_fleet *fleet, uint32_t label)
{
	static const enum vn_fleet_filter filters[VN_LABEL_KIND_COUNT] = {
		[VN_LABEL_GROUP] = VN_FILTER_GROUP,
		[VN_LABEL_TRAIT] = VN_FILTER_TRAIT,
		[VN_LABEL_ZONE] = VN_FILTER_ZONE,
	};

	return filters[fleet->label_kinds[label]];
}

static void sooner(enum vn_fleet_filter filter, enum vn_fleet_filter *found)
{
	if (filter < *found)
		*found = filter;
}

enum vn_fleet_filter label_filter(const vn_fleet *fleet, const struct pool *pool,
				  const struct flavour *flavour)
{
	enum vn_fleet_filter found = VN_FILTER_COUNT;
	const uint32_t *label = flavour->labels;
	bool one = !flavour->n_one_of;

	if (pool->state != VN_HOST_ENABLED)
		return VN_FILTER_STATE;
	if ((pool->use == VN_USE_SHARED && flavour->some_dedicated) ||
	    (pool->use == VN_USE_DEDICATED && !flavour->all_dedicated))
		return VN_FILTER_USE;
	for (uint32_t i = 0; i < flavour->n_required; i++, label++)
		if (!has(pool, *label))
			sooner(filter_of(fleet, *label), &found);
	for (uint32_t i = 0; i < flavour->n_one_of; i++, label++)
		one |= has(pool, *label);
	if (!one)
		sooner(filter_of(fleet, label[-1]), &found);
	for (uint32_t i = 0; i < flavour->n_forbidden; i++, label++)
		if (has(pool, *label))
			sooner(filter_of(fleet, *label), &found);
	return found;
}

int flavour_pools(vn_fleet *fleet, uint32_t flavour_ix)
{
	struct flavour *flavour = &fleet->flavours[flavour_ix];

	if (flavour->pools_version == fleet->pools_version)
		return VN_OK;
	if (flavour->room_pools < fleet->n_pools) {
		uint32_t *pools = fleet_resize(fleet, flavour->pools, flavour->room_pools,
					       fleet->room_pools, sizeof(*pools));

		if (!pools)
			return VN_E_NOMEM;
		flavour->pools = pools;
		flavour->room_pools = fleet->room_pools;
	}
	flavour->n_pools = 0;
	for (uint32_t i = 0; i < fleet->n_pools; i++)
		if (label_filter(fleet, fleet->pools[i], flavour) == VN_FILTER_COUNT)
			flavour->pools[flavour->n_pools++] = i;
	flavour->pools_version = fleet->pools_version;
	return VN_OK;
}
