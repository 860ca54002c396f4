/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random operations on a fleet of eight kinds of hosts. Beside the fleet each host is kept as a
 * vn_host of its own. Of the decisions some are made again by looking at every host (fleet_scan.c):
 * same host, same nodes, same score. Each claim passes vn_placement_check and leaves the host that
 * vn_host_take makes of it; its CPUs are those that vn_place gives on these nodes. In the end all
 * leave, and the fleet is as empty as it was. VN_CASES: how many operations. */
#include "fleet_scan.h"
#include "random.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	OPERATIONS = 6000,
	HOSTS = 40,
	CLAIMS = 4096,
	GROUPS = 8,
	SCAN_EVERY = 12, /* decisions of which one is made again */
	TRAITS = 2,
	ZONES = 3,
};

/* ---- hosts ---- */

#define PAGES                                                                                      \
	"\"pages\": [{\"size_kib\": 4, \"total\": 1572864}, {\"size_kib\": 2048, \"total\": "      \
	"512}, {\"size_kib\": 1048576, \"total\": 1}]"
static const char *const host_texts[] = {
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-3,8-11\", \"siblings\": [\"0,8\", \"1,9\", "
	"\"2,10\", \"3,11\"], \"mem_mib\": 8192, " PAGES
	"}, {\"id\": 1, \"cpus\": \"4-7,12-15\", \"siblings\": [\"4,12\", \"5,13\", \"6,14\", "
	"\"7,15\"], \"mem_mib\": 8192, " PAGES "}]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-3\", \"mem_mib\": 4096}, {\"id\": 1, \"cpus\": "
	"\"4-7\", \"mem_mib\": 4096}, {\"id\": 2, \"cpus\": \"8-11\", \"mem_mib\": 4096}, "
	"{\"id\": 3, \"cpus\": \"12-15\", \"mem_mib\": 4096}], \"distances\": [[10, 12, 20, 28], "
	"[12, 10, 25, 20], [20, 22, 10, 14], [28, 20, 14, 10]]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-5\", \"siblings\": [\"0,1\", \"2,3\", \"4,5\"], "
	"\"mem_mib\": 6144}, {\"id\": 1, \"cpus\": \"6-11\", \"siblings\": [\"6,7\", \"8,9\", "
	"\"10,11\"], \"mem_mib\": 6144}], \"devices\": [{\"address\": \"0000:01:00.0\", "
	"\"vendor_id\": \"8086\", \"product_id\": \"1572\", \"node\": 0}, {\"address\": "
	"\"0000:01:00.1\", \"vendor_id\": \"8086\", \"product_id\": \"1572\", \"node\": 0}, "
	"{\"address\": \"0000:02:00.0\", \"vendor_id\": \"8086\", \"product_id\": \"1572\", "
	"\"node\": "
	"1}], \"pci_pools\": [{\"vendor_id\": \"10de\", \"product_id\": \"2204\", \"count\": 3, "
	"\"numa_node\": 1}]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-7\", \"mem_mib\": 4096}, {\"id\": 3, \"cpus\": "
	"\"8-11\", \"mem_mib\": 8192}]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-1\", \"mem_mib\": 2048}, {\"id\": 1, \"cpus\": "
	"\"2-3\", \"mem_mib\": 2048}, {\"id\": 2, \"cpus\": \"4-5\", \"mem_mib\": 2048}, "
	"{\"id\": 4, \"cpus\": \"6-7\", \"mem_mib\": 2048}, {\"id\": 5, \"cpus\": \"8-9\", "
	"\"mem_mib\": 2048}, {\"id\": 6, \"cpus\": \"10-11\", \"mem_mib\": 2048}], "
	"\"distances\": [[10, 12, 12, 32, 32, 32], [12, 10, 12, 32, 32, 32], [12, 12, 10, 32, 32, "
	"32], [32, 32, 32, 10, 12, 12], [32, 32, 32, 12, 10, 12], [32, 32, 32, 12, 12, 10]]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-3\", \"pcpus\": \"4-7\", \"mem_mib\": 4096}, "
	"{\"id\": 1, \"cpus\": \"8-11\", \"pcpus\": \"12-15\", \"mem_mib\": 4096}]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-7\", \"siblings\": [\"0,4\", \"1,5\", \"2,6\", "
	"\"3,7\"], \"l3\": [\"0,4,1,5\", \"2,6,3,7\"], \"mem_mib\": 4096}, {\"id\": 1, \"cpus\": "
	"\"8-15\", \"siblings\": [\"8,12\", \"9,13\", \"10,14\", \"11,15\"], \"l3\": "
	"[\"8,12,9,13\", \"10,14,11,15\"], \"mem_mib\": 4096}]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-7\", \"siblings\": [\"0-3\", \"4-7\"], "
	"\"mem_mib\": 4096, \"mem_used_mib\": 100, \"cpu_usage\": 1, \"pinned\": \"0\"}, {\"id\": "
	"1, \"cpus\": \"8-15\", \"siblings\": [\"8-11\", \"12-15\"], \"mem_mib\": 4096}]}",
};
enum { KINDS = VN_LEN(host_texts) };

