/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a fleet says beyond decisions, against brute force on small ones: alternatives one by one,
 * forecasts by placing in all ways, batches guest by guest, the guest for all hosts by trying
 * others. Each question leaves the fleet as it was: it goes on just as its twin that was not asked.
 */
#include "small_brute.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 400, STEPS = 24 };

static struct tallies {
	uint32_t forecasts, cut_short, batches, refused, common[2][2];
} tallies;

/* ---- by brute force ---- */

/* The most guests on a host: sets of nodes in ascending order, since the guests are alike. */
static uint32_t brute_most(struct small *s, uint32_t flavour, uint32_t host, uint32_t from)
{
	uint32_t best = 0, more;
	vn_claim claim;

	for (uint32_t mask = from; mask < small_masks(s, host); mask++) {
		if (!take(s, flavour, VN_FLEET_NONE, VN_FLEET_NONE, host, mask, &claim))
			continue;
		more = 1 + brute_most(s, flavour, host, mask);
		best = more > best ? more : best;
		vn_fleet_release(s->fleet, claim, NULL);
	}
	return best;
}

/* Members of the group at the host's place, and of other partitions there. */
static uint32_t members_at(const struct small *s, uint32_t group, uint32_t host, bool others,
			   uint32_t partition, uint32_t *all)
{
	char here[64], there[64];
	uint32_t n = 0;

	*all = 0;
	small_place(s, host, s->groups[group].scope, here, sizeof(here));
	for (uint32_t i = 0; i < s->n_claims; i++) {
		vn_claim_info info;

		if (s->claims[i].group != group)
			continue;
		(*all)++;
		vn_fleet_claim_info(s->fleet, s->claims[i].claim, &info, NULL);
		small_place(s, info.host, s->groups[group].scope, there, sizeof(there));
		n += !strcmp(here, there) && !(others && info.partition == partition);
	}
	return n;
}

/* What the rule leaves of `most` guests on each host. */
static uint32_t brute_rule(const struct small *s, const vn_fleet_ask *ask, const uint32_t *most)
{
	const vn_server_group *rule = &s->groups[ask->group];
	uint32_t sum = 0, largest = 0, all = 0;

	for (uint32_t host = 0; host < s->n_hosts; host++) {
		uint32_t here = 0, limit = rule->most ? rule->most : 1, there;
		char place[64], other[64];
		bool first = true;

		small_place(s, host, rule->scope, place, sizeof(place));
		for (uint32_t j = 0; j < s->n_hosts; j++) {
			small_place(s, j, rule->scope, other, sizeof(other));
			if (strcmp(place, other))
				continue;
			here += most[j];
			first &= j >= host;
		}
		if (!first) /* its place was looked at */
			continue;
		there = members_at(s, ask->group, host, rule->rule == VN_GROUP_PARTITION,
				   ask->partition, &all);
		largest = here > largest ? here : largest;
		if (rule->rule == VN_GROUP_ANTI_AFFINITY)
			here = there >= limit ? 0 : here < limit - there ? here : limit - there;
		else if (rule->rule == VN_GROUP_PARTITION ? there != 0 : all && !there)
			here = 0;
		sum += here;
	}
	return rule->rule == VN_GROUP_AFFINITY && !all ? largest : sum;
}

static uint32_t brute_forecast(struct small *s, const vn_fleet_ask *ask)
{
	uint32_t most[SMALL_HOSTS], sum = 0;

	for (uint32_t host = 0; host < s->n_hosts; host++) {
		most[host] = small_passes(s, ask->flavour, host)
				     ? brute_most(s, ask->flavour, host, 1)
				     : 0;
		sum += most[host];
	}
	return ask->group == VN_FLEET_NONE || s->groups[ask->group].soft ? sum
									 : brute_rule(s, ask, most);
}

/* ---- alternatives ---- */

/* The k best are those that are found one by one when the better ones are excluded. The twin is
 * asked the same. */
