/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The replay: time goes on, guests leave, the next one is placed. The order of things at one time
 * is fixed: who leaves at or before a guest's arrival has left when it is placed; of those who
 * leave at one time the one that came first goes first.
 *
 * A queue is first come, first served: a guest that does not fit blocks all behind it. The clock
 * goes on to the next time at which guests leave, all of that time leave, and it is tried again. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

const char *const vn_sim_refusal_names[VN_SIM_REFUSAL_COUNT] = {
	[VN_SIM_STOP] = "stop",
	[VN_SIM_CONTINUE] = "continue",
	[VN_SIM_WAIT] = "wait",
};

const char *const vn_sim_fate_names[VN_FATE_COUNT] = {
	[VN_FATE_PLACED] = "placed",
	[VN_FATE_REFUSED] = "refused",
	[VN_FATE_TOO_LARGE] = "too-large",
};

/* A guest that is there. */
struct live {
	int64_t end_us;
	uint64_t row;
	uint32_t shape;
	vn_sim_choice choice;
};

struct vn_replay {
	const vn_sim_fleet *fleet;
	vn_sim_chooser chooser;
	vn_sim_options options;
	struct sim_account account;
	struct sim_shapes shapes;
	bool ever[VN_TRACE_FLAVOURS_MAX]; /* an empty fleet would hold the shape */
	uint32_t shape;			  /* of this row */
	struct live *live; /* a heap: the first to leave is [0]; who never leaves is not in it */
	size_t n_live, room;
	uint64_t n_stay; /* guests that never leave */
	int64_t clock_us;
	bool started, done, refused_any;
	struct sim_curve curve;
	vn_sim_result result;
};

int vn_replay_new(const vn_sim_fleet *fleet, const vn_sim_chooser *chooser,
		  const vn_sim_options *options, vn_replay **ret, vn_error *err)
{
	vn_replay *replay = calloc(1, sizeof(*replay));
	int r;

	if (!replay) {
		chooser->free(chooser->self);
		return vn_fail(err, VN_E_NOMEM, "no memory for a replay");
	}
	replay->fleet = fleet;
	replay->chooser = *chooser;
	replay->options = *options;
	if ((r = sim_account_open(&replay->account, fleet, options->curve, err)) < 0 ||
	    (options->curve && (r = sim_curve_open(&replay->curve, err)) < 0)) {
		vn_replay_free(replay);
		return r;
	}
	*ret = replay;
	return VN_OK;
}

void vn_replay_free(vn_replay *replay)
{
	if (!replay)
		return;
	replay->chooser.free(replay->chooser.self);
	sim_account_close(&replay->account);
	sim_curve_close(&replay->curve);
	sim_shapes_close(&replay->shapes);
	free(replay->live);
	free(replay);
}

/* ---- guests that leave: a binary heap ---------------------------------------------------------
 */

static bool leaves_before(const struct live *a, const struct live *b)
{
	return a->end_us != b->end_us ? a->end_us < b->end_us : a->row < b->row;
}

static int heap_push(vn_replay *replay, const struct live *guest, vn_error *err)
{
	size_t at = replay->n_live;

	if (at == replay->room) {
		size_t room = at ? at * 2 : 64;
		struct live *grown = reallocarray(replay->live, room, sizeof(*grown));

		if (!grown)
			return vn_fail(err, VN_E_NOMEM, "no memory for the guests that are there");
		replay->live = grown;
		replay->room = room;
	}
	for (; at && leaves_before(guest, &replay->live[(at - 1) / 2]); at = (at - 1) / 2)
		replay->live[at] = replay->live[(at - 1) / 2];
	replay->live[at] = *guest;
	replay->n_live++;
	return VN_OK;
}

static struct live heap_pop(vn_replay *replay)
{
	struct live first = replay->live[0], last = replay->live[--replay->n_live];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < replay->n_live) {
		if (child + 1 < replay->n_live &&
		    leaves_before(&replay->live[child + 1], &replay->live[child]))
			child++;
		if (!leaves_before(&replay->live[child], &last))
			break;
		replay->live[at] = replay->live[child];
		at = child;
	}
	replay->live[at] = last;
	return first;
}

/* ---- time ------------------------------------------------------------------------------------ */

static void move_clock(vn_replay *replay, int64_t to_us)
{
	if (to_us > replay->clock_us) {
		sim_account_wait(&replay->account, to_us - replay->clock_us);
		replay->clock_us = to_us;
	}
}

/* Everybody who leaves at or before that time leaves; the clock is that of the last of them. */
static void leave_until(vn_replay *replay, int64_t limit_us)
{
	while (replay->n_live && replay->live[0].end_us <= limit_us) {
		struct live guest = heap_pop(replay);
		const vn_trace_shape *shape = &replay->shapes.shapes[guest.shape];

		move_clock(replay, guest.end_us);
		replay->chooser.release(replay->chooser.self, shape, &guest.choice);
		sim_account_give(&replay->account, shape, &guest.choice);
	}
}

/* ---- a row ----------------------------------------------------------------------------------- */

static int tell(vn_replay *replay, const vn_trace_row *row, enum vn_sim_fate fate,
		const vn_sim_choice *choice, vn_error *err)
{
	if (!replay->options.tell)
		return VN_OK;
	return replay->options.tell(replay->options.tell_context, row, fate, replay->clock_us,
				    choice, err);
}

