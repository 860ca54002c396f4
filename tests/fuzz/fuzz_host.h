/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What all host fuzzers check: a host that was read is written as JSON, is read back, and gives the
 * same text again. A failed read says why. */
#ifndef VN_FUZZ_HOST_H
#define VN_FUZZ_HOST_H

#include "vnuma/host.h"

#include <stdlib.h>
#include <string.h>

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

static inline void fuzz_host(const char *source, const uint8_t *bytes, size_t size)
{
	VN_AUTO_TEXT once = VN_TEXT_INIT;
	VN_AUTO_TEXT again = VN_TEXT_INIT;
	VN_AUTO(vn_host) host = NULL;
	VN_AUTO(vn_host) back = NULL;
	vn_error err = { 0 };

	if (vn_host_parse(source, (const char *)bytes, size, &host, &err) < 0) {
		must(!host && err.code < 0 && *err.text);
		return;
	}
	must(vn_host_write_json(host, &once, NULL) == VN_OK);
	must(vn_host_parse("written", once.bytes, once.len, &back, NULL) == VN_OK);
	must(vn_host_write_json(back, &again, NULL) == VN_OK);
	must(!strcmp(once.bytes, again.bytes));
}

#endif
