/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fleet_advice HOSTS FILL: fills a fleet of hosts of two nodes to FILL percent of its CPUs, lets
 * guests leave and come, and prints as lines of JSON how long the questions beside decisions take:
 * forecasts, batches, drains, and moves that make room. */
#include "fleet_bench.h"
#include "vnuma/vnuma.h"

#include <string.h>

enum { CPUS = 64, GIB_OF_NODE = 256, PER_RACK = 40, N_FLAVOURS = 14 };

static const struct {
	uint32_t vcpus, gib, cells, count;
	const char *spec;
} rows[N_FLAVOURS] = {
	{ 1, 2, 1, 500, NULL },
	{ 1, 8, 1, 100, NULL },
	{ 2, 4, 1, 300, NULL },
	{ 2, 16, 1, 100, NULL },
	{ 4, 8, 1, 200, NULL },
	{ 4, 16, 1, 100, NULL },
	{ 8, 32, 1, 80, NULL },
	{ 16, 32, 1, 30, NULL },
	{ 16, 64, 2, 20, NULL },
	{ 32, 128, 2, 10, NULL },
	{ 64, 128, 2, 4, NULL },
	{ 4, 8, 1, 50, "hw:cpu_policy=dedicated" },
	{ 8, 16, 2, 30, "hw:cpu_policy=dedicated" },
	{ 4, 8, 1, 3, "hw:cpu_thread_policy=isolate" },
};

static vn_host *make_host(void)
{
	VN_AUTO_TEXT json = VN_TEXT_INIT;
	vn_error err = { 0 };
	vn_host *host;

	vn_text_addf(&json, "{\"cells\": [");
	for (uint32_t node = 0; node < 2; node++) {
		uint32_t first = node * CPUS;

		vn_text_addf(&json, "%s{\"id\": %u, \"cpus\": \"%u-%u\", \"siblings\": [",
			     node ? ", " : "", node, first, first + CPUS - 1);
		for (uint32_t c = 0; c < CPUS; c += 2)
			vn_text_addf(&json, "%s\"%u-%u\"", c ? ", " : "", first + c, first + c + 1);
		vn_text_addf(&json, "], \"mem_mib\": %u}", GIB_OF_NODE * 1024);
	}
	vn_text_addf(&json, "]}");
	if (vn_host_parse("host", json.bytes, json.len, &host, &err) < 0)
		die(err.text);
	return host;
}

static void add_hosts(vn_fleet *fleet, uint32_t n)
{
	VN_AUTO(vn_host) host = make_host();
	vn_error err = { 0 };

	for (uint32_t i = 0; i < n; i += PER_RACK) {
		char rack[32];
		vn_fleet_host as = { .rack = rack,
				     .cpu_ratio_percent = 100,
				     .ram_ratio_percent = 100 };
		uint32_t first, count = n - i < PER_RACK ? n - i : PER_RACK;

		snprintf(rack, sizeof(rack), "rack-%u", i / PER_RACK);
		if (vn_fleet_add(fleet, host, &as, count, &first, &err) < 0)
			die(err.text);
	}
}

static void add_flavours(vn_fleet *fleet, vn_request **requests)
{
	for (uint32_t i = 0; i < N_FLAVOURS; i++) {
		vn_fleet_flavour flavour = { 0 };
		char count[32];
		const char *specs[] = { count, "hw:cpu_policy=dedicated", rows[i].spec };
		vn_request_words words = { .vcpus = rows[i].vcpus,
					   .mem_kib = (uint64_t)rows[i].gib << 20,
					   .n_specs = 1 + (rows[i].spec ? 1U : 0U),
					   .specs = specs };
		vn_error err = { 0 };
		uint32_t id;

		snprintf(count, sizeof(count), "hw:numa_nodes=%u", rows[i].cells);
		if (rows[i].spec && strcmp(rows[i].spec, specs[1]))
			words.n_specs = 3;
		if (vn_request_from_words(&words, &requests[i], &err) < 0)
			die(err.text);
		flavour.request = requests[i];
		if (vn_fleet_add_flavour(fleet, &flavour, &id, &err) < 0)
			die(err.text);
	}
}

static vn_fleet_ask ask_for(uint32_t flavour)
{
	return (vn_fleet_ask){ .flavour = flavour,
			       .group = VN_FLEET_NONE,
			       .partition = VN_FLEET_NONE };
}

/* Fills up, with a guest leaving now and then. */
static void fill(vn_fleet *fleet, uint64_t vcpus)
{
	vn_claim *claims = calloc(vcpus + 1, sizeof(*claims));
	uint8_t *flavours = calloc(vcpus + 1, 1);
	uint64_t used = 0, n = 0, refused = 0;

	if (!claims || !flavours)
		die("no memory");
	while (used < vcpus && refused < 1000) {
		uint64_t at = random_below(1527);
		vn_fleet_choice choice;
		uint32_t flavour = 0, found;
		vn_fleet_ask ask;

		if (n && !random_below(4)) {
			uint64_t gone = random_below(n);

			vn_fleet_release(fleet, claims[gone], NULL);
			used -= rows[flavours[gone]].vcpus;
			claims[gone] = claims[--n];
			flavours[gone] = flavours[n];
		}
		while (at >= rows[flavour].count)
			at -= rows[flavour++].count;
		ask = ask_for(flavour);
		if (vn_fleet_decide(fleet, &ask, 1, &choice, &found, NULL) < 0) {
			refused++;
			continue;
		}
		if (vn_fleet_claim(fleet, &choice, &claims[n], NULL) < 0)
			die("a claim failed");
		flavours[n++] = (uint8_t)flavour;
		used += rows[flavour].vcpus;
	}
	free(claims);
	free(flavours);
}

