/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The simulator of a fleet: the rows of a trace, the fleet that it is replayed on, the replay, and
 * what no policy can exceed. Reading files, threads and printing are the caller's.
 *
 * Times are microseconds in int64_t, sums of times too: sums are exact and do not depend on the
 * order of adding. */
#ifndef VNUMA_SIM_H
#define VNUMA_SIM_H

#include "vnuma/fleet.h"

/* ---- traces ------------------------------------------------------------------------------------
 */

enum {
	VN_TRACE_LINE_MAX = 4096,     /* bytes of a line */
	VN_TRACE_COLUMNS_MAX = 64,    /* columns of a table */
	VN_TRACE_FLAVOURS_MAX = 4096, /* different shapes in one trace */
	VN_TRACE_CELLS_MAX = 16
};
/* Latest time that a trace may name: about 31,700 years. */
#define VN_TRACE_TIME_MAX INT64_C(1000000000000000000)
#define VN_TRACE_NEVER	  INT64_MAX /* the end of a guest that stays */

/* How guests of one group stand to each other. Hard: who cannot be placed by it is refused. */
enum vn_trace_rule {
	VN_RULE_NONE,
	VN_RULE_AFFINITY,      /* all on one host */
	VN_RULE_ANTI_AFFINITY, /* no two on one host */
	VN_RULE_FAULT_DOMAIN,  /* guests of different domain numbers never in one rack */
	VN_RULE_COUNT
};
extern const char *const vn_trace_rule_names[VN_RULE_COUNT];

/* What a guest asks for, without when and with whom. Zeroed before it is filled, so that equal
 * shapes have equal bytes. */
typedef struct vn_trace_shape {
	uint32_t vcpus, cells; /* vCPUs and memory of all cells together */
	uint64_t mem_kib;
	uint64_t page_kib; /* for VN_PAGES_SIZE */
	enum vn_page_want pages;
	enum vn_thread_policy threads;
	uint32_t dedicated; /* 1: a CPU of its own for each vCPU */
	uint32_t devices;   /* PCI devices of this kind, each on the node of a cell */
	uint16_t vendor, product;
	uint32_t zero;
} vn_trace_shape;

/* One row: a guest that comes and, perhaps, leaves. */
typedef struct vn_trace_row {
	uint64_t number; /* 0-based, of the rows below the header */
	int64_t arrival_us;
	int64_t end_us;	     /* VN_TRACE_NEVER */
	int64_t lifetime_us; /* VN_TRACE_NEVER; where it has to wait, it ends so much after its
				start */
	vn_trace_shape shape;
	enum vn_trace_rule rule;
	uint32_t group, domain; /* where rule is not VN_RULE_NONE */
} vn_trace_row;

/* What is not in the trace. */
typedef struct vn_trace_options {
	/* For formats that do not say how many cells a guest has: two where it has more memory than
	 * this and at least two vCPUs; 0: the format's own threshold; UINT64_MAX: never. */
	uint64_t two_cells_above_kib;
	bool never_end; /* guests do not leave */
	bool no_groups; /* rules of groups are not kept */
} vn_trace_options;

/* The formats, recognised by the header line. */
enum vn_trace_format {
	VN_TRACE_GENERIC,  /* named columns, docs/sim-format.md */
	VN_TRACE_LIFETIME, /* vmid,cpu,mem,at,lt: Huawei-East-1 as SPANE has it */
	VN_TRACE_TOPOLOGY, /* flavor_vcpus,flavor_ram,numa,strategy,group,domain: mdl1104 */
	VN_TRACE_AZURE,	   /* vmId,tenantId,cores,ram,vmTypeId,starttime,endtime: CoSpot */
	VN_TRACE_FORMAT_COUNT
};
extern const char *const vn_trace_format_names[VN_TRACE_FORMAT_COUNT];

/* Called for each row; a negative vn_code ends the reading. The row is the reader's. */
typedef int vn_trace_take(void *context, const vn_trace_row *row, vn_error *err);

/* A reader that is fed bytes as they come: memory does not grow with the trace. Rows must be in the
 * order of their arrivals. */
typedef struct vn_trace_reader vn_trace_reader;
/* source: for errors, borrowed. */
int vn_trace_reader_new(const char *source, const vn_trace_options *options, vn_trace_take *take,
			void *context, vn_trace_reader **ret, vn_error *err);
void vn_trace_reader_free(vn_trace_reader *reader); /* accepts NULL */
VN_DEFINE_AUTO(vn_trace_reader)
/* The next bytes. Errors: those of `take`; VN_E_SYNTAX and VN_E_RANGE with the place. After an
 * error the reader is only good for freeing. */
int vn_trace_feed(vn_trace_reader *reader, const char *bytes, size_t size, vn_error *err);
/* There are no more: a last line without its newline is taken. VN_E_SYNTAX when there was no row.
 */
