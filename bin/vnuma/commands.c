/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of commands and their options. To add a command: a row and its options here, its
 * function in cmd_NAME.c, its page in man/vnuma-NAME.1.in. */
#include "cli.h"

#include <string.h>

const char *const cli_color_names[CLI_COLOR_COUNT] = {
	[CLI_COLOR_AUTO] = "auto",
	[CLI_COLOR_ALWAYS] = "always",
	[CLI_COLOR_NEVER] = "never",
};

const char *const cli_format_names[CLI_FORMAT_COUNT] = {
	[CLI_FORMAT_TABLE] = "table", [CLI_FORMAT_XML] = "xml", [CLI_FORMAT_QEMU] = "qemu",
	[CLI_FORMAT_JSON] = "json",   [CLI_FORMAT_SVG] = "svg", [CLI_FORMAT_CSV] = "csv",
};

/* The formats of a command, by position in cli_format_names; those it cannot write are NULL. */
static const char *const host_formats[CLI_FORMAT_COUNT] = {
	[CLI_FORMAT_TABLE] = "table",
	[CLI_FORMAT_JSON] = "json",
	[CLI_FORMAT_SVG] = "svg",
};
static const char *const plan_formats[CLI_FORMAT_COUNT] = {
	[CLI_FORMAT_TABLE] = "table", [CLI_FORMAT_XML] = "xml", [CLI_FORMAT_QEMU] = "qemu",
	[CLI_FORMAT_JSON] = "json",   [CLI_FORMAT_SVG] = "svg",
};
static const char *const sim_formats[CLI_FORMAT_COUNT] = {
	[CLI_FORMAT_TABLE] = "table",
	[CLI_FORMAT_JSON] = "json",
	[CLI_FORMAT_SVG] = "svg",
	[CLI_FORMAT_CSV] = "csv",
};
static const char *const version_formats[CLI_FORMAT_COUNT] = {
	[CLI_FORMAT_TABLE] = "table",
	[CLI_FORMAT_JSON] = "json",
};

#define FIELD(name)	  offsetof(struct cli_values, name)
#define CHOICES(names, n) .kind = CLI_CHOICE, .choices = (names), .n_choices = (n)

/* Options of several commands. */
#define OPTION_HOST                                                                                \
	.name = "host", .letter = 'H', .kind = CLI_FILE, .argument = "SOURCE", .fallback = "live", \
	.offset = FIELD(host),                                                                     \
	.help = "The host: 'live' is this machine; a file or folder with libvirt capabilities "    \
		"XML, hwloc XML, vnuma JSON or a copy of /sys; '-' is standard input; "            \
		"'synthetic:TEXT' is a made-up host in hwloc's notation; a libvirt URI is the "    \
		"same as -c."
#define OPTION_DISTANCES                                                                           \
	.name = "distances", .kind = CLI_FILE, .argument = "FILE", .offset = FIELD(distances),     \
	.help = "Distances between the nodes that were measured ('vnuma measure -o json') in "     \
		"place of those of the firmware."
#define OPTION_COLOR                                                                               \
	.name = "color", .argument = "WHEN", .fallback = "auto", .offset = FIELD(color),           \
	CHOICES(cli_color_names, CLI_COLOR_COUNT),                                                 \
	.help = "Colours in a table; 'auto' is on a terminal, unless NO_COLOR is set."
#define OPTION_CONNECT                                                                             \
	.name = "connect", .letter = 'c', .kind = CLI_TEXT, .argument = "URI",                     \
	.offset = FIELD(connect)
#define HOST_CONNECT_HELP                                                                          \
	"Instead of -H: the host of this libvirt, with what its running guests have taken."