/* ---- flavours ---- */

struct flavour_row {
	uint32_t vcpus, mem_mib;
	const char *specs, *more; /* extra specs; other members */
	bool siblings, nodeset;
};
#define CELLS(n)  "\"hw:numa_nodes\": \"" n "\""
#define DEDICATED ", \"hw:cpu_policy\": \"dedicated\""
static const struct flavour_row flavour_rows[] = {
	{ 1, 512, CELLS("1"), "", 0, 0 },
	{ 2, 1024, CELLS("1"), "", 0, 0 },
	{ 1, 2048, CELLS("1"), "", 0, 0 },
	{ 4, 2048, CELLS("2"), "", 0, 0 },
	{ 4, 2048, CELLS("4"), "", 0, 0 },
	{ 3, 1536, CELLS("3"), "", 0, 0 },
	{ 2, 1024, CELLS("1") DEDICATED, "", 0, 0 },
	{ 3, 1024, CELLS("1") DEDICATED, "", 0, 0 },
	{ 1, 512, CELLS("1") DEDICATED, "", 0, 0 },
	{ 4, 2048, CELLS("2") DEDICATED, "", 0, 0 },
	{ 2, 1024, CELLS("1") DEDICATED ", \"hw:cpu_thread_policy\": \"isolate\"", "", 0, 0 },
	{ 2, 1024, CELLS("1") DEDICATED ", \"hw:cpu_thread_policy\": \"require\"", "", 0, 0 },
	{ 2, 512, CELLS("1") DEDICATED ", \"hw:mem_page_size\": \"2048\"", "", 0, 0 },
	{ 2, 1024, CELLS("2") ", \"hw:mem_page_size\": \"2048\"", "", 0, 0 },
	{ 1, 1024, CELLS("1") ", \"hw:mem_page_size\": \"large\"", "", 0, 0 },
	{ 2, 512, CELLS("1"),
	  ", \"pci_requests\": [{\"count\": 1, \"spec\": [{\"vendor_id\": \"8086\"}]}]", 0, 0 },
	{ 2, 512, CELLS("2"),
	  ", \"pci_requests\": [{\"count\": 1, \"spec\": [{\"vendor_id\": \"10de\"}], "
	  "\"numa_policy\": \"preferred\"}]",
	  0, 0 },
	{ 3, 1024, "", "", 0, 0 },
	{ 10, 3072, "", "", 0, 0 },
	{ 3, 1024, "\"hw:cpu_policy\": \"mixed\", \"hw:cpu_dedicated_mask\": \"0\"", "", 0, 0 },
	{ 2, 1024, CELLS("1") DEDICATED ", \"hw:emulator_threads_policy\": \"isolate\"", "", 0, 0 },
	{ 64, 1024, CELLS("1"), "", 0, 0 }, /* larger than any host */
	{ 2, 512, CELLS("1") DEDICATED, "", 1, 0 },
	{ 2, 512, CELLS("1"), "", 0, 1 },
};
enum { FLAVOURS = VN_LEN(flavour_rows), LATE = 2 }; /* the last ones come while guests are there */

