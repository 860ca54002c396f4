/* SPDX-License-Identifier: LGPL-2.1-or-later
 * PCI addresses as Linux and lspci write them: domain:bus:slot.function in hexadecimal. */
#include "vnuma/base.h"

#include <stdio.h>

static int take_hex(vn_cursor *in, int digits_max, uint32_t max, uint32_t *ret, vn_error *err)
{
	uint32_t value = 0;
	int digits = 0;

	for (; in->p < in->end && digits < digits_max; in->p++, digits++) {
		char c = *in->p;
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			break;
		value = value * 16 + (uint32_t)digit;
	}
	if (!digits || value > max)
		return vn_fail_at(err, in, VN_E_SYNTAX,
				  "'%.*s' is not a PCI address (legal: 0000:3b:00.1)",
				  (int)(in->end - in->start), in->start);
	*ret = value;
	return VN_OK;
}

int vn_pci_address_parse(vn_cursor in, vn_pci_address *ret, vn_error *err)
{
	uint32_t part[4];
	static const struct {
		int digits;
		uint32_t max;
		char after;
	} form[4] = { { 8, UINT32_MAX, ':' }, { 2, 0xff, ':' }, { 2, 0x1f, '.' }, { 1, 7, '\0' } };

	for (unsigned i = 0; i < 4; i++) {
		int r = take_hex(&in, form[i].digits, form[i].max, &part[i], err);

		if (r < 0)
			return r;
		if (form[i].after ? !vn_take_byte(&in, form[i].after) : in.p != in.end)
			return vn_fail_at(err, &in, VN_E_SYNTAX,
					  "'%.*s' is not a PCI address (legal: 0000:3b:00.1)",
					  (int)(in.end - in.start), in.start);
	}
	*ret = (vn_pci_address){ part[0], (uint8_t)part[1], (uint8_t)part[2], (uint8_t)part[3] };
	return VN_OK;
}

char *vn_pci_address_format(vn_pci_address address, char *to, size_t size)
{
	snprintf(to, size, "%04x:%02x:%02x.%x", address.domain, address.bus, address.slot,
		 address.function);
	return to;
}

static uint64_t number(vn_pci_address a)
{
	return (uint64_t)a.domain << 24 | (uint64_t)a.bus << 16 | (uint64_t)a.slot << 8 |
	       a.function;
}

int vn_pci_address_compare(vn_pci_address a, vn_pci_address b)
{
	return (number(a) > number(b)) - (number(a) < number(b));
}
