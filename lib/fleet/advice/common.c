/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The guest that can live on every host of a set, from their hardware. It is cut into the fewest
 * cells for which there are cells, a page size and a topology that all kinds of hosts hold: cut on
 * one kind, then fixed and placed on all of them, so that each sees just the same guest. */
#include "fleet/advice/advise.h"

#include <assert.h>
#include <stdlib.h>

enum { CELL_UNIT_KIB = 2048, CELL_LEAST_KIB = 4 * 2048 };

struct common {
	vn_fleet *fleet;
	uint32_t n_kinds, *kinds, *hosts; /* the lowest host of each kind */
	vn_request *request;		  /* at work, and in the end the answer */
	vn_request as_given;
	vn_placement *placement;
	vn_error why; /* of the try that came farthest */
	uint32_t came;
	vn_fleet_common ret;
};

static kind *kind_at(const struct common *c, uint32_t i)
{
	return c->fleet->kinds[c->kinds[i]];
}

/* ---- placing on all ---- */

static int place_on(struct common *c, uint32_t i, vn_error *err)
{
	const kind *k = kind_at(c, i);

	return vn_place(k->now, c->request, &k->options, c->placement, err);
}

/* What refuses is remembered when more kinds than ever before had agreed. */
static bool fails_on(struct common *c, uint32_t i, const vn_error *err)
{
	char name[64];

	if (c->why.code && i < c->came)
		return false;
	c->came = i;
	vn_fleet_host_name(c->fleet, c->hosts[i], name, sizeof(name));
	vn_fail(&c->why, err->code, "'%s' does not go on hosts like %s: %s",
		c->as_given.name ? c->as_given.name : "the guest", name, err->text);
	return false;
}

/* The cells on this kind are those of the request, each on a node of its own. */
static bool all_hold(struct common *c)
{
	for (uint32_t i = 0; i < c->n_kinds; i++) {
		vn_error err = { 0 };

		if (place_on(c, i, &err) < 0)
			return fails_on(c, i, &err);
	}
	return true;
}

/* ---- cells ---- */

/* Cut into n cells as kind number i has it. False: it does not go there. */
static bool cut_on(struct common *c, uint32_t n, uint32_t i)
{
	vn_request *r = c->request;
	vn_error err = { 0 };

	r->n_cells = c->as_given.n_cells;
	r->n_cells_want = r->n_cells ? 0 : n;
	r->mode = r->n_cells ? r->mode : VN_MODE_NODE;
	if (place_on(c, i, &err) < 0)
		return fails_on(c, i, &err);
	for (uint32_t cell = 0; cell < n && !r->n_cells; cell++)
		c->request->cells[cell] =
			(vn_request_cell){ .vcpus = c->placement->cells[cell].vcpus,
					   .mem_kib = c->placement->cells[cell].mem_kib };
	r->n_cells = n;
	r->n_cells_want = 0;
	r->mode = c->as_given.mode == VN_MODE_AUTO ? VN_MODE_AUTO : VN_MODE_NODE;
	return true;
}

/* What all kinds show the guest: the topology with the fewest threads, that all agree with. */
static bool fix_topology(struct common *c)
{
	vn_request *r = c->request;
	vn_topology least = { 0 };
	vn_error err = { 0 };

	if (r->topology_given)
		return true;
	for (uint32_t i = 0; i < c->n_kinds; i++) {
		if (place_on(c, i, &err) < 0)
			return fails_on(c, i, &err);
		if (i == 0 || c->placement->topology.threads < least.threads)
			least = c->placement->topology;
	}
	r->topology = least;
	r->topology_given = true;
	return all_hold(c);
}

static bool try_cells(struct common *c, uint32_t n)
{
	for (uint32_t i = 0; i < c->n_kinds; i++) {
		c->request->topology_given = c->as_given.topology_given;
		if (!cut_on(c, n, i))
			return false;
		if (all_hold(c) && fix_topology(c))
			return true;
	}
	return false;
}

/* ---- pages ---- */

/* Does some node of each kind have pages of this size? */
static bool all_have(const struct common *c, uint64_t page_kib)
{
	for (uint32_t i = 0; i < c->n_kinds; i++) {
		const vn_host *host = kind_at(c, i)->now;
		bool has = false;

		for (uint32_t node = 0; node < host->n_nodes; node++) {
			const vn_pages *pages = vn_node_pages(&host->nodes[node], page_kib);

			has |= pages && pages->total;
		}
		if (!has)
			return false;
	}
	return true;
}

