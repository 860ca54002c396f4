/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A trace of guests, in one piece and byte by byte: the same rows, which are legal and in order,
 * and can be replayed with any rule; or an error with a place. */
#include "vnuma/sim.h"

#include "guest_must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { ROWS_MAX = 512 };

struct seen {
	uint64_t n, sum;
	int64_t last_us;
	vn_replay *replays[VN_SIM_REFUSAL_COUNT];
};

static void look(struct seen *seen, const vn_trace_row *row)
{
	const vn_trace_shape *shape = &row->shape;

	must(row->number == seen->n);
	must(row->arrival_us >= 0 && row->arrival_us >= seen->last_us);
	must(row->arrival_us <= VN_TRACE_TIME_MAX);
	must(row->end_us == VN_TRACE_NEVER ? row->lifetime_us == VN_TRACE_NEVER
					   : row->end_us - row->arrival_us == row->lifetime_us);
	must(row->lifetime_us >= 0);
	must(shape->vcpus && shape->mem_kib && shape->mem_kib <= VN_GUEST_MEM_MAX_KIB);
	must(shape->cells && shape->cells <= VN_TRACE_CELLS_MAX && shape->cells <= shape->vcpus);
	must(row->rule < VN_RULE_COUNT);
	seen->last_us = row->arrival_us;
	seen->sum = seen->sum * 31 + (uint64_t)row->arrival_us + shape->vcpus + shape->mem_kib +
		    (uint64_t)row->end_us + row->group;
	seen->n++;
}

static int take(void *context, const vn_trace_row *row, vn_error *err)
{
	struct seen *seen = context;
	bool done;

	look(seen, row);
	for (int i = 0; i < VN_SIM_REFUSAL_COUNT && seen->n < ROWS_MAX; i++)
		if (seen->replays[i])
			must(vn_replay_row(seen->replays[i], row, &done, err) == VN_OK);
	return VN_OK;
}

static int read_trace(const uint8_t *bytes, size_t size, size_t piece, struct seen *seen,
		      vn_error *err)
{
	const vn_trace_options options = { 0 };
	VN_AUTO(vn_trace_reader) reader = NULL;
	int r;

	must(vn_trace_reader_new("trace", &options, take, seen, &reader, NULL) == VN_OK);
	for (size_t at = 0; at < size; at += piece)
		if ((r = vn_trace_feed(reader, (const char *)bytes + at,
				       size - at < piece ? size - at : piece, err)) < 0)
			return r;
	return vn_trace_end(reader, err);
}

/* One rule with the engine, the others with the volume, which is faster to make. */
static void make_replays(const vn_sim_fleet *fleet, size_t with_engine, struct seen *seen)
{
	for (int i = 0; i < VN_SIM_REFUSAL_COUNT; i++) {
		vn_sim_options options = { .refusal = (enum vn_sim_refusal)i, .curve = true };
		vn_sim_chooser chooser;

		if ((size_t)i == with_engine)
			must(vn_sim_engine_new(fleet, &vn_fleet_policy_default, NULL, &chooser,
					       NULL) == VN_OK);
		else
			must(vn_sim_volume_new(fleet, false, &chooser, NULL) == VN_OK);
		must(vn_replay_new(fleet, &chooser, &options, &seen->replays[i], NULL) == VN_OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct seen whole = { 0 }, pieces = { 0 };
	vn_sim_fleet fleet = { 0 };
	vn_error err = { 0 }, again = { 0 };
	vn_sim_result result;
	int r;

	must(vn_sim_fleet_add(&fleet, "2 x 2/4/8GiB", NULL) == VN_OK);
	make_replays(&fleet, size % 16, &whole);
	r = read_trace(bytes, size, size ? size : 1, &whole, &err);
	must(read_trace(bytes, size, 1, &pieces, &again) == r);
	must(whole.n == pieces.n && whole.sum == pieces.sum && err.line == again.line &&
	     err.column == again.column);
	if (r < 0)
		must_be_an_error(&err);
	for (int i = 0; i < VN_SIM_REFUSAL_COUNT; i++) {
		vn_replay_result(whole.replays[i], &result);
		must(result.placed + result.refused + result.too_large == result.rows);
		must(result.wait_sum_us >= 0);
		vn_replay_free(whole.replays[i]);
	}
	vn_sim_fleet_clear(&fleet);
	return 0;
}
