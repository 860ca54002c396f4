/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A host and its guests, as libvirt tells of them now. */
#include "virt/inventory.h"

#include <stdlib.h>
#include <string.h>

struct inventory {
	vn_virt *virt;
	unsigned which;
	vn_running *running;
	virDomainPtr *domains;
	int n;
};

static void drop_domains(struct inventory *in)
{
	for (int i = 0; i < in->n; i++)
		virDomainFree(in->domains[i]);
	free(in->domains);
	in->domains = NULL;
	in->n = 0;
}

static int list_domains(virConnectPtr conn, void *arg)
{
	struct inventory *in = arg;
	unsigned int flags = VIR_CONNECT_LIST_DOMAINS_ACTIVE;

	if (in->which & VN_VIRT_DEFINED)
		flags |= VIR_CONNECT_LIST_DOMAINS_INACTIVE;
	drop_domains(in);
	in->n = virConnectListAllDomains(conn, &in->domains, flags);
	if (in->n >= 0)
		return 0;
	in->n = 0;
	return -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const vn_guest *)a)->name, ((const vn_guest *)b)->name);
}

/* A guest that is gone by now, or runs no more and was not asked for, is left out. */
static bool has_gone(const struct inventory *in, virDomainPtr domain, const vn_guest *guest)
{
	if (guest->state != VN_GUEST_OFF)
		return false;
	return !(in->which & VN_VIRT_DEFINED) || virDomainIsPersistent(domain) != 1;
}

static void drop_guest(vn_guest *guest)
{
	vn_request_free(guest->config);
	vn_request_free(guest->policy);
	*guest = (vn_guest){ 0 };
}

static int read_guests(struct inventory *in, vn_error *err)
{
	vn_running *running = in->running;

	if (in->n > VN_GUESTS_MAX)
		return vn_fail_line(err, VN_E_RANGE, in->virt->uri, 0, 0, "%d guests (legal: %d)",
				    in->n, VN_GUESTS_MAX);
	running->guests =
		vn_arena_alloc(running->arena, (size_t)in->n + 1, sizeof(*running->guests));
	if (!running->guests)
		return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
	for (int i = 0; i < in->n; i++) {
		vn_guest *guest = &running->guests[running->n_guests];
		int r = virt_read_guest(in->virt, in->domains[i], in->which, running, guest, err);

		if (r < 0 || has_gone(in, in->domains[i], guest))
			drop_guest(guest);
		else
			running->n_guests++;
		if (r < 0)
			return r;
	}
	qsort(running->guests, running->n_guests, sizeof(*running->guests), by_name);
	return VN_OK;
}

static int read_host(vn_virt *virt, vn_running *running, vn_error *err)
{
	running->local = vn_virt_is_local(virt);
	return running->local ? vn_host_read("live", &running->host, err)
			      : virt_read_host(virt, &running->host, err);
}

static int start(struct inventory *in, vn_error *err)
{
	vn_arena *arena = vn_arena_new();

	in->running = arena ? vn_arena_alloc(arena, 1, sizeof(*in->running)) : NULL;
	if (!in->running) {
		vn_arena_free(arena);
		return vn_fail(err, VN_E_NOMEM, "no memory for the inventory");
	}
	in->running->arena = arena;
	in->running->source = vn_arena_strndup(arena, in->virt->uri, strlen(in->virt->uri));
	return in->running->source ? VN_OK
				   : vn_fail(err, VN_E_NOMEM, "no memory for the inventory");
}

static int read_all(vn_virt *virt, unsigned which, vn_running **ret, vn_error *err)
{
	struct inventory in = { .virt = virt, .which = which };
	int r = start(&in, err);

	if (r == VN_OK)
		r = read_host(virt, in.running, err);
	if (r == VN_OK && virt_call(virt, list_domains, &in) < 0)
		r = virt_fail(virt, err, "the guests cannot be listed");
	if (r == VN_OK)
		r = read_guests(&in, err);
	drop_domains(&in);
	if (r < 0)
		vn_running_free(in.running);
	else
		*ret = in.running;
	return r;
}

/* A daemon that goes away in the middle leaves guests that could not be read: all is read anew. */
int vn_virt_read(vn_virt *virt, unsigned which, vn_running **ret, vn_error *err)
{
	vn_running *running = NULL;
	int r = read_all(virt, which, &running, err);

	if (virt_is_new(virt)) {
		vn_running_free(running);
		running = NULL;
		r = read_all(virt, which, &running, err);
	}
	if (r == VN_OK)
		*ret = running;
	return r;
}
