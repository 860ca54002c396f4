/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Reading a whole input, bounded. */
#include "vnuma/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, const char *path, size_t max, vn_text *text, vn_error *err)
{
	char bytes[64 << 10];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return vn_fail_line(err, VN_E_INPUT, path, 0, 0, "cannot be read: %s",
					    strerror(errno));
		if (text->len + (size_t)got > max)
			return vn_fail_line(err, VN_E_INPUT, path, 0, 0,
					    "is larger than %zu MiB, the most that is read",
					    max >> 20);
		vn_text_add_bytes(text, bytes, (size_t)got);
		if (text->failed)
			break;
	}
	return vn_text_done(text, err);
}

int vn_file_read(const char *path, size_t max, vn_text *ret, vn_error *err)
{
	bool is_stdin = !strcmp(path, "-");
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	int fd, r;

	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return vn_fail_line(err, VN_E_INPUT, path, 0, 0, "cannot be opened: %s",
				    strerror(errno));
	r = read_all(fd, is_stdin ? "stdin" : path, max, &text, err);
	if (!is_stdin)
		close(fd);
	if (r < 0)
		return r;
	vn_text_add_bytes(ret, text.len ? text.bytes : "", text.len);
	return vn_text_done(ret, err);
}
