/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma start: plans a guest against the host as it is now, starts it paused, reads back what
 * became of the plan, and lets it run only when it is so. What does not hold is undone: the guest
 * is ended and its definition is what it was. */
#include "act.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 3 };

struct start {
	struct act act;
	char name[256];
	bool defined;	/* libvirt has a definition, which gets the plan */
	vn_text before; /* that definition, or the file */
	vn_request *request;
	bool taken; /* what the plan gave was taken by another guest meanwhile */
};

/* ---- which guest ---- */

static bool is_file(const char *operand)
{
	struct stat info;

	if (!strcmp(operand, "-") || strchr(operand, '/'))
		return true;
	return !stat(operand, &info) && S_ISREG(info.st_mode);
}

static int parse(struct start *start, const char *source, vn_error *err)
{
	int r = vn_request_parse_xml(source, start->before.bytes, start->before.len,
				     &start->request, err);

	if (r == VN_OK && start->act.values->take_over)
		vn_request_take_over(start->request);
	return r;
}

static int check_name(struct start *start, const char *name, const char *source, vn_error *err)
{
	if (!name || !*name)
		return vn_fail_line(err, VN_E_SYNTAX, source, 0, 0,
				    "<domain> has no <name>, and libvirt needs one");
	if (strlen(name) >= sizeof(start->name) || strchr(name, '/'))
		return vn_fail_line(
			err, VN_E_RANGE, source, 0, 0,
			"the name '%.80s' is not legal (legal: up to %zu bytes, no '/')", name,
			sizeof(start->name) - 1);
	strcpy(start->name, name);
	return VN_OK;
}

static int read_file(struct start *start, const char *path, vn_error *err)
{
	const char *source = strcmp(path, "-") ? path : "stdin";
	int r = vn_file_read(path, VN_XML_MAX, &start->before, err);

	if (r == VN_OK)
		r = parse(start, source, err);
	return r == VN_OK ? check_name(start, start->request->name, source, err) : r;
}

static int read_defined(struct start *start, const vn_virt_guest *guest, vn_error *err)
{
	int r;

	if (guest->running)
		return vn_fail(err, VN_E_INPUT,
			       "guest '%.80s' runs already: 'vnuma apply' brings it to a plan",
			       guest->name);
	strcpy(start->name, guest->name);
	start->defined = true;
	r = vn_virt_xml(start->act.virt, guest->name, VN_VIRT_DEFINED_XML, &start->before, err);
	return r == VN_OK ? parse(start, start->name, err) : r;
}

/* A guest of libvirt's by that name, else a file. */
static int find(struct start *start, const char *operand, vn_error *err)
{
	vn_virt_guest guest;
	vn_error why = { 0 };
	int r = VN_E_INPUT;

	if (!strchr(operand, '/') && strcmp(operand, "-") != 0)
		r = vn_virt_find(start->act.virt, operand, &guest, &why);
	if (r == VN_OK)
		return read_defined(start, &guest, err);
	if (r == VN_E_INPUT && is_file(operand))
		return read_file(start, operand, err);
	if (err)
		*err = why;
	return r;
}

/* ---- starting ---- */

static int undo(struct start *start)
{
	vn_error why = { 0 };
	int r = vn_virt_destroy(start->act.virt, start->name, &why);

	if (r == VN_OK && start->defined)
		r = vn_virt_define(start->act.virt, start->name, start->before.bytes, &why);
	if (r < 0)
		vn_text_addf(&start->act.output->notes, "guest '%s' could not be undone: %s\n",
			     start->name, why.text);
	return r;
}

static int launch(struct start *start, const char *xml, vn_error *err)
{
	vn_virt *virt = start->act.virt;
	int r;

	if (!start->defined)
		return vn_virt_create(virt, start->name, xml, err);
	if ((r = vn_virt_define(virt, start->name, xml, err)) < 0)
		return r;
	if ((r = vn_virt_start(virt, start->name, err)) < 0)
		undo(start);
	return r;
}

