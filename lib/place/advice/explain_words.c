/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The sentences of a refusal. Each says what was asked, the most there is, and where. */
#include "place/advice/explain.h"

#include <stdio.h>
#include <string.h>

/* ---- pieces ---- */

struct amount {
	char text[48];
};
struct words {
	char text[160];
};

static struct amount amount(uint64_t value, const char *unit)
{
	struct amount to;

	if (unit[0] == 'K')
		vn_size_format(value, to.text, sizeof(to.text));
	else
		snprintf(to.text, sizeof(to.text), "%llu %.*s", (unsigned long long)value,
			 (int)strlen(unit) - (value == 1), unit); /* "1 CPU", "2 CPUs" */
	return to;
}

/* What is missing, with what the table's words leave open. */
static struct words need_words(const struct lack_view *view, const struct lack *lack)
{
	uint32_t ratio = view->options->cpu_ratio_percent;
	int digits = ratio % 100 == 0 ? 0 : ratio % 10 == 0 ? 1 : 2;
	struct amount size = amount(lack->page_kib, "KiB");
	struct words to;

	switch (lack->need) {
	case VN_NEED_PAGES:
		snprintf(to.text, sizeof(to.text), "free pages of %s", size.text);
		break;
	case VN_NEED_RESERVE:
		size = amount(view->options->reserve_kib, "KiB");
		snprintf(to.text, sizeof(to.text),
			 "free memory beside the %s that are kept free on each node", size.text);
		break;
	case VN_NEED_CPU_RATIO:
		snprintf(to.text, sizeof(to.text), "room for floating vCPUs, %.*f for each CPU",
			 digits, ratio / 100.0);
		break;
	default: snprintf(to.text, sizeof(to.text), "%s", vn_requirements[lack->need].text); break;
	}
	return to;
}

/* "the guest (8 vCPUs, 16 GiB)", "cell 1 of 4 (2 vCPUs, 4 GiB)", or how many cells were tried. */
static struct words subject(const struct refusal *r)
{
	const struct lack_cell *cell = &r->view->cells[r->cell];
	struct amount memory = amount(cell->mem_kib + cell->memdev_kib, "KiB");
	struct amount vcpus = amount(cell->vcpus, "vCPUs");
	struct words to;

	if (r->n_cells == 1 && r->from == r->to)
		snprintf(to.text, sizeof(to.text), "the guest (%s, %s)", vcpus.text, memory.text);
	else if (r->from == r->to)
		snprintf(to.text, sizeof(to.text), "cell %u of %u (%s, %s)", r->cell, r->n_cells,
			 vcpus.text, memory.text);
	else
		snprintf(to.text, sizeof(to.text), "tried %u to %u cells; with %u, a cell (%s, %s)",
			 r->from, r->to, r->n_cells, vcpus.text, memory.text);
	return to;
}

/* ---- sentences ---- */

/* What no node has at all, or what no amount says. */
static int fail_plain(const struct refusal *r, vn_error *err)
{
	struct amount size = amount(r->lack.page_kib, "KiB");
	struct words who = subject(r);
	const struct lack *lack = &r->lack;
	const struct lack_cell *cell = &r->view->cells[r->cell];

	if (lack->need == VN_NEED_WHOLE_PAGES)
		return vn_fail(err, VN_E_NOFIT,
			       "%s fits on no node: its memory is not a multiple of the page size, "
			       "%s",
			       who.text, size.text);
	if (lack->need == VN_NEED_PAGE_SIZE && cell->want == VN_PAGES_SIZE)
		return vn_fail(err, VN_E_NOFIT,
			       "%s fits on no node: no node has pages of %s that it may use",
			       who.text, amount(cell->page_kib, "KiB").text);
	if (lack->need == VN_NEED_PAGE_SIZE)
		return vn_fail(err, VN_E_NOFIT,
			       "%s fits on no node: no node has huge pages that it may use",
			       who.text);
	if (lack->need == VN_NEED_PINS)
		return vn_fail(err, VN_E_NOFIT,
			       "%s fits on no node: none has all the CPUs that its vcpupin names, "
			       "free",
			       who.text);
	return vn_fail(err, VN_E_NOFIT, "%s fits on no node: none is %s", who.text,
		       vn_requirements[lack->need].text);
}

