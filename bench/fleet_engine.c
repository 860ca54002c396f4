/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fleet_engine HOSTS KINDS GROUPS FILL DECISIONS [POLICY]: fills a fleet with guests to FILL
 * percent of its CPUs, then decides and claims while guests leave at random, and prints one line of
 * JSON: decisions (decide + claim) in a second of CPU time, the times of single ones, a full scan
 * of the same hosts by the same scores, a scan of plain numbers (best fit, nothing else), and
 * memory. */
#include "fleet_bench.h"
#include "vnuma/vnuma.h"

#include <string.h>

/* ---- flavours: a public cloud's mix, and some with pins and huge pages ---- */

struct row {
	uint32_t vcpus, mem_gib, cells, count;
	const char *specs;
};
static const struct row rows[] = {
	{ 1, 2, 1, 53934, "" },
	{ 1, 1, 1, 25447, "" },
	{ 2, 4, 1, 14918, "" },
	{ 4, 8, 1, 9360, "" },
	{ 1, 4, 1, 3339, "" },
	{ 2, 8, 1, 2273, "" },
	{ 8, 16, 2, 2029, "" },
	{ 4, 16, 2, 1962, "" },
	{ 8, 32, 2, 1023, "" },
	{ 16, 32, 2, 1002, "" },
	{ 12, 24, 2, 638, "" },
	{ 64, 128, 2, 252, "" },
	{ 32, 64, 2, 131, "" },
	{ 24, 48, 2, 3, "" },
	{ 48, 96, 2, 2, "" },
	{ 4, 8, 1, 900, ", \"hw:cpu_policy\": \"dedicated\"" },
	{ 8, 16, 1, 500, ", \"hw:cpu_policy\": \"dedicated\", \"hw:mem_page_size\": \"2048\"" },
	{ 16, 32, 2, 300, ", \"hw:cpu_policy\": \"dedicated\", \"hw:mem_page_size\": \"1048576\"" },
	{ 2, 4, 1, 700, ", \"hw:mem_page_size\": \"2048\"" },
};
enum { N_ROWS = VN_LEN(rows) };

static void add_flavours(vn_fleet *fleet, vn_request **requests)
{
	for (uint32_t i = 0; i < N_ROWS; i++) {
		vn_fleet_flavour flavour = { 0 };
		vn_error err = { 0 };
		char json[512];
		uint32_t id;

		snprintf(json, sizeof(json),
			 "{\"vcpus\": %u, \"mem_mib\": %u, \"extra_specs\": {\"hw:numa_nodes\": "
			 "\"%u\"%s}}",
			 rows[i].vcpus, rows[i].mem_gib * 1024, rows[i].cells, rows[i].specs);
		if (vn_request_parse_json("flavour", json, strlen(json), &requests[i], &err) < 0)
			die(err.text);
		flavour.request = requests[i];
		if (vn_fleet_add_flavour(fleet, &flavour, &id, &err) < 0)
			die(err.text);
	}
}

static uint32_t draw_flavour(void)
{
	uint64_t total = 0, at;

	for (uint32_t i = 0; i < N_ROWS; i++)
		total += rows[i].count;
	at = random_below(total);
	for (uint32_t i = 0;; at -= rows[i++].count)
		if (at < rows[i].count)
			return i;
}

/* ---- hosts ---- */

/* Two nodes of `cores` cores with two threads each; memory 2 GiB for a thread and more. */
static vn_host *make_host(uint32_t kind)
{
	VN_AUTO_TEXT json = VN_TEXT_INIT;
	uint32_t cores = 32 + 4 * (kind % 5), gib = cores * 2 * (kind / 5 % 2 ? 4 : 2) + kind / 10;
	vn_error err = { 0 };
	vn_host *host;

	vn_text_addf(&json, "{\"cells\": [");
	for (uint32_t node = 0; node < 2; node++) {
		uint32_t first = node * cores, twin = 2 * cores + first;

		vn_text_addf(&json, "%s{\"id\": %u, \"cpus\": \"%u-%u,%u-%u\", \"siblings\": [",
			     node ? ", " : "", node, first, first + cores - 1, twin,
			     twin + cores - 1);
		for (uint32_t c = 0; c < cores; c++)
			vn_text_addf(&json, "%s\"%u,%u\"", c ? ", " : "", first + c, twin + c);
		vn_text_addf(&json,
			     "], \"mem_mib\": %u, \"pages\": [{\"size_kib\": 4, \"total\": %llu}, "
			     "{\"size_kib\": 2048, \"total\": %u}, {\"size_kib\": 1048576, "
			     "\"total\": %u}]}",
			     (gib + 48) * 1024, (unsigned long long)gib * 262144, 16 * 512, 32);
	}
	vn_text_addf(&json, "]}");
	if (vn_host_parse("host", json.bytes, json.len, &host, &err) < 0)
		die(err.text);
	return host;
}

