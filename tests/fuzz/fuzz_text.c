/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The small text formats: the first byte chooses the parser, the rest is its text. What was read is
 * written and read again, and must be the same. */
#include "vnuma/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_cpus(vn_cursor in)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_cpuset set, again;
	vn_error err = { 0 };

	if (vn_cpuset_parse(in, &set, &err) < 0) {
		must(err.code && err.column);
		return;
	}
	vn_text_add_cpuset(&text, &set);
	must(vn_cpuset_parse(vn_cursor_of_string(NULL, text.bytes), &again, NULL) == VN_OK);
	must(vn_cpuset_equal(&set, &again));
}

static void try_nodes(vn_cursor in)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_nodeset set, again;

	if (vn_nodeset_parse(in, &set, NULL) < 0)
		return;
	vn_text_add_nodeset(&text, &set);
	must(vn_nodeset_parse(vn_cursor_of_string(NULL, text.bytes), &again, NULL) == VN_OK);
	must(vn_nodeset_equal(&set, &again));
}

static void try_size(vn_cursor in)
{
	uint64_t kib, again;
	char text[64];

	if (vn_size_parse(in, "MiB", &kib, NULL) < 0)
		return;
	must(kib <= UINT64_C(1) << 54); /* 2^64 - 1 bytes, rounded up */
	if (kib == UINT64_C(1) << 54)
		return; /* which as KiB is 2^64 bytes: too large to be read again */
	snprintf(text, sizeof(text), "%ju KiB", (uintmax_t)kib);
	must(vn_size_parse(vn_cursor_of_string(NULL, text), "MiB", &again, NULL) == VN_OK);
	must(kib == again);
}

static void try_pci(vn_cursor in)
{
	vn_pci_address address, again;
	char text[32];

	if (vn_pci_address_parse(in, &address, NULL) < 0)
		return;
	vn_pci_address_format(address, text, sizeof(text));
	must(vn_pci_address_parse(vn_cursor_of_string(NULL, text), &again, NULL) == VN_OK);
	must(vn_pci_address_compare(address, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const parsers[])(vn_cursor in) = { try_cpus, try_nodes, try_size, try_pci };

	if (size)
		parsers[bytes[0] % VN_LEN(parsers)](
			vn_cursor_of("fuzz", (const char *)bytes + 1, size - 1));
	return 0;
}
