/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fleet: many hosts, and the choice of one among them for each guest. A guest is of a flavour
 * (a vn_request that many guests share); where one was placed is a claim. lib/fleet/README.md
 * explains how a decision looks at free states instead of hosts.
 *
 * Hosts, flavours, labels and server groups are numbers from 0 in the order in which they were
 * added; they stay as long as the fleet. A fleet is one value without locks: one thread at a time.
 * The same calls in the same order give the same answers. Decisions, claims and releases do not
 * allocate, but for tables that have to grow. */
#ifndef VNUMA_FLEET_H
#define VNUMA_FLEET_H

#include "vnuma/guest.h"
#include "vnuma/host.h"
#include "vnuma/place.h"

#define VN_FLEET_NONE UINT32_MAX /* no host, no flavour, no group */

enum {
	VN_FLEET_NODES_MAX = 64, /* nodes of a host in a fleet */
	VN_FLEET_BEST_MAX = 64,	 /* alternatives of one decision */
	VN_FLEET_FLAVOURS_MAX = 4096,
	VN_FLEET_HOSTS_MAX = 1 << 24,
	VN_FLEET_LABELS_MAX = 4096, /* different ones, of all kinds */
};

typedef struct vn_fleet vn_fleet;

/* ---- how hosts are compared ---- */

/* All in exact integers, smaller is better. "Free" of a node is the smaller of its free share of
 * CPUs and of memory. The table vn_weighers has the words; lib/fleet/README.md has the formulas. */
enum vn_weigher {
	VN_WEIGH_SLOTS,	     /* demand-weighted guests that would no longer fit (slot-loss) */
	VN_WEIGH_HOST_FIRST, /* the fullest host, then its fullest node */
	VN_WEIGH_BALANCE,    /* one cell: the host whose nodes differ most, there the freest node */
	VN_WEIGH_ROOM,	    /* demand-weighted guests that the host has room for: the least first */
	VN_WEIGH_FRAGMENTS, /* growth of the free CPUs that flavours cannot use (FGD) */
	VN_WEIGH_FIRST,	    /* nothing: the lowest host number */
	VN_WEIGH_BEST,	    /* the fullest node or nodes */
	VN_WEIGH_WORST,	    /* the node that stays freest */
	VN_WEIGH_RANDOM,    /* any host where it fits, each as likely; stands alone */
	VN_WEIGH_BALANCE_PUBLISHED, /* balance with free shares in doubles; stands alone */
	VN_WEIGHER_COUNT
};
typedef struct vn_weigher_text {
	const char *name; /* stable: "slots", "host-first", ... */
	const char *text; /* one line */
} vn_weigher_text;
extern const vn_weigher_text vn_weighers[VN_WEIGHER_COUNT];

enum vn_demand { /* how often each flavour is asked for, which slots and fragments weigh by */
		 VN_DEMAND_LEARNED, /* each decision counts, older ones less and less */
		 VN_DEMAND_GIVEN,   /* by vn_fleet_set_demand */
		 VN_DEMAND_COUNT
};

/* Options are compared by: remote devices and distance beyond the least that the flavour has on
 * empty hosts; the sum of weight x weigher; the tie weigher; the lowest host number (or, with
 * random_ties, any of the tied hosts); on one host the lowest nodes. */
typedef struct vn_fleet_policy {
	uint32_t weights[VN_WEIGHER_COUNT]; /* 0..VN_FLEET_WEIGHT_MAX; all 0 = first */
	enum vn_weigher tie;		    /* VN_WEIGH_FIRST: none */
	bool random_ties;		    /* for several schedulers beside each other */
	uint64_t seed;
	enum vn_demand demand;
	uint32_t half_life; /* learned: decisions after which one counts half; 0 = 32768 */
	/* The weight of a flavour in slots and room is demand x CPUs^(cpu_exponent / 2), times
	 * cpu_boost + CPUs where there is a boost. */
	uint32_t cpu_exponent; /* 0..4 */
	uint32_t cpu_boost;    /* 0..VN_FLEET_BOOST_MAX; 0: none */
	/* Where guests leave these are in force: the weight of room times churn_room, and
	 * churn_boost for cpu_boost. 0: no difference. */
	uint32_t churn_room, churn_boost;
	/* Where nobody leaves and the demand is learned: the weight of room times this. 0: no
	 * difference. */
	uint32_t learned_room;
	/* Where nobody leaves, a flavour of which the fleet has room for only n more counts
	 * 1 + (scarce / (n + 1))^2 times. 0..VN_FLEET_SCARCE_MAX; 0: no difference. */
	uint32_t scarce;
	bool any_distance; /* farther nodes of a host compete with nearer ones */
} vn_fleet_policy;
enum { VN_FLEET_WEIGHT_MAX = 1 << 20, VN_FLEET_BOOST_MAX = 1 << 16, VN_FLEET_SCARCE_MAX = 1024 };
/* slots=128,room=1, ties by host-first, demand learned, exponent 2, boost 64: chosen on the
 * validation starts of a published protocol; churn 8 and 1, learned 16, scarce 12
 * (docs/sim-results.md) */
