/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `vnuma doctor` examines. With -H SOURCE: that host, and the domain XML files beside it; this
 * machine is not asked. Else this machine (or the one of -c) with its guests; a file is a guest
 * that would be started there, in place of one of its name. */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/kernel.h"

void doctor_input_clear(struct doctor_input *input)
{
	vn_running_free(input->running);
	vn_virt_free(input->virt);
	free(input->examine);
	*input = (struct doctor_input){ 0 };
}

static int no_memory(vn_error *err)
{
	return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
}

static bool is_file(const char *operand)
{
	size_t len = strlen(operand);

	return strchr(operand, '/') || !strcmp(operand, "-") ||
	       (len > 4 && !strcmp(operand + len - 4, ".xml"));
}

static bool is_uri(const char *source)
{
	return strncmp(source, "synthetic:", 10) && strstr(source, "://");
}

/* ---- guests from files ---- */

/* One file as a guest that is off. It owns its requests, which own the name. */
static int read_guest(const char *path, struct cli_output *output, vn_guest *ret, vn_error *err)
{
	const char *source = strcmp(path, "-") ? path : "stdin";
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	VN_AUTO(vn_request) config = NULL;
	vn_error policy = { 0 };
	int r = vn_file_read(path, VN_XML_MAX, &text, err);

	if (r == VN_OK)
		r = vn_request_parse_xml_as_is(source, text.bytes ? text.bytes : "", text.len,
					       &config, err);
	if (r < 0) {
		cli_keep_source(output, err);
		return r;
	}
	*ret = (vn_guest){ .state = VN_GUEST_OFF, .uuid = "", .config = config };
	ret->name = config->name && *config->name ? config->name : config->source;
	/* A plan may refuse what libvirt starts: then nothing of it is a plan's. */
	vn_request_parse_xml(source, text.bytes, text.len, &ret->policy, &policy);
	(void)VN_STEAL(config);
	return VN_OK;
}

/* Room for `more` guests besides those that are there. */
static int make_room(vn_running *running, size_t more, vn_error *err)
{
	vn_guest *guests = NULL;

	if (running->n_guests + more <= VN_GUESTS_MAX)
		guests = vn_arena_alloc(running->arena, running->n_guests + more + 1,
					sizeof(*guests));
	else
		return vn_fail(err, VN_E_RANGE, "%zu guests (legal: at most %d)",
			       running->n_guests + more, VN_GUESTS_MAX);
	if (!guests)
		return no_memory(err);
	if (running->n_guests)
		memcpy(guests, running->guests, running->n_guests * sizeof(*guests));
	running->guests = guests;
	return VN_OK;
}

static vn_guest *find(const vn_running *running, const char *name)
{
	for (uint32_t i = 0; i < running->n_guests; i++)
		if (!strcmp(running->guests[i].name, name))
			return &running->guests[i];
	return NULL;
}

/* A file's guest takes the place of libvirt's of that name; two files must differ. */
static int add_guest(vn_running *running, const char *path, struct cli_output *output,
		     vn_error *err)
{
	vn_guest guest, *same;
	int r = read_guest(path, output, &guest, err);

	if (r < 0)
		return r;
	same = find(running, guest.name);
	if (same && same->state == VN_GUEST_OFF && same->config && same->config->source &&
	    is_file(same->config->source)) {
		r = vn_fail_line(err, VN_E_CONFLICT, path, 0, 0,
				 "guest '%.80s' is in '%.80s' too (legal: one guest of a name)",
				 guest.name, same->config->source);
		vn_request_free(guest.config);
		vn_request_free(guest.policy);
		return r;
	}
	if (same) {
		vn_request_free(same->config);
		vn_request_free(same->policy);
		*same = guest;
	} else {
		running->guests[running->n_guests++] = guest;
	}
	return VN_OK;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const vn_guest *)a)->name, ((const vn_guest *)b)->name);
}

static int add_guests(const struct cli_texts *operands, vn_running *running,
		      struct cli_output *output, vn_error *err)
{
	int r = make_room(running, operands->n, err);

	for (size_t i = 0; r == VN_OK && i < operands->n; i++)
		if (is_file(operands->items[i]))
			r = add_guest(running, operands->items[i], output, err);
	if (r == VN_OK && running->n_guests)
		qsort(running->guests, running->n_guests, sizeof(*running->guests), compare_names);
	return r;
}

/* ---- which of them ---- */

static int mark_named(const char *name, struct doctor_input *input, vn_error *err)
{
	const vn_running *running = input->running;
	const vn_guest *guest = find(running, name);

	for (uint32_t i = 0; !guest && i < running->n_guests; i++)
		if (*running->guests[i].uuid && !strcmp(running->guests[i].uuid, name))
			guest = &running->guests[i];
	if (!guest)
		return vn_fail(err, VN_E_INPUT,
			       "there is no guest '%.160s' (legal: a name or UUID that 'virsh list "
			       "--all' shows, or a file whose name has a '/' or ends in .xml)",
			       name);
	input->examine[guest - running->guests] = true;
	return VN_OK;
}

