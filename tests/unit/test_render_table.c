/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Tables and the terminal's picture. Mostly what must hold for every host and guest: no line is too
 * wide, no colour and no UTF-8 that was not asked for, every vCPU sits in one place; and three
 * goldens, which are there to be read. */
#include "render_scenes.h"

#include "render/picture.h"
#include "render/table_grid.h"

#include <locale.h>
#include <wchar.h>

static void render(const scene *s, bool plan, const vn_style *style, vn_text *ret)
{
	vn_error err = { 0 };
	int r = plan ? vn_render_table(s->host, s->request, s->placement, style, ret, &err)
		     : vn_render_host_table(s->host, style, ret, &err);

	assert_int_equal(r, VN_OK);
	assert_int_equal(err.code, VN_OK);
	assert_int_equal(strlen(ret->bytes), ret->len);
}

/* Calls `check` for each table of each scene, at both widths. */
static void each_table(vn_style style, void (*check)(const vn_text *, const scene *, vn_style))
{
	for (size_t i = 0; i < VN_LEN(scene_list); i++) {
		scene s = scene_make(i);

		for (int plan = 0; plan < 1 + (s.placement != NULL); plan++)
			for (style.columns = 80; style.columns <= 120; style.columns += 40) {
				VN_AUTO_TEXT text = VN_TEXT_INIT;

				render(&s, plan, &style, &text);
				print_message("# %s, %u columns\n", s.name, style.columns);
				check(&text, &s, style);
			}
		vn_arena_free(s.arena);
	}
}

/* ---- width ---- */

/* By the C library's idea of how wide a character is, which is not ours. */
static unsigned columns_of(const char *line, size_t size)
{
	mbstate_t state = { 0 };
	unsigned columns = 0;

	while (size) {
		wchar_t character;
		size_t n = mbrtowc(&character, line, size, &state);

		assert_true(n > 0 && n <= size);
		assert_true(wcwidth(character) >= 0);
		columns += (unsigned)wcwidth(character);
		line += n;
		size -= n;
	}
	return columns;
}

static void check_width(const vn_text *text, const scene *s, vn_style style)
{
	(void)s;
	for (const char *line = text->bytes; *line;) {
		size_t size = strcspn(line, "\n");

		assert_true(columns_of(line, size) <= style.columns);
		assert_true(!size || line[size - 1] != ' ');
		assert_int_equal(line[size], '\n');
		line += size + 1;
	}
}

static void test_width(void **state)
{
	(void)state;
	each_table((vn_style){ .utf8 = true }, check_width);
}

/* ---- bytes ---- */

static void check_ascii(const vn_text *text, const scene *s, vn_style style)
{
	check_width(text, s, style);
	for (size_t i = 0; i < text->len; i++)
		assert_true(text->bytes[i] == '\n' ||
			    (text->bytes[i] >= ' ' && text->bytes[i] < 0x7f));
}

static void test_ascii(void **state)
{
	(void)state;
	each_table((vn_style){ .utf8 = false }, check_ascii);
}

/* What colour adds is SGR sequences and nothing else: without them it is the plain text. */
static void check_color(const vn_text *text, const scene *s, vn_style style)
{
	VN_AUTO_TEXT plain = VN_TEXT_INIT, stripped = VN_TEXT_INIT;
	bool plan = !strncmp(text->bytes, "Guest", 5);

	style.color = false;
	render(s, plan, &style, &plain);
	for (const char *p = text->bytes; *p; p++) {
		if (*p != '\033') {
			vn_text_add_bytes(&stripped, p, 1);
			continue;
		}
		assert_int_equal(p[1], '[');
		p += 2 + strspn(p + 2, "0123456789;");
		assert_int_equal(*p, 'm');
	}
	assert_true(stripped.len < text->len);
	assert_string_equal(stripped.bytes, plain.bytes);
}

static void test_color(void **state)
{
	(void)state;
	each_table((vn_style){ .color = true, .utf8 = true }, check_color);
}

/* ---- the facts ---- */

