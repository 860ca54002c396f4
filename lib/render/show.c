/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A running guest, ready to be shown: its threads in rows of those that are alike. A guest of 64
 * vCPUs that share CPUs is one row; one with 64 pins is a row for each cell. */
#include "render/show.h"

#include <string.h>

const char *const vn_show_states[VN_GUEST_STATE_COUNT] = {
	[VN_GUEST_OFF] = "off",
	[VN_GUEST_RUNNING] = "running",
	[VN_GUEST_PAUSED] = "paused",
};
const char *const vn_show_kinds[VN_THREAD_KIND_COUNT] = {
	[VN_THREAD_VCPU] = "vcpu",
	[VN_THREAD_IOTHREAD] = "iothread",
	[VN_THREAD_EMULATOR] = "emulator",
	[VN_THREAD_VHOST] = "vhost",
};
const char *const vn_show_measured[VN_MEASURED_COUNT] = {
	[VN_MEASURED_SAMPLED] = "sampled",
	[VN_MEASURED_EXACT] = "exact",
};

static bool is_named(const vn_show *show, const vn_guest *guest)
{
	for (size_t i = 0; i < show->n_names; i++)
		if (!strcmp(show->names[i], guest->name) ||
		    (*guest->uuid && !strcmp(show->names[i], guest->uuid)))
			return true;
	return !show->n_names && guest->state != VN_GUEST_OFF;
}

const vn_guest *vn_show_next(const vn_show *show, uint32_t *at)
{
	for (; *at < show->running->n_guests; ++*at)
		if (is_named(show, &show->running->guests[*at]))
			return &show->running->guests[(*at)++];
	return NULL;
}

uint64_t vn_show_kib(const vn_show *show, const vn_guest *guest, uint32_t size, uint32_t node_ix)
{
	const vn_memory_use *memory = &guest->memory;

	return memory->kib ? memory->kib[size * show->running->host->n_nodes + node_ix] : 0;
}

vn_cpuset vn_show_host_cpus(const vn_host *host)
{
	vn_cpuset cpus = { 0 };

	for (uint32_t ix = 0; ix < host->n_nodes; ix++) {
		vn_cpuset_or(&cpus, &host->nodes[ix].cpus);
		vn_cpuset_or(&cpus, &host->nodes[ix].pcpus);
	}
	return cpus;
}

int32_t vn_show_wait(uint64_t run_ns, uint64_t wait_ns)
{
	double all = (double)run_ns + (double)wait_ns;

	return all > 0 ? (int32_t)((double)wait_ns / all * 1000 + 0.5) : 0;
}

/* ---- rows ---- */

/* What the thread had used up when `before` was taken. */
static const vn_thread *earlier(const vn_show *show, const vn_guest *guest, const vn_thread *thread)
{
	for (uint32_t i = 0; show->before && i < show->before->n_guests; i++) {
		const vn_guest *old = &show->before->guests[i];

		if (old->pid != guest->pid || !guest->pid)
			continue;
		for (uint32_t k = 0; k < old->n_threads; k++)
			if (old->threads[k].tid == thread->tid && old->threads[k].times_known)
				return &old->threads[k];
	}
	return NULL;
}

static void add_times(const vn_show *show, const vn_guest *guest, const vn_thread *thread,
		      vn_show_row *row)
{
	const vn_thread *old = thread->tid ? earlier(show, guest, thread) : NULL;
	uint64_t run = thread->run_ns, wait = thread->wait_ns;

	if (!thread->times_known)
		return;
	if (old && old->run_ns <= run && old->wait_ns <= wait) {
		run -= old->run_ns;
		wait -= old->wait_ns;
	}
	row->run_ns += run;
	row->wait_ns += wait;
	row->times_known = true;
}

static int32_t cell_of(const vn_request *config, uint32_t vcpu)
{
	for (uint32_t cell = 0; config && cell < config->n_cells; cell++)
		if (vn_cpuset_has(&config->cells[cell].vcpus, vcpu))
			return (int32_t)cell;
	return -1;
}

static vn_show_row row_of(const vn_guest *guest, const vn_thread *thread)
{
	vn_show_row row = { .kind = thread->kind, .cell = -1, .n_threads = 1 };

	if (thread->kind == VN_THREAD_VCPU)
		row.cell = cell_of(guest->config, thread->number);
	if (thread->kind <= VN_THREAD_IOTHREAD && thread->number < VN_CPU_MAX)
		vn_cpuset_add(&row.numbers, thread->number);
	row.known = thread->allowed_known || thread->pin_known;
	row.by_pin = row.known && !thread->allowed_known;
	if (row.known)
		row.allowed = thread->allowed_known ? thread->allowed : thread->pin;
	if (thread->cpu >= 0)
		vn_cpuset_add(&row.now, (unsigned)thread->cpu);
	return row;
}

