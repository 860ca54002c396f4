/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma setvcpus: turns vCPUs of a guest on or off, evenly over its cells. A vCPU that comes
 * without a pin gets the one of the guest's plan before it runs. When the guest does not give one
 * back, those that it gave before are turned on again. */
#include "act.h"

#include <stdlib.h>
#include <string.h>

struct change {
	struct act act;
	vn_virt_guest found;
	vn_running *running; /* NULL: the guest is off */
	const vn_guest *guest;
	vn_request *config; /* of a guest that is off */
	vn_virt_vcpus vcpus;
	vn_cpuset wanted, changed; /* changed: done so far */
};

static const vn_request *config_of(const struct change *change)
{
	return change->guest ? change->guest->config : change->config;
}

static unsigned affects(const struct change *change)
{
	return change->found.running ? VN_VIRT_AFFECT_LIVE : VN_VIRT_AFFECT_DEFINED;
}

/* ---- the guest ---- */

static int read_running(struct change *change, vn_error *err)
{
	int r = act_read(&change->act, NULL, &change->running, err);

	if (r < 0)
		return r;
	change->guest = cli_find_guest(change->running, change->found.name);
	if (!change->guest || change->guest->state == VN_GUEST_OFF)
		return vn_fail(err, VN_E_SYSTEM, "guest '%.80s' has ended", change->found.name);
	if (change->guest->config && change->guest->policy)
		return VN_OK;
	return vn_fail(err, change->guest->unreadable.code, "guest '%.60s': %s", change->found.name,
		       change->guest->unreadable.text);
}

static int read_defined(struct change *change, vn_error *err)
{
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	const char *name = change->found.name;
	int r = vn_virt_xml(change->act.virt, name, VN_VIRT_DEFINED_XML, &xml, err);

	return r == VN_OK
		       ? vn_request_parse_xml_as_is(name, xml.bytes, xml.len, &change->config, err)
		       : r;
}

static int choose(struct change *change, uint32_t n, vn_error *err)
{
	int r = vn_virt_get_vcpus(change->act.virt, change->found.name,
				  change->found.running ? VN_VIRT_LIVE : VN_VIRT_DEFINED_XML,
				  &change->vcpus, err);

	if (r < 0)
		return r;
	if (!change->found.running) /* what is off can be defined in any way, but for vCPU 0 */
		vn_cpuset_add_range(&change->vcpus.pluggable, 0, config_of(change)->vcpus - 1);
	vn_cpuset_del(&change->vcpus.pluggable, 0);
	return vn_guest_choose_vcpus(config_of(change), &change->vcpus.online,
				     &change->vcpus.pluggable, n, &change->wanted, err);
}

/* ---- pins of those that come ---- */

/* In a guest without any pin nobody has planned one. */
static bool lacks_pin(const struct change *change, const vn_cpuset *coming)
{
	const vn_cpuset *given = &config_of(change)->vcpupin_given;
	vn_cpuset without = *coming;

	vn_cpuset_minus(&without, given);
	return !vn_cpuset_is_empty(given) && !vn_cpuset_is_empty(&without);
}

/* By the guest's plan, all its cells where they are. */
static int pin_coming(struct change *change, const vn_cpuset *coming, vn_error *err)
{
	vn_live_options options = { .place = &change->act.options };
	unsigned affect =
		VN_VIRT_AFFECT_LIVE | (change->found.persistent ? VN_VIRT_AFFECT_DEFINED : 0u);
	bool kept;
	int r;

	vn_running_account(change->running, change->guest);
	r = vn_guest_plan(change->running->host, change->guest, &options, change->act.placement,
			  &kept, err);
	VN_CPUSET_EACH(vcpu, coming) {
		vn_cpuset cpus;

		if (r < 0 || vn_cpuset_has(&config_of(change)->vcpupin_given, (unsigned)vcpu))
			continue;
		cpus = vn_placement_vcpu_cpus(change->act.placement, change->guest->policy,
					      (uint32_t)vcpu);
		if (!vn_cpuset_is_empty(&cpus))
			r = vn_virt_pin_vcpu(change->act.virt, change->found.name, (uint32_t)vcpu,
					     &cpus, affect, err);
	}
	return r;
}

/* ---- turning them on and off ---- */

static int set(struct change *change, const vn_cpuset *vcpus, bool on, vn_error *err)
{
	int r = VN_OK;

	VN_CPUSET_EACH(vcpu, vcpus) {
		if (r < 0)
			break;
		r = vn_virt_set_vcpu(change->act.virt, change->found.name, (uint32_t)vcpu, on,
				     affects(change), err);
		if (r == VN_OK)
			vn_cpuset_add(&change->changed, (unsigned)vcpu);
	}
	return r;
}

static void put_back(struct change *change, bool on)
{
	VN_CPUSET_EACH(vcpu, &change->changed)
		if (vn_virt_set_vcpu(change->act.virt, change->found.name, (uint32_t)vcpu, on,
				     affects(change), NULL) < 0)
			vn_text_addf(&change->act.output->notes,
				     "vCPU %d of guest '%s' could not be turned %s again\n", vcpu,
				     change->found.name, on ? "on" : "off");
}

