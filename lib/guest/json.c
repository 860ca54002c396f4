/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON form of a request, as in the batch format: vCPUs, memory, extra specs, image properties
 * and PCI requests, or the cells themselves ("guest"). A whole case, {"host", "request", ...}, is
 * read as well: the request in it, and the networks of its limits. Unknown and repeated keys are
 * errors. */
#include "guest/json_read.h"

#include <stdio.h>
#include <string.h>

enum {
	KIB_PER_MIB = 1024,
	PHYSNETS_MAX = 64, /* as many as a host has */
};

static const char *const case_keys[] = { "case", "host", "request", "limits", "config" };
static const char *const request_keys[] = { "schema",	   "name",	  "vcpus",	 "mem_mib",
					    "extra_specs", "image_props", "pci_requests" };
static const char *const guest_request_keys[] = { "schema", "name", "guest", "pci_requests" };
static const char *const limits_keys[] = { "cpu_allocation_ratio", "ram_allocation_ratio",
					   "physnets", "tunneled" };
static const char *const pci_keys[] = { "count", "spec", "numa_policy" };
static const char *const pci_spec_keys[] = { "vendor_id", "product_id", "dev_type" };
static const char schema[] = "vnuma/request/1";

/* ---- PCI requests ---- */

/* "8086": four hexadecimal digits. Absent: 0, any. */
static int take_pci_id(const vn_gjson_in *in, vn_gjson_value value, uint16_t *ret, vn_error *err)
{
	static const char digits[] = "0123456789abcdef";
	const char *text = json_string_value(value.json);
	uint32_t number = 0;

	if (vn_gjson_is_absent(value))
		return VN_OK;
	for (const char *p = text ? text : "?"; *p; p++) {
		const char *digit = strchr(digits, *p | 0x20);

		if (!digit || p - text >= 4)
			return vn_gjson_fail(in, value, err, VN_E_RANGE,
					     "'%.20s' is not a PCI id (legal: \"8086\")",
					     text ? text : "");
		number = number * 16 + (uint32_t)(digit - digits);
	}
	*ret = (uint16_t)number;
	return VN_OK;
}

/* Nova gives devices of its other kinds (type-PF, vdpa) only to a request that names the kind; here
 * a request cannot, and those devices are no part of a host's pools. */
static int check_pci_kind(const vn_gjson_in *in, vn_gjson_value value, vn_error *err)
{
	static const char *const kinds[] = { "type-PCI", "type-VF" };
	int index;

	return vn_gjson_take_choice(in, value, kinds, VN_LEN(kinds), &index, err);
}

static int read_pci_request(const vn_gjson_in *in, vn_gjson_value value, vn_error *err)
{
	vn_request *request = in->draft->request;
	vn_pci_request *to = &request->pci_requests[request->n_pci_requests];
	vn_gjson_value specs = vn_gjson_member(in, value, "spec");
	vn_gjson_value spec = vn_gjson_element(in, specs, 0);
	int r, policy = VN_PCI_LEGACY;
	uint64_t count;

	if ((r = vn_gjson_check_keys(in, value, pci_keys, VN_LEN(pci_keys), err)) < 0 ||
	    (r = vn_gjson_take_uint(in, vn_gjson_member(in, value, "count"),
				    (vn_gjson_range){ 1, VN_GUEST_DEVICES_MAX }, &count, err)) <
		    0 ||
	    (r = vn_gjson_check_array(in, specs, 1, err)) < 0 ||
	    (r = vn_gjson_check_keys(in, spec, pci_spec_keys, VN_LEN(pci_spec_keys), err)) < 0 ||
	    (r = take_pci_id(in, vn_gjson_member(in, spec, "vendor_id"), &to->vendor, err)) < 0 ||
	    (r = take_pci_id(in, vn_gjson_member(in, spec, "product_id"), &to->product, err)) < 0 ||
	    (r = check_pci_kind(in, vn_gjson_member(in, spec, "dev_type"), err)) < 0 ||
	    (r = vn_gjson_take_choice(in, vn_gjson_member(in, value, "numa_policy"),
				      vn_pci_policy_names, VN_PCI_POLICY_COUNT, &policy, err)) < 0)
		return r;
	to->count = (uint32_t)count;
	/* the flavor's policy overrides that of each request */
	to->policy = request->pci_policy_given ? request->pci_policy : (enum vn_pci_policy)policy;
	request->n_pci_requests++;
	return VN_OK;
}

