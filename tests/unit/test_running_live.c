/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Plans of guests that run: what they keep, where their memory holds them, which vCPUs go on and
 * off, and whether a guest is as planned. */
#include "vnuma/running.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char host_document[] = "{\"cells\":[{\"id\":0,\"cpus\":\"0-3\",\"mem_mib\":4096},"
				    "{\"id\":1,\"cpus\":\"4-7\",\"mem_mib\":4096},{\"id\":2,"
				    "\"cpus\":\"8-11\",\"mem_mib\":4096}],"
				    "\"distances\":[[10,20,30],[20,10,20],[30,20,10]]}";

struct scene {
	vn_running running;
	vn_guest guest;
	vn_placement *placement;
	vn_error err;
};

static void start(struct scene *scene, const char *inside)
{
	vn_guest *guest = &scene->guest;
	char xml[4096];
	int n = snprintf(xml, sizeof(xml), "<domain type='kvm'><name>g</name>%s</domain>", inside);

	assert_true(n > 0 && (size_t)n < sizeof(xml));
	*scene = (struct scene){ 0 };
	*guest = (vn_guest){ .name = "g", .uuid = "", .state = VN_GUEST_RUNNING };
	scene->placement = calloc(1, sizeof(*scene->placement));
	assert_non_null(scene->placement);
	if (vn_host_parse("h.json", host_document, strlen(host_document), &scene->running.host,
			  &scene->err) < 0 ||
	    vn_request_parse_xml_as_is("g", xml, (size_t)n, &guest->config, &scene->err) < 0 ||
	    vn_request_parse_xml("g", xml, (size_t)n, &guest->policy, &scene->err) < 0)
		fail_msg("%s", scene->err.text);
	scene->running.guests = guest;
	scene->running.n_guests = 1;
}

static void end(struct scene *scene)
{
	vn_request_free(scene->guest.config);
	vn_request_free(scene->guest.policy);
	vn_host_free(scene->running.host);
	free(scene->placement);
}

/* Plans it; the node of each cell as text, "2" or "0 1", or the error's code. */
static const char *plan(struct scene *scene, const char *nodes, bool *kept)
{
	static char text[64];
	vn_live_options options = { .place = &vn_place_defaults };
	vn_nodeset set;
	size_t n = 0;
	int r;

	if (nodes && vn_nodeset_parse(vn_cursor_of_string(NULL, nodes), &set, NULL) == VN_OK)
		options.nodes = &set;
	r = vn_guest_plan(scene->running.host, &scene->guest, &options, scene->placement, kept,
			  &scene->err);
	snprintf(text, sizeof(text), "%d", r);
	for (uint32_t c = 0; r == VN_OK && c < scene->placement->n_cells; c++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u", c ? " " : "",
				      scene->placement->cells[c].node_ix);
	return text;
}

#define SIZE	  "<memory unit='MiB'>512</memory><vcpu>2</vcpu>"
#define DEDICATED "<spec xmlns='urn:vnuma:domain:1' name='hw:cpu_policy' value='dedicated'/>"
#define POLICY(wrote)                                                                              \
	"<metadata><vnuma xmlns='urn:vnuma:domain:1'>" DEDICATED "<wrote " wrote "/></vnuma>"      \
	"</metadata>"
#define PINS(a, b)                                                                                 \
	"<cputune><vcpupin vcpu='0' cpuset='" a "'/><vcpupin vcpu='1' cpuset='" b "'/></cputune>"
#define CELL "<cpu><numa><cell id='0' cpus='0-1' memory='512' unit='MiB'/></numa></cpu>"
#define BOUND(mode, node)                                                                          \
	"<numatune><memory mode='" mode "' nodeset='" node "'/><memnode cellid='0' mode='" mode    \
	"' nodeset='" node "'/></numatune>"
#define WROTE "vcpupin='0-1' numatune='0' memnode='0' cells='0'"

static void test_keeps_its_place(void **state)
{
	struct scene scene;
	bool kept;

	(void)state;
	start(&scene, POLICY(WROTE) SIZE PINS("5", "7") CELL BOUND("restrictive", "1"));
	assert_string_equal(plan(&scene, NULL, &kept), "1");
	assert_true(kept);
	assert_int_equal(scene.placement->pin[0], 5);
	assert_int_equal(scene.placement->pin[1], 7);
	end(&scene);
}