int explain_cell(const struct refusal *r, vn_error *err)
{
	const char *unit = vn_requirements[r->lack.need].unit;
	bool plain = !unit[0] || r->lack.need == VN_NEED_CPUS_PRESENT ||
		     r->lack.need == VN_NEED_PAGE_SIZE || r->lack.need == VN_NEED_WHOLE_PAGES ||
		     r->lack.need == VN_NEED_PINS;
	struct words who = subject(r), what = need_words(r->view, &r->lack);

	if (plain)
		return fail_plain(r, err);
	return vn_fail(err, VN_E_NOFIT,
		       "%s fits on no node: %s: asked %s, the most there is %s on node %u",
		       who.text, what.text, amount(r->lack.asked, unit).text,
		       amount(r->lack.there, unit).text, r->view->host->nodes[r->node_ix].id);
}

/* The device of the guest that pulls; NULL if it is a network or a count of devices. */
static const vn_guest_device *pull_device(const struct lack_view *view,
					  const struct lack_pull *pull)
{
	return !pull->network && pull->device >= 0 ? &view->request->devices[pull->device] : NULL;
}

/* What is pulled, and to where. */
static struct words pull_words(const struct lack_view *view, const struct lack_pull *pull)
{
	const vn_guest_device *device = pull_device(view, pull);
	struct words to;
	char address[32];

	if (pull->network)
		snprintf(to.text, sizeof(to.text), "network '%.80s' must be near a cell",
			 pull->network);
	else if (device)
		snprintf(to.text, sizeof(to.text), "device %s must be local to a cell",
			 vn_pci_address_format(device->host, address, sizeof(address)));
	else
		snprintf(to.text, sizeof(to.text), "%u devices %04x:%04x must be local to a cell",
			 pull->asked, view->request->pci_requests[pull->pci_request].vendor,
			 view->request->pci_requests[pull->pci_request].product);
	return to;
}

/* The node with the most of what is missing, of those that something wants the guest on. */
static struct lack nearest_pulled(const struct lack_view *view, const struct lack_pull *pull,
				  uint32_t *node_ix)
{
	struct lack best = { .need = VN_NEED_TOGETHER }, lack;

	VN_NODESET_EACH(ix, &pull->any_of) {
		lack = lack_of(view, 0, (uint32_t)ix);
		if (best.need != VN_NEED_TOGETHER && lack.there <= best.there)
			continue;
		best = lack;
		*node_ix = (uint32_t)ix;
	}
	return best;
}

int explain_pull(const struct refusal *r, const struct lack_pull *pull, vn_error *err)
{
	const struct lack_view *view = r->view;
	const vn_guest_device *device = pull_device(view, pull);
	vn_spot at = device ? device->at : (vn_spot){ 0 };
	const char *source = device ? view->request->source : NULL;
	struct words what = pull_words(view, pull);
	uint32_t node_ix = 0, node;
	struct lack lack = nearest_pulled(view, pull, &node_ix);
	const char *unit = vn_requirements[lack.need].unit;

	node = view->host->nodes[node_ix].id;
	if (vn_nodeset_is_empty(&pull->any_of) && device)
		return vn_fail_spot(err, VN_E_NOFIT, source, at,
				    "%s, but the host does not say on which node it is", what.text);
	if (vn_nodeset_is_empty(&pull->any_of))
		return vn_fail(err, VN_E_NOFIT, "%s, but no node has such a device free",
			       what.text);
	if (!unit[0] || lack.need == VN_NEED_CPUS_PRESENT)
		return vn_fail_spot(err, VN_E_NOFIT, source, at,
				    "%s, but none fits on its node %u: it is not %s", what.text,
				    node, vn_requirements[lack.need].text);
	return vn_fail_spot(err, VN_E_NOFIT, source, at,
			    "%s, but none fits on its node %u: %s: asked %s, there %s", what.text,
			    node, need_words(view, &lack).text, amount(lack.asked, unit).text,
			    amount(lack.there, unit).text);
}

int explain_pulls(const struct refusal *r, vn_error *err)
{
	const struct lack_view *view = r->view;
	char list[256] = "", nodes[48];
	size_t used = 0;

	for (uint32_t i = 0; i < view->n_pulls && used < sizeof(list); i++) {
		vn_nodeset ids = { 0 };

		VN_NODESET_EACH(node_ix, &view->pulls[i].any_of)
			vn_nodeset_add(&ids, view->host->nodes[node_ix].id);
		vn_nodeset_format(&ids, nodes, sizeof(nodes));
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s (node %s)",
					 i ? ", " : "", pull_words(view, &view->pulls[i]).text,
					 nodes);
	}
	return vn_fail(err, VN_E_NOFIT, "one cell cannot be near all of these: %s", list);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

