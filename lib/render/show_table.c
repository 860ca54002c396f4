/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `vnuma show` on a terminal: one line for each guest, then each guest with a map of the CPUs that
 * its threads may use and its memory by node under the same nodes, then the host's nodes. */
#include "render/show.h"
#include "render/table_grid.h"

#include <stdio.h>
#include <string.h>

enum {
	MAP_WIDTH_MAX = 60, /* of one node; a wider one is a list of CPUs */
	PLAIN_CORES = 4,    /* of one thread each stand together */
	OTHER_COLUMNS = 36, /* of the grid: what is not a map */
	SUMMARY_GUESTS = 2, /* from so many on there is a summary */
};

typedef struct show_table {
	const vn_show *show;
	const vn_host *host;
	const vn_picture *picture;
	vn_arena *arena;
	const vn_style *style;
	vn_text *out;
} show_table;

static vn_grid *grid_new(const show_table *t)
{
	vn_grid *grid = vn_grid_new(t->arena);

	t->out->failed |= !grid;
	return grid;
}

static const char *clean(const show_table *t, const char *text)
{
	return vn_picture_clean(t->arena, text, !t->style->utf8);
}

/* A text that vn_grid_add is too small for. */
static void add_cell_text(vn_grid *grid, const char *text)
{
	VN_AUTO_TEXT cell = VN_TEXT_INIT;

	vn_text_add(&cell, text);
	vn_grid_add_text(grid, &cell);
}

static void add_tenths(vn_grid *grid, int32_t tenths)
{
	if (tenths < 0)
		vn_grid_add(grid, "-");
	else
		vn_grid_add(grid, "%d.%d %%", tenths / 10, tenths % 10);
}

/* ---- maps ---- */

/* Between two seats of a map: a blank between cores, or after some cores of one thread. */
static bool is_gap(const show_table *t, uint32_t node_ix, uint32_t seat)
{
	const vn_seat *seats = t->picture->seats;
	uint32_t first = t->picture->first[node_ix];

	if (seat == first)
		return false;
	if (t->host->threads_per_core > 1)
		return seats[seat].core < 0 || seats[seat].core != seats[seat - 1].core;
	return (seat - first) % PLAIN_CORES == 0;
}

static uint32_t map_width(const show_table *t, uint32_t node_ix)
{
	uint32_t width = 0;

	for (uint32_t i = t->picture->first[node_ix]; i < t->picture->first[node_ix + 1]; i++)
		width += 1 + is_gap(t, node_ix, i);
	return width;
}

/* "X- #- --": may run, runs now, may not. */
static void add_map(const show_table *t, uint32_t ix, const vn_show_row *row, vn_grid *grid)
{
	VN_AUTO_TEXT map = VN_TEXT_INIT;

	for (uint32_t i = t->picture->first[ix]; i < t->picture->first[ix + 1]; i++) {
		unsigned cpu = t->picture->seats[i].cpu;
		const char *mark = vn_cpuset_has(&row->now, cpu)       ? "#"
				   : !row->known		       ? "?"
				   : vn_cpuset_has(&row->allowed, cpu) ? "X"
								       : "-";

		vn_text_add(&map, is_gap(t, ix, i) ? " " : "");
		vn_text_add(&map, mark);
	}
	vn_grid_add_text(grid, &map);
}

/* "all", "0-7,32-39", "-" */
static void add_list(const show_table *t, uint32_t ix, const vn_show_row *row, vn_grid *grid)
{
	vn_cpuset of_node = { 0 }, allowed;

	for (uint32_t i = t->picture->first[ix]; i < t->picture->first[ix + 1]; i++)
		vn_cpuset_add(&of_node, t->picture->seats[i].cpu);
	allowed = of_node;
	vn_cpuset_and(&allowed, &row->allowed);
	if (!row->known)
		vn_grid_add(grid, "?");
	else if (vn_cpuset_is_empty(&allowed))
		vn_grid_add(grid, "-");
	else if (vn_cpuset_equal(&allowed, &of_node))
		vn_grid_add(grid, "all");
	else
		vn_grid_add_cpuset(grid, &allowed);
}