struct held {
	vn_claim id;
	uint32_t flavour, host, group, partition;
};
struct labels {
	uint32_t traits, zone, use, state;
};

struct world {
	struct random random;
	vn_fleet *fleet;
	vn_fleet_policy policy;
	vn_request *requests[FLAVOURS];
	uint32_t required[FLAVOURS], forbidden[FLAVOURS], zone[FLAVOURS]; /* labels */
	struct scan_flavour flavours[FLAVOURS];
	uint32_t n_flavours;
	vn_host *empty[KINDS];
	struct scan_host hosts[HOSTS];
	struct labels labels[HOSTS];
	vn_server_group groups[GROUPS];
	struct held held[CLAIMS];
	uint32_t n_held;
	uint64_t decisions, refused, scanned;
	uint64_t came, left, next_look, changes; /* of churn */
	bool churns;
	vn_placement placement, again;
};

static void must(int r, const vn_error *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

static const char *const trait_names[TRAITS] = { "fast", "local-disk" };
static const char *const zone_names[ZONES] = { "north", "south", "west" };

static void set_labels(struct world *w, uint32_t host, vn_fleet_host *as, vn_label *labels)
{
	struct labels *of = &w->labels[host];

	for (uint32_t t = 0; t < TRAITS; t++)
		if (of->traits >> t & 1)
			labels[as->n_labels++] = (vn_label){ VN_LABEL_TRAIT, trait_names[t] };
	labels[as->n_labels++] = (vn_label){ VN_LABEL_ZONE, zone_names[of->zone] };
	as->labels = labels;
	as->use = (enum vn_fleet_use)of->use;
	as->state = (enum vn_fleet_state)of->state;
}

static void draw_labels(struct world *w, uint32_t host)
{
	w->labels[host] = (struct labels){
		.traits = random_below(&w->random, 1 << TRAITS),
		.zone = random_below(&w->random, ZONES),
		.use = random_chance(&w->random, 85) ? VN_USE_ANY
						     : random_below(&w->random, VN_FLEET_USE_COUNT),
	};
}

static void add_host(struct world *w, uint32_t host)
{
	static const uint32_t ratios[] = { 0, 100, 150, 400 };
	uint32_t kind = host % KINDS, first;
	vn_label labels[TRAITS + 1];
	char rack[16], domain[16];
	vn_fleet_host as = { .rack = rack, .domain = domain };
	vn_error err = { 0 };
	vn_place_options *options = &w->hosts[host].options;

	snprintf(rack, sizeof(rack), "rack%u", host / 4);
	snprintf(domain, sizeof(domain), "domain%u", host % 5);
	if (host % 7 == 0)
		as.rack = NULL;
	draw_labels(w, host);
	set_labels(w, host, &as, labels);
	*options = vn_place_defaults;
	as.cpu_ratio_percent = options->cpu_ratio_percent = ratios[kind % VN_LEN(ratios)];
	as.ram_ratio_percent = options->ram_ratio_percent = kind % 3 == 2 ? 150 : 100;
	as.reserve_kib = options->reserve_kib = kind == 3 ? 65536 : 0;
	w->hosts[host].kind = kind;
	must(vn_host_parse("host", host_texts[kind], strlen(host_texts[kind]), &w->hosts[host].now,
			   &err),
	     &err);
	w->hosts[host].empty = w->empty[kind];
	must(vn_fleet_add(w->fleet, w->hosts[host].now, &as, 1, &first, &err), &err);
	assert_int_equal(first, host);
}

static void make_empty(vn_host *host)
{
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		host->nodes[i].pinned = (vn_cpuset){ 0 };
		host->nodes[i].cpu_usage = 0;
		host->nodes[i].mem_used_kib = 0;
		for (uint32_t p = 0; p < host->nodes[i].n_pages; p++)
			host->nodes[i].pages[p].used = 0;
		vn_host_count_node(host, i);
	}
}