static int read_pci_requests(const vn_gjson_in *in, vn_gjson_value list, vn_error *err)
{
	vn_request *request = in->draft->request;
	uint32_t devices = 0;
	size_t count;
	int r;

	if (vn_gjson_is_absent(list))
		return VN_OK;
	if ((r = vn_gjson_check_array(in, list, VN_PCI_REQUESTS_MAX, err)) < 0)
		return r;
	count = json_array_size(list.json);
	request->pci_requests =
		vn_arena_alloc(request->arena, count, sizeof(*request->pci_requests));
	if (!request->pci_requests)
		return vn_draft_no_memory(err);
	for (size_t i = 0; i < count; i++)
		if ((r = read_pci_request(in, vn_gjson_element(in, list, i), err)) < 0)
			return r;
	for (size_t i = 0; i < count; i++)
		devices += request->pci_requests[i].count;
	if (devices > VN_GUEST_DEVICES_MAX)
		return vn_gjson_fail(in, list, err, VN_E_RANGE,
				     "%u devices in all (legal: at most %d)", devices,
				     VN_GUEST_DEVICES_MAX);
	return VN_OK;
}

/* ---- extra specs and image properties ---- */

/* Nova's are strings; numbers and booleans of a hasty writer mean the same. */
static int take_spec_value(const vn_gjson_in *in, vn_gjson_value value, const char **ret,
			   vn_error *err)
{
	vn_arena *arena = in->draft->request->arena;
	char number[32];

	if (json_is_string(value.json)) {
		*ret = vn_arena_strndup(arena, json_string_value(value.json),
					json_string_length(value.json));
	} else if (json_is_integer(value.json)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value.json));
		*ret = vn_arena_strndup(arena, number, strlen(number));
	} else if (json_is_boolean(value.json)) {
		*ret = json_is_true(value.json) ? "true" : "false";
	} else {
		return vn_gjson_fail(in, value, err, VN_E_SYNTAX,
				     "not a string, number or boolean");
	}
	return *ret ? VN_OK : vn_draft_no_memory(err);
}

static int read_entries(const vn_gjson_in *in, vn_gjson_value object, bool image,
			vn_spec_entry *entries, size_t *count, vn_error *err)
{
	vn_arena *arena = in->draft->request->arena;
	const char *key;
	json_t *member;
	int r;

	if (vn_gjson_is_absent(object))
		return VN_OK;
	if (!json_is_object(object.json))
		return vn_gjson_fail(in, object, err, VN_E_SYNTAX,
				     "not an object (legal: {\"name\": \"value\"})");
	json_object_foreach((json_t *)object.json, key, member) {
		vn_gjson_value value = vn_gjson_member(in, object, key);
		vn_spec_entry *to = &entries[*count];

		(void)member;
		if (*count == VN_SPECS_MAX)
			return vn_gjson_fail(in, object, err, VN_E_RANGE,
					     "more than %d specs and properties", VN_SPECS_MAX);
		if ((r = take_spec_value(in, value, &to->value, err)) < 0)
			return r;
		to->key = vn_arena_strndup(arena, key, strlen(key));
		to->image = image;
		to->spot = vn_gjson_spot(in, value);
		if (!to->key)
			return vn_draft_no_memory(err);
		++*count;
	}
	return VN_OK;
}

