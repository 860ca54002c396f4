/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Why a guest does not fit: for the cell that decides, what each node lacks, and in one sentence
 * the requirement that came nearest to being met. The nodes are as they were before the search. */
#include "place/problem.h"

#include <stdio.h>

/* How far down the list of checks a node came; the further, the more it has to say. */
static const uint8_t progress[VN_REQUIREMENT_COUNT] = {
	[VN_NEED_ALLOWED] = 0,	  [VN_NEED_CPUS_PRESENT] = 1, [VN_NEED_PINS] = 2,
	[VN_NEED_CPUS] = 3,	  [VN_NEED_CPU_RATIO] = 4,    [VN_NEED_FREE_CPUS] = 5,
	[VN_NEED_FREE_CORES] = 6, [VN_NEED_SIBLINGS] = 7,     [VN_NEED_MEMNODE] = 8,
	[VN_NEED_PAGE_SIZE] = 9,  [VN_NEED_WHOLE_PAGES] = 10, [VN_NEED_PAGES] = 11,
	[VN_NEED_MEMORY] = 11,	  [VN_NEED_NOTHING] = 12,
};

static char *amount(uint64_t value, const char *unit, char *to, size_t size)
{
	char kib[32];

	if (unit[0] == 'K') {
		vn_size_format(value, kib, sizeof(kib));
		snprintf(to, size, "%s", kib);
	} else {
		snprintf(to, size, "%llu %s", (unsigned long long)value, unit);
	}
	return to;
}

static int refuse_cell(const struct problem *p, uint32_t cell, uint32_t node_ix, struct need need,
		       vn_error *err)
{
	const vn_requirement_text *words = &vn_requirements[need.need];
	const struct place_cell *c = &p->cells[cell];
	char memory[32], asked[48], there[48], sum[64] = "";

	vn_size_format(c->mem_kib + c->memdev_kib, memory, sizeof(memory));
	if (need.asked > 1 || need.there)
		snprintf(sum, sizeof(sum), ": asked %s",
			 amount(need.asked, words->unit, asked, sizeof(asked)));
	if (!sum[0])
		return vn_fail(err, VN_E_NOFIT,
			       "cell %u of %u (%u vCPUs, %s) fits on no node: none is %s", cell,
			       p->n_cells, c->vcpus, memory, words->text);
	return vn_fail(
		err, VN_E_NOFIT,
		"cell %u of %u (%u vCPUs, %s) fits on no node: %s%s, the most there is %s on "
		"node %u",
		cell, p->n_cells, c->vcpus, memory, words->text, sum,
		amount(need.there, words->unit, there, sizeof(there)), p->host->nodes[node_ix].id);
}

/* Fill the table for one cell; returns the node that came nearest. */
static uint32_t fill(const struct problem *p, uint32_t cell, struct need *nearest)
{
	vn_explain *to = p->options->explain;
	uint32_t best = 0;

	*nearest = (struct need){ .need = VN_NEED_ALLOWED };
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		struct need need = fit_cell(p, cell, i);
		int ahead = progress[need.need] - progress[nearest->need];

		if (ahead > 0 || (!ahead && need.there > nearest->there) || i == 0) {
			*nearest = need;
			best = i;
		}
		if (to)
			to->verdicts[i] = (vn_verdict){ p->host->nodes[i].id, need.need, need.asked,
							need.there };
	}
	if (to) {
		to->cell = cell;
		to->n_cells = p->n_cells;
		to->n_verdicts = p->host->n_nodes;
		to->steps = p->steps;
	}
	return best;
}

/* A device that must be local, on whose node no cell can be. */
static int find_device(const struct problem *p)
{
	for (uint32_t i = 0; i < p->n_devices; i++) {
		bool possible = !p->devices[i].must;

		VN_NODESET_EACH(node_ix, &p->devices[i].any_of)
			for (uint32_t c = 0; c < p->n_cells && !possible; c++)
				possible =
					fit_cell(p, c, (uint32_t)node_ix).need == VN_NEED_NOTHING;
		if (!possible)
			return (int)i;
	}
	return -1;
}

static int refuse_device(const struct problem *p, uint32_t device, vn_error *err)
{
	const vn_guest_device *of = &p->request->devices[device];
	int32_t node_ix = p->devices[device].node_ix;
	char address[32], asked[48], there[48];
	struct need need;

	vn_pci_address_format(of->host, address, sizeof(address));
	if (node_ix < 0)
		return vn_fail_spot(err, VN_E_NOFIT, p->request->source, of->at,
				    "device %s must be local to a cell, but the host does not say "
				    "on which node it is",
				    address);
	need = fit_cell(p, 0, (uint32_t)node_ix);
	amount(need.asked, vn_requirements[need.need].unit, asked, sizeof(asked));
	amount(need.there, vn_requirements[need.need].unit, there, sizeof(there));
	return vn_fail_spot(err, VN_E_NOFIT, p->request->source, of->at,
			    "device %s must be local to a cell, but none fits on its node %u: %s: "
			    "asked %s, there %s",
			    address, p->host->nodes[node_ix].id, vn_requirements[need.need].text,
			    asked, there);
}

static int refuse_together(struct problem *p, vn_error *err)
{
	vn_explain *to = p->options->explain;
	uint32_t nodes = 0;

	for (uint32_t i = 0; to && i < to->n_verdicts; i++)
		if (to->verdicts[i].need == VN_NEED_NOTHING)
			to->verdicts[i].need = VN_NEED_TOGETHER;
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		bool any = false;

		for (uint32_t c = 0; c < p->n_cells && !any; c++)
			any = fit_cell(p, c, i).need == VN_NEED_NOTHING;
		nodes += any;
	}
	return vn_fail(err, VN_E_NOFIT,
		       "each of the %u cells fits on some node alone, but not all of them at once: "
		       "%u of the host's %u nodes can hold one",
		       p->n_cells, nodes, p->host->n_nodes);
}

void explain_success(const struct problem *p)
{
	struct need need;

	if (p->options->explain)
		fill(p, 0, &need);
}

int explain_refusal(struct problem *p, vn_error *err)
{
	struct need need;

	if (!p->n_cells)
		return vn_fail(err, VN_E_NOFIT, "no node of the host may hold vCPUs of this guest");
	for (uint32_t c = 0; c < p->n_cells; c++) {
		uint32_t node_ix = fill(p, c, &need);

		if (need.need != VN_NEED_NOTHING)
			return refuse_cell(p, c, node_ix, need, err);
	}
	int device = find_device(p);

	if (device >= 0)
		return refuse_device(p, (uint32_t)device, err);
	return refuse_together(p, err);
}
