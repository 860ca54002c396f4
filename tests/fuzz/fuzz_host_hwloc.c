/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Fuzzes hwloc XML. */
#include "fuzz_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_host("hwloc", bytes, size);
	return 0;
}
