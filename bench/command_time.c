/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * command_time RUNS COMMAND... -- COMMAND...: runs two commands in turns, so that both see the same
 * machine. Prints a line for each: median and shortest wall time and median CPU time in
 * microseconds, peak memory in KiB. Their output goes to /dev/null. A small process of its own,
 * because a child's peak memory counts that of the process that forked it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 10000 };

struct series {
	char **argv;
	double *wall_us, *cpu_us;
	long peak_kib;
};

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void run_child(char **argv)
{
	int null = open("/dev/null", O_WRONLY);

	if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static int run_once(struct series *series, int run)
{
	struct timespec start, end;
	struct rusage usage;
	int status;
	pid_t child;

	clock_gettime(CLOCK_MONOTONIC, &start);
	child = fork();
	if (child == 0)
		run_child(series->argv);
	if (child < 0 || wait4(child, &status, 0, &usage) < 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "command_time: %s failed\n", series->argv[0]);
		return -1;
	}
	series->wall_us[run] = (double)(end.tv_sec - start.tv_sec) * 1e6 +
			       (double)(end.tv_nsec - start.tv_nsec) / 1e3;
	series->cpu_us[run] = (seconds(usage.ru_utime) + seconds(usage.ru_stime)) * 1e6;
	if (usage.ru_maxrss > series->peak_kib)
		series->peak_kib = usage.ru_maxrss;
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_series(struct series *series, int runs)
{
	qsort(series->wall_us, (size_t)runs, sizeof(double), compare);
	qsort(series->cpu_us, (size_t)runs, sizeof(double), compare);
	printf("%.0f %.0f %.0f %ld\n", series->wall_us[runs / 2], series->wall_us[0],
	       series->cpu_us[runs / 2], series->peak_kib);
}

/* The second command: what follows the "--" that ends the first. */
static char **split(int argc, char **argv)
{
	for (int i = 2; i < argc - 1; i++) {
		if (!strcmp(argv[i], "--")) {
			argv[i] = NULL;
			return argv + i + 1;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static double us[4][RUNS_MAX];
	struct series both[2] = { { .wall_us = us[0], .cpu_us = us[1] },
				  { .wall_us = us[2], .cpu_us = us[3] } };
	int runs = argc > 1 ? atoi(argv[1]) : 0;

	both[0].argv = argv + 2;
	both[1].argv = split(argc, argv);
	if (runs < 1 || runs > RUNS_MAX || !both[0].argv[0] || !both[1].argv) {
		fprintf(stderr, "usage: command_time RUNS COMMAND... -- COMMAND...\n");
		return 2;
	}
	for (int i = 0; i < runs; i++)
		for (int j = 0; j < 2; j++)
			if (run_once(&both[j], i) < 0)
				return 1;
	for (int j = 0; j < 2; j++)
		print_series(&both[j], runs);
	return 0;
}
