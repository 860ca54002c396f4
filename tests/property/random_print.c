/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A random pair as text, and the seed of the run. */
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_nodes(const char *name, const vn_nodeset *set, vn_text *to)
{
	vn_text_addf(to, " %s=", name);
	vn_text_add_nodeset(to, set);
}

static void print_cpus(const char *name, const vn_cpuset *set, vn_text *to)
{
	vn_text_addf(to, " %s=", name);
	vn_text_add_cpuset(to, set);
}

static void print_cells(const vn_request *request, vn_text *to)
{
	for (uint32_t c = 0; c < request->n_cells; c++) {
		vn_text_addf(to, "\n  cell %u mem=%" PRIu64, c, request->cells[c].mem_kib);
		print_cpus("vcpus", &request->cells[c].vcpus, to);
		if (vn_cpuset_has(&request->memnode_given, c))
			print_nodes("memnode", &request->memnode[c], to);
	}
	for (uint32_t i = 0; i < request->n_pages; i++) {
		vn_text_addf(to, "\n  pages want=%d size=%" PRIu64, (int)request->pages[i].want,
			     request->pages[i].page_kib);
		print_cpus("cells", &request->pages[i].cells, to);
	}
	VN_CPUSET_EACH(vcpu, &request->vcpupin_given) {
		vn_text_addf(to, "\n  vcpupin %d", vcpu);
		print_cpus("cpus", &request->vcpupin[vcpu], to);
	}
	for (uint32_t i = 0; i < request->n_memdevs; i++)
		vn_text_addf(to, "\n  memdev size=%" PRIu64 " host=%d cell=%d",
			     request->memdevs[i].size_kib, request->memdevs[i].uses_host_memory,
			     request->memdevs[i].cell);
	for (uint32_t i = 0; i < request->n_devices; i++)
		vn_text_addf(to, "\n  device %u kind=%d policy=%s given=%d", i,
			     (int)request->devices[i].kind,
			     vn_pci_policy_names[request->devices[i].policy],
			     request->pci_policy_given);
}

void pair_print(const struct pair *pair, vn_text *to)
{
	const vn_request *request = &pair->request;
	const vn_place_options *options = &pair->options;

	vn_host_write_json(&pair->host, to, NULL);
	vn_text_addf(to,
		     "request vcpus=%u mem=%" PRIu64
		     " mode=%s distribution=%s policy=%s threads=%s emulator=%s cells=%u",
		     request->vcpus, request->mem_kib, vn_mode_names[request->mode],
		     vn_distribution_names[request->distribution],
		     vn_cpu_policy_names[request->cpu_policy],
		     vn_thread_policy_names[request->thread_policy],
		     vn_emulator_policy_names[request->emulator_policy], request->n_cells_want);
	print_cpus("dedicated", &request->dedicated, to);
	if (request->nodeset_given)
		print_nodes("nodeset", &request->nodeset, to);
	if (request->numatune_given)
		print_nodes("numatune", &request->numatune, to);
	if (request->cpuset_given)
		print_cpus("cpuset", &request->cpuset, to);
	if (request->topology_given)
		vn_text_addf(to, " topology=%u/%u/%u", request->topology.sockets,
			     request->topology.cores, request->topology.threads);
	print_cells(request, to);
	vn_text_addf(to,
		     "\noptions strategy=%s size-by=%s cpu-ratio=%u ram-ratio=%u reserve=%" PRIu64
		     "\n",
		     vn_strategy_names[options->strategy], vn_size_by_names[options->size_by],
		     options->cpu_ratio_percent, options->ram_ratio_percent, options->reserve_kib);
}

static bool from_environment(const char *name, uint64_t *ret)
{
	const char *text = getenv(name);

	return text &&
	       vn_uint_parse(vn_cursor_of_string(name, text), UINT64_MAX, ret, NULL) == VN_OK;
}

uint64_t seed_of_run(void)
{
	uint64_t seed = 20261121;

	from_environment("VN_SEED", &seed);
	printf("# VN_SEED=%" PRIu64 "\n", seed);
	return seed;
}

uint64_t cases_of_run(uint64_t usual, uint64_t *ret_first)
{
	uint64_t cases = usual, percent = 100;

	*ret_first = 0;
	if (from_environment("VN_CASE", ret_first))
		return 1;
	if (!from_environment("VN_CASES", &cases) &&
	    from_environment("VN_CASES_PERCENT", &percent) && percent < 100)
		cases = usual / 100 * percent + usual % 100 * percent / 100;
	return cases ? cases : 1;
}
