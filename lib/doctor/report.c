/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a check reports: findings with their evidence, bounded in number, and fixes. A fix for a
 * guest that libvirt has is a command; for one from a file it is the XML to write. */
#include <stdio.h>
#include <string.h>

#include "doctor/look.h"

/* ---- texts ---- */

static const char *keep(vn_look *look, const vn_text *text)
{
	char *copy = text->failed ? NULL
				  : vn_arena_strndup(look->arena, text->bytes ? text->bytes : "",
						     text->len);

	look->no_memory |= !copy;
	return copy ? copy : "";
}

const char *vn_look_cpu_list(vn_look *look, const vn_cpuset *cpus)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add_cpuset(&text, cpus);
	return vn_cpuset_is_empty(cpus) ? "none" : keep(look, &text);
}

const char *vn_look_cpus(vn_look *look, const vn_cpuset *cpus)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add(&text, vn_cpuset_count(cpus) == 1 ? "CPU " : "CPUs ");
	vn_text_add_cpuset(&text, cpus);
	return vn_cpuset_is_empty(cpus) ? "no CPU" : keep(look, &text);
}

const char *vn_look_node_list(vn_look *look, const vn_nodeset *nodes)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add(&text, vn_nodeset_count(nodes) == 1 ? "node " : "nodes ");
	vn_text_add_nodeset(&text, nodes);
	return vn_nodeset_is_empty(nodes) ? "no node" : keep(look, &text);
}

const char *vn_look_vcpus(vn_look *look, const vn_cpuset *vcpus)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add(&text, vn_cpuset_count(vcpus) == 1 ? "vCPU " : "vCPUs ");
	vn_text_add_cpuset(&text, vcpus);
	return keep(look, &text);
}

const char *vn_look_size(vn_look *look, uint64_t kib)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	char size[32];

	vn_text_add(&text, vn_size_format(kib, size, sizeof(size)));
	return keep(look, &text);
}

/* For a shell: as it is, or between single quotes. */
static void add_quoted(vn_text *to, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._+:@%/=-";

	if (*word && strspn(word, plain) == strlen(word)) {
		vn_text_add(to, word);
		return;
	}
	vn_text_add(to, "'");
	for (; *word; word++) {
		if (*word == '\'')
			vn_text_add(to, "'\\''");
		else
			vn_text_add_bytes(to, word, 1);
	}
	vn_text_add(to, "'");
}

static const char *quoted(vn_look *look, const char *word)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	add_quoted(&text, word ? word : "GUEST.xml");
	return keep(look, &text);
}

const char *vn_look_guest(vn_look *look, const vn_subject *s)
{
	const char *name = s->guest->name ? s->guest->name : "";

	if (*name == '-' && s->guest->uuid && *s->guest->uuid) /* would be read as an option */
		name = s->guest->uuid;
	return quoted(look, name);
}

static bool is_uri(const char *source)
{
	return source && strstr(source, "://") && strncmp(source, "synthetic:", 10) != 0;
}

/* A command, asked of the libvirt that was examined. */
static const char *on_libvirt(vn_look *look, const char *command)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add(&text, command);
	if (is_uri(look->running->source) && strcmp(look->running->source, "qemu:///system")) {
		vn_text_add(&text, " -c ");
		add_quoted(&text, look->running->source);
	}
	return keep(look, &text);
}

const char *vn_look_virsh(vn_look *look)
{
	return on_libvirt(look, "virsh");
}

/* ---- findings ---- */

static vn_finding *add(vn_look *look, enum vn_check_status status, int64_t node)
{
	vn_finding *more;

	look->counts[status]++;
	look->spare = (vn_finding){ 0 };
	if (look->reported++ >= VN_FINDINGS_EACH_MAX || look->n >= VN_FINDINGS_MAX)
		return &look->spare;
	if (look->n == look->room) {
		uint32_t room = look->room ? look->room * 2 : 256;

		more = vn_arena_alloc(look->arena, room, sizeof(*more));
		if (!more) {
			look->no_memory = true;
			return &look->spare;
		}
		if (look->n)
			memcpy(more, look->findings, look->n * sizeof(*more));
		look->findings = more;
		look->room = room;
	}
	look->findings[look->n] = (vn_finding){
		.check = look->check,
		.status = status,
		.guest = look->subject ? look->subject->index : -1,
		.node = node < 0 ? -1 : (int32_t)node,
		.evidence = "",
		.fix = "",
	};
	return &look->findings[look->n++];
}

static const char *keep_format(vn_look *look, const char *format, va_list args)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	char line[2048];

	vsnprintf(line, sizeof(line), format, args);
	vn_text_add(&text, line);
	return keep(look, &text);
}

vn_finding *vn_look_find(vn_look *look, enum vn_check_status status, int64_t node,
			 const char *format, ...)
{
	vn_finding *finding = add(look, status, node);
	va_list args;

	va_start(args, format);
	if (finding != &look->spare)
		finding->evidence = keep_format(look, format, args);
	va_end(args);
	return finding;
}

void vn_look_skip(vn_look *look, const char *format, ...)
{
	vn_finding *finding = add(look, VN_CHECK_SKIP, -1);
	va_list args;

	va_start(args, format);
	if (finding != &look->spare)
		finding->evidence = keep_format(look, format, args);
	va_end(args);
}

/* ---- fixes ---- */

void vn_look_fix(vn_look *look, vn_finding *finding, enum vn_fix_kind kind, const char *format, ...)
{
	va_list args;

	if (finding == &look->spare)
		return;
	va_start(args, format);
	finding->fix_kind = kind;
	finding->fix = keep_format(look, format, args);
	va_end(args);
}

