/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Places for guests that have to move, each beside those before it. First the policy decides about
 * one after the other. When that leaves some behind, all ways are tried: hosts of one class are
 * alike, so one of them is looked at, but with server groups each host. */
#include "fleet/advice/advise.h"

#include <stdlib.h>

/* ---- movers ---- */

int movers_read(vn_fleet *fleet, const vn_claim *claims, uint32_t n, struct mover *ret,
		vn_error *err)
{
	for (uint32_t i = 0; i < n; i++) {
		struct mover *mover = &ret[i];
		const vn_request *request;
		int r;

		*mover = (struct mover){ .claim = claims[i], .unit = i };
		if ((r = vn_fleet_claim_info(fleet, claims[i], &mover->info, err)) < 0)
			return r;
		request = fleet->flavours[mover->info.flavour].request;
		mover->vcpus = request->vcpus;
		mover->mem_kib = request->mem_kib;
		mover->affinity = hard_group(fleet, mover->info.group) != NONE &&
				  fleet->groups[mover->info.group].rule.rule == VN_GROUP_AFFINITY;
	}
	return VN_OK;
}

/* Hosts that have room for the flavour now, whoever else it may depend on. */
static uint64_t count_hosts(vn_fleet *fleet, uint32_t flavour)
{
	uint64_t n = 0;

	for (uint32_t c = 0; c < fleet->n_classes; c++) {
		const struct class *class = &fleet->classes[c];

		if (class->root != NONE &&
		    label_filter(fleet, fleet->pools[class->pool], &fleet->flavours[flavour]) ==
			    VN_FILTER_COUNT &&
		    class_takes(fleet, c, flavour))
			n += fleet->treap[class->root].size;
	}
	return n;
}

static int by_need(const void *a, const void *b)
{
	const struct mover *x = a, *y = b;

	if (x->hosts != y->hosts)
		return x->hosts < y->hosts ? -1 : 1;
	if (x->vcpus != y->vcpus)
		return x->vcpus > y->vcpus ? -1 : 1;
	if (x->mem_kib != y->mem_kib)
		return x->mem_kib > y->mem_kib ? -1 : 1;
	if (x->info.group != y->info.group)
		return x->info.group < y->info.group ? -1 : 1;
	return x->claim < y->claim ? -1 : x->claim > y->claim;
}

static int by_unit(const void *a, const void *b)
{
	const struct mover *x = a, *y = b;

	return x->unit != y->unit ? (x->unit < y->unit ? -1 : 1) : by_need(a, b);
}

void movers_sort(vn_fleet *fleet, struct mover *movers, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t like = 0;

		while (movers[like].info.flavour != movers[i].info.flavour)
			like++;
		movers[i].hosts =
			like < i ? movers[like].hosts : count_hosts(fleet, movers[i].info.flavour);
	}
	qsort(movers, n, sizeof(*movers), by_need);
	for (uint32_t i = 0; i < n; i++) {
		movers[i].unit = i;
		for (uint32_t j = 0; j < i && movers[i].affinity; j++)
			if (movers[j].affinity && movers[j].info.group == movers[i].info.group) {
				movers[i].unit = movers[j].unit;
				break;
			}
	}
	qsort(movers, n, sizeof(*movers), by_unit);
}

/* The end of the unit that starts at `first`; all of them have left their group then. */
static uint32_t unit_leaves(struct moving *m, uint32_t first, int *r, vn_error *err)
{
	uint32_t end = first;

	*r = VN_OK;
	while (end < m->n && m->movers[end].unit == m->movers[first].unit && *r == VN_OK)
		*r = trial_leave(m->trial, &m->movers[end++].info, err);
	return end;
}

/* ---- one by one ---- */

static vn_fleet_ask ask_of(const struct moving *m, const struct mover *mover)
{
	return (vn_fleet_ask){ .flavour = mover->info.flavour,
			       .group = mover->info.group,
			       .partition = mover->info.partition,
			       .n_excluded = m->n_banned,
			       .excluded = m->banned };
}

static int take_best(struct moving *m, struct mover *mover, vn_error *err)
{
	vn_fleet_ask ask = ask_of(m, mover);
	uint32_t n;
	int r = vn_fleet_decide(m->trial->fleet, &ask, 1, &mover->to, &n, NULL);

	return r < 0 ? vn_fail(err, (enum vn_code)r, "no host for a guest that has to move")
		     : trial_claim(m->trial, &mover->to, NULL, err);
}

static int take_all(struct moving *m, uint32_t first, uint32_t end, vn_error *err)
{
	int r = VN_OK;

	for (uint32_t i = first; i < end && r == VN_OK; i++)
		r = take_best(m, &m->movers[i], err);
	return r;
}