/* Does some thread of a guest have to do with this node more than with any other? */
static bool uses_node(const show_table *t, const vn_show_guest *g, uint32_t ix)
{
	vn_cpuset cpus = { 0 };

	for (uint32_t i = t->picture->first[ix]; i < t->picture->first[ix + 1]; i++)
		vn_cpuset_add(&cpus, t->picture->seats[i].cpu);
	for (uint32_t row = 0; row < g->n_rows; row++)
		if (!g->rows[row].everywhere && vn_cpuset_overlaps(&g->rows[row].allowed, &cpus))
			return true;
	for (uint32_t size = 0; size < g->guest->memory.n_sizes; size++)
		if (vn_show_kib(t->show, g->guest, size, ix))
			return true;
	return false;
}

/* The nodes (node_ix) of a guest's grid: all where they fit, else those that it has to do with. */
static vn_nodeset nodes_shown(const show_table *t, const vn_show_guest *g)
{
	vn_nodeset all = { 0 }, used = { 0 };
	uint32_t width = OTHER_COLUMNS, columns = t->style->columns ? t->style->columns : 80;

	for (uint32_t ix = 0; ix < t->host->n_nodes; ix++) {
		uint32_t map = map_width(t, ix);

		vn_nodeset_add(&all, ix);
		width += (map > MAP_WIDTH_MAX ? MAP_WIDTH_MAX : map < 8 ? 8 : map) + 2;
		if (uses_node(t, g, ix))
			vn_nodeset_add(&used, ix);
	}
	return width <= columns || vn_nodeset_is_empty(&used) ? all : used;
}

/* ---- one guest ---- */

static void add_label(const vn_show_row *row, bool all_nodes, vn_grid *grid)
{
	static const char *const words[VN_THREAD_KIND_COUNT] = {
		[VN_THREAD_VCPU] = "vCPU",
		[VN_THREAD_IOTHREAD] = "I/O thread",
		[VN_THREAD_EMULATOR] = "emulator",
		[VN_THREAD_VHOST] = "vhost",
	};
	VN_AUTO_TEXT label = VN_TEXT_INIT;

	vn_text_add(&label, words[row->kind]);
	if (!vn_cpuset_is_empty(&row->numbers)) {
		vn_text_add(&label, " ");
		vn_text_add_cpuset(&label, &row->numbers);
	}
	if (row->each == 1)
		vn_text_add(&label, " 1:1");
	else if (row->each)
		vn_text_addf(&label, " %u each", row->each);
	if (row->kind > VN_THREAD_IOTHREAD && row->n_threads > 1)
		vn_text_addf(&label, " (%u)", row->n_threads);
	if (row->everywhere && !all_nodes)
		vn_text_add(&label, ", any CPU");
	if (row->by_pin)
		vn_text_add(&label, " *");
	vn_grid_add_text(grid, &label);
}

static void add_thread_row(const show_table *t, const vn_show_row *row, const vn_nodeset *nodes,
			   vn_grid *grid)
{
	add_label(row, vn_nodeset_count(nodes) == t->host->n_nodes, grid);
	VN_NODESET_EACH(ix, nodes)
		if (map_width(t, (uint32_t)ix) <= MAP_WIDTH_MAX)
			add_map(t, (uint32_t)ix, row, grid);
		else
			add_list(t, (uint32_t)ix, row, grid);
	if (t->show->before && row->times_known && t->show->interval_ms)
		vn_grid_add(grid, "%llu %%",
			    (unsigned long long)(row->run_ns / 10000 / t->show->interval_ms));
	else
		vn_grid_add(grid, "-");
	add_tenths(grid, row->times_known ? vn_show_wait(row->run_ns, row->wait_ns) : -1);
}

static void add_memory_row(const show_table *t, const vn_guest *guest, uint32_t size,
			   const vn_nodeset *nodes, vn_grid *grid)
{
	char text[32];

	vn_grid_add(grid, "%s pages",
		    vn_size_format(guest->memory.size_kib[size], text, sizeof(text)));
	VN_NODESET_EACH(ix, nodes)
		vn_grid_add_kib(grid, vn_show_kib(t->show, guest, size, (uint32_t)ix));
	vn_grid_add(grid, "-");
	vn_grid_add(grid, "-");
}

