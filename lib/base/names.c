/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Name tables: an array of strings indexed by an enum. */
#include "vnuma/base.h"

#include <stdio.h>
#include <string.h>

int vn_name_find(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return (int)i;
	return -1;
}

char *vn_names_list(const char *const *names, size_t count, char *to, size_t size)
{
	size_t used = 0;

	*to = '\0';
	for (size_t i = 0; i < count && used < size; i++) {
		const char *between = !i ? "" : i + 1 == count ? " or " : ", ";

		used += (size_t)snprintf(to + used, size - used, "%s'%s'", between, names[i]);
	}
	return to;
}