static void write_command(vn_look *look, const vn_remedy *remedy, vn_text *to)
{
	const vn_subject *s = look->subject;
	const char *when = s->running ? "--live --config" : "--config";

	vn_text_addf(to, "%s ", vn_look_virsh(look));
	switch (remedy->kind) {
	case VN_REMEDY_VCPUPIN:
		vn_text_addf(to, "vcpupin %s %u %s", vn_look_guest(look, s), remedy->number,
			     vn_look_cpu_list(look, &remedy->cpus));
		break;
	case VN_REMEDY_EMULATORPIN:
		vn_text_addf(to, "emulatorpin %s %s", vn_look_guest(look, s),
			     vn_look_cpu_list(look, &remedy->cpus));
		break;
	case VN_REMEDY_IOTHREADPIN:
		vn_text_addf(to, "iothreadpin %s %u %s", vn_look_guest(look, s), remedy->number,
			     vn_look_cpu_list(look, &remedy->cpus));
		break;
	default:
		vn_text_addf(to, "numatune %s --nodeset ", vn_look_guest(look, s));
		vn_text_add_nodeset(to, &remedy->nodes);
		break;
	}
	vn_text_addf(to, " %s", when);
}

static void write_element(vn_look *look, const vn_remedy *remedy, vn_text *to)
{
	const char *cpus = vn_look_cpu_list(look, &remedy->cpus);

	switch (remedy->kind) {
	case VN_REMEDY_VCPUPIN:
		vn_text_addf(to, "<vcpupin vcpu='%u' cpuset='%s'/>", remedy->number, cpus);
		break;
	case VN_REMEDY_EMULATORPIN: vn_text_addf(to, "<emulatorpin cpuset='%s'/>", cpus); break;
	case VN_REMEDY_IOTHREADPIN:
		vn_text_addf(to, "<iothreadpin iothread='%u' cpuset='%s'/>", remedy->number, cpus);
		break;
	default:
		vn_text_add(to, "<memory mode='restrictive' nodeset='");
		vn_text_add_nodeset(to, &remedy->nodes);
		vn_text_add(to, "'/>");
		break;
	}
}

/* Remedies of one finding stand in one array that grows by doubling. */
static bool append_remedy(vn_look *look, vn_finding *finding, const vn_remedy *remedy)
{
	uint32_t n = finding->n_remedies;
	vn_remedy *list = (vn_remedy *)finding->remedies;

	if (!(n & (n - 1))) { /* full: 0, 1, 2, 4, ... */
		vn_remedy *more = vn_arena_alloc(look->arena, n ? n * 2 : 1, sizeof(*more));

		if (!more) {
			look->no_memory = true;
			return false;
		}
		if (n)
			memcpy(more, list, n * sizeof(*more));
		finding->remedies = list = more;
	}
	list[finding->n_remedies++] = *remedy;
	return true;
}

void vn_look_remedy(vn_look *look, vn_finding *finding, const vn_remedy *remedy)
{
	if (finding == &look->spare)
		return;
	append_remedy(look, finding, remedy);
	if (remedy->kind == VN_REMEDY_VCPUPIN)
		vn_cpuset_add(&look->repinned, remedy->number);
}

/* How many remedies from the i-th on pin consecutive vCPUs to the same CPUs. */
static uint32_t alike(const vn_finding *finding, uint32_t i)
{
	const vn_remedy *first = &finding->remedies[i];
	uint32_t n = 1;

	while (i + n < finding->n_remedies && first->kind == VN_REMEDY_VCPUPIN &&
	       first[n].kind == VN_REMEDY_VCPUPIN && first[n].number == first->number + n &&
	       vn_cpuset_equal(&first[n].cpus, &first->cpus))
		n++;
	return n;
}

static void write_loop(vn_look *look, const vn_remedy *first, uint32_t n, vn_text *to)
{
	vn_text_addf(to, "for i in $(seq %u %u); do ", first->number, first->number + n - 1);
	vn_text_addf(to, "%s vcpupin %s $i %s %s; done", vn_look_virsh(look),
		     vn_look_guest(look, look->subject), vn_look_cpu_list(look, &first->cpus),
		     look->subject->running ? "--live --config" : "--config");
}

enum { LOOP_MIN = 3 };

void vn_look_write_remedies(vn_look *look, vn_finding *finding)
{
	bool command = is_uri(look->running->source);
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	uint32_t n;

	for (uint32_t i = 0; i < finding->n_remedies; i += n) {
		n = command ? alike(finding, i) : 1;
		if (i)
			vn_text_add(&text, "\n");
		if (n >= LOOP_MIN) {
			write_loop(look, &finding->remedies[i], n, &text);
			continue;
		}
		n = 1;
		if (command)
			write_command(look, &finding->remedies[i], &text);
		else
			write_element(look, &finding->remedies[i], &text);
	}
	if (!finding->n_remedies)
		return;
	finding->fix_kind = command ? VN_FIX_COMMAND : VN_FIX_XML;
	finding->fix = keep(look, &text);
}

void vn_look_plan(vn_look *look, vn_finding *finding)
{
	if (!look->subject || !look->subject->config)
		return;
	if (is_uri(look->running->source))
		vn_look_fix(
			look, finding, VN_FIX_COMMAND, "%s --take-over %s",
			on_libvirt(look, look->subject->running ? "vnuma apply" : "vnuma start"),
			vn_look_guest(look, look->subject));
	else
		vn_look_fix(look, finding, VN_FIX_COMMAND, "vnuma plan -H %s %s >placed.xml",
			    quoted(look, look->host->source ? look->host->source : "HOST"),
			    quoted(look, look->subject->config->source));
}
