/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Fuzzes the reading of a QEMU's command line, which anybody can make up. */
#include "kernel/cmdline.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const names[] = { "-name", "-object", "-m", "-uuid" };
	static const char *const keys[] = { "guest", "qom-type", "size", "id" };
	static vn_kfile file;
	char value[64];

	file.size = size < sizeof(file.bytes) ? size : sizeof(file.bytes) - 1;
	memcpy(file.bytes, bytes, file.size);
	file.bytes[file.size] = '\0';
	for (size_t i = 0; i < VN_LEN(names); i++) {
		const char *argument;

		for (size_t at = 0; (argument = vn_cmdline_option(&file, names[i], &at));)
			for (size_t k = 0; k < VN_LEN(keys); k++)
				if (vn_cmdline_value(argument, keys[k], keys[k], value,
						     sizeof(value)) &&
				    strlen(value) >= sizeof(value))
					abort();
	}
	return 0;
}
