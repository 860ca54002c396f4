/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * place_time HOST GUEST.xml: the CPU time of one placement, in microseconds: the median and the
 * worst of ROUNDS rounds, each of which places the guest PER_ROUND times. */
#include "vnuma/vnuma.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 101, PER_ROUND = 100, WARM_UP = 100 };

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int place_many(const vn_host *host, const vn_request *guest, unsigned times, vn_error *err)
{
	static vn_placement placement;
	int r = VN_OK;

	for (unsigned i = 0; i < times && r == VN_OK; i++)
		r = vn_place(host, guest, &vn_place_defaults, &placement, err);
	return r;
}

static int measure(const vn_host *host, const vn_request *guest, vn_error *err)
{
	double us[ROUNDS];
	int r = place_many(host, guest, WARM_UP, err);

	for (int i = 0; i < ROUNDS && r == VN_OK; i++) {
		double start = cpu_us();

		r = place_many(host, guest, PER_ROUND, err);
		us[i] = (cpu_us() - start) / PER_ROUND;
	}
	if (r < 0)
		return r;
	qsort(us, ROUNDS, sizeof(us[0]), compare);
	printf("%.2f %.2f\n", us[ROUNDS / 2], us[ROUNDS - 1]);
	return VN_OK;
}

int main(int argc, char **argv)
{
	VN_AUTO_TEXT file = VN_TEXT_INIT;
	VN_AUTO(vn_host)
	host = NULL;
	VN_AUTO(vn_request)
	guest = NULL;
	vn_error err = { 0 };
	char line[512];

	if (argc == 3 && vn_host_read(argv[1], &host, &err) == VN_OK &&
	    vn_file_read(argv[2], VN_XML_MAX, &file, &err) == VN_OK &&
	    vn_request_parse_xml(argv[2], file.bytes, file.len, &guest, &err) == VN_OK &&
	    measure(host, guest, &err) == VN_OK)
		return 0;
	fprintf(stderr, "place_time: %s\n", vn_error_format(&err, line, sizeof(line)));
	return 1;
}