/* Two vCPUs on one CPU, a CPU that is not there, or another guest's: none of that is a place. */
static void test_leaves_an_illegal_place(void **state)
{
	static const char *const guests[] = {
		POLICY(WROTE) SIZE PINS("5", "5") CELL BOUND("restrictive", "1"),
		POLICY(WROTE) SIZE PINS("5", "99") CELL BOUND("restrictive", "1"),
		POLICY(WROTE) SIZE PINS("5", "6") CELL BOUND("restrictive", "1"),
		POLICY(WROTE) SIZE PINS("5", "8") CELL BOUND("restrictive", "1"),
	};
	struct scene scene;
	bool kept;

	(void)state;
	for (size_t i = 0; i < VN_LEN(guests); i++) {
		start(&scene, guests[i]);
		vn_cpuset_add(&scene.running.host->nodes[1].pinned, 6);
		vn_host_count_node(scene.running.host, 1);
		plan(&scene, NULL, &kept);
		assert_false(kept);
		assert_true(scene.placement->pin[0] >= 0);
		assert_int_not_equal(scene.placement->pin[0], scene.placement->pin[1]);
		end(&scene);
	}
}

static void test_memory_decides(void **state)
{
	struct scene scene;
	bool kept;

	(void)state;
	/* bound: vCPUs go to the memory, and no further */
	start(&scene, POLICY(WROTE) SIZE PINS("0", "0") CELL BOUND("strict", "2"));
	assert_int_equal(vn_guest_memory_stays(&scene.guest), VN_MEMORY_BOUND);
	assert_string_equal(plan(&scene, NULL, &kept), "2");
	end(&scene);
	/* a device that is passed through holds it */
	start(&scene, POLICY(WROTE) SIZE PINS("0", "0") CELL BOUND(
			      "restrictive",
			      "2") "<devices><hostdev mode='subsystem' type='pci'><source><address "
				   "domain='0' "
				   "bus='1' slot='0' function='0'/></source></hostdev></devices>");
	assert_int_equal(vn_guest_memory_stays(&scene.guest), VN_MEMORY_VFIO);
	assert_string_equal(plan(&scene, NULL, &kept), "2");
	end(&scene);
	/* it moves: any node will do */
	start(&scene, POLICY(WROTE) SIZE PINS("0", "0") CELL BOUND("restrictive", "2"));
	assert_int_equal(vn_guest_memory_stays(&scene.guest), VN_MEMORY_MOVES);
	assert_string_equal(plan(&scene, "1", &kept), "1");
	end(&scene);
}

static void test_nodes(void **state)
{
	struct scene scene;
	bool kept;

	(void)state;
	start(&scene, POLICY(WROTE) SIZE PINS("5", "7") CELL BOUND("restrictive", "1"));
	assert_string_equal(plan(&scene, "2", &kept), "2");
	assert_false(kept);
	assert_string_equal(plan(&scene, "0-1", &kept), "1");
	assert_true(kept);
	end(&scene);
}

/* Cells of the owner on one node, which a guest that starts would not be given. */
static void test_cells_share_a_node(void **state)
{
	struct scene scene;
	bool kept;

	(void)state;
	start(&scene,
	      SIZE "<cpu><numa><cell id='0' cpus='0' memory='256' unit='MiB'/><cell id='1' "
		   "cpus='1' memory='256' unit='MiB'/></numa></cpu><numatune><memory "
		   "mode='strict' nodeset='1'/><memnode cellid='0' mode='strict' "
		   "nodeset='1'/><memnode cellid='1' mode='strict' nodeset='1'/></numatune>");
	assert_string_equal(plan(&scene, NULL, &kept), "1 1");
	assert_int_equal(plan(&scene, "2", &kept)[0], '-');
	end(&scene);
}

static void test_take_over(void **state)
{
	struct scene scene;
	bool kept;

	(void)state;
	start(&scene, SIZE PINS("3", "77"));
	assert_int_equal(plan(&scene, NULL, &kept)[0], '-');
	vn_request_take_over(scene.guest.policy);
	assert_int_not_equal(plan(&scene, NULL, &kept)[0], '-');
	assert_true(vn_cpuset_has(&scene.guest.policy->wrote[VN_SET_VCPUPIN], 1));
	end(&scene);
}

/* ---- vCPUs ---- */

#define FOUR_CELLS(threads)                                                                        \
	"<memory unit='MiB'>512</memory><vcpu>16</vcpu><cpu><topology sockets='4' cores='" threads \
	"/><numa><cell id='0' cpus='0-3' memory='128' unit='MiB'/><cell id='1' cpus='4-7' "        \
	"memory='128' unit='MiB'/><cell id='2' cpus='8-11' memory='128' unit='MiB'/><cell id='3' " \
	"cpus='12-15' memory='128' unit='MiB'/></numa></cpu>"

