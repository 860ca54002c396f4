/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Extra specs and image properties: the first line says vCPUs and memory in MiB, then one KEY=VALUE
 * for each line; those that begin with '@' are image properties. */
#include "guest_must.h"

enum { LINES_MAX = 64, LINE_BYTES = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The next line as a string; false at the end. Longer lines are cut. */
static bool next_line(vn_cursor *in, char *line)
{
	size_t used = 0;

	if (in->p == in->end)
		return false;
	for (; in->p < in->end && *in->p != '\n'; in->p++)
		if (used + 1 < LINE_BYTES && *in->p)
			line[used++] = *in->p;
	vn_take_byte(in, '\n');
	line[used] = '\0';
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	vn_cursor in = vn_cursor_of("fuzz", (const char *)bytes, size);
	char lines[LINES_MAX][LINE_BYTES];
	const char *specs[LINES_MAX], *props[LINES_MAX];
	vn_request_words words = { .specs = specs, .props = props };
	VN_AUTO(vn_request) request = NULL;
	uint64_t vcpus = 1, mem_mib = 1;
	vn_error err = { 0 };

	vn_take_uint(&in, 10000, &vcpus, NULL);
	vn_take_space(&in);
	vn_take_uint(&in, UINT32_MAX, &mem_mib, NULL);
	vn_take_space(&in);
	words.vcpus = (uint32_t)vcpus;
	words.mem_kib = mem_mib * 1024;
	for (size_t i = 0; i < LINES_MAX && next_line(&in, lines[i]); i++) {
		if (lines[i][0] == '@')
			props[words.n_props++] = lines[i] + 1;
		else
			specs[words.n_specs++] = lines[i];
	}
	if (vn_request_from_words(&words, &request, &err) < 0) {
		must(!request);
		must_be_an_error(&err);
		return 0;
	}
	must_be_a_request(request);
	return 0;
}
