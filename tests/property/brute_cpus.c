/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The CPUs of one node, rules 2 to 8: the cores one after the other, every way to take each, and
 * for each state that can be reached the fewest cores broken. A state says what is still to be
 * taken. */
#include "brute.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS = BRUTE_CELLS + 1 };

/* One core for this guest: free CPUs for pins, of them `apart` where no floating vCPU may run. */
struct core {
	int32_t number;
	uint32_t online, free, apart;
};

/* What is to be taken, and how states are numbered. Under `prefer` and `isolate` the pins of
 * different cells are alike, under `require` single pins are; but for the cell that the emulator
 * belongs to, whose cores it keeps off if that can be helped (0001, 8). */
struct taking {
	enum vn_thread_policy policy;
	bool apart;				  /* the emulator is kept off its cell's cores */
	uint32_t n_cores, n_groups, pins[GROUPS]; /* by group; 0 is the emulator's cell */
	uint32_t singles, extra, slack;		  /* slack: CPUs that floating vCPUs can spare */
	struct core cores[BRUTE_NODE_CPUS];
	uint32_t states;
	uint8_t *now, *next; /* [state] fewest broken; NO_FIT: not reached */
};

/* What is still to be taken. */
struct left {
	uint32_t pins[GROUPS];
	bool lone[GROUPS]; /* the group has its one lone pin (require) */
	uint32_t singles, extra, slack;
};

static uint32_t number_of(const struct taking *t, const struct left *left)
{
	uint32_t number = 0;

	for (uint32_t g = 0; g < t->n_groups; g++)
		number = (number * (t->pins[g] + 1) + left->pins[g]) * 2 + left->lone[g];
	number = number * (t->singles + 1) + left->singles;
	number = number * (t->extra + 1) + left->extra;
	return number * (t->slack + 1) + left->slack;
}

static struct left left_of(const struct taking *t, uint32_t number)
{
	struct left left = { 0 };

	left.slack = number % (t->slack + 1);
	number /= t->slack + 1;
	left.extra = number % (t->extra + 1);
	number /= t->extra + 1;
	left.singles = number % (t->singles + 1);
	number /= t->singles + 1;
	for (uint32_t g = t->n_groups; g-- > 0;) {
		left.lone[g] = number % 2;
		number /= 2;
		left.pins[g] = number % (t->pins[g] + 1);
		number /= t->pins[g] + 1;
	}
	return left;
}

/* A core is left with `taken` of its CPUs gone. */
static void reach(struct taking *t, const struct core *core, struct left left, uint32_t taken,
		  uint8_t broken)
{
	uint32_t lost = taken > core->apart ? taken - core->apart : 0, number;

	if (lost > left.slack)
		return;
	left.slack -= lost;
	broken += core->free == core->online && taken && taken < core->online;
	number = number_of(t, &left);
	if (broken < t->next[number])
		t->next[number] = broken;
}

/* Pins that stand alone in their cell, any number, each where two threads are still free. */
static void take_singles(struct taking *t, const struct core *core, struct left left,
			 uint32_t taken, uint8_t broken)
{
	for (;;) {
		reach(t, core, left, taken, broken);
		if (!left.singles || core->free < taken + 2)
			return;
		left.singles--;
		taken++;
	}
}

/* Any number of pins of each group; under `require` two or more, or the lone one, where two threads
 * are still free. The emulator's CPU comes after group 0. own: pins of group 0 are on this core. */
static void take_groups(struct taking *t, const struct core *core, struct left left, uint32_t g,
			uint32_t taken, bool own, uint8_t broken)
{
	bool require = t->policy == VN_THREADS_REQUIRE;

	if (g == 1 && left.extra && taken < core->free && !(own && t->apart)) {
		struct left after = left;

		after.extra--;
		take_groups(t, core, after, g, taken + 1, own, broken);
	}
	if (g == t->n_groups) {
		take_singles(t, core, left, taken, broken);
		return;
	}
	for (uint32_t n = 0; n <= left.pins[g] && taken + n <= core->free; n++) {
		struct left after = left;

		if (n && require && core->free < taken + 2)
			break;
		if (n == 1 && require && left.lone[g])
			continue;
		after.pins[g] -= n;
		after.lone[g] |= n == 1 && require;
		take_groups(t, core, after, g + 1, taken + n, own || (n && !g), broken);
	}
}

/* One pin and the idle rest of a whole core; or the core is left to the emulator. */
static void take_isolated(struct taking *t, const struct core *core, struct left left,
			  uint8_t broken)
{
	reach(t, core, left, 0, broken);
	if (left.extra && core->free) {
		struct left after = left;

		after.extra--;
		reach(t, core, after, 1, broken);
	}
	for (uint32_t g = 0; g < t->n_groups && core->free == core->online; g++) {
		struct left after = left;

		if (!left.pins[g])
			continue;
		after.pins[g]--;
		reach(t, core, after, core->online, broken);
	}
}