int vn_trace_end(vn_trace_reader *reader, vn_error *err);
enum vn_trace_format vn_trace_reader_format(const vn_trace_reader *reader);
uint32_t vn_trace_reader_flavours(const vn_trace_reader *reader); /* different shapes so far */
uint64_t vn_trace_reader_rows(const vn_trace_reader *reader);

/* ---- the fleet of a simulation -----------------------------------------------------------------
 */

enum {
	VN_SIM_HOSTS_MAX = 4 << 20,
	VN_SIM_KINDS_MAX = 65536, /* different hosts */
	VN_SIM_FLEET_BYTES_MAX = 64 << 20
};
#define VN_RACK_OWN UINT32_MAX /* the rack is not said: each host is a fault domain of its own */

/* `count` equal hosts; host i of them is in rack first_rack + i * racks / count. */
typedef struct vn_sim_hosts {
	uint32_t kind; /* index of vn_sim_fleet.kinds */
	uint32_t count;
	uint32_t first_rack; /* or VN_RACK_OWN */
	uint32_t racks;	     /* 1..count */
} vn_sim_hosts;

/* Which hosts there are. Their numbers are 0.., in the order of `hosts`. */
typedef struct vn_sim_fleet {
	uint32_t n_kinds, n_groups, n_hosts;
	vn_host **kinds; /* owned */
	vn_sim_hosts *groups;
	uint32_t kinds_room, groups_room;
} vn_sim_fleet;
void vn_sim_fleet_clear(vn_sim_fleet *fleet);

/* Add hosts. text is one of
 *   "HOST" or "N x HOST"   HOST: "NODES/CPUS/MEMORY[/THREADS]", or what vn_host_read takes;
 *                          NODES: "2", or "2x4" for 4 on each of 2 sockets; CPUS, MEMORY: of a node
 *   a path                 of JSON (docs/sim-format.md), or of a table CPU1,RAM1,CPU2,RAM2[,RACK]
 * Errors: as vn_host_read, with the place. What was added before stays. */
int vn_sim_fleet_add(vn_sim_fleet *fleet, const char *text, vn_error *err);
/* The same from the bytes of a JSON document or a table. */
int vn_sim_fleet_parse(vn_sim_fleet *fleet, const char *source, const char *bytes, size_t size,
		       vn_error *err);
/* A host of equal nodes: "2/40/90GiB", "2x4/16/64GiB/2". */
int vn_sim_shape_parse(vn_cursor in, vn_host **ret, vn_error *err);

/* The kind and the rack of a host; racks that are not said are numbered behind those that are. */
typedef struct vn_sim_place {
	uint32_t kind, rack;
} vn_sim_place;
/* ret: [n_hosts] */
void vn_sim_fleet_places(const vn_sim_fleet *fleet, vn_sim_place *ret);

/* ---- the replay --------------------------------------------------------------------------------
 *
 * One replay is one policy (or one bound) on one stretch of a trace, on a fleet that is empty at
 * the start. Rows are pushed into it. Guests that no empty host could hold are counted as too large
 * and passed over, whatever the rule says. */

enum vn_sim_refusal {
	VN_SIM_STOP,	 /* the replay ends at the first guest that does not fit */
	VN_SIM_CONTINUE, /* it is refused; the next one comes */
	VN_SIM_WAIT,	 /* it waits, and all behind it, until guests that leave have made room */
	VN_SIM_REFUSAL_COUNT
};
extern const char *const vn_sim_refusal_names[VN_SIM_REFUSAL_COUNT];

/* Where a guest went. */
typedef struct vn_sim_choice {
	uint32_t host;
	uint32_t n_cells;
	uint16_t nodes[VN_TRACE_CELLS_MAX]; /* index of the host's node, for each cell */
	vn_claim claim;			    /* the engine's; 0: none */
} vn_sim_choice;

/* What chooses: the fleet engine with a policy, or a bound. All functions get `self`. */
typedef struct vn_sim_chooser {
	void *self;
	/* VN_OK: taken; VN_E_NOFIT: it fits nowhere now; else an error. */
	int (*place)(void *self, const vn_trace_row *row, vn_sim_choice *ret, vn_error *err);
	void (*release)(void *self, const vn_trace_shape *shape, const vn_sim_choice *choice);
	/* Would an empty fleet hold it? Asked once for each shape. */
	bool (*ever)(void *self, const vn_trace_shape *shape);
	void (*free)(void *self);
	bool unbounded; /* nothing is refused, and what is used counts up to the fleet's size */
} vn_sim_chooser;

/* What became of one row. start_us: later than the arrival if it had to wait. */
enum vn_sim_fate { VN_FATE_PLACED, VN_FATE_REFUSED, VN_FATE_TOO_LARGE, VN_FATE_COUNT };
extern const char *const vn_sim_fate_names[VN_FATE_COUNT];
typedef int vn_sim_tell(void *context, const vn_trace_row *row, enum vn_sim_fate fate,
			int64_t start_us, const vn_sim_choice *choice, vn_error *err);