static void join(vn_show_row *row, const vn_show_row *with)
{
	row->n_threads += with->n_threads;
	row->run_ns += with->run_ns;
	row->wait_ns += with->wait_ns;
	row->times_known |= with->times_known;
	vn_cpuset_or(&row->numbers, &with->numbers);
	vn_cpuset_or(&row->allowed, &with->allowed);
	vn_cpuset_or(&row->now, &with->now);
}

static bool are_alike(const vn_show_row *a, const vn_show_row *b)
{
	return a->kind == b->kind && a->cell == b->cell && a->known == b->known &&
	       a->by_pin == b->by_pin && vn_cpuset_equal(&a->allowed, &b->allowed);
}

static void add_row(vn_show_guest *g, const vn_show_row *row)
{
	for (uint32_t i = 0; i < g->n_rows; i++)
		if (are_alike(&g->rows[i], row)) {
			join(&g->rows[i], row);
			return;
		}
	g->rows[g->n_rows++] = *row;
}

/* Does a row's CPU set continue those of `into`: as many CPUs for each thread, none twice? */
static bool continues(const vn_show_row *into, const vn_show_row *row)
{
	uint32_t each = into->each ? into->each : vn_cpuset_count(&into->allowed);

	return into->kind == row->kind && into->cell == row->cell && into->known && row->known &&
	       into->by_pin == row->by_pin && row->n_threads == 1 && !row->each &&
	       (into->each || into->n_threads == 1) && vn_cpuset_count(&row->allowed) == each &&
	       !vn_cpuset_overlaps(&into->allowed, &row->allowed);
}

/* Too many rows of vCPUs: one for each cell whose vCPUs have CPUs of their own. */
static void merge_rows(vn_show_guest *g)
{
	uint32_t vcpu_rows = 0, kept = 0;

	while (vcpu_rows < g->n_rows && g->rows[vcpu_rows].kind == VN_THREAD_VCPU)
		vcpu_rows++;
	if (vcpu_rows <= VN_SHOW_VCPU_ROWS)
		return;
	for (uint32_t i = 0; i < g->n_rows; i++) {
		uint32_t into = 0;

		while (into < kept && !(i < vcpu_rows && continues(&g->rows[into], &g->rows[i])))
			into++;
		if (into == kept) {
			g->rows[kept++] = g->rows[i];
			continue;
		}
		g->rows[into].each = vn_cpuset_count(&g->rows[i].allowed);
		join(&g->rows[into], &g->rows[i]);
	}
	g->n_rows = kept;
}

static void look_at_vcpu(const vn_show_row *row, vn_show_guest *g)
{
	if (!row->known)
		return;
	g->n_vcpus++;
	g->n_pinned += vn_cpuset_count(&row->allowed) == 1;
	g->floats_everywhere |= row->everywhere;
}

int vn_show_guest_make(const vn_show *show, const vn_guest *guest, vn_arena *arena,
		       vn_show_guest *ret, vn_error *err)
{
	const vn_host *host = show->running->host;
	vn_show_guest g = { .guest = guest };
	vn_cpuset all = vn_show_host_cpus(host);

	g.rows = vn_arena_alloc(arena, guest->n_threads + (size_t)1, sizeof(*g.rows));
	if (!g.rows)
		return vn_fail(err, VN_E_NOMEM, "no memory for the threads of a guest");
	for (uint32_t i = 0; i < guest->n_threads; i++) {
		vn_show_row row = row_of(guest, &guest->threads[i]);

		row.everywhere = row.known && vn_cpuset_contains(&row.allowed, &all);
		add_times(show, guest, &guest->threads[i], &row);
		if (row.kind == VN_THREAD_VCPU)
			look_at_vcpu(&row, &g);
		add_row(&g, &row);
	}
	merge_rows(&g);
	g.cpu_nodes = vn_guest_cpu_nodes(show->running, guest);
	g.mem_nodes = vn_guest_mem_nodes(show->running, guest);
	g.locality = vn_guest_locality(show->running, guest);
	for (uint32_t size = 0; size < guest->memory.n_sizes; size++)
		for (uint32_t ix = 0; ix < host->n_nodes; ix++)
			g.touched_kib += vn_show_kib(show, guest, size, ix);
	*ret = g;
	return VN_OK;
}