static uint8_t take_all(struct taking *t)
{
	struct left all = { .singles = t->singles, .extra = t->extra, .slack = t->slack }, none;
	uint8_t least = NO_FIT;

	memcpy(all.pins, t->pins, sizeof(all.pins));
	memset(t->now, NO_FIT, t->states);
	t->now[number_of(t, &all)] = 0;
	for (uint32_t i = 0; i < t->n_cores; i++) {
		uint8_t *swap = t->now;

		memset(t->next, NO_FIT, t->states);
		for (uint32_t number = 0; number < t->states; number++) {
			struct left left = left_of(t, number);

			if (t->now[number] == NO_FIT)
				continue;
			if (t->policy == VN_THREADS_ISOLATE)
				take_isolated(t, &t->cores[i], left, t->now[number]);
			else
				take_groups(t, &t->cores[i], left, 0, 0, false, t->now[number]);
		}
		t->now = t->next;
		t->next = swap;
	}
	for (uint32_t number = 0; number < t->states; number++) {
		none = left_of(t, number);
		for (uint32_t g = 0; g < t->n_groups; g++)
			none.extra += none.pins[g];
		if (!none.extra && !none.singles && t->now[number] < least)
			least = t->now[number];
	}
	return least;
}

static void list_cores(const struct question *q, uint32_t node_ix, const vn_cpuset *free,
		       const vn_cpuset *floats, struct taking *t)
{
	for (uint32_t cpu = 0; cpu < q->host->n_cpus; cpu++) {
		uint32_t at = 0;

		if (q->host->cpus[cpu].node_ix != (int32_t)node_ix)
			continue;
		while (at < t->n_cores && t->cores[at].number != q->host->cpus[cpu].core)
			at++;
		if (at == t->n_cores)
			t->cores[t->n_cores++] = (struct core){ .number = q->host->cpus[cpu].core };
		t->cores[at].online++;
		t->cores[at].free += vn_cpuset_has(free, cpu);
		t->cores[at].apart += vn_cpuset_has(free, cpu) && !vn_cpuset_has(floats, cpu);
	}
}

/* Group 0 is the cell of the emulator; others have groups of their own only where it matters. */
static void add_pins(struct taking *t, const struct cut_cell *cell)
{
	bool require = t->policy == VN_THREADS_REQUIRE;

	if (!t->n_groups)
		t->n_groups = 1;
	if (cell->extra)
		t->pins[0] = cell->pins;
	else if (require && cell->pins == 1)
		t->singles++;
	else if (require && cell->pins)
		t->pins[t->n_groups++] = cell->pins;
	else if (cell->pins) {
		t->n_groups = 2;
		t->pins[1] += cell->pins;
	}
}

static uint32_t count_cores(const vn_host *host, const vn_cpuset *cpus)
{
	uint32_t n = 0;

	VN_CPUSET_EACH(cpu, cpus) {
		bool first = true;

		VN_CPUSET_EACH(before, cpus)
			first &= before >= cpu || host->cpus[before].core != host->cpus[cpu].core;
		n += first;
	}
	return n;
}

/* Rule 3 before pins: enough CPUs (or cores), and within the ratio. */
static bool floats_fit(const struct question *q, uint32_t node_ix, uint32_t floating,
		       const vn_cpuset *floats, enum vn_hold hold)
{
	uint64_t ratio = q->options->cpu_ratio_percent, cpus = vn_cpuset_count(floats);

	if (floating > cpus || (hold == HOLD_CORES && floating > count_cores(q->host, floats)))
		return false;
	return !ratio ||
	       floating + (uint64_t)q->host->nodes[node_ix].cpu_usage <= cpus * ratio / 100;
}

uint8_t brute_cpus(const struct question *q, const struct cut *cut, uint32_t node_ix,
		   uint32_t cells, enum vn_hold hold, enum vn_apart apart)
{
	enum { STATES_MAX = 1 << 20 };
	static uint8_t states[2][STATES_MAX];
	struct taking t = { .policy = q->request->thread_policy,
			    .now = states[0],
			    .next = states[1] };
	vn_cpuset free = cpus_for(q, node_ix, true), floats = cpus_for(q, node_ix, false);
	uint32_t floating = 0, pins = 0;

	for (uint32_t c = 0; c < cut->n; c++) {
		if (!(cells >> c & 1))
			continue;
		add_pins(&t, &cut->cells[c]);
		pins += cut->cells[c].pins + cut->cells[c].extra;
		t.extra += cut->cells[c].extra;
		floating += cut->cells[c].floating;
	}
	if (pins > vn_cpuset_count(&free) ||
	    (floating && !floats_fit(q, node_ix, floating, &floats, hold)))
		return NO_FIT;
	list_cores(q, node_ix, &free, &floats, &t);
	if (floating)
		t.slack = vn_cpuset_count(&floats) - floating;
	else /* nobody loses anything */
		for (uint32_t i = 0; i < t.n_cores; i++)
			t.cores[i].apart = t.cores[i].online;
	t.states = 1;
	for (uint32_t g = 0; g < t.n_groups; g++)
		t.states *= (t.pins[g] + 1) * 2;
	t.states *= (t.singles + 1) * (t.extra + 1) * (t.slack + 1);
	if (t.states > STATES_MAX)
		abort(); /* brute_can should have said no */
	t.apart = t.extra && apart == APART_IF_POSSIBLE;
	uint8_t broken = take_all(&t);

	if (broken != NO_FIT || !t.apart)
		return broken;
	t.apart = false;
	return take_all(&t);
}