static void test_choose_vcpus(void **state)
{
	static const struct {
		const char *guest, *online, *pluggable;
		uint32_t n;
		const char *expect; /* NULL: refused */
	} rows[] = {
		{ FOUR_CELLS("2' threads='2'"), "0-15", "1-15", 8, "0-1,4-5,8-9,12-13" },
		{ FOUR_CELLS("2' threads='2'"), "0-1,4-5,8-9,12-13", "1-15", 16, "0-15" },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "1-15", 8, "0-1,4-5,8-9,12-13" },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "1-15", 4, "0,4,8,12" },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "1-15", 1, "0" },
		{ FOUR_CELLS("2' threads='2'"), "0-15", "1-15", 15, "0-14" },
		{ FOUR_CELLS("2' threads='2'"), "0-14", "1-15", 14, "0-13" },
		{ FOUR_CELLS("2' threads='2'"), "0-14", "1-15", 16, "0-15" },
		{ FOUR_CELLS("4' threads='1'"), "0", "1-15", 5, "0-1,4,8,12" },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "1-15", 16, "0-15" },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "12-15", 13, "0-12" },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "12-15", 11, NULL },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "", 8, NULL },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "1-15", 0, NULL },
		{ FOUR_CELLS("4' threads='1'"), "0-15", "1-15", 17, NULL },
		{ "<memory>65536</memory><vcpu>4</vcpu>", "0-1", "1-3", 3, "0-2" },
	};

	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		struct scene scene;
		vn_cpuset online, pluggable, chosen;
		char text[64] = "";
		int r;

		start(&scene, rows[i].guest);
		vn_cpuset_parse(vn_cursor_of_string(NULL, rows[i].online), &online, NULL);
		vn_cpuset_parse(vn_cursor_of_string(NULL, rows[i].pluggable), &pluggable, NULL);
		r = vn_guest_choose_vcpus(scene.guest.config, &online, &pluggable, rows[i].n,
					  &chosen, &scene.err);
		assert_int_equal(r, rows[i].expect ? VN_OK : VN_E_RANGE);
		if (rows[i].expect) {
			vn_cpuset_format(&chosen, text, sizeof(text));
			assert_string_equal(text, rows[i].expect);
		}
		end(&scene);
	}
}

/* ---- as planned? ---- */

static int verify(struct scene *scene)
{
	return vn_guest_verify(&scene->running, &scene->guest, NULL, scene->placement, &scene->err);
}

static void test_verify_threads(void **state)
{
	struct scene scene;
	vn_thread threads[3] = { { .kind = VN_THREAD_VCPU, .number = 0 },
				 { .kind = VN_THREAD_VCPU, .number = 1 },
				 { .kind = VN_THREAD_EMULATOR } };
	bool kept;

	(void)state;
	start(&scene, POLICY(WROTE) SIZE PINS("5", "7") CELL BOUND("strict", "1"));
	plan(&scene, NULL, &kept);
	scene.guest.threads = threads;
	scene.guest.n_threads = VN_LEN(threads);
	assert_int_equal(verify(&scene), VN_OK); /* nothing is known */
	threads[1].pin_known = true;
	vn_cpuset_add(&threads[1].pin, 7);
	assert_int_equal(verify(&scene), VN_OK);
	threads[1].allowed_known = true;
	vn_cpuset_add_range(&threads[1].allowed, 4, 7);
	assert_int_equal(verify(&scene), VN_E_SYSTEM);
	assert_string_equal(scene.err.text,
			    "vCPU 1 of guest 'g' may use the CPUs '4-7' by the kernel, not '7' as "
			    "planned");
	threads[1].allowed = threads[1].pin;
	threads[2].pin_known = true;
	vn_cpuset_add(&threads[2].pin, 0);
	assert_int_equal(verify(&scene), VN_E_SYSTEM);
	assert_string_equal(scene.err.text,
			    "emulator thread 0 of guest 'g' may use the CPUs '0' by libvirt, not "
			    "'5,7' as planned");
	end(&scene);
}