/* How a guest is placed. */
#define OPTIONS_PLACE                                                                              \
	{ .name = "strategy",                                                                      \
	  .argument = "NAME",                                                                      \
	  .fallback = "spread",                                                                    \
	  .offset = FIELD(strategy),                                                               \
	  CHOICES(vn_strategy_names, VN_STRATEGY_COUNT),                                           \
	  .help = "Between equally good nodes: the emptiest first, or the fullest first." },       \
		{ .name = "size-by",                                                               \
		  .argument = "UNIT",                                                              \
		  .fallback = "cores",                                                             \
		  .offset = FIELD(size_by),                                                        \
		  CHOICES(vn_size_by_names, VN_SIZE_BY_COUNT),                                     \
		  .help = "How many floating vCPUs a node holds when the number of nodes is "      \
			  "chosen: one "                                                           \
			  "for each core, or one for each hardware thread." },                     \
		{ .name = "cpu-ratio",                                                             \
		  .kind = CLI_RATIO,                                                               \
		  .argument = "RATIO",                                                             \
		  .fallback = "4",                                                                 \
		  .offset = FIELD(cpu_ratio_percent),                                              \
		  .help = "Floating vCPUs allowed for each CPU of a node; 0 is no limit." },       \
		{ .name = "ram-ratio",                                                             \
		  .kind = CLI_RATIO,                                                               \
		  .argument = "RATIO",                                                             \
		  .fallback = "1",                                                                 \
		  .offset = FIELD(ram_ratio_percent),                                              \
		  .help = "Ordinary guest memory allowed for the memory of a node; 1 is what is "  \
			  "free now, "                                                             \
			  "0 is no limit." },                                                      \
	{                                                                                          \
		.name = "reserve", .kind = CLI_SIZE, .argument = "SIZE",                           \
		.offset = FIELD(reserve_kib), .max = VN_GUEST_MEM_MAX_KIB,                         \
		.help = "Memory to keep free on each node."                                        \
	}
#define OPTION_EXPLAIN                                                                             \
	.name = "explain", .kind = CLI_FLAG, .offset = FIELD(explain),                             \
	.help = "Also print to standard error, for each node, what decided: what was asked and "   \
		"what was there, or why another node is better."
#define OPTION_TAKE_OVER                                                                           \
	.name = "take-over", .kind = CLI_FLAG, .offset = FIELD(take_over),                         \
	.help = "Also plan what the guest's owner has fixed: pins and node sets that stand in "    \
		"its "                                                                             \
		"XML and that no plan has written."
#define OPTION_DRY_RUN(what)                                                                       \
	.name = "dry-run", .kind = CLI_FLAG, .offset = FIELD(dry_run), .help = (what)
#define OPTION_LIBVIRT                                                                             \
	OPTION_CONNECT,                                                                            \
		.help = "The libvirt to ask; default: LIBVIRT_DEFAULT_URI, or what libvirt "       \
			"finds (qemu:///system for root)."

static const struct cli_option host_options[] = {
	{ OPTION_HOST },
	{ OPTION_DISTANCES },
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .fallback = "table",
	  .offset = FIELD(format),
	  CHOICES(host_formats, CLI_FORMAT_COUNT),
	  .help = "What to print: a table with a text picture, JSON that -H reads back, or an SVG "
		  "picture." },
	{ OPTION_COLOR },
	{ OPTION_CONNECT, .help = HOST_CONNECT_HELP },
	{ 0 },
};