static void write_guest_grid(const show_table *t, const vn_show_guest *g)
{
	vn_nodeset nodes = nodes_shown(t, g);
	vn_grid *grid = grid_new(t);
	uint32_t rows = g->n_rows + g->guest->memory.n_sizes;

	if (!grid || !rows)
		return;
	vn_grid_column(grid, VN_ALIGN_WRAP, "");
	VN_NODESET_EACH(ix, &nodes) {
		char head[16];
		int length = snprintf(head, sizeof(head), "node %u", t->host->nodes[ix].id);
		const char *copy = vn_arena_strndup(t->arena, head, (size_t)length);
		bool map = map_width(t, (uint32_t)ix) <= MAP_WIDTH_MAX;

		vn_grid_column(grid, map ? VN_ALIGN_LEFT : VN_ALIGN_WRAP, copy ? copy : "");
	}
	vn_grid_column(grid, VN_ALIGN_RIGHT, "CPU");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "wait");
	vn_grid_rows(grid, rows);
	for (uint32_t i = 0; i < g->n_rows; i++)
		add_thread_row(t, &g->rows[i], &nodes, grid);
	for (uint32_t size = 0; size < g->guest->memory.n_sizes; size++)
		add_memory_row(t, g->guest, size, &nodes, grid);
	vn_grid_write(grid, t->style, t->out);
}

/* One line of words behind its label, if there are any. */
static void write_words(const show_table *t, const char *label, vn_text *words)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	t->out->failed |= words->failed;
	if (!words->len || t->out->failed)
		return;
	vn_text_addf(&line, "%s: ", label);
	vn_text_add(&line, clean(t, words->bytes));
	t->out->failed |= line.failed;
	if (!line.failed)
		vn_table_wrap(line.bytes, 2, t->style, t->out);
	words->len = 0;
}

static void write_reason(const show_table *t, const char *label, const vn_error *why)
{
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	if (why->code == VN_OK)
		return;
	vn_text_add(&words, why->text);
	write_words(t, label, &words);
}

static void write_guest_words(const show_table *t, const vn_show_guest *g)
{
	const vn_guest *guest = g->guest;
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	vn_show_words_size(g, &words);
	write_words(t, "size", &words);
	write_reason(t, "no XML", &guest->unreadable);
	vn_show_words_policy(g, &words);
	write_words(t, "policy", &words);
	if (guest->state == VN_GUEST_OFF)
		return;
	vn_show_words_home(g, &words);
	write_words(t, "home", &words);
	vn_show_words_memory(g, &words);
	write_words(t, "memory", &words);
	vn_show_words_balloon(guest, &words);
	write_words(t, "balloon", &words);
	write_reason(t, "threads", &guest->no_threads);
	write_reason(t, "memory", &guest->no_memory);
	if (guest->threads_by_name)
		vn_table_wrap("note: which threads are vCPUs is told by their names alone", 2,
			      t->style, t->out);
}

/* A heading is one line. */
static const char *short_name(const show_table *t, const char *name)
{
	uint32_t columns = t->style->columns ? t->style->columns : 80, room = columns / 2;
	const char *copy = clean(t, name), *end = copy;
	VN_AUTO_TEXT cut = VN_TEXT_INIT;

	if (vn_table_width(copy) <= room)
		return copy;
	for (const char *p = copy; (uint32_t)(p - copy) < room; vn_picture_character(&p))
		end = p;
	vn_text_add_bytes(&cut, copy, (size_t)(end - copy));
	vn_text_add(&cut, "...");
	t->out->failed |= cut.failed;
	return cut.failed ? "" : clean(t, cut.bytes);
}

static void write_guest(const show_table *t, const vn_show_guest *g)
{
	const vn_guest *guest = g->guest;
	VN_AUTO_TEXT head = VN_TEXT_INIT;

	vn_text_addf(&head, "Guest %s (%s", short_name(t, guest->name),
		     vn_show_states[guest->state]);
	if (guest->pid)
		vn_text_addf(&head, ", pid %d", guest->pid);
	vn_text_add(&head, ")");
	t->out->failed |= head.failed;
	if (head.failed)
		return;
	vn_table_heading(head.bytes, t->style, t->out);
	write_guest_words(t, g);
	write_guest_grid(t, g);
}

/* ---- the summary ---- */

static void add_nodes(const vn_nodeset *nodes, vn_grid *grid)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add_nodeset(&text, nodes);
	vn_grid_add_text(grid, &text);
}

static int32_t wait_of_vcpus(const vn_show_guest *g)
{
	uint64_t run_ns = 0, wait_ns = 0;
	bool known = false;

	for (uint32_t i = 0; i < g->n_rows; i++)
		if (g->rows[i].kind == VN_THREAD_VCPU && g->rows[i].times_known) {
			run_ns += g->rows[i].run_ns;
			wait_ns += g->rows[i].wait_ns;
			known = true;
		}
	return known ? vn_show_wait(run_ns, wait_ns) : -1;
}

