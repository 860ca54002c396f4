/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A short measurement of this machine, and how it is shown. */
#include "vnuma/render.h"

#include "kernel/measure.h"
#include "kernel/measure_parts.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static vn_host *live(void)
{
	vn_host *host = NULL;

	assert_int_equal(vn_host_read("live", &host, NULL), VN_OK);
	return host;
}

static void count_calls(void *context, uint32_t done, uint32_t all)
{
	uint32_t *calls = context;

	assert_true(done < all);
	++*calls;
}

/* In a container it may be that memory cannot be bound. */
static vn_measurement *measure(const vn_host *host, uint32_t limit_ms, uint32_t *calls)
{
	vn_measure_options options = {
		.limit_ms = limit_ms, .buffer_kib = 4096, .progress = count_calls, .context = calls
	};
	vn_measurement *m = NULL;
	vn_error err = { 0 };
	int r = vn_measure(host, &options, &m, &err);

	if (r < 0 && !strstr(err.text, "mbind"))
		fail_msg("%s", err.text);
	return m;
}

static void test_measure(void **state)
{
	VN_AUTO(vn_host) host = live();
	uint32_t calls = 0;
	VN_AUTO(vn_measurement) m = measure(host, 1000, &calls);
	bool some = false;

	(void)state;
	if (!m)
		return;
	assert_int_equal(m->n_nodes, host->n_nodes);
	assert_true(calls > 0);
	for (uint32_t i = 0; i < m->n_nodes * m->n_nodes; i++)
		some |= m->latency_ns[i] && m->bandwidth_mibs[i];
	assert_true(some);
	assert_true(m->page_kib && m->buffer_kib);
	assert_int_equal(m->distances[0], 10);
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

static void test_shown(void **state)
{
	VN_AUTO(vn_host) host = NULL;
	VN_AUTO(vn_measurement) m = NULL;
	VN_AUTO_TEXT table = VN_TEXT_INIT;
	VN_AUTO_TEXT picture = VN_TEXT_INIT;

	(void)state;
	assert_int_equal(vn_host_read("synthetic:numa:12 core:2 pu:1", &host, NULL), VN_OK);
	assert_int_equal(vn_measurement_new(12, &m, NULL), VN_OK);
	for (uint32_t i = 0; i < 144; i++) {
		m->ids[i / 12] = i / 12;
		m->latency_ns[i] = i % 13 ? i % 7 * 100 + 90 : 80;
		m->bandwidth_mibs[i] = i == 5 ? 0 : 1000000 + i;
	}
	m->notes[m->n_notes++] = "node 3: <no> memory";
	vn_measurement_distances(m);
	assert_int_equal(
		vn_render_measure_table(m, host, &(vn_style){ .columns = 80 }, &table, NULL),
		VN_OK);
	assert_true(widest_line(table.bytes) <= 80);
	assert_non_null(strstr(table.bytes, "node 3: <no> memory"));
	assert_non_null(strstr(table.bytes, "1000143"));
	assert_int_equal(vn_render_measure_svg(m, host, &picture, NULL), VN_OK);
	assert_non_null(strstr(picture.bytes, "node 3: &lt;no&gt; memory"));
	assert_non_null(strstr(picture.bytes, "CPUs of node 0, memory of node 5: not known"));
}

/* Every line of a chain is visited once before the first comes again. */
static void test_chain(void **state)
{
	vn_buffer buffer;
	void **first, **p;
	size_t n = 0;

	(void)state;
	assert_int_equal(vn_buffer_make(0, 1 << 20, true, false, &buffer), 0);
	vn_chain_make(&buffer);
	first = p = (void **)buffer.bytes;
	do {
		p = *p;
		n++;
	} while (p != first && n <= buffer.size / 64);
	assert_int_equal(n, buffer.size / 64);
	vn_buffer_free(&buffer);
}

/* ---- in a container ---- */

/* From here on mbind fails as a container's seccomp profile makes it fail. */
static bool forbid_mbind(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mbind, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { VN_LEN(filter), filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* 0 as it should be; else which test failed. */
static int in_container(void)
{
	const vn_measure_options options = { .limit_ms = 300, .buffer_kib = 4096 };
	VN_AUTO(vn_host) many = NULL;
	VN_AUTO(vn_host) one = NULL;
	VN_AUTO(vn_measurement) m = NULL;
	vn_error err = { 0 };

	if (!forbid_mbind())
		return 1;
	if (vn_host_read("synthetic:numa:2 core:1 pu:1", &many, NULL) < 0 ||
	    vn_host_read("synthetic:numa:1 core:1 pu:1", &one, NULL) < 0)
		return 2;
	if (vn_measure(many, &options, &m, &err) != VN_E_SYSTEM || m)
		return 3;
	if (!strstr(err.text, "memory may not be bound to node 0 (mbind: "))
		return 4;
	if (vn_measure(one, &options, &m, NULL) < 0 || !m->latency_ns[0])
		return 5;
	return 0;
}

static void test_container(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child)
		_exit(in_container());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 1)
		print_message("# this system has no seccomp\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measure),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_container),
	};

	return cmocka_run_group_tests_name("kernel_measure", tests, NULL, NULL);
}