static const struct cli_option plan_options[] = {
	{ OPTION_HOST },
	{ OPTION_DISTANCES },
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .offset = FIELD(format),
	  CHOICES(plan_formats, CLI_FORMAT_COUNT),
	  .later = "xl",
	  .help = "What to print: a table with a text picture, the domain XML, arguments for QEMU, "
		  "JSON, or an SVG picture. Default: xml when REQUEST is XML, else table." },
	{ .name = "vcpus",
	  .kind = CLI_COUNT,
	  .argument = "N",
	  .offset = FIELD(vcpus),
	  .min = 1,
	  .max = VN_VCPU_MAX,
	  .help = "Instead of REQUEST: a guest of N vCPUs; needs --memory." },
	{ .name = "memory",
	  .kind = CLI_SIZE,
	  .argument = "SIZE",
	  .offset = FIELD(memory_kib),
	  .min = 1,
	  .max = VN_GUEST_MEM_MAX_KIB,
	  .help = "Its memory, as '16GiB' or '512M'; a number alone is MiB." },
	{ .name = "name",
	  .kind = CLI_TEXT,
	  .argument = "NAME",
	  .offset = FIELD(name),
	  .help = "Its name; needs --vcpus." },
	{ .name = "spec",
	  .kind = CLI_TEXTS,
	  .argument = "KEY=VALUE",
	  .offset = FIELD(specs),
	  .help = "An extra spec, as 'hw:cpu_policy=dedicated'; repeatable; needs --vcpus. 'vnuma "
		  "help specs' lists them." },
	{ .name = "image-prop",
	  .kind = CLI_TEXTS,
	  .argument = "KEY=VALUE",
	  .offset = FIELD(props),
	  .help = "An image property, as 'hw_cpu_policy=dedicated'; repeatable; needs --vcpus." },
	{ .name = "json",
	  .kind = CLI_FILE,
	  .argument = "FILE",
	  .offset = FIELD(json),
	  .help = "Instead of REQUEST: a request in JSON; '-' is standard input." },
	{ .name = "with",
	  .kind = CLI_FILES,
	  .argument = "FILE",
	  .offset = FIELD(with),
	  .help = "A guest that is on the host already: it is placed first, and what it takes is "
		  "gone. A domain XML, planned or not, or a request in JSON; repeatable." },
	OPTIONS_PLACE,
	{ .name = "alternatives",
	  .kind = CLI_COUNT,
	  .argument = "K",
	  .offset = FIELD(alternatives),
	  .min = 1,
	  .max = VN_PLACE_BEST_MAX,
	  .help = "Also show the K best placements, what each costs, and why it is behind; in a "
		  "table or in JSON." },
	{ OPTION_EXPLAIN },
	{ OPTION_COLOR },
	{ OPTION_CONNECT, .help = HOST_CONNECT_HELP },
	{ 0 },
};

static const char *const start_formats[CLI_FORMAT_COUNT] = {
	[CLI_FORMAT_TABLE] = "table",
	[CLI_FORMAT_XML] = "xml",
	[CLI_FORMAT_JSON] = "json",
};

static const struct cli_option start_options[] = {
	{ OPTION_DRY_RUN("Say where the guest would be started, and leave it as it is.") },
	{ .name = "paused",
	  .kind = CLI_FLAG,
	  .offset = FIELD(paused),
	  .help = "Do not let the guest run yet: 'virsh resume' does." },
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .offset = FIELD(format),
	  CHOICES(start_formats, CLI_FORMAT_COUNT),
	  .help = "What to print: a table with a text picture, the planned domain XML, or JSON. "
		  "Default: a line for each cell." },
	{ OPTION_TAKE_OVER },
	OPTIONS_PLACE,
	{ OPTION_EXPLAIN },
	{ OPTION_COLOR },
	{ OPTION_LIBVIRT },
	{ 0 },
};

static const struct cli_option apply_options[] = {
	{ .name = "all",
	  .kind = CLI_FLAG,
	  .offset = FIELD(all),
	  .help = "Instead of NAME: every running guest; they are packed anew, step by step, if "
		  "that brings them nearer to their memory and devices." },
	{ OPTION_DRY_RUN("Say what would be changed, and change nothing.") },
	{ .name = "nodes",
	  .kind = CLI_TEXT,
	  .argument = "LIST",
	  .offset = FIELD(nodes),
	  .help = "Move the guest to these nodes of the host, as '2' or '0,2-3', whatever its "
		  "policy "
		  "says." },
	{ .name = "anew",
	  .kind = CLI_FLAG,
	  .offset = FIELD(anew),
	  .help = "Plan as if the guest had no place yet; else a legal place is kept." },
	{ OPTION_TAKE_OVER },
	{ .name = "rate",
	  .kind = CLI_COUNT,
	  .argument = "MIB",
	  .offset = FIELD(rate_mib),
	  .min = 1,
	  .max = 1 << 20,
	  .help = "Memory is moved at no more than this many MiB in a second; default 256." },
	OPTIONS_PLACE,
	{ OPTION_EXPLAIN },
	{ OPTION_COLOR },
	{ OPTION_LIBVIRT },
	{ 0 },
};

