/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bytes as operations on a small fleet: hosts come, guests come and go, labels, states, groups and
 * policies change. Each claim passes vn_placement_check, and when all have left the hosts are as
 * they were. */
#include "vnuma/fleet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

enum { FLAVOURS = 8, GROUPS = 4, CLAIMS = 256, HOSTS_MOST = 64 };

static const char *const hosts[] = {
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-3\", \"siblings\": [\"0,1\", \"2,3\"], "
	"\"mem_mib\": 4096, \"pages\": [{\"size_kib\": 4, \"total\": 786432}, {\"size_kib\": "
	"2048, \"total\": 512}]}, {\"id\": 1, \"cpus\": \"4-7\", \"mem_mib\": 4096}]}",
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-1\", \"mem_mib\": 2048}, {\"id\": 1, "
	"\"cpus\": \"2-3\", \"mem_mib\": 2048}, {\"id\": 2, \"cpus\": \"4-5\", \"mem_mib\": "
	"2048}], \"distances\": [[10, 12, 20], [12, 10, 20], [20, 20, 10]], \"pci_pools\": "
	"[{\"vendor_id\": \"8086\", \"product_id\": \"1572\", \"count\": 2, \"numa_node\": 1}]}",
};
static const char *const requests[FLAVOURS] = {
	"{\"vcpus\": 1, \"mem_mib\": 512, \"extra_specs\": {\"hw:numa_nodes\": \"1\"}}",
	"{\"vcpus\": 2, \"mem_mib\": 1024, \"extra_specs\": {\"hw:numa_nodes\": \"2\"}}",
	"{\"vcpus\": 2, \"mem_mib\": 512, \"extra_specs\": {\"hw:cpu_policy\": \"dedicated\"}}",
	"{\"vcpus\": 3, \"mem_mib\": 512, \"extra_specs\": {\"hw:cpu_policy\": \"dedicated\", "
	"\"hw:numa_nodes\": \"1\"}}",
	"{\"vcpus\": 2, \"mem_mib\": 512, \"extra_specs\": {\"hw:mem_page_size\": \"large\"}}",
	"{\"vcpus\": 2, \"mem_mib\": 512, \"pci_requests\": [{\"count\": 1, \"spec\": "
	"[{\"vendor_id\": \"8086\"}]}]}",
	"{\"vcpus\": 5, \"mem_mib\": 1536}",
	"{\"vcpus\": 1, \"mem_mib\": 512, \"extra_specs\": {\"hw:cpu_policy\": \"dedicated\", "
	"\"hw:cpu_thread_policy\": \"isolate\"}}",
};
static const char *const policies[] = { "slots",	   "best",	 "balance",
					"fragments/first", "random",	 "worst",
					"first",	   "host-first", "slots=2,balance=1" };

struct state {
	const uint8_t *at, *end;
	vn_fleet *fleet;
	vn_host *hosts[VN_LEN(hosts)];
	vn_request *requests[FLAVOURS];
	uint32_t n_flavours, n_groups, n_claims;
	vn_claim claims[CLAIMS];
	vn_placement placement;
};