static void check_alternatives(struct small *s, uint64_t n)
{
	const vn_fleet_policy *policy = vn_fleet_policy_of(s->fleet);
	vn_fleet_choice best[SMALL_HOSTS], one, twin[SMALL_HOSTS];
	uint32_t excluded[SMALL_HOSTS], n_best, found, steps = 0;
	vn_fleet_ask ask = small_ask(s);
	int r = vn_fleet_decide(s->fleet, &ask, SMALL_HOSTS, best, &n_best, NULL);

	vn_fleet_decide(s->twin, &ask, SMALL_HOSTS, twin, &found, NULL);
	if (r < 0 || policy->weights[VN_WEIGH_RANDOM] ||
	    (ask.group != VN_FLEET_NONE && s->groups[ask.group].soft))
		return;
	ask.excluded = excluded;
	while (vn_fleet_decide(s->fleet, &ask, 1, &one, &found, NULL) == VN_OK) {
		vn_fleet_decide(s->twin, &ask, 1, twin, &found, NULL);
		if (steps >= n_best || one.host != best[steps].host ||
		    one.nodes != best[steps].nodes)
			complain(n, "alternative %u is host %u", steps, one.host);
		if (steps == SMALL_HOSTS)
			return;
		excluded[steps++] = one.host;
		ask.n_excluded = steps;
	}
	vn_fleet_decide(s->twin, &ask, 1, twin, &found, NULL);
	if (steps != n_best)
		complain(n, "%u alternatives, and not %u", n_best, steps);
}

/* ---- forecasts ---- */

static void check_forecast(struct small *s, uint64_t n)
{
	vn_fleet_ask ask = small_ask(s);
	vn_fleet_forecast forecast;
	vn_error err = { 0 };
	uint32_t most;
	vn_text was;

	remember(s, &was);
	if (vn_fleet_forecast_ask(s->fleet, &ask, NULL, 0, &forecast, &err) < 0)
		complain(n, "no forecast: %s", err.text);
	if (!still_so(s, &was))
		complain(n, "a forecast changes the fleet");
	left = BRUTE_CLAIMS;
	most = brute_forecast(s, &ask);
	tallies.forecasts++;
	if (!left)
		tallies.cut_short++;
	else if (forecast.guests != most && (forecast.exact || forecast.guests > most))
		complain(n, "%" PRIu64 " guests of flavour %u fit, and not %u%s", forecast.guests,
			 ask.flavour, most, forecast.exact ? ", exactly" : "");
	else if (!forecast.exact)
		tallies.cut_short++;
}

/* ---- batches ---- */

static const enum vn_group_scope scope_of[VN_FLEET_OVER_COUNT] = {
	[VN_OVER_RACK] = VN_SCOPE_RACK,
	[VN_OVER_DOMAIN] = VN_SCOPE_DOMAIN,
};

static void place_of(const struct small *s, enum vn_fleet_over over, uint32_t host, char *to,
		     size_t size)
{
	vn_fleet_host_info info;

	vn_fleet_host_info_of(s->fleet, host, &info, NULL);
	if (over == VN_OVER_ZONE && info.zone)
		snprintf(to, size, "zone %s", info.zone);
	else if (over == VN_OVER_RACK || over == VN_OVER_DOMAIN)
		small_place(s, host, scope_of[over], to, size);
	else
		snprintf(to, size, "host %u", host);
}

/* How many of the claims are at the host's place. */
static uint32_t count_at(const struct small *s, enum vn_fleet_over over, uint32_t host,
			 const vn_claim *claims, uint32_t n)
{
	char here[64], there[64];
	uint32_t count = 0;

	place_of(s, over, host, here, sizeof(here));
	for (uint32_t i = 0; i < n; i++) {
		vn_claim_info info;

		vn_fleet_claim_info(s->fleet, claims[i], &info, NULL);
		place_of(s, over, info.host, there, sizeof(there));
		count += !strcmp(here, there);
	}
	return count;
}

