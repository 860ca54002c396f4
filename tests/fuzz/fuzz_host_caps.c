/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Fuzzes libvirt capabilities XML. */
#include "fuzz_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_host("caps", bytes, size);
	return 0;
}