static void add_flavour(struct world *w)
{
	const struct flavour_row *row = &flavour_rows[w->n_flavours];
	uint32_t f = w->n_flavours++, id;
	vn_label required[2], forbidden = { VN_LABEL_TRAIT, trait_names[1] };
	vn_label zones[2] = { { VN_LABEL_ZONE, zone_names[0] }, { VN_LABEL_ZONE, zone_names[1] } };
	vn_fleet_flavour flavour = { .required = required,
				     .forbidden = &forbidden,
				     .one_of = zones };
	vn_error err = { 0 };
	char json[512];

	snprintf(json, sizeof(json), "{\"vcpus\": %u, \"mem_mib\": %u, \"extra_specs\": {%s}%s}",
		 row->vcpus, row->mem_mib, row->specs, row->more);
	must(vn_request_parse_json("flavour", json, strlen(json), &w->requests[f], &err), &err);
	if (row->siblings)
		w->requests[f]->distribution = VN_DISTRIBUTION_SIBLINGS;
	w->requests[f]->nodeset_given = row->nodeset;
	if (row->nodeset) {
		vn_nodeset_add(&w->requests[f]->nodeset, 0);
		vn_nodeset_add(&w->requests[f]->nodeset, 1);
	}
	w->required[f] = f % 5 == 1;
	w->forbidden[f] = f % 7 == 3;
	w->zone[f] = f % 6 == 4;
	required[0] = (vn_label){ VN_LABEL_TRAIT, trait_names[0] };
	flavour.request = w->requests[f];
	flavour.n_required = w->required[f];
	flavour.n_forbidden = w->forbidden[f];
	flavour.n_one_of = w->zone[f] ? 2 : 0;
	must(vn_fleet_add_flavour(w->fleet, &flavour, &id, &err), &err);
	assert_int_equal(id, f);
	w->flavours[f].request = w->requests[f];
}

static void draw_demand(struct world *w)
{
	for (uint32_t f = 0; f < w->n_flavours; f++) {
		uint64_t demand =
			random_chance(&w->random, 20) ? 0 : random_below(&w->random, 1000);

		must(vn_fleet_set_demand(w->fleet, f, demand, NULL), NULL);
		w->flavours[f].demand = vn_fleet_demand(w->fleet, f);
		w->flavours[f].weight = vn_fleet_weight(w->fleet, f);
	}
}

/* What is in force, by an account of its own of who comes and leaves. A decision has been made. */
static void see_churn(struct world *w)
{
	const vn_fleet_policy *now = vn_fleet_policy_now(w->fleet);
	uint32_t room = w->policy.weights[VN_WEIGH_ROOM], boost = w->policy.cpu_boost;

	if (w->came >= w->next_look) {
		bool was = w->churns;

		w->churns = w->left && w->left * (was ? 32 : 16) >= w->came;
		w->changes += w->churns != was;
		for (; w->came >= 2048; w->came /= 2)
			w->left /= 2;
		w->next_look = w->came + 16;
	}
	if (w->churns && w->policy.churn_room)
		room *= w->policy.churn_room;
	if (w->churns && w->policy.churn_boost)
		boost = w->policy.churn_boost;
	assert_int_equal(now->weights[VN_WEIGH_ROOM], room);
	assert_int_equal(now->weights[VN_WEIGH_SLOTS], w->policy.weights[VN_WEIGH_SLOTS]);
	assert_int_equal(now->cpu_boost, boost);
	assert_int_equal(now->scarce, w->churns ? 0 : w->policy.scarce);
	for (uint32_t f = 0; f < w->n_flavours; f++)
		w->flavours[f].weight = vn_fleet_weight(w->fleet, f);
}