/* Guests that have to be together: the first one's hosts in turn until the others find room. */
static int take_together(struct moving *m, uint32_t first, uint32_t end, vn_error *err)
{
	vn_fleet_ask ask = ask_of(m, &m->movers[first]);
	vn_fleet_choice choices[VN_FLEET_BEST_MAX];
	uint32_t n, mark = m->trial->n;
	int r = vn_fleet_decide(m->trial->fleet, &ask, VN_FLEET_BEST_MAX, choices, &n, NULL);

	if (r < 0)
		return vn_fail(err, (enum vn_code)r, "no host for guests that have to move");
	for (uint32_t i = 0; i < n; i++) {
		m->movers[first].to = choices[i];
		if ((r = trial_claim(m->trial, &choices[i], NULL, err)) < 0)
			return r;
		r = take_all(m, first + 1, end, err);
		if (r != VN_E_NOFIT)
			return r;
		trial_undo(m->trial, mark);
	}
	return r;
}

int movers_greedy(struct moving *m, vn_error *err)
{
	int stuck = 0;

	for (uint32_t first = 0, end; first < m->n; first = end) {
		uint32_t mark = m->trial->n;
		int r;

		end = unit_leaves(m, first, &r, err);
		if (r == VN_OK)
			r = end - first > 1 ? take_together(m, first, end, err)
					    : take_best(m, &m->movers[first], err);
		if (r < 0 && r != VN_E_NOFIT)
			return r;
		if (r < 0)
			trial_undo(m->trial, mark);
		for (uint32_t i = first; i < end; i++) {
			m->movers[i].stuck = r < 0;
			stuck += r < 0;
		}
	}
	return stuck;
}

/* ---- all ways ---- */

struct target {
	score score;
	uint32_t host;
};
struct targets {
	uint32_t n;
	struct target *list;
};

static int by_score(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	if (!score_equal(&x->score, &y->score))
		return score_less(&x->score, &y->score) ? -1 : 1;
	return x->host < y->host ? -1 : x->host > y->host;
}

static bool is_banned(const struct moving *m, uint32_t host)
{
	for (uint32_t i = 0; i < m->n_banned; i++)
		if (m->banned[i] == host)
			return true;
	return false;
}

static void add_target(struct moving *m, const struct mover *mover, uint32_t host,
		       struct targets *ret)
{
	vn_fleet *fleet = m->trial->fleet;
	uint32_t group = hard_group(fleet, mover->info.group);

	if (group == NONE || group_allows(fleet, group, mover->info.partition, host))
		ret->list[ret->n++] = (struct target){
			class_score(fleet, fleet->hosts[host].class, mover->info.flavour), host
		};
}

/* One host of each class, or with server groups all of them, the best first. */
static bool list_targets(struct moving *m, const struct mover *mover, bool each,
			 struct targets *ret)
{
	vn_fleet *fleet = m->trial->fleet;

	*ret = (struct targets){ .list = calloc((size_t)fleet->n_hosts + 1, sizeof(*ret->list)) };
	for (uint32_t c = 0; ret->list && c < fleet->n_classes; c++) {
		const struct class *class = &fleet->classes[c];
		uint32_t host;

		if (class->root == NONE ||
		    label_filter(fleet, fleet->pools[class->pool],
				 &fleet->flavours[mover->info.flavour]) != VN_FILTER_COUNT ||
		    !class_takes(fleet, c, mover->info.flavour))
			continue;
		for (host = treap_first(fleet, class->root); host != NONE;
		     host = treap_after(fleet, class->root, host)) {
			if (is_banned(m, host))
				continue;
			add_target(m, mover, host, ret);
			if (!each)
				break;
		}
	}
	if (ret->list)
		qsort(ret->list, ret->n, sizeof(*ret->list), by_score);
	return ret->list != NULL;
}

/* The nodes of a host that the mover could have, the policy's first. False: there may be more. */
static bool list_nodes(vn_fleet *fleet, const struct mover *mover, uint32_t host, uint64_t *ret,
		       uint32_t *n)
{
	kind *k = fleet->kinds[fleet->pools[fleet->hosts[host].pool]->kind];
	const struct recipe *recipe = recipe_of(fleet, k, mover->info.flavour);
	const struct subsets *subsets;
	struct best_option best;

	*n = 0;
	if (!option_on_host(fleet, host, mover->info.flavour, &best))
		return true;
	ret[(*n)++] = best.nodes;
	if (recipe->way != RECIPE_SIMPLE)
		return k->n_nodes == 1;
	subsets = subsets_of(fleet, k, recipe->cells);
	for (uint32_t i = 0; i < subsets->n; i++)
		if (subsets->masks[i] != best.nodes)
			ret[(*n)++] = subsets->masks[i];
	return true;
}

static bool search_from(struct moving *m, uint32_t at, bool each);

static bool search_host(struct moving *m, uint32_t at, bool each, const struct target *target)
{
	struct mover *mover = &m->movers[at];
	uint64_t nodes[SUBSETS_MAX + 1];
	uint32_t n, mark = m->trial->n;

	m->exact &= list_nodes(m->trial->fleet, mover, target->host, nodes, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!m->tries) {
			m->exact = false;
			return false;
		}
		m->tries--;
		mover->to = (vn_fleet_choice){ .flavour = mover->info.flavour,
					       .group = mover->info.group,
					       .partition = mover->info.partition,
					       .host = target->host,
					       .nodes = nodes[i],
					       .score = target->score };
		if (trial_claim(m->trial, &mover->to, NULL, NULL) < 0)
			continue;
		if (search_from(m, at + 1, each))
			return true;
		trial_undo(m->trial, mark);
	}
	return false;
}

