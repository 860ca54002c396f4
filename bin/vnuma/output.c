/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Standard output: written once, at the end (by `vnuma fit` case by case), and checked to the last
 * byte, because an answer that is cut short (a full disk) must not look like one that is complete.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int cli_output_guard(void)
{
	/* Opened the wrong way round: reading 0 and writing 1 or 2 fail as on a closed one. */
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = 0; fd < (int)VN_LEN(modes); fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return VN_E_SYSTEM;
	return VN_OK;
}

/* Nobody reads any more: that ends the command quietly, as it ends any other. main ignores the
 * signal, which libvirt's sockets would raise too. */
static int fail_errno(vn_error *err)
{
	if (errno == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return vn_fail_line(err, VN_E_SYSTEM, "stdout", 0, 0, "cannot be written: %s",
			    strerror(errno));
}

static int write_all(const vn_text *text, vn_error *err)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t wrote = write(STDOUT_FILENO, text->bytes + done, text->len - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return fail_errno(err);
		done += (size_t)wrote;
	}
	return VN_OK;
}

int cli_output_flush(vn_text *text, vn_error *err)
{
	int r = write_all(text, err);

	text->len = 0;
	return r;
}

int cli_output_write(const vn_text *text, vn_error *err)
{
	int r = write_all(text, err);

	return r == VN_OK && close(STDOUT_FILENO) < 0 ? fail_errno(err) : r;
}

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

/* Columns: what COLUMNS says, else the terminal's; 0: unknown. */
static uint32_t columns(int fd)
{
	const char *text = getenv("COLUMNS");
	struct winsize size = { 0 };
	uint64_t wanted;

	if (text && vn_uint_parse(vn_cursor_of_string(NULL, text), 10000, &wanted, NULL) == VN_OK)
		return (uint32_t)wanted;
	return ioctl(fd, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

vn_style cli_style(int fd, enum cli_color color)
{
	const char *terminal = getenv("TERM");
	bool dumb = terminal && !strcmp(terminal, "dumb");
	bool may = isatty(fd) && !is_set("NO_COLOR") && !dumb;

	return (vn_style){
		.color = color == CLI_COLOR_ALWAYS || (color == CLI_COLOR_AUTO && may),
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.columns = columns(fd),
	};
}
