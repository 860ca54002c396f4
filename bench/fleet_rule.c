/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rule that chooses a host: the one where the guest costs the fleet the smallest share of its
 * room for other guests.
 *
 * For each kind of guest that was asked for so far, a host has so many slots: guests of this kind
 * alone that it would take. Each host that takes the guest (vn_place, fullest nodes first) is
 * tried: the slots that are lost there, as a share of the slots of that kind on all hosts, are
 * weighed by the vCPUs of the kind and by how often it was asked for, and summed. The least sum
 * wins, then the fullest host. What many hosts can take may be lost; what hardly any can take may
 * not.
 *
 * A node becomes counts once: free threads, of them those with a free sibling, whole free cores;
 * how many cells of a kind go there is then a division. */
#include "fleet.h"

enum {
	SHARE_OF_1 = 1 << 20,
	FREE_CPUS_MAX =
		VN_CPU_MAX + 1, /* more than a host has: ties are broken below a cost of 1 */
};

struct room {
	uint32_t threads, paired, cores; /* free; paired: threads with a free sibling */
	const vn_node *node;
};

static uint32_t least(uint32_t a, uint64_t b)
{
	return b < a ? (uint32_t)b : a;
}

static struct fleet_kind kind_of(const vn_request *request)
{
	uint32_t cells = request->n_cells ? request->n_cells : 1;
	struct fleet_kind kind = { .cells = cells,
				   .cell_vcpus = request->vcpus / cells,
				   .threads = request->thread_policy,
				   .cell_mem_kib = request->mem_kib / cells };

	if (request->n_pages && request->pages[0].want == VN_PAGES_SIZE)
		kind.page_kib = request->pages[0].page_kib;
	return kind;
}

static bool is_same(const struct fleet_kind *a, const struct fleet_kind *b)
{
	return a->cells == b->cells && a->cell_vcpus == b->cell_vcpus && a->threads == b->threads &&
	       a->cell_mem_kib == b->cell_mem_kib && a->page_kib == b->page_kib;
}

static struct room room_of(const vn_host *host, const vn_node *node)
{
	uint8_t all[VN_CPU_MAX] = { 0 }, free[VN_CPU_MAX] = { 0 }; /* threads, by core */
	struct room room = { .node = node };
	vn_cpuset left = vn_node_free_pcpus(node);

	VN_CPUSET_EACH(cpu, &node->pcpus)
		all[host->cpus[cpu].core]++;
	VN_CPUSET_EACH(cpu, &left)
		free[host->cpus[cpu].core]++;
	for (uint32_t core = 0; core < host->n_cores; core++) {
		room.threads += free[core];
		room.paired += free[core] >= 2 ? free[core] : 0;
		room.cores += free[core] && free[core] == all[core];
	}
	return room;
}

static uint64_t free_kib(const vn_node *node, const struct fleet_kind *kind)
{
	const vn_pages *pages = kind->page_kib ? vn_node_pages(node, kind->page_kib) : node->pages;

	return pages ? vn_pages_free(pages) * pages->size_kib : 0;
}

/* How many cells of this kind a node takes. An odd number of siblings costs one thread more. */
static uint32_t node_slots(const struct room *room, const struct fleet_kind *kind)
{
	uint32_t vcpus = kind->cell_vcpus, slots = room->threads / vcpus;

	if (kind->threads == VN_THREADS_ISOLATE)
		slots = room->cores / vcpus;
	if (kind->threads == VN_THREADS_REQUIRE)
		slots = room->paired / (vcpus + vcpus % 2);
	return slots ? least(slots, free_kib(room->node, kind) / kind->cell_mem_kib) : 0;
}

/* How many guests of `cells` cells, each cell on another node, where node i takes slots[i] of them:
 * the largest g that the nodes can serve with min(g, slots[i]) cells each. */
static uint32_t host_slots(const uint32_t *slots, uint32_t n_nodes, uint32_t cells)
{
	uint32_t sum = 0, guests;

	for (uint32_t i = 0; i < n_nodes; i++)
		sum += slots[i];
	for (guests = sum / cells; guests; guests--) {
		sum = 0;
		for (uint32_t i = 0; i < n_nodes; i++)
			sum += least(guests, slots[i]);
		if (sum >= guests * cells)
			break;
	}
	return guests;
}