static bool search_from(struct moving *m, uint32_t at, bool each)
{
	uint32_t mark = m->trial->n;
	struct targets targets;
	bool found = false;
	int r = VN_OK;

	if (at == m->n)
		return true;
	if (at == 0 || m->movers[at - 1].unit != m->movers[at].unit)
		unit_leaves(m, at, &r, NULL);
	if (r < 0 || !list_targets(m, &m->movers[at], each, &targets)) {
		m->exact = false;
		trial_undo(m->trial, mark);
		return false;
	}
	for (uint32_t i = 0; i < targets.n && !found && m->tries; i++)
		found = search_host(m, at, each, &targets.list[i]);
	free(targets.list);
	if (!found) {
		m->exact &= m->tries != 0;
		trial_undo(m->trial, mark);
	}
	return found;
}

static int by_pins(const void *a, const void *b)
{
	const struct mover *x = a, *y = b;

	if (x->pins != y->pins)
		return x->pins < y->pins ? -1 : 1;
	return by_unit(a, b);
}

/* Pins may be taken from under floating vCPUs, but these need CPUs without pins when they come. So
 * who floats goes first, and no other order does better. False: it may, since some do both. */
static bool floating_first(const struct moving *m)
{
	const vn_fleet *fleet = m->trial->fleet;
	uint32_t both = 0, same = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct flavour *f = &fleet->flavours[m->movers[i].info.flavour];

		m->movers[i].pins = f->some_dedicated;
		both += f->some_dedicated && !f->all_dedicated;
	}
	for (uint32_t i = 1; i < m->n; i++) /* a unit goes when the last of it may */
		if (m->movers[i].unit == m->movers[i - 1].unit) {
			same += m->movers[i].pins != m->movers[i - 1].pins;
			m->movers[i].pins |= m->movers[i - 1].pins;
		}
	for (uint32_t i = m->n; i-- > 1;)
		if (m->movers[i].unit == m->movers[i - 1].unit)
			m->movers[i - 1].pins = m->movers[i].pins;
	qsort(m->movers, m->n, sizeof(*m->movers), by_pins);
	return both < 2 && !same;
}

bool movers_search(struct moving *m)
{
	bool each = false, any_order = floating_first(m);

	for (uint32_t i = 0; i < m->n; i++)
		each |= m->movers[i].info.group != NONE;
	m->exact = true;
	if (!search_from(m, 0, each)) {
		m->exact &= any_order;
		return false;
	}
	for (uint32_t i = 0; i < m->n; i++)
		m->movers[i].stuck = false;
	return true;
}

/* ---- the plan ---- */

int plan_take_moves(const struct moving *m, vn_fleet_plan *plan, vn_error *err)
{
	plan->moves = calloc((size_t)m->n + 1, sizeof(*plan->moves));
	if (!plan->moves)
		return vn_fail(err, VN_E_NOMEM, "no memory for a plan");
	plan->n_moves = plan->vcpus = 0;
	plan->mem_kib = 0;
	for (uint32_t i = 0; i < m->n; i++) {
		const struct mover *mover = &m->movers[i];

		if (mover->stuck)
			continue;
		plan->moves[plan->n_moves++] = (vn_fleet_move){ .claim = mover->claim,
								.flavour = mover->info.flavour,
								.group = mover->info.group,
								.partition = mover->info.partition,
								.from = mover->info.host,
								.to = mover->to.host,
								.from_nodes = mover->info.nodes,
								.nodes = mover->to.nodes,
								.unit = mover->unit };
		plan->vcpus += mover->vcpus;
		plan->mem_kib += mover->mem_kib;
	}
	return VN_OK;
}

void vn_fleet_plan_clear(vn_fleet_plan *plan)
{
	free(plan->moves);
	free(plan->stuck);
	*plan = (vn_fleet_plan){ 0 };
}

int vn_fleet_move_claim(vn_fleet *fleet, const vn_fleet_move *move, vn_claim *ret, vn_error *err)
{
	vn_fleet_choice choice = { .flavour = move->flavour,
				   .group = move->group,
				   .partition = move->partition,
				   .host = move->to,
				   .nodes = move->nodes };
	uint64_t came = fleet->came, left = fleet->left; /* who moves does neither */
	vn_claim_info info;
	vn_claim claim;
	int r;

	if ((r = vn_fleet_claim_info(fleet, move->claim, &info, err)) < 0)
		return r;
	if (info.host != move->from || info.flavour != move->flavour)
		return vn_fail(err, VN_E_RANGE, "the claim is on host %u and not on host %u",
			       info.host, move->from);
	if ((r = vn_fleet_claim(fleet, &choice, &claim, err)) < 0)
		return r;
	if ((r = vn_fleet_release(fleet, move->claim, err)) < 0) {
		vn_fleet_release(fleet, claim, NULL);
		return r;
	}
	fleet->came = came;
	fleet->left = left;
	*ret = claim;
	return VN_OK;
}
