/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Random small fleets, and what can be said of them without lib/fleet. */
#include "small_fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GIB = 1 << 20 };

/* ---- making ---- */

static vn_host *make_kind(struct random *r)
{
	VN_AUTO_TEXT json = VN_TEXT_INIT;
	uint32_t nodes = 1 + random_below(r, 3), cores = 1 + random_below(r, 3);
	uint32_t threads = 1 + random_below(r, 2), gib = 3 + random_below(r, 4), cpu = 0;
	bool huge = random_chance(r, 50), slit = random_chance(r, 50);
	vn_error err = { 0 };
	vn_host *host;

	vn_text_addf(&json, "{\"cells\": [");
	for (uint32_t n = 0; n < nodes; n++) {
		vn_text_addf(&json, "%s{\"id\": %u, \"cpus\": \"%u-%u\", \"siblings\": [",
			     n ? ", " : "", n, cpu, cpu + cores * threads - 1);
		for (uint32_t c = 0; c < cores; c++, cpu += threads)
			vn_text_addf(&json, "%s\"%u-%u\"", c ? ", " : "", cpu, cpu + threads - 1);
		vn_text_addf(&json,
			     "], \"mem_mib\": %u, \"pages\": [{\"size_kib\": 4, \"total\": %u}%s]}",
			     (gib + huge) * 1024, gib * (GIB / 4),
			     huge ? ", {\"size_kib\": 2048, \"total\": 512}" : "");
	}
	vn_text_addf(&json, "]");
	if (slit) {
		vn_text_addf(&json, ", \"distances\": [");
		for (uint32_t i = 0; i < nodes; i++) {
			vn_text_addf(&json, "%s[", i ? ", " : "");
			for (uint32_t j = 0; j < nodes; j++)
				vn_text_addf(&json, "%s%u", j ? ", " : "",
					     i == j ? 10 : 10 + 10 * (i > j ? i - j : j - i));
			vn_text_addf(&json, "]");
		}
		vn_text_addf(&json, "]");
	}
	vn_text_addf(&json, "}");
	if (vn_host_parse("kind", json.bytes, json.len, &host, &err) < 0) {
		printf("# %s: %s\n", json.bytes, err.text);
		abort();
	}
	return host;
}

static vn_request *make_request(struct random *r)
{
	static const char *const shared[] = { "hw:numa_nodes=1" };
	static const char *const pinned[] = { "hw:numa_nodes=1", "hw:cpu_policy=dedicated" };
	static const char *const isolated[] = { "hw:numa_nodes=1", "hw:cpu_policy=dedicated",
						"hw:cpu_thread_policy=isolate" };
	static const char *const wide[] = { "hw:numa_nodes=2" };
	static const char *const wide_pinned[] = { "hw:numa_nodes=2", "hw:cpu_policy=dedicated" };
	static const char *const huge[] = { "hw:numa_nodes=1", "hw:mem_page_size=2048" };
	static const char *const large[] = { "hw:numa_nodes=1", "hw:mem_page_size=any" };
	static const struct {
		const char *const *specs;
		uint32_t n, cells;
	} rows[] = { { shared, 1, 1 }, { pinned, 2, 1 },      { isolated, 3, 1 },
		     { wide, 1, 2 },   { wide_pinned, 2, 2 }, { huge, 2, 1 },
		     { large, 2, 1 },  { NULL, 0, 1 },	      { shared, 1, 1 } };
	uint32_t row = random_below(r, VN_LEN(rows));
	vn_request_words words = {
		.vcpus = (1 + random_below(r, 3 - (rows[row].cells > 1))) * rows[row].cells,
		.mem_kib = (1 + random_below(r, 4)) * (GIB / 2) * rows[row].cells,
		.n_specs = rows[row].n,
		.specs = rows[row].specs
	};
	vn_error err = { 0 };
	vn_request *request;

	if (rows[row].specs == huge)
		words.mem_kib = GIB / 4 * (1 + random_below(r, 2));
	if (vn_request_from_words(&words, &request, &err) < 0) {
		printf("# %s\n", err.text);
		abort();
	}
	return request;
}

