/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma apply --all: every running guest to where it would be if all of them were placed anew, the
 * ones that cannot move first, then the largest; unless that is no better than where they are, in
 * which case each is brought back to its own place. Guests move one at a time, each into what is
 * free at that moment: never more is taken than there is. Two that wait for each other's place are
 * let past each other by moving one of them to any other node first. */
#include "apply.h"

#include <stdlib.h>
#include <string.h>

struct one {
	const char *name; /* in the first inventory */
	bool unreadable, moves;
	uint64_t size_kib;
	vn_nodeset from, to; /* nodes of its CPUs: now, and where it is to be */
	bool done, detour;
	vn_placement *simulated; /* dry run: where it is by now; NULL: where it was */
};

struct all {
	struct act *act;
	vn_running *first;
	uint32_t n;
	struct one *guests;
	bool repack; /* `to` counts */
};

/* What two ways to place all guests are compared by; lower is better. */
struct total {
	uint64_t remote, distance;
	uint32_t nodes;
};

/* ---- hosts without some guests ---- */

static struct one *find_one(struct all *all, const char *name)
{
	for (uint32_t i = 0; i < all->n; i++)
		if (!strcmp(all->guests[i].name, name))
			return &all->guests[i];
	return NULL;
}

/* The host now, without `except` (NULL: without all of ours). In a dry run those that would have
 * moved are counted where they would be. */
static int read_without(struct all *all, const struct one *except, vn_running **ret, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	bool *out;
	int r = act_read(all->act, NULL, &running, err);

	if (r < 0)
		return r;
	out = calloc(running->n_guests ? running->n_guests : 1, sizeof(*out));
	if (!out)
		return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
	for (uint32_t i = 0; i < running->n_guests; i++) {
		const struct one *one = find_one(all, running->guests[i].name);

		out[i] = one && !one->unreadable && (!except || one == except || one->simulated);
		if (all->act->values->take_over && running->guests[i].policy)
			vn_request_take_over(running->guests[i].policy);
	}
	vn_running_account_some(running, out);
	free(out);
	for (uint32_t i = 0; i < all->n && except; i++)
		if (all->guests[i].simulated && &all->guests[i] != except)
			vn_host_take(running->host, all->guests[i].simulated);
	*ret = VN_STEAL(running);
	return VN_OK;
}

static vn_nodeset cpu_nodes(const vn_host *host, const vn_placement *placement)
{
	vn_nodeset nodes = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++)
		vn_nodeset_add(&nodes, host->nodes[placement->cells[c].node_ix].id);
	return nodes;
}

static void add_cost(struct total *total, const vn_placement *placement)
{
	total->remote += placement->cost.devices_remote;
	total->distance += placement->cost.distance;
}

static bool is_better(const struct all *all, const struct total *a, const struct total *b)
{
	if (a->remote != b->remote)
		return a->remote < b->remote;
	if (a->distance != b->distance)
		return a->distance < b->distance;
	return all->act->options.strategy == VN_STRATEGY_PACK && a->nodes < b->nodes;
}

/* ---- the aim ---- */

/* Each guest in its own place. False: one has no legal place where it is. */
static bool cost_now(struct all *all, struct total *total)
{
	vn_live_options options = { .place = &all->act->options };
	vn_nodeset used = { 0 };
	bool legal = true;

	for (uint32_t i = 0; i < all->n; i++) {
		struct one *one = &all->guests[i];
		VN_AUTO(vn_running) running = NULL;
		const vn_guest *guest;
		bool kept = false;

		if (one->unreadable || read_without(all, one, &running, NULL) < 0 ||
		    !(guest = cli_find_guest(running, one->name)))
			continue;
		if (vn_guest_plan(running->host, guest, &options, all->act->placement, &kept,
				  NULL) < 0 ||
		    !kept) {
			legal = false;
			continue;
		}
		one->from = cpu_nodes(running->host, all->act->placement);
		vn_nodeset_or(&used, &one->from);
		add_cost(total, all->act->placement);
	}
	total->nodes = vn_nodeset_count(&used);
	return legal;
}