static void draw_policy(struct world *w)
{
	static const char *const texts[] = { "slots",
					     "slots",
					     "host-first",
					     "balance",
					     "default",
					     "room/first",
					     "fragments",
					     "first",
					     "best",
					     "worst/best",
					     "slots/first",
					     "slots=3,best=1",
					     "fragments=2,slots=1/worst",
					     "balance=2,best/host-first" };
	vn_error err = { 0 };

	must(vn_fleet_policy_parse(texts[random_below(&w->random, VN_LEN(texts))], &w->policy,
				   &err),
	     &err);
	w->policy.demand = VN_DEMAND_GIVEN;
	w->policy.any_distance = random_chance(&w->random, 15);
	w->policy.cpu_exponent = random_below(&w->random, 5);
	w->policy.cpu_boost = random_chance(&w->random, 50) ? random_below(&w->random, 200) : 0;
	w->policy.churn_room = random_chance(&w->random, 50) ? random_below(&w->random, 20) : 0;
	w->policy.churn_boost = random_chance(&w->random, 50) ? random_below(&w->random, 200) : 0;
	w->policy.learned_room = random_below(&w->random, 20); /* the demand is given: no matter */
	w->policy.scarce = random_chance(&w->random, 50) ? random_below(&w->random, 40) : 0;
	must(vn_fleet_set_policy(w->fleet, &w->policy, &err), &err);
	assert_int_equal(vn_fleet_policy_of(w->fleet)->weights[VN_WEIGH_ROOM],
			 w->policy.weights[VN_WEIGH_ROOM]);
	draw_demand(w);
}

static void make_world(struct world *w, uint64_t seed)
{
	vn_error err = { 0 };

	w->random.state = seed;
	must(vn_fleet_new(NULL, &w->fleet, &err), &err);
	for (uint32_t k = 0; k < KINDS; k++) {
		must(vn_host_parse("host", host_texts[k], strlen(host_texts[k]), &w->empty[k],
				   &err),
		     &err);
		make_empty(w->empty[k]);
	}
	for (uint32_t h = 0; h < HOSTS; h++) {
		add_host(w, h);
		if (h == HOSTS / 2)
			while (w->n_flavours < FLAVOURS - LATE)
				add_flavour(w);
	}
	for (uint32_t g = 0; g < GROUPS; g++) {
		uint32_t id;

		w->groups[g] = (vn_server_group){
			.rule = (enum vn_group_rule)(g % VN_GROUP_RULE_COUNT),
			.scope = (enum vn_group_scope)(g / 3 % VN_GROUP_SCOPE_COUNT),
			.soft = g % 4 == 3,
			.most = g == 1 ? 2 : 0,
		};
		must(vn_fleet_add_group(w->fleet, &w->groups[g], &id, &err), &err);
	}
	draw_policy(w);
}

/* ---- the same decision, by looking at every host ---- */

static uint32_t place_of(const struct world *w, enum vn_group_scope scope, uint32_t host)
{
	if (scope == VN_SCOPE_HOST)
		return host;
	if (scope == VN_SCOPE_DOMAIN)
		return host % 5;
	(void)w;
	return host % 7 == 0 ? 1000 + host : host / 4;
}

static bool group_allows(const struct world *w, const vn_fleet_ask *ask, uint32_t host)
{
	const vn_server_group *group = &w->groups[ask->group];
	uint32_t place = place_of(w, group->scope, host), here = 0, all = 0, other = 0;

	for (uint32_t i = 0; i < w->n_held; i++) {
		const struct held *held = &w->held[i];

		if (held->group != ask->group)
			continue;
		all++;
		if (place_of(w, group->scope, held->host) != place)
			continue;
		here++;
		other += held->partition != ask->partition;
	}
	switch (group->rule) {
	case VN_GROUP_AFFINITY: return !all || here;
	case VN_GROUP_ANTI_AFFINITY: return here < (group->most ? group->most : 1);
	default: return !other;
	}
}

static bool host_passes(const struct world *w, const vn_fleet_ask *ask, bool obey, uint32_t host)
{
	const struct labels *of = &w->labels[host];
	const vn_request *request = w->requests[ask->flavour];
	uint32_t dedicated = vn_cpuset_count(&request->dedicated);

	if (of->state != VN_HOST_ENABLED || (w->required[ask->flavour] && !(of->traits & 1)) ||
	    (w->forbidden[ask->flavour] && (of->traits & 2)) ||
	    (w->zone[ask->flavour] && of->zone > 1) || (of->use == VN_USE_SHARED && dedicated) ||
	    (of->use == VN_USE_DEDICATED && dedicated != request->vcpus))
		return false;
	for (uint32_t i = 0; i < ask->n_excluded; i++)
		if (ask->excluded[i] == host)
			return false;
	return !obey || ask->group == VN_FLEET_NONE || group_allows(w, ask, host);
}

