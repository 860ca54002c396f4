/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The rules of the judge. Each returns NULL, or the sentence that is not true of the placement. */
#ifndef VNUMA_TESTS_JUDGE_RULES_H
#define VNUMA_TESTS_JUDGE_RULES_H

#include "judge.h"

typedef const char *judge_rule(const struct question *q, const vn_placement *placement);

/* judge_cpus.c */
judge_rule rule_pins, rule_floating, rule_float_everywhere, rule_isolate, rule_require,
	rule_emulator, rule_emulator_union, rule_reserved, rule_cpu_ratio;
/* judge_devices.c */
judge_rule rule_devices, rule_local_devices, rule_picks;
/* judge_cost.c */
judge_rule rule_cost;

/* CPUs that the guest has for itself: pins, the emulator's, idle siblings. */
vn_cpuset taken_by_guest(const vn_placement *placement);
/* Nodes with cells, as bits: the oracle's hosts have few. */
uint32_t nodes_of(const vn_placement *placement);

#endif