extern const vn_fleet_policy vn_fleet_policy_default;

/* "default"; or one weigher by name ("slots", "best", ...) or a sum ("slots=3,fragments=1"), and
 * behind a slash how ties are broken: "slots/first". Without: slots, room and fragments by
 * host-first, the others by first. Without boost, and without numbers for churn, learned demand and
 * what is scarce; everything else as in the default. Errors: VN_E_RANGE for an unknown name (the
 * text lists the legal ones), VN_E_SYNTAX. */
int vn_fleet_policy_parse(const char *text, vn_fleet_policy *ret, vn_error *err);

/* ---- making a fleet ---- */

/* policy: NULL = vn_fleet_policy_default. Errors: VN_E_RANGE, VN_E_NOMEM. */
int vn_fleet_new(const vn_fleet_policy *policy, vn_fleet **ret, vn_error *err);
void vn_fleet_free(vn_fleet *fleet); /* accepts NULL */
VN_DEFINE_AUTO(vn_fleet)
/* Another policy from now on; claims stay. */
int vn_fleet_set_policy(vn_fleet *fleet, const vn_fleet_policy *policy, vn_error *err);
const vn_fleet_policy *vn_fleet_policy_of(const vn_fleet *fleet); /* as it was set */
/* What is in force: weights[VN_WEIGH_ROOM] times churn_room or learned_room, and under churn
 * cpu_boost is churn_boost and scarce 0. */
const vn_fleet_policy *vn_fleet_policy_now(const vn_fleet *fleet);

/* Labels of hosts. */
enum vn_label_kind {
	VN_LABEL_GROUP, /* host aggregate */
	VN_LABEL_TRAIT,
	VN_LABEL_ZONE, /* a host has at most one */
	VN_LABEL_KIND_COUNT
};
extern const char *const vn_label_kind_names[VN_LABEL_KIND_COUNT];
typedef struct vn_label {
	enum vn_label_kind kind;
	const char *name; /* copied */
} vn_label;

enum vn_fleet_use { /* guests that a host takes */
		    VN_USE_ANY,
		    VN_USE_SHARED,    /* without dedicated CPUs */
		    VN_USE_DEDICATED, /* all vCPUs dedicated */
		    VN_FLEET_USE_COUNT
};
extern const char *const vn_fleet_use_names[VN_FLEET_USE_COUNT];
enum vn_fleet_state {
	VN_HOST_ENABLED,
	VN_HOST_DRAINING, /* takes no new guests */
	VN_HOST_DISABLED, /* likewise: it is not there */
	VN_FLEET_STATE_COUNT
};
extern const char *const vn_fleet_state_names[VN_FLEET_STATE_COUNT];

/* A host in the fleet, beside its hardware. Zero: no labels, enabled, no limit of floating vCPUs.
 */
typedef struct vn_fleet_host {
	const char *name; /* copied; NULL: none. Copies are called NAME0, NAME1, ... */
	uint32_t n_labels;
	const vn_label *labels;
	const char *rack, *domain; /* copied; NULL: not known. A domain is what fails together. */
	enum vn_fleet_use use;
	enum vn_fleet_state state;
	uint32_t cpu_ratio_percent, ram_ratio_percent; /* as vn_place_options */
	uint64_t reserve_kib;
} vn_fleet_host;

/* Add `n` copies of the host, with what is taken there now, which nobody can release. Hosts of
 * equal hardware share it; the vn_host is not needed afterwards.
 * as:   NULL: zero.
 * ret_first: number of the first one; the others follow.
 * Errors: VN_E_RANGE (too many nodes, labels or hosts, a host without a count of its CPUs),
 * VN_E_CONFLICT (two zones), VN_E_NOMEM. */
int vn_fleet_add(vn_fleet *fleet, const vn_host *host, const vn_fleet_host *as, uint32_t n,
		 uint32_t *ret_first, vn_error *err);
