/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Which threads of which cores, exactly: the fewest broken cores among all ways that leave the
 * cell's floating vCPUs enough CPUs. cores.c answers at once where cores have one or two threads
 * and pins and floating vCPUs do not compete; this is for the other nodes, where taking the largest
 * groups first may break a core too many, or take a CPU that a floating vCPU needs.
 *
 * A table over what is left to take (pins, the emulator's CPU, whether the one lone pin of
 * `require` is used, cores broken) holds the fewest CPUs that the floating vCPUs lose; it is filled
 * core by core from the last one. */
#include "place/problem.h"

#include <string.h>

enum {
	PINS_MAX = 64, /* beyond these, cores.c decides */
	CORES_MAX = 128,
	BROKEN_MAX = 7, /* and more */
	STATES = (PINS_MAX + 1) * 2 * 2 * (BROKEN_MAX + 1),
	NONE = UINT16_MAX,
};

struct core_view {
	uint8_t online, free, apart; /* free for pins; of them where no floating vCPU may run */
};

struct table {
	enum vn_thread_policy policy;
	bool keep_off; /* the emulator's CPU is on no core of the pins */
	uint32_t pins, extra, n_cores;
	struct core_view cores[CORES_MAX];
	uint16_t lost[2][STATES];
	uint8_t choice[CORES_MAX][STATES]; /* pins | 16 x emulator */
};

static uint32_t state_of(uint32_t pins, uint32_t extra, uint32_t lone, uint32_t broken)
{
	return ((pins * 2 + extra) * 2 + lone) * (BROKEN_MAX + 1) + broken;
}

/* May a core give `pins` and `extra`? How many of its threads are gone then. */
static bool may_take(const struct table *t, const struct core_view *core, uint32_t pins,
		     uint32_t extra, uint32_t *gone)
{
	*gone = pins + extra;
	if (t->policy == VN_THREADS_ISOLATE && pins) {
		*gone = core->online;
		return pins == 1 && !extra && core->free == core->online;
	}
	if (t->policy == VN_THREADS_REQUIRE && pins && core->free < 2)
		return false;
	return *gone <= core->free && !(t->keep_off && pins && extra);
}

/* What the best way costs that takes `pins` and `extra` here and the rest from the cores behind. */
static void try_core(struct table *t, uint32_t i, uint32_t pins, uint32_t extra)
{
	const struct core_view *core = &t->cores[i];
	const uint16_t *behind = t->lost[(i + 1) % 2];
	uint16_t *here = t->lost[i % 2];
	bool lone = t->policy == VN_THREADS_REQUIRE && pins == 1;
	uint32_t gone, lost, breaks;

	if (!may_take(t, core, pins, extra, &gone))
		return;
	lost = gone > core->apart ? gone - core->apart : 0;
	breaks = core->free == core->online && gone && gone < core->online;
	for (uint32_t left = pins; left <= t->pins; left++)
		for (uint32_t more = extra; more <= t->extra; more++)
			for (uint32_t used = 0; used < 2u - lone; used++)
				for (uint32_t b = 0; b <= BROKEN_MAX; b++) {
					uint32_t from =
						state_of(left - pins, more - extra, used + lone, b);
					uint32_t sum = b + breaks;
					uint32_t to = state_of(left, more, used,
							       sum < BROKEN_MAX ? sum : BROKEN_MAX);

					if (behind[from] == NONE || behind[from] + lost >= here[to])
						continue;
					here[to] = (uint16_t)(behind[from] + lost);
					t->choice[i][to] = (uint8_t)(pins | extra << 4);
				}
}

static void fill(struct table *t)
{
	uint32_t states = state_of(t->pins, 1, 1, BROKEN_MAX) + 1;

	memset(t->lost[t->n_cores % 2], 0xff, states * sizeof(uint16_t));
	for (uint32_t used = 0; used < 2; used++)
		t->lost[t->n_cores % 2][state_of(0, 0, used, 0)] = 0;
	for (uint32_t i = t->n_cores; i-- > 0;) {
		memset(t->lost[i % 2], 0xff, states * sizeof(uint16_t));
		for (uint32_t pins = VN_SMT_MAX + 1; pins-- > 0;) /* the fullest core first */
			for (uint32_t extra = 0; extra <= t->extra; extra++)
				if (pins <= t->pins)
					try_core(t, i, pins, extra);
	}
}

/* Follow the choices from the first core. The broken cores of the rest are what is to be found. */
static void follow(const struct table *t, uint32_t broken, struct exact_take *ret)
{
	uint32_t pins = t->pins, extra = t->extra, lone = 0;

	ret->broken = broken;
	ret->n_cores = t->n_cores;
	for (uint32_t i = 0; i < t->n_cores; i++) {
		uint32_t choice = t->choice[i][state_of(pins, extra, lone, broken)], gone = 0;
		const struct core_view *core = &t->cores[i];

		ret->pins[i] = choice & 15;
		ret->extra[i] = choice >> 4;
		may_take(t, core, ret->pins[i], ret->extra[i], &gone);
		pins -= ret->pins[i];
		extra -= ret->extra[i];
		lone |= t->policy == VN_THREADS_REQUIRE && ret->pins[i] == 1;
		broken -= core->free == core->online && gone && gone < core->online;
	}
}

static void view_cores(const struct problem *p, uint32_t node_ix, struct table *t)
{
	uint64_t floats[VN_CPUSET_WORDS], pins[VN_CPUSET_WORDS];

	prep_free_words(p, node_ix, floats, pins);
	for (uint32_t i = 0; i < t->n_cores; i++) {
		const vn_core *core = &p->cores[p->first_core[node_ix] + i];
		struct core_view *view = &t->cores[i];

		*view = (struct core_view){ .online = core->n };
		for (uint32_t k = 0; k < core->n; k++) {
			uint32_t cpu = (uint32_t)core->cpus[k];
			bool free = pins[cpu / 64] >> cpu % 64 & 1;

			view->free += free;
			view->apart += free && !(floats[cpu / 64] >> cpu % 64 & 1);
		}
	}
}

bool exact_cores(const struct problem *p, uint32_t cell, uint32_t node_ix, struct exact_take *ret)
{
	const struct place_cell *of = &p->cells[cell];
	const struct place_node *node = &p->nodes[node_ix];
	struct table t;

	t.policy = p->request->thread_policy;
	t.pins = of->pins;
	t.extra = of->extra;
	t.n_cores = p->first_core[node_ix + 1] - p->first_core[node_ix];
	if (p->cells_max > 1 || t.pins > PINS_MAX || t.n_cores > CORES_MAX || t.extra > 1 ||
	    node->free.kept || of->floating > node->cpus)
		return false;
	view_cores(p, node_ix, &t);
	for (uint32_t i = 0; i < t.n_cores && !of->floating; i++)
		t.cores[i].apart = t.cores[i].online; /* nobody loses anything */
	for (int keep_off = t.extra != 0; keep_off >= 0; keep_off--) {
		t.keep_off = keep_off;
		fill(&t);
		for (uint32_t broken = 0; broken <= BROKEN_MAX; broken++)
			if (t.lost[0][state_of(t.pins, t.extra, 0, broken)] <=
			    node->cpus - of->floating) {
				follow(&t, broken, ret);
				return true;
			}
	}
	return false;
}
