/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the tests of the writers: small hosts as JSON text, domain documents put together from parts,
 * and the way from a document to what is rendered, with the real readers and the real fit. */
#ifndef VN_TEST_RENDER_PLAN_H
#define VN_TEST_RENDER_PLAN_H

#include "vnuma/vnuma.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef int (*plan_renderer)(const vn_host *, const vn_request *, const vn_placement *, vn_text *,
			     vn_error *);

/* `nodes` nodes of 4 cores with 2 threads (siblings n and n + all cores), 16 GiB each, 1024 free
 * pages of 2 MiB and 8 of 1 GiB; the NIC of bridge br<node> on each node. */
static inline vn_host *plan_host(unsigned nodes)
{
	VN_AUTO_TEXT json = VN_TEXT_INIT;
	vn_host *host = NULL;
	vn_error err = { 0 };

	vn_text_add(&json, "{\"schema\":\"vnuma/host/1\",\"cells\":[");
	for (unsigned n = 0; n < nodes; n++) {
		unsigned first = n * 4, twin = nodes * 4 + first;

		vn_text_addf(&json, "%s{\"id\":%u,\"cpus\":\"%u-%u,%u-%u\",\"siblings\":[",
			     n ? "," : "", n, first, first + 3, twin, twin + 3);
		for (unsigned c = 0; c < 4; c++)
			vn_text_addf(&json, "%s[%u,%u]", c ? "," : "", first + c, twin + c);
		vn_text_addf(&json,
			     "],\"mem_mib\":16384,\"mem_used_mib\":0,\"socket\":%u,\"pages\":["
			     "{\"size_kib\":4,\"total\":1572864,\"used\":0},"
			     "{\"size_kib\":2048,\"total\":1024,\"used\":0},"
			     "{\"size_kib\":1048576,\"total\":8,\"used\":0}]}",
			     n);
	}
	vn_text_add(&json, "],\"distances\":[");
	for (unsigned from = 0; from < nodes; from++) {
		vn_text_addf(&json, "%s[", from ? "," : "");
		for (unsigned to = 0; to < nodes; to++)
			vn_text_addf(&json, "%s%u", to ? "," : "", from == to ? 10 : 21);
		vn_text_add(&json, "]");
	}
	vn_text_add(&json, "],\"devices\":[");
	for (unsigned n = 0; n < nodes; n++)
		vn_text_addf(&json,
			     "%s{\"address\":\"0000:%02x:00.0\",\"vendor_id\":\"8086\","
			     "\"product_id\":\"1528\",\"class\":\"0200\",\"node\":%u,"
			     "\"names\":[\"br%u\"]}",
			     n ? "," : "", 0x40 + n, n, n);
	vn_text_add(&json, "]}");
	if (vn_host_parse("host.json", json.bytes, json.len, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

/* From a document (or words) to text. Returns the error's code; VN_OK with the text in *ret. */
static inline int plan_request(const vn_host *host, const vn_request *request, plan_renderer render,
			       vn_text *ret, vn_error *err)
{
	vn_placement *placement = calloc(1, sizeof(*placement));
	int r;

	assert_non_null(placement);
	r = vn_place(host, request, &vn_place_defaults, placement, err);
	if (r == VN_OK)
		r = vn_placement_check(host, request, &vn_place_defaults, placement, err);
	if (r == VN_OK)
		r = render(host, request, placement, ret, err);
	free(placement);
	return r;
}

static inline int plan_document(const vn_host *host, const char *xml, plan_renderer render,
				vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_request) request = NULL;
	int r = vn_request_parse_xml("guest.xml", xml, strlen(xml), &request, err);

	if (r == VN_OK)
		r = plan_request(host, request, render, ret, err);
	if (r < 0 && err->source)
		err->source = "guest.xml"; /* it may be the request's own copy */
	return r;
}

static inline void plan_must(const vn_host *host, const char *xml, plan_renderer render,
			     vn_text *ret)
{
	vn_error err = { 0 };

	if (plan_document(host, xml, render, ret, &err) < 0)
		fail_msg("%s:%u: %s\n%s", err.source ? err.source : "", err.line, err.text, xml);
}

/* ---- documents ---- */

/* The parts of a document that differ; NULL: the usual. */
typedef struct plan_parts {
	const char *before;  /* <vcpu>: memory, memoryBacking, vnuma, metadata */
	const char *vcpu;    /* attributes and text: " current='2'>4" */
	const char *after;   /* <vcpu>: iothreads, cputune, numatune */
	const char *machine; /* q35 */
	const char *cpu;     /* an element; "" for none */
	const char *devices; /* elements */
} plan_parts;

static inline void plan_compose(const plan_parts *parts, vn_text *ret)
{
	vn_text_addf(ret,
		     "<?xml version='1.0' encoding='utf-8'?>\n"
		     "<!-- made for gr\xc3\xbc\xc3\x9f"
		     "e -->\n"
		     "<domain type='qemu'>\n"
		     "  <name>g &amp; <![CDATA[g]]></name> <!-- its name -->\n"
		     "  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>\n"
		     "%s"
		     "  <vcpu%s</vcpu>\n"
		     "%s"
		     "  <os>\n"
		     "    <type arch='x86_64'   machine=\"%s\">hvm</type>\n"
		     "  </os>\n"
		     "  <features>\n"
		     "    <acpi/>\n"
		     "  </features>\n"
		     "%s"
		     "  <devices>\n"
		     "%s"
		     "    <memballoon model='none'/>\n"
		     "    <!-- the end -->\n"
		     "  </devices>\n"
		     "</domain>\n",
		     parts->before ? parts->before : "  <memory unit='GiB'>4</memory>\n",
		     parts->vcpu ? parts->vcpu : ">8", parts->after ? parts->after : "",
		     parts->machine ? parts->machine : "q35",
		     parts->cpu ? parts->cpu : "  <cpu mode='custom'/>\n",
		     parts->devices ? parts->devices : "");
}

/* ---- other programs ---- */

/* Is the program installed? */
static inline bool plan_has(const char *program)
{
	char path[256];

	snprintf(path, sizeof(path), "/usr/bin/%s", program);
	return access(path, X_OK) == 0;
}

/* Run argv with `input` as its standard input. Its output is appended to *ret, or goes to the
 * test's stderr. Returns the exit status. */
static inline int plan_run(const char *const *argv, const char *input, vn_text *ret)
{
	FILE *in = tmpfile(), *out = tmpfile();
	int status = -1;
	char buffer[4096];
	pid_t pid;

	assert_true(in && out);
	assert_int_equal(fwrite(input, 1, strlen(input), in), strlen(input));
	assert_int_equal(fflush(in), 0);
	rewind(in);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fileno(in), STDIN_FILENO);
		dup2(ret ? fileno(out) : STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	rewind(out);
	for (size_t n; ret && (n = fread(buffer, 1, sizeof(buffer), out));)
		vn_text_add_bytes(ret, buffer, n);
	fclose(in);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