static bool less(const vn_fleet_score *a, const vn_fleet_score *b)
{
	if (a->far != b->far)
		return a->far < b->far;
	return a->value != b->value ? a->value < b->value : a->tie < b->tie;
}

static uint32_t scan_all(struct world *w, const vn_fleet_ask *ask, bool obey, struct scan_best *ret)
{
	struct scan scan = { vn_fleet_policy_now(w->fleet), w->n_flavours, w->flavours };
	uint32_t best = VN_FLEET_NONE;

	for (uint32_t host = 0; host < HOSTS; host++) {
		struct scan_best one;

		if (host_passes(w, ask, obey, host) &&
		    scan_host(&scan, &w->hosts[host], ask->flavour, &one) &&
		    (best == VN_FLEET_NONE || less(&one.score, &ret->score))) {
			best = host;
			*ret = one;
		}
	}
	return best;
}

static void compare(struct world *w, const vn_fleet_ask *ask, const vn_fleet_choice *choice)
{
	struct scan_best best;
	uint32_t host = scan_all(w, ask, true, &best);

	if (host == VN_FLEET_NONE && ask->group != VN_FLEET_NONE && w->groups[ask->group].soft)
		host = scan_all(w, ask, false, &best);
	w->scanned++;
	if (host == VN_FLEET_NONE && !choice)
		return;
	if (!choice || host != choice->host || best.nodes != choice->nodes ||
	    less(&best.score, &choice->score) || less(&choice->score, &best.score))
		fail_msg("decision %" PRIu64 ", flavour %u, group %d: the fleet says host %d nodes "
			 "%#" PRIx64 " (%" PRIu64 ", %" PRId64 ", %" PRId64 "), the scan host %d "
			 "nodes %#" PRIx64 " (%" PRIu64 ", %" PRId64 ", %" PRId64 ")",
			 w->decisions, ask->flavour, (int)ask->group,
			 choice ? (int)choice->host : -1, choice ? choice->nodes : 0,
			 choice ? choice->score.far : 0,
			 choice ? (int64_t)(choice->score.value - (UINT64_C(1) << 63)) : 0,
			 choice ? (int64_t)(choice->score.tie - (UINT64_C(1) << 63)) : 0, (int)host,
			 best.nodes, best.score.far,
			 (int64_t)(best.score.value - (UINT64_C(1) << 63)),
			 (int64_t)(best.score.tie - (UINT64_C(1) << 63)));
}

/* ---- claims ---- */

static vn_cpuset taken_cpus(const vn_placement *placement)
{
	vn_cpuset cpus = { 0 };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_add(&cpus, (unsigned)placement->pin[vcpu]);
	for (uint32_t c = 0; c < placement->n_cells; c++)
		vn_cpuset_or(&cpus, &placement->cells[c].reserved);
	return cpus;
}

static void hosts_equal(struct world *w, uint32_t host)
{
	const vn_host *a = w->hosts[host].now, *b = vn_fleet_host_now(w->fleet, host);

	for (uint32_t i = 0; i < a->n_nodes; i++) {
		assert_true(vn_cpuset_equal(&a->nodes[i].pinned, &b->nodes[i].pinned));
		assert_int_equal(a->nodes[i].cpu_usage, b->nodes[i].cpu_usage);
		assert_int_equal(a->nodes[i].mem_used_kib, b->nodes[i].mem_used_kib);
		for (uint32_t p = 0; p < a->nodes[i].n_pages; p++)
			assert_int_equal(a->nodes[i].pages[p].used, b->nodes[i].pages[p].used);
	}
	for (uint32_t i = 0; i < a->n_devices; i++)
		assert_int_equal(a->devices[i].taken, b->devices[i].taken);
	for (uint32_t i = 0; i < a->n_pools; i++)
		assert_int_equal(a->pools[i].count, b->pools[i].count);
}

