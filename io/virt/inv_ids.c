/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The process of a local guest and which of its threads is which vCPU: libvirt's pid file (all may
 * read it) and its status file (root may: /run/libvirt/qemu/NAME.xml), and only on request QEMU's
 * monitor, because libvirt marks a guest that was asked that way as tainted. Threads that stay
 * unknown here are found by io/kernel in the cgroups that libvirt made for them. */
#include "virt/inventory.h"

#include <jansson.h>
#include <libvirt/libvirt-qemu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, PID_FILE_MAX = 64 };

/* The file NAME.SUFFIX of the daemon: for the machine's, or the user's own. */
static bool status_path(const vn_virt *virt, const char *name, const char *suffix, char *path)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	bool session = strstr(virt->uri, ":///session");
	int n;

	if (strchr(name, '/') || (session && !runtime))
		return false;
	n = session ? snprintf(path, PATH_BYTES, "%s/libvirt/qemu/run/%s.%s", runtime, name, suffix)
		    : snprintf(path, PATH_BYTES, "/run/libvirt/qemu/%s.%s", name, suffix);
	return n > 0 && n < PATH_BYTES;
}

static bool read_status(const vn_virt *virt, const char *name, const char *suffix, size_t max,
			vn_text *ret)
{
	char path[PATH_BYTES];

	return status_path(virt, name, suffix, path) && vn_file_read(path, max, ret, NULL) == VN_OK;
}

static vn_thread *find_thread(vn_guest *guest, enum vn_thread_kind kind, uint64_t number)
{
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == kind && guest->threads[i].number == number)
			return &guest->threads[i];
	return NULL;
}

static void set_tid(vn_guest *guest, enum vn_thread_kind kind, uint64_t number, uint64_t tid)
{
	vn_thread *thread = find_thread(guest, kind, number);

	if (thread && tid && tid <= INT32_MAX)
		thread->tid = (int32_t)tid;
}

/* ---- libvirt's files ---- */

static void read_pid(const vn_virt *virt, vn_guest *guest)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	uint64_t pid;

	if (read_status(virt, guest->name, "pid", PID_FILE_MAX, &text) &&
	    vn_uint_parse(vn_cursor_of(NULL, text.bytes, text.len), INT32_MAX, &pid, NULL) == VN_OK)
		guest->pid = (int32_t)pid;
}

/* <domstatus pid='79'><vcpus><vcpu id='0' pid='86'/></vcpus><domain><uuid>... */
static bool read_status_file(const vn_virt *virt, vn_guest *guest)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	VIRT_XML doc = NULL;
	const xmlNode *root;
	const char *uuid;
	uint64_t pid, number;

	if (!read_status(virt, guest->name, "xml", VIRT_STATUS_MAX, &text) ||
	    !(doc = virt_xml_parse(text.bytes, text.len)))
		return false;
	root = xmlDocGetRootElement(doc);
	uuid = virt_xml_get(virt_xml_child(virt_xml_child(root, "domain"), "uuid"), NULL);
	if (!uuid || strcmp(uuid, guest->uuid) != 0 || !virt_xml_uint(root, "pid", INT32_MAX, &pid))
		return false;
	guest->pid = (int32_t)pid;
	VN_XML_EACH(vcpu, virt_xml_child(root, "vcpus"), "vcpu")
		if (virt_xml_uint(vcpu, "id", VN_VCPU_MAX - 1, &number) &&
		    virt_xml_uint(vcpu, "pid", INT32_MAX, &pid))
			set_tid(guest, VN_THREAD_VCPU, number, pid);
	return true;
}

/* ---- QEMU's monitor ---- */

static json_t *ask_qemu(virDomainPtr domain, const char *command)
{
	VIRT_STRING text = NULL;
	json_t *reply, *list;

	if (virDomainQemuMonitorCommand(domain, command, &text, 0) < 0)
		return NULL;
	reply = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	list = json_incref(json_object_get(reply, "return"));
	json_decref(reply);
	return list;
}

static uint64_t uint_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

static void ask_vcpus(virDomainPtr domain, vn_guest *guest)
{
	json_t *list = ask_qemu(domain, "{\"execute\":\"query-cpus-fast\"}"), *cpu;
	size_t i;

	json_array_foreach(list, i, cpu)
		set_tid(guest, VN_THREAD_VCPU, uint_of(cpu, "cpu-index"),
			uint_of(cpu, "thread-id"));
	json_decref(list);
}

/* libvirt calls them "iothreadN". */
static void ask_iothreads(virDomainPtr domain, vn_guest *guest)
{
	static const char prefix[] = "iothread";
	json_t *list = ask_qemu(domain, "{\"execute\":\"query-iothreads\"}"), *thread;
	uint64_t number;
	size_t i;

	json_array_foreach(list, i, thread) {
		const char *id = json_string_value(json_object_get(thread, "id"));

		if (id && !strncmp(id, prefix, sizeof(prefix) - 1) &&
		    vn_uint_parse(vn_cursor_of_string(NULL, id + sizeof(prefix) - 1), UINT32_MAX,
				  &number, NULL) == VN_OK)
			set_tid(guest, VN_THREAD_IOTHREAD, number, uint_of(thread, "thread-id"));
	}
	json_decref(list);
}

void virt_read_ids(vn_virt *virt, virDomainPtr domain, unsigned which, vn_guest *guest)
{
	if (!vn_virt_is_local(virt))
		return;
	if (!read_status_file(virt, guest)) {
		read_pid(virt, guest);
		if (which & VN_VIRT_ASK_QEMU && virt->access == VN_VIRT_CHANGE) {
			ask_vcpus(domain, guest);
			ask_iothreads(domain, guest);
		}
	}
	set_tid(guest, VN_THREAD_EMULATOR, 0, (uint64_t)guest->pid);
}
