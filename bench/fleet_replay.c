/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fleet_replay [--log] TRACE: a trace of fleet_trace.py on ten hosts, by libvnuma and the rule of
 * fleet_rule.c. Each placement is verified before it counts. At the end all guests leave, and each
 * host must be again what it was at first. The last line of the output is
 *
 *     total GUESTS VCPUS SECONDS      accepted; CPU time of all decisions and of the account
 *
 * With --log every event that changes a host comes before it, so that somebody else can keep the
 * account (tests/fleet); for each cell of the guest NODE/PINS/IDLE/PAGE, PAGE in KiB, 0 = smallest:
 *
 *     place GUEST HOST 0/0-3,32-35//2048 1/...
 *     leave GUEST */
#include "fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS_MAX = 100000, TRACE_MAX = 64 << 20 };

struct home {
	uint32_t host;
	vn_placement *placement; /* NULL: it has none */
};

struct replay {
	bool log;
	vn_text empty; /* a host without guests, as JSON */
	struct fleet fleet;
	uint32_t guests, vcpus;
	double seconds;
	struct home homes[EVENTS_MAX]; /* by the guest's number */
};

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *need(void *memory)
{
	if (!memory) {
		perror("fleet_replay");
		exit(3);
	}
	return memory;
}

static void log_place(const struct replay *replay, uint64_t guest, const struct home *home)
{
	const vn_placement *placement = home->placement;
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		vn_cpuset pins = { 0 };

		VN_CPUSET_EACH(vcpu, &cell->vcpus)
			vn_cpuset_add(&pins, (uint32_t)placement->pin[vcpu]);
		vn_text_addf(&line, " %u/",
			     replay->fleet.hosts[home->host]->nodes[cell->node_ix].id);
		vn_text_add_cpuset(&line, &pins);
		vn_text_add(&line, "/");
		vn_text_add_cpuset(&line, &cell->reserved);
		vn_text_addf(&line, "/%llu", (unsigned long long)cell->page_kib);
	}
	printf("place %llu %u%s\n", (unsigned long long)guest, home->host, line.bytes);
}

static void leave(struct replay *replay, uint64_t guest)
{
	struct home *home = &replay->homes[guest];
	double start = cpu_s();

	if (!home->placement)
		return;
	fleet_release(&replay->fleet, home->host, home->placement);
	replay->seconds += cpu_s() - start;
	free(home->placement);
	home->placement = NULL;
	if (replay->log)
		printf("leave %llu\n", (unsigned long long)guest);
}

static int arrive(struct replay *replay, uint64_t guest, const vn_request *request, vn_error *err)
{
	vn_placement *best = need(malloc(sizeof(*best))), *spare = need(malloc(sizeof(*spare)));
	struct fleet *fleet = &replay->fleet;
	double start = cpu_s();
	int host = fleet_choose(fleet, request, &best, &spare), r = VN_OK;

	replay->seconds += cpu_s() - start;
	free(spare);
	if (host >= 0)
		r = vn_placement_check(fleet->hosts[host], request, &vn_place_defaults, best, err);
	if (host < 0 || r < 0) {
		free(best);
		return r;
	}
	start = cpu_s();
	fleet_take(fleet, (uint32_t)host, best);
	replay->seconds += cpu_s() - start;
	replay->homes[guest] = (struct home){ (uint32_t)host, best };
	replay->guests++;
	replay->vcpus += request->vcpus;
	if (replay->log)
		log_place(replay, guest, &replay->homes[guest]);
	return VN_OK;
}

static int open_hosts(struct replay *replay, const vn_cursor *json, vn_error *err)
{
	struct fleet *fleet = &replay->fleet;
	int r = VN_OK;

	for (uint32_t i = 0; i < FLEET_HOSTS && r == VN_OK; i++)
		if (fleet->hosts[i])
			r = vn_fail_at(err, json, VN_E_SYNTAX, "a second host");
		else
			r = vn_host_parse(json->source, json->p, (size_t)(json->end - json->p),
					  &fleet->hosts[i], err);
	return r == VN_OK ? vn_host_write_json(fleet->hosts[0], &replay->empty, err) : r;
}

