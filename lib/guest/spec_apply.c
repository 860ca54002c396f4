/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Extra specs of a flavor and properties of an image become fields of a request, by Nova's rules
 * for who wins (nova/virt/hardware.py, numa_get_constraints). Each error carries Nova's exception
 * name in err.name. This file: collecting, and everything about CPUs; the rest is in
 * spec_cells.c. */
#include "guest/spec.h"

#include <string.h>

/* ---- collecting ---- */

static int fail_unknown(const vn_draft *draft, const vn_spec_entry *entry, vn_error *err)
{
	return vn_draft_fail(draft, entry->spot, err, VN_E_SYNTAX,
			     "'%.60s' is not an %s of Nova (legal: the names that 'vnuma help "
			     "specs' lists)",
			     entry->key, entry->image ? "image property" : "extra spec");
}

static int collect_one(vn_spec_set *set, const vn_spec_entry *entry, vn_error *err)
{
	const vn_spec_entry **slot;
	vn_spec_value value;
	vn_spec_pair *pair;
	uint32_t cell;
	int r;

	const vn_spec *spec = vn_spec_find(entry->key, entry->image, &cell);

	if (!spec)
		return vn_spec_is_foreign(entry->key, entry->image)
			       ? VN_OK
			       : fail_unknown(set->draft, entry, err);
	pair = &set->row[spec - vn_specs];
	slot = !strcmp(spec->flavor, "hw:numa_cpus.N")	? &set->cpus[entry->image][cell]
	       : !strcmp(spec->flavor, "hw:numa_mem.N") ? &set->mem[entry->image][cell]
	       : entry->image				? &pair->image
							: &pair->flavor;
	if (*slot)
		return vn_draft_fail(set->draft, entry->spot, err, VN_E_CONFLICT,
				     "'%.60s' is given twice: '%.40s' and '%.40s'", entry->key,
				     (*slot)->value, entry->value);
	if ((r = vn_spec_parse(set->draft, spec, entry, &value, err)) < 0)
		return r;
	*slot = entry;
	return VN_OK;
}

const vn_spec_pair *vn_spec_pair_of(const vn_spec_set *set, const char *flavor_name)
{
	size_t row = 0;

	while (strcmp(vn_specs[row].flavor, flavor_name) != 0)
		row++;
	return &set->row[row];
}

vn_spec_value vn_spec_value_of(const vn_spec_set *set, const vn_spec_pair *pair, bool image)
{
	vn_spec_value value = { 0 };
	int r = vn_spec_parse(set->draft, pair->spec, image ? pair->image : pair->flavor, &value,
			      NULL);

	(void)r; /* it has been validated */
	return value;
}

int vn_spec_fail_image(const vn_spec_set *set, const vn_spec_pair *pair, const char *name,
		       vn_error *err)
{
	return vn_spec_fail(set->draft, pair->image, name, err,
			    "image property %s is '%.40s', but the flavor's %s is '%.40s'",
			    pair->image->key, pair->image->value, pair->spec->flavor,
			    pair->flavor ? pair->flavor->value : "");
}

const vn_spec_entry *vn_spec_first_of(const vn_spec_set *set, const char *const *flavor_names,
				      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const vn_spec_pair *pair = vn_spec_pair_of(set, flavor_names[i]);

		if (pair->flavor || pair->image)
			return pair->flavor ? pair->flavor : pair->image;
	}
	return NULL;
}

/* ---- CPU policy ---- */

static int apply_hw_policy(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:cpu_policy");
	vn_draft *draft = set->draft;
	enum vn_cpu_policy flavor = 0, image = 0;

	if (!pair->flavor && !pair->image)
		return VN_OK;
	if (pair->flavor)
		flavor = (enum vn_cpu_policy)vn_spec_value_of(set, pair, false).number;
	if (pair->image)
		image = (enum vn_cpu_policy)vn_spec_value_of(set, pair, true).number;
	if (pair->flavor && pair->image &&
	    ((flavor == VN_CPU_SHARED && image != VN_CPU_SHARED) ||
	     (flavor == VN_CPU_MIXED && image == VN_CPU_DEDICATED)))
		return vn_spec_fail_image(set, pair, "ImageCPUPinningForbidden", err);
	draft->request->cpu_policy = pair->flavor ? flavor : image;
	draft->cpu_policy_given = true;
	return VN_OK;
}