static int read_flavor(const vn_gjson_in *in, vn_gjson_value request, vn_error *err)
{
	vn_draft *draft = in->draft;
	vn_gjson_value vcpus = vn_gjson_member(in, request, "vcpus");
	vn_gjson_value memory = vn_gjson_member(in, request, "mem_mib");
	vn_spec_entry *entries;
	uint64_t number;
	size_t count = 0;
	int r;

	draft->vcpu = vn_gjson_spot(in, vcpus);
	draft->memory = vn_gjson_spot(in, memory);
	if ((r = vn_gjson_take_uint(in, vcpus, (vn_gjson_range){ 1, VN_VCPU_MAX }, &number, err)) <
		    0 ||
	    (r = vn_draft_set_vcpus(draft, number, err)) < 0 ||
	    (r = vn_gjson_take_uint(in, memory,
				    (vn_gjson_range){ 1, VN_GUEST_MEM_MAX_KIB / KIB_PER_MIB },
				    &number, err)) < 0 ||
	    (r = vn_draft_set_memory(draft, number * KIB_PER_MIB, err)) < 0)
		return r;
	entries = vn_arena_alloc(draft->request->arena, VN_SPECS_MAX, sizeof(*entries));
	if (!entries)
		return vn_draft_no_memory(err);
	if ((r = read_entries(in, vn_gjson_member(in, request, "extra_specs"), false, entries,
			      &count, err)) < 0 ||
	    (r = read_entries(in, vn_gjson_member(in, request, "image_props"), true, entries,
			      &count, err)) < 0)
		return r;
	draft->implied_cell = true;
	return vn_specs_apply(draft, entries, count, err);
}

/* ---- the limits of a case ---- */

static int read_physnet(const vn_gjson_in *in, vn_gjson_value value, vn_error *err)
{
	vn_request *request = in->draft->request;
	const char *name = json_string_value(value.json);

	if (!name || !*name)
		return vn_gjson_fail(in, value, err, VN_E_SYNTAX, "not the name of a network");
	if (vn_name_find(request->physnets, request->n_physnets, name) >= 0)
		return VN_OK;
	name = vn_arena_strndup(request->arena, name, strlen(name));
	if (!name)
		return vn_draft_no_memory(err);
	request->physnets[request->n_physnets++] = name;
	return VN_OK;
}

static int read_physnets(const vn_gjson_in *in, vn_gjson_value list, vn_error *err)
{
	vn_request *request = in->draft->request;
	size_t count = json_array_size(list.json);
	int r;

	if (vn_gjson_is_absent(list))
		return VN_OK;
	if ((r = vn_gjson_check_array(in, list, PHYSNETS_MAX, err)) < 0)
		return r;
	request->physnets = vn_arena_alloc(request->arena, count + 1, sizeof(*request->physnets));
	if (!request->physnets)
		return vn_draft_no_memory(err);
	for (size_t i = 0; i < count; i++)
		if ((r = read_physnet(in, vn_gjson_element(in, list, i), err)) < 0)
			return r;
	return VN_OK;
}

/* The networks that the guest is on. The ratios are the batch command's: they say what fits and not
 * what is asked for. */
static int read_limits(const vn_gjson_in *in, vn_gjson_value limits, vn_error *err)
{
	vn_gjson_value tunneled = vn_gjson_member(in, limits, "tunneled");
	int r;

	if (vn_gjson_is_absent(limits))
		return VN_OK;
	if ((r = vn_gjson_check_keys(in, limits, limits_keys, VN_LEN(limits_keys), err)) < 0 ||
	    (r = read_physnets(in, vn_gjson_member(in, limits, "physnets"), err)) < 0)
		return r;
	if (!vn_gjson_is_absent(tunneled) && !json_is_boolean(tunneled.json))
		return vn_gjson_fail(in, tunneled, err, VN_E_SYNTAX, "not true or false");
	in->draft->request->tunneled = json_is_true(tunneled.json);
	return VN_OK;
}

/* ---- the whole ---- */

