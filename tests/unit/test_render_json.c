/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Placement JSON: the fields and their values, and that the schema names exactly what is written.
 */
#include "render_plan.h"

#include <jansson.h>

#define GUEST "  <memory unit='GiB'>4</memory>\n"

static json_t *render(unsigned nodes, const plan_parts *parts)
{
	VN_AUTO(vn_host) host = plan_host(nodes);
	VN_AUTO_TEXT in = VN_TEXT_INIT, out = VN_TEXT_INIT;
	json_error_t why;
	json_t *root;

	plan_compose(parts, &in);
	plan_must(host, in.bytes, vn_render_json, &out);
	assert_int_equal(out.bytes[out.len - 1], '\n');
	root = json_loads(out.bytes, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		fail_msg("%d: %s", why.line, why.text);
	return root;
}

/* "placement/1/pins/2": fields and indexes. */
static json_t *at(json_t *value, const char *path)
{
	while (value && *path) {
		size_t size = strcspn(path, "/");
		char name[32];

		assert_true(size < sizeof(name));
		snprintf(name, sizeof(name), "%.*s", (int)size, path);
		value = json_is_array(value) ? json_array_get(value, strtoul(name, NULL, 10))
					     : json_object_get(value, name);
		path += size + (path[size] == '/');
	}
	return value;
}

static const struct variant {
	const char *name;
	unsigned nodes;
	plan_parts parts;
	struct {
		const char *path, *value; /* value as compact JSON; NULL: absent */
	} want[16];
} variants[] = {
	{ "floating",
	  4,
	  { .before = GUEST "  <vnuma mode='host'/>\n" },
	  { { "schema", "\"vnuma/placement/1\"" },
	    { "guest", "\"g & g\"" },
	    { "placement/3/guest_cell", "3" },
	    { "placement/3/host_cell", "3" },
	    { "placement/3/mem_host_cell", "3" },
	    { "placement/3/vcpus", "\"6-7\"" },
	    { "placement/3/mem_kib", "1048576" },
	    { "placement/3/pins", "{}" },
	    { "placement/3/cpus", "\"12-15,28-31\"" },
	    { "placement/3/reserved", "[]" },
	    { "placement/3/pagesize_kib", "null" },
	    { "placement/4", NULL },
	    { "emulator", "\"0-31\"" },
	    { "topology", "{\"sockets\":4,\"dies\":1,\"cores\":1,\"threads\":2}" },
	    { "distances/3", "[21,21,21,10]" },
	    { "proven", "true" } } },
	{ "pinned, isolated, huge",
	  2,
	  { .before = "  <memory unit='GiB'>2</memory>\n"
		      "  <vnuma><spec name='hw:cpu_policy' value='dedicated'/><spec "
		      "name='hw:cpu_thread_policy' value='isolate'/><spec name='hw:mem_page_size' "
		      "value='2048'/></vnuma>\n",
	    .vcpu = ">2" },
	  { { "placement/0/pins", "{\"0\":0,\"1\":1}" },
	    { "placement/0/reserved", "[8,9]" },
	    { "placement/0/cpus", "\"\"" },
	    { "placement/0/pagesize_kib", "2048" },
	    { "devices", "[]" },
	    { "memory_devices", "[]" } } },
	{ "devices",
	  2,
	  { .before = "  <maxMemory slots='1' unit='GiB'>8</maxMemory>\n"
		      "  <memory unit='GiB'>3</memory>\n"
		      "  <vnuma mode='host'/>\n",
	    .devices = "    <interface type='bridge'><source bridge='br1'/></interface>\n"
		       "    <interface type='bridge'><source bridge='none'/></interface>\n"
		       "    <hostdev type='pci'><source><address domain='0' bus='0x41' slot='0' "
		       "function='0'/></source></hostdev>\n"
		       "    <memory model='dimm'><target><size "
		       "unit='GiB'>1</size></target></memory>\n" },
	  { { "devices/0",
	      "{\"kind\":\"interface\",\"name\":\"br1\",\"host_cell\":1,\"guest_cell\":1}" },
	    { "devices/1",
	      "{\"kind\":\"interface\",\"name\":\"none\",\"host_cell\":null,\"guest_cell\":null}" },
	    { "devices/2", "{\"kind\":\"hostdev\",\"address\":\"0000:41:00.0\",\"host_cell\":1,"
			   "\"guest_cell\":1}" },
	    { "memory_devices", "[{\"size_kib\":1048576,\"guest_cell\":0}]" },
	    { "placement/0/memdev_kib", "1048576" } } },
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		json_t *root = render(variants[i].nodes, &variants[i].parts);

		for (size_t w = 0; w < VN_LEN(variants[i].want) && variants[i].want[w].path; w++) {
			json_t *value = at(root, variants[i].want[w].path);
			char *text =
				value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

			print_message("# %s: %s\n", variants[i].name, variants[i].want[w].path);
			if (variants[i].want[w].value)
				assert_string_equal(text ? text : "", variants[i].want[w].value);
			else
				assert_null(text);
			free(text);
		}
		json_decref(root);
	}
}

/* ---- the schema ---- */

static json_t *resolve(json_t *schema, json_t *part)
{
	const char *ref = json_string_value(json_object_get(part, "$ref"));

	return ref ? at(schema, ref + strlen("#/")) : part;
}

/* Every field that is written is a property, every required property is written. */
static void check(json_t *schema, json_t *part, json_t *value, const char *where)
{
	json_t *item, *properties, *required;
	const char *name;
	size_t i;

	part = resolve(schema, part);
	assert_non_null(part);
	json_array_foreach(value, i, item)
		check(schema, json_object_get(part, "items"), item, where);
	if (!json_is_object(value) || json_object_get(part, "patternProperties"))
		return;
	properties = json_object_get(part, "properties");
	json_object_foreach(value, name, item) {
		if (!json_object_get(properties, name))
			fail_msg("%s.%s is not in the schema", where, name);
		check(schema, json_object_get(properties, name), item, name);
	}
	required = json_object_get(part, "required");
	json_array_foreach(required, i, item)
		if (!json_object_get(value, json_string_value(item)))
			fail_msg("%s.%s is not written", where, json_string_value(item));
}

static void test_schema(void **state)
{
	const char *path = getenv("VNUMA_SOURCE");
	VN_AUTO_TEXT file = VN_TEXT_INIT;
	json_t *schema;
	char name[512];

	(void)state;
	snprintf(name, sizeof(name), "%s/docs/placement.schema.json", path ? path : ".");
	assert_int_equal(vn_file_read(name, 1 << 20, &file, NULL), VN_OK);
	schema = json_loads(file.bytes, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(schema);
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		json_t *root = render(variants[i].nodes, &variants[i].parts);

		check(schema, schema, root, "placement");
		json_decref(root);
	}
	json_decref(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests_name("render_json", tests, NULL, NULL);
}