/* Ascending. */
static uint32_t common_pages(const struct common *c, uint64_t *ret)
{
	const vn_host *host = kind_at(c, 0)->now;
	uint32_t n = 0;

	for (uint32_t node = 0; node < host->n_nodes; node++)
		for (uint32_t i = 0; i < host->nodes[node].n_pages; i++) {
			uint64_t size = host->nodes[node].pages[i].size_kib;
			uint32_t at = n;
			bool known = false;

			for (uint32_t j = 0; j < n; j++)
				known |= ret[j] == size;
			if (known || n == VN_PAGE_SIZES_MAX || !all_have(c, size))
				continue;
			for (; at && ret[at - 1] > size; at--)
				ret[at] = ret[at - 1];
			ret[at] = size;
			n++;
		}
	return n;
}

static bool is_open(enum vn_page_want want)
{
	return want != VN_PAGES_NONE && want != VN_PAGES_SIZE;
}

/* Sizes that the wish is content with, the one it likes best first. */
static uint32_t wanted_pages(const struct common *c, enum vn_page_want want, uint64_t *ret)
{
	enum { HUGE_ABOVE_KIB = 64 };
	uint64_t sizes[VN_PAGE_SIZES_MAX];
	uint32_t n_sizes = common_pages(c, sizes), n = 0;
	bool down = want == VN_PAGES_LARGE || want == VN_PAGES_ANY;

	for (uint32_t i = 0; i < n_sizes; i++) {
		uint64_t size = sizes[down ? n_sizes - 1 - i : i];
		bool huge = size > HUGE_ABOVE_KIB;

		if ((want == VN_PAGES_SMALL && (huge || n)) ||
		    ((want == VN_PAGES_LARGE || want == VN_PAGES_DEFAULT) && !huge))
			continue;
		ret[n++] = size;
	}
	return n;
}

static void fix_pages(struct common *c, uint64_t page_kib)
{
	for (uint32_t i = 0; i < c->request->n_pages; i++)
		if (is_open(c->as_given.pages[i].want)) {
			c->request->pages[i].want = VN_PAGES_SIZE;
			c->request->pages[i].page_kib = page_kib;
		}
}

/* ---- cells and pages ---- */

static bool try_pages(struct common *c, uint32_t n)
{
	uint64_t sizes[VN_PAGE_SIZES_MAX];
	uint32_t open = 0, n_sizes;

	while (open < c->as_given.n_pages && !is_open(c->as_given.pages[open].want))
		open++;
	if (open == c->as_given.n_pages)
		return try_cells(c, n);
	n_sizes = wanted_pages(c, c->as_given.pages[open].want, sizes);
	for (uint32_t i = 0; i < n_sizes; i++) {
		fix_pages(c, sizes[i]);
		if (try_cells(c, n))
			return true;
	}
	if (!n_sizes && !c->why.code)
		vn_fail(&c->why, VN_E_NOFIT,
			"the hosts have no page size in common that '%s' wants",
			c->as_given.name ? c->as_given.name : "the guest");
	return false;
}

static uint32_t least_nodes(const struct common *c)
{
	uint32_t least = VN_FLEET_NODES_MAX;

	for (uint32_t i = 0; i < c->n_kinds; i++)
		least = kind_at(c, i)->n_nodes < least ? kind_at(c, i)->n_nodes : least;
	return least;
}

static int find_cells(struct common *c, vn_error *err)
{
	const vn_request *given = &c->as_given;
	uint32_t fixed = given->n_cells ? given->n_cells : given->n_cells_want;
	uint32_t most = least_nodes(c);

	if (fixed > most)
		return vn_fail(err, VN_E_NOFIT,
			       "the guest has %u cells, and some of the hosts only %u nodes", fixed,
			       most);
	for (uint32_t n = fixed ? fixed : 1; n <= most && n <= given->vcpus; n++) {
		if (try_pages(c, n))
			return VN_OK;
		if (fixed)
			break;
	}
	if (err)
		*err = c->why;
	return c->why.code ? (int)c->why.code
			   : vn_fail(err, VN_E_NOFIT, "the guest does not go on the hosts");
}

/* ---- what the guest sees ---- */

static int measure_distances(struct common *c, vn_error *err)
{
	uint32_t n = c->request->n_cells;
	int r;

	c->ret.distance = calloc((size_t)n * n, sizeof(*c->ret.distance));
	if (!c->ret.distance)
		return vn_fail(err, VN_E_NOMEM, "no memory for distances");
	for (uint32_t i = 0; i < c->n_kinds; i++) {
		if ((r = place_on(c, i, err)) < 0)
			return r;
		for (uint32_t at = 0; at < n * n; at++)
			if (c->placement->distance[at] > c->ret.distance[at])
				c->ret.distance[at] = c->placement->distance[at];
	}
	return VN_OK;
}