static int read_head(const vn_gjson_in *in, vn_gjson_value request, vn_error *err)
{
	vn_gjson_value form = vn_gjson_member(in, request, "schema");
	vn_gjson_value name = vn_gjson_member(in, request, "name");
	bool guest = json_object_get(request.json, "guest");
	const char *text = json_string_value(name.json);
	int r;

	r = guest ? vn_gjson_check_keys(in, request, guest_request_keys, VN_LEN(guest_request_keys),
					err)
		  : vn_gjson_check_keys(in, request, request_keys, VN_LEN(request_keys), err);
	if (r < 0)
		return r;
	if (form.json &&
	    (!json_is_string(form.json) || strcmp(json_string_value(form.json), schema) != 0))
		return vn_gjson_fail(in, form, err, VN_E_SYNTAX, "not known (legal: '%s')", schema);
	if (name.json && !text)
		return vn_gjson_fail(in, name, err, VN_E_SYNTAX, "not a string");
	if (!text)
		return VN_OK;
	in->draft->request->name = vn_arena_strndup(in->draft->request->arena, text, strlen(text));
	return in->draft->request->name ? VN_OK : vn_draft_no_memory(err);
}

static int read_request(const vn_gjson_in *in, vn_gjson_value request, vn_error *err)
{
	vn_gjson_value guest;
	int r;

	if ((r = read_head(in, request, err)) < 0)
		return r;
	guest = vn_gjson_member(in, request, "guest");
	r = guest.json ? vn_gjson_read_guest(in, guest, err) : read_flavor(in, request, err);
	if (r < 0 ||
	    (r = read_pci_requests(in, vn_gjson_member(in, request, "pci_requests"), err)) < 0)
		return r;
	return vn_draft_finish(in->draft, err);
}

/* A request, or a case with a request in it. */
static int read_document(vn_gjson_in *in, const json_t *root, vn_error *err)
{
	vn_gjson_value top = { root, NULL, "" };
	const char *found;
	int r;

	if (!json_object_get(root, "request"))
		return read_request(in, top, err);
	if ((r = vn_gjson_check_keys(in, top, case_keys, VN_LEN(case_keys), err)) < 0 ||
	    (r = read_limits(in, vn_gjson_member(in, top, "limits"), err)) < 0)
		return r;
	top = vn_gjson_member(in, top, "request");
	found = memmem(in->bytes, (size_t)(in->end - in->bytes), "\"request\"",
		       strlen("\"request\""));
	if (found)
		in->bytes = found; /* keys of the host stand elsewhere */
	return read_request(in, top, err);
}

static int load(const vn_draft *draft, const char *bytes, size_t size, json_t **ret, vn_error *err)
{
	json_error_t why;

	if (size > VN_JSON_MAX)
		return vn_draft_fail(draft, (vn_spot){ 0 }, err, VN_E_INPUT,
				     "is larger than %d MiB, the most that is read",
				     VN_JSON_MAX >> 20);
	*ret = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
	if (*ret)
		return VN_OK;
	return vn_draft_fail(draft,
			     (vn_spot){ why.line > 0 ? (uint32_t)why.line : 0,
					why.column > 0 ? (uint32_t)why.column : 0 },
			     err, VN_E_SYNTAX, "not well-formed JSON: %s", why.text);
}

int vn_request_parse_json(const char *source, const char *bytes, size_t size, vn_request **ret,
			  vn_error *err)
{
	VN_AUTO(vn_request) request = vn_request_new();
	vn_draft draft = { .request = request, .source = source };
	vn_gjson_in in = { .draft = &draft, bytes, bytes + size, bytes };
	json_t *root;
	int r;

	if (!request)
		return vn_draft_no_memory(err);
	if ((r = load(&draft, bytes, size, &root, err)) < 0)
		return r;
	r = read_document(&in, root, err);
	json_decref(root);
	if (r == VN_OK && source) {
		request->source = vn_arena_strndup(request->arena, source, strlen(source));
		r = request->source ? VN_OK : vn_draft_no_memory(err);
	}
	if (r == VN_OK)
		*ret = VN_STEAL(request);
	return r;
}