/* resources:VCPU and resources:PCPU say the policy by way of what is claimed. */
static int apply_resources(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *vcpu = vn_spec_pair_of(set, "resources:VCPU");
	const vn_spec_pair *pcpu = vn_spec_pair_of(set, "resources:PCPU");
	const vn_spec_pair *emulator = vn_spec_pair_of(set, "hw:emulator_threads_policy");
	uint64_t shared = vcpu->flavor ? vn_spec_value_of(set, vcpu, false).number : 0;
	uint64_t dedicated = pcpu->flavor ? vn_spec_value_of(set, pcpu, false).number : 0;
	const vn_spec_entry *entry = dedicated ? pcpu->flavor : vcpu->flavor;
	vn_draft *draft = set->draft;
	uint64_t legal = draft->request->vcpus;

	if (!shared && !dedicated)
		return VN_OK;
	if (draft->cpu_policy_given)
		return vn_spec_fail(draft, entry, "InvalidRequest", err,
				    "%s and a CPU policy ('%s') are given (legal: one of them)",
				    entry->key, vn_cpu_policy_names[draft->request->cpu_policy]);
	if (shared && dedicated)
		return vn_spec_fail(draft, entry, "InvalidRequest", err,
				    "resources:VCPU and resources:PCPU are given (legal: one of "
				    "them)");
	if (emulator->flavor && !strcmp(emulator->flavor->value, "isolate"))
		legal++;
	if (dedicated && dedicated != legal)
		return vn_spec_fail(draft, entry, "InvalidRequest", err,
				    "resources:PCPU is '%s' (legal: %llu, the vCPUs%s)",
				    entry->value, (unsigned long long)legal,
				    legal > draft->request->vcpus ? " and the emulator" : "");
	draft->request->cpu_policy = dedicated ? VN_CPU_DEDICATED : VN_CPU_SHARED;
	draft->cpu_policy_given = true;
	return VN_OK;
}

/* ---- thread policy ---- */

/* The names of the first draft of Nova's feature: avoid = never on sibling threads, separate = each
 * vCPU on a core of its own. Both hold under isolate, which keeps the siblings idle as well. */
static enum vn_thread_policy from_old_name(const char *value)
{
	return !strcmp(value, "prefer") ? VN_THREADS_PREFER : VN_THREADS_ISOLATE;
}

static int apply_old_thread_policy(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:cpu_threads_policy");
	const vn_spec_entry *entry = pair->flavor ? pair->flavor : pair->image;
	vn_request *request = set->draft->request;

	if (!entry)
		return VN_OK;
	if (pair->flavor && pair->image && strcmp(pair->flavor->value, pair->image->value) != 0)
		return vn_spec_fail_image(set, pair, "ImageCPUThreadPolicyForbidden", err);
	if (request->thread_policy_given && request->thread_policy != from_old_name(entry->value))
		return vn_spec_fail(set->draft, entry, "InvalidCPUThreadAllocationPolicy", err,
				    "%s is '%s', but hw:cpu_thread_policy is '%s'", entry->key,
				    entry->value, vn_thread_policy_names[request->thread_policy]);
	request->thread_policy = from_old_name(entry->value);
	request->thread_policy_given = true;
	return VN_OK;
}

static int apply_thread_policy(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:cpu_thread_policy");
	vn_request *request = set->draft->request;
	bool by_image = !pair->flavor;

	if (!pair->flavor && !pair->image)
		return VN_OK;
	request->thread_policy_given = true;
	request->thread_policy =
		(enum vn_thread_policy)vn_spec_value_of(set, pair, by_image).number;
	if (pair->flavor && pair->image && request->thread_policy != VN_THREADS_PREFER &&
	    strcmp(pair->flavor->value, pair->image->value) != 0)
		return vn_spec_fail_image(set, pair, "ImageCPUThreadPolicyForbidden", err);
	return VN_OK;
}

static int apply_trait(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "trait:HW_CPU_HYPERTHREADING");
	const vn_spec_entry *entry = pair->flavor ? pair->flavor : pair->image;
	vn_request *request = set->draft->request;

	if (!entry)
		return VN_OK;
	if (request->thread_policy_given)
		return vn_spec_fail(set->draft, entry, "InvalidRequest", err,
				    "%s and a CPU thread policy ('%s') are given (legal: one of "
				    "them)",
				    entry->key, vn_thread_policy_names[request->thread_policy]);
	request->thread_policy =
		!strcmp(entry->value, "required") ? VN_THREADS_REQUIRE : VN_THREADS_ISOLATE;
	request->thread_policy_given = true;
	return VN_OK;
}

/* ---- masks ---- */