static vn_fleet *make_fleet(const vn_fleet_policy *policy)
{
	vn_fleet *fleet;
	vn_error err;

	if (vn_fleet_new(policy, &fleet, &err) < 0)
		abort();
	return fleet;
}

static void add_hosts(struct small *s)
{
	static const char *const zones[] = { "z0", "z1" }, *const racks[] = { "r0", "r1" };
	uint32_t many = 2 + random_below(&s->random, 3);

	for (uint32_t i = 0; i < many; i++) {
		struct random *r = &s->random;
		uint32_t kind = random_below(r, s->n_kinds), n = 1 + random_below(r, 2), first;
		vn_label labels[] = { { VN_LABEL_ZONE, zones[random_below(r, 2)] },
				      { VN_LABEL_GROUP, "a" } };
		vn_fleet_host as = { .labels = labels,
				     .n_labels = random_below(r, 3),
				     .cpu_ratio_percent = 100 + 100 * random_below(r, 2),
				     .ram_ratio_percent = 100 };
		vn_fleet *both[] = { s->fleet, s->twin };

		as.rack = random_chance(r, 70) ? racks[random_below(r, 2)] : NULL;
		as.domain = random_chance(r, 70) ? zones[random_below(r, 2)] : NULL;
		if (s->n_hosts + n > SMALL_HOSTS)
			n = SMALL_HOSTS - s->n_hosts;
		if (s->n_hosts + n > 5)
			break;
		for (uint32_t f = 0; f < 2; f++)
			if (vn_fleet_add(both[f], s->kinds[kind], &as, n, &first, NULL) < 0)
				abort();
		for (uint32_t j = 0; j < n; j++) {
			s->in_a[s->n_hosts] = as.n_labels == 2;
			s->kind_of[s->n_hosts++] = kind;
		}
	}
}

static void add_flavours(struct small *s)
{
	static const vn_label a = { VN_LABEL_GROUP, "a" };

	s->n_flavours = 2 + random_below(&s->random, SMALL_FLAVOURS - 1);
	for (uint32_t i = 0; i < s->n_flavours; i++) {
		vn_fleet_flavour flavour = { .required = &a, .forbidden = &a };
		uint32_t number;

		s->requests[i] = make_request(&s->random);
		flavour.request = s->requests[i];
		flavour.n_required = random_chance(&s->random, 15);
		flavour.n_forbidden = !flavour.n_required && random_chance(&s->random, 15);
		s->needs_a[i] = flavour.n_required;
		s->forbids_a[i] = flavour.n_forbidden;
		if (vn_fleet_add_flavour(s->fleet, &flavour, &number, NULL) < 0 ||
		    vn_fleet_add_flavour(s->twin, &flavour, &number, NULL) < 0)
			abort();
	}
}

void small_make(struct small *s, uint64_t seed, uint64_t n, bool with_groups)
{
	static const char *const policies[] = { "slots", "host-first", "first",	 "best",
						"worst", "fragments",  "random", "balance" };
	vn_fleet_policy policy;

	memset(s, 0, sizeof(*s));
	s->random.state = seed * UINT64_C(0x9e3779b97f4a7c15) + n;
	random_below(&s->random, 2);
	if (vn_fleet_policy_parse(policies[random_below(&s->random, VN_LEN(policies))], &policy,
				  NULL) < 0)
		abort();
	policy.half_life = 64;
	s->fleet = make_fleet(&policy);
	s->twin = make_fleet(&policy);
	s->n_kinds = 1 + random_below(&s->random, 2);
	for (uint32_t i = 0; i < s->n_kinds; i++)
		s->kinds[i] = make_kind(&s->random);
	add_hosts(s);
	add_flavours(s);
	for (; with_groups && s->n_groups < SMALL_GROUPS; s->n_groups++) {
		vn_server_group *group = &s->groups[s->n_groups];
		uint32_t number;

		group->rule = (enum vn_group_rule)random_below(&s->random, VN_GROUP_RULE_COUNT);
		group->scope = (enum vn_group_scope)random_below(&s->random, VN_GROUP_SCOPE_COUNT);
		group->soft = random_chance(&s->random, 25);
		group->most = random_below(&s->random, 3);
		if (vn_fleet_add_group(s->fleet, group, &number, NULL) < 0 ||
		    vn_fleet_add_group(s->twin, group, &number, NULL) < 0)
			abort();
	}
}

