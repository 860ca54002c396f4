/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The progress bar of commands that take long: on standard error, when that is a terminal, drawn at
 * most ten times a second, and gone when the command is done. */
#include "cli.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_start(struct cli_progress *progress, const char *name)
{
	*progress = (struct cli_progress){ .shown = isatty(STDERR_FILENO),
					   .name = name,
					   .start_ms = now_ms() };
}

/* "3 s", "2 min", "1 h 5 min" left; nothing while it is not known. */
static void left_text(const struct cli_progress *progress, uint64_t done, uint64_t all, char *to,
		      size_t size)
{
	int64_t spent_ms = now_ms() - progress->start_ms;
	double left_s = done ? (double)spent_ms / 1000 * (double)(all - done) / (double)done : 0;

	*to = '\0';
	if (spent_ms < 1000 || !done)
		return;
	if (left_s < 100)
		snprintf(to, size, " %.0f s left", left_s);
	else if (left_s < 6000)
		snprintf(to, size, " %.0f min left", left_s / 60);
	else
		snprintf(to, size, " %.0f h left", left_s / 3600);
}

void cli_progress_show(struct cli_progress *progress, uint64_t done, uint64_t all, const char *more)
{
	enum { WIDTH = 40, EVERY_MS = 100 };
	int64_t now = progress->shown ? now_ms() : 0;
	uint64_t filled;
	char left[32];

	if (!progress->shown || (progress->last_ms && now - progress->last_ms < EVERY_MS))
		return;
	progress->last_ms = now;
	done = done < all ? done : all;
	filled = all ? (uint64_t)((double)done / (double)all * WIDTH) : WIDTH;
	left_text(progress, done, all, left, sizeof(left));
	fprintf(stderr, "\r%.30s [%.*s%*s]%s%s\033[K", progress->name, (int)filled,
		"########################################", (int)(WIDTH - filled), "", more, left);
	fflush(stderr);
}

void cli_progress_end(struct cli_progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
	progress->shown = false;
}