/* QEMU's first thread is where libvirt puts it; the others may have narrowed themselves. */
static void test_verify_helpers(void **state)
{
	struct scene scene;
	vn_thread threads[2] = {
		{ .kind = VN_THREAD_EMULATOR, .tid = 100, .allowed_known = true },
		{ .kind = VN_THREAD_EMULATOR, .tid = 101, .allowed_known = true }
	};
	bool kept;

	(void)state;
	start(&scene, POLICY(WROTE) SIZE PINS("5", "7") CELL BOUND("strict", "1"));
	plan(&scene, NULL, &kept);
	scene.guest.pid = 100;
	scene.guest.threads = threads;
	scene.guest.n_threads = VN_LEN(threads);
	vn_cpuset_add(&threads[0].allowed, 5);
	vn_cpuset_add(&threads[0].allowed, 7);
	vn_cpuset_add(&threads[1].allowed, 5);
	assert_int_equal(verify(&scene), VN_OK);
	vn_cpuset_add(&threads[1].allowed, 6);
	assert_int_equal(verify(&scene), VN_E_SYSTEM);
	assert_string_equal(scene.err.text,
			    "emulator thread 0 of guest 'g' may use the CPUs '5-6' by the kernel, "
			    "not '5,7' as planned");
	vn_cpuset_del(&threads[1].allowed, 6);
	vn_cpuset_del(&threads[0].allowed, 7);
	assert_int_equal(verify(&scene), VN_E_SYSTEM);
	assert_string_equal(scene.err.text,
			    "emulator thread 0 of guest 'g' may use the CPUs '5' by the kernel, "
			    "not '5,7' as planned");
	end(&scene);
}

static void test_verify_memory(void **state)
{
	struct scene scene;
	uint64_t kib[3] = { 0, 1024, 0 };
	bool kept;

	(void)state;
	start(&scene, POLICY(WROTE) SIZE PINS("5", "7") CELL BOUND("strict", "1"));
	plan(&scene, NULL, &kept);
	scene.guest.memory = (vn_memory_use){
		.how = VN_MEASURED_EXACT, .n_sizes = 1, .size_kib = { 4 }, .kib = kib
	};
	assert_int_equal(verify(&scene), VN_OK);
	kib[2] = 64;
	assert_int_equal(verify(&scene), VN_E_SYSTEM);
	assert_string_equal(scene.err.text,
			    "guest 'g' has 64 KiB on node 2, where the plan puts nothing");
	kib[2] = 0;
	scene.placement->cells[0].page_kib = 2048;
	assert_int_equal(verify(&scene), VN_E_SYSTEM);
	assert_string_equal(scene.err.text, "guest 'g' has 0 KiB in pages of 2 MiB on node 1, not "
					    "512 MiB as planned");
	scene.placement->cells[0].page_kib = 0;
	scene.placement->cells[0].mem_node_ix = 2;
	assert_int_equal(verify(&scene), VN_E_SYSTEM);
	assert_string_equal(
		scene.err.text,
		"memory of cell 0 of guest 'g' is bound to node '1', not to 2 as planned");
	end(&scene);
}

static void test_verify_alone(void **state)
{
	struct scene scene;
	vn_node *node;
	bool kept;

	(void)state;
	start(&scene, POLICY(WROTE) SIZE PINS("5", "7") CELL BOUND("strict", "1"));
	node = &scene.running.host->nodes[1];
	plan(&scene, NULL, &kept);
	assert_int_equal(vn_guest_verify_alone(scene.running.host, scene.guest.policy,
					       scene.placement, &scene.err),
			 VN_OK);
	vn_cpuset_add(&node->pinned, 7);
	assert_int_equal(vn_guest_verify_alone(scene.running.host, scene.guest.policy,
					       scene.placement, &scene.err),
			 VN_E_NOFIT);
	assert_string_equal(scene.err.text,
			    "CPU 7, which guest 'g' was given, is another guest's by now");
	vn_cpuset_del(&node->pinned, 7);
	scene.placement->cells[0].mem_kib = 4096 << 10;
	node->mem_used_kib = 3072 << 10;
	assert_int_equal(vn_guest_verify_alone(scene.running.host, scene.guest.policy,
					       scene.placement, &scene.err),
			 VN_E_NOFIT);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_its_place),
		cmocka_unit_test(test_leaves_an_illegal_place),
		cmocka_unit_test(test_memory_decides),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_cells_share_a_node),
		cmocka_unit_test(test_take_over),
		cmocka_unit_test(test_choose_vcpus),
		cmocka_unit_test(test_verify_threads),
		cmocka_unit_test(test_verify_helpers),
		cmocka_unit_test(test_verify_memory),
		cmocka_unit_test(test_verify_alone),
	};

	return cmocka_run_group_tests_name("running_live", tests, NULL, NULL);
}