static void check_seats(const vn_picture *picture)
{
	vn_cpuset seen = { 0 };

	for (uint32_t i = 0; i < picture->n_seats; i++) {
		const vn_seat *seat = &picture->seats[i];

		assert_false(vn_cpuset_has(&seen, seat->cpu));
		vn_cpuset_add(&seen, seat->cpu);
		assert_int_equal(seat->vcpu >= 0, seat->state == VN_SEAT_PINNED);
		if (seat->vcpu >= 0) {
			assert_int_equal(picture->placement->pin[seat->vcpu], seat->cpu);
			assert_int_equal(picture->placement->vcpu_cell[seat->vcpu], seat->cell);
		}
	}
	for (uint32_t cpu = 0; cpu < picture->host->n_cpus; cpu++)
		assert_int_equal(vn_cpuset_has(&seen, cpu), picture->host->cpus[cpu].node_ix >= 0);
}

static void check_shares(const vn_picture *picture)
{
	vn_cpuset seen = { 0 };

	for (uint32_t i = 0; i < picture->n_shares; i++) {
		const vn_share *share = &picture->shares[i];

		assert_false(vn_cpuset_is_empty(&share->vcpus));
		assert_false(vn_cpuset_overlaps(&seen, &share->vcpus));
		assert_true(vn_cpuset_contains(&picture->placement->cells[share->cell].vcpus,
					       &share->vcpus));
		vn_cpuset_or(&seen, &share->vcpus);
	}
	if (picture->placement)
		assert_int_equal(vn_cpuset_count(&seen), picture->placement->n_vcpus);
}

static void check_memory(const vn_picture *picture)
{
	vn_mem_row rows[VN_PAGE_SIZES_MAX + 1];

	for (uint32_t ix = 0; ix < picture->host->n_nodes; ix++) {
		uint32_t n = vn_picture_memory(picture, ix, rows);

		assert_in_range(n, 1, VN_LEN(rows));
		for (uint32_t r = 0; r < n; r++) {
			assert_true(rows[r].total_kib - rows[r].used_kib - rows[r].guest_kib ==
				    rows[r].free_kib);
			assert_true(!rows[r].guest_kib || rows[r].n_cells);
			assert_true(!r || rows[r].page_kib > rows[r - 1].page_kib);
		}
	}
}

static void test_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(scene_list); i++) {
		scene s = scene_make(i);
		vn_picture picture;

		print_message("# %s\n", s.name);
		assert_int_equal(
			vn_picture_make(s.host, s.request, s.placement, s.arena, &picture, NULL),
			VN_OK);
		check_seats(&picture);
		check_shares(&picture);
		check_memory(&picture);
		vn_arena_free(s.arena);
	}
}

/* ---- names from outside ---- */

static void test_clean(void **state)
{
	static const struct {
		const char *in, *utf8, *ascii;
	} cases[] = {
		{ NULL, "", "" },
		{ "br0", "br0", "br0" },
		{ "a\tb\nc\x7f", "a?b?c?", "a?b?c?" },
		{ "\033[2J", "?[2J", "?[2J" },
		{ "n\xc3\xa4me", "n\xc3\xa4me", "n?me" },
		{ "\xc3", "?", "?" },				 /* cut off */
		{ "\xc0\xaf", "??", "??" },			 /* overlong */
		{ "\xed\xa0\x80", "???", "???" },		 /* a surrogate */
		{ "\xf5\x80\x80\x80", "????", "????" },		 /* beyond Unicode */
		{ "\xc2\x9b", "??", "??" },			 /* a C1 control */
		{ "\xe2\x80\xaex", "???x", "???x" },		 /* right-to-left override */
		{ "\xef\xbf\xbf", "???", "???" },		 /* no character: illegal in XML */
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "?" }, /* a pictogram */
	};
	VN_AUTO(vn_arena) arena = vn_arena_new();

	(void)state;
	for (size_t i = 0; i < VN_LEN(cases); i++) {
		assert_string_equal(vn_picture_clean(arena, cases[i].in, false), cases[i].utf8);
		assert_string_equal(vn_picture_clean(arena, cases[i].in, true), cases[i].ascii);
	}
}

