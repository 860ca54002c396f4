/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading traces, plain or gzip, through zlib, and lists of start rows. */
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 1 << 16, STARTS_BYTES_MAX = 32 << 20 };

struct trace_file {
	const char *path;
	gzFile gz;
	uint64_t bytes; /* of the file, as it is stored; 0: not known */
	struct sim_trace_info info;
	vn_trace_take *take;
	void *context;
};

/* ---- the file -------------------------------------------------------------------------------- */

static int fail_input(const char *path, const char *what, vn_error *err)
{
	return vn_fail_line(err, VN_E_INPUT, path, 0, 0, "cannot be read: %s", what);
}

static int open_trace(const char *path, struct trace_file *file, vn_error *err)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	file->path = is_stdin ? "stdin" : path;
	if (fd < 0)
		return fail_input(file->path, strerror(errno), err);
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		close(fd);
		return fail_input(file->path, strerror(EISDIR), err);
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
		file->bytes = (uint64_t)status.st_size;
	file->gz = gzdopen(fd, "rb");
	if (!file->gz) {
		close(fd);
		return vn_fail(err, VN_E_NOMEM, "no memory to read '%s'", file->path);
	}
	gzbuffer(file->gz, PIECE);
	return VN_OK;
}

/* What zlib says after a read that gave less than was asked for. */
static int check_read(struct trace_file *file, int got, vn_error *err)
{
	int code;
	const char *text = gzerror(file->gz, &code);

	if (code == Z_ERRNO)
		return fail_input(file->path, strerror(errno), err);
	if (code == Z_BUF_ERROR)
		return fail_input(file->path, "the gzip file ends before its end: it was cut", err);
	if (got < 0 || code != Z_OK) { /* "<fd:3>: incorrect data check" */
		const char *colon = strstr(text, ": ");

		return fail_input(file->path, colon ? colon + 2 : text, err);
	}
	return VN_OK;
}

static int feed(struct trace_file *file, vn_trace_reader *reader, struct cli_progress *progress,
		vn_error *err)
{
	char *piece = malloc(PIECE);
	int got, r = VN_OK;

	if (!piece)
		return vn_fail(err, VN_E_NOMEM, "no memory to read a trace");
	while (r == VN_OK && (got = gzread(file->gz, piece, PIECE)) != 0) {
		if (got < 0)
			r = check_read(file, got, err);
		else
			r = vn_trace_feed(reader, piece, (size_t)got, err);
		if (progress && file->bytes)
			cli_progress_show(progress, (uint64_t)gzoffset(file->gz), file->bytes, "");
	}
	free(piece);
	if (r == VN_OK)
		r = check_read(file, 0, err);
	return r == VN_OK ? vn_trace_end(reader, err) : r;
}

/* ---- the trace ------------------------------------------------------------------------------- */

static int look_and_take(void *context, const vn_trace_row *row, vn_error *err)
{
	struct trace_file *file = context;

	if (!row->number)
		file->info.first_us = row->arrival_us;
	file->info.last_us = row->arrival_us;
	file->info.departures |= row->end_us != VN_TRACE_NEVER;
	return file->take(file->context, row, err);
}

int sim_trace_read(const char *path, const vn_trace_options *options, vn_trace_take *take,
		   void *context, struct cli_progress *progress, struct sim_trace_info *ret,
		   vn_error *err)
{
	struct trace_file file = { .take = take, .context = context };
	VN_AUTO(vn_trace_reader) reader = NULL;
	int r;

	if ((r = open_trace(path, &file, err)) < 0)
		return r;
	if ((r = vn_trace_reader_new(file.path, options, look_and_take, &file, &reader, err)) ==
	    VN_OK)
		r = feed(&file, reader, progress, err);
	gzclose(file.gz);
	if (r < 0)
		return r;
	file.info.format = vn_trace_reader_format(reader);
	file.info.rows = vn_trace_reader_rows(reader);
	file.info.flavours = vn_trace_reader_flavours(reader);
	*ret = file.info;
	return VN_OK;
}

