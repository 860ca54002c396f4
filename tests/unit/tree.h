/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A copy of a machine's /sys and /proc, made file by file in a folder that goes with the test. */
#ifndef VN_TEST_TREE_H
#define VN_TEST_TREE_H

#include "vnuma/base.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

/* The folder of the test that runs. */
static char root[64];

static inline void make_parents(const char *path)
{
	char part[512];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		assert_true(mkdir(part, 0755) == 0 || errno == EEXIST);
	}
}

static inline void put(const char *name, const char *content)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	if (!strncmp(content, "-> ", 3)) {
		assert_int_equal(symlink(content + 3, path), 0);
		return;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fprintf(file, "%s\n", content) > 0);
	assert_int_equal(fclose(file), 0);
}

static inline VN_PRINTF(3, 4) void putf(const char *content, int number, const char *format, ...)
{
	char name[256], text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	snprintf(text, sizeof(text), content, number);
	put(name, text);
}

static inline int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int make_root(void **state)
{
	(void)state;
	strcpy(root, "/dev/shm/vnuma-tree-XXXXXX");
	if (mkdtemp(root))
		return 0;
	strcpy(root, "/tmp/vnuma-tree-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static inline int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