/* Take the last one back: had a place with fewer room? Then forget it too. */
static void check_dealt(struct small *s, uint64_t n, const vn_fleet_batch *batch, vn_claim *claims,
			const vn_claim *twins, uint32_t count)
{
	for (uint32_t at = count; at-- > 0;) {
		vn_claim_info info;
		uint32_t mine, least = UINT32_MAX;

		vn_fleet_claim_info(s->fleet, claims[at], &info, NULL);
		vn_fleet_release(s->fleet, claims[at], NULL);
		vn_fleet_release(s->twin, twins[at], NULL);
		mine = count_at(s, batch->over, info.host, claims, at);
		for (uint32_t host = 0; host < s->n_hosts; host++) {
			vn_fleet_ask one = batch->ask;
			uint32_t there = count_at(s, batch->over, host, claims, at), found;
			vn_fleet_choice choice, twin;
			bool room;

			if (small_passes(s, batch->ask.flavour, host))
				least = there < least ? there : least;
			one.n_only = 1;
			one.only = &host;
			if (batch->over == VN_OVER_NOTHING || there >= mine)
				continue;
			room = vn_fleet_decide(s->fleet, &one, 1, &choice, &found, NULL) == VN_OK;
			vn_fleet_decide(s->twin, &one, 1, &twin, &found, NULL);
			if (room)
				complain(n, "guest %u of a batch is not where the fewest are", at);
		}
		if (batch->skew && mine + 1 - least > batch->skew)
			complain(n, "guest %u of a batch makes a place too full", at);
	}
}

static void check_batch(struct small *s, uint64_t n)
{
	vn_fleet_batch batch = { .ask = small_ask(s),
				 .n = 1 + random_below(&s->random, 8),
				 .some = random_chance(&s->random, 30) };
	struct small_claim *new = &s->claims[s->n_claims];
	vn_claim claims[8], twins[8];
	vn_fleet_forecast forecast;
	uint32_t count = 0, twin_count = 0;
	vn_error err = { 0 };
	vn_text was;
	int r;

	if (random_chance(&s->random, 60))
		batch.over = (enum vn_fleet_over)random_below(&s->random, VN_FLEET_OVER_COUNT);
	if (batch.over != VN_OVER_NOTHING)
		batch.skew = random_below(&s->random, 3);
	if (vn_fleet_forecast_ask(s->fleet, &batch.ask, NULL, 0, &forecast, &err) < 0)
		complain(n, "no forecast: %s", err.text);
	remember(s, &was);
	r = vn_fleet_place_batch(s->fleet, &batch, claims, &count, &err);
	tallies.batches++;
	if (r < 0) {
		tallies.refused++;
		if (!still_so(s, &was))
			complain(n, "a batch that was refused changes the fleet: %s", err.text);
		if (r != VN_E_NOFIT)
			complain(n, "a batch ends with %s", err.text);
		if (forecast.exact && forecast.guests >= batch.n && !batch.skew)
			complain(n, "%" PRIu64 " guests fit, but: %s", forecast.guests, err.text);
		return;
	}
	vn_text_clear(&was);
	if (vn_fleet_place_batch(s->twin, &batch, twins, &twin_count, &err) < 0 ||
	    twin_count != count) {
		complain(n, "the twin places %u of a batch, and not %u", twin_count, count);
		abort();
	}
	if (count > batch.n || (count < batch.n && !batch.some) ||
	    (forecast.exact && count > forecast.guests) ||
	    (forecast.exact && count < batch.n && count < forecast.guests && !batch.skew))
		complain(n, "%u of %u guests were placed, of which %" PRIu64 " fit", count, batch.n,
			 forecast.guests);
	for (uint32_t i = 0; i < count; i++) {
		*new = (struct small_claim){ .claim = claims[i],
					     .flavour = batch.ask.flavour,
					     .group = batch.ask.group,
					     .partition = batch.ask.partition };
		new ++;
	}
	s->n_claims += count;
	if (batch.ask.group != VN_FLEET_NONE && !s->groups[batch.ask.group].soft &&
	    !small_rule_kept(s, batch.ask.group))
		complain(n, "a batch breaks the rule of its server group");
	for (uint32_t i = s->n_claims - count; i < s->n_claims; i++)
		if (small_check(s, i, i))
			complain(n, "guest %u of a batch: %s", i, small_check(s, i, i));
	s->n_claims -= count;
	check_dealt(s, n, &batch, claims, twins, count);
}

