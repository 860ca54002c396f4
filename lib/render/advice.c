/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What would help a refused guest, in lines that an operator can act on: what to free and where,
 * which guests to move away, how large a guest may be. */
#include "render/picture.h"
#include "render/table_grid.h"

/* ---- pieces ---- */

/* Exact, as a number that can be typed back: whole GiB or whole MiB. */
static void add_size(vn_text *to, uint64_t kib)
{
	if (kib % (1 << 20) == 0)
		vn_text_addf(to, "%llu GiB", (unsigned long long)(kib >> 20));
	else if (kib % 1024 == 0)
		vn_text_addf(to, "%llu MiB", (unsigned long long)(kib >> 10));
	else
		vn_text_addf(to, "%llu KiB", (unsigned long long)kib);
}

static void add_count(vn_text *to, uint64_t n, const char *what)
{
	vn_text_addf(to, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
}

/* Between the items of "a, b and c". */
static const char *between(uint32_t i, uint32_t n)
{
	return i == 0 ? "" : i + 1 == n ? " and " : ", ";
}

/* Not wrapped: each line stands alone, as the message before them. */
static void write_line(vn_text *line, vn_text *ret)
{
	ret->failed |= line->failed;
	if (!line->failed && line->len)
		vn_text_addf(ret, "%s\n", line->bytes);
	vn_text_clear(line);
}

/* ---- what is missing ---- */

/* With a policy for threads, or pins of the owner, not just any CPU will do. */
static bool names_cpus(const vn_request *request)
{
	return (request->thread_policy != VN_THREADS_PREFER &&
		!vn_cpuset_is_empty(&request->dedicated)) ||
	       !vn_cpuset_is_empty(&request->vcpupin_given) || request->cpuset_given;
}

static void add_cpus(vn_text *to, const vn_request *request, const vn_short_node *node)
{
	if (node->cores)
		add_count(to, node->cores, "more whole free core");
	else
		add_count(to, node->cpus, "more free CPU");
	if (!names_cpus(request))
		return;
	vn_text_addf(to, " (CPU%s ", node->cpus == 1 ? "" : "s");
	vn_text_add_cpuset(to, &node->which);
	vn_text_add(to, ")");
}

static void add_pages(vn_text *to, const vn_pages *pages, uint64_t kib, uint64_t new_kib)
{
	add_count(to, kib / pages->size_kib, "more free page");
	vn_text_add(to, " of ");
	add_size(to, pages->size_kib);
	if (new_kib && new_kib < kib)
		vn_text_addf(to, " (%llu of them new: the pool is too small)",
			     (unsigned long long)(new_kib / pages->size_kib));
	else if (new_kib)
		vn_text_add(to, " (new ones: the pool is too small)");
}

/* "4 more free CPUs and 2 GiB more free memory on node 2" */
static void add_node(vn_text *to, const vn_host *host, const vn_request *request,
		     const vn_short_node *node)
{
	int ix = vn_host_node_ix(host, node->node);
	uint32_t n_pages = ix >= 0 ? host->nodes[ix].n_pages : 0, i = 0;
	uint32_t n = (node->cpus != 0) + (node->vcpus != 0) + (node->mem_kib != 0);

	for (uint32_t k = 0; k < n_pages; k++)
		n += node->pages_kib[k] != 0;
	if (node->cpus) {
		vn_text_add(to, between(i++, n));
		add_cpus(to, request, node);
	}
	if (node->vcpus) {
		vn_text_add(to, between(i++, n));
		add_count(to, node->vcpus, "floating vCPU");
		vn_text_add(to, " of other guests fewer");
	}
	if (node->mem_kib) {
		vn_text_add(to, between(i++, n));
		add_size(to, node->mem_kib);
		vn_text_add(to, " more free memory");
	}
	for (uint32_t k = 0; k < n_pages; k++)
		if (node->pages_kib[k]) {
			vn_text_add(to, between(i++, n));
			add_pages(to, &host->nodes[ix].pages[k], node->pages_kib[k],
				  node->pages_new_kib[k]);
		}
	vn_text_addf(to, " on node %u", node->node);
}

static void write_shortfall(const vn_host *host, const vn_request *request,
			    const vn_shortfall *shortfall, vn_text *ret)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	if (shortfall->state == VN_SHORT_IMPOSSIBLE) {
		vn_text_addf(&line, "not even on the empty host: %s", shortfall->why.text);
		write_line(&line, ret);
		return;
	}
	if (shortfall->state != VN_SHORT_CHANGE)
		return;
	vn_text_add(&line, "would fit: with ");
	for (uint32_t i = 0; i < shortfall->n_nodes; i++) {
		vn_text_add(&line, i ? ", and with " : "");
		add_node(&line, host, request, &shortfall->nodes[i]);
	}
	write_line(&line, ret);
	if (vn_nodeset_is_empty(&shortfall->never))
		return;
	vn_text_addf(&line, "never on node%s ",
		     vn_nodeset_count(&shortfall->never) == 1 ? "" : "s");
	vn_text_add_nodeset(&line, &shortfall->never);
	vn_text_add(&line, ", not even if empty");
	write_line(&line, ret);
}