void small_free(struct small *s)
{
	vn_fleet_free(s->fleet);
	vn_fleet_free(s->twin);
	for (uint32_t i = 0; i < s->n_flavours; i++)
		vn_request_free(s->requests[i]);
	for (uint32_t i = 0; i < s->n_kinds; i++)
		vn_host_free(s->kinds[i]);
}

/* ---- steps ---- */

vn_fleet_ask small_ask(struct small *s)
{
	vn_fleet_ask ask = { .flavour = random_below(&s->random, s->n_flavours),
			     .group = VN_FLEET_NONE,
			     .partition = VN_FLEET_NONE };

	if (s->n_groups && random_chance(&s->random, 50)) {
		ask.group = random_below(&s->random, s->n_groups);
		ask.partition = random_below(&s->random, 2);
	}
	return ask;
}

static void come(struct small *s)
{
	vn_fleet_ask ask = small_ask(s);
	struct small_claim *claim = &s->claims[s->n_claims];
	vn_fleet_choice a, b;
	uint32_t n, m;
	int r = vn_fleet_decide(s->fleet, &ask, 1, &a, &n, NULL);

	if (vn_fleet_decide(s->twin, &ask, 1, &b, &m, NULL) != r)
		s->differs = "only one of the twins found a host";
	if (r < 0 || s->differs)
		return;
	if (a.host != b.host || a.nodes != b.nodes || memcmp(&a.score, &b.score, sizeof(a.score)))
		s->differs = "the twins chose otherwise";
	if (s->differs)
		return;
	*claim = (struct small_claim){ .flavour = ask.flavour,
				       .group = ask.group,
				       .partition = ask.partition };
	if (vn_fleet_claim(s->fleet, &a, &claim->claim, NULL) < 0 ||
	    vn_fleet_claim(s->twin, &b, &claim->twin, NULL) < 0)
		abort();
	s->n_claims++;
}

void small_step(struct small *s, uint32_t percent_come)
{
	uint32_t at;

	if (random_chance(&s->random, percent_come) && s->n_claims < SMALL_CLAIMS / 2) {
		come(s);
		return;
	}
	if (!s->n_claims)
		return;
	at = random_below(&s->random, s->n_claims);
	if (vn_fleet_release(s->fleet, s->claims[at].claim, NULL) < 0 ||
	    vn_fleet_release(s->twin, s->claims[at].twin, NULL) < 0)
		abort();
	s->claims[at] = s->claims[--s->n_claims];
}

/* ---- what is there ---- */

void small_place(const struct small *s, uint32_t host, enum vn_group_scope scope, char *to,
		 size_t size)
{
	vn_fleet_host_info info;

	vn_fleet_host_info_of(s->fleet, host, &info, NULL);
	if (scope == VN_SCOPE_RACK && info.rack)
		snprintf(to, size, "rack %s", info.rack);
	else if (scope == VN_SCOPE_DOMAIN && info.domain)
		snprintf(to, size, "domain %s", info.domain);
	else
		snprintf(to, size, "host %u", host);
}

bool small_rule_kept(const struct small *s, uint32_t group)
{
	const vn_server_group *rule = &s->groups[group];
	char places[SMALL_CLAIMS][64];
	vn_claim_info info[SMALL_CLAIMS];
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_claims; i++) {
		if (s->claims[i].group != group)
			continue;
		if (vn_fleet_claim_info(s->fleet, s->claims[i].claim, &info[n], NULL) < 0)
			return false;
		small_place(s, info[n].host, rule->scope, places[n], sizeof(places[n]));
		n++;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t same = 0;

		for (uint32_t j = 0; j < n; j++) {
			bool here = !strcmp(places[i], places[j]);

			same += here;
			if ((rule->rule == VN_GROUP_AFFINITY && !here) ||
			    (rule->rule == VN_GROUP_PARTITION && here &&
			     info[i].partition != info[j].partition))
				return false;
		}
		if (rule->rule == VN_GROUP_ANTI_AFFINITY && same > (rule->most ? rule->most : 1))
			return false;
	}
	return true;
}

