/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A diagnosis, or the table of checks, as JSON: "vnuma/doctor/1" (docs/doctor.schema.json). */
#include <stdlib.h>

#include "render/json_out.h"
#include "vnuma/render.h"

static json_t *remedy_object(struct json_out *out, const vn_remedy *remedy)
{
	static const char *const names[VN_REMEDY_KIND_COUNT] = {
		[VN_REMEDY_NONE] = "none",
		[VN_REMEDY_VCPUPIN] = "vcpupin",
		[VN_REMEDY_EMULATORPIN] = "emulatorpin",
		[VN_REMEDY_IOTHREADPIN] = "iothreadpin",
		[VN_REMEDY_MEMORY_NODES] = "numatune",
	};
	json_t *object = json_object();

	json_put(out, object, "change", json_string(names[remedy->kind]));
	if (remedy->kind == VN_REMEDY_VCPUPIN)
		json_put(out, object, "vcpu", json_integer(remedy->number));
	if (remedy->kind == VN_REMEDY_IOTHREADPIN)
		json_put(out, object, "iothread", json_integer(remedy->number));
	if (remedy->kind == VN_REMEDY_MEMORY_NODES)
		json_put(out, object, "nodes", json_nodes(out, &remedy->nodes));
	else
		json_put(out, object, "cpus", json_cpus(out, &remedy->cpus));
	return object;
}

static json_t *fix_object(struct json_out *out, const vn_finding *finding)
{
	json_t *object = json_object(), *changes = json_array();

	json_put(out, object, "kind", json_string(vn_fix_kind_names[finding->fix_kind]));
	json_put(out, object, "text", json_any_text(finding->fix));
	for (uint32_t i = 0; i < finding->n_remedies; i++)
		json_push(out, changes, remedy_object(out, &finding->remedies[i]));
	json_put(out, object, "changes", changes);
	return object;
}

static json_t *finding_object(struct json_out *out, const vn_running *running,
			      const vn_finding *finding)
{
	json_t *object = json_object();

	json_put(out, object, "id", json_string(finding->check->id));
	json_put(out, object, "name", json_string(finding->check->name));
	json_put(out, object, "status", json_string(vn_check_status_names[finding->status]));
	json_put(out, object, "guest",
		 finding->guest < 0 ? json_null()
				    : json_any_text(running->guests[finding->guest].name));
	json_put(out, object, "node",
		 finding->node < 0 ? json_null() : json_integer(finding->node));
	json_put(out, object, "evidence", json_any_text(finding->evidence));
	if (finding->fix_kind != VN_FIX_NONE)
		json_put(out, object, "fix", fix_object(out, finding));
	return object;
}

static json_t *counts_object(struct json_out *out, const vn_diagnosis *diagnosis)
{
	json_t *object = json_object();

	for (int status = 0; status < VN_CHECK_STATUS_COUNT; status++)
		json_put(out, object, vn_check_status_names[status],
			 json_integer(diagnosis->counts[status]));
	return object;
}

static json_t *check_object(struct json_out *out, const vn_check *check)
{
	json_t *object = json_object();

	json_put(out, object, "id", json_string(check->id));
	json_put(out, object, "name", json_string(check->name));
	json_put(out, object, "of", json_string(check->of_guest ? "guest" : "host"));
	json_put(out, object, "severity", json_string(vn_check_status_names[check->severity]));
	json_put(out, object, "title", json_string(check->title));
	json_put(out, object, "why", json_string(check->why));
	json_put(out, object, "fix", json_string(check->fix));
	return object;
}

static int dump(struct json_out *out, json_t *document, vn_text *ret, vn_error *err)
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
	struct json_out out = { false };

	json_put(&out, document, "schema", json_string("vnuma/doctor/1"));
	json_put(&out, document, "host", json_any_text(running->host->source));
	for (uint32_t i = 0; i < running->n_guests; i++)
		if (diagnosis->examined[i])
			json_push(&out, guests, json_any_text(running->guests[i].name));
	json_put(&out, document, "guests", guests);
	json_put(&out, document, "counts", counts_object(&out, diagnosis));
	for (uint32_t i = 0; i < diagnosis->n; i++)
		json_push(&out, findings, finding_object(&out, running, &diagnosis->findings[i]));
	json_put(&out, document, "findings", findings);
	return dump(&out, document, ret, err);
}

int vn_render_doctor_explain_json(const vn_check *check, vn_text *ret, vn_error *err)
{
	json_t *document = json_object(), *checks = json_array();
	struct json_out out = { false };

	json_put(&out, document, "schema", json_string("vnuma/doctor-checks/1"));
	for (size_t i = 0; i < VN_CHECK_COUNT; i++)
		if (!check || check == &vn_checks[i])
			json_push(&out, checks, check_object(&out, &vn_checks[i]));
	json_put(&out, document, "checks", checks);
	return dump(&out, document, ret, err);
}
