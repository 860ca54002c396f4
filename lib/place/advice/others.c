/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Why a cell of a placement is on its node and not on another: for each other node what is missing
 * there, or the first term of the cost that would be higher, all other cells staying. */
#include "place/advice/lack.h"

struct looking {
	const struct lack_view *view;
	const vn_placement *placement;
	uint32_t cell;
};

/* The node of a cell, when `looking->cell` is on node_ix. */
static uint32_t node_of(const struct looking *l, uint32_t cell, uint32_t node_ix)
{
	return cell == l->cell ? node_ix : l->placement->cells[cell].node_ix;
}

static uint64_t remote_devices(const struct looking *l, uint32_t node_ix)
{
	uint64_t remote = 0;

	for (uint32_t i = 0; i < l->placement->n_devices; i++) {
		int on = l->placement->device_node_ix[i];
		bool local = on < 0;

		for (uint32_t c = 0; c < l->placement->n_cells && !local; c++)
			local = node_of(l, c, node_ix) == (uint32_t)on;
		remote += !local;
	}
	return remote;
}

/* What this cell adds to the distance: to each other cell and back, and to its memory. */
static uint64_t distance(const struct looking *l, uint32_t node_ix, uint32_t mem_ix)
{
	const vn_host *host = l->view->host;
	uint64_t vcpus = l->view->cells[l->cell].vcpus, sum;

	sum = vcpus * vn_host_distance(host, node_ix, mem_ix);
	for (uint32_t c = 0; c < l->placement->n_cells; c++) {
		uint32_t other = l->placement->cells[c].node_ix;

		if (c != l->cell)
			sum += vcpus * l->view->cells[c].vcpus *
			       (vn_host_distance(host, node_ix, other) +
				vn_host_distance(host, other, node_ix));
	}
	return sum;
}

/* How full a node is: CPUs and memory, in 1/1000 each. */
static uint64_t load(const vn_node *node)
{
	vn_cpuset all = vn_node_all_cpus(node);
	uint64_t cpus = vn_cpuset_count(&all);
	uint64_t taken = vn_cpuset_count(&node->pinned) + (uint64_t)node->cpu_usage;
	uint64_t used = node->mem_used_kib < node->mem_kib ? node->mem_used_kib : node->mem_kib;

	return (cpus ? 1000 * taken / cpus : 0) + (node->mem_kib ? used * 1000 / node->mem_kib : 0);
}

static bool is_occupied(const struct looking *l, uint32_t node_ix)
{
	for (uint32_t c = 0; c < l->placement->n_cells; c++)
		if (c != l->cell && l->placement->cells[c].node_ix == node_ix)
			return true;
	return false;
}

/* The first term of the cost that would be higher on node_ix. */
static void compare(const struct looking *l, uint32_t node_ix, uint32_t mem_ix, vn_other_node *ret)
{
	const vn_host *host = l->view->host;
	const vn_place_cell *at = &l->placement->cells[l->cell];
	bool pack = l->view->options->strategy == VN_STRATEGY_PACK;
	uint64_t here = load(&host->nodes[at->node_ix]), there = load(&host->nodes[node_ix]);
	const struct {
		enum vn_why why;
		uint64_t here, there;
		bool worse;
	} terms[] = {
		{ VN_WHY_DEVICES, remote_devices(l, at->node_ix), remote_devices(l, node_ix),
		  remote_devices(l, node_ix) > remote_devices(l, at->node_ix) },
		{ VN_WHY_DISTANCE, distance(l, at->node_ix, at->mem_node_ix),
		  distance(l, node_ix, mem_ix),
		  distance(l, node_ix, mem_ix) > distance(l, at->node_ix, at->mem_node_ix) },
		{ VN_WHY_LOAD, here, there, pack ? there < here : there > here },
	};

	ret->why = VN_WHY_EQUAL;
	for (uint32_t i = 0; i < VN_LEN(terms); i++)
		if (terms[i].worse) {
			ret->why = terms[i].why;
			ret->here = terms[i].here;
			ret->there = terms[i].there;
			return;
		}
}

static void judge(const struct looking *l, uint32_t node_ix, vn_other_node *ret)
{
	const struct lack_view *view = l->view;
	uint32_t id = view->host->nodes[node_ix].id;
	struct lack lack;

	*ret = (vn_other_node){ .node = id };
	if (l->placement->cells[l->cell].node_ix == node_ix)
		return;
	lack = l->placement->n_cells == 1 ? lack_of_guest(view, node_ix)
					  : lack_of(view, l->cell, node_ix);
	if (lack.need != VN_NEED_NOTHING) {
		ret->why = VN_WHY_LACKS;
		ret->lack = (vn_verdict){ id, lack.need, lack.asked, lack.there, lack.page_kib };
	} else if (is_occupied(l, node_ix)) {
		ret->why = VN_WHY_OCCUPIED;
	} else {
		compare(l, node_ix, lack.mem_ix, ret);
	}
}

void vn_place_others(const vn_host *host, const vn_request *request,
		     const vn_place_options *options, const vn_placement *placement, uint32_t cell,
		     vn_other_node *ret)
{
	struct lack_view view;
	const struct looking looking = { &view, placement, cell };

	lack_look(host, request, options, &view);
	lack_cut(&view, placement->n_cells);
	for (uint32_t i = 0; i < host->n_nodes; i++)
		judge(&looking, i, &ret[i]);
}
