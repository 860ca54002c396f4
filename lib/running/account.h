/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The two halves of the account: CPUs (account.c) and memory (account_memory.c). */
#ifndef VNUMA_RUNNING_ACCOUNT_H
#define VNUMA_RUNNING_ACCOUNT_H

#include "vnuma/running.h"

/* CPUs that a vCPU may use: libvirt's pin, else its configuration's, else all of the host's. */
vn_cpuset account_vcpu_cpus(const vn_running *running, const vn_guest *guest, uint32_t vcpu);
/* How many vCPUs the guest may have, those that are off too. */
uint32_t account_vcpus(const vn_guest *guest);

/* Nodes that a cell's memory is bound to; false: to none. A live change of a 'restrictive' guest
 * changes <memory> and leaves the <memnode>s as they were: these count only inside of it. */
bool account_bound_nodes(const vn_request *config, uint32_t cell, vn_nodeset *ret);

/* What is promised to the guest and not yet part of what the host reports as used. */
void account_take_memory(vn_running *running, const vn_guest *guest);
/* The opposite for a guest that is left out: the host reports what it has touched as used. */
void account_return_memory(vn_running *running, const vn_guest *guest);

#endif
