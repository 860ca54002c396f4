/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Running guests as table, JSON and picture. VNUMA_SHOW=FOLDER keeps what was made, to look at. */
#include "show_scenes.h"

#include <jansson.h>
#include <libxml/parser.h>

typedef struct scene {
	const char *name;
	vn_running *(*make)(void);
} scene;

/* ---- scenes ---- */

static const uint64_t both[] = { 4, 2048 };

/* Two cells pinned 1:1 with an I/O thread, and one that floats on the wrong node. */
static vn_running *quad(void)
{
	static const char web[] =
		"<domain type='kvm'><name>web</name><memory unit='GiB'>4</memory><vcpu>4</vcpu>"
		"<numatune><memory mode='strict' nodeset='0-1'/>"
		"<memnode cellid='0' mode='strict' nodeset='0'/>"
		"<memnode cellid='1' mode='strict' nodeset='1'/></numatune>"
		"<cpu><numa><cell id='0' cpus='0-1' memory='2' unit='GiB'/>"
		"<cell id='1' cpus='2-3' memory='2' unit='GiB'/></numa></cpu>"
		"<metadata><vnuma:vnuma xmlns:vnuma='urn:vnuma:domain:1' mode='auto'/></metadata>"
		"</domain>";
	static const char db[] = "<domain type='kvm'><name>db</name>"
				 "<memory unit='GiB'>2</memory><vcpu>2</vcpu></domain>";
	vn_running *running = running_on("synthetic:numa:4(memory=4294967296) core:2 pu:2");
	vn_guest *guest = add_guest(running, "db", db);

	add_thread(guest, VN_THREAD_VCPU, 0, "0-15", 9);
	add_thread(guest, VN_THREAD_VCPU, 1, "0-15", 10);
	add_thread(guest, VN_THREAD_EMULATOR, 0, "0-15", 0);
	set_memory(running, guest, 1, both, (const uint64_t[]){ 0, 0, 0, GIB_KIB });
	guest->balloon_known = guest->guest_stats_known = true;
	guest->balloon_kib = 2 * GIB_KIB;
	guest->guest_available_kib = 2000 * MIB_KIB;
	guest->guest_unused_kib = 512 * MIB_KIB;
	guest = add_guest(running, "web", web);
	add_thread(guest, VN_THREAD_VCPU, 0, "0", 0);
	add_thread(guest, VN_THREAD_VCPU, 1, "1", 1);
	add_thread(guest, VN_THREAD_VCPU, 2, "4", 4);
	add_thread(guest, VN_THREAD_VCPU, 3, "5", -1);
	add_thread(guest, VN_THREAD_IOTHREAD, 1, "2-3", 2);
	add_thread(guest, VN_THREAD_EMULATOR, 0, "2-3", 3);
	add_thread(guest, VN_THREAD_EMULATOR, 0, "2-3", 3);
	add_thread(guest, VN_THREAD_VHOST, 0, "2-3", 3);
	set_memory(running, guest, 2, both,
		   (const uint64_t[]){ 64 * MIB_KIB, 0, 0, 0, 2 * GIB_KIB, GIB_KIB, 0, 0 });
	vn_running_account(running, NULL);
	return running;
}

/* Ten guests of 64 vCPUs on eight nodes: half of them pinned, half floating over a node. */
static vn_running *ten(void)
{
	static const char *const names[] = { "g0", "g1", "g2", "g3", "g4",
					     "g5", "g6", "g7", "g8", "g9" };
	vn_running *running = running_on("synthetic:numa:8(memory=274877906944) core:32 pu:2");

	for (uint32_t i = 0; i < VN_LEN(names); i++) {
		char xml[512], cpus[32];
		vn_guest *guest;
		uint64_t kib[8] = { 0 };

		snprintf(xml, sizeof(xml),
			 "<domain type='kvm'><name>%s</name><memory unit='GiB'>64</memory>"
			 "<vcpu>64</vcpu></domain>",
			 names[i]);
		guest = add_guest(running, names[i], xml);
		for (uint32_t vcpu = 0; vcpu < 64; vcpu++) {
			uint32_t cpu = (i % 8) * 64 + vcpu;

			snprintf(cpus, sizeof(cpus), i < 5 ? "%u" : "%u-%u",
				 i < 5 ? cpu : (i % 8) * 64, (i % 8) * 64 + 63);
			add_thread(guest, VN_THREAD_VCPU, vcpu, cpus, (int32_t)cpu);
		}
		add_thread(guest, VN_THREAD_EMULATOR, 0, "0-511", 5);
		kib[i % 8] = 64 * GIB_KIB;
		set_memory(running, guest, 1, both, kib);
	}
	vn_running_account(running, NULL);
	return running;
}

/* Names from hell, and nothing that can be found out. */
static vn_running *unknown(void)
{
	vn_running *running = running_on("synthetic:numa:1 core:2 pu:1");
	vn_guest *guest = add_guest(running,
				    "../../etc <b>\x1b[31m\xff &amp; a name that goes on "
				    "for a very long time indeed, longer than any line",
				    NULL);

	vn_fail(&guest->no_threads, VN_E_SYSTEM, "process 1001: not permitted");
	vn_fail(&guest->no_memory, VN_E_SYSTEM, "process 1001: not permitted");
	guest = add_guest(running, "half", NULL);
	add_thread(guest, VN_THREAD_VCPU, 0, NULL, 1)->times_known = false;
	guest->threads[0].pin_known = true;
	guest->threads[0].pin = cpus_of("0");
	add_thread(guest, VN_THREAD_VCPU, 1, NULL, -1)->times_known = false;
	guest->threads_by_name = true;
	add_guest(running, "off", NULL)->state = VN_GUEST_OFF;
	running->guests[2].pid = 0;
	return running;
}