/* ---- a guest for all hosts ---- */

static bool all_hold(const struct small *s, const uint32_t *hosts, uint32_t n,
		     const vn_request *request, const char **wrong)
{
	static vn_placement placement;

	for (uint32_t i = 0; i < n; i++) {
		const vn_host *host = s->kinds[s->kind_of[hosts[i]]];
		vn_place_options options = vn_fleet_host_options(s->fleet, hosts[i]);
		vn_error err = { 0 };

		if (vn_place(host, request, &options, &placement, &err) < 0)
			return false;
		if (wrong && vn_placement_check(host, request, &options, &placement, &err) < 0)
			*wrong = "the guest's placement is not valid";
		for (uint32_t c = 0; wrong && c < request->n_cells; c++)
			if (placement.n_cells != request->n_cells ||
			    !vn_cpuset_equal(&placement.cells[c].vcpus, &request->cells[c].vcpus) ||
			    placement.cells[c].mem_kib != request->cells[c].mem_kib ||
			    memcmp(&placement.topology, &request->topology,
				   sizeof(placement.topology)))
				*wrong = "a host shows the guest something else";
	}
	return true;
}

static vn_request *make_guest(uint32_t cells, uint32_t vcpus, uint64_t mem_kib, bool dedicated)
{
	char count[32];
	const char *specs[] = { count, "hw:cpu_policy=dedicated" };
	vn_request_words words = { .vcpus = cells * vcpus,
				   .mem_kib = cells * mem_kib,
				   .n_specs = 1 + dedicated,
				   .specs = specs };
	vn_request *guest;

	snprintf(count, sizeof(count), "hw:numa_nodes=%u", cells);
	return vn_request_from_words(&words, &guest, NULL) < 0 ? NULL : guest;
}

/* Does some other largest guest go on all of the hosts? */
static void judge_largest(struct small *s, uint64_t n, const uint32_t *hosts, uint32_t n_hosts,
			  const vn_fleet_common *common, bool found)
{
	uint32_t best = found ? common->n_cells * common->vcpus[0] : 0;

	for (uint32_t cells = 1; cells <= 3; cells++)
		for (uint32_t vcpus = 1; vcpus <= 6; vcpus++) {
			bool same = found && cells == common->n_cells && vcpus == common->vcpus[0];
			uint64_t mem = same ? common->mem_kib[0] + 2048 : 8192;
			VN_AUTO(vn_request) guest = make_guest(cells, vcpus, mem, true);

			if ((same || cells * vcpus > best) &&
			    all_hold(s, hosts, n_hosts, guest, NULL))
				complain(n, "%u cells of %u vCPUs and %" PRIu64 " KiB go on all",
					 cells, vcpus, mem);
		}
}

/* Cut evenly into fewer cells, or at all: does it go on all of them? Only wishes for ordinary
 * memory, whose cut does not depend on the host's page sizes. */
