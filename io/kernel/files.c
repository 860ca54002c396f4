/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Reading files and folders of /proc and /sys. */
#include "kernel/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* /proc makes the text of a small file at once: an answer that is shorter is all of it. */
enum { PATH_BYTES = 512, WHOLE_BYTES = 1024 };

/* The formatted path; false when it does not fit. */
#define FORMAT_PATH(path, format)                                                                  \
	({                                                                                         \
		va_list args_;                                                                     \
		va_start(args_, format);                                                           \
		int length_ = vsnprintf(path, PATH_BYTES, format, args_);                          \
		va_end(args_);                                                                     \
		length_ > 0 && length_ < PATH_BYTES;                                               \
	})

int vn_kdir_open(int at, const char *format, ...)
{
	char path[PATH_BYTES];
	int fd;

	if (!FORMAT_PATH(path, format))
		return -ENAMETOOLONG;
	fd = openat(at < 0 ? AT_FDCWD : at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Not blocking: a folder from elsewhere can hold a pipe where a file belongs. */
static int open_file(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

static int read_path(int at, vn_kfile *ret, const char *path)
{
	int fd = open_file(at, path), error = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -fd;
	ret->size = 0;
	while (ret->size < sizeof(ret->bytes) - 1) {
		got = read(fd, ret->bytes + ret->size, sizeof(ret->bytes) - 1 - ret->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		ret->size += (size_t)got;
		if (got < WHOLE_BYTES)
			break;
	}
	if (got < 0)
		error = errno;
	close(fd);
	ret->bytes[ret->size] = '\0';
	return error;
}

int vn_kfile_read(int at, vn_kfile *ret, const char *format, ...)
{
	char path[PATH_BYTES];

	return FORMAT_PATH(path, format) ? read_path(at, ret, path) : ENAMETOOLONG;
}

void vn_kfile_trim(vn_kfile *file)
{
	while (file->size && strchr(" \t\r\n", file->bytes[file->size - 1]))
		file->bytes[--file->size] = '\0';
}

bool vn_kfile_cpus(int at, vn_cpuset *ret, const char *format, ...)
{
	vn_kfile file;
	char path[PATH_BYTES];

	return FORMAT_PATH(path, format) && !read_path(at, &file, path) &&
	       vn_cpuset_parse(vn_cursor_of(NULL, file.bytes, file.size), ret, NULL) == VN_OK;
}

bool vn_kfile_field(const vn_kfile *file, const char *key, vn_cursor *ret)
{
	size_t length = strlen(key);

	for (const char *p = file->bytes, *end; p < file->bytes + file->size; p = end + 1) {
		end = p + strcspn(p, "\n");
		if ((size_t)(end - p) >= length && !memcmp(p, key, length)) {
			*ret = vn_cursor_of(NULL, p + length, (size_t)(end - p) - length);
			vn_take_space(ret);
			return true;
		}
	}
	return false;
}

bool vn_kfile_field_uint(const vn_kfile *file, const char *key, uint64_t *ret)
{
	vn_cursor value;

	return vn_kfile_field(file, key, &value) &&
	       vn_take_uint(&value, UINT64_MAX, ret, NULL) == VN_OK;
}

/* Field 3 is the first behind the last bracket. */
static const char *stat_field(const vn_kfile *stat, unsigned number)
{
	const char *p = strrchr(stat->bytes, ')');

	for (unsigned at = 2; p && at < number; at++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p;
}

bool vn_kfile_stat(const vn_kfile *stat, unsigned number, uint64_t *ret)
{
	const char *p = stat_field(stat, number);
	vn_cursor in;

	if (!p)
		return false;
	in = vn_cursor_of_string(NULL, p);
	return vn_take_uint(&in, UINT64_MAX, ret, NULL) == VN_OK;
}

char vn_kfile_state(const vn_kfile *stat)
{
	const char *p = stat_field(stat, 3);

	return p ? *p : 0;
}

int vn_kdir_each_number(int at, const char *folder, bool (*each)(void *context, uint32_t number),
			void *context)
{
	int fd = vn_kdir_open(at, "%s", folder);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint64_t number;

	if (!dir)
		return fd < 0 ? -fd : errno;
	while ((entry = readdir(dir)))
		if (vn_uint_parse(vn_cursor_of_string(NULL, entry->d_name), INT32_MAX, &number,
				  NULL) == VN_OK &&
		    !each(context, (uint32_t)number))
			break;
	closedir(dir);
	return 0;
}

/* ---- lines ---- */

int vn_klines_open(vn_klines *ret, int at, const char *path)
{
	int fd = open_file(at, path);

	if (fd < 0)
		return -fd;
	ret->fd = fd;
	ret->error = 0;
	ret->seen = 0;
	ret->begin = ret->size = 0;
	ret->skipping = false;
	return 0;
}

/* More bytes behind those that are there. False at the end, and when there is no room. */
static bool refill(vn_klines *lines)
{
	ssize_t got;

	memmove(lines->bytes, lines->bytes + lines->begin, lines->size - lines->begin);
	lines->size -= lines->begin;
	lines->begin = 0;
	if (lines->size == sizeof(lines->bytes))
		return false;
	do
		got = read(lines->fd, lines->bytes + lines->size,
			   sizeof(lines->bytes) - lines->size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		lines->error = errno;
	if (got <= 0)
		return false;
	lines->size += (size_t)got;
	lines->seen += (uint64_t)got;
	if (lines->seen > VN_KLINES_BYTES_MAX)
		lines->error = EFBIG;
	return !lines->error;
}

bool vn_klines_next(vn_klines *lines, vn_cursor *ret)
{
	for (;;) {
		char *begin = lines->bytes + lines->begin;
		size_t size = lines->size - lines->begin;
		char *end = memchr(begin, '\n', size);
		bool skipping = lines->skipping;

		if (!end && refill(lines))
			continue;
		if (lines->error || !size)
			return false;
		begin = lines->bytes + lines->begin; /* refill moved them */
		lines->begin += end ? (size_t)(end - begin) + 1 : size;
		lines->skipping = !end;
		if (skipping)
			continue;
		*ret = vn_cursor_of(NULL, begin, end ? (size_t)(end - begin) : size);
		return true;
	}
}

void vn_klines_close(vn_klines *lines)
{
	close(lines->fd);
}

bool vn_take_hex(vn_cursor *in, uint64_t *ret)
{
	const char *first = in->p;
	uint64_t value = 0;

	for (; in->p < in->end; in->p++) {
		char c = *in->p;
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (digit < 0)
			break;
		if (value >> 60)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*ret = value;
	return in->p > first;
}

bool vn_take_word(vn_cursor *in, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(in->end - in->p) < length || memcmp(in->p, word, length) != 0)
		return false;
	in->p += length;
	return true;
}