/* ---- questions ---- */

static void forecasts(vn_fleet *fleet)
{
	for (uint32_t i = 0; i < N_FLAVOURS; i++) {
		vn_fleet_ask ask = ask_for(i);
		uint64_t at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		vn_fleet_forecast ret;

		if (vn_fleet_forecast_ask(fleet, &ask, NULL, 0, &ret, NULL) < 0)
			die("no forecast");
		printf("{\"question\": \"forecast\", \"vcpus\": %u, \"cells\": %u, \"guests\": "
		       "%llu, \"exact\": %s, \"ms\": %.2f}\n",
		       rows[i].vcpus, rows[i].cells, (unsigned long long)ret.guests,
		       ret.exact ? "true" : "false",
		       (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - at) / 1e6);
	}
}

static void batches(vn_fleet *fleet)
{
	static vn_claim claims[1000];

	for (uint32_t over = 0; over < VN_FLEET_OVER_COUNT; over++) {
		vn_fleet_batch batch = { .ask = ask_for(0),
					 .n = VN_LEN(claims),
					 .over = (enum vn_fleet_over)over };
		uint64_t at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		uint32_t n = 0;
		int r = vn_fleet_place_batch(fleet, &batch, claims, &n, NULL);

		printf("{\"question\": \"batch\", \"over\": \"%s\", \"guests\": %u, \"done\": %s, "
		       "\"ms\": %.2f}\n",
		       vn_fleet_over_names[over], batch.n, r == VN_OK ? "true" : "false",
		       (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - at) / 1e6);
		while (r == VN_OK && n)
			vn_fleet_release(fleet, claims[--n], NULL);
	}
}

static void drains(vn_fleet *fleet, uint32_t n_hosts)
{
	uint32_t hosts[PER_RACK];

	for (uint32_t n = 1; n <= PER_RACK; n += PER_RACK - 1) {
		uint32_t first = (uint32_t)random_below(n_hosts - n);
		vn_fleet_plan plan;
		uint64_t at;

		for (uint32_t i = 0; i < n; i++)
			hosts[i] = first + i;
		at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		if (vn_fleet_plan_drain(fleet, hosts, n, &plan, NULL) < 0)
			die("no plan");
		printf("{\"question\": \"drain\", \"hosts\": %u, \"moves\": %u, \"stuck\": %u, "
		       "\"exact\": %s, \"ms\": %.2f}\n",
		       n, plan.n_moves, plan.n_stuck, plan.exact ? "true" : "false",
		       (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - at) / 1e6);
		vn_fleet_plan_clear(&plan);
	}
}

static void defragments(vn_fleet *fleet)
{
	for (uint32_t i = 0; i < N_FLAVOURS; i++) {
		vn_fleet_ask ask = ask_for(i);
		vn_fleet_plan plan = { 0 };
		vn_error err = { 0 };
		uint64_t at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		int r = vn_fleet_plan_defragment(fleet, &ask, 0, &plan, &err);

		if (r == VN_OK && !plan.n_moves)
			continue;
		printf("{\"question\": \"defragment\", \"vcpus\": %u, \"cells\": %u, \"moves\": "
		       "%u, \"mem_gib\": %llu, \"exact\": %s, \"ms\": %.2f, \"error\": \"%s\"}\n",
		       rows[i].vcpus, rows[i].cells, plan.n_moves,
		       (unsigned long long)plan.mem_kib >> 20, plan.exact ? "true" : "false",
		       (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - at) / 1e6, err.text);
		vn_fleet_plan_clear(&plan);
	}
}

int main(int argc, char **argv)
{
	uint64_t n_hosts = 0, percent = 0;
	vn_request *requests[N_FLAVOURS];
	vn_fleet_counters counters;
	vn_error err = { 0 };
	vn_fleet *fleet;

	if (argc != 3 || (n_hosts = strtoull(argv[1], NULL, 10)) <= PER_RACK ||
	    n_hosts > VN_FLEET_HOSTS_MAX || (percent = strtoull(argv[2], NULL, 10)) > 100)
		die("HOSTS (more than 40) FILL (0-100)");
	if (vn_fleet_new(NULL, &fleet, &err) < 0)
		die(err.text);
	add_flavours(fleet, requests);
	add_hosts(fleet, (uint32_t)n_hosts);
	fill(fleet, n_hosts * 2 * CPUS * percent / 100);
	vn_fleet_count(fleet, &counters);
	printf("{\"hosts\": %llu, \"claims\": %llu, \"classes\": %llu}\n",
	       (unsigned long long)counters.hosts, (unsigned long long)counters.claims,
	       (unsigned long long)counters.classes);
	forecasts(fleet);
	batches(fleet);
	drains(fleet, (uint32_t)n_hosts);
	defragments(fleet);
	vn_fleet_free(fleet);
	for (uint32_t i = 0; i < N_FLAVOURS; i++)
		vn_request_free(requests[i]);
	return 0;
}
