/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The parts of `vnuma doctor`: reading what is to be examined, and mending it. */
#ifndef VNUMA_DOCTOR_COMMAND_H
#define VNUMA_DOCTOR_COMMAND_H

#include "cli.h"

struct doctor_input {
	vn_virt *virt; /* NULL: no libvirt */
	vn_running *running;
	bool *examine; /* [running->n_guests]; NULL: those that are not off */
};
void doctor_input_clear(struct doctor_input *input);

/* doctor_read.c: the host, its kernel, its guests, as the command line names them. What could not
 * be had, but need not be, is said in the notes. */
int doctor_read(const struct cli_values *values, struct cli_output *output,
		struct doctor_input *ret, vn_error *err);

/* doctor_fix.c: make the changes of a diagnosis, each shown before it is made; `quiet`: in the
 * notes. A change that libvirt refuses is said in the notes, and counted. */
struct doctor_fixed {
	uint32_t n, n_failed;
};
int doctor_fix(vn_virt *virt, const vn_diagnosis *diagnosis, bool quiet, struct cli_output *output,
	       struct doctor_fixed *ret, vn_error *err);

#endif