static void judge_cells(struct small *s, uint64_t n, const uint32_t *hosts, uint32_t n_hosts,
			const vn_request *like, uint32_t n_cells)
{
	bool dedicated = !vn_cpuset_is_empty(&like->dedicated);

	if (like->n_pages || like->thread_policy != VN_THREADS_PREFER || like->n_cells)
		return;
	for (uint32_t cells = 1; cells < n_cells && cells <= like->vcpus; cells++) {
		VN_AUTO(vn_request) guest = NULL;

		if (like->vcpus % cells || like->mem_kib % (cells * 4096))
			continue;
		guest = make_guest(cells, like->vcpus / cells, like->mem_kib / cells, dedicated);
		if (all_hold(s, hosts, n_hosts, guest, NULL))
			complain(n, "%u cells would do, and not %u", cells, n_cells);
	}
}

static void check_common(struct small *s, uint64_t n)
{
	uint32_t hosts[SMALL_HOSTS], n_hosts = 1 + random_below(&s->random, s->n_hosts);
	const vn_request *like = random_chance(&s->random, 30)
					 ? NULL
					 : s->requests[random_below(&s->random, s->n_flavours)];
	vn_fleet_common common = { 0 };
	const char *wrong = NULL;
	vn_error err = { 0 };
	vn_text was;
	int r;

	for (uint32_t i = 0; i < n_hosts; i++)
		hosts[i] = random_below(&s->random, s->n_hosts);
	remember(s, &was);
	r = vn_fleet_common_guest(s->fleet, hosts, n_hosts, like, &common, &err);
	if (!still_so(s, &was))
		complain(n, "a guest for all changes the fleet");
	if (r < 0 && (r != VN_E_NOFIT || !err.text[0]))
		complain(n, "no guest for all: %s", err.text);
	if (r == VN_OK && !all_hold(s, hosts, n_hosts, common.request, &wrong))
		complain(n, "the guest for all does not go on all");
	if (wrong)
		complain(n, "%s", wrong);
	if (r == VN_OK)
		for (uint32_t i = 0; i < common.n_cells; i++)
			if (common.vcpus[i] != vn_cpuset_count(&common.request->cells[i].vcpus) ||
			    !common.distance[i * common.n_cells + i])
				complain(n, "the answer does not say what its guest is");
	tallies.common[like == NULL][r == VN_OK]++;
	if (like)
		judge_cells(s, n, hosts, n_hosts, like, r == VN_OK ? common.n_cells : 4);
	else
		judge_largest(s, n, hosts, n_hosts, &common, r == VN_OK);
	vn_fleet_common_clear(&common);
}

/* ---- running ---- */

/* Questions, then steps of the fleet and its twin. */
static void run_case(uint64_t n, bool with_groups)
{
	static struct small small;

	small_make(&small, seed, n, with_groups);
	for (uint32_t i = 0; i < STEPS; i++)
		small_step(&small, 90);
	check_alternatives(&small, n);
	check_forecast(&small, n);
	check_batch(&small, n);
	check_common(&small, n);
	for (uint32_t i = 0; i < STEPS / 2; i++)
		small_step(&small, 70);
	if (small.differs)
		complain(n, "after questions %s", small.differs);
	small_free(&small);
}

static void run(bool with_groups)
{
	uint64_t first, n_cases = cases_of_run(CASES, &first);

	failures = 0;
	for (uint64_t n = first; n < first + n_cases; n++)
		run_case(n, with_groups);
	printf("# %u forecasts, %u of them not judged exactly; %u batches, %u refused; %u of %u "
	       "guests and %u of %u largest ones go on all hosts\n",
	       tallies.forecasts, tallies.cut_short, tallies.batches, tallies.refused,
	       tallies.common[0][1], tallies.common[0][0] + tallies.common[0][1],
	       tallies.common[1][1], tallies.common[1][0] + tallies.common[1][1]);
	assert_int_equal(failures, 0);
}

static void test_alone(void **state)
{
	(void)state;
	run(false);
}

static void test_groups(void **state)
{
	(void)state;
	run(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_groups),
	};

	seed = seed_of_run();
	printf("# VN_SEED=%" PRIu64 "\n", seed);
	return cmocka_run_group_tests_name("fleet advice", tests, NULL, NULL);
}
