/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Fuzzes the JSON of measured distances: what is read is written and read again, and a host uses
 * it. */
#include "vnuma/host.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	VN_AUTO(vn_measurement) m = NULL;
	VN_AUTO(vn_measurement) again = NULL;
	VN_AUTO(vn_host) host = NULL;
	VN_AUTO_TEXT first = VN_TEXT_INIT;
	VN_AUTO_TEXT second = VN_TEXT_INIT;

	if (vn_measurement_parse("fuzz", (const char *)bytes, size, &m, NULL) < 0)
		return 0;
	must(vn_measurement_write_json(m, &first, NULL) == VN_OK);
	must(vn_measurement_parse("fuzz", first.bytes, first.len, &again, NULL) == VN_OK);
	must(vn_measurement_write_json(again, &second, NULL) == VN_OK);
	must(!strcmp(first.bytes, second.bytes));
	must(vn_host_read("synthetic:numa:2 core:1 pu:1", &host, NULL) == VN_OK);
	if (vn_host_use_measured(host, m, "fuzz", NULL) == VN_OK)
		must(host->slit && host->slit[0] == 10);
	return 0;
}