/* Consume `word` if it is next. */
static bool take_word(vn_cursor *in, const char *word)
{
	size_t len = strlen(word);
	bool there = (size_t)(in->end - in->p) >= len && !memcmp(in->p, word, len);

	in->p += there ? len : 0;
	return there;
}

/* "host JSON", "add NUMBER JSON" or "delete NUMBER" */
static int play_line(struct replay *replay, vn_cursor *in, vn_error *err)
{
	VN_AUTO(vn_request) request = NULL;
	uint64_t guest;
	bool add;
	int r;

	if (take_word(in, "host "))
		return open_hosts(replay, in, err);
	add = take_word(in, "add ");
	if ((!add && !take_word(in, "delete ")) || !replay->empty.len)
		return vn_fail_at(err, in, VN_E_SYNTAX, "not a line of a trace");
	if ((r = vn_take_uint(in, EVENTS_MAX - 1, &guest, err)) < 0)
		return r;
	if (!add) {
		leave(replay, guest);
		return VN_OK;
	}
	if (replay->homes[guest].placement)
		return vn_fail_at(err, in, VN_E_SYNTAX, "this guest is there already");
	r = vn_request_parse_json(in->source, in->p, (size_t)(in->end - in->p), &request, err);
	return r == VN_OK ? arrive(replay, guest, request, err) : r;
}

static int play(struct replay *replay, const char *name, const vn_text *trace, vn_error *err)
{
	const char *end = trace->bytes + trace->len, *next;
	uint32_t line = 0;
	int r = VN_OK;

	for (const char *p = trace->bytes; p < end && r == VN_OK; p = next + 1) {
		vn_cursor in;

		next = memchr(p, '\n', (size_t)(end - p));
		next = next ? next : end;
		in = vn_cursor_of(name, p, (size_t)(next - p));
		in.line = ++line;
		r = play_line(replay, &in, err);
	}
	return r;
}

/* Nothing may be taken when nobody is there. */
static int empty_hosts(struct replay *replay, vn_error *err)
{
	int r = VN_OK;

	for (uint32_t guest = 0; guest < EVENTS_MAX; guest++)
		leave(replay, guest);
	for (uint32_t i = 0; i < FLEET_HOSTS && replay->empty.len && r == VN_OK; i++) {
		VN_AUTO_TEXT now = VN_TEXT_INIT;

		r = vn_host_write_json(replay->fleet.hosts[i], &now, err);
		if (r == VN_OK && strcmp(now.bytes, replay->empty.bytes) != 0)
			r = vn_fail(err, VN_E_RANGE, "host %u is not empty when all have left", i);
	}
	return r;
}

int main(int argc, char **argv)
{
	VN_AUTO_TEXT trace = VN_TEXT_INIT;
	struct replay *replay = need(calloc(1, sizeof(*replay)));
	const char *path = argc > 1 ? argv[argc - 1] : "";
	vn_error err = { 0 };
	char message[512];
	int r;

	replay->log = argc == 3 && !strcmp(argv[1], "--log");
	if (argc != 2 + replay->log) {
		fprintf(stderr, "usage: fleet_replay [--log] TRACE\n");
		free(replay);
		return 2;
	}
	if ((r = vn_file_read(path, TRACE_MAX, &trace, &err)) == VN_OK &&
	    (r = play(replay, path, &trace, &err)) == VN_OK)
		r = empty_hosts(replay, &err);
	if (r == VN_OK)
		printf("total %u %u %.6f\n", replay->guests, replay->vcpus, replay->seconds);
	else
		fprintf(stderr, "fleet_replay: %s\n",
			vn_error_format(&err, message, sizeof(message)));
	for (uint32_t guest = 0; guest < EVENTS_MAX; guest++)
		free(replay->homes[guest].placement);
	for (uint32_t i = 0; i < FLEET_HOSTS; i++)
		vn_host_free(replay->fleet.hosts[i]);
	vn_text_clear(&replay->empty);
	free(replay);
	return r == VN_OK ? 0 : 1;
}