/* Which sizes would do for all of its memory? */
static void list_pages(struct common *c)
{
	vn_request_pages all = { .want = VN_PAGES_SIZE }, *pages = c->request->pages;
	uint32_t n_pages = c->request->n_pages, n, came = c->came;
	uint64_t sizes[VN_PAGE_SIZES_MAX];
	vn_error why = c->why;

	n = common_pages(c, sizes);
	c->request->pages = &all;
	c->request->n_pages = 1;
	for (uint32_t i = 0; i < n; i++) {
		all.page_kib = sizes[i];
		if (all_hold(c))
			c->ret.page_kib[c->ret.n_pages++] = sizes[i];
	}
	c->request->pages = pages;
	c->request->n_pages = n_pages;
	c->why = why;
	c->came = came;
}

static int answer(struct common *c, vn_error *err)
{
	const vn_request *r = c->request;
	int result = measure_distances(c, err);

	if (result < 0)
		return result;
	list_pages(c);
	c->ret.n_kinds = c->n_kinds;
	c->ret.n_cells = r->n_cells;
	for (uint32_t i = 0; i < r->n_cells; i++) {
		c->ret.vcpus[i] = vn_cpuset_count(&r->cells[i].vcpus);
		c->ret.mem_kib[i] = r->cells[i].mem_kib;
	}
	c->ret.topology = r->topology;
	return VN_OK;
}

/* ---- the largest guest ---- */

static int make_guest(uint32_t cells, uint32_t vcpus, uint64_t mem_kib, vn_request **ret,
		      vn_error *err)
{
	char count[] = "hw:numa_nodes=00";
	const char *specs[] = { "hw:cpu_policy=dedicated", count };
	vn_request_words words = { .name = "the largest guest",
				   .vcpus = cells * vcpus,
				   .mem_kib = cells * mem_kib,
				   .n_specs = VN_LEN(specs),
				   .specs = specs };

	count[sizeof(count) - 3] = (char)('0' + cells / 10);
	count[sizeof(count) - 2] = (char)('0' + cells % 10);
	if (cells < 10) {
		count[sizeof(count) - 3] = (char)('0' + cells);
		count[sizeof(count) - 2] = '\0';
	}
	return vn_request_from_words(&words, ret, err);
}

static bool guest_goes(struct common *c, uint32_t cells, uint32_t vcpus, uint64_t mem_kib)
{
	vn_request *guest;
	bool goes;

	if (make_guest(cells, vcpus, mem_kib, &guest, NULL) < 0)
		return false;
	c->request = guest;
	goes = all_hold(c);
	vn_request_free(guest);
	c->request = NULL;
	return goes;
}