/* Guests from files are off, and examined; the others by name, or all that are on. */
static int mark(const struct cli_values *values, struct doctor_input *input, vn_error *err)
{
	const struct cli_texts *operands = &values->operands;
	int r = VN_OK;

	if (!operands->n)
		return VN_OK;
	input->examine = calloc(input->running->n_guests + 1, sizeof(*input->examine));
	if (!input->examine)
		return no_memory(err);
	for (size_t i = 0; i < operands->n && r == VN_OK; i++)
		if (!is_file(operands->items[i]))
			r = mark_named(operands->items[i], input, err);
	for (uint32_t i = 0; i < input->running->n_guests; i++) {
		const vn_request *config = input->running->guests[i].config;

		for (size_t o = 0; config && config->source && o < operands->n; o++)
			if (is_file(operands->items[o]) &&
			    !strcmp(strcmp(operands->items[o], "-") ? operands->items[o] : "stdin",
				    config->source))
				input->examine[i] = true;
	}
	return r;
}

/* ---- the host ---- */

static bool is_folder(const char *path)
{
	struct stat at;

	return stat(path, &at) == 0 && S_ISDIR(at.st_mode);
}

static int new_running(vn_running **ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_running *running = arena ? vn_arena_alloc(arena, 1, sizeof(*running)) : NULL;

	if (!running)
		return no_memory(err);
	running->arena = VN_STEAL(arena);
	*ret = running;
	return VN_OK;
}

/* A host from a file, its kernel from a folder. */
static int read_offline(const struct cli_values *values, struct doctor_input *input, vn_error *err)
{
	const char *root = values->kernel;
	int r = new_running(&input->running, err);

	if (r == VN_OK)
		r = vn_host_read(values->host, &input->running->host, err);
	if (r < 0)
		return r;
	input->running->source = values->host;
	if (!root && is_folder(values->host))
		root = values->host;
	return root ? vn_kernel_read(root, input->running->arena, &input->running->kernel, err)
		    : VN_OK;
}

/* Guests as processes; without their XML there is little to say about them. */
static int read_without_libvirt(const struct cli_values *values, const vn_error *why,
				struct cli_output *output, struct doctor_input *input,
				vn_error *err)
{
	const char *root = values->kernel ? values->kernel : "/";
	vn_error unknown = { 0 };
	int r = new_running(&input->running, err);

	if (r == VN_OK)
		r = vn_host_read("live", &input->running->host, err);
	if (r == VN_OK)
		r = vn_kernel_read(root, input->running->arena, &input->running->kernel, err);
	if (r < 0)
		return r;
	input->running->source = "live";
	if (vn_kernel_find_guests(root, input->running, &unknown) == VN_OK)
		vn_kernel_fill(input->running, &(vn_kernel_options){ .root = root }, &unknown);
	vn_text_addf(&output->notes,
		     "vnuma: doctor: libvirt does not answer, so its guests are not examined: %s\n",
		     why->text);
	return VN_OK;
}

static bool names_domains(const struct cli_texts *operands)
{
	for (size_t i = 0; i < operands->n; i++)
		if (!is_file(operands->items[i]))
			return true;
	return false;
}

static int read_live(const struct cli_values *values, struct cli_output *output,
		     struct doctor_input *input, vn_error *err)
{
	const char *uri = values->connect	 ? values->connect
			  : is_uri(values->host) ? values->host
						 : NULL;
	bool needed = uri || values->fix || names_domains(&values->operands);
	vn_error why = { 0 };
	int r = vn_virt_open(uri, values->fix ? VN_VIRT_CHANGE : VN_VIRT_READ, &input->virt, &why);

	if (r == VN_OK)
		r = cli_read_running(input->virt,
				     names_domains(&values->operands) ? VN_VIRT_DEFINED
								      : VN_VIRT_RUNNING,
				     &input->running, &why);
	if (r == VN_OK && values->kernel)
		return vn_kernel_read(values->kernel, input->running->arena,
				      &input->running->kernel, err);
	if (r == VN_OK)
		return VN_OK;
	if (!needed && r != VN_E_NOMEM)
		return read_without_libvirt(values, &why, output, input, err);
	*err = why;
	cli_keep_source(output, err);
	return r;
}

int doctor_read(const struct cli_values *values, struct cli_output *output,
		struct doctor_input *ret, vn_error *err)
{
	bool offline = strcmp(values->host, "live") != 0 && !is_uri(values->host);
	struct doctor_input input = { 0 };
	int r = offline ? read_offline(values, &input, err)
			: read_live(values, output, &input, err);

	if (r == VN_OK)
		r = add_guests(&values->operands, input.running, output, err);
	if (r == VN_OK)
		r = mark(values, &input, err);
	if (r < 0) {
		cli_keep_source(output, err);
		doctor_input_clear(&input);
		return r;
	}
	*ret = input;
	return VN_OK;
}
