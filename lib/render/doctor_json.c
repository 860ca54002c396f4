/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A diagnosis, or the table of checks, as JSON: "vnuma/doctor/1" (docs/doctor.schema.json). */
#include <stdlib.h>

#include <jansson.h>

#include "vnuma/render.h"

/* jansson's setters accept NULL values and then fail, so one flag is enough for a whole tree. */
struct out {
	bool failed;
};

static void put(struct out *out, json_t *object, const char *name, json_t *value)
{
	out->failed |= json_object_set_new(object, name, value) < 0;
}

static void push(struct out *out, json_t *array, json_t *value)
{
	out->failed |= json_array_append_new(array, value) < 0;
}

/* Text from outside: what is not UTF-8 is not passed on. */
static json_t *text(const char *string)
{
	json_t *value = json_string(string ? string : "");

	return value ? value : json_string("?");
}

static json_t *cpus(struct out *out, const vn_cpuset *set)
{
	VN_AUTO_TEXT list = VN_TEXT_INIT;

	vn_text_add_cpuset(&list, set);
	out->failed |= list.failed;
	return json_string(list.bytes ? list.bytes : "");
}

static json_t *nodes(struct out *out, const vn_nodeset *set)
{
	VN_AUTO_TEXT list = VN_TEXT_INIT;

	vn_text_add_nodeset(&list, set);
	out->failed |= list.failed;
	return json_string(list.bytes ? list.bytes : "");
}

static json_t *remedy_object(struct out *out, const vn_remedy *remedy)
{
	static const char *const names[VN_REMEDY_KIND_COUNT] = {
		[VN_REMEDY_NONE] = "none",
		[VN_REMEDY_VCPUPIN] = "vcpupin",
		[VN_REMEDY_EMULATORPIN] = "emulatorpin",
		[VN_REMEDY_IOTHREADPIN] = "iothreadpin",
		[VN_REMEDY_MEMORY_NODES] = "numatune",
	};
	json_t *object = json_object();

	put(out, object, "change", json_string(names[remedy->kind]));
	if (remedy->kind == VN_REMEDY_VCPUPIN)
		put(out, object, "vcpu", json_integer(remedy->number));
	if (remedy->kind == VN_REMEDY_IOTHREADPIN)
		put(out, object, "iothread", json_integer(remedy->number));
	if (remedy->kind == VN_REMEDY_MEMORY_NODES)
		put(out, object, "nodes", nodes(out, &remedy->nodes));
	else
		put(out, object, "cpus", cpus(out, &remedy->cpus));
	return object;
}

static json_t *fix_object(struct out *out, const vn_finding *finding)
{
	json_t *object = json_object(), *changes = json_array();

	put(out, object, "kind", json_string(vn_fix_kind_names[finding->fix_kind]));
	put(out, object, "text", text(finding->fix));
	for (uint32_t i = 0; i < finding->n_remedies; i++)
		push(out, changes, remedy_object(out, &finding->remedies[i]));
	put(out, object, "changes", changes);
	return object;
}

static json_t *finding_object(struct out *out, const vn_running *running, const vn_finding *finding)
{
	json_t *object = json_object();

	put(out, object, "id", json_string(finding->check->id));
	put(out, object, "name", json_string(finding->check->name));
	put(out, object, "status", json_string(vn_check_status_names[finding->status]));
	put(out, object, "guest",
	    finding->guest < 0 ? json_null() : text(running->guests[finding->guest].name));
	put(out, object, "node", finding->node < 0 ? json_null() : json_integer(finding->node));
	put(out, object, "evidence", text(finding->evidence));
	if (finding->fix_kind != VN_FIX_NONE)
		put(out, object, "fix", fix_object(out, finding));
	return object;
}

static json_t *counts_object(struct out *out, const vn_diagnosis *diagnosis)
{
	json_t *object = json_object();

	for (int status = 0; status < VN_CHECK_STATUS_COUNT; status++)
		put(out, object, vn_check_status_names[status],
		    json_integer(diagnosis->counts[status]));
	return object;
}

static json_t *check_object(struct out *out, const vn_check *check)
{
	json_t *object = json_object();

	put(out, object, "id", json_string(check->id));
	put(out, object, "name", json_string(check->name));
	put(out, object, "of", json_string(check->of_guest ? "guest" : "host"));
	put(out, object, "severity", json_string(vn_check_status_names[check->severity]));
	put(out, object, "title", json_string(check->title));
	put(out, object, "why", json_string(check->why));
	put(out, object, "fix", json_string(check->fix));
	return object;
}

static int dump(struct out *out, json_t *document, vn_text *ret, vn_error *err)
{
	char *bytes = out->failed ? NULL : json_dumps(document, JSON_INDENT(1));

	json_decref(document);
	if (!bytes)
		return vn_fail(err, VN_E_NOMEM, "no memory for the JSON");
	vn_text_add(ret, bytes);
	vn_text_add(ret, "\n");
	free(bytes);
	return vn_text_done(ret, err);
}

int vn_render_doctor_json(const vn_diagnosis *diagnosis, vn_text *ret, vn_error *err)
{
	const vn_running *running = diagnosis->running;
	json_t *document = json_object(), *guests = json_array(), *findings = json_array();
	struct out out = { false };

	put(&out, document, "schema", json_string("vnuma/doctor/1"));
	put(&out, document, "host", text(running->host->source));
	for (uint32_t i = 0; i < running->n_guests; i++)
		if (diagnosis->examined[i])
			push(&out, guests, text(running->guests[i].name));
	put(&out, document, "guests", guests);
	put(&out, document, "counts", counts_object(&out, diagnosis));
	for (uint32_t i = 0; i < diagnosis->n; i++)
		push(&out, findings, finding_object(&out, running, &diagnosis->findings[i]));
	put(&out, document, "findings", findings);
	return dump(&out, document, ret, err);
}

int vn_render_doctor_explain_json(const vn_check *check, vn_text *ret, vn_error *err)
{
	json_t *document = json_object(), *checks = json_array();
	struct out out = { false };

	put(&out, document, "schema", json_string("vnuma/doctor-checks/1"));
	for (size_t i = 0; i < VN_CHECK_COUNT; i++)
		if (!check || check == &vn_checks[i])
			push(&out, checks, check_object(&out, &vn_checks[i]));
	put(&out, document, "checks", checks);
	return dump(&out, document, ret, err);
}