uint32_t vn_fleet_n_hosts(const vn_fleet *fleet);
int vn_fleet_set_state(vn_fleet *fleet, uint32_t host, enum vn_fleet_state state, vn_error *err);
/* Labels, use and state from now on; name, rack, domain and ratios stay. */
int vn_fleet_relabel(vn_fleet *fleet, uint32_t host, const vn_fleet_host *as, vn_error *err);
/* "name", "host 17" for a host without one. Returns `to`. */
char *vn_fleet_host_name(const vn_fleet *fleet, uint32_t host, char *to, size_t size);
uint32_t vn_fleet_host_find(const vn_fleet *fleet, const char *name); /* VN_FLEET_NONE: none */

/* ---- flavours ---- */

typedef struct vn_fleet_flavour {
	const char *name;	   /* copied; NULL: "flavour N" */
	const vn_request *request; /* borrowed as long as the fleet lives */
	uint32_t n_required, n_one_of, n_forbidden;
	const vn_label *required;  /* a host has all of them, */
	const vn_label *one_of;	   /* at least one of them, if there are any, */
	const vn_label *forbidden; /* and none of them */
} vn_fleet_flavour;

/* Errors: VN_E_RANGE, VN_E_NOMEM. A flavour that fits on no host is legal: no decision finds one.
 */
int vn_fleet_add_flavour(vn_fleet *fleet, const vn_fleet_flavour *flavour, uint32_t *ret,
			 vn_error *err);
uint32_t vn_fleet_n_flavours(const vn_fleet *fleet);
const char *vn_fleet_flavour_name(const vn_fleet *fleet, uint32_t flavour);
const vn_request *vn_fleet_flavour_request(const vn_fleet *fleet, uint32_t flavour);
/* How often it is asked for (VN_DEMAND_GIVEN), in any unit, below 2^32. */
int vn_fleet_set_demand(vn_fleet *fleet, uint32_t flavour, uint64_t count, vn_error *err);
/* Its weight in slots from now on, below 2^40, instead of the formula; UINT64_MAX: the formula. */
int vn_fleet_set_weight(vn_fleet *fleet, uint32_t flavour, uint64_t weight, vn_error *err);
uint64_t vn_fleet_demand(const vn_fleet *fleet, uint32_t flavour); /* given or learned */
uint64_t vn_fleet_weight(const vn_fleet *fleet, uint32_t flavour); /* that slots use now */

/* ---- server groups ---- */

enum vn_group_rule {
	VN_GROUP_AFFINITY,	/* all at the same place */
	VN_GROUP_ANTI_AFFINITY, /* at most `most` at one place */
	VN_GROUP_PARTITION,	/* those of different partitions never at the same place */
	VN_GROUP_RULE_COUNT
};
extern const char *const vn_group_rule_names[VN_GROUP_RULE_COUNT];
enum vn_group_scope { /* what a place is; a host without rack or domain is one of its own */
		      VN_SCOPE_HOST,
		      VN_SCOPE_RACK,
		      VN_SCOPE_DOMAIN,
		      VN_GROUP_SCOPE_COUNT
};
extern const char *const vn_group_scope_names[VN_GROUP_SCOPE_COUNT];
typedef struct vn_server_group {
	enum vn_group_rule rule;
	enum vn_group_scope scope;
	bool soft;     /* where no host obeys, any will do */
	uint32_t most; /* for anti-affinity; 0 = 1 */
} vn_server_group;
int vn_fleet_add_group(vn_fleet *fleet, const vn_server_group *group, uint32_t *ret, vn_error *err);

/* ---- deciding ---- */

/* Ranks, smaller is better, in this order. */
typedef struct vn_fleet_score {
	uint64_t far;	/* remote devices x 2^40 + distance beyond the least */
	uint64_t value; /* sum of weight x weigher, + 2^63 */
	uint64_t tie;	/* of the tie weigher, + 2^63 */
} vn_fleet_score;

/* One host for one guest. Good until the host changes. */
typedef struct vn_fleet_choice {
	uint32_t flavour, group, partition;
	uint32_t host;
	uint64_t nodes; /* of the cells, by index into vn_host.nodes */
	vn_fleet_score score;
} vn_fleet_choice;

/* What removed a host, in the order in which they are asked. */
enum vn_fleet_filter {
	VN_FILTER_STATE, /* draining or disabled */
	VN_FILTER_USE,	 /* dedicated against shared */
	VN_FILTER_ZONE,	 /* labels, by kind of the first that is missing or forbidden */
	VN_FILTER_GROUP,
	VN_FILTER_TRAIT,
	VN_FILTER_EXCLUDED, /* by the caller */
	VN_FILTER_AFFINITY, /* by the server group's rule */
	VN_FILTER_ANTI_AFFINITY,
	VN_FILTER_PARTITION,
	VN_FILTER_FIT, /* the guest does not fit; why is in `needs` */
	VN_FILTER_COUNT
};
typedef struct vn_filter_text {
	const char *name; /* stable: "state", "trait", ... */
	const char *text;
} vn_filter_text;
extern const vn_filter_text vn_fleet_filters[VN_FILTER_COUNT];