static const struct cli_option show_options[] = {
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .fallback = "table",
	  .offset = FIELD(format),
	  CHOICES(host_formats, CLI_FORMAT_COUNT),
	  .help = "What to print: tables with maps of CPUs, JSON, or an SVG picture." },
	{ OPTION_CONNECT,
	  .help = "The libvirt to ask. Where none answers, the guests of this machine are found as "
		  "processes." },
	{ .name = "exact",
	  .kind = CLI_FLAG,
	  .offset = FIELD(exact),
	  .help = "Look at every page of the guests' memory, which takes 10 ms for each GiB, "
		  "instead of a sample." },
	{ .name = "watch",
	  .letter = 'w',
	  .kind = CLI_COUNT,
	  .argument = "SECONDS",
	  .bare = "2",
	  .offset = FIELD(watch_s),
	  .min = 1,
	  .max = 3600,
	  .help = "Show it again and again, every 2 seconds if not said otherwise, with CPU use "
		  "and waits since the last time." },
	{ OPTION_COLOR },
	{ 0 },
};

static const struct cli_option measure_options[] = {
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .fallback = "table",
	  .offset = FIELD(format),
	  CHOICES(host_formats, CLI_FORMAT_COUNT),
	  .help = "What to print: tables, JSON that --distances of other commands reads, or an SVG "
		  "picture." },
	{ .name = "seconds",
	  .kind = CLI_COUNT,
	  .argument = "N",
	  .fallback = "10",
	  .offset = FIELD(seconds),
	  .min = 1,
	  .max = 3600,
	  .help = "The time that it may take." },
	{ OPTION_COLOR },
	{ 0 },
};

static const struct cli_option setvcpus_options[] = {
	{ OPTION_DRY_RUN("Say which vCPUs would be on, and change nothing.") },
	OPTIONS_PLACE,
	{ OPTION_LIBVIRT },
	{ 0 },
};

static const struct cli_option setmem_options[] = {
	{ .name = "cell",
	  .kind = CLI_TEXT,
	  .argument = "N",
	  .offset = FIELD(cell),
	  .help = "Only the guest's cell N; default: evenly." },
	{ OPTION_DRY_RUN("Say what would be changed, and change nothing.") },
	{ OPTION_LIBVIRT },
	{ 0 },
};

static const struct cli_option doctor_options[] = {
	{ OPTION_HOST },
	{ OPTION_CONNECT,
	  .help = "The libvirt to ask for guests. Default: libvirt's own; where none answers, the "
		  "host is examined without its guests." },
	{ .name = "kernel",
	  .kind = CLI_FILE,
	  .argument = "ROOT",
	  .offset = FIELD(kernel),
	  .help = "A folder with a copy of the host's /proc and /sys, for the settings of its "
		  "kernel. Default: SOURCE if it is a folder, '/' for this machine, else none." },
	{ .name = "explain",
	  .kind = CLI_TEXT,
	  .argument = "ID",
	  .offset = FIELD(explain_check),
	  .help = "Only say what a check is, by its id ('VN003') or name; 'all' is all of them." },
	{ .name = "fix",
	  .kind = CLI_FLAG,
	  .offset = FIELD(fix),
	  .help = "Make the changes that are safe while a guest runs: pins of vCPUs, emulator and "
		  "I/O threads, and the nodes of restrictive memory. Each is shown first; then "
		  "everything is examined again." },
	{ .name = "strict",
	  .kind = CLI_FLAG,
	  .offset = FIELD(strict),
	  .help = "Exit 1 on any WARN too." },
	{ .name = "all",
	  .kind = CLI_FLAG,
	  .offset = FIELD(all),
	  .help = "List each check that passed too." },
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .fallback = "table",
	  .offset = FIELD(format),
	  CHOICES(version_formats, CLI_FORMAT_COUNT),
	  .help = "What to print: lines, or JSON." },
	{ OPTION_COLOR },
	{ 0 },
};