typedef struct vn_sim_options {
	enum vn_sim_refusal refusal;
	/* WAIT and this: the replay ends at the first guest that does not fit beside those who are
	 * still there, also those that leave before it arrives. SPANE's count of an episode. */
	bool count;
	uint64_t most_rows; /* 0: no limit */
	bool curve;	    /* keep points over time */
	vn_sim_tell *tell;  /* may be NULL */
	void *tell_context;
} vn_sim_options;

/* Points of a curve; there are at most VN_SIM_POINTS_MAX, evenly over the rows. */
enum { VN_SIM_POINTS_MAX = 512 };
typedef struct vn_sim_point {
	uint64_t row; /* rows seen */
	int64_t time_us;
	uint64_t live, cpus, mem_kib;	      /* in use */
	uint64_t stranded_cpus, stranded_kib; /* free, but without the other beside it */
	uint64_t refused;
	int64_t wait_us;     /* of this row's guest */
	int64_t wait_sum_us; /* of all until now */
} vn_sim_point;

typedef struct vn_sim_result {
	uint64_t rows, placed, refused, too_large;
	uint64_t before_refusal; /* rows before the first guest that was refused */
	uint64_t waited;	 /* guests that waited at all */
	int64_t wait_sum_us, wait_max_us;
	int64_t first_us, last_us; /* the clock at the first row and at the end */
	uint64_t cpus, mem_kib;	   /* in use at the end */
	uint64_t placed_cpus;	   /* of all that were placed */
	uint64_t live_max;
	double cpu_seconds, mem_kib_seconds; /* in use, over time */
	uint32_t n_points;
	const vn_sim_point *points; /* the replay's; NULL without options->curve */
} vn_sim_result;

typedef struct vn_replay vn_replay;
/* Takes the chooser, also on failure. fleet: borrowed. */
int vn_replay_new(const vn_sim_fleet *fleet, const vn_sim_chooser *chooser,
		  const vn_sim_options *options, vn_replay **ret, vn_error *err);
void vn_replay_free(vn_replay *replay); /* accepts NULL */
VN_DEFINE_AUTO(vn_replay)
/* *ret_done: the replay has ended, rows are not looked at any more. */
int vn_replay_row(vn_replay *replay, const vn_trace_row *row, bool *ret_done, vn_error *err);
void vn_replay_result(vn_replay *replay, vn_sim_result *ret);

/* ---- the engine as a chooser --------------------------------------------------------------------
 */

/* How often each shape was asked for before: what slots and fragments weigh by. */
typedef struct vn_sim_demand {
	uint32_t n, room;
	vn_trace_shape *shapes;
	uint64_t *counts;
} vn_sim_demand;
int vn_sim_demand_add(vn_sim_demand *demand, const vn_trace_shape *shape, vn_error *err);
void vn_sim_demand_clear(vn_sim_demand *demand);

/* The fleet engine with a policy. demand: NULL: learned as it goes. Both are only read. */
int vn_sim_engine_new(const vn_sim_fleet *fleet, const vn_fleet_policy *policy,
		      const vn_sim_demand *demand, vn_sim_chooser *ret, vn_error *err);
/* The engine in it, for its counters and the placements of claims. */
vn_fleet *vn_sim_engine_fleet(const vn_sim_chooser *chooser);

/* ---- bounds ------------------------------------------------------------------------------------
 *
 * As a chooser, so that a bound has the same rules and the same result as a policy. */

/* All CPUs and all memory of the fleet in one place. Until the first refusal, and in a queue, no
 * policy gets further: what fits a fleet fits its sum. `unbounded` refuses nothing: used CPUs are
 * counted up to what the fleet has, which no policy that refuses and goes on can exceed. */
int vn_sim_volume_new(const vn_sim_fleet *fleet, bool unbounded, vn_sim_chooser *ret,
		      vn_error *err);

/* CPUs and memory of all hosts. */
typedef struct vn_sim_total {
	uint64_t cpus, mem_kib;
} vn_sim_total;
vn_sim_total vn_sim_fleet_total(const vn_sim_fleet *fleet);
/* Would the host, when empty, hold it? */
bool vn_sim_fits(const vn_host *host, const vn_trace_shape *shape);
/* The request of a shape: its cells are fixed and alike, the first ones take the remainder. */
int vn_sim_request(const vn_trace_shape *shape, vn_request **ret, vn_error *err);

/* ---- many episodes -----------------------------------------------------------------------------
 */

/* Mean, standard deviation, and the mean without the lowest and highest tenth of n values. Sorts
 * them. */
typedef struct vn_sim_mean {
	double mean, deviation, trimmed, least, most;
} vn_sim_mean;
vn_sim_mean vn_sim_mean_of(double *values, size_t n);

/* ---- numbers -----------------------------------------------------------------------------------
 */

/* A decimal number ("12", "-0.5", "1.5e3") times `unit`, rounded half up to a whole number, exact.
 * Errors: VN_E_SYNTAX (not a number, so also "nan" and "inf"), VN_E_RANGE (beyond +-max). */
int vn_decimal_parse(vn_cursor in, uint64_t unit, int64_t max, int64_t *ret, vn_error *err);

#endif