/* Filled by vn_fleet_decide when asked for, on success and on refusal; this takes longer than the
 * decision. */
typedef struct vn_fleet_explain {
	uint64_t hosts;			      /* all of them */
	uint64_t removed[VN_FILTER_COUNT];    /* each host counts once */
	uint64_t needs[VN_REQUIREMENT_COUNT]; /* hosts removed by the fit: the requirement that
						 decided on the node that came nearest */
	uint64_t left;			      /* hosts where it fits */
	uint32_t n_best;		      /* 0: none, 1: the winner, 2: and the runner-up */
	vn_fleet_choice best[2];
	int64_t values[2][VN_WEIGHER_COUNT]; /* of each weigher, unweighted, for both */
	const char *decided; /* static: "distance", "weighers", "tie", "host number", "only one" */
} vn_fleet_explain;

typedef struct vn_fleet_ask {
	uint32_t flavour;
	uint32_t group, partition; /* VN_FLEET_NONE: none */
	uint32_t n_excluded;
	const uint32_t *excluded; /* host numbers */
	uint32_t n_only;	  /* 0: all hosts */
	const uint32_t *only;
	vn_fleet_explain *explain; /* may be NULL */
} vn_fleet_ask;

/* The best hosts, at most `n`, best first.
 * Errors: VN_E_NOFIT when there is none (the text says how many each filter removed), VN_E_RANGE
 * (a number that is none). */
int vn_fleet_decide(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t n, vn_fleet_choice *ret,
		    uint32_t *ret_n, vn_error *err);

/* ---- claims ---- */

typedef uint64_t vn_claim; /* never 0 */

/* Take what was chosen. Errors: VN_E_NOFIT when it does not fit there (any more), VN_E_NOMEM. */
int vn_fleet_claim(vn_fleet *fleet, const vn_fleet_choice *choice, vn_claim *ret, vn_error *err);
/* On this host, whatever its labels and state, on its best nodes: guests that are there already, or
 * that somebody else has sent there. */
int vn_fleet_claim_on(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t host, vn_claim *ret,
		      vn_error *err);
/* Errors: VN_E_RANGE for a claim that is none (any more). */
int vn_fleet_release(vn_fleet *fleet, vn_claim claim, vn_error *err);

typedef struct vn_claim_info {
	uint32_t flavour, host, group, partition;
	uint64_t nodes;
} vn_claim_info;
int vn_fleet_claim_info(const vn_fleet *fleet, vn_claim claim, vn_claim_info *ret, vn_error *err);
/* Its cells, CPUs and memory. Floating vCPUs run on what no guest is pinned to now. */
int vn_fleet_claim_placement(vn_fleet *fleet, vn_claim claim, vn_placement *ret, vn_error *err);
/* The claims of a host, at most `room` of them; *ret_n says how many there are. This looks at all
 * claims of the fleet. */
int vn_fleet_host_claims(const vn_fleet *fleet, uint32_t host, vn_claim *ret, uint32_t room,
			 uint32_t *ret_n, vn_error *err);

/* ---- looking ---- */

/* The host with what is taken now; borrowed until the next call with this fleet, then wrong. NULL:
 * no such host. */
const vn_host *vn_fleet_host_now(vn_fleet *fleet, uint32_t host);
/* The options that the placements of this host obey. */
vn_place_options vn_fleet_host_options(const vn_fleet *fleet, uint32_t host);
typedef struct vn_fleet_host_info {
	enum vn_fleet_state state;
	enum vn_fleet_use use;
	uint32_t n_claims;
	const char *rack, *domain; /* NULL: not known */
	const char *zone;	   /* NULL: none */
} vn_fleet_host_info;
int vn_fleet_host_info_of(const vn_fleet *fleet, uint32_t host, vn_fleet_host_info *ret,
			  vn_error *err);

typedef struct vn_fleet_counters {
	uint64_t hosts, kinds, pools, flavours, groups, claims; /* now */
	uint64_t classes;					/* that have a host now */
	uint64_t host_states;					/* that are remembered */
	uint64_t node_states;
	uint64_t bytes;					 /* allocated */
	uint64_t decisions, refusals, claimed, released; /* so far */
	uint64_t evaluated; /* scores computed, where none was remembered */
	uint64_t placed;    /* of these and of claims: by vn_place, not by counts */
} vn_fleet_counters;
void vn_fleet_count(const vn_fleet *fleet, vn_fleet_counters *ret);

#endif