static int settle(vn_replay *replay, const vn_trace_row *row, const vn_sim_choice *choice,
		  vn_error *err)
{
	const vn_trace_shape *shape = &row->shape;
	vn_sim_result *result = &replay->result;
	int64_t wait_us = replay->clock_us - row->arrival_us;
	struct live guest = { .row = row->number, .shape = replay->shape, .choice = *choice };
	uint64_t there;
	int r = VN_OK;

	sim_account_take(&replay->account, shape, choice);
	if (row->lifetime_us == VN_TRACE_NEVER) {
		replay->n_stay++;
	} else {
		guest.end_us = replay->clock_us + row->lifetime_us;
		r = heap_push(replay, &guest, err);
	}
	if (r < 0)
		return r;
	result->placed++;
	result->placed_cpus += shape->vcpus;
	result->waited += wait_us > 0;
	result->wait_sum_us += wait_us;
	result->wait_max_us = wait_us > result->wait_max_us ? wait_us : result->wait_max_us;
	there = replay->n_live + replay->n_stay;
	result->live_max = there > result->live_max ? there : result->live_max;
	return tell(replay, row, VN_FATE_PLACED, choice, err);
}

static int place(vn_replay *replay, const vn_trace_row *row, vn_sim_choice *choice, vn_error *err)
{
	int r = replay->chooser.place(replay->chooser.self, row, choice, err);

	assert(r != VN_OK || replay->chooser.unbounded ||
	       sim_account_has(&replay->account, &row->shape));
	return r;
}

/* Until it fits: on to the next time at which somebody leaves. VN_E_NOFIT: nobody leaves any more.
 */
static int wait_for_room(vn_replay *replay, const vn_trace_row *row, vn_sim_choice *choice,
			 vn_error *err)
{
	int r = VN_E_NOFIT;

	while (r == VN_E_NOFIT && replay->n_live) {
		leave_until(replay, replay->live[0].end_us);
		r = place(replay, row, choice, err);
	}
	return r;
}

static int refuse(vn_replay *replay, const vn_trace_row *row, vn_error *err)
{
	vn_sim_result *result = &replay->result;

	if (!replay->refused_any)
		result->before_refusal = result->rows;
	replay->refused_any = true;
	result->refused++;
	return tell(replay, row, VN_FATE_REFUSED, NULL, err);
}

/* SPANE's length of an episode: does it fit before anybody leaves? It is placed only to see. */
static int fits_before(vn_replay *replay, const vn_trace_row *row, bool *ret, vn_error *err)
{
	vn_sim_choice choice;
	int r = place(replay, row, &choice, err);

	*ret = r == VN_OK;
	if (r == VN_OK)
		replay->chooser.release(replay->chooser.self, &row->shape, &choice);
	return r == VN_E_NOFIT ? VN_OK : r;
}

static int try_row(vn_replay *replay, const vn_trace_row *row, vn_error *err)
{
	vn_sim_choice choice;
	vn_error no = { 0 };
	bool fits = true;
	int r;

	if (replay->options.count && (r = fits_before(replay, row, &fits, err)) < 0)
		return r;
	if (!fits) {
		replay->done = true;
		return refuse(replay, row, err);
	}
	leave_until(replay, row->arrival_us);
	r = place(replay, row, &choice, &no);
	if (r == VN_OK || replay->options.refusal != VN_SIM_WAIT)
		move_clock(replay, row->arrival_us);
	else if (r == VN_E_NOFIT)
		r = wait_for_room(replay, row, &choice, &no);
	if (r == VN_OK)
		return settle(replay, row, &choice, err);
	if (r != VN_E_NOFIT) {
		if (err)
			*err = no;
		return r;
	}
	replay->done = replay->options.refusal == VN_SIM_STOP;
	return refuse(replay, row, err);
}

/* Finds the number of the row's shape; *ret: no empty host would hold it. */
static int is_too_large(vn_replay *replay, const vn_trace_shape *shape, bool *ret, vn_error *err)
{
	bool is_new = false;
	int r;

	if ((r = sim_shapes_find(&replay->shapes, shape, &replay->shape, &is_new, err)) < 0)
		return r;
	if (is_new)
		replay->ever[replay->shape] = replay->chooser.ever(replay->chooser.self, shape);
	*ret = !replay->ever[replay->shape];
	return VN_OK;
}

static void start(vn_replay *replay, const vn_trace_row *row)
{
	replay->clock_us = replay->result.first_us = row->arrival_us;
	replay->started = true;
}

int vn_replay_row(vn_replay *replay, const vn_trace_row *row, bool *ret_done, vn_error *err)
{
	vn_sim_result *result = &replay->result;
	uint64_t most = replay->options.most_rows;
	bool too_large = false;
	int r = VN_OK;

	if (!replay->done) {
		if (!replay->started)
			start(replay, row);
		if ((r = is_too_large(replay, &row->shape, &too_large, err)) < 0)
			return r;
		if (too_large) {
			result->too_large++;
			r = tell(replay, row, VN_FATE_TOO_LARGE, NULL, err);
		} else {
			r = try_row(replay, row, err);
		}
		result->rows++;
		replay->done |= most && result->rows >= most;
		if (r == VN_OK && replay->options.curve)
			sim_curve_add(&replay->curve, &replay->account, result, replay->clock_us,
				      row->arrival_us, replay->n_live + replay->n_stay);
	}
	*ret_done = replay->done;
	return r;
}

void vn_replay_result(vn_replay *replay, vn_sim_result *ret)
{
	vn_sim_result *result = &replay->result;

	if (!replay->refused_any)
		result->before_refusal = result->rows;
	result->last_us = replay->clock_us;
	sim_account_result(&replay->account, result);
	result->n_points = replay->curve.n;
	result->points = replay->curve.points;
	*ret = *result;
}