static void test_wrap(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "short", "  short\n" },
		{ "one\ntwo", "  one\n  two\n" },
		/* 38 columns are left of 40 */
		{ "0123456789 0123456789 0123456789 012345", "  0123456789 0123456789 0123456789\n"
							     "  012345\n" },
		{ "0-99,100-199,200-299,300-399,400-499,500-599", "  0-99,100-199,200-299,300-399,"
								  "400-499,\n  500-599\n" },
		{ "01234567890123456789012345678901234567890123456789",
		  "  01234567890123456789012345678901234567\n  890123456789\n" },
		{ "", "" },
	};
	const vn_style style = { .columns = 40 };

	(void)state;
	for (size_t i = 0; i < VN_LEN(cases); i++) {
		VN_AUTO_TEXT text = VN_TEXT_INIT;

		vn_table_wrap(cases[i].in, 2, &style, &text);
		assert_string_equal(text.bytes ? text.bytes : "", cases[i].out);
	}
}

/* ---- goldens ---- */

static void check_golden(const char *name, bool plan, const char *golden)
{
	const vn_style style = { .utf8 = false };

	for (size_t i = 0; i < VN_LEN(scene_list); i++) {
		if (strcmp(scene_list[i].name, name))
			continue;
		VN_AUTO_TEXT text = VN_TEXT_INIT;
		scene s = scene_make(i);

		render(&s, plan, &style, &text);
		assert_string_equal(text.bytes, golden);
		vn_arena_free(s.arena);
		return;
	}
	fail_msg("no scene '%s'", name);
}

static void test_host_golden(void **state)
{
	(void)state;
	check_golden(
		"odd", false,
		"Host host.xml\n"
		"5 nodes, 3 sockets, 12 cores, 23 CPUs (2 threads per core), 32 GiB of memory\n"
		"CPUs offline: 23\n"
		"CPUs isolated from the scheduler (isolcpus): 4-7\n"
		"\n"
		"Nodes\n"
		"                                                 2 MiB     1 GiB\n"
		"                                                 pages     pages    CPUs\n"
		"  node  socket  CPUs   cores  memory   free   free/all  free/all  pinned\n"
		"     0       0  0-7        4   8 GiB  2 GiB  1152/1536       2/2       -\n"
		"     1       1  8-15       4   8 GiB  2 GiB  1152/1536       2/2       2\n"
		"     2       2  16-22      4       -      -          -         -       -\n"
		"     8       -             -   8 GiB  2 GiB  1152/1536       2/2       -\n"
		"   252       -             -   8 GiB  2 GiB  1152/1536       2/2       -\n"
		"\n"
		"  node  remarks\n"
		"     0\n"
		"     1\n"
		"     2  no memory\n"
		"     8  no CPUs\n"
		"   252  GPU memory, no CPUs\n"
		"\n"
		"Distances\n"
		"  node   0   1   2   8  252\n"
		"     0  10  25  29  21   25\n"
		"     1  25  10  21  29   29\n"
		"     2  29  21  10  25   21\n"
		"     8  21  29  25  10   25\n"
		"   252  25  29  21  25   10\n"
		"\n"
		"PCI devices\n"
		"  node  address       kind     vendor:product  IOMMU group  names\n"
		"     1  0000:05:00.0  network  8086:1505                 5  enp5s0\n"
		"     ?  0000:06:00.0  NVMe     8086:1506                 6  nvme1n1\n"
		"\n"
		"CPUs\n"
		"node 0   | .- -- | -- --\n"
		"node 1   | -- -- | -- xx\n"
		"node 2   | -- -- | -- -\n"
		"node 8   | no CPUs\n"
		"node 252 | no CPUs\n"
		"\n"
		"  x taken by other guests   . not for guests   - free\n"
		"  | between last-level caches\n");
}