/* ret: [n_kinds]. Returns the free CPUs of the host. */
static uint32_t count_slots(const vn_host *host, const struct fleet_kind *kinds, uint32_t n_kinds,
			    uint32_t *ret)
{
	struct room rooms[VN_CELL_MAX];
	uint32_t slots[VN_CELL_MAX], n = least(host->n_nodes, VN_CELL_MAX), free_cpus = 0;

	for (uint32_t i = 0; i < n; i++) {
		rooms[i] = room_of(host, &host->nodes[i]);
		free_cpus += rooms[i].threads;
	}
	for (uint32_t k = 0; k < n_kinds; k++) {
		for (uint32_t i = 0; i < n; i++)
			slots[i] = node_slots(&rooms[i], &kinds[k]);
		ret[k] = host_slots(slots, n, kinds[k].cells);
	}
	return free_cpus;
}

/* Count the guest's kind. Kinds beyond FLEET_KINDS_MAX are not counted. */
static void learn(struct fleet *fleet, const vn_request *request)
{
	struct fleet_kind kind = kind_of(request);
	uint32_t i = 0;

	while (i < fleet->n_kinds && !is_same(&fleet->kinds[i], &kind))
		i++;
	if (i == FLEET_KINDS_MAX)
		return;
	if (i == fleet->n_kinds) {
		fleet->kinds[fleet->n_kinds++] = kind;
		for (uint32_t h = 0; h < FLEET_HOSTS; h++)
			count_slots(fleet->hosts[h], &kind, 1, &fleet->slots[h][i]);
	}
	fleet->kinds[i].times++;
}

static uint64_t fleet_slots(const struct fleet *fleet, uint32_t kind)
{
	uint64_t n = 0;

	for (uint32_t host = 0; host < FLEET_HOSTS; host++)
		n += fleet->slots[host][kind];
	return n;
}

static uint64_t cost(const struct fleet *fleet, uint32_t host, const vn_placement *placement)
{
	uint32_t after[FLEET_KINDS_MAX], free_cpus;
	uint64_t sum = 0;

	vn_host_take(fleet->hosts[host], placement);
	free_cpus = count_slots(fleet->hosts[host], fleet->kinds, fleet->n_kinds, after);
	vn_host_release(fleet->hosts[host], placement);
	for (uint32_t k = 0; k < fleet->n_kinds; k++) {
		const struct fleet_kind *kind = &fleet->kinds[k];
		uint64_t lost = fleet->slots[host][k] - after[k];

		if (lost)
			sum += kind->times * kind->cells * kind->cell_vcpus * lost * SHARE_OF_1 /
			       fleet_slots(fleet, k);
	}
	return sum * FREE_CPUS_MAX + free_cpus;
}

int fleet_choose(struct fleet *fleet, const vn_request *request, vn_placement **best,
		 vn_placement **spare)
{
	vn_place_options options = vn_place_defaults;
	uint64_t least_cost = UINT64_MAX;
	int chosen = -1;

	options.strategy = VN_STRATEGY_PACK;
	learn(fleet, request);
	for (uint32_t host = 0; host < FLEET_HOSTS; host++) {
		vn_placement *tried = *spare;
		uint64_t here;

		if (vn_place(fleet->hosts[host], request, &options, tried, NULL) < 0)
			continue;
		here = cost(fleet, host, tried);
		if (here < least_cost) {
			*spare = *best;
			*best = tried;
			least_cost = here;
			chosen = (int)host;
		}
	}
	return chosen;
}

static void recount(struct fleet *fleet, uint32_t host)
{
	count_slots(fleet->hosts[host], fleet->kinds, fleet->n_kinds, fleet->slots[host]);
}

void fleet_take(struct fleet *fleet, uint32_t host, const vn_placement *placement)
{
	vn_host_take(fleet->hosts[host], placement);
	recount(fleet, host);
}

void fleet_release(struct fleet *fleet, uint32_t host, const vn_placement *placement)
{
	vn_host_release(fleet->hosts[host], placement);
	recount(fleet, host);
}