/* The hosts of a kind in each group, one after the other. */
static uint64_t add_hosts(vn_fleet *fleet, uint32_t n, uint32_t kinds, uint32_t groups)
{
	uint64_t cpus = 0;

	for (uint32_t i = 0; i < kinds * groups; i++) {
		VN_AUTO(vn_host) host = make_host(i % kinds);
		char name[32];
		vn_label label = { VN_LABEL_GROUP, name };
		vn_fleet_host as = { .n_labels = groups > 1,
				     .labels = &label,
				     .cpu_ratio_percent = 100,
				     .ram_ratio_percent = 100 };
		uint32_t share = n / (kinds * groups) + (i < n % (kinds * groups)), first;
		vn_error err = { 0 };

		snprintf(name, sizeof(name), "group-%u", i / kinds);
		if (vn_fleet_add(fleet, host, &as, share, &first, &err) < 0)
			die(err.text);
		cpus += (uint64_t)share * host->n_cpus;
	}
	return cpus;
}

/* ---- guests come and go ---- */

struct run {
	vn_fleet *fleet;
	uint64_t capacity, used; /* CPUs */
	vn_claim *claims;
	uint8_t *flavours;
	size_t n, room, refused;
};

static void leave(struct run *run)
{
	size_t at = random_below(run->n);
	vn_error err = { 0 };

	if (vn_fleet_release(run->fleet, run->claims[at], &err) < 0)
		die(err.text);
	run->used -= rows[run->flavours[at]].vcpus;
	run->claims[at] = run->claims[--run->n];
	run->flavours[at] = run->flavours[run->n];
}

static bool come(struct run *run, uint32_t flavour)
{
	vn_fleet_ask ask = { .flavour = flavour,
			     .group = VN_FLEET_NONE,
			     .partition = VN_FLEET_NONE };
	vn_fleet_choice choice;
	vn_error err = { 0 };
	uint32_t n;

	if (vn_fleet_decide(run->fleet, &ask, 1, &choice, &n, NULL) < 0) {
		run->refused++;
		return false;
	}
	if (vn_fleet_claim(run->fleet, &choice, &run->claims[run->n], &err) < 0)
		die(err.text);
	run->flavours[run->n++] = (uint8_t)flavour;
	run->used += rows[flavour].vcpus;
	return true;
}

static void room_for(struct run *run)
{
	if (run->n + 4096 < run->room)
		return;
	run->room = run->room * 2 + 65536;
	run->claims = realloc(run->claims, run->room * sizeof(*run->claims));
	run->flavours = realloc(run->flavours, run->room);
	if (!run->claims || !run->flavours)
		die("no memory");
}

static void fill(struct run *run, uint32_t percent)
{
	uint64_t tries = 0;

	while (run->used * 100 < run->capacity * percent && tries++ < run->capacity * 2) {
		room_for(run);
		come(run, draw_flavour());
	}
}

/* ---- measuring ---- */

enum { BATCH = 64 };

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

struct times {
	uint64_t decide_ns, release_ns; /* CPU time */
	uint64_t decided, released;
	uint32_t *each_ns; /* time by the wall clock */
	uint64_t n;
};

static void come_timed(struct run *run, uint32_t flavour, struct times *t)
{
	uint64_t start = now_ns(CLOCK_MONOTONIC);

	come(run, flavour);
	start = now_ns(CLOCK_MONOTONIC) - start;
	t->each_ns[t->n++] = start < UINT32_MAX ? (uint32_t)start : UINT32_MAX;
}

/* Decisions in batches, so that reading the CPU clock costs nothing; before each batch as many
 * guests leave as it needs room for. `each`: each one is timed. */
static void churn(struct run *run, uint32_t percent, uint64_t decisions, bool each, struct times *t)
{
	*t = (struct times){ .each_ns = t->each_ns };
	for (uint64_t done = 0; done < decisions; done += BATCH) {
		uint32_t flavours[BATCH];
		uint64_t need = 0, at;

		room_for(run);
		for (uint32_t i = 0; i < BATCH; i++)
			need += rows[flavours[i] = draw_flavour()].vcpus;
		at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		for (; run->n && (run->used + need) * 100 > run->capacity * percent; t->released++)
			leave(run);
		t->release_ns += now_ns(CLOCK_PROCESS_CPUTIME_ID) - at;
		at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		for (uint32_t i = 0; i < BATCH; i++)
			if (each)
				come_timed(run, flavours[i], t);
			else
				come(run, flavours[i]);
		t->decided += BATCH;
		t->decide_ns += now_ns(CLOCK_PROCESS_CPUTIME_ID) - at;
	}
	if (each)
		qsort(t->each_ns, t->n, sizeof(*t->each_ns), by_value);
}

/* The same scores, but each host is looked at. */
static double scan_ns(struct run *run, uint32_t hosts)
{
	uint32_t *all = malloc(hosts * sizeof(*all)), n_times = hosts > 100000 ? 5 : 20, n;
	vn_fleet_choice choice;
	uint64_t at;

	if (!all)
		die("no memory");
	for (uint32_t i = 0; i < hosts; i++)
		all[i] = i;
	at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < n_times; i++) {
		vn_fleet_ask ask = { .flavour = i % 4,
				     .group = VN_FLEET_NONE,
				     .partition = VN_FLEET_NONE,
				     .n_only = hosts,
				     .only = all };

		vn_fleet_decide(run->fleet, &ask, 1, &choice, &n, NULL);
	}
	at = now_ns(CLOCK_PROCESS_CPUTIME_ID) - at;
	free(all);
	return (double)at / n_times;
}

