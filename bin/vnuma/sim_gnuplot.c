/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gnuplot as a child: the script is its standard input, a file in memory, so that neither side can
 * wait for the other; its standard output is the picture, its standard error goes into the message
 * when it fails. */
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PICTURE_MAX = 256 << 20 };

struct child {
	int script, complaints, picture[2];
	pid_t pid;
};

static int fail_errno(const char *what, int code, vn_error *err)
{
	return vn_fail(err, VN_E_SYSTEM, "gnuplot: %s: %s", what, strerror(code));
}

static int open_files(struct child *child, const vn_text *script, vn_error *err)
{
	size_t done = 0;

	child->script = memfd_create("script", MFD_CLOEXEC);
	child->complaints = memfd_create("stderr", MFD_CLOEXEC);
	if (child->script < 0 || child->complaints < 0 || pipe2(child->picture, O_CLOEXEC) < 0)
		return fail_errno("cannot be given its files", errno, err);
	while (done < script->len) {
		ssize_t wrote = write(child->script, script->bytes + done, script->len - done);

		if (wrote < 0)
			return fail_errno("cannot be given its script", errno, err);
		done += (size_t)wrote;
	}
	lseek(child->script, 0, SEEK_SET);
	return VN_OK;
}

static int start(struct child *child, vn_error *err)
{
	/* -d: no start-up files. The locale decides how numbers look, so it is C's. */
	static char *const words[] = { "gnuplot", "-d", "-", NULL };
	static char *const locale = "LC_ALL=C.UTF-8";
	char path[4096 + 5] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char *environment[] = { path, locale, NULL };
	posix_spawn_file_actions_t actions;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, child->script, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, child->picture[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, child->complaints, STDERR_FILENO);
	r = posix_spawnp(&child->pid, words[0], &actions, NULL, words, environment);
	posix_spawn_file_actions_destroy(&actions);
	if (r == ENOENT)
		return vn_fail(err, VN_E_SYSTEM,
			       "charts are drawn by gnuplot, which is not installed (Debian: "
			       "gnuplot-nox); '-o csv' prints the points");
	return r ? fail_errno("cannot be started", r, err) : VN_OK;
}

static int read_picture(struct child *child, vn_text *to, vn_error *err)
{
	char piece[1 << 14];
	ssize_t got;

	while ((got = read(child->picture[0], piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno("its picture cannot be read", errno, err);
		if (to->len + (size_t)got > PICTURE_MAX)
			return vn_fail(err, VN_E_SYSTEM, "gnuplot: the picture is too large");
		vn_text_add_bytes(to, piece, (size_t)got);
	}
	return vn_text_done(to, err);
}

/* Its exit code, and the last words it said. */
static int wait_for(struct child *child, vn_error *err)
{
	char said[160] = "";
	ssize_t len;
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno("its end", errno, err);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return VN_OK;
	len = pread(child->complaints, said, sizeof(said) - 1, 0);
	for (ssize_t i = 0; i < len; i++)
		said[i] = said[i] < ' ' ? ' ' : said[i];
	return vn_fail(err, VN_E_SYSTEM, "gnuplot failed: %s", said);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int sim_gnuplot(const vn_text *script, vn_text *ret, vn_error *err)
{
	struct child child = { -1, -1, { -1, -1 }, -1 };
	int r, ended;

	if ((r = open_files(&child, script, err)) == VN_OK && (r = start(&child, err)) == VN_OK) {
		close_one(&child.picture[1]);
		r = read_picture(&child, ret, err);
		close_one(&child.picture[0]); /* it ends, also when nobody reads on */
		ended = wait_for(&child, r == VN_OK ? err : NULL);
		r = r == VN_OK ? ended : r;
	}
	close_one(&child.script);
	close_one(&child.complaints);
	close_one(&child.picture[0]);
	close_one(&child.picture[1]);
	return r;
}
