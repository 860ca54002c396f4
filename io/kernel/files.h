/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of /proc and /sys below an open folder: small ones whole, large ones line by line, both
 * bounded. What a file's absence means is the caller's: an errno comes back, not an error. */
#ifndef VN_KERNEL_FILES_H
#define VN_KERNEL_FILES_H

#include "vnuma/base.h"

enum { VN_KFILE_BYTES = 64 << 10 }; /* a list of every second of 8192 CPUs has 44 KiB */

typedef struct vn_kfile {
	size_t size;
	char bytes[VN_KFILE_BYTES]; /* ends in a NUL, which size does not count */
} vn_kfile;

/* Open a folder for the calls below, relative to `at` (-1: the working directory). Its descriptor,
 * or -errno. */
int vn_kdir_open(int at, const char *format, ...) VN_PRINTF(2, 3);

/* Read a file, relative to `at`, up to VN_KFILE_BYTES. 0 or an errno. */
int vn_kfile_read(int at, vn_kfile *ret, const char *format, ...) VN_PRINTF(3, 4);

/* The text without the white space at its end, for files of one word. */
void vn_kfile_trim(vn_kfile *file);

/* The file as one list of CPUs. False: not there or not a list. */
bool vn_kfile_cpus(int at, vn_cpuset *ret, const char *format, ...) VN_PRINTF(3, 4);

/* The rest of the line that begins with `key` ("Cpus_allowed_list:"), blanks before it skipped.
 * False if there is none. */
bool vn_kfile_field(const vn_kfile *file, const char *key, vn_cursor *ret);
/* The number that such a line begins with ("VmSwap: 12 kB"). */
bool vn_kfile_field_uint(const vn_kfile *file, const char *key, uint64_t *ret);

/* Field `number` (3 or more, as in proc(5)) of a text of /proc/PID/stat: what stands behind the
 * command's name in brackets, which may hold anything. False if there is none. */
bool vn_kfile_stat(const vn_kfile *stat, unsigned number, uint64_t *ret);
char vn_kfile_state(const vn_kfile *stat); /* 'R', 'S', 'Z' ...; 0: none */

/* The names of a folder that are numbers (processes, threads, interrupts), in no order. `each`
 * returns false to stop. 0 or an errno. */
int vn_kdir_each_number(int at, const char *folder, bool (*each)(void *context, uint32_t number),
			void *context);

/* A walk over the lines of a file of any length. */
typedef struct vn_klines {
	int fd, error; /* error: an errno that ended it */
	uint64_t seen; /* bytes */
	size_t begin, size;
	bool skipping; /* the rest of a line that was too long to keep */
	char bytes[VN_KFILE_BYTES];
} vn_klines;
enum { VN_KLINES_BYTES_MAX = 256 << 20 }; /* beyond it: EFBIG */

/* 0 or an errno. Close it afterwards. */
int vn_klines_open(vn_klines *ret, int at, const char *path);
/* The next line without its newline; what is longer than 64 KiB is cut. False at the end. */
bool vn_klines_next(vn_klines *lines, vn_cursor *ret);
void vn_klines_close(vn_klines *lines);

/* Consume a hexadecimal number. False when no digit stands there or it has over 64 bits. */
bool vn_take_hex(vn_cursor *in, uint64_t *ret);
/* Consume `word` if it is next. */
bool vn_take_word(vn_cursor *in, const char *word);

#endif