/* ---- how large ---- */

static void write_most(const vn_request *request, const vn_most *most, vn_text *ret)
{
	bool vcpus = most->vcpus.asked && most->vcpus.vcpus;
	bool memory = most->memory.asked && most->memory.mem_kib;
	/* the same vCPUs with less memory than was asked for tell nothing new */
	bool both = most->proportion.asked && most->proportion.vcpus &&
		    (!vcpus || most->proportion.vcpus < most->vcpus.vcpus);
	uint32_t n = (uint32_t)vcpus + memory + both, i = 0;
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	if (!n)
		return;
	vn_text_add(&line, "at most now: ");
	if (vcpus) {
		add_count(&line, most->vcpus.vcpus, "vCPU");
		vn_text_add(&line, " with ");
		add_size(&line, request->mem_kib);
		i++;
	}
	if (memory) {
		vn_text_add(&line, i++ ? ", or " : "");
		add_size(&line, most->memory.mem_kib);
		vn_text_add(&line, " with ");
		add_count(&line, request->vcpus, "vCPU");
	}
	if (both) {
		vn_text_add(&line, i++ ? ", or " : "");
		add_count(&line, most->proportion.vcpus, "vCPU");
		vn_text_add(&line, " with ");
		add_size(&line, most->proportion.mem_kib);
	}
	write_line(&line, ret);
}

/* ---- who would have to go ---- */

static void write_moves(const vn_moves *moves, const char *const *names, vn_arena *arena,
			const vn_style *style, vn_text *ret)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	if (!moves->n) {
		vn_text_add(&line, "it would not fit without the guests of --with either");
		write_line(&line, ret);
		return;
	}
	vn_text_add(&line, moves->can_move ? "moving " : "taking ");
	for (uint32_t i = 0; i < moves->n; i++)
		vn_text_addf(&line, "%s%s", between(i, moves->n),
			     vn_picture_clean(arena, names[moves->which[i]], !style->utf8));
	vn_text_addf(&line, moves->can_move ? " elsewhere on this host would do"
					    : " off this host would do");
	if (!moves->exact)
		vn_text_add(&line, " (found one by one; fewer may do)");
	write_line(&line, ret);
}

int vn_render_advice(const vn_host *host, const vn_request *request, const vn_advice *advice,
		     const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the advice");
	if (advice->shortfall)
		write_shortfall(host, request, advice->shortfall, ret);
	if (advice->moves)
		write_moves(advice->moves, advice->names, arena, style, ret);
	if (advice->most)
		write_most(request, advice->most, ret);
	return vn_text_done(ret, err);
}