/* The guest against its plan, then the plan against what the others have by now. */
static int verify(struct start *start, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	const vn_guest *guest;
	int r = act_read(&start->act, start->name, &running, err);

	if (r < 0)
		return r;
	guest = cli_find_guest(running, start->name);
	if (!guest || guest->state == VN_GUEST_OFF)
		return vn_fail(err, VN_E_SYSTEM, "guest '%.80s' has ended by itself", start->name);
	r = vn_guest_verify(running, guest, start->request, start->act.placement, err);
	if (r < 0)
		return r;
	vn_running_account(running, guest);
	r = vn_guest_verify_alone(running->host, start->request, start->act.placement, err);
	start->taken = r == VN_E_NOFIT;
	return r;
}

static int run(struct start *start, const char *xml, vn_error *err)
{
	vn_error why = { 0 };
	int r = launch(start, xml, err);

	if (r < 0)
		return r;
	r = verify(start, &why);
	if (r == VN_OK && !start->act.values->paused)
		r = vn_virt_resume(start->act.virt, start->name, &why);
	if (r == VN_OK)
		return r;
	if (undo(start) == VN_OK && !start->taken)
		vn_text_addf(&start->act.output->notes, "guest '%s' was ended again%s\n",
			     start->name,
			     start->defined ? ", and its definition is what it was" : "");
	if (err)
		*err = why;
	return r;
}

/* ---- the answer ---- */

static int answer(struct start *start, const vn_host *host, const vn_text *xml, vn_error *err)
{
	const struct cli_values *v = start->act.values;
	vn_style style = cli_style(STDOUT_FILENO, v->color);
	const vn_placement *placement = start->act.placement;
	vn_text *to = &start->act.output->answer;

	switch (v->format) {
	case CLI_FORMAT_XML: vn_text_add_bytes(to, xml->bytes, xml->len); return VN_OK;
	case CLI_FORMAT_JSON: return vn_render_json(host, start->request, placement, to, err);
	case CLI_FORMAT_TABLE:
		return vn_render_table(host, start->request, placement, &style, to, err);
	default: break;
	}
	vn_text_addf(to, "guest '%s' %s\n", start->name,
		     v->dry_run	 ? "would start"
		     : v->paused ? "is started, paused"
				 : "runs");
	act_add_cells(to, host, start->request, placement);
	return VN_OK;
}

static int try(struct start *start, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	const vn_guest *guest;
	int r = act_read(&start->act, NULL, &running, err);

	if (r < 0)
		return r;
	guest = cli_find_guest(running, start->name);
	if (guest && guest->state != VN_GUEST_OFF)
		return vn_fail(err, VN_E_INPUT,
			       "guest '%.80s' runs already: 'vnuma apply' brings it to a plan",
			       start->name);
	vn_running_account(running, NULL);
	if ((r = act_place(&start->act, running->host, start->request, err)) < 0 ||
	    (r = vn_render_xml(running->host, start->request, start->act.placement, &xml, err)) < 0)
		return r;
	if (!start->act.values->dry_run && (r = run(start, xml.bytes, err)) < 0)
		return r;
	return answer(start, running->host, &xml, err);
}

int cmd_start(const struct cli_values *values, const char *operand, struct cli_output *output,
	      vn_error *err)
{
	struct start start = { .before = VN_TEXT_INIT };
	vn_error why = { 0 };
	int r = act_begin(values, output, &start.act, &why);

	if (r == VN_OK)
		r = find(&start, operand, &why);
	if (r == VN_OK)
		r = try(&start, &why);
	/* someone who does not ask vnuma was faster: the host is another one now */
	for (int i = 1; start.taken && i < TRIES; i++) {
		start.taken = false;
		r = try(&start, &why);
	}
	act_end(&start.act, &why);
	vn_request_free(start.request);
	vn_text_clear(&start.before);
	if (r < 0 && err)
		*err = why;
	return r;
}
