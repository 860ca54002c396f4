/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma apply: brings a running guest to its plan, or to a new one where that does not hold any
 * more. The order is: definition, pins, memory, and then everything is read back. */
#include "apply.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one guest ---- */

static int find_guest(struct apply *apply, const char *name, vn_error *err)
{
	vn_virt_guest found;
	int r = vn_virt_find(apply->act->virt, name, &found, err);

	if (r == VN_OK && !found.running)
		return vn_fail(err, VN_E_INPUT,
			       "guest '%.80s' does not run: 'vnuma start' plans and starts it",
			       found.name);
	if (r == VN_OK)
		r = act_read(apply->act, found.name, &apply->running, err);
	if (r < 0)
		return r;
	apply->persistent = found.persistent;
	apply->guest = (vn_guest *)cli_find_guest(apply->running, found.name);
	if (!apply->guest || apply->guest->state == VN_GUEST_OFF)
		return vn_fail(err, VN_E_SYSTEM, "guest '%.80s' has ended", found.name);
	if (!apply->guest->config || !apply->guest->policy)
		return vn_fail(err, apply->guest->unreadable.code, "guest '%.60s': %s", found.name,
			       apply->guest->unreadable.text);
	if (apply->act->values->take_over)
		vn_request_take_over(apply->guest->policy);
	return VN_OK;
}

/* Nodes that the guest is sent to, and memory that does not go with it. */
static int check_nodes(const struct apply *apply, const vn_live_options *options, vn_error *err)
{
	enum vn_memory_stays stays = vn_guest_memory_stays(apply->guest);
	vn_nodeset memory = vn_guest_mem_nodes(apply->running, apply->guest);
	char here[64], there[64];

	if (!options->nodes || stays == VN_MEMORY_MOVES ||
	    vn_nodeset_contains(options->nodes, &memory))
		return VN_OK;
	vn_nodeset_format(&memory, here, sizeof(here));
	vn_nodeset_format(options->nodes, there, sizeof(there));
	return vn_fail(err, VN_E_NOFIT,
		       "guest '%.40s' cannot go to node '%.20s' while it runs: its memory is on "
		       "node '%.20s', and %s",
		       apply->guest->name, there, here, apply_stays_text(stays));
}

static int plan(struct apply *apply, const vn_live_options *options, vn_error *err)
{
	static const struct plan_others nobody;
	struct act *act = apply->act;
	vn_style style = cli_style(STDERR_FILENO, act->values->color);
	const vn_request *request = apply->guest->policy;
	int r;

	if ((r = check_nodes(apply, options, err)) < 0)
		return r;
	vn_running_account(apply->running, apply->guest);
	r = vn_guest_plan(apply->running->host, apply->guest, options, act->placement, &apply->kept,
			  err);
	if (r == VN_OK && act->options.explain)
		cli_note(apply->running->host, request, &act->options, act->placement, &nobody,
			 &style, &act->output->notes);
	if (r == VN_OK)
		apply_count_pins(apply);
	return r;
}

/* The guest may have ended under our hands: say that, and not what libvirt said of it. */
static int explain_failure(struct apply *apply, int r, vn_error *err)
{
	vn_virt_guest found;
	vn_error gone = { 0 };
	int there = vn_virt_find(apply->act->virt, apply->guest->name, &found, &gone);

	if (there == VN_E_INPUT || (there == VN_OK && !found.running))
		return vn_fail(err, VN_E_SYSTEM, "guest '%.80s' has ended while it was changed",
			       apply->guest->name);
	return r;
}