/* Best fit over plain arrays: the least that a scan of all hosts can do. */
static double plain_scan_ns(uint32_t hosts)
{
	uint32_t *free_cpus = malloc(2 * hosts * sizeof(*free_cpus));
	uint32_t *free_mem = malloc(2 * hosts * sizeof(*free_mem));
	uint32_t n_times = hosts > 100000 ? 10 : 100;
	volatile uint32_t sink = 0;
	uint64_t at;

	if (!free_cpus || !free_mem)
		die("no memory");
	for (uint32_t i = 0; i < 2 * hosts; i++) {
		free_cpus[i] = (uint32_t)random_below(16);
		free_mem[i] = (uint32_t)random_below(64);
	}
	at = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t k = 0; k < n_times; k++) {
		uint32_t best = UINT32_MAX, node = 0;

		for (uint32_t i = 0; i < 2 * hosts; i++) {
			uint32_t left =
				free_cpus[i] * 4 < free_mem[i] ? free_cpus[i] * 4 : free_mem[i];

			if (free_cpus[i] > k % 4 && free_mem[i] > 2 * (k % 4) && left < best) {
				best = left;
				node = i;
			}
		}
		sink += node;
	}
	at = now_ns(CLOCK_PROCESS_CPUTIME_ID) - at;
	free(free_cpus);
	free(free_mem);
	return (double)at / n_times;
}

int main(int argc, char **argv)
{
	vn_request *requests[N_ROWS];
	struct times times = { 0 }, each = { 0 };
	struct run run = { 0 };
	vn_fleet_policy policy = vn_fleet_policy_default;
	vn_fleet_counters counters;
	vn_error err = { 0 };
	uint64_t numbers[5];

	if (argc < 6)
		die("HOSTS KINDS GROUPS FILL DECISIONS [POLICY]");
	for (int i = 0; i < 5; i++)
		if (vn_uint_parse(vn_cursor_of_string("argument", argv[i + 1]), 100000000,
				  &numbers[i], &err) < 0)
			die(err.text);
	if (argc > 6 && vn_fleet_policy_parse(argv[6], &policy, &err) < 0)
		die(err.text);
	if (vn_fleet_new(&policy, &run.fleet, &err) < 0)
		die(err.text);
	add_flavours(run.fleet, requests);
	run.capacity = add_hosts(run.fleet, (uint32_t)numbers[0], (uint32_t)numbers[1],
				 (uint32_t)numbers[2]);
	each.each_ns = malloc((numbers[4] + BATCH) * sizeof(*each.each_ns));
	if (!each.each_ns)
		die("no memory");
	fill(&run, (uint32_t)numbers[3]);
	churn(&run, (uint32_t)numbers[3], numbers[4] / 4, false, &times); /* until it is steady */
	run.refused = 0;
	churn(&run, (uint32_t)numbers[3], numbers[4], false, &times);
	churn(&run, (uint32_t)numbers[3], numbers[4], true, &each);
	vn_fleet_count(run.fleet, &counters);
	printf("{\"hosts\": %llu, \"kinds\": %llu, \"groups\": %llu, \"fill\": %.1f, \"refused\": "
	       "%.4f, \"per_s\": %.0f, \"with_releases_per_s\": %.0f, \"p50_ns\": %u, \"p99_ns\": "
	       "%u, \"p999_ns\": %u, \"scan_ns\": %.0f, \"plain_scan_ns\": %.0f, "
	       "\"bytes_per_host\": %.0f, \"claims\": %llu, \"classes\": %llu, \"host_states\": "
	       "%llu, \"node_states\": %llu, \"evaluated\": %llu}\n",
	       (unsigned long long)numbers[0], (unsigned long long)numbers[1],
	       (unsigned long long)numbers[2], 100.0 * (double)run.used / (double)run.capacity,
	       (double)run.refused / (double)(times.decided + each.decided),
	       (double)times.decided * 1e9 / (double)times.decide_ns,
	       (double)times.decided * 1e9 / (double)(times.decide_ns + times.release_ns),
	       each.each_ns[each.n / 2], each.each_ns[each.n * 99 / 100],
	       each.each_ns[each.n * 999 / 1000], scan_ns(&run, (uint32_t)numbers[0]),
	       plain_scan_ns((uint32_t)numbers[0]), (double)counters.bytes / (double)numbers[0],
	       (unsigned long long)counters.claims, (unsigned long long)counters.classes,
	       (unsigned long long)counters.host_states, (unsigned long long)counters.node_states,
	       (unsigned long long)counters.evaluated);
	vn_fleet_free(run.fleet);
	for (uint32_t i = 0; i < N_ROWS; i++)
		vn_request_free(requests[i]);
	free(run.claims);
	free(run.flavours);
	free(each.each_ns);
	return 0;
}
