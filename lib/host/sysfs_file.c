/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading small files, links and folders under a root. */
#include "host/sysfs.h"

#include "host/hex.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

int vn_sysfs_open(const char *source, const char *root, int *ret, vn_error *err)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0, "%s cannot be opened: %s", root,
				    strerror(errno));
	*ret = fd;
	return VN_OK;
}

/* Not blocking: a folder from elsewhere can hold a pipe where a file belongs. */
static bool read_path(int root, vn_sysfs_text *ret, const char *path)
{
	int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t got = 0;

	if (fd < 0)
		return false;
	ret->size = 0;
	while (ret->size < sizeof(ret->bytes) - 1 &&
	       (got = read(fd, ret->bytes + ret->size, sizeof(ret->bytes) - 1 - ret->size)) > 0)
		ret->size += (size_t)got;
	close(fd);
	ret->bytes[ret->size] = '\0';
	return got >= 0;
}

static bool format_path(char *path, const char *format, va_list args)
{
	int length = vsnprintf(path, PATH_BYTES, format, args);

	return length > 0 && length < PATH_BYTES;
}

#define FORMAT_PATH(path, format)                                                                  \
	({                                                                                         \
		va_list args_;                                                                     \
		va_start(args_, format);                                                           \
		bool done_ = format_path(path, format, args_);                                     \
		va_end(args_);                                                                     \
		done_;                                                                             \
	})

bool vn_sysfs_read(int root, vn_sysfs_text *ret, const char *format, ...)
{
	char path[PATH_BYTES];

	return FORMAT_PATH(path, format) && read_path(root, ret, path);
}

bool vn_sysfs_uint(int root, uint64_t *ret, const char *format, ...)
{
	vn_sysfs_text text;
	char path[PATH_BYTES];

	return FORMAT_PATH(path, format) && read_path(root, &text, path) &&
	       vn_uint_parse(vn_cursor_of(NULL, text.bytes, text.size), UINT64_MAX, ret, NULL) ==
		       VN_OK;
}

bool vn_sysfs_cpus(int root, vn_cpuset *ret, const char *format, ...)
{
	vn_sysfs_text text;
	char path[PATH_BYTES];

	return FORMAT_PATH(path, format) && read_path(root, &text, path) &&
	       vn_cpuset_parse(vn_cursor_of(NULL, text.bytes, text.size), ret, NULL) == VN_OK;
}

bool vn_sysfs_link(int root, char *to, size_t size, const char *format, ...)
{
	char path[PATH_BYTES];
	ssize_t length;

	if (!FORMAT_PATH(path, format))
		return false;
	length = readlinkat(root, path, to, size - 1);
	if (length < 0)
		return false;
	to[length] = '\0';
	return true;
}

const char *vn_sysfs_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int vn_sysfs_each(int root, const char *folder, vn_sysfs_visitor *each, void *context,
		  vn_error *err)
{
	struct dirent **entries = NULL;
	int count = scandirat(root, folder, &entries, not_hidden, by_bytes), r = VN_OK;

	for (int i = 0; i < count; i++) {
		if (r == VN_OK)
			r = each(context, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}