/* What vn_place gives on these nodes. */
static void place_again(struct world *w, const vn_fleet_choice *choice)
{
	vn_request within = *w->requests[choice->flavour];
	const struct scan_host *host = &w->hosts[choice->host];
	vn_cpuset a, b;
	vn_error err = { 0 };

	if (!within.nodeset_given)
		within.nodeset = (vn_nodeset){ 0 };
	within.nodeset_given = true;
	for (uint32_t i = 0; i < host->now->n_nodes; i++)
		if (choice->nodes >> i & 1)
			vn_nodeset_add(&within.nodeset, host->now->nodes[i].id);
		else
			within.nodeset.word[0] &= ~(UINT64_C(1) << host->now->nodes[i].id);
	must(vn_place(host->now, &within, &host->options, &w->again, &err), &err);
	a = taken_cpus(&w->placement);
	b = taken_cpus(&w->again);
	assert_true(vn_cpuset_equal(&a, &b));
	assert_int_equal(w->placement.n_cells, w->again.n_cells);
}

static void claim(struct world *w, const vn_fleet_choice *choice)
{
	struct held *held = &w->held[w->n_held];
	struct scan_host *host = &w->hosts[choice->host];
	vn_error err = { 0 };

	must(vn_fleet_claim(w->fleet, choice, &held->id, &err), &err);
	w->n_held++;
	w->came++;
	held->flavour = choice->flavour;
	held->host = choice->host;
	held->group = choice->group;
	held->partition = choice->partition;
	must(vn_fleet_claim_placement(w->fleet, held->id, &w->placement, &err), &err);
	must(vn_placement_check(host->now, w->requests[choice->flavour], &host->options,
				&w->placement, &err),
	     &err);
	place_again(w, choice);
	vn_host_take(host->now, &w->placement);
	hosts_equal(w, choice->host);
}

static void release(struct world *w, uint32_t at)
{
	struct held held = w->held[at];
	vn_claim_info info;
	vn_error err = { 0 };

	must(vn_fleet_claim_info(w->fleet, held.id, &info, &err), &err);
	assert_int_equal(info.flavour, held.flavour);
	assert_int_equal(info.host, held.host);
	assert_int_equal(info.group, held.group);
	must(vn_fleet_claim_placement(w->fleet, held.id, &w->placement, &err), &err);
	must(vn_fleet_release(w->fleet, held.id, &err), &err);
	assert_int_equal(vn_fleet_release(w->fleet, held.id, NULL), VN_E_RANGE);
	w->left++;
	vn_host_release(w->hosts[held.host].now, &w->placement);
	hosts_equal(w, held.host);
	w->held[at] = w->held[--w->n_held];
}

/* ---- operations ---- */

static void check_explain(const struct world *w, const vn_fleet_explain *e, uint32_t found)
{
	uint64_t removed = 0, needs = 0;

	for (uint32_t i = 0; i < VN_FILTER_COUNT; i++)
		removed += e->removed[i];
	for (uint32_t i = 0; i < VN_REQUIREMENT_COUNT; i++)
		needs += e->needs[i];
	(void)w;
	assert_int_equal(e->hosts, HOSTS);
	assert_int_equal(removed + e->left, HOSTS);
	assert_int_equal(needs, e->removed[VN_FILTER_FIT]);
	assert_int_equal(e->n_best > 0, found > 0);
	assert_true(e->n_best < 2 || e->left > 1);
}