static int by_size(const void *one, const void *two)
{
	const struct one *a = one, *b = two;

	if (a->moves != b->moves)
		return a->moves ? 1 : -1;
	if (a->size_kib != b->size_kib)
		return a->size_kib > b->size_kib ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* All of them placed anew, one after the other, on the host without them. False: they do not fit in
 * this order. */
static bool find_aim(struct all *all, struct total *total)
{
	VN_AUTO(vn_running) running = NULL;
	vn_nodeset used = { 0 };

	if (read_without(all, NULL, &running, NULL) < 0)
		return false;
	for (uint32_t i = 0; i < all->n; i++) {
		struct one *one = &all->guests[i];
		const vn_guest *guest = cli_find_guest(running, one->name);
		vn_live_options options = { .place = &all->act->options, .anew = one->moves };
		bool kept;

		if (one->unreadable || !guest)
			continue;
		if (vn_guest_plan(running->host, guest, &options, all->act->placement, &kept,
				  NULL) < 0)
			return false;
		vn_host_take(running->host, all->act->placement);
		one->to = cpu_nodes(running->host, all->act->placement);
		vn_nodeset_or(&used, &one->to);
		add_cost(total, all->act->placement);
	}
	total->nodes = vn_nodeset_count(&used);
	return true;
}

/* ---- the steps ---- */

static int simulate(struct one *one, const vn_placement *placement, vn_error *err)
{
	if (!one->simulated)
		one->simulated = calloc(1, sizeof(*one->simulated));
	if (!one->simulated)
		return vn_fail(err, VN_E_NOMEM, "no memory for the dry run");
	*one->simulated = *placement;
	return VN_OK;
}

/* One step, if there is room for it now. VN_E_NOFIT: there is none. */
static int step(struct all *all, struct one *one, const vn_live_options *options, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	const vn_guest *guest;
	bool kept;
	int r = read_without(all, one, &running, err);

	if (r < 0)
		return r;
	guest = cli_find_guest(running, one->name);
	if (!guest || guest->state == VN_GUEST_OFF)
		return VN_OK; /* it has ended by itself */
	r = vn_guest_plan(running->host, guest, options, all->act->placement, &kept, err);
	if (r < 0)
		return r;
	if (all->act->values->dry_run) {
		vn_text_addf(&all->act->output->answer, "guest '%s' would %s\n", one->name,
			     kept ? "stay" : "be moved");
		act_add_cells(&all->act->output->answer, running->host, guest->policy,
			      all->act->placement);
		return simulate(one, all->act->placement, err);
	}
	return apply_guest(all->act, one->name, options, err);
}

static int step_to_aim(struct all *all, struct one *one, vn_error *err)
{
	bool there = !all->repack || vn_nodeset_equal(&one->from, &one->to);
	vn_live_options options = { .place = &all->act->options, .nodes = there ? NULL : &one->to };

	return step(all, one, &options, err);
}

/* Anywhere but where it is, to let another one pass. */
static int step_aside(struct all *all, struct one *one, vn_error *err)
{
	vn_live_options options = { .place = &all->act->options, .anew = true };
	vn_nodeset others = { 0 };

	for (uint32_t i = 0; i < all->first->host->n_nodes; i++)
		vn_nodeset_add(&others, all->first->host->nodes[i].id);
	vn_nodeset_minus(&others, &one->from);
	if (vn_nodeset_is_empty(&others))
		return vn_fail(err, VN_E_NOFIT, "no other node");
	options.nodes = &others;
	return step(all, one, &options, err);
}

static bool is_refusal(int r)
{
	return r == VN_E_NOFIT || r == VN_E_CONFLICT || r == VN_E_RANGE;
}

/* Every guest that can go to its aim now does. Fails only when something broke. */
static int round_of_steps(struct all *all, bool *moved, vn_error *err)
{
	*moved = false;
	for (uint32_t i = 0; i < all->n; i++) {
		struct one *one = &all->guests[i];
		int r;

		if (one->done || one->unreadable)
			continue;
		r = step_to_aim(all, one, err);
		if (r == VN_OK)
			one->done = *moved = true;
		else if (!is_refusal(r))
			return r;
	}
	return VN_OK;
}

static int let_past(struct all *all, bool *moved, vn_error *err)
{
	*moved = false;
	for (uint32_t i = all->n; i-- > 0 && !*moved;) { /* the smallest first */
		struct one *one = &all->guests[i];
		int r;

		if (one->done || one->detour || one->unreadable || !one->moves)
			continue;
		one->detour = true;
		r = step_aside(all, one, err);
		if (r == VN_OK)
			*moved = true;
		else if (!is_refusal(r))
			return r;
	}
	return VN_OK;
}

static int run_steps(struct all *all, vn_error *err)
{
	vn_error why = { 0 };
	bool moved = true, aside = true;
	int r = VN_OK;

	while (r == VN_OK && (moved || aside)) {
		r = round_of_steps(all, &moved, &why);
		aside = false;
		if (r == VN_OK && !moved && all->repack)
			r = let_past(all, &aside, &why);
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

/* Those that could not be helped: why, for each; the first is the error. */
static int say_rest(struct all *all, vn_error *err)
{
	int r = VN_OK;

	for (uint32_t i = 0; i < all->n; i++) {
		struct one *one = &all->guests[i];
		vn_error why = { 0 };
		char line[600];

		if (one->done || one->unreadable)
			continue;
		if (step_to_aim(all, one, &why) == VN_OK)
			continue;
		vn_text_addf(&all->act->output->notes, "guest '%s' stays as it is: %s\n", one->name,
			     vn_error_format(&why, line, sizeof(line)));
		if (r == VN_OK)
			r = vn_fail(err, VN_E_NOFIT, "not every guest has a place of its plan");
	}
	return r;
}

/* ---- the whole ---- */

static int list_guests(struct all *all, vn_error *err)
{
	int r = act_read(all->act, NULL, &all->first, err);

	if (r < 0)
		return r;
	all->n = all->first->n_guests;
	all->guests = calloc(all->n ? all->n : 1, sizeof(*all->guests));
	if (!all->guests)
		return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
	for (uint32_t i = 0; i < all->n; i++) {
		const vn_guest *guest = &all->first->guests[i];
		struct one *one = &all->guests[i];

		*one = (struct one){ .name = guest->name };
		one->unreadable = !guest->config || !guest->policy;
		if (one->unreadable) {
			vn_text_addf(&all->act->output->notes, "guest '%s' stays as it is: %s\n",
				     guest->name, guest->unreadable.text);
			continue;
		}
		one->moves = vn_guest_memory_stays(guest) == VN_MEMORY_MOVES;
		one->size_kib = guest->config->mem_kib;
	}
	qsort(all->guests, all->n, sizeof(*all->guests), by_size);
	return VN_OK;
}

int apply_all(struct act *act, vn_error *err)
{
	struct all all = { .act = act };
	struct total now = { 0 }, aim = { 0 };
	bool legal;
	int r = list_guests(&all, err);

	if (r == VN_OK) {
		legal = cost_now(&all, &now);
		all.repack = find_aim(&all, &aim) && (!legal || is_better(&all, &aim, &now));
		r = run_steps(&all, err);
	}
	if (r == VN_OK)
		r = say_rest(&all, err);
	if (r == VN_OK && !all.n)
		vn_text_add(&act->output->answer, "no guest runs\n");
	if (r < 0)
		cli_keep_source(act->output, err);
	for (uint32_t i = 0; i < all.n && all.guests; i++)
		free(all.guests[i].simulated);
	free(all.guests);
	vn_running_free(all.first);
	return r;
}