static void add_summary(const show_table *t, const vn_show_guest *g, vn_grid *grid)
{
	const vn_guest *guest = g->guest;
	uint32_t vcpus = guest->config ? guest->config->vcpus_online : g->n_vcpus;

	add_cell_text(grid, clean(t, guest->name));
	vn_grid_add(grid, "%s", vn_show_states[guest->state]);
	vn_grid_add(grid, vcpus ? "%u" : "-", vcpus);
	vn_grid_add(grid, g->n_pinned ? "%u" : "-", g->n_pinned);
	vn_grid_add_kib(grid, guest->config ? guest->config->mem_kib : guest->memory.ram_kib);
	add_nodes(&g->cpu_nodes, grid);
	add_nodes(&g->mem_nodes, grid);
	add_tenths(grid, g->locality);
	add_tenths(grid, wait_of_vcpus(g));
}

static void write_summary(const show_table *t, const vn_show_guest *guests, uint32_t n)
{
	vn_grid *grid = grid_new(t);

	if (!grid || n < SUMMARY_GUESTS)
		return;
	vn_grid_column(grid, VN_ALIGN_WRAP, "guest");
	vn_grid_column(grid, VN_ALIGN_LEFT, "state");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "vCPUs");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "pinned\n1:1");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "memory");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "CPU\nnodes");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "memory\nnodes");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "locality");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "vCPU\nwait");
	vn_grid_rows(grid, n);
	for (uint32_t i = 0; i < n; i++)
		add_summary(t, &guests[i], grid);
	vn_table_heading("Guests", t->style, t->out);
	vn_grid_write(grid, t->style, t->out);
}

/* ---- all of it ---- */

/* Only what is in the maps. */
static void write_legend(const show_table *t, const vn_show_guest *guests, uint32_t n)
{
	bool maps = false, times = false, pins = false;

	for (uint32_t ix = 0; ix < t->host->n_nodes; ix++)
		maps |= map_width(t, ix) <= MAP_WIDTH_MAX;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t row = 0; row < guests[i].n_rows; row++) {
			times |= guests[i].rows[row].times_known;
			pins |= guests[i].rows[row].by_pin;
		}
	if (!n)
		return;
	vn_text_add(t->out, "\n");
	if (maps)
		vn_table_wrap("X: a CPU that the thread may use; #: where it ran last; -: may not.",
			      0, t->style, t->out);
	if (times)
		vn_table_wrap(
			t->show->before
				? "CPU: of one CPU, since the last look; wait: of the time that "
				  "the threads wanted a CPU and waited for it, since then."
				: "wait: of the time that the threads wanted a CPU, how much they "
				  "waited for it, since they began.",
			0, t->style, t->out);
	if (pins)
		vn_table_wrap("*: as libvirt says; the kernel was not asked.", 0, t->style, t->out);
}

static int write_all(const show_table *t, vn_error *err)
{
	vn_show_guest *guests =
		vn_arena_alloc(t->arena, t->show->running->n_guests + (size_t)1, sizeof(*guests));
	const vn_guest *guest;
	uint32_t at = 0, n = 0;
	int r;

	if (!guests)
		return vn_fail(err, VN_E_NOMEM, "no memory for the table");
	while ((guest = vn_show_next(t->show, &at)))
		if ((r = vn_show_guest_make(t->show, guest, t->arena, &guests[n++], err)) < 0)
			return r;
	if (t->show->note)
		vn_table_wrap(clean(t, t->show->note), 0, t->style, t->out);
	if (!n)
		vn_table_wrap("No guest is running.", 0, t->style, t->out);
	write_summary(t, guests, n);
	for (uint32_t i = 0; i < n; i++)
		write_guest(t, &guests[i]);
	write_legend(t, guests, n);
	vn_table_nodes(t->picture, t->arena, t->style, t->out);
	return vn_text_done(t->out, err);
}

int vn_render_show_table(const vn_show *show, const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_picture picture;
	int r;

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the table");
	if ((r = vn_picture_make(show->running->host, NULL, NULL, arena, &picture, err)) < 0)
		return r;
	return write_all(&(show_table){ show, show->running->host, &picture, arena, style, ret },
			 err);
}