/* What was changed is put back; pages that have moved stay where they are, which does no harm. */
static int change(struct apply *apply, vn_error *err)
{
	vn_error why = { 0 };
	int r = apply_define(apply, &why);

	if (r == VN_OK && (r = apply_pins(apply, &why)) < 0)
		apply_undo_pins(apply);
	if (r == VN_OK)
		r = apply_memory(apply, &why);
	else
		apply_undo_define(apply);
	if (r < 0)
		r = explain_failure(apply, r, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}

static int verify(struct apply *apply, vn_error *err)
{
	VN_AUTO(vn_running) after = NULL;
	const vn_guest *guest;
	int r = act_read(apply->act, apply->guest->name, &after, err);

	if (r < 0)
		return r;
	guest = cli_find_guest(after, apply->guest->name);
	if (!guest || guest->state == VN_GUEST_OFF)
		return vn_fail(err, VN_E_SYSTEM, "guest '%.80s' has ended while it was changed",
			       apply->guest->name);
	apply_say_moved(apply, guest);
	return vn_guest_verify(after, guest, apply->guest->policy, apply->act->placement, err);
}

static void answer(struct apply *apply)
{
	vn_text *to = &apply->act->output->answer;
	bool pages = vn_guest_memory_stays(apply->guest) == VN_MEMORY_MOVES &&
		     apply_misplaced_kib(apply, apply->guest);
	bool done = !apply->vcpu_pins && !apply->other_pins && !apply->moved_kib &&
		    (!apply->act->values->dry_run || !pages) && !apply->defined;
	char size[32];

	vn_text_addf(to, "guest '%s' %s\n", apply->guest->name,
		     done			   ? "is where its plan has put it"
		     : apply->act->values->dry_run ? "would be changed"
		     : apply->kept		   ? "is back where its plan has put it"
						   : "has a new place");
	act_add_cells(to, apply->running->host, apply->guest->policy, apply->act->placement);
	if (apply->vcpu_pins || apply->other_pins)
		vn_text_addf(to, "  pins changed: %u of vCPUs, %u of other threads\n",
			     apply->vcpu_pins, apply->other_pins);
	if (apply->act->values->dry_run && pages)
		vn_text_addf(to, "  %s to be moved\n",
			     vn_size_format(apply_misplaced_kib(apply, apply->guest), size,
					    sizeof(size)));
	if (apply->words.len)
		vn_text_add_bytes(to, apply->words.bytes, apply->words.len);
}

static int apply_found(struct apply *apply, const vn_live_options *options, vn_error *err)
{
	int r = plan(apply, options, err);

	if (r == VN_OK && !apply->act->values->dry_run) {
		r = change(apply, err);
		if (r == VN_OK)
			r = verify(apply, err);
	}
	if (r < 0)
		return r;
	apply_say_limits(apply);
	answer(apply);
	return VN_OK;
}

int apply_guest(struct act *act, const char *name, const vn_live_options *options, vn_error *err)
{
	struct apply apply = { .act = act, .words = VN_TEXT_INIT, .defined_before = VN_TEXT_INIT };
	int r = find_guest(&apply, name, err);

	if (r == VN_OK)
		r = apply_found(&apply, options, err);
	if (r < 0)
		cli_keep_source(act->output, err);
	vn_running_free(apply.running);
	vn_text_clear(&apply.words);
	vn_text_clear(&apply.defined_before);
	return r;
}

/* ---- the command ---- */

static int check_usage(const struct cli_values *v, const char *name, vn_error *err)
{
	if (!name && !v->all)
		return cli_fail_usage(err, "needs NAME or --all");
	if (name && v->all)
		return cli_fail_usage(err, "the guest is given twice: '%s' and --all", name);
	if (v->all && v->nodes)
		return cli_fail_usage(err, "--nodes is for one guest, not for --all");
	return VN_OK;
}

static int read_nodes(const char *text, vn_nodeset *ret, vn_error *err)
{
	vn_error why = { 0 };

	if (vn_nodeset_parse(vn_cursor_of_string(NULL, text), ret, &why) < 0)
		return cli_fail_usage(err, "--nodes '%s': %s", text, why.text);
	if (vn_nodeset_is_empty(ret))
		return cli_fail_usage(err, "--nodes '%s': names no node", text);
	return VN_OK;
}

int cmd_apply(const struct cli_values *values, const char *operand, struct cli_output *output,
	      vn_error *err)
{
	vn_live_options options = { .anew = values->anew };
	vn_error why = { 0 };
	vn_nodeset nodes;
	struct act act;
	int r = check_usage(values, operand, err);

	if (r == VN_OK && values->nodes)
		r = read_nodes(values->nodes, &nodes, err);
	if (r < 0)
		return r;
	r = act_begin(values, output, &act, &why);
	options.place = &act.options;
	if (values->nodes)
		options.nodes = &nodes;
	if (r == VN_OK)
		r = values->all ? apply_all(&act, &why)
				: apply_guest(&act, operand, &options, &why);
	act_end(&act, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}
