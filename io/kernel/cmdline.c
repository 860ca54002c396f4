/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Finding options and their values in QEMU's command line. */
#include "kernel/cmdline.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

const char *vn_cmdline_option(const vn_kfile *cmdline, const char *name, size_t *at)
{
	while (*at < cmdline->size) {
		const char *word = cmdline->bytes + *at;

		*at += strlen(word) + 1;
		if (*word == '-' && word[1] == '-')
			word++;
		if (!strcmp(word, name) && *at < cmdline->size) {
			const char *value = cmdline->bytes + *at;

			*at += strlen(value) + 1;
			return value;
		}
	}
	return NULL;
}

/* One "key=value" of the list, unescaped; *text moves behind it. */
static void take_item(const char **text, char *to, size_t size)
{
	const char *p = *text;
	size_t length = 0;

	while (*p && (*p != ',' || p[1] == ',')) {
		p += *p == ',';
		if (length + 1 < size)
			to[length++] = *p;
		p++;
	}
	to[length] = '\0';
	*text = *p ? p + 1 : p;
}

static bool value_of_list(const char *text, const char *first, const char *key, char *to,
			  size_t size)
{
	size_t length = strlen(key);
	char item[4096];
	bool is_first = true;

	for (; *text; is_first = false) {
		const char *found = NULL;

		take_item(&text, item, sizeof(item));
		if (!strncmp(item, key, length) && item[length] == '=')
			found = item + length + 1;
		else if (is_first && first && !strcmp(first, key) && !strchr(item, '='))
			found = item;
		if (found)
			return (size_t)snprintf(to, size, "%s", found) < size;
	}
	return false;
}

static bool value_of_json(const char *text, const char *key, char *to, size_t size)
{
	json_t *object = json_loads(text, 0, NULL);
	const json_t *value = json_object_get(object, key);
	int length = -1;

	if (json_is_string(value))
		length = snprintf(to, size, "%s", json_string_value(value));
	else if (json_is_integer(value) && json_integer_value(value) >= 0)
		length = snprintf(to, size, "%lld", (long long)json_integer_value(value));
	json_decref(object);
	return length >= 0 && (size_t)length < size;
}

bool vn_cmdline_value(const char *argument, const char *first, const char *key, char *to,
		      size_t size)
{
	return *argument == '{' ? value_of_json(argument, key, to, size)
				: value_of_list(argument, first, key, to, size);
}