static const char *const bound_names[] = { "volume", "lp" };

static const struct cli_option sim_options[] = {
	{ .name = "fleet",
	  .letter = 'f',
	  .kind = CLI_TEXTS,
	  .argument = "HOSTS",
	  .offset = FIELD(fleet),
	  .help = "The hosts: 'N x HOST', where HOST is 'NODES/CPUS/MEMORY[/THREADS]' (CPUs and "
		  "memory of each node; '2x4' nodes are 4 on each of 2 sockets) or what -H of the "
		  "other commands takes; or a file with a list of hosts. May be repeated." },
	{ .name = "policy",
	  .letter = 'p',
	  .kind = CLI_TEXTS,
	  .argument = "NAMES",
	  .offset = FIELD(policies),
	  .help = "Policies to compare, with commas between them: default, slots, room, "
		  "host-first, "
		  "balance, fragments, first, best, worst, random; with weights as "
		  "'slots=3+fragments=1', with the rule for ties as 'slots/first'. Default: "
		  "default,first,best." },
	{ .name = "on-refusal",
	  .argument = "RULE",
	  .fallback = "continue",
	  .offset = FIELD(refusal),
	  CHOICES(vn_sim_refusal_names, VN_SIM_REFUSAL_COUNT),
	  .help = "When a guest fits nowhere: stop there, refuse it and continue, or let it and "
		  "all behind it wait." },
	{ .name = "starts",
	  .kind = CLI_FILE,
	  .argument = "FILE",
	  .offset = FIELD(starts),
	  .help = "An episode from each of these rows on, each on an empty fleet: a list of row "
		  "numbers, counted from 0, as text or as NumPy's .npy. Default: one, from row "
		  "0." },
	{ .name = "episode",
	  .kind = CLI_TEXT,
	  .argument = "N",
	  .offset = FIELD(episode),
	  .help = "At most N rows in an episode; 'POLICY+N': so many as that policy places before "
		  "the first one that does not fit beside all that are there, and N more." },
	{ .name = "demand",
	  .kind = CLI_FILE,
	  .argument = "ROWS",
	  .offset = FIELD(demand),
	  .help = "How often each flavour is asked for is not learned as it goes, but counted in "
		  "these rows 'A-B' of the trace, or in all rows of another trace." },
	{ .name = "no-departures",
	  .kind = CLI_FLAG,
	  .offset = FIELD(no_departures),
	  .help = "No guest leaves." },
	{ .name = "no-groups",
	  .kind = CLI_FLAG,
	  .offset = FIELD(no_groups),
	  .help = "The rules of groups (affinity, anti-affinity, fault domains) are passed over." },
	{ .name = "two-cells",
	  .kind = CLI_SIZE,
	  .argument = "SIZE",
	  .offset = FIELD(two_cells_kib),
	  .max = VN_GUEST_MEM_MAX_KIB,
	  .help = "In traces that do not say how many cells a guest has: two if it has more "
		  "memory than this. Default: 10GiB in the lifetime format, never in others." },
	{ .name = "bound",
	  .argument = "NAME",
	  .fallback = "volume",
	  .offset = FIELD(bound),
	  CHOICES(bound_names, VN_LEN(bound_names)),
	  .help = "What results are compared with: all CPUs and memory of the fleet in one place, "
		  "or, closer, a linear programme over what fits on a host ('stop' and 'wait')." },
	{ .name = "seed",
	  .kind = CLI_COUNT,
	  .argument = "N",
	  .fallback = "1",
	  .offset = FIELD(seed),
	  .max = UINT32_MAX,
	  .help = "Of what is random. The same seed gives the same result." },
	{ .name = "threads",
	  .kind = CLI_COUNT,
	  .argument = "N",
	  .offset = FIELD(threads),
	  .min = 1,
	  .max = 1024,
	  .help = "Default: one for each CPU. They do not change the result." },
	{ .name = "decisions",
	  .kind = CLI_FILE,
	  .argument = "FILE",
	  .offset = FIELD(decisions),
	  .help = "Write what became of each row to FILE, as CSV." },
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .fallback = "table",
	  .offset = FIELD(format),
	  CHOICES(sim_formats, CLI_FORMAT_COUNT),
	  .help = "What to print: a table, JSON, charts (by gnuplot), or the points of the charts "
		  "as CSV." },
	{ 0 },
};

