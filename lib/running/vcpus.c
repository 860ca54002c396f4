/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which vCPUs of a guest are on. Sixteen vCPUs in four cells, two threads to a core, of which eight
 * stay: 0,1 4,5 8,9 12,13: one core in each cell. One at a time is turned on or off: on where the
 * fewest are on, off where the most are; in that cell a core that is begun is finished first; of
 * equal ones the lowest goes on first and off last. */
#include "vnuma/running.h"

struct vcpus {
	const vn_request *config;
	const vn_cpuset *pluggable;
	vn_cpuset on;
	uint32_t threads;
};

static vn_cpuset all_vcpus(const vn_request *config)
{
	vn_cpuset all = { 0 };

	vn_cpuset_add_range(&all, 0, config->vcpus - 1);
	return all;
}

static uint32_t n_cells(const struct vcpus *vcpus)
{
	return vcpus->config->n_cells ? vcpus->config->n_cells : 1;
}

static vn_cpuset cell_vcpus(const struct vcpus *vcpus, uint32_t cell)
{
	return vcpus->config->n_cells ? vcpus->config->cells[cell].vcpus : all_vcpus(vcpus->config);
}

static uint32_t count_on(const struct vcpus *vcpus, vn_cpuset among)
{
	vn_cpuset_and(&among, &vcpus->on);
	return vn_cpuset_count(&among);
}

/* vCPUs of the guest's core that this one is a thread of, those that are on. */
static uint32_t core_on(const struct vcpus *vcpus, int vcpu)
{
	uint32_t first = (uint32_t)vcpu / vcpus->threads * vcpus->threads, n = 0;

	for (uint32_t v = first; v < first + vcpus->threads; v++)
		n += vn_cpuset_has(&vcpus->on, v);
	return n;
}

static bool may_change(const struct vcpus *vcpus, int vcpu, bool turn_on)
{
	return vn_cpuset_has(&vcpus->on, (unsigned)vcpu) != turn_on && (turn_on || vcpu) &&
	       vn_cpuset_has(vcpus->pluggable, (unsigned)vcpu);
}

/* The vCPU of a cell that is next: of a core that is neither all on nor all off, if there is one;
 * -1: none. */
static int next_of(const struct vcpus *vcpus, uint32_t cell, bool turn_on)
{
	vn_cpuset mine = cell_vcpus(vcpus, cell);
	int best = -1;
	bool best_begun = false;

	VN_CPUSET_EACH(vcpu, &mine) {
		uint32_t on = core_on(vcpus, vcpu);
		bool begun = on && on < vcpus->threads;

		if (!may_change(vcpus, vcpu, turn_on))
			continue;
		if (best < 0 || (begun && !best_begun) || (begun == best_begun && !turn_on)) {
			best = vcpu;
			best_begun = begun;
		}
	}
	return best;
}

/* The cell whose turn it is: a begun core anywhere is finished first; else the cell with the fewest
 * on (the most, to turn one off). */
static int next_vcpu(const struct vcpus *vcpus, bool turn_on)
{
	int best = -1;
	uint32_t best_on = 0;

	for (uint32_t c = 0; c < n_cells(vcpus); c++) {
		int vcpu = next_of(vcpus, c, turn_on);
		uint32_t on = vcpu < 0 ? 0 : count_on(vcpus, cell_vcpus(vcpus, c));
		uint32_t core = vcpu < 0 ? 0 : core_on(vcpus, vcpu);

		if (vcpu < 0)
			continue;
		if (core && core < vcpus->threads)
			return vcpu;
		if (best < 0 || (turn_on ? on < best_on : on >= best_on)) {
			best = vcpu;
			best_on = on;
		}
	}
	return best;
}

int vn_guest_choose_vcpus(const vn_request *config, const vn_cpuset *online,
			  const vn_cpuset *pluggable, uint32_t n, vn_cpuset *ret, vn_error *err)
{
	struct vcpus vcpus = { config, pluggable, *online, 1 };
	uint32_t now = vn_cpuset_count(online);

	if (!n || n > config->vcpus)
		return vn_fail(err, VN_E_RANGE,
			       "%u vCPUs are not possible while the guest runs (legal: 1-%u)", n,
			       config->vcpus);
	if (config->topology_given && config->topology.threads)
		vcpus.threads = config->topology.threads;
	while (now != n) {
		int vcpu = next_vcpu(&vcpus, now < n);

		if (vcpu < 0)
			return vn_fail(err, VN_E_RANGE,
				       "%u vCPUs are not possible while the guest runs: at %u all "
				       "others are not hotpluggable (a guest that starts with "
				       "<vcpus> and hotpluggable='yes' can)",
				       n, now);
		(now < n ? vn_cpuset_add : vn_cpuset_del)(&vcpus.on, (unsigned)vcpu);
		now = vn_cpuset_count(&vcpus.on);
	}
	*ret = vcpus.on;
	return VN_OK;
}