static const char *check_claim(const struct small *s, uint32_t which, uint32_t n,
			       const vn_placement *placements)
{
	static char text[256];
	vn_claim_info info, other;
	vn_place_options options;
	vn_error err = { 0 };
	vn_host *host;
	int r;

	vn_fleet_claim_info(s->fleet, s->claims[which].claim, &info, NULL);
	host = s->kinds[s->kind_of[info.host]];
	options = vn_fleet_host_options(s->fleet, info.host);
	for (uint32_t i = 0; i < n; i++) {
		vn_fleet_claim_info(s->fleet, s->claims[i].claim, &other, NULL);
		if (i != which && other.host == info.host)
			vn_host_take(host, &placements[i]);
	}
	r = vn_placement_check(host, s->requests[info.flavour], &options, &placements[which], &err);
	for (uint32_t i = 0; i < n; i++) {
		vn_fleet_claim_info(s->fleet, s->claims[i].claim, &other, NULL);
		if (i != which && other.host == info.host)
			vn_host_release(host, &placements[i]);
	}
	if (r == VN_OK)
		return NULL;
	snprintf(text, sizeof(text), "claim %u: %.200s", which, err.text);
	return text;
}

const char *small_check(const struct small *s, uint32_t which, uint32_t n)
{
	vn_placement *placements = calloc(s->n_claims + 1, sizeof(*placements));
	const char *wrong = NULL;

	for (uint32_t i = 0; i < s->n_claims && !wrong; i++)
		if (vn_fleet_claim_placement(s->fleet, s->claims[i].claim, &placements[i], NULL) <
		    0)
			wrong = "a claim has no placement";
	if (!wrong)
		wrong = check_claim(s, which, n, placements);
	free(placements);
	return wrong;
}

static void write_host(const struct small *s, uint32_t number, vn_text *to)
{
	const vn_host *host = vn_fleet_host_now(s->fleet, number);
	vn_fleet_host_info info;

	vn_fleet_host_info_of(s->fleet, number, &info, NULL);
	vn_text_addf(to, "host %u: %u claims, state %d\n", number, info.n_claims, (int)info.state);
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		const vn_node *node = &host->nodes[i];

		vn_text_addf(to, " node %u: %u floating, %" PRIu64 " KiB, pinned ", i,
			     node->cpu_usage, node->mem_used_kib);
		vn_text_add_cpuset(to, &node->pinned);
		for (uint32_t p = 0; p < node->n_pages; p++)
			vn_text_addf(to, ", %" PRIu64 " pages", node->pages[p].used);
		vn_text_addf(to, "\n");
	}
}

void small_write(const struct small *s, vn_text *to)
{
	vn_fleet_counters now;

	for (uint32_t i = 0; i < s->n_hosts; i++)
		write_host(s, i, to);
	for (uint32_t i = 0; i < s->n_claims; i++) {
		vn_claim_info info = { 0 };

		vn_fleet_claim_info(s->fleet, s->claims[i].claim, &info, NULL);
		vn_text_addf(to, "claim %u: flavour %u on %u nodes %" PRIx64 "\n", i, info.flavour,
			     info.host, info.nodes);
	}
	for (uint32_t i = 0; i < s->n_flavours; i++)
		vn_text_addf(to, "flavour %u: %" PRIu64 " %" PRIu64 "\n", i,
			     vn_fleet_demand(s->fleet, i), vn_fleet_weight(s->fleet, i));
	vn_fleet_count(s->fleet, &now);
	vn_text_addf(to,
		     "claims %" PRIu64 " classes %" PRIu64 " decisions %" PRIu64
		     " refusals %" PRIu64 " claimed %" PRIu64 " released %" PRIu64 "\n",
		     now.claims, now.classes, now.decisions, now.refusals, now.claimed,
		     now.released);
}

bool small_passes(const struct small *s, uint32_t flavour, uint32_t host)
{
	vn_fleet_host_info info;

	vn_fleet_host_info_of(s->fleet, host, &info, NULL);
	return info.state == VN_HOST_ENABLED && !(s->needs_a[flavour] && !s->in_a[host]) &&
	       !(s->forbids_a[flavour] && s->in_a[host]);
}

uint32_t small_masks(const struct small *s, uint32_t host)
{
	return 1U << s->kinds[s->kind_of[host]]->n_nodes;
}