static void test_plan_golden(void **state)
{
	(void)state;
	check_golden("shared", true,
		     "Guest web1 on host host.xml\n"
		     "12 vCPUs in 3 cells, 12 GiB of memory; mode host, contiguous, CPUs shared,\n"
		     "memory strict\n"
		     "\n"
		     "Cells of the guest on nodes of the host\n"
		     "  cell  node  vCPUs          on CPUs    memory\n"
		     "     0     0  0      float   1-2,5       4 GiB\n"
		     "              1-3    float   0-7,16-23\n"
		     "     1     0  4-7    float   0-7,16-23   4 GiB\n"
		     "     2     0  8-9    pinned  3,19        4 GiB\n"
		     "              10-11  float   0-7,16-23\n"
		     "\n"
		     "Emulator on CPUs 0-31\n"
		     "Guest topology: 3 sockets x 4 cores x 1 thread\n"
		     "\n"
		     "Distances between the cells\n"
		     "  cell   0   1   2\n"
		     "     0  10  21  21\n"
		     "     1  21  10  21\n"
		     "     2  21  21  10\n"
		     "\n"
		     "Cost (the best found before the search ended)\n"
		     "  cost  of what\n"
		     "     0  devices away from the guest's nodes\n"
		     "     0  distance, summed over pairs of vCPUs and from vCPUs to their memory\n"
		     "     0  free cores broken and cache groups used, beyond the least possible\n"
		     "     0  load of the chosen nodes as the strategy sees it, in 1/1000\n"
		     "\n"
		     "CPUs\n"
		     "node 0 | ~~ ~~ ~~ 22 ~~ ~~ ~~ ~~  cell 0: vCPU 0 on 1-2,5\n"
		     "       | cell 0: vCPUs 1-3 float  cell 1: vCPUs 4-7 float\n"
		     "       | cell 2: vCPUs 8-9 pinned  cell 2: vCPUs 10-11 float\n"
		     "node 1 | -- -- -- -- -- -- -- --\n"
		     "\n"
		     "  0-2 one vCPU of that cell, pinned here\n"
		     "  ~ vCPUs of the cell at the end of the line float here   - free\n");
}

static void test_explain(void **state)
{
	const vn_style style = { .columns = 80 };
	vn_explain *explain = calloc(1, sizeof(*explain));
	scene s = scene_make(1);
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	(void)state;
	assert_non_null(explain);
	explain->n_cells = 4;
	explain->cell = 2;
	explain->vcpus = 4;
	explain->mem_kib = 8 * GIB;
	explain->n_verdicts = 4;
	explain->steps = 17;
	explain->verdicts[0] = (vn_verdict){ 0, VN_NEED_NOTHING, 0, 0 };
	explain->verdicts[1] = (vn_verdict){ 1, VN_NEED_PAGES, 8 * GIB, 3 * GIB };
	explain->verdicts[2] = (vn_verdict){ 2, VN_NEED_FREE_CPUS, 4, 0 };
	explain->verdicts[3] = (vn_verdict){ 3, VN_NEED_ALLOWED, 0, 0 };
	assert_int_equal(vn_render_explain(s.host, s.request, NULL, explain, &style, &text, NULL),
			 VN_OK);
	assert_string_equal(text.bytes,
			    "\n"
			    "Node by node, for cell 2 of 4 (4 vCPUs, 8 GiB)\n"
			    "  node  fits  what decided                     asked   there\n"
			    "     0  yes   nothing is missing                   -       -\n"
			    "     1  no    free pages of the wanted size    8 GiB   3 GiB\n"
			    "     2  no    free CPUs for 1:1 pins          4 CPUs  0 CPUs\n"
			    "     3  no    a node that the request allows       -       -\n");
	vn_text_clear(&text);
	explain->n_verdicts = 0;
	s.placement->cost = (vn_cost){ 1, 2848, 0, 32 };
	assert_int_equal(
		vn_render_explain(s.host, s.request, s.placement, explain, &style, &text, NULL),
		VN_OK);
	assert_non_null(strstr(text.bytes, "proven: no placement has a lower one"));
	assert_non_null(strstr(text.bytes, "\n  2848  distance, "));
	assert_non_null(strstr(text.bytes, "\nThe search took 17 steps.\n"));
	vn_arena_free(s.arena);
	free(explain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_width),	    cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_color),	    cmocka_unit_test(test_facts),
		cmocka_unit_test(test_clean),	    cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_host_golden), cmocka_unit_test(test_plan_golden),
		cmocka_unit_test(test_explain),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		print_message("1..0 # SKIP no C.UTF-8 locale\n");
		return 0;
	}
	return cmocka_run_group_tests_name("render_table", tests, NULL, NULL);
}