/* Legal masks name some of the guest's vCPUs. */
static bool names_vcpus(const vn_draft *draft, const vn_cpuset *mask)
{
	vn_cpuset all = { 0 };

	vn_cpuset_add_range(&all, 0, draft->request->vcpus - 1);
	return !vn_cpuset_is_empty(mask) && vn_cpuset_contains(&all, mask);
}

static int apply_realtime(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *enabled = vn_spec_pair_of(set, "hw:cpu_realtime");
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:cpu_realtime_mask");
	const vn_spec_entry *entry = pair->image ? pair->image : pair->flavor;
	vn_request *request = set->draft->request;

	if (!enabled->flavor || !vn_spec_value_of(set, enabled, false).number)
		return VN_OK;
	request->realtime = true;
	if (entry)
		request->realtime_vcpus = vn_spec_value_of(set, pair, pair->image).cpus;
	else
		vn_cpuset_add_range(&request->realtime_vcpus, 0, request->vcpus - 1);
	if (entry && !names_vcpus(set->draft, &request->realtime_vcpus))
		return vn_spec_fail(set->draft, entry, "RealtimeMaskNotFoundOrInvalid", err,
				    "%s is '%.60s' (legal: at least one of the vCPUs 0 to %u)",
				    entry->key, entry->value, request->vcpus - 1);
	if (vn_cpuset_count(&request->realtime_vcpus) == request->vcpus &&
	    !vn_spec_pair_of(set, "hw:emulator_threads_policy")->flavor)
		return vn_spec_fail(set->draft, entry ? entry : enabled->flavor,
				    "RealtimeMaskNotFoundOrInvalid", err,
				    "every vCPU is a real-time one (legal: hw:cpu_realtime_mask "
				    "that leaves one out, or hw:emulator_threads_policy)");
	return VN_OK;
}

static int apply_mask(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:cpu_dedicated_mask");
	vn_request *request = set->draft->request;

	if (!pair->flavor)
		return VN_OK;
	request->dedicated = vn_spec_value_of(set, pair, false).cpus;
	if (!names_vcpus(set->draft, &request->dedicated) ||
	    vn_cpuset_count(&request->dedicated) == request->vcpus)
		return vn_spec_fail(set->draft, pair->flavor, "InvalidMixedInstanceDedicatedMask",
				    err,
				    "hw:cpu_dedicated_mask is '%.60s' (legal: some of the vCPUs 0 "
				    "to %u, not all)",
				    pair->flavor->value, request->vcpus - 1);
	return VN_OK;
}

static int apply_emulator(vn_spec_set *set)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:emulator_threads_policy");

	if (pair->flavor)
		set->draft->request->emulator_policy = !strcmp(pair->flavor->value, "share")
							       ? VN_EMULATOR_SHARE
							       : VN_EMULATOR_ISOLATE;
	return VN_OK;
}

/* ---- what the policies ask of each other ---- */

static int check_shared(const vn_spec_set *set, vn_error *err)
{
	static const char *const thread_rows[] = { "hw:cpu_thread_policy", "hw:cpu_threads_policy",
						   "trait:HW_CPU_HYPERTHREADING" };
	static const char legal[] = "(legal: with 'dedicated' or 'mixed')";
	const vn_request *request = set->draft->request;

	if (request->thread_policy_given)
		return vn_spec_fail(set->draft,
				    vn_spec_first_of(set, thread_rows, VN_LEN(thread_rows)),
				    "CPUThreadPolicyConfigurationInvalid", err,
				    "CPU thread policy '%s' under CPU policy 'shared' %s",
				    vn_thread_policy_names[request->thread_policy], legal);
	if (request->emulator_policy == VN_EMULATOR_ISOLATE)
		return vn_spec_fail(
			set->draft, vn_spec_pair_of(set, "hw:emulator_threads_policy")->flavor,
			"BadRequirementEmulatorThreadsPolicy", err,
			"hw:emulator_threads_policy is 'isolate' under CPU policy 'shared' %s",
			legal);
	if (request->realtime)
		return vn_spec_fail(set->draft, vn_spec_pair_of(set, "hw:cpu_realtime")->flavor,
				    "RealtimeConfigurationInvalid", err,
				    "hw:cpu_realtime under CPU policy 'shared' %s", legal);
	return VN_OK;
}

