/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Fuzzes the JSON form of a host. */
#include "fuzz_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_host("json", bytes, size);
	return 0;
}
