/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random hosts and guests, built directly as structs. The same seed gives the same pair on every
 * machine. A pair owns nothing: all arrays that its host and request point to are inside it. */
#ifndef VNUMA_TESTS_RANDOM_H
#define VNUMA_TESTS_RANDOM_H

#include "vnuma/vnuma.h"

enum {
	NODES_MAX = 8,
	CPUS_MAX = 176,
	DEVICES_MAX = 4,
	VCPUS_MAX = 96,
	CELLS_MAX = 8,
	MEMDEVS_MAX = 3,
};

struct random {
	uint64_t state;
};

/* 0..n-1 */
uint32_t random_below(struct random *r, uint32_t n);
bool random_chance(struct random *r, uint32_t percent);

struct pair {
	vn_host host;
	vn_node nodes[NODES_MAX];
	vn_cpu cpus[CPUS_MAX];
	uint32_t slit[NODES_MAX * NODES_MAX];
	vn_device devices[DEVICES_MAX];
	vn_request request;
	vn_request_cell cells[CELLS_MAX];
	vn_request_pages pages[CELLS_MAX];
	vn_cpuset vcpupin[VCPUS_MAX];
	vn_nodeset memnode[VN_CELL_MAX];
	vn_request_memdev memdevs[MEMDEVS_MAX];
	vn_guest_device guest_devices[DEVICES_MAX];
	vn_place_options options;
	bool small; /* at most 4 nodes and 8 CPUs: the brute force can judge it */
};

/* Number `n` of the run with `seed`. *pair is zero or was made before. */
void pair_make(struct pair *pair, uint64_t seed, uint64_t n);

/* Count the host again, after a change by hand. */
void pair_count(struct pair *pair);

/* The pair as text, for a failure: the host as JSON, the request in words. */
void pair_print(const struct pair *pair, vn_text *to);

/* The guest as a domain XML of its owner. What an XML cannot say (page wishes `small`, `large` and
 * `any`) is said as <hugepages/>, so that the XML's guest can differ from the struct's. */
void pair_write_xml(const struct pair *pair, vn_text *to);

/* The seed of this run: VN_SEED, else a fixed one. It is printed. */
uint64_t seed_of_run(void);
/* How many cases: VN_CASES, else VN_CASES_PERCENT of `usual`, else `usual`. VN_CASE=n alone runs
 * just that one (ret_first = n). */
uint64_t cases_of_run(uint64_t usual, uint64_t *ret_first);

#endif