/* The definition of a guest that runs: the same vCPUs on, where it has as many. */
static void set_definition(struct change *change)
{
	const char *name = change->found.name;
	vn_virt_vcpus defined;
	vn_error why = { 0 };
	int r;

	if (!change->found.running || !change->found.persistent)
		return;
	r = vn_virt_get_vcpus(change->act.virt, name, VN_VIRT_DEFINED_XML, &defined, &why);
	for (uint32_t v = 0; r == VN_OK && defined.n == change->vcpus.n && v < defined.n; v++) {
		bool on = vn_cpuset_has(&change->wanted, v);

		if (vn_cpuset_has(&defined.online, v) != on)
			r = vn_virt_set_vcpu(change->act.virt, name, v, on, VN_VIRT_AFFECT_DEFINED,
					     &why);
	}
	if (r < 0)
		vn_text_addf(&change->act.output->notes,
			     "the definition of guest '%s' stays as it was: %s\n", name, why.text);
	else if (defined.n != change->vcpus.n)
		vn_text_addf(&change->act.output->notes,
			     "the definition of guest '%s' has other vCPUs, and stays as it was\n",
			     name);
}

/* What libvirt says now; it waits some seconds for the guest, no longer. */
static int check(struct change *change, vn_error *err)
{
	vn_virt_vcpus now;
	vn_cpuset missing;
	char list[96];
	int r = vn_virt_get_vcpus(change->act.virt, change->found.name,
				  change->found.running ? VN_VIRT_LIVE : VN_VIRT_DEFINED_XML, &now,
				  err);

	if (r < 0 || vn_cpuset_equal(&now.online, &change->wanted))
		return r;
	missing = now.online;
	vn_cpuset_minus(&missing, &change->wanted);
	vn_cpuset_format(&missing, list, sizeof(list));
	return vn_fail(err, VN_E_SYSTEM, "guest '%.80s' has not given back the vCPUs '%.90s'",
		       change->found.name, list);
}

static int run(struct change *change, vn_error *err)
{
	vn_cpuset coming = change->wanted, going = change->vcpus.online;
	bool on;
	int r = VN_OK;

	vn_cpuset_minus(&coming, &change->vcpus.online);
	vn_cpuset_minus(&going, &change->wanted);
	on = !vn_cpuset_is_empty(&coming);
	if (change->guest && lacks_pin(change, &coming))
		r = pin_coming(change, &coming, err);
	if (r == VN_OK)
		r = set(change, on ? &coming : &going, on, err);
	if (r == VN_OK)
		r = check(change, err);
	if (r < 0)
		put_back(change, !on);
	else
		set_definition(change);
	return r;
}

/* ---- the command ---- */

static void answer(const struct change *change)
{
	const vn_request *config = config_of(change);
	vn_text *to = &change->act.output->answer;

	vn_text_addf(to, "guest '%s' %s %u of %u vCPUs%s\n", change->found.name,
		     change->act.values->dry_run ? "would have" : "has",
		     vn_cpuset_count(&change->wanted), config->vcpus,
		     change->found.running ? "" : ", from its next start");
	for (uint32_t c = 0; c < config->n_cells; c++) {
		vn_cpuset on = config->cells[c].vcpus;

		vn_cpuset_and(&on, &change->wanted);
		vn_text_addf(to, "  cell %u: %u on: ", c, vn_cpuset_count(&on));
		vn_text_add_cpuset(to, &on);
		vn_text_add(to, "\n");
	}
}

static int set_vcpus(struct change *change, const char *name, uint32_t n, vn_error *err)
{
	int r = vn_virt_find(change->act.virt, name, &change->found, err);

	if (r == VN_OK)
		r = change->found.running ? read_running(change, err) : read_defined(change, err);
	if (r == VN_OK)
		r = choose(change, n, err);
	if (r == VN_OK && !change->act.values->dry_run)
		r = run(change, err);
	if (r == VN_OK)
		answer(change);
	return r;
}

int cmd_setvcpus(const struct cli_values *values, const char *operand, struct cli_output *output,
		 vn_error *err)
{
	const char *text = values->operands.items[1];
	struct change change = { 0 };
	vn_error why = { 0 };
	uint64_t n;
	int r;

	if (vn_uint_parse(vn_cursor_of_string(NULL, text), VN_VCPU_MAX, &n, NULL) < 0 || !n)
		return cli_fail_usage(err, "'%s' is not a number of vCPUs (legal: 1 to %d)", text,
				      VN_VCPU_MAX);
	r = act_begin(values, output, &change.act, &why);
	if (r == VN_OK)
		r = set_vcpus(&change, operand, (uint32_t)n, &why);
	act_end(&change.act, &why);
	vn_running_free(change.running);
	vn_request_free(change.config);
	if (r < 0 && err)
		*err = why;
	return r;
}