/* ---- lists of start rows --------------------------------------------------------------------- */

static int add_start(uint64_t row, uint64_t **starts, size_t *n, vn_error *err)
{
	if (!(*n & (*n - 1))) { /* a power of two, or 0: the room is used up */
		uint64_t *grown = reallocarray(*starts, *n ? 2 * *n : 1, sizeof(*grown));

		if (!grown)
			return vn_fail(err, VN_E_NOMEM, "no memory for the start rows");
		*starts = grown;
	}
	if (*n == SIM_STARTS_MAX)
		return vn_fail(err, VN_E_RANGE, "at most %d start rows are legal", SIM_STARTS_MAX);
	(*starts)[(*n)++] = row;
	return VN_OK;
}

/* NumPy's format 1.0 and 2.0: magic, a dictionary in Python's words, then the numbers. */
static int read_npy(const char *path, const vn_text *file, uint64_t **starts, size_t *n,
		    vn_error *err)
{
	const unsigned char *bytes = (const unsigned char *)file->bytes;
	size_t head = 0, width = 0;
	const char *header, *end = file->bytes + file->len;
	int r = VN_OK;

	if (file->len >= 12)
		head = bytes[6] == 1 ? 10 + (bytes[8] | (size_t)bytes[9] << 8)
				     : 12 + (bytes[8] | (size_t)bytes[9] << 8 |
					     (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24);
	if (!head || head > file->len)
		return vn_fail_line(err, VN_E_SYNTAX, path, 0, 0,
				    "the .npy file has no whole header");
	header = file->bytes;
	width = memmem(header, head, "'<i8'", 5) ? 8 : memmem(header, head, "'<i4'", 5) ? 4 : 0;
	if (!width)
		return vn_fail_line(err, VN_E_SYNTAX, path, 0, 0,
				    "the .npy file has no integers of 4 or 8 bytes, lowest first");
	if ((file->len - head) % width)
		return vn_fail_line(err, VN_E_SYNTAX, path, 0, 0, "the .npy file was cut");
	for (const char *p = header + head; r == VN_OK && p < end; p += width) {
		int64_t value;
		int32_t narrow;

		memcpy(&narrow, p, sizeof(narrow));
		value = narrow;
		if (width == 8)
			memcpy(&value, p, sizeof(value));
		r = value < 0 ? vn_fail_line(err, VN_E_RANGE, path, 0, 0,
					     "start row %jd is negative", (intmax_t)value)
			      : add_start((uint64_t)value, starts, n, err);
	}
	return r;
}

static int read_list(const char *path, const vn_text *file, uint64_t **starts, size_t *n,
		     vn_error *err)
{
	vn_cursor in = vn_cursor_of(path, file->bytes, file->len);
	uint64_t row;
	int r;

	in.line = in.column = 1;
	for (;;) {
		do
			vn_take_space(&in);
		while (vn_take_byte(&in, ',') || vn_take_byte(&in, '\r'));
		if (in.p == in.end)
			return VN_OK;
		if ((r = vn_take_uint(&in, UINT32_MAX, &row, err)) < 0 ||
		    (r = add_start(row, starts, n, err)) < 0)
			return r;
	}
}

int sim_starts_read(const char *path, uint64_t **ret, size_t *ret_n, vn_error *err)
{
	VN_AUTO_TEXT file = VN_TEXT_INIT;
	uint64_t *starts = NULL;
	size_t n = 0;
	int r;

	if ((r = vn_file_read(path, STARTS_BYTES_MAX, &file, err)) < 0)
		return r;
	if (file.len >= 8 && !memcmp(file.bytes, "\x93NUMPY", 6))
		r = read_npy(path, &file, &starts, &n, err);
	else if (file.len)
		r = read_list(path, &file, &starts, &n, err);
	if (r == VN_OK && !n)
		r = vn_fail_line(err, VN_E_SYNTAX, path, 0, 0, "there is no row number in it");
	if (r < 0) {
		free(starts);
		return r;
	}
	*ret = starts;
	*ret_n = n;
	return VN_OK;
}
