/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Building the fleet of a simulation, for its readers. */
#ifndef VNUMA_SIM_HOSTS_H
#define VNUMA_SIM_HOSTS_H

#include "vnuma/sim.h"

/* Racks are numbered 0..SIM_RACK_MAX. */
enum { SIM_RACK_MAX = 1 << 24 };

/* Takes the host, also when it fails. */
int sim_fleet_add_kind(vn_sim_fleet *fleet, vn_host *host, uint32_t *ret, vn_error *err);
int sim_fleet_add_hosts(vn_sim_fleet *fleet, const vn_sim_hosts *hosts, vn_error *err);
/* HOST of "N x HOST": a short form, or what vn_host_read takes. */
int sim_host_read(const char *text, vn_host **ret, vn_error *err);

/* hosts_json.c, hosts_table.c */
int sim_fleet_parse_json(vn_sim_fleet *fleet, const char *source, const char *bytes, size_t size,
			 vn_error *err);
int sim_fleet_parse_table(vn_sim_fleet *fleet, const char *source, const char *bytes, size_t size,
			  vn_error *err);

#endif
