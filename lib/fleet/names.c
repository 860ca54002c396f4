/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The words of the fleet. */
#include "fleet/engine.h"

const vn_weigher_text vn_weighers[VN_WEIGHER_COUNT] = {
	[VN_WEIGH_SLOTS] = { "slots", "keeps room for what is asked for (slot-loss)" },
	[VN_WEIGH_HOST_FIRST] = { "host-first", "the fullest host, then its fullest node" },
	[VN_WEIGH_BALANCE] = { "balance", "evens out the two nodes of a host" },
	[VN_WEIGH_FRAGMENTS] = { "fragments", "least growth of CPUs that flavours cannot use" },
	[VN_WEIGH_FIRST] = { "first", "the lowest host number" },
	[VN_WEIGH_BEST] = { "best", "the fullest node" },
	[VN_WEIGH_WORST] = { "worst", "the node that stays freest" },
	[VN_WEIGH_RANDOM] = { "random", "any host where it fits" },
	[VN_WEIGH_BALANCE_PUBLISHED] = { "balance-published",
					 "balance in doubles, as it was published" },
};
const vn_filter_text vn_fleet_filters[VN_FILTER_COUNT] = {
	[VN_FILTER_STATE] = { "state", "draining or disabled" },
	[VN_FILTER_USE] = { "use", "for dedicated or for shared guests only" },
	[VN_FILTER_ZONE] = { "zone", "in another zone" },
	[VN_FILTER_GROUP] = { "group", "not in the host groups asked for, or in a forbidden one" },
	[VN_FILTER_TRAIT] = { "trait", "without a trait asked for, or with a forbidden one" },
	[VN_FILTER_EXCLUDED] = { "excluded", "excluded by the caller" },
	[VN_FILTER_AFFINITY] = { "affinity", "away from the server group" },
	[VN_FILTER_ANTI_AFFINITY] = { "anti-affinity", "with too many of the server group" },
	[VN_FILTER_PARTITION] = { "partition", "with another partition of the server group" },
	[VN_FILTER_FIT] = { "fit", "without room" },
};
const char *const vn_label_kind_names[VN_LABEL_KIND_COUNT] = {
	[VN_LABEL_GROUP] = "group",
	[VN_LABEL_TRAIT] = "trait",
	[VN_LABEL_ZONE] = "zone",
};
const char *const vn_fleet_use_names[VN_FLEET_USE_COUNT] = {
	[VN_USE_ANY] = "any",
	[VN_USE_SHARED] = "shared",
	[VN_USE_DEDICATED] = "dedicated",
};
const char *const vn_fleet_state_names[VN_FLEET_STATE_COUNT] = {
	[VN_HOST_ENABLED] = "enabled",
	[VN_HOST_DRAINING] = "draining",
	[VN_HOST_DISABLED] = "disabled",
};
const char *const vn_group_rule_names[VN_GROUP_RULE_COUNT] = {
	[VN_GROUP_AFFINITY] = "affinity",
	[VN_GROUP_ANTI_AFFINITY] = "anti-affinity",
	[VN_GROUP_PARTITION] = "partition",
};
const char *const vn_group_scope_names[VN_GROUP_SCOPE_COUNT] = {
	[VN_SCOPE_HOST] = "host",
	[VN_SCOPE_RACK] = "rack",
	[VN_SCOPE_DOMAIN] = "domain",
};