static void op_decide(struct world *w)
{
	uint32_t excluded[8], n = 1 + random_below(&w->random, 4), found = 0;
	vn_fleet_ask ask = { .flavour = random_below(&w->random, w->n_flavours),
			     .group = VN_FLEET_NONE,
			     .partition = VN_FLEET_NONE,
			     .excluded = excluded };
	vn_fleet_choice choices[4];
	vn_fleet_explain explain;
	int r;

	if (w->n_held == CLAIMS)
		return;
	if (random_chance(&w->random, 20)) {
		ask.group = random_below(&w->random, GROUPS);
		ask.partition = random_below(&w->random, 3);
	}
	if (random_chance(&w->random, 20))
		while (ask.n_excluded < 8)
			excluded[ask.n_excluded++] = random_below(&w->random, HOSTS);
	if (random_chance(&w->random, 3))
		ask.explain = &explain;
	r = vn_fleet_decide(w->fleet, &ask, n, choices, &found, NULL);
	w->decisions++;
	w->refused += r < 0;
	see_churn(w);
	assert_true(r == VN_OK ? found > 0 : r == VN_E_NOFIT);
	for (uint32_t i = 1; i < found; i++) {
		assert_false(less(&choices[i].score, &choices[i - 1].score));
		assert_true(less(&choices[i - 1].score, &choices[i].score) ||
			    choices[i - 1].host < choices[i].host);
	}
	if (ask.explain)
		check_explain(w, &explain, found);
	if (!random_below(&w->random, SCAN_EVERY))
		compare(w, &ask, found ? &choices[0] : NULL);
	if (found && random_chance(&w->random, 80))
		claim(w, &choices[random_chance(&w->random, 90) ? 0 : found - 1]);
}

static void op_release(struct world *w)
{
	if (w->n_held)
		release(w, random_below(&w->random, w->n_held));
}

static void op_relabel(struct world *w)
{
	uint32_t host = random_below(&w->random, HOSTS);
	vn_label labels[TRAITS + 1];
	vn_fleet_host as = { 0 };
	vn_error err = { 0 };

	draw_labels(w, host);
	set_labels(w, host, &as, labels);
	must(vn_fleet_relabel(w->fleet, host, &as, &err), &err);
}

static void op_drain(struct world *w)
{
	uint32_t host = random_below(&w->random, HOSTS);
	vn_error err = { 0 };

	w->labels[host].state =
		random_chance(&w->random, 70) ? VN_HOST_ENABLED : 1 + random_below(&w->random, 2);
	must(vn_fleet_set_state(w->fleet, host, (enum vn_fleet_state)w->labels[host].state, &err),
	     &err);
}

static void op(struct world *w, uint64_t n, uint64_t all)
{
	uint32_t dice = random_below(&w->random, 1000);
	uint32_t full = n / 500 % 2 ? 35 : 60; /* it fills and empties in turns */

	if (n == all / 2)
		while (w->n_flavours < FLAVOURS) {
			add_flavour(w);
			draw_demand(w);
		}
	if (dice < 4)
		draw_policy(w);
	else if (dice < 20)
		op_relabel(w);
	else if (dice < 40)
		op_drain(w);
	else if (dice % 100 < full)
		op_decide(w);
	else
		op_release(w);
}

static void free_world(struct world *w)
{
	vn_fleet_free(w->fleet);
	for (uint32_t k = 0; k < KINDS; k++)
		vn_host_free(w->empty[k]);
	for (uint32_t h = 0; h < HOSTS; h++)
		vn_host_free(w->hosts[h].now);
	for (uint32_t f = 0; f < w->n_flavours; f++)
		vn_request_free(w->requests[f]);
	free(w);
}

static void test_index_is_a_full_scan(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t seed = seed_of_run(), first, n = cases_of_run(OPERATIONS, &first);
	vn_fleet_counters counters;

	(void)state;
	assert_non_null(w);
	make_world(w, seed + first);
	for (uint64_t i = 0; i < n; i++)
		op(w, i, n);
	while (w->n_held)
		release(w, w->n_held - 1);
	for (uint32_t h = 0; h < HOSTS; h++) {
		vn_host *empty;

		must(vn_host_parse("host", host_texts[h % KINDS], strlen(host_texts[h % KINDS]),
				   &empty, NULL),
		     NULL);
		vn_host_free(w->hosts[h].now);
		w->hosts[h].now = empty;
		hosts_equal(w, h);
	}
	vn_fleet_count(w->fleet, &counters);
	printf("# %" PRIu64 " decisions, %" PRIu64 " refused, %" PRIu64
	       " made again by a scan; %" PRIu64 " claims\n",
	       w->decisions, w->refused, w->scanned, counters.claimed);
	assert_int_equal(counters.claims, 0);
	assert_true(counters.claimed > n / 8 && w->scanned > n / 100);
	assert_true(counters.classes <= HOSTS);
	free_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_is_a_full_scan),
	};

	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