static int check_policies(const vn_spec_set *set, vn_error *err)
{
	const vn_spec_entry *mask = vn_spec_pair_of(set, "hw:cpu_dedicated_mask")->flavor;
	vn_request *request = set->draft->request;
	const vn_spec_pair *policy = vn_spec_pair_of(set, "hw:cpu_policy");

	if (mask && request->cpu_policy != VN_CPU_MIXED)
		return vn_spec_fail(set->draft, mask, "RequiredMixedInstancePolicy", err,
				    "hw:cpu_dedicated_mask under CPU policy '%s' (legal: with "
				    "'mixed')",
				    vn_cpu_policy_names[request->cpu_policy]);
	if (request->cpu_policy == VN_CPU_SHARED)
		return check_shared(set, err);
	if (request->cpu_policy == VN_CPU_MIXED && !mask == !request->realtime)
		return vn_spec_fail(set->draft, policy->flavor ? policy->flavor : policy->image,
				    "RequiredMixedOrRealtimeCPUMask", err,
				    "CPU policy 'mixed' with %s of hw:cpu_dedicated_mask and "
				    "hw:cpu_realtime (legal: one of them)",
				    mask ? "both" : "neither");
	if (request->cpu_policy == VN_CPU_MIXED && request->realtime)
		request->dedicated = request->realtime_vcpus;
	return VN_OK;
}

int vn_spec_apply_cpus(vn_spec_set *set, vn_error *err)
{
	int r;

	if ((r = apply_hw_policy(set, err)) < 0 || (r = apply_thread_policy(set, err)) < 0 ||
	    (r = apply_old_thread_policy(set, err)) < 0 || (r = apply_realtime(set, err)) < 0 ||
	    (r = apply_mask(set, err)) < 0 || (r = apply_emulator(set)) < 0 ||
	    (r = apply_resources(set, err)) < 0 || (r = apply_trait(set, err)) < 0 ||
	    (r = vn_draft_settle_policy(set->draft, err)) < 0)
		return r;
	return check_policies(set, err);
}

/* ---- the rest ---- */

/* Settings without an effect here: flavor and image must still agree. */
static int check_agreement(const vn_spec_set *set, vn_error *err)
{
	static const char *const names[] = { "hw:pmu",
					     "hw:vif_multiqueue_enabled",
					     "hw:mem_encryption",
					     "hw:mem_encryption_model",
					     "hw:maxphysaddr_mode",
					     "hw:maxphysaddr_bits",
					     "hw:virtio_packed_ring",
					     "hw:viommu_model" };

	for (size_t i = 0; i < VN_LEN(names); i++) {
		const vn_spec_pair *pair = vn_spec_pair_of(set, names[i]);

		if (!pair->flavor || !pair->image)
			continue;
		if (vn_spec_value_of(set, pair, false).number !=
		    vn_spec_value_of(set, pair, true).number)
			return vn_spec_fail_image(set, pair, "FlavorImageConflict", err);
	}
	return VN_OK;
}

static int check_serial_ports(const vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:serial_port_count");

	if (pair->flavor && pair->image &&
	    vn_spec_value_of(set, pair, true).number > vn_spec_value_of(set, pair, false).number)
		return vn_spec_fail_image(set, pair, "ImageSerialPortNumberExceedFlavorValue", err);
	return VN_OK;
}

int vn_spec_apply_rest(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:pci_numa_affinity_policy");
	vn_request *request = set->draft->request;
	int r;

	if ((r = check_agreement(set, err)) < 0 || (r = check_serial_ports(set, err)) < 0)
		return r;
	if (!pair->flavor && !pair->image)
		return VN_OK;
	if (pair->flavor && pair->image && strcmp(pair->flavor->value, pair->image->value) != 0)
		return vn_spec_fail_image(set, pair, "ImagePCINUMAPolicyForbidden", err);
	request->pci_policy = (enum vn_pci_policy)vn_spec_value_of(set, pair, !pair->flavor).number;
	request->pci_policy_given = true;
	return VN_OK;
}

int vn_specs_apply(vn_draft *draft, const vn_spec_entry *entries, size_t count, vn_error *err)
{
	vn_spec_set set = { .draft = draft };
	int r;

	for (size_t i = 0; i < vn_n_specs; i++)
		set.row[i].spec = &vn_specs[i];
	for (size_t i = 0; i < count; i++)
		if ((r = collect_one(&set, &entries[i], err)) < 0)
			return r;
	if ((r = vn_spec_apply_cpus(&set, err)) < 0 || (r = vn_spec_apply_memory(&set, err)) < 0 ||
	    (r = vn_spec_apply_cells(&set, err)) < 0 || (r = vn_spec_apply_topology(&set, err)) < 0)
		return r;
	return vn_spec_apply_rest(&set, err);
}