static uint8_t take(struct state *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

static void draw_labels(struct state *s, vn_fleet_host *as, vn_label *labels)
{
	uint8_t bits = take(s);

	labels[0] = (vn_label){ VN_LABEL_ZONE, bits & 1 ? "north" : "south" };
	labels[1] = (vn_label){ VN_LABEL_TRAIT, "fast" };
	as->labels = labels;
	as->n_labels = 1 + (bits >> 1 & 1);
	as->use = (enum vn_fleet_use)(bits >> 2 & 3 ? 0 : bits >> 4 & 3);
	as->state = (enum vn_fleet_state)(bits >> 6 == 3);
}

static void add_hosts(struct state *s)
{
	vn_label labels[2];
	uint8_t bits = take(s);
	vn_fleet_host as = { .rack = bits & 8 ? "r1" : NULL,
			     .domain = bits & 16 ? "d1" : "d2",
			     .cpu_ratio_percent = bits & 32 ? 100 : 200,
			     .ram_ratio_percent = 100 };
	uint32_t n = 1 + bits % 4, first;

	draw_labels(s, &as, labels);
	if (vn_fleet_n_hosts(s->fleet) + n <= HOSTS_MOST &&
	    vn_fleet_add(s->fleet, s->hosts[bits >> 6 & 1], &as, n, &first, NULL) == VN_OK)
		must(first + n == vn_fleet_n_hosts(s->fleet));
}

static void add_flavour(struct state *s)
{
	vn_label fast = { VN_LABEL_TRAIT, "fast" };
	uint8_t bits = take(s);
	vn_fleet_flavour flavour = { .n_required = bits & 1 && bits & 2, .required = &fast };
	uint32_t id;

	if (s->n_flavours == FLAVOURS)
		return;
	flavour.request = s->requests[s->n_flavours];
	must(vn_fleet_add_flavour(s->fleet, &flavour, &id, NULL) == VN_OK);
	s->n_flavours++;
}

static void guest_comes(struct state *s)
{
	uint8_t bits = take(s), more = take(s);
	uint32_t excluded = more, n_hosts = vn_fleet_n_hosts(s->fleet), n;
	vn_fleet_explain explain;
	vn_fleet_ask ask = { .flavour = bits % FLAVOURS,
			     .group = bits & 8 ? bits >> 4 & 3 : VN_FLEET_NONE,
			     .partition = bits >> 6,
			     .n_excluded = more & 1,
			     .excluded = &excluded,
			     .explain = more & 2 ? &explain : NULL };
	vn_fleet_choice choices[3];
	vn_place_options options;

	if (vn_fleet_decide(s->fleet, &ask, 1 + more % 3, choices, &n, NULL) < 0 ||
	    s->n_claims == CLAIMS)
		return;
	must(n > 0 && choices[0].host < n_hosts);
	must(vn_fleet_claim(s->fleet, &choices[n - 1], &s->claims[s->n_claims], NULL) == VN_OK);
	must(vn_fleet_claim_placement(s->fleet, s->claims[s->n_claims], &s->placement, NULL) ==
	     VN_OK);
	must(vn_fleet_release(s->fleet, s->claims[s->n_claims], NULL) == VN_OK);
	options = vn_fleet_host_options(s->fleet, choices[n - 1].host);
	must(vn_placement_check(vn_fleet_host_now(s->fleet, choices[n - 1].host),
				s->requests[ask.flavour], &options, &s->placement, NULL) == VN_OK);
	must(vn_fleet_claim(s->fleet, &choices[n - 1], &s->claims[s->n_claims++], NULL) == VN_OK);
}

static void guest_leaves(struct state *s)
{
	uint32_t at = take(s);

	if (!s->n_claims)
		return;
	at %= s->n_claims;
	must(vn_fleet_release(s->fleet, s->claims[at], NULL) == VN_OK);
	s->claims[at] = s->claims[--s->n_claims];
}

static void relabel(struct state *s)
{
	vn_label labels[2];
	vn_fleet_host as = { 0 };
	uint8_t host = take(s);

	draw_labels(s, &as, labels);
	vn_fleet_relabel(s->fleet, host, &as, NULL);
	vn_fleet_set_state(s->fleet, host, (enum vn_fleet_state)(take(s) % 4), NULL);
}

static void set_policy(struct state *s)
{
	vn_fleet_policy policy;
	uint8_t bits = take(s);

	must(vn_fleet_policy_parse(policies[bits % VN_LEN(policies)], &policy, NULL) == VN_OK);
	policy.random_ties = bits >> 6 & 1;
	policy.any_distance = bits >> 7;
	policy.half_life = 16;
	must(vn_fleet_set_policy(s->fleet, &policy, NULL) == VN_OK);
}

static void add_group(struct state *s)
{
	uint8_t bits = take(s);
	vn_server_group group = { .rule = (enum vn_group_rule)(bits % 4),
				  .scope = (enum vn_group_scope)(bits >> 2 & 3),
				  .soft = bits >> 4 & 1,
				  .most = bits >> 5 };
	uint32_t id;

	if (s->n_groups < GROUPS && vn_fleet_add_group(s->fleet, &group, &id, NULL) == VN_OK)
		s->n_groups++;
}

static void check_empty(struct state *s)
{
	vn_fleet_counters counters;

	while (s->n_claims)
		must(vn_fleet_release(s->fleet, s->claims[--s->n_claims], NULL) == VN_OK);
	for (uint32_t h = 0; h < vn_fleet_n_hosts(s->fleet); h++) {
		const vn_host *now = vn_fleet_host_now(s->fleet, h);

		for (uint32_t i = 0; i < now->n_nodes; i++)
			must(vn_cpuset_is_empty(&now->nodes[i].pinned) &&
			     !now->nodes[i].cpu_usage && !now->nodes[i].mem_used_kib);
		must(!now->n_pools || now->pools[0].count == 2);
	}
	vn_fleet_count(s->fleet, &counters);
	must(!counters.claims && counters.classes <= counters.hosts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const operations[])(struct state *) = {
		add_hosts, add_flavour, guest_comes, guest_comes,  guest_comes, guest_leaves,
		relabel,   set_policy,	add_group,   guest_leaves, guest_comes,
	};
	static struct state s;

	if (!s.hosts[0]) {
		for (uint32_t i = 0; i < VN_LEN(hosts); i++)
			must(vn_host_parse("host", hosts[i], strlen(hosts[i]), &s.hosts[i], NULL) ==
			     VN_OK);
		for (uint32_t i = 0; i < FLAVOURS; i++)
			must(vn_request_parse_json("flavour", requests[i], strlen(requests[i]),
						   &s.requests[i], NULL) == VN_OK);
	}
	s.at = bytes;
	s.end = bytes + (size < 700 ? size : 700);
	s.n_flavours = s.n_groups = s.n_claims = 0;
	must(vn_fleet_new(NULL, &s.fleet, NULL) == VN_OK);
	add_hosts(&s);
	add_flavour(&s);
	while (s.at < s.end)
		operations[take(&s) % VN_LEN(operations)](&s);
	check_empty(&s);
	vn_fleet_free(s.fleet);
	return 0;
}