int explain_together(const struct refusal *r, const vn_cpuset *cells, const vn_nodeset *nodes,
		     vn_error *err)
{
	unsigned n = vn_cpuset_count(cells), on = vn_nodeset_count(nodes);
	char cell_list[64], node_list[64], tried[64] = "";
	int first = vn_cpuset_next(cells, -1);

	if (r->from < r->to)
		snprintf(tried, sizeof(tried), "tried %u to %u cells; with %u, ", r->from, r->to,
			 r->n_cells);
	vn_nodeset_format(nodes, node_list, sizeof(node_list));
	vn_cpuset_format(cells, cell_list, sizeof(cell_list));
	if (n == 2)
		return vn_fail(err, VN_E_NOFIT, "%scells %d and %d both fit only on node %s", tried,
			       first, vn_cpuset_next(cells, first), node_list);
	if (n)
		return vn_fail(err, VN_E_NOFIT,
			       "%scells %s fit only on node%s %s: %u cells for %u node%s", tried,
			       cell_list, plural(on), node_list, n, on, plural(on));
	return vn_fail(err, VN_E_NOFIT,
		       "%seach of the %u cells fits on some node alone, but not all of them at "
		       "once",
		       tried, r->n_cells);
}

/* ---- all nodes together ---- */

struct totals {
	uint64_t pins, floats, float_room, cores, siblings, memory_kib, unreserved_kib, pages_kib;
};

static struct totals add_up(const struct lack_view *view, uint64_t page_kib)
{
	struct totals sum = { 0 };

	for (uint32_t i = 0; i < view->host->n_nodes; i++) {
		const struct lack_node *node = &view->nodes[i];
		const vn_pages *pages = vn_node_pages(&view->host->nodes[i], page_kib);

		if (node->for_memory) {
			sum.memory_kib += node->room_kib;
			sum.unreserved_kib += node->kept_kib;
			sum.pages_kib += pages ? vn_pages_free(pages) * page_kib : 0;
		}
		if (!node->allowed || !node->for_cpus)
			continue;
		sum.pins += node->pins;
		sum.floats += node->floats;
		sum.float_room += node->floats < node->ratio_room ? node->floats : node->ratio_room;
		sum.siblings += node->sibling_room;
		for (uint32_t k = 1; k <= LACK_SMT_MAX; k++)
			for (uint32_t f = 0; f <= k; f++)
				sum.cores += node->whole[k][f];
	}
	return sum;
}

/* However the guest is cut, all of it has to be somewhere. */
int explain_total(const struct refusal *r, vn_error *err)
{
	const struct lack_view *view = r->view;
	const vn_request *request = view->request;
	enum vn_page_want want = request->n_pages ? request->pages[0].want : VN_PAGES_NONE;
	uint64_t page_kib = want == VN_PAGES_SIZE ? request->pages[0].page_kib : 0;
	uint64_t pins = 0, floating = 0, memory_kib = 0;
	struct totals have = add_up(view, page_kib);

	for (uint32_t c = 0; c < view->n_cells; c++) {
		pins += view->cells[c].pins;
		floating += view->cells[c].floating;
		memory_kib += view->cells[c].mem_kib + view->cells[c].memdev_kib;
	}
	const struct {
		enum vn_requirement need;
		uint64_t asked, there;
		bool applies;
	} rows[] = {
		{ VN_NEED_FREE_CPUS, pins, have.pins, true },
		{ VN_NEED_FREE_CORES, pins, have.cores,
		  request->thread_policy == VN_THREADS_ISOLATE },
		{ VN_NEED_SIBLINGS, pins, have.siblings,
		  request->thread_policy == VN_THREADS_REQUIRE },
		{ VN_NEED_UNPINNED, floating, have.floats, true },
		{ VN_NEED_CPU_RATIO, floating, have.float_room, true },
		{ VN_NEED_MEMORY, memory_kib, have.memory_kib, want == VN_PAGES_NONE },
		{ VN_NEED_RESERVE, memory_kib, have.unreserved_kib, want == VN_PAGES_NONE },
		{ VN_NEED_PAGES, memory_kib, have.pages_kib, page_kib > LACK_BASE_PAGE_KIB },
	};

	for (uint32_t i = 0; i < VN_LEN(rows); i++) {
		const char *unit = vn_requirements[rows[i].need].unit;
		struct lack lack = { rows[i].need, rows[i].asked, rows[i].there, page_kib, 0 };

		if (rows[i].applies && rows[i].asked > rows[i].there)
			return vn_fail(
				err, VN_E_NOFIT,
				"the guest does not fit (tried %u to %u cells): %s: asked %s, all "
				"nodes together have %s",
				r->from, r->to, need_words(view, &lack).text,
				amount(lack.asked, unit).text, amount(lack.there, unit).text);
	}
	return VN_OK;
}
