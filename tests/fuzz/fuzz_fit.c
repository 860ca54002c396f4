/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A file of cases of `vnuma fit`: each is answered with one line of JSON, and a placement in it
 * keeps all rules; or the file is broken, with a place. */
#include "fit.h"

#include "guest_must.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { BUDGET = 2000, CASES_MAX = 64 };

static void answer_case(const struct fit_stream *stream)
{
	static vn_placement placement;
	struct fit_result result = { .status = FIT_ERROR };
	VN_AUTO_TEXT answer = VN_TEXT_INIT;
	struct fit_case fit;
	json_t *line;

	if (fit_case_read(stream, 1, &fit, &result.err) == VN_OK) {
		fit.options.budget = BUDGET;
		fit_run(&fit, false, &placement, &result);
	} else {
		must_be_an_error(&result.err);
	}
	must(result.violation.code == VN_OK);
	must(fit_answer_write(&fit, &result, &placement, &answer, NULL) == VN_OK);
	must(strchr(answer.bytes, '\n') == answer.bytes + answer.len - 1);
	line = json_loadb(answer.bytes, answer.len, 0, NULL);
	must(line && json_object_get(line, "status"));
	json_decref(line);
	fit_case_clear(&fit);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct fit_stream stream;
	int fd = memfd_create("cases", 0), r;
	vn_error err = { 0 };
	bool found = false;
	char path[64];

	must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(fit_stream_open(&stream, path, &err) == VN_OK);
	for (int n = 0; (r = fit_stream_next(&stream, &found, &err)) == VN_OK && found; n++)
		if (n < CASES_MAX)
			answer_case(&stream);
	if (r < 0)
		must(err.code == VN_E_SYNTAX && err.line && *err.text);
	fit_stream_close(&stream);
	close(fd);
	return 0;
}