static const struct cli_option fit_options[] = {
	{ .name = "stats",
	  .kind = CLI_FLAG,
	  .offset = FIELD(stats),
	  .help = "Place each case up to 200 times for better times, and print a summary to "
		  "standard error at the end." },
	{ 0 },
};

static const char *const shells[] = { "bash", "zsh" };

static const struct cli_option help_options[] = {
	{ .name = "roff",
	  .kind = CLI_FLAG,
	  .offset = FIELD(roff),
	  .help = "As the mdoc text that the man pages are made with." },
	{ .name = "completion",
	  .argument = "SHELL",
	  .offset = FIELD(completion),
	  CHOICES(shells, VN_LEN(shells)),
	  .help = "The completion script of a shell." },
	{ 0 },
};

static const struct cli_option version_options[] = {
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .fallback = "table",
	  .offset = FIELD(format),
	  CHOICES(version_formats, CLI_FORMAT_COUNT),
	  .help = "What to print: one line, or JSON." },
	{ 0 },
};

const struct cli_command cli_commands[] = {
	{ "host", 0, 0, cmd_host, "show a host: nodes, CPUs, memory, distances and devices",
	  host_options, CLI_NO_OPERAND, "", "" },
	{ "plan", 0, 1, cmd_plan, "place one guest; print its XML, command line or picture",
	  plan_options, CLI_OPERAND_FILE, "[REQUEST]",
	  "REQUEST is a libvirt domain XML file, or '-' for standard input. The answer to XML is "
	  "the same XML with the placement written into it. Exit 1: the guest does not fit." },
	{ "fit", 1, 1, cmd_fit, "place many cases from a JSON file; one line of JSON each",
	  fit_options, CLI_OPERAND_FILE, "FILE",
	  "FILE is a JSON list of cases, {\"cases\": [...]}, one case, or a case on each line; '-' "
	  "is "
	  "standard input. A case is a host and a request. Exit 0: all cases are answered, also "
	  "those that do not fit." },
	{ "start", 1, 1, cmd_start, "plan a guest against what is free now, start it, and check it",
	  start_options, CLI_OPERAND_FILE, "NAME|FILE",
	  "NAME is a guest that libvirt has defined: its definition gets the plan. FILE is a "
	  "domain "
	  "XML, or '-': the guest is gone when it ends. The guest runs only when all of it is "
	  "where "
	  "the plan has put it; else it is ended and its definition restored. Exit 1: it does not "
	  "fit." },
	{ "show", 0, VN_GUESTS_MAX, cmd_show,
	  "show running guests: CPUs, memory by node, locality, waits", show_options,
	  CLI_OPERAND_GUEST, "[DOMAIN]...",
	  "DOMAIN is the name or UUID of a guest; without one it is all that run. A vCPU's CPUs "
	  "are "
	  "a map, node by node and core by core: 'X' it may use, '#' it ran there last, '-' it may "
	  "not use." },
	{ "measure", 0, 0, cmd_measure, "measure latency and bandwidth between the nodes",
	  measure_options, CLI_NO_OPERAND, "",
	  "It measures this machine: memory of each node is read by the CPUs of each node, one "
	  "load "
	  "after the other, and by all cores together. Best while nothing else runs." },
	{ "apply", 0, 1, cmd_apply, "bring a running guest to its plan, or to a new one",
	  apply_options, CLI_OPERAND_GUEST, "NAME|--all",
	  "Pins are changed through libvirt, in the running guest and in its definition. Memory is "
	  "moved where the guest's memory mode is 'restrictive' or nothing binds it. What a "
	  "running "
	  "guest cannot be given is named with its reason. It can be cut off at any time and "
	  "started again." },
	{ "setvcpus", 2, 2, cmd_setvcpus, "turn vCPUs of a guest on or off, evenly over its cells",
	  setvcpus_options, CLI_OPERAND_GUEST, "NAME N",
	  "N vCPUs of the guest's are on afterwards, as many in each cell, whole guest cores "
	  "first; "
	  "vCPU 0 stays. In a guest that runs this needs vCPUs that are hotpluggable." },
	{ "setmem", 2, 2, cmd_setmem, "grow or shrink a guest's memory, cell by cell",
	  setmem_options, CLI_OPERAND_GUEST, "NAME SIZE",
	  "SIZE is all of the guest's memory, as '16GiB' or '512M'; a number alone is MiB. It is "
	  "changed by the guest's virtio-mem devices as far as they go, and by DIMMs, which are "
	  "bound "
	  "to the node of the cell's memory." },
	{ "doctor", 0, VN_GUESTS_MAX, cmd_doctor,
	  "check a host and its guests; say what is wrong and how to mend it", doctor_options,
	  CLI_OPERAND_FILE, "[DOMAIN|FILE.xml]...",
	  "Without operands: the host and the guests that run. DOMAIN is a guest of libvirt, "
	  "running "
	  "or not; FILE.xml (a name with a '/' or ending in '.xml', or '-') is a domain XML, "
	  "looked at as if it were started now. With -H SOURCE nothing is asked of this machine. "
	  "Exit 1: a check failed." },
	{ "sim", 1, 1, cmd_sim, "replay a trace of guests on a fleet; compare policies",
	  sim_options, CLI_OPERAND_FILE, "TRACE",
	  "TRACE is a table of guests as CSV, plain or gzip; '-' is standard input. Its format is "
	  "recognised by its header line. Exit 0: it was replayed, also when guests were "
	  "refused." },
	{ "help", 0, 1, cmd_help, "explain a command, or list them", help_options,
	  CLI_OPERAND_COMMAND, "[COMMAND|specs|checks]",
	  "'specs' lists the extra specs and image properties that plan understands, 'checks' "
	  "those "
	  "of the doctor." },
	{ "version", 0, 0, cmd_version, "print the version", version_options, CLI_NO_OPERAND, "",
	  "" },
};
const size_t cli_n_commands = VN_LEN(cli_commands);

/* What people type instead of a command. */
static const struct {
	const char *typed, *command;
} aliases[] = {
	{ "--help", "help" },
	{ "-h", "help" },
	{ "--version", "version" },
	{ "-V", "version" },
};

int cli_command_find(const char *name, const struct cli_command **ret, vn_error *err)
{
	struct cli_suggestion close = { 0 };

	for (size_t i = 0; i < VN_LEN(aliases); i++)
		if (!strcmp(name, aliases[i].typed))
			name = aliases[i].command;
	for (size_t i = 0; i < cli_n_commands; i++) {
		if (!strcmp(cli_commands[i].name, name)) {
			*ret = &cli_commands[i];
			return VN_OK;
		}
		cli_suggest(&close, name, cli_commands[i].name);
	}
	if (close.best)
		return cli_fail_usage(err, "unknown command '%s'; did you mean '%s'?", name,
				      close.best);
	return cli_fail_usage(err, "unknown command '%s'", name);
}