static vn_running *nothing(void)
{
	return running_on("synthetic:numa:2 core:2 pu:1");
}

static const scene scenes[] = {
	{ "quad", quad }, { "ten", ten }, { "unknown", unknown }, { "nothing", nothing }
};

/* ---- what is made of them ---- */

static void keep(const char *name, const char *format, const vn_text *text)
{
	const char *folder = getenv("VNUMA_SHOW");
	char path[256];
	FILE *file;

	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/%s.%s", folder, name, format);
	file = fopen(path, "w");
	assert_non_null(file);
	fwrite(text->bytes, 1, text->len, file);
	fclose(file);
}

static uint32_t widest_line(const char *text)
{
	uint32_t widest = 0;

	for (const char *line = text; *line;) {
		uint32_t length = (uint32_t)strcspn(line, "\n");

		widest = length > widest ? length : widest;
		line += length + (line[length] == '\n');
	}
	return widest;
}

static void test_table(void **state)
{
	const scene *sc = *state;
	VN_AUTO(vn_running) running = sc->make();
	static const uint32_t widths[] = { 80, 100, 120 };

	for (size_t i = 0; i < VN_LEN(widths); i++) {
		vn_style style = { .columns = widths[i] };
		VN_AUTO_TEXT text = VN_TEXT_INIT;
		char format[16];

		assert_int_equal(
			vn_render_show_table(&(vn_show){ .running = running }, &style, &text, NULL),
			VN_OK);
		snprintf(format, sizeof(format), "%u.txt", widths[i]);
		keep(sc->name, format, &text);
		assert_true(widest_line(text.bytes) <= widths[i]);
		assert_null(strchr(text.bytes, '\x1b'));
	}
}

static void test_json(void **state)
{
	const scene *sc = *state;
	VN_AUTO(vn_running) running = sc->make();
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	json_t *root;

	assert_int_equal(vn_render_show_json(&(vn_show){ .running = running }, &text, NULL), VN_OK);
	keep(sc->name, "json", &text);
	root = json_loadb(text.bytes, text.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "schema")), "vnuma/show/1");
	json_decref(root);
}

static void test_svg(void **state)
{
	const scene *sc = *state;
	VN_AUTO(vn_running) running = sc->make();
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	xmlDocPtr document;

	assert_int_equal(vn_render_show_svg(&(vn_show){ .running = running }, &text, NULL), VN_OK);
	keep(sc->name, "svg", &text);
	document = xmlReadMemory(text.bytes, (int)text.len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(document);
	xmlFreeDoc(document);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static char *table_of(const vn_show *show, uint32_t columns, vn_text *text)
{
	assert_int_equal(vn_render_show_table(show, &(vn_style){ .columns = columns }, text, NULL),
			 VN_OK);
	return text->bytes;
}

/* The maps, cell by cell. */
static void test_maps(void **state)
{
	VN_AUTO(vn_running) running = quad();
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	const char *table = table_of(&(vn_show){ .running = running }, 100, &text);

	(void)state;
	has(table, "vCPU 0-1     XX XX   XX XX   X# #X   XX XX   25.0 %");
	has(table, "vCPU 0        #- --");
	has(table, "vCPU 2        -- --   #- --");
	has(table, "vCPU 3        -- --   -X --");
	has(table, "I/O thread 1  -- #X");
	has(table, "emulator (2)  -- X#");
	has(table, "vhost         -- X#");
	has(table, "2 MiB pages   2 GiB   1 GiB");
	has(table, "4 vCPUs pinned 1:1; memory strictly on nodes 0-1");
	has(table, "policy: auto, contiguous; ");
	has(table, "cell 1: vCPUs 2-3, 2 GiB on");
	has(table, "2 vCPUs floating over the whole host; memory not bound");
	has(table, "of 2 GiB that its kernel sees 512 MiB are unused");
}

/* 64 pins are one row, 64 that share a node one row. */
static void test_groups(void **state)
{
	VN_AUTO(vn_running) running = ten();
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	const char *table = table_of(&(vn_show){ .running = running }, 100, &text);
	uint32_t lines = 0;

	(void)state;
	has(table, "vCPU 0-63 1:1");
	has(table, "64 vCPUs floating over node 5");
	has(table, "emulator, any CPU  all");
	for (const char *p = table; *p; p++)
		lines += *p == '\n';
	assert_true(lines < 200);
}

/* With an earlier look, times are the difference. */
static void test_rates(void **state)
{
	VN_AUTO(vn_running) before = quad();
	VN_AUTO(vn_running) after = quad();
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_thread *vcpu = &after->guests[1].threads[0];
	const char *names[] = { "web" };
	const vn_show show = { after, before, 2000, names, 1, NULL };
	const char *table;

	(void)state;
	vcpu->run_ns += 1000000000;
	vcpu->wait_ns += 500000000;
	table = table_of(&show, 100, &text);
	has(table, "50 %  33.3 %");
	assert_null(strstr(table, "Guest db"));
}

int main(void)
{
	static const struct {
		const char *name;
		void (*test)(void **state);
	} views[] = { { "table", test_table }, { "json", test_json }, { "svg", test_svg } };
	static char names[VN_LEN(views) * VN_LEN(scenes)][32];
	struct CMUnitTest tests[VN_LEN(names) + 3];
	size_t n = 0;

	for (size_t v = 0; v < VN_LEN(views); v++)
		for (size_t i = 0; i < VN_LEN(scenes); i++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s as %s", scenes[i].name,
				 views[v].name);
			tests[n] = (struct CMUnitTest){ .name = names[n],
							.test_func = views[v].test,
							.initial_state = (void *)&scenes[i] };
		}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_maps);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_groups);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_rates);
	return cmocka_run_group_tests_name("render_show", tests, NULL, NULL);
}
