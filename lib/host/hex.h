/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hexadecimal numbers and masks, as /sys, lspci and hwloc write them. */
#ifndef VN_HOST_HEX_H
#define VN_HOST_HEX_H

#include "vnuma/base.h"

/* 1-4 digits, "0x" before them allowed, nothing else. VN_E_SYNTAX without a message. */
int vn_hex_parse(const char *text, size_t size, uint16_t *ret);

/* hwloc's mask: words of 32 bits, the highest first: "0x00000003,,0xffffffff", "0x0" empty.
 * VN_E_SYNTAX, or VN_E_RANGE for a member beyond the type, without a message. An infinite mask
 * ("0xf...f") is VN_E_RANGE. */
int vn_hex_parse_cpus(const char *text, vn_cpuset *ret);
int vn_hex_parse_nodes(const char *text, vn_nodeset *ret);

#endif