/* The most that a value may be: `goes` up to somewhere, and not above. */
static uint64_t most_units(struct common *c, uint32_t cells, uint32_t vcpus)
{
	uint64_t low = CELL_LEAST_KIB / CELL_UNIT_KIB, high = VN_GUEST_MEM_MAX_KIB;

	for (uint32_t i = 0; i < c->n_kinds; i++) {
		const vn_host *host = kind_at(c, i)->now;
		uint64_t most = 0;

		for (uint32_t node = 0; node < host->n_nodes; node++)
			if (host->nodes[node].mem_kib > most)
				most = host->nodes[node].mem_kib;
		high = most < high ? most : high;
	}
	high /= CELL_UNIT_KIB;
	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;

		if (guest_goes(c, cells, vcpus, middle * CELL_UNIT_KIB))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static uint32_t most_vcpus(struct common *c, uint32_t cells)
{
	uint32_t most = UINT32_MAX;

	for (uint32_t i = 0; i < c->n_kinds; i++) {
		const kind *k = kind_at(c, i);
		uint32_t largest = 0;

		for (uint32_t node = 0; node < k->n_nodes; node++)
			if (k->now->index->counts[node].present > largest)
				largest = k->now->index->counts[node].present;
		most = largest < most ? largest : most;
	}
	for (; most; most--)
		if (guest_goes(c, cells, most, CELL_LEAST_KIB))
			return most;
	return 0;
}

static int find_largest(struct common *c, vn_request **ret, vn_error *err)
{
	uint32_t best_cells = 0, best_vcpus = 0;
	uint64_t best_units = 0;

	for (uint32_t cells = 1; cells <= least_nodes(c); cells++) {
		uint32_t vcpus = most_vcpus(c, cells);
		uint64_t units;

		if (!vcpus || cells * vcpus < best_cells * best_vcpus)
			continue;
		units = most_units(c, cells, vcpus);
		if (cells * vcpus > best_cells * best_vcpus ||
		    cells * units > best_cells * best_units) {
			best_cells = cells;
			best_vcpus = vcpus;
			best_units = units;
		}
	}
	if (!best_cells) {
		if (err)
			*err = c->why;
		return c->why.code ? (int)c->why.code
				   : vn_fail(err, VN_E_NOFIT, "the hosts hold no guest at all");
	}
	c->why = (vn_error){ 0 };
	return make_guest(best_cells, best_vcpus, best_units * CELL_UNIT_KIB, ret, err);
}

/* ---- asking ---- */

static int list_kinds(struct common *c, const uint32_t *hosts, uint32_t n, vn_error *err)
{
	vn_fleet *fleet = c->fleet;
	bool *seen = calloc((size_t)fleet->n_kinds + 1, sizeof(*seen));

	c->kinds = calloc((size_t)fleet->n_kinds + 1, sizeof(*c->kinds));
	c->hosts = calloc((size_t)fleet->n_kinds + 1, sizeof(*c->hosts));
	n = hosts ? n : fleet->n_hosts;
	for (uint32_t i = 0; seen && c->kinds && c->hosts && i < n; i++) {
		uint32_t host = hosts ? hosts[i] : i;
		uint32_t kind_ix = fleet->pools[fleet->hosts[host].pool]->kind;

		if (seen[kind_ix])
			continue;
		seen[kind_ix] = true;
		view_empty(fleet->kinds[kind_ix]);
		c->kinds[c->n_kinds] = kind_ix;
		c->hosts[c->n_kinds++] = host;
	}
	free(seen);
	if (!seen || !c->kinds || !c->hosts)
		return vn_fail(err, VN_E_NOMEM, "no memory for a list of hosts");
	return n ? VN_OK : vn_fail(err, VN_E_RANGE, "a guest for no host at all");
}

/* A copy with arrays of its own where they are changed; all else is borrowed. */
static int copy_guest(const vn_request *like, vn_request **ret, vn_error *err)
{
	vn_arena *arena = vn_arena_new();
	vn_request *r = arena ? vn_arena_alloc(arena, 1, sizeof(*r)) : NULL;

	if (!r) {
		vn_arena_free(arena);
		return vn_fail(err, VN_E_NOMEM, "no memory for a guest");
	}
	*r = *like;
	r->arena = arena;
	*ret = r;
	return VN_OK;
}

static int own_arrays(vn_request *r, vn_error *err)
{
	uint32_t n = r->n_cells > VN_FLEET_NODES_MAX ? r->n_cells : VN_FLEET_NODES_MAX;
	vn_request_cell *cells = vn_arena_alloc(r->arena, n, sizeof(*cells));
	vn_request_pages *pages = vn_arena_alloc(r->arena, r->n_pages + 1, sizeof(*pages));

	if (!cells || !pages)
		return vn_fail(err, VN_E_NOMEM, "no memory for a guest");
	if (r->n_cells)
		memcpy(cells, r->cells, r->n_cells * sizeof(*cells));
	if (r->n_pages)
		memcpy(pages, r->pages, r->n_pages * sizeof(*pages));
	r->cells = cells;
	r->pages = pages;
	return VN_OK;
}

static int find(struct common *c, const vn_request *like, vn_error *err)
{
	vn_request *request = NULL;
	int r = like ? copy_guest(like, &request, err) : find_largest(c, &request, err);

	if (r < 0)
		return r;
	assert(request);
	c->request = request;
	c->as_given = *request;
	if ((r = own_arrays(request, err)) < 0 || (r = find_cells(c, err)) < 0)
		return r;
	return answer(c, err);
}

int vn_fleet_common_guest(vn_fleet *fleet, const uint32_t *hosts, uint32_t n,
			  const vn_request *like, vn_fleet_common *ret, vn_error *err)
{
	struct common *c;
	int r = VN_OK;

	for (uint32_t i = 0; hosts && i < n; i++)
		if (hosts[i] >= fleet->n_hosts)
			return vn_fail(err, VN_E_RANGE, "there is no host %u (the fleet has %u)",
				       hosts[i], fleet->n_hosts);
	c = calloc(1, sizeof(*c));
	if (c)
		c->placement = malloc(sizeof(*c->placement));
	if (!c || !c->placement) {
		free(c);
		return vn_fail(err, VN_E_NOMEM, "no memory for a guest");
	}
	c->fleet = fleet;
	if ((r = list_kinds(c, hosts, n, err)) == VN_OK)
		r = find(c, like, err);
	c->ret.request = c->request;
	if (r < 0)
		vn_fleet_common_clear(&c->ret);
	else
		*ret = c->ret;
	free(c->placement);
	free(c->kinds);
	free(c->hosts);
	free(c);
	return r;
}

void vn_fleet_common_clear(vn_fleet_common *common)
{
	vn_request_free(common->request);
	free(common->distance);
	*common = (vn_fleet_common){ 0 };
}
